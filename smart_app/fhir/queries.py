"""
What is read from the record, why, and in which ways; the SMART scopes are derived from it.

Each query has ways to ask, best first. A server that refuses one (400) is asked the next: Epic wants a `category` or
`code` with Observation, Oracle Health a `category` with CarePlan, some know no `_count`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from smart_app.clinical.codes import CodeMap

Params = Mapping[str, str]
Way = tuple[Params, ...]
"""One way to ask: one search, or several whose results are put together."""

PATIENT = "{patient}"
PAGE = {"_count": "200"}
BY_PATIENT: Params = {"patient": PATIENT}

OBSERVATION_CATEGORIES = (
    "laboratory",
    "imaging",
    "exam",
    "procedure",
    "survey",
    "social-history",
    "vital-signs",
    "therapy",
)
TUMOR_FACTS = [
    "er",
    "pr",
    "her2",
    "her2.category",
    "grade",
    "stage_group",
    "t",
    "n",
    "m",
    "nodes_positive",
    "nodes_examined",
    "tumor_size_mm",
    "ki67_percent",
    "oncotype_rs",
    "rcb_class",
]
PATIENT_FACTS = [
    "menopausal_status",
    "germline",
    "birads",
    "breast_density",
    "lvef_percent",
    "bmi",
    "smoking",
    "pregnancy",
]
CONDITION_FACTS = [
    "cancer_kind",
    "laterality",
    "diagnosed_on",
    "metastasis",
    "recurrence",
    "pregnancy",
    "hospice",
    "new_symptoms",
    "uterus",
    "ovaries",
    "chest_radiation_before_30",
]
REPORT_FACTS = [*TUMOR_FACTS, "metastasis", "menopausal_status", "germline", "birads", "breast_density", "lvef_percent"]
"""What the text of a report may say, whether it came as a DiagnosticReport or as a document."""
FAMILY_CANCERS = ("breast", "ovarian", "pancreatic", "prostate")
REPORTED_CANCER = "reported_cancer"
"""A breast cancer that only a pathology report names: without the reports "none recorded" cannot be said."""


@dataclass(frozen=True, slots=True)
class Query:
    """
    One row of the reading table.

    `supplies` names the facts and groups that rest on it; `kinds` the kinds of concepts whose events it may hold.
    `minor` queries hold no fact that advice rests on. `alone` are those of its facts
    that other types hold only in passing: where the EHR has no such type they are not read, whatever the others gave.
    """

    name: str
    resource_type: str
    why: str
    ways: tuple[Way, ...]
    supplies: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    minor: bool = False
    alone: tuple[str, ...] = ()


def _plain(*more: Params) -> tuple[Way, ...]:
    return (({**BY_PATIENT, **PAGE},), (BY_PATIENT,), *((params,) for params in more))


def _in_category(category: str, **more: str) -> Params:
    return {**BY_PATIENT, "category": category, **more}


QUERIES: tuple[Query, ...] = (
    Query(
        "document",
        "DocumentReference",
        "pathology and operation reports that came as documents",
        _plain(_in_category("clinical-note")),
        (*REPORT_FACTS, REPORTED_CANCER),
        ("imaging",),
    ),
    Query(
        "diagnostic-report",
        "DiagnosticReport",
        "pathology, genomics and imaging reports",
        _plain(),
        (*REPORT_FACTS, REPORTED_CANCER),
        ("imaging", "report", "observation", "procedure", "near-miss"),
    ),
    Query(
        "medication-request",
        "MedicationRequest",
        "endocrine therapy, chemotherapy and what interacts with them",
        _plain({**BY_PATIENT, "intent": "order"}),
        ("systemic", "other_medications"),
        ("drug",),
    ),
    Query(
        "observation",
        "Observation",
        "receptors, stage, laboratory results, vital signs",
        (
            ({**BY_PATIENT, "_count": "1000"},),
            tuple(_in_category(category, **PAGE) for category in OBSERVATION_CATEGORIES),
            (BY_PATIENT,),
        ),
        (*TUMOR_FACTS, *PATIENT_FACTS, "metastasis"),
        ("observation", "imaging"),
    ),
    Query(
        "condition",
        "Condition",
        "the cancer itself, other diseases",
        (
            ({**BY_PATIENT, **PAGE},),
            (BY_PATIENT,),
            (_in_category("problem-list-item"), _in_category("encounter-diagnosis")),
        ),
        (
            *CONDITION_FACTS,
            *TUMOR_FACTS,
            "menopausal_status",
            "germline",
            "breast_density",
            "family_history",
            "surgery",
            "radiation",
        ),
        ("condition",),
    ),
    Query(
        "procedure",
        "Procedure",
        "operations, radiation, examinations",
        _plain(),
        (
            "surgery",
            "axillary_surgery",
            "radiation",
            "radiation-other-site",
            "systemic",
            "uterus",
            "hysterectomy",
            "ovaries",
            "oophorectomy-bilateral",
            "menopausal_status",
            "birads",
        ),
        ("procedure", "surgery", "axilla", "radiation", "imaging", "near-miss"),
    ),
    Query("imaging-study", "ImagingStudy", "the last mammogram", _plain(), ("birads",), ("imaging",)),
    Query(
        "medication-statement",
        "MedicationStatement",
        "what the patient says she takes",
        _plain(),
        ("systemic", "other_medications"),
        ("drug",),
    ),
    Query(
        "medication-administration",
        "MedicationAdministration",
        "chemotherapy and antibodies that were given",
        _plain(),
        ("systemic", "cumulative_doxorubicin_mg_m2"),
        ("drug",),
    ),
    Query(
        "family-history",
        "FamilyMemberHistory",
        "relatives with breast or ovarian cancer",
        _plain(),
        ("family_history", *(f"family-history-of-{organ}-cancer" for organ in FAMILY_CANCERS)),
        alone=("family_history",),
    ),
    Query("immunization", "Immunization", "vaccinations", _plain(), (), ("immunization",)),
    Query(
        "care-plan",
        "CarePlan",
        "an earlier survivorship plan",
        (
            (_in_category("assess-plan", **PAGE),),
            (_in_category("assess-plan"),),
            ({**BY_PATIENT, **PAGE},),
            (BY_PATIENT,),
        ),
        minor=True,
    ),
    Query("goal", "Goal", "goals of an earlier plan", _plain(), minor=True),
    Query(
        "care-team",
        "CareTeam",
        "the team that carries the plan out",
        (({**BY_PATIENT, "status": "active"},), (BY_PATIENT,)),
        minor=True,
    ),
    Query("encounter", "Encounter", "the last visit", _plain(), ("clinic-visit",)),
)
BY_NAME: Mapping[str, Query] = {query.name: query for query in QUERIES}

REFERENCED_TYPES = (
    "Binary",
    "Location",
    "Medication",
    "Organization",
    "Practitioner",
    "PractitionerRole",
    "Specimen",
)
"""Types that are read one by one where the record refers to them."""

# Which organization the user acts for is found by a search: nothing in the record refers to the user's role.
SEARCHED_WHEN_SAVING = ("PractitionerRole",)

WRITTEN_TYPES: Mapping[str, str] = {"CarePlan": "cu", "DocumentReference": "cu", "Goal": "cu", "Provenance": "c"}
"""What saving a plan may write, and how (`c` create, `u` update)."""


def read_scopes(v2: bool = True) -> tuple[str, ...]:
    """The scopes that reading needs, in the words of SMART 2 (`.rs`) or of version 1 (`.read`)."""
    searched = {query.resource_type for query in QUERIES}
    scopes = ["patient/Patient.r" if v2 else "patient/Patient.read"]
    scopes += [f"patient/{name}.{'rs' if v2 else 'read'}" for name in sorted(searched)]
    scopes += [f"patient/{name}.{'r' if v2 else 'read'}" for name in REFERENCED_TYPES]
    return tuple(scopes)


def resource_scopes(v2: bool = True) -> tuple[str, ...]:
    """All resource scopes that the app asks for: reading and saving, one scope a type (two in version 1)."""
    wanted: dict[str, set[str]] = {"Patient": {"r"}}
    for query in QUERIES:
        wanted.setdefault(query.resource_type, set()).update("rs")
    for name in REFERENCED_TYPES:
        wanted.setdefault(name, set()).add("r")
    for name in SEARCHED_WHEN_SAVING:
        wanted.setdefault(name, set()).update("rs")
    for name, actions in WRITTEN_TYPES.items():
        # What was saved is read back and looked for, so reading belongs to it.
        wanted.setdefault(name, set()).update(actions + "rs")
    if v2:
        return tuple(
            f"patient/{name}.{''.join(a for a in 'cruds' if a in actions)}" for name, actions in sorted(wanted.items())
        )
    return tuple(
        f"patient/{name}.{word}"
        for name, actions in sorted(wanted.items())
        for word, letters in (("read", "rs"), ("write", "cu"))
        if actions & set(letters)
    )


def narrow(scopes: Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """Only those of `scopes` that a registry row allows; a row without any allows all."""
    permitted = frozenset(allowed)
    return tuple(scope for scope in scopes if not permitted or scope in permitted)


def supplied_by(query: Query, codes: CodeMap) -> tuple[str, ...]:
    """The names of facts, groups and events that rest on a query."""
    return (*query.supplies, *sorted(_events(query, codes)))


def _events(query: Query, codes: CodeMap) -> Iterator[str]:
    for name in codes.events:
        concept = codes.concepts.get(name)
        if concept is not None and concept.kind in query.kinds and name not in query.supplies:
            yield name
