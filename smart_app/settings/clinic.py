"""
What one clinic decides for itself (`AFTERCARE_CLINIC`, a TOML file): telephone numbers, paper, intervals, jurisdiction.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from smart_app.clinical.clinic import ClinicContacts

JURISDICTIONS = ("us", "uk", "ca", "au", "eu", "other")
OWN_KEYS = ("intervals", "jurisdiction", "print_unreviewed")


@dataclass(frozen=True, slots=True)
class ClinicSettings:
    """
    The clinic's own choices.

    `contacts` is what handouts print. `intervals` gives a rule id the months that the clinic uses inside the
    guideline's range. `print_unreviewed`: whether texts without clinical review may be printed for patients.
    """

    contacts: ClinicContacts = field(default_factory=ClinicContacts)
    intervals: Mapping[str, int] = field(default_factory=dict)
    jurisdiction: str = "us"
    print_unreviewed: bool = True


def read_clinic(path: Path, problems: list[str]) -> ClinicSettings:
    """The clinic's file; what is wrong with it is added to `problems`."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(f"AFTERCARE_CLINIC: cannot be read: {error.strerror}")
        return ClinicSettings()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"AFTERCARE_CLINIC: is not TOML: {error}")
        return ClinicSettings()
    try:
        return _read(data)
    except ValueError as error:
        problems.append(f"AFTERCARE_CLINIC: {error}")
        return ClinicSettings()


def _read(data: Mapping[str, Any]) -> ClinicSettings:
    intervals = data.get("intervals", {})
    months = intervals.values() if isinstance(intervals, dict) else [None]
    if not all(type(value) is int and 1 <= value <= 120 for value in months):
        raise ValueError("intervals must give each rule a number of months from 1 to 120")
    jurisdiction = data.get("jurisdiction", "us")
    if jurisdiction not in JURISDICTIONS:
        raise ValueError(f"jurisdiction must be one of {', '.join(JURISDICTIONS)}")
    unreviewed = data.get("print_unreviewed", True)
    if type(unreviewed) is not bool:
        raise ValueError("print_unreviewed must be true or false")
    contacts = {key: value for key, value in data.items() if key not in OWN_KEYS}
    contacts.setdefault("review_required", not unreviewed)
    return ClinicSettings(ClinicContacts.from_mapping(contacts), intervals, jurisdiction, unreviewed)
