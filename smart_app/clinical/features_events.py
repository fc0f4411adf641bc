"""
Features of events: what was looked for and found, or is "none recorded"; and the names answered on demand.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from smart_app.clinical.completed import comes_after, done_before, done_without_date, not_looked_for
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import ImagingStudy, PatientRecord, Source
from smart_app.clinical.features import NONE_RECORDED, SIDES, Feature, none_words, unknown
from smart_app.clinical.features_anatomy import breast_treatment_end
from smart_app.clinical.features_treatment import matching, taken_now
from smart_app.clinical.recommendations import Because
from smart_app.clinical.treatment_dates import latest_diagnosis
from smart_app.clinical.typed_rows import RESOLVED

_FAMILY = ("family-history-of-breast-cancer", "family-history-of-ovarian-cancer")
_OPEN = ("0", "3", "4", "5")
_NO = (False, "false", "no", "none", "absent", "not-pregnant", "")


def event_features(record: PatientRecord) -> Iterator[Feature]:
    """Distant disease, recurrence, pregnancy, symptoms, the last breast imaging."""
    yield _metastasis(record)
    yield _recurrence(record)
    yield _flag(record, "pregnancy", "pregnancy")
    yield _flag(record, "hospice", "hospice")
    yield _flag(record, "symptoms.new", "new_symptoms", "new-symptom")
    yield _flag(record, "risk.chest_rt_before_30", "chest_radiation_before_30")
    yield _family(record)
    yield _lifetime_risk(record)
    yield _birads(record)
    yield _open_birads(record)
    yield _flag(record, "rt.heart_in_field", "heart_in_radiation_field")
    yield _lvef_recorded(record)
    for side in SIDES:
        yield _followed_up(record, side)


def answer_on_demand(record: PatientRecord, name: str) -> Feature:
    """`taking.`, `had.`, `event.` and `active.` names."""
    prefix, _, key = name.partition(".")
    if prefix in ("event", "active"):
        events = record.events.get(key, ())
        if prefix == "active":
            events = tuple(event for event in events if event.value not in RESOLVED)
        denied = key in record.all_given
        coded = _bleeding_code(record) if key == "vaginal-bleeding" and not (events or denied) else None
        if coded is not None:
            return Feature(name, True, (coded,))
        if events:
            sources = tuple(source for event in events[:3] for source in event.sources)
            value = str(events[0].on) if events[0].on is not None else "recorded"
            return Feature(name, True, (Because(key, value, sources),))
        if not record.was_read(key):
            return Feature(name, None, (), (key,))
        return Feature(name, False, (Because(key, none_words(record, key)),))
    drugs = matching(record, key)
    cancer_drug = not drugs or any(drug in record.systemic for drug in drugs)
    where = "systemic" if cancer_drug and record.was_read("other_medications") else "other_medications"
    if prefix == "had":
        if drugs:
            return Feature(name, True, tuple(Because("systemic", drug.told, drug.sources) for drug in drugs))
        if not (record.was_read("systemic") and record.was_read("other_medications")):
            return Feature(name, None, (), (where,))
        return Feature(name, False, (Because(key, none_words(record, where)),))
    found = taken_now(record, name, drugs, where)
    if found.value is False and not drugs:
        return Feature(name, False, (Because(key, none_words(record, where)),))
    return found


def _bleeding_code(record: PatientRecord) -> Because | None:
    """Bleeding that the menopausal status itself was read from (ICD-10-CM N95.0)."""
    status = record.facts.get("menopausal_status")
    for row in status.sources if status is not None else ():
        if row.code is not None and "N95.0" in row.code:
            return Because("vaginal-bleeding", str(row.on or "recorded"), (row,))
    return None


def _lvef_recorded(record: PatientRecord) -> Feature:
    """Whether any ejection fraction was looked at since cardiotoxic drugs began."""
    drugs = [*matching(record, "anthracycline"), *matching(record, "her2")]
    starts = [drug.started_on for drug in drugs if drug.started_on is not None]
    first = min(starts, key=lambda day: day.earliest, default=None)
    found = [(study.on, study.sources) for study in (record.imaging.get("echocardiogram"),) if study is not None]
    for concept in ("echocardiogram", "muga", "lvef"):
        found.extend((event.on, event.sources) for event in record.events.get(concept, ()))
    for on, sources in found:
        if first is None or on is None or on.latest >= first.earliest:
            return Feature("lvef.recorded", True, (Because("echocardiogram", str(on or "recorded"), sources),))
    if not_looked_for(record, ("echocardiogram",)):
        return unknown("lvef.recorded")
    return Feature("lvef.recorded", False, (Because("echocardiogram", NONE_RECORDED),))


def _followed_up(record: PatientRecord, side: str) -> Feature:
    """Whether a mammogram of this breast is recorded after its treatment (else after the diagnosis)."""
    name = f"mammogram.after_treatment.{side}"
    end = breast_treatment_end(record) or latest_diagnosis(record)
    for done in done_before(record, "mammogram", side):
        if end is None or comes_after(done.on, end):
            return Feature(name, True, (Because("mammogram", str(done.on), done.sources),))
    if not record.was_read("mammogram") or done_without_date(record, ("mammogram",), side):
        return Feature(name, None, (), ("mammogram",))
    return Feature(name, False, (Because("mammogram", f"{NONE_RECORDED} since treatment"),))


def _metastasis(record: PatientRecord) -> Feature:
    fact = record.facts.get("metastasis")
    if fact is not None and fact.known:
        return Feature("mets", str(fact.value), (Because("metastasis", fact.value, fact.sources),))
    if not record.was_read("metastasis"):
        return unknown("mets")
    return Feature("mets", "none", (Because("metastasis", NONE_RECORDED),))


def _recurrence(record: PatientRecord) -> Feature:
    fact = record.facts.get("recurrence")
    if fact is not None and fact.known and str(fact.value) == "unspecified":
        return unknown("recurrence")
    if fact is not None and fact.known:
        return Feature("recurrence", str(fact.value), (Because("recurrence", fact.value, fact.sources),))
    if not record.was_read("recurrence"):
        return unknown("recurrence")
    return Feature("recurrence", "none", (Because("recurrence", NONE_RECORDED),))


def _flag(record: PatientRecord, name: str, fact_name: str, concept: str | None = None) -> Feature:
    """A yes-or-no event: a fact of that name, else events of that concept, else none recorded."""
    fact = record.facts.get(fact_name)
    if fact is not None and fact.known:
        holds = fact.value not in _NO and fact.value != []
        return Feature(name, holds, (Because(fact_name, fact.value, fact.sources),))
    events = record.events.get(concept or fact_name, ()) if fact_name != "pregnancy" else ()
    events = tuple(event for event in events if event.value not in RESOLVED)
    if events:
        return Feature(name, True, (Because(fact_name, "recorded", events[0].sources),))
    if not record.was_read(fact_name):
        return unknown(name)
    return Feature(name, False, (Because(fact_name, NONE_RECORDED),))


def _family(record: PatientRecord) -> Feature:
    for concept in _FAMILY:
        events = record.events.get(concept, ())
        if events:
            return Feature("risk.family_history", True, (Because("family_history", concept, events[0].sources),))
    return _flag(record, "risk.family_history", "family_history")


def _lifetime_risk(record: PatientRecord) -> Feature:
    fact = record.facts.get("lifetime_risk")
    if fact is not None and fact.known and isinstance(fact.value, (int, float)):
        because = (Because("lifetime_risk", fact.value, fact.sources),)
        return Feature("risk.lifetime_percent", fact.value >= 20, because)
    return Feature("risk.lifetime_percent", False, (Because("lifetime_risk", NONE_RECORDED),))


def _last_imaging(record: PatientRecord) -> ImagingStudy | None:
    return record.imaging.get("last_breast_imaging") or record.imaging.get("mammogram")


def _birads(record: PatientRecord) -> Feature:
    fact = record.facts.get("birads")
    if fact is not None and fact.known:
        return Feature("birads", str(fact.value), (Because("birads", fact.value, fact.sources),))
    return unknown("birads")


def _open_birads(record: PatientRecord) -> Feature:
    """
    The category, if it calls for something and nothing recorded since has answered it.

    A biopsy, an operation or the diagnosis itself on or after the study answers it: the suspicious study that led to
    the diagnosis is not an open finding.
    """
    name = "birads.open"
    fact = record.facts.get("birads")
    study = _last_imaging(record)
    value = str(fact.value) if fact is not None and fact.known else study.birads if study is not None else None
    if value not in _OPEN:
        if value is None and not record.was_read("birads"):
            return unknown(name)
        sources: tuple[Source, ...] = fact.sources if fact is not None else ()
        return Feature(name, "none", (Because("birads", value or NONE_RECORDED, sources),))
    sources = fact.sources if fact is not None and fact.known else study.sources if study is not None else ()
    because = (Because("birads", value, sources),)
    on = (fact.on if fact is not None and fact.known else None) or (study.on if study is not None else None)
    answered = on is not None and any(_not_before(day, on) for day in _answers(record))
    return Feature(name, "none" if answered else value, because)


def _answers(record: PatientRecord) -> Iterator[PartialDate]:
    diagnosed = latest_diagnosis(record)
    if diagnosed is not None:
        yield diagnosed
    for row in record.surgery:
        if row.on is not None:
            yield row.on
    for event in record.events.get("breast-biopsy", ()):
        if event.on is not None:
            yield event.on


def _not_before(day: PartialDate, study: PartialDate) -> bool:
    first: date = day.latest
    return first >= study.earliest
