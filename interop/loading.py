"""Loads the sample patients into a FHIR server, in dependency order, each under its own id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import requests

from interop.progress import StepFailedError
from sandbox.auth.server import CLINICIANS
from sandbox.patients import SamplePatient, sample_patients
from sandbox.patients.long_follow_up import without_routine
from sandbox.patients.messy import STRANGER
from sandbox.patients.sample import Resource

_AT_ONCE = 60


def load(base: str, as_of: date) -> tuple[tuple[SamplePatient, ...], int]:
    """
    Put every chart on the server; gives the patients and the number of resources.

    Left out: the 20,000 routine results of the long chart, and the result that belongs to somebody who does not exist.

    Raises:
        StepFailedError: the server refused a resource.
    """
    patients = sample_patients(as_of)
    resources = [*_signed_in_users(), *_once(patients)]
    session = requests.Session()
    for start in range(0, len(resources), _AT_ONCE):
        _put(session, base, resources[start : start + _AT_ONCE])
    return patients, len(resources)


def _once(patients: Iterable[SamplePatient]) -> Iterator[Resource]:
    seen: set[tuple[str, str]] = set()
    for patient in patients:
        for resource in without_routine(patient):
            key = (resource["resourceType"], resource["id"])
            if key not in seen and resource.get("subject", {}).get("reference") != STRANGER:
                seen.add(key)
                yield resource


def _signed_in_users() -> list[Resource]:
    """Who signs in at the sandbox: the author of a plan must be on the server."""
    return [
        {
            "resourceType": "Practitioner",
            "id": identity,
            "active": True,
            "name": [{"text": name, "given": [name.split()[0]], "family": name.split()[-1]}],
        }
        for name, identity in CLINICIANS.values()
    ]


def _put(session: requests.Session, base: str, resources: list[Resource]) -> None:
    entries = [
        {
            # Validation by HAPI wants a fullUrl for every entry.
            "fullUrl": f"{base}/{resource['resourceType']}/{resource['id']}",
            "resource": resource,
            "request": {"method": "PUT", "url": f"{resource['resourceType']}/{resource['id']}"},
        }
        for resource in resources
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    answer = session.post(base, json=bundle, headers={"Content-Type": "application/fhir+json"}, timeout=120)
    if answer.status_code != 200:
        raise StepFailedError(f"the server refused the sample patients ({answer.status_code}): {answer.text[:1500]}")
