"""What the FHIR endpoint answers with: OperationOutcomes, single resources and bundles, as Flask responses."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import msgspec
from flask import Response

from sandbox.fhir.records import Stored

FHIR_JSON = "application/fhir+json"


class RefusalError(Exception):
    """
    A request that is answered with an OperationOutcome.

    Args:
        status: HTTP status.
        code: issue type of FHIR (`not-found`, `forbidden`, `invalid`, ...).
        words: what a person reads, in `details.text` and `diagnostics`.
        expression: FHIR path, where one is meant.
        coding: a vendor's own code for `details.coding`, as (system, code, display).
    """

    def __init__(
        self,
        status: int,
        code: str,
        words: str,
        *,
        expression: str | None = None,
        coding: tuple[str, str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        issues: Iterable[dict[str, Any]] = (),
    ) -> None:
        super().__init__(words)
        self.status = status
        self.headers = dict(headers or {})
        self.outcome = outcome(*(issues or [issue("error", code, words, expression=expression, coding=coding)]))


def issue(
    severity: str,
    code: str,
    words: str,
    *,
    expression: str | None = None,
    coding: tuple[str, str, str] | None = None,
) -> dict[str, Any]:
    """One issue of an OperationOutcome."""
    details: dict[str, Any] = {"text": words}
    if coding:
        details["coding"] = [{"system": coding[0], "code": coding[1], "display": coding[2]}]
    found: dict[str, Any] = {"severity": severity, "code": code, "details": details, "diagnostics": words}
    if expression:
        found["expression"] = [expression]
    return found


def outcome(*issues: dict[str, Any]) -> dict[str, Any]:
    """An OperationOutcome."""
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def fhir_response(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response from a resource, bytes that are one, or None for an empty body."""
    if body is None:
        response = Response(b"", status=status)
        response.headers.pop("Content-Type", None)
    else:
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        response = Response(data, status=status, content_type=FHIR_JSON)
    response.headers.update(headers or {})
    response.headers["Cache-Control"] = "no-store"
    return response


def refusal_response(refusal: RefusalError) -> Response:
    """The OperationOutcome of a refusal."""
    return fhir_response(refusal.outcome, refusal.status, refusal.headers)


def version_headers(stored: Stored) -> dict[str, str]:
    """ETag and Last-Modified of a version."""
    changed = datetime.fromtimestamp(stored.updated_ms / 1000, tz=UTC)
    return {"ETag": f'W/"{stored.version}"', "Last-Modified": format_datetime(changed, usegmt=True)}


def bundle_bytes(head: dict[str, Any], entries: Iterable[bytes]) -> bytes:
    """A Bundle from a head and entries that are serialised already."""
    start = msgspec.json.encode({"resourceType": "Bundle", **head})
    listed = b",".join(entries)
    # An empty array is not allowed in FHIR: without entries the element is left out.
    return start if not listed else start[:-1] + b',"entry":[' + listed + b"]}"


def search_entry(base: str, stored: Stored, mode: str, body: bytes) -> bytes:
    """One entry of a searchset."""
    url = msgspec.json.encode(f"{base}/{stored.type}/{stored.id}")
    return b'{"fullUrl":' + url + b',"resource":' + body + b',"search":{"mode":"' + mode.encode() + b'"}}'
