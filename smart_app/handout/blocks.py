"""
The handout as a value: blocks of text without markup. HTML page and PDF are both made from it, so they say the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from smart_app.clinical.dates import PartialDate


@dataclass(frozen=True, slots=True)
class Person:
    """Whom the handout is for. An empty name prints a line to write it on."""

    name: str = ""
    birth_date: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class TextSection:
    """A heading with plain paragraphs and list items; `key` names it for styles. `lines`: empty lines to write on."""

    key: str
    title: str
    paragraphs: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    lines: int = 0


@dataclass(frozen=True, slots=True)
class TableSection:
    """A heading with a table of two columns."""

    title: str
    head: tuple[str, str]
    rows: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class CalendarEntry:
    """What is due in a month, and who does it."""

    what: str
    who: str


@dataclass(frozen=True, slots=True)
class CalendarMonth:
    """One month; `iso` is `2026-12`."""

    iso: str
    name: str
    entries: tuple[CalendarEntry, ...]


@dataclass(frozen=True, slots=True)
class NextSection:
    """The calendar: what is late, the months, what is known only to the year, what is asked at visits."""

    title: str
    late: tuple[str, ...]
    ask: str
    lead: str
    months: tuple[CalendarMonth, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SignsBox:
    """Signs that belong to one way of calling."""

    urgent: bool
    title: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOff:
    """A text that is not on the paper, for the clinician: `why` is general, not-reviewed, expired or no-value."""

    paragraph: str
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Handout:
    """
    One patient's handout in one language.

    `name` is the only place of the patient's name; `title` never holds it. `not_reviewed` and `left_off` are for the
    clinician's page and preview, not for the paper.
    """

    language: str
    direction: str
    title: str
    name: str
    name_line: str
    for_line: str
    intro: str
    had: TableSection
    phones_title: str
    phones: tuple[tuple[str, str], ...]
    medicine_title: str
    medicine: tuple[TextSection, ...]
    next: NextSection
    questions: TextSection
    lines_label: str
    signs_title: str
    signs_lead: str
    signs: tuple[SignsBox, ...]
    can_do: TextSection | None
    support: TextSection | None
    note: TextSection | None
    short_title: str
    short: tuple[TextSection, ...]
    more_title: str
    more: tuple[TextSection, ...]
    words: TableSection | None
    closing: tuple[str, ...]
    footer: str
    page_words: tuple[str, str]
    not_reviewed: tuple[str, ...] = ()
    left_off: tuple[LeftOff, ...] = ()
