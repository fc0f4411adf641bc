"""A save that was stopped before anything was sent: the clinician sees a receipt that says so, never a missing page."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.app_server import RunningApp, launch, start_app
from tests.support.plan_pages import AnotherHand, plan_page, press_save

AS_OF = date(2026, 11, 25)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(as_of=AS_OF, only=("varkonyi", "osthoff", "zaldivarra")) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox, as_of=AS_OF) as running:
        yield running


@pytest.mark.parametrize(
    ("patient", "changes"),
    [("varkonyi", {"note": [{"text": "Changed by somebody else."}]}), ("osthoff", {"status": "revoked"})],
)
def test_a_save_over_somebody_elses_change_is_stopped_with_a_receipt(
    app: RunningApp, sandbox: RunningSandbox, patient: str, changes: dict[str, Any]
) -> None:
    launched = launch(app, sandbox, patient=patient)
    _, saved = press_save(launched, plan_page(launched))
    reference = saved.attribute("data-resource")
    assert reference is not None
    form = plan_page(launched)
    version = AnotherHand(sandbox, patient).change(reference, **changes)
    status, receipt = press_save(launched, form, note="Mine.")
    assert (status, receipt.heading) == (200, "Not saved")
    assert receipt.attribute("data-resource") is None
    (held,) = [each for each in sandbox.record(patient) if f"CarePlan/{each['id']}" == reference]
    assert held["meta"]["versionId"] == version


def test_a_conflict_can_be_taken_into_the_draft_and_saved(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="zaldivarra")
    _, saved = press_save(launched, plan_page(launched))
    reference = saved.attribute("data-resource") or ""
    form = plan_page(launched)
    AnotherHand(sandbox, "zaldivarra").change(reference, note=[{"text": "Theirs."}])
    _, receipt = press_save(launched, form, note="Mine.")
    compare, button = receipt.form_with_button("Take these into the draft")
    headers = {"Origin": app.url, "Sec-Fetch-Site": "same-origin", "Referer": receipt.url}
    answer = launched.session.post(compare.action, data=[*compare.filled(), button], headers=headers, timeout=90)
    assert answer.status_code == 200
    _, again = press_save(launched, plan_page(launched))
    assert again.heading.startswith("Saved to the record")
    assert again.attribute("data-resource") == reference
