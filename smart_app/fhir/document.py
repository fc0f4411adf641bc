"""
The plan as a document of the record, for servers that take no CarePlan: FHIR R4 DocumentReference. Pure.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smart_app.fhir import resources
from smart_app.fhir.careplan import URI_SYSTEM, Authorship, instant
from smart_app.fhir.narrative import TITLE, date_words

LOINC = "http://loinc.org"
PLAN_TYPE = "18776-5"
CATEGORY_SYSTEM = "http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category"
FHIR_JSON = "application/fhir+json"
_DAY = re.compile(r"[12]\d{3}-(?:0[1-9]|1[0-2])-[0-3]\d")


@dataclass(frozen=True, slots=True)
class Content:
    """One form of the document."""

    content_type: str
    data: bytes

    @property
    def checksum(self) -> str:
        """SHA-1 in base64, as `attachment.hash` wants it; it finds our file again, it protects nothing."""
        return base64.b64encode(hashlib.sha1(self.data, usedforsecurity=False).digest()).decode()


def document_reference(
    contents: tuple[Content, ...],
    identifier: str,
    authorship: Authorship,
    *,
    final: bool,
    existing: Mapping[str, Any] | None = None,
    language: str = "en",
) -> dict[str, Any]:
    """
    The DocumentReference of a plan.

    The title is fixed, so that it never holds a name. Every date carries a time: some servers refuse a bare date.

    Args:
        contents: the document itself, then further forms of it.
        identifier: `urn:uuid:` of the plan.
        final: signed; else preliminary.
        existing: our document as it stands in the record, which is updated.
    """
    at = instant(authorship.at)
    resource: dict[str, Any] = {"resourceType": "DocumentReference"}
    if existing and "id" in existing:
        resource["id"] = existing["id"]
    resource |= {
        "identifier": [{"system": URI_SYSTEM, "value": identifier}],
        "status": "current",
        "docStatus": "final" if final else "preliminary",
        "type": {"coding": [{"system": LOINC, "code": PLAN_TYPE, "display": "Plan of care note"}], "text": TITLE},
        "category": [
            {"coding": [{"system": CATEGORY_SYSTEM, "code": "clinical-note", "display": "Clinical Note"}]},
        ],
        "subject": {"reference": f"Patient/{authorship.patient_id}"},
        "date": at,
    }
    if authorship.author:
        resource["author"] = [authorship.author]
    if authorship.organization and "reference" in authorship.organization:
        resource["custodian"] = authorship.organization
    resource["description"] = TITLE
    resource["content"] = [{"attachment": _attachment(content, at, language)} for content in contents]
    context: dict[str, Any] = {"period": {"start": at, "end": at}}
    if authorship.encounter_id:
        context = {"encounter": [{"reference": f"Encounter/{authorship.encounter_id}"}], **context}
    resource["context"] = context
    return resource


def _attachment(content: Content, at: str, language: str) -> dict[str, Any]:
    return {
        "contentType": content.content_type,
        "language": language,
        "data": base64.b64encode(content.data).decode(),
        "size": len(content.data),
        "hash": content.checksum,
        "title": TITLE,
        "creation": at,
    }


def plan_json(care_plan: Mapping[str, Any]) -> Content:
    """The CarePlan itself as a further form of the document, for a program to read."""
    text = json.dumps(care_plan, ensure_ascii=False, separators=(",", ":"))
    return Content(FHIR_JSON, text.encode("utf-8", "replace"))


@dataclass(frozen=True, slots=True)
class DocumentInRecord:
    """A document of the plan's type as it was read. `checksum` and `attachment_url` of its first content, if stated."""

    reference: str
    version_id: str | None
    status: str
    doc_status: str
    title: str
    identifiers: tuple[str, ...]
    maker: str
    date: str
    checksum: str | None
    attachment_url: str | None
    size: int | None

    @property
    def told(self) -> str:
        """One sentence on a document that may be ours, and that nothing proves to be."""
        on = f" of {date_words(self.date[:10])}" if _DAY.fullmatch(self.date[:10]) else ""
        return f"{self.reference}{on} may be an earlier plan of Aftercare: nothing that this EHR keeps of it tells."


def read_document(resource: Mapping[str, Any]) -> DocumentInRecord:
    """Read a DocumentReference; parts that a server dropped are empty."""
    data = dict(resource)
    attachments = [entry.get("attachment") for entry in resources.objects(data.get("content"))]
    first = next((entry for entry in attachments if isinstance(entry, dict)), {})
    checksum = resources.text(first.get("hash"))
    encoded = first.get("data")
    if isinstance(encoded, str):
        checksum = checksum_of(encoded)
    size = resources.number(first.get("size"))
    identifiers = resources.objects(data.get("identifier")) + resources.objects(data.get("masterIdentifier"))
    return DocumentInRecord(
        reference=resources.own_reference(data),
        version_id=resources.version_id(data),
        status=resources.text(data.get("status")) or "unknown",
        doc_status=resources.text(data.get("docStatus")) or "",
        title=resources.text(first.get("title")) or resources.text(data.get("description")) or _type_words(data),
        identifiers=tuple(value for entry in identifiers if (value := resources.text(entry.get("value")))),
        maker=resources.first_display(data.get("author")) or "",
        date=resources.text(data.get("date")) or "",
        checksum=checksum,
        attachment_url=resources.text(first.get("url")),
        size=int(size) if size is not None else None,
    )


def _type_words(data: dict[str, Any]) -> str:
    words = data.get("type")
    return (resources.text(words.get("text")) if isinstance(words, dict) else None) or ""


def checksum_of(encoded: str) -> str | None:
    """`attachment.hash` of base64 data; None if it is not base64."""
    try:
        raw = base64.b64decode("".join(encoded.split()), validate=True)
    except ValueError:
        return None
    return Content("", raw).checksum
