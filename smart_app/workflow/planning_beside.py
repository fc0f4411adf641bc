"""
Doing what is owed beside a saved plan, step by step: at once after the save, or at the next launch after a kill.

A step is committed as begun before it may leave, and one that may have left is looked for before it is sent again.
None of them can undo the plan: what did not work is said on the receipt.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import msgspec

from smart_app.errors import (
    FhirError,
    InvalidPlanError,
    NotSignedInError,
    TemporaryFhirError,
    UnknownOutcomeError,
)
from smart_app.fhir import resources
from smart_app.fhir.careplan_reading import ENDED
from smart_app.fhir.provenance import is_same_event
from smart_app.fhir.validation import check_resource
from smart_app.storage.outbox import Outbox, OutboxEntry
from smart_app.workflow import planning_receipts as receipts
from smart_app.workflow.planning_owed import STANDING, Step, StepKind, steps_of, with_owed
from smart_app.workflow.planning_ports import PlanClient, PlanServices
from smart_app.workflow.planning_record import NO_CACHE
from smart_app.workflow.planning_types import Receipt, StepState, WrittenResource, versioned

MOST_TRIES = 10
# Some servers find a new resource only seconds later: what is not found so soon is not known to be absent.
FOUND_BY = timedelta(seconds=60)
STILL_OWED = "Still to be done when Aftercare opens this patient next: "
CANCELLED = "Goals taken out of the plan were marked as cancelled."
_PASSING = (TemporaryFhirError, NotSignedInError)
_NAMES = {
    StepKind.PROVENANCE: "the Provenance of this save",
    StepKind.CANCEL_GOAL: "to cancel {}",
    StepKind.COMPLETE_PLAN: "to complete {}",
}


@dataclass(frozen=True, slots=True)
class _Done:
    """
    How a step went. `target`: what it ended, with its version, for the Provenance after it. `later`: to be tried again;
    `unsent`: surely nothing left.
    """

    written: WrittenResource | None = None
    words: str = ""
    target: str = ""
    later: bool = False
    unsent: bool = False


def pay(services: PlanServices, client: PlanClient, entry: OutboxEntry, receipt: Receipt) -> Receipt:
    """
    Do what a confirmed entry owes, and commit it with the receipt. Call it alone (`Outbox.alone`).

    Returns:
        The receipt, naming each part with its state and what is still owed.
    """
    if not steps_of(entry):
        return receipt
    return _Payment(services, client, entry, receipt).run()


class _Payment:
    def __init__(self, services: PlanServices, client: PlanClient, entry: OutboxEntry, receipt: Receipt) -> None:
        self._outbox: Outbox = services.outbox
        self._services, self._client, self._entry = services, client, entry
        self._left: list[Step] = []
        self._todo = list(steps_of(entry))
        # What an earlier try left open is said anew.
        notes = tuple(note for note in receipt.notes if not note.startswith(STILL_OWED))
        written = tuple(each for each in receipt.written_with if not _is_open(each))
        self._receipt = replace(receipt, notes=notes, written_with=written)

    def run(self) -> Receipt:
        """All steps in their order; the Provenance of what was ended waits until all of it is."""
        while self._todo:
            step = self._todo.pop(0)
            if not step.of_plan and not step.ends and any(each.ends for each in self._left):
                self._left.append(step)
                continue
            if not step.ends and not self._targets(step):
                continue
            begun = replace(step, sent_at=step.sent_at or self._services.now(), tries=step.tries + 1)
            self._commit(begun)
            done = self._do(step)
            if done.target:
                self._todo = [each.with_target(done.target) for each in self._todo]
            if done.later and begun.tries < MOST_TRIES:
                self._left.append(replace(begun, sent_at=step.sent_at) if done.unsent else begun)
            self._note(done)
        if self._left:
            owed = "; ".join(_NAMES[each.kind].format(each.reference) for each in self._left)
            self._note(_Done(words=f"{STILL_OWED}{owed}."))
        self._commit()
        return self._receipt

    def _commit(self, begun: Step | None = None) -> None:
        steps = [*self._left, *([begun] if begun is not None else []), *self._todo]
        entry = with_owed(self._entry, steps)
        self._entry = self._outbox.update(replace(entry, receipt=receipts.encode(self._receipt)))

    def _note(self, done: _Done) -> None:
        notes = self._receipt.notes
        if done.words and done.words not in notes:
            self._receipt = replace(self._receipt, notes=(*notes, done.words))
        if done.written is not None:
            self._receipt = replace(self._receipt, written_with=(*self._receipt.written_with, done.written))

    def _targets(self, step: Step) -> list[str]:
        named = [target["reference"] for target in (step.resource or {}).get("target", ())]
        plan = versioned(self._entry.reference or "", self._entry.version_id)
        return [plan, *named] if step.of_plan else named

    def _do(self, step: Step) -> _Done:
        if step.kind is StepKind.CANCEL_GOAL:
            return _end(self._client, step, "lifecycleStatus", "cancelled")
        if step.kind is StepKind.COMPLETE_PLAN:
            return _end(self._client, step, "status", "completed")
        targets = self._targets(step)
        resource = {**(step.resource or {}), "target": [{"reference": target} for target in targets]}
        first = targets[0].partition("/_history/")[0]
        if step.sent_at is not None:
            done = _look(self._client, resource, first, self._services.now() - step.sent_at)
            if done is not None:
                return done
        return _write_provenance(self._client, resource, first, self._entry.patient)


def _is_open(written: WrittenResource) -> bool:
    return written.reference == "Provenance" and written.state is StepState.UNKNOWN


def _end(client: PlanClient, step: Step, element: str, status: str) -> _Done:
    """End a goal or the plan that was replaced, and read it back; one that another hand has changed is left alone."""
    kind, _, identity = step.reference.partition("/")
    try:
        stored = client.read(kind, identity)
        if stored.get(element) == status and step.sent_at is not None:
            return _ended(step, stored, status)  # by the try before, whose end was not kept
        if stored.get(element) in (status, *ENDED):
            return _Done()  # by another hand
        version = resources.version_id(stored)
        if step.version and version and version != step.version:
            return _standing(step)
        client.update({**stored, element: status}, version)
        stored = client.read(kind, identity)
    except _PASSING as error:
        return replace(_standing(step), words="", later=True, unsent=isinstance(error, NotSignedInError))
    except FhirError:
        return _standing(step)
    return _ended(step, stored, status) if stored.get(element) == status else _standing(step)


def _ended(step: Step, stored: dict[str, Any], status: str) -> _Done:
    goal = step.kind is StepKind.CANCEL_GOAL
    words = CANCELLED if goal else f"{step.reference}, which this plan replaces, was marked as {status}."
    return _Done(words=words, target=versioned(step.reference, resources.version_id(stored)))


def _standing(step: Step) -> _Done:
    if step.kind is StepKind.CANCEL_GOAL:
        return _Done(words=f"{STANDING}{step.reference}.")
    return _Done(words=f"{step.reference}, which this plan replaces, could not be marked as completed.")


def _look(client: PlanClient, resource: dict[str, Any], target: str, since: timedelta) -> _Done | None:
    """What became of a Provenance that may have left; None where it surely is not in the record."""
    try:
        reference = _find(client, resource, target)
    except _PASSING:
        return _Done(_unknown(), later=True)
    except (FhirError, msgspec.DecodeError):
        return _Done(_unknown())
    if reference:
        return _Done(_read_back(client, reference))
    return _Done(_unknown(), later=True) if since < FOUND_BY else None


def _unknown() -> WrittenResource:
    return WrittenResource("Provenance", None, StepState.UNKNOWN, "not known whether it was written")


def _write_provenance(client: PlanClient, resource: dict[str, Any], target: str, patient_id: str) -> _Done:
    """Write it; where no answer came it is looked for at once, and else later."""
    try:
        check_resource(resource, patient_id)
        reference = client.create(resource, {}).reference
    except InvalidPlanError:
        return _Done(WrittenResource("Provenance", None, StepState.REFUSED, "our own check refused it"))
    except UnknownOutcomeError:
        reference = ""
    except _PASSING as error:
        unsent = isinstance(error, NotSignedInError) or error.status in (None, 429, 503)
        return _Done(None if unsent else _unknown(), later=True, unsent=unsent)
    except FhirError:
        return _Done(WrittenResource("Provenance", None, StepState.REFUSED, "the EHR did not take it"))
    if not reference:
        return _look(client, resource, target, timedelta(0)) or _Done(_unknown(), later=True)
    return _Done(_read_back(client, reference))


def _read_back(client: PlanClient, reference: str) -> WrittenResource:
    kind, _, identity = reference.partition("/")
    try:
        stored = client.read(kind, identity)
    except FhirError:
        return WrittenResource(reference, None, StepState.UNKNOWN, "it could not be read back")
    return WrittenResource(reference, resources.version_id(stored), StepState.CONFIRMED)


def _find(client: PlanClient, resource: dict[str, Any], target: str) -> str:
    """A Provenance of this very event in the record; empty where there is none."""
    for page in client.search("Provenance", {"target": target}, headers=NO_CACHE):
        for entry in resources.objects(msgspec.json.decode(page).get("entry")):
            stored = entry.get("resource")
            if isinstance(stored, dict) and is_same_event(stored, resource):
                return resources.own_reference(stored)
    return ""
