"""
The page for a record to which no survivorship plan applies: why, and what can still be done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from smart_app.clinical.facts import Fact, FactState, PatientRecord
from smart_app.web.presenters_facts import resource_link, source_chip
from smart_app.web.presenters_grid import missing_fact
from smart_app.web.presenters_page import STATE_TAGS, Chip, Frame, Link, Tag
from smart_app.web.presenters_record import EducationRow
from smart_app.web.presenters_words import (
    CANCER_KINDS,
    DIAGNOSES_NOT_READ,
    fact_label,
    scope_reason,
    side_words,
    value_words,
)

_SAYS = {
    "metastatic-disease": (
        "Follow-up rules for people after curative treatment are not shown: they do not fit, and could mislead."
    ),
    "no-breast-cancer": "Aftercare is for people who had breast cancer. Nothing here can be drawn from this record.",
    "deceased": "No plan, no dates and no patient’s paper are made.",
    "lcis-only": (
        "LCIS raises the risk of breast cancer and is not cancer itself. It belongs to the pathway for people at high "
        "risk: regular breast examination and yearly mammograms, talk about a medicine that lowers the risk, and "
        "referral to a high-risk clinic."
    ),
}
_FACTS = ("metastasis", "recurrence", "stage_group", "m", "er", "pr", "her2")


@dataclass(frozen=True, slots=True)
class ScopeFact:
    """A fact that the answer rests on."""

    fact: str
    state: str
    title: str
    tag: Tag | None
    chip: Chip | None
    link: Link | None


@dataclass(frozen=True, slots=True)
class ScopePage:
    """Everything that `scope.html` shows."""

    frame: Frame
    says: tuple[str, ...]
    facts: tuple[ScopeFact, ...]
    can: tuple[str, ...]
    entered: Link | None
    education: tuple[EducationRow, ...]


def present_scope(record: PatientRecord, frame: Frame, education: Sequence[EducationRow] = ()) -> ScopePage:
    """Why the plan does not apply; on no account anything that could be taken for advice."""
    reasons = record.scope.reasons
    says = tuple(_says(reason, record.diagnoses_read) for reason in reasons)
    rows = [_cancer_row(record, index, frame.base) for index in range(len(record.cancers))]
    if "no-breast-cancer" not in reasons:
        rows.extend(_fact(record.facts.get(name) or missing_fact(name, record), frame.base) for name in _FACTS)
    can = ["See the facts with their sources, as on every summary."]
    if education:
        can.append(f"Read the text for this situation below: “{education[0].title}”.")
    entered = None
    if record.own is not None and record.own.scope.applies:
        entered = Link("Take back what you entered", f"{frame.base}/facts")
        can.append("This follows from a fact that was entered here, and not from the record: it can be taken back.")
    else:
        can.append("Correct the chart if an entry is wrong, then open Aftercare again.")
    if entered is None and record.may_be_entered:
        entered = Link("Enter what is right", f"{frame.base}/facts")
        can.append(
            "Where the chart cannot be corrected now: enter what is right, with your reason. It is marked as yours and "
            "named in the plan."
        )
    return ScopePage(frame, says, tuple(rows), tuple(can), entered, tuple(education))


def _says(reason: str, diagnoses_read: bool) -> str:
    words = scope_reason(reason, diagnoses_read)
    return words if words == DIAGNOSES_NOT_READ else f"{words} {_SAYS.get(reason, '')}".strip()


def _cancer_row(record: PatientRecord, index: int, base: str) -> ScopeFact:
    cancer = record.cancers[index]
    side = side_words(cancer.laterality)
    title = f"{CANCER_KINDS.get(cancer.kind, cancer.kind)}{', ' + side if side else ''}"
    link = resource_link(base, cancer.sources[0]) if cancer.sources else None
    return ScopeFact("diagnosis", "documented", title, None, source_chip(cancer.sources), link)


def _fact(fact: Fact, base: str) -> ScopeFact:
    values = value_words(fact.name, fact.value, fact.extra)
    title = f"{fact_label(fact.name)}: {values}" if fact.known else fact_label(fact.name)
    tag = None if fact.state is FactState.DOCUMENTED else STATE_TAGS[fact.state]
    link = resource_link(base, fact.sources[0]) if fact.sources else None
    return ScopeFact(fact.name, fact.state.value, title, tag, source_chip(fact.sources), link)
