"""Shorthand of clinicians: signs in a row, scores beside categories, several counts and stages in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from smart_app.fhir.extract import extract_record
from tests.support.abstraction import AS_OF, all_codes, assert_facts, left_breast_cancer, pathology, read_facts
from tests.support.charts import patient


def facts_of(said: str) -> dict[str, Any]:
    return read_facts(patient(), left_breast_cancer(), pathology(said))


def left_unplaced(said: str) -> list[str]:
    record = extract_record([patient(), left_breast_cancer(), pathology(said)], all_codes(), AS_OF)
    return [each.text for each in record.unplaced]


@pytest.mark.parametrize(
    ("said", "er", "pr", "her2"),
    [
        ("Left breast cancer, ER/PR/HER2 +/+/-.", "positive", "positive", "negative"),
        ("Left breast cancer ER/PR +/-, HER2 neg", "positive", "negative", "negative"),
        ("Left breast ER/PR/HER2: pos/neg/neg", "positive", "negative", "negative"),
        ("Left breast ER / PR / HER2 = + / + / -", "positive", "positive", "negative"),
        ("Breast: ER (+++), PR (++), c-erbB-2 (-)", "positive", "positive", "negative"),
        ("breast er+ pr+ her2-", "positive", "positive", "negative"),
        ("breast: er-positive, pr-negative, her2-negative", "positive", "negative", "negative"),
        ("Breast ER/PR+ HER2-", "positive", "positive", "negative"),
        ("TNBC of the left breast", "negative", "negative", "negative"),
    ],
)
def test_signs_in_a_row_belong_to_the_receptors_in_order(said: str, er: str, pr: str, her2: str) -> None:
    assert_facts(facts_of(said), er=er, pr=pr, her2=her2)


@pytest.mark.parametrize(
    "said",
    [
        "Breast ER/PR/HER2 +/-",
        "Breast cancer, HER2 -/+",
        "Breast cancer, ER +/-",
        "Breast: neither ER nor PR is expressed",
        "Breast cancer, HER2 0/1+",
        "Breast cancer, HER2 1+ or 2+",
    ],
)
def test_signs_that_do_not_fit_the_receptors_are_shown_and_not_read(said: str) -> None:
    assert_facts(facts_of(said))
    assert left_unplaced(said) == [said]


@pytest.mark.parametrize(
    ("said", "grade"),
    [
        ("Breast biopsy: invasive carcinoma, Nottingham score 6 of 9 (T3 N2 M1), grade 2", 2),
        ("Breast: Nottingham score 7/9 (T3, N2, M2)", 2),
        ("Breast: invasive carcinoma, grade 1 (tubules, nuclei, mitoses: T1 N2 M1)", 1),
    ],
)
def test_the_parts_of_a_nottingham_score_are_no_tnm(said: str, grade: int) -> None:
    facts = facts_of(said)
    assert_facts(facts, grade=grade)
    assert facts["scope"]["applies"]


def test_a_prefixed_category_beside_a_nottingham_score_is_tnm() -> None:
    facts = facts_of("Breast: Nottingham grade 2 (T2 N3 M1 = 6/9), pT1c pN0")
    assert_facts(facts, grade=2, t={"value": "T1c", "basis": "pathologic"}, n={"value": "N0", "basis": "pathologic"})


@pytest.mark.parametrize(
    ("said", "positive", "examined"),
    [
        ("Breast cancer, 4 positive nodes out of 17.", 4, 17),
        ("Left axillary dissection of breast cancer: 12 nodes, all negative.", 0, 12),
        ("Breast: total lymph nodes 0/2; margins 1/3 involved", 0, 2),
        ("Breast: sentinel nodes 1/2, axillary nodes 3/15, total 4/17", 4, 17),
    ],
)
def test_counts_of_nodes_with_a_total_or_in_words(said: str, positive: int, examined: int) -> None:
    assert_facts(facts_of(said), nodes_positive=positive, nodes_examined=examined)


@pytest.mark.parametrize(
    "said",
    [
        "Breast cancer, lymph nodes: 0/3 sentinel, 2/11 axillary.",
        "Breast: lymph nodes: 1/1 intramammary, 0/2 sentinel",
        "Breast: sentinel nodes #1 0/1, #2 0/1, #3 1/1",
    ],
)
def test_several_counts_of_nodes_without_a_total_are_shown_and_not_read(said: str) -> None:
    assert_facts(facts_of(said))
    assert left_unplaced(said) != []


@pytest.mark.parametrize(
    "said", ["Breast cancer, stage I-II", "Left breast cancer stage III/IV", "Breast stage IIA or IIB"]
)
def test_a_stage_between_two_is_shown_and_not_read(said: str) -> None:
    assert_facts(facts_of(said))
    assert left_unplaced(said) == [said]


def test_the_last_word_before_categories_tells_clinical_from_pathologic() -> None:
    fact = facts_of("Breast: clinical T2N1, pathologic T1cN0")["facts"]["t"]
    assert (fact["value"], fact["basis"], fact["others"][0]["value"]) == ("T1c", "pathologic", "T2")


def test_two_stages_in_a_sentence_are_clinical_and_pathologic_by_the_categories_beside_them() -> None:
    said = "Breast cancer stage IIIA (cT3 cN1), after neoadjuvant ypT1c ypN0 stage IA"
    fact = facts_of(said)["facts"]["stage_group"]
    assert (fact["value"], fact["basis"], fact["others"][0]["value"]) == ("IA", "pathologic", "IIIA")


@pytest.mark.parametrize(
    ("said", "score"),
    [
        ("Breast cancer, Oncotype Dx (21-gene) RS: 8 (3% risk at 9 years)", 8),
        ("Breast cancer, recurrence score 22 by Oncotype", 22),
        ("Breast: Oncotype Dx DCIS score 45", None),
    ],
)
def test_the_number_of_genes_and_the_score_of_dcis_are_no_recurrence_score(said: str, score: int | None) -> None:
    assert facts_of(said)["facts"]["oncotype_rs"]["value"] == score


def test_a_ratio_of_hybridization_without_a_colon_decides_with_the_copies() -> None:
    fact = facts_of("Breast: HER2/CEP17 2.3, HER2 copies 5.1")["facts"]["her2"]
    assert (fact["value"], fact["ish"]) == ("positive", "amplified")


@pytest.mark.parametrize(
    ("said", "grade"),
    [
        ("Breast: nuclear grade 3, tubule formation 3, mitotic rate 1 = Nottingham grade 2", 2),
        ("Breast DCIS nuclear grade 3 with invasive carcinoma grade 2", 2),
        ("Breast DCIS, nuclear grade 3", None),
    ],
)
def test_a_nuclear_grade_beside_the_histologic_grade_is_set_aside(said: str, grade: int | None) -> None:
    assert facts_of(said)["facts"]["grade"]["value"] == grade


def test_a_grade_without_a_tumor_beside_it_is_shown() -> None:
    assert left_unplaced("Left breast: LVI absent. PNI absent. Grade: 2.") == ["Grade: 2."]
