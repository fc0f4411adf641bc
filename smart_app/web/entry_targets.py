"""
Where a missing fact is entered: its own form, or the form of the rows that hold it.
"""

from __future__ import annotations

from smart_app.clinical.completed import IMAGING_KEYS
from smart_app.clinical.typed_rows import CONDITIONS, ROW_NAMES
from smart_app.web.presenters_entry import split_key

_IN_ROWS = {
    **{what: f"conditions.{what}" for what in CONDITIONS},
    "systemic_status": "systemic",
    "systemic_ended_on": "systemic",
    "radiation.field": "radiation",
    "dose_gray": "radiation",
    "reconstruction": "surgery",
    "last_breast_imaging": "done.mammogram",
    **{key: f"done.{what}" for what, key in IMAGING_KEYS.items()},
    **{
        what: f"done.{what}"
        for what in (*IMAGING_KEYS, "clinic-visit", "lipid-panel", "liver-tests", "cbc", "ecg", "gynecologic-exam")
    },
}


def entry_target(name: str) -> str | None:
    """The key under which a missing fact, treatment or study is entered; None where it cannot be entered here."""
    if split_key(name) is not None or name in ROW_NAMES:
        return name
    return _IN_ROWS.get(name)
