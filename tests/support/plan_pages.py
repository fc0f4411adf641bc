"""The plan pages as a script presses them, and somebody else at work on the same record."""

from __future__ import annotations

import uuid
from typing import Any

import requests

from interop.browser import Page
from sandbox.browserless import WRITE_EVERYTHING, sign_in
from sandbox.testing import RunningSandbox
from tests.support.app_server import LaunchedPage


def plan_page(launched: LaunchedPage) -> Page:
    """The workbench of a launch."""
    answer = launched.get("plan")
    return Page(answer.url, answer.text)


def press_save(launched: LaunchedPage, plan: Page, **changes: str) -> tuple[int, Page]:
    """The plan page's main button; its answer after all redirects."""
    return press(launched, plan, "Save plan to record", **changes)


def press(launched: LaunchedPage, page: Page, name: str, **changes: str) -> tuple[int, Page]:
    """A button of a form on a page, with the form's fields as they stand but for `changes`."""
    form, button = page.form_with_button(name)
    headers = {"Origin": launched.app.url, "Sec-Fetch-Site": "same-origin", "Referer": page.url}
    answer = launched.session.post(form.action, data=[*form.filled(**changes), button], headers=headers, timeout=90)
    return answer.status_code, Page(answer.url, answer.text)


class AnotherHand:
    """Somebody else at the EHR, with an app of their own."""

    def __init__(self, sandbox: RunningSandbox, patient: str) -> None:
        token = sign_in(sandbox.launch_url(patient), f"{sandbox.place.config.app_url}/callback/open", WRITE_EVERYTHING)
        self.base = f"{sandbox.url}/open/fhir"
        self.headers = {"Authorization": f"Bearer {token['access_token']}", "Content-Type": "application/fhir+json"}

    def change(self, reference: str, **changes: Any) -> str:
        """Change elements of a resource; gives its new version."""
        plan = requests.get(f"{self.base}/{reference}", headers=self.headers, timeout=30).json()
        etag = f'W/"{plan["meta"]["versionId"]}"'
        answer = requests.put(
            f"{self.base}/{reference}", json={**plan, **changes}, headers={**self.headers, "If-Match": etag}, timeout=30
        )
        assert answer.status_code == 200, answer.text
        version: str = requests.get(f"{self.base}/{reference}", headers=self.headers, timeout=30).json()["meta"][
            "versionId"
        ]
        return version

    def copy(self, reference: str) -> str:
        """Put a second plan like this one into the record; gives its reference."""
        plan = requests.get(f"{self.base}/{reference}", headers=self.headers, timeout=30).json()
        twin = {name: value for name, value in plan.items() if name not in ("id", "meta")}
        twin["identifier"] = [{"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{uuid.uuid4()}"}]
        answer = requests.post(f"{self.base}/CarePlan", json=twin, headers=self.headers, timeout=30)
        assert answer.status_code == 201, answer.text
        return f"CarePlan/{answer.headers['Location'].split('/CarePlan/')[1].split('/')[0]}"
