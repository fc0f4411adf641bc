"""Each story triggers the rules that it was written for, and none of those that it was written to keep silent."""

from __future__ import annotations

from datetime import date
from functools import cache

import pytest

from sandbox.patients import SamplePatient, sample_patients
from sandbox.patients.long_follow_up import without_routine
from smart_app.clinical.facts import PatientRecord
from smart_app.clinical.recommendations import Recommendation
from smart_app.clinical.rules import evaluate_rules
from smart_app.clinical.schedule import ClinicDefaults
from smart_app.knowledge import KnowledgeBase, default_paths, load_knowledge
from tests.support.checked_extract import extract_record

AS_OF = date(2026, 11, 25)
PATIENTS = sample_patients(AS_OF)
ONLY_ENTERED = {"hospice-holds-screening"}
"""Rules whose fact no record carries in a code that is read: a clinician enters it."""
by_patient = pytest.mark.parametrize("patient", PATIENTS, ids=[patient.id for patient in PATIENTS])


@cache
def knowledge() -> KnowledgeBase:
    """Rules and codes as they ship."""
    paths = default_paths()
    return load_knowledge(paths.mappings, paths.education)


@cache
def record_of(patient_id: str) -> PatientRecord:
    """The record of a sample patient, its routine results left out."""
    patient = next(patient for patient in PATIENTS if patient.id == patient_id)
    return extract_record(without_routine(patient), knowledge().codes, AS_OF, patient_id=patient_id)


@cache
def recommendations_for(patient_id: str) -> tuple[Recommendation, ...]:
    """What the rules say of a sample patient."""
    return evaluate_rules(knowledge().rules, record_of(patient_id), ClinicDefaults())


def known_rows() -> set[str]:
    """Rows of the rule table that have a rule."""
    return {rule.row for rule in knowledge().rules}


@by_patient
def test_the_rules_of_the_story_fire(patient: SamplePatient) -> None:
    given = recommendations_for(patient.id)
    for row, topic, status, side in patient.expected.fires:
        if row not in known_rows():
            continue
        found = [item for item in given if item.row == row and topic in ("", item.topic)]
        assert found, f"{row} does not fire; rows that fire: {sorted({item.row for item in given})}"
        if status:
            assert status in {str(item.status) for item in found}, (row, [(i.status, i.due, i.missing) for i in found])
        if side:
            assert side in {item.side for item in found}, (row, [item.side for item in found])


@by_patient
def test_the_rules_that_the_story_excludes_stay_silent(patient: SamplePatient) -> None:
    fired = {item.row for item in recommendations_for(patient.id) if str(item.status) != "cannot-tell"}
    assert not fired & set(patient.expected.silent)


@by_patient
def test_out_of_scope_there_is_no_advice_at_all(patient: SamplePatient) -> None:
    assert bool(recommendations_for(patient.id)) == patient.expected.applies


def test_every_rule_has_a_patient_who_triggers_it() -> None:
    triggered = {item.rule for patient in PATIENTS for item in recommendations_for(patient.id)}
    for patient in PATIENTS:
        for jurisdiction in ("eu", "uk"):
            clinic = ClinicDefaults(jurisdiction=jurisdiction)
            triggered |= {item.rule for item in evaluate_rules(knowledge().rules, record_of(patient.id), clinic)}
    untold = {rule.id for rule in knowledge().rules} - triggered
    assert untold <= ONLY_ENTERED, sorted(untold)
