"""A clinician in a real browser: two frames, few steps, keyboard only, no script, autosave."""

from __future__ import annotations

import random
import re

import pytest
from playwright.sync_api import Browser, Frame, Page, Response, Route, expect

from sandbox.testing import RunningSandbox
from tests.browser.conftest import PATIENCE_MS, NewPage
from tests.support.app_server import RunningApp

pytestmark = pytest.mark.browser


def launch_in(page: Page, sandbox: RunningSandbox, patient: str) -> None:
    page.goto(sandbox.launch_url(patient))
    page.wait_for_url("**/c/*/")


def banner(frame: Frame | Page) -> str:
    return frame.locator(".patient-name dd").inner_text()


def test_two_patients_in_two_frames_never_mix_whatever_is_reloaded(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page(1400, 900)
    names = {"oyelaran": "Folake Oyelaran", "monteferri": "Ornella Monteferri"}
    page.goto(f"{sandbox.url}/")
    frames: dict[str, Frame] = {}
    for patient in names:
        with page.expect_event("frameattached") as attached:
            page.evaluate(
                "(url) => { const f = document.createElement('iframe'); f.src = url;"
                " f.width = 650; f.height = 800; document.body.append(f); }",
                sandbox.launch_url(patient),
            )
        frame = attached.value
        frame.wait_for_url("**/c/*/")
        frames[patient] = frame
    chance = random.Random(20261125)
    addresses = {patient: frame.url for patient, frame in frames.items()}
    for _ in range(12):
        patient = chance.choice(list(names))
        frames[patient].goto(addresses[patient] + chance.choice(["", "plan", "rules", "facts"]))
        for other, frame in frames.items():
            assert banner(frame) == names[other]
            assert names[next(one for one in names if one != other)] not in frame.content()


def test_from_launch_to_print_in_at_most_twelve_steps(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page()
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    page.goto(sandbox.launch_url("varkonyi"))  # stands for the click on Open Aftercare
    step()
    expect(page.get_by_role("heading", name="What matters today")).to_be_visible()
    page.get_by_role("link", name="Edit and save plan").click()
    step()
    page.get_by_label("When").first.fill("2027-01")
    step()
    page.get_by_label("Note", exact=True).first.fill("Ordered today")
    step()
    page.get_by_role("button", name="Save plan to record").click()
    step()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Saved to the record"))
    page.get_by_role("link", name="Handout").click()
    step()
    page.get_by_role("button", name=re.compile("^Checked")).click()
    step()
    expect(page.get_by_role("link", name="PDF to print")).to_be_visible()
    page.get_by_role("button", name="Print this page").wait_for()
    step()
    assert steps <= 12
    plans = [r for r in sandbox.record("varkonyi") if r["resourceType"] == "CarePlan"]
    assert any("2027-01" in str(plan) and "Ordered today" in str(plan) for plan in plans)


def test_without_script_the_same_form_keeps_saves_and_loses_nothing(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page(java_script_enabled=False)
    launch_in(page, sandbox, "monteferri")
    page.get_by_role("link", name="Edit and save plan").click()
    page.get_by_label("Note", exact=True).first.fill("Typed, not kept by its own button")
    page.get_by_label("Goals, one a line").fill("Swim again")
    page.get_by_role("button", name="Keep goals and concerns").click()
    assert page.get_by_label("Note", exact=True).first.input_value() == "Typed, not kept by its own button"
    assert page.get_by_label("Goals, one a line").input_value() == "Swim again"
    page.get_by_role("button", name="Save plan to record").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^(Saved to the record|Not saved|Edit)"))


def test_the_draft_is_kept_within_two_seconds_of_the_last_key(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page()
    launch_in(page, sandbox, "wojtasik")
    page.get_by_role("link", name="Edit and save plan").click()
    page.locator("form.autosaving").wait_for()
    page.clock.install()
    page.get_by_label("Note for the team").fill("Kept by itself")
    expect(page.locator("#kept")).to_have_text("Not kept yet.")
    with page.expect_response(_keeps_the_draft):
        page.clock.run_for(2_000)
    expect(page.locator("#kept")).to_contain_text("Draft kept at")
    expect(page.get_by_role("button", name=re.compile("^Keep row")).first).to_be_hidden()
    page.reload()
    assert page.get_by_label("Note for the team").input_value() == "Kept by itself"


def test_what_is_typed_while_the_draft_is_being_kept_is_kept_after_it(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    """Hazard H14: a slow answer must not hide what was typed in the meantime."""
    page = new_page()
    launch_in(page, sandbox, "wojtasik")
    page.get_by_role("link", name="Edit and save plan").click()
    page.locator("form.autosaving").wait_for()
    page.clock.install()
    slow: list[Route] = []
    page.route("**/plan/autosave", lambda route: slow.append(route))
    note = page.get_by_label("Note for the team")
    with page.expect_request("**/plan/autosave"):
        note.fill("First words")
        page.clock.run_for(2_000)
    note.fill("First words and second")
    page.clock.run_for(2_000)
    assert len(slow) == 1, "one at a time"
    slow[0].continue_()
    expect(page.locator("#kept")).to_contain_text("Draft kept at")
    page.unroute("**/plan/autosave")
    with page.expect_response(_keeps_the_draft):
        page.clock.run_for(2_000)
    assert "First words and second</textarea>" in page.request.get(page.url).text()


def test_what_is_typed_before_the_script_has_come_is_kept_too(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page()
    launch_in(page, sandbox, "wojtasik")

    page.add_init_script(
        "document.addEventListener('readystatechange', () => {"
        " const note = document.getElementById('f-note');"
        " if (document.readyState === 'interactive' && note) note.value = 'Typed early'; })"
    )
    with page.expect_response(_keeps_the_draft):
        page.get_by_role("link", name="Edit and save plan").click()
    assert "Typed early</textarea>" in page.request.get(page.url).text()


def _keeps_the_draft(response: Response) -> bool:
    return response.request.method == "POST" and "json" in response.headers.get("content-type", "") and response.ok


def test_without_a_connection_the_page_says_that_nothing_is_kept(
    app: RunningApp, sandbox: RunningSandbox, browser: Browser
) -> None:
    context = browser.new_context()  # not new_page: the browser's own complaint about the connection is expected here
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    launch_in(page, sandbox, "wojtasik")
    page.get_by_role("link", name="Edit and save plan").click()
    page.locator("form.autosaving").wait_for()
    page.clock.install()
    page.route("**/*", lambda route: route.abort("internetdisconnected"))
    page.get_by_label("Note for the team").fill("Typed in a tunnel")
    page.clock.run_for(2_000)
    expect(page.locator("#kept")).to_contain_text("no connection")
    page.unroute("**/*")
    with page.expect_response(_keeps_the_draft):
        page.clock.run_for(10_000)
    expect(page.locator("#kept")).to_have_text(re.compile("Draft kept at"))
    assert page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0
    assert "Typed in a tunnel</textarea>" in page.request.get(page.url).text()
    context.close()


def test_an_answer_for_another_launch_stops_the_page(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    """Hazard H01: the page shows one patient, and what answers it is the launch of another."""
    page = new_page()
    launch_in(page, sandbox, "wojtasik")
    page.get_by_role("link", name="Edit and save plan").click()
    page.locator("form.autosaving").wait_for()
    page.clock.install()
    answer = '{"draft_version": 99, "kept_at": "10:00", "problems": []}'
    other = {"X-Context": "another-launch", "Content-Type": "application/json"}
    page.route("**/plan/autosave", lambda route: route.fulfill(status=200, headers=other, body=answer))
    page.get_by_label("Note for the team").fill("For whom?")
    page.clock.run_for(2_000)
    expect(page.locator("#kept")).to_contain_text("the answer was for another launch")
    assert page.locator("form.workbench").evaluate("(form) => form.inert")
    assert page.locator("[name=draft_version]").input_value() != "99"
    page.unroute("**/plan/autosave")


def test_a_page_that_the_browser_brings_back_from_its_cache_is_read_again(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    """Hazard H09: it may be hours old, or of a session that has ended."""
    page = new_page()
    launch_in(page, sandbox, "wojtasik")
    page.evaluate("window.seenBefore = true")
    with page.expect_navigation():
        page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert page.evaluate("window.seenBefore === undefined")


def test_everything_is_reached_by_keyboard_and_seen_where_the_focus_is(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page()
    launch_in(page, sandbox, "oyelaran")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                "(() => { const e = document.activeElement; const s = getComputedStyle(e);"
                " return [e.tagName, e.textContent.trim().slice(0, 40), s.outlineStyle, s.outlineWidth]; })()"
            )
        )
    names = [text for _, text, _, _ in seen]
    assert "Edit and save plan" in names
    assert any(tag == "SUMMARY" for tag, _, _, _ in seen)
    assert all(style != "none" and width != "0px" for tag, _, style, width in seen if tag != "BODY")
    first = page.locator("[data-fact=er] summary").first
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-fact=er] .ledger").first).to_be_visible()


def test_the_banner_stays_in_sight_and_no_target_hides_under_it(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page(1000, 420)
    launch_in(page, sandbox, "oyelaran")
    page.mouse.wheel(0, 3000)
    page.wait_for_timeout(200)
    box = page.locator(".patient-name dd").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 60
