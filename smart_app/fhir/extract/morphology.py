"""Diagnoses of registries: the site and the histology of ICD-O, of which the behavior tells what the growth is."""

from __future__ import annotations

import re
from typing import Any

from smart_app.clinical.codes import CodeRow
from smart_app.fhir.extract.chart import Chart
from smart_app.fhir.extract.text.diagnosis import NamedCancer
from smart_app.fhir.resources import Resource, codings, extensions, words

_MORPHOLOGY = re.compile(r"[89]\d{3}/[012369]")


def is_of_breast_site(chart: Chart, condition: Resource) -> bool:
    """Whether the body site says breast, in SNOMED CT, ICD-O or words."""
    return any(
        row.concept == "invasive-breast-cancer"
        or (row.concept == "laterality" and (row.value == "breast" or "breast" in row.display.lower()))
        for row in chart.rows(condition.get("bodySite"))
    ) or bool(re.search(r"\bbreast\b", " ".join(words(condition.get("bodySite"))), re.IGNORECASE))


def by_morphology(chart: Chart, condition: Resource, rows: list[CodeRow], by_text: NamedCancer) -> NamedCancer | None:
    """
    A registry's diagnosis: ICD-O site of the breast, and the behavior after the slash of its histology (8500/3).

    ICD-O sites are the same for cancers in situ and benign growths, so the behavior decides; without one the site is
    read as ICD-10's. None for a diagnosis that is not coded so.
    """
    breast_rows = [row for row in rows if row.concept == "invasive-breast-cancer"]
    extended = [e.get("valueCodeableConcept") for e in extensions(condition, "histology-morphology-behavior")]
    in_code, in_extension = _morphologies(chart, condition.get("code")), _morphologies(chart, extended)
    if any(row.system != "ICDO3" for row in breast_rows):
        return None
    if not breast_rows and not (in_code and is_of_breast_site(chart, condition)):
        return None
    behavior = max((code[-1] for code in in_code or in_extension), default="3")
    if behavior == "2":
        found = chart.rows([condition.get("code"), *extended])
        kind = next((row.value for row in found if row.concept == "histology-in-situ"), None) or "unknown"
        return NamedCancer(kind, by_text.side, by_text.history, None, by_text.recurrent)
    if behavior == "6":
        return NamedCancer(None, by_text.side, metastasis="to-breast")
    if behavior in ("0", "1"):
        return NamedCancer(None, None)
    return NamedCancer("invasive", by_text.side, by_text.history, by_text.metastasis, by_text.recurrent)


def _morphologies(chart: Chart, concept: Any) -> list[str]:
    """The ICD-O histologies with their behavior ("8500/3") in a CodeableConcept or several."""
    return [
        coding.code
        for coding in codings(concept)
        if coding.code and chart.codes.system_name(coding.system) == "ICDO3" and _MORPHOLOGY.fullmatch(coding.code)
    ]
