"""
The columns of the fact grid: the cancer, its markers, the patient and the treatment; several primaries side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from smart_app.clinical.date_facts import DIAGNOSED_ON, diagnosis_date
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import (
    CancerRecord,
    Fact,
    FactState,
    ImagingStudy,
    Medication,
    PatientRecord,
    RadiotherapyCourse,
    Source,
    Surgery,
)
from smart_app.web.presenters_facts import (
    FactColumn,
    FactContext,
    FactRow,
    Piece,
    enter_link,
    fact_row,
    source_chip,
    source_pairs,
)
from smart_app.web.presenters_page import STATE_TAGS, Chip, Pair
from smart_app.web.presenters_words import (
    AGENT_KINDS,
    CANCER_KINDS,
    SURGERY_KINDS,
    count_words,
    date_words,
    imaging_name,
    sentence_case,
    side_words,
    value_words,
)

CANCER_FACTS = ("stage_group", "grade", "tumor_size_mm", "nodes_positive")
MARKERS = ("er", "pr", "her2", "ki67_percent", "oncotype_rs")
ABOUT_PATIENT = ("menopausal_status", "germline")
OF_WOMEN = ("menopausal_status", "uterus", "ovaries", "pregnancy")
INSIDE_OTHER_ROWS = ("t", "n", "m", "nodes_examined", "birads")
ONLY_WHEN_THERE = ("oncotype_rs", "ki67_percent")
AGENT_ORDER = ("chemotherapy", "her2", "endocrine", "cdk4-6", "parp", "immunotherapy", "bone", "other")


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
    return tuple(sorted(rows, key=lambda row: idle_in_men(row.fact, record)))


def further_heading(rows: Iterable[FactRow], record: PatientRecord) -> str:
    """What the fold holds, by name; of a man's record not what was looked for only because women are asked it."""
    return ", ".join(row.label for row in rows if not idle_in_men(row.fact, record))


def idle_in_men(name: str, record: PatientRecord) -> bool:
    """Whether a fact of women's anatomy was looked for in a man's record and, as expected, not found."""
    fact = record.facts.get(name) or missing_fact(name, record)
    return name in OF_WOMEN and record.patient.sex == "male" and fact.state is FactState.NOT_FOUND


def missing_fact(name: str, record: PatientRecord) -> Fact:
    """The fact for a name that the extraction did not give: still content, never silence."""
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
    return replace(row, value=(*row.value, *inner), ledger=(*row.ledger, *ledger))


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
    """The diagnosis, and its date where the clinician entered it."""
    entered = cancer.facts.get(DIAGNOSED_ON)
    dated = (fact_row(entered, where, index),) if entered is not None else ()
    return (_diagnosis_row(cancer, index, where), *dated)


def _diagnosis_row(cancer: CancerRecord, index: int, where: FactContext) -> FactRow:
    side = cancer.laterality if cancer.laterality != "unknown" else "side not recorded"
    value = f"{CANCER_KINDS.get(cancer.kind, cancer.kind)}, {side}"
    chip = source_chip(cancer.sources)
    also: tuple[str, ...] = ()
    date_link = (enter_link(diagnosis_date(cancer), where, index),) if where.can_enter else ()
    if cancer.diagnosed_on is None:
        also = ("diagnosis date not recorded",)
    elif DIAGNOSED_ON in cancer.facts:
        date_link = ()
    elif chip is None or chip.on is None or chip.on.iso != str(cancer.diagnosed_on):
        also = (f"diagnosed {date_words(cancer.diagnosed_on)}",)
    return FactRow(
        "Diagnosis",
        "documented",
        (Piece(value),),
        _source_ledger(cancer.sources, where, *date_link),
        cancer=str(index + 1),
        anchor=f"cancer-{index + 1}",
        chip=chip,
        also=also,
    )


def _source_ledger(sources: tuple[Source, ...], where: FactContext, *extra: Pair) -> tuple[Pair, ...]:
    return (*(pair for source in sources for pair in source_pairs(source, where.base)), *extra)


