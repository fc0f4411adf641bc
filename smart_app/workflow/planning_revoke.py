"""
Taking a plan back: the record keeps it, as revoked, with the reason.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from smart_app.errors import NotReadyError, StaleDraftError, StoreError
from smart_app.fhir import resources
from smart_app.fhir.careplan import instant
from smart_app.fhir.careplan_keeping import kept_meta
from smart_app.fhir.narrative import without_forbidden
from smart_app.storage.audit import AuditAction, AuditOutcome
from smart_app.workflow import planning_receipts as receipts
from smart_app.workflow.planning_build import approve
from smart_app.workflow.planning_desk import Desk, ladder_of, may_sign
from smart_app.workflow.planning_record import draft_of, find_plans
from smart_app.workflow.planning_settle import settle
from smart_app.workflow.planning_step import Saving, WatchedClient, check_resource_to_send, send_entry, told_when_sent
from smart_app.workflow.planning_types import Receipt


def revoke(desk: Desk, reason: str, form_key: str) -> Receipt:
    """
    Write our plan in the record anew with status `revoked` and a note that says why.

    Raises:
        NotReadyError: no reason, or the user may not sign.
        StaleDraftError: there is no plan of ours in the record, or the form was used already for something else.
    """
    why_not = may_sign(desk.context)
    if why_not or not reason.strip():
        raise NotReadyError((why_not or "reason",))
    context, services = desk.context, desk.services
    with services.outbox.alone(context.issuer, context.patient_id) as renew:
        earlier = services.outbox.find(context.issuer, context.patient_id, form_key)
        if earlier is not None:
            receipt = receipts.decode(earlier)
            if receipt is None or earlier.open:
                raise StaleDraftError("this form was used already")
            return receipt
        client = WatchedClient(services.client_for(context))
        plans = find_plans(client, context.patient_id, desk.plan_definition)
        if plans.snapshot is None:
            raise StaleDraftError("there is no plan of ours in the record")
        draft = draft_of(plans.snapshot, desk.plan_definition)
        approved = approve(desk, draft, as_draft=False, at=services.now())
        saving = Saving(desk, client, approved, ladder_of(desk, draft), form_key, False, False, renew)
        note = {
            "time": instant(services.now()),
            "text": f"Revoked: {without_forbidden(reason.strip())}",
            **({"authorReference": author} if "reference" in (author := approved.authorship.author or {}) else {}),
        }
        stored = plans.snapshot.plan
        resource = {**stored, "status": "revoked", "note": [*resources.objects(stored.get("note")), note]}
        resource.pop("meta", None)
        marks = kept_meta(stored)
        if marks:
            resource["meta"] = marks
        check_resource_to_send(saving, resource, stored)
        desk.audit(AuditAction.REVOKE, AuditOutcome.ATTEMPTED, resource=draft.resource or "")
        entry = replace(saving.entry(resource, plans.snapshot.version_id), details={"before": stored})
        with told_when_sent(client):
            sent, receipt = send_entry(saving, entry, saving.first_receipt(entry))
            receipt = replace(receipt, what="Follow-up care plan taken back (revoked)")
            settle(services.outbox, sent.entry, receipt)
        _after(desk, receipt, draft.resource or "")
        return receipt


def _after(desk: Desk, receipt: Receipt, resource: str) -> None:
    """The draft and the audit; the receipt is kept by now and tells the truth without them."""
    with suppress(StoreError):
        if receipt.saved:
            desk.services.drafts.drop(desk.owner, desk.context.handle)
        outcome = AuditOutcome.SUCCESS if receipt.saved else AuditOutcome.REFUSED
        desk.audit(AuditAction.REVOKE, outcome, resource=resource)
