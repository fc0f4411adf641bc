"""
What of the chosen paragraphs goes on the patient's paper, and what is left off, with the reason.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date

from smart_app.clinical.clinic import ClinicContacts
from smart_app.clinical.education import ChosenParagraph, Paragraph
from smart_app.handout.blocks import LeftOff, TableSection, TextSection
from smart_app.handout.messages import Words
from smart_app.handout.occurrences import Occurrence

MAX_TEXT = 4_000
Printed = tuple[ChosenParagraph, tuple[str, ...], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Paper:
    """What of the chosen paragraphs goes on paper: texts by place, and what was left off."""

    by_place: Mapping[str, list[Printed]]
    not_reviewed: tuple[str, ...]
    left_off: tuple[LeftOff, ...]
    version: str


def clean_text(text: str) -> str:
    """Text of a person as it may be printed: no control characters, bounded length, nothing else changed."""
    return "".join(sign for sign in text if sign in "\n" or ord(sign) >= 32)[:MAX_TEXT].strip()


def lower_first(text: str) -> str:
    """A phrase inside a sentence: its first letter in lower case."""
    return text[:1].lower() + text[1:]


def fill_values(clinic: ClinicContacts, occurrences: Iterable[Occurrence], words: Words) -> dict[str, str]:
    """What the placeholders of the texts are filled with: telephone numbers and first dates."""
    firsts: dict[str, Occurrence] = {}
    for entry in occurrences:
        if entry.topic in ("clinic-visit", "mammogram") and not entry.late:
            firsts.setdefault(entry.topic, entry)
    dates = [
        words.say("fill.dates", what=lower_first(words.say(f"topic.{topic}")), month=words.month(entry.on))
        for topic, entry in sorted(firsts.items())
    ]
    return {
        "phone": clinic.phone or words.say("fill.us"),
        "crisis": clinic.crisis_number,
        "urgent": clinic.urgent_number,
        "dates": " ".join(dates),
    }


@dataclass(frozen=True, slots=True)
class Conditions:
    """
    What decides whether a chosen paragraph is printed: values, the clinic's rule, the day, what was confirmed.

    Without `more` the texts of "More to know" are left out, but for those that the clinician added.
    """

    fills: Mapping[str, str]
    clinic: ClinicContacts
    today: date
    confirmed: Collection[str]
    planned: Collection[str]
    more: bool = False


def select_paragraphs(chosen: Iterable[ChosenParagraph], conditions: Conditions, words: Words) -> Paper:
    """The texts that are printed, by place, and everything that was left off."""
    by_place: dict[str, list[Printed]] = {}
    left_off: list[LeftOff] = []
    not_reviewed: list[str] = []
    stamp = hashlib.sha256()
    for entry in chosen:
        paragraph = entry.paragraph
        if not _is_for_paper(entry, conditions):
            continue
        if why := _held_back(paragraph, conditions):
            left_off.append(LeftOff(paragraph.id, paragraph.title, why))
            continue
        left_off += _general(paragraph)
        texts, items = _filled(entry, conditions.fills, left_off)
        if not texts and not items:
            continue
        if paragraph.expired(conditions.today):
            texts = (*texts, words.say("text-dated", date=words.date(paragraph.reviewed_on or paragraph.written_on)))
        if entry.ask:
            texts = (*texts, words.say("ask"))
        if not paragraph.reviewed:
            not_reviewed.append(paragraph.id)
        by_place.setdefault(paragraph.place, []).append((entry, texts, items))
        stamp.update(f"{paragraph.id} {paragraph.version} {paragraph.language};".encode())
    return Paper(by_place, tuple(not_reviewed), tuple(left_off), stamp.hexdigest()[:8])


def _is_for_paper(entry: ChosenParagraph, conditions: Conditions) -> bool:
    paragraph = entry.paragraph
    if not entry.shown or paragraph.audience != "patient" or paragraph.kind == "news":
        return False
    if paragraph.place == "more" and not conditions.more and not entry.by_clinician:
        return False
    return paragraph.place != "none" and paragraph.unless_planned not in conditions.planned


def _held_back(paragraph: Paragraph, conditions: Conditions) -> str:
    """Why a paragraph may not be printed: a drug text past its date needs the clinician's word; signs never do."""
    if conditions.clinic.review_required and not paragraph.reviewed:
        return "not-reviewed"
    if paragraph.kind == "drug" and paragraph.expired(conditions.today) and paragraph.id not in conditions.confirmed:
        return "expired"
    return ""


