"""Sentences of pathology reports as laboratories write them, each in a report of a left breast cancer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import assert_facts, left_breast_cancer, pathology, read_facts
from tests.support.charts import patient

HEAD = "Left breast, lumpectomy: Invasive ductal carcinoma.\n"
RECEPTORS: list[tuple[str, dict[str, Any]]] = [
    (
        ("ER: Positive (Allred 8/8)\nPR: Positive (Allred score 6/8)\nHER2: 0\n"),
        {"er": "positive", "pr": "positive", "her2": {"value": "negative", "ihc": "0", "low": False}},
    ),
    (
        ("Estrogen receptor: Positive, H-score 290\nProgesterone receptor: Negative, H-score 0\n"),
        {"er": "positive", "pr": "negative"},
    ),
    (
        (
            "HER2 (by immunohistochemistry): Equivocal (Score 2+)\n"
            "HER2 (ERBB2) FISH: Not amplified; HER2/CEP17 ratio: 1.1; average HER2 copy number: 2.3\n"
        ),
        {"her2": {"value": "negative", "ihc": "2+", "ish": "not-amplified", "low": True}},
    ),
    (
        (
            "HER2 (by in situ hybridization): Negative (not amplified)\n"
            "Average number of HER2 signals per cell: 2.4\n"
            "Average number of CEP17 signals per cell: 1.9\n"
            "HER2/CEP17 ratio: 1.26\n"
        ),
        {"her2": {"value": "negative", "ish": "not-amplified"}},
    ),
    (
        "HER2 FISH: AMPLIFIED. HER2/CEP17 ratio 4.8, mean HER2 copy number 11.2.\n",
        {"her2": {"value": "positive", "ish": "amplified", "low": False}},
    ),
    (
        (
            "Estrogen receptor: Low positive (5% of tumor cells, weak)\n"
            "Progesterone receptor: negative (0%)\n"
            "HER2 IHC: 0 (negative)\n"
        ),
        {
            "er": {"value": "low-positive", "percent": 5},
            "pr": {"value": "negative", "percent": 0},
            "her2": {"value": "negative", "ihc": "0", "low": False},
        },
    ),
    (
        ("ER: Negative (<1% of cells)\nPgR: Negative (less than 1%)\nHER2/neu: Positive (3+)\n"),
        {"er": "negative", "pr": "negative", "her2": {"value": "positive", "ihc": "3+", "low": False}},
    ),
    ("ER+/PR+/HER2-\n", {"er": "positive", "pr": "positive", "her2": "negative"}),
    ("Triple-negative breast carcinoma.\n", {"er": "negative", "pr": "negative", "her2": "negative"}),
    ("This is not a triple negative tumor.\n", {}),
    (
        (
            "The tumor cells are negative for estrogen receptor, positive for progesterone receptor "
            "and HER2 is negative (1+).\n"
        ),
        {"er": "negative", "pr": "positive", "her2": {"value": "negative", "ihc": "1+", "low": True}},
    ),
    ("ER, PR and HER2 studies are pending and will be reported in an addendum.\n", {}),
    ("HER2 IHC: Equivocal (2+). FISH pending.\n", {"her2": {"value": "equivocal", "ihc": "2+"}}),
    ("HER2 IHC: 2+ (equivocal); reflexed to FISH.\n", {"her2": {"value": "equivocal", "ihc": "2+"}}),
    (
        ("The patient has a history of right breast cancer in 2005, ER negative.\nER: positive (95%)\n"),
        {"er": "positive"},
    ),
    (("ER: positive (90%).\nHer mother had triple negative breast cancer at age 45.\n"), {"er": "positive"}),
    ("Ki-67: 20-30%\n", {}),
    ("Ki-67 proliferation index: approximately 15%\n", {"ki67_percent": 15}),
    ("Ki67 ~ 40%\n", {"ki67_percent": 40}),
    ("MIB-1 labeling index is 12%\n", {"ki67_percent": 12}),
    ("Ki-67: <5%\n", {}),
]
TUMOR: list[tuple[str, dict[str, Any]]] = [
    ("Histologic Grade (Nottingham): Grade 3 (score 8/9)\n", {"grade": 3}),
    (
        ("Nottingham grade: 2 of 3 (tubule formation 3, nuclear pleomorphism 2, mitotic count 1; total score 6/9)\n"),
        {"grade": 2},
    ),
    ("Histologic grade: Moderately differentiated (Nottingham score 3+2+1 = 6/9)\n", {"grade": 2}),
    ("- Overall grade: 1 (total score 5 of 9)\n", {"grade": 1}),
    ("SBR grade II/III.\n", {"grade": 2}),
    ("Modified Bloom-Richardson grade: III (8/9)\n", {"grade": 3}),
    ("Invasive ductal carcinoma, poorly differentiated (Nottingham grade III).\n", {"grade": 3}),
    (
        ("Treatment Effect: Probable response to presurgical therapy\nypT1b ypN0(i+)\nResidual Cancer Burden: RCB-I\n"),
        {"t": "T1b", "n": "N0(i+)"},
    ),
    ("PATHOLOGIC STAGE (AJCC 8): pT1c(m) pN0(sn) pM not applicable\n", {"t": "T1c", "n": "N0"}),
    (
        (
            "Primary Tumor (pT): pT1c: Tumor > 10 mm but <= 20 mm in greatest dimension\n"
            "Regional Lymph Nodes (pN): pN0 (sn): No regional lymph node metastasis identified\n"
            "Distant Metastasis (pM): Not applicable\n"
        ),
        {"t": "T1c", "n": "N0"},
    ),
    ("Invasive tumor size: 1.8 x 1.5 x 1.2 cm\n", {"tumor_size_mm": 18}),
    ("Tumor size: 14 mm (1.4 cm) in greatest dimension\n", {"tumor_size_mm": 14}),
    ("Greatest dimension of largest invasive focus: 9 mm\n", {"tumor_size_mm": 9}),
    ("Two sentinel lymph nodes, negative for carcinoma (0/2).\n", {"nodes_positive": 0, "nodes_examined": 2}),
    (
        (
            "Number of lymph nodes with macrometastases: 0\n"
            "Number of lymph nodes with micrometastases: 1\n"
            "Number of lymph nodes with isolated tumor cells: 0\n"
            "Number of lymph nodes examined: 3\n"
        ),
        {"nodes_positive": 1, "nodes_examined": 3},
    ),
    (
        (
            "Regional Lymph Node Status: All regional lymph nodes negative for tumor\n"
            "Total Number of Lymph Nodes Examined (sentinel and non-sentinel): 4\n"
        ),
        {"nodes_examined": 4, "nodes_positive": 0},
    ),
    (
        ("Lymph nodes, left axilla, dissection: Metastatic carcinoma in four of seventeen lymph nodes (4/17).\n"),
        {"nodes_positive": 4, "nodes_examined": 17},
    ),
    (
        (
            "Sentinel lymph node #1: one lymph node, negative for metastatic carcinoma (0/1).\n"
            "Sentinel lymph node #2: two lymph nodes, negative for metastatic carcinoma (0/2).\n"
        ),
        {"nodes_positive": 0},
    ),
    ("Oncotype DX Breast Recurrence Score: 14\n", {"oncotype_rs": 14}),
    ("Oncotype DX: RS 14, 9-year distant recurrence risk 4% with tamoxifen alone\n", {"oncotype_rs": 14}),
    ("Oncotype RS = 27\n", {"oncotype_rs": 27}),
    ("Oncotype DX ordered 6/21/2022.\n", {}),
    ("Oncotype Dx (7/1/2022): Recurrence score of 22\n", {"oncotype_rs": 22}),
    ("MammaPrint: Low Risk, MammaPrint index +0.25. BluePrint: Luminal-type.\n", {}),
    ("Prosigna (PAM50) risk of recurrence score: 45, intermediate.\n", {}),
    ("All margins negative, closest posterior margin 3 mm. Lymphovascular invasion: Present.\n", {}),
    ("DCIS, nuclear grade 3, with comedonecrosis.\n", {}),
    ("Grade 2 neuropathy.\n", {}),
]


@pytest.mark.parametrize(("text", "expected"), RECEPTORS)
def test_a_sentence_on_receptors_says_what_it_says_and_no_more(text: str, expected: dict[str, Any]) -> None:
    assert_facts(read_facts(patient(), left_breast_cancer(), pathology(HEAD + text)), **expected)


@pytest.mark.parametrize(("text", "expected"), TUMOR)
def test_a_sentence_on_the_tumor_says_what_it_says_and_no_more(text: str, expected: dict[str, Any]) -> None:
    assert_facts(read_facts(patient(), left_breast_cancer(), pathology(HEAD + text)), **expected)
