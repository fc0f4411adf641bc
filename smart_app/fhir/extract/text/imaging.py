"""BI-RADS category, breast density and ejection fraction in the words of a report."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smart_app.fhir.extract.text.phrases import Phrase, Sentence

_BIRADS = re.compile(
    r"\bBI-?\s?RADS?(?:\s*®|\s*\(R\))?\s*(?:final\s+)?(?:assessment\s*)?(?:category|code|score|classification"
    r"|cat\.?)?\s*(?:is|:|=|-|–|#)?\s*"
    r"(?:category\s*)?(?P<category>[0-6])\s?(?P<sub>[ABCabc])?(?![./]?\d|%|\w)"
    r"|\b(?:(?:mammogra\w+|ACR|overall|final)\s+)?assessment\s*(?:category)?\s*(?::|is"
    r"|=)\s*(?:category\s*)?(?P<category2>[0-6])\s?(?P<sub2>[ABCabc])?\b"
    r"|\bACR category\s*(?P<category3>[0-6])(?P<sub3>[ABC])?\b"
    r"|^\W*category\s*(?P<category4>[0-6])\s?(?P<sub4>[ABC])?\b",
    re.IGNORECASE,
)
_PRIOR = re.compile(
    r"\b(?:prior|previous(?:ly)?|last year|compar\w+|was BI-?RADS|history of|initially|formerly|if)\b", re.IGNORECASE
)
_OVERALL = re.compile(r"\b(?:overall|final|combined|both breasts|bilateral)\b", re.IGNORECASE)
_DENSITY = re.compile(
    r"(?P<d>extremely dense)|(?P<c>heterogeneous(?:ly)?\s+dense)|(?P<b>scattered (?:areas of )?fibroglandular)|"
    r"(?P<a>(?:almost entirely|predominantly|entirely) fat(?:ty)?)|"
    r"\b(?:breast )?(?:density|composition)\s*(?:category|type|ACR)?\s*(?:is|:"
    r"|=)?\s*(?:category\s*)?(?P<letter>[A-D])\b|"
    r"\bACR\s*(?:density\s*)?(?P<letter2>[A-D])\b",
    re.IGNORECASE,
)
_EF = re.compile(
    r"\b(?:LV ?EF|ejection fraction|EF)\b[^.;\d%]{0,40}?(?P<low>\d{2}(?:\.\d)?)\s*(?:(?:-|–"
    r"|to)\s*(?P<high>\d{2}(?:\.\d)?))?\s*%",
    re.IGNORECASE,
)
_ORDER = "1236045"


def birads_phrases(sentence: Sentence) -> Iterator[Phrase]:
    """The BI-RADS category of this study; categories of earlier studies are left out."""
    words = sentence.text
    if _PRIOR.search(words):
        return
    found = []
    for match in _BIRADS.finditer(words):
        category = match["category"] or match["category2"] or match["category3"] or match["category4"]
        sub = match["sub"] or match["sub2"] or match["sub3"] or match["sub4"]
        found.append((category, sub.upper() if sub and category == "4" else None))
    if found:
        category, sub = max(found, key=lambda pair: (_ORDER.index(pair[0]), pair[1] or ""))
        extra: dict[str, object] = {"overall": bool(_OVERALL.search(words))}
        if sub:
            extra["sub"] = sub
        yield Phrase("birads", category, sentence, extra=extra)


def worse_category(one: str, other: str) -> str:
    """The category that asks for more: 1, 2, 3, 6, 0, 4, 5."""
    return max(one, other, key=_ORDER.index)


def density_phrases(sentence: Sentence) -> Iterator[Phrase]:
    """Breast density `a` to `d`."""
    found = set()
    for match in _DENSITY.finditer(sentence.text):
        letter = match["letter"] or match["letter2"] or match.lastgroup or ""
        found.add(letter.lower())
    if len(found) == 1:
        yield Phrase("breast_density", found.pop(), sentence)


def ejection_fraction_phrases(sentence: Sentence) -> Iterator[Phrase]:
    """Ejection fraction in percent; of a range its lower end, with both ends beside it."""
    if _PRIOR.search(sentence.text):
        return
    values = []
    for match in _EF.finditer(sentence.text):
        low = float(match["low"])
        if 5 <= low <= 90:
            values.append((low, float(match["high"]) if match["high"] else None))
    if len(set(values)) == 1:
        low, high = values[0]
        yield Phrase("lvef_percent", low, sentence, extra={"range": [low, high]} if high else {})
