"""
Launch contexts and launches under way: one record a launch, opened only with the proof that one browser holds.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from smart_app.errors import AuthorizationStateError, ContextExpiredError, NoContextError, UnreadableRecordError
from smart_app.storage.engine import Store

IDLE_S = 15 * 60.0
ABSOLUTE_S = 10 * 3600.0
LAUNCH_S = 600.0
KNOWN_AFTER_S = 3600.0
TOUCH_EVERY_S = 20.0
CONTEXT, TOKENS, REVIEW, LAUNCH, KNOWN = "context", "tokens", "review", "launch", "known"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LaunchContext:
    """
    One launch: who is signed in, for which patient, at which EHR, with which rights.

    `issuer` is the slug of the registry row. `proof` is the SHA-256 of the cookie's value. `started_at` and `ends_at`
    (the absolute end) are seconds since the epoch. `fhir_user` is None where the EHR does not say; `subject` is the
    id_token's. `need_patient_banner` false: the EHR shows its own. `fhir_context`: further references of the launch.
    """

    handle: str = field(repr=False)
    issuer: str
    base_url: str
    patient_id: str = field(repr=False)
    fhir_user: str | None = field(repr=False)
    subject: str = field(repr=False)
    scopes: tuple[str, ...]
    proof: str = field(repr=False)
    started_at: float
    ends_at: float
    user_name: str = field(default="", repr=False)
    encounter_id: str | None = field(default=None, repr=False)
    intent: str = ""
    fhir_context: tuple[str, ...] = field(default=(), repr=False)
    need_patient_banner: bool = True
    standalone: bool = False

    @property
    def launched_at(self) -> datetime:
        """When the launch began (UTC)."""
        return datetime.fromtimestamp(self.started_at, UTC)

    @property
    def id(self) -> str:
        """What the store knows the context by: tells nothing of the handle."""
        return sha256(self.handle)

    @property
    def binding(self) -> tuple[str, ...]:
        """What its records are encrypted for."""
        return (self.issuer, self.patient_id)

    @property
    def cookie_tag(self) -> str:
        """The part of its cookie's name that tells it from the cookies of other launches."""
        return self.id[:8]


