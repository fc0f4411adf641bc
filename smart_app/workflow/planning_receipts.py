"""
The receipt of a save: what happened, in words, for each way it can end. Pure.
"""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from smart_app.clinical.plan import CarePlanDraft, Decision
from smart_app.errors import (
    FhirError,
    NotOfferedError,
    NotPermittedError,
    NotSignedInError,
    RefusedResourceError,
)
from smart_app.fhir import resources
from smart_app.fhir.answers import issues_of
from smart_app.fhir.capability import RungName, WriteLadder
from smart_app.storage.outbox import OutboxEntry
from smart_app.workflow.planning_send import SendEnd, Sent
from smart_app.workflow.planning_types import HEADINGS, Outcome, PlanIssue, Receipt

_INDEX = re.compile(r"activity\[(\d+)\](?:\.detail)?(?:\.(\w+))?")
_FIELDS = {
    "scheduledTiming": "when",
    "scheduledPeriod": "when",
    "scheduledString": "when",
    "scheduled": "when",
    "performer": "owner",
    "statusReason": "reason",
    "progress": "note",
    "status": "decision",
}


def reference_code(form_key: str) -> str:
    """A short code for the help desk."""
    digest = hashlib.sha256(form_key.encode("utf-8", "replace")).digest()
    return "R-" + base64.b32encode(digest).decode()[:6]


def encode(receipt: Receipt) -> dict[str, Any]:
    """For keeping in the outbox."""
    value = msgspec.to_builtins(receipt)
    assert isinstance(value, dict)
    return value


def decode(entry: OutboxEntry) -> Receipt | None:
    """The receipt that was kept with an entry."""
    return msgspec.convert(entry.receipt, Receipt) if entry.receipt is not None else None


def first_receipt(entry: OutboxEntry, draft: CarePlanDraft, by: str, *, as_draft: bool) -> Receipt:
    """What every receipt of this save says; the outcome is filled in when it is known."""
    accepted = [row for row in draft.rows if row.decision is Decision.ACCEPT]
    declined = [row for row in draft.rows if row.decision is Decision.DECLINE]
    document = entry.resource.get("resourceType") == "DocumentReference"
    return Receipt(
        form_key=entry.form_key,
        outcome=Outcome.UNKNOWN,
        heading=HEADINGS[Outcome.UNKNOWN],
        explanation="",
        reference_code=reference_code(entry.form_key),
        plan_identifier=entry.plan_identifier,
        where="documents" if document else "care-plans",
        what=_what(draft, len(accepted), len(declined), document),
        accepted=len(accepted),
        declined=len(declined),
        goals=len(draft.goals),
        by=by,
        as_draft=as_draft,
    )


def _what(draft: CarePlanDraft, accepted: int, declined: int, document: bool) -> str:
    parts = [f"{accepted} {'item' if accepted == 1 else 'items'} accepted"]
    if declined:
        parts.append(f"{declined} declined")
    words = ", ".join(parts)
    if draft.goals:
        words += f"; {len(draft.goals)} {'goal' if len(draft.goals) == 1 else 'goals'}"
    return f"{'Survivorship care plan as a document' if document else 'Follow-up care plan'}: {words}"


def conclude(
    receipt: Receipt, sent: Sent, *, document_possible: bool = False, draft: CarePlanDraft | None = None
) -> Receipt:
    """
    The receipt of how a write ended.

    Args:
        document_possible: whether a refused care plan can be offered as a document.
        draft: for the titles of rows that a refusal names.
    """
    receipt = replace(
        receipt,
        sent_at=sent.entry.sent_at,
        sent_times=sent.entry.sent_times,
        searched_times=sent.looks,
        status=_status(sent),
    )
    if sent.end is SendEnd.WRITTEN:
        return _written(receipt, sent)
    if sent.end is SendEnd.CONFLICT:
        return _not_saved(
            receipt,
            "Somebody else changed the plan in the record in between. Nothing was overwritten. Your draft is kept.",
            ("compare", "back-to-plan", "download-pdf"),
            in_record_now=_stands(sent),
        )
    if sent.end is SendEnd.SEVERAL:
        return replace(
            _not_saved(
                receipt,
                _several_words(sent),
                ("download-pdf", "back-to-plan"),
            ),
            duplicates=sent.matches,
        )
    if sent.end in (SendEnd.UNKNOWN,):
        return _unknown(receipt, sent)
    if sent.end is SendEnd.ABSENT:
        return _not_saved(receipt, _absent_words(receipt, sent), ("back-to-plan", "download-pdf"))
    if sent.end is SendEnd.NOT_SENT:
        return _not_saved(
            receipt,
            "The EHR could not be reached, so nothing was sent. Your draft is kept; you can save again.",
            ("back-to-plan", "download-pdf"),
        )
    return _refused(receipt, sent, document_possible, draft)


def _several_words(sent: Sent) -> str:
    if not sent.matches:
        return (
            "The EHR says that it holds more than one plan with this plan's identifier; a search found none. Nothing "
            "was written. Somebody must look in the chart."
        )
    return (
        "The record holds more than one plan with this plan's identifier. Nothing was written. "
        "Somebody must look at them in the chart."
    )


