"""
The schedule in groups: now, what waits for a fact (by the fact), later, at each visit, not advised.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from smart_app.clinical.recommendations import DueStatus, Recommendation, RecommendationKind, in_clinical_order
from smart_app.clinical.waiting import by_missing_fact
from smart_app.web.entry_targets import entry_target
from smart_app.web.presenters_page import Link
from smart_app.web.presenters_schedule import ScheduleRow, present_row
from smart_app.web.presenters_words import fact_mention, join_words


@dataclass(frozen=True, slots=True)
class SchedulePart:
    """Rows of a group under one heading of their own; none where the group needs none."""

    heading: str
    link: Link | None
    rows: tuple[ScheduleRow, ...]


@dataclass(frozen=True, slots=True)
class ScheduleGroup:
    """Rows that are acted on together."""

    id: str
    heading: str
    note: str
    rows: tuple[ScheduleRow, ...]
    parts: tuple[SchedulePart, ...]


def group_schedule(items: Sequence[Recommendation], as_of: date, base: str) -> tuple[ScheduleGroup, ...]:
    """The groups of the schedule; an empty group is left out."""
    fired = in_clinical_order(item for item in items if item.status is not DueStatus.NOT_INDICATED)
    avoid = [item for item in items if item.kind is RecommendationKind.NOT_ADVISED]
    each_visit = [item for item in fired if _is_each_visit(item)]
    dated = [item for item in fired if item not in each_visit and item not in avoid]
    groups = (
        ("now", "Due now", "", [i for i in dated if i.status in (DueStatus.OVERDUE, DueStatus.DUE)]),
        (
            "open",
            "Cannot tell yet",
            "A fact is missing: fill it, or decide without it.",
            _of(dated, DueStatus.CANNOT_TELL),
        ),
        ("later", "Later", "", _of(dated, DueStatus.UP_TO_DATE)),
        ("visit", "Ask at each visit", "Select an item for its reason and source.", each_visit),
        (
            "avoid",
            "Not advised without symptoms",
            "A new symptom changes this: then look into what it points to.",
            avoid,
        ),
    )
    made = []
    for name, heading, note, rows in groups:
        sorted_by = by_missing_fact(rows) if name == "open" else [((), rows)]
        parts = tuple(_part(facts, items, as_of, base) for facts, items in sorted_by)
        every = tuple(row for part in parts for row in part.rows)
        made.append(ScheduleGroup(name, heading, note, every, parts))
    return tuple(group for group in made if group.rows)


def _part(facts: tuple[str, ...], items: Iterable[Recommendation], as_of: date, base: str) -> SchedulePart:
    heading = f"Without {join_words(fact_mention(fact) for fact in facts)}" if facts else ""
    rows = tuple(present_row(item, as_of, base) for item in items)
    return SchedulePart(heading, _fill_link(facts, base), rows)


def _fill_link(facts: tuple[str, ...], base: str) -> Link | None:
    target = entry_target(facts[0]) if len(facts) == 1 else None
    return Link(f"Enter {fact_mention(facts[0])}", f"{base}/facts?fact={target}") if target else None


def _of(items: Iterable[Recommendation], status: DueStatus) -> list[Recommendation]:
    return [item for item in items if item.status is status]


def _is_each_visit(item: Recommendation) -> bool:
    """Asked and talked about whenever the patient is seen: no date of its own."""
    supportive = item.kind in (RecommendationKind.SUPPORTIVE, RecommendationKind.REVIEW)
    return supportive and item.due is None and item.status is DueStatus.DUE
