"""Treatments and studies that the record lacks or mistakes: entered, corrected, struck, saved, and there again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
import requests

from interop.browser import Page
from sandbox.testing import RunningSandbox, start_sandbox
from tests.support.app_server import LaunchedPage, RunningApp, launch, start_app
from tests.support.plan_pages import plan_page, press, press_save

AS_OF = date(2026, 11, 25)
KEEP = "Keep this entry"
ROWS: dict[str, dict[str, str]] = {
    "surgery": {"kind": "mastectomy", "side": "left", "on": "2021-05"},
    "axillary_surgery": {"kind": "axillary-dissection", "side": "left", "on": "2021-05"},
    "radiation": {"side": "left", "field": "chest wall", "from": "2021-08", "to": "2021-09", "dose": "50"},
    "systemic": {"agent": "doxorubicin", "status": "stopped", "from": "2021-06", "to": "2021-07"},
    "other_medications": {"agent": "paroxetine", "status": "active", "from": "2026-01"},
    "conditions": {"what": "stroke", "status": "resolved", "on": "2020"},
    "done": {"what": "mammogram", "side": "left", "on": "2026-10-02", "birads": "2"},
}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[RunningSandbox]:
    with start_sandbox(as_of=AS_OF, only=("varkonyi", "ilvonen", "hallingstad", "kivelahti")) as running:
        yield running


@pytest.fixture(scope="module")
def app(sandbox: RunningSandbox) -> Iterator[RunningApp]:
    with start_app(sandbox, as_of=AS_OF) as running:
        yield running


@pytest.fixture(autouse=True)
def fresh_record(sandbox: RunningSandbox) -> None:
    sandbox.reset()


def enter(launched: LaunchedPage, key: str, parts: dict[str, str], button: str = KEEP, **more: str) -> tuple[int, Page]:
    answer = launched.get(f"facts?fact={key}")
    said = {"reason": f"Reason of {key}", "seen_where": f"Letter on {key}", **more}
    changes = {f"row.{name}": text for name, text in {**parts, **said}.items()}
    return press(launched, Page(answer.url, answer.text), button, **changes)


def post(launched: LaunchedPage, key: str, typed: dict[str, object]) -> requests.Response:
    """A form as a browser sends it, in which nothing is chosen that is not typed here."""
    fields = {f"row.{name}": value for name, value in typed.items()}
    return launched.post("facts", {"fact": key, "draft_version": "", "action": "keep", **fields})


def states(page: Page, treatment: str) -> list[str]:
    return re.findall(rf'data-treatment="{treatment}"[^>]*data-state="([\w-]+)"', page.html)


def rules(launched: LaunchedPage) -> list[tuple[str, ...]]:
    return sorted(re.findall(r'data-rule="([\w-]+)" data-status="([\w-]+)"', launched.get("").text))


def own_key(launched: LaunchedPage, name: str, words: str) -> str:
    """The key of the row that is listed with these words."""
    listed = launched.get(f"facts?fact={name}").text
    return next(k for k, text in re.findall(r'fact=([\w.-]+)">([^<]+)</a>', listed) if words in text and "." in k)


def test_every_kind_of_row_is_kept_marked_saved_and_there_at_the_next_launch(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    for name, parts in ROWS.items():
        status, page = enter(launched, name, parts)
        assert status == 200, name
        assert "entered" in states(page, "imaging" if name == "done" else name), name
        assert f"Reason of {name}" in plan_page(launched).html, name
    before = rules(launched)
    _, receipt = press_save(launched, plan_page(launched))
    assert receipt.attribute("data-resource")
    record = sandbox.record("varkonyi")
    plan = str(next(r for r in record if r["resourceType"] == "CarePlan"))
    provenance = str([r for r in record if r["resourceType"] == "Provenance"])
    for name in ROWS:
        assert f"Reason of {name}" in plan, name
        assert f"Reason of {name}" in provenance, name
    again = launch(app, sandbox, patient="varkonyi")
    assert rules(again) == before
    page = Page("", again.get("").text)
    for name in ROWS:
        assert "entered" in states(page, "imaging" if name == "done" else name), name
    assert "Paroxetine" in plan_page(again).html


def test_a_paroxetine_that_only_the_clinician_knows_of_raises_the_alert(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    drug = own_key(launched, "systemic", "Letrozole")
    enter(launched, drug, {"status": "stopped", "to": "2026-03"})
    enter(launched, "systemic", {"agent": "tamoxifen", "status": "active", "from": "2026-03"})
    assert not [rule for rule, _ in rules(launched) if "cyp2d6" in rule]
    enter(launched, "other_medications", ROWS["other_medications"])
    assert [rule for rule, _ in rules(launched) if "cyp2d6" in rule]


def test_several_drugs_of_one_regimen_are_entered_at_once(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    typed = {"status": "stopped", "from": "2024-03", "to": "2024-05", "reason": "Letter"}
    post(launched, "systemic", {**typed, "agent": ["doxorubicin", "cyclophosphamide"]})
    html = launched.get("").text
    assert "Cyclophosphamide, doxorubicin" in html
    assert plan_page(launched).html.count("<bdi>Letter</bdi>") == 2


def test_a_row_of_the_record_is_corrected_and_its_own_word_stays(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    before = rules(launched)
    key = own_key(launched, "surgery", "Lumpectomy, right")
    _, page = enter(launched, key, {"kind": "mastectomy"})
    assert "Mastectomy, right" in page.html
    assert "record: lumpectomy, right" in page.html
    assert "mammogram" in str(set(before) - set(rules(launched))), "no mammogram of a breast that is gone"
    answer = launched.get(f"facts?fact={own_key(launched, 'surgery', 'Mastectomy')}")
    press(launched, Page(answer.url, answer.text), "Take my entry back")
    assert rules(launched) == before


def test_a_row_that_did_not_take_place_is_struck_and_stays_in_sight(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    key = own_key(launched, "systemic", "Letrozole")
    _, page = enter(launched, key, {}, what_is_right="not")
    assert "Letrozole, taken now, since Jun 25, 2024: did not take place" in page.html
    assert not [rule for rule, _ in rules(launched) if "endocrine" in rule]
    _, receipt = press_save(launched, plan_page(launched))
    assert receipt.attribute("data-resource")
    again = launch(app, sandbox, patient="varkonyi")
    assert "did not take place" in again.get("").text


def test_that_there_was_none_is_said_with_a_reason_and_named_in_the_plan(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient="ilvonen")
    answer = launched.get("facts?fact=radiation")
    assert "There was none" in answer.text
    status, page = press(launched, Page(answer.url, answer.text), "There was none")
    assert status == 422
    assert "Give a reason" in page.html
    status, page = press(launched, page, "There was none", **{"row.reason": "She told me"})
    assert status == 200
    assert states(page, "radiation") == ["entered"]
    assert "She told me" in plan_page(launched).html
    answer = launched.get("facts?fact=radiation")
    press(launched, Page(answer.url, answer.text), "Take this back")
    assert states(Page("", launched.get("").text), "radiation") == ["not-found"]


@pytest.mark.parametrize(
    ("name", "parts", "words"),
    [
        ("surgery", {"kind": "mastectomy"}, "Choose one."),
        ("surgery", {"kind": "mastectomy", "side": "left", "on": "2027-01"}, "This date lies in the future."),
        ("surgery", {"kind": "mastectomy", "side": "left", "on": "last year"}, "Write a year, month or day"),
        ("systemic", {"agent": "letrozole", "status": "active"}, "The record lists this itself: correct that row"),
        ("systemic", {"agent": "snake oil", "status": "active"}, "Choose one of those that are offered."),
        ("done", {"what": "dxa"}, "Give a date."),
    ],
)
def test_what_cannot_be_kept_is_said_at_its_field_and_nothing_typed_is_lost(
    app: RunningApp, sandbox: RunningSandbox, name: str, parts: dict[str, str], words: str
) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    answer = post(launched, name, {**parts, "reason": "Because", "seen_where": "Letter on it"})
    assert answer.status_code == 422
    assert words in answer.text
    for value in (*(value for value in parts.values() if value != "snake oil"), "Because", "Letter on it"):
        assert re.search(rf'value="{re.escape(value)}"(?: checked| selected| maxlength)', answer.text), value


def test_an_entry_that_ended_the_scope_can_be_taken_back(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    before = rules(launched)
    answer = launched.get("facts?fact=stage_group")
    fields = {"entry.stage_group.value": "IV", "entry.stage_group.reason": "mistyped"}
    press(launched, Page(answer.url, answer.text), "Keep this fact", **fields)
    refused = launched.get("plan")
    assert refused.status_code == 409
    assert "Take back what you entered" in refused.text
    assert 'data-rule="' not in launched.get("").text
    answer = launched.get("facts?fact=stage_group")
    assert answer.status_code == 200
    press(launched, Page(answer.url, answer.text), "Take my entry back")
    assert rules(launched) == before
    assert launched.get("plan").status_code == 200


def test_what_was_not_read_is_still_said_beside_what_is_entered(app: RunningApp, sandbox: RunningSandbox) -> None:
    sandbox.set_faults({"on": "search", "type": "Procedure", "kind": "status", "status": 500})
    launched = launch(app, sandbox, patient="varkonyi")
    assert states(Page("", launched.get("").text), "surgery") == ["not-read"]
    _, page = enter(launched, "surgery", ROWS["surgery"])
    assert states(page, "surgery") == ["entered", "not-read"]
    answer = launched.get("facts?fact=surgery")
    _, page = press(launched, Page(answer.url, answer.text), "There are no others", **{"row.reason": "Her own letter"})
    assert states(page, "surgery") == ["entered", "entered"]
    assert "record: not read in full" in page.html
    assert "No others than these" in page.html


def test_a_stage_that_the_chart_has_wrong_is_overridden_and_the_plan_applies(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient="hallingstad")
    assert launched.get("plan").status_code == 409
    assert "Enter what is right" in launched.get("plan").text
    for fact, value in (("metastasis", "none"), ("stage_group", "IIA"), ("m", "M0")):
        answer = launched.get(f"facts?fact={fact}")
        fields = {f"entry.{fact}.value": value, f"entry.{fact}.reason": "Staging was wrong; see letter"}
        status, page = press(launched, Page(answer.url, answer.text), "Keep this fact", **fields)
        assert status == 200, page.html
    plan = plan_page(launched)
    assert launched.get("plan").status_code == 200
    assert "Staging was wrong; see letter" in plan.html
    summary = launched.get("").text
    assert 'data-rule="' in summary
    assert "The record says otherwise." in summary, "an overridden metastasis is never out of sight"
    _, receipt = press_save(launched, plan)
    assert receipt.attribute("data-resource")


def test_of_a_patient_who_has_died_nothing_can_be_entered(app: RunningApp, sandbox: RunningSandbox) -> None:
    launched = launch(app, sandbox, patient="kivelahti")
    assert launched.get("facts").status_code == 409
    assert "Enter what is right" not in launched.get("plan").text


def test_two_faults_are_said_at_once_and_a_drug_is_never_replaced_without_a_word(
    app: RunningApp, sandbox: RunningSandbox
) -> None:
    launched = launch(app, sandbox, patient="varkonyi")
    typed = {"agent": "docetaxel", "status": "stopped", "from": "2027-01"}
    answer = post(launched, "systemic", typed)
    assert "This date lies in the future." in answer.text
    assert "Give a reason" in answer.text
    assert post(launched, "systemic", {**typed, "from": "2024-03", "reason": "Letter"}).status_code == 200
    again = post(launched, "systemic", {**typed, "from": "2025-03", "reason": "Another letter"})
    assert again.status_code == 422
    assert "You entered this already" in again.text
    letrozole = own_key(launched, "systemic", "Letrozole")
    other = post(launched, letrozole, {**typed, "from": "2024-03", "reason": "Letter"})
    assert other.status_code == 422
    assert "This drug is listed already" in other.text
