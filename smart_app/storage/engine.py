"""
The one store: SQLite by default, PostgreSQL where several hosts share it. Every record is an encrypted blob.

A record is addressed by its kind and id, belongs to an owner (the context's id, or empty), ends by itself, and carries
a version that rises with every change. `binding` is what the blob is tied to besides (issuer, patient, user): the same
must be given to read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    delete,
    event,
    func,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from smart_app.errors import StoreError
from smart_app.storage.crypto import Keyring

METADATA = MetaData()
SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 5.0
READ_ONLY = "aftercare_read_only"

RECORDS = Table(
    "records",
    METADATA,
    Column("kind", String(32), primary_key=True),
    Column("id", String(128), primary_key=True),
    Column("owner", String(128), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("updated_at", Float, nullable=False),
    Column("expires_at", Float, nullable=False, index=True),
    Column("blob", LargeBinary, nullable=False),
)
LEASES = Table(
    "leases",
    METADATA,
    Column("name", String(128), primary_key=True),
    Column("holder", String(64), nullable=False),
    Column("until", Float, nullable=False),
)
SCHEMA = Table("schema_version", METADATA, Column("version", Integer, primary_key=True))


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as it was kept. Times are seconds since the epoch (UTC)."""

    id: str
    value: bytes
    version: int
    updated_at: float
    expires_at: float


