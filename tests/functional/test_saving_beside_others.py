"""Saving beside other hands, and the life of a plan: compared, replaced, taken back, ended by somebody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from smart_app.clinical.facts import Entry, Fact, FactState, Search, SearchState
from smart_app.clinical.plan import Decision
from smart_app.errors import (
    StaleDraftError,
)
from smart_app.workflow.planning import (
    preview_plan,
    revoke_plan,
    save_plan,
    start_new_plan,
)
from smart_app.workflow.planning_types import Outcome
from tests.support.fake_ehrs import CONFORMING, with_manners
from tests.support.plan_desk import a_record
from tests.support.saving import SUBJECT, Clinic, Make, another_hand

UNREAD = Search("observation", "Observation", SearchState.FAILED, supplies=("er",))

# --- other hands -----------------------------------------------------------------------------------------------------


def test_a_plan_that_somebody_changed_is_compared_and_not_overwritten(at: Make) -> None:
    clinic = at()
    clinic.save({"note": "First"})
    activities = [dict(activity) for activity in clinic.plan["activity"]]
    activities[0] = {**activities[0], "progress": [{"text": "Booked by a colleague"}]}
    another_hand(clinic, activity=activities)
    kept = clinic.keep(form={"row.clinic-visit-invasive.when": "2027-01"})
    receipt = save_plan(clinic.services, clinic.context, clinic.review, kept.draft, "key-2")
    assert receipt.outcome is Outcome.NOT_SAVED
    assert receipt.offered_next[0] == "compare"
    assert receipt.three_way is not None
    assert [part.key for part in receipt.three_way.theirs_only] == ["row.mammogram-annual.note"]
    assert [part.key for part in receipt.three_way.ours_only] == ["row.clinic-visit-invasive.due"]
    assert receipt.three_way.both == ()
    assert clinic.plan["meta"]["versionId"] == "2"
    clinic.keep(form={"rebase": "2"})
    saved = clinic.save()
    assert saved.outcome is Outcome.SAVED
    assert "Booked by a colleague" in str(clinic.plan)
    assert "2027-01" in str(clinic.plan)


def test_a_part_that_both_changed_waits_for_the_clinicians_choice(at: Make) -> None:
    clinic = at()
    clinic.save({"row.mammogram-annual.note": "first"})
    activities = [dict(activity) for activity in clinic.plan["activity"]]
    activities[0] = {**activities[0], "progress": [{"text": "theirs"}]}
    another_hand(clinic, activity=activities)
    clinic.keep(form={"row.mammogram-annual.note": "ours"})
    bench = clinic.open()
    assert bench.three_way is not None
    (both,) = bench.three_way.both
    assert (both.base, both.theirs, both.ours) == ("first", "theirs", "ours")
    with pytest.raises(StaleDraftError):
        clinic.keep(form={"rebase": "2"})
    clinic.keep(form={"rebase": "2", f"merge.{both.key}": "theirs"})
    assert clinic.save().outcome is Outcome.SAVED
    assert clinic.plan["activity"][0]["progress"] == [{"text": "theirs"}]


def targets_of_updates(clinic: Clinic) -> dict[str, list[Any]]:
    """What each Provenance of a change names, with its entities; that of a creation is left out."""
    found = {}
    for each in clinic.ehr.all_of("Provenance"):
        if each["activity"]["coding"][0]["code"] == "UPDATE":
            assert all("onBehalfOf" in agent for agent in each["agent"])
            found |= {target["reference"]: each.get("entity", []) for target in each["target"]}
    return found


class LateHand:
    """Between the last look and the update a colleague is quicker."""

    def __init__(self, clinic: Clinic, client: Any) -> None:
        self._clinic, self._client = clinic, client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def update(self, resource: dict[str, Any], if_match: str | None = None) -> Any:
        if resource["resourceType"] == "CarePlan":
            another_hand(self._clinic, title="Changed by a colleague")
        return self._client.update(resource, if_match)


@pytest.mark.parametrize("status", [409, 412])
def test_a_change_in_the_very_last_moment_is_seen_by_if_match(at: Make, status: int) -> None:
    clinic = at(with_manners(CONFORMING, conflict_status=status))
    clinic.save({"note": "First"})
    kept = clinic.keep(form={"note": "Second"})

    clinic.desktop.wrap = lambda client: LateHand(clinic, client)
    receipt = save_plan(clinic.services, clinic.context, clinic.review, kept.draft, "key-2")
    assert receipt.outcome is Outcome.NOT_SAVED
    assert "Nothing was overwritten" in receipt.explanation
    assert clinic.plan["title"] == "Changed by a colleague"


@pytest.mark.parametrize("status", [428, 400, 412])
def test_a_server_that_asks_for_if_match_is_read_again_and_gets_the_version(at: Make, status: int) -> None:
    """Fault F25: the version stands only in the ETag of a read, and the searches name none."""
    clinic = at(with_manners(CONFORMING, asks_for_if_match=status, versions_in_body=False))
    clinic.save({"note": "First"})
    receipt = clinic.save({"note": "Second"})
    assert receipt.outcome is Outcome.SAVED, receipt.explanation
    assert (receipt.version_id, receipt.sent_times) == ("2", 2)
    assert "Second" in str(clinic.plan["note"])


def test_a_server_that_asks_for_if_match_after_a_colleague_wrote_overwrites_nothing(at: Make) -> None:
    clinic = at(with_manners(CONFORMING, asks_for_if_match=428, versions_in_body=False))
    clinic.save({"note": "First"})
    kept = clinic.keep(form={"note": "Second"})
    clinic.desktop.wrap = lambda client: LateHand(clinic, client)
    receipt = save_plan(clinic.services, clinic.context, clinic.review, kept.draft, "key-2")
    assert receipt.outcome is Outcome.NOT_SAVED and "Nothing was overwritten" in receipt.explanation
    assert clinic.plan["title"] == "Changed by a colleague"


def test_a_server_that_refuses_even_the_version_is_asked_no_third_time(at: Make) -> None:
    clinic = at()
    clinic.save({"note": "First"})
    clinic.ehr.fail += [(428, {}), (428, {}), (428, {})]
    receipt = clinic.save({"note": "Second"})
    assert receipt.outcome is Outcome.NOT_SAVED
    assert clinic.ehr.count("PUT", "/CarePlan") == 2


def test_a_server_that_ignores_if_match_is_caught_by_its_version_numbers(at: Make) -> None:
    clinic = at(with_manners(CONFORMING, honours_if_match=False))
    clinic.save({"note": "First"})
    undisturbed = clinic.save({"note": "Second"})
    assert "let somebody else's change be replaced" not in undisturbed.explanation
    kept = clinic.keep(form={"note": "Third"})

    clinic.desktop.wrap = lambda client: LateHand(clinic, client)
    receipt = save_plan(clinic.services, clinic.context, clinic.review, kept.draft, "key-3")
    assert receipt.outcome is Outcome.SAVED
    assert "let somebody else's change be replaced: between version 2" in receipt.explanation


def test_a_plan_of_another_maker_is_shown_and_never_touched(at: Make) -> None:
    clinic = at()
    foreign = {
        "resourceType": "CarePlan",
        "id": "foreign",
        **SUBJECT,
        "status": "active",
        "intent": "plan",
        "title": "Diabetes plan",
        "category": [{"coding": [{"code": "assess-plan"}]}],
        "author": {"display": "Dr. Else"},
    }
    clinic.ehr.put(foreign)
    bench = clinic.open()
    assert bench.existing_plan is None
    assert [(plan.title, plan.maker, plan.ours) for plan in bench.other_plans] == [("Diabetes plan", "Dr. Else", False)]
    receipt = clinic.save()
    assert receipt.resource != "CarePlan/foreign"
    assert len(clinic.ehr.rows["CarePlan/foreign"].versions) == 1


def test_a_plan_deleted_in_the_chart_is_not_silently_made_anew(at: Make) -> None:
    clinic = at()
    first = clinic.save()
    del clinic.ehr.rows[first.resource]
    receipt = clinic.save({"note": "more"})
    assert receipt.outcome is Outcome.NOT_SAVED
    assert "no longer in the record" in receipt.explanation
    assert clinic.save({"note": "more"}).outcome is Outcome.SAVED


# --- the life of a plan ----------------------------------------------------------------------------------------------


def test_another_user_finds_our_plan_and_goes_on_from_it(at: Make) -> None:
    clinic = at()
    first = clinic.save(
        {
            "goal": "Walk the lake loop",
            "concern": ["Tiredness", "Sleep"],
            "row.breast-mri-discuss--left.decision": "decline",
            "row.breast-mri-discuss--left.reason": "Patient prefers not",
            "own.what": "Call the daughter",
            "own.owner": "Oncology",
            "own.when": "2027-01-04",
        }
    )
    clinic.context = replace(clinic.context, handle="another", fhir_user="Practitioner/ben", user_name="Dr. Ben")
    bench = clinic.open()
    assert bench.existing_plan is not None
    assert bench.existing_plan.resource == first.resource
    rows = {row.id: row for row in bench.draft.rows}
    assert rows["breast-mri-discuss--left"].decision is Decision.DECLINE
    assert rows["breast-mri-discuss--left"].reason == "Patient prefers not"
    (own,) = (row for row in bench.draft.rows if row.id.startswith("own-"))
    assert (own.title, str(own.due), own.owner) == ("Call the daughter", "2027-01-04", "Oncology")
    assert bench.draft.goals == ("Walk the lake loop",)
    assert bench.draft.concerns == ("Tiredness", "Sleep")
    assert all(row.change == "same" for row in preview_plan(clinic.services, clinic.context, clinic.review).rows)
    receipt = clinic.save({"note": "Seen by Ben"})
    assert (receipt.resource, receipt.version_id) == (first.resource, "2")
    assert clinic.plan["author"]["reference"] == "Practitioner/ben"
    assert clinic.plan["contributor"] == [{"reference": "Practitioner/ada", "display": "Dr. Ada Clinician"}]


def test_facts_that_changed_since_signing_are_named_with_their_effect(at: Make) -> None:
    clinic = at()
    clinic.save()
    changed = a_record({"er": replace(a_record().cancers[0].facts["er"], value="negative")})
    clinic.review = replace(clinic.review, record=changed)
    (fact,) = (entry for entry in clinic.open().changed_facts if entry.fact == "er")
    assert "positive" in fact.was
    assert "negative" in fact.now
    assert "Mammogram, both breasts" in fact.effect


@pytest.mark.parametrize(
    ("fact", "searches", "words"),
    [
        (Fact("er", FactState.NOT_FOUND), (), "no longer in the record"),
        (Fact("er", FactState.NOT_READ), (UNREAD,), "could not be read now"),
        (
            Fact("er", FactState.ENTERED, "negative", entry=Entry("er", "negative", "Dr. Ada", "2026-11-25", "letter")),
            (),
            "negative, entered by the clinician",
        ),
    ],
    ids=["gone", "not-read", "entered"],
)
def test_a_fact_that_could_not_be_read_is_never_told_as_gone(
    at: Make, fact: Fact, searches: tuple[Search, ...], words: str
) -> None:
    clinic = at()
    clinic.save()
    record = replace(a_record({"er": fact}), searches=searches)
    clinic.review = replace(clinic.review, record=record, recommendations=())
    (change,) = (entry for entry in clinic.open().changed_facts if entry.fact == "er")
    assert change.now == words


def test_a_revoked_plan_stays_with_its_reason_and_the_next_one_is_new(at: Make) -> None:
    clinic = at()
    first = clinic.save()
    receipt = revoke_plan(clinic.services, clinic.context, clinic.review, "Entered for another visit", "revoke-1")
    assert receipt.outcome is Outcome.SAVED
    assert clinic.plan["status"] == "revoked"
    assert "Revoked: Entered for another visit" in str(clinic.plan["note"])
    assert [each.reference.partition("/")[0] for each in receipt.written_with] == ["Provenance"]
    assert targets_of_updates(clinic) == {f"{first.resource}/_history/2": []}
    second = clinic.save()
    assert second.outcome is Outcome.SAVED
    assert second.resource != first.resource
    assert second.plan_identifier != first.plan_identifier


@pytest.mark.parametrize("status", ["revoked", "completed", "entered-in-error"])
def test_a_plan_that_somebody_ended_is_never_made_active_again(at: Make, status: str) -> None:
    clinic = at()
    first = clinic.save()
    another_hand(clinic, status=status)
    stopped = clinic.save({"note": "Mine"})
    assert stopped.outcome is Outcome.NOT_SAVED and status in stopped.explanation
    assert clinic.plan["status"] == status
    second = clinic.save()
    assert second.outcome is Outcome.SAVED and second.resource != first.resource


def test_a_plan_that_somebody_put_on_hold_stays_on_hold(at: Make) -> None:
    clinic = at()
    clinic.save()
    another_hand(clinic, status="on-hold")
    for note in ("Mine", "Mine again"):
        assert clinic.save({"note": note}).outcome is Outcome.NOT_SAVED
    assert clinic.plan["status"] == "on-hold"


def test_a_plan_that_takes_the_place_of_another_completes_it(at: Make) -> None:
    clinic = at()
    first = clinic.save()
    start_new_plan(clinic.services, clinic.context, clinic.review)
    receipt = clinic.save({"note": "A new start"})
    assert receipt.outcome is Outcome.SAVED
    plans = {f"CarePlan/{plan['id']}": plan for plan in clinic.ehr.all_of("CarePlan")}
    assert plans[first.resource]["status"] == "completed"
    assert plans[receipt.resource]["replaces"] == [{"reference": first.resource}]
    assert targets_of_updates(clinic) == {f"{first.resource}/_history/2": []}
    assert clinic.open().existing_plan.resource == receipt.resource  # type: ignore[union-attr]
