"""
Entering a fact, a treatment or a study that is missing, not read or wrong; kept with the draft, computed anew at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from flask import Blueprint, Response, make_response, redirect, request

from smart_app.clinical.facts import Scope
from smart_app.clinical.typed_rows import (
    ALL_GIVEN,
    DRUG_ROWS,
    NOT_DONE,
    OTHERS,
    ROW_PARTS,
    lies_ahead,
    own_id,
    row_problems,
    typed_row,
)
from smart_app.web.forms import read_plan_form
from smart_app.web.opening import Opened, open_context, render_page, require_patient_of_form
from smart_app.web.presenters_entry import present_entry, split_key
from smart_app.web.presenters_row_entry import drug_groups, present_row_entry, split_row_key
from smart_app.web.record import scope_response
from smart_app.web.security import require_form_token
from smart_app.workflow.planning import keep_changes, kept_version, open_plan
from smart_app.workflow.planning_ports import FormData

_NO_REASON = "Give a reason: it is kept with the entry."


def show_facts(handle: str) -> Response:
    """The form for one fact (`?fact=her2.1`) or one list of treatments (`?fact=surgery`), and the list of all."""
    opened = open_context(handle, "enter a fact")
    if not opened.review.record.may_be_entered:
        return scope_response(opened)
    return _page(opened, request.args.get("fact", ""))


def _page(opened: Opened, key: str, typed: FormData | None = None, problems: dict[str, str] | None = None) -> Response:
    record = opened.review.record
    version = (
        open_plan(opened.planning, opened.context, opened.review).draft.version
        if record.scope.applies
        else kept_version(opened.planning, opened.context)
    )
    status = 422 if problems else 200
    if split_row_key(key) is not None:
        codes = opened.services.knowledge.codes
        rows = present_row_entry(record, opened.review.entries, codes, opened.frame, version, key, typed, problems)
        return render_page("row_entry.html", rows, status)
    page = present_entry(record, opened.frame, version, key, typed, problems)
    return render_page("facts_entry.html", page, status)


def keep_fact(handle: str) -> Response:
    """Keep or take back one entry."""
    opened = open_context(handle, "enter a fact")
    require_form_token(opened.context)
    require_patient_of_form(opened)
    if not opened.review.record.may_be_entered:
        return scope_response(opened)
    key = request.form.get("fact", "")
    if split_key(key) is None and split_row_key(key) is None:
        return _page(opened, "")
    form = read_plan_form(request.form.to_dict(flat=False))
    fields = dict(form.fields)
    version = {"draft_version": fields.get("draft_version", [""])}
    if request.form.get("action") == "remove":
        return _keep(opened, key, {**version, f"remove-entry.{key}": ["1"]})
    if split_row_key(key) is not None:
        typed, problems = _typed_rows(opened, key, fields)
        if problems:
            return _page(opened, key.removesuffix(f".{OTHERS}"), fields, problems)
        return _keep(opened, key.removesuffix(f".{OTHERS}"), {**version, **typed}, fields)
    problems = _missing(fields, key)
    return _page(opened, key, fields, problems) if problems else _keep(opened, key, fields)


def _keep(opened: Opened, key: str, fields: FormData, typed: FormData | None = None) -> Response:
    """Take the fields into the draft, also where a fact ended the scope: an entry may be what opens it again."""
    record = opened.review.record
    alone = replace(opened.review, record=replace(record.own or record, scope=Scope()))
    kept = keep_changes(opened.planning, opened.context, alone, fields)
    problems = {issue.field or "": issue.words for issue in kept.problems}
    rows = split_row_key(key)
    if problems and rows is not None:
        problems = {name.rpartition(".")[2].replace("value", ""): words for name, words in problems.items()}
    if problems:
        return _page(opened, key, typed or fields, problems)
    return make_response(redirect(f"{opened.frame.base}/", 303))


def _missing(fields: FormData, key: str) -> dict[str, str]:
    """An entry needs a value and a reason: it will stand in the plan under the clinician's name."""
    wanted = {"value": "Give a value.", "reason": _NO_REASON}
    names = {f"entry.{key}.{part}": words for part, words in wanted.items()}
    return {name: words for name, words in names.items() if not _first(fields, name)}


def _first(fields: FormData, name: str) -> str:
    return (fields.get(name) or [""])[0].strip()


def _typed_rows(opened: Opened, key: str, fields: FormData) -> tuple[dict[str, list[str]], dict[str, str]]:
    """
    The fields of a row as entries of the plan's form, one a drug; else what is wrong, by part.

    A row keeps its key; a new one gets one that tells nothing of it.
    """
    name, _, rest = key.partition(".")
    reason = _first(fields, "row.reason")
    asked = {} if reason else {"others" if rest == OTHERS else "reason": _NO_REASON}
    said = {"reason": [reason], "seen_where": [_first(fields, "row.seen_where")]}
    if rest == OTHERS:
        return _entry_fields(key, ALL_GIVEN, said), asked
    if (fields.get("row.what_is_right") or [""])[-1] == "not":
        return _entry_fields(key, NOT_DONE, said), asked
    groups = drug_groups(opened.services.knowledge.codes, name).values() if name in DRUG_ROWS else ()
    classes = {agent: given for group in groups for agent, given in group.items()}
    new = not rest.startswith(("own-", "r-"))
    entered = {entry.row: entry.value for entry in opened.review.entries if entry.name == name}
    made: dict[str, list[str]] = {}
    for agent in [name for name in fields.get("row.agent") or () if name] or [""]:
        parts = _parts(name, fields, agent, classes.get(agent, ()))
        problems = {**_wrong(name, parts, classes, opened.review.record.as_of), **asked}
        own = own_id(name, parts) if new and not problems else rest
        if new and entered.get(own, parts) != parts:
            problems["agent" if name in DRUG_ROWS else ""] = "You entered this already: change that entry below."
        if problems:
            return {}, problems
        made.update(_entry_fields(f"{name}.{own}", typed_row(parts), said))
    return made, {}


def _wrong(name: str, parts: dict[str, str], agents: Mapping[str, object], as_of: date) -> dict[str, str]:
    """What cannot be kept of one row, by part."""
    problems = row_problems(name, parts)
    if name in DRUG_ROWS and "agent" not in problems and parts["agent"] not in agents:
        problems["agent"] = "Choose one of those that are offered."
    ahead = lies_ahead(name, parts, as_of)
    if ahead and ahead not in problems:
        problems[ahead] = "This date lies in the future."
    return problems


def _parts(name: str, fields: FormData, agent: str, classes: tuple[str, ...]) -> dict[str, str]:
    """The typed row of a form; of several ticked drugs the one of this agent."""
    parts = {}
    for part in ROW_PARTS[name]:
        words = [word.strip() for word in fields.get(f"row.{part.name}") or ()]
        parts[part.name] = ", ".join(filter(None, words if part.kind == "names" else words[-1:]))
    if name in DRUG_ROWS:
        parts |= {"agent": agent, "class": ", ".join(classes)}
    return {part: value for part, value in parts.items() if value}


def _entry_fields(key: str, value: str, said: dict[str, list[str]]) -> dict[str, list[str]]:
    return {f"entry.{key}.value": [value], **{f"entry.{key}.{name}": words for name, words in said.items()}}


def make_blueprint() -> Blueprint:
    """The routes of these pages."""
    blueprint = Blueprint("facts_entry", __name__)
    blueprint.add_url_rule("/c/<handle>/facts", view_func=show_facts, methods=["GET"])
    blueprint.add_url_rule("/c/<handle>/facts", view_func=keep_fact, methods=["POST"])
    return blueprint
