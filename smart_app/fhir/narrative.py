"""
The plan as a person reads it: XHTML narrative, HTML file and plain text, from one list of lines. Pure.

Everything that came from a record or a keyboard is escaped here, and characters that XML forbids are left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape

from smart_app.clinical.facts import FactState, PatientRecord
from smart_app.clinical.plan import CarePlanDraft, Decision, PlanRow
from smart_app.clinical.plan_facts import SUMMARY_FACTS, entry_words, words_of

_OWNER = re.compile(r"[a-z]+(?:-[a-z]+)*")
TITLE = "Breast cancer survivorship care plan"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with a table (first row is its head) or a list of lines."""

    title: str
    lines: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


def plan_sections(draft: CarePlanDraft, record: PatientRecord) -> tuple[Section, ...]:
    """What the plan says, in the order in which it is read; empty sections left out."""
    follow_up = [row for row in draft.rows if row.decision is Decision.ACCEPT and not row.not_advised]
    sections = (
        Section("Diagnosis", _diagnosis(record)),
        Section(
            "Follow-up",
            table=(("What", "When", "Who", "Note"), *(_row_cells(row) for row in follow_up)) if follow_up else (),
        ),
        Section("Not advised", tuple(_titled(row) for row in _of(draft, Decision.ACCEPT, True))),
        Section("Declined", tuple(_declined(row) for row in _of(draft, Decision.DECLINE))),
        Section("Not decided", tuple(_titled(row) for row in _of(draft, Decision.UNDECIDED))),
        Section("Goals, in the patient's words", draft.goals),
        Section("Concerns", draft.concerns),
        Section("Note", (draft.note,) if draft.note.strip() else ()),
        Section("Facts entered or chosen by the clinician", tuple(entry_words(entry) for entry in draft.entries)),
        Section("Disagreeing results left open", tuple(f"{k}: {why}" for k, why in sorted(draft.overridden.items()))),
    )
    return tuple(section for section in sections if section.lines or section.table)


def _of(draft: CarePlanDraft, decision: Decision, not_advised: bool | None = None) -> list[PlanRow]:
    return [
        row
        for row in draft.rows
        if row.decision is decision and (not_advised is None or row.not_advised is not_advised)
    ]


def _row_cells(row: PlanRow) -> tuple[str, ...]:
    return (row.title, when_words(row), owner_words(row.owner), row.note)


def owner_words(owner: str) -> str:
    """An owner as a person reads it: `primary-care` as `Primary care`; a name stays as it was written."""
    return owner.replace("-", " ").capitalize() if _OWNER.fullmatch(owner) else owner


def _titled(row: PlanRow) -> str:
    return f"{row.title} ({row.note})" if row.note else row.title


def _declined(row: PlanRow) -> str:
    return f"{row.title}: {row.reason}" + (f" ({row.note})" if row.note else "")


def when_words(row: PlanRow) -> str:
    """When a row is due and how often, as precise as the plan says."""
    parts = []
    if row.due is not None:
        parts.append(date_words(str(row.due)))
    if row.interval_months:
        least, most = row.interval_months
        parts.append(f"every {least} months" if least == most else f"every {least} to {most} months")
    return ", then ".join(parts)


def date_words(text: str) -> str:
    """`2027-05-14` as `May 14, 2027`; a month stays a month."""
    year, _, rest = text.partition("-")
    month, _, day = rest.partition("-")
    if not month:
        return year
    name = _MONTHS[int(month) - 1]
    return f"{name} {int(day)}, {year}" if day else f"{name} {year}"


_KINDS = {"invasive": "Invasive breast cancer", "dcis": "Ductal carcinoma in situ", "lcis": "Lobular carcinoma in situ"}
_FACT_WORDS = {
    "er": "ER",
    "pr": "PR",
    "her2": "HER2",
    "stage_group": "stage",
    "tumor_size_mm": "size (mm)",
    "nodes_positive": "positive nodes",
    "nodes_examined": "nodes examined",
    "menopausal_status": "menopausal status",
}


def _diagnosis(record: PatientRecord) -> tuple[str, ...]:
    lines = []
    for cancer in record.cancers:
        parts = [_KINDS.get(cancer.kind, "Breast cancer")]
        if cancer.laterality != "unknown":
            parts.append(cancer.laterality)
        if cancer.diagnosed_on is not None:
            parts.append(f"diagnosed {date_words(str(cancer.diagnosed_on))}")
        for name in SUMMARY_FACTS:
            fact = cancer.facts.get(name) or record.facts.get(name)
            if fact is None:
                continue
            label = _FACT_WORDS.get(name, name)
            if fact.known:
                parts.append(f"{label} {words_of(fact.value)}")
            elif fact.state is FactState.CONFLICTING:
                parts.append(f"{label}: results disagree")
        lines.append(", ".join(parts))
    return tuple(lines)


def narrative_div(sections: tuple[Section, ...], title: str = TITLE) -> str:
    """The XHTML of `text.div`."""
    body = "".join(_section_html(section, "h3") for section in sections)
    return f'<div xmlns="http://www.w3.org/1999/xhtml"><h2>{clean(title)}</h2>{body}</div>'


def html_document(sections: tuple[Section, ...], title: str = TITLE, language: str = "en") -> str:
    """A whole HTML file for servers that take no PDF."""
    body = "".join(_section_html(section, "h2") for section in sections)
    return (
        f'<!doctype html>\n<html lang="{clean(language)}"><head><meta charset="utf-8"><title>{clean(title)}</title>'
        f"</head><body><h1>{clean(title)}</h1>{body}</body></html>\n"
    )


def text_document(sections: tuple[Section, ...], title: str = TITLE) -> str:
    """Plain text for servers that take nothing else."""
    lines = [title, ""]
    for section in sections:
        lines.append(section.title)
        lines += [f"- {_plain(line)}" for line in section.lines]
        lines += [f"- {'; '.join(filter(None, map(_plain, cells)))}" for cells in section.table[1:]]
        lines.append("")
    return "\n".join(lines)


def _section_html(section: Section, heading: str) -> str:
    html = f"<{heading}>{clean(section.title)}</{heading}>"
    if section.table:
        head, *rows = section.table
        html += "<table><thead><tr>" + "".join(f"<th>{clean(cell)}</th>" for cell in head) + "</tr></thead><tbody>"
        html += "".join("<tr>" + "".join(f"<td>{clean(cell)}</td>" for cell in row) + "</tr>" for row in rows)
        html += "</tbody></table>"
    if section.lines:
        html += "<ul>" + "".join(f"<li>{clean(line)}</li>" for line in section.lines) + "</ul>"
    return html


def clean(text: str) -> str:
    """Escaped for XHTML."""
    return escape(without_forbidden(text), quote=True)


def without_forbidden(text: str) -> str:
    """Without the characters that neither XML nor FHIR strings may hold (controls, lone surrogates)."""
    return "".join(character for character in text if _allowed(ord(character)))


def _allowed(point: int) -> bool:
    return point in (0x9, 0xA, 0xD) or 0x20 <= point <= 0xD7FF or 0xE000 <= point <= 0xFFFD or point >= 0x10000


def _plain(text: str) -> str:
    return " ".join(without_forbidden(text).split())
