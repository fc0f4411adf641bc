"""Parts of results: sizes of a component, parts with a modifier, specimens and attachments that cannot be read."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from smart_app.clinical.facts import FactState, IssueKind, Search, SearchState
from smart_app.fhir.extract.builder import extract_record
from smart_app.fhir.queries import QUERIES, supplied_by
from tests.support.abstraction import AS_OF, all_codes, left_breast_cancer, pathology, read_facts
from tests.support.charts import ICD10, LOINC, Resource, coding, concept, condition, observation, patient, report

INVASIVE = concept(coding(LOINC, "44635-1"))
WHOLE = concept(coding(LOINC, "21889-1"))


def size(id_: str, code: Resource, mm: float, on: str = "2022-06-21", **more: Any) -> Resource:
    return observation(id_, code, on, valueQuantity={"value": mm, "unit": "mm"}, **more)


def size_of(*chart: Resource) -> tuple[str, Any, list[Any]]:
    fact = read_facts(patient(), left_breast_cancer(), *chart)["facts"]["tumor_size_mm"]
    return fact["state"], fact["value"], [other["value"] for other in fact["others"]]


@pytest.mark.parametrize(
    "invasive", [INVASIVE, concept(text="Size of invasive component"), concept(text="Tumor size, invasive component")]
)
def test_the_invasive_size_stands_before_that_of_the_whole_lesion_which_is_shown(invasive: Resource) -> None:
    assert size_of(size("i", invasive, 12), size("w", WHOLE, 31)) == ("documented", 12, [31])


def test_an_invasive_size_larger_than_the_whole_lesion_is_a_conflict() -> None:
    assert size_of(size("i", INVASIVE, 40), size("w", WHOLE, 31))[0] == "conflicting"


def test_a_whole_size_of_another_day_is_another_specimen_and_a_conflict() -> None:
    assert size_of(size("i", INVASIVE, 12), size("w", WHOLE, 31, "2022-09-01"))[0] == "conflicting"


def test_the_invasive_size_of_a_biopsy_does_not_replace_the_size_of_the_excision() -> None:
    biopsy, excision = {"specimen": {"display": "core biopsy"}}, {"specimen": {"display": "lumpectomy"}}
    assert size_of(size("i", INVASIVE, 5, **biopsy), size("w", WHOLE, 31, **excision)) == ("documented", 31, [5])


def test_the_size_of_the_in_situ_component_is_never_the_size_of_an_invasive_cancer() -> None:
    chart = (patient(), left_breast_cancer(), size("d", concept(text="Tumor size, DCIS component"), 40))
    facts = read_facts(*chart)
    assert facts["facts"]["tumor_size_mm"]["state"] == "not-found"
    assert [row["text"] for row in facts["unplaced"]] == ["40 mm"]


def test_the_size_of_the_in_situ_component_is_the_size_of_a_dcis() -> None:
    dcis = condition("dx", concept(coding(ICD10, "D05.12")), "2022-05-12")
    facts = read_facts(patient(), dcis, size("d", concept(text="Tumor size, DCIS component"), 40))
    assert facts["facts"]["tumor_size_mm"]["value"] == 40


def test_a_report_that_gives_both_sizes_is_read_by_the_invasive_one() -> None:
    text = "Left breast: Invasive ductal carcinoma.\nSize of invasive component: 12 mm\nOverall tumor size: 31 mm\n"
    assert size_of(pathology(text)) == ("documented", 12, [31])


MODIFIER = [{"url": "http://example.org/of-a-relative", "valueBoolean": True}]


def test_a_component_with_a_modifier_is_not_used_and_said_and_the_others_stand() -> None:
    positive = {"valueCodeableConcept": concept(text="Positive")}
    parts = [
        {"code": concept(coding(LOINC, "85337-4")), **positive},
        {"code": concept(coding(LOINC, "85339-0")), **positive, "modifierExtension": MODIFIER},
    ]
    panel = observation("o", concept(text="Breast biomarkers"), "2022-06-21", component=parts)
    facts = read_facts(patient(), left_breast_cancer(), panel)
    assert facts["facts"]["er"]["value"] == "positive"
    assert facts["facts"]["pr"]["state"] == "not-found"
    assert [(i["kind"], i["resource"]) for i in facts["issues"]] == [("unreadable", "Observation/o")]


def test_a_stage_with_a_modifier_in_a_diagnosis_is_not_used() -> None:
    stage = [{"summary": concept(text="Stage IIA"), "modifierExtension": MODIFIER}]
    facts = read_facts(patient(), left_breast_cancer(stage=stage))
    assert facts["facts"]["stage_group"]["state"] == "not-found"
    assert any("modifier" in issue["detail"] for issue in facts["issues"])


@pytest.mark.parametrize(
    ("specimen", "told"),
    [
        ({"reference": "Specimen/gone"}, True),
        ({"reference": "Specimen/gone", "display": "Left breast core biopsy"}, False),
        ({"display": "Left breast core biopsy"}, False),
    ],
)
def test_a_specimen_that_could_not_be_read_is_said(specimen: Resource, told: bool) -> None:
    er = observation("o", concept(coding(LOINC, "85337-4")), "2022-06-21", valueString="Positive", specimen=specimen)
    facts = read_facts(patient(), left_breast_cancer(), er)
    assert facts["facts"]["er"]["value"] == "positive"
    assert any("specimen" in issue["detail"] for issue in facts["issues"]) is told


SCAN = [{"contentType": "image/jpeg", "data": base64.b64encode(b"\xff\xd8\xff").decode()}]


def with_report(title: str, **more: Any) -> tuple[Search, dict[str, FactState]]:
    """The search of reports and the states of facts, where every search came back whole."""
    codes = all_codes()
    searches = tuple(
        Search(query.name, query.resource_type, SearchState.COMPLETE, 1, "", supplied_by(query, codes))
        for query in QUERIES
    )
    chart = [
        patient(),
        left_breast_cancer(),
        report("r", concept(text=title), "2022-06-21", presentedForm=SCAN, **more),
    ]
    record = extract_record(chart, codes, AS_OF, searches=searches)
    assert any(issue.kind is IssueKind.UNREADABLE for issue in record.issues)
    reports = next(search for search in record.searches if search.resource_type == "DiagnosticReport")
    return reports, {name: fact.state for name, fact in record.facts.items()}


def test_a_pathology_report_that_is_only_a_picture_leaves_its_search_read_in_part() -> None:
    search, states = with_report("Surgical pathology report")
    assert (search.state, search.why) == (SearchState.TRUNCATED, "the attachment of 1 report could not be read")
    assert (states["er"], states["germline"], states["birads"]) == (
        FactState.NOT_READ, FactState.NOT_READ, FactState.NOT_FOUND,
    )  # fmt: skip
    assert not set(search.supplies) & {"mammogram", "dxa"}, "that no study was done is known all the same"


def test_a_mammogram_report_that_is_only_a_picture_leaves_its_category_not_read() -> None:
    search, states = with_report("Mammogram, screening, bilateral breasts")
    assert search.state is SearchState.TRUNCATED
    assert (states["birads"], states["er"]) == (FactState.NOT_READ, FactState.NOT_FOUND)


@pytest.mark.parametrize(
    ("title", "more"),
    [
        ("Complete blood count", {}),
        ("Surgical pathology report", {"conclusion": "Left breast: invasive ductal carcinoma."}),
    ],
)
def test_a_report_of_something_else_or_with_words_of_its_own_leaves_its_search_whole(
    title: str, more: Resource
) -> None:
    assert with_report(title, **more)[0].state is SearchState.COMPLETE
