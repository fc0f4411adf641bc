"""Conditions to primaries (duplicates merged, sides and second primaries apart), and findings to their primary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Source
from smart_app.fhir.extract.condition_facts import BreastCondition
from smart_app.fhir.extract.evidence import Finding, date_key

_SECOND_PRIMARY_DAYS = 730
_SAME_EPISODE_DAYS = (-120, 400)


@dataclass(slots=True)
class Primary:
    """One primary breast cancer in the making."""

    kind: str
    side: str
    members: list[BreastCondition] = field(default_factory=list)

    @property
    def diagnosed_on(self) -> PartialDate | None:
        """Earliest onset, at its finest; codes of history and recurrences give none."""
        dates = [m.onset for m in self.members if m.onset is not None and not m.history]
        first = [m.onset for m in self.members if m.onset is not None and not m.history and not m.recurrent]
        return _earliest(first or dates)

    @property
    def keys(self) -> frozenset[str]:
        """References of its Conditions."""
        return frozenset(member.key for member in self.members)

    @property
    def sources(self) -> tuple[Source, ...]:
        """Its Conditions, as sources."""
        return tuple(member.source for member in sorted(self.members, key=lambda m: m.key))


def _earliest(dates: Sequence[PartialDate]) -> PartialDate | None:
    if not dates:
        return None
    first = min(dates, key=lambda d: (d.earliest, d.latest))
    finer = [d for d in dates if str(d).startswith(str(first))]
    return min(finer, key=lambda d: (-len(str(d)), str(d)))


def group_conditions(conditions: Sequence[BreastCondition]) -> list[Primary]:
    """
    Primaries, ordered by side and date.

    A Condition without a side joins the only primary there is; one of both sides joins both. On one side a second
    primary opens only where two problem-list entries with an onset of their own lie two years or more apart.
    """
    ordered = sorted(conditions, key=lambda c: (date_key(c.onset), c.key))
    by_side: dict[str, list[BreastCondition]] = {"left": [], "right": [], "bilateral": [], "unknown": []}
    for condition in ordered:
        by_side[condition.side].append(condition)
    primaries: list[Primary] = []
    for side in ("left", "right"):
        primaries.extend(_of_side(side, by_side[side]))
    if not primaries:
        primaries.extend(_of_side("bilateral", by_side["bilateral"]))
        primaries.extend(_of_side("unknown", by_side["unknown"]) if not primaries else [])
        for condition in by_side["unknown"] if primaries and primaries[0].side == "bilateral" else []:
            primaries[0].members.append(condition)
    else:
        for condition in by_side["bilateral"]:
            for primary in primaries:
                primary.members.append(condition)
        if by_side["bilateral"] and len({p.side for p in primaries}) == 1:
            other = "right" if primaries[0].side == "left" else "left"
            primaries.append(Primary(by_side["bilateral"][0].kind, other, list(by_side["bilateral"])))
        for condition in by_side["unknown"]:
            _join(primaries, condition)
    return sorted((_settled(p) for p in primaries), key=lambda p: (p.side, date_key(p.diagnosed_on), min(p.keys)))


def _of_side(side: str, conditions: list[BreastCondition]) -> list[Primary]:
    openers = [c for c in conditions if c.problem and not c.history and not c.recurrent and c.onset is not None]
    starts: list[PartialDate] = []
    for condition in openers:
        onset = condition.onset
        if onset is not None and all((onset.earliest - start.latest).days >= _SECOND_PRIMARY_DAYS for start in starts):
            starts.append(onset)
    if not conditions:
        return []
    if len(starts) < 2:
        return [Primary("", side, list(conditions))]
    groups = [Primary("", side) for _ in starts]
    for condition in conditions:
        groups[_nearest(starts, condition)].members.append(condition)
    return [group for group in groups if group.members]


def _nearest(starts: list[PartialDate], condition: BreastCondition) -> int:
    """The last start at or before the onset; the first for a Condition without one."""
    if condition.onset is None:
        return 0
    earlier = [index for index, start in enumerate(starts) if start.earliest <= condition.onset.latest]
    return earlier[-1] if earlier else 0


def _join(primaries: list[Primary], condition: BreastCondition) -> None:
    """A Condition without a side joins the only primary, or the one of its own date; else it opens nothing."""
    if len(primaries) == 1:
        primaries[0].members.append(condition)
        return
    same = [p for p in primaries if condition.onset is not None and p.diagnosed_on == condition.onset]
    if len(same) == 1:
        same[0].members.append(condition)


def _settled(primary: Primary) -> Primary:
    """The kind of a primary: invasive if any says so, then the only in-situ kind, else unknown."""
    kinds = {member.kind for member in primary.members if not member.history} or {m.kind for m in primary.members}
    if "invasive" in kinds:
        kind = "invasive"
    else:
        certain = kinds - {"unknown"}
        kind = "dcis" if "dcis" in certain else certain.pop() if certain else "unknown"
    return replace(primary, kind=kind)


def primaries_of(finding: Finding, primaries: Sequence[Primary], others: frozenset[str]) -> list[int] | None:
    """
    Indexes of the primaries that a finding is of; empty if it cannot be told, None if it is of no breast cancer here.

    By `focus`, then by side, then (with several primaries) by the date of the diagnosis.
    """
    if finding.focus:
        named = [index for index, primary in enumerate(primaries) if primary.keys & set(finding.focus)]
        if named:
            return named
        if set(finding.focus) & others:
            return None
        lost = any(target.startswith("Condition/") for target in finding.focus)
        if lost and primaries and not any(_may_be_of(primary.diagnosed_on, finding.on) for primary in primaries):
            # The diagnosis that it names is not in the record: it may be another cancer's, unless the dates fit.
            return None
    candidates = [index for index, primary in enumerate(primaries) if _same_side(primary.side, finding.side)]
    if not candidates:
        return None if primaries else []
    if len(candidates) == 1:
        return candidates
    dated = [index for index in candidates if _same_episode(primaries[index].diagnosed_on, finding.on)]
    if len(dated) == 1:
        return dated
    return candidates if finding.side == "bilateral" else []


def _same_side(one: str, other: str) -> bool:
    return one == other or "unknown" in (one, other) or "bilateral" in (one, other)


def _may_be_of(diagnosed: PartialDate | None, on: PartialDate | None) -> bool:
    return diagnosed is None or on is None or _same_episode(diagnosed, on)


def _same_episode(diagnosed: PartialDate | None, on: PartialDate | None) -> bool:
    if diagnosed is None or on is None:
        return False
    days = (on.earliest - diagnosed.earliest).days
    return _SAME_EPISODE_DAYS[0] <= days <= _SAME_EPISODE_DAYS[1]
