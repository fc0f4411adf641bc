"""
The patient's paper, the one page for primary care, and the calendar: seen, confirmed, printed.
"""

from __future__ import annotations

from flask import Blueprint, Response, abort, make_response, redirect, request
from itsdangerous import BadSignature, Signer

from smart_app.clinical.plan import CarePlanDraft
from smart_app.errors import DocumentError, MissingGlyphError
from smart_app.handout.blocks import Handout
from smart_app.handout.messages import load_words
from smart_app.handout.pdf import page_count
from smart_app.handout.reading import reading_words
from smart_app.storage.audit import AuditAction
from smart_app.web import papers
from smart_app.web.opening import Opened, open_context, render_page, require_patient_of_form
from smart_app.web.presenters_coverage import unread_lines
from smart_app.web.presenters_handout import HandoutChoice, Unprintable, present_handout, unprintable
from smart_app.web.presenters_identity import latin_name
from smart_app.web.record import scope_response
from smart_app.web.security import require_form_token
from smart_app.web.wordings import all_sections, languages
from smart_app.workflow.launching import note
from smart_app.workflow.planning import keep_changes, open_plan

PDF, ICS, PNG = "application/pdf", "text/calendar; charset=utf-8", "image/png"
MOST_PAGES = 60


def show_handout(handle: str) -> Response:
    """The handout as a page, with the real pages of its PDF under it."""
    opened = open_context(handle, "paper for the patient")
    if not opened.review.record.scope.applies:
        return scope_response(opened)
    draft = _draft(opened)
    choice = _choice(opened, draft)
    handout = papers.make_handout(opened.services, opened.review, draft, choice)
    pages, problem = _page_count(opened, handout, choice)
    titles = {entry.paragraph.id: entry.paragraph.title for entry in all_sections(opened.review)}
    page = present_handout(
        handout,
        opened.frame,
        choice,
        languages=languages(papers.spoken_languages(opened.services)),
        pages=pages,
        paper=papers.clinic_of(opened.services).paper,
        signer=opened.signer,
        titles=titles,
        problem=problem,
        readability=reading_words(handout, load_words(papers.template_folder(), handout.language)),
        printed_name=draft.printed_name,
        unread=unread_lines(opened.review.record, opened.review.recommendations),
    )
    return render_page("handout.html", page)


def check_handout(handle: str) -> Response:
    """The clinician confirms (or withdraws) that the handout was read through, or gives the name in other letters."""
    opened = open_context(handle, "paper for the patient")
    require_form_token(opened.context)
    require_patient_of_form(opened)
    if not opened.review.record.scope.applies:
        return scope_response(opened)
    language = request.form.get("lang", "en")
    choice = HandoutChoice(
        language if language.isalpha() else "en",
        request.form.get("size") == "large",
        more=request.form.get("more") == "yes",
    )
    changes = {}
    if request.form.get("action") == "respell":
        names = [request.form.get("printed_name", "")]
        keep_changes(opened.planning, opened.context, opened.review, {"printed_name": names})
    if request.form.get("action") == "check":
        draft = _draft(opened)
        confirmed = [name for name in request.form.getlist("confirmed") if name.replace("-", "").isalnum()]
        paper = (str(draft.version), choice.language, "more" if choice.more else "usual")
        changes["checked"] = _signer(opened).sign("~".join((*paper, *confirmed))).hex()
    return make_response(redirect(f"{opened.frame.base}/handout{choice.query(**changes)}", 303))


def _draft(opened: Opened) -> CarePlanDraft:
    return open_plan(opened.planning, opened.context, opened.review).draft


def _signer(opened: Opened) -> Signer:
    """Signs a confirmation for this launch; it lapses with the next change of the plan."""
    return Signer(opened.services.settings.secret_key, salt=f"checked:{opened.context.id}", sep="*")


def _choice(opened: Opened, draft: CarePlanDraft) -> HandoutChoice:
    """What the address asks for; a confirmation counts only for the draft, the language and the parts checked."""
    spoken = papers.spoken_languages(opened.services)
    language = request.args.get("lang", "")
    if language not in spoken:
        language = papers.preferred_language(opened.services, opened.review, draft)
    size = request.args.get("size")
    large = size == "large" if size in ("large", "normal") else draft.large_print
    wanted = request.args.get("more")
    more = wanted == "yes" if wanted in ("yes", "no") else draft.more_to_know
    token = request.args.get("checked", "")
    try:
        version, spoken_in, part, *confirmed = _signer(opened).unsign(bytes.fromhex(token)).decode().split("~")
    except (BadSignature, ValueError):
        return HandoutChoice(language, large, more=more)
    if (version, spoken_in, part) != (str(draft.version), language, "more" if more else "usual"):
        return HandoutChoice(language, large, more=more)
    who = opened.signer or "the clinician"
    return HandoutChoice(language, large, who, tuple(name for name in confirmed if name), token, more)


