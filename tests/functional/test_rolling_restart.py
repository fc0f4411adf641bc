"""The program under gunicorn: what is in flight is finished before it ends (F33); its counters are of all workers."""

from __future__ import annotations

import re
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from gunicorn.config import Config

from sandbox.testing import start_sandbox
from smart_app.web.logs import GunicornLogger
from tests.support.gunicorn_app import ServedProgram, served


@pytest.fixture(scope="module")
def refusing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedProgram]:
    """A program that is sent nonsense."""
    with (
        start_sandbox(only=["varkonyi"]) as sandbox,
        served(tmp_path_factory.mktemp("served"), sandbox, workers=1) as one,
    ):
        yield one


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /launch?iss=" + b"a" * 5000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"414 URI Too Long"),
        (b"GET / HTTP/1.1\r\n" + b"X-Much: aaaa\r\n" * 150 + b"\r\n", b"431 Request Header Fields Too Large"),
        (b"GET / HTTP/1.1\r\nSecret canary\r\n\r\n", b"400 Bad Request"),
    ],
    ids=["address", "headers", "nonsense"],
)
def test_what_cannot_be_read_as_a_request_is_refused_with_every_header_and_without_an_echo(
    refusing: ServedProgram, sent: bytes, status: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(refusing.url).port or 0), timeout=60) as line:
        line.sendall(sent)
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    expected = set(requests.get(f"{refusing.url}/c/nothing/", timeout=30).headers) - {"Server", "Set-Cookie"}
    assert {name.lower() for name in expected} <= {line.split(b":")[0].decode().lower() for line in head.split(b"\r\n")}
    assert b"canary" not in answer
    assert b"aaaa" not in answer
    assert b"<h1>" in body


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
