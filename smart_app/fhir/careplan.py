"""
A draft as FHIR R4 CarePlan and Goal, in the shape of US Core (6.1 to 8.0) without claiming its profile. Pure.

No `meta.profile`: servers that do not know a profile refuse the resource. Every reference is relative.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from smart_app.clinical.facts import PatientRecord
from smart_app.clinical.plan import CarePlanDraft, Decision, PlanRow
from smart_app.clinical.plan_facts import UsedFact, can_be_referred_to, facts_used
from smart_app.clinical.recommendations import Recommendation
from smart_app.fhir.activity_codes import TOPIC_CODES, activity_kind
from smart_app.fhir.entered_facts import entry_note
from smart_app.fhir.narrative import TITLE, narrative_div, plan_sections, without_forbidden

CATEGORY_SYSTEM = "http://hl7.org/fhir/us/core/CodeSystem/careplan-category"
_ASSESS_PLAN = {"system": CATEGORY_SYSTEM, "code": "assess-plan", "display": "Assessment and Plan of Treatment"}
URI_SYSTEM = "urn:ietf:rfc:3986"
CONCERN, EDUCATION, OPEN, UNDECIDED = (
    "Concern: ",
    "Education for the patient: ",
    "Left open: ",
    "Not decided: ",
)
_REASON_TYPES = ("Condition", "Observation", "DiagnosticReport", "DocumentReference")
_ACTORS = ("Practitioner", "PractitionerRole", "Patient", "RelatedPerson", "Organization", "Device")
_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})")
# Elements that this product writes; whatever else a record's plan holds is kept on an update (and see
# `careplan_keeping` for what others wrote within these).
OWN_ELEMENTS = frozenset(
    {
        "resourceType", "id", "meta", "text", "contained", "identifier", "instantiatesCanonical", "replaces", "status",
        "intent", "category", "title", "subject", "encounter", "period", "created", "author", "contributor",
        "careTeam", "addresses", "supportingInfo", "goal", "activity", "note",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Authorship:
    """
    Who writes a plan, about whom, from where.

    `author` and `organization` are FHIR References (`author` None for a draft made from a file). `at` is an aware
    instant. `public_url` is the app's address without a slash at its end.
    """

    patient_id: str
    at: datetime
    public_url: str
    author: dict[str, Any] | None = None
    organization: dict[str, Any] | None = None
    encounter_id: str | None = None
    care_team: tuple[str, ...] = ()

    @property
    def plan_definition(self) -> str:
        """Canonical of the rule set."""
        return f"{self.public_url}/fhir/PlanDefinition/aftercare"

    @property
    def item_system(self) -> str:
        """Code system of our own items."""
        return f"{self.public_url}/fhir/CodeSystem/aftercare-item"


def user_reference(fhir_user: str, base_url: str, name: str = "") -> dict[str, Any] | None:
    """
    A Reference to the signed-in user.

    Relative where the user lives on this server; else by identifier, because a server need not resolve a foreign
    address. None if it is no kind of person or organization that may be an author.
    """
    address = fhir_user.strip()
    prefix = base_url.rstrip("/") + "/"
    local = address[len(prefix) :] if address.startswith(prefix) else address
    match = _LOCAL.fullmatch(local.partition("/_history/")[0])
    shown = {"display": without_forbidden(name)} if name.strip() else {}
    if match is not None:
        return {"reference": match[0], **shown} if match[1] in _ACTORS else None
    if "://" not in address or not any(f"/{kind}/" in address for kind in _ACTORS):
        return None
    return {"identifier": {"system": URI_SYSTEM, "value": address}, **shown}


def care_plan(
    draft: CarePlanDraft,
    record: PatientRecord,
    recommendations: Mapping[str, Recommendation],
    authorship: Authorship,
    *,
    status: str,
    goals: Iterable[str] = (),
    existing: Mapping[str, Any] | None = None,
    replaces: str | None = None,
    education: Iterable[str] = (),
) -> dict[str, Any]:
    """
    The CarePlan of a draft.

    Args:
        recommendations: by row id; gives reasons and sources.
        status: `draft`, or `active` when the clinician signs.
        goals: references of Goals that are in the record.
        existing: our plan as it stands in the record: its id, dates and elements that we do not write are kept.
        replaces: the plan that this one takes the place of.
        education: titles of the texts that the patient is given.
    """
    kept = dict(existing or {})
    plan: dict[str, Any] = {"resourceType": "CarePlan"}
    if "id" in kept:
        plan["id"] = kept["id"]
    plan["text"] = {"status": "generated", "div": narrative_div(plan_sections(draft, record))}
    plan["identifier"] = _identifiers(draft.identifier, kept)
    plan["instantiatesCanonical"] = [authorship.plan_definition]
    plan |= _filled("replaces", [{"reference": replaces}] if replaces else [])
    plan |= {
        "status": status,
        "intent": "plan",
        "category": [{"coding": [dict(_ASSESS_PLAN)]}],
        "title": TITLE,
        "subject": {"reference": f"Patient/{authorship.patient_id}"},
    }
    encounter = authorship.encounter_id
    if encounter or "encounter" in kept:
        plan["encounter"] = {"reference": f"Encounter/{encounter}"} if encounter else kept["encounter"]
    plan["period"] = kept.get("period") or {"start": record.as_of.isoformat()}
    plan["created"] = kept.get("created") or instant(authorship.at)
    plan |= _people(authorship, kept)
    plan |= _filled("addresses", _conditions(record))
    plan |= _filled("supportingInfo", [_used(fact) for fact in facts_used(record, recommendations, draft)])
    plan |= _filled("goal", [{"reference": reference} for reference in goals])
    plan |= _filled("activity", [_activity(row, recommendations.get(row.id), authorship) for row in decided(draft)])
    plan |= _filled("note", _notes(draft, record, authorship, tuple(education)))
    plan |= {name: value for name, value in kept.items() if name not in OWN_ELEMENTS}
    return plan


def _conditions(record: PatientRecord) -> list[dict[str, Any]]:
    """The diagnoses that the plan is for."""
    sources = [source for cancer in record.cancers for source in cancer.sources]
    return _unique(
        [
            {"reference": source.reference}
            for source in sources
            if source.resource_type == "Condition" and can_be_referred_to(source.reference)
        ]
    )


def decided(draft: CarePlanDraft) -> tuple[PlanRow, ...]:
    """The rows that become activities: what nobody decided is no plan, and is said in a note."""
    return tuple(row for row in draft.rows if row.decision is not Decision.UNDECIDED)


def instant(at: datetime) -> str:
    """A FHIR instant in UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _filled(name: str, values: list[Any]) -> dict[str, Any]:
    """FHIR allows no empty array."""
    return {name: values} if values else {}


