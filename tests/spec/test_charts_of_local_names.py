"""Results that carry nothing but a local name: what departments call a receptor, a category, a stage, a count."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import assert_facts, left_breast_cancer, read_facts
from tests.support.charts import concept, observation, patient

MM = {"valueQuantity": {"value": 22, "unit": "mm"}}


def named(name: str, **value: Any) -> dict[str, Any]:
    return read_facts(patient(), left_breast_cancer(), observation("o", concept(text=name), "2022-06-21", **value))


@pytest.mark.parametrize(
    ("name", "value", "fact", "wanted"),
    [
        ("ONCOLOGY - ER STATUS", "Positive", "er", "positive"),
        ("R ONC ER", "Positive", "er", "positive"),
        ("ER, Biopsy", "Positive", "er", "positive"),
        ("ER STATUS - LEFT BREAST", "Negative", "er", "negative"),
        ("BiomarkerName: ER", "Positive", "er", "positive"),
        ("Estrogen Receptors (ER), Breast, IHC, Semi-quantitative", "Positive", "er", "positive"),
        ("PR % positive", "80%", "pr", "positive"),
        ("PR (PgR) IHC", "80%", "pr", "positive"),
        ("ONC HER2 STATUS", "Negative", "her2", "negative"),
        ("MIB1", "22%", "ki67_percent", 22),
        ("Pathologic T", "T2", "t", "T2"),
        ("pT (pathologic)", "T2", "t", "T2"),
        ("Tumor (T)", "pT2", "t", "T2"),
        ("Regional nodes (N)", "pN1a", "n", "N1a"),
        ("Stage at diagnosis", "Stage IIA", "stage_group", "IIA"),
        ("TNM", "Stage IIA", "stage_group", "IIA"),
        ("Overall grade", "2", "grade", 2),
        ("Differentiation", "Moderately differentiated", "grade", 2),
        ("Histologic grade", "Intermediate (6-7)", "grade", 2),
        ("LN positive", "3", "nodes_positive", 3),
        ("SLNs examined", "3", "nodes_examined", 3),
        ("Menopause", "Postmenopausal", "menopausal_status", "postmenopausal"),
    ],
)
def test_a_result_is_known_by_the_name_that_a_department_gives_it(
    name: str, value: str, fact: str, wanted: Any
) -> None:
    assert_facts(named(name, valueString=value), **{fact: wanted})


def test_a_tnm_in_one_text_is_read_whole() -> None:
    facts = named("TNM staging", valueString="pT2 pN1a cM0, Stage IIB")
    assert_facts(facts, t="T2", n="N1a", m="M0", stage_group="IIB", metastasis="none")


def test_the_size_of_the_primary_tumor_is_its_size() -> None:
    assert_facts(named("Primary tumor size", **MM), tumor_size_mm=22)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ER/PR", "Positive"),
        ("ER-PR status", "Positive"),
        ("Stage", "Stage IIA"),
        ("Distant metastasis", "Yes"),
        ("Metastatic disease", "Present"),
        ("Primary tumor", "Left breast"),
        ("Menopause", "age 51"),
        ("Clinical tumor size", "22 mm"),
    ],
)
def test_a_name_that_leaves_open_what_was_tested_is_told_and_not_read(name: str, value: str) -> None:
    facts = named(name, valueString=value)
    assert_facts(facts)
    assert [issue["resource"] for issue in facts["issues"]] == ["Observation/o"]


@pytest.mark.parametrize("name", ["ER visits", "PR interval", "Tumor necrosis factor", "Prognosis", "Onc visit type"])
def test_a_name_that_only_looks_like_one_is_neither(name: str) -> None:
    assert_facts(named(name, valueString="2"))
