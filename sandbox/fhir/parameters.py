"""
Table of the search parameters: which element of which type each one looks at.

A path is dotted; arrays are walked through; alternatives are separated by `|`.
"""

from __future__ import annotations

from typing import NamedTuple


class Parameter(NamedTuple):
    """Kind (`token`, `date`, `reference`, `string`) and path of a search parameter."""

    kind: str
    path: str


def _t(path: str) -> Parameter:
    return Parameter("token", path)


def _d(path: str) -> Parameter:
    return Parameter("date", path)


def _r(path: str) -> Parameter:
    return Parameter("reference", path)


def _s(path: str) -> Parameter:
    return Parameter("string", path)


COMMON: dict[str, Parameter] = {"identifier": _t("identifier"), "status": _t("status"), "encounter": _r("encounter")}
"""Every type has these; where the element is absent nothing is found."""

PATIENT_PATHS = ("subject", "patient", "beneficiary", "individual", "for")
"""Elements that say whose resource it is, first that is there."""

NOT_ABOUT_A_PATIENT = frozenset(
    {"Practitioner", "PractitionerRole", "Organization", "Location", "Medication", "Substance", "HealthcareService"}
    | {"Questionnaire", "ValueSet", "CodeSystem", "PlanDefinition", "ActivityDefinition", "Endpoint", "Library"}
)
"""Types that belong to no patient: every signed-in user with the scope may read them."""

_NAMED = {"name": _s("name"), "family": _s("name.family"), "given": _s("name.given"), "active": _t("active")}

BY_TYPE: dict[str, dict[str, Parameter]] = {
    "Patient": {
        **_NAMED,
        "birthdate": _d("birthDate"),
        "gender": _t("gender"),
        "general-practitioner": _r("generalPractitioner"),
    },
    "Practitioner": _NAMED,
    "PractitionerRole": {
        "practitioner": _r("practitioner"),
        "organization": _r("organization"),
        "specialty": _t("specialty"),
    },
    "Organization": {"name": _s("name"), "active": _t("active")},
    "Condition": {
        "code": _t("code"),
        "category": _t("category"),
        "clinical-status": _t("clinicalStatus"),
        "verification-status": _t("verificationStatus"),
        "onset-date": _d("onsetDateTime|onsetPeriod"),
        "abatement-date": _d("abatementDateTime|abatementPeriod"),
        "recorded-date": _d("recordedDate"),
        "body-site": _t("bodySite"),
    },
    "Observation": {
        "code": _t("code"),
        "category": _t("category"),
        "date": _d("effectiveDateTime|effectivePeriod|effectiveInstant"),
        "combo-code": _t("code|component.code"),
        "value-concept": _t("valueCodeableConcept"),
        "specimen": _r("specimen"),
        "has-member": _r("hasMember"),
        "derived-from": _r("derivedFrom"),
        "performer": _r("performer"),
    },
    "DiagnosticReport": {
        "code": _t("code"),
        "category": _t("category"),
        "date": _d("effectiveDateTime|effectivePeriod"),
        "issued": _d("issued"),
        "result": _r("result"),
        "specimen": _r("specimen"),
        "performer": _r("performer"),
    },
    "ImagingStudy": {
        "started": _d("started"),
        "modality": _t("modality|series.modality"),
        "bodysite": _t("series.bodySite"),
    },
    "Procedure": {"code": _t("code"), "category": _t("category"), "date": _d("performedDateTime|performedPeriod")},
    "MedicationRequest": {
        "code": _t("medicationCodeableConcept"),
        "medication": _r("medicationReference"),
        "intent": _t("intent"),
        "authoredon": _d("authoredOn"),
        "category": _t("category"),
    },
    "MedicationStatement": {
        "code": _t("medicationCodeableConcept"),
        "medication": _r("medicationReference"),
        "effective": _d("effectiveDateTime|effectivePeriod"),
        "category": _t("category"),
    },
    "MedicationAdministration": {
        "code": _t("medicationCodeableConcept"),
        "medication": _r("medicationReference"),
        "effective-time": _d("effectiveDateTime|effectivePeriod"),
    },
    "MedicationDispense": {"code": _t("medicationCodeableConcept"), "medication": _r("medicationReference")},
    "Medication": {"code": _t("code")},
    "FamilyMemberHistory": {"relationship": _t("relationship"), "code": _t("condition.code"), "date": _d("date")},
    "Immunization": {"date": _d("occurrenceDateTime"), "vaccine-code": _t("vaccineCode")},
    "CarePlan": {
        "category": _t("category"),
        "intent": _t("intent"),
        "date": _d("period"),
        "condition": _r("addresses"),
        "goal": _r("goal"),
        "care-team": _r("careTeam"),
        "activity-code": _t("activity.detail.code"),
        "instantiates-canonical": _s("instantiatesCanonical"),
    },
    "Goal": {
        "category": _t("category"),
        "lifecycle-status": _t("lifecycleStatus"),
        "achievement-status": _t("achievementStatus"),
        "start-date": _d("startDate"),
        "target-date": _d("target.dueDate"),
    },
    "CareTeam": {"category": _t("category"), "participant": _r("participant.member"), "date": _d("period")},
    "DocumentReference": {
        "type": _t("type"),
        "category": _t("category"),
        "date": _d("date"),
        "period": _d("context.period"),
        "contenttype": _t("content.attachment.contentType"),
        "encounter": _r("context.encounter"),
        "author": _r("author"),
        "relatesto": _r("relatesTo.target"),
    },
    "Encounter": {"class": _t("class"), "type": _t("type"), "date": _d("period"), "part-of": _r("partOf")},
    "Provenance": {"target": _r("target"), "recorded": _d("recorded"), "agent": _r("agent.who")},
    "ServiceRequest": {
        "code": _t("code"),
        "intent": _t("intent"),
        "category": _t("category"),
        "authored": _d("authoredOn"),
        "occurrence": _d("occurrenceDateTime|occurrencePeriod"),
        "requester": _r("requester"),
    },
    "Specimen": {"type": _t("type"), "collected": _d("collection.collectedDateTime")},
    "AuditEvent": {"type": _t("type"), "date": _d("recorded"), "agent": _r("agent.who")},
    "AllergyIntolerance": {"code": _t("code"), "clinical-status": _t("clinicalStatus")},
    "Coverage": {"type": _t("type")},
    "Task": {"code": _t("code"), "authored-on": _d("authoredOn")},
    "List": {"code": _t("code"), "date": _d("date")},
}

CONTROL_PARAMETERS = frozenset(
    {"_count", "_sort", "_elements", "_include", "_revinclude", "_summary", "_total", "_format", "_pretty"}
)


def parameters_of(resource_type: str) -> dict[str, Parameter]:
    """Search parameters of a type, the common ones included; not the ones about the patient."""
    return {**COMMON, **BY_TYPE.get(resource_type, {})}
