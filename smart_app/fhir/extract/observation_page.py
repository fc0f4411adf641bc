"""
Large pages of Observations: msgspec reads only what decides whether an entry matters, the rest is skipped unparsed.

An entry that matters goes through the strict loader (hazard T16); laboratory values that only feed events are kept as
events, of each test the newest ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from smart_app.clinical.codes import CodeMap
from smart_app.clinical.facts import Issue, IssueKind
from smart_app.fhir.bundle import StrictJsonError, entries_of, strict_loads
from smart_app.fhir.extract.names import looks_like_tumor_fact, name_of_test, names_report
from smart_app.fhir.extract.observations import TUMOR_TESTS
from smart_app.fhir.extract.text.genes import names_gene_test
from smart_app.fhir.resources import (
    FULL_URL,
    Resource,
    as_list,
    codings,
    number,
    objects,
    own_reference,
    text,
    version_key,
    when,
    words,
)

_ABSENT = msgspec.Raw()

EVENTS_KEPT = 40
"""How many results of one laboratory test are kept, the newest; rules ask for the last ones only."""
_BOUNDED_TESTS = frozenset({"bmi", "smoking-status"})
_EVENT_FIELDS = (
    "resourceType",
    "id",
    "meta",
    "modifierExtension",
    "status",
    "code",
    "subject",
    "effectiveDateTime",
    "effectivePeriod",
    "effectiveInstant",
    "valueQuantity",
    "valueCodeableConcept",
    "valueString",
    "valueInteger",
    FULL_URL,
)


class _Light(msgspec.Struct, gc=False):
    """An Observation as far as needed to see whether it matters; the code stays unread bytes, known codes by them."""

    resourceType: Any = None  # noqa: N815 - FHIR's name
    code: msgspec.Raw = _ABSENT
    component: msgspec.Raw = _ABSENT
    contained: msgspec.Raw = _ABSENT
    effectiveDateTime: Any = None  # noqa: N815 - FHIR's name


class _Component(msgspec.Struct, gc=False):
    code: msgspec.Raw = _ABSENT


class _Entry(msgspec.Struct, gc=False):
    resource: _Light | None = None


class _Link(msgspec.Struct, gc=False):
    relation: Any = None
    url: Any = None


class _Page(msgspec.Struct, gc=False):
    entry: list[_Entry] = []
    link: list[_Link] = []
    total: Any = None


class _RawEntry(msgspec.Struct, gc=False):
    resource: msgspec.Raw = msgspec.Raw()
    fullUrl: Any = None  # noqa: N815 - FHIR's name


class _RawPage(msgspec.Struct, gc=False):
    entry: list[_RawEntry] = []


_PAGE = msgspec.json.Decoder(_Page)
_RAW_PAGE = msgspec.json.Decoder(_RawPage)
_COMPONENTS = msgspec.json.Decoder(list[_Component])


@dataclass(frozen=True, slots=True)
class PageInfo:
    """What a searchset page says of itself: the next page, entries on it, and the server's total if it gives one."""

    next_url: str | None
    count: int
    total: int | None


class ObservationFilter:
    """Decides by the code of an Observation what it is kept for; answers are remembered by code."""

    def __init__(self, codes: CodeMap) -> None:
        self._codes = codes
        self._tests = frozenset(TUMOR_TESTS) - _BOUNDED_TESTS
        self._known: dict[Any, str] = {}
        self._by_bytes: dict[bytes, str] = {}

    def purpose(self, observation: Resource) -> str:
        """
        `fact` if an extractor reads it, the concept id if it only feeds an event, empty if nothing reads it.

        One whose code cannot be read is a `fact`: nobody knows what it says, so it is kept to be told.
        """
        best = ""
        inner = [*objects(observation.get("component")), *objects(observation.get("contained"))]
        for element in (observation, *(each for each in inner if "code" in each)):
            found = self.of_concept(element.get("code"))
            if found == "fact":
                return found
            best = best or found
        return best

    def of_concept(self, concept: Any) -> str:
        """The purpose that one code gives."""
        key = tuple((c.system, c.code, c.display) for c in codings(concept)), tuple(words(concept)[:1])
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._decide(concept)
        return known

    def of_bytes(self, concept: bytes | memoryview) -> str:
        """The same for a concept that is still bytes: the same bytes always mean the same."""
        key = bytes(concept)
        known = self._by_bytes.get(key)
        if known is None:
            try:
                known = self.of_concept(strict_loads(key))
            except StrictJsonError:
                known = "fact"
            self._by_bytes[key] = known
        return known

    def _decide(self, concept: Any) -> str:
        rows = [row for c in codings(concept) for row in [self._codes.find(c.system, c.code)] if row is not None]
        if rows:
            for row in rows:
                if not (self._codes.concepts[row.concept].is_event and row.concept not in self._tests):
                    return "fact" if row.concept not in _BOUNDED_TESTS else row.concept
            return rows[0].concept
        said = words(concept)
        if not said or not isinstance(concept, dict):
            return "fact"
        named = name_of_test(said)
        if named is not None:
            return "fact" if named[0] not in _BOUNDED_TESTS else named[0]
        return "fact" if any(map(_is_wanted, said)) else ""


def _is_wanted(name: str) -> bool:
    return looks_like_tumor_fact(name) or names_gene_test(name) or names_report(name)


