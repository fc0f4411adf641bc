"""
Entering a fact that is missing, not read or wrong; kept with the draft, everything is computed anew at once.
"""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, request

from smart_app.web.forms import read_plan_form
from smart_app.web.opening import Opened, open_context, render_page, require_patient_of_form
from smart_app.web.presenters_entry import present_entry, split_key
from smart_app.web.record import scope_response
from smart_app.web.security import require_form_token
from smart_app.workflow.planning import keep_changes, open_plan
from smart_app.workflow.planning_ports import FormData


def show_facts(handle: str) -> Response:
    """The form for one fact (`?fact=her2.1`), and the list of all."""
    opened = open_context(handle, "enter a fact")
    if not opened.review.record.scope.applies:
        return scope_response(opened)
    return _page(opened, request.args.get("fact", ""))


def _page(opened: Opened, key: str, typed: FormData | None = None, problems: dict[str, str] | None = None) -> Response:
    version = open_plan(opened.planning, opened.context, opened.review).draft.version
    page = present_entry(opened.review.record, opened.frame, version, key, typed, problems)
    return render_page("facts_entry.html", page, 422 if problems else 200)


def keep_fact(handle: str) -> Response:
    """Keep or take back one entry."""
    opened = open_context(handle, "enter a fact")
    require_form_token(opened.context)
    require_patient_of_form(opened)
    if not opened.review.record.scope.applies:
        return scope_response(opened)
    key = request.form.get("fact", "")
    if split_key(key) is None:
        return _page(opened, "")
    form = read_plan_form(request.form.to_dict(flat=False))
    fields = dict(form.fields)
    if request.form.get("action") == "remove":
        fields = {"draft_version": fields.get("draft_version", [""]), f"remove-entry.{key}": ["1"]}
    else:
        problems = _missing(fields, key)
        if problems:
            return _page(opened, key, fields, problems)
    kept = keep_changes(opened.planning, opened.context, opened.review, fields)
    problems = {issue.field or "": issue.words for issue in kept.problems}
    if problems:
        return _page(opened, key, fields, problems)
    return make_response(redirect(f"{opened.frame.base}/", 303))


def _missing(fields: FormData, key: str) -> dict[str, str]:
    """An entry needs a value and a reason: it will stand in the plan under the clinician's name."""
    wanted = {"value": "Give a value.", "reason": "Give a reason: it is kept with the entry."}
    names = {f"entry.{key}.{part}": words for part, words in wanted.items()}
    return {name: words for name, words in names.items() if not (fields.get(name) or [""])[0].strip()}


def make_blueprint() -> Blueprint:
    """The routes of these pages."""
    blueprint = Blueprint("facts_entry", __name__)
    blueprint.add_url_rule("/c/<handle>/facts", view_func=show_facts, methods=["GET"])
    blueprint.add_url_rule("/c/<handle>/facts", view_func=keep_fact, methods=["POST"])
    return blueprint
