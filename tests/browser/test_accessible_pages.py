"""Every page is accessible: axe-core finds nothing, in light and dark, wide and at 320 px; nothing scrolls sideways."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from sandbox.testing import RunningSandbox
from tests.browser.conftest import NewPage
from tests.support.app_server import RunningApp

pytestmark = pytest.mark.browser

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
PATHS = (
    "",
    "plan",
    "facts?fact=menopausal_status",
    "facts?fact=systemic",
    "handout",
    "rules",
    "rules/review",
    "resource",
)
SHORT = ("", "plan", "facts?fact=menopausal_status", "handout")


def violations(page: Page) -> list[str]:
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    found: dict[str, Any] = Axe().run(page, options=RULES).response
    return [f"{v['id']} {v['nodes'][0]['html'][:120]}" for v in found["violations"]]


def open_record(page: Page, sandbox: RunningSandbox, patient: str) -> str:
    page.goto(sandbox.launch_url(patient))
    page.wait_for_url("**/c/*/")
    return page.url


def sideways(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.parametrize(
    ("width", "scheme", "paths"),
    [(1000, "light", PATHS), (320, "dark", PATHS), (1000, "dark", SHORT), (320, "light", SHORT)],
)
def test_axe_finds_nothing_on_any_page(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage, width: int, scheme: str, paths: tuple[str, ...]
) -> None:
    page = new_page(width, color_scheme=scheme)
    base = open_record(page, sandbox, "wojtasik")
    for path in paths:
        address = base + path
        if path == "resource":
            page.goto(base)
            address = app.url + str(page.locator("a[href*='/resource/']").first.get_attribute("href"))
        page.goto(address)
        assert violations(page) == [], path
        assert sideways(page) <= 0, f"{path} scrolls sideways"


@pytest.mark.parametrize(("width", "scheme"), [(1000, "light"), (320, "dark")])
def test_axe_finds_nothing_on_an_entry_page_that_says_what_is_wrong(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage, width: int, scheme: str
) -> None:
    page = new_page(width, color_scheme=scheme)
    base = open_record(page, sandbox, "wojtasik")
    for fact in ("menopausal_status", "surgery", "axillary_surgery", "radiation", "systemic", "done", "conditions"):
        page.goto(f"{base}facts?fact={fact}")
        # As a browser without checks of its own sends it: the server's words are what is looked at.
        page.evaluate("document.querySelectorAll('form').forEach((form) => { form.noValidate = true; })")
        page.locator("button[value=keep]").first.click()
        page.get_by_role("alert").first.wait_for()
        assert violations(page) == [], fact
        assert sideways(page) <= 0, f"{fact} with errors scrolls sideways"


@pytest.mark.parametrize("width", [1000, 320])
def test_axe_finds_nothing_where_no_plan_applies_and_where_a_session_ended(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage, width: int
) -> None:
    page = new_page(width)
    base = open_record(page, sandbox, "hallingstad")
    for address in (base, f"{base}plan", f"{app.url}/c/nothing/", f"{app.url}/launch?iss=https://nowhere.example"):
        page.goto(address)
        assert violations(page) == [], address


def test_the_first_screen_holds_patient_alert_what_matters_and_every_fact(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page(1000, 800)
    open_record(page, sandbox, "oyelaran")
    for selector in (
        ".banner",
        ".strip .alert",
        ".today",
        "[data-fact=er]",
        "[data-fact=germline]",
        "[data-treatment=systemic] >> nth=-1",
    ):
        box = page.locator(selector).first.bounding_box()
        assert box is not None, selector
        assert box["y"] + box["height"] <= 800, f"{selector} ends at {box['y'] + box['height']}"


def test_words_and_shapes_stay_when_colours_are_forced(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page(1000, forced_colors="active")
    open_record(page, sandbox, "wojtasik")
    assert page.locator(".tag.conflicting").first.is_visible()
    assert page.locator(".tag.conflicting svg").first.is_visible()
