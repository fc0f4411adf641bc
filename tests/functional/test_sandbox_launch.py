"""The sandbox's authorization server: launches, codes, tokens, as SMART App Launch 2.2 has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from sandbox.browserless import (
    Exchange,
    authorize,
    exchange_code,
    fhir_session,
    launch_of,
    sign_in,
)
from sandbox.testing import RunningSandbox, start_sandbox

CALLBACK = "http://127.0.0.1:8000/callback/open"
AS_OF = date(2026, 11, 25)


@dataclass(frozen=True)
class TinyPatient:
    """A chart of two results."""

    id: str
    name: str
    story: str = "for the tests of the sandbox"

    def iter_resources(self) -> Iterator[dict[str, Any]]:
        given, family = self.name.split()
        yield {
            "resourceType": "Patient",
            "id": self.id,
            "identifier": [{"system": "urn:mrn", "value": f"mrn-{self.id}"}],
            "name": [{"given": [given], "family": family}],
            "birthDate": "1970-03-04",
            "gender": "female",
        }
        yield {
            "resourceType": "Encounter",
            "id": f"{self.id}-visit",
            "status": "finished",
            "class": {"code": "AMB"},
            "subject": {"reference": f"Patient/{self.id}"},
            "period": {"start": "2026-11-01"},
        }
        for number, code in enumerate(("85337-4", "85339-0")):
            yield {
                "resourceType": "Observation",
                "id": f"{self.id}-o{number}",
                "status": "final",
                "code": {"coding": [{"system": "http://loinc.org", "code": code}]},
                "category": [{"coding": [{"system": "urn:c", "code": "laboratory"}]}],
                "subject": {"reference": f"Patient/{self.id}"},
                "effectiveDateTime": f"202{number}-05-06",
            }


def tiny_patients(as_of: date) -> list[TinyPatient]:
    return [TinyPatient("tiny", "Tina Quillmark"), TinyPatient("other", "Odessa Brantwick")]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(patients=tiny_patients, as_of=AS_OF) as running:
        yield running


def test_a_clinician_signs_in_and_the_app_gets_the_patient_of_the_chart(sandbox: RunningSandbox) -> None:
    token = sign_in(sandbox.launch_url("tiny", auto=False), CALLBACK)
    assert token["patient"] == "tiny"
    assert token["encounter"] == "tiny-visit"
    assert token["token_type"] == "Bearer"
    assert token["scope"].split() == ["openid", "fhirUser", "launch", "patient/*.rs"]
    assert token["need_patient_banner"] is True
    found = fhir_session(token).get(f"{token['iss']}/Observation?patient=tiny").json()
    assert found["total"] == 2


def test_auto_skips_sign_in_and_consent(sandbox: RunningSandbox) -> None:
    iss, launch = launch_of(sandbox.launch_url("tiny"))
    exchange = Exchange(iss, redirect_uri=CALLBACK)
    url = exchange.configuration["authorization_endpoint"]
    answer = requests.get(url, exchange.parameters(launch), allow_redirects=False, timeout=10)
    assert answer.status_code == 302
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["iss"] == [exchange.configuration["issuer"]]
    assert exchange_code(exchange, answer.headers["Location"]).json()["patient"] == "tiny"


def test_a_standalone_launch_lets_the_user_pick_the_patient(sandbox: RunningSandbox) -> None:
    url = sandbox.get("/launch-url?issuer=open")["url"]
    token = sign_in(url, CALLBACK, "openid launch/patient patient/Patient.rs", patient="other", username="ben")
    assert token["patient"] == "other"
    assert fhir_session(token).get(f"{token['iss']}/Patient/other").status_code == 200


def test_saying_no_gives_access_denied(sandbox: RunningSandbox) -> None:
    iss, launch = launch_of(sandbox.launch_url("tiny", auto=False))
    query = parse_qs(urlsplit(authorize(Exchange(iss, redirect_uri=CALLBACK), launch, decision="deny")).query)
    assert query["error"] == ["access_denied"]
