"""What a clinician sees of a search that failed: in a chart's frame, at 400 % zoom without script, and by keyboard."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from sandbox.testing import RunningSandbox
from tests.browser.conftest import NewPage
from tests.support.app_server import SLUGS, RunningApp

pytestmark = pytest.mark.browser

# One of each end: not permitted, failed, truncated; at these EHRs also "not offered", and complete and empty.
FAULTS = (
    {"on": "search", "type": "Observation", "status": 403},
    {"on": "search", "type": "MedicationRequest", "status": 500},
    {"on": "search", "type": "Procedure", "kind": "total", "size": 500},
    {"on": "search", "type": "FamilyMemberHistory", "status": 400},
)


@pytest.fixture
def broken(sandbox: RunningSandbox, app: RunningApp) -> Iterator[RunningSandbox]:
    sandbox.set_faults(*FAULTS)
    yield sandbox
    sandbox.set_faults()


def opened(page: Page, broken: RunningSandbox, slug: str) -> str:
    page.goto(broken.launch_url("varkonyi", slug))
    page.wait_for_url("**/c/*/")
    return page.url


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("zoomed", [False, True], ids=["frame", "400-percent-no-script"])
def test_each_end_of_a_search_is_seen_and_none_looks_like_none(
    broken: RunningSandbox, new_page: NewPage, slug: str, zoomed: bool
) -> None:
    page = new_page(320, 256, java_script_enabled=False) if zoomed else new_page(1000, 800)
    base = opened(page, broken, slug)
    warning = page.locator(".strip .warn", has_text="Not read in full:")
    expect(warning).to_be_visible()
    for words in ("observations (results) (not permitted", "edication orders (failed", "procedures (read in part only"):
        expect(warning).to_contain_text(words)
    expect(warning).to_contain_text("say “Cannot tell” because of it")
    expect(page.locator(".coverage")).to_contain_text("Observations (results): not permitted")

    absent = page.locator('[data-fact="ki67_percent"], [data-fact="menopausal_status"], [data-treatment="systemic"]')
    assert absent.count() >= 3
    for row in absent.all():
        assert row.get_attribute("data-state") == "not-read"
        assert "None recorded" not in row.inner_text()

    page.locator("summary", has_text="All 15 searches").click()
    searches = page.locator("section", has=page.locator("#searches"))
    for words in (
        "Complete (",
        "Complete, empty",
        "Not permitted",
        "Failed: ",
        "Read in part only",
        "This EHR does not offer",
    ):
        expect(searches).to_contain_text(words)
    widest = page.locator("html").bounding_box()
    assert widest is not None and widest["width"] <= (320 if zoomed else 1000)

    page.goto(f"{base}plan")
    expect(page.get_by_role("heading", name="The record was not read in full")).to_be_visible()
    page.goto(f"{base}handout")
    expect(page.get_by_role("heading", name="The record was not read in full")).to_be_visible()
    expect(page.locator("main")).to_contain_text("We could not read all of your record")


def test_reading_again_from_the_warning_takes_it_away(broken: RunningSandbox, new_page: NewPage) -> None:
    page = new_page()
    opened(page, broken, "open")
    broken.set_faults()
    page.get_by_role("link", name="Read again").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".coverage")).to_contain_text("15 of 15 searches complete")
    expect(page.locator(".strip .warn", has_text="Not read in full:")).to_have_count(0)
