"""The addresses of the authorization server: discovery, sign-in and consent pages, token, introspection, revocation."""

from __future__ import annotations

from typing import Any

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Response, make_response, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.auth.scopes import LAUNCH_SCOPES
from sandbox.auth.server import CLINICIANS, DEFAULT_USER, SmartServer
from sandbox.context import Issuer, require_issuer, sandbox
from sandbox.fhir.dates import find_span_ms
from sandbox.seeding import display_name


def blueprint(issuer: Issuer) -> Blueprint:
    """The pages of one issuer, below `/<slug>`."""
    slug, base = issuer.behaviour.slug, f"/{issuer.behaviour.authorization_path}"
    pages = Blueprint(f"auth-{slug}", __name__)
    view = AuthorizationPages(issuer)
    pages.add_url_rule("/fhir/.well-known/smart-configuration", "smart", view.smart_configuration)
    pages.add_url_rule(
        f"/{issuer.behaviour.issuer_path}/.well-known/openid-configuration", "openid", view.openid_configuration
    )
    pages.add_url_rule(f"{base}/jwks", "jwks", view.jwks)
    pages.add_url_rule(f"{base}/authorize", "authorize", view.authorize, methods=["GET", "POST"])
    pages.add_url_rule(f"{base}/sign-in", "sign_in", view.sign_in, methods=["POST"])
    pages.add_url_rule(f"{base}/patient", "patient", view.choose_patient, methods=["POST"])
    pages.add_url_rule(f"{base}/consent", "consent", view.consent, methods=["POST"])
    pages.add_url_rule(
        f"{base}/token", "token", view.token, methods=["POST", "OPTIONS"], provide_automatic_options=False
    )
    if issuer.behaviour.introspection:
        pages.add_url_rule(f"{base}/introspect", "introspect", view.introspect, methods=["POST"])
    if issuer.behaviour.revocation:
        pages.add_url_rule(f"{base}/revoke", "revoke", view.revoke, methods=["POST"])
    pages.add_url_rule("/smart-style.json", "style", view.style)
    return pages


