"""
The review of one record: read once a launch, kept encrypted with it, concluded anew for every page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec

from smart_app.clinical.education import ChosenParagraph, choose_paragraphs
from smart_app.clinical.entries import apply_entries
from smart_app.clinical.entries_kept import entries_that_stand
from smart_app.clinical.facts import Entry, IssueKind, PatientRecord
from smart_app.clinical.features import derive_features
from smart_app.clinical.recommendations import Recommendation
from smart_app.clinical.rules import evaluate_rules
from smart_app.clinical.schedule import ClinicDefaults
from smart_app.errors import FhirError, UnreadableRecordError
from smart_app.fhir.extract import RecordBuilder
from smart_app.fhir.reading import read_record
from smart_app.settings import ClinicSettings
from smart_app.storage.audit import AuditAction, AuditOutcome
from smart_app.storage.contexts import LaunchContext
from smart_app.storage.drafts import DraftOwner
from smart_app.workflow.launching import client_for, note
from smart_app.workflow.planning_record import our_plan
from smart_app.workflow.services import Services

_encoder = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class KeptReading:
    """What one reading of the record left: enough for every later page of the launch. `read_at` in seconds."""

    record: PatientRecord
    patient: dict[str, Any]
    plans: tuple[dict[str, Any], ...]
    capability: dict[str, Any]
    read_at: float
    seconds: float
    care_teams: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Review:
    """
    Everything that a page of a launch is made of.

    `record` has the clinician's entries applied. `silent` are the rules that do not fire, with reasons. `sections` are
    the paragraphs of education for this patient, `further_sections` those that could be added. `patient` is the Patient
    resource as it came; `plans` and `care_teams` those of the record. `withheld` counts resources of another patient.
    """

    record: PatientRecord
    recommendations: tuple[Recommendation, ...]
    silent: tuple[Recommendation, ...]
    sections: tuple[ChosenParagraph, ...]
    further_sections: tuple[ChosenParagraph, ...]
    capability: Mapping[str, Any]
    patient: Mapping[str, Any]
    plans: tuple[dict[str, Any], ...]
    read_at: datetime
    care_teams: tuple[dict[str, Any], ...] = ()
    entries: tuple[Entry, ...] = ()
    withheld: int = 0
    seconds: float = field(default=0.0, compare=False)


def review(services: Services, context: LaunchContext, *, reread: bool = False, language: str = "en") -> Review:
    """
    The review of a launch; the record is read when it was not yet, or when `reread` asks for it.

    Raises:
        FhirError: the patient could not be read, or the sign-in has ended.
        StoreError: what was kept cannot be read.
    """
    kept = None if reread else find_reading(services, context)
    if kept is None:
        kept = read(services, context)
    entries = entries_of(services, context, kept)
    record = apply_entries(kept.record, entries) if entries else kept.record
    everything = evaluate_rules(
        services.knowledge.rules, record, clinic_defaults(services.settings.clinic), include_silent=True
    )
    chosen = choose_paragraphs(
        services.knowledge.education,
        derive_features(record, record.as_of),
        record,
        record.as_of,
        language=language,
        include_hidden=True,
    )
    return Review(
        record=record,
        recommendations=tuple(each for each in everything if each.fired),
        silent=tuple(each for each in everything if not each.fired),
        sections=tuple(each for each in chosen if each.shown),
        further_sections=tuple(each for each in chosen if not each.shown),
        capability=kept.capability,
        patient=kept.patient,
        plans=kept.plans,
        care_teams=kept.care_teams,
        read_at=datetime.fromtimestamp(kept.read_at, UTC),
        entries=entries,
        withheld=sum(issue.kind is IssueKind.OTHER_PATIENT for issue in record.issues),
        seconds=kept.seconds,
    )


def read(services: Services, context: LaunchContext) -> KeptReading:
    """
    Read the record and keep what was found, encrypted, with the launch.

    Raises:
        FhirError: the patient could not be read, or the sign-in has ended.
    """
    issuer = services.issuer(context.issuer)
    began = services.clock.monotonic()
    executor = services.network.executor(issuer)
    capability = executor.submit(services.capability, issuer)
    builder = RecordBuilder(services.knowledge.codes, services.clock.today(issuer), context.patient_id)
    try:
        reading = read_record(
            client_for(services, context),
            builder,
            services.knowledge.codes,
            executor,
            context.scopes,
            context.patient_id,
            context.encounter_id or "",
            services.network.ways,
            capability.result,
        )
    except FhirError:
        note(services, context, AuditAction.READ, AuditOutcome.FAILED)
        raise
    kept = KeptReading(
        record=builder.build(reading.searches),
        patient=reading.patient,
        plans=reading.plans,
        care_teams=reading.care_teams,
        capability=dict(capability.result()),
        read_at=services.clock.now(),
        seconds=services.clock.monotonic() - began,
    )
    services.contexts.keep_review(context, _encoder.encode(kept))
    note(services, context, AuditAction.READ)
    services.log.event("record-read", issuer=context.issuer, seconds=round(kept.seconds, 3))
    return kept


def find_reading(services: Services, context: LaunchContext) -> KeptReading | None:
    """
    What was kept of an earlier reading of this launch, or None.

    Raises:
        UnreadableRecordError: it does not decrypt or parse.
    """
    data = services.contexts.find_review(context)
    if data is None:
        return None
    try:
        return msgspec.json.decode(data, type=KeptReading)
    except msgspec.DecodeError as error:
        raise UnreadableRecordError("a kept reading does not parse") from error


def entries_of(services: Services, context: LaunchContext, kept: KeptReading) -> tuple[Entry, ...]:
    """
    What the clinician entered or chose in the draft of this launch; before there is one, what clinicians entered in
    our plan in the record, as far as it still stands (the draft will be drawn with the same).
    """
    owner = DraftOwner(context.issuer, context.fhir_user or f"launch:{context.handle}", context.patient_id)
    state = services.drafts.find(owner, context.handle)
    if state is not None:
        return state.draft.entries
    plan = our_plan(kept.plans, services.plan_definition, context.patient_id)
    return entries_that_stand(plan.entries, kept.record).stand if plan is not None else ()


def clinic_defaults(clinic: ClinicSettings) -> ClinicDefaults:
    """What the clinic's settings mean for the rules."""
    return ClinicDefaults(jurisdiction=clinic.jurisdiction, intervals=clinic.intervals)