def _unique(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return list({str(value): value for value in values}.values())


def _identifiers(identifier: str, kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    own = {"system": URI_SYSTEM, "value": identifier}
    others = kept.get("identifier")
    others = [entry for entry in others if isinstance(entry, dict)] if isinstance(others, list) else []
    return [own, *(entry for entry in others if entry.get("value") != identifier)]


def _people(authorship: Authorship, kept: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    author, earlier = authorship.author, kept.get("author")
    if author or earlier:
        found["author"] = author or earlier
    contributors = kept.get("contributor")
    contributors = list(contributors) if isinstance(contributors, list) else []
    if author and isinstance(earlier, dict) and earlier.get("reference") != author.get("reference"):
        contributors.append(earlier)
    found |= _filled("contributor", _unique(contributors))
    teams = [{"reference": reference} for reference in authorship.care_team]
    found |= _filled("careTeam", teams)
    return found


def _used(fact: UsedFact) -> dict[str, Any]:
    return {"reference": fact.reference, "display": without_forbidden(fact.display)}


def _activity(row: PlanRow, recommendation: Recommendation | None, authorship: Authorship) -> dict[str, Any]:
    codings = []
    if row.topic in TOPIC_CODES and row.rule is not None:
        system, code = TOPIC_CODES[row.topic]
        codings.append({"system": system, "code": code})
    codings.append({"system": authorship.item_system, "code": row.id})
    declined = row.decision is Decision.DECLINE
    detail: dict[str, Any] = {
        "kind": activity_kind(row.topic),
        "code": {"coding": codings, "text": without_forbidden(row.title)},
    }
    if recommendation is not None:
        if recommendation.why:
            detail["reasonCode"] = [{"text": without_forbidden(recommendation.why)}]
        detail |= _filled("reasonReference", _reasons(recommendation))
    detail["status"] = "cancelled" if declined else "not-started"
    if declined:
        detail["statusReason"] = {"text": without_forbidden(row.reason) or "Declined"}
    if row.not_advised:
        detail["doNotPerform"] = True
    else:
        detail |= _schedule(row)
        detail |= _filled("performer", [_performer(row.owner, authorship)] if row.owner else [])
    if recommendation is not None and recommendation.says:
        detail["description"] = without_forbidden(recommendation.says)
    # An element id may be dropped by a server; the code of our own system says the same and is data.
    activity: dict[str, Any] = {"id": row.id, "detail": detail}
    if row.note:
        activity["progress"] = [{"text": without_forbidden(row.note)}]
    return activity


def _reasons(recommendation: Recommendation) -> list[dict[str, Any]]:
    return _unique(
        [
            {"reference": source.reference}
            for because in recommendation.because
            for source in because.sources
            if source.resource_type in _REASON_TYPES and can_be_referred_to(source.reference)
        ]
    )


def _schedule(row: PlanRow) -> dict[str, Any]:
    """A repeated item as Timing from its first date, a single one as a Period of that day, month or year."""
    if row.interval_months is not None:
        least, most = row.interval_months
        repeat: dict[str, Any] = {}
        if row.due is not None:
            repeat["boundsPeriod"] = {"start": str(row.due)}
        repeat |= {"frequency": 1, "period": least}
        if most != least:
            repeat["periodMax"] = most
        repeat["periodUnit"] = "mo"
        return {"scheduledTiming": {"repeat": repeat}}
    if row.due is not None:
        return {"scheduledPeriod": {"start": str(row.due), "end": str(row.due)}}
    return {}


def _performer(owner: str, authorship: Authorship) -> dict[str, Any]:
    shown = {"display": without_forbidden(owner)}
    if owner.strip().lower() == "patient":
        return {"reference": f"Patient/{authorship.patient_id}", **shown}
    return shown


def _notes(
    draft: CarePlanDraft, record: PatientRecord, authorship: Authorship, education: Iterable[str]
) -> list[dict[str, Any]]:
    by: dict[str, Any] = {"time": instant(authorship.at)}
    author = authorship.author or {}
    if "reference" in author:
        by["authorReference"] = author
    elif author.get("display"):
        by["authorString"] = author["display"]
    texts = [draft.note] if draft.note.strip() else []
    texts += [CONCERN + concern for concern in draft.concerns]
    if education:
        texts.append(EDUCATION + "; ".join(education))
    if draft.education_note.strip():
        texts.append(EDUCATION + draft.education_note)
    texts += [entry_note(entry, record) for entry in draft.entries]
    texts += [f"{OPEN}{key}: {reason}" for key, reason in sorted(draft.overridden.items())]
    texts += [UNDECIDED + row.title for row in draft.rows if row.decision is Decision.UNDECIDED]
    return [{**by, "text": without_forbidden(text)} for text in texts]


def goal_identifier(plan_identifier: str, words: str) -> str:
    """Identifier of a goal: the same words in the same plan are the same goal."""
    digest = hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()
    return uuid.uuid5(uuid.UUID(plan_identifier), digest).urn


def goal(words: str, plan_identifier: str, authorship: Authorship, started_on: date) -> dict[str, Any]:
    """A Goal in the patient's own words."""
    text = without_forbidden(words)
    return {
        "resourceType": "Goal",
        "text": {"status": "generated", "div": narrative_div((), text)},
        "identifier": [{"system": URI_SYSTEM, "value": goal_identifier(plan_identifier, words)}],
        "lifecycleStatus": "active",
        "description": {"text": text},
        "subject": {"reference": f"Patient/{authorship.patient_id}"},
        "startDate": started_on.isoformat(),
        "expressedBy": {"reference": f"Patient/{authorship.patient_id}"},
    }
