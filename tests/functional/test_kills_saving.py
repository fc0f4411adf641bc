"""
A worker that is killed by SIGKILL at a named point (F32) loses no acknowledged draft and makes no second plan.

300 kills in the soak, 30 by default. The other points of F32 are in `test_kills_of_the_app.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from smart_app.workflow.planning import keep_changes, open_plan, reconcile_at_start, save_plan
from tests.support.fake_ehrs import running_ehr
from tests.support.plan_desk import AReview, Desktop, TestClock, a_context, seed

POINTS = (
    "before autosave commit",
    "after commit before ack",
    "before outbox",
    "after outbox before send",
    "mid-send",
    "after send before reply",
    "after reply before commit",
    "after commit before redirect",
)
KILLS = 300 if os.environ.get("AFTERCARE_SOAK") == "1" else 30
READY_S = 30.0  # 3 s where nothing else runs; here it only says that nothing waits for a time-out
ROOT = Path(__file__).resolve().parents[2]


def killed_child(database: Path, base: str, point: str, number: int) -> tuple[int, list[str]]:
    command = [sys.executable, "-m", "tests.support.saving_child", str(database), base, point, str(number)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, [*done.stdout.splitlines(), *done.stderr.splitlines()[-1:]]


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_this_point_loses_no_draft_and_makes_no_second_plan(point: str, tmp_path: Path) -> None:
    position = POINTS.index(point)
    count = len(range(position, KILLS, len(POINTS)))
    for number in range(count):
        database = tmp_path / f"store-{number}.db"
        with running_ehr() as ehr:
            seed(ehr)
            code, said = killed_child(database, ehr.url, point, number)
            assert code == -9, (point, said)
            acknowledged = [line.split()[1] for line in said if line.startswith("acknowledged")]
            assert float(next(line.split()[1] for line in said if line.startswith("ready"))) < READY_S
            began = time.monotonic()
            desktop = Desktop(database, ehr.url, TestClock(1_795_430_010.0 + 60 * number))
            try:
                reconcile_at_start(desktop.services)
                assert time.monotonic() - began < READY_S, "ready again"
                context, review = a_context(ehr.url), AReview(capability=ehr.capability())
                bench = open_plan(desktop.services, context, review)
                kept_notes = {f"first-{number}", f"second-{number}"}
                assert bench.draft.note in kept_notes
                assert acknowledged[-1] == bench.draft.note or bench.draft.note == f"second-{number}"
                assert len(ehr.all_of("CarePlan")) <= 1
                kept = keep_changes(desktop.services, context, review, {"note": ["at last"]})
                receipt = save_plan(desktop.services, context, review, kept.draft, f"after-{number}")
                assert receipt.saved, (point, receipt.explanation)
                (plan,) = ehr.all_of("CarePlan")
                assert receipt.resource == f"CarePlan/{plan['id']}"
                assert "at last" in str(plan["note"])
                assert len(ehr.all_of("Goal")) <= 1
                assert desktop.services.outbox.open_entries() == ()
                assert desktop.services.audit.verify() is None
            finally:
                desktop.close()
