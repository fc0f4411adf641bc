"""
What a clinician must know before working on a plan: unknown saves, changed facts, an earlier draft, rows that went.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import tzinfo

from smart_app.clinical.entries import parse_entry_value
from smart_app.clinical.facts import Entry
from smart_app.web.presenters_page import Frame, Link
from smart_app.web.presenters_row_entry import entry_title
from smart_app.web.presenters_words import date_words, fact_label, join_words, moment_text, value_words
from smart_app.workflow.planning_types import Workbench


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know before working on: a changed fact, an offered draft, a save without an answer."""

    heading: str
    tone: str
    lines: tuple[str, ...]
    action: str = ""
    button: str = ""
    link: Link | None = None


def present_notices(bench: Workbench, frame: Frame, zone: tzinfo) -> tuple[Notice, ...]:
    """Unknown saves first, then changed facts, an earlier draft, plans that could not be read, rows that went."""
    notices = []
    for save in bench.outbox_unknown:
        sent = f" sent at {moment_text(save.sent_at.astimezone(zone)).text}" if save.sent_at else ""
        who = "" if save.by_this_user else " by another user"
        lines = (f"A plan{sent}{who} got no answer. Do not enter it again: check the chart, or check again here.",)
        link = Link("Check again", f"{frame.base}/plan/receipt/{save.form_key}")
        notices.append(Notice("Not known whether saved", "stop", lines, link=link))
    if bench.changed_facts:
        count = len(bench.changed_facts)
        heading = f"{count} fact{'s' if count > 1 else ''} changed since this plan was signed"
        notices.append(Notice(heading, "warn", tuple(_changed_words(bench))))
    notices += _entries_of_the_plan(bench)
    if bench.offered_draft is not None:
        kept = moment_text(bench.offered_draft.kept_at.astimezone(zone)).text
        words = f"You kept a draft for this patient at {kept}, with {bench.offered_draft.decided} rows decided."
        notices.append(Notice("An earlier draft of yours", "warn", (words,), "take-up", "Take up the earlier draft"))
    if not bench.plans_read:
        words = f"{(bench.plans_why or 'They could not be read').rstrip('.')}. Saving looks again before it writes."
        notices.append(Notice("The plans in the record were not read", "warn", (words,)))
    if bench.existing_plan is not None and not bench.document_read:
        plan = bench.existing_plan
        on = f" of {date_words(plan.created_on)}" if plan.created_on else ""
        words = (
            f"{plan.resource}{on} holds an earlier plan that Aftercare saved as a document, and what it says cannot be "
            "read back here. Look at it in the chart: this draft begins anew, and saving puts it in the place of that "
            "document (the chart keeps the earlier version)."
        )
        notices.append(Notice("An earlier plan is in the record as a document", "warn", (words,)))
    if bench.doubtful_documents:
        last = "Look in the chart. Saving leaves it as it is and writes another document."
        heading = "An earlier plan may be in the record as a document"
        notices.append(Notice(heading, "warn", (*bench.doubtful_documents, last)))
    if bench.duplicates:
        ours = bench.existing_plan.resource if bench.existing_plan else "one of them"
        words = (
            f"Besides {ours}, the record holds {join_words(bench.duplicates)}, open and made by Aftercare. Saving "
            f"changes {ours} only: end the others in the chart, so that nobody follows an old plan."
        )
        link = Link(f"{bench.duplicates[0]} as read", f"{frame.base}/resource/{bench.duplicates[0]}")
        notices.append(Notice("More than one plan of Aftercare is in the record", "stop", (words,), link=link))
    if bench.gone_rows:
        titles = join_words(row.title for row in bench.gone_rows)
        words = (
            f"The rules no longer propose: {titles}. This draft goes without; saving takes what stands of it in the "
            "record out of the plan. To keep one, add it as an item of your own."
        )
        notices.append(Notice("No longer proposed", "warn", (words,)))
    return tuple(notices)


def unread_notice(lines: tuple[str, ...], base: str) -> tuple[Notice, ...]:
    """What of the record was not read: a plan drawn from a part of it must say so."""
    link = Link("Read the record again", f"{base}/?reread=1")
    return (Notice("The record was not read in full", "warn", lines, link=link),) if lines else ()


def _entries_of_the_plan(bench: Workbench) -> list[Notice]:
    """What clinicians entered in the saved plan: what stands again, to be checked, and what does not, with why."""
    notices = []
    saved = [entry for entry in bench.draft.entries if entry.from_plan]
    if saved:
        names = join_words(
            f"{fact_label(entry.name)}: "
            f"{entry_title(entry) if entry.row else value_words(entry.name, entry.value, entry.extra)} "
            f"({entry.by}, {entry.at[:10]})"
            for entry in saved
        )
        words = f"{names}. They are not from the record: check them, and change or remove what no longer holds."
        notices.append(Notice("From the saved plan, entered or chosen by clinicians", "warn", (words,)))
    if bench.entries_left_out:
        lines = tuple(
            f"{fact_label(left.entry.name)}: {_left_words(left.entry)} "
            f"({left.entry.by}, {left.entry.at[:10]}): {left.why}."
            for left in bench.entries_left_out
        )
        notices.append(Notice("In the saved plan, and no longer used", "warn", lines))
    return notices


def _left_words(entry: Entry) -> str:
    """An entry of a saved plan as it stands there."""
    if not entry.row:
        return str(entry.value)
    try:
        return entry_title(replace(entry, value=parse_entry_value(entry.name, str(entry.value))))
    except ValueError:
        return str(entry.value)


def _changed_words(bench: Workbench) -> list[str]:
    lines = []
    for change in bench.changed_facts:
        effect = f" Affects {join_words(change.effect)}." if change.effect else ""
        lines.append(f"{fact_label(change.fact)}: was {change.was}, now {change.now}.{effect}")
    return lines
