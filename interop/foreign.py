"""The app launched by an authorization server that nobody here wrote: oidc-provider of npm, in front of HAPI FHIR."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

import requests

from interop import paths, servers
from interop.browser import Browser, Page
from interop.clients import APP_CLIENTS
from interop.journey import Journey, Server
from interop.progress import Progress
from sandbox.patients import SamplePatient

TOKEN_S = 30
"""The life of an access token there: shorter than what the app renews ahead of, so that every launch has to renew."""
USER = "sandbox-clinician"
CLIENTS = {
    **{words: row for words, row in APP_CLIENTS.items() if words != "private_key_jwt"},
    "private_key_jwt, RS384": {**APP_CLIENTS["private_key_jwt"], "signing_alg": "RS384"},
    "private_key_jwt, ES384": {**APP_CLIENTS["private_key_jwt"], "signing_alg": "ES384"},
}
"""Rows of the app's registry: every way to prove itself that SMART knows."""


@dataclass
class Authority:
    """The running authorization server, as its own user sees it."""

    address: str

    @property
    def base(self) -> str:
        """The FHIR base that it guards: the `iss` of a launch. Its OpenID issuer is another address."""
        return f"{self.address}/fhir"

    def opens(self, app: str, browser: Browser, patient: str) -> tuple[int, Page]:
        """EHR launch: the chart of a patient is open, and the app is started from it."""
        answer = requests.post(f"{self.address}/launches", params={"patient": patient}, timeout=30)
        return self._signed_in(browser, f"{app}/launch?{urlencode(answer.json())}")

    def opens_standalone(self, app: str, browser: Browser) -> tuple[int, Page]:
        """Standalone launch: the app is started by itself, and the server gives the patient."""
        return self._signed_in(browser, f"{app}/launch?{urlencode({'iss': self.base})}")

    def tally(self) -> dict[str, Any]:
        """What arrived at its token endpoint, and whether the last tokens still live."""
        told: dict[str, Any] = requests.get(f"{self.address}/tally", timeout=30).json()
        return told

    @staticmethod
    def _signed_in(browser: Browser, url: str) -> tuple[int, Page]:
        status, page = browser.open(url)
        if any(text == "Sign-in" for form in page.forms for text, _, _ in form.buttons):
            return browser.press(page, "Sign-in", login=USER, password="any")  # the library's own page takes any
        return status, page


def launch_by_foreign_authority(
    progress: Progress, addresses: servers.Addresses, as_of: date, patient: SamplePatient
) -> None:
    """Each kind of client: EHR launch with reading and saving, standalone launch, renewal, sign-out with revocation."""
    for words, client in CLIENTS.items():
        with (
            progress.step(f"The app as a {words} client of oidc-provider (npm)"),
            _authority(addresses, client, patient.id) as authority,
            servers.app(addresses, as_of, {**client, "iss": authority.base, "name": "oidc-provider"}),
        ):
            journey = Journey(progress, addresses, Server(addresses.hapi), patient)
            journey.enter = lambda browser, id_, at=authority: at.opens(addresses.app, browser, id_)
            journey.run(to_the_end=False)
            problems = [*_standalone(authority, addresses.app, patient), *judge(tally := authority.tally(), client)]
            progress.say(f"  {tally['code']} codes, {tally['refresh']} renewals, {tally['revoked']} tokens revoked")
            for problem in problems:
                progress.problem(f"oidc-provider, {words}: {problem}")
            for plan in journey.server.search(f"CarePlan?patient={patient.id}"):
                journey.server.delete(f"CarePlan/{plan['id']}")


def _standalone(authority: Authority, app: str, patient: SamplePatient) -> Iterator[str]:
    browser = Browser()
    status, page = authority.opens_standalone(app, browser)
    if status != 200 or "/c/" not in page.url:
        yield f"the standalone launch ends at {page.url.split('?')[0]} with {status}: {page.heading}"
        return
    if patient.name.split()[-1] not in page.html:
        yield "the standalone launch does not show the patient whom the server gave"
    status, page = browser.press(page, "End this session")
    if status != 200 or page.heading != "You are signed out":
        yield f"the session does not end: {status} {page.heading}"


def judge(tally: dict[str, Any], client: dict[str, str]) -> Iterator[str]:
    """What the authorization server saw, held against what SMART asks of the app."""
    if tally["code"] != 2 or tally["refresh"] < 2:
        yield f"two launches with renewals were expected, {tally['code']} codes and {tally['refresh']} renewals came"
    if set(tally["methods"]) != {client["auth_method"]}:
        yield f"the app proved itself by {sorted(set(tally['methods']))}"
    if tally["revoked"] < 1 or any(tally["live"].values()):
        yield f"after the sign-out tokens still live: {tally['live']}, {tally['revoked']} revoked"


@contextmanager
def _authority(addresses: servers.Addresses, client: dict[str, str], patient: str) -> Iterator[Authority]:
    (port,) = servers.free_ports(1)
    authority = Authority(f"http://127.0.0.1:{port}")
    order = {
        "port": port,
        "fhir": addresses.hapi,
        "shownBase": addresses.issuer,
        "redirectUri": f"{addresses.app}/callback/open",
        "clients": [_registration(addresses.app, client)],
        "patient": patient,
        "practitioner": USER,
        "lifetime": TOKEN_S,
    }
    script = str(paths.HERE / "node" / "authority.mjs")
    with servers.running("authority", ["node", script, json.dumps(order)], {}, f"{authority.address}/tally"):
        yield authority


def _registration(app: str, client: dict[str, str]) -> dict[str, str]:
    """What the two administrators agree on, in the words of OpenID's client metadata."""
    row = {"client_id": client["client_id"], "token_endpoint_auth_method": client["auth_method"]}
    if "secret_env" in client:
        row["client_secret"] = servers.SECRETS[client["auth_method"]]
    if client["auth_method"] == "private_key_jwt":
        row["jwks_uri"] = f"{app}/.well-known/jwks.json"
        row["token_endpoint_auth_signing_alg"] = client["signing_alg"]
    return row
