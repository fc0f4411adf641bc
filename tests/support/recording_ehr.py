"""
A FHIR server and authorization server for tests that writes down every request and proves nothing itself.

What a SMART client must send is read from what arrived here, so no code of the sandbox vouches for the app.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

PATIENT = "recorded-patient"
SCOPES = "launch openid fhirUser online_access patient/Patient.rs patient/Condition.rs patient/Observation.rs"


@dataclass(frozen=True)
class Recorded:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: str

    @property
    def form(self) -> dict[str, str]:
        """A form body; each field once."""
        return {name: values[0] for name, values in parse_qs(self.body, keep_blank_values=True).items()}

    @property
    def basic(self) -> str:
        """What HTTP Basic carries, empty without."""
        kind, _, value = self.headers.get("authorization", "").partition(" ")
        return base64.b64decode(value).decode() if kind == "Basic" else ""


@dataclass
class RecordingEhr:
    """
    Answers enough for a launch. `token_changes` and `configuration_changes` alter what it says; None leaves a member
    out.

    `records` answers FHIR requests by path; what is not in it is an empty Bundle.
    """

    url: str = ""
    requests: list[Recorded] = field(default_factory=list)
    token_changes: dict[str, Any] = field(default_factory=dict)
    configuration_changes: dict[str, Any] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)
    nonce: str = ""
    client_id: str = ""
    refreshes: int = 0
    refresh_lifetime_s: int = 3600
    key: RSAKey = field(default_factory=lambda: _ehr_key())

    def of(self, path: str) -> list[Recorded]:
        """Requests whose path ends so, oldest first."""
        return [request for request in self.requests if request.path.endswith(path)]

    def fhir(self) -> list[Recorded]:
        """Requests for data."""
        public = ("metadata", "smart-configuration")
        return [item for item in self.requests if "/fhir/" in item.path and not item.path.endswith(public)]

    def answer(self, request: Recorded) -> tuple[int, Any]:
        """Status and JSON body of an answer."""
        base = request.path.partition("/fhir")[0]
        if request.path.endswith("smart-configuration"):
            return 200, self._configuration(base)
        if request.path.endswith("/token"):
            return 200, self._tokens(request)
        if request.path.endswith("/revoke"):
            return 200, {}
        if request.path.endswith("/jwks"):
            return 200, {"keys": [self.key.as_dict(private=False)]}
        if request.path.endswith("/metadata"):
            return 200, _capability()
        return 200, self._data(request)

    def _configuration(self, base: str) -> dict[str, Any]:
        here = f"{self.url}{base}"
        configuration = {
            "issuer": f"{here}/fhir",
            "jwks_uri": f"{here}/jwks",
            "authorization_endpoint": f"{here}/authorize",
            "token_endpoint": f"{here}/token",
            "revocation_endpoint": f"{here}/revoke",
            "grant_types_supported": ["authorization_code"],
            "code_challenge_methods_supported": ["S256"],
            "capabilities": ["launch-ehr", "launch-standalone", "permission-v2", "sso-openid-connect"],
        }
        return _changed(configuration, self.configuration_changes)

    def _tokens(self, request: Recorded) -> dict[str, Any]:
        if request.form.get("grant_type") == "refresh_token":
            self.refreshes += 1
            return {
                "access_token": f"second-{self.refreshes}",
                "token_type": "Bearer",
                "expires_in": self.refresh_lifetime_s,
                "scope": SCOPES,
                "refresh_token": f"rotated-{self.refreshes}",
            }
        now = int(time.time())
        base = request.path.removesuffix("/token")
        claims = {
            "iss": f"{self.url}{base}/fhir",
            "aud": self.client_id,
            "sub": "user-1",
            "nonce": self.nonce,
            "iat": now,
            "exp": now + 600,
            "fhirUser": "Practitioner/recorded",
        }
        answer = {
            "access_token": "first-token",
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": SCOPES,
            "refresh_token": "first-refresh",
            "patient": PATIENT,
            "id_token": jwt.encode({"alg": "RS256", "kid": "ehr"}, claims, self.key),
        }
        return _changed(answer, self.token_changes)

    def _data(self, request: Recorded) -> dict[str, Any]:
        path = request.path.rpartition("/fhir/")[2]
        if path == f"Patient/{PATIENT}":
            return {
                "resourceType": "Patient",
                "id": PATIENT,
                "name": [{"family": "Recordington", "given": ["Ann"]}],
                "birthDate": "1960-01-02",
                "gender": "female",
            }
        found: dict[str, Any] = self.records.get(path, {"resourceType": "Bundle", "type": "searchset", "entry": []})
        return found


@contextmanager
def recording_ehr(before: Callable[[Recorded], None] = lambda _: None) -> Iterator[RecordingEhr]:
    """Serve on 127.0.0.1 until the block ends; `before` sees each request."""
    ehr = RecordingEhr()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

        def _handle(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            parts = urlsplit(self.path)
            request = Recorded(
                self.command,
                parts.path,
                parse_qs(parts.query),
                {name.lower(): value for name, value in self.headers.items()},
                self.rfile.read(length).decode(),
            )
            ehr.requests.append(request)
            before(request)
            status, body = ehr.answer(request)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _handle  # noqa: N815 - names of http.server

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    ehr.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield ehr
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()


@cache
def _ehr_key() -> RSAKey:
    """Made once a run: a key costs a second."""
    return RSAKey.generate_key(2048, {"kid": "ehr", "use": "sig"})


def _changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in {**document, **changes}.items() if value is not None}


def _capability() -> dict[str, Any]:
    types = ("Patient", "Condition", "Observation", "DocumentReference", "DiagnosticReport")
    interactions = [{"code": "read"}, {"code": "search-type"}]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "kind": "instance",
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [{"mode": "server", "resource": [{"type": name, "interaction": interactions} for name in types]}],
    }
