"""
After the plan is in the record and read back: its Provenance, the plan that it replaces, goals taken out of it.

None of these can undo the plan: what did not work is said on the receipt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec

from smart_app.errors import FhirError, InvalidPlanError, UnknownOutcomeError
from smart_app.fhir import resources
from smart_app.fhir.capability import WriteLadder
from smart_app.fhir.provenance import is_same_event
from smart_app.fhir.validation import check_resource
from smart_app.workflow.planning_build import NO_ORGANIZATION, Approved
from smart_app.workflow.planning_desk import Desk
from smart_app.workflow.planning_goals import WrittenGoals, cancel_dropped
from smart_app.workflow.planning_ports import PlanClient
from smart_app.workflow.planning_record import NO_CACHE, Snapshot
from smart_app.workflow.planning_send import Sent
from smart_app.workflow.planning_types import Receipt, StepState, WrittenResource


def written_beside(
    desk: Desk,
    client: PlanClient,
    approved: Approved,
    ladder: WriteLadder,
    sent: Sent,
    receipt: Receipt,
    goals: WrittenGoals,
    current: Snapshot | None,
) -> Receipt:
    """
    Write what belongs beside the plan; the receipt names each part with its state.

    What this save ended (the replaced plan, goals taken out) has a Provenance of its own: it rests on no fact.
    """
    targets = [_versioned(sent.reference, sent.version_id)]
    targets += [_versioned(goal.reference, goal.version_id) for goal in goals.written if _confirmed(goal)]
    written, notes = provenance_of(approved, client, ladder, targets, created="id" not in sent.entry.resource)
    ended, words = cancel_dropped(goals, client, ladder.goal.can_update)
    if approved.draft.replaces and current is not None:
        target, said = _end_replaced(client, current, approved.draft.replaces, ladder)
        ended, words = [*ended, *target], [*words, said]
    if ended:
        more, _ = provenance_of(replace(approved, facts=()), client, ladder, ended, created=False)
        written += more
    return replace(receipt, notes=(*receipt.notes, *notes, *words), written_with=(*receipt.written_with, *written))


def provenance_of(
    approved: Approved, client: PlanClient, ladder: WriteLadder, targets: Sequence[str], *, created: bool
) -> tuple[list[WrittenResource], list[str]]:
    """Write the Provenance of what was written; else the receipt's words on why there is none."""
    if not ladder.provenance.can_create:
        return [], ["No Provenance was written: this EHR lets no app write one."]
    resource = approved.provenance(targets, created=created)
    if resource is None:
        return [], [NO_ORGANIZATION]
    target = targets[0].partition("/_history/")[0]
    return [write_provenance(client, resource, target, approved.desk.context.patient_id)], []


def write_provenance(client: PlanClient, resource: dict[str, Any], target: str, patient_id: str) -> WrittenResource:
    """Write a Provenance; one whose answer was lost is looked for by its target before it counts as unknown."""
    try:
        check_resource(resource, patient_id)
        answer = client.create(resource, {})
        reference = answer.reference
    except InvalidPlanError:
        return WrittenResource("Provenance", None, StepState.REFUSED, "our own check refused it")
    except UnknownOutcomeError:
        reference = ""
    except FhirError:
        return WrittenResource("Provenance", None, StepState.REFUSED, "the EHR did not take it")
    if not reference:
        reference = find_provenance(client, resource, target)
    if not reference:
        return WrittenResource("Provenance", None, StepState.UNKNOWN, "not known whether it was written")
    kind, _, identity = reference.partition("/")
    try:
        stored = client.read(kind, identity)
    except FhirError:
        return WrittenResource(reference, None, StepState.UNKNOWN, "it could not be read back")
    return WrittenResource(reference, resources.version_id(stored), StepState.CONFIRMED)


def find_provenance(client: PlanClient, resource: dict[str, Any], target: str) -> str:
    """A Provenance of this very event in the record; empty where none is found or it cannot be searched."""
    try:
        for page in client.search("Provenance", {"target": target}, headers=NO_CACHE):
            for entry in resources.objects(msgspec.json.decode(page).get("entry")):
                stored = entry.get("resource")
                if isinstance(stored, dict) and is_same_event(stored, resource):
                    return resources.own_reference(stored)
    except (FhirError, msgspec.DecodeError):
        return ""
    return ""


def _confirmed(goal: WrittenResource) -> bool:
    return goal.state is StepState.CONFIRMED


def _versioned(reference: str, version_id: str | None) -> str:
    return f"{reference}/_history/{version_id}" if version_id else reference


def _end_replaced(client: PlanClient, current: Snapshot, replaced: str, ladder: WriteLadder) -> tuple[list[str], str]:
    """
    The plan that was replaced is completed; where that is not possible the receipt says that it still stands.

    Returns:
        What was changed by it (a reference with its version), and words for the receipt.
    """
    if not ladder.care_plan.can_update:
        return [], f"{replaced} still stands in the record, because this EHR lets no app change a care plan."
    try:
        client.update({**current.plan, "status": "completed"}, current.version_id)
        stored = client.read("CarePlan", replaced.partition("/")[2])
    except FhirError:
        return [], f"{replaced}, which this plan replaces, could not be marked as completed."
    if stored.get("status") != "completed":
        return [], f"{replaced}, which this plan replaces, was not marked as completed by the EHR."
    target = _versioned(replaced, resources.version_id(stored))
    return [target], f"{replaced}, which this plan replaces, was marked as completed."
