"""
`epic-like` and `oracle-like`: what their public sandboxes say that they offer, and the manners they are known for.

Source: CapabilityStatements and smart-configurations of the public sandboxes (Epic 2026-07, Oracle Health 2026-08) and
the vendors' documentation. A customer's system may differ; an app must decide from what the server says.
"""

from __future__ import annotations

from sandbox.behaviours import OPEN, READ, READ_ONLY, Behaviour

_CREATE = READ | {"create"}
_UPDATE = READ | {"update"}
_WRITE = READ | {"create", "update"}


def _table(text: str) -> dict[str, tuple[str, ...]]:
    """`Type: words` a line; a type may have several."""
    found: dict[str, tuple[str, ...]] = {}
    for line in text.strip().splitlines():
        name, _, words = line.partition(":")
        found[name] = (*found.get(name, ()), *words.split())
    return found


def _each(words: str, interactions: frozenset[str]) -> dict[str, frozenset[str]]:
    return dict.fromkeys(words.split(), interactions)


_EPIC_PARAMETERS = _table("""
AllergyIntolerance: patient clinical-status _id _count
Binary: _id _count
CarePlan: patient subject category encounter status date identifier intent activity-code condition goal _id _count
CareTeam: patient subject status category _id _count
Condition: patient subject category clinical-status code encounter onset-date abatement-date
Condition: recorded-date identifier _id _count
Coverage: patient _id _count
Device: patient _id _count
DiagnosticReport: patient subject category code date identifier issued status encounter _id _count
DocumentReference: patient subject category type date status encounter period identifier
DocumentReference: contenttype _id _lastUpdated _count
Encounter: patient subject class date identifier status type _id _count
FamilyMemberHistory: patient code date identifier relationship status _id _count
Flag: patient _id _count
Goal: patient subject category lifecycle-status start-date target-date identifier _id _count
ImagingStudy: patient subject identifier status started modality bodysite encounter _id _count
Immunization: patient status date identifier vaccine-code _id _count
List: patient code _id _count
Location: _id identifier name _count
Medication: _id code _count
MedicationAdministration: patient subject status effective-time code identifier _id _count
MedicationRequest: patient subject status intent category authoredon code identifier _id _count
Observation: patient subject category code date status encounter identifier specimen _id _count
Organization: _id identifier name _count
Patient: _id identifier family given name birthdate gender _count
Practitioner: _id identifier family given name _count
PractitionerRole: _id practitioner organization specialty identifier _count
Procedure: patient subject category code date identifier status _id _count
Provenance: _id
QuestionnaireResponse: patient _id _count
ServiceRequest: patient subject category code authored status intent encounter identifier requester _id _count
Specimen: _id identifier type _count
""")
_PATIENT_OR_ID = ("patient", "subject")
_EPIC_PATIENT_TYPES = [name for name, known in _EPIC_PARAMETERS.items() if "patient" in known]

EPIC_LIKE = Behaviour(
    slug="epic-like",
    title="Northlake Hyperchart",
    words="care plans cannot be written, documents can",
    interactions={
        **dict.fromkeys(_EPIC_PARAMETERS, READ),
        **_each("AllergyIntolerance Condition Patient QuestionnaireResponse", _CREATE),
        **_each("DiagnosticReport", _UPDATE),
        **_each("DocumentReference Observation Procedure ServiceRequest", _WRITE),
        "Provenance": READ_ONLY,
    },
    search_parameters=_EPIC_PARAMETERS,
    required_search={
        **dict.fromkeys(_EPIC_PATIENT_TYPES, (_PATIENT_OR_ID,)),
        "Observation": (_PATIENT_OR_ID, ("category", "code")),
        "CarePlan": (_PATIENT_OR_ID, ("category",)),
    },
    page_sizes={"*": (100, 1000)},
    issuer_path="oauth2",
    authorization_path="oauth2",
    scopes_by_registration=True,
    if_match_honoured=False,
    vendor_codes=True,
    versions_shown=False,
    result_cap=5000,
    introspection=False,
    revocation=False,
)

_ORACLE_PARAMETERS = _table("""
AllergyIntolerance: _id patient clinical-status
Binary:
CarePlan: _id date patient category _count
CareTeam: _id category encounter patient status
Condition: _id patient encounter subject clinical-status category _lastUpdated
Coverage: _id patient
DiagnosticReport: _id category code encounter patient date _lastUpdated _count
DocumentReference: _id patient encounter period _count type category date _lastUpdated
Encounter: _id _count patient subject status date identifier _lastUpdated
FamilyMemberHistory: _id patient status
Goal: _id patient target-date
Immunization: _id patient _lastUpdated date
Location: _id identifier _count name
MedicationAdministration: _id patient status effective-time
MedicationRequest: _id patient intent status _lastUpdated _count
Observation: _id patient subject category code date _lastUpdated _count
Organization: _id identifier _count name
Patient: _id identifier name given family birthdate gender _count
Practitioner: _id identifier given family name active _count
Procedure: _id patient subject date _lastUpdated
Provenance: _id target
QuestionnaireResponse: _id patient _count
RelatedPerson: _id patient
ServiceRequest: _id patient subject code _lastUpdated _count
Specimen: _id
""")
_ORACLE_PATIENT_TYPES = [name for name, known in _ORACLE_PARAMETERS.items() if "patient" in known]

ORACLE_LIKE = Behaviour(
    slug="oracle-like",
    title="Northlake Millchart",
    words="care plans cannot be written, documents can",
    interactions={
        **dict.fromkeys(_ORACLE_PARAMETERS, READ),
        **_each("Coverage DiagnosticReport Encounter MedicationRequest Organization Patient Practitioner", _CREATE),
        **_each("Procedure Provenance RelatedPerson", _CREATE),
        **_each("QuestionnaireResponse", _UPDATE),
        **_each("AllergyIntolerance Condition DocumentReference FamilyMemberHistory Immunization Observation", _WRITE),
        "Binary": READ_ONLY,
    },
    search_parameters=_ORACLE_PARAMETERS,
    required_search={
        **dict.fromkeys(_ORACLE_PATIENT_TYPES, (_PATIENT_OR_ID,)),
        "CarePlan": (_PATIENT_OR_ID, ("category",)),
        "Provenance": (("target",),),
        "Specimen": (("_id",),),
    },
    page_sizes={
        "*": (50, 200),
        "Observation": (50, 200),
        "DiagnosticReport": (10, 100),
        "DocumentReference": (10, 100),
    },
    system_interactions=("batch",),
    auth_methods=("none", "client_secret_basic", "private_key_jwt"),
    issuer_path="tenants/northlake",
    authorization_path="tenants/northlake/protocols/oauth2/profiles/smart-v1",
    conflict_status=409,
    if_match_required=frozenset(
        {"DocumentReference", "Condition", "Observation", "Immunization", "FamilyMemberHistory"}
    ),
    empty_create=True,
    dropped_elements={
        "DocumentReference": (
            "identifier",
            "masterIdentifier",
            "description",
            "securityLabel",
            "relatesTo",
            "authenticator",
            "language",
            "extension",
            "contained",
        )
    },
    document_types=frozenset(
        {
            "application/pdf",
            "text/plain",
            "text/rtf",
            "application/rtf",
            "text/html",
            "text/xml",
            "application/xml",
            "application/xhtml+xml",
        }
    ),
    dates_need_time=True,
    text_care_plans=True,
    overlapping_pages=True,
)

ALL = (OPEN, EPIC_LIKE, ORACLE_LIKE)
