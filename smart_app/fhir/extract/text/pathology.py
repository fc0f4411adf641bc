"""Grade, size, lymph nodes, Oncotype, residual cancer burden and histology in the words of a pathology report."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smart_app.fhir.extract.text.phrases import Phrase, Sentence
from smart_app.fhir.extract.text.receptors import SUBJECT
from smart_app.fhir.extract.text.staging import PREFIXED_T

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "1": 1, "2": 2, "3": 3}
_GRADE_VALUE = (
    r"(?:G|grade\s*)?(?P<grade>III|II|I|[1-3])(?![\d.]*\s*(?:mm|cm|%|\+))(?:\s*(?:/|of|out of)\s*(?:3|III)\b)?"
)
_GRADE = re.compile(
    r"\b(?:(?:overall|combined|final|tumou?r|histolog\w+|nottingham|sbr|bloom[- ]richardson|scarff[- \w]{0,30}"
    r"|elston[- \w]{0,12}|"
    r"modified)\s+){1,4}(?:histolog\w+\s+)?(?:grade|score and grade)\s*(?:\([^)]{0,50}\))?\s*(?:is|was|:|=|-|,)?\s*"
    + _GRADE_VALUE
    + r"(?![\w])"
    r"|\b(?:carcinoma|IDC|ILC|cancer|NST|ductal|lobular)\b[,;:\s(]{1,4}(?:\w+\s+){0,4}?(?:nottingham\s+)?(?:histol"
    r"og\w+\s+)?grade\s*"
    r"(?:is|:)?\s*(?P<grade2>III|II|I|[1-3])(?!\w|\.\d)"
    r"|\bgrade\s*(?P<grade3>III|II|I|[1-3])\s*(?:/\s*3)?,?\s+(?:\w+\s+){0,2}?(?:invasive|infiltrating|IDC|ILC"
    r"|mammary carcinoma|ductal carcinoma(?! in situ))",
    re.IGNORECASE,
)
_G_CODE = re.compile(r"(?<![A-Za-z0-9])G(?P<grade>[1-3])(?![A-Za-z0-9]|\s?,?\s?P\d)")
_NOTTINGHAM_TOTAL = re.compile(
    r"\bnottingham\s+(?:combined\s+)?(?:histolog\w+\s+)?(?:total\s+)?score\s*(?:is|:|=|of)?\s*"
    r"(?:[1-3]\s*\+\s*[1-3]\s*\+\s*[1-3]\s*=\s*)?(?P<score>[3-9])\s*(?:/|of|out of)\s*9",
    re.IGNORECASE,
)
_WELL = re.compile(r"\b(?P<how>well|moderately|poorly)[- ]differentiated\b", re.IGNORECASE)
_NUCLEAR_GRADE = re.compile(
    r"\bnuclear grade\s*(?:is|:|=)?\s*(?:III|II|I|[1-3]|low|intermediate|high)\b", re.IGNORECASE
)
_NOT_A_GRADE = re.compile(
    r"\b(?:nuclear grade|toxicity|neuropathy|lymphedema|CTCAE|diarrhea|nausea|mucositis|fever|dermatitis|rash|"
    r"arthralgia|myalgia|fatigue|hot flash\w*|edema|pain|alopecia|adverse|cardiomyopathy|if|family|prior|outside lung"
    r"|prostate|endometri\w+|follicular|glioma)\b",
    re.IGNORECASE,
)
_BARE_GRADE = re.compile(
    r"(?:^|[,;(]|\band\b)\s*(?:overall\s+|combined\s+|tumou?r\s+)?grade\s*[:=]?\s*(?P<grade>III|II|I|[1-3])"
    r"(?:\s*(?:/|of|out of)\s*3)?\s*(?=$|[,;)]|\.(?!\d))",
    re.IGNORECASE,
)
"""A grade set apart by commas: it needs receptors, TNM or an invasive carcinoma beside it to be the tumor's."""
_RANGE_AFTER = re.compile(r"\s*(?:-|–|to|or)\s*(?:III|II|I|[1-3])\b", re.IGNORECASE)

