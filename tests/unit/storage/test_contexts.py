"""One context a launch: proven by its cookie, ended by time or sign-out, never shared (H01, T04, T09, F35, F37)."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from smart_app.errors import AuthorizationStateError, ContextExpiredError, NoContextError
from smart_app.storage.contexts import ABSOLUTE_S, IDLE_S, Contexts, LaunchContext, new_handle, new_secret, sha256
from smart_app.storage.crypto import make_keyring
from smart_app.storage.engine import open_store


@dataclass
class Time:
    """Seconds that a test sets."""

    at: float = 1_000_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def now() -> Time:
    return Time()


@pytest.fixture
def contexts(tmp_path: Path, now: Time) -> Iterator[Contexts]:
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    store = open_store(f"sqlite:///{tmp_path}/s.db", make_keyring(f"k:{key}", (secrets.token_urlsafe(48),)), now)
    yield Contexts(store)
    store.close()


def opened(
    contexts: Contexts, now: Time, patient: str = "p1", *, user: str = "Practitioner/1", issuer: str = "open"
) -> tuple[LaunchContext, str]:
    secret = new_secret()
    context = LaunchContext(
        handle=new_handle(),
        issuer=issuer,
        base_url="https://fhir.example/r4",
        patient_id=patient,
        fhir_user=user,
        subject="u",
        scopes=("patient/Patient.r",),
        proof=sha256(secret),
        started_at=now.at,
        ends_at=now.at + ABSOLUTE_S,
    )
    contexts.open(context, {"access_token": "t"})
    return context, secret


def test_a_context_opens_with_its_own_cookie_only(contexts: Contexts, now: Time) -> None:
    one, first = opened(contexts, now, "p1")
    two, second = opened(contexts, now, "p2")
    assert contexts.require(one.handle, first).patient_id == "p1"
    assert contexts.require(two.handle, second).patient_id == "p2"
    for handle, secret in (
        (one.handle, second),
        (two.handle, first),
        (one.handle, None),
        (one.handle, ""),
        ("x", first),
    ):
        with pytest.raises(NoContextError):
            contexts.require(handle, secret)


@pytest.mark.parametrize("handle", ["", "é", "a" * 65, "../x", "'; DROP TABLE records; --"])
def test_an_address_that_was_never_given_opens_nothing(contexts: Contexts, now: Time, handle: str) -> None:
    _, secret = opened(contexts, now)
    with pytest.raises(NoContextError):
        contexts.require(handle, secret)


def test_idle_for_a_quarter_of_an_hour_ends_it_and_use_keeps_it(contexts: Contexts, now: Time) -> None:
    context, secret = opened(contexts, now)
    for _ in range(4):
        now.at += IDLE_S - 60
        contexts.require(context.handle, secret)
    now.at += IDLE_S + 1
    with pytest.raises(ContextExpiredError):
        contexts.require(context.handle, secret)
    with pytest.raises(NoContextError):
        contexts.require(context.handle, "another")


def test_ten_hours_end_it_however_busy(contexts: Contexts, now: Time) -> None:
    context, secret = opened(contexts, now)
    until = now.at + ABSOLUTE_S
    while now.at + 600 < until:
        now.at += 600
        contexts.require(context.handle, secret)
    now.at = until + 1
    with pytest.raises(ContextExpiredError):
        contexts.require(context.handle, secret)


def test_what_is_over_leaves_no_token_and_no_record_behind(contexts: Contexts, now: Time) -> None:
    context, _ = opened(contexts, now)
    contexts.keep_review(context, b"facts")
    now.at += IDLE_S + 1
    contexts.sweep()
    assert contexts.find_tokens(context) is None
    assert contexts.find_review(context) is None
    assert contexts.live() == 0


def test_signing_out_of_one_leaves_the_other(contexts: Contexts, now: Time) -> None:
    one, first = opened(contexts, now)
    two, second = opened(contexts, now)
    contexts.keep_review(one, b"facts")
    contexts.end(one)
    with pytest.raises(ContextExpiredError):
        contexts.require(one.handle, first)
    assert contexts.find_tokens(one) is None
    assert contexts.find_review(one) is None
    assert contexts.require(two.handle, second) == two


def decode(data: bytes) -> dict[str, str]:
    return msgspec.json.decode(data, type=dict[str, str])


def test_a_state_works_once_and_in_its_own_browser(contexts: Contexts, now: Time) -> None:
    contexts.keep_launch("state-1", "cookie-1", {"a": "b"})
    assert contexts.take_launch("state-1", "cookie-1", decode) == {"a": "b"}
    for secret in ("cookie-1", "cookie-2", None):
        with pytest.raises(AuthorizationStateError):
            contexts.take_launch("state-1", secret, decode)


@pytest.mark.parametrize("secret", ["cookie-2", "", None])
def test_a_state_in_another_browser_is_refused_and_used_up(contexts: Contexts, now: Time, secret: str | None) -> None:
    contexts.keep_launch("state-1", "cookie-1", {})
    with pytest.raises(AuthorizationStateError):
        contexts.take_launch("state-1", secret, decode)
    with pytest.raises(AuthorizationStateError):
        contexts.take_launch("state-1", "cookie-1", decode)


def test_a_launch_that_takes_longer_than_ten_minutes_starts_again(contexts: Contexts, now: Time) -> None:
    contexts.keep_launch("state-1", "cookie-1", {})
    now.at += 601
    with pytest.raises(AuthorizationStateError):
        contexts.take_launch("state-1", "cookie-1", decode)


def test_a_context_does_not_show_its_secrets(contexts: Contexts, now: Time) -> None:
    context, _ = opened(contexts, now, "patient-canary")
    shown = repr(context)
    for hidden in (context.handle, "patient-canary", context.proof, "Practitioner/1"):
        assert hidden not in shown


def test_an_administrator_ends_the_sessions_of_one_user_or_of_an_ehr_and_no_others(
    contexts: Contexts, now: Time
) -> None:
    one, first = opened(contexts, now, "p1")
    two, second = opened(contexts, now, "p2", user="Practitioner/2")
    other, third = opened(contexts, now, "p3", issuer="elsewhere")
    assert [context.handle for context in contexts.end_all("open", "Practitioner/2")] == [two.handle]
    assert contexts.find_tokens(two) is None
    with pytest.raises(ContextExpiredError):
        contexts.require(two.handle, second)
    assert contexts.require(one.handle, first).patient_id == "p1"
    assert contexts.end_all("open", "Practitioner/3") == ()
    assert [context.handle for context in contexts.end_all("open")] == [one.handle]
    assert contexts.require(other.handle, third).patient_id == "p3"
