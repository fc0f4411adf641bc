"""
When primary treatment ended: the clock of follow-up (rules.md section 0, rules G-03, G-04, G-06 and 12.7).
"""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Fact, PatientRecord, Source
from smart_app.clinical.recommendations import Because

UNFINISHED_MONTHS = 18
# Longer than any course of radiation or adjuvant chemotherapy lasts: an order still open after that is not current.
LONGEST_COURSE_MONTHS = 12
# A first operation may be recorded some weeks before the diagnosis that its pathology gave.
BEFORE_DIAGNOSIS_MONTHS = 3
ENTERED_DATES = (
    "primary_treatment_ended",
    "surgery_on",
    "radiation_ended_on",
    "endocrine_started_on",
    "endocrine_ended_on",
    "trastuzumab_ended",
)
"""Dates of treatment that a clinician may enter: an entered one stands before the record, beside entered rows."""


@dataclass(frozen=True, slots=True)
class PrimaryTreatment:
    """
    The clock. `ended_on` is the latest of surgery, chemotherapy and radiation, None where it is not known.

    `ongoing` is rule G-04: an end in the future, a course under way, or no end and a diagnosis less than 18 months
    ago; None where that cannot be told. `diagnosed_on` is the latest diagnosis, `restarted_on` the recurrence that
    set the clock anew (G-03).
    """

    ended_on: PartialDate | None
    ongoing: bool | None
    diagnosed_on: PartialDate | None
    because: tuple[Because, ...] = ()
    missing: tuple[str, ...] = ()
    restarted_on: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """One treatment: `ended_on` None where only its start is known."""

    name: str
    started_on: PartialDate | None
    ended_on: PartialDate | None
    active: bool
    sources: tuple[Source, ...]


def months_between(start: PartialDate, end: date | PartialDate) -> tuple[float, float]:
    """Months from start to end, least and most that the precision allows; days count as parts of their month."""
    last = end if isinstance(end, date) else end.latest
    first = end if isinstance(end, date) else end.earliest
    return _months(start.latest, first), _months(start.earliest, last)


def _months(start: date, end: date) -> float:
    if end < start:
        return -_months(end, start)
    whole = (end.year - start.year) * 12 + end.month - start.month
    anchor = PartialDate.from_date(start).add_months(whole).earliest
    if anchor > end:
        whole -= 1
        anchor = PartialDate.from_date(start).add_months(whole).earliest
    return whole + (end - anchor).days / calendar.monthrange(anchor.year, anchor.month)[1]


def latest_of(days: list[PartialDate]) -> PartialDate | None:
    """The latest date; where two may be either way round, the one of lower precision."""
    latest: PartialDate | None = None
    for day in days:
        overlaps = latest is not None and not latest.surely_before(day) and not day.surely_before(latest)
        if latest is None or latest.surely_before(day) or (overlaps and len(str(day)) < len(str(latest))):
            latest = day
    return latest


def latest_diagnosis(record: PatientRecord) -> PartialDate | None:
    """The newest diagnosis of an invasive or in-situ ductal cancer."""
    return latest_of([c.diagnosed_on for c in record.cancers if c.kind != "lcis" and c.diagnosed_on is not None])


def treated_recurrence(record: PatientRecord) -> Fact | None:
    """A recurrence that is not distant, also where its place is not said; None where none is recorded."""
    fact = record.facts.get("recurrence")
    return fact if fact is not None and fact.known and str(fact.value) not in ("none", "distant") else None


def primary_treatment(record: PatientRecord) -> PrimaryTreatment:
    """
    End of primary treatment, with what it rests on.

    After a second primary or a recurrence only treatment since then counts: the clock starts anew. Of a recurrence
    without a date the treatment is whatever ended more than 18 months after the diagnosis.

    Source:
        rules.md section 0 (`primary_tx_end`), G-03, G-04, G-06, 12.7.
    """
    diagnosed = latest_diagnosis(record)
    recurrence = treated_recurrence(record)
    recurred = recurrence.on if recurrence is not None else None
    since = recurred if recurred is not None else diagnosed if _several_dates(record) else None
    steps = [step for step in _steps(record) if _counts(step, since)]
    entered = _entered_end(record)
    ended, because = entered or _end_of(steps, record.as_of)
    if entered is None and recurrence is not None and recurred is None and not _late(ended, diagnosed):
        ended, because = None, (Because("recurrence", recurrence.value, recurrence.sources),)
    running = _running(steps, record.as_of)
    future = ended is not None and ended.earliest > record.as_of
    if running or future:
        reasons = tuple(Because(step.name, "under way", step.sources) for step in running) or because
        missing = ("primary_treatment_ended",)
        return PrimaryTreatment(ended if future else None, True, diagnosed, reasons, missing, recurred)
    if ended is not None:
        return PrimaryTreatment(ended, False, diagnosed, because, (), recurred)
    return _without_end(record, diagnosed, recurred, because)


