"""
The clinician's side of the workbench: drawing, keeping, undoing and taking up drafts; comparing with the record.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC

import msgspec

from smart_app.clinical.entries_kept import entries_are_applied, entries_that_stand, open_conflicts_that_stand
from smart_app.clinical.plan import CarePlanDraft, Decision, RowOrder
from smart_app.clinical.plan_drafting import Merged, by_row, conflicts_of, draft_plan, merge_draft
from smart_app.clinical.plan_merging import RECORD_PARTS, Difference, MergedPlans, merge_plans
from smart_app.clinical.recommendations import Recommendation
from smart_app.errors import OutOfScopeError, StaleDraftError, UnreadableRecordError, WrongPatientError
from smart_app.fhir.capability import WriteLadder, decide_ladder
from smart_app.fhir.careplan import user_reference
from smart_app.fhir.careplan_keeping import changed_words
from smart_app.fhir.entered_facts import as_read_back
from smart_app.storage.audit import AuditAction, AuditOutcome
from smart_app.storage.drafts import DraftOwner, DraftStore, KeptState
from smart_app.workflow.planning_forms import apply_form
from smart_app.workflow.planning_ports import FormData, PlanContext, PlanReview, PlanServices
from smart_app.workflow.planning_record import RecordPlans, Snapshot, draft_of
from smart_app.workflow.planning_types import KeptDraft, OfferedDraft, PlanDifference, PlanIssue, ThreeWay

_DIGITS = re.compile(r"\d{1,9}")


@dataclass(frozen=True, slots=True)
class Desk:
    """What every step at the workbench needs: whose it is, and the recommendations by row."""

    services: PlanServices
    context: PlanContext
    review: PlanReview
    owner: DraftOwner
    recommendations: Mapping[str, Recommendation]

    @property
    def plan_definition(self) -> str:
        """Canonical of our rule set."""
        return f"{self.services.public_url}/fhir/PlanDefinition/aftercare"

    def state(self) -> KeptState | None:
        """The kept draft of this launch."""
        return self.services.drafts.find(self.owner, self.context.handle)

    def keep(
        self, draft: CarePlanDraft, based_on: int, snapshot: Snapshot | None = None, step: bool = True
    ) -> KeptState:
        """Keep a draft durably; `step`: undo takes it back."""
        base = snapshot.as_json() if snapshot else None
        return self.services.drafts.keep(
            self.owner, self.context.handle, draft, based_on=based_on, base=base, step=step
        )

    def audit(self, action: AuditAction, outcome: AuditOutcome, resource: str = "", detail: str = "") -> None:
        """One event of the audit; raises StoreError where it cannot be written."""
        note_event(self.services, self.context, action, outcome, resource, detail)


def note_event(
    services: PlanServices,
    context: PlanContext,
    action: AuditAction,
    outcome: AuditOutcome,
    resource: str = "",
    detail: str = "",
) -> None:
    """
    One event of the audit.

    Raises:
        StoreError: it could not be written.
    """
    services.audit.append(
        action,
        outcome,
        issuer=context.issuer,
        user=context.fhir_user,
        patient=context.patient_id,
        handle=context.handle,
        resource=resource,
        detail=detail,
    )


def sit_down(services: PlanServices, context: PlanContext, review: PlanReview) -> Desk:
    """
    Begin a step at the workbench.

    Raises:
        WrongPatientError: the record that was read is not this launch's patient's (hazard H02).
        OutOfScopeError: no plan applies.
    """
    if review.record.patient.reference not in (None, f"Patient/{context.patient_id}"):
        raise WrongPatientError("the record that was read is of another patient than the launch")
    if not review.record.scope.applies:
        raise OutOfScopeError(review.record.scope.reasons, review.record.diagnoses_read)
    return Desk(services, context, review, owner_of(context), by_row(review.recommendations))


def owner_of(context: PlanContext) -> DraftOwner:
    """Whose drafts these are: without a known user they belong to the launch alone."""
    return DraftOwner(context.issuer, context.fhir_user or f"launch:{context.handle}", context.patient_id)


def ladder_of(desk: Desk, draft: CarePlanDraft | None) -> WriteLadder:
    """The write ladder for this draft, or before there is one."""
    resource, version = (draft.resource, draft.version_id) if draft is not None else (None, None)
    return decide_ladder(desk.review.capability, desk.context.scopes, resource, version)


def may_sign(context: PlanContext) -> str:
    """Empty where the user may sign a plan; else why not."""
    if user_reference(context.fhir_user or "", context.base_url) is None:
        return "The EHR did not say who you are (fhirUser), so the plan can be printed, not saved."
    return ""


def find_or_draw(desk: Desk, plans: RecordPlans) -> tuple[KeptState, Merged]:
    """
    This launch's draft, brought up to date and kept: drawn from our plan in the record where there is one, else from
    the recommendations.
    """
    state = desk.state()
    if state is None:
        draft, snapshot, version = _fresh(desk, plans), _to_go_on_from(plans), 0
    else:
        draft, snapshot, version = state.draft, None, state.draft.version
    if state is None and not entries_are_applied(draft.entries, desk.review.record):
        # The plan came into the record after it was read: its rows wait for recommendations that know its entries.
        merged = Merged(draft)
    else:
        merged = merge_draft(draft, desk.review.record, desk.review.recommendations)
    if state is None or merged.draft != state.draft:
        state = desk.keep(merged.draft, version, snapshot, step=False)
    return state, replace(merged, draft=state.draft)


def _fresh(desk: Desk, plans: RecordPlans) -> CarePlanDraft:
    snapshot = _to_go_on_from(plans)
    if snapshot is not None:
        draft, record = draft_of(snapshot, desk.plan_definition), desk.review.record
        conflicts = [conflict.key for conflict in conflicts_of(record)]
        return replace(
            draft,
            entries=entries_that_stand(draft.entries, record).stand,
            overridden=open_conflicts_that_stand(draft.overridden, conflicts),
            row_order=RowOrder.SAVED,
        )
    identifier = new_identifier(desk, (plan.identifier for plan in plans.ended))
    return draft_plan(desk.review.record, desk.review.recommendations, identifier=identifier)


def _to_go_on_from(plans: RecordPlans) -> Snapshot | None:
    return plans.snapshot or (plans.document.snapshot if plans.document is not None else None)


def new_identifier(desk: Desk, ended: Iterable[str | None]) -> str:
    """The identifier of this patient's plan: the same for every launch, after those of plans that have ended."""
    outbox, context, known = desk.services.outbox, desk.context, set(ended)
    identifier = outbox.plan_identifier(context.issuer, context.patient_id)
    while identifier in known:
        identifier = outbox.plan_identifier(context.issuer, context.patient_id, after=identifier)
    return identifier


