"""
Features: the facts of a record in the words that conditions use, each with its sources or what is missing.

`derive_features` computes the named ones; `taking.`, `had.` and `event.` names are answered on demand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from smart_app.clinical.feature_vocabulary import PREFIXES, VOCABULARY
from smart_app.clinical.recommendations import Because, ConditionTrace

if TYPE_CHECKING:
    from smart_app.clinical.conditions import Condition
    from smart_app.clinical.facts import PatientRecord

NONE_RECORDED = "none recorded"
NONE_ENTERED = "none, by the clinician"
SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class Feature:
    """
    One value in the vocabulary of conditions.

    `value` None means unknown. A frozenset holds several values; `complete` says that there are no others. `high` is
    the upper end where a date of low precision leaves a range of numbers.
    """

    name: str
    value: Any = None
    because: tuple[Because, ...] = ()
    missing: tuple[str, ...] = ()
    high: float | None = None
    complete: bool = True

    @property
    def known(self) -> bool:
        """Whether a value stands."""
        return self.value is not None


def none_words(record: PatientRecord, name: str) -> str:
    """The words for no row of this name: of the record, or the clinician's where the absence rests on an entry."""
    said = name in record.all_given or any(aside.is_about(name) for aside in record.set_aside if not aside.why)
    return NONE_ENTERED if said else NONE_RECORDED


def unknown(name: str, *missing: str) -> Feature:
    """A feature without a value; `missing` defaults to the vocabulary's fact names."""
    return Feature(name, None, (), missing or VOCABULARY[name].missing)


class Features:
    """All features of one patient on one day; `for_side` binds the sided names to one breast."""

    def __init__(
        self,
        record: PatientRecord,
        values: Mapping[str, Feature],
        answer: Callable[[PatientRecord, str], Feature],
        side: str | None = None,
        answered: dict[str, Feature] | None = None,
    ) -> None:
        self.record = record
        self.side = side
        self._values = values
        self._answer = answer
        self._answered: dict[str, Feature] = {} if answered is None else answered
        self._traces: dict[str, ConditionTrace] = {}
        self._sided: dict[str, Features] = {}

    @property
    def as_of(self) -> date:
        """The day that counts as today."""
        return self.record.as_of

    def get(self, name: str) -> Feature:
        """
        The feature of this name.

        Raises:
            KeyError: not in the vocabulary, or a sided name without a side.
        """
        if self.side is not None:
            sided = self._values.get(f"{name}.{self.side}")
            if sided is not None:
                return sided
        found = self._values.get(name) or self._answered.get(name)
        if found is None:
            if not name.startswith(tuple(PREFIXES)):
                raise KeyError(name)
            found = self._answered[name] = self._answer(self.record, name)
        return found

    def for_side(self, side: str) -> Features:
        """The same features with `surgery`, `rt`, `recon`, `breast_tissue` and `dx.here` bound to one breast."""
        if side not in self._sided:
            self._sided[side] = Features(self.record, self._values, self._answer, side, self._answered)
        return self._sided[side]

    def remember(
        self, condition: Condition, evaluate: Callable[[Condition, Features], ConditionTrace]
    ) -> ConditionTrace:
        """The trace of a fact node, computed once: many rules ask the same."""
        found = self._traces.get(condition.key)
        if found is None:
            found = self._traces[condition.key] = evaluate(condition, self)
        return found


def derive_features(record: PatientRecord, as_of: date | None = None) -> Features:
    """
    The vocabulary of rules.md section 0 for one record.

    Args:
        as_of: today; the record's own date unless given. Both must agree.
    """
    from smart_app.clinical.features_anatomy import anatomy_features
    from smart_app.clinical.features_events import answer_on_demand, event_features
    from smart_app.clinical.features_treatment import settled, treatment_features
    from smart_app.clinical.features_tumor import tumor_features

    if as_of is not None and as_of != record.as_of:
        raise ValueError("features are of the day of the record")
    record = replace(record, systemic=tuple(settled(drug, record.as_of) for drug in record.systemic))
    found: dict[str, Feature] = {}
    groups: tuple[Callable[[PatientRecord], Iterable[Feature]], ...] = (
        tumor_features,
        anatomy_features,
        treatment_features,
        event_features,
    )
    for group in groups:
        for feature in group(record):
            found[feature.name] = feature
    return Features(record, found, answer_on_demand)
