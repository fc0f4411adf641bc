"""Writing to the sandbox: create, update, delete, bundles; versions and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from sandbox.browserless import WRITE_EVERYTHING, fhir_session, sign_in
from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.tiny_charts import AS_OF, CALLBACK, new_document, new_plan, tiny_patients


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(patients=tiny_patients, as_of=AS_OF) as running:
        yield running


class Writer:
    """A session that may write."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        token = sign_in(sandbox.launch_url("tiny"), CALLBACK, WRITE_EVERYTHING)
        self.base = token["iss"]
        self.session = fhir_session(token)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.request(method, f"{self.base}/{path}".rstrip("/"), json=body, headers=named, timeout=20)


@pytest.fixture
def writer(sandbox: RunningSandbox) -> Writer:
    sandbox.reset()
    return Writer(sandbox)


def test_a_plan_is_created_and_read_back(writer: Writer) -> None:
    made = writer.send("POST", "CarePlan", new_plan(title="Survivorship"))
    assert made.status_code == 201
    id_ = made.json()["id"]
    assert made.headers["Location"] == f"{writer.base}/CarePlan/{id_}/_history/1"
    assert made.headers["ETag"] == 'W/"1"'
    again = writer.send("GET", f"CarePlan/{id_}").json()
    assert again == made.json()
    assert {k: v for k, v in again.items() if k not in ("id", "meta")} == new_plan(title="Survivorship")


def test_an_update_makes_the_next_version_and_the_old_one_stays(writer: Writer) -> None:
    id_ = writer.send("POST", "CarePlan", new_plan()).json()["id"]
    changed = writer.send("PUT", f"CarePlan/{id_}", new_plan(id=id_, title="Second"), If_Match='W/"1"')
    assert (changed.status_code, changed.headers["ETag"]) == (200, 'W/"2"')
    assert "title" not in writer.send("GET", f"CarePlan/{id_}/_history/1").json()
    history = writer.send("GET", f"CarePlan/{id_}/_history").json()
    assert [entry["resource"]["meta"]["versionId"] for entry in history["entry"]] == ["2", "1"]
    assert [entry["request"]["method"] for entry in history["entry"]] == ["PUT", "POST"]


def test_a_stale_version_is_refused(writer: Writer) -> None:
    id_ = writer.send("POST", "CarePlan", new_plan()).json()["id"]
    writer.send("PUT", f"CarePlan/{id_}", new_plan(id=id_, title="Somebody else"))
    answer = writer.send("PUT", f"CarePlan/{id_}", new_plan(id=id_, title="Mine"), If_Match='W/"1"')
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (412, "conflict")
    assert writer.send("GET", f"CarePlan/{id_}").json()["title"] == "Somebody else"


def test_of_many_updates_of_one_version_one_wins(writer: Writer) -> None:
    id_ = writer.send("POST", "CarePlan", new_plan()).json()["id"]

    def put(number: int) -> int:
        body = new_plan(id=id_, title=str(number))
        return writer.send("PUT", f"CarePlan/{id_}", body, If_Match='W/"1"').status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(put, range(8))) == [200] + [412] * 7


def test_a_deleted_resource_is_gone_but_its_history_is_not(writer: Writer) -> None:
    id_ = writer.send("POST", "CarePlan", new_plan()).json()["id"]
    assert writer.send("DELETE", f"CarePlan/{id_}").status_code == 204
    assert writer.send("GET", f"CarePlan/{id_}").status_code == 410
    assert writer.send("GET", f"CarePlan?_id={id_}").json()["total"] == 0
    assert writer.send("GET", f"CarePlan/{id_}/_history/1").status_code == 200
    assert writer.send("DELETE", f"CarePlan/{id_}").status_code == 204


