"""
The dated visits and tests of the next months: what the handout's calendar, the handover page and calendar.ics show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.plan import CarePlanDraft, Decision, PlanRow
from smart_app.clinical.recommendations import DueStatus, Recommendation, RecommendationKind

DATED = (DueStatus.OVERDUE, DueStatus.DUE, DueStatus.UP_TO_DATE)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """
    One visit or test at one date.

    `row` is stable over re-drafts (`<rule>`, `<rule>--left`), `number` counts its occurrences from 0. `title` is set
    only for an item that the clinician wrote. `due` is the guideline's or the clinician's date, `on` where it stands
    on the calendar: a late one stands in the month of today.
    """

    row: str
    number: int
    topic: str
    side: str | None
    owner: str
    due: PartialDate
    on: PartialDate
    late: bool = False
    title: str | None = None


def row_id(recommendation: Recommendation) -> str:
    """The id that the plan gives to this recommendation's row."""
    side = recommendation.side
    return f"{recommendation.rule}--{side}" if side in ("left", "right") else recommendation.rule


def dated_occurrences(
    recommendations: Iterable[Recommendation], draft: CarePlanDraft | None, today: date, months: int = 24
) -> tuple[Occurrence, ...]:
    """
    All visits and tests from this month on, in order of date.

    With a draft only what the clinician accepted, at the clinician's dates; without one what the rules propose.
    """
    by_row = {row_id(recommendation): recommendation for recommendation in recommendations}
    end = PartialDate.from_date(today).to_month().add_months(months)
    found: list[Occurrence] = []
    if draft is None:
        for row, recommendation in by_row.items():
            if recommendation.fired and recommendation.due is not None and _dated(recommendation):
                found += _series(_as_row(row, recommendation), recommendation, today, end)
    else:
        for plan_row in draft.rows:
            if plan_row.decision is Decision.ACCEPT and plan_row.due is not None and not plan_row.not_advised:
                found += _series(plan_row, by_row.get(plan_row.id), today, end)
    return tuple(sorted(found, key=lambda entry: (entry.on.earliest, entry.row, entry.number)))


def _dated(recommendation: Recommendation) -> bool:
    return recommendation.kind is not RecommendationKind.NOT_ADVISED and recommendation.status in DATED


def _as_row(row: str, recommendation: Recommendation) -> PlanRow:
    return PlanRow(
        id=row,
        title=recommendation.title,
        topic=recommendation.topic,
        decision=Decision.ACCEPT,
        owner=recommendation.owner,
        rule=recommendation.rule,
        side=recommendation.side,
        due=recommendation.due,
        proposed_due=recommendation.due,
        interval_months=recommendation.interval_months,
    )


def _series(row: PlanRow, recommendation: Recommendation | None, today: date, end: PartialDate) -> Iterable[Occurrence]:
    if row.due is None:
        return
    month = PartialDate(today.year, today.month)
    late = row.due.latest < today if row.due.day is not None else row.due.latest < month.earliest
    first = month if late else row.due
    dates = [first]
    if recommendation is not None and not late and row.due == recommendation.due and recommendation.horizon:
        dates += [day for day in recommendation.horizon if first.latest < day.earliest]
    else:
        step = _step(row, recommendation)
        while step and first.month is not None and dates[-1].earliest < end.earliest:
            dates.append(dates[-1].add_months(step))
    for number, day in enumerate(dates):
        if day.earliest < end.earliest:
            title = None if row.rule else row.title
            is_late = late and number == 0
            yield Occurrence(
                row.id, number, row.topic, row.side, row.owner, row.due if is_late else day, day, is_late, title
            )


def _step(row: PlanRow, recommendation: Recommendation | None) -> int:
    """Months between occurrences; 0 for a single one. A rule that repeats has a horizon, an own item an interval."""
    if recommendation is None:
        return row.interval_months[1] if row.interval_months else 0
    if not recommendation.horizon:
        return 0
    if recommendation.chosen_months and row.interval_months == recommendation.interval_months:
        return recommendation.chosen_months
    return row.interval_months[1] if row.interval_months else 0
