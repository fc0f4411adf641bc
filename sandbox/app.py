"""The composition root of the sandbox EHR."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, redirect, request
from jinja2 import StrictUndefined
from werkzeug.wrappers import Response as AnyResponse

from sandbox import admin, chart, vendors
from sandbox.auth import pages as auth_pages
from sandbox.auth.keys import SigningKeys
from sandbox.auth.server import SmartServer
from sandbox.config import SandboxConfig
from sandbox.context import Issuer, Sandbox
from sandbox.faults import Faults
from sandbox.fhir import routes as fhir_routes
from sandbox.fhir.endpoint import FhirEndpoint
from sandbox.fhir.paging import Pages
from sandbox.fhir.records import Records
from sandbox.guard import GuardEndpoint
from sandbox.seeding import Seeder
from sandbox.sources import OwnRecords
from sandbox.store import Store
from sandbox.upstream import Upstream

GUARDED = "open"
"""The issuer whose FHIR half is the real server where there is one."""


def create_sandbox(config: SandboxConfig) -> Flask:
    """The sandbox as a Flask app, its records filled."""
    app = Flask("sandbox", root_path=str(Path(__file__).parent), template_folder="templates", static_folder="static")
    app.jinja_env.undefined = StrictUndefined
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024 * 1024
    app.extensions["sandbox"] = _build(config)
    app.register_blueprint(chart.pages)
    app.register_blueprint(admin.pages)
    for slug, issuer in app.extensions["sandbox"].issuers.items():
        app.register_blueprint(auth_pages.blueprint(issuer), url_prefix=f"/{slug}")
    app.register_blueprint(fhir_routes.pages)
    app.before_request(_one_site)
    app.after_request(_finish)
    return app


def _build(config: SandboxConfig) -> Sandbox:
    Path(config.store).parent.mkdir(parents=True, exist_ok=True)
    store = Store(config.store)
    records = Records(store, config.now)
    pages = Pages()
    keys = SigningKeys(store)
    issuers = {}
    for behaviour in vendors.ALL:
        server = SmartServer(config, behaviour, store, keys)
        if config.upstream and behaviour.slug == GUARDED:
            upstream = Upstream(config.upstream, server.fhir_base)
            guard = GuardEndpoint(behaviour, server.fhir_base, upstream)
            issuers[behaviour.slug] = Issuer(behaviour, server, guard, upstream)
            continue
        endpoint = FhirEndpoint(behaviour, server.fhir_base, records, pages, config.now)
        issuers[behaviour.slug] = Issuer(behaviour, server, endpoint, OwnRecords(records, behaviour.slug))
    return Sandbox(config, store, records, pages, keys, Faults(config.wait), issuers, Seeder(config, records))


def _one_site() -> AnyResponse | None:
    """`localhost` and 127.0.0.1 are different sites to a browser: only one of them is used."""
    host = request.host.partition(":")[0]
    if host == "localhost":
        return redirect(request.url.replace("//localhost", "//127.0.0.1", 1), 307)
    return None


def _finish(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cache-Control", "no-store")
    return response
