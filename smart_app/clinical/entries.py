"""
What the clinician entered, overrode or chose, laid over what the record says.

The record's own fact always stays beside the entered one (`Fact.record`), and the order of entries never matters: of
two entries for the same fact the later one (by instant, then by value) stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from smart_app.clinical.facts import CancerRecord, Entry, Fact, FactState, FactValue, PatientRecord, Source
from smart_app.clinical.scope import decide_scope


def apply_entries(record: PatientRecord, entries: tuple[Entry, ...]) -> PatientRecord:
    """
    The record as it reads with the clinician's entries.

    An entry with `cancer` is about that tumor; without one it is about the patient, and about every tumor that has a
    fact of that name. An entry for a tumor that is not there is left out. Scope is decided anew.
    """
    if not entries:
        return record
    standing = _latest(entries)
    cancers = tuple(
        replace(cancer, facts=_with_entries(cancer.facts, _of_tumor(standing, index, cancer)))
        for index, cancer in enumerate(record.cancers)
    )
    facts = _with_entries(record.facts, [entry for entry in standing if entry.cancer is None])
    for name in {entry.name for entry in standing if entry.cancer is not None and entry.cancer < len(cancers)}:
        facts = {**facts, name: _patient_level(name, facts.get(name), cancers)}
    scope = decide_scope(record.patient, cancers, facts, record.systemic)
    return replace(record, cancers=cancers, facts=facts, scope=scope)


def _latest(entries: Iterable[Entry]) -> list[Entry]:
    chosen: dict[tuple[str, int | None], Entry] = {}
    for entry in sorted(entries, key=lambda each: (each.at, repr(each.value), each.by)):
        chosen[entry.name, entry.cancer] = entry
    return [chosen[key] for key in sorted(chosen, key=lambda key: (key[0], -1 if key[1] is None else key[1]))]


def _of_tumor(entries: list[Entry], index: int, cancer: CancerRecord) -> list[Entry]:
    general = [entry for entry in entries if entry.cancer is None and entry.name in cancer.facts]
    own = [entry for entry in entries if entry.cancer == index]
    named = {entry.name for entry in own}
    return [entry for entry in general if entry.name not in named] + own


def _with_entries(facts: Mapping[str, Fact], entries: Iterable[Entry]) -> dict[str, Fact]:
    laid = dict(facts)
    for entry in entries:
        laid[entry.name] = entered_fact(entry, facts.get(entry.name))
    return laid


def entered_fact(entry: Entry, own: Fact | None) -> Fact:
    """The fact that an entry makes; `own` is the record's, None when the record knows no such name."""
    chosen = _chosen(entry, own)
    rule = "chosen among conflicting results" if entry.chosen_source else "entered by the clinician"
    return Fact(
        name=entry.name,
        state=FactState.ENTERED,
        value=entry.value if chosen is None else chosen.value,
        on=entry.on if chosen is None or entry.on is not None else chosen.on,
        sources=() if chosen is None else chosen.sources,
        others=() if own is None else own.others,
        extra=dict(entry.extra) if chosen is None else {**chosen.extra, **entry.extra},
        rule=f"{rule} by {entry.by}: {entry.reason}" if entry.reason else f"{rule} by {entry.by}",
        looked_for="" if own is None else own.looked_for,
        entry=entry,
        record=own,
    )


def _chosen(entry: Entry, own: Fact | None) -> FactValue | None:
    """The value of the record that the entry points to by its source, None for one that was typed."""
    if entry.chosen_source is None or own is None:
        return None
    standing = FactValue(own.value, own.on, own.sources, own.extra)
    candidates = (*own.others, standing) if own.known else own.others
    return next((each for each in candidates if entry.chosen_source in _references(each.sources)), None)


def _references(sources: Iterable[Source]) -> set[str]:
    return {source.reference for source in sources}


def _patient_level(name: str, own: Fact | None, cancers: tuple[CancerRecord, ...]) -> Fact:
    """A patient's fact over tumors of which one was entered: it stands only where all agree (contract section 3)."""
    rows = [cancer.facts[name] for cancer in cancers if name in cancer.facts]
    values = {repr(row.value) for row in rows}
    if len(values) == 1 and all(row.known for row in rows):
        return next(row for row in rows if row.entry is not None)
    others = tuple(FactValue(row.value, row.on, row.sources, row.extra) for row in rows if row.known)
    base = own or Fact(name, FactState.CONFLICTING)
    return replace(base, state=FactState.CONFLICTING, value=None, on=None, sources=(), others=others, record=own)
