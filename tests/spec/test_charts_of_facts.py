"""Whole reports as laboratories send them: synoptic, with addenda, of two tumors or two breasts, in every file form."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest

from smart_app.fhir.extract.text.documents import text_of_html
from tests.support.abstraction import assert_facts, left_breast_cancer, pathology, read_facts, rows_of
from tests.support.charts import ICD10, LOINC, ME, Resource, coding, concept, condition, patient, report

SYNOPTIC = """SPECIMEN
Procedure: Excision (less than total mastectomy)
Specimen Laterality: Left
TUMOR
Tumor Site: Upper outer quadrant
Histologic Type: Invasive carcinoma of no special type (ductal)
Histologic Grade (Nottingham Histologic Score)
  Glandular (Acinar) / Tubular Differentiation: Score 3
  Nuclear Pleomorphism: Score 3
  Mitotic Rate: Score 2
  Overall Grade: Grade 3 (scores of 8 or 9)
Tumor Size: Greatest dimension of largest invasive focus (Millimeters): 22 mm
Additional Dimension in Millimeters (mm): 18 x 15 mm
Tumor Focality: Single focus of invasive carcinoma
Ductal Carcinoma In Situ (DCIS): Present
Nuclear Grade: Grade II (intermediate)
Lymphatic and / or Vascular Invasion: Not identified
Treatment Effect in the Breast: No known presurgical therapy
MARGINS
Margin Status for Invasive Carcinoma: All margins negative for invasive carcinoma
Distance from Invasive Carcinoma to Closest Margin: 4 mm
REGIONAL LYMPH NODES
Regional Lymph Node Status: Tumor present in regional lymph node(s)
Number of Lymph Nodes with Macrometastases: 2
Number of Lymph Nodes with Micrometastases: 0
Size of Largest Nodal Metastatic Deposit: 6 mm
Extranodal Extension: Not identified
Total Number of Lymph Nodes Examined (sentinel and non-sentinel): 14
Number of Sentinel Nodes Examined: 3
PATHOLOGIC STAGE CLASSIFICATION (pTNM, AJCC 8th Edition)
pT Category: pT2
pN Category: pN1a
SPECIAL STUDIES
Breast Biomarker Testing Performed on Previous Biopsy
Estrogen Receptor (ER) Status: Positive (greater than 10% of cells demonstrate nuclear positivity)
Percentage of Cells with Nuclear Positivity: 91-100%
Progesterone Receptor (PgR) Status: Positive
Percentage of Cells with Nuclear Positivity: 11-20%
HER2 (by immunohistochemistry): Negative (Score 1+)
Ki-67 Percentage of Positive Nuclei: 25 %
"""


def test_a_synoptic_report_of_the_college_of_american_pathologists_is_read_in_full() -> None:
    assert_facts(
        read_facts(patient(), left_breast_cancer(), pathology(SYNOPTIC)),
        er="positive",
        pr="positive",
        her2={"value": "negative", "ihc": "1+", "low": True},
        grade=3,
        t="T2",
        n="N1a",
        nodes_positive=2,
        nodes_examined=14,
        tumor_size_mm=22,
        ki67_percent=25,
    )


def test_two_tumors_of_one_specimen_that_differ_are_the_clinicians_to_settle() -> None:
    text = (
        "Left breast, mastectomy:\n"
        "Tumor 1: Invasive ductal carcinoma, grade 2, tumor size 2.1 cm. ER: positive (90%). HER2: negative (1+).\n"
        "Tumor 2: Invasive lobular carcinoma, grade 1, tumor size 0.8 cm. ER: positive (95%). HER2: negative (0).\n"
    )
    facts = read_facts(patient(), left_breast_cancer(), pathology(text))
    assert_facts(facts, er="positive", her2={"value": "negative", "low": None}, grade={1, 2}, tumor_size_mm={8, 21})


def test_each_breast_of_one_report_keeps_its_own_results() -> None:
    text = (
        "A. Left breast, core biopsy: Invasive ductal carcinoma, Nottingham grade 2.\n"
        "ER: Positive (95%)\nHER2 (IHC): Negative (1+)\n"
        "B. Right breast, core biopsy: Invasive ductal carcinoma, Nottingham grade 3.\n"
        "ER: Negative (0%)\nHER2 (IHC): Positive (3+)\n"
    )
    facts = read_facts(
        patient(),
        condition("l", concept(coding(ICD10, "C50.912")), "2022-05-12"),
        condition("r", concept(coding(ICD10, "C50.911")), "2022-05-12"),
        pathology(text),
    )
    own = {
        row["laterality"]: [row["facts"][name]["value"] for name in ("er", "her2", "grade")] for row in facts["cancers"]
    }
    assert own == {"left": ["positive", "negative", 2], "right": ["negative", "positive", 3]}
    assert facts["facts"]["er"]["state"] == "conflicting"


def test_an_amended_report_replaces_the_first_version() -> None:
    first = pathology("Left breast biopsy: IDC.\nER: negative\n")
    amended = pathology("Left breast biopsy: IDC.\nER: positive (80%)\n", status="amended", meta={"versionId": "2"})
    assert_facts(read_facts(patient(), left_breast_cancer(), first, amended), er={"value": "positive", "percent": 80})


def test_an_addendum_gives_what_was_pending() -> None:
    text = (
        "FINAL DIAGNOSIS: Left breast core biopsy: Invasive ductal carcinoma, Nottingham grade 2.\n"
        "ER/PR/HER2 pending.\nADDENDUM #1 (06/28/2022)\nER: Positive (98%, strong)\nPR: Positive (40%)\n"
        "HER2/neu IHC: Negative (score 0)\n"
    )
    assert_facts(
        read_facts(patient(), left_breast_cancer(), pathology(text)),
        grade=2,
        er="positive",
        pr="positive",
        her2={"value": "negative", "ihc": "0", "low": False},
    )


def test_the_history_on_a_request_is_not_the_result_and_ends_where_the_report_begins() -> None:
    text = (
        "CLINICAL HISTORY: History of right breast cancer 2005, ER negative, HER2 3+.\n\n"
        "SPECIMEN: Left breast core biopsy\nER: positive (95%)\n"
    )
    assert_facts(read_facts(patient(), left_breast_cancer(), pathology(text)), er={"value": "positive", "percent": 95})


HTML = (
    "<html><body><h2>FINAL DIAGNOSIS</h2><p>Left breast carcinoma</p><table><tr><th>Marker</th><th>Result</th>"
    "<th>Details</th></tr><tr><td>Estrogen Receptor</td><td>Positive</td><td>95%</td></tr>"
    "<tr><td>HER2</td><td>Negative</td><td>IHC 1+</td></tr></table></body></html>"
)
RTF = (
    r"{\rtf1\ansi\deff0{\fonttbl{\f0 Arial;}}\f0\fs20 LEFT BREAST, LUMPECTOMY:\par Invasive ductal carcinoma.\par "
    r"Estrogen Receptor: \b Positive\b0  (95%)\par HER2 IHC: Negative (1+)\par}"
)


@pytest.mark.parametrize(("kind", "text"), [("text/html", HTML), ("application/rtf", RTF)])
@pytest.mark.parametrize("by_binary", [False, True], ids=["inline", "binary"])
def test_the_file_form_of_a_report_changes_nothing(kind: str, text: str, by_binary: bool) -> None:
    data = base64.b64encode(text.encode()).decode()
    attachment: dict[str, Any] = (
        {"contentType": kind, "url": "Binary/b"}
        if by_binary
        else {
            "contentType": kind,
            "data": data,
        }
    )
    document: Resource = {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "subject": ME,
        "type": concept(coding(LOINC, "11526-1", "Pathology study")),
        "context": {"period": {"start": "2022-06-21"}},
        "content": [{"attachment": attachment}],
    }
    binary = {"resourceType": "Binary", "id": "b", "contentType": kind, "data": data}
    facts = read_facts(patient(), left_breast_cancer(), document, *([binary] if by_binary else []))
    assert_facts(facts, er="positive", her2={"value": "negative", "ihc": "1+", "low": True})


@pytest.mark.parametrize("piece", ["<", "<a", "<!", "</", "&", "<!--", "<script", "<a b='", "<td>", "&#"])
def test_markup_that_never_closes_takes_no_more_than_linear_time(piece: str) -> None:
    started = time.process_time()
    text_of_html(piece * (400_000 // len(piece)))
    assert time.process_time() - started < 0.5


def test_a_cancer_known_only_by_its_pathology_report_has_no_date_of_diagnosis_of_its_own() -> None:
    facts = read_facts(
        patient(),
        report(
            "p", concept(text="Surgical pathology"), "2021-03-02", "Left breast, biopsy: Invasive ductal carcinoma."
        ),
    )
    assert rows_of(facts, "cancers") == [("invasive", "left", None)]
