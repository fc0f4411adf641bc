"""Imaging: the newest completed study of each kind, with BI-RADS of that study; further studies become events."""

from __future__ import annotations

import re
from dataclasses import dataclass

from smart_app.clinical.codes import CodeRow
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Event, ImagingStudy, IssueKind, Source
from smart_app.fhir.extract.chart import Chart, side_by_codes, taken_on
from smart_app.fhir.extract.evidence import Finding, date_key
from smart_app.fhir.extract.reports import Report
from smart_app.fhir.extract.text.imaging import (
    birads_phrases,
    density_phrases,
    ejection_fraction_phrases,
    worse_category,
)
from smart_app.fhir.extract.text.phrases import Phrase
from smart_app.fhir.extract.text.sentences import sentences, side_of_title
from smart_app.fhir.resources import Resource, as_list, notes, objects, partial_date, text, when, words

KINDS = ("mammogram", "breast_mri", "breast_ultrasound", "dxa", "echocardiogram")
BREAST_KINDS = ("mammogram", "breast_ultrasound", "breast_mri")
_EVENT_OF = {
    "mammogram": "mammogram",
    "breast_mri": "breast-mri",
    "breast_ultrasound": "breast-ultrasound",
    "dxa": "dxa",
    "echocardiogram": "echocardiogram",
}
_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        (
            "mammogram",
            r"\bmammo(?:gram|graphy|graphic)?s?\b|\bbreast tomosynthesis\b|^MG\b|\bMAM\b"
            r"|\bdigital breast tomo",
        ),
        ("breast_mri", r"\b(?:MRI?|magnetic resonance)\b.*\bbreasts?\b|\bbreasts?\b.*\b(?:MRI?|magnetic resonance)\b"),
        (
            "breast_ultrasound",
            r"\b(?:US|ultrasound|sonogra\w+|ultrasonograph\w+)\b.*\bbreasts?\b"
            r"|\bbreasts?\b.*\b(?:US|ultrasound|sonogra\w+)\b",
        ),
        ("dxa", r"\b(?:dxa|dexa)\b|\bbone densit\w+|\babsorptiometry\b"),
        ("echocardiogram", r"\bechocardiogra\w+|\btransthoracic echo\b|\bTTE\b|^echo\b"),
    )
)
_NOT_A_STUDY = re.compile(
    r"\b(?:biops\w*|guided|guidance|aspirat\w*|locali[sz]ation|clip|wire|marker|seed placement|referral|order\w*"
    r"|reminder|declin\w*|body comp\w*|"
    r"schedul\w*|consult\w*|counsel\w*|education|history|specimen|recommend\w*|needle|galactogra\w*)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Seen:
    """One resource that tells of a study."""

    kind: str
    on: PartialDate | None
    side: str
    birads: str | None
    sub: str | None
    source: Source


@dataclass(frozen=True, slots=True)
class Imaging:
    """Newest study of each kind, all of them as events, and findings of reports."""

    newest: dict[str, ImagingStudy | None]
    findings: tuple[Finding, ...]


def read_imaging(chart: Chart, reports: list[Report], observed: list[Finding]) -> Imaging:
    """`observed` are BI-RADS findings of Observations: they belong to the study of their day."""
    findings: list[Finding] = []
    seen = [*_from_reports(chart, reports, findings), *_from_others(chart)]
    studies = {kind: _studies(kind, seen, observed, chart) for kind in KINDS}
    for kind, rows in studies.items():
        for study in rows:
            chart.events.setdefault(_EVENT_OF[kind], set()).add(
                Event(_EVENT_OF[kind], study.on, study.sources, study.side, study.birads)
            )
    newest: dict[str, ImagingStudy | None] = {kind: (rows[0] if rows else None) for kind, rows in studies.items()}
    newest["last_breast_imaging"] = _last_breast([row for kind in BREAST_KINDS for row in studies[kind]])
    return Imaging(newest, tuple(findings))


def kind_of_study(chart: Chart, concept: object, *more: str) -> tuple[str, CodeRow | None] | None:
    """Kind of study by code, else by its words; guided biopsies and orders are none."""
    rows = chart.rows(concept)
    for row in rows:
        kind = chart.concept(row).attributes.get("imaging")
        if kind:
            return str(kind), row
    if any(chart.concept(row).kind in ("near-miss", "surgery") for row in rows):
        return None
    for word in (*words(concept), *more):
        if _NOT_A_STUDY.search(word):
            return None
        for kind, pattern in _WORDS:
            if pattern.search(word):
                return kind, None
    return None


def _from_reports(chart: Chart, reports: list[Report], findings: list[Finding]) -> list[_Seen]:
    seen = []
    for report in reports:
        coded = (
            report.resource.get("code") if report.key.startswith("DiagnosticReport/") else report.resource.get("type")
        )
        kind = kind_of_study(chart, coded, *([report.title] if report.title else []))
        if kind is None:
            continue
        phrases = [p for s in sentences(report.whole) if s.section not in ("history", "family") for p in _phrases(s)]
        birads, sub = _birads_of(chart, report.resource, phrases)
        side = _study_side(chart, report.resource, kind[1], words(coded))
        source = chart.source(report.key, report.resource, on=report.on, code=str(kind[1]) if kind[1] else report.title)
        if (
            report.key.startswith("DocumentReference/")
            and kind[1] is None
            and birads is None
            and kind[0] in BREAST_KINDS
        ):
            continue
        seen.append(_Seen(kind[0], report.on, side, birads, sub, source))
        for phrase in phrases:
            if phrase.name in ("breast_density", "lvef_percent") and (phrase.name == "lvef_percent") == (
                kind[0] == "echocardiogram"
            ):
                text_source = chart.source(report.key, report.resource, on=report.on, sentence=phrase.sentence.text)
                findings.append(Finding(phrase.name, phrase.value, report.on, text_source, 3, extra=phrase.extra))
    return seen


def _phrases(sentence: object) -> list[Phrase]:
    return [*birads_phrases(sentence), *density_phrases(sentence), *ejection_fraction_phrases(sentence)]  # type: ignore[arg-type]


def _birads_of(chart: Chart, resource: Resource, phrases: list[Phrase]) -> tuple[str | None, str | None]:
    """Coded category first; of the words the overall one, else the one that asks for most."""
    coded = [
        row.value for row in chart.rows(resource.get("conclusionCode")) if row.concept == "birads-value" and row.value
    ]
    own = [p for p in phrases if p.name == "birads"]
    if coded:
        category = coded[0]
        for other in coded[1:]:
            category = worse_category(category, other)
        return category, next((str(p.extra["sub"]) for p in own if p.value == category and "sub" in p.extra), None)
    for word in words(resource.get("conclusionCode")):
        for sentence in sentences(word):
            own.extend(birads_phrases(sentence))
    overall = [p for p in own if p.extra.get("overall")] or own
    if not overall:
        return None, None
    category = str(overall[0].value)
    for phrase in overall[1:]:
        category = worse_category(category, str(phrase.value))
    subs = sorted(str(p.extra["sub"]) for p in overall if p.value == category and "sub" in p.extra)
    return category, subs[-1] if subs else None


def _study_side(chart: Chart, resource: Resource, row: CodeRow | None, said: list[str]) -> str:
    if row is not None and row.side:
        return row.side
    side = chart.side(resource, *said)
    if side != "unknown":
        return side
    by_series = {
        found
        for series in objects(resource.get("series"))
        for found in [side_by_codes(chart.codes, {"laterality": as_list(series.get("laterality"))})]
        if found
    }
    if by_series:
        return "bilateral" if len(by_series) > 1 else by_series.pop()
    return next((found for found in map(side_of_title, said) if found), "unknown")


def _from_others(chart: Chart) -> list[_Seen]:
    """Studies told by Procedures, ImagingStudies and Observations."""
    seen = []
    for key, resource in (*chart.procedures(), *chart.of_type("ImagingStudy", "Observation")):
        kind = _other_kind(chart, key, resource)
        if kind is None or not chart.counts(key, resource):
            continue
        if resource.get("resourceType") == "Procedure" and resource.get("status") != "completed":
            continue
        start, end = when(resource, "performed")
        on = start or end or taken_on(resource) or partial_date(resource.get("started"))
        if on is not None and on.earliest > chart.as_of:
            chart.issue(IssueKind.DATE, key, f"The study date {on} lies in the future; the study is not used.")
            continue
        side = _study_side(chart, resource, kind[1], words(resource.get("code")) + words([resource.get("description")]))
        source = chart.source(key, resource, on=on, code=str(kind[1]) if kind[1] else None)
        birads, sub = _own_birads(chart, resource) if kind[0] in BREAST_KINDS else (None, None)
        seen.append(_Seen(kind[0], on, side, birads, sub, source))
    return seen


def _own_birads(chart: Chart, resource: Resource) -> tuple[str | None, str | None]:
    """The category that the value or a note of a study's own resource states."""
    said = [*words(resource.get("valueCodeableConcept")), *notes(resource)]
    said += [found for found in [text(resource.get("valueString"))] if found]
    phrases = [phrase for word in said for sentence in sentences(word) for phrase in birads_phrases(sentence)]
    return _birads_of(chart, {"conclusionCode": as_list(resource.get("valueCodeableConcept"))}, phrases)


def _other_kind(chart: Chart, key: str, resource: Resource) -> tuple[str, CodeRow | None] | None:
    if key.startswith("Observation/"):
        row = next((row for row in chart.rows(resource.get("code")) if chart.concept(row).kind == "imaging"), None)
        return (str(chart.concept(row).attributes["imaging"]), row) if row is not None else None
    if not key.startswith("ImagingStudy/"):
        return kind_of_study(chart, resource.get("code"))
    found = kind_of_study(chart, resource.get("procedureCode"), *[t for t in [text(resource.get("description"))] if t])
    if found is not None:
        return found
    codes = {str(item.get("code")) for item in objects(resource.get("modality"))}
    codes |= {
        str(s["modality"].get("code")) for s in objects(resource.get("series")) if isinstance(s.get("modality"), dict)
    }
    if "MG" in codes:
        return "mammogram", None
    if not _of_breast(chart, resource):
        return None
    return ("breast_mri", None) if "MR" in codes else ("breast_ultrasound", None) if "US" in codes else None


def _of_breast(chart: Chart, study: Resource) -> bool:
    """Whether every series with a body site names the breast, and one does."""
    sites = [series["bodySite"] for series in objects(study.get("series")) if series.get("bodySite") is not None]
    named = [
        any(row.concept == "laterality" and "breast" in row.display.lower() for row in chart.rows(as_list(site)))
        or bool(re.search(r"\bbreast", " ".join(words(site)), re.IGNORECASE))
        for site in sites
    ]
    return bool(named) and all(named)


def _studies(kind: str, seen: list[_Seen], observed: list[Finding], chart: Chart) -> list[ImagingStudy]:
    """Resources of one kind and day are one study, newest first; a day without a side joins one with."""
    by_day: dict[str, list[_Seen]] = {}
    for item in seen:
        if item.kind == kind:
            by_day.setdefault(date_key(item.on), []).append(item)
    rows = []
    for day in sorted(by_day, reverse=True):
        group = sorted(by_day[day], key=lambda s: s.source.reference)
        sources = {item.source.reference: item.source for item in group}
        categories = [(item.birads, item.sub) for item in group if item.birads is not None]
        if not categories and kind in BREAST_KINDS and day:
            for finding in observed:
                if date_key(finding.on) == day:
                    categories.append((str(finding.value), finding.extra.get("sub")))
                    sources[finding.source.reference] = finding.source
        birads = sub = None
        for category, letter in categories:
            birads = category if birads is None else worse_category(birads, str(category))
            sub = letter if birads == category and letter else sub
        rows.append(
            ImagingStudy(
                modality={"mammogram": "MG", "breast_mri": "MR", "breast_ultrasound": "US", "dxa": "DXA"}.get(
                    kind, "US"
                ),
                on=group[0].on,
                side=_merged_side([item.side for item in group]),
                birads=birads,
                sources=tuple(sources[key] for key in sorted(sources)),
                sub=sub if birads == "4" else None,
            )
        )
    return rows


def _merged_side(sides: list[str]) -> str:
    known = {side for side in sides if side != "unknown"}
    if "bilateral" in known or known >= {"left", "right"}:
        return "bilateral"
    return known.pop() if known else "unknown"


def _last_breast(studies: list[ImagingStudy]) -> ImagingStudy | None:
    """The newest study of a breast; of one day the one with a category, then the mammogram."""
    order = {"MG": 2, "US": 1, "MR": 0}
    ranked = sorted(
        studies, key=lambda s: (date_key(s.on), s.birads is not None, order.get(s.modality, 0)), reverse=True
    )
    return ranked[0] if ranked else None
