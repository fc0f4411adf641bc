"""
The columns of the fact grid: the cancer, its markers, the patient and the treatment; several primaries side by side.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from smart_app.clinical import suppression
from smart_app.clinical.date_facts import DIAGNOSED_ON, TUMOR_ATTRIBUTES, tumor_attribute
from smart_app.clinical.facts import (
    CancerRecord,
    Fact,
    FactState,
    ImagingStudy,
    PatientRecord,
)
from smart_app.web.presenters_entered_rows import entered_ledger, rows_beside
from smart_app.web.presenters_facts import (
    FactColumn,
    FactContext,
    FactRow,
    Piece,
    dated_chip,
    enter_link,
    fact_row,
    source_chip,
    source_ledger,
)
from smart_app.web.presenters_page import STATE_TAGS, Chip, Link, Pair
from smart_app.web.presenters_treatment import treatment_rows
from smart_app.web.presenters_words import (
    CANCER_KINDS,
    date_text,
    date_words,
    imaging_name,
    side_words,
    value_words,
)

CANCER_FACTS = ("stage_group", "grade", "tumor_size_mm", "nodes_positive")
MARKERS = ("er", "pr", "her2", "ki67_percent", "oncotype_rs")
ABOUT_PATIENT = ("menopausal_status", "germline")
OF_WOMEN = ("menopausal_status", "uterus", "ovaries", "pregnancy")
INSIDE_OTHER_ROWS = ("t", "n", "m", "nodes_examined", "birads")
ONLY_WHEN_THERE = ("oncotype_rs", "ki67_percent")


def present_columns(record: PatientRecord, where: FactContext) -> tuple[FactColumn, ...]:
    """The grid: three columns for one cancer, else a column a tumor, then treatment and patient."""
    treatment = FactColumn("Treatment", treatment_rows(record, where), "treatment")
    if len(record.cancers) == 1:
        cancer = record.cancers[0]
        last = _imaging_row(record, where)
        first = (*_diagnosis_rows(cancer, 0, where), *_tumor_rows(record, 0, CANCER_FACTS, where), last)
        markers = (*_tumor_rows(record, 0, MARKERS, where), *_patient_rows(record, where))
        return (FactColumn("Cancer", first, "cancer"), FactColumn("Markers and patient", markers, "markers"), treatment)
    tumors = tuple(
        FactColumn(
            tumor_name(cancer, index),
            (*_diagnosis_rows(cancer, index, where), *_tumor_rows(record, index, (*CANCER_FACTS, *MARKERS), where)),
            f"tumor-{index + 1}",
        )
        for index, cancer in enumerate(record.cancers)
    )
    about = (*_patient_rows(record, where), _imaging_row(record, where))
    return (*tumors, treatment, FactColumn("Patient", about, "patient"))


def tumor_name(cancer: CancerRecord, index: int) -> str:
    """`Tumor 1: left, 2019`: enough to tell two primaries apart."""
    side = side_words(cancer.laterality) or "side not recorded"
    year = f", {cancer.diagnosed_on.year}" if cancer.diagnosed_on else ""
    return f"Tumor {index + 1}: {side}{year}"


def further_rows(record: PatientRecord, where: FactContext) -> tuple[FactRow, ...]:
    """Facts of the patient that have no place in the grid, such as uterus or breast density."""
    placed = {*CANCER_FACTS, *MARKERS, *ABOUT_PATIENT, *INSIDE_OTHER_ROWS}
    rows = [fact_row(fact, where) for name, fact in record.facts.items() if name not in placed]
    set_aside = [name for name in ABOUT_PATIENT if idle_in_men(name, record)]
    rows += [fact_row(record.facts.get(name) or missing_fact(name, record), where) for name in set_aside]
    return (*rows_beside(record, where), *sorted(rows, key=lambda row: idle_in_men(row.fact, record)))


def further_heading(rows: Iterable[FactRow], record: PatientRecord) -> str:
    """What the fold holds, by name; of a man's record not what was looked for only because women are asked it."""
    return ", ".join(row.label for row in rows if not idle_in_men(row.fact, record))


def idle_in_men(name: str, record: PatientRecord) -> bool:
    """Whether a fact of women's anatomy was looked for in a man's record and, as expected, not found."""
    fact = record.facts.get(name) or missing_fact(name, record)
    return name in OF_WOMEN and record.patient.sex == "male" and fact.state is FactState.NOT_FOUND


def missing_fact(name: str, record: PatientRecord) -> Fact:
    """The fact for a name that the extraction did not give: still content, never silence."""
    if name == suppression.NAME:
        return suppression.suppression_fact(record)
    state = FactState.NOT_FOUND if record.was_read(name) else FactState.NOT_READ
    return Fact(name, state)


def _tumor_rows(record: PatientRecord, index: int, names: tuple[str, ...], where: FactContext) -> tuple[FactRow, ...]:
    facts = record.cancers[index].facts
    rows = []
    for name in names:
        fact = facts.get(name) or record.facts.get(name) or missing_fact(name, record)
        if name in ONLY_WHEN_THERE and fact.state is FactState.NOT_FOUND:
            continue
        row = fact_row(fact, where, index)
        if name == "stage_group":
            row = _with_tnm(row, facts, record, where, index)
        if name == "nodes_positive":
            row = _with_examined(row, facts.get("nodes_examined"), where, index)
        rows.append(row)
    return tuple(rows)


