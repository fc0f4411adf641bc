"""Tumor facts: each primary's own, and those at patient level (contract section 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from smart_app.clinical.facts import CancerRecord, Fact, FactState, FactValue
from smart_app.fhir.extract.cancers import Primary, primaries_of
from smart_app.fhir.extract.chart import Chart
from smart_app.fhir.extract.decide import decide, decide_receptor, decide_stage, same_value
from smart_app.fhir.extract.evidence import Finding, finding_key
from smart_app.fhir.extract.her2 import decide_her2
from smart_app.fhir.extract.looked_for import looked_for

Judge = Callable[[str, Sequence[Finding], str, bool], Fact]
WasRead = Callable[[str], bool]

TUMOR_FACTS: Mapping[str, Judge] = {
    "er": decide_receptor,
    "pr": decide_receptor,
    "her2": lambda name, findings, looked, read: decide_her2(findings, looked, read),
    "grade": decide,
    "stage_group": decide_stage,
    "t": decide_stage,
    "n": decide_stage,
    "m": decide_stage,
    "nodes_positive": decide,
    "nodes_examined": decide,
    "tumor_size_mm": decide,
    "ki67_percent": decide,
    "oncotype_rs": decide,
    "rcb_class": decide,
}
_NEEDS_ITS_TUMOR = frozenset(
    {
        "grade",
        "stage_group",
        "t",
        "n",
        "m",
        "nodes_positive",
        "nodes_examined",
        "tumor_size_mm",
        "ki67_percent",
        "metastasis",
    }
)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Conditions of other organs: all neoplasms, and the cancers among them (references)."""

    neoplasms: frozenset[str]
    cancers: frozenset[str]


def tumor_facts(
    chart: Chart, findings: list[Finding], primaries: list[Primary], elsewhere: Elsewhere, read: WasRead
) -> tuple[list[CancerRecord], dict[str, Fact]]:
    """Each primary's own facts, and those at patient level."""
    by_row: list[list[Finding]] = [[] for _ in primaries]
    loose: list[Finding] = []
    for finding in sorted((f for f in findings if f.name in TUMOR_FACTS), key=finding_key):
        homes = primaries_of(finding, primaries, elsewhere.neoplasms)
        if homes is None or not _is_of_breast(finding, homes, primaries, elsewhere.cancers):
            _leave_out(chart, finding)
        elif homes:
            for index in homes:
                by_row[index].append(finding)
        else:
            loose.append(finding)
    rows = [_row(chart, primary, own, read) for primary, own in zip(primaries, by_row, strict=True)]
    facts = {}
    for name, judge in TUMOR_FACTS.items():
        own = [f for f in loose if f.name == name]
        if len(rows) == 1 and not own:
            facts[name] = rows[0].facts[name]
        elif not rows:
            facts[name] = judge(name, own, looked_for(chart.codes, name), read(name))
        else:
            facts[name] = _together(name, [row.facts[name] for row in rows], own, judge, chart, read)
    for finding in loose if len(primaries) > 1 else ():
        chart.unplaced(finding.source, f"{finding.name}: which tumor is not said", finding.source.recorded or "")
    return rows, facts


def _is_of_breast(finding: Finding, homes: list[int], primaries: list[Primary], cancers: frozenset[str]) -> bool:
    """Stage, grade and counts without a focus are the breast's only if it is the only cancer, or of its own episode."""
    if finding.name == "her2" and cancers and not primaries:
        # Lung and gastric cancers are tested for HER2 too: the test must name the breast.
        return "breast" in (finding.source.code or "").lower()
    if finding.name not in _NEEDS_ITS_TUMOR:
        return True
    if not primaries:
        return False
    if finding.focus or not cancers:
        return True
    dated = [primaries[index].diagnosed_on for index in homes]
    return any(
        on is not None and finding.on is not None and -120 <= (finding.on.earliest - on.earliest).days <= 400
        for on in dated
    )


def distant_disease(
    chart: Chart, findings: list[Finding], primaries: list[Primary], elsewhere: Elsewhere
) -> list[Finding]:
    """Metastases of the breast cancer: a stage observed of another cancer makes none."""
    kept = []
    for finding in (f for f in findings if f.name == "metastasis"):
        observed = finding.source.reference.startswith("Observation/")
        homes = primaries_of(finding, primaries, elsewhere.neoplasms) if observed else []
        if homes is None or (observed and not _is_of_breast(finding, homes, primaries, elsewhere.cancers)):
            _leave_out(chart, finding)
        else:
            kept.append(finding)
    return kept


def _leave_out(chart: Chart, finding: Finding) -> None:
    chart.unplaced(
        finding.source, f"{finding.name}: not of a breast cancer of this record", finding.source.recorded or ""
    )


def _row(chart: Chart, primary: Primary, findings: list[Finding], read: WasRead) -> CancerRecord:
    if primary.kind == "invasive":
        for finding in (f for f in findings if f.name == "tumor_size_mm" and f.part == "in-situ"):
            chart.unplaced(finding.source, "Size of an in situ component", finding.source.recorded or "")
        findings = [f for f in findings if f.name != "tumor_size_mm" or f.part != "in-situ"]
    facts = {
        name: judge(name, [f for f in findings if f.name == name], looked_for(chart.codes, name), read(name))
        for name, judge in TUMOR_FACTS.items()
    }
    return CancerRecord(
        kind=primary.kind,
        laterality=primary.side,
        diagnosed_on=primary.diagnosed_on,
        sources=primary.sources,
        facts={name: facts[name] for name in sorted(facts)},
    )


def _together(name: str, facts: list[Fact], loose: list[Finding], judge: Judge, chart: Chart, read: WasRead) -> Fact:
    """The patient-level fact of several primaries: documented only where all known values agree."""
    if any(fact.state is FactState.CONFLICTING for fact in facts):
        others = tuple(
            v for fact in facts for v in (fact.others if fact.state is FactState.CONFLICTING else _as_values(fact))
        )
        return Fact(
            name,
            FactState.CONFLICTING,
            others=others,
            rule="A tumor's own results disagree.",
            looked_for=facts[0].looked_for,
        )
    known = [fact for fact in facts if fact.known]
    spare = judge(name, loose, facts[0].looked_for, read(name))
    if not known:
        return spare
    if spare.known:
        known.append(spare)
    if all(same_value(fact.value, known[0].value) for fact in known):
        sources = {source.reference: source for fact in known for source in fact.sources}
        dates = [fact.on for fact in known if fact.on is not None]
        return replace(
            known[0],
            on=max(dates, key=str) if dates else None,
            sources=tuple(sources[key] for key in sorted(sources)),
            rule="All tumors agree." if len(known) > 1 else known[0].rule,
        )
    return Fact(
        name,
        FactState.CONFLICTING,
        others=tuple(value for fact in known for value in _as_values(fact)),
        rule="The tumors differ; each has its own value.",
        looked_for=facts[0].looked_for,
        extra={"tumors_differ": True},
    )


def _as_values(fact: Fact) -> tuple[FactValue, ...]:
    return (FactValue(fact.value, fact.on, fact.sources, fact.extra),) if fact.known else ()
