"""Independent SMART clients launch through the sandbox and read: fhirclient of PyPI and fhirclient of npm."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

import requests
from fhirclient.client import FHIRClient
from fhirclient.models.condition import Condition
from joserfc.jwk import ECKey, RSAKey

from interop import paths, servers
from interop.progress import Progress, StepFailedError

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
    """The SMART client of fhirclient (PyPI), public and with a secret."""
    for client_id, secret in (
        ("aftercare-demo", None),
        ("aftercare-demo-basic", servers.SECRETS["client_secret_basic"]),
    ):
        with progress.step(f"fhirclient (Python) as {client_id}"):
            settings = {
                "app_id": client_id,
                "app_secret": secret,
                "api_base": addresses.issuer,
                "redirect_uri": f"{addresses.app}/callback/open",
                "scope": "launch openid fhirUser patient/Patient.rs patient/Condition.rs",
                "launch_token": launch_url(addresses.sandbox, patient).partition("launch=")[2].partition("&")[0],
            }
            client = FHIRClient(settings=settings)
            callback = _follow_to_callback(client.authorize_url, addresses.app)
            client.handle_callback(callback)
            found = Condition.where({"patient": patient}).perform_resources(client.server)
            if client.patient is None or client.patient.id != patient or not found:
                progress.problem(f"fhirclient (Python) as {client_id} did not read {patient}")


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
