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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from smart_app.clinical.feature_vocabulary import label_of, word_of
from smart_app.clinical.recommendations import Because, ConditionTrace, Truth

if TYPE_CHECKING:
    from smart_app.clinical.features import Feature, Features

_TESTS = ("is", "in", "min", "max", "above", "below", "known")
_NUMBER_TESTS = ("min", "max", "above", "below")
_NUMBER_WORDS: Mapping[str, tuple[str, str]] = {
    "min": ("{} or more", "under {}"),
    "max": ("{} or less", "over {}"),
    "above": ("over {}", "{} or less"),
    "below": ("under {}", "{} or more"),
}
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
    line of the file it stands in, 0 where it is not known. `denied`: the words of a fact that does not hold.
    `key`: the same for facts that ask the same in the same words.
    """

    kind: str
    says: str
    parts: tuple[Condition, ...] = ()
    count: int = 0
    fact: str = ""
    tests: tuple[tuple[str, Any], ...] = ()
    line: int = 0
    denied: str = ""
    key: str = ""

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
    denied = f"not: {says}" if says else _fact_words(name, tests, holds=False)
    words = says or _fact_words(name, tests)
    key = f"{name} {sorted((test, str(value)) for test, value in tests)} {words}"
    return Condition("fact", words, fact=name, tests=tuple(parsed), line=line, denied=denied, key=key)


def _fact_words(name: str, tests: Sequence[tuple[str, Any]], holds: bool = True) -> str:
    """`endocrine therapy now: tamoxifen`, and where it does not hold `endocrine therapy now: not tamoxifen`."""
    given = dict(tests)
    if set(given) == {"min", "max"}:
        said = f"{'' if holds else 'not '}from {given['min']} to {given['max']}"
    else:
        said = " and ".join(_test_words(test, value, holds) for test, value in tests)
    return f"{label_of(name)}: {said}"


def _test_words(test: str, value: Any, holds: bool) -> str:
    if test == "known":
        return "known" if value is holds else "not known"
    if isinstance(value, bool):
        return "yes" if value is holds else "no"
    if test in _NUMBER_TESTS:
        low, high = _NUMBER_WORDS[test]
        return (low if holds else high).format(value)
    words = " or ".join(word_of(item) for item in (value if isinstance(value, list) else (value,)))
    return words if holds else "recorded" if words == "none" else f"not {words}"


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
    says, denied = condition.says, condition.denied
    if condition.tests[0][0] == "known":
        truth = _truth(feature.known is condition.tests[0][1])
        return ConditionTrace(says, truth, feature.because, denied=denied)
    if not feature.known:
        return ConditionTrace(says, Truth.UNKNOWN, (), feature.missing or (feature.name,), denied=denied)
    truths = [_test(feature, test, value) for test, value in condition.tests]
    if Truth.FALSE in truths:
        return ConditionTrace(says, Truth.FALSE, feature.because, denied=denied)
    if Truth.UNKNOWN in truths:
        missing = feature.missing or (feature.name,)
        return ConditionTrace(says, Truth.UNKNOWN, feature.because, missing, denied=denied)
    return ConditionTrace(says, Truth.TRUE, feature.because, denied=denied)


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