_NUMBER = r"(\d{1,3}(?:\.\d{1,2})?)"
_SIZE = re.compile(
    r"\b(?:tumou?r size|size of (?:the )?(?:invasive )?(?:tumou?r|carcinoma|cancer|component)|invasive (?:tumou?r"
    r"|carcinoma|component) size|"
    r"(?:greatest|largest|maximum|maximal) dimension of (?:the )?(?:largest )?(?:invasive )?(?:tumou?r|carcinoma"
    r"|focus|component)[^:;.]{0,25}|"
    r"size of invasive (?:tumou?r|carcinoma|component|focus)|"
    r"(?:invasive|infiltrating) [\w ]{0,30}carcinoma[^.;:]{0,60}?(?:measur\w+|spanning|,)|tumou?r measur\w+)"
    r"(?:\s*\([^)]{0,60}\))?\s*(?:is|was|:|=|of|at|up to|approximately|approx\.?|about|~|to be|in greatest dimension"
    r"|greatest dimension)*\s*[:=]?\s*"
    + _NUMBER
    + r"\s*(?:mm|cm)?\s*(?:[x×]\s*"
    + _NUMBER
    + r"\s*(?:mm|cm)?\s*)?(?:[x×]\s*"
    + _NUMBER
    + r"\s*)?(?P<unit>mm|cm|millimeters?|centimeters?)\b",
    re.IGNORECASE,
)
_INVASIVE = re.compile(r"\b(?:invasive|infiltrating)\b", re.IGNORECASE)
_CARCINOMA = re.compile(r"\b(?:carcinoma|cancer)\b", re.IGNORECASE)
_IN_SITU = re.compile(r"\b(?:DCIS|in[- ]situ)\b", re.IGNORECASE)
_WHOLE = re.compile(r"\b(?:includ\w+|whole|overall|total|with|and|plus)\b|\+", re.IGNORECASE)
_NOT_A_SIZE = re.compile(
    r"\b(?:margin|distance|specimen (?:measures|size)|from the nipple|metasta\w+|lymph|node|prior|previous"
    r"|ultrasound|MRI|mammogra\w+|imaging|"
    r"if|in situ component|DCIS (?:measures|size)|clip|cavity)\b",
    re.IGNORECASE,
)

