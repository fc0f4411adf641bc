"""
Rules in words, one line each: conditions and schedules, for the printed manual, the rules page and the PlanDefinition.
"""

from __future__ import annotations

from collections.abc import Mapping

from smart_app.clinical.conditions import Condition
from smart_app.clinical.schedule import ONE_INTERVAL, Offset, Phase, Schedule

# A grace of a hundred years: a talk that stays open.
NEVER_LATE_DAYS = 36525


def condition_words(condition: Condition) -> str:
    """A condition in one line."""
    if condition.kind == "fact":
        return condition.says
    parts = [condition_words(part) for part in condition.parts]
    if condition.kind == "not":
        return f"not ({parts[0]})"
    if condition.kind == "at-least":
        return f"at least {condition.count} of ({'; '.join(parts)})"
    joint = " and " if condition.kind == "all" else " or "
    return f"({joint.join(parts)})" if len(parts) > 1 else parts[0]


def schedule_words(schedule: Schedule) -> str:
    """When it is due, in one line: first, then how often, from what, between which bounds, until when."""
    told = []
    if schedule.first:
        later = "the later of " if len(schedule.first) > 1 else ""
        told.append(f"first {later}{' and '.join(_offset_words(offset) for offset in schedule.first)}")
    if schedule.phases:
        told.append(f"{'then ' if schedule.first else ''}{_phases_words(schedule)}")
    if schedule.once:
        told.append("once")
    if schedule.looks_for:
        after = f" after {_anchor_words(schedule.looks_after)}" if schedule.looks_after else ""
        concepts = " or ".join(_CONCEPTS.get(name, name.replace("-", " ")) for name in schedule.looks_for)
        told.append(f"{'answered by any' if schedule.once else 'counted from the last'} {concepts}{after}")
    told += [f"not before {_offset_words(offset)}" for offset in schedule.not_before]
    if schedule.stop is not None:
        told.append(f"until {_offset_words(schedule.stop)}{', then as indicated' if schedule.as_indicated else ''}")
    if schedule.course is not None:
        told.append(f"dates up to {_offset_words(schedule.course)}, and due as long as the drug is recorded")
    if schedule.grace_days is not None:
        late = f"grace {schedule.grace_days} days" if schedule.grace_days < NEVER_LATE_DAYS else "never counted as late"
        told.append(late)
    return "; ".join(told)


def _phases_words(schedule: Schedule) -> str:
    """`every 3 to 6 months to month 36, every 12 months from then on (months since primary treatment end)`."""
    steps, bounded = [], False
    for phase in schedule.phases:
        bounded = bounded or phase.until_months is not None
        until = f" to month {phase.until_months}" if phase.until_months is not None else ""
        steps.append(f"{every_words(phase)}{until or (' from then on' if bounded else '')}")
    clock = f" (months since {_anchor_words(schedule.clock)})" if schedule.clock and bounded else ""
    return ", ".join(steps) + clock


def every_words(phase: Phase) -> str:
    """`every 3 to 6 months`."""
    if phase.interval is None:
        return f"every {phase.days} days"
    low, high = phase.interval
    if low == high == 1:
        return "every month"
    return f"every {low} months" if low == high else f"every {low} to {high} months"


def _offset_words(offset: Offset) -> str:
    if offset.days:
        return f"{offset.days} days after {_anchor_words(offset.of)}"
    if offset.months == 0:
        return f"at {_anchor_words(offset.of)}"
    months = "one interval" if offset.months == ONE_INTERVAL else f"{offset.months} months"
    if offset.from_months is not None:
        months = f"{offset.from_months} to {months}"
    return f"{months} after {_anchor_words(offset.of)}"


_ANCHORS: Mapping[str, str] = {
    "last": "the last one",
    "primary-treatment-end": "the end of primary treatment",
    "breast-treatment-end": "the end of surgery and radiation",
    "diagnosis": "the diagnosis",
    "diagnostic-mammogram": "the diagnostic mammogram",
    "radiation-end": "the end of radiation",
    "surgery": "surgery",
    "implant": "the implant",
    "endocrine-start": "the start of endocrine therapy",
    "antibody-end": "the last HER2 antibody",
    "cardiotoxic-end": "the end of cardiotoxic drugs",
    "birads-study": "the study with the finding",
    "bone-risk-start": "the start of estrogen loss",
}
_CONCEPTS: Mapping[str, str] = {"cbc": "blood count", "ecg": "ECG", "dxa": "DXA", "breast-mri": "breast MRI"}


def _anchor_words(name: str) -> str:
    """`start.t-dm1` as `the start of t-dm1`, `antibody-end` as `the last HER2 antibody`."""
    prefix, _, drug = name.partition(".")
    return f"the {prefix} of {drug}" if drug else _ANCHORS.get(name, name.replace("-", " "))
