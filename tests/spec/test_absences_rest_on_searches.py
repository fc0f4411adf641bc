"""That nothing was found is said only of what was searched for: every name that is asked about has a search."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from sandbox.patients import sample_patients
from smart_app.clinical.facts import Search, SearchState
from smart_app.clinical.rules import evaluate_rules
from smart_app.clinical.schedule import ClinicDefaults
from smart_app.fhir.extract import extract_record
from smart_app.fhir.queries import QUERIES, supplied_by
from smart_app.web.presenters_facts import FactContext
from smart_app.web.presenters_grid import further_rows, present_columns

AS_OF = date(2026, 11, 22)
PATIENTS = sample_patients(AS_OF)
# Only ever entered by the clinician: no search could hold them.
OF_THE_CLINICIAN = {"new_symptoms", "heart_in_radiation_field"}


class Asked(tuple[str, ...]):
    """Names that a search supplies: none, but it remembers which were asked for."""

    names: set[str]

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return False


def test_whatever_the_rules_and_the_page_call_none_recorded_was_searched_for(knowledge: Any) -> None:
    asked = Asked()
    asked.names = set()
    where = FactContext.of("/c/x", ())
    for patient in PATIENTS:
        record = extract_record(patient.iter_resources(), knowledge.codes, AS_OF)
        for unread in (
            record,
            replace(record, surgery=(), axillary_surgery=(), radiation=(), systemic=(), imaging={}, events={}),
        ):
            asking = replace(unread, searches=(Search("all", "Any", SearchState.COMPLETE, 1, "", asked),))
            evaluate_rules(knowledge.rules, asking, ClinicDefaults(), include_silent=True)
            assert present_columns(asking, where)
            assert further_rows(asking, where)
    supplied = {name for query in QUERIES for name in supplied_by(query, knowledge.codes)}
    assert len(asked.names) > 30
    assert asked.names - supplied - OF_THE_CLINICIAN == set()
