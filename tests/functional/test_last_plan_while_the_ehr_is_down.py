"""Hazard H21: while the EHR cannot be read, the last confirmed plan is there as paper, and nothing else is."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from pypdf import PdfReader

from sandbox.testing import RunningSandbox, start_sandbox
from smart_app.storage.drafts import DraftOwner
from smart_app.storage.last_plans import LastPlans
from tests.support.app_server import RunningApp, launch, start_app
from tests.support.plan_pages import plan_page, press, press_save

AS_OF = date(2026, 11, 25)
LINK = "last-plan.pdf"
NO_PATIENT = {"on": "read", "type": "Patient", "status": 503}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(as_of=AS_OF, only=("varkonyi", "osthoff", "zaldivarra", "chirwandu", "nakashiro")) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox, as_of=AS_OF) as running:
        yield running


@pytest.fixture(autouse=True)
def no_faults_left(sandbox: RunningSandbox) -> Iterator[None]:
    yield
    sandbox.set_faults()


def words_of(data: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages).split())


def test_the_last_confirmed_plan_can_be_printed_with_its_time_while_the_ehr_is_down(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    first = launch(app, sandbox, patient="varkonyi")
    _, receipt = press_save(first, plan_page(first), note="Call before the visit")
    saved = receipt.attribute("data-resource") or ""
    sandbox.set_faults(NO_PATIENT)
    down = launch(app, sandbox, patient="varkonyi").response
    assert down.status_code == 503 and LINK in down.text
    later = launch(app, sandbox, patient="varkonyi")
    paper = later.get(LINK)
    assert (paper.status_code, paper.headers["Content-Type"]) == (200, "application/pdf")
    words = words_of(paper.content)
    assert "Last confirmed plan" in words
    assert f"{saved},version1" in words.replace(" ", "")  # long ids are broken at their hyphens
    assert "Varkonyi" in words and "Call before the visit" in words
    assert "no-store" in paper.headers["Cache-Control"]


def test_who_saved_nothing_here_is_offered_nothing(app: RunningApp, sandbox: RunningSandbox) -> None:
    sandbox.set_faults(NO_PATIENT)
    other = launch(app, sandbox, patient="osthoff")
    assert LINK not in other.response.text
    assert other.get(LINK).status_code == 404


def test_the_paper_is_of_one_user_patient_and_issuer(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    press_save(launched, plan_page(launched), note="Mine")
    context = app.services.contexts.require(launched.handle, launched.cookie_value())
    assert context.fhir_user
    owner = DraftOwner(context.issuer, context.fhir_user, context.patient_id)
    kept = LastPlans(app.services.store)
    assert kept.of(owner) != ()
    for other in ({"issuer": "epic-like"}, {"user": "Practitioner/other"}, {"patient": "osthoff"}):
        assert kept.of(replace(owner, **other)) == ()


def test_a_plan_that_was_taken_back_is_no_last_plan(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="zaldivarra")
    press_save(launched, plan_page(launched))
    assert launched.get(LINK).status_code == 200
    press(launched, plan_page(launched), "Take the plan back (revoke)", revoke_reason="For another visit")
    assert launched.get(LINK).status_code == 404


def test_a_draft_is_no_confirmed_plan(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="osthoff")
    press(launched, plan_page(launched), "Save as draft, not signed")
    assert launched.get(LINK).status_code == 404


def test_a_save_that_is_found_out_only_later_keeps_its_paper(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="chirwandu")
    plan = plan_page(launched)
    lost = {"on": "create", "type": "CarePlan", "kind": "act-then-reset"}
    sandbox.set_faults(lost, {"on": "search", "type": "CarePlan", "status": 500, "after": 1})
    _, receipt = press_save(launched, plan, note="Call before the visit")
    assert receipt.heading == "Not known whether saved"
    assert launched.get(LINK).status_code == 404, "nobody knows whether this is a plan"
    sandbox.set_faults()
    later = launch(app, sandbox, patient="chirwandu")
    assert "Not known whether saved" not in later.text
    (saved,) = [each["id"] for each in sandbox.record("chirwandu") if each["resourceType"] == "CarePlan"]
    sandbox.set_faults(NO_PATIENT)
    assert LINK in launch(app, sandbox, patient="chirwandu").response.text
    words = words_of(launch(app, sandbox, patient="chirwandu").get(LINK).content)
    assert f"CarePlan/{saved},version1" in words.replace(" ", "")
    assert "Last confirmed plan: signed by" in words and "Call before the visit" in words


def test_a_save_that_was_refused_takes_no_paper_away(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="nakashiro")
    press_save(launched, plan_page(launched), note="The first note")
    sandbox.set_faults({"on": "update", "type": "CarePlan", "status": 422})
    _, receipt = press_save(launched, plan_page(launched), note="The second note")
    assert receipt.heading == "Not saved"
    words = words_of(launched.get(LINK).content)
    assert "The first note" in words and "The second note" not in words
    sandbox.set_faults()
    press_save(launched, plan_page(launched), note="The third note")
    assert "The third note" in words_of(launched.get(LINK).content)
