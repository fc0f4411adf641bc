"""
Features of the tumors and of the patient's attributes. What is not found is unknown, never negative.

Several primaries: rules read the rows' own facts, so a feature holds the values of all tumors.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from smart_app.clinical.dates import PartialDate, whole_years_between
from smart_app.clinical.facts import CancerRecord, Fact, FactState, PatientRecord, Source
from smart_app.clinical.features import SIDES, Feature, unknown
from smart_app.clinical.recommendations import Because

_SIDES_OF = {"left": ("left",), "right": ("right",), "bilateral": SIDES}


def tumor_features(record: PatientRecord) -> Iterator[Feature]:
    """Everything that is read from facts of tumors and attributes of the patient."""
    yield _sex(record)
    yield _age(record)
    yield from _diagnosis(record)
    yield from _receptors(record)
    yield from _extent(record)
    yield from _attributes(record)
    yield _conflict(record)


def because_of(fact: Fact) -> Because:
    """The reason that a known fact gives."""
    return Because(fact.name, fact.value, fact.sources)


def tumor_facts(record: PatientRecord, name: str) -> list[Fact | None]:
    """This fact of every tumor; of the patient where no tumor row carries it."""
    rows = [cancer.facts.get(name) for cancer in record.cancers if cancer.kind != "lcis"]
    if any(fact is not None and fact.state is not FactState.NOT_FOUND for fact in rows):
        return rows
    patient = record.facts.get(name)
    return [patient] if patient is not None and patient.known else rows or [patient]


def _tumors(record: PatientRecord) -> Sequence[CancerRecord | None]:
    """The tumors that are followed; None stands for the patient's own facts where there is no row."""
    return [cancer for cancer in record.cancers if cancer.kind != "lcis"] or [None]


def _collect(record: PatientRecord, feature: str, fact: str, read: Callable[[Fact], Iterable[Any]]) -> Feature:
    """The values of all tumors; incomplete where one tumor has none."""
    facts = tumor_facts(record, fact)
    known = [row for row in facts if row is not None and row.known]
    values = frozenset(value for row in known for value in read(row))
    if not values:
        return unknown(feature)
    reasons = tuple(because_of(row) for row in known)
    return Feature(feature, values, reasons, (fact,), complete=len(known) == len(facts))


def _highest(record: PatientRecord, feature: str, fact: str) -> Feature:
    """The highest number of all tumors; unknown where one tumor has none."""
    facts = tumor_facts(record, fact)
    known = [row for row in facts if row is not None and row.known and isinstance(row.value, (int, float))]
    if not known:
        return unknown(feature)
    highest = max(known, key=lambda row: row.value)
    high = None if len(known) == len(facts) else float("inf")
    return Feature(feature, highest.value, (because_of(highest),), (fact,), high=high)


def _sex(record: PatientRecord) -> Feature:
    sex = record.patient.sex
    return unknown("sex") if sex == "unknown" else Feature("sex", sex, (Because("sex", sex),))


def _years_at(birth: PartialDate, day: PartialDate) -> tuple[int, int]:
    return whole_years_between(birth.latest, day.earliest), whole_years_between(birth.earliest, day.latest)


def _age_feature(name: str, birth: PartialDate, day: PartialDate, because: tuple[Because, ...]) -> Feature:
    low, high = _years_at(birth, day)
    return Feature(name, low, because, ("birth_date",), high=high if high != low else None)


def _age(record: PatientRecord) -> Feature:
    birth = record.patient.birth_date
    if birth is None:
        return unknown("age")
    return _age_feature("age", birth, PartialDate.from_date(record.as_of), (Because("birth_date", str(birth)),))


