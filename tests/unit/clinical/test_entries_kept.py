"""What a clinician entered in a saved plan, at a later launch: what still stands, and why the rest does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.entries import apply_entries
from smart_app.clinical.entries_kept import as_saved, entries_that_stand
from smart_app.clinical.facts import Entry, FactState, PatientRecord
from smart_app.fhir.entered_facts import as_read_back
from smart_app.fhir.extract import extract_record
from smart_app.knowledge import default_paths
from smart_app.knowledge.codes import load_codes
from tests.support.charts import ICD10, LOINC, coding, concept, condition, observation, patient

TODAY = date(2026, 11, 22)
LEFT = condition("l", concept(coding(ICD10, "C50.912")), "2019-01-01")
RIGHT = condition("r", concept(coding(ICD10, "C50.911")), "2021-01-01")
Records = Callable[..., PatientRecord]


@pytest.fixture(scope="module")
def record_of() -> Records:
    codes = load_codes(default_paths().mappings / "codes")
    return lambda *resources: extract_record(resources, codes, TODAY)


def entry(name: str, value: Any, at: str = "2025-06-01T10:00:00Z", **more: Any) -> Entry:
    return Entry(name=name, value=value, by="Dr. Ines Rossi", at=at, reason="seen on paper", **more)


def er(id_: str, words: str, on: str) -> dict[str, Any]:
    return observation(id_, concept(coding(LOINC, "85337-4")), on, valueCodeableConcept=concept(text=words))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("menopausal_status", "postmenopausal"),
        ("er", "low-positive"),
        ("grade", 3),
        ("tumor_size_mm", 21.5),
        ("n", "N1mi"),
        ("germline", [{"gene": "BRCA1", "result": "pathogenic"}, {"gene": "PALB2", "result": "vus"}]),
        ("germline", "not-tested"),
        ("germline", [{"gene": "panel", "result": "negative"}]),
        ("primary_treatment_ended", "2022-12"),
    ],
)
def test_an_entry_is_read_back_from_a_plan_as_it_was_entered(record_of: Records, name: str, value: Any) -> None:
    record = record_of(patient(), LEFT)
    before = entry(name, value, on=PartialDate(2024, 3), seen_where="Letter of May 3")
    kept = entries_that_stand([as_read_back(before, record)], record)
    assert kept.left_out == ()
    assert kept.stand == (replace(before, from_plan=True),)


def test_a_result_that_the_record_gained_since_goes_first_and_the_entry_is_named(record_of: Records) -> None:
    saved = as_saved(entry("er", "negative"), record_of(patient(), LEFT))
    later = record_of(patient(), LEFT, er("a", "Positive", "2026-01-05"))
    kept = entries_that_stand([saved], later)
    assert kept.stand == ()
    assert [left.why for left in kept.left_out] == ["the record now says positive"]


def test_a_correction_of_a_result_that_was_there_already_stands(record_of: Records) -> None:
    record = record_of(patient(), LEFT, er("a", "Positive", "2019-01-05"))
    kept = entries_that_stand([as_saved(entry("er", "negative"), record)], record)
    assert [(each.name, each.value) for each in kept.stand] == [("er", "negative")]


@pytest.mark.parametrize("name", ["new_symptoms", "pregnancy", "ovarian_suppression"])
def test_what_was_true_of_one_visit_is_asked_again(record_of: Records, name: str) -> None:
    record = record_of(patient(), LEFT)
    value = {"new_symptoms": "false", "pregnancy": "not-pregnant", "ovarian_suppression": "gnrh"}[name]
    kept = entries_that_stand([as_saved(entry(name, value), record)], record)
    assert kept.stand == () and "ask again" in kept.left_out[0].why
    today = entry(name, value, at="2026-11-22T08:00:00Z")
    assert len(entries_that_stand([as_saved(today, record)], record).stand) == 1


def test_a_chosen_result_is_taken_from_the_record_and_only_while_the_results_disagree(record_of: Records) -> None:
    both = (er("a", "Positive", "2019-01-05"), er("b", "Negative", "2019-03-05"))
    record = record_of(patient(), LEFT, *both)
    choice = as_saved(entry("er", "negative", chosen_source="Observation/b"), record)
    kept = entries_that_stand([choice], record)
    fact = apply_entries(record, kept.stand).cancers[0].facts["er"]
    assert (fact.state, fact.value, str(fact.on)) == (FactState.ENTERED, "negative", "2019-03-05")
    settled = entries_that_stand([choice], record_of(patient(), LEFT, both[0]))
    assert [left.why for left in settled.left_out] == ["the results no longer disagree"]
    other = record_of(
        patient(), LEFT, both[0], er("b", "Low positive", "2019-03-05"), er("c", "Negative", "2019-03-09")
    )
    assert entries_that_stand([choice], other).stand == ()


def test_an_entry_about_one_of_two_tumors_finds_its_tumor_by_the_diagnosis(record_of: Records) -> None:
    record = record_of(patient(), LEFT, RIGHT)
    sides = [cancer.laterality for cancer in record.cancers]
    saved = as_read_back(entry("er", "negative", cancer=sides.index("right")), record)
    assert saved.tumor == "Condition/r"
    turned = replace(record, cancers=tuple(reversed(record.cancers)))
    stand = entries_that_stand([saved], turned).stand
    assert [each.cancer for each in stand] == [[c.laterality for c in turned.cancers].index("right")]
    alone = entries_that_stand([saved], record_of(patient(), LEFT))
    assert alone.stand == () and "tells its tumors apart" in alone.left_out[0].why


@pytest.mark.parametrize(("name", "value"), [("er", "very"), ("mood", "good"), ("nodes_positive", "900")])
def test_what_no_form_would_take_is_not_taken_from_a_plan_either(record_of: Records, name: str, value: str) -> None:
    kept = entries_that_stand([entry(name, value, from_plan=True)], record_of(patient(), LEFT))
    assert kept.stand == () and "cannot be read" in kept.left_out[0].why
