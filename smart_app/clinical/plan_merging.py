"""
Two hands on one plan: what each changed since the version both began with, and the plan that holds both. Pure.

Nothing is overwritten: what one hand changed is taken, what both changed to the same value is taken, and what both
changed to different values is left to the clinician.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from smart_app.clinical.facts import Entry
from smart_app.clinical.plan import CarePlanDraft, Decision, PlanRow

ROW_PARTS = ("title", "decision", "due", "owner", "note", "reason")
PLAN_PARTS = (
    "goals",
    "concerns",
    "note",
    "education",
    "education_note",
    "entries",
    "overridden",
    "language",
    "large_print",
    "more_to_know",
    "printed_name",
)
# What a plan in the record can be read back for; the rest is ours alone.
RECORD_PARTS = ("goals", "concerns", "note", "entries", "overridden")
_NAMES = {
    "title": "name",
    "decision": "decision",
    "due": "date",
    "owner": "owner",
    "note": "note",
    "reason": "reason",
}
_PLAN_NAMES = {
    "note": "Note for the team",
    "goals": "Goals",
    "concerns": "Concerns",
    "education": "Education",
    "education_note": "Note on education",
    "entries": "Entered fact",
    "overridden": "Conflict left open",
    "language": "Language of the handout",
    "large_print": "Large print",
    "more_to_know": "Part “More to know”",
    "printed_name": "Name as printed",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One part that differs, in words: as both began, as theirs, as ours."""

    key: str
    title: str
    base: str
    theirs: str
    ours: str


@dataclass(frozen=True, slots=True)
class MergedPlans:
    """`draft` holds all that merges by itself, and ours where `both` differ and nothing was chosen."""

    draft: CarePlanDraft
    both: tuple[Difference, ...]
    theirs_only: tuple[Difference, ...]
    ours_only: tuple[Difference, ...]


class _Merge:
    def __init__(self, choices: Mapping[str, str]) -> None:
        self.choices = choices
        self.both: list[Difference] = []
        self.theirs_only: list[Difference] = []
        self.ours_only: list[Difference] = []

    def part(self, key: str, title: str, base: Any, theirs: Any, ours: Any) -> Any:
        if theirs == ours:
            return ours
        difference = Difference(key, title, value_words(base), value_words(theirs), value_words(ours))
        if theirs == base:
            self.ours_only.append(difference)
            return ours
        if ours == base:
            self.theirs_only.append(difference)
            return theirs
        choice = self.choices.get(key)
        if choice not in ("theirs", "ours"):
            self.both.append(difference)
        return theirs if choice == "theirs" else ours


def merge_plans(
    base: CarePlanDraft,
    theirs: CarePlanDraft,
    ours: CarePlanDraft,
    *,
    choices: Mapping[str, str] | None = None,
    parts: tuple[str, ...] = PLAN_PARTS,
    of_record: bool = False,
) -> MergedPlans:
    """
    Both hands in one plan.

    Args:
        choices: for parts that both changed (`Difference.key`): `theirs` or `ours`.
        parts: parts of the plan, besides its rows, that theirs can speak of.
        of_record: base and theirs were read back from a record, which holds neither undecided rows nor the owner and
            date of what is not advised: their absence there is no difference.
    """
    merge = _Merge(choices or {})
    bases, thems, ourss = ({row.id: row for row in plan.rows} for plan in (base, theirs, ours))
    order = [row.id for row in ours.rows]
    order += [row.id for row in theirs.rows if row.id not in ourss]
    rows = []
    for key in order:
        row = _merge_row(merge, bases.get(key), thems.get(key), ourss.get(key), of_record)
        if row is not None:
            rows.append(row)
    changed = {name: _merge_part(merge, name, base, theirs, ours) for name in parts}
    draft = replace(ours, rows=tuple(rows), **changed)
    return MergedPlans(draft, tuple(merge.both), tuple(merge.theirs_only), tuple(merge.ours_only))


def _merge_part(merge: _Merge, name: str, base: CarePlanDraft, theirs: CarePlanDraft, ours: CarePlanDraft) -> Any:
    if name not in ("entries", "overridden"):
        return merge.part(
            name, _PLAN_NAMES.get(name, name), getattr(base, name), getattr(theirs, name), getattr(ours, name)
        )
    bases, thems, ourss = (_by_fact(getattr(plan, name)) for plan in (base, theirs, ours))
    found = {
        key: merge.part(f"{name}.{key}", f"{_PLAN_NAMES[name]}: {key}", bases.get(key), thems.get(key), ourss.get(key))
        for key in dict.fromkeys((*ourss, *thems, *bases))
    }
    kept = {key: value for key, value in found.items() if value is not None}
    return tuple(kept.values()) if name == "entries" else kept


def _by_fact(part: tuple[Entry, ...] | Mapping[str, str]) -> dict[str, Any]:
    if isinstance(part, Mapping):
        return dict(part)
    return {".".join(filter(None, (e.name, str(e.cancer or ""), e.tumor))): e for e in part}


def _merge_row(
    merge: _Merge, base: PlanRow | None, theirs: PlanRow | None, ours: PlanRow | None, of_record: bool
) -> PlanRow | None:
    present = ours or theirs
    if present is None:
        return None
    if of_record and base is None and theirs is None and present.decision is Decision.UNDECIDED:
        return present
    unspoken = ("owner", "due") if of_record and present.not_advised else ()
    key, title = f"row.{present.id}", present.title
    if theirs is not None and ours is not None:
        changed = {
            name: merge.part(
                f"{key}.{name}",
                f"{title}: {_NAMES[name]}",
                getattr(base, name) if base else None,
                getattr(theirs, name),
                getattr(ours, name),
            )
            for name in ROW_PARTS
            if name not in unspoken
        }
        return replace(ours, **changed)
    # One hand does not have the row: taken out of it, or never there.
    taken = merge.part(key, title, _essence(base), _essence(theirs), _essence(ours))
    return present if taken is not None else None


def _essence(row: PlanRow | None) -> tuple[Any, ...] | None:
    return None if row is None else tuple(getattr(row, name) for name in ROW_PARTS)


def value_words(value: Any) -> str:
    """A part as a person reads it; empty for nothing."""
    if value is None:
        return ""
    if isinstance(value, Decision):
        return {Decision.ACCEPT: "accepted", Decision.DECLINE: "declined", Decision.UNDECIDED: "not decided"}[value]
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (tuple, list)):
        return "; ".join(filter(None, (value_words(entry) for entry in value)))
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {value_words(entry)}" for key, entry in value.items())
    if hasattr(value, "paragraph"):
        shown = {None: "as proposed", True: "shown", False: "left out"}[value.shown]
        return f"{value.paragraph} {shown}" if value.order is None else f"{value.paragraph} {shown}, moved"
    if hasattr(value, "by") and hasattr(value, "name"):
        return f"{value.name}: {value_words(value.value)}"
    return str(value)
