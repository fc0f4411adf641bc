"""
The fact grid: every fact in its place whether found or not, each with the ledger that proves it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Entry, Fact, FactState, FactValue, Source
from smart_app.clinical.recommendations import Recommendation
from smart_app.web.presenters_page import STATE_TAGS, Chip, Link, Pair, Tag
from smart_app.web.presenters_words import date_text, date_words, fact_label, join_words, sentence_case, value_words


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text in a value; with `fact` it is a fact of its own inside another's row."""

    text: str
    fact: str = ""
    state: str = ""
    soft: bool = False


@dataclass(frozen=True, slots=True)
class ValueLine:
    """One of several values that disagree."""

    value: str
    note: str
    chip: Chip | None


@dataclass(frozen=True, slots=True)
class FactRow:
    """One row of the grid; `fact` or `treatment` names it for scripts, `anchor` for links."""

    label: str
    state: str
    value: tuple[Piece, ...]
    ledger: tuple[Pair, ...]
    fact: str = ""
    treatment: str = ""
    cancer: str = ""
    anchor: str = ""
    chip: Chip | None = None
    tag: Tag | None = None
    values: tuple[ValueLine, ...] = ()
    also: tuple[str, ...] = ()
    gap: bool = False


@dataclass(frozen=True, slots=True)
class FactColumn:
    """A column of the grid."""

    heading: str
    rows: tuple[FactRow, ...]
    id: str


@dataclass(frozen=True, slots=True)
class FactContext:
    """What a row needs besides its fact: where links lead, and what rests on a missing fact."""

    base: str
    affects: Mapping[str, tuple[str, ...]]
    can_enter: bool = True

    @classmethod
    def of(cls, base: str, recommendations: Iterable[Recommendation], can_enter: bool = True) -> FactContext:
        """Collect for each missing fact the titles of the recommendations that wait for it."""
        affects: dict[str, list[str]] = {}
        for item in recommendations:
            for name in item.missing:
                titles = affects.setdefault(name, [])
                if item.title not in titles:
                    titles.append(item.title)
        return cls(base, {name: tuple(titles) for name, titles in affects.items()}, can_enter)


def source_chip(sources: Sequence[Source], on_text: str | None = None) -> Chip | None:
    """Resource type and date of the first source; `+2` where two more say the same."""
    if not sources:
        return None
    first = sources[0]
    more = f" +{len(sources) - 1}" if len(sources) > 1 and on_text is None else ""
    return Chip(first.resource_type + more, date_text(first.on))


def resource_link(base: str, source: Source) -> Link | None:
    """To the resource as it was read; None for what has no `Type/id`."""
    if "/" not in source.reference or source.reference.startswith("#"):
        return None
    return Link(f"{source.reference} as read", f"{base}/resource/{source.reference}")


def source_pairs(source: Source, base: str, term: str = "Source") -> tuple[Pair, ...]:
    """The ledger lines of one source."""
    version = f", version {source.version_id}" if source.version_id else ""
    status = f", {source.status}" if source.status else ""
    pairs = [Pair(term, f"{source.reference}{version}{status}")]
    if source.on is not None:
        pairs.append(Pair("Date", date_words(source.on)))
    for name, text in (
        ("Performer", source.performer),
        ("Specimen", source.specimen),
        ("Recorded", source.recorded),
        ("Sentence", f"“{source.sentence}”" if source.sentence else None),
        ("Code", source.code.replace("|", " ") if source.code else None),
    ):
        if text:
            pairs.append(Pair(name, text))
    link = resource_link(base, source)
    if link is not None:
        pairs.append(Pair("As read", "", link))
    return tuple(pairs)


def source_ledger(sources: tuple[Source, ...], where: FactContext, *extra: Pair) -> tuple[Pair, ...]:
    """What is said of each source, then the further lines."""
    return (*(pair for source in sources for pair in source_pairs(source, where.base)), *extra)


