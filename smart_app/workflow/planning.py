"""
Drafting, checking and saving a survivorship plan: the functions that the plan pages call.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import datetime, timedelta

from smart_app.clinical.entries_kept import entries_that_stand
from smart_app.clinical.plan import CarePlanDraft, PlanRow
from smart_app.errors import FhirError, NotReadyError, StaleDraftError, StoreError
from smart_app.fhir.careplan_reading import read_care_plan
from smart_app.fhir.patient_status import doubts_about_record
from smart_app.storage.outbox import UNKNOWN, OutboxEntry
from smart_app.workflow import planning_desk as desk_work
from smart_app.workflow import planning_receipts as receipts
from smart_app.workflow.planning_after import catch_up, remember_saved
from smart_app.workflow.planning_check import check_record_is_meant
from smart_app.workflow.planning_desk import Desk, owner_of, sit_down
from smart_app.workflow.planning_needs import changed_since_signed, conflicts_to_settle, needed_decisions
from smart_app.workflow.planning_paper_plan import shown_document, with_documents
from smart_app.workflow.planning_ports import FormData, PlanContext, PlanReview, PlanServices
from smart_app.workflow.planning_preview import preview
from smart_app.workflow.planning_reconcile import ONE_LOOK, close_unsent, pay_later, resolve
from smart_app.workflow.planning_record import (
    RecordPlans,
    Snapshot,
    draft_of,
    existing_plan,
    find_plans,
    is_about,
    sort_plans,
)
from smart_app.workflow.planning_revoke import revoke
from smart_app.workflow.planning_saving import save
from smart_app.workflow.planning_types import (
    ExistingPlan,
    KeptDraft,
    Outcome,
    Preview,
    Receipt,
    UnresolvedSave,
    Workbench,
)

FRESH_FOR = timedelta(seconds=60)
__all__ = [
    "check_again",
    "discard_offered_draft",
    "keep_changes",
    "open_plan",
    "preview_plan",
    "receipt_for",
    "reconcile_at_start",
    "revoke_plan",
    "save_plan",
    "start_new_plan",
    "take_up_draft",
    "undo_change",
    "unresolved_saves",
]


def open_plan(services: PlanServices, context: PlanContext, review: PlanReview) -> Workbench:
    """
    The plan page: this launch's draft (drawn from the recommendations where there is none), merged with what is new,
    beside our plan in the record, if any.

    Raises:
        OutOfScopeError: no plan applies.
    """
    desk = sit_down(services, context, review)
    unresolved = unresolved_saves(services, context)
    with contextlib.suppress(FhirError):
        catch_up(services, context, services.client_for(context))
    plans = _plans(desk)
    if plans.ours is None:
        plans = with_documents(plans, desk, services.client_for(context), desk.state())
    ours = plans.ours or (
        read_care_plan(plans.document.snapshot.plan, desk.plan_definition)
        if plans.document is not None and plans.document.snapshot is not None
        else None
    )
    state, merged = desk_work.find_or_draw(desk, plans)
    draft = state.draft
    why_not = desk_work.may_sign(context)
    conflicts = conflicts_to_settle(draft, review.record, desk.recommendations)
    three_way = None
    if plans.snapshot is not None and not draft.replaces:
        three_way = desk_work.compare_with_record(desk, state, plans.snapshot)
    return Workbench(
        draft=draft,
        recommendations=desk.recommendations,
        ladder=desk_work.ladder_of(desk, draft),
        form_key=services.new_key(),
        kept_at=state.kept_at,
        existing_plan=_in_record(plans),
        document_read=plans.document is None or plans.document.snapshot is not None,
        doubtful_documents=tuple(document.told for document in plans.doubtful),
        other_plans=tuple(existing_plan(plan) for plan in (*plans.others, *plans.ended)),
        three_way=three_way,
        duplicates=plans.duplicates,
        offered_draft=desk_work.offered_draft(desk),
        conflicts=conflicts,
        needed=needed_decisions(draft, review.record, conflicts, desk.recommendations),
        changed_facts=(changed_since_signed(ours.facts, draft, review.record, desk.recommendations) if ours else ()),
        new_rows=merged.new_rows,
        gone_rows=_gone(desk, merged.gone_rows, draft, plans),
        moved_rows=merged.moved_rows,
        outbox_unknown=unresolved,
        can_undo=bool(state.trail),
        signer=context.user_name or (context.fhir_user or ""),
        saveable=not why_not,
        not_saveable_because=why_not,
        plans_read=plans.read,
        plans_why=plans.why,
        record_doubts=doubts_about_record(review.patient),
        entries_left_out=entries_that_stand(ours.entries, review.record).left_out if ours else (),
    )


def _in_record(plans: RecordPlans) -> ExistingPlan | None:
    if plans.ours is not None:
        return existing_plan(plans.ours)
    return shown_document(plans.document.document) if plans.document is not None else None


def _plans(desk: Desk) -> RecordPlans:
    """
    The plans in the record: as read with it a moment ago where nothing of ours was saved since, else read again.
    """
    services, context, review = desk.services, desk.context, desk.review
    state = desk.state()
    wanted = state.draft.identifier if state else None
    client = services.client_for(context)
    just_read = services.now() - review.read_at < FRESH_FOR and any(
        search.resource_type == "CarePlan" and search.whole for search in review.record.searches
    )
    if just_read and (state is None or not state.draft.resource):
        mine = [plan for plan in review.plans if is_about(plan, context.patient_id)]
        return sort_plans(client, mine, desk.plan_definition, wanted)
    plans = find_plans(client, context.patient_id, desk.plan_definition, wanted)
    base = Snapshot.from_json(state.base) if state else None
    if plans.ours is None and base is not None and state is not None and state.draft.resource:
        # A search that lags behind, or could not be made, does not make a saved plan vanish from the page.
        ours = read_care_plan(base.plan, desk.plan_definition)
        return replace(plans, ours=ours, snapshot=base)
    return plans


def _gone(desk: Desk, just_now: tuple[PlanRow, ...], draft: CarePlanDraft, plans: RecordPlans) -> tuple[PlanRow, ...]:
    """Rows that the rules no longer propose: gone from the draft just now, or still in the record's plan."""
    rows = {row.id: row for row in just_now}
    if plans.snapshot is not None:
        rows |= {row.id: row for row in draft_of(plans.snapshot, desk.plan_definition).rows if row.rule is not None}
    here = {row.id for row in draft.rows} | set(desk.recommendations)
    return tuple(row for row in rows.values() if row.id not in here)