def _absent_words(receipt: Receipt, sent: Sent) -> str:
    took = "did not take the plan" if receipt.status else "did not answer"
    entry = sent.entry
    if "id" in entry.resource:
        version = f" in version {entry.if_match}" if entry.if_match else ""
        where = f"your changes are not in the record: {resources.own_reference(entry.resource)} was read again and "
        where += f"stands as it was{version}"
    else:
        where = f"the plan is not in the record: it was looked for {_times(sent.looks)} by its own identifier"
    wait_s = getattr(sent.error, "retry_after_s", None)
    wait = f" The EHR asks to wait {_duration(wait_s)} first." if wait_s else ""
    return f"The EHR {took}, and {where}. Your draft is kept; you can save again.{wait}"


def _duration(seconds: float) -> str:
    for length, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= length:
            count = math.ceil(seconds / length)
            return f"{count} {name}{'' if count == 1 else 's'}"
    return f"{math.ceil(seconds)} seconds"


def _status(sent: Sent) -> int | None:
    """What the EHR answered to the write; what it answered to a look for it is another matter."""
    error = sent.write_error if sent.end is SendEnd.UNKNOWN else sent.error
    return error.status if error is not None else None


def _written(receipt: Receipt, sent: Sent) -> Receipt:
    comparison = sent.comparison
    changes = comparison.changes if comparison is not None else ()
    document = receipt.where == "documents"
    outcome = Outcome.SAVED_AS_DOCUMENT if document else Outcome.SAVED
    receipt = replace(
        receipt,
        resource=sent.reference,
        version_id=sent.version_id,
        saved_at=sent.entry.sent_at,
        read_back_at=sent.read_back_at,
        changed_by_ehr=changes,
        duplicates=tuple(match for match in sent.matches if match != sent.reference),
    )
    if comparison is not None and not comparison.same_plan and _wrong_patient_or_withdrawn(sent):
        return replace(
            _not_saved(
                replace(receipt, resource="", version_id=""),
                f"The EHR stored something else than what you approved ({sent.reference}): check the chart now. "
                "Your draft is kept.",
                ("back-to-plan", "download-pdf"),
                in_record_now=_stands(sent),
            ),
            read_back_at=sent.read_back_at,
        )
    heading = HEADINGS[outcome]
    words = (
        "The plan is in the chart as a document, not as a care plan. It was read back and equals what you approved."
        if document
        else "The care plan is in the chart. It was read back and equals what you approved."
    )
    if comparison is not None and not comparison.equal:
        heading += ", but the EHR changed parts of it"
        form = " as a document, not as a care plan" if document else ""
        words = f"The plan is in the chart{form}. It was read back, and these parts were changed by the EHR."
        if any(change.serious for change in changes):
            words += " Some of them change what the plan says: check it in the chart now."
    if receipt.as_draft:
        words += " It is a draft, not a signed plan."
    following = ("summary", "handout", "handover") if not document else ("summary", "download-pdf")
    receipt = replace(receipt, outcome=outcome, heading=heading, explanation=words, offered_next=following)
    return with_duplicates(receipt, ())


def with_duplicates(receipt: Receipt, found: Sequence[str]) -> Receipt:
    """Two of one plan, however they came about: shown on the receipt, never deleted by us."""
    words = "The record holds this plan more than once: somebody must look at it in the chart."
    duplicates = tuple(dict.fromkeys((*receipt.duplicates, *found)))
    known = not duplicates or not receipt.saved or words in receipt.explanation
    explanation = receipt.explanation if known else f"{receipt.explanation} {words}"
    return replace(receipt, duplicates=duplicates, explanation=explanation)


def with_overwritten(receipt: Receipt, was: str, sent: Sent) -> Receipt:
    """
    Some servers ignore If-Match: a version that came between ours shows by its number, and a person must look.

    Args:
        was: the version that was compared just before; empty where the server states none.
    """
    now = sent.version_id
    if not (receipt.saved and was.isdigit() and now.isdigit() and int(now) - int(was) > max(sent.entry.sent_times, 1)):
        return receipt
    between = f"between version {was}, which was compared, and version {now}, which is yours, there was another"
    if any(not change.harmless for change in receipt.changed_by_ehr):
        words = f"There is one more version than expected: {between}, the EHR's own or somebody else's."
    else:
        words = f"This EHR let somebody else's change be replaced: {between}."
    words += " Look at it in the chart's history now."
    return replace(receipt, explanation=f"{receipt.explanation} {words}")


def _wrong_patient_or_withdrawn(sent: Sent) -> bool:
    changes = sent.comparison.changes if sent.comparison is not None else ()
    parts = {change.path.split(".")[1] for change in changes if change.serious and "." in change.path}
    return bool(parts & {"subject", "patient", "status", "intent", "resourceType"})


