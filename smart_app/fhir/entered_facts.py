"""
Facts that a clinician entered or chose, as a machine-readable part of our own plan, and back again. Pure.

The words of such a fact are a note of the plan; an extension of the note says the same for this program, so that an
update of the plan does not lose it. A server that drops extensions leaves the words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.entries_kept import as_saved
from smart_app.clinical.facts import Entry, PatientRecord
from smart_app.fhir import resources
from smart_app.fhir.narrative import without_forbidden

_PATH = "/fhir/StructureDefinition/aftercare-entered-fact"
_AT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def entry_extension(entry: Entry, public_url: str) -> dict[str, Any]:
    """An entry as an extension. References stand as text: a server must not look for what the clinician cites."""
    parts: dict[str, tuple[str, str | None]] = {
        "fact": ("valueCode", entry.name),
        "value": ("valueString", str(entry.value)),
        "by": ("valueString", entry.by),
        "at": ("valueDateTime", entry.at.replace("+00:00", "Z")),
        "reason": ("valueString", entry.reason),
        "on": ("valueDateTime", str(entry.on) if entry.on else None),
        "seen-where": ("valueString", entry.seen_where),
        "tumor": ("valueString", entry.tumor),
        "chosen": ("valueString", entry.chosen_source),
    }
    said = [
        {"url": name, kind: without_forbidden(value)}
        for name, (kind, value) in parts.items()
        if value and value.strip()
    ]
    return {"url": f"{public_url}{_PATH}", "extension": said}


def as_read_back(entry: Entry, record: PatientRecord) -> Entry:
    """An entry as it will be read from the plan that holds it, so that both can be compared."""
    found = read_entries({"note": [{"extension": [entry_extension(as_saved(entry, record), "")]}]})
    return found[0] if found else entry


def read_entries(plan: Mapping[str, Any]) -> tuple[Entry, ...]:
    """The entries of a plan, as `clinical.entries_kept.as_saved` makes them; what is not whole is left out."""
    found = []
    for note in resources.objects(plan.get("note")):
        for extension in resources.objects(note.get("extension")):
            if str(extension.get("url", "")).endswith(_PATH):
                entry = _entry(extension)
                found += [entry] if entry is not None else []
    return tuple(found)


def _entry(extension: Mapping[str, Any]) -> Entry | None:
    said = {
        str(part.get("url")): text
        for part in resources.objects(extension.get("extension"))
        for kind in ("valueCode", "valueString", "valueDateTime")
        if (text := resources.text(part.get(kind)))
    }
    name, at = said.get("fact", ""), said.get("at", "")
    if not (_NAME.fullmatch(name) and _AT.fullmatch(at) and said.get("value") and said.get("by")):
        return None
    return Entry(
        name=name,
        value=said["value"],
        by=said["by"],
        at=at.replace("+00:00", "Z"),
        reason=said.get("reason", ""),
        on=_date(said.get("on", "")),
        seen_where=said.get("seen-where"),
        chosen_source=said.get("chosen"),
        tumor=said.get("tumor", ""),
        from_plan=True,
    )


def _date(text: str) -> PartialDate | None:
    try:
        return PartialDate.parse(text) if text else None
    except ValueError:
        return None
