"""
Which code of a public system says what a plan's item is, and which kind of order it would become.

Only codes that were read in a published text (see `fhir_mappings/codes`); every other item is known by our own code.
"""

from __future__ import annotations

SNOMED = "http://snomed.info/sct"

# Displays are left to the reader: the words of the item stand in `code.text`.
TOPIC_CODES: dict[str, tuple[str, str]] = {
    "mammogram": (SNOMED, "71651007"),
    "breast-mri": (SNOMED, "241615005"),
    "breast-ultrasound": (SNOMED, "47079000"),
    "dxa": (SNOMED, "312681000"),
    "clinic-visit": (SNOMED, "185389009"),
}

_ORDERS = {
    "mammogram",
    "breast-mri",
    "breast-ultrasound",
    "dxa",
    "echocardiogram",
    "lipids",
    "thyroid",
    "cbc",
    "qt-monitoring",
    "genetic-counseling",
    "gynecology-review",
    "vaccination",
    "routine-tumor-markers",
    "routine-blood-tests",
    "routine-systemic-imaging",
}


def activity_kind(topic: str) -> str:
    """The `CarePlan.activity.detail.kind` of a topic."""
    if topic == "clinic-visit":
        return "Appointment"
    return "ServiceRequest" if topic in _ORDERS else "Task"
