"""Hazard H17: on the clinician's pages every recommendation says why, from which facts and by which source."""

from __future__ import annotations

from sandbox.patients import SamplePatient
from smart_app.clinical.plan_drafting import by_row, draft_plan
from smart_app.clinical.recommendations import DueStatus, Recommendation
from smart_app.web.presenters_rows import Typed, present_plan_rows
from smart_app.web.presenters_schedule import citation_words, present_row
from smart_app.web.presenters_words import fact_mention
from tests.unit.patients.test_sample_rules import AS_OF, by_patient, recommendations_for, record_of


def fired(patient: SamplePatient) -> list[Recommendation]:
    return [item for item in recommendations_for(patient.id) if item.fired]


@by_patient
def test_every_row_of_the_page_has_why_facts_source_strength_owner_and_its_condition(patient: SamplePatient) -> None:
    for item in fired(patient):
        row = present_row(item, AS_OF, "/c/x")
        assert row.says and row.why and row.owner, item.rule
        assert row.source == citation_words(item.citation) and row.source, item.rule
        assert row.strength, item.rule
        assert row.trace, item.rule
        assert len(row.facts) >= len({because.fact for because in item.because}), item.rule


@by_patient
def test_what_cannot_be_told_names_every_fact_that_it_waits_for(patient: SamplePatient) -> None:
    for item in fired(patient):
        if item.status is DueStatus.CANNOT_TELL:
            assert item.missing, item.rule
            row = present_row(item, AS_OF, "/c/x")
            shown = f"{row.why} {' '.join(pair.text for pair in row.facts)}"
            assert item.reason or all(fact_mention(name) in shown for name in item.missing), item.rule


@by_patient
def test_every_row_of_the_plan_page_says_why_and_by_which_source(patient: SamplePatient) -> None:
    record = record_of(patient.id)
    items = fired(patient)
    rows = draft_plan(record, items, identifier="urn:uuid:6f1c5a1e-6a3e-5a0b-9d6c-2f6a1c0d7e11").rows
    known = by_row(items)
    for group in present_plan_rows(rows, known, Typed(None), {}):
        for view in group.rows:
            citation = known[view.id].citation
            assert citation_words(citation) in view.about and citation.strength in view.about, view.id
