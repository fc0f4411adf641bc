"""
The rule set as a FHIR R4 PlanDefinition: one action a rule, with its condition in words, citation, timing and review.

Pure. R4 and not R4B: no `subjectCanonical`. Conditions stand as FHIRPath where they only ask the Patient resource,
else in words: the three-valued conditions of the rule files have no equal in FHIRPath.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from smart_app.clinical.conditions import Condition
from smart_app.clinical.recommendations import Citation, RecommendationKind
from smart_app.clinical.rule_words import condition_words, schedule_words
from smart_app.clinical.rules import FollowUpRule, Variant
from smart_app.clinical.schedule import Phase, Schedule

_TYPE_SYSTEM = "http://terminology.hl7.org/CodeSystem/plan-definition-type"
_USAGE = (
    "Options for a clinician who checks and signs a survivorship plan; never orders. Not for metastatic disease, not "
    "for LCIS alone, not for emergencies."
)
_PURPOSE = (
    "To show, rule by rule, what Aftercare advises, when, for whom and on whose word. Conditions of more than the "
    "Patient resource are words: they are three-valued, and a missing fact is never a negative one. No outside funding."
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
    titles = {rule.id: rule.title for rule in rules}
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
        "author": [{"name": name} for name in sorted({rule.written_by for rule in rules})],
        "description": f"{len(rules)} follow-up rules, each with source, strength, condition, timing and review state.",
        "usage": _USAGE,
        "purpose": _PURPOSE,
        "effectivePeriod": {"start": newest.isoformat(), "end": min(rule.expires_on for rule in rules).isoformat()},
        "relatedArtifact": [_artifact(citation) for citation in _citations(rules)],
        "action": [_action(rule, titles, public_url) for rule in rules],
    }
    if reviewed:
        last = max(rule.reviewed_on for rule in rules if rule.reviewed_on is not None)
        resource["lastReviewDate"] = last.isoformat()
    return resource


def _citations(rules: Iterable[FollowUpRule]) -> list[Citation]:
    """Each text once, by name and year; those of the variants too."""
    every = [citation for rule in rules for citation in (rule.citation, *_variant_citations(rule))]
    found = {(text.guideline, text.year, text.reference): text for text in every}
    return [found[key] for key in sorted(found)]


def _variant_citations(rule: FollowUpRule) -> list[Citation]:
    return [variant.citation for variant in rule.variants.values() if variant.citation is not None]


def _artifact(citation: Citation) -> Resource:
    words = f"{citation.guideline} ({citation.year})"
    said = f"{words}. {citation.reference}" if citation.reference else words
    artifact: Resource = {"type": "citation", "display": words, "citation": said}
    if citation.reference.startswith("doi "):
        artifact["url"] = f"https://doi.org/{citation.reference.removeprefix('doi ')}"
    return artifact


def _action(rule: FollowUpRule, titles: Mapping[str, str], public_url: str) -> Resource:
    action: Resource = {
        "id": rule.id,
        "prefix": rule.row,
        "title": rule.title,
        "description": rule.says,
        "textEquivalent": _text_equivalent(rule),
        "code": [
            {
                "coding": [{"system": f"{public_url}/fhir/CodeSystem/aftercare-item", "code": rule.id}],
                "text": rule.topic,
            }
        ],
        "documentation": [_graded(rule.citation, rule), *map(_artifact, _variant_citations(rule))],
        "participant": [{"type": "patient" if rule.owner == "patient" else "practitioner"}],
    }
    if rule.kind is RecommendationKind.SAFETY_ALERT:
        action["priority"] = "urgent"
    if rule.kind is RecommendationKind.NOT_ADVISED:
        action["title"] = f"Not advised: {rule.title}"
    conditions = list(_conditions(rule, titles))
    if conditions:
        action["condition"] = conditions
    if rule.schedule is not None:
        _add_timing(action, rule.schedule)
    return action


def _graded(citation: Citation, rule: FollowUpRule) -> Resource:
    where = f"{citation.recommendation}; " if citation.recommendation else ""
    level = f"; level {rule.level}" if rule.level else ""
    label = f"{where}strength: {citation.strength}{level}; mark {rule.mark}"
    return {**_artifact(citation), "label": label[:200]}


def _text_equivalent(rule: FollowUpRule) -> str:
    """What has no element of its own: why, when in words, who, other guidance, other countries, limits, review."""
    review = f"Reviewed by {rule.reviewed_by} on {rule.reviewed_on}" if rule.reviewed else "Not yet clinically reviewed"
    parts = [rule.says, f"Why: {rule.why}"]
    if rule.per_breast:
        parts.append("Asked for each breast.")
    if rule.schedule is not None:
        parts.append(f"When: {schedule_words(rule.schedule)}.")
    parts.append(f"Who: {rule.owner.replace('-', ' ')}.")
    parts += [f"Other guidance: {conflict}" for conflict in rule.conflicts]
    if rule.jurisdictions:
        parts.append(f"Used only in: {', '.join(rule.jurisdictions)}.")
    parts += [f"In {place}: {_variant_words(variant)}" for place, variant in sorted(rule.variants.items())]
    parts.append(f"Limits: {rule.limits}")
    parts.append(
        f"Version {rule.version}, written by {rule.written_by} on {rule.written_on}, expires {rule.expires_on}."
    )
    return " ".join([*parts, f"{review}."])


def _variant_words(variant: Variant) -> str:
    if variant.off:
        return "not used."
    when = f"When: {schedule_words(variant.schedule)}." if variant.schedule is not None else ""
    when = "No date is made." if variant.undated else when
    source = f"Source: {variant.citation.guideline} ({variant.citation.year})." if variant.citation is not None else ""
    return " ".join(part for part in (variant.says, when, source) if part)


def _conditions(rule: FollowUpRule, titles: Mapping[str, str]) -> Iterator[Resource]:
    """When it applies, what documented fact holds it back, and the rules that it gives way to."""
    if rule.applies_when is not None:
        yield _condition(rule.applies_when)
    if rule.unless is not None:
        yield _text_condition(f"not if documented: {condition_words(rule.unless)}")
    if rule.yields_to:
        named = "; ".join(f"{titles.get(name, name)} ({name})" for name in rule.yields_to)
        yield _text_condition(f"not while one of these applies: {named}")


def _condition(condition: Condition) -> Resource:
    path = fhirpath(condition)
    if path is None:
        return _text_condition(condition_words(condition))
    expression = {"description": condition_words(condition), "language": "text/fhirpath", "expression": path}
    return {"kind": "applicability", "expression": expression}


def _text_condition(words: str) -> Resource:
    expression = {"description": words, "language": "text/plain", "expression": words}
    return {"kind": "applicability", "expression": expression}


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
