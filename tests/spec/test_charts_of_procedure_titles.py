"""Procedures known by their title alone: shorthand of operations, radiation and infusions, and what is none of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import left_breast_cancer, read_facts, rows_of
from tests.support.charts import concept, patient, procedure


def titled(title: str) -> dict[str, Any]:
    return read_facts(patient(), left_breast_cancer(), procedure("p", concept(text=title), "2022-06-01"))


@pytest.mark.parametrize(
    ("title", "kind", "side"),
    [
        ("WLE left breast", "breast-conserving", "left"),
        ("MRM left", "mastectomy", "left"),
        ("Oncoplastic lumpectomy with bilateral reduction", "breast-conserving", "unknown"),
        ("Left lumpectomy with contralateral mastopexy", "breast-conserving", "left"),
        ("Removal of tissue expander and placement of implant", "reconstruction", "unknown"),
    ],
)
def test_an_operation_by_its_shorthand(title: str, kind: str, side: str) -> None:
    assert rows_of(titled(title), "surgery") == [(kind, side, "2022-06-01")]


@pytest.mark.parametrize(
    "title",
    [
        "Evaluation for mastectomy",
        "Anesthesia for mastectomy",
        "Mastectomy cancelled",
        "Post-op visit, mastectomy",
        "Breast reduction, bilateral",
        "Mastectomy for gynecomastia",
        "Wound check after lumpectomy",
    ],
)
def test_a_title_that_only_mentions_an_operation_is_none(title: str) -> None:
    assert rows_of(titled(title), "surgery") == []


@pytest.mark.parametrize(
    ("title", "side"),
    [
        ("Whole breast radiation", "unknown"),
        ("PMRT left chest wall", "left"),
        ("IORT left breast", "left"),
        ("Radiation to left breast", "left"),
    ],
)
def test_radiation_of_the_breast_by_its_shorthand(title: str, side: str) -> None:
    assert rows_of(titled(title), "radiation") == [(side, "2022-06-01", "2022-06-01")]


@pytest.mark.parametrize("title", ["Mammosite brachytherapy catheter placement", "SRS brain", "Whole brain radiation"])
def test_placing_a_catheter_and_radiation_of_the_head_are_no_course_of_the_breast(title: str) -> None:
    assert rows_of(titled(title), "radiation") == []


@pytest.mark.parametrize(
    ("title", "agent"), [("Trastuzumab infusion", "trastuzumab"), ("Goserelin injection", "goserelin")]
)
def test_an_infusion_or_injection_by_the_name_of_its_drug_is_a_dose(title: str, agent: str) -> None:
    assert rows_of(titled(title), "systemic") == [(agent, "unknown", "2022-06-01", None)]


@pytest.mark.parametrize("title", ["Chemotherapy infusion", "Trastuzumab infusion cancelled", "Tamoxifen education"])
def test_an_infusion_without_a_drug_or_not_given_is_none(title: str) -> None:
    assert rows_of(titled(title), "systemic") == []


def test_a_hysterectomy_with_both_ovaries_by_its_letters() -> None:
    facts = titled("TAH-BSO")["facts"]
    assert (facts["uterus"]["value"], facts["ovaries"]["value"]) == ("absent", "absent")
