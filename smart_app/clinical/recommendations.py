"""
What follows from the facts: one recommendation a rule (and a side, where sides differ). Contract section 3a.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Source


class DueStatus(StrEnum):
    """Where a recommendation stands on the calendar."""

    OVERDUE = "overdue"
    DUE = "due"
    UP_TO_DATE = "up-to-date"
    NOT_INDICATED = "not-indicated"
    CANNOT_TELL = "cannot-tell"


class RecommendationKind(StrEnum):
    """What sort of advice it is; `not-advised` is what not to order in a person without symptoms."""

    SURVEILLANCE = "surveillance"
    SAFETY_ALERT = "safety-alert"
    NOT_ADVISED = "not-advised"
    SUPPORTIVE = "supportive"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Because:
    """
    A fact that a recommendation rests on; `value` in the words of the facts JSON, or `none recorded`.

    `entered`: a clinician entered it, and nothing of the record stands for it.
    """

    fact: str
    value: Any
    sources: tuple[Source, ...] = ()
    entered: bool = False


@dataclass(frozen=True, slots=True)
class Citation:
    """Where the advice stands. `strength` in the guideline's own scale, `reference` a DOI or page."""

    guideline: str
    year: int
    strength: str
    recommendation: str = ""
    reference: str = ""


class Truth(StrEnum):
    """Three-valued truth: a condition whose facts are missing is UNKNOWN, never FALSE."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ConditionTrace:
    """
    One node of the condition tree as it was evaluated: why a rule fired, or not.

    `denied`: the words of a fact that does not hold.
    """

    says: str
    truth: Truth
    because: tuple[Because, ...] = ()
    missing: tuple[str, ...] = ()
    parts: tuple[ConditionTrace, ...] = ()
    denied: str = ""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """
    One row of the schedule.

    `side`: left, right, both, or None where side has no meaning. `due`, `earliest`: at the precision of their inputs.
    `interval_months`: the guideline's range; `chosen_months` the clinic's default inside it, shown beside the range.
    `horizon`: further dated occurrences within five years of `as_of`. `reason`: why it is silent, or cannot be told.
    `would_change`: one sentence a fact whose change would change this row. `conflicts`: what other guidelines say.
    """

    rule: str
    row: str
    topic: str
    kind: RecommendationKind
    title: str
    says: str
    why: str
    status: DueStatus
    owner: str
    citation: Citation
    side: str | None = None
    due: PartialDate | None = None
    earliest: PartialDate | None = None
    interval_months: tuple[int, int] | None = None
    chosen_months: int | None = None
    last_done: PartialDate | None = None
    horizon: tuple[PartialDate, ...] = ()
    because: tuple[Because, ...] = ()
    missing: tuple[str, ...] = ()
    reviewed: bool = False
    mark: str = "K"
    reason: str = ""
    would_change: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    limits: str = ""
    trace: ConditionTrace | None = None
    fired: bool = True
    version: str = "1"

    @property
    def stands_as_alert(self) -> bool:
        """Whether it is a safety alert that holds: one that cannot be told says nothing about this patient."""
        return self.kind is RecommendationKind.SAFETY_ALERT and self.status is not DueStatus.CANNOT_TELL

    @property
    def proposed_due(self) -> PartialDate | None:
        """
        The date that may stand in a plan before anybody decides: `due` where the facts carry it.

        None where it cannot be told whether the advice applies: `due` is then the date that it would have.
        """
        return None if self.status is DueStatus.CANNOT_TELL else self.due


_RANK = {
    DueStatus.OVERDUE: 0,
    DueStatus.DUE: 1,
    DueStatus.CANNOT_TELL: 2,
    DueStatus.UP_TO_DATE: 3,
    DueStatus.NOT_INDICATED: 4,
}


def clinical_place(item: Recommendation) -> tuple[bool, int, date]:
    """
    Where a clinician wants to read it: safety alerts, then overdue, due, cannot tell, up to date, not advised; inside
    by date, what has none last.
    """
    due = item.due.earliest if item.due is not None else date.max
    return item.kind is not RecommendationKind.SAFETY_ALERT, _RANK[item.status], due


def in_clinical_order(items: Iterable[Recommendation]) -> list[Recommendation]:
    """By `clinical_place`; equals stay as the rules stand."""
    return sorted(items, key=clinical_place)
