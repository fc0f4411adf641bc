"""
What the plan pages are given and give back: the value types of drafting, checking and saving a plan.

A page's form is plain `name -> list of values`. The names that are read:

    draft_version                     the version of the draft that the page showed (`Workbench.draft.version`)
    row.<row id>.decision             accept | decline | "" (not decided); also .when .owner .note .reason .order
    own.what  own.when  own.owner     a new item (kept when `what` is not empty); own.note
    remove.<row id>                   any value: take an own item away
    goal (repeated, or one a line)    the patient's words; `goals.present` says that the form had the field
    concern (repeated)                problems and concerns; `concerns.present` says that the form had the field
    note, education_note              the clinician's notes
    education.<paragraph>.shown       for every paragraph on the page also, hidden: .order and .proposed (`shown` or
                                      `hidden`, as the rules have it)
    education.moved                   any value: the order of the paragraphs is the clinician's
    conflict.<fact key>.choice        a source's `Type/id`, `open`, or "" ; .reason (key: `ConflictToSettle.key`)
    entry.<fact key>.value            a fact that the clinician enters; .on .reason .seen_where
    remove-entry.<fact key>           any value: take an entered or chosen fact back
    language, large_print             of the handout; `large_print.present` says that the form had the boxes
    more_to_know, printed_name        whether its optional part is printed; the name in other letters
    rebase, merge.<key>               after a three-way comparison, see `ThreeWay`
    confirm_record                    any value: writing into a test, merged or inactive record is meant

Fields that a form does not have stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.entries_kept import LeftOut
from smart_app.clinical.facts import FactValue
from smart_app.clinical.plan import CarePlanDraft, PlanRow
from smart_app.clinical.recommendations import Recommendation
from smart_app.fhir.capability import WriteLadder
from smart_app.fhir.comparison import Change

CONFIRM_RECORD = "confirm_record"


# Under this name an outbox entry keeps what the risk tools said at signing: never written to the record.
TOOLS = "tools"


def versioned(reference: str, version_id: str | None) -> str:
    """`CarePlan/1/_history/2`, or without a version where the server gives none."""
    return f"{reference}/_history/{version_id}" if version_id else reference


class StepState(StrEnum):
    """Where a write stands (house decision 8)."""

    PREPARED = "prepared"
    SENT = "sent"
    CONFIRMED = "confirmed"
    UNKNOWN = "unknown"
    REFUSED = "refused"


class Outcome(StrEnum):
    """How a saving ended; each has its own receipt."""

    SAVED = "saved"
    SAVED_AS_DOCUMENT = "saved-as-document"
    NOT_SAVED = "not-saved"
    UNKNOWN = "unknown"


HEADINGS: Mapping[Outcome, str] = {
    Outcome.SAVED: "Saved to the record",
    Outcome.SAVED_AS_DOCUMENT: "Saved as a document",
    Outcome.NOT_SAVED: "Not saved",
    Outcome.UNKNOWN: "Not known whether saved",
}


@dataclass(frozen=True, slots=True)
class PlanIssue:
    """
    One reason why something was refused. `field` is the form field it belongs to (`row.<id>.when`), None when unknown.

    `words` are the EHR's own for a refusal (escaped by the template), else ours.
    """

    words: str
    field: str | None = None
    title: str | None = None
    expression: str | None = None


@dataclass(frozen=True, slots=True)
class WrittenResource:
    """A resource that was written besides the plan. `state` says whether it is known to be in the record."""

    reference: str
    version_id: str | None
    state: StepState
    words: str = ""


@dataclass(frozen=True, slots=True)
class ChangedFact:
    """
    A fact that is no longer what the plan (or the draft) rests on.

    `was` and `now` are words; `effect` names the rows that rest on it; `reference` is `Type/id`.
    """

    fact: str
    reference: str | None
    was: str
    now: str
    effect: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanDifference:
    """One part of a plan that two hands changed: as signed (`base`), as in the record now, and as in the draft."""

    key: str
    title: str
    base: str
    theirs: str
    ours: str


@dataclass(frozen=True, slots=True)
class ThreeWay:
    """
    A plan that somebody else changed since it was opened: nothing was written.

    `both` were changed by both to different values: the clinician chooses. `theirs_only` and `ours_only` merge by
    themselves. To go on: `keep_changes` with `rebase` = `version_id` and, for each of `both`, `merge.<key>` = `theirs`
    or `ours`.
    """

    resource: str
    version_id: str | None
    both: tuple[PlanDifference, ...] = ()
    theirs_only: tuple[PlanDifference, ...] = ()
    ours_only: tuple[PlanDifference, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """
    What happened, so that a person can check it.

    `heading` begins with the exact words of the contract. `resource` is `CarePlan/123`, empty unless it is in the
    record. `where` is `care-plans` or `documents`. Instants are UTC. `sent_times` counts how often it was sent.
    `changed_by_ehr` are the differences found on reading back: `harmless` ones are what servers may do.
    `offered_next`: `check-again`, `read-again`, `back-to-plan`, `save-as-document`, `download-pdf`, `relaunch`,
    `compare`, `summary`, `handout`, `handover`; the first is the main button. `notes` are sentences that belong on the
    receipt ("No Provenance was written because ..."). `form_key` addresses the receipt.
    """

    form_key: str
    outcome: Outcome
    heading: str
    explanation: str
    reference_code: str
    plan_identifier: str
    resource: str = ""
    version_id: str = ""
    where: str = ""
    what: str = ""
    accepted: int = 0
    declined: int = 0
    goals: int = 0
    by: str = ""
    as_draft: bool = False
    content_type: str | None = None
    pages: int | None = None
    sent_at: datetime | None = None
    sent_times: int = 0
    saved_at: datetime | None = None
    read_back_at: datetime | None = None
    searched_times: int = 0
    changed_by_ehr: tuple[Change, ...] = ()
    issues: tuple[PlanIssue, ...] = ()
    written_with: tuple[WrittenResource, ...] = ()
    duplicates: tuple[str, ...] = ()
    changed_facts: tuple[ChangedFact, ...] = ()
    three_way: ThreeWay | None = None
    in_record_now: str = ""
    notes: tuple[str, ...] = ()
    offered_next: tuple[str, ...] = ()
    status: int | None = None
    time_to_plan_s: float | None = None

    @property
    def saved(self) -> bool:
        """Whether it is known to be in the record."""
        return self.outcome in (Outcome.SAVED, Outcome.SAVED_AS_DOCUMENT)


@dataclass(frozen=True, slots=True)
class ExistingPlan:
    """
    A care plan (or plan document) that is in the record already.

    `ours`: made by this product for this patient, so that saving updates it; others are shown and never touched.
    `rows` are its activities as far as they can be read back. `maker` is the author's name, else empty.
    """

    resource: str
    version_id: str | None
    status: str
    title: str
    ours: bool
    identifier: str | None = None
    maker: str = ""
    created_on: PartialDate | None = None
    rows: tuple[PlanRow, ...] = ()
    text: str = ""
    is_document: bool = False


@dataclass(frozen=True, slots=True)
class OfferedDraft:
    """An earlier draft of the same user for the same patient at the same issuer: taken up only when asked for."""

    kept_at: datetime
    version: int
    decided: int
    plan_identifier: str


@dataclass(frozen=True, slots=True)
class NeededDecision:
    """What is missing before the plan can be saved. `field` is the form field, `row` the row it stands in, if any."""

    field: str
    title: str
    words: str
    row: str | None = None
    blocks: bool = True


@dataclass(frozen=True, slots=True)
class ConflictToSettle:
    """
    A fact whose results disagree.

    `key` is the fact's name, with `.1` and so on for a further tumor. `blocks`: an accepted row or an alert rests on
    it. `choice` is the source chosen, `open` when it was left open, `entered` when the clinician entered a value
    instead, None when nothing was decided.
    """

    key: str
    fact: str
    cancer: int | None
    values: tuple[FactValue, ...]
    blocks: bool
    rests_on_it: tuple[str, ...] = ()
    choice: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class UnresolvedSave:
    """A save whose outcome is not known yet; shown at every launch for this patient until it is resolved."""

    form_key: str
    sent_at: datetime | None
    by_this_user: bool
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Workbench:
    """
    All that the plan page shows.

    `recommendations` by row id. `form_key` goes into the form of the page and comes back with the save.
    `saveable`: whether the user may sign at all; `not_saveable_because` says why not. `plans_read` False: the plans in
    the record could not be read; `plans_why` says why, and saving looks again. `three_way`: our plan in the record was
    changed by somebody since this draft was drawn from it. `duplicates`: further open plans of ours (there should be
    none; a person must look at them in the chart). `record_doubts`: why nothing is written into this record without an
    explicit confirmation (a test, merged or inactive one). `entries_left_out`: facts by clinicians in the saved plan
    that do not stand any more, each with the reason. `document_read` False: `existing_plan` is a document whose plan
    cannot be read back. `doubtful_documents`: a sentence on each document that may be an earlier plan of ours.
    """

    draft: CarePlanDraft
    recommendations: Mapping[str, Recommendation]
    ladder: WriteLadder
    form_key: str
    kept_at: datetime | None
    existing_plan: ExistingPlan | None = None
    other_plans: tuple[ExistingPlan, ...] = ()
    three_way: ThreeWay | None = None
    duplicates: tuple[str, ...] = ()
    offered_draft: OfferedDraft | None = None
    conflicts: tuple[ConflictToSettle, ...] = ()
    needed: tuple[NeededDecision, ...] = ()
    changed_facts: tuple[ChangedFact, ...] = ()
    new_rows: tuple[str, ...] = ()
    gone_rows: tuple[PlanRow, ...] = ()
    moved_rows: tuple[str, ...] = ()
    outbox_unknown: tuple[UnresolvedSave, ...] = ()
    can_undo: bool = False
    signer: str = ""
    saveable: bool = True
    not_saveable_because: str = ""
    plans_read: bool = True
    plans_why: str = ""
    record_doubts: tuple[str, ...] = ()
    entries_left_out: tuple[LeftOut, ...] = ()
    document_read: bool = True
    doubtful_documents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptDraft:
    """
    A draft after a durable commit.

    `problems` are fields that could not be taken (each keeps its earlier value): show them beside the field. `unseen`:
    the draft holds changes of another window that the page of this form did not show: it must not be signed by it.
    """

    draft: CarePlanDraft
    kept_at: datetime
    problems: tuple[PlanIssue, ...] = ()
    changed: bool = True
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class DiffRow:
    """One line of "what will be written"; `change`: changed, added, removed, same; `now` None: nothing is there."""

    change: str
    title: str
    now: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """
    What will be written, as a person reads it and as JSON, beside what is in the record.

    `kept`: what other hands wrote into our plan in the record, and what therefore stays in it.
    """

    rows: tuple[DiffRow, ...]
    resources: tuple[tuple[str, str], ...]
    compared_with: ExistingPlan | None
    ladder: WriteLadder
    needed: tuple[NeededDecision, ...] = ()
    problems: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
