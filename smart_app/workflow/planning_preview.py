"""
What will be written, before it is: as a person reads it, as JSON, and beside what is in the record.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from smart_app.clinical.plan import CarePlanDraft, Decision, PlanRow
from smart_app.fhir import resources as fhir_resources
from smart_app.fhir.capability import RungName
from smart_app.fhir.careplan import OPEN, goal
from smart_app.fhir.careplan_reading import read_care_plan
from smart_app.fhir.entered_facts import ENTERED
from smart_app.fhir.narrative import when_words
from smart_app.fhir.validation import find_problems
from smart_app.workflow.planning_build import approve
from smart_app.workflow.planning_desk import Desk, ladder_of
from smart_app.workflow.planning_needs import conflicts_to_settle, needed_decisions
from smart_app.workflow.planning_record import Snapshot, draft_of, existing_plan
from smart_app.workflow.planning_types import DiffRow, ExistingPlan, Preview


def preview(desk: Desk, draft: CarePlanDraft, base: Snapshot | None) -> Preview:
    """What a save would write now; asks the EHR nothing."""
    approved = approve(desk, draft, as_draft=False, at=desk.services.now())
    base = base if base is not None and not draft.replaces else None
    existing = base if base is not None and not base.document else None
    active = dict(existing.active_goals()) if existing else {}
    goals = [
        goal(words, draft.identifier, approved.authorship, desk.review.record.as_of)
        for words in draft.goals
        if words not in active
    ]
    built = approved.plan([active[words] for words in draft.goals if words in active], existing)
    plan = built.plan
    ladder = ladder_of(desk, draft)
    resources = [("CarePlan", plan), *(("Goal", resource) for resource in goals)]
    if ladder.chosen is RungName.CARE_PLAN and ladder.provenance.can_create:
        target = f"CarePlan/{plan['id']}" if "id" in plan else "CarePlan/new"
        record = approved.provenance([target], existing is None)
        if record is not None:
            resources.append(("Provenance", record))
    patient = desk.context.patient_id
    conflicts = conflicts_to_settle(draft, desk.review.record, desk.recommendations)
    before = draft_of(base, desk.plan_definition) if base else None
    return Preview(
        rows=(
            *diff_rows(before, draft),
            *_clinicians_lines(base.plan if base else {}, plan),
            *(DiffRow("changed", part.title, part.stands, part.new or None) for part in built.rewritten),
        ),
        resources=tuple((name, json.dumps(resource, indent=2, ensure_ascii=False)) for name, resource in resources),
        compared_with=_compared_with(desk, base),
        ladder=ladder,
        needed=needed_decisions(draft, desk.review.record, conflicts, desk.recommendations),
        problems=tuple(
            problem
            for _, resource in resources
            for problem in find_problems(resource, patient, existing.plan if existing else None)
        ),
        kept=built.kept,
    )


def _compared_with(desk: Desk, base: Snapshot | None) -> ExistingPlan | None:
    if base is None:
        return None
    found = existing_plan(read_care_plan(base.plan, desk.plan_definition))
    return replace(found, resource=base.document, is_document=True) if base.document else found


def diff_rows(before: CarePlanDraft | None, draft: CarePlanDraft) -> tuple[DiffRow, ...]:
    """Every item of the plan, the changed ones first in their own order, then those that go."""
    old = {row.id: row for row in before.rows} if before else {}
    rows = [_row(old.get(row.id), row) for row in draft.rows if _written(row) or row.id in old]
    now = {row.id for row in draft.rows}
    rows += [DiffRow("removed", row.title, _words(row), None) for row in old.values() if row.id not in now]
    rows += _texts("Goal", before.goals if before else (), draft.goals, "Goal, active")
    rows += _texts("Concern", before.concerns if before else (), draft.concerns, "Concern")
    old_note = before.note if before else ""
    if draft.note or old_note:
        change = "same" if draft.note == old_note else "added" if not old_note else "changed"
        rows.append(DiffRow(change, "Note for the team", old_note or None, draft.note or None))
    return tuple(rows)


def _written(row: PlanRow) -> bool:
    return row.decision is not Decision.UNDECIDED


def _row(before: PlanRow | None, row: PlanRow) -> DiffRow:
    new = _words(row) if _written(row) else None
    if before is None:
        return DiffRow("added", row.title, None, new)
    now = _words(before)
    if new is None:
        return DiffRow("removed", row.title, now, None)
    if now == new:
        return DiffRow("same", row.title, now, new)
    declined = row.decision is Decision.DECLINE and before.decision is not Decision.DECLINE
    return DiffRow("removed" if declined else "changed", row.title, now, new)


def _words(row: PlanRow) -> str:
    if row.decision is Decision.DECLINE:
        return f"Declined: {row.reason or 'no reason given'}"
    if row.not_advised:
        return "Not advised"
    parts = [when_words(replace(row, interval_months=None)), row.owner, row.note]
    return ", ".join(part for part in parts if part) or "accepted"


def _clinicians_lines(stored: dict[str, Any], plan: dict[str, Any]) -> list[DiffRow]:
    """
    Facts that a clinician entered or chose, and conflicts left open, as the plan says them.

    One that does not stand any more, or that the clinician dropped, goes: that is shown, never silent.
    """
    rows = []
    for mark, title in ((ENTERED, "Fact by the clinician"), (OPEN, "Conflict left open")):
        old, new = (
            [text.removeprefix(mark) for text in fhir_resources.notes(of) if text.startswith(mark)]
            for of in (stored, plan)
        )
        rows += [
            DiffRow("same" if text in old else "added", title, _first(text) if text in old else None, _first(text))
            for text in new
        ]
        rows += [DiffRow("removed", title, _first(text), None) for text in old if text not in new]
    return rows


def _first(text: str) -> str:
    """The line for people, of a note that has others for the program."""
    return text.partition("\n")[0]


def _texts(name: str, before: Iterable[str], now: Iterable[str], words: str) -> list[DiffRow]:
    old, new = list(before), list(now)
    rows = [
        DiffRow("same" if text in old else "added", f"{name}: {text}", words if text in old else None, words)
        for text in new
    ]
    return rows + [DiffRow("removed", f"{name}: {text}", words, None) for text in old if text not in new]
