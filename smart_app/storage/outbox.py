"""
What is on its way to a record: prepared, sent, confirmed, unknown or refused; so that nothing is sent twice and
nothing that was sent is forgotten.

An entry is committed before its request leaves (`mark_sent`) and again when its outcome is known (`settle`). One save
at a time for a patient, over all threads and processes (`alone`).
"""

from __future__ import annotations

import os
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import delete, select

from smart_app.errors import AnotherSaveError, StoreError, UnreadableRecordError
from smart_app.storage.engine import LEASES, Store

KIND, OPEN_KIND, WORDS_KIND = "outbox", "outbox-open", "outbox-words"
DOCUMENTS_KIND = "outbox-documents"
DOCUMENTS_KEPT = 50
TOOLS_KIND = "outbox-tools"
SETTLED_FOR_S = 90 * 24 * 3600.0
OPEN_FOR_S = 10 * 365 * 24 * 3600.0  # what is not resolved does not end by itself
LEASE_S = 40.0
PATIENCE_S = 24.0

PREPARED, SENT, CONFIRMED, UNKNOWN, REFUSED = "prepared", "sent", "confirmed", "unknown", "refused"
OPEN_STATES = (PREPARED, SENT, UNKNOWN)
OWED = "owed"


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """
    One save of one plan.

    `content` is a digest of what was approved: the same form key with other content is refused. `resource` is what is
    written (CarePlan or DocumentReference), `if_match` the version it may replace. `receipt` is the receipt as the
    workflow encodes it. `details` are the workflow's own; under `owed` stands what is to be written beside it.
    """

    form_key: str
    issuer: str
    patient: str
    user: str
    handle: str
    plan_identifier: str
    content: str
    state: str
    resource: dict[str, Any]
    prepared_at: datetime
    if_match: str | None = None
    sent_at: datetime | None = None
    sent_times: int = 0
    reference: str | None = None
    version_id: str | None = None
    receipt: dict[str, Any] | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def open(self) -> bool:
        """Whether its outcome is still to be found out."""
        return self.state in OPEN_STATES

    @property
    def owes(self) -> bool:
        """Whether it is in the record and something that belongs beside it may not be."""
        return self.state == CONFIRMED and bool(self.details.get(OWED))


