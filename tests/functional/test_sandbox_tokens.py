"""The sandbox's tokens: codes once, client authentication, refresh, expiry, introspection, revocation."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from sandbox.browserless import WRITE_EVERYTHING, Exchange, authorize, exchange_code, fhir_session, launch_of, sign_in
from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.tiny_charts import AS_OF, CALLBACK, tiny_patients

RSA = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})
EC = ECKey.generate_key("P-384", {"kid": "ec", "use": "sig", "alg": "ES384"})


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            return datetime.now(UTC) + self.ahead


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def sandbox(clock: Clock) -> Iterator[RunningSandbox]:
    with start_sandbox(patients=tiny_patients, as_of=AS_OF, now=clock) as running:
        public = KeySet([RSA, EC]).as_dict(private=False)
        running.post("/admin/clients", {"client_id": "keyed", "auth_method": "private_key_jwt", "jwks": public})
        yield running


@pytest.fixture(autouse=True)
def now(clock: Clock) -> None:
    clock.ahead = timedelta()


def code_for(
    sandbox: RunningSandbox, client_id: str = "aftercare-demo", scope: str = WRITE_EVERYTHING
) -> tuple[Exchange, str]:
    iss, launch = launch_of(sandbox.launch_url("tiny"))
    exchange = Exchange(iss, client_id=client_id, redirect_uri=CALLBACK, scope=scope)
    return exchange, authorize(exchange, launch)


def refresh(token: dict[str, Any], **more: str) -> requests.Response:
    url = requests.get(f"{token['iss']}/.well-known/smart-configuration", timeout=10).json()["token_endpoint"]
    form = {
        "grant_type": "refresh_token",
        "refresh_token": token["refresh_token"],
        "client_id": "aftercare-demo",
        **more,
    }
    return requests.post(url, form, timeout=10)


def is_alive(token: dict[str, Any]) -> bool:
    status = fhir_session(token).get(f"{token['iss']}/Patient/tiny", timeout=10).status_code
    assert status in (200, 401)
    return status == 200


def test_a_code_is_good_once_and_its_reuse_ends_the_tokens(sandbox: RunningSandbox) -> None:
    exchange, location = code_for(sandbox)
    first = exchange_code(exchange, location)
    token = {**first.json(), "iss": exchange.iss}
    assert is_alive(token)
    second = exchange_code(exchange, location)
    assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
    assert not is_alive(token)


def test_a_code_needs_the_verifier_of_its_request(sandbox: RunningSandbox) -> None:
    exchange, location = code_for(sandbox)
    wrong = replace(exchange, verifier="w" * 50)
    assert exchange_code(wrong, location).json()["error"] == "invalid_grant"


def test_a_code_of_another_client_is_refused(sandbox: RunningSandbox) -> None:
    exchange, location = code_for(sandbox)
    other = replace(exchange, client_id="aftercare-demo-basic", secret="sandbox-only-basic-secret")
    assert exchange_code(other, location).json()["error"] == "invalid_grant"


def test_a_code_expires_after_a_minute(sandbox: RunningSandbox, clock: Clock) -> None:
    exchange, location = code_for(sandbox)
    clock.ahead = timedelta(seconds=61)
    assert exchange_code(exchange, location).json()["error"] == "invalid_grant"


def test_client_secret_basic_and_post_and_nothing_else(sandbox: RunningSandbox) -> None:
    exchange, location = code_for(sandbox, "aftercare-demo-basic")
    assert exchange_code(exchange, location).status_code == 401
    exchange, location = code_for(sandbox, "aftercare-demo-basic")
    assert exchange_code(replace(exchange, secret="sandbox-only-basic-secret"), location).status_code == 200
    exchange, location = code_for(sandbox, "aftercare-demo-post")
    form = exchange.token_form(location.partition("code=")[2].partition("&")[0])
    url = exchange.configuration["token_endpoint"]
    good = requests.post(url, {**form, "client_secret": "sandbox-only-post-secret"}, timeout=10)
    assert good.status_code == 200
    assert good.headers["Cache-Control"] == "no-store"


def assertion(sandbox: RunningSandbox, key: RSAKey | ECKey, header: dict[str, Any], **changes: Any) -> str:
    now = int(datetime.now(UTC).timestamp())
    url = sandbox.place.issuers["open"].server.token_url
    claims = {
        "iss": "keyed",
        "sub": "keyed",
        "aud": url,
        "exp": now + 240,
        "jti": secrets.token_hex(8),
    }
    claims = {name: value for name, value in {**claims, **changes}.items() if value is not None}
    return jwt.encode(header, claims, key, algorithms=["RS384", "ES384", "RS256"])


def exchange_with(sandbox: RunningSandbox, text: str) -> requests.Response:
    exchange, location = code_for(sandbox, "keyed")
    form = exchange.token_form(location.partition("code=")[2].partition("&")[0])
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    form |= {"client_assertion_type": kind, "client_assertion": text}
    return requests.post(exchange.configuration["token_endpoint"], form, timeout=10)


def test_private_key_jwt_with_either_algorithm(sandbox: RunningSandbox) -> None:
    assert exchange_with(sandbox, assertion(sandbox, RSA, {"alg": "RS384", "kid": "rsa"})).status_code == 200
    assert exchange_with(sandbox, assertion(sandbox, EC, {"alg": "ES384", "kid": "ec"})).status_code == 200


def test_an_assertion_is_good_once(sandbox: RunningSandbox) -> None:
    text = assertion(sandbox, EC, {"alg": "ES384", "kid": "ec"}, jti="once")
    assert exchange_with(sandbox, text).status_code == 200
    assert exchange_with(sandbox, text).json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("header", "changes"),
    [
        ({"alg": "RS384"}, {}),
        ({"alg": "RS256", "kid": "rsa"}, {}),
        ({"alg": "RS384", "kid": "unknown"}, {}),
        ({"alg": "RS384", "kid": "rsa"}, {"exp": 4102444800}),
        ({"alg": "RS384", "kid": "rsa"}, {"exp": 1000}),
        ({"alg": "RS384", "kid": "rsa"}, {"aud": "https://elsewhere.example/token"}),
        ({"alg": "RS384", "kid": "rsa"}, {"iss": "somebody"}),
        ({"alg": "RS384", "kid": "rsa"}, {"jti": None}),
        ({"alg": "RS384", "kid": "rsa"}, {"exp": None}),
    ],
    ids=["no kid", "RS256", "other kid", "lives long", "expired", "other aud", "iss is not sub", "no jti", "no exp"],
)
def test_an_assertion_that_smart_forbids_is_refused(
    sandbox: RunningSandbox, header: dict[str, Any], changes: dict[str, Any]
) -> None:
    answer = exchange_with(sandbox, assertion(sandbox, RSA, header, **changes))
    assert answer.json()["error"] == "invalid_client"


def test_an_access_token_expires(sandbox: RunningSandbox, clock: Clock) -> None:
    token = sign_in(sandbox.launch_url("tiny"), CALLBACK)
    assert token["expires_in"] == 3600
    clock.ahead = timedelta(seconds=3601)
    assert not is_alive(token)


def test_a_refresh_token_is_rotated_and_keeps_the_context(sandbox: RunningSandbox, clock: Clock) -> None:
    token = sign_in(sandbox.launch_url("tiny"), CALLBACK, WRITE_EVERYTHING)
    clock.ahead = timedelta(seconds=3601)
    answer = refresh(token).json()
    assert answer["patient"] == "tiny"
    assert answer["refresh_token"] != token["refresh_token"]
    assert answer["id_token"]
    assert is_alive({**answer, "iss": token["iss"]})


def test_reuse_of_a_refresh_token_ends_the_family(sandbox: RunningSandbox) -> None:
    token = sign_in(sandbox.launch_url("tiny"), CALLBACK, WRITE_EVERYTHING)
    fresh = {**refresh(token).json(), "iss": token["iss"]}
    assert is_alive(fresh)
    assert refresh(token).json()["error"] == "invalid_grant"
    assert not is_alive(fresh)
    assert refresh(fresh).json()["error"] == "invalid_grant"


def test_of_many_refreshes_at_once_one_is_answered(sandbox: RunningSandbox) -> None:
    token = sign_in(sandbox.launch_url("tiny"), CALLBACK, WRITE_EVERYTHING)
    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(lambda _: refresh(token).status_code, range(6)))
    assert sorted(statuses) == [200, 400, 400, 400, 400, 400]


def test_a_refresh_may_ask_for_less_but_not_for_more(sandbox: RunningSandbox) -> None:
    token = sign_in(sandbox.launch_url("tiny"), CALLBACK, "launch offline_access patient/Patient.rs patient/Goal.rs")
    assert refresh(token, scope="patient/*.cruds").json()["error"] == "invalid_scope"
    answer = refresh(token, scope="launch offline_access patient/Patient.rs").json()
    assert answer["scope"] == "launch offline_access patient/Patient.rs"


def test_without_the_scope_there_is_no_refresh_token(sandbox: RunningSandbox) -> None:
    assert "refresh_token" not in sign_in(sandbox.launch_url("tiny"), CALLBACK)
    assert "refresh_token" in sign_in(sandbox.launch_url("tiny"), CALLBACK, "launch online_access patient/*.rs")


def test_introspection_tells_the_client_about_its_token(sandbox: RunningSandbox) -> None:
    token = sign_in(sandbox.launch_url("tiny"), CALLBACK, WRITE_EVERYTHING)
    url = requests.get(f"{token['iss']}/.well-known/smart-configuration", timeout=10).json()["introspection_endpoint"]
    found = requests.post(url, {"token": token["access_token"], "client_id": "aftercare-demo"}, timeout=10).json()
    assert (found["active"], found["patient"], found["client_id"]) == (True, "tiny", "aftercare-demo")
    other = requests.post(
        url, {"token": token["access_token"]}, auth=("aftercare-demo-basic", "sandbox-only-basic-secret"), timeout=10
    )
    assert other.json() == {"active": False}


def test_revocation_ends_the_whole_sign_in(sandbox: RunningSandbox) -> None:
    token = sign_in(sandbox.launch_url("tiny"), CALLBACK, WRITE_EVERYTHING)
    url = requests.get(f"{token['iss']}/.well-known/smart-configuration", timeout=10).json()["revocation_endpoint"]
    answer = requests.post(url, {"token": token["refresh_token"], "client_id": "aftercare-demo"}, timeout=10)
    assert answer.status_code == 200
    assert not is_alive(token)
    assert refresh(token).json()["error"] == "invalid_grant"


def test_the_signing_key_can_be_rotated(sandbox: RunningSandbox) -> None:
    kid = sandbox.post("/admin/keys/rotate", {})["kid"]
    token = sign_in(sandbox.launch_url("tiny"), CALLBACK)
    assert jwt.decode(token["id_token"], sandbox.place.keys.current(), algorithms=["RS256"]).header["kid"] == kid
    published = json.dumps(sandbox.place.keys.published())
    assert published.count('"kid"') == 2


def test_a_token_of_one_issuer_opens_no_other(sandbox: RunningSandbox) -> None:
    token = sign_in(sandbox.launch_url("tiny"), CALLBACK)
    answer = fhir_session(token).get(f"{sandbox.fhir_base('epic-like')}/Patient/tiny", timeout=10)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
