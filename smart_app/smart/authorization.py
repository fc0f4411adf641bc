"""
The OAuth 2 dance of SMART App Launch: request, code for token, refresh, revocation.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oauth2.rfc7523.assertion import private_key_jwt_sign
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from smart_app.errors import DiscoveryError, NoPatientError, TokenExchangeError
from smart_app.settings import Issuer
from smart_app.smart.configuration import SmartConfiguration
from smart_app.smart.endpoints import Endpoints
from smart_app.smart.keys import SigningKeys

STATE_BYTES = 32
ASSERTION_S = 60
DEFAULT_LIFETIME_S = 300
LONGEST_LIFETIME_S = 10 * 3600
_FHIR_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_OAUTH_CODE = re.compile(r"[\x20-\x21\x23-\x5b\x5d-\x7e]{1,60}")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """
    One launch that is under way: kept until its callback, bound to the browser that began it.

    Everything that the callback needs is in it, so that a later change of discovery cannot redirect a code (T03).
    """

    slug: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    code_verifier: str = field(repr=False)
    redirect_uri: str
    token_endpoint: str
    expected_iss: str
    requires_iss: bool
    scopes: tuple[str, ...]
    started_at: float
    standalone: bool = False


@dataclass(frozen=True, slots=True)
class TokenSet:
    """
    Tokens of one launch. `expires_at` in seconds since the epoch; `refresh_token` empty when there is none.

    `renewing`: the refresh token was sent, and its answer has not been kept; it is never sent again.
    """

    access_token: str = field(repr=False)
    expires_at: float
    refresh_token: str = field(default="", repr=False)
    renewing: bool = False


@dataclass(frozen=True, slots=True)
class TokenAnswer:
    """A whole answer of the token endpoint. `extra` holds the launch parameters that SMART puts beside the token."""

    tokens: TokenSet
    scopes: frozenset[str]
    id_token: str = field(repr=False)
    extra: Mapping[str, Any] = field(repr=False)

    def require_patient(self) -> str:
        """
        The patient in context.

        Raises:
            NoPatientError: the EHR gave none, or something that is no FHIR id.
        """
        patient = self.extra.get("patient")
        if not isinstance(patient, str) or not _FHIR_ID.fullmatch(patient):
            raise NoPatientError("the EHR gave no patient")
        return patient

    @property
    def encounter(self) -> str:
        """The encounter in context, empty when there is none."""
        encounter = self.extra.get("encounter")
        return encounter if isinstance(encounter, str) and _FHIR_ID.fullmatch(encounter) else ""


def as_form(endpoint: str, url: str) -> tuple[tuple[str, str], ...]:
    """The parameters that an authorization request adds to its endpoint, as the fields of a form posted to it."""
    own = parse_qsl(urlsplit(endpoint).query, keep_blank_values=True)
    return tuple(parse_qsl(urlsplit(url).query, keep_blank_values=True)[len(own) :])


class Authorizer:
    """Authlib's client for the registered issuers; `now` gives seconds since the epoch."""

    def __init__(self, endpoints: Endpoints, keys: SigningKeys, now: Callable[[], float]) -> None:
        self._endpoints = endpoints
        self._keys = keys
        self._now = now

    def begin(
        self,
        issuer: Issuer,
        configuration: SmartConfiguration,
        *,
        scopes: tuple[str, ...],
        redirect_uri: str,
        launch: str | None,
    ) -> tuple[AuthorizationRequest, str]:
        """The request to keep, and the address of the EHR's authorization page for it."""
        request = AuthorizationRequest(
            slug=issuer.slug,
            state=secrets.token_hex(STATE_BYTES),
            nonce=secrets.token_hex(STATE_BYTES),
            code_verifier=_code_verifier(),
            redirect_uri=redirect_uri,
            token_endpoint=configuration.token_endpoint,
            expected_iss=configuration.issuer,
            requires_iss=configuration.response_iss,
            scopes=scopes,
            started_at=self._now(),
            standalone=launch is None,
        )
        extra = {"aud": issuer.iss, "nonce": request.nonce}
        if launch is not None:
            extra["launch"] = launch
        session = self._session(issuer, code_challenge_method="S256", redirect_uri=redirect_uri)
        url, _ = session.create_authorization_url(
            configuration.authorization_endpoint,
            state=request.state,
            code_verifier=request.code_verifier,
            scope=" ".join(scopes),
            **extra,
        )
        return request, str(url)

    def exchange(self, issuer: Issuer, request: AuthorizationRequest, code: str) -> TokenAnswer:
        """
        Code for token, by the issuer's one authentication method; never tried twice.

        Raises:
            TokenExchangeError: refused, unreachable or nonsense.
        """
        session = self._session(issuer)
        answer = _ask(
            lambda: session.fetch_token(
                request.token_endpoint,
                grant_type="authorization_code",
                code=code,
                redirect_uri=request.redirect_uri,
                code_verifier=request.code_verifier,
            )
        )
        return self._read(answer, request.scopes)

    def refresh(
        self, issuer: Issuer, configuration: SmartConfiguration, refresh_token: str, scopes: frozenset[str]
    ) -> TokenAnswer:
        """
        New tokens; the old refresh token is used up even if the server does not rotate it.

        Raises:
            TokenExchangeError: refused, unreachable or nonsense.
        """
        session = self._session(issuer)
        answer = _ask(
            lambda: session.fetch_token(
                configuration.token_endpoint, grant_type="refresh_token", refresh_token=refresh_token
            )
        )
        return self._read({"refresh_token": refresh_token, **answer}, tuple(sorted(scopes)))

    def revoke(self, issuer: Issuer, configuration: SmartConfiguration, tokens: TokenSet) -> bool:
        """Tell the EHR that the tokens are no longer needed, where it takes that; True when it said yes to all."""
        if not configuration.revocation_endpoint:
            return False
        pairs = [("refresh_token", tokens.refresh_token), ("access_token", tokens.access_token)]
        done = True
        session = self._session(issuer)
        for hint, token in pairs:
            if not token:
                continue
            try:
                answer = session.revoke_token(configuration.revocation_endpoint, token=token, token_type_hint=hint)
                done = done and answer.status_code == 200
            except (requests.RequestException, OSError, OAuthError, DiscoveryError):
                return False
        return done

    def _session(self, issuer: Issuer, **options: Any) -> OAuth2Session:
        method = issuer.auth_method
        secret: Any = issuer.secret or None
        if method == "private_key_jwt":
            secret = self._keys.for_issuer(issuer)
        session = self._endpoints.oauth(
            issuer,
            client_secret=secret,
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
            **options,
        )
        if method == "private_key_jwt":
            session.register_client_auth_method(_Assertion(issuer.signing_alg))
        return session

    def _read(self, answer: Mapping[str, Any], asked: tuple[str, ...]) -> TokenAnswer:
        access_token = answer.get("access_token")
        if not _is_token(access_token):
            raise TokenExchangeError("the token endpoint gave no access token")
        token_type = answer.get("token_type")
        if not isinstance(token_type, str) or token_type.lower() != "bearer":
            raise TokenExchangeError("the token endpoint gave a token of an unknown type")
        refresh_token = answer.get("refresh_token")
        scope = answer.get("scope")
        granted = frozenset(scope.split()) if isinstance(scope, str) and scope.strip() else frozenset(asked)
        id_token = answer.get("id_token")
        lifetime = read_lifetime(answer.get("expires_in"))
        return TokenAnswer(
            TokenSet(
                str(access_token),
                self._now() + lifetime,
                str(refresh_token) if _is_token(refresh_token) else "",
            ),
            granted,
            id_token if isinstance(id_token, str) else "",
            {key: value for key, value in answer.items() if key in LAUNCH_PARAMETERS},
        )


