"""Authorization requests, token answers and client authentication, as SMART App Launch 2.2 words them."""

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from smart_app.errors import DiscoveryError, NoPatientError, StartupError, TokenExchangeError
from smart_app.settings import Issuer
from smart_app.smart.authorization import AuthorizationRequest, Authorizer, TokenSet, read_lifetime
from smart_app.smart.configuration import Discovery, SmartConfiguration, read_configuration
from smart_app.smart.endpoints import Endpoints
from smart_app.smart.keys import SigningKeys, gather_keys, load_private_key, make_signing_pems
from tests.support.scripted_server import Asked, Reply, ScriptedServer, scripted_server

PEMS = make_signing_pems()
KEYS = gather_keys(PEMS, ())
ANSWER = {"access_token": "at", "token_type": "Bearer", "expires_in": 3600, "scope": "openid launch", "patient": "p1"}


def issuer_at(url: str, **more: Any) -> Issuer:
    return Issuer("lakeside", f"{url}/fhir", "aftercare", **more)


def configuration_at(url: str) -> SmartConfiguration:
    return SmartConfiguration(f"{url}/authorize", f"{url}/token", url, f"{url}/jwks", f"{url}/revoke")


def authorizer(keys: SigningKeys = KEYS) -> Authorizer:
    return Authorizer(Endpoints(), keys, time.time)


def begun(issuer: Issuer, url: str, launch: str | None = "xyz") -> tuple[AuthorizationRequest, dict[str, list[str]]]:
    request, address = authorizer().begin(
        issuer,
        configuration_at(url),
        scopes=("openid", "launch"),
        redirect_uri="http://127.0.0.1:8000/callback/lakeside",
        launch=launch,
    )
    return request, parse_qs(urlsplit(address).query, strict_parsing=True)


def test_the_request_carries_everything_that_smart_asks_for() -> None:
    url = "http://127.0.0.1:9000"
    request, asked = begun(issuer_at(url), url)
    digest = hashlib.sha256(request.code_verifier.encode()).digest()
    assert asked == {
        "response_type": ["code"],
        "client_id": ["aftercare"],
        "redirect_uri": ["http://127.0.0.1:8000/callback/lakeside"],
        "launch": ["xyz"],
        "scope": ["openid launch"],
        "state": [request.state],
        "aud": ["http://127.0.0.1:9000/fhir"],
        "nonce": [request.nonce],
        "code_challenge": [base64.urlsafe_b64encode(digest).rstrip(b"=").decode()],
        "code_challenge_method": ["S256"],
    }
    assert len(bytes.fromhex(request.state)) == 32
    assert 43 <= len(request.code_verifier) <= 128


def test_a_standalone_launch_has_no_launch_token_and_states_never_repeat() -> None:
    url = "http://127.0.0.1:9000"
    request, asked = begun(issuer_at(url), url, launch=None)
    other, _ = begun(issuer_at(url), url)
    assert "launch" not in asked
    assert request.standalone
    assert (
        len({request.state, other.state, request.nonce, other.nonce, request.code_verifier, other.code_verifier}) == 6
    )
    assert request.state not in repr(request)
    assert request.code_verifier not in repr(request)


def exchanged(reply: Reply, **more: Any) -> tuple[Any, list[Asked]]:
    with scripted_server(lambda _: reply) as server:
        issuer = issuer_at(server.url, **more)
        request, _ = begun(issuer, server.url)
        try:
            return authorizer().exchange(issuer, request, "code-1"), server.asked
        except TokenExchangeError as error:
            return error, server.asked


def test_a_public_client_names_itself_in_the_body() -> None:
    answer, asked = exchanged(Reply(body=ANSWER, content_type="application/json"))
    form = parse_qs(asked[0].body.decode())
    assert form["client_id"] == ["aftercare"]
    assert form["code"] == ["code-1"]
    assert form["grant_type"] == ["authorization_code"]
    assert len(form["code_verifier"][0]) >= 43
    assert "authorization" not in asked[0].headers
    assert answer.require_patient() == "p1"
    assert answer.scopes == {"openid", "launch"}


def test_basic_sends_the_secret_in_the_header_only() -> None:
    _, asked = exchanged(Reply(body=ANSWER), auth_method="client_secret_basic", secret="s3cret-of-lakeside")
    expected = base64.b64encode(b"aftercare:s3cret-of-lakeside").decode()
    assert asked[0].headers["authorization"] == f"Basic {expected}"
    assert b"s3cret" not in asked[0].body
    assert "s3cret" not in asked[0].path


