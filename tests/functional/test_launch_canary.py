"""One patient whose every string is a canary: none of it, and no token, in logs, titles or the raw store (G2)."""

from __future__ import annotations

import base64
import gc
import html
import json
import logging
import re
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
import requests

from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.app_server import LaunchedPage, RunningApp, launch, start_app

CANARIES = [
    "Zebulonia",
    "Quartzfield",
    "Xanthippe",
    "1949-03-07",
    "MRN-77120934",
    "555-0142-7781",
    "zq.canary@mail.example",
    "Kumquatstrasse",
    "Oberwolfshagen",
    "QX-48213-ZV",
    "Drosselbart",
    "Findling",
    "Marzipanowa",
    "canary-condition-text",
    "canary-note-text",
    "canary-lab-text",
    "canary-procedure-text",
    "canary-drug-text",
    "canary-report-text",
    "canary-family-text",
    "canary-device",
    "canary-encounter",
    "canary-specimen",
    "canary-performer",
    "canary-display",
    "canary-comment",
    "canary-goal",
    "canary-plan",
    "canary-allergy",
    "31.4159",
]
PATIENT = "canary-patient-id"


@dataclass(frozen=True)
class CanaryPatient:
    """A chart made of strings that stand nowhere else."""

    id: str = PATIENT
    name: str = "Zebulonia Quartzfield"
    story: str = "canary-story"

    def iter_resources(self) -> Iterator[dict[str, Any]]:
        subject = {"reference": f"Patient/{PATIENT}"}

        def coded(system: str, code: str, text: str) -> dict[str, Any]:
            return {"coding": [{"system": system, "code": code, "display": "canary-display"}], "text": text}

        yield {
            "resourceType": "Patient",
            "id": PATIENT,
            "name": [{"family": "Quartzfield", "given": ["Zebulonia", "Xanthippe"]}],
            "birthDate": "1949-03-07",
            "gender": "female",
            "identifier": [{"type": {"coding": [{"code": "MR"}]}, "value": "MRN-77120934"}],
            "telecom": [{"value": "555-0142-7781"}, {"value": "zq.canary@mail.example"}],
            "address": [{"line": ["Kumquatstrasse 5"], "city": "Oberwolfshagen", "postalCode": "QX-48213-ZV"}],
            "contact": [{"name": {"family": "Drosselbart"}}],
        }
        yield {
            "resourceType": "Condition",
            "id": "canary-condition",
            "subject": subject,
            "code": coded("http://snomed.info/sct", "254837009", "canary-condition-text"),
            "clinicalStatus": {"coding": [{"code": "active"}]},
            "onsetDateTime": "2019-05-03",
            "note": [{"text": "canary-note-text Findling Marzipanowa"}],
        }
        yield {
            "resourceType": "Observation",
            "id": "canary-lab",
            "status": "final",
            "subject": subject,
            "code": coded("http://loinc.org", "85337-4", "canary-lab-text"),
            "valueQuantity": {"value": 31.4159, "unit": "%", "code": "%"},
            "performer": [{"display": "canary-performer"}],
            "note": [{"text": "canary-comment"}],
        }
        yield {
            "resourceType": "Procedure",
            "id": "canary-procedure",
            "status": "completed",
            "subject": subject,
            "code": coded("http://snomed.info/sct", "392021009", "canary-procedure-text"),
            "performedDateTime": "2019-06-01",
        }
        yield {
            "resourceType": "MedicationRequest",
            "id": "canary-drug",
            "status": "active",
            "intent": "order",
            "subject": subject,
            "medicationCodeableConcept": {"text": "canary-drug-text tamoxifen 20 mg"},
        }
        yield {
            "resourceType": "DiagnosticReport",
            "id": "canary-report",
            "status": "final",
            "subject": subject,
            "code": {"text": "canary-report-text"},
            "conclusion": "ER positive. canary-specimen",
        }
        yield {
            "resourceType": "FamilyMemberHistory",
            "id": "canary-family",
            "status": "completed",
            "patient": subject,
            "relationship": {"text": "canary-family-text"},
        }


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    def one(_: date) -> list[CanaryPatient]:
        return [CanaryPatient()]

    with start_sandbox(patients=one) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox) as running:
        running.clock.waits = []
        yield running


def encodings(text: str) -> set[bytes]:
    """A string in the forms in which it could slip out."""
    raw = text.encode()
    forms = {raw, raw.lower(), raw.upper(), raw[::-1], raw.hex().encode(), html.escape(text).encode()}
    forms.add(urllib.parse.quote(text).encode())
    forms.add(urllib.parse.quote_plus(text).encode())
    forms.add(json.dumps(text).strip('"').encode())
    forms.add(base64.b64encode(raw).rstrip(b"=")[:-1])
    forms.add(base64.urlsafe_b64encode(raw).rstrip(b"=")[:-1])
    return {form for form in forms if len(form) >= 5}


def assert_silent(where: str, data: bytes, secrets: list[str]) -> None:
    for canary in [*CANARIES, PATIENT, *secrets]:
        for form in encodings(canary):
            assert form not in data, f"{where} holds {canary!r}"


