"""Collects one patient's resources page by page, drops what does not matter, and builds the record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from smart_app.clinical.codes import CodeMap
from smart_app.clinical.facts import Issue, IssueKind, Patient, PatientRecord, Search, SearchState
from smart_app.fhir.bundle import FileContent
from smart_app.fhir.extract.chart import Chart
from smart_app.fhir.extract.damage import damage_of
from smart_app.fhir.extract.drugs import names_drug_by_reference_only
from smart_app.fhir.extract.observation_page import EventStore, ObservationFilter, PageInfo, read_page
from smart_app.fhir.extract.record import build_record
from smart_app.fhir.extract.reports import unread_attachments
from smart_app.fhir.patient_status import is_deceased
from smart_app.fhir.queries import QUERIES, supplied_by
from smart_app.fhir.resources import (
    FULL_URL,
    Resource,
    canonical,
    objects,
    own_reference,
    partial_date,
    reference,
    references,
    resource_type,
    subject_of,
    text,
    version_key,
)

KEPT_TYPES = frozenset(
    {
        "Patient",
        "Condition",
        "Observation",
        "DiagnosticReport",
        "DocumentReference",
        "Composition",
        "Binary",
        "ImagingStudy",
        "Procedure",
        "MedicationRequest",
        "MedicationStatement",
        "MedicationAdministration",
        "MedicationDispense",
        "Claim",
        "ExplanationOfBenefit",
        "Medication",
        "FamilyMemberHistory",
        "Immunization",
        "Encounter",
        "Specimen",
        "BodyStructure",
    }
)
_WITHOUT_SUBJECT = frozenset({"Medication", "Binary", "BodyStructure", "Patient"})
_MAY_LACK_SUBJECT = frozenset({"Specimen", "Composition"})


class RecordBuilder:
    """
    The resources of one patient, in any order and number of pages.

    `patient_id` is the launch's patient: resources of others, and those that name nobody, are withheld. Without it
    (a file) the patient is found from the resources, and a resource that names nobody counts as hers.
    """

    def __init__(self, codes: CodeMap, as_of: date, patient_id: str | None = None) -> None:
        self._codes = codes
        self._as_of = as_of
        self._patient_id = patient_id
        self._kept: dict[str, Resource] = {}
        self._alias: dict[str, str] = {}
        self._loose: dict[str, str] = {}
        self._copies: dict[str, set[tuple[Any, ...]]] = {}
        self._issues: set[Issue] = set()
        self._filter = ObservationFilter(codes)
        self._events = EventStore()

    def add(self, resources: Iterable[Resource]) -> None:
        """Take resources of any type; what no extractor reads is dropped at once."""
        for resource in resources:
            if isinstance(resource, dict) and resource_type(resource) in KEPT_TYPES:
                self._add(resource)

    def note(self, issues: Iterable[Issue]) -> None:
        """Issues found where the resources were read; the record carries them."""
        self._issues.update(issues)

    def add_observation_page(self, raw: bytes) -> PageInfo:
        """Take a searchset page of Observations as it came; only what matters of it is kept."""
        info, kept = read_page(raw, self._filter, self._events, self._issues)
        for resource in kept:
            self._add(resource)
        return info

    def _add(self, resource: Resource) -> None:
        key = own_reference(resource)
        full_url = text(resource.get(FULL_URL))
        if full_url:
            for name in {full_url, reference(full_url) or full_url} - {key}:
                self._alias[name] = min(key, self._alias.get(name, key))
        # Files cut out of a transaction keep `urn:uuid:` references without the fullUrl that they meant.
        loose = f"urn:uuid:{key.partition('/')[2]}"
        self._loose[loose] = min(key, self._loose.get(loose, key))
        if key.startswith("Observation/"):
            purpose = self._filter.purpose(resource)
            if purpose and purpose != "fact":
                self._events.add(purpose, resource)
            if purpose != "fact":
                return
        held = self._kept.get(key)
        if held is not None:
            self._copies.setdefault(key, {_order(held)}).add(_order(resource))
        if held is None or _order(resource) > _order(held):
            self._kept[key] = resource

    @property
    def needs(self) -> tuple[str, ...]:
        """References that are named and not here: Binary, Medication, Specimen."""
        wanted: set[str] = set()
        for key, resource in self._kept.items():
            if key.startswith(("DiagnosticReport/", "DocumentReference/")):
                wanted.update(unread_attachments([resource]))
            if key.startswith("Medication"):
                wanted.update(references(resource.get("medicationReference")))
            if key.startswith(("Observation/", "DiagnosticReport/")):
                wanted.update(references(resource.get("specimen")))
        missing = {
            ref
            for ref in wanted
            if not ref.startswith("#") and self._alias.get(ref, reference(ref) or ref) not in self._kept
        }
        return tuple(sorted(ref for ref in missing if self._loose.get(ref) not in self._kept))

    @property
    def types_with_unread_drugs(self) -> frozenset[str]:
        """Types of the entries whose drug is named only by a reference that is not here: any drug may stand there."""
        missing = set(self.needs)
        return frozenset(
            key.partition("/")[0]
            for key, resource in self._kept.items()
            if names_drug_by_reference_only(resource)
            and missing.intersection(references(resource["medicationReference"]))
            and resource.get("status") != "entered-in-error"
        )

    def build(self, searches: tuple[Search, ...] = ()) -> PatientRecord:
        """The record of the patient; call it again after more resources were added."""
        patient_key = self._patient_key()
        own: dict[str, Resource] = {}
        issues = set(self._issues)
        for key, resource in {**self._events.resources(), **self._kept}.items():
            if key.startswith("Patient/"):
                continue
            if self._belongs(key, resource, patient_key):
                own[key] = resource
                issues.update((*damage_of(resource), *self._same_id(key)))
            else:
                kind = key.partition("/")[0]
                issues.add(Issue(IssueKind.OTHER_PATIENT, key, f"A {kind} of another patient was withheld."))
        chart = Chart(self._codes, self._as_of, own, {**self._loose, **self._alias})
        chart.issues.update(issues)
        return build_record(chart, self._patient(patient_key), searches)

    def _same_id(self, key: str) -> Iterator[Issue]:
        """Two resources of one id of which neither is the newer version: one is read, nobody knows if rightly."""
        copies = sorted(self._copies.get(key, ()))
        if len(copies) > 1 and copies[-1][:-1] == copies[-2][:-1]:
            detail = "The record holds it twice with different content and no newer version; one of them is read."
            yield Issue(IssueKind.UNREADABLE, key, detail)

    def _patient_key(self) -> str | None:
        if self._patient_id is not None:
            return f"Patient/{self._patient_id}"
        patients = sorted(key for key in self._kept if key.startswith("Patient/"))
        if len(patients) == 1:
            return patients[0]
        named = Counter(
            found for resource in self._kept.values() for found in [self._subject(resource)] if found is not None
        )
        candidates = patients or sorted(named)
        if len(candidates) > 1:
            self._issues.add(
                Issue(IssueKind.OTHER_PATIENT, None, f"The record names {len(candidates)} patients; one is read.")
            )
        return min(candidates, key=lambda key: (-named[key], key)) if candidates else None

    def _subject(self, resource: Resource) -> str | None:
        """Who a resource says it is about, as `Patient/id`; an identifier that matches a Patient's leads to it."""
        subject = subject_of(resource)
        target = reference(subject)
        if target is not None:
            return self._resolved(target)
        if isinstance(subject, dict):
            wanted = _identifiers([subject.get("identifier")])
            for key, other in self._kept.items():
                if wanted and key.startswith("Patient/") and wanted & _identifiers(other.get("identifier")):
                    return key
            return "Patient/" if wanted or text(subject.get("reference")) else None
        return None

    def _resolved(self, target: str) -> str:
        return self._alias.get(target) or self._loose.get(target, target)

    def _belongs(self, key: str, resource: Resource, patient_key: str | None) -> bool:
        kind = key.partition("/")[0]
        if kind in _WITHOUT_SUBJECT:
            owner = reference(resource.get("patient"))
            return owner is None or patient_key is None or self._resolved(owner) == patient_key
        named = self._subject(resource)
        if named is None:
            return self._patient_id is None or kind in _MAY_LACK_SUBJECT
        return patient_key is None or named == patient_key

    def _patient(self, patient_key: str | None) -> Patient:
        resource = self._kept.get(patient_key or "", {})
        birth_date = partial_date(resource.get("birthDate"))
        if birth_date is not None and birth_date.earliest > self._as_of:
            birth_date = None
        gender = text(resource.get("gender"))
        sex = gender if gender in ("female", "male", "other", "unknown") else "unknown"
        return Patient(birth_date, sex, is_deceased(resource), reference=patient_key)