def _general(paragraph: Paragraph) -> list[LeftOff]:
    kept = {id(sentence) for block in paragraph.for_paper() for sentence in block.sentences}
    every = (sentence for block in paragraph.blocks for sentence in block.sentences)
    return [LeftOff(paragraph.id, sentence.text, "general") for sentence in every if id(sentence) not in kept]


def _filled(
    entry: ChosenParagraph, fills: Mapping[str, str], left_off: list[LeftOff]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The printable blocks with their values; a sentence whose value is missing is left off and named."""
    texts: list[str] = []
    items: list[str] = []
    for block in entry.paragraph.for_paper():
        sentences = []
        for sentence in block.sentences:
            names = re.findall(r"\[\[(\w+)\]\]", sentence.text)
            if any(not fills.get(name) for name in names):
                left_off.append(LeftOff(entry.paragraph.id, sentence.text, "no-value"))
                continue
            sentences.append(re.sub(r"\[\[(\w+)\]\]", lambda match: fills[match.group(1)], sentence.text))
        if sentences:
            (items if block.item else texts).append(" ".join(sentences))
    return tuple(texts), tuple(items)


def items_at(paper: Paper, place: str) -> tuple[str, ...]:
    """Every printed line of a place, once each."""
    found = (text for _, texts, items in paper.by_place.get(place, ()) for text in (*items, *texts))
    return tuple(dict.fromkeys(found))


def sections_at(paper: Paper, place: str) -> tuple[TextSection, ...]:
    """One section a paragraph; neighbors with the same title are one section."""
    merged: list[TextSection] = []
    for entry, texts, items in paper.by_place.get(place, ()):
        last = merged[-1] if merged else None
        if last is not None and last.title == entry.paragraph.title:
            merged[-1] = replace(last, paragraphs=(*last.paragraphs, *texts), items=(*last.items, *items))
        else:
            merged.append(TextSection(entry.paragraph.id, entry.paragraph.title, texts, items))
    return tuple(merged)


def listed_at(paper: Paper, place: str, words: Words) -> TextSection | None:
    """The lines of a place as one list with its title, or None where there are none."""
    items = items_at(paper, place)
    return TextSection(place, words.say(f"{place}.title"), items=items) if items else None


def guideline_years(paper: Paper) -> tuple[int, ...]:
    """Years of the guidelines behind the printed paragraphs."""
    years = {
        source.year for rows in paper.by_place.values() for entry, _, _ in rows for source in entry.paragraph.sources
    }
    return tuple(sorted(years))


def word_list(paper: Paper, further: Iterable[str], words: Words) -> TableSection | None:
    """Only words that the handout uses: in its chosen texts, or in `further` ones (treatment, calendar)."""
    entries = paper.by_place.get("words", ())
    printed = (
        text
        for place, rows in paper.by_place.items()
        if place != "words"
        for _, texts, items in rows
        for text in (*texts, *items)
    )
    used = " ".join((*printed, *further)).lower()
    rows = [
        (entry.paragraph.title, (*texts, *items))
        for entry, texts, items in entries
        if entry.paragraph.title.lower() in used
    ]
    if not rows:
        return None
    rows.sort(key=lambda row: row[0].lower())
    return TableSection(words.say("words.title"), (words.say("words.word"), words.say("words.meaning")), tuple(rows))
