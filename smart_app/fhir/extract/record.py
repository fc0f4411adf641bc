"""Puts a patient's record together: conditions to primaries, findings to facts, treatments, imaging, events, scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from smart_app.clinical.facts import (
    CancerRecord,
    Event,
    Fact,
    FactState,
    FactValue,
    ImagingStudy,
    IssueKind,
    Patient,
    PatientRecord,
    Search,
)
from smart_app.clinical.scope import decide_scope
from smart_app.fhir.extract import looked_for as words_of
from smart_app.fhir.extract import markers, patient_level, staging
from smart_app.fhir.extract.cancers import Primary, group_conditions, primaries_of
from smart_app.fhir.extract.chart import Chart
from smart_app.fhir.extract.conditions import BreastCondition, Diagnoses, read_conditions
from smart_app.fhir.extract.decide import (
    conflicting,
    decide,
    decide_newest,
    decide_receptor,
    decide_stage,
    documented,
    not_found,
    same_value,
)
from smart_app.fhir.extract.doses import cumulative_doxorubicin
from smart_app.fhir.extract.drugs import read_drugs
from smart_app.fhir.extract.evidence import DIAGNOSIS_CODE, Finding, date_key, finding_key, merged_sources, newest_date
from smart_app.fhir.extract.germline import merge_germline, read_germline
from smart_app.fhir.extract.her2 import decide_her2
from smart_app.fhir.extract.imaging import read_imaging
from smart_app.fhir.extract.observations import Reader, results_of
from smart_app.fhir.extract.radiation import read_radiation
from smart_app.fhir.extract.reports import Report, diagnosis_sentences, read_reports, report_findings
from smart_app.fhir.extract.surgery import read_operations
from smart_app.fhir.extract.text.diagnosis import named_cancer

READERS: Mapping[str, Reader] = {**markers.READERS, **staging.READERS, **patient_level.READERS}
Judge = Callable[[str, Sequence[Finding], str, bool], Fact]

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
PATIENT_FACTS: Mapping[str, Judge] = {
    "menopausal_status": decide_newest,
    "uterus": decide_newest,
    "ovaries": decide_newest,
    "pregnancy": decide_newest,
    "recurrence": decide_newest,
    "breast_density": decide_newest,
    "lvef_percent": decide_newest,
    "bmi": decide_newest,
    "smoking": decide_newest,
    "cumulative_doxorubicin_mg_m2": decide,
}
_NEEDS_ITS_TUMOR = frozenset(
    {"grade", "stage_group", "t", "n", "m", "nodes_positive", "nodes_examined", "tumor_size_mm", "ki67_percent"}
)


def build_record(chart: Chart, patient: Patient, searches: tuple[Search, ...]) -> PatientRecord:
    """The record of one patient from all that was read."""
    read = _Read(searches)
    diagnoses = read_conditions(chart)
    reports = read_reports(chart)
    _diagnoses_of_reports(chart, reports, diagnoses)
    others = frozenset(diagnoses.others)
    primaries = group_conditions(diagnoses.breast)
    observed = _observed(chart)
    imaging = read_imaging(chart, reports, [f for f in observed if f.name == "birads"])
    operations = read_operations(chart, diagnoses.surgery, others)
    findings = [*observed, *diagnoses.findings, *operations.findings, *imaging.findings, *cumulative_doxorubicin(chart)]
    for report in reports:
        findings.extend(report_findings(chart, report))
    findings.extend(patient_level.menopause_in_notes(chart, reports))
    family = list(patient_level.family_history(chart))
    patient_level.visits_and_procedures(chart)
    rows, facts = _tumor_facts(chart, findings, primaries, others, read)
    facts |= _patient_facts(chart, findings, facts, read)
    facts["germline"] = _germline(chart, read_germline(chart, reports), read)
    facts["birads"] = _birads(chart, imaging.newest["last_breast_imaging"], read)
    facts["family_history"] = _family(chart, family, read)
    systemic, beside = read_drugs(chart, others)
    _note_conflicts(chart, facts)
    return PatientRecord(
        as_of=chart.as_of,
        patient=patient,
        scope=decide_scope(patient, rows, facts, systemic),
        cancers=tuple(rows),
        facts={name: facts[name] for name in sorted(facts)},
        surgery=operations.breast,
        axillary_surgery=operations.axilla,
        radiation=read_radiation(chart, others),
        systemic=systemic,
        other_medications=beside,
        imaging=imaging.newest,
        events=_events(chart),
        issues=tuple(sorted(chart.issues, key=lambda i: (i.kind, i.resource or "", i.detail))),
        unplaced=chart.unplaced_results(),
        searches=searches,
    )


class _Read:
    """Whether what supplies a fact was read in full."""

    def __init__(self, searches: tuple[Search, ...]) -> None:
        self._failed = {name for search in searches if not search.whole for name in search.supplies}

    def __call__(self, name: str) -> bool:
        return name not in self._failed


def _observed(chart: Chart) -> list[Finding]:
    found: list[Finding] = []
    for key, observation in chart.of_type("Observation"):
        for row in chart.rows(observation.get("code")):
            if chart.concept(row).is_event and chart.concept(row).kind != "imaging" and chart.counts(key, observation):
                _event_of(chart, key, observation, row.concept)
        for result in results_of(chart, key, observation):
            if not chart.counts(key, observation):
                break
            if result.on is not None and result.on.earliest > chart.as_of:
                chart.issue(IssueKind.DATE, key, f"The date {result.on} lies in the future; the result is not used.")
                continue
            found.extend(READERS[result.concept](result) if result.concept in READERS else _hormone_pair(result))
    return found


def _hormone_pair(result: Any) -> list[Finding]:
    """A combined ER and PR answer supports; it decides nothing."""
    return []


def _event_of(chart: Chart, key: str, observation: dict[str, Any], concept: str) -> None:
    from smart_app.fhir.extract.chart import taken_on
    from smart_app.fhir.extract.values import read_answer

    on = taken_on(observation)
    if on is not None and on.earliest > chart.as_of:
        return
    answer = read_answer(chart.codes, observation)
    value = answer.quantity.value if answer.quantity is not None else answer.recorded[:80] or None
    chart.event(concept, on, chart.source(key, observation, on=on, recorded=answer.recorded), value=value)


def _diagnoses_of_reports(chart: Chart, reports: list[Report], diagnoses: Diagnoses) -> None:
    """Where no Condition names a breast cancer, a pathology diagnosis does."""
    if diagnoses.breast:
        return
    for report in reports:
        if report.rank < DIAGNOSIS_CODE or report.imaging:
            continue
        for sentence in diagnosis_sentences(report):
            named = named_cancer(sentence.text)
            if named.kind is None or named.history:
                continue
            source = chart.source(
                report.key, report.resource, on=report.on, recorded=sentence.text, sentence=sentence.text
            )
            side = named.side or sentence.side or (report.side if report.side != "unknown" else "unknown")
            diagnoses.breast.append(
                BreastCondition(report.key, named.kind, side, None, source, problem=False, named_in_text=True)
            )
            break


def _tumor_facts(
    chart: Chart, findings: list[Finding], primaries: list[Primary], others: frozenset[str], read: _Read
) -> tuple[list[CancerRecord], dict[str, Fact]]:
    """Each primary's own facts, and those at patient level."""
    by_row: list[list[Finding]] = [[] for _ in primaries]
    loose: list[Finding] = []
    for finding in sorted((f for f in findings if f.name in TUMOR_FACTS), key=finding_key):
        homes = primaries_of(finding, primaries, others)
        if homes is None or not _is_of_breast(finding, homes, primaries, others):
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
            facts[name] = judge(name, own, words_of.looked_for(chart.codes, name), read(name))
        else:
            facts[name] = _together(name, [row.facts[name] for row in rows], own, judge, chart, read)
    for finding in loose if len(primaries) > 1 else ():
        chart.unplaced(finding.source, f"{finding.name}: which tumor is not said", finding.source.recorded or "")
    return rows, facts


