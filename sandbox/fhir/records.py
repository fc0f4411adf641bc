"""Resources of all issuers with their versions and index rows."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from sandbox.fhir.dates import instant_of_ms, to_ms
from sandbox.fhir.index import Resource, compartment_of, index_rows, reference_target, values_at
from sandbox.fhir.parameters import NOT_ABOUT_A_PATIENT
from sandbox.store import INDEX_TABLES, Store

_COLUMNS = "row, type, id, version, updated_ms, compartment, deleted, origin, body"
SEEDED, WRITTEN = "seed", "written"


class Stored(NamedTuple):
    """One version of a resource as it is kept. `compartment` is the id of its patient, or None."""

    row: int
    type: str
    id: str
    version: int
    updated_ms: int
    compartment: str | None
    deleted: bool
    origin: str
    body: bytes

    @property
    def resource(self) -> Resource:
        """The resource as a dict of its own."""
        return dict(msgspec.json.decode(self.body))


def _stored(found: Sequence[Any]) -> Stored:
    row, type_, id_, version, updated_ms, compartment, deleted, origin, body = found
    return Stored(row, type_, id_, version, updated_ms, compartment, bool(deleted), origin, body)


class Records:
    """Everything the records of all issuers hold."""

    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self.store = store
        self._now = now

    def find(self, issuer: str, type_: str, id_: str) -> Stored | None:
        """The current version, a deleted one too; None where there never was one."""
        with self.store.read() as connection:
            found = connection.execute(
                f"SELECT {_COLUMNS} FROM resource WHERE issuer = ? AND type = ? AND id = ?",  # noqa: S608 - constants
                (issuer, type_, id_),
            ).fetchone()
        return _stored(found) if found else None

    def versions(self, issuer: str, type_: str, id_: str) -> list[Stored]:
        """All versions, newest first."""
        current = self.find(issuer, type_, id_)
        if current is None:
            return []
        with self.store.read() as connection:
            older = connection.execute(
                "SELECT version, updated_ms, deleted, body FROM history WHERE issuer = ? AND type = ? AND id = ?"
                " ORDER BY version DESC",
                (issuer, type_, id_),
            ).fetchall()
        return [current] + [
            current._replace(version=version, updated_ms=updated_ms, deleted=bool(deleted), body=body)
            for version, updated_ms, deleted, body in older
        ]

    def put(self, issuer: str, resource: Resource, *, origin: str = WRITTEN, compartment: str | None = None) -> Stored:
        """
        Keep a new resource, or the next version of the one with its id.

        Without an id it gets one. `meta.versionId` and `meta.lastUpdated` are set here; the argument is not changed.
        """
        type_ = str(resource["resourceType"])
        id_ = str(resource.get("id") or uuid.uuid4())
        with self.store.write() as connection:
            before = self.find(issuer, type_, id_)
            version, updated_ms = (before.version if before else 0) + 1, to_ms(self._now())
            full = with_meta({**resource, "id": id_}, version, updated_ms)
            owner = compartment or compartment_of(full) or self._owner_of_target(issuer, full)
            body = msgspec.json.encode(full)
            if before:
                _archive(connection, issuer, before)
                connection.execute(
                    "UPDATE resource SET version = ?, updated_ms = ?, compartment = ?, deleted = 0, origin = ?,"
                    " body = ? WHERE row = ?",
                    (version, updated_ms, owner, origin, body, before.row),
                )
                row = before.row
                _forget_index(connection, [row])
            else:
                inserted = connection.execute(
                    "INSERT INTO resource (issuer, type, id, version, updated_ms, compartment, origin, body)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (issuer, type_, id_, version, updated_ms, owner, origin, body),
                )
                row = int(inserted.lastrowid or 0)
            _index(connection, [(row, full)])
        return Stored(row, type_, id_, version, updated_ms, owner, False, origin, body)

    def _owner_of_target(self, issuer: str, resource: Resource) -> str | None:
        """Patient of what a Provenance or AuditEvent is about."""
        for path in ("target", "entity.what"):
            for value in values_at(resource, path):
                type_, _, id_ = (reference_target(value) or "").partition("/")
                found = self.find(issuer, type_, id_)
                if found is not None:
                    return found.compartment
        return None

    def delete(self, issuer: str, type_: str, id_: str) -> Stored | None:
        """Mark as deleted; None where there is nothing to delete."""
        with self.store.write() as connection:
            before = self.find(issuer, type_, id_)
            if before is None or before.deleted:
                return None
            _archive(connection, issuer, before)
            connection.execute(
                "UPDATE resource SET version = version + 1, updated_ms = ?, deleted = 1, origin = ? WHERE row = ?",
                (to_ms(self._now()), WRITTEN, before.row),
            )
            _forget_index(connection, [before.row])
            return self.find(issuer, type_, id_)

    def load(
        self, issuer: str, resources: Iterable[Resource], *, compartment: str | None, updated_at: datetime
    ) -> None:
        """Seed many resources at once; one that is already there stays as it is."""
        updated_ms = to_ms(updated_at)
        with self.store.write() as connection:
            next_row = connection.execute("SELECT COALESCE(MAX(row), 0) + 1 FROM resource").fetchone()[0]
            indexed: list[tuple[int, Resource]] = []
            for resource in resources:
                full = with_meta(resource, 1, updated_ms)
                owner = _seeded_owner(full, compartment)
                done = connection.execute(
                    "INSERT OR IGNORE INTO resource"
                    " (row, issuer, type, id, version, updated_ms, compartment, origin, body)"
                    " VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?)",
                    (
                        next_row,
                        issuer,
                        full["resourceType"],
                        full["id"],
                        updated_ms,
                        owner,
                        SEEDED,
                        msgspec.json.encode(full),
                    ),
                )
                if done.rowcount:
                    indexed.append((next_row, full))
                    next_row += 1
                if len(indexed) >= 2000:
                    _index(connection, indexed)
                    indexed.clear()
            _index(connection, indexed)

    def forget_seeds(self) -> None:
        """Remove what was seeded and never written since; what an app wrote stays."""
        with self.store.write() as connection:
            connection.execute("CREATE TEMP TABLE IF NOT EXISTS gone (row INTEGER PRIMARY KEY)")
            connection.execute("DELETE FROM gone")
            connection.execute("INSERT INTO gone SELECT row FROM resource WHERE origin = ?", (SEEDED,))
            for table in INDEX_TABLES:
                connection.execute(f"DELETE FROM {table} WHERE row IN (SELECT row FROM gone)")  # noqa: S608 - constants
            connection.execute("DELETE FROM resource WHERE row IN (SELECT row FROM gone)")

    def forget_all(self) -> None:
        """Remove every resource and every version."""
        with self.store.write() as connection:
            for table in ("resource", "history", *INDEX_TABLES):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - constants

    def of_patient(self, issuer: str, patient_id: str, types: Sequence[str] = ()) -> list[Stored]:
        """The current resources of one patient, in the order in which they came."""
        marks = ",".join("?" * len(types))
        with self.store.read() as connection:
            found = connection.execute(
                f"SELECT {_COLUMNS} FROM resource WHERE issuer = ? AND compartment = ? AND deleted = 0"  # noqa: S608
                + (f" AND type IN ({marks})" if types else "")
                + " ORDER BY row",
                (issuer, patient_id, *types),
            ).fetchall()
        return [_stored(row) for row in found]

    def patients(self, issuer: str) -> list[Stored]:
        """All Patient resources."""
        with self.store.read() as connection:
            found = connection.execute(
                f"SELECT {_COLUMNS} FROM resource WHERE issuer = ? AND type = 'Patient' AND deleted = 0 ORDER BY row",  # noqa: S608
                (issuer,),
            ).fetchall()
        return [_stored(row) for row in found]

    def by_rows(self, rows: Sequence[int]) -> list[Stored]:
        """Resources by row number, in the order asked for; deleted ones are left out."""
        if not rows:
            return []
        marks = ",".join("?" * len(rows))
        with self.store.read() as connection:
            found = connection.execute(
                f"SELECT {_COLUMNS} FROM resource WHERE deleted = 0 AND row IN ({marks})",  # noqa: S608 - numbers
                tuple(rows),
            ).fetchall()
        place = {row: number for number, row in enumerate(rows)}
        return sorted((_stored(row) for row in found), key=lambda stored: place[stored.row])


def with_meta(resource: Resource, version: int, updated_ms: int) -> Resource:
    """A copy with the server's version and time; `resourceType`, `id` and `meta` come first."""
    meta = resource.get("meta")
    kept = {k: v for k, v in meta.items() if k not in ("versionId", "lastUpdated")} if isinstance(meta, dict) else {}
    head = {
        "resourceType": resource["resourceType"],
        "id": resource["id"],
        "meta": {"versionId": str(version), "lastUpdated": instant_of_ms(updated_ms), **kept},
    }
    return {**head, **{k: v for k, v in resource.items() if k not in head}}


