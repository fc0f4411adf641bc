"""A store that fails in the middle of a save: nothing untrue is told, and the next save makes one plan (F34, H11)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from sandbox.testing import RunningSandbox, start_sandbox
from smart_app.errors import SentNotKeptError, StoreError
from smart_app.storage.engine import READ_ONLY, Store
from smart_app.workflow.planning import revoke_plan, save_plan
from tests.support.app_server import RunningApp, heading_of, launch, start_app
from tests.support.fake_ehrs import running_ehr
from tests.support.plan_desk import seed
from tests.support.plan_pages import plan_page, press_save
from tests.support.saving import Clinic

AS_OF = date(2026, 11, 25)
PATIENT = "varkonyi"
MOST_WRITES = 60
ENOUGH = 1


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(as_of=AS_OF, only=(PATIENT,)) as running:
        yield running


@pytest.fixture
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    sandbox.reset()
    with start_app(sandbox, as_of=AS_OF) as running:
        yield running


@contextmanager
def read_only_when(store: Store, condition: Callable[[], bool]) -> Iterator[None]:
    """The disk is read-only for each transaction before which the condition holds; SQLite itself refuses."""

    def before(connection: Any) -> None:
        writes = not connection.get_execution_options().get(READ_ONLY, False)
        refuses = writes and condition()
        connection.connection.driver_connection.execute(f"PRAGMA query_only={int(refuses)}")

    event.listen(store.engine, "begin", before, insert=True)
    try:
        yield
    finally:
        event.remove(store.engine, "begin", before)
        store.engine.dispose()  # its connections are read-only


def used_up(writes: int) -> Callable[[], bool]:
    """False for so many writes, then True."""
    left = iter(range(writes))
    return lambda: next(left, None) is None


def plans(sandbox: RunningSandbox) -> list[dict[str, Any]]:
    return [row for row in sandbox.record(PATIENT) if row["resourceType"] == "CarePlan" and "aftercare" in str(row)]


def test_a_store_that_fails_after_the_plan_was_sent_says_that_it_is_not_known(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient=PATIENT)
    workbench = plan_page(launched)
    with read_only_when(app.services.store, lambda: bool(plans(sandbox))):
        status, answer = press_save(launched, workbench, note="Sent")
    assert status == 503
    assert heading_of(answer.html) == "Not known whether saved"
    assert "Nothing was saved" not in answer.html
    assert "Do not enter it again" in answer.html
    status, answer = press_save(launched, plan_page(launched), note="Sent")
    assert heading_of(answer.html).startswith("Saved to the record")
    (plan,) = plans(sandbox)
    assert "Sent" in str(plan["note"])


def how_it_ends(clinic: Clinic, draft: Any, what: str) -> str:
    """What the clinician is told of a save."""
    try:
        receipt = save_plan(
            clinic.services, clinic.context, clinic.review, draft, "first", as_document=what == "document"
        )
    except SentNotKeptError:
        return "not known"
    except StoreError:
        return "nothing sent"
    assert receipt.saved
    return "saved"


@pytest.mark.parametrize("what", ["plan", "document"])
def test_wherever_the_disk_turns_read_only_no_ending_is_told_that_is_not_so(what: str, tmp_path: Path) -> None:
    endings = []
    for writes in range(MOST_WRITES):
        folder = tmp_path / str(writes)
        folder.mkdir()
        with running_ehr() as ehr:
            seed(ehr)
            clinic = Clinic(ehr, folder)
            clinic.open()
            draft = clinic.keep(form={"note": f"At {writes}", "goal": "Walk the lake loop"}).draft
            with read_only_when(clinic.desktop.store, used_up(writes)):
                ending = how_it_ends(clinic, draft, what)
            endings.append(ending)
            kind = "CarePlan" if what == "plan" else "DocumentReference"
            held = ehr.all_of(kind)
            if ending == "saved":
                assert len(held) == 1
            if ending == "nothing sent":
                assert ehr.count("POST") == ehr.count("PUT") == 0
            again = save_plan(
                clinic.services, clinic.context, clinic.review, clinic.open().draft, "again", as_document=what != "plan"
            )
            assert again.saved, (writes, ending, again.explanation)
            assert len(ehr.all_of(kind)) == 1, (writes, ending)
            assert len(ehr.all_of("Goal")) <= 1
            clinic.desktop.close()
        if endings.count("saved") > ENOUGH:
            break
    assert endings[0] == "nothing sent"
    assert "not known" in endings
    assert endings[-1] == "saved"


def test_wherever_the_disk_turns_read_only_a_plan_that_is_taken_back_is_told_as_it_is(tmp_path: Path) -> None:
    endings = []
    for writes in range(MOST_WRITES):
        folder = tmp_path / str(writes)
        folder.mkdir()
        with running_ehr() as ehr:
            seed(ehr)
            clinic = Clinic(ehr, folder)
            assert clinic.save(key="first").saved
            with read_only_when(clinic.desktop.store, used_up(writes)):
                try:
                    receipt = revoke_plan(clinic.services, clinic.context, clinic.review, "Wrong patient", "back")
                    endings.append("taken back" if receipt.saved else "not taken back")
                except SentNotKeptError:
                    endings.append("not known")
                except StoreError:
                    endings.append("nothing sent")
            if endings[-1] != "not known":
                assert (clinic.plan["status"] == "revoked") is (endings[-1] == "taken back"), (writes, endings)
            clinic.desktop.close()
        if endings.count("taken back") > ENOUGH:
            break
    assert endings[0] == "nothing sent"
    assert "not known" in endings
    assert endings[-1] == "taken back"