def _page_count(opened: Opened, handout: Handout, choice: HandoutChoice) -> tuple[int, Unprintable | None]:
    try:
        return page_count(papers.handout_pdf(opened.services, opened.review, handout, choice)), None
    except MissingGlyphError as error:
        return 0, unprintable(error.characters, error.field, latin_name(opened.review.patient), opened.frame.base)
    except DocumentError:
        return 0, Unprintable("The layout could not be drawn. Your draft is as it was.")


def show_page(handle: str, number: int) -> Response:
    """One page of the PDF as a picture."""
    opened = open_context(handle, "paper for the patient")
    if not opened.review.record.scope.applies:
        return scope_response(opened)
    draft = _draft(opened)
    choice = _choice(opened, draft)
    handout = papers.make_handout(opened.services, opened.review, draft, choice)
    pages = papers.handout_pages(opened.services, opened.review, handout, choice)
    if not 1 <= number <= min(len(pages), MOST_PAGES):
        abort(404)
    return _file(pages[number - 1], PNG, "")


def download_handout(handle: str) -> Response:
    """The handout as PDF."""
    opened = open_context(handle, "paper for the patient")
    if not opened.review.record.scope.applies:
        return scope_response(opened)
    draft = _draft(opened)
    choice = _choice(opened, draft)
    handout = papers.make_handout(opened.services, opened.review, draft, choice)
    data = papers.handout_pdf(opened.services, opened.review, handout, choice)
    note(opened.services, opened.context, AuditAction.PRINT)
    return _file(data, PDF, "follow-up-plan.pdf")


def download_handover(handle: str) -> Response:
    """The clinician's one page; `?as=text` gives it as text for a note."""
    opened = open_context(handle, "handover")
    if not opened.review.record.scope.applies:
        return scope_response(opened)
    read_at = opened.review.read_at.astimezone(opened.zone)
    handover = papers.make_handover(
        opened.services, opened.review, _draft(opened), opened.signer, read_at, opened.issuer.title
    )
    note(opened.services, opened.context, AuditAction.PRINT)
    if request.args.get("as") == "text":
        return _file(papers.handover_note(handover).encode(), "text/plain; charset=utf-8", "")
    return _file(papers.handover_pdf(opened.services, opened.review, handover), PDF, "handover.pdf")


def download_plan(handle: str) -> Response:
    """The whole plan as PDF, for the chart by hand where nothing can be written; it says that it is a print."""
    opened = open_context(handle, "plan as a document")
    if not opened.review.record.scope.applies:
        return scope_response(opened)
    draft = _draft(opened)
    standing = papers.print_standing(opened.context, draft, opened.services.instant().astimezone(opened.zone))
    file = papers.plan_pdf(opened.services, opened.context, opened.review, draft, standing)
    note(opened.services, opened.context, AuditAction.PRINT)
    return _file(file.data, file.content_type, "care-plan.pdf")


def download_calendar(handle: str) -> Response:
    """Visits and tests for a calendar; without the patient's name."""
    opened = open_context(handle, "calendar")
    if not opened.review.record.scope.applies:
        return scope_response(opened)
    draft = _draft(opened)
    language = papers.preferred_language(opened.services, opened.review, draft)
    data = papers.make_calendar(opened.review, draft, language, opened.services.instant())
    note(opened.services, opened.context, AuditAction.PRINT)
    return _file(data, ICS, "follow-up.ics", attachment=True)


def _file(data: bytes, content_type: str, name: str, attachment: bool = False) -> Response:
    """A file under a fixed name, which never holds the patient's."""
    response = make_response(data)
    response.headers["Content-Type"] = content_type
    if name:
        kind = "attachment" if attachment else "inline"
        response.headers["Content-Disposition"] = f'{kind}; filename="{name}"'
    return response


def pdf_file(data: bytes, name: str) -> Response:
    """A PDF under a fixed name."""
    return _file(data, PDF, name)


def make_blueprint() -> Blueprint:
    """The routes of these pages."""
    blueprint = Blueprint("handout", __name__)
    blueprint.add_url_rule("/c/<handle>/handout", view_func=show_handout, methods=["GET"])
    blueprint.add_url_rule("/c/<handle>/handout", view_func=check_handout, methods=["POST"])
    blueprint.add_url_rule("/c/<handle>/handout/page-<int:number>.png", view_func=show_page, methods=["GET"])
    blueprint.add_url_rule("/c/<handle>/handout.pdf", view_func=download_handout, methods=["GET"])
    blueprint.add_url_rule("/c/<handle>/handover.pdf", view_func=download_handover, methods=["GET"])
    blueprint.add_url_rule("/c/<handle>/plan.pdf", view_func=download_plan, methods=["GET"])
    blueprint.add_url_rule("/c/<handle>/calendar.ics", view_func=download_calendar, methods=["GET"])
    return blueprint
