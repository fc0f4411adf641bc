"""What somebody else writes into our plan in the record is still there after our next save."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smart_app.workflow.planning import preview_plan, revoke_plan
from smart_app.workflow.planning_types import Outcome
from tests.support.fake_ehrs import running_ehr
from tests.support.plan_desk import PATIENT, seed
from tests.support.saving import Clinic

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    with ExitStack() as stack:
        ehr = stack.enter_context(running_ehr())
        seed(ehr)
        desk = Clinic(ehr, tmp_path)
        stack.callback(desk.desktop.close)
        yield desk


def another_hand(clinic: Clinic, change: Change) -> None:
    plan = dict(clinic.plan)
    plan["meta"] = {key: value for key, value in plan["meta"].items() if key != "versionId"}
    change(plan)
    clinic.ehr.put(plan)


def item(plan: dict[str, Any], key: str) -> dict[str, Any]:
    return next(entry for entry in plan["activity"] if entry.get("id") == key)


def _title(plan: dict[str, Any]) -> None:
    plan["title"] = "Plan for Ms. B, agreed with the family"


def _lists(plan: dict[str, Any]) -> None:
    plan["category"] = [*plan["category"], {"text": "Oncology nurse line"}]
    plan["addresses"] = [*plan.get("addresses", []), {"reference": "Condition/depression"}]
    plan["careTeam"] = [{"reference": "CareTeam/breast"}]
    plan["supportingInfo"] = [*plan.get("supportingInfo", []), {"reference": "DocumentReference/letter"}]


def _link(plan: dict[str, Any]) -> None:
    order = {"reference": "ServiceRequest/77", "display": "Order for a mammogram"}
    plan["activity"] = [*plan["activity"], {"reference": order}]


def _progress(plan: dict[str, Any]) -> None:
    row = item(plan, "mammogram-annual")
    row["outcomeReference"] = [{"reference": "Appointment/5"}]
    row["detail"] |= {"status": "scheduled", "location": {"display": "Imaging, 2nd floor"}}
    row["detail"]["performer"] = [*row["detail"].get("performer", []), {"reference": "Practitioner/radiologist"}]


def _other_item(plan: dict[str, Any]) -> None:
    wig = {"id": "wig", "detail": {"code": {"text": "Wig fitting"}, "status": "in-progress", "kind": "DeviceRequest"}}
    plan["activity"] = [*plan["activity"], wig]


def _own_elements(plan: dict[str, Any]) -> None:
    plan["description"] = "Discussed at the tumor board"
    plan["language"] = "en-US"
    plan["partOf"] = [{"reference": "CarePlan/whole"}]
    plan["contained"] = [{"resourceType": "CareTeam", "id": "team"}]
    plan["careTeam"] = [{"reference": "#team"}]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_title, ["title"]),
        (_lists, ["1 category", "1 condition", "1 reference to the record", "1 care team"]),
        (_link, ["item “Order for a mammogram”"]),
        (_progress, ["parts of “Mammogram"]),
        (_own_elements, ["1 care team"]),
    ],
)
def test_what_has_no_field_on_our_page_is_kept_and_told_on_the_receipt(
    clinic: Clinic, change: Change, told: list[str]
) -> None:
    clinic.save({"note": "First"})
    another_hand(clinic, change)
    theirs = clinic.plan
    receipt = clinic.save({"note": "Second"})
    assert receipt.outcome is Outcome.SAVED
    (words,) = [note for note in receipt.notes if note.startswith("Kept as others wrote it")]
    assert all(part in words for part in told)
    stored = clinic.plan
    assert stored["note"][0]["text"] == "Second"
    for name in set(theirs) - {"meta", "note", "text"}:
        assert stored[name] == theirs[name], name
    again = clinic.save({"note": "Third"})
    assert {name: stored[name] for name in stored if name not in ("meta", "note", "text")} == {
        name: clinic.plan[name] for name in clinic.plan if name not in ("meta", "note", "text")
    }
    assert again.outcome is Outcome.SAVED


def test_an_item_that_somebody_added_is_offered_for_comparison_and_then_written_back_as_it_was(clinic: Clinic) -> None:
    clinic.save({"note": "First"})
    another_hand(clinic, _other_item)
    stopped = clinic.save({"note": "Second"})
    assert stopped.three_way is not None
    assert [part.key for part in stopped.three_way.theirs_only] == ["row.wig"]
    clinic.keep(form={"rebase": "2"})
    assert clinic.save().outcome is Outcome.SAVED
    assert item(clinic.plan, "wig")["detail"] == {
        "code": {"text": "Wig fitting"},
        "status": "in-progress",
        "kind": "DeviceRequest",
    }
    clinic.save({"row.wig.when": "2027-02"})
    assert item(clinic.plan, "wig")["detail"]["scheduledPeriod"] == {"start": "2027-02", "end": "2027-02"}
    assert item(clinic.plan, "wig")["detail"]["kind"] == "DeviceRequest"


def test_an_item_of_another_hand_without_an_id_is_a_row_that_a_form_can_name(clinic: Clinic) -> None:
    clinic.save({"note": "First"})
    visit = {"detail": {"code": {"text": "Cardiology visit, Dr. B."}, "status": "scheduled"}}
    another_hand(clinic, lambda plan: plan["activity"].append(visit))
    clinic.context = replace(clinic.context, handle="a-later-launch")
    (row,) = [row for row in clinic.open().draft.rows if row.title == "Cardiology visit, Dr. B."]
    assert not set(row.id) & set(" .")
    clinic.save({f"row.{row.id}.note": "by train"})
    (held,) = [a for a in clinic.plan["activity"] if a["detail"]["code"]["text"] == "Cardiology visit, Dr. B."]
    assert (held["detail"]["status"], held["progress"][0]["text"]) == ("scheduled", "by train")


def test_an_item_with_a_new_date_is_open_again(clinic: Clinic) -> None:
    clinic.save({"note": "First"})
    another_hand(clinic, lambda plan: item(plan, "mammogram-annual")["detail"].update(status="completed"))
    clinic.save({"row.mammogram-annual.note": "Done in May"})
    assert item(clinic.plan, "mammogram-annual")["detail"]["status"] == "completed"
    clinic.save({"row.mammogram-annual.when": "2027-11"})
    assert item(clinic.plan, "mammogram-annual")["detail"]["status"] == "not-started"


def test_a_colleagues_note_keeps_its_author_and_time(clinic: Clinic) -> None:
    clinic.save({"note": "First"})
    note = {"text": "Called her on Friday", "time": "2026-11-20T10:00:00Z", "authorString": "Nurse B."}
    another_hand(clinic, lambda plan: plan["note"].append(note))
    stopped = clinic.save({"row.mammogram-annual.note": "left side first"})
    assert stopped.three_way is not None
    clinic.keep(form={"rebase": "2"})
    assert clinic.save().outcome is Outcome.SAVED
    assert note in clinic.plan["note"]


def test_what_the_clinician_takes_out_goes_although_the_record_held_it(clinic: Clinic) -> None:
    clinic.save({"own.what": "Wig fitting", "goal": "Walk every day", "goals.present": "1"})
    another_hand(clinic, _title)
    own = next(row.id for row in clinic.open().draft.rows if row.title == "Wig fitting")
    clinic.save({f"remove.{own}": "1", "goal": "", "goals.present": "1"})
    assert own not in str(clinic.plan["activity"])
    assert "goal" not in clinic.plan


def test_a_goal_that_cannot_be_read_stays_named(clinic: Clinic) -> None:
    clinic.save({"note": "First"})
    another_hand(clinic, lambda plan: plan.update(goal=[{"reference": "Goal/unreadable"}]))
    clinic.save({"note": "Second"})
    assert clinic.plan["goal"] == [{"reference": "Goal/unreadable"}]


def test_the_preview_shows_what_is_kept(clinic: Clinic) -> None:
    clinic.save({"note": "First"})
    another_hand(clinic, _link)
    another_hand(clinic, _title)
    clinic.save({"note": "Second"})
    name, json = preview_plan(clinic.services, clinic.context, clinic.review).resources[0]
    assert name == "CarePlan"
    assert "ServiceRequest/77" in json
    assert "agreed with the family" in json
    assert "“Order for a mammogram”" in " ".join(preview_plan(clinic.services, clinic.context, clinic.review).kept)


def _narrative(plan: dict[str, Any]) -> None:
    div = plan["text"]["div"]
    plan["text"] = {**plan["text"], "div": div.replace("</div>", "<p>Latex allergy: no gloves.</p></div>", 1)}


def _description(plan: dict[str, Any]) -> None:
    item(plan, "mammogram-annual")["detail"]["description"] = "With tomosynthesis, dense breasts"


@pytest.mark.parametrize(
    ("change", "words"), [(_narrative, "Latex allergy"), (_description, "With tomosynthesis, dense breasts")]
)
def test_a_change_of_words_alone_stops_the_save_and_is_shown(clinic: Clinic, change: Change, words: str) -> None:
    clinic.save({"note": "First"})
    another_hand(clinic, change)
    stopped = clinic.save({"note": "Second"})
    assert stopped.outcome is Outcome.NOT_SAVED and stopped.three_way is not None
    (part,) = stopped.three_way.theirs_only
    assert words in part.theirs and words not in part.base
    clinic.keep(form={"rebase": stopped.three_way.version_id})
    assert clinic.save({"note": "Second"}).outcome is Outcome.SAVED


def a_launch_long_after(clinic: Clinic) -> None:
    """The outbox keeps a settled save for 90 days."""
    clinic.desktop.clock.sleep(200 * 24 * 3600)
    clinic.context = replace(clinic.context, handle="long-after")


def test_a_text_that_somebody_rewrote_is_shown_before_it_goes_also_when_the_save_is_long_ago(clinic: Clinic) -> None:
    clinic.save({"note": "First"})
    another_hand(clinic, _narrative)
    a_launch_long_after(clinic)
    clinic.open()
    rows = preview_plan(clinic.services, clinic.context, clinic.review).rows
    (row,) = [row for row in rows if row.title == "Text of the plan"]
    assert row.change == "changed" and "Latex allergy: no gloves." in (row.now or "")
    receipt = clinic.save({"note": "Second"})
    assert "Written anew over what was perhaps another hand's: Text of the plan" in " ".join(receipt.notes)


def test_a_description_of_another_hand_stays_also_when_the_save_is_long_ago(clinic: Clinic) -> None:
    clinic.save({"note": "First"})
    another_hand(clinic, _description)
    a_launch_long_after(clinic)
    receipt = clinic.save({"note": "Second"})
    assert item(clinic.plan, "mammogram-annual")["detail"]["description"] == "With tomosynthesis, dense breasts"
    assert "parts of “Mammogram" in " ".join(receipt.notes)


def test_our_own_words_are_no_change_of_another_hand(clinic: Clinic) -> None:
    clinic.save({"note": "First"})
    a_launch_long_after(clinic)
    clinic.open()
    rows = preview_plan(clinic.services, clinic.context, clinic.review).rows
    assert not [row for row in rows if row.title.startswith("Text of the plan") or "description" in row.title]
    receipt = clinic.save({"note": "Second"})
    assert receipt.outcome is Outcome.SAVED
    assert not [note for note in receipt.notes if "Kept as" in note or "anew" in note]


def test_a_security_label_is_sent_again(clinic: Clinic) -> None:
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    clinic.save({"note": "First"})
    another_hand(clinic, lambda plan: plan.update(meta={"security": [label]}))
    clinic.save({"note": "Second"})
    assert clinic.plan["meta"]["security"] == [label]
    revoke_plan(clinic.services, clinic.context, clinic.review, "Wrong visit", "revoke")
    assert (clinic.plan["status"], clinic.plan["meta"]["security"]) == ("revoked", [label])


def test_a_goal_of_another_maker_is_taken_out_of_the_plan_and_never_cancelled(clinic: Clinic) -> None:
    clinic.save({"goal": "Walk the lake loop"})
    theirs = {"resourceType": "Goal", "id": "theirs", "lifecycleStatus": "active", "description": {"text": "Low HbA1c"}}
    clinic.ehr.put({**theirs, "subject": {"reference": f"Patient/{PATIENT}"}})
    another_hand(clinic, lambda plan: plan["goal"].append({"reference": "Goal/theirs"}))
    clinic.context = replace(clinic.context, handle="a-later-launch")
    assert clinic.open().draft.goals == ("Walk the lake loop", "Low HbA1c")
    clinic.save({"goal": "", "goals.present": "1"})
    states = {goal["description"]["text"]: goal["lifecycleStatus"] for goal in clinic.ehr.all_of("Goal")}
    assert states == {"Walk the lake loop": "cancelled", "Low HbA1c": "active"}
    assert "goal" not in clinic.plan


def test_an_absolute_reference_or_the_servers_wrapper_of_the_text_is_no_reason_to_refuse(clinic: Clinic) -> None:
    clinic.save({"note": "First"})

    def change(plan: dict[str, Any]) -> None:
        plan["addresses"] = [*plan["addresses"], {"reference": "https://elsewhere.example/fhir/Condition/2"}]
        plan["activity"] = [*plan["activity"], *({"reference": {"display": name}} for name in ("Order 1", "Order 2"))]
        plan["text"] = {"status": "generated", "div": plan["text"]["div"].replace("<h2>", '<h2 class="ehr">')}

    another_hand(clinic, change)
    assert clinic.save({"note": "Second"}).outcome is Outcome.SAVED
    another_hand(clinic, change)
    receipt = revoke_plan(clinic.services, clinic.context, clinic.review, "Wrong visit", "revoke")
    assert receipt.outcome is Outcome.SAVED
    assert "https://elsewhere.example/fhir/Condition/2" in str(clinic.plan["addresses"])
