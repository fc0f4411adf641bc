"""Whole charts in the shapes of real EHR exports: what is read of them, and what is left open."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.charts import (
    CPT,
    ICD10,
    LOINC,
    ME,
    coding,
    concept,
    condition,
    observation,
    patient,
    procedure,
)
from tests.support.whole_charts import Json, path_chart, read, state, value


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


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (concept(coding(ICD10, "Z80.3")), [("relative", "breast")]),
        (concept(coding(ICD10, "Z80.41")), [("relative", "ovarian")]),
        (concept(text="Family history of breast cancer in maternal aunt"), [("maternal aunt", "breast")]),
        (concept(text="FH: ovarian cancer"), [("relative", "ovarian")]),
        (concept(text="No family history of breast cancer"), None),
        (concept(text="Family history of lung cancer"), None),
        (concept(text="Family history of benign breast disease"), None),
    ],
)
def test_cancer_in_the_family_on_the_problem_list_is_no_missing_family_history(
    knowledge: Any, code: Any, told: list[tuple[str, str]] | None
) -> None:
    cancer = condition("c", concept(coding(ICD10, "C50.912")), "2020-01-01")
    facts, _ = read(knowledge, patient(), cancer, condition("h", code))
    assert len(facts["cancers"]) == 1
    fact = facts["facts"]["family_history"]
    assert fact["state"] == ("documented" if told else "not-found")
    assert [(row["relation"], row["cancer"]) for row in fact["value"] or ()] == (told or [])
    assert fact["sources"] == (["Condition/h"] if told else [])


def test_a_named_relative_stands_in_place_of_the_code_that_names_none(knowledge: Any) -> None:
    mother = {
        "resourceType": "FamilyMemberHistory",
        "id": "m",
        "status": "completed",
        "patient": {"reference": "Patient/p"},
        "relationship": concept(text="Mother"),
        "condition": [{"code": concept(text="Breast cancer"), "onsetAge": {"value": 44}}],
    }
    coded = condition("h", concept(coding(ICD10, "Z80.3")))
    facts, _ = read(knowledge, patient(), condition("c", concept(coding(ICD10, "C50.912"))), coded, mother)
    fact = facts["facts"]["family_history"]
    assert fact["value"] == [{"relation": "Mother", "cancer": "breast", "age": 44.0}]
    assert fact["sources"] == ["Condition/h", "FamilyMemberHistory/m"]


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


def test_another_patients_result_is_withheld_and_counted(knowledge: Any) -> None:
    foreign = observation(
        "x", concept(coding(LOINC, "85337-4")), "2019-02-02", valueCodeableConcept=concept(text="Negative")
    )
    foreign["subject"] = {"reference": "Patient/other"}
    facts, _ = read(knowledge, patient(), condition("l", concept(coding(ICD10, "C50.912")), "2019-02-01"), foreign)
    assert state(facts, "er") == "not-found"
    assert [issue["kind"] for issue in facts["issues"] if issue["resource"] == "Observation/x"] == ["other-patient"]


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
