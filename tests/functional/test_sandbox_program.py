"""`python -m sandbox` as a program, its keys over HTTP, and its speed with large charts."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import requests
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from sandbox.browserless import Exchange, authorize, fhir_session, launch_of, sign_in
from sandbox.testing import start_sandbox
from tests.support.tiny_charts import AS_OF, CALLBACK, TinyPatient, tiny_patients


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def started(repository: Path, folder: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    environment = {
        **os.environ,
        "SANDBOX_PORT": str(port),
        "SANDBOX_STORE": str(folder / "deep" / "sandbox.db"),
        "AFTERCARE_AS_OF": "2026-11-25",
    }
    command = [sys.executable, "-m", "sandbox"]
    process = subprocess.Popen(
        command, cwd=repository, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=10)


def test_it_serves_until_it_is_told_to_end_and_says_when_the_port_is_taken(repository: Path, tmp_path: Path) -> None:
    port = free_port()
    with started(repository, tmp_path, port) as first:
        assert first.stdout is not None
        assert first.stdout.readline().strip() == f"Sandbox EHR on http://127.0.0.1:{port}"
        assert requests.get(f"http://127.0.0.1:{port}/patients", timeout=10).json()
        with started(repository, tmp_path, port) as second:
            words, _ = second.communicate(timeout=30)
            assert (second.returncode, "SANDBOX_PORT" in words, "Traceback" in words) == (2, True, False)
        first.send_signal(signal.SIGTERM)
        assert first.wait(timeout=10) == 0


@contextmanager
def key_server(keys: KeySet) -> Iterator[str]:
    body = json.dumps(keys.as_dict(private=False)).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/.well-known/jwks.json" else 404)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_the_keys_of_the_demo_client_are_read_from_the_app() -> None:
    key = ECKey.generate_key("P-384", {"kid": "app-key"})
    with key_server(KeySet([key])) as app_url, start_sandbox(app_url=app_url, patients=tiny_patients) as sandbox:
        iss, launch = launch_of(sandbox.launch_url("tiny"))
        exchange = Exchange(iss, client_id="aftercare-demo-jwt", redirect_uri=f"{app_url}/callback/open")
        location = authorize(exchange, launch)
        url = exchange.configuration["token_endpoint"]
        claims = {
            "iss": exchange.client_id,
            "sub": exchange.client_id,
            "aud": url,
            "exp": int(time.time()) + 60,
            "jti": "a",
        }
        form = {
            **exchange.token_form(location.partition("code=")[2].partition("&")[0]),
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": jwt.encode({"alg": "ES384", "kid": "app-key"}, claims, key, algorithms=["ES384"]),
        }
        assert requests.post(url, form, timeout=10).json()["patient"] == "tiny"


def test_a_large_chart_comes_in_large_pages_and_many_requests_are_answered_at_once() -> None:
    large = [TinyPatient("large", "Lavinia Quorndale", results=4000)]
    with start_sandbox(patients=lambda _: large, as_of=AS_OF) as sandbox:
        token = sign_in(sandbox.launch_url("large"), CALLBACK)
        session = fhir_session(token)
        started = time.monotonic()
        url, count = f"{token['iss']}/Observation?patient=large&category=laboratory&_sort=-date&_count=1000", 0
        while url:
            bundle = session.get(url, timeout=20).json()
            count += len(bundle["entry"])
            url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), "")
        assert count == 4000
        with ThreadPoolExecutor(16) as pool:
            statuses = list(
                pool.map(lambda _: session.get(f"{token['iss']}/Condition?patient=large", timeout=20), range(32))
            )
        assert {answer.status_code for answer in statuses} == {200}
        # Generous: this says that nothing is quadratic, not how fast the machine is.
        assert time.monotonic() - started < 60
