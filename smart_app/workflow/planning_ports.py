"""
What planning is given: the launch, the review of the record, the FHIR client, the stores, clock and settings.

Protocols and one frozen bundle, so that the web composes them and tests pass fakes.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from smart_app.clinical.facts import PatientRecord
from smart_app.clinical.plan import CarePlanDraft
from smart_app.clinical.recommendations import Recommendation
from smart_app.fhir.client import WriteAnswer
from smart_app.fhir.narrative import Section
from smart_app.storage.audit import AuditLog
from smart_app.storage.contexts import LaunchContext
from smart_app.storage.drafts import DraftStore
from smart_app.storage.outbox import Outbox

if TYPE_CHECKING:
    from smart_app.clinical.education import ChosenParagraph

FormData = Mapping[str, Sequence[str]]
PlanContext = LaunchContext


class PlanReview(Protocol):
    """What planning needs of a review of the record."""

    @property
    def record(self) -> PatientRecord:
        """The facts, with the draft's entries applied."""

    @property
    def recommendations(self) -> tuple[Recommendation, ...]:
        """What follows from them."""

    @property
    def sections(self) -> tuple[ChosenParagraph, ...]:
        """Education chosen by the rules."""

    @property
    def further_sections(self) -> tuple[ChosenParagraph, ...]:
        """Education that the clinician may add."""

    @property
    def capability(self) -> Mapping[str, Any]:
        """The server's CapabilityStatement; empty when it could not be read."""

    @property
    def patient(self) -> Mapping[str, Any]:
        """The Patient resource as it was read."""

    @property
    def plans(self) -> Sequence[dict[str, Any]]:
        """The CarePlans that were read with the record."""

    @property
    def care_teams(self) -> Sequence[dict[str, Any]]:
        """The CareTeams that were read with the record."""

    @property
    def read_at(self) -> datetime:
        """When the record was read (UTC)."""


class PlanClient(Protocol):
    """The part of `fhir.client.FhirClient` that saving uses; a fake in tests."""

    def read(self, resource_type: str, resource_id: str) -> dict[str, Any]:
        """One resource as it stands now."""

    def search(
        self, resource_type: str, params: Mapping[str, str], *, headers: Mapping[str, str] | None = None
    ) -> Iterator[bytes]:
        """Pages of a search as they came."""

    def create(self, resource: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> WriteAnswer:
        """POST, once."""

    def update(self, resource: Mapping[str, Any], if_match: str | None = None) -> WriteAnswer:
        """PUT, once; None sends no condition."""


@dataclass(frozen=True, slots=True)
class DocumentFile:
    """The plan as a file for a DocumentReference. `pages` is None where a format has none."""

    content_type: str
    data: bytes = field(repr=False)
    pages: int | None = None


# The plan as PDF for the document rung; the last argument is one line on its standing: signed by whom, or a draft.
MakePdf = Callable[[PlanContext, PlanReview, CarePlanDraft, str], DocumentFile]


# The same as sections of words, for servers that take no PDF.
MakeSections = Callable[[PlanContext, PlanReview, CarePlanDraft, str], tuple[Section, ...]]


@dataclass(frozen=True, slots=True)
class IssuerFacts:
    """What planning needs of the registry's row: a name for people, the organization (`Organization/17`, or empty)."""

    name: str
    organization: str = ""
    organization_name: str = ""


def _new_key() -> str:
    return uuid.uuid4().hex


def _nothing_to_observe(_issuer: str, _seconds: float) -> None:
    return None


@dataclass(frozen=True, slots=True)
class PlanServices:
    """
    Everything that planning uses besides the launch; made once, at the composition root.

    `now` gives an aware UTC instant, `wait` sleeps (between looks for a write whose outcome is unknown). `public_url`
    has no slash at its end. `rule_set` is the version of the knowledge, for the plan's Provenance.
    `observe_time_to_plan` receives issuer slug and seconds from launch to saved.
    """

    drafts: DraftStore
    outbox: Outbox
    audit: AuditLog
    now: Callable[[], datetime]
    wait: Callable[[float], None]
    client_for: Callable[[PlanContext], PlanClient]
    issuer_facts: Callable[[str], IssuerFacts]
    public_url: str
    rule_set: str = ""
    make_pdf: MakePdf | None = None
    make_sections: MakeSections | None = None
    new_key: Callable[[], str] = _new_key
    observe_time_to_plan: Callable[[str, float], None] = _nothing_to_observe
