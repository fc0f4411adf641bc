"""
From a launch to a context, and what keeps it alive: tokens, their renewal, and the end.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from smart_app.errors import (
    AuthorizationRefusedError,
    AuthorizationStateError,
    ContextExpiredError,
    LaunchError,
    NotSignedInError,
    StoreError,
    TokenExchangeError,
    UnknownIssuerError,
)
from smart_app.fhir.client import FhirClient
from smart_app.fhir.queries import narrow, resource_scopes
from smart_app.settings import Issuer
from smart_app.smart.authorization import AuthorizationRequest, TokenAnswer, TokenSet, as_form, oauth_code
from smart_app.smart.configuration import SmartConfiguration
from smart_app.smart.id_token import UserIdentity
from smart_app.storage.audit import AuditAction, AuditOutcome
from smart_app.storage.contexts import ABSOLUTE_S, IDLE_S, LaunchContext, new_handle, new_secret, sha256
from smart_app.workflow.services import Services

AHEAD_S = 60.0
LEASE_S = 20.0
WAIT_FOR_OTHER_S = 12.0


@dataclass(frozen=True, slots=True)
class BegunLaunch:
    """
    A launch on its way to the EHR: where to, and the cookie that binds it to this browser.

    With `form` the request is posted: the fields are its parameters, and `authorization_url` is the endpoint alone.
    """

    authorization_url: str = field(repr=False)
    cookie_tag: str
    cookie_value: str = field(repr=False)
    form: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class FinishedLaunch:
    """A launch that became a context; `cookie_value` is its proof."""

    context: LaunchContext
    cookie_value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Callback:
    """The parameters of a redirect back from the EHR, each at most once; empty where absent."""

    state: str = field(repr=False)
    code: str = field(default="", repr=False)
    error: str = ""
    error_description: str = ""
    iss: str = ""


def require_issuer(services: Services, iss: str) -> Issuer:
    """
    The registered issuer of a launch.

    Raises:
        UnknownIssuerError: not in the registry; no request is made.
    """
    issuer = services.settings.find_issuer(iss)
    if issuer is None:
        raise UnknownIssuerError("this EHR is not registered with Aftercare")
    return issuer


def begin_launch(services: Services, issuer: Issuer, launch: str | None) -> BegunLaunch:
    """
    Start the authorization at the EHR; `launch` None is a standalone launch.

    Raises:
        DiscoveryError: the EHR's configuration cannot be used.
        StoreError: the launch cannot be kept.
    """
    configuration = services.network.discovery.of(issuer)
    request, url = services.network.authorizer.begin(
        issuer,
        configuration,
        scopes=scopes_to_ask(issuer, configuration, standalone=launch is None),
        redirect_uri=f"{services.settings.public_url}/callback/{issuer.slug}",
        launch=launch,
    )
    cookie_value = new_secret()
    services.contexts.keep_launch(request.state, cookie_value, request)
    services.log.event("launch-begun", issuer=issuer.slug, standalone=launch is None)
    tag = sha256(request.state)[:8]
    if issuer.authorize_by == "post" and "authorize-post" in configuration.capabilities:
        endpoint = configuration.authorization_endpoint
        return BegunLaunch(endpoint, tag, cookie_value, as_form(endpoint, url))
    return BegunLaunch(url, tag, cookie_value)


def scopes_to_ask(issuer: Issuer, configuration: SmartConfiguration, standalone: bool) -> tuple[str, ...]:
    """The fewest scopes that the app works with, in the words that the server understands."""
    scopes = ["openid", "fhirUser", "launch/patient" if standalone else "launch"]
    supported = configuration.scopes_supported
    if "profile" in supported:
        scopes.append("profile")  # the user's name beside the reference
    if issuer.refresh == "offline":
        scopes.append("offline_access")
    elif issuer.refresh == "online":
        only_offline = "offline_access" in supported and "online_access" not in supported
        scopes.append("offline_access" if only_offline else "online_access")
    return (*scopes, *narrow(resource_scopes(configuration.scopes_v2), issuer.scopes))


def finish_launch(services: Services, issuer: Issuer, callback: Callback, cookie_value: str | None) -> FinishedLaunch:
    """
    The way back: state, code for token, who and for whom. A context exists only when all of it holds.

    Raises:
        LaunchError: whatever does not hold.
    """
    request = services.contexts.take_launch(callback.state, cookie_value, _decode_request)
    _check_callback(issuer, request, callback)
    if callback.error:
        raise AuthorizationRefusedError(oauth_code(callback.error), callback.error_description[:300])
    if not callback.code:
        raise AuthorizationStateError("the EHR sent neither a code nor an error")
    answer = services.network.authorizer.exchange(issuer, request, callback.code)
    user = _identify(services, issuer, request, answer)
    patient_id = answer.require_patient()
    secret = new_secret()
    now = services.clock.now()
    context = LaunchContext(
        handle=new_handle(),
        issuer=issuer.slug,
        base_url=issuer.iss,
        patient_id=patient_id,
        fhir_user=_fhir_user(issuer, user),
        subject=user.subject if user else "",
        scopes=tuple(sorted(answer.scopes)),
        proof=sha256(secret),
        started_at=now,
        ends_at=_absolute_end(now, answer.tokens),
        user_name=user.name if user else "",
        encounter_id=answer.encounter or None,
        intent=_short(answer.extra.get("intent")),
        fhir_context=_fhir_context(answer.extra.get("fhirContext")),
        need_patient_banner=answer.extra.get("need_patient_banner") is not False,
        standalone=request.standalone,
    )
    services.contexts.open(context, answer.tokens)
    note(services, context, AuditAction.LAUNCH)
    services.log.event("launch-finished", issuer=issuer.slug, standalone=request.standalone, scopes=len(answer.scopes))
    return FinishedLaunch(context, secret)


def _decode_request(data: bytes) -> AuthorizationRequest:
    return msgspec.json.decode(data, type=AuthorizationRequest)


def _check_callback(issuer: Issuer, request: AuthorizationRequest, callback: Callback) -> None:
    if request.slug != issuer.slug:
        raise AuthorizationStateError("the answer came to the address of another EHR")
    # RFC 9207: an answer that another authorization server sent is not used.
    named = callback.iss or request.requires_iss
    if named and (callback.iss != request.expected_iss or not request.expected_iss):
        raise AuthorizationStateError("the answer came from another authorization server")


def _identify(
    services: Services, issuer: Issuer, request: AuthorizationRequest, answer: TokenAnswer
) -> UserIdentity | None:
    """The user; None only where the server granted no `openid`."""
    if not answer.id_token:
        if "openid" in answer.scopes:
            raise TokenExchangeError("openid was granted and no id_token came")
        return None
    configuration = services.network.discovery.of(issuer)
    return services.network.validator.validate(
        issuer, configuration, answer.id_token, request.nonce, answer.tokens.access_token
    )


def _fhir_user(issuer: Issuer, user: UserIdentity | None) -> str | None:
    """`Practitioner/17` where it lies in this EHR, the absolute address elsewhere, None where it is not said."""
    return (user.fhir_user.removeprefix(f"{issuer.iss}/") or None) if user is not None else None


def _absolute_end(now: float, tokens: TokenSet) -> float:
    # Without a refresh token nothing is read or written after the EHR's grant; what was typed can still be kept (F20).
    end = now + ABSOLUTE_S
    return end if tokens.refresh_token else min(end, tokens.expires_at + IDLE_S)


def _short(value: object) -> str:
    return value[:100] if isinstance(value, str) and value.isprintable() else ""


def _fhir_context(value: object) -> tuple[str, ...]:
    rows = value if isinstance(value, list) else []
    references = [row.get("reference") for row in rows if isinstance(row, dict)]
    return tuple(text for text in references if isinstance(text, str) and len(text) < 200)[:20]


class TokenSource:
    """The access token of one context; renewed ahead of its end, by one worker only while others wait (T31)."""

    def __init__(self, services: Services, context: LaunchContext) -> None:
        self._services = services
        self._context = context
        self._issuer = services.issuer(context.issuer)
        self._lock = threading.Lock()

    def current(self) -> str:
        """
        A token that is good for a while.

        Raises:
            NotSignedInError: it has ended and cannot be renewed.
        """
        with self._lock:
            tokens, _ = self._kept()
            if tokens.expires_at - self._services.clock.now() > AHEAD_S:
                return tokens.access_token
            if not (tokens.refresh_token or tokens.renewing):
                if tokens.expires_at > self._services.clock.now():
                    return tokens.access_token
                raise NotSignedInError("the sign-in at the EHR has ended", status=401)
            return self._renewed(tokens.access_token)

    def renew(self, refused: str) -> str | None:
        """A new token after the EHR refused one; None when there is no way to get one."""
        with self._lock:
            try:
                tokens, _ = self._kept()
                if tokens.access_token != refused:
                    return tokens.access_token
                return self._renewed(refused) if tokens.refresh_token or tokens.renewing else None
            except NotSignedInError:
                return None

    def _kept(self) -> tuple[TokenSet, int]:
        found = self._services.contexts.find_tokens(self._context)
        if found is None:
            raise NotSignedInError("the sign-in at the EHR has ended", status=401)
        return msgspec.json.decode(found[0], type=TokenSet), found[1]

    def _renewed(self, old: str) -> str:
        store, clock = self._services.store, self._services.clock
        lease, holder = f"refresh:{self._context.id}", f"{os.getpid()}-{threading.get_ident()}-{id(self)}"
        deadline = clock.monotonic() + WAIT_FOR_OTHER_S
        while not store.take_lease(lease, holder, LEASE_S):
            clock.sleep(0.05)
            tokens, _ = self._kept()
            if tokens.access_token != old:
                return tokens.access_token
            if clock.monotonic() > deadline:
                raise NotSignedInError("the sign-in could not be renewed", status=401)
        try:
            tokens, version = self._kept()
            if tokens.access_token != old:
                return tokens.access_token
            return self._ask(tokens, version)
        finally:
            store.free_lease(lease, holder)

    def _ask(self, tokens: TokenSet, version: int) -> str:
        services, context = self._services, self._context
        # The refresh token is marked as spent before it is sent: whoever comes after a crash does not send it again.
        if not tokens.refresh_token:
            raise NotSignedInError("the sign-in could not be renewed", status=401)
        spent = TokenSet(tokens.access_token, tokens.expires_at, "", renewing=True)
        if not services.contexts.replace_tokens(context, spent, version):
            raise NotSignedInError("the sign-in could not be renewed", status=401)
        try:
            answer = services.network.authorizer.refresh(
                self._issuer,
                services.network.discovery.of(self._issuer),
                tokens.refresh_token,
                frozenset(context.scopes),
            )
        except LaunchError as error:
            services.log.event("refresh-failed", issuer=context.issuer, error=type(error).__name__)
            raise NotSignedInError("the sign-in could not be renewed", status=401) from error
        patient = answer.extra.get("patient")
        if patient is not None and patient != context.patient_id:
            services.contexts.end(context)
            raise NotSignedInError("the EHR renewed the sign-in for another patient", status=401)
        services.contexts.replace_tokens(context, answer.tokens, version + 1)
        services.log.event("refreshed", issuer=context.issuer)
        return answer.tokens.access_token


def client_for(services: Services, context: LaunchContext) -> FhirClient:
    """
    A FHIR client of this launch, with a fresh budget of time and bytes.

    Raises:
        ContextExpiredError: its EHR is no longer in the registry.
    """
    if services.settings.issuer_of(context.issuer) is None:
        raise ContextExpiredError("the EHR of this launch is no longer registered")
    tokens = TokenSource(services, context)
    return FhirClient(
        context.base_url,
        tokens.current,
        services.network.pool,
        services.clock,
        services.limits,
        renew=tokens.renew,
    )


def note(services: Services, context: LaunchContext, action: AuditAction, outcome: AuditOutcome | None = None) -> None:
    """Write one line of the audit; reading goes on when it cannot be written, and the log says so (F41)."""
    try:
        services.audit.append(
            action,
            outcome or AuditOutcome.SUCCESS,
            issuer=context.issuer,
            user=context.fhir_user or context.subject,
            patient=context.patient_id,
            handle=context.handle,
        )
    except StoreError as error:
        services.log.event("audit-not-written", error=type(error).__name__)


def sign_out(services: Services, context: LaunchContext) -> bool:
    """End the context, then tell the EHR; True when the EHR confirmed that its tokens are void."""
    kept = services.contexts.find_tokens(context)
    services.contexts.end(context)
    note(services, context, AuditAction.SIGN_OUT)
    services.log.event("signed-out", issuer=context.issuer)
    issuer = services.settings.issuer_of(context.issuer)
    if kept is None or issuer is None:
        return False
    tokens = msgspec.json.decode(kept[0], type=TokenSet)
    try:
        return services.network.authorizer.revoke(issuer, services.network.discovery.of(issuer), tokens)
    except LaunchError:
        return False


def callback_of(parameters: Mapping[str, list[str]]) -> Callback:
    """
    The parameters of a callback.

    Raises:
        AuthorizationStateError: `state` is missing, or a parameter stands twice.
    """
    values: dict[str, Any] = {}
    for name in ("state", "code", "error", "error_description", "iss"):
        given = parameters.get(name, [])
        if len(given) > 1 or any(len(value) > 8192 for value in given):
            raise AuthorizationStateError("a parameter of the answer stands twice or is too long")
        if given:
            values[name] = given[0]
    if not values.get("state"):
        raise AuthorizationStateError("the answer of the EHR has no state")
    return Callback(**values)