@pytest.mark.parametrize(
    ("changes", "expression"),
    [
        ({"intent": None}, "CarePlan"),
        ({"activity": [{"detail": {"description": "no status"}}]}, "CarePlan.activity[0].detail"),
        ({"surprise": True}, "CarePlan"),
        ({"title": ""}, "CarePlan.title"),
        ({"category": []}, "CarePlan.category"),
        ({"period": {"start": "2026-02-30x"}}, "CarePlan.period.start"),
        ({"status": ["active"]}, "CarePlan.status"),
        ({"subject": {"reference": "Patient/nobody-at-all"}}, None),
    ],
)
def test_an_invalid_plan_is_refused_with_its_path(
    writer: Writer, changes: dict[str, Any], expression: str | None
) -> None:
    body = {name: value for name, value in {**new_plan(), **changes}.items() if value is not None}
    answer = writer.send("POST", "CarePlan", body)
    if expression is None:
        assert answer.status_code == 403
        return
    assert answer.status_code == 422
    issues = answer.json()["issue"]
    assert any(expression in issue["expression"][0] for issue in issues), issues
    assert "0x" not in answer.text


def test_what_is_no_resource_is_refused(writer: Writer) -> None:
    url = f"{writer.base}/CarePlan"
    assert writer.session.post(url, b"{not json", timeout=10).status_code == 400
    assert writer.session.post(url, b"[]", timeout=10).status_code == 400
    assert writer.send("POST", "Goal", new_plan()).status_code == 400
    assert writer.send("PUT", "CarePlan/a", new_plan(id="b")).status_code == 400
    assert writer.send("PUT", "CarePlan/a_b", new_plan(id="a_b")).status_code == 400


def test_nothing_is_written_for_another_patient(writer: Writer) -> None:
    assert writer.send("POST", "CarePlan", new_plan("other")).status_code == 403
    assert writer.send("PUT", "CarePlan/other-plan", new_plan(id="other-plan")).status_code == 403
    assert writer.send("DELETE", "CarePlan/other-plan").status_code == 403


def test_prefer_chooses_the_answer(writer: Writer) -> None:
    minimal = writer.send("POST", "CarePlan", new_plan(), Prefer="return=minimal")
    assert (minimal.status_code, minimal.content) == (201, b"")
    told = writer.send("POST", "CarePlan", new_plan(), Prefer="return=OperationOutcome")
    assert told.json()["resourceType"] == "OperationOutcome"


def test_a_conditional_create_makes_one_plan_however_often_it_comes(writer: Writer) -> None:
    body = new_plan(identifier=[{"system": "urn:aftercare", "value": "plan-1"}])

    def post(_: int) -> tuple[int, str]:
        answer = writer.send("POST", "CarePlan", body, If_None_Exist="identifier=urn:aftercare|plan-1")
        return answer.status_code, answer.json()["id"]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))
    assert sorted(status for status, _ in answers) == [200] * 7 + [201]
    assert len({id_ for _, id_ in answers}) == 1


def test_a_conditional_create_that_finds_several_stops(writer: Writer) -> None:
    body = new_plan(identifier=[{"system": "urn:aftercare", "value": "twice"}])
    for _ in range(2):
        writer.send("POST", "CarePlan", body)
    answer = writer.send("POST", "CarePlan", body, If_None_Exist="identifier=urn:aftercare|twice")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (412, "multiple-matches")


def transaction(*entries: dict[str, Any], kind: str = "transaction") -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def entry(resource: dict[str, Any], full_url: str, **request: str) -> dict[str, Any]:
    named = {"method": "POST", "url": resource["resourceType"], **request}
    return {"fullUrl": full_url, "resource": resource, "request": named}


GOAL = {
    "resourceType": "Goal",
    "lifecycleStatus": "active",
    "description": {"text": "Stay well"},
    "subject": {"reference": "Patient/tiny"},
}


def provenance(target: str) -> dict[str, Any]:
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target}],
        "recorded": "2026-11-25T10:00:00Z",
        "agent": [{"who": {"reference": "Practitioner/sandbox-clinician"}}],
    }


def test_a_transaction_writes_all_with_final_references(writer: Writer) -> None:
    plan = new_plan(goal=[{"reference": "urn:uuid:goal"}])
    bundle = transaction(
        entry(plan, "urn:uuid:plan", ifNoneExist="identifier=urn:a|1"),
        entry(GOAL, "urn:uuid:goal"),
        entry(provenance("urn:uuid:plan"), "urn:uuid:prov"),
    )
    answer = writer.send("POST", "", bundle)
    assert answer.status_code == 200, answer.text
    made = [e["resource"] for e in answer.json()["entry"]]
    assert [e["response"]["status"] for e in answer.json()["entry"]] == ["201 CREATED"] * 3
    assert made[0]["goal"] == [{"reference": f"Goal/{made[1]['id']}"}]
    assert made[2]["target"] == [{"reference": f"CarePlan/{made[0]['id']}"}]
    found = writer.send("GET", f"CarePlan?_id={made[0]['id']}&_revinclude=Provenance:target").json()["entry"]
    assert [e["resource"]["resourceType"] for e in found] == ["CarePlan", "Provenance"]