def test_post_sends_the_secret_in_the_body_only() -> None:
    _, asked = exchanged(Reply(body=ANSWER), auth_method="client_secret_post", secret="s3cret-of-lakeside")
    assert parse_qs(asked[0].body.decode())["client_secret"] == ["s3cret-of-lakeside"]
    assert "authorization" not in asked[0].headers


@pytest.mark.parametrize("alg", ["RS384", "ES384"])
def test_a_key_client_signs_a_short_assertion_for_the_token_endpoint_once(alg: str) -> None:
    ids = set()
    for _ in range(2):
        _, asked = exchanged(Reply(body=ANSWER), auth_method="private_key_jwt", signing_alg=alg)
        form = parse_qs(asked[0].body.decode())
        assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
        published = KeySet.import_key_set(KEYS.published())
        token = jwt.decode(form["client_assertion"][0], published, algorithms=[alg])
        assert token.header["alg"] == alg
        assert token.header["kid"] in {row["kid"] for row in KEYS.published()["keys"]}
        assert token.claims["iss"] == token.claims["sub"] == "aftercare"
        assert token.claims["aud"].endswith("/token")
        assert 0 < token.claims["exp"] - time.time() <= 300
        assert token.claims["exp"] - token.claims["iat"] <= 60
        ids.add(token.claims["jti"])
        assert "client_secret" not in form
    assert len(ids) == 2


NONSENSE = {
    "invalid_grant": Reply(400, {"error": "invalid_grant", "error_description": "<b>x</b>"}),
    "invalid_client": Reply(401, {"error": "invalid_client"}),
    "error with 200": Reply(200, {"error": "invalid_grant"}),
    "500": Reply(500, {"error": "server_error"}),
    "503": Reply(503, b"down", "text/plain"),
    "400 without error": Reply(400, ANSWER),
    "redirect": Reply(302, ANSWER, headers={"Location": "http://127.0.0.1:9/"}),
    "empty": Reply(200, b""),
    "html": Reply(200, b"<html>", "text/html"),
    "list": Reply(200, [ANSWER]),
    "null": Reply(200, b"null"),
    "no token": Reply(200, {**ANSWER, "access_token": None}),
    "empty token": Reply(200, {**ANSWER, "access_token": ""}),
    "token as number": Reply(200, {**ANSWER, "access_token": 7}),
    "token with a line break": Reply(200, {**ANSWER, "access_token": "a\r\nX-Evil: 1"}),
    "endless token": Reply(200, {**ANSWER, "access_token": "a" * 20_000}),
    "no type": Reply(200, {k: v for k, v in ANSWER.items() if k != "token_type"}),
    "mac token": Reply(200, {**ANSWER, "token_type": "mac"}),
    "type as list": Reply(200, {**ANSWER, "token_type": ["Bearer"]}),
    "cut": Reply(200, ANSWER, cut=12),
    "reset": Reply(reset=True),
    "huge": Reply(200, b"[" + b" " * 2_000_000 + b"]"),
    "deep": Reply(200, b"[" * 100_000),
}


@pytest.mark.parametrize("case", NONSENSE, ids=lambda name: name.replace(" ", "-"))
@pytest.mark.parametrize("method", ["none", "client_secret_basic", "private_key_jwt"])
def test_a_bad_answer_of_the_token_endpoint_is_refused_and_never_asked_again(case: str, method: str) -> None:
    secret = "s3cret-of-lakeside" if method == "client_secret_basic" else ""
    error, asked = exchanged(NONSENSE[case], auth_method=method, secret=secret)
    assert isinstance(error, TokenExchangeError)
    assert len(asked) == 1
    assert "<b>" not in str(error)


@pytest.mark.parametrize("kind", ["bearer", "BEARER", "Bearer"])
def test_the_token_type_is_read_in_any_case(kind: str) -> None:
    answer, _ = exchanged(Reply(body={**ANSWER, "token_type": kind}))
    assert answer.tokens.access_token == "at"


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (3600, 3600),
        ("3600", 3600),
        (None, 300),
        (0, 300),
        (-1, 300),
        ("", 300),
        ("soon", 300),
        (10**9, 300),
        (True, 300),
        ([], 300),
        (1e7, 36000),
        ("9" * 30, 300),
    ],
)
def test_a_lifetime_that_cannot_be_true_is_five_minutes(given: object, seconds: float) -> None:
    assert read_lifetime(given) == seconds


