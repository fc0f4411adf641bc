"""Where charts come from: the sandbox's own records, or the real server behind the guard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sandbox.fhir.records import Records, Stored


class ChartSource(Protocol):
    """What the pages and `/admin/record` need of a record."""

    def find(self, resource_type: str, id_: str) -> Stored | None:
        """The current version, a deleted one too; None where there is none."""

    def of_patient(self, patient_id: str, types: Sequence[str] = ()) -> list[Stored]:
        """The resources of one patient."""

    def patients(self) -> list[Stored]:
        """All Patient resources."""


@dataclass(frozen=True)
class OwnRecords:
    """The sandbox's own records of one issuer."""

    records: Records
    slug: str

    def find(self, resource_type: str, id_: str) -> Stored | None:
        """See ChartSource."""
        return self.records.find(self.slug, resource_type, id_)

    def of_patient(self, patient_id: str, types: Sequence[str] = ()) -> list[Stored]:
        """See ChartSource."""
        return self.records.of_patient(self.slug, patient_id, types)

    def patients(self) -> list[Stored]:
        """See ChartSource."""
        return self.records.patients(self.slug)
