"""
Whether a resource of the record is the very one that was sent, also where the server keeps no identifiers.

Oracle drops the identifier of a document: a look by identifier alone would call a document absent that is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from smart_app.errors import (
    FhirError,
    NotOfferedError,
    NotPermittedError,
    PermanentFhirError,
    RefusedResourceError,
)
from smart_app.fhir import resources
from smart_app.fhir.document import checksum_of, read_document
from smart_app.workflow.planning_ports import PlanClient
from smart_app.workflow.planning_record import WIDER, find_by_identifier, search_all

# The instant of the save, which stands in what we sent: a colleague's has another.
_MARKS = {"CarePlan": "created", "DocumentReference": "date"}


def find_sent(
    client: PlanClient, sent: Mapping[str, Any], identifier: str, patient_id: str, offered: bool
) -> tuple[list[dict[str, Any]], bool]:
    """
    What was sent, as it stands in the record: by its identifier, else among those that carry none by the instant of
    the save or the file itself.

    Returns:
        What was found, and whether it is proven to be of this very save (an identifier is of the plan, not of a save).

    Raises:
        FhirError: it could not be found out; also where a document may be the one and nothing tells.
    """
    kind = str(sent.get("resourceType"))
    found = find_by_identifier(client, kind, identifier, patient_id, offered)
    if found or kind not in _MARKS:
        return found, False
    try:
        every = search_all(client, kind, {"patient": patient_id, **WIDER[kind]}, patient_id)
    except (RefusedResourceError, NotOfferedError, NotPermittedError):
        if offered:
            return [], False  # the search by identifier was answered, and no wider one is possible
        raise
    return [each for each in every if not _has_identifier(each) and _is_the_one(client, sent, each)], True


def _has_identifier(resource: Mapping[str, Any]) -> bool:
    return bool(resources.objects(resource.get("identifier")) + resources.objects(resource.get("masterIdentifier")))


def _is_the_one(client: PlanClient, sent: Mapping[str, Any], stored: Mapping[str, Any]) -> bool:
    mark = _MARKS[str(sent["resourceType"])]
    ours, theirs = _instant(sent.get(mark)), _instant(stored.get(mark))
    if ours is not None and ours == theirs:
        return True
    if sent["resourceType"] != "DocumentReference":
        return False
    file = read_document(sent).checksum
    checksum = read_document(stored).checksum
    if file is None or checksum is not None:
        return file == checksum
    if ours is not None and theirs is not None and theirs < ours:
        return False  # older than what was sent
    return _file_checksum(client, read_document(stored).attachment_url) == file


def _file_checksum(client: PlanClient, url: str | None) -> str | None:
    """The checksum of a file that the server moved to a Binary."""
    kind, _, identity = (resources.reference({"reference": url}) or "").partition("/")
    try:
        data = client.read("Binary", identity).get("data") if kind == "Binary" else None
    except FhirError:
        data = None
    if not isinstance(data, str):
        raise PermanentFhirError("a document without identifier, date and file may be the one that was sent")
    return checksum_of(data)


def _instant(value: Any) -> datetime | None:
    """An instant to the second, in UTC; None where it is none."""
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at.astimezone(UTC).replace(microsecond=0) if at.tzinfo is not None else None
