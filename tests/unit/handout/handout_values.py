"""Hand-built values for the tests of handout, handover and calendar: a usual patient, and how to change her."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from smart_app.clinical.clinic import ClinicContacts
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.education import ChosenParagraph, Paragraph, choose_paragraphs
from smart_app.clinical.facts import (
    CancerRecord,
    Fact,
    FactState,
    FactValue,
    Medication,
    Patient,
    PatientRecord,
    RadiotherapyCourse,
    Scope,
    Surgery,
)
from smart_app.clinical.features import derive_features
from smart_app.clinical.plan import CarePlanDraft
from smart_app.clinical.recommendations import Citation, DueStatus, Recommendation, RecommendationKind
from smart_app.handout.blocks import Handout, Person
from smart_app.handout.handout import compose_handout
from smart_app.knowledge.education import load_education

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = ROOT / "templates"
TODAY = date(2026, 11, 25)
EDUCATION: tuple[Paragraph, ...] = load_education(TEMPLATES / "education")
CLINIC = ClinicContacts(
    name="Lakeside Test Health",
    phone="555-555-0142",
    phone_hours="weekdays 8 to 5",
    after_hours_phone="555-555-0143",
    primary_care_name="Dr. Pat Primary",
    primary_care_phone="555-555-0177",
)
PERSON = Person("Mary Ellen Sample", PartialDate(1974, 9, 9))


def fact(name: str, value: Any, **extra: Any) -> Fact:
    return Fact(name, FactState.DOCUMENTED, value, extra=extra)


def conflict(name: str, *values: Any) -> Fact:
    return Fact(name, FactState.CONFLICTING, others=tuple(FactValue(value, PartialDate(2022, 6)) for value in values))


def missing(name: str) -> Fact:
    return Fact(name, FactState.NOT_FOUND)


def cancer(kind: str = "invasive", side: str = "left", **facts: Fact) -> CancerRecord:
    usual = {"er": fact("er", "positive"), "pr": fact("pr", "positive"), "her2": fact("her2", "negative")}
    return CancerRecord(kind, side, PartialDate(2022, 5, 12), (), {**usual, **facts})


def record(**changes: Any) -> PatientRecord:
    """A woman after lumpectomy, chemotherapy and radiation of the left breast, on tamoxifen."""
    usual = PatientRecord(
        as_of=TODAY,
        patient=Patient(PartialDate(1974, 9, 9), "female"),
        scope=Scope(),
        cancers=(cancer(),),
        facts={"menopausal_status": fact("menopausal_status", "postmenopausal"), "germline": missing("germline")},
        surgery=(Surgery("breast-conserving", "left", PartialDate(2022, 6, 14), ()),),
        axillary_surgery=(Surgery("sentinel-node-biopsy", "left", PartialDate(2022, 6, 14), ()),),
        radiation=(RadiotherapyCourse("left", PartialDate(2022, 11, 7), PartialDate(2022, 12, 9), ()),),
        systemic=(
            drug("docetaxel", "taxane", "chemotherapy", start=(2022, 7), end=(2022, 9)),
            drug("cyclophosphamide", "chemotherapy", start=(2022, 7), end=(2022, 9)),
            drug("anastrozole", "aromatase-inhibitor", "endocrine", start=(2023, 1), end=(2024, 3)),
            drug("tamoxifen", "serm", "endocrine", start=(2024, 4, 3)),
        ),
    )
    return replace(usual, **changes)


def drug(agent: str, *classes: str, start: tuple[int, ...], end: tuple[int, ...] | None = None) -> Medication:
    stopped = PartialDate(*end) if end else None
    return Medication(agent, classes, "stopped" if end else "active", PartialDate(*start), stopped, ())


CITATION = Citation("ACS/ASCO", 2016, "2A")


def recommendation(rule: str, topic: str, **changes: Any) -> Recommendation:
    usual = Recommendation(
        rule=rule,
        row="V-01",
        topic=topic,
        kind=RecommendationKind.SURVEILLANCE,
        title=rule.replace("-", " "),
        says="Do it.",
        why="Because.",
        status=DueStatus.DUE,
        owner="oncology",
        citation=CITATION,
    )
    return replace(usual, **changes)


def recommendations() -> tuple[Recommendation, ...]:
    return (
        recommendation(
            "mammogram-annual",
            "mammogram",
            status=DueStatus.OVERDUE,
            due=PartialDate(2026, 8),
            side="both",
            interval_months=(12, 12),
            chosen_months=12,
        ),
        recommendation("visit", "clinic-visit", due=PartialDate(2026, 12), interval_months=(6, 12), chosen_months=6),
        recommendation(
            "gynecology",
            "gynecology-review",
            status=DueStatus.UP_TO_DATE,
            due=PartialDate(2027, 1, 14),
            owner="gynecology",
            interval_months=(12, 12),
        ),
        recommendation("fatigue-screen", "fatigue", kind=RecommendationKind.SUPPORTIVE),
        recommendation(
            "no-markers", "routine-tumor-markers", kind=RecommendationKind.NOT_ADVISED, status=DueStatus.NOT_INDICATED
        ),
        recommendation("genes", "genetic-counseling", status=DueStatus.CANNOT_TELL, missing=("germline",)),
        recommendation("paroxetine", "cyp2d6-interaction", kind=RecommendationKind.SAFETY_ALERT),
    )


def chosen(of: PatientRecord, language: str = "en", *, include_hidden: bool = False) -> tuple[ChosenParagraph, ...]:
    return choose_paragraphs(
        EDUCATION, derive_features(of), of, of.as_of, language=language, include_hidden=include_hidden
    )


def handout(of: PatientRecord | None = None, language: str = "en", **changes: Any) -> Handout:
    of = of or record()
    given: dict[str, Any] = {
        "recommendations": recommendations(),
        "draft": None,
        "chosen": chosen(of, language),
        "clinic": CLINIC,
        "checked_by": "Dr. Ada Clinician",
        "person": PERSON,
        **changes,
    }
    return compose_handout(of, language=language, today=of.as_of, templates=TEMPLATES, **given)


def all_text(of: Any) -> str:
    """Every text that a patient reads, one a line."""
    data = asdict(of) if is_dataclass(of) else of
    if isinstance(data, str):
        return data
    if isinstance(data, dict):
        skipped = ("left_off", "not_reviewed", "language", "direction", "key", "iso")
        return "\n".join(all_text(value) for key, value in data.items() if key not in skipped)
    if isinstance(data, (list, tuple)):
        return "\n".join(all_text(value) for value in data)
    return ""


def draft(*rows: Any, **changes: Any) -> CarePlanDraft:
    usual = CarePlanDraft(identifier="urn:uuid:0b8f6a52-3f0e-4d3c-9a41-2f5b7d0c9e11", version=3, rows=rows)
    return replace(usual, **changes)
