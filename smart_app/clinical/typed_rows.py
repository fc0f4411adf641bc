"""
Rows of treatment and of what was done, as a clinician types them: their parts, what each accepts, and words. Pure.

A typed row is a mapping of parts (`kind`, `side`, `on`). As text, for the draft's form and the saved plan, it is one
line: `kind mastectomy; side left; on 2022-03-04`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from smart_app.clinical.completed import IMAGING_KEYS
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Entry, Event, ImagingStudy, Medication, RadiotherapyCourse, Surgery

Row = Surgery | RadiotherapyCourse | Medication | ImagingStudy | Event
Parts = Mapping[str, str]

NOT_DONE = "not-done"
ALL_GIVEN = "all-given"
OTHERS = "others"
"""The `row` of the entry whose value is `ALL_GIVEN`: besides what is listed there is nothing."""

DRUG_ROWS = ("systemic", "other_medications")
ROW_NAMES = ("surgery", "axillary_surgery", "radiation", *DRUG_ROWS, "done", "conditions")
"""What is entered as rows: by the names of the facts JSON; `done` are studies, tests and visits."""
WITH_OTHERS = ("surgery", "axillary_surgery", "radiation", "systemic")
"""Of these a clinician may say that there are no others."""
DONE = (
    "mammogram", "breast-mri", "breast-ultrasound", "dxa", "echocardiogram", "ecg", "clinic-visit", "gynecologic-exam",
    "cbc", "lipid-panel", "liver-tests",
)  # fmt: skip
"""Studies, tests and visits that rules look for, by concept."""
CONDITIONS = (
    "hypertension", "diabetes", "hyperlipidemia", "heart-failure", "stroke", "venous-thromboembolism", "tobacco-use",
    "vasomotor-symptoms", "vaginal-bleeding", "visual-symptoms",
)  # fmt: skip
"""Conditions that rules ask about, by concept."""
ABSENT = "absent"

_SIDES = ("left", "right", "bilateral", "unknown")
BIRADS = ("0", "1", "2", "3", "4", "4A", "4B", "4C", "5", "6")
_BY_CHOICE = ("choice", "name")
FIELDS = ("whole breast", "partial breast", "chest wall", "regional nodes", "internal mammary nodes", "boost")
RESOLVED = ("resolved", "inactive", "remission")
OF_BREAST = ("mammogram", "breast-mri", "breast-ultrasound")


@dataclass(frozen=True, slots=True)
class RowPart:
    """One part of a typed row. `kind`: choice, date, dose, name (a short text) or names (several, by commas)."""

    name: str
    kind: str
    choices: tuple[str, ...] = ()
    needed: bool = False


_SIDE = RowPart("side", "choice", _SIDES, True)
_ON = RowPart("on", "date")
_FROM_TO = (RowPart("from", "date"), RowPart("to", "date"))
_DRUG = (
    RowPart("agent", "name", needed=True),
    RowPart("class", "names"),
    RowPart("status", "choice", ("active", "stopped", "unknown"), True),
    *_FROM_TO,
)
ROW_PARTS: Mapping[str, tuple[RowPart, ...]] = {
    "surgery": (
        RowPart("kind", "choice", ("breast-conserving", "mastectomy", "reconstruction", "other"), True),
        RowPart("detail", "choice", ("implant", "saline implant", "flap")),
        _SIDE,
        _ON,
    ),
    "axillary_surgery": (RowPart("kind", "choice", ("sentinel-node-biopsy", "axillary-dissection"), True), _SIDE, _ON),
    "radiation": (_SIDE, RowPart("field", "names"), *_FROM_TO, RowPart("dose", "dose")),
    "systemic": _DRUG,
    "other_medications": _DRUG,
    "done": (
        RowPart("what", "name", DONE, True),
        RowPart("side", "choice", _SIDES[:3]),
        RowPart("on", "date", needed=True),
        RowPart("birads", "choice", BIRADS),
    ),
    "conditions": (
        RowPart("what", "name", CONDITIONS, True),
        RowPart("status", "choice", ("active", "resolved", ABSENT), True),
        _ON,
    ),
}
_NAME = re.compile(r"[^;\x00-\x1f\x7f]{1,60}")
_ROW_ID = re.compile(r"(?:own|r)-[0-9a-f]{10}")
_DOSE = re.compile(r"\d{1,3}(?:\.\d{1,2})?")


def row_problems(name: str, parts: Parts) -> dict[str, str]:
    """What is wrong with a typed row: words for the page, by part; empty when it can be kept."""
    problems = {}
    for part in ROW_PARTS[name]:
        value = parts.get(part.name, "")
        if not value:
            if part.needed:
                problems[part.name] = "Choose one." if part.kind in _BY_CHOICE else "Give a date."
        elif not _accepts(part, value):
            problems[part.name] = _HINTS[part.kind]
    unknown = set(parts) - {part.name for part in ROW_PARTS[name]}
    if unknown:
        problems[min(unknown)] = "This is no part of such an entry."
    return problems or _together(name, parts)


_HINTS = {
    "choice": "Choose one of those that are offered.",
    "name": "Choose one of those that are offered.",
    "names": "Choose from those that are offered.",
    "date": "Write a year, month or day, such as 2022, 2022-12 or 2022-12-09.",
    "dose": "Write the dose in gray, such as 50 or 40.05.",
}


def _accepts(part: RowPart, value: str) -> bool:
    if part.kind == "date":
        return _date(value) is not None
    if part.kind == "dose":
        return bool(_DOSE.fullmatch(value)) and 1 <= float(value) <= 100
    words = value.split(", ") if part.kind == "names" else [value]
    return all(word in part.choices if part.choices else _NAME.fullmatch(word) for word in words)


def _together(name: str, parts: Parts) -> dict[str, str]:
    """What single parts do not show: an end before the start, a drug that is both taken and ended."""
    start, end = _date(parts.get("from", "")), _date(parts.get("to", ""))
    if start is not None and end is not None and end.surely_before(start):
        return {"to": "The last day lies before the first one."}
    if name in DRUG_ROWS and end is not None and parts["status"] == "active":
        return {"to": "A drug that is taken now has no last day yet: leave it empty, or choose Stopped."}
    if parts.get("detail") and parts["kind"] != "reconstruction":
        return {"detail": "Only a reconstruction is done with an implant or own tissue: choose Not known."}
    if parts.get("status") == ABSENT and parts.get("on"):
        return {"on": "Leave the date empty where there is no such condition."}
    if parts.get("birads") and parts.get("what") not in OF_BREAST:
        return {"birads": "Only breast imaging has a BI-RADS category."}
    return {}


def _date(text: str) -> PartialDate | None:
    try:
        return PartialDate.parse(text) if text else None
    except ValueError:
        return None


def typed_row(parts: Parts) -> str:
    """A typed row as one line of text."""
    return "; ".join(f"{name} {value}" for name, value in parts.items() if value)


def parse_row(name: str, text: str) -> dict[str, str] | str:
    """
    The typed row in a line of text, or `NOT_DONE` or `ALL_GIVEN`; the reverse of `typed_row`.

    Raises:
        ValueError: says what is wrong, in words for the page.
    """
    text = text.strip()
    if text in (NOT_DONE, ALL_GIVEN):
        return text
    said = dict(part.strip().partition(" ")[::2] for part in text.split(";"))
    parts = {part.name: said.pop(part.name, "").strip() for part in ROW_PARTS[name]}
    problems = row_problems(name, {**{key: value for key, value in parts.items() if value}, **said})
    if problems:
        part, words = next(iter(problems.items()))
        raise ValueError(f"{part or 'the entry'}: {words[:1].lower()}{words[1:].rstrip('.')}")
    return {key: value for key, value in parts.items() if value}


def row_id(name: str, text: str) -> str:
    """How forms and links name a row, without telling anything of it: a digest of its typed text."""
    return f"r-{hashlib.sha256(f'{name}|{text}'.encode()).hexdigest()[:10]}"


def can_be_said(name: str, row: str, value: object, corrects: bool) -> bool:
    """
    Whether such a value may stand for a row of this id: a typed row anywhere, `NOT_DONE` only of a row of the record,
    `ALL_GIVEN` only of a whole list.
    """
    if row == OTHERS:
        return name in WITH_OTHERS and value == ALL_GIVEN
    return bool(_ROW_ID.fullmatch(row)) and (isinstance(value, Mapping) or (corrects and value == NOT_DONE))


def own_id(name: str, parts: Parts) -> str:
    """The `row` of an added row: the same for the same thing, so that a form posted twice adds it once."""
    one_each = parts.get("agent") or (parts["what"] if name == "conditions" else "")
    return row_id(name, one_each or typed_row(parts)).replace("r-", "own-", 1)


def lies_ahead(name: str, parts: Parts, as_of: date) -> str:
    """The part that is dated after today; empty where none is. Only a course of radiation may end later."""
    names = ("on", "from") if name == "radiation" else ("on", "from", "to")
    days = {part: _date(parts.get(part, "")) for part in names}
    return next((part for part, day in days.items() if day is not None and day.earliest > as_of), "")


def parts_of(row: Row, what: str = "") -> dict[str, str]:
    """A row of the record as it would be typed. `what`: the concept of a study."""
    if isinstance(row, Surgery):
        parts = {"kind": row.kind, "detail": row.detail or "", "side": row.side, "on": _text(row.on)}
    elif isinstance(row, RadiotherapyCourse):
        dose = f"{row.dose_gray:g}" if row.dose_gray is not None else ""
        parts = {"side": row.side, "field": ", ".join(row.field), **_span(row), "dose": dose}
    elif isinstance(row, Medication):
        # Not its classes: they are ours, and may be others by the next release.
        parts = {"agent": row.agent, "status": row.status, **_span(row)}
    elif isinstance(row, Event):
        status = "resolved" if row.value in RESOLVED else "active"
        parts = {"what": row.concept, "status": status, "on": _text(row.on)}
    else:
        birads = f"{row.birads or ''}{row.sub or ''}"
        side = row.side if row.side != "unknown" else ""
        parts = {"what": what, "side": side, "on": _text(row.on), "birads": birads}
    return {name: " ".join(value.replace(";", ",").split()) for name, value in parts.items() if value}


def _text(day: PartialDate | None) -> str:
    return str(day) if day is not None else ""


def _span(row: RadiotherapyCourse | Medication) -> dict[str, str]:
    return {"from": _text(row.started_on), "to": _text(row.ended_on)}


def make_row(name: str, parts: Parts, entry: Entry, own: Row | None) -> Row:
    """The row that an entry gives; `own` is the record's row that it corrects."""
    side, on = parts.get("side", "unknown"), _date(parts.get("on", ""))
    start, end = _date(parts.get("from", "")), _date(parts.get("to", ""))
    if name in DRUG_ROWS:
        kept = own if isinstance(own, Medication) else None
        classes = tuple(filter(None, parts.get("class", "").split(", "))) or (kept.classes if kept else ())
        return Medication(parts["agent"], classes, parts["status"], start, end, (), entry=entry, record=kept)
    if name == "radiation":
        fields = tuple(filter(None, parts.get("field", "").split(", ")))
        dose = float(parts["dose"]) if parts.get("dose") else None
        course = own if isinstance(own, RadiotherapyCourse) else None
        return RadiotherapyCourse(side, start, end, (), fields, dose, entry, course)
    if name == "done":
        study = own if isinstance(own, ImagingStudy) else None
        birads = parts.get("birads", "")
        return ImagingStudy(
            modality_of(parts["what"]), on, side, birads[:1] or None, (), birads[1:] or None, entry, study
        )
    if name == "conditions":
        return Event(parts["what"], on, (), value=parts["status"], entry=entry, record=_event(own))
    operation = own if isinstance(own, Surgery) else None
    detail = operation.detail if operation is not None and operation.kind == parts["kind"] else None
    return Surgery(parts["kind"], side, on, (), parts.get("detail") or detail, entry, operation)


