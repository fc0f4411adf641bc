"""
The last confirmed plan as paper, for when the EHR cannot be asked (hazard H21): encrypted, for one user, patient and
issuer, gone after 90 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from smart_app.errors import UnreadableRecordError
from smart_app.storage.drafts import DraftOwner
from smart_app.storage.engine import Store

KIND = "last-plan"
KEPT_FOR_S = 90 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class LastPlan:
    """
    What was printed of a save. `form_key` is of that save, `resource` and `version_id` what it made, `read_back_at`
    when it was seen in the record (UTC), `paper` the words of the paper.
    """

    form_key: str
    resource: str
    version_id: str
    read_back_at: datetime
    paper: dict[str, Any]


class LastPlans:
    """Last confirmed plans over the one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, owner: DraftOwner, plan: LastPlan) -> None:
        """Keep it in place of the one before."""
        until = self._store.now() + KEPT_FOR_S
        self._store.put(KIND, self._id(owner), msgspec.json.encode(plan), *_binding(owner), expires_at=until)

    def find(self, owner: DraftOwner) -> LastPlan | None:
        """
        The last one of this user for this patient; whether it is still the last of the record the outbox knows.

        Raises:
            UnreadableRecordError: it cannot be read.
        """
        found = self._store.get(KIND, self._id(owner), *_binding(owner))
        if found is None:
            return None
        try:
            return msgspec.json.decode(found.value, type=LastPlan)
        except msgspec.DecodeError as error:
            raise UnreadableRecordError("a kept paper does not parse") from error

    def _id(self, owner: DraftOwner) -> str:
        return self._store.keyring.index(KIND, *_binding(owner))


def _binding(owner: DraftOwner) -> tuple[str, str, str]:
    return (owner.issuer, owner.user, owner.patient)
