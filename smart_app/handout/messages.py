"""
Words, dates, lists and plurals of a handout in one language: gettext catalogs read from `templates/locale`.

Messages have keys, not English sentences, so that English is a catalog like the others and a missing translation is
found by comparing catalogs; Babel knows how dates and lists are written.
"""

from __future__ import annotations

import datetime
import gettext
import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_skeleton
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from smart_app.clinical.dates import PartialDate
from smart_app.errors import DocumentError

DOMAIN = "handout"


def catalog_path(templates: Path, language: str) -> Path:
    """Where the catalog of a language stands."""
    return templates / "locale" / language / "LC_MESSAGES" / f"{DOMAIN}.po"


@dataclass(frozen=True)
class Words:
    """The words of one language. `say` fills a message; a key without text is a DocumentError, never English."""

    language: str
    locale: Locale
    catalog: gettext.GNUTranslations
    drug_names: tuple[str, ...] = ()

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return self.locale.text_direction

    def has(self, key: str) -> bool:
        """Whether the catalog has a text for the key."""
        return self.catalog.gettext(key) != key

    def say(self, key: str, **values: object) -> str:
        """A message with its values filled in."""
        text = self.catalog.gettext(key)
        if text == key:
            raise DocumentError(f"no text for {key} in {self.language}")
        return text.format(**values) if values else text

    def count(self, key: str, number: int) -> str:
        """A message in the plural form that the number takes."""
        text = self.catalog.ngettext(key, key, number)
        if text == key:
            raise DocumentError(f"no text for {key} in {self.language}")
        return text.format(count=number)

    def date(self, day: datetime.date | PartialDate) -> str:
        """A date as precise as it is: `May 12, 2022`, `May 2022`, `2022`."""
        if isinstance(day, PartialDate) and day.day is None:
            return self.month(day) if day.month is not None else str(day.year)
        return format_date(day.earliest if isinstance(day, PartialDate) else day, "long", locale=self.locale)

    def month(self, day: datetime.date | PartialDate) -> str:
        """Month and year; the year alone where no more is known."""
        if isinstance(day, PartialDate):
            if day.month is None:
                return str(day.year)
            day = day.earliest
        return format_skeleton("yMMMM", day, locale=self.locale)

    def span(self, start: PartialDate, end: PartialDate) -> str:
        """From one month to another; a year that both share is said once."""
        first = self.month(start)
        if start.year == end.year and None not in (start.month, end.month):
            first = format_date(start.earliest, "LLLL", locale=self.locale)
        return self.say("when.range", start=first, end=self.month(end))

    def listed(self, items: Iterable[str]) -> str:
        """`a, b and c`."""
        return format_list(list(items), locale=self.locale)

    def capital(self, text: str) -> str:
        """The text with its first letter as a capital."""
        return text[:1].upper() + text[1:]


@lru_cache(maxsize=16)
def load_words(templates: Path, language: str) -> Words:
    """
    The words of a language, compiled in memory from its catalog.

    Raises:
        DocumentError: there is no catalog of this language.
    """
    path = catalog_path(templates, language)
    if not language.isalnum() or not path.is_file():
        raise DocumentError(f"there are no handout texts in the language {language!r}")
    with path.open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    drugs = tuple(str(row.string) for row in catalog if str(row.id).startswith("drug."))
    return Words(language, Locale.parse(language), gettext.GNUTranslations(compiled), drugs)
