"""
The last confirmed plan on paper while the EHR cannot be asked (hazard H21): made when it was saved, marked with the
time at which it was seen in the record, and given only to the same user, for the same patient, in an open launch, and
only while it is still the last.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from flask import Blueprint, Response, abort

from smart_app.clinical.plan import CarePlanDraft
from smart_app.errors import AftercareError, StoreError
from smart_app.handout.pdf import render_plan_pdf
from smart_app.handout.plan_paper import PlanPaper
from smart_app.storage.audit import AuditAction
from smart_app.storage.contexts import LaunchContext
from smart_app.storage.last_plans import LastPlans, PlanOnPaper
from smart_app.storage.outbox import CONFIRMED, OutboxEntry
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

MOST_KEPT = 4


@dataclass(frozen=True, slots=True)
class LastPlan:
    """The last confirmed plan: what became of its save, and its paper."""

    receipt: Receipt
    paper: dict[str, Any]
    seen_at: datetime


def keep_paper(opened: Opened, draft: CarePlanDraft, form_key: str, *, as_draft: bool) -> None:
    """
    Keep the paper of a plan that is about to be saved, because its outcome may be found out only later; that it cannot
    be kept takes nothing from the save.
    """
    context = opened.context
    if not context.fhir_user or as_draft:
        return
    with suppress(StoreError):
        paper = papers.plan_paper(opened.services, context, opened.review, draft, "")
        new = PlanOnPaper(form_key, msgspec.to_builtins(paper))
        kept, owner = LastPlans(opened.services.store), owner_of(context)
        may_stand = {receipt.form_key for _, receipt in _saves(opened.services, context)}
        others = [each for each in kept.of(owner) if each.form_key in may_stand - {form_key}]
        kept.keep(owner, (new, *others[: MOST_KEPT - 1]))


def _saves(wired: Services, context: LaunchContext) -> list[tuple[OutboxEntry, Receipt]]:
    """Saves of this patient's plan that are in the record or may be, oldest change first."""
    return [
        (entry, receipt)
        for entry in wired.outbox.of_patient(context.issuer, context.patient_id)
        if entry.resource.get("resourceType") in ("CarePlan", "DocumentReference")
        and (entry.state == CONFIRMED or entry.open)
        and (receipt := receipts.decode(entry)) is not None
    ]


def find_last_plan(wired: Services, context: LaunchContext) -> LastPlan | None:
    """The last confirmed plan, if it is this user's and no later save or taking back of it is known here."""
    if not context.fhir_user:
        return None
    kept = {each.form_key: each for each in LastPlans(wired.store).of(owner_of(context))}
    saves = _saves(wired, context) if kept else []
    if not saves:
        return None
    entry, receipt = saves[-1]
    at = receipt.read_back_at or receipt.saved_at
    if entry.open or at is None or receipt.form_key not in kept:
        return None
    return LastPlan(receipt, kept[receipt.form_key].paper, at)


def _standing(plan: LastPlan, zone: ZoneInfo | None) -> str:
    version = f", version {plan.receipt.version_id}" if plan.receipt.version_id else ""
    signed = f" by {plan.receipt.by}" if plan.receipt.by else ""
    return (
        f"Last confirmed plan: signed{signed} and seen in the record as {plan.receipt.resource}{version} at "
        f"{moment_text(plan.seen_at.astimezone(zone)).text}. What was changed since is not on this paper: look at the "
        "chart as soon as the EHR answers."
    )


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
    paper = replace(msgspec.convert(kept.paper, PlanPaper), standing=_standing(kept, zone))
    data, _ = render_plan_pdf(
        paper,
        papers.template_folder(),
        papers.clinic_of(wired).paper,
        made_on=kept.seen_at.astimezone(zone).date(),
        font_dirs=papers.font_folders(wired),
    )
    note(wired, context, AuditAction.PRINT)
    return pdf_file(data, "last-care-plan.pdf")


def make_blueprint() -> Blueprint:
    """The route of this paper."""
    blueprint = Blueprint("last_plan", __name__)
    blueprint.add_url_rule("/c/<handle>/last-plan.pdf", view_func=download_last_plan, methods=["GET"])
    return blueprint
