"""
What a fault does: each kind takes the fault and the way to the true answer, and gives the answer that goes out.

Kinds that call `answer()` let the request act (a write is stored); the others do not.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import struct
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from flask import Response, current_app, request
from joserfc import jwt
from werkzeug.exceptions import ClientDisconnected

from sandbox.faults import Fault
from sandbox.fhir.answers import FHIR_JSON, fhir_response, issue, outcome

Answer = Callable[[], Response]
Wait = Callable[[float], None]
Kind = Callable[[Fault, Answer, Wait], Response]

_LOGIN_PAGE = "<!doctype html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>"
_ISSUE_CODES = {400: "invalid", 401: "login", 403: "forbidden", 404: "not-found", 409: "conflict", 410: "deleted"}


def _json(response: Response) -> Any:
    return msgspec.json.decode(response.get_data())


def _with_body(response: Response, body: object) -> Response:
    response.set_data(msgspec.json.encode(body))
    return response


def _latency(fault: Fault, answer: Answer, wait: Wait) -> Response:
    return answer()


def _status(fault: Fault, answer: Answer, wait: Wait) -> Response:
    words = fault.words or f"Fault of the sandbox: {fault.status}."
    code = _ISSUE_CODES.get(fault.status, "transient" if fault.status >= 500 else "processing")
    found = issue(fault.severity, code, words, expression=fault.expression or None)
    return fhir_response(outcome(found), fault.status, fault.headers)


def _break_the_glass(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """Epic: the chart is guarded; `words` is 4130, 4131 or 4134."""
    code = fault.words or "4130"
    words = "The patient's record is restricted: break the glass in the chart first."
    found = issue("fatal", "forbidden", words, coding=("urn:oid:1.2.840.114350.1.13.0.1.7.2.657369", code, words))
    return fhir_response(outcome(found), 403)


def _html(fault: Fault, answer: Answer, wait: Wait) -> Response:
    return Response(
        fault.words or _LOGIN_PAGE, status=200 if fault.status == 503 else fault.status, content_type="text/html"
    )


def _empty(fault: Fault, answer: Answer, wait: Wait) -> Response:
    response = answer()
    response.set_data(b"")
    return response


def _truncated(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """Half of the JSON, in an HTTP answer that is whole."""
    response = answer()
    data = response.get_data()
    response.set_data(data[: len(data) // 2])
    return response


def _cut(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """Fewer bytes than Content-Length promises."""
    response = answer()
    data = response.get_data()

    def body() -> Iterator[bytes]:
        yield data[: len(data) // 2]
        _close(request.environ, abruptly=False)

    return _streamed(response, body(), len(data))


def _drip(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """One byte a second (`seconds` sets the pause)."""
    response = answer()
    data = response.get_data()

    def body() -> Iterator[bytes]:
        for number in range(len(data)):
            wait(fault.seconds or 1.0)
            yield data[number : number + 1]

    return _streamed(response, body(), len(data))


def _streamed(response: Response, body: Iterator[bytes], length: int) -> Response:
    streamed = Response(body, status=response.status_code, headers=response.headers, direct_passthrough=True)
    streamed.headers["Content-Length"] = str(length)
    return streamed


def _close(environ: dict[str, Any], *, abruptly: bool) -> None:
    connection = environ.get("werkzeug.socket")
    if connection is None:
        raise ClientDisconnected
    with contextlib.suppress(OSError):
        if abruptly:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)


def _reset(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """No answer: the connection ends. The request did not act."""
    _close(request.environ, abruptly=True)
    return Response(status=500)


def _hang(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """No answer for `seconds` (60), then the connection ends. The request did not act."""
    wait(fault.seconds or 60.0)
    return _reset(fault, answer, wait)


def _act_then_reset(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """The request acts, and no answer comes."""
    answer()
    return _reset(fault, answer, wait)


def _act_then_timeout(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """The request acts, and no answer comes for `seconds` (60)."""
    answer()
    return _hang(fault, answer, wait)


def _act_then_status(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """The request acts, and the answer says that it failed."""
    answer()
    return _status(fault, answer, wait)


def _wrong_type(fault: Fault, answer: Answer, wait: Wait) -> Response:
    response = answer()
    response.headers["Content-Type"] = fault.words or "text/html"
    return response


def _outcome(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """200 with an OperationOutcome in place of what was asked."""
    return fhir_response(outcome(issue(fault.severity, "processing", fault.words or "Fault of the sandbox.")), 200)


def _entry_outcome(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """One more entry: an OperationOutcome."""
    response = answer()
    body = _json(response)
    found = outcome(issue(fault.severity, "processing", fault.words or "Fault of the sandbox."))
    body.setdefault("entry", []).append({"resource": found, "search": {"mode": "outcome"}})
    return _with_body(response, body)


def _next(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """The page links on: to itself, or to the address of `words`."""
    response = answer()
    body = _json(response)
    links = [link for link in body.get("link", []) if link["relation"] != "next"]
    body["link"] = [*links, {"relation": "next", "url": fault.words or request.url}]
    return _with_body(response, body)


def _total(fault: Fault, answer: Answer, wait: Wait) -> Response:
    response = answer()
    return _with_body(response, {**_json(response), "total": fault.size})


def _duplicate(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """Every entry twice."""
    response = answer()
    body = _json(response)
    body["entry"] = [entry for entry in body.get("entry", []) for _ in range(2)]
    return _with_body(response, body)


def _malformed(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """`values` are set in every resource of the answer (the first only with `size` 1); null removes."""
    response = answer()
    body = _json(response)
    resources = (
        [entry["resource"] for entry in body.get("entry", [])] if body.get("resourceType") == "Bundle" else [body]
    )
    for resource in resources[: fault.size or None]:
        _change(resource, fault.values)
        for name in fault.drop:
            resource.pop(name, None)
    return _with_body(response, body)


def _change(body: dict[str, Any], values: dict[str, Any]) -> None:
    for name, value in values.items():
        if value is None:
            body.pop(name, None)
        else:
            body[name] = value


def _raw(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """`words` as the whole body, as FHIR JSON."""
    return Response(fault.words, status=200, content_type=FHIR_JSON)


def _foreign_patient(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """The first found resource once more, about somebody else."""
    response = answer()
    body = _json(response)
    entries = body.get("entry", [])
    own = [entry for entry in entries if "subject" in entry["resource"] or "patient" in entry["resource"]]
    if own:
        resource = dict(own[0]["resource"], id=f"{own[0]['resource']['id']}-foreign")
        element = "subject" if "subject" in resource else "patient"
        resource[element] = {"reference": f"Patient/{fault.words or 'somebody-else'}"}
        entries.append({"fullUrl": f"urn:foreign:{resource['id']}", "resource": resource, "search": {"mode": "match"}})
    return _with_body(response, body)


def _huge(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """A body of `size` bytes (200 MB) that never holds a second entry."""
    size = fault.size or 200_000_000

    def body() -> Iterator[bytes]:
        yield b'{"resourceType":"Bundle","type":"searchset","id":"'
        for _ in range(size // 65536):
            yield b"a" * 65536
        yield b'"}'

    return Response(body(), content_type=FHIR_JSON)


def _gzip_bomb(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """A small body that unpacks to `size` bytes (200 MB)."""
    packed = gzip.compress(
        b'{"resourceType":"Bundle","type":"searchset","id":"' + b"a" * (fault.size or 200_000_000) + b'"}'
    )
    return Response(packed, content_type=FHIR_JSON, headers={"Content-Encoding": "gzip"})


def _deep(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """JSON nested `size` (5,000) deep."""
    depth = fault.size or 5000
    inner = '{"extension":[' * depth + "]}" * depth
    return Response(f'{{"resourceType":"Bundle","type":"searchset","meta":{inner}}}', content_type=FHIR_JSON)


def _many(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """A Bundle of `size` (one million) entries."""

    def body() -> Iterator[bytes]:
        yield b'{"resourceType":"Bundle","type":"searchset","entry":[{}'
        for _ in range((fault.size or 1_000_000) // 1000):
            yield b',{"resource":{}}' * 1000
        yield b"]}"

    return Response(body(), content_type=FHIR_JSON)


def _lost(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """201 for a write that is not kept."""
    place = f"{request.base_url}/lost-{fault.seen}"
    headers = {"Location": f"{place}/_history/1", "ETag": 'W/"1"'}
    return fhir_response(request.get_data() or None, 201, headers)


def _altered(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """The write is kept without `drop` and with `values`; the answer is the true one of what was kept."""
    response = answer()
    if response.status_code not in (200, 201):
        return response
    place = current_app.extensions["sandbox"]
    parts = response.headers.get("Location", request.base_url).split("/_history/")[0].split("/")
    slug, type_, id_ = request.path.split("/")[1], parts[-2], parts[-1]
    stored = place.records.find(slug, type_, id_)
    resource = {name: value for name, value in stored.resource.items() if name not in fault.drop}
    _change(resource, fault.values)
    place.records.put(slug, resource)
    return response


def _no_location(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """The write is kept; no Location, ETag or body tells where."""
    response = answer()
    for name in ("Location", "ETag", "Last-Modified"):
        response.headers.pop(name, None)
    response.set_data(b"")
    return response


def _empty_201(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """The write is kept; only Location and ETag tell where."""
    response = answer()
    response.set_data(b"")
    return response


def _other_status(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """The request acts and is answered truly, but with another status."""
    response = answer()
    response.status_code = fault.status
    return response


def _accepted(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """202 without a body; the write is kept."""
    answer()
    return fhir_response(None, 202)


def _oauth_error(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """An OAuth error of the token endpoint, or (taken there) of /authorize."""
    body = {"error": fault.error or "invalid_grant", "error_description": fault.words or "Fault of the sandbox."}
    return Response(
        msgspec.json.encode(body), status=400 if fault.status == 503 else fault.status, content_type="application/json"
    )


def _token_values(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """The true answer with `values` set or, with null, removed."""
    response = answer()
    if response.status_code != 200:
        return response
    body = _json(response)
    _change(body, fault.values)
    return _with_body(response, body)


def _id_token(fault: Fault, answer: Answer, wait: Wait) -> Response:
    """The id_token with claims of `values`; `words`: `bad-signature`, `unknown-kid` or `none`."""
    response = answer()
    body = _json(response) if response.status_code == 200 else {}
    if "id_token" not in body:
        return response
    key = current_app.extensions["sandbox"].keys.current()
    claims = dict(jwt.decode(body["id_token"], key, algorithms=["RS256"]).claims)
    _change(claims, fault.values)
    kid = "unknown" if fault.words == "unknown-kid" else str(key.kid)
    text = jwt.encode({"alg": "RS256", "kid": kid}, claims, key, algorithms=["RS256"])
    if fault.words == "bad-signature":
        head, middle, tail = text.split(".")
        text = f"{head}.{middle}.{tail[::-1]}"
    elif fault.words == "none":
        text = f"eyJhbGciOiJub25lIn0.{text.split('.')[1]}."
    return _with_body(response, {**body, "id_token": text})


KINDS: dict[str, Kind] = {
    "latency": _latency,
    "status": _status,
    "break-the-glass": _break_the_glass,
    "html": _html,
    "empty": _empty,
    "truncated": _truncated,
    "cut": _cut,
    "drip": _drip,
    "reset": _reset,
    "hang": _hang,
    "wrong-type": _wrong_type,
    "outcome": _outcome,
    "entry-outcome": _entry_outcome,
    "next": _next,
    "total": _total,
    "duplicate": _duplicate,
    "malformed": _malformed,
    "raw": _raw,
    "foreign-patient": _foreign_patient,
    "huge": _huge,
    "gzip-bomb": _gzip_bomb,
    "deep": _deep,
    "many": _many,
    "lost": _lost,
    "altered": _altered,
    "no-location": _no_location,
    "empty-201": _empty_201,
    "other-status": _other_status,
    "accepted": _accepted,
    "act-then-reset": _act_then_reset,
    "act-then-timeout": _act_then_timeout,
    "act-then-status": _act_then_status,
    "oauth-error": _oauth_error,
    "token-values": _token_values,
    "id-token": _id_token,
}
