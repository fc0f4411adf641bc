"""
A CarePlan of the record as rows, goals and notes again; ours in full, one of another maker as far as it can be shown.
Pure, and tolerant: what a server altered or dropped is absent, never an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Entry
from smart_app.clinical.plan import Decision, PlanRow
from smart_app.clinical.plan_facts import UsedFact, parse_display
from smart_app.fhir import resources
from smart_app.fhir.careplan import CONCERN, EDUCATION, OPEN, UNDECIDED
from smart_app.fhir.comparison import narrative_text
from smart_app.fhir.entered_facts import ENTERED, read_entries

ENDED = ("revoked", "completed", "entered-in-error")
_MARKS = (CONCERN, EDUCATION, ENTERED, OPEN, UNDECIDED)


@dataclass(frozen=True, slots=True)
class PlanInRecord:
    """
    A CarePlan as it was read.

    `ours`: it names our rule set and carries an identifier of ours. `open`: neither revoked nor completed nor an error.
    `facts` are the facts it was signed on, `entries` those that clinicians entered or chose (as
    `clinical.entries_kept.as_saved` makes them), `left_open` the conflicts left open, with the reason. `links` are the
    ids of those rows that only point to an order elsewhere. `text` is its narrative as plain words, for plans of other
    makers.
    """

    reference: str
    version_id: str | None
    status: str
    title: str
    ours: bool
    identifier: str | None
    maker: str
    created_on: PartialDate | None
    rows: tuple[PlanRow, ...]
    goals: tuple[str, ...]
    concerns: tuple[str, ...]
    note: str
    facts: tuple[UsedFact, ...]
    entries: tuple[Entry, ...]
    left_open: Mapping[str, str]
    links: tuple[str, ...]
    text: str

    @property
    def open(self) -> bool:
        """Whether it is in force or in work."""
        return self.status not in ENDED


def read_care_plan(resource: Mapping[str, Any], plan_definition: str) -> PlanInRecord:
    """
    Read a plan back.

    Args:
        plan_definition: canonical of our rule set; a plan that names it is ours.
    """
    data = dict(resource)
    canonicals = [str(entry).partition("|")[0] for entry in resources.as_list(data.get("instantiatesCanonical"))]
    identifiers = [
        value
        for entry in resources.objects(data.get("identifier"))
        if (value := resources.text(entry.get("value"))) and value.startswith("urn:uuid:")
    ]
    found = [_row(activity) for activity in resources.objects(data.get("activity"))]
    # A plan whose rule set was dropped by the server is still known by the codes of its items.
    ours = bool(identifiers) and (
        plan_definition in canonicals or any(is_ours for row, is_ours in found if row is not None and is_ours)
    )
    notes = resources.notes(data)
    return PlanInRecord(
        reference=resources.own_reference(data),
        version_id=resources.version_id(data),
        status=resources.text(data.get("status")) or "unknown",
        title=resources.text(data.get("title")) or _category(data) or "Care plan",
        ours=ours,
        identifier=identifiers[0] if identifiers else None,
        maker=resources.first_display(data.get("author")) or "",
        created_on=resources.partial_date(data.get("created")) or resources.period(data.get("period"))[0],
        rows=tuple(row for row, _ in found if row is not None),
        goals=tuple(resources.references(data.get("goal"))),
        concerns=tuple(note.removeprefix(CONCERN) for note in notes if note.startswith(CONCERN)),
        note="\n".join(note for note in notes if not note.startswith(_MARKS)),
        facts=_facts(data),
        entries=read_entries(notes),
        left_open=_left_open(notes),
        links=tuple(row.id for row, _ in map(_row, filter(is_link, resources.objects(data.get("activity")))) if row),
        text=_narrative(data),
    )


def _left_open(notes: list[str]) -> dict[str, str]:
    said = (note.removeprefix(OPEN).partition(": ") for note in notes if note.startswith(OPEN))
    return {key: reason for key, _, reason in said if key and reason}


def _category(data: dict[str, Any]) -> str | None:
    found = [word for category in resources.objects(data.get("category")) for word in resources.words(category)]
    return found[0] if found else None


def _facts(data: dict[str, Any]) -> tuple[UsedFact, ...]:
    facts = []
    for entry in resources.objects(data.get("supportingInfo")):
        reference, display = resources.reference(entry), resources.text(entry.get("display"))
        fact = parse_display(reference, display) if reference and display else None
        if fact is not None:
            facts.append(fact)
    return tuple(facts)


def _narrative(data: dict[str, Any]) -> str:
    narrative = data.get("text")
    div = resources.text(narrative.get("div")) if isinstance(narrative, dict) else None
    return narrative_text(div) if div else resources.text(data.get("description")) or ""


def is_link(activity: Mapping[str, Any]) -> bool:
    """Whether an activity is a reference to an order or appointment elsewhere, which we never write."""
    return not isinstance(activity.get("detail"), dict) and isinstance(activity.get("reference"), dict)


def is_own(activity: Mapping[str, Any]) -> bool:
    """Whether an activity carries an item code of ours."""
    return _row(dict(activity))[1]


def item_id(activity: Mapping[str, Any]) -> str:
    """
    The id that an activity has as a row: our own item code, else its element id, else its title; without spaces and
    dots, because it names form fields and places on a page; may be empty.
    """
    detail = activity.get("detail")
    if not isinstance(detail, dict):
        return ""
    return _own_code(detail) or "-".join(
        (resources.text(activity.get("id")) or _title(detail)).replace(".", " ").split()
    )


def read_row(activity: Mapping[str, Any]) -> PlanRow | None:
    """An activity as a row; None where it names nothing."""
    return _row(dict(activity))[0]


def _own_code(detail: dict[str, Any]) -> str | None:
    return next(
        (
            coding.code
            for coding in resources.codings(detail.get("code"))
            if coding.code and coding.system and coding.system.endswith("/fhir/CodeSystem/aftercare-item")
        ),
        None,
    )


def _title(detail: dict[str, Any]) -> str:
    words = resources.words(detail.get("code"))
    return words[0] if words else resources.text(detail.get("description")) or ""


def _row(activity: dict[str, Any]) -> tuple[PlanRow | None, bool]:
    """A row, and whether it carries an item code of ours."""
    detail = activity.get("detail")
    if not isinstance(detail, dict):
        shown = resources.first_display(activity.get("reference"))
        return (PlanRow(shown, shown, "other", Decision.ACCEPT, ""), False) if shown else (None, False)
    own, title, identity = _own_code(detail), _title(detail), item_id(activity)
    if not identity:
        return None, False
    rule, _, side = identity.partition("--")
    declined = resources.text(detail.get("status")) in ("cancelled", "stopped")
    reason = resources.words(detail.get("statusReason"))
    progress = [resources.text(note.get("text")) or "" for note in resources.objects(activity.get("progress"))]
    due, interval = _schedule(detail)
    row = PlanRow(
        id=identity,
        title=title,
        topic="other",
        decision=Decision.DECLINE if declined else Decision.ACCEPT,
        owner=resources.first_display(detail.get("performer")) or "",
        rule=rule if own and not identity.startswith("own-") else None,
        side=side or None,
        due=due,
        proposed_due=None,
        interval_months=interval,
        note="\n".join(filter(None, progress)),
        reason=reason[0] if declined and reason else "",
        not_advised=detail.get("doNotPerform") is True,
    )
    return row, own is not None


def _schedule(detail: dict[str, Any]) -> tuple[PartialDate | None, tuple[int, int] | None]:
    start, _ = resources.period(detail.get("scheduledPeriod"))
    timing = detail.get("scheduledTiming")
    repeat = timing.get("repeat") if isinstance(timing, dict) else None
    if not isinstance(repeat, dict):
        return start, None
    first, _ = resources.period(repeat.get("boundsPeriod"))
    least, most = resources.number(repeat.get("period")), resources.number(repeat.get("periodMax"))
    if least is None or repeat.get("periodUnit") not in ("mo", "a"):
        return first or start, None
    factor = 12 if repeat.get("periodUnit") == "a" else 1
    return first or start, (int(least * factor), int((most or least) * factor))
