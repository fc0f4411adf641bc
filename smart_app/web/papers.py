"""
The papers of a launch: handout, handover, calendar, and the plan as a document, from the review and the draft.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from smart_app.clinical.clinic import ClinicContacts
from smart_app.clinical.education import ChosenParagraph, apply_choices, choose_paragraphs
from smart_app.clinical.features import derive_features
from smart_app.clinical.plan import CarePlanDraft
from smart_app.fhir.narrative import Section, plan_sections
from smart_app.handout.blocks import Handout, Person
from smart_app.handout.calendar import calendar_ics
from smart_app.handout.handout import compose_handout
from smart_app.handout.handover import Handover, compose_handover, handover_text
from smart_app.handout.pdf import render_handover_pdf, render_pdf, render_plan_pdf, render_png_pages
from smart_app.handout.plan_paper import PaperSection, PlanPaper, compose_plan_paper
from smart_app.knowledge import default_paths
from smart_app.web.presenters_handout import HandoutChoice
from smart_app.web.presenters_identity import patient_languages, patient_name, record_number
from smart_app.web.presenters_words import moment_text
from smart_app.web.services import Services
from smart_app.workflow.planning_ports import DocumentFile, PlanContext, PlanReview
from smart_app.workflow.reviewing import Review


def template_folder() -> Path:
    """Where layouts and catalogs stand."""
    return default_paths().templates


def clinic_of(wired: Services) -> ClinicContacts:
    """What the clinic prints; its review rule joins the two places where it can be set."""
    clinic = wired.settings.clinic
    return replace(clinic.contacts, review_required=clinic.contacts.review_required or not clinic.print_unreviewed)


def spoken_languages(wired: Services) -> tuple[str, ...]:
    """Languages that have texts."""
    return tuple(sorted({paragraph.language for paragraph in wired.knowledge.education}))


def preferred_language(wired: Services, found: Review, draft: CarePlanDraft | None) -> str:
    """The clinician's choice, else the patient's language where it has texts, else English."""
    spoken = spoken_languages(wired)
    if draft is not None and draft.language in spoken:
        return draft.language
    return next((language for language in patient_languages(found.patient) if language in spoken), "en")


def person_of(found: Review, draft: CarePlanDraft | None = None) -> Person:
    """Name and birth date as the record has them; the name in other letters where the clinician wrote it so."""
    respelled = draft.printed_name if draft is not None else ""
    return Person(respelled or patient_name(found.patient), found.record.patient.birth_date)


def chosen_for(
    wired: Services, found: PlanReview, draft: CarePlanDraft | None, language: str
) -> tuple[ChosenParagraph, ...]:
    """The paragraphs in one language, after the clinician's choices."""
    record = found.record
    chosen = choose_paragraphs(
        wired.knowledge.education,
        derive_features(record, record.as_of),
        record,
        record.as_of,
        language=language,
        include_hidden=True,
    )
    return apply_choices(chosen, draft.education if draft is not None else ())


def make_handout(wired: Services, found: Review, draft: CarePlanDraft | None, choice: HandoutChoice) -> Handout:
    """The patient's handout as it is wanted."""
    return compose_handout(
        found.record,
        found.recommendations,
        draft,
        chosen_for(wired, found, draft, choice.language),
        clinic_of(wired),
        choice.language,
        found.record.as_of,
        choice.checked_by or None,
        templates=template_folder(),
        person=person_of(found, draft),
        confirmed=choice.confirmed,
        more=choice.more,
    )


def handout_pdf(wired: Services, found: Review, handout: Handout, choice: HandoutChoice) -> bytes:
    """The handout as PDF."""
    return render_pdf(
        handout,
        template_folder(),
        clinic_of(wired).paper,
        choice.large_print,
        made_on=found.record.as_of,
        font_dirs=font_folders(wired),
    )


def handout_pages(wired: Services, found: Review, handout: Handout, choice: HandoutChoice) -> Sequence[bytes]:
    """The pages of the PDF as pictures."""
    return render_png_pages(
        handout,
        template_folder(),
        clinic_of(wired).paper,
        choice.large_print,
        made_on=found.record.as_of,
        font_dirs=font_folders(wired),
    )


