"""
The guideline engine: rules as values, evaluated over the facts of one record.

Gates come first: a rule may yield to others (`yields_to`), and no date is made while primary treatment is not finished
(G-04). Gates and suppressions act only on what is documented. Every answer keeps its condition tree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from smart_app.clinical.conditions import Condition, evaluate
from smart_app.clinical.entered_rows import entered_names
from smart_app.clinical.facts import PatientRecord
from smart_app.clinical.features import NONE_ENTERED, SIDES, Features, derive_features
from smart_app.clinical.recommendations import (
    Because,
    Citation,
    ConditionTrace,
    DueStatus,
    Recommendation,
    RecommendationKind,
    Truth,
)
from smart_app.clinical.schedule import ClinicDefaults, Due, Schedule, compute_due
from smart_app.clinical.why import changes_of, told

EVERYONE = ConditionTrace("everyone in the scope of the plan", Truth.TRUE)
UNFINISHED = "primary-treatment-not-finished"


@dataclass(frozen=True, slots=True)
class Example:
    """
    A worked example of a rule: a small record and what the rule must say.

    `kind`: fires, silent, cannot-tell. `given` and `expect` are plain data (`fhir_mappings/README.md`).
    """

    kind: str
    says: str
    given: Mapping[str, Any]
    expect: Mapping[str, Any]
    line: int = 0


@dataclass(frozen=True, slots=True)
class Variant:
    """What differs in one jurisdiction: words, schedule, or that the rule is not used there."""

    says: str = ""
    schedule: Schedule | None = None
    citation: Citation | None = None
    undated: bool = False
    off: bool = False


@dataclass(frozen=True, slots=True)
class FollowUpRule:
    """
    One row of the rule table, as its file states it.

    `applies_when` None is everyone in scope. `unless` and `yields_to` (rule ids) hold it back, on documented facts.
    `per_breast`: evaluated for each breast. `jurisdictions`: empty means everywhere. `reviewed_by` empty means that no
    clinician has signed it yet. `level` is the level of evidence where the source gives one. `when_missing` is said
    where a missing fact leaves the rule open. `digest` is of the whole file: it changes with any change of it.
    """

    id: str
    row: str
    topic: str
    kind: RecommendationKind
    version: str
    title: str
    says: str
    why: str
    applies_when: Condition | None
    unless: Condition | None
    yields_to: tuple[str, ...]
    per_breast: bool
    schedule: Schedule | None
    owner: str
    citation: Citation
    mark: str
    conflicts: tuple[str, ...]
    variants: Mapping[str, Variant]
    jurisdictions: tuple[str, ...]
    written_by: str
    written_on: date
    reviewed_by: str
    reviewed_on: date | None
    expires_on: date
    limits: str
    examples: tuple[Example, ...]
    level: str = ""
    when_missing: str = ""
    digest: str = ""
    file: str = ""
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def reviewed(self) -> bool:
        """Whether a named clinician has signed this version."""
        return bool(self.reviewed_by) and self.reviewed_on is not None

    def for_jurisdiction(self, jurisdiction: str) -> FollowUpRule | None:
        """The rule as it stands in one jurisdiction; None where it is not used."""
        if self.jurisdictions and jurisdiction not in self.jurisdictions:
            return None
        variant = self.variants.get(jurisdiction)
        if variant is None:
            return self
        if variant.off:
            return None
        return replace(
            self,
            says=variant.says or self.says,
            schedule=None if variant.undated else variant.schedule or self.schedule,
            citation=variant.citation or self.citation,
        )


def evaluate_rules(
    rules: Sequence[FollowUpRule],
    record: PatientRecord,
    clinic: ClinicDefaults | None = None,
    include_silent: bool = False,
) -> tuple[Recommendation, ...]:
    """
    What follows from a record, in the order of the rules; nothing when the record is out of scope.

    Args:
        include_silent: also the rules that do not fire, as not-indicated, with the reason.
    """
    if not record.scope.applies:
        return ()
    engine = _Engine(rules, derive_features(record), clinic or ClinicDefaults())
    return tuple(found for rule in engine.rules for found in engine.recommend(rule, include_silent))


def evaluate_some(
    rules: Sequence[FollowUpRule], record: PatientRecord, clinic: ClinicDefaults, rule_ids: frozenset[str]
) -> tuple[Recommendation, ...]:
    """What only these rules say, with all gates in force: for trying what a fact would change."""
    if not record.scope.applies:
        return ()
    engine = _Engine(rules, derive_features(record), clinic)
    return tuple(found for rule in engine.rules if rule.id in rule_ids for found in engine.recommend(rule, False))


def explain_rule(
    rules: Sequence[FollowUpRule], record: PatientRecord, clinic: ClinicDefaults, rule_id: str
) -> tuple[Recommendation, ...]:
    """One rule's rows, whether it fires or not, each with its condition tree."""
    engine = _Engine(rules, derive_features(record), clinic)
    return tuple(found for rule in engine.rules if rule.id == rule_id for found in engine.recommend(rule, True))


