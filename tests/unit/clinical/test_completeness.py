"""The completeness meter: what is filled, what is missing, and which gaps would change the plan most."""

from __future__ import annotations

from typing import Any

from smart_app.clinical.clinic import ClinicContacts
from smart_app.clinical.completeness import Completeness, measure_completeness, with_fact
from smart_app.clinical.completeness_elements import Place
from smart_app.clinical.rules import evaluate_rules
from smart_app.knowledge import default_paths
from smart_app.knowledge.rules import load_rules
from tests.support.rule_charts import read_chart
from tests.support.rule_examples import record_of

RULES = load_rules(default_paths().mappings / "rules")


def measure(given: dict[str, Any]) -> Completeness:
    record = record_of(given)
    return measure_completeness(record, RULES, evaluate_rules(RULES, record))


def missing(found: Completeness) -> set[str]:
    return {element.id for element in found.missing}


def test_a_sparse_record_misses_what_it_does_not_hold_and_nothing_else() -> None:
    found = measure({})
    assert {"grade", "nodes", "germline", "imaging", "axilla", "drugs"} <= missing(found)
    assert not {"er", "pr", "her2", "surgery", "radiation", "side", "diagnosed-on", "treatment-end"} & missing(found)
    assert found.filled == len(found.elements) - len(found.missing)


def test_a_fact_that_comes_in_fills_its_element() -> None:
    assert "grade" in missing(measure({}))
    assert "grade" not in missing(measure({"tumor": {"grade": 2}}))


def test_the_gap_that_changes_most_rows_stands_first() -> None:
    found = measure({"drugs": ["tamoxifen active 2025-07-01"]})
    assert 1 <= len(found.gaps) <= 5
    assert [gap.changes for gap in found.gaps] == sorted((gap.changes for gap in found.gaps), reverse=True)
    assert {"germline", "menopausal_status"} <= {gap.fact for gap in found.gaps}


def test_a_gap_is_real_filling_it_changes_the_rows_it_names() -> None:
    record = record_of({"drugs": ["letrozole active 2023-07-01"]})
    before = {(r.rule, r.status, str(r.due)) for r in evaluate_rules(RULES, record)}
    gap = next(g for g in measure({"drugs": ["letrozole active 2023-07-01"]}).gaps if g.fact == "menopausal_status")
    filled = with_fact(record, "menopausal_status", "premenopausal")
    after = {(r.rule, r.status, str(r.due)) for r in evaluate_rules(RULES, filled)}
    changed = {row[0] for row in before ^ after}
    assert changed & set(gap.rules)
    assert "ai-without-ovarian-suppression" in gap.rules


def test_every_element_names_its_standard() -> None:
    found = measure({})
    assert all(element.standards for element in found.elements)
    assert {word.split()[0] for element in found.elements for word in element.standards} == {"IOM", "ASCO", "NAPBC"}


def test_every_element_of_the_three_standards_is_on_the_meter() -> None:
    named = {word for element in measure({}).elements for word in element.standards}
    box = {f"IOM R{n}" for n in range(1, 8)} | {f"IOM F{n}" for n in range(1, 12)}
    assert named == box | {"ASCO", "NAPBC"}


def test_what_no_record_holds_is_missing_with_its_place_and_never_taken_as_none() -> None:
    places = {element.id: element.place for element in measure({}).missing}
    assert {
        name: places[name] for name in ("clinicians", "trial", "support", "referrals", "resources")
    } == dict.fromkeys(("clinicians", "trial", "support", "referrals", "resources"), Place.PLAN)
    assert places["contacts"] is Place.CLINIC
    assert places["prepared"] is Place.SAVING
    assert places["side-effects"] is Place.PLAN
    assert all(element.facts for element in measure({}).elements if element.place is Place.FACT)


def test_contacts_and_a_saved_plan_fill_their_elements() -> None:
    record = record_of({})
    contacts = ClinicContacts(
        name="Lakeside", phone="555-0100", quick_return_phone="555-0101", primary_care_name="Dr. B"
    )
    found = measure_completeness(record, RULES, evaluate_rules(RULES, record), None, contacts, saved=True)
    assert not {"contacts", "coordinator", "primary-care", "prepared"} & missing(found)
    bare = measure_completeness(record, RULES, evaluate_rules(RULES, record), None, ClinicContacts())
    assert {"contacts", "coordinator", "primary-care", "prepared"} <= missing(bare)


def test_a_mastectomy_without_a_recorded_reconstruction_leaves_it_open() -> None:
    assert "reconstruction" in missing(measure({"surgery": ["mastectomy left 2023-03-15"]}))
    rebuilt = ["mastectomy left 2023-03-15", "reconstruction left 2023-03-15 DIEP flap"]
    assert "reconstruction" not in missing(measure({"surgery": rebuilt}))
    assert "reconstruction" not in missing(measure({}))


def test_the_subtype_is_read_from_the_words_of_the_diagnosis_only() -> None:
    chart = read_chart(["invasive left 2023-02-10 · lumpectomy left 2023-03-15"])
    found = measure_completeness(chart, RULES, evaluate_rules(RULES, chart))
    assert "subtype" in missing(found)
    assert "subtype" not in missing(measure({"cancers": [{"kind": "dcis", "side": "left", "dated": "2023-02-10"}]}))


def test_a_drug_of_unknown_status_leaves_open_what_goes_on() -> None:
    assert "ongoing" in missing(measure({}))
    assert "ongoing" not in missing(measure({"drugs": ["letrozole active 2023-07-01"]}))
    assert "ongoing" in missing(measure({"drugs": ["letrozole unknown 2023-07-01"]}))


def test_menopause_is_no_element_of_a_mans_plan() -> None:
    assert "menopause" in {element.id for element in measure({}).elements}
    assert "menopause" not in {element.id for element in measure({"sex": "male"}).elements}


def test_a_missing_date_that_would_date_the_plan_is_a_gap_with_the_rows_it_would_date() -> None:
    undated = {"cancers": [{"kind": "invasive", "side": "left", "dated": ""}], "surgery": [], "radiation": []}
    gaps = {gap.fact: gap for gap in measure(undated).gaps}
    assert {"diagnosed_on", "primary_treatment_ended"} <= set(gaps)
    assert "mammogram-annual" in gaps["diagnosed_on"].rules
    assert "clinic-visit-invasive" in gaps["primary_treatment_ended"].rules
    drugs = {"tumor": {"n": "N0"}, "drugs": ["letrozole active"]}
    assert "endocrine_started_on" in {gap.fact for gap in measure(drugs).gaps}
