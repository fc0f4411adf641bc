"""Radiation: course summaries and fractions to courses. Planning is none; other sites are none of the breast's."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from smart_app.clinical.codes import CodeRow
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import IssueKind, RadiotherapyCourse, Source
from smart_app.fhir.extract.chart import Chart
from smart_app.fhir.extract.evidence import date_key
from smart_app.fhir.extract.units import convert
from smart_app.fhir.resources import Resource, extensions, notes, objects, quantity, when, words

_WORDS = re.compile(
    r"\b(?:radiation (?:therapy|treatment|oncology treatment)|radiotherapy|irradiation|external beam|brachytherapy"
    r"|IMRT|XRT|EBRT|IORT|APBI|PMRT"
    r"|(?:breast|chest wall) radiation|radiation (?:to|of) (?:the )?(?:left |right )?(?:breast|chest)|"
    r"tomotherapy|proton (?:beam )?therapy)\b",
    re.IGNORECASE,
)
_NOT_TREATMENT = re.compile(
    r"\b(?:consult\w*|planning|simulation|referral|education|follow-?up|dosimetry|discussion|assessment|history"
    r"|marker|mapping|"
    r"injury|dermatitis|counsel\w*|management visit|(?:catheter|applicator|device) placement)\b",
    re.IGNORECASE,
)
_BREAST_FIELD = re.compile(
    r"\b(?:breasts?|chest wall|axilla\w*|supraclav\w*|internal mammary|IMN|thora(?:x|cic wall)|regional|nodal"
    r"|lymph node\w*|tumou?r bed|lumpectomy cavity)\b",
    re.IGNORECASE,
)
_OTHER_FIELD = re.compile(
    r"\b(?:[CTL][ -]?spine|spin(?:e|al)|vertebra\w*|sacr(?:um|al)|pelvi[sc]|hip|femur|femoral|humerus|ribs?|skull"
    r"|bones?|brain|cranial|head and neck|lungs?|liver|prostat\w*|thyroid|esophag\w*|rect(?:um|al)|cervi(?:x|cal)"
    r"|vagina\w*|endometri\w*|skin)\b",
    re.IGNORECASE,
)
_GAP_DAYS = 60


@dataclass(slots=True)
class _Course:
    side: str
    summary: bool
    start: PartialDate | None
    end: PartialDate | None
    sources: dict[str, Source] = field(default_factory=dict)
    fields: set[str] = field(default_factory=set)
    dose_gray: float | None = None
    sites: set[str] = field(default_factory=set)
    boost: bool = False


def read_radiation(chart: Chart, others: frozenset[str]) -> tuple[RadiotherapyCourse, ...]:
    """Courses of the breast cancer; radiation of other sites becomes an event."""
    summaries: list[_Course] = []
    fractions: list[_Course] = []
    for key, procedure in chart.procedures():
        if not _is_radiation(chart, procedure) or not chart.counts(key, procedure):
            continue
        if _of_another_cancer(chart, procedure, others):
            continue
        course = _course(chart, key, procedure)
        if course is None:
            continue
        (summaries if course.summary else fractions).append(course)
    courses = _merge_summaries(summaries)
    for group in _groups(fractions):
        home = next((c for c in courses if _within(c, group)), None)
        if home is None:
            courses.append(group)
        else:
            home.sources.update(group.sources)
    rows = [_row(course) for course in courses]
    return tuple(sorted(rows, key=lambda r: (date_key(r.started_on), r.side, r.sources[0].reference)))


def _is_radiation(chart: Chart, procedure: Resource) -> bool:
    rows = chart.rows(procedure.get("code"))
    if any(chart.concept(row).kind == "radiation" for row in rows):
        return True
    said = words(procedure.get("code"))
    return not rows and any(_WORDS.search(word) and not _NOT_TREATMENT.search(word) for word in said)


def _of_another_cancer(chart: Chart, procedure: Resource, others: frozenset[str]) -> bool:
    reasons = set(chart.resolve(procedure.get("reasonReference")))
    if reasons and reasons <= others:
        return True
    rows = chart.rows(procedure.get("reasonCode"))
    return bool(rows) and all(row.concept == "other-cancer" for row in rows)


def _course(chart: Chart, key: str, procedure: Resource) -> _Course | None:
    start, end = when(procedure, "performed")
    if start is not None and start.earliest > chart.as_of:
        chart.issue(IssueKind.DATE, key, f"The radiation date {start} lies in the future; it is not used.")
        return None
    rows = [row for row in chart.rows(procedure.get("code")) if chart.concept(row).kind == "radiation"]
    said = words(procedure.get("code"))
    source = chart.source(
        key, procedure, on=start, code=str(rows[0]) if rows else None, recorded=said[0] if said else None
    )
    site_words = words(procedure.get("bodySite")) + _volume_words(chart, procedure)
    site_rows = [row for row in chart.rows(procedure.get("bodySite")) if row.concept == "laterality"]
    elsewhere = bool(site_words) and not site_rows and not any(_BREAST_FIELD.search(word) for word in site_words)
    titled = not site_words and not site_rows and any(map(_OTHER_FIELD.search, said))
    if elsewhere or (titled and not any(map(_BREAST_FIELD.search, said))):
        chart.event("radiation-other-site", start, source, value=(site_words or said)[0][:80])
        return None
    if _is_of_unsaid_site(chart, rows, bool(site_words or site_rows), said):
        chart.unplaced(source, "Radiation without its site", said[0] if said else str(rows[0]))
        return None
    summary = any(chart.concept(row).attributes.get("course") for row in rows)
    side = next((row.side for row in rows if row.side), None) or chart.side(procedure, *said)
    course = _Course(side, summary, start, end, {key: source})
    course.fields = {word for word in site_words if _BREAST_FIELD.search(word)}
    course.dose_gray = _dose(chart, key, procedure)
    course.boost = any(re.search(r"\bboost\b", word, re.IGNORECASE) for word in (*said, *site_words, *notes(procedure)))
    return course


def _is_of_unsaid_site(chart: Chart, rows: list[CodeRow], sited: bool, said: list[str]) -> bool:
    """Whether a treatment that is mostly given to other organs says nothing of where: it is listed, and not counted."""
    elsewhere = bool(rows) and all(chart.concept(row).attributes.get("site_needed") for row in rows)
    return elsewhere and not sited and not any(map(_BREAST_FIELD.search, said))


def _volume_words(chart: Chart, procedure: Resource) -> list[str]:
    """Fields of the dose given to volumes, as mCODE course summaries hold them."""
    found = []
    for extension in extensions(procedure, "radiotherapy-dose-delivered-to-volume"):
        for part in objects(extension.get("extension")):
            volume = chart.contained(procedure, part.get("valueReference"))
            if volume is not None:
                found += words(volume.get("location")) + words([volume.get("description")])
    return [word for word in found if word]


def _dose(chart: Chart, key: str, procedure: Resource) -> float | None:
    doses = []
    for extension in extensions(procedure, "radiotherapy-dose-delivered-to-volume"):
        for part in objects(extension.get("extension")):
            if str(part.get("url", "")).endswith("totalDoseDelivered"):
                amount = quantity(part.get("valueQuantity"))
                if amount is None:
                    continue
                converted = convert(chart.codes, "dose-gray", amount)
                if converted.value is None:
                    chart.issue(IssueKind.UNIT, key, f"Radiation dose: {converted.why}; shown as sent, not used.")
                else:
                    doses.append(converted.value)
    return max(doses) if doses else None


def _merge_summaries(summaries: list[_Course]) -> list[_Course]:
    merged: list[_Course] = []
    for course in sorted(summaries, key=lambda c: (date_key(c.start), date_key(c.end), c.side, min(c.sources))):
        same = next(
            (
                c
                for c in merged
                if (c.start == course.start and c.end == course.end and _sides(c.side, course.side) and course.start)
                or (course.boost and c.start is not None and _sides(c.side, course.side) and _continues(c, course))
            ),
            None,
        )
        if same is None:
            merged.append(course)
        else:
            _absorb(same, course)
            if course.end is not None and same.end is not None and course.end.latest > same.end.latest:
                same.end = course.end
    return merged


def _sides(one: str, other: str) -> bool:
    return one == other or "unknown" in (one, other)


def _absorb(home: _Course, course: _Course) -> None:
    home.sources.update(course.sources)
    home.fields |= course.fields
    if home.side == "unknown":
        home.side = course.side
    if course.dose_gray is not None:
        home.dose_gray = max(home.dose_gray or 0.0, course.dose_gray)


def _groups(fractions: list[_Course]) -> Iterator[_Course]:
    """Fractions of one side with less than two months between them are one course."""
    open_courses: list[_Course] = []
    ordered = sorted(
        fractions, key=lambda c: (date_key(c.start), date_key(c.end), c.side == "unknown", c.side, min(c.sources))
    )
    for fraction in ordered:
        home = next((c for c in open_courses if _sides(c.side, fraction.side) and _continues(c, fraction)), None)
        if home is None:
            open_courses.append(fraction)
            continue
        last = fraction.end or fraction.start
        _absorb(home, fraction)
        if home.start is None:
            home.start = fraction.start
        if last is not None and (home.end is None or last.latest > home.end.latest):
            home.end = last
    yield from open_courses


def _continues(course: _Course, fraction: _Course) -> bool:
    last = course.end or course.start
    if last is None or fraction.start is None:
        return last is None and fraction.start is None
    return (fraction.start.earliest - last.latest).days <= _GAP_DAYS


def _within(course: _Course, group: _Course) -> bool:
    """Whether fractions lie inside a course summary."""
    if not _sides(course.side, group.side) or course.start is None or group.start is None:
        return False
    end = course.end or course.start
    return course.start.earliest <= group.start.latest and group.start.earliest <= end.latest


def _row(course: _Course) -> RadiotherapyCourse:
    return RadiotherapyCourse(
        side=course.side,
        started_on=course.start,
        ended_on=course.end,
        sources=tuple(course.sources[key] for key in sorted(course.sources)),
        field=tuple(sorted(course.fields)),
        dose_gray=course.dose_gray,
    )
