"""
Facts that a clinician entered, overrode or chose: laid over the record's own, which stays beside them.

Entries may come in any order; of several for one fact the last in time stands. Everything that follows from a fact
(scope, metastasis by M category or stage, the patient-level fact of several tumors) is worked out anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from smart_app.clinical import suppression
from smart_app.clinical.date_facts import DATE_FACTS, TUMOR_ATTRIBUTES, date_fact, tumor_attribute
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.entered_rows import apply_rows
from smart_app.clinical.facts import CancerRecord, Entry, Fact, FactState, FactValue, PatientRecord
from smart_app.clinical.scope import decide_scope
from smart_app.clinical.typed_rows import ROW_NAMES, parse_row, typed_row

_YES_NO = ("true", "false")
CHOICES: Mapping[str, tuple[str, ...]] = {
    "er": ("positive", "low-positive", "negative", "equivocal"),
    "pr": ("positive", "negative", "equivocal"),
    "her2": ("positive", "negative", "equivocal"),
    "grade": ("1", "2", "3"),
    "stage_group": ("0", "I", "IA", "IB", "II", "IIA", "IIB", "III", "IIIA", "IIIB", "IIIC", "IV"),
    "m": ("M0", "M1"),
    "cancer_kind": ("invasive", "dcis", "lcis"),
    "laterality": ("left", "right"),
    "menopausal_status": ("premenopausal", "perimenopausal", "postmenopausal"),
    "metastasis": ("present", "none"),
    "recurrence": ("none", "local", "regional", "distant"),
    "uterus": ("intact", "absent"),
    "ovaries": ("intact", "absent"),
    "pregnancy": ("pregnant", "not-pregnant"),
    "breast_density": ("a", "b", "c", "d"),
    "birads": ("0", "1", "2", "3", "4", "5", "6"),
    "rcb_class": ("0", "I", "II", "III"),
    "smoking": ("current", "former", "never"),
    "life_expectancy": ("under-5", "5-10", "over-10"),
    "ovarian_suppression": ("none", "gnrh"),
    "family_history": _YES_NO,
    "hospice": _YES_NO,
    "chest_radiation_before_30": _YES_NO,
    "heart_in_radiation_field": _YES_NO,
}
"""Values that may be entered, for facts with a closed list."""

NUMBERS: Mapping[str, tuple[float, float]] = {
    "nodes_positive": (0, 99),
    "nodes_examined": (0, 99),
    "tumor_size_mm": (0.1, 400),
    "ki67_percent": (0, 100),
    "oncotype_rs": (0, 100),
    "lvef_percent": (5, 90),
    "bmi": (8, 100),
    "cumulative_doxorubicin_mg_m2": (0, 1000),
    "lifetime_risk": (0, 100),
}
"""Least and most of what may be entered as a number."""

ENTERABLE_TEXTS = frozenset({"t", "n", "germline", "new_symptoms", *DATE_FACTS})
"""Facts that are typed in a form of their own."""

TUMOR_FACTS = frozenset(
    {
        "er", "pr", "her2", "grade", "stage_group", "t", "n", "m", "tumor_size_mm", "nodes_positive", "nodes_examined",
        "ki67_percent", "oncotype_rs", "rcb_class", *TUMOR_ATTRIBUTES,
    }
)  # fmt: skip
"""Facts that belong to one tumor: of several tumors, an entry is about one."""

_WHOLE = frozenset({"nodes_positive", "nodes_examined", "oncotype_rs"})
_CATEGORIES = {
    "t": re.compile(r"T(?:[0-4](?:mi|[a-d])?|is)"),
    "n": re.compile(r"N[0-3](?:mi|[abc])?(?:\(i\+\))?"),
}
NOT_TESTED = "not-tested"
_PANEL = "panel"
_GENE = re.compile(r"[A-Z][A-Z0-9]{1,7}")
_GERMLINE_RESULTS: Mapping[str, str] = {
    "pathogenic": "pathogenic",
    "likely pathogenic": "pathogenic",
    "positive": "pathogenic",
    "vus": "vus",
    "uncertain": "vus",
    "negative": "negative",
    "benign": "negative",
}
_GERMLINE_HINT = "gene and result, such as BRCA1 pathogenic; PALB2 vus; or: negative; or: not tested"


def parse_entry_value(name: str, text: str) -> Any:
    """
    The value of a fact as typed by a clinician, in the form of the facts JSON.

    Raises:
        ValueError: says what is accepted, in words for the page.
    """
    text = text.strip()
    if name in ROW_NAMES:
        return parse_row(name, text)
    if name in NUMBERS:
        least, most = NUMBERS[name]
        if not re.fullmatch(r"\d{1,4}(?:[.,]\d{1,2})?", text):
            raise ValueError(f"a number from {least:g} to {most:g}")
        number = float(text.replace(",", "."))
        if not least <= number <= most or (name in _WHOLE and number != int(number)):
            raise ValueError(f"a {'whole ' if name in _WHOLE else ''}number from {least:g} to {most:g}")
        return int(number) if number == int(number) else number
    choices = CHOICES.get(name)
    if choices is not None:
        chosen = next((choice for choice in choices if choice.lower() == text.lower()), None)
        if chosen is None:
            raise ValueError("one of " + ", ".join(choices))
        return int(chosen) if name == "grade" else chosen
    if name in _CATEGORIES:
        if not _CATEGORIES[name].fullmatch(text):
            raise ValueError(f"a {name.upper()} category without prefix, such as {name.upper()}1")
        return text
    if name == "germline":
        return _germline(text)
    if name in DATE_FACTS:
        return _date(text)
    if not text:
        raise ValueError("a value")
    return text


def typed_text(name: str, value: Any) -> str:
    """What a person would type for this value: the reverse of `parse_entry_value`."""
    if isinstance(value, bool):
        return str(value).lower()
    if name in ROW_NAMES and isinstance(value, Mapping):
        return typed_row(value)
    if name != "germline" or not isinstance(value, (list, tuple)):
        return str(value)
    rows = [row for row in value if isinstance(row, Mapping)]
    return "; ".join(f"{row['gene']} {row['result']}".removeprefix(f"{_PANEL} ") for row in rows)


def _germline(text: str) -> Any:
    """Gene and result as the facts JSON has them; a negative test without genes is one of a panel."""
    if text.lower().replace("-", " ") == "not tested":
        return NOT_TESTED
    rows: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in re.split(r"[;,\n]", text))):
        gene, _, word = part.partition(" ")
        if part.lower() in _GERMLINE_RESULTS:
            gene, word = _PANEL, part
        result = _GERMLINE_RESULTS.get(word.strip(" :").lower())
        gene = gene.rstrip(":")
        if result is None or not (gene == _PANEL or _GENE.fullmatch(gene.upper())):
            raise ValueError(_GERMLINE_HINT)
        rows[gene if gene == _PANEL else gene.upper()] = result
    if not rows or (rows.get(_PANEL) not in (None, "negative")):
        raise ValueError(_GERMLINE_HINT)
    return [{"gene": gene, "result": rows[gene]} for gene in sorted(rows)]


def _date(text: str) -> str:
    try:
        return str(PartialDate.parse(text))
    except ValueError:
        raise ValueError("a year, month or day, such as 2022, 2022-12 or 2022-12-09") from None


def entry_key(entry: Entry) -> str:
    """How forms and links name an entry: `er`, `her2.1` for the second tumor, `surgery.own-1a2b` for a row."""
    if entry.row:
        return f"{entry.name}.{entry.row}"
    return f"{entry.name}.{entry.cancer}" if entry.cancer else entry.name


def apply_entries(record: PatientRecord, entries: tuple[Entry, ...]) -> PatientRecord:
    """The record with the clinician's entries laid over it; the record's own facts stay in `Fact.record`."""
    read, last = record, _last(entries)
    rows = [entry for (name, _, _), entry in sorted(last.items(), key=lambda item: str(item[0])) if name in ROW_NAMES]
    record = apply_rows(record, rows) if rows else record
    record = _with_facts(record, read, {key[:2]: entry for key, entry in last.items() if key[0] not in ROW_NAMES})
    return replace(record, own=read) if last else read


def _with_facts(
    record: PatientRecord, read: PatientRecord, last: Mapping[tuple[str, int | None], Entry]
) -> PatientRecord:
    """The record with entered facts. `read`: the record before any entry."""
    if not last:
        return record
    cancers = tuple(_with_cancer_entries(index, cancer, last, record) for index, cancer in enumerate(record.cancers))
    facts = dict(record.facts)
    for name in {name for (name, cancer) in last if cancer is not None and name not in TUMOR_ATTRIBUTES}:
        facts[name] = _of_tumors(name, cancers, facts.get(name))
    for (name, cancer), entry in sorted(last.items(), key=lambda item: item[0][0]):
        if cancer is None and name not in TUMOR_ATTRIBUTES:
            facts[name] = entered(name, _recorded(name, read), entry)
    if ("metastasis", None) not in last:
        facts["metastasis"] = _metastasis(facts, record)
    ordered = {name: facts[name] for name in sorted(facts)}
    scope = decide_scope(record.patient, cancers, ordered, record.systemic)
    return replace(record, cancers=cancers, facts=ordered, scope=scope)


def _recorded(name: str, read: PatientRecord) -> Fact | None:
    """What the record itself says of a fact of the patient, whatever was entered."""
    if name in DATE_FACTS:
        return date_fact(name, read)
    return suppression.suppression_fact(read) if name == suppression.NAME else read.facts.get(name)


def _last(entries: Iterable[Entry]) -> dict[tuple[str, int | None, str], Entry]:
    """The last entry of each fact and tumor, and of each row; of one instant, the one that sorts last."""
    last: dict[tuple[str, int | None, str], Entry] = {}
    for entry in sorted(entries, key=lambda e: (e.at, e.by, repr(e.value), e.reason)):
        last[entry.name, entry.cancer, entry.row] = entry
    return last


def _with_cancer_entries(
    index: int, cancer: CancerRecord, last: Mapping[tuple[str, int | None], Entry], record: PatientRecord
) -> CancerRecord:
    """A tumor with its own entries; where there is one tumor, entries about the patient's tumor facts are its own."""
    facts = dict(cancer.facts)
    for (name, of_cancer), entry in last.items():
        only_one = of_cancer is None and len(record.cancers) == 1 and name in (*facts, *TUMOR_ATTRIBUTES)
        if of_cancer == index or (only_one and (name, index) not in last):
            attribute = name in TUMOR_ATTRIBUTES
            own = tumor_attribute(name, cancer, record.was_read(name)) if attribute else facts.get(name)
            facts[name] = entered(name, own, entry)
    given = {name: str(facts[name].value) for name in TUMOR_ATTRIBUTES if name in facts}
    return replace(
        cancer,
        kind=given.get("cancer_kind", cancer.kind),
        laterality=given.get("laterality", cancer.laterality),
        diagnosed_on=PartialDate.parse(given["diagnosed_on"]) if "diagnosed_on" in given else cancer.diagnosed_on,
        facts={name: facts[name] for name in sorted(facts)},
    )


