"""
Facts that a clinician entered or chose in a saved plan: which of them still stand at a later launch. Pure.

What the record says by now goes first; what belongs to one visit is asked again. Nothing is left out in silence.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from smart_app.clinical.date_facts import DATE_FACTS, TUMOR_ATTRIBUTES, date_fact, tumor_attribute
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.entered_rows import row_is_applied, why_it_does_not_fit
from smart_app.clinical.entries import CHOICES, ENTERABLE_TEXTS, NUMBERS, TUMOR_FACTS, parse_entry_value, typed_text
from smart_app.clinical.facts import Entry, Fact, FactState, PatientRecord
from smart_app.clinical.typed_rows import ROW_NAMES

OF_THE_VISIT = frozenset({"new_symptoms", "pregnancy", "ovarian_suppression"})
"""Facts that are true of the day they were entered, and of no later one."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An entry of a saved plan that does not stand again, and why not, in words."""

    entry: Entry
    why: str


@dataclass(frozen=True, slots=True)
class KeptEntries:
    """Entries of a saved plan: those that stand again in this launch, and those that do not."""

    stand: tuple[Entry, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def as_saved(entry: Entry, record: PatientRecord) -> Entry:
    """
    An entry as a saved plan holds it: the value as it would be typed, the tumor by its diagnosis.

    The number of a tumor is not kept, because the record may count its tumors in another order later.
    """
    tumor = ""
    if len(record.cancers) > 1 and entry.name in TUMOR_FACTS:
        cancer = record.cancers[entry.cancer or 0] if (entry.cancer or 0) < len(record.cancers) else None
        tumor = next((source.reference for source in cancer.sources), "") if cancer is not None else ""
    return replace(entry, value=typed_text(entry.name, entry.value), cancer=None, tumor=tumor, extra={}, from_plan=True)


def entries_that_stand(entries: Iterable[Entry], record: PatientRecord) -> KeptEntries:
    """
    The entries of a saved plan against the record as it is now.

    Args:
        entries: as `as_saved` makes them.
        record: with or without entries applied; the record's own facts decide.
    """
    stand, left_out = [], []
    for entry in entries:
        found = _standing(entry, record)
        if isinstance(found, Entry):
            stand.append(found)
        else:
            left_out.append(LeftOut(entry, found))
    return KeptEntries(tuple(stand), tuple(left_out))


def entries_are_applied(entries: Iterable[Entry], record: PatientRecord) -> bool:
    """Whether a record has these entries laid over it."""
    return all(_is_applied(entry, record) for entry in entries)


def _is_applied(entry: Entry, record: PatientRecord) -> bool:
    if entry.name in ROW_NAMES:
        return row_is_applied(entry, record)
    fact = _fact(entry.name, entry.cancer, record)
    return fact is not None and fact.state is FactState.ENTERED


def open_conflicts_that_stand(reasons: dict[str, str], conflicts: Iterable[str]) -> dict[str, str]:
    """Conflicts that a saved plan left open with a reason, as far as the record still has them."""
    known = set(conflicts)
    return {key: reason for key, reason in reasons.items() if key in known}


def _standing(entry: Entry, record: PatientRecord) -> Entry | str:
    """The entry for this record, else why it does not stand."""
    if entry.name in ROW_NAMES:
        return _row_standing(entry, record)
    if entry.name in OF_THE_VISIT and entry.at[:10] != record.as_of.isoformat():
        return "it was true of that visit: ask again"
    cancer = None
    if entry.name in TUMOR_FACTS and (entry.tumor or len(record.cancers) > 1):
        cancer = _tumor(entry.tumor, record)
        if cancer is None:
            return "the record tells its tumors apart in another way now"
    own = _own(entry.name, cancer, record)
    entry = replace(entry, cancer=cancer, tumor="")
    if entry.chosen_source:
        return _choice(entry, own)
    try:
        value = _typed(entry)
    except ValueError:
        return "it cannot be read as a value of this fact"
    if own is not None and own.state is FactState.DOCUMENTED and own.value != value and not _is_older(own, entry):
        return f"the record now says {typed_text(entry.name, own.value)}"
    return replace(entry, value=value)


def _row_standing(entry: Entry, record: PatientRecord) -> Entry | str:
    try:
        found = replace(entry, value=_typed(entry))
    except ValueError:
        return "it cannot be read as such an entry"
    return why_it_does_not_fit(found, record) or found


def _typed(entry: Entry) -> object:
    if entry.name not in {*CHOICES, *NUMBERS, *ENTERABLE_TEXTS, *ROW_NAMES}:
        raise ValueError("no fact that can be entered")
    return parse_entry_value(entry.name, str(entry.value))


def _choice(entry: Entry, own: Fact | None) -> Entry | str:
    """A choice among results: its value is the record's, never that of the plan."""
    if own is None or own.state is not FactState.CONFLICTING:
        return "the results no longer disagree"
    for value in own.others:
        named = any(source.reference == entry.chosen_source for source in value.sources)
        if named and typed_text(entry.name, value.value) == entry.value:
            return replace(entry, value=value.value, on=value.on, extra=dict(value.extra))
    return "the chosen result is another one now"


def _is_older(own: Fact, entry: Entry) -> bool:
    """Whether the record's own value was there when the clinician entered another one."""
    on = PartialDate.parse(str(own.value)) if own.name in DATE_FACTS else own.on
    return on is not None and on.latest < PartialDate.parse(entry.at[:10]).earliest


def _tumor(reference: str, record: PatientRecord) -> int | None:
    found = (
        index
        for index, cancer in enumerate(record.cancers)
        if any(source.reference == reference for source in cancer.sources)
    )
    return next(found, None)


def _own(name: str, cancer: int | None, record: PatientRecord) -> Fact | None:
    """The fact as the record itself has it."""
    fact = _fact(name, cancer, record)
    return fact.record if fact is not None and fact.state is FactState.ENTERED else fact


def _fact(name: str, cancer: int | None, record: PatientRecord) -> Fact | None:
    of_tumors = [each.facts[name] for each in record.cancers if name in each.facts]
    fact = record.cancers[cancer].facts.get(name) if cancer is not None else None
    if fact is None:
        fact = of_tumors[0] if len(of_tumors) == 1 else record.facts.get(name)
    if fact is None and name in TUMOR_ATTRIBUTES and (cancer or 0) < len(record.cancers):
        return tumor_attribute(name, record.cancers[cancer or 0], record.was_read(name))
    return date_fact(name, record, cancer) if fact is None and name in DATE_FACTS else fact