class Store:
    """Encrypted records in one SQL database; safe for threads and for several processes."""

    def __init__(self, engine: Engine, keyring: Keyring, now: Callable[[], float]) -> None:
        self.engine = engine
        self.keyring = keyring
        self.now = now

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """
        One write transaction; on SQLite it holds the write lock from the start, so that read-then-write is safe.

        Raises:
            StoreError: locked, full, read-only or damaged.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"the store cannot be used: {type(error).__name__}") from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """
        One transaction that only reads; it waits for no writer.

        Raises:
            StoreError: the store cannot be read.
        """
        try:
            with self.engine.connect().execution_options(**{READ_ONLY: True}) as connection, connection.begin():
                yield connection
        except SQLAlchemyError as error:
            raise StoreError(f"the store cannot be read: {type(error).__name__}") from error

    def get(
        self, kind: str, record_id: str, *binding: str, connection: Connection | None = None
    ) -> StoredRecord | None:
        """
        The record, or None when there is none or its time has passed.

        Raises:
            UnreadableRecordError: it does not decrypt.
        """
        query = select(RECORDS).where(RECORDS.c.kind == kind, RECORDS.c.id == record_id)
        row = self._first(query, connection)
        if row is None or row.expires_at <= self.now():
            return None
        value = self.keyring.unseal(row.blob, kind, record_id, *binding)
        return StoredRecord(record_id, value, row.version, row.updated_at, row.expires_at)

    def put(
        self,
        kind: str,
        record_id: str,
        value: bytes,
        *binding: str,
        expires_at: float,
        owner: str = "",
        expected_version: int | None = None,
        connection: Connection | None = None,
    ) -> int | None:
        """
        Keep a record; returns its new version.

        `expected_version` 0 means "only if there is none", another number "only if it still has this version"; when
        that does not hold nothing is changed and None is returned.
        """
        row = {
            "owner": owner,
            "updated_at": self.now(),
            "expires_at": expires_at,
            "blob": self.keyring.seal(value, kind, record_id, *binding),
        }
        if connection is not None:
            return _put(connection, kind, record_id, row, expected_version)
        with self.transaction() as own:
            return _put(own, kind, record_id, row, expected_version)

    def delete(self, kind: str, record_id: str, connection: Connection | None = None) -> bool:
        """Remove a record; True for the one caller who did."""
        statement = delete(RECORDS).where(RECORDS.c.kind == kind, RECORDS.c.id == record_id)
        if connection is not None:
            return bool(connection.execute(statement).rowcount)
        with self.transaction() as own:
            return bool(own.execute(statement).rowcount)

    def delete_owned(self, owner: str) -> int:
        """Remove every record of an owner (the end of a context); returns how many."""
        with self.transaction() as connection:
            return connection.execute(delete(RECORDS).where(RECORDS.c.owner == owner)).rowcount

    def touch(self, kind: str, record_id: str, expires_at: float) -> None:
        """Move the end of a record without opening it."""
        where = (RECORDS.c.kind == kind, RECORDS.c.id == record_id)
        with self.transaction() as connection:
            connection.execute(update(RECORDS).where(*where).values(expires_at=expires_at))

    def ids(self, kind: str, owner: str | None = None) -> tuple[str, ...]:
        """Ids of the live records of a kind, oldest change first."""
        query = select(RECORDS.c.id).where(RECORDS.c.kind == kind, RECORDS.c.expires_at > self.now())
        if owner is not None:
            query = query.where(RECORDS.c.owner == owner)
        with self.reading() as connection:
            return tuple(connection.execute(query.order_by(RECORDS.c.updated_at)).scalars())

    def count(self, kind: str) -> int:
        """How many live records of a kind there are."""
        query = select(func.count()).where(RECORDS.c.kind == kind, RECORDS.c.expires_at > self.now())
        with self.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def purge(self) -> int:
        """Remove what has ended; returns how many records."""
        now = self.now()
        with self.transaction() as connection:
            connection.execute(delete(LEASES).where(LEASES.c.until <= now))
            return connection.execute(delete(RECORDS).where(RECORDS.c.expires_at <= now)).rowcount

    def take_lease(self, name: str, holder: str, seconds: float) -> bool:
        """Whether `holder` now holds the lease: one holder at a time over all processes, until it ends or is freed."""
        now = self.now()
        free = (LEASES.c.name == name) & ((LEASES.c.until <= now) | (LEASES.c.holder == holder))
        with self.transaction() as connection:
            changed = connection.execute(update(LEASES).where(free).values(holder=holder, until=now + seconds)).rowcount
            if changed:
                return True
            held = connection.execute(select(LEASES.c.name).where(LEASES.c.name == name)).first()
            if held is not None:
                return False
            try:
                with connection.begin_nested():
                    connection.execute(insert(LEASES).values(name=name, holder=holder, until=now + seconds))
            except IntegrityError:
                return False
            return True

    def free_lease(self, name: str, holder: str) -> None:
        """Give a lease back."""
        with self.transaction() as connection:
            connection.execute(delete(LEASES).where(LEASES.c.name == name, LEASES.c.holder == holder))

    def key_counts(self) -> dict[str, int]:
        """How many records each data key still seals: a key with none can be retired."""
        counts: dict[str, int] = {}
        with self.reading() as connection:
            for blob in connection.execute(select(func.substr(RECORDS.c.blob, 1, 80))).scalars():
                key_id = self.keyring.key_id_of(bytes(blob))
                counts[key_id] = counts.get(key_id, 0) + 1
        return counts

    def check(self) -> None:
        """
        Whether the store can be written and has the schema of this program.

        Raises:
            StoreError: it cannot, or has not.
        """
        with self.reading() as connection:
            if connection.execute(select(SCHEMA.c.version)).scalar() != SCHEMA_VERSION:
                raise StoreError("the store has the schema of another version")
        self.take_lease("readiness", "readiness", 1.0)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    def _first(self, query: Any, connection: Connection | None) -> Any:
        if connection is not None:
            return connection.execute(query).first()
        with self.reading() as own:
            return own.execute(query).first()


def open_store(url: str, keyring: Keyring, now: Callable[[], float]) -> Store:
    """
    Open the store and make its tables where they are missing.

    Raises:
        StoreError: the database cannot be opened, or belongs to a newer program.
    """
    try:
        engine = _make_engine(url)
        METADATA.create_all(engine)
        with engine.begin() as connection:
            found = connection.execute(select(SCHEMA.c.version)).scalar()
            if found is None:
                connection.execute(insert(SCHEMA).values(version=SCHEMA_VERSION))
            elif found != SCHEMA_VERSION:
                raise StoreError(f"the store has schema {found}; this program knows {SCHEMA_VERSION}")
    except SQLAlchemyError as error:
        raise StoreError(f"the store cannot be opened: {type(error).__name__}") from error
    return Store(engine, keyring, now)


def store_exists(url: str) -> bool:
    """Whether a store may stand at an address: looking at it must not make one."""
    parsed = make_url(url)
    return parsed.get_backend_name() != "sqlite" or bool(parsed.database and Path(parsed.database).exists())


def _make_engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, pool_size=8, max_overflow=8, hide_parameters=True)
    if parsed.database and parsed.database != ":memory:":
        path = Path(parsed.database)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
    engine = create_engine(
        parsed, connect_args={"timeout": BUSY_TIMEOUT_S}, pool_size=16, max_overflow=16, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _prepare_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    # The write lock from the start: a transaction that reads and then writes never meets "database is locked" midway.
    read_only = connection.get_execution_options().get(READ_ONLY, False)
    connection.execute(text("BEGIN" if read_only else "BEGIN IMMEDIATE"))


def _put(connection: Connection, kind: str, record_id: str, row: dict[str, Any], expected: int | None) -> int | None:
    where = (RECORDS.c.kind == kind, RECORDS.c.id == record_id)
    if not expected:
        found = connection.execute(
            select(RECORDS.c.version, RECORDS.c.expires_at).where(*where).with_for_update()
        ).first()
        live = found is not None and found.expires_at > row["updated_at"]
        if expected == 0 and live:
            return None
        if found is None:
            connection.execute(insert(RECORDS).values(kind=kind, id=record_id, version=1, **row))
            return 1
        version = int(found.version) + 1
        connection.execute(update(RECORDS).where(*where).values(version=version, **row))
        return version
    changed = connection.execute(
        update(RECORDS).where(*where, RECORDS.c.version == expected).values(version=expected + 1, **row)
    )
    return expected + 1 if changed.rowcount else None
