"""
What the use cases are given: settings, knowledge, store, clock, and the network of this process.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Protocol

from smart_app.egress import Egress
from smart_app.errors import FhirError
from smart_app.fhir.client import FhirClient
from smart_app.fhir.reading import WaysThatWork
from smart_app.fhir.transport import CONNECTIONS_PER_EHR, Limits, make_pool
from smart_app.knowledge import KnowledgeBase
from smart_app.settings import Issuer, Settings
from smart_app.smart.authorization import Authorizer
from smart_app.smart.configuration import Discovery
from smart_app.smart.endpoints import Endpoints
from smart_app.smart.id_token import IdTokenValidator
from smart_app.smart.keys import IssuerKeys, SigningKeys
from smart_app.storage.audit import AuditLog
from smart_app.storage.contexts import Contexts
from smart_app.storage.drafts import DraftStore
from smart_app.storage.engine import Store
from smart_app.storage.outbox import Outbox

CAPABILITY_S = 3600.0
CAPABILITY_FAILED_S = 60.0


class Clock(Protocol):
    """Time; made at the composition root, set by tests."""

    def now(self) -> float:
        """Seconds since the epoch."""

    def monotonic(self) -> float:
        """Seconds on a clock that nobody sets."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def today(self, issuer: Issuer) -> date:
        """The calendar day at an EHR, or the fixed one of the demo."""


class Log(Protocol):
    """Where events go; fields that are not on its list are dropped."""

    def event(self, name: str, **fields: object) -> None:
        """Write one line."""


class Network:
    """The connections, threads and caches of one process."""

    def __init__(self, settings: Settings, clock: Clock, keys: SigningKeys) -> None:
        egress = Egress(settings.private_hosts, loopback=settings.demo)
        self.pool = make_pool(settings.ca_file, egress)
        self.endpoints = Endpoints(settings.ca_file, egress)
        self.discovery = Discovery(self.endpoints.fetch_json, clock.monotonic)
        self.issuer_keys = IssuerKeys(self.endpoints.fetch_json, clock.monotonic)
        self.validator = IdTokenValidator(self.issuer_keys, clock.now)
        self.authorizer = Authorizer(self.endpoints, keys, clock.now)
        self.ways = WaysThatWork()
        self.capabilities: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._executors: dict[str, ThreadPoolExecutor] = {}
        self._lock = threading.Lock()

    def executor(self, issuer: Issuer) -> ThreadPoolExecutor:
        """Threads for one EHR: its own, so that a slow EHR does not hold up the others (F42)."""
        with self._lock:
            found = self._executors.get(issuer.slug)
            if found is None:
                found = ThreadPoolExecutor(CONNECTIONS_PER_EHR, thread_name_prefix=f"ehr-{issuer.slug}")
                self._executors[issuer.slug] = found
            return found

    def close(self) -> None:
        """End threads and connections."""
        for executor in self._executors.values():
            executor.shutdown(wait=False, cancel_futures=True)
        self.pool.clear()


@dataclass(frozen=True)
class Services:
    """Everything a use case may need; made once, at the composition root."""

    settings: Settings
    knowledge: KnowledgeBase
    store: Store
    contexts: Contexts
    clock: Clock
    signing_keys: SigningKeys
    log: Log
    drafts: DraftStore
    outbox: Outbox
    audit: AuditLog
    limits: Limits = field(default_factory=Limits)
    _networks: dict[int, Network] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def plan_definition(self) -> str:
        """Canonical of our rule set."""
        return f"{self.settings.public_url}/fhir/PlanDefinition/aftercare"

    @property
    def network(self) -> Network:
        """This process's network, made on first use: sockets and threads do not survive the fork of a worker."""
        process = os.getpid()
        found = self._networks.get(process)
        if found is None:
            with self._lock:
                found = self._networks.get(process)
                if found is None:
                    found = Network(self.settings, self.clock, self.signing_keys)
                    self._networks[process] = found
        return found

    def issuer(self, slug: str) -> Issuer:
        """The registry row of a context; a row that was taken out of the registry raises KeyError."""
        issuer = self.settings.issuer_of(slug)
        if issuer is None:
            raise KeyError(slug)
        return issuer

    def instant(self) -> datetime:
        """Now, in UTC."""
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def anonymous_client(self, issuer: Issuer) -> FhirClient:
        """A client that holds no token: for the CapabilityStatement."""
        return FhirClient(issuer.iss, str, self.network.pool, self.clock, self.limits)

    def capability(self, issuer: Issuer) -> Mapping[str, Any]:
        """
        What the server says of itself, shortened, kept for an hour; empty when it cannot be read.

        A CapabilityStatement can be a megabyte; what the app asks of it is kept and the rest dropped.
        """
        kept = self.network.capabilities.get(issuer.slug)
        if kept is not None:
            age = self.clock.monotonic() - kept[0]
            if age < (CAPABILITY_S if kept[1] else CAPABILITY_FAILED_S):
                return kept[1]
        try:
            shortened = shorten_capability(self.anonymous_client(issuer).capability())
        except FhirError as error:
            self.log.event("capability-not-read", issuer=issuer.slug, error=type(error).__name__)
            shortened = {}
        self.network.capabilities[issuer.slug] = (self.clock.monotonic(), shortened)
        return shortened


def shorten_capability(statement: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of a CapabilityStatement that decide what can be read and written, in its own shape."""
    kept: dict[str, Any] = {
        name: statement[name] for name in ("resourceType", "fhirVersion", "format") if name in statement
    }
    software = statement.get("software")
    if isinstance(software, dict):
        kept["software"] = {name: software[name] for name in ("name", "version") if isinstance(software.get(name), str)}
    kept["rest"] = [_shorten_rest(rest) for rest in _dicts(statement.get("rest"))]
    return kept


def _shorten_rest(rest: Mapping[str, Any]) -> dict[str, Any]:
    rows = []
    for row in _dicts(rest.get("resource")):
        short: dict[str, Any] = {
            name: row[name]
            for name in ("type", "versioning", "readHistory", "updateCreate", "conditionalCreate", "conditionalUpdate")
            if name in row
        }
        short["interaction"] = [{"code": each.get("code")} for each in _dicts(row.get("interaction"))]
        short["searchParam"] = [{"name": each.get("name")} for each in _dicts(row.get("searchParam"))]
        rows.append(short)
    return {
        "mode": rest.get("mode", "server"),
        "resource": rows,
        "interaction": [{"code": each.get("code")} for each in _dicts(rest.get("interaction"))],
    }


def _dicts(value: object) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


@dataclass(frozen=True)
class SystemTime:
    """The machine's clocks; `day` gives the calendar day at an EHR."""

    day: Callable[[Issuer], date]
    wall: Callable[[], float] = time.time

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.wall()

    def monotonic(self) -> float:
        """Seconds on a clock that nobody sets."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def today(self, issuer: Issuer) -> date:
        """The calendar day at an EHR, or the fixed one of the demo."""
        return self.day(issuer)
