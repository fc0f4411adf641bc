"""
What every page of a launch begins with: the proven context, its review, and the frame around the page.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import tzinfo
from zoneinfo import ZoneInfo

from flask import Response, make_response, render_template, request

from smart_app.errors import WrongPatientError
from smart_app.settings import Issuer
from smart_app.storage.contexts import LaunchContext, sha256
from smart_app.web.plan_services import plan_services
from smart_app.web.presenters_identity import identity_of
from smart_app.web.presenters_page import Frame, make_banner
from smart_app.web.security import form_token, require_context
from smart_app.web.services import Services, services
from smart_app.workflow.planning import open_plan
from smart_app.workflow.planning_ports import PlanServices
from smart_app.workflow.planning_types import Workbench
from smart_app.workflow.reviewing import Review, review


@dataclass(frozen=True, slots=True)
class Opened:
    """One request for a page of a launch."""

    services: Services
    context: LaunchContext
    issuer: Issuer
    review: Review
    frame: Frame
    zone: tzinfo
    planning: PlanServices

    @property
    def signer(self) -> str:
        """The signed-in user; empty where the EHR does not say who it is."""
        return user_of(self.context)


def open_context(handle: str, title: str, reread: bool = False) -> Opened:
    """
    Prove the context, review its record, draw the frame.

    Raises:
        SessionError: no such context, or it ended.
        FhirError: the patient could not be read.
    """
    context = require_context(handle)
    wired = services()
    issuer = wired.issuer(context.issuer)
    found = review(wired, context, reread=reread)
    zone = zone_of(issuer, found)
    frame = make_frame(wired, context, issuer, found, title, zone)
    return Opened(wired, context, issuer, found, frame, zone, plan_services(wired))


def reviewed_anew(opened: Opened) -> Opened:
    """The same with a review that knows what this request has just kept (entered facts, settled conflicts)."""
    return replace(opened, review=review(opened.services, opened.context))


def open_workbench(opened: Opened) -> tuple[Opened, Workbench]:
    """
    The launch's draft beside the record.

    A draft that was drawn just now from a plan with entered facts is opened with recommendations that know them.
    """
    bench = open_plan(opened.planning, opened.context, opened.review)
    if bench.draft.entries == opened.review.entries:
        return opened, bench
    opened = reviewed_anew(opened)
    return opened, open_plan(opened.planning, opened.context, opened.review)


def zone_of(issuer: Issuer, found: Review) -> tzinfo:
    """The issuer's zone, else the server's own at that instant."""
    zone: ZoneInfo | None = issuer.zone
    local = found.read_at.astimezone(zone).tzinfo
    if zone is not None:
        return zone
    assert local is not None, "astimezone always gives a zone"
    return local


def make_frame(
    wired: Services, context: LaunchContext, issuer: Issuer, found: Review, title: str, zone: tzinfo
) -> Frame:
    """Banner and frame; the title never names the patient."""
    identity = identity_of(found.patient, found.record.patient.birth_date, found.record.as_of)
    environment = "SANDBOX" if wired.settings.demo else ""
    read_at = found.read_at.astimezone(zone)
    banner = make_banner(context.handle, identity, read_at, issuer.title, user_of(context), environment)
    return Frame(
        title=title,
        base=f"/c/{context.handle}",
        banner=banner,
        form_token=form_token(context),
        theme="light" if issuer.force_light else "",
        environment=environment,
        rule_set=wired.knowledge.version,
        patient_mark=sha256(f"{context.id}:{context.patient_id}")[:16],
    )


def user_of(context: LaunchContext) -> str:
    """Name of the signed-in user, else the reference that the EHR gives (`Practitioner/17`)."""
    return context.user_name or "/".join((context.fhir_user or "").split("/")[-2:])


def require_patient_of_form(opened: Opened) -> None:
    """
    Whether the posted form was drawn for this launch's patient (hazard H02).

    Raises:
        WrongPatientError: the form names another patient; nothing was done.
    """
    if request.form.get("for_patient") != opened.frame.patient_mark:
        raise WrongPatientError("the form names no patient, or another one")


def render_page(template: str, page: object, status: int = 200) -> Response:
    """The page as a response."""
    return make_response(render_template(template, page=page), status)
