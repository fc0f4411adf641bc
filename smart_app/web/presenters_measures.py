"""
Completeness and risk in words: what is missing and where to fill it; figures for the clinician behind their gates.
"""

from __future__ import annotations

from collections.abc import Iterable

from smart_app.clinical.completeness import Completeness, Gap
from smart_app.clinical.risk import RiskResult
from smart_app.web.presenters_entry import split_key
from smart_app.web.presenters_facts import resource_link
from smart_app.web.presenters_page import Link, Pair
from smart_app.web.presenters_record import Meter, MeterRow, RiskRow
from smart_app.web.presenters_words import fact_label, fact_mention, join_words


def present_meter(measured: Completeness, base: str) -> Meter:
    """How many elements are filled, which are missing, and the gaps whose filling would change the plan most."""
    missing = ", ".join(element.title[:1].lower() + element.title[1:] for element in measured.missing)
    gaps = tuple(_gap(gap, base) for gap in measured.gaps)
    return Meter(measured.filled, len(measured.elements), missing, gaps)


def _gap(gap: Gap, base: str) -> MeterRow:
    titles = list(dict.fromkeys(gap.titles))
    shown = titles[:3] + ([f"{len(titles) - 3} more"] if len(titles) > 3 else [])
    link = Link(f"Enter {fact_label(gap.fact)}", f"{base}/facts?fact={gap.fact}") if split_key(gap.fact) else None
    return MeterRow(f"{fact_label(gap.fact)}: {join_words(shown)}", link)


def present_risk(results: Iterable[RiskResult], base: str) -> tuple[RiskRow, ...]:
    """Each tool with inputs, gate and limits; a failed gate shows its reason and no number."""
    return tuple(_risk_row(result, base) for result in results)


def _risk_row(result: RiskResult, base: str) -> RiskRow:
    pairs = []
    for item in result.inputs:
        link = resource_link(base, item.sources[0]) if item.sources else None
        pairs.append(Pair(fact_label(item.name), item.value, link))
    pairs.extend(Pair("Not met", text) for text in result.failed)
    if result.missing:
        pairs.append(Pair("Missing", join_words(fact_mention(name) for name in result.missing)))
    if result.gate:
        pairs.append(Pair("Valid only if", "; ".join(result.gate)))
    if result.limits:
        pairs.append(Pair("Limits", " ".join(text.rstrip(". ") + "." for text in result.limits)))
    if result.source:
        pairs.append(Pair("Source", result.source))
    if result.version:
        pairs.append(Pair("Version", result.version))
    if result.link:
        pairs.append(Pair("Open", "", Link(f"{result.tool}, outside Aftercare", result.link)))
    shown = result.state in ("computed", "reported")
    return RiskRow(result.tool, _result_words(result), tuple(pairs), shown)


def _result_words(result: RiskResult) -> str:
    if result.state not in ("computed", "reported"):
        return result.says or "Not computed"
    score = f"{result.score:g}" if result.score is not None else ""
    head = ", ".join(text for text in (score, result.group) if text)
    return f"{head}. {result.says}" if head and result.says else head or result.says
