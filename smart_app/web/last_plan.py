"""
The last confirmed plan on paper while the EHR cannot be asked (hazard H21): made when it was saved, marked with that
time, and given only to the same user, for the same patient, in an open launch, and only while it is still the last.
"""

from __future__ import annotations

from contextlib import suppress
from zoneinfo import ZoneInfo

import msgspec
from flask import Blueprint, Response, abort

from smart_app.clinical.plan import CarePlanDraft
from smart_app.errors import AftercareError, StoreError
from smart_app.handout.pdf import render_plan_pdf
from smart_app.handout.plan_paper import PlanPaper
from smart_app.storage.audit import AuditAction
from smart_app.storage.contexts import LaunchContext
from smart_app.storage.last_plans import LastPlan, LastPlans
from smart_app.storage.outbox import CONFIRMED
from smart_app.web import papers
from smart_app.web.handout import pdf_file
from smart_app.web.opening import Opened
from smart_app.web.presenters_words import moment_text
from smart_app.web.security import require_context
from smart_app.web.services import Services, services
from smart_app.workflow import planning_receipts as receipts
from smart_app.workflow.launching import note
from smart_app.workflow.planning_desk import owner_of
from smart_app.workflow.planning_types import Receipt


def keep_last_plan(opened: Opened, draft: CarePlanDraft, receipt: Receipt) -> None:
    """Keep the paper of a plan that was just confirmed; that it cannot be kept takes nothing from the save."""
    context, at = opened.context, receipt.read_back_at or receipt.saved_at
    if not (receipt.saved and context.fhir_user and at is not None) or receipt.as_draft:
        return
    version = f", version {receipt.version_id}" if receipt.version_id else ""
    signed = f" by {context.user_name}" if context.user_name else ""
    standing = (
        f"Last confirmed plan: signed{signed} and seen in the record as {receipt.resource}{version} at "
        f"{moment_text(at.astimezone(opened.zone)).text}. What was changed since is not on this paper: look at the "
        "chart as soon as the EHR answers."
    )
    with suppress(StoreError):
        paper = papers.plan_paper(opened.services, context, opened.review, draft, standing)
        kept = LastPlan(receipt.form_key, receipt.resource, receipt.version_id, at, msgspec.to_builtins(paper))
        LastPlans(opened.services.store).keep(owner_of(context), kept)


def find_last_plan(wired: Services, context: LaunchContext) -> LastPlan | None:
    """The kept paper, if this user has one and no later save or taking back of the patient's plan is known here."""
    if not context.fhir_user:
        return None
    kept = LastPlans(wired.store).find(owner_of(context))
    if kept is None:
        return None
    confirmed = [
        receipt.form_key
        for entry in wired.outbox.of_patient(context.issuer, context.patient_id)
        if entry.resource.get("resourceType") in ("CarePlan", "DocumentReference")
        and (entry.state == CONFIRMED or entry.open)
        and (receipt := receipts.decode(entry)) is not None
    ]
    return kept if confirmed and confirmed[-1] == kept.form_key else None


def last_plan_offered(context: LaunchContext) -> LastPlan | None:
    """The same for a page that tells of a failure: a store that fails too offers nothing."""
    try:
        return find_last_plan(services(), context)
    except AftercareError:
        return None


def download_last_plan(handle: str) -> Response:
    """The paper as PDF; asks the EHR nothing."""
    context, wired = require_context(handle), services()
    kept = find_last_plan(wired, context)
    if kept is None:
        abort(404)
    zone: ZoneInfo | None = wired.issuer(context.issuer).zone
    data, _ = render_plan_pdf(
        msgspec.convert(kept.paper, PlanPaper),
        papers.template_folder(),
        papers.clinic_of(wired).paper,
        made_on=kept.read_back_at.astimezone(zone).date(),
        font_dirs=papers.font_folders(wired),
    )
    note(wired, context, AuditAction.PRINT)
    return pdf_file(data, "last-care-plan.pdf")


def make_blueprint() -> Blueprint:
    """The route of this paper."""
    blueprint = Blueprint("last_plan", __name__)
    blueprint.add_url_rule("/c/<handle>/last-plan.pdf", view_func=download_last_plan, methods=["GET"])
    return blueprint
