"""
Errors become pages: the row of the table, a reference that also stands in the log, and where to go next.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask, Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException, SecurityError

from smart_app.errors import (
    AftercareError,
    AuthorizationRefusedError,
    MalformedAnswerError,
    OutOfScopeError,
    PermanentFhirError,
    TemporaryFhirError,
)
from smart_app.smart.authorization import oauth_code
from smart_app.web.headers import set_headers
from smart_app.web.last_plan import last_plan_offered
from smart_app.web.logs import where_of
from smart_app.web.metrics import PROBLEMS
from smart_app.web.presenters_page import Frame, Link, Pair, ProblemPage
from smart_app.web.presenters_words import moment_text, scope_reason
from smart_app.web.problems import HTTP_PROBLEMS, Problem, new_reference, problem_of
from smart_app.web.services import services

_LAST_RESORT = (
    "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Aftercare: {title}</title></head>"
    "<body><main><h1>{title}</h1><p>{says}</p><p>Reference: {reference}</p></main></body></html>"
)


def install_problem_pages(app: Flask) -> None:
    """Answer every error with its page, and never with a traceback."""
    app.register_error_handler(AftercareError, _answer_ours)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_unexpected)


def _answer_ours(error: AftercareError) -> Response:
    pairs: list[Pair] = []
    if isinstance(error, AuthorizationRefusedError):
        pairs.append(Pair("The EHR says", error.description or error.code, note=oauth_code(error.code)))
    if isinstance(error, OutOfScopeError):
        pairs += [Pair("Why", scope_reason(reason, error.diagnoses_read)) for reason in error.reasons]
    wait_s = getattr(error, "retry_after_s", None) if isinstance(error, TemporaryFhirError) else None
    if wait_s:
        at = services().instant() + timedelta(seconds=wait_s)
        pairs.append(Pair("The EHR asks to wait until", moment_text(_local(at)).text))
    if isinstance(error, (TemporaryFhirError, MalformedAnswerError)) or type(error) is PermanentFhirError:
        # Not where the EHR did answer and refused this user.
        pairs += _last_plan()
    return _page(problem_of(type(error)), error, pairs, may_retry=isinstance(error, TemporaryFhirError))


def _last_plan() -> list[Pair]:
    """What still works while the EHR cannot be asked: the paper of the last confirmed plan, with its time."""
    context = g.get("context")
    kept = last_plan_offered(context) if context is not None else None
    if kept is None:
        return []
    at = moment_text(_local(kept.seen_at)).text
    link = Link("Open the last confirmed plan (PDF)", f"/c/{context.handle}/last-plan.pdf")
    return [Pair("Still available", f"The plan that you saved, as it was seen in the record at {at}.", link)]


def _answer_http(error: HTTPException) -> Response:
    status = 421 if isinstance(error, SecurityError) else error.code or 500
    if error.response is not None or 300 <= status < 400:
        return make_response(error.get_response())
    row = HTTP_PROBLEMS.get(status)
    if row is None:
        known = HTTP_PROBLEMS[400 if status < 500 else 500]
        row = Problem(status, known.title, known.says, known.next_step, known.tone, known.icon, known.log)
    return _page(row, error, [])


def _answer_unexpected(error: Exception) -> Response:
    return _page(problem_of(AftercareError), error, [])


def _last_resort(title: str, says: str, reference: str) -> str:
    """A page that needs nothing; its words are ours alone."""
    return _LAST_RESORT.format(title=title, says=says, reference=reference)


def _page(row: Problem, error: BaseException, pairs: list[Pair], may_retry: bool = False) -> Response:
    reference = new_reference()
    PROBLEMS.labels(type(error).__name__).inc()
    if row.log:
        services().log.event(
            "problem", problem=type(error).__name__, status=row.status, reference=reference, where=where_of(error)
        )
    try:
        if row.status == 421:
            # A page of ours links to this server by its name, which a request to another name does not have.
            body = _last_resort(row.title, f"{row.says} {row.next_step}", reference)
        else:
            body = render_template("problem.html", page=_present(row, pairs, reference, may_retry))
    except Exception as broken:
        services().log.event("problem-page-broken", error=type(broken).__name__, where=where_of(broken))
        body = _last_resort("Something went wrong", "Aftercare could not go on. Nothing was saved.", reference)
    response = make_response(body, row.status)
    if row.status == 429:
        response.headers["Retry-After"] = "60"
    return set_headers(response)


def _present(row: Problem, pairs: list[Pair], reference: str, may_retry: bool) -> ProblemPage:
    context = g.get("context")
    actions = []
    if may_retry and request.method == "GET":
        actions.append(Link("Try again", request.path, main=True))
    if context is not None and request.path != f"/c/{context.handle}/" and row.status not in (401,):
        actions.append(Link("Back to the record", f"/c/{context.handle}/"))
    at = moment_text(_local(services().instant())).text
    return ProblemPage(
        frame=Frame(row.title, environment="SANDBOX" if services().settings.demo else ""),
        heading=row.title,
        says=row.says,
        pairs=(*pairs, Pair("What to do", row.next_step), Pair("Reference", f"{reference}, {at}")),
        actions=tuple(actions),
        tone=row.tone,
        icon=row.icon,
    )


def _local(at: datetime) -> datetime:
    issuer = g.get("issuer")
    return at.astimezone(issuer.zone if issuer is not None else None)
