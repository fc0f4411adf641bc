"""Launches that must not succeed (F17, F18, F19, F37, F39, threats T01 to T04): each has its page, none a context."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
import requests

from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.app_server import SLUGS, RunningApp, demo_issuer, heading_of, launch, start_app
from tests.support.scripted_server import Reply, scripted_server

ONE = "varkonyi"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(only=[ONE]) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox) as running:
        yield running


@pytest.fixture(autouse=True)
def no_faults_left(sandbox: RunningSandbox) -> Iterator[None]:
    yield
    sandbox.set_faults()


def live(app: RunningApp) -> int:
    return app.services.contexts.live()


def until_callback(app: RunningApp, sandbox: RunningSandbox, session: requests.Session, slug: str = "open") -> str:
    """A launch, stopped just before its callback."""
    url = sandbox.launch_url(ONE, slug)
    while f"/callback/{slug}" not in url:
        response = session.get(url, allow_redirects=False, timeout=30)
        assert response.status_code == 302, response.text
        location = response.headers["Location"]
        url = location if location.startswith("http") else app.url + location
    return url


def changed(url: str, **changes: Any) -> str:
    """A callback address with some parameters changed, or taken out with None."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    query.update(changes)
    kept = {name: value for name, value in query.items() if value is not None}
    return f"{parts.scheme}://{parts.netloc}{parts.path}?{urlencode(kept, doseq=True)}"


@pytest.mark.parametrize(
    "iss",
    [
        "http://unknown.example/fhir",
        "https://unknown.example/fhir",
        "http://169.254.169.254/latest",
        "{base}/../x",
        "{base}?x=1",
        "{base}#x",
        "http://127.0.0.1:1@{host}/open/fhir",
        "",
        "not an address",
        "{base}x",
        "ht tp://x",
        "a" * 3000,
        "{base}\r\nX-Evil: 1",
    ],
)
def test_an_unknown_issuer_gets_400_and_no_request_leaves(app: RunningApp, sandbox: RunningSandbox, iss: str) -> None:
    base = sandbox.fhir_base()
    given = iss.format(base=base, host=urlsplit(base).netloc)
    for path in ("/launch", "/launch/go"):
        response = app.session().get(
            f"{app.url}{path}?iss={quote(given)}&launch=x", cookies={"probe": "1"}, timeout=30, allow_redirects=False
        )
        assert response.status_code == 400
        assert heading_of(response.text) == "This EHR is not registered"
        assert not response.headers.get("Set-Cookie")


@pytest.mark.parametrize("query", ["", "launch=x", "iss={base}&iss={base}", "iss={base}&launch=a&launch=b"])
def test_a_launch_that_names_no_or_two_issuers_is_refused(app: RunningApp, sandbox: RunningSandbox, query: str) -> None:
    response = requests.get(f"{app.url}/launch?{query.format(base=quote(sandbox.fhir_base()))}", timeout=30)
    assert response.status_code == 400


def test_a_slash_at_the_end_of_iss_is_the_same_issuer(app: RunningApp, sandbox: RunningSandbox) -> None:
    url = sandbox.launch_url(ONE).replace(
        quote(sandbox.fhir_base(), safe=""), quote(f"{sandbox.fhir_base()}/", safe="")
    )
    assert "%2F&" in url or "fhir/&" in url or "fhir%2F" in url
    assert app.session().get(url, timeout=30).status_code == 200


CALLBACKS: dict[str, dict[str, Any]] = {
    "no state": {"state": None},
    "empty state": {"state": ""},
    "another state": {"state": "x" * 43},
    "two states": {"state": ["a", "b"]},
    "no code": {"code": None},
    "two codes": {"code": ["a", "b"]},
    "iss of another": {"iss": "http://evil.example/fhir"},
    "no iss, though announced": {"iss": None},
    "two iss": {"iss": ["a", "b"]},
    "endless code": {"code": "a" * 9000},
}


@pytest.mark.parametrize("case", CALLBACKS, ids=lambda name: name.replace(" ", "-"))
@pytest.mark.parametrize("slug", SLUGS)
def test_a_callback_that_does_not_hold_opens_nothing(
    app: RunningApp, sandbox: RunningSandbox, case: str, slug: str
) -> None:
    session, before = app.session(), live(app)
    url = until_callback(app, sandbox, session, slug)
    response = session.get(changed(url, **CALLBACKS[case]), timeout=30)
    assert response.status_code == 400
    assert heading_of(response.text) == "Please start again"
    assert live(app) == before
    assert not any(name.startswith("scp-") for name in dict(session.cookies))


