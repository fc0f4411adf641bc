"""
calendar.ics: the visits and tests of the plan, without the patient's name, each under a lasting UID.

What is known to the month is one all-day event over that month, free, titled "due this month".
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path

from icalendar import Calendar, Event

from smart_app.clinical.plan import CarePlanDraft
from smart_app.clinical.recommendations import Recommendation
from smart_app.handout.messages import Words, load_words
from smart_app.handout.next_section import owner_words, topic_words
from smart_app.handout.occurrences import Occurrence, dated_occurrences

PRODUCT = "-//Aftercare//Survivorship plan//EN"
SPACE = uuid.UUID("6f1c7a52-9a0e-5d3c-8a41-2f5b7d0c9e11")
MONTHS = 24


def calendar_ics(
    recommendations: Iterable[Recommendation],
    draft: CarePlanDraft | None,
    language: str,
    today: date,
    made_at: datetime,
    *,
    templates: Path,
    plan: str = "",
) -> bytes:
    """
    The plan's calendar as iCalendar (RFC 5545).

    Args:
        made_at: an instant in UTC; equal input gives equal bytes.
        plan: what the UIDs hang on where there is no draft yet; with a draft its identifier. A later export of the
            same plan has the same UIDs, so that a second import updates and does not double.
    """
    words = load_words(templates, language)
    identifier = draft.identifier if draft is not None else plan
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", words.say("title"))
    for entry in dated_occurrences(recommendations, draft, today, MONTHS):
        if entry.on.month is not None:
            calendar.add_component(_event(entry, identifier, draft.version if draft else 0, made_at, words))
    return bytes(calendar.to_ical())


def _event(entry: Occurrence, identifier: str, version: int, made_at: datetime, words: Words) -> Event:
    what = topic_words(entry, words)
    by_day = entry.on.day is not None and not entry.late
    event = Event()
    event.add("uid", f"{uuid.uuid5(SPACE, f'{identifier} {entry.row} {entry.number}')}@aftercare")
    event.add("dtstamp", made_at)
    event.add("sequence", version)
    event.add("summary", words.say("ics.title-day" if by_day else "ics.title", what=what))
    about = words.say("ics.about", who=owner_words(entry.owner, words))
    event.add("description", f"{about} {words.count('next.then-every', entry.every)}" if entry.every else about)
    first = entry.on.earliest if by_day else entry.on.to_month().earliest
    last = entry.on.earliest if by_day else entry.on.to_month().latest
    event.add("dtstart", first)
    event.add("dtend", last + timedelta(days=1))
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    return event
