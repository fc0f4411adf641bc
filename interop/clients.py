"""Independent SMART clients launch through the sandbox and read: fhirclient of PyPI and fhirclient of npm."""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import requests
from fhirclient.client import FHIRClient
from fhirclient.models.condition import Condition
from fhirclient.server import FHIRServer
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from interop import paths, servers
from interop.progress import Progress, StepFailedError

Proof = Callable[[str], Mapping[str, str]]
"""What a client adds to its request for a token, given the address of the token endpoint."""

APP_CLIENTS: dict[str, dict[str, str]] = {
    "none": {"client_id": "aftercare-demo", "auth_method": "none"},
    "client_secret_basic": {
        "client_id": "aftercare-demo-basic",
        "auth_method": "client_secret_basic",
        "secret_env": "INTEROP_CLIENT_SECRET",
    },
    "client_secret_post": {
        "client_id": "aftercare-demo-post",
        "auth_method": "client_secret_post",
        "secret_env": "INTEROP_CLIENT_SECRET",
    },
    "private_key_jwt": {"client_id": "aftercare-demo-jwt", "auth_method": "private_key_jwt"},
}
"""Rows of the app's registry, by the way in which it proves itself."""


def launch_url(sandbox: str, patient: str) -> str:
    """A launch of the registered app for a patient; sign-in and consent pass by themselves."""
    query = {"issuer": "open", "patient": patient, "auto": "1"}
    answer = requests.get(f"{sandbox}/launch-url", params=query, timeout=30)
    answer.raise_for_status()
    url: str = answer.json()["url"]
    return url


def launch_with_python_client(progress: Progress, addresses: servers.Addresses, patient: str) -> None:
    """The SMART client of fhirclient (PyPI), with every way to prove itself."""
    post = {"client_secret": servers.SECRETS["client_secret_post"]}
    proofs: dict[str, tuple[str, str | None, Proof | None]] = {
        "public": ("aftercare-demo", None, None),
        "client_secret_basic": ("aftercare-demo-basic", servers.SECRETS["client_secret_basic"], None),
        "client_secret_post": ("aftercare-demo-post", None, lambda _: post),
    }
    for words, (client_id, secret, proof) in proofs.items():
        with progress.step(f"fhirclient (Python), {words}"):
            _read_with_python_client(progress, addresses, patient, words, (client_id, secret, proof))
    for algorithm in ("RS384", "ES384"):
        words, jwk = f"private_key_jwt, {algorithm}", _private_key(algorithm)
        with progress.step(f"fhirclient (Python), {words}"), _publishing(addresses.app, jwk):
            signed = ("aftercare-demo-jwt", None, _assertion("aftercare-demo-jwt", jwk))
            _read_with_python_client(progress, addresses, patient, words, signed)


def _read_with_python_client(
    progress: Progress,
    addresses: servers.Addresses,
    patient: str,
    words: str,
    registered: tuple[str, str | None, Proof | None],
) -> None:
    client_id, secret, proof = registered
    settings = {
        "app_id": client_id,
        "app_secret": secret,
        "api_base": addresses.issuer,
        "redirect_uri": f"{addresses.app}/callback/open",
        "scope": "launch openid fhirUser patient/Patient.rs patient/Condition.rs",
        "launch_token": launch_url(addresses.sandbox, patient).partition("launch=")[2].partition("&")[0],
    }
    client = FHIRClient(settings=settings)
    if proof is not None:
        client.server = ProvingServer(client, addresses.issuer, proof)
    client.handle_callback(_follow_to_callback(client.authorize_url, addresses.app))
    found = Condition.where({"patient": patient}).perform_resources(client.server)
    if client.patient is None or client.patient.id != patient or not found:
        progress.problem(f"fhirclient (Python), {words}, did not read {patient}")


