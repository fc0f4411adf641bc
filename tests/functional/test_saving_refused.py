"""Saving at servers that refuse, are busy, fall silent or forget (faults F20 to F31)."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from smart_app.errors import (
    MissingGlyphError,
    TemporaryFhirError,
    UnknownOutcomeError,
)
from smart_app.workflow.planning import (
    check_again,
    keep_changes,
    receipt_for,
    save_plan,
    unresolved_saves,
)
from smart_app.workflow.planning_ports import DocumentFile, IssuerFacts
from smart_app.workflow.planning_types import Outcome
from tests.support.fake_ehrs import CONFORMING, Manners, with_manners
from tests.support.saving import SUBJECT, Make

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
        "expression": ["CarePlan.activity[2].detail.scheduledPeriod"],
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


def test_a_412_whose_matches_no_search_finds_claims_none(at: Make) -> None:
    receipt = at(refusing(412)).save()
    assert receipt.outcome is Outcome.NOT_SAVED and receipt.duplicates == ()
    assert "a search found none" in receipt.explanation


def test_an_update_that_is_not_taken_says_that_the_earlier_version_stands(at: Make) -> None:
    clinic = at()
    first = clinic.save({"note": "First"})
    clinic.ehr.fail += [(412, {})] * 3
    receipt = clinic.save({"note": "Second"})
    assert receipt.outcome is Outcome.NOT_SAVED
    assert f"{first.resource} was read again and stands as it was in version 1" in receipt.explanation
    assert "is not in the record:" not in receipt.explanation


def test_a_server_that_asks_for_a_day_is_not_waited_for(at: Make) -> None:
    clinic = at()
    clinic.ehr.fail = [(503, {"Retry-After": "86400"})]
    receipt = clinic.save()
    assert receipt.outcome is Outcome.NOT_SAVED
    assert "did not take the plan" in receipt.explanation
    assert "The EHR asks to wait 1 day first." in receipt.explanation
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


def test_an_unknown_save_tells_what_came_of_the_write_and_not_of_the_looks_for_it(at: Make) -> None:
    clinic = at()
    clinic.open()
    kept = clinic.keep(form={"note": "x"})
    fault = {"status": 0}

    class NoSearchAfterTheWrite:
        def __init__(self, client: Any) -> None:
            self._client, self._sent = client, False

        def __getattr__(self, name: str) -> Any:
            return getattr(self._client, name)

        def create(self, resource: dict[str, Any], headers: Any = None) -> Any:
            self._sent = True
            if fault["status"]:
                raise TemporaryFhirError("the EHR answered with an error", status=fault["status"])
            raise UnknownOutcomeError("no answer")

        def search(self, *args: Any, **options: Any) -> Any:
            if self._sent:
                raise TemporaryFhirError("the EHR answered 503", status=503)
            return self._client.search(*args, **options)

    clinic.desktop.wrap = NoSearchAfterTheWrite
    receipt = save_plan(clinic.services, clinic.context, clinic.review, kept.draft, "lost")
    assert (receipt.outcome, receipt.status) == (Outcome.UNKNOWN, None)
    assert "no answer came" in receipt.explanation
    fault["status"] = 500
    clinic.context = replace(clinic.context, patient_id="ls-2", handle="another")
    clinic.open()
    kept = clinic.keep(form={"note": "x"})
    receipt = save_plan(clinic.services, clinic.context, clinic.review, kept.draft, "error")
    assert (receipt.outcome, receipt.status) == (Outcome.UNKNOWN, 500)
    assert "answered with an error (500)" in receipt.explanation


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
