"""
`aftercare plan`: the draft plan of a file, as CarePlan or as a table. The same input gives the same bytes.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, time
from typing import Any

import msgspec

from smart_app.clinical.facts import PatientRecord
from smart_app.clinical.plan import CarePlanDraft, PlanRow
from smart_app.clinical.plan_drafting import by_row, draft_plan
from smart_app.clinical.recommendations import DueStatus, Recommendation, RecommendationKind
from smart_app.fhir.careplan import Authorship, care_plan
from smart_app.fhir.narrative import when_words

PUBLIC_URL = "http://127.0.0.1:8000"
_STATUS = {
    DueStatus.OVERDUE: "Overdue",
    DueStatus.DUE: "Due",
    DueStatus.UP_TO_DATE: "Up to date",
    DueStatus.NOT_INDICATED: "Not advised",
    DueStatus.CANNOT_TELL: "Cannot tell",
}
_SIDES = {"left": "left", "right": "right", "both": "both sides"}
_NAMESPACE = uuid.UUID("6f1c5a1e-6a3e-5a0b-9d6c-2f6a1c0d7e11")


def plan_resource(
    record: PatientRecord,
    recommendations: Iterable[Recommendation],
    *,
    public_url: str = PUBLIC_URL,
) -> dict[str, Any]:
    """The draft CarePlan of a record that is in scope: status `draft`, no author, because nobody has signed it."""
    fired = tuple(recommendations)
    draft = _draft(record, fired)
    midnight = datetime.combine(record.as_of, time(), UTC)
    subject = (record.patient.reference or "").removeprefix("Patient/")
    authorship = Authorship(patient_id=subject or "unknown", at=midnight, public_url=public_url)
    return care_plan(draft, record, by_row(fired), authorship, status="draft")


def _draft(record: PatientRecord, recommendations: tuple[Recommendation, ...]) -> CarePlanDraft:
    known = msgspec.json.encode((record.as_of, record.patient, record.cancers), order="deterministic")
    content = [known.decode(), *(entry.rule + (entry.side or "") for entry in recommendations)]
    identifier = uuid.uuid5(_NAMESPACE, json.dumps(content)).urn
    return draft_plan(record, recommendations, identifier=identifier)


def plan_table(
    record: PatientRecord, recommendations: Iterable[Recommendation], label: Callable[[str], str] = str
) -> str:
    """
    The draft as a table for a terminal: what, status, when, who, why and source; alerts first, then what is late.

    Args:
        label: words for the name of a missing fact.
    """
    fired = tuple(recommendations)
    rows_of = {row.id: row for row in _draft(record, fired).rows}
    head = ("Status", "What", "When", "Who", "Why", "Source")
    cells = [head, *(_cells(rows_of[key], entry, label) for key, entry in by_row(fired).items())]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head) - 2)]
    lines = [f"Draft survivorship care plan, {record.as_of.isoformat()}. Options, not orders.", ""]
    for number, row in enumerate(cells):
        fixed = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        lines.append(f"{fixed}  {'  |  '.join(part for part in row[len(widths) :] if part)}".rstrip())
        if number == 0:
            lines.append("-" * len(lines[-1]))
    if len(cells) == 1:
        lines.append("No recommendation fires for this record.")
    return "\n".join(lines) + "\n"


def _cells(row: PlanRow, entry: Recommendation, label: Callable[[str], str]) -> tuple[str, ...]:
    source = f"{entry.citation.guideline} {entry.citation.year}"
    why = entry.why or entry.says
    if entry.missing:
        why = f"missing: {', '.join(dict.fromkeys(map(label, entry.missing)))}"
    title = " ".join(row.title.split())
    if entry.side is not None:
        title += f" ({_SIDES.get(entry.side, entry.side)})"
    return (_status(entry), title, _when(row, entry), row.owner, " ".join(why.split()), source)


def _status(entry: Recommendation) -> str:
    """An alert that stands is more than due; one that cannot be told says so."""
    if entry.kind is not RecommendationKind.SAFETY_ALERT:
        return _STATUS[entry.status]
    return "Alert: cannot tell" if entry.status is DueStatus.CANNOT_TELL else "Safety alert"


def _when(row: PlanRow, entry: Recommendation) -> str:
    """Date and interval; of a range the clinic's own months beside it. Nothing where it cannot be told: no advice."""
    if entry.status is DueStatus.CANNOT_TELL:
        return ""
    interval = entry.interval_months
    chosen = "" if interval is None or interval[0] == interval[1] else f" ({entry.chosen_months} used)"
    return when_words(row) + chosen
