"""HER2: immunohistochemistry, in situ hybridization and interpretation as one fact."""

from __future__ import annotations

from typing import Any

import pytest

from smart_app.fhir.extract.her2 import category_of, hybridization, status_of
from tests.support.charts import ICD10, LOINC, SNOMED, coding, concept, condition, observation, patient

IHC, ISH, OVERALL, RATIO, COPIES = "85319-2", "85318-4", "48676-1", "49683-6", "74860-8"
CANCER = condition("dx", concept(coding(ICD10, "C50.912")), "2021-03-01")


def test(code: str, id_: str, on: str = "2021-03-05", **answer: Any) -> dict[str, Any]:
    return observation(id_, concept(coding(LOINC, code)), on, **answer)


test.__test__ = False  # type: ignore[attr-defined] - a builder, not a test


def said(words: str) -> dict[str, Any]:
    return {"valueCodeableConcept": concept(text=words)}


@pytest.mark.parametrize(
    ("ihc", "ish", "stated", "status"),
    [
        ("3+", None, set(), "positive"),
        ("3+", "not-amplified", set(), "positive"),
        ("2+", "amplified", set(), "positive"),
        ("2+", "not-amplified", set(), "negative"),
        ("2+", None, set(), "equivocal"),
        ("2+", None, {"negative"}, "negative"),
        ("1+", None, set(), "negative"),
        ("0", None, set(), "negative"),
        ("1+", "amplified", set(), "conflict"),
        ("3+", None, {"negative"}, "conflict"),
        (None, "not-amplified", {"positive"}, "conflict"),
        (None, None, {"positive", "negative"}, "conflict"),
        (None, "not-amplified", {"equivocal"}, "negative"),
        (None, None, set(), None),
    ],
)
def test_status_follows_the_guideline(ihc: str, ish: str, stated: set[str], status: str) -> None:
    assert status_of(ihc, ish, stated) == status


@pytest.mark.parametrize(
    ("ratio", "copies", "ihc", "result"),
    [
        (2.0, 4.0, None, "amplified"),
        (2.5, None, None, "amplified"),
        (1.99, None, None, "not-amplified"),
        (2.3, 3.1, "2+", "not-amplified"),
        (2.3, 3.1, None, "equivocal"),
        (1.5, 6.0, "2+", "amplified"),
        (1.5, 6.0, "1+", "not-amplified"),
        (1.5, 6.0, None, "equivocal"),
        (1.5, 4.5, None, "not-amplified"),
        (None, 6.2, None, "amplified"),
        (None, 3.9, None, "not-amplified"),
        (None, 5.0, None, "equivocal"),
    ],
)
def test_groups_of_ratio_and_copies(ratio: float, copies: float, ihc: str, result: str) -> None:
    assert hybridization(None, ratio, copies, ihc) == result


@pytest.mark.parametrize(
    ("status", "ihc", "stated", "expected"),
    [
        ("positive", None, None, ("positive", False)),
        ("negative", "1+", None, ("low", True)),
        ("negative", "2+", None, ("low", True)),
        ("negative", "0", None, ("zero", False)),
        ("negative", "0", "ultralow", ("ultralow", False)),
        ("negative", None, None, ("negative-nos", None)),
        ("negative", None, "low", ("low", True)),
        ("equivocal", "2+", None, ("equivocal", None)),
    ],
)
def test_categories_of_a_status(status: str, ihc: str, stated: str, expected: tuple[str, bool | None]) -> None:
    assert category_of(status, ihc, stated) == expected


def test_an_equivocal_stain_is_settled_by_the_hybridization_that_followed_it(facts_of: Any) -> None:
    her2 = facts_of(
        patient(),
        CANCER,
        test(IHC, "a", **said("Equivocal (2+)")),
        test(ISH, "b", "2021-03-19", **said("Not amplified")),
    )["facts"]["her2"]
    assert (her2["state"], her2["value"], her2["ihc"], her2["ish"], her2["low"]) == (
        "documented",
        "negative",
        "2+",
        "not-amplified",
        True,
    )
    assert her2["sources"] == ["Observation/a", "Observation/b"]


def test_text_bounds_of_a_ratio_decide_only_outside_the_grey_zone(facts_of: Any) -> None:
    def ish(words: str) -> Any:
        return facts_of(patient(), CANCER, test(IHC, "a", **said("Negative")), test(ISH, "b", valueString=words))[
            "facts"
        ]["her2"]

    assert ish("less than 1.8")["ish"] == "not-amplified"
    assert ish("greater than 1.8")["ish"] is None
    assert ish("greater than 1.8")["value"] == "negative"


def test_a_negative_stain_and_an_amplified_gene_are_the_clinicians_to_settle(facts_of: Any) -> None:
    her2 = facts_of(patient(), CANCER, test(IHC, "a", **said("1+")), test(ISH, "b", **said("Amplified")))["facts"][
        "her2"
    ]
    assert her2["state"] == "conflicting"
    assert {other["value"] for other in her2["others"]} == {"negative", "positive"}


def test_the_interpretation_alone_gives_neither_score_nor_hybridization(facts_of: Any) -> None:
    her2 = facts_of(patient(), CANCER, test(OVERALL, "a", **said("Negative")))["facts"]["her2"]
    assert (her2["value"], her2["ihc"], her2["ish"], her2["low"]) == ("negative", None, None, None)


def test_ratio_and_copies_are_read_as_numbers_with_the_unit_of_a_ratio(facts_of: Any) -> None:
    her2 = facts_of(
        patient(),
        CANCER,
        test(RATIO, "a", valueQuantity={"value": 4.1, "code": "{ratio}"}),
        test(COPIES, "b", valueQuantity={"value": 9.2}),
    )["facts"]["her2"]
    assert (her2["value"], her2["ish"]) == ("positive", "amplified")


def test_serum_her2_is_never_the_status_of_the_tumor(facts_of: Any) -> None:
    her2 = facts_of(patient(), CANCER, test("32996-1", "a", **said("Positive")))["facts"]["her2"]
    assert her2["state"] == "not-found"


def test_tissue_of_a_metastasis_stays_beside_the_primarys(facts_of: Any) -> None:
    facts = facts_of(
        patient(),
        CANCER,
        test(OVERALL, "a", specimen={"display": "Left breast, core biopsy"}, **said("Negative")),
        test(OVERALL, "b", "2024-01-01", specimen={"display": "Liver, needle biopsy"}, **said("Positive")),
    )
    her2 = facts["facts"]["her2"]
    assert (her2["state"], her2["value"]) == ("documented", "negative")
    assert [other["value"] for other in her2["others"]] == ["positive"]


def test_a_snomed_tumor_type_states_all_three_receptors(facts_of: Any) -> None:
    facts = facts_of(patient(), condition("dx", concept(coding(SNOMED, "706970001")), "2021-03-01"))["facts"]
    assert [facts[name]["value"] for name in ("er", "pr", "her2")] == ["negative"] * 3
