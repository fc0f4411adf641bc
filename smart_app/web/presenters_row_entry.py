"""
Entering treatments, and what was done: a row added, corrected, or said not to have taken place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from smart_app.clinical.codes import CodeMap
from smart_app.clinical.entered_rows import find_own_row, own_rows, rows_now
from smart_app.clinical.facts import Entry, FactState, PatientRecord
from smart_app.clinical.typed_rows import (
    BIRADS,
    CONDITIONS,
    DONE,
    DRUG_ROWS,
    FIELDS,
    NOT_DONE,
    OTHERS,
    ROW_NAMES,
    ROW_PARTS,
    WITH_OTHERS,
    Parts,
    RowPart,
    row_id,
    typed_row,
)
from smart_app.web.presenters_page import STATE_TAGS, Frame, Tag
from smart_app.web.presenters_rows import Option, Typed
from smart_app.web.presenters_words import AGENT_KINDS, SURGERY_KINDS, date_or_text, sentence_case
from smart_app.workflow.planning_ports import FormData

SHORT = {"surgery": "Surgery", "axillary_surgery": "Axilla", "other_medications": "Other medicine"}
"""Labels of rows where the heading of their list is too long."""

HEADINGS: Mapping[str, tuple[str, str]] = {
    "surgery": ("Operations on the breast", "an operation on the breast"),
    "axillary_surgery": ("Operations on the axilla", "an operation on the axilla"),
    "radiation": ("Radiation", "a course of radiation"),
    "systemic": ("Cancer drugs", "cancer drugs"),
    "other_medications": ("Other medicines", "another medicine"),
    "done": ("Studies, tests and visits", "a study, test or visit"),
    "conditions": ("Conditions that the rules ask about", "a condition"),
}
WHATS = {"done": DONE, "conditions": CONDITIONS}
_DATE = "2022, 2022-12 or 2022-12-09"
_LABELS: Mapping[str, str] = {
    "kind": "Operation",
    "detail": "Reconstruction with",
    "side": "Side",
    "on": f"Date, as precise as known ({_DATE})",
    "field": "What was treated",
    "from": f"First day ({_DATE})",
    "to": "Last day, if it has ended",
    "dose": "Total dose in gray, if known",
    "agent": "Drug",
    "status": "Today",
    "what": "What was done",
    "conditions.what": "Condition",
    "conditions.on": f"Since, or when it was ({_DATE})",
    "birads": "BI-RADS category, of breast imaging",
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "kind": SURGERY_KINDS,
    "detail": {
        "": "Not known, or as recorded",
        "implant": "An implant",
        "saline implant": "A saline implant",
        "flap": "Own tissue",
    },
    "side": {"left": "Left", "right": "Right", "bilateral": "Both", "unknown": "Not known"},
    "status": {"active": "Taken now", "stopped": "Ended", "unknown": "Not known"},
    "conditions.status": {"active": "Has it now", "resolved": "Had it, over now", "absent": "Does not have it"},
    "birads": {"": "None or not known", **{value: f"BI-RADS {value}" for value in BIRADS}},
}


@dataclass(frozen=True, slots=True)
class FactChoice:
    """A fact that can be entered, with what is known of it now."""

    key: str
    label: str
    now: str
    tag: Tag


@dataclass(frozen=True, slots=True)
class RowField:
    """A field of the form. `kind`: text, radio, checks or select; `groups` are options under headings."""

    name: str
    label: str
    kind: str
    value: str
    groups: tuple[tuple[str, tuple[Option, ...]], ...]
    error: str


@dataclass(frozen=True, slots=True)
class KnownRow:
    """A row as it stands, with the key under which it is corrected."""

    key: str
    words: str
    says: str
    tag: Tag


@dataclass(frozen=True, slots=True)
class RowPage:
    """
    Everything that `row_entry.html` shows. `record` is the record's row that is corrected, `struck` whether it is said
    not to have taken place; `others` what the statement "no others" is about, None where it cannot be made.
    """

    frame: Frame
    draft_version: int
    key: str
    name: str
    heading: str
    adds: str
    record: str
    struck: bool
    fields: tuple[RowField, ...]
    seen_where: str
    reason: str
    errors: Mapping[str, str]
    entered: bool
    rows: tuple[KnownRow, ...]
    others: str | None
    others_said: str


def split_row_key(key: str) -> tuple[str, str] | None:
    """Name and rest of a key about rows: `surgery`, `surgery.r-1a2b`, `done.mammogram`; None for another key."""
    name, _, rest = key.partition(".")
    return (name, rest) if name in ROW_NAMES else None


def row_choices(record: PatientRecord) -> Iterator[FactChoice]:
    """The lists that rows can be entered into, with what they hold."""
    for name in ROW_NAMES:
        rows = rows_now(record, name)
        said = name in record.all_given or any(row.entry for _, row in rows)
        read = FactState.DOCUMENTED if rows else FactState.NOT_FOUND if record.was_read(name) else FactState.NOT_READ
        state = FactState.ENTERED if said else read
        now = f"{len(rows)} listed" if rows else "none" if name in record.all_given else ""
        yield FactChoice(name, HEADINGS[name][0], now, STATE_TAGS[state])


def drug_groups(codes: CodeMap, name: str) -> dict[str, dict[str, tuple[str, ...]]]:
    """Drugs of the code map by their class, each with its classes: cancer drugs, or those of other care."""
    other = name == "other_medications"
    groups: dict[str, dict[str, tuple[str, ...]]] = {}
    for concept in codes.concepts.values():
        agent = str(concept.attributes.get("agent", ""))
        if concept.kind != "drug" or not agent or (concept.attributes.get("cancer") == "no") is not other:
            continue
        classes = tuple(str(each) for each in concept.attributes.get("classes", ()))
        broad = next((kind for kind in AGENT_KINDS if kind in classes), classes[-1] if classes else "other")
        if "agents" not in concept.attributes:
            groups.setdefault(AGENT_KINDS.get(broad, sentence_case(broad.replace("-", " "))), {})[agent] = classes
    return {kind: dict(sorted(groups[kind].items())) for kind in groups}


def present_row_entry(
    record: PatientRecord,
    entries: Iterable[Entry],
    codes: CodeMap,
    frame: Frame,
    draft_version: int,
    key: str,
    typed: FormData | None = None,
    problems: Mapping[str, str] | None = None,
) -> RowPage:
    """
    The page of one list of rows, with the form of one row.

    Args:
        entries: those of the draft.
        key: of a list, of a row, or of what was done; a row that is gone leaves the form for a new one.
    """
    name, _, rest = key.partition(".")
    own = find_own_row(record, name, rest)
    entry = next((each for each in entries if each.name == name and each.row == rest and rest), None)
    value = entry.value if entry is not None and isinstance(entry.value, Mapping) else own[0] if own else {}
    if rest in WHATS.get(name, ()):
        value = {"what": rest}
    known = own is not None or entry is not None
    form = Typed(typed)
    fields = tuple(_field(part, name, value, form, codes, problems or {}, known) for part in _shown_parts(name))
    given = record.all_given.get(name)
    return RowPage(
        frame=frame,
        draft_version=draft_version,
        key=key if known else name,
        name=name,
        heading=HEADINGS[name][0],
        adds=HEADINGS[name][1],
        record=row_title(name, own[0], codes) if own else "",
        struck=form.value("row.what_is_right", "not" if entry and entry.value == NOT_DONE else "") == "not",
        fields=fields,
        seen_where=form.value("row.seen_where", (entry.seen_where or "") if entry else ""),
        reason=form.value("row.reason", entry.reason if entry else ""),
        errors=problems or {},
        entered=entry is not None,
        rows=tuple(_known_rows(record, name, codes)),
        others=_others(record, name),
        others_said=f"{given.by}, {given.at[:10]}: {given.reason}" if given is not None else "",
    )


def _shown_parts(name: str) -> tuple[RowPart, ...]:
    return tuple(part for part in ROW_PARTS[name] if part.name != "class")


def _others(record: PatientRecord, name: str) -> str | None:
    if name not in WITH_OTHERS:
        return None
    return "other" if rows_now(record, name) else "none"


def _field(
    part: RowPart,
    name: str,
    value: Parts,
    form: Typed,
    codes: CodeMap,
    problems: Mapping[str, str],
    known: bool,
) -> RowField:
    """One field with what is known or was typed; several drugs may be ticked at once where the form is for new ones."""
    # The record's own words of an operation stay with it: they are not among the choices.
    now = value.get(part.name, "") if part.name != "detail" or value.get("detail") in part.choices else ""
    chosen = form.values(f"row.{part.name}", now.split(", ") if now else ())
    kind = {"choice": "radio", "names": "checks", "name": "select"}.get(part.kind, "text")
    if part.name == "agent" and name == "systemic" and not known:
        kind = "checks"
    if part.name == "birads":
        kind = "select"
    groups = () if kind == "text" else tuple(_groups(part, name, chosen, codes))
    text = chosen[0] if chosen else ""
    label = _LABELS.get(f"{name}.{part.name}") or _LABELS[part.name]
    return RowField(part.name, label, kind, text, groups, problems.get(part.name, ""))


def _groups(
    part: RowPart, name: str, chosen: tuple[str, ...], codes: CodeMap
) -> Iterator[tuple[str, tuple[Option, ...]]]:
    if part.name == "agent":
        for kind, agents in drug_groups(codes, name).items():
            yield kind, tuple(Option(agent, sentence_case(agent), agent in chosen) for agent in agents)
    elif part.name == "what":
        yield "", tuple(Option(what, done_title(what, codes), what in chosen) for what in WHATS[name])
    elif part.name == "field":
        fields = dict.fromkeys((*FIELDS, *chosen))
        yield "", tuple(Option(field, sentence_case(field), field in chosen) for field in fields)
    else:
        words = _WORDS.get(f"{name}.{part.name}") or _WORDS.get(part.name, {})
        values = part.choices if part.needed else ("", *part.choices)
        now = chosen or ("",)
        yield "", tuple(Option(v, words.get(v) or sentence_case(v) or "Not known", v in now) for v in values)


def done_title(what: str, codes: CodeMap) -> str:
    """The title of a concept."""
    concept = codes.concepts.get(what)
    return concept.title if concept is not None else sentence_case(what.replace("-", " "))


def row_title(name: str, parts: Parts, codes: CodeMap | None = None) -> str:
    """A row in words: `Mastectomy, left, Mar 4, 2022`."""
    head = parts.get("kind") or parts.get("agent") or parts.get("what") or ""
    said = [
        SURGERY_KINDS.get(head)
        or (
            done_title(head, codes)
            if codes and name in WHATS
            else sentence_case(head.replace("-", " ") if name in WHATS else head)
        )
    ]
    side = {"left": "left", "right": "right", "bilateral": "both sides"}.get(parts.get("side", ""), "")
    if name not in (*DRUG_ROWS, *WHATS):
        side = side or "side not recorded"
    start, end = (date_or_text(parts[key]) if key in parts else "" for key in ("from", "to"))
    span = f"{start} to {end}" if start and end else f"since {start}" if start else f"until {end}" if end else ""
    words = _WORDS.get(f"{name}.status") or _WORDS["status"]
    status = words.get(parts.get("status", ""), "").lower()
    detail = parts.get("detail", "") if head in ("reconstruction", "other") else ""
    said += [detail, side, parts.get("field", ""), status]
    said += [date_or_text(parts["on"]) if "on" in parts else "", span]
    said += [
        f"{parts['dose']} Gy" if "dose" in parts else "",
        f"BI-RADS {parts['birads']}" if "birads" in parts else "",
    ]
    return sentence_case(", ".join(text for text in said if text))


def _known_rows(record: PatientRecord, name: str, codes: CodeMap) -> Iterator[KnownRow]:
    own = {id(row): row_id(name, typed_row(parts)) for parts, row in own_rows(record, name)}
    for parts, row in rows_now(record, name):
        words = row_title(name, parts, codes)
        if row.entry is None:
            yield KnownRow(f"{name}.{own.get(id(row), '')}", words, "", STATE_TAGS[FactState.DOCUMENTED])
        else:
            says = f"the record: {_own_words(name, row.entry, codes)}" if row.entry.instead_of else ""
            yield KnownRow(f"{name}.{row.entry.row}", words, says, STATE_TAGS[FactState.ENTERED])
    for aside in record.set_aside:
        if aside.name == name and aside.entry.row != OTHERS:
            why = f"not used: {aside.why}" if aside.why else "did not take place, by the clinician"
            words = _own_words(name, aside.entry, codes)
            yield KnownRow(f"{name}.{aside.entry.row}", words, why, STATE_TAGS[FactState.ENTERED])


def entry_title(entry: Entry) -> str:
    """An entered row in words, with what it is entered instead of."""
    own = _own_words(entry.name, entry)
    if entry.row == OTHERS:
        return "No others than those listed" if entry.instead_of else "None"
    if entry.value == NOT_DONE:
        return f"{own}: did not take place"
    new = row_title(entry.name, entry.value) if isinstance(entry.value, Mapping) else str(entry.value)
    return f"{new} (record: {own[:1].lower()}{own[1:]})" if entry.instead_of else new


def _own_words(name: str, entry: Entry, codes: CodeMap | None = None) -> str:
    """The row of the record that an entry is about; of an added row its own words."""
    if entry.instead_of:
        said = dict(part.partition(" ")[::2] for part in entry.instead_of.split("; "))
        return row_title(name, said, codes)
    return row_title(name, entry.value, codes) if isinstance(entry.value, Mapping) else ""