class Outbox:
    """Saves over the one store."""

    def __init__(self, store: Store, wait: Callable[[float], None] | None = None) -> None:
        self._store = store
        self._wait = wait or threading.Event().wait
        self._locks: dict[str, threading.Lock] = {}
        self._locks_lock = threading.Lock()
        self._not_freed: dict[str, str] = {}

    def prepare(self, entry: OutboxEntry) -> bool:
        """Keep a new entry; False when its form key is taken already (nothing is changed then)."""
        value = msgspec.json.encode(entry)
        with self._store.transaction() as connection:
            kept = self._store.put(
                KIND,
                self._id(entry.issuer, entry.patient, entry.form_key),
                value,
                entry.issuer,
                entry.patient,
                expires_at=self._store.now() + OPEN_FOR_S,
                owner=self._owner(entry.issuer, entry.patient),
                expected_version=0,
                connection=connection,
            )
            if kept is None:
                return False
            self._point(entry, connection)
        return True

    def mark_sent(self, entry: OutboxEntry) -> OutboxEntry:
        """Commit that the request is about to leave; only then may it."""
        now = datetime.fromtimestamp(self._store.now(), UTC)
        return self._replace(replace(entry, state=SENT, sent_at=entry.sent_at or now, sent_times=entry.sent_times + 1))

    def update(self, entry: OutboxEntry) -> OutboxEntry:
        """Commit what became known of an entry."""
        return self._replace(entry)

    def find(self, issuer: str, patient: str, form_key: str) -> OutboxEntry | None:
        """The entry of a form key for this patient."""
        return self._read(self._id(issuer, patient, form_key), issuer, patient)

    def of_patient(self, issuer: str, patient: str) -> tuple[OutboxEntry, ...]:
        """All entries of a patient, oldest change first; one that cannot be read is an error, never left out."""
        entries = []
        for owner in self._store.keyring.indexes("outbox-patient", issuer, patient):
            for record_id in self._store.ids(KIND, owner=owner):
                entry = self._read(record_id, issuer, patient)
                if entry is not None:
                    entries.append(entry)
        return tuple(entries)

    def open_entries(self) -> tuple[OutboxEntry, ...]:
        """Every entry whose outcome is not known, of all patients: for the start of the program."""
        entries = []
        for record_id in self._store.ids(OPEN_KIND):
            pointer = self._store.get(OPEN_KIND, record_id)
            if pointer is None:
                continue
            issuer, patient, form_key = msgspec.json.decode(pointer.value, type=tuple[str, str, str])
            try:
                entry = self.find(issuer, patient, form_key)
            except UnreadableRecordError:
                continue
            if entry is not None and entry.open:
                entries.append(entry)
        return tuple(entries)

    @contextmanager
    def alone(self, issuer: str, patient: str, patience_s: float = PATIENCE_S) -> Iterator[Callable[[], None]]:
        """
        Be the only one who saves for this patient; gives a function that renews the hold.

        Raises:
            AnotherSaveError: somebody else held it for longer than a page may wait.
        """
        name = f"plan:{self._store.keyring.index('outbox-lease', issuer, patient)}"
        with self._locks_lock:
            lock = self._locks.setdefault(name, threading.Lock())
        if not lock.acquire(timeout=patience_s):
            raise AnotherSaveError("another save for this patient is under way")
        holder = self._not_freed.pop(name, None) or _holder()
        try:
            self._take(name, holder, patience_s)
            try:
                yield lambda: self._renew(name, holder)
            finally:
                self._free(name, holder)
        finally:
            lock.release()

    def plan_identifier(self, issuer: str, patient: str, after: str = "") -> str:
        """
        The `urn:uuid:` of a patient's plan: the same for every launch and user, so that two of them cannot make two.

        Args:
            after: identifier of the plan that has ended, for the next one.
        """
        digest = self._store.keyring.index("plan-identifier", issuer, patient, after)
        return uuid.UUID(bytes=bytes.fromhex(digest)[:16], version=5).urn

    def remember_words(self, issuer: str, patient: str, reference: str, digests: Mapping[str, str]) -> None:
        """
        Keep what tells our own words in a plan from another hand's: digests only, so that they may outlive the save.

        Args:
            digests: of `fhir.careplan_keeping.word_digests`.
        """
        self._store.put(
            WORDS_KIND,
            self._id(issuer, patient, reference),
            msgspec.json.encode(dict(digests)),
            issuer,
            patient,
            expires_at=self._store.now() + OPEN_FOR_S,
        )

    def words_of(self, issuer: str, patient: str, reference: str) -> dict[str, str] | None:
        """What `remember_words` kept of a plan; None where nothing is known."""
        found = self._store.get(WORDS_KIND, self._id(issuer, patient, reference), issuer, patient)
        return msgspec.json.decode(found.value, type=dict[str, str]) if found is not None else None

    def remember_document(self, issuer: str, patient: str, reference: str) -> None:
        """Keep that a document is ours, for as long as it may stand: some servers keep nothing that tells."""
        known = [each for each in self.documents_of(issuer, patient) if each != reference]
        self._store.put(
            DOCUMENTS_KIND,
            self._id(issuer, patient, "documents"),
            msgspec.json.encode([reference, *known][:DOCUMENTS_KEPT]),
            issuer,
            patient,
            expires_at=self._store.now() + OPEN_FOR_S,
        )

    def documents_of(self, issuer: str, patient: str) -> tuple[str, ...]:
        """Our documents of a patient (`DocumentReference/17`), the newest first."""
        found = self._store.get(DOCUMENTS_KIND, self._id(issuer, patient, "documents"), issuer, patient)
        return msgspec.json.decode(found.value, type=tuple[str, ...]) if found is not None else ()

    def remember_tools(self, issuer: str, patient: str, reference: str, tools: Sequence[Mapping[str, Any]]) -> None:
        """
        Keep what the risk tools said when a plan was signed: here alone, because a patient may read what is in the
        record.

        Args:
            reference: `CarePlan/4711/_history/2`.
            tools: `clinical.risk.RiskResult`s as JSON.
        """
        self._store.put(
            TOOLS_KIND,
            self._id(issuer, patient, reference),
            msgspec.json.encode(tools),
            issuer,
            patient,
            expires_at=self._store.now() + OPEN_FOR_S,
        )

    def tools_of(self, issuer: str, patient: str, reference: str) -> tuple[dict[str, Any], ...]:
        """What `remember_tools` kept of a plan; empty where nothing is known."""
        found = self._store.get(TOOLS_KIND, self._id(issuer, patient, reference), issuer, patient)
        return msgspec.json.decode(found.value, type=tuple[dict[str, Any], ...]) if found is not None else ()

    def _take(self, name: str, holder: str, patience_s: float) -> None:
        waited = 0.0
        while not self._store.take_lease(name, holder, LEASE_S):
            if self._free_dead(name):
                continue
            if waited >= patience_s:
                raise AnotherSaveError("another save for this patient is under way")
            self._wait(0.1)
            waited += 0.1

    def _free(self, name: str, holder: str) -> None:
        # How a save went is not hidden by a hold that could not be given back: it ends, or the next one here takes it.
        try:
            self._store.free_lease(name, holder)
        except StoreError:
            self._not_freed[name] = holder

    def _renew(self, name: str, holder: str) -> None:
        if not self._store.take_lease(name, holder, LEASE_S):
            raise StoreError("the hold on this patient's plan was lost")

    def _free_dead(self, name: str) -> bool:
        """Free a hold whose process was killed; True when it was."""
        with self._store.transaction() as connection:
            holder = connection.execute(select(LEASES.c.holder).where(LEASES.c.name == name)).scalar()
            if holder is None:
                return True
            if _may_live(holder):
                return False
            connection.execute(delete(LEASES).where(LEASES.c.name == name, LEASES.c.holder == holder))
            return True

    def _replace(self, entry: OutboxEntry) -> OutboxEntry:
        life = OPEN_FOR_S if entry.open or entry.owes else SETTLED_FOR_S
        record_id = self._id(entry.issuer, entry.patient, entry.form_key)
        with self._store.transaction() as connection:
            self._store.put(
                KIND,
                record_id,
                msgspec.json.encode(entry),
                entry.issuer,
                entry.patient,
                expires_at=self._store.now() + life,
                owner=self._owner(entry.issuer, entry.patient),
                connection=connection,
            )
            if entry.open:
                self._point(entry, connection)
            else:
                self._store.delete(OPEN_KIND, record_id, connection)
        return entry

    def _point(self, entry: OutboxEntry, connection: Any) -> None:
        # Sealed without the patient in its binding: at the start of the program nobody says which patient to look for.
        self._store.put(
            OPEN_KIND,
            self._id(entry.issuer, entry.patient, entry.form_key),
            msgspec.json.encode((entry.issuer, entry.patient, entry.form_key)),
            expires_at=self._store.now() + OPEN_FOR_S,
            connection=connection,
        )

    def _read(self, record_id: str, issuer: str, patient: str) -> OutboxEntry | None:
        found = self._store.get(KIND, record_id, issuer, patient)
        if found is None:
            return None
        try:
            return msgspec.json.decode(found.value, type=OutboxEntry)
        except msgspec.DecodeError as error:
            raise UnreadableRecordError("an outbox entry does not parse") from error

    def _id(self, issuer: str, patient: str, form_key: str) -> str:
        return self._store.keyring.index("outbox", issuer, patient, form_key)

    def _owner(self, issuer: str, patient: str) -> str:
        return self._store.keyring.index("outbox-patient", issuer, patient)


def _holder() -> str:
    pid = os.getpid()
    return f"{socket.gethostname()[:20]}|{pid}|{_born(pid)}|{uuid.uuid4().hex[:8]}"


def _may_live(holder: str) -> bool:
    """Whether the process that holds a lease may still be at work; one of another host may, until its lease ends."""
    host, _, rest = holder.partition("|")
    pid, _, rest = rest.partition("|")
    born = rest.partition("|")[0]
    if host != socket.gethostname()[:20] or not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    # A number is used again after a restart: the time of birth tells the two apart (Linux; elsewhere empty).
    return _born(int(pid)) == born


def _born(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""
