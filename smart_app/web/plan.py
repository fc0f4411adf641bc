"""
The plan workbench: keep, undo, save, receipt. Every change is a POST that answers with a redirect.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from flask import Blueprint, Response, abort, jsonify, make_response, redirect, request

from smart_app.errors import NotReadyError, StaleDraftError
from smart_app.web.forms import PlanForm, is_of_comparison, read_plan_form, with_moves
from smart_app.web.last_plan import keep_paper
from smart_app.web.opening import (
    Opened,
    open_context,
    open_workbench,
    render_page,
    require_patient_of_form,
    reviewed_anew,
)
from smart_app.web.papers import preferred_language, spoken_languages
from smart_app.web.presenters_coverage import unread_lines
from smart_app.web.presenters_plan import present_plan
from smart_app.web.presenters_receipt import clock_words, present_receipt
from smart_app.web.presenters_rows import group_of
from smart_app.web.presenters_saving import REVOKE_REASON
from smart_app.web.record import scope_response
from smart_app.web.security import require_form_token
from smart_app.web.wordings import all_sections, languages
from smart_app.workflow.planning import (
    check_again,
    discard_offered_draft,
    keep_changes,
    open_plan,
    preview_plan,
    receipt_for,
    revoke_plan,
    save_plan,
    start_new_plan,
    take_up_draft,
    undo_change,
)
from smart_app.workflow.planning_ports import FormData
from smart_app.workflow.planning_types import CONFIRM_RECORD, KeptDraft, Receipt


def show_plan(handle: str) -> Response:
    """The workbench."""
    opened = open_context(handle, "edit and save plan")
    if not opened.review.record.scope.applies:
        return scope_response(opened)
    refused = receipt_for(opened.planning, opened.context, request.args.get("refused", ""))
    issues = refused.issues if refused is not None and not refused.saved else ()
    return _plan_page(opened, None, {issue.field: issue.words for issue in issues if issue.field})


def _plan_page(
    opened: Opened, typed: FormData | None = None, problems: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    opened, bench = open_workbench(opened)
    preview = preview_plan(opened.planning, opened.context, opened.review)
    preferred = preferred_language(opened.services, opened.review, None)
    spoken = languages(spoken_languages(opened.services))
    page = present_plan(
        bench,
        preview,
        all_sections(opened.review),
        opened.frame,
        opened.zone,
        typed,
        problems,
        spoken,
        preferred,
        unread_lines(opened.review.record, opened.review.recommendations),
    )
    return render_page("plan.html", page, status)


def change_plan(handle: str) -> Response:
    """One form, many buttons: what stands on the page is kept first, whichever was pressed."""
    opened = _open_for_change(handle)
    if not opened.review.record.scope.applies:
        return scope_response(opened)
    form = read_plan_form(request.form.to_dict(flat=False))
    if form.action == "undo":
        undo_change(opened.planning, opened.context, opened.review)
        return _to(opened, "/plan")
    kept = _keep(opened, form)
    if kept.problems:
        problems = {issue.field or "": issue.words for issue in kept.problems}
        return _plan_page(opened, form.fields, problems, 422)
    if form.action == "merge":
        return _take_into_draft(opened, form)
    if form.action == "take-up":
        take_up_draft(opened.planning, opened.context, opened.review)
    if form.action == "discard":
        discard_offered_draft(opened.planning, opened.context)
    if form.action in ("save", "save-draft", "save-as-document"):
        return _save(opened, form, kept)
    if form.action == "start-new":
        start_new_plan(opened.planning, opened.context, opened.review)
    if form.action == "revoke":
        return _revoke(opened, form)
    anchor = f"#{quote(form.target)}" if form.target else ""
    return _to(opened, f"/plan{anchor}")


def _open_for_change(handle: str) -> Opened:
    opened = open_context(handle, "edit and save plan")
    require_form_token(opened.context)
    require_patient_of_form(opened)
    return opened


def _keep(opened: Opened, form: PlanForm) -> KeptDraft:
    fields: FormData = form.fields
    if form.action in ("up", "down", "text-up", "text-down"):
        bench = open_plan(opened.planning, opened.context, opened.review)
        groups = {row.id: group_of(row, bench.recommendations.get(row.id)) for row in bench.draft.rows}
        fields = with_moves(form, bench.draft.rows, groups)
    fields = {name: values for name, values in fields.items() if not is_of_comparison(name)}
    return keep_changes(opened.planning, opened.context, opened.review, fields)


def _take_into_draft(opened: Opened, form: PlanForm) -> Response:
    """Go on after the three-way comparison; a choice that is missing is asked for beside its part."""
    bench = open_plan(opened.planning, opened.context, opened.review)
    both = bench.three_way.both if bench.three_way is not None else ()
    missing = {f"merge.{part.key}": "Choose one of the two." for part in both if f"merge.{part.key}" not in form.fields}
    if missing:
        return _plan_page(opened, form.fields, missing, 422)
    choices = {name: values for name, values in form.fields.items() if is_of_comparison(name)}
    keep_changes(opened.planning, opened.context, opened.review, choices)
    return _to(opened, "/plan")


def _save(opened: Opened, form: PlanForm, kept: KeptDraft) -> Response:
    if kept.unseen:
        raise StaleDraftError("the draft holds changes that this page did not show")
    if kept.draft.entries != opened.review.entries:
        opened = reviewed_anew(opened)
        if not opened.review.record.scope.applies:
            return scope_response(opened)
    keep_paper(opened, kept.draft, form.form_key, as_draft=form.action == "save-draft")
    try:
        receipt = save_plan(
            opened.planning,
            opened.context,
            opened.review,
            kept.draft,
            form.form_key,
            as_draft=form.action == "save-draft",
            as_document=form.action == "save-as-document",
            record_confirmed=_record_confirmed(form),
        )
    except NotReadyError as error:
        return _not_ready(opened, form, error, "Decide this before saving.")
    return _after_save(opened, receipt)


def _revoke(opened: Opened, form: PlanForm) -> Response:
    reason = (form.fields.get(REVOKE_REASON) or [""])[-1]
    if not reason.strip():
        return _plan_page(opened, form.fields, {REVOKE_REASON: "Say why the plan is taken back."}, 422)
    try:
        receipt = revoke_plan(
            opened.planning,
            opened.context,
            opened.review,
            reason,
            form.form_key,
            record_confirmed=_record_confirmed(form),
        )
    except NotReadyError as error:
        return _not_ready(opened, form, error, "This must be settled first.")
    return _after_save(opened, receipt)


def _not_ready(opened: Opened, form: PlanForm | None, error: NotReadyError, words: str) -> Response:
    """The page again; it lists what is missing at its top, each with a link to its place."""
    needed = next(iter(error.needed), "")
    if needed == CONFIRM_RECORD:
        words = "Confirm that this record is meant."
    return _plan_page(opened, form.fields if form else None, {needed: words} if needed else None, 409)


def _record_confirmed(form: PlanForm) -> bool:
    return bool((form.fields.get(CONFIRM_RECORD) or [""])[-1])


def _after_save(opened: Opened, receipt: Receipt) -> Response:
    """On to the receipt's own address; at once where nothing was sent, because then nothing is kept under its key."""
    if receipt_for(opened.planning, opened.context, receipt.form_key) is None:
        return _receipt_page(opened, receipt)
    return _to(opened, f"/plan/receipt/{quote(receipt.form_key)}")


