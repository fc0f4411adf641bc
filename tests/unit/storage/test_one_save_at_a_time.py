"""One save at a time for a patient: who comes second is told that, and not that the store is broken."""

from __future__ import annotations

from pathlib import Path

import pytest

from smart_app.errors import AnotherSaveError
from smart_app.storage.crypto import make_keyring
from smart_app.storage.engine import open_store
from smart_app.storage.outbox import Outbox
from smart_app.web.problems import problem_of
from tests.support.plan_desk import KEYS, SECRET, TestClock


def test_a_second_save_of_the_same_patient_waits_and_is_told_of_the_first(tmp_path: Path) -> None:
    clock = TestClock()
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}", make_keyring(KEYS, [SECRET]), clock.now)
    here, elsewhere = Outbox(store, clock.sleep), Outbox(store, clock.sleep)
    with here.alone("lakeside", "ls-1"):
        for outbox in (here, elsewhere):  # another thread of this process, and another process
            with pytest.raises(AnotherSaveError) as refused, outbox.alone("lakeside", "ls-1", patience_s=0.0):
                pass
        with elsewhere.alone("lakeside", "ls-2", patience_s=0.0):
            pass
    words = problem_of(type(refused.value))
    assert words.title == "Another save for this patient is under way"
    assert "locked" not in words.says
    store.close()