def entered(name: str, own: Fact | None, entry: Entry) -> Fact:
    """An entered fact; for a choice among conflicting values, with the chosen value's sources and date."""
    chosen = _chosen(own, entry)
    extra = dict(entry.extra) if entry.extra else dict(chosen.extra) if chosen is not None else {}
    if name == "her2":
        extra.setdefault("low", {"positive": False}.get(str(entry.value)))
    return Fact(
        name=name,
        state=FactState.ENTERED,
        value=entry.value,
        on=entry.on or (chosen.on if chosen is not None else None),
        sources=chosen.sources if chosen is not None else (),
        others=tuple(other for other in own.others if other is not chosen) if own is not None else (),
        extra=extra,
        rule="Chosen by the clinician." if entry.chosen_source else "Entered by the clinician.",
        looked_for=own.looked_for if own is not None else "",
        entry=entry,
        record=own,
    )


def _chosen(own: Fact | None, entry: Entry) -> FactValue | None:
    if own is None or entry.chosen_source is None:
        return None
    for value in own.others:
        if any(source.reference == entry.chosen_source for source in value.sources):
            return value
    return None


def _of_tumors(name: str, cancers: tuple[CancerRecord, ...], own: Fact | None) -> Fact:
    """The patient-level fact after entries about single tumors."""
    facts = [cancer.facts[name] for cancer in cancers if name in cancer.facts]
    if len(facts) == 1:
        return facts[0]
    known = [fact for fact in facts if fact.known]
    by_hand = next((fact for fact in known if fact.state is FactState.ENTERED), None)
    looked_for = own.looked_for if own is not None else ""
    if known and by_hand is not None and all(fact.value == by_hand.value for fact in known):
        return replace(by_hand, record=own, rule="All tumors agree, as entered by the clinician.")
    others = tuple(FactValue(fact.value, fact.on, fact.sources, fact.extra) for fact in known)
    return Fact(
        name, FactState.CONFLICTING, others=others, rule="The tumors differ.", looked_for=looked_for, record=own
    )


def _metastasis(facts: Mapping[str, Fact], record: PatientRecord) -> Fact:
    """
    Metastasis after entries: a distant secondary of the record stands; what followed from M or stage follows anew.
    """
    own = record.facts.get("metastasis")
    if own is not None and own.extra.get("derived_from") is None and own.state is not FactState.NOT_FOUND:
        return own
    for name, positive, negative in (("m", "M1", "M0"), ("stage_group", "IV", None)):
        fact = facts.get(name)
        if fact is None or not fact.known:
            continue
        value = "present" if str(fact.value).startswith(positive) else None
        if value is None and negative is not None and str(fact.value).startswith(negative):
            value = "none"
        if value is not None:
            return replace(fact, name="metastasis", value=value, others=(), extra={"derived_from": name}, record=own)
    if own is not None and own.extra.get("derived_from") is None:
        return own
    return Fact("metastasis", FactState.NOT_FOUND, looked_for=own.looked_for if own is not None else "")
