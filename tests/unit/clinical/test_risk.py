"""Risk tools: the formula on its ten worked examples, the gate, and what is never shown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from smart_app.clinical.facts import Fact, FactState
from smart_app.clinical.risk import RiskResult, cts5_group, cts5_score, node_group, risk_tools
from tests.support.rule_examples import record_of

WORKED = [
    (60, 10, 1, 0, 2.1983, "low"),
    (55, 12, 2, 0, 2.6251, "low"),
    (60, 15, 2, 0, 2.9047, "low"),
    (65, 20, 2, 1, 3.7132, "intermediate"),
    (72, 30, 2, 0, 3.8176, "intermediate"),
    (72, 31, 2, 0, 3.8176, "intermediate"),
    (63, 18, 2, 3, 4.0089, "high"),
    (58, 25, 3, 2, 4.6413, "high"),
    (70, 45, 3, 5, 5.4685, "high"),
    (50, 30, 3, 10, 5.5706, "high"),
]
YP = Fact("n", FactState.DOCUMENTED, "N1", extra={"after_neoadjuvant": True})
ELIGIBLE: dict[str, Any] = {
    "born": "1960-01-10",
    "cancers": [{"kind": "invasive", "side": "left", "dated": "2021-02-10"}],
    "surgery": ["breast-conserving left 2021-03-15"],
    "radiation": [],
    "tumor": {"grade": 2, "tumor_size_mm": 18, "nodes_positive": 1},
    "drugs": ["letrozole active 2021-07-01"],
}


def cts5(given: dict[str, Any]) -> RiskResult:
    return next(row for row in risk_tools(record_of(given)) if row.tool == "CTS5")


@pytest.mark.parametrize(("age", "size", "grade", "nodes", "score", "group"), WORKED)
def test_the_formula_gives_the_worked_examples(
    age: float, size: float, grade: int, nodes: int, score: float, group: str
) -> None:
    found = cts5_score(age, size, grade, nodes)
    assert found == pytest.approx(score, abs=0.0005)
    assert cts5_group(found) == group


@pytest.mark.parametrize(
    ("score", "group"), [(3.1299, "low"), (3.13, "intermediate"), (3.86, "intermediate"), (3.8601, "high")]
)
def test_both_limits_belong_to_the_intermediate_group(score: float, group: str) -> None:
    assert cts5_group(score) == group


@pytest.mark.parametrize(("nodes", "group"), [(0, 0), (1, 1), (2, 2), (3, 2), (4, 3), (9, 3), (10, 4), (31, 4)])
def test_node_groups(nodes: int, group: int) -> None:
    assert node_group(nodes) == group


def test_an_eligible_patient_gets_a_score_with_inputs_version_and_limits() -> None:
    found = cts5(ELIGIBLE)
    assert found.state == "computed"
    assert found.group == "intermediate"
    assert found.score == pytest.approx(cts5_score(61, 18, 2, 1))
    assert {row.name for row in found.inputs} >= {"tumor_size_mm", "grade", "nodes_positive", "er", "age_at_diagnosis"}
    assert found.limits
    assert found.version


@pytest.mark.parametrize(
    ("change", "criterion"),
    [
        ({"tumor": {**ELIGIBLE["tumor"], "er": "negative"}}, "ER is not positive"),
        ({"drugs": ["letrozole active 2024-07-01"]}, "fewer than 4.5 years"),
        ({"facts": {"recurrence": "local 2024-01-01"}}, "recurrence"),
        ({"sex": "male"}, "men"),
        ({"cancers": [{"kind": "dcis", "side": "left", "dated": "2021-02-10"}]}, "invasive"),
        ({"drugs": ["doxorubicin stopped 2021-02-20 2021-03-10", "letrozole active 2021-07-01"]}, "before surgery"),
        (
            {"surgery": ["breast-conserving left 2021-09-15"], "drugs": ["letrozole active 2021-03-01"]},
            "before surgery",
        ),
        ({"tumor": {**ELIGIBLE["tumor"], "er": "low-positive"}}, "low-positive is not counted"),
        ({"facts": {"birads": "4 2026-10-01"}, "drugs": ["letrozole stopped 2021-07-01 2025-01-01"]}, "4.5 years"),
    ],
)
def test_a_failed_gate_names_the_criterion_and_shows_no_number(change: dict[str, Any], criterion: str) -> None:
    found = cts5({**ELIGIBLE, **change})
    assert found.state == "not-computed"
    assert found.score is None
    assert found.group == ""
    assert any(criterion in words for words in found.failed)


@pytest.mark.parametrize("name", ["grade", "tumor_size_mm", "nodes_positive", "er"])
def test_a_missing_input_is_named_and_never_imputed(name: str) -> None:
    found = cts5({**ELIGIBLE, "tumor": {**ELIGIBLE["tumor"], name: None}})
    assert found.score is None
    assert name in found.missing
    assert not found.failed


def test_a_start_that_leaves_the_five_years_open_is_missing_and_no_failed_criterion() -> None:
    found = cts5({**ELIGIBLE, "drugs": ["letrozole active 2022"]})
    assert (found.score, found.failed) == (None, ())
    assert "endocrine_started_on" in found.missing


def test_a_stage_after_treatment_closes_the_gate() -> None:
    record = record_of(ELIGIBLE)
    staged = replace(record.cancers[0], facts={**record.cancers[0].facts, "n": YP})
    found = next(row for row in risk_tools(replace(record, cancers=(staged,))) if row.tool == "CTS5")
    assert (found.score, found.failed) == (None, ("treated before surgery: not validated",))


def test_inputs_carry_their_unit_and_the_years_of_treatment() -> None:
    given = {**ELIGIBLE, "tumor": {**ELIGIBLE["tumor"], "tumor_size_mm": 18.0}}
    shown = {row.name: row.value for row in cts5(given).inputs}
    assert shown["tumor_size_mm"] == "18 mm"
    assert shown["age_at_diagnosis"] == "61 years"
    assert shown["endocrine_years"] == "5.4 years"


def test_a_birth_year_alone_is_no_age_to_compute_with() -> None:
    found = cts5({**ELIGIBLE, "born": "1960"})
    assert found.score is None
    assert "birth_date" in found.missing


def test_oncotype_is_shown_as_reported_with_its_category_by_number() -> None:
    rows = risk_tools(record_of({"facts": {"oncotype_rs": 14}}))
    found = next(row for row in rows if row.tool.startswith("Oncotype"))
    assert (found.state, found.score, found.group) == ("reported", 14, "0 to 25")


def test_residual_cancer_burden_is_a_class_as_reported_and_never_a_number() -> None:
    rows = risk_tools(record_of({"facts": {"rcb_class": "II"}}))
    found = next(row for row in rows if row.tool == "Residual cancer burden")
    assert (found.group, found.score) == ("II", None)


def test_predict_is_a_link_and_nothing_else() -> None:
    found = next(row for row in risk_tools(record_of({})) if row.tool.startswith("PREDICT"))
    assert (found.state, found.score) == ("link", None)
    assert found.link.startswith("https://")


def test_out_of_scope_no_tool_is_shown() -> None:
    assert risk_tools(record_of({"facts": {"metastasis": "present"}})) == ()
