"""
What a Patient resource says of itself that changes how it may be used (hazard H20). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smart_app.fhir import resources

DECEASED = "Deceased"


def is_deceased(patient: Mapping[str, Any]) -> bool:
    """Whether the resource says that the person has died."""
    return patient.get("deceasedBoolean") is True or bool(patient.get("deceasedDateTime"))


def record_status(patient: Mapping[str, Any]) -> tuple[str, ...]:
    """What nobody may miss, in words: deceased, merged, inactive or test record."""
    words = [DECEASED] if is_deceased(patient) else []
    if any(link.get("type") == "replaced-by" for link in resources.objects(patient.get("link"))):
        words.append("Merged into another record")
    if patient.get("active") is False:
        words.append("Inactive record")
    meta = patient.get("meta")
    tags = resources.objects(meta.get("tag")) if isinstance(meta, Mapping) else []
    if any(tag.get("code") == "HTEST" for tag in tags):
        words.append("Test patient")
    return tuple(words)


def doubts_about_record(patient: Mapping[str, Any]) -> tuple[str, ...]:
    """Why nothing is written into a record without an explicit confirmation; empty for an ordinary one."""
    return tuple(words for words in record_status(patient) if words != DECEASED)
