"""
Contrast as the browser computes it: text, borders of fields, focus rings and placeholders, in every scheme, also under
the pointer. The levels are those of WCAG 2.2 (1.4.3 text 4.5, large text 3; 1.4.11 and 2.4.13 parts of controls 3).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from sandbox.testing import RunningSandbox
from tests.browser.conftest import NewPage
from tests.browser.test_accessible_pages import open_record
from tests.support.app_server import RunningApp

pytestmark = pytest.mark.browser

MEASURE = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
SCHEMES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "more contrast, dark": {"color_scheme": "dark", "contrast": "more"},
    "forced colors": {"forced_colors": "active"},
    "forced colors, dark": {"forced_colors": "active", "color_scheme": "dark"},
}


def too_faint(page: Page) -> list[str]:
    page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    found = list(page.evaluate(MEASURE))
    _point_at_everything(page)
    return found + [f"under the pointer: {line}" for line in page.evaluate(MEASURE)]


def _point_at_everything(page: Page) -> None:
    """A link and a control of each kind, as if the pointer pressed them."""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument", {"depth": 0})["root"]["nodeId"]
    nodes = session.send("DOM.querySelectorAll", {"nodeId": root, "selector": "[data-pointed]"})["nodeIds"]
    for node in nodes:
        session.send("CSS.forcePseudoState", {"nodeId": node, "forcedPseudoClasses": ["hover", "active"]})


@pytest.mark.parametrize("scheme", SCHEMES)
def test_nothing_is_too_faint_at_rest_in_focus_or_under_the_pointer(
    app: RunningApp, sandbox: RunningSandbox, new_page: NewPage, scheme: str
) -> None:
    page = new_page(**SCHEMES[scheme])
    base = open_record(page, sandbox, "wojtasik")
    for path in ("", "plan", "facts?fact=menopausal_status", "handout"):
        page.goto(base + path)
        assert too_faint(page) == [], path
