"""
Findings to facts: which value stands, which are superseded, and what is the clinician's to settle.

Every judge sorts its findings first: the order of the record never shows. Written down in `fhir_mappings/README.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from smart_app.clinical.facts import Fact, FactState, FactValue
from smart_app.fhir.extract.evidence import (
    CODED,
    Finding,
    as_value,
    date_key,
    finding_key,
    merged_extra,
    merged_sources,
    newest_date,
)

Same = Callable[[Any, Any], bool]
_OTHER_TISSUE = frozenset({"metastasis", "recurrence", "lymph-node"})


def same_value(one: Any, other: Any) -> bool:
    """Equal, numbers within 0.05."""
    if isinstance(one, bool) or isinstance(other, bool) or not isinstance(one, (int, float)):
        return bool(one == other)
    return isinstance(other, (int, float)) and abs(one - other) <= 0.05


def grouped(findings: Iterable[Finding], same: Same = same_value) -> list[list[Finding]]:
    """Findings of one value together, groups in a fixed order."""
    groups: list[list[Finding]] = []
    for finding in sorted(findings, key=lambda f: (repr(f.value), finding_key(f))):
        for group in groups:
            if same(group[0].value, finding.value):
                group.append(finding)
                break
        else:
            groups.append([finding])
    return groups


def standing(findings: Sequence[Finding]) -> tuple[list[Finding], list[tuple[Finding, str]]]:
    """
    Findings that may stand, and the superseded ones with the reason.

    An amended result replaces the final one of the same test, day and specimen; tissue of a metastasis, a node or a
    recurrence never replaces the primary's; a lower rank never replaces a higher one.
    """
    left, superseded = list(findings), []
    replaced = [f for f in left if not f.amended and any(_amends(other, f) for other in left)]
    superseded += [(f, "replaced by an amended result") for f in replaced]
    left = [f for f in left if f not in replaced]
    primary = [f for f in left if f.specimen not in _OTHER_TISSUE]
    if primary:
        superseded += [(f, "other tissue than the primary") for f in left if f.specimen in _OTHER_TISSUE]
        left = primary
    best = max((f.rank for f in left), default=CODED)
    superseded += [(f, "read from text or a diagnosis code") for f in left if f.rank < best]
    return [f for f in left if f.rank == best], superseded


def _amends(new: Finding, old: Finding) -> bool:
    return (
        new.amended
        and new.part == old.part
        and date_key(new.on) == date_key(old.on)
        and new.basis == old.basis
        and new.specimen_ref == old.specimen_ref
        and not same_value(new.value, old.value)
    )


def not_found(name: str, looked_for: str, read: bool = True) -> Fact:
    """No value: none in a record that was read in full, or not read."""
    return Fact(name, FactState.NOT_FOUND if read else FactState.NOT_READ, looked_for=looked_for)


def documented(
    name: str,
    findings: list[Finding],
    value: Any,
    others: Sequence[FactValue],
    rule: str,
    looked_for: str,
    **extra: Any,
) -> Fact:
    """One value that stands."""
    best = max(f.rank for f in findings)
    top = [f for f in findings if f.rank == best]
    merged = {**merged_extra(findings), **merged_extra(top), **extra}
    return Fact(
        name=name,
        state=FactState.DOCUMENTED,
        value=value,
        on=newest_date(top),
        sources=merged_sources(findings),
        others=tuple(others),
        extra={key: merged[key] for key in sorted(merged)},
        rule=rule,
        looked_for=looked_for,
        from_text=all(f.source.sentence is not None for f in findings),
    )


def conflicting(
    name: str, groups: list[list[Finding]], superseded: Sequence[FactValue], rule: str, looked_for: str
) -> Fact:
    """Final results that disagree; all of them are the clinician's to settle."""
    return Fact(
        name=name,
        state=FactState.CONFLICTING,
        others=(*(as_value(group, group[0].value) for group in groups), *superseded),
        sources=merged_sources(f for group in groups for f in group),
        rule=rule,
        looked_for=looked_for,
        from_text=all(f.source.sentence is not None for group in groups for f in group),
    )


def superseded_values(superseded: list[tuple[Finding, str]], value: Any, same: Same = same_value) -> list[FactValue]:
    """Superseded findings of another value, as values beside the fact."""
    reasons: dict[str, list[Finding]] = {}
    for finding, why in superseded:
        if not same(finding.value, value):
            reasons.setdefault(why, []).append(finding)
    return [as_value(group, group[0].value, why) for why in sorted(reasons) for group in grouped(reasons[why], same)]


