"""
The clinician's page: who, danger, due, facts, schedule, texts and draft, from values to one `page`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smart_app.clinical.codes import CodeMap
from smart_app.clinical.facts import Issue, IssueKind, PatientRecord, UnplacedResult
from smart_app.clinical.plan import CarePlanDraft, Decision
from smart_app.clinical.recommendations import Recommendation
from smart_app.web.presenters_coverage import CoverageLine, present_coverage, search_pair, unread_strip
from smart_app.web.presenters_facts import FactColumn, FactContext, FactRow, resource_link, source_chip
from smart_app.web.presenters_grid import further_heading, further_rows, present_columns
from smart_app.web.presenters_groups import ScheduleGroup, group_schedule
from smart_app.web.presenters_ledger import explained, explained_rows
from smart_app.web.presenters_overview import (
    MattersLine,
    StripLine,
    alert_lines,
    override_lines,
    present_matters,
    scope_line,
)
from smart_app.web.presenters_page import Chip, Frame, Link, Pair
from smart_app.web.presenters_timeline import present_marks
from smart_app.web.presenters_words import DateText, date_text, owner_label, sentence_case
from smart_app.web.timeline import Drawing, TimelineRow, draw_timeline, timeline_table


@dataclass(frozen=True, slots=True)
class UnplacedRow:
    """A result that looked like a tumor fact and was not understood."""

    text: str
    why: str
    chip: Chip | None
    link: Link | None


@dataclass(frozen=True, slots=True)
class EducationRow:
    """A paragraph of education chosen for this patient."""

    section: str
    title: str
    because: str
    grade: str
    in_handout: str
    text: tuple[str, ...]
    marks: tuple[str, ...] = ()
    section_title: str = ""


@dataclass(frozen=True, slots=True)
class EducationSection:
    """The paragraphs of one section, with what chose them in one line."""

    id: str
    title: str
    rows: tuple[EducationRow, ...]
    because: str
    grade: str
    printed: str


@dataclass(frozen=True, slots=True)
class DraftRow:
    """One row of the draft plan, in short."""

    decision: str
    title: str
    due: DateText | None
    owner: str
    note: str


@dataclass(frozen=True, slots=True)
class DraftSummary:
    """The draft plan as it stands; `saved` names the plan in the record, if there is one."""

    counts: str
    rows: tuple[DraftRow, ...]
    saved: str


@dataclass(frozen=True, slots=True)
class MeterRow:
    """A gap whose filling would change the plan, with the place to fill it."""

    text: str
    link: Link | None


@dataclass(frozen=True, slots=True)
class MissingElements:
    """Missing elements that are filled at one place: links where each has its own form, else words."""

    place: str
    links: tuple[Link, ...] = ()
    text: str = ""
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Meter:
    """Completeness of the care plan."""

    filled: int
    total: int
    missing: tuple[MissingElements, ...]
    gaps: tuple[MeterRow, ...]


@dataclass(frozen=True, slots=True)
class RiskRow:
    """One risk figure for the clinician, or the gate that it did not pass."""

    name: str
    result: str
    pairs: tuple[Pair, ...]
    shown: bool


@dataclass(frozen=True, slots=True)
class Extras:
    """What other rooms supply for this page, already in words."""

    education: tuple[EducationSection, ...] = ()
    education_note: str = ""
    meter: Meter | None = None
    risk: tuple[RiskRow, ...] = ()
    warnings: tuple[StripLine, ...] = ()
    other_plans: tuple[Pair, ...] = ()
    codes: CodeMap | None = None


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Everything that `record.html` shows."""

    frame: Frame
    applies: bool
    strip: tuple[StripLine, ...]
    matters: tuple[MattersLine, ...]
    coverage: tuple[CoverageLine, ...]
    columns: tuple[FactColumn, ...]
    further: tuple[FactRow, ...]
    further_heading: str
    timeline: Drawing | None
    timeline_rows: tuple[TimelineRow, ...]
    groups: tuple[ScheduleGroup, ...]
    extras: Extras
    draft: DraftSummary | None
    unplaced: tuple[UnplacedRow, ...]
    issues: tuple[Pair, ...]
    searches: tuple[Pair, ...]


