"""What a draft holds before the clinician touches it: dates that the facts carry, and what is urgent first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.plan import CarePlanDraft, Decision, PlanRow, RowOrder
from smart_app.clinical.plan_drafting import by_row, draft_plan, merge_draft
from smart_app.clinical.recommendations import DueStatus, Recommendation, RecommendationKind
from smart_app.web.presenters_page import due_tag
from smart_app.workflow.planning_needs import NO_DATE, needed_decisions
from tests.support.plan_desk import a_recommendation, a_record

PLAN = "urn:uuid:6f1c5a1e-6a3e-5a0b-9d6c-2f6a1c0d7e11"
MRI = "breast-mri-high-risk"
PASSED = PartialDate(2025, 1, 25)


def an_mri(**changes: Any) -> Recommendation:
    """A yearly MRI for gene carriers, of whom nobody knows whether she is one."""
    usual = {"status": DueStatus.CANNOT_TELL, "due": PASSED, "missing": ("germline",), "title": "Yearly breast MRI"}
    return a_recommendation(MRI, **{**usual, **changes})


def drafted(*items: Recommendation) -> CarePlanDraft:
    return draft_plan(a_record(), items, identifier=PLAN)


def merged(draft: CarePlanDraft, *items: Recommendation) -> CarePlanDraft:
    return merge_draft(draft, a_record(), items).draft


def changed(draft: CarePlanDraft, **changes: Any) -> CarePlanDraft:
    return replace(draft, rows=tuple(replace(row, **changes) for row in draft.rows))


def no_date_words(draft: CarePlanDraft, *items: Recommendation) -> list[str]:
    needed = needed_decisions(draft, a_record(), (), by_row(items))
    assert not any(entry.blocks for entry in needed if entry.words == NO_DATE)
    return [entry.field for entry in needed if entry.words == NO_DATE]


def test_where_it_cannot_be_told_neither_decision_nor_date_is_preset() -> None:
    (row,) = drafted(an_mri()).rows
    assert (row.decision, row.due, row.proposed_due) == (Decision.UNDECIDED, None, None)


def test_a_date_comes_with_the_fact_that_was_missing_and_goes_with_it() -> None:
    draft = merged(drafted(an_mri()), an_mri(status=DueStatus.DUE, missing=(), due=PartialDate(2026, 11)))
    assert draft.rows[0].due == PartialDate(2026, 11)
    assert merged(draft, an_mri()).rows[0].due is None


def test_a_date_that_the_clinician_gave_stands_although_it_cannot_be_told() -> None:
    draft = changed(drafted(an_mri()), decision=Decision.ACCEPT, due=PartialDate(2027, 3))
    assert merged(draft, an_mri()).rows[0].due == PartialDate(2027, 3)


def test_a_date_that_the_clinician_took_out_stays_out() -> None:
    due = an_mri(status=DueStatus.DUE, missing=(), due=PartialDate(2026, 12))
    draft = changed(drafted(due), due=None)
    assert merged(draft, due).rows[0].due is None
    later = merged(draft, an_mri(status=DueStatus.DUE, missing=(), due=PartialDate(2027, 2)))
    assert later.rows[0].due is None


def test_an_accepted_row_without_the_date_that_it_would_have_is_said_and_stops_nothing() -> None:
    draft = changed(drafted(an_mri()), decision=Decision.ACCEPT)
    assert no_date_words(draft, an_mri()) == [f"row.{MRI}.when"]
    assert no_date_words(changed(draft, due=PartialDate(2027, 3)), an_mri()) == []
    assert no_date_words(changed(draft, decision=Decision.DECLINE), an_mri()) == []
    assert no_date_words(drafted(an_mri()), an_mri()) == []


def test_advice_that_never_has_a_date_asks_for_none() -> None:
    talk = a_recommendation("fatigue", status=DueStatus.DUE, due=None, interval_months=None)
    assert no_date_words(drafted(talk), talk) == []


def several() -> tuple[Recommendation, ...]:
    """As the rules stand: nothing of it in the order in which a clinician acts."""
    return (
        a_recommendation("later", status=DueStatus.UP_TO_DATE, due=PartialDate(2027, 5)),
        an_mri(),
        a_recommendation("due-without-date", status=DueStatus.DUE, due=None),
        a_recommendation("due-december", status=DueStatus.DUE, due=PartialDate(2026, 12)),
        a_recommendation(
            "no-markers", kind=RecommendationKind.NOT_ADVISED, status=DueStatus.NOT_INDICATED, due=None
        ),
        a_recommendation("late", status=DueStatus.OVERDUE, due=PartialDate(2026, 8)),
        a_recommendation("alert", kind=RecommendationKind.SAFETY_ALERT, status=DueStatus.DUE, due=None),
        a_recommendation("later-still", status=DueStatus.OVERDUE, due=PartialDate(2026, 9)),
    )  # fmt: skip


CLINICAL = ["alert", "late", "later-still", "due-december", "due-without-date", MRI, "later", "no-markers"]


def ids(draft: CarePlanDraft) -> list[str]:
    return [row.id for row in draft.rows]


def test_alerts_stand_first_then_overdue_due_cannot_tell_up_to_date() -> None:
    assert ids(drafted(*several())) == CLINICAL


def test_what_becomes_overdue_moves_up_as_long_as_nobody_moved_a_row() -> None:
    draft = drafted(*several())
    own = PlanRow("own-1", "Swim", "other", Decision.ACCEPT, "patient")
    draft = replace(draft, rows=(*draft.rows, own))
    now = [
        replace(e, status=DueStatus.OVERDUE, due=PartialDate(2026, 7)) if e.rule == "later" else e for e in several()
    ]
    assert ids(merged(draft, *now)) == ["alert", "later", *[i for i in CLINICAL[1:] if i != "later"], "own-1"]
    moved = replace(draft, rows=tuple(reversed(draft.rows)), row_order=RowOrder.OWN)
    assert ids(merged(moved, *now)) == ["own-1", *reversed(CLINICAL)]


def test_the_order_of_a_saved_plan_stands_but_alerts_and_what_is_overdue_come_first() -> None:
    draft = drafted(*several())
    saved = replace(draft, rows=tuple(reversed(draft.rows)), row_order=RowOrder.SAVED)
    urgent = CLINICAL[:3]
    assert ids(merged(saved, *several())) == [*urgent, *[i for i in reversed(CLINICAL) if i not in urgent]]


@pytest.mark.parametrize(
    ("status", "word"),
    [(DueStatus.OVERDUE, "Safety alert"), (DueStatus.DUE, "Safety alert"), (DueStatus.CANNOT_TELL, "Cannot tell")],
)
def test_an_alert_that_stands_is_called_one_and_not_due(status: DueStatus, word: str) -> None:
    assert due_tag(status, RecommendationKind.SAFETY_ALERT).word == word
    assert due_tag(status, RecommendationKind.SURVEILLANCE).word != "Safety alert"
