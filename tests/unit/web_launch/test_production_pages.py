"""What production mode sends: cookies for frames, strict transport, pages without an EHR behind them (http.md 3)."""

from __future__ import annotations

import base64
import io
import re
import secrets
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from smart_app import errors
from smart_app.app import create_app
from smart_app.errors import DiscoveryError, TemporaryFhirError
from smart_app.settings import Issuer, Settings
from smart_app.smart.configuration import SmartConfiguration
from smart_app.web.logs import EventLog
from smart_app.web.problems import HTTP_PROBLEMS, PROBLEMS, new_reference, problem_of
from smart_app.web.services import EXTENSION
from smart_app.workflow.services import Services
from tests.support.app_server import TestClock

PUBLIC = "https://aftercare.lakeside.example"
FHIR = "https://fhir.lakeside.example/r4"
LAKESIDE = Issuer("lakeside", FHIR, "aftercare", frame_ancestors=("https://ehr.lakeside.example",))
UNFRAMED = Issuer("plain", "https://fhir.plain.example", "aftercare", framed=False)
POPOUT = Issuer(
    "popout", "https://fhir.popout.example", "aftercare", launch_mode="popout", frame_ancestors=("https://p.example",)
)
FRAME_ONLY = Issuer("frame", "https://fhir.frame.example", "aftercare", launch_mode="frame")


class StillClock(TestClock):
    """No time passes by itself: a slow machine must not refill a bucket."""

    __test__ = False

    def monotonic(self) -> float:
        """Seconds that only a test moves."""
        return self.offset


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    store = tmp_path_factory.mktemp("store")
    settings = Settings(
        mode="production",
        host="127.0.0.1",
        port=8000,
        public_url=PUBLIC,
        issuers=(LAKESIDE, UNFRAMED, POPOUT, FRAME_ONLY),
        store=f"sqlite:///{store}/s.db",
        secret_key=secrets.token_urlsafe(48),
        data_keys=f"k:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}",
        rate_per_minute=1000,
    )
    made = create_app(settings, StillClock(), EventLog(io.StringIO()))
    services: Services = made.extensions[EXTENSION]
    for issuer in settings.issuers:
        origin = issuer.iss.removesuffix("/r4")
        known = SmartConfiguration(f"{origin}/authorize", f"{origin}/token", origin, f"{origin}/jwks")
        services.network.discovery._kept[issuer.slug] = (services.clock.monotonic(), known)
    yield made
    services.store.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def get(client: FlaskClient, path: str, **options: Any) -> Any:
    return client.get(path, base_url=PUBLIC, **options)


def cookies(answer: Any) -> list[str]:
    return [re.sub(r"Expires=[^;]+; ", "", cookie) for cookie in answer.headers.getlist("Set-Cookie")]


def test_cookies_work_in_the_frame_of_the_ehr_and_nowhere_else(client: FlaskClient) -> None:
    probe = get(client, f"/launch?iss={FHIR}&launch=x")
    assert cookies(probe) == ["__Host-probe=1; Secure; HttpOnly; Max-Age=60; Path=/; SameSite=None; Partitioned"] or (
        set(cookies(probe)[0].split("; "))
        == {"__Host-probe=1", "Secure", "HttpOnly", "Max-Age=60", "Path=/", "SameSite=None", "Partitioned"}
    )
    go = get(client, probe.headers["Location"])
    assert go.status_code == 302
    assert go.headers["Location"].startswith("https://fhir.lakeside.example/authorize?")
    launch = next(cookie for cookie in cookies(go) if cookie.startswith("__Host-tx-"))
    parts = launch.split("; ")
    assert re.fullmatch(r"__Host-tx-[0-9a-f]{8}=[\w-]{43}", parts[0])
    assert set(parts[1:]) == {"Secure", "HttpOnly", "Max-Age=600", "Path=/", "SameSite=None", "Partitioned"}


def test_cookies_of_an_ehr_that_never_frames_are_lax(client: FlaskClient) -> None:
    probe = get(client, f"/launch?iss={UNFRAMED.iss}&launch=x")
    assert set(cookies(probe)[0].split("; ")[1:]) == {"Secure", "HttpOnly", "Max-Age=60", "Path=/", "SameSite=Lax"}
    assert "frame-ancestors 'none'" in probe.headers["Content-Security-Policy"]


def test_transport_is_strict_and_only_registered_ehrs_may_frame(client: FlaskClient) -> None:
    answer = get(client, f"/launch?iss={FHIR}&launch=x")
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
    policy = answer.headers["Content-Security-Policy"]
    assert "upgrade-insecure-requests" in policy
    assert "frame-ancestors https://ehr.lakeside.example;" in policy
    unknown = get(client, "/launch?iss=https://unknown.example")
    assert (
        "frame-ancestors https://ehr.lakeside.example https://p.example;" in unknown.headers["Content-Security-Policy"]
    )


