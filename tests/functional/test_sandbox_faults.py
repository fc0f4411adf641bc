"""The fault switch: what is set happens, where and as often as it says, and nothing else."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.errors import JoseError

from sandbox.browserless import WRITE_EVERYTHING, Exchange, authorize, exchange_code, fhir_session, launch_of, sign_in
from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.tiny_charts import AS_OF, CALLBACK, new_plan, tiny_patients


@pytest.fixture(scope="module")
def waited() -> list[float]:
    return []


@pytest.fixture(scope="module")
def running(waited: list[float]) -> Iterator[RunningSandbox]:
    with start_sandbox(patients=tiny_patients, as_of=AS_OF, wait=waited.append) as running:
        yield running


@pytest.fixture
def sandbox(running: RunningSandbox, waited: list[float]) -> Iterator[RunningSandbox]:
    waited.clear()
    yield running
    running.set_faults()


class Caller:
    """A signed-in session."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        token = sign_in(sandbox.launch_url("tiny"), CALLBACK, WRITE_EVERYTHING)
        self.base = token["iss"]
        self.session = fhir_session(token)

    def get(self, path: str = "Observation?patient=tiny") -> requests.Response:
        return self.session.get(f"{self.base}/{path}", timeout=10)

    def post(self, body: dict[str, Any] | None = None) -> requests.Response:
        return self.session.post(f"{self.base}/CarePlan", json=body or new_plan(title="Faulty"), timeout=10)


@pytest.fixture
def caller(sandbox: RunningSandbox) -> Caller:
    return Caller(sandbox)


def plans(sandbox: RunningSandbox) -> list[dict[str, Any]]:
    return [r for r in sandbox.record("tiny") if r["resourceType"] == "CarePlan" and r.get("title") == "Faulty"]


def test_a_status_once_and_then_all_is_well(sandbox: RunningSandbox, caller: Caller) -> None:
    sandbox.set_faults({"status": 503, "type": "Observation", "once": True, "headers": {"Retry-After": "86400"}})
    first = caller.get()
    assert (first.status_code, first.headers["Retry-After"]) == (503, "86400")
    assert first.json()["resourceType"] == "OperationOutcome"
    assert caller.get().status_code == 200


def test_a_fault_is_confined_to_its_type_place_and_issuer(sandbox: RunningSandbox, caller: Caller) -> None:
    sandbox.set_faults(
        {"status": 403, "type": "Condition"},
        {"status": 500, "on": "read", "type": "Observation"},
        {"status": 500, "issuer": "epic-like"},
    )
    assert caller.get("Condition?patient=tiny").status_code == 403
    assert caller.get("Observation/tiny-o0").status_code == 500
    assert caller.get().status_code == 200
    assert caller.get("Patient/tiny").status_code == 200


def test_a_fault_can_begin_later(sandbox: RunningSandbox, caller: Caller) -> None:
    sandbox.set_faults({"status": 500, "after": 1, "times": 1, "on": "search"})
    assert [caller.get().status_code for _ in range(3)] == [200, 500, 200]


def test_latency_is_waited_besides_other_faults(sandbox: RunningSandbox, caller: Caller, waited: list[float]) -> None:
    sandbox.set_faults({"latency_ms": 50}, {"status": 429, "type": "Observation"})
    assert caller.get().status_code == 429
    assert caller.get("Patient/tiny").status_code == 200
    assert waited == [0.05, 0.05]


def test_bodies_can_be_broken_in_many_ways(sandbox: RunningSandbox, caller: Caller) -> None:
    def under(**fault: Any) -> requests.Response:
        sandbox.set_faults({"on": "search", **fault})
        return caller.get()

    assert under(kind="html").headers["Content-Type"].startswith("text/html")
    assert under(kind="empty").content == b""
    with pytest.raises(json.JSONDecodeError):
        json.loads(under(kind="truncated").text)
    assert under(kind="wrong-type").headers["Content-Type"] == "text/html"
    assert under(kind="outcome", severity="warning").json()["issue"][0]["severity"] == "warning"
    assert under(kind="entry-outcome").json()["entry"][-1]["search"]["mode"] == "outcome"
    assert under(kind="total", size=99).json()["total"] == 99
    assert len(under(kind="duplicate").json()["entry"]) == 14
    assert under(kind="raw", words="[1, NaN]").text == "[1, NaN]"
    assert under(kind="next").json()["link"][-1]["url"].endswith("Observation?patient=tiny")
    assert under(kind="next", words="https://evil.example/").json()["link"][-1]["url"] == "https://evil.example/"
    changed = under(kind="malformed", values={"status": None, "code": []}, size=1).json()["entry"]
    assert (changed[0]["resource"]["code"], "status" in changed[0]["resource"]) == ([], False)
    assert changed[1]["resource"]["status"] == "final"


