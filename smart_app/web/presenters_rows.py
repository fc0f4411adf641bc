"""
The rows of the plan workbench: one activity each, with its fields, its reason and what was wrong with what was typed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from smart_app.clinical.plan import Decision, PlanRow
from smart_app.clinical.recommendations import DueStatus, Recommendation, RecommendationKind
from smart_app.web.presenters_page import Tag, due_tag
from smart_app.web.presenters_schedule import citation_words, why_words
from smart_app.web.presenters_words import OWNERS, date_words, owner_label
from smart_app.workflow.planning_needs import OTHER_REASON

DECLINE_REASONS = (
    "Done elsewhere",
    "Patient prefers not",
    "Not appropriate now",
    "Guidance differs, decided otherwise",
    OTHER_REASON,
)


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a select or radio group."""

    value: str
    text: str
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class PlanRowView:
    """
    One row of the form. `name` is the prefix of its fields (`row.<id>`), `id` its anchor.

    `errors` maps the last part of a field's name to words. `own` rows are the clinician's and can be removed.
    """

    id: str
    name: str
    rule: str
    status: str
    tag: Tag | None
    title: str
    about: str
    decision: str
    when: str
    proposed: str
    owners: tuple[Option, ...]
    note: str
    reasons: tuple[Option, ...]
    errors: Mapping[str, str]
    own: bool
    fresh: bool
    not_advised: bool
    order: int
    is_first: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Rows shown together; a folded group starts closed unless a row in it has an error."""

    id: str
    heading: str
    note: str
    rows: tuple[PlanRowView, ...]
    folded: bool
    open: bool
    undecided: int


class Typed:
    """What the clinician typed, where the page comes back with an error; else the draft's own value."""

    def __init__(self, form: Mapping[str, Sequence[str]] | None) -> None:
        self._form = form or {}

    def value(self, name: str, default: str) -> str:
        """The typed value, else the default."""
        values = self._form.get(name)
        return values[0] if values else default

    def values(self, name: str, default: Iterable[str]) -> tuple[str, ...]:
        """All typed values of a repeated field; `<name>s.present` says that the form had the field."""
        if name in self._form or f"{name}s.present" in self._form:
            return tuple(self._form.get(name, ()))
        return tuple(default)

    def starting_with(self, prefix: str) -> dict[str, str]:
        """What was typed or chosen in the fields of one family, by the rest of their names."""
        found = {name: values for name, values in self._form.items() if name.startswith(prefix) and values}
        return {name.removeprefix(prefix): values[-1] for name, values in found.items()}

    def checked(self, name: str, marker: str, default: bool) -> bool:
        """Whether a box was ticked; without its marker the form did not have it."""
        return name in self._form if marker in self._form else default


def options(known: Iterable[tuple[str, str]], chosen: str) -> tuple[Option, ...]:
    """The choices with the chosen one; an unknown value is kept as a choice of its own."""
    rows = [Option(value, text, value == chosen) for value, text in known]
    if chosen and not any(row.chosen for row in rows):
        rows.append(Option(chosen, owner_label(chosen), True))
    return tuple(rows)


def owner_options(chosen: str) -> tuple[Option, ...]:
    """Who does it."""
    return options(OWNERS.items(), chosen)


def _reason_options(chosen: str) -> tuple[Option, ...]:
    rows = [Option("", "Choose a reason", not chosen)]
    rows.extend(Option(text, text, text == chosen) for text in DECLINE_REASONS)
    if chosen and chosen not in DECLINE_REASONS:
        rows.append(Option(chosen, chosen, True))
    return tuple(rows)


