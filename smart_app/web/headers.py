"""
The headers of every response: content security policy with a nonce, framing only by registered EHRs, no caching.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from flask import Flask, Response, g, request

from smart_app.settings import Issuer, Settings
from smart_app.web.services import services

FIXED = {
    "X-Content-Type-Options": "nosniff",
    # Not no-referrer: browsers then send "Origin: null" with form posts, and the forgery check needs the origin.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Permissions-Policy": ("camera=(), microphone=(), geolocation=(), usb=(), payment=(), storage-access=(self)"),
    "Origin-Agent-Cluster": "?1",
    "Reporting-Endpoints": 'csp="/csp-report"',
}
VARY = "Cookie, Sec-Fetch-Dest"
HSTS_SECONDS = 63_072_000
STATIC_SECONDS = 31_536_000


def csp_nonce() -> str:
    """The nonce that a script of this page must carry; one a response, in hex as whatever stands on a page."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_hex(16)
    return str(g.csp_nonce)


def install_headers(app: Flask) -> None:
    """Set the headers on whatever the app answers, errors and redirects included."""
    app.add_template_global(csp_nonce)
    app.after_request(set_headers)


def set_headers(response: Response) -> Response:
    """All headers of one response."""
    settings = services().settings
    forms = " ".join(("'self'", *g.get("form_origins", ())))
    response.headers.update(_fixed(settings))
    response.headers["Content-Security-Policy"] = _policy(settings, csp_nonce(), forms, _ancestors(settings))
    if not g.get("cacheable"):
        response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = VARY
    context = g.get("context")
    if context is not None:
        response.headers["X-Context"] = context.handle
    response.headers.pop("Server", None)
    return response


def headers_of_refusal(settings: Settings) -> dict[str, str]:
    """The headers of a response that is made outside of the app, where there is no request to look at."""
    policy = _policy(settings, secrets.token_hex(16), "'self'", _framing(settings.issuers))
    return {"Content-Security-Policy": policy, **_fixed(settings), "Cache-Control": "no-store", "Vary": VARY}


def _fixed(settings: Settings) -> dict[str, str]:
    if settings.demo:
        return FIXED
    subdomains = "; includeSubDomains" if settings.hsts_subdomains else ""
    return {**FIXED, "Strict-Transport-Security": f"max-age={HSTS_SECONDS}{subdomains}"}


def may_cache(response: Response, seconds: int, immutable: bool = False) -> Response:
    """Allow caches to keep this response: only for what is the same for everybody."""
    g.cacheable = True
    response.headers["Cache-Control"] = f"public, max-age={seconds}{', immutable' if immutable else ''}"
    return response


def _policy(settings: Settings, nonce: str, forms: str, ancestors: str) -> str:
    parts = [
        "default-src 'none'",
        f"script-src 'nonce-{nonce}' 'strict-dynamic'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        f"form-action {forms}",
        "base-uri 'none'",
        "object-src 'none'",
        "frame-src 'none'",
        "worker-src 'none'",
        "manifest-src 'self'",
        f"frame-ancestors {ancestors}",
    ]
    if not settings.demo:
        parts.append("upgrade-insecure-requests")
    parts += ["require-trusted-types-for 'script'", "report-to csp"]
    return "; ".join(parts)


def _ancestors(settings: Settings) -> str:
    """
    Who may frame this page: its context's EHR; for pages without one, every registered EHR, so that our words are shown
    in the frame and not the browser's refusal.
    """
    if request.endpoint in ("static", "health.jwks", "health.metrics", "health.healthz", "health.readyz"):
        return "'none'"
    issuer: Issuer | None = g.get("issuer")
    return _framing((issuer,) if issuer is not None else settings.issuers)


def _framing(issuers: Iterable[Issuer]) -> str:
    origins = {origin.rstrip("/") for each in issuers if each.framed for origin in each.frame_ancestors}
    return " ".join(sorted(origins)) or "'none'"
