"""
The second rung: the plan as a document of the record, in the first form that the server takes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from smart_app.errors import FhirError, RefusedResourceError, TemporaryFhirError
from smart_app.fhir import resources
from smart_app.fhir.capability import RungName
from smart_app.storage.outbox import CONFIRMED, OutboxEntry
from smart_app.workflow.planning_paper_plan import data_of
from smart_app.workflow.planning_record import find_documents
from smart_app.workflow.planning_send import SendEnd, Sent
from smart_app.workflow.planning_settle import remember, settle
from smart_app.workflow.planning_step import Saving, check_resource_to_send, plan_entries, send_entry
from smart_app.workflow.planning_types import Receipt


def save_document(saving: Saving) -> Receipt:
    """The second rung: the first form of the document that the server takes."""
    desk, approved = saving.desk, saving.approved
    context = desk.context
    known = [e.reference for e in plan_entries(desk) if e.state == CONFIRMED and e.reference]
    known += desk.services.outbox.documents_of(context.issuer, context.patient_id)
    existing: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()
    try:
        found = find_documents(saving.client, context.patient_id, approved.draft.identifier, known)
        if found.ours and saving.ladder.document.can_update:
            existing = found.ours[0][1]
        notes = tuple(f"{document.told} It was left as it is." for document in found.doubtful)
    except TemporaryFhirError:
        raise
    except FhirError:
        notes = ("Earlier documents could not be looked for in this EHR.",)
    version = resources.version_id(existing) if existing else None
    last: tuple[Sent, Receipt] | None = None
    data = data_of(approved)
    made = approved.document_forms(data)
    notes += (made.without_pdf,) if made.without_pdf else ()
    for number, (contents, pages) in enumerate(made.forms):
        resource = approved.document(contents, existing)
        check_resource_to_send(saving, resource)
        key = saving.form_key if number == 0 else f"{saving.form_key}#form-{number}"
        details = {"own": data, **({"before": existing} if existing else {})}
        entry = replace(saving.entry(resource, version), form_key=key, details=details)
        first = replace(
            saving.first_receipt(entry),
            form_key=saving.form_key,
            content_type=contents[0].content_type,
            pages=pages,
        )
        sent, receipt = send_entry(saving, entry, first)
        receipt = replace(receipt, notes=(*receipt.notes, *notes, *_form_notes(number, len(contents), receipt)))
        if receipt.saved and saving.ladder.chosen is RungName.DOCUMENT:
            why = saving.ladder.rung(RungName.CARE_PLAN).words
            receipt = replace(receipt, explanation=f"{why} {receipt.explanation}")
        last = (sent, receipt)
        if not isinstance(sent.error, RefusedResourceError) or sent.end is not SendEnd.REFUSED:
            break
        settle(desk.services.outbox, sent.entry, receipt)
    assert last is not None
    sent, receipt = last
    if receipt.saved:
        remember(desk.services.outbox, sent)
    settle(desk.services.outbox, sent.entry, receipt)
    if sent.entry.form_key != saving.form_key:
        _settle_first(saving, sent.entry, receipt)
    return receipt


def _form_notes(number: int, contents: int, receipt: Receipt) -> tuple[str, ...]:
    if number == 0 or not receipt.saved:
        return ()
    kind = {"application/pdf": "PDF", "text/html": "HTML"}.get(receipt.content_type or "", "plain text")
    also = "" if contents > 1 else " without the plan as data beside it"
    return (f"This EHR refused the fuller form of the document; it took {kind}{also}.",)


def _settle_first(saving: Saving, entry: OutboxEntry, receipt: Receipt) -> None:
    """The form key of the page answers with the receipt of the form that was taken in the end."""
    outbox, context = saving.desk.services.outbox, saving.desk.context
    first = outbox.find(context.issuer, context.patient_id, saving.form_key)
    if first is not None:
        settle(
            outbox,
            replace(first, reference=entry.reference, version_id=entry.version_id, resource=entry.resource),
            receipt,
        )
