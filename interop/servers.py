"""The servers of the run: HAPI FHIR, the sandbox that guards it, and the app. Each is started here and ended here."""

from __future__ import annotations

import base64
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import requests

from interop import paths
from interop.progress import StepFailedError

_READY_WITHIN_S = 400.0
_ORGANIZATION = (
    'organization = { name = "Northlake Cancer Center", reference = "Organization/northlake-cancer-center" }\n'
)
SECRETS = {"client_secret_basic": "sandbox-only-basic-secret", "client_secret_post": "sandbox-only-post-secret"}
"""What the sandbox's registered clients prove themselves with; worth nothing outside of it."""


@dataclass(frozen=True)
class Addresses:
    """Where the three servers are."""

    hapi: str
    sandbox: str
    app: str

    @property
    def issuer(self) -> str:
        """FHIR base as the app knows it: the guard in front of HAPI."""
        return f"{self.sandbox}/open/fhir"


def free_ports(number: int) -> list[int]:
    """Ports on loopback that are free now."""
    sockets = [socket.socket() for _ in range(number)]
    for probe in sockets:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in sockets]
    for probe in sockets:
        probe.close()
    return ports


def new_addresses() -> Addresses:
    """Addresses on ports that are free now."""
    hapi, sandbox, app = free_ports(3)
    return Addresses(f"http://127.0.0.1:{hapi}/fhir", f"http://127.0.0.1:{sandbox}", f"http://127.0.0.1:{app}")


@contextmanager
def hapi(addresses: Addresses, *, validate: bool) -> Iterator[None]:
    """A HAPI FHIR server in memory, whose links show the guard's address."""
    command = [
        "java",
        "-Xmx1g",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        f"-Dport={_port(addresses.hapi)}",
        f"-Dbase={addresses.issuer}",
        f"-Dvalidate={'true' if validate else 'false'}",
        "-jar",
        str(paths.HERE / "hapi" / "target" / "hapi-server.jar"),
    ]
    with running("hapi", command, {}, f"{addresses.hapi}/metadata"):
        yield


@contextmanager
def sandbox(addresses: Addresses, as_of: date, *, upstream: bool = True) -> Iterator[None]:
    """The sandbox: its authorization server, and its guard in front of HAPI."""
    store = paths.STATE / "sandbox.db"
    store.unlink(missing_ok=True)
    environment = {
        "SANDBOX_PORT": str(_port(addresses.sandbox)),
        "SANDBOX_APP_URL": addresses.app,
        "SANDBOX_STORE": str(store),
        "AFTERCARE_AS_OF": as_of.isoformat(),
    }
    if upstream:
        environment["SANDBOX_UPSTREAM"] = addresses.hapi
    with running("sandbox", [sys.executable, "-m", "sandbox"], environment, f"{addresses.sandbox}/patients"):
        yield


@contextmanager
def app(addresses: Addresses, as_of: date, client: Mapping[str, str]) -> Iterator[None]:
    """The app as it ships, in demo mode, registered with the guard by one kind of client."""
    registry = paths.STATE / "registry.toml"
    rows = {"slug": "open", "iss": addresses.issuer, "name": "HAPI FHIR behind the guard", **client}
    row = "".join(f'{name} = "{value}"\n' for name, value in rows.items())
    registry.write_text(f"[[issuer]]\n{row}{_ORGANIZATION}", encoding="utf-8")
    store = paths.STATE / "app.db"
    for path in paths.STATE.glob("app.db*"):
        path.unlink()
    environment = {
        "AFTERCARE_MODE": "demo",
        "AFTERCARE_HOST": "127.0.0.1",
        "AFTERCARE_PORT": str(_port(addresses.app)),
        "AFTERCARE_PUBLIC_URL": addresses.app,
        "AFTERCARE_REGISTRY": str(registry),
        "AFTERCARE_STORE": f"sqlite:///{store}",
        "AFTERCARE_SECRET_KEY": _secret(),
        "AFTERCARE_DATA_KEYS": f"interop:{_secret()}",
        "AFTERCARE_AS_OF": as_of.isoformat(),
        "AFTERCARE_RATE_PER_MINUTE": "100000",
        "INTEROP_CLIENT_SECRET": SECRETS.get(client["auth_method"], ""),
    }
    with running("app", [sys.executable, "-m", "smart_app", "serve"], environment, f"{addresses.app}/readyz"):
        yield


def _secret() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _port(address: str) -> int:
    return int(address.split(":")[2].split("/")[0])


@contextmanager
def running(name: str, command: list[str], environment: Mapping[str, str], ready: str) -> Iterator[None]:
    """
    A server of the run, from when `ready` answers until the end of the block; its words go to a log of its own.

    Raises:
        StepFailedError: it did not start; the message has its last words.
    """
    log = paths.STATE / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    # Nothing of the caller's own settings of the app reaches it.
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AFTERCARE_", "SANDBOX_"))}
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=paths.ROOT,
            env={**inherited, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that an interrupt reaches this run first, which then ends the servers in order
        )
        try:
            _wait(name, process, ready, log)
            yield
        finally:
            _end(process)


def _wait(name: str, process: subprocess.Popen[bytes], ready: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if requests.get(ready, timeout=10).status_code == 200:
                return
        except requests.RequestException:
            time.sleep(0.3)
    raise StepFailedError(f"{name} did not start:\n{log.read_text(errors='replace')[-1500:]}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
