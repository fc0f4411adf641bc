"""The rule set as FHIR: valid for two independent libraries, complete, and R4."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fhir.resources.R4B.plandefinition import PlanDefinition as PlanDefinitionR4B
from fhirclient.models.plandefinition import PlanDefinition

from smart_app.clinical.conditions import parse_condition
from smart_app.fhir.plandefinition import fhirpath, plan_definition
from smart_app.knowledge import default_paths
from smart_app.knowledge.rules import load_rules, rules_version

RULES = load_rules(default_paths().mappings / "rules")
RESOURCE = plan_definition(RULES, rules_version(RULES), "https://aftercare.example/")


def walk(value: Any) -> Iterator[Any]:
    yield value
    for child in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walk(child)


def test_fhirclient_whose_models_are_exactly_r4_accepts_it() -> None:
    assert PlanDefinition(json.loads(json.dumps(RESOURCE)), strict=True).as_json() == RESOURCE


def test_fhir_resources_accepts_it() -> None:
    assert PlanDefinitionR4B.model_validate(RESOURCE).url == "https://aftercare.example/fhir/PlanDefinition/aftercare"


def test_it_holds_nothing_that_came_after_r4() -> None:
    assert not [key for node in walk(RESOURCE) if isinstance(node, dict) for key in node if key == "subjectCanonical"]


def test_every_rule_is_an_action_with_its_row_and_citation() -> None:
    actions = {action["id"]: action for action in RESOURCE["action"]}
    assert set(actions) == {rule.id for rule in RULES}
    for rule in RULES:
        action = actions[rule.id]
        assert action["prefix"] == rule.row
        assert rule.citation.guideline in action["documentation"][0]["citation"]
        assert rule.citation.strength in action["documentation"][0]["label"]
        told = [part for part in (rule.applies_when, rule.unless, rule.yields_to) if part]
        assert len(action.get("condition", [])) == len(told)


def test_an_expression_always_says_language_and_text() -> None:
    expressions = [
        node for node in walk(RESOURCE) if isinstance(node, dict) and "expression" in node and "language" in node
    ]
    assert expressions
    assert {row["language"] for row in expressions} == {"text/fhirpath", "text/plain"}
    assert all(row["expression"] and row["description"] for row in expressions)


def test_a_range_stays_a_range_in_the_timing() -> None:
    visit = next(action for action in RESOURCE["action"] if action["id"] == "clinic-visit-invasive")
    steps = [step["timingTiming"]["repeat"] for step in visit["action"]]
    assert steps[0] == {"frequency": 1, "period": 3, "periodMax": 6, "periodUnit": "mo"}
    assert steps[-1] == {"frequency": 1, "period": 12, "periodUnit": "mo"}


def action(rule_id: str) -> dict[str, Any]:
    return next(row for row in RESOURCE["action"] if row["id"] == rule_id)


def test_every_action_says_when_who_what_others_advise_and_when_it_expires() -> None:
    for rule in RULES:
        text = action(rule.id)["textEquivalent"]
        assert f"expires {rule.expires_on}" in text and rule.limits in text and rule.why in text
        assert ("When: " in text) == any([rule.schedule, *(variant.schedule for variant in rule.variants.values())])
        assert all(conflict in text for conflict in rule.conflicts)
        assert all(f"In {place}: " in text for place in rule.variants)
        assert "Not yet clinically reviewed" in text


def test_dates_that_timing_cannot_hold_stand_in_words() -> None:
    first = action("mammogram-first-after-radiation")["textEquivalent"]
    assert (
        "first the later of 12 months after the diagnostic mammogram and 6 months after the end of radiation" in first
    )
    assert "not before 6 months after the end of radiation" in first
    assert "until 24 months after the last HER2 antibody" in action("lvef-after-trastuzumab")["textEquivalent"]
    olaparib = action("olaparib-blood-count")["textEquivalent"]
    assert "dates up to 12 months after the start of olaparib, and due as long as the drug is recorded" in olaparib


def test_what_a_rule_gives_way_to_is_a_condition_of_its_action() -> None:
    words = [row["expression"]["expression"] for row in action("mammogram-annual")["condition"]]
    assert words[-1].startswith("not while one of these applies: ") and "(suspected-recurrence)" in words[-1]


def test_another_country_stands_with_its_own_interval_and_source() -> None:
    visit = action("clinic-visit-invasive")
    assert (
        "In au: When: first one interval after the end of primary treatment; then every 3 to 6 months to month 24"
        in (visit["textEquivalent"])
    )
    assert "In uk: No fixed clinic visits" in visit["textEquivalent"]
    assert any("Cancer Australia" in row["citation"] for row in visit["documentation"])
    assert any("Cancer Australia follow-up schedule" in row["citation"] for row in RESOURCE["relatedArtifact"])


def test_unreviewed_rules_make_a_draft() -> None:
    assert RESOURCE["status"] == "draft"
    assert RESOURCE["experimental"] is True


@pytest.mark.parametrize(
    ("condition", "path"),
    [
        ({"fact": "sex", "is": "male"}, "Patient.gender = 'male'"),
        (
            {"any": [{"fact": "sex", "is": "male"}, {"fact": "sex", "is": "other"}]},
            "(Patient.gender = 'male') or (Patient.gender = 'other')",
        ),
        ({"fact": "er", "is": "positive"}, None),
        ({"not": {"fact": "sex", "is": "male"}}, None),
    ],
)
def test_only_conditions_on_the_patient_resource_become_fhirpath(condition: dict[str, Any], path: str | None) -> None:
    assert fhirpath(parse_condition(condition)) == path
