"""
What is about to be written: author and organization, the resources of a draft, the digest of what was approved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec

from smart_app import __version__
from smart_app.clinical.education import shown_titles
from smart_app.clinical.plan import CarePlanDraft
from smart_app.clinical.plan_facts import UsedFact, facts_used
from smart_app.errors import DocumentError, FhirError
from smart_app.fhir import resources
from smart_app.fhir.capability import allows
from smart_app.fhir.careplan import Authorship, care_plan, user_reference
from smart_app.fhir.careplan_keeping import KeptPlan, keep_others, word_digests
from smart_app.fhir.document import Content, document_reference, plan_json
from smart_app.fhir.narrative import Section, date_words, html_document, plan_sections, text_document
from smart_app.fhir.provenance import provenance
from smart_app.storage.outbox import CONFIRMED
from smart_app.workflow.planning_desk import Desk, content_digest
from smart_app.workflow.planning_ports import PlanClient, PlanReview
from smart_app.workflow.planning_record import Snapshot, is_about, readable

NO_ORGANIZATION = (
    "No Provenance was written: neither your role at this EHR nor the registry names the organization you act for."
)


@dataclass(frozen=True, slots=True)
class DocumentForms:
    """Contents to try in turn, each with its number of pages (None: it has none); why there is no PDF, if so."""

    forms: tuple[tuple[tuple[Content, ...], int | None], ...]
    without_pdf: str = ""


@dataclass(frozen=True, slots=True)
class Approved:
    """What the clinician approved, ready to be built: the draft, its status, who writes it and from which facts."""

    desk: Desk
    draft: CarePlanDraft
    status: str
    authorship: Authorship
    facts: tuple[UsedFact, ...]

    @property
    def content(self) -> str:
        """Digest of what was approved, without what changes with every save."""
        return f"{content_digest(self.draft)}-{self.status}"

    def plan(self, goals: Iterable[str], existing: Snapshot | None) -> KeptPlan:
        """The CarePlan, with what others wrote into the one that is in the record."""
        own = self.own_plan(goals, existing)
        if existing is None:
            return KeptPlan(own)
        active = {reference for _, reference in existing.active_goals()}
        context, reference = self.desk.context, resources.own_reference(existing.plan)
        last = self._written_last(reference)
        words = self.desk.services.outbox.words_of(context.issuer, context.patient_id, reference)
        if words is None and last is not None:
            words = word_digests(last)
        return keep_others(own, existing.plan, last, words=words, taken_out=active)

    def _written_last(self, reference: str) -> dict[str, Any] | None:
        """What we wrote into this plan last, without what others had written; None where the outbox knows no more."""
        context = self.desk.context
        entries = self.desk.services.outbox.of_patient(context.issuer, context.patient_id)
        found = [entry for entry in entries if entry.state == CONFIRMED and entry.reference == reference]
        return found[-1].details.get("own") if found else None

    def own_plan(self, goals: Iterable[str], existing: Snapshot | None) -> dict[str, Any]:
        """The CarePlan as we alone would write it."""
        review = self.desk.review
        return care_plan(
            self.draft,
            review.record,
            self.desk.recommendations,
            self.authorship,
            status=self.status,
            goals=goals,
            existing=existing.plan if existing else None,
            replaces=self.draft.replaces,
            education=shown_titles(review.sections, review.further_sections, self.draft.education),
        )

    def provenance(self, targets: Iterable[str], created: bool) -> dict[str, Any] | None:
        """The Provenance, or None where nobody is known to act for."""
        if self.authorship.organization is None or self.authorship.author is None:
            return None
        return provenance(
            targets,
            self.facts,
            self.authorship,
            created=created,
            software_version=__version__,
            rule_set=self.desk.services.rule_set,
            entries=self.draft.entries,
        )

    @property
    def standing(self) -> str:
        """One line for paper: who signed it and when, or that it is a draft."""
        context, at = self.desk.context, self.authorship.at
        by = context.user_name or context.fhir_user or "the clinician"
        on = f"{date_words(at.date().isoformat())}, {at:%H:%M} UTC"
        return f"Signed by {by}, {on}" if self.status == "active" else f"Draft by {by}, {on}: not signed"

    def document_forms(self, data: Mapping[str, Any]) -> DocumentForms:
        """
        The forms of the document to try, best first: PDF (else HTML) with the plan as data, PDF, HTML, text.

        Each says all of the plan. A PDF that cannot be made (a character that no font holds) is left out, and why.
        """
        make_sections = self.desk.services.make_sections
        sections = (
            make_sections(self.desk.context, self.desk.review, self.draft, self.standing)
            if make_sections is not None
            else (Section("Standing", (self.standing,)), *plan_sections(self.draft, self.desk.review.record))
        )
        forms: list[tuple[tuple[Content, ...], int | None]] = []
        without_pdf = ""
        make_pdf = self.desk.services.make_pdf
        if make_pdf is not None:
            try:
                file = make_pdf(self.desk.context, self.desk.review, self.draft, self.standing)
            except DocumentError:
                without_pdf = "A PDF could not be made of this plan, so it was written as a page of text."
            else:
                pdf = Content(file.content_type, file.data)
                forms += [((pdf, plan_json(data)), file.pages), ((pdf,), file.pages)]
        # A receipt speaks English, and so does this fallback: it is the clinician's copy.
        page = Content("text/html", html_document(sections).encode("utf-8", "replace"))
        if without_pdf:
            forms.append(((page, plan_json(data)), None))
        forms.append(((page,), None))
        forms.append(((Content("text/plain", text_document(sections).encode("utf-8", "replace")),), None))
        return DocumentForms(tuple(forms), without_pdf)

    def document(self, contents: tuple[Content, ...], existing: Mapping[str, Any] | None) -> dict[str, Any]:
        """The DocumentReference."""
        return document_reference(
            contents, self.draft.identifier, self.authorship, final=self.status == "active", existing=existing
        )


def approve(desk: Desk, draft: CarePlanDraft, *, as_draft: bool, at: datetime) -> Approved:
    """What a save is about; asks the EHR nothing."""
    context = desk.context
    authorship = Authorship(
        patient_id=context.patient_id,
        at=at,
        public_url=desk.services.public_url,
        author=user_reference(context.fhir_user or "", context.base_url, context.user_name),
        organization=_registered_organization(desk),
        encounter_id=context.encounter_id,
        care_team=care_team_of(desk.review, context.patient_id),
    )
    facts = facts_used(desk.review.record, desk.recommendations, draft)
    return Approved(desk, draft, "draft" if as_draft else "active", authorship, facts)


def care_team_of(review: PlanReview, patient_id: str) -> tuple[str, ...]:
    """
    The active teams of this patient that were formed for this cancer, else the only one; among several that name no
    reason nothing is guessed.
    """
    cancers = {source.reference for cancer in review.record.cancers for source in cancer.sources}
    teams = [team for team in review.care_teams if is_about(team, patient_id) and _in_force(team, review)]
    named = [team for team in teams if cancers & set(resources.references(team.get("reasonReference")))]
    chosen = named or (teams if len(teams) == 1 else [])
    return tuple(resources.own_reference(team) for team in chosen if team.get("id"))


def _in_force(team: Mapping[str, Any], review: PlanReview) -> bool:
    _, ended = resources.period(team.get("period"))
    return team.get("status") == "active" and (ended is None or ended.latest >= review.record.as_of)


def with_organization(approved: Approved, client: PlanClient) -> Approved:
    """The same, with the organization that the user's own role names, where it can be read."""
    found = _role_organization(approved, client)
    if found is None:
        return approved
    return replace(approved, authorship=replace(approved.authorship, organization=found))


