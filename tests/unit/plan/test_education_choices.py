"""A draft keeps only what the clinician decided about the texts: what the rules find later still reaches the paper."""

from __future__ import annotations

from dataclasses import replace

from smart_app.clinical.education import ChosenParagraph, apply_choices
from smart_app.clinical.plan import CarePlanDraft, EducationChoice
from smart_app.web.forms import read_plan_form, with_moves
from smart_app.web.presenters_plan import present_choices
from smart_app.web.presenters_rows import Typed
from smart_app.workflow.planning_forms import apply_form
from tests.support.plan_desk import a_record
from tests.unit.handout.handout_values import chosen, record

TEXTS = chosen(record(), include_hidden=True)
SHOWN = next(e.paragraph.id for e in TEXTS if e.shown and e.paragraph.audience == "patient")
HIDDEN = next(e.paragraph.id for e in TEXTS if not e.shown and e.paragraph.audience == "patient")


def form_of(draft: CarePlanDraft, texts: tuple[ChosenParagraph, ...] = TEXTS, **ticked: bool) -> dict[str, list[str]]:
    """The fields as the page sends them, with some boxes changed."""
    fields: dict[str, list[str]] = {}
    for row in present_choices(draft, texts, Typed(None)):
        fields[f"{row.name}.order"] = [str(row.order)]
        fields[f"{row.name}.proposed"] = [row.proposed]
        if ticked.get(row.id, row.shown):
            fields[f"{row.name}.shown"] = ["1"]
    return fields


def kept(draft: CarePlanDraft, fields: dict[str, list[str]]) -> CarePlanDraft:
    changed, problems = apply_form(draft, a_record(), fields, by="Dr. Ada", at="2026-11-25T10:00:00Z")
    assert problems == ()
    return changed


def with_rules_changed(*ids: str) -> tuple[ChosenParagraph, ...]:
    """The same texts after a fact changed: for these the rules now say the opposite."""
    return tuple(replace(entry, shown=not entry.shown) if entry.paragraph.id in ids else entry for entry in TEXTS)


def printed(draft: CarePlanDraft, texts: tuple[ChosenParagraph, ...]) -> set[str]:
    return {entry.paragraph.id for entry in apply_choices(texts, draft.education)}


EMPTY = CarePlanDraft("urn:uuid:6f1c5a1e-6a3e-5a0b-9d6c-2f6a1c0d7e11", 1, ())


def test_a_page_that_was_only_kept_decides_nothing_about_the_texts() -> None:
    assert kept(EMPTY, form_of(EMPTY)).education == ()


def test_a_text_that_a_new_fact_calls_for_is_printed_although_the_draft_was_kept_before() -> None:
    draft = kept(EMPTY, form_of(EMPTY))
    now = printed(draft, with_rules_changed(HIDDEN, SHOWN))
    assert HIDDEN in now and SHOWN not in now


def test_what_the_clinician_ticked_or_left_out_stands_also_when_the_rules_change() -> None:
    draft = kept(EMPTY, form_of(EMPTY, **{SHOWN: False, HIDDEN: True}))
    assert draft.education == tuple(
        sorted((EducationChoice(SHOWN, False), EducationChoice(HIDDEN, True)), key=lambda c: c.paragraph)
    )
    for texts in (TEXTS, with_rules_changed(HIDDEN, SHOWN)):
        assert HIDDEN in printed(draft, texts) and SHOWN not in printed(draft, texts)
    again = kept(draft, form_of(draft, **{SHOWN: True, HIDDEN: False}))
    assert again.education == (), "what the rules propose is no decision of the clinician"


def test_moving_a_text_keeps_the_order_and_nothing_else() -> None:
    fields = form_of(EMPTY)
    second = present_choices(EMPTY, TEXTS, Typed(None))[1].id
    pressed = read_plan_form({**fields, "action": [f"text-up:{second}"]})
    draft = kept(EMPTY, with_moves(pressed, (), {}))
    assert all(choice.shown is None for choice in draft.education)
    assert present_choices(draft, TEXTS, Typed(None))[0].id == second
    assert printed(draft, TEXTS) == printed(EMPTY, TEXTS)
    assert kept(draft, form_of(draft)).education == draft.education
