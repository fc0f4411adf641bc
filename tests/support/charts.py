"""
Charts in the shapes that EHRs export, written by hand for the tests: not the sample patients, and not the corpus.

Each builder returns one FHIR R4 resource. Text stays as clinicians and laboratories write it.
"""

from __future__ import annotations

import base64
from typing import Any

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
CPT = "http://www.ama-assn.org/go/cpt"
EPIC = "urn:oid:1.2.840.114350.1.13.0.1.7.2.696580"

Resource = dict[str, Any]
ME = {"reference": "Patient/p"}


def coding(system: str | None, code: str | None, display: str | None = None) -> Resource:
    row = {"system": system, "code": code, "display": display}
    return {key: value for key, value in row.items() if value is not None}


def concept(*codings: Resource, text: str | None = None) -> Resource:
    value: Resource = {}
    if codings:
        value["coding"] = list(codings)
    if text:
        value["text"] = text
    return value


def patient(birth: str = "1960-04-02", gender: str = "female", **more: Any) -> Resource:
    return {"resourceType": "Patient", "id": "p", "birthDate": birth, "gender": gender, **more}


def verification(status: str) -> Resource:
    return concept(coding("http://terminology.hl7.org/CodeSystem/condition-ver-status", status))


def condition(id_: str, code: Resource, onset: str | None = None, clinical: str = "active", **more: Any) -> Resource:
    resource: Resource = {
        "resourceType": "Condition",
        "id": id_,
        "subject": ME,
        "code": code,
        "clinicalStatus": concept(coding("http://terminology.hl7.org/CodeSystem/condition-clinical", clinical)),
        "verificationStatus": verification("confirmed"),
        "category": [concept(coding("http://terminology.hl7.org/CodeSystem/condition-category", "problem-list-item"))],
    }
    if onset:
        resource["onsetDateTime"] = onset
    return resource | more


def observation(id_: str, code: Resource, on: str | None = None, status: str = "final", **more: Any) -> Resource:
    resource: Resource = {
        "resourceType": "Observation",
        "id": id_,
        "status": status,
        "subject": ME,
        "code": code,
        "category": [concept(coding("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory"))],
    }
    if on:
        resource["effectiveDateTime"] = on
    return resource | more


def procedure(id_: str, code: Resource, on: str | None = None, status: str = "completed", **more: Any) -> Resource:
    resource: Resource = {"resourceType": "Procedure", "id": id_, "status": status, "subject": ME, "code": code}
    if on:
        resource["performedDateTime"] = on
    return resource | more


def report(id_: str, code: Resource, on: str, text: str | None = None, **more: Any) -> Resource:
    resource: Resource = {
        "resourceType": "DiagnosticReport",
        "id": id_,
        "status": "final",
        "subject": ME,
        "code": code,
        "effectiveDateTime": on,
    }
    if text is not None:
        data = base64.b64encode(text.encode()).decode()
        resource["presentedForm"] = [{"contentType": "text/plain", "data": data}]
    return resource | more


def order(id_: str, drug: Resource, on: str, status: str = "active", **more: Any) -> Resource:
    return {
        "resourceType": "MedicationRequest",
        "id": id_,
        "status": status,
        "intent": "order",
        "subject": ME,
        "medicationCodeableConcept": drug,
        "authoredOn": on,
        **more,
    }


def given(id_: str, drug: Resource, on: str, status: str = "completed", **more: Any) -> Resource:
    return {
        "resourceType": "MedicationAdministration",
        "id": id_,
        "status": status,
        "subject": ME,
        "medicationCodeableConcept": drug,
        "effectiveDateTime": on,
        **more,
    }


def bundle(*resources: Resource) -> Resource:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
