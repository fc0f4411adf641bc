"""
From recommendations to a draft plan, and a kept draft brought up to date with fresh recommendations. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from smart_app.clinical.facts import Fact, FactState, PatientRecord
from smart_app.clinical.plan import CarePlanDraft, Decision, PlanRow, RowOrder
from smart_app.clinical.recommendations import (
    DueStatus,
    Recommendation,
    RecommendationKind,
    in_clinical_order,
)

_UNDECIDED = (DueStatus.CANNOT_TELL,)


def row_id(recommendation: Recommendation) -> str:
    """The stable id of a recommendation's row: `<rule>`, or `<rule>--left` for one side."""
    side = recommendation.side
    return f"{recommendation.rule}--{side}" if side in ("left", "right") else recommendation.rule


def by_row(recommendations: Iterable[Recommendation]) -> dict[str, Recommendation]:
    """Recommendations that fired, by the id of their row, in the order in which a clinician reads them."""
    return {row_id(entry): entry for entry in in_clinical_order(entry for entry in recommendations if entry.fired)}


def draft_plan(
    record: PatientRecord,
    recommendations: Iterable[Recommendation],
    *,
    identifier: str,
) -> CarePlanDraft:
    """
    A new draft: one row a recommendation, what is urgent first.

    What is due or up to date is proposed as accepted; where the engine cannot tell, neither decision nor
    date is preset.

    Args:
        record: only its age counts here; it must be in scope.
        identifier: `urn:uuid:` of the plan.
    """
    if not record.scope.applies:
        return CarePlanDraft(identifier, 0, ())
    rows = tuple(_row(key, entry) for key, entry in by_row(recommendations).items())
    return CarePlanDraft(identifier, 0, rows)


def _row(key: str, entry: Recommendation) -> PlanRow:
    return PlanRow(
        id=key,
        title=entry.title,
        topic=entry.topic,
        decision=Decision.UNDECIDED if entry.status in _UNDECIDED else Decision.ACCEPT,
        owner=entry.owner,
        rule=entry.rule,
        side=entry.side,
        due=entry.proposed_due,
        proposed_due=entry.proposed_due,
        interval_months=entry.interval_months,
        not_advised=entry.kind is RecommendationKind.NOT_ADVISED,
    )


@dataclass(frozen=True, slots=True)
class Merged:
    """
    A kept draft beside fresh recommendations: decisions are kept, what changed is named.

    `new_rows` are ids that were not in the draft, `moved_rows` ids whose proposed date changed, `gone_rows` rows whose
    rule no longer fires (taken out of the plan, shown to the clinician).
    """

    draft: CarePlanDraft
    new_rows: tuple[str, ...] = ()
    moved_rows: tuple[str, ...] = ()
    gone_rows: tuple[PlanRow, ...] = ()


def merge_draft(
    draft: CarePlanDraft,
    record: PatientRecord,
    recommendations: Iterable[Recommendation],
) -> Merged:
    """
    Bring a draft up to date: the clinician's decisions, dates, owners and notes stand; proposals are the engine's.

    A date that the clinician did not touch follows the engine; one that the clinician set or took out stays so, unless
    it has passed while the engine names another.
    """
    fresh = by_row(recommendations)
    rows: list[PlanRow] = []
    moved: list[str] = []
    gone: list[PlanRow] = []
    for row in draft.rows:
        entry = fresh.get(row.id)
        if entry is not None:
            rows.append(_refresh(row, entry, record.as_of))
            if row.proposed_due != entry.proposed_due:
                moved.append(row.id)
        elif row.rule is None:
            rows.append(row)
        else:
            gone.append(row)
    known = {row.id for row in draft.rows}
    new = [key for key in fresh if key not in known]
    rows = _place(rows, [_row(key, fresh[key]) for key in new], list(fresh))
    rows = _in_order(rows, fresh, draft.row_order)
    return Merged(replace(draft, rows=tuple(rows)), tuple(new), tuple(moved), tuple(gone))


def _refresh(row: PlanRow, entry: Recommendation, as_of: date) -> PlanRow:
    due, proposed = row.due, entry.proposed_due
    passed = row.due is not None and row.due.latest < as_of
    if row.due == row.proposed_due or (passed and proposed is not None):
        due = proposed
    return replace(
        row,
        title=entry.title,
        topic=entry.topic,
        rule=entry.rule,
        side=entry.side,
        due=due,
        proposed_due=proposed,
        interval_months=entry.interval_months,
        not_advised=entry.kind is RecommendationKind.NOT_ADVISED,
        owner=row.owner or entry.owner,
    )


def _in_order(rows: list[PlanRow], fresh: dict[str, Recommendation], order: RowOrder) -> list[PlanRow]:
    """What is urgent today first, unless the clinician moved a row; items of their own keep their place behind."""
    if order is RowOrder.OWN:
        return rows
    places = {key: place for place, key in enumerate(fresh) if order is RowOrder.RULES or _is_urgent(fresh[key])}
    return sorted(rows, key=lambda row: places.get(row.id, len(fresh)))


def _is_urgent(entry: Recommendation) -> bool:
    return entry.kind is RecommendationKind.SAFETY_ALERT or entry.status is DueStatus.OVERDUE


def _place(rows: list[PlanRow], new: list[PlanRow], order: list[str]) -> list[PlanRow]:
    """New rows go behind the row that the engine puts before them; the clinician's own order stays."""
    placed = list(rows)
    for row in new:
        before = order[: order.index(row.id)]
        at = max((index + 1 for index, other in enumerate(placed) if other.id in before), default=0)
        placed.insert(at, row)
    return placed


@dataclass(frozen=True, slots=True)
class Conflict:
    """
    Results that disagree about one fact. `cancer` is the tumor's index, None for a fact of the patient.

    `fact` is as the record has it, with all values in `others`, also after the clinician chose.
    """

    key: str
    cancer: int | None
    fact: Fact
    settled: bool


def conflicts_of(record: PatientRecord) -> tuple[Conflict, ...]:
    """
    Every conflict of the record, settled ones included, tumor by tumor.

    A patient-level fact that only repeats its tumors' values is no conflict (contract section 3).
    """
    found = []
    of_tumors: set[str] = set()
    for index, cancer in enumerate(record.cancers):
        of_tumors.update(cancer.facts)
        found += [
            Conflict(fact_key(name, index), index, own, fact.state is FactState.ENTERED)
            for name, fact in cancer.facts.items()
            if (own := _disagreeing(fact)) is not None
        ]
    found += [
        Conflict(name, None, own, fact.state is FactState.ENTERED)
        for name, fact in record.facts.items()
        if name not in of_tumors and (own := _disagreeing(fact)) is not None
    ]
    return tuple(found)


def _disagreeing(fact: Fact) -> Fact | None:
    if fact.state is FactState.CONFLICTING:
        return fact
    if fact.state is FactState.ENTERED and fact.record is not None and fact.record.state is FactState.CONFLICTING:
        return fact.record
    return None


def fact_key(name: str, cancer: int | None) -> str:
    """`her2` for the first tumor or the patient, `her2.1` for the second."""
    return f"{name}.{cancer}" if cancer else name


def rests_on(recommendation: Recommendation, fact: str) -> bool:
    """Whether a recommendation uses a fact, or waits for it."""
    names = {entry.fact.partition(".")[0] for entry in recommendation.because}
    names.update(name.partition(".")[0] for name in recommendation.missing)
    return fact in names
