"""The id_token is accepted only when everything holds (threat T05, goal G7): each refusal has its case."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from smart_app.errors import DiscoveryError, IdTokenError
from smart_app.settings import Issuer
from smart_app.smart.configuration import SmartConfiguration
from smart_app.smart.id_token import IdTokenValidator
from smart_app.smart.keys import IssuerKeys

ISS, CLIENT, NONCE, ACCESS = "https://auth.lakeside.example", "aftercare", "n-0S6_WzA2Mj", "access-token"
ISSUER = Issuer("lakeside", "https://fhir.lakeside.example/r4", CLIENT)
CONFIGURATION = SmartConfiguration(
    "https://fhir.lakeside.example/authorize", "https://fhir.lakeside.example/token", ISS, f"{ISS}/jwks"
)
KEY = RSAKey.generate_key(2048, auto_kid=True)
OTHER_KEY = RSAKey.generate_key(2048, auto_kid=True)
EC_KEY = ECKey.generate_key("P-384", auto_kid=True)


@dataclass
class KeyServer:
    """The key set of an issuer, and how often it was asked for."""

    keys: list[Any] = field(default_factory=lambda: [KEY.as_dict(private=False)])
    asked: int = 0
    broken: bool = False
    at: float = 1000.0

    def fetch(self, _: Issuer, __: str) -> dict[str, Any]:
        self.asked += 1
        if self.broken:
            raise DiscoveryError("500")
        return {"keys": self.keys}

    def validator(self) -> IdTokenValidator:
        return IdTokenValidator(IssuerKeys(self.fetch, lambda: self.at), lambda: float(NOW))


def claims(**changes: Any) -> dict[str, Any]:
    now = NOW
    made = {
        "iss": ISS,
        "sub": "user-1",
        "aud": CLIENT,
        "exp": now + 300,
        "iat": now,
        "nonce": NONCE,
        "fhirUser": "https://fhir.lakeside.example/r4/Practitioner/17",
    }
    made.update(changes)
    return {name: value for name, value in made.items() if value is not None}


def signed(payload: dict[str, Any], key: Any = KEY, alg: str = "RS256", **header: Any) -> str:
    head = {"alg": alg, "kid": key.kid, **header}
    return jwt.encode({k: v for k, v in head.items() if v is not None}, payload, key, algorithms=[alg])


def unsigned(payload: dict[str, Any], header: dict[str, Any], signature: str = "") -> str:
    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header)}.{part(payload)}.{signature}"


def validate(token: object, server: KeyServer | None = None, issuer: Issuer = ISSUER, nonce: str = NONCE) -> Any:
    return (server or KeyServer()).validator().validate(issuer, CONFIGURATION, token, nonce, ACCESS)


def test_the_user_is_taken_from_a_token_that_holds() -> None:
    user = validate(signed(claims(name="Ruth Okafor")))
    assert (user.subject, user.name) == ("user-1", "Ruth Okafor")
    assert user.fhir_user == "https://fhir.lakeside.example/r4/Practitioner/17"


NOW = int(time.time())
REFUSED: dict[str, Callable[[], object]] = {
    "no token": lambda: "",
    "not a text": lambda: 17,
    "no token at all": lambda: None,
    "two parts": lambda: "a.b",
    "not ascii": lambda: signed(claims()) + "é",
    "endless": lambda: "a" * 20_000,
    "another issuer": lambda: signed(claims(iss="https://evil.example")),
    "issuer with a slash more": lambda: signed(claims(iss=ISS + "/")),
    "issuer in capitals": lambda: signed(claims(iss=ISS.upper())),
    "issuer as list": lambda: signed(claims(iss=[ISS])),
    "no issuer": lambda: signed(claims(iss=None)),
    "no subject": lambda: signed(claims(sub=None)),
    "empty subject": lambda: signed(claims(sub="")),
    "subject as number": lambda: signed(claims(sub=17)),
    "no audience": lambda: signed(claims(aud=None)),
    "another audience": lambda: signed(claims(aud="somebody-else")),
    "audiences without us": lambda: signed(claims(aud=["a", "b"])),
    "several audiences, no azp": lambda: signed(claims(aud=[CLIENT, "b"])),
    "azp of another": lambda: signed(claims(azp="b")),
    "several audiences, azp of another": lambda: signed(claims(aud=[CLIENT, "b"], azp="b")),
    "audience as object": lambda: signed(claims(aud={"a": CLIENT})),
    "expired": lambda: signed(claims(exp=NOW - 200)),
    "no expiry": lambda: signed(claims(exp=None)),
    "expiry as text": lambda: signed(claims(exp="tomorrow")),
    "no issue time": lambda: signed(claims(iat=None)),
    "issued in the future": lambda: signed(claims(iat=NOW + 400)),
    "issued two days ago": lambda: signed(claims(iat=NOW - 2 * 86400)),
    "not valid yet": lambda: signed(claims(nbf=NOW + 400)),
    "no nonce": lambda: signed(claims(nonce=None)),
    "another nonce": lambda: signed(claims(nonce="other")),
    "empty nonce": lambda: signed(claims(nonce="")),
    "nonce as list": lambda: signed(claims(nonce=[NONCE])),
    "alg none": lambda: unsigned(claims(), {"alg": "none", "kid": KEY.kid}),
    "alg None": lambda: unsigned(claims(), {"alg": "None", "kid": KEY.kid}),
    "no alg": lambda: unsigned(claims(), {"kid": KEY.kid}),
    "alg as list": lambda: unsigned(claims(), {"alg": ["RS256"], "kid": KEY.kid}),
    "hs256 with the public key": lambda: _hs256(KEY.as_pem(private=False)),
    "rs384, which the registry does not list": lambda: signed(claims(), KEY, "RS384"),
    "es384, which the registry does not list": lambda: signed(claims(), EC_KEY, "ES384"),
    "signed by another key": lambda: signed(claims(), OTHER_KEY, kid=KEY.kid),
    "unknown key id": lambda: signed(claims(), KEY, kid="unknown"),
    "key id as number": lambda: unsigned(claims(), {"alg": "RS256", "kid": 7}),
    "brings its own key": lambda: signed(claims(), OTHER_KEY, jwk=OTHER_KEY.as_dict(private=False)),
    "brings the address of its key": lambda: signed(claims(), OTHER_KEY, jku="https://evil.example/jwks"),
    "brings a certificate": lambda: signed(claims(), OTHER_KEY, x5u="https://evil.example/cert"),
    "critical extension": lambda: unsigned(claims(), {"alg": "RS256", "kid": KEY.kid, "crit": ["b64"]}),
    "another type": lambda: signed(claims(), typ="at+jwt"),
    "payload changed": lambda: _tampered(signed(claims())),
    "signature cut": lambda: signed(claims())[:-20],
    "signature empty": lambda: signed(claims()).rpartition(".")[0] + ".",
    "another access token": lambda: signed(claims(at_hash=_at_hash("another"))),
    "at_hash as number": lambda: signed(claims(at_hash=7)),
    "payload is a list": lambda: _list_payload(),
}


def _tampered(token: str) -> str:
    head, payload, signature = token.split(".")
    changed = json.loads(base64.urlsafe_b64decode(payload + "=="))
    changed["sub"] = "somebody-else"
    return f"{head}.{base64.urlsafe_b64encode(json.dumps(changed).encode()).rstrip(b'=').decode()}.{signature}"


def _list_payload() -> str:
    from joserfc import jws

    return jws.serialize_compact({"alg": "RS256", "kid": KEY.kid}, b'["sub"]', KEY)


def _hs256(key: bytes) -> str:
    text = unsigned(claims(), {"alg": "HS256", "kid": KEY.kid})[:-1]
    signature = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _at_hash(token: str) -> str:
    digest = hashlib.sha256(token.encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


@pytest.mark.filterwarnings("ignore:.*:joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("case", REFUSED, ids=lambda name: name.replace(" ", "-"))
def test_an_id_token_that_does_not_hold_is_refused(case: str) -> None:
    with pytest.raises(IdTokenError):
        validate(REFUSED[case]())


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": NOW - 100},
        {"iat": NOW + 100, "nbf": NOW + 100},
        {"aud": [CLIENT]},
        {"aud": [CLIENT, "b"], "azp": CLIENT},
        {"at_hash": _at_hash(ACCESS)},
        {"fhirUser": None, "profile": "Practitioner/4"},
    ],
)
def test_what_the_standards_allow_is_accepted(changes: dict[str, Any]) -> None:
    assert validate(signed(claims(**changes))).subject == "user-1"


def test_a_registry_row_can_allow_another_algorithm() -> None:
    server = KeyServer([EC_KEY.as_dict(private=False)])
    issuer = replace(ISSUER, id_token_algs=("ES384",))
    assert validate(signed(claims(), EC_KEY, "ES384"), server, issuer).subject == "user-1"
    with pytest.raises(IdTokenError):
        validate(signed(claims()), KeyServer(), issuer)


def test_a_registry_row_can_pin_the_openid_issuer() -> None:
    pinned = replace(ISSUER, id_token_issuer="https://other.lakeside.example")
    assert validate(signed(claims(iss="https://other.lakeside.example")), issuer=pinned).subject == "user-1"
    with pytest.raises(IdTokenError):
        validate(signed(claims()), issuer=pinned)


def test_without_key_id_a_single_key_is_used_and_several_are_refused() -> None:
    assert validate(signed(claims(), kid=None)).subject == "user-1"
    two = KeyServer([KEY.as_dict(private=False), OTHER_KEY.as_dict(private=False)])
    with pytest.raises(IdTokenError):
        validate(signed(claims(), kid=None), two)


def test_a_rotated_key_is_fetched_once_and_not_again_within_a_minute() -> None:
    server = KeyServer()
    validator = server.validator()
    validator.validate(ISSUER, CONFIGURATION, signed(claims()), NONCE, ACCESS)
    server.keys = [OTHER_KEY.as_dict(private=False)]
    rotated = signed(claims(), OTHER_KEY)
    with pytest.raises(IdTokenError):
        validator.validate(ISSUER, CONFIGURATION, rotated, NONCE, ACCESS)
    assert server.asked == 1
    server.at += 61
    assert validator.validate(ISSUER, CONFIGURATION, rotated, NONCE, ACCESS).subject == "user-1"
    assert server.asked == 2


def test_keys_that_cannot_be_read_never_mean_an_unverified_token() -> None:
    server = KeyServer(broken=True)
    with pytest.raises(IdTokenError):
        validate(signed(claims()), server)
    for nonsense in ({}, {"keys": "x"}, {"keys": [1, {"kty": "oct", "k": "AAAA"}, {"kty": "RSA"}]}):
        server = KeyServer()
        server.fetch = lambda _, __, nonsense=nonsense: nonsense  # type: ignore[method-assign] # the server's answer
        with pytest.raises(IdTokenError):
            validate(signed(claims()), server)
