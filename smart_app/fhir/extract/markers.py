"""Receptors, HER2, Ki-67 and gene-expression scores: results of tests to findings."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smart_app.clinical.facts import IssueKind
from smart_app.fhir.extract.evidence import Finding
from smart_app.fhir.extract.observations import Reader, Result
from smart_app.fhir.extract.text import her2 as her2_text
from smart_app.fhir.extract.text.phrases import Phrase, Sentence
from smart_app.fhir.extract.text.receptors import (
    from_percent,
    polarity,
    receptor_from_words,
    receptor_phrases,
    value_of_percent,
)
from smart_app.fhir.extract.units import convert
from smart_app.fhir.extract.values import plain_number
from smart_app.fhir.resources import Quantity

_ANSWERS = (
    "answer-positive",
    "answer-negative",
    "answer-equivocal",
    "answer-present",
    "answer-absent",
    "answer-unknown",
)
_STRONG = re.compile(r"\s*(?:strong|strongly|moderate)(?:ly)?(?:\s+(?:staining|positive))?\s*", re.IGNORECASE)
_ISH_BOUND = re.compile(
    r"\s*(?P<bound><|>|less than|greater than|more than)\s*=?\s*(?P<number>\d(?:\.\d+)?)\s*", re.IGNORECASE
)
_NOT_A_RESULT = re.compile(
    r"\b(?:pending|cancel\w*|see (?:comment|note|report|below)|not (?:performed|done|tested|available)|unknown)\b", re.I
)
_OTHER_NUMBERS = re.compile(
    r"\b21[- ]gene\b|\b\d{1,2}[- ](?:ye?a?rs?)\b|\b\d{1,4}[/-]\d{1,2}[/-]\d{1,4}\b|\b\d{1,3}\s*(?:-|–|to)\s*\d{1,3}\b",
    re.I,
)


def coded_polarity(result: Result, *own: str) -> str | None:
    """`positive`, `negative`, `equivocal`, `unknown` by codes, booleans and answers of the test itself."""
    value = result.answer.value_of(*own)
    if value is not None and value != "percent":
        return value
    for row in result.answer.rows:
        if row.concept in _ANSWERS:
            said = str(result.chart.concept(row).attributes["value"])
            return {"present": "positive", "absent": "negative"}.get(said, said)
    if result.answer.boolean is not None:
        return "positive" if result.answer.boolean else "negative"
    return None


def contradicted(result: Result, value: str | None) -> bool:
    """Whether the words beside a coded answer say the opposite: nobody can tell which is meant, so neither is read."""
    said = polarity(" ".join(result.answer.words))
    plain = {"low-positive": "positive"}
    if {plain.get(value or "", value), plain.get(said or "", said)} != {"positive", "negative"}:
        return False
    result.not_placed(f"the code says {value}, the words say {said}")
    return True


def percentage(result: Result) -> tuple[float | None, str | None]:
    """Percent and its comparator, None where there is none or the unit is not accepted (an issue says so)."""
    amount = result.answer.quantity
    if amount is None:
        return None, None
    converted = convert(result.chart.codes, "percent", amount)
    if converted.value is None:
        result.chart.issue(
            IssueKind.UNIT, result.key, f"{result.title[:80]}: {converted.why}; shown as sent, not used."
        )
        return None, None
    return converted.value, amount.comparator


def _receptor(result: Result, name: str, concept: str) -> Iterator[Finding]:
    value = coded_polarity(result, concept)
    percent, bound = percentage(result)
    if value == "unknown" or contradicted(result, value):
        return
    words = " ".join(result.answer.words)
    by_words = _receptor_words(name, words) if words and not _NOT_A_RESULT.search(words) else None
    if value is None and by_words is not None:
        value = by_words.value
        percent = percent if percent is not None else by_words.extra.get("percent")
    if percent is None and by_words is not None and by_words.value in (value, "low-positive"):
        percent = by_words.extra.get("percent")
    if value is None and percent is not None:
        value = _by_percent(percent, bound, name)
    elif value == "positive" and percent is not None and not bound and value_of_percent(percent) == "low-positive":
        value = "low-positive"
    elif (
        value in ("positive", "negative")
        and percent is not None
        and not bound
        and (value_of_percent(percent) == "negative") != (value == "negative")
    ):
        result.chart.issue(IssueKind.CONFLICT, result.key, f"{result.title[:80]}: {percent:g} % beside “{value}”.")
        percent = None
    if value == "low-positive" and name == "pr":
        value = "positive"
    if value is None:
        result.not_placed("the result was not understood")
        return
    yield result.finding(name, value, percent=None if bound else percent)


def _receptor_words(name: str, words: str) -> Phrase:
    if _STRONG.fullmatch(words):
        return Phrase(name, "positive", Sentence(words))
    for phrase in receptor_phrases(Sentence(words)):
        if phrase.name == name:
            return phrase
    return receptor_from_words(name, " " + words, "", Sentence(words))


def _by_percent(percent: float, bound: str | None, name: str) -> str | None:
    value = from_percent(f"{bound}{percent:g}%") if bound else value_of_percent(percent)
    return "positive" if value == "low-positive" and name == "pr" else value


def _er(result: Result) -> Iterator[Finding]:
    yield from _receptor(result, "er", "estrogen-receptor-test")


def _pr(result: Result) -> Iterator[Finding]:
    yield from _receptor(result, "pr", "progesterone-receptor-test")


def _her2_ihc(result: Result) -> Iterator[Finding]:
    score = result.answer.value_of("ihc-score") or _score_of_number(result)
    value = coded_polarity(result, "her2-test")
    if contradicted(result, value):
        return
    words = " ".join(result.answer.words)
    extra: dict[str, object] = {}
    if words and not _NOT_A_RESULT.search(words):
        phrase = her2_text.from_words("", " " + words, Sentence(f"HER2 {words}"))
        extra = dict(phrase.extra)
        score = score or phrase.extra.get("ihc")
        value = value or phrase.value
    extra.pop("ihc", None)
    if value == "unknown":
        return
    if value is None and score is None and not extra:
        result.not_placed("the HER2 result was not understood")
        return
    yield result.finding("her2", value, part="ihc", ihc=score, more=extra)


def _score_of_number(result: Result) -> str | None:
    """A bare 0 to 3 as the answer of the immunohistochemistry test."""
    amount = result.answer.quantity
    number = plain_number(result.answer)
    if (
        number is None
        and amount is not None
        and not amount.comparator
        and (amount.code or amount.unit) in (None, "1", "{score}")
    ):
        number = amount.value
    return {0.0: "0", 1.0: "1+", 2.0: "2+", 3.0: "3+"}.get(number) if number is not None else None


def _her2_ish(result: Result) -> Iterator[Finding]:
    value = coded_polarity(result, "her2-test")
    if value == "unknown" or contradicted(result, value):
        return
    words = " ".join(result.answer.words)
    ish = {"positive": "amplified", "negative": "not-amplified", "equivocal": "equivocal"}.get(value or "")
    extra: dict[str, object] = {}
    ratio = result.answer.ratio
    bound = _ISH_BOUND.fullmatch(words) if words else None
    if bound is not None:
        ish = ish or _by_bound(bound["bound"].lower(), float(bound["number"]))
    elif result.answer.quantity is not None:
        amount = result.answer.quantity
        if amount.comparator:
            ish = ish or _by_bound(amount.comparator[0], amount.value)
        else:
            ratio = _ratio_of(result, amount)
    elif words and ish is None and not _NOT_A_RESULT.search(words):
        phrase = her2_text.from_words("FISH ", " FISH " + words, Sentence(f"HER2 FISH {words}"))
        extra = {key: value for key, value in phrase.extra.items() if key != "ish"}
        ish = phrase.extra.get("ish")
    if ish is None and ratio is None and not extra and bound is None:
        result.not_placed("the HER2 in situ hybridization was not understood")
        return
    yield result.finding("her2", None, part="ish", ish=ish, more={"ratio": ratio, **extra})


def _by_bound(bound: str, number: float) -> str | None:
    """
    In situ hybridization by a ratio known only by a bound: below 1.8 not amplified, above 2.2 amplified.

    Source:
        The grey zone of the older guideline; ASCO/CAP 2018 puts the cut at 2.0. Between them nothing is decided.
    """
    if bound in ("<", "less than"):
        return "not-amplified" if number <= 2.0 else None
    return "amplified" if number >= 2.0 else None


def _ratio_of(result: Result, amount: Quantity) -> float | None:
    converted = convert(result.chart.codes, "ratio", amount)
    if converted.value is None:
        result.chart.issue(
            IssueKind.UNIT, result.key, f"{result.title[:80]}: {converted.why}; shown as sent, not used."
        )
    return converted.value


def _her2_number(result: Result, name: str) -> Iterator[Finding]:
    amount = result.answer.quantity
    number = result.answer.ratio
    if number is None and amount is not None and not amount.comparator:
        number = _ratio_of(result, amount)
    if number is None and amount is not None and amount.comparator and name == "ratio":
        ish = _by_bound(amount.comparator[0], amount.value)
        if ish is not None:
            yield result.finding("her2", None, part="ish", ish=ish)
            return
    if number is None:
        result.not_placed("the number was not understood")
        return
    yield result.finding("her2", None, part="ish", more={name: number})


def _her2_ratio(result: Result) -> Iterator[Finding]:
    yield from _her2_number(result, "ratio")


def _her2_copies(result: Result) -> Iterator[Finding]:
    yield from _her2_number(result, "copies")


def _her2(result: Result) -> Iterator[Finding]:
    value = coded_polarity(result, "her2-test")
    if value == "unknown" or contradicted(result, value):
        return
    words = " ".join(result.answer.words)
    extra: dict[str, object] = {"ihc": result.answer.value_of("ihc-score")}
    if words and not _NOT_A_RESULT.search(words):
        phrase = her2_text.from_words("", " " + words, Sentence(f"HER2 {words}"))
        value = value or phrase.value
        extra = {**extra, **phrase.extra} if extra["ihc"] is None else extra
    if value == "low":
        value, extra["category"] = "negative", "low"
    if value is None and not any(extra.values()):
        result.not_placed("the HER2 result was not understood")
        return
    yield result.finding("her2", value, part="overall", more=extra)


def _profile(result: Result) -> Iterator[Finding]:
    value = coded_polarity(result) or polarity(" ".join(result.answer.words))
    if value == "positive" and re.search(r"triple[ -]negative", result.title, re.IGNORECASE):
        for name in ("er", "pr", "her2"):
            yield result.finding(name, "negative", part="overall" if name == "her2" else "")
        return
    stated = [
        phrase
        for word in result.answer.words
        for phrase in receptor_phrases(Sentence(word))
        if phrase.name in ("er", "pr", "her2") and (phrase.value is not None or _her2_score(phrase))
    ]
    for phrase in stated:
        part = "ish" if phrase.value is None and "ihc" not in phrase.extra else "overall"
        extra = {key: value for key, value in phrase.extra.items() if key not in ("quiet", "low")}
        yield result.finding(phrase.name, phrase.value, part=part if phrase.name == "her2" else "", **extra)
    if not stated:
        result.not_placed("no receptor is named")


def _her2_score(phrase: Phrase) -> bool:
    """Whether a phrase without a verdict gives a HER2 score or an answer of hybridization."""
    return phrase.name == "her2" and bool(set(phrase.extra) - {"quiet"})


def _ki67(result: Result) -> Iterator[Finding]:
    percent, bound = percentage(result)
    if percent is None and result.answer.words:
        for phrase in receptor_phrases(Sentence("Ki-67 " + " ".join(result.answer.words))):
            if phrase.name == "ki67_percent":
                percent = phrase.value
    if percent is None or bound:
        result.not_placed("no single percentage")
        return
    yield result.finding("ki67_percent", percent)


def _oncotype(result: Result) -> Iterator[Finding]:
    number = plain_number(result.answer)
    amount = result.answer.quantity
    if number is None and amount is not None and not amount.comparator:
        number = convert(result.chart.codes, "score", amount).value
    if number is None:
        said = _OTHER_NUMBERS.sub(" ", " ".join(result.answer.words))
        match = re.search(r"(?<![\d.])(\d{1,3})(?![\d.%])", said)
        number = float(match[1]) if match else None
    if number is None or not 0 <= number <= 100:
        result.not_placed("no recurrence score from 0 to 100")
        return
    yield result.finding("oncotype_rs", int(number) if number == int(number) else number)


def _rcb(result: Result) -> Iterator[Finding]:
    value = result.answer.value_of("rcb-test")
    words = " ".join(result.answer.words)
    if value is None:
        match = re.search(r"\b(?:RCB[- ]?)?(?:class\s*)?(0|III|II|I|[1-3])\b", words, re.IGNORECASE)
        value = {"1": "I", "2": "II", "3": "III"}.get(match[1], match[1].upper()) if match else None
    if value is None:
        result.not_placed("no class of residual cancer burden")
        return
    yield result.finding("rcb_class", value)


READERS: dict[str, Reader] = {
    "estrogen-receptor-test": _er,
    "progesterone-receptor-test": _pr,
    "her2-ihc-test": _her2_ihc,
    "her2-ish-test": _her2_ish,
    "her2-ratio-test": _her2_ratio,
    "her2-copies-test": _her2_copies,
    "her2-test": _her2,
    "receptor-profile": _profile,
    "ki67-test": _ki67,
    "oncotype-test": _oncotype,
    "rcb-test": _rcb,
}
