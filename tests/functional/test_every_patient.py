"""Every sample patient on every issuer: launch, read, save; the record equals the receipt, or the page says why not."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from pypdf import PdfReader

from interop.browser import Page
from sandbox.patients import SamplePatient, sample_patients
from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.app_server import SLUGS, LaunchedPage, RunningApp, launch, start_app

AS_OF = date(2026, 11, 25)
PATIENTS = sample_patients(AS_OF)
PLANS = {"open": "CarePlan", "epic-like": "DocumentReference", "oracle-like": "DocumentReference"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(as_of=AS_OF) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox, as_of=AS_OF) as running:
        yield running


def page_of(launched: LaunchedPage, path: str = "") -> Page:
    response = launched.get(path)
    assert response.status_code == 200, f"{path}: {response.status_code}"
    return Page(response.url, response.text)


def ours(sandbox: RunningSandbox, patient: SamplePatient, slug: str) -> list[dict[str, Any]]:
    """What is in the record that the chart did not bring."""
    brought = {(each["resourceType"], each["id"]) for each in patient.resources}
    return [
        each
        for each in sandbox.record(patient.id, slug)
        if each["resourceType"] in ("CarePlan", "DocumentReference")
        and (each["resourceType"], each["id"]) not in brought
    ]


def save(launched: LaunchedPage, plan: Page, **changes: str) -> Page:
    form, button = plan.form_with_button("Save plan to record")
    data = [*form.filled(**changes), button]
    headers = {"Origin": launched.app.url, "Sec-Fetch-Site": "same-origin", "Referer": plan.url}
    answer = launched.session.post(form.action, data=data, headers=headers, timeout=90)
    assert answer.status_code == 200
    return Page(answer.url, answer.text)


def two_rows(page: Page) -> tuple[str, str]:
    """An item with a date to change, and another one to decline."""
    form, _ = page.form_with_button("Save plan to record")
    dated = [name.split(".")[1] for name, _ in form.fields if name.startswith("row.") and name.endswith(".when")]
    return dated[0], dated[1]


def forms_of(document: dict[str, Any]) -> dict[str, bytes]:
    """The forms of a document by their type."""
    files = [each["attachment"] for each in document["content"]]
    return {file["contentType"]: base64.b64decode(file["data"]) for file in files}


def care_plan_in(document: dict[str, Any]) -> dict[str, Any] | None:
    """The plan as data beside the paper; None where the EHR took the paper alone."""
    forms = forms_of(document)
    assert "application/pdf" in forms
    found: dict[str, Any] | None = json.loads(forms.get("application/fhir+json", b"null"))
    return found


def text_of_paper(document: dict[str, Any]) -> str:
    """The words of the document's PDF."""
    pages = PdfReader(io.BytesIO(forms_of(document)["application/pdf"])).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def check_refused(launched: LaunchedPage, sandbox: RunningSandbox, patient: SamplePatient, slug: str) -> None:
    assert "data-rule" not in launched.text
    for path in ("plan", "handout", "handout.pdf", "handover.pdf", "calendar.ics"):
        answer = launched.get(path)
        assert answer.status_code == 409, path
        assert "data-rule" not in answer.text
    assert ours(sandbox, patient, slug) == []


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("patient", PATIENTS, ids=lambda patient: patient.id)
def test_the_record_holds_exactly_what_the_receipt_says(
    app: RunningApp, sandbox: RunningSandbox, patient: SamplePatient, slug: str
) -> None:
    launched = launch(app, sandbox, slug, patient.id)
    assert launched.response.status_code == 200
    if not patient.expected.applies:
        check_refused(launched, sandbox, patient, slug)
        return
    home = page_of(launched)
    assert home.attribute("data-fact") is not None
    assert {"Edit and save plan", "Handout"} <= set(home.links)
    page = page_of(launched, "plan")
    moved, declined = two_rows(page)
    receipt = save(
        launched,
        page,
        **{
            "note": "Seen today.",
            f"row.{moved}.when": "2027-03",
            f"row.{declined}.decision": "decline",
            f"row.{declined}.reason": "Done elsewhere",
        },
    )
    held = ours(sandbox, patient, slug)
    resource = receipt.attribute("data-resource")
    assert [f"{each['resourceType']}/{each['id']}" for each in held if each["resourceType"] == PLANS[slug]] == [
        resource
    ]
    expected = "Saved to the record" if slug == "open" else "Saved as a document"
    assert receipt.heading.startswith(expected)
    plan = held[0]
    assert plan["subject"]["reference"].endswith(f"Patient/{patient.id}")
    if slug == "open":
        assert plan["meta"]["versionId"] == receipt.attribute("data-version")
    written = plan if slug == "open" else care_plan_in(plan)
    if written is None:
        paper = text_of_paper(plan)
        assert "Mar 2027" in paper and "Done elsewhere" in paper and "Seen today." in paper
        return
    items = {activity["id"]: activity["detail"] for activity in written["activity"]}
    assert "2027-03" in str(items[moved])
    assert (items[declined]["status"], items[declined]["statusReason"]["text"]) == ("cancelled", "Done elsewhere")
    assert any(note["text"] == "Seen today." for note in written["note"])
    accepted = sum(detail["status"] == "not-started" for detail in items.values())
    assert f"{accepted} items accepted, 1 declined" in receipt.html


@pytest.mark.parametrize("path", ["handout.pdf", "handover.pdf", "calendar.ics"])
@pytest.mark.parametrize(
    "patient", [each for each in PATIENTS if each.expected.applies], ids=lambda patient: patient.id
)
def test_every_paper_of_every_patient_is_made(
    app: RunningApp, sandbox: RunningSandbox, patient: SamplePatient, path: str
) -> None:
    answer = launch(app, sandbox, "open", patient.id).get(path)
    assert answer.status_code == 200
    assert answer.content.startswith(b"BEGIN:VCALENDAR" if path.endswith(".ics") else b"%PDF-")
    assert answer.headers["Cache-Control"] == "no-store"
    assert patient.name.split()[-1].casefold() not in answer.headers.get("Content-Disposition", "").casefold()
