"""What belongs beside a plan in the record and could not be written at once: done at a later launch, never twice."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from smart_app.errors import NotPermittedError, TemporaryFhirError, UnknownOutcomeError
from smart_app.workflow.planning import receipt_for, revoke_plan, start_new_plan, unresolved_saves
from smart_app.workflow.planning_beside import MOST_TRIES, STILL_OWED
from smart_app.workflow.planning_types import Outcome, StepState
from tests.support.saving import Clinic, Make, another_hand

DOWN = TemporaryFhirError("down", status=503)


@dataclass
class Bad:
    """What fails at the EHR, by `method Type`; an answer is lost after the EHR has acted, and `then` more fails."""

    fails: dict[str, Exception] = field(default_factory=dict)
    loses: set[str] = field(default_factory=set)
    then: dict[str, Exception] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)

    def on(self, clinic: Clinic) -> None:
        """Every client of this clinic meets it."""
        clinic.desktop.wrap = lambda client: _Client(client, self)

    def check(self, what: str) -> None:
        """Raise what is to fail."""
        self.sent.append(what)
        if what in self.fails:
            raise self.fails[what]


class _Client:
    def __init__(self, client: Any, bad: Bad) -> None:
        self._client, self._bad = client, bad

    def read(self, kind: str, identity: str) -> Any:
        self._bad.check(f"read {kind}")
        return self._client.read(kind, identity)

    def search(self, kind: str, *args: Any, **options: Any) -> Any:
        self._bad.check(f"search {kind}")
        return self._client.search(kind, *args, **options)

    def create(self, resource: dict[str, Any], headers: Any = None) -> Any:
        return self._write("create", resource, lambda: self._client.create(resource, headers))

    def update(self, resource: dict[str, Any], if_match: str | None = None) -> Any:
        return self._write("update", resource, lambda: self._client.update(resource, if_match))

    def _write(self, verb: str, resource: dict[str, Any], act: Any) -> Any:
        what = f"{verb} {resource['resourceType']}"
        self._bad.check(what)
        answer = act()
        if what in self._bad.loses:
            self._bad.fails |= self._bad.then
            raise UnknownOutcomeError("no answer")
        return answer


@pytest.fixture
def bad() -> Bad:
    return Bad()


@pytest.fixture
def clinic(at: Make, bad: Bad) -> Clinic:
    made = at()
    bad.on(made)
    return made


def a_later_launch(clinic: Clinic, seconds: float = 120.0) -> None:
    """Another user opens the patient some time later."""
    clinic.desktop.clock.sleep(seconds)
    clinic.context = replace(clinic.context, handle="later", fhir_user="Practitioner/ben", user_name="Dr. Ben")
    assert unresolved_saves(clinic.services, clinic.context) == ()


def provenances(clinic: Clinic) -> list[list[str]]:
    return [[target["reference"] for target in each["target"]] for each in clinic.ehr.all_of("Provenance")]


def still_owed(clinic: Clinic, key: str) -> list[str]:
    receipt = receipt_for(clinic.services, clinic.context, key)
    assert receipt is not None and receipt.outcome is Outcome.SAVED
    return [note for note in receipt.notes if note.startswith(STILL_OWED)]


def test_a_provenance_that_the_ehr_could_not_take_is_written_at_the_next_launch(clinic: Clinic, bad: Bad) -> None:
    bad.fails["create Provenance"] = DOWN
    first = clinic.save(key="k")
    assert first.outcome is Outcome.SAVED and provenances(clinic) == []
    assert still_owed(clinic, "k") == [f"{STILL_OWED}the Provenance of this save."]
    bad.fails.clear()
    for _ in range(3):
        a_later_launch(clinic)
    assert provenances(clinic) == [[f"{first.resource}/_history/1"]]
    (record,) = clinic.ehr.all_of("Provenance")
    assert record["agent"][0]["who"]["reference"] == "Practitioner/ada", "who signed, not who opened it later"
    assert still_owed(clinic, "k") == []
    receipt = receipt_for(clinic.services, clinic.context, "k")
    assert receipt is not None and [each.state for each in receipt.written_with] == [StepState.CONFIRMED]
    told = [event for event in clinic.services.audit.events() if event.detail == "owed"]
    assert [(event.user, event.outcome) for event in told] == [("Practitioner/ben", "attempted")]


def test_one_whose_answer_was_lost_is_found_and_not_written_again(clinic: Clinic, bad: Bad) -> None:
    bad.loses.add("create Provenance")
    bad.fails["search Provenance"] = DOWN
    clinic.save(key="k")
    a_later_launch(clinic)
    assert bad.sent.count("create Provenance") == 1 and still_owed(clinic, "k")
    bad.fails.clear()
    a_later_launch(clinic)
    assert bad.sent.count("create Provenance") == 1 and len(provenances(clinic)) == 1
    assert still_owed(clinic, "k") == []


def test_one_that_cannot_be_looked_for_is_never_sent_again(clinic: Clinic, bad: Bad) -> None:
    bad.loses.add("create Provenance")
    bad.fails["search Provenance"] = NotPermittedError("no", status=403)
    receipt = clinic.save(key="k")
    assert [(each.state, each.words) for each in receipt.written_with] == [
        (StepState.UNKNOWN, "not known whether it was written")
    ]
    a_later_launch(clinic)
    assert bad.sent.count("create Provenance") == 1


def test_what_is_not_found_at_once_may_only_be_late(clinic: Clinic, bad: Bad) -> None:
    bad.fails["create Provenance"] = UnknownOutcomeError("no answer")
    clinic.save(key="k")
    bad.fails.clear()
    a_later_launch(clinic, seconds=5)
    assert bad.sent.count("create Provenance") == 1
    a_later_launch(clinic)
    a_later_launch(clinic)
    assert bad.sent.count("create Provenance") == 2 and len(provenances(clinic)) == 1


def test_a_goal_that_could_not_be_cancelled_is_cancelled_later_and_then_has_its_provenance(
    clinic: Clinic, bad: Bad
) -> None:
    clinic.save({"goal": "Walk the lake loop"})
    bad.fails["update Goal"] = DOWN
    receipt = clinic.save({"goals.present": "1"}, key="k")
    (goal,) = clinic.ehr.all_of("Goal")
    assert receipt.outcome is Outcome.SAVED and goal["lifecycleStatus"] == "active"
    owed = f"to cancel Goal/{goal['id']}; the Provenance of this save"
    assert still_owed(clinic, "k") == [f"{STILL_OWED}{owed}."]
    bad.fails.clear()
    for _ in range(2):
        a_later_launch(clinic)
    (goal,) = clinic.ehr.all_of("Goal")
    assert goal["lifecycleStatus"] == "cancelled"
    assert provenances(clinic)[2:] == [[f"Goal/{goal['id']}/_history/2"]]
    assert still_owed(clinic, "k") == []


def test_a_replaced_plan_that_a_colleague_changed_in_between_is_left_alone(clinic: Clinic, bad: Bad) -> None:
    first = clinic.save()
    start_new_plan(clinic.services, clinic.context, clinic.review)
    bad.fails["update CarePlan"] = DOWN
    assert clinic.save({"note": "New"}, key="k").outcome is Outcome.SAVED
    old = clinic.ehr.rows[first.resource].now
    clinic.ehr.put({**{name: value for name, value in old.items() if name != "meta"}, "title": "By a colleague"})
    bad.fails.clear()
    a_later_launch(clinic)
    assert (clinic.ehr.rows[first.resource].now["title"], clinic.ehr.rows[first.resource].now["status"]) == (
        "By a colleague",
        "active",
    )
    receipt = receipt_for(clinic.services, clinic.context, "k")
    assert receipt is not None and f"{first.resource}, which this plan replaces, could not be marked as completed." in (
        receipt.notes
    )


def test_a_plan_that_was_taken_back_gets_its_provenance_later_too(clinic: Clinic, bad: Bad) -> None:
    first = clinic.save()
    bad.fails["create Provenance"] = DOWN
    assert revoke_plan(clinic.services, clinic.context, clinic.review, "By mistake", "r").outcome is Outcome.SAVED
    bad.fails.clear()
    a_later_launch(clinic)
    assert provenances(clinic)[1:] == [[f"{first.resource}/_history/2"]]


def test_a_save_found_out_only_later_owes_the_same(clinic: Clinic, bad: Bad) -> None:
    first = clinic.save({"goal": "Walk the lake loop"})
    bad.loses.add("update CarePlan")
    bad.then["read CarePlan"] = DOWN
    assert clinic.save({"goals.present": "1"}, key="k").outcome is Outcome.UNKNOWN
    (goal,) = clinic.ehr.all_of("Goal")
    assert goal["lifecycleStatus"] == "active" and len(provenances(clinic)) == 1
    bad.fails.clear()
    bad.loses.clear()
    for _ in range(2):
        a_later_launch(clinic)
    (goal,) = clinic.ehr.all_of("Goal")
    assert goal["lifecycleStatus"] == "cancelled"
    assert provenances(clinic)[1:] == [[f"{first.resource}/_history/2"], [f"Goal/{goal['id']}/_history/2"]]
    assert still_owed(clinic, "k") == []


def test_what_never_works_is_given_up_at_last(clinic: Clinic, bad: Bad) -> None:
    bad.fails["create Provenance"] = DOWN
    clinic.save(key="k")
    for _ in range(MOST_TRIES + 2):
        a_later_launch(clinic)
    assert bad.sent.count("create Provenance") == MOST_TRIES
    assert still_owed(clinic, "k") == []


def test_another_hands_change_is_no_debt(clinic: Clinic) -> None:
    clinic.save()
    another_hand(clinic, title="Changed by a colleague")
    a_later_launch(clinic)
    assert clinic.plan["title"] == "Changed by a colleague"
