"""
Rows that a clinician entered, as they stand in the treatment column: marked, with the record's own word beside them.
"""

from __future__ import annotations

from dataclasses import replace

from smart_app.clinical.completed import IMAGING_KEYS
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Entry, Event, FactState, ImagingStudy, PatientRecord, SetAside, Surgery
from smart_app.clinical.typed_rows import CONDITIONS, Row, parts_of, row_id, typed_row
from smart_app.web.presenters_facts import FactContext, FactRow, Piece, entry_pairs, source_ledger, source_pairs
from smart_app.web.presenters_page import STATE_TAGS, Chip, Link, Pair
from smart_app.web.presenters_row_entry import HEADINGS, SHORT, entry_title, row_title
from smart_app.web.presenters_words import date_text, imaging_name, sentence_case


def correct_link(name: str, row: Row, where: FactContext) -> tuple[Pair, ...]:
    """The way to correct a row of the record, or to change an entered one."""
    if not where.can_enter:
        return ()
    key = row.entry.row if row.entry is not None else row_id(name, typed_row(parts_of(row)))
    words = "Change this entry" if row.entry is not None else "Correct this, or say that it did not take place"
    return (Pair("Correct", "", Link(words, f"{where.base}/facts?fact={name}.{key}")),)


def enter_row_link(name: str, where: FactContext, words: str = "") -> tuple[Pair, ...]:
    """The way to enter a row that the record lacks."""
    if not where.can_enter:
        return ()
    return (Pair("Fill", "", Link(words or f"Enter {HEADINGS[name][1]}", f"{where.base}/facts?fact={name}")),)


def entered_ledger(row: Row, name: str, where: FactContext) -> tuple[Pair, ...]:
    """Who entered a row and why; what the record itself says beside it, with its sources."""
    if row.entry is None:
        return ()
    pairs = entry_pairs(row.entry)
    if row.record is not None:
        own = row_title(name, parts_of(row.record, _what(row.record)))
        pairs.append(Pair("The record", own))
        pairs += [pair for s in row.record.sources for pair in source_pairs(s, where.base, "Record’s source")]
    else:
        pairs.append(Pair("The record", "does not list it"))
    return tuple(pairs)


def _what(row: Row) -> str:
    return imaging_name(row.modality) if isinstance(row, ImagingStudy) else ""


def mark_row(shown: FactRow, row: Row, where: FactContext, name: str = "other_medications") -> FactRow:
    """A row with its links; an entered one is marked so, with the record's own word beside it."""
    links = correct_link(name, row, where)
    if row.entry is None:
        return replace(shown, ledger=(*shown.ledger, *links, *enter_row_link(name, where)))
    says = row_title(name, parts_of(row.record)) if row.record is not None else "not listed"
    return replace(
        shown,
        state=FactState.ENTERED.value,
        treatment=shown.treatment or name,
        tag=STATE_TAGS[FactState.ENTERED],
        chip=Chip("by the clinician", date_text(_day_of(row))),
        also=(*shown.also, f"record: {says[:1].lower()}{says[1:]}"),
        ledger=(*entered_ledger(row, name, where), *links, *enter_row_link(name, where)),
    )


def _day_of(row: Row) -> PartialDate | None:
    if isinstance(row, (Surgery, ImagingStudy, Event)):
        return row.on
    return row.ended_on or row.started_on


def aside_row(aside: SetAside, where: FactContext) -> FactRow:
    """An entry that gave no row: what the clinician says did not take place, or what no longer fits the record."""
    entry = aside.entry
    words = f"Your entry is not used: {aside.why}" if aside.why else entry_title(entry)
    href = f"{where.base}/facts?fact={aside.name}.{entry.row}"
    link = (Pair("Correct", "", Link("Change this entry", href)),) if where.can_enter else ()
    return FactRow(
        SHORT.get(aside.name) or HEADINGS[aside.name][0],
        FactState.ENTERED.value,
        (Piece(words),),
        (*entry_pairs(entry), *source_ledger(aside.sources, where), *link),
        treatment=aside.name,
        chip=Chip("by the clinician"),
        tag=STATE_TAGS[FactState.ENTERED],
    )


def rows_beside(record: PatientRecord, where: FactContext) -> tuple[FactRow, ...]:
    """What was entered and has no column: conditions, studies, visits; those of the record stand with the advice."""
    rows = []
    for what, events in record.events.items():
        rows += [_event_row(what, event, where) for event in events if event.entry is not None]
    for what, key in IMAGING_KEYS.items():
        study = record.imaging.get(key)
        if study is not None and study.entry is not None and study != record.imaging.get("last_breast_imaging"):
            rows.append(_entry_row(sentence_case(what.replace("-", " ")), study.entry, where))
    read = record.own or record
    for what, absent in record.all_given.items():
        if what in CONDITIONS:
            key = f"{absent.name}.{absent.row}"
            rows.append(none_given_row(sentence_case(what.replace("-", " ")), key, absent, where, read.was_read(what)))
    rows += [aside_row(aside, where) for aside in record.set_aside if aside.name in ("done", "conditions")]
    return tuple(sorted(rows, key=lambda row: row.label))


def _event_row(what: str, event: Event, where: FactContext) -> FactRow:
    label = sentence_case(what.replace("-", " "))
    if event.entry is None or event.entry.name == "done":
        return _entry_row(label, event.entry, where)
    held = "Had it, over now" if event.value == "resolved" else "Has it now"
    return mark_row(FactRow(label, "", (Piece(held),), ()), event, where, "conditions")


def _entry_row(label: str, entry: Entry | None, where: FactContext) -> FactRow:
    """An entered study or visit in its own words."""
    words = entry_title(entry) if entry is not None else ""
    href = f"{where.base}/facts?fact=done.{entry.row if entry is not None else ''}"
    link = (Pair("Correct", "", Link("Change this entry", href)),) if where.can_enter else ()
    return FactRow(
        label,
        FactState.ENTERED.value,
        (Piece(words),),
        (*entry_pairs(entry), *link),
        treatment="done",
        chip=Chip("by the clinician"),
        tag=STATE_TAGS[FactState.ENTERED],
    )


def none_given_row(label: str, key: str, entry: Entry, where: FactContext, read: bool, words: str = "None") -> FactRow:
    """The clinician's word that there was none, beside what the record says. `read`: the record was read in full."""
    link = (Pair("Correct", "", Link("Take this back", f"{where.base}/facts?fact={key}")),) if where.can_enter else ()
    says = "not read in full" if not read else "none recorded" if words == "None" else "does not say so"
    return FactRow(
        label,
        FactState.ENTERED.value,
        (Piece(words),),
        (*entry_pairs(entry), Pair("The record", says), *link),
        treatment=key.partition(".")[0],
        chip=Chip("by the clinician"),
        also=(f"record: {says}",),
        tag=STATE_TAGS[FactState.ENTERED],
    )