def test_another_patients_resource_can_stand_in_the_answer(sandbox: RunningSandbox, caller: Caller) -> None:
    sandbox.set_faults({"kind": "foreign-patient", "on": "search", "type": "Observation"})
    found = caller.get().json()["entry"]
    assert len(found) == 8
    assert found[-1]["resource"]["subject"] == {"reference": "Patient/somebody-else"}


def test_bodies_can_be_too_large(sandbox: RunningSandbox, caller: Caller) -> None:
    sandbox.set_faults({"kind": "huge", "size": 1_000_000})
    assert len(caller.get().content) > 900_000
    sandbox.set_faults({"kind": "gzip-bomb", "size": 1_000_000})
    assert len(caller.get().content) > 1_000_000
    sandbox.set_faults({"kind": "deep", "size": 100})
    assert caller.get().text.count("[") == 100
    sandbox.set_faults({"kind": "many", "size": 2000})
    assert len(caller.get().json()["entry"]) == 2001


def test_connections_can_break(sandbox: RunningSandbox, caller: Caller, waited: list[float]) -> None:
    sandbox.set_faults({"kind": "cut", "on": "search"})
    with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.ConnectionError)):
        caller.get()
    sandbox.set_faults({"kind": "reset", "on": "search"})
    with pytest.raises(requests.ConnectionError):
        caller.get()
    sandbox.set_faults({"kind": "hang", "on": "search", "seconds": 7})
    with pytest.raises(requests.ConnectionError):
        caller.get()
    assert waited == [7]


def test_an_answer_can_come_byte_by_byte(sandbox: RunningSandbox, caller: Caller, waited: list[float]) -> None:
    sandbox.set_faults({"kind": "drip", "on": "read"})
    body = caller.get("Patient/tiny").content
    assert waited == [1.0] * len(body)


def test_page_two_can_fail(sandbox: RunningSandbox, caller: Caller) -> None:
    sandbox.set_faults({"status": 500, "on": "page"})
    first = caller.get("Observation?patient=tiny&_count=3").json()
    assert caller.session.get(first["link"][1]["url"], timeout=10).status_code == 500


def test_a_write_can_be_lost_although_it_was_confirmed(sandbox: RunningSandbox, caller: Caller) -> None:
    sandbox.set_faults({"kind": "lost", "on": "create"})
    answer = caller.post()
    assert answer.status_code == 201
    assert caller.session.get(answer.headers["Location"].partition("/_history")[0], timeout=10).status_code == 404
    assert plans(sandbox) == []


@pytest.mark.parametrize("kind", ["act-then-reset", "act-then-timeout"])
def test_a_write_can_act_and_never_be_answered(sandbox: RunningSandbox, caller: Caller, kind: str) -> None:
    before = len(plans(sandbox))
    sandbox.set_faults({"kind": kind, "on": "create", "type": "CarePlan", "once": True})
    with pytest.raises(requests.ConnectionError):
        caller.post()
    assert len(plans(sandbox)) == before + 1


def test_a_write_can_act_and_be_said_to_have_failed(sandbox: RunningSandbox, caller: Caller) -> None:
    before = len(plans(sandbox))
    sandbox.set_faults({"kind": "act-then-status", "status": 500, "on": "create"})
    assert caller.post().status_code == 500
    assert len(plans(sandbox)) == before + 1


def test_a_write_can_be_altered(sandbox: RunningSandbox, caller: Caller) -> None:
    sandbox.set_faults({"kind": "altered", "on": "create", "drop": ["title"], "values": {"status": "draft"}})
    answer = caller.post()
    sandbox.set_faults()
    kept = caller.get(f"CarePlan/{answer.json()['id']}").json()
    assert (kept["status"], "title" in kept) == ("draft", False)


def test_a_write_can_be_answered_oddly(sandbox: RunningSandbox, caller: Caller) -> None:
    def under(**fault: Any) -> requests.Response:
        sandbox.set_faults({"on": "create", **fault})
        return caller.post()

    bare = under(kind="no-location")
    assert (bare.status_code, bare.content, "Location" in bare.headers, "ETag" in bare.headers) == (
        201,
        b"",
        False,
        False,
    )
    empty = under(kind="empty-201")
    assert (empty.content, "Location" in empty.headers) == (b"", True)
    assert under(kind="accepted").status_code == 202
    assert under(kind="other-status", status=200).status_code == 200
    assert under(status=428).status_code == 428


