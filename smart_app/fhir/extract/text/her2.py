"""HER2 phrases: immunohistochemistry score, in situ hybridization, ratio, copies, low and ultralow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from smart_app.fhir.extract.text.phrases import Phrase, Sentence

_ISH = re.compile(
    r"\b(?:FISH|D-?ISH|CISH|SISH|ISH)\b|in[ -]situ hybridi[sz]ation|(?:\b(?:not|non|un|without"
    r"|no(?: evidence of)?)[ -]*(?:gene[ -])?|\b)amplif\w+|\bunamplified\b|\bratio\b|\bCEP ?-?17\b"
    r"|\bcopy number\b|\bcopies\b|\bsignals?\b",
    re.IGNORECASE,
)
_ISH_SUBJECT = re.compile(
    r"\b(?:FISH|D-?ISH|CISH|SISH|ISH)\b|fluorescence in[ -]situ|in[ -]situ hybridi[sz]ation", re.IGNORECASE
)
_SCORE = re.compile(
    r"(?<![\d.])(?P<plus>[0-3])\s*\+(?!\d)"
    r"|\b(?:score|IHC|immunohistochemi\w+|immunostain\w*)\s*(?:of|is|:|=|-)?\s*\(?\s*(?:score\s*(?:of|:)?\s*)?"
    r"(?P<score>[0-3])(?![\d.+%])"
    r"|^\W{0,4}(?P<bare>[0-3])(?=$|[\s,;)(]|\.(?!\d))(?!\s*(?:%|of|/))|\(\s*(?P<bracket>[0-3])\s*\)",
    re.IGNORECASE,
)
_SCORE_RANGE = re.compile(r"(?<![\d.])[0-3]\s*\+?\s*(?:/|-|–|to|or)\s*[0-3]\s*\+", re.IGNORECASE)
"""`0/1+`, `1-2+`: two scores, of which none is the patient's."""
_NOT_AMPLIFIED = re.compile(
    r"\b(?:not|non|un|no(?: evidence of)?)[ -]*(?:gene[ -])?amplif\w+|\bunamplified\b"
    r"|\bnegative for (?:gene )?amplif\w+"
    r"|\bamplification\s*(?::|is|was)?\s*(?:not (?:detected|present|identified|seen)|absent|negative)",
    re.IGNORECASE,
)
_AMPLIFIED = re.compile(
    r"\bamplified\b|\bamplification\s*(?::|is|was)?\s*(?:detected|present|identified|positive)"
    r"|\bpositive for amplif\w+",
    re.IGNORECASE,
)
_NOT_OVER = re.compile(
    r"\b(?:not|no|without)\s+(?:\w+\s+)?over-?\s?express\w*"
    r"|\bover-?\s?express\w*\s*(?::|is|was)?\s*(?:not (?:identified|detected|present|seen)|absent|negative)",
    re.IGNORECASE,
)
_OVER = re.compile(r"\bover-?\s?express(?:ed|ion\s*(?::|is|was)?\s*(?:present|identified|detected))", re.IGNORECASE)
_OVER_WORD = re.compile(r"\bover-?\s?express\w*(?:\s*(?:or|and|/)\s*(?:gene )?amplif\w+)?", re.IGNORECASE)
_LOW = re.compile(r"^\s*-?\s*(?P<ultra>ultra-?)?low\b|\bHER2[ -](?P<ultra2>ultra-?)?low\b", re.IGNORECASE)
_NEGATIVE = re.compile(r"\bnegative\b|\bneg\b|\bnot detected\b|\bnon-?reactive\b", re.IGNORECASE)
_POSITIVE = re.compile(r"\bpositive\b|\bpos\b|\bdetected\b", re.IGNORECASE)
_EQUIVOCAL = re.compile(r"\bequivocal\b|\bindeterminate\b|\bborderline\b", re.IGNORECASE)
_SIGN = re.compile(r"^\s*[(\[]?\s*(?P<sign>\+|-|−|–)\s*[)\]]?(?=$|[\s,/;.)\]])(?!\s*(?i:pos|neg|equiv|low|\d))")
_BY_ISH = re.compile(
    r"\b(?P<result>negative|positive|equivocal|not amplified|non-?amplified|amplified)\s*,?\s+(?:by|on|with|per)\s+"
    r"(?:reflex\s+)?(?:FISH|D-?ISH|CISH|SISH|ISH|(?:fluorescence )?in[ -]situ hybridi[sz]ation)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\bpending\b|\bto follow\b|\bnot (?:performed|done|available|reported|assessed|tested)\b|\bcannot be\b|\bunknown\b"
    r"|\bsee (?:comment|note|below|report|addendum)|\bawait|\bcancel|\bwill be\b|\bordered\b|\breflex\b",
    re.IGNORECASE,
)
_ISH_WORDS = {
    "negative": "not-amplified",
    "positive": "amplified",
    "equivocal": "equivocal",
    "not amplified": "not-amplified",
    "non amplified": "not-amplified",
    "nonamplified": "not-amplified",
    "amplified": "amplified",
}
_NEGATED = re.compile(r"\b(?:not|no|non|without|never|lacks?)[\s-]*$", re.IGNORECASE)
_AMPLIF_FIRST = re.compile(r"\s*(?:gene )?amplif", re.IGNORECASE)
_LED = re.compile(r"\b(negative|positive)\s+(?:\w+\s+)?for\s*$", re.IGNORECASE)
_NUMBER = r"(?P<bound><|>|≥|≤|less than|greater than|=)?\s*(?P<number>\d{1,2}(?:\.\d{1,2})?)"
_RATIO = re.compile(
    rf"\bratio(?:\s*\([^)]{{0,40}}\))?\s*(?:of|is|was|:|=|-)?\s*(?:HER2[^0-9<>]{{0,25}}17)?\s*(?::|=)?\s*{_NUMBER}",
    re.I,
)
_RATIO_SHORT = re.compile(
    rf"\bHER-?2\s*[/:]\s*(?:CEP|CEN|D17Z1|chromosome)\s*-?17\s*(?:ratio)?\s*(?:of|is|was|:|=)?\s*{_NUMBER}", re.I
)
_COPIES = re.compile(
    rf"(?<!17 )(?<!17)(?:\bHER-?2(?:/neu)?\s+)?(?:gene\s+)?(?:average\s+)?\b(?:copy number|copies"
    rf"|signals?)(?:\s*(?:per|/)\s*(?:cell|nucleus))?"
    rf"\s*(?:of|is|was|:|=)?\s*{_NUMBER}",
    re.I,
)
_CONTEXT = re.compile(r"\bHER-?2|\bCEP ?-?17|\bFISH\b|\bISH\b|in[ -]situ", re.IGNORECASE)
_UNSURE = re.compile(r"\b(?:if|would|criteria|defined|interpreted|threshold|cut-?off|reference)\b", re.IGNORECASE)


