"""What an administrator does on the command line: what to register, which data keys are in use, ending sessions."""

from __future__ import annotations

import base64
import os
import secrets
import time
from pathlib import Path

import pytest

from smart_app.cli import main
from smart_app.storage.audit import AuditLog
from smart_app.storage.contexts import Contexts, LaunchContext
from smart_app.storage.crypto import make_keyring
from smart_app.storage.engine import open_store

ROW = """
[[issuer]]
slug = "lakeside"
iss = "https://fhir.lakeside.example/r4"
client_id = "aftercare"
auth_method = "private_key_jwt"
refresh = "offline"
frame_ancestors = ["https://ehr.lakeside.example"]
allowed_hosts = ["auth.lakeside.example"]
time_zone = "America/Chicago"
"""


def data_key(name: str) -> str:
    return f"{name}:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}"


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Settings of a hospital whose data key was just rotated: the new key and the old one."""
    (tmp_path / "issuers.toml").write_text(ROW, encoding="utf-8")
    new, old = data_key("new"), data_key("old")
    for name, value in {
        "MODE": "production",
        "PUBLIC_URL": "https://aftercare.lakeside.example",
        "REGISTRY": str(tmp_path / "issuers.toml"),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATA_KEYS": f"{new},{old}",
        "STORE": f"sqlite:///{tmp_path / 'store.db'}",
    }.items():
        monkeypatch.setenv(f"AFTERCARE_{name}", value)
    return new, old


def test_it_prints_what_to_register_and_makes_no_store(
    keys: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check-config"]) == 0
    out = capsys.readouterr().out
    assert "redirect URI: https://aftercare.lakeside.example/callback/lakeside" in out
    assert "launch URI: https://aftercare.lakeside.example/launch" in out
    assert "public keys: https://aftercare.lakeside.example/.well-known/jwks.json" in out
    (scopes,) = [line for line in out.splitlines() if "SMART 2" in line]
    assert {"launch", "openid", "fhirUser", "offline_access", "patient/Condition.rs"} <= set(scopes.split())
    assert "patient/CarePlan.crus" in scopes
    assert "there is no store yet" in out
    assert not (tmp_path / "store.db").exists()


def test_it_counts_the_records_that_each_data_key_still_seals(
    keys: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    new, old = keys
    url = f"sqlite:///{tmp_path / 'store.db'}"
    for ring, names in ((old, ("a", "b")), (f"{new},{old}", ("c",))):
        store = open_store(url, make_keyring(ring, ("s" * 43,)), lambda: 0.0)
        for name in names:
            store.put("context", name, b"sealed", expires_at=4e9)
        store.close()
    assert main(["check-config"]) == 0
    out = capsys.readouterr().out
    assert "data key new: 1 record (current)" in out
    assert "data key old: 2 records (keep it: these records need it)" in out


def test_a_key_that_was_taken_away_too_early_is_named(
    keys: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    new, old = keys
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}", make_keyring(old, ("s" * 43,)), lambda: 0.0)
    store.put("context", "a", b"sealed", expires_at=4e9)
    store.close()
    monkeypatch.setenv("AFTERCARE_DATA_KEYS", new)
    assert main(["check-config"]) == 1
    assert "1 record(s) are sealed with the key old, which is not in it" in capsys.readouterr().out


def test_an_administrator_ends_every_session_of_a_user_and_the_audit_knows(
    keys: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ring = make_keyring(",".join(keys), (os.environ["AFTERCARE_SECRET_KEY"],))
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}", ring, time.time)
    contexts, now = Contexts(store), time.time()
    for handle, user in (("one", "Practitioner/1"), ("two", "Practitioner/2"), ("three", "Practitioner/1")):
        context = LaunchContext(handle, "lakeside", "https://x", "p", user, "s", (), "proof", now, now + 9000)
        contexts.open(context, {"access_token": "t"})
    assert main(["end-sessions", "lakeside", "--user", "Practitioner/1"]) == 0
    assert "2 session(s) ended; drafts are kept" in capsys.readouterr().out
    assert contexts.live() == 1
    assert [(event.action, event.detail) for event in AuditLog(store).events()] == [
        ("sign-out", "ended by the administrator")
    ] * 2
    assert main(["end-sessions", "riverside"]) == 1
    assert "riverside is not a slug of the registry" in capsys.readouterr().out
    assert contexts.live() == 1
    store.close()
