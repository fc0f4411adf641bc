"""Saving in one line, for tests: open, keep a form, save."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from smart_app.workflow.planning import keep_changes, open_plan, save_plan
from smart_app.workflow.planning_types import Receipt, Workbench
from tests.support.fake_ehrs import FakeEhr
from tests.support.plan_desk import PATIENT, AReview, Desktop, a_context


class Clinic:
    """A clinician with one patient, one server and one store."""

    def __init__(self, ehr: FakeEhr, folder: Path, **changes: Any) -> None:
        self.ehr = ehr
        self.desktop = Desktop(folder / "store.db", ehr.url, **changes)
        self.context = a_context(ehr.url)
        self.review = AReview(capability=ehr.capability())
        self._keys = 0

    @property
    def services(self) -> Any:
        """The services of planning."""
        return self.desktop.services

    def open(self) -> Workbench:
        """The plan page."""
        return open_plan(self.services, self.context, self.review)

    def keep(self, **form: Any) -> Any:
        """A form of the plan page, as a dict of fields in `form`."""
        fields = form.pop("form", {}) | form
        listed = {name: value if isinstance(value, list) else [value] for name, value in fields.items()}
        return keep_changes(self.services, self.context, self.review, listed)

    def save(self, form: dict[str, Any] | None = None, key: str = "", **options: Any) -> Receipt:
        """Open, keep a form, save."""
        self._keys += 1
        self.open()
        kept = self.keep(form=form or {})
        assert not kept.problems
        key = key or f"key-{self._keys}"
        return save_plan(self.services, self.context, self.review, kept.draft, key, **options)

    @property
    def plan(self) -> dict[str, Any]:
        """The one plan of the record."""
        (found,) = self.ehr.all_of("CarePlan")
        return found


Make = Callable[..., Clinic]
SUBJECT = {"subject": {"reference": f"Patient/{PATIENT}"}}


def kinds(receipt: Receipt) -> list[str]:
    """The kinds of what the server changed, in order."""
    return [change.kind for change in receipt.changed_by_ehr]


def another_hand(clinic: Clinic, **changes: Any) -> None:
    """Somebody else changes elements of the one plan in the record."""
    plan = {key: value for key, value in clinic.plan.items() if key != "meta"}
    clinic.ehr.put({**plan, **changes})
