"""What the extraction finds in each sample patient is what a careful abstractor finds there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

import pytest

from sandbox.patients import SamplePatient, sample_patients
from sandbox.patients.long_follow_up import without_routine
from sandbox.patients.sample import ANY, CONFLICTING, NOT_FOUND
from smart_app.clinical.facts import Fact, PatientRecord, Surgery
from smart_app.knowledge import default_paths, load_knowledge
from tests.support.checked_extract import extract_record

AS_OF = date(2026, 11, 25)
PATIENTS = sample_patients(AS_OF)
by_patient = pytest.mark.parametrize("patient", PATIENTS, ids=[patient.id for patient in PATIENTS])


@cache
def record_of(patient_id: str) -> PatientRecord:
    """The record of a sample patient, its routine results left out."""
    patient = next(patient for patient in PATIENTS if patient.id == patient_id)
    paths = default_paths()
    codes = load_knowledge(paths.mappings, paths.education).codes
    return extract_record(without_routine(patient), codes, AS_OF, patient_id=patient_id)


def assert_fact(facts: Mapping[str, Fact], name: str, expected: Any) -> None:
    """One fact against what is expected of it."""
    fact = facts.get(name)
    assert fact is not None, f"no fact {name}"
    if expected in (CONFLICTING, NOT_FOUND):
        assert fact.state == expected.removeprefix("state:"), (name, fact)
        assert fact.value is None
        return
    wanted = expected if isinstance(expected, Mapping) else {"value": expected}
    assert fact.state == "documented", (name, fact)
    for key, value in wanted.items():
        found = fact.value if key == "value" else fact.extra.get(key)
        if isinstance(value, list):
            found, value = (sorted(rows, key=repr) for rows in (found, value))
        assert found == value, (name, key, found, value)
    assert fact.sources, f"{name} has no source"


def sides(surgeries: tuple[Surgery, ...]) -> set[tuple[str, str]]:
    """Kind and side of each operation, once; left and right of one kind stay two."""
    return {(surgery.kind, surgery.side) for surgery in surgeries}


@by_patient
def test_the_plan_applies_to_whom_it_should(patient: SamplePatient) -> None:
    scope = record_of(patient.id).scope
    assert (scope.applies, scope.reasons) == (patient.expected.applies, patient.expected.reasons)


@by_patient
def test_every_primary_is_found_once(patient: SamplePatient) -> None:
    found = sorted((cancer.kind, cancer.laterality) for cancer in record_of(patient.id).cancers)
    assert found == sorted(patient.expected.cancers)


@by_patient
def test_the_facts_are_those_of_the_chart(patient: SamplePatient) -> None:
    record = record_of(patient.id)
    for name, expected in patient.expected.facts.items():
        assert_fact(record.facts, name, expected)
    for side, facts in patient.expected.tumor_facts.items():
        tumor = next(cancer for cancer in record.cancers if cancer.laterality == side)
        for name, expected in facts.items():
            assert_fact(tumor.facts, name, expected)


@by_patient
def test_the_operations_are_those_of_the_chart(patient: SamplePatient) -> None:
    record = record_of(patient.id)
    found = {(kind, side) for kind, side in sides(record.surgery) if kind != "other"}
    assert found == set(patient.expected.surgery)
    assert sides(record.axillary_surgery) == set(patient.expected.axilla)


@by_patient
def test_radiation_is_one_row_a_course(patient: SamplePatient) -> None:
    assert sorted(course.side for course in record_of(patient.id).radiation) == sorted(patient.expected.radiation)


@by_patient
def test_the_cancer_drugs_are_those_of_the_chart(patient: SamplePatient) -> None:
    found = {drug.agent: str(drug.status) for drug in record_of(patient.id).systemic}
    cancer_drugs = patient.expected.systemic
    assert set(found) == set(cancer_drugs)
    for agent, status in cancer_drugs.items():
        assert status in (ANY, found[agent]), (agent, found[agent])


@by_patient
def test_the_last_study_of_each_kind_is_found(patient: SamplePatient) -> None:
    record = record_of(patient.id)
    for modality, day in patient.expected.imaging.items():
        study = record.imaging.get(modality)
        found = None if study is None or study.on is None else str(study.on)
        assert found == (day.isoformat() if day else None), modality


@by_patient
def test_trouble_with_the_data_is_named(patient: SamplePatient) -> None:
    kinds = {str(issue.kind) for issue in record_of(patient.id).issues}
    assert set(patient.expected.issues) <= kinds


@by_patient
def test_a_clean_chart_raises_no_conflict(patient: SamplePatient) -> None:
    if "conflict" not in patient.expected.issues:
        conflicts = [issue for issue in record_of(patient.id).issues if issue.kind == "conflict"]
        assert not conflicts
