"""
Five small FHIR servers on 127.0.0.1, for the tests of saving: the first conforms, the others err as real ones do.

They hold resources in memory, know nothing of the app, and take their time from the test.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

IF_MATCH_IS_REQUIRED = {
    "resourceType": "OperationOutcome",
    "issue": [{"severity": "error", "code": "required", "diagnostics": "An If-Match header is required."}],
}
TYPES = ("CarePlan", "Goal", "DocumentReference", "Provenance")
READ_ONLY = ("Condition", "Observation", "PractitionerRole", "Patient", "Binary")


@dataclass(frozen=True)
class Manners:
    """How a server behaves; the defaults conform."""

    name: str = "conforming"
    honours_if_none_exist: bool = True
    honours_if_match: bool = True
    replicas: int = 1
    search_lag_s: float = 0.0
    loses_answers: bool = False
    conflict_status: int = 412
    empty_create_body: bool = False
    create_location: bool = True
    versions: bool = True
    versions_in_body: bool = True
    asks_for_if_match: int = 0
    alter: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    writable: tuple[str, ...] = TYPES
    refuse: Callable[[dict[str, Any]], tuple[int, dict[str, Any] | None] | None] | None = None


CONFORMING = Manners()
IGNORES_IF_NONE_EXIST = Manners("ignores If-None-Exist", honours_if_none_exist=False)
RACY = Manners("racy: two replicas that meet only after the next write", replicas=2)
ACTS_THEN_TIMES_OUT = Manners("acts and then times out", loses_answers=True)
SEARCH_LAGS = Manners("search lags 5 s", search_lag_s=5.0)
FIVE = (CONFORMING, IGNORES_IF_NONE_EXIST, RACY, ACTS_THEN_TIMES_OUT, SEARCH_LAGS)


@dataclass
class Row:
    """One resource: its versions, when it came, and on which replicas it is known."""

    versions: list[dict[str, Any]]
    at: float
    replicas: set[int]

    @property
    def now(self) -> dict[str, Any]:
        """The present version."""
        return self.versions[-1]


@dataclass
class FakeEhr:
    """A running server and its record. `lose` counts coming writes whose answer is lost; `drop` those not even done."""

    manners: Manners
    url: str = ""
    now: Callable[[], float] = time.monotonic
    rows: dict[str, Row] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    lose: int = 0
    drop: int = 0
    fail: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    fail_reads: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    before_answer: Callable[[], None] | None = None
    lock: threading.RLock = field(default_factory=threading.RLock)
    _next_id: int = 1000
    _writes: int = 0

    def put(self, resource: dict[str, Any]) -> None:
        """Something that is in the record from the start, or that a colleague writes."""
        key = f"{resource['resourceType']}/{resource['id']}"
        with self.lock:
            row = self.rows.get(key)
            version = str(len(row.versions) + 1 if row else 1)
            stored = {**resource, "meta": {**resource.get("meta", {}), "versionId": version}}
            if row:
                row.versions.append(stored)
            else:
                self.rows[key] = Row([stored], self.now() - 3600, set(range(self.manners.replicas)))

    def all_of(self, kind: str) -> list[dict[str, Any]]:
        """Every resource of a type, whatever the searches say."""
        with self.lock:
            return [row.now for key, row in self.rows.items() if key.startswith(f"{kind}/")]

    def forget(self) -> None:
        """An empty record."""
        with self.lock:
            self.rows.clear()
            self.asked.clear()
            self.lose = self.drop = self._writes = 0
            self.fail.clear()

    def count(self, method: str, path: str = "") -> int:
        """How many requests of a kind came."""
        return sum(asked[0] == method and path in asked[1] for asked in self.asked)

    def capability(self) -> dict[str, Any]:
        """What it says of itself."""
        rows = []
        for kind in (*TYPES, *READ_ONLY):
            codes = ["read", "search-type"]
            if kind in self.manners.writable:
                codes += ["create", "update"]
            names = ["_id", "patient", "identifier", "category", "type", "target", "practitioner"]
            rows.append(
                {
                    "type": kind,
                    "interaction": [{"code": code} for code in codes],
                    "searchParam": [{"name": name} for name in names],
                    "conditionalCreate": True,
                }
            )
        return {"resourceType": "CapabilityStatement", "rest": [{"mode": "server", "resource": rows}]}

    def create(self, kind: str, resource: dict[str, Any], condition: str | None) -> tuple[int, Row]:
        """Store a new resource, or find the one that the condition names."""
        with self.lock:
            self._writes += 1
            replica = self._writes % self.manners.replicas
            if condition and self.manners.honours_if_none_exist:
                wanted = parse_qs(condition)["identifier"][0]
                found = [row for row in self._known(kind, replica) if _has_identifier(row.now, wanted)]
                if len(found) > 1:
                    raise _RefusedError(412, None)
                if found:
                    return 200, found[0]
            self._next_id += 1
            stored = {**resource, "id": str(self._next_id), "meta": {"versionId": "1"}}
            stored = self.manners.alter(stored) if self.manners.alter else stored
            # The replicas meet when the next write comes: what was written before is then known to all.
            for row in self.rows.values():
                row.replicas = set(range(self.manners.replicas))
            row = Row([stored], self.now(), {replica})
            self.rows[f"{kind}/{stored['id']}"] = row
            return 201, row

    def update(self, key: str, resource: dict[str, Any], if_match: str | None) -> Row:
        """Store a new version."""
        with self.lock:
            row = self.rows.get(key)
            if row is None:
                raise _RefusedError(404, None)
            if not if_match and self.manners.asks_for_if_match:
                raise _RefusedError(self.manners.asks_for_if_match, IF_MATCH_IS_REQUIRED)
            wanted = re.sub(r'^W/|"', "", if_match).strip('"') if if_match else None
            if wanted is not None and self.manners.honours_if_match and wanted != row.now["meta"]["versionId"]:
                raise _RefusedError(self.manners.conflict_status, None)
            stored = {**resource, "meta": {**resource.get("meta", {}), "versionId": str(len(row.versions) + 1)}}
            stored = self.manners.alter(stored) if self.manners.alter else stored
            row.versions.append(stored)
            return row

    def search(self, kind: str, query: dict[str, list[str]]) -> list[Row]:
        """What a search finds now."""
        with self.lock:
            found = []
            for row in self._known(kind, 0 if self.manners.replicas == 1 else (self._writes + 1) % 2):
                if self.now() - row.at >= self.manners.search_lag_s and _matches(row.now, query):
                    found.append(row)
            return found

    def _known(self, kind: str, replica: int) -> list[Row]:
        return [row for key, row in self.rows.items() if key.startswith(f"{kind}/") and replica in row.replicas]


class _RefusedError(Exception):
    def __init__(self, status: int, body: dict[str, Any] | None) -> None:
        super().__init__(str(status))
        self.status = status
        self.body = body


class _LostError(Exception):
    """The connection closes without an answer."""


def _has_identifier(resource: dict[str, Any], wanted: str) -> bool:
    return any(f"{entry.get('system')}|{entry.get('value')}" == wanted for entry in resource.get("identifier") or ())


def _matches(resource: dict[str, Any], query: dict[str, list[str]]) -> bool:
    for name, (value, *_) in query.items():
        if name == "identifier" and not _has_identifier(resource, value):
            return False
        if name == "patient" and (resource.get("subject") or {}).get("reference") != f"Patient/{value}":
            return False
        if name == "_id" and resource["id"] not in value.split(","):
            return False
        if name == "category" and value.partition("|")[2] not in json.dumps(resource.get("category")):
            return False
        if name == "type" and value.partition("|")[2] not in json.dumps(resource.get("type")):
            return False
        if name == "target" and not any(
            str(target.get("reference")).startswith(value) for target in resource.get("target") or ()
        ):
            return False
        if name == "practitioner" and (resource.get("practitioner") or {}).get("reference") != value:
            return False
    return True


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits 40 ms for the client's acknowledgement
    ehr: FakeEhr

    def log_message(self, format: str, *args: object) -> None:
        """Silent."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, _LostError):
            self.close_connection = True

    def do_GET(self) -> None:
        ehr, (kind, identity, query) = self.ehr, self._address()
        ehr.asked.append(("GET", self.path))
        if ehr.fail_reads:
            status, headers = ehr.fail_reads.pop(0)
            self._answer(status, None, headers)
            return
        if kind == "metadata":
            self._answer(200, ehr.capability())
        elif identity:
            row = ehr.rows.get(f"{kind}/{identity}")
            if row is None:
                self._answer(404, None)
                return
            self._answer(
                200, self._shown(row), {"ETag": f'W/"{row.now["meta"]["versionId"]}"'} if ehr.manners.versions else {}
            )
        else:
            entries = [{"resource": self._shown(found)} for found in ehr.search(kind, query)]
            self._answer(200, {"resourceType": "Bundle", "type": "searchset", "entry": entries})

    def do_POST(self) -> None:
        kind, _, _ = self._address()
        resource = self._body()
        self._write(kind, resource, lambda: self.ehr.create(kind, resource, self.headers.get("If-None-Exist")))

    def do_PUT(self) -> None:
        kind, identity, _ = self._address()
        resource = self._body()
        key = f"{kind}/{identity}"
        self._write(kind, resource, lambda: (200, self.ehr.update(key, resource, self.headers.get("If-Match"))))

    def _write(self, kind: str, resource: dict[str, Any], act: Callable[[], tuple[int, Row]]) -> None:
        ehr = self.ehr
        ehr.asked.append((self.command, self.path))
        if ehr.fail:
            status, headers = ehr.fail.pop(0)
            self._answer(status, None, headers)
            return
        if kind not in ehr.manners.writable:
            self._answer(405, None)
            return
        refused = ehr.manners.refuse(resource) if ehr.manners.refuse else None
        if refused:
            self._answer(*refused)
            return
        if ehr.drop and kind in ("CarePlan", "DocumentReference"):
            ehr.drop -= 1
            raise _LostError
        try:
            status, row = act()
        except _RefusedError as error:
            self._answer(error.status, error.body)
            return
        if ehr.before_answer is not None:
            ehr.before_answer()
        if ehr.lose and kind in ("CarePlan", "DocumentReference"):
            ehr.lose -= 1
            raise _LostError
        shown = self._shown(row)
        headers = {}
        if ehr.manners.create_location and status == 201:
            headers["Location"] = f"{ehr.url}/{kind}/{row.now['id']}"
        if ehr.manners.versions:
            headers["ETag"] = f'W/"{row.now["meta"]["versionId"]}"'
        self._answer(status, None if ehr.manners.empty_create_body else shown, headers)

    def _shown(self, row: Row) -> dict[str, Any]:
        named = self.ehr.manners.versions and self.ehr.manners.versions_in_body
        return row.now if named else {k: v for k, v in row.now.items() if k != "meta"}

    def _address(self) -> tuple[str, str, dict[str, list[str]]]:
        parts = urlsplit(self.path)
        kind, _, identity = parts.path.removeprefix("/fhir/").partition("/")
        return kind, identity, parse_qs(parts.query)

    def _body(self) -> dict[str, Any]:
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert isinstance(data, dict)
        return data

    def _answer(self, status: int, body: dict[str, Any] | None, headers: dict[str, str] | None = None) -> None:
        data = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        if data:
            self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed in the middle is what these tests are about."""


@contextmanager
def running_ehr(manners: Manners = CONFORMING, now: Callable[[], float] | None = None) -> Iterator[FakeEhr]:
    """A server on an ephemeral port, ended when the test ends."""
    ehr = FakeEhr(manners, now=now or time.monotonic)
    handler = type("Handler", (_Handler,), {"ehr": ehr})
    server = _Server(("127.0.0.1", 0), handler)
    ehr.url = f"http://127.0.0.1:{server.server_address[1]}/fhir"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield ehr
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def with_manners(manners: Manners, **changes: Any) -> Manners:
    """The same server with something else about it."""
    return replace(manners, **changes)
