"""
What SMART App Launch 2.2 asks of an app, read from the requests that the app really sends.

docs/smart-requirements.md names these tests row by row.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from smart_app.settings import check_settings
from tests.support.recorded_launch import APP, METHODS, SECRET, Launched
from tests.support.recording_ehr import PATIENT, recording_ehr

by_method = pytest.mark.parametrize("slug", METHODS)


def assertion_of(launched: Launched) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of the client assertion, its signature checked against the app's published keys."""
    keys = launched.browser.get("/.well-known/jwks.json", base_url=APP).get_json()
    token = jwt.decode(
        launched.token_request().form["client_assertion"], KeySet.import_key_set(keys), algorithms=["RS384", "ES384"]
    )
    return dict(token.header), dict(token.claims)


def test_the_app_discovers_the_endpoints_by_the_well_known_document(launched: Launched) -> None:
    launched.begin()
    (request,) = launched.ehr.of("smart-configuration")
    assert request.path == "/public/fhir/.well-known/smart-configuration"
    assert request.method == "GET" and "application/json" in request.headers["accept"]
    assert launched.authorization.startswith(f"{launched.ehr.url}/public/authorize?")


def test_the_authorization_request_holds_every_required_parameter(launched: Launched) -> None:
    asked = launched.begin()
    assert asked["response_type"] == "code"
    assert asked["client_id"] == "client-public"
    assert asked["redirect_uri"] == f"{APP}/callback/public"
    assert asked["launch"] == "launch-token"
    assert asked["aud"] == f"{launched.ehr.url}/public/fhir"
    assert {"openid", "fhirUser", "launch"} <= set(asked["scope"].split())
    assert asked["code_challenge_method"] == "S256" and re.fullmatch(r"[\w-]{43}", asked["code_challenge"])


def test_a_standalone_launch_sends_no_launch_token_and_asks_for_the_patient(launched: Launched) -> None:
    asked = launched.begin(launch=None)
    assert "launch" not in asked
    assert "launch/patient" in asked["scope"].split() and "launch" not in asked["scope"].split()


def test_the_scopes_are_patient_scopes_without_wildcard_or_delete(launched: Launched) -> None:
    scopes = [scope for scope in launched.begin()["scope"].split() if "/" in scope and not scope.startswith("launch")]
    assert scopes
    assert len({scope.partition(".")[0] for scope in scopes}) == len(scopes), (
        "a type is named twice: not the shortest form"
    )
    for scope in scopes:
        assert re.fullmatch(r"(patient|user)/[A-Z][A-Za-z]+\.c?r?u?s?(\?.*)?", scope), scope
        assert "*" not in scope
    assert all(scope.startswith("patient/") for scope in scopes if "Practitioner" not in scope and "Org" not in scope)


def test_the_state_is_unpredictable_and_new_for_every_launch(launched: Launched) -> None:
    states = {launched.begin()["state"] for _ in range(5)}
    assert len(states) == 5
    assert all(len(base64.urlsafe_b64decode(state + "=" * (-len(state) % 4))) * 8 >= 122 for state in states)


def test_the_address_of_the_authorization_request_stays_within_what_every_server_takes(launched: Launched) -> None:
    launched.begin()
    assert len(launched.authorization) < 2000


def test_no_parameter_asks_for_what_a_server_may_not_know(launched: Launched) -> None:
    assert not {"max_age", "claims", "prompt", "acr_values"} & set(launched.begin())


def test_an_answer_with_an_unknown_state_is_refused_and_asks_for_no_token(launched: Launched) -> None:
    launched.begin()
    assert launched.finish(state="somebody-elses").status_code in (400, 403)
    assert not launched.ehr.of("/token")


def test_an_answer_in_another_browser_is_refused(launched: Launched) -> None:
    launched.begin()
    other = launched.browser.application.test_client()
    query = {"code": "the-code", "state": launched.asked["state"]}
    answer = other.get("/callback/public", base_url=APP, query_string=query)
    assert answer.status_code in (400, 403)
    assert not launched.ehr.of("/token")


