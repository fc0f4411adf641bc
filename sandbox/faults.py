"""
The fault switch: what goes wrong, where, and how often. Set by `POST /admin/faults`, empty at start.

A fault says `on` what it acts (see `PLACES`), of which `issuer` and resource `type` (`*` for all), of which `kind`
(see `sandbox/fault_kinds.py`), `after` how many matching requests and how many `times` (absent: until taken away).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from flask import Response

_FHIR = ("search", "read", "page", "create", "update", "delete", "bundle", "patch")
_WRITES = ("create", "update", "delete", "bundle")
PLACES = ("any", "fhir", "write", *_FHIR, "metadata", "smart-configuration", "jwks", "token", "authorize")


@dataclass
class Fault:
    """
    One fault.

    Args:
        status: HTTP status, where the kind takes one.
        latency_ms: waited before anything else.
        headers: added to the answer.
        error: OAuth error code, for `token` and `authorize`.
        words: text of the error.
        expression: FHIR path that the error names.
        values: elements to set or, with null, to remove.
    """

    kind: str = "status"
    on: str = "any"
    issuer: str = "*"
    type: str = "*"
    times: int | None = None
    after: int = 0
    status: int = 503
    latency_ms: int = 0
    seconds: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)
    severity: str = "error"
    error: str = ""
    words: str = ""
    expression: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    drop: list[str] = field(default_factory=list)
    size: int = 0
    seen: int = 0

    def meets(self, place: str, issuer: str, resource_type: str) -> bool:
        """Whether it is meant for this request."""
        places = {"any": True, "fhir": place in _FHIR, "write": place in _WRITES}
        return (
            places.get(self.on, place == self.on) and self.issuer in ("*", issuer) and self.type in ("*", resource_type)
        )


def parse_faults(body: object) -> list[Fault]:
    """
    Faults of a request: one object, a list, or `{"faults": [...]}`; `once: true` is `times: 1`.

    Raises:
        ValueError: what is wrong, in words.
    """
    from sandbox.fault_kinds import KINDS

    if isinstance(body, dict) and "faults" in body:
        body = body["faults"]
    found = []
    for item in body if isinstance(body, list) else [body]:
        if not isinstance(item, dict):
            raise ValueError("a fault is a JSON object")
        given = dict(item)
        if given.pop("once", False):
            given["times"] = 1
        unknown = set(given) - {f.name for f in fields(Fault)}
        if unknown:
            raise ValueError(f"unknown keys: {', '.join(sorted(unknown))}")
        if "kind" not in given and "latency_ms" in given and "status" not in given:
            given["kind"] = "latency"
        fault = Fault(**given)
        if fault.kind not in KINDS:
            raise ValueError(f"unknown kind {fault.kind!r}; known: {', '.join(sorted(KINDS))}")
        if fault.on not in PLACES:
            raise ValueError(f"unknown place {fault.on!r}; known: {', '.join(PLACES)}")
        found.append(fault)
    return found


class Faults:
    """The faults that are set now."""

    def __init__(self, wait: Callable[[float], None]) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()
        self.wait = wait

    def replace(self, faults: Iterable[Fault]) -> None:
        """Set these and no others."""
        with self._lock:
            self._faults = list(faults)

    def add(self, faults: Iterable[Fault]) -> None:
        """Set these besides the others."""
        with self._lock:
            self._faults.extend(faults)

    def listed(self) -> list[dict[str, Any]]:
        """What is set, with how often each was met."""
        with self._lock:
            return [asdict(fault) for fault in self._faults]

    def take(self, place: str, issuer: str, resource_type: str) -> Fault | None:
        """The first fault whose turn it is; latency is waited here."""
        waits, taken = 0, None
        with self._lock:
            for fault in self._faults:
                if (taken is not None and fault.kind != "latency") or not fault.meets(place, issuer, resource_type):
                    continue
                fault.seen += 1
                late = fault.times is not None and fault.seen > fault.after + fault.times
                if fault.seen <= fault.after or late:
                    continue
                waits += fault.latency_ms
                if fault.kind != "latency":
                    taken = fault
        if waits:
            self.wait(waits / 1000)
        return taken

    def around(self, place: str, issuer: str, resource_type: str, answer: Callable[[], Response]) -> Response:
        """The answer, or what the fault makes of it."""
        from sandbox.fault_kinds import KINDS

        fault = self.take(place, issuer, resource_type)
        return answer() if fault is None else KINDS[fault.kind](fault, answer, self.wait)
