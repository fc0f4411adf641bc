"""Names and languages: prefers Spanish, and a name in Devanagari with combining signs."""

from __future__ import annotations

from sandbox.patients import everyday, treatment, tumor
from sandbox.patients.chart import Chart, Story
from sandbox.patients.elements import LOINC, coding, concept, icd10
from sandbox.patients.sample import Expected, Fires

_DEVANAGARI = "लक्ष्मी विश्वेश्वरैया"


def _zaldivarra(chart: Chart) -> None:
    """Stage I on anastrozole, everything up to date; wants her papers in Spanish."""
    dx, surgery = chart.ago(months=23), chart.ago(months=22)
    languages = [
        {"language": concept(coding("urn:ietf:bcp:47", "en", "English"))},
        {"language": concept(coding("urn:ietf:bcp:47", "es-MX", "Spanish (Mexico)")), "preferred": True},
    ]
    chart.patient("Lucía Inés", "Zaldivarra", born=chart.ago(years=64, months=11), communication=languages)
    cancer = tumor.invasive(chart, "left", dx)
    tumor.mammogram(chart, dx, "5", side="left", diagnostic=True, style="text")
    tumor.receptor(chart, "er", surgery, positive=True, percentage=98, style="percent")
    tumor.receptor(chart, "pr", surgery, positive=True, percentage=75, style="component")
    tumor.her2_ihc(chart, "0", surgery)
    tumor.grade(chart, 1, surgery)
    tumor.size(chart, 8, surgery)
    tumor.nodes(chart, 0, 1, surgery)
    tumor.stage(chart, "IA", surgery, tnm=("T1b", "N0", "M0"), focus=cancer)
    treatment.lumpectomy(chart, "left", surgery, reason=cancer)
    treatment.sentinel_biopsy(chart, "left", surgery)
    treatment.radiation(chart, "left", chart.ago(months=20, days=10), chart.ago(months=19, days=20))
    treatment.order(chart, "anastrozole", chart.ago(months=19), product="anastrozole 1 mg oral tablet")
    tumor.menopause(chart, "postmenopausal", dx)
    tumor.germline(chart, "BRCA2", "negative", chart.ago(months=21))
    tumor.imaging_study(
        chart, chart.ago(months=7), "MG", "Mammogram of both breasts", code=concept(coding(LOINC, "24606-6"))
    )
    tumor.mammogram(chart, chart.ago(months=7), "2")
    tumor.dxa(chart, chart.ago(months=18), -0.9)
    everyday.everyday(chart)
    everyday.lipids(chart, months_ago=6)
    chart.visit(chart.ago(months=2))


def _zaldivarra_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={
            "er": {"value": "positive", "percent": 98},
            "pr": {"value": "positive", "percent": 75},
            "her2": {"value": "negative", "ihc": "0"},
            "stage_group": "IA",
            "germline": [{"gene": "BRCA2", "result": "negative"}],
            "birads": "2",
        },
        surgery=(("breast-conserving", "left"),),
        axilla=(("sentinel-node-biopsy", "left"),),
        radiation=("left",),
        systemic={"anastrozole": "active"},
        imaging={"mammogram": chart.ago(months=7), "dxa": chart.ago(months=18)},
        fires=(
            Fires("V-01", "clinic-visit", "up-to-date"),
            Fires("I-03", "mammogram", "up-to-date"),
            Fires("E-13", "dxa", "up-to-date"),
            Fires("E-01", "endocrine-adherence"),
            Fires("I-10", "breast-mri", "not-indicated"),
        ),
        silent=("R-01", "E-06", "G-02", "I-11"),
    )


def _vishwambhara(chart: Chart) -> None:
    """Letrozole for six years; the official name is in Devanagari, the Latin one is for use in letters."""
    dx, surgery = chart.ago(months=76), chart.ago(months=75)
    given, family = _DEVANAGARI.split(" ")
    names = [
        {"use": "official", "text": _DEVANAGARI, "family": family, "given": [given]},
        {"use": "usual", "text": "Lakshmi Vishwambhara", "family": "Vishwambhara", "given": ["Lakshmi"]},
    ]
    chart.patient("", "", born=chart.ago(years=67, months=1), language="hi", name=names)
    tumor.invasive(chart, "right", dx)
    tumor.receptor(chart, "er", surgery, positive=True, style="snomed")
    tumor.receptor(chart, "pr", surgery, positive=True, style="snomed")
    tumor.her2_ihc(chart, "2+", surgery)
    tumor.her2_fish(chart, False, surgery, ratio=1.3)
    tumor.nodes(chart, 0, 3, surgery)
    tumor.stage(chart, "IIA", surgery, tnm=("T2", "N0"))
    treatment.mastectomy(chart, "right", surgery)
    treatment.sentinel_biopsy(chart, "right", surgery)
    treatment.order(chart, "tamoxifen", chart.ago(months=74), end=chart.ago(months=56), status="completed")
    treatment.order(chart, "letrozole", chart.ago(months=56))
    tumor.menopause(chart, "postmenopausal", dx)
    chart.condition("bleeding", icd10("N95.0", "Postmenopausal bleeding"), onset=chart.ago(days=12))
    tumor.mammogram(chart, chart.ago(months=11), "1", side="left", style="text")
    tumor.dxa(chart, chart.ago(months=26), -1.1)
    everyday.everyday(chart)
    chart.visit(chart.ago(months=9))


def _vishwambhara_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "right"),),
        facts={
            "er": "positive",
            "her2": {"value": "negative", "ihc": "2+", "ish": "not-amplified", "low": True},
            "stage_group": "IIA",
        },
        surgery=(("mastectomy", "right"),),
        axilla=(("sentinel-node-biopsy", "right"),),
        systemic={"tamoxifen": "stopped", "letrozole": "active"},
        imaging={"mammogram": chart.ago(months=11), "dxa": chart.ago(months=26)},
        fires=(
            Fires("V-01", "clinic-visit", "up-to-date"),
            Fires("I-04", "mammogram", "up-to-date", "left"),
            Fires("E-09c", "gynecology-review"),
            Fires("E-13", "dxa", "due"),
        ),
        silent=("I-03", "I-05", "E-06", "G-07"),
    )


PATIENTS = (
    Story(
        "zaldivarra",
        "Lucía Inés Zaldivarra",
        "Prefers Spanish; stage I, on anastrozole, everything is up to date.",
        _zaldivarra,
        _zaldivarra_expected,
    ),
    Story(
        "vishwambhara",
        _DEVANAGARI,
        "Name in Devanagari; after mastectomy, tamoxifen then letrozole, and new bleeding after menopause.",
        _vishwambhara,
        _vishwambhara_expected,
    ),
)
