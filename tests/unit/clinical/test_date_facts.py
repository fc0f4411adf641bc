"""Dates of diagnosis and treatment that a clinician enters stand before the rows of the record, which stay beside."""

from __future__ import annotations

from typing import Any

import pytest

from smart_app.clinical.anchors import find_anchor
from smart_app.clinical.date_facts import DATE_FACTS, date_fact
from smart_app.clinical.entries import apply_entries
from smart_app.clinical.entries_kept import as_saved, entries_that_stand
from smart_app.clinical.facts import Entry, FactState, PatientRecord
from smart_app.clinical.features import derive_features
from smart_app.clinical.treatment_dates import latest_diagnosis, primary_treatment
from smart_app.fhir.extract import extract_record
from tests.support.abstraction import AS_OF, all_codes
from tests.support.charts import ICD10, coding, concept, condition, order, patient, procedure

CANCER = condition("l", concept(coding(ICD10, "C50.912")), "2019-01-01")
LUMPECTOMY = procedure("s", concept(text="Left lumpectomy"), "2019-03-04")
LETROZOLE = order("e", concept(text="letrozole"), "2020-02-01")
RADIATION = procedure("r", concept(text="Left breast radiation therapy"), performedPeriod={"start": "2019-05-01"})


def record_of(*resources: dict[str, Any]) -> PatientRecord:
    return extract_record([patient(), *resources], all_codes(), AS_OF)


def with_date(record: PatientRecord, name: str, value: str) -> PatientRecord:
    cancer = 0 if name == "diagnosed_on" else None
    entry = Entry(
        name=name, value=value, by="Dr. Ines Rossi", at="2026-11-22T10:00:00Z", reason="Letter", cancer=cancer
    )
    return apply_entries(record, (entry,))


def anchor(record: PatientRecord, name: str) -> str:
    return str(find_anchor(derive_features(record), name).on)


@pytest.mark.parametrize(
    ("name", "anchor_name", "before"),
    [
        ("surgery_on", "surgery", "2019-03-04"),
        ("surgery_on", "breast-treatment-end", "2019-03-04"),
        ("radiation_ended_on", "breast-treatment-end", "2019-03-04"),
        ("radiation_ended_on", "radiation-end", "None"),
        ("endocrine_started_on", "endocrine-start", "2020-02-01"),
        ("trastuzumab_ended", "antibody-end", "None"),
        ("diagnosed_on", "diagnosis", "2019-01-01"),
        ("primary_treatment_ended", "primary-treatment-end", "None"),
    ],
)
def test_a_schedule_counts_from_an_entered_date(name: str, anchor_name: str, before: str) -> None:
    record = record_of(CANCER, LUMPECTOMY, LETROZOLE, RADIATION)
    assert anchor(record, anchor_name) == before
    assert anchor(with_date(record, name, "2021-07"), anchor_name) == "2021-07"


@pytest.mark.parametrize("name", sorted(DATE_FACTS))
def test_the_records_own_date_stays_beside_an_entered_one(name: str) -> None:
    record = record_of(CANCER, LUMPECTOMY, LETROZOLE)
    own = date_fact(name, record)
    entered = with_date(record, name, "2021-07")
    fact = entered.cancers[0].facts[name] if name == "diagnosed_on" else entered.facts[name]
    assert (fact.state, fact.value, fact.record) == (FactState.ENTERED, "2021-07", own)
    assert own.state is (FactState.DOCUMENTED if own.value else FactState.NOT_FOUND)


def test_an_entered_date_of_surgery_or_radiation_is_the_end_of_primary_treatment_where_the_record_has_none() -> None:
    record = record_of(CANCER)
    assert primary_treatment(record).ended_on is None
    assert str(primary_treatment(with_date(record, "surgery_on", "2019-03")).ended_on) == "2019-03"
    assert str(primary_treatment(with_date(record, "radiation_ended_on", "2019-06")).ended_on) == "2019-06"


def test_an_entered_end_of_endocrine_therapy_counts_only_where_no_drug_is_active() -> None:
    stopped = order("e", concept(text="letrozole"), "2015-02-01", status="stopped")

    def years(record: PatientRecord) -> Any:
        return derive_features(record).get("et.years").value

    assert years(record_of(CANCER, stopped)) is None
    assert years(with_date(record_of(CANCER, stopped), "endocrine_ended_on", "2020-02-01")) == 5
    running = record_of(CANCER, LETROZOLE)
    assert years(with_date(running, "endocrine_ended_on", "2021-02-01")) == years(running)


def test_an_entered_date_of_diagnosis_is_that_tumors_and_no_other() -> None:
    right = condition("r", concept(coding(ICD10, "C50.911")), "2022-01-01")
    record = with_date(record_of(CANCER, right), "diagnosed_on", "2018-05")
    assert [str(cancer.diagnosed_on) for cancer in record.cancers] == ["2018-05", "2022-01-01"]
    assert str(latest_diagnosis(record)) == "2022-01-01"
    assert "diagnosed_on" not in record.facts


@pytest.mark.parametrize("name", sorted(DATE_FACTS))
def test_an_entered_date_stands_again_at_a_later_launch(name: str) -> None:
    record = record_of(CANCER, LUMPECTOMY, LETROZOLE)
    entered = with_date(record, name, "2021-07")
    fact = entered.cancers[0].facts[name] if name == "diagnosed_on" else entered.facts[name]
    assert fact.entry is not None
    kept = entries_that_stand([as_saved(fact.entry, entered)], record)
    assert [(entry.name, entry.value) for entry in kept.stand] == [(name, "2021-07")]
    assert apply_entries(record, kept.stand).cancers[0].diagnosed_on == entered.cancers[0].diagnosed_on
