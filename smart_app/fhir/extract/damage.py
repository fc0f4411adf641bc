"""What of a resource has not the shape of FHIR R4 and so is not read: told with its id, never dropped (F14)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smart_app.clinical.facts import Issue, IssueKind
from smart_app.fhir.resources import Resource, codings, own_reference, partial_date, resource_type, words

_CODED = {
    "Condition": ("code",),
    "Observation": ("code",),
    "Procedure": ("code",),
    "DiagnosticReport": ("code",),
    "MedicationRequest": ("medicationCodeableConcept", "medicationReference"),
    "MedicationStatement": ("medicationCodeableConcept", "medicationReference"),
    "MedicationAdministration": ("medicationCodeableConcept", "medicationReference"),
}
_OBJECTS = ("valueCodeableConcept", "valueQuantity", "effectivePeriod", "onsetPeriod", "performedPeriod")
_DATES = (
    "onsetDateTime",
    "recordedDate",
    "effectiveDateTime",
    "issued",
    "performedDateTime",
    "authoredOn",
    "started",
)


def damage_of(resource: Resource) -> Iterator[Issue]:
    """
    One issue for each part that cannot be read.

    A code that is absent on purpose (an extension gives the reason) is no damage; a status that is missing is told
    where statuses are judged.
    """
    kind, key = resource_type(resource), own_reference(resource)
    coded = _CODED.get(kind)
    if coded is None:
        return
    if not any(_says_something(resource.get(name)) for name in coded):
        yield Issue(IssueKind.UNREADABLE, key, f"This {kind} has no code that could be read.")
    for name in (*coded, *_OBJECTS):
        if resource.get(name) is not None and not isinstance(resource[name], dict):
            yield Issue(IssueKind.UNREADABLE, key, f"The {name} of this {kind} is not as FHIR R4 writes it.")
    for name in _DATES:
        value = resource.get(name)
        if value is not None and partial_date(value) is None:
            shown = f" “{value[:40]}”" if isinstance(value, str) else ""
            yield Issue(IssueKind.DATE, key, f"The {name}{shown} is not a date; it was not read.")


def _says_something(concept: Any) -> bool:
    if isinstance(concept, dict) and (
        concept.get("reference") or concept.get("extension") or concept.get("identifier")
    ):
        return True
    return bool(codings(concept) or words(concept))
