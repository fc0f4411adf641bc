"""
The top of the clinician's page: alerts and scope, and what matters today.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smart_app.clinical.facts import Fact, FactState, FactValue, PatientRecord
from smart_app.clinical.recommendations import DueStatus, Recommendation, RecommendationKind, in_clinical_order
from smart_app.web.presenters_facts import decide_link, other_notes, source_chip
from smart_app.web.presenters_grid import missing_fact
from smart_app.web.presenters_page import DUE_TAGS, STATE_TAGS, Link, Tag
from smart_app.web.presenters_schedule import anchor_of, is_alert, side_note
from smart_app.web.presenters_words import (
    date_or_text,
    date_words,
    fact_label,
    fact_mention,
    join_words,
    scope_reason,
    value_words,
)


@dataclass(frozen=True, slots=True)
class StripLine:
    """A line of the strip: `kind` is alert, warn or scope. `facts` are (name, state) that the line states."""

    kind: str
    strong: str
    text: str
    link: Link | None = None
    fact: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class MattersLine:
    """A line of "What matters today": links first, then the words."""

    tag: Tag
    links: tuple[Link, ...]
    text: str


def alert_lines(items: Sequence[Recommendation]) -> list[StripLine]:
    """One line a safety alert that fires now."""
    return [
        StripLine("alert", item.title + ".", item.says, Link("Options and source", f"#{anchor_of(item)}"))
        for item in in_clinical_order(items)
        if is_alert(item)
    ]


def override_lines(record: PatientRecord, base: str) -> list[StripLine]:
    """Where the plan applies only by what a clinician entered: what the record itself says, said first."""
    own = record.own
    if own is None or own.scope.applies or not record.scope.applies:
        return []
    says = " ".join(scope_reason(reason, own.diagnoses_read) for reason in own.scope.reasons)
    words = f"{says} This page and the plan rest on what was entered instead."
    return [StripLine("warn", "The record says otherwise.", words, Link("What was entered", f"{base}/facts"))]


def scope_line(record: PatientRecord, base: str) -> StripLine:
    """Whether a plan applies, and on what that rests."""
    metastasis = record.facts.get("metastasis") or missing_fact("metastasis", record)
    state = metastasis.state.value
    if not record.scope.applies:
        reasons = " ".join(scope_reason(reason, record.diagnoses_read) for reason in record.scope.reasons)
        if "metastatic-disease" in record.scope.reasons:
            reasons = f"{reasons} {_source_words(metastasis)}".rstrip()
        link = Link("Why, and what you can do", f"{base}/plan")
        none_found = "no-breast-cancer" in record.scope.reasons and not record.diagnoses_read
        says = "Nobody can tell here whether a plan applies." if none_found else "Plan does not apply."
        return StripLine("warn", says, reasons, link, "metastasis", state)
    kinds = join_words(dict.fromkeys(_cancer_words(cancer.kind) for cancer in record.cancers))
    ended = record.facts.get("primary_treatment_ended")
    parts = [kinds or "Breast cancer"]
    if ended is not None and ended.known and ended.value:
        parts.append(f"primary treatment ended {date_or_text(str(ended.value))}")
    parts.append(_distant_words(metastasis))
    return StripLine("scope", "Plan applies.", "; ".join(parts) + ".", fact="metastasis", state=state)


def _cancer_words(kind: str) -> str:
    words = {"invasive": "Invasive breast cancer", "dcis": "Ductal carcinoma in situ (DCIS)", "lcis": "LCIS"}
    return words.get(kind, "Breast cancer, type not recorded")


def _source_words(fact: Fact) -> str:
    """Where and when, in the line itself: the list of facts holds distant disease only when it is opened."""
    chip = source_chip(fact.sources)
    if chip is None:
        return ""
    return f"Source: {chip.text}{f', {chip.on.text}' if chip.on else ''}."


def _distant_words(metastasis: Fact) -> str:
    if metastasis.state is FactState.NOT_FOUND:
        return "no distant disease recorded, record read in full"
    if metastasis.state is FactState.NOT_READ:
        return "whether distant disease is recorded could not be read in full"
    if metastasis.state is FactState.CONFLICTING:
        return "distant disease: the record disagrees with itself"
    return f"distant disease: {value_words('metastasis', metastasis.value).lower()}"


def present_matters(record: PatientRecord, items: Sequence[Recommendation], base: str) -> tuple[MattersLine, ...]:
    """At most three lines: the worst status, what conflicts, what is missing; nothing of it is a new fact."""
    ordered = in_clinical_order(items)
    lines: list[MattersLine] = []
    for status in (DueStatus.OVERDUE, DueStatus.DUE):
        rows = [item for item in ordered if item.status is status and not is_alert(item) and item.due is not None]
        if rows and len(lines) < 2:
            lines.append(_status_line(status, rows))
    conflicts = [(index, fact) for index, fact in conflicts_of(record)]
    if conflicts:
        lines.append(_conflict_line(conflicts, base))
    unclear = [item for item in ordered if item.status is DueStatus.CANNOT_TELL and not _is_avoided(item)]
    if unclear:
        lines.append(_unclear_line(unclear))
    if len(lines) > 3:
        del lines[1]
    return tuple(lines[:3])


def _is_avoided(item: Recommendation) -> bool:
    return item.kind is RecommendationKind.NOT_ADVISED


def conflicts_of(record: PatientRecord) -> list[tuple[int | None, Fact]]:
    """Conflicts to settle: those of the tumors, then the patient's own; a sum over differing tumors is none."""
    found: list[tuple[int | None, Fact]] = []
    for index, cancer in enumerate(record.cancers):
        found.extend((index, fact) for fact in cancer.facts.values() if fact.state is FactState.CONFLICTING)
    of_tumors = {name for cancer in record.cancers for name in cancer.facts}
    for name, fact in record.facts.items():
        if fact.state is FactState.CONFLICTING and name not in of_tumors:
            found.append((None, fact))
    return found


