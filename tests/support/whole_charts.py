"""Whole charts, read and judged by all rules."""

from __future__ import annotations

from datetime import date
from typing import Any

from smart_app.clinical.facts_json import facts_json
from smart_app.clinical.recommendations_json import recommendations_json
from smart_app.clinical.rules import evaluate_rules
from smart_app.clinical.schedule import ClinicDefaults
from tests.support.charts import CPT, EPIC, ICD10, coding, concept, condition, order, patient, procedure, report
from tests.support.checked_extract import extract_record

AS_OF = date(2026, 11, 22)
Json = dict[str, Any]


def read(knowledge: Any, *resources: Json) -> tuple[Json, dict[str, list[Json]]]:
    """The facts JSON of a chart, and its recommendations by topic."""
    record = extract_record(list(resources), knowledge.codes, AS_OF)
    rows = recommendations_json(record, evaluate_rules(knowledge.rules, record, ClinicDefaults()))["recommendations"]
    topics: dict[str, list[Json]] = {}
    for row in rows:
        topics.setdefault(row["topic"], []).append(row)
    return facts_json(record), topics


def value(facts: Json, name: str) -> Any:
    """The value of a fact."""
    return facts["facts"][name]["value"]


def state(facts: Json, name: str) -> str:
    """The state of a fact."""
    return str(facts["facts"][name]["state"])


PATHOLOGY = """FINAL PATHOLOGIC DIAGNOSIS
A. Left breast, lumpectomy:
   - Invasive ductal carcinoma, Nottingham grade 2 (tubules 3, nuclei 2, mitoses 1).
   - Tumor size: 1.8 cm in greatest dimension.
   - Margins negative for carcinoma.
B. Sentinel lymph nodes, left axilla: One of three lymph nodes positive for metastatic carcinoma (1/3).
Pathologic stage (AJCC 8th ed.): pT1c pN1a(sn)

BIOMARKERS
Estrogen receptor: POSITIVE (95%, strong)
Progesterone receptor: POSITIVE (20%)
HER2/neu by IHC: EQUIVOCAL (2+)
HER2 FISH: NOT AMPLIFIED (ratio 1.2)
Ki-67: 18%

FAMILY HISTORY: mother with ER negative breast cancer.
"""


def path_chart() -> list[Json]:
    """Left breast cancer with a pathology report in text alone, and an order in text."""
    return [
        patient("1962-03-09"),
        condition(
            "dx",
            concept(coding(ICD10, "C50.412", "Malignant neoplasm of upper-outer quadrant of left female breast")),
            "2022-05-12",
        ),
        report("path", concept(coding(EPIC, "LAB123"), text="Surgical pathology"), "2022-06-21", PATHOLOGY),
        procedure("lump", concept(coding(CPT, "19301")), "2022-06-14", bodySite=[concept(text="Left breast")]),
        procedure("slnb", concept(coding(CPT, "38525")), "2022-06-14"),
        order("ai", concept(text="anastrozole 1 mg tablet (ARIMIDEX)"), "2022-12-20"),
    ]
