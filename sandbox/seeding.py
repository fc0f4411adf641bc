"""Fills the records: sample patients, the clinic's staff, and Bundle files of anybody."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import msgspec

from sandbox.adapting import adapt
from sandbox.auth.server import CLINICIANS
from sandbox.behaviours import Behaviour
from sandbox.config import SandboxConfig
from sandbox.fhir.index import Resource, compartment_of
from sandbox.fhir.parameters import NOT_ABOUT_A_PATIENT
from sandbox.fhir.records import Records

_ID = re.compile(r"^[A-Za-z0-9\-.]{1,64}$")


class Seeder:
    """
    Fills each issuer when it is first used: 20,000 results three times over would make every start slow.

    A store that holds the seeds of another day or of other files gets them anew; what was written stays.
    """

    def __init__(self, config: SandboxConfig, records: Records) -> None:
        self._config = config
        self._records = records
        self._fingerprint = _fingerprint(config)
        self._filled: set[str] = set()
        self.start()

    def start(self) -> None:
        """List the patients; take out seeds that are not these."""
        store = self._records.store
        with store.write():
            self._filled.clear()
            known = store.find_document("seed", "fingerprint")
            if known == {"value": self._fingerprint}:
                self._filled.update(slug for slug, _ in store.documents("seeded"))
                return
            self._records.forget_seeds()
            store.remove_documents("story")
            store.remove_documents("seeded")
            for patient in self._config.patients(self._config.as_of):
                store.put_document("story", patient.id, {"name": patient.name, "story": patient.story})
            for path in seed_files(self._config.seed):
                _list_file(path, self._records)
            store.put_document("seed", "fingerprint", {"value": self._fingerprint})

    def ensure(self, behaviour: Behaviour) -> None:
        """Fill the issuer unless it is filled."""
        slug = behaviour.slug
        if slug in self._filled:
            return
        records = self._records
        updated_at = datetime.combine(self._config.as_of, time(3, 0), tzinfo=UTC)
        with records.store.write():
            if slug in self._filled:
                return
            records.load(slug, _staff(), compartment=None, updated_at=updated_at)
            for patient in self._config.patients(self._config.as_of):
                held = adapt(behaviour, patient.iter_resources())
                records.load(slug, held, compartment=patient.id, updated_at=updated_at)
            for path in seed_files(self._config.seed):
                resources, only = _file_resources(path)
                held = adapt(behaviour, (_owned(resource, only) for resource in resources))
                records.load(slug, held, compartment=only, updated_at=updated_at)
            records.store.put_document("seeded", slug, {})
            self._filled.add(slug)


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


def _file_resources(path: Path) -> tuple[list[Resource], str | None]:
    """Resources of a file, and the id of its patient where there is just one; no patient: nothing."""
    resources = list(read_resources(path))
    patients = [str(resource["id"]) for resource in resources if resource["resourceType"] == "Patient"]
    if not patients:
        return [], None
    return resources, patients[0] if len(patients) == 1 else None


def _list_file(path: Path, records: Records) -> None:
    resources, _ = _file_resources(path)
    if not resources:
        print(f"SANDBOX_SEED: {path.name} holds no Patient and was left out")
    for resource in resources:
        if resource["resourceType"] == "Patient":
            body = {"name": display_name(resource), "story": f"Seeded from {path.name}"}
            records.store.put_document("story", str(resource["id"]), body)


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


def listed_name(patient: Resource) -> str:
    """FAMILY, Given, as charts are filed."""
    names = patient.get("name")
    first = names[0] if isinstance(names, list) and names and isinstance(names[0], dict) else {}
    given = first.get("given")
    if not first.get("family") or not isinstance(given, list):
        return display_name(patient)
    return f"{str(first['family']).upper()}, {' '.join(str(part) for part in given)}"


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
