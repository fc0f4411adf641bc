"""Drugs as medication lists, infusion records and plans name them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import assert_chart, left_breast_cancer
from tests.support.charts import (
    ME,
    Resource,
    concept,
    given,
    order,
    patient,
)


def statement(id_: str, drug: str, status: str = "completed", **more: Any) -> Resource:
    code = concept(text=drug)
    return {
        "resourceType": "MedicationStatement",
        "id": id_,
        "status": status,
        "subject": ME,
        "medicationCodeableConcept": code,
        **more,
    }


DRUGS = [
    pytest.param(
        [order("a", concept(text="Arimidex 1 mg tab"), "2022-12-20")],
        {},
        {"systemic": [("anastrozole", "active", "2022-12-20", None)]},
        id="brand",
    ),
    pytest.param(
        [order("a", concept(text="TAMOXIFEN CITRATE 20 MG PO TABS"), "2022-12-20")],
        {},
        {"systemic": [("tamoxifen", "active", "2022-12-20", None)]},
        id="tam-caps",
    ),
    pytest.param(
        [order("a", concept(text="Soltamox 10 mg/5 mL oral solution"), "2022-12-20")],
        {},
        {"systemic": [("tamoxifen", "active", "2022-12-20", None)]},
        id="soltamox",
    ),
    pytest.param(
        [given("a", concept(text="ADO-TRASTUZUMAB EMTANSINE (KADCYLA) IVPB"), "2022-12-20")],
        {},
        {"systemic": [("ado-trastuzumab emtansine", "unknown", "2022-12-20", None)]},
        id="kadcyla",
    ),
    pytest.param(
        [given("a", concept(text="trastuzumab-dkst (Ogivri) infusion"), "2022-12-20")],
        {},
        {"systemic": [("trastuzumab", "unknown", "2022-12-20", None)]},
        id="herceptin",
    ),
    pytest.param(
        [given("a", concept(text="pertuzumab-trastuzumab-hyaluronidase-zzxf (PHESGO)"), "2022-12-20")],
        {},
        {"systemic": [("pertuzumab", "unknown", "2022-12-20", None), ("trastuzumab", "unknown", "2022-12-20", None)]},
        id="phesgo",
    ),
    pytest.param(
        [
            {
                "resourceType": "MedicationRequest",
                "id": "a",
                "status": "active",
                "intent": "order",
                "subject": ME,
                "authoredOn": "2022-12-20",
                "contained": [
                    {"resourceType": "Medication", "id": "m", "code": concept(text="letrozole 2.5 mg tablet")}
                ],
                "medicationReference": {"reference": "#m"},
            }
        ],
        {},
        {"systemic": [("letrozole", "active", "2022-12-20", None)]},
        id="contained",
    ),
    pytest.param(
        [
            {
                "resourceType": "MedicationRequest",
                "id": "a",
                "status": "active",
                "intent": "order",
                "subject": ME,
                "authoredOn": "2022-12-20",
                "medicationReference": {"reference": "Medication/m"},
            },
            {"resourceType": "Medication", "id": "m", "code": concept(text="letrozole 2.5 mg tablet")},
        ],
        {},
        {"systemic": [("letrozole", "active", "2022-12-20", None)]},
        id="external",
    ),
    pytest.param(
        [
            {
                "resourceType": "MedicationRequest",
                "id": "a",
                "status": "active",
                "intent": "order",
                "subject": ME,
                "authoredOn": "2022-12-20",
                "medicationReference": {"reference": "Medication/zz", "display": "Femara 2.5 mg"},
            }
        ],
        {},
        {"systemic": [("letrozole", "active", "2022-12-20", None)]},
        id="dangling-display",
    ),
    pytest.param(
        [statement("a", "exemestane 25 mg", effectivePeriod={"start": "2019-01-01", "end": "2021-05-01"})],
        {},
        {"systemic": [("exemestane", "stopped", "2019-01-01", "2021-05-01")]},
        id="statement-completed",
    ),
    pytest.param(
        [statement("a", "exemestane 25 mg", status="not-taken")], {}, {"systemic": []}, id="statement-not-taken"
    ),
    pytest.param(
        [statement("a", "exemestane 25 mg", status="intended")], {}, {"systemic": []}, id="statement-intended"
    ),
    pytest.param(
        [order("a", concept(text="tamoxifen 20 mg"), "2022-12-20", intent="plan")], {}, {"systemic": []}, id="plan"
    ),
    pytest.param(
        [order("a", concept(text="tamoxifen 20 mg"), "2022-12-20", intent="proposal")],
        {},
        {"systemic": []},
        id="proposal",
    ),
    pytest.param(
        [order("a", concept(text="tamoxifen 20 mg"), "2022-12-20", status="on-hold")],
        {},
        {"systemic": [("tamoxifen", "unknown", "2022-12-20", None)]},
        id="on-hold",
    ),
    pytest.param(
        [order("a", concept(text="AC-T"), "2022-07-20", status="completed")], {}, {"systemic": []}, id="ac-t-text"
    ),
    pytest.param(
        [{"resourceType": "AllergyIntolerance", "id": "a", "patient": ME, "code": concept(text="Tamoxifen")}],
        {},
        {"systemic": []},
        id="allergy",
    ),
    pytest.param(
        [order("a", concept(text="Letrozole (patient declined)"), "2022-12-20")], {}, {"systemic": []}, id="neg-text"
    ),
    pytest.param(
        [
            order(
                "a",
                concept(text="letrozole 2.5 mg"),
                "2022-12-20",
                dosageInstruction=[
                    {"text": "Take 1 tablet daily", "timing": {"repeat": {"boundsPeriod": {"start": "2022-12-20"}}}}
                ],
            )
        ],
        {},
        {"systemic": [("letrozole", "active", "2022-12-20", None)]},
        id="order-bounds",
    ),
    pytest.param(
        [order("a", concept(text="denosumab 60 mg/mL (PROLIA) subcutaneous syringe"), "2022-12-20")],
        {},
        {"systemic": [("denosumab", "active", "2022-12-20", None)]},
        id="prolia",
    ),
    pytest.param(
        [order("a", concept(text="Verzenio 150 mg tab"), "2022-12-20")],
        {},
        {"systemic": [("abemaciclib", "active", "2022-12-20", None)]},
        id="verzenio",
    ),
    pytest.param(
        [order("a", concept(text="Lupron Depot 11.25 mg"), "2022-12-20")],
        {},
        {"systemic": [("leuprolide", "active", "2022-12-20", None)]},
        id="lupron",
    ),
    pytest.param(
        [
            order(
                "a",
                concept(text="methotrexate 2.5 mg"),
                "2022-12-20",
                reasonCode=[concept(text="Rheumatoid arthritis")],
            )
        ],
        {},
        {"systemic": []},
        id="methotrexate-ra",
    ),
    pytest.param(
        [order("a", concept(text="estradiol vaginal cream 0.01%"), "2022-12-20")], {}, {"systemic": []}, id="estradiol"
    ),
    pytest.param(
        [
            given("a", concept(text="DOXOrubicin (ADRIAMYCIN) IV push"), "2022-07-20"),
            given("b", concept(text="cyclophosphamide (CYTOXAN) 600 mg/m2 IVPB"), "2022-07-20"),
        ],
        {},
        {
            "systemic": [
                ("cyclophosphamide", "unknown", "2022-07-20", None),
                ("doxorubicin", "unknown", "2022-07-20", None),
            ]
        },
        id="adriamycin",
    ),
]


@pytest.mark.parametrize(("chart", "expected", "rows"), DRUGS)
def test_a_drug_is_one_row_with_its_state_or_none(
    chart: list[Resource], expected: dict[str, Any], rows: dict[str, Any]
) -> None:
    assert_chart([patient(), left_breast_cancer(), *chart], expected, rows)
