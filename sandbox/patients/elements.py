"""Small elements of FHIR R4: codings, concepts, quantities, dates, references."""

from __future__ import annotations

import base64
from datetime import date
from typing import Any

Element = dict[str, Any]
Day = date | str
"""A day, or a FHIR date of coarser precision as text (`2019`, `2019-05`)."""

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ICD10CM = "http://hl7.org/fhir/sid/icd-10-cm"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
CPT = "http://www.ama-assn.org/go/cpt"
CVX = "http://hl7.org/fhir/sid/cvx"
UCUM = "http://unitsofmeasure.org"
DICOM = "http://dicom.nema.org/resources/ontology/DCM"
HL7 = "http://terminology.hl7.org/CodeSystem"
LOCAL_LAB = "http://northlake.example.org/fhir/codes/lab"
LOCAL_ORDER = "http://northlake.example.org/fhir/codes/order"
ICD_O_3 = "http://terminology.hl7.org/CodeSystem/icd-o-3"


def coding(system: str, code: str, display: str | None = None) -> Element:
    """A Coding."""
    element = {"system": system, "code": code}
    return element | {"display": display} if display else element


def concept(*codings: Element, text: str | None = None) -> Element:
    """A CodeableConcept; `text` defaults to the first display."""
    element: Element = {"coding": list(codings)} if codings else {}
    text = text or next((item["display"] for item in codings if "display" in item), None)
    return element | {"text": text} if text else element


def loinc(code: str, display: str) -> Element:
    """A concept of one LOINC code."""
    return concept(coding(LOINC, code, display))


def snomed(code: str, display: str) -> Element:
    """A concept of one SNOMED CT code."""
    return concept(coding(SNOMED, code, display))


def icd10(code: str, display: str) -> Element:
    """A concept of one ICD-10-CM code."""
    return concept(coding(ICD10CM, code, display))


def cpt(code: str, text: str) -> Element:
    """A concept of one CPT number; CPT's own words are licensed, so the text is ours."""
    return {"coding": [coding(CPT, code)], "text": text}


def quantity(value: float, unit: str, code: str | None = None, comparator: str | None = None) -> Element:
    """A Quantity with a UCUM code (the unit itself, unless given)."""
    element: Element = {"value": value}
    if comparator:
        element["comparator"] = comparator
    return element | {"unit": unit, "system": UCUM, "code": code or unit}


def percent(value: float, comparator: str | None = None) -> Element:
    """A Quantity in percent."""
    return quantity(value, "%", comparator=comparator)


def iso(value: Day) -> str:
    """A date as FHIR writes it, at the precision it has."""
    return value if isinstance(value, str) else value.isoformat()


def moment(value: Day, clock: str = "10:30:00") -> str:
    """A dateTime of the clinic's zone; coarser dates stay as they are, because FHIR allows a time only with a day."""
    return value if isinstance(value, str) else f"{value.isoformat()}T{clock}-06:00"


def period(start: Day | None = None, end: Day | None = None) -> Element:
    """A Period."""
    return {name: iso(value) for name, value in (("start", start), ("end", end)) if value is not None}


def reference(target: str, display: str | None = None) -> Element:
    """A literal Reference."""
    return {"reference": target, "display": display} if display else {"reference": target}


def base64_text(text: str) -> str:
    """Text as the content of an attachment."""
    return base64.b64encode(text.encode()).decode("ascii")


def narrative(words: str) -> Element:
    """A plain generated narrative; `words` holds no markup."""
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{words}</div>'}


LEFT = snomed("80248007", "Left breast structure")
RIGHT = snomed("73056007", "Right breast structure")
BOTH = snomed("63762007", "Both breasts")
SIDES = {"left": LEFT, "right": RIGHT, "bilateral": BOTH}
QUALIFIERS = {
    "left": snomed("7771000", "Left"),
    "right": snomed("24028007", "Right"),
    "bilateral": snomed("51440002", "Bilateral"),
}
POSITIVE = concept(coding(SNOMED, "10828004", "Positive"))
NEGATIVE = concept(coding(SNOMED, "260385009", "Negative"))
LA_POSITIVE = concept(coding(LOINC, "LA6576-8", "Positive"))
LA_NEGATIVE = concept(coding(LOINC, "LA6577-6", "Negative"))
