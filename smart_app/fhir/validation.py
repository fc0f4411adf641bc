"""
Before a write: two independent libraries check the structure, and we check the required codes, which neither does.

The messages name paths and rules, never values: what is refused here may hold the patient's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any
from xml.etree import ElementTree

from pydantic import ValidationError

from smart_app.errors import InvalidPlanError

_MODULES = {
    "CarePlan": "careplan",
    "Goal": "goal",
    "DocumentReference": "documentreference",
    "Provenance": "provenance",
}
_REQUEST_STATUS = frozenset({"draft", "active", "on-hold", "revoked", "completed", "entered-in-error", "unknown"})
# Required bindings of FHIR R4 4.0.1 (and US Core) on the elements that we write.
_REQUIRED_CODES: Mapping[str, frozenset[str]] = {
    "CarePlan.text.status": frozenset({"generated", "additional"}),
    "CarePlan.status": _REQUEST_STATUS,
    "CarePlan.intent": frozenset({"proposal", "plan", "order", "option"}),
    "CarePlan.activity.detail.kind": frozenset(
        {
            "Appointment",
            "CommunicationRequest",
            "DeviceRequest",
            "MedicationRequest",
            "NutritionOrder",
            "Task",
            "ServiceRequest",
            "VisionPrescription",
        }
    ),
    "CarePlan.activity.detail.status": frozenset(
        {
            "not-started",
            "scheduled",
            "in-progress",
            "on-hold",
            "completed",
            "cancelled",
            "stopped",
            "unknown",
            "entered-in-error",
        }
    ),
    "CarePlan.activity.detail.scheduledTiming.repeat.periodUnit": frozenset({"s", "min", "h", "d", "wk", "mo", "a"}),
    "Goal.text.status": frozenset({"generated", "additional"}),
    "Goal.lifecycleStatus": frozenset(
        {
            "proposed",
            "planned",
            "accepted",
            "active",
            "on-hold",
            "completed",
            "cancelled",
            "entered-in-error",
            "rejected",
        }
    ),
    "DocumentReference.status": frozenset({"current", "superseded", "entered-in-error"}),
    "DocumentReference.docStatus": frozenset({"preliminary", "final", "amended", "entered-in-error"}),
    "DocumentReference.relatesTo.code": frozenset({"replaces", "transforms", "signs", "appends"}),
    "Provenance.entity.role": frozenset({"derivation", "revision", "quotation", "source", "removal"}),
    "Provenance.contained.deviceName.type": frozenset(
        {"udi-label-name", "user-friendly-name", "patient-reported-name", "manufacturer-name", "model-name", "other"}
    ),
}
_REFERENCE = re.compile(r"(?:[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?|#[A-Za-z0-9\-.]+)")
_DATE = re.compile(
    r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01])(?:T[0-2]\d:[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2}))?)?)?"
)
_DATES = frozenset({"created", "start", "end", "startDate", "date", "recorded", "creation", "time"})
_TAGS = frozenset(
    "{http://www.w3.org/1999/xhtml}" + tag
    for tag in ("div", "h2", "h3", "p", "ul", "li", "table", "thead", "tbody", "tr", "th", "td")
)


def check_resource(resource: Mapping[str, Any], patient_id: str, existing: Mapping[str, Any] | None = None) -> None:
    """
    Check a resource that is about to be written; `existing` as in `find_problems`.

    Raises:
        InvalidPlanError: names every problem by its path.
    """
    problems = find_problems(resource, patient_id, existing)
    if problems:
        raise InvalidPlanError("; ".join(problems))


def find_problems(
    resource: Mapping[str, Any], patient_id: str, existing: Mapping[str, Any] | None = None
) -> tuple[str, ...]:
    """
    Every problem with a resource, one short sentence each.

    Args:
        existing: the resource that stands in the record and is written anew: a reference that others put there may be
            absolute, and its narrative may be in the server's own wrapper.
    """
    name = str(resource.get("resourceType"))
    if name not in _MODULES:
        return (f"{name or 'resource'}: not a type that is written",)
    theirs = frozenset(_given(existing)) if existing is not None else frozenset()
    problems = [*_structure(resource, name), *_walk(resource, name, theirs)]
    problems += _own_rules(resource, name, patient_id)
    return tuple(dict.fromkeys(problems))


def load_models() -> None:
    """Import the models before the first save needs them (half a second)."""
    for name in _MODULES:
        _models(name)


@cache
def _models(name: str) -> tuple[Any, Any, type[Exception]]:
    module = _MODULES[name]
    strict = getattr(import_module(f"fhir.resources.R4B.{module}"), name)
    client = getattr(import_module(f"fhirclient.models.{module}"), name)
    refused = import_module("fhirclient.models.fhirabstractbase").FHIRValidationError
    return strict, client, refused


def _structure(resource: Mapping[str, Any], name: str) -> Iterator[str]:
    strict, client, refused = _models(name)
    try:
        strict.model_validate(dict(resource))
    except ValidationError as error:
        for found in error.errors(include_url=False, include_context=False, include_input=False):
            yield f"{'.'.join([name, *map(str, found['loc'])])}: {found['type']}"
    try:
        client(dict(resource), strict=True)
    except refused:
        # Its message repeats values; that it was refused is enough, the other library names the place.
        yield f"{name}: refused by the R4 4.0.1 model"


def _given(value: Any) -> Iterator[str]:
    """References and narratives of a resource as the server gave them."""
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ():
        yield from _given(inner)
    if isinstance(value, Mapping):
        yield from (found for name in ("reference", "div") if isinstance(found := value.get(name), str))


def _walk(value: Any, path: str, theirs: frozenset[str]) -> Iterator[str]:
    if isinstance(value, Mapping):
        if not value:
            yield f"{path}: empty object"
        for key, inner in value.items():
            yield from _leaf(key, inner, f"{path}.{key}", theirs)
            yield from _walk(inner, f"{path}.{key}", theirs)
    elif isinstance(value, list):
        if not value:
            yield f"{path}: empty array"
        for inner in value:
            yield from _walk(inner, path, theirs)
    elif value is None or (isinstance(value, str) and not value.strip()):
        yield f"{path}: empty"


def _leaf(key: str, value: Any, path: str, theirs: frozenset[str]) -> Iterator[str]:
    allowed = _REQUIRED_CODES.get(path)
    if allowed is not None and value not in allowed:
        yield f"{path}: not a code of its required value set"
    if key == "reference" and isinstance(value, str) and value not in theirs and not _REFERENCE.fullmatch(value):
        yield f"{path}: reference is not relative"
    if key in _DATES and isinstance(value, str) and not _DATE.fullmatch(value):
        yield f"{path}: not a FHIR date"
    if key == "div" and isinstance(value, str) and value not in theirs:
        yield from _narrative(value, path)


def _narrative(div: str, path: str) -> Iterator[str]:
    if "<!" in div or "<?" in div:
        yield f"{path}: not plain XHTML"
        return
    try:
        # Our own text, without a DTD (refused above): nothing in it can grow or reach out.
        root = ElementTree.fromstring(div)  # noqa: S314 - see the line above
    except ElementTree.ParseError:
        yield f"{path}: not XHTML"
        return
    if any(element.tag not in _TAGS or element.attrib for element in root.iter()):
        yield f"{path}: element or attribute that is not allowed"


def _own_rules(resource: Mapping[str, Any], name: str, patient_id: str) -> Iterator[str]:
    meta = resource.get("meta")
    if isinstance(meta, Mapping) and meta.get("profile") and "id" not in resource:
        yield f"{name}.meta.profile: not claimed, because servers that do not know a profile refuse it"
    if name == "Provenance":
        for agent in resource.get("agent") or ():
            if isinstance(agent, Mapping) and not agent.get("onBehalfOf"):
                yield "Provenance.agent: without onBehalfOf"
        return
    subject = resource.get("subject")
    reference = subject.get("reference") if isinstance(subject, Mapping) else None
    if reference != f"Patient/{patient_id}":
        yield f"{name}.subject: not the patient of the launch"
    if name == "CarePlan":
        yield from _care_plan_rules(resource)


def _care_plan_rules(plan: Mapping[str, Any]) -> Iterator[str]:
    codes = {coding.get("code") for category in plan.get("category") or () for coding in category.get("coding") or ()}
    if "assess-plan" not in codes:
        yield "CarePlan.category: without assess-plan"
    if not any(str(entry.get("value", "")).startswith("urn:uuid:") for entry in plan.get("identifier") or ()):
        yield "CarePlan.identifier: without the plan's own"
    ids = [activity["id"] for activity in plan.get("activity") or () if "id" in activity]
    if len(set(ids)) != len(ids):
        yield "CarePlan.activity: two items with one id"
    if plan.get("status") == "active" and not plan.get("author"):
        yield "CarePlan.author: a signed plan without its author"
