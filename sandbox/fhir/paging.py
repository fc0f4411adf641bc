"""Snapshots of searches, so that page links are opaque, stay true, and serve only the sign-in that searched."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.fhir.answers import RefusalError

_KEPT = 1000


@dataclass(frozen=True)
class Snapshot:
    """A search that was made: its matches, and how it wants to be shown."""

    key: str
    resource_type: str
    rows: Sequence[int]
    count: int
    self_url: str
    elements: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    reverse_includes: tuple[str, ...] = ()


class Pages:
    """The newest snapshots, in memory: page links do not outlive a restart."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Snapshot] = OrderedDict()
        self._lock = threading.Lock()

    def keep(self, snapshot: Snapshot) -> str:
        """Name of the snapshot in page links."""
        name = secrets.token_urlsafe(9)
        with self._lock:
            self._kept[name] = snapshot
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return name

    def require(self, link: str, key: str) -> tuple[str, Snapshot, int]:
        """
        Name, snapshot and offset of a page link.

        Raises:
            RefusalError: 410 where it is unknown or too old, 403 where another sign-in searched.
        """
        name, _, offset = link.rpartition(".")
        with self._lock:
            snapshot = self._kept.get(name)
        if snapshot is None or not offset.isdigit():
            raise RefusalError(410, "expired", "This page link is unknown or has expired: search again.")
        if snapshot.key != key:
            raise RefusalError(403, "forbidden", "This page link belongs to another sign-in.")
        return name, snapshot, int(offset)