LAUNCH_PARAMETERS = frozenset({"patient", "encounter", "need_patient_banner", "fhirContext", "intent", "tenant"})


class _Assertion(PrivateKeyJWT):  # type: ignore[misc] # Authlib carries no types
    # Authlib's own lasts an hour, is RS256 and has no `kid`; SMART asks for at most 5 minutes, RS384 or ES384, `kid`.

    def __init__(self, algorithm: str) -> None:
        super().__init__(alg=algorithm)

    def sign(self, auth: Any, token_endpoint: str) -> str:
        key = auth.client_secret
        return str(
            private_key_jwt_sign(
                key,
                client_id=auth.client_id,
                token_endpoint=token_endpoint,
                alg=self.alg,
                header={"kid": key.kid},
                claims={"jti": secrets.token_urlsafe(24)},
                expires_in=ASSERTION_S,
            )
        )


def _code_verifier() -> str:
    """A verifier whose challenge, which a page may carry to the EHR, does not read like a token ("eyJ")."""
    while True:
        verifier = secrets.token_urlsafe(64)
        if "eyJ" not in create_s256_code_challenge(verifier):
            return verifier


def read_lifetime(expires_in: object) -> float:
    """Seconds that a token lives: what cannot be true (missing, text that is no number, 0, -1, years) becomes 300."""
    if isinstance(expires_in, str) and expires_in.isascii() and expires_in.isdigit() and len(expires_in) < 12:
        expires_in = int(expires_in)
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float) or not 0 < expires_in < 10**8:
        return DEFAULT_LIFETIME_S
    return float(min(expires_in, LONGEST_LIFETIME_S))


def oauth_code(text: str) -> str:
    """An OAuth error code fit to be shown, `unknown_error` when it is not one."""
    return text if _OAUTH_CODE.fullmatch(text) else "unknown_error"


def _is_token(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= 16_384 and value.isascii() and value.isprintable()


def _ask(request: Callable[[], Any]) -> Mapping[str, Any]:
    try:
        answer = request()
    except OAuthError as error:
        raise TokenExchangeError(f"the token endpoint refused: {oauth_code(str(error.error or ''))}") from error
    except DiscoveryError as error:
        raise TokenExchangeError("the token endpoint lies on a host that is not pinned") from error
    except (requests.RequestException, OSError) as error:
        raise TokenExchangeError(f"the token endpoint gave no usable answer: {type(error).__name__}") from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise TokenExchangeError("the token endpoint answered nonsense") from error
    if not isinstance(answer, Mapping):
        raise TokenExchangeError("the token endpoint answered nonsense")
    return answer
