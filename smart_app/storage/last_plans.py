"""
Plans as paper, for when the EHR cannot be asked (hazard H21): encrypted, for one user, patient and issuer, gone after
90 days.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from smart_app.errors import UnreadableRecordError
from smart_app.storage.drafts import DraftOwner
from smart_app.storage.engine import Store

KIND = "last-plan"
KEPT_FOR_S = 90 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class PlanOnPaper:
    """The words of the paper of one save, kept before it is sent. The outbox knows what became of that save."""

    form_key: str
    paper: dict[str, Any]


class LastPlans:
    """Papers over the one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, owner: DraftOwner, papers: Iterable[PlanOnPaper]) -> None:
        """Keep these, and no others, for this user and patient."""
        until = self._store.now() + KEPT_FOR_S
        self._store.put(KIND, self._id(owner), msgspec.json.encode(tuple(papers)), *_binding(owner), expires_at=until)

    def of(self, owner: DraftOwner) -> tuple[PlanOnPaper, ...]:
        """
        Those of this user for this patient, the newest save first.

        Raises:
            UnreadableRecordError: they cannot be read.
        """
        found = self._store.get(KIND, self._id(owner), *_binding(owner))
        if found is None:
            return ()
        try:
            return msgspec.json.decode(found.value, type=tuple[PlanOnPaper, ...])
        except msgspec.DecodeError as error:
            raise UnreadableRecordError("a kept paper does not parse") from error

    def _id(self, owner: DraftOwner) -> str:
        return self._store.keyring.index(KIND, *_binding(owner))


def _binding(owner: DraftOwner) -> tuple[str, str, str]:
    return (owner.issuer, owner.user, owner.patient)
