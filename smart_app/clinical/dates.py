"""
Dates as precise as the record gives them.

FHIR allows `2019`, `2019-05` and `2019-05-03`. Nothing here ever sharpens one: arithmetic keeps the precision,
comparison asks for the earliest or the latest day that the value may mean.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

_FHIR_DATE = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})(?:T.*)?)?)?")


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A FHIR date at its own precision: year, month or day. Order is not defined: ask `earliest` or `latest`."""

    year: int
    month: int | None = None
    day: int | None = None

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """
        Read a FHIR date, dateTime or instant; the calendar date as written, never moved to another zone.

        Raises:
            ValueError: not a FHIR date, or a day that does not exist (`2023-02-30`).
        """
        match = _FHIR_DATE.fullmatch(text.strip())
        if match is None:
            raise ValueError("not a FHIR date")
        year, month, day = (int(part) if part else None for part in match.groups())
        if year is None:
            raise ValueError("not a FHIR date")
        date(year, 1 if month is None else month, 1 if day is None else day)
        return cls(year, month, day)

    @classmethod
    def from_date(cls, day: date) -> PartialDate:
        """A date known to the day."""
        return cls(day.year, day.month, day.day)

    def __str__(self) -> str:
        text = f"{self.year:04d}"
        if self.month is not None:
            text += f"-{self.month:02d}"
        if self.day is not None:
            text += f"-{self.day:02d}"
        return text

    @property
    def earliest(self) -> date:
        """First day that this date may mean."""
        return date(self.year, self.month or 1, self.day or 1)

    @property
    def latest(self) -> date:
        """Last day that this date may mean."""
        month = self.month or 12
        return date(self.year, month, self.day or calendar.monthrange(self.year, month)[1])

    @property
    def precision(self) -> str:
        """`year`, `month` or `day`."""
        return "day" if self.day is not None else "month" if self.month is not None else "year"

    def to_month(self) -> PartialDate:
        """The same date, no finer than a month."""
        return PartialDate(self.year, self.month)

    def add_months(self, months: int) -> PartialDate:
        """
        Months later (or earlier, if negative), at the same precision.

        A year keeps its precision by whole years only: months beyond them are rounded up, so that a due date is
        never earlier than the input allows. 31 January plus one month is the last day of February.
        """
        if self.month is None:
            return PartialDate(self.year + -(-months // 12))
        index = self.year * 12 + self.month - 1 + months
        year, month = divmod(index, 12)
        month += 1
        if self.day is None:
            return PartialDate(year, month)
        return PartialDate(year, month, min(self.day, calendar.monthrange(year, month)[1]))

    def add_days(self, days: int) -> PartialDate:
        """Days later; a month or a year keeps its precision, rounded up as in `add_months`."""
        later = self.latest + timedelta(days=days)
        if self.month is None:
            return PartialDate(later.year)
        return PartialDate(later.year, later.month, later.day if self.day is not None else None)

    def surely_before(self, other: PartialDate | date) -> bool:
        """Whether every day this may mean lies before every day that `other` may mean."""
        return self.latest < (other if isinstance(other, date) else other.earliest)


def whole_years_between(start: date, end: date) -> int:
    """Completed years from start to end (an age); negative if end lies before start."""
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))
