"""Results in the shapes that laboratories and EHRs give them: each alone beside a left breast cancer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import assert_chart, left_breast_cancer
from tests.support.charts import (
    EPIC,
    LOINC,
    SNOMED,
    Resource,
    coding,
    concept,
    observation,
    patient,
)

RESULTS = [
    pytest.param(
        [
            observation(
                "o",
                concept(coding(EPIC, "1230001", "ESTROGEN RECEPTOR STATUS"), text="ESTROGEN RECEPTOR STATUS"),
                "2022-06-21",
                valueString="Positive (>90%)",
            )
        ],
        {"er": "positive"},
        {},
        id="epic-er-text",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(coding(None, None), text="Estrogen Receptor IHC"),
                "2022-06-21",
                valueCodeableConcept=concept(text="Positive"),
            )
        ],
        {"er": "positive"},
        {},
        id="cerner-er",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(coding(LOINC, "85337-4")),
                "2022-06-21",
                valueQuantity={"value": 90, "unit": "%", "code": "%"},
                interpretation=[
                    concept(coding("http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "POS"))
                ],
            )
        ],
        {"er": "positive"},
        {},
        id="er-interp-only",
    ),
    pytest.param(
        [observation("o", concept(coding(LOINC, "85337-4")), "2022-06-21", valueBoolean=False)],
        {"er": "negative"},
        {},
        id="er-bool",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(coding(LOINC, "85337-4")),
                "2022-06-21",
                valueCodeableConcept=concept(coding(LOINC, "LA6576-8", "Positive")),
                component=[
                    {
                        "code": concept(coding(LOINC, "85329-1")),
                        "valueQuantity": {"value": 90, "unit": "%", "code": "%"},
                    }
                ],
            )
        ],
        {"er": {"value": "positive", "percent": 90}},
        {},
        id="er-with-no-answer-comp",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(text="Breast biomarker panel"),
                "2022-06-21",
                component=[
                    {"code": concept(text="ER"), "valueString": "Positive"},
                    {"code": concept(text="PR"), "valueString": "Negative"},
                    {"code": concept(text="HER2 IHC"), "valueString": "1+"},
                    {"code": concept(text="Ki-67"), "valueQuantity": {"value": 14, "unit": "%"}},
                ],
            )
        ],
        {
            "er": "positive",
            "pr": "negative",
            "her2": {"value": "negative", "ihc": "1+", "low": True},
            "ki67_percent": 14,
        },
        {},
        id="panel",
    ),
    pytest.param(
        [observation("o", concept(coding(LOINC, "16112-5")), "2022-06-21", valueString="NEGATIVE  (0 %)")],
        {"er": "negative"},
        {},
        id="er-string-0",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(coding(LOINC, "16112-5")),
                "2022-06-21",
                valueString="Strongly positive, 3+ in 95% of tumor cells",
            )
        ],
        {"er": "positive"},
        {},
        id="er-strong",
    ),
    pytest.param(
        [observation("o", concept(coding(LOINC, "16112-5")), "2022-06-21", valueString="Pos")],
        {"er": "positive"},
        {},
        id="er-noted",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(coding(LOINC, "40556-3")),
                "2022-06-21",
                valueCodeableConcept=concept(coding(SNOMED, "260373001", "Detected")),
            )
        ],
        {"er": "positive"},
        {},
        id="er-detected",
    ),
    pytest.param(
        [observation("o", concept(coding(LOINC, "18474-7")), "2022-06-21", valueString="Negative (1+)")],
        {"her2": {"value": "negative", "ihc": "1+", "low": True}},
        {},
        id="her2-neg-str",
    ),
    pytest.param(
        [observation("o", concept(coding(LOINC, "85319-2")), "2022-06-21", valueString="Equivocal 2+")],
        {"her2": {"value": "equivocal", "ihc": "2+"}},
        {},
        id="her2-2-str",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(coding(LOINC, "32996-1", "HER2 [Mass/volume] in Serum"), text="HER-2/neu, serum"),
                "2022-06-21",
                valueQuantity={"value": 12.1, "unit": "ng/mL"},
            )
        ],
        {},
        {},
        id="her2-serum",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(coding(LOINC, "2039-6", "CEA")),
                "2022-06-21",
                valueQuantity={"value": 2.1, "unit": "ng/mL"},
            )
        ],
        {},
        {},
        id="cea",
    ),
    pytest.param(
        [observation("o", concept(text="ER visit reason"), "2022-06-21", valueString="positive for chest pain")],
        {},
        {},
        id="er-visit",
    ),
    pytest.param(
        [observation("o", concept(text="PR interval"), "2022-06-21", valueQuantity={"value": 160, "unit": "ms"})],
        {},
        {},
        id="pr-interval",
    ),
    pytest.param(
        [observation("o", concept(text="Androgen receptor"), "2022-06-21", valueString="Positive")], {}, {}, id="ar"
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(coding(LOINC, "85337-4")),
                "2022-06-21",
                dataAbsentReason=concept(coding(None, "not-performed")),
            )
        ],
        {},
        {},
        id="dataabsent",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(coding(LOINC, "85337-4")),
                "2022-06-21",
                valueString="Positive",
                valueQuantity={"value": 92, "unit": "%"},
            )
        ],
        {"er": "positive"},
        {},
        id="two-values",
    ),
    pytest.param(
        [observation("o", concept(text="Östrogenrezeptor"), "2022-06-21", valueString="positiv (90%)")],
        {},
        {},
        id="german",
    ),
    pytest.param(
        [observation("o", concept(text="Receptor de estrógeno"), "2022-06-21", valueString="Positivo")],
        {},
        {},
        id="spanish",
    ),
    pytest.param(
        [observation("o", concept(coding(LOINC, "85329-1")), "2022-06-21", valueQuantity={"value": 1, "unit": "%"})],
        {"er": {"value": "low-positive", "percent": 1}},
        {},
        id="er-quant-low",
    ),
    pytest.param(
        [observation("o", concept(coding(LOINC, "85337-4")), "2022-06-21T23:30:00-05:00", valueString="Positive")],
        {"er": "positive"},
        {},
        id="date-tz",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(coding(LOINC, "85329-1")),
                "2022-06-21",
                valueQuantity={"value": 90, "unit": "fmol/mg", "code": "fmol/mg"},
            )
        ],
        {},
        {},
        id="percent-code-mismatch",
    ),
]


@pytest.mark.parametrize(("chart", "expected", "rows"), RESULTS)
def test_a_result_is_read_in_its_shape_or_not_at_all(
    chart: list[Resource], expected: dict[str, Any], rows: dict[str, Any]
) -> None:
    assert_chart([patient(), left_breast_cancer(), *chart], expected, rows)
