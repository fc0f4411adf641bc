"""
After a save: the draft learns its place in the record, so that the next save updates it.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace

from smart_app.errors import GoneError
from smart_app.storage.outbox import CONFIRMED
from smart_app.workflow import planning_receipts as receipts
from smart_app.workflow.planning_desk import owner_of
from smart_app.workflow.planning_ports import PlanClient, PlanContext, PlanServices
from smart_app.workflow.planning_record import document_snapshot, with_goals
from smart_app.workflow.planning_types import Receipt


def catch_up(services: PlanServices, context: PlanContext, client: PlanClient, handle: str = "") -> None:
    """
    A draft that does not know of its own save (a kill in between) learns of it from the outbox.

    Args:
        handle: of the launch that saved it; only that launch's draft may stand on that save, default this one.
    """
    state = services.drafts.find(owner_of(context), context.handle)
    if state is None or state.draft.resource is not None or state.draft.replaces is not None:
        return
    for entry in reversed(services.outbox.of_patient(context.issuer, context.patient_id)):
        same = entry.handle == (handle or context.handle) and entry.plan_identifier == state.draft.identifier
        receipt = receipts.decode(entry)
        if same and entry.state == CONFIRMED and receipt is not None and receipt.resource.startswith("CarePlan/"):
            with contextlib.suppress(GoneError):
                remember_saved(services, context, client, receipt)
            return


def remember_saved(services: PlanServices, context: PlanContext, client: PlanClient, receipt: Receipt) -> None:
    """
    The draft now stands on what is in the record, and other launches' drafts of it are done with.

    A goal or another step beside the plan (its form key has a `#`) is no plan to stand on.
    """
    if "#" in receipt.form_key:
        return
    owner, drafts = owner_of(context), services.drafts
    state = drafts.find(owner, context.handle)
    if state is None:
        return
    changed, base = state.draft, None
    if receipt.where == "documents":
        entry = services.outbox.find(context.issuer, context.patient_id, receipt.form_key)
        data = entry.details.get("own") if entry is not None else None
        base = document_snapshot(data, receipt.resource).as_json() if data else None
    else:
        kind, _, identity = receipt.resource.partition("/")
        base = with_goals(client, client.read(kind, identity)).as_json()
        changed = replace(
            state.draft,
            identifier=receipt.plan_identifier,
            resource=receipt.resource,
            version_id=receipt.version_id or None,
            replaces=None,
        )
    drafts.keep(owner, context.handle, changed, based_on=state.draft.version, base=base, signed=True, step=False)
    drafts.drop_all(owner, context.handle)
