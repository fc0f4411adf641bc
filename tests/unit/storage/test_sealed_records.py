"""What is kept is encrypted, bound to what it belongs to, and never read as something else (T07, H15, F34)."""

from __future__ import annotations

import base64
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from smart_app.errors import StartupError, StoreError, UnreadableRecordError
from smart_app.storage.crypto import Keyring, make_keyring, parse_data_keys
from smart_app.storage.engine import Store, open_store

CANARY = b"Zebulonia Quartzfield 1951-03-07"


def data_key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


SECRET = secrets.token_urlsafe(48)
KEY_A, KEY_B = data_key(), data_key()


def ring(keys: str = f"a:{KEY_A}", *secrets_: str) -> Keyring:
    return make_keyring(keys, secrets_ or (SECRET,))


class Time:
    """Seconds that a test sets."""

    def __init__(self) -> None:
        self.at = 1_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def now() -> Time:
    return Time()


@pytest.fixture
def store(tmp_path: Path, now: Time) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/s.db", ring(), now)
    yield opened
    opened.close()


def raw_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("s.db*")))


def test_what_was_kept_is_read_again(store: Store) -> None:
    assert store.put("draft", "1", CANARY, "patient-1", expires_at=2_000_000.0) == 1
    found = store.get("draft", "1", "patient-1")
    assert found is not None
    assert (found.value, found.version) == (CANARY, 1)


def test_the_raw_store_holds_nothing_that_can_be_read(store: Store, tmp_path: Path) -> None:
    store.put("draft", "1", CANARY, "patient-canary", expires_at=2_000_000.0, owner="owner")
    store.close()
    raw = raw_bytes(tmp_path)
    for piece in (
        b"Zebulonia",
        b"Quartzfield",
        b"patient-canary",
        base64.b64encode(CANARY)[:20],
        CANARY.hex().encode(),
    ):
        assert piece not in raw


@pytest.mark.parametrize("binding", [(), ("patient-2",), ("patient-1", "x"), ("patient-1 ",)])
def test_a_record_does_not_open_for_another_patient(store: Store, binding: tuple[str, ...]) -> None:
    store.put("draft", "1", CANARY, "patient-1", expires_at=2_000_000.0)
    with pytest.raises(UnreadableRecordError):
        store.get("draft", "1", *binding)


def test_rows_that_were_swapped_do_not_open(store: Store, tmp_path: Path) -> None:
    store.put("draft", "1", b"of one", "patient-1", expires_at=2_000_000.0)
    store.put("draft", "2", b"of two", "patient-1", expires_at=2_000_000.0)
    with sqlite3.connect(tmp_path / "s.db") as raw:
        raw.execute("UPDATE records SET id = CASE id WHEN '1' THEN 'x' ELSE '1' END")
        raw.execute("UPDATE records SET id = '2' WHERE id = 'x'")
    raw.close()
    for record_id in ("1", "2"):
        with pytest.raises(UnreadableRecordError):
            store.get("draft", record_id, "patient-1")


@pytest.mark.parametrize("damage", [b"", b"\x01", b"\x02abc", b"junk" * 20, None])
def test_a_damaged_record_is_unreadable_and_the_others_are_not(
    store: Store, tmp_path: Path, damage: bytes | None
) -> None:
    store.put("draft", "1", CANARY, expires_at=2_000_000.0)
    store.put("draft", "2", b"fine", expires_at=2_000_000.0)
    with sqlite3.connect(tmp_path / "s.db") as raw:
        (blob,) = raw.execute("SELECT blob FROM records WHERE id = '1'").fetchone()
        flipped = bytes([*blob[:-1], blob[-1] ^ 1])
        raw.execute("UPDATE records SET blob = ? WHERE id = '1'", (flipped if damage is None else damage,))
    raw.close()
    with pytest.raises(UnreadableRecordError):
        store.get("draft", "1")
    found = store.get("draft", "2")
    assert found is not None
    assert found.value == b"fine"


def test_keys_rotate_without_losing_what_was_kept(tmp_path: Path, now: Time) -> None:
    first = open_store(f"sqlite:///{tmp_path}/s.db", ring(), now)
    first.put("draft", "old", CANARY, expires_at=2_000_000.0)
    first.close()
    both = open_store(f"sqlite:///{tmp_path}/s.db", ring(f"b:{KEY_B},a:{KEY_A}"), now)
    both.put("draft", "new", CANARY, expires_at=2_000_000.0)
    assert both.key_counts() == {"a": 1, "b": 1}
    old, new = both.get("draft", "old"), both.get("draft", "new")
    assert old is not None
    assert new is not None
    both.close()
    retired = open_store(f"sqlite:///{tmp_path}/s.db", ring(f"b:{KEY_B}"), now)
    with pytest.raises(UnreadableRecordError):
        retired.get("draft", "old")
    assert retired.get("draft", "new") is not None
    retired.close()


