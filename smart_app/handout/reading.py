"""
How hard a whole handout is to read: its sentences, without names, dates, telephone numbers and the grid of months.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from smart_app.clinical.readability import fernandez_huerta_ease, smog_grade
from smart_app.handout.blocks import Handout, TableSection, TextSection
from smart_app.handout.messages import Words


def handout_text(handout: Handout) -> str:
    """Everything that is read as text on the paper, one heading, item or paragraph a line."""
    return "\n".join(text for text in _texts(handout) if text)


def _texts(handout: Handout) -> Iterator[str]:
    yield handout.title
    yield handout.intro
    yield from _table(handout.had)
    yield handout.phones_title
    yield from _chapter(handout.medicine_title, handout.medicine)
    following = handout.next
    yield from (following.title, *following.late, following.ask, following.lead)
    yield from dict.fromkeys(f"{entry.what}: {entry.who}" for month in following.months for entry in month.entries)
    yield from following.after
    yield from _section(handout.questions)
    yield from (handout.signs_title, handout.signs_lead)
    for box in handout.signs:
        yield from (box.title, *box.items)
    for section in (handout.can_do, handout.support, handout.note):
        yield from _section(section)
    yield from _chapter(handout.short_title, handout.short)
    yield from _chapter(handout.more_title, handout.more)
    yield from _table(handout.words)


def _section(section: TextSection | None) -> Iterable[str]:
    return () if section is None else (section.title, *section.paragraphs, *section.items)


def _chapter(title: str, sections: Iterable[TextSection]) -> list[str]:
    texts = [text for section in sections for text in _section(section)]
    return [title, *texts] if texts else []


def _table(table: TableSection | None) -> Iterator[str]:
    if table is not None:
        yield table.title
        for label, texts in table.rows:
            yield label
            yield from texts


def easy_words(handout: Handout, words: Words) -> tuple[str, ...]:
    """Drug names, and the words that this handout's own list explains: they count as two syllables."""
    explained = (label for label, _ in handout.words.rows) if handout.words is not None else ()
    return (*words.drug_names, *explained)


def reading_words(handout: Handout, words: Words) -> str:
    """The measure of the handout's language in words; empty where there is none for it."""
    text, easy = handout_text(handout), easy_words(handout, words)
    if handout.language == "en":
        return f"Reading grade {smog_grade(text, easy):.1f} (SMOG)"
    if handout.language == "es":
        return f"Reading ease {fernandez_huerta_ease(text, easy):.0f} (Fernández-Huerta, 70 or more is easy)"
    return ""
