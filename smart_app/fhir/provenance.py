"""
Who wrote a plan, for whom, with which program and from which facts: FHIR R4 Provenance in the shape of US Core. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from smart_app.clinical.facts import Entry
from smart_app.clinical.plan_facts import UsedFact, entry_words
from smart_app.fhir.careplan import Authorship, instant
from smart_app.fhir.narrative import without_forbidden

PARTICIPANT = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
OPERATION = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
SOFTWARE = "Aftercare"
_SOFTWARE_ID = "aftercare"


def provenance(
    targets: Iterable[str],
    facts: Iterable[UsedFact],
    authorship: Authorship,
    *,
    created: bool,
    software_version: str,
    rule_set: str = "",
    entries: Iterable[Entry] = (),
) -> dict[str, Any]:
    """
    The Provenance of what was written.

    Author and program both act on behalf of the organization (US Core asks it of a practitioner and of a device), so
    `authorship.organization` and `authorship.author` must be known. The facts' versions stand in the references and
    again as text, because many servers strip versions from references. What a clinician entered or chose is a source
    too, in words: nothing of it stands in the record.

    Args:
        targets: `CarePlan/1/_history/2`, or without a version where the server gives none.
    """
    behalf = {"onBehalfOf": authorship.organization}
    version = [{"value": software_version}]
    if rule_set:
        version.append({"type": {"text": "rule set"}, "value": rule_set})  # type: ignore[dict-item] # mixed JSON
    entities = [_entity(fact) for fact in facts] + [_entered(entry) for entry in entries]
    resource: dict[str, Any] = {
        "resourceType": "Provenance",
        "contained": [
            {
                "resourceType": "Device",
                "id": _SOFTWARE_ID,
                "deviceName": [{"name": SOFTWARE, "type": "user-friendly-name"}],
                "version": version,
            }
        ],
        "target": [{"reference": target} for target in targets],
        "recorded": instant(authorship.at),
        "activity": {"coding": [{"system": OPERATION, "code": "CREATE" if created else "UPDATE"}]},
        "agent": [
            {"type": _participant("author"), "who": authorship.author, **behalf},
            {
                "type": _participant("assembler"),
                "who": {"reference": f"#{_SOFTWARE_ID}", "display": SOFTWARE},
                **behalf,
            },
        ],
    }
    if entities:
        resource["entity"] = entities
    return resource


def is_same_event(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Whether a Provenance of the record is the one that was sent: FHIR gives it no identifier to search by."""
    return stored.get("recorded") == sent.get("recorded") or (
        str(stored.get("recorded", ""))[:19] == str(sent.get("recorded", ""))[:19]
        and len(stored.get("agent") or ()) == len(sent.get("agent") or ())
    )


def _participant(code: str) -> dict[str, Any]:
    return {"coding": [{"system": PARTICIPANT, "code": code}]}


def _entered(entry: Entry) -> dict[str, Any]:
    return {"role": "source", "what": {"display": without_forbidden(entry_words(entry))}}


def _entity(fact: UsedFact) -> dict[str, Any]:
    reference = fact.reference if fact.version_id is None else f"{fact.reference}/_history/{fact.version_id}"
    return {"role": "source", "what": {"reference": reference, "display": without_forbidden(fact.display)}}
