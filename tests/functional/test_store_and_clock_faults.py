"""A store that cannot be written, was wiped, or a clock that jumps (F34, F35, F36): said plainly, nothing pretended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from sandbox.testing import RunningSandbox, start_sandbox
from smart_app.app import keep_sweeping
from smart_app.web.services import EXTENSION
from tests.support.app_server import LaunchedPage, RunningApp, TestClock, heading_of, launch, start_app
from tests.support.plan_pages import plan_page, press, press_save

AS_OF = date(2026, 11, 25)
LONG = "Not on this disk. " * 200


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(as_of=AS_OF, only=("varkonyi",)) as running:
        yield running


@pytest.fixture
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    sandbox.reset()
    with start_app(sandbox, as_of=AS_OF) as running:
        yield running


@contextmanager
def store_that(app: RunningApp, pragma: str, back: str) -> Iterator[None]:
    """Every connection of the store with a pragma, and afterwards with another."""
    engine = app.services.store.engine
    wanted = [pragma]

    def prepare(connection: Any, *_: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA {wanted[0]}")
        cursor.close()

    event.listen(engine, "checkout", prepare)
    try:
        yield
    finally:
        wanted[0] = back
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))


@contextmanager
def full_disk(app: RunningApp) -> Iterator[None]:
    # As many pages as there are now: the next one is refused with "database or disk is full".
    with store_that(app, "max_page_count=1", "max_page_count=1073741823"):
        yield


@contextmanager
def read_only(app: RunningApp) -> Iterator[None]:
    with store_that(app, "query_only=ON", "query_only=OFF"):
        yield


def note_of(launched: LaunchedPage) -> str:
    match = re.search(r'<textarea id="f-note"[^>]*>(.*?)</textarea>', launched.get("plan").text, re.DOTALL)
    assert match
    return match[1]


@pytest.mark.parametrize("trouble", [full_disk, read_only])
def test_a_draft_that_cannot_be_kept_is_never_said_to_be_kept(
    app: RunningApp, sandbox: RunningSandbox, trouble: Any
) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    press(launched, plan_page(launched), "Keep changes", note="Kept before")
    page = plan_page(launched)
    with trouble(app):
        status, answer = press(launched, page, "Keep changes", note=LONG)
        autosaved = launched.post("plan/autosave", {"draft_version": "2", "note": LONG})
    assert status == 503
    assert "Traceback" not in answer.html
    assert "not" in answer.heading.lower()
    assert autosaved.status_code >= 400
    assert note_of(launched) == "Kept before"


@pytest.mark.parametrize("trouble", [full_disk, read_only])
def test_nothing_is_sent_to_the_record_when_the_store_cannot_be_written(
    app: RunningApp, sandbox: RunningSandbox, trouble: Any
) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    page = plan_page(launched)
    with trouble(app):
        status, answer = press_save(launched, page, note=LONG)
    assert status >= 400
    assert "Saved" not in answer.heading
    assert [r for r in sandbox.record("varkonyi") if r["resourceType"] == "CarePlan"] == []
    _, receipt = press_save(launched, plan_page(launched))
    assert receipt.heading.startswith("Saved to the record")


def test_a_wiped_store_ends_in_a_page_that_says_start_again(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    with app.services.store.engine.begin() as connection:
        connection.execute(text("DELETE FROM records"))
    for path in ("", "plan", "handout", "handout.pdf", "rules"):
        answer = launched.get(path)
        assert answer.status_code == 401, path
        assert "Traceback" not in answer.text
    assert launch(app, sandbox, patient="varkonyi").response.status_code == 200


def test_an_hour_lost_by_the_clock_ends_the_session_and_the_draft_is_offered_again(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    press(launched, plan_page(launched), "Keep changes", note="Before the jump")
    app.clock.wall_offset = 3600.0
    try:
        assert launched.get("plan").status_code == 401
    finally:
        app.clock.wall_offset = 0.0
    again = launch(app, sandbox, patient="varkonyi")
    assert "An earlier draft of yours" in plan_page(again).html


@pytest.mark.parametrize("jump", [-3600.0, -60.0, 60.0, 300.0])
def test_a_clock_that_jumps_in_mid_session_moves_no_date_and_loses_no_draft(
    app: RunningApp, sandbox: RunningSandbox, jump: float
) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    press(launched, plan_page(launched), "Keep changes", note="Before the jump")
    due = re.findall(r'name="row\.[^"]+\.when" value="([^"]*)"', launched.get("plan").text)
    app.clock.wall_offset = jump
    try:
        page = launched.get("plan")
        assert page.status_code == 200
        assert note_of(launched) == "Before the jump"
        assert re.findall(r'name="row\.[^"]+\.when" value="([^"]*)"', page.text) == due
        _, receipt = press_save(launched, plan_page(launched), note="After the jump")
        assert receipt.heading.startswith("Saved to the record")
    finally:
        app.clock.wall_offset = 0.0


@pytest.mark.parametrize(("jump", "accepted"), [(100.0, True), (-100.0, True), (-600.0, False), (7200.0, False)])
def test_a_launch_with_a_wrong_clock_is_taken_within_two_minutes_and_refused_by_name_beyond(
    app: RunningApp, sandbox: RunningSandbox, jump: float, accepted: bool
) -> None:
    app.clock.wall_offset = jump
    try:
        answer = app.session().get(sandbox.launch_url("varkonyi"), timeout=60)
    finally:
        app.clock.wall_offset = 0.0
    assert (answer.status_code == 200) is accepted, heading_of(answer.text)
    if not accepted:
        assert "clock" in answer.text.lower()
        assert "Traceback" not in answer.text


def test_what_ended_is_purged_while_nobody_asks_for_anything(app: RunningApp, sandbox: RunningSandbox) -> None:
    launch(app, sandbox, patient="varkonyi")
    kinds = {"context", "tokens", "review"}
    store = app.services.store

    class SixteenMinutes(TestClock):
        """A wait that lasts longer than a session that nobody uses."""

        def sleep(self, seconds: float) -> None:
            app.clock.forward(16 * 60)

    assert all(store.ids(kind) for kind in kinds)
    program = Flask("app")
    program.extensions[EXTENSION] = replace(app.services, clock=SixteenMinutes())
    keep_sweeping(program, range(1)).join(30)
    assert [kind for kind in kinds if store.ids(kind)] == []


def test_a_request_to_another_name_of_this_server_gets_a_plain_page(app: RunningApp) -> None:
    answer = app.session().get(f"{app.url}/", headers={"Host": "evil.example"}, timeout=30)
    assert answer.status_code == 421
    assert heading_of(answer.text) == "Wrong address"
    assert "Content-Security-Policy" in answer.headers
    assert "problem-page-broken" not in app.logs.getvalue()