def _is_of_breast(finding: Finding, homes: list[int], primaries: list[Primary], others: frozenset[str]) -> bool:
    """Stage, grade and counts without a focus are the breast's only if it is the only cancer, or of its own episode."""
    if finding.name not in _NEEDS_ITS_TUMOR or finding.focus:
        return True
    if not primaries:
        return False
    if not others:
        return True
    dated = [primaries[index].diagnosed_on for index in homes]
    return any(
        on is not None and finding.on is not None and -120 <= (finding.on.earliest - on.earliest).days <= 400
        for on in dated
    )


def _leave_out(chart: Chart, finding: Finding) -> None:
    chart.unplaced(
        finding.source, f"{finding.name}: not of a breast cancer of this record", finding.source.recorded or ""
    )


def _row(chart: Chart, primary: Primary, findings: list[Finding], read: _Read) -> CancerRecord:
    facts = {
        name: judge(name, [f for f in findings if f.name == name], words_of.looked_for(chart.codes, name), read(name))
        for name, judge in TUMOR_FACTS.items()
    }
    return CancerRecord(
        kind=primary.kind,
        laterality=primary.side,
        diagnosed_on=primary.diagnosed_on,
        sources=primary.sources,
        facts={name: facts[name] for name in sorted(facts)},
    )


def _together(name: str, facts: list[Fact], loose: list[Finding], judge: Judge, chart: Chart, read: _Read) -> Fact:
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


def _patient_facts(chart: Chart, findings: list[Finding], facts: dict[str, Fact], read: _Read) -> dict[str, Fact]:
    made = {
        name: judge(name, [f for f in findings if f.name == name], words_of.looked_for(chart.codes, name), read(name))
        for name, judge in PATIENT_FACTS.items()
    }
    made["metastasis"] = _metastasis(
        chart, [f for f in findings if f.name == "metastasis"], facts["m"], facts["stage_group"], read
    )
    return made


