"""What a resource is found by, and how the EHRs hold the same chart."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.adapting import adapt
from sandbox.behaviours import OPEN
from sandbox.fhir.answers import RefusalError
from sandbox.fhir.index import compartment_of, date_span, index_rows, reference_target
from sandbox.fhir.search import split_values
from sandbox.fhir.validation import check_resource
from sandbox.vendors import ORACLE_LIKE


def test_odd_content_gives_no_index_rows_and_no_error() -> None:
    odd: dict[str, Any] = {
        "resourceType": "Observation",
        "code": [3, None, {"coding": [None, {"code": 7}]}],
        "category": "text",
        "effectiveDateTime": {"start": "never"},
        "encounter": {"reference": 5},
        "status": None,
    }
    rows = index_rows(odd)
    assert rows.tokens == [("category", "", "text")]
    assert not rows.dates
    assert not rows.references


@pytest.mark.parametrize(
    ("reference", "target"),
    [
        ("Patient/1", "Patient/1"),
        ("http://a.example/fhir/Patient/1/_history/4", "Patient/1"),
        ("urn:uuid:5", "urn:uuid:5"),
        ("#inner", "#inner"),
        ("", None),
    ],
)
def test_references_are_compared_without_base_and_version(reference: str, target: str | None) -> None:
    assert reference_target({"reference": reference}) == target


def test_whose_resource_it_is() -> None:
    assert compartment_of({"resourceType": "Patient", "id": "p"}) == "p"
    assert compartment_of({"resourceType": "Immunization", "patient": {"reference": "Patient/p"}}) == "p"
    assert compartment_of({"resourceType": "Observation", "subject": {"reference": "Group/g"}}) is None
    assert compartment_of({"resourceType": "Organization"}) is None


def test_an_open_period_reaches_far() -> None:
    span = date_span({"start": "2020"})
    assert span is not None
    assert span[1] > 4_000_000_000_000
    assert date_span({}) is None


def test_an_escaped_comma_belongs_to_its_value() -> None:
    assert split_values(r"a\,b,c") == ["a,b", "c"]


def test_every_problem_of_a_resource_is_named_at_once() -> None:
    with pytest.raises(RefusalError) as caught:
        check_resource({"resourceType": "Goal", "lifecycleStatus": "", "target": [], "surprise": 1})
    paths = {issue["expression"][0] for issue in caught.value.outcome["issue"]}
    assert {"Goal.lifecycleStatus", "Goal.target", "Goal"} <= paths


@pytest.mark.parametrize("name", ["Nonsense", "fhirabstractbase", "../careplan", ""])
def test_an_unknown_type_is_refused(name: str) -> None:
    with pytest.raises(RefusalError):
        check_resource({"resourceType": name})


def test_an_open_ehr_holds_a_chart_as_it_is() -> None:
    chart = [{"resourceType": "MedicationStatement", "id": "1", "status": "not-taken"}]
    assert list(adapt(OPEN, chart)) == chart


def test_oracle_holds_a_medicine_that_was_not_taken_as_a_cancelled_plan() -> None:
    chart = [
        {
            "resourceType": "MedicationStatement",
            "id": "1",
            "status": "not-taken",
            "effectivePeriod": {"start": "2020-01", "end": "2021-01"},
        },
        {"resourceType": "ImagingStudy", "id": "2"},
    ]
    held = list(adapt(ORACLE_LIKE, chart))
    assert [r["resourceType"] for r in held] == ["MedicationRequest"]
    assert (held[0]["status"], held[0]["authoredOn"]) == ("cancelled", "2020-01")
    assert held[0]["dispenseRequest"]["validityPeriod"]["end"] == "2021-01"
