"""
The way in and the way out: launch, callback, sign-out. The cookie probe comes before the launch token is spent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast
from urllib.parse import urlencode, urljoin

from flask import Blueprint, Response, abort, g, make_response, redirect, render_template, request

from smart_app.errors import AftercareError, AuthorizationStateError, LaunchError, UnknownIssuerError
from smart_app.settings import Issuer
from smart_app.storage.contexts import LaunchContext, sha256
from smart_app.web.limiter import RateLimiter
from smart_app.web.metrics import LAUNCHES
from smart_app.web.presenters_page import Frame, Link, Pair, ProblemPage
from smart_app.web.security import (
    LAUNCH_COOKIE_S,
    MOST_CONTEXTS,
    PROBE_COOKIE_S,
    client_address,
    cookie_name,
    drop_cookie,
    held_contexts,
    is_framed,
    require_context,
    require_form_token,
    set_cookie,
)
from smart_app.web.services import services
from smart_app.workflow.launching import BegunLaunch, begin_launch, callback_of, finish_launch, require_issuer, sign_out
from smart_app.workflow.planning_desk import holds_unsaved_work

LONGEST_LAUNCH = 2048


@dataclass(frozen=True, slots=True)
class WindowPage:
    """The page that offers a window of its own, where the frame keeps no cookies; `window` empty offers none."""

    frame: Frame
    heading: str
    says: str
    window: str
    again: str


@dataclass(frozen=True, slots=True)
class OnwardPage:
    """The page that posts the authorization request: by itself, or by its button where no script runs."""

    frame: Frame
    ehr: str
    address: str
    fields: tuple[tuple[str, str], ...]


def make_blueprint(limiter: RateLimiter) -> Blueprint:
    """The routes of launch and sign-out."""
    blueprint = Blueprint("launch", __name__)

    @blueprint.before_request
    def _limit() -> None:
        if not limiter.allows(client_address()):
            abort(429)

    blueprint.add_url_rule("/", view_func=front_door, methods=["GET"])
    blueprint.add_url_rule("/launch", view_func=launch, methods=["GET"])
    blueprint.add_url_rule("/launch/go", view_func=go, methods=["GET"])
    blueprint.add_url_rule("/callback/<slug>", view_func=callback, methods=["GET"])
    blueprint.add_url_rule("/c/<handle>/sign-out", view_func=end_session, methods=["POST"])
    blueprint.add_url_rule("/c/<handle>/end", endpoint="end_session_short", view_func=end_session, methods=["POST"])
    blueprint.add_url_rule("/signed-out", view_func=signed_out, methods=["GET"])
    return blueprint


def launch() -> Response:
    """Step 1: set a cookie that means nothing, and see whether the browser brings it along."""
    issuer, token = _launch_parameters()
    if issuer.launch_mode == "popout" and is_framed():
        return _window_page(issuer, token, blocked=False)
    response = _send_to(_go_address(issuer, token), 302)
    set_cookie(response, cookie_name("probe"), "1", issuer, PROBE_COOKIE_S)
    return response


def go() -> Response:
    """Step 2: the cookie came back, so the launch can be bound to this browser; on to the EHR."""
    issuer, token = _launch_parameters()
    if not request.cookies.get(cookie_name("probe")):
        return _window_page(issuer, token, blocked=True)
    crowded = _crowded()
    if crowded is not None:
        return crowded
    begun = begin_launch(services(), issuer, token)
    response = _post_to(issuer, begun) if begun.form else _send_to(begun.authorization_url, 302)
    set_cookie(response, cookie_name("tx", begun.cookie_tag), begun.cookie_value, issuer, LAUNCH_COOKIE_S)
    drop_cookie(response, cookie_name("probe"), issuer)
    return response


def callback(slug: str) -> Response:
    """The EHR sends the browser back: to the patient's page, or to a page that says why not."""
    issuer = services().settings.issuer_of(slug)
    if issuer is None:
        raise UnknownIssuerError("no such issuer")
    g.issuer = issuer
    answer = callback_of(request.args.to_dict(flat=False))
    name = cookie_name("tx", sha256(answer.state)[:8])
    try:
        finished = finish_launch(services(), issuer, answer, request.cookies.get(name))
    except LaunchError as error:
        LAUNCHES.labels(issuer.slug, type(error).__name__).inc()
        raise
    LAUNCHES.labels(issuer.slug, "context").inc()
    context = finished.context
    _make_room(context.id)
    response = _send_to(f"/c/{context.handle}/", 303)
    set_cookie(response, cookie_name("scp", context.cookie_tag), finished.cookie_value, issuer)
    drop_cookie(response, name, issuer)
    return response


