"""The record with 20,000 results: read in full, in bounded memory (house decision 5)."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests

from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.gunicorn_app import served

ROOT = Path(__file__).resolve().parent.parent.parent
LARGE, SMALL = "grzelczak", "varkonyi"
MOST_MIB = 64.0


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
    with start_sandbox(only=[LARGE, SMALL]) as sandbox, served(tmp_path, sandbox, workers=1) as program:
        sandbox.use_app(program.url)
        (worker,) = program.workers
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
