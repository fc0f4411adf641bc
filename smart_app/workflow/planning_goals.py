"""
The goals of a plan as resources of their own: written before the plan that names them, each at most once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from smart_app.errors import FhirError, InvalidPlanError
from smart_app.fhir import resources
from smart_app.fhir.capability import WriteLadder
from smart_app.fhir.careplan import goal
from smart_app.fhir.validation import check_resource
from smart_app.storage.outbox import PREPARED, OutboxEntry
from smart_app.workflow.planning_build import Approved
from smart_app.workflow.planning_desk import Desk
from smart_app.workflow.planning_ports import PlanClient
from smart_app.workflow.planning_record import Snapshot, find_by_identifier, readable
from smart_app.workflow.planning_send import SendEnd, Writer
from smart_app.workflow.planning_settle import settle_state, state_of
from smart_app.workflow.planning_types import StepState, WrittenResource

NOT_OFFERED = "Goals cannot be written in this EHR; they stand in the plan's text."


@dataclass(frozen=True, slots=True)
class WrittenGoals:
    """References for the plan, what was written, and what the receipt says of the rest."""

    references: tuple[str, ...] = ()
    written: tuple[WrittenResource, ...] = ()
    notes: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


def write_goals(
    desk: Desk,
    client: PlanClient,
    approved: Approved,
    ladder: WriteLadder,
    current: Snapshot | None,
    form_key: str,
    renew: Callable[[], None],
) -> WrittenGoals:
    """
    Find or write a Goal for each of the patient's own words. A goal that cannot be written never stops the plan.

    `dropped` are goals of the plan in the record that the clinician took out; one that another hand made is left out of
    the plan, and stands in the record as it is.
    """
    active = dict(current.active_goals()) if current else {}
    kept = {words: active[words] for words in approved.draft.goals if words in active}
    dropped = tuple(ref for words, ref in active.items() if words not in kept and current and current.is_own_goal(ref))
    new = [words for words in approved.draft.goals if words not in kept]
    if new and not ladder.goal.can_create:
        return WrittenGoals(tuple(kept.values()), notes=(NOT_OFFERED,), dropped=dropped)
    references, written, notes = dict(kept), [], []
    for number, words in enumerate(new):
        resource = goal(words, approved.draft.identifier, approved.authorship, desk.review.record.as_of)
        try:
            check_resource(resource, desk.context.patient_id)
            reference, result = _write(desk, client, ladder, resource, f"{form_key}#goal-{number}", renew)
        except (FhirError, InvalidPlanError):
            reference, result = "", None
        if result is not None:
            written.append(result)
        if reference:
            references[words] = reference
        else:
            notes.append("A goal could not be written as its own resource; it stands in the plan's text.")
    ordered = tuple(references[words] for words in approved.draft.goals if words in references)
    return WrittenGoals(ordered, tuple(written), tuple(dict.fromkeys(notes)), dropped)


def _write(
    desk: Desk,
    client: PlanClient,
    ladder: WriteLadder,
    resource: dict[str, Any],
    key: str,
    renew: Callable[[], None],
) -> tuple[str, WrittenResource | None]:
    identifier = resource["identifier"][0]["value"]
    patient = desk.context.patient_id
    earlier = _written_before(desk, client, identifier)
    if earlier:
        return earlier, None
    if ladder.goal.search:
        found = find_by_identifier(client, "Goal", identifier, patient, ladder.goal.identifier_search)
        if found:
            return resources.own_reference(found[0]), None
    entry = OutboxEntry(
        form_key=key,
        issuer=desk.context.issuer,
        patient=patient,
        user=desk.context.fhir_user or "",
        handle=desk.context.handle,
        plan_identifier=identifier,
        content="goal",
        state=PREPARED,
        resource=resource,
        prepared_at=desk.services.now(),
    )
    if not desk.services.outbox.prepare(entry):
        return "", None
    sent = Writer(desk.services, client, ladder.goal, renew).send(entry)
    settle_state(desk.services.outbox, sent)
    if sent.end is SendEnd.WRITTEN:
        result = WrittenResource(sent.reference, sent.version_id or None, StepState.CONFIRMED)
        return sent.reference, result
    words = "The goal is in the plan's text."
    return "", WrittenResource("Goal", None, StepState(state_of(sent.end)), words)


def _written_before(desk: Desk, client: PlanClient, identifier: str) -> str:
    """A goal that the outbox knows to be in the record, also where a search does not find it yet."""
    entries = desk.services.outbox.of_patient(desk.context.issuer, desk.context.patient_id)
    for entry in reversed(entries):
        if entry.plan_identifier != identifier or entry.reference is None:
            continue
        stored = readable(lambda reference=entry.reference: client.read("Goal", reference.partition("/")[2]))  # type: ignore[misc] # bound default
        if stored is not None and stored.get("lifecycleStatus") == "active":
            return entry.reference
    return ""
