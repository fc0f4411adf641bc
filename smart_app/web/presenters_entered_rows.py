"""
Rows that a clinician entered, as they stand in the treatment column: marked, with the record's own word beside them.
"""

from __future__ import annotations

from dataclasses import replace

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Entry, FactState, ImagingStudy, SetAside, Surgery
from smart_app.clinical.typed_rows import Row, parts_of, row_id, typed_row
from smart_app.web.presenters_facts import FactContext, FactRow, Piece, entry_pairs, source_ledger, source_pairs
from smart_app.web.presenters_page import STATE_TAGS, Chip, Link, Pair
from smart_app.web.presenters_row_entry import HEADINGS, SHORT, entry_title, row_title
from smart_app.web.presenters_words import date_text, imaging_name


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
        pairs.append(Pair("The record", "none recorded"))
    return tuple(pairs)


def _what(row: Row) -> str:
    return imaging_name(row.modality) if isinstance(row, ImagingStudy) else ""


def mark_row(shown: FactRow, row: Row, where: FactContext, name: str = "other_medications") -> FactRow:
    """A row with its links; an entered one is marked so, with the record's own word beside it."""
    links = correct_link(name, row, where)
    if row.entry is None:
        return replace(shown, ledger=(*shown.ledger, *links, *enter_row_link(name, where)))
    says = row_title(name, parts_of(row.record)) if row.record is not None else "none recorded"
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
    if isinstance(row, (Surgery, ImagingStudy)):
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


def none_given_row(label: str, name: str, entry: Entry, where: FactContext) -> FactRow:
    """The clinician's word that there was none, beside what the record says."""
    link = (Pair("Correct", "", Link("Take this back", f"{where.base}/facts?fact={name}")),) if where.can_enter else ()
    return FactRow(
        label,
        FactState.ENTERED.value,
        (Piece("None"),),
        (*entry_pairs(entry), Pair("The record", "none recorded"), *link),
        treatment=name,
        chip=Chip("by the clinician"),
        tag=STATE_TAGS[FactState.ENTERED],
    )
