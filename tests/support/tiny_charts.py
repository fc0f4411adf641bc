"""Two charts of a few resources each, for the tests of the sandbox itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

AS_OF = date(2026, 11, 25)
CALLBACK = "http://127.0.0.1:8000/callback/open"


@dataclass(frozen=True)
class TinyPatient:
    """A chart with a visit, a Medication by reference, a care plan and `results` laboratory results."""

    id: str
    name: str
    results: int = 2
    story: str = "for the tests of the sandbox"

    def iter_resources(self) -> Iterator[dict[str, Any]]:
        """The resources."""
        subject = {"reference": f"Patient/{self.id}"}
        given, family = self.name.split()
        yield {
            "resourceType": "Patient",
            "id": self.id,
            "identifier": [{"system": "urn:mrn", "value": f"mrn-{self.id}"}],
            "name": [{"given": [given], "family": family}],
            "birthDate": "1970-03-04",
            "gender": "female",
        }
        yield {
            "resourceType": "Encounter",
            "id": f"{self.id}-visit",
            "status": "finished",
            "class": {"code": "AMB"},
            "subject": subject,
            "period": {"start": "2026-11-01"},
        }
        yield {"resourceType": "Medication", "id": f"{self.id}-drug", "code": {"text": "Letrozole 2.5 mg tablet"}}
        for resource_type, reference in (("MedicationRequest", "order"), ("MedicationStatement", "reported")):
            yield {
                "resourceType": resource_type,
                "id": f"{self.id}-{reference}",
                "status": "active",
                **({"intent": "order"} if resource_type == "MedicationRequest" else {"effectiveDateTime": "2024-02"}),
                "medicationReference": {"reference": f"Medication/{self.id}-drug"},
                "subject": subject,
            }
        yield {
            "resourceType": "CarePlan",
            "id": f"{self.id}-plan",
            "status": "active",
            "intent": "plan",
            "title": "Nutrition plan",
            "category": [{"coding": [{"system": "urn:us-core", "code": "assess-plan"}]}],
            "subject": subject,
            "activity": [{"detail": {"status": "in-progress", "description": "Eat breakfast"}}],
        }
        yield from (self._result(number, subject) for number in range(self.results))

    def _result(self, number: int, subject: dict[str, str]) -> dict[str, Any]:
        return {
            "resourceType": "Observation",
            "id": f"{self.id}-o{number}",
            "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": ("85337-4", "85339-0")[number % 2]}]},
            "category": [{"coding": [{"system": "urn:c", "code": "laboratory"}]}],
            "subject": subject,
            "effectiveDateTime": (date(2020, 1, 1) + timedelta(days=number)).isoformat(),
            "valueString": f"result {number}",
        }


def tiny_patients(as_of: date) -> list[TinyPatient]:
    """Tina with seven results, and Odessa, who is somebody else."""
    return [TinyPatient("tiny", "Tina Quillmark", results=7), TinyPatient("other", "Odessa Brantwick")]


def new_plan(patient_id: str = "tiny", **more: Any) -> dict[str, Any]:
    """A CarePlan that is valid R4."""
    return {
        "resourceType": "CarePlan",
        "status": "active",
        "intent": "plan",
        "subject": {"reference": f"Patient/{patient_id}"},
        **more,
    }


def new_document(patient_id: str = "tiny", content_type: str = "application/pdf", **more: Any) -> dict[str, Any]:
    """A DocumentReference that is valid R4."""
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": f"Patient/{patient_id}"},
        "type": {"text": "Survivorship care plan"},
        "content": [{"attachment": {"contentType": content_type, "data": "JVBERi0="}}],
        **more,
    }
