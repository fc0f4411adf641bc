"""Who works at the made-up clinic: organization, practitioners, their roles, and a patient's care team."""

from __future__ import annotations

from sandbox.patients.elements import HL7, SNOMED, coding, concept, reference
from sandbox.patients.sample import Resource

CLINIC = "Organization/northlake-cancer-center"
LABORATORY = "Organization/northlake-pathology"

_PEOPLE = {
    "oncologist": ("Halvorsdottir", "Ruzena", "394593009", "Medical oncology"),
    "surgeon": ("Wiklundsen", "Teodor", "394609007", "General surgery"),
    "radiation-oncologist": ("Bastiaansen", "Noor", "419815003", "Radiation oncology"),
    "pathologist": ("Keresztury", "Ambrus", "394597005", "Histopathology"),
    "radiologist": ("Oduyaba", "Temitope", "394914008", "Radiology"),
    "primary-care": ("Marquetti", "Silvano", "394814009", "General practice"),
}
ONCOLOGIST = "Practitioner/oncologist"
SURGEON = "Practitioner/surgeon"
RADIATION_ONCOLOGIST = "Practitioner/radiation-oncologist"
PATHOLOGIST = "Practitioner/pathologist"
RADIOLOGIST = "Practitioner/radiologist"
PRIMARY_CARE = "Practitioner/primary-care"


def clinician_name(practitioner: str) -> str:
    """Name as the chart shows it."""
    family, given, _, _ = _PEOPLE[practitioner.partition("/")[2]]
    return f"{given} {family}, MD"


def staff() -> list[Resource]:
    """Organizations, practitioners and roles that the charts refer to."""
    resources: list[Resource] = [
        _organization("northlake-cancer-center", "Northlake Cancer Center", "555-0100"),
        _organization("northlake-pathology", "Northlake Pathology Laboratory", "555-0120"),
    ]
    for number, (slug, (family, given, code, specialty)) in enumerate(_PEOPLE.items(), start=1):
        resources.append(
            {
                "resourceType": "Practitioner",
                "id": slug,
                "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": f"99999000{number:02d}"}],
                "active": True,
                "name": [{"use": "official", "family": family, "given": [given], "suffix": ["MD"]}],
                "telecom": [{"system": "phone", "value": f"555-01{number:02d}", "use": "work"}],
            }
        )
        resources.append(
            {
                "resourceType": "PractitionerRole",
                "id": f"{slug}-role",
                "active": True,
                "practitioner": reference(f"Practitioner/{slug}"),
                "organization": reference(CLINIC),
                "code": [concept(coding(SNOMED, "309343006", "Physician"))],
                "specialty": [concept(coding(SNOMED, code, specialty))],
                "telecom": [{"system": "phone", "value": f"555-01{number:02d}", "use": "work"}],
            }
        )
    return resources


def care_team(patient_id: str) -> Resource:
    """The people who look after one patient."""
    people = (ONCOLOGIST, SURGEON, RADIATION_ONCOLOGIST, PRIMARY_CARE)
    return {
        "resourceType": "CareTeam",
        "id": f"{patient_id}-care-team",
        "status": "active",
        "name": "Cancer care team",
        "subject": reference(f"Patient/{patient_id}"),
        "participant": [
            {"role": [concept(text=_specialty(person))], "member": reference(person, clinician_name(person))}
            for person in people
        ],
        "managingOrganization": [reference(CLINIC)],
    }


def _specialty(practitioner: str) -> str:
    return _PEOPLE[practitioner.partition("/")[2]][3]


def _organization(slug: str, name: str, phone: str) -> Resource:
    return {
        "resourceType": "Organization",
        "id": slug,
        "active": True,
        "type": [concept(coding(f"{HL7}/organization-type", "prov", "Healthcare Provider"))],
        "name": name,
        "telecom": [{"system": "phone", "value": phone}],
        "address": [{"line": ["100 Example Street"], "city": "Northlake", "state": "MN", "postalCode": "55000"}],
    }
