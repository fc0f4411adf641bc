"""What a plan takes from the record at each save: the team that carries it out, and what the rules still propose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smart_app.errors import TemporaryFhirError
from smart_app.workflow.planning import revoke_plan, undo_change
from tests.support.fake_ehrs import running_ehr
from tests.support.plan_desk import PATIENT, seed
from tests.support.saving import Clinic


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with ExitStack() as stack:
        ehr = stack.enter_context(running_ehr())
        seed(ehr)
        desk = Clinic(ehr, tmp_path)
        stack.callback(desk.desktop.close)
        yield desk


def a_team(key: str, **changes: Any) -> dict[str, Any]:
    subject = {"subject": {"reference": f"Patient/{PATIENT}"}}
    return {"resourceType": "CareTeam", "id": key, "status": "active", **subject, **changes}


@pytest.mark.parametrize(
    ("teams", "named"),
    [
        ([a_team("onco")], ["CareTeam/onco"]),
        ([a_team("onco", reasonReference=[{"reference": "Condition/bc-1"}]), a_team("diabetes")], ["CareTeam/onco"]),
        ([a_team("one"), a_team("two")], []),
        ([a_team("old", status="inactive"), a_team("past", period={"end": "2024-01-01"})], []),
        ([a_team("hers", subject={"reference": "Patient/somebody-else"})], []),
        ([], []),
    ],
    ids=["the only one", "the one for this cancer", "several without a reason", "ended", "of another patient", "none"],
)
def test_the_plan_names_the_team_that_carries_it_out_where_it_is_known(
    clinic: Clinic, teams: list[dict[str, Any]], named: list[str]
) -> None:
    clinic.review = replace(clinic.review, care_teams=tuple(teams))
    clinic.save()
    assert [entry["reference"] for entry in clinic.plan.get("careTeam", [])] == named


def test_what_the_rules_no_longer_propose_is_named_until_the_plan_is_saved_without_it(clinic: Clinic) -> None:
    clinic.save()
    fewer = tuple(entry for entry in clinic.review.recommendations if entry.rule != "mammogram-annual")
    clinic.review = replace(clinic.review, recommendations=fewer)
    for _ in range(2):
        assert [row.title for row in clinic.open().gone_rows] == ["Mammogram, both breasts"]
    assert "mammogram-annual" in str(clinic.plan["activity"])
    clinic.save()
    assert clinic.open().gone_rows == ()
    assert "mammogram-annual" not in str(clinic.plan["activity"])


def test_undo_takes_back_what_the_clinician_did_and_not_what_the_program_brought_up_to_date(clinic: Clinic) -> None:
    clinic.open()
    clinic.keep(form={"note": "First"})
    clinic.keep(form={"note": "Second"})
    fewer = tuple(entry for entry in clinic.review.recommendations if entry.rule != "mammogram-annual")
    clinic.review = replace(clinic.review, recommendations=fewer)
    assert clinic.open().draft.note == "Second"
    for words in ("First", ""):
        undo_change(clinic.services, clinic.context, clinic.review)
        assert clinic.open().draft.note == words
    assert not clinic.open().can_undo


def test_a_draft_that_only_the_program_brought_up_to_date_is_offered_to_nobody(clinic: Clinic) -> None:
    clinic.open()
    clinic.review = replace(clinic.review, recommendations=clinic.review.recommendations[1:])
    clinic.open()
    clinic.context = replace(clinic.context, handle="a-later-launch")
    assert clinic.open().offered_draft is None


def test_taking_back_means_the_plan_on_the_page_and_not_an_older_twin(clinic: Clinic) -> None:
    clinic.save()
    mine = clinic.plan
    twin = {**mine, "id": "twin", "created": "2020-01-01T00:00:00Z"}
    twin["identifier"] = [{"system": "urn:ietf:rfc:3986", "value": "urn:uuid:00000000-0000-4000-8000-000000000001"}]
    clinic.ehr.put(twin)
    receipt = revoke_plan(clinic.services, clinic.context, clinic.review, "Wrong visit", "revoke-1")
    assert receipt.resource == f"CarePlan/{mine['id']}"
    states = {plan["id"]: plan["status"] for plan in clinic.ehr.all_of("CarePlan")}
    assert states == {mine["id"]: "revoked", "twin": "active"}


def test_a_record_that_cannot_be_read_is_not_a_record_without_a_plan(clinic: Clinic) -> None:
    clinic.save()

    class Silent:
        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def search(self, *_: Any, **__: Any) -> Any:
            raise TemporaryFhirError("no answer", status=503)

        def read(self, *_: Any) -> Any:
            raise TemporaryFhirError("no answer", status=503)

    clinic.desktop.wrap = Silent
    receipt = revoke_plan(clinic.services, clinic.context, clinic.review, "Wrong visit", "revoke-1")
    assert receipt.heading == "Not saved"
    assert "could not be read" in receipt.explanation and "stands as it is" in receipt.explanation
    assert clinic.plan["status"] == "active"


@pytest.mark.parametrize(
    ("launch", "offered"),
    [
        ({}, True),
        ({"fhir_user": "Practitioner/ben", "user_name": "Dr. Ben"}, False),
        ({"fhir_user": None}, False),
        ({"patient_id": "somebody-else"}, False),
        ({"issuer": "another-ehr"}, False),
    ],
    ids=["the same user", "another user", "nobody known", "another patient", "another EHR"],
)
def test_a_draft_is_offered_again_to_its_own_user_patient_and_ehr_alone(
    clinic: Clinic, launch: dict[str, Any], offered: bool
) -> None:
    """Hazard H15 and fault F20."""
    clinic.open()
    clinic.keep(form={"note": "Told me about her fear of the scan"})
    clinic.context = replace(clinic.context, handle="later", **launch)
    bench = clinic.open()
    assert (bench.offered_draft is not None) is offered
    assert bench.draft.note == "", "nothing of it stands in a plan before it is taken up"
