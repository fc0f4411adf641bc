"""After every save that was stopped the page offers the way on, and nothing that was typed is lost on it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from interop.browser import Page
from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.app_server import LaunchedPage, RunningApp, launch, start_app
from tests.support.plan_pages import AnotherHand, plan_page, press, press_save

AS_OF = date(2026, 11, 25)
PATIENTS = ("varkonyi", "osthoff", "zaldivarra", "wojtasik", "maroszek", "beauvallon")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(as_of=AS_OF, only=PATIENTS) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox, as_of=AS_OF) as running:
        yield running


def held(sandbox: RunningSandbox, reference: str, patient: str) -> dict[str, Any]:
    kind, _, identity = reference.partition("/")
    return next(r for r in sandbox.record(patient) if (r["resourceType"], r["id"]) == (kind, identity))


def follow(launched: LaunchedPage, page: Page, words: str) -> Page:
    answer = launched.session.get(page.links[words], timeout=60)
    assert answer.status_code == 200
    return Page(answer.url, answer.text)


def press_without_choice(launched: LaunchedPage, page: Page, name: str, **changes: str) -> tuple[int, Page]:
    """As a browser sends a form in which no radio button of the comparison was pressed."""
    form, button = page.form_with_button(name)
    fields = [field for field in form.filled(**changes) if not field[0].startswith("merge.")]
    headers = {"Origin": launched.app.url, "Sec-Fetch-Site": "same-origin", "Referer": page.url}
    answer = launched.session.post(form.action, data=[*fields, button], headers=headers, timeout=90)
    return answer.status_code, Page(answer.url, answer.text)


def first_planned(page: Page) -> str:
    """Id of the first row that has a date of its own."""
    form, _ = page.form_with_button("Save plan to record")
    name = next(name for name, value in form.fields if name.startswith("row.") and name.endswith(".when") and value)
    return name.removeprefix("row.").removesuffix(".when")


def test_a_fact_that_changed_meanwhile_is_read_again_by_the_button_and_the_plan_is_saved_then(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    page = plan_page(launched)
    used = next(
        r for r in sandbox.record("varkonyi") if r["resourceType"] == "Condition" and "breast" in str(r).lower()
    )
    AnotherHand(sandbox, "varkonyi").change(f"Condition/{used['id']}", note=[{"text": "amended at noon"}])
    _, stopped = press_save(launched, page, note="Typed before")
    assert stopped.heading == "Not saved"
    assert f"Condition/{used['id']}" in stopped.html or "Changed since" in stopped.html
    follow(launched, stopped, "Read the record again")
    _, receipt = press_save(launched, plan_page(launched))
    assert receipt.heading.startswith("Saved to the record")
    assert "Typed before" in str(held(sandbox, receipt.attribute("data-resource") or "", "varkonyi")["note"])


def test_the_plan_page_shows_what_somebody_else_changed_and_asks_for_each_choice(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient="osthoff")
    page = plan_page(launched)
    row = first_planned(page)
    _, saved = press_save(launched, page, **{f"row.{row}.note": "first"})
    reference = saved.attribute("data-resource") or ""
    activities = held(sandbox, reference, "osthoff")["activity"]
    changed = [{**a, "progress": [{"text": "theirs"}]} if a.get("id") == row else a for a in activities]
    AnotherHand(sandbox, "osthoff").change(reference, activity=changed)
    press(launched, plan_page(launched), "Keep changes", **{f"row.{row}.note": "ours"})
    page = plan_page(launched)
    assert "In the record now: <bdi>theirs</bdi>" in page.html and "In your draft: <bdi>ours</bdi>" in page.html
    status, asked = press_without_choice(launched, page, "Take these into the draft", note="typed beside it")
    assert status == 422
    assert "Choose one of the two." in asked.html and "typed beside it" in asked.html
    _, merged = press(launched, asked, "Take these into the draft", **{f"merge.row.{row}.note": "theirs"})
    assert "In the record now:" not in merged.html
    assert "typed beside it" in merged.html
    _, receipt = press_save(launched, merged)
    assert receipt.heading.startswith("Saved to the record")
    now = held(sandbox, reference, "osthoff")
    assert next(a for a in now["activity"] if a.get("id") == row)["progress"][0]["text"] == "theirs"


def test_keeping_or_saving_never_takes_the_comparison_by_accident(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="maroszek")
    page = plan_page(launched)
    row = first_planned(page)
    _, saved = press_save(launched, page)
    reference = saved.attribute("data-resource") or ""
    activities = held(sandbox, reference, "maroszek")["activity"]
    changed = [{**a, "progress": [{"text": "theirs"}]} if a.get("id") == row else a for a in activities]
    AnotherHand(sandbox, "maroszek").change(reference, activity=changed)
    _, kept = press(launched, plan_page(launched), "Keep changes", note="mine")
    assert "Changed in the record by somebody else" in kept.html
    _, stopped = press_save(launched, kept)
    assert stopped.heading == "Not saved"
    assert "theirs" in str(held(sandbox, reference, "maroszek")["activity"])


def test_a_refusal_of_the_ehr_stands_beside_its_field_when_the_clinician_comes_back(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient="zaldivarra")
    place = "CarePlan.activity[0].detail.scheduledTiming"
    words = "the date lies outside the plan"
    sandbox.set_faults(
        {"on": "create", "type": "CarePlan", "status": 422, "times": 1, "words": words, "expression": place}
    )
    _, refused = press_save(launched, plan_page(launched))
    assert refused.heading == "Not saved"
    back = follow(launched, refused, "Back to the plan")
    assert "the date lies outside the plan" in back.html
    _, receipt = press_save(launched, back)
    assert receipt.heading.startswith("Saved to the record")


def test_other_see_note_needs_the_note(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="beauvallon")
    page = plan_page(launched)
    row = first_planned(page)
    declined = {f"row.{row}.decision": "decline", f"row.{row}.reason": "Other, see note"}
    status, asked = press_save(launched, page, **declined)
    assert status == 409
    assert "write the reason for declining it as its note" in asked.html
    _, receipt = press_save(launched, asked, **{f"row.{row}.note": "moves away in March"})
    assert receipt.heading.startswith("Saved to the record")


def test_what_was_typed_is_kept_when_an_earlier_draft_is_taken_up(app: RunningApp, sandbox: RunningSandbox) -> None:
    first = launch(app, sandbox, patient="wojtasik")
    press(first, plan_page(first), "Keep changes", note="of the first launch")
    second = launch(app, sandbox, patient="wojtasik")
    _, taken = press(second, plan_page(second), "Take up the earlier draft", note="typed in the second")
    assert "of the first launch" in taken.html
    _, undone = press(second, taken, "Undo")
    assert "typed in the second" in undone.html
