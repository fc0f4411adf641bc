"""The facts JSON of contract section 3: the same record gives the same bytes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import (
    CancerRecord,
    Entry,
    Event,
    Fact,
    FactState,
    FactValue,
    ImagingStudy,
    Medication,
    PatientRecord,
    RadiotherapyCourse,
    Source,
    Surgery,
)

IMAGING_NAMES = ("mammogram", "breast_mri", "breast_ultrasound", "dxa", "echocardiogram", "last_breast_imaging")
_EXTRA_KEYS: Mapping[str, tuple[str, ...]] = {
    "er": ("percent",),
    "pr": ("percent",),
    "her2": ("ihc", "ish", "low", "category"),
    "stage_group": ("basis",),
    "t": ("basis",),
    "n": ("basis",),
    "m": ("basis",),
    "birads": ("sub",),
}


def facts_json(record: PatientRecord) -> dict[str, Any]:
    """The record as the contract words it."""
    return {
        "schema": 1,
        "as_of": record.as_of.isoformat(),
        "patient": {
            "birth_date": _date(record.patient.birth_date),
            "sex": record.patient.sex,
            "deceased": record.patient.deceased,
        },
        "scope": {"applies": record.scope.applies, "reasons": list(record.scope.reasons)},
        "cancers": [_cancer(cancer) for cancer in record.cancers],
        "facts": _facts(record.facts),
        "treatments": {
            "surgery": [_surgery(row) for row in record.surgery],
            "axillary_surgery": [_surgery(row) for row in record.axillary_surgery],
            "radiation": [_course(row) for row in record.radiation],
            "systemic": [_medication(row) for row in record.systemic],
        },
        "other_medications": [_medication(row) for row in record.other_medications],
        "imaging": {name: _study(record.imaging.get(name)) for name in IMAGING_NAMES},
        "events": {concept: [_event(event) for event in record.events[concept]] for concept in sorted(record.events)},
        "unplaced": [
            {"title": found.title, "text": found.text, "sources": [found.source.reference]} for found in record.unplaced
        ],
        "issues": [
            {"kind": str(issue.kind), "resource": issue.resource, "detail": issue.detail} for issue in record.issues
        ],
    }


def _date(on: PartialDate | None) -> str | None:
    return str(on) if on is not None else None


def _references(sources: Iterable[Source]) -> list[str]:
    return sorted({source.reference for source in sources})


def _facts(facts: Mapping[str, Fact]) -> dict[str, Any]:
    return {name: fact_json(facts[name]) for name in sorted(facts)}


def fact_json(fact: Fact) -> dict[str, Any]:
    """One fact: state, value, date, sources, others, then its further keys."""
    shown: dict[str, Any] = {
        "state": str(fact.state),
        "value": _plain(fact.value) if fact.known else None,
        "on": _date(fact.on) if fact.known else None,
        "sources": _references(fact.sources),
        "others": [_other(value) for value in fact.others],
    }
    if fact.known:
        keys = dict.fromkeys((*_EXTRA_KEYS.get(fact.name, ()), *sorted(fact.extra)))
        shown.update({key: _plain(fact.extra.get(key)) for key in keys})
    if fact.from_text:
        shown["from_text"] = True
    if fact.state is FactState.ENTERED:
        shown.update(_entered(fact.entry))
    if fact.record is not None:
        shown["record"] = fact_json(fact.record)
    return shown


def _entered(entry: Entry | None) -> dict[str, Any]:
    return {} if entry is None else {"entered": {"by": entry.by, "at": entry.at, "reason": entry.reason}}


def _other(value: FactValue) -> dict[str, Any]:
    shown = {"value": _plain(value.value), "on": _date(value.on), "sources": _references(value.sources)}
    shown.update({key: _plain(value.extra[key]) for key in sorted(value.extra)})
    if value.note:
        shown["note"] = value.note
    return shown


def _plain(value: Any) -> Any:
    """A JSON value; whole numbers without a decimal point."""
    if isinstance(value, bool) or value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value == int(value) else round(value, 4)
    if isinstance(value, Mapping):
        return {str(key): _plain(value[key]) for key in sorted(value)}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value)


def _cancer(cancer: CancerRecord) -> dict[str, Any]:
    return {
        "kind": cancer.kind,
        "laterality": cancer.laterality,
        "diagnosed_on": _date(cancer.diagnosed_on),
        "sources": _references(cancer.sources),
        "facts": _facts(cancer.facts),
    }


def _surgery(row: Surgery) -> dict[str, Any]:
    return {"kind": row.kind, "side": row.side, "on": _date(row.on), **_stands_on(row)}


def _stands_on(row: Surgery | RadiotherapyCourse | Medication | ImagingStudy) -> dict[str, Any]:
    """The resources that a row stands on, or who entered it."""
    return {"sources": _references(row.sources), **_entered(row.entry)}


def _course(row: RadiotherapyCourse) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "side": row.side,
        "started_on": _date(row.started_on),
        "ended_on": _date(row.ended_on),
        **_stands_on(row),
    }
    if row.field:
        shown["field"] = list(row.field)
    if row.dose_gray is not None:
        shown["dose_gray"] = _plain(row.dose_gray)
    return shown


def _medication(row: Medication) -> dict[str, Any]:
    return {
        "agent": row.agent,
        "class": list(row.classes),
        "status": row.status,
        "started_on": _date(row.started_on),
        "ended_on": _date(row.ended_on),
        **_stands_on(row),
    }


def _study(study: ImagingStudy | None) -> dict[str, Any] | None:
    if study is None:
        return None
    return {
        "modality": study.modality,
        "on": _date(study.on),
        "side": study.side,
        "birads": study.birads,
        **_stands_on(study),
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "on": _date(event.on),
        "side": event.side,
        "value": _plain(event.value),
        "sources": _references(event.sources),
    }
