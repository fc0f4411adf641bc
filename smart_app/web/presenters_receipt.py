"""
The receipt of a save: one sentence, then what, where, which resource, when, what the EHR changed, and what to do next.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo

from smart_app.web.presenters_page import Frame, Link, Pair
from smart_app.web.presenters_words import count_words, fact_label, join_words, moment_text
from smart_app.workflow.planning_types import Outcome, PlanDifference, Receipt, StepState, ThreeWay

_LOOKS: Mapping[Outcome, tuple[str, str]] = {
    Outcome.SAVED: ("good", "up-to-date"),
    Outcome.SAVED_AS_DOCUMENT: ("warn", "document"),
    Outcome.NOT_SAVED: ("stop", "not-advised"),
    Outcome.UNKNOWN: ("warn", "cannot-tell"),
}


@dataclass(frozen=True, slots=True)
class ReceiptAction:
    """What to do next: a link, or with `action` a button of the form."""

    text: str
    href: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class MergeChoice:
    """One part that two hands changed: the clinician chooses."""

    key: str
    title: str
    base: str
    theirs: str
    ours: str
    chosen: str = ""


@dataclass(frozen=True, slots=True)
class Comparing:
    """What two hands changed in one plan: what is to be chosen, and what goes together without a choice."""

    merges: tuple[MergeChoice, ...]
    theirs: tuple[MergeChoice, ...]
    ours: tuple[str, ...]
    rebase: str


@dataclass(frozen=True, slots=True)
class ReceiptPage:
    """Everything that `receipt.html` shows. `resource` and `version` stand on one element, empty unless saved."""

    frame: Frame
    heading: str
    says: str
    tone: str
    icon: str
    saved: bool
    resource: str
    version: str
    pairs: tuple[Pair, ...]
    actions: tuple[ReceiptAction, ...]
    compare: Comparing | None
    form_key: str
    draft_version: int


def present_receipt(receipt: Receipt, frame: Frame, zone: tzinfo, draft_version: int = 0) -> ReceiptPage:
    """The page of one receipt."""
    tone, icon = _LOOKS[receipt.outcome]
    if receipt.saved and (receipt.duplicates or any(change.serious for change in receipt.changed_by_ehr)):
        tone, icon = "warn", "conflicting"  # it is in the chart, and somebody must look there
    return ReceiptPage(
        frame=frame,
        heading=receipt.heading,
        says=receipt.explanation,
        tone=tone,
        icon=icon,
        saved=receipt.saved,
        resource=receipt.resource if receipt.saved else "",
        version=receipt.version_id if receipt.saved else "",
        pairs=tuple(_pairs(receipt, frame, zone)),
        actions=tuple(action for name in receipt.offered_next if (action := _action(name, receipt, frame.base))),
        compare=present_comparing(receipt.three_way),
        form_key=receipt.form_key,
        draft_version=draft_version,
    )


def present_comparing(three: ThreeWay | None, chosen: Mapping[str, str] | None = None) -> Comparing | None:
    """
    The comparison as a form; None where there is nothing to compare.

    Args:
        chosen: what was chosen already, by the key of the part (`theirs` or `ours`).
    """
    if three is None:
        return None
    return Comparing(
        merges=tuple(_merge(part, (chosen or {}).get(part.key, "")) for part in three.both),
        theirs=tuple(_merge(part) for part in three.theirs_only),
        ours=tuple(part.title for part in three.ours_only),
        rebase=three.version_id or "",
    )


def _merge(part: PlanDifference, chosen: str = "") -> MergeChoice:
    return MergeChoice(part.key, part.title, part.base, part.theirs, part.ours, chosen)


def _pairs(receipt: Receipt, frame: Frame, zone: tzinfo) -> list[Pair]:
    pairs = []
    if receipt.what:
        pairs.append(Pair("What", receipt.what, note=_form_words(receipt)))
    if receipt.saved:
        pairs.extend(_where(receipt, frame))
    pairs.extend(_refusal(receipt, f"{frame.base}/plan{_refused(receipt)}"))
    pairs.extend(_times(receipt, zone))
    if receipt.saved:
        pairs.append(_changed(receipt))
    pairs.extend(
        Pair("Changed since", f"{fact_label(c.fact)}: was {c.was}, now {c.now}", note=_effect(c.effect))
        for c in receipt.changed_facts
    )
    if receipt.in_record_now:
        pairs.append(Pair("In the chart now", receipt.in_record_now))
    if receipt.duplicates:
        words = f"{join_words(receipt.duplicates)}: same plan, found in the record. Remove one in the chart."
        pairs.append(Pair("Found twice", words))
    pairs.extend(Pair("Note", note) for note in receipt.notes)
    pairs.append(Pair("Reference", receipt.reference_code))
    return pairs


def _form_words(receipt: Receipt) -> str:
    """`PDF, 6 pages`: in which form a document was written."""
    if not receipt.content_type:
        return ""
    kind = {"application/pdf": "PDF", "text/html": "HTML", "text/plain": "plain text"}.get(receipt.content_type)
    pages = f", {count_words(receipt.pages, 'page')}" if receipt.pages else ""
    return f"{kind or receipt.content_type}{pages}"


def _effect(effect: tuple[str, ...]) -> str:
    return f"Affects {join_words(effect)}" if effect else ""


def _where(receipt: Receipt, frame: Frame) -> list[Pair]:
    shelf = "Documents" if receipt.where == "documents" else "Care plans"
    banner = frame.banner
    place = f"{banner.ehr}, chart of {banner.patient.name}, {shelf}" if banner else shelf
    version = f", version {receipt.version_id}" if receipt.version_id else ", no version given by the EHR"
    beside = join_words(
        f"{written.reference}{f' version {written.version_id}' if written.version_id else ''}"
        for written in receipt.written_with
        if written.state is StepState.CONFIRMED
    )
    others = [w for w in receipt.written_with if w.state is not StepState.CONFIRMED]
    note = f"with {beside}" if beside else ""
    pairs = [Pair("Where", place), Pair("Resource", f"{receipt.resource}{version}", note=note)]
    for written in others:
        pairs.append(Pair("Not confirmed", written.words or f"{written.reference or 'a part'}: {written.state.value}"))
    if receipt.as_draft:
        pairs.append(Pair("Status", "Draft: not signed"))
    return pairs


def _refusal(receipt: Receipt, plan: str) -> list[Pair]:
    pairs = []
    if receipt.status is not None and not receipt.saved:
        pairs.append(Pair("Answer of the EHR", str(receipt.status)))
    for issue in receipt.issues:
        link = Link(issue.title or "Go to the field", f"{plan}#{_anchor(issue.field)}") if issue.field else None
        where = f" ({issue.expression})" if issue.expression and not issue.field else ""
        pairs.append(
            Pair("Field" if link else "Why", "" if link else issue.words + where, link, issue.words if link else "")
        )
    return pairs


def _anchor(field: str) -> str:
    return field.split(".")[1] if field.startswith("row.") else "f-" + field.replace(".", "-")


def _times(receipt: Receipt, zone: tzinfo) -> list[Pair]:
    pairs = []
    times = count_words(receipt.sent_times, "time") if receipt.sent_times != 1 else "once"
    if receipt.saved and receipt.saved_at:
        pairs.append(Pair("Saved", f"{clock_words(receipt.saved_at, zone)}{f' by {receipt.by}' if receipt.by else ''}"))
    elif receipt.sent_at:
        pairs.append(Pair("Sent", f"{clock_words(receipt.sent_at, zone)}, {times}"))
    if receipt.read_back_at:
        equal = "equal" if not [c for c in receipt.changed_by_ehr if not c.harmless] else "with differences"
        pairs.append(Pair("Read back", f"{clock_words(receipt.read_back_at, zone)}, {equal}"))
    if receipt.outcome is Outcome.UNKNOWN:
        pairs.append(Pair("Looked for", f"{count_words(receipt.searched_times, 'time')} by the plan’s own identifier"))
        pairs.append(Pair("Next", "Every later launch for this patient shows this until it is resolved"))
        pairs.append(Pair("Your draft", "Kept; it cannot be sent a second time by mistake"))
    return pairs


def clock_words(at: datetime, zone: tzinfo) -> str:
    """`09:58:11 EST, Nov 23, 2026`: to the second, because receipts are compared with logs."""
    local = at.astimezone(zone)
    text = moment_text(local).text
    return f"{local:%H:%M:%S}{text[5:]}"


def _changed(receipt: Receipt) -> Pair:
    real = [change.words for change in receipt.changed_by_ehr if not change.harmless]
    harmless = [change.words for change in receipt.changed_by_ehr if change.harmless]
    if not real and not harmless:
        return Pair("Changed by the EHR", "Nothing but id, version and time")
    if not real:
        return Pair("Changed by the EHR", "Nothing that matters", note="; ".join(harmless))
    return Pair("Changed by the EHR", "; ".join(real), note="; ".join(harmless))


def _refused(receipt: Receipt) -> str:
    """What brings the EHR's own words back to their fields on the plan page."""
    return f"?refused={receipt.form_key}" if any(issue.field for issue in receipt.issues) else ""


def _action(name: str, receipt: Receipt, base: str) -> ReceiptAction | None:
    table = {
        "check-again": ReceiptAction("Check again", action="check-again"),
        "read-again": ReceiptAction("Read the record again", f"{base}/?reread=1"),
        "back-to-plan": ReceiptAction("Back to the plan", f"{base}/plan{_refused(receipt)}"),
        "save-as-document": ReceiptAction("Save as a document", action="save-as-document"),
        "download-pdf": ReceiptAction("Download PDF", f"{base}/plan.pdf"),
        "relaunch": ReceiptAction("How to sign in again", f"{base}/relaunch"),
        "summary": ReceiptAction("Back to summary", f"{base}/"),
        "handout": ReceiptAction("Handout", f"{base}/handout"),
        "handover": ReceiptAction("Handover", f"{base}/handover.pdf"),
    }
    return table.get(name)