def test_an_answer_is_used_once(launched: Launched) -> None:
    launched.whole()
    assert launched.finish().status_code in (400, 403)
    assert len(launched.ehr.of("/token")) == 1


def test_what_comes_back_is_never_forwarded_or_run(launched: Launched) -> None:
    launched.begin()
    evil = "<script>alert(1)</script>"
    answer = launched.finish(code=None, error="access_denied", error_description=evil, redirect="https://evil.example/")
    assert answer.status_code in (400, 403, 502) and answer.location is None
    assert evil not in answer.text and "evil.example" not in answer.text


@by_method
def test_the_code_is_traded_by_a_form_post_with_its_verifier(launched: Launched, slug: str) -> None:
    asked = launched.begin(slug)
    launched.finish(slug)
    request = launched.token_request()
    assert request.method == "POST"
    assert request.headers["content-type"].startswith("application/x-www-form-urlencoded")
    assert request.form["grant_type"] == "authorization_code"
    assert request.form["code"] == "the-code"
    assert request.form["redirect_uri"] == asked["redirect_uri"] == f"{APP}/callback/{slug}"
    digest = hashlib.sha256(request.form["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"]


def test_a_public_app_names_itself_and_proves_nothing(launched: Launched) -> None:
    launched.whole("public")
    request = launched.token_request()
    assert request.form["client_id"] == "client-public"
    assert "authorization" not in request.headers
    assert not {"client_secret", "client_assertion"} & set(request.form)


def test_a_secret_goes_by_http_basic(launched: Launched) -> None:
    launched.whole("basic")
    request = launched.token_request()
    assert request.basic == f"client-basic:{SECRET}"
    assert not {"client_secret", "client_id"} & set(request.form)


def test_a_secret_goes_in_the_form_only_where_the_registry_says_so(launched: Launched) -> None:
    launched.whole("post")
    request = launched.token_request()
    assert request.form["client_secret"] == SECRET and request.form["client_id"] == "client-post"
    assert "authorization" not in request.headers


@pytest.mark.parametrize(("slug", "algorithm"), [("rsa", "RS384"), ("ec", "ES384")])
def test_the_assertion_is_signed_short_lived_and_addressed(launched: Launched, slug: str, algorithm: str) -> None:
    launched.whole(slug)
    request = launched.token_request()
    assert request.form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert "authorization" not in request.headers and "client_secret" not in request.form
    header, claims = assertion_of(launched)
    assert (header["alg"], header["typ"]) == (algorithm, "JWT") and header["kid"]
    assert claims["iss"] == claims["sub"] == f"client-{slug}"
    assert claims["aud"] == f"{launched.ehr.url}/{slug}/token"
    assert time.time() < claims["exp"] <= time.time() + 300
    assert "jku" not in header or header["jku"] == f"{APP}/.well-known/jwks.json"


def test_every_assertion_has_an_identifier_of_its_own(launched: Launched) -> None:
    for _ in range(2):
        launched.whole("rsa")
    first, second = (request.form["client_assertion"] for request in launched.ehr.of("/token"))
    identifiers = {json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))["jti"]
                   for part in (first.split(".")[1], second.split(".")[1])}  # fmt: skip
    assert len(identifiers) == 2


def test_the_published_keys_are_bare_public_keys_that_may_be_cached(launched: Launched) -> None:
    answer = launched.browser.get("/.well-known/jwks.json", base_url=APP)
    assert answer.status_code == 200 and "max-age" in answer.headers["Cache-Control"]
    assert answer.mimetype in ("application/json", "application/jwk-set+json")
    keys = answer.get_json()["keys"]
    assert {key["kty"] for key in keys} == {"RSA", "EC"}
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert {"n", "e"} <= set(key) if key["kty"] == "RSA" else {"crv", "x", "y"} <= set(key)
        assert not {"d", "p", "q", "dp", "dq", "qi", "k", "oth"} & set(key)


