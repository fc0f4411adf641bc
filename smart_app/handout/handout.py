"""
Composes the patient handout from facts, schedule, chosen paragraphs and the clinic's settings.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

from smart_app.clinical.clinic import ClinicContacts
from smart_app.clinical.education import ChosenParagraph
from smart_app.clinical.facts import PatientRecord
from smart_app.clinical.plan import CarePlanDraft
from smart_app.clinical.recommendations import Recommendation
from smart_app.errors import OutOfScopeError
from smart_app.handout.blocks import Handout, NextSection, Person, SignsBox, TableSection, TextSection
from smart_app.handout.messages import Words, load_words
from smart_app.handout.next_section import MONTHS, next_section
from smart_app.handout.occurrences import Occurrence, dated_occurrences
from smart_app.handout.selection import (
    Conditions,
    Paper,
    clean_text,
    fill_values,
    guideline_years,
    items_at,
    listed_at,
    sections_at,
    select_paragraphs,
    word_list,
)
from smart_app.handout.treatments import current_medicines, describe_treatment

__all__ = ["Handout", "Person", "compose_handout"]


def compose_handout(
    record: PatientRecord,
    recommendations: Iterable[Recommendation],
    draft: CarePlanDraft | None,
    chosen: Iterable[ChosenParagraph],
    clinic: ClinicContacts,
    language: str,
    today: date,
    checked_by: str | None = None,
    *,
    templates: Path,
    person: Person | None = None,
    confirmed: Collection[str] = (),
    more: bool | None = None,
) -> Handout:
    """
    Compose the handout; conflicting facts, prognosis, BI-RADS and gene results never enter it.

    Args:
        draft: None for the rules' own proposal; else only accepted rows, at the clinician's dates.
        chosen: paragraphs in `language`, after the clinician's choices.
        checked_by: name of the clinician who confirmed this handout; None says that nobody has.
        confirmed: ids of expired paragraphs that the clinician confirmed; the others are left off.
        more: whether "More to know" is printed; None: as the draft has it, else not.

    Raises:
        OutOfScopeError: no survivorship plan applies to this record.
        DocumentError: there are no texts in this language.
    """
    if not record.scope.applies:
        raise OutOfScopeError(record.scope.reasons, record.diagnoses_read)
    words = load_words(templates, language)
    recommendations = tuple(recommendations)
    occurrences = dated_occurrences(recommendations, draft, today, MONTHS)
    if more is None:
        more = draft is not None and draft.more_to_know
    conditions = _conditions(clinic, occurrences, today, confirmed, words)
    paper = select_paragraphs(chosen, replace(conditions, more=more), words)
    person = person or Person(birth_date=record.patient.birth_date)
    following = next_section(recommendations, draft, occurrences, today, words)
    return _assemble(record, draft, clinic, words, person, paper, following, words.date(today), checked_by)


def _assemble(
    record: PatientRecord,
    draft: CarePlanDraft | None,
    clinic: ClinicContacts,
    words: Words,
    person: Person,
    paper: Paper,
    following: NextSection,
    made_on: str,
    checked_by: str | None,
) -> Handout:
    had = _had(record, words)
    return Handout(
        language=words.language,
        direction=words.direction,
        title=words.say("title"),
        name=clean_text(person.name),
        name_line=words.say("name-line"),
        for_line=_for_line(person, made_on, words),
        intro=words.say("intro"),
        had=had,
        phones_title=words.say("phones.title"),
        phones=_phones(clinic, words),
        medicine_title=_medicine_title(record, words),
        medicine=sections_at(paper, "medicine"),
        next=following,
        questions=TextSection("questions", words.say("questions.title"), items=items_at(paper, "questions"), lines=3),
        lines_label=words.say("questions.lines"),
        signs_title=words.say("signs.title"),
        signs_lead=words.say("signs.lead"),
        signs=_signs(paper, clinic, words),
        can_do=listed_at(paper, "can-do", words),
        support=listed_at(paper, "support", words),
        note=_note(draft, words),
        short_title=words.say("short.title"),
        short=sections_at(paper, "short"),
        more_title=words.say("more.title"),
        more=sections_at(paper, "more"),
        words=word_list(paper, (*_had_texts(had), *_next_texts(following)), words),
        closing=_closing(clinic, guideline_years(paper), checked_by, paper.version, made_on, words),
        footer=words.say("footer", today=made_on),
        page_words=(words.say("page"), words.say("page-of")),
        not_reviewed=paper.not_reviewed,
        left_off=paper.left_off,
    )


def _conditions(
    clinic: ClinicContacts, occurrences: tuple[Occurrence, ...], today: date, confirmed: Collection[str], words: Words
) -> Conditions:
    planned = {entry.topic for entry in occurrences}
    return Conditions(fill_values(clinic, occurrences, words), clinic, today, confirmed, planned)


def _for_line(person: Person, made_on: str, words: Words) -> str:
    if person.birth_date is None:
        return words.say("for-undated", today=made_on)
    return words.say("for-born", born=words.date(person.birth_date), today=made_on)


def _had(record: PatientRecord, words: Words) -> TableSection:
    rows = describe_treatment(record, words) or ((words.say("had.cancer"), (words.say("had.nothing"),)),)
    return TableSection(words.say("had.title"), (words.say("had.what"), words.say("had.details")), rows)


def _had_texts(had: TableSection) -> list[str]:
    return [text for _, texts in had.rows for text in texts]


def _next_texts(following: NextSection) -> list[str]:
    return [*(entry.what for month in following.months for entry in month.entries), *following.after]


def _phones(clinic: ClinicContacts, words: Words) -> tuple[tuple[str, str], ...]:
    blank = words.say("phones.blank")
    hours = clinic.phone_hours if clinic.language == words.language else ""
    label = words.say("phones.clinic-hours", hours=hours) if hours else words.say("phones.clinic")
    doctor = clinic.primary_care_name
    primary = words.say("phones.primary-named", name=doctor) if doctor else words.say("phones.primary")
    return (
        (clinic.phone or blank, label),
        (clinic.after_hours_phone or blank, words.say("phones.after-hours")),
        (clinic.primary_care_phone or blank, primary),
    )


def _medicine_title(record: PatientRecord, words: Words) -> str:
    names = current_medicines(record, words)
    return words.say("medicine.title-named", names=words.listed(names)) if names else words.say("medicine.title")


def _note(draft: CarePlanDraft | None, words: Words) -> TextSection | None:
    text = clean_text(draft.education_note) if draft is not None else ""
    if not text:
        return None
    return TextSection("note", words.say("note.title"), tuple(line for line in text.split("\n") if line.strip()))


def _closing(
    clinic: ClinicContacts, years: tuple[int, ...], checked_by: str | None, version: str, made_on: str, words: Words
) -> tuple[str, ...]:
    lines = [words.say("made-by", clinic=clinic.name)] if clinic.name else []
    if years:
        lines.append(words.say("made-from", first=years[0], last=years[-1]))
    lines.append(words.say("made"))
    about = " ".join(lines)
    if checked_by:
        return about, words.say("checked", name=clean_text(checked_by), today=made_on, version=version)
    return about, words.say("not-checked", version=version)


def _signs(paper: Paper, clinic: ClinicContacts, words: Words) -> tuple[SignsBox, ...]:
    same_day = words.say("signs.same-day-phone", phone=clinic.phone) if clinic.phone else words.say("signs.same-day")
    boxes = (
        SignsBox(True, words.say("signs.urgent", number=clinic.urgent_number), items_at(paper, "signs-urgent")),
        SignsBox(False, same_day, items_at(paper, "signs-same-day")),
        SignsBox(False, words.say("signs.soon"), items_at(paper, "signs-soon")),
    )
    return tuple(box for box in boxes if box.items)
