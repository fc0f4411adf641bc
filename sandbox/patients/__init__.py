"""
Sample patients of the sandbox EHR: our own work, made up, the same at every run for a given reference date.

Every date is relative to that date, so that each story ("the mammogram is overdue") stays true.
"""

from __future__ import annotations

from datetime import date

from sandbox.patients import (
    beginnings,
    chest_wall,
    circumstances,
    elsewhere,
    her2,
    in_situ,
    languages,
    long_follow_up,
    luminal,
    medicines,
    messy,
    targeted,
    triple_negative,
    two_primaries,
)
from sandbox.patients.sample import Expected, Fires, SamplePatient

__all__ = ["Expected", "Fires", "SamplePatient", "sample_patients"]

_MODULES = (
    luminal,
    her2,
    triple_negative,
    in_situ,
    chest_wall,
    elsewhere,
    two_primaries,
    targeted,
    languages,
    beginnings,
    circumstances,
    medicines,
    messy,
    long_follow_up,
)


def sample_patients(as_of: date) -> tuple[SamplePatient, ...]:
    """All sample patients as of a day; cheap, because a chart is written only when its resources are asked for."""
    return tuple(story.at(as_of) for module in _MODULES for story in module.PATIENTS)
