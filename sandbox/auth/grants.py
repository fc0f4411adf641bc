"""
The grants of SMART on Authlib's server side, with its gaps closed.

Authlib asks PKCE of nobody at /authorize, takes `plain`, and refuses RS384 and ES384 assertions: all three differ here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import requests
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidGrantError, InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode, OpenIDToken
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from sandbox.auth.keys import ALGORITHM
from sandbox.auth.models import Client, Code, Token, User

if TYPE_CHECKING:
    from sandbox.auth.server import SmartServer

ALL_METHODS = ["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]
ASSERTION_ALGORITHMS = ["RS384", "ES384"]
ASSERTION_LIFETIME_S = 300
CLOCK_LEEWAY_S = 10


class SmartCodeGrant(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib carries no type information
    """Authorization code with the launch context in the token answer."""

    TOKEN_ENDPOINT_AUTH_METHODS = ALL_METHODS
    server: SmartServer

    @staticmethod
    def validate_authorization_redirect_uri(request: Any, client: Client) -> str:
        """Exact match of a redirect URI that must be given; nothing of it is repeated in the error."""
        redirect_uri = request.payload.redirect_uri
        if not redirect_uri or not client.check_redirect_uri(redirect_uri):
            raise InvalidRequestError("The redirect_uri is not registered for this client.")
        return str(redirect_uri)

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Keep what was asked and granted."""
        data = request.payload.data
        self.server.keep_code(
            code,
            {
                "client_id": request.client.client_id,
                "redirect_uri": request.payload.redirect_uri,
                "scope": request.scope,
                "nonce": data.get("nonce"),
                "code_challenge": data["code_challenge"],
                "user": request.user.id,
                **request.launch_context,
            },
        )

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        """The code, once; a second use ends every token that came of the first."""
        return self.server.use_code(code, client)

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Nothing: it was marked as used when it was presented."""

    def authenticate_user(self, authorization_code: Code) -> User:
        """The clinician who signed in."""
        return self.server.user(str(authorization_code.body["user"]))

    def generate_token(self, **arguments: Any) -> dict[str, Any]:
        """Bearer token with the launch context; a refresh token only where the scope asks for one."""
        scope = str(arguments.get("scope") or "").split()
        arguments["include_refresh_token"] = bool({"offline_access", "online_access"} & set(scope))
        token: dict[str, Any] = super().generate_token(**arguments)
        return {**token, **self.server.context_answer(self.request.authorization_code.body, scope)}


class RotatingRefreshGrant(RefreshTokenGrant):  # type: ignore[misc]  # Authlib carries no type information
    """A refresh token is good once; presented again, it ends its whole family."""

    TOKEN_ENDPOINT_AUTH_METHODS = ALL_METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True
    server: SmartServer

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        """The token, or None."""
        return self.server.find_refresh_token(refresh_token)

    def validate_token_request(self) -> None:
        """As Authlib, and then the token is used up, at once and for one caller only."""
        super().validate_token_request()
        if not self.server.use_refresh_token(str(self.request.form["refresh_token"])):
            raise InvalidGrantError("The refresh token was used before: all tokens of this sign-in are ended.")

    def authenticate_user(self, refresh_token: Token) -> User:
        """The clinician who signed in."""
        return self.server.user(str(refresh_token.body["user"]))

    def revoke_old_credential(self, refresh_token: Token) -> None:
        """Nothing: it was used up when it was presented."""

    def generate_token(self, **arguments: Any) -> dict[str, Any]:
        """The launch context is repeated."""
        token: dict[str, Any] = super().generate_token(**arguments)
        scope = str(arguments.get("scope") or "").split()
        return {**token, **self.server.context_answer(self.request.refresh_token.body, scope)}


class S256Required(CodeChallenge):  # type: ignore[misc]  # Authlib carries no type information
    """PKCE with S256 of every client, public or not."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Both parameters must be there."""
        data = grant.request.payload.data
        if not data.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge': PKCE is required.")
        if data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("The 'code_challenge_method' must be S256.")
        super().validate_code_challenge(grant, redirect_uri)


class SmartParameters:
    """`aud`, `state` and `launch` of SMART, checked at /authorize."""

    def __call__(self, grant: Any) -> None:
        """Hook into the authorization request."""
        grant.register_hook("after_validate_authorization_request_payload", self.check)

    def check(self, grant: Any, redirect_uri: str) -> None:
        """
        Refuse what SMART forbids.

        Raises:
            InvalidRequestError: no state, no aud or another server's, an unknown launch.
        """
        server: SmartServer = grant.server
        data = grant.request.payload.data
        if not data.get("state"):
            raise InvalidRequestError("Missing 'state' in request.")
        if data.get("aud", "").rstrip("/") != server.fhir_base:
            raise InvalidRequestError("The 'aud' must be the FHIR base of this server.")
        launch = data.get("launch")
        if launch and server.find_launch(launch) is None:
            raise InvalidRequestError("The 'launch' is unknown or has expired.")
        if not launch and "launch" in (data.get("scope") or "").split():
            raise InvalidRequestError("The scope 'launch' needs the parameter 'launch'.")