def decide(name: str, findings: Sequence[Finding], looked_for: str, read: bool = True, same: Same = same_value) -> Fact:
    """The fact of a name by the common rules."""
    usable = [f for f in findings if f.value is not None]
    if not usable:
        return not_found(name, looked_for, read)
    left, superseded = standing(usable)
    if name in ("nodes_positive", "nodes_examined"):
        left, superseded = _totals_of_nodes(left, superseded)
    groups = grouped(left, same)
    if len(groups) > 1 and name in ("tumor_size_mm", "grade", "ki67_percent", "nodes_positive", "nodes_examined"):
        excised = [f for f in left if f.specimen == "excision"]
        if excised and len(excised) < len(left) and all(f.specimen == "biopsy" for f in left if f not in excised):
            superseded += [(f, "measured on a biopsy") for f in left if f.specimen == "biopsy"]
            left, groups = excised, grouped(excised, same)
    if len(groups) > 1 and name == "tumor_size_mm":
        left, superseded = _invasive_sizes(left, superseded)
        groups = grouped(left, same)
    if len(groups) > 1:
        return conflicting(
            name, groups, superseded_values(superseded, object(), same), "Final results disagree.", looked_for
        )
    value = _finest(groups[0])
    agreeing = [f for f, why in superseded if same(f.value, value) and why.startswith("read from")]
    others = superseded_values(superseded, value, same)
    rule = "One value stands." if len(left) == 1 else f"{len(left)} results agree."
    return documented(name, left + agreeing, value, others, rule, looked_for)


def _invasive_sizes(
    left: list[Finding], superseded: list[tuple[Finding, str]]
) -> tuple[list[Finding], list[tuple[Finding, str]]]:
    """
    The size of the invasive component stands before that of the whole lesion with its in situ parts.

    Source:
        AJCC 8th edition: T is the size of the invasive component. Sizes of another day are another specimen's.
    """
    invasive = [f for f in left if f.part == "invasive"]
    wholes = [
        f
        for f in left
        if f.part != "invasive"
        and any(f.value > i.value and (f.on is None or i.on is None or f.on == i.on) for i in invasive)
    ]
    return [f for f in left if f not in wholes], superseded + [
        (f, "size of the whole lesion; the invasive component decides") for f in wholes
    ]


def _totals_of_nodes(
    left: list[Finding], superseded: list[tuple[Finding, str]]
) -> tuple[list[Finding], list[tuple[Finding, str]]]:
    """A count of the sentinel nodes is part of the count of all nodes, where that one is as large or larger."""
    totals = [f for f in left if f.part != "sentinel"]
    parts = [f for f in left if f.part == "sentinel" and totals and all(f.value < total.value for total in totals)]
    return [f for f in left if f not in parts], superseded + [(f, "counts the sentinel nodes alone") for f in parts]


def _finest(group: list[Finding]) -> Any:
    """The value that says most among values that agree (`low-positive` over `positive`)."""
    return max((f.value for f in group), key=lambda v: (len(str(v)) if isinstance(v, str) else 0, str(v)))


def decide_newest(name: str, findings: Sequence[Finding], looked_for: str, read: bool = True) -> Fact:
    """For what changes with time (menopause, ejection fraction): the newest stands, earlier ones beside it."""
    usable = [f for f in findings if f.value is not None]
    if not usable:
        return not_found(name, looked_for, read)
    latest = max(date_key(f.on) for f in usable)
    newest = [f for f in usable if date_key(f.on) == latest]
    best = max(f.rank for f in newest)
    newest = [f for f in newest if f.rank == best]
    groups = grouped(newest)
    older = [(f, "an earlier result") for f in usable if f not in newest]
    if len(groups) > 1:
        return conflicting(
            name, groups, superseded_values(older, object()), "Results of the same day disagree.", looked_for
        )
    others = superseded_values(older, newest[0].value)
    return documented(name, newest, newest[0].value, others, "The newest result stands.", looked_for)


def receptor_same(one: Any, other: Any) -> bool:
    """`low-positive` is a finer `positive`."""
    return bool(one == other) or {one, other} == {"positive", "low-positive"}


