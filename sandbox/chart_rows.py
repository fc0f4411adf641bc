"""Lines of the chart: problems, results, medicines as an EHR lists them."""

from __future__ import annotations

from typing import Any, NamedTuple

from sandbox.fhir.dates import find_span_ms
from sandbox.fhir.index import Resource
from sandbox.sources import ChartSource

SHOWN = 60
"""Lines of a section; older ones are counted, not listed."""


class Row(NamedTuple):
    """What, value or status, when."""

    what: str
    value: str
    when: str


class Section(NamedTuple):
    """A part of the chart. `more` is the number of older lines that are not listed."""

    slug: str
    title: str
    rows: list[Row]
    more: int


_SECTIONS: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {
    "aftercare": [],
    "review": [
        ("problems", "Problems", ("Condition",)),
        ("procedures", "Procedures", ("Procedure",)),
        ("imaging", "Imaging", ("ImagingStudy",)),
        ("family", "Family history", ("FamilyMemberHistory",)),
        ("encounters", "Encounters", ("Encounter",)),
    ],
    "results": [("reports", "Reports", ("DiagnosticReport",)), ("results", "Results", ("Observation",))],
    "medications": [
        ("orders", "Medication orders", ("MedicationRequest",)),
        ("reported", "Reported medications", ("MedicationStatement",)),
        ("given", "Given in clinic", ("MedicationAdministration",)),
    ],
}
_DATES = (
    "effectiveDateTime",
    "effectiveInstant",
    "performedDateTime",
    "started",
    "occurrenceDateTime",
    "authoredOn",
    "onsetDateTime",
    "recordedDate",
    "date",
)
_PERIODS = ("effectivePeriod", "performedPeriod", "period", "onsetPeriod")


def chart_sections(charts: ChartSource, patient_id: str, tab: str) -> list[Section]:
    """The sections of a tab, newest lines first."""
    found = []
    for name, title, types in _SECTIONS[tab]:
        rows = [_row(stored.resource) for stored in charts.of_patient(patient_id, types)]
        rows.sort(key=lambda row: find_span_ms(row.when) or (0, 0), reverse=True)
        found.append(Section(name, title, rows[:SHOWN], max(0, len(rows) - SHOWN)))
    return found


def _row(resource: Resource) -> Row:
    what = concept_text(
        resource.get("code") or resource.get("medicationCodeableConcept") or resource.get("relationship")
    )
    if not what and isinstance(resource.get("medicationReference"), dict):
        what = str(resource["medicationReference"].get("display", "Medication"))
    what = what or str(resource.get("description") or _first_text(resource.get("type")) or resource["resourceType"])
    return Row(what, _value(resource), _when(resource))


def _first_text(concepts: Any) -> str:
    return concept_text(concepts[0]) if isinstance(concepts, list) and concepts else ""


def _value(resource: Resource) -> str:
    quantity = resource.get("valueQuantity")
    if isinstance(quantity, dict):
        unit = str(quantity.get("unit") or quantity.get("code") or "")
        return f"{quantity.get('value', '')} {'' if unit == '1' else unit}".strip()
    for name in ("valueCodeableConcept", "clinicalStatus"):
        if isinstance(resource.get(name), dict):
            return concept_text(resource[name])
    for name in ("valueString", "valueInteger", "valueDateTime", "conclusion", "status"):
        if name in resource:
            return str(resource[name])
    return ""


def _when(resource: Resource) -> str:
    for name in _DATES:
        if isinstance(resource.get(name), str):
            return day_text(resource[name])
    for name in _PERIODS:
        if isinstance(resource.get(name), dict):
            return day_text(resource[name].get("start") or resource[name].get("end"))
    return ""


def day_text(value: object) -> str:
    """The day of a date or dateTime, as precise as the record."""
    return str(value or "")[:10]


def concept_text(concept: Any) -> str:
    """Text or first display of a CodeableConcept; its code where there is neither."""
    if not isinstance(concept, dict):
        return ""
    if concept.get("text"):
        return str(concept["text"])
    codings = [c for c in concept.get("coding") or [] if isinstance(c, dict)]
    for coding in codings:
        if coding.get("display"):
            return str(coding["display"])
    return str(codings[0].get("code", "")) if codings else ""