def _metastasis(chart: Chart, findings: list[Finding], m: Fact, stage: Fact, read: _Read) -> Fact:
    """Present if a distant metastasis or stage IV is recorded; `none` only where the record says M0."""
    looked = words_of.looked_for(chart.codes, "metastasis")
    if findings:
        others = (FactValue("none", m.on, m.sources),) if m.known and str(m.value).startswith("M0") else ()
        return documented("metastasis", findings, "present", others, "A distant metastasis is recorded.", looked)
    if stage.known and stage.value == "IV":
        return replace(
            stage,
            name="metastasis",
            value="present",
            others=(),
            extra={},
            rule="Stage IV means distant disease.",
            looked_for=looked,
        )
    if m.state is FactState.CONFLICTING:
        values = tuple(
            FactValue("present" if str(v.value).startswith("M1") else "none", v.on, v.sources, note=v.note)
            for v in m.others
        )
        return Fact(
            "metastasis", FactState.CONFLICTING, others=values, rule="M categories disagree.", looked_for=looked
        )
    if m.known:
        value = "present" if str(m.value).startswith("M1") else "none"
        return Fact(
            "metastasis",
            FactState.DOCUMENTED,
            value,
            m.on,
            m.sources,
            rule=f"The record says {m.value}.",
            looked_for=looked,
        )
    return not_found("metastasis", looked, read("metastasis"))


def _germline(chart: Chart, findings: list[Finding], read: _Read) -> Fact:
    looked = words_of.looked_for(chart.codes, "germline")
    if not findings:
        return not_found("germline", looked, read("germline"))
    best = max(f.rank for f in findings)
    top = [f for f in findings if f.rank == best]
    merged = merge_germline(top)
    if merged is None:
        groups: dict[str, list[Finding]] = {}
        for finding in sorted(top, key=finding_key):
            groups.setdefault(f"{finding.extra['gene']}: {finding.value}", []).append(
                replace(finding, value=f"{finding.extra['gene']} {finding.value}")
            )
        return conflicting(
            "germline", [groups[key] for key in sorted(groups)], (), "Results of one gene disagree.", looked
        )
    rest = [f for f in findings if f.rank < best and str(f.extra["gene"]) not in {row["gene"] for row in merged}]
    more = merge_germline(rest)
    value = sorted([*merged, *(more or [])], key=lambda row: row["gene"])
    used = top + (rest if more else [])
    return Fact(
        "germline", FactState.DOCUMENTED, value, newest_date(used), merged_sources(used), rule="Germline results by gene.",
        looked_for=looked, from_text=all(f.source.sentence is not None for f in used),
    )  # fmt: skip


def _birads(chart: Chart, study: ImagingStudy | None, read: _Read) -> Fact:
    looked = words_of.looked_for(chart.codes, "birads")
    if study is None or study.birads is None:
        return not_found("birads", looked, read("birads"))
    extra = {"sub": study.birads + study.sub} if study.sub else {}
    return Fact(
        "birads",
        FactState.DOCUMENTED,
        study.birads,
        study.on,
        study.sources,
        extra=extra,
        rule="Category of the last breast imaging.",
        looked_for=looked,
    )


def _family(chart: Chart, findings: list[Finding], read: _Read) -> Fact:
    looked = words_of.looked_for(chart.codes, "family_history")
    if not findings:
        return not_found("family_history", looked, read("family_history"))
    rows = {(str(f.extra["relation"]), str(f.value), f.extra.get("age")) for f in findings}
    value = [
        {"relation": r, "cancer": c, "age": a}
        for r, c, a in sorted(rows, key=lambda row: (row[0], row[1], row[2] or 0.0))
    ]
    return Fact(
        "family_history",
        FactState.DOCUMENTED,
        value,
        newest_date(findings),
        merged_sources(findings),
        rule="Relatives as recorded.",
        looked_for=looked,
    )


def _note_conflicts(chart: Chart, facts: Mapping[str, Fact]) -> None:
    for name, fact in facts.items():
        if fact.state is FactState.CONFLICTING and not fact.extra.get("tumors_differ"):
            shown = ", ".join(f"{v.value}" for v in fact.others)
            chart.issue(IssueKind.CONFLICT, None, f"{name}: the record holds {shown}; neither replaces the other.")


def _events(chart: Chart) -> dict[str, tuple[Event, ...]]:
    """Newest first; of one day by source."""
    made = {}
    for concept in sorted(chart.events):
        by_source = sorted(chart.events[concept], key=lambda e: (e.sources[0].reference, repr(e.value)))
        made[concept] = tuple(sorted(by_source, key=lambda e: date_key(e.on), reverse=True))
    return made
