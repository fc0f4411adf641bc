"""Receptor sentences as pathologists and clinicians write them."""

from __future__ import annotations

from typing import Any

import pytest

from smart_app.fhir.extract.reports import text_phrases


def read(words: str) -> dict[str, Any]:
    """Values by name; of HER2 value, score and hybridization."""
    found: dict[str, Any] = {}
    for phrase in text_phrases(words):
        if phrase.name == "her2":
            before = found.get("her2", (None, None, None))
            now = (phrase.value, phrase.extra.get("ihc"), phrase.extra.get("ish"))
            found["her2"] = tuple(a if a is not None else b for a, b in zip(before, now, strict=True))
        elif phrase.value is not None:
            found[phrase.name] = (phrase.value, phrase.extra.get("percent"))
    return {name: value for name, value in found.items() if value != (None, None, None)}


ER, PR = "er", "pr"


@pytest.mark.parametrize(
    ("words", "er", "pr"),
    [
        ("ER: Positive (95%)", ("positive", 95), None),
        ("Estrogen Receptor (ER): POSITIVE, 90% of tumor cells, strong intensity", ("positive", 90), None),
        ("ER+/PR+/HER2-", ("positive", None), ("positive", None)),
        ("ER-/PR-/HER2+", ("negative", None), ("negative", None)),
        ("ER negative, PR positive", ("negative", None), ("positive", None)),
        ("ER and PR are both negative.", ("negative", None), ("negative", None)),
        ("ER/PR positive, HER2 negative", ("positive", None), ("positive", None)),
        (
            "Positive for estrogen and progesterone receptors and negative for HER2.",
            ("positive", None),
            ("positive", None),
        ),
        ("Tumor cells are positive for ER and PR and negative for HER2", ("positive", None), ("positive", None)),
        ("Estrogen receptor: <1% (negative)", ("negative", None), None),
        ("ER 0%", ("negative", 0), None),
        ("ER: Low positive (5%)", ("low-positive", 5), None),
        ("ER +, PR +, HER-2 -", ("positive", None), ("positive", None)),
        ("ER - Positive - 95%", ("positive", 95), None),
        ("PR: 1-10%", None, ("positive", None)),
        ("PR - Negative", None, ("negative", None)),
        ("triple negative breast cancer", ("negative", None), ("negative", None)),
        ("ER positive, margins negative", ("positive", None), None),
    ],
)
def test_estrogen_and_progesterone_receptors_are_read(words: str, er: Any, pr: Any) -> None:
    found = read(words)
    assert found.get("er") == er
    assert found.get("pr") == pr


@pytest.mark.parametrize(
    "words",
    [
        "ER pending",
        "ER: see comment",
        "ER not performed",
        "Mother had ER positive breast cancer.",
        "If HER2 positive, would add trastuzumab.",
        "This is not triple negative.",
        "Estrogen receptor positive: >=1% of cells; negative <1%",
        "Positive: >= 1% of tumor nuclei. Negative: < 1%.",
        "ER 8/8",
        "HER2 testing ordered",
        "ER visit in March, negative for fracture",
        "Positive controls for ER stain appropriately",
    ],
)
def test_what_is_no_result_gives_none(words: str) -> None:
    assert read(words) == {}


@pytest.mark.parametrize(
    ("words", "status", "ihc", "ish"),
    [
        ("HER2/neu: 2+ equivocal, FISH not amplified, ratio 1.2", "equivocal", "2+", "not-amplified"),
        ("HER2 negative (1+)", "negative", "1+", None),
        ("HER2 by IHC: Negative (score 1+)", "negative", "1+", None),
        ("HER-2/neu IHC: 0", None, "0", None),
        ("HER2 IHC 3+", None, "3+", None),
        ("HER2 is positive (3+).", "positive", "3+", None),
        ("not HER2 amplified", None, None, "not-amplified"),
        ("No HER2 amplification", None, None, "not-amplified"),
        ("tumor is HER2 non amplified", None, None, "not-amplified"),
        ("HER2 not overexpressed", "negative", None, None),
        ("HER2 negative for overexpression", "negative", None, None),
        ("HER2/neu overexpression: Not identified", "negative", None, None),
        ("HER2 2+ by IHC, negative by FISH", None, "2+", "not-amplified"),
        ("HER-2 negative by FISH", None, None, "not-amplified"),
        ("HER2 FISH: Amplified (ratio 4.5)", None, None, "amplified"),
        ("HER2 IHC 2+/FISH-", None, "2+", "not-amplified"),
        ("HER2 (by in situ hybridization): Negative (not amplified)", None, None, "not-amplified"),
        ("ER-positive, HER2-negative", "negative", None, None),
    ],
)
def test_her2_is_read_with_score_and_hybridization(words: str, status: str, ihc: str, ish: str) -> None:
    assert read(words)["her2"] == (status, ihc, ish)


def test_a_hybridization_on_the_next_line_belongs_to_the_her2_above_it() -> None:
    assert read("HER2 IHC: Equivocal (2+)\nFISH: Not amplified")["her2"] == ("equivocal", "2+", "not-amplified")


def test_a_hybridization_without_any_her2_is_nobodys() -> None:
    assert read("FISH: amplified") == {}


def test_low_and_ultralow_are_negative_with_their_category() -> None:
    low = next(iter(text_phrases("HER2-low (IHC 1+)")))
    ultralow = next(iter(text_phrases("HER2 ultralow")))
    assert (low.value, low.extra["category"]) == ("negative", "low")
    assert (ultralow.value, ultralow.extra["category"]) == ("negative", "ultralow")


def test_a_range_of_ki67_is_no_single_value() -> None:
    assert read("Ki-67: 15%")["ki67_percent"] == (15, None)
    assert "ki67_percent" not in read("Ki-67: 20-25%")
