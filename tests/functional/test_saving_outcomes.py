"""Every way in which saving a plan can end, against a small server that behaves so (faults F20 to F31)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Scope, Source
from smart_app.clinical.plan import Decision
from smart_app.errors import (
    MissingGlyphError,
    NotReadyError,
    OutOfScopeError,
    StaleDraftError,
    StoreError,
    WrongPatientError,
)
from smart_app.workflow.planning import (
    check_again,
    keep_changes,
    open_plan,
    preview_plan,
    receipt_for,
    revoke_plan,
    save_plan,
    start_new_plan,
    unresolved_saves,
)
from smart_app.workflow.planning_ports import DocumentFile, IssuerFacts
from smart_app.workflow.planning_types import Outcome, StepState
from tests.support.fake_ehrs import CONFORMING, Manners, running_ehr, with_manners
from tests.support.plan_desk import PATIENT, PUBLIC, AReview, a_context, a_record, conflicting, recommendations, seed
from tests.support.saving import Clinic

SUBJECT = {"subject": {"reference": f"Patient/{PATIENT}"}}
Make = Callable[..., Clinic]


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Make]:
    with ExitStack() as stack:

        def make(manners: Manners = CONFORMING, **changes: Any) -> Clinic:
            ehr = stack.enter_context(running_ehr(manners))
            seed(ehr)
            clinic = Clinic(ehr, tmp_path, **changes)
            stack.callback(clinic.desktop.close)
            return clinic

        yield make


def kinds(receipt: Any) -> list[str]:
    return [change.kind for change in receipt.changed_by_ehr]


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


def test_a_conflict_that_an_accepted_row_rests_on_stops_saving_until_it_is_settled(at: Make) -> None:
    clinic = at()
    biopsy, excision = (Source(f"Observation/{name}", "1", PartialDate(2022, 5)) for name in ("er-1", "er-2"))
    clinic.ehr.put({"resourceType": "Observation", "id": "er-2", **SUBJECT})
    record = a_record({"er": conflicting("er", ("positive", biopsy), ("negative", excision))})
    clinic.review = replace(clinic.review, record=record)
    with pytest.raises(NotReadyError) as refused:
        clinic.save()
    assert refused.value.needed == ("conflict.er.choice",)
    kept = clinic.keep(form={"conflict.er.choice": "open"})
    assert kept.problems[0].field == "conflict.er.reason"
    receipt = clinic.save({"conflict.er.choice": "open", "conflict.er.reason": "Awaiting review"})
    assert receipt.outcome is Outcome.SAVED
    assert any("Awaiting review" in note["text"] for note in clinic.plan["note"])


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


# --- refusals --------------------------------------------------------------------------------------------------------


def refusing(status: int, *issues: dict[str, Any]) -> Manners:
    outcome = {"resourceType": "OperationOutcome", "issue": list(issues)} if issues else None
    only = ("CarePlan",)
    return with_manners(
        CONFORMING, refuse=lambda resource: (status, outcome) if resource["resourceType"] in only else None
    )


def test_each_issue_of_a_refusal_stands_beside_its_field(at: Make) -> None:
    issue = {
        "severity": "error",
        "code": "required",
        "details": {"text": "scheduledPeriod.end is required"},
        "expression": ["CarePlan.activity[1].detail.scheduledPeriod"],
    }
    clinic = at(refusing(422, issue, {"severity": "error", "code": "invalid", "diagnostics": "Something else"}))
    receipt = clinic.save()
    assert receipt.outcome is Outcome.NOT_SAVED
    assert receipt.status == 422
    assert receipt.issues[0].field == "row.clinic-visit-invasive.when"
    assert receipt.issues[0].title == "History and physical exam"
    assert receipt.issues[0].words == "scheduledPeriod.end is required"
    assert (receipt.issues[1].field, receipt.issues[1].words) == (None, "Something else")
    assert receipt.offered_next[0] == "back-to-plan"
    assert clinic.ehr.count("POST", "/CarePlan") == 1
    assert not clinic.keep(form={"note": "still editable"}).problems


@pytest.mark.parametrize("status", [401, 403, 405, 501])
def test_a_write_that_is_not_allowed_offers_the_document_and_says_it_is_not_in_the_chart(at: Make, status: int) -> None:
    clinic = at(refusing(status))
    receipt = clinic.save()
    assert receipt.outcome is Outcome.NOT_SAVED
    assert receipt.offered_next[0] == ("relaunch" if status == 401 else "save-as-document")
    if status != 401:
        assert "not in the chart" in receipt.explanation
        saved = clinic.save(as_document=True)
        assert saved.outcome is Outcome.SAVED_AS_DOCUMENT
    assert clinic.ehr.all_of("CarePlan") == []


def test_where_care_plans_are_not_offered_the_page_says_so_and_a_document_is_saved(at: Make) -> None:
    clinic = at(with_manners(CONFORMING, writable=("DocumentReference",)))
    ladder = clinic.open().ladder
    assert [rung.state_words for rung in ladder.rungs] == ["Not offered by this EHR", "Will be used", "Always possible"]
    receipt = clinic.save()
    assert receipt.heading == "Saved as a document"
    (document,) = clinic.ehr.all_of("DocumentReference")
    assert receipt.resource == f"DocumentReference/{document['id']}"
    assert [content["attachment"]["contentType"] for content in document["content"]] == [
        "application/pdf",
        "application/fhir+json",
    ]
    assert document["docStatus"] == "final"
    clinic.save({"note": "again"})
    assert len(clinic.ehr.all_of("DocumentReference")) == 1, "the same document in a new version"


def test_a_server_that_takes_no_pdf_gets_the_plan_as_html(at: Make) -> None:
    def no_pdf(resource: dict[str, Any]) -> tuple[int, None] | None:
        kinds_of = [content["attachment"]["contentType"] for content in resource.get("content", ())]
        return (422, None) if "application/pdf" in kinds_of else None

    clinic = at(with_manners(CONFORMING, writable=("DocumentReference",), refuse=no_pdf))
    receipt = clinic.save()
    assert receipt.outcome is Outcome.SAVED_AS_DOCUMENT
    assert receipt.content_type == "text/html"
    assert receipt_for(clinic.services, clinic.context, "key-1").resource == receipt.resource  # type: ignore[union-attr]


def test_a_plan_that_no_font_can_print_is_written_as_a_page_of_text_and_the_receipt_says_why(at: Make) -> None:
    def no_font(*_: Any) -> Any:
        raise MissingGlyphError("\U00013000", "plan")

    clinic = at(with_manners(CONFORMING, writable=("DocumentReference",)), make_pdf=no_font)
    receipt = clinic.save({"note": "For the team"})
    assert (receipt.outcome, receipt.content_type) == (Outcome.SAVED_AS_DOCUMENT, "text/html")
    assert "A PDF could not be made of this plan, so it was written as a page of text." in receipt.notes
    (document,) = clinic.ehr.all_of("DocumentReference")
    page = base64.b64decode(document["content"][0]["attachment"]["data"]).decode()
    assert "Signed by Dr. Ada Clinician, " in page and "For the team" in page


@pytest.mark.parametrize(("as_draft", "words"), [(False, "Signed by Dr. Ada Clinician"), (True, "not signed")])
def test_the_paper_in_the_record_says_whether_it_was_signed(at: Make, as_draft: bool, words: str) -> None:
    told: list[str] = []

    def make_pdf(context: Any, review: Any, draft: Any, standing: str) -> DocumentFile:
        told.append(standing)
        return DocumentFile("application/pdf", b"%PDF-1.7 plan", 2)

    clinic = at(with_manners(CONFORMING, writable=("DocumentReference",)), make_pdf=make_pdf)
    assert clinic.save(as_draft=as_draft).outcome is Outcome.SAVED_AS_DOCUMENT
    assert words in told[-1]


def test_where_nothing_can_be_written_the_receipt_says_so_plainly(at: Make) -> None:
    clinic = at(with_manners(CONFORMING, writable=()))
    receipt = clinic.save()
    assert receipt.outcome is Outcome.NOT_SAVED
    assert "Nothing was written" in receipt.explanation
    assert receipt.offered_next[0] == "download-pdf"


def test_without_an_organization_no_provenance_is_written_and_the_receipt_says_so(at: Make) -> None:
    clinic = at(issuer_facts=lambda slug: IssuerFacts("Lakeside"))
    receipt = clinic.save()
    assert receipt.outcome is Outcome.SAVED
    assert clinic.ehr.all_of("Provenance") == []
    assert any("No Provenance" in note for note in receipt.notes)


def test_the_organization_of_the_users_own_role_comes_first(at: Make) -> None:
    clinic = at()
    clinic.ehr.put(
        {
            "resourceType": "PractitionerRole",
            "id": "role-1",
            "practitioner": {"reference": "Practitioner/ada"},
            "organization": {"reference": "Organization/own", "display": "Her own"},
        }
    )
    clinic.save()
    (record,) = clinic.ehr.all_of("Provenance")
    assert record["agent"][0]["onBehalfOf"]["reference"] == "Organization/own"


# --- busy, silent and forgetful servers ------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_gets_the_same_plan_again_after_its_wait(at: Make, status: int) -> None:
    clinic = at()
    clinic.ehr.fail = [(status, {"Retry-After": "2"})]
    receipt = clinic.save()
    assert receipt.outcome is Outcome.SAVED
    assert receipt.sent_times == 2
    assert len(clinic.ehr.all_of("CarePlan")) == 1


def test_a_server_that_asks_for_a_day_is_not_waited_for(at: Make) -> None:
    clinic = at()
    clinic.ehr.fail = [(503, {"Retry-After": "86400"})]
    receipt = clinic.save()
    assert receipt.outcome is Outcome.NOT_SAVED
    assert "did not take the plan" in receipt.explanation
    assert clinic.ehr.all_of("CarePlan") == []


def test_an_answer_that_was_lost_is_found_by_the_plans_own_identifier(at: Make) -> None:
    clinic = at()
    clinic.ehr.lose = 1
    receipt = clinic.save()
    assert receipt.outcome is Outcome.SAVED
    assert receipt.sent_times == 1
    assert receipt.searched_times >= 1
    assert len(clinic.ehr.all_of("CarePlan")) == 1


def test_when_the_search_fails_too_nobody_says_saved_and_every_later_launch_shows_it(at: Make) -> None:
    clinic = at()
    clinic.ehr.lose = 1
    clinic.ehr.before_answer = lambda: (
        clinic.ehr.fail_reads.extend([(500, {})] * 200) if (clinic.ehr.all_of("CarePlan")) else None
    )
    receipt = clinic.save(key="lost")
    assert receipt.outcome is Outcome.UNKNOWN
    assert receipt.heading == "Not known whether saved"
    assert receipt.offered_next[0] == "check-again"
    assert "back-to-plan" not in receipt.offered_next
    later = replace(clinic.context, handle="later", fhir_user="Practitioner/somebody-else")
    (waiting,) = unresolved_saves(clinic.services, later)
    assert (waiting.form_key, waiting.by_this_user) == ("lost", False)
    clinic.ehr.before_answer = None
    clinic.ehr.fail_reads.clear()
    found = check_again(clinic.services, clinic.context, "lost")
    assert found.outcome is Outcome.SAVED
    assert unresolved_saves(clinic.services, later) == ()
    assert len(clinic.ehr.all_of("CarePlan")) == 1
    assert clinic.open().draft.resource == found.resource


def test_while_one_save_is_unknown_no_other_is_sent(at: Make) -> None:
    clinic = at()
    clinic.ehr.lose = 1
    clinic.ehr.before_answer = lambda: (
        clinic.ehr.fail_reads.extend([(500, {})] * 400) if (clinic.ehr.all_of("CarePlan")) else None
    )
    clinic.save()
    kept = keep_changes(clinic.services, clinic.context, clinic.review, {"note": ["changed meanwhile"]})
    second = save_plan(clinic.services, clinic.context, clinic.review, kept.draft, "second")
    assert second.outcome is Outcome.UNKNOWN
    assert clinic.ehr.count("POST", "/CarePlan") == 1


def test_a_request_that_never_arrived_is_sent_once_more_with_the_same_identifier(at: Make) -> None:
    clinic = at()
    clinic.ehr.drop = 1
    receipt = clinic.save()
    assert receipt.outcome is Outcome.SAVED
    assert receipt.sent_times == 2


def test_201_without_body_location_or_etag_is_proven_by_the_identifier(at: Make) -> None:
    clinic = at(with_manners(CONFORMING, empty_create_body=True, create_location=False, versions=False))
    receipt = clinic.save()
    assert receipt.outcome is Outcome.SAVED
    assert receipt.version_id == ""
    again = clinic.save({"note": "second"})
    assert again.outcome is Outcome.SAVED
    assert len(clinic.ehr.all_of("CarePlan")) == 1


def test_201_with_an_empty_body_and_a_location_is_read_back(at: Make) -> None:
    clinic = at(with_manners(CONFORMING, empty_create_body=True))
    assert clinic.save().outcome is Outcome.SAVED


def test_200_on_create_for_a_plan_of_another_hand_is_not_ours_to_call_saved(at: Make) -> None:
    clinic = at()
    clinic.open()
    identifier = clinic.open().draft.identifier
    kept = clinic.keep()
    foreign = {
        "resourceType": "CarePlan",
        "id": "theirs",
        **SUBJECT,
        "status": "active",
        "intent": "plan",
        "identifier": [{"system": "urn:ietf:rfc:3986", "value": identifier}],
        "title": "Another hand's plan",
    }
    clinic.ehr.put(foreign)
    receipt = save_plan(clinic.services, clinic.context, clinic.review, kept.draft, "key")
    assert receipt.outcome is Outcome.NOT_SAVED
    assert clinic.plan["title"] == "Another hand's plan"


# --- what the server does to a plan ----------------------------------------------------------------------------------


def altering(change: Callable[[dict[str, Any]], Any]) -> Manners:
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


# --- other hands -----------------------------------------------------------------------------------------------------


def another_hand(clinic: Clinic, **changes: Any) -> None:
    plan = {key: value for key, value in clinic.plan.items() if key != "meta"}
    clinic.ehr.put({**plan, **changes})


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


@pytest.mark.parametrize("status", [409, 412])
def test_a_change_in_the_very_last_moment_is_seen_by_if_match(at: Make, status: int) -> None:
    clinic = at(with_manners(CONFORMING, conflict_status=status))
    clinic.save({"note": "First"})
    kept = clinic.keep(form={"note": "Second"})

    class LateHand:
        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def update(self, resource: dict[str, Any], if_match: str | None = None) -> Any:
            if resource["resourceType"] == "CarePlan":
                another_hand(clinic, title="Changed by a colleague")
            return self._client.update(resource, if_match)

    clinic.desktop.wrap = LateHand
    receipt = save_plan(clinic.services, clinic.context, clinic.review, kept.draft, "key-2")
    assert receipt.outcome is Outcome.NOT_SAVED
    assert "Nothing was overwritten" in receipt.explanation
    assert clinic.plan["title"] == "Changed by a colleague"


def test_a_server_that_ignores_if_match_is_caught_by_its_version_numbers(at: Make) -> None:
    clinic = at(with_manners(CONFORMING, honours_if_match=False))
    clinic.save({"note": "First"})
    undisturbed = clinic.save({"note": "Second"})
    assert "let somebody else's change be replaced" not in undisturbed.explanation
    kept = clinic.keep(form={"note": "Third"})

    class LateHand:
        def __init__(self, client: Any) -> None:
            self._client = client

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def update(self, resource: dict[str, Any], if_match: str | None = None) -> Any:
            if resource["resourceType"] == "CarePlan":
                another_hand(clinic, title="Changed by a colleague")
            return self._client.update(resource, if_match)

    clinic.desktop.wrap = LateHand
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


def test_a_revoked_plan_stays_with_its_reason_and_the_next_one_is_new(at: Make) -> None:
    clinic = at()
    first = clinic.save()
    receipt = revoke_plan(clinic.services, clinic.context, clinic.review, "Entered for another visit", "revoke-1")
    assert receipt.outcome is Outcome.SAVED
    assert clinic.plan["status"] == "revoked"
    assert "Revoked: Entered for another visit" in str(clinic.plan["note"])
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
    assert clinic.open().existing_plan.resource == receipt.resource  # type: ignore[union-attr]


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