def keep_changes(services: PlanServices, context: PlanContext, review: PlanReview, changes: FormData) -> KeptDraft:
    """
    Take the fields of a form into the draft; returns only after a durable commit.

    Raises:
        StaleDraftError: the form is of an older draft, and the same field was changed since.
        OutOfScopeError: no plan applies.
    """
    desk = sit_down(services, context, review)
    if changes.get("rebase"):
        plans = find_plans(services.client_for(context), context.patient_id, desk.plan_definition)
        if plans.snapshot is None:
            raise StaleDraftError("the plan is no longer in the record")
        return desk_work.rebase(desk, changes, plans.snapshot)
    return desk_work.keep_form(desk, changes)


def kept_version(services: PlanServices, context: PlanContext) -> int:
    """The version of this launch's kept draft, also where no plan applies any more; 0 where there is none."""
    state = services.drafts.find(desk_work.owner_of(context), context.handle)
    return state.draft.version if state is not None else 0


def undo_change(services: PlanServices, context: PlanContext, review: PlanReview) -> KeptDraft:
    """Take back the last kept change (again and again, up to twenty)."""
    return desk_work.undo(sit_down(services, context, review))


def take_up_draft(services: PlanServices, context: PlanContext, review: PlanReview) -> KeptDraft:
    """
    Go on with the earlier draft that `Workbench.offered_draft` names.

    Raises:
        StaleDraftError: there is none any more.
    """
    desk = sit_down(services, context, review)
    kept, handle = desk_work.take_up(desk)
    with contextlib.suppress(FhirError):
        catch_up(services, context, services.client_for(context), handle)
    state = desk.state()
    return KeptDraft(state.draft, state.kept_at) if state is not None else kept


def discard_offered_draft(services: PlanServices, context: PlanContext) -> None:
    """The clinician does not want the earlier drafts of this patient."""
    services.drafts.drop_all(owner_of(context), context.handle)


def start_new_plan(services: PlanServices, context: PlanContext, review: PlanReview) -> KeptDraft:
    """
    From now on the draft is a new plan that takes the place of the one in the record.

    Raises:
        StaleDraftError: there is no plan of ours in the record.
    """
    desk = sit_down(services, context, review)
    state = desk.state()
    if state is None or state.draft.resource is None:
        raise StaleDraftError("there is no plan to replace")
    identifier = services.outbox.plan_identifier(context.issuer, context.patient_id, after=state.draft.identifier)
    draft = replace(state.draft, identifier=identifier, replaces=state.draft.resource, resource=None, version_id=None)
    kept = desk.keep(draft, state.draft.version)
    return KeptDraft(kept.draft, kept.kept_at)


def preview_plan(services: PlanServices, context: PlanContext, review: PlanReview) -> Preview:
    """
    What would be written now, beside our plan in the record as it was when the draft was drawn; asks the EHR nothing.

    Raises:
        StaleDraftError: there is no draft; open the plan first.
    """
    desk = sit_down(services, context, review)
    state = desk.state()
    if state is None:
        raise StaleDraftError("there is no draft")
    return preview(desk, state.draft, Snapshot.from_json(state.base))


