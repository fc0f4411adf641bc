"""What extractors hand to the judges: one finding a value, with all that decides which finding stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import FactValue, Source

NOTE_TEXT, DIAGNOSIS_CODE, REPORT_TEXT, CODED = 1, 2, 3, 4
"""Ranks: a lower one never replaces a higher one (notes, diagnosis codes and problem texts, reports, coded results)."""

FINAL_STATUSES = {
    "Observation": frozenset({"final", "amended", "corrected"}),
    "DiagnosticReport": frozenset({"final", "amended", "corrected", "appended"}),
    "Procedure": frozenset({"completed", "in-progress", "stopped"}),
    "ImagingStudy": frozenset({"available"}),
    "DocumentReference": frozenset({"current"}),
    "MedicationRequest": frozenset({"active", "completed", "stopped", "on-hold"}),
    "MedicationStatement": frozenset({"active", "completed", "stopped", "on-hold"}),
    "MedicationAdministration": frozenset({"completed", "in-progress", "stopped", "on-hold"}),
    "MedicationDispense": frozenset({"completed", "in-progress"}),
    "FamilyMemberHistory": frozenset({"completed", "partial", "health-unknown"}),
    "Immunization": frozenset({"completed"}),
    "Encounter": frozenset({"finished", "in-progress", "arrived"}),
}
"""Statuses that count, by type. Everything else is ignored and listed (hazard H19)."""


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One value that the record gives for one fact.

    `basis`: clinical or pathologic. `specimen`: biopsy, excision, lymph-node, metastasis, recurrence, None where
    nothing says. `focus`: references to the Conditions it is about. `amended`: the result was amended or corrected.
    `part` tells the pieces of HER2 apart (`ihc`, `ish`, `overall`).
    """

    name: str
    value: Any
    on: PartialDate | None
    source: Source
    rank: int = CODED
    side: str = "unknown"
    basis: str | None = None
    specimen: str | None = None
    specimen_ref: str | None = None
    focus: tuple[str, ...] = ()
    amended: bool = False
    part: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


def date_key(on: PartialDate | None) -> str:
    """Sorts dates by their text; no date first."""
    return str(on) if on is not None else ""


def finding_key(finding: Finding) -> tuple[str, ...]:
    """A total order, so that the order of the record never shows."""
    return (
        finding.name,
        date_key(finding.on),
        finding.source.reference,
        finding.part,
        repr(finding.value),
        finding.basis or "",
        repr(sorted(finding.extra.items(), key=lambda item: item[0])),
        finding.source.sentence or "",
        finding.side,
    )


def merged_sources(findings: Iterable[Finding]) -> tuple[Source, ...]:
    """One source a resource, by reference."""
    by_reference: dict[str, Source] = {}
    for finding in sorted(findings, key=finding_key):
        by_reference.setdefault(finding.source.reference, finding.source)
    return tuple(by_reference[reference] for reference in sorted(by_reference))


def newest_date(findings: Iterable[Finding]) -> PartialDate | None:
    """The latest date; None if none has one."""
    dated = [finding.on for finding in findings if finding.on is not None]
    return max(dated, key=str) if dated else None


def as_value(findings: list[Finding], value: Any, note: str | None = None) -> FactValue:
    """Findings of one value as a value beside others."""
    bases = {finding.basis for finding in findings if finding.basis is not None}
    return FactValue(
        value=value,
        on=newest_date(findings),
        sources=merged_sources(findings),
        extra=merged_extra(findings) | ({"basis": bases.pop()} if len(bases) == 1 else {}),
        note=note,
    )


def merged_extra(findings: Iterable[Finding]) -> dict[str, Any]:
    """Extra keys of agreeing findings; a key on which they differ is left out."""
    merged: dict[str, Any] = {}
    differing: set[str] = set()
    for finding in sorted(findings, key=finding_key):
        for key, value in finding.extra.items():
            if key in merged and merged[key] != value:
                differing.add(key)
            merged.setdefault(key, value)
    return {key: merged[key] for key in sorted(merged) if key not in differing}
