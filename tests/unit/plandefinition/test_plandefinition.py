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
        assert bool(action.get("condition")) == (rule.applies_when is not None or rule.unless is not None)


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
