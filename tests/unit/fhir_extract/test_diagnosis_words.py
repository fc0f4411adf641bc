"""Problem-list texts: which of them say that the patient has breast cancer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from smart_app.fhir.extract.text.diagnosis import named_cancer
from tests.support.charts import concept, condition, patient


@pytest.mark.parametrize(
    ("words", "kind", "side"),
    [
        (
            "Malignant neoplasm of upper-outer quadrant of left breast in female, estrogen receptor positive (HCC)",
            "invasive",
            "left",
        ),
        ("Breast cancer (HCC)", "invasive", None),
        ("Infiltrating ductal carcinoma of right breast", "invasive", "right"),
        ("Ductal carcinoma in situ (DCIS) of left breast", "dcis", "left"),
        ("Lobular carcinoma in situ of breast", "lcis", None),
        ("Invasive carcinoma of breast with DCIS", "invasive", None),
        ("Right breast, lumpectomy: DCIS, no invasive carcinoma identified", "dcis", "right"),
        ("Personal history of malignant neoplasm of breast", "invasive", None),
        ("Bilateral breast cancer", "invasive", "bilateral"),
    ],
)
def test_breast_cancers_are_recognised(words: str, kind: str, side: str | None) -> None:
    named = named_cancer(words)
    assert (named.kind, named.side) == (kind, side)


@pytest.mark.parametrize(
    "words",
    [
        "Encounter for screening mammogram for malignant neoplasm of breast",
        "Family history of breast cancer in mother",
        "Fear of breast cancer",
        "Genetic susceptibility to malignant neoplasm of breast",
        "Suspected breast cancer",
        "At high risk for breast cancer",
        "Abnormal mammogram of left breast",
        "Benign neoplasm of breast",
        "Secondary malignant neoplasm of breast",
        "No evidence of breast cancer",
        "Malignant neoplasm of colon",
        "Carcinoma in situ of cervix",
    ],
)
def test_what_names_no_breast_cancer_of_the_patient_gives_none(words: str) -> None:
    assert named_cancer(words).kind is None


@pytest.mark.parametrize(
    ("words", "extent"),
    [
        ("Breast cancer metastasized to bone, left (HCC)", "distant"),
        ("Metastatic breast cancer", "distant"),
        ("Malignant neoplasm of breast metastatic to axillary lymph node", "regional"),
        ("Secondary malignant neoplasm of liver", "distant"),
        ("Secondary malignant neoplasm of breast", "to-breast"),
        ("Secondary malignant neoplasm of lymph node", "unclear"),
        ("Breast cancer without metastasis", None),
        ("Malignant neoplasm of left breast, no evidence of metastatic disease", None),
    ],
)
def test_extent_of_metastasis_is_told_apart(words: str, extent: str | None) -> None:
    assert named_cancer(words).metastasis == extent


@pytest.mark.parametrize(
    "words",
    [
        "FH: breast ca",
        "FHx: breast cancer",
        "Fam hx breast ca (mom)",
        "Family h/o breast cancer",
        "Breast cancer gene mutation",
        "History of breast cancer gene BRCA2",
        "Lung cancer metastatic to breast",
        "Cancer of the skin of breast",
    ],
)
def test_relatives_genes_skin_and_deposits_from_elsewhere_are_no_breast_cancer(
    facts_of: Callable[..., Any], words: str
) -> None:
    assert facts_of(patient(), condition("c", concept(text=words)))["cancers"] == []


def test_an_operation_on_both_breasts_does_not_say_the_side_of_the_cancer(facts_of: Callable[..., Any]) -> None:
    unsaid = facts_of(patient(), condition("c", concept(text="Breast CA s/p bilateral mastectomy 2012")))
    left = facts_of(patient(), condition("c", concept(text="Left breast cancer s/p bilateral mastectomy 2012")))

    assert [cancer["laterality"] for cancer in (*unsaid["cancers"], *left["cancers"])] == ["unknown", "left"]
    assert [row["side"] for row in left["treatments"]["surgery"]] == ["bilateral"]
