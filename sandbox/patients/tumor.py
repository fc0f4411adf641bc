"""What pathology and imaging write about a tumor: diagnosis, receptors, stage, nodes, reports, studies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sandbox.patients import staff
from sandbox.patients.chart import Chart
from sandbox.patients.elements import (
    DICOM,
    ICD10CM,
    LA_NEGATIVE,
    LA_POSITIVE,
    LOINC,
    NEGATIVE,
    POSITIVE,
    QUALIFIERS,
    SIDES,
    SNOMED,
    Day,
    Element,
    coding,
    concept,
    cpt,
    icd10,
    loinc,
    moment,
    percent,
    quantity,
    reference,
    snomed,
)

_INVASIVE = {"left": "C50.912", "right": "C50.911", "unknown": "C50.919"}
_GRADES = {1: ("LA27823-6", "1228848004"), 2: ("LA27824-4", "1228850007"), 3: ("LA27825-1", "1228851006")}
_IHC = {"0": "LA6111-4", "1+": "LA11841-6", "2+": "LA11842-4", "3+": "LA11843-2"}
_BIRADS = {"0": "397138000", "1": "397140005", "2": "397141009", "3": "397143007", "4": "397144001", "5": "397145000"}
_TNM = {
    ("p", "T"): ("384625004", "21899-0", "pT category"),
    ("p", "N"): ("371494008", "21900-6", "pN category"),
    ("p", "M"): ("371497001", "21901-4", "pM category"),
    ("c", "T"): ("399504009", "21905-5", "cT category"),
    ("c", "N"): ("399534004", "21906-3", "cN category"),
    ("c", "M"): ("399387003", "21907-1", "cM category"),
}
_GROUPS = {"p": ("399588009", "21902-2"), "c": ("399537006", "21908-9")}


def invasive(chart: Chart, side: str, on: Day, *, slug: str = "cancer", site: bool = True, **elements: Any) -> str:
    """An invasive cancer on the problem list: ICD-10-CM and SNOMED CT on one concept, as many EHRs write it."""
    words = f"Malignant neoplasm of {side} female breast" if side != "unknown" else "Malignant neoplasm of breast"
    code = concept(
        coding(ICD10CM, _INVASIVE[side], words),
        coding(SNOMED, "254837009", "Malignant neoplasm of breast"),
    )
    body = SIDES[side] if site and side in SIDES else None
    return chart.condition(slug, code, onset=on, recorded=on, site=body, **elements)


def receptor(
    chart: Chart,
    name: str,
    on: Day,
    *,
    positive: bool,
    percentage: float | None = None,
    style: str = "la",
    slug: str = "",
) -> str:
    """
    ER or PR, in one of the shapes that laboratories send.

    `style`: `la` LOINC answer, `snomed` SNOMED qualifier, `text` words, `percent` a percentage alone, `component` an
    answer with the percentage in a component.
    """
    codes = {"er": ("85337-4", "85329-1", "Estrogen receptor"), "pr": ("85339-0", "85325-9", "Progesterone receptor")}
    presence, share, words = codes[name]
    slug = slug or name
    if style == "percent":
        if percentage is None:
            raise ValueError("a percentage is needed")
        code = loinc(share, f"Cells.{words}/100 cells in breast cancer specimen")
        return chart.observation(slug, code, percent(percentage), on, performer=[reference(staff.LABORATORY)])
    answers = {"la": (LA_NEGATIVE, LA_POSITIVE), "snomed": (NEGATIVE, POSITIVE)}.get(style, (LA_NEGATIVE, LA_POSITIVE))
    value: Element | str = answers[positive]
    if style == "text":
        value = f"{'Positive' if positive else 'Negative'}" + (f" ({percentage:g} % of nuclei)" if percentage else "")
    component = None
    if style == "component" and percentage is not None:
        share_code = loinc(share, f"Cells.{words}/100 cells in breast cancer specimen")
        component = [{"code": share_code, "valueQuantity": percent(percentage)}]
    code = loinc(presence, f"{words} Ag [Presence] in Breast cancer specimen by Immune stain")
    return chart.observation(slug, code, value, on, component=component, performer=[reference(staff.LABORATORY)])


def her2_ihc(chart: Chart, score: str, on: Day, *, slug: str = "her2-ihc", style: str = "la", **elements: Any) -> str:
    """HER2 by immunohistochemistry, 0 to 3+; `style` `la` or `text`."""
    value: Element | str = concept(coding(LOINC, _IHC[score], score))
    if style == "text":
        value = {"0": "0 (negative)", "1+": "1+ (negative)", "2+": "2+ (equivocal)", "3+": "3+ (positive)"}[score]
    code = loinc("85319-2", "HER2 [Presence] in Breast cancer specimen by Immune stain")
    return chart.observation(slug, code, value, on, **elements)


def her2_fish(chart: Chart, amplified: bool, on: Day, *, ratio: float | None = None, slug: str = "her2-fish") -> str:
    """HER2 by in-situ hybridization: a coded answer, or the ratio to CEP17."""
    if ratio is not None:
        return chart.observation(slug, loinc("49683-6", "HER2/CEP17 ratio by FISH"), quantity(ratio, "{ratio}"), on)
    code = loinc("85318-4", "HER2 [Presence] in Breast cancer specimen by FISH")
    return chart.observation(slug, code, LA_POSITIVE if amplified else LA_NEGATIVE, on)


def grade(chart: Chart, value: int, on: Day, *, style: str = "la") -> str:
    """Nottingham grade; `style` `la`, `snomed` or `text`."""
    answer, code = _GRADES[value]
    values: dict[str, Element | str] = {
        "la": concept(coding(LOINC, answer, f"Grade {value}")),
        "snomed": concept(coding(SNOMED, code, f"Nottingham grade G{value}")),
        "text": f"Grade {value} (Nottingham)",
    }
    return chart.observation("grade", loinc("44648-4", "Histologic grade in Breast cancer specimen"), values[style], on)


def stage(
    chart: Chart,
    group: str,
    on: Day,
    *,
    tnm: Sequence[str] = (),
    basis: str = "p",
    style: str = "snomed",
    focus: str | None = None,
    slug: str = "stage",
) -> str:
    """Stage group and its T, N, M; values as text (their own SNOMED codes differ by edition), codes by `style`."""
    elements: dict[str, Any] = {"focus": [reference(focus)]} if focus else {}
    method = snomed("897275008", "American Joint Commission on Cancer, Cancer Staging Manual, 8th edition")
    members = []
    for category in tnm:
        snomed_code, loinc_code, words = _TNM[(basis, category[0])]
        code = snomed(snomed_code, words) if style == "snomed" else loinc(loinc_code, words)
        value = concept(text=f"{basis}{category}")
        members.append(chart.observation(f"{slug}-{category[0].lower()}", code, value, on, method=method, **elements))
    group_snomed, group_loinc = _GROUPS[basis]
    words = f"{'Pathologic' if basis == 'p' else 'Clinical'} stage group"
    return chart.observation(
        slug,
        snomed(group_snomed, words) if style == "snomed" else loinc(group_loinc, words),
        concept(text=f"Stage {group}") if style == "snomed" else f"Stage {group}",
        on,
        method=method,
        hasMember=[reference(item) for item in members] or None,
        **elements,
    )


def size(chart: Chart, value: float, on: Day, unit: str = "mm") -> str:
    """Largest dimension of the tumor."""
    return chart.observation("size", loinc("33728-7", "Size.maximum dimension in Tumor"), quantity(value, unit), on)


def nodes(chart: Chart, positive: int, examined: int, on: Day, *, sentinel: bool = True) -> None:
    """Lymph nodes with metastasis and examined."""
    codes = ("92832-5", "92833-3") if sentinel else ("21893-3", "21894-1")
    kind = "sentinel " if sentinel else ""
    chart.observation("nodes-positive", loinc(codes[0], f"Positive {kind}lymph nodes"), positive, on)
    chart.observation("nodes-examined", loinc(codes[1], f"Examined {kind}lymph nodes"), quantity(examined, "1"), on)


def ki67(chart: Chart, value: float, on: Day) -> str:
    """Ki-67 index."""
    return chart.observation(
        "ki67", loinc("85330-9", "Cells.Ki-67/100 cells in breast cancer specimen"), percent(value), on
    )


def oncotype(chart: Chart, score: int, on: Day) -> str:
    """Recurrence score of the 21-gene assay; no LOINC code is in common use, so a local name carries it."""
    return chart.observation("oncotype", concept(text="Oncotype DX Breast Recurrence Score"), score, on)


def menopause(chart: Chart, status: str, on: Day) -> str:
    """Menopausal status, asked of the patient."""
    values = {
        "premenopausal": snomed("309606002", "Before menopause"),
        "postmenopausal": snomed("307429007", "After menopause"),
    }
    code = snomed("161712005", "Menopause, function")
    return chart.observation("menopause", code, values[status], on, category="survey")


def germline(chart: Chart, gene: str, result: str, on: Day) -> None:
    """A germline test of one gene: `pathogenic`, `vus` or `negative`, with its report."""
    answers = {
        "pathogenic": concept(coding(LOINC, "LA6668-3", "Pathogenic")),
        "vus": concept(coding(LOINC, "LA26333-7", "Uncertain significance")),
        "negative": concept(coding(LOINC, "LA6675-8", "Benign")),
    }
    present = ("LA9633-4", "Present") if result != "negative" else ("LA9634-2", "Absent")
    components = [
        {"code": loinc("48018-6", "Gene studied"), "valueCodeableConcept": concept(text=gene)},
        {
            "code": loinc("48002-0", "Genomic source class"),
            "valueCodeableConcept": concept(coding(LOINC, "LA6683-2", "Germline")),
        },
    ]
    if result != "negative":
        components.append({"code": loinc("53037-8", "Clinical significance"), "valueCodeableConcept": answers[result]})
    variant = chart.observation(
        f"germline-{gene.lower()}",
        loinc("69548-6", "Genetic variant assessment"),
        concept(coding(LOINC, *present)),
        on,
        component=components,
    )
    words = {"pathogenic": "Pathogenic variant", "vus": "Variant of uncertain significance", "negative": "No variant"}
    chart.report(
        f"germline-report-{gene.lower()}",
        loinc("51969-4", "Genetic analysis report"),
        on,
        category="GE",
        conclusion=f"Germline test of blood. {words[result]} in {gene}.",
        results=[variant],
    )


def pathology(chart: Chart, on: Day, text: str, results: Sequence[str] = (), *, slug: str = "pathology") -> str:
    """A surgical pathology report with its text inline."""
    code = loinc("22637-3", "Pathology report final diagnosis Narrative")
    return chart.report(slug, code, on, category="SP", text=text, results=results)


def mammogram(
    chart: Chart,
    on: date,
    birads: str,
    *,
    side: str = "bilateral",
    style: str = "code",
    diagnostic: bool = False,
    density: str | None = None,
    status: str = "final",
) -> str:
    """A mammogram report; `style` `code` puts BI-RADS in `conclusionCode`, `text` only in the words."""
    kind = ("24605-8", "Diagnostic mammogram") if diagnostic else ("24606-6", "Screening mammogram")
    where = {"bilateral": "both breasts", "left": "left breast", "right": "right breast"}[side]
    words = f"Mammogram of {where}. "
    if density:
        words += f"The breasts are {density}. "
    words += f"BI-RADS {birads}."
    code = None
    if style == "code":
        code = [snomed(_BIRADS[birads[0]], f"BI-RADS category {birads[0]}")]
    name = concept(coding(LOINC, *kind), text=f"{kind[1]}, {where}")
    return chart.report(
        f"mammogram-{on.isoformat()}", name, on, category="RAD", conclusion=words, conclusionCode=code, status=status
    )


def imaging_study(chart: Chart, on: date, modality: str, words: str, *, code: Element, side: str | None = None) -> str:
    """An ImagingStudy of one series; `modality` as DICOM names it (MG, MR, US)."""
    series: Element = {
        "uid": f"2.25.{on.toordinal()}{sum(map(ord, chart.patient_id + modality))}1",
        "modality": coding(DICOM, modality),
        "numberOfInstances": 4,
    }
    if side in ("left", "right"):
        series["laterality"] = QUALIFIERS[side]["coding"][0]
        series["bodySite"] = SIDES[side]["coding"][0]
    return chart.add(
        "ImagingStudy",
        f"imaging-{modality.lower()}-{on.isoformat()}",
        status="available",
        modality=[coding(DICOM, modality)],
        subject=chart.subject,
        started=moment(on),
        procedureCode=[code],
        description=words,
        numberOfSeries=1,
        numberOfInstances=4,
        series=[series],
    )


def breast_mri(chart: Chart, on: date, birads: str = "2") -> str:
    """A breast MRI as ImagingStudy with its report."""
    study = imaging_study(
        chart, on, "MR", "MRI of both breasts with contrast", code=cpt("77049", "MRI of both breasts")
    )
    code = snomed("241615005", "Magnetic resonance imaging of breast")
    words = f"MRI of both breasts with and without contrast. BI-RADS {birads}."
    return chart.report(
        f"mri-{on.isoformat()}", code, on, category="RAD", conclusion=words, imagingStudy=[reference(study)]
    )


def dxa(chart: Chart, on: date, t_score: float) -> str:
    """A bone density report, the lowest T-score in its words."""
    words = f"DXA of lumbar spine and hip. Lowest T-score {t_score:.1f}."
    return chart.report(
        f"dxa-{on.isoformat()}", loinc("38269-7", "DXA Skeletal system Views"), on, category="RAD", conclusion=words
    )


def echocardiogram(chart: Chart, on: date, ejection_fraction: int) -> str:
    """An echocardiogram with its ejection fraction."""
    code = loinc("10230-1", "Left ventricular Ejection fraction")
    fraction = chart.observation(f"lvef-{on.isoformat()}", code, percent(ejection_fraction), on, category="imaging")
    return chart.report(
        f"echo-{on.isoformat()}",
        loinc("34552-0", "Cardiac 2D echo panel"),
        on,
        category="CUS",
        conclusion=f"Left ventricular ejection fraction {ejection_fraction} %.",
        results=[fraction],
    )


def in_situ(chart: Chart, kind: str, side: str, on: Day, **elements: Any) -> str:
    """DCIS or LCIS by its ICD-10-CM code."""
    digit = {"right": "1", "left": "2", "unknown": "0"}[side]
    name, stem = {"dcis": ("Intraductal", "D05.1"), "lcis": ("Lobular", "D05.0")}[kind]
    code = icd10(f"{stem}{digit}", f"{name} carcinoma in situ of {side} breast")
    return chart.condition(kind, code, onset=on, recorded=on, **elements)