def token_answer(sandbox: RunningSandbox) -> requests.Response:
    iss, launch = launch_of(sandbox.launch_url("tiny"))
    exchange = Exchange(iss, redirect_uri=CALLBACK)
    return exchange_code(exchange, authorize(exchange, launch))


def test_the_token_endpoint_can_misbehave(sandbox: RunningSandbox) -> None:
    def under(**fault: Any) -> requests.Response:
        sandbox.set_faults({"on": "token", **fault})
        return token_answer(sandbox)

    assert under(kind="oauth-error", error="invalid_client").json()["error"] == "invalid_client"
    assert under(status=500).status_code == 500
    changed = under(kind="token-values", values={"patient": None, "expires_in": "soon", "token_type": "mac"}).json()
    assert ("patient" in changed, changed["expires_in"], changed["token_type"]) == (False, "soon", "mac")


def test_id_tokens_can_be_spoiled(sandbox: RunningSandbox) -> None:
    keys = sandbox.place.keys.current()

    def under(**fault: Any) -> str:
        sandbox.set_faults({"on": "token", "kind": "id-token", **fault})
        return str(token_answer(sandbox).json()["id_token"])

    assert jwt.decode(under(values={"nonce": "other"}), keys, algorithms=["RS256"]).claims["nonce"] == "other"
    with pytest.raises(JoseError):
        jwt.decode(under(words="bad-signature"), keys, algorithms=["RS256"])
    assert under(words="none").endswith(".")


def test_authorize_can_refuse(sandbox: RunningSandbox) -> None:
    sandbox.set_faults({"on": "authorize", "kind": "oauth-error", "error": "server_error", "words": "<b>down</b>"})
    iss, launch = launch_of(sandbox.launch_url("tiny"))
    assert "error=server_error" in authorize(Exchange(iss, redirect_uri=CALLBACK), launch)


@pytest.mark.parametrize("place", ["metadata", "smart-configuration", "jwks"])
def test_discovery_can_fail(sandbox: RunningSandbox, place: str) -> None:
    sandbox.set_faults({"on": place, "status": 500})
    paths = {
        "metadata": f"{sandbox.fhir_base()}/metadata",
        "smart-configuration": f"{sandbox.fhir_base()}/.well-known/smart-configuration",
        "jwks": f"{sandbox.place.issuers['open'].server.auth_base}/jwks",
    }
    assert requests.get(paths[place], timeout=10).status_code == 500


@pytest.mark.parametrize(
    "body", [{"kind": "no-such"}, {"on": "nowhere"}, {"surprise": 1}, ["text"]], ids=["kind", "place", "key", "text"]
)
def test_a_fault_that_is_not_known_is_refused(sandbox: RunningSandbox, body: object) -> None:
    answer = requests.post(f"{sandbox.url}/admin/faults", json=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]


def test_a_body_that_is_no_json_takes_no_fault_away(sandbox: RunningSandbox) -> None:
    sandbox.set_faults({"on": "search", "status": 500})
    assert requests.post(f"{sandbox.url}/admin/faults", data="[{", timeout=10).status_code == 400
    assert len(requests.get(f"{sandbox.url}/admin/faults", timeout=10).json()["faults"]) == 1


def test_faults_are_listed_added_and_taken_away(sandbox: RunningSandbox, caller: Caller) -> None:
    sandbox.set_faults({"status": 500, "type": "Goal"})
    sandbox.post("/admin/faults", {"add": True, "faults": [{"status": 404, "type": "Immunization"}]})
    caller.get("Goal?patient=tiny")
    assert [(f["type"], f["seen"]) for f in sandbox.get("/admin/faults")["faults"]] == [
        ("Goal", 1),
        ("Immunization", 0),
    ]
    requests.delete(f"{sandbox.url}/admin/faults", timeout=10)
    assert sandbox.get("/admin/faults")["faults"] == []


def test_real_waiting_is_real() -> None:
    with start_sandbox(patients=tiny_patients, as_of=AS_OF) as sandbox:
        sandbox.set_faults({"latency_ms": 60, "on": "metadata"})
        started = time.monotonic()
        assert http.client.responses[requests.get(f"{sandbox.fhir_base()}/metadata", timeout=10).status_code] == "OK"
        assert time.monotonic() - started >= 0.06
