"""
The registry of issuers: which EHRs may launch the app, and how it proves itself to each. One TOML row an EHR.
"""

from __future__ import annotations

import ipaddress
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from smart_app.settings.tables import Table, read_secret, url_problem

AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
LAUNCH_MODES = ("auto", "frame", "popout")
AUTHORIZE_BY = ("get", "post")
REFRESH = ("online", "offline", "none")
SIGNING_ALGS = ("RS384", "ES384")
ID_TOKEN_ALGS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::\d{1,5})?")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


@dataclass(frozen=True, slots=True)
class Organization:
    """The organization that runs an EHR; `reference` (`Organization/17`) becomes the plan's custodian."""

    name: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Issuer:
    """
    One registered EHR.

    `iss` is its FHIR base without a slash at the end; it is both the key of a launch and the only address that FHIR
    requests go to. `secret` and `key_pem` were read from where the row refers to. `scopes` narrows what is asked, empty
    means all that the app needs. `id_token_issuer` empty means the one of the EHR's smart-configuration.
    `launch_mode`: `frame` never offers a new window, `popout` always, `auto` when the frame blocks cookies.
    `authorize_by`: `post` sends the authorization request as a form to an EHR that announces `authorize-post`.
    `framed` false: cookies are SameSite=Lax and not partitioned. `private_network`: the EHR's hosts may have
    an address in a private network.
    """

    slug: str
    iss: str
    client_id: str
    auth_method: str = "none"
    name: str = ""
    secret: str = field(default="", repr=False)
    key_pem: str = field(default="", repr=False)
    key_id: str = ""
    signing_alg: str = "RS384"
    scopes: tuple[str, ...] = ()
    refresh: str = "online"
    frame_ancestors: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    time_zone: str = ""
    organization: Organization = Organization()
    launch_mode: str = "auto"
    authorize_by: str = "get"
    framed: bool = True
    private_network: bool = False
    id_token_issuer: str = ""
    id_token_algs: tuple[str, ...] = ("RS256",)
    force_light: bool = False

    @property
    def title(self) -> str:
        """What a person calls this EHR."""
        return self.name or self.organization.name or self.slug

    @property
    def zone(self) -> ZoneInfo | None:
        """Time zone of the dates on its pages; None means the server's own."""
        return ZoneInfo(self.time_zone) if self.time_zone else None

    @property
    def hosts(self) -> frozenset[str]:
        """The issuer's own host and those that its row allows, as `host:port`."""
        scheme = urlsplit(self.iss).scheme
        return frozenset({_host_and_port(self.iss), *map(_with_port(scheme), self.allowed_hosts)})

    @property
    def origins(self) -> tuple[str, ...]:
        """The same hosts as the origins of a content security policy."""
        return tuple(f"{urlsplit(self.iss).scheme}://{host}" for host in sorted(self.hosts))

    def may_ask(self, url: str) -> bool:
        """Whether an endpoint lies on the issuer's own host or one that its row allows."""
        try:
            host = _host_and_port(url)
        except ValueError:
            return False
        return urlsplit(url).scheme == urlsplit(self.iss).scheme and host in self.hosts


def canonical_url(url: str) -> str:
    """
    One spelling of an issuer address: host in lower case, no default port, no slash at the end.

    Raises:
        ValueError: not an absolute http or https address, or one with a user, query or fragment.
    """
    if len(url) > 512 or not url.isascii() or any(character <= " " for character in url) or "\\" in url:
        raise ValueError("not an address")
    parts = urlsplit(url)
    scheme = parts.scheme
    if scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("not an address")
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in url or "#" in url:
        raise ValueError("not a plain address")
    default_port = 443 if scheme == "https" else 80
    port = "" if parts.port in (None, default_port) else f":{parts.port}"
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{scheme}://{host}{port}{parts.path.rstrip('/')}"