def dated_chip(sources: tuple[Source, ...], on: PartialDate | None) -> Chip | None:
    """The chip of the sources; where they have no date, with the one that is given."""
    chip = source_chip(sources)
    if chip is None or chip.on is not None or on is None:
        return chip
    from_on = source_chip((replace(sources[0], on=on), *sources[1:]))
    return from_on or chip


def _basis(fact: Fact) -> str:
    basis = fact.extra.get("basis")
    return f", {basis}" if basis in ("clinical", "pathologic") else ""


def entry_pairs(entry: Entry | None) -> list[Pair]:
    """Who entered something, when, why, and where it was seen."""
    if entry is None:
        return []
    saved = ", from the saved plan" if entry.from_plan else ""
    when = f"by {entry.by} on {entry.at[:16].replace('T', ' ')} UTC{saved}"
    pairs = [Pair("Entered", when), Pair("Reason", entry.reason)]
    if entry.seen_where:
        pairs.append(Pair("Seen in", entry.seen_where))
    return pairs


def _record_pairs(fact: Fact, base: str) -> list[Pair]:
    """What the record itself says beside an entered value, with its sources."""
    if fact.state is not FactState.ENTERED or fact.record is None:
        return []
    pairs = [Pair("The record", record_says(fact.record))]
    if fact.record.state is FactState.DOCUMENTED:
        pairs += [pair for source in fact.record.sources for pair in source_pairs(source, base, "Record’s source")]
    elif fact.record.looked_for:
        pairs.append(Pair("Looked for", fact.record.looked_for))
    return pairs


def record_says(fact: Fact) -> str:
    """What the record itself says, beside an entered value: never mixed with it."""
    if fact.state is FactState.DOCUMENTED:
        return value_words(fact.name, fact.value, fact.extra)
    if fact.state is FactState.CONFLICTING:
        return "conflicting: " + "; ".join(value_words(fact.name, other.value, other.extra) for other in fact.others)
    return "none recorded" if fact.state is FactState.NOT_FOUND else "not read"


def _gap_ledger(fact: Fact, where: FactContext) -> list[Pair]:
    pairs = []
    if fact.looked_for:
        pairs.append(Pair("Looked for", fact.looked_for))
    if fact.rule:
        pairs.append(Pair("Rule", fact.rule))
    affected = where.affects.get(fact.name, ())
    if affected:
        pairs.append(Pair("Affects", join_words(affected)))
    return pairs


def fact_key(name: str, cancer: int | None) -> str:
    """`her2`, or `her2.1` for the second tumor: how forms and links name a fact."""
    return f"{name}.{cancer}" if cancer else name


def decide_link(fact: Fact, base: str, cancer: int | None) -> Link:
    """To the choice that settles a conflict."""
    anchor = "decide-" + fact_key(fact.name, cancer).replace(".", "-")
    return Link(f"Choose which {fact_label(fact.name)} result stands", f"{base}/plan#{anchor}")


def enter_link(fact: Fact, where: FactContext, cancer: int | None) -> Pair:
    """The way to settle a conflict, fill a gap or correct a value."""
    if fact.state is FactState.CONFLICTING:
        return Pair("Decide", "", decide_link(fact, where.base, cancer))
    label = fact_label(fact.name)
    words = f"Correct {label}" if fact.known else f"Enter {label}"
    return Pair(
        "Correct" if fact.known else "Fill", "", Link(words, f"{where.base}/facts?fact={fact_key(fact.name, cancer)}")
    )


def other_notes(other: FactValue) -> str:
    """Where a value comes from: its specimen, or the extractor's note."""
    notes = [text for text in (other.note, next((s.specimen for s in other.sources if s.specimen), None)) if text]
    return ", ".join(dict.fromkeys(notes))


def _other_line(name: str, other: FactValue) -> ValueLine:
    return ValueLine(value_words(name, other.value), other_notes(other), source_chip(other.sources))


