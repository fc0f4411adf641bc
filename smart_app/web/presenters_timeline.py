"""
Which facts and which recommendations stand on the timeline.
"""

from __future__ import annotations

from collections.abc import Iterable

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Event, ImagingStudy, Medication, PatientRecord
from smart_app.clinical.recommendations import DueStatus, Recommendation, RecommendationKind
from smart_app.web.presenters_treatment import agent_kind, field_words, imaging_words
from smart_app.web.presenters_words import (
    AGENT_KINDS,
    CANCER_KINDS,
    IMAGING,
    SURGERY_KINDS,
    date_words,
    join_words,
    sentence_case,
    side_words,
)
from smart_app.web.timeline import Mark

MODALITIES = ("mammogram", "breast_mri", "breast_ultrasound", "dxa", "echocardiogram")
EVENT_CONCEPTS = {
    "mammogram": ("mammogram", "mammography"),
    "breast_mri": ("breast-mri",),
    "breast_ultrasound": ("breast-ultrasound",),
    "dxa": ("dxa",),
    "echocardiogram": ("echocardiogram",),
}
MAX_AHEAD = 6
NEXT = {
    "mammogram": "Next mammogram",
    "breast-mri": "Next breast MRI",
    "breast-ultrasound": "Next ultrasound",
    "dxa": "Next DXA",
    "echocardiogram": "Next echocardiogram",
    "clinic-visit": "Next clinic visit",
    "gynecology-review": "Gynecology review",
    "endocrine-duration-review": "Endocrine review",
    "cardiac-risk": "Heart review",
    "lipids": "Next lipid panel",
    "thyroid": "Next thyroid test",
    "cbc": "Next blood count",
    "qt-monitoring": "Next ECG",
}


def present_marks(record: PatientRecord, recommendations: Iterable[Recommendation]) -> tuple[Mark, ...]:
    """Done things in the order of treatment, then what lies ahead."""
    return (
        *_diagnoses(record),
        *_operations(record),
        *_drugs(record, ("chemotherapy",)),
        *_radiation(record),
        *_drugs(record, tuple(kind for kind in AGENT_KINDS if kind != "chemotherapy")),
        *_imaging(record),
        *_ahead(record, recommendations),
    )


def _diagnoses(record: PatientRecord) -> Iterable[Mark]:
    for cancer in record.cancers:
        if cancer.diagnosed_on is None:
            continue
        side = side_words(cancer.laterality)
        kind = CANCER_KINDS.get(cancer.kind, cancer.kind)
        what = f"{kind}{', ' + side if side else ''}"
        label = f"Diagnosis{', ' + side if side else ''}, {date_words(cancer.diagnosed_on)}"
        yield Mark("Diagnosis", "ring", cancer.diagnosed_on, None, label, what=what, kind="Diagnosis")


def _operations(record: PatientRecord) -> Iterable[Mark]:
    """Operations of one day share a mark."""
    days: dict[PartialDate, list[str]] = {}
    for operation in (*record.surgery, *record.axillary_surgery):
        if operation.on is None:
            continue
        kind = SURGERY_KINDS.get(operation.kind, sentence_case(operation.kind))
        side = side_words(operation.side)
        words = f"{kind}{', ' + side if side else ''}"
        names = days.setdefault(operation.on, [])
        if words not in names:
            names.append(words)
    for day, names in sorted(days.items(), key=lambda pair: pair[0].earliest):
        what = sentence_case("; ".join(names))
        short = names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}"
        yield Mark("Operation", "square", day, None, f"{short}, {date_words(day)}", what=what, kind="Operation")


def _radiation(record: PatientRecord) -> Iterable[Mark]:
    for course in record.radiation:
        start = course.started_on or course.ended_on
        if start is None:
            continue
        what = field_words(course)
        label = f"{what}, {date_words(course.ended_on or start)}"
        yield Mark("Radiation", "box", start, course.ended_on, label, what=what, kind="Radiation")


def _drugs(record: PatientRecord, kinds: tuple[str, ...]) -> Iterable[Mark]:
    for kind in kinds:
        drugs = [drug for drug in record.systemic if agent_kind(drug) == kind]
        if kind == "chemotherapy":
            yield from _courses(drugs)
        else:
            yield from (mark for drug in drugs if (mark := _drug(drug, kind, record)) is not None)


