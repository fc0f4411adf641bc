"""Handout and handover of every sample patient, in both languages and sizes: readable, whole, and nothing forbidden."""

from __future__ import annotations

import io
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

import pytest
from pypdf import PdfReader

from sandbox.patients import SamplePatient, sample_patients
from smart_app.clinical.education import choose_paragraphs
from smart_app.clinical.facts import PatientRecord
from smart_app.clinical.features import derive_features
from smart_app.clinical.patient_language import forbidden_statements
from smart_app.clinical.readability import MAX_SMOG, MIN_SPANISH_EASE, fernandez_huerta_ease, smog_grade
from smart_app.clinical.recommendations import Recommendation
from smart_app.clinical.rules import evaluate_rules
from smart_app.clinical.schedule import ClinicDefaults
from smart_app.fhir.extract import extract_record
from smart_app.handout.blocks import Handout, Person, TextSection
from smart_app.handout.handout import compose_handout
from smart_app.handout.handover import compose_handover
from smart_app.handout.messages import load_words
from smart_app.handout.pdf import render_handover_pdf, render_pdf
from smart_app.handout.reading import easy_words, handout_text
from smart_app.knowledge import default_paths, load_knowledge
from tests.unit.handout.handout_values import CLINIC, TEMPLATES, all_text

AS_OF = date(2026, 11, 25)
PATIENTS = {patient.id: patient for patient in sample_patients(AS_OF) if patient.expected.applies}
KNOWLEDGE = load_knowledge(default_paths().mappings, default_paths().education)
NUMBERS = re.compile(r"\d\s*%|\bpercent\b|por ciento|\b\d+ (?:in|of|out of|de cada) \d+\b", re.IGNORECASE)
SPREAD = re.compile(r"metast|stage iv|estadio iv|has spread|se ha extendido|incurable|terminal", re.IGNORECASE)
FOR_WOMEN = re.compile(r"vagin|womb|uterus|útero|pregnan|embaraz|menopaus|women|mujer|\bperiods?\b|\bregla\b", re.I)
FOOT = 58.0
SIZES = {"us-letter": (612.0, 792.0), "a4": (595.28, 841.89)}


@lru_cache(maxsize=64)
def read(patient: str) -> tuple[PatientRecord, tuple[Recommendation, ...]]:
    """Facts and recommendations of a sample patient."""
    record = extract_record(list(PATIENTS[patient].iter_resources()), KNOWLEDGE.codes, AS_OF)
    return record, tuple(evaluate_rules(KNOWLEDGE.rules, record, ClinicDefaults()))


def handout_of(patient: SamplePatient, language: str, *, more: bool = False) -> Handout:
    record, recommendations = read(patient.id)
    chosen = choose_paragraphs(KNOWLEDGE.education, derive_features(record), record, AS_OF, language=language)
    return compose_handout(
        record, recommendations, None, chosen, CLINIC, language, AS_OF, "Dr. Ada Clinician",
        templates=TEMPLATES, person=Person(patient.name, record.patient.birth_date), more=more,
    )  # fmt: skip


def squeezed(text: str) -> str:
    """NFC without spaces, soft signs and hyphens of line breaks."""
    signs = unicodedata.normalize("NFC", text)
    return "".join(sign for sign in signs if not sign.isspace() and unicodedata.category(sign) != "Cf")


@dataclass(frozen=True)
class Drawn:
    """What stands on the pages of a PDF: text by page, letters by size, the foot of all pages, outermost base lines."""

    pages: tuple[str, ...]
    sizes: Counter[float]
    foot: str
    lowest: float
    highest: float
    box: tuple[float, float]


def drawn(pdf: bytes) -> Drawn:
    sizes: Counter[float] = Counter()
    heights: list[float] = []
    foot: list[str] = []

    def visit(text: str, cm: Any, matrix: list[float], _font: Any, size: float) -> None:
        if text.strip():
            sizes[round(size * abs(matrix[3]), 1)] += len(text)
            heights.append(matrix[4] * cm[1] + matrix[5] * cm[3] + cm[5])
            if heights[-1] < FOOT:
                foot.append(text)

    reader = PdfReader(io.BytesIO(pdf))
    pages = tuple(page.extract_text(visitor_text=visit) for page in reader.pages)
    box = reader.pages[0].mediabox
    return Drawn(pages, sizes, "".join(foot), min(heights), max(heights), (float(box.width), float(box.height)))


def stands_in(part: str, told: str) -> bool:
    """Whether the text is there, whole or torn once by the end of a page."""
    return part in told or any(part[:at] in told and part[at:] in told for at in range(1, len(part)))


every_patient = pytest.mark.parametrize("patient", PATIENTS.values(), ids=lambda patient: patient.id)
both_languages = pytest.mark.parametrize("language", ["en", "es"])