def _event(own: Row | None) -> Event | None:
    return own if isinstance(own, Event) else None


def modality_of(what: str) -> str:
    """The modality of a study, as the facts JSON has it; of other things their concept."""
    return _MODALITIES.get(what, what)


_MODALITIES = {"mammogram": "MG", "breast-mri": "MR", "breast-ultrasound": "US", "dxa": "DXA", "echocardiogram": "US"}


def is_same(parts: Parts, other: Parts) -> bool:
    """Whether two typed rows may be about one and the same thing."""
    if "agent" in parts:
        return parts["agent"] == other.get("agent")
    if "status" in parts:
        return parts.get("what") == other.get("what")
    if any(parts.get(key) != other.get(key) for key in ("kind", "what")):
        return False
    sides = {parts.get("side", "unknown"), other.get("side", "unknown")}
    if sides == {"left", "right"}:
        return False
    return any(_may_be_one(parts.get(key, ""), other.get(key, "")) for key in ("on", "from", "to") if key in parts) or (
        not any(key in parts for key in ("on", "from", "to"))
    )


def _may_be_one(day: str, other: str) -> bool:
    first, second = _date(day), _date(other)
    return first is None or second is None or not (first.surely_before(second) or second.surely_before(first))


def row_words(value: object) -> str:
    """A typed row as a person reads it in a plan: `mastectomy, left, 2022-03-04`."""
    if value == NOT_DONE:
        return "did not take place"
    if value == ALL_GIVEN:
        return "no others"
    if not isinstance(value, Mapping):
        return str(value)
    parts = dict(value)
    parts.pop("class", None)
    side = parts.pop("side", "")
    start, end = parts.pop("from", ""), parts.pop("to", "")
    span = f"{start} to {end}" if start and end else f"from {start}" if start else f"until {end}" if end else ""
    head = parts.pop("agent", "") or (parts.pop("kind", "") or parts.pop("what", "")).replace("-", " ")
    detail, field = parts.pop("detail", ""), parts.pop("field", "")
    dose = f"{parts['dose']} Gy" if parts.get("dose") else ""
    birads = f"BI-RADS {parts['birads']}" if parts.get("birads") else ""
    side = "" if side == "unknown" else side
    said = (
        head,
        detail,
        side,
        field,
        parts.get("status", ""),
        parts.get("on", ""),
        span,
        dose,
        birads,
    )
    return ", ".join(text for text in said if text)


CONCEPT_KEYS = {key: concept for concept, key in IMAGING_KEYS.items()}
"""The concept of each key of the record's imaging (`breast_mri`: `breast-mri`)."""
