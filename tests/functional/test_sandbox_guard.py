"""The guard before a real server (`SANDBOX_UPSTREAM`): a server without sign-in, and HAPI's kind of page links."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask, Response, request

from sandbox.auth.scopes import EHR_ITSELF
from sandbox.behaviours import OPEN
from sandbox.browserless import WRITE_EVERYTHING, fhir_session, sign_in
from sandbox.config import wall_clock
from sandbox.fhir.answers import RefusalError, refusal_response
from sandbox.fhir.endpoint import FhirEndpoint, FhirRequest
from sandbox.fhir.paging import Pages
from sandbox.fhir.records import Records
from sandbox.serving import listen, server_on
from sandbox.store import Store
from sandbox.testing import RunningSandbox, start_sandbox
from sandbox.upstream import Upstream, load_upstream
from tests.support.tiny_charts import AS_OF, CALLBACK, new_plan, tiny_patients


class RealServer:
    """A FHIR server that asks for no token, pages as HAPI does and gives out the address of its guard."""

    def __init__(self, store: Store) -> None:
        self.records = Records(store, wall_clock)
        self.pages = Pages()
        self.guard_base = "unset"
        self.seen: list[str] = []
        self.app = Flask("real-server")
        self.app.add_url_rule("/fhir", "base", self.answer, defaults={"path": ""}, methods=["GET", "POST"])
        methods = ["GET", "POST", "PUT", "DELETE"]
        self.app.add_url_rule("/fhir/<path:path>", "fhir", self.answer, methods=methods)

    def answer(self, path: str) -> Response:
        self.seen.append(request.headers.get("Authorization", ""))
        if path == "metadata":
            return Response('{"resourceType": "CapabilityStatement", "rest": [{"mode": "server"}]}')
        endpoint = FhirEndpoint(OPEN, self.guard_base, self.records, self.pages, wall_clock)
        parameters = list(request.args.items(multi=True))
        link = dict(parameters).get("_getpages")
        if link:
            resource_type, _, name = link.partition("-")
            path, parameters = resource_type, [("_page", name.replace("~", "."))]
        try:
            asked = FhirRequest(request.method, path, parameters, request.headers, request.get_data())
            response = endpoint.answer(asked, EHR_ITSELF)
        except RefusalError as refusal:
            return refusal_response(refusal)
        return self._with_hapi_links(response)

    def _with_hapi_links(self, response: Response) -> Response:
        body = response.get_json(silent=True, force=True)
        for link in (body or {}).get("link", []):
            if link["relation"] == "next":
                where, _, name = link["url"].partition("?_page=")
                joined = f"{where.rpartition('/')[2]}-{name.replace('.', '~')}"
                link["url"] = f"{self.guard_base}?_getpages={joined}"
        if body:
            response.set_data(json.dumps(body))
        return response


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    with listen() as listener:
        port = listener.getsockname()[1]
        server = server_on(listener, app)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{port}/fhir"
        finally:
            server.shutdown()
            thread.join(timeout=5)
            server.server_close()


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealServer]:
    folder: Path = tmp_path_factory.mktemp("real")
    store = Store(str(folder / "real.db"))
    yield RealServer(store)
    store.close()


@pytest.fixture(scope="module")
def sandbox(real: RealServer) -> Iterator[RunningSandbox]:
    with serving(real.app) as url, start_sandbox(patients=tiny_patients, as_of=AS_OF, upstream=url) as running:
        real.guard_base = running.fhir_base()
        upstream = Upstream(url, running.fhir_base())
        assert load_upstream(upstream, [patient.iter_resources() for patient in tiny_patients(AS_OF)]) == 21
        yield running


class Caller:
    """A signed-in session at the guard."""

    def __init__(self, sandbox: RunningSandbox, scope: str = WRITE_EVERYTHING) -> None:
        token = sign_in(sandbox.launch_url("tiny"), CALLBACK, scope)
        self.base = token["iss"]
        self.session = fhir_session(token)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        url = path if path.startswith("http") else f"{self.base}/{path}".rstrip("/")
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.request(method, url, json=body, headers=named, timeout=10)


@pytest.fixture(scope="module")
def caller(sandbox: RunningSandbox) -> Caller:
    return Caller(sandbox)


def test_nobody_passes_without_a_token_and_the_token_goes_no_further(
    sandbox: RunningSandbox, caller: Caller, real: RealServer
) -> None:
    assert requests.get(f"{sandbox.fhir_base()}/Patient/tiny", timeout=10).status_code == 401
    assert caller.send("GET", "Patient/tiny").json()["id"] == "tiny"
    assert set(real.seen) == {""}


def test_the_statement_is_the_real_servers_with_the_sandboxs_sign_in(sandbox: RunningSandbox) -> None:
    found = requests.get(f"{sandbox.fhir_base()}/metadata", timeout=10).json()
    assert found["rest"][0]["security"]["service"]


def test_other_patients_stay_out_of_reach(caller: Caller) -> None:
    assert caller.send("GET", "Patient/other").status_code == 403
    assert caller.send("GET", "Observation/other-o0").status_code == 403
    assert caller.send("GET", "Observation?patient=other").status_code == 403
    assert [e["resource"]["id"] for e in caller.send("GET", "Patient").json()["entry"]] == ["tiny"]
    assert caller.send("GET", "Observation?code=85337-4").json()["total"] == 4
    assert caller.send("GET", "Patient/tiny/$everything").status_code == 403


def test_a_page_link_serves_only_the_sign_in_that_searched(sandbox: RunningSandbox, caller: Caller) -> None:
    first = caller.send("GET", "Observation?patient=tiny&_count=3").json()
    link = first["link"][1]["url"]
    assert "_getpages" in link
    assert caller.send("GET", link).json()["entry"]
    assert Caller(sandbox).send("GET", link).status_code == 403
    assert caller.send("GET", f"{caller.base}?_getpages=made-up").status_code == 410


def test_writing_goes_through_with_its_headers(caller: Caller, sandbox: RunningSandbox) -> None:
    body = new_plan(identifier=[{"system": "urn:a", "value": "1"}])
    made = caller.send("POST", "CarePlan", body, If_None_Exist="identifier=urn:a|1")
    again = caller.send("POST", "CarePlan", body, If_None_Exist="identifier=urn:a|1")
    assert (made.status_code, again.status_code) == (201, 200)
    assert made.headers["Location"].startswith(sandbox.fhir_base())
    id_ = made.json()["id"]
    assert caller.send("PUT", f"CarePlan/{id_}", {**body, "id": id_}, If_Match='W/"7"').status_code == 412
    assert caller.send("PUT", f"CarePlan/{id_}", {**body, "id": id_}, If_Match='W/"1"').headers["ETag"] == 'W/"2"'
    assert caller.send("GET", f"CarePlan/{id_}/_history/1").status_code == 200
    assert caller.send("DELETE", f"CarePlan/{id_}").status_code == 204
    assert caller.send("GET", f"CarePlan/{id_}").status_code == 410


def test_nothing_is_written_for_another_patient(caller: Caller) -> None:
    assert caller.send("POST", "CarePlan", new_plan("other")).status_code == 403
    assert caller.send("PUT", "CarePlan/other-plan", new_plan(id="other-plan")).status_code == 403
    assert caller.send("DELETE", "CarePlan/other-plan").status_code == 403
    entry = {"resource": new_plan("other"), "request": {"method": "POST", "url": "CarePlan"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert caller.send("POST", "", bundle).status_code == 403


def test_a_transaction_of_the_own_patient_goes_through(caller: Caller) -> None:
    entry = {"fullUrl": "urn:uuid:1", "resource": new_plan(), "request": {"method": "POST", "url": "CarePlan"}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    assert caller.send("POST", "", bundle).json()["entry"][0]["response"]["status"].startswith("201")


def test_scopes_are_enforced(sandbox: RunningSandbox) -> None:
    reader = Caller(sandbox, "launch patient/Observation.rs")
    assert reader.send("GET", "Observation?patient=tiny").status_code == 200
    assert reader.send("GET", "Patient/tiny").status_code == 403
    assert reader.send("POST", "CarePlan", new_plan()).status_code == 403


def test_the_chart_and_the_record_show_the_real_server(sandbox: RunningSandbox, caller: Caller) -> None:
    made = caller.send("POST", "CarePlan", new_plan(title="In the real server")).json()["id"]
    assert made in {resource["id"] for resource in sandbox.record("tiny")}
    assert "In the real server" in requests.get(f"{sandbox.url}/chart/open/tiny", timeout=10).text
    assert "Tina Quillmark" in requests.get(f"{sandbox.url}/", timeout=10).text


def test_the_other_issuers_keep_their_own_records(sandbox: RunningSandbox) -> None:
    token = sign_in(sandbox.launch_url("tiny", "epic-like"), CALLBACK.replace("open", "epic-like"))
    assert fhir_session(token).get(f"{token['iss']}/Patient/tiny", timeout=10).status_code == 200
