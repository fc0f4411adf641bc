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
_DENIED = re.compile(
    r"\b(?:no(?! (?:\w+ )?change)|without|negative for|free of|absence of|nor|unlikely|low suspicion|risk of|fear of"
    r"|rule out|r/o|prevent\w*|reduc\w+|screen\w*|evaluat\w+|assess\w*|history of|signs|symptoms)"
    rf"(?:(?:\s+[\w/-]+){{0,8}}?|(?:,?\s+[\w/-]+){{0,10}}?,?\s+n?or(?:\s+[\w/-]+){{0,4}}?)\s+{_SPREAD}"
    rf"(?:\s+n?or\s+(?:\w+\s+){{0,2}}?{_SPREAD})*"
    rf"|\bnot(?:\s+[\w/-]+){{0,2}}?\s+{_SPREAD}"
    rf"|\b{_SPREAD}(?:\s+[\w/-]+){{0,2}}?\s+(?:unlikely|excluded|ruled out"
    r"|not (?:seen|identified|suspected|evident|present|found))",
    re.IGNORECASE,
)
_NOT_EXCLUDED = re.compile(rf"\b{_SPREAD}(?:\s+\w+){{0,2}}?\s+(?:not|cannot be)(?:\s+\w+)?\s+excluded\b", re.IGNORECASE)
_NODES = re.compile(r"\b(?:lymph )?nod(?:e|es|al)\b|\bsentinel\b|\baxilla\w*", re.IGNORECASE)
_QUESTION = re.compile(
    r"\s*(?:indication|clinical|reason|history|comparison|technique|exam)\b|.*\?\s*$", re.IGNORECASE | re.DOTALL
)
_SUSPECTED_CANCER = re.compile(
    r"\b(?:suspicious|suspicion|suspected|possible|probable|likely|presumed|concern(?:ing)?|query)(?:\s+[\w/-]+){0,4}?\s+"
    rf"(?:{_SPREAD[:-2]}|breast (?:cancer|carcinoma|malignancy|neoplasm)|ca breast)\b",
    re.IGNORECASE,
)
_NOT_THE_PATIENTS = re.compile(r"\b(?:family|fhx?|mother|sister|aunt|daughter|relative)\b", re.IGNORECASE)


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
    return bool(_SUSPECTED_CANCER.search(_DENIED.sub(" ", title))) and not _NOT_THE_PATIENTS.search(title)
