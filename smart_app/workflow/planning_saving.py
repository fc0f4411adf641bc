"""
Saving: the checks before, the write ladder, what is written beside the plan, and what is kept of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from smart_app.clinical.plan import CarePlanDraft
from smart_app.errors import (
    FhirError,
    GoneError,
    InvalidPlanError,
    NotReadyError,
    NotSignedInError,
    StaleDraftError,
    StoreError,
    TemporaryFhirError,
    WrongPatientError,
)
from smart_app.fhir import resources
from smart_app.fhir.capability import RungName
from smart_app.fhir.careplan_reading import ENDED
from smart_app.storage.audit import AuditAction, AuditOutcome
from smart_app.storage.drafts import KeptState
from smart_app.storage.outbox import CONFIRMED, OutboxEntry
from smart_app.workflow import planning_receipts as receipts
from smart_app.workflow.planning_after import catch_up, remember_saved
from smart_app.workflow.planning_beside import pay
from smart_app.workflow.planning_build import Approved, approve, with_organization
from smart_app.workflow.planning_check import check_facts, proposed_since
from smart_app.workflow.planning_desk import Desk, compare_with_record, ladder_of, may_sign
from smart_app.workflow.planning_document import save_document
from smart_app.workflow.planning_goals import write_goals
from smart_app.workflow.planning_needs import conflicts_to_settle, needed_decisions
from smart_app.workflow.planning_owed import owed_by, with_owed
from smart_app.workflow.planning_ports import PlanClient
from smart_app.workflow.planning_reconcile import resolve
from smart_app.workflow.planning_record import (
    RecordPlans,
    Snapshot,
    find_by_identifier,
    find_plans,
    is_about,
    with_goals,
)
from smart_app.workflow.planning_send import SendEnd, Sent
from smart_app.workflow.planning_settle import keep_receipt, remember, settle
from smart_app.workflow.planning_step import (
    Saving,
    WatchedClient,
    check_resource_to_send,
    plan_entries,
    send_entry,
    told_when_sent,
)
from smart_app.workflow.planning_types import Outcome, Receipt


def save(desk: Desk, draft: CarePlanDraft, form_key: str, *, as_draft: bool, as_document: bool) -> Receipt:
    """The whole of `planning.save_plan`."""
    check_may_save(desk, draft)
    context, services = desk.context, desk.services
    with services.outbox.alone(context.issuer, context.patient_id) as renew:
        client = WatchedClient(services.client_for(context))
        saving = _begin(desk, draft, client, renew, form_key, as_draft=as_draft, as_document=as_document)
        earlier = _answered_before(saving)
        if earlier is not None:
            return earlier
        # What was found out just now may have given the draft its place in the record.
        saving = _begin(desk, draft, client, renew, form_key, as_draft=as_draft, as_document=as_document)
        # Without a line in the audit nothing is written to a chart (fault F41): this raises StoreError.
        desk.audit(AuditAction.SAVE, AuditOutcome.ATTEMPTED)
        with told_when_sent(client):
            receipt = _save(saving)
        if receipt.saved:
            since_launch = services.now() - context.launched_at
            receipt = replace(receipt, time_to_plan_s=max(since_launch.total_seconds(), 0.0))
        _after(saving, receipt)
        return receipt


def _begin(
    desk: Desk,
    draft: CarePlanDraft,
    client: PlanClient,
    renew: Callable[[], None],
    form_key: str,
    *,
    as_draft: bool,
    as_document: bool,
) -> Saving:
    """A save of the draft as it was approved, with the place in the record that the kept draft knows."""
    state = desk.state()
    if state is not None:
        kept = state.draft
        draft = replace(
            draft,
            identifier=kept.identifier,
            resource=kept.resource,
            version_id=kept.version_id,
            replaces=kept.replaces,
        )
    approved = approve(desk, draft, as_draft=as_draft, at=desk.services.now())
    return Saving(desk, client, approved, ladder_of(desk, draft), form_key, as_draft, as_document, renew)


def check_may_save(desk: Desk, draft: CarePlanDraft) -> None:
    """
    Whether this draft may be saved by this user at all.

    Raises:
        NotReadyError: decisions are missing, or the user may not sign.
    """
    why_not = may_sign(desk.context)
    if why_not:
        raise NotReadyError((why_not,))
    conflicts = conflicts_to_settle(draft, desk.review.record, desk.recommendations)
    needed = needed_decisions(draft, desk.review.record, conflicts, desk.recommendations)
    if blocking := [entry.field for entry in needed if entry.blocks]:
        raise NotReadyError(tuple(blocking))


def _answered_before(saving: Saving) -> Receipt | None:
    """
    The answer that this form, or the same plan from another window, was given already.

    Raises:
        StaleDraftError: the key was used for other content, or the draft has moved on.
    """
    desk = saving.desk
    context, outbox = desk.context, desk.services.outbox
    entry = outbox.find(context.issuer, context.patient_id, saving.form_key)
    if entry is not None:
        if entry.content != saving.content:
            raise StaleDraftError("this form was used for another content")
        return _answer_of(saving, entry)
    _check_is_current(saving)
    for other in plan_entries(desk):
        if other.open:
            # Something is on its way for this patient: find out before anything else is sent.
            found = resolve(desk.services, context, saving.client, other, saving.renew)
            if found.saved and other.handle == context.handle:
                remember_saved(desk.services, context, saving.client, found)
            if found.outcome is Outcome.UNKNOWN or (found.saved and other.content == saving.content):
                return found
    catch_up(desk.services, context, saving.client)
    latest = next((e for e in reversed(plan_entries(desk)) if e.state == CONFIRMED), None)
    if latest is not None and latest.content == saving.content and _still_stands(saving, latest):
        receipt = receipts.decode(latest)
        if receipt is not None:
            return replace(receipt, notes=(*receipt.notes, "Nothing had changed since, so nothing was written again."))
    return None


def _check_is_current(saving: Saving) -> None:
    state = saving.desk.state()
    if state is None or replace(saving.approved.draft, version=0) != replace(state.draft, version=0):
        raise StaleDraftError("the draft has moved on since this form was made")


def _answer_of(saving: Saving, entry: OutboxEntry) -> Receipt:
    receipt = receipts.decode(entry)
    if receipt is not None and not entry.open:
        return receipt
    found = resolve(saving.desk.services, saving.desk.context, saving.client, entry, saving.renew)
    if found.saved and entry.handle == saving.desk.context.handle:
        remember_saved(saving.desk.services, saving.desk.context, saving.client, found)
    return found


def _still_stands(saving: Saving, entry: OutboxEntry) -> bool:
    kind, _, identity = (entry.reference or "").partition("/")
    if not identity:
        return False
    try:
        stored = saving.client.read(kind, identity)
    except FhirError:
        return False
    return (resources.version_id(stored) or None) == entry.version_id


def _save(saving: Saving) -> Receipt:
    draft = saving.approved.draft
    blank = saving.first_receipt(saving.entry({"resourceType": "CarePlan"}))
    if not saving.as_document and saving.ladder.chosen is RungName.DOWNLOAD:
        return receipts.not_sent(blank, receipts.chosen_words(saving.ladder), ("download-pdf", "summary"))
    try:
        check = check_facts(
            saving.client, saving.desk.context.patient_id, saving.approved.facts, saving.desk.recommendations
        )
        if check.changed:
            words = (
                "The record changed since it was read, so nothing was written. See what changed, read the record "
                "again, and save then. Your draft is kept."
            )
            stopped = receipts.not_sent(blank, words, ("read-again", "back-to-plan"))
            return replace(stopped, changed_facts=check.changed)
        saving.approved = with_organization(saving.approved, saving.client)
        if saving.as_document or saving.ladder.chosen is RungName.DOCUMENT:
            receipt = save_document(saving)
        else:
            receipt = _save_plan(saving)
    except NotSignedInError:
        words = "Your sign-in at the EHR has ended, so nothing was written. Your draft is kept."
        return receipts.not_sent(blank, words, ("relaunch", "download-pdf"))
    except TemporaryFhirError as error:
        words = "The EHR could not be asked just now, so nothing was written. Your draft is kept; you can save again."
        return replace(receipts.not_sent(blank, words), status=error.status)
    except InvalidPlanError as error:
        words = "Our own check refused the plan before sending; nothing was written. Tell the help desk. Draft kept."
        return replace(receipts.not_sent(blank, words), notes=(str(error)[:500],))
    if check.unchecked:
        count = len(check.unchecked)
        note = f"{count} of the facts used could not be checked again just before: this EHR states no version of them."
        receipt = replace(receipt, notes=(*receipt.notes, note))
    if receipt.saved:
        receipt = replace(receipt, notes=(*receipt.notes, *proposed_since(saving.approved.draft, saving.desk.review)))
    receipt = replace(receipt, goals=len(draft.goals))
    context = saving.desk.context
    keep_receipt(saving.desk.services.outbox, context.issuer, context.patient_id, receipt)
    return receipt


def _save_plan(saving: Saving) -> Receipt:
    desk, draft = saving.desk, saving.approved.draft
    state = desk.state()
    plans = find_plans(saving.client, desk.context.patient_id, desk.plan_definition, draft.identifier)
    current = _current(saving, plans, state)
    blank = saving.first_receipt(saving.entry({"resourceType": "CarePlan"}))
    if not plans.read and draft.resource is None:
        return receipts.not_sent(blank, f"{plans.why} Nothing was written, so that no second plan is made.")
    if draft.resource is not None and current is None:
        words = (
            f"{draft.resource} is no longer in the record. Nothing was written. Your draft is kept: saving again "
            "makes a new plan."
        )
        _forget_resource(desk, state, plans)
        return receipts.not_sent(blank, words)
    if current is not None and not draft.replaces:
        held = _held_by_somebody(desk, state, current, plans)
        if held:
            return receipts.not_sent(blank, held)
    if current is not None and state is not None and not draft.replaces:
        three_way = compare_with_record(desk, state, current)
        if three_way is not None:
            words = (
                "The plan in the record is not the one this draft began with. Nothing was overwritten. Compare both."
            )
            stopped = receipts.not_sent(blank, words, ("compare", "back-to-plan", "download-pdf"))
            version = f", version {three_way.version_id}" if three_way.version_id else ""
            return replace(stopped, three_way=three_way, in_record_now=f"{three_way.resource}{version}")
    existing = current if current is not None and not draft.replaces else None
    if existing is not None and not saving.ladder.care_plan.can_update:
        saving.approved = _as_successor(saving, existing)
        existing = None
    return _write_plan(saving, existing, current, plans)


def _current(saving: Saving, plans: RecordPlans, state: KeptState | None) -> Snapshot | None:
    """Our plan in the record: as found, or by the address that the draft or the outbox knows (searches may lag)."""
    if plans.snapshot is not None and plans.ours is not None:
        named = saving.approved.draft.resource
        if named is None or named == plans.ours.reference:
            return plans.snapshot
    known = [saving.approved.draft.resource] if saving.approved.draft.resource else []
    known += [
        entry.reference
        for entry in reversed(plan_entries(saving.desk))
        if entry.state == CONFIRMED
        and entry.reference
        and entry.reference.startswith("CarePlan/")
        and entry.plan_identifier == saving.approved.draft.identifier
    ]
    for reference in known:
        try:
            plan = saving.client.read("CarePlan", str(reference).partition("/")[2])
        except GoneError:
            continue
        if not is_about(plan, saving.desk.context.patient_id):
            raise WrongPatientError("the plan in the record names another patient")
        return with_goals(saving.client, plan)
    return None


def _held_by_somebody(desk: Desk, state: KeptState | None, current: Snapshot, plans: RecordPlans) -> str:
    """Why a plan that somebody ended or put on hold is not made active again by a save; empty where it is in force."""
    reference, status = resources.own_reference(current.plan), current.plan.get("status")
    if status in ENDED:
        _forget_resource(desk, state, plans)
        return (
            f"{reference} was ended in the record by somebody else (status {status}). Nothing was written. Your draft "
            "is kept: saving again makes a new plan."
        )
    if status == "on-hold":
        return (
            f"{reference} was put on hold in the record by somebody else. Nothing was written. Your draft is kept; "
            "lift the hold in the chart first, then save again."
        )
    return ""


def _forget_resource(desk: Desk, state: KeptState | None, plans: RecordPlans) -> None:
    if state is None:
        return
    outbox, context = desk.services.outbox, desk.context
    identifier = outbox.plan_identifier(context.issuer, context.patient_id, after=state.draft.identifier)
    desk.keep(replace(state.draft, resource=None, version_id=None, identifier=identifier), state.draft.version)


def _as_successor(saving: Saving, existing: Snapshot) -> Approved:
    """A plan that no app may change here is followed by a new one that replaces it."""
    context = saving.desk.context
    after = saving.approved.draft.identifier
    identifier = saving.desk.services.outbox.plan_identifier(context.issuer, context.patient_id, after=after)
    draft = replace(
        saving.approved.draft, identifier=identifier, replaces=resources.own_reference(existing.plan), resource=None
    )
    return replace(saving.approved, draft=draft)


def _write_plan(saving: Saving, existing: Snapshot | None, current: Snapshot | None, plans: RecordPlans) -> Receipt:
    desk = saving.desk
    # The plan is checked before a goal is written, so that a refusal of ours leaves nothing half done.
    before = existing.plan if existing else None
    check_resource_to_send(saving, saving.approved.plan((), existing).plan, before)
    goals = write_goals(desk, saving.client, saving.approved, saving.ladder, current, saving.form_key, saving.renew)
    built = saving.approved.plan(goals.references, existing)
    check_resource_to_send(saving, built.plan, before)
    version = existing.version_id if existing else None
    own = saving.approved.own_plan(goals.references, existing)
    details = {"own": own, **({"before": before} if before else {})}
    owed = owed_by(saving.approved, saving.ladder, goals, current, created=existing is None)
    entry = with_owed(replace(saving.entry(built.plan, version), details=details), owed.steps)
    sent, receipt = send_entry(saving, entry, saving.first_receipt(entry))
    receipt = replace(receipt, notes=(*receipt.notes, *built.told, *goals.notes), written_with=goals.written)
    if sent.end is SendEnd.CONFLICT and sent.stored is not None:
        receipt = _with_comparison(saving, sent, receipt)
    if existing is not None:
        receipt = receipts.with_overwritten(receipt, existing.version_id or "", sent)
    if plans.duplicates:
        receipt = receipts.with_duplicates(receipt, plans.duplicates)
    if not receipt.saved:
        settle(desk.services.outbox, sent.entry, receipt)
        return receipt
    remember(desk.services.outbox, sent)
    receipt = replace(receipt, notes=(*receipt.notes, *owed.notes))
    # Known before what stands beside it is written, with what is owed: a kill from here on loses nothing.
    settled = settle(desk.services.outbox, sent.entry, receipt)
    receipt = pay(desk.services, saving.client, settled, receipt)
    # Looked for last, because replicas of a server may learn of each other's rows only with the next write.
    return _with_duplicates(saving, receipt) if existing is None else receipt


def _with_duplicates(saving: Saving, receipt: Receipt) -> Receipt:
    """Two of one plan, made by a server that took one request twice: shown, never deleted by us."""
    ability, patient = saving.ladder.care_plan, saving.desk.context.patient_id
    try:
        found = find_by_identifier(
            saving.client, "CarePlan", receipt.plan_identifier, patient, ability.identifier_search
        )
    except FhirError:
        return receipt
    others = [ref for ref in map(resources.own_reference, found) if ref != receipt.resource]
    if not others:
        return receipt
    return receipts.with_duplicates(receipt, others)


def _with_comparison(saving: Saving, sent: Sent, receipt: Receipt) -> Receipt:
    state = saving.desk.state()
    if state is None or sent.stored is None:
        return receipt
    three_way = compare_with_record(saving.desk, state, with_goals(saving.client, sent.stored))
    return replace(receipt, three_way=three_way)


def _after(saving: Saving, receipt: Receipt) -> None:
    """What follows a save: the draft knows its plan, the audit its outcome, the metrics their time."""
    desk, services = saving.desk, saving.desk.services
    outcome = {
        Outcome.SAVED: AuditOutcome.SUCCESS,
        Outcome.SAVED_AS_DOCUMENT: AuditOutcome.SUCCESS,
        Outcome.NOT_SAVED: AuditOutcome.REFUSED,
        Outcome.UNKNOWN: AuditOutcome.UNKNOWN,
    }[receipt.outcome]
    try:
        desk.audit(AuditAction.SAVE, outcome, resource=receipt.resource, detail=receipt.outcome.value)
        if receipt.saved:
            remember_saved(services, desk.context, saving.client, receipt)
    except (StoreError, StaleDraftError, FhirError):
        # It is in the record and its receipt is kept; the next launch reads the plan from there.
        return
    if receipt.time_to_plan_s is not None:
        services.observe_time_to_plan(desk.context.issuer, receipt.time_to_plan_s)
