"""
Server time of each page besides the EHR, warm; and how much a worker grows over the patient with 20,000 Observations.

The app runs under gunicorn as it ships. The EHR answers at once, so that what is measured is the app's own time; the
page is asked for over one kept connection.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from bench.figure import Figure
from bench.launch import _app
from sandbox.testing import RunningSandbox, start_sandbox

COMPLETE, LARGE = "varkonyi", "grzelczak"
PAGES = ("", "plan", "handout", "rules")
ROUNDS, PAGE_LIMIT_MS, GROWTH_LIMIT_MIB = 15, 150, 64


def measure() -> Iterator[Figure]:
    """One figure a page, and the growth."""
    with start_sandbox(only=[COMPLETE, LARGE]) as sandbox, _app(sandbox) as app_url:
        sandbox.use_app(app_url)
        with requests.Session() as browser:
            base = _launched(browser, sandbox, COMPLETE)
            for path in PAGES:
                yield Figure(
                    f"server time of /{path or '(summary)'}, warm", _warm_ms(browser, base + path), PAGE_LIMIT_MS, "ms"
                )
        before = _peaks()
        with requests.Session() as browser:
            _launched(browser, sandbox, LARGE)
        growth = max(after - before.get(pid, after) for pid, after in _peaks().items())
        yield Figure("worker growth, 20,000 Observations", growth, GROWTH_LIMIT_MIB, "MiB")


def _launched(browser: requests.Session, sandbox: RunningSandbox, patient: str) -> str:
    page = browser.get(sandbox.launch_url(patient), timeout=120)
    if page.status_code != 200 or "data-fact" not in page.text:
        raise RuntimeError(f"the launch ended with {page.status_code}")
    return page.url


def _warm_ms(browser: requests.Session, url: str) -> float:
    times = []
    for _ in range(ROUNDS + 4):
        began = time.perf_counter()
        answer = browser.get(url, timeout=60)
        times.append((time.perf_counter() - began) * 1000)
        answer.raise_for_status()
    # The first ones warm both workers.
    return statistics.median(times[4:])


def _peaks() -> dict[str, float]:
    """Peak resident MiB of each gunicorn worker."""
    peaks = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().split(b"\0")
            status = (process / "status").read_text()
        except OSError:
            continue
        if any(b"gunicorn" in part for part in command) and any(b"smart_app" in part for part in command):
            fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
            peaks[process.name] = float(fields["VmHWM"].split()[0]) / 1024
    return peaks
