"""Answers to searches: Bundles of pages, with what is to be included."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Response

from sandbox.auth.scopes import Access
from sandbox.behaviours import Behaviour
from sandbox.fhir.answers import RefusalError, bundle_bytes, fhir_response, issue, outcome, search_entry
from sandbox.fhir.dates import instant
from sandbox.fhir.index import reference_target, values_at
from sandbox.fhir.paging import Pages, Snapshot
from sandbox.fhir.parameters import NOT_ABOUT_A_PATIENT, parameters_of
from sandbox.fhir.records import Records, Stored
from sandbox.fhir.search import find_rows, is_offered, split_values

Parameters = Sequence[tuple[str, str]]
_MANDATORY_ELEMENTS = ("resourceType", "id", "meta")
_CHUNK = 10_000


class Searching:
    """Searches of one issuer."""

    def __init__(
        self, behaviour: Behaviour, base: str, records: Records, pages: Pages, now: Callable[[], datetime]
    ) -> None:
        self._behaviour = behaviour
        self._base = base
        self._records = records
        self._pages = pages
        self._now = now

    def search(self, resource_type: str, parameters: Parameters, access: Access, lenient: bool) -> Response:
        """The first page of a search."""
        values = dict(parameters)
        if "_page" in values:
            return self.page(values["_page"], access, resource_type)
        self.check_required(resource_type, values)
        rows = self.matches(resource_type, parameters, access, lenient)
        count = self._count(resource_type, values.get("_count"))
        self_url = f"{self._base}/{resource_type}" + (f"?{urlencode(list(parameters))}" if parameters else "")
        if values.get("_summary") == "count" or count == 0:
            head = {"type": "searchset", "total": len(rows), "link": [{"relation": "self", "url": self_url}]}
            return fhir_response(bundle_bytes(head, []))
        cap = self._behaviour.result_cap
        snapshot = Snapshot(
            access.key,
            resource_type,
            rows[:cap] if cap else rows,
            count,
            self_url,
            tuple(split_values(values.get("_elements", ""))),
            tuple(value for name, value in parameters if name.partition(":")[0] == "_include"),
            tuple(value for name, value in parameters if name.partition(":")[0] == "_revinclude"),
        )
        return self._show(None, snapshot, 0, access, capped=bool(cap and len(rows) > cap))

    def matches(self, resource_type: str, parameters: Parameters, access: Access, lenient: bool = False) -> list[int]:
        """Row numbers of what is found and may be seen."""
        only = access.only_patient(resource_type, "search-type")
        self._check_patient(parameters, only)
        rows = find_rows(
            self._records.store,
            self._behaviour,
            resource_type,
            parameters,
            only_patient=only,
            now=self._now,
            lenient=lenient,
        )
        if not access.has_conditions(resource_type, "search-type"):
            return rows
        shared = resource_type in NOT_ABOUT_A_PATIENT
        seen: list[int] = []
        for start in range(0, len(rows), _CHUNK):
            for stored in self._records.by_rows(rows[start : start + _CHUNK]):
                if access.admits("search-type", stored.resource, stored.compartment, shared):
                    seen.append(stored.row)
        return seen

    def page(self, link: str, access: Access, resource_type: str) -> Response:
        """A later page of a search."""
        name, snapshot, offset = self._pages.require(link, access.key)
        if snapshot.resource_type != resource_type or not access.allows(resource_type, "search-type"):
            raise RefusalError(403, "forbidden", "This page link belongs to another search.")
        return self._show(name, snapshot, offset, access)

    def check_required(self, resource_type: str, values: dict[str, str]) -> None:
        """Refuse a search that lacks what this EHR insists on."""
        if "_id" in values and is_offered(self._behaviour, resource_type, "_id"):
            return
        given = {name.partition(":")[0] for name, value in values.items() if value}
        for group in self._behaviour.required_search.get(resource_type, ()):
            if not given & set(group):
                words = f"A required element is missing: {resource_type} needs one of {', '.join(group)}."
                raise RefusalError(400, "required", words, coding=vendor_coding(self._behaviour, "59100", words))

    def _check_patient(self, parameters: Parameters, only: str | None) -> None:
        for name, value in parameters:
            if name.partition(":")[0] in ("patient", "subject") and only is not None:
                asked = {(reference_target(text) or "").rpartition("/")[2] for text in split_values(value)}
                if asked - {only}:
                    raise RefusalError(403, "forbidden", "This sign-in is for another patient.")

    def _count(self, resource_type: str, text: str | None) -> int:
        default, largest = self._behaviour.page_size(resource_type)
        if text is None or text == "":
            return default
        if not text.isdigit():
            raise RefusalError(400, "value", "'_count' is not a number.")
        return min(int(text), largest)

    def _show(
        self, name: str | None, snapshot: Snapshot, offset: int, access: Access, *, capped: bool = False
    ) -> Response:
        overlap = 1 if self._behaviour.overlapping_pages and offset else 0
        start = offset - overlap
        found = self._records.by_rows(snapshot.rows[start : start + snapshot.count])
        end = start + snapshot.count
        links = [{"relation": "self", "url": snapshot.self_url}]
        if end < len(snapshot.rows):
            name = name or self._pages.keep(snapshot)
            links.append({"relation": "next", "url": f"{self._base}/{snapshot.resource_type}?_page={name}.{end}"})
        head: dict[str, Any] = {"type": "searchset", "link": links, "timestamp": instant(self._now())}
        if not self._behaviour.overlapping_pages:
            head["total"] = len(snapshot.rows)
        entries = [
            search_entry(self._base, stored, "match", self._shown(stored, snapshot.elements)) for stored in found
        ]
        entries += [
            search_entry(self._base, stored, "include", self._shown(stored))
            for stored in self._included(snapshot, found, access)
        ]
        entries += [_outcome_entry(words) for words in self._warnings(snapshot, capped)]
        return fhir_response(bundle_bytes(head, entries))

    def _warnings(self, snapshot: Snapshot, capped: bool) -> Iterable[dict[str, Any]]:
        if not self._behaviour.vendor_codes:
            return
        if not snapshot.rows:
            words = "Resource request returns no results."
            yield issue("warning", "not-found", words, coding=vendor_coding(self._behaviour, "4101", words))
        if capped:
            words = "The search was cut: more results exist than are returned."
            yield issue("warning", "incomplete", words, coding=vendor_coding(self._behaviour, "59133", words))

    def _shown(self, stored: Stored, elements: tuple[str, ...] = ()) -> bytes:
        if not elements:
            return shown_body(self._behaviour, stored)
        resource = msgspec.json.decode(shown_body(self._behaviour, stored))
        kept = {name: value for name, value in resource.items() if name in (*_MANDATORY_ELEMENTS, *elements)}
        tag = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
        kept["meta"] = {**kept["meta"], "tag": [*kept["meta"].get("tag", []), tag]}
        return msgspec.json.encode(kept)

    def _included(self, snapshot: Snapshot, found: Sequence[Stored], access: Access) -> list[Stored]:
        targets: dict[str, None] = {}
        for text in snapshot.includes:
            source, _, rest = text.partition(":")
            name = rest.partition(":")[0]
            parameter = parameters_of(source).get(name) if source == snapshot.resource_type else None
            if text != "*" and parameter is None:
                raise RefusalError(400, "not-supported", f"This server cannot include {text!r}.")
            for stored in found:
                targets.update(dict.fromkeys(self._references(stored, parameter.path if parameter else None)))
        included = [
            self._records.find(self._behaviour.slug, *target.split("/", 1)) for target in targets if "/" in target
        ]
        for text in snapshot.reverse_includes:
            if text != "Provenance:target":
                raise RefusalError(400, "not-supported", f"This server cannot include {text!r} in reverse.")
            included += self._pointing_to([f"{stored.type}/{stored.id}" for stored in found])
        return [s for s in included if s and not s.deleted and self._may_read(s, access)]

    @staticmethod
    def _references(stored: Stored, path: str | None) -> Iterable[str]:
        if path is None:
            return
        for part in path.split("|"):
            for value in values_at(stored.resource, part):
                target = reference_target(value)
                if target and not target.startswith(("urn:", "#")):
                    yield target

    def _pointing_to(self, targets: Sequence[str]) -> list[Stored]:
        marks = ",".join("?" * len(targets))
        with self._records.store.read() as connection:
            rows = connection.execute(
                "SELECT DISTINCT i.row FROM reference_index i JOIN resource r ON r.row = i.row"  # noqa: S608 - marks only
                f" WHERE i.param = 'target' AND i.target IN ({marks}) AND r.issuer = ? AND r.type = 'Provenance'",
                (*targets, self._behaviour.slug),
            ).fetchall()
        return self._records.by_rows([row for (row,) in rows])

    def _may_read(self, stored: Stored, access: Access) -> bool:
        shared = stored.type in NOT_ABOUT_A_PATIENT or stored.compartment is None
        return access.admits("read", stored.resource, stored.compartment, shared)


def shown_body(behaviour: Behaviour, stored: Stored) -> bytes:
    """The resource as it goes out; without its version where the EHR shows none."""
    if behaviour.versions_shown:
        return stored.body
    start = stored.body.index(b'"versionId":')
    end = stored.body.index(b",", start) + 1
    return stored.body[:start] + stored.body[end:]


def vendor_coding(behaviour: Behaviour, code: str, display: str) -> tuple[str, str, str] | None:
    """The vendor's own code of a message, where this EHR has such codes."""
    return ("urn:oid:1.2.840.114350.1.13.0.1.7.2.657369", code, display) if behaviour.vendor_codes else None


def _outcome_entry(found: dict[str, Any]) -> bytes:
    return b'{"resource":' + msgspec.json.encode(outcome(found)) + b',"search":{"mode":"outcome"}}'
