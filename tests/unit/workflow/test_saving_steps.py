"""Saving on a conforming server, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from smart_app.workflow.planning import keep_changes, open_plan, preview_plan, receipt_for, save_plan
from smart_app.workflow.planning_types import Outcome
from tests.support.fake_ehrs import FakeEhr, running_ehr
from tests.support.plan_desk import AReview, Desktop, a_context, seed


@pytest.fixture
def ehr() -> Iterator[FakeEhr]:
    with running_ehr() as running:
        seed(running)
        yield running


@pytest.fixture
def desk(tmp_path: Path, ehr: FakeEhr) -> Iterator[Desktop]:
    desktop = Desktop(tmp_path / "store.db", ehr.url)
    yield desktop
    desktop.close()


def save(desk: Desktop, ehr: FakeEhr, form: dict[str, Any] | None = None, key: str = "key-1", **options: Any) -> Any:
    context, review = a_context(ehr.url), AReview(capability=ehr.capability())
    open_plan(desk.services, context, review)
    kept = keep_changes(desk.services, context, review, {k: [v] for k, v in (form or {}).items()})
    assert not kept.problems
    return save_plan(desk.services, context, review, kept.draft, key, **options)


def test_a_signed_plan_is_in_the_record_and_equals_the_receipt(desk: Desktop, ehr: FakeEhr) -> None:
    receipt = save(
        desk,
        ehr,
        {
            "goal": "Walk the lake loop",
            "row.breast-mri-discuss--left.decision": "decline",
            "row.breast-mri-discuss--left.reason": "Patient prefers not",
        },
    )
    assert receipt.outcome is Outcome.SAVED, receipt
    assert receipt.heading == "Saved to the record"
    (plan,) = ehr.all_of("CarePlan")
    assert receipt.resource == f"CarePlan/{plan['id']}"
    assert receipt.version_id == "1"
    assert plan["status"] == "active"
    assert len(ehr.all_of("Goal")) == len(ehr.all_of("Provenance")) == 1
    assert receipt_for(desk.services, a_context(ehr.url), "key-1") == receipt.__class__(
        **{**{n: getattr(receipt, n) for n in receipt.__slots__}, "time_to_plan_s": None}
    )
    print(receipt)
    preview_plan(desk.services, a_context(ehr.url), AReview(capability=ehr.capability()))
