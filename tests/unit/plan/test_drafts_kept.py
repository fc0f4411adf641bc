"""Drafts: kept durably, undone step by step, opened by nobody else, gone after seven days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from smart_app.clinical.plan import CarePlanDraft
from smart_app.clinical.plan_drafting import draft_plan
from smart_app.errors import StaleDraftError, UnreadableRecordError
from smart_app.storage.crypto import make_keyring
from smart_app.storage.drafts import DraftOwner, DraftStore
from smart_app.storage.engine import Store, open_store
from tests.support.plan_desk import KEYS, SECRET, TestClock, a_record, recommendations

OWNER = DraftOwner("lakeside", "Practitioner/ada", "ls-1")
IDENTIFIER = "urn:uuid:6f1c5a1e-6a3e-5a0b-9d6c-2f6a1c0d7e11"


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def store(tmp_path: Path, clock: TestClock) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.db'}", make_keyring(KEYS, [SECRET]), clock.now)
    yield opened
    opened.close()


@pytest.fixture
def draft() -> CarePlanDraft:
    return draft_plan(a_record(), recommendations(), identifier=IDENTIFIER)


def test_what_was_kept_comes_back_as_it_was(store: Store, draft: CarePlanDraft) -> None:
    drafts = DraftStore(store)
    kept = drafts.keep(OWNER, "h", draft, based_on=0, base={"plan": {"id": "1"}})
    assert drafts.find(OWNER, "h") == kept
    assert replace(kept.draft, version=0) == draft


def test_a_change_of_an_older_version_is_refused(store: Store, draft: CarePlanDraft) -> None:
    drafts = DraftStore(store)
    drafts.keep(OWNER, "h", draft, based_on=0)
    drafts.keep(OWNER, "h", replace(draft, note="a"), based_on=1)
    with pytest.raises(StaleDraftError):
        drafts.keep(OWNER, "h", replace(draft, note="b"), based_on=1)
    found = drafts.find(OWNER, "h")
    assert found is not None
    assert found.draft.note == "a"


def test_undo_goes_back_step_by_step_and_never_below_the_first(store: Store, draft: CarePlanDraft) -> None:
    drafts = DraftStore(store)
    for version, note in enumerate(("one", "two", "three")):
        drafts.keep(OWNER, "h", replace(draft, note=note), based_on=version)
    notes = []
    while (state := drafts.undo(OWNER, "h")) is not None:
        notes.append(state.draft.note)
    assert notes == ["two", "one"]


@pytest.mark.parametrize(
    "other",
    [
        DraftOwner("lakeside", "Practitioner/ben", "ls-1"),
        DraftOwner("lakeside", "Practitioner/ada", "ls-2"),
        DraftOwner("elsewhere", "Practitioner/ada", "ls-1"),
    ],
    ids=["another user", "another patient", "another issuer"],
)
def test_a_draft_is_offered_to_nobody_else(store: Store, draft: CarePlanDraft, other: DraftOwner) -> None:
    drafts = DraftStore(store)
    drafts.keep(OWNER, "h", draft, based_on=0)
    assert drafts.find(other, "h") is None
    assert drafts.earlier(other, "new") == ()
    assert [state.handle for state in drafts.earlier(OWNER, "new")] == ["h"]


def test_a_row_moved_to_another_patient_does_not_open(store: Store, draft: CarePlanDraft) -> None:
    drafts, other = DraftStore(store), DraftOwner("lakeside", "Practitioner/ada", "ls-2")
    drafts.keep(OWNER, "h", draft, based_on=0)
    with store.transaction() as connection:
        moved = {"new": drafts._id(other, "h"), "old": drafts._id(OWNER, "h")}
        connection.execute(text("UPDATE records SET id = :new WHERE id = :old"), moved)
    with pytest.raises(UnreadableRecordError):
        drafts.find(other, "h")


def test_nothing_of_the_draft_or_its_owner_stands_in_the_raw_store(
    store: Store, draft: CarePlanDraft, tmp_path: Path
) -> None:
    DraftStore(store).keep(OWNER, "handle-canary", replace(draft, note="note-canary"), based_on=0)
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (b"note-canary", b"handle-canary", b"Practitioner/ada", b"ls-1", b"Mammogram"):
        assert secret not in raw


def test_a_draft_is_gone_after_seven_days(store: Store, draft: CarePlanDraft, clock: TestClock) -> None:
    drafts = DraftStore(store)
    drafts.keep(OWNER, "h", draft, based_on=0)
    clock.sleep(7 * 24 * 3600 + 1)
    assert drafts.find(OWNER, "h") is None
    assert store.purge() >= 1
