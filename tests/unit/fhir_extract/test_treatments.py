"""Operations, radiation and drugs: what was done, once each."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.charts import (
    CPT,
    ICD10,
    ME,
    RXNORM,
    SNOMED,
    coding,
    concept,
    condition,
    given,
    order,
    patient,
    procedure,
)

CANCER = condition("dx", concept(coding(ICD10, "C50.912")), "2019-01-01")
HCPCS = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"


def rows(facts: dict[str, Any], name: str, *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(row[key] for key in keys) for row in facts["treatments"][name]]


def test_a_claim_and_a_procedure_of_one_day_are_one_operation(facts_of: Any) -> None:
    claim = {
        "resourceType": "ExplanationOfBenefit",
        "id": "e",
        "status": "active",
        "use": "claim",
        "patient": ME,
        "item": [
            {
                "productOrService": concept(coding(CPT, "19301")),
                "servicedDate": "2019-02-01",
                "modifier": [concept(coding("x", "LT"))],
            }
        ],
    }
    facts = facts_of(patient(), CANCER, procedure("p", concept(coding(SNOMED, "392021009")), "2019-02-01"), claim)
    assert rows(facts, "surgery", "kind", "side", "on") == [("breast-conserving", "left", "2019-02-01")]
    assert facts["treatments"]["surgery"][0]["sources"] == ["ExplanationOfBenefit/e", "Procedure/p"]


def test_a_text_that_names_two_operations_gives_both(facts_of: Any) -> None:
    facts = facts_of(
        patient(),
        CANCER,
        procedure("p", concept(text="LEFT PARTIAL MASTECTOMY WITH SENTINEL NODE BIOPSY"), "2019-02-01"),
    )
    assert rows(facts, "surgery", "kind", "side") == [("breast-conserving", "left")]
    assert rows(facts, "axillary_surgery", "kind", "side") == [("sentinel-node-biopsy", "left")]


def test_a_history_of_mastectomy_joins_the_dated_one(facts_of: Any) -> None:
    facts = facts_of(
        patient(),
        CANCER,
        procedure("p", concept(coding(CPT, "19303"), text="Left mastectomy"), "2019-02-01"),
        condition("h", concept(coding(ICD10, "Z90.12"))),
    )
    assert rows(facts, "surgery", "kind", "side", "on") == [("mastectomy", "left", "2019-02-01")]


@pytest.mark.parametrize(
    "coded",
    [
        coding(SNOMED, "122548005"),
        coding(CPT, "19083"),
        coding(SNOMED, "870629001"),
        coding(SNOMED, "12275171000119105"),
        coding(SNOMED, "248802009"),
        coding(CPT, "19328"),
    ],
)
def test_biopsies_and_traps_are_no_operation(facts_of: Any, coded: dict[str, Any]) -> None:
    assert facts_of(patient(), CANCER, procedure("p", concept(coded), "2019-02-01"))["treatments"]["surgery"] == []


def test_excision_of_breast_tissue_is_never_called_breast_conserving(facts_of: Any) -> None:
    facts = facts_of(patient(), CANCER, procedure("p", concept(coding(SNOMED, "69031006")), "2019-02-01"))
    assert rows(facts, "surgery", "kind") == [("other",)]


@pytest.mark.parametrize("status", ["not-done", "entered-in-error", "preparation", "unknown", None])
def test_what_was_not_done_is_no_operation_and_is_listed(facts_of: Any, status: str | None) -> None:
    facts = facts_of(patient(), CANCER, procedure("p", concept(coding(CPT, "19303")), "2019-02-01", status))  # type: ignore[arg-type]
    assert facts["treatments"]["surgery"] == []
    assert [issue["kind"] for issue in facts["issues"]] == ["ignored-status"]


def test_fractions_of_one_side_are_one_course_and_planning_is_none(facts_of: Any) -> None:
    days = [f"2019-04-{day:02d}" for day in range(1, 27)]
    fractions = [procedure(f"f{day}", concept(coding(CPT, "77412")), day) for day in days]
    facts = facts_of(patient(), CANCER, procedure("sim", concept(coding(CPT, "77290")), "2019-03-20"), *fractions)
    assert rows(facts, "radiation", "started_on", "ended_on") == [("2019-04-01", "2019-04-26")]
    assert len(facts["treatments"]["radiation"][0]["sources"]) == 26


def test_courses_months_apart_are_two(facts_of: Any) -> None:
    one, two = (
        procedure(key, concept(coding(CPT, "77412")), on) for key, on in (("a", "2019-04-01"), ("b", "2021-04-01"))
    )
    assert len(facts_of(patient(), CANCER, one, two)["treatments"]["radiation"]) == 2


def test_radiation_of_bone_is_no_course_of_the_breast(facts_of: Any) -> None:
    bone = procedure("b", concept(coding(CPT, "77412")), "2021-04-01", bodySite=[concept(text="Lumbar spine")])
    facts = facts_of(patient(), CANCER, bone)
    assert facts["treatments"]["radiation"] == []
    assert "radiation-other-site" in facts["events"]


def test_a_dose_in_centigray_is_converted_by_table(facts_of: Any) -> None:
    dose = {
        "url": "http://hl7.org/fhir/us/mcode/StructureDefinition/mcode-radiotherapy-dose-delivered-to-volume",
        "extension": [{"url": "totalDoseDelivered", "valueQuantity": {"value": 5000, "unit": "cGy", "code": "cGy"}}],
    }
    facts = facts_of(
        patient(), CANCER, procedure("r", concept(coding(SNOMED, "1217123003")), "2019-04-01", extension=[dose])
    )
    assert facts["treatments"]["radiation"][0]["dose_gray"] == 50


@pytest.mark.parametrize(
    ("drug", "agent", "classes"),
    [
        (concept(text="Arimidex 1 mg tablet"), "anastrozole", ["aromatase-inhibitor", "endocrine"]),
        (concept(coding(RXNORM, "10324")), "tamoxifen", ["serm", "endocrine"]),
        (concept(text="trastuzumab-anns (KANJINTI) 420 mg IVPB"), "trastuzumab", ["her2"]),
        (concept(text="ado-trastuzumab emtansine (KADCYLA)"), "ado-trastuzumab emtansine", ["her2"]),
        (concept(text="DOXOrubicin liposomal (DOXIL)"), "doxorubicin", ["anthracycline", "chemotherapy"]),
        (concept(text="PACLitaxel protein-bound (Abraxane)"), "paclitaxel", ["taxane", "chemotherapy"]),
        (concept(text="Zoladex 3.6 mg implant"), "goserelin", ["ovarian-suppression", "endocrine"]),
        (concept(coding("http://www.whocc.no/atc", "L02BG04")), "letrozole", ["aromatase-inhibitor", "endocrine"]),
        (concept(coding(RXNORM, "1946828", "abemaciclib 150 MG Oral Tablet")), "abemaciclib", ["cdk4-6"]),
        (concept(coding(RXNORM, "73274", "letrozole 2.5 MG")), "letrozole", ["aromatase-inhibitor", "endocrine"]),
    ],
)
def test_drugs_are_known_by_code_ingredient_and_brand(facts_of: Any, drug: Any, agent: str, classes: list[str]) -> None:
    facts = facts_of(patient(), CANCER, order("m", drug, "2020-01-01"))
    assert [(row["agent"], row["class"]) for row in facts["treatments"]["systemic"]] == [(agent, classes)]


def test_a_wrong_number_with_the_right_words_is_read_by_its_words(facts_of: Any) -> None:
    facts = facts_of(patient(), CANCER, order("m", concept(coding(RXNORM, "4492", "carboplatin")), "2020-01-01"))
    assert [row["agent"] for row in facts["treatments"]["systemic"]] == ["carboplatin"]


def test_a_fixed_combination_is_its_two_ingredients(facts_of: Any) -> None:
    facts = facts_of(patient(), CANCER, given("m", concept(text="PHESGO 600 mg"), "2020-01-01"))
    assert [row["agent"] for row in facts["treatments"]["systemic"]] == ["pertuzumab", "trastuzumab"]


def test_a_claimed_infusion_is_a_drug(facts_of: Any) -> None:
    facts = facts_of(patient(), CANCER, procedure("j", concept(coding(HCPCS, "J9355")), "2020-01-01"))
    assert rows(facts, "systemic", "agent", "status") == [("trastuzumab", "unknown")]


def test_medication_by_reference_and_contained(facts_of: Any) -> None:
    medication = {"resourceType": "Medication", "id": "x", "code": concept(coding(RXNORM, "72965"))}
    one = {
        "resourceType": "MedicationRequest",
        "id": "a",
        "status": "active",
        "intent": "order",
        "subject": ME,
        "medicationReference": {"reference": "Medication/x"},
        "authoredOn": "2020-01-01",
    }
    two = {**one, "id": "b", "contained": [{**medication, "id": "c"}], "medicationReference": {"reference": "#c"}}
    facts = facts_of(patient(), CANCER, medication, one, two)
    assert facts["treatments"]["systemic"][0]["sources"] == ["MedicationRequest/a", "MedicationRequest/b"]


def status(facts: dict[str, Any]) -> str:
    return str(facts["treatments"]["systemic"][0]["status"])


def test_status_of_a_drug_from_orders_statements_and_administrations(facts_of: Any) -> None:
    tamoxifen, ac = concept(coding(RXNORM, "10324")), concept(coding(RXNORM, "3002"))
    assert status(facts_of(patient(), CANCER, order("a", tamoxifen, "2018-01-01"))) == "active"
    assert status(facts_of(patient(), CANCER, order("a", tamoxifen, "2018-01-01", "completed"))) == "stopped"
    assert status(facts_of(patient(), CANCER, given("a", tamoxifen, "2018-01-01"))) == "unknown"
    assert status(facts_of(patient(), CANCER, order("a", ac, "2018-01-01"))) == "unknown"
    renewed = order("a", tamoxifen, "2018-01-01", "completed"), order("b", tamoxifen, "2024-01-01")
    assert status(facts_of(patient(), CANCER, *renewed)) == "active"


@pytest.mark.parametrize(
    "change",
    [
        {"status": "cancelled"},
        {"status": "entered-in-error"},
        {"intent": "plan"},
        {"doNotPerform": True},
        {"status": "draft"},
    ],
)
def test_what_was_never_taken_is_no_drug(facts_of: Any, change: dict[str, Any]) -> None:
    resource = {**order("a", concept(coding(RXNORM, "10324")), "2018-01-01"), **change}
    assert facts_of(patient(), CANCER, resource)["treatments"]["systemic"] == []


def test_a_statement_that_ended_gives_the_end(facts_of: Any) -> None:
    statement = {
        "resourceType": "MedicationStatement",
        "id": "s",
        "status": "stopped",
        "subject": ME,
        "medicationCodeableConcept": concept(text="Femara"),
        "effectivePeriod": {"start": "2019-06", "end": "2024-06-30"},
    }
    facts = facts_of(patient(), CANCER, statement)
    assert rows(facts, "systemic", "status", "started_on", "ended_on") == [("stopped", "2019-06", "2024-06-30")]


def test_drugs_for_another_cancer_are_not_the_breasts(facts_of: Any) -> None:
    colon = order("a", concept(text="capecitabine 500 mg"), "2022-01-01", reasonCode=[concept(text="Colon cancer")])
    assert facts_of(patient(), CANCER, colon)["treatments"]["systemic"] == []


def test_methotrexate_counts_only_with_the_breast_as_its_reason(facts_of: Any) -> None:
    drug = concept(text="methotrexate 2.5 mg tablet")
    assert facts_of(patient(), CANCER, order("a", drug, "2022-01-01"))["treatments"]["systemic"] == []
    with_reason = order("a", drug, "2022-01-01", reasonReference=[{"reference": "Condition/dx"}])
    assert len(facts_of(patient(), CANCER, with_reason)["treatments"]["systemic"]) == 1


def test_other_drugs_that_rules_ask_about_stand_apart(facts_of: Any) -> None:
    facts = facts_of(patient(), CANCER, order("a", concept(text="paroxetine (PAXIL) 20 mg"), "2026-01-01"))
    assert facts["treatments"]["systemic"] == []
    assert [(row["agent"], row["class"][0]) for row in facts["other_medications"]] == [
        ("paroxetine", "cyp2d6-strong-inhibitor")
    ]


def test_cumulative_doxorubicin_counts_given_doses_once_and_never_guesses(facts_of: Any) -> None:
    def dose(id_: str, on: str, quantity: dict[str, Any]) -> dict[str, Any]:
        return given(id_, concept(coding(RXNORM, "3639")), on, dosage={"dose": quantity})

    per_area = {"value": 60, "unit": "mg/m2", "code": "mg/m2"}
    four = [dose(f"d{month}", f"2020-0{month}-01", per_area) for month in (1, 2, 3, 4)]
    name = "cumulative_doxorubicin_mg_m2"
    assert facts_of(patient(), CANCER, *four)["facts"][name]["value"] == 240
    doubled = dose("copy", "2020-01-01", per_area)
    assert facts_of(patient(), CANCER, *four, doubled)["facts"][name]["value"] == 240
    missing = dose("m", "2020-05-01", {"value": 100, "unit": "mg", "code": "mg"})
    facts = facts_of(patient(), CANCER, *four, missing)
    assert facts["facts"][name]["state"] == "not-found"
    assert any("at least 240" in row["text"] for row in facts["unplaced"])


@pytest.mark.parametrize("status", ["completed", "not-done", "entered-in-error", "unknown", "on-hold", "stopped", None])
def test_only_what_was_surely_given_is_added_and_what_may_have_been_leaves_no_total(
    facts_of: Any, status: str | None
) -> None:
    """Hazard H07: a dose too many, or one too few, moves a patient over or under a limit of the heart."""

    def dose(id_: str, on: str, **changes: Any) -> dict[str, Any]:
        amount = {"dose": {"value": 60, "unit": "mg/m2", "code": "mg/m2"}}
        return {**given(id_, concept(coding(RXNORM, "3639")), on, dosage=amount), **changes}

    four = [dose(f"d{month}", f"2020-0{month}-01") for month in (1, 2, 3, 4)]
    found = facts_of(patient(), CANCER, *four, dose("fifth", "2020-05-01", status=status))
    total = found["facts"]["cumulative_doxorubicin_mg_m2"]
    known = {"completed": 300, "not-done": 240, "entered-in-error": 240}
    assert total["value"] == known.get(status or "")
    assert status in known or any("at least 240" in row["text"] for row in found["unplaced"])


@pytest.mark.parametrize(
    ("code", "breast", "axilla"),
    [
        ("85.21", [("breast-conserving", "unknown")], []),
        ("85.43", [("mastectomy", "unknown")], [("axillary-dissection", "unknown")]),
        ("85.42", [("mastectomy", "bilateral")], []),
        ("40.51", [], [("axillary-dissection", "unknown")]),
        ("85.74", [("reconstruction", "unknown")], []),
        ("85.12", [], []),
    ],
)
@pytest.mark.parametrize("system", ["http://hl7.org/fhir/sid/icd-9-cm", "urn:oid:2.16.840.1.113883.6.104"])
def test_operations_before_2015_are_coded_in_the_third_volume_of_icd_9(
    facts_of: Any, system: str, code: str, breast: Any, axilla: Any
) -> None:
    facts = facts_of(patient(), CANCER, procedure("p", concept(coding(system, code)), "2013-02-01"))
    assert rows(facts, "surgery", "kind", "side") == breast
    assert rows(facts, "axillary_surgery", "kind", "side") == axilla


@pytest.mark.parametrize(("site", "counted"), [(None, False), ("Axillary lymph nodes", True)])
def test_regional_nodes_are_of_the_axilla_only_where_the_record_says_so(
    facts_of: Any, site: str | None, counted: bool
) -> None:
    taken = procedure("p", concept(coding("http://hl7.org/fhir/sid/icd-9-cm", "40.3")), "2013-02-01")
    if site is not None:
        taken["bodySite"] = [concept(text=site)]
    facts = facts_of(patient(), CANCER, taken)
    assert bool(facts["treatments"]["axillary_surgery"]) is counted
    assert ("Procedure/p" in str(facts["unplaced"])) is not counted
