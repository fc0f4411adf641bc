"""
Education and its state in words, and the languages that have texts.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from babel import Locale, UnknownLocaleError

from smart_app.clinical.education import ChosenParagraph, apply_choices
from smart_app.clinical.plan import CarePlanDraft
from smart_app.clinical.readability import flesch_kincaid_grade
from smart_app.web.presenters_record import EducationRow
from smart_app.web.presenters_words import date_words
from smart_app.workflow.reviewing import Review


def languages(codes: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Code and own name (`Español`) of each language that has texts."""
    return tuple((code, _own_name(code)) for code in sorted(set(codes)))


def _own_name(code: str) -> str:
    try:
        name = Locale.parse(code).get_display_name(code) or code
    except (UnknownLocaleError, ValueError):
        return code
    return name[:1].upper() + name[1:]


def all_sections(found: Review) -> tuple[ChosenParagraph, ...]:
    """Shown and hidden paragraphs in the order of the sections."""
    both = [*found.sections, *found.further_sections]
    both.sort(key=lambda entry: (entry.paragraph.section_order, entry.paragraph.order))
    return tuple(both)


def education_rows(
    chosen: tuple[ChosenParagraph, ...], draft: CarePlanDraft | None, drugs: Collection[str] = ()
) -> tuple[EducationRow, ...]:
    """
    What is shown to this patient, and research news for the clinician.

    Args:
        chosen: shown and hidden paragraphs in the order of the sections.
        drugs: names that read as easy.
    """
    easy = (*drugs, *(entry.paragraph.title for entry in chosen if entry.paragraph.place == "words"))
    news = [entry for entry in chosen if entry.paragraph.kind == "news"]
    if draft is not None:
        chosen = apply_choices(chosen, draft.education)
    more = draft is not None and draft.more_to_know
    rows = tuple(_row(entry, easy, more) for entry in chosen if entry.shown)
    return rows if any(entry.shown for entry in news) else (*rows, *_no_news(news))


def _no_news(news: list[ChosenParagraph]) -> tuple[EducationRow, ...]:
    """One row in the place of news that has expired."""
    if not news:
        return ()
    text, last = news[0].paragraph, max(entry.paragraph.expires_on for entry in news)
    return (
        EducationRow(
            section=text.section,
            title="No current news",
            because=f"the last news expired {date_words(last)}",
            grade="",
            in_handout="No, for you only",
            text=("There is no current news.",),
            section_title=text.section_title,
        ),
    )


def education_note(found: Review) -> str:
    """How much is not reviewed, and when the next text expires."""
    texts = [entry.paragraph for entry in found.sections]
    if not texts:
        return ""
    waiting = sum(1 for text in texts if not text.reviewed)
    first = min(text.expires_on for text in texts)
    words = f"{waiting} of {len(texts)} not yet clinically reviewed" if waiting else "All clinically reviewed"
    return f"{words}. The next one expires {date_words(first)}."


def _row(entry: ChosenParagraph, easy: Collection[str] = (), more: bool = False) -> EducationRow:
    text = entry.paragraph
    for_patient = text.audience == "patient"
    marks = [] if text.reviewed else ["not yet clinically reviewed"]
    if entry.expired:
        marks.append(f"expired {date_words(text.expires_on)}")
    if entry.ask:
        marks.append("a fact is missing: shown with “ask your team”")
    if not text.translation_reviewed:
        marks.append("translation not yet reviewed")
    if not for_patient:
        printed = "No, for you only"
    elif text.place == "none":
        printed = "No, to talk about"
    elif text.place == "more" and not more and not entry.by_clinician:
        printed = "No, in “More to know” only"
    else:
        printed = "Yes"
    return EducationRow(
        section=text.section,
        title=text.title,
        because=entry.reason,
        grade=f"{flesch_kincaid_grade(text.text, easy):.1f}" if for_patient else "",
        in_handout=printed,
        text=tuple(block.text for block in text.blocks),
        marks=tuple(marks),
        section_title=text.section_title,
    )


def scope_texts(found: Review) -> tuple[EducationRow, ...]:
    """Texts written for a record outside the scope."""
    if found.record.scope.applies:
        return ()
    return tuple(_row(entry) for entry in found.sections if entry.paragraph.scope is not None)