def _diagnosis(record: PatientRecord) -> Iterator[Feature]:
    rows = [cancer for cancer in record.cancers if cancer.kind != "lcis"]
    yield _kind(rows)
    sides = frozenset(side for row in rows for side in _SIDES_OF.get(row.laterality, ()))
    sources = tuple(source for row in rows for source in row.sources)
    because = (Because("laterality", "bilateral" if len(sides) == 2 else "".join(sides), sources),)
    complete = all(row.laterality in _SIDES_OF for row in rows)
    yield Feature("dx.side", sides, because, ("laterality",), complete=complete) if sides else unknown("dx.side")
    for side in SIDES:
        if side in sides:
            yield Feature(f"dx.here.{side}", True, because)
        else:
            yield Feature(f"dx.here.{side}", False, because) if complete else unknown("dx.here")
    high = None if record.was_read("cancer_kind") else float("inf")
    yield Feature("dx.count", len(rows), (Because("cancers", len(rows), sources),), ("cancer_kind",), high=high)
    dated = [row for row in rows if row.diagnosed_on is not None]
    first = min((row.diagnosed_on for row in dated if row.diagnosed_on), key=lambda day: day.earliest, default=None)
    birth = record.patient.birth_date
    if first is None or birth is None:
        missing = ("birth_date",) if first is not None else ("diagnosed_on",)
        yield unknown("dx.age_at_dx", *missing)
    else:
        own = [row for row in dated if row.diagnosed_on == first and "diagnosed_on" not in row.facts]
        sources = tuple(source for row in own for source in row.sources)
        reasons = (Because("diagnosed_on", str(first), sources), Because("birth_date", str(birth)))
        yield _age_feature("dx.age_at_dx", birth, first, reasons)


def _kind(rows: list[CancerRecord]) -> Feature:
    kinds = {row.kind for row in rows}
    kind = "invasive" if "invasive" in kinds else next(iter(kinds)) if len(kinds) == 1 else "unknown"
    if kind == "unknown":
        return unknown("dx.type")
    sources = tuple(source for row in rows if row.kind == kind for source in row.sources)
    return Feature("dx.type", kind, (Because("cancer_kind", kind, sources),))


def _receptor_words(fact: Fact) -> tuple[str, ...]:
    return (str(fact.value).replace("-", "_"),)


def _her2_words(fact: Fact) -> tuple[str, ...]:
    if fact.value != "negative":
        return (str(fact.value),)
    ihc = fact.extra.get("ihc")
    if fact.extra.get("low") is True or ihc in ("1+", "2+"):
        return ("negative", "low")
    if ihc == "0":
        return ("negative", "ultralow" if fact.extra.get("ultralow") else "zero")
    return ("negative", "negative_nos")


def _receptors(record: PatientRecord) -> Iterator[Feature]:
    yield _collect(record, "er", "er", _receptor_words)
    yield _collect(record, "pr", "pr", _receptor_words)
    yield _collect(record, "her2", "her2", _her2_words)
    rows = _tumors(record)
    yield _any_tumor("hr", [_hormone_receptor(record, row) for row in rows])
    yield _any_tumor("triple_negative", [_triple_negative(record, row) for row in rows])


def _fact_of(record: PatientRecord, row: CancerRecord | None, name: str) -> Fact | None:
    fact = row.facts.get(name) if row is not None else None
    single = len(record.cancers) <= 1
    if single and (fact is None or not fact.known):
        patient = record.facts.get(name)
        if patient is not None and patient.known:
            return patient
    return fact


_Answer = tuple[bool | None, tuple[Because, ...], tuple[str, ...]]


def _hormone_receptor(record: PatientRecord, row: CancerRecord | None) -> _Answer:
    facts = {name: _fact_of(record, row, name) for name in ("er", "pr")}
    known = {name: fact for name, fact in facts.items() if fact is not None and fact.known}
    positive = [fact for fact in known.values() if fact.value in ("positive", "low-positive")]
    if positive:
        return True, tuple(because_of(fact) for fact in positive), ()
    if len(known) == 2 and all(fact.value == "negative" for fact in known.values()):
        return False, tuple(because_of(fact) for fact in known.values()), ()
    return None, (), tuple(name for name in facts if name not in known or known[name].value == "equivocal")


def _triple_negative(record: PatientRecord, row: CancerRecord | None) -> _Answer:
    facts = {name: _fact_of(record, row, name) for name in ("er", "pr", "her2")}
    known = {name: fact for name, fact in facts.items() if fact is not None and fact.known}
    positive = [fact for fact in known.values() if fact.value in ("positive", "low-positive")]
    if positive:
        return False, tuple(because_of(fact) for fact in positive), ()
    if len(known) == 3 and all(fact.value == "negative" for fact in known.values()):
        return True, tuple(because_of(fact) for fact in known.values()), ()
    return None, (), tuple(name for name in facts if name not in known or known[name].value == "equivocal")


