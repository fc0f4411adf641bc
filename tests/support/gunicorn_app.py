"""The app under gunicorn, as `aftercare serve` runs it."""

from __future__ import annotations

import base64
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.testing import RunningSandbox

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class ServedProgram:
    """The running program: its address, its main process, the process ids of its workers."""

    url: str
    process: subprocess.Popen[bytes]
    workers: tuple[int, ...]


@contextmanager
def served(folder: Path, sandbox: RunningSandbox, *, workers: int) -> Iterator[ServedProgram]:
    """The app under gunicorn with so many workers, until the block ends."""
    registry = folder / "registry.toml"
    template = (ROOT / "sandbox" / "registry.toml").read_text(encoding="utf-8")
    registry.write_text(template.replace("http://127.0.0.1:9000", sandbox.url), encoding="utf-8")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AFTERCARE_")},
        "AFTERCARE_MODE": "demo",
        "AFTERCARE_PORT": str(port),
        "AFTERCARE_REGISTRY": str(registry),
        "AFTERCARE_STORE": f"sqlite:///{folder}/store.db",
        "AFTERCARE_SECRET_KEY": secrets.token_urlsafe(48),
        "AFTERCARE_DATA_KEYS": f"t:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}",
        "GUNICORN_CMD_ARGS": f"--workers={workers}",
    }
    command = [sys.executable, "-m", "smart_app", "serve"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/readyz", server)
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        yield ServedProgram(url, server, tuple(int(child) for child in children))
    finally:
        server.terminate()
        server.wait(timeout=40)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    """Until the address answers 200."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the app did not start")
