"""
One worker that keeps a draft and saves the plan, and kills itself at a named point: run by `test_kills_saving.py`.

Arguments: database, FHIR base, point, seed. Prints `acknowledged <note>` after each kept draft, then the outcome.
At a point of `BESIDE` it first saves a plan with a goal, then begins one that replaces it without the goal.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from smart_app.storage.drafts import DraftStore
from smart_app.storage.outbox import Outbox, OutboxEntry
from smart_app.workflow.planning import keep_changes, open_plan, reconcile_at_start, save_plan, start_new_plan
from tests.support.fake_ehrs import FakeEhr, Manners
from tests.support.plan_desk import AReview, Desktop, TestClock, a_context

# After the plan is in the record: between its commit and the last thing that belongs beside it.
BESIDE = (
    "before the provenance leaves",
    "after the provenance",
    "after the goal is cancelled",
    "after the replaced plan is completed",
    "after the provenance of what was ended",
)


def die() -> None:
    """As a machine does: no handler, no flush, no farewell."""
    os.kill(os.getpid(), signal.SIGKILL)


class DyingDrafts(DraftStore):
    """Dies around the second autosave."""

    def __init__(self, store: Any, point: str) -> None:
        super().__init__(store)
        self._dies_at, self.armed = point, False

    def keep(self, *args: Any, **options: Any) -> Any:
        if self.armed and self._dies_at == "before autosave commit":
            die()
        state = super().keep(*args, **options)
        if self.armed and self._dies_at == "after commit before ack":
            die()
        return state


class DyingOutbox(Outbox):
    """Dies around the outbox's own commits."""

    def __init__(self, store: Any, point: str) -> None:
        super().__init__(store)
        self._dies_at = point

    def prepare(self, entry: OutboxEntry) -> bool:
        main = entry.resource["resourceType"] == "CarePlan"
        if main and self._dies_at == "before outbox":
            die()
        kept = super().prepare(entry)
        if main and self._dies_at == "after outbox before send":
            die()
        return kept

    def mark_sent(self, entry: OutboxEntry) -> OutboxEntry:
        entry = super().mark_sent(entry)
        if entry.resource["resourceType"] == "CarePlan" and self._dies_at == "mid-send":
            die()
        return entry

    def update(self, entry: OutboxEntry) -> OutboxEntry:
        main = entry.resource["resourceType"] == "CarePlan"
        if main and entry.reference and self._dies_at == "after reply before commit":
            die()
        entry = super().update(entry)
        if main and entry.state == "confirmed" and self._dies_at == "after commit before redirect":
            die()
        return entry


class DyingClient:
    """Dies when the server has acted and before the answer is looked at."""

    armed = False

    def __init__(self, client: Any, point: str) -> None:
        self._client, self._dies_at = client, point

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def create(self, resource: dict[str, Any], headers: Any = None) -> Any:
        kind = resource["resourceType"]
        created = kind == "Provenance" and resource["activity"]["coding"][0]["code"] == "CREATE"
        if kind == "Provenance":
            self._reached("before the provenance leaves", created)
        answer = self._client.create(resource, headers)
        if kind == "CarePlan" and self._dies_at == "after send before reply":
            die()
        if kind == "Provenance":
            self._reached("after the provenance", created)
            self._reached("after the provenance of what was ended", not created)
        return answer

    def update(self, resource: dict[str, Any], if_match: str | None = None) -> Any:
        answer = self._client.update(resource, if_match)
        self._reached("after the goal is cancelled", resource["resourceType"] == "Goal")
        self._reached("after the replaced plan is completed", resource["resourceType"] == "CarePlan")
        return answer

    def _reached(self, point: str, is_it: bool) -> None:
        if is_it and self.armed and point == self._dies_at:
            die()


def main() -> None:
    """Keep, keep again, save."""
    database, base, point, seed = sys.argv[1:5]
    began = time.monotonic()
    desktop = Desktop(Path(database), base, TestClock(1_795_430_000.0 + 60 * int(seed)))
    drafts, outbox = DyingDrafts(desktop.store, point), DyingOutbox(desktop.store, point)
    desktop.services = replace(desktop.services, drafts=drafts, outbox=outbox)
    desktop.wrap = lambda client: DyingClient(client, point)
    reconcile_at_start(desktop.services)
    print(f"ready {time.monotonic() - began:.3f}", flush=True)
    context, review = a_context(base), AReview(capability=FakeEhr(Manners()).capability())
    print(f"found {open_plan(desktop.services, context, review).draft.note or '-'}", flush=True)
    kept = keep_changes(desktop.services, context, review, {"note": [f"first-{seed}"]})
    print(f"acknowledged {kept.draft.note}", flush=True)
    drafts.armed = True
    kept = keep_changes(desktop.services, context, review, {"note": [f"second-{seed}"], "goal": ["Walk the loop"]})
    drafts.armed = False
    print(f"acknowledged {kept.draft.note}", flush=True)
    receipt = save_plan(desktop.services, context, review, kept.draft, f"key-{seed}")
    print(f"receipt {receipt.outcome.value} {receipt.resource}", flush=True)
    if point in BESIDE:
        start_new_plan(desktop.services, context, review)
        kept = keep_changes(desktop.services, context, review, {"goals.present": ["1"]})
        DyingClient.armed = True
        save_plan(desktop.services, context, review, kept.draft, f"next-{seed}")


if __name__ == "__main__":
    main()
