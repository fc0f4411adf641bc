"""
Reading a TOML table strictly: every key known, every value of its type, every problem said with its row and key.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


class Table:
    """One TOML table that is being read; `problems` collects one sentence for each fault, named by `where`."""

    def __init__(self, data: Mapping[str, Any], where: str, problems: list[str]) -> None:
        self._data = data
        self._where = where
        self._problems = problems
        self._asked: set[str] = set()

    def complain(self, key: str, says: str) -> None:
        """Add a problem with this table's key."""
        self._problems.append(f"{self._where}: {key}: {says}")

    def text(self, key: str, default: str | None = None) -> str:
        """A string; a missing one without a default is a problem."""
        value: str | None = self._value(key, str, default)
        if value is None:
            self.complain(key, "is required")
            return ""
        if not value and default is None:
            self.complain(key, "is empty")
        return value

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """A string out of a list."""
        value = self.text(key, default)
        if value and value not in allowed:
            self.complain(key, f"must be one of {', '.join(allowed)}")
        return value

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false."""
        return bool(self._value(key, bool, default))

    def texts(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of strings."""
        value = self._value(key, list, list(default))
        if not all(isinstance(item, str) and item for item in value):
            self.complain(key, "must be a list of strings")
            return ()
        return tuple(value)

    def table(self, key: str) -> Mapping[str, Any]:
        """A nested table, empty when there is none."""
        value: Mapping[str, Any] = self._value(key, dict, {})
        return value

    def refuse_unknown(self) -> None:
        """A key that nobody asked for is a problem: most likely a slip of the pen."""
        for key in sorted(set(self._data) - self._asked):
            self.complain(key, "is not a known key")

    def _value(self, key: str, kind: type, default: Any) -> Any:
        self._asked.add(key)
        value = self._data.get(key, default)
        if value is not default and type(value) is not kind:
            self.complain(key, f"must be a {kind.__name__}")
            return default
        return value


def read_secret(table: Table, name: str, env: Mapping[str, str], base: Path, required: bool) -> str:
    """The secret that `<name>_env` or `<name>_file` refers to; it never stands in the registry itself."""
    variable, file = table.text(f"{name}_env", ""), table.text(f"{name}_file", "")
    if variable and file:
        table.complain(f"{name}_env", f"give {name}_env or {name}_file, not both")
    if variable:
        value = env.get(variable, "")
        if not value:
            table.complain(f"{name}_env", "names a variable that is not set")
        return value
    if file:
        try:
            return (base / file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            table.complain(f"{name}_file", "cannot be read")
            return ""
    if required:
        table.complain(f"{name}_env", f"{name}_env or {name}_file is required for this auth_method")
    return ""


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def url_problem(url: str, demo: bool, origin_only: bool = False) -> str:
    """What is wrong with an address, or an empty text. Demo mode takes http, but only on loopback."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is not an address"
    if parts.scheme not in ("https", "http") or not host:
        return "must be an https address"
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment or "*" in url:
        return "must not hold a user, a query, a fragment or *"
    if origin_only and parts.path not in ("", "/"):
        return "must be an origin: scheme, host and port only"
    if demo and not is_loopback(host):
        return "must be a loopback address in demo mode"
    if not demo and parts.scheme != "https":
        return "must be https (only demo mode takes http)"
    return ""
