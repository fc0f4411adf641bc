"""Facts that a clinician enters or chooses: beside the record's own, in any order, with everything worked out anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from itertools import permutations
from typing import Any

import pytest

from smart_app.clinical.entries import TUMOR_FACTS, apply_entries, parse_entry_value, typed_text
from smart_app.clinical.facts import Entry, FactState, PatientRecord
from smart_app.clinical.facts_json import facts_json
from smart_app.clinical.plan import CarePlanDraft
from smart_app.fhir.extract import extract_record
from smart_app.knowledge import default_paths
from smart_app.knowledge.codes import load_codes
from smart_app.web.presenters_entry import ENTERABLE
from smart_app.workflow.planning_forms import apply_form
from tests.support.charts import ICD10, LOINC, coding, concept, condition, observation, patient


@pytest.fixture(scope="module")
def record_of() -> Callable[..., PatientRecord]:
    codes = load_codes(default_paths().mappings / "codes")
    return lambda *resources: extract_record(resources, codes, date(2026, 11, 22))


def entry(name: str, value: Any, at: str = "2026-11-22T10:00:00Z", **more: Any) -> Entry:
    return Entry(name=name, value=value, by="Dr. Ines Rossi", at=at, reason="seen on paper", **more)


def er(id_: str, words: str, on: str) -> dict[str, Any]:
    return observation(id_, concept(coding(LOINC, "85337-4")), on, valueCodeableConcept=concept(text=words))


LEFT = condition("l", concept(coding(ICD10, "C50.912")), "2019-01-01")
RIGHT = condition("r", concept(coding(ICD10, "C50.911")), "2021-01-01")


def test_an_entered_fact_is_marked_and_the_records_own_stays_beside_it(record_of: Any) -> None:
    record = apply_entries(record_of(patient(), LEFT), (entry("menopausal_status", "postmenopausal"),))
    fact = record.facts["menopausal_status"]
    assert (fact.state, fact.value) == (FactState.ENTERED, "postmenopausal")
    assert fact.record is not None
    assert fact.record.state is FactState.NOT_FOUND
    shown = facts_json(record)["facts"]["menopausal_status"]
    assert shown["entered"] == {"by": "Dr. Ines Rossi", "at": "2026-11-22T10:00:00Z", "reason": "seen on paper"}
    assert shown["record"]["state"] == "not-found"


def test_a_chosen_value_of_a_conflict_brings_its_date_and_source(record_of: Any) -> None:
    record = record_of(patient(), LEFT, er("a", "Positive", "2019-01-05"), er("b", "Negative", "2019-03-05"))
    assert record.facts["er"].state is FactState.CONFLICTING
    settled = apply_entries(record, (entry("er", "positive", chosen_source="Observation/a"),))
    fact = settled.cancers[0].facts["er"]
    assert (fact.value, str(fact.on), [s.reference for s in fact.sources]) == (
        "positive",
        "2019-01-05",
        ["Observation/a"],
    )
    assert [value.value for value in fact.others] == ["negative"], "the chosen one is not among those not used"
    assert settled.facts["er"].value == "positive"


def test_an_entry_about_one_tumor_leaves_the_other_alone(record_of: Any) -> None:
    record = apply_entries(record_of(patient(), LEFT, RIGHT), (entry("er", "negative", cancer=1),))
    assert [row.facts["er"].value for row in record.cancers] == [None, "negative"]
    assert record.facts["er"].value == "negative"
    both = apply_entries(record, (entry("er", "positive", cancer=0), entry("er", "negative", cancer=1)))
    assert both.facts["er"].state is FactState.CONFLICTING


def test_the_order_of_entries_never_matters_and_the_last_in_time_stands(record_of: Any) -> None:
    entries = (
        entry("er", "positive", at="2026-11-22T10:00:00Z"),
        entry("er", "negative", at="2026-11-22T11:00:00Z"),
        entry("uterus", "absent"),
    )
    record = record_of(patient(), LEFT)
    made = [facts_json(apply_entries(record, order)) for order in permutations(entries)]
    assert all(one == made[0] for one in made)
    assert made[0]["facts"]["er"]["value"] == "negative"


def test_an_entered_stage_iv_ends_the_scope_and_a_corrected_one_opens_it_again(record_of: Any) -> None:
    record = record_of(patient(), LEFT)
    metastatic = apply_entries(record, (entry("stage_group", "IV"),))
    assert metastatic.scope.reasons == ("metastatic-disease",)
    assert metastatic.facts["metastasis"].value == "present"
    stage = observation("s", concept(coding(LOINC, "21908-9")), "2019-01-05", valueString="Stage IV")
    wrong = record_of(patient(), LEFT, stage)
    assert wrong.scope.applies is False
    assert apply_entries(wrong, (entry("stage_group", "IIA"),)).scope.applies is True


def test_a_recorded_metastasis_is_not_undone_by_an_entered_m0(record_of: Any) -> None:
    bone = condition("m", concept(coding(ICD10, "C79.51")), "2025-01-01")
    assert apply_entries(record_of(patient(), LEFT, bone), (entry("m", "M0"),)).scope.applies is False


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("grade", "2", 2),
        ("er", "Positive", "positive"),
        ("tumor_size_mm", "18,5", 18.5),
        ("nodes_positive", "3", 3),
        ("t", "T1c", "T1c"),
        ("stage_group", "iia", "IIA"),
        ("new_symptoms", " bone pain ", "bone pain"),
        ("germline", "brca1 pathogenic", [{"gene": "BRCA1", "result": "pathogenic"}]),
        (
            "germline",
            "PALB2: VUS; BRCA2 negative",
            [{"gene": "BRCA2", "result": "negative"}, {"gene": "PALB2", "result": "vus"}],
        ),
        ("germline", "negative", [{"gene": "panel", "result": "negative"}]),
        ("germline", "Not tested", "not-tested"),
        ("primary_treatment_ended", "2022", "2022"),
        ("primary_treatment_ended", "2022-12", "2022-12"),
        ("lifetime_risk", "24", 24),
        ("hospice", "true", "true"),
        ("heart_in_radiation_field", "false", "false"),
        ("chest_radiation_before_30", "true", "true"),
        ("life_expectancy", "under-5", "under-5"),
    ],
)
def test_what_was_typed_becomes_the_value_of_the_facts_json(name: str, text: str, value: Any) -> None:
    assert parse_entry_value(name, text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [("grade", "4"), ("er", "maybe"), ("tumor_size_mm", "big"), ("nodes_positive", "1.5"), ("t", "pT1"), ("x", " ")],
)
def test_what_is_no_value_is_refused_with_what_is_accepted(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        parse_entry_value(name, text)


@pytest.mark.parametrize("name", ["germline", "bmi", "hospice", "primary_treatment_ended", "er"])
def test_what_is_kept_is_shown_as_it_was_typed(name: str) -> None:
    typed = {"germline": "BRCA2 negative; PALB2 vus", "bmi": "31.5", "hospice": "true", "er": "positive"}
    text = typed.get(name, "2022")
    assert typed_text(name, parse_entry_value(name, text)) == text
    assert typed_text("germline", parse_entry_value("germline", "negative")) == "negative"


@pytest.mark.parametrize(
    ("name", "text"),
    [("germline", "BRCA1"), ("germline", "a mutation"), ("germline", "pathogenic"), ("lifetime_risk", "140"),
     ("primary_treatment_ended", "last winter"), ("primary_treatment_ended", "2022-13"), ("hospice", "perhaps")],
)  # fmt: skip
def test_what_the_rules_could_not_read_is_refused_with_what_can_be_written(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"such as|number from|one of"):
        parse_entry_value(name, text)


def test_every_fact_of_a_tumor_is_entered_for_one_tumor() -> None:
    assert {item.name for item in ENTERABLE if item.per_tumor} == TUMOR_FACTS


def test_a_fact_entered_for_the_first_of_two_tumors_is_that_tumors(record_of: Any) -> None:
    record = record_of(patient(), LEFT, RIGHT)
    form = {"entry.er.value": ["negative"], "entry.er.reason": ["seen on paper"]}
    draft, problems = apply_form(CarePlanDraft("urn:uuid:1", 0, ()), record, form, by="Dr. Rossi", at="2026-11-22")
    assert not problems
    first, second = apply_entries(record, draft.entries).cancers
    assert (first.facts["er"].state, first.facts["er"].value) == (FactState.ENTERED, "negative")
    assert second.facts["er"].state is FactState.NOT_FOUND
