"""Words that name or suspect spread, recurrence or a cancer: they decide nothing, and are listed."""

from __future__ import annotations

import re

_SPREAD = (
    r"(?:metasta(?:sis|ses|tic)(?! calcif)|mets|(?:local(?:ly)? )?recurren(?:ce|t)(?! (?:score|risk|rate))"
    r"(?: (?:disease|malignancy|cancer|carcinoma|tumou?r))?)\b"
)
_NAMED = re.compile(rf"\b{_SPREAD}", re.IGNORECASE)
_SUSPECTED = re.compile(
    r"\b(?:suspicious|suspicion|suspected|concern(?:ing)?|worrisome|possibl[ey]|probabl[ey]|likely|presumed|suggest\w*"
    r"|compatible with|consistent with|exclude|represent(?:s|ing)?|favor(?:s|ed|ing)?)"
    rf"(?:\s+[\w/-]+){{0,6}}?\s+{_SPREAD}",
    re.IGNORECASE,
)
# A denial reaches over other words, but not past "and", "but" or "with": what follows those may be a finding.
_WORD = r"\s+(?!(?:and|but|with|however|although|except|shows?)\b)[\w/-]+"
_DENIED = re.compile(
    r"\b(?:no(?! (?:\w+ )?change)|without|negative for|free of|absence of|nor|unlikely|low suspicion)"
    rf"(?:(?:{_WORD}){{0,8}}?|(?:,?{_WORD}){{0,10}}?,?\s+n?or(?:{_WORD}){{0,4}}?)\s+{_SPREAD}"
    rf"(?:\s+n?or\s+(?:\w+\s+){{0,2}}?{_SPREAD})*"
    r"|\b(?:risk of|fear of|rule out|r/o|exclude|prevent(?:s|ing)?|reduc(?:es?|ing)|history of"
    rf"|(?:screen|evaluat|assess|monitor|surveillance)\w* (?:for|of))(?:{_WORD}){{0,3}}?\s+{_SPREAD}"
    rf"|\bnot(?! (?:\w+ )?chang)(?:\s+[\w/-]+){{0,2}}?\s+{_SPREAD}"
    rf"|\b{_SPREAD}(?:\s+[\w/-]+){{0,4}}?\s+(?:unlikely|excluded|ruled out"
    r"|not (?:seen|identified|suspected|evident|present|found)(?! (?:previously|before|on (?:the )?prior)))\b",
    re.IGNORECASE,
)
_EXCLUSION = (
    r"(?:cannot|can not|can't|could not|not|unable to|difficult to)(?: be)?(?: \w+)?\s+(?:excluded?|ruled? out)"
)
_NOT_EXCLUDED = re.compile(
    rf"\b{_EXCLUSION}(?:{_WORD}){{0,6}}?\s+{_SPREAD}|\b{_SPREAD}(?:\s+\w+){{0,3}}?\s+{_EXCLUSION}\b", re.IGNORECASE
)
_NODES = re.compile(r"\b(?:lymph )?nod(?:e|es|al)\b|\bsentinel\b|\baxilla\w*", re.IGNORECASE)
_QUESTION = re.compile(
    r"\s*(?:indication|clinical|reason|history|comparison|technique|exam)\b|.*\?\s*$", re.IGNORECASE | re.DOTALL
)
_CANCER = rf"(?:{_SPREAD}|breast (?:cancer|carcinoma|malignancy|neoplasm)\b|\bca breast\b)"
_HEDGE = r"(?:suspicious|suspicion|suspected|possible|probable|likely|presumed|concern(?:ing)?|query|rule out|r/o)"
_SUSPECTED_CANCER = re.compile(
    rf"(?:\b{_HEDGE}\b|\?)(?:\s*[\w/-]+){{0,4}}?\s*\b{_CANCER}|\b{_CANCER}[\s,(]{{1,3}}(?:{_HEDGE}\b|\?)", re.IGNORECASE
)
_NO_SUSPICION = re.compile(
    r"\b(?:family|fhx?|mother|sister|aunt|daughter|relative|risk|genes?|screen\w*|counsel\w*|ruled out|excluded|fear"
    r"|benign|no|not|without|negative)\b",
    re.IGNORECASE,
)


def may_name_spread(said: str, *, imaging: bool) -> bool:
    """
    Whether a sentence of a report names spread or recurrence without denying it.

    Of imaging any such word counts; of other texts only what is suspected, and not of nodes alone: what pathology
    proves of nodes is a fact of its own.
    """
    if _QUESTION.match(said):
        return False
    if _NOT_EXCLUDED.search(said):
        return True
    rest = _DENIED.sub(" ", said)
    if imaging:
        return bool(_NAMED.search(rest))
    return bool(_SUSPECTED.search(rest)) and not _NODES.search(rest)


def suspects_cancer(title: str) -> bool:
    """Whether the title of a diagnosis suspects a breast cancer, its spread or its recurrence in the patient."""
    return bool(_SUSPECTED_CANCER.search(title)) and not _NO_SUSPICION.search(title)
