"""A code and its words that name two tests, and modifiers that nobody here understands: shown, never read."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from smart_app.clinical.codes import CodeMap
from smart_app.fhir.extract.observation_page import EventStore, ObservationFilter, read_page
from tests.support.charts import ICD10, LOINC, SNOMED, coding, concept, condition, observation, patient, procedure

BREAST = condition("b", concept(coding(ICD10, "C50.412")), "2020-02-11")
POSITIVE = concept(coding(SNOMED, "10828004", "Positive"))
MODIFIER = [{"url": "http://example.org/of-a-relative", "valueBoolean": True}]


@pytest.mark.parametrize(
    ("code", "display", "name"),
    [
        ("16112-5", "Androgen Receptor", "er"),
        ("85337-4", "Progesterone receptor", "er"),
        ("85339-0", "MLH1 mismatch repair protein", "pr"),
        ("85319-2", "PD-L1 by clone 22C3", "her2"),
    ],
)
def test_a_receptor_code_with_the_words_of_another_test_is_listed_and_not_read(
    facts_of: Callable[..., Any], code: str, display: str, name: str
) -> None:
    result = observation("o", concept(coding(LOINC, code, display)), "2020-02-20", valueCodeableConcept=POSITIVE)
    facts = facts_of(patient(), BREAST, result)

    assert facts["facts"][name]["state"] == "not-found"
    assert display in str(facts["unplaced"])


@pytest.mark.parametrize("display", [None, "ER Ag IHC", "Östrogenrezeptor", "Hormone receptor", "Pathology result"])
def test_words_that_name_no_other_test_leave_the_code_its_meaning(
    facts_of: Callable[..., Any], display: str | None
) -> None:
    result = observation("o", concept(coding(LOINC, "85337-4", display)), valueCodeableConcept=POSITIVE)

    assert facts_of(patient(), BREAST, result)["facts"]["er"]["value"] == "positive"


def test_a_diagnosis_with_an_unknown_modifier_is_not_the_patients(facts_of: Callable[..., Any]) -> None:
    facts = facts_of(patient(), BREAST | {"modifierExtension": MODIFIER})

    assert facts["cancers"] == []
    assert ("unreadable", "Condition/b") in {(issue["kind"], issue["resource"]) for issue in facts["issues"]}


def test_a_result_and_an_operation_with_an_unknown_modifier_are_not_used(facts_of: Callable[..., Any]) -> None:
    er = observation("o", concept(coding(LOINC, "85337-4")), valueCodeableConcept=POSITIVE, modifierExtension=MODIFIER)
    operation = procedure("p", concept(coding(SNOMED, "392021009")), "2020-03-01", modifierExtension=MODIFIER)
    facts = facts_of(patient(), BREAST, er, operation)

    assert facts["facts"]["er"]["state"] == "not-found"
    assert facts["treatments"]["surgery"] == []


def test_a_modifier_survives_the_reading_of_large_pages(codes: CodeMap) -> None:
    lipids = observation("l", concept(coding(LOINC, "2093-3")), "2024-01-01", modifierExtension=MODIFIER)
    page = json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": lipids}]})
    events = EventStore()

    read_page(page.encode(), ObservationFilter(codes), events, set())

    assert events.resources()["Observation/l"]["modifierExtension"] == MODIFIER


@pytest.mark.parametrize(
    ("title", "answer", "expected"),
    [
        ("Receptor status", "ER+ PR+ HER2-", ("positive", "positive", "negative")),
        ("Molecular subtype", "Triple negative", ("negative", "negative", "negative")),
        ("Biomarkers", "ER 95%, PR 0%, HER2 1+", ("positive", "negative", "negative")),
        ("Hormone receptor status", "HR+/HER2-", (None, None, "negative")),
        ("Hormone receptor status", "Positive", (None, None, None)),
        ("Molecular subtype", "HER2-enriched", (None, None, None)),
        ("Molecular subtype", "Luminal A", (None, None, None)),
        ("Biomarkers", "ER pending", (None, None, None)),
    ],
)
def test_a_receptor_profile_says_only_the_receptors_that_it_names(
    facts_of: Callable[..., Any], title: str, answer: str, expected: tuple[str | None, ...]
) -> None:
    facts = facts_of(patient(), BREAST, observation("o", concept(text=title), "2020-02-20", valueString=answer))

    assert tuple(facts["facts"][name]["value"] for name in ("er", "pr", "her2")) == expected
    assert (title in str(facts["unplaced"])) == (expected == (None, None, None))


@pytest.mark.parametrize("title", ["ERBB2 gene mutation", "HER2 (ERBB2) sequence variants", "ERBB2 exon 20 sequencing"])
def test_a_mutation_of_the_her2_gene_is_no_her2_status(facts_of: Callable[..., Any], title: str) -> None:
    facts = facts_of(patient(), BREAST, observation("o", concept(text=title), "2020-02-20", valueString="Detected"))

    assert facts["facts"]["her2"]["state"] == "not-found"
    assert title in str(facts["unplaced"])
