"""
Taking a plan back: the record keeps it, as revoked, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from smart_app.clinical.plan import CarePlanDraft
from smart_app.errors import FhirError, GoneError, NotReadyError, StaleDraftError, StoreError
from smart_app.fhir import resources
from smart_app.fhir.careplan import instant
from smart_app.fhir.careplan_keeping import kept_meta
from smart_app.fhir.careplan_reading import ENDED
from smart_app.fhir.narrative import without_forbidden
from smart_app.storage.audit import AuditAction, AuditOutcome
from smart_app.workflow import planning_receipts as receipts
from smart_app.workflow.planning_beside import pay
from smart_app.workflow.planning_build import approve, with_organization
from smart_app.workflow.planning_desk import Desk, ladder_of, may_sign
from smart_app.workflow.planning_owed import owed_provenance, with_owed
from smart_app.workflow.planning_ports import PlanClient
from smart_app.workflow.planning_reconcile import resolve
from smart_app.workflow.planning_record import Snapshot, draft_of, find_plans, is_about, why_not_read, with_goals
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
        client = WatchedClient(services.client_for(context))
        earlier = services.outbox.find(context.issuer, context.patient_id, form_key)
        if earlier is not None:
            receipt = receipts.decode(earlier)
            if receipt is None or earlier.open:
                return resolve(services, context, client, earlier, renew)
            return receipt
        snapshot, why = _plan_to_revoke(desk, client)
        if snapshot is None and why:
            return _not_read(desk, client, form_key, renew, why)
        if snapshot is None:
            raise StaleDraftError("there is no plan of ours in the record")
        draft = draft_of(snapshot, desk.plan_definition)
        # Taking a plan back rests on no fact of the record.
        approved = replace(approve(desk, draft, as_draft=False, at=services.now()), facts=())
        approved = with_organization(approved, client)
        saving = Saving(desk, client, approved, ladder_of(desk, draft), form_key, False, False, renew)
        resource = _revoked(saving, snapshot.plan, reason)
        check_resource_to_send(saving, resource, snapshot.plan)
        desk.audit(AuditAction.REVOKE, AuditOutcome.ATTEMPTED, resource=draft.resource or "")
        with told_when_sent(client):
            receipt = _send(saving, resource, snapshot)
        _after(desk, receipt, draft.resource or "")
        return receipt


def _revoked(saving: Saving, stored: dict[str, Any], reason: str) -> dict[str, Any]:
    """The plan as it stands, with its new status and why."""
    author = saving.approved.authorship.author or {}
    note = {
        "time": instant(saving.desk.services.now()),
        "text": f"Revoked: {without_forbidden(reason.strip())}",
        **({"authorReference": author} if "reference" in author else {}),
    }
    resource = {**stored, "status": "revoked", "note": [*resources.objects(stored.get("note")), note]}
    resource.pop("meta", None)
    marks = kept_meta(stored)
    return {**resource, "meta": marks} if marks else resource


def _send(saving: Saving, resource: dict[str, Any], snapshot: Snapshot) -> Receipt:
    """Send it, with its Provenance after it, which is owed from before it is sent."""
    approved, outbox = saving.approved, saving.desk.services.outbox
    owed = owed_provenance(approved, saving.ladder, (), created=False)
    entry = replace(saving.entry(resource, snapshot.version_id), details={"before": snapshot.plan})
    entry = with_owed(entry, owed.steps)
    first = replace(saving.first_receipt(entry), what="Follow-up care plan taken back (revoked)")
    sent, receipt = send_entry(saving, entry, first)
    if receipt.saved:
        receipt = replace(receipt, notes=(*receipt.notes, *owed.notes))
    settled = settle(outbox, sent.entry, receipt)
    return pay(saving.desk.services, saving.client, settled, receipt) if receipt.saved else receipt


def _plan_to_revoke(desk: Desk, client: PlanClient) -> tuple[Snapshot | None, str]:
    """
    The very plan that the page shows, also where the search lags behind or finds another of ours first; else why the
    record could not be read.
    """
    state, patient = desk.state(), desk.context.patient_id
    named = state.draft.resource if state is not None else None
    plans = find_plans(client, patient, desk.plan_definition, state.draft.identifier if state is not None else None)
    found = plans.snapshot
    if named is not None and (found is None or resources.own_reference(found.plan) != named):
        try:
            plan = client.read("CarePlan", named.partition("/")[2])
        except GoneError:
            return None, ""
        except FhirError as error:
            return None, why_not_read(error)
        in_force = is_about(plan, patient) and plan.get("status") not in ENDED
        return (with_goals(client, plan) if in_force else None), ""
    return found, "" if plans.read else plans.why


def _not_read(desk: Desk, client: PlanClient, form_key: str, renew: Callable[[], None], why: str) -> Receipt:
    state = desk.state()
    draft = state.draft if state is not None else CarePlanDraft("", 0, ())
    approved = approve(desk, draft, as_draft=False, at=desk.services.now())
    saving = Saving(desk, client, approved, ladder_of(desk, draft), form_key, False, False, renew)
    blank = saving.first_receipt(saving.entry({"resourceType": "CarePlan"}))
    stopped = receipts.not_sent(blank, f"{why} Nothing was written: the plan stands as it is.")
    return replace(stopped, what="Follow-up care plan, to be taken back")


def _after(desk: Desk, receipt: Receipt, resource: str) -> None:
    """The draft and the audit; the receipt is kept by now and tells the truth without them."""
    with suppress(StoreError):
        if receipt.saved:
            desk.services.drafts.drop(desk.owner, desk.context.handle)
        outcome = AuditOutcome.SUCCESS if receipt.saved else AuditOutcome.REFUSED
        desk.audit(AuditAction.REVOKE, outcome, resource=resource)
