"""
The append-only record of who saw and wrote what: one event each, chained by keyed digests, without clinical text.

The patient is a pseudonym (a keyed digest of issuer and patient id), so the record can answer "who opened this chart"
for somebody who knows the patient, and tells nothing to others. Changing or removing a line breaks the chain.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, Integer, String, Table, Text, insert, select, text, update

from smart_app.storage.engine import METADATA, Store

AUDIT = Table(
    "audit",
    METADATA,
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("event", Text, nullable=False),
    Column("digest", String(64), nullable=False),
)
# Where the chain ends: without it the newest lines could be cut off unseen.
AUDIT_HEAD = Table(
    "audit_head",
    METADATA,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("seq", Integer, nullable=False),
    Column("digest", String(64), nullable=False),
)
_START = "0" * 64
_WORD_LIMIT = 64
_SQLITE_TRIGGERS = tuple(
    f"CREATE TRIGGER IF NOT EXISTS audit_no_{action.lower()} BEFORE {action} ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END"
    for action in ("UPDATE", "DELETE")
)


class AuditAction(StrEnum):
    """What was done."""

    LAUNCH = "launch"
    READ = "read"
    DRAFT = "draft"
    SAVE = "save"
    REVOKE = "revoke"
    PRINT = "print"
    SIGN_OUT = "sign-out"


class AuditOutcome(StrEnum):
    """How it ended; `attempted` stands before a write, its own outcome follows."""

    SUCCESS = "success"
    ATTEMPTED = "attempted"
    REFUSED = "refused"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """
    One line of the record.

    `patient` is the pseudonym, `context` a digest of the launch's handle. `resource` is `Type/id`; `detail` one word.
    """

    seq: int
    at: str
    action: str
    outcome: str
    issuer: str
    user: str
    patient: str
    context: str
    resource: str
    detail: str


class AuditLog:
    """The record over the one store; readable by whoever administers the host."""

    def __init__(self, store: Store) -> None:
        self._store = store
        METADATA.create_all(store.engine, tables=[AUDIT, AUDIT_HEAD])
        if store.engine.dialect.name == "sqlite":
            with store.transaction() as connection:
                for trigger in _SQLITE_TRIGGERS:
                    connection.execute(text(trigger))

    def pseudonym(self, issuer: str, patient: str) -> str:
        """What a patient is called in the record."""
        return self._store.keyring.index("audit-patient", issuer, patient)[:32]

    def append(
        self,
        action: AuditAction,
        outcome: AuditOutcome,
        *,
        issuer: str,
        user: str | None = None,
        patient: str | None = None,
        handle: str = "",
        resource: str = "",
        detail: str = "",
    ) -> AuditEvent:
        """
        Add one event; it is durable when this returns.

        Raises:
            StoreError: it could not be written; whoever writes to a chart must then not write.
        """
        keyring = self._store.keyring
        at = datetime.fromtimestamp(self._store.now(), UTC).isoformat(timespec="milliseconds")
        with self._store.transaction() as connection:
            head = connection.execute(
                select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.digest).where(AUDIT_HEAD.c.id == 1).with_for_update()
            ).first()
            seq, before = (head.seq + 1, head.digest) if head else (1, _START)
            event = AuditEvent(
                seq,
                at,
                action.value,
                outcome.value,
                issuer,
                _word(user or ""),
                self.pseudonym(issuer, patient) if patient else "",
                keyring.index("audit-context", handle)[:16] if handle else "",
                _word(resource),
                _word(detail),
            )
            line = _line(event)
            digest = keyring.index("audit-chain", before, line)
            connection.execute(insert(AUDIT).values(seq=seq, event=line, digest=digest))
            if head is None:
                connection.execute(insert(AUDIT_HEAD).values(id=1, seq=seq, digest=digest))
            else:
                connection.execute(update(AUDIT_HEAD).where(AUDIT_HEAD.c.id == 1).values(seq=seq, digest=digest))
        return event

    def events(self, *, patient: str | None = None, after: int = 0) -> Iterator[AuditEvent]:
        """
        Events in order.

        Args:
            patient: a pseudonym; only that patient's.
            after: only those with a higher number.
        """
        for row in self._rows(after):
            event = AuditEvent(**json.loads(row.event))
            if patient is None or event.patient == patient:
                yield event

    def verify(self) -> str | None:
        """None when no line was changed, added or removed; else one sentence that names the first bad line."""
        before, expected = _START, 1
        for row in self._rows(0):
            if row.seq != expected:
                return f"line {expected} is missing"
            if row.digest not in self._store.keyring.indexes("audit-chain", before, row.event):
                return f"line {row.seq} was changed"
            before, expected = row.digest, expected + 1
        with self._store.reading() as connection:
            head = connection.execute(select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.digest)).first()
        if head is None:
            return None if expected == 1 else "the end mark is missing"
        if head.seq >= expected:
            return f"line {expected} is missing"
        return None if head.digest == before else "the end mark was changed"

    def _rows(self, after: int) -> Iterator[Any]:
        while True:
            query = select(AUDIT.c.seq, AUDIT.c.event, AUDIT.c.digest).where(AUDIT.c.seq > after)
            with self._store.reading() as connection:
                rows = connection.execute(query.order_by(AUDIT.c.seq).limit(500)).all()
            yield from rows
            if len(rows) < 500:
                return
            after = rows[-1].seq


def audit_report(log: AuditLog, *, verify_only: bool = False) -> tuple[list[str], bool]:
    """
    What `aftercare audit` prints, and whether the chain is whole.

    One tab-separated line an event: number, time, action, outcome, issuer, user, patient's pseudonym, launch, resource,
    detail.
    """
    problem = log.verify()
    lines = []
    if not verify_only:
        for event in log.events():
            values = (getattr(event, name) for name in AuditEvent.__slots__)
            lines.append("\t".join(str(value) or "-" for value in values))
    lines.append(f"the record is broken: {problem}" if problem else "the record is whole")
    return lines, problem is None


def _line(event: AuditEvent) -> str:
    return json.dumps({name: getattr(event, name) for name in AuditEvent.__slots__}, separators=(",", ":"))


def _word(value: str) -> str:
    """Short and of one line: nothing clinical fits by accident, and no line can forge another."""
    return "".join(character if character.isprintable() else "?" for character in value)[-_WORD_LIMIT:]
