"""
The end of the workbench: what the record holds of this plan, and what may be done with it besides saving.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from smart_app.web.presenters_rows import Typed
from smart_app.web.presenters_words import join_words
from smart_app.workflow.planning_types import CONFIRM_RECORD, ExistingPlan, Workbench

REVOKE_REASON = "revoke_reason"


@dataclass(frozen=True, slots=True)
class SavingView:
    """
    What stands around the save button.

    `in_record` is our plan in the record (`CarePlan/7`, empty for none); `replacing` the plan that a save takes the
    place of. `doubts` says in words why the record must be confirmed before anything is written into it.
    """

    in_record: str
    replacing: str
    can_end: bool
    reason: str
    reason_error: str
    doubts: str
    confirmed: bool
    confirm_error: str


def present_saving(bench: Workbench, form: Typed, errors: Mapping[str, str]) -> SavingView:
    """The part of the workbench that speaks of the record."""
    ours = _ours(bench.existing_plan)
    return SavingView(
        in_record=ours,
        replacing=bench.draft.replaces or "",
        can_end=bool(ours) and not bench.draft.replaces and bench.saveable and bench.ladder.care_plan.can_update,
        reason=form.value(REVOKE_REASON, ""),
        reason_error=errors.get(REVOKE_REASON, ""),
        doubts=join_words(words[0].lower() + words[1:] for words in bench.record_doubts),
        confirmed=form.checked(CONFIRM_RECORD, "draft_version", False),
        confirm_error=errors.get(CONFIRM_RECORD, ""),
    )


def status_line(bench: Workbench) -> str:
    """What the record holds of this plan, and what saving does to it."""
    if bench.draft.replaces:
        return f"Saving writes a new plan; {bench.draft.replaces} is then marked as completed."
    saved = bench.existing_plan
    if saved is not None and saved.ours:
        kind = "document" if saved.is_document else "care plan"
        version = f", version {saved.version_id}" if saved.version_id else ""
        if bench.three_way is not None:
            return (
                f"Somebody changed this {kind} in the record since ({saved.resource}{version}): compare before saving."
            )
        return f"The record holds this {kind} as {saved.resource}{version}. Saving updates it."
    if bench.outbox_unknown:
        return "Whether this plan is in the record is not known: an earlier save got no answer."
    if not bench.plans_read:
        return "Whether a plan is in the record is not known: the plans there were not read."
    return "Nothing of this plan is in the record yet."


def _ours(plan: ExistingPlan | None) -> str:
    return plan.resource if plan is not None and plan.ours and not plan.is_document else ""
