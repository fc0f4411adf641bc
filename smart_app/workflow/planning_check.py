"""
Just before a write: is this record meant, and are the facts that the plan rests on still those that were read, and is
what is proposed still what was signed?
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from smart_app.clinical.plan import CarePlanDraft
from smart_app.clinical.plan_drafting import merge_draft
from smart_app.clinical.plan_facts import UsedFact
from smart_app.clinical.recommendations import Recommendation
from smart_app.errors import (
    FhirError,
    GoneError,
    NotOfferedError,
    NotReadyError,
    PermanentFhirError,
    TemporaryFhirError,
)
from smart_app.fhir import resources
from smart_app.fhir.patient_status import doubts_about_record
from smart_app.workflow.planning_needs import effect_of
from smart_app.workflow.planning_ports import PlanClient, PlanReview
from smart_app.workflow.planning_record import search_all
from smart_app.workflow.planning_types import CONFIRM_RECORD, ChangedFact

IDS_PER_SEARCH = 40


@dataclass(frozen=True, slots=True)
class FactCheck:
    """`changed` stops the save; `unchecked` are references whose version could not be asked (said on the receipt)."""

    changed: tuple[ChangedFact, ...] = ()
    unchecked: tuple[str, ...] = ()


def check_record_is_meant(patient: Mapping[str, Any], confirmed: bool) -> None:
    """
    Whether a write into this very record is meant (hazard H20).

    Raises:
        NotReadyError: it is a test, merged or inactive record, and the clinician did not confirm it.
    """
    if doubts_about_record(patient) and not confirmed:
        raise NotReadyError((CONFIRM_RECORD,))


def check_facts(
    client: PlanClient, patient_id: str, used: Iterable[UsedFact], recommendations: Mapping[str, Recommendation]
) -> FactCheck:
    """
    Compare the versions of the resources that the plan rests on with those in the record now.

    Raises:
        TemporaryFhirError: the EHR cannot be asked just now; nothing should be written either.
    """
    by_type: dict[str, list[UsedFact]] = defaultdict(list)
    for fact in used:
        if fact.version_id is not None:
            by_type[fact.reference.partition("/")[0]].append(fact)
    changed: list[ChangedFact] = []
    unchecked: list[str] = []
    for kind, facts in sorted(by_type.items()):
        for start in range(0, len(facts), IDS_PER_SEARCH):
            part = facts[start : start + IDS_PER_SEARCH]
            versions = _versions(client, kind, patient_id, part)
            for fact in part:
                now = versions.get(fact.reference, _UNASKED)
                if now is _UNASKED:
                    unchecked.append(fact.reference)
                elif now != fact.version_id:
                    changed.append(_changed(fact, now, recommendations))
    return FactCheck(tuple(changed), tuple(unchecked))


_UNASKED = "\0not asked"
_DELETED = "\0deleted"


def _versions(client: PlanClient, kind: str, patient_id: str, facts: list[UsedFact]) -> dict[str, str]:
    """Present versions by reference; a deleted one is marked, one that could not be asked is left out."""
    ids = ",".join(fact.reference.partition("/")[2] for fact in facts)
    found: dict[str, str] = {}
    try:
        for resource in search_all(client, kind, {"_id": ids}, patient_id):
            version = resources.version_id(resource)
            if version is not None:
                found[resources.own_reference(resource)] = version
    except TemporaryFhirError:
        raise
    except PermanentFhirError:
        found = {}
    for fact in facts:
        if fact.reference not in found:
            # Not every server finds by `_id`, and a deleted one is found by none: ask for it by its address.
            version = _version_of(client, fact.reference)
            if version is not None:
                found[fact.reference] = version
    return found


def _version_of(client: PlanClient, reference: str) -> str | None:
    kind, _, identity = reference.partition("/")
    try:
        return resources.version_id(client.read(kind, identity))
    except GoneError:
        return _DELETED
    except NotOfferedError:
        return None
    except TemporaryFhirError:
        raise
    except FhirError:
        return None


def _changed(fact: UsedFact, now: str, recommendations: Mapping[str, Recommendation]) -> ChangedFact:
    names = ", ".join(dict.fromkeys(name for name, _ in fact.facts))
    effect = dict.fromkeys(title for name, _ in fact.facts for title in effect_of(name, recommendations))
    words = "; ".join(f"{name}: {value}" for name, value in fact.facts)
    return ChangedFact(
        names,
        fact.reference,
        f"{words} (version {fact.version_id})",
        "deleted in the record" if now == _DELETED else f"changed in the record (version {now}): read it again",
        tuple(effect),
    )


def proposed_since(draft: CarePlanDraft, review: PlanReview) -> tuple[str, ...]:
    """
    What is proposed by now and was not on the page that was signed: a result that was chosen, or a fact that was
    entered, with the very same form changes the recommendations.
    """
    merged = merge_draft(draft, review.record, review.recommendations)
    new = [row.title for row in merged.draft.rows if row.id in merged.new_rows]
    gone = [row.title for row in merged.gone_rows]
    said = [
        f"{words}: {', '.join(titles)}."
        for words, titles in (("Now proposed too, and not in this plan", new), ("No longer proposed", gone))
        if titles
    ]
    if not said:
        return ()
    return ("What you entered or chose changes the recommendations. Open the plan and save again.", *said)
