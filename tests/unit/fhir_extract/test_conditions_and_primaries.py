"""Which Conditions are which primary, and what else a diagnosis says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.charts import ICD10, LOINC, SNOMED, coding, concept, condition, observation, patient

ENCOUNTER = [concept(coding("http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis"))]


def icd(code: str, **more: Any) -> dict[str, Any]:
    return concept(coding(ICD10, code), **more)


def cancers(facts: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [(row["kind"], row["laterality"], row["diagnosed_on"]) for row in facts["cancers"]]


def test_encounter_diagnoses_of_one_side_are_one_primary(facts_of: Any) -> None:
    facts = facts_of(
        patient(),
        condition("a", icd("C50.412"), "2019-05-03"),
        condition("b", icd("C50.912"), category=ENCOUNTER, recordedDate="2024-01-01"),
        condition("c", icd("C50.912"), "2024-01-01", category=ENCOUNTER),
        condition("d", concept(text="Breast cancer (HCC)")),
    )
    assert cancers(facts) == [("invasive", "left", "2019-05-03")]
    assert facts["cancers"][0]["sources"] == [f"Condition/{key}" for key in "abcd"]


def test_two_breasts_are_two_primaries_with_their_own_facts(facts_of: Any) -> None:
    er = concept(coding(LOINC, "85337-4"))
    facts = facts_of(
        patient(),
        condition("l", icd("C50.912"), "2012-03-01"),
        condition("r", icd("C50.911"), "2020-06-01"),
        observation(
            "el",
            er,
            "2012-03-05",
            valueCodeableConcept=concept(text="Positive"),
            bodySite=concept(coding(SNOMED, "80248007")),
        ),
        observation("er", er, "2020-06-05", valueCodeableConcept=concept(text="Negative")),
    )
    assert cancers(facts) == [("invasive", "left", "2012-03-01"), ("invasive", "right", "2020-06-01")]
    assert [row["facts"]["er"]["value"] for row in facts["cancers"]] == ["positive", "negative"]
    assert facts["facts"]["er"]["state"] == "conflicting"
    assert not [issue for issue in facts["issues"] if issue["kind"] == "conflict"]


def test_a_bilateral_condition_alone_is_one_row(facts_of: Any) -> None:
    facts = facts_of(patient(), condition("b", concept(text="Bilateral breast cancer"), "2020"))
    assert cancers(facts) == [("invasive", "bilateral", "2020")]


def test_a_second_primary_of_one_side_years_later_is_a_row_of_its_own(facts_of: Any) -> None:
    facts = facts_of(
        patient(), condition("a", icd("D05.12"), "2008-03-01"), condition("b", icd("C50.912"), "2019-06-01")
    )
    assert cancers(facts) == [("dcis", "left", "2008-03-01"), ("invasive", "left", "2019-06-01")]


def test_in_situ_and_invasive_of_one_episode_are_one_invasive_cancer(facts_of: Any) -> None:
    facts = facts_of(
        patient(), condition("a", icd("D05.12"), "2019-05-20"), condition("b", icd("C50.912"), "2019-06-01")
    )
    assert cancers(facts) == [("invasive", "left", "2019-05-20")]


def test_a_recurrence_is_no_second_primary(facts_of: Any) -> None:
    facts = facts_of(
        patient(),
        condition("a", icd("C50.912"), "2015-06-01"),
        condition("b", concept(text="Recurrent breast cancer, left, chest wall (HCC)"), "2023-02-01"),
    )
    assert cancers(facts) == [("invasive", "left", "2015-06-01")]
    assert facts["facts"]["recurrence"]["value"] == "local"


def test_a_history_code_gives_no_date_of_diagnosis(facts_of: Any) -> None:
    facts = facts_of(patient(), condition("a", icd("Z85.3"), "2024-01-01"))
    assert cancers(facts) == [("invasive", "unknown", None)]


@pytest.mark.parametrize("status", ["refuted", "entered-in-error", "provisional", "differential", "unconfirmed"])
def test_an_unconfirmed_or_withdrawn_condition_is_no_cancer_and_is_listed(facts_of: Any, status: str) -> None:
    facts = facts_of(patient(), condition("a", icd("C50.912"), verificationStatus=concept(coding(None, status))))
    assert facts["cancers"] == []
    assert [issue["kind"] for issue in facts["issues"]] == ["ignored-status"]


@pytest.mark.parametrize("code", ["Z12.31", "Z80.3", "D24.1", "R92.8", "N63.20", "C79.81", "Z15.01", "C18.9"])
def test_screening_family_benign_and_other_codes_are_no_breast_cancer(facts_of: Any, code: str) -> None:
    facts = facts_of(patient(), condition("a", icd(code, text="Something of the breast")))
    assert facts["cancers"] == []
    assert facts["scope"]["reasons"] == ["no-breast-cancer"]


def test_an_icd_code_without_a_system_or_dot_is_recognised_by_its_form(facts_of: Any) -> None:
    for code in ("C50.912", "C50912"):
        assert cancers(facts_of(patient(), condition("a", concept(coding(None, code))))) == [("invasive", "left", None)]


def test_a_generic_malignancy_is_a_breast_cancer_only_by_its_site(facts_of: Any) -> None:
    generic = concept(coding(SNOMED, "363346000"))
    assert facts_of(patient(), condition("a", generic))["cancers"] == []
    sited = facts_of(patient(), condition("a", generic, bodySite=[concept(coding(SNOMED, "73056007"))]))
    assert cancers(sited) == [("invasive", "right", None)]


def test_a_stage_of_another_cancer_is_not_the_breasts(facts_of: Any) -> None:
    facts = facts_of(
        patient(),
        condition("b", icd("C50.912"), "2010-01-01"),
        condition("c", icd("C18.9"), "2022-01-01"),
        observation(
            "s",
            concept(coding(LOINC, "21908-9")),
            "2022-01-05",
            valueString="Stage IV",
            focus=[{"reference": "Condition/c"}],
        ),
        observation("t", concept(coding(LOINC, "21908-9")), "2022-01-09", valueString="Stage III"),
    )
    assert facts["facts"]["stage_group"]["state"] == "not-found"
    assert facts["scope"]["applies"] is True


def test_a_metastasis_of_another_primary_is_not_the_breasts(facts_of: Any) -> None:
    related = {
        "url": "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-related-primary-cancer-condition",
        "valueReference": {"reference": "Condition/c"},
    }
    facts = facts_of(
        patient(),
        condition("b", icd("C50.912"), "2010-01-01"),
        condition("c", icd("C18.9"), "2022-01-01"),
        condition("m", icd("C78.7"), "2023-01-01", extension=[related]),
    )
    assert facts["facts"]["metastasis"]["state"] == "not-found"


def test_stage_in_the_condition_with_receptors_in_its_words(facts_of: Any) -> None:
    stage = [{"summary": {"text": "Stage IA (pT1c, pN0(sn), cM0, G2, ER+, PR+, HER2-, Oncotype DX score: 12)"}}]
    facts = facts_of(patient(), condition("a", icd("C50.912"), "2019-01-01", stage=stage))["facts"]
    read = {
        name: facts[name]["value"]
        for name in ("stage_group", "t", "n", "m", "grade", "er", "pr", "her2", "oncotype_rs")
    }
    assert read == {
        "stage_group": "IA",
        "t": "T1c",
        "n": "N0",
        "m": "M0",
        "grade": 2,
        "er": "positive",
        "pr": "positive",
        "her2": "negative",
        "oncotype_rs": 12,
    }


def test_a_date_in_the_future_is_not_used(facts_of: Any) -> None:
    facts = facts_of(patient(), condition("a", icd("C50.912"), "2031-01-01"))
    assert cancers(facts) == [("invasive", "left", None)]
    assert [issue["kind"] for issue in facts["issues"]] == ["date"]


def test_menopause_uterus_and_ovaries_by_code(facts_of: Any) -> None:
    facts = facts_of(
        patient(), condition("a", icd("Z78.0")), condition("b", icd("Z90.710")), condition("c", icd("Z90.722"))
    )["facts"]
    assert [facts[name]["value"] for name in ("menopausal_status", "uterus", "ovaries")] == [
        "postmenopausal",
        "absent",
        "absent",
    ]


def test_menopause_is_never_taken_from_age_or_from_a_code_that_is_met_before_it(facts_of: Any) -> None:
    facts = facts_of(patient("1940-01-01"), condition("a", icd("N95.1")))["facts"]
    assert facts["menopausal_status"]["state"] == "not-found"


def test_a_pathology_report_alone_names_the_cancer(facts_of: Any) -> None:
    from tests.support.charts import report

    words = "FINAL DIAGNOSIS:\nRight breast, core biopsy: Invasive lobular carcinoma, grade 2."
    facts = facts_of(patient(), report("p", concept(text="Surgical pathology"), "2023-06-01", words))
    assert cancers(facts) == [("invasive", "right", None)]
