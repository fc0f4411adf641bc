"""
One save under way: what every rung of the ladder needs of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from smart_app.clinical.risk import risk_tools
from smart_app.errors import SentNotKeptError, StaleDraftError, StoreError, WrongPatientError
from smart_app.fhir.capability import WriteLadder
from smart_app.fhir.client import WriteAnswer
from smart_app.fhir.validation import check_resource
from smart_app.storage.outbox import PREPARED, OutboxEntry
from smart_app.workflow import planning_receipts as receipts
from smart_app.workflow.planning_build import Approved
from smart_app.workflow.planning_desk import Desk
from smart_app.workflow.planning_ports import PlanClient
from smart_app.workflow.planning_record import is_about
from smart_app.workflow.planning_send import Sent, Writer
from smart_app.workflow.planning_types import TOOLS, Receipt


@dataclass(slots=True)
class Saving:
    """One save under way."""

    desk: Desk
    client: PlanClient
    approved: Approved
    ladder: WriteLadder
    form_key: str
    as_draft: bool
    as_document: bool
    renew: Callable[[], None]

    @property
    def content(self) -> str:
        """What the form key stands for."""
        return f"{self.approved.content}{'-document' if self.as_document else ''}"

    def entry(self, resource: dict[str, Any], if_match: str | None = None) -> OutboxEntry:
        """A new outbox entry of this save."""
        context = self.desk.context
        return OutboxEntry(
            form_key=self.form_key,
            issuer=context.issuer,
            patient=context.patient_id,
            user=context.fhir_user or "",
            handle=context.handle,
            plan_identifier=self.approved.draft.identifier,
            content=self.content,
            state=PREPARED,
            resource=resource,
            prepared_at=self.desk.services.now(),
            if_match=if_match,
        )

    def first_receipt(self, entry: OutboxEntry) -> Receipt:
        """The receipt before the outcome is known."""
        context = self.desk.context
        by = context.user_name or context.fhir_user or ""
        return receipts.first_receipt(entry, self.approved.draft, by, as_draft=self.as_draft)


class WatchedClient:
    """A client that knows whether a write left through it."""

    def __init__(self, client: PlanClient) -> None:
        self.sent = False
        self.read, self.search = client.read, client.search
        self._client = client

    def create(self, resource: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> WriteAnswer:
        """POST, once."""
        self.sent = True
        return self._client.create(resource, headers)

    def update(self, resource: Mapping[str, Any], if_match: str | None = None) -> WriteAnswer:
        """PUT, once; None sends no condition."""
        self.sent = True
        return self._client.update(resource, if_match)


@contextmanager
def told_when_sent(client: WatchedClient) -> Iterator[None]:
    """
    A store that fails after a write has left must not read as "nothing was saved".

    Raises:
        SentNotKeptError: it failed then.
        StoreError: it failed before.
    """
    try:
        yield
    except StoreError as error:
        if client.sent:
            raise SentNotKeptError("the store failed after a write was sent") from error
        raise


def plan_entries(desk: Desk) -> list[OutboxEntry]:
    """Saves of this patient's plan, oldest change first."""
    context = desk.context
    entries = desk.services.outbox.of_patient(context.issuer, context.patient_id)
    return [entry for entry in entries if entry.resource.get("resourceType") in ("CarePlan", "DocumentReference")]


def check_resource_to_send(saving: Saving, resource: dict[str, Any], existing: dict[str, Any] | None = None) -> None:
    """
    The last look before a byte leaves: patient of the launch, of the resource, of the stored draft.

    Args:
        existing: what stands in the record and is written anew.
    """
    patient = saving.desk.context.patient_id
    if not is_about(resource, patient):
        raise WrongPatientError("the resource names another patient")
    check_resource(resource, patient, existing)


def send_entry(saving: Saving, entry: OutboxEntry, receipt: Receipt) -> tuple[Sent, Receipt]:
    """Commit an entry and send it; the receipt is not committed yet."""
    services = saving.desk.services
    kind = entry.resource["resourceType"]
    ability = saving.ladder.document if kind == "DocumentReference" else saving.ladder.care_plan
    # Kept with the entry, because whoever looks for it later may not have read the server's capabilities.
    details = {**entry.details, "ability": msgspec.to_builtins(ability)}
    if saving.approved.status == "active" and entry.resource.get("status") != "revoked":
        details[TOOLS] = [msgspec.to_builtins(tool) for tool in risk_tools(saving.desk.review.record) if not tool.link]
    entry = replace(entry, receipt=receipts.encode(receipt), details=details)
    if not services.outbox.prepare(entry):
        raise StaleDraftError("this form was used in between")
    sent = Writer(services, saving.client, ability, saving.renew).send(entry)
    return sent, receipts.conclude(
        receipt, sent, document_possible=saving.ladder.document.can_create, draft=saving.approved.draft
    )
