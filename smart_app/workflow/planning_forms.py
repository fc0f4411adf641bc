"""
A form of the plan page onto a draft. Pure: what cannot be taken is a problem beside its field, never an exception.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from smart_app.clinical.date_facts import DATE_FACTS
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.entered_rows import HELD, find_own_row, list_words, own_rows, why_it_does_not_fit
from smart_app.clinical.entries import TUMOR_FACTS, entry_key, parse_entry_value
from smart_app.clinical.facts import Entry, FactValue, PatientRecord
from smart_app.clinical.plan import CarePlanDraft, Decision, EducationChoice, PlanRow
from smart_app.clinical.plan_drafting import Conflict, conflicts_of
from smart_app.clinical.typed_rows import DRUG_ROWS, OTHERS, ROW_NAMES, lies_ahead, typed_row
from smart_app.workflow.planning_needs import ENTERED
from smart_app.workflow.planning_ports import FormData
from smart_app.workflow.planning_types import PlanIssue

TEXT_LIMIT = 4000
NAME_LIMIT = 200
LINE_LIMIT = 500
OWN_ITEMS_LIMIT = 50
ENTRIES_LIMIT = 200
_DECISIONS = {"accept": Decision.ACCEPT, "decline": Decision.DECLINE, "": Decision.UNDECIDED}


@dataclass(slots=True)
class _Form:
    data: FormData
    by: str
    at: str
    problems: list[PlanIssue] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return name in self.data

    def text(self, name: str, limit: int = LINE_LIMIT) -> str:
        values = self.data.get(name) or ("",)
        value = values[-1].replace("\r\n", "\n").strip()
        if len(value) > limit:
            self.complain(name, f"At most {limit} characters; the end was left off.")
            value = value[:limit]
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        lines = (line.strip()[:LINE_LIMIT] for value in self.data.get(name) or () for line in value.splitlines())
        return tuple(dict.fromkeys(line for line in lines if line))

    def date(self, name: str, before: PartialDate | None) -> PartialDate | None:
        value = self.text(name)
        if not value:
            return None
        try:
            return PartialDate.parse(value)
        except ValueError:
            self.complain(name, "Write a month as 2026-12 or a day as 2026-12-14.")
            return before

    def complain(self, name: str, words: str) -> None:
        self.problems.append(PlanIssue(words, field=name))


def apply_form(
    draft: CarePlanDraft, record: PatientRecord, data: FormData, *, by: str, at: str
) -> tuple[CarePlanDraft, tuple[PlanIssue, ...]]:
    """
    The draft with the fields that the form has; fields that it does not have stay as they are.

    Args:
        record: its conflicts, for a choice among results.
        by: who fills in the form; stands with entered facts.
        at: instant (UTC, ISO 8601), likewise.
    """
    form = _Form(data, by, at)
    entries, overridden = _settle(form, draft, record)
    changed = replace(
        draft,
        rows=_rows(form, draft.rows),
        goals=_goals(form) if form.has("goals.present") or form.has("goal") else draft.goals,
        concerns=form.texts("concern") if form.has("concerns.present") or form.has("concern") else draft.concerns,
        note=form.text("note", TEXT_LIMIT) if form.has("note") else draft.note,
        education=_education(form, draft.education),
        education_note=form.text("education_note", TEXT_LIMIT) if form.has("education_note") else draft.education_note,
        entries=_entered(form, entries, record),
        overridden=overridden,
        language=form.text("language") if form.has("language") else draft.language,
        large_print=form.has("large_print") if form.has("large_print.present") else draft.large_print,
        more_to_know=form.has("more_to_know") if form.has("large_print.present") else draft.more_to_know,
        printed_name=form.text("printed_name", NAME_LIMIT) if form.has("printed_name") else draft.printed_name,
    )
    return changed, tuple(form.problems)


def _goals(form: _Form) -> tuple[str, ...]:
    return form.texts("goal")[:20]


def _rows(form: _Form, rows: tuple[PlanRow, ...]) -> tuple[PlanRow, ...]:
    kept = [_row(form, row) for row in rows if not (row.rule is None and form.has(f"remove.{row.id}"))]
    orders = {row.id: _order(form, row.id, position) for position, row in enumerate(kept)}
    kept.sort(key=lambda row: orders[row.id])
    own = _own(form, kept)
    return (*kept, own) if own is not None else tuple(kept)


def _row(form: _Form, row: PlanRow) -> PlanRow:
    prefix = f"row.{row.id}"
    changes: dict[str, Any] = {}
    if form.has(f"{prefix}.decision"):
        given = form.text(f"{prefix}.decision")
        if given in _DECISIONS:
            changes["decision"] = _DECISIONS[given]
        else:
            form.complain(f"{prefix}.decision", "Choose accept or decline.")
    if form.has(f"{prefix}.when"):
        changes["due"] = form.date(f"{prefix}.when", row.due)
    for name in ("owner", "note", "reason"):
        if form.has(f"{prefix}.{name}"):
            changes[name] = form.text(f"{prefix}.{name}")
    if row.rule is None and form.text(f"{prefix}.what"):
        changes["title"] = form.text(f"{prefix}.what")
    return replace(row, **changes) if changes else row


def _order(form: _Form, key: str, position: int) -> float:
    given = form.text(f"row.{key}.order")
    return float(given) if given.lstrip("-").isdigit() else position


def _own(form: _Form, rows: list[PlanRow]) -> PlanRow | None:
    title = form.text("own.what")
    if not title:
        return None
    own = [row for row in rows if row.rule is None]
    if len(own) >= OWN_ITEMS_LIMIT:
        form.complain("own.what", f"At most {OWN_ITEMS_LIMIT} items of your own.")
        return None
    due = form.date("own.when", None)
    owner, note = form.text("own.owner"), form.text("own.note")
    # The same words posted twice (a reload, a double click) are one item.
    if any(row.title == title and row.due == due and row.owner == owner for row in own):
        return None
    taken = {row.id for row in rows}
    key = _own_id(title, len(own), taken)
    return PlanRow(key, title, "other", Decision.ACCEPT, owner, due=due, note=note)


def _own_id(title: str, count: int, taken: set[str]) -> str:
    while True:
        digest = hashlib.sha256(f"{count}|{title}".encode("utf-8", "replace")).hexdigest()
        key = f"own-{digest[:8]}"
        if key not in taken:
            return key
        count += 1


def _education(form: _Form, choices: tuple[EducationChoice, ...]) -> tuple[EducationChoice, ...]:
    """Only what differs from what the rules had on the page, and an order only where the clinician moved a text."""
    known = {choice.paragraph: choice for choice in choices}
    for name in form.data:
        if not (name.startswith("education.") and name.endswith(".order")):
            continue
        paragraph = name.removeprefix("education.").removesuffix(".order")
        before = known.pop(paragraph, None)
        shown: bool | None = form.has(f"education.{paragraph}.shown")
        proposed = form.text(f"education.{paragraph}.proposed")
        if proposed and shown == (proposed == "shown"):
            shown = None
        order = before.order if before else None
        if form.has("education.moved") and form.text(name).lstrip("-").isdigit():
            order = int(form.text(name))
        if shown is not None or order is not None:
            known[paragraph] = EducationChoice(paragraph, shown, order)
    return tuple(sorted(known.values(), key=lambda choice: choice.paragraph))


def _settle(form: _Form, draft: CarePlanDraft, record: PatientRecord) -> tuple[tuple[Entry, ...], dict[str, str]]:
    """Choices among disagreeing results: an entry for a chosen one, a reason for one left open."""
    entries, overridden = list(draft.entries), dict(draft.overridden)
    for conflict in conflicts_of(record):
        name = f"conflict.{conflict.key}.choice"
        if not form.has(name):
            continue
        choice, reason = form.text(name), form.text(f"conflict.{conflict.key}.reason")
        if choice == ENTERED:
            continue
        overridden.pop(conflict.key, None)
        entries = [entry for entry in entries if not _is_about(entry, conflict)]
        chosen = _chosen_value(conflict, choice)
        if choice == "open":
            if reason:
                overridden[conflict.key] = reason
            else:
                form.complain(f"conflict.{conflict.key}.reason", "Give a reason for leaving it open.")
        elif chosen is not None:
            before = next((e for e in draft.entries if _is_about(e, conflict) and e.chosen_source == choice), None)
            entry = _choice(form, conflict, chosen, choice, reason)
            entries.append(before if before is not None and before.reason == reason else entry)
        elif choice:
            form.complain(name, "This result is no longer in the record. Choose again.")
    return tuple(entries), overridden


def _is_about(entry: Entry, conflict: Conflict) -> bool:
    return entry.name == conflict.fact.name and (entry.cancer or 0) == (conflict.cancer or 0)


def _chosen_value(conflict: Conflict, choice: str) -> FactValue | None:
    for value in conflict.fact.others:
        if any(source.reference == choice for source in value.sources):
            return value
    return None


def _choice(form: _Form, conflict: Conflict, value: FactValue, source: str, reason: str) -> Entry:
    return Entry(
        name=conflict.fact.name,
        value=value.value,
        by=form.by,
        at=form.at,
        reason=reason,
        on=value.on,
        cancer=conflict.cancer,
        chosen_source=source,
        extra=dict(value.extra),
    )


def _entered(form: _Form, entries: tuple[Entry, ...], record: PatientRecord) -> tuple[Entry, ...]:
    kept = [entry for entry in entries if not form.has(f"remove-entry.{entry_key(entry)}")]
    for key in _entered_keys(form):
        value = form.text(f"entry.{key}.value")
        if not value:
            continue
        try:
            typed = parse_entry_value(key.partition(".")[0], value)
        except ValueError as error:
            form.complain(f"entry.{key}.value", f"Write {error}.")
            continue
        entry = _entry(form, key, typed, record, kept)
        if entry is None:
            continue
        before = next((old for old in kept if entry_key(old) == key), None)
        if before is not None and replace(entry, at=before.at, by=before.by, extra=before.extra) == before:
            continue
        kept = [old for old in kept if entry_key(old) != key]
        kept.append(entry)
    return tuple(kept)


def _entry(form: _Form, key: str, typed: Any, record: PatientRecord, kept: list[Entry]) -> Entry | None:
    """The entry of a form; None where it cannot be kept, with the reason beside its field."""
    if len(kept) >= ENTRIES_LIMIT:
        form.complain(f"entry.{key}.value", f"At most {ENTRIES_LIMIT} entries in a plan.")
        return None
    name, _, rest = key.partition(".")
    on = form.date(f"entry.{key}.on", None)
    misread = on is None and bool(form.text(f"entry.{key}.on"))
    entry = Entry(
        name=name,
        value=typed,
        by=form.by,
        at=form.at,
        reason=form.text(f"entry.{key}.reason"),
        on=on,
        seen_where=form.text(f"entry.{key}.seen_where") or None,
    )
    if name in ROW_NAMES:
        return _row_entry(form, key, entry, record, kept)
    if misread or _lies_ahead(form, key, name, typed, on, record.as_of):
        return None
    first = 0 if len(record.cancers) > 1 and name in TUMOR_FACTS else None
    return replace(entry, cancer=int(rest) if rest.isdigit() else first)


def _row_entry(form: _Form, key: str, entry: Entry, record: PatientRecord, kept: list[Entry]) -> Entry | None:
    """An entry about a row of the record (its id), about a new one, or that there are no others."""
    row = key.partition(".")[2]
    own = find_own_row(record, entry.name, row)
    instead_of = list_words(record, entry.name) if row == OTHERS else typed_row(own[0]) if own is not None else ""
    entry = replace(entry, row=row, instead_of=instead_of)
    ahead = lies_ahead(entry.name, entry.value, record.as_of) if not isinstance(entry.value, str) else ""
    if not own and not row.startswith("own-") and row != OTHERS:
        form.complain(f"entry.{key}.value", "The record no longer has this row. Look at the list again.")
    elif why := why_it_does_not_fit(entry, record):
        held = "The record lists this itself: correct that row instead."
        form.complain(f"entry.{key}.value", held if why == HELD else f"This cannot be kept: {why}.")
    elif _drug_is_listed(entry, record, kept):
        form.complain(f"entry.{key}.agent", "This drug is listed already: change that row instead.")
    elif ahead:
        form.complain(f"entry.{key}.{ahead}", "This date lies in the future.")
    else:
        return entry
    return None


def _drug_is_listed(entry: Entry, record: PatientRecord, kept: list[Entry]) -> bool:
    """Whether another row of the record, or another entry, is of the same drug: each has one row."""
    if entry.name not in DRUG_ROWS or not isinstance(entry.value, Mapping):
        return False
    agents = [parts["agent"] for parts, _ in own_rows(record, entry.name) if typed_row(parts) != entry.instead_of]
    others = (other.value for other in kept if other.name == entry.name and other.row != entry.row)
    agents += [value["agent"] for value in others if isinstance(value, Mapping)]
    return entry.value["agent"] in agents


def _lies_ahead(form: _Form, key: str, name: str, value: Any, on: PartialDate | None, as_of: date) -> bool:
    """Whether a result or an event is dated after today, which is refused; primary treatment may end later."""
    told = PartialDate.parse(value) if name in DATE_FACTS - {"primary_treatment_ended"} else None
    for part, day in (("value", told), ("on", on)):
        if day is not None and day.earliest > as_of:
            form.complain(f"entry.{key}.{part}", "This date lies in the future.")
            return True
    return False


def _entered_keys(form: _Form) -> Iterator[str]:
    for name in form.data:
        if name.startswith("entry.") and name.endswith(".value"):
            yield name.removeprefix("entry.").removesuffix(".value")