def save_plan(
    services: PlanServices,
    context: PlanContext,
    review: PlanReview,
    draft: CarePlanDraft,
    form_key: str,
    *,
    as_draft: bool = False,
    as_document: bool = False,
    record_confirmed: bool = False,
) -> Receipt:
    """
    Write the plan, exactly once, and prove it. Call `keep_changes` with the form first, and pass its draft.

    Every ending is a receipt, also the bad ones; `as_document` leaves out the first rung; `record_confirmed` says that
    the clinician confirmed to write into a test, merged or inactive record.

    Raises:
        OutOfScopeError: no plan applies.
        NotReadyError: decisions are missing, the user may not sign, or a doubtful record was not confirmed; `needed`
            holds form fields.
        StaleDraftError: the form key was used for other content, or the draft has moved on.
        WrongPatientError: context, review and draft do not name the same patient; nothing was sent.
        StoreError: the audit or the outbox cannot be written; nothing was sent (SentNotKeptError: something was).
    """
    if not form_key or len(form_key) > 64 or not form_key.isascii() or "#" in form_key:
        raise NotReadyError(("form_key",))
    desk = sit_down(services, context, review)
    check_record_is_meant(review.patient, record_confirmed)
    return save(desk, draft, form_key, as_draft=as_draft, as_document=as_document)


def receipt_for(services: PlanServices, context: PlanContext, form_key: str) -> Receipt | None:
    """The receipt of a save of this patient, for the page that the browser is sent to after saving."""
    entry = services.outbox.find(context.issuer, context.patient_id, form_key)
    return receipts.decode(entry) if entry is not None else None


def check_again(services: PlanServices, context: PlanContext, form_key: str) -> Receipt:
    """
    Look in the record for a save whose outcome is unknown; never sends.

    Raises:
        StaleDraftError: there is no such save.
    """
    outbox = services.outbox
    with outbox.alone(context.issuer, context.patient_id) as renew:
        entry = outbox.find(context.issuer, context.patient_id, form_key)
        if entry is None:
            raise StaleDraftError("there is no such save")
        receipt = receipts.decode(entry)
        if receipt is not None and not entry.open:
            return receipt
        found = resolve(services, context, services.client_for(context), entry, renew)
        _remember(services, context, entry, found)
        return found


def _remember(services: PlanServices, context: PlanContext, entry: OutboxEntry, receipt: Receipt) -> None:
    """A draft of the same launch learns that its plan is in the record after all."""
    if not receipt.saved or entry.handle != context.handle:
        return
    with contextlib.suppress(FhirError, StaleDraftError):
        remember_saved(services, context, services.client_for(context), receipt)


def unresolved_saves(services: PlanServices, context: PlanContext) -> tuple[UnresolvedSave, ...]:
    """
    Saves for this patient that are not resolved, after one look in the record each; for every later launch. What a save
    that is in the record still owes beside it is done now.

    A save that is under way in another window is left to it.
    """
    outbox, issuer, patient = services.outbox, context.issuer, context.patient_id
    waiting = [entry for entry in outbox.of_patient(issuer, patient) if entry.open or entry.owes]
    if not waiting:
        return ()
    # Another window at work on the same plan: it will say itself how it ends.
    with contextlib.suppress(StoreError), outbox.alone(issuer, patient, patience_s=0.0) as renew:
        for entry in waiting:
            fresh = outbox.find(issuer, patient, entry.form_key)
            if fresh is not None and fresh.open:
                found = resolve(services, context, services.client_for(context), fresh, renew, ONE_LOOK)
                _remember(services, context, fresh, found)
            elif fresh is not None and fresh.owes:
                pay_later(services, context, services.client_for(context), fresh)
    return tuple(
        UnresolvedSave(entry.form_key, entry.sent_at, entry.user == (context.fhir_user or ""), receipt)
        for entry in outbox.of_patient(issuer, patient)
        if entry.state == UNKNOWN
        and (receipt := receipts.decode(entry)) is not None
        and receipt.outcome is Outcome.UNKNOWN
        and "#" not in entry.form_key
    )


def revoke_plan(
    services: PlanServices,
    context: PlanContext,
    review: PlanReview,
    reason: str,
    form_key: str,
    *,
    record_confirmed: bool = False,
) -> Receipt:
    """
    Take our plan in the record back: its status becomes `revoked`, its content stays.

    Raises:
        NotReadyError: no reason, or the user may not sign.
        StaleDraftError: there is no plan of ours in the record.
    """
    desk = sit_down(services, context, review)
    check_record_is_meant(review.patient, record_confirmed)
    return revoke(desk, reason, form_key)


def reconcile_at_start(services: PlanServices, before: datetime | None = None) -> int:
    """
    After a restart: what was prepared and never sent is closed as not sent; what was sent stays unknown until a launch
    of that patient can look. Returns how many are unknown. `before` as in `close_unsent`.
    """
    return close_unsent(services.outbox, before)