_WORDS = {
    "no": 0,
    "none": 0,
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
}
_COUNT = r"(\d{1,2}|" + "|".join(_WORDS) + r")"
_NODE_FRACTION = re.compile(
    r"\((?P<a>\d{1,2})\s*/\s*(?P<b>\d{1,2})\)|(?<![\d/])(?P<c>\d{1,2})\s*/\s*(?P<d>\d{1,2})(?![\d/])\s*(?:\w+\s+){"
    r"0,3}?(?:(?:lymph )?nodes?|SLNs?|LNs?)\b"
    r"|\b(?:nodes?|SLNs?|LNs?|SLNB|ALND)\b[^.;\d]{0,40}?(?<![\d/])(?P<e>\d{1,2})\s*/\s*(?P<f>\d{1,2})(?![\d/])",
    re.IGNORECASE,
)
_NODE_OF = re.compile(
    rf"\b{_COUNT}\s+(?:out\s+)?of\s+(?:the\s+)?{_COUNT}\s+(?:\w+\s+){{0,3}}?(?:(?:lymph\s+)?nodes?|SLNs?|LNs?)\b"
    rf"|\b(?:nodes?|SLNs?|LNs?|SLNB|ALND)\b[^.;\d]{{0,40}}?\b(\d{{1,2}})\s+(?:positive\s+)?(?:out\s+)?of\s+(\d"
    rf"{{1,2}})\b"
    rf"|\b{_COUNT}\s+(?:positive|involved)\s+(?:lymph\s+)?nodes?\s+(?:out\s+)?of\s+{_COUNT}\b",
    re.IGNORECASE,
)
_ANY_FRACTION = re.compile(r"(?<![\d/.])\d{1,2}\s*/\s*\d{1,2}(?!\d|/|\.\d)")
_OF_A_SCORE = re.compile(r"\b(?:grade|nottingham|score|allred|SBR|total score|ER|PR)\b[^,;.]{0,20}$", re.IGNORECASE)
_SINGLE_NODES = re.compile(r"\b(?:nodes?|SLNs?|LNs?)\b[^.;]{0,20}?\d{1,2}\s*/\s*\d", re.IGNORECASE)
_NODES_TOTAL = re.compile(
    r"\btotal\b[^.;\d/]{0,30}(?P<a>\d{1,2})\s*(?:/|(?:out\s+)?of)\s*(?P<b>\d{1,2})(?![\d/])", re.IGNORECASE
)
_NODES_ALL_NEGATIVE = re.compile(
    rf"\b{_COUNT}\s+(?:\w+\s+){{0,2}}?(?:lymph\s+)?nodes?,?\s+(?:all\s+|are\s+|were\s+)+negative\b", re.IGNORECASE
)
_NODES_OF_CATEGORY = re.compile(
    r"\b[yc]?pN[0-3][a-c]?(?:mi)?\s*(?:\((?:sn|i[-+])\)\s*)*[\[(,]?\s*(?P<a>\d{1,2})\s*/\s*(?P<b>\d{1,2})(?![\d/])",
    re.IGNORECASE,
)
_NODES_EXAMINED = re.compile(
    r"\b(?:total )?number of (?:lymph )?nodes (?:examined|removed|identified)(?:\s*\([^)]{0,50}\))?\s*:\s*(\d{1,2})\b",
    re.IGNORECASE,
)
_NODES_POSITIVE = re.compile(
    r"\b(?:total )?number of (?:positive (?:lymph )?nodes|(?:lymph )?nodes (?:positive|involved|with (?:metasta\w+"
    r"|tumou?r|carcinoma)))"
    r"(?:\s*\([^)]{0,50}\))?\s*:\s*(\d{1,2})\b",
    re.IGNORECASE,
)
_METASTASES_BY_SIZE = re.compile(
    r"\b(?:total )?number of (?:lymph |sentinel )*nodes with (?P<size>macro|micro)metasta\w+(?:\s*\([^)]{0,60}\))?"
    r"\s*:\s*(?P<count>\d{1,2})\b",
    re.IGNORECASE,
)
_ALL_NODES_NEGATIVE = re.compile(
    r"\ball (?:regional |sentinel |examined )*lymph nodes (?:are )?negative for "
    r"(?:tumou?r|carcinoma|malignancy|metasta\w+)",
    re.IGNORECASE,
)
_NODE_WORD = re.compile(
    r"\b(?:lymph )?nodes?\b|\bSLNs?\b|\bSLNB\b|\bALND\b|\bLNs?\b|\bsentinel\b|\baxill|\b[yc]?pN[0-3]", re.IGNORECASE
)
_NOT_NODES = re.compile(r"\b(?:if|score|nottingham|allred|mitotic|tubule|prior|blocks?|date)\b", re.IGNORECASE)

_ONCOTYPE = re.compile(
    r"\b(?:oncotype(?:\s*-?\s*dx)?(?:\s*(?:®|\(R\)|breast))*|breast recurrence score"
    r"|21[- ]gene(?: assay)?)(?:\s*\(?\s*\d{1,4}[/-]\d{1,2}[/-]\d{1,4}\s*\)?)?[^.;0-9]{0,50}?"
    r"(?:recurrence score|score|RS|result|:|of|=|was|is)?[^.;0-9]{0,15}?(?<![\d.])(?P<score>\d{1,3})(?!\d|\.\d"
    r"|\s*(?:%|years?|[- ]?gene|-\s?\d|/\d))",
    re.IGNORECASE,
)
_RECURRENCE_SCORE = re.compile(
    r"(?<!risk of )\brecurrence score\s*(?:result)?\s*(?:of|is|was|:|=)?\s*"
    r"(?P<score>\d{1,3})(?!\d|\.\d|\s*(?:%|-|–|to\b))",
    re.IGNORECASE,
)
_BY_GENES = re.compile(r"\boncotype|\b21[- ]gene\b", re.IGNORECASE)
_OTHER_SCORE = re.compile(r"\b(?:DCIS|colon|prostate)\b", re.IGNORECASE)
_PENDING = re.compile(
    r"\b(?:pending|ordered|sent|will|await\w*|plan\w*|consider|if|discuss\w*|not (?:done|performed|sent))\b",
    re.IGNORECASE,
)
_RCB = re.compile(
    r"\b(?:RCB|residual cancer burden)(?:\s*\(RCB\))?\s*(?:class|category)?\s*(?:is|:|-"
    r"|=)?\s*(?:class\s*)?(?P<rcb>III|II|I|0|[1-3])\b",
    re.IGNORECASE,
)
_PCR = re.compile(r"\b(?:pathologic(?:al)? complete response|pCR)\b", re.IGNORECASE)


