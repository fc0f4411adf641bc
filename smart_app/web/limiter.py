"""
How often one address may launch: a bucket of tokens an address, bounded in number, so that memory does not grow.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

MOST_ADDRESSES = 10_000


class RateLimiter:
    """
    Lets `per_minute` requests of one address through, on average, with bursts of a quarter of that.

    Generous by default: a whole hospital may stand behind one address (hazard T29). One a process.
    """

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        self._rate = per_minute / 60.0
        self._burst = max(10.0, per_minute / 4.0)
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def allows(self, address: str) -> bool:
        """Whether one more request of this address is fine; counts it if so."""
        now = self._monotonic()
        with self._lock:
            tokens, at = self._buckets.pop(address, (self._burst, now))
            tokens = min(self._burst, tokens + max(0.0, now - at) * self._rate)
            allowed = tokens >= 1.0
            self._buckets[address] = (tokens - 1.0 if allowed else tokens, now)
            while len(self._buckets) > MOST_ADDRESSES:
                self._buckets.popitem(last=False)
        return allowed
