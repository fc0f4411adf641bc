"""Problem lists and gene reports: menopause and germline results, and what says neither."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import assert_chart, left_breast_cancer, panel
from tests.support.charts import (
    ICD10,
    Resource,
    coding,
    concept,
    condition,
    patient,
    report,
)

WORDS = [
    pytest.param(
        [patient(), condition("c", concept(text="Breast implant status"), "2020-01-01")],
        {},
        {"cancers": []},
        id="implant",
    ),
    pytest.param(
        [
            patient(),
            left_breast_cancer(),
            condition("m", concept(coding(ICD10, "N95.1", "Menopausal and female climacteric states")), "2020-01-01"),
        ],
        {},
        {},
        id="pm-text",
    ),
    pytest.param(
        [
            patient(),
            left_breast_cancer(),
            condition("m", concept(coding(ICD10, "Z78.0", "Asymptomatic menopausal state")), "2020-01-01"),
        ],
        {"menopausal_status": "postmenopausal"},
        {},
        id="z78-0",
    ),
    pytest.param(
        [patient(), left_breast_cancer(), condition("m", concept(text="Postmenopausal bleeding"), "2020-01-01")],
        {},
        {},
        id="pm-bleed",
    ),
    pytest.param(
        [
            patient(),
            left_breast_cancer(),
            report(
                "g",
                concept(text="Genetic testing report (Invitae hereditary cancer panel)"),
                "2022-08-01",
                (
                    "RESULT: POSITIVE\n"
                    "One Pathogenic variant identified in BRCA2.\n"
                    "BRCA2 c.5946del (p.Ser1982Argfs*22) heterozygous PATHOGENIC"
                ),
            ),
        ],
        {"germline": [{"gene": "BRCA2", "result": "pathogenic"}]},
        {},
        id="invitae-p",
    ),
    pytest.param(
        [
            patient(),
            left_breast_cancer(),
            panel("Invitae germline panel: BRCA2 c.5946delT pathogenic variant detected."),
        ],
        {"germline": [{"gene": "BRCA2", "result": "pathogenic"}]},
        {},
        id="short",
    ),
    pytest.param(
        [
            patient(),
            left_breast_cancer(),
            panel("Germline BRCA1 and BRCA2 sequencing: no pathogenic variants detected."),
        ],
        {"germline": [{"gene": "BRCA1", "result": "negative"}, {"gene": "BRCA2", "result": "negative"}]},
        {},
        id="neg",
    ),
    pytest.param(
        [
            patient(),
            left_breast_cancer(),
            panel("Germline hereditary panel: Variant of uncertain significance in ATM c.123A>G."),
        ],
        {"germline": [{"gene": "ATM", "result": "vus"}]},
        {},
        id="vus",
    ),
    pytest.param(
        [
            patient(),
            left_breast_cancer(),
            report(
                "g",
                concept(text="FoundationOne CDx somatic genomic report"),
                "2022-08-01",
                "Tumor tissue NGS: BRCA2 c.5946delT pathogenic, VAF 34%. PIK3CA H1047R.",
            ),
        ],
        {},
        {},
        id="somatic",
    ),
    pytest.param(
        [
            patient(),
            left_breast_cancer(),
            report(
                "g",
                concept(text="Tempus xT tumor profiling"),
                "2022-08-01",
                "Specimen: breast tumor FFPE block. BRCA1 pathogenic variant p.E23fs detected.",
            ),
        ],
        {},
        {},
        id="somatic2",
    ),
    pytest.param(
        [
            patient(),
            left_breast_cancer(),
            report(
                "g",
                concept(text="Genetics counseling note"),
                "2022-08-01",
                "Mother carries BRCA1 pathogenic variant; patient not yet tested.",
            ),
        ],
        {},
        {},
        id="mother-brca",
    ),
    pytest.param(
        [patient(), left_breast_cancer(), condition("m", concept(text="BRCA negative"), "2020-01-01")],
        {},
        {},
        id="brca-neg-cond",
    ),
]


@pytest.mark.parametrize(("chart", "expected", "rows"), WORDS)
def test_menopause_and_genes_are_read_only_where_the_words_say_them(
    chart: list[Resource], expected: dict[str, Any], rows: dict[str, Any]
) -> None:
    assert_chart(chart, expected, rows)
