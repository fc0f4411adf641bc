"""
The parts of a rule file: conditions, schedule, citation, variants, examples.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smart_app.clinical.anchors import is_anchor
from smart_app.clinical.conditions import Condition, ConditionError, parse_condition
from smart_app.clinical.feature_vocabulary import VOCABULARY, is_term
from smart_app.clinical.recommendations import Citation
from smart_app.clinical.rules import Example, Variant
from smart_app.clinical.schedule import ONE_INTERVAL, Offset, Phase, Schedule

REQUIRED = (
    "id", "row", "topic", "kind", "version", "title", "says", "why", "applies_when", "owner", "strength", "citation",
    "mark", "written_by", "written_on", "expires_on", "limits", "examples",
)  # fmt: skip
KEYS = {
    *REQUIRED, "per", "unless", "yields_to", "looks_for", "schedule", "conflicts", "variants", "jurisdictions",
    "reviewed_by", "reviewed_on", "level", "when_missing",
}  # fmt: skip
EXAMPLE_KINDS = ("fires", "silent", "cannot-tell")


class PartError(ValueError):
    """A part of a rule file is not what it must be."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def _mapping(data: object, what: str, allowed: set[str], line: int = 0) -> Mapping[str, Any]:
    if not isinstance(data, dict):
        raise PartError(f"{what} must be a mapping", line)
    unknown = sorted(set(data) - allowed)
    if unknown:
        raise PartError(f"{what}: unknown key {', '.join(unknown)}", getattr(data, "line", line))
    return data


def read_condition(data: object) -> Condition:
    """A condition whose every fact is a name of the vocabulary, with values that it can have."""
    try:
        condition = parse_condition(data)
    except ConditionError as error:
        raise PartError(str(error), error.line) from error
    for node in condition.facts():
        if not is_term(node.fact):
            raise PartError(f"unknown fact: {node.fact}", node.line)
        term = VOCABULARY.get(node.fact)
        if term is None or not term.values or term.values == ("true", "false"):
            continue
        for test, wanted in node.tests:
            values = wanted if test == "in" else {wanted} if test == "is" else ()
            unusable = sorted(str(value) for value in values if value not in term.values)
            if unusable:
                raise PartError(f"{node.fact} is never {', '.join(unusable)}", node.line)
    return condition


def read_citation(data: object, strength: str) -> Citation:
    """Guideline, year, recommendation and where it stands."""
    row = _mapping(data, "citation", {"guideline", "year", "recommendation", "reference"})
    line = getattr(data, "line", 0)
    if not row.get("guideline") or type(row.get("year")) is not int:
        raise PartError("a citation needs a guideline and a year", line)
    return Citation(
        str(row["guideline"]),
        row["year"],
        strength,
        str(row.get("recommendation") or ""),
        str(row.get("reference") or ""),
    )


def _offset(data: object) -> Offset:
    row = _mapping(data, "a date of the schedule", {"of", "months", "days"})
    line = getattr(data, "line", 0)
    of, months = row.get("of"), row.get("months")
    from_months: int | None = None
    if "days" in row:
        return _offset_of_days(of, row["days"], line, alone="months" not in row)
    if months == "interval":
        months = ONE_INTERVAL
    elif isinstance(months, list):
        from_months, months = _interval(months, line)
    if not isinstance(of, str) or not (of == "last" or is_anchor(of)):
        raise PartError(f"unknown date: {of}", line)
    if type(months) is not int:
        raise PartError("months must be a whole number, a range, or interval", line)
    return Offset(of, months, from_months)


def _offset_of_days(of: object, days: object, line: int, *, alone: bool) -> Offset:
    if not isinstance(of, str) or not is_anchor(of):
        raise PartError(f"unknown date: {of}", line)
    if type(days) is not int or not 1 <= days <= 27 or not alone:
        raise PartError("days is a whole number under four weeks, in place of months", line)
    return Offset(of, 0, days=days)


def _interval(data: object, line: int) -> tuple[int, int]:
    if not isinstance(data, list) or len(data) != 2 or not all(type(value) is int and value > 0 for value in data):
        raise PartError("an interval is two numbers of months", line)
    low, high = data
    if low > high:
        raise PartError("the interval is upside down", line)
    return low, high


