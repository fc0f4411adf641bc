"""
HTTP to an authorization server: no redirects, short time-outs, small answers, and only hosts that the registry allows.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from requests.adapters import HTTPAdapter

from smart_app.egress import ON_THIS_MACHINE, REFUSED, Egress, RefusedAddressError, guard
from smart_app.errors import DiscoveryError
from smart_app.settings import Issuer

CONNECT_S, READ_S = 3.0, 10.0
MAX_ANSWER_BYTES = 1 << 20
CHUNK = 1 << 16


class Endpoints:
    """
    Makes the sessions that talk to one issuer's authorization server, over one pool of connections (one a process).

    `ca_file` is the administrator's own certificate bundle.
    """

    def __init__(self, ca_file: str = "", egress: Egress = ON_THIS_MACHINE) -> None:
        self._ca_file = ca_file
        self._adapter = HTTPAdapter(pool_connections=16, pool_maxsize=8, max_retries=0)
        guard(self._adapter.poolmanager, egress)

    def oauth(self, issuer: Issuer, **options: Any) -> OAuth2Session:
        """An Authlib session for the token and revocation endpoints."""
        session = _BoundedOAuth2Session(issuer, client_id=issuer.client_id, **options)
        self._prepare(session)
        return session

    def fetch_json(self, issuer: Issuer, url: str) -> dict[str, Any]:
        """
        A small JSON document of the authorization server.

        Raises:
            DiscoveryError: not an allowed host, no answer, not 200, or not a JSON object.
        """
        if not issuer.may_ask(url):
            raise DiscoveryError("an endpoint lies on a host that the registry does not allow")
        try:
            session = requests.Session()
            self._prepare(session)
            answer = bounded_request(session.request, "GET", url, headers={"Accept": "application/json"})
        except (requests.RequestException, OSError) as error:
            raise DiscoveryError(f"the authorization server could not be reached: {_why(error)}") from error
        if answer.status_code != 200:
            raise DiscoveryError(f"the authorization server answered {answer.status_code}")
        try:
            document = json.loads(answer.content)
        except (ValueError, RecursionError) as error:
            raise DiscoveryError("the authorization server did not answer with JSON") from error
        if not isinstance(document, dict):
            raise DiscoveryError("the authorization server did not answer with a JSON object")
        return document

    def _prepare(self, session: requests.Session) -> None:
        session.trust_env = False  # no .netrc, no proxy that the administrator did not mean for this app
        session.verify = self._ca_file or True
        session.mount("https://", self._adapter)
        session.mount("http://", self._adapter)


def _why(error: Exception) -> str:
    reason = getattr(next(iter(error.args), None), "reason", None)  # requests wraps what urllib3 found
    return REFUSED if isinstance(reason, RefusedAddressError) else type(error).__name__


class _BoundedOAuth2Session(OAuth2Session):  # type: ignore[misc] # Authlib carries no types
    """Authlib's session, held to the hosts of the registry and to the limits of `bounded_request`."""

    def __init__(self, issuer: Issuer, **options: Any) -> None:
        self._issuer = issuer
        super().__init__(**options)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        if not self._issuer.may_ask(url):
            raise DiscoveryError("an endpoint lies on a host that the registry does not allow")
        return bounded_request(super().request, method, url, **options)

    def parse_response_token(self, answer: requests.Response) -> dict[str, Any]:
        # Authlib's own throws on `expires_in` values that real servers send (text, null) and accepts a 400 without
        # `error`; what the members mean is judged in authorization.py.
        if answer.status_code >= 500:
            answer.raise_for_status()
        document = answer.json()
        if not isinstance(document, dict):
            raise ValueError("not a JSON object")
        if "error" in document or answer.status_code != 200:
            raise OAuthError(error=str(document.get("error", "")))
        return document


def bounded_request(
    request: Callable[..., requests.Response], method: str, url: str, **options: Any
) -> requests.Response:
    """
    One request without redirects whose answer is read up to the limit.

    Raises:
        requests.RequestException: no answer, or a larger one.
    """
    options.update(allow_redirects=False, stream=True, timeout=(CONNECT_S, READ_S))
    response = request(method, url, **options)
    with response:
        body = bytearray()
        for chunk in response.iter_content(CHUNK):
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                raise requests.exceptions.ContentDecodingError("the answer is too large")
    # requests has no public way to keep a bounded body; Authlib reads it by `.json()`.
    response._content = bytes(body)
    return response
