"""Where the lists of drugs could not be read, no paper speaks as if they had been: for every sample patient."""

from __future__ import annotations

from datetime import date

import pytest

from sandbox.patients import SamplePatient, sample_patients
from smart_app.clinical.education import choose_paragraphs
from smart_app.clinical.facts import PatientRecord, Search, SearchState
from smart_app.clinical.features import derive_features
from smart_app.clinical.recommendations import DueStatus, Recommendation, RecommendationKind
from smart_app.clinical.rules import evaluate_rules
from smart_app.clinical.schedule import ClinicDefaults
from smart_app.fhir.extract import extract_record
from smart_app.fhir.queries import QUERIES, supplied_by
from smart_app.handout.handout import compose_handout
from smart_app.handout.handover import compose_handover
from smart_app.handout.reading import handout_text
from smart_app.knowledge import default_paths, load_knowledge
from tests.unit.handout.handout_values import CLINIC, TEMPLATES

AS_OF = date(2026, 11, 25)
KNOWLEDGE = load_knowledge(default_paths().mappings, default_paths().education)
PATIENTS = [patient for patient in sample_patients(AS_OF) if patient.expected.applies]
every_patient = pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient.id)


def without_drugs(patient: SamplePatient) -> tuple[PatientRecord, list[Recommendation]]:
    """The record as read from an EHR that refuses every list of drugs."""
    searches = tuple(
        Search(
            query.name,
            query.resource_type,
            SearchState.NOT_PERMITTED if query.resource_type.startswith("Medication") else SearchState.COMPLETE,
            supplies=supplied_by(query, KNOWLEDGE.codes),
        )
        for query in QUERIES
    )
    read = [row for row in patient.iter_resources() if not row["resourceType"].startswith("Medication")]
    record = extract_record(read, KNOWLEDGE.codes, AS_OF, searches=searches)
    return record, evaluate_rules(KNOWLEDGE.rules, record, ClinicDefaults())


@every_patient
@pytest.mark.parametrize("language", ["en", "es"])
def test_the_patient_is_told_of_no_medicine_and_that_something_may_be_missing(
    patient: SamplePatient, language: str
) -> None:
    record, items = without_drugs(patient)
    assert not record.systemic
    chosen = choose_paragraphs(KNOWLEDGE.education, derive_features(record), record, AS_OF, language=language)
    paper = compose_handout(record, items, None, chosen, CLINIC, language, AS_OF, templates=TEMPLATES)
    assert paper.medicine == (), "what she takes is not known"
    told = handout_text(paper)
    assert {"en": "We could not read all of your record", "es": "No pudimos leer toda"}[language] in told


@every_patient
def test_primary_care_gets_no_alert_that_cannot_be_told_and_reads_what_was_not_read(patient: SamplePatient) -> None:
    record, items = without_drugs(patient)
    open_alerts = [
        item for item in items if item.kind is RecommendationKind.SAFETY_ALERT and item.status is DueStatus.CANNOT_TELL
    ]
    assert open_alerts, "without the lists of drugs alerts about them cannot be told"
    handover = compose_handover(record, items, None, (), CLINIC, AS_OF)
    for item in open_alerts:
        assert not [alert for alert in handover.alerts if alert.startswith(item.title)], item.rule
    assert (
        "Not read in full: medication orders (not permitted); medication statements (not permitted); "
        "medication administrations (not permitted)."
    ) in handover.read
    waiting = [row.what for row in handover.plan if row.status is DueStatus.CANNOT_TELL]
    assert any("cancer drugs" in what for what in waiting)