def _phase(data: object) -> Phase:
    row = _mapping(data, "a phase", {"until_months", "interval_months", "interval_days"})
    line = getattr(data, "line", 0)
    until, days = row.get("until_months"), row.get("interval_days")
    if until is not None and type(until) is not int:
        raise PartError("until_months must be a whole number", line)
    if days is None:
        return Phase(_interval(row.get("interval_months"), line), until)
    if type(days) is not int or not 1 <= days <= 27 or "interval_months" in row:
        raise PartError("interval_days is a whole number of days under four weeks, in place of months", line)
    return Phase(None, until, days)


_SCHEDULE_KEYS = {
    "first", "interval_months", "phases", "clock", "not_before", "stop", "grace_days", "once", "despite_unfinished",
    "after_stop", "course",
}  # fmt: skip


def read_schedule(data: object, looks_for: object) -> Schedule | None:
    """When it is due, and what counts as done."""
    done = _mapping(looks_for or {}, "looks_for", {"concepts", "after", "look_back_months", "status"})
    if data is None:
        if done:
            raise PartError("looks_for needs a schedule", getattr(looks_for, "line", 0))
        return None
    row = _mapping(data, "schedule", _SCHEDULE_KEYS)
    line = getattr(data, "line", 0)
    phases = tuple(_phase(item) for item in row.get("phases") or ())
    if "interval_months" in row:
        phases = (Phase(_interval(row["interval_months"], line)),)
    if any(phase.until_months is not None for phase in phases) and not row.get("clock"):
        raise PartError("phases need a clock", line)
    for name in (row.get("clock"), done.get("after")):
        if name is not None and not is_anchor(name):
            raise PartError(f"unknown date: {name}", line)
    if not phases and not row.get("once"):
        raise PartError("a schedule needs an interval, or once", line)
    return Schedule(
        first=tuple(_offset(item) for item in row.get("first") or ()),
        phases=phases,
        clock=row.get("clock"),
        not_before=tuple(_offset(item) for item in row.get("not_before") or ()),
        stop=_offset(row["stop"]) if row.get("stop") else None,
        course=_offset(row["course"]) if row.get("course") else None,
        looks_for=tuple(done.get("concepts") or ()),
        looks_after=done.get("after"),
        look_back_months=done.get("look_back_months"),
        once=bool(row.get("once")),
        as_indicated=_as_indicated(row.get("after_stop"), line),
        grace_days=row.get("grace_days"),
        despite_unfinished=bool(row.get("despite_unfinished")),
    )


def _as_indicated(word: object, line: int) -> bool:
    if word not in (None, "as-indicated"):
        raise PartError("after_stop is as-indicated, or not given", line)
    return word is not None


def read_variants(data: object, rule: Mapping[str, Any]) -> dict[str, Variant]:
    """What differs by jurisdiction."""
    found = {}
    for name, item in _mapping(data or {}, "variants", {"us", "uk", "eu", "ca", "au", "other"}).items():
        row = _mapping(item, f"variant {name}", {"says", "schedule", "citation", "not_used", "undated", "strength"})
        schedule = read_schedule(row["schedule"], rule.get("looks_for")) if row.get("schedule") else None
        strength = str(row.get("strength") or rule["strength"])
        citation = read_citation(row["citation"], strength) if row.get("citation") else None
        found[name] = Variant(
            str(row.get("says") or ""), schedule, citation, bool(row.get("undated")), bool(row.get("not_used"))
        )
    return found


def read_examples(data: object) -> tuple[Example, ...]:
    """The worked examples, each with its kind, its words, a small record and what is expected."""
    if not isinstance(data, list):
        raise PartError("examples must be a list")
    found = []
    for item in data:
        row = _mapping(item, "an example", {"kind", "says", "given", "expect"})
        line = getattr(item, "line", 0)
        if row.get("kind") not in EXAMPLE_KINDS:
            raise PartError(f"an example is one of {', '.join(EXAMPLE_KINDS)}", line)
        if not row.get("says"):
            raise PartError("an example needs its words", line)
        given, expect = row.get("given") or {}, row.get("expect") or {}
        if row["kind"] == "cannot-tell" and not expect.get("missing"):
            raise PartError("a cannot-tell example names what is missing", line)
        found.append(Example(row["kind"], row["says"], given, expect, line))
    return tuple(found)
