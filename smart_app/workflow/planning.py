"""
Drafting, checking and saving a survivorship plan: the functions that the plan pages call.
"""

from __future__ import annotations

from smart_app.clinical.plan import CarePlanDraft
from smart_app.workflow.planning_ports import FormData, PlanContext, PlanReview, PlanServices
from smart_app.workflow.planning_types import KeptDraft, Preview, Receipt, UnresolvedSave, Workbench


def open_plan(services: PlanServices, context: PlanContext, review: PlanReview) -> Workbench:
    """
    The plan page: this launch's draft (drawn from the recommendations where there is none), merged with what is new,
    beside our plan in the record, if any.

    Raises:
        OutOfScopeError: no plan applies.
    """
    raise NotImplementedError


def keep_changes(services: PlanServices, context: PlanContext, review: PlanReview, changes: FormData) -> KeptDraft:
    """
    Take the fields of a form into the draft; returns only after a durable commit.

    Raises:
        StaleDraftError: the form is of an older draft, and the same field was changed since.
        OutOfScopeError: no plan applies.
    """
    raise NotImplementedError


def undo_change(services: PlanServices, context: PlanContext, review: PlanReview) -> KeptDraft:
    """Take back the last kept change (again and again, up to twenty)."""
    raise NotImplementedError


def take_up_draft(services: PlanServices, context: PlanContext, review: PlanReview) -> KeptDraft:
    """Go on with the earlier draft that `Workbench.offered_draft` names."""
    raise NotImplementedError


def discard_offered_draft(services: PlanServices, context: PlanContext) -> None:
    """The clinician does not want the earlier draft."""
    raise NotImplementedError


def preview_plan(services: PlanServices, context: PlanContext, review: PlanReview) -> Preview:
    """What would be written now, beside what is in the record. Reads the EHR only for our plan's present version."""
    raise NotImplementedError


def save_plan(
    services: PlanServices,
    context: PlanContext,
    review: PlanReview,
    draft: CarePlanDraft,
    form_key: str,
    *,
    as_draft: bool = False,
    as_document: bool = False,
) -> Receipt:
    """
    Write the plan, exactly once, and prove it. Call `keep_changes` with the form first, and pass its draft.

    Every ending is a receipt, also the bad ones; `as_document` leaves out the first rung.

    Raises:
        OutOfScopeError: no plan applies.
        NotReadyError: decisions are missing, or the user may not sign; `needed` holds form fields.
        StaleDraftError: the form key was used for other content, or the draft has moved on.
        WrongPatientError: context, review and draft do not name the same patient; nothing was sent.
        StoreError: the audit or the outbox cannot be written; nothing was sent.
    """
    raise NotImplementedError


def receipt_for(services: PlanServices, context: PlanContext, form_key: str) -> Receipt | None:
    """The receipt of a save of this patient, for the page that the browser is sent to after saving."""
    raise NotImplementedError


def check_again(services: PlanServices, context: PlanContext, form_key: str) -> Receipt:
    """Look in the record for a save whose outcome is unknown; never sends."""
    raise NotImplementedError


def unresolved_saves(services: PlanServices, context: PlanContext) -> tuple[UnresolvedSave, ...]:
    """Saves for this patient that are not resolved, after one look in the record each; for every later launch."""
    raise NotImplementedError


def revoke_plan(
    services: PlanServices, context: PlanContext, review: PlanReview, reason: str, form_key: str
) -> Receipt:
    """Take our plan in the record back: its status becomes `revoked`, its content stays."""
    raise NotImplementedError


def reconcile_at_start(services: PlanServices) -> int:
    """
    After a restart: what was prepared and never sent is closed as not sent; what was sent stays unknown until a launch
    of that patient can look. Returns how many are unknown.
    """
    raise NotImplementedError
