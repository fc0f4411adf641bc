"""The app in a thread, for functional and browser tests: own port, store and clock; scripted launches."""

from __future__ import annotations

import base64
import html
import io
import re
import secrets
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox.testing import RunningSandbox
from smart_app.app import create_app
from smart_app.knowledge import KnowledgeBase
from smart_app.settings import Issuer, Organization, Settings, load_settings
from smart_app.web.logs import EventLog
from smart_app.web.services import EXTENSION
from smart_app.workflow.services import Services

SLUGS = ("open", "epic-like", "oracle-like")


class QuietHandler(WSGIRequestHandler):
    """Logs nothing: the app logs by itself."""

    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing."""


@dataclass
class TestClock:
    """A clock that tests move. Waiting is real unless `waits` collects it; `day` fixes today."""

    __test__ = False
    day: date | None = None
    offset: float = 0.0
    wall_offset: float = 0.0
    waits: list[float] | None = None

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self.offset + self.wall_offset

    def monotonic(self) -> float:
        """Seconds on a clock that nobody sets."""
        return time.monotonic() + self.offset

    def sleep(self, seconds: float) -> None:
        """Wait, or only note it."""
        if self.waits is None:
            time.sleep(seconds)
        else:
            self.waits.append(seconds)

    def today(self, issuer: Issuer) -> date:
        """The fixed day, else the day of this machine."""
        return self.day or datetime.fromtimestamp(self.now(), issuer.zone).date()

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.offset += seconds


@dataclass
class RunningApp:
    """An app that serves. `services` reaches its parts from the test, `logs` what it wrote."""

    url: str
    services: Services
    clock: TestClock
    logs: io.StringIO
    store_file: Path
    sandbox: RunningSandbox | None = None
    sessions: list[requests.Session] = field(default_factory=list)

    def session(self) -> requests.Session:
        """A browser without any cookies."""
        session = requests.Session()
        session.trust_env = False
        self.sessions.append(session)
        return session


@dataclass
class LaunchedPage:
    """One launch as its browser sees it."""

    app: RunningApp
    session: requests.Session
    handle: str
    response: requests.Response

    @property
    def base(self) -> str:
        """Address of this launch's page, with a slash at the end."""
        return f"{self.app.url}/c/{self.handle}/"

    @property
    def text(self) -> str:
        """The page that the launch ended on."""
        return self.response.text

    def get(self, path: str = "", **options: Any) -> requests.Response:
        """A page of this launch."""
        return self.session.get(urljoin(self.base, path), timeout=60, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> requests.Response:
        """A form of this launch, sent as a browser sends it: with its token, patient, origin and fetch site."""
        headers = {"Origin": self.app.url, "Sec-Fetch-Site": "same-origin", **options.pop("headers", {})}
        fields = {"form_token": self.form_token(), "for_patient": self.patient_mark(), **(data or {})}
        return self.session.post(urljoin(self.base, path), data=fields, headers=headers, timeout=60, **options)

    def form_token(self) -> str:
        """The token that forms of this launch carry."""
        from smart_app.web.security import _token

        context = self.app.services.contexts.require(self.handle, self.cookie_value())
        return _token(self.app.services.settings.secret_key, context)

    def patient_mark(self) -> str:
        """What forms of this launch carry of its patient."""
        from smart_app.storage.contexts import sha256

        context = self.app.services.contexts.require(self.handle, self.cookie_value())
        return sha256(f"{context.id}:{context.patient_id}")[:16]

    def cookie_value(self) -> str:
        """The proof of this launch."""
        from smart_app.storage.contexts import sha256

        return str(self.session.cookies.get(f"scp-{sha256(self.handle)[:8]}"))


def demo_issuer(slug: str, base_url: str, **more: Any) -> Issuer:
    """The registry row of a sandbox issuer."""
    origin = base_url.rpartition(f"/{slug}/")[0] or f"http://{urlsplit(base_url).netloc}"
    row = Issuer(
        slug=slug,
        iss=base_url,
        client_id="aftercare-demo",
        frame_ancestors=(origin,),
        allowed_hosts=(urlsplit(origin).netloc,),
        time_zone="America/New_York",
        organization=Organization("Northlake Cancer Center", "Organization/northlake-cancer-center"),
    )
    return replace(row, **more)


def demo_settings(port: int, store: Path, issuers: Sequence[Issuer], **more: Any) -> Settings:
    """Settings of a demo app on one port."""
    registry = store.with_name("registry.toml")
    registry.write_text('[[issuer]]\nslug = "x"\niss = "http://127.0.0.1:1/fhir"\nclient_id = "x"\n', encoding="utf-8")
    env = {
        "AFTERCARE_MODE": "demo",
        "AFTERCARE_PORT": str(port),
        "AFTERCARE_REGISTRY": str(registry),
        "AFTERCARE_STORE": f"sqlite:///{store}",
        "AFTERCARE_SECRET_KEY": secrets.token_urlsafe(48),
        "AFTERCARE_DATA_KEYS": f"k1:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}",
        "AFTERCARE_RATE_PER_MINUTE": "100000",
    }
    return replace(load_settings(env), issuers=tuple(issuers), **more)


@contextmanager
def start_app(
    sandbox: RunningSandbox | str | None,
    *,
    issuers: Sequence[Issuer] | None = None,
    as_of: date | None = None,
    clock: TestClock | None = None,
    store: Path | None = None,
    settings: dict[str, Any] | None = None,
    knowledge: KnowledgeBase | None = None,
) -> Iterator[RunningApp]:
    """
    Serve the app on 127.0.0.1 until the block ends.

    Args:
        sandbox: a running sandbox (or its address), whose three issuers become the registry.
        issuers: other registry rows.
        as_of: today; default: the sandbox's day.
        settings: fields of `Settings` to change.
    """
    running = sandbox if isinstance(sandbox, RunningSandbox) else None
    address = running.url if running else sandbox
    rows = issuers or [demo_issuer(slug, f"{address}/{slug}/fhir") for slug in SLUGS]
    clock = clock or TestClock()
    clock.day = as_of or clock.day or (running.place.config.as_of if running else None)
    logs = io.StringIO()
    with tempfile.TemporaryDirectory(prefix="aftercare-") as folder, socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        port = listener.getsockname()[1]
        file = store or Path(folder) / "aftercare.db"
        chosen = replace(demo_settings(port, file, rows), as_of=clock.day, **(settings or {}))
        application = create_app(chosen, clock, EventLog(logs), knowledge)
        server = make_server(
            "127.0.0.1", port, application, threaded=True, request_handler=QuietHandler, fd=listener.fileno()
        )
        thread = threading.Thread(target=server.serve_forever, name=f"app-{port}", daemon=True)
        thread.start()
        app = RunningApp(chosen.public_url, application.extensions[EXTENSION], clock, logs, file, running)
        if running:
            running.use_app(app.url)
        try:
            yield app
        finally:
            server.shutdown()
            thread.join(timeout=10)
            server.server_close()
            for session in app.sessions:
                session.close()
            app.services.network.close()
            app.services.store.close()


def launch(
    app: RunningApp,
    sandbox: RunningSandbox,
    issuer: str = "open",
    patient: str = "",
    *,
    session: requests.Session | None = None,
    **more: str,
) -> LaunchedPage:
    """Open a patient's chart in the sandbox and launch, as a browser does, until the clinician's page."""
    session = session or app.session()
    response = session.get(sandbox.launch_url(patient, issuer, **more), timeout=60)
    return launched(app, session, response)


def launched(app: RunningApp, session: requests.Session, response: requests.Response) -> LaunchedPage:
    """The launch that a response ended on."""
    path = urlsplit(response.url).path
    match = re.fullmatch(r"/c/([\w-]+)/", path)
    assert match, f"the launch ended on {path} with {response.status_code}: {heading_of(response.text)}"
    return LaunchedPage(app, session, match[1], response)


def heading_of(page: str) -> str:
    """The h1 of a page."""
    match = re.search(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", "", match[1])).split()) if match else ""
