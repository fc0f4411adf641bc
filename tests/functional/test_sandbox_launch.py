"""The sandbox's authorization server: launches, sign-in and consent, authorization requests."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from sandbox.browserless import Exchange, authorize, exchange_code, fhir_session, launch_of, sign_in
from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.tiny_charts import AS_OF, CALLBACK, tiny_patients


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(patients=tiny_patients, as_of=AS_OF) as running:
        yield running


def ask(sandbox: RunningSandbox, method: str = "GET", **changes: str | None) -> requests.Response:
    """An authorization request with some parameters changed or, with None, left out."""
    iss, launch = launch_of(sandbox.launch_url("tiny"))
    exchange = Exchange(iss, redirect_uri=CALLBACK)
    parameters = {**exchange.parameters(launch), **changes}
    given = {name: value for name, value in parameters.items() if value is not None}
    where = {"params": given} if method == "GET" else {"data": given}
    url = exchange.configuration["authorization_endpoint"]
    return requests.request(method, url, allow_redirects=False, timeout=10, **where)  # type: ignore[arg-type]


def error_of(answer: requests.Response) -> str:
    assert answer.status_code == 302, answer.text
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["iss"]
    return query["error"][0]


def test_a_clinician_signs_in_and_the_app_gets_the_patient_of_the_chart(sandbox: RunningSandbox) -> None:
    token = sign_in(sandbox.launch_url("tiny", auto=False), CALLBACK)
    assert token["patient"] == "tiny"
    assert token["encounter"] == "tiny-visit"
    assert token["token_type"] == "Bearer"
    assert token["scope"].split() == ["openid", "fhirUser", "launch", "patient/*.rs"]
    assert token["need_patient_banner"] is True
    assert "refresh_token" not in token
    found = fhir_session(token).get(f"{token['iss']}/Observation?patient=tiny").json()
    assert found["total"] == 7


def test_auto_skips_sign_in_and_consent(sandbox: RunningSandbox) -> None:
    answer = ask(sandbox)
    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["code"]
    assert query["iss"] == [sandbox.place.issuers["open"].server.issuer]


def test_the_authorization_request_may_be_posted(sandbox: RunningSandbox) -> None:
    assert "code=" in ask(sandbox, "POST").headers["Location"]


def test_a_standalone_launch_lets_the_user_pick_the_patient(sandbox: RunningSandbox) -> None:
    url = sandbox.get("/launch-url?issuer=open")["url"]
    token = sign_in(url, CALLBACK, "openid launch/patient patient/Patient.rs", patient="other", username="ben")
    assert token["patient"] == "other"
    assert fhir_session(token).get(f"{token['iss']}/Patient/other").status_code == 200
    assert fhir_session(token).get(f"{token['iss']}/Patient/tiny").status_code == 403


def test_a_patient_who_is_not_in_the_record_cannot_be_picked(sandbox: RunningSandbox) -> None:
    url = sandbox.get("/launch-url?issuer=open")["url"]
    with pytest.raises(requests.HTTPError):
        sign_in(url, CALLBACK, "launch/patient patient/Patient.rs", patient="nobody")


def test_an_unknown_user_cannot_sign_in(sandbox: RunningSandbox) -> None:
    with pytest.raises(requests.HTTPError, match="401"):
        sign_in(sandbox.launch_url("tiny", auto=False), CALLBACK, username="mallory")


def test_saying_no_gives_access_denied(sandbox: RunningSandbox) -> None:
    iss, launch = launch_of(sandbox.launch_url("tiny", auto=False))
    query = parse_qs(urlsplit(authorize(Exchange(iss, redirect_uri=CALLBACK), launch, decision="deny")).query)
    assert query["error"] == ["access_denied"]


def test_scopes_that_are_not_ticked_are_not_granted(sandbox: RunningSandbox) -> None:
    iss, launch = launch_of(sandbox.launch_url("tiny", auto=False))
    exchange = Exchange(iss, redirect_uri=CALLBACK, scope="launch patient/Observation.rs patient/Condition.rs")
    session = requests.Session()
    page = session.get(exchange.configuration["authorization_endpoint"], params=exchange.parameters(launch), timeout=10)
    base = page.url.partition("/authorize")[0]
    ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
    session.post(f"{base}/sign-in", {"ticket": ticket, "username": "ada", "password": "x"}, timeout=10)
    answer = session.post(
        f"{base}/consent",
        {"ticket": ticket, "decision": "allow", "scope": ["launch", "patient/Observation.rs"]},
        allow_redirects=False,
        timeout=10,
    )
    assert exchange_code(exchange, answer.headers["Location"]).json()["scope"] == "launch patient/Observation.rs"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"aud": None}, "invalid_request"),
        ({"aud": "https://elsewhere.example/fhir"}, "invalid_request"),
        ({"state": None}, "invalid_request"),
        ({"launch": "made-up"}, "invalid_request"),
        ({"launch": None}, "invalid_request"),
        ({"scope": "patient/Nothing.rs"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"response_type": "token"}, "unsupported_response_type"),
    ],
    ids=lambda value: ",".join(value) if isinstance(value, dict) else value,
)
def test_a_bad_authorization_request_goes_back_with_an_error(
    sandbox: RunningSandbox, changes: dict[str, str | None], error: str
) -> None:
    assert error_of(ask(sandbox, **changes)) == error


def test_confidential_clients_need_pkce_too(sandbox: RunningSandbox) -> None:
    changes: dict[str, str | None] = {"client_id": "aftercare-demo-basic", "code_challenge": None}
    assert error_of(ask(sandbox, **changes)) == "invalid_request"


@pytest.mark.parametrize(
    "redirect_uri",
    [
        None,
        f"{CALLBACK}/",
        f"{CALLBACK}?x=1",
        "http://127.0.0.1:8000/callback",
        "https://evil.example/",
        "javascript:'\"",
    ],
)
def test_another_redirect_uri_gets_a_page_and_no_redirect(sandbox: RunningSandbox, redirect_uri: str | None) -> None:
    answer = ask(sandbox, redirect_uri=redirect_uri)
    assert answer.status_code == 400
    assert "Location" not in answer.headers
    assert "Sign-in refused" in answer.text


def test_an_unknown_client_gets_a_page(sandbox: RunningSandbox) -> None:
    assert ask(sandbox, client_id="nobody").status_code == 400


def test_a_launch_belongs_to_its_issuer(sandbox: RunningSandbox) -> None:
    _, launch = launch_of(sandbox.launch_url("tiny", "epic-like"))
    assert error_of(ask(sandbox, launch=launch)) == "invalid_request"


def test_the_id_token_is_signed_and_names_the_user(sandbox: RunningSandbox) -> None:
    token = sign_in(sandbox.launch_url("tiny", user="ben"), CALLBACK)
    configuration = requests.get(f"{token['iss']}/.well-known/smart-configuration", timeout=10).json()
    keys = KeySet.import_key_set(requests.get(configuration["jwks_uri"], timeout=10).json())
    decoded = jwt.decode(token["id_token"], keys, algorithms=["RS256"])
    assert decoded.header["kid"]
    assert decoded.claims["iss"] == configuration["issuer"]
    assert decoded.claims["aud"] == "aftercare-demo"
    assert decoded.claims["nonce"] == token["nonce"]
    assert decoded.claims["sub"] == "ben"
    assert decoded.claims["fhirUser"] == f"{token['iss']}/Practitioner/sandbox-colleague"
    assert "d" not in requests.get(configuration["jwks_uri"], timeout=10).json()["keys"][0]


def test_a_nonce_is_good_once(sandbox: RunningSandbox) -> None:
    iss, launch = launch_of(sandbox.launch_url("tiny"))
    exchange = Exchange(iss, redirect_uri=CALLBACK)
    authorize(exchange, launch)
    assert error_of(ask(sandbox, nonce=exchange.nonce)) == "invalid_request"


def test_prompt_none_cannot_sign_in_silently(sandbox: RunningSandbox) -> None:
    _, launch = launch_of(sandbox.launch_url("tiny", auto=False))
    assert error_of(ask(sandbox, launch=launch, prompt="none")) == "login_required"


def test_the_launch_can_carry_more_context(sandbox: RunningSandbox) -> None:
    more = {"intent": "reconcile", "banner": "0", "encounter": "tiny-visit", "fhirContext": "CarePlan/tiny-plan"}
    token = sign_in(sandbox.launch_url("tiny", **more), CALLBACK)
    assert token["fhirContext"] == [{"reference": "CarePlan/tiny-plan"}]
    assert (token["intent"], token["need_patient_banner"], token["encounter"]) == ("reconcile", False, "tiny-visit")


def test_the_configuration_says_what_smart_asks_for(sandbox: RunningSandbox) -> None:
    found = requests.get(f"{sandbox.fhir_base()}/.well-known/smart-configuration", timeout=10).json()
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert {"launch-ehr", "launch-standalone", "client-public", "sso-openid-connect", "permission-v2"} <= set(
        found["capabilities"]
    )
    assert found["grant_types_supported"] == ["authorization_code", "refresh_token"]
    openid = requests.get(f"{found['issuer']}/.well-known/openid-configuration", timeout=10).json()
    assert openid["jwks_uri"] == found["jwks_uri"]
