"""
Files and Bundle pages to resources. One bad entry never kills the rest; what is not FHIR R4 is refused in one line.

Limits and JSON oddities are those of hazards T15 and T16: duplicate keys, NaN and infinity, depth, byte-order marks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from smart_app.clinical.facts import Issue, IssueKind
from smart_app.errors import InputError
from smart_app.fhir.resources import FULL_URL, Resource, as_list, text

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


def read_file(data: bytes) -> list[Resource]:
    """
    The resources of a file: a Bundle of any type, a JSON array of resources, one resource, or ndjson.

    Raises:
        InputError: the file is empty, too large, not JSON, holds no FHIR resource, or is not FHIR R4.
    """
    if len(data) > MAX_FILE_BYTES:
        raise InputError("the file is larger than 200 MB")
    if not data.strip():
        raise InputError("the file is empty")
    try:
        value = strict_loads(data)
    except StrictJsonError as error:
        lines = _read_lines(data)
        if lines is None:
            raise InputError(f"the file cannot be read as JSON or ndjson: {error}") from error
        value = lines
    resources = list(_resources(value))
    if not resources:
        raise InputError("the file holds no FHIR resource")
    if len(resources) > MAX_ENTRIES:
        raise InputError(f"the file holds more than {MAX_ENTRIES} resources")
    _refuse_other_versions(resources)
    return resources


def _read_lines(data: bytes) -> list[Any] | None:
    """ndjson: one JSON object a line; None if the first two lines are not that."""
    lines = [line for line in data.replace(b"\xef\xbb\xbf", b"").splitlines() if line.strip()]
    found, bad = [], 0
    for line in lines:
        try:
            value = strict_loads(line)
        except StrictJsonError:
            bad += 1
            continue
        if isinstance(value, dict):
            found.append(value)
    return found if found and len(lines) > 1 and len(found) > bad else None


def _resources(value: Any) -> Iterator[Resource]:
    for item in as_list(value):
        if not isinstance(item, dict):
            continue
        if item.get("resourceType") == "Bundle":
            yield from entries_of(item, [])
        elif text(item.get("resourceType")):
            yield item
        elif isinstance(item.get("resource"), dict) and text(item["resource"].get("resourceType")):
            yield item["resource"]


def entries_of(bundle: Resource, issues: list[Issue]) -> Iterator[Resource]:
    """
    Resources of a Bundle, each with its fullUrl under `FULL_URL`; Bundles inside a Bundle are opened.

    An entry that is not a resource, or an OperationOutcome, becomes an issue and nothing else.
    """
    for position, entry in enumerate(as_list(bundle.get("entry"))):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or not text(resource.get("resourceType")):
            if resource is not None or not isinstance(entry, dict):
                issues.append(Issue(IssueKind.UNREADABLE, None, f"Entry {position} of a Bundle is not a resource."))
            continue
        kind = resource["resourceType"]
        if kind == "Bundle":
            yield from entries_of(resource, issues)
        elif kind != "OperationOutcome":
            full_url = text(entry.get("fullUrl"))
            if full_url:
                resource[FULL_URL] = full_url
                if resource.get("id") is None:
                    resource["id"] = full_url.rstrip("/").rpartition("/")[2].rpartition(":")[2]
            yield resource


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
