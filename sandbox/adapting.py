"""
The same chart as another EHR would hold it: what a vendor does not have is held as the vendor holds it, or not at all.

Epic and Oracle have no MedicationStatement: a reported medicine is a MedicationRequest with intent plan. Oracle has no
Medication of its own: it stands inside the order. Oracle's care plans are text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from sandbox.behaviours import Behaviour
from sandbox.fhir.index import Resource, reference_target

_REQUEST_STATUS = {"intended": "draft", "not-taken": "cancelled", "unknown": "unknown"}


def adapt(behaviour: Behaviour, resources: Iterable[Resource]) -> Iterator[Resource]:
    """The resources as this EHR holds them."""
    medications: dict[str, Resource] = {}
    for resource in resources:
        adapted = resource
        if resource["resourceType"] == "Medication":
            medications[str(resource["id"])] = resource
        if resource["resourceType"] == "MedicationStatement" and "MedicationStatement" not in behaviour.interactions:
            adapted = _as_request(resource)
        if "Medication" not in behaviour.interactions:
            adapted = _with_contained(adapted, medications)
        if adapted["resourceType"] == "CarePlan" and behaviour.text_care_plans:
            adapted = _as_text(adapted)
        if adapted["resourceType"] in behaviour.interactions:
            yield adapted


def _as_request(statement: Resource) -> Resource:
    status = str(statement.get("status", "unknown"))
    request: dict[str, Any] = {
        "resourceType": "MedicationRequest",
        "id": statement["id"],
        "status": _REQUEST_STATUS.get(status, status),
        "intent": "plan",
        "reportedBoolean": True,
    }
    kept = ("contained", "medicationCodeableConcept", "medicationReference", "subject", "reasonCode", "reasonReference")
    request |= {name: statement[name] for name in (*kept, "note") if name in statement}
    if "dosage" in statement:
        request["dosageInstruction"] = statement["dosage"]
    period = statement.get("effectivePeriod") or {}
    since = statement.get("effectiveDateTime") or period.get("start") or statement.get("dateAsserted")
    if since:
        request["authoredOn"] = since
    if period:
        request["dispenseRequest"] = {"validityPeriod": period}
    return request


def _with_contained(resource: Resource, medications: dict[str, Resource]) -> Resource:
    target = reference_target(resource.get("medicationReference")) or ""
    medication = medications.get(target.partition("/")[2])
    if medication is None:
        return resource
    inner = {name: value for name, value in medication.items() if name != "meta"} | {"id": "medication"}
    reference = {**resource["medicationReference"], "reference": "#medication"}
    return {**resource, "contained": [*resource.get("contained", []), inner], "medicationReference": reference}


def _as_text(plan: Resource) -> Resource:
    lines = [str(plan.get("title", "Care plan"))]
    for activity in plan.get("activity", []):
        detail = activity.get("detail", {})
        words = detail.get("description") or detail.get("code", {}).get("text") or ""
        lines.append(f"- {words} ({detail.get('status', 'unknown')})")
    text = "\n".join(lines).encode("ascii", "replace").decode()
    div = f'<div xmlns="http://www.w3.org/1999/xhtml"><pre>{escape(text)}</pre></div>'
    kept = {name: value for name, value in plan.items() if name != "activity"}
    return {**kept, "text": {"status": "additional", "div": div}}