def present_plan_rows(
    rows: Sequence[PlanRow],
    recommendations: Mapping[str, Recommendation],
    typed: Typed,
    problems: Mapping[str, str],
    fresh: Iterable[str] = (),
) -> tuple[RowGroup, ...]:
    """All rows in groups, safety alerts first; inside each in the clinician's own order."""
    new = set(fresh)
    grouped: dict[str, list[tuple[PlanRow, int]]] = {"safety": [], "plan": [], "visit": [], "avoid": []}
    for order, row in enumerate(rows):
        grouped[group_of(row, recommendations.get(row.id))].append((row, order))
    words = {
        "safety": ("Safety alerts", "Settle these first. Options, not orders.", False),
        "plan": ("Follow-up", "When: 2026-12 or 2026-12-14. A month stays a month.", False),
        "visit": ("Ask at each visit", "", True),
        "avoid": ("Not advised without symptoms", "Accepted rows are written as “do not order”.", True),
    }
    groups = []
    for name, members in grouped.items():
        if not members and name != "plan":
            continue
        views = tuple(
            _row_view(row, order, recommendations.get(row.id), typed, problems, row.id in new, (place, len(members)))
            for place, (row, order) in enumerate(members)
        )
        heading, note, folded = words[name]
        undecided = sum(1 for view in views if view.decision == "")
        groups.append(RowGroup(name, heading, note, views, folded, any(view.errors for view in views), undecided))
    return tuple(groups)


def group_of(row: PlanRow, item: Recommendation | None) -> str:
    """Which group of the page a row stands in: safety, plan, visit or avoid."""
    if item is not None and item.kind is RecommendationKind.SAFETY_ALERT:
        return "safety"
    if row.not_advised:
        return "avoid"
    if item is None or row.due is not None or item.status is not DueStatus.DUE:
        return "plan"
    supportive = item.kind in (RecommendationKind.SUPPORTIVE, RecommendationKind.REVIEW)
    return "visit" if supportive else "plan"


def row_title(row: PlanRow) -> str:
    """`Mammogram, left breast`; a title that names the side already stands alone."""
    side = {"left": "left breast", "right": "right breast", "both": "both breasts"}.get(row.side or "", "")
    return f"{row.title}, {side}" if side and side not in row.title else row.title


def _row_view(
    row: PlanRow,
    order: int,
    item: Recommendation | None,
    typed: Typed,
    problems: Mapping[str, str],
    fresh: bool,
    place: tuple[int, int],
) -> PlanRowView:
    name = f"row.{row.id}"
    decided = "" if row.decision is Decision.UNDECIDED else row.decision.value
    when = str(row.due) if row.due else ""
    errors = {key.rpartition(".")[2]: words for key, words in problems.items() if key.startswith(name + ".")}
    return PlanRowView(
        id=row.id,
        name=name,
        rule=row.rule or "",
        status=item.status.value if item else "",
        tag=due_tag(item.status, item.kind) if item else None,
        title=row_title(row),
        about=_about(row, item),
        decision=typed.value(f"{name}.decision", decided),
        when=typed.value(f"{name}.when", when),
        proposed=_proposed(row, item),
        owners=owner_options(typed.value(f"{name}.owner", row.owner)),
        note=typed.value(f"{name}.note", row.note),
        reasons=_reason_options(typed.value(f"{name}.reason", row.reason)),
        errors=errors,
        own=row.rule is None,
        fresh=fresh,
        not_advised=row.not_advised,
        order=order,
        is_first=place[0] == 0,
        is_last=place[0] == place[1] - 1,
    )


def _proposed(row: PlanRow, item: Recommendation | None) -> str:
    """The engine's date where the row has another; where it cannot be told, the date that it would have."""
    if row.proposed_due is not None and row.due != row.proposed_due:
        return f"proposed: {date_words(row.proposed_due)}"
    if item is not None and item.status is DueStatus.CANNOT_TELL and item.due is not None and row.due != item.due:
        return f"if it applies, due {date_words(item.due)}"
    return ""


def _about(row: PlanRow, item: Recommendation | None) -> str:
    """Why, where from and how strong, in one line."""
    if item is None:
        return "Added by the clinician." if row.rule is None else "No longer proposed by the rules."
    source = ", ".join(text for text in (citation_words(item.citation), item.citation.strength) if text)
    return f"{why_words(item)} {source}."
