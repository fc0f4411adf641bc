"""
Cancer and treatment in one clinician's words for the handover page; conflicts and gaps stand in it like values.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from babel.dates import format_date, format_skeleton

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import (
    CancerRecord,
    Fact,
    FactState,
    Medication,
    PatientRecord,
    RadiotherapyCourse,
    Source,
    Surgery,
)
from smart_app.handout.treatments import CHEMOTHERAPY_CLASSES, HER2_CLASSES, HORMONE_CLASSES

KINDS = {"invasive": "Invasive carcinoma", "dcis": "DCIS", "unknown": "Breast cancer, kind not stated"}
GAP_FACTS = {
    "er": "ER", "pr": "PR", "her2": "HER2", "grade": "grade", "stage_group": "stage", "nodes_positive": "nodes",
    "menopausal_status": "menopausal status", "uterus": "uterus status", "germline": "germline genes",
    "breast_density": "breast density", "family_history": "family history",
}  # fmt: skip
TUMOR_FACTS = ("er", "pr", "her2", "grade", "stage_group", "nodes_positive")
Row = tuple[str, str, str]


def day_words(day: date | PartialDate) -> str:
    """A date as precise as it is: `Sep 9, 1974`, `May 2022`, `2022`."""
    if isinstance(day, PartialDate):
        if day.month is None:
            return str(day.year)
        if day.day is None:
            return format_skeleton("yMMM", day.earliest, locale="en")
        day = day.earliest
    return format_date(day, "medium", locale="en")


def summarize(record: PatientRecord) -> tuple[Row, ...]:
    """Rows of name, value and source type, in order of importance."""
    rows: list[Row] = []
    for cancer in record.cancers:
        rows += _cancer(record, cancer)
    metastasis = record.facts.get("metastasis")
    if metastasis is not None and metastasis.state is FactState.ENTERED:
        own = metastasis.record
        says = f"; the record says {own.value}" if own is not None and own.known else ""
        rows.append(("Distant disease", _value(metastasis) + says, _types_of([own])))
    rows += _treatments(record)
    return tuple(row for row in rows if row[1])


def _cancer(record: PatientRecord, cancer: CancerRecord) -> list[Row]:
    parts = [KINDS.get(cancer.kind, cancer.kind.upper()), cancer.laterality if cancer.laterality != "unknown" else ""]
    when = day_words(cancer.diagnosed_on) if cancer.diagnosed_on else "date not found"
    facts = {
        name: cancer.facts.get(name) or record.facts.get(name)
        for name in (*TUMOR_FACTS, "t", "n", "m", "tumor_size_mm")
    }
    stage = [
        _value(facts["stage_group"]),
        _tnm(facts),
        _labeled("grade", facts["grade"]),
        _size(facts["tumor_size_mm"]),
    ]
    receptors = [facts["er"], facts["pr"]]
    return [
        ("Diagnosis", ", ".join(part for part in (*parts, when) if part), _types(cancer.sources)),
        ("Stage", ", ".join(part for part in (*stage, _nodes(record, cancer)) if part), _types_of(facts.values())),
        ("ER / PR", " / ".join(_value(fact) or "not found" for fact in receptors), _types_of(receptors)),
        ("HER2", "" if cancer.kind == "dcis" and not _value(facts["her2"]) else _value(facts["her2"]) or "not found",
         _types_of([facts["her2"]])),
    ]  # fmt: skip


def _value(fact: Fact | None) -> str:
    """The value, or both sides of a conflict; empty when there is none."""
    if fact is None:
        return ""
    if fact.state is FactState.CONFLICTING:
        return "CONFLICTING: " + ", ".join(
            f"{other.value} ({day_words(other.on) if other.on else 'no date'})" for other in fact.others
        )
    if not fact.known:
        return ""
    details = [f"{fact.extra['percent']:g} %" if fact.extra.get("percent") is not None else ""]
    details += [
        f"IHC {fact.extra['ihc']}" if fact.extra.get("ihc") else "",
        f"ISH {fact.extra['ish']}" if fact.extra.get("ish") else "",
    ]
    details += [str(fact.extra["basis"]) if fact.extra.get("basis") not in (None, "unspecified") else ""]
    known = ", ".join(detail for detail in details if detail)
    entered = " (entered by the clinician)" if fact.state is FactState.ENTERED else ""
    return f"{fact.value}{f' ({known})' if known else ''}{entered}"


def _labeled(label: str, fact: Fact | None) -> str:
    value = _value(fact)
    return f"{label} {value}" if value else ""


def _size(fact: Fact | None) -> str:
    return f"{fact.value:g} mm" if fact is not None and fact.known and isinstance(fact.value, (int, float)) else ""


def _tnm(facts: dict[str, Fact | None]) -> str:
    parts = [str(fact.value) for name in ("t", "n", "m") if (fact := facts[name]) is not None and fact.known]
    return " ".join(parts)


def _nodes(record: PatientRecord, cancer: CancerRecord) -> str:
    positive, examined = (
        cancer.facts.get(name) or record.facts.get(name) for name in ("nodes_positive", "nodes_examined")
    )
    if positive is None or not positive.known:
        return _labeled("nodes", positive)
    total = f" of {examined.value}" if examined is not None and examined.known else ""
    return f"nodes {positive.value}{total}"


def _treatments(record: PatientRecord) -> list[Row]:
    operations = [
        _joined(f"{row.kind.replace('-', ' ')}, {row.side}", row.on) + _by_hand(row)
        for row in (*record.surgery, *record.axillary_surgery)
    ]
    courses = [_span(f"{row.side} side", row.started_on, row.ended_on) + _by_hand(row) for row in record.radiation]
    none = dict.fromkeys(record.all_given, "none (entered by the clinician)")
    no_drugs = none.get("systemic", "")
    active = [drug for drug in (*record.systemic, *record.other_medications) if drug.status == "active"]
    return [
        ("Medicines now", ", ".join(dict.fromkeys(drug.agent + _by_hand(drug) for drug in active)), ""),
        (
            "Surgery",
            "; ".join(operations) or none.get("surgery", ""),
            _types(s for row in (*record.surgery, *record.axillary_surgery) for s in row.sources),
        ),
        (
            "Chemotherapy",
            _drugs(record.systemic, CHEMOTHERAPY_CLASSES) or no_drugs,
            _drug_types(record.systemic, CHEMOTHERAPY_CLASSES),
        ),
        (
            "Radiation",
            "; ".join(courses) or none.get("radiation", ""),
            _types(s for row in record.radiation for s in row.sources),
        ),
        (
            "HER2 therapy",
            _drugs(record.systemic, HER2_CLASSES) or no_drugs,
            _drug_types(record.systemic, HER2_CLASSES),
        ),
        (
            "Endocrine",
            _drugs(record.systemic, HORMONE_CLASSES) or no_drugs,
            _drug_types(record.systemic, HORMONE_CLASSES),
        ),
    ]


def _by_hand(row: Surgery | RadiotherapyCourse | Medication) -> str:
    return " (entered by the clinician)" if row.entry is not None else ""


def _joined(text: str, on: PartialDate | None) -> str:
    return f"{text}, {day_words(on)}" if on else text


def _span(text: str, start: PartialDate | None, end: PartialDate | None) -> str:
    if start and end:
        return f"{text}, {day_words(start)} to {day_words(end)}"
    return _joined(text, end or start)


def _drugs(drugs: Iterable[Medication], classes: tuple[str, ...]) -> str:
    told = []
    for drug in drugs:
        if any(name in classes for name in drug.classes):
            since = f" since {day_words(drug.started_on)}" if drug.started_on else ""
            told.append(
                f"{drug.agent}{since}, active"
                if drug.status == "active"
                else _span(drug.agent, drug.started_on, drug.ended_on)
            )
            told[-1] += _by_hand(drug)
    return "; ".join(told)


def _drug_types(drugs: Iterable[Medication], classes: tuple[str, ...]) -> str:
    return _types(s for drug in drugs if any(name in classes for name in drug.classes) for s in drug.sources)


def not_known(record: PatientRecord) -> tuple[tuple[str, str], ...]:
    """What was looked for and not found, and what could not be read: said aloud, and never a negative."""
    return tuple((name, value) for name, value, _ in _gaps(record) if value)


def _gaps(record: PatientRecord) -> list[Row]:
    states: dict[FactState, list[str]] = {FactState.NOT_FOUND: [], FactState.NOT_READ: []}
    for name, words in GAP_FACTS.items():
        if name in ("menopausal_status", "uterus") and record.patient.sex == "male":
            continue
        facts = [cancer.facts[name] for cancer in record.cancers if name in cancer.facts] if name in TUMOR_FACTS else []
        facts = facts or [fact for fact in (record.facts.get(name),) if fact is not None]
        for state, found in states.items():
            if any(fact.state is state for fact in facts):
                found.append(words)
    return [
        ("Not found in the record", ", ".join(states[FactState.NOT_FOUND]), ""),
        ("Could not be read", ", ".join(states[FactState.NOT_READ]), ""),
    ]


def _types(sources: Iterable[Source]) -> str:
    return ", ".join(dict.fromkeys(source.resource_type for source in sources))


def _types_of(facts: Iterable[Fact | None]) -> str:
    return _types(source for fact in facts if fact is not None and fact.known for source in fact.sources)
