"""What belongs to another cancer never becomes the breast's; a part of a count never argues with the whole."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.charts import ICD10, LOINC, SNOMED, coding, concept, condition, observation, patient

OVARY = condition("o", concept(coding(ICD10, "C56.1", "Malignant neoplasm of right ovary")), "2021-06")
BREAST = condition("b", concept(coding(ICD10, "C50.412", "Malignant neoplasm of left breast")), "2015-03")
LUNG = condition("l", concept(coding(ICD10, "C34.11", "Malignant neoplasm of right upper lobe of lung")), "2023-01")


def stage(words: str, **more: Any) -> dict[str, Any]:
    code = concept(coding(SNOMED, "399588009", "Pathologic TNM stage grouping"))
    return observation("s", code, "2021-10-05", valueCodeableConcept=concept(text=words), **more)


def counted(id_: str, code: str, display: str, number: int) -> dict[str, Any]:
    return observation(id_, concept(coding(LOINC, code, display)), "2024-01-11", valueInteger=number)


@pytest.mark.parametrize("focus", ["Condition/o", None])
def test_stage_ivb_of_an_ovarian_cancer_is_no_metastasis_of_the_breast_cancer(
    facts_of: Callable[..., Any], focus: str | None
) -> None:
    more = {"focus": [{"reference": focus}]} if focus else {}

    facts = facts_of(patient(), BREAST, OVARY, stage("Stage IVB", **more))

    assert facts["scope"] == {"applies": True, "reasons": []}
    assert facts["facts"]["metastasis"]["state"] == "not-found"
    assert "Observation/s" in str(facts["unplaced"])


def test_stage_ivb_of_the_breast_cancer_itself_still_means_distant_disease(facts_of: Callable[..., Any]) -> None:
    facts = facts_of(patient(), BREAST, OVARY, stage("Stage IVB", focus=[{"reference": "Condition/b"}]))

    assert facts["facts"]["metastasis"]["value"] == "present"


@pytest.mark.parametrize(
    ("code", "display", "state"),
    [
        ("48676-1", "HER2 [Interpretation] in Tissue", "not-found"),
        ("85319-2", "HER2 [Presence] in Breast cancer specimen by Immune stain", "documented"),
    ],
)
def test_her2_of_a_lung_cancer_is_not_read_as_the_breasts(
    facts_of: Callable[..., Any], code: str, display: str, state: str
) -> None:
    her2 = observation(
        "h", concept(coding(LOINC, code, display)), valueCodeableConcept=concept(coding(LOINC, "LA6576-8", "Positive"))
    )

    assert facts_of(patient(), LUNG, her2)["facts"]["her2"]["state"] == state


def test_sentinel_nodes_are_part_of_all_nodes_and_no_conflict(facts_of: Callable[..., Any]) -> None:
    facts = facts_of(
        patient(),
        BREAST,
        counted("a", "21894-1", "Regional lymph nodes examined [#] Specimen", 23),
        counted("s", "85347-3", "Sentinel lymph nodes examined [#] in Cancer specimen by Light microscopy", 2),
    )["facts"]["nodes_examined"]

    assert (facts["state"], facts["value"]) == ("documented", 23)
    assert [other["value"] for other in facts["others"]] == [2]


def test_more_sentinel_nodes_than_nodes_in_all_is_a_conflict(facts_of: Callable[..., Any]) -> None:
    facts = facts_of(
        patient(),
        BREAST,
        counted("a", "21893-3", "Regional lymph nodes positive [#] Specimen", 1),
        counted("s", "92832-5", "Sentinel lymph nodes with metastasis [#] in Cancer specimen", 2),
    )["facts"]["nodes_positive"]

    assert facts["state"] == "conflicting"


def test_sentinel_nodes_alone_are_the_count(facts_of: Callable[..., Any]) -> None:
    alone = counted("s", "92832-5", "Sentinel lymph nodes with metastasis [#] in Cancer specimen", 2)

    assert facts_of(patient(), BREAST, alone)["facts"]["nodes_positive"]["value"] == 2


def test_the_stage_of_a_carcinoma_in_situ_of_the_cervix_is_not_the_breasts(facts_of: Callable[..., Any]) -> None:
    cervix = condition("d", concept(coding("http://fhir.de/CodeSystem/bfarm/icd-10-gm", "D06.9")), "2022-10")

    facts = facts_of(patient(), BREAST, cervix, stage("Stage 0", focus=[{"reference": "Condition/d"}]))["facts"]

    assert facts["stage_group"]["state"] == "not-found"


def test_a_growth_in_situ_elsewhere_does_not_question_a_stage_that_names_no_tumor(facts_of: Callable[..., Any]) -> None:
    cervix = condition("d", concept(coding(ICD10, "D06.9")), "2001-10")
    breast = condition("b", concept(coding(ICD10, "C50.412")))

    assert facts_of(patient(), breast, cervix, stage("Stage IIA"))["facts"]["stage_group"]["value"] == "IIA"


def test_a_stage_of_a_tumor_that_is_not_in_the_record_proves_nothing(facts_of: Callable[..., Any]) -> None:
    facts = facts_of(patient(), stage("Stage IIA", focus=[{"reference": "Condition/not-there"}]))

    assert facts["facts"]["stage_group"]["state"] == "not-found"
