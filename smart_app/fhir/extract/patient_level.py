"""What belongs to the patient, not to a tumor: menopause, uterus, pregnancy, density, heart, weight, smoking."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import IssueKind
from smart_app.fhir.extract.chart import Chart
from smart_app.fhir.extract.evidence import Finding
from smart_app.fhir.extract.observations import Reader, Result
from smart_app.fhir.extract.reports import Report
from smart_app.fhir.extract.text.imaging import birads_phrases, density_phrases, ejection_fraction_phrases
from smart_app.fhir.extract.text.phrases import Sentence
from smart_app.fhir.extract.text.sentences import sentences
from smart_app.fhir.extract.units import convert
from smart_app.fhir.extract.values import plain_number
from smart_app.fhir.resources import Resource, first_display, partial_date, when, words

_MENOPAUSE = re.compile(
    r"\b(?P<what>post|pre|peri)-?\s?menopausal?\b(?!\s+(?:bleeding|symptom|hormone|osteopor|atroph|vagin))"
    r"|\b(?P<before>before|after) menopause\b",
    re.IGNORECASE,
)
_NOT_NOW = re.compile(
    r"\b(?:mother|sister|aunt|family|if|when|once|until|until she|was premenopausal"
    r"|at (?:the )?(?:time of )?diagnosis|become|becomes|"
    r"history of|versus|vs|not|unknown|trial|women|patients)\b",
    re.IGNORECASE,
)
_PRESENT_ILLNESS = re.compile(r"\bhistory of (?:the )?present illness\b", re.IGNORECASE)
_DENIED = re.compile(r"\b(?:not|never|non)[ -]+(?:\w+\s+)?$", re.IGNORECASE)
_ONCOLOGY = re.compile(r"\b(?:oncolog\w*|breast|cancer|survivor\w*|hematology)\b", re.IGNORECASE)
_NOT_ONCOLOGY_VISIT = re.compile(
    r"\b(?:radiology|imaging|mammogra\w*|screening|laboratory|lab|infusion only|phone refill)\b", re.IGNORECASE
)


def _menopause(result: Result) -> Iterator[Finding]:
    value = result.answer.value_of("menopausal-status", "menopause-finding")
    words_ = " ".join(result.answer.words)
    if value is None:
        match = _MENOPAUSE.search(words_)
        if match and _DENIED.search(words_[: match.start()]):
            match = None
        if match and match["what"]:
            value = f"{match['what'].lower()}menopausal"
        elif match:
            value = {"before": "premenopausal", "after": "postmenopausal"}[match["before"].lower()]
        elif re.fullmatch(r"\s*(?:pre|peri|post)\s*", words_, re.IGNORECASE):
            value = f"{words_.strip().lower()}menopausal"
    if value is None:
        result.not_placed("no menopausal status")
        return
    yield result.finding("menopausal_status", value)


def _birads(result: Result) -> Iterator[Finding]:
    value = result.answer.value_of("birads-value")
    sub = None
    number = plain_number(result.answer)
    amount = result.answer.quantity
    number = number if number is not None else (amount.value if amount is not None and not amount.comparator else None)
    if value is None and number is not None and number in range(7):
        value = str(int(number))
    if value is None:
        for word in result.answer.words:
            match = re.fullmatch(r"\s*([0-6])\s?([ABC])?\s*(?:[-:(,].*)?", word, re.IGNORECASE)
            if match:
                value, sub = match[1], match[2].upper() if match[2] else None
                break
            for phrase in birads_phrases(Sentence(word)):
                value, sub = str(phrase.value), phrase.extra.get("sub")
    if value is None:
        result.not_placed("no BI-RADS category")
        return
    yield result.finding("birads", value, sub=sub)


def _density(result: Result) -> Iterator[Finding]:
    value = result.answer.value_of("breast-density-value")
    for word in result.answer.words if value is None else ():
        match = re.fullmatch(r"\s*(?:ACR\s*|category\s*|type\s*)?([a-d])\s*(?:[-:(,].*)?", word, re.IGNORECASE)
        if match:
            value = match[1].lower()
            break
        for phrase in density_phrases(Sentence(word)):
            value = str(phrase.value)
    if value is None:
        result.not_placed("no density from a to d")
        return
    yield result.finding("breast_density", value)


def _lvef(result: Result) -> Iterator[Finding]:
    amount = result.answer.quantity
    if amount is not None and not amount.comparator:
        converted = convert(result.chart.codes, "percent", amount)
        if converted.value is not None:
            yield result.finding("lvef_percent", converted.value)
            return
        result.chart.issue(
            IssueKind.UNIT, result.key, f"{result.title[:80]}: {converted.why}; shown as sent, not used."
        )
        result.not_placed("unit")
        return
    for word in result.answer.words:
        for phrase in ejection_fraction_phrases(Sentence(f"EF {word}")):
            yield result.finding("lvef_percent", phrase.value, **phrase.extra)
            return
    result.not_placed("no ejection fraction")


def _pregnancy(result: Result) -> Iterator[Finding]:
    said = " ".join(result.answer.words).lower()
    if re.search(r"\bnot pregnant\b|\bno\b", said):
        yield result.finding("pregnancy", "not-pregnant")
    elif "pregnant" in said:
        yield result.finding("pregnancy", "pregnant")


def _smoking(result: Result) -> Iterator[Finding]:
    value = result.answer.value_of("smoking-value")
    said = " ".join(result.answer.words).lower()
    if value is None:
        value = (
            "never"
            if "never" in said
            else "former"
            if re.search(r"\b(?:former|ex-|quit|past)\b", said)
            else "current"
            if re.search(r"\b(?:current|every day|some day|smokes|smoker)\b", said)
            else None
        )
    if value is not None and value != "unknown":
        yield result.finding("smoking", value)


def _bmi(result: Result) -> Iterator[Finding]:
    amount = result.answer.quantity
    if amount is None or amount.comparator:
        return
    converted = convert(result.chart.codes, "bmi", amount)
    if converted.value is None:
        result.chart.issue(
            IssueKind.UNIT, result.key, f"{result.title[:80]}: {converted.why}; shown as sent, not used."
        )
        return
    yield result.finding("bmi", round(converted.value, 1))


READERS: dict[str, Reader] = {
    "menopausal-status-test": _menopause,
    "birads-test": _birads,
    "breast-density-test": _density,
    "lvef": _lvef,
    "pregnancy-test": _pregnancy,
    "smoking-status": _smoking,
    "bmi": _bmi,
}


def menopause_in_notes(chart: Chart, reports: list[Report]) -> Iterator[Finding]:
    """ "Postmenopausal woman with …" in a note; a past or conditional mention says nothing."""
    for report in reports:
        if report.imaging or not _MENOPAUSE.search(report.whole):
            continue
        for sentence in sentences(report.whole):
            match = _MENOPAUSE.search(sentence.text)
            if match is None or match["what"] is None or sentence.section in ("family", "plan", "method"):
                continue
            if _NOT_NOW.search(_PRESENT_ILLNESS.sub(" ", sentence.text)):
                continue
            source = chart.source(
                report.key, report.resource, on=report.on, recorded=sentence.text, sentence=sentence.text
            )
            yield Finding("menopausal_status", f"{match['what'].lower()}menopausal", report.on, source, 1)


def family_history(chart: Chart) -> Iterator[Finding]:
    """Breast, ovarian and related cancers of relatives: never the patient's own."""
    for key, history in chart.of_type("FamilyMemberHistory"):
        if not chart.counts(key, history):
            continue
        relation = (words(history.get("relationship")) or ["relative"])[0]
        for condition in chart.unmodified(key, history.get("condition")):
            said = " ".join(words(condition.get("code")))
            rows = chart.rows(condition.get("code"))
            cancer = (
                "breast"
                if any(r.concept == "invasive-breast-cancer" for r in rows) or re.search(r"\bbreast\b", said, re.I)
                else None
            )
            cancer = cancer or next((c for c in ("ovarian", "ovary", "pancrea", "prostate") if c in said.lower()), None)
            if cancer is None or re.search(r"\bbenign\b", said, re.IGNORECASE):
                continue
            cancer = {"ovary": "ovarian", "pancrea": "pancreatic"}.get(cancer, cancer)
            source = chart.source(key, history, on=partial_date(history.get("date")), recorded=f"{relation}: {said}")
            age = condition.get("onsetAge")
            years = age.get("value") if isinstance(age, dict) else None
            concept = f"family-history-of-{cancer}-cancer"
            chart.event(concept, source.on, source, value=relation)
            yield Finding(
                "family_history",
                cancer,
                source.on,
                source,
                extra={"relation": relation, "age": float(years) if isinstance(years, (int, float)) else None},
            )


