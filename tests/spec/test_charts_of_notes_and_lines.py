"""Notes on a diagnosis, lines of synoptic reports, sentences that end in a number, and lines of claims."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import assert_facts, left_breast_cancer, pathology, read_facts, rows_of
from tests.support.charts import CPT, ICD10, LOINC, SNOMED, Resource, coding, concept, condition, observation, patient

POSITIVE = concept(coding(SNOMED, "10828004"))


def facts_of(*chart: Resource) -> dict[str, Any]:
    return read_facts(patient(), left_breast_cancer(), *chart)


def noted(said: str) -> dict[str, Any]:
    return read_facts(patient(), left_breast_cancer(note=[{"text": said}]))


def test_a_note_on_the_diagnosis_states_the_tumor() -> None:
    facts = noted("cT1bN0, ER+/PR+/HER2-, Ki67 8%, G1")
    assert_facts(facts, er="positive", pr="positive", her2="negative", ki67_percent=8, grade=1, t="T1b", n="N0")
    assert (facts["facts"]["er"]["on"], facts["facts"]["er"]["sources"]) == (None, ["Condition/dx"])


def test_a_note_on_the_diagnosis_never_overrides_a_result() -> None:
    result = observation("er", concept(coding(LOINC, "85337-4")), "2022-06-01", valueCodeableConcept=POSITIVE)
    fact = read_facts(patient(), left_breast_cancer(note=[{"text": "ER negative breast cancer"}]), result)["facts"][
        "er"
    ]
    assert (fact["value"], [other["value"] for other in fact["others"]]) == ("positive", ["negative"])


def test_a_note_on_another_diagnosis_is_not_the_breasts() -> None:
    lung = condition("l", concept(coding(ICD10, "C34.11")), "2021", note=[{"text": "pT2 N1, grade 3, breast spared"}])
    assert_facts(facts_of(lung))


@pytest.mark.parametrize(
    "said",
    [
        "Left breast IDC, HER2 negative (IHC 1+), grade 2, ER positive.",
        "pT1c pN0 G2, ER positive, HER2 negative (1+)",
        "ER positive, HER2 negative (IHC 1+), overall grade 2/3.",
        "Invasive ductal carcinoma of the breast, 1.8 cm. Grade 2. ER positive. HER2 negative (1+).",
    ],
)
def test_a_grade_beside_receptors_or_right_after_the_carcinoma_is_the_tumors(said: str) -> None:
    assert facts_of(pathology(said))["facts"]["grade"]["value"] == 2


@pytest.mark.parametrize(
    "said",
    [
        "ER positive breast cancer on letrozole, fatigue, grade 2.",
        "ER positive breast cancer, nuclear grade 3, margins clear.",
        "DCIS of the left breast, ER positive, grade 3.",
        "Invasive ductal carcinoma with DCIS. Grade 3.",
        "Left breast biopsy: invasive carcinoma. Margins clear. Grade 2.",
        "ER positive breast cancer, grade 1-2, PR positive.",
        "Breast cancer, ER positive; grade 2 hot flashes.",
    ],
)
def test_a_grade_that_may_be_of_something_else_is_not_the_tumors(said: str) -> None:
    assert facts_of(pathology(said))["facts"]["grade"]["value"] is None


def test_the_lines_of_a_synoptic_report_give_the_percentages_of_the_receptor_above_them() -> None:
    facts = facts_of(
        pathology(
            "BREAST BIOMARKERS\nEstrogen Receptor (ER) Status: Positive (greater than 10% of cells)\n"
            "Percentage of Cells with Nuclear Positivity: 95 %\nAverage Intensity of Staining: Strong\n"
            "Progesterone Receptor (PgR) Status: Positive\nPercentage of Cells with Nuclear Positivity: 5 %\n"
        )
    )
    assert_facts(facts, er={"value": "positive", "percent": 95}, pr={"value": "positive", "percent": 5})


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        ("Estrogen Receptor Status: Positive\nPercentage of Cells with Nuclear Positivity: 91-100%", "positive"),
        (
            "Estrogen Receptor Status: Positive\nA.\nB.\nC.\nPercentage of Cells with Nuclear Positivity: 4 %",
            "positive",
        ),
        ("Ki-67: 20 %\nPercentage of Cells with Nuclear Positivity: 4 %", None),
    ],
)
def test_a_percentage_that_is_a_range_or_stands_far_from_its_receptor_gives_none(lines: str, value: str | None) -> None:
    fact = facts_of(pathology("BREAST BIOMARKERS\n" + lines))["facts"]["er"]
    assert (fact["value"], fact.get("percent")) == (value, None)


def test_a_percentage_that_contradicts_the_status_above_it_is_a_conflict() -> None:
    lines = "BREAST\nEstrogen Receptor Status: Negative\nPercentage of Cells with Nuclear Positivity: 40 %"
    assert facts_of(pathology(lines))["facts"]["er"]["state"] == "conflicting"


@pytest.mark.parametrize("said", ["Oncotype DX recurrence score 14.", "Oncotype DX: recurrence score of 14"])
def test_a_recurrence_score_at_the_end_of_a_sentence_is_read(said: str) -> None:
    assert facts_of(pathology("Left breast cancer.\n" + said))["facts"]["oncotype_rs"]["value"] == 14


@pytest.mark.parametrize(
    ("said", "grade"), [("7 (3+2+2)", 2), ("3+3+2=8", 3), ("5/9", 1), ("(2+2+1) = 5 of 9", 1), ("3+2+2", None)]
)
def test_a_nottingham_score_with_its_parts(said: str, grade: int | None) -> None:
    chart = observation("g", concept(text="Nottingham score"), "2022-06-21", valueString=said)
    assert facts_of(chart)["facts"]["grade"]["value"] == grade


def test_a_pathologic_category_of_a_report_is_shown_beside_a_coded_clinical_one() -> None:
    coded = observation("t", concept(coding(LOINC, "21905-5")), "2022-05-20", valueString="cT2")
    fact = facts_of(coded, pathology("Left breast, after neoadjuvant therapy: ypT1b ypN0"))["facts"]["t"]
    other = fact["others"][0]
    assert (fact["value"], fact["basis"]) == ("T2", "clinical")
    assert (other["value"], other["basis"], other["after_neoadjuvant"]) == ("T1b", "pathologic", True)


def claim(**more: Any) -> Resource:
    line = {"sequence": 1, "productOrService": concept(coding(CPT, "19303")), "servicedDate": "2022-06-01"}
    return {
        "resourceType": "ExplanationOfBenefit",
        "id": "e",
        "status": "active",
        "use": "claim",
        "patient": {"reference": "Patient/p"},
        "item": [line | more.pop("line", {})],
        **more,
    }


MODIFIED = {"modifierExtension": [{"url": "http://example.org/reversed", "valueBoolean": True}]}


@pytest.mark.parametrize("chart", [claim(line=MODIFIED), claim(**MODIFIED), claim(status="cancelled")])
def test_a_claim_or_line_that_does_not_count_is_told(chart: Resource) -> None:
    facts = facts_of(chart)
    assert rows_of(facts, "surgery") == []
    assert "ExplanationOfBenefit/e" in [issue["resource"] for issue in facts["issues"]]


def test_a_line_of_a_claim_in_force_is_an_operation() -> None:
    assert rows_of(facts_of(claim()), "surgery") == [("mastectomy", "unknown", "2022-06-01")]


def test_two_resources_of_one_id_without_versions_are_told() -> None:
    one = observation("o", concept(coding(LOINC, "85337-4")), "2022-06-01", valueCodeableConcept=POSITIVE)
    two = observation("o", concept(coding(LOINC, "85339-0")), "2022-06-01", valueCodeableConcept=POSITIVE)
    both, again = facts_of(one, two), facts_of(two, one)
    assert both == again
    assert [issue["resource"] for issue in both["issues"]] == ["Observation/o"]
    assert facts_of(one, one)["issues"] == []
    newer = two | {"meta": {"versionId": "2"}}
    assert facts_of(one, newer)["issues"] == []
