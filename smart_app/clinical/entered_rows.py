"""
Rows that a clinician entered: treatments and studies laid over the record's own, which stay beside them. Pure.

An entry adds a row, corrects one of the record, says that one did not take place, or that there are no others. It holds
for the record as it was read when it was made: where the record says something else by now, it is set aside with words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from smart_app.clinical.completed import IMAGING_KEYS
from smart_app.clinical.facts import (
    Entry,
    Event,
    Fact,
    FactState,
    ImagingStudy,
    PatientRecord,
    SetAside,
)
from smart_app.clinical.typed_rows import (
    ABSENT,
    BIRADS,
    CONCEPT_KEYS,
    CONDITIONS,
    DRUG_ROWS,
    NOT_DONE,
    OF_BREAST,
    OTHERS,
    ROW_NAMES,
    Parts,
    Row,
    can_be_said,
    is_same,
    make_row,
    modality_of,
    parts_of,
    row_id,
    row_words,
    typed_row,
)

HELD = "the record holds it itself"
READ_FROM_ROWS = ("breast_density", "cumulative_doxorubicin_mg_m2", "lvef_percent", "smoking")
"""Facts that may have been read from the resource of a study, a drug or a condition alone."""


def own_rows(record: PatientRecord, name: str) -> tuple[tuple[Parts, Row], ...]:
    """The record's own rows of this name, whatever was entered, each with its typed parts."""
    return rows_now(record.own or record, name)


def rows_now(record: PatientRecord, name: str) -> tuple[tuple[Parts, Row], ...]:
    """The rows as they stand, entered ones among them."""
    if name == "conditions":
        found = (event for what in CONDITIONS for event in record.events.get(what, ()))
        return tuple((parts_of(event), event) for event in found)
    if name == "done":
        studies = ((what, record.imaging.get(key)) for what, key in IMAGING_KEYS.items())
        return tuple((parts_of(study, what), study) for what, study in studies if study is not None)
    return tuple((parts_of(row), row) for row in getattr(record, name))


def find_own_row(record: PatientRecord, name: str, key: str) -> tuple[Parts, Row] | None:
    """The record's own row with this id."""
    return next((pair for pair in own_rows(record, name) if row_id(name, typed_row(pair[0])) == key), None)


def list_words(record: PatientRecord, name: str) -> str:
    """All own rows as one text: what "there are no others" was said of."""
    return " | ".join(sorted(typed_row(parts) for parts, _ in own_rows(record, name)))


def why_it_does_not_fit(entry: Entry, record: PatientRecord) -> str:
    """Why an entry does not hold for this record; empty where it does."""
    if not can_be_said(entry.name, entry.row, entry.value, bool(entry.instead_of)):
        return "this cannot be said of such an entry"
    if entry.row == OTHERS:
        same = entry.instead_of == list_words(record, entry.name)
        return "" if same else "the record now holds other entries of this kind"
    rows = [parts for parts, _ in own_rows(record, entry.name)]
    if entry.instead_of:
        found = any(typed_row(parts) == entry.instead_of for parts in rows)
        return "" if found else "the record no longer says what was corrected"
    held = isinstance(entry.value, Mapping) and any(is_same(entry.value, parts) for parts in rows)
    return HELD if held else ""


def apply_rows(record: PatientRecord, entries: Iterable[Entry]) -> PatientRecord:
    """The record with entered rows."""
    by_name: dict[str, list[Entry]] = {}
    for entry in entries:
        by_name.setdefault(entry.name, []).append(entry)
    now = record
    aside: list[SetAside] = []
    all_given: dict[str, Entry] = {}
    for name in sorted(by_name):
        fitting = []
        for entry in by_name[name]:
            why = why_it_does_not_fit(entry, record)
            if why:
                aside.append(SetAside(name, entry, (), why))
            elif entry.row == OTHERS:
                all_given[name] = entry
            elif _is_absent(entry) and not entry.instead_of:
                all_given[entry.value["what"]] = entry
            else:
                fitting.append(entry)
        rows, struck = _laid_over(record, name, fitting)
        aside.extend(struck)
        now = replace(now, **_as_laid(now, name, rows))
    now = replace(now, all_given=all_given, set_aside=tuple(aside))
    return replace(now, facts=_without_struck(now))