class EventStore:
    """Observations that only feed events: of each concept the newest ones, reduced to what an event needs."""

    def __init__(self) -> None:
        self._held: dict[str, dict[str, tuple[str, Resource]]] = {}
        self._oldest: dict[str, str] = {}

    def too_old(self, concept: str, day: Any) -> bool:
        """Whether a result of this day can no longer be among the newest."""
        oldest = self._oldest.get(concept)
        return oldest is not None and isinstance(day, str) and day[:10] < oldest

    def add(self, concept: str, observation: Resource) -> None:
        """Keep a result; beyond twice the limit the older half goes."""
        held = self._held.setdefault(concept, {})
        key = own_reference(observation)
        start, end = when(observation, "effective")
        day = str(start or end or "")
        before = held.get(key)
        if before is None or version_key(observation) > version_key(before[1]):
            held[key] = day, {name: observation[name] for name in _EVENT_FIELDS if name in observation}
        if len(held) > 2 * EVENTS_KEPT:
            self._prune(concept)

    def _prune(self, concept: str) -> None:
        held = self._held[concept]
        newest = sorted(held, key=lambda key: (held[key][0], key), reverse=True)[:EVENTS_KEPT]
        self._held[concept] = {key: held[key] for key in newest}
        self._oldest[concept] = held[newest[-1]][0]

    def resources(self) -> dict[str, Resource]:
        """The newest results of every concept, by reference."""
        for concept in self._held:
            self._prune(concept)
        return {key: resource for held in self._held.values() for key, (_, resource) in sorted(held.items())}


def read_page(
    raw: bytes, chosen: ObservationFilter, events: EventStore, issues: set[Issue]
) -> tuple[PageInfo, list[Resource]]:
    """
    One searchset page: what it says of itself, and the resources that matter (events go to their store).

    A page that msgspec refuses goes through the strict loader entry by entry; one that is no JSON gives an issue.
    """
    try:
        page = _PAGE.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _read_slowly(raw, chosen, events, issues)
    wanted: dict[int, str] = {}
    for index, entry in enumerate(page.entry):
        light = entry.resource
        if light is None:
            continue
        purpose = _purpose(light, chosen)
        if purpose and not (purpose not in ("fact", "whole") and events.too_old(purpose, light.effectiveDateTime)):
            wanted[index] = purpose
    kept = _load(raw, wanted, chosen, events, issues) if wanted else []
    return _info(page.link, len(page.entry), page.total), kept


def _purpose(light: _Light, chosen: ObservationFilter) -> str:
    if light.resourceType != "Observation":
        return "fact" if light.resourceType != "OperationOutcome" else ""
    if len(light.contained) > 0:
        return "whole"
    best = chosen.of_bytes(light.code) if len(light.code) > 0 else "fact"
    if len(light.component) == 0 or best == "fact":
        return best
    try:
        parts = _COMPONENTS.decode(light.component)
    except msgspec.MsgspecError:
        return "whole"
    for part in parts:
        found = chosen.of_bytes(part.code) if len(part.code) > 0 else ""
        if found == "fact":
            return found
        best = best or found
    return best


def _load(
    raw: bytes, wanted: dict[int, str], chosen: ObservationFilter, events: EventStore, issues: set[Issue]
) -> list[Resource]:
    kept = []
    for index, entry in enumerate(_RAW_PAGE.decode(raw).entry):
        purpose = wanted.get(index)
        if purpose is None:
            continue
        try:
            resource = strict_loads(bytes(entry.resource))
        except StrictJsonError as error:
            issues.add(Issue(IssueKind.UNREADABLE, None, f"An Observation could not be read: {error}."))
            continue
        if isinstance(resource, dict):
            if isinstance(entry.fullUrl, str):
                resource[FULL_URL] = entry.fullUrl
            if purpose == "whole":
                purpose = chosen.purpose(resource)
            if purpose == "fact":
                kept.append(resource)
            elif purpose:
                events.add(purpose, resource)
    return kept


def _read_slowly(
    raw: bytes, chosen: ObservationFilter, events: EventStore, issues: set[Issue]
) -> tuple[PageInfo, list[Resource]]:
    try:
        page = strict_loads(raw)
    except StrictJsonError as error:
        issues.add(Issue(IssueKind.UNREADABLE, None, f"A page of Observations could not be read: {error}."))
        return PageInfo(None, 0, None), []
    if not isinstance(page, dict):
        issues.add(Issue(IssueKind.UNREADABLE, None, "A page of Observations is no Bundle."))
        return PageInfo(None, 0, None), []
    found: list[Issue] = []
    kept = []
    for resource in entries_of(page, found):
        purpose = chosen.purpose(resource) if resource.get("resourceType") == "Observation" else "fact"
        if purpose == "fact":
            kept.append(resource)
        elif purpose:
            events.add(purpose, resource)
    issues.update(found)
    links = [_Link(item.get("relation"), item.get("url")) for item in objects(page.get("link"))]
    return _info(links, len(as_list(page.get("entry"))), page.get("total")), kept


def _info(links: list[_Link], count: int, total: Any) -> PageInfo:
    following = next((text(link.url) for link in links if link.relation == "next"), None)
    amount = number(total)
    return PageInfo(following, count, int(amount) if amount is not None else None)
