"""Readability measures against values worked out by hand."""

from __future__ import annotations

import pytest

from smart_app.clinical.readability import (
    count_text,
    english_syllables,
    fernandez_huerta_ease,
    flesch_kincaid_grade,
    hard_words,
    smog_grade,
    spanish_syllables,
)

ENGLISH = {
    1: "year tests made called lines oil use once rule walked",
    2: "cancer people hormone tested removed changes likely treatment needed table little science",
    3: "mammogram recurrence medicine surgery menopause families survivor biopsy",
    4: "radiation lymphedema diagnosis tamoxifen",
}
SPANISH = {
    1: "que y rey muy hoy",
    2: "también cáncer mama país guerra día huesos ciudad años",
    3: "siguiente cuidado pingüino ahora llámenos",
    4: "cirugía aéreo prohibido",
    5: "mamografía quimioterapia",
}


@pytest.mark.parametrize(("count", "words"), [(c, w) for c, ws in ENGLISH.items() for w in ws.split()])
def test_english_syllables_are_counted_as_spoken(count: int, words: str) -> None:
    assert english_syllables(words) == count


@pytest.mark.parametrize(("count", "word"), [(c, w) for c, ws in SPANISH.items() for w in ws.split()])
def test_spanish_syllables_are_counted_as_spoken(count: int, word: str) -> None:
    assert spanish_syllables(word) == count


def test_each_line_ends_a_sentence_and_numbers_are_one_word() -> None:
    counts = count_text("A new lump\nMove 1,000 steps. Call 5.5 times!", english_syllables)
    assert (counts.sentences, counts.words) == (3, 9)


def test_flesch_kincaid_is_the_published_formula() -> None:
    # 2 sentences, 8 words, 10 syllables
    text = "The cat sat here. We saw a mammogram."
    assert flesch_kincaid_grade(text) == pytest.approx(0.39 * 4 + 11.8 * 10 / 8 - 15.59)


def test_smog_is_the_published_formula() -> None:
    text = "\n".join(["We saw a mammogram."] * 30)
    assert smog_grade(text) == pytest.approx(1.043 * 30**0.5 + 3.1291)


def test_fernandez_huerta_is_the_published_formula() -> None:
    # 1 sentence, 4 words, 10 syllables: pi-de tu ma-mo-gra-fí-a hoy -> 2 + 1 + 5 + 1
    assert fernandez_huerta_ease("Pide tu mamografía hoy.") == pytest.approx(206.84 - 60 * 9 / 4 - 1.02 * 4)


def test_words_that_the_word_list_explains_count_as_two_syllables() -> None:
    hard = "Take letrozole and abemaciclib."
    assert flesch_kincaid_grade(hard, ("letrozole", "abemaciclib")) < flesch_kincaid_grade(hard)
    assert hard_words([hard], ("letrozole",)) == ("abemaciclib",)


def test_an_empty_text_has_no_grade() -> None:
    assert flesch_kincaid_grade("") == 0
    assert smog_grade("...") == 0
    assert fernandez_huerta_ease("") == 206.84


def test_a_hard_text_is_graded_hard() -> None:
    hard = "Adjuvant endocrine therapy significantly diminishes the probability of ipsilateral recurrence."
    assert flesch_kincaid_grade(hard) > 12
