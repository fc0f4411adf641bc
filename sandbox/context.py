"""Everything one sandbox is made of, and how the pages find it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, current_app

from sandbox.auth.keys import SigningKeys
from sandbox.auth.server import SmartServer
from sandbox.behaviours import Behaviour
from sandbox.config import SandboxConfig
from sandbox.faults import Faults
from sandbox.fhir.endpoint import FhirEndpoint
from sandbox.fhir.paging import Pages
from sandbox.fhir.records import Records
from sandbox.guard import GuardEndpoint
from sandbox.seeding import Seeder
from sandbox.sources import ChartSource
from sandbox.store import Store


@dataclass(frozen=True)
class Issuer:
    """One EHR: its behaviour, its authorization server, its FHIR endpoint and its charts."""

    behaviour: Behaviour
    server: SmartServer
    endpoint: FhirEndpoint | GuardEndpoint
    charts: ChartSource


@dataclass(frozen=True)
class Sandbox:
    """The parts of one sandbox."""

    config: SandboxConfig
    store: Store
    records: Records
    pages: Pages
    keys: SigningKeys
    faults: Faults
    issuers: dict[str, Issuer]
    seeder: Seeder


def sandbox() -> Sandbox:
    """The sandbox of the current Flask app."""
    found: Sandbox = current_app.extensions["sandbox"]
    return found


def require_issuer(slug: str) -> Issuer:
    """The issuer, or 404."""
    place = sandbox()
    found = place.issuers.get(slug)
    if found is None:
        abort(404)
    if isinstance(found.endpoint, FhirEndpoint):
        place.seeder.ensure(found.behaviour)
    return found