def _without_struck(record: PatientRecord) -> Mapping[str, Fact]:
    """The facts without those that rest only on a row of the record that did not take place: these are open again."""
    struck = {source.reference for aside in record.set_aside if not aside.why for source in aside.sources}
    facts = dict(record.facts)
    for name in READ_FROM_ROWS:
        fact = facts.get(name)
        if fact is None or fact.entry is not None or not fact.sources:
            continue
        if struck.issuperset(source.reference for source in fact.sources):
            state = FactState.NOT_FOUND if record.was_read(name) else FactState.NOT_READ
            facts[name] = Fact(name, state, looked_for=fact.looked_for)
    return facts


def _is_absent(entry: Entry) -> bool:
    """Whether the clinician says that the patient does not have a condition."""
    return isinstance(entry.value, Mapping) and entry.value.get("status") == ABSENT


def _as_laid(record: PatientRecord, name: str, rows: list[tuple[Parts, Row]]) -> dict[str, Any]:
    if name == "done":
        return _studies(record, rows)
    if name == "conditions":
        return {"events": _conditions(record, [row for _, row in rows if isinstance(row, Event)])}
    return {name: tuple(row for _, row in rows)}


def _conditions(record: PatientRecord, rows: list[Event]) -> dict[str, tuple[Event, ...]]:
    """The events with these conditions, newest first."""
    events = dict(record.events)
    for what in CONDITIONS:
        found = sorted((row for row in rows if row.concept == what), key=lambda row: str(row.on or ""), reverse=True)
        if found or what in events:
            events[what] = tuple(found)
    return events


def _laid_over(
    record: PatientRecord, name: str, entries: Iterable[Entry]
) -> tuple[list[tuple[Parts, Row]], list[SetAside]]:
    """Own rows as corrected, then the added ones, in the order of their dates."""
    corrections = {entry.instead_of: entry for entry in entries if entry.instead_of}
    rows: list[tuple[Parts, Row]] = []
    struck = []
    for parts, row in own_rows(record, name):
        entry = corrections.get(typed_row(parts))
        if entry is None:
            rows.append((parts, row))
        elif entry.value == NOT_DONE or _is_absent(entry):
            struck.append(SetAside(name, entry, row.sources))
        else:
            rows.append((entry.value, make_row(name, entry.value, entry, row)))
    added = [entry for entry in entries if not entry.instead_of and isinstance(entry.value, Mapping)]
    rows += [(entry.value, make_row(name, entry.value, entry, None)) for entry in added]
    return sorted(rows, key=_order) if entries else rows, struck


def _order(pair: tuple[Parts, Row]) -> tuple[str, str]:
    parts = pair[0]
    return parts.get("on") or parts.get("from") or parts.get("to") or "9999", typed_row(parts)


def _studies(record: PatientRecord, rows: list[tuple[Parts, Row]]) -> dict[str, Any]:
    """Imaging and events with what was entered: the newest of each kind leads, the others stand among the events."""
    imaging: dict[str, ImagingStudy | None] = dict(record.imaging)
    events = dict(record.events)
    for what in sorted({parts["what"] for parts, _ in rows} | {c for k, c in CONCEPT_KEYS.items() if imaging.get(k)}):
        key = IMAGING_KEYS.get(what)
        own = record.imaging.get(key) if key is not None else None
        done = [row for parts, row in rows if parts["what"] == what and isinstance(row, ImagingStudy)]
        if done == [own]:
            continue
        gone = {source.reference for source in own.sources} if own is not None and own not in done else set()
        listed = [event for event in events.get(what, ()) if not gone & {s.reference for s in event.sources}]
        by_hand = [study for study in done if study.entry is not None]
        if key is not None:
            candidates = [*done, *(_study_of(event) for event in listed)]
            leading = imaging[key] = max(candidates, key=_newest, default=None)
            by_hand = [study for study in by_hand if study is not leading]
        listed += [Event(what, row.on, row.sources, row.side, row.birads, entry=row.entry) for row in by_hand]
        events[what] = tuple(sorted(listed, key=lambda event: str(event.on or ""), reverse=True))
    last = imaging["last_breast_imaging"] = _last_of_breast(record, imaging)
    stands = [row.record or row for _, row in rows if isinstance(row, ImagingStudy)]
    return {"imaging": imaging, "events": events, "facts": _with_birads(record, last, stands)}


