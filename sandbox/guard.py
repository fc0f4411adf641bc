"""
The guard before a real FHIR server, which knows no tokens: scopes and patient are enforced here.

A page link of the real server holds nothing but a number: whoever has it could read on. The guard remembers which
sign-in and which search a page link came from, and refuses it to everybody else.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from flask import Response
from werkzeug.datastructures import Headers

from sandbox.auth.scopes import Access
from sandbox.behaviours import Behaviour
from sandbox.fhir.answers import RefusalError, fhir_response
from sandbox.fhir.endpoint import FhirRequest
from sandbox.fhir.index import Resource, compartment_of, reference_target
from sandbox.fhir.parameters import NOT_ABOUT_A_PATIENT
from sandbox.fhir.search import split_values
from sandbox.fhir.writes import parse_resource
from sandbox.upstream import Upstream, UpstreamAnswer

_PASSED_ON = ("Accept", "Content-Type", "Prefer", "If-Match", "If-None-Match", "If-None-Exist", "Cache-Control")
_PASSED_BACK = ("ETag", "Location", "Content-Location", "Last-Modified", "Retry-After", "Content-Type")
_OF_TARGET = frozenset({"Provenance", "AuditEvent", "Binary"})
"""Types whose patient is not in the resource itself."""
_KEPT = 5000


class GuardEndpoint:
    """The FHIR half of an issuer whose records are a real server's."""

    def __init__(self, behaviour: Behaviour, base: str, upstream: Upstream) -> None:
        self.behaviour = behaviour
        self.base = base
        self._upstream = upstream
        self._pages: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, request: FhirRequest, access: Access) -> Response:
        """
        Check, pass on, check what comes back.

        Raises:
            RefusalError: the sign-in does not cover it.
        """
        parts = [part for part in request.path.split("/") if part]
        if any(part.startswith("$") for part in parts):
            raise RefusalError(403, "forbidden", "Operations are not let through.")
        if not parts:
            return self._page(request, access) if request.method == "GET" else self._bundle(request, access)
        if parts[0] not in self.behaviour.interactions:
            raise RefusalError(404, "not-supported", f"This server does not know the type {parts[0]!r}.")
        if len(parts) == 1 or parts[1:] == ["_search"]:
            return self._type_level(request, parts[0], access)
        return self._instance_level(request, parts[0], parts[1:], access)

    def capability(self, security: dict[str, Any]) -> Response:
        """The real server's statement, with where to sign in."""
        statement = self._upstream.fetch("metadata")
        if statement is None:
            raise RefusalError(502, "transient", "The real server does not answer.")
        statement["rest"][0]["security"] = security
        statement["implementation"] = {"description": "A real server behind the sandbox's guard", "url": self.base}
        return fhir_response(statement)

    # Searches and pages

    def _type_level(self, request: FhirRequest, resource_type: str, access: Access) -> Response:
        if request.method == "POST" and not request.path.endswith("_search"):
            self._require(resource_type, "create", access)
            self._check_written(parse_resource(request.body, resource_type), "create", access)
            return self._passed(self._forward(request))
        if request.method not in ("GET", "HEAD", "POST"):
            raise RefusalError(405, "not-supported", f"{request.method} of a type is not offered.")
        self._require(resource_type, "search-type", access)
        parameters = list(request.parameters)
        if request.method == "POST":
            parameters += parse_qsl(request.body.decode("utf-8", "replace"))
        query = urlencode(self._confined(resource_type, parameters, access))
        answer = self._upstream.send("GET", resource_type, query, self._headers(request))
        return self._found(answer, resource_type, access)

    def _confined(
        self, resource_type: str, parameters: Sequence[tuple[str, str]], access: Access
    ) -> list[tuple[str, str]]:
        """The search, about this patient only."""
        only = access.only_patient(resource_type, "search-type")
        if only is None or resource_type in NOT_ABOUT_A_PATIENT or resource_type == "Binary":
            return list(parameters)
        for name, value in parameters:
            if name.partition(":")[0] in ("patient", "subject"):
                asked = {(reference_target(text) or "").rpartition("/")[2] for text in split_values(value)}
                if asked - {only}:
                    raise RefusalError(403, "forbidden", "This sign-in is for another patient.")
        own = ("_id", only) if resource_type == "Patient" else ("patient", only)
        has_patient = any(name in ("patient", "subject") for name, _ in parameters)
        return list(parameters) if has_patient else [*parameters, own]

    def _page(self, request: FhirRequest, access: Access) -> Response:
        values = dict(request.parameters)
        with self._lock:
            known = self._pages.get(values.get("_getpages", ""))
        if known is None:
            raise RefusalError(410, "expired", "This page link is unknown or has expired: search again.")
        key, resource_type = known
        if key != access.key:
            raise RefusalError(403, "forbidden", "This page link belongs to another sign-in.")
        answer = self._upstream.send("GET", "", urlencode(list(request.parameters)), self._headers(request))
        return self._found(answer, resource_type, access)

    def _found(self, answer: UpstreamAnswer, resource_type: str, access: Access) -> Response:
        """A searchset without what belongs to other patients; its page links are remembered."""
        bundle = answer.resource()
        if answer.status != 200 or bundle is None:
            return self._passed(answer)
        for link in bundle.get("link", ()):
            for name in parse_qs(urlsplit(str(link.get("url"))).query).get("_getpages", ()):
                self._remember(name, access.key, resource_type)
        only = access.only_patient(resource_type, "search-type")
        if only is not None and "entry" in bundle:
            kept = [entry for entry in bundle["entry"] if compartment_of(entry.get("resource", {})) in (None, only)]
            if len(kept) != len(bundle["entry"]):
                bundle["entry"] = kept
                return fhir_response(bundle)
        return self._passed(answer)

    def _remember(self, name: str, key: str, resource_type: str) -> None:
        with self._lock:
            self._pages.setdefault(name, (key, resource_type))
            while len(self._pages) > _KEPT:
                self._pages.popitem(last=False)

    # Single resources

    def _instance_level(self, request: FhirRequest, resource_type: str, rest: list[str], access: Access) -> Response:
        interaction = {"GET": "read", "HEAD": "read", "PUT": "update", "DELETE": "delete"}.get(request.method)
        if interaction is None:
            raise RefusalError(405, "not-supported", f"{request.method} is not let through.")
        self._require(resource_type, interaction, access)
        if interaction == "update":
            self._check_written(parse_resource(request.body, resource_type), "update", access)
        if interaction in ("update", "delete") or len(rest) > 1:
            before = self._upstream.fetch(f"{resource_type}/{rest[0]}")
            if before is not None:
                self._check_read(before, interaction, access)
        answer = self._forward(request)
        found = answer.resource()
        if interaction == "read" and len(rest) == 1 and answer.status == 200 and found is not None:
            self._check_read(found, "read", access)
        return self._passed(answer)

    def _check_read(self, resource: Resource, interaction: str, access: Access) -> None:
        resource_type = str(resource.get("resourceType"))
        owner = compartment_of(resource)
        shared = resource_type in NOT_ABOUT_A_PATIENT or (owner is None and resource_type in _OF_TARGET)
        if resource_type != "OperationOutcome" and not access.admits(interaction, resource, owner, shared):
            raise RefusalError(403, "forbidden", "This sign-in may not do that with this resource.")

    def _check_written(self, resource: Resource, interaction: str, access: Access) -> None:
        self._check_read(resource, interaction, access)

    # Bundles

    def _bundle(self, request: FhirRequest, access: Access) -> Response:
        if request.method != "POST":
            raise RefusalError(405, "not-supported", "There is nothing at the base but POST of a Bundle.")
        bundle = parse_resource(request.body, "Bundle")
        if bundle.get("type") not in self.behaviour.system_interactions:
            raise RefusalError(405, "not-supported", "This server does not take such a Bundle.")
        for entry in bundle.get("entry", ()):
            self._check_entry(entry, access)
        return self._passed(self._forward(request))

    def _check_entry(self, entry: dict[str, Any], access: Access) -> None:
        asked = entry.get("request", {})
        url = urlsplit(str(asked.get("url", "")))
        resource_type, _, id_ = url.path.strip("/").partition("/")
        interaction = {"POST": "create", "PUT": "update", "DELETE": "delete", "GET": "read"}.get(asked.get("method"))
        if interaction is None or not resource_type or "$" in url.path:
            raise RefusalError(403, "forbidden", "An entry of the Bundle is not let through.")
        if interaction == "read" and not id_:
            interaction = "search-type"
            confined = self._confined(resource_type, parse_qsl(url.query), access)
            if len(confined) != len(parse_qsl(url.query)):
                raise RefusalError(403, "forbidden", "A search in a Bundle must name the patient.")
        self._require(resource_type, interaction, access)
        if interaction in ("create", "update"):
            self._check_written(dict(entry.get("resource", {})), interaction, access)
        if id_:
            before = self._upstream.fetch(f"{resource_type}/{id_}")
            if before is not None:
                self._check_read(before, interaction, access)

    # Passing on

    def _require(self, resource_type: str, interaction: str, access: Access) -> None:
        if not access.allows(resource_type, interaction):
            words = f"The scopes of this sign-in do not cover {interaction} of {resource_type}."
            raise RefusalError(403, "forbidden", words)

    @staticmethod
    def _headers(request: FhirRequest) -> dict[str, str]:
        headers: Headers = request.headers
        return {name: headers[name] for name in _PASSED_ON if name in headers}

    def _forward(self, request: FhirRequest) -> UpstreamAnswer:
        query = urlencode(list(request.parameters))
        return self._upstream.send(request.method, request.path, query, self._headers(request), request.body)

    @staticmethod
    def _passed(answer: UpstreamAnswer) -> Response:
        named = {name.lower(): value for name, value in answer.headers.items()}
        headers = {name: named[name.lower()] for name in _PASSED_BACK if name.lower() in named}
        response = Response(answer.body, status=answer.status, headers=headers)
        if "Content-Type" not in headers:
            response.headers.pop("Content-Type", None)
        return response
