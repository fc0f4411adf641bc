"""
The dates that schedules count from: the last completed study or visit, and the named beginnings and ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from smart_app.clinical.completed import comes_after, done_before
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import PatientRecord
from smart_app.clinical.features import SIDES, Features
from smart_app.clinical.features_anatomy import breast_treatment_end, courses, operations, sides_of
from smart_app.clinical.features_treatment import antibody_end, endocrine_start, matching
from smart_app.clinical.recommendations import Because
from smart_app.clinical.treatment_dates import entered_day, latest_diagnosis, latest_of, primary_treatment

NEWER_THAN_RADIATION_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Anchor:
    """A date with its reason. `on` None: `missing` names what would have to be known; `free` means no bound at all."""

    on: PartialDate | None
    because: tuple[Because, ...] = ()
    missing: tuple[str, ...] = ()
    free: bool = False


def find_anchor(features: Features, name: str) -> Anchor:
    """
    The date of this name; `start.<drug or class>` and `end.<drug or class>` are answered from the drugs.

    Raises:
        KeyError: no such anchor.
    """
    prefix, _, key = name.partition(".")
    if prefix == "start" and key:
        return _drug_start(features.record, key)
    if prefix == "end" and key:
        return _drug_end(features.record, key)
    return _ANCHORS[name](features)


def is_anchor(name: str) -> bool:
    """Whether a schedule may count from this name."""
    prefix, _, key = name.partition(".")
    return name in _ANCHORS or (prefix in ("start", "end") and bool(key))


def _breast_treatment_end(features: Features) -> Anchor:
    last = breast_treatment_end(features.record)
    if last is None:
        return Anchor(None, missing=("surgery_on",))
    return Anchor(last, (Because("surgery", str(last)),))


def _primary_end(features: Features) -> Anchor:
    course = primary_treatment(features.record)
    return Anchor(course.ended_on, course.because, course.missing)


def _diagnosis(features: Features) -> Anchor:
    day = latest_diagnosis(features.record)
    if day is None:
        return Anchor(None, missing=("diagnosed_on",))
    return Anchor(day, (Because("diagnosed_on", str(day)),))


def _diagnostic_mammogram(features: Features) -> Anchor:
    """
    The last mammogram of this breast before its treatment ended; the diagnosis where none is recorded.

    A mammogram led to, or came with, almost every diagnosis, so the diagnosis is the best stand-in.
    """
    end = breast_treatment_end(features.record)
    every = done_before(features.record, "mammogram", features.side)
    before = [done for done in every if end is None or not comes_after(done.on, end)]
    if not before:
        return _diagnosis(features)
    last = max(before, key=lambda done: done.on.latest)
    return Anchor(last.on, (Because("mammogram", str(last.on), last.sources),))


def _radiation_end(features: Features) -> Anchor:
    """
    The end of radiation to this side. Free where none was given, or where it began more than a year ago.

    No course lasts half a year, so a course without an end that began so long ago binds nothing any more.
    """
    record = features.record
    entered = entered_day(record, "radiation_ended_on")
    by_hand = [row.ended_on for row in record.radiation if row.entry is not None and row.ended_on is not None]
    if entered is not None:
        last = latest_of([entered, *by_hand])
        return Anchor(last, (Because("radiation_ended_on", str(last)),))
    rows = courses(record, features.side) if features.side else list(record.radiation)
    rows = rows or list(record.radiation)
    if not rows:
        return Anchor(None, free=True)
    ends = [row.ended_on for row in rows if row.ended_on is not None]
    last = latest_of(ends)
    if last is not None:
        sources = tuple(source for row in rows if row.ended_on == last for source in row.sources)
        return Anchor(last, (Because("radiation", f"ended {last}", sources),))
    newest = latest_of([row.started_on for row in rows if row.started_on is not None]) or latest_diagnosis(record)
    if newest is not None and newest.add_months(NEWER_THAN_RADIATION_MONTHS).latest <= record.as_of:
        return Anchor(None, free=True)
    return Anchor(None, missing=("radiation_ended_on",))


def _surgery(features: Features) -> Anchor:
    record = features.record
    entered = entered_day(record, "surgery_on")
    by_hand = [row.on for row in record.surgery if row.entry is not None and row.on is not None]
    if entered is not None:
        last = latest_of([entered, *by_hand])
        return Anchor(last, (Because("surgery_on", str(last)),))
    rows = [row for side in SIDES for row in operations(record, side)] or list(record.surgery)
    day = latest_of([row.on for row in rows if row.on is not None])
    if day is None:
        return Anchor(None, missing=("surgery_on",))
    sources = tuple(dict.fromkeys(source for row in rows if row.on == day for source in row.sources))
    return Anchor(day, (Because("surgery", str(day), sources),))


def _implant(features: Features) -> Anchor:
    record = features.record
    side = features.side
    rows = [row for row in record.surgery if row.kind == "reconstruction"]
    rows = [row for row in rows if side is None or side in sides_of(record, row.side)] or rows
    day = latest_of([row.on for row in rows if row.on is not None])
    return Anchor(day, (Because("surgery", f"reconstruction {day}"),)) if day else Anchor(None, missing=("surgery_on",))


def _endocrine_start(features: Features) -> Anchor:
    day = endocrine_start(features.record)
    if day is None:
        return Anchor(None, missing=("endocrine_started_on",))
    return Anchor(day, (Because("endocrine_started_on", str(day)),))


def _antibody_end(features: Features) -> Anchor:
    day = antibody_end(features.record)
    if day is None:
        return Anchor(None, missing=("trastuzumab_ended",))
    return Anchor(day, (Because("trastuzumab_ended", str(day)),))


def _cardiotoxic_end(features: Features) -> Anchor:
    """The end of anthracycline and HER2 antibodies, whichever was later."""
    record = features.record
    drugs = [*matching(record, "anthracycline"), *matching(record, "her2")]
    ends = [drug.ended_on or drug.started_on for drug in drugs]
    day = latest_of([end for end in ends if end is not None])
    if day is None or any(drug.status == "active" for drug in drugs):
        return Anchor(None, missing=("systemic_ended_on",))
    return Anchor(day, (Because("systemic", f"ended {day}"),))


def _birads_study(features: Features) -> Anchor:
    fact = features.record.facts.get("birads")
    if fact is not None and fact.entry is not None and fact.on is not None:
        return Anchor(fact.on, (Because("birads", fact.value),))
    study = features.record.imaging.get("last_breast_imaging") or features.record.imaging.get("mammogram")
    if study is None or study.on is None:
        return Anchor(None, missing=("birads",))
    return Anchor(study.on, (Because("birads", study.birads, study.sources),))


def _bone_risk_start(features: Features) -> Anchor:
    """The beginning of the newest reason for bone loss: aromatase inhibitor, ovarian suppression, ovaries removed."""
    for key in ("aromatase-inhibitor", "ovarian-suppression"):
        found = _drug_start(features.record, key)
        if found.on is not None:
            return found
    events = features.record.events.get("oophorectomy-bilateral", ())
    if events and events[0].on is not None:
        return Anchor(events[0].on, (Because("ovaries", "absent", events[0].sources),))
    return Anchor(None, missing=("endocrine_started_on",))


def _drug_start(record: PatientRecord, key: str) -> Anchor:
    drugs = matching(record, key)
    active = [drug for drug in drugs if drug.status == "active"] or drugs
    starts = [drug for drug in active if drug.started_on is not None]
    if not starts:
        return Anchor(None, missing=("systemic_started_on",))
    first = min(starts, key=lambda drug: drug.started_on.earliest if drug.started_on else record.as_of)
    return Anchor(first.started_on, (Because("systemic", f"{first.agent} from {first.started_on}", first.sources),))


def _drug_end(record: PatientRecord, key: str) -> Anchor:
    drugs = [drug for drug in matching(record, key) if drug.ended_on is not None]
    if not drugs:
        return Anchor(None, missing=("systemic_ended_on",))
    last = max(drugs, key=lambda drug: drug.ended_on.latest if drug.ended_on else record.as_of)
    return Anchor(last.ended_on, (Because("systemic", f"{last.agent} until {last.ended_on}", last.sources),))


_ANCHORS: Mapping[str, Callable[[Features], Anchor]] = {
    "primary-treatment-end": _primary_end,
    "breast-treatment-end": _breast_treatment_end,
    "diagnosis": _diagnosis,
    "diagnostic-mammogram": _diagnostic_mammogram,
    "radiation-end": _radiation_end,
    "surgery": _surgery,
    "implant": _implant,
    "endocrine-start": _endocrine_start,
    "antibody-end": _antibody_end,
    "cardiotoxic-end": _cardiotoxic_end,
    "birads-study": _birads_study,
    "bone-risk-start": _bone_risk_start,
}
