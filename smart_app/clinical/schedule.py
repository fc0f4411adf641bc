"""
When something is due: intervals as ranges, anchors, grace, earliest dates, the five-year horizon (rules.md section 12).

A range never turns into its midpoint: the clinic's own interval is used where it is set and lies in the range, else
the upper end, and the page shows the range beside it. Dates keep the precision of what they are computed from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from smart_app.clinical.anchors import find_anchor
from smart_app.clinical.completed import Done, comes_after, done_without_date, last_done, not_looked_for
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.features import NONE_RECORDED, Features
from smart_app.clinical.recommendations import Because, DueStatus
from smart_app.clinical.treatment_dates import latest_of

HORIZON_MONTHS = 60
ONE_INTERVAL = -1
GRACE_DAYS: Mapping[str, int] = {
    "clinic-visit": 30,
    "mammogram": 60,
    "breast-mri": 60,
    "breast-ultrasound": 60,
    "echocardiogram": 60,
    "dxa": 90,
}
DEFAULT_GRACE_DAYS = 30


@dataclass(frozen=True, slots=True)
class ClinicDefaults:
    """
    What a clinic may set: its jurisdiction, the months it uses inside a rule's range, and days of grace by topic.

    `intervals` is by rule id. Nothing here can leave the range of a guideline.
    """

    jurisdiction: str = "us"
    intervals: Mapping[str, int] = field(default_factory=dict)
    grace_days: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offset:
    """
    So many months or days after a named date; ONE_INTERVAL is the interval that held at that date.

    `last` is the last completed event. `from_months`: the lower end, where the start itself is a range (`6 to 12 months
    after surgery`). `days` is in place of months, for what is shorter than a month.
    """

    of: str
    months: int
    from_months: int | None = None
    days: int = 0

    def after(self, day: PartialDate) -> PartialDate:
        """This long after a day."""
        return day.add_days(self.days) if self.days else day.add_months(self.months)


@dataclass(frozen=True, slots=True)
class Phase:
    """
    An interval that holds until so many months after the phase clock; the last one has no end.

    `days` instead of months for what is shorter than a month; `interval` is then None.
    """

    interval: tuple[int, int] | None
    until_months: int | None = None
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """
    When a rule's activity is due.

    `first`: due at the latest of these, as long as nothing has been done. `phases`: the intervals after that, counted
    from `clock`. `once`: done once is enough. `not_before` bounds every date from below. `stop` ends the rule, or
    leaves it without a date if `as_indicated`. `course`: the planned end of the drug that the rule watches; no further
    dates are made after it, and what is due stays due while the drug is recorded. `looks_for` are the concepts that
    count as done, if done after `looks_after` and within `look_back_months`. `grace_days` replaces the grace of the
    topic. `despite_unfinished`: dated also before primary treatment ends.
    """

    first: tuple[Offset, ...] = ()
    phases: tuple[Phase, ...] = ()
    clock: str | None = None
    not_before: tuple[Offset, ...] = ()
    stop: Offset | None = None
    course: Offset | None = None
    looks_for: tuple[str, ...] = ()
    looks_after: str | None = None
    look_back_months: int | None = None
    once: bool = False
    as_indicated: bool = False
    grace_days: int | None = None
    despite_unfinished: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """The answer for one rule and side."""

    status: DueStatus
    due: PartialDate | None = None
    earliest: PartialDate | None = None
    interval: tuple[int, int] | None = None
    chosen: int | None = None
    last: PartialDate | None = None
    horizon: tuple[PartialDate, ...] = ()
    because: tuple[Because, ...] = ()
    missing: tuple[str, ...] = ()
    reason: str = ""
    ended: bool = False


def compute_due(schedule: Schedule, features: Features, rule_id: str, topic: str, clinic: ClinicDefaults) -> Due:
    """
    Due date and status of a rule that applies.

    Due is the last completed event plus the interval, else the latest of `first`; never before `not_before`.

    Source:
        rules.md 12.1 to 12.4; contract 3a.
    """
    last = _last(schedule, features)
    stop, course = _date_of(schedule.stop, features), _date_of(schedule.course, features)
    if stop is not None and stop.latest < features.as_of:
        if schedule.as_indicated:
            return _as_indicated(last)
        return Due(DueStatus.NOT_INDICATED, reason=f"ended {stop}", ended=True)
    if last is not None:
        reasons = [Because(schedule.looks_for[0], str(last.on), last.sources)]
        if schedule.once:
            return Due(DueStatus.UP_TO_DATE, last=last.on, because=tuple(reasons), reason="done once is enough")
    else:
        unread = not_looked_for(features.record, schedule.looks_for)
        unread = unread or done_without_date(features.record, schedule.looks_for, features.side)
        reasons = [Because(schedule.looks_for[0], NONE_RECORDED)] if schedule.looks_for else []
    phase, missing = _phase(schedule, features)
    interval = phase.interval if phase is not None else None
    chosen = choose_months(interval, clinic.intervals.get(rule_id))
    told = Due(DueStatus.CANNOT_TELL, None, None, interval, chosen, _on(last), (), tuple(reasons), missing)
    if last is None and unread:
        return replace(told, because=(), missing=unread)
    if last is None and not schedule.first:
        return replace(told, status=DueStatus.DUE, missing=())
    if last is not None and phase is None:
        return told
    due, earliest, first_missing = _counted(schedule, features, last, phase, clinic.intervals.get(rule_id), reasons)
    missing = (*missing, *first_missing)
    due, earliest, bound_missing = _bounded(schedule, features, last, due, earliest, reasons)
    missing = tuple(dict.fromkeys((*missing, *bound_missing)))
    told = replace(told, due=due, earliest=earliest, because=tuple(reasons), missing=missing)
    if due is None or missing:
        return told
    if stop is not None and stop.surely_before(due):
        return replace(told, status=DueStatus.UP_TO_DATE, due=None, earliest=None, reason="complete")
    grace = schedule.grace_days if schedule.grace_days is not None else grace_of(topic, clinic)
    horizon = tuple(_horizon(schedule, features, due, course or stop, clinic.intervals.get(rule_id)))
    over = course is not None and course.surely_before(features.as_of)
    reason = f"the planned treatment ended {course}: ask whether it is still taken" if over else ""
    return replace(told, status=due_status(due, features.as_of, grace), horizon=horizon, reason=reason)


def _counted(
    schedule: Schedule,
    features: Features,
    last: Done | None,
    phase: Phase | None,
    clinic_months: int | None,
    reasons: list[Because],
) -> tuple[PartialDate | None, PartialDate | None, tuple[str, ...]]:
    """Due and earliest from the last completed event, else from the start; with what is missing."""
    if last is None or phase is None:
        due, missing = _first(schedule, features, clinic_months, reasons)
        return due, _first_earliest(schedule, features), missing
    return _after(last.on, phase, clinic_months), _lower_end(phase, last.on), ()


def _as_indicated(last: Done | None) -> Due:
    """After the fixed part: no date any more; open where it was never done."""
    if last is None:
        return Due(DueStatus.DUE, reason="none recorded since the start")
    return Due(DueStatus.UP_TO_DATE, last=last.on, reason="from now on as indicated")


def _last(schedule: Schedule, features: Features) -> Done | None:
    """The newest occurrence that counts for this rule."""
    last = last_done(features.record, schedule.looks_for, features.side)
    if last is None:
        return None
    if schedule.looks_after is not None:
        after = find_anchor(features, schedule.looks_after).on
        if after is not None and not comes_after(last.on, after):
            return None
    oldest = schedule.look_back_months
    if oldest is not None and last.on.add_months(oldest).surely_before(features.as_of):
        return None
    return last


def _on(last: Done | None) -> PartialDate | None:
    return last.on if last is not None else None


def grace_of(topic: str, clinic: ClinicDefaults) -> int:
    """Days after the due date before it counts as overdue (rules.md 12.2)."""
    return clinic.grace_days.get(topic, GRACE_DAYS.get(topic, DEFAULT_GRACE_DAYS))


def due_status(due: PartialDate, as_of: date, grace_days: int) -> DueStatus:
    """Contract 3a: before the due date, within its grace, or later; a month or a year counts as a whole."""
    if as_of < due.earliest:
        return DueStatus.UP_TO_DATE
    return DueStatus.DUE if as_of <= due.latest + timedelta(days=grace_days) else DueStatus.OVERDUE


def choose_months(interval: tuple[int, int] | None, clinic_months: int | None) -> int | None:
    """The clinic's own interval where it lies in the range, else the upper end; never the midpoint."""
    if interval is None:
        return None
    low, high = interval
    return clinic_months if clinic_months is not None and low <= clinic_months <= high else high