class _IdToken:
    """What both kinds of id_token say; mixed into Authlib's extensions."""

    def __init__(self, server: SmartServer) -> None:
        self._smart = server

    def resolve_client_private_key(self, client: Client) -> Any:
        """The current signing key."""
        return self._smart.keys.current()

    def get_client_algorithm(self, client: Client) -> str:
        """RS256 for everybody."""
        return ALGORITHM

    def get_encode_header(self, client: Client) -> dict[str, str]:
        """With `kid`."""
        return {"alg": ALGORITHM, "kid": str(self._smart.keys.current().kid), "typ": "JWT"}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        """Issuer, audience and times by the sandbox's clock."""
        now = int(self._smart.now().timestamp())
        return {"iss": self._smart.issuer, "aud": client.client_id, "iat": now, "exp": now + 3600, "auth_time": now}

    def generate_user_info(self, user: User, scope: str) -> dict[str, Any]:
        """Subject, and fhirUser where it was asked for."""
        claims = {"sub": user.id}
        if {"fhirUser", "profile"} & set(scope.split()):
            claims["fhirUser"] = f"{self._smart.fhir_base}/{user.fhir_user}"
        if "profile" in scope.split():
            claims["name"] = user.name
        return claims


class CodeIdToken(_IdToken, OpenIDCode):  # type: ignore[misc]  # Authlib carries no type information
    """id_token of the first token answer."""

    def __init__(self, server: SmartServer) -> None:
        _IdToken.__init__(self, server)
        self.require_nonce = False

    def exists_nonce(self, nonce: str, request: Any) -> bool:
        """Whether the client used the nonce before."""
        return self._smart.has_nonce(f"{request.payload.client_id} {nonce}")


class RefreshIdToken(_IdToken, OpenIDToken):  # type: ignore[misc]  # Authlib carries no type information
    """id_token of a refresh."""


class SmartClientAssertion(JWTBearerClientAssertion):  # type: ignore[misc]  # Authlib carries no type information
    """private_key_jwt as SMART asks: RS384 or ES384, `kid`, five minutes at most, `jti` once."""

    CLIENT_AUTH_METHOD = "private_key_jwt"

    def __init__(self, server: SmartServer) -> None:
        super().__init__(validate_jti=True, leeway=CLOCK_LEEWAY_S)
        self._smart = server

    def get_audiences(self) -> list[str]:
        """The token endpoint."""
        return [self._smart.token_url]

    def validate_jti(self, claims: dict[str, Any], jti: str) -> bool:
        """Whether it is new."""
        return self._smart.is_new_jti(f"{claims['sub']} {jti}")

    def resolve_client_public_key(self, client: Client) -> KeySet:
        """Keys of the registration, or of the client's own address."""
        if client.registered.jwks is not None:
            return KeySet.import_key_set(client.registered.jwks)
        if not client.jwks_uri:
            raise InvalidClientError(description="The client has no keys registered.")
        try:
            answer = requests.get(client.jwks_uri, timeout=5)
            answer.raise_for_status()
            return KeySet.import_key_set(answer.json())
        except (requests.RequestException, ValueError, JoseError) as error:
            raise InvalidClientError(description="The keys of the client cannot be read.") from error

    def process_assertion_claims(self, assertion: str, resolve_key: Any) -> Any:
        """
        Verify signature and claims.

        Raises:
            InvalidClientError: anything that SMART does not allow.
        """
        header = json.loads(json.dumps(jws.extract_compact(assertion.encode()).headers()))
        if not header.get("kid") or header.get("alg") not in ASSERTION_ALGORITHMS:
            raise InvalidClientError(description="The assertion needs a kid, and RS384 or ES384.")
        try:
            token = jwt.decode(assertion, resolve_key, algorithms=ASSERTION_ALGORITHMS)
            self._check_times(token.claims)
        except (JoseError, ValueError) as error:
            raise InvalidClientError(description="The assertion cannot be verified.") from error
        return token.claims

    def _check_times(self, claims: dict[str, Any]) -> None:
        now = int(self._smart.now().timestamp())
        registry = jwt.JWTClaimsRegistry(
            now=now,
            leeway=CLOCK_LEEWAY_S,
            iss={"essential": True},
            sub={"essential": True},
            aud={"essential": True, "values": self.get_audiences()},
            exp={"essential": True},
            jti={"essential": True},
        )
        registry.validate(claims)
        if claims["sub"] != claims["iss"]:
            raise InvalidClientError(description="iss and sub must both be the client_id.")
        if claims["exp"] > now + ASSERTION_LIFETIME_S + CLOCK_LEEWAY_S:
            raise InvalidClientError(description="The assertion lives longer than five minutes.")
        if not self.validate_jti(claims, str(claims["jti"])):
            raise InvalidClientError(description="The jti was used before.")
