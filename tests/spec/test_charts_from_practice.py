"""Whole charts in the shapes of real EHR exports: what is read, what is left open, and what follows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from smart_app.clinical.facts_json import facts_json
from smart_app.clinical.recommendations_json import recommendations_json
from smart_app.clinical.rules import evaluate_rules
from smart_app.clinical.schedule import ClinicDefaults
from smart_app.fhir.extract import extract_record
from smart_app.knowledge import default_paths, load_knowledge
from tests.support.charts import (
    CPT,
    EPIC,
    ICD10,
    LOINC,
    ME,
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

AS_OF = date(2026, 11, 22)
Json = dict[str, Any]


@pytest.fixture(scope="module")
def knowledge() -> Any:
    paths = default_paths()
    return load_knowledge(paths.mappings, paths.education)


def read(knowledge: Any, *resources: Json) -> tuple[Json, dict[str, list[Json]]]:
    record = extract_record(list(resources), knowledge.codes, AS_OF)
    rows = recommendations_json(record, evaluate_rules(knowledge.rules, record, ClinicDefaults()))["recommendations"]
    topics: dict[str, list[Json]] = {}
    for row in rows:
        topics.setdefault(row["topic"], []).append(row)
    return facts_json(record), topics


def value(facts: Json, name: str) -> Any:
    return facts["facts"][name]["value"]


def state(facts: Json, name: str) -> str:
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


def test_a_pathology_report_in_text_alone_gives_receptors_grade_size_and_nodes(knowledge: Any) -> None:
    facts, _ = read(knowledge, *path_chart())
    assert value(facts, "er") == "positive"
    assert facts["facts"]["er"].get("percent") == 95
    assert value(facts, "pr") == "positive"
    assert value(facts, "her2") == "negative"
    assert facts["facts"]["her2"]["ihc"] == "2+"
    assert facts["facts"]["her2"]["ish"] == "not-amplified"
    assert facts["facts"]["her2"]["low"] is True
    assert value(facts, "grade") == 2
    assert value(facts, "tumor_size_mm") == 18
    assert value(facts, "nodes_positive") == 1
    assert value(facts, "nodes_examined") == 3
    assert value(facts, "t") == "T1c"
    assert value(facts, "n") in ("N1a", "N1a(sn)")
    assert value(facts, "ki67_percent") == 18
    assert facts["cancers"][0]["laterality"] == "left"
    assert [row["kind"] for row in facts["treatments"]["surgery"]] == ["breast-conserving"]
    assert [row["kind"] for row in facts["treatments"]["axillary_surgery"]] == ["sentinel-node-biopsy"]
    assert [row["agent"] for row in facts["treatments"]["systemic"]] == ["anastrozole"]


def test_the_mothers_receptor_is_not_the_patients(knowledge: Any) -> None:
    facts, _ = read(knowledge, *path_chart())
    assert state(facts, "er") == "documented"
    assert value(facts, "er") == "positive"


def test_a_coded_final_result_stands_over_the_text(knowledge: Any) -> None:
    er = observation(
        "er", concept(coding(LOINC, "16112-5")), "2022-06-21", valueCodeableConcept=concept(text="Negative")
    )
    facts, _ = read(knowledge, *path_chart(), er)
    assert value(facts, "er") in ("negative", None)
    assert value(facts, "er") != "positive"


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


@pytest.mark.parametrize("code", ["C77.3", "C79.81"])
def test_axillary_nodes_and_secondary_of_breast_are_not_distant_disease(knowledge: Any, code: str) -> None:
    facts, _ = read(
        knowledge,
        patient(),
        condition("l", concept(coding(ICD10, "C50.912")), "2019-02-01"),
        condition("n", concept(coding(ICD10, code)), "2019-02-01"),
    )
    assert facts["scope"]["applies"] is True
    assert value(facts, "metastasis") is None


def test_a_refuted_metastasis_ends_nothing(knowledge: Any) -> None:
    refuted = condition("m", concept(coding(ICD10, "C78.7")), "2025-02-01")
    refuted["verificationStatus"]["coding"][0]["code"] = "refuted"
    facts, _ = read(knowledge, patient(), condition("l", concept(coding(ICD10, "C50.912")), "2019-02-01"), refuted)
    assert facts["scope"]["applies"] is True


def test_personal_history_alone_is_a_survivor_of_unknown_kind(knowledge: Any) -> None:
    facts, _ = read(
        knowledge,
        patient(),
        condition("h", concept(coding(ICD10, "Z85.3", "Personal history of malignant neoplasm of breast"))),
    )
    assert facts["scope"]["applies"] is True
    assert len(facts["cancers"]) == 1
    assert facts["cancers"][0]["diagnosed_on"] is None


def test_family_history_alone_is_no_cancer(knowledge: Any) -> None:
    facts, _ = read(
        knowledge,
        patient(),
        condition("h", concept(coding(ICD10, "Z80.3", "Family history of malignant neoplasm of breast"))),
    )
    assert facts["scope"] == {"applies": False, "reasons": ["no-breast-cancer"]}


def test_lobular_in_situ_alone_is_another_pathway(knowledge: Any) -> None:
    facts, _ = read(knowledge, patient(), condition("h", concept(coding(ICD10, "D05.02")), "2021-01-01"))
    assert facts["scope"] == {"applies": False, "reasons": ["lcis-only"]}


def test_preliminary_and_entered_in_error_results_do_not_count(knowledge: Any) -> None:
    test = concept(coding(LOINC, "85337-4"))
    positive, negative = concept(text="Positive"), concept(text="Negative")
    facts, _ = read(
        knowledge,
        patient(),
        condition("l", concept(coding(ICD10, "C50.912")), "2019-02-01"),
        observation("a", test, "2019-02-02", "preliminary", valueCodeableConcept=negative),
        observation("b", test, "2019-02-03", "entered-in-error", valueCodeableConcept=negative),
        observation("c", test, "2019-02-04", "final", valueCodeableConcept=positive),
    )
    assert value(facts, "er") == "positive"
    assert facts["facts"]["er"]["sources"] == ["Observation/c"]
    assert {issue["resource"] for issue in facts["issues"] if issue["kind"] == "ignored-status"} >= {
        "Observation/a",
        "Observation/b",
    }


@pytest.mark.parametrize(
    "answer",
    [
        {"dataAbsentReason": concept(coding(None, "unknown"))},
        {"valueString": "pending"},
        {"valueString": "see comment"},
        {"valueString": "cancelled"},
        {"valueString": "Quantity not sufficient"},
        {"valueCodeableConcept": concept(text="Unknown")},
        {},
    ],
)
def test_what_is_no_answer_is_never_negative(knowledge: Any, answer: Json) -> None:
    for code in ("85337-4", "85339-0", "85319-2"):
        facts, _ = read(
            knowledge,
            patient(),
            condition("l", concept(coding(ICD10, "C50.912")), "2019-02-01"),
            observation("a", concept(coding(LOINC, code)), "2019-02-02", **answer),
        )
        for name in ("er", "pr", "her2"):
            assert value(facts, name) is None


@pytest.mark.parametrize(
    ("answer", "expected", "percent"),
    [
        (
            {"valueQuantity": {"value": 0, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}},
            "negative",
            0,
        ),
        (
            {"valueQuantity": {"value": 5, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}},
            "low-positive",
            5,
        ),
        (
            {"valueQuantity": {"value": 95, "unit": "%", "system": "http://unitsofmeasure.org", "code": "%"}},
            "positive",
            95,
        ),
        ({"valueQuantity": {"value": 1, "comparator": "<", "unit": "%", "code": "%"}}, "negative", None),
        ({"valueString": "POSITIVE (>95%)"}, "positive", None),
        ({"valueString": "Negative (<1%)"}, "negative", None),
        ({"valueString": "not detected"}, "negative", None),
    ],
)
def test_estrogen_receptor_in_every_shape(knowledge: Any, answer: Json, expected: str, percent: int | None) -> None:
    code = "85329-1" if "valueQuantity" in answer else "16112-5"
    facts, _ = read(
        knowledge,
        patient(),
        condition("l", concept(coding(ICD10, "C50.912")), "2019-02-01"),
        observation("a", concept(coding(LOINC, code)), "2019-02-02", **answer),
    )
    assert value(facts, "er") == expected
    if percent is not None:
        assert facts["facts"]["er"]["percent"] == percent


@pytest.mark.parametrize(
    ("quantity", "mm"),
    [
        ({"value": 2.4, "unit": "cm", "system": "http://unitsofmeasure.org", "code": "cm"}, 24),
        ({"value": 24, "unit": "mm"}, 24),
        ({"value": 24}, None),
        ({"value": 2, "unit": "in"}, None),
    ],
)
def test_tumor_size_is_converted_by_table_or_not_at_all(knowledge: Any, quantity: Json, mm: float | None) -> None:
    facts, _ = read(
        knowledge,
        patient(),
        condition("l", concept(coding(ICD10, "C50.912")), "2019-02-01"),
        observation("a", concept(coding(LOINC, "33728-7")), "2019-02-02", valueQuantity=quantity),
    )
    assert value(facts, "tumor_size_mm") == mm


def test_stage_by_text_and_by_code_keeps_the_finer_and_both_bases(knowledge: Any) -> None:
    facts, _ = read(
        knowledge,
        patient(),
        condition("l", concept(coding(ICD10, "C50.912")), "2019-02-01"),
        observation("c", concept(coding(LOINC, "21908-9")), "2019-02-02", valueString="Stage IIA"),
        observation("p", concept(coding(LOINC, "21902-2")), "2019-03-10", valueString="Stage IB"),
    )
    assert value(facts, "stage_group") == "IB"
    assert facts["facts"]["stage_group"]["basis"] == "pathologic"
    assert [other["value"] for other in facts["facts"]["stage_group"]["others"]] == ["IIA"]


def test_her2_biopsy_and_excision_that_disagree_are_a_conflict(knowledge: Any) -> None:
    test = concept(coding(LOINC, "48676-1"))
    facts, _ = read(
        knowledge,
        patient(),
        condition("l", concept(coding(ICD10, "C50.912")), "2019-02-01"),
        observation("a", test, "2019-02-02", valueCodeableConcept=concept(text="Negative")),
        observation("b", test, "2019-02-20", valueCodeableConcept=concept(text="Positive")),
    )
    assert state(facts, "her2") in ("conflicting", "documented")
    assert {other["value"] for other in facts["facts"]["her2"]["others"]} >= {"negative"}


def test_thirty_three_fractions_are_one_course(knowledge: Any) -> None:
    fractions = [
        procedure(
            f"f{day}", concept(coding(CPT, "77412")), f"2022-08-{day:02d}", bodySite=[concept(text="Left breast")]
        )
        for day in range(1, 29)
    ]
    facts, _ = read(knowledge, *path_chart(), *fractions)
    courses = facts["treatments"]["radiation"]
    assert len(courses) == 1
    assert courses[0]["started_on"] == "2022-08-01"
    assert courses[0]["ended_on"] == "2022-08-28"


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


def test_another_patients_result_is_withheld_and_counted(knowledge: Any) -> None:
    foreign = observation(
        "x", concept(coding(LOINC, "85337-4")), "2019-02-02", valueCodeableConcept=concept(text="Negative")
    )
    foreign["subject"] = {"reference": "Patient/other"}
    facts, _ = read(knowledge, patient(), condition("l", concept(coding(ICD10, "C50.912")), "2019-02-01"), foreign)
    assert state(facts, "er") == "not-found"
    assert [issue["kind"] for issue in facts["issues"] if issue["resource"] == "Observation/x"] == ["other-patient"]


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


def test_germline_in_the_problem_list_and_somatic_on_the_panel_are_told_apart(knowledge: Any) -> None:
    somatic = observation(
        "som",
        concept(coding(LOINC, "69548-6")),
        "2024-05-01",
        valueCodeableConcept=concept(coding(LOINC, "LA9633-4", "Present")),
        component=[
            {"code": concept(coding(LOINC, "48018-6")), "valueCodeableConcept": concept(text="BRCA2")},
            {
                "code": concept(coding(LOINC, "48002-0")),
                "valueCodeableConcept": concept(coding(LOINC, "LA6684-0", "Somatic")),
            },
        ],
    )
    facts, _ = read(knowledge, *path_chart(), somatic)
    assert state(facts, "germline") == "not-found"


def test_the_order_of_entries_changes_nothing(knowledge: Any) -> None:
    chart = path_chart()
    assert read(knowledge, *chart) == read(knowledge, *reversed(chart))


def test_subject_by_urn_of_the_bundle_is_the_patient(knowledge: Any) -> None:
    er = observation(
        "er", concept(coding(LOINC, "85337-4")), "2019-02-02", valueCodeableConcept=concept(text="Positive")
    )
    assert er["subject"] == ME
    er["subject"] = {"reference": "https://ehr.example/fhir/Patient/p"}
    facts, _ = read(knowledge, patient(), condition("l", concept(coding(ICD10, "C50.912")), "2019-02-01"), er)
    assert value(facts, "er") == "positive"


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
