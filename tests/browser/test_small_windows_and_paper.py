"""A zoomed or low window, wider text spacing, the keyboard under the sticky banner, and what the browser prints."""

from __future__ import annotations

import io
import re
from typing import Any

import pikepdf
import pytest
from playwright.sync_api import Page, expect

from sandbox.testing import RunningSandbox
from tests.browser.conftest import NewPage
from tests.browser.test_accessible_pages import open_record, sideways
from tests.support.app_server import RunningApp

pytestmark = pytest.mark.browser

# WCAG 2.2, 1.4.12 Text Spacing.
SPACING = (
    "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }"
    " p { margin-block-end: 2em !important; }"
)
# Sample patients are as old as their story on any day, so the day of birth moves with today.
BIRTH_DATE = re.compile(r"\b[A-Z][a-z]{2} \d{1,2}, 19\d\d\b")
STICKY = (
    "() => Math.max(...[...document.querySelectorAll('.banner, .banner .id, .banner .who')]"
    ".filter((e) => getComputedStyle(e).position === 'sticky').map((e) => e.getBoundingClientRect().bottom))"
)
FOCUSED = (
    "() => { const e = document.activeElement; const b = e.getBoundingClientRect();"
    " return {body: e === document.body, text: e.textContent.trim().slice(0, 40), top: b.top, bottom: b.bottom,"
    " ring: getComputedStyle(e).outlineStyle !== 'none'}; }"
)


def scrolled(page: Page) -> None:
    page.evaluate("window.scrollTo({top: 900, behavior: 'instant'})")


