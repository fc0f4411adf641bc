"""FHIR dates as spans of milliseconds, for searching and sorting."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, timedelta, timezone

_PATTERN = re.compile(
    r"^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d+))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$"
)
FAR_PAST_MS = -62135596800000
FAR_FUTURE_MS = 253402300800000


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware datetime."""
    return int(moment.timestamp() * 1000)


def find_span_ms(text: object) -> tuple[int, int] | None:
    """
    First millisecond and the one after the last of a FHIR date, dateTime or instant; None where it is not one.

    A date without a zone is taken as UTC: the sandbox has one zone.
    """
    match = _PATTERN.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    year, month, day, hour = match.group(1, 2, 3, 4)
    try:
        if hour is not None:
            return _instant_span(match)
        start = date(int(year), int(month or 1), int(day or 1))
        if day:
            end = start + timedelta(days=1)
        elif month:
            end = start + timedelta(days=calendar.monthrange(start.year, start.month)[1])
        else:
            end = date(start.year + 1, 1, 1)
    except (ValueError, OverflowError):
        return None
    return _day_ms(start), _day_ms(end)


def _day_ms(day: date) -> int:
    return to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))


def _instant_span(match: re.Match[str]) -> tuple[int, int]:
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    tz: timezone = UTC
    if zone and zone != "Z":
        sign = -1 if zone[0] == "-" else 1
        tz = timezone(sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6])))
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    start = to_ms(datetime(int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micro, tz))
    width = 60_000 if second is None else 1_000 if fraction is None else 1
    return start, start + width


def instant(moment: datetime) -> str:
    """A FHIR instant with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant_of_ms(ms: int) -> str:
    """The same from milliseconds."""
    return instant(datetime.fromtimestamp(ms / 1000, tz=UTC))
