"""The audit: append-only, chained, without the patient's id; every change or loss of a line is found."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from smart_app.storage.audit import AuditAction, AuditLog, AuditOutcome, audit_report
from smart_app.storage.crypto import make_keyring
from smart_app.storage.engine import Store, open_store
from tests.support.plan_desk import KEYS, SECRET, TestClock


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.db'}", make_keyring(KEYS, [SECRET]), TestClock().now)
    yield opened
    opened.close()


@pytest.fixture
def log(store: Store) -> AuditLog:
    audit = AuditLog(store)
    for number in range(20):
        audit.append(
            AuditAction.READ,
            AuditOutcome.SUCCESS,
            issuer="lakeside",
            user="Practitioner/ada",
            patient=f"patient-{number % 3}",
            handle="handle",
        )
    return audit


def tampered(store: Store, statement: str, **values: object) -> None:
    with store.transaction() as connection:
        for action in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER IF EXISTS audit_no_{action}"))
        connection.execute(text(statement), values)


def test_a_whole_record_is_whole_and_tells_who_saw_a_patient(log: AuditLog) -> None:
    assert log.verify() is None
    found = list(log.events(patient=log.pseudonym("lakeside", "patient-1")))
    assert len(found) == 7
    lines, whole = audit_report(log)
    assert whole
    assert len(lines) == 21
    assert "patient-1" not in "\n".join(lines)
    assert "handle" not in "\n".join(lines)


@pytest.mark.parametrize("seed", range(20))
def test_every_change_and_every_loss_of_a_line_is_found(store: Store, log: AuditLog, seed: int) -> None:
    number = random.Random(seed).randint(1, 20)
    if seed % 2:
        tampered(store, "DELETE FROM audit WHERE seq = :n", n=number)
    else:
        tampered(store, "UPDATE audit SET event = replace(event, 'success', 'refused') WHERE seq = :n", n=number)
    problem = log.verify()
    assert problem is not None
    assert str(number) in problem


def test_the_database_itself_refuses_to_change_a_line(store: Store, log: AuditLog) -> None:
    for statement in ("UPDATE audit SET event = ''", "DELETE FROM audit"):
        with pytest.raises(IntegrityError), store.engine.begin() as connection:
            connection.execute(text(statement))
    assert log.verify() is None


def test_a_word_cannot_forge_a_line(log: AuditLog) -> None:
    log.append(AuditAction.SAVE, AuditOutcome.SUCCESS, issuer="x", user="a\n99\tforged", detail="x" * 500)
    lines, whole = audit_report(log)
    assert whole
    assert len(lines) == 22
    assert max(map(len, lines)) < 500
