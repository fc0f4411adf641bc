"""
Small records for the worked examples of the rules: the `given` of an example becomes a PatientRecord.

The default patient: a woman born in March 1966, invasive cancer of the left breast in February 2023 (ER and PR
positive, HER2 negative), lumpectomy in March and radiation until June 2023, nothing else recorded, read in full,
on 25 November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import (
    CancerRecord,
    Event,
    Fact,
    FactState,
    FactValue,
    ImagingStudy,
    Medication,
    Patient,
    PatientRecord,
    RadiotherapyCourse,
    Scope,
    Search,
    SearchState,
    Source,
    Surgery,
)
from smart_app.clinical.scope import decide_scope

AS_OF = date(2026, 11, 25)
TUMOR_FACTS = (
    "er", "pr", "her2", "grade", "stage_group", "t", "n", "m", "nodes_positive", "nodes_examined", "tumor_size_mm",
    "ki67_percent", "oncotype_rs",
)  # fmt: skip
DATED_FACTS = ("birads", "recurrence", "germline")
IMAGING = {"mammogram": "mammogram", "breast-mri": "breast_mri", "dxa": "dxa", "echocardiogram": "echocardiogram"}
CLASSES: Mapping[str, tuple[str, ...]] = {
    "tamoxifen": ("serm", "endocrine"),
    "letrozole": ("aromatase-inhibitor", "endocrine"),
    "anastrozole": ("aromatase-inhibitor", "endocrine"),
    "goserelin": ("ovarian-suppression", "endocrine"),
    "doxorubicin": ("anthracycline", "chemotherapy"),
    "paclitaxel": ("taxane", "chemotherapy"),
    "capecitabine": ("chemotherapy",),
    "carboplatin": ("chemotherapy",),
    "trastuzumab": ("her2",),
    "pertuzumab": ("her2",),
    "ado-trastuzumab emtansine": ("her2",),
    "fam-trastuzumab deruxtecan": ("her2",),
    "neratinib": ("her2",),
    "abemaciclib": ("cdk4-6",),
    "ribociclib": ("cdk4-6",),
    "olaparib": ("parp",),
    "pembrolizumab": ("immunotherapy",),
    "zoledronic acid": ("bone",),
}
OTHER_CLASSES: Mapping[str, tuple[str, ...]] = {
    "paroxetine": ("cyp2d6-strong-inhibitor",),
    "duloxetine": ("cyp2d6-moderate-inhibitor",),
    "carbamazepine": ("enzyme-inducer",),
    "amiodarone": ("qt-prolonging",),
    "clarithromycin": ("qt-prolonging", "cyp3a4-strong-inhibitor"),
    "elinzanetant": ("nk3-antagonist",),
    "fezolinetant": ("nk3-antagonist",),
    "estradiol": ("hormone-therapy", "estrogen"),
    "levonorgestrel": ("hormonal-contraceptive", "progestin"),
}


def source(kind: str, number: int | str) -> tuple[Source, ...]:
    return (Source(f"{kind}/{number}"),)


def day(text: object) -> PartialDate | None:
    return None if text in (None, "") else PartialDate.parse(str(text))


def record_of(given: Mapping[str, Any], as_of: date = AS_OF) -> PatientRecord:
    """The record that an example describes."""
    tumor = {"er": "positive", "pr": "positive", "her2": "negative", **(given.get("tumor") or {})}
    cancers = given.get("cancers", [{"kind": "invasive", "side": "left", "dated": "2023-02-10"}])
    rows = tuple(_cancer(row, tumor, number) for number, row in enumerate(cancers))
    facts = {name: _fact(name, value) for name, value in (given.get("facts") or {}).items()}
    if len(rows) == 1:
        facts = {**rows[0].facts, **facts}
    systemic = tuple(_drug(text, n) for n, text in enumerate(given.get("drugs") or []) if _is_cancer_drug(text))
    others = tuple(_drug(text, n) for n, text in enumerate(given.get("drugs") or []) if not _is_cancer_drug(text))
    imaging, extra = _imaging(given.get("imaging") or [])
    patient = Patient(day(given.get("born", "1966-03-10")), given.get("sex", "female"))
    surgery = given.get("surgery", ["breast-conserving left 2023-03-15"])
    radiation = given.get("radiation", ["left 2023-05-02 2023-06-10"])
    record = PatientRecord(
        as_of=as_of,
        patient=patient,
        scope=Scope(),
        cancers=rows,
        facts=facts,
        surgery=tuple(_surgery(text, number) for number, text in enumerate(surgery)),
        axillary_surgery=tuple(_surgery(text, number) for number, text in enumerate(given.get("axilla") or [])),
        radiation=tuple(_course(text, number) for number, text in enumerate(radiation)),
        systemic=systemic,
        other_medications=others,
        imaging=imaging,
        events=_events([*(given.get("events") or []), *extra]),
        searches=_searches(given.get("unread") or []),
    )
    return replace(record, scope=decide_scope(patient, rows, facts, systemic))


def _cancer(row: Mapping[str, Any], tumor: Mapping[str, Any], number: int) -> CancerRecord:
    own = {key: value for key, value in row.items() if key in TUMOR_FACTS}
    facts = {name: _fact(name, {**tumor, **own}.get(name)) for name in TUMOR_FACTS}
    kind, side = row.get("kind", "invasive"), row.get("side", "unknown")
    return CancerRecord(kind, side, day(row.get("dated")), source("Condition", number), facts)


def _fact(name: str, value: Any) -> Fact:
    if value is None:
        return Fact(name, FactState.NOT_FOUND)
    if value == "not-read":
        return Fact(name, FactState.NOT_READ)
    if isinstance(value, str) and value.startswith("conflict "):
        others = tuple(FactValue(word, None, source("Observation", word)) for word in value.split()[1:])
        return Fact(name, FactState.CONFLICTING, others=others)
    on, extra = None, {}
    if name == "germline":
        on = next((day(row.split()[2]) for row in value if len(row.split()) > 2), None)
        value = [dict(zip(("gene", "result"), row.split()[:2], strict=True)) for row in value]
    elif name in DATED_FACTS and " " in str(value):
        value, _, text = str(value).partition(" ")
        on = day(text)
    elif name == "her2" and isinstance(value, dict):
        extra = {key: item for key, item in value.items() if key != "value"}
        value = value["value"]
    return Fact(name, FactState.DOCUMENTED, value, on, source("Observation", name), extra=extra)


def _surgery(text: str, number: int) -> Surgery:
    kind, side, *rest = text.split(" ", 3)
    detail = rest[1] if len(rest) > 1 else None
    return Surgery(kind, side, day(rest[0]) if rest else None, source("Procedure", f"s{number}"), detail)


def _course(row: str | Mapping[str, Any], number: int) -> RadiotherapyCourse:
    sources = source("Procedure", f"r{number}")
    if isinstance(row, str):
        side, *days = row.split()
        start, end = (day(days[0]) if days else None), (day(days[1]) if len(days) > 1 else None)
        return RadiotherapyCourse(side, start, end, sources)
    return RadiotherapyCourse(
        row["side"],
        day(row.get("start")),
        day(row.get("end")),
        sources,
        tuple(row.get("field", ())),
        row.get("dose_gray"),
    )


def _is_cancer_drug(text: str) -> bool:
    return _agent(text) in CLASSES


def _agent(text: str) -> str:
    words = text.split()
    number = next(i for i, word in enumerate(words) if word in ("active", "stopped", "unknown"))
    return " ".join(words[:number])


def _drug(text: str, number: int) -> Medication:
    agent = _agent(text)
    status, *days = text[len(agent) :].split()
    classes = CLASSES.get(agent) or OTHER_CLASSES[agent]
    start, end = (day(days[0]) if days else None), (day(days[1]) if len(days) > 1 else None)
    return Medication(agent, classes, status, start, end, source("MedicationRequest", number))


def _imaging(rows: list[str]) -> tuple[dict[str, ImagingStudy | None], list[str]]:
    found: dict[str, ImagingStudy | None] = {}
    older: list[str] = []
    for number, text in enumerate(rows):
        modality, on, *rest = text.split()
        side = {"both": "bilateral"}.get(rest[0], rest[0]) if rest else "unknown"
        birads = rest[1] if len(rest) > 1 else None
        study = ImagingStudy(modality, day(on), side, birads, source("DiagnosticReport", number))
        if IMAGING[modality] in found:
            older.append(f"{modality} {on} {side}")
            continue
        found[IMAGING[modality]] = study
    breast = [study for key, study in found.items() if key in ("mammogram", "breast_mri") and study is not None]
    found["last_breast_imaging"] = max(breast, key=lambda study: str(study.on), default=None)
    return found, older


def _events(rows: list[str]) -> dict[str, tuple[Event, ...]]:
    found: dict[str, list[Event]] = {}
    for number, text in enumerate(rows):
        concept, *rest = text.split()
        on, side = (day(rest[0]) if rest else None), (rest[1] if len(rest) > 1 else "unknown")
        found.setdefault(concept, []).append(Event(concept, on, source("Observation", f"e{number}"), side))
    newest = {name: sorted(events, key=lambda event: str(event.on), reverse=True) for name, events in found.items()}
    return {name: tuple(events) for name, events in newest.items()}


def _searches(names: list[str]) -> tuple[Search, ...]:
    if not names:
        return ()
    return (Search("failed", "Any", SearchState.FAILED, supplies=tuple(names)),)
