"""Splits a report into sections and sentences, with side and specimen of each."""

from __future__ import annotations

import re

from smart_app.fhir.extract.text.phrases import Sentence

MAX_CHARACTERS = 200_000
MAX_SENTENCE = 600

_HEADINGS = {
    "family history": "family",
    "family hx": "family",
    "family cancer history": "family",
    "plan": "plan",
    "recommendation": "plan",
    "recommendations": "plan",
    "treatment plan": "plan",
    "follow-up": "plan",
    "methodology": "method",
    "methods": "method",
    "method": "method",
    "scoring criteria": "method",
    "interpretation guideline": "method",
    "interpretation guidelines": "method",
    "interpretive criteria": "method",
    "reference range": "method",
    "reference ranges": "method",
    "references": "method",
    "controls": "method",
    "disclaimer": "method",
    "er/pr interpretation": "method",
    "clinical history": "history",
    "clinical information": "history",
    "clinical indication": "history",
    "indication": "history",
    "reason for exam": "history",
    "reason for study": "history",
    "history": "history",
    "comparison": "history",
    "prior studies": "history",
    "past medical history": "past",
    "review of systems": "other",
    "allergies": "other",
    "social history": "other",
    "gross description": "gross",
    "gross": "gross",
    "final diagnosis": "diagnosis",
    "final pathologic diagnosis": "diagnosis",
    "pathologic diagnosis": "diagnosis",
    "diagnosis": "diagnosis",
    "diagnoses": "diagnosis",
    "synoptic report": "diagnosis",
    "synoptic": "diagnosis",
    "biomarkers": "diagnosis",
    "biomarker results": "diagnosis",
    "immunohistochemistry": "diagnosis",
    "results": "diagnosis",
    "addendum": "diagnosis",
    "addendum diagnosis": "diagnosis",
    "comment": "diagnosis",
    "comments": "diagnosis",
    "microscopic description": "diagnosis",
    "staging": "diagnosis",
    "tumor": "diagnosis",
    "special studies": "diagnosis",
    "ancillary studies": "diagnosis",
    "breast biomarkers": "diagnosis",
    "biomarker testing": "diagnosis",
    "biomarker report": "diagnosis",
    "prognostic markers": "diagnosis",
    "case summary": "diagnosis",
    "margins": "diagnosis",
    "regional lymph nodes": "diagnosis",
    "specimen": "diagnosis",
    "specimens": "diagnosis",
    "specimen(s) received": "specimens",
    "specimens received": "specimens",
    "specimen(s) submitted": "specimens",
    "specimens submitted": "specimens",
    "impression": "impression",
    "findings": "findings",
    "assessment": "impression",
    "assessment and plan": "impression",
    "assessment/plan": "impression",
    "oncologic history": "oncology",
    "oncology history": "oncology",
    "cancer history": "oncology",
    "history of present illness": "oncology",
    "hpi": "oncology",
    "interval history": "oncology",
    "problem list": "oncology",
}
UNUSABLE_SECTIONS = frozenset({"family", "plan", "method", "other"})

_SHORT_SECTIONS = frozenset({"history", "past", "specimens"})
_HEADING = re.compile(r"\W{0,3}([A-Za-z][A-Za-z /()\-]{2,40}?)\s*(?::|$)")
_CAPITALS = re.compile(r"[A-Z][A-Z ()/&-]{5,50}:?")
_SPECIMEN_HEADING = re.compile(r"\s*(?:[A-Z]\d?[.):]|\d{1,2}[.):]|PART [A-Z]\b)\s*", re.IGNORECASE)
_SPLIT = re.compile(r"(?<=[a-z0-9%)\]\"+])\.\s+(?=[A-Z(\[])|;\s+|;$")
_NOT_A_SPLIT = re.compile(r"(?:\b(?:vs|Dr|No|approx|e\.g|i\.e|St)|\b[A-Z])$")
_WRAPPED = re.compile(r"[a-z0-9(<>%]")
_SIDES = re.compile(
    r"\b(left|right|bilateral|bilat)\b|\b(LT|RT|Lt|Rt|L|R)\b(?=\.?\s+(?:breast|BREAST|Breast))", re.IGNORECASE
)
_TITLE_SIDES = re.compile(r"\b(?:LT|RT)\b|\((?:L|R)\)")
_TITLE_BOTH = re.compile(r"\b(?:BI|BIL|B/L)\b(?!-?\s?RADS)")
_NODE = re.compile(r"\b(?:lymph )?node", re.IGNORECASE)
_BIOPSY = re.compile(r"\b(?:core|needle|fna|fine needle|biops|stereotactic|punch)", re.IGNORECASE)
_EXCISION = re.compile(
    r"\b(?:excision|lumpectomy|mastectomy|resection|quadrantectomy|partial mastectomy|segmental)", re.IGNORECASE
)
_DISTANT = re.compile(r"\b(?:metasta\w+|liver|lung|bone|brain|pleura\w*|vertebra\w*)\b", re.IGNORECASE)


