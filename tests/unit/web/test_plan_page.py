"""The workbench, the receipts and the other pages over hand-built values."""

from __future__ import annotations

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from smart_app.clinical.facts import Scope
from smart_app.web.presenters_entry import present_entry
from smart_app.web.presenters_page import Frame, Link, Pair, ProblemPage
from smart_app.web.presenters_plan import present_plan
from smart_app.web.presenters_receipt import present_receipt
from smart_app.web.presenters_scope import present_scope
from smart_app.workflow.planning_types import Outcome
from tests.support.house_checks import check_page, find_all, text_of
from tests.support.page_plans import sample_bench, sample_preview, sample_receipt, sample_rows, sample_sections
from tests.support.page_values import render, sample_frame, sample_record

ZONE = ZoneInfo("America/New_York")
H = "{http://www.w3.org/1999/xhtml}"


def plan_html(typed: dict[str, list[str]] | None = None, problems: dict[str, str] | None = None) -> str:
    page = present_plan(
        sample_bench(), sample_preview(), sample_sections(), sample_frame("edit and save plan"), ZONE, typed, problems
    )
    return render("plan.html", page)


def test_the_workbench_keeps_the_house_rules() -> None:
    check_page(plan_html())


def test_the_fields_of_all_rows_and_the_save_button_belong_to_one_form() -> None:
    document = check_page(plan_html())
    form = next(f for f in document.iter(f"{H}form") if f.get("class") == "workbench")
    names = {control.get("name") for control in form.iter() if control.get("name")}
    for row in sample_rows():
        for part in (
            ("decision", "note", "reason") if row.not_advised else ("decision", "when", "owner", "note", "reason")
        ):
            assert f"row.{row.id}.{part}" in names
    buttons = [text_of(button).strip() for button in form.iter(f"{H}button")]
    assert buttons.count("Save plan to record") == 1
    assert buttons.count("Keep row") == len(sample_rows())


def test_enter_in_a_field_keeps_and_never_saves() -> None:
    document = check_page(plan_html())
    form = next(f for f in document.iter(f"{H}form") if f.get("class") == "workbench")
    first = next(form.iter(f"{H}button"))
    assert first.get("value") == "keep"


def test_where_the_engine_cannot_tell_nothing_is_preset() -> None:
    document = check_page(plan_html())
    radios = [e for e in document.iter(f"{H}input") if e.get("name") == "row.dxa-endocrine.decision"]
    assert len(radios) == 2
    assert not any("checked" in radio.attrib for radio in radios)


def test_what_does_not_stop_saving_is_said_once_with_a_link_to_each_row() -> None:
    bench = sample_bench()
    waiting = [
        replace(bench.needed[1], field=f"row.{name}.decision", title=name, row=name)
        for name in ("dxa-endocrine", "mammogram-annual")
    ]
    page = present_plan(
        replace(bench, needed=(bench.needed[0], *waiting)),
        sample_preview(),
        (),
        sample_frame("edit and save plan"),
        ZONE,
    )
    document = check_page(render("plan.html", page))
    panel = next(part for part in document.iter() if part.get("id") == "needed")
    stops, said = panel.findall(f"{H}ul")
    assert text_of(stops) == "HER2: choose which result stands, or leave it open with a reason"
    assert text_of(said) == "Not decided: dxa-endocrine; mammogram-annual"
    assert [link.get("href") for link in said.iter(f"{H}a")] == ["#dxa-endocrine", "#mammogram-annual"]


def test_what_was_typed_comes_back_with_the_error_beside_it() -> None:
    typed = {"row.mammogram-annual.when": ["soonish"], "row.mammogram-annual.note": ["call <her>"]}
    problems = {"row.mammogram-annual.when": "Write a month or a day, such as 2026-12"}
    document = check_page(plan_html(typed, problems))
    field = next(e for e in document.iter() if e.get("id") == "f-row-mammogram-annual-when")
    assert field.get("value") == "soonish"
    assert field.get("aria-invalid") == "true"
    error = next(e for e in document.iter() if e.get("id") == "e-mammogram-annual-when")
    assert "such as 2026-12" in text_of(error)
    assert next(e for e in document.iter() if e.get("id") == "f-row-mammogram-annual-note").get("value") == "call <her>"


def test_the_save_line_names_the_patient_and_the_place() -> None:
    document = check_page(plan_html())
    line = next(text_of(e) for e in document.iter() if e.get("class") == "save")
    for words in ("Mary Ellen Samplewright", "Sep 9, 1974", "9000 1234", "Lakeside Test Health", "Dr. Ada Clinician"):
        assert words in line


