"""
What the record holds about one patient, each fact with its state and its source.

The value types of the whole product: extractors make them, rules and education read them, pages and documents show
them. A missing fact is never a negative one: `NOT_FOUND` says that a complete record holds none, `NOT_READ` that it
could not be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from smart_app.clinical.dates import PartialDate


class FactState(StrEnum):
    """How far a fact can be relied on (contract section 3)."""

    DOCUMENTED = "documented"
    CONFLICTING = "conflicting"
    NOT_FOUND = "not-found"
    NOT_READ = "not-read"
    ENTERED = "entered"


@dataclass(frozen=True, slots=True)
class Source:
    """
    Where a value stands in the record: what the ledger of the page shows.

    `reference` is `Type/id`. `recorded` is the value as the record words it, `code` the code row that matched
    (`system|code display`), `sentence` the text a text-derived value was read from.
    """

    reference: str
    version_id: str | None = None
    on: PartialDate | None = None
    status: str | None = None
    performer: str | None = None
    specimen: str | None = None
    code: str | None = None
    recorded: str | None = None
    sentence: str | None = None

    @property
    def resource_type(self) -> str:
        """FHIR type of the resource."""
        return self.reference.partition("/")[0]


@dataclass(frozen=True, slots=True)
class FactValue:
    """One value of a fact beside others: of a conflict, or superseded. `extra` as in `Fact`."""

    value: Any
    on: PartialDate | None = None
    sources: tuple[Source, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """
    What a clinician entered, or chose among conflicting values.

    `at` is an instant (UTC, ISO 8601). `cancer` is the index of the tumor it is about, None for the patient.
    `from_plan`: it was read back from a saved plan, where `tumor` names its diagnosis (`Condition/12`).
    Of treatment and imaging, which are rows, `row` tells entries apart, and `instead_of` is the row of the record that
    is corrected, in the typed words of `clinical/entered_rows.py`.
    """

    name: str
    value: Any
    by: str
    at: str
    reason: str
    on: PartialDate | None = None
    seen_where: str | None = None
    cancer: int | None = None
    chosen_source: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    tumor: str = ""
    from_plan: bool = False
    row: str = ""
    instead_of: str = ""


@dataclass(frozen=True, slots=True)
class Fact:
    """
    One fact about a tumor or the patient.

    `value` is None unless the state is DOCUMENTED or ENTERED. `extra` holds the further keys of the contract
    (`percent`, `ihc`, `ish`, `low`, `basis`, `sub`). `others` holds all values of a conflict, else the superseded ones.
    `rule` is one sentence that says what decided. `looked_for` says what was searched, to judge an absence by.
    `from_text` marks a value read from free text. `record` is the record's own fact beside an entered one.
    """

    name: str
    state: FactState
    value: Any = None
    on: PartialDate | None = None
    sources: tuple[Source, ...] = ()
    others: tuple[FactValue, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    rule: str = ""
    looked_for: str = ""
    from_text: bool = False
    entry: Entry | None = None
    record: Fact | None = None

    @property
    def known(self) -> bool:
        """Whether one value stands."""
        return self.state in (FactState.DOCUMENTED, FactState.ENTERED)


class IssueKind(StrEnum):
    """Kinds of trouble with the data (contract section 3)."""

    UNMAPPED_CODE = "unmapped-code"
    UNREADABLE = "unreadable"
    CONFLICT = "conflict"
    OTHER_PATIENT = "other-patient"
    IGNORED_STATUS = "ignored-status"
    OUTSIDE_SCOPE = "outside-scope"
    UNIT = "unit"
    DATE = "date"


@dataclass(frozen=True, slots=True, order=True)
class Issue:
    """Something in the data that a person should know; `detail` is one sentence without the patient's name."""

    kind: IssueKind
    resource: str | None
    detail: str


