"""
The three EHRs that the sandbox can be. What an issuer allows and how it answers is data here, not code elsewhere.

Source: the vendors' public sandbox statements of 2026-07 (Epic) and 2026-08 (Oracle Health) and their documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

READ = frozenset({"read", "search-type"})
READ_ONLY = frozenset({"read"})
FULL = frozenset({"read", "vread", "search-type", "create", "update", "delete", "history-instance"})

ALL_TYPES = (
    "AdverseEvent",
    "AllergyIntolerance",
    "AuditEvent",
    "Basic",
    "Binary",
    "BodyStructure",
    "CarePlan",
    "CareTeam",
    "Claim",
    "ClinicalImpression",
    "Communication",
    "Condition",
    "Consent",
    "Coverage",
    "Device",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "EpisodeOfCare",
    "ExplanationOfBenefit",
    "FamilyMemberHistory",
    "Flag",
    "Goal",
    "Group",
    "ImagingStudy",
    "Immunization",
    "List",
    "Location",
    "Media",
    "Medication",
    "MedicationAdministration",
    "MedicationDispense",
    "MedicationRequest",
    "MedicationStatement",
    "MolecularSequence",
    "NutritionOrder",
    "Observation",
    "Organization",
    "Patient",
    "PlanDefinition",
    "Practitioner",
    "PractitionerRole",
    "Procedure",
    "Provenance",
    "Questionnaire",
    "QuestionnaireResponse",
    "RelatedPerson",
    "ResearchStudy",
    "ResearchSubject",
    "RiskAssessment",
    "ServiceRequest",
    "Specimen",
    "Task",
)


@dataclass(frozen=True)
class Behaviour:
    """
    One EHR.

    Args:
        interactions: what may be done with each resource type; a type that is absent does not exist here.
        search_parameters: the parameters a type knows; None for all of the sandbox's own.
        required_search: groups of parameters; one of each group must be given, unless `_id` is.
        page_sizes: default and largest `_count` by type, `*` for the rest.
        scopes_by_registration: resource scopes are those of the client's registration, whatever is asked.
        auth_methods: client authentication methods at the token endpoint.
        conflict_status: answer to an If-Match that does not fit.
        if_match_required: types whose update must carry If-Match.
        empty_create: a create is answered without a body.
        vendor_codes: OperationOutcomes carry the vendor's numeric codes.
        dropped_elements: what is silently not kept, by type.
        document_types: content types that a DocumentReference may have; None for any.
        dates_need_time: a DocumentReference with a date without a time is refused.
        text_care_plans: a CarePlan is text in its narrative, without activities.
        versions_shown: ETag and `meta.versionId` are given.
        overlapping_pages: the last entry of a page comes again on the next one, and no total is given.
        result_cap: no search gives more than this.
    """

    slug: str
    title: str
    words: str
    interactions: Mapping[str, frozenset[str]]
    search_parameters: Mapping[str, tuple[str, ...]] | None = None
    required_search: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    page_sizes: Mapping[str, tuple[int, int]] = field(default_factory=lambda: {"*": (50, 1000)})
    system_interactions: tuple[str, ...] = ()
    scopes_by_registration: bool = False
    auth_methods: tuple[str, ...] = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
    scope_versions: tuple[str, ...] = ("v1", "v2")
    issuer_path: str = "fhir"
    authorization_path: str = "auth"
    conditional_create: bool = False
    update_create: bool = False
    conflict_status: int = 412
    if_match_honoured: bool = True
    if_match_required: frozenset[str] = frozenset()
    empty_create: bool = False
    vendor_codes: bool = False
    strict_accept: bool = False
    dropped_elements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    document_types: frozenset[str] | None = None
    dates_need_time: bool = False
    text_care_plans: bool = False
    versions_shown: bool = True
    overlapping_pages: bool = False
    result_cap: int | None = None
    introspection: bool = True
    revocation: bool = True

    def allows(self, resource_type: str, interaction: str) -> bool:
        """Whether the type offers the interaction."""
        return interaction in self.interactions.get(resource_type, frozenset())

    def page_size(self, resource_type: str) -> tuple[int, int]:
        """Default and largest page."""
        return self.page_sizes.get(resource_type, self.page_sizes["*"])


OPEN = Behaviour(
    slug="open",
    title="Northlake EHR",
    words="care plans can be written",
    interactions=dict.fromkeys(ALL_TYPES, FULL),
    system_interactions=("transaction", "batch"),
    conditional_create=True,
    update_create=True,
)
