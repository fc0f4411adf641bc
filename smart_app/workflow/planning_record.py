"""
Plans that are in the record already: ours is found and read back, plans of other makers are shown and never touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from smart_app.clinical.plan import CarePlanDraft
from smart_app.errors import FhirError, GoneError, NotOfferedError, NotPermittedError, RefusedResourceError
from smart_app.fhir import resources
from smart_app.fhir.answers import parse_json
from smart_app.fhir.careplan import CATEGORY_SYSTEM, URI_SYSTEM, goal_identifier
from smart_app.fhir.careplan_reading import PlanInRecord, read_care_plan
from smart_app.fhir.document import LOINC, PLAN_TYPE, DocumentInRecord, read_document
from smart_app.fhir.narrative import TITLE
from smart_app.workflow.planning_ports import PlanClient
from smart_app.workflow.planning_types import ExistingPlan

GOALS_READ = 20
# HAPI answers an equal search from a cache for a minute.
NO_CACHE = {"Cache-Control": "no-cache"}
_URN = re.compile(r"urn:uuid:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_Item = TypeVar("_Item")

# Parameters that some servers require, and that name our kind of plan.
WIDER = {
    "CarePlan": {"category": f"{CATEGORY_SYSTEM}|assess-plan"},
    "DocumentReference": {"type": f"{LOINC}|{PLAN_TYPE}"},
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """
    Our plan as it stood in the record at one moment: the resource, and the goals it refers to by reference.

    `document`: the plan is no resource of its own, but the data of this DocumentReference.
    """

    plan: dict[str, Any]
    goals: dict[str, dict[str, Any]] = field(default_factory=dict)
    document: str = ""

    def as_json(self) -> dict[str, Any]:
        """For keeping beside a draft."""
        return {"plan": self.plan, "goals": self.goals, "document": self.document}

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None) -> Snapshot | None:
        """Back again; None where nothing was kept."""
        if not data or not data.get("plan"):
            return None
        return cls(dict(data["plan"]), dict(data.get("goals") or {}), str(data.get("document") or ""))

    @property
    def version_id(self) -> str | None:
        """Version of the plan."""
        return resources.version_id(self.plan)

    def goal_words(self) -> tuple[str, ...]:
        """The goals in force, in the plan's order."""
        return tuple(words for words, _ in self.active_goals())

    def active_goals(self) -> tuple[tuple[str, str], ...]:
        """(words, reference) of the goals in force."""
        found = []
        for reference in resources.references(self.plan.get("goal")):
            goal = self.goals.get(reference, {})
            words = resources.words(goal.get("description"))
            if words and goal.get("lifecycleStatus") not in ("cancelled", "rejected", "entered-in-error"):
                found.append((words[0], reference))
        return tuple(found)

    def is_own_goal(self, reference: str) -> bool:
        """Whether a goal carries the identifier that this plan gives to a goal in these words."""
        goal = self.goals.get(reference, {})
        words = resources.words(goal.get("description"))
        plans = [resources.text(entry.get("value")) for entry in resources.objects(self.plan.get("identifier"))]
        ours = {goal_identifier(plan, words[0]) for plan in plans if words and plan and _URN.fullmatch(plan)}
        return any(entry.get("value") in ours for entry in resources.objects(goal.get("identifier")))


@dataclass(frozen=True, slots=True)
class DocumentPlan:
    """Our plan that is in the record only as a document; `snapshot` None: it cannot be read back as data."""

    document: DocumentInRecord
    snapshot: Snapshot | None = None


@dataclass(frozen=True, slots=True)
class RecordPlans:
    """
    What the record holds.

    `duplicates` are further open plans of ours (there should be none). `doubtful` documents may be ours. `read` False:
    it could not be read, `why` says why in words.
    """

    ours: PlanInRecord | None = None
    snapshot: Snapshot | None = None
    others: tuple[PlanInRecord, ...] = ()
    ended: tuple[PlanInRecord, ...] = ()
    duplicates: tuple[str, ...] = ()
    document: DocumentPlan | None = None
    doubtful: tuple[DocumentInRecord, ...] = ()
    read: bool = True
    why: str = ""


