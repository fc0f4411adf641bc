"""Every worked example of every rule file: fires, does not fire, cannot tell."""

from __future__ import annotations

from typing import Any

import pytest

from smart_app.clinical.recommendations import DueStatus, Recommendation
from smart_app.clinical.rules import Example, FollowUpRule, evaluate_rules
from smart_app.clinical.schedule import ClinicDefaults
from smart_app.knowledge import default_paths
from smart_app.knowledge.rules import load_rules
from tests.support.rule_examples import record_of

RULES = load_rules(default_paths().mappings / "rules")
CASES = [(rule, example) for rule in RULES for example in rule.examples]


def answer(rule: FollowUpRule, example: Example) -> list[Recommendation]:
    clinic = ClinicDefaults(jurisdiction=example.given.get("jurisdiction", "us"))
    found = evaluate_rules(RULES, record_of(example.given), clinic)
    return [item for item in found if item.rule == rule.id]


def told(item: Recommendation) -> dict[str, Any]:
    return {
        "status": item.status.value,
        "due": str(item.due) if item.due else None,
        "earliest": str(item.earliest) if item.earliest else None,
        "side": item.side,
        "interval": list(item.interval_months or ()),
        "missing": list(item.missing),
    }


@pytest.mark.parametrize(("rule", "example"), CASES, ids=[f"{r.id}: {e.kind}: {e.says}" for r, e in CASES])
def test_the_rule_does_what_its_example_says(rule: FollowUpRule, example: Example) -> None:
    rows = answer(rule, example)
    if example.kind == "silent":
        assert rows == []
        return
    assert rows, "the rule is silent"
    statuses = {row.status for row in rows}
    assert (DueStatus.CANNOT_TELL in statuses) is (example.kind == "cannot-tell")
    found = told(rows[0])
    expected = {key: value for key, value in example.expect.items() if key != "missing"}
    assert {key: found[key] for key in expected} == expected
    if "missing" in example.expect:
        assert set(found["missing"]) >= set(example.expect["missing"])
    assert all(row.because or rule.applies_when is None or row.missing for row in rows)
