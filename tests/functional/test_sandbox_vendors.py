"""`epic-like` and `oracle-like`: a test for each row of what their public sandboxes are known to do."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from sandbox.browserless import fhir_session, sign_in
from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.tiny_charts import AS_OF, CALLBACK, TinyPatient, new_document, new_plan, tiny_patients

SCOPE = "openid fhirUser launch patient/*.cruds"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(patients=tiny_patients, as_of=AS_OF) as running:
        yield running


class Vendor:
    """A signed-in session at one issuer."""

    def __init__(self, sandbox: RunningSandbox, slug: str, patient: str = "tiny", scope: str = SCOPE) -> None:
        self.token = sign_in(sandbox.launch_url(patient, slug), CALLBACK.replace("open", slug), scope)
        self.base = self.token["iss"]
        self.session = fhir_session(self.token)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.request(method, f"{self.base}/{path}".rstrip("/"), json=body, headers=named, timeout=20)

    def types(self) -> dict[str, set[str]]:
        found = requests.get(f"{self.base}/metadata", timeout=10).json()
        return {r["type"]: {i["code"] for i in r["interaction"]} for r in found["rest"][0]["resource"]}


@pytest.fixture(scope="module")
def epic(sandbox: RunningSandbox) -> Vendor:
    return Vendor(sandbox, "epic-like")


@pytest.fixture(scope="module")
def oracle(sandbox: RunningSandbox) -> Vendor:
    return Vendor(sandbox, "oracle-like")


def codes_of(answer: requests.Response) -> list[str]:
    return [c["code"] for i in answer.json()["issue"] for c in i["details"].get("coding", [])]


@pytest.mark.parametrize("slug", ["epic-like", "oracle-like"])
def test_care_plans_and_goals_can_only_be_read(sandbox: RunningSandbox, slug: str) -> None:
    vendor = Vendor(sandbox, slug)
    assert vendor.types()["CarePlan"] == vendor.types()["Goal"] == {"read", "search-type"}
    answer = vendor.send("POST", "CarePlan", new_plan())
    assert answer.status_code == 405
    assert vendor.send("PUT", "CarePlan/tiny-plan", new_plan(id="tiny-plan")).status_code == 405


CREATED = {
    "epic-like": "AllergyIntolerance Condition DocumentReference Observation Patient Procedure QuestionnaireResponse "
    "ServiceRequest",
    "oracle-like": "AllergyIntolerance Condition Coverage DiagnosticReport DocumentReference Encounter "
    "FamilyMemberHistory Immunization MedicationRequest Observation Organization Patient Practitioner Procedure "
    "Provenance RelatedPerson",
}
UPDATED = {
    "epic-like": "DiagnosticReport DocumentReference Observation Procedure ServiceRequest",
    "oracle-like": "AllergyIntolerance Condition DocumentReference FamilyMemberHistory Immunization Observation "
    "QuestionnaireResponse",
}


@pytest.mark.parametrize("slug", ["epic-like", "oracle-like"])
def test_what_can_be_written_is_what_the_public_statement_says(sandbox: RunningSandbox, slug: str) -> None:
    types = Vendor(sandbox, slug).types()
    assert {name for name, offered in types.items() if "create" in offered} == set(CREATED[slug].split())
    assert {name for name, offered in types.items() if "update" in offered} == set(UPDATED[slug].split())


@pytest.mark.parametrize("slug", ["epic-like", "oracle-like"])
def test_the_care_plan_search_needs_a_category(sandbox: RunningSandbox, slug: str) -> None:
    vendor = Vendor(sandbox, slug)
    assert vendor.send("GET", "CarePlan?patient=tiny").status_code == 400
    found = vendor.send("GET", "CarePlan?patient=tiny&category=assess-plan")
    assert [e["resource"]["id"] for e in found.json()["entry"]] == ["tiny-plan"]


def test_epic_shows_the_activities_of_a_plan(epic: Vendor) -> None:
    assert epic.send("GET", "CarePlan/tiny-plan").json()["activity"]


def test_oracle_shows_a_plan_as_text_only(oracle: Vendor) -> None:
    found = oracle.send("GET", "CarePlan/tiny-plan").json()
    assert "activity" not in found
    assert "Eat breakfast" in found["text"]["div"]
    assert found["text"]["div"].isascii()


def test_both_take_documents(epic: Vendor, oracle: Vendor) -> None:
    for vendor in (epic, oracle):
        assert {"create", "update"} <= vendor.types()["DocumentReference"]
        assert vendor.send("POST", "DocumentReference", new_document()).status_code == 201


def test_epic_answers_a_create_with_the_resource_and_no_version(epic: Vendor) -> None:
    answer = epic.send("POST", "DocumentReference", new_document(description="kept"))
    assert answer.json()["description"] == "kept"
    assert answer.headers["Location"] == f"{epic.base}/DocumentReference/{answer.json()['id']}"
    assert "ETag" not in answer.headers
    assert "versionId" not in answer.json()["meta"]


def test_oracle_answers_a_create_with_an_empty_body(oracle: Vendor) -> None:
    answer = oracle.send("POST", "DocumentReference", new_document())
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["ETag"] == 'W/"1"'
    assert answer.headers["Location"].startswith(f"{oracle.base}/DocumentReference/")


def test_oracle_drops_what_it_does_not_support_without_a_word(oracle: Vendor) -> None:
    body = new_document(description="gone", identifier=[{"system": "urn:a", "value": "1"}], date="2026-11-25T10:00:00Z")
    made = oracle.send("POST", "DocumentReference", body)
    kept = oracle.session.get(made.headers["Location"].partition("/_history")[0], timeout=10).json()
    assert kept["date"] == "2026-11-25T10:00:00Z"
    assert not {"description", "identifier"} & set(kept)


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/pdf", 201),
        ("text/plain; charset=utf-8", 201),
        ("text/rtf", 201),
        ("text/html", 201),
        ("application/fhir+json", 422),
        ("image/png", 422),
    ],
)
def test_oracle_takes_some_kinds_of_document(oracle: Vendor, content_type: str, status: int) -> None:
    answer = oracle.send("POST", "DocumentReference", new_document(content_type=content_type))
    assert answer.status_code == status


@pytest.mark.parametrize(
    "changes",
    [{"date": "2026-11-25"}, {"context": {"period": {"start": "2026-11-25"}}}],
)
def test_every_date_of_an_oracle_document_needs_a_time(oracle: Vendor, changes: dict[str, Any]) -> None:
    answer = oracle.send("POST", "DocumentReference", new_document(**changes))
    assert answer.status_code == 422
    assert "date" in answer.json()["issue"][0]["expression"][0] or "period" in answer.text


def test_an_oracle_update_needs_if_match_and_a_conflict_is_409(oracle: Vendor) -> None:
    made = oracle.send("POST", "DocumentReference", new_document()).headers["Location"]
    id_ = made.partition("/_history")[0].rpartition("/")[2]
    body = new_document(id=id_)
    assert oracle.send("PUT", f"DocumentReference/{id_}", body).status_code == 412
    assert oracle.send("PUT", f"DocumentReference/{id_}", body, If_Match='W/"7"').status_code == 409
    assert oracle.send("PUT", f"DocumentReference/{id_}", body, If_Match='W/"1"').status_code == 200


def test_epic_does_not_mind_if_match(epic: Vendor) -> None:
    id_ = epic.send("POST", "DocumentReference", new_document()).json()["id"]
    assert epic.send("PUT", f"DocumentReference/{id_}", new_document(id=id_), If_Match='W/"99"').status_code == 200
    assert epic.send("GET", f"DocumentReference/{id_}/_history").status_code == 405


def test_provenance_can_be_written_at_oracle_only(epic: Vendor, oracle: Vendor) -> None:
    assert epic.types()["Provenance"] == {"read"}
    assert oracle.types()["Provenance"] == {"read", "search-type", "create"}
    assert oracle.send("GET", "Provenance?_id=x").status_code == 200
    assert epic.send("GET", "Provenance?target=CarePlan/tiny-plan").status_code == 405


def test_orders_can_be_written_at_epic_only(epic: Vendor, oracle: Vendor) -> None:
    assert {"create", "update"} <= epic.types()["ServiceRequest"]
    assert oracle.types()["ServiceRequest"] == {"read", "search-type"}


def test_imaging_studies_are_at_epic_only_and_audit_events_nowhere(epic: Vendor, oracle: Vendor) -> None:
    assert "ImagingStudy" in epic.types()
    assert oracle.send("GET", "ImagingStudy?patient=tiny").status_code == 404
    assert not {"AuditEvent", "MedicationStatement"} & (set(epic.types()) | set(oracle.types()))


def test_bundles_epic_takes_none_oracle_batches_only(epic: Vendor, oracle: Vendor) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "batch",
        "entry": [{"request": {"method": "GET", "url": "Patient/tiny"}}],
    }
    assert epic.send("POST", "", bundle).status_code == 405
    assert oracle.send("POST", "", bundle).json()["entry"][0]["resource"]["id"] == "tiny"
    assert oracle.send("POST", "", {**bundle, "type": "transaction"}).status_code == 405


def test_no_conditional_create_at_either(epic: Vendor, oracle: Vendor) -> None:
    for vendor in (epic, oracle):
        answers = [
            vendor.send("POST", "DocumentReference", new_document(), If_None_Exist="patient=tiny") for _ in range(2)
        ]
        assert [a.status_code for a in answers] == [201, 201]


@pytest.mark.parametrize("slug", ["epic-like", "oracle-like"])
def test_the_issuer_of_the_id_token_is_not_the_fhir_base(sandbox: RunningSandbox, slug: str) -> None:
    found = requests.get(f"{sandbox.fhir_base(slug)}/.well-known/smart-configuration", timeout=10).json()
    assert found["issuer"] != sandbox.fhir_base(slug)
    assert found["code_challenge_methods_supported"] == ["S256"]


def test_oracle_takes_no_secret_in_the_form(sandbox: RunningSandbox) -> None:
    found = {
        slug: requests.get(f"{sandbox.fhir_base(slug)}/.well-known/smart-configuration", timeout=10).json()
        for slug in ("epic-like", "oracle-like")
    }
    methods = {slug: set(c["token_endpoint_auth_methods_supported"]) for slug, c in found.items()}
    assert methods["epic-like"] == {"client_secret_basic", "client_secret_post", "private_key_jwt"}
    assert methods["oracle-like"] == {"client_secret_basic", "private_key_jwt"}


@pytest.mark.parametrize("slug", ["epic-like", "oracle-like"])
def test_scopes_for_writing_plans_are_not_granted(sandbox: RunningSandbox, slug: str) -> None:
    asked = "launch patient/CarePlan.cruds patient/DocumentReference.cruds patient/AuditEvent.c patient/Goal.write"
    granted = Vendor(sandbox, slug, scope=asked).token["scope"].split()
    assert granted == ["launch", "patient/CarePlan.rs", "patient/DocumentReference.crus"]


def test_epic_ties_access_to_the_registration(sandbox: RunningSandbox) -> None:
    client = {
        "client_id": "aftercare-demo",
        "auth_method": "none",
        "redirect_uris": ["{app}/callback/{slug}"],
        "scopes": ["launch", "patient/Patient.rs", "patient/Condition.rs"],
    }
    sandbox.post("/admin/clients", client)
    try:
        token = Vendor(sandbox, "epic-like", scope="launch patient/Patient.read").token
    finally:
        sandbox.place.store.remove_documents("client")
    assert token["scope"].split() == ["launch", "patient/Condition.rs", "patient/Patient.rs"]


def test_epic_wants_category_or_code_for_observations(epic: Vendor) -> None:
    refused = epic.send("GET", "Observation?patient=tiny")
    assert refused.status_code == 400
    assert codes_of(refused) == ["59100"]
    assert epic.send("GET", "Observation?patient=tiny&category=laboratory").json()["total"] == 7
    assert epic.send("GET", "Observation?patient=tiny&code=85339-0").json()["total"] == 3


@pytest.mark.parametrize("slug", ["epic-like", "oracle-like"])
def test_a_search_needs_the_patient_or_ids(sandbox: RunningSandbox, slug: str) -> None:
    vendor = Vendor(sandbox, slug)
    assert vendor.send("GET", "Condition").status_code == 400
    assert vendor.send("GET", "Encounter?_id=tiny-visit").status_code == 200


def test_epic_says_with_a_numeric_warning_that_nothing_was_found(epic: Vendor) -> None:
    entry = epic.send("GET", "Goal?patient=tiny").json()["entry"][0]
    assert entry["search"]["mode"] == "outcome"
    issue = entry["resource"]["issue"][0]
    assert (issue["severity"], issue["details"]["coding"][0]["code"]) == ("warning", "4101")


@pytest.mark.parametrize("code", ["4130", "4131", "4134"])
def test_epic_breaks_the_glass_with_its_own_codes(epic: Vendor, sandbox: RunningSandbox, code: str) -> None:
    sandbox.set_faults({"kind": "break-the-glass", "issuer": "epic-like", "on": "search", "words": code})
    try:
        answer = epic.send("GET", "Condition?patient=tiny")
    finally:
        sandbox.set_faults()
    assert answer.status_code == 403
    assert codes_of(answer) == [code]


def test_epic_caps_a_search_and_says_so() -> None:
    def many(as_of: object) -> list[TinyPatient]:
        return [TinyPatient("tiny", "Tina Quillmark", results=5003)]

    with start_sandbox(patients=many, as_of=AS_OF) as sandbox:
        found = (
            Vendor(sandbox, "epic-like").send("GET", "Observation?patient=tiny&category=laboratory&_count=1000").json()
        )
    assert found["total"] == 5000
    assert found["entry"][-1]["resource"]["issue"][0]["details"]["coding"][0]["code"] == "59133"


def test_an_oracle_page_repeats_the_last_entry_and_gives_no_total(oracle: Vendor) -> None:
    pages = [oracle.send("GET", "Observation?patient=tiny&_count=3").json()]
    while following := [link["url"] for link in pages[-1]["link"] if link["relation"] == "next"]:
        pages.append(oracle.session.get(following[0], timeout=10).json())
    ids = [[entry["resource"]["id"] for entry in page["entry"]] for page in pages]
    assert "total" not in pages[0]
    assert len(ids) > 2
    assert all(before[-1] == after[0] for before, after in itertools.pairwise(ids))
    assert {i for page in ids for i in page} == {f"tiny-o{n}" for n in range(7)}


def test_oracle_pages_have_their_own_sizes() -> None:
    def many(as_of: object) -> list[TinyPatient]:
        return [TinyPatient("tiny", "Tina Quillmark", results=230)]

    with start_sandbox(patients=many, as_of=AS_OF) as sandbox:
        oracle = Vendor(sandbox, "oracle-like")
        assert len(oracle.send("GET", "Observation?patient=tiny").json()["entry"]) == 50
        assert len(oracle.send("GET", "Observation?patient=tiny&_count=1000").json()["entry"]) == 200
        for _ in range(12):
            oracle.send("POST", "DocumentReference", new_document())
        assert len(oracle.send("GET", "DocumentReference?patient=tiny").json()["entry"]) == 10


def test_oracle_refuses_any_format_but_json(oracle: Vendor) -> None:
    assert oracle.send("GET", "Patient/tiny", Accept="application/fhir+xml").status_code == 406


@pytest.mark.parametrize("slug", ["epic-like", "oracle-like"])
def test_a_reported_medicine_is_a_request_with_intent_plan(sandbox: RunningSandbox, slug: str) -> None:
    found = Vendor(sandbox, slug).send("GET", "MedicationRequest?patient=tiny").json()["entry"]
    by_id = {e["resource"]["id"]: e["resource"] for e in found if e["resource"]["resourceType"] == "MedicationRequest"}
    assert by_id["tiny-reported"]["intent"] == "plan"
    assert by_id["tiny-reported"]["reportedBoolean"] is True
    assert by_id["tiny-reported"]["authoredOn"] == "2024-02"


def test_oracle_holds_the_medication_inside_the_order(oracle: Vendor) -> None:
    found = oracle.send("GET", "MedicationRequest/tiny-order").json()
    assert found["medicationReference"]["reference"] == "#medication"
    assert found["contained"][0]["code"]["text"].startswith("Letrozole")
    assert oracle.send("GET", "Medication/tiny-drug").status_code == 404


@pytest.mark.parametrize("slug", ["epic-like", "oracle-like"])
def test_parameters_that_are_not_listed_are_refused(sandbox: RunningSandbox, slug: str) -> None:
    vendor = Vendor(sandbox, slug)
    assert vendor.send("GET", "Condition?patient=tiny&severity=1").status_code == 400
    assert vendor.send("GET", "Immunization?patient=tiny&subject=tiny").status_code == 400
