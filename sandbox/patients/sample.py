"""
What a sample patient is: a made-up person, the resources of the chart, and what a careful reader finds in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

Resource = dict[str, Any]

CONFLICTING = "state:conflicting"
"""Expected fact: final results disagree."""
NOT_FOUND = "state:not-found"
"""Expected fact: the record holds none."""
ANY = "any"
"""Expected value that the story leaves open (the status of a drug known by its infusions alone)."""


class Fires(NamedTuple):
    """
    A rule that must fire: row of the rule table, topic of the contract, and status and side where the story fixes them.

    `topic` may be empty where the row has one topic only. `status` None: the story leaves it open.
    """

    row: str
    topic: str = ""
    status: str | None = None
    side: str | None = None


@dataclass(frozen=True)
class Expected:
    """
    What a careful abstractor finds in the chart, in the words of the facts JSON.

    `cancers`: (kind, laterality) of each row. `facts`: patient level, a value, `CONFLICTING`, `NOT_FOUND`, or a mapping
    with `value` and the extra keys. `tumor_facts`: the same for one tumor, by its laterality. `surgery`, `axilla`:
    (kind, side). `radiation`: sides. `systemic`: agent to status. `imaging`: modality to the day, None for no study.
    `issues`: kinds that must be there. `fires` and `silent`: rows of the rule table.
    """

    reasons: tuple[str, ...] = ()
    cancers: tuple[tuple[str, str], ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    tumor_facts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    surgery: tuple[tuple[str, str], ...] = ()
    axilla: tuple[tuple[str, str], ...] = ()
    radiation: tuple[str, ...] = ()
    systemic: Mapping[str, str] = field(default_factory=dict)
    imaging: Mapping[str, date | None] = field(default_factory=dict)
    issues: tuple[str, ...] = ()
    fires: tuple[Fires, ...] = ()
    silent: tuple[str, ...] = ()

    @property
    def applies(self) -> bool:
        """Whether a survivorship plan applies."""
        return not self.reasons


@dataclass(frozen=True)
class SamplePatient:
    """
    One sample patient. `id` is the id of the Patient resource, `story` one or two sentences for the list of patients.

    The resources are made anew at each reading, so that a chart of 20,000 results is not held in memory. What is listed
    here belongs to this chart's answers, even a resource whose subject is somebody else (the messy chart has one).
    """

    id: str
    name: str
    story: str
    expected: Expected
    make: Callable[[], Iterable[Resource]]

    def iter_resources(self) -> Iterator[Resource]:
        """The resources in dependency order: what is referred to comes first."""
        yield from self.make()

    @property
    def resources(self) -> tuple[Resource, ...]:
        """All resources in dependency order."""
        return tuple(self.make())
