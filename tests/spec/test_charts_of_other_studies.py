"""Breast MRI and ultrasound, bone density and echocardiograms as reports, orders and image series."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import assert_studies
from tests.support.charts import (
    CPT,
    ME,
    SNOMED,
    Resource,
    coding,
    concept,
    procedure,
    report,
)

STUDIES = [
    pytest.param(
        [
            report(
                "m",
                concept(text="MRI BREAST BILATERAL W WO CONTRAST"),
                "2024-03-02",
                conclusion="No suspicious enhancement. BI-RADS 2.",
            )
        ],
        {"birads": "2"},
        {"breast_mri": ("2024-03-02", "bilateral", "2")},
        id="mri",
    ),
    pytest.param(
        [
            report(
                "m",
                concept(text="MRI BRAIN W WO CONTRAST"),
                "2024-03-02",
                conclusion="History of breast cancer. No metastasis.",
            )
        ],
        {},
        {"breast_mri": None},
        id="mri-brain",
    ),
    pytest.param(
        [report("m", concept(text="US BREAST LIMITED RIGHT"), "2024-03-02", conclusion="Simple cyst. BI-RADS 2.")],
        {"birads": "2"},
        {"breast_ultrasound": ("2024-03-02", "right", "2")},
        id="us",
    ),
    pytest.param(
        [report("m", concept(text="US GUIDED BREAST BIOPSY LEFT"), "2024-03-02", conclusion="Successful biopsy.")],
        {},
        {"breast_ultrasound": None},
        id="us-biopsy",
    ),
    pytest.param(
        [
            {
                "resourceType": "ImagingStudy",
                "id": "i",
                "status": "available",
                "subject": ME,
                "started": "2025-01-04T10:00:00Z",
                "modality": [coding("http://dicom.nema.org/resources/ontology/DCM", "MG")],
                "series": [
                    {
                        "uid": "1.2",
                        "modality": coding("http://dicom.nema.org/resources/ontology/DCM", "MG"),
                        "bodySite": coding(SNOMED, "76752008", "Breast"),
                        "laterality": coding(SNOMED, "419161000", "Unilateral left"),
                    }
                ],
            }
        ],
        {},
        {"mammogram": ("2025-01-04", "left", None)},
        id="imgstudy-mg",
    ),
    pytest.param(
        [
            {
                "resourceType": "ImagingStudy",
                "id": "i",
                "status": "available",
                "subject": ME,
                "started": "2025-01-04",
                "modality": [coding("http://dicom.nema.org/resources/ontology/DCM", "MR")],
                "series": [
                    {
                        "uid": "1.2",
                        "modality": coding("http://dicom.nema.org/resources/ontology/DCM", "MR"),
                        "bodySite": coding(SNOMED, "76752008", "Breast"),
                    }
                ],
            }
        ],
        {},
        {"breast_mri": ("2025-01-04", "unknown", None)},
        id="imgstudy-mr-breast",
    ),
    pytest.param(
        [
            {
                "resourceType": "ImagingStudy",
                "id": "i",
                "status": "available",
                "subject": ME,
                "started": "2025-01-04",
                "series": [
                    {
                        "uid": "1.2",
                        "modality": coding("http://dicom.nema.org/resources/ontology/DCM", "US"),
                        "bodySite": coding(SNOMED, "76752008", "Breast structure"),
                    }
                ],
            }
        ],
        {},
        {"breast_ultrasound": ("2025-01-04", "unknown", None)},
        id="imgstudy-us-breast",
    ),
    pytest.param(
        [
            {
                "resourceType": "ImagingStudy",
                "id": "i",
                "status": "available",
                "subject": ME,
                "started": "2025-01-04",
                "series": [
                    {
                        "uid": "1.2",
                        "modality": coding("http://dicom.nema.org/resources/ontology/DCM", "US"),
                        "bodySite": coding(SNOMED, "69748006", "Thyroid"),
                    }
                ],
            }
        ],
        {},
        {"breast_ultrasound": None},
        id="imgstudy-us-thyroid",
    ),
    pytest.param(
        [
            {
                "resourceType": "ImagingStudy",
                "id": "i",
                "status": "available",
                "subject": ME,
                "started": "2025-01-04",
                "description": "MAMMO SCREENING BILATERAL",
            }
        ],
        {},
        {"mammogram": ("2025-01-04", "bilateral", None)},
        id="imgstudy-desc",
    ),
    pytest.param(
        [
            report(
                "m",
                concept(text="DXA BONE DENSITY AXIAL"),
                "2024-03-02",
                conclusion="Lumbar spine T-score -1.8. Osteopenia.",
            )
        ],
        {},
        {"dxa": ("2024-03-02", "unknown", None)},
        id="dxa",
    ),
    pytest.param(
        [procedure("m", concept(coding(CPT, "77080")), "2024-03-02")],
        {},
        {"dxa": ("2024-03-02", "unknown", None)},
        id="dxa-cpt",
    ),
    pytest.param(
        [report("m", concept(text="TRANSTHORACIC ECHO (TTE) COMPLETE"), "2024-03-02", conclusion="LVEF 55-60%.")],
        {},
        {"echocardiogram": ("2024-03-02", "unknown", None)},
        id="echo",
    ),
    pytest.param(
        [procedure("m", concept(coding(CPT, "93306")), "2024-03-02")],
        {},
        {"echocardiogram": ("2024-03-02", "unknown", None)},
        id="echo-cpt",
    ),
    pytest.param(
        [report("m", concept(text="Echocardiogram limited"), "2024-03-02", conclusion="EF 60%")],
        {},
        {"echocardiogram": ("2024-03-02", "unknown", None)},
        id="stress-echo",
    ),
]


@pytest.mark.parametrize(("chart", "expected", "rows"), STUDIES)
def test_a_study_other_than_a_mammogram_is_read_with_its_day_and_side(
    chart: list[Resource], expected: dict[str, Any], rows: dict[str, Any]
) -> None:
    assert_studies(chart, expected, rows)
