"""
Three-valued conditions over facts: parsed data, never evaluated text.

The grammar, as it stands in the YAML of a rule or of an education paragraph:

    all: [...]                      every part holds
    any: [...]                      at least one part holds
    not: {...}                      the part does not hold
    {at_least: 2, of: [...]}        so many of the parts hold
    {fact: hr}                      the same as `is: true`
    {fact: er, is: positive}        the value is this
    {fact: er, in: [positive, low_positive]}
    {fact: dx.age_at_dx, max: 65}   also min, above, below: numbers, inclusive for min and max
    {at_least: {fact: years, value: 1}}   the same as `min: 1`
    {fact: grade, known: true}      whether it is known at all; never UNKNOWN itself

A fact may have several values (two tumors, two drugs): `is` and `in` then ask whether one of them matches.
A node may carry `says`, its words on the page. A fact that is not known makes a condition UNKNOWN, never FALSE.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smart_app.clinical.recommendations import Because, ConditionTrace, Truth

if TYPE_CHECKING:
    from smart_app.clinical.features import Feature, Features

_TESTS = ("is", "in", "min", "max", "above", "below", "known")
_NUMBER_TESTS = ("min", "max", "above", "below")
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "min": operator.ge,
    "max": operator.le,
    "above": operator.gt,
    "below": operator.lt,
}
_OPPOSITE = {Truth.TRUE: Truth.FALSE, Truth.FALSE: Truth.TRUE, Truth.UNKNOWN: Truth.UNKNOWN}


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """
    One node of a parsed condition.

    `kind`: all, any, not, at-least, fact. `tests` are the comparisons of a fact, all of which must hold. `line` is the
    line of the file it stands in, 0 where it is not known.
    """

    kind: str
    says: str
    parts: tuple[Condition, ...] = ()
    count: int = 0
    fact: str = ""
    tests: tuple[tuple[str, Any], ...] = ()
    line: int = 0

    def facts(self) -> Iterator[Condition]:
        """All fact nodes below, in order."""
        if self.kind == "fact":
            yield self
        for part in self.parts:
            yield from part.facts()


class ConditionError(ValueError):
    """The data is not a condition; `line` says where, as far as known."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


def parse_condition(data: object) -> Condition:
    """
    Read a condition from plain data.

    Raises:
        ConditionError: a ValueError that says what is wrong.
    """
    line = getattr(data, "line", 0)
    if not isinstance(data, dict):
        raise ConditionError("a condition must be a mapping with one of: all, any, not, at_least, fact", line)
    kinds = [key for key in ("all", "any", "not", "at_least", "fact") if key in data]
    if len(kinds) != 1:
        raise ConditionError(f"a condition has exactly one of all, any, not, at_least, fact; here: {kinds}", line)
    kind = kinds[0]
    says = data.get("says", "")
    if not isinstance(says, str):
        raise ConditionError("says must be text", line)
    if kind == "fact":
        return _parse_fact(data, says, line)
    if kind == "at_least" and isinstance(data[kind], dict):
        _refuse_unknown(data, {kind, "says"}, line)
        _refuse_unknown(data[kind], {"fact", "value"}, line)
        return _parse_fact({"fact": data[kind].get("fact"), "min": data[kind].get("value")}, says, line)
    allowed = {kind, "says"} | ({"of"} if kind == "at_least" else set())
    _refuse_unknown(data, allowed, line)
    if kind == "not":
        part = parse_condition(data["not"])
        return Condition("not", says or f"not: {part.says}", (part,), line=line)
    parts = _parse_parts(data.get("of") if kind == "at_least" else data[kind], kind, line)
    if kind == "at_least":
        count = data["at_least"]
        if type(count) is not int or not 1 <= count <= len(parts):
            raise ConditionError(f"at_least must be a number from 1 to {len(parts)}", line)
        return Condition("at-least", says or f"at least {count} of these", parts, count=count, line=line)
    return Condition(kind, says or ("all of these" if kind == "all" else "any of these"), parts, line=line)


def _refuse_unknown(data: dict[Any, Any], allowed: set[str], line: int) -> None:
    unknown = sorted(str(key) for key in data if key not in allowed)
    if unknown:
        raise ConditionError(f"unknown key in a condition: {', '.join(unknown)}", line)


def _parse_parts(data: object, kind: str, line: int) -> tuple[Condition, ...]:
    if not isinstance(data, list) or not data:
        raise ConditionError(f"{kind} needs a list of conditions", line)
    return tuple(parse_condition(item) for item in data)


