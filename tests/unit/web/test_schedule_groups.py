"""What cannot be told stands by the fact that is missing, the one that decides most first."""

from __future__ import annotations

from smart_app.clinical.recommendations import DueStatus, Recommendation
from smart_app.web.presenters_groups import group_schedule
from smart_app.web.presenters_words import value_words
from tests.unit.handout.handout_values import TODAY, recommendation


def waiting(rule: str, *missing: str) -> Recommendation:
    return recommendation(rule, "other", status=DueStatus.CANNOT_TELL, missing=missing)


def test_rows_that_wait_for_one_fact_stand_together_under_it() -> None:
    items = [waiting("a", "menopausal_status"), waiting("b", "germline"), waiting("c", "uterus", "germline")]
    group = next(group for group in group_schedule(items, TODAY, "/c/x") if group.id == "open")
    assert [(part.heading, [row.rule for row in part.rows]) for part in group.parts] == [
        ("Without germline genes", ["b", "c"]),
        ("Without menopausal status", ["a"]),
    ]
    link = group.parts[1].link
    assert link is not None and link.href == "/c/x/facts?fact=menopausal_status"
    assert [row.rule for row in group.rows] == ["b", "c", "a"]


def test_other_groups_have_no_headings_of_their_own() -> None:
    groups = group_schedule([recommendation("a", "mammogram")], TODAY, "/c/x")
    assert [part.heading for group in groups for part in group.parts] == [""]


def test_a_category_with_its_letter_is_told_once() -> None:
    assert value_words("birads", "4", {"sub": "4A"}) == "BI-RADS 4A"
    assert value_words("birads", "4", {}) == "BI-RADS 4"
