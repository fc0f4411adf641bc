"""
What is wrong with the education texts and the handout's catalogs: structure, dates, readability, traces, translations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError, read_po

from smart_app.clinical.education import Paragraph, Sentence, last_day
from smart_app.clinical.feature_vocabulary import is_term
from smart_app.clinical.patient_language import forbidden_statements
from smart_app.clinical.readability import (
    MAX_ENGLISH_GRADE,
    MIN_SPANISH_EASE,
    fernandez_huerta_ease,
    flesch_kincaid_grade,
)
from smart_app.knowledge.education import SOURCE_LANGUAGE, languages, read_education
from smart_app.knowledge.problems import ContentProblem

SOON = timedelta(days=60)
FILLS = ("phone", "crisis", "urgent", "dates")
SAMPLE_FILLS = {"phone": "us", "crisis": "988", "urgent": "911", "dates": "Your next visit is due in May 2027."}
_NOTES = re.compile(r"(?:(?:education|rules|updates)/[A-Za-z0-9-]+ [VKPST-](?:; )?)+|record|document|label|general")
_FIELDS = re.compile(r"\{\w*\}")


def check_education(directory: Path, as_of: date) -> tuple[ContentProblem, ...]:
    """
    Every problem, in order of file and line.

    Notices, no problems: expired or expiring within 60 days, not yet reviewed, general knowledge left off paper.

    Args:
        directory: `templates/education`; the catalogs stand beside it in `templates/locale`.
    """
    paragraphs, broken = read_education(directory)
    catalogs, unreadable = _catalogs(directory)
    explained = _explained(paragraphs, catalogs)
    problems = [*broken, *unreadable]
    for paragraph in paragraphs:
        problems += _check_paragraph(paragraph, explained.get(paragraph.language, ()), as_of)
    problems += _missing_translations(directory, paragraphs)
    problems += _check_catalogs(directory, catalogs)
    problems += _review_summary(directory, paragraphs)
    return tuple(sorted(set(problems)))


def _check_paragraph(paragraph: Paragraph, explained: Iterable[str], as_of: date) -> Iterator[ContentProblem]:
    if paragraph.language == SOURCE_LANGUAGE:
        yield from _check_head(paragraph, as_of)
    for sentence in (s for block in paragraph.blocks for s in block.sentences):
        yield from _check_sentence(paragraph, sentence)
    if paragraph.audience == "patient" and (hard := too_hard(paragraph, explained)):
        yield _problem(paragraph, hard)


def _problem(paragraph: Paragraph, message: str, line: int = 0, *, notice: bool = False) -> ContentProblem:
    return ContentProblem(paragraph.file, line or paragraph.line, f"{paragraph.id}: {message}", notice)


def _check_head(paragraph: Paragraph, as_of: date) -> Iterator[ContentProblem]:
    latest = last_day(paragraph.kind, paragraph.written_on, paragraph.reviewed_on)
    if paragraph.expires_on > latest:
        yield _problem(paragraph, f"expires_on may be {latest} at the latest for a {paragraph.kind}")
    if paragraph.expires_on < as_of + SOON:
        word = "expired" if paragraph.expired(as_of) else "expires"
        yield _problem(paragraph, f"{word} on {paragraph.expires_on}", notice=True)
    for condition in paragraph.shown_when.facts() if paragraph.shown_when else ():
        if not is_term(condition.fact):
            yield _problem(paragraph, f"shown_when names an unknown fact: {condition.fact}")


def _check_sentence(paragraph: Paragraph, sentence: Sentence) -> Iterator[ContentProblem]:
    for name in re.findall(r"\[\[(\w*)\]\]", sentence.text):
        if name not in FILLS:
            yield _problem(paragraph, f"unknown value [[{name}]]", sentence.line)
    if paragraph.audience != "patient":
        return
    if sentence.general and paragraph.reviewed_on is None and paragraph.language == SOURCE_LANGUAGE:
        message = f"general knowledge, left off paper until reviewed: {sentence.text}"
        yield _problem(paragraph, message, sentence.line, notice=True)
    if paragraph.scope is None:
        for found in forbidden_statements(f"{paragraph.title}\n{sentence.text}", paragraph.language):
            yield _problem(paragraph, f"never said to a patient: {found}", sentence.line)


def too_hard(paragraph: Paragraph, explained: Iterable[str]) -> str:
    """Why a patient's text is too hard to read, or an empty text."""
    text = re.sub(r"\[\[(\w+)\]\]", lambda match: SAMPLE_FILLS.get(match.group(1), ""), paragraph.text)
    easy = tuple(explained)
    if paragraph.language == "en" and (grade := flesch_kincaid_grade(text, easy)) > MAX_ENGLISH_GRADE:
        return f"Flesch-Kincaid grade {grade:.1f}, above {MAX_ENGLISH_GRADE:.0f}"
    if paragraph.language == "es" and (ease := fernandez_huerta_ease(text, easy)) < MIN_SPANISH_EASE:
        return f"Fernández-Huerta {ease:.0f}, below {MIN_SPANISH_EASE:.0f}"
    return ""


