"""The whole app is killed by SIGKILL while it refreshes a token, makes a PDF or changes keys (F32), and comes back."""

from __future__ import annotations

import base64
import re
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from interop.browser import Page
from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.app_server import heading_of

ROOT = Path(__file__).resolve().parents[2]
ENDED = "Your sign-in at the EHR has ended"


def data_key(name: str) -> str:
    return f"{name}:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}"


@dataclass
class Place:
    """Where the app listens and keeps its store, over its deaths; and one browser."""

    folder: Path
    sandbox: RunningSandbox
    listener: socket.socket
    secret: str = field(default_factory=lambda: secrets.token_urlsafe(48))
    data_keys: str = field(default_factory=lambda: data_key("k1"))
    browser: requests.Session = field(default_factory=requests.Session)
    base: str = ""

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    @contextmanager
    def app(self, point: str = "") -> Iterator[subprocess.Popen[str]]:
        fd = self.listener.fileno()
        arguments = [str(fd), str(self.port), str(self.folder), self.sandbox.url, f"{self.secret}|{self.data_keys}"]
        command = [sys.executable, "-m", "tests.support.dying_app", *arguments, point]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, pass_fds=[fd]) as child:
            try:
                assert child.stdout is not None
                assert child.stdout.readline().strip() == "ready"
                yield child
            finally:
                child.kill()

    def launch(self) -> None:
        answer = self.browser.get(self.sandbox.launch_url("varkonyi"), timeout=60)
        assert answer.status_code == 200, heading_of(answer.text)
        self.base = answer.url

    def get(self, path: str = "") -> requests.Response:
        return self.browser.get(self.base + path, timeout=90)

    def keep(self, note: str) -> None:
        page = Page(f"{self.base}plan", self.get("plan").text)
        form, button = page.form_with_button("Keep changes")
        origin = "://".join(urlsplit(self.base)[:2])
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        self.browser.post(form.action, data=[*form.filled(note=note), button], headers=headers, timeout=90)

    def note(self) -> str:
        match = re.search(r'<textarea id="f-note"[^>]*>(.*?)</textarea>', self.get("plan").text, re.DOTALL)
        return match[1] if match else ""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with (
        start_sandbox(as_of=date(2026, 11, 25), only=("varkonyi",)) as sandbox,
        socket.socket() as listener,
    ):
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        found = Place(tmp_path, sandbox, listener)
        found.browser.trust_env = False
        sandbox.use_app(f"http://127.0.0.1:{found.port}")
        yield found
        found.browser.close()


def killed(place: Place, point: str, path: str) -> None:
    """The request during which the app dies gets no answer."""
    with place.app(point) as child:
        with pytest.raises(requests.RequestException):
            place.get(path)
        assert child.wait(timeout=60) == -9


@pytest.mark.parametrize(
    ("point", "afterwards"),
    [("mid-refresh, before the token store", 401), ("mid-refresh, after the token store", 200)],
)
def test_a_kill_while_the_token_is_renewed_ends_in_a_page_and_loses_no_draft(
    place: Place, point: str, afterwards: int
) -> None:
    with place.app():
        place.sandbox.set_faults({"on": "token", "kind": "token-values", "values": {"expires_in": 1}})
        place.launch()
        place.keep("Acknowledged")
        assert place.note() == "Acknowledged"
    place.sandbox.set_faults()
    killed(place, point, "?reread=1")
    with place.app():
        again = place.get("?reread=1")
        assert again.status_code == afterwards
        assert (heading_of(again.text) == ENDED) == (afterwards == 401)
        place.launch()
        assert "An earlier draft of yours" in place.get("plan").text


def test_a_kill_while_a_pdf_is_made_leaves_the_session_and_the_draft(place: Place) -> None:
    with place.app():
        place.launch()
        place.keep("Acknowledged")
    killed(place, "mid-PDF", "handout.pdf")
    with place.app():
        assert place.note() == "Acknowledged"
        assert place.get("handout.pdf").content.startswith(b"%PDF")


def test_a_kill_while_the_data_key_changes_leaves_every_record_readable(place: Place) -> None:
    with place.app():
        place.launch()
        place.keep("Sealed with the old key")
    place.data_keys = f"{data_key('k2')},{place.data_keys}"
    with place.app("mid-key-rotation") as child:
        with pytest.raises(requests.RequestException):
            place.keep("Sealed with the new key")
        assert child.wait(timeout=60) == -9
    with place.app():
        assert place.note() == "Sealed with the old key"
        place.keep("Sealed with the new key")
        assert place.note() == "Sealed with the new key"
        assert place.get().status_code == 200