class AuthorizationPages:
    """What one issuer's authorization server shows and answers."""

    def __init__(self, issuer: Issuer) -> None:
        self._behaviour = issuer.behaviour
        self._slug = issuer.behaviour.slug
        self._server: SmartServer = issuer.server
        self._charts = issuer.charts

    # Discovery

    def smart_configuration(self) -> Response:
        """`.well-known/smart-configuration`."""
        return sandbox().faults.around(
            "smart-configuration", self._slug, "", lambda: _json(smart_configuration(self._server))
        )

    def openid_configuration(self) -> Response:
        """OpenID discovery at the id_token's issuer."""
        found = smart_configuration(self._server)
        del found["capabilities"]
        extra = {"subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"]}
        return _json({**found, **extra})

    def jwks(self) -> Response:
        """Public keys."""
        return sandbox().faults.around("jwks", self._slug, "", lambda: _json(sandbox().keys.published()))

    def style(self) -> Response:
        """Colours of this EHR, for apps that want to blend in."""
        return _json({"color_background": "#dfe3e8", "color_error": "#a30000", "color_highlight": "#2b3f63"})

    # Sign-in and consent

    def authorize(self) -> AnyResponse:
        """Checks the request; then sign-in, or straight back where the launch says `auto`."""
        fault = sandbox().faults.take("authorize", self._slug, "")
        values = dict(request.values)
        try:
            grant = self._server.get_consent_grant()
        except OAuth2Error as error:
            return self._refuse(error)
        except ValueError:
            return self._problem("The request holds characters that are not allowed.")
        if fault is not None and fault.error:
            return self._error_redirect(values, fault.error, fault.words)
        launch = self._server.find_launch(values.get("launch", "")) or {}
        body = {
            "parameters": {**values, "scope": grant.request.scope},
            "user": launch.get("user"),
            "patient": launch.get("patient"),
            "context": {
                k: launch[k] for k in ("encounter", "need_patient_banner", "intent", "fhirContext") if k in launch
            },
        }
        if launch.get("auto"):
            body["user"] = body["user"] or DEFAULT_USER
            return self._finish(body)
        if values.get("prompt") == "none":
            return self._error_redirect(values, "login_required", "Nobody is signed in.")
        return self._page(
            "sign-in.html",
            self._server.new_ticket(body),
            users=sorted(CLINICIANS),
            user=launch.get("user") or DEFAULT_USER,
        )

    def sign_in(self) -> AnyResponse:
        """User name in, next page out."""
        ticket = request.form.get("ticket", "")
        body = self._server.find_ticket(ticket)
        if body is None:
            return self._problem("This sign-in has expired. Open the app again from the chart.")
        user = request.form.get("username", "").strip().lower()
        if user not in CLINICIANS or not request.form.get("password"):
            return self._page("sign-in.html", ticket, users=sorted(CLINICIANS), user=user, wrong=True, status=401)
        body["user"] = user
        self._server.update_ticket(ticket, body)
        scopes = body["parameters"]["scope"].split()
        if body["patient"] is None and "launch/patient" in scopes:
            patients = [(stored.id, display_name(stored.resource), stored.resource) for stored in self._patients()]
            return self._page("pick-patient.html", ticket, patients=patients)
        return self._consent_page(ticket, body)

    def choose_patient(self) -> AnyResponse:
        """The patient of a standalone launch."""
        ticket = request.form.get("ticket", "")
        body = self._server.find_ticket(ticket)
        chosen = request.form.get("patient", "")
        if body is None or body["user"] is None or body["patient"] is not None:
            return self._problem("This sign-in has expired. Open the app again from the chart.")
        if chosen not in {stored.id for stored in self._patients()}:
            return self._problem("That patient is not in this record.")
        body["patient"] = chosen
        self._server.update_ticket(ticket, body)
        return self._consent_page(ticket, body)

    def consent(self) -> AnyResponse:
        """Allow or deny; scopes that are not ticked are not granted."""
        body = self._server.end_ticket(request.form.get("ticket", ""))
        if body is None or body["user"] is None:
            return self._problem("This sign-in has expired. Open the app again from the chart.")
        if request.form.get("decision") != "allow":
            return self._error_redirect(body["parameters"], "access_denied", "The user said no.")
        ticked = request.form.getlist("scope")
        if ticked:
            asked = body["parameters"]["scope"].split()
            body["parameters"]["scope"] = " ".join(scope for scope in asked if scope in ticked)
        return self._finish(body)

    def _finish(self, body: dict[str, Any]) -> AnyResponse:
        context = {"patient": body["patient"], **body["context"]}
        if context["patient"] and "encounter" not in context:
            context["encounter"] = self._newest_encounter(str(context["patient"]))
        made = self._server.request_of(body["parameters"], self._server.user(str(body["user"])), context)
        grant = self._server.get_authorization_grant(made)
        response: AnyResponse = self._server.create_authorization_response(made, grant_user=made.user, grant=grant)
        response.headers["Cache-Control"] = "no-store"
        return response

    def _newest_encounter(self, patient_id: str) -> str | None:
        found = self._charts.of_patient(patient_id, ["Encounter"])
        dated = [(find_span_ms((s.resource.get("period") or {}).get("start")) or (0, 0), s.id) for s in found]
        return max(dated)[1] if dated else None

    def _patients(self) -> list[Any]:
        # A standalone launch can be the first that anybody asks of this issuer: its charts are filled on first use.
        return require_issuer(self._slug).charts.patients()

    # Pages and errors

    def _consent_page(self, ticket: str, body: dict[str, Any]) -> AnyResponse:
        scopes = body["parameters"]["scope"].split()
        patient = self._charts.find("Patient", str(body["patient"])) if body["patient"] else None
        return self._page(
            "consent.html",
            ticket,
            client_id=body["parameters"]["client_id"],
            patient=display_name(patient.resource) if patient else "",
            context_scopes=[scope for scope in scopes if scope in LAUNCH_SCOPES],
            record_scopes=[scope for scope in scopes if scope not in LAUNCH_SCOPES],
            user=CLINICIANS[body["user"]][0],
        )

    def _page(
        self, template: str, ticket: str, *, status: int = 200, wrong: bool = False, **values: Any
    ) -> AnyResponse:
        action = f"/{self._slug}/{self._behaviour.authorization_path}"
        shown = render_template(
            template, ticket=ticket, action=action, title=self._behaviour.title, slug=self._slug, wrong=wrong, **values
        )
        return _framed(make_response(shown, status))

    def _problem(self, words: str) -> AnyResponse:
        return _framed(make_response(render_template("problem.html", title=self._behaviour.title, words=words), 400))

    def _refuse(self, error: OAuth2Error) -> AnyResponse:
        if not error.redirect_uri:
            return self._problem(f"The app cannot sign in here: {error.description or error.error}")
        response: AnyResponse = self._server.handle_error_response(None, error)
        self._server.issuer_parameter.add_issuer_parameter(self._server, response)
        return response

    def _error_redirect(self, parameters: dict[str, Any], code: str, words: str) -> AnyResponse:
        error = OAuth2Error(redirect_uri=parameters["redirect_uri"], state=parameters["state"], error=code)
        error.description = words
        return self._refuse(error)

    # Token endpoints

    def token(self) -> Response:
        """Code or refresh token in, tokens out."""
        if request.method == "OPTIONS":
            return _open(Response(status=204))
        return _open(sandbox().faults.around("token", self._slug, "", self._server.create_token_response))

    def introspect(self) -> Response:
        """RFC 7662."""
        return _answered(self._server.create_endpoint_response("introspection"))

    def revoke(self) -> Response:
        """RFC 7009."""
        return _answered(self._server.create_endpoint_response("revocation"))


