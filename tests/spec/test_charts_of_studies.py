"""Imaging studies as radiology systems export them: kind, date, side and category."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import assert_studies
from tests.support.charts import (
    CPT,
    EPIC,
    LOINC,
    ME,
    SNOMED,
    Resource,
    coding,
    concept,
    observation,
    procedure,
    report,
)

STUDIES = [
    pytest.param(
        [
            report(
                "m",
                concept(text="MAMMO DIAGNOSTIC LEFT W TOMO"),
                "2025-10-02",
                conclusion="IMPRESSION: Benign postsurgical change. BI-RADS Category 2: Benign.",
            )
        ],
        {"birads": "2"},
        {"mammogram": ("2025-10-02", "left", "2")},
        id="mammo-concl",
    ),
    pytest.param(
        [
            report(
                "m",
                concept(coding(EPIC, "IMG777"), text="MG SCREENING BILAT W TOMO AND CAD"),
                "2025-10-02T09:00:00-04:00",
                (
                    "FINDINGS: The breasts are heterogeneously dense.\n"
                    "IMPRESSION: No mammographic evidence of malignancy.\n"
                    "ASSESSMENT: BI-RADS 1 - Negative\n"
                    "RECOMMENDATION: Annual mammogram."
                ),
            )
        ],
        {"birads": "1"},
        {"mammogram": ("2025-10-02", "bilateral", "1")},
        id="mammo-epic-text",
    ),
    pytest.param(
        [procedure("m", concept(coding(CPT, "77067")), "2025-10-02")],
        {},
        {"mammogram": ("2025-10-02", "bilateral", None)},
        id="mammo-cpt-proc",
    ),
    pytest.param(
        [procedure("m", concept(coding(CPT, "77065")), "2025-10-02", bodySite=[concept(text="Left breast")])],
        {},
        {"mammogram": ("2025-10-02", "left", None)},
        id="mammo-cpt-unilat-lt",
    ),
    pytest.param(
        [
            report(
                "m",
                concept(coding(LOINC, "24605-8", "MG Breast Diagnostic")),
                "2025-10-02",
                conclusionCode=[concept(coding(SNOMED, "397143007"))],
            )
        ],
        {"birads": "3"},
        {"mammogram": ("2025-10-02", "unknown", "3")},
        id="mammo-with-code",
    ),
    pytest.param(
        [
            report(
                "m",
                concept(text="MAMMOGRAM DIAGNOSTIC RIGHT"),
                "2025-10-02",
                conclusion="Suspicious calcifications right breast. BIRADS: 4B",
            )
        ],
        {"birads": "4"},
        {"mammogram": ("2025-10-02", "right", "4")},
        id="mammo-4b",
    ),
    pytest.param(
        [
            report(
                "m",
                concept(text="Mammogram screening bilateral"),
                "2025-10-02",
                conclusion="Compared with prior exam of 2024 (BI-RADS 3). Stable. BI-RADS 2.",
            )
        ],
        {"birads": "2"},
        {"mammogram": ("2025-10-02", "bilateral", "2")},
        id="mammo-prior-birads",
    ),
    pytest.param(
        [
            report(
                "m",
                concept(text="Mammogram screening bilateral"),
                "2025-10-02",
                conclusion=(
                    "ASSESSMENT: BI-RADS 2: Benign.\n"
                    "BI-RADS categories: 0 - incomplete, 1 - negative, 2 - benign, 3 - probably benign, 4 - "
                    "suspicious, 5 - highly suggestive, 6 - known malignancy."
                ),
            )
        ],
        {"birads": "2"},
        {"mammogram": ("2025-10-02", "bilateral", "2")},
        id="mammo-key",
    ),
    pytest.param(
        [
            report(
                "m",
                concept(text="Mammo diagnostic bilateral"),
                "2025-10-02",
                conclusion="LEFT: BI-RADS 2, benign. RIGHT: BI-RADS 1, negative.",
            )
        ],
        {"birads": "2"},
        {"mammogram": ("2025-10-02", "bilateral", "2")},
        id="mammo-left-2-right-1",
    ),
    pytest.param(
        [report("m", concept(text="MAMMO SCREENING"), "2025-10-02", conclusion="BI-RADS 0", status="preliminary")],
        {},
        {"mammogram": None},
        id="mammo-prelim",
    ),
    pytest.param(
        [procedure("m", concept(coding(CPT, "77067")), "2025-10-02", status="not-done")],
        {},
        {"mammogram": None},
        id="mammo-ordered-proc",
    ),
    pytest.param(
        [
            {
                "resourceType": "DocumentReference",
                "id": "d",
                "status": "current",
                "subject": ME,
                "type": concept(text="Mammogram reminder letter"),
                "date": "2025-10-02T10:00:00Z",
                "content": [
                    {"attachment": {"contentType": "text/plain", "data": "UGxlYXNlIHNjaGVkdWxlIHlvdXIgbWFtbW9ncmFt"}}
                ],
            }
        ],
        {},
        {"mammogram": None},
        id="mammo-letter-docref",
    ),
    pytest.param(
        [
            observation("b", concept(text="BI-RADS Assessment"), "2025-10-02", valueString="2 - Benign"),
            procedure("m", concept(coding(CPT, "77067")), "2025-10-02"),
        ],
        {"birads": "2"},
        {"mammogram": ("2025-10-02", "bilateral", "2")},
        id="birads-obs",
    ),
    pytest.param(
        [
            report(
                "m",
                concept(text="Contrast enhanced mammography bilateral"),
                "2025-10-02",
                conclusion="ACR BI-RADS Category: 1 (Negative)",
            )
        ],
        {"birads": "1"},
        {"mammogram": ("2025-10-02", "bilateral", "1")},
        id="contrast-mammo",
    ),
    pytest.param(
        [
            report(
                "m",
                concept(text="Mammogram, screening, bilateral"),
                "2025-10-02",
                conclusion="Overall assessment: Benign (BI-RADS(R) 2)",
            )
        ],
        {"birads": "2"},
        {"mammogram": ("2025-10-02", "bilateral", "2")},
        id="bi-rads-paren",
    ),
    pytest.param(
        [
            report(
                "m",
                concept(text="Mammogram, screening, bilateral"),
                "2025-10-02",
                conclusion="ACR BI-RADS® ASSESSMENT CATEGORY 2 - BENIGN FINDING(S)",
            )
        ],
        {"birads": "2"},
        {"mammogram": ("2025-10-02", "bilateral", "2")},
        id="bi-rads-words",
    ),
    pytest.param(
        [
            report(
                "m",
                concept(text="Mammogram, screening, bilateral"),
                "2025-10-02",
                conclusion="BI-RADS density category C. Negative.",
            )
        ],
        {},
        {"mammogram": ("2025-10-02", "bilateral", None)},
        id="density-only",
    ),
    pytest.param(
        [
            report(
                "m",
                concept(text="Mammogram, screening, bilateral"),
                "2025-10-02",
                conclusion="BI-RADS Code 0 - Incomplete: needs additional imaging evaluation",
            )
        ],
        {"birads": "0"},
        {"mammogram": ("2025-10-02", "bilateral", "0")},
        id="roman-assessment-code",
    ),
]


@pytest.mark.parametrize(("chart", "expected", "rows"), STUDIES)
def test_a_study_is_read_with_its_day_side_and_category(
    chart: list[Resource], expected: dict[str, Any], rows: dict[str, Any]
) -> None:
    assert_studies(chart, expected, rows)
