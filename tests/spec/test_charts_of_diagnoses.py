"""Problem lists, encounter diagnoses and gene reports: which cancer they name, and which they do not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import assert_chart
from tests.support.charts import (
    ICD10,
    SNOMED,
    Resource,
    coding,
    concept,
    condition,
    patient,
    verification,
)

DIAGNOSES = [
    pytest.param(
        [patient(), condition("c", concept(coding(ICD10, "C50912")), "2020-01-01")],
        {},
        {"cancers": [("invasive", "left", "2020-01-01")]},
        id="dotless",
    ),
    pytest.param(
        [patient(), condition("c", concept(coding("http://hl7.org/fhir/sid/icd-10", "C50.9")), "2020-01-01")],
        {},
        {"cancers": [("invasive", "unknown", "2020-01-01")]},
        id="icd10-who",
    ),
    pytest.param(
        [patient(), condition("c", concept(coding("urn:oid:2.16.840.1.113883.6.90", "C50.912")), "2020-01-01")],
        {},
        {"cancers": [("invasive", "left", "2020-01-01")]},
        id="icd-oid",
    ),
    pytest.param(
        [
            patient(),
            condition(
                "c",
                concept(
                    coding(
                        "http://hl7.org/fhir/sid/icd-9-cm",
                        "174.9",
                        "Malignant neoplasm of breast (female), unspecified",
                    )
                ),
                "2010-01-01",
            ),
        ],
        {},
        {"cancers": [("invasive", "unknown", "2010-01-01")]},
        id="icd9",
    ),
    pytest.param(
        [patient(), condition("c", concept(coding("http://hl7.org/fhir/sid/icd-9-cm", "174.4")), "2010-01-01")],
        {},
        {"cancers": [("invasive", "unknown", "2010-01-01")]},
        id="icd9-4",
    ),
    pytest.param(
        [patient(), condition("c", concept(coding("http://hl7.org/fhir/sid/icd-9-cm", "V10.3")), "2010-01-01")],
        {},
        {"cancers": [("invasive", "unknown", None)]},
        id="v10-3",
    ),
    pytest.param(
        [patient(), condition("c", concept(text="Breast CA, left, s/p lumpectomy 2019"))],
        {},
        {"surgery": [("breast-conserving", "left", "2019")], "cancers": [("invasive", "left", None)]},
        id="text-problem",
    ),
    pytest.param(
        [patient(), condition("c", concept(text="Hx of right breast cancer s/p mastectomy 2015"))],
        {},
        {"surgery": [("mastectomy", "right", "2015")], "cancers": [("invasive", "right", None)]},
        id="text-problem2",
    ),
    pytest.param(
        [
            patient(),
            condition(
                "c",
                concept(
                    text=(
                        "Malignant neoplasm of upper-outer quadrant of left breast in female, estrogen receptor "
                        "positive (HCC)"
                    )
                ),
                "2021-02-03",
            ),
        ],
        {"er": "positive"},
        {"cancers": [("invasive", "left", "2021-02-03")]},
        id="text-stage",
    ),
    pytest.param(
        [
            patient(),
            condition(
                "c",
                concept(
                    coding(ICD10, "C50.411"),
                    text=(
                        "Malignant neoplasm of upper-outer quadrant of right breast in female, estrogen receptor "
                        "negative (CMS/HCC)"
                    ),
                ),
                "2021-02-03",
            ),
        ],
        {"er": "negative"},
        {"cancers": [("invasive", "right", "2021-02-03")]},
        id="er-neg-dx",
    ),
    pytest.param(
        [
            patient(),
            condition("c", concept(text="Carcinoma of left breast, stage 2, estrogen receptor positive"), "2021-02-03"),
        ],
        {"er": "positive", "stage_group": "II"},
        {"cancers": [("invasive", "left", "2021-02-03")]},
        id="stage-list",
    ),
    pytest.param(
        [
            patient(),
            condition(
                "c",
                concept(coding(ICD10, "C50.912")),
                "2020-01-01",
                verificationStatus=verification("provisional"),
            ),
        ],
        {},
        {"cancers": []},
        id="provisional",
    ),
    pytest.param(
        [
            patient(),
            condition(
                "c",
                concept(coding(ICD10, "C50.912")),
                "2020-01-01",
                verificationStatus=verification("refuted"),
            ),
        ],
        {},
        {"cancers": []},
        id="refuted",
    ),
    pytest.param(
        [patient(), condition("c", concept(coding(ICD10, "C50.912")), "2020-01-01", clinical="remission")],
        {},
        {"cancers": [("invasive", "left", "2020-01-01")]},
        id="remission",
    ),
    pytest.param(
        [patient(), condition("c", concept(coding(ICD10, "C50.912")), "2020-01-01", clinical="resolved")],
        {},
        {"cancers": [("invasive", "left", "2020-01-01")]},
        id="resolved",
    ),
    pytest.param(
        [
            patient(),
            condition("c", concept(coding(ICD10, "C50.912")), "2020-01-01"),
            *[
                condition(
                    f"e{i}",
                    concept(coding(ICD10, "C50.912")),
                    f"202{i}-05-01",
                    category=[concept(coding(None, "encounter-diagnosis"))],
                )
                for i in (1, 2, 4)
            ],
        ],
        {},
        {"cancers": [("invasive", "left", "2020-01-01")]},
        id="encounters",
    ),
    pytest.param(
        [patient(gender="male"), condition("c", concept(coding(ICD10, "C50.922")), "2020-01-01")],
        {},
        {"cancers": [("invasive", "left", "2020-01-01")]},
        id="male",
    ),
    pytest.param(
        [patient(), condition("c", concept(text="Metastatic breast cancer, left, to bone"))],
        {"metastasis": "present"},
        {"cancers": [("invasive", "left", None)]},
        id="metastatic-text",
    ),
    pytest.param(
        [patient(), condition("c", concept(text="Left breast cancer, no evidence of metastasis"))],
        {},
        {"cancers": [("invasive", "left", None)]},
        id="no-mets-text",
    ),
    pytest.param(
        [patient(), condition("c", concept(coding(ICD10, "C50.912")), "2020-01-01", clinical="recurrence")],
        {},
        {"cancers": [("invasive", "left", "2020-01-01")]},
        id="recur",
    ),
    pytest.param(
        [patient(), condition("c", concept(text="Invasive lobular carcinoma of left breast"), "2020-01-01")],
        {},
        {"cancers": [("invasive", "left", "2020-01-01")]},
        id="lobular-text",
    ),
    pytest.param(
        [patient(), condition("c", concept(text="Ductal carcinoma in situ (DCIS) of right breast"), "2020-01-01")],
        {},
        {"cancers": [("dcis", "right", "2020-01-01")]},
        id="dcis-text",
    ),
    pytest.param(
        [
            patient(),
            condition(
                "c", concept(coding(ICD10, "D05.11", "Intraductal carcinoma in situ of right breast")), "2020-01-01"
            ),
        ],
        {},
        {"cancers": [("dcis", "right", "2020-01-01")]},
        id="dcis-intraductal",
    ),
    pytest.param(
        [patient(), condition("c", concept(coding(SNOMED, "109889007", "DCIS")), "2020-01-01")],
        {},
        {"cancers": [("dcis", "unknown", "2020-01-01")]},
        id="dcis-snomed",
    ),
    pytest.param(
        [
            patient(),
            condition(
                "c",
                concept(coding(SNOMED, "12345678", "Primary malignant neoplasm of female right breast")),
                "2020-01-01",
            ),
        ],
        {},
        {"cancers": [("invasive", "right", "2020-01-01")]},
        id="snomed-right-text",
    ),
    pytest.param(
        [patient(), condition("c", concept(coding(ICD10, "C50.912")), recordedDate="2020-01-01")],
        {},
        {"cancers": [("invasive", "left", None)]},
        id="recordeddate-only",
    ),
    pytest.param(
        [patient(), condition("c", concept(coding(ICD10, "C50.912")), onsetAge={"value": 55, "unit": "a"})],
        {},
        {"cancers": [("invasive", "left", None)]},
        id="onsetage",
    ),
    pytest.param(
        [patient(), condition("c", concept(coding(ICD10, "C50.912")), onsetString="2019")],
        {},
        {"cancers": [("invasive", "left", "2019")]},
        id="onsetstring",
    ),
    pytest.param(
        [patient(), condition("c", concept(coding(ICD10, "C50.912")), "2019-05-03T23:30:00-05:00")],
        {},
        {"cancers": [("invasive", "left", "2019-05-03")]},
        id="tz",
    ),
    pytest.param(
        [patient(), condition("c", concept(text="Triple negative breast cancer, right"), "2020-01-01")],
        {"er": "negative", "pr": "negative", "her2": "negative"},
        {"cancers": [("invasive", "right", "2020-01-01")]},
        id="triple-neg-text",
    ),
    pytest.param(
        [
            patient(),
            condition("c", concept(text="Breast cancer, right: ER+/PR+, HER2-, pT1c N0, Stage IA"), "2020-01-01"),
        ],
        {"er": "positive", "pr": "positive", "her2": "negative", "t": "T1c", "n": "N0", "stage_group": "IA"},
        {"cancers": [("invasive", "right", "2020-01-01")]},
        id="hr-her2",
    ),
]


@pytest.mark.parametrize(("chart", "expected", "rows"), DIAGNOSES)
def test_a_diagnosis_names_the_cancer_that_it_names(
    chart: list[Resource], expected: dict[str, Any], rows: dict[str, Any]
) -> None:
    assert_chart(chart, expected, rows)