def test_an_ehr_that_wants_a_window_gets_one_only_inside_a_frame(client: FlaskClient) -> None:
    path = f"/launch?iss={POPOUT.iss}&launch=x"
    framed = get(client, path, headers={"Sec-Fetch-Dest": "iframe"})
    assert framed.status_code == 200
    assert 'target="_blank"' in framed.text
    assert get(client, path, headers={"Sec-Fetch-Dest": "document"}).status_code == 302


def test_an_ehr_whose_windows_share_no_cookies_is_never_offered_one(client: FlaskClient) -> None:
    blocked = get(client, f"/launch/go?iss={FRAME_ONLY.iss}&launch=x")
    assert blocked.status_code == 200
    assert "new window" not in blocked.text
    assert "Allow cookies" in blocked.text


def test_the_launch_token_is_not_spent_while_cookies_are_probed(client: FlaskClient, app: Flask) -> None:
    before = app.extensions[EXTENSION].store.count("launch")
    get(client, f"/launch?iss={FHIR}&launch=x")
    fresh = app.test_client()
    get(fresh, f"/launch/go?iss={FHIR}&launch=x")
    assert app.extensions[EXTENSION].store.count("launch") == before


def test_counters_are_shown_only_to_the_addresses_of_the_settings(client: FlaskClient) -> None:
    assert get(client, "/metrics").status_code == 404
    allowed = replace(client.application.extensions[EXTENSION].settings)
    assert allowed.metrics_allow == ()


@pytest.mark.parametrize("forwarded", ["127.0.0.1", "127.0.0.1, 10.0.0.1", "::1"])
def test_an_address_that_a_browser_claims_is_not_believed(client: FlaskClient, forwarded: str) -> None:
    answer = get(client, "/metrics", headers={"X-Forwarded-For": forwarded, "X-Forwarded-Host": "evil.example"})
    assert answer.status_code == 404


@pytest.mark.parametrize("host", ["evil.example", "aftercare.lakeside.example.evil.example"])
def test_a_request_to_another_host_is_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/healthz", base_url=f"https://{host}")
    assert answer.status_code in (400, 421)
    assert answer.headers["Content-Security-Policy"]


def test_too_many_launches_of_one_address_are_told_to_wait(app: Flask) -> None:
    flood = app.test_client()
    answers = [
        get(flood, f"/launch?iss={FHIR}&launch=x", environ_overrides={"REMOTE_ADDR": "203.0.113.9"}) for _ in range(300)
    ]
    assert answers[-1].status_code == 429
    assert answers[-1].headers["Retry-After"] == "60"
    other = get(flood, f"/launch?iss={FHIR}&launch=x", environ_overrides={"REMOTE_ADDR": "203.0.113.10"})
    assert other.status_code == 302


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[[[[", b'{"csp-report": {"effective-directive": "script-src"}}', b"x" * 50_000]
)
def test_a_policy_report_of_any_content_is_only_counted(client: FlaskClient, body: bytes) -> None:
    answer = client.post("/csp-report", base_url=PUBLIC, data=body, content_type="application/csp-report")
    assert answer.status_code == 204


def test_a_request_that_is_too_large_is_refused_with_words(client: FlaskClient) -> None:
    answer = client.post("/csp-report", base_url=PUBLIC, data=b"x" * 2_000_000)
    assert answer.status_code == 413
    assert "Too much text" in answer.text


@pytest.mark.parametrize("path", ["/c/", "/c/x", "/c/x/", "/c/x/plan", "/admin", "/c/%00/", "/callback/", "/.env"])
def test_an_address_without_a_session_shows_a_page_and_no_patient(client: FlaskClient, path: str) -> None:
    answer = get(client, path)
    assert answer.status_code in (401, 404, 308)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch", "trace"])
def test_a_launch_is_a_get(client: FlaskClient, method: str) -> None:
    answer = client.open("/launch", base_url=PUBLIC, method=method.upper())
    assert answer.status_code == 405


def every_error() -> list[type[errors.AftercareError]]:
    found = [errors.AftercareError]
    for error in found:
        found.extend(error.__subclasses__())
    return [error for error in dict.fromkeys(found) if error.__module__ == errors.__name__]


@pytest.mark.parametrize("error", every_error(), ids=lambda error: error.__name__)
def test_every_error_has_its_own_row_that_says_what_to_do(error: type[errors.AftercareError]) -> None:
    row = PROBLEMS[error]
    assert row is problem_of(error)
    assert 400 <= row.status <= 599
    for text in (row.title, row.says, row.next_step):
        assert text[0].isupper() or text.startswith("{")
    assert row.says.endswith(".")
    assert row.next_step.endswith(".")


def test_an_unknown_error_and_an_ancestor_have_a_row() -> None:
    class StrangerError(TemporaryFhirError):
        pass

    assert problem_of(StrangerError) is PROBLEMS[TemporaryFhirError]
    assert problem_of(DiscoveryError) is PROBLEMS[DiscoveryError]
    assert problem_of(ValueError).status == 500
    assert HTTP_PROBLEMS[404].status == 404
    assert len({new_reference() for _ in range(500)}) == 500
