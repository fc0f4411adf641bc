"""What a clinician sees of the sandbox EHR: the list of patients, the charts, and the way into the app."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from sandbox.auth.server import CLINICIANS, DEFAULT_USER
from sandbox.chart_rows import Row, chart_sections, concept_text, day_text
from sandbox.context import Issuer, require_issuer, sandbox
from sandbox.fhir.dates import instant_of_ms
from sandbox.fhir.records import Stored
from sandbox.seeding import display_name, listed_name

pages = Blueprint("chart", __name__)
TABS = {"aftercare": "Aftercare", "review": "Chart review", "results": "Results", "medications": "Medications"}
_OPTIONAL_CONTEXT = ("encounter", "intent")


@dataclass(frozen=True)
class PatientRow:
    """One line of the patient list, and the head of a chart."""

    id: str
    name: str
    record_number: str
    birth_date: str
    sex: str
    story: str
    age: str
    listed_name: str
    primary_care: str
    allergies: str


@pages.get("/")
def patient_list() -> str:
    """All patients of one issuer."""
    issuer = require_issuer(request.args.get("issuer", "open"))
    place = sandbox()
    rows = [_patient_row(stored) for stored in issuer.charts.patients()]
    return render_template(
        "patients.html", issuer=issuer.behaviour, issuers=list(place.issuers.values()), rows=rows, **_frame_values()
    )


@pages.get("/patients")
def patients() -> Response:
    """The sample patients, for scripts."""
    found = [{"id": key, **body} for key, body in sandbox().store.documents("story")]
    return make_response(found)


@pages.get("/launch-url")
def launch_url() -> Response:
    """Where to send a browser: `issuer`, `patient`, `auto=1`; without a patient a standalone launch."""
    issuer = require_issuer(request.args.get("issuer", "open"))
    patient = request.args.get("patient", "")
    if not patient:
        return make_response({"url": _launch_address(issuer, None)})
    if issuer.charts.find("Patient", patient) is None:
        return make_response({"error": f"{issuer.behaviour.slug} has no patient {patient!r}"}, 404)
    return make_response({"url": _new_launch(issuer, patient, auto=request.args.get("auto") == "1")})


@pages.get("/app/<slug>/<patient_id>")
def open_app(slug: str, patient_id: str) -> AnyResponse:
    """The button: a fresh launch, and off to the app."""
    issuer = require_issuer(slug)
    _require_patient(issuer, patient_id)
    return redirect(_new_launch(issuer, patient_id, auto=False), 303)


@pages.get("/frame/<slug>/<patient_id>")
def frame(slug: str, patient_id: str) -> str:
    """What stands in the chart's frame before the app is opened there."""
    issuer = require_issuer(slug)
    stored = _require_patient(issuer, patient_id)
    return render_template("frame.html", issuer=issuer.behaviour, patient=_patient_row(stored))


@pages.get("/chart/<slug>/<patient_id>")
def chart(slug: str, patient_id: str) -> str:
    """One chart."""
    issuer = require_issuer(slug)
    patient = _chart_head(issuer, patient_id)
    tab = request.args.get("tab", "aftercare")
    if tab not in TABS:
        abort(404)
    kept = issuer.charts.of_patient(patient_id, ["CarePlan", "DocumentReference"])
    plans = [_document_row(stored) for stored in kept if stored.type == "CarePlan"]
    documents = [_document_row(stored) for stored in kept if stored.type == "DocumentReference"]
    sections = chart_sections(issuer.charts, patient_id, tab)
    return render_template(
        "chart.html",
        issuer=issuer.behaviour,
        patient=patient,
        tab=tab,
        tabs=TABS,
        plans=plans,
        documents=documents,
        sections=sections,
        **_frame_values(),
    )


@pages.get("/chart/<slug>/<patient_id>/CarePlan/<plan_id>")
def plan(slug: str, patient_id: str, plan_id: str) -> str:
    """One care plan as the EHR shows it: its activities, without the app's own words and looks."""
    issuer = require_issuer(slug)
    patient = _chart_head(issuer, patient_id)
    stored = _require_own(slug, patient_id, "CarePlan", plan_id)
    resource = stored.resource
    activities = [
        Row(
            str(detail.get("description") or concept_text(detail.get("code"))),
            str(detail.get("status", "")),
            _timing(detail),
        )
        for detail in (activity.get("detail", {}) for activity in resource.get("activity", []))
        if detail
    ]
    return render_template(
        "plan.html",
        issuer=issuer.behaviour,
        patient=patient,
        row=_document_row(stored),
        activities=activities,
        **_frame_values(),
    )


@pages.get("/chart/<slug>/<patient_id>/DocumentReference/<document_id>")
def document(slug: str, patient_id: str, document_id: str) -> Response:
    """The first attachment of a document, to look at."""
    stored = _require_own(slug, patient_id, "DocumentReference", document_id)
    found = [_attachment(content) for content in stored.resource.get("content", [])]
    whole = [(data, kind) for data, kind in found if data]
    if not whole:
        abort(404)
    response = Response(whole[0][0], content_type=whole[0][1])
    response.headers["Content-Disposition"] = "inline"
    response.headers["Content-Security-Policy"] = "sandbox"
    return response


