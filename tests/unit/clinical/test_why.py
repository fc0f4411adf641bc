"""Why and why not: the tree, the reasons, and the single facts on which an answer turns."""

from __future__ import annotations

from typing import Any

import pytest

from smart_app.clinical.recommendations import DueStatus, Recommendation, Truth
from smart_app.clinical.recommendations_json import recommendations_json
from smart_app.clinical.rules import evaluate_rules, explain_rule
from smart_app.clinical.schedule import ClinicDefaults
from smart_app.knowledge import default_paths
from smart_app.knowledge.rules import load_rules
from tests.support.rule_examples import record_of

RULES = load_rules(default_paths().mappings / "rules")
LETROZOLE = {"drugs": ["letrozole active 2023-07-01"], "facts": {"menopausal_status": "premenopausal"}}


def explain(given: dict[str, Any], rule_id: str) -> Recommendation:
    return explain_rule(RULES, record_of(given), ClinicDefaults(), rule_id)[0]


def test_a_fired_alert_names_each_fact_with_its_source_and_the_absence_it_rests_on() -> None:
    found = explain(LETROZOLE, "ai-without-ovarian-suppression")
    reasons = {reason.fact: reason for reason in found.because}
    assert reasons["systemic"].value == "letrozole (active)"
    assert reasons["systemic"].sources[0].reference.startswith("MedicationRequest/")
    assert reasons["menopausal_status"].value == "premenopausal"
    assert reasons["ovarian_suppression"].value == "none recorded"


def test_a_fired_alert_says_which_change_would_end_it() -> None:
    found = explain(LETROZOLE, "ai-without-ovarian-suppression")
    assert len(found.would_change) == 3
    assert all(text.startswith("It would no longer apply if this changed") for text in found.would_change)


def test_a_rule_that_does_not_fire_says_why_and_what_would_make_it_fire() -> None:
    given = {**LETROZOLE, "facts": {"menopausal_status": "postmenopausal"}}
    found = explain(given, "ai-without-ovarian-suppression")
    assert (found.fired, found.status) == (False, DueStatus.NOT_INDICATED)
    assert found.reason == "does not apply: menopausal status: not premenopausal or perimenopausal"
    assert found.would_change == (
        "It could apply if this changed: menopausal status: not premenopausal or perimenopausal.",
    )


def test_an_open_rule_says_what_would_decide_it() -> None:
    found = explain({"drugs": ["letrozole active 2023-07-01"]}, "ai-without-ovarian-suppression")
    assert found.status is DueStatus.CANNOT_TELL
    assert "Knowing menopausal status would decide it." in found.would_change


def test_of_two_reasons_that_each_suffice_neither_alone_would_change_it() -> None:
    given = {"drugs": ["letrozole active 2023-07-01", "goserelin active 2023-07-01"], "imaging": ["dxa 2025-10-01"]}
    found = explain(given, "dxa-on-ai-or-induced-menopause")
    assert found.would_change == ("A newer DXA would move the date.",)


def test_a_rule_that_gives_way_says_to_which() -> None:
    found = explain({"facts": {"new_symptoms": True}}, "clinic-visit-invasive")
    assert found.fired is False
    assert "possible recurrence" in found.reason


def test_the_missing_gene_result_is_said_in_the_words_of_the_house() -> None:
    found = explain({}, "germline-testing-offer")
    assert (found.status, found.missing) == (DueStatus.CANNOT_TELL, ("germline",))
    assert found.reason == "no test result recorded: offer it, or enter the result"


def test_every_answer_has_a_tree_whose_root_explains_its_status() -> None:
    for item in evaluate_rules(RULES, record_of({}), include_silent=True):
        assert item.trace is not None
        if item.status in (DueStatus.DUE, DueStatus.OVERDUE, DueStatus.UP_TO_DATE):
            assert item.trace.truth is Truth.TRUE
        if not item.fired:
            assert item.reason, item.rule


def test_the_json_is_stable_and_complete() -> None:
    record = record_of({**LETROZOLE, "imaging": ["mammogram 2025-07-20 both 1"]})
    first = recommendations_json(record, evaluate_rules(RULES, record))
    assert first == recommendations_json(record, evaluate_rules(RULES, record))
    row = next(item for item in first["recommendations"] if item["rule"] == "mammogram-annual")
    assert row["due"] == "2026-07-20"
    assert row["status"] == "overdue"
    assert row["side"] == "both"
    assert row["interval_months"] == [12, 12]
    assert row["source"]["year"] == 2016
    assert row["reviewed"] is False
    assert {"fact": "mammogram", "value": "2025-07-20", "sources": ["DiagnosticReport/0"]} in row["because"]


def test_with_all_every_rule_answers() -> None:
    record = record_of({})
    used = [rule for rule in RULES if rule.for_jurisdiction("us")]
    found = {item.rule for item in evaluate_rules(RULES, record, include_silent=True)}
    assert found == {rule.id for rule in used}


@pytest.mark.parametrize(
    ("given", "rule_id", "reason"),
    [
        ({}, "tamoxifen-liver-tests", "endocrine therapy now: not tamoxifen"),
        ({}, "mammogram-older-age", "age: under 75"),
        ({"drugs": ["tamoxifen active 2025-01-01"]}, "pregnancy-pause", "age: over 42"),
        ({}, "tdm1-lvef", "T-DM1 now: no"),
        ({}, "lymphedema-watch", None),
        ({"sex": "male"}, "organ-inventory", "sex: not other"),
        ({"facts": {"new_symptoms": False}}, "suspected-recurrence", "new symptoms: no"),
        ({"drugs": ["letrozole active 2021-12-01"]}, "fezolinetant-liver-tests", "fezolinetant now: no"),
    ],
)
def test_a_reason_is_told_in_the_words_of_the_clinic(given: dict[str, Any], rule_id: str, reason: str | None) -> None:
    found = explain(given, rule_id)
    assert "not so" not in found.reason
    assert reason is None or reason in found.reason
