"""calendar.ics: dates, stable UIDs, nothing about the person."""

from __future__ import annotations

from datetime import UTC, date, datetime

import icalendar

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.plan import Decision, PlanRow
from smart_app.handout.calendar import calendar_ics
from tests.unit.handout.handout_values import TEMPLATES, TODAY, draft, recommendations

MADE = datetime(2026, 11, 25, 9, 42, tzinfo=UTC)


def ics(of=None, language: str = "en", today: date = TODAY, made: datetime = MADE) -> bytes:
    return calendar_ics(recommendations(), of, language, today, made, templates=TEMPLATES, plan="urn:uuid:1")


def events(data: bytes) -> list[icalendar.Event]:
    return list(icalendar.Calendar.from_ical(data).walk("VEVENT"))


def test_what_is_known_to_the_month_is_one_free_all_day_event_over_that_month() -> None:
    visit = next(event for event in events(ics()) if str(event["SUMMARY"]).startswith("Clinic visit"))
    assert str(visit["SUMMARY"]) == "Clinic visit: due this month"
    assert (visit["DTSTART"].dt, visit["DTEND"].dt) == (date(2026, 12, 1), date(2027, 1, 1))
    assert visit["TRANSP"] == "TRANSPARENT"


def test_what_is_known_to_the_day_is_that_day() -> None:
    gynecology = next(event for event in events(ics()) if "health" in str(event["SUMMARY"]))
    assert (gynecology["DTSTART"].dt, gynecology["DTEND"].dt) == (date(2027, 1, 14), date(2027, 1, 15))


def test_what_is_late_stands_in_this_month() -> None:
    mammogram = next(event for event in events(ics()) if "Mammogram" in str(event["SUMMARY"]))
    assert mammogram["DTSTART"].dt == date(2026, 11, 1)


def test_a_second_export_has_the_same_uids_and_the_same_input_the_same_bytes() -> None:
    first, second = events(ics()), events(ics(made=datetime(2026, 12, 1, tzinfo=UTC)))
    assert [str(event["UID"]) for event in first] == [str(event["UID"]) for event in second]
    assert len({str(event["UID"]) for event in first}) == len(first)
    assert ics() == ics()


def test_a_moved_date_keeps_its_uid_and_raises_the_sequence() -> None:
    def row(month: int) -> PlanRow:
        return PlanRow("visit", "V", "clinic-visit", Decision.ACCEPT, "oncology", "visit", due=PartialDate(2027, month))

    before, after = (events(ics(draft(row(1), version=1)))[0], events(ics(draft(row(3), version=2)))[0])
    assert before["UID"] == after["UID"] and after["SEQUENCE"] == 2 and before["SEQUENCE"] == 1
    assert before["DTSTART"].dt != after["DTSTART"].dt


def test_another_plan_has_other_uids() -> None:
    other = calendar_ics(recommendations(), None, "en", TODAY, MADE, templates=TEMPLATES, plan="urn:uuid:2")
    assert not {str(event["UID"]) for event in events(other)} & {str(event["UID"]) for event in events(ics())}


def test_titles_are_in_the_patients_language_and_hold_no_name() -> None:
    data = ics(language="es")
    assert "toca este mes" in data.decode().replace("\r\n ", "")
    assert b"Mary" not in data


def test_a_hostile_title_stays_one_line_of_text() -> None:
    hostile = PlanRow(
        "own-1", "X\r\nBEGIN:VALARM\r\nACTION:EMAIL", "other", Decision.ACCEPT, "a\nb", due=PartialDate(2027, 1)
    )
    data = ics(draft(hostile))
    assert len(events(data)) == 1 and not list(icalendar.Calendar.from_ical(data).walk("VALARM"))
