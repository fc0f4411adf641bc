"""One authorization server for each issuer: codes, tokens and launches over the store."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2 import OAuth2Request
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc9207 import IssuerParameter

from sandbox.auth import grants
from sandbox.auth.keys import SigningKeys
from sandbox.auth.models import Client, Code, Token, User
from sandbox.auth.scopes import Access
from sandbox.behaviours import Behaviour
from sandbox.config import RegisteredClient, SandboxConfig
from sandbox.store import Store

CODE_LIFETIME_S = 60
LAUNCH_LIFETIME_S = 600
TICKET_LIFETIME_S = 900


class SmartServer(AuthorizationServer):  # type: ignore[misc]  # Authlib carries no type information
    """The authorization server of one issuer."""

    def __init__(self, config: SandboxConfig, behaviour: Behaviour, store: Store, keys: SigningKeys) -> None:
        super().__init__(query_client=self.find_client, save_token=self._save_token)
        self._config = config
        self.behaviour = behaviour
        self._store = store
        self.keys = keys
        self.fhir_base = f"{config.base_url}/{behaviour.slug}/fhir"
        self.auth_base = f"{config.base_url}/{behaviour.slug}/{behaviour.authorization_path}"
        self.issuer = f"{config.base_url}/{behaviour.slug}/{behaviour.issuer_path}"
        self.token_url = f"{self.auth_base}/token"
        self.register_token_generator(
            "default",
            BearerTokenGenerator(_random_token, _random_token, lambda client, grant_type: self.token_lifetime_s),
        )
        self.register_grant(
            grants.SmartCodeGrant,
            [grants.S256Required(), grants.SmartParameters(), grants.CodeIdToken(self)],
        )
        self.register_grant(grants.RotatingRefreshGrant, [grants.RefreshIdToken(self)])
        self.register_client_auth_method("private_key_jwt", grants.SmartClientAssertion(self))
        self.register_endpoint(_Revocation(self))
        self.register_endpoint(_Introspection(self))
        self.issuer_parameter = _Issuer(self.issuer)
        self.register_extension(self.issuer_parameter)

    @property
    def now(self) -> Callable[[], datetime]:
        """The sandbox's clock."""
        return self._config.now

    @property
    def token_lifetime_s(self) -> int:
        """Lifetime of access tokens."""
        return self._config.token_lifetime_s

    def create_oauth2_request(self, request: Any) -> Any:
        """A request made by `request_of` passes through; else the current one of Flask."""
        return request if isinstance(request, OAuth2Request) else super().create_oauth2_request(request)

    def request_of(self, parameters: dict[str, str], user: User, context: dict[str, Any]) -> OAuth2Request:
        """The authorization request once more, after sign-in and consent, with the launch context."""
        made = OAuth2Request("GET", f"{self.auth_base}/authorize")
        made.payload = BasicOAuth2Payload(parameters)
        made.user = user
        made.launch_context = {**context, "auth_time": int(self.now().timestamp())}
        return made

    # Clients and users

    def clients(self) -> Iterable[RegisteredClient]:
        """All registered clients; those added at run time replace the demo's."""
        added = [RegisteredClient(**_tuples(body)) for _, body in self._store.documents("client")]
        names = {client.client_id for client in added}
        return [*added, *(client for client in self._config.clients if client.client_id not in names)]

    def find_client(self, client_id: str) -> Client | None:
        """The client as this issuer sees it, or None."""
        for registered in self.clients():
            if registered.client_id == client_id:
                return Client(registered, self.behaviour, self._config.app_url)
        return None

    def user(self, user_id: str) -> User:
        """One of the clinicians."""
        name, practitioner = CLINICIANS[user_id]
        return User(id=user_id, name=f"{name}, MD", fhir_user=f"Practitioner/{practitioner}")

    # Launches, codes, nonces

    def new_launch(self, body: dict[str, Any]) -> str:
        """A launch parameter for a chart that is open."""
        launch = secrets.token_hex(18)
        self._keep("launch", launch, body, LAUNCH_LIFETIME_S)
        return launch

    def find_launch(self, launch: str) -> dict[str, Any] | None:
        """What was open when the launch was made; None where unknown or too old."""
        return self._find("launch", launch)

    def new_ticket(self, body: dict[str, Any]) -> str:
        """A sign-in under way."""
        ticket = secrets.token_urlsafe(18)
        self._keep("ticket", ticket, body, TICKET_LIFETIME_S)
        return ticket

    def find_ticket(self, ticket: str) -> dict[str, Any] | None:
        """The sign-in under way, or None."""
        return self._find("ticket", ticket)

    def update_ticket(self, ticket: str, body: dict[str, Any]) -> None:
        """The next step of a sign-in."""
        self._keep("ticket", ticket, body, TICKET_LIFETIME_S)

    def end_ticket(self, ticket: str) -> dict[str, Any] | None:
        """The sign-in, which is over with this."""
        return self._store.take_document("ticket", ticket) if self._find("ticket", ticket) else None

    def keep_code(self, code: str, body: dict[str, Any]) -> None:
        """A new authorization code."""
        self._keep("code", code, {**body, "family": secrets.token_hex(16)}, CODE_LIFETIME_S)
        if body.get("nonce"):
            self._store.put_document("nonce", f"{body['client_id']} {body['nonce']}", {})

    def use_code(self, code: str, client: Client) -> Code | None:
        """The code, once; a second use ends the tokens of the first. None where it is not this client's or too old."""
        with self._store.write():
            body = self._find("code", code)
            if body is None or body["client_id"] != client.client_id:
                return None
            if body.get("used"):
                self.end_family(str(body["family"]))
                return None
            self._store.put_document("code", code, {**body, "used": True})
        return Code(body)

    def has_nonce(self, key: str) -> bool:
        """Whether the nonce was used."""
        return self._store.find_document("nonce", key) is not None

    def is_new_jti(self, key: str) -> bool:
        """Whether the assertion's id is new; it is remembered."""
        return self._store.add_document("jti", key, {})

    # Tokens

    def context_answer(self, body: dict[str, Any], scope: list[str]) -> dict[str, Any]:
        """The launch context of the token answer, as far as the scopes allow it."""
        answer: dict[str, Any] = {}
        if body.get("patient") and {"launch", "launch/patient"} & set(scope):
            answer["patient"] = body["patient"]
        if body.get("encounter") and {"launch", "launch/encounter"} & set(scope):
            answer["encounter"] = body["encounter"]
        answer["need_patient_banner"] = bool(body.get("need_patient_banner", True))
        answer["smart_style_url"] = f"{self._config.base_url}/{self.behaviour.slug}/smart-style.json"
        for name in ("intent", "fhirContext", "tenant"):
            if body.get(name):
                answer[name] = body[name]
        return answer

    def _save_token(self, token: dict[str, Any], request: Any) -> None:
        source = request.authorization_code or request.refresh_token
        now = int(self.now().timestamp())
        kept = {name: source.body[name] for name in _CARRIED if name in source.body}
        body = {**kept, "client_id": request.client.client_id, "scope": token.get("scope", ""), "issued_at": now}
        lifetime = int(token["expires_in"])
        self._store.put_document("access", token["access_token"], {**body, "expires_at": now + lifetime})
        if "refresh_token" in token:
            # What was granted once stays with the family, also where one refresh asked for less.
            granted = {**body, "scope": source.get_scope(), "expires_at": now + self._config.refresh_lifetime_s}
            self._store.put_document("refresh", token["refresh_token"], granted)

    def find_access(self, token: str) -> Access | None:
        """What the access token allows at this issuer; None where it is unknown, ended or expired."""
        found = self._find_token("access", token)
        if found is None or found.is_expired() or found.is_revoked():
            return None
        body = found.body
        scopes = tuple(found.get_scope().split())
        patient = body.get("patient") if {"launch", "launch/patient"} & set(scopes) else None
        return Access(scopes, patient, str(body["family"]), client_id=str(body["client_id"]), user=str(body["user"]))

    def find_refresh_token(self, token: str) -> Token | None:
        """The refresh token if it can be used; also one that was used, so that its reuse is noticed."""
        found = self._find_token("refresh", token)
        return None if found is None or found.is_expired() or found.is_revoked() else found

    def use_refresh_token(self, token: str) -> bool:
        """Use it up; False, and the family ends, where it was used before."""
        with self._store.write():
            body = self._store.find_document("refresh", token) or {}
            if body.get("used"):
                self.end_family(str(body["family"]))
                return False
            self._store.put_document("refresh", token, {**body, "used": True})
            return True

    def end_family(self, family: str) -> None:
        """End every token of one sign-in."""
        self._store.put_document("ended", family, {})

    def find_token(self, token: str, hint: str | None = None) -> Token | None:
        """An access or refresh token of this issuer, whatever its state."""
        return self._find_token("access", token) or self._find_token("refresh", token)

    def end_token(self, token: Token, text: str) -> None:
        """Revoke: a refresh token with everything of its sign-in, an access token alone."""
        if self._store.find_document("access", text) is not None:
            self._store.put_document("access", text, {**token.body, "revoked": True})
        else:
            self.end_family(str(token.body["family"]))

    def _find_token(self, kind: str, text: str) -> Token | None:
        body = self._store.find_document(kind, text)
        if body is None or body.get("issuer") != self.behaviour.slug:
            return None
        if self._store.find_document("ended", str(body["family"])) is not None:
            body["revoked"] = True
        return Token(body, self.now)

    def _keep(self, kind: str, key: str, body: dict[str, Any], lifetime_s: int) -> None:
        until = self.now().timestamp() + lifetime_s
        self._store.put_document(kind, key, {**body, "issuer": self.behaviour.slug, "until": until})

    def _find(self, kind: str, key: str) -> dict[str, Any] | None:
        body = self._store.find_document(kind, key)
        if body is None or body["issuer"] != self.behaviour.slug or body["until"] < self.now().timestamp():
            return None
        return body


