"""
The draft of a survivorship plan: what the clinician sees, changes and signs.

`CarePlanDraft` is what is kept, encrypted, while the clinician works; `fhir/careplan.py` turns it into resources.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Entry


class Decision(StrEnum):
    """What the clinician decided about a row. Nothing is preset where the engine cannot tell."""

    ACCEPT = "accept"
    DECLINE = "decline"
    UNDECIDED = "undecided"


class RowOrder(StrEnum):
    """
    Whose order the rows of a draft have.

    RULES: nobody moved a row, so what is urgent stands first at every look. SAVED: as in the plan in the record, what
    has become urgent first. OWN: the clinician moved a row of this draft, and nothing else does.
    """

    RULES = "rules"
    SAVED = "saved"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class PlanRow:
    """
    One activity of the plan.

    `id` is stable over the life of the plan: `<rule>` or `<rule>--left`, else `own-<8 hex>` for a clinician's own item.
    `due` is what the plan will say, `proposed_due` what the engine proposed: None where it cannot tell. `reason`
    belongs to a declined row.
    """

    id: str
    title: str
    topic: str
    decision: Decision
    owner: str
    rule: str | None = None
    side: str | None = None
    due: PartialDate | None = None
    proposed_due: PartialDate | None = None
    interval_months: tuple[int, int] | None = None
    note: str = ""
    reason: str = ""
    not_advised: bool = False


@dataclass(frozen=True, slots=True)
class EducationChoice:
    """
    What the clinician decided about an education paragraph, and only that: whether it is shown, and its place.

    None leaves it to the rules, so that a fact that changes later still changes the patient's paper.
    """

    paragraph: str
    shown: bool | None = None
    order: int | None = None


@dataclass(frozen=True, slots=True)
class CarePlanDraft:
    """
    A plan in work.

    `identifier` is a `urn:uuid:` that stays with the plan for life; `version` counts the kept changes of this draft.
    `entries` are the facts that the clinician entered or chose. `resource`, `version_id` name the saved plan, if any.
    `language` (empty: the patient's own) and `large_print` are those of the handout, `more_to_know` prints its optional
    part too. `printed_name` is the patient's name in letters that the fonts hold, where the record's has others.
    `overridden` holds conflicts left open (fact key: reason). `replaces` is the plan (`CarePlan/4711`) that this one
    takes the place of. `row_order` says whose order the rows have.
    """

    identifier: str
    version: int
    rows: tuple[PlanRow, ...]
    goals: tuple[str, ...] = ()
    concerns: tuple[str, ...] = ()
    note: str = ""
    education: tuple[EducationChoice, ...] = ()
    education_note: str = ""
    entries: tuple[Entry, ...] = ()
    resource: str | None = None
    version_id: str | None = None
    language: str = ""
    large_print: bool = False
    more_to_know: bool = False
    printed_name: str = ""
    overridden: dict[str, str] = field(default_factory=dict)
    replaces: str | None = None
    row_order: RowOrder = RowOrder.RULES
