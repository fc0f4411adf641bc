"""What says treatment, spread or progression and decides nothing: listed in its own words, never silent."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.charts import (
    ICD10,
    LOINC,
    SNOMED,
    coding,
    concept,
    condition,
    observation,
    order,
    patient,
    procedure,
    report,
)
from tests.support.checked_extract import extract_record
from tests.support.whole_charts import AS_OF, read, value

CANCER = condition("c", concept(coding(ICD10, "C50.912")), "2020-01-01")


@pytest.mark.parametrize(
    ("chart", "listed"),
    [
        ([procedure("p", concept(coding(SNOMED, "367336001", "Chemotherapy")), "2022-03-01")], ["Chemotherapy"]),
        ([procedure("p", concept(text="Adjuvant chemotherapy, 4 cycles"), "2022-03-01")], ["Adjuvant chemotherapy"]),
        ([procedure("p", concept(text="Chemotherapy education"), "2022-03-01")], []),
        ([procedure("p", concept(text="Adjuvant chemotherapy"), "2022-03-01", status="not-done")], []),
        (
            [
                procedure("p", concept(text="Adjuvant chemotherapy"), "2022-03-01"),
                order("d", concept(text="Docetaxel 75 mg/m2"), "2022-03-01", status="completed"),
            ],
            [],
        ),
        (
            [report("r", concept(text="CT abdomen"), "2025-02-01", conclusion="Multiple liver metastases.")],
            ["Multiple"],
        ),
        ([report("r", concept(text="CT abdomen"), "2025-02-01", conclusion="No evidence of liver metastases.")], []),
        (
            [
                report("r", concept(text="CT abdomen"), "2025-02-01", conclusion="Multiple liver metastases."),
                condition("m", concept(coding(ICD10, "C78.7")), "2025-02-03"),
            ],
            [],
        ),
        (
            [
                observation(
                    "s",
                    concept(coding(LOINC, "97509-4")),
                    "2025-02-01",
                    valueCodeableConcept=concept(coding(SNOMED, "271299001", "Patient's condition worsened")),
                )
            ],
            ["Patient's condition worsened"],
        ),
        (
            [
                observation(
                    "s",
                    concept(coding(LOINC, "97509-4")),
                    "2025-02-01",
                    valueCodeableConcept=concept(coding(SNOMED, "359746009", "Patient's condition stable")),
                )
            ],
            [],
        ),
    ],
)
def test_what_says_treatment_or_spread_and_decides_nothing_is_listed_verbatim(
    knowledge: Any, chart: list[Any], listed: list[str]
) -> None:
    record = extract_record([patient(), CANCER, *chart], knowledge.codes, AS_OF)
    found = [result for result in record.unplaced if result.source.reference != "Condition/c"]
    assert len(found) == len(listed)
    for result, words in zip(found, listed, strict=True):
        assert result.text.startswith(words)


@pytest.mark.parametrize(("code", "name"), [("14228-1", "er"), ("14230-7", "pr")])
def test_percentages_of_stained_cells_in_any_tissue_are_receptors(knowledge: Any, code: str, name: str) -> None:
    percent = {"value": 80, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}
    result = observation("o", concept(coding(LOINC, code)), "2020-01-05", valueQuantity=percent)
    facts, _ = read(knowledge, patient(), CANCER, result)
    assert (value(facts, name), facts["facts"][name]["percent"]) == ("positive", 80.0)
