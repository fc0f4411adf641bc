"""
The rule set as a FHIR R4 PlanDefinition: one action a rule, with its condition in words, citation, timing and review.

Pure. R4 and not R4B: no `subjectCanonical`. Conditions stand as FHIRPath where they only ask the Patient resource,
else in words: the three-valued conditions of the rule files have no equal in FHIRPath.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from smart_app.clinical.conditions import Condition
from smart_app.clinical.recommendations import Citation, RecommendationKind
from smart_app.clinical.rules import FollowUpRule
from smart_app.clinical.schedule import Phase, Schedule

_TYPE_SYSTEM = "http://terminology.hl7.org/CodeSystem/plan-definition-type"
_USAGE = (
    "Options for a clinician who checks and signs a survivorship plan; never orders. Not for metastatic disease, not "
    "for LCIS alone, not for emergencies."
)
Resource = dict[str, Any]


def plan_definition(
    rules: Sequence[FollowUpRule], version: str = "", public_url: str = "http://127.0.0.1:8000"
) -> Resource:
    """
    The whole rule set.

    Args:
        version: of the rule set; the newest writing date where none is given.
        public_url: the app's public address: `<public_url>/fhir/PlanDefinition/aftercare` is the canonical.
    """
    public_url = public_url.rstrip("/")
    newest = max(rule.written_on for rule in rules)
    reviewed = all(rule.reviewed for rule in rules)
    resource: Resource = {
        "resourceType": "PlanDefinition",
        "id": "aftercare",
        "url": f"{public_url}/fhir/PlanDefinition/aftercare",
        "version": version or newest.isoformat(),
        "name": "Aftercare",
        "title": "Follow-up after treatment of breast cancer",
        "type": {"coding": [{"system": _TYPE_SYSTEM, "code": "clinical-protocol", "display": "Clinical Protocol"}]},
        "status": "active" if reviewed else "draft",
        "experimental": not reviewed,
        "subjectCodeableConcept": {
            "text": "Adults after treatment of breast cancer, stage 0 to III, with curative intent"
        },
        "date": newest.isoformat(),
        "publisher": "Aftercare project",
        "description": f"{len(rules)} follow-up rules, each with source, strength, condition, timing and review state.",
        "usage": _USAGE,
        "effectivePeriod": {"start": newest.isoformat(), "end": min(rule.expires_on for rule in rules).isoformat()},
        "relatedArtifact": [_artifact(citation) for citation in _citations(rules)],
        "action": [_action(rule, public_url) for rule in rules],
    }
    if reviewed:
        last = max(rule.reviewed_on for rule in rules if rule.reviewed_on is not None)
        resource["lastReviewDate"] = last.isoformat()
    return resource


def _citations(rules: Iterable[FollowUpRule]) -> list[Citation]:
    """Each text once, by name and year."""
    found = {(rule.citation.guideline, rule.citation.year, rule.citation.reference): rule.citation for rule in rules}
    return [found[key] for key in sorted(found)]


def _artifact(citation: Citation) -> Resource:
    words = f"{citation.guideline} ({citation.year})"
    said = f"{words}. {citation.reference}" if citation.reference else words
    artifact: Resource = {"type": "citation", "display": words, "citation": said}
    if citation.reference.startswith("doi "):
        artifact["url"] = f"https://doi.org/{citation.reference.removeprefix('doi ')}"
    return artifact


def _action(rule: FollowUpRule, public_url: str) -> Resource:
    review = f"Reviewed by {rule.reviewed_by} on {rule.reviewed_on}" if rule.reviewed else "Not yet clinically reviewed"
    where = f"{rule.citation.recommendation}; " if rule.citation.recommendation else ""
    action: Resource = {
        "id": rule.id,
        "prefix": rule.row,
        "title": rule.title,
        "description": rule.says,
        "textEquivalent": f"{rule.says} Why: {rule.why} Limits: {rule.limits} {review}.",
        "code": [
            {
                "coding": [{"system": f"{public_url}/fhir/CodeSystem/aftercare-item", "code": rule.id}],
                "text": rule.topic,
            }
        ],
        "documentation": [
            {**_artifact(rule.citation), "label": f"{where}strength: {rule.citation.strength}; mark {rule.mark}"[:200]}
        ],
        "participant": [{"type": "patient" if rule.owner == "patient" else "practitioner"}],
    }
    if rule.kind is RecommendationKind.SAFETY_ALERT:
        action["priority"] = "urgent"
    if rule.kind is RecommendationKind.NOT_ADVISED:
        action["title"] = f"Not advised: {rule.title}"
    conditions = [_condition(rule.applies_when)] if rule.applies_when is not None else []
    if rule.unless is not None:
        conditions.append(_text_condition(f"not if: {condition_text(rule.unless)}"))
    if conditions:
        action["condition"] = conditions
    if rule.schedule is not None:
        _add_timing(action, rule.schedule)
    return action


def _condition(condition: Condition) -> Resource:
    path = fhirpath(condition)
    if path is None:
        return _text_condition(condition_text(condition))
    expression = {"description": condition_text(condition), "language": "text/fhirpath", "expression": path}
    return {"kind": "applicability", "expression": expression}


def _text_condition(words: str) -> Resource:
    expression = {"description": words, "language": "text/plain", "expression": words}
    return {"kind": "applicability", "expression": expression}


def condition_text(condition: Condition) -> str:
    """A condition in one line."""
    parts = [condition_text(part) for part in condition.parts]
    if condition.kind == "fact":
        return condition.says
    if condition.kind == "not":
        return f"not ({parts[0]})"
    if condition.kind == "at-least":
        return f"at least {condition.count} of ({'; '.join(parts)})"
    return f"({f' {_JOINTS[condition.kind]} '.join(parts)})" if len(parts) > 1 else parts[0]


_JOINTS = {"all": "and", "any": "or"}


def fhirpath(condition: Condition) -> str | None:
    """The condition as FHIRPath over the Patient resource; None where it asks for more than that."""
    if condition.kind == "fact":
        test, value = condition.tests[0]
        if condition.fact != "sex" or len(condition.tests) > 1 or test not in ("is", "in"):
            return None
        values = sorted(value) if test == "in" else [value]
        return " or ".join(f"Patient.gender = '{each}'" for each in values)
    parts = [fhirpath(part) for part in condition.parts]
    known = [part for part in parts if part is not None]
    if len(known) != len(parts) or condition.kind not in _JOINTS:
        return None
    return f" {_JOINTS[condition.kind]} ".join(f"({part})" for part in known)


def _add_timing(action: Resource, schedule: Schedule) -> None:
    """One interval is the action's timing; several are sub-actions in their order."""
    if schedule.once or not schedule.phases:
        return
    if len(schedule.phases) == 1:
        action["timingTiming"] = _timing(schedule.phases[0])
        return
    action["groupingBehavior"] = "logical-group"
    action["selectionBehavior"] = "exactly-one"
    steps, begin = [], 0
    for phase in schedule.phases:
        until = f" to {phase.until_months}" if phase.until_months is not None else " on"
        words = f"from month {begin}{until}, counted from {(schedule.clock or 'the start').replace('-', ' ')}"
        steps.append({"title": words, "condition": [_text_condition(words)], "timingTiming": _timing(phase)})
        begin = phase.until_months or begin
    action["action"] = steps


def _timing(phase: Phase) -> Resource:
    if phase.interval is None:
        return {"repeat": {"frequency": 1, "period": phase.days, "periodUnit": "d"}}
    low, high = phase.interval
    repeat: Resource = {"frequency": 1, "period": low, "periodUnit": "mo"}
    if high != low:
        repeat["periodMax"] = high
    return {"repeat": repeat}