def _study_of(event: Event) -> ImagingStudy:
    """A study that is listed among the events, with its category."""
    birads = event.value if event.value in BIRADS else None
    return ImagingStudy(modality_of(event.concept), event.on, event.side, birads, event.sources)


def _newest(study: ImagingStudy) -> tuple[date, bool, bool]:
    """Of two dates that may be either way round, the one that is surely no earlier."""
    return study.on.earliest if study.on is not None else date.min, study.entry is not None, study.birads is not None


def _last_of_breast(record: PatientRecord, imaging: Mapping[str, ImagingStudy | None]) -> ImagingStudy | None:
    """The newest study of a breast; the record's own choice where nothing entered is newer."""
    own = record.imaging.get("last_breast_imaging")
    studies = [study for what in OF_BREAST if (study := imaging.get(IMAGING_KEYS[what])) is not None]
    newest = max(studies, key=_newest, default=None)
    stands = own is not None and any(study == own for study in studies)
    return own if stands and newest is not None and newest.entry is None else newest


def _with_birads(record: PatientRecord, last: ImagingStudy | None, stands: list[ImagingStudy]) -> Mapping[str, Fact]:
    """
    The facts with the category of the last study.

    An entered study without a category leaves open what the record says; a struck study takes its category along.
    """
    own = record.facts.get("birads")
    looked_for = own.looked_for if own is not None else ""
    read = record.imaging.get("last_breast_imaging")
    if last is not None and last.entry is not None and last.birads is not None:
        rule = "Of the study that the clinician entered."
        fact = Fact("birads", FactState.ENTERED, last.birads, last.on, rule=rule, entry=last.entry, record=own)
    elif read is None or any(study == read for study in stands):
        return record.facts
    elif last is not None and last.entry is None and last.birads is not None:
        rule = "Category of the last breast imaging, without the study that the clinician struck."
        fact = Fact("birads", FactState.DOCUMENTED, last.birads, last.on, last.sources, rule=rule)
    else:
        fact = Fact("birads", FactState.NOT_FOUND if record.was_read("birads") else FactState.NOT_READ)
    extra = {"sub": f"{last.birads}{last.sub}"} if fact.known and last is not None and last.sub else {}
    return {**record.facts, "birads": replace(fact, extra=extra, looked_for=looked_for)}


def entered_names(record: PatientRecord) -> frozenset[str]:
    """By which names reasons speak of rows that were entered."""
    if record.own is None:
        return frozenset()
    own = record.own
    names = {
        name
        for name in ROW_NAMES
        if name not in ("done", "conditions") and any(row.entry for _, row in rows_now(record, name))
    }
    if not names.isdisjoint(DRUG_ROWS):
        names.add("systemic")  # reasons speak of every drug under this name
    new = {
        what
        for what, events in record.events.items()
        if events != own.events.get(what, ()) and not all(event.sources for event in events)
    }
    studies = {what for what, key in IMAGING_KEYS.items() if (study := record.imaging.get(key)) and study.entry}
    return frozenset(names | new | studies)


def row_is_applied(entry: Entry, record: PatientRecord) -> bool:
    """Whether a record has this entry laid over it, or has said why not."""
    if entry.row == OTHERS:
        return entry.name in record.all_given or any(aside.entry == entry for aside in record.set_aside)
    if any(aside.entry == entry for aside in record.set_aside) or entry in record.all_given.values():
        return True
    events = (event for found in record.events.values() for event in found)
    return any(row.entry == entry for row in (*(row for _, row in rows_now(record, entry.name)), *events))


def entered_row_words(entry: Entry) -> str:
    """An entered row as one line of a plan, with the record's row that it replaces."""
    words = row_words(entry.value)
    if entry.row == OTHERS or not entry.instead_of:
        return words
    said = dict(part.partition(" ")[::2] for part in entry.instead_of.split("; "))
    own = row_words(said)
    return f"{own}: {words}" if entry.value == NOT_DONE else f"{words} (the record says: {own})"