def _courses(drugs: list[Medication]) -> Iterable[Mark]:
    """Agents given over the same stretch are one course."""
    courses: dict[tuple[PartialDate | None, PartialDate | None], list[str]] = {}
    for drug in drugs:
        courses.setdefault((drug.started_on, drug.ended_on), []).append(drug.agent)
    for (start, end), agents in courses.items():
        begin = start or end
        if begin is None:
            continue
        names = sentence_case(join_words(agents))
        short = names if len(names) < 48 else f"{sentence_case(agents[0])} and {len(agents) - 1} more"
        yield Mark("Chemotherapy", "course", begin, end, short, what=names, kind="Chemotherapy")


def _drug(drug: Medication, kind: str, record: PatientRecord) -> Mark | None:
    lane = AGENT_KINDS[kind]
    start = drug.started_on or drug.ended_on
    if start is None:
        return None
    name = sentence_case(drug.agent)
    if drug.status == "active":
        end = PartialDate.from_date(record.as_of)
        return Mark(lane, "bar", start, end, f"{name}, active", "active", f"{name}, active", lane)
    words = "stopped" if drug.status == "stopped" else "status unknown"
    return Mark(lane, "bar", start, drug.ended_on, f"{name}, {words}", "stopped", f"{name}, {words}", lane)


def _imaging(record: PatientRecord) -> Iterable[Mark]:
    """A lane a modality; only the newest study of each carries a label."""
    for modality in MODALITIES:
        newest = record.imaging.get(modality)
        name = IMAGING[modality]
        seen: set[PartialDate] = set()
        for event in _studies(record, modality):
            if event.on is None or (newest and newest.on == event.on) or event.on in seen:
                continue
            seen.add(event.on)
            yield Mark(name, "dot", event.on, None, "", what=name, kind="Imaging")
        if newest is not None and newest.on is not None:
            yield _newest(name, newest, newest.on)


def _newest(name: str, study: ImagingStudy, on: PartialDate) -> Mark:
    result = imaging_words(study)
    side = side_words(study.side)
    what = ", ".join(text for text in (name, side, result) if text)
    label = f"{date_words(on.to_month())}{', ' + result if result else ''}"
    return Mark(name, "dot", on, None, label, what=what, kind="Imaging")


def _studies(record: PatientRecord, modality: str) -> Iterable[Event]:
    for concept in EVENT_CONCEPTS[modality]:
        yield from record.events.get(concept, ())


def _ahead(record: PatientRecord, recommendations: Iterable[Recommendation]) -> Iterable[Mark]:
    """The next dated things, overdue first: each as a window in its own lane."""
    dated = [
        item
        for item in recommendations
        if item.due is not None
        and item.kind is not RecommendationKind.NOT_ADVISED
        and item.status in (DueStatus.OVERDUE, DueStatus.DUE, DueStatus.UP_TO_DATE)
    ]
    order = {DueStatus.OVERDUE: 0, DueStatus.DUE: 1, DueStatus.UP_TO_DATE: 2}
    dated.sort(key=lambda item: (order[item.status], item.due.earliest if item.due else record.as_of))
    today = PartialDate.from_date(record.as_of)
    for item in dated[:MAX_AHEAD]:
        if item.due is None:
            continue
        side = f", {item.side}" if item.side in ("left", "right") else ""
        lane = item.title + side
        state = {DueStatus.OVERDUE: "overdue", DueStatus.DUE: "due"}.get(item.status, "later")
        label = f"Was due {date_words(item.due)}" if state == "overdue" else date_words(item.due)
        end = today if state == "overdue" else item.due
        what = f"{lane}: {'overdue' if state == 'overdue' else 'due' if state == 'due' else 'planned'}"
        yield Mark(next_lane(item.topic, item.title, side), "window", item.due, end, label, state, what, "Ahead")


def next_lane(topic: str, title: str, side: str) -> str:
    """The lane of what lies ahead: `Next mammogram`, and with a side `Mammogram, right`."""
    name = NEXT.get(topic, title)
    return short_lane(sentence_case(name.removeprefix("Next ")) + side if side else name)


def short_lane(text: str) -> str:
    """A lane's name that fits left of the drawing; the table has the whole one."""
    return text if len(text) <= 20 else f"{text[:19].rstrip()}…"