def _imaging_row(record: PatientRecord, where: FactContext) -> FactRow:
    """The newest breast imaging with its BI-RADS category."""
    study = record.imaging.get("last_breast_imaging")
    birads = record.facts.get("birads") or missing_fact("birads", record)
    if study is None:
        return fact_row(birads, where, label="Last breast imaging")
    name = imaging_name(study.modality)
    side = side_words(study.side)
    category = Piece(
        f"BI-RADS {study.birads}{study.sub or ''}" if study.birads else "no category", soft=not study.birads
    )
    if birads.known:
        category = Piece(value_words("birads", birads.value, birads.extra), "birads", birads.state.value)
    else:
        category = replace(category, fact="birads", state=birads.state.value)
    own = fact_row(birads, where)
    entered = birads.state is FactState.ENTERED
    ledger = _source_ledger(study.sources, where, *(own.ledger if entered else own.ledger[-1:]))
    return FactRow(
        "Last breast imaging",
        birads.state.value if entered else "documented",
        (Piece(f"{name}{', ' + side if side else ''}:"), category),
        ledger,
        treatment="imaging",
        chip=_dated_chip(study.sources, study.on),
        also=own.also if entered else (),
        tag=own.tag if entered else None,
    )


def _dated_chip(sources: tuple[Source, ...], on: PartialDate | None) -> Chip | None:
    chip = source_chip(sources)
    if chip is None or chip.on is not None or on is None:
        return chip
    from_on = source_chip((replace(sources[0], on=on), *sources[1:]))
    return from_on or chip


def treatment_rows(record: PatientRecord, where: FactContext) -> tuple[FactRow, ...]:
    """Operations, radiation and drugs; what was looked for and not found stands in its place too."""
    rows: list[FactRow] = []
    rows.extend(_surgery_rows("Surgery", "surgery", record.surgery, record, where))
    rows.extend(_surgery_rows("Axilla", "axillary_surgery", record.axillary_surgery, record, where))
    rows.extend(_drug_rows(record, where, ("chemotherapy",)))
    rows.extend(_radiation_row(course, where) for course in record.radiation)
    if not record.radiation:
        rows.append(_none_row("Radiation", "radiation", record, where))
    rows.extend(_drug_rows(record, where, AGENT_ORDER[1:]))
    return tuple(rows)


def _none_row(label: str, treatment: str, record: PatientRecord, where: FactContext) -> FactRow:
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
    return FactRow(
        label, state.value, (Piece(value),), pairs, treatment=treatment, chip=chip, tag=STATE_TAGS[state], gap=True
    )


def _surgery_rows(
    label: str, treatment: str, operations: tuple[Surgery, ...], record: PatientRecord, where: FactContext
) -> list[FactRow]:
    if not operations:
        return [_none_row(label, treatment, record, where)]
    return [
        FactRow(
            label,
            "documented",
            (Piece(_operation_words(operation)),),
            _source_ledger(operation.sources, where, *_detail_pair(operation)),
            treatment=treatment,
            chip=_dated_chip(operation.sources, operation.on),
            also=(operation.detail,) if operation.detail and operation.kind in ("other", "reconstruction") else (),
        )
        for operation in operations
    ]


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
    return FactRow(
        "Radiation",
        "documented",
        (Piece(value),),
        _source_ledger(course.sources, where),
        treatment="radiation",
        chip=_dated_chip(course.sources, course.ended_on or course.started_on),
        also=(period_words(course.started_on, course.ended_on),) if course.started_on or course.ended_on else (),
    )


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
    own = tuple(source for drug in drugs for source in drug.sources)
    sources = (*own, *(source for drug in before for source in drug.sources))
    more = (Pair("Further", count_words(len(sources) - 6, "more resource")),) if len(sources) > 6 else ()
    dated = next((source for source in own if source.on), own[0] if own else None)
    chip = source_chip((dated,)) if dated else None
    period = _period_of(drugs)
    if chip is not None and chip.on is not None and period == f"since {chip.on.text}":
        period = ""
    return FactRow(
        label,
        "documented",
        (Piece(names),),
        (*_source_ledger(sources[:6], where), *more),
        treatment="systemic",
        chip=chip,
        also=(*((period,) if period else ()), *(_before_words(drug) for drug in before)),
    )


def imaging_words(study: ImagingStudy) -> str:
    """`BI-RADS 2`, or nothing."""
    return f"BI-RADS {study.birads}{study.sub or ''}" if study.birads else ""
