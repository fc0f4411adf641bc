"""
The rule set: for a person, with what each rule says of this patient; its review state; and as FHIR for machines.
"""

from __future__ import annotations

import json

from flask import Blueprint, Response, make_response

from smart_app.fhir.plandefinition import plan_definition as build_plan_definition
from smart_app.web.opening import open_context, render_page
from smart_app.web.presenters_rules import present_review, present_rules
from smart_app.web.services import services


def show_rules(handle: str) -> Response:
    """All rules with their sources, and why each fires or not for this patient."""
    opened = open_context(handle, "rules and their sources")
    knowledge = services().knowledge
    answers = (*opened.review.recommendations, *opened.review.silent) if opened.review.record.scope.applies else ()
    page = present_rules(knowledge.rules, answers, knowledge.version, opened.frame)
    return render_page("rules.html", page)


def show_review(handle: str) -> Response:
    """What waits for a clinician, what expires, and the source attributes of the decision support."""
    opened = open_context(handle, "review state and attributes")
    knowledge = services().knowledge
    today = opened.review.record.as_of
    page = present_review(knowledge.rules, knowledge.education, today, knowledge.version, opened.frame)
    return render_page("rules_review.html", page)


def plan_definition() -> Response:
    """The rule set as a FHIR PlanDefinition; the same for everybody."""
    wired = services()
    resource = build_plan_definition(wired.knowledge.rules, wired.knowledge.version, wired.settings.public_url)
    response = make_response(json.dumps(resource, ensure_ascii=False, indent=2))
    response.headers["Content-Type"] = "application/fhir+json; charset=utf-8"
    return response


def make_blueprint() -> Blueprint:
    """The routes of these pages."""
    blueprint = Blueprint("rules", __name__)
    blueprint.add_url_rule("/c/<handle>/rules", view_func=show_rules, methods=["GET"])
    blueprint.add_url_rule("/c/<handle>/rules/review", view_func=show_review, methods=["GET"])
    blueprint.add_url_rule("/fhir/PlanDefinition/aftercare", view_func=plan_definition, methods=["GET"])
    return blueprint