CLINICIANS = {"ada": ("Ada Clinician", "sandbox-clinician"), "ben": ("Ben Colleague", "sandbox-colleague")}
"""User name at sign-in: name, and id of the Practitioner."""
DEFAULT_USER = "ada"
_CARRIED = (
    "issuer",
    "family",
    "user",
    "patient",
    "encounter",
    "need_patient_banner",
    "intent",
    "fhirContext",
    "tenant",
)


def _random_token(**_: Any) -> str:
    return secrets.token_urlsafe(32)


def _tuples(body: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in body.items()}


class _Issuer(IssuerParameter):  # type: ignore[misc]  # Authlib carries no type information
    """RFC 9207: every authorization response names its issuer."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer

    def get_issuer(self) -> str:
        """The issuer."""
        return self._issuer


class _Revocation(RevocationEndpoint):  # type: ignore[misc]  # Authlib carries no type information
    CLIENT_AUTH_METHODS = grants.ALL_METHODS
    server: SmartServer

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        return self.server.find_token(token_string, token_type_hint)

    def revoke_token(self, token: Token, request: Any) -> None:
        self.server.end_token(token, str(request.form["token"]))


class _Introspection(IntrospectionEndpoint):  # type: ignore[misc]  # Authlib carries no type information
    CLIENT_AUTH_METHODS = grants.ALL_METHODS
    server: SmartServer

    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        return self.server.find_token(token_string, token_type_hint)

    def check_permission(self, token: Token, client: Client, request: Any) -> bool:
        return token.check_client(client)

    def introspect_token(self, token: Token) -> dict[str, Any]:
        body = token.body
        if body.get("used"):
            return {"active": False}
        scope = token.get_scope().split()
        context = self.server.context_answer(body, scope)
        answer: dict[str, Any] = {
            "active": True,
            "scope": token.get_scope(),
            "client_id": body["client_id"],
            "exp": body["expires_at"],
            "iat": body["issued_at"],
            "iss": self.server.issuer,
            "sub": body["user"],
            "token_type": "Bearer",
            **{name: context[name] for name in ("patient", "encounter", "intent", "fhirContext") if name in context},
        }
        if "fhirUser" in scope:
            answer["fhirUser"] = f"{self.server.fhir_base}/{self.server.user(str(body['user'])).fhir_user}"
        return answer
