"""Schedules: grace, precision, ranges, anchors, bounds, horizon, and the answers without a date."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.features import derive_features
from smart_app.clinical.recommendations import DueStatus, Recommendation
from smart_app.clinical.rules import evaluate_rules
from smart_app.clinical.schedule import ClinicDefaults, Offset, Phase, Schedule, choose_months, compute_due, due_status
from smart_app.clinical.treatment_dates import latest_of, months_between
from smart_app.knowledge import default_paths
from smart_app.knowledge.rules import load_rules
from tests.support.rule_examples import record_of

RULES = load_rules(default_paths().mappings / "rules")


def rule(given: dict[str, Any], rule_id: str, clinic: ClinicDefaults | None = None) -> Recommendation:
    return next(item for item in evaluate_rules(RULES, record_of(given), clinic) if item.rule == rule_id)


def day(text: str) -> PartialDate:
    return PartialDate.parse(text)


def test_breast_mri_whose_search_failed_is_never_told_as_not_done() -> None:
    given = {"facts": {"germline": ["TP53 pathogenic"]}}
    assert rule(given, "tp53-imaging").status is DueStatus.OVERDUE
    found = rule(given | {"unread": ["breast-mri"]}, "tp53-imaging")
    assert (found.status, found.missing, found.due) == (DueStatus.CANNOT_TELL, ("breast-mri",), None)


@pytest.mark.parametrize(
    ("due", "as_of", "status"),
    [
        ("2026-11-26", "2026-11-25", "up-to-date"),
        ("2026-11-25", "2026-11-25", "due"),
        ("2026-09-26", "2026-11-25", "due"),
        ("2026-09-25", "2026-11-25", "overdue"),
        ("2026-12", "2026-11-30", "up-to-date"),
        ("2026-12", "2026-12-01", "due"),
        ("2026-12", "2026-12-31", "due"),
        ("2026-12", "2027-03-01", "due"),
        ("2026-12", "2027-03-02", "overdue"),
        ("2026", "2026-01-01", "due"),
        ("2026", "2027-03-01", "due"),
        ("2026", "2027-03-02", "overdue"),
    ],
)
def test_status_by_grace_and_a_month_counts_as_its_whole_month(due: str, as_of: str, status: str) -> None:
    assert due_status(day(due), date.fromisoformat(as_of), 60) == status


@pytest.mark.parametrize(("clinic", "expected"), [(None, 6), (3, 3), (4, 4), (6, 6), (2, 6), (12, 6)])
def test_a_range_is_never_its_midpoint_and_the_clinic_stays_inside(clinic: int | None, expected: int) -> None:
    assert choose_months((3, 6), clinic) == expected


def test_the_clinics_interval_moves_the_date_and_the_range_stays_shown() -> None:
    given = {
        "cancers": [{"kind": "invasive", "side": "left", "dated": "2025-02-10"}],
        "surgery": ["mastectomy left 2025-11-20"],
        "radiation": [],
        "events": ["clinic-visit 2026-10-01"],
    }
    usual = rule(given, "clinic-visit-invasive")
    own = rule(given, "clinic-visit-invasive", ClinicDefaults(intervals={"clinic-visit-invasive": 4}))
    assert (str(usual.due), usual.chosen_months, usual.interval_months) == ("2027-04-01", 6, (3, 6))
    assert (str(own.due), own.chosen_months, own.interval_months) == ("2027-02-01", 4, (3, 6))
    assert str(own.earliest) == "2027-01-01"


@pytest.mark.parametrize(
    ("ended", "interval"),
    [
        ("2023-11-26", (3, 6)), ("2023-11-25", (6, 12)), ("2021-11-26", (6, 12)), ("2021-11-25", (12, 12)),
        ("2010-01-01", (12, 12)),
    ],
)  # fmt: skip
def test_visit_interval_by_years_since_the_end_of_primary_treatment(ended: str, interval: tuple[int, int]) -> None:
    given = {
        "cancers": [{"kind": "invasive", "side": "left", "dated": "2009-01-01"}],
        "surgery": [f"mastectomy left {ended}"],
        "radiation": [],
    }
    assert rule(given, "clinic-visit-invasive").interval_months == interval


@pytest.mark.parametrize(
    ("mammogram", "radiation_end", "due"),
    [
        ("2025-11-03", "2026-03-10", "2026-11-03"),
        ("2025-11-03", "2026-07-20", "2027-01-20"),
        ("2025-11", "2026-04-20", "2026-11"),
        ("2025-11", "2026-05-20", "2026-11"),
        ("2025-11-03", "2026-05", "2026-11"),
    ],
)
def test_first_mammogram_is_the_later_of_twelve_months_and_six_after_radiation(
    mammogram: str, radiation_end: str, due: str
) -> None:
    given = {
        "cancers": [{"kind": "invasive", "side": "left", "dated": "2025-11-14"}],
        "surgery": ["breast-conserving left 2025-12-10"],
        "radiation": [f"left 2026-02-02 {radiation_end}"],
        "imaging": [f"mammogram {mammogram} both"],
    }
    assert str(rule(given, "mammogram-first-after-radiation").due) == due


def test_radiation_that_ended_last_week_keeps_the_mammogram_half_a_year_away() -> None:
    given = {
        "cancers": [{"kind": "invasive", "side": "left", "dated": "2025-11-14"}],
        "surgery": ["breast-conserving left 2026-06-10"],
        "radiation": ["left 2026-10-02 2026-11-18"],
        "imaging": ["mammogram 2025-11-03 both"],
    }
    found = rule(given, "mammogram-first-after-radiation")
    assert (str(found.earliest), str(found.due), found.status) == ("2027-05-18", "2027-05-18", DueStatus.UP_TO_DATE)


def test_an_old_course_without_an_end_binds_nothing_and_a_new_one_is_asked_for() -> None:
    old = {"radiation": ["left 2023-05-02"], "imaging": ["mammogram 2026-01-12 both 2"]}
    assert str(rule(old, "mammogram-annual").due) == "2027-01-12"


@pytest.mark.parametrize(
    ("left", "right", "rows"),
    [
        ("2026-01-12", "2026-01-12", [("both", "2027-01-12", "up-to-date")]),
        ("2026-01-12", "2025-02-03", [("left", "2027-01-12", "up-to-date"), ("right", "2026-02-03", "overdue")]),
    ],
)
def test_two_breasts_are_one_row_only_if_date_and_status_agree(
    left: str, right: str, rows: list[tuple[str, str, str]]
) -> None:
    given = {"events": [f"mammogram {left} left", f"mammogram {right} right"]}
    found = [item for item in evaluate_rules(RULES, record_of(given)) if item.rule == "mammogram-annual"]
    assert [(item.side, str(item.due), item.status.value) for item in found] == rows


def test_a_study_of_one_breast_says_nothing_of_the_other() -> None:
    given = {"surgery": ["mastectomy left 2023-03-15"], "radiation": [], "imaging": ["mammogram 2026-06-01 left 2"]}
    found = rule(given, "mammogram-other-breast")
    assert (found.side, str(found.due), found.last_done) == ("right", "2024-02-10", None)


def test_a_planned_study_in_the_future_is_not_done() -> None:
    given = {"events": ["mammogram 2026-12-20 bilateral", "mammogram 2025-11-10 bilateral"]}
    assert str(rule(given, "mammogram-annual").due) == "2026-11-10"


def test_five_years_ahead_and_a_late_item_is_counted_from_this_month() -> None:
    given = {"imaging": ["mammogram 2026-03-10 both 2"]}
    found = rule(given, "mammogram-annual")
    assert [str(each) for each in found.horizon] == ["2028-03-10", "2029-03-10", "2030-03-10", "2031-03-10"]
    late = rule({"imaging": ["mammogram 2025-03-10 both 2"]}, "mammogram-annual")
    assert [str(each) for each in late.horizon] == ["2027-11", "2028-11", "2029-11", "2030-11", "2031-11"]


def test_visits_of_the_next_five_years_follow_the_phases() -> None:
    given = {
        "cancers": [{"kind": "invasive", "side": "left", "dated": "2023-11-10"}],
        "surgery": ["mastectomy left 2024-06-10"],
        "radiation": [],
        "events": ["clinic-visit 2026-09-10"],
    }
    found = rule(given, "clinic-visit-invasive")
    dates = [str(found.due), *(str(each) for each in found.horizon)]
    assert dates[:3] == ["2027-03-10", "2027-09-10", "2028-09-10"]
    assert dates[-1] <= "2031-11-25"


def test_what_is_done_once_is_done() -> None:
    given = {"facts": {"menopausal_status": "postmenopausal"}, "imaging": ["dxa 2019-02-01"]}
    found = rule(given, "dxa-baseline-postmenopausal")
    assert (found.status, found.due, found.horizon) == (DueStatus.UP_TO_DATE, None, ())


def test_an_unread_search_gives_no_date_at_all() -> None:
    found = rule({"unread": ["mammogram"]}, "mammogram-first-after-radiation")
    assert (found.status, found.missing) == (DueStatus.CANNOT_TELL, ("mammogram",))


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["2026-01-05", "2026-03-01"], "2026-03-01"),
        (["2026-03", "2026-03-10"], "2026-03"),
        (["2026", "2026-03-10"], "2026"),
        (["2025-12-31", "2026"], "2026"),
        ([], "None"),
    ],
)
def test_the_later_of_two_dates_is_never_sharpened(days: list[str], expected: str) -> None:
    assert str(latest_of([day(text) for text in days])) == expected


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [("2024-01-31", "2024-02-29", 1.0), ("2024-05-15", "2026-11-15", 30.0), ("2026-11-25", "2026-11-25", 0.0)],
)
def test_months_between_counts_calendar_months(start: str, end: str, months: float) -> None:
    assert months_between(day(start), date.fromisoformat(end)) == (months, months)


def test_grace_of_a_rule_replaces_that_of_its_topic_and_a_clinic_may_set_its_own() -> None:
    schedule = Schedule(first=(Offset("diagnosis", 12),), phases=(Phase((12, 12)),), looks_for=("dxa",))
    features = derive_features(record_of({"cancers": [{"kind": "invasive", "side": "left", "dated": "2025-10-10"}]}))
    usual = compute_due(schedule, features, "any", "dxa", ClinicDefaults())
    strict = compute_due(schedule, features, "any", "dxa", ClinicDefaults(grace_days={"dxa": 30}))
    assert (usual.status, strict.status) == (DueStatus.DUE, DueStatus.OVERDUE)


def test_in_the_united_kingdom_other_rows_stand() -> None:
    uk = ClinicDefaults(jurisdiction="uk")
    rules = {item.rule for item in evaluate_rules(RULES, record_of({"imaging": ["mammogram 2026-01-12 both"]}), uk)}
    assert "mammogram-uk" in rules
    assert "mammogram-annual" not in rules
    visit = rule({}, "clinic-visit-invasive", uk)
    assert (visit.due, visit.status) == (None, DueStatus.DUE)


def test_a_study_without_a_date_is_neither_none_recorded_nor_a_date() -> None:
    given = {"surgery": ["mastectomy left 2023-03-15"], "radiation": [], "events": ["mammogram"]}
    found = rule(given, "mammogram-other-breast")
    assert (found.status, found.due, found.missing) == (DueStatus.CANNOT_TELL, None, ("mammogram",))
    assert all(reason.value != "none recorded" for reason in found.because if reason.fact == "mammogram")


def test_a_dated_study_stands_beside_one_without_a_date() -> None:
    given = {"events": ["mammogram", "mammogram 2026-02-01 bilateral"]}
    assert str(rule(given, "mammogram-annual").due) == "2027-02-01"


def test_the_first_visit_is_counted_by_the_interval_of_its_own_time() -> None:
    given = {
        "cancers": [{"kind": "invasive", "side": "left", "dated": "2021-01-10"}],
        "surgery": ["mastectomy left 2021-02-10"],
        "radiation": [],
    }
    usual = rule(given, "clinic-visit-invasive")
    assert (str(usual.due), str(usual.earliest), usual.interval_months) == ("2021-08-10", "2021-05-10", (12, 12))
    own = rule(given, "clinic-visit-invasive", ClinicDefaults(intervals={"clinic-visit-invasive": 4}))
    assert str(own.due) == "2021-06-10"


def test_after_the_planned_course_a_test_stays_due_and_no_further_dates_are_made() -> None:
    late = rule({"drugs": ["olaparib active 2025-08-10"], "events": ["cbc 2026-11-10"]}, "olaparib-blood-count")
    assert (str(late.due), late.status, late.horizon) == ("2026-12-10", DueStatus.UP_TO_DATE, ())
    assert late.reason == "the planned treatment ended 2026-08-10: ask whether it is still taken"
    early = rule({"drugs": ["olaparib active 2026-08-30"], "events": ["cbc 2026-11-10"]}, "olaparib-blood-count")
    assert [str(when) for when in early.horizon][-1] == "2027-08-10"
    assert early.reason == ""


def test_a_monthly_series_keeps_its_day_beyond_february() -> None:
    given = {"drugs": ["ado-trastuzumab emtansine active 2026-09-01"], "imaging": ["echocardiogram 2026-08-30"]}
    assert [str(when) for when in rule(given, "tdm1-lvef").horizon] == [
        "2027-02-28",
        "2027-05-30",
        "2027-08-30",
    ]


@pytest.mark.parametrize(
    ("events", "status", "due"),
    [
        ([], "overdue", "2026-10-24"),
        (["ecg 2026-10-08"], "overdue", "2026-10-24"),
        (["ecg 2026-10-10"], "overdue", "2026-10-24"),
        (["ecg 2026-10-11"], "up-to-date", None),
    ],
)
def test_an_ecg_from_before_the_start_does_not_stand_for_the_one_of_day_14(
    events: list[str], status: str, due: str | None
) -> None:
    given = {"drugs": ["ribociclib active 2026-10-10", "letrozole active 2026-09-10"], "events": events}
    found = rule(given, "ribociclib-ecg-day-14")
    assert (found.status.value, str(found.due) if found.due else None) == (status, due)


def test_a_drug_given_by_staff_is_told_by_its_last_dose_and_not_as_active() -> None:
    from tests.support.rule_charts import knowledge, read_chart

    chart = read_chart(["invasive left 2024-02-10 · mastectomy left 2024-03-15 · goserelin given 2026-11-01"])
    found = next(item for item in evaluate_rules(knowledge().rules, chart) if item.rule == "gnrh-injections-on-time")
    assert [reason.value for reason in found.because] == ["goserelin (last given 2026-11-01)"]