def _any_tumor(name: str, answers: Sequence[_Answer]) -> Feature:
    for value, because, _ in answers:
        if value:
            return Feature(name, True, because)
    if any(value is None for value, _, _ in answers):
        missing = tuple(dict.fromkeys(part for value, _, parts in answers if value is None for part in parts))
        return unknown(name, *missing)
    return Feature(name, False, tuple(reason for _, because, _ in answers for reason in because))


def _with_and_without_letter(fact: Fact) -> tuple[str, ...]:
    text = str(fact.value)
    return tuple({text, re.sub(r"(?<=[IV0-9])(mi|is|[ABCabcd]).*$|\(.*\)$", "", text)})


def _extent(record: PatientRecord) -> Iterator[Feature]:
    yield _collect(record, "grade", "grade", lambda fact: (fact.value,))
    yield _highest(record, "size_mm", "tumor_size_mm")
    yield _collect(record, "stage.group", "stage_group", _with_and_without_letter)
    yield _collect(record, "stage.T", "t", _with_and_without_letter)
    yield _collect(record, "stage.N", "n", _with_and_without_letter)
    yield _highest(record, "nodes.pos", "nodes_positive")
    rows = _tumors(record)
    yield _any_tumor("node_positive", [_node_positive(record, row) for row in rows])
    yield _highest(record, "ki67", "ki67_percent")
    yield _highest(record, "oncotype", "oncotype_rs")
    yield _collect(record, "rcb", "rcb_class", lambda fact: (str(fact.value),))


def _node_positive(record: PatientRecord, row: CancerRecord | None) -> _Answer:
    """A count stands over the category: N0 may be clinical, from before the operation."""
    count = _fact_of(record, row, "nodes_positive")
    if count is not None and count.known and isinstance(count.value, int):
        return count.value > 0, (because_of(count),), ()
    category = _fact_of(record, row, "n")
    if category is not None and category.known:
        text = str(category.value)
        if text.startswith("N0"):
            return False, (because_of(category),), ()
        if re.match(r"N[123]", text):
            return True, (because_of(category),), ()
    return None, (), ("nodes_positive", "n")


_MENOPAUSE = {"premenopausal": "pre", "perimenopausal": "peri", "postmenopausal": "post"}


def _attributes(record: PatientRecord) -> Iterator[Feature]:
    yield _menopause(record)
    yield _uterus(record)
    yield _single(record, "density", "breast_density", lambda value: str(value).strip().lower()[-1:])
    yield _single(record, "bmi", "bmi")
    yield _single(record, "smoking", "smoking", str)
    yield _single(record, "lvef", "lvef_percent")
    yield _single(record, "anthracycline_dose", "cumulative_doxorubicin_mg_m2")
    yield _single(record, "life_expectancy", "life_expectancy", str)
    yield from _germline(record)


def _single(
    record: PatientRecord, feature: str, fact: str, read: Callable[[Any], Any] = lambda value: value
) -> Feature:
    found = record.facts.get(fact)
    if found is None or not found.known:
        return unknown(feature)
    return Feature(feature, read(found.value), (because_of(found),), (fact,))


def ovaries_removed(record: PatientRecord) -> Because | None:
    """The record that both ovaries are gone, if there is one."""
    fact = record.facts.get("ovaries")
    if fact is not None and fact.known and str(fact.value) in ("absent", "removed"):
        return because_of(fact)
    events = record.events.get("oophorectomy-bilateral", ())
    return Because("ovaries", "absent", events[0].sources) if events else None


def _man_without_organs(record: PatientRecord) -> Feature | None:
    """No menopause to know of in a man, unless the record speaks of ovaries or a uterus (rule X-02)."""
    organs = (record.facts.get(name) for name in ("uterus", "ovaries", "pregnancy"))
    if record.patient.sex != "male" or any(fact is not None and fact.known for fact in organs):
        return None
    return Feature("menopause", "none", (Because("sex", "male"),))


