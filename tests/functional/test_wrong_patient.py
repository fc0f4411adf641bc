"""Launch, record, draft and plan must name one patient; else nothing is shown as hers and not a byte is sent (H02)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smart_app.clinical.facts import Patient, Search, SearchState
from smart_app.errors import InvalidPlanError, WrongPatientError
from smart_app.workflow.planning_build import approve
from smart_app.workflow.planning_desk import ladder_of, sit_down
from smart_app.workflow.planning_step import Saving, check_resource_to_send
from tests.support.plan_desk import PATIENT
from tests.support.saving import Clinic, Make, another_hand

OTHER = "Patient/somebody-else"


def folder(of: Path) -> Path:
    (of / "here").mkdir()
    return of / "here"


def writes(clinic: Clinic) -> int:
    return clinic.ehr.count("POST") + clinic.ehr.count("PUT")


def of_another(clinic: Clinic) -> Any:
    """A record that was read for another patient."""
    record = clinic.review.record
    patient = Patient(record.patient.birth_date, record.patient.sex, reference=OTHER)
    return replace(clinic.review, record=replace(record, patient=patient))


def test_a_record_of_another_patient_opens_no_plan_and_saves_none(at: Make) -> None:
    clinic = at()
    kept = clinic.keep(form={"note": "Seen today"})
    clinic.review = of_another(clinic)
    with pytest.raises(WrongPatientError):
        clinic.open()
    with pytest.raises(WrongPatientError):
        clinic.save({"note": kept.draft.note})
    assert writes(clinic) == 0


def test_the_launchs_own_record_opens_its_plan(at: Make) -> None:
    clinic = at()
    own = replace(clinic.review.record.patient, reference=f"Patient/{PATIENT}")
    clinic.review = replace(clinic.review, record=replace(clinic.review.record, patient=own))
    assert clinic.open().draft.rows


def test_our_plan_that_now_names_another_patient_is_never_written_over(at: Make) -> None:
    clinic = at()
    clinic.save({"note": "First"})
    another_hand(clinic, subject={"reference": OTHER})
    before = writes(clinic)
    with pytest.raises(WrongPatientError):
        clinic.save({"note": "Second"})
    assert writes(clinic) == before


@pytest.mark.parametrize("subject", [{"reference": OTHER}, {"display": "Ms. Sample"}, None])
def test_the_last_look_before_sending_refuses_any_other_subject(at: Make, subject: dict[str, Any] | None) -> None:
    clinic = at()
    clinic.open()
    desk = sit_down(clinic.services, clinic.context, clinic.review)
    state = desk.state()
    assert state is not None
    approved = approve(desk, state.draft, as_draft=False, at=clinic.services.now())
    client = clinic.services.client_for(clinic.context)
    saving = Saving(desk, client, approved, ladder_of(desk, state.draft), "k", False, False, lambda: None)
    plan = approved.own_plan((), None)
    check_resource_to_send(saving, plan)
    with pytest.raises((WrongPatientError, InvalidPlanError)):
        check_resource_to_send(saving, {**plan, "subject": subject})


class _IgnoresPatient:
    """A server that answers a search for one patient with another one's resources too."""

    def __init__(self, client: Any, theirs: dict[str, Any]) -> None:
        self._client, self._theirs = client, theirs

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def search(self, kind: str, *args: Any, **options: Any) -> Any:
        yield from self._client.search(kind, *args, **options)
        if kind == self._theirs["resourceType"]:
            entry = [{"resource": self._theirs}]
            yield json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": entry}).encode()


def a_plan_of_ours_for_somebody_else(at: Make) -> dict[str, Any]:
    """As Aftercare writes one, in the record of another patient."""
    there = at()
    there.save({"note": "Of somebody else", "own.what": "Call her sister"})
    return {**there.plan, "id": "theirs", "subject": {"reference": OTHER}}


def test_another_patients_plan_in_a_search_is_neither_shown_nor_gone_on_from(at: Make, tmp_path: Path) -> None:
    theirs = a_plan_of_ours_for_somebody_else(at)
    clinic = Clinic(at().ehr, folder(tmp_path))
    clinic.desktop.wrap = lambda client: _IgnoresPatient(client, theirs)
    bench = clinic.open()
    assert bench.existing_plan is None and bench.other_plans == ()
    assert "Call her sister" not in str(bench.draft) and bench.draft.note == ""
    receipt = clinic.save({"note": "Hers"})
    assert receipt.resource != "CarePlan/theirs" and clinic.plan["subject"] == {"reference": f"Patient/{PATIENT}"}
    clinic.desktop.close()


def test_another_patients_plan_that_was_read_with_the_record_is_not_taken_for_hers(at: Make, tmp_path: Path) -> None:
    theirs = a_plan_of_ours_for_somebody_else(at)
    clinic = Clinic(at().ehr, folder(tmp_path))
    searches = (Search("plans", "CarePlan", SearchState.COMPLETE, 1),)
    record = replace(clinic.review.record, searches=searches)
    clinic.review = replace(clinic.review, record=record, plans=(theirs,), read_at=clinic.services.now())
    bench = clinic.open()
    assert bench.existing_plan is None and bench.other_plans == ()
    assert "Call her sister" not in str(bench.draft)
    clinic.desktop.close()
