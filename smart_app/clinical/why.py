"""
Why and why not, in words: what decided a condition, and which change of a fact would change the answer.
"""

from __future__ import annotations

from collections.abc import Iterator

from smart_app.clinical.conditions import Condition
from smart_app.clinical.recommendations import ConditionTrace, DueStatus, Truth
from smart_app.clinical.schedule import Due, Schedule

MOST_CHANGES = 4
_STUDIES = {"breast-mri": "breast MRI", "cbc": "blood count", "dxa": "DXA", "ecg": "ECG"}


def told(trace: ConditionTrace) -> str:
    """The leaves that decided a true or false condition, as one clause."""
    leaves = list(dict.fromkeys(_deciding(trace)))
    return "; ".join(leaves[:MOST_CHANGES]) or trace.says


def _deciding(trace: ConditionTrace) -> Iterator[str]:
    if not trace.parts:
        yield _state(trace)
        return
    for part in trace.parts:
        if part.truth is trace.truth or len(trace.parts) == 1:
            yield from _deciding(part)


def changes_of(
    condition: Condition | None, trace: ConditionTrace, schedule: Schedule | None, due: Due
) -> tuple[str, ...]:
    """
    Sentences "this would change if …": the single facts on which the answer turns, at most four.

    A fact turns the answer when, all others unchanged, another value of it would give another truth.
    """
    found: dict[str, None] = {}
    for leaf in _pivots(condition, trace) if condition is not None else ():
        if leaf.truth is Truth.UNKNOWN:
            found[f"Knowing {_names(leaf.missing)} would decide it."] = None
        elif trace.truth is Truth.TRUE:
            found[f"It would no longer apply if this changed: {_state(leaf)}."] = None
        else:
            found[f"It could apply if this changed: {_state(leaf)}."] = None
    if schedule is not None and schedule.looks_for and due.status is not DueStatus.NOT_INDICATED:
        looked_for = schedule.looks_for[0]
        found[f"A newer {_STUDIES.get(looked_for, looked_for.replace('-', ' '))} would move the date."] = None
    return tuple(found)[: MOST_CHANGES + 1]


def _state(leaf: ConditionTrace) -> str:
    return leaf.says if leaf.truth is Truth.TRUE else leaf.denied or f"not: {leaf.says}"


def _names(missing: tuple[str, ...]) -> str:
    return " or ".join(name.replace("_", " ").replace(".", " ") for name in missing)


def _pivots(condition: Condition, trace: ConditionTrace) -> Iterator[ConditionTrace]:
    """
    The leaves that alone could turn the truth of the tree: all others leave the decision to them.

    Where the whole is unknown these are the unknown leaves.
    """
    if condition.kind == "fact":
        yield trace
        return
    if condition.kind == "not":
        yield from _pivots(condition.parts[0], trace.parts[0])
        return
    needed = {"all": len(trace.parts), "any": 1}.get(condition.kind, condition.count)
    true = sum(part.truth is Truth.TRUE for part in trace.parts)
    open_parts = sum(part.truth is Truth.UNKNOWN for part in trace.parts)
    turns = {
        Truth.TRUE: true == needed,
        Truth.FALSE: true + open_parts == needed - 1,
        Truth.UNKNOWN: True,
    }[trace.truth]
    if not turns:
        return
    for part, below in zip(condition.parts, trace.parts, strict=True):
        if below.truth is trace.truth:
            yield from _pivots(part, below)
