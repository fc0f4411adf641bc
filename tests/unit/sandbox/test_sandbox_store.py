"""The store: one writer, rollback, documents taken once, records seeded and kept."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sandbox.fhir.records import Records
from sandbox.store import Store

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(str(tmp_path / "store.db"))
    yield store
    store.close()


@pytest.fixture
def records(store: Store) -> Records:
    return Records(store, lambda: NOW)


def test_an_exception_undoes_the_whole_transaction(store: Store) -> None:
    with pytest.raises(RuntimeError), store.write():
        store.put_document("a", "1", {})
        assert store.find_document("a", "1") == {}
        raise RuntimeError
    assert store.find_document("a", "1") is None


def test_a_document_is_taken_by_one_of_many(store: Store) -> None:
    store.put_document("code", "1", {"x": 1})
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: store.take_document("code", "1"), range(8)))
    assert sorted(map(bool, taken)) == [False] * 7 + [True]


def test_a_key_is_added_by_one_of_many(store: Store) -> None:
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: store.add_document("jti", "1", {}), range(8)))
    assert sum(added) == 1


def test_versions_are_kept_newest_first(records: Records) -> None:
    records.put("open", {"resourceType": "Goal", "id": "g", "note": "first"})
    records.put("open", {"resourceType": "Goal", "id": "g", "note": "second"})
    records.delete("open", "Goal", "g")
    versions = records.versions("open", "Goal", "g")
    assert [(stored.version, stored.deleted) for stored in versions] == [(3, True), (2, False), (1, False)]
    assert versions[2].resource["note"] == "first"
    assert records.find("epic-like", "Goal", "g") is None


def test_seeds_can_be_forgotten_but_what_was_written_stays(records: Records) -> None:
    seeds = [{"resourceType": "Goal", "id": name, "subject": {"reference": "Patient/p"}} for name in ("kept", "gone")]
    records.load("open", seeds, compartment="p", updated_at=NOW)
    records.put("open", {**seeds[0], "note": "written"})
    records.forget_seeds()
    assert [stored.id for stored in records.of_patient("open", "p")] == ["kept"]


def test_a_seed_that_is_there_already_stays_as_it_is(records: Records) -> None:
    seed = {"resourceType": "Organization", "id": "o", "name": "First"}
    records.load("open", [seed, {**seed, "name": "Second"}], compartment="p", updated_at=NOW)
    found = records.find("open", "Organization", "o")
    assert found is not None
    assert (found.resource["name"], found.compartment) == ("First", None)


def test_what_stands_in_a_chart_belongs_to_it_whatever_it_says(records: Records) -> None:
    foreign = {"resourceType": "Observation", "id": "o", "subject": {"reference": "Patient/other"}}
    records.load("open", [foreign, {"resourceType": "Binary", "id": "b"}], compartment="p", updated_at=NOW)
    assert [stored.id for stored in records.of_patient("open", "p")] == ["o", "b"]
    assert records.find("open", "Observation", "o").resource["subject"] == foreign["subject"]  # type: ignore[union-attr]


def test_a_provenance_belongs_to_the_patient_of_its_target(records: Records) -> None:
    records.put("open", {"resourceType": "Goal", "id": "g", "subject": {"reference": "Patient/p"}})
    stored = records.put("open", {"resourceType": "Provenance", "target": [{"reference": "Goal/g/_history/1"}]})
    assert stored.compartment == "p"
