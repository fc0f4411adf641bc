"""
The settings of the environment (`AFTERCARE_…`), checked as a whole.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from smart_app.errors import StartupError
from smart_app.settings.clinic import ClinicSettings, read_clinic
from smart_app.settings.registry import Issuer, canonical_url, read_registry
from smart_app.settings.tables import is_loopback, url_problem

MODES = ("production", "demo")
KNOWN = (
    "AFTERCARE_MODE",
    "AFTERCARE_HOST",
    "AFTERCARE_PORT",
    "AFTERCARE_PUBLIC_URL",
    "AFTERCARE_REGISTRY",
    "AFTERCARE_STORE",
    "AFTERCARE_SECRET_KEY",
    "AFTERCARE_SECRET_KEY_FALLBACKS",
    "AFTERCARE_DATA_KEYS",
    "AFTERCARE_SIGNING_KEYS",
    "AFTERCARE_AS_OF",
    "AFTERCARE_CLINIC",
    "AFTERCARE_FONT_DIRS",
    "AFTERCARE_METRICS_ALLOW",
    "AFTERCARE_PROXIES",
    "AFTERCARE_CA_FILE",
    "AFTERCARE_HSTS_SUBDOMAINS",
    "AFTERCARE_RATE_PER_MINUTE",
    "AFTERCARE_PAGE_BUDGET_SECONDS",
    "AFTERCARE_GUNICORN_CONF",
    "AFTERCARE_CODES",
    "AFTERCARE_CORPUS",
    "AFTERCARE_SOAK",
    "AFTERCARE_PROFILES",
)
MINIMUM_SECRET = 32
EXAMPLES = ("changeme", "change-me", "secret", "password", "example", "your-", "insecure", "development")


@dataclass(frozen=True, slots=True)
class Settings:
    """
    Everything that an administrator decides. `as_of` fixes "today" (demo and tests); None is the real one.

    `proxies` is how many reverse proxies stand in front and append to X-Forwarded-For. `signing_keys` are PEM files,
    newest first; without any, the app makes its own and keeps them in the store. `data_keys` as `id:base64,…`.
    """

    mode: str
    host: str
    port: int
    public_url: str
    issuers: tuple[Issuer, ...]
    store: str = field(repr=False)
    secret_key: str = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(default=(), repr=False)
    data_keys: str = field(default="", repr=False)
    signing_keys: tuple[str, ...] = ()
    as_of: date | None = None
    clinic: ClinicSettings = field(default_factory=ClinicSettings)
    font_dirs: tuple[str, ...] = ()
    metrics_allow: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()
    proxies: int = 0
    ca_file: str = ""
    hsts_subdomains: bool = False
    rate_per_minute: int = 600
    page_budget_seconds: float = 25.0

    @property
    def demo(self) -> bool:
        """Whether this is the demo on loopback, the only mode that takes http."""
        return self.mode == "demo"

    @property
    def public_host(self) -> str:
        """Host and port of the public address, as a browser sends them."""
        return urlsplit(self.public_url).netloc

    @property
    def private_hosts(self) -> frozenset[str]:
        """Hosts, as `host:port`, that may have an address in a private network."""
        return frozenset[str]().union(*(issuer.hosts for issuer in self.issuers if issuer.private_network))

    def find_issuer(self, iss: str) -> Issuer | None:
        """The registered issuer of an `iss` parameter, or None; nothing of the parameter is ever fetched."""
        try:
            wanted = canonical_url(iss)
        except ValueError:
            return None
        return next((issuer for issuer in self.issuers if issuer.iss == wanted), None)

    def issuer_of(self, slug: str) -> Issuer | None:
        """The issuer of a callback path, or None."""
        return next((issuer for issuer in self.issuers if issuer.slug == slug), None)


def check_settings(env: Mapping[str, str]) -> list[str]:
    """Every problem with the settings and the registry, one sentence each; empty when the app can start."""
    return _read(env)[1]


def load_settings(env: Mapping[str, str]) -> Settings:
    """
    The settings of an environment.

    Raises:
        StartupError: something is wrong; the message names every problem.
    """
    settings, problems = _read(env)
    if problems:
        raise StartupError("; ".join(problems))
    return settings


def _read(env: Mapping[str, str]) -> tuple[Settings, list[str]]:
    reader = _Reader(env)
    mode = reader.text("MODE", "production")
    if mode not in MODES:
        reader.complain("MODE", f"must be one of {', '.join(MODES)}")
    demo = mode == "demo"
    port = reader.number("PORT", 8000, 1, 65535)
    settings = Settings(
        mode=mode,
        host=reader.text("HOST", "127.0.0.1"),
        port=port,
        public_url=reader.public_url(demo, port),
        issuers=reader.issuers(demo),
        store=reader.text("STORE", "sqlite:///var/aftercare.db"),
        secret_key=reader.secret("SECRET_KEY"),
        secret_key_fallbacks=reader.fallbacks(),
        data_keys=reader.data_keys(),
        signing_keys=reader.files("SIGNING_KEYS"),
        as_of=reader.day("AS_OF"),
        clinic=reader.clinic(),
        font_dirs=reader.list_of("FONT_DIRS", ":"),
        metrics_allow=reader.networks("METRICS_ALLOW", "127.0.0.0/8,::1/128"),
        proxies=reader.number("PROXIES", 0, 0, 5),
        ca_file=next(iter(reader.files("CA_FILE")), ""),
        hsts_subdomains=reader.flag("HSTS_SUBDOMAINS"),
        rate_per_minute=reader.number("RATE_PER_MINUTE", 600, 1, 100_000),
        page_budget_seconds=float(reader.number("PAGE_BUDGET_SECONDS", 25, 5, 600)),
    )
    if demo and not is_loopback(settings.host):
        reader.complain("HOST", "must be a loopback address in demo mode")
    if not demo and settings.as_of is not None:
        reader.complain("AS_OF", "fixes today's date: only in demo mode")
    reader.refuse_unknown()
    reader.refuse_debug()
    return settings, reader.problems


class _Reader:
    """Reads variables of one environment and collects what is wrong; a message never holds a value of a secret."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.env = env
        self.problems: list[str] = []

    def complain(self, name: str, says: str) -> None:
        self.problems.append(f"AFTERCARE_{name}: {says}")

    def text(self, name: str, default: str = "") -> str:
        return self.env.get(f"AFTERCARE_{name}", "").strip() or default

    def list_of(self, name: str, separator: str = ",") -> tuple[str, ...]:
        return tuple(part.strip() for part in self.text(name).split(separator) if part.strip())

    def number(self, name: str, default: int, low: int, high: int) -> int:
        text = self.text(name, str(default))
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            self.complain(name, f"must be a whole number from {low} to {high}")
            return default
        return int(text)

    def flag(self, name: str) -> bool:
        text = self.text(name, "0")
        if text not in ("0", "1"):
            self.complain(name, "must be 0 or 1")
        return text == "1"

    def day(self, name: str) -> date | None:
        text = self.text(name)
        try:
            return date.fromisoformat(text) if text else None
        except ValueError:
            self.complain(name, "must be a day as YYYY-MM-DD")
            return None

    def files(self, name: str) -> tuple[str, ...]:
        files = self.list_of(name)
        for file in files:
            if not Path(file).is_file():
                self.complain(name, f"{Path(file).name} is not a file")
        return files

    def networks(self, name: str, default: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        try:
            return tuple(ipaddress.ip_network(part.strip()) for part in self.text(name, default).split(","))
        except ValueError:
            self.complain(name, "must be addresses or networks, separated by commas")
            return ()

    def secret(self, name: str) -> str:
        value = self.text(name)
        if not value:
            self.complain(name, "is required: at least 32 random bytes")
        else:
            self._check_secret(name, value)
        return value

    def fallbacks(self) -> tuple[str, ...]:
        values = self.list_of("SECRET_KEY_FALLBACKS")
        for value in values:
            self._check_secret("SECRET_KEY_FALLBACKS", value)
        return values

    def data_keys(self) -> str:
        # Their form is checked by storage/crypto.py when the ring is made; here only that there are any.
        value = self.text("DATA_KEYS")
        if not value:
            self.complain("DATA_KEYS", "is required: id:base64 of 32 random bytes, newest first")
        elif any(example in value.lower() for example in EXAMPLES):
            self.complain("DATA_KEYS", "is an example")
        return value

    def public_url(self, demo: bool, port: int) -> str:
        value = self.text("PUBLIC_URL", f"http://127.0.0.1:{port}" if demo else "")
        if not value:
            self.complain("PUBLIC_URL", "is required: the https address that users see")
            return ""
        problem = url_problem(value, demo, origin_only=True)
        if problem:
            self.complain("PUBLIC_URL", problem)
            return value
        return canonical_url(value)

    def issuers(self, demo: bool) -> tuple[Issuer, ...]:
        path = self.text("REGISTRY")
        if not path:
            self.complain("REGISTRY", "is required: the TOML file with one [[issuer]] for each EHR")
            return ()
        return read_registry(Path(path), self.env, demo, self.problems)

    def clinic(self) -> ClinicSettings:
        path = self.text("CLINIC")
        return read_clinic(Path(path), self.problems) if path else ClinicSettings()

    def refuse_unknown(self) -> None:
        for name in sorted(self.env):
            if name.startswith("AFTERCARE_") and name not in KNOWN:
                self.problems.append(f"{name}: is not a setting of Aftercare")

    def refuse_debug(self) -> None:
        if self.env.get("FLASK_DEBUG", "0") not in ("", "0", "false", "False"):
            self.problems.append("FLASK_DEBUG: must not be set")

    def _check_secret(self, name: str, value: str) -> None:
        if len(value.encode()) < MINIMUM_SECRET:
            self.complain(name, f"is too short: at least {MINIMUM_SECRET} bytes")
        elif len(set(value)) < 10 or any(example in value.lower() for example in EXAMPLES):
            self.complain(name, "is an example or not random")
