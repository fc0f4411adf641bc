"""
What a posted form asks for: its fields as planning reads them, and the button that was pressed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from smart_app.clinical.plan import PlanRow

ACTIONS = (
    "keep",
    "add",
    "undo",
    "take-up",
    "discard",
    "merge",
    "save",
    "save-draft",
    "save-as-document",
    "start-new",
    "revoke",
)
_WITH_TARGET = ("keep", "up", "down", "remove", "remove-entry", "text-up", "text-down")
_NOT_FOR_PLANNING = ("action", "form_token", "form_key", "for_patient", "fact")


@dataclass(frozen=True, slots=True)
class PlanForm:
    """
    A form of the workbench.

    `action` is one of `ACTIONS` or of those with a target (`up:mammogram-annual`); `keep` where the browser sent none.
    """

    fields: dict[str, list[str]]
    action: str
    target: str
    form_key: str

    @property
    def draft_version(self) -> str:
        """The version of the draft that the page showed, as the form has it."""
        return (self.fields.get("draft_version") or [""])[0]


def read_plan_form(form: Mapping[str, Sequence[str]]) -> PlanForm:
    """The form with its button; an unknown button keeps, because keeping harms nothing."""
    pressed = (list(form.get("action", ())) or ["keep"])[-1]
    action, _, target = pressed.partition(":")
    if action not in (_WITH_TARGET if target else ACTIONS):
        action, target = "keep", ""
    fields = {name: list(values) for name, values in form.items() if name not in _NOT_FOR_PLANNING}
    if action == "remove":
        fields[f"remove.{target}"] = ["1"]
    if action == "remove-entry":
        fields[f"remove-entry.{target}"] = ["1"]
    if action != "merge":
        # The comparison stands in the same form; its choices count only when its own button is pressed.
        fields = {name: values for name, values in fields.items() if not is_of_comparison(name)}
    key = (list(form.get("form_key", ())) or [""])[0]
    return PlanForm(fields, action, target, key)


def is_of_comparison(name: str) -> bool:
    """Whether a field belongs to the three-way comparison."""
    return name == "rebase" or name.startswith("merge.")


def with_moves(form: PlanForm, rows: Sequence[PlanRow], same_group: Mapping[str, str]) -> dict[str, list[str]]:
    """
    The fields, with the order that a move button asks for.

    Args:
        rows: The draft's rows in their present order.
        same_group: Row id to group: a row changes places with its neighbour on the page.
    """
    if form.action in ("up", "down"):
        order = [row.id for row in rows]
        moved = _swapped(order, form.target, form.action == "up", same_group)
        return {**form.fields, **{f"row.{name}.order": [str(place)] for place, name in enumerate(moved)}}
    if form.action in ("text-up", "text-down"):
        return _with_moved_text(form)
    return form.fields


def _swapped(order: list[str], target: str, up: bool, same_group: Mapping[str, str]) -> list[str]:
    group = [name for name in order if same_group.get(name) == same_group.get(target)]
    if target not in group:
        return order
    place = group.index(target)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(group):
        return order
    first, second = order.index(target), order.index(group[other])
    order[first], order[second] = order[second], order[first]
    return order


def _with_moved_text(form: PlanForm) -> dict[str, list[str]]:
    """Texts stand in the form with their order: the two neighbours change numbers."""
    fields = dict(form.fields)
    names = [name for name in fields if name.startswith("education.") and name.endswith(".order")]
    order = sorted((int(fields[n][0]) if fields[n][0].isdecimal() else 0, n) for n in names)
    ids = [name.removeprefix("education.").removesuffix(".order") for _, name in order]
    if form.target in ids:
        place = ids.index(form.target)
        other = place - 1 if form.action == "text-up" else place + 1
        if 0 <= other < len(ids):
            ids[place], ids[other] = ids[other], ids[place]
    for place, name in enumerate(ids):
        fields[f"education.{name}.order"] = [str(place)]
    fields["education.moved"] = ["1"]
    return fields
