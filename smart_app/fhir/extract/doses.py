"""Cumulative doxorubicin: administered doses in mg/m2, each counted once; one missing dose, and there is no total."""

from __future__ import annotations

import re
from collections.abc import Iterator

from smart_app.fhir.extract.chart import Chart
from smart_app.fhir.extract.evidence import Finding, date_key
from smart_app.fhir.extract.units import convert
from smart_app.fhir.resources import Resource, objects, quantity, text, when, words

_PER_AREA = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*mg\s*/\s*m(?:2|²|\^2)", re.IGNORECASE)


def cumulative_doxorubicin(chart: Chart) -> Iterator[Finding]:
    """
    Total of doxorubicin given, in mg/m2.

    Orders and plans do not count (hazard H07). Doses in mg alone are not converted: no body surface is assumed. One
    that was stopped, or whose status says nothing, may have been given in part: then there is no total.
    """
    doses: dict[tuple[str, float], Finding] = {}
    missing = 0
    for key, given in chart.of_type("MedicationAdministration"):
        status = text(given.get("status"))
        if "drug-doxorubicin" not in _names(chart, given) or status in ("not-done", "entered-in-error"):
            continue
        start, end = when(given, "effective")
        on = start or end
        dose = _dose(chart, given) if status in ("completed", "in-progress") else None
        if dose is None:
            missing += 1
            continue
        source = chart.source(key, given, on=on, recorded=f"{dose:g} mg/m2")
        doses.setdefault((date_key(on), dose), Finding("cumulative_doxorubicin_mg_m2", dose, on, source))
    if doses and not missing:
        total = round(sum(finding.value for finding in doses.values()), 1)
        last = max(doses.values(), key=lambda f: (date_key(f.on), f.source.reference))
        yield Finding(last.name, total, last.on, last.source, extra={"doses": len(doses)})
    elif doses:
        least = round(sum(finding.value for finding in doses.values()), 1)
        first = doses[min(doses)]
        chart.unplaced(
            first.source,
            "Cumulative doxorubicin",
            f"at least {least:g} mg/m2: {missing} dose(s) without mg/m2, or not surely given in full",
        )


def _names(chart: Chart, given: Resource) -> set[str]:
    concept = given.get("medicationCodeableConcept")
    return {row.concept for row in chart.rows(concept)} | {
        d for word in words(concept) for d in chart.codes.find_drugs(word)
    }


def _dose(chart: Chart, given: Resource) -> float | None:
    for dosage in objects(given.get("dosage")):
        for name in ("dose", "rateQuantity"):
            amount = quantity(dosage.get(name))
            if amount is not None:
                converted = convert(chart.codes, "dose-per-area", amount).value
                if converted is not None:
                    return converted
        match = _PER_AREA.search(text(dosage.get("text")) or "")
        if match:
            return float(match[1])
    return None