def present_record(
    record: PatientRecord,
    recommendations: Sequence[Recommendation],
    frame: Frame,
    extras: Extras,
    draft: CarePlanDraft | None = None,
) -> RecordPage:
    """The clinician's page. Out of scope, nothing that could be taken for advice is on it."""
    base = frame.base
    shown = tuple(recommendations) if record.scope.applies else ()
    where = FactContext.of(base, shown, can_enter=record.may_be_entered)
    marks = present_marks(record, shown)
    further = explained_rows(further_rows(record, where), extras.codes)
    return RecordPage(
        frame=frame,
        applies=record.scope.applies,
        strip=(
            *alert_lines(shown),
            *override_lines(record, base),
            *extras.warnings,
            *unread_strip(record, shown),
            scope_line(record, base),
        ),
        matters=present_matters(record, shown, base),
        coverage=present_coverage(record),
        columns=explained(present_columns(record, where), extras.codes),
        further=further,
        further_heading=further_heading(further, record),
        timeline=draw_timeline(marks, record.as_of),
        timeline_rows=timeline_table(marks),
        groups=group_schedule(shown, record.as_of, base),
        extras=extras,
        draft=present_draft(draft) if draft is not None and record.scope.applies else None,
        unplaced=tuple(_unplaced_row(result, base) for result in record.unplaced),
        issues=tuple(_issue_pair(issue, base) for issue in record.issues if issue.kind is not IssueKind.OTHER_PATIENT),
        searches=tuple(search_pair(search, shown) for search in record.searches),
    )


def _unplaced_row(result: UnplacedResult, base: str) -> UnplacedRow:
    text = f"“{result.text}”" if result.text else result.title
    return UnplacedRow(text, result.title, source_chip((result.source,)), resource_link(base, result.source))


_ISSUES = {
    IssueKind.UNMAPPED_CODE: "Code not in the map",
    IssueKind.UNREADABLE: "Could not be read",
    IssueKind.CONFLICT: "Conflict",
    IssueKind.IGNORED_STATUS: "Not used: status",
    IssueKind.OUTSIDE_SCOPE: "Outside the scope",
    IssueKind.UNIT: "Unit",
    IssueKind.DATE: "Date",
}


def _issue_pair(issue: Issue, base: str) -> Pair:
    link = Link(issue.resource, f"{base}/resource/{issue.resource}") if issue.resource else None
    return Pair(_ISSUES.get(issue.kind, sentence_case(issue.kind.value)), issue.detail, link)


def present_draft(draft: CarePlanDraft) -> DraftSummary:
    """The draft plan in one table."""
    planned = [row for row in draft.rows if not row.not_advised]
    counts = [
        (sum(1 for row in planned if row.decision is Decision.ACCEPT), "accepted"),
        (sum(1 for row in planned if row.decision is Decision.DECLINE), "declined"),
        (sum(1 for row in planned if row.decision is Decision.UNDECIDED), "not decided yet"),
    ]
    words = {Decision.ACCEPT: "Accepted", Decision.DECLINE: "Declined", Decision.UNDECIDED: "Not decided"}
    rows = tuple(
        DraftRow(words[row.decision], row.title, date_text(row.due), owner_label(row.owner), row.note or row.reason)
        for row in planned
        if row.decision is not Decision.UNDECIDED
    )
    saved = f"{draft.resource}, version {draft.version_id or 'not given'}" if draft.resource else ""
    return DraftSummary(", ".join(f"{number} {word}" for number, word in counts if number), rows, saved)


def group_education(rows: Sequence[EducationRow]) -> tuple[EducationSection, ...]:
    """One line a section: its texts, the reasons without repetition, the hardest reading grade."""
    sections: dict[str, list[EducationRow]] = {}
    for row in rows:
        sections.setdefault(row.section, []).append(row)
    return tuple(_section(name, members) for name, members in sections.items())


def _section(name: str, rows: list[EducationRow]) -> EducationSection:
    reasons = dict.fromkeys(part for row in rows for part in row.because.split("; "))
    own = [reason for reason in reasons if "everyone" not in reason]
    own.sort(key=lambda reason: reason.endswith("none recorded"))  # what is there says more than what is not
    because = "; ".join(own[:4]) + (f"; and {len(own) - 4} more" if len(own) > 4 else "")
    grades = [float(row.grade) for row in rows if row.grade]
    printed = sum(1 for row in rows if row.in_handout == "Yes")
    words = "All" if printed == len(rows) else "None" if not printed else f"{printed} of {len(rows)}"
    title = rows[0].section_title or rows[0].title
    return EducationSection(
        name,
        title,
        tuple(rows),
        because or "for everyone",
        f"up to {max(grades):.1f}" if grades else "for you only",
        words,
    )
