"""Whole charts in the shapes of real EHR exports: what advice follows, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.charts import (
    CPT,
    ICD10,
    LOINC,
    RXNORM,
    SNOMED,
    coding,
    concept,
    condition,
    given,
    observation,
    order,
    patient,
    procedure,
    report,
)
from tests.support.whole_charts import path_chart, read, value


def test_bilateral_lumpectomy_years_ago_without_any_mammogram_is_overdue_on_both_sides(knowledge: Any) -> None:
    facts, topics = read(
        knowledge,
        patient("1958-01-20"),
        condition("r", concept(coding(ICD10, "C50.911")), "2018-02-01"),
        condition("l", concept(coding(ICD10, "C50.912")), "2018-02-01"),
        procedure("sr", concept(coding(CPT, "19301")), "2018-03-01", bodySite=[concept(text="right breast")]),
        procedure("sl", concept(coding(CPT, "19301")), "2018-03-01", bodySite=[concept(text="left breast")]),
    )
    assert sorted(row["laterality"] for row in facts["cancers"]) == ["left", "right"]
    mammograms = [row for row in topics["mammogram"] if row["kind"] == "surveillance"]
    assert any(row["status"] == "overdue" for row in mammograms)
    assert all(row["side"] in ("both", "left", "right") for row in mammograms)


def test_no_mammogram_of_a_side_that_was_removed(knowledge: Any) -> None:
    _, topics = read(
        knowledge,
        patient("1970-01-20"),
        condition("l", concept(coding(ICD10, "C50.912")), "2023-02-01"),
        procedure("m", concept(coding(CPT, "19303")), "2023-03-15", bodySite=[concept(coding(SNOMED, "80248007"))]),
        report("mg", concept(coding(LOINC, "24606-6")), "2025-12-01", conclusion="BI-RADS 1. Negative."),
    )
    mammograms = [row for row in topics["mammogram"] if row["kind"] == "surveillance" and row["due"]]
    assert {row["side"] for row in mammograms} == {"right"}
    assert {row["status"] for row in mammograms} == {"up-to-date"}
    assert {row["due"][:7] for row in mammograms} == {"2026-12"}


def test_nothing_to_image_after_both_breasts_were_removed(knowledge: Any) -> None:
    _, topics = read(
        knowledge,
        patient("1970-01-20"),
        condition("l", concept(coding(ICD10, "C50.912")), "2023-02-01"),
        procedure("m", concept(coding(SNOMED, "27865001", "Bilateral mastectomy")), "2023-03-15"),
    )
    assert all(row["kind"] == "not-advised" for row in topics.get("mammogram", []))
    assert not [row for row in topics.get("breast-mri", []) if row["kind"] == "surveillance"]


def test_an_aromatase_inhibitor_before_menopause_without_suppression_is_an_alert(knowledge: Any) -> None:
    chart = [
        patient("1984-01-20"),
        condition("l", concept(coding(ICD10, "C50.912")), "2024-02-01"),
        observation(
            "meno",
            concept(coding(SNOMED, "161712005")),
            "2026-05-01",
            valueCodeableConcept=concept(coding(SNOMED, "309606002", "Before menopause")),
        ),
        order("ai", concept(coding(RXNORM, "72965", "letrozole")), "2024-10-01"),
    ]
    _, topics = read(knowledge, *chart)
    assert topics["ai-without-ovarian-suppression"][0]["kind"] == "safety-alert"
    _, topics = read(knowledge, *chart, order("ofs", concept(text="Zoladex 3.6 mg implant"), "2024-10-01"))
    assert "ai-without-ovarian-suppression" not in topics


def test_unknown_menopause_on_an_aromatase_inhibitor_is_cannot_tell_and_says_so(knowledge: Any) -> None:
    _, topics = read(
        knowledge,
        patient("1980-01-20"),
        condition("l", concept(coding(ICD10, "C50.912")), "2024-02-01"),
        order("ai", concept(coding(RXNORM, "72965", "letrozole")), "2024-10-01"),
    )
    rows = topics["ai-without-ovarian-suppression"]
    assert rows[0]["status"] == "cannot-tell"
    assert "menopausal_status" in rows[0]["missing"]


@pytest.mark.parametrize(
    "drug",
    ["paroxetine 20 mg oral tablet", "PAXIL 20 MG PO TABS", "fluoxetine 20 MG Oral Capsule", "Wellbutrin XL 150 mg"],
)
def test_tamoxifen_with_a_strong_inhibitor_is_an_alert(knowledge: Any, drug: str) -> None:
    _, topics = read(
        knowledge,
        patient("1975-01-20"),
        condition("l", concept(coding(SNOMED, "254837009", "Malignant neoplasm of breast")), "2024-02-01"),
        order("tam", concept(text="tamoxifen 20 mg tablet"), "2024-10-01"),
        order("ssri", concept(text=drug), "2026-01-01"),
    )
    assert topics["cyp2d6-interaction"][0]["kind"] == "safety-alert"


def test_a_stopped_antidepressant_is_no_alert(knowledge: Any) -> None:
    _, topics = read(
        knowledge,
        patient("1975-01-20"),
        condition("l", concept(coding(SNOMED, "254837009")), "2024-02-01"),
        order("tam", concept(text="tamoxifen 20 mg tablet"), "2024-10-01"),
        order("ssri", concept(text="paroxetine 20 mg"), "2025-01-01", status="stopped"),
    )
    assert "cyp2d6-interaction" not in topics


def test_secondary_malignancy_of_bone_ends_the_scope(knowledge: Any) -> None:
    facts, topics = read(
        knowledge,
        patient(),
        condition("l", concept(coding(ICD10, "C50.912")), "2019-02-01"),
        condition("m", concept(coding(ICD10, "C79.51", "Secondary malignant neoplasm of bone")), "2025-02-01"),
    )
    assert facts["scope"] == {"applies": False, "reasons": ["metastatic-disease"]}
    assert value(facts, "metastasis") == "present"
    assert topics == {}


def test_infusions_in_claims_are_one_row_per_ingredient(knowledge: Any) -> None:
    hcpcs = "https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
    doses = [
        given(f"t{m}", concept(coding(hcpcs, "J9355"), text="trastuzumab"), f"2023-{m:02d}-03") for m in range(1, 12)
    ]
    facts, topics = read(knowledge, *path_chart(), *doses)
    row = next(row for row in facts["treatments"]["systemic"] if row["agent"] == "trastuzumab")
    assert row["class"] == ["her2"]
    assert (row["started_on"], row["ended_on"]) == ("2023-01-03", "2023-11-03")
    assert "echocardiogram" in topics


def test_year_precision_never_becomes_a_day(knowledge: Any) -> None:
    facts, topics = read(
        knowledge,
        patient("1961"),
        condition("l", concept(coding(ICD10, "C50.911")), "2020"),
        procedure("s", concept(coding(CPT, "19301")), "2020", bodySite=[concept(text="right breast")]),
        procedure("mg", concept(coding(CPT, "77067")), "2026-02"),
    )
    assert facts["cancers"][0]["diagnosed_on"] == "2020"
    assert facts["patient"]["birth_date"] == "1961"
    due = {row["due"] for row in topics["mammogram"] if row["kind"] == "surveillance" and row["due"]}
    assert due == {"2027-02"}


def test_birads_four_is_urgent_and_never_reassured_by_a_schedule(knowledge: Any) -> None:
    facts, topics = read(
        knowledge,
        *path_chart(),
        report("mg", concept(coding(LOINC, "24606-6")), "2026-11-01", conclusion="Suspicious. BI-RADS 4B."),
    )
    assert value(facts, "birads") == "4"
    assert topics["urgent-evaluation"]


def test_a_man_after_mastectomy_gets_no_mammogram_but_counseling(knowledge: Any) -> None:
    _, topics = read(
        knowledge,
        patient("1955-02-02", "male"),
        condition(
            "l",
            concept(coding(ICD10, "C50.922", "Malignant neoplasm of unspecified site of left male breast")),
            "2024-02-01",
        ),
        procedure("m", concept(coding(CPT, "19303")), "2024-03-15", bodySite=[concept(text="left breast")]),
        order("tam", concept(text="tamoxifen 20 mg"), "2024-06-01"),
    )
    assert not [row for row in topics.get("mammogram", []) if row["kind"] == "surveillance"]
    assert topics["genetic-counseling"]
    assert not topics.get("gynecology-review")


def test_ductal_in_situ_is_followed_as_in_situ(knowledge: Any) -> None:
    facts, topics = read(
        knowledge,
        patient("1968-02-02"),
        condition("d", concept(coding(ICD10, "D05.12", "Intraductal carcinoma in situ of left breast")), "2025-01-10"),
        procedure("s", concept(coding(CPT, "19301")), "2025-02-01", bodySite=[concept(text="left breast")]),
    )
    assert facts["cancers"][0]["kind"] == "dcis"
    visits = topics["clinic-visit"]
    assert [row["interval_months"] for row in visits] == [[6, 12]]


def test_a_man_has_no_menopause_to_ask_for(knowledge: Any) -> None:
    _, topics = read(
        knowledge,
        patient("1955-02-02", "male"),
        condition("l", concept(coding(ICD10, "C50.922")), "2022-02-01"),
        procedure("m", concept(coding(CPT, "19303")), "2022-03-15", bodySite=[concept(text="left breast")]),
        order("tam", concept(text="tamoxifen 20 mg"), "2022-06-01"),
    )
    assert not any("menopausal_status" in row["missing"] for rows in topics.values() for row in rows)
    assert "dxa" not in topics


@pytest.mark.parametrize(("last_year", "status"), [(2025, "overdue"), (2026, "cannot-tell")])
def test_infusions_end_by_not_being_given(knowledge: Any, last_year: int, status: str) -> None:
    doses = [given(f"t{month}", concept(text="trastuzumab"), f"{last_year}-{month:02d}-03") for month in range(1, 11)]
    facts, topics = read(knowledge, *path_chart(), *doses)
    row = next(row for row in facts["treatments"]["systemic"] if row["agent"] == "trastuzumab")
    assert row["status"] == "unknown"
    follow_up = next(row for row in topics["echocardiogram"] if row["rule"] == "lvef-after-trastuzumab")
    assert follow_up["status"] == status


def test_a_tablet_given_in_hospital_long_ago_is_not_called_stopped(knowledge: Any) -> None:
    _, topics = read(knowledge, *path_chart()[:-1], given("tam", concept(text="tamoxifen 20 mg"), "2023-01-03"))
    assert topics["endocrine-adherence"][0]["status"] == "cannot-tell"
