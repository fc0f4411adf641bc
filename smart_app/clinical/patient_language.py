"""
What is never said to a patient by itself (education.md section 2), as patterns for each language.

A net below the writers' care, not in place of it: check-content holds every patient text against it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_PATTERNS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "a survival or recurrence number": r"\b\d+(?:\.\d+)?\s*(?:%|percent|in \d+|out of \d+)|\bsurvival\b|\bsurvive\b"
        r"|\bPREDICT\b|\bNPI\b|\bCTS5\b|\blife expectancy\b|\byears to live\b",
        "a promise": r"\bcured?\b|\ball clear\b|\bcancer[- ]free\b|\bno (?:more )?risk\b|\bin remission\b|\bguarantee",
        "a diagnosis": r"\byour cancer (?:is|has come) back\b|\byou have cancer\b|\byour scan shows\b|\bBI-?RADS\b",
        "a word of prognosis": r"\bpoor\b|\baggressive\b|\bterminal\b|\bprognosis\b|\bincurable\b|\bdeadly\b|\bdie\b"
        r"|\bfatal\b",
        "an order about medicine": r"(?<!do not )(?<!before you )\bstop taking\b|\bstart taking\b"
        r"|\bchange your (?:dose|medicine)\b|\bdouble the dose\b|\bstop your medicine\b",
        "a promise of approval": r"\bapproved\b|\bFDA\b|\bbreakthrough\b",
        "a battle": r"\bfight(?:ing)?\b|\bbattle\b|\bwarrior|\bstay positive\b|\bstay strong\b|\byour fault that\b",
        "spread of the disease": r"\bmetasta\w+|\bstage (?:4|IV)\b",
    },
    "es": {
        "a survival or recurrence number": r"\b\d+(?:[.,]\d+)?\s*(?:%|por ciento|de cada \d+)|\bsupervivencia\b"
        r"|\besperanza de vida\b",
        "a promise": r"\bcurad[oa]s?\b|\bcurar(?:se|á)?\b|\blibre de cáncer\b|\bsin (?:ningún )?riesgo\b"
        r"|\bremisión\b|\bgarantiz",
        "a diagnosis": r"\bsu cáncer (?:ha vuelto|volvió)\b|\busted tiene cáncer\b|\bBI-?RADS\b",
        "a word of prognosis": r"\bpronóstico\b|\bagresiv[oa]\b|\bterminal\b|\bincurable\b|\bmortal\b|\bmorir\b",
        "an order about medicine": r"(?<!no )\bdeje de tomar\b|\bempiece a tomar\b|\bcambie (?:la|su) dosis\b",
        "a promise of approval": r"\baprobad[oa]\b|\bFDA\b",
        "a battle": r"\bluch(?:a|ar|ando)\b|\bbatalla\b|\bguerrer[oa]|\bsea positiv[oa]\b|\bactitud positiva\b",
        "spread of the disease": r"\bmet[aá]sta\w+|\betapa (?:4|IV)\b|\bestadio (?:4|IV)\b",
    },
}
_COMPILED = {
    language: {what: re.compile(pattern, re.IGNORECASE) for what, pattern in rows.items()}
    for language, rows in _PATTERNS.items()
}


def forbidden_statements(text: str, language: str) -> tuple[str, ...]:
    """
    What a text says that is never said to a patient: `a promise: cured`. Empty where all is well.

    A language without patterns of its own is held against the English ones.
    """
    rows = _COMPILED.get(language, _COMPILED["en"])
    return tuple(f"{what}: {match.group(0)}" for what, pattern in rows.items() for match in pattern.finditer(text))
