"""Authlib's models over the sandbox's store: client, authorization code, token."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin
from authlib.oidc.core import AuthorizationCodeMixin

from sandbox.auth.scopes import grant_scopes
from sandbox.behaviours import Behaviour
from sandbox.config import RegisteredClient


@dataclass
class User:
    """The signed-in clinician."""

    id: str
    name: str
    fhir_user: str


class Client(ClientMixin):  # type: ignore[misc]  # Authlib carries no type information
    """A registered client as one issuer sees it."""

    def __init__(self, registered: RegisteredClient, behaviour: Behaviour, app_url: str) -> None:
        self.registered = registered
        self.client_id = registered.client_id
        self._behaviour = behaviour
        self.app_url = app_url
        self.redirect_uris = tuple(uri.format(app=app_url, slug=behaviour.slug) for uri in registered.redirect_uris)

    @property
    def jwks_uri(self) -> str:
        """Where the client publishes its keys; empty without."""
        return self.registered.jwks_uri.format(app=self.app_url)

    def get_client_id(self) -> str:
        """Id."""
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        """None: a redirect URI must be given, whether one or many are registered."""

    def get_allowed_scope(self, scope: str | None) -> str | None:
        """What is granted of the scopes asked for; None (invalid_scope) where nothing is."""
        granted = grant_scopes(self._behaviour, (scope or "").split(), self.registered.scopes)
        return " ".join(granted) or None

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Exact match, nothing else."""
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        """Compare in constant time."""
        return bool(self.registered.secret) and hmac.compare_digest(
            self.registered.secret.encode(), client_secret.encode()
        )

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        """The one registered method, at every endpoint, where the EHR offers it."""
        return method == self.registered.auth_method and method in self._behaviour.auth_methods

    def check_response_type(self, response_type: str) -> bool:
        """Only code."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Code and refresh."""
        return grant_type in ("authorization_code", "refresh_token")


class Code(AuthorizationCodeMixin):  # type: ignore[misc]  # Authlib carries no type information
    """An authorization code: what was asked and granted, bound to its client."""

    def __init__(self, body: dict[str, Any]) -> None:
        self.body = body

    @property
    def code_challenge(self) -> str:
        """PKCE challenge."""
        return str(self.body["code_challenge"])

    @property
    def code_challenge_method(self) -> str:
        """PKCE method."""
        return "S256"

    def get_redirect_uri(self) -> str:
        """As in the authorization request."""
        return str(self.body["redirect_uri"])

    def get_scope(self) -> str:
        """Granted."""
        return str(self.body["scope"])

    def get_nonce(self) -> str | None:
        """For the id_token."""
        return self.body.get("nonce")

    def get_auth_time(self) -> int:
        """When the user signed in."""
        return int(self.body["auth_time"])

    def get_acr(self) -> None:
        """None."""

    def get_amr(self) -> None:
        """None."""


class Token(TokenMixin):  # type: ignore[misc]  # Authlib carries no type information
    """An access or a refresh token."""

    def __init__(self, body: dict[str, Any], now: Callable[[], datetime]) -> None:
        self.body = body
        self._now = now

    def check_client(self, client: Client) -> bool:
        """Whether it was given to this client."""
        return bool(self.body["client_id"] == client.client_id)

    def get_scope(self) -> str:
        """Granted."""
        return str(self.body["scope"])

    def get_expires_in(self) -> int:
        """Lifetime in seconds."""
        return int(self.body["expires_at"] - self.body["issued_at"])

    def is_expired(self) -> bool:
        """By the sandbox's clock."""
        return self._now().timestamp() >= float(self.body["expires_at"])

    def is_revoked(self) -> bool:
        """Alone or with its family."""
        return bool(self.body.get("revoked"))