def test_a_callback_works_once(app: RunningApp, sandbox: RunningSandbox) -> None:
    session = app.session()
    url = until_callback(app, sandbox, session)
    kept = dict(session.cookies)
    assert session.get(url, timeout=30).status_code == 200
    before = live(app)
    session.cookies.update(kept)
    assert session.get(url, timeout=30).status_code == 400
    assert live(app) == before


def test_a_callback_in_another_browser_is_refused_and_spends_the_state(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    session, other, before = app.session(), app.session(), live(app)
    url = until_callback(app, sandbox, session)
    assert other.get(url, timeout=30).status_code == 400
    assert session.get(url, timeout=30).status_code == 400
    assert live(app) == before


def test_a_callback_at_the_address_of_another_issuer_is_refused(app: RunningApp, sandbox: RunningSandbox) -> None:
    session, before = app.session(), live(app)
    url = until_callback(app, sandbox, session, "open")
    moved = url.replace("/callback/open", "/callback/epic-like")
    assert session.get(moved, timeout=30).status_code == 400
    assert live(app) == before


def test_a_callback_of_no_issuer_is_refused(app: RunningApp) -> None:
    for slug in ("nobody", "open%2F..", "%00"):
        response = requests.get(f"{app.url}/callback/{slug}?code=a&state=b", timeout=30)
        assert response.status_code in (400, 404)


def test_a_launch_that_took_too_long_starts_again(app: RunningApp, sandbox: RunningSandbox) -> None:
    session = app.session()
    url = until_callback(app, sandbox, session)
    app.clock.forward(601)
    try:
        response = session.get(url, timeout=30)
    finally:
        app.clock.offset = 0.0
    assert response.status_code == 400
    assert heading_of(response.text) == "Please start again"


def test_cookies_planted_before_the_launch_are_never_adopted(app: RunningApp, sandbox: RunningSandbox) -> None:
    page = launch(app, sandbox, "open", ONE)
    victim = app.session()
    for name, value in page.session.cookies.items():
        victim.cookies.set(name, value, domain="127.0.0.1")
    own = launch(app, sandbox, "open", ONE, session=victim)
    assert own.handle != page.handle
    assert own.cookie_value() != page.cookie_value()


@pytest.mark.parametrize(
    ("error", "description"),
    [
        ("access_denied", "The user said no."),
        ("login_required", ""),
        ("unknown_code", "<script>alert(1)</script>"),
        ("server_error", '"><img src=x onerror=alert(1)>'),
        ("<b>not a code</b>", "x"),
        ("temporarily_unavailable", "é" * 500),
    ],
)
def test_an_error_of_the_authorization_server_is_told_in_words_and_escaped(
    app: RunningApp, sandbox: RunningSandbox, error: str, description: str
) -> None:
    session, before = app.session(), live(app)
    sandbox.set_faults({"on": "token", "kind": "oauth-error"})
    url = until_callback(app, sandbox, session)
    response = session.get(changed(url, code=None, error=error, error_description=description), timeout=30)
    assert response.status_code == 403
    assert heading_of(response.text) == "The EHR did not let Aftercare in"
    assert "<script>alert" not in response.text
    assert "<img" not in response.text
    assert "<b>not" not in response.text
    assert live(app) == before
    assert sandbox.get("/admin/faults")["faults"][0]["seen"] == 0, "no token request"


TOKEN_FAULTS: dict[str, tuple[dict[str, Any], int, str]] = {
    "invalid_grant": ({"kind": "oauth-error", "error": "invalid_grant"}, 502, "could not be completed"),
    "invalid_client": (
        {"kind": "oauth-error", "error": "invalid_client", "status": 401},
        502,
        "could not be completed",
    ),
    "500": ({"kind": "status", "status": 500}, 502, "could not be completed"),
    "html": ({"kind": "html", "status": 200}, 502, "could not be completed"),
    "empty": ({"kind": "empty"}, 502, "could not be completed"),
    "cut": ({"kind": "cut"}, 502, "could not be completed"),
    "reset": ({"kind": "reset"}, 502, "could not be completed"),
    "no token": ({"kind": "token-values", "values": {"access_token": None}}, 502, "could not be completed"),
    "mac": ({"kind": "token-values", "values": {"token_type": "mac"}}, 502, "could not be completed"),
    "no type": ({"kind": "token-values", "values": {"token_type": None}}, 502, "could not be completed"),
    "no patient": ({"kind": "token-values", "values": {"patient": None}}, 400, "No patient was chosen"),
    "patient as list": ({"kind": "token-values", "values": {"patient": ["a"]}}, 400, "No patient was chosen"),
    "patient as path": ({"kind": "token-values", "values": {"patient": "../x"}}, 400, "No patient was chosen"),
    "no id_token": ({"kind": "token-values", "values": {"id_token": None}}, 502, "could not be completed"),
    "id_token nonsense": ({"kind": "token-values", "values": {"id_token": "a.b.c"}}, 502, "could not be confirmed"),
    "bad signature": ({"kind": "id-token", "words": "bad-signature"}, 502, "could not be confirmed"),
    "unknown kid": ({"kind": "id-token", "words": "unknown-kid"}, 502, "could not be confirmed"),
    "alg none": ({"kind": "id-token", "words": "none"}, 502, "could not be confirmed"),
    "wrong iss": ({"kind": "id-token", "values": {"iss": "https://evil.example"}}, 502, "could not be confirmed"),
    "wrong aud": ({"kind": "id-token", "values": {"aud": "other"}}, 502, "could not be confirmed"),
    "wrong nonce": ({"kind": "id-token", "values": {"nonce": "other"}}, 502, "could not be confirmed"),
    "no nonce": ({"kind": "id-token", "values": {"nonce": None}}, 502, "could not be confirmed"),
    "no sub": ({"kind": "id-token", "values": {"sub": None}}, 502, "could not be confirmed"),
    "no iat": ({"kind": "id-token", "values": {"iat": None}}, 502, "could not be confirmed"),
    "expired": ({"kind": "id-token", "values": {"exp": 1_600_000_000}}, 502, "do not agree"),
    "from the future": ({"kind": "id-token", "values": {"iat": 4_000_000_000}}, 502, "do not agree"),
}


@pytest.mark.parametrize("case", TOKEN_FAULTS, ids=lambda name: name.replace(" ", "-"))
def test_a_token_answer_that_does_not_hold_opens_nothing_and_is_not_asked_again(
    app: RunningApp, sandbox: RunningSandbox, case: str
) -> None:
    fault, status, words = TOKEN_FAULTS[case]
    session, before = app.session(), live(app)
    sandbox.set_faults({"on": "token", **fault})
    response = session.get(sandbox.launch_url(ONE), timeout=30)
    assert response.status_code == status
    assert words in heading_of(response.text)
    assert live(app) == before
    assert urlsplit(response.url).path == "/callback/open", "no second way to authorize"
    assert sandbox.get("/admin/faults")["faults"][0]["seen"] == 1


@pytest.mark.parametrize(
    "values",
    [{"expires_in": None}, {"expires_in": 0}, {"expires_in": -1}, {"expires_in": "3600"}, {"expires_in": 10**9}],
)
def test_a_lifetime_that_cannot_be_true_does_not_stop_a_launch(
    app: RunningApp, sandbox: RunningSandbox, values: dict[str, Any]
) -> None:
    sandbox.set_faults({"on": "token", "kind": "token-values", "values": values})
    page = launch(app, sandbox, "open", ONE)
    assert page.response.status_code == 200


@pytest.mark.parametrize(
    "document",
    [
        {"token_endpoint": "https://evil.example/token"},
        {"authorization_endpoint": "https://evil.example/authorize"},
        {"jwks_uri": "https://evil.example/jwks"},
        {"authorization_endpoint": None},
        {"code_challenge_methods_supported": ["plain"]},
    ],
)
def test_a_changed_discovery_document_ends_the_launch_before_anything_is_sent(document: dict[str, Any]) -> None:
    with scripted_server(lambda _: Reply(body=b"")) as ehr:
        good = {
            "authorization_endpoint": f"{ehr.url}/authorize",
            "token_endpoint": f"{ehr.url}/token",
            "code_challenge_methods_supported": ["S256"],
            "capabilities": [],
        }
        made = {name: value for name, value in {**good, **document}.items() if value is not None}
        ehr.answer = lambda _: Reply(body=made, content_type="application/json")
        row = demo_issuer("open", f"{ehr.url}/open/fhir")
        with start_app(None, issuers=[row]) as app:
            response = app.session().get(f"{app.url}/launch?iss={quote(row.iss)}&launch=x", timeout=30)
    assert response.status_code == 502
    assert heading_of(response.text) == "The EHR's sign-in could not be found"
    assert ehr.paths() == ["/open/fhir/.well-known/smart-configuration"]


def test_a_code_of_one_ehr_never_reaches_another(app: RunningApp, sandbox: RunningSandbox) -> None:
    """Mix-up: the browser brings the code of an honest EHR to the callback of a hostile one."""
    with scripted_server(lambda _: Reply(404)) as evil:
        rows = [demo_issuer("open", sandbox.fhir_base()), demo_issuer("evil", f"{evil.url}/evil/fhir")]
        with start_app(sandbox, issuers=rows) as two:
            session = two.session()
            url = until_callback(two, sandbox, session)
            response = session.get(url.replace("/callback/open", "/callback/evil"), timeout=30)
            assert response.status_code == 400
            assert evil.asked == []
    sandbox.use_app(app.url)
