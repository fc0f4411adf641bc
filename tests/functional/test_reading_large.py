"""The record with 20,000 results: read in full, in bounded memory (house decision 5)."""

from __future__ import annotations

import base64
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from sandbox.testing import RunningSandbox, start_sandbox

ROOT = Path(__file__).resolve().parent.parent.parent
LARGE, SMALL = "grzelczak", "varkonyi"
MOST_MIB = 64.0


@contextmanager
def served(folder: Path, sandbox: RunningSandbox) -> Iterator[tuple[str, int]]:
    """The app under gunicorn with one worker; gives its address and the worker's process id."""
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
        "GUNICORN_CMD_ARGS": "--workers=1",
    }
    command = [sys.executable, "-m", "smart_app", "serve"]
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(f"{url}/readyz", server)
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
        yield url, int(children[0])
    finally:
        server.terminate()
        server.wait(timeout=40)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the app did not start")


def resident_mib(process: int, which: str) -> float:
    found = re.search(rf"^{which}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def launched(sandbox: RunningSandbox, patient: str) -> str:
    with requests.Session() as browser:
        response = browser.get(sandbox.launch_url(patient), timeout=120)
    assert response.status_code == 200
    assert "data-fact" in response.text
    return response.text


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="not run: peak memory is read from /proc")
def test_twenty_thousand_results_grow_the_worker_by_less_than_64_mib(tmp_path: Path) -> None:
    with start_sandbox(only=[LARGE, SMALL]) as sandbox, served(tmp_path, sandbox) as (url, worker):
        sandbox.use_app(url)
        for _ in range(3):
            launched(sandbox, SMALL)
        Path(f"/proc/{worker}/clear_refs").write_text("5")
        before = resident_mib(worker, "VmRSS")
        page = launched(sandbox, LARGE)
        growth = resident_mib(worker, "VmHWM") - before
    assert before > MOST_MIB, "the process that was watched is the worker"
    assert growth < MOST_MIB
    assert "too large" not in page
    assert "timed out" not in page
