"""Settings of the sandbox, and the clients that are registered with it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Protocol

DEFAULT_PORT = 9000
DEFAULT_APP_URL = "http://127.0.0.1:8000"
SLUGS = ("open", "epic-like", "oracle-like")


class Patient(Protocol):
    """What the sandbox needs of a sample patient."""

    @property
    def id(self) -> str:
        """Id of the Patient resource."""

    @property
    def name(self) -> str:
        """As the list of patients shows it."""

    @property
    def story(self) -> str:
        """One or two sentences for the tester."""

    def iter_resources(self) -> Iterable[dict[str, Any]]:
        """The resources of the chart."""


@dataclass(frozen=True)
class RegisteredClient:
    """
    An app that is registered with every issuer.

    `redirect_uris` may hold `{app}` and `{slug}`: the app's address and the issuer. `jwks_uri` may hold `{app}`.
    `scopes` empty: whatever the EHR offers.
    """

    client_id: str
    auth_method: str
    redirect_uris: tuple[str, ...] = ("{app}/callback/{slug}",)
    secret: str = ""
    jwks: Any = None
    jwks_uri: str = ""
    scopes: tuple[str, ...] = ()


DEMO_CLIENTS = (
    RegisteredClient("aftercare-demo", "none"),
    RegisteredClient("aftercare-demo-basic", "client_secret_basic", secret="sandbox-only-basic-secret"),
    RegisteredClient("aftercare-demo-post", "client_secret_post", secret="sandbox-only-post-secret"),
    RegisteredClient("aftercare-demo-jwt", "private_key_jwt", jwks_uri="{app}/.well-known/jwks.json"),
)


def wall_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


@dataclass
class SandboxConfig:
    """
    Settings of one sandbox.

    Args:
        base_url: own address, without a slash at the end.
        store: path of the SQLite file.
        app_url: address of the app that the chart launches.
        as_of: the day on which the sample patients' stories are true.
        patients: makes the sample patients of that day.
        seed: Bundle files or folders whose patients are added.
        upstream: base of a real FHIR server that issuer `open` guards; empty: the sandbox's own.
    """

    base_url: str
    store: str
    app_url: str
    as_of: date
    patients: Callable[[date], Iterable[Patient]]
    seed: tuple[Path, ...] = ()
    upstream: str = ""
    clients: tuple[RegisteredClient, ...] = DEMO_CLIENTS
    now: Callable[[], datetime] = wall_clock
    wait: Callable[[float], None] = time.sleep
    token_lifetime_s: int = 3600
    refresh_lifetime_s: int = 30 * 86400
    extra: dict[str, Any] = field(default_factory=dict)


def config_from_environment(environment: Mapping[str, str]) -> SandboxConfig:
    """
    Settings of `python -m sandbox`.

    Raises:
        ValueError: a setting is unusable; the message names it.
    """
    from sandbox.patients import sample_patients

    port = _number(environment, "SANDBOX_PORT", DEFAULT_PORT)
    app_port = _number(environment, "AFTERCARE_PORT", 8000)
    as_of = environment.get("AFTERCARE_AS_OF", "")
    try:
        day = date.fromisoformat(as_of) if as_of else date.today()
    except ValueError as error:
        raise ValueError(f"AFTERCARE_AS_OF is not a date: {as_of!r}") from error
    seed = tuple(Path(part) for part in environment.get("SANDBOX_SEED", "").split(os.pathsep) if part)
    for path in seed:
        if not path.exists():
            raise ValueError(f"SANDBOX_SEED: there is no {path}")
    return SandboxConfig(
        base_url=f"http://127.0.0.1:{port}",
        store=environment.get("SANDBOX_STORE", "var/sandbox.db"),
        app_url=environment.get("SANDBOX_APP_URL", f"http://127.0.0.1:{app_port}").rstrip("/"),
        as_of=day,
        patients=sample_patients,
        seed=seed,
        upstream=environment.get("SANDBOX_UPSTREAM", "").rstrip("/"),
    )


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdigit():
        raise ValueError(f"{name} is not a port number: {text!r}")
    return int(text)
