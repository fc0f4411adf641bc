"""Whole charts, read and judged by all rules."""

from __future__ import annotations

from datetime import date
from typing import Any

from smart_app.clinical.facts_json import facts_json
from smart_app.clinical.recommendations_json import recommendations_json
from smart_app.clinical.rules import evaluate_rules
from smart_app.clinical.schedule import ClinicDefaults
from smart_app.fhir.extract import extract_record

AS_OF = date(2026, 11, 22)
Json = dict[str, Any]


def read(knowledge: Any, *resources: Json) -> tuple[Json, dict[str, list[Json]]]:
    """The facts JSON of a chart, and its recommendations by topic."""
    record = extract_record(list(resources), knowledge.codes, AS_OF)
    rows = recommendations_json(record, evaluate_rules(knowledge.rules, record, ClinicDefaults()))["recommendations"]
    topics: dict[str, list[Json]] = {}
    for row in rows:
        topics.setdefault(row["topic"], []).append(row)
    return facts_json(record), topics


def value(facts: Json, name: str) -> Any:
    """The value of a fact."""
    return facts["facts"][name]["value"]


def state(facts: Json, name: str) -> str:
    """The state of a fact."""
    return str(facts["facts"][name]["state"])
