"""
The clinician's page of a launch: facts, what matters, schedule, education, draft.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, request

from smart_app.web.extras import record_extras
from smart_app.web.opening import Opened, open_context, open_workbench, render_page
from smart_app.web.presenters_record import present_record
from smart_app.web.presenters_scope import present_scope
from smart_app.web.wordings import scope_texts


def show_record(handle: str) -> Response:
    """The page; `?reread=1` reads the record again and comes back without it, so that a reload does not repeat it."""
    opened = open_context(handle, "survivorship summary", reread="reread" in request.args)
    if "reread" in request.args:
        return make_response(redirect(f"{opened.frame.base}/", 303))
    bench = None
    if opened.review.record.scope.applies:
        opened, bench = open_workbench(opened)
    extras = record_extras(opened, bench)
    draft = bench.draft if bench is not None else None
    page = present_record(opened.review.record, opened.review.recommendations, opened.frame, extras, draft)
    return render_page("record.html", page)


def scope_response(opened: Opened) -> Response:
    """409 with the reasons: the answer of every page that would make a plan, where none applies."""
    page = present_scope(opened.review.record, opened.frame, scope_texts(opened.review))
    return render_page("scope.html", page, 409)


def make_blueprint() -> Blueprint:
    """The routes of these pages."""
    blueprint = Blueprint("record", __name__)
    blueprint.add_url_rule("/c/<handle>/", view_func=show_record, methods=["GET"])
    return blueprint