def decide_receptor(name: str, findings: Sequence[Finding], looked_for: str, read: bool = True) -> Fact:
    """
    ER or PR. A result that is low-positive by its percentage and one that says only "positive" agree.

    Positive with a percentage above 10 and low-positive disagree.
    """

    def same(one: Any, other: Any) -> bool:
        return receptor_same(one, other)

    by_percent = {f.value for f in findings if f.extra.get("percent") is not None}
    strict = {"positive", "low-positive"} <= by_percent
    return decide(name, findings, looked_for, read, same_value if strict else same)


def coarser(one: str, other: str) -> bool:
    """Whether `one` is the coarser form of `other` (`III` of `IIIA`, `T1` of `T1c`), or equal."""
    if one == other:
        return True
    if one in ("I", "II"):
        return other in (f"{one}A", f"{one}B", f"{one}C")
    return other.startswith(one)


def _agree(values: Iterable[str]) -> str | None:
    """The finest of values that are all coarser forms of it; None if they disagree."""
    ordered = sorted(set(values), key=lambda v: (len(v), v))
    finest = ordered[-1]
    return finest if all(coarser(value, finest) for value in ordered) else None


def decide_stage(name: str, findings: Sequence[Finding], looked_for: str, read: bool = True) -> Fact:
    """
    Stage group, T, N or M: finer over coarser, pathologic before clinical (which stays beside it).

    A value without a basis agrees with either; where it disagrees with all, the clinician decides.
    """
    usable = [f for f in findings if f.value is not None]
    if not usable:
        return not_found(name, looked_for, read)
    left, superseded = standing(usable)
    if any(f.extra.get("staging") == "prognostic" for f in left):
        superseded += [(f, "anatomic; the prognostic one stands") for f in left if f.extra.get("staging") == "anatomic"]
        left = [f for f in left if f.extra.get("staging") != "anatomic"]
    by_basis = {basis: [f for f in left if f.basis == basis] for basis in ("pathologic", "clinical", None)}
    stated: dict[str | None, str] = {}
    for basis, group in by_basis.items():
        if group:
            value = _agree(str(f.value) for f in group)
            if value is None:
                return _stage_conflict(name, left, superseded, looked_for)
            stated[basis] = value
    with_basis = [basis for basis in ("pathologic", "clinical") if basis in stated]
    loose = stated.get(None)
    if loose is not None and with_basis and all(_agree((stated[b], loose)) is None for b in with_basis):
        return _stage_conflict(name, left, superseded, looked_for)
    first = with_basis[0] if with_basis else None
    return _stage_fact(name, first, stated, by_basis, superseded, looked_for)


def _stage_conflict(name: str, left: list[Finding], superseded: list[tuple[Finding, str]], looked_for: str) -> Fact:
    groups = grouped(left)
    merged = [g for g in groups if not any(g is not o and coarser(str(g[0].value), str(o[0].value)) for o in groups)]
    for group in groups:
        if group not in merged:
            finest = next(o for o in merged if coarser(str(group[0].value), str(o[0].value)))
            finest.extend(group)
    ordered = [sorted(g, key=lambda f: (-len(str(f.value)), finding_key(f))) for g in merged]
    return conflicting(name, ordered, superseded_values(superseded, object()), "Stages disagree.", looked_for)


def _stage_fact(
    name: str,
    first: str | None,
    stated: dict[str | None, str],
    by_basis: dict[str | None, list[Finding]],
    superseded: list[tuple[Finding, str]],
    looked_for: str,
) -> Fact:
    value = stated[first]
    own = list(by_basis[first])
    others: list[FactValue] = []
    second = "clinical" if first == "pathologic" and "clinical" in stated else None
    for basis in (None, second):
        if basis == first or basis not in stated or not by_basis[basis]:
            continue
        finest = _agree((value, stated[basis]))
        if finest is not None:
            value = finest
            own += by_basis[basis]
        elif basis is not None:
            others.append(as_value(by_basis[basis], stated[basis], "clinical; the pathologic one stands"))
        else:
            others.append(as_value(by_basis[basis], stated[basis], "basis not said; agrees with the clinical one"))
    agreeing = [f for f, why in superseded if why.startswith("read from") and coarser(str(f.value), value)]
    others += [v for v in superseded_values(superseded, value) if not coarser(str(v.value), value)]
    rule = "The pathologic value stands before the clinical one." if first == "pathologic" else "One value stands."
    return documented(name, own + agreeing, value, others, rule, looked_for, basis=first or "unspecified")