def _details(fact: Fact) -> tuple[str, ...]:
    """What the short values of a conflict leave out: `IHC 1+; then IHC 2+, ISH amplified`."""
    details = []
    for other in fact.others:
        short, whole = value_words(fact.name, other.value), value_words(fact.name, other.value, other.extra)
        details.append(whole.removeprefix(short).lstrip(", "))
    return ("; then ".join(text or "no detail" for text in details),) if any(details) else ()


def _also(fact: Fact) -> tuple[str, ...]:
    lines = []
    if fact.from_text:
        lines.append("read from report text")
    if fact.state is FactState.ENTERED and fact.record is not None:
        lines.append(f"record: {record_says(fact.record)}")
    elif fact.known and fact.others:
        first = fact.others[0]
        words = value_words(fact.name, first.value, first.extra)
        basis = first.extra.get("basis")
        note = first.note or (basis if basis in ("clinical", "pathologic") else "superseded")
        when = f", {date_words(first.on)}" if first.on else ""
        more = f" and {len(fact.others) - 1} more" if len(fact.others) > 1 else ""
        lines.append(f"{note}: {words}{when}{more}")
    return tuple(lines)


def _ledger(fact: Fact, where: FactContext, cancer: int | None) -> tuple[Pair, ...]:
    pairs: list[Pair] = [*entry_pairs(fact.entry), *_record_pairs(fact, where.base)]
    if fact.state is FactState.CONFLICTING:
        for number, other in enumerate(fact.others, 1):
            value = value_words(fact.name, other.value, other.extra)
            pairs.append(Pair(f"Value {number}", value))
            for source in other.sources:
                pairs.extend(source_pairs(source, where.base))
    elif fact.state in (FactState.NOT_FOUND, FactState.NOT_READ):
        pairs.extend(_gap_ledger(fact, where))
    else:
        for source in fact.sources:
            pairs.extend(source_pairs(source, where.base))
        for other in fact.others:
            on = f", {date_words(other.on)}" if other.on else ""
            pairs.append(Pair("Not used", f"{value_words(fact.name, other.value, other.extra)}{on}"))
            pairs.extend(pair for source in other.sources for pair in source_pairs(source, where.base))
    if fact.rule and fact.state not in (FactState.NOT_FOUND, FactState.NOT_READ):
        pairs.append(Pair("Rule", fact.rule))
    if where.can_enter:
        pairs.append(enter_link(fact, where, cancer))
    return tuple(pairs)


def fact_row(fact: Fact, where: FactContext, cancer: int | None = None, label: str = "") -> FactRow:
    """One fact as a row, whatever its state."""
    row = FactRow(
        label=label or fact_label(fact.name) + (_basis(fact) if fact.known else ""),
        state=fact.state.value,
        value=(),
        ledger=_ledger(fact, where, cancer),
        fact=fact.name,
        cancer="" if cancer is None else str(cancer + 1),
        also=_also(fact),
        tag=None if fact.state is FactState.DOCUMENTED else STATE_TAGS[fact.state],
    )
    if fact.state is FactState.CONFLICTING:
        lines = tuple(_other_line(fact.name, other) for other in fact.others)
        return replace(row, values=lines, also=_details(fact))
    if fact.state is FactState.NOT_FOUND:
        return replace(row, value=(Piece("None recorded"),), chip=Chip("read in full"), gap=True)
    if fact.state is FactState.NOT_READ:
        reason = sentence_case(fact.rule or "Could not be read")
        return replace(row, value=(Piece(reason),), chip=Chip("not read in full"), gap=True)
    entered = Chip("by the clinician", date_text(fact.on)) if fact.state is FactState.ENTERED else None
    pieces = (Piece(value_words(fact.name, fact.value, fact.extra)),)
    return replace(row, value=pieces, chip=source_chip(fact.sources) or entered)