def offered_draft(desk: Desk) -> OfferedDraft | None:
    """The newest draft that the same user left in another launch of this patient."""
    found = [state for state in desk.services.drafts.earlier(desk.owner, desk.context.handle) if _has_work(state)]
    if not found:
        return None
    state = found[0]
    decided = sum(row.decision is not Decision.UNDECIDED for row in state.draft.rows)
    return OfferedDraft(state.kept_at, state.draft.version, decided, state.draft.identifier)


def _has_work(state: KeptState) -> bool:
    """A draft that was only drawn, and never touched, is not worth offering."""
    return bool(state.trail)


def holds_unsaved_work(drafts: DraftStore, context: PlanContext) -> bool:
    """Whether a launch holds work that is not in the record: it is asked before it would be ended for room."""
    try:
        state = drafts.find(owner_of(context), context.handle)
    except UnreadableRecordError:
        return False
    return state is not None and _has_work(state) and not state.signed


def take_up(desk: Desk) -> tuple[KeptDraft, str]:
    """
    Go on with the offered draft, given with the handle of its launch; this launch's own becomes a step of undo.

    Raises:
        StaleDraftError: there is none any more.
    """
    found = [state for state in desk.services.drafts.earlier(desk.owner, desk.context.handle) if _has_work(state)]
    if not found:
        raise StaleDraftError("the earlier draft is no longer there")
    earlier = found[0]
    own = desk.state()
    merged = merge_draft(earlier.draft, desk.review.record, desk.review.recommendations)
    state = desk.keep(merged.draft, own.draft.version if own else 0, Snapshot.from_json(earlier.base))
    desk.services.drafts.drop(desk.owner, earlier.handle)
    desk.audit(AuditAction.DRAFT, AuditOutcome.SUCCESS, detail="taken-up")
    return KeptDraft(state.draft, state.kept_at), earlier.handle


