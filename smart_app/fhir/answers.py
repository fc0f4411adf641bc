"""
What a FHIR server answered: strict JSON, the light view of a search page, and words of an OperationOutcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from smart_app.errors import MalformedAnswerError, TooLargeError
from smart_app.fhir.bundle import StrictJsonError, strict_loads

JSON_TYPES = ("application/fhir+json", "application/json", "application/json+fhir")


class PageLink(msgspec.Struct):
    """A link of a Bundle, as far as paging needs it."""

    relation: str = ""
    url: str = ""


class PageOutline(msgspec.Struct):
    """A Bundle without the content of its entries."""

    resourceType: str = ""  # noqa: N815 - FHIR's own name
    total: int | None = None
    link: list[PageLink] = []
    entry: list[msgspec.Raw] = []

    @property
    def next_url(self) -> str:
        """Address of the following page, empty on the last one."""
        return next((link.url for link in self.link if link.relation == "next"), "")


_outline = msgspec.json.Decoder(PageOutline, strict=False)


def parse_json(data: bytes) -> dict[str, Any]:
    """
    A FHIR resource from bytes, by the strict loader of `fhir/bundle.py`.

    Raises:
        MalformedAnswerError: not such JSON, or nested deeper than any resource needs.
    """
    try:
        value = strict_loads(data)
    except StrictJsonError as error:
        raise MalformedAnswerError(f"the answer is not FHIR JSON: {error}") from error
    if not isinstance(value, dict) or not isinstance(value.get("resourceType"), str):
        raise MalformedAnswerError("the answer is not a FHIR resource")
    return value


def outline_of(data: bytes) -> PageOutline:
    """
    The links and the number of entries of a search page.

    Raises:
        MalformedAnswerError: not a Bundle.
        TooLargeError: nested too deeply to be read.
    """
    try:
        outline = _outline.decode(data)
    except RecursionError as error:
        raise TooLargeError("the page is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise MalformedAnswerError("the page is not a Bundle") from error
    if outline.resourceType != "Bundle":
        raise MalformedAnswerError("the page is not a Bundle")
    return outline


def issues_of(outcome: object) -> list[dict[str, Any]]:
    """The issues of an OperationOutcome; empty for anything else."""
    if not isinstance(outcome, dict) or outcome.get("resourceType") != "OperationOutcome":
        return []
    issues = outcome.get("issue")
    return [issue for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []


def words_of(issues: Sequence[dict[str, Any]]) -> str:
    """What the server said in words: `details.text`, else `diagnostics`, else the code; at most 500 characters."""
    said: list[str] = []
    for issue in issues:
        details = issue.get("details")
        text = details.get("text") if isinstance(details, dict) else None
        for candidate in (text, issue.get("diagnostics"), issue.get("code")):
            if isinstance(candidate, str) and candidate.strip():
                said.append(" ".join(candidate.split()))
                break
    return "; ".join(dict.fromkeys(said))[:500]


def is_failure(issue: dict[str, Any]) -> bool:
    """Whether an issue means that the answer cannot be relied on; a missing or unknown severity does."""
    return issue.get("severity") not in ("warning", "information", "success")


def is_fhir_json(content_type: str) -> bool:
    """Whether a Content-Type says FHIR JSON."""
    return content_type.partition(";")[0].strip().lower() in JSON_TYPES
