"""
`make demo`: the sandbox EHR and the app, side by side on this machine, until Ctrl-C.

Secrets are made once and kept under `var/demo`, so that drafts and saved plans outlive a restart.
"""

from __future__ import annotations

import base64
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATE = ROOT / "var" / "demo"
READY_WITHIN_S = 60.0


def main() -> int:
    """Run both servers; returns the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sandbox_port = int(os.environ.get("SANDBOX_PORT", "9000"))
    app_port = int(os.environ.get("AFTERCARE_PORT", "8000"))
    for port, variable in ((sandbox_port, "SANDBOX_PORT"), (app_port, "AFTERCARE_PORT")):
        if not _is_free(port):
            print(f"Port {port} on 127.0.0.1 is taken. Stop what uses it, or choose another: {variable}=PORT make demo")
            return 1
    STATE.mkdir(parents=True, exist_ok=True, mode=0o700)
    sandbox_url, app_url = f"http://127.0.0.1:{sandbox_port}", f"http://127.0.0.1:{app_port}"
    print("Starting the sandbox EHR and the app ...", flush=True)
    servers = [
        _start([sys.executable, "-m", "sandbox"], _sandbox_environment(sandbox_port, app_url)),
        _start([sys.executable, "-m", "smart_app", "serve"], _app_environment(app_port, sandbox_url)),
    ]
    try:
        if not (_wait(f"{sandbox_url}/patients", servers) and _wait(f"{app_url}/readyz", servers)):
            print("A server did not start; its message stands above.")
            return 1
        print(f"\nSandbox EHR  {sandbox_url}\nAftercare    {app_url}\n")
        print(f"Open {sandbox_url}, choose a patient, and press Open Aftercare. Ctrl-C ends both.", flush=True)
        while all(server.poll() is None for server in servers):
            time.sleep(0.5)
        print("A server ended; its message stands above.")
        return 1
    except (KeyboardInterrupt, SystemExit):
        print("\nEnding.")
        return 0
    finally:
        _end(servers)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _secret(name: str) -> str:
    path = STATE / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(), encoding="ascii")
    return path.read_text(encoding="ascii").strip()


def _sandbox_environment(port: int, app_url: str) -> dict[str, str]:
    return {
        "SANDBOX_PORT": str(port),
        "SANDBOX_APP_URL": app_url,
        "SANDBOX_STORE": os.environ.get("SANDBOX_STORE", str(STATE / "sandbox.db")),
    }


def _app_environment(port: int, sandbox_url: str) -> dict[str, str]:
    registry = STATE / "registry.toml"
    template = (ROOT / "sandbox" / "registry.toml").read_text(encoding="utf-8")
    registry.write_text(template.replace("http://127.0.0.1:9000", sandbox_url), encoding="utf-8")
    return {
        "AFTERCARE_MODE": "demo",
        "AFTERCARE_HOST": "127.0.0.1",
        "AFTERCARE_PORT": str(port),
        "AFTERCARE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "AFTERCARE_CLINIC": os.environ.get("AFTERCARE_CLINIC", str(ROOT / "sandbox" / "clinic.toml")),
        "AFTERCARE_REGISTRY": os.environ.get("AFTERCARE_REGISTRY", str(registry)),
        "AFTERCARE_STORE": os.environ.get("AFTERCARE_STORE", f"sqlite:///{STATE / 'aftercare.db'}"),
        "AFTERCARE_SECRET_KEY": _secret("secret-key"),
        "AFTERCARE_DATA_KEYS": f"demo:{_secret('data-key')}",
    }


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches this process, which then ends the servers in order.
    return subprocess.Popen(  # noqa: S603 - fixed commands, no shell
        command, cwd=ROOT, env={**os.environ, **environment}, start_new_session=True
    )


def _wait(url: str, servers: list[subprocess.Popen[bytes]]) -> bool:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and all(server.poll() is None for server in servers):
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
                if answer.status == 200:
                    return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


def _end(servers: list[subprocess.Popen[bytes]]) -> None:
    for server in reversed(servers):
        if server.poll() is None:
            server.terminate()
    for server in reversed(servers):
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main())
