"""
What became of saves that did not end in front of somebody: after a time-out, a kill, at the next launch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import msgspec

from smart_app.clinical.plan import CarePlanDraft
from smart_app.fhir.capability import Ability, ability
from smart_app.storage.audit import AuditAction, AuditOutcome
from smart_app.storage.outbox import PREPARED, REFUSED, UNKNOWN, Outbox, OutboxEntry
from smart_app.workflow import planning_receipts as receipts
from smart_app.workflow.planning_beside import pay
from smart_app.workflow.planning_desk import note_event
from smart_app.workflow.planning_ports import PlanClient, PlanContext, PlanServices
from smart_app.workflow.planning_send import LOOKS_AFTER_S, Writer
from smart_app.workflow.planning_settle import remember, settle
from smart_app.workflow.planning_types import HEADINGS, Outcome, Receipt

ONE_LOOK = (0.0,)


def resolve(
    services: PlanServices,
    context: PlanContext,
    client: PlanClient,
    entry: OutboxEntry,
    renew: Callable[[], None],
    looks: tuple[float, ...] = LOOKS_AFTER_S,
) -> Receipt:
    """
    Find out what became of an entry and commit it; never sends. Call it alone (`Outbox.alone`).

    What was prepared and never marked as sent was never sent: the mark is committed before the request leaves.
    """
    outbox = services.outbox
    receipt = receipts.decode(entry) or receipts.first_receipt(entry, _no_draft(entry), "", as_draft=False)
    if entry.state == PREPARED:
        receipt = receipts.not_sent(
            receipt, "The plan was about to be sent and was not. Nothing was written. Save again."
        )
        settle(outbox, entry, receipt)
        return receipt
    sent = Writer(services, client, _ability(entry), renew).look(entry, looks)
    concluded = receipts.conclude(receipt, sent)
    concluded = replace(concluded, searched_times=receipt.searched_times + sent.looks)
    if concluded.saved:
        remember(outbox, sent)
    settled = settle(outbox, sent.entry, concluded)
    if concluded.outcome is not Outcome.UNKNOWN:
        outcome = AuditOutcome.SUCCESS if concluded.saved else AuditOutcome.REFUSED
        note_event(services, context, AuditAction.SAVE, outcome, concluded.resource, "reconciled")
    return pay(services, client, settled, concluded) if concluded.saved else concluded


def pay_later(services: PlanServices, context: PlanContext, client: PlanClient, entry: OutboxEntry) -> None:
    """What a save of an earlier launch still owes: written now, after a line in the audit. Call it alone."""
    receipt = receipts.decode(entry)
    if receipt is None:
        return
    note_event(services, context, AuditAction.SAVE, AuditOutcome.ATTEMPTED, receipt.resource, "owed")
    pay(services, client, entry, receipt)


def _ability(entry: OutboxEntry) -> Ability:
    """What the server offered when the entry was sent; where that is not known, everything is tried."""
    kept = entry.details.get("ability")
    if kept is not None:
        return msgspec.convert(kept, Ability)
    return ability({}, (), entry.resource["resourceType"])


def _no_draft(entry: OutboxEntry) -> CarePlanDraft:
    """What was sent stands in the entry; the draft behind it may be gone."""
    return CarePlanDraft(entry.plan_identifier, 0, ())


def close_unsent(outbox: Outbox, before: datetime | None = None) -> int:
    """
    At the start of the program: entries that were never sent are closed; returns how many are still unknown.

    What was sent becomes unknown: only a launch of its patient can look in the record. Entries that moved at `before`
    or later are left alone: another host that shares the store may be at work on them.
    """
    unknown = 0
    for entry in outbox.open_entries():
        if before is not None and (entry.sent_at or entry.prepared_at) >= before:
            unknown += 1
            continue
        receipt = receipts.decode(entry)
        if entry.state == PREPARED:
            closed = (
                receipts.not_sent(
                    receipt, "The plan was about to be sent and was not. Nothing was written. Save again."
                )
                if receipt is not None
                else None
            )
            outbox.update(
                replace(entry, state=REFUSED, receipt=receipts.encode(closed) if closed is not None else None)
            )
            continue
        unknown += 1
        if receipt is not None:
            receipt = replace(
                receipt,
                outcome=Outcome.UNKNOWN,
                heading=HEADINGS[Outcome.UNKNOWN],
                explanation="The plan was sent, but no answer came. Do not enter it again. Check the chart, or check "
                "again here.",
                sent_at=entry.sent_at,
                sent_times=entry.sent_times,
                offered_next=("check-again", "summary", "download-pdf"),
            )
        outbox.update(replace(entry, state=UNKNOWN, receipt=receipts.encode(receipt) if receipt is not None else None))
    return unknown
