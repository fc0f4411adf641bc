"""Problem lists that name lumps, risks, fears and other organs: none of them is a breast cancer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import assert_chart, left_breast_cancer
from tests.support.charts import (
    ICD10,
    LOINC,
    Resource,
    coding,
    concept,
    condition,
    observation,
    patient,
)

NO_CANCER = [
    pytest.param(
        [patient(), condition("c", concept(text="Breast mass, left"), "2020-01-01")],
        {},
        {"cancers": []},
        id="breast-mass",
    ),
    pytest.param(
        [patient(), condition("c", concept(coding(ICD10, "D24.2", "Benign neoplasm of left breast")), "2020-01-01")],
        {},
        {"cancers": []},
        id="fibroadenoma",
    ),
    pytest.param(
        [
            patient(),
            condition(
                "c",
                concept(coding(ICD10, "Z12.31", "Encounter for screening mammogram for malignant neoplasm of breast")),
                "2020-01-01",
            ),
        ],
        {},
        {"cancers": []},
        id="screening",
    ),
    pytest.param(
        [patient(), condition("c", concept(text="Atypical ductal hyperplasia of left breast"), "2020-01-01")],
        {},
        {"cancers": []},
        id="atypical",
    ),
    pytest.param(
        [
            patient(),
            condition("c", concept(coding(ICD10, "Z15.01"), text="BRCA1 gene mutation positive"), "2020-01-01"),
        ],
        {"germline": [{"gene": "BRCA1", "result": "pathogenic"}]},
        {"cancers": []},
        id="brca-carrier",
    ),
    pytest.param(
        [patient(), condition("c", concept(text="Family history of breast cancer in mother"), "2020-01-01")],
        {},
        {"cancers": []},
        id="fh-text",
    ),
    pytest.param(
        [patient(), condition("c", concept(text="At high risk for breast cancer"), "2020-01-01")],
        {},
        {"cancers": []},
        id="risk",
    ),
    pytest.param(
        [patient(), condition("c", concept(text="Prophylactic mastectomy status"), "2020-01-01")],
        {},
        {"cancers": []},
        id="ppx-mast",
    ),
    pytest.param(
        [
            patient(),
            condition(
                "c", concept(coding(ICD10, "Z40.01", "Encounter for prophylactic removal of breast")), "2020-01-01"
            ),
        ],
        {},
        {"cancers": []},
        id="z40",
    ),
    pytest.param(
        [patient(), condition("c", concept(text="Benign phyllodes tumor of right breast"), "2020-01-01")],
        {},
        {"cancers": []},
        id="phyllodes",
    ),
    pytest.param(
        [patient(), condition("c", concept(text="Fear of breast cancer"), "2020-01-01")], {}, {"cancers": []}, id="fear"
    ),
    pytest.param(
        [patient(), condition("c", concept(text="Abnormal mammogram concerning for breast cancer"), "2020-01-01")],
        {},
        {"cancers": []},
        id="concern",
    ),
    pytest.param(
        [patient(), condition("c", concept(text="R/O breast cancer"), "2020-01-01")], {}, {"cancers": []}, id="rule-out"
    ),
    pytest.param(
        [
            patient(),
            condition("c", concept(coding(ICD10, "C18.9", "Malignant neoplasm of colon")), "2020-01-01"),
            observation(
                "s",
                concept(coding(LOINC, "21908-9")),
                "2020-01-02",
                valueCodeableConcept=concept(text="Stage IIIA"),
                focus=[{"reference": "Condition/c"}],
            ),
        ],
        {},
        {"cancers": []},
        id="colon",
    ),
    pytest.param(
        [
            patient(),
            left_breast_cancer(),
            condition("c", concept(coding(ICD10, "C18.9", "Malignant neoplasm of colon")), "2015-01-01"),
            observation(
                "s", concept(coding(LOINC, "21908-9")), "2015-01-22", valueCodeableConcept=concept(text="Stage IIIA")
            ),
        ],
        {},
        {"cancers": [("invasive", "left", "2022-05-12")]},
        id="both-colon-no-focus",
    ),
]


@pytest.mark.parametrize(("chart", "expected", "rows"), NO_CANCER)
def test_what_is_no_breast_cancer_makes_none(
    chart: list[Resource], expected: dict[str, Any], rows: dict[str, Any]
) -> None:
    assert_chart(chart, expected, rows)
