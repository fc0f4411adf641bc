"""
Which facts a plan rests on, with the versions they had: what it refers to, and what is looked at again later. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from smart_app.clinical.entered_rows import entered_row_words
from smart_app.clinical.facts import Entry, Fact, PatientRecord, Source
from smart_app.clinical.plan import CarePlanDraft
from smart_app.clinical.recommendations import Recommendation
from smart_app.clinical.typed_rows import ROW_NAMES

SUMMARY_FACTS = (
    "er",
    "pr",
    "her2",
    "grade",
    "stage_group",
    "t",
    "n",
    "m",
    "nodes_positive",
    "nodes_examined",
    "tumor_size_mm",
    "menopausal_status",
    "germline",
)
ENTRY_WORDS = {
    "er": "ER", "pr": "PR", "her2": "HER2", "t": "T category", "n": "N category", "m": "M category", "bmi": "BMI",
    "birads": "BI-RADS", "rcb_class": "residual cancer burden", "stage_group": "stage", "ki67_percent": "Ki-67 (%)",
    "tumor_size_mm": "tumor size (mm)", "oncotype_rs": "Oncotype DX score", "lvef_percent": "ejection fraction (%)",
    "cumulative_doxorubicin_mg_m2": "doxorubicin in all (mg/m²)", "lifetime_risk": "lifetime risk (%)",
    "germline": "germline genes", "cancer_kind": "type of cancer", "laterality": "side of the tumor",
    "surgery": "operation", "axillary_surgery": "operation on the axilla", "systemic": "cancer drug",
    "other_medications": "other medicine", "done": "last done", "conditions": "condition",
}  # fmt: skip
"""Entered facts by the words that a person reads in the plan; other names speak for themselves."""
_REFERENCE = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}")
_DISPLAY = re.compile(r"(?P<facts>.*?)(?: \(version (?P<version>[^()]+)\))?")


@dataclass(frozen=True, slots=True)
class UsedFact:
    """
    One resource of the record that the plan rests on.

    `facts` are (name, value in words); `version_id` the version that was read, None where the server gives none.
    """

    reference: str
    version_id: str | None
    facts: tuple[tuple[str, str], ...]

    @property
    def display(self) -> str:
        """Facts and version as text, because many servers strip the version of a reference."""
        words = "; ".join(f"{name}: {value}" for name, value in self.facts)
        return f"{words} (version {self.version_id})" if self.version_id else words


def can_be_referred_to(reference: str) -> bool:
    """Whether it names a resource of the record, and not one that had no id or was contained in another."""
    return bool(_REFERENCE.fullmatch(reference)) and "/unnamed-" not in reference


def facts_used(
    record: PatientRecord, recommendations: Mapping[str, Recommendation], draft: CarePlanDraft
) -> tuple[UsedFact, ...]:
    """
    Every resource that a row of the plan, or its summary of the cancer, rests on; in a fixed order.

    Args:
        recommendations: by row id.
    """
    found: dict[str, dict[str, str]] = {}
    versions: dict[str, str | None] = {}

    def add(name: str, value: Any, sources: Iterable[Source]) -> None:
        for source in sources:
            if can_be_referred_to(source.reference):
                # A semicolon parts the facts of one resource in `display`.
                found.setdefault(source.reference, {}).setdefault(name, words_of(value).replace(";", ","))
                versions.setdefault(source.reference, source.version_id)

    for cancer in record.cancers:
        add("diagnosis", cancer.kind, cancer.sources)
        for name in SUMMARY_FACTS:
            _add_fact(add, cancer.facts.get(name))
    for name in SUMMARY_FACTS:
        _add_fact(add, record.facts.get(name))
    for row in draft.rows:
        recommendation = recommendations.get(row.id)
        for because in recommendation.because if recommendation else ():
            add(because.fact, because.value, because.sources)
    return tuple(
        UsedFact(reference, versions[reference], tuple(facts.items())) for reference, facts in sorted(found.items())
    )


def _add_fact(add: Any, fact: Fact | None) -> None:
    if fact is None:
        return
    if fact.known:
        add(fact.name, fact.value, fact.sources)
    for other in fact.others if not fact.known else ():
        add(fact.name, other.value, other.sources)


def words_of(value: Any) -> str:
    """A value of the facts JSON as short text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return " ".join(words_of(part) for part in value.values())
    if isinstance(value, (list, tuple)):
        return ", ".join(words_of(part) for part in value)
    return str(value)


