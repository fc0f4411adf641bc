"""What a diagnosis says beside a cancer: events, menopause, uterus, pregnancy, receptor status, stage words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from smart_app.clinical.codes import CodeRow
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Source
from smart_app.fhir.extract.chart import Chart
from smart_app.fhir.extract.evidence import DIAGNOSIS_CODE, Finding
from smart_app.fhir.extract.text.diagnosis import named_cancer
from smart_app.fhir.extract.text.phrases import Sentence
from smart_app.fhir.extract.text.receptors import receptor_phrases
from smart_app.fhir.extract.text.staging import staging_phrases
from smart_app.fhir.resources import Resource, code_status

ANY_RELATIVE = "relative"
_FAMILY = {"family-history-of-breast-cancer": "breast", "family-history-of-ovarian-cancer": "ovarian"}
_FAMILY_WORDS = re.compile(
    r"^\s*(?:family history|fh|fhx)(?: of|:)? (?:\w+ ){0,3}?(?P<what>breast|ovarian|ovary)\b", re.IGNORECASE
)
_RELATION = re.compile(
    r"\b(?:in|of) (?:her |his |the )?((?:maternal |paternal )?"
    r"(?:mother|father|sister|brother|daughter|son|aunt|uncle|grandmother|cousin|first[- ]degree relative))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class BreastCondition:
    """
    One Condition that says that the patient has or had breast cancer.

    `named_in_text`: no code of ours says so. `problem` is False for an encounter diagnosis, which opens no second row.
    """

    key: str
    kind: str
    side: str
    onset: PartialDate | None
    source: Source
    history: bool = False
    recurrent: bool = False
    problem: bool = True
    named_in_text: bool = False


@dataclass(slots=True)
class Diagnoses:
    """What all Conditions say together."""

    breast: list[BreastCondition] = field(default_factory=list)
    others: set[str] = field(default_factory=set)
    other_cancers: set[str] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    surgery: list[tuple[str, Resource, str, str]] = field(default_factory=list)


def read_codes(
    chart: Chart,
    condition: Resource,
    rows: list[CodeRow],
    said: list[str],
    onset: PartialDate | None,
    source: Source,
    found: Diagnoses,
) -> None:
    """Events and patient-level facts that a diagnosis code states."""
    status = code_status(condition.get("clinicalStatus"))
    for row in rows:
        concept = chart.concept(row)
        if concept.is_event:
            chart.event(row.concept, onset, source, side=row.side or "unknown", value=status)
        fact = {
            "menopausal-status": ("menopausal_status", row.value),
            "menopause-finding": ("menopausal_status", row.value),
            "uterus-absent": ("uterus", "absent"),
            "ovaries-absent": ("ovaries", "absent"),
            "breast-density-value": ("breast_density", row.value),
        }.get(row.concept)
        if fact is not None:
            found.findings.append(Finding(fact[0], fact[1], onset, source, DIAGNOSIS_CODE))
        if row.concept in _FAMILY:
            found.findings.append(_relative(_FAMILY[row.concept], said, source))
        if row.concept == "pregnancy" and status in (None, "active"):
            found.findings.append(Finding("pregnancy", "pregnant", onset, source, DIAGNOSIS_CODE))
    if not rows:
        _read_words(chart, said, onset, source, status, found)


def _read_words(
    chart: Chart, said: list[str], onset: PartialDate | None, source: Source, status: str | None, found: Diagnoses
) -> None:
    """Events and facts by name, for a diagnosis without a known code."""
    joined = " ".join(said).lower()
    family = next((match for match in map(_FAMILY_WORDS.search, said) if match), None)
    if family is not None and not re.search(r"\b(?:no|negative|denies|unknown|benign)\b", joined):
        organ = "breast" if family["what"].lower() == "breast" else "ovarian"
        chart.event(f"family-history-of-{organ}-cancer", onset, source, value=status)
        found.findings.append(_relative(organ, said, source))
    if not joined or re.search(r"\b(?:no|denies|screening|risk|rule out|family|mother|suspected)\b", joined):
        return
    for concept in chart.codes.concepts.values():
        if concept.kind == "condition" and concept.is_event and any(name in joined for name in concept.names):
            chart.event(concept.id, onset, source, value=status)
    menopause = re.search(r"\b(post|pre|peri)-?\s?menopausal\b(?! bleeding)", joined)
    if menopause and not re.search(r"\bhistory of\b", joined):
        found.findings.append(Finding("menopausal_status", f"{menopause[1]}menopausal", onset, source, DIAGNOSIS_CODE))
    if re.search(r"\b(?:absence of uterus|s/p (?:total )?hysterectomy|history of (?:total )?hysterectomy)\b", joined):
        found.findings.append(Finding("uterus", "absent", onset, source, DIAGNOSIS_CODE))


def _relative(cancer: str, said: list[str], source: Source) -> Finding:
    """A cancer in the family as a diagnosis states it: the relative only where the words name one."""
    relation = next((match[1].lower() for match in map(_RELATION.search, said) if match), ANY_RELATIVE)
    return Finding("family_history", cancer, None, source, DIAGNOSIS_CODE, extra={"relation": relation, "age": None})


def read_receptors(
    chart: Chart, condition: Resource, rows: list[CodeRow], said: list[str], source: Source, found: Diagnoses
) -> None:
    """Receptor status that a diagnosis states: Z17, SNOMED tumor types, and the words of problem lists."""
    names = {"estrogen-receptor-test": "er", "progesterone-receptor-test": "pr", "her2-test": "her2"}
    side = chart.side(condition, *said)
    stated: dict[str, str] = {}
    for row in rows:
        if row.concept in names and row.value in ("positive", "negative", "low-positive"):
            stated[names[row.concept]] = row.value
        if row.concept == "receptor-profile":
            stated.update({name: row.extra[name] for name in ("er", "pr", "her2") if name in row.extra})
    if not any(named.relative for named in map(named_cancer, said)):
        for word in said:
            for phrase in receptor_phrases(Sentence(word)):
                if phrase.value is not None and phrase.name in ("er", "pr", "her2"):
                    stated.setdefault(phrase.name, phrase.value)
            if named_cancer(word).kind is not None:
                for phrase in staging_phrases(Sentence(word)):
                    found.findings.append(
                        Finding(
                            phrase.name,
                            phrase.value,
                            None,
                            source,
                            DIAGNOSIS_CODE,
                            side=side,
                            basis=phrase.basis,
                            focus=(source.reference,),
                            extra=phrase.extra,
                        )
                    )
    for name, value in sorted(stated.items()):
        part = "overall" if name == "her2" else ""
        found.findings.append(Finding(name, value, None, source, DIAGNOSIS_CODE, side=side, part=part))
