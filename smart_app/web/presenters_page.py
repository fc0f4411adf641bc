"""
What every page has: the banner that says who, the frame around it, tags, chips, and the page of a problem.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import FactState
from smart_app.clinical.recommendations import DueStatus, RecommendationKind
from smart_app.web.presenters_words import DateText, date_text, moment_text


@dataclass(frozen=True, slots=True)
class Tag:
    """A word with its shape; `css` is both the class and the name of the shape in the sprite."""

    css: str
    word: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A quiet source: resource type and date, or a few words."""

    text: str
    on: DateText | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A place to go, in words."""

    text: str
    href: str
    main: bool = False


@dataclass(frozen=True, slots=True)
class PatientIdentity:
    """Who the page is about, as the record words it. `status` is what nobody may miss: deceased, merged, test."""

    name: str
    birth_date: PartialDate | None
    age: str
    sex: str
    record_number: str
    status: str = ""

    @property
    def born(self) -> DateText | None:
        """Birth date in words."""
        return date_text(self.birth_date)

    @property
    def in_a_line(self) -> str:
        """`born Sep 9, 1974, record no. 9000 1234`: what stands beside a button that acts."""
        parts = []
        if self.born is not None:
            parts.append(f"born {self.born.text}")
        if self.record_number:
            parts.append(f"record no. {self.record_number}")
        return ", ".join(parts) or "birth date and record number not known"


@dataclass(frozen=True, slots=True)
class Banner:
    """The dark bar on top of every page of a context."""

    context: str
    patient: PatientIdentity
    read_at: DateText
    ehr: str
    user: str
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """
    What surrounds a page's own content.

    `base` is `/c/<handle>`, `form_token` proves a form and `patient_mark` says for which patient it was drawn. `theme`
    is `light` where the issuer forces it, else empty.
    `title` never names the patient.
    """

    title: str
    base: str = ""
    banner: Banner | None = None
    form_token: str = ""
    theme: str = ""
    environment: str = ""
    rule_set: str = ""
    patient_mark: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """A term and its text, with a link where one helps."""

    term: str
    text: str
    link: Link | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ProblemPage:
    """
    One shape for everything that ended early: what happened, what to do, a reference.

    `tone` is `stop` (refused) or `warn` (ended, not offered); `icon` a shape of the sprite.
    """

    frame: Frame
    heading: str
    says: str
    pairs: tuple[Pair, ...] = ()
    actions: tuple[Link, ...] = ()
    tone: str = "stop"
    icon: str = "not-advised"


def make_banner(
    handle: str, patient: PatientIdentity, read_at: datetime, ehr: str, user: str, environment: str = ""
) -> Banner:
    """The banner; `read_at` already carries the issuer's zone."""
    return Banner(handle, patient, moment_text(read_at), ehr, user or "not named by the EHR", environment)


DUE_TAGS: Mapping[DueStatus, Tag] = {
    DueStatus.OVERDUE: Tag("overdue", "Overdue"),
    DueStatus.DUE: Tag("due", "Due"),
    DueStatus.UP_TO_DATE: Tag("up-to-date", "Up to date"),
    DueStatus.NOT_INDICATED: Tag("not-advised", "Not indicated"),
    DueStatus.CANNOT_TELL: Tag("cannot-tell", "Cannot tell"),
}

STATE_TAGS: Mapping[FactState, Tag] = {
    FactState.DOCUMENTED: Tag("documented", "Documented"),
    FactState.CONFLICTING: Tag("conflicting", "Conflicting"),
    FactState.NOT_FOUND: Tag("not-found", "Not found"),
    FactState.NOT_READ: Tag("not-read", "Not read"),
    FactState.ENTERED: Tag("entered", "Entered"),
}


def due_tag(status: DueStatus, kind: RecommendationKind) -> Tag:
    """The tag of a recommendation; what is not advised says so, and an alert that stands is more than due."""
    if kind is RecommendationKind.NOT_ADVISED:
        return Tag("not-advised", "Not advised")
    if kind is RecommendationKind.SAFETY_ALERT and status in (DueStatus.OVERDUE, DueStatus.DUE):
        return Tag("safety", "Safety alert")
    return DUE_TAGS[status]