@dataclass(frozen=True, slots=True)
class _Row:
    """The answer of one rule for one side, before two sides are joined."""

    side: str | None
    trace: ConditionTrace
    fires: bool
    due: Due
    reason: str = ""


_SILENT = Due(DueStatus.NOT_INDICATED)


class _Engine:
    """One record, one set of rules: gates are evaluated once and remembered."""

    def __init__(self, rules: Iterable[FollowUpRule], features: Features, clinic: ClinicDefaults) -> None:
        localized = (rule.for_jurisdiction(clinic.jurisdiction) for rule in rules)
        self.rules = tuple(rule for rule in localized if rule is not None)
        self.features = features
        self.clinic = clinic
        self._by_id = {rule.id: rule for rule in self.rules}
        self._applies: dict[tuple[str, str | None], ConditionTrace] = {}
        self._unfinished = features.get("primary_tx_ongoing")
        record = features.record
        groups = (record.facts, *(cancer.facts for cancer in record.cancers))
        self._entered = {name for facts in groups for name, fact in facts.items() if fact.entry is not None}
        self._entered |= entered_names(record)

    def recommend(self, rule: FollowUpRule, include_silent: bool) -> list[Recommendation]:
        sides: tuple[str | None, ...] = SIDES if rule.per_breast else (None,)
        rows = [self._row(rule, side) for side in sides]
        shown = [row for row in rows if row.fires]
        if not shown:
            return [self._present(rule, replace(rows[0], side=None))] if include_silent else []
        return [self._present(rule, row) for row in _join_sides(shown)]

    def _bound(self, side: str | None) -> Features:
        return self.features.for_side(side) if side is not None else self.features

    def applies(self, rule: FollowUpRule, side: str | None) -> ConditionTrace:
        key = (rule.id, side if rule.per_breast else None)
        if key not in self._applies:
            features = self._bound(key[1])
            self._applies[key] = evaluate(rule.applies_when, features) if rule.applies_when else EVERYONE
        return self._applies[key]

    def _row(self, rule: FollowUpRule, side: str | None) -> _Row:
        trace = self.applies(rule, side)
        if trace.truth is Truth.FALSE:
            return _Row(side, trace, False, _SILENT, "does not apply")
        held = self._held_back(rule, side)
        if held:
            return _Row(side, trace, False, _SILENT, held)
        if trace.truth is Truth.UNKNOWN:
            due = Due(DueStatus.CANNOT_TELL, missing=trace.missing)
            if rule.schedule is not None:
                computed = self._due(rule, rule.schedule, side)
                if computed.ended:
                    return _Row(side, trace, False, _SILENT, computed.reason)
                due = replace(computed, status=DueStatus.CANNOT_TELL, missing=trace.missing, horizon=(), reason="")
            return _Row(side, trace, True, due)
        if rule.kind is RecommendationKind.NOT_ADVISED:
            return _Row(side, trace, True, _SILENT)
        if rule.schedule is None:
            return _Row(side, trace, True, Due(DueStatus.DUE))
        due = self._due(rule, rule.schedule, side)
        if due.ended:
            return _Row(side, trace, False, _SILENT, due.reason)
        return _Row(side, trace, True, due)

    def _due(self, rule: FollowUpRule, schedule: Schedule, side: str | None) -> Due:
        due = compute_due(schedule, self._bound(side), rule.id, rule.topic, self.clinic)
        if due.ended or schedule.despite_unfinished or self._unfinished.value is not True:
            return due
        missing = self._unfinished.missing
        reason = "primary treatment is not finished: no dates yet"
        because = (*due.because, *self._unfinished.because)
        kept = Due(DueStatus.CANNOT_TELL, interval=due.interval, chosen=due.chosen, last=due.last, because=because)
        return replace(kept, missing=missing, reason=reason)

    def _holds(self, rule: FollowUpRule, side: str | None) -> bool:
        """Whether a rule applies and is not itself held back; for the patient as a whole, on either side."""
        sides: tuple[str | None, ...] = SIDES if rule.per_breast and side is None else (side,)
        return any(self.applies(rule, s).truth is Truth.TRUE and not self._held_back(rule, s) for s in sides)

    def _held_back(self, rule: FollowUpRule, side: str | None) -> str:
        """The reason why a documented fact holds the rule back, or nothing."""
        for name in rule.yields_to:
            other = self._by_id.get(name)
            if other is not None and self._holds(other, side):
                return f"gives way to: {other.title}"
        if rule.unless is not None:
            trace = evaluate(rule.unless, self._bound(side))
            if trace.truth is Truth.TRUE:
                return f"held back because {told(trace)}"
        return ""

    def _marked(self, reason: Because) -> Because:
        """An entered fact says so; one that was chosen among results has the chosen result as its source."""
        entered = (reason.fact in self._entered or reason.value == NONE_ENTERED) and not reason.sources
        return replace(reason, entered=True) if entered else reason

    def _present(self, rule: FollowUpRule, row: _Row) -> Recommendation:
        due = row.due
        reason = row.reason or due.reason
        if due.status is DueStatus.CANNOT_TELL and rule.when_missing:
            reason = rule.when_missing
        if not row.fires and row.trace.truth is Truth.FALSE:
            reason = f"does not apply: {told(row.trace)}"
        return Recommendation(
            rule=rule.id,
            row=rule.row,
            topic=rule.topic,
            kind=rule.kind,
            title=rule.title,
            says=rule.says,
            why=rule.why,
            status=due.status,
            owner=rule.owner,
            citation=rule.citation,
            side=row.side,
            due=due.due,
            earliest=due.earliest,
            interval_months=due.interval,
            chosen_months=due.chosen,
            last_done=due.last,
            horizon=due.horizon,
            because=tuple(self._marked(reason) for reason in _unique((*row.trace.because, *due.because))),
            missing=due.missing if row.fires else (),
            reviewed=rule.reviewed,
            mark=rule.mark,
            reason=reason,
            would_change=changes_of(rule.applies_when, row.trace, rule.schedule, due),
            conflicts=rule.conflicts,
            limits=rule.limits,
            trace=row.trace,
            fired=row.fires,
            version=rule.version,
        )


def _join(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _unique(reasons: Iterable[Because]) -> tuple[Because, ...]:
    kept: dict[tuple[str, str], Because] = {}
    for reason in reasons:
        kept.setdefault((reason.fact, str(reason.value)), reason)
    return tuple(kept.values())


def _join_sides(rows: list[_Row]) -> list[_Row]:
    """Two breasts with the same due date and status are one row with side `both` (contract 3a)."""
    if len(rows) != 2:
        return rows
    left, right = rows
    same = (left.due.status, left.due.due) == (right.due.status, right.due.due)
    if not same or left.trace.truth is not right.trace.truth:
        return rows
    missing = _join(left.due.missing, right.due.missing)
    because = _unique((*left.due.because, *right.due.because))
    reasons = _unique((*left.trace.because, *right.trace.because))
    trace = replace(left.trace, because=reasons, missing=_join(left.trace.missing, right.trace.missing))
    return [replace(left, side="both", trace=trace, due=replace(left.due, missing=missing, because=because))]
