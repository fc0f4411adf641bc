"""
"My cancer and my treatment" in plain words: only what one documented value says, never a conflict or a guess.

A list that may lack something, because a part of the record was not read, says so.
"""

from __future__ import annotations

from collections.abc import Iterable

from smart_app.clinical.coverage import story_is_whole
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import CancerRecord, Medication, PatientRecord
from smart_app.handout.messages import Words

HER2_CLASSES = ("her2",)
HORMONE_CLASSES = ("aromatase-inhibitor", "serm", "ovarian-suppression", "endocrine")
CHEMOTHERAPY_CLASSES = ("chemotherapy", "anthracycline", "taxane")


def describe_treatment(record: PatientRecord, words: Words) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Rows of label and sentences, in clinical order; empty rows are left out."""
    rows = (
        ("had.cancer", [_cancer(cancer, words) for cancer in record.cancers if cancer.kind != "lcis"]),
        ("had.surgery", _surgeries(record, words)),
        ("had.chemotherapy", _drugs(record.systemic, CHEMOTHERAPY_CLASSES, words, together=True)),
        ("had.radiation", _radiation(record, words)),
        ("had.her2", _drugs(record.systemic, HER2_CLASSES, words)),
        ("had.hormone", _drugs(record.systemic, HORMONE_CLASSES, words)),
        ("had.other", _others(record.systemic, words)),
        ("had.unread", [] if story_is_whole(record) else [words.say("had.unread-text")]),
    )
    return tuple((words.say(label), tuple(dict.fromkeys(texts))) for label, texts in rows if texts)


def _cancer(cancer: CancerRecord, words: Words) -> str:
    place = words.say(f"place.{_side(cancer.laterality)}")
    what = words.say("cancer.dcis" if cancer.kind == "dcis" else "cancer.invasive", place=place)
    when = cancer.diagnosed_on
    sentences = [
        words.say("cancer.found", cancer=what, when=words.month(when))
        if when
        else words.say("cancer.plain", cancer=what)
    ]
    er, pr, her2 = (_value(cancer, name) for name in ("er", "pr", "her2"))
    if "positive" in (er, pr) or er == "low-positive":
        sentences.append(words.say("cancer.hormones"))
    if her2 == "positive" and cancer.kind != "dcis":
        sentences.append(words.say("cancer.her2"))
    if er == pr == her2 == "negative":
        sentences.append(words.say("cancer.triple-negative"))
    return " ".join(sentences)


def _value(cancer: CancerRecord, name: str) -> object:
    fact = cancer.facts.get(name)
    return fact.value if fact is not None and fact.known else None


def _side(side: str) -> str:
    return side if side in ("left", "right", "bilateral") else "unknown"


def _surgeries(record: PatientRecord, words: Words) -> list[str]:
    dated: list[tuple[str, str, str, PartialDate | None]] = []
    breasts: dict[tuple[str, PartialDate | None], set[str]] = {}
    for row in record.surgery:
        breasts.setdefault((row.kind, row.on), set()).add(_side(row.side))
    for (kind, on), sides in breasts.items():
        for side in ["bilateral"] if {"left", "right"} <= sides else sorted(sides):
            dated.append((_surgery_key(kind, side), "place", side, on))
    for axillary in record.axillary_surgery:
        key = "surgery.many-nodes" if axillary.kind == "axillary-dissection" else "surgery.nodes"
        dated.append((key, "armpit", _side(axillary.side), axillary.on))
    dated.sort(key=lambda entry: (entry[3].earliest.toordinal() if entry[3] else 0, entry[1] == "armpit"))
    return [
        _when(words.capital(words.say(key, place=words.say(f"{part}.{side}"))), on, words)
        for key, part, side, on in dated
    ]


def _surgery_key(kind: str, side: str) -> str:
    known = kind if kind in ("breast-conserving", "mastectomy", "reconstruction") else "other"
    return (
        f"surgery.{known}-both"
        if side == "bilateral" and known in ("mastectomy", "reconstruction")
        else f"surgery.{known}"
    )


def _when(what: str, on: PartialDate | None, words: Words) -> str:
    return words.say("sentence.when", what=what, when=words.month(on)) if on else words.say("sentence.plain", what=what)


def _range(what: str, start: PartialDate | None, end: PartialDate | None, words: Words) -> str:
    if start and end and words.month(start) != words.month(end):
        return words.say("sentence.when", what=what, when=words.span(start, end))
    return _when(what, start or end, words)


def _radiation(record: PatientRecord, words: Words) -> list[str]:
    return [
        _range(words.say(f"radiation.{_side(course.side)}"), course.started_on, course.ended_on, words)
        for course in record.radiation
    ]


def drug_name(agent: str, words: Words) -> str:
    """A drug's name as the patient's language writes it; as recorded where the catalog has none."""
    key = f"drug.{agent}"
    return words.say(key) if words.has(key) else agent


def _drugs(
    systemic: Iterable[Medication], classes: tuple[str, ...], words: Words, *, together: bool = False
) -> list[str]:
    drugs = [drug for drug in systemic if any(name in classes for name in drug.classes)]
    if together and len(drugs) > 1 and all(drug.status != "active" for drug in drugs):
        starts = [drug.started_on for drug in drugs if drug.started_on]
        ends = [drug.ended_on for drug in drugs if drug.ended_on]
        names = words.capital(words.listed(dict.fromkeys(drug_name(drug.agent, words) for drug in drugs)))
        start = min(starts, key=lambda day: day.earliest) if starts else None
        end = max(ends, key=lambda day: day.latest) if ends else None
        return [_range(names, start, end, words)]
    return [_drug(drug, words) for drug in drugs]


def _drug(drug: Medication, words: Words) -> str:
    name = words.capital(drug_name(drug.agent, words))
    if drug.status == "active":
        if drug.started_on:
            return words.say("when.since", what=name, start=words.month(drug.started_on))
        return words.say("sentence.plain", what=name)
    if drug.started_on and drug.ended_on:
        return _range(name, drug.started_on, drug.ended_on, words)
    if drug.ended_on:
        return words.say("when.until", what=name, end=words.month(drug.ended_on))
    if drug.status == "stopped":
        return words.say("when.stopped", what=name)
    return _when(name, drug.started_on, words)


def _others(systemic: Iterable[Medication], words: Words) -> list[str]:
    known = {*HER2_CLASSES, *HORMONE_CLASSES, *CHEMOTHERAPY_CLASSES}
    return [_drug(drug, words) for drug in systemic if not known.intersection(drug.classes)]


def current_medicines(record: PatientRecord, words: Words) -> tuple[str, ...]:
    """Names of the medicines against the cancer that are in use now."""
    active = (drug.agent for drug in record.systemic if drug.status == "active")
    return tuple(dict.fromkeys(drug_name(agent, words) for agent in active))
