"""
Stand-ins for definitions that no registry offers: profiles that US Core's own refer to, and their value sets.

The profiles say nothing beyond their type, so that a reference to a patient is judged by its type; the value sets hold
the codes that we write and that the specification lists.
"""

from __future__ import annotations

import json
from pathlib import Path

_US_CORE = "http://hl7.org/fhir/us/core"
_TARGETS = {
    "careteam": "CareTeam",
    "encounter": "Encounter",
    "organization": "Organization",
    "patient": "Patient",
    "practitioner": "Practitioner",
    "practitionerrole": "PractitionerRole",
    "relatedperson": "RelatedPerson",
}
_DOCUMENT_CATEGORY = f"{_US_CORE}/CodeSystem/us-core-documentreference-category"
_VALUE_SETS: dict[str, list[tuple[str, tuple[str, ...]]]] = {
    "us-core-narrative-status": [("http://hl7.org/fhir/narrative-status", ("additional", "generated"))],
    "us-core-documentreference-category": [(_DOCUMENT_CATEGORY, ("clinical-note",))],
    "us-core-documentreference-type": [("http://loinc.org", ("51847-2", "18776-5", "74156-1", "11488-4", "34117-2"))],
    "us-core-provenance-participant-type": [
        ("http://terminology.hl7.org/CodeSystem/provenance-participant-type", ()),
        (f"{_US_CORE}/CodeSystem/us-core-provenance-participant-type", ("transmitter",)),
    ],
}
_MIME_TYPES = ("application/pdf", "text/html", "text/plain", "application/fhir+json")


def write_stand_ins(folder: Path) -> Path:
    """Write all stand-ins as files; gives the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    resources = [_profile(slug, type_) for slug, type_ in _TARGETS.items()]
    resources += [_value_set(name, systems) for name, systems in _VALUE_SETS.items()]
    resources.append(_code_system("us-core-documentreference-category", _DOCUMENT_CATEGORY, ("clinical-note",)))
    for resource in resources:
        (folder / f"{resource['resourceType']}-{resource['id']}.json").write_text(
            json.dumps(resource), encoding="utf-8"
        )
    return folder


def write_mime_types(folder: Path) -> Path:
    """Mime types as a code system: the HL7 engine, without a terminology server, knows none by itself."""
    folder.mkdir(parents=True, exist_ok=True)
    resource = _code_system("mime-types-we-write", "urn:ietf:bcp:13", _MIME_TYPES)
    (folder / "CodeSystem-mime-types.json").write_text(json.dumps(resource), encoding="utf-8")
    return folder


def _profile(slug: str, type_: str) -> dict[str, object]:
    return {
        "resourceType": "StructureDefinition",
        "id": f"us-core-{slug}",
        "url": f"{_US_CORE}/StructureDefinition/us-core-{slug}",
        "name": f"StandIn{type_}",
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": type_,
        "baseDefinition": f"http://hl7.org/fhir/StructureDefinition/{type_}",
        "derivation": "constraint",
        "differential": {"element": [{"id": type_, "path": type_}]},
    }


def _value_set(name: str, systems: list[tuple[str, tuple[str, ...]]]) -> dict[str, object]:
    include = [
        {"system": system, "concept": [{"code": code} for code in codes]} if codes else {"system": system}
        for system, codes in systems
    ]
    return {
        "resourceType": "ValueSet",
        "id": name,
        "url": f"{_US_CORE}/ValueSet/{name}",
        "name": name.replace("-", "_"),
        "status": "active",
        "compose": {"include": include},
    }


def _code_system(name: str, url: str, codes: tuple[str, ...]) -> dict[str, object]:
    return {
        "resourceType": "CodeSystem",
        "id": name,
        "url": url,
        "name": name.replace("-", "_"),
        "status": "active",
        "content": "complete",
        "caseSensitive": True,
        "concept": [{"code": code} for code in codes],
    }
