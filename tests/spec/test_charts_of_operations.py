"""Operations and radiation as scheduling and billing systems name them."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from smart_app.fhir.extract import extract_record
from tests.support.abstraction import assert_chart, left_breast_cancer
from tests.support.charts import (
    CPT,
    Resource,
    coding,
    concept,
    patient,
    procedure,
)
from tests.support.rule_charts import knowledge

OPERATIONS = [
    pytest.param(
        [procedure("s", concept(text="LUMPECTOMY BREAST W NEEDLE LOCALIZATION LEFT"), "2022-06-14")],
        {},
        {"surgery": [("breast-conserving", "left", "2022-06-14")], "axillary_surgery": []},
        id="epic-lump",
    ),
    pytest.param(
        [procedure("s", concept(text="LEFT SENTINEL LYMPH NODE BIOPSY"), "2022-06-14")],
        {},
        {"surgery": [], "axillary_surgery": [("sentinel-node-biopsy", "left", "2022-06-14")]},
        id="epic-sln",
    ),
    pytest.param(
        [procedure("s", concept(text="Mastectomy Simple Complete (Right)"), "2022-06-14")],
        {},
        {"surgery": [("mastectomy", "right", "2022-06-14")], "axillary_surgery": []},
        id="cerner-mast",
    ),
    pytest.param(
        [procedure("s", concept(coding(CPT, "19307"), text="MASTECTOMY MODIFIED RADICAL"), "2022-06-14")],
        {},
        {
            "surgery": [("mastectomy", "unknown", "2022-06-14")],
            "axillary_surgery": [("axillary-dissection", "unknown", "2022-06-14")],
        },
        id="mrm",
    ),
    pytest.param(
        [procedure("s", concept(text="Modified radical mastectomy, left"), "2022-06-14")],
        {},
        {
            "surgery": [("mastectomy", "left", "2022-06-14")],
            "axillary_surgery": [("axillary-dissection", "left", "2022-06-14")],
        },
        id="mrm-text",
    ),
    pytest.param(
        [procedure("s", concept(coding(CPT, "19302")), "2022-06-14", bodySite=[concept(text="Left breast")])],
        {},
        {
            "surgery": [("breast-conserving", "left", "2022-06-14")],
            "axillary_surgery": [("axillary-dissection", "left", "2022-06-14")],
        },
        id="19302",
    ),
    pytest.param(
        [
            procedure(
                "s", concept(text="BILATERAL NIPPLE SPARING MASTECTOMY WITH TISSUE EXPANDER PLACEMENT"), "2022-06-14"
            )
        ],
        {},
        {
            "surgery": [("mastectomy", "bilateral", "2022-06-14"), ("reconstruction", "bilateral", "2022-06-14")],
            "axillary_surgery": [],
        },
        id="nipple-sparing",
    ),
    pytest.param(
        [procedure("s", concept(text="Excisional biopsy of left breast"), "2022-06-14")],
        {},
        {"surgery": [], "axillary_surgery": []},
        id="excisional-bx",
    ),
    pytest.param(
        [procedure("s", concept(text="ULTRASOUND GUIDED CORE BIOPSY LEFT BREAST"), "2022-06-14")],
        {},
        {"surgery": [], "axillary_surgery": []},
        id="core-bx",
    ),
    pytest.param(
        [procedure("s", concept(text="RE-EXCISION OF BREAST MARGINS LEFT"), "2022-06-14")],
        {},
        {"surgery": [("breast-conserving", "left", "2022-06-14")], "axillary_surgery": []},
        id="reexcision",
    ),
    pytest.param(
        [procedure("s", concept(text="AXILLARY LYMPH NODE DISSECTION, LEFT"), "2022-06-14")],
        {},
        {"surgery": [], "axillary_surgery": [("axillary-dissection", "left", "2022-06-14")]},
        id="alnd",
    ),
    pytest.param(
        [procedure("s", concept(text="BREAST RECONSTRUCTION WITH DIEP FLAP, LEFT"), "2022-06-14")],
        {},
        {"surgery": [("reconstruction", "left", "2022-06-14")], "axillary_surgery": []},
        id="diep",
    ),
    pytest.param(
        [procedure("s", concept(text="Reduction mammoplasty, right"), "2022-06-14")],
        {},
        {"surgery": [], "axillary_surgery": []},
        id="reduction",
    ),
    pytest.param(
        [procedure("s", concept(text="Left mastectomy"), "2022-06-14", status="not-done")],
        {},
        {"surgery": [], "axillary_surgery": []},
        id="not-done",
    ),
    pytest.param(
        [procedure("s", concept(text="Left mastectomy"), "2022-06-14", status="preparation")],
        {},
        {"surgery": [], "axillary_surgery": []},
        id="prep",
    ),
    pytest.param(
        [procedure("s", concept(text="Targeted axillary dissection, left"), "2022-06-14")],
        {},
        {"surgery": [], "axillary_surgery": [("sentinel-node-biopsy", "left", "2022-06-14")]},
        id="tad",
    ),
    pytest.param(
        [procedure("s", concept(coding(CPT, "38900")), "2022-06-14", bodySite=[concept(text="Left breast")])],
        {},
        {"surgery": [], "axillary_surgery": [("sentinel-node-biopsy", "left", "2022-06-14")]},
        id="sln-mapping-injection",
    ),
    pytest.param(
        [procedure("s", concept(text="Segmental mastectomy with wire localization, left breast"), "2022-06-14")],
        {},
        {"surgery": [("breast-conserving", "left", "2022-06-14")], "axillary_surgery": []},
        id="seg-mast",
    ),
    pytest.param(
        [procedure("s", concept(text="LEFT PARTIAL MASTECTOMY WITH SENTINEL LYMPH NODE BIOPSY"), "2022-06-14")],
        {},
        {
            "surgery": [("breast-conserving", "left", "2022-06-14")],
            "axillary_surgery": [("sentinel-node-biopsy", "left", "2022-06-14")],
        },
        id="partial-w-sln",
    ),
    *[
        pytest.param(
            [procedure("s", code, "2022-06-14")],
            {},
            {"surgery": [(kind, side, "2022-06-14") for kind in kinds], "axillary_surgery": []},
            id=f"reconstruction-{number}",
        )
        for number, (code, side, kinds) in enumerate(
            [
                (
                    concept(text="Left mastectomy with immediate implant reconstruction"),
                    "left",
                    ("mastectomy", "reconstruction"),
                ),
                (
                    concept(coding(CPT, "19303"), text="Mastectomy, simple, with immediate reconstruction, right"),
                    "right",
                    ("mastectomy", "reconstruction"),
                ),
                (
                    concept(text="Nipple-sparing mastectomy, bilateral, with DIEP flap reconstruction"),
                    "bilateral",
                    ("mastectomy", "reconstruction"),
                ),
                (concept(text="Left mastectomy without reconstruction"), "left", ("mastectomy",)),
                (concept(text="Left mastectomy, delayed reconstruction planned"), "left", ("mastectomy",)),
                (
                    concept(text="Partial mastectomy with oncoplastic reconstruction, left"),
                    "left",
                    ("breast-conserving",),
                ),
                (concept(text="Delayed breast reconstruction following mastectomy, left"), "left", ("reconstruction",)),
                (concept(text="Debridement of mastectomy flaps, left"), "left", ()),
            ]
        )
    ],
    pytest.param(
        [procedure("s", concept(text="PORT-A-CATH INSERTION"), "2022-06-14")],
        {},
        {"surgery": [], "axillary_surgery": []},
        id="port",
    ),
    pytest.param(
        [
            procedure(
                "r",
                concept(text="Whole breast radiation therapy, left, 42.56 Gy in 16 fractions"),
                performedPeriod={"start": "2022-09-01", "end": "2022-10-05"},
            )
        ],
        {},
        {"radiation": [("left", "2022-09-01", "2022-10-05")]},
        id="rt-text",
    ),
    pytest.param(
        [*[procedure(f"r{i}", concept(coding(CPT, "77412")), f"2022-09-0{i}") for i in (1, 2, 3)]],
        {},
        {"radiation": [("unknown", "2022-09-01", "2022-09-03")]},
        id="rt-cpt-fr",
    ),
    pytest.param(
        [procedure("r", concept(text="Radiation oncology consultation"), "2022-09-01")],
        {},
        {"radiation": []},
        id="rt-consult",
    ),
    pytest.param([procedure("r", concept(coding(CPT, "77290")), "2022-09-01")], {}, {"radiation": []}, id="rt-sim"),
    pytest.param([procedure("r", concept(coding(CPT, "77373")), "2022-09-01")], {}, {"radiation": []}, id="rt-body"),
    pytest.param(
        [procedure("r", concept(coding(CPT, "77373")), "2022-09-01", bodySite=[concept(text="Left breast")])],
        {},
        {"radiation": [("left", "2022-09-01", "2022-09-01")]},
        id="rt-body-breast",
    ),
]


@pytest.mark.parametrize(("chart", "expected", "rows"), OPERATIONS)
def test_an_operation_or_course_is_one_row_or_none(
    chart: list[Resource], expected: dict[str, Any], rows: dict[str, Any]
) -> None:
    assert_chart([patient(), left_breast_cancer(), *chart], expected, rows)


def test_stereotactic_radiation_of_a_site_that_is_not_said_is_listed_and_not_counted() -> None:
    chart = [patient(), left_breast_cancer(), procedure("r", concept(coding(CPT, "77373")), "2022-09-01")]
    found = extract_record(chart, knowledge().codes, date(2026, 11, 25))
    assert [result.title for result in found.unplaced] == ["Radiation without its site"]
