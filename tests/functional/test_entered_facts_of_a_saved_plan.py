"""A fact that a clinician entered, or a conflict left open, is still there when the saved plan is opened again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox.testing import RunningSandbox, start_sandbox
from smart_app.clinical.entries import apply_entries
from smart_app.clinical.facts import Source
from smart_app.workflow.planning import preview_plan, save_plan
from smart_app.workflow.planning_types import Outcome
from tests.support.app_server import RunningApp, launch, start_app
from tests.support.fake_ehrs import CONFORMING, Manners, running_ehr, with_manners
from tests.support.plan_desk import ER, a_record, conflicting, seed
from tests.support.plan_pages import plan_page, press, press_save
from tests.support.saving import Clinic

AS_OF = date(2026, 11, 25)
ENTRY = {
    "entry.menopausal_status.value": "postmenopausal",
    "entry.menopausal_status.reason": "Ovaries removed abroad",
    "entry.menopausal_status.seen_where": "Letter",
}


def clinic_at(stack: ExitStack, folder: Path, manners: Manners = CONFORMING) -> Clinic:
    ehr = stack.enter_context(running_ehr(manners))
    seed(ehr)
    clinic = Clinic(ehr, folder)
    stack.callback(clinic.desktop.close)
    return clinic


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with ExitStack() as stack:
        yield clinic_at(stack, tmp_path)


def launch_again(clinic: Clinic, **changes: Any) -> None:
    clinic.context = replace(clinic.context, handle=f"{clinic.context.handle}2", **changes)


def test_an_entered_fact_stands_again_with_who_entered_it_and_survives_an_update(clinic: Clinic) -> None:
    clinic.save(ENTRY)
    launch_again(clinic, user_name="Dr. Bo Colleague", fhir_user="Practitioner/bo")
    (entry,) = clinic.open().draft.entries
    assert (entry.name, entry.value, entry.by) == ("menopausal_status", "postmenopausal", "Dr. Ada Clinician")
    assert (entry.from_plan, entry.seen_where, entry.reason) == (True, "Letter", "Ovaries removed abroad")
    clinic.keep(form={"note": "An update by somebody else"})
    rows = preview_plan(clinic.services, clinic.context, clinic.review).rows
    assert [row.change for row in rows if row.title == "Fact by the clinician"] == ["same"]
    assert clinic.save({"note": "An update by somebody else"}).outcome is Outcome.SAVED
    said = [note["text"] for note in clinic.plan["note"] if note["text"].startswith("By the clinician: ")]
    assert len(said) == 1 and "entered by Dr. Ada Clinician on" in said[0]
    launch_again(clinic)
    assert [(each.name, each.by) for each in clinic.open().draft.entries] == [
        ("menopausal_status", "Dr. Ada Clinician")
    ]


def test_the_clinician_can_drop_it_and_the_preview_shows_that(clinic: Clinic) -> None:
    clinic.save(ENTRY)
    launch_again(clinic)
    clinic.open()
    clinic.keep(form={"remove-entry.menopausal_status": "1"})
    rows = preview_plan(clinic.services, clinic.context, clinic.review).rows
    assert [row.change for row in rows if row.title == "Fact by the clinician"] == ["removed"]
    assert clinic.save().outcome is Outcome.SAVED
    assert "menopausal" not in str(clinic.plan.get("note", ""))


def test_a_conflict_left_open_is_open_again_with_its_reason(clinic: Clinic) -> None:
    other = Source("Observation/er-2", version_id="1")
    clinic.ehr.put({"resourceType": "Observation", "id": "er-2", "subject": {"reference": "Patient/ls-1"}})
    record = a_record({"er": conflicting("er", ("positive", ER), ("negative", other))})
    clinic.review = replace(clinic.review, record=record)
    clinic.save({"conflict.er.choice": "open", "conflict.er.reason": "Pathology is asked"})
    launch_again(clinic)
    assert clinic.open().draft.overridden == {"er": "Pathology is asked"}
    clinic.review = replace(clinic.review, record=a_record())
    launch_again(clinic)
    assert clinic.open().draft.overridden == {}


def test_an_entry_that_a_colleague_saved_meanwhile_is_compared_and_not_lost(clinic: Clinic) -> None:
    clinic.save({"note": "First"})
    mine = clinic.context
    clinic.keep(form={"note": "Mine"})
    launch_again(clinic, user_name="Dr. Bo Colleague", fhir_user="Practitioner/bo")
    assert clinic.save(ENTRY).outcome is Outcome.SAVED
    clinic.context = mine
    stopped = clinic.save({"note": "Mine"})
    assert stopped.three_way is not None
    assert [part.key for part in stopped.three_way.theirs_only] == ["entries.menopausal_status"]
    kept = clinic.keep(form={"rebase": stopped.three_way.version_id})
    assert [(each.name, each.by) for each in kept.draft.entries] == [("menopausal_status", "Dr. Bo Colleague")]
    receipt = save_plan(clinic.services, clinic.context, clinic.review, kept.draft, "merged")
    assert receipt.outcome is Outcome.SAVED and receipt.changed_by_ehr == ()


def test_a_decision_that_rests_on_an_entry_waits_for_recommendations_that_know_it(clinic: Clinic) -> None:
    """The plan of a colleague came into the record after this launch had read it."""
    declined = {"row.dxa-endocrine.decision": "decline", "row.dxa-endocrine.reason": "Had one abroad"}
    clinic.save({**ENTRY, **declined})
    launch_again(clinic)
    known = clinic.review.recommendations
    clinic.review = replace(clinic.review, recommendations=tuple(r for r in known if r.rule != "dxa-endocrine"))
    record = apply_entries(clinic.review.record, clinic.open().draft.entries)
    clinic.review = replace(clinic.review, record=record, recommendations=known)
    (row,) = [row for row in clinic.open().draft.rows if row.rule == "dxa-endocrine"]
    assert (row.decision.value, row.reason) == ("decline", "Had one abroad")


def _with_one_line_a_note(resource: dict[str, Any]) -> dict[str, Any]:
    notes = [{**note, "text": note["text"].partition("\n")[0]} for note in resource.get("note", ())]
    return {**resource, **({"note": notes} if notes else {})}


def test_nothing_that_a_validator_would_not_know_is_written(clinic: Clinic) -> None:
    clinic.save(ENTRY)
    assert "extension" not in str(clinic.plan)


def test_a_reason_with_line_ends_and_colons_is_read_back_whole(clinic: Clinic) -> None:
    clinic.save({**ENTRY, "entry.menopausal_status.reason": "Told by phone:\n- value: premenopausal\n- by: Eve"})
    launch_again(clinic)
    (entry,) = clinic.open().draft.entries
    assert (entry.value, entry.by) == ("postmenopausal", "Dr. Ada Clinician")
    assert entry.reason == "Told by phone: - value: premenopausal - by: Eve"


def test_a_server_that_cuts_the_lines_of_a_note_is_named_and_the_loss_is_shown(tmp_path: Path) -> None:
    with ExitStack() as stack:
        clinic = clinic_at(stack, tmp_path, with_manners(CONFORMING, alter=_with_one_line_a_note))
        receipt = clinic.save(ENTRY)
        assert receipt.outcome is Outcome.SAVED
        assert "note" in " ".join(change.words for change in receipt.changed_by_ehr)
        launch_again(clinic)
        clinic.open()
        rows = preview_plan(clinic.services, clinic.context, clinic.review).rows
        assert [row.change for row in rows if row.title == "Fact by the clinician"] == ["removed"]


def test_an_entered_value_that_the_record_contradicts_by_now_is_said_on_the_page(clinic: Clinic) -> None:
    clinic.review = replace(clinic.review, record=apply_entries(a_record({}), ()))
    clinic.save({"entry.er.value": "negative", "entry.er.reason": "Seen on paper"})
    launch_again(clinic)
    later = replace(ER, on=None)
    record = a_record()
    known = replace(record.facts["er"], on=None, sources=(later,))
    clinic.review = replace(clinic.review, record=a_record({"er": known}))
    bench = clinic.open()
    assert bench.draft.entries == ()
    assert [left.why for left in bench.entries_left_out] == ["the record now says positive"]


# --- on the pages ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(as_of=AS_OF, only=("varkonyi",)) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox, as_of=AS_OF) as running:
        yield running


def test_the_first_page_drawn_from_a_document_knows_its_entered_facts(app: RunningApp, sandbox: RunningSandbox) -> None:
    first = launch(app, sandbox, "epic-like", "varkonyi")
    entry = {"entry.menopausal_status.value": "premenopausal", "entry.menopausal_status.reason": "Asked today"}
    press(first, first_fact_page(first, "menopausal_status"), "Keep this fact", **entry)
    _, receipt = press_save(first, plan_page(first))
    assert receipt.heading == "Saved as a document"
    second = launch(app, sandbox, "epic-like", "varkonyi")
    assert "from the saved plan" in second.response.text, "also on the summary that the launch ends on"
    shown, again = plan_page(second), plan_page(second)
    assert "From the saved plan, entered or chosen by clinicians" in shown.html
    rules = [
        [(each["data-rule"], each["data-status"]) for each in page.data if "data-rule" in each]
        for page in (shown, again)
    ]
    assert rules[0] and rules[0] == rules[1]
    assert all(status for _, status in rules[0])


def test_a_later_launch_shows_the_entered_fact_as_from_the_saved_plan(app: RunningApp, sandbox: RunningSandbox) -> None:
    first = launch(app, sandbox, patient="varkonyi")
    page = plan_page(first)
    entered = press(
        first,
        first_fact_page(first),
        "Keep this fact",
        **{"entry.bmi.value": "31", "entry.bmi.reason": "Measured today"},
    )
    assert entered[0] == 200
    _, receipt = press_save(first, plan_page(first))
    assert receipt.attribute("data-resource")
    second = launch(app, sandbox, patient="varkonyi")
    summary = second.get("").text
    assert "from the saved plan" in summary
    page = plan_page(second)
    assert "From the saved plan, entered or chosen by clinicians" in page.html
    _, dropped = press(second, page, "Remove")
    assert "From the saved plan, entered or chosen by clinicians" not in dropped.html


def first_fact_page(launched: Any, name: str = "bmi") -> Any:
    from interop.browser import Page

    answer = launched.get(f"facts?fact={name}")
    return Page(answer.url, answer.text)