def names_oncotype(words: str) -> bool:
    """Whether a text is about the 21-gene test: a bare "recurrence score" in it is that of the test."""
    return bool(_BY_GENES.search(words))


def pathology_phrases(sentence: Sentence, *, oncotype: bool = False) -> Iterator[Phrase]:
    """Grade, size, nodes, Oncotype and residual cancer burden of a sentence; `oncotype`: its report is on that test."""
    yield from grade_phrases(sentence)
    yield from _size(sentence)
    yield from _nodes(sentence)
    yield from _scores(sentence, oncotype or names_oncotype(sentence.text))


def grade_phrases(sentence: Sentence, *, staging_field: bool = False) -> Iterator[Phrase]:
    """
    Histologic grade. A bare `G2` counts only inside a staging field or beside a T category, a bare `grade 2` only
    beside receptors or a T category; nuclear grades and grades of toxicity never.
    """
    words = _NUCLEAR_GRADE.sub(" ", sentence.text)
    grades: set[int] = set()
    unclear = False
    if not _NOT_A_GRADE.search(words):
        for match in _GRADE.finditer(words):
            if _RANGE_AFTER.match(words, match.end()):
                unclear = True
                continue
            grades.add(_ROMAN[(match["grade"] or match["grade2"] or match["grade3"]).lower()])
        if not grades:
            grades = {
                1 if s <= 5 else 2 if s <= 7 else 3
                for s in (int(m["score"]) for m in _NOTTINGHAM_TOTAL.finditer(words))
            }
        if not grades and not unclear and _beside_the_tumor(words):
            grades = {_ROMAN[match["grade"].lower()] for match in _BARE_GRADE.finditer(words)}
    if not grades and (staging_field or PREFIXED_T.search(words)):
        grades = {int(match["grade"]) for match in _G_CODE.finditer(words)}
    if len(grades) == 1 and not unclear:
        yield Phrase("grade", grades.pop(), sentence)
    elif grades or unclear:
        yield Phrase("grade", None, sentence)


def _beside_the_tumor(words: str) -> bool:
    """Whether a sentence lists a tumor by receptors or a T category, and not one that is in situ alone."""
    if _IN_SITU.search(words) and not _INVASIVE.search(words):
        return False
    named = any(match.lastgroup in ("er", "pr", "hr", "her2") for match in SUBJECT.finditer(words))
    return named or PREFIXED_T.search(words) is not None


def grade_alone(sentence: Sentence, before: Sentence) -> Iterator[Phrase]:
    """A sentence that is nothing but a grade: known right after one that names an invasive carcinoma, none in situ."""
    match = _BARE_GRADE.fullmatch(sentence.text.rstrip(" ."))
    if match is None:
        return
    known = (
        sentence.section == before.section
        and _INVASIVE.search(before.text)
        and _CARCINOMA.search(before.text)
        and not _IN_SITU.search(before.text)
        and not _NOT_A_GRADE.search(before.text)
    )
    yield Phrase("grade", _ROMAN[match["grade"].lower()] if known else None, sentence)


def part_measured(title: str) -> str:
    """`invasive` or `in-situ` where a size is said to be of that component alone, else empty."""
    if _WHOLE.search(title):
        return ""
    if _INVASIVE.search(title):
        return "" if _IN_SITU.search(title) else "invasive"
    return "in-situ" if _IN_SITU.search(title) else ""


def _size(sentence: Sentence) -> Iterator[Phrase]:
    words = sentence.text
    if _NOT_A_SIZE.search(words):
        return
    sizes: dict[float, set[str]] = {}
    for match in _SIZE.finditer(words):
        factor = 1 if match["unit"].lower().startswith("m") else 10
        size = round(max(float(part) for part in match.groups()[:3] if part) * factor, 2)
        sizes.setdefault(size, set()).add(part_measured(words[match.start() : match.start(1)]))
    if len(sizes) == 1:
        size, parts = sizes.popitem()
        yield Phrase("tumor_size_mm", size, sentence, extra={"measured": parts.pop()} if len(parts) == 1 else {})
    elif sizes:
        yield Phrase("tumor_size_mm", None, sentence)