def visits_and_procedures(chart: Chart) -> None:
    """Events of Procedures, Immunizations, Encounters and reports: what was done, and when."""
    for key, resource in (*chart.procedures(), *chart.of_type("DiagnosticReport", "Immunization")):
        coded = resource.get("vaccineCode") if key.startswith("Immunization/") else resource.get("code")
        for concept in _event_concepts(chart, coded, key):
            if not chart.counts(key, resource) or (concept == "clinic-visit" and not _about_cancer(resource)):
                continue
            on = _done_on(resource)
            if on is None or on.earliest <= chart.as_of:
                chart.event(concept, on, chart.source(key, resource, on=on, recorded=" · ".join(words(coded)[:2])))
    for key, encounter in chart.of_type("Encounter"):
        if encounter.get("status") == "finished" and _about_cancer(encounter):
            start, end = when({"xPeriod": encounter.get("period")}, "x")
            on = start or end
            if on is not None and on.earliest <= chart.as_of:
                chart.event("clinic-visit", on, chart.source(key, encounter, on=on))


def _event_concepts(chart: Chart, coded: object, key: str) -> list[str]:
    rows = chart.rows(coded)
    found = [row.concept for row in rows if chart.concept(row).is_event and chart.concept(row).kind != "imaging"]
    if found or rows:
        return found
    kinds = ("immunization",) if key.startswith("Immunization/") else ("procedure", "observation", "near-miss")
    said = " ".join(words(coded)).lower()
    if not said or re.search(r"\b(?:referral|declined|planned|ordered|education)\b", said):
        return []
    return [
        concept.id
        for concept in chart.codes.concepts.values()
        if concept.kind in kinds
        and concept.is_event
        and any(
            re.search(
                rf"\b{re.escape(name)}"
                rf"\b",
                said,
            )
            for name in concept.names
        )
    ]


def _done_on(resource: Resource) -> PartialDate | None:
    for name in ("performed", "effective", "occurrence"):
        start, end = when(resource, name)
        if start or end:
            return start or end
    return None


def _about_cancer(resource: Resource) -> bool:
    said = (
        words(resource.get("type"))
        + words(resource.get("serviceType"))
        + words(resource.get("reasonCode"))
        + words(resource.get("code"))
    )
    shown = [
        first_display(resource.get("participant")),
        first_display(resource.get("serviceProvider")),
        first_display(resource.get("reasonReference")),
    ]
    joined = " ".join([*said, *[s for s in shown if s]])
    return bool(_ONCOLOGY.search(joined)) and not _NOT_ONCOLOGY_VISIT.search(joined)