@pytest.mark.parametrize("patient", [None, "", "a b", "../x", "Patient/1", 7, ["p1"], {"id": "p1"}, "x" * 65, "p1\n"])
def test_without_a_patient_there_is_no_context(patient: object) -> None:
    answer, _ = exchanged(Reply(body={**ANSWER, "patient": patient}))
    with pytest.raises(NoPatientError):
        answer.require_patient()


def test_scopes_that_are_not_said_are_those_that_were_asked() -> None:
    answer, _ = exchanged(Reply(body={k: v for k, v in ANSWER.items() if k != "scope"}))
    assert answer.scopes == {"openid", "launch"}
    narrowed, _ = exchanged(Reply(body={**ANSWER, "scope": "launch"}))
    assert narrowed.scopes == {"launch"}


def test_a_refresh_keeps_the_old_refresh_token_where_the_server_does_not_rotate() -> None:
    body = {"access_token": "at2", "token_type": "bearer"}
    with scripted_server(lambda _: Reply(body=body)) as server:
        issuer = issuer_at(server.url)
        answer = authorizer().refresh(issuer, configuration_at(server.url), "rt1", frozenset({"openid"}))
        form = parse_qs(server.asked[0].body.decode())
    assert answer.tokens.refresh_token == "rt1"
    assert form["grant_type"] == ["refresh_token"]
    assert form["refresh_token"] == ["rt1"]
    assert form["client_id"] == ["aftercare"]


def test_revocation_names_both_tokens_and_a_failure_is_only_told() -> None:
    tokens = TokenSet("at", time.time() + 60, "rt")
    with scripted_server(lambda _: Reply(200)) as server:
        issuer = issuer_at(server.url)
        assert authorizer().revoke(issuer, configuration_at(server.url), tokens)
        hints = [parse_qs(asked.body.decode())["token_type_hint"][0] for asked in server.asked]
        assert hints == ["refresh_token", "access_token"]
        server.answer = lambda _: Reply(503)
        assert not authorizer().revoke(issuer, configuration_at(server.url), tokens)
        without = replace(configuration_at(server.url), revocation_endpoint="")
        assert not authorizer().revoke(issuer, without, tokens)


GOOD = {
    "authorization_endpoint": "https://fhir.lakeside.example/authorize",
    "token_endpoint": "https://auth.lakeside.example/token",
    "issuer": "https://auth.lakeside.example",
    "jwks_uri": "https://auth.lakeside.example/jwks",
    "revocation_endpoint": "https://fhir.lakeside.example/revoke",
    "capabilities": ["launch-ehr", "permission-v2"],
    "code_challenge_methods_supported": ["S256"],
}
ROW = Issuer("lakeside", "https://fhir.lakeside.example/r4", "aftercare", allowed_hosts=("auth.lakeside.example",))
EVIL = [
    "https://evil.example/x",
    "http://auth.lakeside.example/x",
    "https://auth.lakeside.example:8443/x",
    "https://auth.lakeside.example.evil.example/x",
    "https://auth.lakeside.example@evil.example/x",
    "https://evil.example#auth.lakeside.example",
    "https://169.254.169.254/x",
    "//evil.example/x",
    "https://[evil.example/x",
    "javascript:alert(1)",
    "https://auth.lakeside.example/x y",
    "https://auth.lakeside.example/x\r\nX: y",
]


@pytest.mark.parametrize("endpoint", ["authorization_endpoint", "token_endpoint", "jwks_uri", "revocation_endpoint"])
@pytest.mark.parametrize("url", EVIL)
def test_a_discovery_document_that_names_a_host_that_is_not_pinned_is_refused(endpoint: str, url: str) -> None:
    with pytest.raises(DiscoveryError):
        read_configuration({**GOOD, endpoint: url}, ROW)


@pytest.mark.parametrize(
    ("given", "absolute"),
    [
        ("token", "https://fhir.lakeside.example/r4/token"),
        ("./token", "https://fhir.lakeside.example/r4/token"),
        ("../oauth2/token", "https://fhir.lakeside.example/oauth2/token"),
        ("/oauth2/token", "https://fhir.lakeside.example/oauth2/token"),
        ("auth.lakeside.example/x", "https://fhir.lakeside.example/r4/auth.lakeside.example/x"),
        ("https://auth.lakeside.example/token", "https://auth.lakeside.example/token"),
    ],
)
def test_a_relative_endpoint_is_read_relative_to_the_fhir_base(given: str, absolute: str) -> None:
    assert read_configuration({**GOOD, "token_endpoint": given}, ROW).token_endpoint == absolute


