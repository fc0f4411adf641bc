"""
The follow-up schedule: recommendations in the order in which a clinician acts on them, each with its why and source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from smart_app.clinical.facts import Source
from smart_app.clinical.features import NONE_ENTERED, NONE_RECORDED
from smart_app.clinical.recommendations import (
    Because,
    Citation,
    ConditionTrace,
    DueStatus,
    Recommendation,
    RecommendationKind,
    Truth,
)
from smart_app.web.presenters_facts import resource_link
from smart_app.web.presenters_page import Link, Pair, Tag, due_tag
from smart_app.web.presenters_words import (
    DateText,
    count_words,
    date_text,
    date_words,
    fact_label,
    fact_mention,
    join_words,
    loose_words,
    months_words,
    owner_label,
    sentence_case,
    value_words,
)


@dataclass(frozen=True, slots=True)
class TraceLine:
    """
    One condition of a rule as it was evaluated, with its depth in the tree.

    `fact`: what the record says on it, for a single fact; `link` goes to its source.
    """

    says: str
    truth: str
    depth: int
    fact: str = ""
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """One recommendation. `anchor` is unique on the page; `because` carries links to the resources."""

    anchor: str
    rule: str
    status: str
    tag: Tag
    title: str
    side: str
    says: str
    due: DateText | None
    earliest: str
    late: str
    owner: str
    why: str
    source: str
    strength: str
    facts: tuple[Pair, ...]
    trace: tuple[TraceLine, ...]
    reviewed: bool


def anchor_of(item: Recommendation) -> str:
    """The row's id on the page and in the plan: the rule, and the side where two rows differ by it."""
    return f"{item.rule}--{item.side}" if item.side in ("left", "right") else item.rule


def side_note(item: Recommendation) -> str:
    """`left breast`, `both breasts`; empty where the title says it or side has no meaning."""
    side = {"left": "left breast", "right": "right breast", "both": "both breasts"}.get(item.side or "", "")
    return "" if side in item.title else side


def is_alert(item: Recommendation) -> bool:
    """Whether it belongs in the strip: a safety alert that fires now."""
    return item.kind is RecommendationKind.SAFETY_ALERT and item.status in (DueStatus.OVERDUE, DueStatus.DUE)


def present_row(item: Recommendation, as_of: date, base: str) -> ScheduleRow:
    """One recommendation for the table."""
    earliest = ""
    if item.earliest is not None and not item.earliest.surely_before(as_of) and item.status is not DueStatus.OVERDUE:
        earliest = f"not before {date_words(item.earliest)}"
    return ScheduleRow(
        anchor=anchor_of(item),
        rule=item.rule,
        status=item.status.value,
        tag=due_tag(item.status, item.kind),
        title=item.title,
        side=side_note(item),
        says=item.says,
        due=date_text(item.due),
        earliest=earliest,
        late=late_words(item, as_of),
        owner=owner_label(item.owner),
        why=why_words(item),
        source=citation_words(item.citation),
        strength=item.citation.strength,
        facts=_ledger(item, base),
        trace=tuple(trace_lines(item.trace, base)),
        reviewed=item.reviewed,
    )


def late_words(item: Recommendation, as_of: date) -> str:
    """`3 months late`, counted from the last day that the due date may mean; whole months only."""
    if item.status is not DueStatus.OVERDUE or item.due is None:
        return ""
    last = item.due.latest
    months = (as_of.year - last.year) * 12 + as_of.month - last.month - (as_of.day < last.day)
    if months < 1:
        return "less than a month late"
    return f"{count_words(months, 'month')} late" if months < 24 else f"{months // 12} years late"


