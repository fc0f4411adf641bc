"""
What planning is given in the running app, composed from the services.
"""

from __future__ import annotations

from smart_app.clinical.plan import CarePlanDraft
from smart_app.fhir.narrative import Section
from smart_app.web.metrics import TIME_TO_PLAN
from smart_app.web.papers import plan_pdf, plan_words
from smart_app.web.services import Services
from smart_app.workflow.launching import client_for
from smart_app.workflow.planning_ports import DocumentFile, IssuerFacts, PlanContext, PlanReview, PlanServices

Sections = tuple[Section, ...]


def plan_services(wired: Services) -> PlanServices:
    """The bundle; cheap, made for each request."""

    def issuer_facts(slug: str) -> IssuerFacts:
        issuer = wired.issuer(slug)
        return IssuerFacts(issuer.title, issuer.organization.reference, issuer.organization.name)

    def make_pdf(context: PlanContext, found: PlanReview, draft: CarePlanDraft, standing: str) -> DocumentFile:
        return plan_pdf(wired, context, found, draft, standing)

    def make_sections(context: PlanContext, found: PlanReview, draft: CarePlanDraft, standing: str) -> Sections:
        return plan_words(wired, context, found, draft, standing)

    return PlanServices(
        drafts=wired.drafts,
        outbox=wired.outbox,
        audit=wired.audit,
        now=wired.instant,
        wait=wired.clock.sleep,
        client_for=lambda context: client_for(wired, context),
        issuer_facts=issuer_facts,
        public_url=wired.settings.public_url,
        rule_set=wired.knowledge.version,
        make_pdf=make_pdf,
        make_sections=make_sections,
        observe_time_to_plan=lambda issuer, seconds: TIME_TO_PLAN.labels(issuer).observe(seconds),
    )
