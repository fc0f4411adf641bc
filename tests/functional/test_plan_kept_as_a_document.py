"""Where an EHR takes no care plan: a later launch goes on from the document, and never replaces it in silence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smart_app.clinical.plan import Decision
from smart_app.workflow.planning import preview_plan
from smart_app.workflow.planning_types import Outcome
from tests.support.fake_ehrs import CONFORMING, Manners, running_ehr, with_manners
from tests.support.plan_desk import seed
from tests.support.saving import Clinic

DOCUMENTS = with_manners(CONFORMING, writable=("DocumentReference",))
WORK = {
    "row.dxa-endocrine.decision": "decline",
    "row.dxa-endocrine.reason": "Done elsewhere",
    "own.what": "Swimming group",
    "goal": ["Climb stairs", "Sleep"],
    "note": "For the team",
    "entry.menopausal_status.value": "postmenopausal",
    "entry.menopausal_status.reason": "Asked today",
}


@pytest.fixture
def clinics(tmp_path: Path) -> Iterator[Any]:
    with ExitStack() as stack:

        def make(manners: Manners = DOCUMENTS) -> Clinic:
            ehr = stack.enter_context(running_ehr(manners))
            seed(ehr)
            clinic = Clinic(ehr, tmp_path)
            stack.callback(clinic.desktop.close)
            return clinic

        yield make


def later(clinic: Clinic, days: int = 1) -> None:
    clinic.desktop.clock.sleep(days * 24 * 3600)
    clinic.context = replace(clinic.context, handle="later", fhir_user="Practitioner/bo", user_name="Dr. Bo")


@pytest.mark.parametrize("days", [1, 200])
def test_a_later_launch_goes_on_from_the_plan_in_the_document(clinics: Any, days: int) -> None:
    clinic = clinics()
    saved = clinic.save(WORK)
    assert saved.outcome is Outcome.SAVED_AS_DOCUMENT
    later(clinic, days)
    bench = clinic.open()
    rows = {row.title: row for row in bench.draft.rows}
    assert (rows["DXA"].decision, rows["DXA"].reason) == (Decision.DECLINE, "Done elsewhere")
    assert "Swimming group" in rows
    assert (bench.draft.goals, bench.draft.note) == (("Climb stairs", "Sleep"), "For the team")
    assert [(entry.name, entry.by) for entry in bench.draft.entries] == [("menopausal_status", "Dr. Ada Clinician")]
    assert bench.existing_plan is not None and bench.existing_plan.resource == saved.resource
    preview = preview_plan(clinic.services, clinic.context, clinic.review)
    assert preview.compared_with is not None and preview.compared_with.resource == saved.resource
    assert {row.change for row in preview.rows} == {"same"}
    again = clinic.save({"note": "For the team, again"})
    assert again.resource == saved.resource
    assert len(clinic.ehr.all_of("DocumentReference")) == 1


def _only_pdf(resource: dict[str, Any]) -> tuple[int, None] | None:
    return (422, None) if len(resource.get("content", ())) > 1 else None


def test_a_document_without_data_is_read_back_from_what_is_kept_here(clinics: Any) -> None:
    clinic = clinics(with_manners(DOCUMENTS, refuse=_only_pdf))
    clinic.save(WORK)
    later(clinic)
    assert clinic.open().draft.goals == ("Climb stairs", "Sleep")


def test_a_document_that_cannot_be_read_back_is_said_before_it_is_replaced(clinics: Any) -> None:
    clinic = clinics(with_manners(DOCUMENTS, refuse=_only_pdf))
    saved = clinic.save(WORK)
    later(clinic, 200)
    bench = clinic.open()
    assert bench.draft.goals == ()
    assert bench.existing_plan is not None and bench.existing_plan.resource == saved.resource
    assert not bench.document_read


def test_in_the_same_launch_the_page_knows_its_document(clinics: Any) -> None:
    clinic = clinics()
    saved = clinic.save(WORK)
    bench = clinic.open()
    assert bench.existing_plan is not None and bench.existing_plan.is_document
    assert bench.existing_plan.resource == saved.resource
    assert {row.change for row in preview_plan(clinic.services, clinic.context, clinic.review).rows} == {"same"}
