"""The way in: the bare address, and eight launches a browser; the ninth never ends work that is not saved."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from sandbox.testing import RunningSandbox, start_sandbox
from smart_app.web.security import MOST_CONTEXTS
from tests.support.app_server import LaunchedPage, RunningApp, heading_of, launch, start_app
from tests.support.plan_pages import plan_page, press

AS_OF = date(2026, 11, 25)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(as_of=AS_OF, only=("varkonyi",)) as running:
        yield running


@pytest.fixture
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox, as_of=AS_OF) as running:
        yield running


def work_on(launched: LaunchedPage) -> None:
    status, page = press(launched, plan_page(launched), "Keep changes", note="Not saved yet")
    assert (status, "Not saved yet" in page.html) == (200, True)


def eight(app: RunningApp, sandbox: RunningSandbox) -> list[LaunchedPage]:
    session = app.session()
    return [launch(app, sandbox, patient="varkonyi", session=session) for _ in range(MOST_CONTEXTS)]


def test_a_ninth_launch_ends_the_oldest_without_unsaved_work(app: RunningApp, sandbox: RunningSandbox) -> None:
    held = eight(app, sandbox)
    work_on(held[0])
    launch(app, sandbox, patient="varkonyi", session=held[0].session)
    assert held[0].get("").status_code == 200
    assert held[1].get("").status_code != 200
    assert held[2].get("").status_code == 200


def test_a_ninth_launch_asks_first_where_every_session_holds_unsaved_work(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    held = eight(app, sandbox)
    for launched in held:
        work_on(launched)
    answer = held[0].session.get(sandbox.launch_url("varkonyi"), timeout=60)
    assert answer.status_code == 409
    assert heading_of(answer.text) == "Eight patients are open in this browser"
    for launched in held:
        assert f"/c/{launched.handle}/" in answer.text
        assert launched.get("").status_code == 200


def test_a_saved_plan_is_no_unsaved_work(app: RunningApp, sandbox: RunningSandbox) -> None:
    held = eight(app, sandbox)
    for launched in held[1:]:
        work_on(launched)
    press(held[0], plan_page(held[0]), "Save plan to record", note="Saved")
    launch(app, sandbox, patient="varkonyi", session=held[0].session)
    assert held[0].get("").status_code != 200
    assert held[1].get("").status_code == 200


def test_the_bare_address_says_where_to_go_and_knows_no_patient(app: RunningApp, sandbox: RunningSandbox) -> None:
    answer = app.session().get(f"{app.url}/", timeout=30)
    assert answer.status_code == 200
    assert heading_of(answer.text) == "Aftercare opens from a patient’s chart"
    assert f'href="{sandbox.url}/"' in answer.text
    assert "Varkonyi" not in answer.text