def _receipt_page(opened: Opened, receipt: Receipt) -> Response:
    version = 0
    if receipt.three_way is not None:
        version = open_plan(opened.planning, opened.context, opened.review).draft.version
    return render_page("receipt.html", present_receipt(receipt, opened.frame, opened.zone, version))


def _to(opened: Opened, path: str) -> Response:
    return make_response(redirect(f"{opened.frame.base}{path}", 303))


def autosave(handle: str) -> Response:
    """What the script sends while the clinician types; answered only after a durable commit."""
    opened = _open_for_change(handle)
    form = read_plan_form(request.form.to_dict(flat=False))
    kept = keep_changes(opened.planning, opened.context, opened.review, form.fields)
    answer = jsonify(
        draft_version=kept.draft.version,
        kept_at=clock_words(kept.kept_at, opened.zone),
        problems=[{"field": issue.field, "words": issue.words} for issue in kept.problems],
    )
    return make_response(answer)


def show_receipt(handle: str, key: str) -> Response:
    """What happened to a save; the page can be loaded again without saving again."""
    opened = open_context(handle, "receipt")
    receipt = receipt_for(opened.planning, opened.context, key)
    if receipt is None:
        abort(404)
    return _receipt_page(opened, receipt)


def act_on_receipt(handle: str, key: str) -> Response:
    """Look again for a save whose outcome is unknown, or save the plan as a document instead."""
    opened = _open_for_change(handle)
    action = request.form.get("action", "")
    if action == "check-again":
        check_again(opened.planning, opened.context, key)
        return _to(opened, f"/plan/receipt/{quote(key)}")
    if action != "save-as-document":
        abort(400)
    if receipt_for(opened.planning, opened.context, key) is None:
        abort(404)
    bench = open_plan(opened.planning, opened.context, opened.review)
    if not bench.saveable:
        raise StaleDraftError("the plan cannot be saved now")
    keep_paper(opened, bench.draft, bench.form_key, as_draft=False)
    try:
        receipt = save_plan(
            opened.planning, opened.context, opened.review, bench.draft, bench.form_key, as_document=True
        )
    except NotReadyError as error:
        return _not_ready(opened, None, error, "Decide this before saving.")
    return _after_save(opened, receipt)


def make_blueprint() -> Blueprint:
    """The routes of these pages."""
    blueprint = Blueprint("plan", __name__)
    blueprint.add_url_rule("/c/<handle>/plan", view_func=show_plan, methods=["GET"])
    blueprint.add_url_rule("/c/<handle>/plan", view_func=change_plan, methods=["POST"])
    blueprint.add_url_rule("/c/<handle>/plan/autosave", view_func=autosave, methods=["POST"])
    blueprint.add_url_rule("/c/<handle>/plan/receipt/<key>", view_func=show_receipt, methods=["GET"])
    blueprint.add_url_rule("/c/<handle>/plan/receipt/<key>", view_func=act_on_receipt, methods=["POST"])
    return blueprint
