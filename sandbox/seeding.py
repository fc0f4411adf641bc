"""Fills the records: sample patients, the clinic's staff, and Bundle files of anybody."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import msgspec

from sandbox.auth.server import CLINICIANS
from sandbox.config import SandboxConfig
from sandbox.fhir.index import Resource, compartment_of
from sandbox.fhir.parameters import NOT_ABOUT_A_PATIENT
from sandbox.fhir.records import Records

_ID = re.compile(r"^[A-Za-z0-9\-.]{1,64}$")
SEED_STORY = "Seeded from {file}"


def seed(config: SandboxConfig, records: Records, slugs: Iterable[str]) -> None:
    """Fill all issuers, unless the store holds just these seeds; what was written before stays."""
    fingerprint = _fingerprint(config)
    known = records.store.find_document("seed", "fingerprint")
    if known == {"value": fingerprint}:
        return
    updated_at = datetime.combine(config.as_of, time(3, 0), tzinfo=UTC)
    with records.store.write():
        records.forget_seeds()
        records.store.remove_documents("story")
        for slug in slugs:
            records.load(slug, _staff(), compartment=None, updated_at=updated_at)
        for patient in config.patients(config.as_of):
            records.store.put_document("story", patient.id, {"name": patient.name, "story": patient.story})
            for slug in slugs:
                records.load(slug, patient.iter_resources(), compartment=patient.id, updated_at=updated_at)
        for path in seed_files(config.seed):
            _seed_file(path, records, slugs, updated_at)
        records.store.put_document("seed", "fingerprint", {"value": fingerprint})


def _fingerprint(config: SandboxConfig) -> str:
    code = Path(__file__).parent / "patients"
    digest = hashlib.sha256(config.as_of.isoformat().encode())
    for path in [*sorted(code.glob("*.py")), *seed_files(config.seed)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def seed_files(paths: Iterable[Path]) -> list[Path]:
    """The files of SANDBOX_SEED: named ones, and every .json and .ndjson of a folder."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            found += sorted(p for p in path.rglob("*") if p.suffix in (".json", ".ndjson"))
        else:
            found.append(path)
    return found


def _seed_file(path: Path, records: Records, slugs: Iterable[str], updated_at: datetime) -> None:
    resources = list(read_resources(path))
    patients = [resource for resource in resources if resource.get("resourceType") == "Patient"]
    if not patients:
        print(f"seed: {path.name} holds no Patient and was left out")
        return
    only = str(patients[0]["id"]) if len(patients) == 1 else None
    for patient in patients:
        story = SEED_STORY.format(file=path.name)
        records.store.put_document("story", str(patient["id"]), {"name": display_name(patient), "story": story})
    for slug in slugs:
        records.load(slug, (_owned(r, only) for r in resources), compartment=only, updated_at=updated_at)


def _owned(resource: Resource, patient_id: str | None) -> Resource:
    """In a file of one patient every resource about somebody is about that patient, whatever its reference says."""
    if patient_id is None or resource["resourceType"] in NOT_ABOUT_A_PATIENT | {"Patient"}:
        return resource
    if compartment_of(resource) == patient_id:
        return resource
    for element in ("subject", "patient"):
        if isinstance(resource.get(element), dict) and "reference" in resource[element]:
            return {**resource, element: {**resource[element], "reference": f"Patient/{patient_id}"}}
    return resource


def read_resources(path: Path) -> Iterator[Resource]:
    """Resources of a Bundle, an array or ndjson, with references made relative and ids that FHIR allows."""
    data = path.read_bytes()
    entries: list[Any]
    if path.suffix == ".ndjson":
        entries = [msgspec.json.decode(line) for line in data.splitlines() if line.strip()]
    else:
        whole = msgspec.json.decode(data)
        entries = whole if isinstance(whole, list) else whole.get("entry", [whole]) if isinstance(whole, dict) else []
    final: dict[str, str] = {}
    resources: list[Resource] = []
    for number, entry in enumerate(entries):
        found = entry.get("resource", entry) if isinstance(entry, dict) else None
        if not isinstance(found, dict) or not isinstance(found.get("resourceType"), str):
            continue
        id_ = found.get("id")
        if not isinstance(id_, str) or not _ID.match(id_):
            id_ = f"{path.stem[:40]}-{number}".replace("_", "-").replace(" ", "-")
        resources.append({**found, "id": id_})
        for url in (entry.get("fullUrl"), f"{found['resourceType']}/{found.get('id')}"):
            if isinstance(url, str):
                final[url] = f"{found['resourceType']}/{id_}"
    for resource in resources:
        yield _relative(resource, final)


def _relative(node: Any, final: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {
            name: _reference(value, final)
            if name == "reference" and isinstance(value, str)
            else _relative(value, final)
            for name, value in node.items()
        }
    return [_relative(item, final) for item in node] if isinstance(node, list) else node


def _reference(text: str, final: dict[str, str]) -> str:
    if text in final:
        return final[text]
    if text.startswith(("http://", "https://")):
        return "/".join(text.split("/_history/")[0].rstrip("/").split("/")[-2:])
    return text


def display_name(patient: Resource) -> str:
    """Given and family name of a Patient; its id where it has none."""
    names = patient.get("name")
    first = names[0] if isinstance(names, list) and names and isinstance(names[0], dict) else {}
    given = first.get("given")
    parts = [*(given if isinstance(given, list) else []), first.get("family") or ""]
    return " ".join(str(part) for part in parts if part) or str(first.get("text") or patient.get("id"))


def _staff() -> list[Resource]:
    return [
        {
            "resourceType": "Practitioner",
            "id": practitioner,
            "active": True,
            "name": [{"use": "official", "given": [name.split()[0]], "family": name.split()[1], "suffix": ["MD"]}],
        }
        for name, practitioner in CLINICIANS.values()
    ]
