"""
The tree of errors. No HTTP here: status and words live in `web/problems.py`, one row a class.

    AftercareError
    ├── StartupError             settings, registry or content are unusable; the program does not start
    ├── InputError               a file given to the command line cannot be used (exit code 2)
    ├── LaunchError              a launch cannot go on
    │   ├── UnknownIssuerError       `iss` is not in the registry
    │   ├── DiscoveryError           the smart-configuration is missing, malformed or names a host not pinned
    │   ├── AuthorizationRefusedError  the EHR answered `error=`; carries the OAuth code
    │   ├── AuthorizationStateError  state unknown, used, expired or of another browser
    │   ├── TokenExchangeError       the token endpoint refused or answered nonsense
    │   ├── IdTokenError             the id_token does not validate
    │   │   └── ClockError               by its times it is over, or not yet valid
    │   └── NoPatientError           the EHR gave no patient in context
    ├── SessionError             the context is gone
    │   ├── NoContextError           unknown handle, or the cookie does not prove it
    │   ├── ContextExpiredError      idle or absolute end, or the EHR's grant ended
    │   └── ForgeryError             a form without its token, or from another origin
    ├── FhirError                talking to the FHIR server
    │   ├── TemporaryFhirError       may pass: connection, time-out, 429, 5xx
    │   │   └── UnknownOutcomeError      a write was sent and no answer came
    │   └── PermanentFhirError       will not pass by waiting
    │       ├── NotSignedInError         401 after one refresh
    │       ├── NotPermittedError        403
    │       ├── NotOfferedError          404 of a type, 405, 501: this server does not do that
    │       ├── GoneError                404 or 410 of one resource
    │       ├── VersionConflictError     409 or 412
    │       ├── RefusedResourceError     400 or 422 with an OperationOutcome
    │       ├── TooLargeError            a limit of hazard T15
    │       └── MalformedAnswerError     not FHIR JSON
    ├── CarePlanError            the plan cannot be saved or printed as it stands
    │   ├── OutOfScopeError          no plan applies; carries the scope reasons
    │   ├── NotReadyError            decisions are missing
    │   ├── StaleDraftError          the form is of an older draft, or facts changed since
    │   ├── WrongPatientError        form, context and plan do not name the same patient
    │   └── InvalidPlanError         our own validation refused the resource
    ├── StoreError               the store is locked, full, damaged or of another key
    │   ├── AnotherSaveError         another save for the same patient is under way
    │   ├── UnreadableRecordError    one record does not decrypt
    │   └── SentNotKeptError         it failed after a write was sent to the EHR
    └── DocumentError            a PDF or handout cannot be made
        └── MissingGlyphError        no font holds a character; names it and its field
"""


class AftercareError(Exception):
    """Root of all errors of this product. Messages never hold PHI or a token."""


class StartupError(AftercareError):
    """Settings, issuer registry or content are unusable."""


class InputError(AftercareError):
    """A file given to the command line cannot be used; the message is one line for standard error."""


class LaunchError(AftercareError):
    """A launch cannot go on."""


class UnknownIssuerError(LaunchError):
    """`iss` is not in the registry; no request was made."""


class DiscoveryError(LaunchError):
    """The smart-configuration is missing, malformed, or points to a host that is not pinned."""


class AuthorizationRefusedError(LaunchError):
    """The authorization server answered with an error."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.description = description


class AuthorizationStateError(LaunchError):
    """`state` is unknown, used, expired, or belongs to another browser."""


class TokenExchangeError(LaunchError):
    """The token endpoint refused the code or answered nonsense."""


class IdTokenError(LaunchError):
    """The id_token does not validate."""


class ClockError(IdTokenError):
    """The id_token holds but for its times: the clocks of the EHR and of this program differ."""


class NoPatientError(LaunchError):
    """The EHR gave no patient in the launch context."""


class SessionError(AftercareError):
    """The context of this page is not usable."""


class NoContextError(SessionError):
    """Unknown handle, or its cookie is missing or wrong."""


class ContextExpiredError(SessionError):
    """The context ended: idle, absolute, or with the EHR's grant."""


class ForgeryError(SessionError):
    """A state change without its form token or from another origin."""


class FhirError(AftercareError):
    """Talking to the FHIR server failed."""

    def __init__(self, message: str, *, status: int | None = None, outcome: dict[str, object] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.outcome = outcome


class TemporaryFhirError(FhirError):
    """May pass: no connection, time-out, 429 or 5xx."""

    retry_after_s: float | None = None


class UnknownOutcomeError(TemporaryFhirError):
    """A write was sent and no answer came: it may or may not be in the record."""


class PermanentFhirError(FhirError):
    """Will not pass by waiting."""


class NotSignedInError(PermanentFhirError):
    """401, also after one refresh."""


class NotPermittedError(PermanentFhirError):
    """403: this user or these scopes may not."""


class NotOfferedError(PermanentFhirError):
    """The server does not do this at all (404 on a type, 405, 501)."""


class GoneError(PermanentFhirError):
    """The resource is not there (404) or was deleted (410)."""


class VersionConflictError(PermanentFhirError):
    """Somebody else changed the resource (409 or 412)."""


class RefusedResourceError(PermanentFhirError):
    """The server refused the content (400 or 422); `outcome` says why."""


class TooLargeError(PermanentFhirError):
    """A limit on size, depth or number was passed."""


class MalformedAnswerError(PermanentFhirError):
    """The answer is not the FHIR JSON that was asked for."""


class CarePlanError(AftercareError):
    """The plan cannot be saved or printed as it stands."""


class OutOfScopeError(CarePlanError):
    """
    A survivorship plan does not apply to this record.

    Where the diagnoses were not read in full (`diagnoses_read` false), that none was found is no reason of the record.
    """

    def __init__(self, reasons: tuple[str, ...], diagnoses_read: bool = True) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons
        self.diagnoses_read = diagnoses_read


class NotReadyError(CarePlanError):
    """Decisions are missing; `needed` names them."""

    def __init__(self, needed: tuple[str, ...]) -> None:
        super().__init__("decisions are missing")
        self.needed = needed


class StaleDraftError(CarePlanError):
    """The form is of an older draft, or facts in the record changed since it was drawn."""


class WrongPatientError(CarePlanError):
    """Form, context and plan do not name the same patient; nothing was sent."""


class InvalidPlanError(CarePlanError):
    """Our own validation refused the resource before sending."""


class StoreError(AftercareError):
    """The store cannot be used now: locked, full, read-only, damaged."""


class AnotherSaveError(StoreError):
    """Another save for the same patient is under way, in another window or by another user."""


class UnreadableRecordError(StoreError):
    """One stored record does not decrypt or does not parse; others are unaffected."""


class SentNotKeptError(StoreError):
    """The store failed after a write was sent to the EHR: it may be in the record, and nothing here can say so."""


class DocumentError(AftercareError):
    """A handout or PDF cannot be made."""


class MissingGlyphError(DocumentError):
    """No font holds a character: never a PDF with silently missing text."""

    def __init__(self, characters: str, field: str) -> None:
        super().__init__(f"no font holds {len(characters)} character(s) of {field}")
        self.characters = characters
        self.field = field
