"""
What the record's rows say of themselves and may be entered where they lack or mistake it. Pure.

Diagnoses carry their kind, side and date in the facts JSON, treatments their dates; as facts they are made when a form
asks for them.
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
TUMOR_ATTRIBUTES = ("cancer_kind", "laterality", DIAGNOSED_ON)
"""What a diagnosis says of its tumor."""


def date_fact(name: str, record: PatientRecord, cancer: int | None = None) -> Fact:
    """The date as the record's own rows give it, whatever was entered."""
    if name == DIAGNOSED_ON:
        own = record.cancers[cancer or 0] if (cancer or 0) < len(record.cancers) else None
        return tumor_attribute(name, own, record.was_read(name)) if own is not None else _fact(name, None, (), False)
    record = record.own or record
    plain = replace(record, facts={key: fact for key, fact in record.facts.items() if key not in ENTERED_DATES})
    on = _READERS[name](plain)
    sources = [source for row in _ROWS[name](plain) if on in _dates(row) for source in row.sources]
    return _fact(name, on, tuple(dict.fromkeys(sources)), all(map(record.was_read, _RESTS_ON[name])))


def tumor_attribute(name: str, cancer: CancerRecord, read: bool = True) -> Fact:
    """Kind, side or date of diagnosis of one tumor; an entered one with the record's own beside it."""
    entered = cancer.facts.get(name)
    if entered is not None:
        return entered
    if name == DIAGNOSED_ON:
        return _fact(name, cancer.diagnosed_on, cancer.sources, read)
    value = cancer.kind if name == "cancer_kind" else cancer.laterality
    if value == "unknown":
        return Fact(name, FactState.NOT_FOUND if read else FactState.NOT_READ, sources=cancer.sources)
    return Fact(name, FactState.DOCUMENTED, value, sources=cancer.sources, rule="By the diagnosis.")


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
