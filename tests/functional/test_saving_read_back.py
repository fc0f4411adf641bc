"""What a server does to a plan is seen on reading it back; what is written is what was shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from smart_app.errors import (
    WrongPatientError,
)
from smart_app.workflow.planning import (
    open_plan,
    preview_plan,
    receipt_for,
    unresolved_saves,
)
from smart_app.workflow.planning_types import Outcome
from tests.support.fake_ehrs import CONFORMING, Manners, with_manners
from tests.support.plan_desk import PATIENT, PUBLIC, AReview, a_context, recommendations
from tests.support.saving import Make, another_hand

# --- what the server does to a plan ----------------------------------------------------------------------------------


def altering(change: Callable[[dict[str, Any]], Any]) -> Manners:
    """A server that changes what it is given."""

    def alter(stored: dict[str, Any]) -> dict[str, Any]:
        if stored["resourceType"] == "CarePlan":
            change(stored)
        return stored

    return with_manners(CONFORMING, alter=alter)


def test_what_servers_may_do_leaves_the_plan_equal_and_stands_on_the_receipt(at: Make) -> None:
    def usual(stored: dict[str, Any]) -> None:
        stored["subject"]["reference"] = f"http://ehr.example/fhir/Patient/{PATIENT}"
        stored["text"]["div"] = stored["text"]["div"].replace("><h2>", ">\n <h2>")
        stored["meta"]["lastUpdated"] = "2026-11-23T14:58:11Z"

    receipt = at(altering(usual)).save()
    assert receipt.heading == "Saved to the record"
    assert receipt.changed_by_ehr
    assert all(change.harmless for change in receipt.changed_by_ehr)


@pytest.mark.parametrize("element", ["note", "activity", "supportingInfo", "period", "addresses", "author"])
def test_a_dropped_element_is_named_beside_saved(at: Make, element: str) -> None:
    clinic = at(altering(lambda stored: stored.pop(element, None)))
    receipt = clinic.save({"note": "For the team"})
    assert receipt.heading.startswith("Saved to the record, but")
    assert any(element in change.path for change in receipt.changed_by_ehr if not change.harmless)


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: stored["subject"].update(reference="Patient/somebody-else"),
        lambda stored: stored.update(status="entered-in-error"),
        lambda stored: stored.pop("subject"),
    ],
    ids=["another patient", "withdrawn", "no patient"],
)
def test_a_plan_that_is_no_longer_the_approved_one_is_never_called_saved(
    at: Make, change: Callable[[dict[str, Any]], Any]
) -> None:
    receipt = at(altering(change)).save()
    assert not receipt.saved
    assert receipt.resource == ""


def test_a_do_not_that_became_a_do_is_marked_as_serious(at: Make) -> None:
    def forget(stored: dict[str, Any]) -> None:
        for activity in stored["activity"]:
            activity["detail"].pop("doNotPerform", None)

    receipt = at(altering(forget)).save()
    assert any(change.serious for change in receipt.changed_by_ehr)
    assert "check it in the chart now" in receipt.explanation


# --- what is written -------------------------------------------------------------------------------------------------


def test_the_preview_shows_what_is_then_written(at: Make) -> None:
    clinic = at()
    clinic.open()
    clinic.keep(form={"goal": "Walk the lake loop"})
    shown = preview_plan(clinic.services, clinic.context, clinic.review)
    assert shown.problems == ()
    assert [name for name, _ in shown.resources] == ["CarePlan", "Goal", "Provenance"]
    assert {row.change for row in shown.rows} == {"added"}
    clinic.save({"row.mammogram-annual.when": "2026-12"})
    clinic.keep(
        form={
            "row.mammogram-annual.when": "2027-01",
            "row.clinic-visit-invasive.decision": "decline",
            "row.clinic-visit-invasive.reason": "Done elsewhere",
        }
    )
    rows = {row.title: row for row in preview_plan(clinic.services, clinic.context, clinic.review).rows}
    assert rows["Mammogram, both breasts"].change == "changed"
    assert rows["Mammogram, both breasts"].now == "Dec 2026, Oncology"
    assert rows["Mammogram, both breasts"].new == "Jan 2027, Oncology"
    assert rows["History and physical exam"].change == "removed"
    assert rows["History and physical exam"].new == "Declined: Done elsewhere"


def test_every_reference_is_relative_and_the_rule_set_is_named(at: Make) -> None:
    clinic = at()
    clinic.context = replace(clinic.context, fhir_user=f"{clinic.ehr.url}/Practitioner/ada")
    clinic.save()
    assert clinic.plan["author"]["reference"] == "Practitioner/ada"
    assert clinic.plan["instantiatesCanonical"] == [f"{PUBLIC}/fhir/PlanDefinition/aftercare"]
    assert "profile" not in clinic.plan["meta"]
    assert "http" not in str([clinic.plan["subject"], clinic.plan["addresses"], clinic.plan["supportingInfo"]])


def test_the_audit_holds_attempt_and_outcome_and_no_clinical_text(at: Make) -> None:
    clinic = at()
    clinic.save({"note": "A secret canary"})
    events = list(clinic.services.audit.events())
    assert [(event.action, event.outcome) for event in events][-2:] == [("save", "attempted"), ("save", "success")]
    assert events[-1].resource == f"CarePlan/{clinic.plan['id']}"
    assert PATIENT not in str(events)
    assert "canary" not in str(events)
    assert clinic.services.audit.verify() is None


def test_a_plan_that_the_ehr_gave_to_another_patient_is_not_written_to(at: Make) -> None:
    clinic = at()
    clinic.save()
    another_hand(clinic, subject={"reference": "Patient/somebody-else"})
    writes = clinic.ehr.count("PUT")
    with pytest.raises(WrongPatientError):
        clinic.save({"note": "more"})
    assert clinic.ehr.count("PUT") == writes


def test_recommendations_and_contexts_of_the_tests_are_in_scope() -> None:
    assert AReview().record.scope.applies
    assert len(recommendations()) == 5
    assert a_context("http://127.0.0.1").patient_id == PATIENT
    assert open_plan is not None


@pytest.mark.parametrize("status", [503, 404, 403])
def test_a_plan_that_the_ehr_says_it_took_and_that_cannot_be_read_back_is_never_called_saved(
    at: Make, status: int
) -> None:
    """Hazard H11: a 201 is a promise; "Saved" stands only on what was read back."""
    clinic = at()
    clinic.ehr.before_answer = lambda: clinic.ehr.fail_reads.extend([(status, {})] * 99)
    receipt = clinic.save({"note": "First"}, key="k")
    assert receipt.outcome is Outcome.UNKNOWN
    assert (receipt.resource, receipt.version_id) == ("", "")
    assert "could not be read back" in receipt.explanation
    clinic.ehr.before_answer = None
    clinic.ehr.fail_reads.clear()
    assert unresolved_saves(clinic.services, clinic.context) == ()
    later = receipt_for(clinic.services, clinic.context, "k")
    assert later is not None and later.outcome is Outcome.SAVED
    assert later.resource == f"CarePlan/{clinic.plan['id']}"