def read_registry(path: Path, env: Mapping[str, str], demo: bool, problems: list[str]) -> tuple[Issuer, ...]:
    """The issuers of a registry file; what is wrong with it is added to `problems`."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"AFTERCARE_REGISTRY: cannot be read: {error.strerror}")
        return ()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"AFTERCARE_REGISTRY: is not TOML: {error}")
        return ()
    rows = data.get("issuer")
    if set(data) - {"issuer"} or not isinstance(rows, list) or not rows or not all(isinstance(r, dict) for r in rows):
        problems.append("AFTERCARE_REGISTRY: must hold one [[issuer]] table for each EHR, and nothing else")
        return ()
    issuers = tuple(_read_issuer(row, number, env, demo, path.parent, problems) for number, row in enumerate(rows, 1))
    for name in ("slug", "iss"):
        values = [getattr(issuer, name) for issuer in issuers]
        problems += [
            f"registry: {name} {value} stands in more than one row"
            for value in sorted(set(values))
            if values.count(value) > 1
        ]
    return issuers


def _read_issuer(
    row: Mapping[str, Any], number: int, env: Mapping[str, str], demo: bool, base: Path, problems: list[str]
) -> Issuer:
    table = Table(row, f"registry, issuer {number} ({row.get('slug', 'no slug')})", problems)
    method = table.choice("auth_method", AUTH_METHODS, "none")
    issuer = Issuer(
        slug=table.text("slug"),
        iss=_read_iss(table, demo),
        client_id=table.text("client_id"),
        auth_method=method,
        name=table.text("name", ""),
        secret=read_secret(table, "secret", env, base, method in ("client_secret_basic", "client_secret_post")),
        key_pem=read_secret(table, "key", env, base, False),
        key_id=table.text("key_id", ""),
        signing_alg=table.choice("signing_alg", SIGNING_ALGS, "RS384"),
        scopes=table.texts("scopes"),
        refresh=table.choice("refresh", REFRESH, "online"),
        frame_ancestors=table.texts("frame_ancestors"),
        allowed_hosts=tuple(host.lower() for host in table.texts("allowed_hosts")),
        time_zone=table.text("time_zone", ""),
        organization=_read_organization(table, problems),
        launch_mode=table.choice("launch_mode", LAUNCH_MODES, "auto"),
        authorize_by=table.choice("authorize_by", AUTHORIZE_BY, "get"),
        framed=table.flag("framed", True),
        private_network=table.flag("private_network"),
        id_token_issuer=table.text("id_token_issuer", ""),
        id_token_algs=table.texts("id_token_algs", ("RS256",)),
        force_light=table.flag("force_light"),
    )
    table.refuse_unknown()
    _check_issuer(issuer, table, demo)
    return issuer


def _read_iss(table: Table, demo: bool) -> str:
    iss = table.text("iss")
    problem = url_problem(iss, demo) if iss else ""
    if problem:
        table.complain("iss", problem)
        return iss
    if not demo and _is_private_address(iss) and not table.flag("private_network"):
        table.complain("iss", "is an address of a private network: that needs private_network = true")
    try:
        return canonical_url(iss) if iss else ""
    except ValueError:
        table.complain("iss", "is not an address")
        return iss


def _read_organization(table: Table, problems: list[str]) -> Organization:
    nested = Table(table.table("organization"), "registry, organization", problems)
    organization = Organization(nested.text("name", ""), nested.text("reference", ""))
    if organization.reference and not re.fullmatch(r"Organization/[A-Za-z0-9.-]{1,64}", organization.reference):
        table.complain("organization", "reference must read Organization/<id>")
    nested.refuse_unknown()
    return organization


def _check_issuer(issuer: Issuer, table: Table, demo: bool) -> None:
    if issuer.slug and not _SLUG.fullmatch(issuer.slug):
        table.complain("slug", "is made of a-z, 0-9 and hyphens, at most 40 characters")
    if issuer.time_zone:
        try:
            ZoneInfo(issuer.time_zone)
        except (KeyError, ValueError, OSError):
            table.complain("time_zone", "is not a zone of the IANA database, such as America/Chicago")
    for origin in issuer.frame_ancestors:
        problem = url_problem(origin, demo, origin_only=True)
        if problem:
            table.complain("frame_ancestors", f"{origin} {problem}")
    for host in issuer.allowed_hosts:
        if not _HOST.fullmatch(host):
            table.complain("allowed_hosts", f"{host} is not a host name, nor host:port")
    if not all(_SCOPE.fullmatch(scope) for scope in issuer.scopes):
        table.complain("scopes", "a scope holds a character that OAuth does not allow")
    if not issuer.id_token_algs or not set(issuer.id_token_algs) <= set(ID_TOKEN_ALGS):
        table.complain("id_token_algs", f"must be some of {', '.join(ID_TOKEN_ALGS)}")
    if issuer.secret and (len(issuer.secret) < 8 or issuer.secret.lower() in ("changeme", "password", "secret")):
        table.complain("secret_env", "the secret is too short or an example")
    if issuer.auth_method in ("none", "private_key_jwt") and issuer.secret:
        table.complain("secret_env", f"auth_method {issuer.auth_method} takes no secret")


def _host_and_port(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise ValueError("not a plain address")
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def _is_private_address(url: str) -> bool:
    """Whether an address names a host by a number that is not public; a name is looked at when it is connected to."""
    try:
        return not ipaddress.ip_address(urlsplit(url).hostname or "").is_global
    except ValueError:
        return False


def _with_port(scheme: str) -> Any:
    default = 443 if scheme == "https" else 80
    return lambda host: host if ":" in host else f"{host}:{default}"
