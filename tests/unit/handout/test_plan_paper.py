"""The whole plan on paper: nothing is left out, whatever its length."""

from __future__ import annotations

import io
from dataclasses import replace

import pikepdf
import pytest
from pypdf import PdfReader

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.plan import CarePlanDraft, Decision, PlanRow
from smart_app.clinical.recommendations import RecommendationKind
from smart_app.errors import MissingGlyphError
from smart_app.fhir.narrative import plan_sections
from smart_app.handout.pdf import render_plan_pdf
from smart_app.handout.plan_paper import PaperSection, PlanPaper, compose_plan_paper
from tests.unit.handout.handout_values import CLINIC, PERSON, TEMPLATES, TODAY, draft, recommendation, record

SIGNED = "Signed by Dr. Ada Clinician, Nov 25, 2026"


def row(key: str, title: str, decision: Decision = Decision.ACCEPT, **changes: object) -> PlanRow:
    plain = PlanRow(key, title, "other", decision, "Oncology", rule=key, due=PartialDate(2027, 4))
    return replace(plain, **changes)  # type: ignore[arg-type]


def paper(of: CarePlanDraft, *more: object) -> PlanPaper:
    sections = [PaperSection(part.title, part.lines, part.table) for part in plan_sections(of, record())]
    return compose_plan_paper(record(), more, of, sections, CLINIC, TODAY, standing=SIGNED, person=PERSON)  # type: ignore[arg-type]


def text_of(pdf: bytes) -> str:
    return " ".join("\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def printed(of: PlanPaper) -> tuple[str, int]:
    pdf, pages = render_plan_pdf(of, TEMPLATES, made_on=TODAY)
    assert len(PdfReader(io.BytesIO(pdf)).pages) == pages
    return text_of(pdf), pages


def test_everything_that_was_decided_written_or_left_open_is_printed() -> None:
    of = draft(
        row("visit", "Clinic visit", note="with her daughter", owner="primary-care"),
        row("dxa", "Bone density", Decision.DECLINE, reason="Done in May"),
        row("mri", "Breast MRI", Decision.UNDECIDED),
        row("markers", "Tumor markers", not_advised=True),
        goals=("Walk the lake loop",),
        concerns=("Sleep",),
        note="Call on Friday",
        overridden={"her2": "awaiting review"},
    )
    alert = recommendation("visit", "other", title="Clinic visit", kind=RecommendationKind.SAFETY_ALERT)
    text, _ = printed(paper(of, alert))
    for words in (
        SIGNED,
        "Clinic visit Apr 2027 Primary care",
        "with her daughter",
        "Bone density: Done in May",
        "Not decided",
        "Breast MRI",
        "Not advised",
        "Tumor markers",
        "Walk the lake loop",
        "Sleep",
        "Call on Friday",
        "her2: awaiting review",
        "SAFETY",
        "Cancer and treatment",
        "Why, and by which guideline",
        PERSON.name,
    ):
        assert words in text, words
    assert alert.citation.guideline in text


def test_a_long_plan_takes_more_pages_and_loses_no_row() -> None:
    of = draft(*(row(f"r{n}", f"Item number {n}.", note="word " * 90) for n in range(60)))
    text, pages = printed(paper(of))
    assert pages > 3
    assert all(f"Item number {n}." in text for n in range(60))
    assert text.count("word") == 60 * 90
    assert "more in the plan" not in text and "whole text in the plan" not in text
    assert f"Page 1 of {pages}" in text


def test_it_is_tagged_titled_without_the_patients_name_and_the_same_for_the_same_input() -> None:
    first, second = (render_plan_pdf(paper(draft(row("visit", "Visit"))), TEMPLATES, made_on=TODAY) for _ in range(2))
    assert first == second
    with pikepdf.open(io.BytesIO(first[0])) as pdf:
        assert str(pdf.docinfo["/Title"]) == "Breast cancer survivorship care plan"
        assert bool(pdf.Root.MarkInfo.Marked)


def test_text_is_text_and_what_no_font_holds_is_an_error_and_never_a_gap() -> None:
    text, _ = printed(paper(draft(row("visit", '#read("/etc/passwd") *x* $1$', note="[b](c)"))))
    assert '#read("/etc/passwd") *x* $1$' in text
    with pytest.raises(MissingGlyphError):
        render_plan_pdf(paper(draft(row("visit", "\U00013000"))), TEMPLATES, made_on=TODAY)