@pytest.mark.parametrize(
    "change",
    [
        {"authorization_endpoint": None},
        {"token_endpoint": ""},
        {"token_endpoint": 7},
        {"token_endpoint": ["https://auth.lakeside.example/token"]},
        {"capabilities": "launch-ehr"},
        {"code_challenge_methods_supported": ["plain"]},
        {"scopes_supported": {"a": 1}},
        {"issuer": 7},
        {"jwks_uri": "x" * 4000},
    ],
)
def test_a_malformed_discovery_document_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(DiscoveryError):
        read_configuration({**GOOD, **change}, ROW)


def test_discovery_is_asked_once_an_hour_and_a_failure_not_again_at_once() -> None:
    asked: list[str] = []
    at = [0.0]

    def fetch(_: Issuer, url: str) -> dict[str, Any]:
        asked.append(url)
        if len(asked) == 1:
            raise DiscoveryError("down")
        return GOOD

    discovery = Discovery(fetch, lambda: at[0])
    for _ in range(3):
        with pytest.raises(DiscoveryError):
            discovery.of(ROW)
    assert len(asked) == 1
    at[0] += 6
    assert discovery.of(ROW).scopes_v2
    assert discovery.of(ROW).token_endpoint == GOOD["token_endpoint"]
    assert asked == ["https://fhir.lakeside.example/r4/.well-known/smart-configuration"] * 2
    at[0] += 3601
    discovery.of(ROW)
    assert len(asked) == 3


@pytest.mark.parametrize(
    "reply",
    [
        Reply(404),
        Reply(500),
        Reply(302, headers={"Location": "/x"}),
        Reply(body=b"<html>"),
        Reply(body=b"[1]"),
        Reply(reset=True),
    ],
)
def test_a_discovery_that_does_not_answer_with_json_is_refused(reply: Reply) -> None:
    with scripted_server(lambda _: reply) as server, pytest.raises(DiscoveryError):
        Endpoints().fetch_json(issuer_at(server.url), f"{server.url}/fhir/.well-known/smart-configuration")


def test_no_request_leaves_for_a_host_outside_the_row() -> None:
    with scripted_server(lambda _: Reply(body={})) as server:
        with pytest.raises(DiscoveryError):
            Endpoints().fetch_json(ROW, f"{server.url}/x")
        assert server.asked == []


def test_the_published_keys_hold_no_private_part_and_name_their_use() -> None:
    rows = KEYS.published()["keys"]
    assert sorted(row["alg"] for row in rows) == ["ES384", "RS384"]
    for row in rows:
        assert not {"d", "p", "q", "dp", "dq", "qi", "k"} & set(row)
        assert row["use"] == "sig"
        assert row["kid"]


def test_of_two_keys_the_newest_signs_and_both_are_published() -> None:
    newer = make_signing_pems()
    keys = gather_keys([*newer, *PEMS], ())
    assert len(keys.published()["keys"]) == 4
    assert keys.for_issuer(ROW).kid == load_private_key(newer[0]).kid
    pinned = replace(ROW, key_id=str(load_private_key(PEMS[0]).kid))
    assert keys.for_issuer(pinned).kid == load_private_key(PEMS[0]).kid
    with pytest.raises(StartupError):
        keys.for_issuer(replace(ROW, key_id="retired"))


@pytest.mark.parametrize("pem", ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"])
def test_what_is_no_private_key_does_not_start(pem: str) -> None:
    with pytest.raises(StartupError):
        load_private_key(pem)


def test_a_public_or_weak_key_does_not_start() -> None:
    from joserfc.jwk import ECKey, RSAKey

    with pytest.raises(StartupError):
        load_private_key(load_private_key(PEMS[0]).as_pem(private=False).decode())
    with pytest.raises(StartupError):
        load_private_key(ECKey.generate_key("P-256").as_pem(private=True).decode())
    with pytest.warns(Warning), pytest.raises(StartupError):
        load_private_key(RSAKey.generate_key(1024).as_pem(private=True).decode())


def test_a_scripted_server_is_what_the_tests_think_it_is() -> None:
    with scripted_server(lambda _: Reply(body=ANSWER)) as server:
        assert isinstance(server, ScriptedServer)


def test_no_challenge_of_a_verifier_reads_like_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = (f"{number:064d}" for number in range(1_000_000))
    likeness = next(
        text for text in tried if b"eyJ" in base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())
    )
    draws = iter([likeness, "v" * 64])
    monkeypatch.setattr("secrets.token_urlsafe", lambda size: next(draws))
    url = "http://127.0.0.1:9000"
    request, asked = begun(issuer_at(url), url)
    assert request.code_verifier == "v" * 64
    assert "eyJ" not in asked["code_challenge"][0]
