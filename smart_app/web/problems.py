"""
Every error class as a person meets it: status, words, and what to do next. An error's own message is never shown.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from smart_app import errors as e

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Problem:
    """
    One row. `tone` is `stop` (refused, failed) or `warn` (ended, not offered); `icon` a shape of the sprite.

    `log` false: it belongs to daily work and is no event for an administrator.
    """

    status: int
    title: str
    says: str
    next_step: str
    tone: str = "stop"
    icon: str = "not-read"
    log: bool = True


FROM_CHART = "Open Aftercare again from the patient's chart."
TELL_ADMIN = "If it happens again, tell your administrator the reference below."

PROBLEMS: Mapping[type[e.AftercareError], Problem] = {
    e.AftercareError: Problem(500, "Something went wrong", "Aftercare could not go on. Nothing was saved.", TELL_ADMIN),
    e.StartupError: Problem(
        503, "Aftercare is not set up", "Its settings or content cannot be used.", "Tell your administrator."
    ),
    e.InputError: Problem(400, "The file cannot be used", "What was sent is not a FHIR record.", "Send another file."),
    e.LaunchError: Problem(400, "The launch could not be completed", "Nothing was read or saved.", FROM_CHART),
    e.UnknownIssuerError: Problem(
        400,
        "This EHR is not registered",
        "Aftercare was opened from an EHR that it does not know. No request was sent there.",
        "Ask your administrator to register this EHR.",
        icon="not-advised",
    ),
    e.DiscoveryError: Problem(
        502,
        "The EHR's sign-in could not be found",
        "The EHR did not say where to sign in, or named an address that is not on its list. Nothing was read.",
        "Try again in a minute. " + TELL_ADMIN,
    ),
    e.AuthorizationRefusedError: Problem(
        403,
        "The EHR did not let Aftercare in",
        "Sign-in or consent was refused or cancelled. Nothing was read.",
        FROM_CHART + " If you cancelled by mistake, allow access this time.",
        "warn",
        "info",
    ),
    e.AuthorizationStateError: Problem(
        400,
        "Please start again",
        "This launch is not known here: it was used before, took longer than 10 minutes, or began in another browser "
        "or window. Nothing was read.",
        FROM_CHART,
        "warn",
        "info",
    ),
    e.TokenExchangeError: Problem(
        502,
        "The EHR's sign-in could not be completed",
        "The EHR refused the last step of sign-in or answered nonsense. Nothing was read.",
        FROM_CHART + " " + TELL_ADMIN,
    ),
    e.IdTokenError: Problem(
        502,
        "Who you are could not be confirmed",
        "The EHR's proof of your identity does not hold. Nothing was read.",
        FROM_CHART + " " + TELL_ADMIN,
        icon="not-advised",
    ),
    e.ClockError: Problem(
        502,
        "The clocks of Aftercare and the EHR do not agree",
        "By its time, the EHR's proof of your identity is not valid now. Nothing was read.",
        FROM_CHART + " If it happens again, the administrator must set the clocks of both systems.",
        "warn",
        "info",
    ),
    e.NoPatientError: Problem(
        400,
        "No patient was chosen",
        "The EHR opened Aftercare without a patient. Aftercare works for one patient at a time.",
        "Open a patient's chart first, then open Aftercare from it.",
        "warn",
        "info",
    ),
    e.SessionError: Problem(
        401, "This session cannot be used", "No patient data is shown.", FROM_CHART, "warn", "info"
    ),
    e.NoContextError: Problem(
        401,
        "This page needs to be opened from the chart",
        "The address is not of a session in this browser: it is old, was copied, or the browser keeps no cookies here.",
        FROM_CHART,
        "warn",
        "info",
    ),
    e.ContextExpiredError: Problem(
        401,
        "This session has ended",
        "It was signed out, was not used for 15 minutes, or the EHR's sign-in ended. A draft is kept for 7 days.",
        FROM_CHART + " The draft is offered only to you, for that patient, at that EHR.",
        "warn",
        "info",
        False,
    ),
    e.ForgeryError: Problem(
        403,
        "This form could not be accepted",
        "It did not come from this session's own page. Nothing was changed.",
        "Go back to the page, reload it, and send it again.",
        icon="not-advised",
    ),
    e.FhirError: Problem(
        502, "The EHR could not be used", "The EHR gave no usable answer.", "Try again in a minute. " + TELL_ADMIN
    ),
    e.TemporaryFhirError: Problem(
        503,
        "The EHR could not be reached",
        "Nothing could be read for this patient. No facts, dates or plan are shown, because none would be safe. "
        "A draft you had is kept.",
        "Try again in a minute. If the EHR itself is down, follow the downtime procedure.",
    ),
    e.UnknownOutcomeError: Problem(
        502,
        "Not known whether it was saved",
        "The EHR did not answer after the plan was sent. It may or may not be in the record.",
        "Do not enter it again. Check the chart, or let Aftercare check again on the plan page.",
    ),
    e.PermanentFhirError: Problem(
        502,
        "The EHR could not be reached",
        "The EHR answered, but not in a way that can be used. No facts, dates or plan are shown; a draft is kept.",
        TELL_ADMIN,
    ),
    e.NotSignedInError: Problem(
        401,
        "Your sign-in at the EHR has ended",
        "The EHR no longer accepts this session. Nothing was saved; a draft you had is kept.",
        FROM_CHART + " The draft is offered only to you, for that patient, at that EHR.",
        "warn",
        "info",
    ),
    e.NotPermittedError: Problem(
        403,
        "The EHR does not permit this",
        "Your rights in the EHR do not include this part of the record.",
        "Ask your EHR's administrator for the right, or carry on without it.",
        icon="not-advised",
    ),
    e.NotOfferedError: Problem(
        501,
        "This EHR does not offer that",
        "The EHR has no such function for apps.",
        "Use what the EHR offers: a document, or paper.",
        "warn",
        "info",
    ),
    e.GoneError: Problem(
        404,
        "It is no longer in the record",
        "The EHR says that this was deleted or never existed.",
        "Read the record again.",
        "warn",
        "info",
    ),
    e.VersionConflictError: Problem(
        409,
        "Somebody else changed it",
        "The record holds a newer version. Nothing was overwritten; your draft is kept.",
        "Compare both on the plan page and choose.",
        "warn",
        "conflicting",
    ),
    e.RefusedResourceError: Problem(
        422,
        "The EHR refused it",
        "The EHR did not accept what was asked or sent. Your draft is kept.",
        "Look at the EHR's reasons on the plan page, change the plan, and save again.",
    ),
    e.TooLargeError: Problem(
        413,
        "The record is too large to read in full",
        "Reading stopped at a limit, so that other users are not held up.",
        "Tell your administrator the reference below; the limits are settings.",
    ),
    e.MalformedAnswerError: Problem(
        502,
        "The EHR's answer cannot be read",
        "What came is not FHIR. No facts, dates or plan are shown, because none would be safe.",
        "Try again in a minute. " + TELL_ADMIN,
    ),
    e.CarePlanError: Problem(
        409, "The plan cannot be used as it stands", "Nothing was saved.", "Go back to the plan.", "warn", "info", False
    ),
    e.OutOfScopeError: Problem(
        409,
        "A survivorship plan does not apply",
        "The record says why; no plan, handout or calendar is made.",
        "Go back to the record.",
        "warn",
        "info",
        False,
    ),
    e.NotReadyError: Problem(
        409,
        "Decisions are missing",
        "Some rows of the plan wait for you. Nothing was saved.",
        "Go back to the plan and decide the rows that are marked.",
        "warn",
        "info",
        False,
    ),
    e.StaleDraftError: Problem(
        409,
        "The plan has changed in between",
        "This form is of an older draft, or the record changed since it was drawn. Nothing was saved.",
        "Reload the plan page, look at what changed, and save again.",
        "warn",
        "conflicting",
        False,
    ),
    e.WrongPatientError: Problem(
        409,
        "The form is for another patient",
        "The page, this session and the plan do not name the same patient. Nothing was sent.",
        "Close this page and open Aftercare again from the right chart.",
        icon="not-advised",
    ),
    e.InvalidPlanError: Problem(
        500, "The plan could not be built", "Our own check refused it before sending. Your draft is kept.", TELL_ADMIN
    ),
    e.StoreError: Problem(
        503,
        "Aftercare cannot keep data now",
        "Its store is locked, full or damaged. Nothing was saved; what was kept before stays.",
        "Try again in a minute. " + TELL_ADMIN,
    ),
    e.AnotherSaveError: Problem(
        409,
        "Another save for this patient is under way",
        "It was begun in another window or by another user, and is not finished. Nothing of yours was sent; your draft "
        "is kept.",
        "Wait a moment, then open the plan page: it shows how that save ended. Then save again.",
        "warn",
        "info",
        False,
    ),
    e.SentNotKeptError: Problem(
        503,
        "Not known whether saved",
        "The plan was sent to the EHR, and then Aftercare's own store failed (locked, full or damaged). It may or may "
        "not be in the record.",
        "Do not enter it again. Check the chart, or open the plan page in a minute: it looks in the record first.",
    ),
    e.UnreadableRecordError: Problem(
        500,
        "Something that was kept cannot be read",
        "One record of this session is damaged or belongs to another key. It is not shown as empty.",
        FROM_CHART + " " + TELL_ADMIN,
    ),
    e.DocumentError: Problem(
        500,
        "The document could not be made",
        "No PDF was made. Your draft is as it was.",
        "Use the HTML handout instead. " + TELL_ADMIN,
    ),
    e.MissingGlyphError: Problem(
        422,
        "The document could not be made",
        "No font here holds a character of it, and text is never left out silently. Your draft is as it was.",
        "Open the handout page: it names the character, takes the name in other letters, and can be printed itself.",
    ),
}

HTTP_PROBLEMS: Mapping[int, Problem] = {
    400: Problem(400, "The request cannot be read", "Nothing was changed.", "Go back and try again."),
    404: Problem(404, "There is no such page", "The address is wrong or old.", FROM_CHART, "warn", "info", False),
    405: Problem(405, "Not that way", "This address does not take that request.", "Go back.", "warn", "info", False),
    413: Problem(413, "Too much text", "What was sent is larger than a plan can be.", "Shorten it and send it again."),
    421: Problem(421, "Wrong address", "This server is not known by that name.", "Use the address you were given."),
    429: Problem(
        429,
        "Too many requests",
        "This address asked more often than a person can.",
        "Wait a minute, then try again.",
        "warn",
        "info",
    ),
    500: PROBLEMS[e.AftercareError],
}


def problem_of(error: type[BaseException]) -> Problem:
    """The row of an error class: its own, else its nearest ancestor's."""
    for ancestor in error.__mro__:
        row = PROBLEMS.get(ancestor) if issubclass(ancestor, e.AftercareError) else None
        if row is not None:
            return row
    return PROBLEMS[e.AftercareError]


def new_reference() -> str:
    """A short name for one failure, on the page and in the log, such as `R-7QJ4K2`."""
    return "R-" + "".join(secrets.choice(ALPHABET) for _ in range(6))