def explained_words(paragraphs: Iterable[Paragraph], language: str) -> tuple[str, ...]:
    """Words that the handout's word list explains, in lower case."""
    return tuple(p.title.lower() for p in paragraphs if p.language == language and p.place == "words")


def _explained(paragraphs: Iterable[Paragraph], catalogs: dict[str, Catalog]) -> dict[str, tuple[str, ...]]:
    rows = tuple(paragraphs)
    return {
        language: (
            *explained_words(rows, language),
            *(str(row.string).lower() for row in catalog if _key(row).startswith("drug.")),
        )
        for language, catalog in catalogs.items()
    }


def _missing_translations(directory: Path, paragraphs: tuple[Paragraph, ...]) -> Iterator[ContentProblem]:
    """A paragraph for patients that a language lacks is an error: English never stands in a Spanish page."""
    there = {(paragraph.id, paragraph.language) for paragraph in paragraphs}
    for language in languages(directory):
        for paragraph in paragraphs:
            wanted = paragraph.language == SOURCE_LANGUAGE and paragraph.audience == "patient"
            if wanted and (paragraph.id, language) not in there:
                yield ContentProblem(paragraph.file, paragraph.line, f"{paragraph.id}: no translation to {language}")


def _catalogs(directory: Path) -> tuple[dict[str, Catalog], list[ContentProblem]]:
    found: dict[str, Catalog] = {}
    problems: list[ContentProblem] = []
    for language in languages(directory):
        path = _catalog_path(directory, language)
        try:
            with path.open("rb") as file:
                found[language] = read_po(file, locale=language, abort_invalid=True)
        except (OSError, PoFileError, ValueError) as error:
            problems.append(ContentProblem(_catalog_name(language), 1, f"cannot be read: {type(error).__name__}"))
    return found, problems


def _catalog_path(directory: Path, language: str) -> Path:
    return directory.parent / "locale" / language / "LC_MESSAGES" / "handout.po"


def _catalog_name(language: str) -> str:
    return f"locale/{language}/LC_MESSAGES/handout.po"


def _check_catalogs(directory: Path, catalogs: dict[str, Catalog]) -> Iterator[ContentProblem]:
    source = catalogs.get(SOURCE_LANGUAGE)
    if source is None:
        return
    keys = {_key(row): row for row in source if row.id}
    for language, catalog in catalogs.items():
        name = _catalog_name(language)
        rows = {_key(row): row for row in catalog if row.id}
        for key in sorted(keys.keys() - rows.keys()):
            yield ContentProblem(name, 1, f"{key}: missing")
        for key, row in rows.items():
            yield from _check_message(name, language, key, row, keys.get(key))


def _check_message(
    name: str, language: str, key: str, row: Message, source: Message | None
) -> Iterator[ContentProblem]:
    line = row.lineno or 1
    texts = _texts(row)
    if source is None:
        yield ContentProblem(name, line, f"{key}: not in the English catalog")
        return
    if not all(texts) or row.fuzzy:
        yield ContentProblem(name, line, f"{key}: no text")
    fields = {field for text in _texts(source) for field in _FIELDS.findall(text)}
    if any(set(_FIELDS.findall(text)) - fields for text in texts) or (
        texts and fields - set(_FIELDS.findall(texts[-1]))
    ):
        yield ContentProblem(name, line, f"{key}: must hold the fields {', '.join(sorted(fields)) or 'none'}")
    if language == SOURCE_LANGUAGE and not any(_NOTES.fullmatch(note) for note in row.auto_comments):
        yield ContentProblem(name, line, f"{key}: a comment must name its source line, record, document or label")
    for text in texts:
        for found in forbidden_statements(text, language):
            yield ContentProblem(name, line, f"{key}: never said to a patient: {found}")


def _key(row: Message) -> str:
    return row.id[0] if isinstance(row.id, (list, tuple)) else str(row.id)


def _texts(row: Message) -> tuple[str, ...]:
    return tuple(row.string) if isinstance(row.string, (list, tuple)) else (str(row.string or ""),)


def _review_summary(directory: Path, paragraphs: tuple[Paragraph, ...]) -> Iterator[ContentProblem]:
    for language in languages(directory):
        texts = [paragraph for paragraph in paragraphs if paragraph.language == language]
        open_texts = sum(not paragraph.reviewed for paragraph in texts)
        if open_texts:
            what = "not yet clinically reviewed" if language == SOURCE_LANGUAGE else "translation not yet reviewed"
            yield ContentProblem(f"{directory.name}/{language}", 1, f"{open_texts} of {len(texts)} texts: {what}", True)