@dataclass(frozen=True, slots=True)
class Patient:
    """
    Who the record is about, as far as rules need it. `sex` is administrative gender, `unknown` when absent.

    `reference` is `Patient/id` where the record says so: the subject of a plan that is made from a file.
    """

    birth_date: PartialDate | None = None
    sex: str = "unknown"
    deceased: bool = False
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Whether a survivorship plan applies; `reasons` as in the contract, empty when it does."""

    applies: bool = True
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CancerRecord:
    """A primary breast cancer. `kind`: invasive, dcis, lcis, unknown; `laterality`: left, right, bilateral, unknown."""

    kind: str
    laterality: str
    diagnosed_on: PartialDate | None
    sources: tuple[Source, ...]
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Surgery:
    """
    Operation on breast or axilla. `kind` as in the contract; `side`: left, right, bilateral, unknown.

    `entry`, here and in the other rows: the clinician entered it; `record` is the record's own row that it corrects.
    """

    kind: str
    side: str
    on: PartialDate | None
    sources: tuple[Source, ...]
    detail: str | None = None
    entry: Entry | None = None
    record: Surgery | None = None


@dataclass(frozen=True, slots=True)
class RadiotherapyCourse:
    """One course, not one fraction. `dose_gray` is the total where stated; `field` as in the record."""

    side: str
    started_on: PartialDate | None
    ended_on: PartialDate | None
    sources: tuple[Source, ...]
    field: tuple[str, ...] = ()
    dose_gray: float | None = None
    entry: Entry | None = None
    record: RadiotherapyCourse | None = None


@dataclass(frozen=True, slots=True)
class Medication:
    """
    One drug by ingredient (RxNorm name, lower case).

    `classes` narrowest first. `status`: active, stopped, unknown. Used for cancer drugs (`systemic`) and for the
    others that a rule asks about (`other_medications`, for example class `cyp2d6-strong-inhibitor`).
    `last_given_on`: set where a rule judges the status by the last dose given; the record itself states none.
    """

    agent: str
    classes: tuple[str, ...]
    status: str
    started_on: PartialDate | None
    ended_on: PartialDate | None
    sources: tuple[Source, ...]
    last_given_on: PartialDate | None = None
    entry: Entry | None = None
    record: Medication | None = None

    @property
    def told(self) -> str:
        """The drug as a reason: its status, or the last dose where no status is recorded."""
        state = self.status if self.last_given_on is None else f"last given {self.last_given_on}"
        return f"{self.agent} ({state})"


@dataclass(frozen=True, slots=True)
class ImagingStudy:
    """A completed study. `birads` is the category as text (`2`, `4`), `sub` its letter (`A`)."""

    modality: str
    on: PartialDate | None
    side: str
    birads: str | None
    sources: tuple[Source, ...]
    sub: str | None = None
    entry: Entry | None = None
    record: ImagingStudy | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """
    Something that was done or found, by concept id of `fhir_mappings/codes` (`cbc`, `lipid-panel`, `clinic-visit`).

    What a rule's `looks_for` is answered from; newest first in `PatientRecord.events`.
    """

    concept: str
    on: PartialDate | None
    sources: tuple[Source, ...]
    side: str = "unknown"
    value: Any = None
    detail: str | None = None
    entry: Entry | None = None
    record: Event | None = None


class SearchState(StrEnum):
    """How a search ended. Only COMPLETE and EMPTY allow "none recorded"."""

    COMPLETE = "complete"
    EMPTY = "empty"
    TRUNCATED = "truncated"
    FAILED = "failed"
    NOT_PERMITTED = "not-permitted"
    NOT_OFFERED = "not-offered"


@dataclass(frozen=True, slots=True)
class Search:
    """
    One search of the reading table and how it ended.

    `name` is the id in `fhir/queries.py` (`observation-laboratory`), `supplies` the fact and event names that
    rest on it, `why` plain words for a failure, `count` how many resources came.
    """

    name: str
    resource_type: str
    state: SearchState
    count: int = 0
    why: str = ""
    supplies: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether an absence in it means "none recorded"."""
        return self.state in (SearchState.COMPLETE, SearchState.EMPTY)


@dataclass(frozen=True, slots=True)
class UnplacedResult:
    """What looked like a tumor fact and was not understood: shown verbatim, never dropped."""

    source: Source
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """
    An entry about a row that gave no row: the clinician says that the record's own, from `sources`, did not take place,
    or the entry does not fit the record any more, and `why` says so.
    """

    name: str
    entry: Entry
    sources: tuple[Source, ...] = ()
    why: str = ""

    def is_about(self, name: str) -> bool:
        """Whether it is about rows of this name, or about this condition."""
        return name == self.name or f"what {name};" in f"{self.entry.instead_of};"


_MAY_BE_WRONG = frozenset({"metastatic-disease", "lcis-only"})


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """
    Everything the product knows about one patient at one moment.

    `facts` is at patient level (contract section 3); rules that depend on a tumor read `cancers[i].facts`.
    `searches` is empty for a local file, which counts as read in full. `all_given` holds, by name (`radiation`), the
    clinician's word that there are no other rows; `set_aside` the entries that gave no row; `own` the record without
    entries, where there are some.
    """

    as_of: date
    patient: Patient
    scope: Scope
    cancers: tuple[CancerRecord, ...]
    facts: Mapping[str, Fact]
    surgery: tuple[Surgery, ...] = ()
    axillary_surgery: tuple[Surgery, ...] = ()
    radiation: tuple[RadiotherapyCourse, ...] = ()
    systemic: tuple[Medication, ...] = ()
    other_medications: tuple[Medication, ...] = ()
    imaging: Mapping[str, ImagingStudy | None] = field(default_factory=dict)
    events: Mapping[str, tuple[Event, ...]] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()
    unplaced: tuple[UnplacedResult, ...] = ()
    searches: tuple[Search, ...] = ()
    all_given: Mapping[str, Entry] = field(default_factory=dict)
    set_aside: tuple[SetAside, ...] = ()
    own: PatientRecord | None = None

    @property
    def may_be_entered(self) -> bool:
        """
        Whether facts may be entered: the record itself is in scope, even where an entry ended that, or what ends the
        scope is a finding that the chart may have wrong.
        """
        return _MAY_BE_WRONG.issuperset((self.own or self).scope.reasons)

    @property
    def diagnoses_read(self) -> bool:
        """Whether diagnoses and reports were read in full: if not, that no cancer was found says nothing."""
        return self.was_read("cancer_kind") and self.was_read("reported_cancer")

    def was_read(self, name: str) -> bool:
        """
        Whether every search that supplies this fact or event name was whole (always, for a local file), or a clinician
        says that nothing is missing.
        """
        return name in self.all_given or all(search.whole for search in self.searches if name in search.supplies)
