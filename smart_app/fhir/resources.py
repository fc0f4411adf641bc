"""
Tolerant accessors over FHIR R4 resources as plain dicts.

Real records hold an object where an array belongs, nulls, numbers as strings. Nothing here raises on such input: what
cannot be used is absent.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from smart_app.clinical.dates import PartialDate

Resource = dict[str, Any]

FULL_URL = "_fullUrl"
"""Key under which `bundle.entries_of` keeps the entry's fullUrl; FHIR uses a leading underscore for extensions only."""

_REFERENCE = re.compile(r"(?:^|.*/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-._]{1,128})(?:/_history/[^/]+)?/?$")
_MAX_TEXT = 20_000


@dataclass(frozen=True, slots=True)
class Coding:
    """One code of a CodeableConcept; system and display may be absent."""

    system: str | None
    code: str | None
    display: str | None


@dataclass(frozen=True, slots=True)
class Quantity:
    """A FHIR Quantity as sent. `comparator`: `<`, `<=`, `>=`, `>` or None."""

    value: float
    unit: str | None
    code: str | None
    comparator: str | None


def as_list(value: Any) -> list[Any]:
    """A list as it is, None as nothing, anything else as one element."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def objects(value: Any) -> list[Resource]:
    """The objects in a value that should be an array of objects."""
    return [item for item in as_list(value) if isinstance(item, dict)]


def text(value: Any) -> str | None:
    """A non-empty string, stripped; None for anything else."""
    if isinstance(value, str):
        value = value.strip()
        return value[:_MAX_TEXT] or None
    return None


def scalar_text(value: Any) -> str | None:
    """A string, or a number as text (codes are sent as numbers at times)."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int) or (isinstance(value, Decimal) and value.is_finite()):
        shown = str(value)
        return shown if len(shown) <= 20 else None
    return text(value)


def number(value: Any) -> float | None:
    """A finite number, also from a numeric string; None for booleans, NaN and the rest."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        if not re.fullmatch(r"\s*-?[0-9]{1,15}(\.[0-9]{1,15})?\s*", value):
            return None
    elif not isinstance(value, (int, float, Decimal)):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def codings(concept: Any) -> list[Coding]:
    """Codes of a CodeableConcept (or of several, or of a Coding given in its place)."""
    found = []
    for item in objects(concept):
        inner = item.get("coding")
        for coding in objects(inner if inner is not None else ([item] if "code" in item else [])):
            code, display = scalar_text(coding.get("code")), text(coding.get("display"))
            if code or display:
                found.append(Coding(text(coding.get("system")), code, display))
    return found


def words(concept: Any) -> list[str]:
    """Text and displays of a CodeableConcept, `text` first, without repeats."""
    found: list[str] = []
    for item in as_list(concept):
        if isinstance(item, str):
            candidates = [text(item)]
        elif isinstance(item, dict):
            candidates = [text(item.get("text")), *(coding.display for coding in codings(item))]
        else:
            continue
        found.extend(word for word in candidates if word and word not in found)
    return found


def quantity(value: Any) -> Quantity | None:
    """A Quantity with a usable number, else None."""
    if not isinstance(value, dict):
        return None
    amount = number(value.get("value"))
    if amount is None:
        return None
    return Quantity(amount, text(value.get("unit")), text(value.get("code")), text(value.get("comparator")))


def partial_date(value: Any) -> PartialDate | None:
    """A FHIR date or dateTime at its own precision, None if it is not one."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        return PartialDate.parse(value)
    except ValueError:
        return None


def period(value: Any) -> tuple[PartialDate | None, PartialDate | None]:
    """Start and end of a Period."""
    if not isinstance(value, dict):
        return None, None
    return partial_date(value.get("start")), partial_date(value.get("end"))


def when(resource: Resource, name: str) -> tuple[PartialDate | None, PartialDate | None]:
    """First and last day of `effective[x]`, `performed[x]` or `occurrence[x]`; equal for a single date."""
    single = partial_date(resource.get(f"{name}DateTime")) or partial_date(resource.get(f"{name}Instant"))
    if single is not None:
        return single, single
    start, end = period(resource.get(f"{name}Period"))
    return start, end


def reference(value: Any) -> str | None:
    """
    `Type/id` of a Reference (or of its string), `urn:uuid:…` as it is, `#id` as it is; None without a usable one.

    Absolute and versioned references are reduced to type and id.
    """
    target = value.get("reference") if isinstance(value, dict) else value
    target = text(target)
    if target is None or len(target) > 500:
        return None
    if target.startswith(("urn:", "#")):
        return target
    match = _REFERENCE.match(target)
    return f"{match[1]}/{match[2]}" if match else None


def references(value: Any) -> list[str]:
    """All usable references in a value."""
    return [found for found in map(reference, as_list(value)) if found is not None]


def resource_type(resource: Resource) -> str:
    """The type, empty if there is none."""
    return text(resource.get("resourceType")) or ""


def own_reference(resource: Resource) -> str:
    """`Type/id` of a resource; one without an id gets a name from its content, so that order never matters."""
    identity = scalar_text(resource.get("id"))
    if identity is None:
        identity = "unnamed-" + hashlib.sha256(canonical(resource).encode()).hexdigest()[:12]
    return f"{resource_type(resource)}/{identity}"


def canonical(value: Any) -> str:
    """The same text for the same JSON value, whatever the order of its keys."""
    try:
        return json.dumps(value, sort_keys=True, ensure_ascii=True, default=str, separators=(",", ":"))
    except (RecursionError, TypeError, ValueError):
        return ""


def version_key(resource: Resource) -> tuple[str, int, str]:
    """Sorts the versions of one resource: last updated, version number, then content."""
    meta = resource.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    version = scalar_text(meta.get("versionId")) or ""
    return text(meta.get("lastUpdated")) or "", int(version) if version.isdigit() and len(version) < 10 else -1, version


def version_id(resource: Resource) -> str | None:
    """`meta.versionId`."""
    meta = resource.get("meta")
    return scalar_text(meta.get("versionId")) if isinstance(meta, dict) else None


def extensions(element: Any, ending: str) -> Iterator[Resource]:
    """Extensions of an element whose URL ends with `ending`."""
    if isinstance(element, dict):
        for extension in objects(element.get("extension")):
            url = text(extension.get("url"))
            if url is not None and url.endswith(ending):
                yield extension


def code_status(value: Any) -> str | None:
    """The code of a status CodeableConcept (`clinicalStatus`), lower case; its text where no code is given."""
    for coding in codings(value):
        if coding.code:
            return coding.code.lower()
    found = words(value)
    return found[0].lower() if found else None


def notes(resource: Resource) -> list[str]:
    """Texts of `note` annotations."""
    found = []
    for note in as_list(resource.get("note")):
        content = text(note.get("text")) if isinstance(note, dict) else text(note)
        if content:
            found.append(content)
    return found


def subject_of(resource: Resource) -> Any:
    """The element that says whose resource this is, None if the type or the resource has none."""
    for name in ("subject", "patient", "beneficiary", "individual"):
        if resource.get(name) is not None:
            return resource[name]
    return None


def first_display(value: Any) -> str | None:
    """Display of the first reference or CodeableConcept in a value."""
    for item in objects(value):
        actor = item.get("actor") if isinstance(item.get("actor"), dict) else item
        shown = text(actor.get("display")) if isinstance(actor, dict) else None
        if shown:
            return shown
    return None
