"""Charts converted from cancer registries: ICD-O sites and histologies, items by name, codes that are no counts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import assert_facts, left_breast_cancer, read_facts, rows_of
from tests.support.charts import LOINC, SNOMED, Resource, coding, concept, condition, observation, patient

ICDO3 = "http://terminology.hl7.org/CodeSystem/icd-o-3"
ITEM = "http://registry.example.org/items"
LEFT = [concept(coding(SNOMED, "80248007"))]


def item(id_: str, name: str, **value: Any) -> Resource:
    return observation(id_, concept(coding(ITEM, id_, name)), "2022-06-21", **value)


def answer(code: str, display: str | None = None) -> Resource:
    return concept(coding(ITEM, code, display))


def diagnosis(*codes: str, **more: Any) -> Resource:
    return condition("dx", concept(*(coding(ICDO3, code) for code in codes)), "2022-05-12", bodySite=LEFT, **more)


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        (("C50.4", "8500/3"), "invasive"),
        (("C50.9",), "invasive"),
        (("C50.2", "8500/2"), "dcis"),
        (("C50.2", "8520/2"), "lcis"),
        (("C50.8", "8503/2"), "unknown"),
        (("8520/3",), "invasive"),
    ],
)
def test_the_behavior_of_the_histology_tells_what_an_icd_o_site_of_the_breast_is(
    codes: tuple[str, ...], kind: str
) -> None:
    assert rows_of(read_facts(patient(), diagnosis(*codes)), "cancers") == [(kind, "left", "2022-05-12")]


@pytest.mark.parametrize("codes", [("C50.4", "9010/0"), ("C50.4", "9020/1"), ("C50.9", "8500/6"), ("C18.7", "8140/3")])
def test_benign_growths_of_the_breast_metastases_to_it_and_other_sites_are_no_breast_cancer(
    codes: tuple[str, ...],
) -> None:
    chart = condition("dx", concept(*(coding(ICDO3, code) for code in codes)), "2022-05-12")
    facts = read_facts(patient(), chart)
    assert (facts["cancers"], facts["scope"]["applies"]) == ([], False)


def test_a_histology_without_a_site_of_the_breast_is_no_breast_cancer() -> None:
    assert read_facts(patient(), condition("dx", concept(coding(ICDO3, "8500/3")), "2022"))["cancers"] == []


def test_a_generic_cancer_with_an_icd_o_body_site_of_the_breast_is_a_breast_cancer() -> None:
    site = [concept(coding(ICDO3, "C50.4"))]
    facts = read_facts(patient(), condition("dx", concept(coding(SNOMED, "363346000")), "2022-05-12", bodySite=site))
    assert rows_of(facts, "cancers") == [("invasive", "unknown", "2022-05-12")]


def test_registry_items_are_read_by_their_names() -> None:
    facts = read_facts(
        patient(),
        diagnosis("C50.4", "8500/3"),
        item("a", "Estrogen Receptor Summary", valueCodeableConcept=answer("1", "ER Positive")),
        item("b", "Progesterone Receptor Summary", valueCodeableConcept=answer("0", "PR Negative")),
        item("c", "HER2 Overall Summary", valueCodeableConcept=answer("0", "HER2 Negative")),
        item("d", "AJCC TNM Path T", valueCodeableConcept=answer("p1C")),
        item("e", "AJCC TNM Path N", valueCodeableConcept=answer("p0I+")),
        item("f", "AJCC TNM Clin M", valueCodeableConcept=answer("c0")),
        item("g", "AJCC TNM Path Stage Group", valueCodeableConcept=answer("1A")),
        item("h", "Grade Pathological", valueCodeableConcept=answer("2", "G2: intermediate combined grade")),
        item("i", "Regional Nodes Positive", valueInteger=0),
        item("j", "Regional Nodes Examined", valueInteger=3),
        item("k", "Tumor Size Summary", valueQuantity={"value": 16, "unit": "mm"}),
        item("l", "Oncotype Dx Recurrence Score-Invasive", valueInteger=17),
    )
    assert_facts(
        facts,
        er="positive",
        pr="negative",
        her2="negative",
        t={"value": "T1c", "basis": "pathologic"},
        n={"value": "N0(i+)", "basis": "pathologic"},
        m={"value": "M0", "basis": "clinical"},
        metastasis=facts["facts"]["metastasis"]["value"],
        stage_group={"value": "IA", "basis": "pathologic"},
        grade=2,
        nodes_positive=0,
        nodes_examined=3,
        tumor_size_mm=16,
        oncotype_rs=17,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Regional Nodes Positive", {"valueInteger": 98}),
        ("Regional Nodes Examined", {"valueQuantity": {"value": 95, "unit": "{nodes}"}}),
        ("Tumor Size Summary", {"valueQuantity": {"value": 999, "unit": "mm"}}),
        ("AJCC TNM Path T", {"valueCodeableConcept": answer("88")}),
        ("Oncotype Dx Recurrence Score-Invasive", {"valueInteger": 999}),
        ("Estrogen Receptor Summary", {"valueCodeableConcept": answer("9")}),
    ],
)
def test_a_registry_code_for_not_known_is_never_a_value_and_is_told(name: str, value: dict[str, Any]) -> None:
    facts = read_facts(patient(), left_breast_cancer(), item("a", name, **value))
    assert_facts(facts)
    assert [issue["resource"] for issue in facts["issues"]] != []


@pytest.mark.parametrize("name", ["CT", "PT", "pt", "ct", "Pt", "CM"])
def test_a_name_of_two_letters_is_a_category_only_in_the_case_of_tnm(name: str) -> None:
    facts = read_facts(patient(), left_breast_cancer(), observation("a", concept(text=name), "2022", valueString="T2"))
    assert_facts(facts)


@pytest.mark.parametrize(
    ("name", "value", "fact", "wanted"),
    [
        ("pN", "pN1mi(sn)", "n", {"value": "N1mi", "basis": "pathologic"}),
        ("cT", "2", "t", {"value": "T2", "basis": "clinical"}),
        ("pT category", "T1c", "t", {"value": "T1c", "basis": "pathologic"}),
    ],
)
def test_a_category_by_its_name_alone(name: str, value: str, fact: str, wanted: dict[str, str]) -> None:
    chart = observation("a", concept(text=name), "2022-06-21", valueString=value)
    assert_facts(read_facts(patient(), left_breast_cancer(), chart), **{fact: wanted})


@pytest.mark.parametrize(
    "system",
    [
        "https://terminologies.example.fr/CodeSystem-CIM10",
        "http://cie10.example.es",
        "2.16.840.1.113883.6.90",
        "https://hl7.org/fhir/sid/icd-10-cm",
        "http://id.who.int/icd/release/10/2019",
    ],
)
def test_icd_10_under_its_national_names_is_icd_10(system: str) -> None:
    chart = condition("dx", concept(coding(system, "C50.9")), "2022-05-12")
    assert rows_of(read_facts(patient(), chart), "cancers") == [("invasive", "unknown", "2022-05-12")]


def test_a_procedure_system_of_icd_10_is_not_taken_for_diagnoses() -> None:
    chart = condition("dx", concept(coding("http://example.org/icd-10-pcs", "C50.9")), "2022-05-12")
    assert read_facts(patient(), chart)["cancers"] == []


def test_an_edition_of_snomed_ct_is_snomed_ct() -> None:
    chart = condition("dx", concept(coding("http://snomed.info/sct/11000146104", "254837009")), "2022-05-12")
    assert rows_of(read_facts(patient(), chart), "cancers") == [("invasive", "unknown", "2022-05-12")]


def test_stage_iva_is_no_stage_of_breast_cancer_but_distant_disease_and_is_told() -> None:
    stage = observation("s", concept(coding(LOINC, "21908-9")), "2022-06-01", valueCodeableConcept=concept(text="IVA"))
    facts = read_facts(patient(), left_breast_cancer(), stage)
    assert_facts(facts, metastasis="present")
    assert facts["scope"]["reasons"] == ["metastatic-disease"]
    assert any("IVA" in issue["detail"] for issue in facts["issues"])
