"""What was done: operations, radiation, drugs as orders, statements and administrations."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from sandbox.patients import staff
from sandbox.patients.chart import Chart
from sandbox.patients.elements import (
    LOCAL_ORDER,
    QUALIFIERS,
    RXNORM,
    SIDES,
    SNOMED,
    Day,
    Element,
    coding,
    concept,
    cpt,
    iso,
    moment,
    period,
    quantity,
    reference,
    snomed,
)

_RXNORM = {
    "tamoxifen": "10324",
    "anastrozole": "84857",
    "letrozole": "72965",
    "exemestane": "258494",
    "fulvestrant": "282357",
    "goserelin": "50610",
    "leuprolide": "42375",
    "zoledronic acid": "77655",
    "denosumab": "993449",
    "doxorubicin": "3639",
    "epirubicin": "3995",
    "cyclophosphamide": "3002",
    "paclitaxel": "56946",
    "docetaxel": "72962",
    "carboplatin": "40048",
    "capecitabine": "194000",
    "trastuzumab": "224905",
    "pertuzumab": "1298944",
    "ado-trastuzumab emtansine": "1371041",
    "fam-trastuzumab deruxtecan": "2267582",
    "neratinib": "1940643",
    "abemaciclib": "1946825",
    "ribociclib": "1873916",
    "palbociclib": "1601374",
    "olaparib": "1597582",
    "pembrolizumab": "1547545",
    "paroxetine": "32937",
    "fluoxetine": "4493",
    "raloxifene": "72143",
}
"""Ingredient codes whose number is known; other drugs are ordered by name alone, as orders often are."""


def drug(name: str, product: str | None = None) -> Element:
    """A drug by ingredient code where the number is known, with the name as text."""
    number = _RXNORM.get(name)
    return concept(coding(RXNORM, number, name), text=product or name) if number else concept(text=product or name)


def order(
    chart: Chart,
    name: str,
    start: Day,
    *,
    status: str = "active",
    end: Day | None = None,
    dose: str = "",
    shape: str = "concept",
    product: str | None = None,
    reason: str | None = None,
) -> str:
    """
    A MedicationRequest.

    `shape`: `concept` RxNorm ingredient, `text` words alone, `reference` a Medication of its own, `contained`, `local`
    a local code of the product with the name as display.
    """
    slug = name.replace(" ", "-")
    medication: dict[str, object] = {"medicationCodeableConcept": drug(name, product)}
    if shape == "text":
        medication = {"medicationCodeableConcept": concept(text=product or name)}
    elif shape == "local":
        code = coding(LOCAL_ORDER, f"ERX{sum(map(ord, name)):05d}", product or name)
        medication = {"medicationCodeableConcept": concept(code)}
    elif shape == "reference":
        target = chart.add("Medication", f"medication-{slug}", code=drug(name, product), status="active")
        medication = {"medicationReference": reference(target, product or name)}
    elif shape == "contained":
        contained = {"resourceType": "Medication", "id": "drug", "code": drug(name, product)}
        medication = {"contained": [contained], "medicationReference": reference("#drug")}
    timing = {"repeat": {"boundsPeriod": period(start, end)}}
    return chart.add(
        "MedicationRequest",
        f"order-{slug}",
        status=status,
        intent="order",
        **medication,
        subject=chart.subject,
        authoredOn=iso(start),
        requester=reference(staff.ONCOLOGIST, staff.clinician_name(staff.ONCOLOGIST)),
        reasonReference=[reference(reason)] if reason else None,
        dosageInstruction=[{"text": dose or f"{product or name} as directed", "timing": timing}],
    )


def statement(chart: Chart, name: str, start: Day, *, status: str = "active", end: Day | None = None) -> str:
    """A MedicationStatement: what the patient says or an outside record tells."""
    return chart.add(
        "MedicationStatement",
        f"statement-{name.replace(' ', '-')}",
        status=status,
        medicationCodeableConcept=drug(name),
        subject=chart.subject,
        effectivePeriod=period(start, end),
        dateAsserted=iso(end or start),
    )


def infusions(
    chart: Chart, name: str, days: Sequence[date], *, dose: float | None = None, unit: str = "mg/m2"
) -> list[str]:
    """One MedicationAdministration a cycle."""
    dosage = {"text": f"{dose:g} {unit} intravenous", "dose": quantity(dose, unit)} if dose is not None else None
    return [
        chart.add(
            "MedicationAdministration",
            f"given-{name.replace(' ', '-')}-{number}",
            status="completed",
            medicationCodeableConcept=drug(name),
            subject=chart.subject,
            effectiveDateTime=moment(day, "11:15:00"),
            dosage=dosage,
        )
        for number, day in enumerate(days, start=1)
    ]


def cycles(first: date, number: int, every_days: int = 21) -> list[date]:
    """Days of the cycles of a regimen."""
    return [first + timedelta(days=every_days * index) for index in range(number)]


def lumpectomy(chart: Chart, side: str, on: Day, *, style: str = "snomed", reason: str | None = None) -> str:
    """Breast-conserving surgery; `style` `snomed` (site in bodySite) or `cpt` (side as a modifier in the text)."""
    elements: dict[str, Any] = {"reasonReference": [reference(reason)]} if reason else {}
    if style == "cpt":
        code = cpt("19301", f"Partial mastectomy, {side} breast")
        return chart.procedure("lumpectomy", code, on, site=SIDES[side], **elements)
    code = snomed("392021009", "Lumpectomy of breast")
    return chart.procedure("lumpectomy", code, on, site=SIDES[side], **elements)


def mastectomy(chart: Chart, side: str, on: Day) -> str:
    """Mastectomy; the side is in the code, as surgeons' systems write it."""
    codes = {
        "left": ("428571003", "Mastectomy of left breast"),
        "right": ("429400009", "Mastectomy of right breast"),
        "bilateral": ("27865001", "Bilateral mastectomy"),
    }
    return chart.procedure("mastectomy", snomed(*codes[side]), on)


