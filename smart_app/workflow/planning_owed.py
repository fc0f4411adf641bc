"""
What belongs beside a plan that is saved: its Provenance, the plan that it replaces, the goals taken out of it.

Each is a step that is kept with the outbox entry from before the plan is sent until the step is done, so that a kill
loses none of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from smart_app.fhir.capability import WriteLadder
from smart_app.storage.outbox import OWED, OutboxEntry
from smart_app.workflow.planning_build import NO_ORGANIZATION, Approved
from smart_app.workflow.planning_goals import WrittenGoals
from smart_app.workflow.planning_record import Snapshot
from smart_app.workflow.planning_types import StepState, versioned

STANDING = "Goals taken out of the plan still stand in the record: "
NOT_OFFERED = "No Provenance was written: this EHR lets no app write one."


class StepKind(StrEnum):
    """What is to be done."""

    PROVENANCE = "provenance"
    CANCEL_GOAL = "cancel-goal"
    COMPLETE_PLAN = "complete-plan"


@dataclass(frozen=True, slots=True)
class Step:
    """
    One thing that is owed.

    `reference` is the goal or plan to end, `version` the plan's as it was compared. `resource` is a Provenance:
    `of_plan` says that it is of the saved plan itself, which becomes its first target, else it is of what the steps
    before it ended. `sent_at`: since when it may have left; None where it surely has not. `tries`: how often it was
    begun.
    """

    kind: StepKind
    reference: str = ""
    version: str = ""
    resource: dict[str, Any] | None = None
    of_plan: bool = False
    sent_at: datetime | None = None
    tries: int = 0

    @property
    def ends(self) -> bool:
        """Whether it ends something that stands in the record."""
        return self.kind is not StepKind.PROVENANCE

    def with_target(self, target: str) -> Step:
        """The Provenance of what was ended, naming one more of it."""
        if self.resource is None or self.of_plan:
            return self
        return replace(self, resource={**self.resource, "target": [*self.resource["target"], {"reference": target}]})


@dataclass(frozen=True, slots=True)
class Owed:
    """The steps of a save, and what its receipt says of those that this EHR does not allow."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()


def owed_by(
    approved: Approved, ladder: WriteLadder, goals: WrittenGoals, current: Snapshot | None, *, created: bool
) -> Owed:
    """
    What a save of this plan owes.

    What it ends (the replaced plan, goals taken out) has a Provenance of its own, after it: that rests on no fact.
    """
    targets = [
        versioned(goal.reference, goal.version_id) for goal in goals.written if goal.state is StepState.CONFIRMED
    ]
    own = owed_provenance(approved, ladder, targets, created=created)
    ends, words = _ends(approved, ladder, goals, current)
    after: tuple[Step, ...] = ()
    if ends:
        later = owed_provenance(replace(approved, facts=()), ladder, (), created=False)
        after = tuple(replace(step, of_plan=False) for step in later.steps)
    return Owed((*own.steps, *ends, *after), (*own.notes, *words))


def owed_provenance(approved: Approved, ladder: WriteLadder, targets: Iterable[str], *, created: bool) -> Owed:
    """The Provenance of the plan and what was written with it; else why there is none."""
    if not ladder.provenance.can_create:
        return Owed((), (NOT_OFFERED,))
    resource = approved.provenance(targets, created=created)
    if resource is None:
        return Owed((), (NO_ORGANIZATION,))
    return Owed((Step(StepKind.PROVENANCE, resource=resource, of_plan=True),))


def _ends(
    approved: Approved, ladder: WriteLadder, goals: WrittenGoals, current: Snapshot | None
) -> tuple[tuple[Step, ...], tuple[str, ...]]:
    steps: list[Step] = []
    words: list[str] = []
    if goals.dropped and ladder.goal.can_update:
        steps += [Step(StepKind.CANCEL_GOAL, reference) for reference in goals.dropped]
    elif goals.dropped:
        words.append(f"{STANDING}{', '.join(goals.dropped)}.")
    replaced = approved.draft.replaces
    if replaced and current is not None and ladder.care_plan.can_update:
        steps.append(Step(StepKind.COMPLETE_PLAN, replaced, current.version_id or ""))
    elif replaced and current is not None:
        words.append(f"{replaced} still stands in the record, because this EHR lets no app change a care plan.")
    return tuple(steps), tuple(words)


def with_owed(entry: OutboxEntry, steps: Sequence[Step]) -> OutboxEntry:
    """The entry with what is still owed; an empty list says that nothing is."""
    rest = {name: value for name, value in entry.details.items() if name != OWED}
    kept = {OWED: msgspec.to_builtins(tuple(steps))} if steps else {}
    return replace(entry, details={**rest, **kept})


def steps_of(entry: OutboxEntry) -> tuple[Step, ...]:
    """What an entry owes."""
    return msgspec.convert(entry.details.get(OWED, ()), tuple[Step, ...])