def _parse_fact(data: dict[Any, Any], says: str, line: int) -> Condition:
    _refuse_unknown(data, {"fact", "says", *_TESTS}, line)
    name = data["fact"]
    if not isinstance(name, str) or not name:
        raise ConditionError("fact must be a name", line)
    tests = tuple((test, data[test]) for test in _TESTS if test in data) or (("is", True),)
    parsed: list[tuple[str, Any]] = []
    for test, value in tests:
        if test in _NUMBER_TESTS and (isinstance(value, bool) or not isinstance(value, (int, float))):
            raise ConditionError(f"{test} needs a number", line)
        if test == "known" and not isinstance(value, bool):
            raise ConditionError("known needs true or false", line)
        if test == "in":
            if not isinstance(value, list) or not value:
                raise ConditionError("in needs a list of values", line)
            parsed.append((test, frozenset(value)))
        else:
            parsed.append((test, value))
    return Condition("fact", says or _fact_words(name, tests), fact=name, tests=tuple(parsed), line=line)


def _fact_words(name: str, tests: Iterable[tuple[str, Any]]) -> str:
    told = []
    for test, value in tests:
        listed = " or ".join(str(item) for item in value) if isinstance(value, list) else str(value)
        listed = {"True": "yes", "False": "no"}.get(listed, listed)
        words = {
            "is": f"is {listed}",
            "in": f"is {listed}",
            "known": "is known" if value else "is not known",
            "min": f"is {listed} or more",
            "max": f"is {listed} or less",
            "above": f"is more than {listed}",
            "below": f"is less than {listed}",
        }[test]
        told.append(words)
    return f"{name.replace('_', ' ').replace('.', ' ')} {' and '.join(told)}"


def evaluate(condition: Condition, features: Features) -> ConditionTrace:
    """
    The truth of a condition, with the facts that decided it and those that are missing.

    `because` holds what made it true or false; `missing` what would have to be known to decide it.
    """
    if condition.kind == "fact":
        return features.remember(condition, _evaluate_fact)
    parts = tuple(evaluate(part, features) for part in condition.parts)
    if condition.kind == "not":
        part = parts[0]
        return ConditionTrace(condition.says, _OPPOSITE[part.truth], part.because, part.missing, parts)
    truth = _combine(condition, parts)
    deciding = [part for part in parts if truth is Truth.UNKNOWN or part.truth is truth]
    because = _unique(reason for part in deciding for reason in part.because)
    missing: tuple[str, ...] = ()
    if truth is Truth.UNKNOWN:
        missing = tuple(dict.fromkeys(name for part in parts if part.truth is Truth.UNKNOWN for name in part.missing))
    return ConditionTrace(condition.says, truth, because, missing, parts)


def _combine(condition: Condition, parts: tuple[ConditionTrace, ...]) -> Truth:
    true = sum(part.truth is Truth.TRUE for part in parts)
    unknown = sum(part.truth is Truth.UNKNOWN for part in parts)
    needed = {"all": len(parts), "any": 1}.get(condition.kind, condition.count)
    if true >= needed:
        return Truth.TRUE
    return Truth.UNKNOWN if true + unknown >= needed else Truth.FALSE


def _unique(reasons: Iterable[Because]) -> tuple[Because, ...]:
    kept: dict[tuple[str, str], Because] = {}
    for reason in reasons:
        kept.setdefault((reason.fact, str(reason.value)), reason)
    return tuple(kept.values())


def _evaluate_fact(condition: Condition, features: Features) -> ConditionTrace:
    feature = features.get(condition.fact)
    if condition.tests[0][0] == "known":
        truth = _truth(feature.known is condition.tests[0][1])
        return ConditionTrace(condition.says, truth, feature.because)
    if not feature.known:
        return ConditionTrace(condition.says, Truth.UNKNOWN, (), feature.missing or (feature.name,))
    truths = [_test(feature, test, value) for test, value in condition.tests]
    if Truth.FALSE in truths:
        return ConditionTrace(condition.says, Truth.FALSE, feature.because)
    if Truth.UNKNOWN in truths:
        return ConditionTrace(condition.says, Truth.UNKNOWN, feature.because, feature.missing or (feature.name,))
    return ConditionTrace(condition.says, Truth.TRUE, feature.because)


def _test(feature: Feature, test: str, wanted: Any) -> Truth:
    if test in ("is", "in"):
        choices = wanted if test == "in" else (wanted,)
        if not isinstance(feature.value, frozenset):
            return _truth(feature.value in choices)
        if any(value in choices for value in feature.value):
            return Truth.TRUE
        return Truth.FALSE if feature.complete else Truth.UNKNOWN
    low = feature.value
    high = feature.value if feature.high is None else feature.high
    holds = _COMPARE[test]
    if holds(low, wanted) and holds(high, wanted):
        return Truth.TRUE
    return Truth.UNKNOWN if holds(low, wanted) or holds(high, wanted) else Truth.FALSE


def _truth(holds: bool) -> Truth:
    return Truth.TRUE if holds else Truth.FALSE
