"""Charts as exports of EHRs shape them: reports inside Observations, names in other languages, sides that disagree."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.abstraction import assert_facts, left_breast_cancer, pathology, read_facts, rows_of
from tests.support.charts import ICD10, LOINC, Resource, coding, concept, condition, observation, patient, procedure

WHOLE = (
    "LEFT BREAST, LUMPECTOMY: INVASIVE DUCTAL CARCINOMA, GRADE 3, 2.3 CM. "
    "ER POSITIVE 90%, PR NEGATIVE, HER2 POSITIVE (3+)."
)
READ = {"er": "positive", "pr": "negative", "her2": "positive", "grade": 3, "tumor_size_mm": 23}


def facts_of(*chart: Resource) -> dict[str, Any]:
    return read_facts(patient(), left_breast_cancer(), *chart)


@pytest.mark.parametrize(
    "code",
    [
        concept(text="Surgical pathology final diagnosis"),
        concept(coding(LOINC, "22637-3")),
        concept(text="Breast biomarkers, synoptic"),
    ],
)
def test_an_observation_whose_text_is_a_whole_pathology_report_is_read_as_one(code: Resource) -> None:
    facts = facts_of(observation("o", code, "2022-06-21", valueString=WHOLE))
    assert_facts(facts, **READ)
    assert facts["facts"]["er"]["sources"] == ["Observation/o"]


def test_a_report_in_an_observation_never_overrides_a_coded_result() -> None:
    er = observation("er", concept(coding(LOINC, "85337-4")), "2022-06-21", valueString="Negative")
    report = observation("o", concept(text="Surgical pathology"), "2022-06-21", valueString=WHOLE)
    fact = facts_of(er, report)["facts"]["er"]
    assert (fact["value"], [other["value"] for other in fact["others"]]) == ("negative", ["positive"])


def test_a_preliminary_report_in_an_observation_says_nothing() -> None:
    report = observation("o", concept(text="Surgical pathology"), "2022-06-21", "preliminary", valueString=WHOLE)
    assert_facts(facts_of(report))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Östrogenrezeptor", "positiv (90 %)"),
        ("Récepteurs des œstrogènes", "positifs 90 %"),
        ("Receptores de estrógeno", "positivo"),
        ("Grade histologique (SBR)", "Grade II"),
        ("Tumorgröße", "2,1 cm"),
        ("Tamaño tumoral", "21 mm"),
        ("Ganglions axillaires", "1 sur 3"),
    ],
)
def test_a_result_in_another_language_is_shown_verbatim_and_not_interpreted(name: str, value: str) -> None:
    facts = facts_of(observation("o", concept(text=name), "2022-06-21", valueString=value))
    assert_facts(facts)
    assert [(row["title"], row["text"]) for row in facts["unplaced"]] == [(name, value)]


@pytest.mark.parametrize(
    "name", ["Progesterone [Mass/volume] in Serum or Plasma", "Ganglion cyst of wrist", "Estradiol"]
)
def test_hormone_levels_and_other_things_are_not_taken_for_tumor_facts(name: str) -> None:
    assert facts_of(observation("o", concept(text=name), "2022-06-21", valueString="0.3"))["unplaced"] == []


def test_a_side_in_the_code_that_the_words_contradict_is_a_conflict_to_see() -> None:
    cancer = condition("dx", concept(coding(ICD10, "C50.911"), text="Cancer of left breast"), "2022-05-12")
    facts = read_facts(patient(), cancer)
    assert rows_of(facts, "cancers") == [("invasive", "right", "2022-05-12")]
    assert [(issue["kind"], issue["resource"]) for issue in facts["issues"]] == [("conflict", "Condition/dx")]


@pytest.mark.parametrize(
    ("title", "counts"),
    [
        ("Radiation therapy to T-spine", False),
        ("Whole brain radiotherapy", False),
        ("Radiation therapy, bone metastasis, hip", False),
        ("External beam radiation therapy to left breast and regional nodes", True),
        ("External beam radiation therapy", True),
    ],
)
def test_radiation_whose_title_names_another_place_is_no_course_of_the_breast(title: str, counts: bool) -> None:
    when = {"performedPeriod": {"start": "2022-09-01", "end": "2022-10-05"}}
    facts = facts_of(procedure("r", concept(text=title), **when))
    assert len(rows_of(facts, "radiation")) == counts


def test_tissue_of_a_recurrence_by_its_words_stays_beside_the_primary() -> None:
    code = concept(coding(LOINC, "85337-4"))
    primary = observation("a", code, "2012-01-15", valueString="Positive", specimen={"display": "Left lumpectomy"})
    chest_wall = {"specimen": {"display": "Left chest wall recurrence, biopsy"}}
    later = observation("b", code, "2023-02-10", valueString="Negative", **chest_wall)
    fact = facts_of(primary, later)["facts"]["er"]
    assert (fact["value"], [other["value"] for other in fact["others"]]) == ("positive", ["negative"])


def test_stages_of_the_eighth_edition_in_local_names_are_told_apart() -> None:
    stages = [
        ("AJCC 8 Clinical Prognostic Stage", "IIA", "2021-01-20"),
        ("AJCC 8 Pathologic Prognostic Stage", "IA", "2021-03-20"),
        ("AJCC 8 Pathologic Anatomic Stage", "IIA", "2021-03-20"),
    ]
    chart = [
        observation(f"s{number}", concept(text=name), on, valueString=value)
        for number, (name, value, on) in enumerate(stages)
    ]
    assert_facts(facts_of(*chart), stage_group={"value": "IA", "basis": "pathologic"})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Left breast: residual invasive ductal carcinoma, Nottingham grade 3. ypT1b ypN0 (0/14).",
         {"grade": 3, "t": "T1b", "n": "N0", "nodes_positive": 0, "nodes_examined": 14}),
        ("Left breast core biopsy: invasive lobular carcinoma, grade 1.", {"grade": 1}),
        ("Left axillary contents: metastatic carcinoma in 2 of 15 lymph nodes (largest focus 1.1 cm).",
         {"nodes_positive": 2, "nodes_examined": 15}),
        ("Left axillary dissection: metastatic melanoma in 2 of 15 lymph nodes.", {}),
        ("Left axillary dissection: squamous cell carcinoma of skin, 2 of 15 lymph nodes.", {}),
    ],
)  # fmt: skip
def test_counts_of_nodes_and_grades_at_the_end_of_a_sentence_are_read(text: str, expected: dict[str, Any]) -> None:
    assert_facts(facts_of(pathology(text)), **expected)


@pytest.mark.parametrize(
    ("words", "present"),
    [
        ("Brain metastasis from lung cancer", False),
        ("Secondary malignant neoplasm of brain, from malignant melanoma", False),
        ("Secondary malignant neoplasm of brain", True),
        ("Brain metastasis from left breast cancer", True),
        ("Pathologic fracture due to bone metastasis", True),
    ],
)
def test_a_metastasis_whose_words_name_another_primary_is_not_the_breasts(words: str, present: bool) -> None:
    facts = facts_of(condition("m", concept(coding(ICD10, "C79.31"), text=words), "2023-01-01"))
    assert (facts["facts"]["metastasis"]["value"] == "present") is present
    assert facts["scope"]["applies"] is not present
    assert present or [issue["resource"] for issue in facts["issues"]] == ["Condition/m"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Discussed ER positive disease in general.", []),
        ("Patients with HER2 positive tumors receive trastuzumab.", []),
        (
            "Outside lung biopsy: adenocarcinoma, HER2 negative.",
            ["Outside lung biopsy: adenocarcinoma, HER2 negative."],
        ),
    ],
)
def test_words_on_disease_in_general_or_of_another_organ_give_no_receptor(text: str, shown: list[str]) -> None:
    facts = facts_of(pathology(text))
    assert_facts(facts)
    assert [row["text"] for row in facts["unplaced"]] == shown


def test_a_range_of_stained_nuclei_inside_one_category_is_that_category() -> None:
    er = observation("o", concept(text="Estrogen receptor, percent positive"), "2022-06-21", valueString="1-10%")
    assert_facts(facts_of(er), er="low-positive")


@pytest.mark.parametrize(
    ("title", "rows"),
    [
        ("Injection for sentinel lymph node mapping (lymphoscintigraphy)", []),
        ("Sentinel node localization scan", []),
        ("Left sentinel node biopsy with mapping", [("sentinel-node-biopsy", "left", "2022-06-14")]),
    ],
)
def test_finding_a_sentinel_node_is_not_removing_it(title: str, rows: list[Any]) -> None:
    facts = facts_of(procedure("s", concept(text=title), "2022-06-14"))
    assert rows_of(facts, "axillary_surgery") == rows
