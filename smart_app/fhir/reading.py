"""
Reading one patient's record: all searches at once, references as they appear, and how each search ended.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, field
from typing import Any, Protocol

from smart_app.clinical.codes import CodeMap
from smart_app.clinical.facts import Search, SearchState
from smart_app.errors import (
    FhirError,
    GoneError,
    MalformedAnswerError,
    NotOfferedError,
    NotPermittedError,
    NotSignedInError,
    RefusedResourceError,
    TooLargeError,
)
from smart_app.fhir.answers import is_failure, issues_of, parse_json, words_of
from smart_app.fhir.bundle import StrictJsonError, strict_loads
from smart_app.fhir.capability import allows, offered_types
from smart_app.fhir.client import FhirClient, Page, outcome_words
from smart_app.fhir.queries import PATIENT, QUERIES, REFERENCED_TYPES, Params, Query, supplied_by

MAX_REFERENCES = 80
MAX_KEPT = 40
_RESTRICTED = frozenset({"4130", "4131", "4134", "security", "suppressed", "forbidden"})
_NOTHING_FOUND = frozenset({"4101"})  # Epic's warning beside an empty result: says no more than the empty result
_CAPPED = frozenset({"59133", "too-costly", "incomplete"})
_ENTRY_TYPE = re.compile(rb'"resourceType"\s*:\s*"OperationOutcome"')


class Builder(Protocol):
    """What `fhir/extract` gives: a record that is built page by page."""

    @property
    def needs(self) -> tuple[str, ...]:
        """References that are still to be fetched."""

    @property
    def types_with_unread_drugs(self) -> frozenset[str]:
        """Types of the entries whose drug is named only by such a reference."""

    def add(self, resources: Iterable[dict[str, Any]]) -> Any:
        """Take resources."""

    def add_observation_page(self, raw: bytes) -> Any:
        """Take a page of Observations as it came."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read beside the builder's content: the CarePlans and CareTeams of the record as they came."""

    searches: tuple[Search, ...]
    patient: dict[str, Any]
    plans: tuple[dict[str, Any], ...] = ()
    care_teams: tuple[dict[str, Any], ...] = ()


@dataclass
class _Progress:
    """One query under way."""

    query: Query
    way: int = 0
    running: int = 0
    answered: int = 0
    refused: RefusedResourceError | None = None
    count: int = 0
    said: list[str] = field(default_factory=list)
    state: SearchState | None = None
    why: str = ""
    type_absent: bool = False


@dataclass
class WaysThatWork:
    """Which way of asking each EHR took last time, so that the next launch does not ask in vain; one a process."""

    found: dict[tuple[str, str], int] = field(default_factory=dict)


