"""
For machines: alive, ready, counters, our public keys, and where browsers report policy violations.
"""

from __future__ import annotations

import ipaddress
import json

from flask import Blueprint, Response, abort, jsonify, request

from smart_app.errors import AftercareError
from smart_app.web.headers import may_cache
from smart_app.web.metrics import CSP_REPORTS, exposition
from smart_app.web.security import client_address
from smart_app.web.services import services

KEYS_SECONDS = 3600
MAX_REPORT_BYTES = 16_384

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """Alive: the process answers."""
    return jsonify(status="alive")


@blueprint.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Able to work: the store can be written, keys and content are there."""
    wired = services()
    checks = {
        "keys": bool(wired.signing_keys.keys),
        "content": bool(wired.knowledge.rules) and bool(wired.knowledge.codes.rows),
        "issuers": bool(wired.settings.issuers),
    }
    try:
        wired.store.check()
        checks["store"] = True
    except AftercareError as error:
        wired.log.event("not-ready", error=type(error).__name__)
        checks["store"] = False
    ready = all(checks.values())
    return jsonify(status="ready" if ready else "not ready", checks=checks), 200 if ready else 503


@blueprint.get("/metrics")
def metrics() -> Response:
    """Counters, only to the addresses of the settings."""
    try:
        address = ipaddress.ip_address(client_address())
    except ValueError:
        abort(404)
    if not any(address in network for network in services().settings.metrics_allow):
        abort(404)
    return Response(exposition(services()), content_type="text/plain; version=0.0.4; charset=utf-8")


@blueprint.get("/.well-known/jwks.json")
def jwks() -> Response:
    """The keys that our client assertions can be checked with."""
    return may_cache(jsonify(services().signing_keys.published()), KEYS_SECONDS)


@blueprint.post("/csp-report")
def csp_report() -> tuple[str, int]:
    """Count what browsers report; its content is an attacker's to write, so only a known directive is kept."""
    body = request.get_data(cache=False)[:MAX_REPORT_BYTES]
    CSP_REPORTS.inc()
    services().log.event("csp-report", directive=_directive(body))
    return "", 204


def _directive(body: bytes) -> str:
    try:
        report = json.loads(body)
    except (ValueError, RecursionError):
        return "unreadable"
    first = report[0] if isinstance(report, list) and report else report
    inner = first.get("body", first.get("csp-report")) if isinstance(first, dict) else None
    named = (inner.get("effectiveDirective") or inner.get("effective-directive")) if isinstance(inner, dict) else None
    known = ("script-src", "style-src", "img-src", "font-src", "connect-src", "form-action", "frame-ancestors")
    return next((directive for directive in known if str(named).startswith(directive)), "other")
