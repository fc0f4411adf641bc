"""
How complete the treatment summary and the plan are, against IOM 2006, ASCO 2014 and NAPBC, and which gaps matter most.

A gap matters by what filling it would do: each possible value is tried, and the rows of the plan that would change
are counted. Nothing is assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from smart_app.clinical.clinic import ClinicContacts
from smart_app.clinical.completeness_elements import Element, Given, elements_of
from smart_app.clinical.date_facts import DATE_FACTS, DIAGNOSED_ON
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import CancerRecord, Fact, FactState, PatientRecord
from smart_app.clinical.recommendations import Recommendation
from smart_app.clinical.rules import FollowUpRule, evaluate_some
from smart_app.clinical.schedule import ClinicDefaults
from smart_app.clinical.treatment_dates import ENTERED_DATES

MOST_GAPS = 5


@dataclass(frozen=True, slots=True)
class Gap:
    """A fact whose entry would change the plan: how many rows, at most, and which rules."""

    fact: str
    changes: int
    rules: tuple[str, ...]
    titles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Completeness:
    """The meter: all elements, and the gaps that would change the plan most (largest first, at most five)."""

    elements: tuple[Element, ...]
    gaps: tuple[Gap, ...]

    @property
    def filled(self) -> int:
        """How many elements are filled."""
        return sum(element.filled for element in self.elements)

    @property
    def missing(self) -> tuple[Element, ...]:
        """Elements that are not filled."""
        return tuple(element for element in self.elements if not element.filled)


def measure_completeness(
    record: PatientRecord,
    rules: Sequence[FollowUpRule],
    recommendations: Iterable[Recommendation],
    clinic: ClinicDefaults | None = None,
    contacts: ClinicContacts | None = None,
    saved: bool = False,
) -> Completeness:
    """
    The meter for one record.

    Args:
        recommendations: those that fire.
        contacts: what the clinic's file prints on papers; None where there is no file.
        saved: a plan of Aftercare stands in the record.
    """
    given = tuple(recommendations)
    elements = tuple(elements_of(Given(record, given, contacts, saved)))
    return Completeness(elements, find_gaps(record, rules, given, clinic or ClinicDefaults()))


TRIED: Mapping[str, tuple[Any, ...]] = {
    "menopausal_status": ("premenopausal", "postmenopausal"),
    "uterus": ("intact", "absent"),
    "ovarian_suppression": ("none", "gnrh"),
    "germline": (
        [{"gene": "BRCA1", "result": "pathogenic"}],
        [{"gene": "BRCA1", "result": "negative"}],
    ),
    **dict.fromkeys((*sorted(ENTERED_DATES), DIAGNOSED_ON), ("two years ago",)),
    "family_history": ("true", "false"),
    "birads": ("2", "4"),
    "life_expectancy": ("under-5", "over-10"),
    "breast_density": ("b", "d"),
    "bmi": (22, 31),
    "smoking": ("current", "never"),
    "cumulative_doxorubicin_mg_m2": (180, 300),
    "lvef_percent": (52, 65),
    "new_symptoms": (True, False),
    "er": ("positive", "negative"),
    "pr": ("positive", "negative"),
    "her2": ("positive", "negative"),
    "stage_group": ("IA", "IIIA"),
    "n": ("N0", "N1"),
    "t": ("T1", "T3"),
    "tumor_size_mm": (8, 60),
    "nodes_positive": (0, 5),
    "grade": (1, 3),
}
_OF_TUMOR = frozenset(
    {"er", "pr", "her2", "stage_group", "n", "t", "tumor_size_mm", "nodes_positive", "grade"}
)  # fmt: skip


def find_gaps(
    record: PatientRecord,
    rules: Sequence[FollowUpRule],
    given: tuple[Recommendation, ...],
    clinic: ClinicDefaults,
    most: int = MOST_GAPS,
) -> tuple[Gap, ...]:
    """The missing facts whose entry would change most rows, by trying values; ties by name."""
    asking: dict[str, dict[str, str]] = {}
    for item in given:
        for name in item.missing:
            if name in TRIED:
                asking.setdefault(name, {})[item.rule] = item.title
    gaps = []
    for name, titles in asking.items():
        ids = frozenset(titles)
        before = _outcome(item for item in given if item.rule in ids)
        values = TRIED[name] if name not in DATE_FACTS else (_two_years_before(record),)
        changes = [_changed(before, rules, with_fact(record, name, value), clinic, ids) for value in values]
        if max(changes):
            gaps.append(Gap(name, max(changes), tuple(sorted(titles)), tuple(dict.fromkeys(titles.values()))))
    return tuple(sorted(gaps, key=lambda gap: (-gap.changes, gap.fact))[:most])


def _two_years_before(record: PatientRecord) -> str:
    return f"{record.as_of.year - 2}-{record.as_of.month:02d}"


_Outcome = frozenset[tuple[str, str | None, str, str]]


def _outcome(items: Iterable[Recommendation]) -> _Outcome:
    return frozenset((item.rule, item.side, item.status.value, str(item.due)) for item in items)


def _changed(
    before: _Outcome,
    rules: Sequence[FollowUpRule],
    record: PatientRecord,
    clinic: ClinicDefaults,
    ids: frozenset[str],
) -> int:
    """How many rules would say something else."""
    after = _outcome(evaluate_some(rules, record, clinic, ids))
    return len({row[0] for row in before ^ after})


def with_fact(record: PatientRecord, name: str, value: Any) -> PatientRecord:
    """The record as if this fact were entered, for every tumor where it is a tumor's."""
    fact = Fact(name, FactState.ENTERED, value)
    if name == DIAGNOSED_ON:
        on = PartialDate.parse(str(value))
        dated = (replace(cancer, diagnosed_on=cancer.diagnosed_on or on) for cancer in record.cancers)
        return replace(record, cancers=tuple(dated))
    cancers = (
        tuple(_with_tumor_fact(cancer, fact) for cancer in record.cancers) if name in _OF_TUMOR else record.cancers
    )
    return replace(record, facts={**record.facts, name: fact}, cancers=cancers)


def _with_tumor_fact(cancer: CancerRecord, fact: Fact) -> CancerRecord:
    own = cancer.facts.get(fact.name)
    return cancer if own is not None and own.known else replace(cancer, facts={**cancer.facts, fact.name: fact})
