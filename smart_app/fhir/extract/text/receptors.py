"""Receptor phrases: ER, PR, HER2 and Ki-67, with negation, percentages, lists and several receptors in one sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from smart_app.fhir.extract.text import her2
from smart_app.fhir.extract.text.phrases import Phrase, Sentence

SUBJECT = re.compile(
    r"(?P<er>\b(?i:o?estrogen(?=(?:\s*(?:and|or|&|,|/)\s*|\s+and/or\s+)progesterone[ -]receptor))"
    r"|\b(?i:o?estrogen[ -]receptors?)(?:\s*[\[(]\s*ER\s*[\])])?|(?<!in )(?<!the )(?<!to )\bER\b(?!\s+(?i:visit"
    r"|dep|room|doctor|physician|admission|course|for|on|after))|(?<![a-z])er(?=\s?\(?[+−–-](?![a-z])|[ -](?:pos|neg)))"
    r"|(?P<pr>\b(?i:progesterone[ -]receptors?)(?:\s*[\[(]\s*(?:PR|PgR|PGR)\s*[\])])?"
    r"|\bP[gG]?R\b(?!\s+(?i:interval|exam|bleed|segment|\d+\s*ms))"
    r"|(?<![a-z])pr(?=\s?\(?[+−–-](?![a-z])|[ -](?:pos|neg)))"
    r"|(?P<hr>\b(?i:hormone[ -]receptors?)|\bHR\b)"
    r"|(?P<her2>\b(?i:her[ -]?2(?:[ /-]?neu)?)(?:\s*[\[(]\s*c?-?(?i:erbb-?2)\s*[\])])?|\b(?i:c-?erbb-?2|erbb2)\b"
    r"|(?i:human epidermal growth factor receptor 2)(?:\s*[\[(]\s*HER-?2(?:/neu)?\s*[\])])?)"
    r"|(?P<ki67>\b(?i:ki[ -]?67)\b|\bMIB-?1\b)"
    r"|(?P<stop>\b(?i:androgen receptor|pd-?l1|e-?cadherin|p53|gata-?3|ck ?\d+|cytokeratin|oncotype|margins?|"
    r"lymph nodes?|nodes?|lymphovascular|lvi|grade|nottingham|stage|metasta\w+|brca\w*|pt\d\w*|ct\d\w*)\b|\bAR\b)"
)
_CONNECTOR = re.compile(r"[\s,/&]*(?:\b(?:and|or|both)\b)?[\s,/&]*(?:\bthe\b)?\s*")
_LEAD = re.compile(
    r"\b(?P<negative>negative|neg)\s+(?:immuno)?(?:staining\s+|reactivity\s+)?for\s*(?:the\s+|both\s+)?$"
    r"|\b(?P<positive>positive|pos)\s+(?:immuno)?(?:staining\s+|reactivity\s+)?for\s*(?:the\s+|both\s+)?$",
    re.IGNORECASE,
)
_NEXT_STATEMENT = re.compile(
    r"[,;]?\s*\b(?:and |but |while |is |are )*(?:negative|positive|neg|pos)\s+(?:immuno)?"
    r"(?:staining\s+|reactivity\s+)?for\b",
    re.IGNORECASE,
)
_TRAILING_LEAD = re.compile(
    r"(?:\band\s+)?\b(?:negative|positive|neg|pos)\s+(?:immuno)?(?:staining\s+|reactivity\s+)?for\s*"
    r"(?:the\s+|both\s+)?$",
    re.IGNORECASE,
)
_NEGATIVE = re.compile(
    r"\bnon-?\s?reactive\b|\bnegative\b|\bneg\b|\bnot?\s+(?:\w+\s+)?(?:expressed|detected|positive|reactive"
    r"|expression)\b"
    r"|\babsent\b|\bloss of expression\b",
    re.IGNORECASE,
)
_POSITIVE = re.compile(r"\bpositive\b|\bpos\b|\breactive\b|\bexpressed\b|\bdetected\b|\bexpression\b", re.IGNORECASE)
_EQUIVOCAL = re.compile(r"\bequivocal\b|\bindeterminate\b|\bborderline\b", re.IGNORECASE)
_LOW = re.compile(r"\blow[ -]positive\b|\bpositive[ ,(-]{1,3}low\b", re.IGNORECASE)
_OPEN = re.compile(
    r"\bpending\b|\bto follow\b|\bnot (?:performed|done|available|reported|assessed|evaluated|tested|ordered|known)\b"
    r"|\bcannot be\b|\bunknown\b|\binsufficient\b|\bsee (?:comment|note|below|report|addendum|separate)|\bawait"
    r"|\bcancel|\bunable\b|\bwill be\b|\bordered\b|\bstatus unknown\b",
    re.IGNORECASE,
)
_SIGN = re.compile(r"^\s*[(\[]?\s*(?P<sign>\+{1,3}|-|−|–)\s*[)\]]?(?=$|[\s,/;.)\]])(?!\s*(?i:pos|neg|equiv|low|\d))")
PERCENT = re.compile(
    r"(?P<bound><\s?=?|>\s?=?|≥|≤|\bless than\b|\bgreater than\b|\bmore than\b|\bover\b|\bat least\b)?\s*"
    r"(?P<low>\d{1,3}(?:\.\d{1,2})?)\s*%?\s*(?:(?:-|–|\bto\b)\s*(?P<high>\d{1,3}(?:\.\d{1,2})?))?\s*(?:%|\bpercent\b)",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\b(?:if|would|could|may be|mother|father|sister|brother|aunt|uncle|cousin|grandmother|daughter|maternal|paternal|"
    r"family history|unlikely|suspicious for|rule out|r/o|trial|eligib\w+|internal control|external control|"
    r"positive controls?|negative controls?|threshold|cut-?off|defined as|interpreted as|considered (?:positive"
    r"|negative)|in general|generally|typically|literature|(?:patients|women|people|those) (?:with|who have))\b"
    r"|\b(?:positive|negative)\s*[:=]\s*(?:[<>≥≤]|less|greater|at least|no )",
    re.IGNORECASE,
)
_OTHER_ORGAN = re.compile(
    r"\b(?:lung|pulmonary|colon\w*|rect(?:um|al)|gastric|stomach|esophag\w*|endometri\w*|ovar(?:y|ian)|prostat\w*"
    r"|bladder|pancrea\w*|salivary)\b",
    re.IGNORECASE,
)
_OF_THE_BREAST = re.compile(r"\b(?:breasts?|mammary|ductal|lobular|IDC|ILC|metasta\w+)\b", re.IGNORECASE)
_TRIPLE = re.compile(
    r"(?P<not>\b(?:not|non|no|never)\b[ -](?:(?:an?|the|currently|considered|classified as"
    r"|consistent with|clearly)[ -]){0,3})?(?:\btriple[ -](?P<what>negative|positive)\b|\bTNBC\b)",
    re.IGNORECASE,
)
_NUCLEAR_PERCENT = re.compile(
    r"\W*(?:percent(?:age)?|%) of (?:tumou?r |invasive |neoplastic )*cells (?:with|showing) nuclear "
    r"(?:positivity|staining)\b",
    re.IGNORECASE,
)
_ONE_SIGN = r"(?:[+−–-]|\bpos(?:itive)?\b|\bneg(?:ative)?\b)"
_SIGNS = re.compile(rf"\W{{0,3}}?{_ONE_SIGN}(?:\s*[/,]\s*{_ONE_SIGN})+(?![\w%+])", re.IGNORECASE)
"""Signs in a row after several receptors: "+/+/-", "pos/neg"."""
_NEITHER = re.compile(r"\b(?:neither|nor)\s*(?:the\s*)?$", re.IGNORECASE)
_TAIL = 160


@dataclass(frozen=True, slots=True)
class _Mention:
    subject: str
    lead: str
    tail: str
    closed: bool = False


def receptor_phrases(sentence: Sentence) -> Iterator[Phrase]:
    """ER, PR, HER2 and Ki-67 statements of a sentence; a statement that is not understood has the value None."""
    words = sentence.text
    triple = _TRIPLE.search(words)
    mentions = _mentions(words)
    if not mentions and triple is None:
        return
    if _UNSURE.search(words):
        for subject in sorted({mention.subject for mention in mentions} & {"er", "pr", "her2"}):
            yield Phrase(subject, None, sentence, extra={"quiet": True})
        return
    if _OTHER_ORGAN.search(words) and not _OF_THE_BREAST.search(words):
        for subject in sorted({mention.subject for mention in mentions} & {"er", "pr", "her2"}):
            yield Phrase(subject, None, sentence)
        return
    if triple is not None and triple["not"] is None:
        value = (triple["what"] or "negative").lower()
        for name in ("er", "pr", "her2"):
            yield Phrase(name, value, sentence)
        return
    for group in _groups(mentions):
        yield from _read_group(group, sentence)


def _mentions(words: str) -> list[_Mention]:
    matches = list(SUBJECT.finditer(words))
    found = []
    for index, match in enumerate(matches):
        before = matches[index - 1].end() if index else 0
        after = matches[index + 1].start() if index + 1 < len(matches) else len(words)
        whole = words[match.end() : after]
        tail = _TRAILING_LEAD.sub("", whole) if index + 1 < len(matches) else whole
        found.append(_Mention(match.lastgroup or "", words[before : match.start()], tail[:_TAIL], tail != whole))
    return found


def _groups(mentions: list[_Mention]) -> Iterator[list[_Mention]]:
    """Receptors that share one result: "ER and PR positive", "ER/PR: negative"."""
    group: list[_Mention] = []
    for mention in mentions:
        if mention.subject == "stop":
            if group:
                yield group
            group = []
            continue
        group.append(mention)
        if mention.closed or not _CONNECTOR.fullmatch(mention.tail):
            yield group
            group = []
    if group:
        yield group


def _read_group(group: list[_Mention], sentence: Sentence) -> Iterator[Phrase]:
    tail, lead = group[-1].tail, group[0].lead
    signs = _SIGNS.match(tail)
    if signs is not None or _NEITHER.search(lead):
        yield from _read_in_order(group, re.findall(r"[+−–-]|\bpos\w*|\bneg\w*", signs[0]) if signs else [], sentence)
        return
    led = _LEAD.search(lead)
    if led is not None:
        tail = _NEXT_STATEMENT.split(tail, maxsplit=1)[0]
        if len(group) > 1 and polarity(tail) not in (None, "negative" if led["negative"] else "positive"):
            # "positive for PR, and HER2 is negative": the last one has a statement of its own.
            yield from _read_group([replace(mention, tail="") for mention in group[:-1]], sentence)
            yield from _read_group([replace(group[-1], lead="")], sentence)
            return
    for mention in group:
        if mention.subject in ("er", "pr"):
            yield receptor_from_words(mention.subject, tail, lead, sentence)
        elif mention.subject == "her2":
            yield her2.from_words(lead, tail, sentence)
        elif mention.subject == "ki67":
            yield from _ki67(tail, sentence)


def _read_in_order(group: list[_Mention], signs: list[str], sentence: Sentence) -> Iterator[Phrase]:
    """ "ER/PR/HER2 +/+/-": one sign each, in order; other numbers of signs and "neither ... nor" are not understood."""
    for index, mention in enumerate(group):
        if mention.subject not in ("er", "pr", "her2"):
            continue
        sign = signs[index] if len(signs) == len(group) else ""
        value = "positive" if sign[:1] in ("+", "p") else "negative" if sign else None
        yield Phrase(mention.subject, value, sentence)


def receptor_from_words(name: str, tail: str, lead: str, sentence: Sentence) -> Phrase:
    """One receptor from the words after its name (and before it, for "positive for ER")."""
    value, percent = polarity(tail), exact_percent(tail)
    if value is None and not _OPEN.search(tail):
        led = _LEAD.search(lead)
        value = ("negative" if led["negative"] else "positive") if led else None
    if value is None and not _OPEN.search(tail):
        value = from_percent(tail)
    if value in ("positive", "low-positive") and percent is not None:
        value = value_of_percent(percent)
        if value == "negative":
            value = None
    if value == "low-positive" and name == "pr":
        value = "positive"
    extra = {} if percent is None or value is None else {"percent": percent}
    if value == "low-positive" and name == "er":
        extra["low"] = True
    return Phrase(name, value, sentence, extra=extra)


def polarity(words: str) -> str | None:
    """`positive`, `low-positive`, `negative` or `equivocal`; None if the words say none of them, or several."""
    if _OPEN.search(words):
        return None
    signs = _SIGN.match(words)
    rest = _NEGATIVE.sub(" ", words)
    negative, positive = rest != words, bool(_POSITIVE.search(rest))
    equivocal = bool(_EQUIVOCAL.search(words))
    if negative + positive + equivocal > 1:
        return None
    if negative or equivocal:
        return "negative" if negative else "equivocal"
    if positive:
        return "low-positive" if _LOW.search(words) else "positive"
    if _LOW.search(words):
        return "low-positive"
    if signs is not None:
        return "positive" if "+" in signs["sign"] else "negative"
    return None


def exact_percent(words: str) -> float | None:
    """A single percentage without bounds or range."""
    found = list(PERCENT.finditer(words))
    if len(found) != 1 or found[0]["bound"] or found[0]["high"]:
        return None
    value = float(found[0]["low"])
    return value if value <= 100 else None


def from_percent(words: str) -> str | None:
    """Status by the percentage alone, with bounds and ranges; None where they leave it open."""
    found = list(PERCENT.finditer(words))
    if len(found) != 1:
        return None
    match = found[0]
    low, high = float(match["low"]), float(match["high"] or match["low"])
    bound = (match["bound"] or "").replace(" ", "").lower()
    if bound in ("<", "lessthan") and low <= 1:
        return "negative"
    if bound in (">", ">=", "≥", "greaterthan", "morethan", "over", "atleast"):
        return "positive" if low >= 10 else None
    if bound:
        return None
    first, last = value_of_percent(low), value_of_percent(high)
    return first if first == last else None


def value_of_percent(percent: float) -> str | None:
    """
    Status by percent of stained nuclei; None above 100.

    Source:
        ASCO/CAP 2020 ER and PgR guideline: below 1 % negative, 1 to 10 % low positive.
    """
    if percent > 100:
        return None
    return "negative" if percent < 1 else "low-positive" if percent <= 10 else "positive"


def nuclear_percent(sentence: Sentence, name: str) -> Iterator[Phrase]:
    """
    The line "Percentage of cells with nuclear positivity" of a synoptic report, of the receptor named before it.

    It gives the percentage and the status that follows from it; bounds and ranges give nothing.
    """
    line = _NUCLEAR_PERCENT.match(sentence.text)
    percent = exact_percent(sentence.text[line.end() :]) if line is not None else None
    value = value_of_percent(percent) if percent is not None else None
    if value is not None:
        value = "positive" if value == "low-positive" and name == "pr" else value
        yield Phrase(name, value, sentence, extra={"percent": percent})


def _ki67(tail: str, sentence: Sentence) -> Iterator[Phrase]:
    if _OPEN.search(tail):
        return
    percent = exact_percent(tail)
    if percent is not None:
        yield Phrase("ki67_percent", percent, sentence)
    elif PERCENT.search(tail):
        yield Phrase("ki67_percent", None, sentence)
