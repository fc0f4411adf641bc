"""Reading from the sandbox: scopes, searches, pages, versions, as FHIR R4 has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.browserless import fhir_session, sign_in
from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.tiny_charts import AS_OF, CALLBACK, tiny_patients


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(patients=tiny_patients, as_of=AS_OF) as running:
        yield running


class Reader:
    """A session with the scopes asked for."""

    def __init__(self, sandbox: RunningSandbox, scope: str = "launch patient/*.rs", slug: str = "open") -> None:
        callback = CALLBACK.replace("open", slug)
        token = sign_in(sandbox.launch_url("tiny", slug), callback, scope)
        self.base = token["iss"]
        self.session = fhir_session(token)

    def get(self, path: str, **headers: str) -> requests.Response:
        url = path if path.startswith("http") else f"{self.base}/{path}"
        return self.session.get(url, headers=headers, timeout=10)

    def found(self, path: str, mode: str = "match") -> list[dict[str, Any]]:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        return [e["resource"] for e in answer.json().get("entry", []) if e["search"]["mode"] == mode]

    def ids(self, path: str) -> list[str]:
        return [resource["id"] for resource in self.found(path)]


@pytest.fixture(scope="module")
def reader(sandbox: RunningSandbox) -> Reader:
    return Reader(sandbox)


def outcome_of(answer: requests.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/fhir+json")
    issue: dict[str, Any] = answer.json()["issue"][0]
    assert issue["details"]["text"]
    return issue


def test_without_a_token_nothing_is_read(sandbox: RunningSandbox) -> None:
    answer = requests.get(f"{sandbox.fhir_base()}/Patient/tiny", timeout=10)
    assert outcome_of(answer, 401)["code"] == "login"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_metadata_is_for_everybody_and_says_where_to_sign_in(sandbox: RunningSandbox) -> None:
    found = requests.get(f"{sandbox.fhir_base()}/metadata", timeout=10).json()
    assert found["fhirVersion"] == "4.0.1"
    uris = {e["url"]: e["valueUri"] for e in found["rest"][0]["security"]["extension"][0]["extension"]}
    assert uris["token"] == sandbox.place.issuers["open"].server.token_url
    plan = next(r for r in found["rest"][0]["resource"] if r["type"] == "CarePlan")
    assert {"create", "update"} <= {i["code"] for i in plan["interaction"]}


def test_a_read_gives_version_and_time(reader: Reader) -> None:
    answer = reader.get("Patient/tiny")
    assert answer.headers["ETag"] == 'W/"1"'
    assert answer.json()["meta"]["versionId"] == "1"
    assert reader.get("Patient/tiny", **{"If-None-Match": 'W/"1"'}).status_code == 304


def test_another_patient_is_out_of_reach(reader: Reader) -> None:
    outcome_of(reader.get("Patient/other"), 403)
    outcome_of(reader.get("Observation/other-o0"), 403)
    outcome_of(reader.get("Observation?patient=other"), 403)
    assert reader.ids("Patient") == ["tiny"]
    assert {i[:4] for i in reader.ids("Observation")} == {"tiny"}


def test_scopes_are_enforced_on_every_call(sandbox: RunningSandbox) -> None:
    reader = Reader(sandbox, "launch patient/Observation.read patient/CarePlan.s")
    assert reader.get("Observation/tiny-o0").status_code == 200
    outcome_of(reader.get("Patient/tiny"), 403)
    assert reader.get("CarePlan?patient=tiny").status_code == 200
    outcome_of(reader.get("CarePlan/tiny-plan"), 403)
    answer = reader.session.post(f"{reader.base}/Observation", json={"resourceType": "Observation"}, timeout=10)
    outcome_of(answer, 403)


def test_a_granular_scope_shows_only_what_fits_it(sandbox: RunningSandbox) -> None:
    reader = Reader(sandbox, "launch patient/Observation.rs?code=http://loinc.org|85339-0")
    assert reader.ids("Observation?patient=tiny") == ["tiny-o1", "tiny-o3", "tiny-o5"]
    outcome_of(reader.get("Observation/tiny-o0"), 403)


def test_a_user_scope_opens_every_chart(sandbox: RunningSandbox) -> None:
    reader = Reader(sandbox, "launch user/Patient.rs")
    assert reader.ids("Patient") == ["tiny", "other"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("patient=Patient/tiny", [0, 1, 2, 3, 4, 5, 6]),
        ("subject=Patient/tiny&code=85337-4", [0, 2, 4, 6]),
        ("code=http://loinc.org|85339-0", [1, 3, 5]),
        ("code=urn:other|85339-0", []),
        ("code=http://loinc.org|", [0, 1, 2, 3, 4, 5, 6]),
        ("code=nothing,http://loinc.org|85339-0", [1, 3, 5]),
        ("code:not=85339-0", [0, 2, 4, 6]),
        ("category=urn:c|laboratory&status=final&code=85337-4", [0, 2, 4, 6]),
        ("date=2020-01-03", [2]),
        ("date=ge2020-01-06", [5, 6]),
        ("date=gt2020-01-06", [6]),
        ("date=lt2020-01-02", [0]),
        ("date=le2020-01-02", [0, 1]),
        ("date=ge2020-01-02&date=lt2020-01-04", [1, 2]),
        ("date=2020-01", [0, 1, 2, 3, 4, 5, 6]),
        ("date=sa2020-01-06", [6]),
        ("date=eb2020-01-02", [0]),
        ("date=ne2020-01-03", [0, 1, 3, 4, 5, 6]),
        ("_id=tiny-o1,tiny-o2", [1, 2]),
        ("_sort=-date", [6, 5, 4, 3, 2, 1, 0]),
        ("_sort=code,-date", [6, 4, 2, 0, 5, 3, 1]),
        ("_lastUpdated=ge2026-11-25", [0, 1, 2, 3, 4, 5, 6]),
        ("_lastUpdated=lt2026-11-25", []),
        ("patient.identifier=urn:mrn|mrn-tiny&code=85339-0", [1, 3, 5]),
        ("patient.identifier=urn:mrn|mrn-other", []),
        ("specimen:missing=true&code=85339-0", [1, 3, 5]),
        ("encounter=Encounter/tiny-visit", []),
    ],
)
def test_a_search_finds_what_it_asks_for(reader: Reader, query: str, expected: list[int]) -> None:
    assert reader.ids(f"Observation?{query}") == [f"tiny-o{number}" for number in expected]


@pytest.mark.parametrize("query", ["nonsense=1", "_sort=nonsense", "date=yesterday", "code:above=1", "_count=few"])
def test_a_search_that_cannot_be_understood_is_refused(reader: Reader, query: str) -> None:
    outcome_of(reader.get(f"Observation?{query}"), 400)


def test_lenient_handling_ignores_what_is_unknown(reader: Reader) -> None:
    assert reader.get("Observation?nonsense=1", Prefer="handling=lenient").json()["total"] == 7


def test_names_are_found_by_their_beginning(reader: Reader) -> None:
    assert reader.ids("Patient?family=quill") == ["tiny"]
    assert reader.ids("Patient?name:contains=uillm&birthdate=1970-03-04&gender=female") == ["tiny"]
    assert reader.ids("Patient?family:exact=quill") == []


def test_pages_are_followed_by_opaque_links(reader: Reader) -> None:
    first = reader.get("Observation?patient=tiny&_count=3").json()
    pages, bundle = [first], first
    while following := [link["url"] for link in bundle["link"] if link["relation"] == "next"]:
        assert "patient" not in following[0]
        bundle = reader.get(following[0]).json()
        pages.append(bundle)
    assert [len(page["entry"]) for page in pages] == [3, 3, 1]
    assert {page["total"] for page in pages} == {7}
    assert len({entry["fullUrl"] for page in pages for entry in page["entry"]}) == 7


def test_a_page_link_serves_only_the_sign_in_that_searched(sandbox: RunningSandbox, reader: Reader) -> None:
    link = reader.get("Observation?_count=3").json()["link"][1]["url"]
    outcome_of(Reader(sandbox).get(link), 403)
    outcome_of(reader.get(link.replace("Observation", "Condition")), 403)
    outcome_of(reader.get(f"{reader.base}/Observation?_page=made-up.3"), 410)


def test_a_search_may_be_posted(reader: Reader) -> None:
    answer = reader.session.post(
        f"{reader.base}/Observation/_search", {"patient": "tiny", "code": "85339-0"}, timeout=10
    )
    assert answer.json()["total"] == 3


def test_counting_without_resources(reader: Reader) -> None:
    for query in ("_summary=count", "_count=0"):
        found = reader.get(f"Observation?{query}").json()
        assert (found["total"], "entry" in found) == (7, False)


def test_elements_are_chosen_and_the_rest_is_marked_as_cut(reader: Reader) -> None:
    found = reader.found("Observation?_id=tiny-o1&_elements=status")[0]
    assert set(found) == {"resourceType", "id", "meta", "status"}
    assert found["meta"]["tag"][0]["code"] == "SUBSETTED"


def test_the_medication_of_an_order_is_included(reader: Reader) -> None:
    assert [r["id"] for r in reader.found("MedicationRequest?_include=MedicationRequest:medication", "include")] == [
        "tiny-drug"
    ]


def test_json_is_the_only_format(reader: Reader) -> None:
    outcome_of(reader.get("Patient/tiny", Accept="application/fhir+xml"), 406)
    outcome_of(reader.get("Patient/tiny?_format=xml"), 406)
    assert reader.get("Patient/tiny?_format=json").status_code == 200


def test_what_does_not_exist_is_said(reader: Reader) -> None:
    outcome_of(reader.get("Patient/nobody"), 404)
    outcome_of(reader.get("Nothing?x=1"), 404)
    outcome_of(reader.session.patch(f"{reader.base}/Patient/tiny", json=[], timeout=10), 405)


def test_localhost_is_sent_to_the_one_address(sandbox: RunningSandbox) -> None:
    url = sandbox.url.replace("127.0.0.1", "localhost")
    answer = requests.get(f"{url}/patients", allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (307, f"{sandbox.url}/patients")