def test_every_request_for_data_carries_the_token_as_bearer_and_only_there(launched: Launched) -> None:
    page = launched.browser.get(launched.whole(), base_url=APP)
    assert page.status_code == 200
    assert launched.ehr.fhir()
    for request in launched.ehr.fhir():
        assert request.headers["authorization"] == "Bearer first-token"
        assert "first-token" not in request.path + json.dumps(request.query) + request.body
    assert "first-token" not in page.text and "first-refresh" not in page.text


def test_no_token_is_kept_in_a_cookie_or_in_the_clear(launched: Launched, tmp_path: Path) -> None:
    launched.browser.get(launched.whole(), base_url=APP)
    cookies = [cookie.value for cookie in launched.browser._cookies.values()]
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("store.db*"))
    for token in ("first-token", "first-refresh"):
        assert not any(token in value for value in cookies)
        assert token.encode() not in stored
    assert stored and b"PRIVATE KEY" not in stored


def test_a_reference_to_another_server_is_not_followed(launched: Launched) -> None:
    with recording_ehr() as thief:
        report = {
            "resourceType": "DiagnosticReport",
            "id": "r",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "22637-3"}]},
            "subject": {"reference": f"Patient/{PATIENT}"},
            "presentedForm": [{"contentType": "text/plain", "url": f"{thief.url}/fhir/Binary/1"}],
            "result": [{"reference": f"{thief.url}/fhir/Observation/1"}],
        }
        bundle = {
            "resourceType": "Bundle",
            "type": "searchset",
            "link": [{"relation": "next", "url": f"{thief.url}/fhir/DiagnosticReport?page=2"}],
            "entry": [{"resource": report}],
        }
        launched.ehr.records["DiagnosticReport"] = bundle
        launched.ehr.token_changes["scope"] = "launch openid fhirUser patient/*.rs"
        assert launched.browser.get(launched.whole(), base_url=APP).status_code == 200
        assert launched.ehr.of("/DiagnosticReport")
        assert thief.requests == []


def test_fewer_scopes_than_asked_are_respected_and_said(launched: Launched) -> None:
    launched.ehr.token_changes["scope"] = "launch openid fhirUser patient/Patient.rs patient/Condition.rs"
    page = launched.browser.get(launched.whole(), base_url=APP)
    assert page.status_code == 200
    asked_for = {request.path.rpartition("/fhir/")[2].partition("/")[0] for request in launched.ehr.fhir()}
    assert "Observation" not in asked_for
    assert "not-read" in page.text


def test_an_id_token_is_validated_before_anything_is_opened(launched: Launched) -> None:
    launched.begin()
    launched.ehr.nonce = "another"
    answer = launched.finish()
    assert answer.status_code >= 400 and answer.location is None
    assert launched.ehr.of("/jwks") and not launched.ehr.fhir()


def test_an_unknown_intent_banner_style_or_context_changes_nothing(launched: Launched) -> None:
    launched.ehr.token_changes.update(
        {
            "intent": "do-something-nobody-knows",
            "need_patient_banner": False,
            "smart_style_url": f"{launched.ehr.url}/style.json",
            "fhirContext": [{"reference": "Task/1"}, {"canonical": "http://example.org/x", "role": "http://a.b/c"}],
            "tenant": "t",
        }
    )
    page = launched.browser.get(launched.whole(), base_url=APP)
    assert page.status_code == 200 and "Recordington" in page.text
    assert not launched.ehr.of("/style.json")


def test_a_token_near_its_end_is_renewed_with_the_refresh_token_and_no_more_scopes(launched: Launched) -> None:
    launched.ehr.token_changes["expires_in"] = 5
    page = launched.browser.get(launched.whole(), base_url=APP)
    assert page.status_code == 200
    renewal = launched.ehr.of("/token")[1]
    assert renewal.form["grant_type"] == "refresh_token"
    assert renewal.form["refresh_token"] == "first-refresh"
    assert set(renewal.form.get("scope", "").split()) <= set(launched.asked["scope"].split())
    assert launched.ehr.fhir()[-1].headers["authorization"] == "Bearer second-1"


