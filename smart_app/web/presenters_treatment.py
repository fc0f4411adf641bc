"""
The column of the treatment in the fact grid: operations, radiation and drugs, and what was looked for and not found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import (
    FactState,
    ImagingStudy,
    Medication,
    PatientRecord,
    RadiotherapyCourse,
    Surgery,
)
from smart_app.clinical.typed_rows import Row, parts_of
from smart_app.web.presenters_entered_rows import (
    aside_row,
    correct_link,
    enter_row_link,
    entered_ledger,
    mark_row,
    none_given_row,
)
from smart_app.web.presenters_facts import FactContext, FactRow, Piece, dated_chip, source_chip, source_ledger
from smart_app.web.presenters_page import STATE_TAGS, Chip, Pair
from smart_app.web.presenters_row_entry import row_title
from smart_app.web.presenters_words import (
    AGENT_KINDS,
    SURGERY_KINDS,
    count_words,
    date_words,
    sentence_case,
)

AGENT_ORDER = ("chemotherapy", "her2", "endocrine", "cdk4-6", "parp", "immunotherapy", "bone", "other")


def treatment_rows(record: PatientRecord, where: FactContext) -> tuple[FactRow, ...]:
    """Operations, radiation and drugs; what was looked for and not found stands in its place too."""
    rows: list[FactRow] = []
    rows.extend(_surgery_rows("Surgery", "surgery", record.surgery, record, where))
    rows.extend(_surgery_rows("Axilla", "axillary_surgery", record.axillary_surgery, record, where))
    rows.extend(_drug_rows(record, where, ("chemotherapy",)))
    rows.extend(_radiation_row(course, where) for course in record.radiation)
    rows.extend(_gap_rows("Radiation", "radiation", record.radiation, record, where))
    rows.extend(_drug_rows(record, where, AGENT_ORDER[1:]))
    if record.systemic:
        rows.extend(_gap_rows("Cancer drugs", "systemic", record.systemic, record, where))
    rows.extend(mark_row(_other_row(drug), drug, where) for drug in record.other_medications if drug.entry is not None)
    rows.extend(aside_row(aside, where) for aside in record.set_aside if aside.name not in ("done", "conditions"))
    return tuple(rows)


def _other_row(drug: Medication) -> FactRow:
    """A medicine of other care: shown here only where it was entered; rules read all."""
    return FactRow("Other medicine", "documented", (Piece(f"{sentence_case(drug.agent)}, {drug.status}"),), ())


def _none_row(label: str, treatment: str, record: PatientRecord, where: FactContext, words: str = "None") -> FactRow:
    given = record.all_given.get(treatment)
    if given is not None:
        return none_given_row(label, treatment, given, where, (record.own or record).was_read(treatment), words)
    read = record.was_read(treatment)
    state = FactState.NOT_FOUND if read else FactState.NOT_READ
    searches = [search for search in record.searches if treatment in search.supplies]
    pairs = tuple(
        Pair(search.resource_type, f"{search.state.value.replace('-', ' ')}{': ' + search.why if search.why else ''}")
        for search in searches
    ) or (Pair("Searches", "The file was read in full"),)
    value = (
        "None recorded"
        if read
        else sentence_case(next((s.why for s in searches if s.why), "could not be read in full"))
    )
    chip = Chip("read in full" if read else "not read in full")
    ledger = (*pairs, *enter_row_link(treatment, where))
    return FactRow(
        label, state.value, (Piece(value),), ledger, treatment=treatment, chip=chip, tag=STATE_TAGS[state], gap=True
    )


def _surgery_rows(
    label: str, treatment: str, operations: tuple[Surgery, ...], record: PatientRecord, where: FactContext
) -> list[FactRow]:
    rows = [
        mark_row(_surgery_row(label, treatment, operation, where), operation, where, treatment)
        for operation in operations
    ]
    return [*rows, *_gap_rows(label, treatment, operations, record, where)]


def _gap_rows(
    label: str, treatment: str, rows: Sequence[Row], record: PatientRecord, where: FactContext
) -> list[FactRow]:
    """What the record itself lacks, also beside entered rows; and the clinician's word that there are no others."""
    own = record.own or record
    unread = all(row.entry is not None for row in rows) and not own.was_read(treatment)
    if rows and not unread and treatment not in record.all_given:
        return []
    return [_none_row(label, treatment, record, where, "No others than these" if rows else "None")]


