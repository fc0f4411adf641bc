"""What a resource can be found by: index rows from its elements. Odd content gives no row, never an error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from sandbox.fhir.dates import FAR_FUTURE_MS, FAR_PAST_MS, find_span_ms
from sandbox.fhir.parameters import PATIENT_PATHS, parameters_of

Resource = dict[str, Any]


class IndexRows(NamedTuple):
    """Rows of the four index tables, without the row number of the resource."""

    tokens: list[tuple[str, str, str]]
    dates: list[tuple[str, int, int]]
    references: list[tuple[str, str]]
    strings: list[tuple[str, str]]


def values_at(node: Any, path: str) -> Iterator[Any]:
    """Values at a dotted path; arrays are walked through."""
    head, _, rest = path.partition(".")
    for item in node if isinstance(node, list) else (node,):
        if not isinstance(item, dict) or head not in item:
            continue
        value = item[head]
        if rest:
            yield from values_at(value, rest)
        else:
            yield from value if isinstance(value, list) else (value,)


def index_rows(resource: Resource) -> IndexRows:
    """Index rows of a resource."""
    rows = IndexRows([], [], [], [])
    for name, parameter in parameters_of(str(resource.get("resourceType"))).items():
        for path in parameter.path.split("|"):
            for value in values_at(resource, path):
                _add(rows, parameter.kind, name, value)
    return rows


def _add(rows: IndexRows, kind: str, name: str, value: Any) -> None:
    if kind == "token":
        rows.tokens.extend((name, system, code) for system, code in dict.fromkeys(tokens_of(value)))
    elif kind == "date":
        span = date_span(value)
        if span:
            rows.dates.append((name, *span))
    elif kind == "reference":
        target = reference_target(value)
        if target:
            rows.references.append((name, target))
    else:
        rows.strings.extend((name, text.casefold()) for text in strings_of(value))


def tokens_of(value: Any) -> Iterator[tuple[str, str]]:
    """(system, code) pairs of a code, Coding, CodeableConcept or Identifier."""
    if isinstance(value, bool):
        yield "", str(value).lower()
    elif isinstance(value, str):
        yield "", value
    elif isinstance(value, dict):
        code = value.get("code", value.get("value"))
        if isinstance(code, str):
            yield str(value.get("system") or ""), code
        for coding in value.get("coding") or ():
            if isinstance(coding, dict) and isinstance(coding.get("code"), str):
                yield str(coding.get("system") or ""), coding["code"]


def date_span(value: Any) -> tuple[int, int] | None:
    """Span of a date or a Period; an open end reaches far."""
    if not isinstance(value, dict):
        return find_span_ms(value)
    start, end = find_span_ms(value.get("start")), find_span_ms(value.get("end"))
    if start is None and end is None:
        return None
    return (start[0] if start else FAR_PAST_MS), (end[1] if end else FAR_FUTURE_MS)


def strings_of(value: Any) -> Iterator[str]:
    """Words of a string or a HumanName."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in ("text", "family", "given", "prefix", "suffix"):
            found = value.get(part)
            yield from (text for text in (found if isinstance(found, list) else [found]) if isinstance(text, str))


def reference_target(value: Any) -> str | None:
    """`Type/id` of a Reference, without base and version; urn: and # references as they are; None without one."""
    text = value.get("reference") if isinstance(value, dict) else value
    if not isinstance(text, str) or not text:
        return None
    if text.startswith(("urn:", "#")):
        return text
    parts = text.split("/_history/")[0].rstrip("/").split("/")
    return "/".join(parts[-2:])


def compartment_of(resource: Resource) -> str | None:
    """Id of the patient whose resource it is; None for those of nobody (Practitioner, Organization, Medication)."""
    if resource.get("resourceType") == "Patient":
        found = resource.get("id")
        return found if isinstance(found, str) else None
    for path in PATIENT_PATHS:
        for value in values_at(resource, path):
            target = reference_target(value)
            if target and target.startswith("Patient/"):
                return target.partition("/")[2]
    return None