def _menopause(record: PatientRecord) -> Feature:
    fact = record.facts.get("menopausal_status")
    status = _MENOPAUSE.get(str(fact.value)) if fact is not None and fact.known else None
    removed = ovaries_removed(record)
    if removed is not None and status != "post":
        return Feature("menopause", "induced", (removed,))
    if status is None or fact is None:
        return _man_without_organs(record) or unknown("menopause")
    return Feature("menopause", status, (because_of(fact),))


def _uterus(record: PatientRecord) -> Feature:
    fact = record.facts.get("uterus")
    if fact is None or not fact.known:
        return unknown("uterus")
    value = "absent" if str(fact.value) in ("absent", "removed") else "intact"
    return Feature("uterus", value, (because_of(fact),))


def _germline(record: PatientRecord) -> Iterator[Feature]:
    fact = record.facts.get("germline")
    if fact is None or not fact.known:
        for name in ("germline", "germline.tested", "germline.year"):
            yield unknown(name)
        return
    because = (because_of(fact),)
    rows: Iterable[Any] = fact.value if isinstance(fact.value, (list, tuple)) else ()
    if isinstance(fact.value, str) and fact.value.strip().lower().replace("_", "-") not in ("not-tested", ""):
        gene, _, result = fact.value.rpartition(" ")
        rows = ({"gene": gene.strip(), "result": result.strip().lower()},)
    yield Feature("germline.year", fact.on.year, because) if fact.on is not None else unknown("germline.year")
    if not rows:
        yield Feature("germline", frozenset({"not_tested"}), because)
        yield Feature("germline.tested", False, because)
        return
    pathogenic = {str(row["gene"]) for row in rows if row.get("result") == "pathogenic"}
    results = {str(row.get("result")) for row in rows} & {"vus", "negative"}
    yield Feature("germline", frozenset(pathogenic | results), because)
    yield Feature("germline.tested", True, because)


def _conflict(record: PatientRecord) -> Feature:
    """Whether final results disagree, or treatment and cancer in their side; two tumors that differ are none."""
    rows: list[Fact] = []
    if len(record.cancers) > 1:
        tumor_names = {name for cancer in record.cancers for name in cancer.facts}
        rows = [fact for name, fact in record.facts.items() if name not in tumor_names]
    else:
        rows = list(record.facts.values())
    rows += [fact for cancer in record.cancers for fact in cancer.facts.values()]
    found: dict[str, Because] = {}
    for fact in rows:
        if fact.state is FactState.CONFLICTING:
            sources: tuple[Source, ...] = tuple(source for other in fact.others for source in other.sources)
            values = " / ".join(str(other.value) for other in fact.others)
            found.setdefault(fact.name, Because(fact.name, values, sources))
    mismatch = _wrong_side(record)
    if mismatch is not None:
        found["laterality"] = mismatch
    unread = tuple(dict.fromkeys(fact.name for fact in rows if fact.state is FactState.NOT_READ))
    if not found and unread:
        return Feature("facts.conflict", None, (), unread)
    return Feature("facts.conflict", bool(found), tuple(found.values()))


def _wrong_side(record: PatientRecord) -> Because | None:
    """
    A cancer of one breast with operations or radiation recorded of the other breast alone.

    Source:
        rules.md G-07 (laterality mismatch).
    """
    cancers = [cancer for cancer in record.cancers if cancer.kind != "lcis"]
    sides = {side for cancer in cancers for side in _SIDES_OF.get(cancer.laterality, ())}
    if any(cancer.laterality not in _SIDES_OF for cancer in cancers) or len(sides) != 1:
        return None
    operations = [row for row in record.surgery if row.kind in ("mastectomy", "breast-conserving")]
    for name, rows in (("operation", operations), ("radiation", list(record.radiation))):
        treated = {side for row in rows for side in _SIDES_OF.get(row.side, SIDES)}
        if rows and not treated & sides:
            sources = tuple(source for row in rows for source in row.sources)
            return Because("laterality", f"cancer {min(sides)}, {name} {min(treated)}", sources)
    return None