def _phase(schedule: Schedule, features: Features) -> tuple[Phase | None, tuple[str, ...]]:
    """The phase that holds today; None, with what is missing, where its clock is not known."""
    if not schedule.phases:
        return None, ()
    if schedule.clock is None:
        return schedule.phases[0], ()
    clock = find_anchor(features, schedule.clock)
    if clock.on is None:
        return None, clock.missing
    return _phase_at(schedule, clock.on, PartialDate.from_date(features.as_of)), ()


def _phase_at(schedule: Schedule, clock: PartialDate, day: PartialDate) -> Phase:
    for phase in schedule.phases:
        if phase.until_months is None or day.surely_before(clock.add_months(phase.until_months)):
            return phase
    return schedule.phases[-1]


def _after(day: PartialDate, phase: Phase, clinic_months: int | None) -> PartialDate:
    """One interval later."""
    if phase.days is not None:
        return day.add_days(phase.days)
    return day.add_months(choose_months(phase.interval, clinic_months) or 0)


def _lower_end(phase: Phase, day: PartialDate) -> PartialDate | None:
    """The lower end of the interval after a day; None where it is no range."""
    if phase.interval is None or phase.interval[0] == phase.interval[1]:
        return None
    return day.add_months(phase.interval[0])


def _phase_after(schedule: Schedule, features: Features, day: PartialDate) -> Phase:
    """The phase that held at a day in the past: the first visit is counted by the interval of its own time."""
    clock = find_anchor(features, schedule.clock).on if schedule.clock is not None else None
    return _phase_at(schedule, clock, day) if clock is not None else schedule.phases[0]