def _surgery_row(label: str, treatment: str, operation: Surgery, where: FactContext) -> FactRow:
    return FactRow(
        label,
        "documented",
        (Piece(_operation_words(operation)),),
        source_ledger(operation.sources, where, *_detail_pair(operation)),
        treatment=treatment,
        chip=dated_chip(operation.sources, operation.on),
        also=(operation.detail,) if operation.detail and operation.kind in ("other", "reconstruction") else (),
    )


def _detail_pair(operation: Surgery) -> tuple[Pair, ...]:
    return (Pair("In words", operation.detail),) if operation.detail else ()


def _operation_words(operation: Surgery) -> str:
    kind = SURGERY_KINDS.get(operation.kind, sentence_case(operation.kind))
    side = operation.side if operation.side != "unknown" else "side not recorded"
    return f"{kind}, {side}"


def _radiation_row(course: RadiotherapyCourse, where: FactContext) -> FactRow:
    value = field_words(course)
    if course.dose_gray is not None:
        value += f", {course.dose_gray:g} Gy"
    row = FactRow(
        "Radiation",
        "documented",
        (Piece(value),),
        source_ledger(course.sources, where),
        treatment="radiation",
        chip=dated_chip(course.sources, course.ended_on or course.started_on),
        also=(period_words(course.started_on, course.ended_on),) if course.started_on or course.ended_on else (),
    )
    return mark_row(row, course, where, "radiation")


def field_words(course: RadiotherapyCourse) -> str:
    """`Left breast and nodes`: what was treated, with its side where the field does not name it."""
    words = [word.replace("-", " ").replace(" structure", "") for word in course.field]
    own = [
        word
        for word in dict.fromkeys(words)
        if not any(word.lower() in other.lower() != word.lower() for other in words)
    ]
    fields = ", ".join(own)
    side = course.side if course.side != "unknown" else "side not recorded"
    if fields and course.side in fields.lower():
        return sentence_case(fields)
    return f"{sentence_case(fields)}, {side}" if fields else sentence_case(side)


def period_words(start: PartialDate | None, end: PartialDate | None, ongoing: bool = False) -> str:
    """`Nov 7, 2022 to Dec 9, 2022`, `since Apr 3, 2024`, `until Mar 2024`."""
    if start and end:
        return f"{date_words(start)} to {date_words(end)}" if start != end else date_words(start)
    if start:
        return f"since {date_words(start)}" if ongoing else f"from {date_words(start)}"
    return f"until {date_words(end)}" if end else "dates not recorded"


def agent_kind(drug: Medication) -> str:
    """The broad class of a cancer drug, as its row and its lane name it."""
    for kind in AGENT_ORDER:
        if kind in drug.classes:
            return kind
    if any(name in drug.classes for name in ("aromatase-inhibitor", "serm", "ovarian-suppression")):
        return "endocrine"
    if any(name in drug.classes for name in ("anthracycline", "taxane")):
        return "chemotherapy"
    return "other"


