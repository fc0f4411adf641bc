"""The sample patients: valid R4 by two independent libraries, the same at every run, names that give nothing away."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from fhirclient.models import fhirelementfactory

from sandbox.patients import SamplePatient, sample_patients, staff
from sandbox.patients.long_follow_up import TOTAL_OBSERVATIONS, without_routine
from sandbox.patients.messy import STRANGER

AS_OF = date(2026, 11, 25)
PATIENTS = sample_patients(AS_OF)
by_patient = pytest.mark.parametrize("patient", PATIENTS, ids=[patient.id for patient in PATIENTS])


def references(element: object) -> Iterator[str]:
    """Every literal reference in a resource."""
    if isinstance(element, dict):
        for name, value in element.items():
            if name == "reference" and isinstance(value, str):
                yield value
            else:
                yield from references(value)
    elif isinstance(element, list):
        for value in element:
            yield from references(value)


def chart(patient: SamplePatient) -> list[dict[str, Any]]:
    """The chart without its thousands of routine results."""
    return list(without_routine(patient))


@by_patient
def test_every_resource_is_valid_r4_by_fhir_resources(patient: SamplePatient) -> None:
    for resource in chart(patient):
        get_fhir_model_class(resource["resourceType"]).model_validate_json(json.dumps(resource))


@by_patient
def test_every_resource_is_valid_r4_by_fhirclient(patient: SamplePatient) -> None:
    for resource in chart(patient):
        model = fhirelementfactory.FHIRElementFactory.instantiate(resource["resourceType"], resource)
        assert model.as_json() == resource


@by_patient
def test_the_two_libraries_do_refuse_a_spoiled_resource(patient: SamplePatient) -> None:
    spoiled = {**chart(patient)[0], "active": "perhaps"}
    with pytest.raises(ValueError, match="active"):
        get_fhir_model_class(spoiled["resourceType"]).model_validate_json(json.dumps(spoiled))
    with pytest.raises(Exception, match="active"):
        fhirelementfactory.FHIRElementFactory.instantiate(spoiled["resourceType"], spoiled)


@by_patient
def test_what_a_resource_refers_to_comes_before_it(patient: SamplePatient) -> None:
    seen: set[str] = set()
    for resource in chart(patient):
        for target in references(resource):
            assert target in seen or target.startswith("#") or target == STRANGER, (resource["id"], target)
        seen.add(f"{resource['resourceType']}/{resource['id']}")


@by_patient
def test_ids_are_unique_and_legal(patient: SamplePatient) -> None:
    keys = [(resource["resourceType"], resource["id"]) for resource in patient.iter_resources()]
    assert len(keys) == len(set(keys))
    assert all(re.fullmatch(r"[A-Za-z0-9.-]{1,64}", identity) for _, identity in keys)
    assert ("Patient", patient.id) in keys


@by_patient
def test_a_chart_is_the_same_at_every_run(patient: SamplePatient) -> None:
    again = next(other for other in sample_patients(AS_OF) if other.id == patient.id)
    assert chart(again) == chart(patient)


@by_patient
def test_nothing_in_a_chart_lies_in_the_future_of_the_reference_date(patient: SamplePatient) -> None:
    for day in re.findall(r"\b(\d{4}-\d{2}-\d{2})", json.dumps(chart(patient))):
        assert day <= AS_OF.isoformat(), (patient.id, day)


@pytest.mark.parametrize("as_of", [date(2024, 2, 29), date(2027, 3, 31), date(2031, 1, 1)])
def test_charts_can_be_made_for_any_reference_date(as_of: date) -> None:
    for patient in sample_patients(as_of):
        assert chart(patient)


def test_no_two_patients_share_an_id_a_family_name_or_a_record_number() -> None:
    patients = [next(item for item in chart(patient) if item["resourceType"] == "Patient") for patient in PATIENTS]
    for key in (
        lambda item: item["id"],
        lambda item: item["name"][0]["family"],
        lambda item: item["identifier"][0]["value"],
    ):
        assert len({key(item) for item in patients}) == len(PATIENTS)


def test_no_patient_is_named_like_a_clinician() -> None:
    clinicians = {item["name"][0]["family"] for item in staff.staff() if item["resourceType"] == "Practitioner"}
    for patient in PATIENTS:
        assert not clinicians & set(patient.name.split())


def test_shared_resources_are_the_same_in_every_chart() -> None:
    seen: dict[tuple[str, str], Any] = {}
    for patient in PATIENTS:
        for resource in chart(patient):
            key = (resource["resourceType"], resource["id"])
            assert seen.setdefault(key, resource) == resource


def test_the_long_chart_holds_twenty_thousand_observations() -> None:
    long = next(patient for patient in PATIENTS if patient.id == "grzelczak")
    assert sum(item["resourceType"] == "Observation" for item in long.iter_resources()) == TOTAL_OBSERVATIONS


def test_the_messy_chart_answers_with_somebody_elses_result() -> None:
    messy = next(patient for patient in PATIENTS if patient.id == "wojtasik")
    strangers = [item for item in chart(messy) if item.get("subject", {}).get("reference") == STRANGER]
    assert len(strangers) == 1
    statuses = [item["status"] for item in chart(messy) if item["resourceType"] == "Observation"]
    assert {"preliminary", "entered-in-error"} <= set(statuses)


def test_the_charts_together_use_every_resource_type_that_the_app_reads() -> None:
    types = {item["resourceType"] for patient in PATIENTS for item in chart(patient)}
    assert types >= {
        "Binary",
        "CareTeam",
        "Condition",
        "DiagnosticReport",
        "Encounter",
        "FamilyMemberHistory",
        "ImagingStudy",
        "Immunization",
        "Medication",
        "MedicationAdministration",
        "MedicationRequest",
        "MedicationStatement",
        "Observation",
        "Organization",
        "Patient",
        "Practitioner",
        "PractitionerRole",
        "Procedure",
        "Specimen",
    }
