"""Words that mean something else: denials, placebos, regimens, earlier studies, and where a metastasis is from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import assert_facts, left_breast_cancer, read_facts, rows_of, study_of
from tests.support.charts import LOINC, Resource, coding, concept, condition, observation, order, patient, report


def facts_of(*chart: Resource) -> dict[str, Any]:
    return read_facts(patient(), left_breast_cancer(), *chart)


def told_of(facts: dict[str, Any]) -> list[str]:
    return [issue["resource"] for issue in facts["issues"]]


@pytest.mark.parametrize("said", ["Not postmenopausal", "not yet postmenopausal"])
def test_a_menopausal_status_that_is_denied_is_told_and_not_read(said: str) -> None:
    facts = facts_of(observation("m", concept(text="Menopausal status"), "2022-06-01", valueString=said))
    assert_facts(facts)
    assert told_of(facts) == ["Observation/m"]


def test_a_variant_that_was_reclassified_is_what_it_was_called_last() -> None:
    panel = concept(coding(LOINC, "51969-4"), text="Hereditary cancer panel, blood")
    facts = facts_of(report("g", panel, "2022-06-01", "BRCA1 variant reclassified from VUS to benign."))
    assert facts["facts"]["germline"]["value"] == [{"gene": "BRCA1", "result": "negative"}]


@pytest.mark.parametrize(
    "said", ["ribociclib or placebo (study drug)", "Letrozole placebo", "TCHP", "ddAC-T x 4 cycles"]
)
def test_a_placebo_and_the_letters_of_a_regimen_are_told_and_are_no_drug(said: str) -> None:
    facts = facts_of(order("d", concept(text=said), "2022-07-01"))
    assert rows_of(facts, "systemic") == []
    assert told_of(facts) == ["MedicationRequest/d"]


def test_in_a_report_on_one_line_the_heading_inside_the_line_counts() -> None:
    said = "COMPARISON: mammogram of 2020, BI-RADS 4. FINDINGS: stable. IMPRESSION: BI-RADS 2, benign."
    chart = report("m", concept(text="Mammogram screening bilateral"), "2025-05-05") | {"conclusion": said}
    assert study_of(facts_of(chart), "mammogram") == ("2025-05-05", "bilateral", "2")


def test_a_plan_inside_a_line_says_nothing_of_the_tumor() -> None:
    said = "ASSESSMENT: Left breast cancer, ER positive. PLAN: HER2 positive disease would need trastuzumab."
    chart = report("n", concept(text="Surgical pathology"), "2022-05-05") | {"conclusion": said}
    assert_facts(facts_of(chart), er="positive")


def test_body_composition_is_no_bone_density() -> None:
    facts = facts_of(report("x", concept(text="DXA body composition"), "2025-05-05", "Fat mass 34 %"))
    assert study_of(facts, "dxa") is None


@pytest.mark.parametrize("said", ["Bone metastases", "Liver mets", "Brain metastasis", "Metastatic bone disease"])
def test_a_metastasis_of_the_problem_list_without_the_word_cancer_ends_the_scope(said: str) -> None:
    facts = facts_of(condition("m", concept(text=said), "2024-01-01"))
    assert (facts["facts"]["metastasis"]["value"], facts["scope"]["reasons"]) == ("present", ["metastatic-disease"])


@pytest.mark.parametrize(
    "said",
    ["No bone metastases", "Possible liver metastasis", "Axillary node metastasis", "Metastatic calcification of lung"],
)
def test_a_metastasis_that_is_denied_possible_or_regional_does_not(said: str) -> None:
    facts = facts_of(condition("m", concept(text=said), "2024-01-01"))
    assert (facts["facts"]["metastasis"]["value"], facts["scope"]["applies"]) == (None, True)


@pytest.mark.parametrize("said", ["Metastatic lung cancer", "Metastatic melanoma to lung", "Metastatic disease"])
def test_a_metastasis_of_another_or_an_unnamed_cancer_decides_nothing_and_is_told(said: str) -> None:
    facts = facts_of(condition("m", concept(text=said), "2024-01-01"))
    assert (facts["facts"]["metastasis"]["value"], told_of(facts)) == (None, ["Condition/m"])


def test_the_history_of_the_present_illness_is_no_past_menopause() -> None:
    said = "HISTORY OF PRESENT ILLNESS: 61 y/o postmenopausal woman with right breast cancer."
    chart = report("n", concept(text="Oncology clinic note"), "2022-05-05", said)
    assert facts_of(chart)["facts"]["menopausal_status"]["value"] == "postmenopausal"


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("Oncotype DX Breast Report\nRecurrence Score Result: 15\nDistant recurrence risk at 9 years: 4%", 15),
        ("Prosigna, breast\nRisk of recurrence score: 41", None),
        ("Oncotype DX not sent\nProsigna: risk of recurrence score 41, breast", None),
    ],
)
def test_a_recurrence_score_in_a_report_of_the_21_gene_test_is_its_score(said: str, score: int | None) -> None:
    chart = report("o", concept(text="Breast gene expression"), "2022-05-05", said)
    assert facts_of(chart)["facts"]["oncotype_rs"]["value"] == score


def test_a_method_inside_a_line_tells_of_itself_alone() -> None:
    said = "Left breast carcinoma: ER positive. Method: positive for ER means at least 1 %. PR negative."
    chart = report("n", concept(text="Surgical pathology"), "2022-05-05") | {"conclusion": said}
    assert_facts(facts_of(chart), er="positive", pr="negative")


@pytest.mark.parametrize(
    ("said", "positive", "examined"),
    [
        ("Breast IDC grade 2/3, nodes 1/4", 1, 4),
        ("Breast cancer, 0/3 nodes on 6/20/2020", 0, 3),
        ("Breast cancer, sentinel nodes 0/3 (6/2020)", 0, 3),
    ],
)
def test_grades_and_dates_beside_a_count_of_nodes_are_no_counts(said: str, positive: int, examined: int) -> None:
    facts = facts_of(report("n", concept(text="Surgical pathology"), "2022-05-05", said))["facts"]
    assert (facts["nodes_positive"]["value"], facts["nodes_examined"]["value"]) == (positive, examined)


def test_pregnancies_beside_a_category_are_no_grade() -> None:
    chart = report("n", concept(text="Clinic note"), "2022-05-05", "Breast cancer cT1cN0, G2 P2, ER positive")
    assert facts_of(chart)["facts"]["grade"]["value"] is None
