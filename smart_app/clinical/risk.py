"""
Risk tools for the clinician only: CTS5 behind its gate, Oncotype DX and RCB as reported, PREDICT as a link.

No number of any tool ever goes to a patient. A failed gate names the criterion and shows no number. Nothing is imputed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import CancerRecord, Fact, PatientRecord, Source
from smart_app.clinical.features import Feature, Features, derive_features
from smart_app.clinical.features_treatment import endocrine_start

CTS5_VERSION = "CTS5 2018, formula as published by oncotoolkit.com, read 2026-11-22"
CTS5_LOW = 3.13
CTS5_HIGH = 3.86
CTS5_SIZE_CAP_MM = 30.0
FIVE_YEARS = 4.5
PREDICT_LINK = "https://breast.predict.cam"
DISTANT_RISK = {"low": "less than 5 %", "intermediate": "5 to 10 %", "high": "more than 10 %"}


@dataclass(frozen=True, slots=True)
class RiskInput:
    """One input of a tool: its value in words with its unit, its date, and the sources it was read from."""

    name: str
    value: str
    sources: tuple[Source, ...] = ()
    on: PartialDate | None = None


@dataclass(frozen=True, slots=True)
class RiskResult:
    """
    One tool for the clinician's page.

    `state`: computed, reported, not-computed, link. `score` and `group` only where computed or reported. `failed` names
    each criterion of the gate that does not hold, `missing` the facts that would have to be known.
    """

    tool: str
    version: str
    state: str
    score: float | None = None
    group: str = ""
    says: str = ""
    inputs: tuple[RiskInput, ...] = ()
    failed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    gate: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()
    source: str = ""
    link: str = ""


def node_group(positive_nodes: int) -> int:
    """Node group of CTS5: 0, 1, 2 to 3, 4 to 9, more than 9."""
    for group, most in enumerate((0, 1, 3, 9)):
        if positive_nodes <= most:
            return group
    return 4


def cts5_score(age_years: float, size_mm: float, grade: int, positive_nodes: int) -> float:
    """
    The Clinical Treatment Score post-5 years.

    Args:
        age_years: at diagnosis.
        size_mm: of the invasive tumor; more than 30 counts as 30.

    Source:
        Dowsett et al., J Clin Oncol 2018;36:1941-8; formula as read at oncotoolkit.com (risk.md section 1).
    """
    size = min(size_mm, CTS5_SIZE_CAP_MM)
    return 0.438 * node_group(positive_nodes) + 0.988 * (
        0.093 * size - 0.001 * size**2 + 0.375 * grade + 0.017 * age_years
    )


def cts5_group(score: float) -> str:
    """Low, intermediate or high; both limits belong to intermediate. Compared before any rounding."""
    if score < CTS5_LOW:
        return "low"
    return "intermediate" if score <= CTS5_HIGH else "high"


def risk_tools(record: PatientRecord, features: Features | None = None) -> tuple[RiskResult, ...]:
    """All tools for one patient; empty where the record is out of scope."""
    if not record.scope.applies:
        return ()
    found = features if features is not None else derive_features(record)
    reported = (_oncotype(record), _rcb(record))
    return (_cts5(record, found), *(row for row in reported if row is not None), _predict())


_GATE = (
    "ER-positive",
    "no distant disease and no recurrence recorded",
    "at least 4.5 years since endocrine therapy began, and taken for that long",
    "size, grade, positive nodes and age at diagnosis known",
    "no chemotherapy, HER2 or endocrine therapy before surgery (yp stages are not equivalent)",
    "invasive cancer, one primary, a woman",
)
_LIMITS = (
    "Estimates late distant recurrence in years 5 to 10, not what longer endocrine therapy would gain: "
    "no predictive value was found (ABCSG, Breast 2025;80:104415).",
    "Overestimates, most in the high group (GEICAM, Oncologist 2025;30(4):oyaf040, n 5739).",
    "Developed in postmenopausal women, HER2 mostly negative or unknown, alive and free of distant recurrence after 5 "
    "years of endocrine therapy; less certain before menopause. Not studied in men.",
    "Looks from year 5 to year 10; no percentage of one person is computed.",
    "Never on the handout.",
)


def _cts5(record: PatientRecord, features: Features) -> RiskResult:
    failed, missing = _gate(record, features)
    tumor = next((cancer for cancer in record.cancers if cancer.kind == "invasive"), None)
    facts = {name: _fact(record, tumor, name) for name in ("tumor_size_mm", "grade", "nodes_positive", "er")}
    age = features.get("dx.age_at_dx")
    if age.known and age.high is not None:
        missing.append("birth_date")
    inputs = [_input(name, fact) for name, fact in facts.items() if fact is not None and fact.known]
    if age.known:
        words = f"{age.value:g} years" if age.high is None else f"{age.value:g} to {age.high:g} years"
        inputs.append(RiskInput("age_at_diagnosis", words, tuple(s for b in age.because for s in b.sources)))
    inputs += _endocrine_input(record, features)
    result = RiskResult(
        "CTS5",
        CTS5_VERSION,
        "not-computed",
        inputs=tuple(inputs),
        failed=tuple(failed),
        gate=_GATE,
        limits=_LIMITS,
        source="Dowsett M, et al. J Clin Oncol 2018;36:1941-8",
    )
    numbers = [_number(facts[name]) for name in ("tumor_size_mm", "grade", "nodes_positive")]
    for name, number in zip(("tumor_size_mm", "grade", "nodes_positive"), numbers, strict=True):
        if number is None and name not in missing:
            missing.append(name)
    if failed or missing or not age.known or None in numbers:
        said = f"Cannot be computed: missing {', '.join(missing)}." if missing and not failed else ""
        said = said or f"Not valid for this patient: {'; '.join(failed)}."
        return replace(result, says=said, missing=tuple(missing))
    size, grade, nodes = (float(number) for number in numbers if number is not None)
    score = cts5_score(float(age.value), size, int(grade), int(nodes))
    group = cts5_group(score)
    said = f"Distant recurrence in years 5 to 10: {DISTANT_RISK[group]} in the development set"
    return replace(result, state="computed", score=score, group=group, says=said)


_Holds = Callable[[Feature], bool | None]
_CHECKS: tuple[tuple[str, str, _Holds], ...] = (
    ("dx.type", "not an invasive cancer", lambda found: bool(found.value == "invasive")),
    ("er", "ER is not positive (low-positive is not counted)", lambda found: found.value == frozenset({"positive"})),
    ("mets", "distant disease is recorded or suspected", lambda found: bool(found.value == "none")),
    ("recurrence", "a recurrence is recorded", lambda found: bool(found.value == "none")),
    ("et.years", "fewer than 4.5 years of endocrine therapy", lambda found: _long_enough(found)),
    ("neoadjuvant", "treated before surgery: not validated", lambda found: found.value is False),
    ("sex", "not studied in men", lambda found: bool(found.value == "female")),
    ("dx.count", "more than one primary cancer", lambda found: bool(found.value == 1)),
)


def _gate(record: PatientRecord, features: Features) -> tuple[list[str], list[str]]:
    """Criteria that do not hold, and facts that would have to be known; a criterion never fails on a missing fact."""
    failed: list[str] = []
    missing: list[str] = []
    for name, words, holds in _CHECKS:
        found = features.get(name)
        answer = holds(found) if found.known else None
        if answer is None:
            missing.extend(found.missing)
        elif not answer:
            failed.append(words)
    if _before_surgery(record) and "treated before surgery: not validated" not in failed:
        failed.append("treated before surgery: not validated")
    missing.extend(name for name in features.get("dx.age_at_dx").missing if not features.get("dx.age_at_dx").known)
    return failed, list(dict.fromkeys(missing))


def _long_enough(years: Feature) -> bool | None:
    """None where dates of low precision leave it open."""
    if years.value >= FIVE_YEARS:
        return True
    return None if years.high is not None and years.high >= FIVE_YEARS else False


def _before_surgery(record: PatientRecord) -> bool:
    """A stage after treatment (yp), or endocrine therapy that began more than a month before the first operation."""
    tumors = [fact for cancer in record.cancers for fact in cancer.facts.values()]
    if any(fact.known and fact.extra.get("after_neoadjuvant") for fact in (*tumors, *record.facts.values())):
        return True
    start = endocrine_start(record)
    days = [row.on for row in record.surgery if row.kind in ("mastectomy", "breast-conserving") and row.on is not None]
    first = min(days, key=lambda day: day.latest, default=None)
    return start is not None and first is not None and start.add_months(1).surely_before(first)


def _endocrine_input(record: PatientRecord, features: Features) -> list[RiskInput]:
    """Years of endocrine therapy, as the gate takes them."""
    years = features.get("et.years")
    if not years.known:
        return []
    low, high = f"{years.value:.1f}", f"{years.high if years.high is not None else years.value:.1f}"
    words = f"{low} years" if low == high else f"{low} to {high} years"
    sources = tuple(source for because in years.because for source in because.sources)
    return [RiskInput("endocrine_years", words, sources, endocrine_start(record))]


def _fact(record: PatientRecord, tumor: CancerRecord | None, name: str) -> Fact | None:
    fact = tumor.facts.get(name) if tumor is not None else None
    return fact if fact is not None and fact.known else record.facts.get(name)


def _number(fact: Fact | None) -> float | None:
    known = fact is not None and fact.known and isinstance(fact.value, (int, float))
    return float(fact.value) if known and fact is not None else None


def _input(name: str, fact: Fact) -> RiskInput:
    unit = _UNITS.get(name, "")
    value = f"{fact.value:g}" if isinstance(fact.value, float) else str(fact.value)
    return RiskInput(name, f"{value}{unit}", fact.sources, fact.on)


_UNITS = {"tumor_size_mm": " mm"}


def _oncotype(record: PatientRecord) -> RiskResult | None:
    """The reported score with its trial category by number, never by the words of older reports."""
    fact = record.facts.get("oncotype_rs")
    score = _number(fact)
    if fact is None or score is None:
        return None
    category = "0 to 25" if score <= 25 else "26 to 100"
    return RiskResult(
        "Oncotype DX Recurrence Score",
        "as reported by the laboratory",
        "reported",
        score=score,
        group=category,
        says=f"Recurrence Score {score:g} (TAILORx category {category})",
        inputs=(_input("oncotype_rs", fact),),
        limits=(
            "A test for the benefit of chemotherapy at diagnosis, not for late recurrence.",
            "Not validated for HER2-positive cancer, 4 or more nodes or after chemotherapy before surgery; few men.",
        ),
        source="TAILORx, N Engl J Med 2018 (from general knowledge); RxPONDER, doi 10.1056/NEJMoa2108873",
    )


def _rcb(record: PatientRecord) -> RiskResult | None:
    fact = record.facts.get("rcb_class")
    if fact is None or not fact.known:
        return None
    group = re.sub(r"(?i)^rcb[- ]?", "", str(fact.value))
    return RiskResult(
        "Residual cancer burden",
        "class as reported by pathology",
        "reported",
        group=group,
        says=f"RCB class {group}",
        inputs=(_input("rcb_class", fact),),
        limits=(
            "Read, never computed: the formula is patented.",
            "In luminal cancer class 0 and I have a similar course; do not translate the class for a patient.",
        ),
        source="Symmans, J Clin Oncol 2017;35:1049-60",
    )


def _predict() -> RiskResult:
    return RiskResult(
        "PREDICT Breast",
        "3.x",
        "link",
        says="An aid to decisions at the time of surgery. Not computed here: it speaks of survival from surgery on.",
        limits=("Not valid after treatment before surgery, in DCIS, in men, in metastatic disease, or years later.",),
        source="University of Cambridge",
        link=PREDICT_LINK,
    )
