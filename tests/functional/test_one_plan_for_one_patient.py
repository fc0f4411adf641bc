"""One patient has one plan, whoever saves it and whatever the server does; a second is shown, never deleted (H12)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from smart_app.workflow.planning import keep_changes, open_plan, save_plan
from smart_app.workflow.planning_types import Outcome
from tests.support.fake_ehrs import CONFORMING, SEARCH_LAGS, Manners, with_manners
from tests.support.saving import Clinic, Make

BLIND = with_manners(CONFORMING, search_lag_s=1e9)


def another_clinician(clinic: Clinic) -> Any:
    return replace(clinic.context, handle="another", fhir_user="Practitioner/ben", user_name="Dr. Ben")


@pytest.mark.parametrize("manners", [CONFORMING, SEARCH_LAGS, BLIND], ids=["found at once", "found late", "not found"])
def test_two_clinicians_who_began_before_either_saved_make_one_plan(at: Make, manners: Manners) -> None:
    clinic = at(manners)
    services, review, other = clinic.services, clinic.review, another_clinician(clinic)
    mine, theirs = clinic.open().draft, open_plan(services, other, review).draft
    assert mine.identifier == theirs.identifier
    assert clinic.save({"note": "Ada's"}).outcome is Outcome.SAVED
    kept = keep_changes(services, other, review, {"note": ["Ben's"]})
    second = save_plan(services, other, review, kept.draft, "key-ben")
    (plan,) = clinic.ehr.all_of("CarePlan")
    # The second is told of the first, and either compares or goes on from it: nothing of it is lost in silence.
    assert second.outcome is Outcome.SAVED or second.three_way is not None
    assert "Ada's" in str(clinic.ehr.rows[f"CarePlan/{plan['id']}"].versions)


def test_the_identifier_is_of_the_patient_at_this_ehr_and_of_nobody_else(at: Make) -> None:
    outbox = at().services.outbox
    known = outbox.plan_identifier("open", "p1")
    assert known == outbox.plan_identifier("open", "p1")
    others = {outbox.plan_identifier("open", "p2"), outbox.plan_identifier("epic", "p1")}
    assert len({known, *others, outbox.plan_identifier("open", "p1", after=known)}) == 4


def test_a_server_that_makes_two_of_one_request_is_told_of_on_the_receipt(at: Make) -> None:
    clinic = at()

    def twin() -> None:
        (plan,) = clinic.ehr.all_of("CarePlan")
        clinic.ehr.before_answer = None
        clinic.ehr.put({**{name: value for name, value in plan.items() if name != "meta"}, "id": "twin"})

    clinic.ehr.before_answer = twin
    receipt = clinic.save({"note": "Once"})
    assert receipt.saved and {receipt.resource, *receipt.duplicates} == {
        f"CarePlan/{plan['id']}" for plan in clinic.ehr.all_of("CarePlan")
    }
    assert "holds this plan more than once" in receipt.explanation
    assert len(clinic.ehr.all_of("CarePlan")) == 2, "what is double is a person's to look at"