def test_a_user_who_may_not_sign_sees_why_and_no_save_button() -> None:
    bench = replace(sample_bench(), saveable=False, not_saveable_because="The EHR did not say who you are.")
    page = present_plan(bench, sample_preview(), sample_sections(), sample_frame("plan"), ZONE)
    text = text_of(check_page(render("plan.html", page)))
    assert "The EHR did not say who you are." in text
    assert "Save plan to record" not in text


@pytest.mark.parametrize(
    ("outcome", "heading"),
    [
        (Outcome.SAVED, "Saved to the record"),
        (Outcome.SAVED_AS_DOCUMENT, "Saved as a document"),
        (Outcome.NOT_SAVED, "Not saved"),
        (Outcome.UNKNOWN, "Not known whether saved"),
    ],
)
def test_each_outcome_has_its_words_and_only_a_save_names_a_resource(outcome: Outcome, heading: str) -> None:
    document = check_page(render("receipt.html", present_receipt(sample_receipt(outcome), sample_frame("r"), ZONE)))
    assert text_of(next(document.iter(f"{H}h1"))) == heading
    named = find_all(document, "data-resource")
    assert [e.get("data-resource") for e in named] == (["CarePlan/4711"] if sample_receipt(outcome).saved else [])


def test_a_save_of_unknown_outcome_offers_to_look_again_and_never_to_save() -> None:
    page = present_receipt(sample_receipt(Outcome.UNKNOWN), sample_frame("r"), ZONE)
    text = text_of(check_page(render("receipt.html", page)))
    assert page.actions[0].text == "Check again"
    assert "Save plan" not in text


@pytest.mark.parametrize("reason", ["metastatic-disease", "no-breast-cancer", "deceased", "lcis-only"])
def test_outside_the_scope_the_page_says_why_and_holds_no_rule(reason: str) -> None:
    record = replace(sample_record(), scope=Scope(False, (reason,)))
    document = check_page(render("scope.html", present_scope(record, sample_frame("plan does not apply"))))
    assert find_all(document, "data-rule") == []
    assert "recorded" in text_of(document)


def test_lcis_only_names_the_other_pathway() -> None:
    record = replace(sample_record(), scope=Scope(False, ("lcis-only",)))
    assert "pathway for people at high risk" in render("scope.html", present_scope(record, sample_frame("scope")))


def test_a_problem_page_without_a_launch_holds_no_patient() -> None:
    page = ProblemPage(Frame("launch refused"), "Refused", "Why.", (Pair("Reference", "R-1"),), (Link("Go", "/x"),))
    text = text_of(check_page(render("problem.html", page)))
    assert "No patient data is shown on this page." in text


@pytest.mark.parametrize("key", ["", "menopausal_status", "her2", "germline", "tumor_size_mm", "nonsense", "her2.7"])
def test_any_fact_can_be_entered_and_a_wrong_name_gives_the_list(key: str) -> None:
    document = check_page(render("facts_entry.html", present_entry(sample_record(), sample_frame("facts"), 4, key)))
    forms = [e for e in document.iter(f"{H}form") if e.get("class") == "entry"]
    assert len(forms) == (0 if key in ("", "nonsense", "her2.7") else 1)


@pytest.mark.parametrize("name", ["\u202eAda Backwards", "عائشة بنت أحمد", "Rivka כהן"])
def test_a_name_that_runs_the_other_way_moves_no_other_word(name: str) -> None:
    """Hazard H18: without isolation the birth date and the number beside it may change places."""
    frame = sample_frame("edit and save plan")
    assert frame.banner is not None
    patient = replace(frame.banner.patient, name=name)
    frame = replace(frame, banner=replace(frame.banner, patient=patient))
    page = present_plan(sample_bench(), sample_preview(), sample_sections(), frame, ZONE)
    document = check_page(render("plan.html", page))
    holding = [each for each in document.iter() if name in (each.text or "")]
    assert len(holding) >= 3, "banner, button and foot say whose it is"
    assert {each.tag for each in holding} == {f"{H}bdi"}
    assert not [each for each in document.iter() if name in (each.tail or "")]


def test_no_empty_field_shows_something_that_reads_as_a_date() -> None:
    """A grey example date in the field of what cannot be told would be read as its date."""
    document = check_page(plan_html())
    hints = [each.get("placeholder") or "" for each in document.iter(f"{H}input")]
    assert not [hint for hint in hints if any(sign.isdigit() for sign in hint)]
