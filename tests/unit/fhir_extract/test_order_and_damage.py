"""Order, doubling, paging and damage never change what a record says, and never break the reader."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smart_app.clinical.codes import CodeMap
from smart_app.clinical.facts_json import facts_json
from smart_app.fhir.extract import RecordBuilder, extract_record
from tests.support import charts
from tests.support.charts import ICD10, LOINC, ME, coding, concept, condition, observation, order, patient, procedure
from tests.support.mutation import mutated

AS_OF = date(2026, 11, 22)
SOAK = 5_000 if os.environ.get("AFTERCARE_SOAK") == "1" else 500
REPORT = """FINAL DIAGNOSIS: Left breast, lumpectomy: invasive ductal carcinoma, grade 2, 1.8 cm.
Estrogen receptor: Positive (95%). PR: Negative. HER2: 2+, FISH: not amplified. 1/3 sentinel nodes positive. pT1c pN1a.
"""


def result(id_: str, code: str, on: str, words: str, **more: Any) -> dict[str, Any]:
    return observation(id_, concept(coding(LOINC, code)), on, valueCodeableConcept=concept(text=words), **more)


CHART = [
    patient(),
    condition("dx", concept(coding(ICD10, "C50.912")), "2019-01-01"),
    condition("dx2", concept(text="Breast cancer (HCC)")),
    condition("right", concept(coding(ICD10, "D05.11")), "2022"),
    result("er", "85337-4", "2019-01-05", "Positive (95%)"),
    result("er2", "85337-4", "2019-03-05", "Negative", meta={"versionId": "2"}),
    result("pr", "85339-0", "2019-01-05", "Negative"),
    result("ihc", "85319-2", "2019-01-05", "Equivocal (2+)"),
    result("ish", "85318-4", "2019-01-15", "Not amplified"),
    result("stage", "21908-9", "2019-01-05", "Stage IIA"),
    result("path", "21902-2", "2019-03-05", "Stage IB"),
    observation(
        "glucose", concept(coding(LOINC, "2345-7")), "2024-01-01", valueQuantity={"value": 90, "unit": "mg/dL"}
    ),
    charts.report("report", concept(text="Surgical pathology"), "2019-03-05", REPORT),
    charts.report("mg", concept(coding(LOINC, "24606-6")), "2026-01-05", "BI-RADS 2"),
    procedure("op", concept(text="Left lumpectomy with sentinel node biopsy"), "2019-03-01"),
    procedure("rt1", concept(text="Radiation therapy"), "2019-05-01"),
    procedure("rt2", concept(text="Radiation therapy"), "2019-05-20"),
    order("ai", concept(text="letrozole 2.5 mg"), "2019-07-01"),
    order("ai2", concept(text="letrozole 2.5 mg"), "2021-07-01", "stopped"),
    {**result("other", "85337-4", "2019-01-05", "Negative"), "subject": {"reference": "Patient/another"}},
]


def text_of(resources: list[Any], codes: CodeMap) -> str:
    return json.dumps(facts_json(extract_record(copy.deepcopy(resources), codes, AS_OF)), allow_nan=False)


@given(seed=st.integers(0, 10_000), doubled=st.integers(0, len(CHART)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_and_any_doubling_gives_the_same_bytes(codes: CodeMap, seed: int, doubled: int) -> None:
    shuffled = CHART + CHART[:doubled]
    random.Random(seed).shuffle(shuffled)
    assert text_of(shuffled, codes) == text_of(CHART, codes)


@given(sizes=st.lists(st.integers(1, 7), min_size=1, max_size=8), seed=st.integers(0, 1_000))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_paging_gives_the_same_bytes(codes: CodeMap, sizes: list[int], seed: int) -> None:
    results = [r for r in CHART if r["resourceType"] == "Observation"]
    random.Random(seed).shuffle(results)
    builder = RecordBuilder(codes, AS_OF, "p")
    builder.add(copy.deepcopy([r for r in CHART if r["resourceType"] != "Observation"]))
    position = 0
    while position < len(results):
        size = sizes[position % len(sizes)]
        entries = [{"resource": r} for r in results[position : position + size]]
        builder.add_observation_page(json.dumps({"resourceType": "Bundle", "entry": entries}).encode())
        position += size
    whole = extract_record(copy.deepcopy(CHART), codes, AS_OF, patient_id="p")
    assert facts_json(builder.build()) == facts_json(whole)


def test_of_two_versions_of_one_result_the_newer_counts_whatever_came_first(codes: CodeMap) -> None:
    old = result("x", "85337-4", "2019-01-05", "Negative", meta={"lastUpdated": "2019-01-06T00:00:00Z"})
    new = result("x", "85337-4", "2019-01-05", "Positive", meta={"lastUpdated": "2019-02-06T00:00:00Z"})
    for pair in ([old, new], [new, old]):
        facts = json.loads(text_of([*CHART[:2], *pair], codes))["facts"]
        assert facts["er"]["value"] == "positive"


@pytest.mark.parametrize("removed", range(1, len(CHART)))
def test_removing_a_resource_never_makes_a_fact_negative(codes: CodeMap, removed: int) -> None:
    before = json.loads(text_of(CHART, codes))["facts"]
    after = json.loads(text_of(CHART[:removed] + CHART[removed + 1 :], codes))["facts"]
    for name in ("er", "pr", "her2", "metastasis", "germline"):
        if after[name]["value"] in ("negative", "none"):
            said = [before[name]["value"], *[other["value"] for other in before[name]["others"]]]
            assert after[name]["value"] in said


def test_damaged_records_never_raise_and_are_json_again(codes: CodeMap) -> None:
    for seed in range(SOAK):
        text_of(mutated(CHART, seed), codes)


def test_a_page_that_is_no_json_or_no_bundle_is_an_issue_and_nothing_else(codes: CodeMap) -> None:
    for raw in (b"", b"{", b"[]", b"null", b'{"entry": 5}', b'{"entry": [{"resource": {"id": NaN}}]}', b"\xff\xfe"):
        builder = RecordBuilder(codes, AS_OF, "p")
        builder.add(copy.deepcopy(CHART))
        assert builder.add_observation_page(raw).next_url is None
        assert builder.build().facts["pr"].value == "negative"


def test_a_page_says_what_comes_next_and_how_many_there_are(codes: CodeMap) -> None:
    page = {
        "resourceType": "Bundle",
        "total": 40,
        "entry": [{"resource": CHART[4]}],
        "link": [{"relation": "next", "url": "u"}],
    }
    info = RecordBuilder(codes, AS_OF, "p").add_observation_page(json.dumps(page).encode())
    assert (info.next_url, info.count, info.total) == ("u", 1, 40)


def test_another_patients_resources_are_withheld_counted_and_never_used(facts_of: Callable[..., Any]) -> None:
    for foreign in ("Patient/x", "https://other.example/fhir/Patient/x", "Patient/x/_history/3", "urn:uuid:1"):
        strange = {**order("m", concept(text="tamoxifen"), "2020-01-01"), "subject": {"reference": foreign}}
        facts = facts_of(*CHART[:2], strange)
        assert facts["treatments"]["systemic"] == []
        assert [issue["resource"] for issue in facts["issues"]] == ["MedicationRequest/m"]


def test_the_patients_own_resources_count_by_any_form_of_reference(facts_of: Callable[..., Any]) -> None:
    named = {**patient(), "identifier": [{"system": "mrn", "value": "7"}]}
    for subject in (
        ME,
        {"reference": "https://a.example/fhir/Patient/p"},
        {"reference": "Patient/p/_history/2"},
        {"identifier": {"system": "mrn", "value": "7"}},
        {"reference": "urn:uuid:p"},
    ):
        own = {**order("m", concept(text="tamoxifen"), "2020-01-01"), "subject": subject}
        assert len(facts_of(named, CHART[1], own)["treatments"]["systemic"]) == 1


def test_in_a_launch_a_resource_that_names_nobody_is_withheld(facts_of: Callable[..., Any]) -> None:
    nobody = {k: v for k, v in order("m", concept(text="tamoxifen"), "2020-01-01").items() if k != "subject"}
    assert facts_of(*CHART[:2], nobody, patient_id="p")["treatments"]["systemic"] == []
    assert len(facts_of(*CHART[:2], nobody)["treatments"]["systemic"]) == 1


@pytest.mark.parametrize(
    ("id_", "change", "kind", "said"),
    [
        ("dx", {"code": None}, "unreadable", "no code"),
        ("dx", {"code": ["C50.912"]}, "unreadable", "code"),
        ("dx", {"code": {"coding": "C50.912"}}, "unreadable", "no code"),
        ("dx", {"onsetDateTime": "2023-02-30"}, "date", "2023-02-30"),
        ("er", {"code": None}, "unreadable", "no code"),
        ("er", {"code": {}}, "unreadable", "no code"),
        ("er", {"valueCodeableConcept": [1]}, "unreadable", "valueCodeableConcept"),
        ("er", {"effectiveDateTime": "yesterday"}, "date", "yesterday"),
        ("glucose", {"code": 7}, "unreadable", "no code"),
        ("op", {"code": 7}, "unreadable", "no code"),
        ("op", {"performedDateTime": {"value": 2019}}, "date", "performedDateTime"),
        ("ai", {"medicationCodeableConcept": None}, "unreadable", "no code"),
    ],
)
def test_what_is_not_shaped_as_fhir_is_told_with_its_id_from_a_file_and_from_a_server(
    codes: CodeMap, id_: str, change: dict[str, Any], kind: str, said: str
) -> None:
    damaged = [{**each, **change} if each["id"] == id_ else each for each in copy.deepcopy(CHART)]
    assert not [issue for issue in extract_record(CHART, codes, AS_OF).issues if issue.kind in ("unreadable", "date")]
    builder = RecordBuilder(codes, AS_OF, "p")
    builder.add(each for each in damaged if each["resourceType"] != "Observation")
    page = {
        "resourceType": "Bundle",
        "entry": [{"resource": each} for each in damaged if each["resourceType"] == "Observation"],
    }
    builder.add_observation_page(json.dumps(page).encode())
    for record in (extract_record(damaged, codes, AS_OF), builder.build()):
        told = [issue for issue in record.issues if issue.kind == kind and said in issue.detail]
        assert [str(issue.resource).partition("/")[2] for issue in told] == [id_]


@pytest.mark.parametrize(
    "died",
    [{"deceasedBoolean": True}, {"deceasedDateTime": "2024-05-03"}, {"deceasedDateTime": "2024"},
     {"deceasedDateTime": "2024-02-30"}, {"deceasedDateTime": "last spring"}],
)  # fmt: skip
def test_a_death_ends_the_scope_also_where_its_date_cannot_be_read(facts_of: Any, died: dict[str, Any]) -> None:
    """Hazard H20: no plan, no letter and no call for somebody who has died."""
    cancer = condition("dx", concept(coding(ICD10, "C50.912")), "2019-01-01")
    found = facts_of({**patient(), **died}, cancer)
    assert found["patient"]["deceased"] is True
    assert found["scope"] == {"applies": False, "reasons": ["deceased"]}
    assert facts_of({**patient(), "deceasedBoolean": False}, cancer)["scope"]["applies"] is True
