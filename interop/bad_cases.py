"""Known bad input, one fault a case, so that a checker proves that it can say no."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typst

Resource = dict[str, Any]


def _good() -> Resource:
    return {
        "resourceType": "CarePlan",
        "id": "good",
        "text": {"status": "additional", "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Follow-up.</p></div>'},
        "status": "active",
        "intent": "plan",
        "category": [
            {"coding": [{"system": "http://hl7.org/fhir/us/core/CodeSystem/careplan-category", "code": "assess-plan"}]}
        ],
        "subject": {"reference": "Patient/one"},
        "created": "2026-11-22T10:00:00-05:00",
        "activity": [{"detail": {"status": "not-started", "code": {"text": "Mammogram"}, "description": "Yearly"}}],
    }


def _set(*path: str | int, value: Any) -> Callable[[Resource], None]:
    def spoil(resource: Resource) -> None:
        target: Any = resource
        for part in path[:-1]:
            target = target[part]
        target[path[-1]] = value

    return spoil


def _remove(name: str) -> Callable[[Resource], None]:
    def spoil(resource: Resource) -> None:
        del resource[name]

    return spoil


_FAULTS: dict[str, Callable[[Resource], None]] = {
    "no-status": _remove("status"),
    "no-subject": _remove("subject"),
    "status-misspelled": _set("status", value="activ"),
    "intent-misspelled": _set("intent", value="plann"),
    "unknown-element": _set("survivorship", value=True),
    "impossible-date": _set("created", value="2026-13-45"),
    "subject-is-a-drug": _set("subject", "reference", value="Medication/one"),
    "script-in-narrative": _set(
        "text", "div", value='<div xmlns="http://www.w3.org/1999/xhtml"><script>1</script></div>'
    ),
    "empty-activity": _set("activity", value=[]),
    "number-as-text": _set("activity", 0, "detail", "doNotPerform", value="no"),
    "activity-status-misspelled": _set("activity", 0, "detail", "status", value="not-begun"),
}


def write_fhir_cases(folder: Path) -> tuple[list[Path], list[Path]]:
    """Bad cases of base R4 and a good one, as files: (bad, good)."""
    folder.mkdir(parents=True, exist_ok=True)
    bad = []
    for name, spoil in _FAULTS.items():
        resource = copy.deepcopy(_good())
        spoil(resource)
        bad.append(_write(folder / f"bad-{name}.json", resource))
    return bad, [_write(folder / "good.json", _good())]


def write_pdf_cases(folder: Path) -> tuple[list[Path], list[Path]]:
    """A PDF that is not accessible, a file that is none, and one that conforms."""
    folder.mkdir(parents=True, exist_ok=True)
    words = '#set document(title: "Follow-up")\n#set text(lang: "en")\n= Follow-up\nA mammogram every year.'
    good, untitled, none = folder / "good.pdf", folder / "bad-untitled.pdf", folder / "bad-not-a-pdf.pdf"
    source = folder / "case.typ"
    source.write_text(words, encoding="utf-8")
    typst.compile(str(source), output=str(good), pdf_standards=["ua-1"])
    source.write_text("= Follow-up\nA mammogram every year.", encoding="utf-8")
    typst.compile(str(source), output=str(untitled))
    none.write_bytes(b"no PDF")
    return [untitled, none], [good]


def write_html_cases(folder: Path) -> tuple[list[Path], list[Path]]:
    """Pages with one fault each, and one without: (bad, good)."""
    folder.mkdir(parents=True, exist_ok=True)
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Plan</title></head><body>{}</body></html>\n'
    )
    bodies = {
        "same-id-twice": '<p id="a">One</p><p id="a">Two</p>',
        "button-in-button": "<button>One <button>two</button></button>",
        "no-alternative": '<img src="a.png">',
        "unknown-element": "<survivor>One</survivor>",
        "paragraph-in-list": "<ul><p>One</p></ul>",
    }
    bad = []
    for name, body in bodies.items():
        path = folder / f"bad-{name}.html"
        path.write_text(page.format(body), encoding="utf-8")
        bad.append(path)
    good = folder / "good.html"
    good.write_text(page.format("<h1>Plan</h1><p>One</p>"), encoding="utf-8")
    return bad, [good]


def spoil_one_character(content: bytes) -> bytes:
    """A written resource with one character of its status changed."""
    marker = b'"status": "'
    at = content.index(marker) + len(marker)
    return content[:at] + bytes([content[at] + 1]) + content[at + 1 :]


def _write(path: Path, resource: Resource) -> Path:
    path.write_text(json.dumps(resource), encoding="utf-8")
    return path
