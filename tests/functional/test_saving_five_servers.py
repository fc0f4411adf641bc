"""
Exactly one plan, whatever the server does: 400 trials a server in the soak, a tenth by default.

Each trial is a double click, two windows, a retry after a refusal, a time-out (acted upon or not) or a kill, and ends
when a person who follows the receipts is done. Then the record is counted.
"""

from __future__ import annotations

import os
import random
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from smart_app.clinical.plan import CarePlanDraft
from smart_app.fhir.comparison import compare_resources
from smart_app.workflow.planning import check_again, keep_changes, open_plan, save_plan
from smart_app.workflow.planning_types import Outcome, Receipt
from tests.support.fake_ehrs import FIVE, RACY, FakeEhr, Manners, running_ehr
from tests.support.plan_desk import AReview, Desktop, TestClock, a_context, seed

TRIALS = 400 if os.environ.get("AFTERCARE_SOAK") == "1" else 40
KINDS = ("double click", "two windows", "retry", "lost answer", "lost request", "killed", "killed twice")
POINTS = ("before create", "after create", "before confirm")


class KilledError(BaseException):
    """The process ends here; nothing after it runs."""


@dataclass
class Trial:
    """One patient's afternoon."""

    ehr: FakeEhr
    desktop: Desktop
    review: AReview
    rng: random.Random
    sent: list[Receipt]

    def draft(self) -> CarePlanDraft:
        context = a_context(self.ehr.url)
        open_plan(self.desktop.services, context, self.review)
        form = {"note": ["Seen today"], "goal": ["Walk the lake loop"]}
        return keep_changes(self.desktop.services, context, self.review, form).draft

    def save(self, draft: CarePlanDraft, key: str) -> Receipt:
        receipt = save_plan(self.desktop.services, a_context(self.ehr.url), self.review, draft, key)
        self.sent.append(receipt)
        return receipt

    def all_at_once(self, draft: CarePlanDraft, keys: list[str]) -> list[Receipt]:
        found: list[Receipt] = []
        threads = [threading.Thread(target=lambda key=key: found.append(self.save(draft, key))) for key in keys]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(found) == len(keys), "every click is answered"
        return found

    def restart(self) -> None:
        """Another process over the same database, as after a kill; its leases belong to nobody."""
        clock = self.desktop.clock
        database = self.desktop.database
        self.desktop.close()
        clock.sleep(41.0)
        self.desktop = Desktop(database, self.ehr.url, clock)

    def follow(self, receipt: Receipt | None) -> Receipt:
        """What a person does: check again while it is unknown, save again when it says that nothing was saved."""
        for turn in range(6):
            if receipt is not None and receipt.saved:
                return receipt
            if receipt is not None and receipt.outcome is Outcome.UNKNOWN:
                self.desktop.clock.sleep(6.0)
                receipt = check_again(self.desktop.services, a_context(self.ehr.url), receipt.form_key)
                self.sent.append(receipt)
                continue
            receipt = self.save(self.draft(), f"again-{turn}-{self.rng.getrandbits(32):x}")
        assert receipt is not None
        return receipt


@contextmanager
def killed_at(trial: Trial, point: str) -> Iterator[None]:
    """The next create ends the process: before it leaves, after it was acted upon, or before its outcome is kept."""

    class Dying:
        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def create(self, resource: dict[str, Any], headers: Any = None) -> Any:
            if resource["resourceType"] != "CarePlan":
                return self._client.create(resource, headers)
            if point == "before create":
                raise KilledError
            answer = self._client.create(resource, headers)
            if point == "after create":
                raise KilledError
            return answer

        def read(self, kind: str, identity: str) -> Any:
            if point == "before confirm" and kind == "CarePlan":
                raise KilledError
            return self._client.read(kind, identity)

    trial.desktop.wrap = Dying
    with suppress(KilledError):
        yield
    trial.desktop.wrap = lambda client: client
    trial.restart()


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: thousands of durable commits wait for no disk."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        yield Path(folder)


def run(trial: Trial, kind: str) -> Receipt:
    draft = trial.draft()
    key = f"key-{trial.rng.getrandbits(64):x}"
    if kind == "double click":
        found = trial.all_at_once(draft, [key] * trial.rng.choice((2, 3, 5)))
        assert len({receipt.resource for receipt in found}) == 1, "the same answer for each click"
        return trial.follow(found[0])
    if kind == "two windows":
        return trial.follow(trial.all_at_once(draft, [key, f"{key}-b"])[0])
    if kind == "retry":
        trial.ehr.fail = [(trial.rng.choice((429, 503)), {"Retry-After": "1"})] * trial.rng.choice((1, 2, 4))
    elif kind == "lost answer":
        trial.ehr.lose = trial.rng.choice((1, 1, 2))
    elif kind == "lost request":
        trial.ehr.drop = trial.rng.choice((1, 2, 3))
    elif kind.startswith("killed"):
        for _ in range(2 if kind == "killed twice" else 1):
            with killed_at(trial, trial.rng.choice(POINTS)):
                trial.save(trial.draft(), key)
        return trial.follow(None)
    return trial.follow(trial.save(draft, key))


def no_false_saved(trial: Trial) -> None:
    """What a receipt calls saved is in the record, under that address, and equals what the outbox sent."""
    for receipt in trial.sent:
        if receipt.saved:
            stored = trial.ehr.rows[receipt.resource].now
            entry = trial.desktop.services.outbox.find("lakeside", "ls-1", receipt.form_key)
            assert entry is not None
            assert compare_resources(entry.resource, stored).equal


@pytest.mark.parametrize("manners", FIVE, ids=lambda manners: manners.name)
def test_a_person_who_follows_the_receipts_ends_with_exactly_one_plan(manners: Manners, in_memory: Path) -> None:
    clock = TestClock()
    with running_ehr(manners, clock.now) as ehr:
        desktop = Desktop(in_memory / "store.db", ehr.url, clock)
        try:
            for number in range(TRIALS):
                rng = random.Random(f"{manners.name}-{number}")
                kind = KINDS[number % len(KINDS)]
                ehr.forget()
                seed(ehr)
                # Servers that lose answers lose one in every trial that is about something else too.
                ehr.lose = 1 if manners.loses_answers else 0
                _forget(desktop)
                trial = Trial(ehr, desktop, AReview(capability=ehr.capability()), rng, [])
                receipt = run(trial, kind)
                desktop = trial.desktop
                plans = ehr.all_of("CarePlan")
                told = f"{manners.name}, trial {number}, {kind}: {len(plans)} plans; {receipt.heading}"
                assert receipt.saved, f"{told}; {receipt.explanation}"
                if manners is RACY and len(plans) > 1:
                    shown = open_plan(trial.desktop.services, a_context(ehr.url), trial.review).duplicates
                    assert shown or any(entry.duplicates for entry in trial.sent), f"{told}: not shown"
                else:
                    assert len(plans) == 1, told
                    # A goal refused while the server was busy stands in the plan's text, and the receipt says so.
                    assert len(ehr.all_of("Goal")) == 1 or (kind == "retry" and receipt.notes), told
                no_false_saved(trial)
        finally:
            desktop.close()


def _forget(desktop: Desktop) -> None:
    from sqlalchemy import delete

    from smart_app.storage.engine import LEASES, RECORDS

    with desktop.store.transaction() as connection:
        connection.execute(delete(RECORDS))
        connection.execute(delete(LEASES))