def parse_display(reference: str, display: str) -> UsedFact | None:
    """A used fact from the text that `UsedFact.display` made; None if it is not one."""
    match = _DISPLAY.fullmatch(display)
    if match is None or ": " not in match["facts"]:
        return None
    facts = tuple(
        (name, value) for name, _, value in (part.partition(": ") for part in match["facts"].split("; ")) if value
    )
    return UsedFact(reference, match["version"], facts)


@dataclass(frozen=True, slots=True)
class FactChange:
    """A used fact that is another now. `was` and `now` in words; `reference` None for a fact without a resource."""

    fact: str
    reference: str | None
    was: str
    now: str


def changes_since(before: Iterable[UsedFact], now: Iterable[UsedFact], record: PatientRecord) -> tuple[FactChange, ...]:
    """
    What changed between the facts that a plan was signed on and those of today.

    A resource that was read again in a newer version with the same values is no change. A fact that gained further
    sources with the same value is none either. What could not be read now is never told as gone from the record.
    """
    was, is_now = _values(before), _values(now)
    changes = []
    for name, old in was.items():
        new = is_now.get(name)
        if new is None:
            changes.append(FactChange(name, old[1], old[0], _gone(name, record)))
        elif new[0] != old[0]:
            unread = "" if record.was_read(_SEARCHED.get(name, name)) else ", but not read in full"
            changes.append(FactChange(name, new[1], old[0], f"{new[0]}{unread}"))
    changes += [
        FactChange(name, new[1], "not in the plan", new[0])
        for name, new in is_now.items()
        if name not in was and name in SUMMARY_FACTS
    ]
    return tuple(changes)


_SEARCHED = {"diagnosis": "cancer_kind"}


def _gone(name: str, record: PatientRecord) -> str:
    """Why no resource of the record stands for a fact any more."""
    facts = (record.facts.get(name), *(cancer.facts.get(name) for cancer in record.cancers))
    entered = next((fact for fact in facts if fact is not None and fact.entry is not None), None)
    if entered is not None:
        return f"{words_of(entered.value)}, entered by the clinician"
    if name in ROW_NAMES and record.own is not None and getattr(record.own, name, ()) != getattr(record, name, ()):
        return "as entered by the clinician"
    return "no longer in the record" if record.was_read(_SEARCHED.get(name, name)) else "could not be read now"


def _values(used: Iterable[UsedFact]) -> dict[str, tuple[str, str]]:
    values: dict[str, set[str]] = {}
    references: dict[str, str] = {}
    for entry in used:
        for name, value in entry.facts:
            values.setdefault(name, set()).add(value)
            references.setdefault(name, entry.reference)
    return {name: (" / ".join(sorted(found)), references[name]) for name, found in values.items()}


def entry_words(entry: Entry) -> str:
    """A fact that the clinician entered or chose, as one line of the plan."""
    verb = "chosen among disagreeing results" if entry.chosen_source else "entered"
    of = f" ({entry.on})" if entry.on else ""
    tumor = f", tumor {entry.cancer + 1}" if entry.cancer else ""
    value = entered_row_words(entry) if entry.row else words_of(entry.value)
    name = ENTRY_WORDS.get(entry.name, entry.name.replace("_", " "))
    text = f"{name}{tumor}: {value}{of}, {verb} by {entry.by} on {entry.at[:10]}"
    if entry.seen_where:
        text += f", seen in {entry.seen_where}"
    if entry.reason:
        text += f", because {entry.reason}"
    return text
