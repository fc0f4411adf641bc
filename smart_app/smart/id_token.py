"""
Who is using the app: the id_token, validated before any token is used.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jws import JWSRegistry
from joserfc.jwt import JWTClaimsRegistry

from smart_app.errors import ClockError, IdTokenError
from smart_app.settings import Issuer
from smart_app.smart.configuration import SmartConfiguration
from smart_app.smart.keys import IssuerKeys

SKEW_S = 120
OLDEST_S = 3600 * 24
MAX_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class UserIdentity:
    """The signed-in user. `fhir_user` is `Practitioner/17` or an absolute address, empty where the EHR does not say."""

    subject: str
    issuer: str
    fhir_user: str = ""
    name: str = ""


@dataclass(frozen=True)
class IdTokenValidator:
    """Checks id_tokens; `now` gives seconds since the epoch."""

    keys: IssuerKeys
    now: Callable[[], float]

    def validate(
        self, issuer: Issuer, configuration: SmartConfiguration, id_token: object, nonce: str, access_token: str
    ) -> UserIdentity:
        """
        The user an id_token speaks of.

        Raises:
            IdTokenError: signature, algorithm, issuer, audience, nonce or a time does not hold.
        """
        if not isinstance(id_token, str) or not id_token.isascii() or len(id_token) > MAX_BYTES:
            raise IdTokenError("the id_token is not a token")
        expected_issuer = issuer.id_token_issuer or configuration.issuer
        if not expected_issuer or not configuration.jwks_uri:
            raise IdTokenError("the EHR does not say how its id_tokens are signed")
        header = _read_header(id_token)
        algorithm = header["alg"]
        if algorithm not in issuer.id_token_algs:
            raise IdTokenError("the id_token is signed in a way that the registry does not allow")
        key = self.keys.find(issuer, configuration.jwks_uri, header.get("kid"), algorithm)
        try:
            token = jwt.decode(id_token, key, registry=JWSRegistry(algorithms=list(issuer.id_token_algs)))
            self._check_times(token.claims)
            self._claims(issuer, expected_issuer, nonce).validate(token.claims)
        except (JoseError, ValueError, TypeError, RecursionError) as error:
            raise IdTokenError(f"the id_token does not hold: {type(error).__name__}") from error
        self._check_rest(token.claims, issuer, algorithm, access_token)
        return _user(token.claims)

    def _check_times(self, claims: dict[str, Any]) -> None:
        issued, ends, now = claims.get("iat"), claims.get("exp"), self.now()
        if isinstance(issued, (int, float)) and not now - OLDEST_S <= issued <= now + SKEW_S:
            raise ClockError("the id_token was issued long ago, or is of the future")
        if isinstance(ends, (int, float)) and ends < now - SKEW_S:
            raise ClockError("the id_token is over")

    def _claims(self, issuer: Issuer, expected_issuer: str, nonce: str) -> JWTClaimsRegistry:
        return JWTClaimsRegistry(
            now=int(self.now()),
            leeway=SKEW_S,
            iss={"essential": True, "value": expected_issuer},
            aud={"essential": True, "value": issuer.client_id},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )

    def _check_rest(self, claims: dict[str, Any], issuer: Issuer, algorithm: str, access_token: str) -> None:
        if not isinstance(claims["iss"], str) or not isinstance(claims["nonce"], str):
            raise IdTokenError("the id_token's issuer or nonce is not a text")
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != issuer.client_id:
            raise IdTokenError("the id_token has several audiences and was not issued to this app")
        if "azp" in claims and claims["azp"] != issuer.client_id:
            raise IdTokenError("the id_token was issued to another app")
        if "at_hash" in claims and not _fits(claims["at_hash"], algorithm, access_token):
            raise IdTokenError("the id_token belongs to another access token")


def _read_header(id_token: str) -> dict[str, Any]:
    try:
        encoded = id_token.split(".", 1)[0]
        header = json.loads(base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except (ValueError, RecursionError) as error:
        raise IdTokenError("the id_token has no readable header") from error
    if not isinstance(header, dict) or not isinstance(header.get("alg"), str):
        raise IdTokenError("the id_token has no readable header")
    if header.get("kid") is not None and not isinstance(header["kid"], str):
        raise IdTokenError("the id_token's key id is not a text")
    # A key that the token brings along proves nothing; `crit` asks for what we do not know.
    if {"jwk", "jku", "x5u", "x5c", "crit"} & set(header):
        raise IdTokenError("the id_token brings its own key")
    if header.get("typ", "JWT") not in ("JWT", "jwt"):
        raise IdTokenError("the token is of another type")
    return header


def _fits(at_hash: object, algorithm: str, access_token: str) -> bool:
    digest = hashlib.new(f"sha{algorithm[2:]}", access_token.encode()).digest()
    half = base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
    return isinstance(at_hash, str) and hmac.compare_digest(half.encode(), at_hash.encode())


def _user(claims: dict[str, Any]) -> UserIdentity:
    subject = claims["sub"]
    if not subject or len(subject) > 255:
        raise IdTokenError("the id_token names no user")
    fhir_user = next((claims[n] for n in ("fhirUser", "profile") if isinstance(claims.get(n), str)), "")
    name = claims.get("name") if isinstance(claims.get("name"), str) else ""
    return UserIdentity(subject, claims["iss"], fhir_user[:512], (name or "")[:200])