def _seeded_owner(resource: Resource, compartment: str | None) -> str | None:
    """What stands in a chart belongs to it, even if it says that it is about somebody else."""
    if compartment is None or resource["resourceType"] in NOT_ABOUT_A_PATIENT | {"Patient"}:
        return compartment_of(resource)
    return compartment


def _archive(connection: sqlite3.Connection, issuer: str, stored: Stored) -> None:
    connection.execute(
        "INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?)",
        (issuer, stored.type, stored.id, stored.version, stored.updated_ms, int(stored.deleted), stored.body),
    )


def _forget_index(connection: sqlite3.Connection, rows: Sequence[int]) -> None:
    for table in INDEX_TABLES:
        connection.executemany(f"DELETE FROM {table} WHERE row = ?", [(row,) for row in rows])  # noqa: S608 - constants


def _index(connection: sqlite3.Connection, resources: Sequence[tuple[int, Resource]]) -> None:
    found = [(row, index_rows(resource)) for row, resource in resources]
    connection.executemany(
        "INSERT INTO token_index VALUES (?, ?, ?, ?)", [(row, *token) for row, rows in found for token in rows.tokens]
    )
    connection.executemany(
        "INSERT INTO date_index VALUES (?, ?, ?, ?)", [(row, *span) for row, rows in found for span in rows.dates]
    )
    connection.executemany(
        "INSERT INTO reference_index VALUES (?, ?, ?)", [(row, *ref) for row, rows in found for ref in rows.references]
    )
    connection.executemany(
        "INSERT INTO string_index VALUES (?, ?, ?)", [(row, *text) for row, rows in found for text in rows.strings]
    )
