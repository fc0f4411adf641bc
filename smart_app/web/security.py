"""
Who may see and do what: the cookie that proves a context, forms that come from our own page, limits.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

from flask import Response, g, request

from smart_app.errors import ForgeryError, NoContextError
from smart_app.settings import Issuer, Settings
from smart_app.storage.contexts import LaunchContext, sha256
from smart_app.web.services import services

LAUNCH_COOKIE_S = 600
PROBE_COOKIE_S = 60
FORM_FIELD, FORM_HEADER = "form_token", "X-Form-Token"
MOST_CONTEXTS = 8


def cookie_name(kind: str, tag: str = "") -> str:
    """Name of one of our cookies: `probe`, `tx` (a launch under way) or `scp` (a context)."""
    prefix = "" if services().settings.demo else "__Host-"
    return f"{prefix}{kind}-{tag}" if tag else f"{prefix}{kind}"


def set_cookie(response: Response, name: str, value: str, issuer: Issuer, max_age: int | None = None) -> None:
    """Set a cookie that also works in the EHR's frame, where the issuer's pages are framed."""
    demo = services().settings.demo
    framed = issuer.framed and not demo
    response.set_cookie(
        name,
        value,
        max_age=max_age,
        path="/",
        secure=not demo,
        httponly=True,
        samesite="None" if framed else "Lax",
        partitioned=framed,
    )


def drop_cookie(response: Response, name: str, issuer: Issuer) -> None:
    """Take a cookie back; its attributes must be those it was set with."""
    set_cookie(response, name, "", issuer, max_age=0)


def require_context(handle: str) -> LaunchContext:
    """
    The context of this page, proven by its own cookie; the handle alone opens nothing.

    Raises:
        NoContextError: unknown, or the cookie is missing or wrong.
        ContextExpiredError: it ended.
    """
    wired = services()
    context = wired.contexts.require(handle, request.cookies.get(cookie_name("scp", sha256(handle)[:8])))
    issuer = wired.settings.issuer_of(context.issuer)
    if issuer is None or issuer.iss != context.base_url:
        raise NoContextError("the EHR of this launch is no longer registered")
    g.context, g.issuer = context, issuer
    return context


def form_token(context: LaunchContext) -> str:
    """What a form of this context must carry."""
    return _token(services().settings.secret_key, context)


def require_form_token(context: LaunchContext) -> None:
    """
    Whether a state change comes from this context's own page: token, origin and, where the browser says, fetch site.

    Raises:
        ForgeryError: one of them does not hold; nothing was done.
    """
    settings = services().settings
    given = request.form.get(FORM_FIELD) or request.headers.get(FORM_HEADER, "")
    secrets = (settings.secret_key, *settings.secret_key_fallbacks)
    known = [hmac.compare_digest(_token(secret, context).encode(), given.encode()) for secret in secrets]
    if request.method != "POST" or not any(known):
        raise ForgeryError("the form does not carry this session's token")
    if request.headers.get("Origin") != settings.public_url:
        raise ForgeryError("the form comes from another origin")
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        raise ForgeryError("the form comes from another site")


def held_contexts() -> Iterator[tuple[str, str]]:
    """Tags and values of the context cookies that this browser sent."""
    prefix = cookie_name("scp", "x").removesuffix("x")
    for name, value in request.cookies.items():
        if name.startswith(prefix):
            yield name.removeprefix(prefix), value


def client_address() -> str:
    """Address of the browser, as the trusted proxies pass it on."""
    return request.remote_addr or ""


def is_framed() -> bool:
    """Whether the browser says that this page is loaded into a frame."""
    return request.headers.get("Sec-Fetch-Dest", "") in ("iframe", "frame", "embed", "object")


def trusted_hosts(settings: Settings) -> list[str]:
    """Host names that requests may be addressed to; loopback is for health checks inside a container."""
    return [settings.public_host.rpartition("@")[2], "127.0.0.1", "localhost", "[::1]"]


def _token(secret: str, context: LaunchContext) -> str:
    return hmac.new(secret.encode(), f"form:{context.id}:{context.proof}".encode(), hashlib.sha256).hexdigest()
