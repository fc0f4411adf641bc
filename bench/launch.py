"""
From the callback request to the last byte of the page: 200 resources, 50 ms added to each answer of the EHR, warm.

Beside it, in the same run, what no app can avoid: one token request and the slowest single FHIR request.
"""

from __future__ import annotations

import base64
import os
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from bench.figure import Figure
from sandbox.browserless import Exchange, authorize, fhir_session, launch_of
from sandbox.patients import sample_patients
from sandbox.testing import RunningSandbox, start_sandbox
from smart_app.fhir.queries import QUERIES

ROOT = Path(__file__).resolve().parent.parent
PATIENT, RESOURCES, LATENCY_MS, ROUNDS, LIMIT = "varkonyi", 200, 50, 9, 2.5


@dataclass(frozen=True)
class PaddedPatient:
    """A sample patient with further laboratory results, up to a number of resources."""

    id: str
    name: str
    story: str
    resources: tuple[dict[str, Any], ...]

    def iter_resources(self) -> Iterable[dict[str, Any]]:
        """All resources."""
        return iter(self.resources)


def measure() -> Iterator[Figure]:
    """The ratio of one launch to the physical limit."""
    with start_sandbox(patients=_padded) as sandbox, _app(sandbox) as app_url:
        sandbox.use_app(app_url)
        _launch(sandbox, app_url)
        _launch(sandbox, app_url)
        sandbox.set_faults({"kind": "latency", "latency_ms": LATENCY_MS, "on": "any"})
        ours, token, slowest = [], [], []
        for _ in range(ROUNDS):
            ours.append(_launch(sandbox, app_url))
            seconds, slow = _physical(sandbox, app_url)
            token.append(seconds)
            slowest.append(slow)
    page, floor = statistics.median(ours), statistics.median(token) + statistics.median(slowest)
    print(
        f"  launch: page {page * 1000:.0f} ms; token {statistics.median(token) * 1000:.0f} ms, "
        f"slowest request {statistics.median(slowest) * 1000:.0f} ms",
        file=sys.stderr,
    )
    yield Figure("callback to last byte of the page, over token + slowest request", page / floor, LIMIT)


def _padded(as_of: date) -> list[PaddedPatient]:
    sample = next(patient for patient in sample_patients(as_of) if patient.id == PATIENT)
    resources = list(sample.resources)
    while len(resources) < RESOURCES:
        number = len(resources)
        resources.append(
            {
                "resourceType": "Observation",
                "id": f"{PATIENT}-pad-{number}",
                "status": "final",
                "category": [
                    {
                        "coding": [
                            {
                                "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                                "code": "laboratory",
                            }
                        ]
                    }
                ],
                "code": {"coding": [{"system": "http://loinc.org", "code": "718-7", "display": "Hemoglobin"}]},
                "subject": {"reference": f"Patient/{PATIENT}"},
                "effectiveDateTime": f"{as_of.year - 1 - number % 5}-0{1 + number % 9}-15",
                "valueQuantity": {"value": 13.2, "unit": "g/dL", "system": "http://unitsofmeasure.org", "code": "g/dL"},
            }
        )
    return [PaddedPatient(sample.id, sample.name, sample.story, tuple(resources))]


@contextmanager
def _app(sandbox: RunningSandbox) -> Iterator[str]:
    """The app under gunicorn, as it ships, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="aftercare-bench-") as folder:
        registry = Path(folder) / "registry.toml"
        template = (ROOT / "sandbox" / "registry.toml").read_text(encoding="utf-8")
        registry.write_text(template.replace("http://127.0.0.1:9000", sandbox.url), encoding="utf-8")
        port = _free_port()
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AFTERCARE_")},
            "AFTERCARE_MODE": "demo",
            "AFTERCARE_PORT": str(port),
            "AFTERCARE_REGISTRY": str(registry),
            "AFTERCARE_STORE": f"sqlite:///{folder}/bench.db",
            "AFTERCARE_SECRET_KEY": secrets.token_urlsafe(48),
            "AFTERCARE_DATA_KEYS": f"bench:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}",
        }
        server = subprocess.Popen(
            [sys.executable, "-m", "smart_app", "serve"], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait(f"{url}/readyz", server)
            yield url
        finally:
            server.terminate()
            server.wait(timeout=40)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the app did not start")


def _launch(sandbox: RunningSandbox, app_url: str) -> float:
    """Seconds from the callback request to the last byte of the page that follows."""
    with requests.Session() as browser:
        url = sandbox.launch_url(PATIENT)
        while "/callback/" not in url:
            answer = browser.get(url, allow_redirects=False, timeout=30)
            location = answer.headers["Location"]
            url = location if location.startswith("http") else app_url + location
        began = time.perf_counter()
        page = browser.get(url, timeout=60)
        seconds = time.perf_counter() - began
    if page.status_code != 200 or "data-fact" not in page.text:
        raise RuntimeError(f"the launch ended with {page.status_code}")
    return seconds


def _physical(sandbox: RunningSandbox, app_url: str) -> tuple[float, float]:
    """Seconds of one token request, and of the slowest of the app's searches when each is sent alone."""
    iss, launch = launch_of(sandbox.launch_url(PATIENT))
    exchange = Exchange(iss, redirect_uri=f"{app_url}/callback/open")
    endpoint = exchange.configuration["token_endpoint"]
    code = parse_qs(urlsplit(authorize(exchange, launch)).query)["code"][0]
    slowest = 0.0
    with requests.Session() as session:
        # The connection is made before, as the app's is.
        session.get(f"{iss}/.well-known/smart-configuration", timeout=30)
        began = time.perf_counter()
        token = session.post(endpoint, data=exchange.token_form(code), timeout=30).json()
        seconds = time.perf_counter() - began
    with fhir_session(token) as session:
        session.get(f"{iss}/Patient/{PATIENT}", timeout=30)
        for query in QUERIES:
            params = {name: value.replace("{patient}", PATIENT) for name, value in query.ways[0][0].items()}
            began = time.perf_counter()
            session.get(f"{iss}/{query.resource_type}", params=params, timeout=30)
            slowest = max(slowest, time.perf_counter() - began)
    return seconds, slowest


if __name__ == "__main__":
    for figure in measure():
        print(figure.name, figure.shown, figure.verdict)
