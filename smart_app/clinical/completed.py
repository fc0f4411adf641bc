"""
What has been done: completed studies, visits and tests, by concept and side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import PatientRecord, Source

IMAGING_KEYS = {
    "mammogram": "mammogram",
    "breast-mri": "breast_mri",
    "breast-ultrasound": "breast_ultrasound",
    "dxa": "dxa",
    "echocardiogram": "echocardiogram",
}
# A finding of an ejection fraction by any method answers what an echocardiogram asks.
SAME_AS: Mapping[str, tuple[str, ...]] = {"echocardiogram": ("echocardiogram", "muga", "lvef")}


@dataclass(frozen=True, slots=True)
class Done:
    """One completed study, visit or test."""

    on: PartialDate
    sources: tuple[Source, ...]


def done_before(record: PatientRecord, concept: str, side: str | None = None) -> Iterator[Done]:
    """
    Every dated occurrence up to today.

    Args:
        side: of this breast only; an occurrence without a side counts for both.
    """
    for on, sources in _occurrences(record, concept, side):
        if on is not None and on.earliest <= record.as_of:
            yield Done(on, sources)


def done_without_date(record: PatientRecord, concepts: tuple[str, ...], side: str | None = None) -> tuple[str, ...]:
    """The concepts that are recorded without a date: neither "none recorded" nor a date to count from."""
    return tuple(name for name in concepts if any(on is None for on, _ in _occurrences(record, name, side)))


def _occurrences(
    record: PatientRecord, concept: str, side: str | None
) -> Iterator[tuple[PartialDate | None, tuple[Source, ...]]]:
    key = IMAGING_KEYS.get(concept)
    study = record.imaging.get(key) if key is not None else None
    rows: list[tuple[PartialDate | None, str, tuple[Source, ...]]] = []
    if study is not None:
        rows.append((study.on, study.side, study.sources))
    for name in SAME_AS.get(concept, (concept,)):
        rows.extend((event.on, event.side, event.sources) for event in record.events.get(name, ()))
    for on, done_side, sources in rows:
        other_side = side is not None and done_side in ("left", "right") and done_side != side
        if not other_side:
            yield on, sources


def last_done(record: PatientRecord, concepts: tuple[str, ...], side: str | None = None) -> Done | None:
    """The newest occurrence of any of these concepts that is not in the future."""
    every = [done for concept in concepts for done in done_before(record, concept, side)]
    return max(every, key=lambda done: (done.on.latest, done.on.earliest), default=None)


def not_looked_for(record: PatientRecord, concepts: tuple[str, ...]) -> tuple[str, ...]:
    """The concepts whose searches were not whole; empty when "none recorded" may be said."""
    return tuple(name for name in concepts if not all(map(record.was_read, SAME_AS.get(name, (name,)))))


def comes_after(day: PartialDate, treatment: PartialDate) -> bool:
    """Whether a study is of the time after treatment; where precision leaves it open, it counts as after."""
    return day.latest > treatment.earliest
