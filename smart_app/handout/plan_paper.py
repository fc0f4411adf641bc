"""
The whole plan on paper, for the clinician and for the chart where no care plan can be written: every item, every
reason, nothing left out for want of room.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from smart_app.clinical.clinic import ClinicContacts
from smart_app.clinical.facts import PatientRecord
from smart_app.clinical.plan import CarePlanDraft, Decision
from smart_app.clinical.plan_drafting import by_row
from smart_app.clinical.recommendations import Recommendation
from smart_app.handout.blocks import Person
from smart_app.handout.handover import contact_rows, footer_of, patient_rows, read_line
from smart_app.handout.handover_summary import not_known, summarize
from smart_app.handout.selection import clean_text

TITLE = "Breast cancer survivorship care plan"
WHY = "Why, and by which guideline"


@dataclass(frozen=True, slots=True)
class PaperSection:
    """A heading with a table (first row is its head) or a list of lines."""

    title: str
    lines: tuple[str, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class PlanPaper:
    """The plan on as many pages as it needs, in English. `standing` says whether it is signed, a draft, or a print."""

    title: str
    patient: tuple[tuple[str, str], ...]
    standing: str
    read: str
    alerts: tuple[str, ...]
    sections: tuple[PaperSection, ...]
    contacts: tuple[tuple[str, str], ...]
    footer: str


def compose_plan_paper(
    record: PatientRecord,
    recommendations: Iterable[Recommendation],
    draft: CarePlanDraft,
    sections: Iterable[PaperSection],
    clinic: ClinicContacts,
    today: date,
    *,
    standing: str,
    person: Person | None = None,
    record_number: str = "",
    read: str = "",
    clinician: str = "",
) -> PlanPaper:
    """
    Compose the paper.

    Args:
        sections: what the plan says, in the order in which it is read.
        standing: one line on what this paper is: signed by whom and when, a draft, a print.
    """
    rows = by_row(recommendations)
    alerts = [entry for entry in rows.values() if entry.stands_as_alert]
    treatment = (*summarize(record), *((name, value, "") for name, value in not_known(record)))
    return PlanPaper(
        title=TITLE,
        patient=patient_rows(record, person or Person(birth_date=record.patient.birth_date), record_number),
        standing=standing,
        read=read_line(read, record, today),
        alerts=tuple(_line(f"{entry.title}: {entry.says}") for entry in alerts),
        sections=_filled(
            (
                *(_clean(section) for section in sections),
                PaperSection("Cancer and treatment", table=(("Fact", "Value", "Source"), *treatment)),
                PaperSection(WHY, tuple(_reasons(draft, rows))),
            )
        ),
        contacts=contact_rows(clinic, clinician),
        footer=footer_of(tuple(rows.values())).partition(" Brief summary")[0],
    )


def _filled(sections: Iterable[PaperSection]) -> tuple[PaperSection, ...]:
    return tuple(section for section in sections if section.lines or len(section.table) > 1)


def _reasons(draft: CarePlanDraft, recommendations: dict[str, Recommendation]) -> Iterable[str]:
    """Each decided item of a rule with its words, its reason and its source."""
    for row in draft.rows:
        entry = recommendations.get(row.id)
        if entry is None or row.decision is Decision.UNDECIDED:
            continue
        source = ", ".join(filter(None, (f"{entry.citation.guideline} {entry.citation.year}", entry.citation.strength)))
        yield _line(" ".join(filter(None, (f"{row.title}: {entry.says}", entry.why, f"({source})"))))


def _clean(section: PaperSection) -> PaperSection:
    return PaperSection(
        section.title,
        tuple(map(_line, section.lines)),
        tuple(tuple(map(_line, cells)) for cells in section.table),
    )


def _line(text: str) -> str:
    return " ".join(clean_text(text).split())
