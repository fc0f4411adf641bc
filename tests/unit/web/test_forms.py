"""A posted form: its button, its fields, and what a move button does to the order."""

from __future__ import annotations

from smart_app.clinical.plan import Decision, PlanRow
from smart_app.web.forms import read_plan_form, with_moves

ROWS = [PlanRow(name, name, "other", Decision.ACCEPT, "oncology") for name in ("a", "b", "c", "d")]
GROUPS = {"a": "plan", "b": "avoid", "c": "plan", "d": "plan"}


def orders(fields: dict[str, list[str]]) -> list[str]:
    return sorted(("a", "b", "c", "d"), key=lambda name: int(fields[f"row.{name}.order"][0]))


def test_a_row_changes_places_with_its_neighbour_on_the_page() -> None:
    form = read_plan_form({"action": ["down:a"]})
    assert orders(with_moves(form, ROWS, GROUPS)) == ["c", "b", "a", "d"]


def test_the_first_row_cannot_go_higher() -> None:
    form = read_plan_form({"action": ["up:a"]})
    assert orders(with_moves(form, ROWS, GROUPS)) == ["a", "b", "c", "d"]


def test_a_move_of_an_unknown_row_changes_nothing() -> None:
    form = read_plan_form({"action": ["up:nonsense"]})
    assert orders(with_moves(form, ROWS, GROUPS)) == ["a", "b", "c", "d"]


def test_a_button_that_is_not_known_keeps_and_never_saves() -> None:
    for pressed in ("", "save:now", "drop-table", "keep:"):
        assert read_plan_form({"action": [pressed]}).action == "keep"


def test_the_last_button_counts_and_the_others_are_no_fields() -> None:
    form = read_plan_form({"action": ["keep", "save"], "form_key": ["k"], "form_token": ["t"], "note": ["n"]})
    assert (form.action, form.form_key, form.fields) == ("save", "k", {"note": ["n"]})


def test_removing_an_item_becomes_the_field_that_planning_reads() -> None:
    assert "remove.own-1" in read_plan_form({"action": ["remove:own-1"]}).fields
    assert "remove-entry.her2.1" in read_plan_form({"action": ["remove-entry:her2.1"]}).fields


def test_texts_change_places_and_are_numbered_anew() -> None:
    form = read_plan_form(
        {"action": ["text-up:z"], "education.x.order": ["0"], "education.z.order": ["5"], "education.y.order": ["3"]}
    )
    moved = with_moves(form, ROWS, GROUPS)
    assert [moved[f"education.{name}.order"][0] for name in ("x", "z", "y")] == ["0", "1", "2"]


def test_an_order_that_is_no_number_does_not_break_the_page() -> None:
    form = read_plan_form({"action": ["text-down:x"], "education.x.order": ["ten"], "education.y.order": [""]})
    moved = with_moves(form, ROWS, GROUPS)
    assert {moved["education.x.order"][0], moved["education.y.order"][0]} == {"0", "1"}
