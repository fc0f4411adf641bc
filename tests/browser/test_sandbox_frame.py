"""A clinician opens a chart and the app, in the chart's own frame and in a new tab, with a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from sandbox.testing import start_sandbox
from tests.support.app_server import start_app
from tests.support.tiny_charts import AS_OF


@pytest.mark.browser
def test_the_app_opens_in_the_frame_of_the_chart_and_in_a_new_tab(browser: Browser) -> None:
    with (
        start_sandbox(as_of=AS_OF, only=["varkonyi", "oyelaran"]) as sandbox,
        start_app(sandbox),
        browser.new_context(viewport={"width": 1280, "height": 1000}) as context,
    ):
        page = context.new_page()
        page.goto(sandbox.url)
        page.get_by_role("link", name="Folake Oyelaran").click()
        frame = page.frame_locator("iframe")
        frame.get_by_role("link", name="Open Aftercare").click()
        frame.get_by_role("button", name="Sign in").click()
        frame.get_by_role("button", name="Allow").click()
        expect(frame.get_by_role("link", name="Edit and save plan").first).to_be_visible()
        with page.context.expect_page() as opened:
            page.get_by_role("link", name="Open Aftercare").click()
        tab = opened.value
        tab.get_by_role("button", name="Sign in").click()
        tab.get_by_role("button", name="Allow").click()
        expect(tab.get_by_role("link", name="Edit and save plan").first).to_be_visible()