def test_a_new_refresh_token_replaces_the_old_one(launched: Launched) -> None:
    launched.ehr.token_changes["expires_in"] = 5
    launched.ehr.refresh_lifetime_s = 5
    path = launched.whole()
    for _ in range(2):
        assert launched.browser.get(f"{path}?reread=1", base_url=APP).status_code == 303
    used = [request.form["refresh_token"] for request in launched.ehr.of("/token")[1:]]
    assert used[0] == "first-refresh" and len(used) == len(set(used))


def test_a_launch_without_a_patient_opens_nothing(launched: Launched) -> None:
    launched.ehr.token_changes["patient"] = None
    launched.begin()
    answer = launched.finish()
    assert answer.status_code >= 400 and not launched.ehr.fhir()


def test_a_server_without_s256_gets_no_request(launched: Launched) -> None:
    launched.ehr.configuration_changes["code_challenge_methods_supported"] = ["plain"]
    query = {"iss": f"{launched.ehr.url}/public/fhir", "launch": "x"}
    answer = launched.browser.get("/launch", base_url=APP, query_string=query)
    answer = launched.browser.get(answer.location, base_url=APP)
    assert answer.status_code >= 400 and answer.location is None


def test_an_endpoint_on_a_host_that_is_not_pinned_gets_no_request(launched: Launched) -> None:
    with recording_ehr() as thief:
        launched.ehr.configuration_changes["token_endpoint"] = f"{thief.url}/token"
        query = {"iss": f"{launched.ehr.url}/public/fhir", "launch": "x"}
        answer = launched.browser.get("/launch", base_url=APP, query_string=query)
        answer = launched.browser.get(answer.location, base_url=APP)
        assert answer.status_code >= 400 and thief.requests == []


def test_an_unknown_iss_gets_a_page_and_no_request(launched: Launched) -> None:
    with recording_ehr() as stranger:
        query = {"iss": f"{stranger.url}/fhir", "launch": "x"}
        assert launched.browser.get("/launch", base_url=APP, query_string=query).status_code == 400
        assert stranger.requests == []


def test_an_iss_of_rfc_9207_that_is_another_servers_is_refused(launched: Launched) -> None:
    launched.begin()
    answer = launched.finish(iss="https://another.example/fhir")
    assert answer.status_code in (400, 403) and not launched.ehr.of("/token")


def test_no_grant_but_code_and_refresh_is_ever_sent(launched: Launched) -> None:
    launched.ehr.token_changes["expires_in"] = 5
    launched.browser.get(launched.whole("rsa"), base_url=APP)
    grants = [request.form["grant_type"] for request in launched.ehr.of("/token")]
    assert set(grants) == {"authorization_code", "refresh_token"}


def test_two_scopes_of_refresh_are_told_apart_and_never_both_asked(launched: Launched) -> None:
    assert {"online_access", "offline_access"} & set(launched.begin()["scope"].split()) == {"online_access"}


def test_a_relative_endpoint_is_read_relative_to_the_fhir_base(launched: Launched) -> None:
    launched.ehr.configuration_changes["token_endpoint"] = "../token"
    launched.whole("public")
    (asked,) = launched.ehr.of("/token")
    assert asked.form["grant_type"] == "authorization_code"


@pytest.mark.parametrize("wrong", ["AFTERCARE_PUBLIC_URL", "iss"])
def test_outside_of_the_demo_every_address_must_be_https(wrong: str, tmp_path: Path) -> None:
    addresses = {"AFTERCARE_PUBLIC_URL": "https://app.example.org", "iss": "https://ehr.example.org/fhir"}
    addresses[wrong] = addresses[wrong].replace("https:", "http:")
    path = tmp_path / "registry.toml"
    path.write_text(f'[[issuer]]\nslug = "a"\niss = "{addresses["iss"]}"\nclient_id = "c"\n', encoding="utf-8")
    problems = check_settings(
        {
            "AFTERCARE_PUBLIC_URL": addresses["AFTERCARE_PUBLIC_URL"],
            "AFTERCARE_REGISTRY": str(path),
            "AFTERCARE_SECRET_KEY": secrets.token_urlsafe(32),
            "AFTERCARE_DATA_KEYS": "test:" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
    )
    assert len(problems) == 1 and wrong.removeprefix("AFTERCARE_") in problems[0]
