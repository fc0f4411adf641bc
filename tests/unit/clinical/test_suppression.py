"""Ovarian suppression as a fact: what the treatments of the record say, and never "not found" beside an injection."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smart_app.clinical import suppression
from smart_app.clinical.entries import apply_entries
from smart_app.clinical.facts import Entry, FactState, Search, SearchState
from smart_app.clinical.features import derive_features
from smart_app.clinical.suppression import suppression_fact
from smart_app.web.presenters_entry import find_fact
from smart_app.web.presenters_words import value_words
from tests.support.rule_examples import record_of

FAILED = (Search("medication-request", "MedicationRequest", SearchState.FAILED, supplies=("systemic",)),)


@pytest.mark.parametrize(
    ("drugs", "unread", "state", "words"),
    [
        (["goserelin active 2026-01-05"], False, FactState.DOCUMENTED, "Injections, running"),
        (["goserelin active 2026-01-05"], True, FactState.DOCUMENTED, "Injections, running"),
        (["goserelin stopped 2023-01-05 2024-02-01"], False, FactState.DOCUMENTED, "None now"),
        (["goserelin stopped 2023-01-05 2024-02-01"], True, FactState.NOT_READ, ""),
        (["goserelin unknown 2026-01-05"], False, FactState.DOCUMENTED, "Recorded, not known whether running"),
        (["letrozole active 2026-01-05"], False, FactState.NOT_FOUND, ""),
        ([], True, FactState.NOT_READ, ""),
    ],
)
def test_the_fact_says_what_the_injections_of_the_record_say(
    drugs: list[str], unread: bool, state: FactState, words: str
) -> None:
    record = record_of({"drugs": drugs})
    record = replace(record, searches=FAILED if unread else ())
    fact = find_fact(record, suppression.NAME, None)
    assert fact == suppression_fact(record)
    assert (fact.state, value_words(fact.name, fact.value)) == (state, words)
    assert bool(fact.sources) is (state is FactState.DOCUMENTED)
    if words == "Injections, running":
        assert derive_features(record).get("ofs").value == frozenset({"gnrh"}), "as the rules read it"


def test_an_entered_answer_has_the_record_s_own_beside_it_and_rules_read_the_drugs_as_before() -> None:
    record = record_of({"drugs": ["goserelin active 2026-01-05"]})
    assert suppression.NAME not in record.facts, "for rules the drugs themselves count"
    entry = Entry(suppression.NAME, "none", "Dr. A", "2026-11-25T10:00:00+00:00", "She stopped in May")
    fact = apply_entries(record, (entry,)).facts[suppression.NAME]
    assert fact.state is FactState.ENTERED
    assert fact.record is not None
    assert (fact.record.state, fact.record.value) == (FactState.DOCUMENTED, "gnrh")