def keep_form(desk: Desk, form: FormData) -> KeptDraft:
    """
    Take a form into the draft.

    A form of an older version is merged: only what it changed since then is taken.

    Raises:
        StaleDraftError: the same field was changed since, to something else.
    """
    state = desk.state()
    if state is None:
        state, _ = find_or_draw(desk, RecordPlans())
    base = _version_shown(desk, state, form)
    by = desk.context.user_name or desk.context.fhir_user or ""
    at = desk.services.now().astimezone(UTC).isoformat(timespec="seconds")
    draft, problems = apply_form(base, desk.review.record, form, by=by, at=at)
    if _moved(base, draft):
        draft = replace(draft, row_order=RowOrder.OWN)
    seen = draft
    if base.version != state.draft.version:
        merged = merge_plans(base, state.draft, draft)
        if merged.both:
            raise StaleDraftError("the draft was changed elsewhere in between")
        draft = merged.draft
    unseen = content_digest(draft) != content_digest(seen)
    return replace(_keep(desk, state, draft, problems), unseen=unseen)


def _moved(base: CarePlanDraft, draft: CarePlanDraft) -> bool:
    """Whether the form moved a row; one that it removed or added moves none."""
    kept = {row.id for row in base.rows} & {row.id for row in draft.rows}
    order = [[row.id for row in each.rows if row.id in kept] for each in (base, draft)]
    return order[0] != order[1]


def content_digest(draft: CarePlanDraft) -> str:
    """Digest of what a clinician approves in a draft, without what changes with every save."""
    plain = replace(draft, version=0, resource=None, version_id=None, identifier="", replaces=None)
    plain = replace(plain, row_order=RowOrder.RULES)
    return hashlib.sha256(msgspec.json.encode(plain)).hexdigest()


def _version_shown(desk: Desk, state: KeptState, form: FormData) -> CarePlanDraft:
    given = (form.get("draft_version") or ("",))[-1]
    # 0: a form from before there was a draft, of a record that was out of scope then.
    if not _DIGITS.fullmatch(given) or int(given) in (0, state.draft.version):
        return state.draft
    shown = desk.services.drafts.version(desk.owner, desk.context.handle, int(given))
    if shown is None:
        raise StaleDraftError("the form is of a draft that is no longer kept")
    return shown


def _keep(desk: Desk, state: KeptState, draft: CarePlanDraft, problems: tuple[PlanIssue, ...]) -> KeptDraft:
    if replace(draft, version=state.draft.version) == state.draft:
        return KeptDraft(state.draft, state.kept_at, problems, changed=False)
    # What the record says of the plan is never a matter of a form.
    draft = replace(
        draft,
        identifier=state.draft.identifier,
        resource=state.draft.resource,
        version_id=state.draft.version_id,
        replaces=state.draft.replaces,
    )
    desk.audit(AuditAction.DRAFT, AuditOutcome.SUCCESS)
    kept = desk.keep(draft, state.draft.version)
    return KeptDraft(kept.draft, kept.kept_at, problems)


