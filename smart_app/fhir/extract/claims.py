"""Claims in the shapes of what they tell of: services as Procedures, dispensed drugs, diagnoses as of an encounter."""

from __future__ import annotations

from collections.abc import Iterator

from smart_app.clinical.codes import CodeMap
from smart_app.fhir.resources import Resource, codings, objects, words

_SERVICES = frozenset({"CPT", "HCPCS", "ICD10PCS"})
_NDC = ("http://hl7.org/fhir/sid/ndc", "urn:oid:2.16.840.1.113883.6.69")
"""Codes that payers use. Lines that repeat the chart's own SNOMED CT and RxNorm codes (Synthea) tell nothing more."""
_ENCOUNTER = {"coding": [{"code": "encounter-diagnosis"}]}


def claimed_services(codes: CodeMap, claim: Resource, lines: list[Resource]) -> Iterator[Resource]:
    """
    Lines with a procedure code as completed Procedures of their day, a pharmacy's lines that name a drug as dispensed,
    and the operations of a hospital's claim.
    """
    for line in lines:
        service = line.get("productOrService")
        if any(codes.system_name(coding.system) in _SERVICES for coding in codings(service)):
            yield _procedure(claim, line, service)
        elif any(coding.system in _NDC for coding in codings(service)) and any(map(codes.find_drugs, words(service))):
            dispensed = {"resourceType": "MedicationDispense", "status": "completed"}
            yield dispensed | {"medicationCodeableConcept": service, "whenHandedOver": line.get("servicedDate")}
    for operation in objects(claim.get("procedure")):
        if operation.get("procedureCodeableConcept") is not None and not objects(operation.get("modifierExtension")):
            done: Resource = {"resourceType": "Procedure", "status": "completed"}
            yield done | {
                "code": operation["procedureCodeableConcept"],
                "performedDateTime": operation.get("date"),
            }


def _procedure(claim: Resource, line: Resource, service: object) -> Resource:
    procedure: Resource = {"resourceType": "Procedure", "status": "completed", "code": service}
    if line.get("bodySite") is not None:
        procedure["bodySite"] = line["bodySite"]
    modifiers = [{"url": "modifier", "valueCodeableConcept": m} for m in objects(line.get("modifier"))]
    if modifiers:
        procedure["extension"] = modifiers
    day = line.get("servicedDate")
    if day is not None:
        return procedure | {"performedDateTime": day}
    return procedure | {"performedPeriod": line.get("servicedPeriod") or claim.get("billablePeriod")}


def claimed_diagnoses(claim: Resource) -> Iterator[Resource]:
    """The diagnoses of a claim as diagnoses of an encounter; none has a date, for that of the service is none."""
    for diagnosis in objects(claim.get("diagnosis")):
        code = diagnosis.get("diagnosisCodeableConcept")
        if code is not None and not objects(diagnosis.get("modifierExtension")):
            yield {"resourceType": "Condition", "code": code, "category": [_ENCOUNTER]}