def sha256(text: str) -> str:
    """Hex digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def new_handle() -> str:
    """An unguessable address, 128 bits; in hex, as it stands on pages, where base64 can read like a token ("eyJ")."""
    return secrets.token_hex(16)


def new_secret() -> str:
    """An unguessable proof, 256 bits."""
    return secrets.token_urlsafe(32)


class Contexts:
    """Keeps, finds and ends contexts."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def keep_launch(self, state: str, browser_secret: str, request: object) -> None:
        """Keep a launch under way until its callback; `browser_secret` is the value of the cookie that began it."""
        value = msgspec.json.encode({"proof": sha256(browser_secret), "request": request})
        self.store.put(LAUNCH, sha256(state), value, expires_at=self.store.now() + LAUNCH_S)

    def take_launch(self, state: str, browser_secret: str | None, decode: Callable[[bytes], T]) -> T:
        """
        The launch of a `state`, once: it is gone afterwards, also when the browser is another.

        Raises:
            AuthorizationStateError: unknown, used, expired, or begun in another browser.
        """
        kept = self.store.get(LAUNCH, sha256(state))
        if kept is None or not self.store.delete(LAUNCH, sha256(state)):
            raise AuthorizationStateError("the launch is unknown, was used, or took too long")
        parts = msgspec.json.decode(kept.value, type=dict[str, msgspec.Raw])
        proof = msgspec.json.decode(parts["proof"], type=str)
        if browser_secret is None or not hmac.compare_digest(proof, sha256(browser_secret)):
            raise AuthorizationStateError("the launch was begun in another browser")
        return decode(bytes(parts["request"]))

    def open(self, context: LaunchContext, tokens: object) -> None:
        """Keep a new context with its tokens, both or neither."""
        expires_at = min(context.ends_at, self.store.now() + IDLE_S)
        with self.store.transaction() as connection:
            self.store.put(
                CONTEXT,
                context.id,
                msgspec.json.encode(context),
                expires_at=expires_at,
                owner=context.id,
                connection=connection,
            )
            self.store.put(
                TOKENS,
                context.id,
                msgspec.json.encode(tokens),
                *context.binding,
                expires_at=context.ends_at,
                owner=context.id,
                connection=connection,
            )
            # Outlives the context, so that a page can say "ended" and not "unknown": the digest of a cookie, no more.
            self.store.put(
                KNOWN,
                context.id,
                context.proof.encode(),
                expires_at=context.ends_at + KNOWN_AFTER_S,
                connection=connection,
            )

    def require(self, handle: str, browser_secret: str | None) -> LaunchContext:
        """
        The context of a handle, if the cookie proves it; counts as activity.

        Raises:
            NoContextError: unknown handle, or the cookie is missing or wrong.
            ContextExpiredError: it ended.
        """
        if not handle.isascii() or len(handle) > 64:
            raise NoContextError("no such launch")
        context_id = sha256(handle)
        try:
            kept = self.store.get(CONTEXT, context_id)
        except UnreadableRecordError as error:
            raise NoContextError("the launch's record cannot be read") from error
        if kept is None:
            known = self.store.get(KNOWN, context_id)
            if known is not None and browser_secret and known.value.decode() == sha256(browser_secret):
                raise ContextExpiredError("the launch has ended")
            raise NoContextError("no such launch")
        context = msgspec.json.decode(kept.value, type=LaunchContext)
        if browser_secret is None or not hmac.compare_digest(context.proof, sha256(browser_secret)):
            raise NoContextError("the browser does not hold the proof of this launch")
        now = self.store.now()
        if kept.expires_at - now < IDLE_S - TOUCH_EVERY_S:
            self.store.touch(CONTEXT, context_id, min(context.ends_at, now + IDLE_S))
        return context

    def find_by_tag(self, tag: str, browser_secret: str) -> LaunchContext | None:
        """A live context by the tag of its cookie, if the cookie proves it; None otherwise."""
        for context_id in self.store.ids(CONTEXT):
            kept = self.store.get(CONTEXT, context_id) if context_id.startswith(tag) else None
            context = msgspec.json.decode(kept.value, type=LaunchContext) if kept else None
            if context is not None and hmac.compare_digest(context.proof, sha256(browser_secret)):
                return context
        return None

    def end(self, context: LaunchContext) -> None:
        """End a context: its tokens and what was read of the patient are gone at once."""
        self.store.delete_owned(context.id)

    def end_all(self, issuer: str, user: str = "") -> tuple[LaunchContext, ...]:
        """
        End every live context of an issuer, or of one of its users (`Practitioner/17`); returns those that ended.

        Raises:
            StoreError: the store cannot be used; some may be left.
        """
        ended = []
        for context_id in self.store.ids(CONTEXT):
            kept = self.store.get(CONTEXT, context_id)
            context = msgspec.json.decode(kept.value, type=LaunchContext) if kept is not None else None
            if context is not None and context.issuer == issuer and user in ("", context.fhir_user, context.subject):
                self.end(context)
                ended.append(context)
        return tuple(ended)

    def sweep(self) -> int:
        """End every context whose time has passed and purge what is over; returns how many records went."""
        gone = 0
        for kind in (TOKENS, REVIEW):
            live = set(self.store.ids(CONTEXT))
            for owner in self.store.ids(kind):
                if owner not in live:
                    gone += self.store.delete_owned(owner)
        return gone + self.store.purge()

    def live(self) -> int:
        """How many contexts are open."""
        return self.store.count(CONTEXT)

    def keep_review(self, context: LaunchContext, value: bytes) -> None:
        """Keep what was read and concluded for a context, as long as the context may live."""
        self.store.put(REVIEW, context.id, value, *context.binding, expires_at=context.ends_at, owner=context.id)

    def find_review(self, context: LaunchContext) -> bytes | None:
        """What was kept by `keep_review`, or None."""
        kept = self.store.get(REVIEW, context.id, *context.binding)
        return kept.value if kept is not None else None

    def find_tokens(self, context: LaunchContext) -> tuple[bytes, int] | None:
        """The tokens as kept, with the version of their record; None when there are none."""
        kept = self.store.get(TOKENS, context.id, *context.binding)
        return (kept.value, kept.version) if kept is not None else None

    def replace_tokens(self, context: LaunchContext, tokens: object, version: int) -> bool:
        """Keep new tokens if nobody else did since `version`."""
        value = msgspec.json.encode(tokens)
        kept = self.store.put(
            TOKENS,
            context.id,
            value,
            *context.binding,
            expires_at=context.ends_at,
            owner=context.id,
            expected_version=version,
        )
        return kept is not None
