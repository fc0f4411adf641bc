"""One issuer's FHIR endpoint: a request in, a response out; who may do what is decided here."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

import msgspec
from flask import Response
from werkzeug.datastructures import Headers

from sandbox.auth.scopes import Access
from sandbox.behaviours import Behaviour
from sandbox.fhir.answers import FHIR_JSON, RefusalError, bundle_bytes, fhir_response, version_headers
from sandbox.fhir.bundles import answer_bundle
from sandbox.fhir.dates import instant_of_ms
from sandbox.fhir.paging import Pages
from sandbox.fhir.parameters import NOT_ABOUT_A_PATIENT
from sandbox.fhir.records import Records, Stored
from sandbox.fhir.searching import Searching, shown_body
from sandbox.fhir.writes import Writes, parse_resource

_JSON_TYPES = ("application/fhir+json", "application/json", "text/json", "application/*", "*/*", "json")


@dataclass(frozen=True)
class FhirRequest:
    """A request below the FHIR base; `path` without slashes at its ends."""

    method: str
    path: str
    parameters: Sequence[tuple[str, str]]
    headers: Headers
    body: bytes = b""


class FhirEndpoint:
    """The FHIR half of one issuer."""

    def __init__(
        self, behaviour: Behaviour, base: str, records: Records, pages: Pages, now: Callable[[], datetime]
    ) -> None:
        self.behaviour = behaviour
        self.base = base
        self.records = records
        self.searching = Searching(behaviour, base, records, pages, now)
        self.writes = Writes(behaviour, base, records, self.searching, now)

    def answer(self, request: FhirRequest, access: Access) -> Response:
        """
        Carry out one request.

        Raises:
            RefusalError: it is not allowed, not known, or not valid.
        """
        parts = [part for part in request.path.split("/") if part]
        if parts[:1] != ["Binary"]:
            self._check_accept(request)
        if not parts:
            return self._system(request, access)
        resource_type = parts[0]
        if resource_type not in self.behaviour.interactions:
            raise RefusalError(404, "not-supported", f"This server does not know the type {resource_type!r}.")
        if request.method == "PATCH":
            raise RefusalError(405, "not-supported", "PATCH is not offered: read, change, and PUT with If-Match.")
        if len(parts) == 1 or parts[1:] == ["_search"]:
            return self._type_level(request, resource_type, access, search_form=len(parts) == 2)
        return self._instance_level(request, resource_type, parts[1:], access)

    def require(self, resource_type: str, interaction: str, access: Access) -> None:
        """
        Refuse what the EHR does not offer or the scopes do not cover.

        Raises:
            RefusalError: 405 or 403.
        """
        if not self.behaviour.allows(resource_type, interaction):
            raise RefusalError(405, "not-supported", f"This server does not offer {interaction} of {resource_type}.")
        if not access.allows(resource_type, interaction):
            raise RefusalError(
                403, "forbidden", f"The scopes of this sign-in do not cover {interaction} of {resource_type}."
            )

    def _check_accept(self, request: FhirRequest) -> None:
        wanted = dict(request.parameters).get("_format") or request.headers.get("Accept") or "*/*"
        kinds = [part.partition(";")[0].strip().lower() for part in wanted.split(",")]
        if not any(kind in _JSON_TYPES for kind in kinds):
            raise RefusalError(406, "not-supported", "This server answers in JSON only.")

    def _system(self, request: FhirRequest, access: Access) -> Response:
        if request.method != "POST":
            raise RefusalError(405, "not-supported", "There is nothing at the base but POST of a Bundle.")
        bundle = parse_resource(request.body, "Bundle")
        kind = str(bundle.get("type"))
        if kind not in self.behaviour.system_interactions:
            raise RefusalError(405, "not-supported", f"This server does not take a Bundle of type {kind!r}.")

        def answer(
            method: str, path: str, parameters: list[tuple[str, str]], headers: Headers, body: bytes
        ) -> Response:
            return self.answer(FhirRequest(method, path, parameters, headers, body), access)

        if kind == "batch":
            return answer_bundle(bundle, answer)
        with self.records.store.write():
            return answer_bundle(bundle, answer)

    def _type_level(self, request: FhirRequest, resource_type: str, access: Access, *, search_form: bool) -> Response:
        parameters = list(request.parameters)
        if request.method == "POST" and search_form:
            parameters += parse_qsl(request.body.decode("utf-8", "replace"))
        elif request.method == "POST":
            self.require(resource_type, "create", access)
            resource = parse_resource(request.body, resource_type)
            return self.writes.create(resource_type, resource, access, request.headers)
        elif request.method not in ("GET", "HEAD"):
            raise RefusalError(405, "not-supported", f"{request.method} of a type is not offered.")
        self.require(resource_type, "search-type", access)
        lenient = "handling=lenient" in request.headers.get("Prefer", "")
        return self.searching.search(resource_type, parameters, access, lenient)

    def _instance_level(self, request: FhirRequest, resource_type: str, rest: list[str], access: Access) -> Response:
        id_ = rest[0]
        if request.method == "PUT" and len(rest) == 1:
            self.require(resource_type, "update", access)
            resource = parse_resource(request.body, resource_type)
            return self.writes.update(resource_type, id_, resource, access, request.headers)
        if request.method == "DELETE" and len(rest) == 1:
            self.require(resource_type, "delete", access)
            return self.writes.delete(resource_type, id_, access, request.headers)
        if request.method not in ("GET", "HEAD"):
            raise RefusalError(405, "not-supported", f"{request.method} is not offered here.")
        if len(rest) == 1:
            self.require(resource_type, "read", access)
            return self._read(self._require_stored(resource_type, id_, access), request)
        if rest[1] == "_history" and len(rest) == 2:
            self.require(resource_type, "history-instance", access)
            return self._history(resource_type, id_, access)
        if rest[1] == "_history" and len(rest) == 3:
            self.require(resource_type, "vread", access)
            return self._vread(resource_type, id_, rest[2], access)
        raise RefusalError(404, "not-supported", "This server does not know that operation.")

    def _require_stored(self, resource_type: str, id_: str, access: Access) -> Stored:
        stored = self.records.find(self.behaviour.slug, resource_type, id_)
        if stored is None:
            raise RefusalError(404, "not-found", f"There is no {resource_type}/{id_}.")
        shared = resource_type in NOT_ABOUT_A_PATIENT or stored.compartment is None
        if not access.admits("read", stored.resource, stored.compartment, shared):
            raise RefusalError(403, "forbidden", "This sign-in may not read this resource.")
        return stored

    def _read(self, stored: Stored, request: FhirRequest) -> Response:
        if stored.deleted:
            raise RefusalError(410, "deleted", f"{stored.type}/{stored.id} was deleted.")
        headers = version_headers(stored) if self.behaviour.versions_shown else {}
        if headers and request.headers.get("If-None-Match") == headers["ETag"]:
            return fhir_response(None, 304, headers)
        if stored.type == "Binary" and not _wants_fhir(request.headers.get("Accept")):
            return _raw_binary(stored, headers)
        return fhir_response(shown_body(self.behaviour, stored), 200, headers)

    def _vread(self, resource_type: str, id_: str, version: str, access: Access) -> Response:
        self._require_stored(resource_type, id_, access)
        for stored in self.records.versions(self.behaviour.slug, resource_type, id_):
            if str(stored.version) == version:
                if stored.deleted:
                    raise RefusalError(410, "deleted", "This version is a deletion.")
                return fhir_response(stored.body, 200, version_headers(stored))
        raise RefusalError(404, "not-found", f"{resource_type}/{id_} has no version {version}.")

    def _history(self, resource_type: str, id_: str, access: Access) -> Response:
        self._require_stored(resource_type, id_, access)
        versions = self.records.versions(self.behaviour.slug, resource_type, id_)
        head = {
            "type": "history",
            "total": len(versions),
            "link": [{"relation": "self", "url": self._url(versions[0])}],
        }
        return fhir_response(bundle_bytes(head, [self._history_entry(stored) for stored in versions]))

    def _url(self, stored: Stored) -> str:
        return f"{self.base}/{stored.type}/{stored.id}"

    def _history_entry(self, stored: Stored) -> bytes:
        method = "DELETE" if stored.deleted else "POST" if stored.version == 1 else "PUT"
        url = stored.type if method == "POST" else f"{stored.type}/{stored.id}"
        status = {"DELETE": "204", "POST": "201", "PUT": "200"}[method]
        entry = {
            "fullUrl": self._url(stored),
            "request": {"method": method, "url": url},
            "response": {
                "status": status,
                "etag": f'W/"{stored.version}"',
                "lastModified": instant_of_ms(stored.updated_ms),
            },
        }
        if not stored.deleted:
            entry["resource"] = stored.resource
        return msgspec.json.encode(entry)


def _wants_fhir(accept: str | None) -> bool:
    return accept is None or "json" in accept or accept.strip() in ("", "*/*")


def _raw_binary(stored: Stored, headers: Mapping[str, str]) -> Response:
    resource = stored.resource
    response = Response(base64.b64decode(resource.get("data", "")), content_type=resource.get("contentType", FHIR_JSON))
    response.headers.update(headers)
    return response
