"""
Completeness and risk in words: what is missing and where to fill it; figures for the clinician behind their gates.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from smart_app.clinical.completeness import Completeness, Gap
from smart_app.clinical.completeness_elements import Element, Place
from smart_app.clinical.risk import RiskResult
from smart_app.web.entry_targets import entry_target
from smart_app.web.presenters_facts import resource_link
from smart_app.web.presenters_page import Link, Pair
from smart_app.web.presenters_record import Meter, MeterRow, MissingElements, RiskRow
from smart_app.web.presenters_words import date_words, fact_label, fact_mention, join_words


def present_meter(measured: Completeness, base: str) -> Meter:
    """How many elements are filled, where the others are filled, and the gaps that would change the plan most."""
    gaps = tuple(_gap(gap, base) for gap in measured.gaps)
    missing = tuple(_missing(place, measured.missing, base) for place in Place)
    return Meter(measured.filled, len(measured.elements), tuple(row for row in missing if row is not None), gaps)


_PLACES: Mapping[Place, str] = {
    Place.FACT: "Enter here",
    Place.CHART: "Not in the chart that was read; add it there",
    Place.PLAN: "Write it into the plan",
    Place.CLINIC: "In the clinic’s settings",
    Place.SAVING: "Comes with the saved plan",
}


def _missing(place: Place, elements: Iterable[Element], base: str) -> MissingElements | None:
    here = [element for element in elements if element.place is place]
    if not here:
        return None
    if place is Place.FACT:
        links = tuple(Link(element.title, f"{base}/facts?fact={element.facts[0]}") for element in here)
        return MissingElements(_PLACES[place], links)
    names = [element.title[:1].lower() + element.title[1:] for element in here]
    link = Link("Edit the plan", f"{base}/plan") if place in (Place.PLAN, Place.SAVING) else None
    return MissingElements(_PLACES[place], text="; ".join(names), link=link)


def _gap(gap: Gap, base: str) -> MeterRow:
    titles = list(dict.fromkeys(gap.titles))
    shown = titles[:3] + ([f"{len(titles) - 3} more"] if len(titles) > 3 else [])
    target = entry_target(gap.fact)
    link = Link(f"Enter {fact_label(gap.fact)}", f"{base}/facts?fact={target}") if target else None
    return MeterRow(f"{fact_label(gap.fact)}: {'; '.join(shown)}", link)


def present_risk(
    results: Iterable[RiskResult], base: str, at_signing: Iterable[RiskResult] = ()
) -> tuple[RiskRow, ...]:
    """
    Each tool with inputs, gate and limits; a failed gate shows its reason and no number.

    Args:
        at_signing: what the tools said when the plan in the record was signed.
    """
    signed = {result.tool: result for result in at_signing}
    return tuple(_risk_row(result, base, signed.get(result.tool)) for result in results)


def _risk_row(result: RiskResult, base: str, signed: RiskResult | None) -> RiskRow:
    pairs = [Pair("When the plan was signed", _signed_words(signed))] if signed is not None else []
    for item in result.inputs:
        link = resource_link(base, item.sources[0]) if item.sources else None
        dated = f", {date_words(item.on)}" if item.on is not None else ""
        pairs.append(Pair(_INPUTS.get(item.name) or fact_label(item.name), f"{item.value}{dated}", link))
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


def _signed_words(result: RiskResult) -> str:
    """The result of then with its inputs and the tool's version, so that it can be followed later."""
    inputs = "; ".join(f"{_INPUTS.get(item.name) or fact_label(item.name)}: {item.value}" for item in result.inputs)
    return " ".join(filter(None, (_result_words(result), f"From {inputs}." if inputs else "", result.version)))


_INPUTS = {"age_at_diagnosis": "Age at diagnosis", "endocrine_years": "Endocrine therapy, since"}


def _result_words(result: RiskResult) -> str:
    if result.state not in ("computed", "reported"):
        return result.says or "Not computed"
    computed = result.state == "computed"
    score = "" if result.score is None else f"{result.score:.3f}" if computed else f"{result.score:g}"
    head = ", ".join(text for text in (score, result.group) if text)
    return f"{head}. {result.says}" if head and result.says else head or result.says
