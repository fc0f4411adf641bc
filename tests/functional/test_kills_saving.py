"""
A worker that is killed by SIGKILL at a named point (F32) loses no acknowledged draft, makes no second plan, and loses
nothing that belongs beside a plan that is in the record.

300 kills in the soak, 30 by default. The other points of F32 are in `test_kills_of_the_app.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from smart_app.workflow.planning import keep_changes, open_plan, reconcile_at_start, save_plan
from tests.support.fake_ehrs import FakeEhr, running_ehr
from tests.support.plan_desk import AReview, Desktop, TestClock, a_context, seed
from tests.support.saving_child import BESIDE

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
    count = len(range(position, KILLS, len(POINTS) + len(BESIDE)))
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


def what_each_provenance_names(ehr: FakeEhr) -> list[tuple[str, list[str]]]:
    def told(each: dict[str, Any]) -> tuple[str, list[str]]:
        targets = sorted(target["reference"].partition("/_history/")[0] for target in each["target"])
        return each["activity"]["coding"][0]["code"], targets

    return sorted(told(each) for each in ehr.all_of("Provenance"))


@pytest.mark.parametrize("point", BESIDE)
def test_a_kill_after_the_plan_is_in_the_record_loses_nothing_beside_it_and_doubles_nothing(
    point: str, tmp_path: Path
) -> None:
    position = len(POINTS) + BESIDE.index(point)
    for number in range(len(range(position, KILLS, len(POINTS) + len(BESIDE)))):
        database = tmp_path / f"store-{number}.db"
        with running_ehr() as ehr:
            seed(ehr)
            code, said = killed_child(database, ehr.url, point, number)
            assert code == -9, (point, said)
            clock = TestClock(1_795_430_010.0 + 60 * number)
            desktop = Desktop(database, ehr.url, clock)
            try:
                reconcile_at_start(desktop.services)
                context, review = a_context(ehr.url), AReview(capability=ehr.capability())
                for _ in range(3):
                    open_plan(desktop.services, context, review)
                    clock.sleep(61)
                (goal,) = ehr.all_of("Goal")
                (old,) = (plan for plan in ehr.all_of("CarePlan") if not plan.get("replaces"))
                (new,) = (plan for plan in ehr.all_of("CarePlan") if plan.get("replaces"))
                assert (goal["lifecycleStatus"], old["status"], new["status"]) == ("cancelled", "completed", "active")
                first, second, ended = f"CarePlan/{old['id']}", f"CarePlan/{new['id']}", f"Goal/{goal['id']}"
                assert what_each_provenance_names(ehr) == [
                    ("CREATE", sorted([first, ended])),
                    ("CREATE", [second]),
                    ("UPDATE", sorted([first, ended])),
                ]
                entries = desktop.services.outbox.of_patient(context.issuer, context.patient_id)
                assert not [entry for entry in entries if entry.owes or entry.open]
                assert desktop.services.audit.verify() is None
            finally:
                desktop.close()