def test_a_low_window_keeps_name_and_birth_date_in_one_line_and_the_rest_for_the_page(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    for width, height in ((1000, 479), (640, 400), (320, 256)):
        page = new_page(width, height)
        open_record(page, sandbox, "oyelaran")
        scrolled(page)
        assert page.evaluate(STICKY) <= 40, (width, height)
        for text in (re.compile("Folake Oyelaran"), BIRTH_DATE):
            box = page.locator(".banner dd", has_text=text).bounding_box()
            assert box is not None
            assert box["y"] >= 0, text.pattern
            assert box["y"] + box["height"] <= 40, text.pattern
            assert box["x"] + box["width"] <= width, text.pattern


def test_a_high_window_keeps_record_number_and_sex_in_sight_too(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page(1000, 800)
    open_record(page, sandbox, "oyelaran")
    scrolled(page)
    for text in ("Folake Oyelaran", "Female", "NL-33563586"):
        box = page.locator(".banner dd", has_text=text).first.bounding_box()
        assert box is not None
        assert 0 <= box["y"] < 64, text


@pytest.mark.parametrize("width", [1000, 320])
def test_wider_text_spacing_cuts_nothing_and_scrolls_nothing_sideways(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage, width: int
) -> None:
    page = new_page(width, 256 if width == 320 else 800)
    base = open_record(page, sandbox, "wojtasik")
    for path in ("", "plan", "facts?fact=er", "facts?fact=systemic", "rules", "handout"):
        page.goto(base + path)
        page.evaluate(
            "(css) => { const s = new CSSStyleSheet(); s.replaceSync(css); document.adoptedStyleSheets = [s];"
            " document.querySelectorAll('details').forEach((part) => { part.open = true; }); }",
            SPACING,
        )
        assert sideways(page) <= 0, path


@pytest.mark.parametrize(("width", "height"), [(1000, 800), (320, 256)])
def test_the_focus_is_never_wholly_under_the_banner_and_never_caught(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage, width: int, height: int
) -> None:
    page = new_page(width, height, reduced_motion="reduce")
    base = open_record(page, sandbox, "wojtasik")
    for path in ("plan", "facts?fact=er", "facts?fact=surgery"):
        page.goto(base + path)
        for _ in range(400):
            page.keyboard.press("Tab")
            at: dict[str, Any] = page.evaluate(FOCUSED)
            if at["body"]:
                break
            assert at["ring"], at
            assert at["bottom"] > page.evaluate(STICKY) or at["text"] == "Skip to content", at
            assert at["top"] < height, at
        assert at["body"], f"the focus does not leave {path}"


def pages_printed(page: Page) -> tuple[list[str], int]:
    """The headings on the printed paper and how many sheets it takes."""
    with pikepdf.open(io.BytesIO(page.pdf(prefer_css_page_size=True))) as paper:
        sheets = len(paper.pages)
    page.emulate_media(media="print")
    return page.locator("h2:visible").all_inner_texts(), sheets


def test_the_handout_printed_by_the_browser_takes_no_more_sheets_than_the_pdf(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page()
    base = open_record(page, sandbox, "varkonyi")
    page.goto(base + "handout")
    with pikepdf.open(io.BytesIO(page.request.get(base + "handout.pdf").body())) as paper:
        of_pdf = len(paper.pages)
    headings, sheets = pages_printed(page)
    assert sheets <= of_pdf
    assert "Signs to report" in headings
    assert page.locator(".banner").is_hidden()


def test_a_printed_plan_says_how_many_rows_are_folded(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page()
    base = open_record(page, sandbox, "varkonyi")
    page.goto(base + "plan")
    page.emulate_media(media="print")
    assert page.get_by_text("items, all decided").first.is_visible()
    assert page.get_by_role("button", name="Save plan to record").is_hidden()


def test_what_can_be_acted_on_stands_before_what_cannot_be_told(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page()
    open_record(page, sandbox, "varkonyi")
    statuses = page.locator("[data-rule]").evaluate_all("(rows) => rows.map((row) => row.dataset.status)")
    assert statuses[0] == "overdue"
    assert statuses.index("cannot-tell") > max(i for i, status in enumerate(statuses) if status == "up-to-date")
    page.get_by_role("link", name="6 items").click()
    heading = page.get_by_role("heading", name="Cannot tell yet 6")
    heading.wait_for()
    row = page.locator("[data-rule=carrier-care] summary")
    row.press("Enter")
    assert "No test result recorded: offer it" in page.locator("[data-rule=carrier-care]").inner_text()


OVERLAPPING = (
    "() => { document.querySelectorAll('details').forEach((part) => { part.open = true; });"
    " return [...document.querySelectorAll('dt, dd, td, tbody th, .tag, .chip, .btn, legend, .choices li, h1, h2, h3')]"
    ".filter((e) => e.clientWidth > 2 && e.scrollWidth > e.clientWidth + 1"
    " && !e.closest('.scroll, .vh') && !e.querySelector('pre, .vh, .scroll'))"
    ".map((e) => `${e.tagName} ${e.textContent.trim().slice(0, 60)}`); }"
)


@pytest.mark.parametrize("width", [1000, 320])
def test_no_word_runs_over_its_neighbour_with_everything_unfolded(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage, width: int
) -> None:
    page = new_page(width)
    base = open_record(page, sandbox, "wojtasik")
    for path in ("", "plan", "facts"):
        page.goto(base + path)
        assert page.evaluate(OVERLAPPING) == [], path


def test_without_script_everything_works_from_sign_in_to_the_checked_handout(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(sandbox.launch_url("oyelaran", auto=False))
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Allow").click()
    page.wait_for_url("**/c/*/")
    page.locator("[data-fact=er] summary").click()
    expect(page.locator("[data-fact=er] .ledger")).to_be_visible()
    page.get_by_role("link", name="Edit and save plan").click()
    page.get_by_role("button", name="Save plan to record").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("^Saved to the record"))
    page.get_by_role("link", name="Handout").click()
    expect(page.get_by_role("button", name="Print this page")).to_have_count(0)  # it needs script, so it is not there
    page.get_by_role("button", name=re.compile("^Checked")).click()
    expect(page.get_by_text("the last line of the paper says so")).to_be_visible()
    link = page.get_by_role("link", name="PDF to print").get_attribute("href")
    assert page.request.get(app.url + str(link)).body().startswith(b"%PDF")
