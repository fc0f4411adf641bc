"""
Files and Bundle pages to resources. One bad entry never kills the rest; what is not FHIR R4 is refused in one line.

Limits and JSON oddities are those of hazards T15 and T16: duplicate keys, NaN and infinity, depth, byte-order marks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from smart_app.clinical.facts import Issue, IssueKind
from smart_app.errors import InputError
from smart_app.fhir.resources import FULL_URL, Resource, as_list, objects, reference, text, version_key

MAX_FILE_BYTES = 200 * 1024 * 1024
MAX_DEPTH = 64
MAX_ENTRIES = 150_000
_MAX_DIGITS = 400

_DSTU2_ONLY = frozenset({"MedicationOrder", "DiagnosticOrder", "ProcedureRequest", "BodySite", "DeviceUseRequest"})
_NOT_R4_FIELDS = {
    "MedicationStatement": ("wasNotTaken", "reasonNotTaken"),
    "MedicationAdministration": ("wasNotGiven",),
    "Condition": ("dateRecorded",),
}


class StrictJsonError(ValueError):
    """JSON that is refused: a duplicate key, NaN, infinity, an endless number, too deep, not JSON at all."""


def strict_loads(data: bytes | str) -> Any:
    """
    Read JSON with the strict loader of hazard T16.

    Raises:
        StrictJsonError: with the reason.
    """
    try:
        if isinstance(data, bytes):
            data = data.decode("utf-8-sig")
        value = json.loads(
            data,
            object_pairs_hook=_no_duplicates,
            parse_constant=_no_constant,
            parse_float=_decimal,
            parse_int=_integer,
        )
    except StrictJsonError:
        raise
    except RecursionError as error:
        raise StrictJsonError("it is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise StrictJsonError("it is not UTF-8 text") from error
    except ValueError as error:
        raise StrictJsonError("it is not JSON") from error
    if depth_of(value) > MAX_DEPTH:
        raise StrictJsonError("it is nested too deeply")
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise StrictJsonError("an object has the same key twice")
    return made


def _no_constant(_: str) -> Any:
    raise StrictJsonError("it holds a number that is not finite")


def _decimal(digits: str) -> Decimal:
    if len(digits) > _MAX_DIGITS:
        raise StrictJsonError("it holds an endless number")
    value = Decimal(digits)
    if value.is_finite() and abs(value.adjusted()) < 300:
        return value
    raise StrictJsonError("it holds a number that is not finite")


def _integer(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise StrictJsonError("it holds an endless number")
    return int(digits)


def depth_of(value: Any) -> int:
    """Nesting depth of a JSON value, without recursion."""
    deepest, level = 0, [value]
    while level:
        level = [
            child
            for item in level
            if isinstance(item, (dict, list))
            for child in (item.values() if isinstance(item, dict) else item)
        ]
        deepest += 1
        if deepest > MAX_DEPTH + 1:
            break
    return deepest


@dataclass(frozen=True, slots=True)
class FileContent:
    """The resources of a file, and one issue for each part of it that could not be read: with any, it is not whole."""

    resources: list[Resource] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)


def read_file(data: bytes) -> FileContent:
    """
    What a file holds: a Bundle of any type, a JSON array of resources, one resource, or ndjson.

    Raises:
        InputError: the file is empty, too large, not JSON, holds no FHIR resource, or is not FHIR R4.
    """
    if len(data) > MAX_FILE_BYTES:
        raise InputError("the file is larger than 200 MB")
    if not data.strip():
        raise InputError("the file is empty")
    content = FileContent()
    try:
        value = strict_loads(data)
    except StrictJsonError as error:
        lines = _read_lines(data, content.issues)
        if lines is None:
            raise InputError(f"the file cannot be read as JSON or ndjson: {error}") from error
        value = lines
    content.resources.extend(_resources(value, content.issues))
    _note_further_page(value, content.issues)
    if not content.resources:
        raise InputError(" ".join(["the file holds no FHIR resource", *(each.detail for each in content.issues[:1])]))
    if len(content.resources) > MAX_ENTRIES:
        raise InputError(f"the file holds more than {MAX_ENTRIES} resources")
    _refuse_other_versions(content.resources)
    return content


def _read_lines(data: bytes, issues: list[Issue]) -> list[Any] | None:
    """ndjson: one JSON object a line; None if most lines are not that. A line that cannot be read is an issue."""
    found, bad, count = [], [], 0
    for number, line in enumerate(data.replace(b"\xef\xbb\xbf", b"").splitlines(), start=1):
        if not line.strip():
            continue
        count += 1
        try:
            value = strict_loads(line)
        except StrictJsonError as error:
            bad.append(Issue(IssueKind.UNREADABLE, None, f"Line {number} of the file could not be read: {error}."))
            continue
        if isinstance(value, dict):
            found.append(value)
    if not found or count < 2 or len(found) <= len(bad):
        return None
    issues.extend(bad)
    return found


def _resources(value: Any, issues: list[Issue]) -> Iterator[Resource]:
    for position, item in enumerate(as_list(value)):
        kind = text(item.get("resourceType")) if isinstance(item, dict) else None
        if kind == "Bundle":
            yield from entries_of(item, issues)
        elif kind == "OperationOutcome":
            issues.extend(_errors_of(item))
        elif kind:
            yield item
        elif (
            isinstance(item, dict)
            and isinstance(inner := item.get("resource"), dict)
            and text(inner.get("resourceType"))
        ):
            yield inner
        else:
            issues.append(Issue(IssueKind.UNREADABLE, None, f"Item {position} of the file is not a resource."))


def _note_further_page(value: Any, issues: list[Issue]) -> None:
    """A search result whose last page is not in the file was cut off where it was saved."""
    pages = [
        {text(link.get("relation")) for link in objects(item.get("link"))}
        for item in objects(value)
        if item.get("resourceType") == "Bundle" and item.get("type") == "searchset"
    ]
    if pages and all("next" in relations for relations in pages):
        issues.append(
            Issue(IssueKind.UNREADABLE, None, "The search result has a further page that is not in the file.")
        )


def entries_of(bundle: Resource, issues: list[Issue]) -> Iterator[Resource]:
    """
    Resources of a Bundle, each with its fullUrl under `FULL_URL`; Bundles inside a Bundle are opened.

    An entry that is not a resource, or an OperationOutcome with an error, becomes an issue and nothing else.
    """
    deleted = _deleted(bundle)
    for position, entry in enumerate(as_list(bundle.get("entry"))):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if deleted and isinstance(resource, dict) and _is_deleted(resource, deleted):
            continue
        if not isinstance(resource, dict) or not text(resource.get("resourceType")):
            if resource is not None or not isinstance(entry, dict):
                issues.append(Issue(IssueKind.UNREADABLE, None, f"Entry {position} of a Bundle is not a resource."))
            continue
        kind = resource["resourceType"]
        if kind == "Bundle":
            yield from entries_of(resource, issues)
        elif kind == "OperationOutcome":
            issues.extend(_errors_of(resource))
        else:
            full_url = text(entry.get("fullUrl"))
            if full_url:
                resource[FULL_URL] = full_url
                if resource.get("id") is None:
                    resource["id"] = full_url.rstrip("/").rpartition("/")[2].rpartition(":")[2]
            yield resource


def _deleted(bundle: Resource) -> dict[str, str]:
    """In a history: `Type/id` of what was deleted, with the last time that it was (empty where none is given)."""
    found: dict[str, str] = {}
    for entry in objects(bundle.get("entry")) if bundle.get("type") == "history" else ():
        request, response = entry.get("request"), entry.get("response")
        if isinstance(request, dict) and request.get("method") == "DELETE" and (url := text(request.get("url"))):
            name = reference(url) or url
            on = text(response.get("lastModified")) if isinstance(response, dict) else None
            found[name] = max(found.get(name, ""), on or "")
    return found


def _is_deleted(resource: Resource, deleted: dict[str, str]) -> bool:
    """Whether this version was deleted later; one that was written again after that counts."""
    on = deleted.get(f"{resource.get('resourceType')}/{resource.get('id')}")
    return on is not None and not (on and version_key(resource)[0] > on)


def _errors_of(outcome: Resource) -> Iterator[Issue]:
    """Errors of an OperationOutcome: what the server could not give. Its warnings take nothing away."""
    for issue in objects(outcome.get("issue")):
        if issue.get("severity") in ("error", "fatal"):
            details = issue.get("details")
            words = (text(details.get("text")) if isinstance(details, dict) else None) or text(issue.get("diagnostics"))
            said = (words or text(issue.get("code")) or "no reason given")[:200]
            yield Issue(IssueKind.UNREADABLE, None, f"The source of the record reported an error: {said}")


def _refuse_other_versions(resources: list[Resource]) -> None:
    for resource in resources:
        kind = resource["resourceType"]
        if not isinstance(kind, str):
            continue
        fields = _NOT_R4_FIELDS.get(kind, ())
        if kind in _DSTU2_ONLY or any(field in resource for field in fields):
            raise InputError(f"this is not FHIR R4: it holds a {kind} of an older FHIR version")
        if kind == "Condition" and isinstance(resource.get("clinicalStatus"), str):
            raise InputError("this is not FHIR R4: Condition.clinicalStatus is a code of an older FHIR version")
