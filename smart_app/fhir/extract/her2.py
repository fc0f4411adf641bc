"""
The HER2 algorithm: immunohistochemistry, in situ hybridization and stated interpretation are one fact.

Source:
    ASCO/CAP 2018 (reaffirmed 2023): score 3+ positive; 2+ by in situ hybridization; 0 and 1+ negative; HER2-low is 1+,
    or 2+ without amplification. Ratio 2.0 and copy number 4.0 and 6.0 are its cut-offs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Fact
from smart_app.fhir.extract.decide import conflicting, documented, not_found, standing
from smart_app.fhir.extract.evidence import Finding, as_value, date_key, finding_key

_REFLEX_DAYS = 120


@dataclass(slots=True)
class _Assessment:
    """The parts that belong to one piece of tissue."""

    findings: list[Finding] = field(default_factory=list)

    def one(self, key: str) -> Any:
        """The only value of an extra key, None if there is none or several."""
        values = {f.extra[key] for f in self.findings if f.extra.get(key) is not None}
        return values.pop() if len(values) == 1 else None

    def several(self, key: str) -> bool:
        return len({f.extra[key] for f in self.findings if f.extra.get(key) is not None}) > 1

    @property
    def stated(self) -> set[str]:
        return {str(f.value) for f in self.findings if f.value is not None}


def hybridization(ish: str | None, ratio: float | None, copies: float | None, ihc: str | None) -> str | None:
    """
    `amplified`, `not-amplified`, `equivocal` by stated result, else by ratio and copies; None if nothing says.

    Between the groups of the guideline the immunohistochemistry decides; without it they stay equivocal.
    """
    if ish is not None:
        return ish
    if ratio is not None and ratio >= 2.0:
        if copies is None or copies >= 4.0:
            return "amplified"
        return "not-amplified" if ihc in ("0", "1+", "2+") else "equivocal"
    if copies is not None and copies >= 6.0:
        if ratio is None:
            return "amplified"
        return "amplified" if ihc in ("2+", "3+") else "not-amplified" if ihc in ("0", "1+") else "equivocal"
    if ratio is not None:
        return "not-amplified"
    if copies is not None:
        return "not-amplified" if copies < 4.0 else "equivocal"
    return None


def status_of(ihc: str | None, ish: str | None, stated: set[str]) -> str | None:
    """
    HER2 status of one assessment, `conflict` if its parts contradict one another, None if they decide nothing.
    """
    plain = stated - {"equivocal"}
    if len(plain) > 1:
        return "conflict"
    said = plain.pop() if plain else None
    if ihc == "3+":
        return "conflict" if said == "negative" else "positive"
    if ish == "amplified":
        return "conflict" if said == "negative" or ihc in ("0", "1+") else "positive"
    if ish == "not-amplified":
        return "conflict" if said == "positive" else "negative"
    if ihc in ("0", "1+"):
        return "conflict" if said == "positive" else "negative"
    if said is not None:
        return said
    if ihc == "2+" or "equivocal" in stated or ish == "equivocal":
        return "equivocal"
    return None


def category_of(status: str, ihc: str | None, stated_category: str | None) -> tuple[str, bool | None]:
    """`category` and `low` of a status: positive, low, ultralow, zero, negative-nos, equivocal."""
    if status == "positive":
        return "positive", False
    if status == "equivocal":
        return "equivocal", None
    if ihc in ("1+", "2+") or stated_category == "low":
        return "low", True
    if stated_category == "ultralow":
        return "ultralow", False
    if ihc == "0":
        return "zero", False
    return "negative-nos", None


def decide_her2(findings: Sequence[Finding], looked_for: str, read: bool = True) -> Fact:
    """The HER2 fact of one tumor (or of the patient, where there is no tumor to tell apart)."""
    if not findings:
        return not_found("her2", looked_for, read)
    left, superseded = standing(list(findings))
    lower = [f for f, why in superseded if why.startswith("read from")]
    judged = [_judge(a) for a in _assessments(left)]
    decided = [(status, a) for status, a in judged if status is not None]
    if not decided and lower:
        return decide_her2(lower, looked_for, read)
    if not decided:
        return not_found("her2", looked_for, read)
    statuses = {status for status, _ in decided}
    if "conflict" in statuses or len(statuses - {"equivocal"}) > 1 or _unsettled(decided):
        return _conflict(decided, looked_for)
    return _documented(decided, lower, superseded, looked_for)


def _judge(assessment: _Assessment) -> tuple[str | None, _Assessment]:
    if assessment.several("ihc"):
        scores = {f.extra["ihc"] for f in assessment.findings if f.extra.get("ihc") is not None}
        statuses = {_status(assessment, score) for score in scores}
        return (statuses.pop() if len(statuses) == 1 else "conflict"), assessment
    return _status(assessment, assessment.one("ihc")), assessment


def _status(assessment: _Assessment, ihc: str | None) -> str | None:
    ish = hybridization(assessment.one("ish"), assessment.one("ratio"), assessment.one("copies"), ihc)
    return status_of(ihc, ish, assessment.stated)


def _unsettled(decided: list[tuple[str, _Assessment]]) -> bool:
    """An equivocal result with a decided one stands only if the decided one is not older."""
    if len({status for status, _ in decided}) < 2:
        return False
    last_equivocal = max(_last(a) for status, a in decided if status == "equivocal")
    return last_equivocal > max(_last(a) for status, a in decided if status != "equivocal")


def _last(assessment: _Assessment) -> str:
    return max(date_key(f.on) for f in assessment.findings)


def _assessments(findings: list[Finding]) -> list[_Assessment]:
    """
    Parts of one specimen or one day together; hybridization joins the immunohistochemistry that it followed.
    """
    groups: dict[tuple[str, str], _Assessment] = {}
    loose: list[Finding] = []
    for finding in sorted(findings, key=finding_key):
        if finding.part == "ish" or (finding.value is None and "ihc" not in finding.extra):
            loose.append(finding)
            continue
        key = (finding.specimen_ref or finding.specimen or "", date_key(finding.on))
        groups.setdefault(key, _Assessment()).findings.append(finding)
    bases = [groups[key] for key in sorted(groups)]
    for finding in loose:
        base = _base_of(finding, bases)
        if base is None:
            base = _Assessment()
            bases.append(base)
        base.findings.append(finding)
    return bases


def _base_of(ish: Finding, bases: list[_Assessment]) -> _Assessment | None:
    """The assessment that a hybridization belongs to: same specimen, else same day, else the last within months."""
    if not bases:
        return None
    same = [b for b in bases if ish.specimen_ref and any(f.specimen_ref == ish.specimen_ref for f in b.findings)]
    same = same or [b for b in bases if ish.specimen and any(f.specimen == ish.specimen for f in b.findings)]
    if same:
        return same[-1]
    near = [b for b in bases if _near(ish.on, b)]
    if near:
        exact = [b for b in near if _last(b) == date_key(ish.on)]
        return (exact or near)[-1]
    return bases[0] if len(bases) == 1 and (ish.on is None or _last(bases[0]) == "") else None


def _near(on: PartialDate | None, base: _Assessment) -> bool:
    dates = [f.on for f in base.findings if f.on is not None]
    if on is None or not dates:
        return False
    days = min((on.latest - d.earliest).days for d in dates)
    return 0 <= days <= _REFLEX_DAYS or any(on == d for d in dates)


def _conflict(decided: list[tuple[str, _Assessment]], looked_for: str) -> Fact:
    """All values: by assessment where those disagree, by part where one assessment contradicts itself."""
    by_value: dict[str, list[Finding]] = {}
    for status, assessment in decided:
        for finding in assessment.findings:
            value = status if status != "conflict" else _own_status(finding)
            if value is not None:
                by_value.setdefault(value, []).append(replace(finding, value=value))
    groups = [by_value[value] for value in sorted(by_value)]
    return conflicting("her2", groups, (), "HER2 results disagree.", looked_for)


def _own_status(finding: Finding) -> str | None:
    if finding.value is not None and not finding.extra.get("ihc"):
        return str(finding.value)
    return status_of(
        finding.extra.get("ihc"),
        hybridization(finding.extra.get("ish"), finding.extra.get("ratio"), finding.extra.get("copies"), None),
        {str(finding.value)} if finding.value is not None else set(),
    )


def _documented(
    decided: list[tuple[str, _Assessment]], lower: list[Finding], superseded: list[tuple[Finding, str]], looked_for: str
) -> Fact:
    status = next((s for s, _ in decided if s != "equivocal"), "equivocal")
    own = [f for s, a in decided for f in a.findings if s == status or len(decided) > 1]
    agreeing = [f for f in lower if _own_status(f) in (status, None)]
    whole = _Assessment(own + agreeing)
    top = _Assessment(own)
    ihc = top.one("ihc") or (whole.one("ihc") if not top.several("ihc") else None)
    ihc = ihc if ihc is None or status_of(ihc, None, set()) in (status, "equivocal") else None
    ratio, copies = whole.one("ratio"), whole.one("copies")
    ish = hybridization(top.one("ish") or whole.one("ish"), ratio, copies, ihc)
    category, low = category_of(status, ihc, whole.one("category"))
    others = [as_value([f], _own_status(f), why) for f, why in superseded if _own_status(f) not in (status, None)]
    fact = documented("her2", own + agreeing, status, others, _rule(status, ihc, ish), looked_for)
    extra = {"ihc": ihc, "ish": ish, "low": low, "category": category}
    if ratio is not None:
        extra["ratio"] = ratio
    if copies is not None:
        extra["copies"] = copies
    return replace(fact, extra=extra)


def _rule(status: str, ihc: str | None, ish: str | None) -> str:
    if ihc == "3+":
        return "Immunohistochemistry 3+ is positive."
    if ish in ("amplified", "not-amplified"):
        return f"In situ hybridization decides: {ish}."
    if ihc is not None:
        return f"Immunohistochemistry {ihc}: {status}."
    return "The stated result stands."
