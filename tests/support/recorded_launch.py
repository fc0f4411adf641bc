"""The app before an EHR that records what it is asked, and a browser between the two."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from werkzeug.test import Client, TestResponse

from smart_app.app import create_app
from smart_app.knowledge import KnowledgeBase
from smart_app.settings import load_settings
from smart_app.web.services import EXTENSION
from tests.support.recording_ehr import Recorded, RecordingEhr, recording_ehr

APP = "http://127.0.0.1:8000"
SECRET = "a-secret-that-only-the-two-know"
METHODS = {
    "public": {"auth_method": "none"},
    "basic": {"auth_method": "client_secret_basic", "secret_env": "EHR_SECRET"},
    "post": {"auth_method": "client_secret_post", "secret_env": "EHR_SECRET"},
    "rsa": {"auth_method": "private_key_jwt", "signing_alg": "RS384"},
    "ec": {"auth_method": "private_key_jwt", "signing_alg": "ES384"},
}
FORM = {"auth_method": "none", "authorize_by": "post"}


@dataclass
class Launched:
    """The app, the EHR that records it, and a browser."""

    ehr: RecordingEhr
    browser: Client
    authorization: str = ""

    @property
    def asked(self) -> dict[str, str]:
        """Parameters of the authorization request."""
        return {name: values[0] for name, values in parse_qs(urlsplit(self.authorization).query).items()}

    def begin(self, slug: str = "public", launch: str | None = "launch-token") -> dict[str, str]:
        """From the launch address to the EHR's authorization page; gives the request's parameters."""
        answer = self.go(slug, launch)
        assert answer.status_code == 302, answer.text
        self.authorization = answer.location
        self.ehr.nonce, self.ehr.client_id = self.asked["nonce"], self.asked["client_id"]
        return self.asked

    def go(self, slug: str, launch: str | None = "launch-token") -> TestResponse:
        """From the launch address to the answer that leads on to the EHR."""
        query = {"iss": f"{self.ehr.url}/{slug}/fhir"} | ({"launch": launch} if launch is not None else {})
        answer = self.browser.get("/launch", base_url=APP, query_string=query)
        assert answer.status_code == 302, answer.text
        return self.browser.get(answer.location, base_url=APP)

    def finish(self, slug: str = "public", **changes: str | None) -> TestResponse:
        """The browser comes back with a code."""
        query = {"code": "the-code", "state": self.asked["state"], **changes}
        given = {name: value for name, value in query.items() if value is not None}
        return self.browser.get(f"/callback/{slug}", base_url=APP, query_string=given)

    def whole(self, slug: str = "public", launch: str | None = "launch-token") -> str:
        """A whole launch; gives the path of the clinician's page."""
        self.begin(slug, launch)
        answer = self.finish(slug)
        assert answer.status_code == 303, answer.text
        return urlsplit(answer.location).path

    def token_request(self) -> Recorded:
        """The one request for a token."""
        (request,) = self.ehr.of("/token")
        return request


def registry(ehr: RecordingEhr, path: Path) -> Path:
    """One row a client type and one that asks by a form, all of the recording EHR."""
    rows = []
    for slug, method in {**METHODS, "form": FORM}.items():
        row = {"slug": slug, "iss": f"{ehr.url}/{slug}/fhir", "client_id": f"client-{slug}", **method}
        rows.append("[[issuer]]\n" + "".join(f'{name} = "{value}"\n' for name, value in row.items()))
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


@contextmanager
def launched_app(folder: Path, knowledge: KnowledgeBase) -> Iterator[Launched]:
    """The app as it ships, in demo mode, before a recording EHR."""
    with recording_ehr() as ehr:
        settings = load_settings(
            {
                "AFTERCARE_MODE": "demo",
                "AFTERCARE_PUBLIC_URL": APP,
                "AFTERCARE_REGISTRY": str(registry(ehr, folder / "registry.toml")),
                "AFTERCARE_STORE": f"sqlite:///{folder / 'store.db'}",
                "AFTERCARE_SECRET_KEY": secrets.token_urlsafe(32),
                "AFTERCARE_DATA_KEYS": "test:" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                "EHR_SECRET": SECRET,
            }
        )
        app = create_app(settings, knowledge=knowledge)
        yield Launched(ehr, app.test_client())
        app.extensions[EXTENSION].store.close()