def test_a_repeated_transaction_finds_what_exists(writer: Writer) -> None:
    plan = new_plan(identifier=[{"system": "urn:a", "value": "2"}])
    bundle = transaction(
        entry(plan, "urn:uuid:plan", ifNoneExist="identifier=urn:a|2"), entry(provenance("urn:uuid:plan"), "urn:uuid:p")
    )
    first, second = (writer.send("POST", "", bundle).json()["entry"] for _ in range(2))
    assert second[0]["response"]["status"] == "200 OK"
    assert first[0]["resource"]["id"] == second[0]["resource"]["id"]
    assert second[1]["resource"]["target"] == first[1]["resource"]["target"]


def test_a_transaction_with_one_bad_entry_writes_nothing(writer: Writer, sandbox: RunningSandbox) -> None:
    before = len(sandbox.record("tiny"))
    bundle = transaction(entry(GOAL, "urn:uuid:1"), entry({"resourceType": "Goal"}, "urn:uuid:2"))
    assert writer.send("POST", "", bundle).status_code == 422
    assert len(sandbox.record("tiny")) == before


def test_a_conflict_in_a_transaction_takes_back_what_came_before_it(writer: Writer) -> None:
    id_ = writer.send("POST", "CarePlan", new_plan(title="First")).json()["id"]
    place = f"CarePlan/{id_}"
    change = {"resource": new_plan(id=id_, title="Second"), "request": {"method": "PUT", "url": place}}
    stale = {**change, "request": {**change["request"], "ifMatch": 'W/"7"'}}
    added = entry(GOAL, "urn:uuid:goal")
    answer = writer.send("POST", "", transaction(added, change, stale))
    assert answer.status_code in (400, 409, 412)
    held = writer.send("GET", place).json()
    assert (held["title"], held["meta"]["versionId"]) == ("First", "1")
    assert writer.send("GET", "Goal?patient=tiny&_summary=count").json()["total"] == 0


def test_json_patch_is_refused_with_words(writer: Writer) -> None:
    id_ = writer.send("POST", "CarePlan", new_plan(title="First")).json()["id"]
    patch = [{"op": "replace", "path": "/title", "value": "Patched"}]
    answer = writer.send("PATCH", f"CarePlan/{id_}", patch, Content_Type="application/json-patch+json")
    assert answer.status_code == 405
    issue = answer.json()["issue"][0]
    assert (issue["code"], issue["details"]["text"]) == (
        "not-supported",
        "PATCH is not offered: read, change, and PUT with If-Match.",
    )
    assert writer.send("GET", f"CarePlan/{id_}").json()["title"] == "First"


def test_a_batch_answers_each_entry_for_itself(writer: Writer) -> None:
    bundle = transaction(
        entry(GOAL, "urn:uuid:1"),
        entry({"resourceType": "Goal"}, "urn:uuid:2"),
        {"request": {"method": "GET", "url": "Observation?patient=tiny&_summary=count"}},
        {"nothing": True},
        kind="batch",
    )
    entries = writer.send("POST", "", bundle).json()["entry"]
    assert [e["response"]["status"][:3] for e in entries] == ["201", "422", "200", "400"]
    assert entries[2]["resource"]["total"] == 7
    assert entries[1]["response"]["outcome"]["issue"]


def test_what_was_written_stands_in_the_record(writer: Writer, sandbox: RunningSandbox) -> None:
    writer.send("POST", "CarePlan", new_plan(title="Mine"))
    writer.send("POST", "DocumentReference", new_document())
    found = sandbox.record("tiny")
    assert [r["title"] for r in found if r["resourceType"] == "CarePlan"] == ["Nutrition plan", "Mine"]
    assert [r for r in found if r["resourceType"] == "DocumentReference"]
    assert not [r for r in sandbox.record("other") if r.get("title") == "Mine"]