def reconstruction(chart: Chart, side: str, on: Day, *, implant: bool) -> str:
    """Breast reconstruction with an implant or with own tissue."""
    if implant:
        code = concept(
            coding(SNOMED, "302343007", "Implant reconstruction of breast"), text="Silicone implant reconstruction"
        )
    else:
        code = cpt("19364", "Breast reconstruction with free flap (autologous)")
    return chart.procedure("reconstruction", code, on, site=SIDES[side])


def sentinel_biopsy(chart: Chart, side: str, on: Day) -> str:
    """Sentinel lymph node biopsy."""
    code = snomed("396487001", "Sentinel lymph node biopsy")
    return chart.procedure("sentinel", code, on, site=_axilla(side))


def axillary_dissection(chart: Chart, side: str, on: Day) -> str:
    """Axillary dissection, by CPT number."""
    return chart.procedure("axilla", cpt("38745", f"Complete axillary dissection, {side}"), on, site=_axilla(side))


def radiation(
    chart: Chart,
    side: str,
    start: date,
    end: date,
    *,
    field: str = "breast",
    style: str = "course",
    gray: float = 40.05,
) -> None:
    """
    A course of radiation.

    `style`: `course` one summary as mCODE shapes it, `fractions` one Procedure a treatment day, `text` words alone.
    """
    if style == "fractions":
        for number, day in enumerate(_weekdays(start, end), start=1):
            chart.procedure(
                f"radiation-{number}",
                snomed("33195004", "External beam radiation therapy procedure"),
                day,
                site=SIDES[side],
            )
        return
    fields = {
        "breast": [SIDES[side]],
        "nodal": [
            SIDES[side],
            snomed("245269009", "Axillary lymph node group"),
            snomed("245265003", "Supraclavicular node"),
        ],
        "chest wall": [concept(coding(SNOMED, "78904004", "Chest wall structure"), text=f"Chest wall, {side}")],
    }
    code = concept(
        coding(SNOMED, "1217123003", "Radiotherapy course of treatment"), text=f"Radiation of {side} {field}"
    )
    if style == "text":
        code = concept(text=f"Radiation therapy, {side} breast, completed")
    chart.add(
        "Procedure",
        "radiation",
        status="completed",
        category=snomed("108290001", "Radiation oncology and/or radiotherapy"),
        code=code,
        subject=chart.subject,
        performedPeriod=period(start, end),
        bodySite=fields[field],
        note=[{"text": f"Total dose {gray:g} Gy"}],
    )


def _axilla(side: str) -> Element:
    return concept(
        coding(SNOMED, "91470000", "Axillary region structure"), QUALIFIERS[side]["coding"][0], text=f"{side} axilla"
    )


def _weekdays(start: date, end: date) -> list[date]:
    days = (start + timedelta(days=number) for number in range((end - start).days + 1))
    return [day for day in days if day.weekday() < 5]
