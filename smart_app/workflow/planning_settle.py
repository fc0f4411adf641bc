"""
Committing how a write ended, so that it can be answered again and is never sent twice.
"""

from __future__ import annotations

from dataclasses import replace

from smart_app.fhir.careplan_keeping import word_digests
from smart_app.storage.outbox import CONFIRMED, REFUSED, UNKNOWN, Outbox, OutboxEntry
from smart_app.workflow import planning_receipts as receipts
from smart_app.workflow.planning_send import SendEnd, Sent
from smart_app.workflow.planning_types import TOOLS, Outcome, Receipt, versioned

_ENDS = {
    SendEnd.WRITTEN: CONFIRMED,
    SendEnd.UNKNOWN: UNKNOWN,
    SendEnd.REFUSED: REFUSED,
    SendEnd.CONFLICT: REFUSED,
    SendEnd.SEVERAL: REFUSED,
    SendEnd.ABSENT: REFUSED,
    SendEnd.NOT_SENT: REFUSED,
}
_OUTCOMES = {
    Outcome.SAVED: CONFIRMED,
    Outcome.SAVED_AS_DOCUMENT: CONFIRMED,
    Outcome.NOT_SAVED: REFUSED,
    Outcome.UNKNOWN: UNKNOWN,
}


def state_of(end: SendEnd) -> str:
    """The state of an entry whose write ended so."""
    return _ENDS[end]


def settle_state(outbox: Outbox, sent: Sent) -> OutboxEntry:
    """Commit how a write ended that has no receipt of its own."""
    return outbox.update(replace(sent.entry, state=_ENDS[sent.end]))


def remember(outbox: Outbox, sent: Sent) -> None:
    """
    What must be known of a plan for as long as it stands: our words in it as the EHR keeps them, so that another hand's
    are known as such; of a document, that it is ours; and what the risk tools said when it was signed.
    """
    if sent.end is not SendEnd.WRITTEN or sent.stored is None:
        return
    issuer, patient, kind = sent.entry.issuer, sent.entry.patient, sent.stored.get("resourceType")
    if tools := sent.entry.details.get(TOOLS):
        outbox.remember_tools(issuer, patient, versioned(sent.reference, sent.version_id), tools)
    if kind == "CarePlan":
        outbox.remember_words(issuer, patient, sent.reference, word_digests(sent.stored))
    elif kind == "DocumentReference":
        outbox.remember_document(issuer, patient, sent.reference)


def settle(outbox: Outbox, entry: OutboxEntry, receipt: Receipt) -> OutboxEntry:
    """Commit the receipt of a save; only then is it shown."""
    return outbox.update(replace(entry, state=_OUTCOMES[receipt.outcome], receipt=receipts.encode(receipt)))


def keep_receipt(outbox: Outbox, issuer: str, patient: str, receipt: Receipt) -> None:
    """The receipt with all that was found out after it was first committed, as every later look at it must say it."""
    entry = outbox.find(issuer, patient, receipt.form_key)
    if entry is not None and receipts.decode(entry) != receipt:
        settle(outbox, entry, receipt)