def _count(word: str) -> int:
    return _WORDS[word.lower()] if word.lower() in _WORDS else int(word)


def _nodes(sentence: Sentence) -> Iterator[Phrase]:
    words = sentence.text
    if not _NODE_WORD.search(words):
        return
    for pattern, name in ((_NODES_EXAMINED, "nodes_examined"), (_NODES_POSITIVE, "nodes_positive")):
        found = {int(match[1]) for match in pattern.finditer(words)}
        if len(found) == 1:
            yield Phrase(name, found.pop(), sentence, extra={"total": True})
    by_size = {match["size"].lower(): int(match["count"]) for match in _METASTASES_BY_SIZE.finditer(words)}
    for size, count in sorted(by_size.items()):
        yield Phrase("nodes_positive", count, sentence, extra={"total": True, "size": size})
    if _ALL_NODES_NEGATIVE.search(words):
        yield Phrase("nodes_positive", 0, sentence, extra={"total": True})
    yield from _counted(words, sentence)


def _counted(words: str, sentence: Sentence) -> Iterator[Phrase]:
    """Positive of examined nodes; several counts in one sentence are understood only by their total."""
    pairs = {(int(match["a"]), int(match["b"])) for match in _NODES_OF_CATEGORY.finditer(words)}
    totals = set()
    if not _NOT_NODES.search(words):
        pairs |= _node_pairs(words)
        totals = {(int(match["a"]), int(match["b"])) for match in _NODES_TOTAL.finditer(words)}
    usable = {pair for pair in totals or pairs if 0 <= pair[0] <= pair[1] and pair[1] > 0}
    several = not totals and _fractions(words) > 1
    if len(usable) == 1 and not several:
        positive, examined = usable.pop()
        extra = {"total": True} if totals else {}
        yield Phrase("nodes_positive", positive, sentence, extra=extra)
        yield Phrase("nodes_examined", examined, sentence, extra=extra)
    elif usable or (several and _SINGLE_NODES.search(words)):
        yield Phrase("nodes_positive", None, sentence)
        yield Phrase("nodes_examined", None, sentence)


def _fractions(words: str) -> int:
    """How many fractions may be counts of nodes: those of a grade or a score are none."""
    found = _ANY_FRACTION.finditer(words)
    return sum(not _OF_A_SCORE.search(words[max(0, m.start() - 40) : m.start()]) for m in found)


def _node_pairs(words: str) -> set[tuple[int, int]]:
    """Counts of positive and examined nodes in a sentence."""
    pairs = set()
    for match in _NODE_FRACTION.finditer(words):
        groups = [part for part in match.groups() if part is not None]
        pairs.add((int(groups[0]), int(groups[1])))
    for match in _NODE_OF.finditer(words):
        groups = [part for part in match.groups() if part is not None]
        pairs.add((_count(groups[0]), _count(groups[1])))
    for match in _NODES_ALL_NEGATIVE.finditer(words):
        pairs.add((0, _count(match[1])))
    return pairs


def _scores(sentence: Sentence, oncotype: bool) -> Iterator[Phrase]:
    words = sentence.text
    if not _PENDING.search(words):
        found_scores = [
            *_ONCOTYPE.finditer(words),
            *(_RECURRENCE_SCORE.finditer(words) if oncotype else ()),
        ]
        scores = {int(match["score"]) for match in found_scores if not _OTHER_SCORE.search(match[0])}
        if len(scores) == 1 and (score := scores.pop()) <= 100:
            yield Phrase("oncotype_rs", score, sentence)
        elif scores:
            yield Phrase("oncotype_rs", None, sentence)
        classes = {match["rcb"].upper().replace("1", "I") for match in _RCB.finditer(words)}
        if len(classes) == 1:
            found = classes.pop()
            yield Phrase("rcb_class", {"2": "II", "3": "III"}.get(found, found), sentence)
