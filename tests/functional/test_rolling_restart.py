"""The program under gunicorn: what is in flight is finished before it ends (F33); its counters are of all workers."""

from __future__ import annotations

import re
import signal
import threading
from pathlib import Path

import pytest
import requests
from gunicorn.config import Config

from sandbox.testing import start_sandbox
from smart_app.web.logs import GunicornLogger
from tests.support.gunicorn_app import served


def test_a_request_in_flight_is_answered_before_the_program_ends(tmp_path: Path) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def wait(_: float) -> None:
        asked.set()
        go_on.wait(60)

    with start_sandbox(only=["varkonyi"], wait=wait) as sandbox, served(tmp_path, sandbox, workers=2) as program:
        sandbox.use_app(program.url)
        with requests.Session() as browser:
            page = browser.get(sandbox.launch_url("varkonyi"), timeout=60).url
            sandbox.set_faults({"latency_ms": 3000})
            answers: list[requests.Response] = []
            reading = threading.Thread(target=lambda: answers.append(browser.get(f"{page}?reread=1", timeout=90)))
            reading.start()
            assert asked.wait(60), "the app asks the EHR"
            program.process.send_signal(signal.SIGTERM)
            go_on.set()
            reading.join(90)
            assert [answer.status_code for answer in answers] == [200]
            assert "data-fact" in answers[0].text
        assert program.process.wait(timeout=60) == 0


def test_metrics_count_over_all_workers(tmp_path: Path) -> None:
    with start_sandbox(only=["varkonyi"]) as sandbox, served(tmp_path, sandbox, workers=2) as program:
        before = counted(program.url)
        for _ in range(30):
            requests.get(f"{program.url}/healthz", timeout=30)
        assert [counted(program.url) - before for _ in range(6)] == [30.0] * 6


def counted(url: str) -> float:
    text = requests.get(f"{url}/metrics", timeout=30).text
    found = re.findall(r'^aftercare_requests_total\{[^}]*route="/healthz"[^}]*\} (\S+)$', text, re.MULTILINE)
    return sum(map(float, found))


def test_gunicorn_says_where_it_listens_and_nothing_of_a_request(capsys: pytest.CaptureFixture[str]) -> None:
    logger = GunicornLogger(Config())
    logger.info("Listening at: %s (%s)", "http://127.0.0.1:8000", 7)
    logger.warning("Invalid request from ip=%s: %s", "10.0.0.1", "/c/secret?code=1")
    said = capsys.readouterr().err
    assert "Listening at: http://127.0.0.1:8000 (7)" in said
    assert "secret" not in said
    assert "10.0.0.1" not in said
