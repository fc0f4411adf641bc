"""Grade, size, nodes, stage and scores in words; and what only looks like them."""

from __future__ import annotations

from typing import Any

import pytest

from smart_app.fhir.extract.reports import text_phrases


def values(words: str) -> dict[str, Any]:
    return {phrase.name: phrase.value for phrase in text_phrases(words) if phrase.value is not None}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Nottingham histologic grade: 2 of 3 (total score 7/9)", {"grade": 2}),
        ("Invasive ductal carcinoma, Nottingham grade 2", {"grade": 2}),
        ("Overall Grade: Grade 2 (scores of 6 or 7)", {"grade": 2}),
        ("Histologic Grade (Nottingham Histologic Score): G2", {"grade": 2}),
        ("Grade 3 invasive ductal carcinoma", {"grade": 3}),
        ("Nottingham score: 6/9", {"grade": 2}),
        ("Tumor size: 2.5 cm", {"tumor_size_mm": 25}),
        ("Size of invasive carcinoma: 2.3 x 1.8 x 1.2 cm", {"tumor_size_mm": 23}),
        ("Greatest dimension of largest invasive focus (Millimeters): 18 mm", {"tumor_size_mm": 18}),
        ("Invasive carcinoma, measuring 1.8 cm", {"tumor_size_mm": 18}),
        ("Metastatic carcinoma in 2 of 14 axillary lymph nodes (2/14)", {"nodes_positive": 2, "nodes_examined": 14}),
        ("One of three sentinel nodes positive", {"nodes_positive": 1, "nodes_examined": 3}),
        ("Three sentinel lymph nodes, negative for carcinoma (0/3)", {"nodes_positive": 0, "nodes_examined": 3}),
        ("SLN 0/2", {"nodes_positive": 0, "nodes_examined": 2}),
        ("pT1c pN0(sn)", {"t": "T1c", "n": "N0"}),
        ("pT2N1aM0", {"t": "T2", "n": "N1a", "m": "M0"}),
        ("ypT0 ypN0", {"t": "T0", "n": "N0"}),
        ("pTis pNX", {"t": "Tis"}),
        ("pN0(i+)", {"n": "N0(i+)"}),
        ("Stage II breast cancer", {"stage_group": "II"}),
        ("AJCC 8th ed pathologic prognostic stage: IA", {"stage_group": "IA"}),
        ("Oncotype DX recurrence score: 14", {"oncotype_rs": 14}),
        ("21-gene recurrence score 9", {"oncotype_rs": 9}),
        ("RCB-II", {"rcb_class": "II"}),
    ],
)
def test_values_are_read(words: str, expected: dict[str, Any]) -> None:
    assert values(words) == expected


@pytest.mark.parametrize(
    "words",
    [
        "DCIS, nuclear grade 3",
        "grade 2 neuropathy from paclitaxel",
        "Nottingham grade 1-2",
        "Margins negative, closest 0.2 cm",
        "Specimen measures 8 x 6 x 3 cm",
        "Stage 3 chronic kidney disease",
        "T2 weighted images",
        "free T4 normal",
        "Oncotype pending",
        "Oncotype DX ordered, expected in 14 days",
        "Mother had stage II breast cancer",
        "seen on 3/15 in clinic for lymph node swelling, blocks 3/15",
        "pTX pNX",
    ],
)
def test_what_only_looks_like_a_value_gives_none(words: str) -> None:
    assert values(words) == {}


def test_basis_and_neoadjuvant_prefix_are_kept_beside_the_category() -> None:
    phrases = {phrase.name: phrase for phrase in text_phrases("ypT1b ypN0(sn)")}
    assert phrases["t"].basis == "pathologic"
    assert phrases["t"].extra == {"after_neoadjuvant": True}
    clinical = {phrase.name: phrase for phrase in text_phrases("Stage IIB (cT2, cN1, cM0)")}
    assert clinical["stage_group"].basis == "clinical"


def test_a_total_of_nodes_stands_before_the_counts_of_single_specimens() -> None:
    words = (
        "B. Sentinel lymph node: 0/1.\nC. Axillary contents: lymph nodes 2/12.\n"
        "Total number of lymph nodes examined: 13"
    )
    assert values(words)["nodes_examined"] == 13
    assert "nodes_positive" not in values(words)


def test_family_and_plan_sections_say_nothing_about_the_tumor() -> None:
    words = (
        "FAMILY HISTORY:\nSister with breast cancer, ER positive, stage II.\n"
        "PLAN:\nHER2 positive patients receive trastuzumab."
    )
    assert values(words) == {}