def why_words(item: Recommendation) -> str:
    """One or two short sentences: the interval, the clinic's choice in it, when it was last done, what is missing."""
    parts = []
    if item.why:
        parts.append(item.why.rstrip(". ") + ".")
    interval = months_words(item.interval_months)
    if interval:
        clinic = ""
        if (
            item.chosen_months is not None
            and item.interval_months
            and item.interval_months[0] != item.interval_months[1]
        ):
            clinic = f"; this clinic uses {item.chosen_months}"
        parts.append(f"{interval[:1].upper()}{interval[1:]}{clinic}.")
    if item.last_done is not None:
        parts.append(f"Last {date_words(item.last_done)}.")
    if item.status is DueStatus.CANNOT_TELL:
        parts.append(sentence_case(item.reason.rstrip(". ")) + "." if item.reason else missing_words(item.missing))
    return " ".join(parts)


def missing_words(missing: Sequence[str]) -> str:
    """`Depends on menopausal status and germline genes, which are not known.`"""
    if not missing:
        return ""
    return f"Depends on {join_words(fact_mention(name) for name in missing)}, not known from the record."


def citation_words(citation: Citation) -> str:
    """`ACS/ASCO 2016`; general knowledge has no year of its own."""
    year = str(citation.year)
    named = sentence_case(citation.guideline)
    if named.startswith("General knowledge"):
        return named
    return named if year in named or not citation.year else f"{named} {year}"


def because_words(reason: Because) -> str:
    """`ER: Positive (May 12, 2022)`: a fact that a recommendation rests on."""
    value = reason.value
    if value is None or value == NONE_RECORDED:
        words = NONE_RECORDED
    else:
        words = "none" if value == NONE_ENTERED else value_words(reason.fact, value) or loose_words(value)
    dates = [date_words(source.on) for source in reason.sources if source.on]
    note = "entered by the clinician" if reason.entered else dates[0] if dates else ""
    return f"{fact_label(reason.fact)}: {words}{f' ({note})' if note else ''}"


def _because_pair(reason: Because, base: str) -> Pair:
    first: Source | None = reason.sources[0] if reason.sources else None
    link = resource_link(base, first) if first else None
    return Pair("Fact", because_words(reason), Link(link.text, link.href) if link else None)


def _ledger(item: Recommendation, base: str) -> tuple[Pair, ...]:
    pairs = [_because_pair(reason, base) for reason in item.because]
    if item.missing:
        pairs.append(Pair("Missing", join_words(fact_mention(name) for name in item.missing)))
    if item.reason and item.status is not DueStatus.CANNOT_TELL:
        pairs.append(Pair("Reason", item.reason))
    pairs.extend(Pair("Would change", text) for text in item.would_change)
    pairs.extend(Pair("Other guidance", text) for text in item.conflicts)
    if item.horizon:
        pairs.append(Pair("After that", ", ".join(date_words(day) for day in item.horizon)))
    where = " ".join(text for text in (item.citation.recommendation, item.citation.reference) if text)
    pairs.append(Pair("Source", f"{citation_words(item.citation)}{', ' + where if where else ''}"))
    review = "Clinically reviewed." if item.reviewed else "Not yet clinically reviewed."
    pairs.append(Pair("Limits", f"{item.limits.rstrip('. ')}. {review}" if item.limits else review))
    pairs.append(Pair("Rule", f"{item.rule}, row {item.row}, version {item.version}"))
    return tuple(pairs)


def trace_lines(trace: ConditionTrace | None, base: str, depth: int = 0) -> Iterable[TraceLine]:
    """The condition tree, flattened for a list; depth is kept for its indent. Each fact has its value and source."""
    if trace is None:
        return
    words = {Truth.TRUE: "yes", Truth.FALSE: "no", Truth.UNKNOWN: "not known"}
    line = TraceLine(trace.says, words[trace.truth], min(depth, 4))
    if trace.parts:
        yield line
    else:
        sources = [source for reason in trace.because for source in reason.sources]
        told = "; ".join(because_words(reason) for reason in trace.because)
        missing = f"missing: {join_words(fact_mention(name) for name in trace.missing)}" if trace.missing else ""
        link = resource_link(base, sources[0]) if sources else None
        yield replace(line, fact="; ".join(part for part in (told, missing) if part), link=link)
    for part in trace.parts:
        yield from trace_lines(part, base, depth + 1)
