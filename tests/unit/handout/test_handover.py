"""The clinician's one page."""

from __future__ import annotations

import io
from dataclasses import replace

import pikepdf
import pytest
from pypdf import PdfReader

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Fact, FactState, Medication, Scope
from smart_app.clinical.plan import Decision, PlanRow
from smart_app.clinical.recommendations import Citation, DueStatus, RecommendationKind
from smart_app.errors import OutOfScopeError
from smart_app.handout.handover import Handover, compose_handover, handover_text
from smart_app.handout.pdf import render_handover_pdf, render_handover_png
from tests.unit.handout.handout_values import (
    CLINIC,
    PERSON,
    TEMPLATES,
    TODAY,
    cancer,
    chosen,
    conflict,
    draft,
    recommendation,
    recommendations,
    record,
)


def handover(of=None, given=None, **changes) -> Handover:
    of = of or record()
    return compose_handover(
        of, recommendations() if given is None else given, changes.pop("draft", None), chosen(of), CLINIC, TODAY,
        person=PERSON, clinician="Dr. Ada Clinician", **changes,
    )  # fmt: skip


def pdf_text(pdf: bytes) -> str:
    return " ".join("\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def test_safety_comes_first_and_overdue_before_due_before_cannot_tell() -> None:
    of = handover()
    assert of.alerts == ("paroxetine: Do it.",)
    assert [row.status for row in of.plan] == ["overdue", "due", "cannot-tell", "up-to-date"]


def test_what_cannot_be_told_names_what_is_missing_and_has_no_date() -> None:
    row = next(row for row in handover().plan if row.status == "cannot-tell")
    assert row.what == "Needs germline genes: genes" and row.when == "—"


def test_all_that_waits_for_one_fact_is_one_line() -> None:
    given = tuple(
        recommendation(f"gene-{number}", "other", status=DueStatus.CANNOT_TELL, missing=("germline",),
                       title=f"Question {number}")
        for number in range(6)
    )  # fmt: skip
    rows = [row for row in handover(given=given).plan if row.status == "cannot-tell"]
    assert [row.what for row in rows] == ["Needs germline genes: Question 0; Question 1; Question 2; and 3 more"]


def test_what_the_clinician_accepted_without_the_fact_is_planned_at_the_clinicians_date() -> None:
    row = PlanRow("genes", "G", "genetic-counseling", Decision.ACCEPT, "oncology", "genes", due=PartialDate(2027, 2))
    (shown,) = handover(draft=draft(row)).plan
    assert (shown.status_words, shown.when) == ("Planned", "Feb 2027")


def test_what_was_accepted_without_its_date_has_none_and_waits_for_no_visit() -> None:
    given = (recommendation("genes", "genetic-counseling", status=DueStatus.CANNOT_TELL, due=PartialDate(2025)),)
    row = PlanRow("genes", "G", "genetic-counseling", Decision.ACCEPT, "oncology", "genes")
    (shown,) = handover(given=given, draft=draft(row)).plan
    assert (shown.status_words, shown.when) == ("Planned", "No date set")


def test_what_is_due_once_and_done_waits_for_no_visit() -> None:
    given = (
        recommendation("lipids", "lipids", status=DueStatus.UP_TO_DATE),
        recommendation("fatigue", "other"),
    )
    assert {row.what: row.when for row in handover(given=given).plan} == {"lipids": "Done", "fatigue": "Next visit"}


def test_sources_are_the_body_and_the_year() -> None:
    cases = {
        "ACR breast cancer screening in women at higher-than-average risk": "ACR 2016",
        "Cancer Australia follow-up guidance, quoting ACS/ASCO": "Cancer Australia follow-up guidance 2016",
        "ASCO-SSO germline testing in breast cancer": "ASCO-SSO 2016",
        "general knowledge, no text read": "general knowledge",
    }
    for guideline, short in cases.items():
        given = (recommendation("a", "other", citation=Citation(guideline, 2016, "x")),)
        assert handover(given=given).plan[0].source == short


def test_conflicts_and_gaps_stand_like_values() -> None:
    gaps = {"germline": Fact("germline", FactState.NOT_READ), "uterus": Fact("uterus", FactState.NOT_FOUND)}
    of = record(cancers=(cancer(her2=conflict("her2", "positive", "negative")),), facts=gaps)
    page = handover(of)
    rows = {name: value for name, value, _ in page.summary}
    assert rows["HER2"].startswith("CONFLICTING: positive")
    assert page.not_known == (("Not found in the record", "uterus status"), ("Could not be read", "germline genes"))


def test_what_is_not_known_stays_on_the_page_however_full_it_is() -> None:
    more = tuple(recommendation(f"review-{number}", "other", title="Word " * 60) for number in range(60))
    gaps = {"germline": Fact("germline", FactState.NOT_READ), "uterus": Fact("uterus", FactState.NOT_FOUND)}
    text = pdf_text(render_handover_pdf(handover(record(facts=gaps), more), TEMPLATES, made_on=TODAY))
    assert "Not found in the record: uterus status" in text and "Could not be read: germline genes" in text


def test_medicines_that_are_taken_now_stand_together() -> None:
    of = record(other_medications=(Medication("paroxetine", ("cyp2d6-strong-inhibitor",), "active", None, None, ()),))
    assert {name: value for name, value, _ in handover(of).summary}["Medicines now"] == "tamoxifen, paroxetine"


def test_signs_what_not_to_order_and_contacts_are_there() -> None:
    of = handover()
    lists = {one.title: one.items for one in of.columns}
    assert lists["Watch for, and refer"][0].startswith("Emergency: ")
    assert lists["Not advised without symptoms"] == ("no markers",)
    assert of.contacts[0] == ("Oncology, Dr. Ada Clinician", "555-555-0142")


def test_declined_rows_are_left_out_and_undecided_ones_are_named() -> None:
    rows = (
        PlanRow("visit", "V", "clinic-visit", Decision.DECLINE, "oncology", "visit"),
        PlanRow(
            "gynecology",
            "G",
            "gynecology-review",
            Decision.UNDECIDED,
            "gynecology",
            "gynecology",
            due=PartialDate(2027, 4),
        ),
        PlanRow("own-1", "Call in spring", "other", Decision.ACCEPT, "primary-care", due=PartialDate(2027, 4)),
    )
    plan = handover(draft=draft(*rows)).plan
    assert [(row.what, row.when) for row in plan] == [
        ("Call in spring", "Apr 2027"),
        ("gynecology (not yet decided)", "Apr 2027"),
    ]


def test_out_of_scope_there_is_none() -> None:
    with pytest.raises(OutOfScopeError):
        handover(record(scope=Scope(False, ("deceased",))))


@pytest.mark.parametrize("rows", [0, 5, 40])
@pytest.mark.parametrize("paper", ["us-letter", "a4"])
def test_it_is_one_page_and_what_does_not_fit_is_counted(rows: int, paper: str) -> None:
    more = tuple(recommendation(f"review-{number}", "other", title=f"Review number {number}") for number in range(rows))
    of = handover(given=(*recommendations(), *more))
    pdf = render_handover_pdf(of, TEMPLATES, paper, made_on=TODAY)
    text = pdf_text(pdf)
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 1
    shown = sum(f"Review number {number} " in text for number in range(rows))
    if rows == 40:
        hidden = int(text.split(" more in the plan")[0].rsplit("and ", 1)[1])
        assert hidden + shown + 4 == len(of.plan) or hidden >= rows - shown
    else:
        assert shown == rows and "more in the plan" not in text


def test_long_texts_still_give_one_page_and_say_that_they_are_cut() -> None:
    long = tuple(
        recommendation(f"r{number}", "other", title="Word " * 200, says="x " * 900, kind=kind)
        for number, kind in enumerate((RecommendationKind.SAFETY_ALERT, RecommendationKind.REVIEW) * 8)
    )
    pdf = render_handover_pdf(handover(given=long), TEMPLATES, made_on=TODAY)
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 1
    assert "whole text in the plan" in pdf_text(pdf)


def test_a_long_list_of_treatments_is_cut_between_two_and_the_rest_is_counted() -> None:
    past = tuple(
        Medication(f"agent-{n:02}", ("chemotherapy",), "stopped", PartialDate(2020), PartialDate(2021), ())
        for n in range(60)
    )
    now = tuple(replace(one, agent=f"pill-{n:02}", status="active", ended_on=None) for n, one in enumerate(past))
    of = handover(record(systemic=past, other_medications=now))
    rows = {name: value for name, value, _ in of.summary}
    for name, first, mark in (("Chemotherapy", "agent-00", "; "), ("Medicines now", "pill-00", ", ")):
        *shown, rest = rows[name].split(mark)
        assert shown[0].startswith(first)
        assert all(item.startswith(first[:-2]) for item in shown)
        assert rest == f"and {60 - len(shown)} more in the plan"
    assert len(PdfReader(io.BytesIO(render_handover_pdf(of, TEMPLATES, made_on=TODAY))).pages) == 1


def test_the_page_is_tagged_titled_and_the_same_for_the_same_input() -> None:
    first, second = (render_handover_pdf(handover(), TEMPLATES, made_on=TODAY) for _ in range(2))
    assert first == second
    with pikepdf.open(io.BytesIO(first)) as pdf:
        assert pdf.Root.MarkInfo.Marked and str(pdf.Root.Lang) == "en"
        assert str(pdf.docinfo["/Title"]) == "Breast cancer survivorship: handover to primary care"
    assert render_handover_png(handover(), TEMPLATES, made_on=TODAY)[0].startswith(b"\x89PNG")


def test_the_text_version_leaves_nothing_out() -> None:
    more = tuple(recommendation(f"review-{number}", "other", title=f"Review number {number}") for number in range(60))
    text = handover_text(handover(given=(*recommendations(), *more)))
    assert all(f"Review number {number};" in text for number in range(60))
    assert "SAFETY: paroxetine" in text and "CONTACTS" in text


def test_reviewed_rules_change_the_footer() -> None:
    reviewed = tuple(replace(entry, reviewed=True) for entry in recommendations())
    assert "not yet clinically reviewed" not in handover(given=reviewed).footer
    assert "not yet clinically reviewed" in handover().footer
