"""`/admin/*`: for whoever tests. Exists only in the sandbox, which listens on 127.0.0.1 only."""

from __future__ import annotations

import dataclasses
from typing import Any

from flask import Blueprint, Response, abort, make_response, request

from sandbox.config import RegisteredClient
from sandbox.context import require_issuer, sandbox
from sandbox.faults import parse_faults
from sandbox.fhir.answers import bundle_bytes, fhir_response

pages = Blueprint("admin", __name__, url_prefix="/admin")
_OAUTH_KINDS = ("access", "refresh", "code", "ticket", "launch", "ended", "nonce", "jti", "client")


@pages.post("/reset")
def reset() -> Response:
    """Everything as at the first start: what was written, signed in, registered or broken is gone."""
    place = sandbox()
    place.faults.replace([])
    with place.store.write():
        place.records.forget_all()
        for kind in (*_OAUTH_KINDS, "seed", "seeded", "story"):
            place.store.remove_documents(kind)
        place.seeder.start()
    return make_response({"reset": True})


@pages.get("/faults")
def faults() -> Response:
    """What is set now."""
    return make_response({"faults": sandbox().faults.listed()})


@pages.post("/faults")
def set_faults() -> Response:
    """Set faults in place of those before; `{"add": true, "faults": [...]}` keeps them; `[]` takes all away."""
    body = request.get_json(force=True, silent=True)
    if body is None and request.data:
        return make_response({"error": "the body is not JSON"}, 400)
    try:
        found = parse_faults(body if body else [])
    except (ValueError, TypeError) as error:
        return make_response({"error": str(error)}, 400)
    if isinstance(body, dict) and body.get("add"):
        sandbox().faults.add(found)
    else:
        sandbox().faults.replace(found)
    return faults()


@pages.delete("/faults")
def clear_faults() -> Response:
    """Take all away."""
    sandbox().faults.replace([])
    return faults()


@pages.get("/record/<slug>/<patient_id>")
def record(slug: str, patient_id: str) -> Response:
    """Everything the record holds of one patient, as a Bundle."""
    issuer = require_issuer(slug)
    if issuer.charts.find("Patient", patient_id) is None:
        abort(404)
    base = issuer.server.fhir_base
    entries = [
        b'{"fullUrl":"' + f"{base}/{stored.type}/{stored.id}".encode() + b'","resource":' + stored.body + b"}"
        for stored in issuer.charts.of_patient(patient_id)
    ]
    return fhir_response(bundle_bytes({"type": "collection"}, entries))


@pages.post("/clients")
def register_client() -> Response:
    """Register a client, or replace one, with the fields of `RegisteredClient`; `{"app_url": ...}` moves the app."""
    body: Any = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        return make_response({"error": "a client is a JSON object"}, 400)
    place = sandbox()
    if "app_url" in body:
        place.config.app_url = str(body.pop("app_url")).rstrip("/")
    if body:
        known = {f.name for f in dataclasses.fields(RegisteredClient)}
        if set(body) - known or not {"client_id", "auth_method"} <= set(body):
            return make_response({"error": f"the fields are {', '.join(sorted(known))}"}, 400)
        place.store.put_document("client", str(body["client_id"]), body)
    return make_response({"app_url": place.config.app_url, "client": body})


@pages.post("/keys/rotate")
def rotate_keys() -> Response:
    """Sign id_tokens with a new key; `{"keep_old": false}` takes the old ones out of the JWK set."""
    body = request.get_json(force=True, silent=True) or {}
    return make_response({"kid": sandbox().keys.rotate(keep_old=bool(body.get("keep_old", True)))})
