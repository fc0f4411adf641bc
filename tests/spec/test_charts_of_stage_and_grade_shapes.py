"""Stage, size, nodes, grade, scores and menopause as results in every shape."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import assert_chart, left_breast_cancer
from tests.support.charts import (
    LOINC,
    Resource,
    coding,
    concept,
    observation,
    patient,
)

RESULTS = [
    pytest.param(
        [observation("o", concept(text="AJCC Stage Group"), "2022-06-21", valueString="IIA")],
        {"stage_group": {"value": "IIA", "basis": "unspecified"}},
        {},
        id="stage-text",
    ),
    pytest.param(
        [observation("o", concept(text="Pathologic Stage Group"), "2022-06-21", valueString="Stage IA")],
        {"stage_group": {"value": "IA", "basis": "pathologic"}},
        {},
        id="stage-path",
    ),
    pytest.param(
        [observation("o", concept(text="Clinical T Category"), "2022-06-21", valueString="cT2")],
        {"t": {"value": "T2", "basis": "clinical"}},
        {},
        id="clin-t",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(coding(LOINC, "33728-7")),
                "2022-06-21",
                valueQuantity={"value": 1.4, "unit": "centimeter", "code": "cm"},
            )
        ],
        {"tumor_size_mm": 14},
        {},
        id="size-in",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(coding(LOINC, "33728-7")),
                "2022-06-21",
                valueQuantity={"value": 1.4, "unit": "in", "code": "[in_i]"},
            )
        ],
        {},
        {},
        id="size-um",
    ),
    pytest.param([observation("o", concept(text="LVEF"), "2022-06-21", valueString="55-60%")], {}, {}, id="lvef-range"),
    pytest.param(
        [observation("o", concept(text="Oncotype DX Recurrence Score"), "2022-06-21", valueQuantity={"value": 18})],
        {"oncotype_rs": 18},
        {},
        id="oncotype-obs",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(text="Oncotype DX 9-year risk of distant recurrence"),
                "2022-06-21",
                valueQuantity={"value": 4, "unit": "%"},
            )
        ],
        {},
        {},
        id="oncotype-risk",
    ),
    pytest.param(
        [observation("o", concept(text="MammaPrint 70-gene recurrence score"), "2022-06-21", valueString="0.25")],
        {},
        {},
        id="mammaprint-obs",
    ),
    pytest.param(
        [
            observation(
                "o", concept(text="Prosigna Risk of Recurrence Score"), "2022-06-21", valueQuantity={"value": 45}
            )
        ],
        {},
        {},
        id="prosigna-obs",
    ),
    pytest.param(
        [observation("o", concept(text="Lymph nodes positive"), "2022-06-21", valueString="1/3")],
        {"nodes_positive": 1, "nodes_examined": 3},
        {},
        id="nodes-ratio",
    ),
    pytest.param(
        [observation("o", concept(text="Number of positive lymph nodes"), "2022-06-21", valueInteger=1)],
        {"nodes_positive": 1},
        {},
        id="nodes-pos-int",
    ),
    pytest.param(
        [observation("o", concept(text="Menopausal status"), "2022-06-21", valueString="Post-menopausal")],
        {"menopausal_status": "postmenopausal"},
        {},
        id="menop",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(text="Menopausal status at diagnosis"),
                "2022-06-21",
                valueCodeableConcept=concept(text="Pre"),
            )
        ],
        {"menopausal_status": "premenopausal"},
        {},
        id="menop2",
    ),
    pytest.param(
        [observation("o", concept(text="Nottingham Grade"), "2022-06-21", valueString="Grade 2 (6/9)")],
        {"grade": 2},
        {},
        id="grade-obs-text",
    ),
    pytest.param(
        [
            observation(
                "o",
                concept(coding(LOINC, "44648-4")),
                "2022-06-21",
                valueCodeableConcept=concept(text="Nottingham Score 8/9 (Grade 3)"),
            )
        ],
        {"grade": 3},
        {},
        id="grade-code",
    ),
    pytest.param(
        [observation("o", concept(text="Nottingham score"), "2022-06-21", valueString="7/9")],
        {"grade": 2},
        {},
        id="grade-score",
    ),
    pytest.param(
        [observation("o", concept(text="Gleason grade group"), "2022-06-21", valueInteger=2)], {}, {}, id="gleason"
    ),
    pytest.param(
        [observation("o", concept(text="Grade"), "2022-06-21", valueString="Grade 2 dermatitis")],
        {},
        {},
        id="toxic-grade",
    ),
    pytest.param(
        [observation("o", concept(text="CTCAE Grade"), "2022-06-21", valueInteger=2)], {}, {}, id="neurop-grade"
    ),
]


@pytest.mark.parametrize(("chart", "expected", "rows"), RESULTS)
def test_a_result_of_the_tumor_is_read_in_its_shape_or_not_at_all(
    chart: list[Resource], expected: dict[str, Any], rows: dict[str, Any]
) -> None:
    assert_chart([patient(), left_breast_cancer(), *chart], expected, rows)