def sentences(report: str) -> list[Sentence]:
    """Sentences of a report in order; text beyond `MAX_CHARACTERS` is left out."""
    found: list[Sentence] = []
    section, side, specimen, inline = "", None, None, False
    for line in _lines(report[:MAX_CHARACTERS]):
        if not line:
            # A history of one paragraph, told on the line of its heading, ends with the paragraph.
            section = "" if inline and section in _SHORT_SECTIONS else section
            continue
        heading = _heading(line)
        if heading is not None:
            section, inline = heading, not line.endswith(":")
        elif section in _SHORT_SECTIONS and _CAPITALS.fullmatch(line):
            section = ""
        if _SPECIMEN_HEADING.match(line) or _names_specimen(line):
            side, specimen = side_of(line) or side, specimen_kind(line) or specimen
        for part in _split(line):
            within = _heading(part)
            if within not in (None, section, "method"):
                section, inline = str(within), True
            # "Method: ..." inside a line tells of itself alone: results go on after it.
            own = within if within == "method" else section
            found.append(Sentence(part[:MAX_SENTENCE], own, side_of(part) or side, specimen_kind(part) or specimen))
    return found


def _names_specimen(line: str) -> bool:
    return bool(
        re.match(r"\s*(?:specimen|tissue|procedure|laterality|specimen laterality|site)\b", line, re.IGNORECASE)
    )


def _heading(line: str) -> str | None:
    match = _HEADING.match(line)
    return _HEADINGS.get(" ".join(match[1].lower().split())) if match else None


def _lines(report: str) -> list[str]:
    """Lines, with wrapped ones joined, and a label joined with the value on the next line."""
    joined: list[str] = []
    for raw in re.split(r"\r\n|\n|\r|\f", report):
        line = raw.strip()
        if not line:
            joined.append("")
            continue
        last = joined[-1] if joined else ""
        wraps = bool(last) and last[-1] not in ".;:" and _WRAPPED.match(line) and len(last) > 45
        labels = last.endswith(":") and len(last) < 80 and _heading(last) is None and not _heading(line)
        if (wraps or labels) and len(last) < MAX_SENTENCE:
            joined[-1] = f"{last} {line}"
        else:
            joined.append(line)
    return joined


def _split(line: str) -> list[str]:
    parts: list[str] = []
    rest = ""
    position = 0
    for match in _SPLIT.finditer(line):
        piece = rest + line[position : match.start()]
        if match[0].startswith(".") and _NOT_A_SPLIT.search(piece[-6:]):
            continue
        parts.append(piece)
        position = match.end()
    parts.append(line[position:])
    return [part.strip() for part in parts if part.strip()]


def side_of(words: str) -> str | None:
    """`left`, `right` or `bilateral` if the words name exactly one, else None."""
    sides = set()
    for match in _SIDES.finditer(words):
        word = match[0].lower()
        sides.add({"l": "left", "lt": "left", "r": "right", "rt": "right", "bilat": "bilateral"}.get(word, word))
    if sides >= {"left", "right"}:
        return "bilateral" if re.search(r"\b(?:and|both|&|bilateral)\b", words, re.IGNORECASE) else None
    return sides.pop() if len(sides) == 1 else None


def side_of_title(words: str) -> str | None:
    """The side in the title of an order or study, where `LT`, `RT`, `(L)`, `(R)` and `BI` stand for sides too."""
    side = side_of(words)
    if side is not None:
        return side
    found = {"LEFT" if m[0].strip("()") in ("LT", "L") else "RIGHT" for m in _TITLE_SIDES.finditer(words)}
    if len(found) == 1:
        return found.pop().lower()
    return "bilateral" if found or _TITLE_BOTH.search(words) else None


def specimen_kind(words: str) -> str | None:
    """`metastasis`, `lymph-node`, `excision` or `biopsy` if the words name a specimen of that kind, else None."""
    if (
        _DISTANT.search(words)
        and (_BIOPSY.search(words) or _EXCISION.search(words))
        and not re.search(r"\b(?:breast|no|negative)\b", words, re.IGNORECASE)
    ):
        return "metastasis"
    if _NODE.search(words) and _BIOPSY.search(words) and not re.search(r"\bbreast\b", words, re.IGNORECASE):
        return "lymph-node"
    if _EXCISION.search(words) and not re.search(r"\bbiops", words, re.IGNORECASE):
        return "excision"
    if _BIOPSY.search(words):
        return "biopsy"
    return None
