"""
One resource of this patient as the EHR gives it: the source behind a fact, never another patient's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, abort

from smart_app.errors import GoneError
from smart_app.web.opening import open_context, render_page
from smart_app.web.presenters_page import Frame, Pair

_TYPE = re.compile(r"[A-Z][A-Za-z]{2,40}")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
# Types that belong to no patient: what a fact may rest on besides the patient's own resources.
SHARED_TYPES = frozenset({"Medication", "Practitioner", "PractitionerRole", "Organization", "Location"})
_SUBJECTS = ("subject", "patient", "beneficiary")
_TOKEN = re.compile(r"eyJ[A-Za-z0-9_.-]{8,}")
_FILES = ("data", "valueBase64Binary")
"""Elements that hold base64 (of an attachment, a Binary, a signature)."""


@dataclass(frozen=True, slots=True)
class ResourcePage:
    """Everything that `resource.html` shows."""

    frame: Frame
    reference: str
    read_words: str
    pairs: tuple[Pair, ...]
    json: str


def show_resource(handle: str, kind: str, name: str) -> Response:
    """Read it now, with this launch's rights, and show it only if it is this patient's."""
    opened = open_context(handle, "a resource as read")
    if not (_TYPE.fullmatch(kind) and _ID.fullmatch(name)):
        abort(404)
    resource = opened.planning.client_for(opened.context).read(kind, name)
    if not belongs_to(resource, kind, opened.context.patient_id, opened.context.base_url):
        raise GoneError("the resource is not of this patient")
    meta = resource.get("meta")
    known = meta if isinstance(meta, Mapping) else {}
    pairs = tuple(
        Pair(term, str(known[key]))
        for term, key in (("Version", "versionId"), ("Last updated", "lastUpdated"), ("Source system", "source"))
        if known.get(key)
    )
    text = json.dumps(readable(resource), ensure_ascii=False, indent=2, default=str)
    return render_page("resource.html", ResourcePage(opened.frame, f"{kind}/{name}", "now", pairs, text))


def readable(value: object) -> Any:
    """The same value without what no page may hold: whole files in base64, and what may be a token (in an address)."""
    if isinstance(value, Mapping):
        return {key: _file_words(one) if key in _FILES else readable(one) for key, one in value.items()}
    if isinstance(value, list):
        return [readable(one) for one in value]
    if not isinstance(value, str):
        return value
    return _TOKEN.sub("(not shown: may be a token)", value)


def _file_words(value: object) -> Any:
    return f"({len(value):,} characters of base64, not shown here)" if isinstance(value, str) else readable(value)


def belongs_to(resource: Mapping[str, Any], kind: str, patient_id: str, base_url: str) -> bool:
    """
    Whether a resource may be shown in this patient's context (hazard H03).

    Types without a patient may be; every other must name this patient: relative, absolute at this EHR, or with a
    version.
    """
    if resource.get("resourceType") != kind:
        return False
    if kind == "Patient":
        return resource.get("id") == patient_id
    if kind in SHARED_TYPES:
        return True
    named = [resource[name] for name in _SUBJECTS if isinstance(resource.get(name), Mapping)]
    references = [str(one.get("reference", "")) for one in named]
    own = (f"Patient/{patient_id}", f"{base_url}/Patient/{patient_id}")
    return bool(references) and all(reference.partition("/_history/")[0] in own for reference in references)


def make_blueprint() -> Blueprint:
    """The routes of these pages."""
    blueprint = Blueprint("resource", __name__)
    blueprint.add_url_rule("/c/<handle>/resource/<kind>/<name>", view_func=show_resource, methods=["GET"])
    return blueprint
