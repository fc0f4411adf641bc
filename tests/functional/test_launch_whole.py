"""Launches through the sandbox: every issuer, standalone, side by side, headers, cookies, sign-out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from sandbox.testing import RunningSandbox, start_sandbox
from smart_app.workflow.launching import client_for
from tests.support.app_server import SLUGS, LaunchedPage, RunningApp, heading_of, launch, launched, start_app

ONE, TWO = "varkonyi", "oyelaran"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(only=[ONE, TWO]) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox) as running:
        yield running


def name_of(sandbox: RunningSandbox, patient: str) -> str:
    found = next(row["name"] for row in sandbox.get("/patients") if row["id"] == patient)
    return str(found).split()[-1]


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("patient", [ONE, TWO])
def test_a_launch_ends_on_the_page_of_its_own_patient(
    app: RunningApp, sandbox: RunningSandbox, slug: str, patient: str
) -> None:
    page = launch(app, sandbox, slug, patient)
    other = TWO if patient == ONE else ONE
    assert page.response.status_code == 200
    assert name_of(sandbox, patient) in page.text
    assert name_of(sandbox, other) not in page.text
    assert "eyJ" not in page.text


def test_a_clinician_who_signs_in_and_consents_by_hand_gets_there_too(app: RunningApp, sandbox: RunningSandbox) -> None:
    session = app.session()
    response = session.get(sandbox.launch_url(ONE, auto=False), timeout=30)
    assert "/authorize" in response.url
    response = submit(session, response, username="ada", password="sandbox")
    response = submit(session, response, decision="allow")
    assert name_of(sandbox, ONE) in launched(app, session, response).text


def test_a_standalone_launch_lets_the_user_choose_the_patient(app: RunningApp, sandbox: RunningSandbox) -> None:
    session = app.session()
    response = session.get(f"{app.url}/launch", params={"iss": sandbox.fhir_base()}, timeout=30)
    asked = parse_qs(urlsplit(response.url).query)
    assert "launch" not in asked
    assert "launch/patient" in asked["scope"][0].split()
    response = submit(session, response, username="ada", password="sandbox")
    response = submit(session, response, patient=TWO)
    response = submit(session, response, decision="allow")
    page = launched(app, session, response)
    assert name_of(sandbox, TWO) in page.text


def test_a_user_who_refuses_is_told_so_and_nothing_was_asked_of_the_token_endpoint(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    session = app.session()
    response = session.get(sandbox.launch_url(ONE, auto=False), timeout=30)
    response = submit(session, response, username="ada", password="sandbox")
    response = submit(session, response, decision="deny")
    assert response.status_code == 403
    assert heading_of(response.text) == "The EHR did not let Aftercare in"


def test_fewer_scopes_than_asked_leave_a_page_that_says_what_was_not_granted(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    session = app.session()
    response = session.get(sandbox.launch_url(ONE, auto=False), timeout=30)
    response = submit(session, response, username="ada", password="sandbox")
    granted = ["openid", "fhirUser", "launch", "patient/Patient.r", "patient/Condition.rs"]
    response = submit(session, response, decision="allow", scope=granted)
    page = launched(app, session, response)
    context = app.services.contexts.require(page.handle, page.cookie_value())
    assert set(context.scopes) == set(granted)
    assert "not granted at this launch" in page.text


def submit(session: requests.Session, response: requests.Response, **values: object) -> requests.Response:
    """Send the form of a page of the sandbox."""
    action = re.search(r'<form method="post" action="([^"]+)"', response.text)
    ticket = re.search(r'name="ticket" value="([^"]+)"', response.text)
    assert action
    assert ticket
    origin = f"http://{urlsplit(response.url).netloc}"
    return session.post(origin + action[1], data={"ticket": ticket[1], **values}, timeout=30)


def test_two_patients_side_by_side_in_one_browser_never_mix(app: RunningApp, sandbox: RunningSandbox) -> None:
    browser = app.session()
    one = launch(app, sandbox, "open", ONE, session=browser)
    two = launch(app, sandbox, "epic-like", TWO, session=browser)
    again = launch(app, sandbox, "open", ONE, session=browser)
    expected = [(one, ONE, TWO), (two, TWO, ONE), (again, ONE, TWO)]
    for page, own, other in [*expected, *reversed(expected), expected[1], expected[0]]:
        text = page.get().text
        assert name_of(sandbox, own) in text
        assert name_of(sandbox, other) not in text
        assert page.get().headers["X-Context"] == page.handle
    assert len({one.handle, two.handle, again.handle}) == 3


def test_the_address_without_its_cookie_opens_nothing(app: RunningApp, sandbox: RunningSandbox) -> None:
    page, other = launch(app, sandbox, "open", ONE), launch(app, sandbox, "open", TWO)
    family = name_of(sandbox, ONE)
    for session in (app.session(), other.session):
        for path in ("", "plan", "handout", "handout.pdf", "rules", "calendar.ics", "handover.pdf", "facts"):
            response = session.get(page.base + path, timeout=30)
            assert response.status_code in (401, 404), path
            assert family not in response.text
    swapped = app.session()
    name = next(name for name in dict(page.session.cookies) if name.startswith("scp-"))
    swapped.cookies.set(name, other.cookie_value(), domain="127.0.0.1")
    assert swapped.get(page.base, timeout=30).status_code == 401
    assert page.get().status_code == 200


def test_signing_out_ends_this_launch_and_no_other(app: RunningApp, sandbox: RunningSandbox) -> None:
    browser = app.session()
    one = launch(app, sandbox, "open", ONE, session=browser)
    two = launch(app, sandbox, "open", TWO, session=browser)
    cookies = dict(browser.cookies)
    context = app.services.contexts.require(one.handle, one.cookie_value())
    token = client_for(app.services, context)._access_token()
    response = one.post("sign-out")
    assert response.status_code == 200
    assert heading_of(response.text) == "You are signed out"
    assert response.history[0].headers["Clear-Site-Data"] == '"cache", "storage"'
    for name, value in cookies.items():
        browser.cookies.set(name, value, domain="127.0.0.1")
    gone = one.get()
    assert gone.status_code == 401
    assert heading_of(gone.text) == "This session has ended"
    assert two.get().status_code == 200
    refused = requests.get(
        f"{sandbox.fhir_base()}/Patient/{ONE}", headers={"Authorization": f"Bearer {token}"}, timeout=10
    )
    assert refused.status_code == 401, "the token was revoked at the EHR"


@pytest.mark.parametrize(
    ("headers", "token", "status"),
    [
        ({}, "right", 200),
        ({"Sec-Fetch-Site": "none"}, "right", 403),
        ({"Sec-Fetch-Site": "same-site"}, "right", 403),
        ({"Sec-Fetch-Site": "cross-site"}, "right", 403),
        ({"Origin": "https://evil.example"}, "right", 403),
        ({"Origin": "null"}, "right", 403),
        ({"Origin": "http://127.0.0.1"}, "right", 403),
        ({"Origin": None}, "right", 403),
        ({}, "other", 403),
        ({}, "", 403),
        ({}, None, 403),
        ({"Sec-Fetch-Site": None}, "right", 200),
    ],
)
def test_a_form_is_taken_only_from_this_launchs_own_page(
    app: RunningApp, sandbox: RunningSandbox, headers: dict[str, str | None], token: str | None, status: int
) -> None:
    browser = app.session()
    page = launch(app, sandbox, "open", ONE, session=browser)
    other = launch(app, sandbox, "open", TWO, session=browser)
    fields = {
        "form_token": page.form_token() if token == "right" else other.form_token() if token == "other" else token
    }
    sent = {"Origin": app.url, "Sec-Fetch-Site": "same-origin", **headers}
    response = page.session.post(
        page.base + "sign-out",
        data={name: value for name, value in fields.items() if value is not None},
        headers={name: value for name, value in sent.items() if value is not None},
        timeout=30,
    )
    assert response.status_code == status
    assert (page.get().status_code == 200) is (status == 403)


def test_every_answer_carries_the_headers_also_errors_and_files(app: RunningApp, sandbox: RunningSandbox) -> None:
    page = launch(app, sandbox, "open", ONE)
    answers = [
        page.get(),
        page.get("nothing-here"),
        app.session().get(page.base, timeout=30),
        app.session().get(f"{app.url}/launch?iss=http://evil.example", timeout=30),
        app.session().get(f"{app.url}/healthz", timeout=30),
        app.session().get(f"{app.url}/static/aftercare.css", timeout=30),
        app.session().get(f"{app.url}/static/none.css", timeout=30),
        app.session().post(f"{app.url}/launch", timeout=30),
        app.session().get(f"{app.url}/launch", params={"iss": sandbox.fhir_base()}, allow_redirects=False, timeout=30),
    ]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'nonce-"), answer.url
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Vary"] == "Cookie, Sec-Fetch-Dest"
        assert "X-Frame-Options" not in answer.headers
        assert not any(name.lower().startswith("access-control") for name in answer.headers)
        assert "Strict-Transport-Security" not in answer.headers, "demo mode is http"
    assert f"frame-ancestors {sandbox.url};" in answers[0].headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answers[5].headers["Content-Security-Policy"]
    nonces = {re.search(r"nonce-([\w-]+)", answer.headers["Content-Security-Policy"])[1] for answer in answers}  # type: ignore[index] # shown above
    assert len(nonces) == len(answers)


def test_a_static_file_with_its_digest_may_be_kept_and_the_keys_for_an_hour(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    page = launch(app, sandbox, "open", ONE)
    found = re.search(r'href="(/static/aftercare\.css\?v=\w+)"', page.text)
    assert found
    kept = app.session().get(app.url + found[1], timeout=30)
    assert kept.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    other = app.session().get(app.url + found[1][:-3] + "xyz", timeout=30)
    assert other.headers["Cache-Control"] == "no-store"
    keys = app.session().get(f"{app.url}/.well-known/jwks.json", timeout=30)
    assert keys.headers["Cache-Control"] == "public, max-age=3600"
    assert sorted(row["alg"] for row in keys.json()["keys"]) == ["ES384", "RS384"]


def test_the_cookies_are_marked_as_they_must_be(app: RunningApp, sandbox: RunningSandbox) -> None:
    session = app.session()
    probe = session.get(sandbox.launch_url(ONE), allow_redirects=False, timeout=30)
    assert re.match(r"probe=1; Max-Age=60; HttpOnly; Path=/; SameSite=Lax$", only(probe, "probe"))
    go = session.get(app.url + probe.headers["Location"], allow_redirects=False, timeout=30)
    assert re.match(r"tx-[0-9a-f]{8}=[\w-]{43}; Max-Age=600; HttpOnly; Path=/; SameSite=Lax$", only(go, "tx-"))
    back = session.get(go.headers["Location"], allow_redirects=False, timeout=30)
    end = session.get(back.headers["Location"], allow_redirects=False, timeout=30)
    assert re.match(r"scp-[0-9a-f]{8}=[\w-]{43}; HttpOnly; Path=/; SameSite=Lax$", only(end, "scp-"))
    assert "Max-Age=0" in only(end, "tx-")
    for answer in (probe, go, back, end):
        assert all(len(cookie) < 200 for cookie in answer.raw.headers.getlist("Set-Cookie"))


def only(answer: requests.Response, start: str) -> str:
    found = [cookie for cookie in answer.raw.headers.getlist("Set-Cookie") if cookie.startswith(start)]
    assert len(found) == 1, found
    text: str = re.sub(r"Expires=[^;]+; ", "", found[0])
    return text


def test_a_browser_without_cookies_is_offered_a_window_before_the_launch_token_is_spent(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    url = sandbox.launch_url(ONE)
    first = requests.get(url, allow_redirects=False, timeout=30)
    page = requests.get(app.url + first.headers["Location"], timeout=30)
    assert heading_of(page.text) == "Open Aftercare in a new window"
    assert 'target="_blank" rel="noopener"' in page.text
    window = re.search(r'href="(/launch\?[^"]+)" target', page.text)
    assert window
    session = app.session()
    response = session.get(app.url + window[1].replace("&amp;", "&"), timeout=30)
    assert name_of(sandbox, ONE) in launched(app, session, response).text


def test_localhost_is_sent_to_the_one_address_that_cookies_belong_to(app: RunningApp) -> None:
    response = requests.get(
        app.url.replace("127.0.0.1", "localhost") + "/launch?iss=x&launch=y", allow_redirects=False, timeout=30
    )
    assert response.status_code == 307
    assert response.headers["Location"] == f"{app.url}/launch?iss=x&launch=y"


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "evil.example:80", ""])
def test_another_host_name_is_refused(app: RunningApp, host: str) -> None:
    response = requests.get(f"{app.url}/healthz", headers={"Host": host}, timeout=30)
    assert response.status_code in (400, 421)


def test_the_sandbox_ehr_page_may_frame_the_app_and_others_may_not(app: RunningApp, sandbox: RunningSandbox) -> None:
    page = requests.get(f"{app.url}/launch?iss=http://unknown.example/fhir", timeout=30)
    assert page.status_code == 400
    assert f"frame-ancestors {sandbox.url};" in page.headers["Content-Security-Policy"]


def test_more_than_eight_launches_end_the_oldest(app: RunningApp, sandbox: RunningSandbox) -> None:
    browser = app.session()
    pages: list[LaunchedPage] = [launch(app, sandbox, "open", ONE, session=browser) for _ in range(9)]
    assert [page.get().status_code for page in pages] == [401] + [200] * 8
    for page in pages[1:]:
        page.post("sign-out")


def test_health_says_alive_ready_and_counts_only_to_those_who_may_know(app: RunningApp) -> None:
    assert requests.get(f"{app.url}/healthz", timeout=10).json() == {"status": "alive"}
    ready = requests.get(f"{app.url}/readyz", timeout=10)
    assert ready.status_code == 200
    assert ready.json()["checks"] == {"content": True, "issuers": True, "keys": True, "store": True}
    text = requests.get(f"{app.url}/metrics", timeout=10).text
    assert 'aftercare_requests_total{method="GET",route="/c/<handle>/",status="200"}' in text
    assert "aftercare_contexts_live" in text
    assert ONE not in text
