"""Puts a patient's record together: conditions to primaries, findings to facts, treatments, imaging, events, scope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smart_app.clinical.facts import Event, Fact, FactState, IssueKind, Patient, PatientRecord, Search
from smart_app.clinical.scope import decide_scope
from smart_app.fhir.extract import markers, patient_level, staging
from smart_app.fhir.extract.cancers import group_conditions
from smart_app.fhir.extract.chart import Chart, taken_on
from smart_app.fhir.extract.condition_facts import BreastCondition, Diagnoses
from smart_app.fhir.extract.conditions import read_conditions
from smart_app.fhir.extract.doses import cumulative_doxorubicin
from smart_app.fhir.extract.drugs import read_drugs
from smart_app.fhir.extract.evidence import DIAGNOSIS_CODE, Finding, date_key
from smart_app.fhir.extract.germline import read_germline
from smart_app.fhir.extract.imaging import read_imaging
from smart_app.fhir.extract.not_placed import (
    list_distant_disease_in_reports,
    list_suspected_diagnoses,
    list_unnamed_chemotherapy,
)
from smart_app.fhir.extract.observations import Reader, results_of
from smart_app.fhir.extract.patient_facts import birads_fact, family_fact, germline_fact, patient_facts
from smart_app.fhir.extract.radiation import read_radiation
from smart_app.fhir.extract.reports import (
    Report,
    diagnosis_sentences,
    notes_of_diagnoses,
    read_reports,
    report_findings,
    with_unread_reports,
)
from smart_app.fhir.extract.surgery import read_operations
from smart_app.fhir.extract.text.diagnosis import named_cancer
from smart_app.fhir.extract.tumor_facts import Elsewhere, distant_disease, tumor_facts
from smart_app.fhir.extract.values import read_answer

READERS: Mapping[str, Reader] = {**markers.READERS, **staging.READERS, **patient_level.READERS}


def build_record(chart: Chart, patient: Patient, searches: tuple[Search, ...]) -> PatientRecord:
    """The record of one patient from all that was read."""
    reports = read_reports(chart)
    searches = with_unread_reports(searches, reports)
    unread = {name for search in searches if not search.whole for name in search.supplies}

    def read(name: str) -> bool:
        return name not in unread

    diagnoses = read_conditions(chart)
    _diagnoses_of_reports(chart, reports, diagnoses)
    others, other_cancers = frozenset(diagnoses.others), frozenset(diagnoses.other_cancers)
    primaries = group_conditions(diagnoses.breast)
    observed = _observed(chart)
    imaging = read_imaging(chart, reports, [f for f in observed if f.name == "birads"])
    operations = read_operations(chart, diagnoses.surgery, others)
    findings = [*observed, *diagnoses.findings, *operations.findings, *imaging.findings, *cumulative_doxorubicin(chart)]
    for report in reports:
        findings.extend(report_findings(chart, report))
    findings.extend(notes_of_diagnoses(chart, diagnoses.breast))
    findings.extend(patient_level.menopause_in_notes(chart, reports))
    family = [*patient_level.family_history(chart), *(f for f in diagnoses.findings if f.name == "family_history")]
    patient_level.visits_and_procedures(chart)
    rows, facts = tumor_facts(chart, findings, primaries, Elsewhere(others, other_cancers), read)
    metastases = distant_disease(chart, findings, primaries, Elsewhere(others, other_cancers))
    facts |= patient_facts(chart, findings, metastases, facts, read)
    facts["germline"] = germline_fact(chart, read_germline(chart, reports), read)
    facts["birads"] = birads_fact(chart, imaging.newest["last_breast_imaging"], read)
    facts["family_history"] = family_fact(chart, family, read)
    systemic, beside = read_drugs(chart, others)
    list_unnamed_chemotherapy(chart, systemic)
    list_suspected_diagnoses(chart)
    if facts["metastasis"].value != "present":
        list_distant_disease_in_reports(chart, reports)
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
            reader = READERS.get(result.concept)
            # A combined ER and PR answer has no reader: it supports and decides nothing.
            found.extend(reader(result) if reader is not None else ())
    return found


def _event_of(chart: Chart, key: str, observation: dict[str, Any], concept: str) -> None:
    on = taken_on(observation)
    if on is not None and on.earliest > chart.as_of:
        return
    answer = read_answer(chart.codes, observation)
    value = answer.quantity.value if answer.quantity is not None else answer.recorded[:80] or None
    source = chart.source(key, observation, on=on, recorded=answer.recorded)
    chart.event(concept, on, source, value=value)
    if concept == "disease-status" and answer.value_of("disease-status-value") == "worse":
        chart.unplaced(source, "Cancer disease status: worse, and not read as a recurrence", answer.recorded)


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