def _order(resource: Resource) -> tuple[Any, ...]:
    """The newest version; of two without versions the one whose content sorts last, whatever came first."""
    plain = {key: value for key, value in resource.items() if key != FULL_URL}
    return (*version_key(resource), canonical(plain))


def _identifiers(value: Any) -> set[tuple[str | None, str]]:
    return {
        (text(item.get("system")), found) for item in objects(value) for found in [text(item.get("value"))] if found
    }


def extract_record(
    resources: Iterable[Resource],
    codes: CodeMap,
    as_of: date,
    patient_id: str | None = None,
    searches: tuple[Search, ...] = (),
) -> PatientRecord:
    """The record of a whole file; without `searches` it counts as read in full."""
    builder = RecordBuilder(codes, as_of, patient_id)
    builder.add(resources)
    return builder.build(searches)


def extract_file(content: FileContent, codes: CodeMap, as_of: date) -> PatientRecord:
    """
    The record of a file.

    Where a part of the file could not be read, what is not found in the rest is not-read: nobody knows what was lost.
    """
    builder = RecordBuilder(codes, as_of)
    builder.add(content.resources)
    builder.note(content.issues)
    if not content.issues:
        return builder.build()
    names = tuple(sorted({name for query in QUERIES for name in supplied_by(query, codes)}))
    why = "a part of the file could not be read"
    return builder.build((Search("file", "Bundle", SearchState.TRUNCATED, len(content.resources), why, names),))
