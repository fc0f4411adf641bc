"""
Facts that a clinician entered or chose, as notes of our own plan, and back again. Pure.

The first line of such a note is for people; the lines below it say the same, one part a line, so that an update of the
plan does not lose the fact. No extension: validators refuse those whose definition they do not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.entries_kept import as_saved
from smart_app.clinical.facts import Entry, PatientRecord
from smart_app.clinical.plan_facts import entry_words
from smart_app.fhir.narrative import without_forbidden

ENTERED = "By the clinician: "
_LINE = "- "
_AT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")


def entry_note(entry: Entry, record: PatientRecord) -> str:
    """The text of the note that holds an entry."""
    saved = as_saved(entry, record)
    parts = {
        "fact": saved.name,
        "value": str(saved.value),
        "by": saved.by,
        "at": saved.at.replace("+00:00", "Z"),
        "reason": saved.reason,
        "on": str(saved.on) if saved.on else "",
        "seen in": saved.seen_where or "",
        "tumor": saved.tumor,
        "chosen": saved.chosen_source or "",
        "row": saved.row,
        "instead of": saved.instead_of,
    }
    said = {name: " ".join(value.split()) for name, value in parts.items()}
    lines = [f"{_LINE}{name}: {value}" for name, value in said.items() if value]
    return without_forbidden("\n".join([f"{ENTERED}{' '.join(entry_words(entry).split())}", *lines]))


def as_read_back(entry: Entry, record: PatientRecord) -> Entry:
    """An entry as it will be read from the plan that holds it, so that both can be compared."""
    return _entry(entry_note(entry, record)) or entry


def read_entries(notes: Iterable[str]) -> tuple[Entry, ...]:
    """The entries among the notes of a plan, as `entries_kept.as_saved` makes them; what is not whole is left out."""
    found = (_entry(note) for note in notes if note.startswith(ENTERED))
    return tuple(entry for entry in found if entry is not None)


def _entry(note: str) -> Entry | None:
    lines = (line.strip().removeprefix(_LINE).partition(": ") for line in note.splitlines()[1:])
    said = {name: value for name, _, value in lines if value}
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
        seen_where=said.get("seen in"),
        chosen_source=said.get("chosen"),
        tumor=said.get("tumor", ""),
        row=said.get("row", ""),
        instead_of=said.get("instead of", ""),
        from_plan=True,
    )


def _date(text: str) -> PartialDate | None:
    try:
        return PartialDate.parse(text) if text else None
    except ValueError:
        return None
