"""
How complete the treatment summary and the plan are, against IOM 2006, ASCO 2014 and NAPBC, and which gaps matter most.

A gap matters by what filling it would do: each possible value is tried, and the rows of the plan that would change
are counted. Nothing is assumed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from smart_app.clinical.facts import CancerRecord, Fact, FactState, PatientRecord
from smart_app.clinical.recommendations import DueStatus, Recommendation
from smart_app.clinical.rules import FollowUpRule, evaluate_some
from smart_app.clinical.schedule import ClinicDefaults
from smart_app.clinical.treatment_dates import primary_treatment

MOST_GAPS = 5


@dataclass(frozen=True, slots=True)
class Element:
    """One element of the standards. `facts` are the names to enter where it is missing; empty where none can be."""

    id: str
    title: str
    standards: tuple[str, ...]
    filled: bool
    facts: tuple[str, ...] = ()


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
) -> Completeness:
    """The meter for one record; `recommendations` are those that fire."""
    given = tuple(recommendations)
    elements = tuple(_elements(record, given))
    return Completeness(elements, find_gaps(record, rules, given, clinic or ClinicDefaults()))


_Check = Callable[[PatientRecord, tuple[Recommendation, ...]], bool]


def _knows(*names: str) -> _Check:
    return lambda record, _: any(_known(record, name) for name in names)


def _topic(*topics: str, dated: bool = False) -> _Check:
    return lambda _, given: any(item.topic in topics and (item.due is not None or not dated) for item in given)


def _known(record: PatientRecord, name: str) -> bool:
    fact = record.facts.get(name)
    rows = [cancer.facts.get(name) for cancer in record.cancers]
    return (fact is not None and fact.known) or (bool(rows) and all(row is not None and row.known for row in rows))


def _has_side(record: PatientRecord, _: tuple[Recommendation, ...]) -> bool:
    return all(cancer.laterality != "unknown" for cancer in record.cancers)


def _has_kind(record: PatientRecord, _: tuple[Recommendation, ...]) -> bool:
    return all(cancer.kind != "unknown" for cancer in record.cancers)


def _has_date(record: PatientRecord, _: tuple[Recommendation, ...]) -> bool:
    return all(cancer.diagnosed_on is not None for cancer in record.cancers)


def _has_drugs(record: PatientRecord, _: tuple[Recommendation, ...]) -> bool:
    return bool(record.systemic) and all(drug.started_on is not None for drug in record.systemic)


def _has_radiation(record: PatientRecord, _: tuple[Recommendation, ...]) -> bool:
    return bool(record.radiation) and all(course.ended_on is not None for course in record.radiation)


def _has_breast_surgery(record: PatientRecord, _: tuple[Recommendation, ...]) -> bool:
    return any(row.kind in ("mastectomy", "breast-conserving") and row.on is not None for row in record.surgery)


def _has_end(record: PatientRecord, _: tuple[Recommendation, ...]) -> bool:
    return primary_treatment(record).ended_on is not None


def _has_dose(record: PatientRecord, _: tuple[Recommendation, ...]) -> bool:
    given = any("anthracycline" in drug.classes for drug in record.systemic)
    return not given or _known(record, "cumulative_doxorubicin_mg_m2")


def _has_imaging(record: PatientRecord, _: tuple[Recommendation, ...]) -> bool:
    return record.imaging.get("last_breast_imaging") is not None or record.imaging.get("mammogram") is not None


_ELEMENTS: tuple[tuple[str, str, tuple[str, ...], _Check, tuple[str, ...]], ...] = (
    ("diagnosis", "Diagnosis: invasive or in situ", ("IOM R2", "ASCO", "NAPBC"), _has_kind, ()),
    ("side", "Side of the tumor", ("ASCO",), _has_side, ()),
    ("diagnosed-on", "Date of diagnosis", ("ASCO", "NAPBC"), _has_date, ()),
    ("stage", "Stage", ("IOM R2", "ASCO", "NAPBC"), _knows("stage_group", "t"), ("stage_group",)),
    ("grade", "Grade", ("IOM R2", "ASCO"), _knows("grade"), ("grade",)),
    ("er", "Estrogen receptor", ("IOM R2", "ASCO", "NAPBC"), _knows("er"), ("er",)),
    ("pr", "Progesterone receptor", ("IOM R2", "ASCO", "NAPBC"), _knows("pr"), ("pr",)),
    ("her2", "HER2", ("IOM R2", "ASCO", "NAPBC"), _knows("her2"), ("her2",)),
    ("size", "Tumor size", ("IOM R2",), _knows("tumor_size_mm", "t"), ("tumor_size_mm",)),
    ("nodes", "Lymph nodes, positive and removed", ("ASCO",), _knows("nodes_positive", "n"), ("nodes_positive", "n")),
    ("imaging", "Last imaging and its result", ("IOM R1",), _has_imaging, ()),
    ("surgery", "Breast surgery with date", ("IOM R4", "ASCO", "NAPBC"), _has_breast_surgery, ()),
    ("axilla", "Axillary surgery", ("ASCO",), lambda record, _: bool(record.axillary_surgery), ()),
    ("radiation", "Radiation with end date", ("IOM R4", "ASCO", "NAPBC"), _has_radiation, ()),
    ("drugs", "Cancer drugs with dates", ("IOM R3", "IOM R4", "ASCO", "NAPBC"), _has_drugs, ()),
    ("dose", "Anthracycline dose", ("IOM R4", "ASCO"), _has_dose, ("cumulative_doxorubicin_mg_m2",)),
    ("treatment-end", "End of primary treatment", ("IOM R3", "NAPBC"), _has_end, ("primary_treatment_ended",)),
    ("germline", "Genetic test result", ("IOM F8", "ASCO"), _knows("germline"), ("germline",)),
    ("menopause", "Menopausal status", ("IOM F1",), _knows("menopausal_status"), ("menopausal_status",)),
    ("smoking", "Smoking", ("IOM F7", "ASCO"), _knows("smoking"), ("smoking",)),
    ("weight", "Body mass index", ("IOM F7", "ASCO"), _knows("bmi"), ("bmi",)),
    ("visits", "Visits: who and when", ("IOM F2", "ASCO", "NAPBC"), _topic("clinic-visit", dated=True), ()),
    (
        "surveillance",
        "Imaging: which, when, who",
        ("IOM F2", "ASCO", "NAPBC"),
        lambda _, given: any(
            item.topic in ("mammogram", "breast-mri")
            and (item.due is not None or item.status is DueStatus.NOT_INDICATED)
            for item in given
        ),
        (),
    ),
    ("recurrence-signs", "Signs of recurrence", ("IOM F4", "ASCO"), _topic("symptom-education"), ()),
    ("late-effects", "Late effects to watch", ("IOM F3", "ASCO"), _topic("fatigue", "lymphedema", "neuropathy"), ()),
    ("emotional", "Emotional health, work, money", ("IOM F5", "IOM F6", "ASCO"), _topic("distress-screening"), ()),
    ("living", "Healthy living and vaccines", ("IOM F7", "ASCO"), _topic("physical-activity", "vaccination"), ()),
    ("other-cancers", "Screening for other cancers", ("IOM F2", "ASCO"), _topic("other-cancer-screening"), ()),
)


def _elements(record: PatientRecord, given: tuple[Recommendation, ...]) -> Iterable[Element]:
    for id_, title, standards, check, facts in _ELEMENTS:
        yield Element(id_, title, standards, check(record, given), facts)


TRIED: Mapping[str, tuple[Any, ...]] = {
    "menopausal_status": ("premenopausal", "postmenopausal"),
    "uterus": ("intact", "absent"),
    "ovarian_suppression": ("none", "gnrh"),
    "germline": (
        [{"gene": "BRCA1", "result": "pathogenic"}],
        [{"gene": "BRCA1", "result": "negative"}],
    ),
    "primary_treatment_ended": ("",),
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
        values = TRIED[name] if name != "primary_treatment_ended" else (_two_years_before(record),)
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
    cancers = (
        tuple(_with_tumor_fact(cancer, fact) for cancer in record.cancers) if name in _OF_TUMOR else record.cancers
    )
    return replace(record, facts={**record.facts, name: fact}, cancers=cancers)


def _with_tumor_fact(cancer: CancerRecord, fact: Fact) -> CancerRecord:
    own = cancer.facts.get(fact.name)
    return cancer if own is not None and own.known else replace(cancer, facts={**cancer.facts, fact.name: fact})
