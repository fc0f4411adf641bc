"""
What is missing before a plan can be saved, and what has changed since it was signed. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from smart_app.clinical.facts import FactState, PatientRecord
from smart_app.clinical.plan import CarePlanDraft, Decision, PlanRow
from smart_app.clinical.plan_drafting import conflicts_of, rests_on
from smart_app.clinical.plan_facts import UsedFact, changes_since, facts_used
from smart_app.clinical.recommendations import DueStatus, Recommendation, RecommendationKind
from smart_app.workflow.planning_types import ChangedFact, ConflictToSettle, NeededDecision

OTHER_REASON = "Other, see note"
ENTERED = "entered"
NO_DATE = "accepted without a date; the plan and the patient’s calendar will have none"
_DERIVED = {"er": ("hr",), "pr": ("hr",)}


def conflicts_to_settle(
    draft: CarePlanDraft, record: PatientRecord, recommendations: Mapping[str, Recommendation]
) -> tuple[ConflictToSettle, ...]:
    """Every conflict, with what rests on it and what the clinician chose."""
    found = []
    for conflict in conflicts_of(record):
        name = conflict.fact.name
        sources = {source.reference for value in conflict.fact.others for source in value.sources}
        resting = [row for row in draft.rows if _rests(recommendations.get(row.id), name, sources)]
        blocks = any(
            row.decision is Decision.ACCEPT or recommendations[row.id].kind is RecommendationKind.SAFETY_ALERT
            for row in resting
        )
        entry = next((e for e in draft.entries if e.name == name and (e.cancer or 0) == (conflict.cancer or 0)), None)
        reason = draft.overridden.get(conflict.key)
        choice = entry.chosen_source or ENTERED if entry else "open" if reason else None
        found.append(
            ConflictToSettle(
                key=conflict.key,
                fact=name,
                cancer=conflict.cancer,
                values=conflict.fact.others,
                blocks=blocks,
                rests_on_it=tuple(row.title for row in resting),
                choice=choice,
                reason=reason or (entry.reason if entry else ""),
            )
        )
    return tuple(found)


def _rests(recommendation: Recommendation | None, name: str, sources: set[str]) -> bool:
    if recommendation is None:
        return False
    if any(rests_on(recommendation, known) for known in (name, *_DERIVED.get(name, ()))):
        return True
    return any(source.reference in sources for because in recommendation.because for source in because.sources)


def needed_decisions(
    draft: CarePlanDraft,
    record: PatientRecord,
    conflicts: Iterable[ConflictToSettle],
    recommendations: Mapping[str, Recommendation],
) -> tuple[NeededDecision, ...]:
    """
    What is missing: decisions that stop saving first, then what is only said.

    A row on which nothing was decided does not stop saving: the plan says that it is open. Nor does an accepted one
    without the date that it would have: a clinician may mean just that, and is told what it leads to.
    """
    needed = []
    for conflict in conflicts:
        if conflict.choice is None:
            needed.append(
                NeededDecision(
                    f"conflict.{conflict.key}.choice",
                    conflict.fact,
                    "choose which result stands, or leave it open with a reason",
                    blocks=conflict.blocks,
                )
            )
        elif not conflict.reason.strip():
            needed.append(
                NeededDecision(
                    f"conflict.{conflict.key}.reason",
                    conflict.fact,
                    "give the reason for the choice: it is kept with the plan",
                    blocks=conflict.blocks,
                )
            )
    for row in draft.rows:
        if row.decision is Decision.DECLINE and not row.reason.strip():
            needed.append(
                NeededDecision(f"row.{row.id}.reason", row.title, "give the reason for declining it", row=row.id)
            )
        if row.decision is Decision.DECLINE and row.reason == OTHER_REASON and not row.note.strip():
            needed.append(
                NeededDecision(f"row.{row.id}.note", row.title, "write the reason for declining it as its note", row.id)
            )
    accepted = any(row.decision is Decision.ACCEPT for row in draft.rows)
    if not accepted and not draft.note.strip():
        needed.append(NeededDecision("own.what", "The plan", "accept at least one item, or write a note"))
    needed += [
        NeededDecision(f"row.{row.id}.decision", row.title, "not decided; the plan will say so", row.id, blocks=False)
        for row in draft.rows
        if row.decision is Decision.UNDECIDED
    ]
    needed += [
        NeededDecision(f"row.{row.id}.when", row.title, NO_DATE, row.id, blocks=False)
        for row in draft.rows
        if _lacks_its_date(row, recommendations.get(row.id))
    ]
    needed += _gaps(record)
    return tuple(sorted(needed, key=lambda entry: not entry.blocks))


def _lacks_its_date(row: PlanRow, item: Recommendation | None) -> bool:
    if item is None or row.decision is not Decision.ACCEPT or row.due is not None or row.not_advised:
        return False
    return item.due is not None or (item.status is DueStatus.CANNOT_TELL and item.interval_months is not None)


def _gaps(record: PatientRecord) -> list[NeededDecision]:
    words = {
        FactState.NOT_FOUND: "not found in the record; the plan goes without it",
        FactState.NOT_READ: "not read; the plan goes without it",
    }
    gaps: dict[str, NeededDecision] = {}
    for facts in (*(cancer.facts for cancer in record.cancers), record.facts):
        for name, fact in facts.items():
            if name in ("er", "pr", "her2", "stage_group", "menopausal_status") and fact.state in words:
                gaps.setdefault(name, NeededDecision(f"entry.{name}.value", name, words[fact.state], blocks=False))
    return list(gaps.values())


def changed_since_signed(
    signed: Iterable[UsedFact],
    draft: CarePlanDraft,
    record: PatientRecord,
    recommendations: Mapping[str, Recommendation],
) -> tuple[ChangedFact, ...]:
    """The facts that the plan in the record was signed on and that are others today, with the rows they bear on."""
    before = tuple(signed)
    if not before:
        return ()
    return tuple(
        ChangedFact(change.fact, change.reference, change.was, change.now, effect_of(change.fact, recommendations))
        for change in changes_since(before, facts_used(record, recommendations, draft), record)
    )


def effect_of(fact: str, recommendations: Mapping[str, Recommendation]) -> tuple[str, ...]:
    """Titles of the recommendations that rest on a fact or wait for it."""
    return tuple(
        dict.fromkeys(entry.title for entry in recommendations.values() if rests_on(entry, fact.partition(".")[0]))
    )
