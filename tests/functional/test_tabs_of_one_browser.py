"""
Several patients in the tabs of one browser, in any order of launch, reload, back, save, mix-up, sign-out and expiry:
what a page shows and what is written is of its own patient (hazards H01, H02). 2,000 steps in the soak, 200 here.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from interop.browser import Page
from sandbox.testing import RunningSandbox, start_sandbox
from tests.functional.test_every_patient import care_plan_in, text_of_paper
from tests.support.app_server import LaunchedPage, RunningApp, TestClock, launch, start_app

AS_OF = date(2026, 11, 25)
STEPS = 2000 if os.environ.get("AFTERCARE_SOAK") == "1" else 200
SEEDS = 4
PATIENTS = {"varkonyi": "Varkonyi", "osthoff": "Osthoff", "ilvonen": "Ilvonen", "nakashiro": "Nakashiro"}
ISSUERS = ("open", "epic-like")
TABS = 5
MOST_LIVE = 7
PATHS = ("", "plan", "handout", "facts", "rules")


@pytest.fixture
def clock() -> TestClock:
    """One clock for both: a walk may last for days, and a launch is refused where the two do not agree."""
    return TestClock()


@pytest.fixture
def sandbox(clock: TestClock) -> Iterator[RunningSandbox]:
    with start_sandbox(
        as_of=AS_OF, only=tuple(PATIENTS), now=lambda: datetime.fromtimestamp(clock.now(), UTC)
    ) as running:
        yield running


@dataclass
class Tab:
    """One tab: its launches, newest last, and the plan page that it shows."""

    launches: list[tuple[LaunchedPage, str]] = field(default_factory=list)
    shown: tuple[Page, str] | None = None


@dataclass
class Browser:
    """A person with five tabs."""

    app: RunningApp
    sandbox: RunningSandbox
    chance: random.Random
    session: requests.Session
    tabs: list[Tab] = field(default_factory=lambda: [Tab() for _ in range(TABS)])
    ended: set[str] = field(default_factory=set)
    saves: int = 0
    refusals: int = 0

    def step(self) -> None:
        """One thing that a person does, by chance."""
        tab = self.chance.choice(self.tabs)
        todo = [self.launch] if not tab.launches else [
            self.launch, self.reload, self.reload, self.back, self.save, self.save, self.mix_up, self.rarely_end,
        ]  # fmt: skip
        self.chance.choice(todo)(tab)

    def launch(self, tab: Tab) -> None:
        live = [page for each in self.tabs for page, _ in each.launches if page.handle not in self.ended]
        if len(live) >= MOST_LIVE:
            self.sign_out(live[0])  # else the app asks which launch may be ended for room
        patient, issuer = self.chance.choice(list(PATIENTS)), self.chance.choice(ISSUERS)
        page = launch(self.app, self.sandbox, issuer, patient, session=self.session)
        tab.launches.append((page, patient))
        check_shows_only(page.response, page.handle, patient)

    def reload(self, tab: Tab) -> None:
        page, patient = tab.launches[-1]
        check_shows_only(page.get(self.chance.choice(PATHS)), page.handle, patient)

    def back(self, tab: Tab) -> None:
        page, patient = self.chance.choice(tab.launches)
        answer = page.get("plan")
        check_shows_only(answer, page.handle, patient)
        tab.shown = (Page(answer.url, answer.text), patient) if answer.status_code == 200 else None

    def save(self, tab: Tab) -> None:
        if tab.shown is None:
            self.back(tab)
        if tab.shown is not None:
            page, patient = tab.shown
            self.press(page, page.url, patient)

    def mix_up(self, tab: Tab) -> None:
        """The form of one tab at the address of another: nothing may be done with it, whoever the patients are."""
        others = [page for other in self.tabs for page, _ in other.launches]
        if tab.shown is None or not others:
            return
        page, _ = tab.shown
        other = self.chance.choice(others)
        if f"/c/{other.handle}/" in page.url:
            return
        before = self.written()
        assert self.press(page, f"{other.base}plan", "") in (401, 403, 404, 409)
        assert self.written() == before
        self.refusals += 1

    def press(self, page: Page, address: str, patient: str) -> int:
        form, button = page.form_with_button("Save plan to record")
        headers = {"Origin": self.app.url, "Sec-Fetch-Site": "same-origin"}
        fields = form.filled(note=f"Meant for {patient}")
        answer = self.session.post(address, data=[*fields, button], headers=headers, timeout=90)
        if patient:
            handle = urlsplit(address).path.split("/")[2]
            check_shows_only(answer, handle, patient)
            self.saves += Page(answer.url, answer.text).heading.startswith("Saved")
        return answer.status_code

    def rarely_end(self, tab: Tab) -> None:
        """A sign-out, or a quarter of an hour in which nobody does anything."""
        if self.chance.random() < 0.3:
            self.sign_out(tab.launches[-1][0])
        elif self.chance.random() < 0.2:
            self.app.clock.forward(16 * 60)
            self.ended |= {page.handle for each in self.tabs for page, _ in each.launches}

    def sign_out(self, page: LaunchedPage) -> None:
        if page.handle not in self.ended:
            assert page.post("sign-out").status_code == 200
            self.ended.add(page.handle)

    def written(self) -> list[tuple[str, dict[str, Any]]]:
        """Every plan in any record, with whose record it is in."""
        return [
            (patient, resource)
            for issuer in ISSUERS
            for patient in PATIENTS
            for resource in self.sandbox.record(patient, issuer)
            if resource["resourceType"] in ("CarePlan", "DocumentReference")
        ]


def check_shows_only(answer: requests.Response, handle: str, patient: str) -> None:
    """The page is of this launch, and names its patient and nobody else."""
    named = {name for name in PATIENTS.values() if name in answer.text}
    assert named <= {PATIENTS[patient]}, (answer.url, named)
    if answer.status_code == 200:
        assert PATIENTS[patient] in answer.text
        assert answer.headers["X-Context"] == handle
    else:
        assert answer.status_code in (401, 404, 409), answer.status_code


def meant_for(resource: dict[str, Any]) -> set[str]:
    is_document = resource["resourceType"] == "DocumentReference"
    words = str(care_plan_in(resource) or text_of_paper(resource)) if is_document else str(resource)
    return {patient for patient in PATIENTS if f"Meant for {patient}" in words}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_page_and_no_plan_is_of_another_patient_whatever_the_tabs_do(
    sandbox: RunningSandbox, clock: TestClock, seed: int
) -> None:
    with start_app(sandbox, as_of=AS_OF, clock=clock) as app:
        browser = Browser(app, sandbox, random.Random(seed), app.session())
        for _ in range(STEPS // SEEDS):
            browser.step()
        told = [(patient, meant_for(resource)) for patient, resource in browser.written()]
        assert browser.saves and browser.refusals, "the walk saved and mixed up"
    assert all(meant <= {patient} for patient, meant in told), told
    assert any(meant for _, meant in told)
