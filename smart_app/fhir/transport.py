"""
One HTTP exchange with a FHIR server: deadlines that also end a slow drip, sizes, and which failures may pass.
"""

from __future__ import annotations

import email.utils
import random
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, SSLError
from urllib3.exceptions import TimeoutError as HttpTimeoutError

from smart_app.egress import ON_THIS_MACHINE, REFUSED, Egress, RefusedAddressError, guard
from smart_app.errors import PermanentFhirError, TemporaryFhirError, TooLargeError, UnknownOutcomeError

CONNECTIONS_PER_EHR = 8
CHUNK = 1 << 16


@dataclass(frozen=True, slots=True)
class Limits:
    """
    What one launch may cost (hazard T15). Bytes are counted after decompression, seconds on a clock nobody sets.
    """

    connect_s: float = 3.0
    read_s: float = 10.0
    total_s: float = 25.0
    answer_bytes: int = 10 * 1024 * 1024
    launch_bytes: int = 300 * 1024 * 1024
    launch_entries: int = 150_000
    pages_per_search: int = 1000
    tries: int = 3
    backoff_s: float = 0.3
    backoff_cap_s: float = 4.0
    retry_after_cap_s: float = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: status, headers (names in lower case) and decoded body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A header, empty when it is not there."""
        return self.headers.get(name, "")


class Clock(Protocol):
    """What the transport needs to know of time."""

    def monotonic(self) -> float:
        """Seconds on a clock that nobody sets."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass
class Budget:
    """What is left of one launch's or page's allowance; shared by all its searches, safe for threads."""

    limits: Limits
    clock: Clock
    deadline: float = 0.0
    bytes_read: int = 0
    entries: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.deadline = self.deadline or self.clock.monotonic() + self.limits.total_s

    def remaining_s(self) -> float:
        """Seconds until the page's deadline."""
        return self.deadline - self.clock.monotonic()

    def spend_bytes(self, count: int) -> None:
        """
        Count decoded bytes.

        Raises:
            TooLargeError: the launch has read more than it may.
        """
        with self._lock:
            self.bytes_read += count
            if self.bytes_read > self.limits.launch_bytes:
                raise TooLargeError("the record is too large to read in full")

    def spend_entries(self, count: int) -> None:
        """
        Count entries of search pages.

        Raises:
            TooLargeError: the launch has read more than it may.
        """
        with self._lock:
            self.entries += count
            if self.entries > self.limits.launch_entries:
                raise TooLargeError("the record has too many entries to read in full")


def make_pool(ca_file: str = "", egress: Egress = ON_THIS_MACHINE) -> urllib3.PoolManager:
    """The process's connections to FHIR servers: eight an EHR, verified TLS, no redirects, no retries of its own."""
    manager = urllib3.PoolManager(
        num_pools=64,
        maxsize=CONNECTIONS_PER_EHR,
        block=True,
        retries=False,
        cert_reqs="CERT_REQUIRED",
        ca_certs=ca_file or None,
        ca_cert_dir=None if ca_file else ssl.get_default_verify_paths().capath,
        ssl_minimum_version=ssl.TLSVersion.TLSv1_2,
    )
    return guard(manager, egress)


def exchange(
    pool: urllib3.PoolManager,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    budget: Budget,
) -> Answer:
    """
    Send one request and read its whole answer, within the limits.

    Raises:
        TemporaryFhirError: no connection, a time-out, or an answer that broke off.
        UnknownOutcomeError: the same after a write was sent.
        PermanentFhirError: TLS does not hold, or the address is not allowed.
        TooLargeError: the answer is larger than allowed.
    """
    limits, remaining = budget.limits, budget.remaining_s()
    if remaining <= 0:
        raise TemporaryFhirError("timed out: the time for this page is used up")
    timeout = urllib3.Timeout(connect=min(limits.connect_s, remaining), read=min(limits.read_s, remaining))
    lost = TemporaryFhirError if method == "GET" else UnknownOutcomeError
    try:
        response = pool.request(
            method, url, headers=dict(headers), body=body, timeout=timeout, redirect=False, preload_content=False
        )
    except SSLError as error:
        raise PermanentFhirError("the secure connection to the EHR does not hold") from error
    except RefusedAddressError as error:
        raise PermanentFhirError(f"the EHR is not asked: {REFUSED}") from error
    except (NewConnectionError, ConnectTimeoutError) as error:
        raise TemporaryFhirError("no connection to the EHR") from error
    except HttpTimeoutError as error:
        raise lost("timed out: no answer from the EHR") from error
    except HTTPError as error:
        raise lost("the connection to the EHR broke") from error
    whole = False
    try:
        body_read = _read(response, budget)
        whole = True
        return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, body_read)
    except HttpTimeoutError as error:
        raise lost("timed out: the answer did not come to its end") from error
    except (HTTPError, OSError) as error:
        raise lost("the answer broke off") from error
    except _DripError as error:
        raise lost("timed out: the answer came too slowly") from error
    finally:
        # What was not read to its end must not be given to the next request.
        if not whole:
            response.close()
        response.release_conn()


class _DripError(Exception):
    """The answer is still coming when its time is over."""


def _read(response: urllib3.BaseHTTPResponse, budget: Budget) -> bytes:
    # `read1` returns what one read of the socket gave, so that a server that drips a byte a second meets the deadline.
    limits = budget.limits
    ends_at = min(budget.deadline, budget.clock.monotonic() + limits.read_s)
    body = bytearray()
    while chunk := response.read1(CHUNK, decode_content=True):
        body += chunk
        if len(body) > limits.answer_bytes:
            raise TooLargeError("an answer of the EHR is too large")
        budget.spend_bytes(len(chunk))
        if budget.clock.monotonic() > ends_at:
            raise _DripError
    return bytes(body)


def retry_delay(attempt: int, retry_after_s: float | None, limits: Limits, jitter: Callable[[], float]) -> float | None:
    """Seconds to wait before the next try, or None when the server asks for more than we wait."""
    if retry_after_s is not None:
        return retry_after_s if retry_after_s <= limits.retry_after_cap_s else None
    return jitter() * min(limits.backoff_cap_s, limits.backoff_s * float(2**attempt))


def read_retry_after(value: str, now: float) -> float | None:
    """Seconds of a Retry-After header (a number or an HTTP date), None where it says nothing usable."""
    text = value.strip()
    if text.isascii() and text.isdigit() and len(text) < 10:
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None
    return max(0.0, moment.timestamp() - now)


def full_jitter() -> float:
    """A number from 0 to 1, so that many clients do not come back in step."""
    return random.random()  # noqa: S311 - spreads retries, protects nothing
