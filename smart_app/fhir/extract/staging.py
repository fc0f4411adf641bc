"""Grade, size, nodes, stage and TNM: results of tests to findings; and the stage that a Condition carries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from smart_app.clinical.facts import IssueKind
from smart_app.fhir.extract.chart import Chart
from smart_app.fhir.extract.evidence import Finding
from smart_app.fhir.extract.observations import Reader, Result
from smart_app.fhir.extract.text.pathology import grade_phrases, part_measured, pathology_phrases
from smart_app.fhir.extract.text.phrases import Phrase, Sentence
from smart_app.fhir.extract.text.receptors import receptor_phrases
from smart_app.fhir.extract.text.staging import category_value, stage_value, staging_phrases
from smart_app.fhir.extract.units import convert
from smart_app.fhir.extract.values import components, plain_number
from smart_app.fhir.resources import Resource, codings, words

_GRADE_WORDS = re.compile(
    r"\s*(?:(?:nottingham|histologic(?:al)?|overall|tumou?r)\s+)*(?:grade|G)?\s*(?P<grade>III|II|I"
    r"|[1-3])\s*(?:(?:/|of)\s*3)?\s*(?:\((?:finding|qualifier value)\)|[,(-].*)?",
    re.IGNORECASE,
)
_DIFFERENTIATION = {
    "well differentiated": 1,
    "moderately differentiated": 2,
    "poorly differentiated": 3,
    "low grade": 1,
    "intermediate grade": 2,
    "high grade": 3,
    "low": 1,
    "intermediate": 2,
    "high": 3,
}
_PARTS = r"[1-3]\s*\+\s*[1-3]\s*\+\s*[1-3]"
_NOTTINGHAM_TOTAL = re.compile(
    rf"\s*(?:(?P<total>[3-9])\s*(?:(?:/|of|out of)\s*9)?\s*(?:\(\s*{_PARTS}\s*\))?"
    rf"|\(?\s*{_PARTS}\s*\)?\s*=\s*(?P<sum>[3-9])\s*(?:(?:/|of|out of)\s*9)?)\s*",
    re.IGNORECASE,
)
_KIND_OF_STAGE = re.compile(r"\b(?:prognostic|anatomic)\b", re.IGNORECASE)
_WITHOUT_LETTER = re.compile(
    r"(?P<prefix>y?[cp])?\s?(?P<value>[0-4](?:mi|[a-d])?|is)(?P<cells>\s?\(?i\+\)?)?", re.IGNORECASE
)
_ROMAN = {"I": 1, "II": 2, "III": 3}


def _basis(word: str | None) -> str | None:
    if word is None:
        return None
    if word == "post-neoadjuvant":
        return "pathologic"
    return {"c": "clinical", "p": "pathologic", "y": "pathologic"}.get(word[:1].lower())


def _grade(result: Result) -> Iterator[Finding]:
    value = result.answer.value_of("grade-value")
    grade = int(value) if value in ("1", "2", "3") else None
    number = plain_number(result.answer)
    if grade is None and value is None and number in (1, 2, 3):
        grade = int(number)
    if (
        grade is None
        and value is None
        and result.answer.quantity is not None
        and result.answer.quantity.value in (1, 2, 3)
    ):
        grade = int(result.answer.quantity.value)
    if grade is None and value is None:
        grade = _grade_of_words(result.answer.words)
    if grade is None:
        if value != "X":
            result.not_placed("no grade from 1 to 3")
        return
    yield result.finding("grade", grade)


def _grade_of_words(said: tuple[str, ...]) -> int | None:
    for word in said:
        match = _GRADE_WORDS.fullmatch(word)
        if match:
            return _ROMAN.get(match["grade"].upper()) or int(match["grade"])
        plain = re.sub(r"\s*\([^)]*\)$", "", word.lower().strip(" ."))
        if plain in _DIFFERENTIATION:
            return _DIFFERENTIATION[plain]
        for phrase in grade_phrases(Sentence("Tumor grade: " + word)):
            return phrase.value if isinstance(phrase.value, int) else None
    return None


def _nottingham(result: Result) -> Iterator[Finding]:
    number = plain_number(result.answer) or (result.answer.quantity.value if result.answer.quantity else None)
    total = _NOTTINGHAM_TOTAL.fullmatch(" ".join(result.answer.words))
    if total is not None:
        number = float(total["total"] or total["sum"])
    if number is None or not 3 <= number <= 9:
        result.not_placed("no score from 3 to 9")
        return
    yield result.finding("grade", 1 if number <= 5 else 2 if number <= 7 else 3)


def _size(result: Result) -> Iterator[Finding]:
    if result.row is not None and result.row.value == "other-dimension":
        return
    part = _part_measured(result)
    amount = result.answer.quantity
    if amount is None:
        for word in result.answer.words:
            for phrase in pathology_phrases(Sentence(f"Tumor size: {word}")):
                if phrase.name == "tumor_size_mm" and phrase.value is not None:
                    yield result.finding("tumor_size_mm", phrase.value, part=part)
                    return
        if not components(result.observation):
            result.not_placed("no size with a unit")
        return
    converted = convert(result.chart.codes, "length", amount)
    if converted.value is None:
        result.chart.issue(
            IssueKind.UNIT, result.key, f"{result.title[:80]}: {converted.why}; shown as sent, not used."
        )
        result.not_placed("unit")
        return
    if amount.comparator:
        result.not_placed("a bound is no size")
        return
    yield result.finding("tumor_size_mm", round(converted.value, 3), part=part)


def _part_measured(result: Result) -> str:
    """`invasive` or `in-situ` where the test measures that component alone, empty for the tumor."""
    if result.row is not None and result.row.value == "invasive":
        return "invasive"
    return part_measured(result.title)


_SENTINEL = re.compile(r"\bsentinel\b|\bsln\b", re.IGNORECASE)
_REGISTRY_CODES = 90
"""Registries write 90 to 99 for "90 or more", "aspirated only", "none examined", "not known": never a count."""
_NOT_SENTINEL = re.compile(r"\bnon-?\s?sentinel\b", re.IGNORECASE)


def _nodes(result: Result, name: str) -> Iterator[Finding]:
    """Counts of nodes; one of the sentinel nodes alone is marked as part of a total."""
    names = " ".join((result.title, result.source.code or ""))
    part = "sentinel" if _SENTINEL.search(names) and not _NOT_SENTINEL.search(names) else ""
    number = plain_number(result.answer)
    amount = result.answer.quantity
    if number is None and amount is not None and not amount.comparator:
        number = convert(result.chart.codes, "count", amount).value
    fraction = re.fullmatch(
        r"\s*(\d{1,2})\s*(?:/|of|out of)\s*(\d{1,2})\s*(?:nodes?)?\s*", " ".join(result.answer.words), re.I
    )
    if fraction is not None and int(fraction[1]) <= int(fraction[2]):
        yield result.finding("nodes_positive", int(fraction[1]), part=part)
        yield result.finding("nodes_examined", int(fraction[2]), part=part)
        return
    if number is None or number != int(number) or not 0 <= number < _REGISTRY_CODES:
        if not result.answer.absent and not result.answer.empty:
            result.not_placed("not a whole number of nodes")
        return
    yield result.finding(name, int(number), part=part)


def _nodes_positive(result: Result) -> Iterator[Finding]:
    yield from _nodes(result, "nodes_positive")


def _nodes_examined(result: Result) -> Iterator[Finding]:
    yield from _nodes(result, "nodes_examined")


def _stage(result: Result) -> Iterator[Finding]:
    basis = _basis(result.basis)
    found = _stage_of_answer(result)
    if found is not None and found[0].startswith("IV") and found[0] != "IV":
        # Breast has no IVA: the stage is not placed, but every stage IV means distant disease.
        result.not_placed(f"stage {found[0]} does not exist in breast cancer")
        yield result.finding("metastasis", "present")
        return
    if found is not None:
        kind = _KIND_OF_STAGE.search(result.title)
        yield result.finding(
            "stage_group", found[0], basis=basis or found[1], staging=kind[0].lower() if kind is not None else None
        )
        return
    phrases = [phrase for word in result.answer.words for phrase in staging_phrases(Sentence(word), stage_field=True)]
    for phrase in phrases:
        yield result.finding(phrase.name, phrase.value, basis=phrase.basis or basis, **phrase.extra)
    if not phrases:
        result.not_placed("no stage group")


def _stage_of_answer(result: Result) -> tuple[str, str | None] | None:
    value = result.answer.value_of("stage-group-value")
    if value is not None:
        return value, None
    for word in (*result.answer.words, *_codes(result.observation.get("valueCodeableConcept"))):
        found = stage_value(word)
        if found is not None:
            return found
    return None


def _codes(concept: Any) -> list[str]:
    return [coding.code for coding in codings(concept) if coding.code and len(coding.code) <= 6]


def _category(result: Result, letter: str) -> Iterator[Finding]:
    basis = _basis(result.basis)
    row = next((row for row in result.answer.rows if row.concept == f"{letter}-value"), None)
    if row is not None and row.value is not None:
        after = row.basis == "post-neoadjuvant" or None
        yield result.finding(letter, row.value, basis=basis or _basis(row.basis), after_neoadjuvant=after)
        return
    for word in (*result.answer.words, *_codes(result.observation.get("valueCodeableConcept"))):
        bare = word.strip()
        found = category_value(bare) or _registry_category(letter, bare)
        if found is not None and found[0] == letter:
            yield result.finding(letter, found[1], basis=found[2] or basis, after_neoadjuvant=found[3] or None)
            return
        for phrase in staging_phrases(Sentence(bare), stage_field=True):
            if phrase.name == letter:
                yield result.finding(letter, phrase.value, basis=phrase.basis or basis, **phrase.extra)
                return
        if re.search(r"\b[ycp]*[TNM]X\b", bare):
            return
    result.not_placed(f"no {letter.upper()} category")


def _registry_category(letter: str, word: str) -> tuple[str, str, str | None, bool] | None:
    """A category without its letter, as registries write it under the name of a T, N or M ("p1C", "c0", "p0I+")."""
    match = _WITHOUT_LETTER.fullmatch(word)
    if match is None:
        return None
    value = match["value"].lower() + ("(i+)" if match["cells"] else "")
    return category_value(f"{(match['prefix'] or '').lower()}{letter.upper()}{value}")


def _t(result: Result) -> Iterator[Finding]:
    yield from _category(result, "t")


def _n(result: Result) -> Iterator[Finding]:
    yield from _category(result, "n")


def _m(result: Result) -> Iterator[Finding]:
    yield from _category(result, "m")


READERS: dict[str, Reader] = {
    "tumor-grade": _grade,
    "nottingham-score": _nottingham,
    "tumor-size": _size,
    "nodes-positive": _nodes_positive,
    "nodes-examined": _nodes_examined,
    "stage-group-test": _stage,
    "t-test": _t,
    "n-test": _n,
    "m-test": _m,
}


def stage_of_condition(
    chart: Chart, key: str, condition: Resource
) -> Iterator[tuple[str, Any, str | None, dict[str, Any], str, Sentence | None]]:
    """
    What `Condition.stage` says: name, value, basis, extra, the words, and the sentence for parts read from text.

    A coded summary gives the stage group; a text ("Stage IIA (pT2, pN0, cM0, G2, ER+)") gives all it states.
    """
    for stage in chart.unmodified(key, condition.get("stage")):
        row = next(
            (
                row
                for row in chart.rows(stage.get("type"))
                if row.concept in ("stage-group-test", "t-test", "n-test", "m-test")
            ),
            None,
        )
        type_words = " ".join(words(stage.get("type"))).lower()
        basis = (
            _basis(row.basis)
            if row
            else "pathologic"
            if "patholog" in type_words
            else "clinical"
            if "clinical" in type_words
            else None
        )
        summary = stage.get("summary")
        value = next((r.value for r in chart.rows(summary) if r.concept == "stage-group-value"), None)
        said = words(summary) + _codes(summary)
        found = (value, None) if value else next((f for f in map(stage_value, said) if f), None)
        if found is not None and found[0].startswith("IV") and found[0] != "IV":
            chart.issue(IssueKind.UNREADABLE, key or None, f"Stage {found[0]} does not exist in breast cancer.")
            yield "metastasis", "present", None, {}, said[0] if said else "", None
            continue
        if found is not None:
            yield "stage_group", found[0], basis or found[1], {}, said[0] if said else "", None
            continue
        category = next((f for f in map(category_value, said) if f), None)
        if category is not None:
            yield (
                category[0],
                category[1],
                category[2] or basis,
                {"after_neoadjuvant": True} if category[3] else {},
                said[0],
                None,
            )
            continue
        for word in words(summary):
            for phrase in stage_text_phrases(word):
                yield phrase.name, phrase.value, phrase.basis or basis, dict(phrase.extra), word, phrase.sentence


def stage_text_phrases(word: str) -> Iterator[Phrase]:
    """All that a staging text states: stage, TNM, grade and receptors."""
    sentence = Sentence(word)
    yield from staging_phrases(sentence, stage_field=True)
    yield from grade_phrases(sentence, staging_field=True)
    yield from (phrase for phrase in receptor_phrases(sentence) if phrase.value is not None)
    yield from (phrase for phrase in pathology_phrases(sentence) if phrase.name == "oncotype_rs")
