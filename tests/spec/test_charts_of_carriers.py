"""What stands inside something else: results and lines of a report, claims, deletions, ranges, notes, titles."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smart_app.clinical.facts_json import facts_json
from smart_app.fhir.bundle import read_file
from smart_app.fhir.extract import extract_record
from smart_app.fhir.extract.builder import extract_file
from tests.support.abstraction import AS_OF, all_codes, assert_facts, left_breast_cancer, read_facts, rows_of
from tests.support.charts import (
    CPT,
    ICD10,
    LOINC,
    SNOMED,
    Resource,
    coding,
    concept,
    given,
    observation,
    order,
    patient,
    procedure,
    report,
)

ER, PR, HER2 = (concept(coding(LOINC, code)) for code in ("85337-4", "85339-0", "48676-1"))
POSITIVE, NEGATIVE = concept(coding(SNOMED, "10828004")), concept(coding(SNOMED, "260385009"))


def facts_of(*chart: Resource) -> dict[str, Any]:
    return read_facts(patient(), left_breast_cancer(), *chart)


def unplaced_of(*chart: Resource) -> list[str]:
    record = extract_record([patient(), left_breast_cancer(), *chart], all_codes(), AS_OF)
    return [each.text for each in record.unplaced]


def inside(id_: str, code: Resource, **more: Any) -> Resource:
    return {"resourceType": "Observation", "id": id_, "status": "final", "code": code, **more}


def carrier(*results: Resource, **more: Any) -> Resource:
    named = [{"reference": f"#{each['id']}"} for each in results]
    return report("r", concept(coding(LOINC, "22637-3")), "2022-06-21", contained=list(results), result=named, **more)


def test_results_contained_in_a_report_are_read_with_its_date_and_as_its_source() -> None:
    facts = facts_of(carrier(inside("1", ER, valueCodeableConcept=POSITIVE), inside("2", PR, valueString="Negative")))
    assert_facts(facts, er="positive", pr="negative")
    assert (facts["facts"]["er"]["on"], facts["facts"]["er"]["sources"]) == ("2022-06-21", ["DiagnosticReport/r"])


@pytest.mark.parametrize(
    "chart",
    [
        carrier(inside("1", ER, valueCodeableConcept=POSITIVE), status="preliminary"),
        carrier(inside("1", ER, valueCodeableConcept=POSITIVE) | {"status": "cancelled"}),
        carrier(inside("1", ER, valueCodeableConcept=POSITIVE)) | {"result": []},
        carrier(inside("1", ER, valueCodeableConcept=POSITIVE), modifierExtension=[{"url": "http://example.org/x"}]),
    ],
)
def test_contained_results_that_do_not_count_or_that_nothing_names_are_not_read(chart: Resource) -> None:
    assert_facts(facts_of(chart))


def test_results_of_one_contained_id_in_two_reports_are_two_results() -> None:
    one = carrier(inside("1", ER, valueCodeableConcept=POSITIVE))
    two = carrier(inside("1", PR, valueCodeableConcept=NEGATIVE)) | {"id": "s"}
    assert_facts(facts_of(one, two), er="positive", pr="negative")


@pytest.mark.parametrize("code", [ER, PR, HER2])
def test_a_coded_answer_beside_the_opposite_word_is_told_and_not_read(code: Resource) -> None:
    answer = concept(coding(SNOMED, "260385009", "Positive"))
    facts = facts_of(observation("o", code, "2022-06-21", valueCodeableConcept=answer))
    assert_facts(facts)
    assert [issue["resource"] for issue in facts["issues"]] == ["Observation/o"]


LINES = (
    "BREAST, LEFT, CORE BIOPSY:",
    "ER: POSITIVE (95%)",
    "PR: NEGATIVE",
    "HER2: NEGATIVE (IHC 1+)",
    "Nottingham grade 2",
)


def sent_by_line(*lines: str) -> list[Resource]:
    code = concept(coding(LOINC, "22637-3"))
    return [observation(f"l{n}", code, "2022-06-21", valueString=said) for n, said in enumerate(lines)]


def test_a_report_that_is_sent_line_by_line_is_read_by_its_lines() -> None:
    facts = facts_of(*sent_by_line(*LINES))
    assert_facts(facts, er={"value": "positive", "percent": 95}, pr="negative", her2="negative", grade=2)
    assert facts["facts"]["er"]["sources"] == ["Observation/l1"]


def test_lines_of_a_report_with_a_family_history_are_shown_and_not_read() -> None:
    lines = sent_by_line(*LINES, "FAMILY HISTORY:", "Sister ER negative")
    assert_facts(facts_of(*lines))
    assert "ER: POSITIVE (95%)" in unplaced_of(*lines)


def claim(id_: str, *diagnoses: str, **more: Any) -> Resource:
    coded = [{"sequence": 1, "diagnosisCodeableConcept": concept(coding(ICD10, code))} for code in diagnoses]
    named = {"patient": {"reference": "Patient/p"}, "status": "active", "use": "claim"}
    return {"resourceType": "ExplanationOfBenefit", "id": id_, **named, "diagnosis": coded, **more}


def line(code: Resource, day: str = "2022-06-01") -> Resource:
    return {"sequence": 1, "productOrService": code, "servicedDate": day}


def test_a_record_of_claims_alone_names_the_cancer_by_their_diagnoses_without_a_date() -> None:
    facts = read_facts(patient(), claim("a", "C50912", "Z170"), claim("b", "C50.912"))
    assert rows_of(facts, "cancers") == [("invasive", "left", None)]
    assert_facts(facts, er="positive")
    assert facts["scope"]["applies"]


@pytest.mark.parametrize("more", [{"status": "cancelled"}, {"use": "preauthorization"}])
def test_a_claim_that_is_not_in_force_names_no_cancer(more: dict[str, str]) -> None:
    assert read_facts(patient(), claim("a", "C50912", **more))["cancers"] == []


def test_beside_conditions_a_claim_decides_nothing_and_a_metastasis_on_it_is_told() -> None:
    facts = facts_of(claim("a", "C50911", "C79.51"))
    assert rows_of(facts, "cancers") == [("invasive", "left", "2022-05-12")]
    assert_facts(facts)
    assert [issue["resource"] for issue in facts["issues"]] == ["ExplanationOfBenefit/a"]


def test_a_pharmacys_claim_is_a_dispensed_drug_and_a_hospitals_procedure_an_operation() -> None:
    pill = concept(coding("http://hl7.org/fhir/sid/ndc", "00093753656", "ANASTROZOLE 1MG TAB"))
    operated = {"sequence": 1, "date": "2022-06-03", "procedureCodeableConcept": concept(coding("icd10pcs", "0HTU0ZZ"))}
    facts = facts_of(
        claim("a", item=[line(pill, "2023-01-05")]),
        claim("b", item=[line(pill, "2023-04-05")]),
        claim("c", procedure=[operated]),
    )
    assert rows_of(facts, "systemic") == [("anastrozole", "unknown", "2023-01-05", "2023-04-05")]
    assert rows_of(facts, "surgery") == [("mastectomy", "left", "2022-06-03")]


def history(*entries: Resource) -> dict[str, Any]:
    value = {"resourceType": "Bundle", "type": "history", "entry": list(entries)}
    return facts_json(extract_file(read_file(json.dumps(value).encode()), all_codes(), AS_OF))


def entry(resource: Resource) -> Resource:
    return {"resource": resource, "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"}}


def test_what_a_history_says_was_deleted_does_not_count_unless_it_was_written_again() -> None:
    old = observation(
        "o", ER, "2022-06-21", valueCodeableConcept=NEGATIVE, meta={"lastUpdated": "2022-07-01T00:00:00Z"}
    )
    new = observation(
        "o", ER, "2022-06-21", valueCodeableConcept=POSITIVE, meta={"lastUpdated": "2022-09-01T00:00:00Z"}
    )
    gone = {
        "request": {"method": "DELETE", "url": "Observation/o"},
        "response": {"status": "204", "lastModified": "2022-08-01T00:00:00Z"},
    }
    base = [entry(patient()), entry(left_breast_cancer())]
    assert_facts(history(*base, gone, entry(old)))
    assert_facts(history(*base, gone, entry(old), entry(new)), er="positive")


def between(low: float, high: float, unit: str) -> dict[str, Any]:
    return {"valueRange": {"low": {"value": low, "unit": unit}, "high": {"value": high, "unit": unit}}}


def test_a_range_as_a_value_is_read_where_both_ends_agree_and_else_shown() -> None:
    assert_facts(facts_of(observation("o", ER, "2022-06-21", **between(90, 100, "%"))), er="positive")
    size = observation("o", concept(coding(LOINC, "21889-1")), "2022-06-21", **between(2, 2.5, "cm"))
    assert_facts(facts_of(size))
    assert unplaced_of(size) == ["2-2.5 cm"]


def test_a_result_that_is_told_only_in_its_note_is_shown() -> None:
    noted = observation("o", concept(text="Progesterone receptor"), "2022-06-21", note=[{"text": "Negative, 0 %"}])
    assert_facts(facts_of(noted))
    assert unplaced_of(noted) == ["Negative, 0 %"]


@pytest.mark.parametrize(
    ("drug", "reason"),
    [
        ("cyclophosphamide", concept(coding(ICD10, "M32.14", "Lupus nephritis"))),
        ("leuprolide", concept(text="Endometriosis")),
        ("letrozole", concept(text="Ovulation induction, infertility")),
    ],
)
def test_a_drug_whose_reason_is_another_disease_is_no_cancer_treatment_and_is_told(drug: str, reason: Resource) -> None:
    facts = facts_of(order("m", concept(text=drug), "2012-01-01", "completed", reasonCode=[reason]))
    assert rows_of(facts, "systemic") == []
    assert [issue["resource"] for issue in facts["issues"]] == ["MedicationRequest/m"]


@pytest.mark.parametrize(
    "reason", [concept(coding(ICD10, "Z51.11")), concept(coding(ICD10, "C50.912")), concept(text="adjuvant"), None]
)
def test_a_drug_given_for_cancer_or_without_a_known_reason_is_a_cancer_drug(reason: Resource | None) -> None:
    more = {"reasonCode": [reason]} if reason else {}
    facts = facts_of(given("m", concept(text="cyclophosphamide"), "2022-07-01", **more))
    assert [row[0] for row in rows_of(facts, "systemic")] == ["cyclophosphamide"]


def test_each_operation_of_a_title_has_the_side_said_of_it() -> None:
    said = "Bilateral mastectomy with left sentinel lymph node biopsy"
    facts = facts_of(procedure("p", concept(text=said), "2022-06-01"))
    assert rows_of(facts, "surgery") == [("mastectomy", "bilateral", "2022-06-01")]
    assert rows_of(facts, "axillary_surgery") == [("sentinel-node-biopsy", "left", "2022-06-01")]


def test_an_operation_of_both_sides_and_one_side_of_it_on_one_day_are_one() -> None:
    both = procedure("a", concept(coding(SNOMED, "27865001")), "2022-06-01")
    left = procedure("b", concept(coding(CPT, "19303")), "2022-06-01", bodySite=[concept(coding(SNOMED, "80248007"))])
    for chart in ((both, left), (left, both)):
        assert rows_of(facts_of(*chart), "surgery") == [("mastectomy", "bilateral", "2022-06-01")]


def course(id_: str, start: str, end: str, **more: Any) -> Resource:
    site = {"bodySite": [concept(coding(SNOMED, "80248007"))], "performedPeriod": {"start": start, "end": end}}
    return procedure(id_, concept(coding(SNOMED, "1217123003")), **site, **more)


def test_a_boost_recorded_as_a_course_of_its_own_belongs_to_the_course_before_it() -> None:
    whole = course("a", "2022-08-01", "2022-09-09")
    boost = course("b", "2022-09-12", "2022-09-16", note=[{"text": "Boost to tumor bed"}])
    later = course("c", "2025-02-01", "2025-02-20", note=[{"text": "boost"}])
    assert rows_of(facts_of(whole, boost, later), "radiation") == [
        ("left", "2022-08-01", "2022-09-16"),
        ("left", "2025-02-01", "2025-02-20"),
    ]


@pytest.mark.parametrize(
    ("said", "side"),
    [("Ca breast, R, 2016", "right"), ("Breast cancer (L)", "left"), ("Breast cancer s/p RT", "unknown")],
)
def test_a_side_as_a_letter_of_a_problem_list(said: str, side: str) -> None:
    dx = left_breast_cancer() | {"code": concept(text=said)}
    assert [row[1] for row in rows_of(read_facts(patient(), dx), "cancers")] == [side]


def test_the_order_of_a_record_never_shows_in_what_it_carries() -> None:
    chart = [*sent_by_line(*LINES), carrier(inside("1", ER, valueString="Positive")), claim("a", "C79.51")]
    assert facts_of(*chart) == facts_of(*reversed(chart))


@pytest.mark.parametrize(("on", "t"), [("2022-06-21", "T2"), ("2026-01-10", None)])
def test_a_category_of_a_diagnosis_that_is_not_in_the_record_is_the_breasts_only_at_its_time(
    on: str, t: str | None
) -> None:
    lost = [{"reference": "Condition/not-here"}]
    facts = facts_of(observation("t", concept(coding(LOINC, "21899-0")), on, valueString="pT2", focus=lost))
    assert facts["facts"]["t"]["value"] == t