class RecordReader:
    """One reading of one patient; used once."""

    def __init__(
        self,
        client: FhirClient,
        builder: Builder,
        codes: CodeMap,
        executor: Executor,
        scopes: Iterable[str],
        ways: WaysThatWork | None = None,
        capability: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self._capability = capability
        self._client = client
        self._builder = builder
        self._codes = codes
        self._executor = executor
        self._scopes = tuple(scopes)
        self._ways = ways or WaysThatWork()
        self._lock = threading.Lock()
        self._seen: set[tuple[str, str]] = set()
        self._fetched: set[str] = set()
        self._kept: dict[str, list[dict[str, Any]]] = {"care-plan": [], "care-team": []}
        self._pending: dict[Future[Any], Callable[[Future[Any]], None]] = {}
        self._patient_id = ""

    def read(self, patient_id: str, encounter_id: str = "") -> Reading:
        """
        Read the whole record.

        Raises:
            FhirError: the patient itself could not be read; everything else degrades its own section.
        """
        self._patient_id = patient_id
        patient: list[dict[str, Any]] = []
        self._submit(self._read_patient, patient.append, patient_id)
        progress = [_Progress(query) for query in QUERIES]
        for item in progress:
            self._start(item)
        if encounter_id and allows(self._scopes, "Encounter", "r"):
            self._fetch(f"Encounter/{encounter_id}")
        self._finish_all()
        offered = offered_types(self._capability())
        for item in progress:
            self._remember(item)
            if offered and item.query.resource_type not in offered and item.count == 0 and item.state is not None:
                # Not granted, or refused, because this EHR has no such type.
                item.state, item.why, item.type_absent = SearchState.NOT_OFFERED, "this EHR does not offer it", True
        kept = self._kept
        return Reading(self._searches(progress), patient[0], tuple(kept["care-plan"]), tuple(kept["care-team"]))

    def _finish_all(self) -> None:
        try:
            while self._pending:
                done, _ = wait(self._pending, return_when=FIRST_COMPLETED)
                for future in done:
                    self._pending.pop(future)(future)
                self._fetch_needs()
        finally:
            for future in self._pending:
                future.cancel()

    def _submit(self, work: Callable[..., Any], then: Callable[[Any], None], *arguments: Any) -> None:
        self._pending[self._executor.submit(work, *arguments)] = lambda future: then(future.result())

    def _read_patient(self, patient_id: str) -> dict[str, Any]:
        patient = self._client.read("Patient", patient_id)
        if patient.get("id") != patient_id:
            raise MalformedAnswerError("the EHR answered with another patient")
        with self._lock:
            self._builder.add([patient])
        return patient

    def _start(self, item: _Progress) -> None:
        if not allows(self._scopes, item.query.resource_type, "s"):
            item.state, item.why = SearchState.NOT_PERMITTED, "not granted at this launch"
            return
        item.way = self._ways.found.get((self._client.base_url, item.query.name), 0)
        self._ask(item)

    def _ask(self, item: _Progress) -> None:
        searches = item.query.ways[item.way]
        item.running += len(searches)
        for params in searches:
            future = self._executor.submit(self._run, item, params)
            self._pending[future] = lambda done, item=item: self._ended(item, done)  # type: ignore[misc] # bound now

    def _run(self, item: _Progress, params: Params) -> None:
        filled = {name: value.replace(PATIENT, self._patient_id) for name, value in params.items()}
        count, total = 0, None
        for page in self._client.pages(item.query.resource_type, filled):
            outcomes = self._take(item, page)
            count += page.count - outcomes
            total = page.total if page.total is not None else total
        with self._lock:
            if total is not None and total > count:
                item.state = SearchState.TRUNCATED
                item.why = f"the EHR announced {total}, and {count} came"

    def _take(self, item: _Progress, page: Page) -> int:
        """Give a page to the builder; returns how many of its entries were messages, not resources."""
        outcomes = 0
        if _ENTRY_TYPE.search(page.data):
            outcomes = self._hear(item, page)
        if item.query.resource_type == "Observation":
            with self._lock:
                self._builder.add_observation_page(page.data)
                item.count += page.count - outcomes
            return outcomes
        resources = _resources(page)
        with self._lock:
            fresh = [resource for resource in resources if self._is_new(resource)]
            item.count += len(fresh)
            kept = self._kept.get(item.query.name)
            if kept is not None:
                kept += fresh[: MAX_KEPT - len(kept)]
            self._builder.add(fresh)
        return outcomes

    def _is_new(self, resource: dict[str, Any]) -> bool:
        # Oracle Health gives the same id again on a later page.
        key = (str(resource.get("resourceType")), str(resource.get("id")))
        if resource.get("id") is None:
            return True
        fresh = key not in self._seen
        self._seen.add(key)
        return fresh

    def _hear(self, item: _Progress, page: Page) -> int:
        heard = 0
        for resource in _resources(page, outcomes=True):
            issues = issues_of(resource)
            heard += 1
            codes = {code for issue in issues for code in _codes_of(issue)}
            with self._lock:
                if codes & _RESTRICTED:
                    raise NotPermittedError("part of the record is restricted", outcome=resource)
                if codes & _CAPPED:
                    item.state, item.why = SearchState.TRUNCATED, words_of(issues) or "the EHR gave only a part"
                elif any(is_failure(issue) for issue in issues):
                    raise MalformedAnswerError("the EHR reported an error", outcome=resource)
                elif words_of(issues) and not codes & _NOTHING_FOUND:
                    item.said.append(words_of(issues))
        return heard

    def _ended(self, item: _Progress, future: Future[Any]) -> None:
        item.running -= 1
        try:
            future.result()
            item.answered += 1
        except RefusedResourceError as error:
            item.refused = error
        except FhirError as error:
            self._failed(item, error)
        if item.running == 0 and item.refused is not None and item.state is None:
            self._ask_otherwise(item, item.refused)

    def _ask_otherwise(self, item: _Progress, refused: RefusedResourceError) -> None:
        item.refused = None
        if item.answered:
            item.state = SearchState.TRUNCATED
            item.why = _with_words("this EHR refused a part of this search", refused)
        elif item.way + 1 < len(item.query.ways):
            item.way += 1
            self._ask(item)
        else:
            item.state = SearchState.NOT_OFFERED
            item.why = _with_words("this EHR does not offer this search", refused)

    def _failed(self, item: _Progress, error: FhirError) -> None:
        state, why = state_of(error)
        if item.count and state is SearchState.FAILED:
            state, why = SearchState.TRUNCATED, f"{item.count} were read, then {why}"
        if item.state in (None, SearchState.TRUNCATED, SearchState.NOT_OFFERED):
            item.state, item.why = state, why

    def _remember(self, item: _Progress) -> None:
        if item.state is None and item.way:
            self._ways.found[(self._client.base_url, item.query.name)] = item.way

    def _fetch_needs(self) -> None:
        with self._lock:
            needs = self._builder.needs
        for reference in needs:
            if reference not in self._fetched and len(self._fetched) < MAX_REFERENCES:
                self._fetch(reference)

    def _fetch(self, reference: str) -> None:
        self._fetched.add(reference)
        kind = reference.removeprefix(f"{self._client.base_url}/").partition("/")[0]
        if kind != "Encounter" and (kind not in REFERENCED_TYPES or not allows(self._scopes, kind, "r")):
            return
        future = self._executor.submit(self._read_reference, reference)
        self._pending[future] = lambda done: done.result()

    def _read_reference(self, reference: str) -> None:
        # What a reference points to only adds to what was found: a deleted or refused one is left as it is named.
        try:
            resource = self._client.read_reference(reference)
        except NotSignedInError:
            raise
        except FhirError:
            return
        with self._lock:
            self._builder.add([resource])

    def _searches(self, progress: list[_Progress]) -> tuple[Search, ...]:
        offered = {name for item in progress if not item.type_absent for name in supplied_by(item.query, self._codes)}
        unnamed = self._builder.types_with_unread_drugs
        rows = []
        for item in progress:
            state = item.state or (SearchState.COMPLETE if item.count else SearchState.EMPTY)
            why = item.why or "; ".join(dict.fromkeys(item.said))
            if state is SearchState.COMPLETE and item.query.resource_type in unnamed:
                state, why = SearchState.TRUNCATED, "which drug is meant could not be read for at least one entry"
            supplies = supplied_by(item.query, self._codes)
            if item.type_absent:
                # A type that the EHR says it does not have holds nothing: only what no other search holds rests on it.
                supplies = tuple(name for name in supplies if name not in offered or name in item.query.alone)
            rows.append(Search(item.query.name, item.query.resource_type, state, item.count, why, supplies))
        return tuple(rows)


def read_record(
    client: FhirClient,
    builder: Builder,
    codes: CodeMap,
    executor: Executor,
    scopes: Iterable[str],
    patient_id: str,
    encounter_id: str = "",
    ways: WaysThatWork | None = None,
    capability: Callable[[], Mapping[str, Any]] = dict,
) -> Reading:
    """
    Read one patient's record into a builder.

    Raises:
        FhirError: the patient itself could not be read, or the sign-in has ended.
    """
    reader = RecordReader(client, builder, codes, executor, scopes, ways, capability)
    return reader.read(patient_id, encounter_id)


def _dicts(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def state_of(error: FhirError) -> tuple[SearchState, str]:
    """How a search that failed is stated, and in which words."""
    if isinstance(error, NotSignedInError):
        raise error
    if isinstance(error, NotPermittedError):
        return SearchState.NOT_PERMITTED, _with_words("not permitted for this user", error)
    if isinstance(error, NotOfferedError | GoneError):
        return SearchState.NOT_OFFERED, "this EHR does not offer it"
    if isinstance(error, TooLargeError):
        return SearchState.TRUNCATED, "too large to read in full"
    retry_after = getattr(error, "retry_after_s", None)
    if retry_after is not None and retry_after > 0:
        return SearchState.FAILED, f"the EHR asks to wait {int(retry_after)} seconds"
    return SearchState.FAILED, _with_words(str(error), error)


def _with_words(ours: str, error: FhirError) -> str:
    theirs = outcome_words(error)
    return f"{ours}; the EHR says: {theirs}" if theirs else ours


def _codes_of(issue: Mapping[str, Any]) -> Iterable[str]:
    yield str(issue.get("code"))
    details = issue.get("details")
    for coding in _dicts(details.get("coding")) if isinstance(details, dict) else []:
        yield str(coding.get("code"))


def _resources(page: Page, outcomes: bool = False) -> list[dict[str, Any]]:
    """The resources of a page; when the page is no strict JSON as a whole, entry by entry, so that one bad is lost."""
    try:
        entries = parse_json(page.data).get("entry")
    except MalformedAnswerError:
        entries = [entry for entry in map(_strict, page.raw_entries()) if entry is not None]
    found = []
    for entry in entries if isinstance(entries, list) else []:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            continue
        if (resource.get("resourceType") == "OperationOutcome") is outcomes:
            found.append(resource)
    return found


def _strict(data: bytes) -> Any:
    try:
        return strict_loads(data)
    except StrictJsonError:
        return None