def find_plans(client: PlanClient, patient_id: str, plan_definition: str, wanted: str | None = None) -> RecordPlans:
    """
    The care plans of a patient, ours first.

    Args:
        wanted: identifier of the plan in work: among several of ours, that one.
    """
    params = {"patient": patient_id, **WIDER["CarePlan"]}
    try:
        found = search_all(client, "CarePlan", params, patient_id)
    except FhirError as error:
        return RecordPlans(read=False, why=why_not_read(error))
    return sort_plans(client, found, plan_definition, wanted)


def sort_plans(
    client: PlanClient, found: Iterable[dict[str, Any]], plan_definition: str, wanted: str | None = None
) -> RecordPlans:
    """Care plans that were read, sorted into ours and others'; the goals of ours are read."""
    plans = [(read_care_plan(resource, plan_definition), resource) for resource in found]
    ours = _ours_first(plans, wanted)
    first = ours[0] if ours else None
    return RecordPlans(
        ours=first[0] if first else None,
        snapshot=with_goals(client, first[1]) if first else None,
        others=tuple(plan for plan, _ in plans if not plan.ours),
        ended=tuple(plan for plan, _ in plans if plan.ours and not plan.open),
        duplicates=tuple(plan.reference for plan, _ in ours[1:]),
    )


def _ours_first(
    plans: list[tuple[PlanInRecord, dict[str, Any]]], wanted: str | None
) -> list[tuple[PlanInRecord, dict[str, Any]]]:
    ours = [(plan, resource) for plan, resource in plans if plan.ours and plan.open]
    return sorted(
        ours, key=lambda pair: (pair[0].identifier != wanted, str(pair[0].created_on or ""), pair[0].reference)
    )


def our_plan(found: Iterable[dict[str, Any]], plan_definition: str, patient_id: str) -> PlanInRecord | None:
    """Our plan in force among care plans that were read with the record."""
    mine = [resource for resource in found if is_about(resource, patient_id)]
    ours = _ours_first([(read_care_plan(resource, plan_definition), resource) for resource in mine], None)
    return ours[0][0] if ours else None


@dataclass(frozen=True, slots=True)
class Documents:
    """
    Plan documents in force, newest first: ours as they were read, and `doubtful` ones that have the title of ours, but
    carry nothing of this program that tells (some servers drop identifiers, another installation has its own).
    """

    ours: tuple[tuple[DocumentInRecord, dict[str, Any]], ...] = ()
    doubtful: tuple[DocumentInRecord, ...] = ()


def find_documents(client: PlanClient, patient_id: str, identifier: str, known: Iterable[str] = ()) -> Documents:
    """
    The plan documents of a patient. Ours are those with the identifier, and those that a save of ours made (`known`).

    Raises:
        FhirError: the search failed.
    """
    params = {"patient": patient_id, **WIDER["DocumentReference"]}
    mine = set(known)
    found = [(read_document(entry), entry) for entry in search_all(client, "DocumentReference", params, patient_id)]
    found = sorted((pair for pair in found if pair[0].status == "current"), key=lambda pair: pair[0].date, reverse=True)
    ours = [pair for pair in found if identifier in pair[0].identifiers or pair[0].reference in mine]
    named = {document.reference for document, _ in ours}
    doubtful = [each for each, _ in found if each.reference not in named and each.title == TITLE]
    return Documents(tuple(ours), tuple(doubtful))


def search_all(
    client: PlanClient, resource_type: str, params: Mapping[str, str], patient_id: str
) -> list[dict[str, Any]]:
    """
    Every resource of a fresh search that is this patient's, each once.

    Raises:
        FhirError: a page could not be read: a part is never taken for the whole.
    """
    found: dict[str, dict[str, Any]] = {}
    for page in client.search(resource_type, params, headers=NO_CACHE):
        for entry in resources.objects(parse_json(page).get("entry")):
            resource = entry.get("resource")
            if not isinstance(resource, dict) or resource.get("resourceType") != resource_type:
                continue
            if is_about(resource, patient_id):
                found[resources.own_reference(resource)] = resource
    return list(found.values())


