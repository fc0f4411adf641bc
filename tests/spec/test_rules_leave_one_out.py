"""Leave one out: every input of a full record matters, or is declared unused; and a gap never reads as a negative."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from smart_app.clinical.facts import Fact, FactState, PatientRecord
from smart_app.clinical.recommendations import DueStatus
from smart_app.clinical.risk import risk_tools
from smart_app.clinical.rules import evaluate_rules
from smart_app.clinical.scope import decide_scope
from smart_app.knowledge import default_paths
from smart_app.knowledge.rules import load_rules
from tests.support.rule_examples import record_of

RULES = load_rules(default_paths().mappings / "rules")
FULL: dict[str, Any] = {
    "born": "1980-04-12",
    "cancers": [{"kind": "invasive", "side": "left", "dated": "2021-10-10"}],
    "tumor": {
        "er": "positive", "pr": "negative", "her2": "positive", "grade": 2, "stage_group": "IIA", "t": "T2", "n": "N1",
        "m": "M0", "nodes_positive": 1, "nodes_examined": 3, "tumor_size_mm": 24, "ki67_percent": 18, "oncotype_rs": 12,
    },
    "surgery": ["breast-conserving left 2021-11-15"],
    "axilla": ["sentinel-node-biopsy left 2021-11-15"],
    "radiation": ["left 2022-08-02 2022-09-10"],
    "drugs": [
        "doxorubicin stopped 2021-12-10 2022-02-20", "trastuzumab stopped 2022-03-01 2025-09-01",
        "tamoxifen active 2022-01-01", "goserelin active 2022-01-10", "paroxetine active 2026-01-10",
    ],
    "facts": {
        "menopausal_status": "premenopausal", "uterus": "intact", "germline": ["CHEK2 pathogenic"],
        "breast_density": "c",
        "bmi": 31, "smoking": "current", "cumulative_doxorubicin_mg_m2": 260, "lvef_percent": 54,
        "birads": "0 2026-09-01",
        "rcb_class": "I", "life_expectancy": "over-10",
    },
    "imaging": ["mammogram 2026-09-01 both 0", "dxa 2025-03-01", "echocardiogram 2026-02-10"],
    "events": ["clinic-visit 2026-08-01", "hypertension 2020-01-01", "diabetes 2020-01-01", "lipid-panel 2024-01-01"],
}  # fmt: skip
# No single patient needs every input: these differ from the full record so that the others come to matter.
STORIES: tuple[dict[str, Any], ...] = (
    FULL,
    {
        **FULL,
        "born": "1955-04-12",
        "tumor": {**FULL["tumor"], "er": "negative", "pr": "positive", "nodes_positive": None},
        "imaging": ["mammogram 2026-09-01 both", "dxa 2025-03-01"],
        "drugs": ["letrozole active 2021-12-01"],
    },
    {
        **FULL,
        "born": "1950-04-12",
        "tumor": {**FULL["tumor"], "er": "negative", "her2": "negative"},
        "drugs": ["paclitaxel stopped 2022-01-01 2022-05-01"],
        "facts": {"germline": []},
    },
    {**FULL, "tumor": {"er": "positive", "stage_group": "IIA", "m": "M1"}},
    {
        **FULL,
        "cancers": [{"kind": "invasive", "side": "right", "dated": "2021-10-10"}],
        "radiation": ["right 2022-08-02 2022-09-10"],
        "drugs": ["doxorubicin stopped 2021-12-10 2022-02-20"],
        "tumor": {"er": "negative"},
        "facts": {"smoking": "never", "bmi": 22, "cumulative_doxorubicin_mg_m2": 260, "lvef_percent": 64},
        "events": [],
    },
    {
        **FULL,
        "cancers": [{"kind": "invasive", "side": "right", "dated": "2021-10-10"}],
        "radiation": ["right 2022-08-02 2022-09-10"],
        "drugs": ["doxorubicin stopped 2021-12-10 2022-02-20"],
        "facts": {"smoking": "never", "bmi": 22, "cumulative_doxorubicin_mg_m2": 180, "lvef_percent": 54},
        "events": [],
    },
    {
        **FULL,
        "cancers": [{"kind": "invasive", "side": "right", "dated": "2021-10-10"}],
        "radiation": ["right 2022-08-02 2022-09-10"],
        "drugs": ["doxorubicin stopped 2021-12-10 2022-02-20"],
        "facts": {"smoking": "never", "bmi": 22, "cumulative_doxorubicin_mg_m2": 180, "lvef_percent": 64},
        "events": ["hypertension 2020-01-01", "diabetes 2020-01-01"],
    },
    {
        **FULL,
        "tumor": {"er": "positive", "stage_group": "IA"},
        "drugs": ["tamoxifen active 2022-01-01"],
        "facts": {"menopausal_status": "premenopausal"},
    },
    {**FULL, "born": "1945-04-12"},
    {**FULL, "tumor": {"er": "positive", "t": "T2", "n": "N1"}},
)
# Shown as facts and on paper, and read by no rule: removing them changes no advice.
UNUSED = {
    "nodes_examined": "shown only",
    "ki67_percent": "decides no follow-up row; named in the words of T-04",
}


def outcome(record: PatientRecord) -> set[tuple[Any, ...]]:
    advice = {
        (r.rule, r.side, r.status.value, str(r.due), r.missing, tuple((b.fact, str(b.value)) for b in r.because))
        for r in evaluate_rules(RULES, record)
    }
    risk = {
        (row.tool, row.state, row.score, row.group, row.failed, row.missing, row.inputs) for row in risk_tools(record)
    }
    return advice | risk


def without_fact(record: PatientRecord, name: str) -> PatientRecord:
    gone = Fact(name, FactState.NOT_FOUND)
    cancers = tuple(replace(c, facts={**c.facts, name: gone}) if name in c.facts else c for c in record.cancers)
    facts = {**record.facts, name: gone}
    scope = decide_scope(record.patient, cancers, facts, record.systemic)
    return replace(record, facts=facts, cancers=cancers, scope=scope)


RECORD = record_of(FULL)
RECORDS = tuple(record_of(story) for story in STORIES)
FACTS = sorted(name for name, fact in RECORD.facts.items() if fact.known)


@pytest.mark.parametrize("name", FACTS)
def test_removing_a_fact_changes_the_advice_or_it_is_declared_unused(name: str) -> None:
    changed = any(outcome(without_fact(record, name)) != outcome(record) for record in RECORDS)
    declared = name in UNUSED
    assert changed or declared, f"{name} is read by nothing and not declared"
    assert not (changed and declared), f"{name} is declared unused, and it is used"


@pytest.mark.parametrize("part", ["surgery", "axilla", "radiation", "imaging", "events", "drugs"])
def test_removing_a_treatment_study_or_event_changes_the_advice(part: str) -> None:
    for story in STORIES:
        for index, removed in enumerate(story[part]):
            rows = [row for number, row in enumerate(story[part]) if number != index]
            if outcome(record_of({**story, part: rows})) == outcome(record_of(story)):
                others = [s for s in STORIES if removed in s[part]]
                assert any(_matters(other, part, removed) for other in others), removed


def _matters(story: dict[str, Any], part: str, removed: str) -> bool:
    rows = [row for row in story[part] if row != removed]
    return outcome(record_of({**story, part: rows})) != outcome(record_of(story))


@pytest.mark.parametrize("name", ["born", "sex"])
def test_removing_who_the_patient_is_changes_the_advice(name: str) -> None:
    gone = {"born": None, "sex": "unknown"}[name]
    assert outcome(record_of({**FULL, name: gone})) != outcome(RECORD)


ATTRIBUTES = [
    "er",
    "pr",
    "her2",
    "grade",
    "n",
    "nodes_positive",
    "menopausal_status",
    "germline",
    "uterus",
    "stage_group",
]


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_a_missing_attribute_is_never_read_as_a_negative_one(name: str) -> None:
    """Whatever newly fires without the attribute fires as cannot-tell, and nothing falls silent because of the gap."""
    full = {r.rule: r for r in evaluate_rules(RULES, RECORD)}
    gap = {r.rule: r for r in evaluate_rules(RULES, without_fact(RECORD, name))}
    for rule in set(gap) - set(full):
        if gap[rule].kind.value != "not-advised":
            assert gap[rule].status is DueStatus.CANNOT_TELL, rule
            assert gap[rule].missing
    for rule in set(full) - set(gap):
        trace = full[rule].trace
        assert trace is not None
        assert rule == "conflicting-facts" or not trace.missing


@pytest.mark.parametrize(
    "name", ["surgery", "systemic", "radiation", "mammogram", "dxa", "echocardiogram", "other_medications"]
)
def test_an_unread_search_never_makes_a_rule_say_none_recorded(name: str) -> None:
    sparse = record_of({"unread": [name]})
    for item in evaluate_rules(RULES, sparse, include_silent=True):
        for reason in item.because:
            assert not (reason.fact in (name, name.replace("_", "-")) and reason.value == "none recorded"), item.rule


def test_every_rule_carries_source_version_review_state_limits_and_data() -> None:
    for item in evaluate_rules(RULES, RECORD, include_silent=True):
        assert item.citation.guideline
        assert item.citation.year
        assert item.citation.strength
        assert item.version
        assert item.limits
        assert item.says
        assert item.why
        assert item.trace is not None
        if item.status is DueStatus.CANNOT_TELL:
            assert item.missing, item.rule
