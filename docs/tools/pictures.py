"""
Draws the picture of the README from a running `make demo`: `python -m docs.tools.pictures [APP] [SANDBOX]`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import requests
from playwright.sync_api import sync_playwright

from tests.conftest import chromium_path

IMAGES = Path(__file__).resolve().parents[1] / "images"
PICTURES = (("clinician", "wojtasik"),)


def main(app: str = "http://127.0.0.1:8000", sandbox: str = "http://127.0.0.1:9000") -> None:
    """Launch each patient as the demo's user does, and keep what the page shows."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=["--no-sandbox"])
        for name, patient in PICTURES:
            query = {"issuer": "open", "patient": patient, "auto": "1"}
            address = requests.get(f"{sandbox}/launch-url", params=query, timeout=30).json()["url"]
            page = browser.new_page(viewport={"width": 1000, "height": 800})
            page.goto(address)
            page.wait_for_url(f"{app}/c/*/")
            page.screenshot(path=IMAGES / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:3])
