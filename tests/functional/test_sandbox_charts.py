"""The sandbox as a person and a script see it: pages, launch addresses, record, reset, restart, seeds."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import html5lib
import pytest
import requests

from sandbox.browserless import WRITE_EVERYTHING, fhir_session, sign_in
from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.tiny_charts import AS_OF, CALLBACK, TinyPatient, new_document, new_plan, tiny_patients


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(patients=tiny_patients, as_of=AS_OF) as running:
        yield running


def page(sandbox: RunningSandbox, path: str) -> str:
    answer = requests.get(sandbox.url + path, timeout=10)
    assert answer.status_code == 200, path
    html5lib.HTMLParser(strict=True).parse(answer.text)
    assert answer.text.count("<h1") == 1
    return answer.text


def save(sandbox: RunningSandbox) -> dict[str, str]:
    token = sign_in(sandbox.launch_url("tiny"), CALLBACK, WRITE_EVERYTHING)
    session = fhir_session(token)
    plan = session.post(
        f"{token['iss']}/CarePlan",
        json=new_plan(
            title="Survivorship plan",
            activity=[{"detail": {"status": "scheduled", "description": "Mammogram", "scheduledString": "May 2027"}}],
        ),
        timeout=10,
    )
    document = session.post(f"{token['iss']}/DocumentReference", json=new_document(), timeout=10)
    return {"plan": plan.json()["id"], "document": document.json()["id"]}


def test_every_issuer_lists_its_patients(sandbox: RunningSandbox) -> None:
    for slug in ("open", "epic-like", "oracle-like"):
        text = page(sandbox, f"/?issuer={slug}")
        assert "Tina Quillmark" in text
        assert "TEST SYSTEM" in text
        assert f"/chart/{slug}/tiny" in text
    assert requests.get(f"{sandbox.url}/?issuer=nobody", timeout=10).status_code == 404


@pytest.mark.parametrize("tab", ["aftercare", "review", "results", "medications"])
def test_a_chart_has_its_tabs(sandbox: RunningSandbox, tab: str) -> None:
    text = page(sandbox, f"/chart/open/tiny?tab={tab}")
    assert "QUILLMARK, Tina" in text
    assert "1970-03-04 (56 y) F" in text


def test_the_chart_opens_the_app_in_a_tab_and_in_its_frame(sandbox: RunningSandbox) -> None:
    text = page(sandbox, "/chart/open/tiny")
    assert text.count("Open Aftercare") == 1
    assert 'target="_blank"' in text
    assert "/frame/open/tiny" in text
    assert page(sandbox, "/frame/open/tiny").count("Open Aftercare") == 1
    answer = requests.get(f"{sandbox.url}/app/open/tiny", allow_redirects=False, timeout=10)
    where = urlsplit(answer.headers["Location"])
    assert f"{where.scheme}://{where.netloc}{where.path}" == "http://127.0.0.1:8000/launch"
    assert parse_qs(where.query)["iss"] == [sandbox.fhir_base()]
    assert parse_qs(where.query)["launch"]


def test_the_chart_shows_what_was_saved(sandbox: RunningSandbox) -> None:
    ids = save(sandbox)
    text = page(sandbox, "/chart/open/tiny")
    assert f"CarePlan/{ids['plan']}" in text
    assert f"DocumentReference/{ids['document']}" in text
    shown = page(sandbox, f"/chart/open/tiny/CarePlan/{ids['plan']}")
    assert "Mammogram" in shown
    assert "May 2027" in shown
    pdf = requests.get(f"{sandbox.url}/chart/open/tiny/DocumentReference/{ids['document']}", timeout=10)
    assert (pdf.content, pdf.headers["Content-Type"]) == (b"%PDF-", "application/pdf")
    assert requests.get(f"{sandbox.url}/chart/open/other/CarePlan/{ids['plan']}", timeout=10).status_code == 404


def test_hostile_names_are_shown_as_text(tmp_path: Path) -> None:
    evil = [TinyPatient("evil", "<script>alert(1)</script> O'Hara")]
    with start_sandbox(patients=lambda _: evil, as_of=AS_OF) as sandbox:
        assert "<script>" not in page(sandbox, "/")


def test_scripts_find_patients_and_launch_addresses(sandbox: RunningSandbox) -> None:
    assert sandbox.get("/patients")[0] == {
        "id": "tiny",
        "name": "Tina Quillmark",
        "story": "for the tests of the sandbox",
    }
    assert requests.get(f"{sandbox.url}/launch-url?patient=nobody", timeout=10).status_code == 404
    assert sandbox.get("/launch-url?issuer=epic-like&patient=tiny")["url"].startswith(
        "http://127.0.0.1:8000/launch?iss="
    )


def test_the_app_can_move(sandbox: RunningSandbox) -> None:
    sandbox.use_app("http://127.0.0.1:8123/")
    try:
        assert sandbox.launch_url("tiny").startswith("http://127.0.0.1:8123/launch?")
        token = sign_in(sandbox.launch_url("tiny"), "http://127.0.0.1:8123/callback/open")
        assert token["patient"] == "tiny"
    finally:
        sandbox.use_app("http://127.0.0.1:8000")


def test_reset_brings_back_the_first_day(sandbox: RunningSandbox) -> None:
    save(sandbox)
    token = sign_in(sandbox.launch_url("tiny"), CALLBACK, WRITE_EVERYTHING)
    session = fhir_session(token)
    session.delete(f"{token['iss']}/Observation/tiny-o0", timeout=10)
    sandbox.set_faults({"status": 500})
    sandbox.reset()
    assert [r["title"] for r in sandbox.record("tiny") if r["resourceType"] == "CarePlan"] == ["Nutrition plan"]
    assert "tiny-o0" in {r["id"] for r in sandbox.record("tiny")}
    assert session.get(f"{token['iss']}/Patient/tiny", timeout=10).status_code == 401


def test_what_was_saved_outlives_a_restart_and_a_new_day(tmp_path: Path) -> None:
    store = tmp_path / "sandbox.db"
    with start_sandbox(patients=tiny_patients, as_of=AS_OF, store=store) as sandbox:
        ids = save(sandbox)
        kid = sandbox.place.keys.current().kid
    with start_sandbox(patients=tiny_patients, as_of=AS_OF.replace(day=26), store=store) as sandbox:
        found = {r["id"] for r in sandbox.record("tiny")}
        assert {ids["plan"], ids["document"], "tiny-o0"} <= found
        assert sandbox.place.keys.current().kid == kid


def test_any_bundle_can_be_seeded_and_belongs_to_its_patient(tmp_path: Path) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": "urn:uuid:1",
                "resource": {"resourceType": "Patient", "id": "seeded", "name": [{"family": "Vogelzang"}]},
            },
            {
                "fullUrl": "http://x.example/fhir/Condition/bad_id",
                "resource": {
                    "resourceType": "Condition",
                    "id": "bad_id",
                    "code": {"text": "Breast cancer"},
                    "subject": {"reference": "urn:uuid:1"},
                },
            },
            {
                "resource": {
                    "resourceType": "Observation",
                    "id": "o",
                    "subject": {"reference": "Patient/of-another-file"},
                    "focus": [{"reference": "http://x.example/fhir/Condition/bad_id"}],
                }
            },
        ],
    }
    folder = tmp_path / "seeds"
    folder.mkdir()
    (folder / "one.json").write_text(json.dumps(bundle))
    (folder / "none.json").write_text(json.dumps({"resourceType": "Bundle", "type": "collection"}))
    (folder / "two.ndjson").write_text('{"resourceType": "Patient", "id": "line"}\n')
    with start_sandbox(patients=tiny_patients, as_of=AS_OF, seed=[folder]) as sandbox:
        assert [p["id"] for p in sandbox.get("/patients")] == ["tiny", "other", "seeded", "line"]
        record = {r["resourceType"]: r for r in sandbox.record("seeded")}
        assert record["Condition"]["subject"]["reference"] == "Patient/seeded"
        assert record["Observation"]["subject"]["reference"] == "Patient/seeded"
        assert record["Observation"]["focus"][0]["reference"] == f"Condition/{record['Condition']['id']}"
        assert "_" not in record["Condition"]["id"]


@pytest.mark.corpus
def test_public_test_patients_can_be_seeded(corpus: Path) -> None:
    files = [corpus / "mcode-ig" / "jenny-m-bundle.json", corpus / "mcode-pathways" / "T0_patient.json"]
    with start_sandbox(patients=tiny_patients, as_of=AS_OF, seed=files) as sandbox:
        seeded = [p["id"] for p in sandbox.get("/patients")][2:]
        assert len(seeded) == 2
        for slug in ("open", "epic-like", "oracle-like"):
            for patient in seeded:
                token = sign_in(sandbox.launch_url(patient, slug), CALLBACK.replace("open", slug))
                query = f"Condition?patient={patient}&_count=200"
                found = fhir_session(token).get(f"{token['iss']}/{query}", timeout=20).json()
                assert found["entry"], (slug, patient)


def test_a_document_that_is_not_base64_is_no_page(sandbox: RunningSandbox) -> None:
    broken = new_document(id="broken")
    broken["content"][0]["attachment"]["data"] = "%%%"
    sandbox.place.records.put("open", broken)
    assert requests.get(f"{sandbox.url}/chart/open/tiny/DocumentReference/broken", timeout=10).status_code == 404
    assert base64.b64encode(b"x")
