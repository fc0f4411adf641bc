"""Hand-built workbenches and receipts for page tests."""

from __future__ import annotations

from datetime import UTC, date, datetime

from smart_app.clinical.education import Block, ChosenParagraph, EducationSource, Paragraph, Sentence, Trace
from smart_app.clinical.facts import Entry
from smart_app.clinical.plan import CarePlanDraft, Decision, EducationChoice, PlanRow
from smart_app.clinical.recommendations import DueStatus, RecommendationKind
from smart_app.fhir.capability import decide_ladder
from smart_app.web.presenters_schedule import anchor_of
from smart_app.workflow.planning_types import (
    ConflictToSettle,
    DiffRow,
    NeededDecision,
    Outcome,
    Preview,
    Receipt,
    Workbench,
)
from tests.support.page_values import day, sample_recommendations, tumor_facts

KEPT_AT = datetime(2026, 11, 23, 14, 51, tzinfo=UTC)
SCOPES = ("patient/CarePlan.cruds", "patient/DocumentReference.cruds", "patient/Goal.cruds", "patient/Provenance.cruds")
CAPABILITY = {
    "resourceType": "CapabilityStatement",
    "rest": [
        {
            "mode": "server",
            "resource": [
                {
                    "type": name,
                    "interaction": [{"code": code} for code in ("read", "create", "update", "search-type")],
                    "searchParam": [{"name": "identifier"}],
                }
                for name in ("CarePlan", "Goal", "Provenance", "DocumentReference")
            ],
        }
    ],
}


def sample_rows() -> tuple[PlanRow, ...]:
    """A row for each recommendation, what cannot be told not decided; one more is the clinician's own."""
    rows = []
    for item in sample_recommendations():
        undecided = item.status is DueStatus.CANNOT_TELL
        rows.append(
            PlanRow(
                anchor_of(item),
                item.title,
                item.topic,
                Decision.UNDECIDED if undecided else Decision.ACCEPT,
                item.owner,
                rule=item.rule,
                side=item.side,
                due=item.proposed_due,
                proposed_due=item.proposed_due,
                not_advised=item.kind is RecommendationKind.NOT_ADVISED,
            )
        )
    rows.append(PlanRow("own-1a2b3c4d", "Return to swimming", "other", Decision.ACCEPT, "patient", due=day("2027-03")))
    return tuple(rows)


def sample_draft() -> CarePlanDraft:
    """A draft in work."""
    entry = Entry(
        "menopausal_status", "postmenopausal", "Dr. Ada Clinician", "2026-11-23T14:50:00Z", "Told me so today"
    )
    return CarePlanDraft(
        "urn:uuid:00000000-0000-4000-8000-000000000001",
        4,
        sample_rows(),
        goals=("Walk the lake loop with my daughter by spring",),
        concerns=("Tiredness", "Sleep"),
        education=(EducationChoice("what-recurrence-is", True, 0),),
        entries=(entry,),
    )


def paragraph(name: str, title: str) -> ChosenParagraph:
    """A paragraph that everyone is shown."""
    text = Paragraph(
        name,
        "1",
        "en",
        "recurrence",
        "What recurrence is",
        1,
        1,
        title,
        (Block(False, (Sentence("Cancer can come back.", (Trace("education", "1", "V"),)),)),),
        None,
        (EducationSource("A guideline", 2024, "V"),),
        date(2026, 11, 1),
        None,
        None,
        date(2028, 11, 1),
    )
    return ChosenParagraph(text, True, "it is for everyone")


def sample_sections() -> tuple[ChosenParagraph, ...]:
    """Two paragraphs."""
    return (paragraph("what-recurrence-is", "What recurrence is"), paragraph("who-to-call", "Whom to call"))


def sample_bench() -> Workbench:
    """A workbench with one open conflict."""
    her2 = tumor_facts()["her2"]
    conflict = ConflictToSettle("her2", "her2", 0, her2.others, True, ("Heart checks",))
    needed = (
        NeededDecision("conflict.her2.choice", "HER2", "choose which result stands, or leave it open with a reason"),
        NeededDecision("row.dxa-endocrine.decision", "DXA", "not decided", "dxa-endocrine", blocks=False),
    )
    return Workbench(
        sample_draft(),
        {anchor_of(item): item for item in sample_recommendations()},
        decide_ladder(CAPABILITY, SCOPES),
        "form-key-1",
        KEPT_AT,
        conflicts=(conflict,),
        needed=needed,
        can_undo=True,
        signer="Dr. Ada Clinician",
    )


def sample_preview() -> Preview:
    """Something of every kind of change."""
    rows = (
        DiffRow("changed", "Mammogram, both breasts", "Aug 2026", "Dec 2026, Oncology"),
        DiffRow("added", "History and physical exam", None, "Dec 2026, Oncology"),
        DiffRow("removed", "Breast MRI", "Dec 2026, Oncology", "Declined: patient prefers not"),
        DiffRow("same", "Gynecologic assessment", "Jan 2027", "Jan 2027"),
    )
    return Preview(rows, (("CarePlan", '{\n  "resourceType": "CarePlan"\n}'),), None, decide_ladder(CAPABILITY, SCOPES))


def sample_receipt(outcome: Outcome) -> Receipt:
    """A receipt of each outcome."""
    saved = outcome in (Outcome.SAVED, Outcome.SAVED_AS_DOCUMENT)
    headings = {
        Outcome.SAVED: "Saved to the record",
        Outcome.SAVED_AS_DOCUMENT: "Saved as a document",
        Outcome.NOT_SAVED: "Not saved",
        Outcome.UNKNOWN: "Not known whether saved",
    }
    next_steps = {
        Outcome.SAVED: ("summary", "handout", "handover"),
        Outcome.SAVED_AS_DOCUMENT: ("summary",),
        Outcome.NOT_SAVED: ("back-to-plan", "save-as-document", "download-pdf"),
        Outcome.UNKNOWN: ("check-again", "summary"),
    }
    return Receipt(
        "form-key-1",
        outcome,
        headings[outcome],
        "One sentence about what happened.",
        "R-7QK2",
        "urn:uuid:00000000-0000-4000-8000-000000000001",
        resource="CarePlan/4711" if saved else "",
        version_id="2" if saved else "",
        where="care-plans",
        what="Follow-up care plan: 7 items accepted, 1 declined; 1 goal",
        by="Dr. Ada Clinician",
        sent_at=KEPT_AT,
        sent_times=1,
        saved_at=KEPT_AT if saved else None,
        read_back_at=KEPT_AT if saved else None,
        searched_times=3,
        offered_next=next_steps[outcome],
        status=422 if outcome is Outcome.NOT_SAVED else None,
    )