def end_session(handle: str) -> Response:
    """End this launch; the others of this browser live on."""
    context = require_context(handle)
    require_form_token(context)
    issuer = services().issuer(context.issuer)
    sign_out(services(), context)
    response = _send_to("/signed-out", 303)
    drop_cookie(response, cookie_name("scp", context.cookie_tag), issuer)
    # Not "cookies": they also hold the proofs of other launches.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def front_door() -> str:
    """What a person sees who opens the bare address: there is nothing to do here but to know where to go."""
    settings = services().settings
    # In the demo every issuer is the sandbox.
    sandboxes = sorted({urljoin(issuer.iss, "/") for issuer in settings.issuers}) if settings.demo else []
    page = ProblemPage(
        frame=_frame("start"),
        heading="Aftercare opens from a patient’s chart",
        says="It drafts follow-up care plans after breast cancer from what a record holds. By itself it knows nobody.",
        pairs=(Pair("What to do", "Open a patient’s chart in your EHR and choose Aftercare there."),),
        actions=tuple(Link("Open the sandbox EHR", address) for address in sandboxes),
        tone="warn",
        icon="info",
    )
    return render_template("problem.html", page=page)


def signed_out() -> str:
    """What a person sees after signing out."""
    page = ProblemPage(
        frame=_frame("signed out"),
        heading="You are signed out",
        says="This session has ended, and what was read of the patient is gone from Aftercare.",
        pairs=(Pair("What to do", "Close this page, or open Aftercare again from a patient's chart."),),
        tone="warn",
        icon="info",
    )
    return render_template("problem.html", page=page)


def _send_to(address: str, status: int) -> Response:
    """A redirect without a body: Werkzeug's own repeats the address, and with it codes and launch tokens."""
    response = redirect(address, status)
    response.set_data(b"")
    return cast(Response, response)


def _post_to(issuer: Issuer, begun: BegunLaunch) -> Response:
    # Browsers hold the redirects after a form to the same policy: the EHR's sign-in may lie on its other hosts.
    g.form_origins = issuer.origins
    page = OnwardPage(_frame("sign in"), issuer.title, begun.authorization_url, begun.form)
    return make_response(render_template("authorize_post.html", page=page), 200)


def _launch_parameters() -> tuple[Issuer, str | None]:
    given = request.args.to_dict(flat=False)
    iss, token = given.get("iss", []), given.get("launch", [])
    if len(iss) != 1 or len(token) > 1 or any(len(value) > LONGEST_LAUNCH for value in (*iss, *token)):
        raise UnknownIssuerError("a launch names exactly one EHR")
    issuer = require_issuer(services(), iss[0])
    g.issuer = issuer
    if token and not (token[0] and token[0].isprintable()):
        raise AuthorizationStateError("the launch token is not readable")
    return issuer, token[0] if token else None


def _query(issuer: Issuer, token: str | None) -> str:
    return urlencode({"iss": issuer.iss} if token is None else {"iss": issuer.iss, "launch": token})


def _go_address(issuer: Issuer, token: str | None) -> str:
    return f"/launch/go?{_query(issuer, token)}"


def _window_page(issuer: Issuer, token: str | None, blocked: bool) -> Response:
    says = (
        "This browser keeps no cookies for Aftercare inside the EHR's page, so Aftercare cannot tell you from others."
        if blocked
        else "In this EHR, Aftercare opens in a window of its own."
    )
    address = f"/launch?{_query(issuer, token)}"
    offers_window = issuer.launch_mode != "frame"
    heading = "Open Aftercare in a new window" if offers_window else "This browser keeps no cookies here"
    page = WindowPage(_frame("open in a window"), heading, says, address if offers_window else "", address)
    return make_response(render_template("launch_window.html", page=page), 200)


def _frame(title: str) -> Frame:
    return Frame(title, environment="SANDBOX" if services().settings.demo else "")


def _crowded() -> Response | None:
    """A page instead of a ninth launch where the oldest session holds a draft that was not saved; else None."""
    held = _live()
    if len(held) < MOST_CONTEXTS or not all(holds_unsaved_work(services().drafts, context) for context in held):
        return None
    page = ProblemPage(
        frame=_frame("too many patients open"),
        heading="Eight patients are open in this browser",
        says="Each of these sessions holds a draft that is not saved. Save or end one, then open this patient again.",
        actions=tuple(
            Link(f"Session {number}, opened {context.launched_at:%H:%M} UTC", f"/c/{context.handle}/")
            for number, context in enumerate(held, 1)
        ),
        tone="warn",
        icon="info",
    )
    return make_response(render_template("problem.html", page=page), 409)


def _make_room(new_id: str) -> None:
    """End the oldest sessions of this browser beyond the limit, first those that hold no draft."""
    held = [context for context in _live() if context.id != new_id]
    held.sort(key=lambda context: (holds_unsaved_work(services().drafts, context), context.started_at))
    for context in held[: max(0, len(held) + 1 - MOST_CONTEXTS)]:
        sign_out(services(), context)


def _live() -> list[LaunchContext]:
    found = []
    for tag, value in held_contexts():
        try:
            context = services().contexts.find_by_tag(tag, value)
        except AftercareError:
            continue
        if context is not None:
            found.append(context)
    return sorted(found, key=lambda context: context.started_at)