def is_about(resource: Mapping[str, Any], patient_id: str) -> bool:
    """Whether a resource's subject is this patient."""
    return resources.reference(resources.subject_of(dict(resource))) == f"Patient/{patient_id}"


def find_by_identifier(
    client: PlanClient, resource_type: str, identifier: str, patient_id: str, offered: bool
) -> list[dict[str, Any]]:
    """
    Resources of the patient that carry an identifier, by a search that no cache answers.

    Args:
        offered: whether the server says that it searches by identifier; else all of the kind are read and filtered.

    Raises:
        FhirError: it could not be found out.
    """
    if offered:
        params = {"identifier": f"{URI_SYSTEM}|{identifier}", "patient": patient_id}
        try:
            return _carrying(search_all(client, resource_type, params, patient_id), identifier)
        except (RefusedResourceError, NotOfferedError):
            pass  # it does not, in spite of what it says: the wider search below
    params = {"patient": patient_id, **WIDER.get(resource_type, {})}
    return _carrying(search_all(client, resource_type, params, patient_id), identifier)


def _carrying(found: list[dict[str, Any]], identifier: str) -> list[dict[str, Any]]:
    return [
        resource
        for resource in found
        if any(
            entry.get("value") == identifier
            for entry in resources.objects(resource.get("identifier"))
            + resources.objects(resource.get("masterIdentifier"))
        )
    ]


def with_goals(client: PlanClient, plan: dict[str, Any]) -> Snapshot:
    """A plan with the goals that it names, as far as they can be read."""
    goals = {}
    for reference in resources.references(plan.get("goal"))[:GOALS_READ]:
        kind, _, identity = reference.partition("/")
        if kind != "Goal":
            continue
        goal = readable(lambda identity=identity: client.read("Goal", identity))  # type: ignore[misc] # bound default
        if goal is not None:
            goals[reference] = goal
    return Snapshot(plan, goals)


def readable(read: Callable[[], _Item]) -> _Item | None:
    """What can be read, None for what cannot: for parts that a plan can do without."""
    try:
        return read()
    except FhirError:
        return None


def document_snapshot(plan: dict[str, Any], reference: str) -> Snapshot:
    """A plan that is the data of a document; its goals are contained in it."""
    goals = {f"#{each.get('id')}": each for each in resources.objects(plan.get("contained"))}
    return Snapshot(plan, goals, reference)


def draft_of(snapshot: Snapshot, plan_definition: str) -> CarePlanDraft:
    """The plan of the record as a draft, for comparison; to go on from it see `planning_desk.find_or_draw`."""
    plan = read_care_plan(snapshot.plan, plan_definition)
    return CarePlanDraft(
        identifier=plan.identifier or "",
        version=0,
        rows=tuple(row for row in plan.rows if row.id not in plan.links),
        goals=snapshot.goal_words(),
        concerns=plan.concerns,
        note=plan.note,
        entries=plan.entries,
        overridden=dict(plan.left_open),
        resource=None if snapshot.document else plan.reference,
        version_id=plan.version_id,
    )


def existing_plan(plan: PlanInRecord) -> ExistingPlan:
    """A plan of the record as pages show it."""
    return ExistingPlan(
        resource=plan.reference,
        version_id=plan.version_id,
        status=plan.status,
        title=plan.title,
        ours=plan.ours,
        identifier=plan.identifier,
        maker=plan.maker,
        created_on=plan.created_on,
        rows=plan.rows,
        text=plan.text,
    )


def why_not_read(error: FhirError) -> str:
    """Why something of the record could not be read, in words for a clinician."""
    if isinstance(error, NotPermittedError):
        return "Reading care plans is not permitted for you here."
    if isinstance(error, (NotOfferedError, GoneError)):
        return "This EHR does not offer care plans to apps."
    if isinstance(error, RefusedResourceError):
        return "This EHR refused the search for care plans."
    return "The care plans in the record could not be read just now."
