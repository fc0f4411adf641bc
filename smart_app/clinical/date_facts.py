"""
Dates that follow from the record's rows and may be entered where the record lacks or mistakes them. Pure.

Diagnoses and treatments carry their dates in the facts JSON; as facts they are made when a form asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import (
    CancerRecord,
    Fact,
    FactState,
    Medication,
    PatientRecord,
    RadiotherapyCourse,
    Source,
    Surgery,
)
from smart_app.clinical.features_treatment import antibody_end, endocrine_drugs, endocrine_start
from smart_app.clinical.treatment_dates import ENTERED_DATES, latest_of, primary_treatment

_Row = Surgery | RadiotherapyCourse | Medication
DIAGNOSED_ON = "diagnosed_on"
DATE_FACTS = frozenset({*ENTERED_DATES, DIAGNOSED_ON})
"""All dates that may be entered; the date of diagnosis belongs to one tumor."""


def date_fact(name: str, record: PatientRecord, cancer: int | None = None) -> Fact:
    """The date as the record's own rows give it, whatever was entered."""
    if name == DIAGNOSED_ON:
        own = record.cancers[cancer or 0] if (cancer or 0) < len(record.cancers) else None
        return diagnosis_date(own, record.was_read(name)) if own is not None else _fact(name, None, (), False)
    plain = replace(record, facts={key: fact for key, fact in record.facts.items() if key not in ENTERED_DATES})
    on = _READERS[name](plain)
    sources = [source for row in _ROWS[name](plain) if on in _dates(row) for source in row.sources]
    return _fact(name, on, tuple(dict.fromkeys(sources)), all(map(record.was_read, _RESTS_ON[name])))


def diagnosis_date(cancer: CancerRecord, read: bool = True) -> Fact:
    """The date of diagnosis of one tumor; an entered one with the record's own beside it."""
    entered = cancer.facts.get(DIAGNOSED_ON)
    return entered if entered is not None else _fact(DIAGNOSED_ON, cancer.diagnosed_on, cancer.sources, read)


def _fact(name: str, on: PartialDate | None, sources: tuple[Source, ...], read: bool) -> Fact:
    if on is None:
        return Fact(name, FactState.NOT_FOUND if read else FactState.NOT_READ)
    return Fact(name, FactState.DOCUMENTED, str(on), sources=sources, rule="By the dates of the record's entries.")


def _dates(row: _Row) -> set[PartialDate | None]:
    return {getattr(row, name, None) for name in ("on", "started_on", "ended_on")} - {None}


def _endocrine_end(record: PatientRecord) -> PartialDate | None:
    drugs = endocrine_drugs(record)
    if any(drug.status == "active" for drug in drugs):
        return None
    return latest_of([drug.ended_on for drug in drugs if drug.ended_on is not None])


def _surgery(record: PatientRecord) -> PartialDate | None:
    return latest_of([row.on for row in record.surgery if row.on is not None])


def _radiation_end(record: PatientRecord) -> PartialDate | None:
    return latest_of([row.ended_on for row in record.radiation if row.ended_on is not None])


_READERS: Mapping[str, Callable[[PatientRecord], PartialDate | None]] = {
    "primary_treatment_ended": lambda record: primary_treatment(record).ended_on,
    "surgery_on": _surgery,
    "radiation_ended_on": _radiation_end,
    "endocrine_started_on": endocrine_start,
    "endocrine_ended_on": _endocrine_end,
    "trastuzumab_ended": antibody_end,
}
_ROWS: Mapping[str, Callable[[PatientRecord], tuple[_Row, ...]]] = {
    "primary_treatment_ended": lambda record: (*record.surgery, *record.radiation, *record.systemic),
    "surgery_on": lambda record: record.surgery,
    "radiation_ended_on": lambda record: record.radiation,
    "endocrine_started_on": lambda record: record.systemic,
    "endocrine_ended_on": lambda record: record.systemic,
    "trastuzumab_ended": lambda record: record.systemic,
}
_RESTS_ON: Mapping[str, tuple[str, ...]] = {
    "primary_treatment_ended": ("surgery", "radiation", "systemic"),
    "surgery_on": ("surgery",),
    "radiation_ended_on": ("radiation",),
    "endocrine_started_on": ("systemic",),
    "endocrine_ended_on": ("systemic",),
    "trastuzumab_ended": ("systemic",),
}