def _with_tnm(row: FactRow, facts: object, record: PatientRecord, where: FactContext, index: int) -> FactRow:
    """Put T, N and M into the stage row; where the stage itself is missing, they stand in its place."""
    own = record.cancers[index].facts
    parts = [own[name] for name in ("t", "n", "m") if name in own]
    inner = [
        Piece(
            str(part.value) if part.known else f"{part.name.upper()} {part.state.value.replace('-', ' ')}",
            part.name,
            part.state.value,
            True,
        )
        for part in parts
    ]
    ledger = tuple(pair for part in parts if part.known for pair in fact_row(part, where, index).ledger)
    said = tuple(replace(piece, text=f"{piece.text};") for piece in row.value) if row.gap and inner else row.value
    return replace(row, value=(*said, *inner), ledger=(*row.ledger, *ledger))


def _with_examined(row: FactRow, examined: Fact | None, where: FactContext, index: int) -> FactRow:
    """Positive and examined nodes are one row; where neither is known, one "None recorded" stands for both."""
    if examined is None:
        return replace(row, label="Lymph nodes")
    ledger = (*row.ledger, *(fact_row(examined, where, index).ledger if examined.known else ()))
    words = value_words(examined.name, examined.value) if examined.known else examined.state.value.replace("-", " ")
    if row.gap and not examined.known:
        pieces: tuple[Piece, ...] = tuple(replace(p, fact=examined.name, state=examined.state.value) for p in row.value)
    elif row.gap or row.values:
        pieces = (*row.value, Piece("examined:"), Piece(words, examined.name, examined.state.value))
    else:
        pieces = (*row.value, Piece("positive of"), Piece(words, examined.name, examined.state.value))
    return replace(row, label="Lymph nodes", value=pieces, ledger=ledger)


def _patient_rows(record: PatientRecord, where: FactContext) -> tuple[FactRow, ...]:
    names = [name for name in ABOUT_PATIENT if not idle_in_men(name, record)]
    return tuple(fact_row(record.facts.get(name) or missing_fact(name, record), where) for name in names)


def _diagnosis_rows(cancer: CancerRecord, index: int, where: FactContext) -> tuple[FactRow, ...]:
    """The diagnosis, then what the clinician entered of its kind, side and date."""
    entered = [cancer.facts[name] for name in TUMOR_ATTRIBUTES if name in cancer.facts]
    return (_diagnosis_row(cancer, index, where), *(fact_row(fact, where, index) for fact in entered))


def _diagnosis_row(cancer: CancerRecord, index: int, where: FactContext) -> FactRow:
    side = cancer.laterality if cancer.laterality != "unknown" else "side not recorded"
    value = f"{CANCER_KINDS.get(cancer.kind, cancer.kind)}, {side}"
    chip = source_chip(cancer.sources)
    also: tuple[str, ...] = ()
    open_attributes = [tumor_attribute(name, cancer) for name in TUMOR_ATTRIBUTES if name not in cancer.facts]
    links = tuple(enter_link(fact, where, index) for fact in open_attributes) if where.can_enter else ()
    if cancer.diagnosed_on is None:
        also = ("diagnosis date not recorded",)
    elif DIAGNOSED_ON not in cancer.facts and (
        chip is None or chip.on is None or chip.on.iso != str(cancer.diagnosed_on)
    ):
        also = (f"diagnosed {date_words(cancer.diagnosed_on)}",)
    return FactRow(
        "Diagnosis",
        "documented",
        (Piece(value),),
        source_ledger(cancer.sources, where, *links),
        cancer=str(index + 1),
        anchor=f"cancer-{index + 1}",
        chip=chip,
        also=also,
    )


def _imaging_row(record: PatientRecord, where: FactContext) -> FactRow:
    """The newest breast imaging with its BI-RADS category."""
    study = record.imaging.get("last_breast_imaging")
    birads = record.facts.get("birads") or missing_fact("birads", record)
    fill = (
        (Pair("Fill", "", Link("Enter a study", f"{where.base}/facts?fact=done.mammogram")),) if where.can_enter else ()
    )
    if study is None:
        row = fact_row(birads, where, label="Last breast imaging")
        return replace(row, ledger=(*row.ledger, *fill))
    own = fact_row(birads, where)
    entered = birads.state is FactState.ENTERED
    told = own.ledger if entered else own.ledger[-1:]
    by_hand = study.entry is not None
    ledger = (*entered_ledger(study, "done", where),) if by_hand and not entered else ()
    name, side = imaging_name(study.modality), side_words(study.side)
    return FactRow(
        "Last breast imaging",
        FactState.ENTERED.value if entered or by_hand else "documented",
        (Piece(f"{name}{', ' + side if side else ''}:"), _category(study, birads)),
        (*ledger, *source_ledger(study.sources, where, *told, *fill)),
        treatment="imaging",
        chip=dated_chip(study.sources, study.on) or Chip("by the clinician", date_text(study.on)),
        also=own.also if entered else (),
        tag=STATE_TAGS[FactState.ENTERED] if entered or by_hand else None,
    )


def _category(study: ImagingStudy, birads: Fact) -> Piece:
    """The category of the study; one of an older study says so."""
    if birads.known:
        older = (
            f", of {date_words(birads.on)}" if birads.on is not None and study.entry and birads.on != study.on else ""
        )
        return Piece(value_words("birads", birads.value, birads.extra) + older, "birads", birads.state.value)
    words = f"BI-RADS {study.birads}{study.sub or ''}" if study.birads else "no category"
    return Piece(words, "birads", birads.state.value, soft=not study.birads)