def test_an_index_digest_survives_the_rotation_of_the_secret() -> None:
    other = secrets.token_urlsafe(48)
    before, after = ring(), ring(f"a:{KEY_A}", other, SECRET)
    assert before.index("draft", "p") in after.indexes("draft", "p")
    assert before.index("draft", "p") != after.index("draft", "p")
    assert before.index("a", "bc") != before.index("ab", "c")


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "a",
        "a:",
        ":x",
        "a:short",
        f"a:{KEY_A},a:{KEY_B}",
        "a:" + "A" * 43 + "=",
        f"{'k' * 65}:{KEY_A}",
        "a:%%%",
    ],
    ids=lambda text: f"{len(text)}-characters",
)
def test_a_bad_data_key_stops_the_start_and_is_never_repeated_in_the_message(text: str) -> None:
    with pytest.raises(StartupError) as caught:
        parse_data_keys(text)
    assert KEY_A not in str(caught.value)
    assert KEY_A not in repr(ring())


def test_a_record_ends_by_itself_and_is_purged(store: Store, now: Time) -> None:
    store.put("draft", "1", b"x", expires_at=now.at + 10, owner="me")
    now.at += 11
    assert store.get("draft", "1") is None
    assert store.ids("draft") == ()
    assert store.purge() == 1


def test_only_one_writer_wins_a_version(store: Store) -> None:
    assert store.put("draft", "1", b"a", expires_at=2_000_000.0, expected_version=0) == 1
    assert store.put("draft", "1", b"b", expires_at=2_000_000.0, expected_version=0) is None
    assert store.put("draft", "1", b"c", expires_at=2_000_000.0, expected_version=1) == 2
    assert store.put("draft", "1", b"d", expires_at=2_000_000.0, expected_version=1) is None
    found = store.get("draft", "1")
    assert found is not None
    assert found.value == b"c"


def test_of_many_threads_one_takes_a_lease(store: Store) -> None:
    taken: list[bool] = []

    def take(holder: int) -> None:
        taken.append(store.take_lease("refresh:1", str(holder), 60.0))

    threads = [threading.Thread(target=take, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == [False] * 11 + [True]


def test_a_lease_is_free_again_when_it_ends_or_is_given_back(store: Store, now: Time) -> None:
    assert store.take_lease("l", "a", 10.0)
    assert not store.take_lease("l", "b", 10.0)
    now.at += 11
    assert store.take_lease("l", "b", 10.0)
    store.free_lease("l", "a")
    assert not store.take_lease("l", "a", 10.0)
    store.free_lease("l", "b")
    assert store.take_lease("l", "a", 10.0)


def test_a_store_of_another_schema_or_no_store_is_said_plainly(tmp_path: Path, now: Time) -> None:
    opened = open_store(f"sqlite:///{tmp_path}/s.db", ring(), now)
    opened.close()
    with sqlite3.connect(tmp_path / "s.db") as raw:
        raw.execute("UPDATE schema_version SET version = 99")
    raw.close()
    with pytest.raises(StoreError, match="99"):
        open_store(f"sqlite:///{tmp_path}/s.db", ring(), now)
    (tmp_path / "junk.db").write_bytes(b"this is not a database" * 100)
    with pytest.raises(StoreError):
        open_store(f"sqlite:///{tmp_path}/junk.db", ring(), now)


def test_a_missing_table_and_a_locked_store_refuse_the_operation(store: Store, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "s.db") as raw:
        raw.execute("DROP TABLE records")
    raw.close()
    with pytest.raises(StoreError):
        store.put("draft", "1", b"x", expires_at=2_000_000.0)
    with pytest.raises(StoreError):
        store.get("draft", "1")


def test_a_store_file_is_readable_by_its_owner_only(store: Store, tmp_path: Path) -> None:
    assert (tmp_path / "s.db").stat().st_mode & 0o077 == 0


def test_a_keyring_without_its_key_says_so() -> None:
    sealed = ring().seal(CANARY, "x")
    assert ring().key_id_of(sealed) == "a"
    with pytest.raises(UnreadableRecordError, match="not in the ring"):
        replace(ring(f"b:{KEY_B}")).unseal(sealed, "x")
