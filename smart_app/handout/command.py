"""
`aftercare handout`: one handout from a file, as PDF or HTML.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

from smart_app.clinical.clinic import ClinicContacts
from smart_app.clinical.education import Paragraph, choose_paragraphs
from smart_app.clinical.facts import PatientRecord
from smart_app.clinical.features import derive_features
from smart_app.clinical.recommendations import Recommendation
from smart_app.errors import DocumentError, InputError, MissingGlyphError
from smart_app.handout.blocks import Handout
from smart_app.handout.handout import Person, compose_handout
from smart_app.handout.page import render_html
from smart_app.handout.pdf import render_pdf


def write_handout(
    record: PatientRecord,
    recommendations: Iterable[Recommendation],
    education: Iterable[Paragraph],
    out: Path,
    *,
    templates: Path,
    language: str = "en",
    large_print: bool = False,
    more: bool = False,
    clinic: ClinicContacts | None = None,
    person: Person | None = None,
    font_dirs: tuple[Path, ...] = (),
) -> None:
    """
    Write the handout to `out`, by its suffix as PDF or HTML.

    Raises:
        OutOfScopeError: no plan applies; nothing is written.
        InputError: an unknown language, or a file that cannot be written.
        DocumentError: the document cannot be made.
    """
    education = tuple(education)
    spoken = {paragraph.language for paragraph in education}
    if language not in spoken:
        raise InputError(f"there is no handout in {language!r}; choose one of {', '.join(sorted(spoken))}")
    clinic = clinic or ClinicContacts()
    today = record.as_of
    chosen = choose_paragraphs(education, derive_features(record, today), record, today, language=language)
    handout = compose_handout(
        record, recommendations, None, chosen, clinic, language, today, templates=templates, person=person, more=more
    )
    if out.suffix == ".html":
        data = render_html(handout, templates, templates.parent / "static", large_print).encode()
    elif out.suffix == ".pdf":
        data = _pdf(handout, templates, clinic.paper, large_print, today, font_dirs)
    else:
        raise DocumentError("a handout is a .pdf or a .html file")
    try:
        out.write_bytes(data)
    except OSError as error:
        raise InputError(f"cannot write {out.name}: {error.strerror}") from error


def _pdf(
    handout: Handout, templates: Path, paper: str, large_print: bool, today: date, font_dirs: tuple[Path, ...]
) -> bytes:
    try:
        return render_pdf(handout, templates, paper, large_print, made_on=today, font_dirs=font_dirs)
    except MissingGlyphError as error:
        way = "write FILE.html instead, or name a folder with fonts in AFTERCARE_FONT_DIRS"
        raise DocumentError(f"{error}; {way}") from error