def exercise(app: RunningApp, sandbox: RunningSandbox) -> tuple[list[requests.Response], list[str]]:
    """Everything a person and a broken EHR can do to it; gives the answers and the secrets that were in play."""
    answers: list[requests.Response] = []
    secrets: list[str] = []
    for slug in ("open", "epic-like", "oracle-like"):
        page = launch(app, sandbox, slug, PATIENT)
        answers += [*page.response.history, page.response]
        secrets += tokens_of(page)
        for path in ("", "plan", "facts", "handout", "handout.pdf", "handover.pdf", "calendar.ics", "rules", "nowhere"):
            answers.append(page.get(path))
        answers.append(page.post("plan", {"action": "keep", "note": "canary-plan canary-goal"}))
        answers.append(page.session.post(page.base + "plan", data={"note": "canary-plan"}, timeout=60))
    faults: list[dict[str, Any]] = [
        {"on": "read", "type": "Patient", "status": 500},
        {"on": "read", "type": "Patient", "kind": "truncated"},
        {"on": "search", "kind": "malformed", "values": {"code": "canary-comment", "status": 7}},
        {"on": "search", "status": 403, "words": "canary-device canary-allergy"},
        {"on": "search", "status": 401},
        {"on": "search", "kind": "next", "words": "http://evil.example/Zebulonia?Quartzfield"},
        {"on": "token", "kind": "oauth-error", "words": "canary-encounter"},
        {"on": "token", "kind": "token-values", "values": {"patient": ["canary-patient-id"]}},
        {"on": "token", "kind": "id-token", "words": "bad-signature"},
    ]
    for fault in faults:
        sandbox.set_faults(fault)
        answers.append(app.session().get(sandbox.launch_url(PATIENT), timeout=60))
    sandbox.set_faults()
    page = launch(app, sandbox, "open", PATIENT)
    secrets += tokens_of(page)
    crash(app, page, answers)
    answers.append(page.post("sign-out"))
    return answers, secrets


def tokens_of(page: LaunchedPage) -> list[str]:
    context = page.app.services.contexts.require(page.handle, page.cookie_value())
    found = page.app.services.contexts.find_tokens(context)
    assert found
    tokens = json.loads(found[0])
    addresses = " ".join(answer.url for answer in page.response.history)
    codes = re.findall(r"[?&](?:code|state|launch|nonce|code_challenge)=([\w.~-]{12,})", addresses)
    return [text for text in (tokens["access_token"], tokens["refresh_token"], page.cookie_value(), *codes) if text]


def crash(app: RunningApp, page: LaunchedPage, answers: list[requests.Response]) -> None:
    """An error that nobody foresaw, with the patient in its message."""
    kept = app.services.contexts.require

    def broken(*_: object) -> object:
        raise RuntimeError("Zebulonia Quartzfield MRN-77120934")

    object.__setattr__(app.services.contexts, "require", broken)
    try:
        answers.append(page.get())
    finally:
        object.__setattr__(app.services.contexts, "require", kept)
    assert answers[-1].status_code == 500
    assert "Quartzfield" not in answers[-1].text


def test_nothing_of_the_patient_and_no_token_gets_out(
    app: RunningApp, sandbox: RunningSandbox, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="smart_app")
    answers, secrets = exercise(app, sandbox)
    assert len(secrets) > 12
    assert "Quartzfield" in answers[4].text, "the canary did sing: it is on the page"
    gc.collect()
    printed = capfd.readouterr()
    assert_silent("the log", app.logs.getvalue().encode(), secrets)
    assert_silent("standard output", (printed.out + printed.err).encode(), secrets)
    for path in sorted(app.store_file.parent.rglob("*")):
        if path.is_file():
            assert_silent(f"the store file {path.name}", path.read_bytes(), secrets)
    for answer in answers:
        ours = answer.url.startswith(app.url)
        if ours and "/callback/" not in answer.url and "/launch" not in answer.url:
            assert_silent("an address", answer.url.encode(), secrets)
        if ours:
            title = re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL)
            assert_silent("a title", (title[1] if title else "").encode(), secrets)
            assert_silent("a file name", answer.headers.get("Content-Disposition", "").encode(), secrets)
            assert_silent("a cookie's name", " ".join(answer.cookies.keys()).encode(), secrets)
            body = answer.content
            assert not re.search(rb"eyJ[\w-]{10,}", body), "no token is on a page"
            for secret in secrets:
                assert secret.encode() not in body, f"a secret is on {answer.request.path_url[:20]}"
    metrics = requests.get(f"{app.url}/metrics", timeout=30).content
    assert_silent("the metrics", metrics, secrets)


def test_the_log_says_where_a_crash_was_and_its_reference(app: RunningApp, sandbox: RunningSandbox) -> None:
    answers: list[requests.Response] = []
    crash(app, launch(app, sandbox, "open", PATIENT), answers)
    reference = re.search(r"R-[2-9A-Z]{6}", answers[0].text)
    assert reference
    line = next(json.loads(line) for line in app.logs.getvalue().splitlines() if reference[0] in line)
    assert line["problem"] == "RuntimeError"
    assert set(line) <= {"at", "event", "problem", "status", "reference", "where"}
