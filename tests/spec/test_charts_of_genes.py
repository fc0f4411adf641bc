"""Results of genetic tests: germline with its words, tumor and open ones listed, never silent, never guessed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import left_breast_cancer, read_facts
from tests.support.charts import (
    LOINC,
    ME,
    Resource,
    coding,
    concept,
    condition,
    observation,
    patient,
    report,
)

LOINC_BRCA1 = concept(
    coding(LOINC, "21636-6", "BRCA1 gene mutations found [Identifier] in Blood or Tissue by Molecular genetics method")
)
BLOOD = {"resourceType": "Specimen", "id": "s", "subject": ME, "type": {"text": "Whole blood"}}
TUMOR_BLOCK = {"resourceType": "Specimen", "id": "s", "subject": ME, "type": {"text": "Tumor tissue, FFPE"}}


def gene_test(name: str | Resource, value: str, **more: Any) -> Resource:
    code = concept(text=name) if isinstance(name, str) else name
    return observation("g", code, "2022-03-01", valueString=value, **more)


def germline(*chart: Resource) -> tuple[dict[str, str], list[str]]:
    """Result by gene, and what is listed as not understood."""
    facts = read_facts(patient(), left_breast_cancer(), *chart)
    found = {row["gene"]: row["result"] for row in facts["facts"]["germline"]["value"] or []}
    return found, [row["text"] for row in facts["unplaced"]]


READ: list[tuple[Resource, dict[str, str]]] = [
    (gene_test("Hereditary cancer panel, blood: BRCA2", "VUS c.123A>G"), {"BRCA2": "vus"}),
    (gene_test("BRCA1/2 genetic testing", "Negative"), {"BRCA1": "negative", "BRCA2": "negative"}),
    (
        gene_test("Germline BRCA 1 and BRCA 2 analysis", "No mutations detected"),
        {"BRCA1": "negative", "BRCA2": "negative"},
    ),
    (
        gene_test("Germline panel", "BRCA1 pathogenic variant detected, BRCA2 negative"),
        {"BRCA1": "pathogenic", "BRCA2": "negative"},
    ),
    (
        gene_test("Invitae panel", "PALB2: no pathogenic variant; one variant of uncertain significance"),
        {"PALB2": "vus"},
    ),
    (gene_test("Genetic panel (saliva)", "Positive - BRCA2 c.5946delT, pathogenic"), {"BRCA2": "pathogenic"}),
    (gene_test("Germline CHEK2", "Negative for pathogenic or likely pathogenic variants"), {"CHEK2": "negative"}),
]


@pytest.mark.parametrize(("test", "expected"), READ)
def test_a_germline_result_is_read_for_each_gene_that_it_names(test: Resource, expected: dict[str, str]) -> None:
    assert germline(test) == (expected, [])


LISTED: list[tuple[Resource, str]] = [
    (gene_test(LOINC_BRCA1, "No pathogenic variant detected"), "No pathogenic variant detected"),
    (gene_test("BRCA1 gene", "Pathogenic variant detected"), "Pathogenic variant detected"),
    (gene_test("BRCA1 tumor sequencing", "c.68_69delAG detected"), "c.68_69delAG detected"),
    (gene_test("Hereditary cancer panel", "Negative"), "Negative"),
    (gene_test("Germline BRCA1/2", "Pathogenic variant detected"), "Pathogenic variant detected"),
    (gene_test("Germline BRCA1", "Keine pathogene Variante"), "Keine pathogene Variante"),
    (gene_test("Germline BRCA1", "See scanned report"), "See scanned report"),
    (gene_test("BRCA", "negative"), "negative"),
]


@pytest.mark.parametrize(("test", "shown"), LISTED)
def test_a_gene_result_that_is_not_known_to_be_germline_or_not_understood_is_shown_verbatim(
    test: Resource, shown: str
) -> None:
    assert germline(test) == ({}, [shown])


def test_a_test_of_blood_is_germline_and_one_of_the_tumor_block_is_not() -> None:
    test = gene_test(LOINC_BRCA1, "No pathogenic variant detected", specimen={"reference": "Specimen/s"})
    assert germline(test, BLOOD) == ({"BRCA1": "negative"}, [])
    assert germline(test, TUMOR_BLOCK) == ({}, ["No pathogenic variant detected"])


def test_a_result_listed_by_a_report_of_germline_testing_is_germline() -> None:
    test = gene_test(LOINC_BRCA1, "No pathogenic variant detected")
    listing = report(
        "r", concept(text="Germline genetic testing"), "2022-03-02", result=[{"reference": "Observation/g"}]
    )
    assert germline(test, listing) == ({"BRCA1": "negative"}, [])


@pytest.mark.parametrize(("source_class", "listed"), [(None, 1), ("Somatic", 0)])
def test_a_variant_without_a_source_class_is_listed_and_a_somatic_one_is_understood(
    source_class: str | None, listed: int
) -> None:
    parts = [
        {"code": concept(coding(LOINC, "48018-6")), "valueCodeableConcept": concept(text="BRCA1")},
        {"code": concept(coding(LOINC, "53037-8")), "valueCodeableConcept": concept(text="Pathogenic")},
    ]
    if source_class:
        parts.append({"code": concept(coding(LOINC, "48002-0")), "valueCodeableConcept": concept(text=source_class)})
    variant = observation(
        "g",
        concept(coding(LOINC, "69548-6")),
        "2022-03-01",
        valueCodeableConcept=concept(text="Present"),
        component=parts,
    )
    found, shown = germline(variant)
    assert (found, len(shown)) == ({}, listed)


@pytest.mark.parametrize(
    ("sentence", "expected", "shown"),
    [
        (
            "Germline testing: BRCA1 pathogenic variant identified, BRCA2 negative.",
            {"BRCA1": "pathogenic", "BRCA2": "negative"},
            [],
        ),
        (
            "Negative for pathogenic variants in BRCA1 and BRCA2 on germline testing.",
            {"BRCA1": "negative", "BRCA2": "negative"},
            [],
        ),
        ("Breast cancer, BRCA1 negative.", {}, ["Breast cancer, BRCA1 negative"]),
        ("Mother carries a BRCA1 pathogenic variant.", {}, []),
    ],
)
def test_a_sentence_on_genes_gives_each_gene_its_own_result(
    sentence: str, expected: dict[str, str], shown: list[str]
) -> None:
    note = report("r", concept(text="Oncology note"), "2022-03-01", sentence)
    found, listed = germline(note)
    assert found == expected
    assert [text.rstrip(".") for text in listed] == shown


@pytest.mark.parametrize(
    ("words", "expected"),
    [("BRCA2 gene mutation", {"BRCA2": "pathogenic"}), ("BRCA1 mutation, uncertain significance", {"BRCA1": "vus"})],
)
def test_a_gene_on_the_problem_list_is_what_its_words_say(words: str, expected: dict[str, str]) -> None:
    assert germline(condition("c", concept(text=words), "2020-01-01"))[0] == expected
