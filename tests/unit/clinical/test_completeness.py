"""The completeness meter: what is filled, what is missing, and which gaps would change the plan most."""

from __future__ import annotations

from typing import Any

from smart_app.clinical.completeness import Completeness, measure_completeness, with_fact
from smart_app.clinical.rules import evaluate_rules
from smart_app.knowledge import default_paths
from smart_app.knowledge.rules import load_rules
from tests.support.rule_examples import record_of

RULES = load_rules(default_paths().mappings / "rules")


def measure(given: dict[str, Any]) -> Completeness:
    record = record_of(given)
    return measure_completeness(record, RULES, evaluate_rules(RULES, record))


def missing(found: Completeness) -> set[str]:
    return {element.id for element in found.missing}


def test_a_sparse_record_misses_what_it_does_not_hold_and_nothing_else() -> None:
    found = measure({})
    assert {"grade", "nodes", "germline", "imaging", "axilla", "drugs"} <= missing(found)
    assert not {"er", "pr", "her2", "surgery", "radiation", "side", "diagnosed-on", "treatment-end"} & missing(found)
    assert found.filled == len(found.elements) - len(found.missing)


def test_a_fact_that_comes_in_fills_its_element() -> None:
    assert "grade" in missing(measure({}))
    assert "grade" not in missing(measure({"tumor": {"grade": 2}}))


def test_the_gap_that_changes_most_rows_stands_first() -> None:
    found = measure({"drugs": ["tamoxifen active 2025-07-01"]})
    assert 1 <= len(found.gaps) <= 5
    assert [gap.changes for gap in found.gaps] == sorted((gap.changes for gap in found.gaps), reverse=True)
    assert {"germline", "menopausal_status"} <= {gap.fact for gap in found.gaps}


def test_a_gap_is_real_filling_it_changes_the_rows_it_names() -> None:
    record = record_of({"drugs": ["letrozole active 2023-07-01"]})
    before = {(r.rule, r.status, str(r.due)) for r in evaluate_rules(RULES, record)}
    gap = next(g for g in measure({"drugs": ["letrozole active 2023-07-01"]}).gaps if g.fact == "menopausal_status")
    filled = with_fact(record, "menopausal_status", "premenopausal")
    after = {(r.rule, r.status, str(r.due)) for r in evaluate_rules(RULES, filled)}
    changed = {row[0] for row in before ^ after}
    assert changed & set(gap.rules)
    assert "ai-without-ovarian-suppression" in gap.rules


def test_every_element_names_its_standard() -> None:
    found = measure({})
    assert all(element.standards for element in found.elements)
    assert {word.split()[0] for element in found.elements for word in element.standards} == {"IOM", "ASCO", "NAPBC"}
