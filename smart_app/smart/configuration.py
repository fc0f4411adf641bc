"""
Discovery: an issuer's `.well-known/smart-configuration`, checked against its registry row and cached.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from smart_app.errors import DiscoveryError
from smart_app.settings import Issuer

CACHE_S = 3600.0
FAILED_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class SmartConfiguration:
    """What an authorization server says of itself. An empty endpoint is one that it does not have."""

    authorization_endpoint: str
    token_endpoint: str
    issuer: str = ""
    jwks_uri: str = ""
    revocation_endpoint: str = ""
    capabilities: frozenset[str] = frozenset()
    scopes_supported: frozenset[str] = frozenset()
    response_iss: bool = False

    @property
    def scopes_v2(self) -> bool:
        """Whether the scopes of SMART 2 (`.rs`) are understood; a server that says nothing is taken as version 1."""
        return "permission-v2" in self.capabilities


class Discovery:
    """Smart-configurations by issuer, fetched at most once an hour; safe for threads."""

    def __init__(self, fetch_json: Callable[[Issuer, str], dict[str, Any]], monotonic: Callable[[], float]) -> None:
        self._fetch_json = fetch_json
        self._monotonic = monotonic
        self._locks: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()
        self._kept: dict[str, tuple[float, SmartConfiguration]] = {}
        self._failed: dict[str, tuple[float, DiscoveryError]] = {}

    def of(self, issuer: Issuer) -> SmartConfiguration:
        """
        The configuration of an issuer.

        Raises:
            DiscoveryError: missing, malformed, or naming a host that is not allowed.
        """
        kept = self._kept.get(issuer.slug)
        if kept is not None and self._monotonic() - kept[0] < CACHE_S:
            return kept[1]
        with self._guard:
            lock = self._locks.setdefault(issuer.slug, threading.Lock())
        with lock:
            kept = self._kept.get(issuer.slug)
            if kept is not None and self._monotonic() - kept[0] < CACHE_S:
                return kept[1]
            return self._fetch(issuer)

    def _fetch(self, issuer: Issuer) -> SmartConfiguration:
        failed = self._failed.get(issuer.slug)
        if failed is not None and self._monotonic() - failed[0] < FAILED_AGAIN_S:
            raise DiscoveryError(str(failed[1]))
        try:
            document = self._fetch_json(issuer, f"{issuer.iss}/.well-known/smart-configuration")
            configuration = read_configuration(document, issuer)
            if not configuration.jwks_uri and configuration.issuer:
                configuration = self._complete(configuration, document, issuer)
        except DiscoveryError as error:
            self._failed[issuer.slug] = (self._monotonic(), error)
            raise
        self._kept[issuer.slug] = (self._monotonic(), configuration)
        return configuration

    def _complete(
        self, configuration: SmartConfiguration, document: dict[str, Any], issuer: Issuer
    ) -> SmartConfiguration:
        # A server of SMART 1 names its keys only in the OpenID discovery document of its issuer.
        openid = self._fetch_json(issuer, f"{configuration.issuer.rstrip('/')}/.well-known/openid-configuration")
        if openid.get("issuer") != configuration.issuer:
            raise DiscoveryError("the OpenID configuration names another issuer")
        return read_configuration({**document, "jwks_uri": openid.get("jwks_uri")}, issuer)


def read_configuration(document: dict[str, Any], issuer: Issuer) -> SmartConfiguration:
    """
    Check a smart-configuration document.

    Raises:
        DiscoveryError: a required member is missing or of the wrong kind, PKCE S256 is ruled out, an endpoint lies on a
            host that is not pinned, or the OpenID issuer is not the pinned one.
    """
    methods = _texts(document, "code_challenge_methods_supported")
    if methods and "S256" not in methods:
        raise DiscoveryError("the authorization server does not take PKCE with S256")
    openid_issuer = _text(document, "issuer")
    if issuer.id_token_issuer and openid_issuer and not _same_host(issuer, openid_issuer):
        raise DiscoveryError("the authorization server names an OpenID issuer on a host that is not pinned")
    return SmartConfiguration(
        authorization_endpoint=_endpoint(document, "authorization_endpoint", issuer, required=True),
        token_endpoint=_endpoint(document, "token_endpoint", issuer, required=True),
        issuer=openid_issuer,
        jwks_uri=_endpoint(document, "jwks_uri", issuer),
        revocation_endpoint=_endpoint(document, "revocation_endpoint", issuer),
        capabilities=frozenset(_texts(document, "capabilities")),
        scopes_supported=frozenset(_texts(document, "scopes_supported")),
        response_iss=document.get("authorization_response_iss_parameter_supported") is True,
    )


def _same_host(issuer: Issuer, url: str) -> bool:
    return url == issuer.id_token_issuer or issuer.may_ask(url)


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > 2048:
        raise DiscoveryError(f"the smart-configuration's {name} is not a text")
    return value


def _texts(document: dict[str, Any], name: str) -> list[str]:
    value = document.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > 2000:
        raise DiscoveryError(f"the smart-configuration's {name} is not a list")
    return [item for item in value if isinstance(item, str)]


def _endpoint(document: dict[str, Any], name: str, issuer: Issuer, required: bool = False) -> str:
    url = _text(document, name)
    if not url:
        if required:
            raise DiscoveryError(f"the smart-configuration has no {name}")
        return ""
    if any(character <= " " for character in url) or "#" in url:
        raise DiscoveryError(f"{name} is not an address")
    # SMART wants absolute addresses; of a server that gives relative ones, they are read relative to its FHIR base.
    absolute = _absolute(url, issuer)
    if not issuer.may_ask(absolute):
        raise DiscoveryError(f"{name} lies on a host that the registry does not allow")
    return absolute


def _absolute(url: str, issuer: Issuer) -> str:
    try:
        return urljoin(f"{issuer.iss}/", url)
    except ValueError as error:
        raise DiscoveryError("the smart-configuration holds an address that cannot be read") from error
