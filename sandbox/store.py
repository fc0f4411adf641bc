"""
One SQLite file behind the sandbox: connections, schema, and a small store of documents for OAuth and settings.

Write-ahead logging: readers never wait for the writer. One writer at a time, by a
lock, so that check-then-write is safe.
"""

from __future__ import annotations

import json
import queue
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SCHEMA_VERSION = "1"

SCHEMA = """
CREATE TABLE IF NOT EXISTS resource (
  row INTEGER PRIMARY KEY, issuer TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL, compartment TEXT, deleted INTEGER NOT NULL DEFAULT 0, origin TEXT NOT NULL,
  body BLOB NOT NULL, UNIQUE (issuer, type, id));
CREATE INDEX IF NOT EXISTS resource_by_patient ON resource (issuer, compartment, type);
CREATE TABLE IF NOT EXISTS history (
  issuer TEXT NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, updated_ms INTEGER NOT NULL,
  deleted INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (issuer, type, id, version));
CREATE TABLE IF NOT EXISTS token_index (
  row INTEGER NOT NULL, param TEXT NOT NULL, system TEXT NOT NULL, value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS token_by_value ON token_index (param, value, row);
CREATE INDEX IF NOT EXISTS token_by_row ON token_index (row, param);
CREATE TABLE IF NOT EXISTS date_index (
  row INTEGER NOT NULL, param TEXT NOT NULL, low INTEGER NOT NULL, high INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS date_by_row ON date_index (row, param);
CREATE TABLE IF NOT EXISTS reference_index (row INTEGER NOT NULL, param TEXT NOT NULL, target TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS reference_by_target ON reference_index (param, target, row);
CREATE INDEX IF NOT EXISTS reference_by_row ON reference_index (row, param);
CREATE TABLE IF NOT EXISTS string_index (row INTEGER NOT NULL, param TEXT NOT NULL, value TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS string_by_row ON string_index (row, param);
CREATE TABLE IF NOT EXISTS document (
  kind TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, key));
"""

INDEX_TABLES = ("token_index", "date_index", "reference_index", "string_index")


class Store:
    """The SQLite file of one sandbox; safe to use from many threads."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._idle: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        self._all: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._writer = threading.RLock()
        self._open_write: sqlite3.Connection | None = None
        connection = self._take()
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(SCHEMA)
        self._idle.put(connection)

    def _take(self) -> sqlite3.Connection:
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            connection = sqlite3.connect(self._path, timeout=30, check_same_thread=False, isolation_level=None)
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute("PRAGMA foreign_keys=OFF")
            with self._guard:
                self._all.append(connection)
            return connection

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection to read with; inside `write()` of the same thread it sees what was just written."""
        if self._open_write is not None and self._writer.acquire(blocking=False):
            try:
                if self._open_write is not None:
                    yield self._open_write
                    return
            finally:
                self._writer.release()
        connection = self._take()
        try:
            yield connection
        finally:
            self._idle.put(connection)

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction; nested calls of the same thread join it. An exception rolls everything back."""
        with self._writer:
            if self._open_write is not None:
                yield self._open_write
                return
            connection = self._take()
            self._open_write = connection
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                if connection.in_transaction:
                    connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._open_write = None
                self._idle.put(connection)

    def put_document(self, kind: str, key: str, body: dict[str, Any]) -> None:
        """Keep a document; the same kind and key replaces it."""
        with self.write() as connection:
            connection.execute("INSERT OR REPLACE INTO document VALUES (?, ?, ?)", (kind, key, json.dumps(body)))

    def find_document(self, kind: str, key: str) -> dict[str, Any] | None:
        """The document, or None."""
        with self.read() as connection:
            found = connection.execute("SELECT body FROM document WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        return dict(json.loads(found[0])) if found else None

    def take_document(self, kind: str, key: str) -> dict[str, Any] | None:
        """The document, which is gone afterwards: the second of two callers gets None."""
        with self.write() as connection:
            found = self.find_document(kind, key)
            connection.execute("DELETE FROM document WHERE kind = ? AND key = ?", (kind, key))
        return found

    def add_document(self, kind: str, key: str, body: dict[str, Any]) -> bool:
        """Keep a document that must be new; False where the key is taken."""
        with self.write():
            if self.find_document(kind, key) is not None:
                return False
            self.put_document(kind, key, body)
            return True

    def documents(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """All documents of a kind with their keys, oldest first."""
        with self.read() as connection:
            found = connection.execute(
                "SELECT key, body FROM document WHERE kind = ? ORDER BY rowid", (kind,)
            ).fetchall()
        return [(key, dict(json.loads(body))) for key, body in found]

    def remove_documents(self, kind: str) -> None:
        """Forget all documents of a kind."""
        with self.write() as connection:
            connection.execute("DELETE FROM document WHERE kind = ?", (kind,))

    def close(self) -> None:
        """Close every connection; the store cannot be used afterwards."""
        with self._guard:
            for connection in self._all:
                connection.close()
            self._all.clear()
