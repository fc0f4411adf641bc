"""Records of other countries: their code systems and their spelling of drugs; sentences stay uninterpreted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from smart_app.clinical.codes import CodeMap
from tests.support.charts import ICD10, LOINC, ME, coding, concept, condition, observation, patient, procedure

ATC_DE = "http://fhir.de/CodeSystem/bfarm/atc"
OPS = "http://fhir.de/CodeSystem/bfarm/ops"
MII = "https://www.medizininformatik-initiative.de/fhir/ext/modul-onko/CodeSystem/mii-cs-onko-"
BREAST = condition("b", concept(coding(ICD10, "C50.412")), "2020-02-11")


def statement(**more: Any) -> dict[str, Any]:
    return {"resourceType": "MedicationStatement", "id": "m", "subject": ME, "status": "completed", **more}


@pytest.mark.parametrize(
    ("written", "agent"),
    [
        ("Cyclophosphamid 500 mg", "cyclophosphamide"),
        ("létrozole 2,5 mg comprimé", "letrozole"),
        ("Exemestaan 25mg tablet", "exemestane"),
        ("Tamoxifène", "tamoxifen"),
        ("Zoledronsäure 4 mg Infusion", "zoledronic acid"),
        ("Trastuzumab-Emtansine", "ado-trastuzumab emtansine"),
        ("trastuzumab-deruxtecan", "fam-trastuzumab deruxtecan"),
        ("capécitabine 500 mg", "capecitabine"),
    ],
)
def test_a_drug_is_known_as_other_languages_write_it(facts_of: Callable[..., Any], written: str, agent: str) -> None:
    rows = facts_of(patient(), BREAST, statement(medicationCodeableConcept={"text": written}))["treatments"]["systemic"]

    assert [row["agent"] for row in rows] == [agent]


@pytest.mark.parametrize(
    ("code", "agent"), [("L01AA01", "cyclophosphamide"), ("L01XC03", "trastuzumab"), ("L02BG04", "letrozole")]
)
def test_german_atc_is_read_today_and_as_it_was_before_2021(
    facts_of: Callable[..., Any], code: str, agent: str
) -> None:
    drug = statement(medicationCodeableConcept=concept(coding(ATC_DE, code)))

    assert [row["agent"] for row in facts_of(patient(), BREAST, drug)["treatments"]["systemic"]] == [agent]


@pytest.mark.parametrize(
    ("code", "breast", "axilla"),
    [
        ("5-870.a1", "breast-conserving", None),
        ("5-872.1", "mastectomy", None),
        ("5-401.11", None, "sentinel-node-biopsy"),
        ("5-402.12", None, "axillary-dissection"),
        ("5-401.10", None, None),
        ("5-879.1", None, None),
        ("5-604.0", None, None),
    ],
)
def test_german_procedure_codes_say_the_operation(
    facts_of: Callable[..., Any], code: str, breast: str | None, axilla: str | None
) -> None:
    treatments = facts_of(patient(), BREAST, procedure("o", concept(coding(OPS, code)), "2020-03-05"))["treatments"]

    assert [row["kind"] for row in treatments["surgery"]] == ([breast] if breast else [])
    assert [row["kind"] for row in treatments["axillary_surgery"]] == ([axilla] if axilla else [])


def test_answers_of_the_german_oncology_data_set_are_codes_not_words(facts_of: Callable[..., Any]) -> None:
    facts = facts_of(
        patient(),
        BREAST,
        observation(
            "h",
            concept(coding(LOINC, "48676-1")),
            valueCodeableConcept=concept(coding(MII + "mamma-her2neu-status-obds", "N", "negativ")),
        ),
        observation(
            "g",
            concept(coding(LOINC, "33732-9")),
            valueCodeableConcept=concept(coding(MII + "grading", "2", "mäßig differenziert")),
        ),
    )["facts"]

    assert facts["her2"]["value"] == "negative"
    assert facts["grade"]["value"] == 2


def test_words_of_another_language_alone_are_shown_and_not_interpreted(facts_of: Callable[..., Any]) -> None:
    answer = observation("e", concept(coding(LOINC, "85337-4")), valueString="hochgradig nachweisbar")
    facts = facts_of(patient(), BREAST, answer)

    assert facts["facts"]["er"]["state"] == "not-found"
    assert "hochgradig nachweisbar" in str(facts["unplaced"])


@pytest.mark.parametrize("country", ["gm", "am", "nl", "who"])
def test_icd_10_of_other_countries_is_icd_10(codes: CodeMap, country: str) -> None:
    row = codes.find(f"http://hl7.org/fhir/sid/icd-10-{country}", "C50.4")

    assert row is not None
    assert codes.concept_of(row).kind == "condition"


@pytest.mark.parametrize(
    "words",
    [
        "Mammakarzinom links",
        "Invasives Mamma-Ca rechts",
        "Borstkanker",
        "Cáncer de mama derecha",
        "Carcinoma ductal infiltrante de mama",
        "Cancer du sein gauche",
        "Carcinome canalaire infiltrant du sein",
        "Carcinoma duttale della mammella",
        "Bröstcancer",
    ],
)
def test_a_diagnosis_in_another_language_is_shown_and_decides_nothing(
    facts_of: Callable[..., dict[str, Any]], words: str
) -> None:
    facts = facts_of(patient(), condition("dx", {"text": words}, "2020-05-01"))
    assert facts["cancers"] == []
    assert [(issue["kind"], issue["resource"]) for issue in facts["issues"]] == [("unmapped-code", "Condition/dx")]
    assert words in facts["issues"][0]["detail"]


@pytest.mark.parametrize("words", ["Diabetes mellitus", "Cáncer de próstata", "Mammographie", "Cancer du poumon"])
def test_other_diagnoses_in_another_language_are_not_listed_as_breast_cancer(
    facts_of: Callable[..., dict[str, Any]], words: str
) -> None:
    assert facts_of(patient(), condition("dx", {"text": words}, "2020-05-01"))["issues"] == []