def from_words(lead: str, tail: str, sentence: Sentence) -> Phrase:
    """
    A HER2 statement: `value` the stated status, `extra` score (`ihc`), hybridization (`ish`), `ratio`, `copies`.

    A value and extras of None are a statement that was not understood.
    """
    by_ish = _BY_ISH.search(tail)
    if by_ish is not None:
        tail = tail[: by_ish.start()] + " " + tail[by_ish.end() :]
    head, ish_words = _split(lead, tail)
    extra = _numbers(sentence.text)
    score = (_score(head) if head else None) or (_score(ish_words) if ish_words else None)
    if score is not None:
        extra["ihc"] = score
    value = (_status(head) if head else None) or _over(tail)
    if value is None and not ish_words:
        led = _LED.search(lead)
        value = led[1].lower() if led else None
    ish = _ISH_WORDS[by_ish["result"].lower().replace("-", " ")] if by_ish else _hybridization(ish_words)
    if _NEGATED.search(lead):
        ish = "not-amplified" if ish == "amplified" or _AMPLIF_FIRST.match(tail) else ish
        value = None if value == "positive" else value
    if ish is not None:
        extra["ish"] = ish
    low = _LOW.search(tail[:25])
    if low is not None:
        value, extra["category"] = "negative", "ultralow" if low["ultra"] or low["ultra2"] else "low"
    return Phrase("her2", value, sentence, extra=extra)


