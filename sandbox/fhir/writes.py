"""Creating, updating and deleting, with the manners of each EHR."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from flask import Response
from werkzeug.datastructures import Headers

from sandbox.auth.scopes import Access
from sandbox.behaviours import Behaviour
from sandbox.fhir.answers import RefusalError, fhir_response, issue, outcome, version_headers
from sandbox.fhir.bundles import KEEP_ID
from sandbox.fhir.index import Resource, compartment_of
from sandbox.fhir.parameters import NOT_ABOUT_A_PATIENT
from sandbox.fhir.records import Records, Stored
from sandbox.fhir.searching import Searching, shown_body
from sandbox.fhir.validation import check_resource

_ID = re.compile(r"^[A-Za-z0-9\-.]{1,64}$")
_ETAG = re.compile(r'^(?:W/)?"([^"]*)"$')


def parse_resource(body: bytes, resource_type: str | None = None) -> Resource:
    """
    The JSON object of a request.

    Raises:
        RefusalError: 400 where it is no JSON object or of another type than the address says.
    """
    try:
        resource = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusalError(400, "structure", f"The body is not JSON: {error}") from error
    if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
        raise RefusalError(400, "structure", "The body is not a FHIR resource.")
    if resource_type is not None and resource["resourceType"] != resource_type:
        found = resource["resourceType"]
        raise RefusalError(400, "invalid", f"The body is a {found}, the address says {resource_type}.")
    return resource


class Writes:
    """Writing to one issuer."""

    def __init__(
        self, behaviour: Behaviour, base: str, records: Records, searching: Searching, now: Callable[[], datetime]
    ) -> None:
        self._behaviour = behaviour
        self._base = base
        self._records = records
        self._searching = searching
        self._now = now

    def create(self, resource_type: str, resource: Resource, access: Access, headers: Headers) -> Response:
        """POST of a resource; with If-None-Exist only where none matches."""
        criteria = headers.get("If-None-Exist", "")
        if criteria and not self._behaviour.conditional_create:
            criteria = ""  # Epic and Oracle do not know the header, and say nothing.
        self._check(resource, access, "create")
        with self._records.store.write():
            if criteria:
                found = self._existing(resource_type, criteria, access)
                if found is not None:
                    return self._answer(found, 200, headers)
            stored = self._records.put(
                self._behaviour.slug, self._kept({**resource, "id": resource.get("id") if KEEP_ID in headers else None})
            )
        return self._answer(stored, 201, headers, created=True)

    def update(self, resource_type: str, id_: str, resource: Resource, access: Access, headers: Headers) -> Response:
        """PUT of a resource, checked against If-Match."""
        if resource.get("id") != id_:
            raise RefusalError(
                400, "invalid", "The id of the body is not the id of the address.", expression=f"{resource_type}.id"
            )
        if not _ID.match(id_):
            raise RefusalError(400, "value", "The id is not a FHIR id.")
        with self._records.store.write():
            before = self._records.find(self._behaviour.slug, resource_type, id_)
            if before is not None and not before.deleted:
                self._check_owner(before, access, "update")
            self._check(resource, access, "update")
            self._check_version(resource_type, before, headers.get("If-Match"))
            if (before is None or before.deleted) and not self._behaviour.update_create:
                raise RefusalError(404, "not-found", f"There is no {resource_type}/{id_}.")
            stored = self._records.put(self._behaviour.slug, self._kept(resource))
        return self._answer(
            stored, 200 if before is not None and not before.deleted else 201, headers, created=before is None
        )

    def delete(self, resource_type: str, id_: str, access: Access, headers: Headers) -> Response:
        """DELETE; deleting again is no error."""
        with self._records.store.write():
            before = self._records.find(self._behaviour.slug, resource_type, id_)
            if before is None or before.deleted:
                return fhir_response(None, 204)
            self._check_owner(before, access, "delete")
            self._check_version(resource_type, before, headers.get("If-Match"))
            gone = self._records.delete(self._behaviour.slug, resource_type, id_)
        return fhir_response(None, 204, {"ETag": f'W/"{gone.version}"'} if gone else {})

    def _check(self, resource: Resource, access: Access, interaction: str) -> None:
        check_resource(resource)
        resource_type = str(resource["resourceType"])
        owner = compartment_of(resource)
        shared = resource_type in NOT_ABOUT_A_PATIENT
        if owner is None and not shared and resource_type in ("Provenance", "AuditEvent", "Binary"):
            shared = True
        if not access.admits(interaction, resource, owner, shared):
            raise RefusalError(403, "forbidden", "This sign-in may not write this for this patient.")
        if owner is not None and resource_type != "Patient" and not self._exists("Patient", owner):
            words = f"There is no Patient/{owner}."
            raise RefusalError(422, "not-found", words, expression=f"{resource_type}.subject")
        self._check_documents(resource)

    def _exists(self, resource_type: str, id_: str) -> bool:
        found = self._records.find(self._behaviour.slug, resource_type, id_)
        return found is not None and not found.deleted

    def _check_documents(self, resource: Resource) -> None:
        if resource["resourceType"] != "DocumentReference":
            return
        if self._behaviour.dates_need_time:
            _check_times(resource)
        allowed = self._behaviour.document_types
        if allowed is None:
            return
        for number, content in enumerate(resource.get("content", ())):
            kind = str(content.get("attachment", {}).get("contentType", "")).partition(";")[0]
            if kind not in allowed:
                path = f"DocumentReference.content[{number}].attachment.contentType"
                raise RefusalError(422, "value", f"The content type {kind!r} is not accepted.", expression=path)

    def _check_owner(self, stored: Stored, access: Access, interaction: str) -> None:
        shared = stored.type in NOT_ABOUT_A_PATIENT
        if not access.admits(interaction, stored.resource, stored.compartment, shared):
            raise RefusalError(403, "forbidden", "This sign-in may not change this resource.")

    def _check_version(self, resource_type: str, before: Stored | None, if_match: str | None) -> None:
        if if_match is None:
            if resource_type in self._behaviour.if_match_required and before is not None:
                raise RefusalError(412, "required", "An If-Match header is required to update this resource.")
            return
        if not self._behaviour.if_match_honoured:
            return
        match = _ETAG.match(if_match.strip())
        if match is None:
            raise RefusalError(400, "value", "If-Match is not an ETag.")
        current = before.version if before is not None else 0
        if match.group(1) != str(current):
            words = f"Version {match.group(1)} is not the current one ({current}): somebody else changed the resource."
            raise RefusalError(self._behaviour.conflict_status, "conflict", words)

    def _existing(self, resource_type: str, criteria: str, access: Access) -> Stored | None:
        parameters = parse_qsl(criteria.rpartition("?")[2])
        if not parameters:
            raise RefusalError(400, "value", "If-None-Exist holds no search.")
        found = self._records.by_rows(self._searching.matches(resource_type, parameters, access))
        if len(found) > 1:
            raise RefusalError(412, "multiple-matches", f"{len(found)} resources match If-None-Exist.")
        return found[0] if found else None

    def _kept(self, resource: Resource) -> Resource:
        """What this EHR keeps of a resource; some drop elements without a word."""
        dropped = self._behaviour.dropped_elements.get(str(resource["resourceType"]), ())
        return {name: value for name, value in resource.items() if value is not None and name not in dropped}

    def _answer(self, stored: Stored, status: int, headers: Headers, *, created: bool = False) -> Response:
        location = f"{self._base}/{stored.type}/{stored.id}/_history/{stored.version}"
        answer_headers = version_headers(stored) if self._behaviour.versions_shown else {}
        if not self._behaviour.versions_shown:
            location = location.partition("/_history/")[0]
        if status == 201 or created:
            answer_headers["Location"] = location
        preference = headers.get("Prefer", "")
        if self._behaviour.empty_create or "return=minimal" in preference:
            return fhir_response(None, status, answer_headers)
        if "return=OperationOutcome" in preference:
            body: Any = outcome(issue("information", "informational", "Stored."))
            return fhir_response(body, status, answer_headers)
        return fhir_response(shown_body(self._behaviour, stored), status, answer_headers)


def _check_times(document: Resource) -> None:
    """Oracle: every date of a document has a time."""
    period = (document.get("context") or {}).get("period") or {}
    found = {
        "DocumentReference.date": document.get("date"),
        "DocumentReference.context.period.start": period.get("start"),
        "DocumentReference.context.period.end": period.get("end"),
    }
    for number, content in enumerate(document.get("content", ())):
        creation = content.get("attachment", {}).get("creation")
        found[f"DocumentReference.content[{number}].attachment.creation"] = creation
    for path, value in found.items():
        if isinstance(value, str) and "T" not in value:
            raise RefusalError(422, "value", "A date needs a time here.", expression=path)