def _unknown(receipt: Receipt, sent: Sent) -> Receipt:
    if sent.answered:
        words = (
            "The EHR said that it took the plan, but it could not be read back. Do not enter it again. "
            "Check the chart, or check again here."
        )
    elif receipt.status:
        words = (
            f"The plan was sent, and the EHR answered with an error ({receipt.status}): it may have kept it all the "
            "same, and could not be asked. Do not enter it again. Check the chart, or check again here."
        )
    else:
        words = "The plan was sent, but no answer came. Do not enter it again. Check the chart, or check again here."
    following: tuple[str, ...] = ("check-again", "summary", "download-pdf")
    if isinstance(sent.error, NotSignedInError):
        following = ("relaunch", "download-pdf")
        words += " Your sign-in at the EHR has ended: open Aftercare from the chart again to check."
    return replace(
        receipt,
        outcome=Outcome.UNKNOWN,
        heading=HEADINGS[Outcome.UNKNOWN],
        explanation=words,
        offered_next=following,
    )


def _refused(receipt: Receipt, sent: Sent, document_possible: bool, draft: CarePlanDraft | None) -> Receipt:
    error = sent.error
    following = ["back-to-plan", "download-pdf"]
    document_next = receipt.where == "care-plans" and document_possible
    if isinstance(error, NotSignedInError):
        words = (
            "Your sign-in at the EHR has ended, so nothing was written. Your draft is kept: open Aftercare from the "
            "chart again, and it is offered to you."
        )
        following = ["relaunch", "download-pdf"]
        document_next = False
    elif isinstance(error, (NotPermittedError, NotOfferedError)):
        words = (
            "This EHR did not let the plan be written as a care plan. It is not in the chart. Your draft is kept."
            if receipt.where == "care-plans"
            else "This EHR did not let the plan be written as a document. It is not in the chart. Your draft is kept."
        )
        following = ["download-pdf", "back-to-plan"]
    else:
        words = "The EHR refused the plan. Nothing was written to the chart. Your draft is kept."
    if document_next:
        following.insert(0 if not isinstance(error, RefusedResourceError) else 1, "save-as-document")
    issues = refusal_issues(error, sent.entry.resource, draft) if error is not None else ()
    return replace(_not_saved(receipt, words, tuple(following)), issues=issues)


def _not_saved(receipt: Receipt, words: str, following: tuple[str, ...], *, in_record_now: str = "") -> Receipt:
    return replace(
        receipt,
        outcome=Outcome.NOT_SAVED,
        heading=HEADINGS[Outcome.NOT_SAVED],
        explanation=words,
        offered_next=following,
        in_record_now=in_record_now or receipt.in_record_now,
    )


def not_sent(receipt: Receipt, words: str, following: Sequence[str] = ("back-to-plan", "download-pdf")) -> Receipt:
    """A receipt for what stopped a save before anything was sent."""
    return _not_saved(receipt, words, tuple(following))


def _stands(sent: Sent) -> str:
    if sent.stored is None:
        return ""
    version = resources.version_id(sent.stored)
    return f"{resources.own_reference(sent.stored)}{f', version {version}' if version else ''}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def refusal_issues(error: FhirError, resource: Mapping[str, Any], draft: CarePlanDraft | None) -> tuple[PlanIssue, ...]:
    """Each issue of a refusal beside its field where its expression can be mapped, else in full."""
    titles = {row.id: row.title for row in draft.rows} if draft else {}
    found = []
    for issue in issues_of(error.outcome):
        details = issue.get("details")
        words = (
            (resources.text(details.get("text")) if isinstance(details, dict) else None)
            or resources.text(issue.get("diagnostics"))
            or resources.text(issue.get("code"))
            or "no reason given"
        )
        places = [place for name in ("expression", "location") for place in resources.as_list(issue.get(name))]
        place = next((str(entry) for entry in places if isinstance(entry, str)), None)
        row, field = _row_and_field(place, resource)
        found.append(
            PlanIssue(
                words=words[:500],
                field=f"row.{row}.{field}" if row and field else f"row.{row}.decision" if row else _other_field(place),
                title=titles.get(row) if row else None,
                expression=place,
            )
        )
    return tuple(found)


def _row_and_field(place: str | None, resource: Mapping[str, Any]) -> tuple[str | None, str | None]:
    match = _INDEX.search(place or "")
    activities = resources.objects(resource.get("activity"))
    if match is None or int(match[1]) >= len(activities):
        return None, None
    return resources.text(activities[int(match[1])].get("id")), _FIELDS.get(match[2] or "")


def _other_field(place: str | None) -> str | None:
    for part, name in ((".note", "note"), (".goal", "goal"), ("Goal.", "goal")):
        if place and part in place:
            return name
    return None


def chosen_words(ladder: WriteLadder) -> str:
    """Why nothing can be written at all."""
    rungs = [ladder.rung(name) for name in (RungName.CARE_PLAN, RungName.DOCUMENT)]
    return " ".join(rung.words for rung in rungs) + " Nothing was written. Download the plan and file it by hand."