def _without_end(
    record: PatientRecord, diagnosed: PartialDate | None, recurred: PartialDate | None, because: tuple[Because, ...]
) -> PrimaryTreatment:
    """No end is known: not finished where the diagnosis or the recurrence is less than 18 months old."""
    recent = recurred or diagnosed
    if recent is None:
        return PrimaryTreatment(None, None, None, because, ("diagnosed_on", "primary_treatment_ended"))
    young = _months(recent.latest, record.as_of) < UNFINISHED_MONTHS
    reasons = (*because, Because("recurrence" if recurred is not None else "diagnosed_on", str(recent)))
    unread = tuple(name for name in ("surgery", "radiation", "systemic") if not record.was_read(name))
    if young and unread:
        return PrimaryTreatment(None, None, diagnosed, reasons, unread, recurred)
    return PrimaryTreatment(None, young, diagnosed, reasons, ("primary_treatment_ended",), recurred)


def entered_day(record: PatientRecord, name: str) -> PartialDate | None:
    """A date as a clinician entered it, a year alone too; None where nothing usable was entered."""
    fact = record.facts.get(name)
    if fact is None or not fact.known:
        return None
    try:
        return PartialDate.parse(str(fact.value))
    except ValueError:
        return None


def _entered_end(record: PatientRecord) -> tuple[PartialDate, tuple[Because, ...]] | None:
    ended = entered_day(record, "primary_treatment_ended")
    return None if ended is None else (ended, (Because("primary_treatment_ended", str(ended)),))


def _late(ended: PartialDate | None, diagnosed: PartialDate | None) -> bool:
    """Whether what ended last came so long after the diagnosis that it was no part of its treatment."""
    return ended is not None and diagnosed is not None and diagnosed.add_months(UNFINISHED_MONTHS).surely_before(ended)


def _several_dates(record: PatientRecord) -> bool:
    return len({str(cancer.diagnosed_on) for cancer in record.cancers if cancer.kind != "lcis"}) > 1


def _counts(step: _Step, since: PartialDate | None) -> bool:
    day = step.ended_on or step.started_on
    return since is None or day is None or not day.surely_before(since.add_months(-BEFORE_DIAGNOSIS_MONTHS))


def _steps(record: PatientRecord) -> Iterator[_Step]:
    operated, irradiated = entered_day(record, "surgery_on"), entered_day(record, "radiation_ended_on")
    for row in record.surgery:
        if row.kind in ("mastectomy", "breast-conserving") and (operated is None or row.entry is not None):
            yield _Step("surgery", row.on, row.on, False, row.sources)
    if operated is not None:
        yield _Step("surgery_on", operated, operated, False, ())
    for row in record.axillary_surgery:
        yield _Step("axillary_surgery", row.on, row.on, False, row.sources)
    for course in record.radiation:
        if irradiated is None or course.entry is not None:
            yield _Step("radiation", course.started_on, course.ended_on, course.ended_on is None, course.sources)
    if irradiated is not None:
        yield _Step("radiation_ended_on", None, irradiated, False, ())
    for drug in record.systemic:
        if "chemotherapy" in drug.classes:
            active = drug.status == "active" and drug.ended_on is None
            yield _Step("systemic", drug.started_on, drug.ended_on, active, drug.sources)


def _end_of(steps: list[_Step], as_of: date) -> tuple[PartialDate | None, tuple[Because, ...]]:
    """
    The latest end, unless a later treatment has no end.

    A course that began more than a year ago without an end cannot be what ended last where something else did later.
    """
    ended = latest_of([step.ended_on for step in steps if step.ended_on is not None])
    if ended is None:
        return None, ()
    for step in steps:
        started = step.started_on
        if step.ended_on is None and started is not None and ended.surely_before(started):
            return None, ()
    last = [step for step in steps if step.ended_on == ended]
    because = tuple(Because(step.name, str(ended), step.sources) for step in last[:1])
    return ended, because


def _running(steps: list[_Step], as_of: date) -> list[_Step]:
    """Courses without an end that began less than a year ago."""
    return [
        step
        for step in steps
        if step.active and step.started_on is not None
        and _months(step.started_on.latest, as_of) < LONGEST_COURSE_MONTHS
    ]  # fmt: skip
