"""The education texts as they ship: complete, traced, readable, translated, and nothing that is never said."""

from __future__ import annotations

import re
from datetime import date

import pytest

from smart_app.clinical.education import Paragraph
from smart_app.clinical.facts import Patient, Surgery
from smart_app.clinical.patient_language import forbidden_statements
from smart_app.clinical.readability import (
    MAX_SMOG,
    MIN_SPANISH_EASE,
    fernandez_huerta_ease,
    smog_grade,
)
from smart_app.handout.messages import load_words
from smart_app.knowledge import default_paths, load_knowledge
from smart_app.knowledge.education import check_education, load_education
from tests.unit.handout.handout_values import TEMPLATES, TODAY, all_text, cancer, drug, handout, record

TEXTS: tuple[Paragraph, ...] = load_education(TEMPLATES / "education")
ENGLISH = tuple(text for text in TEXTS if text.language == "en")
SECTIONS = (
    "what-is-recurrence", "who-is-at-higher-risk", "how-it-is-found", "medicines-that-lower-risk",
    "treatment-if-it-returns", "feelings-and-daily-life", "key-actions", "questions-and-answers", "research-news",
)  # fmt: skip
BOTH = tuple(Surgery("mastectomy", side, None, ()) for side in ("left", "right"))
PEOPLE = {
    "usual": record(),
    "aromatase-inhibitor": record(systemic=(drug("letrozole", "aromatase-inhibitor", "endocrine", start=(2025, 1)),)),
    "man": record(patient=Patient(None, "male"), facts={}),
    "dcis": record(cancers=(cancer("dcis"),)),
    "both-removed": record(surgery=BOTH),
}


def explained(language: str) -> tuple[str, ...]:
    terms = [text.title for text in TEXTS if text.language == language and text.place == "words"]
    return (*terms, *(name for name in ("tamoxifen", "tamoxifeno", "letrozole", "letrozol", "docetaxel", "anastrozole",
                                        "anastrozol", "cyclophosphamide", "ciclofosfamida")))  # fmt: skip


def test_nothing_is_wrong_with_the_shipped_content() -> None:
    assert [problem for problem in check_education(TEMPLATES / "education", TODAY) if not problem.notice] == []


def test_all_nine_sections_are_there_in_order() -> None:
    orders = {text.section: text.section_order for text in ENGLISH}
    assert sorted(orders, key=lambda slug: orders[slug])[:9] == list(SECTIONS)


def test_every_sentence_names_its_line_or_is_general_knowledge() -> None:
    for text in TEXTS:
        for block in text.blocks:
            for sentence in block.sentences:
                assert sentence.traces, (text.file, sentence.line)
                assert all(trace.mark in "VKPST-" for trace in sentence.traces)


def test_no_sentence_of_general_knowledge_reaches_the_paper_before_review() -> None:
    general = {s.text for text in TEXTS for block in text.blocks for s in block.sentences if s.general}
    assert general
    for language in ("en", "es"):
        for of in PEOPLE.values():
            paper = all_text(handout(of, language))
            assert not [sentence for sentence in general if sentence in paper]


@pytest.mark.parametrize("text", [text for text in TEXTS if text.audience == "patient" and text.scope is None],
                         ids=lambda text: f"{text.language}-{text.id}")  # fmt: skip
def test_no_patient_text_says_what_is_never_said(text: Paragraph) -> None:
    assert forbidden_statements(f"{text.title}\n{text.text}", text.language) == ()


@pytest.mark.parametrize("name", PEOPLE)
def test_a_whole_english_handout_reads_at_smog_8_or_below(name: str) -> None:
    text = re.sub(r"_{3,}", "", all_text(handout(PEOPLE[name])))
    assert smog_grade(text, explained("en")) <= MAX_SMOG


@pytest.mark.parametrize("name", PEOPLE)
def test_a_whole_spanish_handout_reads_easily(name: str) -> None:
    text = re.sub(r"_{3,}", "", all_text(handout(PEOPLE[name], "es")))
    assert fernandez_huerta_ease(text, explained("es")) >= MIN_SPANISH_EASE


def test_sentences_for_patients_have_fifteen_words_or_fewer_in_english() -> None:
    long = [
        sentence
        for text in ENGLISH
        if text.audience == "patient"
        for block in text.blocks
        for piece in block.sentences
        for sentence in re.split(r"(?<=[.?!:])\s", piece.text)
        if len(sentence.split()) > 16
    ]
    assert long == []


def test_the_three_notes_to_verify_say_guideline_and_day_of_reading() -> None:
    for number, name in (
        ("1", "found-schedule-source"),
        ("2", "medicine-prevention-others"),
        ("3", "returns-table-hr"),
    ):
        text = next(text for text in ENGLISH if text.id == name)
        assert f"Verify note {number}" in text.text and "November 22" in text.text
        assert all(source.read_on is not None for source in text.sources)


def test_drug_texts_expire_in_six_months_and_news_in_twelve() -> None:
    for text in ENGLISH:
        if text.kind == "drug":
            assert text.expires_on <= date(2027, 5, 25)
        if text.kind == "news":
            assert text.expires_on <= date(2027, 11, 25)
            assert text.audience == "clinician" and text.place == "none"


def test_nothing_claims_a_review_that_did_not_happen() -> None:
    assert not any(text.reviewed for text in TEXTS)


def test_every_patient_paragraph_is_there_in_spanish() -> None:
    english = {text.id for text in ENGLISH if text.audience == "patient"}
    assert english == {text.id for text in TEXTS if text.language == "es"}


def test_every_answer_of_the_list_is_there() -> None:
    answers = {text.id for text in ENGLISH if text.section == "questions-and-answers"}
    assert len(answers) >= 12
    wanted = ("signs", "how-often", "medicines", "other-organs", "self-exam", "blood-test", "full-scan",
              "food-and-products", "hormone-therapy", "pregnancy", "reconstruction", "arm")  # fmt: skip
    assert {f"faq-{name}" for name in wanted} == answers


def test_relative_risk_of_the_news_stands_with_the_absolute_one() -> None:
    text = next(text for text in ENGLISH if text.id == "news-lidera")
    assert "2.8 points" in text.text and "not a treatment change" in text.text


@pytest.mark.parametrize("language", ["en", "es"])
def test_every_cancer_drug_of_the_code_map_has_a_name_in_the_patients_language(language: str) -> None:
    words = load_words(TEMPLATES, language)
    treatment = {"endocrine", "chemotherapy", "her2", "cdk4-6", "parp", "immunotherapy", "bone", "other"}
    codes = load_knowledge(default_paths().mappings, default_paths().education).codes
    concepts = [concept.attributes for concept in codes.concepts.values()]
    agents = {str(each["agent"]) for each in concepts if treatment.intersection(each.get("classes", ()))}
    assert len(agents) > 50
    assert sorted(agent for agent in agents if not words.has(f"drug.{agent}")) == []
