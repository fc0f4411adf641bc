"""Every row of the fact grid opens what proves it: its resources, or what was looked for; for every sample patient."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sandbox.patients import SamplePatient, sample_patients
from smart_app.fhir.extract import extract_record
from smart_app.web.presenters_facts import FactContext, FactRow
from smart_app.web.presenters_grid import further_rows, present_columns
from smart_app.web.presenters_ledger import explained, explained_rows
from tests.support.abstraction import left_breast_cancer
from tests.support.charts import LOINC, coding, concept, observation, patient, procedure

AS_OF = date(2026, 11, 22)
PATIENTS = sample_patients(AS_OF)
WHERE = FactContext.of("/c/x", ())


def rows_of(resources: list[dict[str, Any]], knowledge: Any) -> list[FactRow]:
    record = extract_record(resources, knowledge.codes, AS_OF)
    columns = explained(present_columns(record, WHERE), knowledge.codes)
    further = explained_rows(further_rows(record, WHERE), knowledge.codes)
    return [*(row for column in columns for row in column.rows), *further]


def said(row: FactRow, term: str) -> list[str]:
    return [pair.text for pair in row.ledger if pair.term == term]


@pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient.id)
def test_each_row_opens_its_resources_and_rule_or_what_was_looked_for(patient: SamplePatient, knowledge: Any) -> None:
    resources = list(patient.iter_resources())
    ids = {f"{row['resourceType']}/{row['id']}" for row in resources}
    for row in rows_of(resources, knowledge):
        name = f"{row.label}: {[pair.term for pair in row.ledger]}"
        if row.state == "documented":
            assert said(row, "Source"), name
            assert all(text.split(",")[0] in ids for text in said(row, "Source")), name
            assert len(said(row, "As read")) == len(said(row, "Source")), name
            assert said(row, "Code") or said(row, "Sentence") or said(row, "Recorded"), name
            assert said(row, "Rule"), name
        elif row.state == "conflicting":
            assert len([pair for pair in row.ledger if pair.term.startswith("Value ")]) > 1, name
            assert said(row, "As read"), name
        else:
            assert row.state == "not-found", name
            assert all("of any date" in text for text in said(row, "Looked for")), name
            assert said(row, "Looked for"), name


def test_an_absent_treatment_says_in_which_codes_it_was_looked_for(knowledge: Any) -> None:
    rows = {row.label: row for row in rows_of([patient(), left_breast_cancer()], knowledge)}
    for label, words in {
        "Surgery": "Procedures, and diagnoses that name a past operation, with one of ",
        "Axilla": "Procedures with one of ",
        "Radiation": "Procedures, and diagnoses of past irradiation, with one of ",
        "Chemotherapy": "infusions among procedures, of ",
        "Endocrine": "infusions among procedures, of ",
        "Last breast imaging": "The last mammogram, breast ultrasound or breast MRI, coded or in words. ",
    }.items():
        (told,) = said(rows[label], "Looked for")
        assert words in told, told
        assert "of any date" in told
    assert "tamoxifen" in said(rows["Endocrine"], "Looked for")[0]
    assert "doxorubicin" in said(rows["Chemotherapy"], "Looked for")[0]


def test_a_code_is_told_with_the_row_of_the_map_that_it_matched(knowledge: Any) -> None:
    er = observation("er", concept(coding(LOINC, "85337-4")), "2022-06-01", valueString="Positive")
    rows = {row.label: row for row in rows_of([patient(), left_breast_cancer(), er], knowledge)}
    (told,) = said(rows["ER"], "Code")
    assert told.startswith("LOINC 85337-4 ")
    assert told.endswith("; read as “Estrogen receptor (ER)” (tumor-markers.yaml: estrogen-receptor-test)")


@pytest.mark.parametrize(
    ("performer", "told"),
    [
        ([{"display": "Lakeside Pathology"}], "Lakeside Pathology"),
        ([{"actor": {"display": "Dr. Ada Clinician"}}], "Dr. Ada Clinician"),
        ([{"actor": {"reference": "Practitioner/17"}}], "Practitioner/17"),
        ([{"reference": "Organization/lab"}], "Organization/lab"),
        (None, None),
        ("nonsense", None),
    ],
)
def test_who_did_it_stands_in_the_ledger_by_name_else_by_reference(
    knowledge: Any, performer: Any, told: str | None
) -> None:
    more = {} if performer is None else {"performer": performer}
    operation = procedure("s", concept(text="Left lumpectomy"), "2022-07-01", **more)
    rows = {row.label: row for row in rows_of([patient(), left_breast_cancer(), operation], knowledge)}
    assert said(rows["Surgery"], "Performer") == ([told] if told else [])
