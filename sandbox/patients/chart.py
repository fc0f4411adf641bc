"""
A chart in the making: resources of one patient, with ids, subjects and dates relative to the reference date.

The functions of `tumor.py` and `treatment.py` write into a `Chart` what the words say; this file knows no oncology.
"""

from __future__ import annotations

import calendar
import zlib
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from sandbox.patients import staff
from sandbox.patients.elements import (
    HL7,
    LOINC,
    Day,
    Element,
    base64_text,
    coding,
    concept,
    cpt,
    iso,
    loinc,
    moment,
    period,
    quantity,
    reference,
)
from sandbox.patients.sample import Expected, Resource, SamplePatient

_CATEGORY_SYSTEM = f"{HL7}/observation-category"


class Chart:
    """Resources of one patient, in the order in which they were written."""

    def __init__(self, patient_id: str, as_of: date) -> None:
        self.patient_id = patient_id
        self.as_of = as_of
        self.subject = reference(f"Patient/{patient_id}")
        self.resources: list[Resource] = staff.staff()
        self._ids = {(resource["resourceType"], resource["id"]) for resource in self.resources}

    def ago(self, years: int = 0, months: int = 0, days: int = 0) -> date:
        """The reference date less years, months and days; the last day of a shorter month where the day is missing."""
        index = self.as_of.year * 12 + self.as_of.month - 1 - years * 12 - months
        year, month = divmod(index, 12)
        last = calendar.monthrange(year, month + 1)[1]
        return date(year, month + 1, min(self.as_of.day, last)) - timedelta(days=days)

    def add(self, resource_type: str, slug: str, **elements: Any) -> str:
        """Write a resource; gives its reference. Elements that are None are left out."""
        resource_id = slug if resource_type == "Patient" else f"{self.patient_id}-{slug}"
        number = 2
        while (resource_type, resource_id) in self._ids:
            resource_id, number = f"{self.patient_id}-{slug}-{number}", number + 1
        self._ids.add((resource_type, resource_id))
        body = {name: value for name, value in elements.items() if value is not None}
        self.resources.append({"resourceType": resource_type, "id": resource_id, **body})
        return f"{resource_type}/{resource_id}"

    def patient(
        self, given: str, family: str, *, born: Day, sex: str = "female", language: str = "en", **elements: Any
    ) -> None:
        """The Patient and the care team. Further elements as FHIR has them."""
        self.add(
            "Patient",
            self.patient_id,
            identifier=[
                {
                    "type": concept(coding(f"{HL7}/v2-0203", "MR", "Medical record number")),
                    "system": "http://northlake.example.org/fhir/mrn",
                    "value": f"NL-{zlib.crc32(self.patient_id.encode()) % 10**8:08d}",
                }
            ],
            active=True,
            name=elements.pop("name", [{"use": "official", "family": family, "given": given.split()}]),
            telecom=[{"system": "phone", "value": "555-0199", "use": "home"}],
            gender=sex,
            birthDate=iso(born),
            address=[{"line": ["12 Sample Road"], "city": "Northlake", "state": "MN", "postalCode": "55000"}],
            communication=elements.pop("communication", [_communication(language)]),
            generalPractitioner=[reference(staff.PRIMARY_CARE, staff.clinician_name(staff.PRIMARY_CARE))],
            managingOrganization=reference(staff.CLINIC),
            **elements,
        )
        self.resources.append(staff.care_team(self.patient_id))

    def condition(
        self,
        slug: str,
        code: Element,
        *,
        onset: Day | None = None,
        recorded: Day | None = None,
        clinical: str | None = "active",
        verification: str = "confirmed",
        site: Element | None = None,
        **elements: Any,
    ) -> str:
        """A Condition of the problem list."""
        status = {"clinicalStatus": concept(coding(f"{HL7}/condition-clinical", clinical))} if clinical else {}
        return self.add(
            "Condition",
            slug,
            **status,
            verificationStatus=concept(coding(f"{HL7}/condition-ver-status", verification)),
            category=[concept(coding(f"{HL7}/condition-category", "problem-list-item", "Problem List Item"))],
            code=code,
            bodySite=[site] if site else None,
            subject=self.subject,
            onsetDateTime=iso(onset) if onset else None,
            recordedDate=iso(recorded) if recorded else None,
            **elements,
        )

    def observation(
        self,
        slug: str,
        code: Element,
        value: Element | str | bool | int | None,
        on: Day,
        *,
        category: str = "laboratory",
        status: str = "final",
        **elements: Any,
    ) -> str:
        """An Observation; the FHIR type of its value follows from the Python type and the keys of what is given."""
        values = {} if value is None else {_value_name(value): value}
        return self.add(
            "Observation",
            slug,
            status=status,
            category=[concept(coding(_CATEGORY_SYSTEM, category))],
            code=code,
            subject=self.subject,
            effectiveDateTime=iso(on) if category == "survey" else moment(on),
            **values,
            **elements,
        )

    def report(
        self,
        slug: str,
        code: Element,
        on: Day,
        *,
        category: str,
        conclusion: str | None = None,
        text: str | None = None,
        status: str = "final",
        results: Sequence[str] = (),
        **elements: Any,
    ) -> str:
        """A DiagnosticReport; `text` becomes an inline attachment."""
        form = [{"contentType": "text/plain", "data": base64_text(text), "title": "Report"}] if text else None
        return self.add(
            "DiagnosticReport",
            slug,
            status=status,
            category=[concept(coding(f"{HL7}/v2-0074", category))],
            code=code,
            subject=self.subject,
            effectiveDateTime=moment(on),
            issued=moment(on, "16:05:00") if isinstance(on, date) else None,
            performer=[reference(staff.RADIOLOGIST if category == "RAD" else staff.LABORATORY)],
            result=[reference(item) for item in results] or None,
            conclusion=conclusion,
            presentedForm=elements.pop("presentedForm", form),
            **elements,
        )

    def binary(self, slug: str, text: str) -> str:
        """A Binary that a report refers to."""
        return self.add(
            "Binary",
            slug,
            contentType="text/plain",
            securityContext=self.subject,
            data=base64_text(text),
        )

    def procedure(
        self,
        slug: str,
        code: Element,
        on: Day | None = None,
        *,
        span: tuple[Day, Day] | None = None,
        status: str = "completed",
        site: Element | None = None,
        **elements: Any,
    ) -> str:
        """A Procedure on a day or over a span."""
        return self.add(
            "Procedure",
            slug,
            status=status,
            code=code,
            subject=self.subject,
            performedDateTime=iso(on) if on else None,
            performedPeriod=period(*span) if span else None,
            bodySite=[site] if site else None,
            **elements,
        )

    def visit(self, on: Day, words: str = "Oncology follow-up visit") -> str:
        """A finished clinic visit with the oncologist."""
        return self.add(
            "Encounter",
            f"visit-{iso(on)}",
            status="finished",
            **{"class": coding(f"{HL7}/v3-ActCode", "AMB", "ambulatory")},
            type=[cpt("99214", words)],
            serviceType=concept(coding("http://snomed.info/sct", "394593009", "Medical oncology")),
            subject=self.subject,
            participant=[{"individual": reference(staff.ONCOLOGIST, staff.clinician_name(staff.ONCOLOGIST))}],
            period={"start": moment(on, "09:00:00"), "end": moment(on, "09:40:00")},
            serviceProvider=reference(staff.CLINIC),
        )

    def immunization(self, on: Day, cvx: str, words: str) -> str:
        """A vaccine given."""
        return self.add(
            "Immunization",
            f"vaccine-{cvx}-{iso(on)}",
            status="completed",
            vaccineCode=concept(coding("http://hl7.org/fhir/sid/cvx", cvx, words)),
            patient=self.subject,
            occurrenceDateTime=iso(on),
        )

    def relative(self, slug: str, role: tuple[str, str], code: Element, age: int | None = None) -> str:
        """A relative with a condition; `role` is code and display of the HL7 role code."""
        condition: Element = {"code": code}
        if age is not None:
            condition["onsetAge"] = quantity(age, "years", "a")
        return self.add(
            "FamilyMemberHistory",
            slug,
            status="completed",
            patient=self.subject,
            relationship=concept(coding(f"{HL7}/v3-RoleCode", *role)),
            condition=[condition],
        )

    def vital(self, slug: str, code: str, display: str, value: float, unit: str, on: Day) -> str:
        """A vital sign."""
        return self.observation(slug, loinc(code, display), quantity(value, unit), on, category="vital-signs")

    def laboratory(self, slug: str, code: str, display: str, value: float, unit: str, on: Day) -> str:
        """A numeric laboratory result."""
        return self.observation(slug, concept(coding(LOINC, code, display)), quantity(value, unit), on)


class Story(NamedTuple):
    """One sample patient: who, the words of the list, what writes the chart, and what a reader must find in it."""

    id: str
    name: str
    words: str
    write: Callable[[Chart], None]
    expect: Callable[[Chart], Expected]

    def at(self, as_of: date) -> SamplePatient:
        """The patient as of a day; the chart is written anew whenever its resources are asked for."""

        def make() -> list[Resource]:
            chart = Chart(self.id, as_of)
            self.write(chart)
            return chart.resources

        return SamplePatient(self.id, self.name, self.words, self.expect(Chart(self.id, as_of)), make)


def _communication(language: str) -> Element:
    names = {"en": "English", "es": "Spanish", "hi": "Hindi"}
    return {"language": concept(coding("urn:ietf:bcp:47", language, names[language])), "preferred": True}


def _value_name(value: Element | str | bool | int) -> str:
    if isinstance(value, bool):
        return "valueBoolean"
    if isinstance(value, int):
        return "valueInteger"
    if isinstance(value, str):
        return "valueString"
    return "valueQuantity" if "value" in value else "valueCodeableConcept"
