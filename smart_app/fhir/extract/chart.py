"""One patient's resources, deduplicated and ordered, with the places where trouble and unplaced results go."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from smart_app.clinical.codes import CodeMap, CodeRow, Concept
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Event, Issue, IssueKind, Source, UnplacedResult
from smart_app.fhir.extract.claims import claimed_services
from smart_app.fhir.extract.contained import contained_results
from smart_app.fhir.extract.evidence import FINAL_STATUSES
from smart_app.fhir.extract.text.sentences import side_of, specimen_kind
from smart_app.fhir.resources import (
    Resource,
    codings,
    extensions,
    first_display,
    objects,
    own_reference,
    reference,
    references,
    text,
    version_id,
    when,
    words,
)

_RECURRENT = re.compile(r"(?<!no )(?<!of )\brecurren(?:ce|t)\b(?! score)", re.IGNORECASE)


class Chart:
    """
    The patient's own resources by reference, and what extraction leaves beside the facts.

    `alias` leads from a fullUrl to `Type/id`. Resources of each type come in the order of their references, so that
    nothing depends on the order of the record.
    """

    def __init__(self, codes: CodeMap, as_of: date, resources: dict[str, Resource], alias: dict[str, str]) -> None:
        self.codes = codes
        self.as_of = as_of
        self.issues: set[Issue] = set()
        self.events: dict[str, set[Event]] = {}
        self._unplaced: dict[tuple[str, str], UnplacedResult] = {}
        self._resources = resources
        self._alias = alias
        self._by_type: dict[str, list[tuple[str, Resource]]] = {}
        for key in sorted(resources):
            self._by_type.setdefault(key.partition("/")[0], []).append((key, resources[key]))
        self._reported_by = self._members()
        self._open_contained()

    def _open_contained(self) -> None:
        """Results inside a report or panel that counts stand beside the others, with their carrier as source."""
        for carrier in ("DiagnosticReport", "Observation"):
            for key, resource in list(self._by_type.get(carrier, ())):
                if text(resource.get("status")) in FINAL_STATUSES[carrier] and not resource.get("modifierExtension"):
                    for result in contained_results(key, resource):
                        self._by_type.setdefault("Observation", []).append((key, result))
                        self._reported_by.setdefault(own_reference(result), []).append(key)

    def of_type(self, *types: str) -> Iterator[tuple[str, Resource]]:
        """References and resources of the types, in order."""
        for name in types:
            yield from self._by_type.get(name, ())

    def procedures(self) -> Iterator[tuple[str, Resource]]:
        """Procedures, and what claims in force tell of, in the shape of Procedures and dispensed drugs."""
        yield from self.of_type("Procedure")
        for key, claim in self.claims():
            lines = self.unmodified(key, claim.get("item"))
            yield from ((key, service) for service in claimed_services(self.codes, claim, lines))

    def claims(self) -> Iterator[tuple[str, Resource]]:
        """The claims in force that tell of services given."""
        for key, claim in self.of_type("Claim", "ExplanationOfBenefit"):
            if self._was_claimed(key, claim):
                yield key, claim

    def _was_claimed(self, key: str, claim: Resource) -> bool:
        """Whether a claim tells of services given: not a request for approval, not withdrawn, not modified."""
        if text(claim.get("use")) not in (None, "claim") or self.is_modified(key, claim):
            return False
        status = text(claim.get("status"))
        if status != "active":
            self.issue(IssueKind.IGNORED_STATUS, key, f"Claim “{(status or 'none')[:40]}”: its services do not count.")
        return status == "active"

    def get(self, target: str | None) -> Resource | None:
        """The resource of a reference, None if it is not in the record."""
        if target is None:
            return None
        return self._resources.get(self._alias.get(target, target))

    def resolve(self, value: Any) -> list[str]:
        """References of a value as `Type/id`."""
        return [self._alias.get(target, target) for target in references(value)]

    def counts(self, key: str, resource: Resource) -> bool:
        """Whether the status of a resource counts; where it does not, an issue says so."""
        if self.is_modified(key, resource):
            return False
        kind = key.partition("/")[0]
        allowed = FINAL_STATUSES.get(kind)
        if allowed is None:
            return True
        status = text(resource.get("status"))
        if status in allowed:
            return True
        self.issue(IssueKind.IGNORED_STATUS, key, f"Status “{(status or 'none')[:40]}”: it does not count as a result.")
        return False

    def is_modified(self, key: str, resource: Resource) -> bool:
        """
        Whether a modifier extension changes what the resource means ("of a relative", "not done").

        None is understood here, and FHIR forbids to use what is not understood; an issue says so.
        """
        if not objects(resource.get("modifierExtension")):
            return False
        self.issue(IssueKind.UNREADABLE, key, "It carries a modifier that is not understood here; it is not used.")
        return True

    def unmodified(self, key: str, parts: Any) -> list[Resource]:
        """Parts of a resource (components, stages, lines) without a modifier; one that has it is told and left out."""
        kept = [part for part in objects(parts) if not objects(part.get("modifierExtension"))]
        if len(kept) < len(objects(parts)):
            self.issue(
                IssueKind.UNREADABLE,
                key,
                "A part of it carries a modifier that is not understood here; it is not used.",
            )
        return kept

    def components(self, key: str, observation: Resource) -> list[Resource]:
        """The components of an Observation that may be used."""
        return self.unmodified(key, observation.get("component"))

    def issue(self, kind: IssueKind, key: str | None, detail: str) -> None:
        """Note trouble with the data, once."""
        self.issues.add(Issue(kind, key, detail))

    def event(
        self, concept: str, on: PartialDate | None, source: Source, side: str = "unknown", value: Any = None
    ) -> None:
        """Note that something was done or found."""
        self.events.setdefault(concept, set()).add(Event(concept, on, (source,), side, value))

    def unplaced(self, source: Source, title: str, shown: str) -> None:
        """Keep what looked like a tumor fact and was not understood."""
        self._unplaced.setdefault((source.reference, shown[:400]), UnplacedResult(source, title[:120], shown[:400]))

    def unplaced_results(self) -> tuple[UnplacedResult, ...]:
        """All of them, ordered."""
        return tuple(self._unplaced[key] for key in sorted(self._unplaced))

    def _members(self) -> dict[str, list[str]]:
        """Which reports list an Observation in `result`."""
        reported: dict[str, list[str]] = {}
        for key, report in self.of_type("DiagnosticReport"):
            for member in self.resolve(report.get("result")):
                reported.setdefault(member, []).append(key)
        return reported

    def reports_of(self, key: str) -> list[Resource]:
        """The reports that list this Observation as a result."""
        return [self._resources[report] for report in self._reported_by.get(key, ())]

    def reports_of_resource(self, resource: Resource) -> list[Resource]:
        """The reports that list this resource as a result."""
        return self.reports_of(own_reference(resource))

    def rows(self, concept: Any) -> list[CodeRow]:
        """Rows of the codes of a CodeableConcept that mean something here."""
        found = []
        for coding in codings(concept):
            row = self.codes.find(coding.system, coding.code)
            if row is not None:
                found.append(row)
        return found

    def concept(self, row: CodeRow) -> Concept:
        """The concept of a row."""
        return self.codes.concepts[row.concept]

    def source(
        self,
        key: str,
        resource: Resource,
        *,
        on: PartialDate | None = None,
        code: str | None = None,
        recorded: str | None = None,
        sentence: str | None = None,
        specimen: str | None = None,
    ) -> Source:
        """The source entry of the ledger for a resource."""
        return Source(
            reference=key,
            version_id=version_id(resource),
            on=on,
            status=text(resource.get("status")),
            performer=_performer(resource),
            specimen=specimen,
            code=code,
            recorded=recorded[:300] if recorded else None,
            sentence=sentence[:400] if sentence else None,
        )

    def side(self, resource: Resource, *more: str) -> str:
        """Side by bodySite, laterality extensions and qualifiers, then by the words given; `unknown` if none says."""
        return side_by_codes(self.codes, resource) or next((s for s in map(side_of, more) if s), None) or "unknown"

    def specimen(self, resource: Resource) -> tuple[str | None, str | None, str]:
        """Kind and reference of the specimen, and its side (`unknown` if nothing says)."""
        found_ref, side = None, None
        for item in objects(resource.get("specimen")):
            target = reference(item)
            found_ref = found_ref or target
            specimen = self.contained(resource, item)
            if specimen is not None:
                side = (
                    side or side_by_codes(self.codes, specimen.get("collection")) or side_by_codes(self.codes, specimen)
                )
            elif target is not None and not words([item.get("display")]):
                self.issue(
                    IssueKind.UNREADABLE,
                    own_reference(resource),
                    f"Its specimen ({target[:60]}) could not be read: from which tissue it is, is not known.",
                )
        seen = self.specimen_words(resource)
        kind = next((kind for kind in map(specimen_kind, seen) if kind), None)
        kind = "recurrence" if any(map(_RECURRENT.search, seen)) else kind
        side = side or next((s for s in map(side_of, seen) if s), None)
        return kind, found_ref, side or "unknown"

    def specimen_words(self, resource: Resource) -> list[str]:
        """What a result and its specimens say of the tissue."""
        seen: list[str] = []
        for item in objects(resource.get("specimen")):
            seen.extend(words([item.get("display")]))
            specimen = self.contained(resource, item)
            if specimen is not None:
                seen.extend(_specimen_words(specimen))
        return [*seen, *words(resource.get("method"))]

    @staticmethod
    def _contained(resource: Resource, target: str) -> Resource | None:
        if not target.startswith("#"):
            return None
        return next((item for item in objects(resource.get("contained")) if item.get("id") == target[1:]), None)

    def contained(self, resource: Resource, value: Any) -> Resource | None:
        """The contained or separate resource that a reference names."""
        target = reference(value)
        if target is None:
            return None
        return self._contained(resource, target) or self.get(target)


def _specimen_words(specimen: Resource) -> list[str]:
    found = words(specimen.get("type")) + words(specimen.get("note"))
    collection = specimen.get("collection")
    if isinstance(collection, dict):
        found += words(collection.get("method")) + words(collection.get("bodySite"))
    return found


_PERFORMERS = ("performer", "author", "requester", "informationSource", "asserter", "recorder", "resultsInterpreter")


def _performer(resource: Resource) -> str | None:
    """Who did or stated it: by name, else by the reference that stands in its place."""
    for name in _PERFORMERS:
        actors = [actor.get("actor", actor) for actor in objects(resource.get(name))]
        found = first_display(actors) or next((target for actor in actors for target in references(actor)), None)
        if found:
            return found
    return None


def side_by_codes(codes: CodeMap, element: Any) -> str | None:
    """Side by coded body site, its qualifiers and laterality extensions; two sides are `bilateral`."""
    if not isinstance(element, dict):
        return None
    sides = {side for concept in _site_concepts(element) for side in [_side_of_concept(codes, concept)] if side}
    if "bilateral" in sides or sides >= {"left", "right"}:
        return "bilateral"
    return sides.pop() if sides else None


def _side_of_concept(codes: CodeMap, concept: Any) -> str | None:
    for coding in codings(concept):
        row = codes.find(coding.system, coding.code)
        if row is not None and row.concept == "laterality" and row.side:
            return row.side
    return next((side for side in map(side_of, words(concept)) if side), None)


def _site_concepts(element: Resource) -> Iterator[Any]:
    for name in ("bodySite", "targetSite", "laterality"):
        for site in objects(element.get(name)):
            yield site
            for ending in ("laterality-qualifier", "location-qualifier", "laterality"):
                for extension in extensions(site, ending):
                    yield extension.get("valueCodeableConcept")
    for ending in ("laterality-qualifier", "laterality", "procedure-targetBodyStructure-laterality"):
        for extension in extensions(element, ending):
            yield extension.get("valueCodeableConcept")


def taken_on(resource: Resource) -> PartialDate | None:
    """When it was taken or done: `effective[x]` of a result, its start for a period."""
    start, end = when(resource, "effective")
    return start or end