def _titled(item: Recommendation) -> str:
    return ", ".join(text for text in (item.title, side_note(item)) if text)


def _status_line(status: DueStatus, rows: list[Recommendation]) -> MattersLine:
    """The first two by name: a line stays a line."""
    links = tuple(Link(_titled(item), f"#{anchor_of(item)}") for item in rows[:2])
    dates = join_words(dict.fromkeys(date_words(item.due) for item in rows[:2] if item.due))
    overdue = status is DueStatus.OVERDUE
    if len(rows) == 1:
        last = f" Last {date_words(rows[0].last_done)}." if rows[0].last_done else ""
        return MattersLine(DUE_TAGS[status], links, f": {'was due' if overdue else 'due'} {dates}.{last}")
    more = f" {len(rows) - 2} more below." if len(rows) > 2 else ""
    return MattersLine(DUE_TAGS[status], links, f": {'were due' if overdue else 'due'} {dates}.{more}")


def _conflict_line(conflicts: list[tuple[int | None, Fact]], base: str) -> MattersLine:
    """One conflict with its values and where they come from; of several, each with its values."""
    if len(conflicts) == 1:
        index, fact = conflicts[0]
        values = join_words(_short_value(fact.name, other) for other in fact.others)
        link = Link(fact_label(fact.name), decide_link(fact, base, index).href)
        return MattersLine(STATE_TAGS[FactState.CONFLICTING], (link,), f": {values}. Choose which result stands.")
    links = tuple(Link(_named_values(fact), decide_link(fact, base, index).href) for index, fact in conflicts[:3])
    text = f" and {len(conflicts) - 3} more." if len(conflicts) > 3 else ". Choose which results stand."
    return MattersLine(STATE_TAGS[FactState.CONFLICTING], links, text)


def _named_values(fact: Fact) -> str:
    values = dict.fromkeys(_worded(fact.name, other) for other in fact.others)
    return f"{fact_label(fact.name)} {' or '.join(values)}"


def _short_value(name: str, other: FactValue) -> str:
    note = other_notes(other)
    words = _worded(name, other)
    return f"{words} ({note})" if note else words


def _worded(name: str, other: FactValue) -> str:
    words = value_words(name, other.value)
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


def _unclear_line(rows: list[Recommendation]) -> MattersLine:
    """What to fill, not what waits for it: one fact may decide ten rows."""
    counts: dict[str, int] = {}
    for item in rows:
        for name in item.missing:
            counts[name] = counts.get(name, 0) + 1
    missing = [fact_mention(name) for name in sorted(counts, key=lambda name: -counts[name])]
    shown = missing[:3] + ([f"{len(missing) - 3} more"] if len(missing) > 3 else [])
    if len(rows) == 1:
        links = (Link(_titled(rows[0]), f"#{anchor_of(rows[0])}"),)
    else:
        links = (Link(f"{len(rows)} items", "#schedule-open"),)
    return MattersLine(DUE_TAGS[DueStatus.CANNOT_TELL], links, f": {join_words(shown)} not known.")
