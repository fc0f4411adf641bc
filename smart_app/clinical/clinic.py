"""
What a clinic puts on its handouts: names, telephone numbers, paper, and what it allows to print.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

PAPERS = ("us-letter", "a4")


@dataclass(frozen=True, slots=True)
class ClinicContacts:
    """
    The clinic's settings for handouts (`AFTERCARE_CLINIC`, a TOML file with these names).

    An empty telephone number prints as a line to write on, never as an invented number. `language` is the one of
    `phone_hours`, which are left out of a handout in another. `urgent_number` and
    `crisis_number` are those of the country. `review_required`: paragraphs without clinical review are not printed.
    """

    name: str = ""
    phone: str = ""
    phone_hours: str = ""
    language: str = "en"
    after_hours_phone: str = ""
    quick_return_phone: str = ""
    primary_care_name: str = ""
    primary_care_phone: str = ""
    urgent_number: str = "911"
    crisis_number: str = "988"
    paper: str = "us-letter"
    review_required: bool = False

    @classmethod
    def from_mapping(cls, data: Mapping[str, Any]) -> ClinicContacts:
        """
        The settings as a TOML table holds them.

        Raises:
            ValueError: an unknown name, a value of another type, or a paper that is not `us-letter` or `a4`.
        """
        known = {entry.name: entry.default for entry in fields(cls)}
        for key, value in data.items():
            if key not in known:
                raise ValueError(f"unknown clinic setting: {key}")
            if type(value) is not type(known[key]):
                raise ValueError(f"clinic setting {key} must be {type(known[key]).__name__}")
        clinic = cls(**data)
        if clinic.paper not in PAPERS:
            raise ValueError(f"clinic setting paper must be one of {', '.join(PAPERS)}")
        return clinic
