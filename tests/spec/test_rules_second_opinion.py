"""The engine against a plain-Python transcription of the rule table, on made-up patients."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any

import pytest

from smart_app.clinical.rules import FollowUpRule, evaluate_rules
from smart_app.clinical.schedule import Phase
from smart_app.knowledge import default_paths
from smart_app.knowledge.rules import load_rules
from tests.support.made_patients import AS_OF, made_patient
from tests.support.rule_examples import record_of
from tests.support.second_opinion import second_opinion

RULES = load_rules(default_paths().mappings / "rules")
PATIENTS = 20_000 if os.environ.get("AFTERCARE_SOAK") == "1" else 2_000
BATCH = 250


def engine_answer(given: dict[str, Any], rules: tuple[FollowUpRule, ...], ids: set[str]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {rule_id: [] for rule_id in ids}
    for item in evaluate_rules(rules, record_of(given)):
        if item.rule in ids:
            found[item.rule].append((item.side, item.status.value, str(item.due) if item.due else None))
    return found


def disagreements(seeds: range, rules: tuple[FollowUpRule, ...] = RULES) -> list[tuple[int, str, Any, Any]]:
    found = []
    for seed in seeds:
        given = made_patient(seed)
        opinion = second_opinion(given, AS_OF)
        engine = engine_answer(given, rules, set(opinion))
        found += [
            (seed, name, rows, engine[name])
            for name, rows in opinion.items()
            if sorted(map(str, rows)) != sorted(map(str, engine[name]))
        ]
    return found


@pytest.mark.parametrize("start", range(0, PATIENTS, BATCH))
def test_engine_and_second_opinion_agree_on_every_made_up_patient(start: int) -> None:
    assert disagreements(range(start, start + BATCH)) == []


def test_the_made_up_patients_reach_every_answer_of_every_row() -> None:
    statuses: dict[str, set[str]] = {}
    for seed in range(2_000):
        for name, rows in second_opinion(made_patient(seed), AS_OF).items():
            statuses.setdefault(name, set()).update({row[1] for row in rows} or {"silent"})
    assert all("silent" in found and len(found) > 1 for found in statuses.values()), statuses
    assert {"overdue", "due", "up-to-date", "cannot-tell"} <= statuses["mammogram-annual"]
    assert {"overdue", "due", "up-to-date", "cannot-tell"} <= statuses["clinic-visit-invasive"]


def _later(rule: FollowUpRule) -> FollowUpRule:
    assert rule.schedule is not None
    return replace(rule, schedule=replace(rule.schedule, phases=(Phase((13, 13)),)))


def test_a_wrong_interval_or_a_lost_exception_is_found() -> None:
    wrong = tuple(_later(rule) if rule.id == "mammogram-annual" else rule for rule in RULES)
    assert {name for _, name, _, _ in disagreements(range(40), wrong)} == {"mammogram-annual"}
    lost = tuple(replace(rule, unless=None) if rule.id == "mammogram-other-breast" else rule for rule in RULES)
    assert {name for _, name, _, _ in disagreements(range(120), lost)} == {"mammogram-other-breast"}
