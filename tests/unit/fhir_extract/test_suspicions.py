"""Sentences of reports and titles of diagnoses that name or suspect spread: listed, never decided on."""

from __future__ import annotations

from typing import Any

import pytest

from smart_app.fhir.extract.text.diagnosis import named_cancer
from smart_app.fhir.extract.text.suspicions import may_name_spread, suspects_cancer
from tests.support.charts import ICD10, ME, coding, concept, condition, patient


@pytest.mark.parametrize(
    "said",
    [
        "New sclerotic lesion in L3, suspicious for metastasis.",
        "Findings are concerning for metastatic disease in the liver.",
        "Multiple pulmonary nodules, favor metastases.",
        "Osseous metastasis cannot be excluded.",
        "Metastasis is not excluded.",
        "No change in the lesion of T9, suspicious for metastasis.",
        "No pneumonia. Chest wall mass likely represents locally recurrent disease.",
        "Uptake not seen previously, suspicious for mets.",
        "No effusion, and a new liver lesion compatible with metastasis.",
        "No pneumothorax and a lesion suspicious for metastasis.",
        "Screening mammogram shows a mass suspicious for recurrence.",
        "Evaluation of the chest shows new metastasis.",
        "Reduced height of L2 with metastasis.",
        "Cannot rule out metastasis.",
        "A metastasis cannot be entirely excluded.",
        "Liver metastases not seen previously.",
        "MRI shows signs of recurrence.",
    ],
)
def test_imaging_that_names_spread_is_listed(said: str) -> None:
    assert may_name_spread(said, imaging=True)


@pytest.mark.parametrize(
    "said",
    [
        "No evidence of metastatic disease.",
        "No lytic, blastic, or other lesions suspicious for metastasis.",
        "No findings suspicious for metastasis or local recurrence.",
        "There is no mammographic evidence of local recurrence.",
        "Metastasis unlikely.",
        "Metastases are not seen.",
        "Recurrence is felt to be unlikely.",
        "No mass, calcification or distortion to suggest recurrence.",
        "Surveillance for recurrence.",
        "This is not metastatic.",
        "Indication: breast cancer, evaluate for metastases.",
        "Evaluate for metastatic disease.",
        "Metastatic calcification of the soft tissues.",
        "Recurrence score 12.",
        "Lungs are clear.",
    ],
)
@pytest.mark.parametrize("imaging", [True, False])
def test_what_denies_it_or_asks_for_it_is_not(said: str, imaging: bool) -> None:
    assert not may_name_spread(said, imaging=imaging)


@pytest.mark.parametrize(
    ("said", "listed"),
    [
        ("Bone scan suspicious for metastatic disease.", True),
        ("Possible local recurrence in the chest wall.", True),
        ("Metastatic carcinoma in 2 of 12 lymph nodes.", False),
        ("Suspicious for metastatic carcinoma in one sentinel node.", False),
        ("Discussed signs and symptoms of recurrence.", False),
        ("Tamoxifen reduces the risk of recurrence.", False),
    ],
)
def test_other_texts_count_where_they_suspect(said: str, listed: bool) -> None:
    assert may_name_spread(said, imaging=False) is listed


@pytest.mark.parametrize(
    ("title", "listed"),
    [
        ("Suspected bone metastases", True),
        ("Possible recurrent breast cancer", True),
        ("Probable breast cancer, left", True),
        ("Family history of suspected breast cancer", False),
        ("Encounter for screening for breast cancer", False),
        ("Breast cancer, left", False),
        ("Fear of recurrence", False),
        ("Bone metastases, suspected", True),
        ("Breast cancer (suspected)", True),
        ("? bone mets", True),
        ("R/O metastatic disease", True),
        ("Suspected breast cancer ruled out", False),
        ("At likely high risk of breast cancer", False),
        ("Possible breast cancer risk gene", False),
    ],
)
def test_suspected_diagnoses(title: str, listed: bool) -> None:
    assert suspects_cancer(title) is listed


def test_a_suspicion_in_report_or_problem_list_is_listed_and_decides_nothing(facts_of: Any) -> None:
    said = "New sclerotic lesion in L3, suspicious for metastasis"
    scan = {
        "resourceType": "DiagnosticReport",
        "id": "r",
        "status": "final",
        "subject": ME,
        "effectiveDateTime": "2021-05-06",
        "code": {"text": "CT chest abdomen pelvis"},
        "conclusion": f"{said}. No pulmonary nodules.",
    }
    listed = condition("maybe", concept(text="Suspected bone metastases"), "2021-06-01")
    cancer = condition("dx", concept(coding(ICD10, "C50.912")), "2019-01-01")
    facts = facts_of(patient(), cancer, scan, listed)
    assert {(row["sources"][0], row["text"]) for row in facts["unplaced"]} >= {
        ("DiagnosticReport/r", said),
        ("Condition/maybe", "Suspected bone metastases"),
    }
    assert facts["facts"]["metastasis"]["state"] == "not-found"
    assert facts["scope"]["applies"]


@pytest.mark.parametrize(
    ("words", "kind", "side"),
    [
        ("Paget's disease of the left nipple", "unknown", "left"),
        ("Mammary Paget disease", "unknown", None),
        ("Paget disease of breast with invasive ductal carcinoma", "invasive", None),
        ("Paget's disease of nipple with DCIS", "dcis", None),
        ("Paget's disease of bone", None, None),
        ("Paget's disease of the skull and breast lump", None, None),
        ("Paget disease of the nipple: not identified", None, None),
        ("No Paget disease of the nipple", None, None),
        ("Paget's disease, nipple", "unknown", None),
        ("Extramammary Paget disease of the vulva", None, None),
    ],
)
def test_paget_disease_of_the_breast_is_a_cancer_whose_kind_the_words_leave_open(
    words: str, kind: str | None, side: str | None
) -> None:
    named = named_cancer(words)
    assert (named.kind, named.side) == (kind, side)