def undo(desk: Desk) -> KeptDraft:
    """Take back the last kept change."""
    state = desk.services.drafts.undo(desk.owner, desk.context.handle)
    if state is None:
        state = desk.state()
        if state is None:
            raise StaleDraftError("there is no draft")
        return KeptDraft(state.draft, state.kept_at, changed=False)
    desk.audit(AuditAction.DRAFT, AuditOutcome.SUCCESS, detail="undo")
    return KeptDraft(state.draft, state.kept_at)


def compare_with_record(desk: Desk, state: KeptState, now: Snapshot) -> ThreeWay | None:
    """
    What somebody else changed in our plan since this draft was drawn from it; None where nothing did.

    A plan that appeared since is compared with what the recommendations alone would have made.
    """
    theirs = draft_of(now, desk.plan_definition)
    base = Snapshot.from_json(state.base)
    same = base is not None and base.plan.get("id") == now.plan.get("id")
    if same and base is not None and _same_version(base, now):
        return None
    merged = merge_with(desk, state, now, {})
    theirs_only = _differences(merged.theirs_only)
    if same and base is not None and not merged.both and not theirs_only:
        theirs_only = tuple(
            PlanDifference(f"words.{number}", part.title, part.stands, part.new, "")
            for number, part in enumerate(changed_words(base.plan, now.plan))
        )
        if not theirs_only:
            return None
    return ThreeWay(
        resource=theirs.resource or "",
        version_id=theirs.version_id,
        both=_differences(merged.both),
        theirs_only=theirs_only,
        ours_only=_differences(merged.ours_only),
    )


def _same_version(base: Snapshot, now: Snapshot) -> bool:
    if base.version_id is not None or now.version_id is not None:
        return base.version_id == now.version_id
    return base.plan == now.plan


def merge_with(desk: Desk, state: KeptState, now: Snapshot, choices: Mapping[str, str]) -> MergedPlans:
    """The draft and the record's plan in one."""
    theirs = draft_of(now, desk.plan_definition)
    base = Snapshot.from_json(state.base)
    begun = draft_of(base, desk.plan_definition) if base else CarePlanDraft(theirs.identifier, 0, ())
    record = desk.review.record
    said = [as_read_back(entry, record) for entry in state.draft.entries]
    ours = replace(state.draft, entries=tuple(said))
    merged = merge_plans(begun, theirs, ours, choices=choices, parts=RECORD_PARTS, of_record=True)
    kept = merged.draft.entries
    own = [entry for entry, text in zip(state.draft.entries, said, strict=True) if text in kept]
    others = entries_that_stand((entry for entry in kept if entry not in said), record).stand
    return replace(merged, draft=replace(merged.draft, entries=(*own, *others)))


def _differences(found: tuple[Difference, ...]) -> tuple[PlanDifference, ...]:
    return tuple(PlanDifference(d.key, d.title, d.base, d.theirs, d.ours) for d in found)


def rebase(desk: Desk, form: FormData, now: Snapshot) -> KeptDraft:
    """
    Go on after a three-way comparison: the draft now stands on the record's present version.

    Raises:
        StaleDraftError: the record moved on again, or a choice is missing.
    """
    state = desk.state()
    wanted = (form.get("rebase") or ("",))[-1]
    if state is None or wanted != (now.version_id or ""):
        raise StaleDraftError("the plan in the record has changed again")
    choices = {name.removeprefix("merge."): values[-1] for name, values in form.items() if name.startswith("merge.")}
    merged = merge_with(desk, state, now, choices)
    if merged.both:
        raise StaleDraftError("a choice is missing")
    theirs = draft_of(now, desk.plan_definition)
    draft = replace(
        merged.draft,
        identifier=theirs.identifier or state.draft.identifier,
        resource=theirs.resource,
        version_id=theirs.version_id,
    )
    desk.audit(AuditAction.DRAFT, AuditOutcome.SUCCESS, detail="compared")
    fresh = merge_draft(draft, desk.review.record, desk.review.recommendations)
    kept = desk.keep(fresh.draft, state.draft.version, now)
    return KeptDraft(kept.draft, kept.kept_at)
