"""
How much of the record was read, on the clinician's page: the strip, the short list, and every search with its end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smart_app.clinical.coverage import STATES, affected_by, search_title, some_of, unread_searches
from smart_app.clinical.facts import IssueKind, PatientRecord, Search, SearchState
from smart_app.clinical.recommendations import Recommendation, in_clinical_order
from smart_app.web.presenters_overview import StripLine
from smart_app.web.presenters_page import Link, Pair
from smart_app.web.presenters_words import count_words, sentence_case


@dataclass(frozen=True, slots=True)
class CoverageLine:
    """How a part of the reading ended; `icon` a shape of the sprite or empty."""

    icon: str
    text: str
    strong: str = ""
    link: Link | None = None


def unread_lines(record: PatientRecord, items: Sequence[Recommendation]) -> tuple[str, ...]:
    """What was not read and why, and which advice that leaves open; empty where all was read."""
    broken = unread_searches(record)
    if not broken:
        return ()
    whys = "; ".join(f"{search_title(search)} ({_how_it_ended(search).rstrip('.')})" for search in broken)
    affected = affected_by(broken, in_clinical_order(items))
    lines = [f"{sentence_case(whys)}."]
    if affected.open:
        count = count_words(len(affected.open), "recommendation")
        says = "says" if len(affected.open) == 1 else "say"
        lines.append(f"{count} {says} “Cannot tell” because of it: {some_of(affected.open)}.")
    if affected.outdated:
        lines.append(f"A later date may stand there for: {some_of(affected.outdated)}.")
    return tuple(lines)


def _how_it_ended(search: Search) -> str:
    """`failed: the EHR answered 500`, without saying one thing twice."""
    state, why = STATES[search.state], search.why
    if not why or why in state:
        return state
    return why if why.startswith(state) else f"{state}: {why}"


def unread_strip(record: PatientRecord, items: Sequence[Recommendation]) -> tuple[StripLine, ...]:
    """The warning at the top of the page; H10: it never looks like "none"."""
    lines = unread_lines(record, items)
    return (StripLine("warn", "Not read in full:", " ".join(lines), Link("Read again", "?reread=1")),) if lines else ()


def present_coverage(record: PatientRecord) -> tuple[CoverageLine, ...]:
    """How much of the record was read, and what was put aside."""
    lines = []
    if record.searches:
        whole = sum(1 for search in record.searches if search.whole)
        total = len(record.searches)
        lines.append(CoverageLine("", "complete", f"{whole} of {total} searches", Link("Searches", "#searches")))
    else:
        lines.append(CoverageLine("", "read in full", "The file was"))
    broken = sorted((s for s in record.searches if not s.whole), key=lambda s: s.state is SearchState.NOT_OFFERED)
    shown = broken if len(broken) <= 4 else broken[:3]
    for search in shown:
        lines.append(CoverageLine("not-read", f"{sentence_case(search_title(search))}: {STATES[search.state]}"))
    if len(broken) > len(shown):
        text = f"{len(broken) - len(shown)} more not read in full"
        lines.append(CoverageLine("not-read", text, link=Link("which", "#searches")))
    withheld = sum(1 for issue in record.issues if issue.kind is IssueKind.OTHER_PATIENT)
    if withheld:
        lines.append(CoverageLine("info", f"{count_words(withheld, 'record')} of another patient withheld"))
    if record.unplaced:
        text = f"{count_words(len(record.unplaced), 'result')} could not be placed"
        lines.append(CoverageLine("cannot-tell", "", link=Link(text, "#unplaced")))
    others = sum(1 for issue in record.issues if issue.kind is not IssueKind.OTHER_PATIENT)
    if others:
        lines.append(CoverageLine("info", "", link=Link(f"{count_words(others, 'note')} on the data", "#notes")))
    return tuple(lines)


def search_pair(search: Search, items: Sequence[Recommendation]) -> Pair:
    """One search: how it ended, how many resources came, and for one that is not whole all advice that it affects."""
    ended = sentence_case(_how_it_ended(search))
    said = [f"{ended} ({count_words(search.count, 'resource')})" if search.count else ended]
    affected = affected_by((search,), in_clinical_order(items))
    if affected.open:
        said.append(f"Cannot tell because of it: {'; '.join(affected.open)}")
    if affected.outdated:
        said.append(f"A later date may stand there for: {'; '.join(affected.outdated)}")
    text = said[0] if len(said) == 1 else " ".join(part.rstrip(".") + "." for part in said)
    return Pair(sentence_case(search_title(search)), text)