def font_folders(wired: Services) -> tuple[Path, ...]:
    """Further fonts of this installation."""
    return tuple(Path(folder) for folder in wired.settings.font_dirs)


def make_handover(
    wired: Services, found: Review, draft: CarePlanDraft | None, clinician: str, read_at: datetime, ehr: str
) -> Handover:
    """The clinician's one page."""
    saved = f" Plan in the record: {draft.resource}." if draft is not None and draft.resource else ""
    return compose_handover(
        found.record,
        found.recommendations,
        draft,
        chosen_for(wired, found, draft, "en"),
        clinic_of(wired),
        found.record.as_of,
        person=person_of(found, draft),
        record_number=record_number(found.patient),
        read=f"Data read at {moment_text(read_at).text}, from {ehr}.{saved}",
        clinician=clinician,
    )


def handover_pdf(wired: Services, found: PlanReview, handover: Handover) -> bytes:
    """The handover as one page of PDF."""
    return render_handover_pdf(
        handover,
        template_folder(),
        clinic_of(wired).paper,
        made_on=found.record.as_of,
        font_dirs=font_folders(wired),
    )


def handover_note(handover: Handover) -> str:
    """The same as text, to paste into a note."""
    return handover_text(handover)


def make_calendar(found: Review, draft: CarePlanDraft, language: str, made_at: datetime) -> bytes:
    """The plan's calendar."""
    return calendar_ics(
        found.recommendations, draft, language, found.record.as_of, made_at, templates=template_folder()
    )


def plan_paper(
    wired: Services, context: PlanContext, found: PlanReview, draft: CarePlanDraft, standing: str
) -> PlanPaper:
    """The whole plan on paper; `standing` says what this paper is."""
    issuer = wired.issuer(context.issuer)
    read_at = found.read_at.astimezone(issuer.zone)
    sections = (PaperSection(part.title, part.lines, part.table) for part in plan_sections(draft, found.record))
    return compose_plan_paper(
        found.record,
        found.recommendations,
        draft,
        sections,
        clinic_of(wired),
        found.record.as_of,
        standing=standing,
        person=person_of(found, draft) if isinstance(found, Review) else None,
        record_number=record_number(found.patient) if isinstance(found, Review) else "",
        read=f"Record of {issuer.title}, read at {moment_text(read_at).text}.",
        clinician=context.user_name,
    )


def plan_words(
    wired: Services, context: PlanContext, found: PlanReview, draft: CarePlanDraft, standing: str
) -> tuple[Section, ...]:
    """The same as sections of words: whose it is and what it is first, safety alerts next, nothing left out."""
    paper = plan_paper(wired, context, found, draft, standing)
    sections = (
        Section("Patient", tuple(f"{name}: {value}" for name, value in paper.patient)),
        Section("Standing", (paper.standing, paper.read)),
        Section("Safety alerts", paper.alerts),
        *(Section(part.title, part.lines, part.table) for part in paper.sections),
        Section("Contacts", tuple(f"{name}: {value}" for name, value in paper.contacts)),
        Section("About this plan", (paper.footer,)),
    )
    return tuple(section for section in sections if section.lines or section.table)


def plan_pdf(
    wired: Services, context: PlanContext, found: PlanReview, draft: CarePlanDraft, standing: str
) -> DocumentFile:
    """The same as PDF, as it is saved where no care plan can be written."""
    paper = plan_paper(wired, context, found, draft, standing)
    data, pages = render_plan_pdf(
        paper, template_folder(), clinic_of(wired).paper, made_on=found.record.as_of, font_dirs=font_folders(wired)
    )
    return DocumentFile("application/pdf", data, pages)


def print_standing(context: PlanContext, draft: CarePlanDraft, at: datetime) -> str:
    """What a print of the plan is: no proof that anything is in the record."""
    by = f" by {context.user_name}" if context.user_name else ""
    saved = f"; an earlier save of this plan is {draft.resource} in the record" if draft.resource else ""
    return f"Printed{by} at {moment_text(at).text}. Printing writes nothing to the record{saved}."
