"""Batch and transaction: a Bundle of requests, each answered as if it came alone."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from flask import Response
from werkzeug.datastructures import Headers

from sandbox.fhir.answers import RefusalError, fhir_response, issue, outcome, refusal_response

Answer = Callable[[str, str, list[tuple[str, str]], Headers, bytes], Response]
"""Method, path, parameters, headers and body of one entry to its response."""

KEEP_ID = ":keep-id"
"""Not a header of HTTP: a transaction tells the create inside it that the id was chosen already."""

_ORDER = {"DELETE": 0, "POST": 2, "PUT": 3, "PATCH": 3, "GET": 4, "HEAD": 4}
_HEADERS = {"ifMatch": "If-Match", "ifNoneExist": "If-None-Exist", "ifNoneMatch": "If-None-Match"}


def answer_bundle(bundle: dict[str, Any], answer: Answer) -> Response:
    """
    Carry out the entries.

    For a transaction the caller opens one write transaction around this: a refused entry is raised and undoes the rest.

    Raises:
        RefusalError: an entry of a transaction was refused; or the Bundle has no request.
    """
    atomic = bundle.get("type") == "transaction"
    entries = bundle.get("entry") or []
    if not isinstance(entries, list):
        raise RefusalError(400, "structure", "Bundle.entry is not an array.")
    if atomic:
        entries = _with_final_references(entries)
    pending = sorted(range(len(entries)), key=lambda n: _rank(entries[n]) if atomic else n)
    results: dict[int, dict[str, Any]] = {}
    for number, place in enumerate(pending):
        results[place] = _answer_entry(entries[place], place, answer, atomic)
        if atomic:
            _follow_existing(entries, place, pending[number + 1 :], results[place])
    kind = "transaction-response" if atomic else "batch-response"
    body: dict[str, Any] = {"resourceType": "Bundle", "type": kind}
    if results:
        body["entry"] = [results[place] for place in range(len(entries))]
    return fhir_response(body)


def _method(entry: Any) -> str:
    request = entry.get("request") if isinstance(entry, dict) else None
    return str(request.get("method", "")) if isinstance(request, dict) else ""


def _rank(entry: Any) -> int:
    # A conditional create may turn out to exist already: it comes first, so that the others can refer to what exists.
    return 1 if _method(entry) == "POST" and entry["request"].get("ifNoneExist") else _ORDER.get(_method(entry), 9)


def _follow_existing(entries: list[Any], place: int, rest: list[int], result: dict[str, Any]) -> None:
    """Where a conditional create found what exists, the entries still to come refer to that."""
    made, resource = entries[place].get("resource"), result.get("resource")
    if _rank(entries[place]) != 1 or not made or not resource or made.get("id") == resource.get("id"):
        return
    type_ = made.get("resourceType")
    for number in rest:
        entries[number] = _replace(entries[number], {f"{type_}/{made['id']}": f"{type_}/{resource['id']}"})


def _answer_entry(entry: Any, place: int, answer: Answer, atomic: bool) -> dict[str, Any]:
    try:
        if not _method(entry):
            raise RefusalError(
                400, "required", f"Entry {place} has no request.", expression=f"Bundle.entry[{place}].request"
            )
        request = entry["request"]
        url = urlsplit(str(request.get("url", "")))
        headers = Headers({header: str(request[name]) for name, header in _HEADERS.items() if name in request})
        headers["Prefer"] = "return=representation"
        if atomic:
            headers[KEEP_ID] = "yes"
        body = msgspec.json.encode(entry["resource"]) if "resource" in entry else b""
        response = answer(_method(entry), url.path.strip("/"), parse_qsl(url.query), headers, body)
    except RefusalError as refusal:
        if atomic:
            raise
        response = refusal_response(refusal)
    return _result(response)


def _result(response: Response) -> dict[str, Any]:
    shown: dict[str, Any] = {"status": response.status}
    if "Location" in response.headers:
        shown["location"] = response.headers["Location"]
    if "ETag" in response.headers:
        shown["etag"] = response.headers["ETag"]
    data = response.get_data()
    resource = msgspec.json.decode(data) if data else None
    if response.status_code >= 400:
        shown["outcome"] = resource or outcome(issue("error", "processing", response.status))
        return {"response": shown}
    return {"response": shown, **({"resource": resource} if resource else {})}


def _with_final_references(entries: list[Any]) -> list[Any]:
    """POST becomes a PUT-like create with a known id, so that urn:uuid references can be replaced throughout."""
    final: dict[str, str] = {}
    prepared = []
    for entry in entries:
        if _method(entry) == "POST" and isinstance(entry.get("resource"), dict):
            id_ = str(uuid.uuid4())
            entry = {**entry, "resource": {**entry["resource"], "id": id_}}
            if isinstance(entry.get("fullUrl"), str):
                final[entry["fullUrl"]] = f"{entry['resource'].get('resourceType')}/{id_}"
        prepared.append(entry)
    if not final:
        return prepared
    replaced: list[Any] = _replace(prepared, final)
    return replaced


def _replace(node: Any, final: dict[str, str]) -> Any:
    if isinstance(node, dict):
        return {
            name: final.get(value, value) if name == "reference" and isinstance(value, str) else _replace(value, final)
            for name, value in node.items()
        }
    if isinstance(node, list):
        return [_replace(item, final) for item in node]
    return node
