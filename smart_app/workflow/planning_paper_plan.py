"""
Our plan where the record holds it only as a document: found again, and read back as far as it carries the plan as data.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from smart_app.clinical.dates import PartialDate
from smart_app.errors import FhirError
from smart_app.fhir import resources
from smart_app.fhir.answers import parse_json
from smart_app.fhir.capability import RungName
from smart_app.fhir.careplan import goal
from smart_app.fhir.careplan_reading import read_care_plan
from smart_app.fhir.document import FHIR_JSON, DocumentInRecord
from smart_app.storage.drafts import KeptState
from smart_app.storage.outbox import CONFIRMED
from smart_app.workflow.planning_build import Approved
from smart_app.workflow.planning_desk import Desk, ladder_of, new_identifier
from smart_app.workflow.planning_ports import PlanClient
from smart_app.workflow.planning_record import DocumentPlan, RecordPlans, document_snapshot, find_documents, is_about
from smart_app.workflow.planning_types import ExistingPlan


def data_of(approved: Approved) -> dict[str, Any]:
    """The plan as data beside its document; its goals are contained, because nothing else of it is in the record."""
    draft = approved.draft
    on = approved.desk.review.record.as_of
    goals = [
        {**goal(words, draft.identifier, approved.authorship, on), "id": f"goal-{number}"}
        for number, words in enumerate(draft.goals, start=1)
    ]
    plan = approved.own_plan([f"#{each['id']}" for each in goals], None)
    inner = [{key: value for key, value in each.items() if key != "text"} for each in goals]
    return {**plan, "contained": inner} if inner else plan


def with_documents(plans: RecordPlans, desk: Desk, client: PlanClient, state: KeptState | None) -> RecordPlans:
    """
    The plans of the record with our document, and the plan in it where it can be read back; unchanged where plans are
    saved as care plans.
    """
    if ladder_of(desk, state.draft if state is not None else None).chosen is not RungName.DOCUMENT:
        return plans
    context = desk.context
    entries = desk.services.outbox.of_patient(context.issuer, context.patient_id)
    known = {e.reference: e for e in entries if e.state == CONFIRMED and e.reference and "Document" in e.reference}
    identifier = state.draft.identifier if state is not None else new_identifier(desk, ())
    remembered = desk.services.outbox.documents_of(context.issuer, context.patient_id)
    try:
        found = find_documents(client, context.patient_id, identifier, (*known, *remembered))
    except FhirError:
        return plans
    plans = replace(plans, doubtful=found.doubtful)
    if not found.ours:
        return plans
    document, resource = found.ours[0]
    plan = _in_document(client, resource)
    entry = known.get(document.reference)
    if plan is None and entry is not None and entry.version_id in (None, document.version_id):
        plan = entry.details.get("own")
    readable = plan is not None and _is_ours(desk, plan)
    snapshot = document_snapshot(plan, document.reference) if plan is not None and readable else None
    return replace(plans, document=DocumentPlan(document, snapshot))


def _in_document(client: PlanClient, resource: Mapping[str, Any]) -> dict[str, Any] | None:
    for content in resources.objects(resource.get("content")):
        attachment = content.get("attachment")
        if not isinstance(attachment, dict) or attachment.get("contentType") != FHIR_JSON:
            continue
        try:
            data = attachment.get("data") or _moved(client, resources.reference(attachment.get("url")))
            return parse_json(base64.b64decode(str(data)))
        except (FhirError, ValueError, json.JSONDecodeError):
            return None
    return None


def _moved(client: PlanClient, reference: str | None) -> Any:
    """The data of an attachment that the server moved to a Binary."""
    kind, _, identity = (reference or "").partition("/")
    return client.read("Binary", identity).get("data") if kind == "Binary" else ""


def _is_ours(desk: Desk, plan: dict[str, Any]) -> bool:
    about = plan.get("resourceType") == "CarePlan" and is_about(plan, desk.context.patient_id)
    return about and read_care_plan(plan, desk.plan_definition).ours


def shown_document(document: DocumentInRecord) -> ExistingPlan:
    """The document as the page shows it."""
    try:
        created = PartialDate.parse(document.date)
    except ValueError:
        created = None
    return ExistingPlan(
        resource=document.reference,
        version_id=document.version_id,
        status=document.doc_status or document.status,
        title=document.title,
        ours=True,
        maker=document.maker,
        created_on=created,
        is_document=True,
    )
