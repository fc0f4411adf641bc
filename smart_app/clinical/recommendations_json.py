"""
The recommendations JSON of contract section 3a: ordered and byte-stable.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from smart_app.clinical.facts import PatientRecord
from smart_app.clinical.recommendations import Because, Recommendation


def recommendations_json(record: PatientRecord, recommendations: Iterable[Recommendation]) -> dict[str, Any]:
    """The whole answer; no recommendations where the record is out of scope."""
    rows = [_row(item) for item in recommendations] if record.scope.applies else []
    return {
        "schema": 1,
        "as_of": record.as_of.isoformat(),
        "scope": {"applies": record.scope.applies, "reasons": list(record.scope.reasons)},
        "recommendations": rows,
    }


def _row(item: Recommendation) -> dict[str, Any]:
    row: dict[str, Any] = {
        "rule": item.rule,
        "topic": item.topic,
        "kind": item.kind.value,
        "side": item.side,
        "status": item.status.value,
        "due": _text(item.due),
        "earliest": _text(item.earliest),
        "interval_months": list(item.interval_months) if item.interval_months else None,
        "owner": item.owner,
        "because": [_because(reason) for reason in item.because],
        "missing": list(item.missing),
        "source": {
            "guideline": item.citation.guideline,
            "year": item.citation.year,
            "strength": item.citation.strength,
        },
        "reviewed": item.reviewed,
        "row": item.row,
        "title": item.title,
        "fires": item.fired,
    }
    if item.reason:
        row["reason"] = item.reason
    if item.last_done is not None:
        row["last_done"] = str(item.last_done)
    if item.horizon:
        row["then"] = [str(day) for day in item.horizon]
    return row


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _because(reason: Because) -> dict[str, Any]:
    value = list(reason.value) if isinstance(reason.value, tuple) else reason.value
    return {"fact": reason.fact, "value": value, "sources": [source.reference for source in reason.sources]}
