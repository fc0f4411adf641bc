"""Every row of rules.md over invented charts in FHIR: the files of `rule_charts/`, one a section."""

from __future__ import annotations

from collections import defaultdict

import pytest

from tests.support.rule_chart_files import ChartCase, load_cases
from tests.support.rule_charts import assert_told, knowledge, read_chart

CASES = load_cases()
ADVICE_FOR_EVERYONE = {rule.id for rule in knowledge().rules if rule.applies_when is None}


@pytest.mark.parametrize("case", CASES, ids=[f"{case.section}: {case.title}" for case in CASES])
def test_the_rules_say_of_the_chart_what_the_table_demands(case: ChartCase) -> None:
    assert_told(case.chart, case.claims, jurisdiction=case.jurisdiction, **case.entered)


def test_a_wrong_claim_is_found() -> None:
    chart = "invasive left 2023-02-10 · lumpectomy left 2023-03-15 · mammogram 2025-11-25 both 2"
    for wrong in ("overdue", "due side=left", "due due=2026-11-26", "due every=6-12", "due missing=er"):
        with pytest.raises(AssertionError):
            assert_told(chart, {"mammogram-annual": (wrong,)})
    with pytest.raises(AssertionError):
        assert_told(chart, {"mammogram-annual": ()})
    assert_told(chart, {"mammogram-annual": ("due side=both due=2026-11-25 every=12-12 missing=none",)})


def test_every_rule_is_held_by_charts_that_make_it_speak_and_be_silent() -> None:
    spoken: dict[str, int] = defaultdict(int)
    silent: dict[str, int] = defaultdict(int)
    for case in CASES:
        for rule, rows in case.claims.items():
            (spoken if rows else silent)[rule] += 1
    rules = {rule.id for rule in knowledge().rules}
    assert set(spoken) | set(silent) <= rules
    assert not sorted(rules - set(spoken))
    assert not sorted(rules - set(silent) - ADVICE_FOR_EVERYONE)
    assert not sorted(rule for rule in rules - ADVICE_FOR_EVERYONE if spoken[rule] + silent[rule] < 3)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("invasive left 2023-02-10 · mastectomy left 2023-03-15 · metastasis 2024-01-01", "metastatic-disease"),
        ("lcis left 2023-02-10", "lcis-only"),
        ("hypertension 2020-01-01", "no-breast-cancer"),
    ],
)
def test_outside_the_scope_no_rule_speaks(lines: str, reason: str) -> None:
    assert read_chart([lines]).scope.reasons == (reason,)
    assert_told(lines, {rule.id: () for rule in knowledge().rules})