@every_patient
@both_languages
@pytest.mark.parametrize("more", [False, True], ids=["usual", "more-to-know"])
def test_the_whole_handout_is_easy_to_read(patient: SamplePatient, language: str, more: bool) -> None:
    of = handout_of(patient, language, more=more)
    easy = easy_words(of, load_words(TEMPLATES, language))
    for text in (handout_text(of), re.sub(r"_{3,}", "", all_text(of))):
        if language == "en":
            assert smog_grade(text, easy) <= MAX_SMOG
        else:
            assert fernandez_huerta_ease(text, easy) >= MIN_SPANISH_EASE


@every_patient
@both_languages
def test_nothing_is_said_that_is_never_said(patient: SamplePatient, language: str) -> None:
    of = handout_of(patient, language, more=True)
    text = handout_text(of)
    assert forbidden_statements(text, language) == ()
    assert not NUMBERS.search(text)
    assert not SPREAD.search(text)
    if read(patient.id)[0].patient.sex == "male":
        assert not FOR_WOMEN.search(text)


def test_who_has_shots_and_tablets_is_told_which_one_is_for_every_day() -> None:
    for language, daily in (("en", "Take the pill every day."), ("es", "Tome la pastilla todos los días.")):
        medicine = [
            item for section in handout_of(PATIENTS["jankauskyte"], language).medicine for item in section.items
        ]
        assert daily in medicine


@every_patient
@both_languages
def test_no_section_is_empty_and_no_value_is_left_unfilled(patient: SamplePatient, language: str) -> None:
    of = handout_of(patient, language, more=True)
    sections: list[TextSection | None] = [*of.medicine, *of.short, *of.more, of.can_do, of.support, of.questions]
    assert all(section is not None and (section.paragraphs or section.items) for section in sections)
    assert of.had.rows and of.phones and of.signs[0].urgent and all(box.items for box in of.signs)
    assert not re.search(r"\[\[|\{\w*\}|None", all_text(of))


@every_patient
@both_languages
@pytest.mark.parametrize("large", [False, True], ids=["normal", "large"])
def test_everything_stands_on_numbered_pages_within_their_margins(
    patient: SamplePatient, language: str, large: bool
) -> None:
    paper = ("us-letter", "a4")[(list(PATIENTS).index(patient.id) + large) % 2]
    of = handout_of(patient, language)
    found = drawn(render_pdf(of, TEMPLATES, paper, large, made_on=AS_OF))
    assert found.box == pytest.approx(SIZES[paper], abs=0.1)
    assert len(found.pages) <= (10 if large else 4 if language == "en" else 5)
    page, total = of.page_words
    for number, text in enumerate(found.pages, 1):
        assert f"{page} {number} {total} {len(found.pages)}" in " ".join(text.split())
    assert found.sizes.most_common(1)[0][0] == (18 if large else 12.5)
    assert min(found.sizes) >= (14.4 if large else 10)
    assert found.lowest >= 30 and found.highest <= found.box[1] - 36
    own = squeezed(f"{of.name}. {of.footer}{page}{total}")
    assert set(squeezed(found.foot)) <= set(own) | set("0123456789")
    assert squeezed(found.foot).count(squeezed(of.footer)) == len(found.pages)
    assert len(squeezed(found.foot)) <= len(found.pages) * (len(own) + len(squeezed(of.name)) + 4)
    told = squeezed("".join(found.pages))
    months = [month.name for month in of.next.months] if any(month.entries for month in of.next.months) else []
    assert [name for name in months if squeezed(name) not in told] == []
    for text in found.pages:  # a calendar that goes on over the page says on each what it is
        if sum(squeezed(name) in squeezed(text) for name in months) >= 4:
            assert squeezed(of.next.lead) in squeezed(text)
    parts = {part for line in handout_text(of).split("\n") for part in line.split(": ")}
    assert [part for part in parts if not stands_in(squeezed(part), told)] == []
    assert squeezed(of.closing[-1]) in told and found.pages[-1].find(of.page_words[0]) >= 0


@every_patient
def test_the_handover_is_one_page_that_says_what_is_not_known(patient: SamplePatient) -> None:
    record, recommendations = read(patient.id)
    chosen = choose_paragraphs(KNOWLEDGE.education, derive_features(record), record, AS_OF)
    of = compose_handover(
        record, recommendations, None, chosen, CLINIC, AS_OF, person=Person(patient.name, record.patient.birth_date)
    )
    found = drawn(render_handover_pdf(of, TEMPLATES, made_on=AS_OF))
    assert len(found.pages) == 1 and min(found.sizes) >= 7.4 and found.lowest >= 24
    told = squeezed(found.pages[0])
    if record.patient.sex == "male":
        assert not FOR_WOMEN.search(found.pages[0])
    for name, text in of.not_known:
        assert squeezed(f"{name}: {text}") in told
    hidden = len(of.plan) - sum(squeezed(row.what) in told for row in of.plan)
    assert hidden <= 0 or re.search(r"and\d+moreintheplan", told)
