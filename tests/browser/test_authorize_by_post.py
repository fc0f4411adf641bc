"""The authorization request as a form: by itself in the chart's frame, by its button where no script runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from sandbox.testing import RunningSandbox, start_sandbox
from tests.browser.conftest import NewPage
from tests.support.app_server import demo_issuer, start_app

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def asked_by_post() -> Iterator[RunningSandbox]:
    """A sandbox whose app posts its authorization request."""
    with start_sandbox(only=["varkonyi"]) as sandbox:
        issuer = demo_issuer("open", sandbox.fhir_base(), authorize_by="post")
        with start_app(sandbox, issuers=[issuer]):
            yield sandbox


def sign_in(page: Page) -> None:
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("link", name="Edit and save plan").first).to_be_visible()


def test_the_request_is_posted_by_itself_also_in_the_frame_of_the_chart(
    asked_by_post: RunningSandbox, new_page: NewPage
) -> None:
    page = new_page(1280, 1000)
    with page.expect_request(lambda request: "/authorize" in request.url) as asked:
        page.goto(asked_by_post.launch_url("varkonyi", auto=False))
    assert asked.value.method == "POST"
    assert "?" not in asked.value.url
    sign_in(page)
    page.goto(asked_by_post.url)
    page.get_by_role("link", name=asked_by_post.get("/patients")[0]["name"]).click()
    frame = page.frame_locator("iframe")
    frame.get_by_role("link", name="Open Aftercare").click()
    expect(frame.get_by_role("button", name="Sign in")).to_be_visible()


def test_without_script_a_button_posts_the_request(asked_by_post: RunningSandbox, new_page: NewPage) -> None:
    page = new_page(java_script_enabled=False)
    page.goto(asked_by_post.launch_url("varkonyi", auto=False))
    page.get_by_role("button", name="Continue to sign-in").click()
    sign_in(page)
