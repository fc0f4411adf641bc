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

FREQUENT_MONTHS = 3
DATED = (DueStatus.OVERDUE, DueStatus.DUE, DueStatus.UP_TO_DATE)


@dataclass(frozen=True, slots=True)
class Occurrence:
    """
    One visit or test at one date.

    `row` is stable over re-drafts (`<rule>`, `<rule>--left`), `number` counts its occurrences from 0. `title` is set
    only for an item that the clinician wrote. `due` is the guideline's or the clinician's date, `on` where it stands
    on the calendar: a late one stands in the month of today. `every`: months until the next ones, where a test goes on
    as long as a medicine does and its end is not known; these are not listed one by one.
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
    every: int | None = None


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
    past = row.due.latest < today if row.due.day is not None else row.due.latest < month.earliest
    late = past and not _stays_open(recommendation)
    first = month if past else row.due
    if recommendation is None:
        further = _repeated(first, row.interval_months, end)
    else:
        further = _moved(recommendation, first, month)
    every = _open_end(row.topic, (first, *further), end)
    for number, day in enumerate((first,) if every else (first, *further)):
        if day.earliest < end.earliest:
            title = None if row.rule else row.title
            is_late = late and number == 0
            due = row.due if is_late else day
            yield Occurrence(row.id, number, row.topic, row.side, row.owner, due, day, is_late, title, every)


def _stays_open(recommendation: Recommendation | None) -> bool:
    """A talk whose time has come and is not over is never late: the year-5 review, the heart after radiation."""
    review = recommendation is not None and recommendation.kind is RecommendationKind.REVIEW
    return review and recommendation is not None and recommendation.status is DueStatus.DUE


def _repeated(first: PartialDate, interval: tuple[int, int] | None, end: PartialDate) -> tuple[PartialDate, ...]:
    """Further dates of an item of the clinician's own that has an interval."""
    dates = [first]
    while interval and first.month is not None and dates[-1].earliest < end.earliest:
        dates.append(dates[-1].add_months(interval[1]))
    return tuple(dates[1:])


def _moved(recommendation: Recommendation, first: PartialDate, month: PartialDate) -> tuple[PartialDate, ...]:
    """
    The rule's own further dates, which know its phases and its end, moved by as much as the clinician moved the first.

    A late rule counts its further dates from this month.
    """
    late = recommendation.due is None or recommendation.due.latest < month.earliest
    base = month if late else recommendation.due
    if base is None or base.month is None or first.month is None:
        return ()
    shift = 12 * (first.year - base.year) + first.month - base.month
    days = (day.add_months(shift) if shift else day for day in recommendation.horizon)
    return tuple(day for day in days if first.latest < day.earliest)


def _open_end(topic: str, dates: tuple[PartialDate, ...], end: PartialDate) -> int | None:
    """The spacing of a frequent test without an end in sight: it lasts as long as the medicine. Visits are listed."""
    if topic == "clinic-visit" or len(dates) < 3 or dates[-1].earliest < end.earliest or dates[1].month is None:
        return None
    step = 12 * (dates[2].year - dates[1].year) + (dates[2].month or 0) - dates[1].month
    return step if 1 <= step <= FREQUENT_MONTHS else None