def _drug_rows(record: PatientRecord, where: FactContext, kinds: tuple[str, ...]) -> list[FactRow]:
    """A row a class; what came before an active drug of the class stands under it."""
    rows: list[FactRow] = []
    for kind in kinds:
        drugs = [drug for drug in record.systemic if agent_kind(drug) == kind]
        active = [drug for drug in drugs if drug.status == "active"]
        past = [drug for drug in drugs if drug.status != "active"]
        if not drugs:
            if kind in ("chemotherapy", "endocrine"):
                rows.append(_none_row(AGENT_KINDS[kind], "systemic", record, where))
        elif kind == "chemotherapy":
            rows.append(_drug_row(AGENT_KINDS[kind], drugs, where))
        elif active:
            rows.extend(_drug_row(f"{AGENT_KINDS[kind]}, active", [drug], where) for drug in active[:-1])
            rows.append(_drug_row(f"{AGENT_KINDS[kind]}, active", [active[-1]], where, past))
        else:
            stopped = all(drug.status == "stopped" for drug in past)
            rows.append(_drug_row(f"{AGENT_KINDS[kind]}, {'stopped' if stopped else 'status unknown'}", past, where))
    return rows


def _period_of(drugs: list[Medication]) -> str:
    """From the first start to the last end; empty when no date is recorded."""
    starts = [drug.started_on for drug in drugs if drug.started_on]
    ends = [drug.ended_on for drug in drugs if drug.ended_on]
    first = min(starts, key=lambda day: day.earliest) if starts else None
    last = max(ends, key=lambda day: day.latest) if ends else None
    if first is None and last is None:
        return ""
    return period_words(first, last, any(drug.status == "active" for drug in drugs))


def _before_words(drug: Medication) -> str:
    state = "before" if drug.status == "stopped" else "also recorded, status unknown"
    period = _period_of([drug])
    return f"{state}: {drug.agent}{', ' + period if period else ''}"


def _drug_row(label: str, drugs: list[Medication], where: FactContext, before: Sequence[Medication] = ()) -> FactRow:
    names = sentence_case(", ".join(drug.agent for drug in drugs))
    every = (*drugs, *before)
    own = tuple(source for drug in drugs for source in drug.sources)
    sources = tuple(source for drug in every for source in drug.sources)
    more = (Pair("Further", count_words(len(sources) - 6, "more resource")),) if len(sources) > 6 else ()
    dated = next((source for source in own if source.on), own[0] if own else None)
    chip = source_chip((dated,)) if dated else None
    period = _period_of(drugs)
    if chip is not None and chip.on is not None and period == f"since {chip.on.text}":
        period = ""
    entered = [drug for drug in every if drug.entry is not None]
    told = tuple(
        pair
        for drug in entered
        for pair in (Pair("Drug", sentence_case(drug.agent)), *entered_ledger(drug, "systemic", where))
    )
    links = tuple(
        replace(pair, link=replace(pair.link, text=f"Correct {drug.agent}"))
        for drug in every
        for pair in correct_link("systemic", drug, where)
        if pair.link
    )
    return FactRow(
        label,
        FactState.ENTERED.value if entered else "documented",
        (Piece(names),),
        (*told, *source_ledger(sources[:6], where), *more, *links, *enter_row_link("systemic", where)),
        treatment="systemic",
        chip=chip or (Chip("by the clinician") if entered else None),
        also=(
            *((period,) if period else ()),
            *(_before_words(drug) for drug in before),
            *_entered_words(entered, every),
        ),
        tag=STATE_TAGS[FactState.ENTERED] if entered else None,
    )


def _entered_words(entered: Sequence[Medication], every: Sequence[Medication]) -> tuple[str, ...]:
    """Which drugs of a row were entered, and what the record says of each."""
    if not entered:
        return ()
    records = [
        f"record: {row_title('systemic', parts_of(drug.record)).lower()}" for drug in entered if drug.record is not None
    ]
    if len(entered) == len(every):
        return tuple(records) or ("record: not listed",)
    return (f"entered: {', '.join(drug.agent for drug in entered)}", *records)


def imaging_words(study: ImagingStudy) -> str:
    """`BI-RADS 2`, or nothing."""
    return f"BI-RADS {study.birads}{study.sub or ''}" if study.birads else ""
