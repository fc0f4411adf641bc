"""One browser, one sandbox and one app for the browser tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from sandbox.testing import RunningSandbox, start_sandbox
from tests.conftest import chromium_path
from tests.support.app_server import RunningApp, start_app

PATIENTS = ("oyelaran", "wojtasik", "monteferri", "hallingstad", "varkonyi")
FLAGS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]

PATIENCE_MS = 60_000  # a busy machine is slow, not wrong

NewPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[RunningSandbox]:
    """A sandbox with a few patients."""
    with start_sandbox(only=PATIENTS) as running:
        yield running


@pytest.fixture(scope="session")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    """The app for it."""
    with start_app(sandbox) as running:
        yield running


@pytest.fixture
def new_page(browser: Browser) -> Iterator[NewPage]:
    """Pages in a context of their own; what a script or the CSP complains about fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def make(width: int = 1000, height: int = 800, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert [text for text in complaints if "status of 4" not in text] == []