class ProvingServer(FHIRServer):  # type: ignore[misc] # fhirclient carries no types
    """fhirclient proves itself by Basic alone: its request for a token is sent with another proof in the form."""

    def __init__(self, client: FHIRClient, base_uri: str, proof: Proof) -> None:
        super().__init__(client, base_uri=base_uri)
        self._proof = proof

    def post_as_form(self, url: str, formdata: Mapping[str, str], auth: Any = None) -> Any:
        """The library's own request, completed."""
        return super().post_as_form(url, {**formdata, **self._proof(url)}, auth)


def _assertion(client_id: str, jwk: dict[str, Any]) -> Proof:
    def prove(token_url: str) -> dict[str, str]:
        now = int(time.time())
        claims = {"iss": client_id, "sub": client_id, "aud": token_url, "iat": now, "exp": now + 60}
        header = {"alg": jwk["alg"], "kid": jwk["kid"], "typ": "JWT"}
        key = KeySet.import_key_set({"keys": [jwk]}).keys[0]
        signed = jwt.encode(header, {**claims, "jti": secrets.token_urlsafe(16)}, key, algorithms=[jwk["alg"]])
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        return {"client_assertion_type": kind, "client_assertion": signed}

    return prove


@contextmanager
def _publishing(address: str, jwk: dict[str, Any]) -> Iterator[None]:
    """Serve the public half of a key where the registered app publishes its own."""
    key = KeySet.import_key_set({"keys": [jwk]}).keys[0]
    public = {**key.as_dict(private=False), "alg": jwk["alg"], "kid": jwk["kid"], "use": "sig"}
    public.pop("key_ops", None)

    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps({"keys": [public]}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", int(address.rpartition(":")[2])), Keys) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def launch_with_node_client(progress: Progress, addresses: servers.Addresses, patient: str) -> None:
    """The SMART client of fhirclient (npm): public, with a secret, with a key of each kind."""
    orders: dict[str, dict[str, Any]] = {
        "public": {"clientId": "aftercare-demo"},
        "client_secret_basic": {"clientId": "aftercare-demo-basic", "secret": servers.SECRETS["client_secret_basic"]},
        "private_key_jwt, RS384": {"clientId": "aftercare-demo-jwt", "privateJwk": _private_key("RS384")},
        "private_key_jwt, ES384": {"clientId": "aftercare-demo-jwt", "privateJwk": _private_key("ES384")},
    }
    for words, order in orders.items():
        with progress.step(f"fhirclient (npm), {words}"), _node_app(addresses, order):
            answer = requests.get(launch_url(addresses.sandbox, patient), timeout=60)
            read = answer.json() if "json" in answer.headers.get("Content-Type", "") else {"problem": answer.text[:300]}
            if read.get("patient") != patient or not read.get("conditions"):
                progress.problem(f"fhirclient (npm), {words}, did not read {patient}: {read}")


def _follow_to_callback(url: str, app: str) -> str:
    """Follow redirects, as a browser would, up to the one that goes to the app, which nobody serves here."""
    session = requests.Session()
    for _ in range(10):
        if url.startswith(app):
            return url
        answer = session.get(url, allow_redirects=False, timeout=30)
        if not answer.is_redirect:
            raise StepFailedError(f"the sandbox did not send the browser back ({answer.status_code})")
        url = requests.compat.urljoin(url, answer.headers["Location"])
    raise StepFailedError("the sandbox sends the browser in circles")


def _private_key(algorithm: str) -> dict[str, Any]:
    if algorithm == "RS384":
        key: RSAKey | ECKey = RSAKey.generate_key(2048, private=True)
    else:
        key = ECKey.generate_key("P-384", private=True)
    return {**key.as_dict(private=True), "alg": algorithm, "kid": f"interop-{algorithm}", "key_ops": ["sign"]}


def _node_app(addresses: servers.Addresses, order: Mapping[str, Any]) -> AbstractContextManager[None]:
    port = int(addresses.app.rpartition(":")[2])
    full = {**order, "port": port, "redirectUri": f"{addresses.app}/callback/open"}
    command = ["node", str(paths.HERE / "node" / "client.mjs"), json.dumps(full)]
    return servers.running("node-client", command, {"NODE_ENV": "production"}, f"{addresses.app}/ready")