def _registered_organization(desk: Desk) -> dict[str, Any] | None:
    facts = desk.services.issuer_facts(desk.context.issuer)
    if not facts.organization:
        return None
    return {
        "reference": facts.organization,
        **({"display": facts.organization_name} if facts.organization_name else {}),
    }


def _role_organization(approved: Approved, client: PlanClient) -> dict[str, Any] | None:
    author = (approved.authorship.author or {}).get("reference", "")
    kind, _, identity = author.partition("/")
    scopes = approved.desk.context.scopes
    if kind == "PractitionerRole" and allows(scopes, kind, "r"):
        role = readable(lambda: client.read("PractitionerRole", identity))
        roles = [role] if role else []
    elif kind == "Practitioner" and allows(scopes, "PractitionerRole", "s"):
        roles = _roles(client, author)
    else:
        return None
    organizations = {
        reference: role.get("organization", {})
        for role in roles
        if role.get("active") is not False and (reference := resources.reference(role.get("organization")))
    }
    if len(organizations) != 1:
        # Several roles: which of them acts here is not ours to guess; the registry decides.
        return None
    reference, shown = next(iter(organizations.items()))
    display = resources.text(shown.get("display"))
    return {"reference": reference, **({"display": display} if display else {})}


def _roles(client: PlanClient, practitioner: str) -> list[dict[str, Any]]:
    found = []
    try:
        for page in client.search("PractitionerRole", {"practitioner": practitioner}):
            entries = resources.objects(msgspec.json.decode(page).get("entry"))
            found += [entry["resource"] for entry in entries if isinstance(entry.get("resource"), dict)]
    except (FhirError, msgspec.DecodeError):
        return []
    return [role for role in found if role.get("resourceType") == "PractitionerRole"]
