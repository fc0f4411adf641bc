"""
Plans in work, kept encrypted for one user, one patient and one issuer; undo; gone after seven days.

A draft is found by a digest of (issuer, user, patient, context) and sealed for the same: a row that is moved to another
user or patient does not open. `keep` returns only after the commit, so what was acknowledged survives a kill.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from smart_app.clinical.plan import CarePlanDraft
from smart_app.errors import StaleDraftError, StoreError, UnreadableRecordError
from smart_app.storage.engine import Store

KIND, OLD_KIND = "draft", "draft-version"
KEPT_FOR_S = 7 * 24 * 3600.0
UNDO_STEPS = 20


@dataclass(frozen=True, slots=True)
class DraftOwner:
    """Whose draft it is. `user` is the `fhirUser`; without one a draft belongs to its launch alone."""

    issuer: str
    user: str
    patient: str


@dataclass(frozen=True, slots=True)
class KeptState:
    """
    A draft as it was kept.

    `trail` holds the versions that undo goes back through, newest last. `base` is our plan of the record as it was when
    the draft was drawn (for the three-way comparison). `signed`: it was saved to the record as it stands.
    """

    draft: CarePlanDraft
    kept_at: datetime
    handle: str
    trail: tuple[int, ...] = ()
    base: dict[str, Any] | None = None
    signed: bool = False


class DraftStore:
    """Drafts over the one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, owner: DraftOwner, handle: str) -> KeptState | None:
        """
        The draft of this launch.

        Raises:
            UnreadableRecordError: there is one, and it cannot be read: never an empty draft in its place.
        """
        return self._read(self._id(owner, handle), owner)

    def keep(
        self,
        owner: DraftOwner,
        handle: str,
        draft: CarePlanDraft,
        *,
        based_on: int,
        base: Mapping[str, Any] | None = None,
        signed: bool = False,
        step: bool = True,
    ) -> KeptState:
        """
        Keep a changed draft as the next version.

        Args:
            based_on: version that the change was made on; 0 when there is none yet.
            base: our plan as it is in the record; None keeps the one there was.
            step: whether undo takes this change back; not so for what the program brought up to date by itself.

        Raises:
            StaleDraftError: somebody kept another version in between.
            StoreError: it could not be committed; the earlier version stands.
        """
        record_id = self._id(owner, handle)
        before = self._read(record_id, owner)
        if (before.draft.version if before else 0) != based_on:
            raise StaleDraftError("the draft was changed in between")
        version = based_on + 1
        state = KeptState(
            replace(draft, version=version),
            self._now(),
            handle,
            _trail(before, step),
            dict(base) if base is not None else (before.base if before else None),
            signed,
        )
        self._write(record_id, owner, state, before)
        return state

    def undo(self, owner: DraftOwner, handle: str) -> KeptState | None:
        """The draft with its last change taken back, as a new version; None when there is nothing to take back."""
        record_id = self._id(owner, handle)
        before = self._read(record_id, owner)
        if before is None or not before.trail:
            return None
        earlier = self.version(owner, handle, before.trail[-1])
        if earlier is None:
            return None
        # What is in the record did not change with the draft: the plan's own address and version stay, unless the
        # change was to start a new plan, of which nothing is written yet.
        now = before.draft
        started_anew = now.resource is None and now.replaces is not None and earlier.resource == now.replaces
        identity = earlier if started_anew else now
        draft = replace(
            earlier,
            version=now.version + 1,
            resource=identity.resource,
            version_id=identity.version_id,
            identifier=identity.identifier,
            replaces=identity.replaces,
        )
        state = KeptState(draft, self._now(), handle, before.trail[:-1], before.base)
        self._write(record_id, owner, state, before)
        return state

    def version(self, owner: DraftOwner, handle: str, version: int) -> CarePlanDraft | None:
        """An earlier version, as long as it is kept."""
        record_id = f"{self._id(owner, handle)}-{version}"
        found = self._store.get(OLD_KIND, record_id, *_binding(owner))
        return msgspec.json.decode(found.value, type=CarePlanDraft) if found else None

    def earlier(self, owner: DraftOwner, handle: str) -> tuple[KeptState, ...]:
        """Unsigned, readable drafts of the same user, patient and issuer from other launches, newest first."""
        found = []
        for key in self._store.keyring.indexes("draft-owner", *_binding(owner)):
            for record_id in self._store.ids(KIND, owner=key):
                try:
                    state = self._read(record_id, owner)
                except UnreadableRecordError:
                    continue
                if state is not None and state.handle != handle and not state.signed:
                    found.append(state)
        return tuple(sorted(found, key=lambda state: state.kept_at, reverse=True))

    def drop(self, owner: DraftOwner, handle: str) -> None:
        """Forget a draft and its history."""
        record_id = self._id(owner, handle)
        self._store.delete(KIND, record_id)
        self._store.delete_owned(f"history:{record_id}")

    def drop_all(self, owner: DraftOwner, keep_handle: str) -> None:
        """Forget the drafts of other launches of the same user and patient: the plan was signed."""
        for state in self.earlier(owner, keep_handle):
            self.drop(owner, state.handle)

    def _id(self, owner: DraftOwner, handle: str) -> str:
        return self._store.keyring.index("draft", *_binding(owner), handle)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._store.now(), UTC)

    def _read(self, record_id: str, owner: DraftOwner) -> KeptState | None:
        found = self._store.get(KIND, record_id, *_binding(owner))
        if found is None:
            return None
        try:
            return msgspec.json.decode(found.value, type=KeptState)
        except msgspec.DecodeError as error:
            raise UnreadableRecordError("a draft does not parse") from error

    def _write(self, record_id: str, owner: DraftOwner, state: KeptState, before: KeptState | None) -> None:
        until = self._store.now() + KEPT_FOR_S
        binding = _binding(owner)
        with self._store.transaction() as connection:
            if before is None:
                expected = 0
            else:
                found = self._store.get(KIND, record_id, *binding, connection=connection)
                current = msgspec.json.decode(found.value, type=KeptState) if found else None
                if found is None or current is None or current.draft.version != before.draft.version:
                    raise StaleDraftError("the draft was changed in between")
                expected = found.version
            kept = self._store.put(
                KIND,
                record_id,
                msgspec.json.encode(state),
                *binding,
                expires_at=until,
                owner=self._store.keyring.index("draft-owner", *binding),
                expected_version=expected,
                connection=connection,
            )
            if kept is None:
                raise StaleDraftError("the draft was changed in between")
            version_id = f"{record_id}-{state.draft.version}"
            history = f"history:{record_id}"
            if not self._store.put(
                OLD_KIND,
                version_id,
                msgspec.json.encode(state.draft),
                *binding,
                expires_at=until,
                owner=history,
                connection=connection,
            ):
                raise StoreError("the history of the draft could not be kept")
            oldest = state.draft.version - 2 * UNDO_STEPS
            if oldest > 0:
                self._store.delete(OLD_KIND, f"{record_id}-{oldest}", connection)


def _trail(before: KeptState | None, step: bool) -> tuple[int, ...]:
    if before is None:
        return ()
    return (*before.trail, before.draft.version)[-UNDO_STEPS:] if step else before.trail


def _binding(owner: DraftOwner) -> tuple[str, str, str]:
    return (owner.issuer, owner.user, owner.patient)
