"""A plan after it was saved: replaced, taken back, found twice; and a record that must be confirmed first (H20)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest

from sandbox.config import Patient
from sandbox.patients import sample_patients
from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.app_server import RunningApp, launch, start_app
from tests.support.plan_pages import AnotherHand, plan_page, press, press_save

AS_OF = date(2026, 11, 25)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(
        as_of=AS_OF, only=("varkonyi", "osthoff", "zaldivarra", "wojtasik", "ilvonen", "chirwandu")
    ) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox, as_of=AS_OF) as running:
        yield running


def plans(sandbox: RunningSandbox, patient: str) -> dict[str, dict[str, object]]:
    return {
        f"CarePlan/{resource['id']}": resource
        for resource in sandbox.record(patient)
        if resource["resourceType"] == "CarePlan"
    }


def test_a_new_plan_takes_the_place_of_the_one_in_the_record(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    first = plan_page(launched)
    assert "Start a new plan" not in first.html
    _, saved = press_save(launched, first)
    old = saved.attribute("data-resource") or ""
    _, again = press(launched, plan_page(launched), "Start a new plan", note="Second phase")
    assert f"{old} is then marked as completed" in again.html
    assert "Second phase" in again.html
    _, receipt = press_save(launched, again)
    new = receipt.attribute("data-resource") or ""
    assert receipt.heading.startswith("Saved to the record")
    held = plans(sandbox, "varkonyi")
    assert held[old]["status"] == "completed"
    assert held[new]["replaces"] == [{"reference": old}]
    assert f"The record holds this care plan as {new}" in plan_page(launched).html


def test_a_page_signs_only_what_it_shows(app: RunningApp, sandbox: RunningSandbox) -> None:
    """Hazard H02: a change of another window is not signed by a page that was drawn before it."""
    launched = launch(app, sandbox, patient="ilvonen")
    before = plan_page(launched)
    press(launched, plan_page(launched), "Keep changes", note="Written in the other window")
    status, refused = press_save(launched, before, goal="Sleep through")
    assert (status, refused.heading) == (409, "The plan has changed in between")
    assert plans(sandbox, "ilvonen") == {}
    shown = plan_page(launched)
    assert "Written in the other window" in shown.html and "Sleep through" in shown.html
    status, receipt = press_save(launched, shown)
    assert receipt.heading.startswith("Saved to the record")
    (plan,) = plans(sandbox, "ilvonen").values()
    assert "Written in the other window" in str(plan["note"])


def test_a_result_chosen_with_the_same_press_counts_and_its_effect_is_told(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient="wojtasik")
    page = plan_page(launched)
    assert "conflict." in page.html
    _, receipt = press_save(launched, page, **{"conflict.her2.reason": "The larger sample"})
    assert receipt.heading.startswith("Saved to the record")
    assert "No longer proposed: The record contradicts itself." in receipt.html
    (plan,) = plans(sandbox, "wojtasik").values()
    assert "results disagree" not in str(plan["text"])
    later = plan_page(launch(app, sandbox, patient="wojtasik"))
    assert "changed since this plan was signed" not in later.html


def test_two_windows_that_show_the_same_plan_make_one(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="chirwandu")
    one, other = plan_page(launched), plan_page(launched)
    _, first = press_save(launched, one)
    _, second = press_save(launched, other)
    assert first.attribute("data-resource") == second.attribute("data-resource")
    assert len(plans(sandbox, "chirwandu")) == 1


def test_starting_a_new_plan_can_be_undone(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="zaldivarra")
    _, saved = press_save(launched, plan_page(launched))
    old = saved.attribute("data-resource") or ""
    press(launched, plan_page(launched), "Start a new plan")
    _, undone = press(launched, plan_page(launched), "Undo")
    assert f"The record holds this care plan as {old}" in undone.html
    _, receipt = press_save(launched, undone, note="Still the same plan")
    assert receipt.attribute("data-resource") == old
    assert len(plans(sandbox, "zaldivarra")) == 1


def test_a_plan_is_taken_back_only_with_a_reason_and_stays_in_the_record(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient="osthoff")
    _, saved = press_save(launched, plan_page(launched))
    reference = saved.attribute("data-resource") or ""
    status, page = press(launched, plan_page(launched), "Take the plan back (revoke)", note="Typed before")
    assert status == 422
    assert "Say why the plan is taken back." in page.html
    assert "Typed before" in page.html
    assert plans(sandbox, "osthoff")[reference]["status"] == "active"
    _, receipt = press(launched, page, "Take the plan back (revoke)", revoke_reason="Meant for another visit")
    assert "taken back" in receipt.html
    held = plans(sandbox, "osthoff")[reference]
    assert held["status"] == "revoked"
    assert "Revoked: Meant for another visit" in str(held["note"])
    assert "Nothing of this plan is in the record yet." in plan_page(launched).html


def test_a_second_open_plan_of_ours_is_said_aloud(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="wojtasik")
    _, saved = press_save(launched, plan_page(launched))
    twin = AnotherHand(sandbox, "wojtasik").copy(saved.attribute("data-resource") or "")
    page = plan_page(launch(app, sandbox, patient="wojtasik"))
    assert "More than one plan of Aftercare is in the record" in page.html
    assert twin in page.html


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"active": False}, "inactive record"),
        ({"meta": {"tag": [{"code": "HTEST"}]}}, "test patient"),
        ({"link": [{"type": "replaced-by", "other": {"reference": "Patient/other"}}]}, "merged into another record"),
    ],
)
def test_a_doubtful_record_takes_a_plan_only_after_confirmation(changes: dict[str, object], words: str) -> None:
    def doubtful(as_of: date) -> list[Patient]:
        (patient,) = [patient for patient in sample_patients(as_of) if patient.id == "varkonyi"]
        resources = [
            {**resource, **changes} if resource["resourceType"] == "Patient" else resource
            for resource in patient.resources
        ]
        return [replace(patient, make=lambda: resources)]

    with start_sandbox(as_of=AS_OF, patients=doubtful) as sandbox, start_app(sandbox, as_of=AS_OF) as app:
        launched = launch(app, sandbox, patient="varkonyi")
        page = plan_page(launched)
        assert f"The record says: {words}." in page.html
        status, refused = press_save(launched, page, note="Typed before")
        assert status == 409
        assert "Confirm that this record is meant." in refused.html
        assert "Typed before" in refused.html
        assert plans(sandbox, "varkonyi") == {}
        _, receipt = press_save(launched, refused, confirm_record="1")
        assert receipt.heading.startswith("Saved to the record")


def test_the_organization_that_the_user_acts_for_is_asked_of_the_ehr() -> None:
    role = {
        "resourceType": "PractitionerRole",
        "id": "ada-role",
        "active": True,
        "practitioner": {"reference": "Practitioner/sandbox-clinician"},
        "organization": {"reference": "Organization/breast-unit", "display": "Breast unit"},
    }

    def with_role(as_of: date) -> list[Patient]:
        (patient,) = [patient for patient in sample_patients(as_of) if patient.id == "varkonyi"]
        return [replace(patient, make=lambda: (*patient.resources, role))]

    with start_sandbox(as_of=AS_OF, patients=with_role) as sandbox, start_app(sandbox, as_of=AS_OF) as app:
        launched = launch(app, sandbox, patient="varkonyi")
        press_save(launched, plan_page(launched))
        (written,) = [
            resource
            for resource in sandbox.record("varkonyi")
            if resource["resourceType"] == "Provenance" and "CarePlan/" in str(resource["target"])
        ]
        assert written["agent"][0]["onBehalfOf"]["reference"] == "Organization/breast-unit"
