"""A FHIR client before a server that answers as a test says, with a clock whose waiting takes no time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from smart_app.fhir.client import FhirClient
from smart_app.fhir.transport import Limits, make_pool
from tests.support.scripted_server import Asked, Reply, ScriptedServer

PATIENT = {"resourceType": "Patient", "id": "p1"}


@dataclass
class Waits:
    """A clock whose waiting takes no time."""

    waited: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return time.monotonic() + sum(self.waited)

    def now(self) -> float:
        return time.time()

    def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


def client(server: ScriptedServer, waits: Waits, **more: Any) -> FhirClient:
    limits = more.pop("limits", Limits())
    return FhirClient(f"{server.url}/fhir", lambda: "tok-1", make_pool(), waits, limits, jitter=lambda: 1.0, **more)


def in_turn(*replies: Reply) -> Callable[[Asked], Reply]:
    left = list(replies)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


def bundle(*resources: dict[str, Any], next_url: str = "", total: int | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {
        "resourceType": "Bundle",
        "type": "searchset",
        "entry": [{"resource": r} for r in resources],
    }
    if next_url:
        made["link"] = [{"relation": "next", "url": next_url}]
    if total is not None:
        made["total"] = total
    return made
