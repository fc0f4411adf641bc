"""Stage groups and TNM in words: "Stage IIA (pT2, pN0(sn), cM0)", "ypT1b N0", "AJCC cT3"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smart_app.fhir.extract.text.phrases import Phrase, Sentence

_T = r"[Tt](?P<t>[0-4](?:mi|mic|[a-d]|1mi)?|is(?:\s?\((?:DCIS|LCIS|Paget)\))?|X)(?:\s?\(m\)|\(\d\))?"
_N = r"[Nn](?P<n>[0-3](?:mi|[abc])?(?:\s?\((?:i[+-]|mol[+-])\))?|X)(?:\s?\((?:sn|f)\))?(?P<itc>\s?\(i[+-]\))?"
_M = r"[Mm](?P<m>[01](?:\s?\(i[+-]\))?|X)"
_PREFIX = r"(?P<{0}y>y)?(?P<{0}r>r)?(?P<{0}>[cp])"
PREFIXED_T = re.compile(rf"\bm?{_PREFIX.format('b')}{_T}")
PREFIXED_N = re.compile(rf"(?:\b|(?<=\d|[a-dsXi\)]))(?P<by>y)?(?P<br>r)?(?P<b>[cp]){_N}")
PREFIXED_M = re.compile(rf"(?:\b|(?<=\d|[a-cimX\)]))(?P<by>y)?(?P<br>r)?(?P<b>[cp]){_M}(?![a-z0-9])")
_RUN = re.compile(
    rf"\bm?(?P<by>y)?(?P<br>r)?(?P<b>[cp])?{_T}[\s,;/-]{{0,3}}(?P<ny>y)?(?P<nb>[cp])?{_N}"
    rf"(?:[\s,;/-]{{0,3}}(?P<my>y)?(?P<mb>[cp])?{_M}(?![a-z0-9]))?"
)
_STAGE = re.compile(
    r"\b(?P<lead>(?:AJCC|TNM|(?:pathologic(?:al)?|clinical|anatomic(?:al)?|prognostic|cancer|tumou?r|overall)"
    r"(?:\s+(?:prognostic|anatomic|AJCC|TNM|cancer))?)\s*(?:\d(?:th)?\s+ed\w*\.?\s+)?)?"
    r"stage(?:\s+grouping|\s+group)?\s*(?:is|was|:|=|-|\()?\s*(?P<value>0|IV|I{1,3}"
    r"|[1-4])\s?-?(?P<letter>[ABC])?(?P<sub>\d)?"
    r"(?![A-Za-z0-9])(?!\s*(?:-|–|/|\bto|\bor)\s*(?:0|IV|I{1,3}|[1-4])[ABC]?\b)",
    re.IGNORECASE,
)
_STAGE_RANGE = re.compile(
    r"\bstage\s*:?\s*(?:0|IV|I{1,3}|[1-4])[ABC]?\s*(?:-|–|/|\bto|\bor)\s*(?:0|IV|I{1,3}|[1-4])[ABC]?\b", re.IGNORECASE
)
_PARTS_OF_A_SCORE = re.compile(
    r"\bnottingham\b|\bbloom|\btubul|\bmitot|\b[3-9]\s*(?:/|(?:out )?of)\s*9\b", re.IGNORECASE
)
"""Beside these "T3 N2 M1" may be the scores of tubules, nuclei and mitoses."""
_OTHER_STAGE = re.compile(
    r"\b(?:kidney|renal|ckd|ulcer|pressure|decubitus|fibrosis|lymphedema|lymphoedema|copd|gold|heart failure|labor|"
    r"sleep|parkinson|hodgkin|lymphoma|melanoma|colon|colorectal|lung|ovarian|endometri\w+|prostate|cervical|bladder|"
    r"hypertension|retinopathy|sarcoidosis|if|would|family|mother|sister|aunt|father|brother)\b",
    re.IGNORECASE,
)
_BREAST = re.compile(r"\b(?:breast|ductal|lobular|IDC|ILC|DCIS|mammary|carcinoma|cancer)\b", re.IGNORECASE)
_BASIS = re.compile(r"\b(?P<p>pathologic(?:al)?|path)\b|\b(?P<c>clinical)\b", re.IGNORECASE)
_ROMAN = {"1": "I", "2": "II", "3": "III", "4": "IV", "0": "0"}
_VALUE = re.compile(
    r"(?:american joint committee on cancer\s+|ajcc\s+)?(?:v\d+\s+)?(?:(?P<basis>clinical|pathologic(?:al)?"
    r"|anatomic|prognostic)\s+)*"
    r"(?:stage(?:\s+group)?\s*:?\s*)?(?P<prefix>y?[cp])?\s?(?P<value>0|IV|I{1,3}"
    r"|[0-4])(?P<letter>[ABCabc])?(?P<sub>\d)?"
    r"(?:\s*\((?:qualifier value|finding|tumor staging|disorder)\))?(?:\s+(?:breast cancer|carcinoma|stage))?",
    re.IGNORECASE,
)
_CATEGORY = re.compile(
    rf"(?:american joint committee on cancer\s+|ajcc\s+)?(?P<by>y)?(?P<br>r)?(?P<b>[cp])?(?:{_T}|{_N}|{_M})"
    r"(?:\s+(?:category|stage))?(?:\s*\((?:qualifier value|finding|tumor staging)\))?",
    re.IGNORECASE,
)


def stage_value(words: str) -> tuple[str, str | None] | None:
    """
    Stage group and basis of a value that is nothing but a stage ("Stage 2A", "c3A", "IIB", "IVA"), else None.

    "IVA" does not exist in breast: the caller decides. The basis is None where nothing says it.
    """
    match = _VALUE.fullmatch(words.strip())
    return _stage_of(match, match["prefix"] or match["basis"]) if match else None


def _stage_of(match: re.Match[str], basis: str | None) -> tuple[str, str | None] | None:
    number = match["value"].upper()
    number = _ROMAN.get(number, number)
    letter = (match["letter"] or "").upper()
    if number == "0":
        letter = ""
    if letter == "C" and number not in ("III", "IV"):
        return None
    return number + letter, basis_of(basis)


def basis_of(words: str | None) -> str | None:
    """`clinical` or `pathologic` if the words say so."""
    if not words:
        return None
    lowered = words.lower()
    if lowered.startswith(("p", "yp")):
        return "pathologic" if lowered in ("p", "yp") or lowered.startswith("path") else None
    return "clinical" if lowered.startswith(("c", "yc")) else None


def category_value(words: str) -> tuple[str, str, str | None, bool] | None:
    """
    Letter, value, basis and "after neoadjuvant treatment" of words that are nothing but a T, N or M category.

    `("t", "T3", "clinical", False)`; None for anything else and for the categories X.
    """
    match = _CATEGORY.fullmatch(words.strip())
    if match is None:
        return None
    for letter in ("t", "n", "m"):
        value = category(letter, match[letter], match["itc"] if letter == "n" else None)
        if value is not None:
            return letter, value, basis_of(match["b"]), bool(match["by"])
    return None


def category(letter: str, value: str | None, suffix: str | None = None) -> str | None:
    """`T1c`, `Tis`, `N1mi`, `N0(i+)`, `M0` from its parts; None for X or nothing."""
    if value is None or value.upper().startswith("X"):
        return None
    value = value.replace(" ", "")
    if suffix and "+" in suffix and "(" not in value:
        value += suffix.replace(" ", "").lower()
    value = value.replace("(i-)", "").replace("(mol-)", "").replace("mic", "mi")
    if value.lower().startswith("is"):
        value = "is"
    return letter.upper() + value[0] + value[1:].lower()


def staging_phrases(sentence: Sentence, *, stage_field: bool = False) -> Iterator[Phrase]:
    """
    Stage group, T, N and M of a sentence.

    A bare "stage II" counts only with a word of breast cancer or TNM beside it, unless the field is a stage itself.
    """
    words = sentence.text
    if not stage_field and _OTHER_STAGE.search(words):
        return
    categories = list(_categories(words, sentence))
    yield from categories
    if not stage_field and _STAGE_RANGE.search(words):
        yield Phrase("stage_group", None, sentence)
    for match in _STAGE.finditer(words):
        near = words[max(0, match.start() - 80) : match.end() + 80]
        if not (stage_field or match["lead"] or categories or _BREAST.search(near)):
            continue
        before = words[max(0, match.start() - 40) : match.end()]
        basis = _BASIS.findall(before)
        found = _stage_of(match, (basis[-1][0] or basis[-1][1]) if basis else None)
        if found is not None and found[0].startswith("IV"):
            found = ("IV", found[1])
        if found is not None and found[1] is None:
            found = (found[0], _basis_beside(words, match, categories))
        if found is not None:
            kind = re.findall(r"prognostic|anatomic", before, re.IGNORECASE)
            extra = {"staging": kind[-1].lower()} if kind else {}
            yield Phrase("stage_group", found[0], sentence, basis=found[1], extra=extra)


def _basis_beside(words: str, stage: re.Match[str], categories: list[Phrase]) -> str | None:
    """
    Whether a stage is clinical or pathologic by the T and N beside it: of both sorts, those in the brackets after it
    decide, else the last before it.
    """
    stated = {phrase.basis for phrase in categories if phrase.name in ("t", "n")}
    if len(stated) < 2:
        return stated.pop() if stated else None
    bracket = re.match(r"\s*\(([^)]*)\)", words[stage.end() :])
    near = list((PREFIXED_T.finditer(bracket[1])) if bracket else PREFIXED_T.finditer(words, 0, stage.start()))
    return basis_of(near[-1]["b"]) if near else None


def _categories(words: str, sentence: Sentence) -> Iterator[Phrase]:
    seen: set[str] = set()
    for match in _RUN.finditer(words):
        if not (match["b"] or match["nb"]) and _PARTS_OF_A_SCORE.search(words):
            continue
        yield from _run(match, words, sentence, seen)
    for letter, pattern in (("t", PREFIXED_T), ("n", PREFIXED_N), ("m", PREFIXED_M)):
        if letter in seen:
            continue
        for match in pattern.finditer(words):
            value = category(letter, match[letter], match["itc"] if letter == "n" else None)
            if value is not None:
                yield _phrase(letter, value, match["b"], bool(match["by"]), sentence)


def _run(match: re.Match[str], words: str, sentence: Sentence, seen: set[str]) -> Iterator[Phrase]:
    """A whole "pT1c pN0 cM0"; N and M without a prefix take that of T (M never more than clinical by that)."""
    after = bool(match["by"] or match["ny"])
    said = list(_BASIS.finditer(words[max(0, match.start() - 40) : match.start()]))
    first = match["b"] or ("p" if said and said[-1]["p"] else "c" if said else None)
    for letter, prefix in (
        ("t", match["b"] or first),
        ("n", match["nb"] or first),
        ("m", match["mb"] or (first if first == "c" else None)),
    ):
        value = category(letter, match[letter], match["itc"] if letter == "n" else None)
        if match[letter] is not None:
            seen.add(letter)
        if value is not None:
            yield _phrase(letter, value, prefix, after, sentence)


def _phrase(letter: str, value: str, prefix: str | None, after: bool, sentence: Sentence) -> Phrase:
    extra = {"after_neoadjuvant": True} if after else {}
    return Phrase(letter, value, sentence, basis=basis_of(prefix), extra=extra)
