"""
One write, exactly once: sent after its outbox entry is committed, looked for before any second send, read back.

The looks are spread over seven seconds, because some servers find a new resource only seconds later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from smart_app.errors import (
    FhirError,
    GoneError,
    MalformedAnswerError,
    NotSignedInError,
    TemporaryFhirError,
    TooLargeError,
    UnknownOutcomeError,
    VersionConflictError,
)
from smart_app.fhir import resources
from smart_app.fhir.answers import issues_of, words_of
from smart_app.fhir.capability import Ability
from smart_app.fhir.careplan import URI_SYSTEM
from smart_app.fhir.comparison import Comparison, compare_resources
from smart_app.storage.outbox import OutboxEntry
from smart_app.workflow.planning_found import find_sent
from smart_app.workflow.planning_ports import PlanClient, PlanServices
from smart_app.workflow.planning_record import find_by_identifier, is_about

LOOKS_AFTER_S = (0.3, 2.0, 5.0)
READS_AFTER_S = (0.0, 0.5, 1.5)
SENDS = 3
LONGEST_RETRY_AFTER_S = 10.0
_SAFE_TO_REPEAT = (429, 503)
_VERSION_ASKED = "version_asked"


class SendEnd(StrEnum):
    """How a write ended."""

    WRITTEN = "written"
    REFUSED = "refused"
    CONFLICT = "conflict"
    SEVERAL = "several"
    ABSENT = "absent"
    NOT_SENT = "not-sent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Sent:
    """
    The end of one write.

    WRITTEN: `stored` is what was read back and `comparison` how it differs. CONFLICT: `stored` is what stands there
    now. SEVERAL: `matches` are the resources that carry the identifier. UNKNOWN: `looks` were made in vain;
    `error` is why, and `write_error` what came of the write itself.
    """

    end: SendEnd
    entry: OutboxEntry
    stored: dict[str, Any] | None = None
    comparison: Comparison | None = None
    matches: tuple[str, ...] = ()
    error: FhirError | None = None
    looks: int = 0
    read_back_at: datetime | None = None
    answered: bool = False
    write_error: FhirError | None = None

    @property
    def reference(self) -> str:
        """`Type/id` of what is in the record; empty where nothing is known to be."""
        return resources.own_reference(self.stored) if self.stored is not None else self.entry.reference or ""

    @property
    def version_id(self) -> str:
        """Its version, empty where the server gives none."""
        return (resources.version_id(self.stored) if self.stored is not None else None) or self.entry.version_id or ""

    @property
    def ehr_words(self) -> str:
        """What the server said of a refusal, for the page."""
        return words_of(issues_of(self.error.outcome)) if self.error is not None else ""


class Writer:
    """Sends one outbox entry, or finds out what became of it."""

    def __init__(self, services: PlanServices, client: PlanClient, ability: Ability, renew: Callable[[], None]) -> None:
        self._services = services
        self._client = client
        self._ability = ability
        self._renew = renew

    def send(self, entry: OutboxEntry) -> Sent:
        """Send it; every way it can go ends in a `Sent`."""
        attempt = 0
        while True:
            attempt += 1
            self._renew()
            entry = self._services.outbox.mark_sent(entry)
            try:
                answer = self._request(entry)
            except (UnknownOutcomeError, TooLargeError, MalformedAnswerError) as error:
                # No answer, or one that says nothing: it may be in the record.
                sent = self.look(entry, LOOKS_AFTER_S, error)
                if sent.end is SendEnd.ABSENT and self._may_repeat(entry, attempt):
                    continue
                return sent
            except TemporaryFhirError as error:
                sent, again = self._after_failure(entry, error, attempt)
                if again:
                    continue
                return sent
            except FhirError as error:
                sent, again = self._after_refusal(entry, error, attempt)
                entry = sent.entry
                if again:
                    continue
                return sent
            entry = replace(entry, reference=answer.reference or entry.reference, version_id=answer.version_id or None)
            entry = self._services.outbox.update(entry)
            return self._prove(entry, matched=answer.status == 200 and entry.if_match is None and not _is_update(entry))

    def look(self, entry: OutboxEntry, after_s: tuple[float, ...], error: FhirError | None = None) -> Sent:
        """
        Find out whether a write that was sent is in the record; never sends.

        Args:
            after_s: waits before each look.
        """
        failed: FhirError | None = error
        looked = False
        for count, delay in enumerate(after_s, start=1):
            if delay:
                self._services.wait(delay)
            self._renew()
            try:
                sent = self._look_once(entry, count)
            except FhirError as found:
                failed, looked = found, False
                if isinstance(found, NotSignedInError):
                    break
                continue
            looked = True
            if sent is not None:
                return sent
        if looked:
            return Sent(SendEnd.ABSENT, entry, error=error, looks=len(after_s))
        return Sent(SendEnd.UNKNOWN, entry, error=failed, looks=len(after_s), write_error=error)

    def _request(self, entry: OutboxEntry) -> Any:
        if _is_update(entry):
            return self._client.update(entry.resource, entry.if_match)
        headers = {}
        identifier = _identifier(entry)
        if self._ability.conditional_create and identifier:
            # Always the same text: HAPI locks by the text of this header.
            headers["If-None-Exist"] = urlencode({"identifier": f"{URI_SYSTEM}|{identifier}"})
        return self._client.create(entry.resource, headers)

    def _may_repeat(self, entry: OutboxEntry, attempt: int) -> bool:
        """A write that is surely absent may go again where a late first one cannot make a second resource."""
        return attempt < SENDS and (_is_update(entry) or self._ability.conditional_create)

    def _after_failure(self, entry: OutboxEntry, error: TemporaryFhirError, attempt: int) -> tuple[Sent, bool]:
        if error.status is None:
            return Sent(SendEnd.NOT_SENT, entry, error=error), False
        if error.status not in _SAFE_TO_REPEAT:
            # A 500 may come after the write was done.
            sent = self.look(entry, LOOKS_AFTER_S, error)
            again = sent.end is SendEnd.ABSENT and self._may_repeat(entry, attempt)
            return sent, again
        delay = error.retry_after_s if error.retry_after_s is not None else float(attempt)
        if attempt >= SENDS or delay > LONGEST_RETRY_AFTER_S:
            return self.look(entry, (0.0,), error), False
        self._services.wait(max(delay, 0.0))
        sent = self.look(entry, (0.0,), error)
        return sent, sent.end is SendEnd.ABSENT

    def _after_refusal(self, entry: OutboxEntry, error: FhirError, attempt: int) -> tuple[Sent, bool]:
        if _asks_for_version(entry, error):
            return self._with_version(entry, error)
        if isinstance(error, VersionConflictError):
            sent = self._after_conflict(entry, error)
            return sent, sent.end is SendEnd.ABSENT and attempt < SENDS
        return Sent(SendEnd.REFUSED, entry, error=error), False

    def _with_version(self, entry: OutboxEntry, error: FhirError) -> tuple[Sent, bool]:
        """The server wants If-Match: read again once, and go on with its version if nobody changed the plan."""
        try:
            stored = self._client.read(entry.resource["resourceType"], entry.resource["id"])
        except FhirError:
            return Sent(SendEnd.REFUSED, entry, error=error), False
        changed = self._judge_update(entry, stored, 1)
        if changed is not None:
            return changed, False
        version = resources.version_id(stored)
        if not version:
            return Sent(SendEnd.REFUSED, entry, error=error), False
        entry = replace(entry, if_match=version, details={**entry.details, _VERSION_ASKED: True})
        return Sent(SendEnd.ABSENT, self._services.outbox.update(entry)), True

    def _after_conflict(self, entry: OutboxEntry, error: VersionConflictError) -> Sent:
        if not _is_update(entry) and error.status == 412:
            try:
                found = self._find(entry)
            except FhirError as failed:
                return Sent(SendEnd.UNKNOWN, entry, error=failed)
            return Sent(SendEnd.SEVERAL, entry, matches=tuple(map(resources.own_reference, found)), error=error)
        # HAPI answers 409 to one of two equal conditional creates: the other one has made it.
        return self.look(entry, (0.0,), error)

    def _look_once(self, entry: OutboxEntry, count: int) -> Sent | None:
        if _is_update(entry):
            stored = self._client.read(entry.resource["resourceType"], entry.resource["id"])
            return self._judge_update(entry, stored, count)
        searched = self._ability.identifier_search
        found, proven = find_sent(self._client, entry.resource, _identifier(entry), entry.patient, searched)
        if not found:
            return None
        equal = [resource for resource in found if compare_resources(entry.resource, resource).same_plan]
        stored = (equal or found)[0]
        entry = replace(entry, reference=resources.own_reference(stored))
        sent = self._compared(entry, stored, matched=not proven)
        return replace(sent, looks=count, matches=tuple(map(resources.own_reference, found)))

    def _judge_update(self, entry: OutboxEntry, stored: dict[str, Any], count: int) -> Sent | None:
        comparison = compare_resources(entry.resource, stored)
        if comparison.equal:
            return self._done(entry, stored, comparison, count)
        version = resources.version_id(stored)
        if entry.if_match and version == entry.if_match:
            return None
        if not entry.if_match and not comparison.equal:
            before = entry.details.get("before")
            if before is not None and compare_resources(before, stored).equal:
                return None
        return Sent(SendEnd.CONFLICT, entry, stored=stored, comparison=comparison, looks=count)

    def _find(self, entry: OutboxEntry) -> list[dict[str, Any]]:
        kind, identifier = entry.resource["resourceType"], _identifier(entry)
        return find_by_identifier(self._client, kind, identifier, entry.patient, self._ability.identifier_search)

    def _prove(self, entry: OutboxEntry, *, matched: bool) -> Sent:
        """Read back what the server says it stored; without an address, by the plan's own identifier."""
        if not entry.reference:
            return replace(self._unanswered(self.look(entry, LOOKS_AFTER_S)), answered=True)
        kind, _, identity = entry.reference.partition("/")
        failed: FhirError | None = None
        for delay in READS_AFTER_S:
            if delay:
                self._services.wait(delay)
            try:
                stored = self._client.read(kind, identity)
            except (TemporaryFhirError, GoneError) as error:
                failed = error
                continue
            except FhirError as error:
                failed = error
                break
            return replace(self._compared(entry, stored, matched), answered=True)
        return Sent(SendEnd.UNKNOWN, entry, error=failed, looks=len(READS_AFTER_S), answered=True)

    def _unanswered(self, sent: Sent) -> Sent:
        # It said yes and nothing is found: not proven, and not proven absent either.
        return replace(sent, end=SendEnd.UNKNOWN) if sent.end is SendEnd.ABSENT else sent

    def _compared(self, entry: OutboxEntry, stored: dict[str, Any], matched: bool) -> Sent:
        comparison = compare_resources(entry.resource, stored)
        foreign = not is_about(stored, entry.patient)
        if matched and not comparison.equal and not foreign and not _only_server_changes(entry, stored, comparison):
            # The identifier was there before us: another hand made this one.
            return Sent(SendEnd.CONFLICT, entry, stored=stored, comparison=comparison)
        return self._done(entry, stored, comparison, 0)

    def _done(self, entry: OutboxEntry, stored: dict[str, Any], comparison: Comparison, looks: int) -> Sent:
        return Sent(
            SendEnd.WRITTEN,
            replace(
                entry,
                reference=resources.own_reference(stored),
                version_id=resources.version_id(stored) or entry.version_id,
            ),
            stored=stored,
            comparison=comparison,
            looks=looks,
            read_back_at=self._services.now(),
        )


def _only_server_changes(entry: OutboxEntry, stored: dict[str, Any], comparison: Comparison) -> bool:
    """
    Whether a resource found by identifier is the one that we sent and the server altered, not another hand's.

    Our `created` (a document's `date`) is of this very save; a colleague's plan has another.
    """
    if not comparison.same_plan:
        return False
    mark = "date" if entry.resource["resourceType"] == "DocumentReference" else "created"
    sent, kept = str(entry.resource.get(mark, ""))[:19], str(stored.get(mark, ""))[:19]
    return bool(sent) and sent == kept and bool(entry.sent_times)


def _is_update(entry: OutboxEntry) -> bool:
    return "id" in entry.resource


def _asks_for_version(entry: OutboxEntry, error: FhirError) -> bool:
    """Whether a server refused an update for want of If-Match: 428, or Oracle's 412 and others' 400 that name it."""
    if not _is_update(entry) or _VERSION_ASKED in entry.details:
        return False
    named = error.status in (400, 412) and "if-match" in words_of(issues_of(error.outcome)).lower()
    return error.status == 428 or (named and not (entry.if_match and error.status == 412))


def _identifier(entry: OutboxEntry) -> str:
    return entry.plan_identifier
