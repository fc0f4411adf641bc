"""How saving a plan ends well, what must be known before, and the same click twice (faults F20 to F31)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Scope, Source
from smart_app.errors import (
    NotReadyError,
    OutOfScopeError,
    StaleDraftError,
    StoreError,
)
from smart_app.workflow.planning import (
    receipt_for,
    save_plan,
)
from smart_app.workflow.planning_types import Outcome, StepState
from tests.support.plan_desk import a_record, conflicting
from tests.support.saving import SUBJECT, Clinic, Make

# --- the good ending -------------------------------------------------------------------------------------------------


def test_a_signed_plan_is_in_the_record_with_its_goal_and_provenance(at: Make) -> None:
    clinic = at()
    receipt = clinic.save({"goal": "Walk the lake loop"})
    assert receipt.outcome is Outcome.SAVED
    assert receipt.heading == "Saved to the record"
    assert (receipt.resource, receipt.version_id) == (f"CarePlan/{clinic.plan['id']}", "1")
    assert clinic.plan["status"] == "active"
    (goal,) = clinic.ehr.all_of("Goal")
    assert clinic.plan["goal"] == [{"reference": f"Goal/{goal['id']}"}]
    (record,) = clinic.ehr.all_of("Provenance")
    assert record["target"][0]["reference"] == f"{receipt.resource}/_history/1"
    assert {agent["onBehalfOf"]["reference"] for agent in record["agent"]} == {"Organization/17"}
    assert [entry.state for entry in receipt.written_with] == [StepState.CONFIRMED] * 2
    assert clinic.desktop.seconds == [receipt.time_to_plan_s]
    assert receipt_for(clinic.services, clinic.context, "key-1") == replace(receipt, time_to_plan_s=None) or receipt


def test_a_draft_is_written_as_a_draft_and_says_so(at: Make) -> None:
    clinic = at()
    receipt = clinic.save(as_draft=True)
    assert receipt.outcome is Outcome.SAVED
    assert clinic.plan["status"] == "draft"
    assert "draft" in receipt.explanation


def test_signing_a_saved_draft_updates_the_same_plan(at: Make) -> None:
    clinic = at()
    first = clinic.save(as_draft=True)
    second = clinic.save()
    assert first.resource == second.resource
    assert second.version_id == "2"
    assert clinic.plan["status"] == "active"


def test_a_second_save_updates_with_if_match_and_keeps_what_the_record_added(at: Make) -> None:
    clinic = at()
    clinic.save({"note": "First"})
    row = next(iter(clinic.ehr.rows[f"CarePlan/{clinic.plan['id']}"].versions))
    row["extension"] = [{"url": "http://ehr.example/flag", "valueBoolean": True}]
    receipt = clinic.save({"note": "Second"})
    assert receipt.outcome is Outcome.SAVED
    assert receipt.version_id == "2"
    assert clinic.plan["extension"]
    assert "Second" in str(clinic.plan["note"])
    assert clinic.plan["created"] == clinic.ehr.rows[f"CarePlan/{clinic.plan['id']}"].versions[0]["created"]


def test_saving_again_without_a_change_writes_nothing(at: Make) -> None:
    clinic = at()
    first = clinic.save()
    writes = clinic.ehr.count("PUT") + clinic.ehr.count("POST")
    again = clinic.save()
    assert again.resource == first.resource
    assert clinic.ehr.count("PUT") + clinic.ehr.count("POST") == writes
    assert any("nothing was written again" in note for note in again.notes)


def test_a_goal_that_was_taken_out_is_cancelled_and_the_others_stay(at: Make) -> None:
    clinic = at()
    clinic.save({"goal": "Walk the lake loop\nSleep through the night"})
    receipt = clinic.save({"goal": "Sleep through the night", "goals.present": "1"})
    assert receipt.outcome is Outcome.SAVED
    states = {goal["description"]["text"]: goal["lifecycleStatus"] for goal in clinic.ehr.all_of("Goal")}
    assert states == {"Walk the lake loop": "cancelled", "Sleep through the night": "active"}
    assert len(clinic.plan["goal"]) == 1


# --- what must be known before ---------------------------------------------------------------------------------------


def test_a_cancelled_goal_has_a_provenance_too(at: Make) -> None:
    clinic = at()
    clinic.save({"goal": ["Climb stairs", "Sleep"]})
    receipt = clinic.save({"goal": ["Climb stairs"], "goals.present": "1"})
    assert "Goals taken out of the plan were marked as cancelled." in receipt.notes
    (goal,) = [each for each in clinic.ehr.all_of("Goal") if each["lifecycleStatus"] == "cancelled"]
    named = [target["reference"] for each in clinic.ehr.all_of("Provenance") for target in each["target"]]
    assert f"Goal/{goal['id']}/_history/2" in named


def test_without_fhir_user_the_plan_cannot_be_saved(at: Make) -> None:
    clinic = at()
    clinic.context = replace(clinic.context, fhir_user=None)
    bench = clinic.open()
    assert not bench.saveable
    assert "fhirUser" in bench.not_saveable_because
    with pytest.raises(NotReadyError):
        clinic.save()
    assert clinic.ehr.all_of("CarePlan") == []


def test_outside_the_scope_nothing_can_be_saved(at: Make) -> None:
    clinic = at()
    clinic.review = replace(clinic.review, record=a_record(scope=Scope(False, ("metastatic-disease",))))
    with pytest.raises(OutOfScopeError):
        clinic.save()


def test_a_declined_row_needs_its_reason(at: Make) -> None:
    clinic = at()
    with pytest.raises(NotReadyError) as refused:
        clinic.save({"row.mammogram-annual.decision": "decline"})
    assert refused.value.needed == ("row.mammogram-annual.reason",)
    assert clinic.ehr.count("POST") == 0


def with_two_er_results(clinic: Clinic) -> Clinic:
    """A record whose biopsy says ER positive and whose excision says negative."""
    biopsy, excision = (Source(f"Observation/{name}", "1", PartialDate(2022, 5)) for name in ("er-1", "er-2"))
    clinic.ehr.put({"resourceType": "Observation", "id": "er-2", **SUBJECT})
    record = a_record({"er": conflicting("er", ("positive", biopsy), ("negative", excision))})
    clinic.review = replace(clinic.review, record=record)
    return clinic


def test_a_conflict_that_an_accepted_row_rests_on_stops_saving_until_it_is_settled(at: Make) -> None:
    clinic = with_two_er_results(at())
    with pytest.raises(NotReadyError) as refused:
        clinic.save()
    assert refused.value.needed == ("conflict.er.choice",)
    kept = clinic.keep(form={"conflict.er.choice": "open"})
    assert kept.problems[0].field == "conflict.er.reason"
    receipt = clinic.save({"conflict.er.choice": "open", "conflict.er.reason": "Awaiting review"})
    assert receipt.outcome is Outcome.SAVED
    assert any("Awaiting review" in note["text"] for note in clinic.plan["note"])


def test_a_choice_among_results_is_kept_at_once_and_signed_only_with_its_reason(at: Make) -> None:
    clinic = with_two_er_results(at())
    with pytest.raises(NotReadyError) as refused:
        clinic.save({"conflict.er.choice": "Observation/er-2"})
    assert refused.value.needed == ("conflict.er.reason",)
    assert [entry.chosen_source for entry in clinic.open().draft.entries] == ["Observation/er-2"]
    receipt = clinic.save({"conflict.er.choice": "Observation/er-2", "conflict.er.reason": "The larger sample"})
    assert receipt.outcome is Outcome.SAVED
    assert any("The larger sample" in note["text"] for note in clinic.plan["note"])


def test_a_row_without_a_decision_does_not_stop_saving_and_the_plan_says_so(at: Make) -> None:
    clinic = at()
    clinic.save()
    assert not any("DXA" in str(activity) for activity in clinic.plan["activity"])
    assert "Not decided" in clinic.plan["text"]["div"]


def test_a_changed_fact_stops_the_save_and_is_shown_with_its_effect(at: Make) -> None:
    clinic = at()
    clinic.open()
    clinic.ehr.put({"resourceType": "Observation", "id": "er-1", **SUBJECT, "note": "amended"})
    receipt = clinic.save()
    assert receipt.outcome is Outcome.NOT_SAVED
    (changed,) = receipt.changed_facts
    assert changed.reference == "Observation/er-1"
    assert "version 2" in changed.now
    assert "Mammogram, both breasts" in changed.effect
    assert clinic.ehr.all_of("CarePlan") == []


def test_a_deleted_fact_stops_the_save(at: Make) -> None:
    clinic = at()
    clinic.open()
    del clinic.ehr.rows["Observation/er-1"]
    receipt = clinic.save()
    assert receipt.outcome is Outcome.NOT_SAVED
    assert "deleted" in receipt.changed_facts[0].now


def test_without_the_audit_nothing_is_written(at: Make) -> None:
    clinic = at()

    class Full:
        def append(self, *args: object, **options: object) -> None:
            raise StoreError("full")

    clinic.open()
    kept = clinic.keep()
    clinic.desktop.services = replace(clinic.services, audit=Full())
    with pytest.raises(StoreError):
        save_plan(clinic.services, clinic.context, clinic.review, kept.draft, "key")
    assert clinic.ehr.count("POST") == clinic.ehr.count("PUT") == 0


# --- the same click twice --------------------------------------------------------------------------------------------


def test_the_same_key_gives_the_same_answer_and_other_content_is_refused(at: Make) -> None:
    clinic = at()
    first = clinic.save(key="one")
    again = save_plan(clinic.services, clinic.context, clinic.review, clinic.open().draft, "one")
    assert (again.resource, again.version_id) == (first.resource, first.version_id)
    changed = clinic.keep(form={"note": "other"})
    with pytest.raises(StaleDraftError):
        save_plan(clinic.services, clinic.context, clinic.review, changed.draft, "one")
    assert len(clinic.ehr.all_of("CarePlan")) == 1


def test_a_form_of_another_patient_finds_no_receipt(at: Make) -> None:
    clinic = at()
    clinic.save(key="one")
    other = replace(clinic.context, patient_id="somebody-else", handle="other")
    assert receipt_for(clinic.services, other, "one") is None


def test_a_fact_entered_by_hand_settles_its_conflict(at: Make) -> None:
    clinic = with_two_er_results(at())
    receipt = clinic.save({"entry.er.value": "low-positive", "entry.er.reason": "Third laboratory"})
    assert receipt.outcome is Outcome.SAVED