def _attachment(content: dict[str, Any]) -> tuple[bytes, str]:
    attachment = content.get("attachment", {})
    try:
        data = base64.b64decode(attachment.get("data", ""), validate=True)
    except (binascii.Error, ValueError):
        data = b""
    return data, str(attachment.get("contentType", "application/octet-stream"))


def _timing(detail: dict[str, Any]) -> str:
    if "scheduledString" in detail:
        return str(detail["scheduledString"])
    period = detail.get("scheduledPeriod") or (detail.get("scheduledTiming") or {}).get("repeat", {}).get(
        "boundsPeriod"
    )
    if isinstance(period, dict):
        ends = dict.fromkeys(day_text(period[name]) for name in ("start", "end") if name in period)
        return " to ".join(ends)
    events = (detail.get("scheduledTiming") or {}).get("event", [])
    return ", ".join(day_text(event) for event in events)


def _require_patient(issuer: Issuer, patient_id: str) -> Stored:
    stored = issuer.charts.find("Patient", patient_id)
    if stored is None or stored.deleted:
        abort(404)
    return stored


def _require_own(slug: str, patient_id: str, resource_type: str, id_: str) -> Stored:
    stored = require_issuer(slug).charts.find(resource_type, id_)
    if stored is None or stored.deleted or stored.compartment != patient_id:
        abort(404)
    return stored


def _new_launch(issuer: Issuer, patient_id: str, *, auto: bool) -> str:
    body: dict[str, Any] = {"patient": patient_id, "user": None, "auto": auto}
    user = request.args.get("user", "")
    if user in CLINICIANS:
        body["user"] = user
    for name in _OPTIONAL_CONTEXT:
        if request.args.get(name):
            body[name] = request.args[name]
    if request.args.get("fhirContext"):
        body["fhirContext"] = [{"reference": target} for target in request.args["fhirContext"].split(",")]
    if "banner" in request.args:
        body["need_patient_banner"] = request.args["banner"] == "1"
    return _launch_address(issuer, issuer.server.new_launch(body))


def _launch_address(issuer: Issuer, launch: str | None) -> str:
    parameters = {"iss": issuer.server.fhir_base} | ({"launch": launch} if launch else {})
    return f"{sandbox().config.app_url}/launch?{urlencode(parameters)}"


def _frame_values() -> dict[str, Any]:
    return {"user": CLINICIANS[DEFAULT_USER][0], "today": sandbox().config.as_of.strftime("%b %-d, %Y")}


def _patient_row(stored: Stored, allergies: str = "") -> PatientRow:
    resource = stored.resource
    identifiers = resource.get("identifier") or []
    story = sandbox().store.find_document("story", stored.id) or {}
    birth = str(resource.get("birthDate", ""))
    return PatientRow(
        id=stored.id,
        name=display_name(resource),
        record_number=str(identifiers[0].get("value", "")) if identifiers else "",
        birth_date=birth,
        sex={"female": "F", "male": "M", "other": "X"}.get(str(resource.get("gender")), "U"),
        story=str(story.get("story", "")),
        age=_age(birth),
        listed_name=listed_name(resource),
        primary_care=str((resource.get("generalPractitioner") or [{}])[0].get("display", "")),
        allergies=allergies,
    )


def _chart_head(issuer: Issuer, patient_id: str) -> PatientRow:
    stored = _require_patient(issuer, patient_id)
    found = issuer.charts.of_patient(patient_id, ["AllergyIntolerance"])
    return _patient_row(stored, ", ".join(concept_text(allergy.resource.get("code")) for allergy in found))


def _age(birth: str) -> str:
    if len(birth) < 10:
        return ""
    born, today = date.fromisoformat(birth[:10]), sandbox().config.as_of
    return f"{today.year - born.year - ((today.month, today.day) < (born.month, born.day))} y"


@dataclass(frozen=True)
class DocumentRow:
    """A care plan or a document in the chart."""

    id: str
    title: str
    status: str
    resource: str
    version: int
    changed: str
    has_content: bool


def _document_row(stored: Stored) -> DocumentRow:
    resource = stored.resource
    title = resource.get("title") or resource.get("description") or concept_text(resource.get("type"))
    content = resource.get("content") or []
    return DocumentRow(
        id=stored.id,
        title=str(title or concept_text((resource.get("category") or [None])[0]) or stored.type),
        status=str(resource.get("status", "")),
        resource=f"{stored.type}/{stored.id}",
        version=stored.version,
        changed=instant_of_ms(stored.updated_ms)[:19].replace("T", " ") + " UTC",
        has_content=any(isinstance(c, dict) and c.get("attachment", {}).get("data") for c in content),
    )