def smart_configuration(server: SmartServer) -> dict[str, Any]:
    """The SMART configuration of an issuer."""
    behaviour = server.behaviour
    symmetric = {"client_secret_basic", "client_secret_post"} & set(behaviour.auth_methods)
    capabilities = ["launch-ehr", "launch-standalone", "authorize-post", "client-public"]
    capabilities += ["client-confidential-symmetric"] if symmetric else []
    capabilities += ["client-confidential-asymmetric"] if "private_key_jwt" in behaviour.auth_methods else []
    capabilities += ["context-banner", "context-style", "context-ehr-patient", "context-ehr-encounter"]
    capabilities += ["context-standalone-patient", "permission-offline", "permission-online", "permission-patient"]
    capabilities += ["permission-user", "sso-openid-connect"]
    capabilities += [f"permission-{version}" for version in behaviour.scope_versions]
    found: dict[str, Any] = {
        "issuer": server.issuer,
        "jwks_uri": f"{server.auth_base}/jwks",
        "authorization_endpoint": f"{server.auth_base}/authorize",
        "token_endpoint": server.token_url,
        "token_endpoint_auth_methods_supported": [m for m in behaviour.auth_methods if m != "none"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS384", "ES384"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "scopes_supported": scopes_supported(server),
        "response_types_supported": ["code"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "capabilities": capabilities,
    }
    if behaviour.introspection:
        found["introspection_endpoint"] = f"{server.auth_base}/introspect"
    if behaviour.revocation:
        found["revocation_endpoint"] = f"{server.auth_base}/revoke"
    return found


def scopes_supported(server: SmartServer) -> list[str]:
    """Launch scopes, and what can be asked of each type."""
    letters = {"create": "c", "read": "r", "update": "u", "delete": "d", "search-type": "s"}
    found = sorted(LAUNCH_SCOPES)
    for name, interactions in sorted(server.behaviour.interactions.items()):
        offered = "".join(letter for interaction, letter in letters.items() if interaction in interactions)
        for compartment in ("patient", "user"):
            if "v2" in server.behaviour.scope_versions:
                found.append(f"{compartment}/{name}.{offered}")
            if "v1" in server.behaviour.scope_versions:
                found.append(f"{compartment}/{name}.read")
    return found


def _json(body: dict[str, Any]) -> Response:
    response = make_response(body)
    return _open(response)


def _open(response: Response) -> Response:
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Accept"
    return response


def _answered(response: Response | None) -> Response:
    return response if response is not None else Response(status=404)


def _framed(response: AnyResponse) -> AnyResponse:
    # form-action is left out: Chromium applies it to the redirect that follows a form, which goes to the app.
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'self' http://127.0.0.1:*"
    )
    return response
