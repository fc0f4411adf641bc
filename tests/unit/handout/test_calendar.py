"""calendar.ics: dates, stable UIDs, nothing about the person."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import icalendar
import pytest

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.plan import Decision, PlanRow
from smart_app.clinical.recommendations import DueStatus, Recommendation, RecommendationKind
from smart_app.handout.calendar import calendar_ics
from smart_app.handout.messages import load_words
from smart_app.handout.next_section import next_section
from smart_app.handout.occurrences import dated_occurrences
from smart_app.knowledge.rules import TOPICS
from tests.unit.handout.handout_values import TEMPLATES, TODAY, draft, recommendation, recommendations

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


def monthly(**changes: object) -> Recommendation:
    usual = recommendation(
        "olaparib-blood-count",
        "cbc",
        status=DueStatus.UP_TO_DATE,
        due=PartialDate(2026, 12, 5),
        interval_months=(1, 1),
        chosen_months=1,
        horizon=tuple(PartialDate(2026, 12, 5).add_months(number) for number in range(1, 60)),
    )
    return replace(usual, **changes)


def test_a_monthly_test_without_a_known_end_stands_once_with_its_rhythm() -> None:
    found = dated_occurrences([monthly()], None, TODAY)
    assert [(str(entry.on), entry.every) for entry in found] == [("2026-12-05", 1)]
    data = calendar_ics([monthly()], None, "en", TODAY, MADE, templates=TEMPLATES, plan="urn:uuid:1")
    assert "Then each month." in str(events(data)[0]["DESCRIPTION"])


def test_a_monthly_test_with_a_known_end_stands_at_each_of_its_dates_and_not_beyond() -> None:
    three = tuple(PartialDate(2026, 12, 5).add_months(number) for number in (1, 2, 3))
    found = dated_occurrences([monthly(horizon=three)], None, TODAY)
    assert [str(entry.on) for entry in found] == ["2026-12-05", "2027-01-05", "2027-02-05", "2027-03-05"]


def test_a_late_test_goes_on_by_its_own_phases_and_not_by_the_interval_it_was_late_in() -> None:
    late = monthly(
        due=PartialDate(2026, 9, 25),
        status=DueStatus.OVERDUE,
        horizon=(PartialDate(2026, 12), PartialDate(2027, 3), PartialDate(2027, 6)),
    )
    found = dated_occurrences([late], None, TODAY)
    assert [str(entry.on) for entry in found] == ["2026-11", "2026-12", "2027-03", "2027-06"]


def test_a_talk_that_stays_open_is_never_late_for_the_patient() -> None:
    talk = monthly(
        rule="late-radiation-heart",
        topic="cardiac-risk",
        kind=RecommendationKind.REVIEW,
        due=PartialDate(2024, 6, 10),
        status=DueStatus.DUE,
        interval_months=None,
        horizon=(),
    )
    assert [(str(entry.on), entry.late) for entry in dated_occurrences([talk], None, TODAY)] == [("2026-11", False)]
    overdue = replace(talk, status=DueStatus.OVERDUE)
    assert [entry.late for entry in dated_occurrences([overdue], None, TODAY)] == [True]


def test_a_date_moved_by_the_clinician_moves_the_further_ones_by_as_much() -> None:
    yearly = monthly(
        rule="mammogram-annual",
        topic="mammogram",
        due=PartialDate(2026, 12),
        interval_months=(12, 12),
        horizon=(PartialDate(2027, 12), PartialDate(2028, 12)),
    )
    row = PlanRow("mammogram-annual", "M", "mammogram", Decision.ACCEPT, "oncology", "mammogram-annual",
                  due=PartialDate(2027, 2))  # fmt: skip
    found = dated_occurrences([yearly], draft(row), TODAY)
    assert [str(entry.on) for entry in found] == ["2027-02", "2028-02"]


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("topic", sorted(TOPICS))
def test_a_date_that_the_clinician_gives_to_any_item_is_on_the_calendar_and_the_paper(
    topic: str, language: str
) -> None:
    dated = PlanRow("an-item", "An item", topic, Decision.ACCEPT, "oncology", rule="an-item", due=PartialDate(2027, 3))
    (event,) = events(ics(draft(dated), language))
    assert event["DTSTART"].dt == date(2027, 3, 1)
    following = next_section(
        (), draft(dated), dated_occurrences((), draft(dated), TODAY), TODAY, load_words(TEMPLATES, language)
    )
    assert any(month.entries for month in following.months)
