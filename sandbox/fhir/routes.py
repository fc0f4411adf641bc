"""The addresses of the FHIR half: public metadata, and everything else behind an access token."""

from __future__ import annotations

from flask import Blueprint, Response, request

from sandbox.auth.scopes import Access
from sandbox.context import Issuer, require_issuer, sandbox
from sandbox.fhir.answers import RefusalError, fhir_response, refusal_response
from sandbox.fhir.capability import capability_statement
from sandbox.fhir.endpoint import FhirRequest
from sandbox.guard import GuardEndpoint

pages = Blueprint("fhir", __name__)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@pages.route("/<slug>/fhir/metadata", provide_automatic_options=False)
def metadata(slug: str) -> Response:
    """The CapabilityStatement, for everybody."""
    issuer = require_issuer(slug)
    place = sandbox()
    return place.faults.around("metadata", slug, "CapabilityStatement", lambda: _statement(issuer))


def _statement(issuer: Issuer) -> Response:
    date = sandbox().config.as_of.isoformat()
    server = issuer.server
    statement = capability_statement(issuer.behaviour, server.fhir_base, server.auth_base, date)
    if isinstance(issuer.endpoint, GuardEndpoint):
        try:
            return _shared(issuer.endpoint.capability(statement["rest"][0]["security"]))
        except RefusalError as refusal:
            return refusal_response(refusal)
    return _shared(fhir_response(statement))


@pages.route("/<slug>/fhir", defaults={"path": ""}, methods=METHODS, provide_automatic_options=False)
@pages.route("/<slug>/fhir/", defaults={"path": ""}, methods=METHODS, provide_automatic_options=False)
@pages.route("/<slug>/fhir/<path:path>", methods=METHODS, provide_automatic_options=False)
def fhir(slug: str, path: str) -> Response:
    """Every FHIR request but metadata."""
    issuer = require_issuer(slug)
    if request.method == "OPTIONS":
        return _preflight()
    form = request.mimetype == "application/x-www-form-urlencoded"
    asked = FhirRequest(
        request.method,
        path,
        [(name, value) for name, value in request.args.items(multi=True)],
        request.headers,
        request.get_data(cache=form),
    )

    def answer() -> Response:
        try:
            return issuer.endpoint.answer(asked, _access(issuer))
        except RefusalError as refusal:
            return refusal_response(refusal)

    interaction, resource_type = what_is_asked(asked)
    return _shared(sandbox().faults.around(interaction, slug, resource_type, answer))


def what_is_asked(asked: FhirRequest) -> tuple[str, str]:
    """Interaction and resource type of a request, for the faults."""
    parts = asked.path.split("/")
    resource_type = parts[0] or "Bundle"
    if any(name == "_page" for name, _ in asked.parameters):
        return "page", resource_type
    if asked.method in ("GET", "HEAD"):
        return ("search" if len(parts) == 1 else "read"), resource_type
    if asked.method == "POST":
        return ("search" if parts[1:] == ["_search"] else "create" if asked.path else "bundle"), resource_type
    return {"PUT": "update", "DELETE": "delete"}.get(asked.method, "patch"), resource_type


def _access(issuer: Issuer) -> Access:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = issuer.server.find_access(token.strip()) if scheme.lower() == "bearer" else None
    if found is None:
        error = ', error="invalid_token"' if token else ""
        headers = {"WWW-Authenticate": f'Bearer realm="{issuer.behaviour.slug}"{error}'}
        raise RefusalError(
            401, "login", "Sign in: the access token is missing, unknown, ended or expired.", headers=headers
        )
    return found


def _shared(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "Location, ETag, Last-Modified, WWW-Authenticate"
    return response


def _preflight() -> Response:
    response = _shared(Response(status=204))
    response.headers["Access-Control-Allow-Methods"] = ", ".join(METHODS)
    response.headers["Access-Control-Allow-Headers"] = (
        "Authorization, Content-Type, Accept, Prefer, If-Match, If-None-Exist"
    )
    return response
