"""The real FHIR server behind the guard (`SANDBOX_UPSTREAM`): requests to it, and its record as charts show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
import urllib3

from sandbox.fhir.answers import FHIR_JSON
from sandbox.fhir.dates import find_span_ms
from sandbox.fhir.index import Resource, compartment_of, reference_target
from sandbox.fhir.records import SEEDED, Stored

_TIMEOUT = urllib3.Timeout(connect=5, read=60)
_CHART_TYPES = (
    "Condition",
    "Observation",
    "DiagnosticReport",
    "ImagingStudy",
    "Procedure",
    "MedicationRequest",
    "MedicationStatement",
    "MedicationAdministration",
    "FamilyMemberHistory",
    "Immunization",
    "Encounter",
    "AllergyIntolerance",
    "CareTeam",
    "CarePlan",
    "Goal",
    "DocumentReference",
    "ServiceRequest",
    "Provenance",
)
_PAGE = 200


@dataclass(frozen=True)
class UpstreamAnswer:
    """Status, headers and body of the real server."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def resource(self) -> Resource | None:
        """The JSON object of the body, or None."""
        try:
            found = msgspec.json.decode(self.body)
        except msgspec.DecodeError:
            return None
        return found if isinstance(found, dict) else None


class Upstream:
    """The real server. `guard_base` is the address it gives out as its own."""

    def __init__(self, base: str, guard_base: str) -> None:
        self.base = base.rstrip("/")
        self.guard_base = guard_base
        self._pool = urllib3.PoolManager(maxsize=32, retries=False)

    def send(
        self, method: str, path: str, query: str = "", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> UpstreamAnswer:
        """One request, as it stands."""
        url = f"{self.base}/{path}".rstrip("/") + (f"?{query}" if query else "")
        sent = {"Accept": FHIR_JSON, **(headers or {})}
        answer = self._pool.request(method, url, headers=sent, body=body or None, timeout=_TIMEOUT, redirect=False)
        return UpstreamAnswer(answer.status, dict(answer.headers), answer.data)

    def fetch(self, path: str, parameters: Iterable[tuple[str, str]] = ()) -> Resource | None:
        """A resource, or None where the server does not give it; never from the search cache."""
        answer = self.send("GET", path, urlencode(list(parameters)), {"Cache-Control": "no-cache"})
        return answer.resource() if answer.status == 200 else None

    # ChartSource

    def find(self, resource_type: str, id_: str) -> Stored | None:
        """See ChartSource."""
        found = self.fetch(f"{resource_type}/{id_}")
        return _stored(found) if found else None

    def of_patient(self, patient_id: str, types: Sequence[str] = ()) -> list[Stored]:
        """See ChartSource."""
        found: list[Stored] = []
        if not types:
            patient = self.find("Patient", patient_id)
            found += [patient] if patient else []
        for name in types or _CHART_TYPES:
            found += [_stored(r) for r in self._all(name, [("patient", patient_id)]) if r["resourceType"] == name]
        return found

    def patients(self) -> list[Stored]:
        """See ChartSource."""
        return [_stored(resource) for resource in self._all("Patient", [("_sort", "family")])]

    def _all(self, resource_type: str, parameters: list[tuple[str, str]]) -> Iterator[Resource]:
        bundle = self.fetch(resource_type, [*parameters, ("_count", str(_PAGE))])
        while bundle:
            yield from (entry["resource"] for entry in bundle.get("entry", ()) if "resource" in entry)
            following = [link["url"] for link in bundle.get("link", ()) if link.get("relation") == "next"]
            query = following[0].partition("?")[2] if following else ""
            bundle = self.send("GET", "", query).resource() if query else None


def _stored(resource: Resource) -> Stored:
    meta = resource.get("meta") or {}
    span = find_span_ms(meta.get("lastUpdated"))
    version = str(meta.get("versionId", "0"))
    return Stored(
        row=0,
        type=str(resource["resourceType"]),
        id=str(resource["id"]),
        version=int(version) if version.isdigit() else 0,
        updated_ms=span[0] if span else 0,
        compartment=compartment_of(resource),
        deleted=False,
        origin=SEEDED,
        body=msgspec.json.encode(resource),
    )


def load_upstream(upstream: Upstream, charts: Iterable[Iterable[Resource]]) -> int:
    """
    Put charts into the real server, each as one transaction, with their own ids; gives the number of resources.

    A Patient that a chart only refers to (the messy one does) is made as a stub: the real server refuses dangling
    references.

    Raises:
        RuntimeError: the server refused a chart; the message has its words.
    """
    loaded = 0
    for chart in charts:
        resources = list(chart)
        held = {f"{resource['resourceType']}/{resource['id']}" for resource in resources}
        wanted = {target for resource in resources for target in _targets(resource) if target.startswith("Patient/")}
        stubs = [{"resourceType": "Patient", "id": target.partition("/")[2]} for target in sorted(wanted - held)]
        entries = [_put(upstream.guard_base, resource) for resource in [*stubs, *resources]]
        body = msgspec.json.encode({"resourceType": "Bundle", "type": "transaction", "entry": entries})
        answer = upstream.send("POST", "", "", {"Content-Type": FHIR_JSON}, body)
        if answer.status != 200:
            raise RuntimeError(f"the real server refused a chart ({answer.status}): {answer.body[:2000]!r}")
        loaded += len(entries)
    return loaded


def _put(base: str, resource: Resource) -> dict[str, Any]:
    place = f"{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": f"{base}/{place}", "resource": resource, "request": {"method": "PUT", "url": place}}


def _targets(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("reference"), str):
            target = reference_target(node)
            if target:
                yield target
        for value in node.values():
            yield from _targets(value)
    elif isinstance(node, list):
        for item in node:
            yield from _targets(item)