def _split(lead: str, tail: str) -> tuple[str, str]:
    """The words on immunohistochemistry and those on hybridization."""
    split = _ISH.search(tail)
    if _ISH_SUBJECT.search(lead[-40:]) or (split is not None and not tail[: split.start()].strip(" :,-([by")):
        return "", tail
    return (tail, "") if split is None else (tail[: split.start()], tail[split.start() :])


def hybridization_phrases(sentence: Sentence, her2_before: bool) -> Iterator[Phrase]:
    """`FISH: not amplified` and ratios in a sentence that does not name HER2, where HER2 was named before it."""
    words = sentence.text
    if re.search(r"\bHER-?\s?2|erbb", words, re.IGNORECASE) and not _RATIO_SHORT.search(words):
        return
    if _UNSURE.search(words) or not (her2_before or _RATIO_SHORT.search(words)):
        return
    extra = _numbers(words)
    subject = _ISH_SUBJECT.search(words)
    if subject is not None:
        ish = _hybridization(words[subject.end() :])
        if ish is not None:
            extra["ish"] = ish
    if extra:
        yield Phrase("her2", None, sentence, extra=extra)


def _status(words: str) -> str | None:
    if _OPEN.search(words):
        return None
    if _NOT_OVER.search(words):
        return "negative"
    cleaned = _OVER_WORD.sub(" ", words)
    rest = _NEGATIVE.sub(" ", cleaned)
    found = [rest != cleaned, bool(_POSITIVE.search(rest)), bool(_EQUIVOCAL.search(words))]
    if sum(found) > 1:
        return None
    if any(found):
        return ("negative", "positive", "equivocal")[found.index(True)]
    sign = _SIGN.match(words)
    if sign is not None:
        return "positive" if sign["sign"] == "+" else "negative"
    return None


def _over(words: str) -> str | None:
    if _NOT_OVER.search(words):
        return "negative"
    return "positive" if _OVER.search(words) else None


def _score(words: str) -> str | None:
    if _SCORE_RANGE.search(words):
        return None
    scores = {_score_text(match) for match in _SCORE.finditer(words)}
    return scores.pop() if len(scores) == 1 else None


def _score_text(match: re.Match[str]) -> str:
    digit = match["plus"] or match["score"] or match["bare"] or match["bracket"]
    return "0" if digit == "0" else f"{digit}+"


def _hybridization(words: str) -> str | None:
    if not words or _OPEN.search(words):
        return None
    if _NOT_AMPLIFIED.search(words):
        return "not-amplified"
    if _AMPLIFIED.search(words):
        return "amplified"
    status = _status(re.sub(r"^\W*(?:[A-Z]+|in[ -]situ hybridi[sz]ation)\b", "", words, count=1) or words)
    return {"positive": "amplified", "negative": "not-amplified", "equivocal": "equivocal"}.get(status or "")


def _numbers(words: str) -> dict[str, Any]:
    if not _CONTEXT.search(words) or _UNSURE.search(words):
        return {}
    found: dict[str, Any] = {}
    ratios = {float(m["number"]) for m in [*_RATIO.finditer(words), *_RATIO_SHORT.finditer(words)] if _exact(m)}
    if len(ratios) == 1:
        found["ratio"] = ratios.pop()
    copies = {float(m["number"]) for m in _COPIES.finditer(words) if _exact(m)}
    if len(copies) == 1:
        found["copies"] = copies.pop()
    return found


def _exact(match: re.Match[str]) -> bool:
    return match["bound"] in (None, "=")