def _first(
    schedule: Schedule, features: Features, clinic_months: int | None, reasons: list[Because]
) -> tuple[PartialDate | None, tuple[str, ...]]:
    days: list[PartialDate] = []
    missing: list[str] = []
    for offset in schedule.first:
        anchor = find_anchor(features, offset.of)
        reasons.extend(anchor.because)
        if anchor.on is not None and offset.months == ONE_INTERVAL:
            days.append(_after(anchor.on, _phase_after(schedule, features, anchor.on), clinic_months))
        elif anchor.on is not None:
            days.append(offset.after(anchor.on))
        elif not anchor.free:
            missing.extend(anchor.missing)
    return latest_of(days), tuple(missing)


def _first_earliest(schedule: Schedule, features: Features) -> PartialDate | None:
    """The lower end of a range that is counted from the start; None where it is no range."""
    found: list[PartialDate | None] = []
    for offset in schedule.first:
        on = find_anchor(features, offset.of).on
        if on is not None and offset.months == ONE_INTERVAL:
            found.append(_lower_end(_phase_after(schedule, features, on), on))
        elif on is not None and offset.from_months is not None:
            found.append(on.add_months(offset.from_months))
    return latest_of([day for day in found if day is not None])


def _bounded(
    schedule: Schedule,
    features: Features,
    last: Done | None,
    due: PartialDate | None,
    earliest: PartialDate | None,
    reasons: list[Because],
) -> tuple[PartialDate | None, PartialDate | None, tuple[str, ...]]:
    """Due and earliest, raised to every bound that is known; a bound without its date is missing."""
    missing: list[str] = []
    bounds: list[PartialDate] = []
    for offset in schedule.not_before:
        if offset.of == "last":
            if last is not None:
                bounds.append(last.on.add_months(offset.months))
            continue
        anchor = find_anchor(features, offset.of)
        if anchor.on is not None:
            bounds.append(anchor.on.add_months(offset.months))
            reasons.extend(anchor.because)
        elif not anchor.free and last is None:
            missing.extend(anchor.missing)
    if due is not None:
        due = latest_of([due, *bounds])
    floor = latest_of([*bounds, *([earliest] if earliest is not None else [])])
    return due, floor, tuple(missing)


def _date_of(offset: Offset | None, features: Features) -> PartialDate | None:
    if offset is None:
        return None
    anchor = find_anchor(features, offset.of)
    return offset.after(anchor.on) if anchor.on is not None else None


def _horizon(
    schedule: Schedule, features: Features, due: PartialDate, stop: PartialDate | None, clinic_months: int | None
) -> Iterator[PartialDate]:
    """What follows within five years; something that is late is taken as done this month, or today if it is of days."""
    if not schedule.phases or schedule.once:
        return
    today = PartialDate.from_date(features.as_of)
    clock = find_anchor(features, schedule.clock).on if schedule.clock else None
    end = today.add_months(HORIZON_MONTHS)
    phase = _phase_at(schedule, clock, today) if clock is not None else schedule.phases[0]
    late = today if phase.days is not None else today.to_month()
    base = day = late if due.surely_before(features.as_of) else due
    months = 0
    while True:
        if clock is not None:
            phase = _phase_at(schedule, clock, day)
        if phase.days is not None:
            base = day = day.add_days(phase.days)
            months = 0
        else:
            # Counted from one base, so that the 30th stays the 30th beyond February.
            months += choose_months(phase.interval, clinic_months) or 0
            day = base.add_months(months)
        if end.surely_before(day) or (stop is not None and stop.surely_before(day)):
            return
        yield day
