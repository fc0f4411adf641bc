"""Circumstances that change the advice: the fifth year of tablets, pregnancy, end-of-life care."""

from __future__ import annotations

from sandbox.patients import everyday, treatment, tumor
from sandbox.patients.chart import Chart, Story
from sandbox.patients.elements import LA_POSITIVE, icd10, loinc, quantity
from sandbox.patients.sample import Expected, Fires


def _bjarkadottir(chart: Chart) -> None:
    """Node-negative, at the end of the fifth year of letrozole; low mood and tiredness were asked about."""
    dx, surgery = chart.ago(months=65), chart.ago(months=64)
    chart.patient("Sigrun", "Bjarkadottir", born=chart.ago(years=63, months=2))
    tumor.invasive(chart, "left", dx)
    tumor.receptor(chart, "er", surgery, positive=True, percentage=100, style="component")
    tumor.receptor(chart, "pr", surgery, positive=True, percentage=1, style="percent")
    tumor.her2_ihc(chart, "0", surgery)
    tumor.grade(chart, 2, surgery)
    tumor.size(chart, 17, surgery)
    tumor.nodes(chart, 0, 2, surgery)
    tumor.stage(chart, "IA", surgery, tnm=("T1c", "N0"))
    treatment.lumpectomy(chart, "left", surgery)
    treatment.sentinel_biopsy(chart, "left", surgery)
    treatment.radiation(chart, "left", chart.ago(months=62), chart.ago(months=61))
    treatment.order(chart, "letrozole", chart.ago(months=59))
    tumor.menopause(chart, "postmenopausal", dx)
    tumor.mammogram(chart, chart.ago(months=9), "2")
    tumor.dxa(chart, chart.ago(months=12), -1.7)
    on = chart.ago(months=5)
    chart.observation("phq2", loinc("55758-7", "PHQ-2 total score"), quantity(3, "{score}"), on, category="survey")
    chart.observation("fatigue", {"text": "Fatigue, 0-10"}, 5, on, category="survey")
    everyday.everyday(chart)
    everyday.lipids(chart, months_ago=12)
    chart.visit(on)


def _bjarkadottir_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={
            "er": {"value": "positive", "percent": 100},
            "pr": {"value": "positive", "percent": 1},
            "her2": {"value": "negative", "ihc": "0"},
            "nodes_positive": 0,
            "tumor_size_mm": 17,
        },
        surgery=(("breast-conserving", "left"),),
        axilla=(("sentinel-node-biopsy", "left"),),
        radiation=("left",),
        systemic={"letrozole": "active"},
        imaging={"mammogram": chart.ago(months=9), "dxa": chart.ago(months=12)},
        fires=(
            Fires("E-02", "endocrine-duration-review", "due"),
            Fires("V-01", "clinic-visit", "up-to-date"),
            Fires("I-03", "mammogram", "up-to-date"),
            Fires("E-13", "dxa", "up-to-date"),
            Fires("L-02", "fatigue"),
            Fires("L-03", "distress-screening"),
        ),
        silent=("E-03", "E-04", "E-05", "E-06", "V-02"),
    )


def _lemaistrelle(chart: Chart) -> None:
    """A BRCA2 carrier who paused tamoxifen for a pregnancy: nothing with gadolinium or ionizing rays now."""
    dx, surgery = chart.ago(months=45), chart.ago(months=44)
    chart.patient("Oriane", "Lemaistrelle", born=chart.ago(years=35, months=9))
    tumor.invasive(chart, "right", dx)
    tumor.receptor(chart, "er", dx, positive=True, percentage=65, style="percent")
    tumor.receptor(chart, "pr", dx, positive=True, percentage=30, style="percent")
    tumor.her2_ihc(chart, "1+", dx)
    tumor.nodes(chart, 0, 3, surgery)
    tumor.stage(chart, "IA", surgery, tnm=("T1c", "N0"))
    treatment.lumpectomy(chart, "right", surgery)
    treatment.sentinel_biopsy(chart, "right", surgery)
    treatment.radiation(chart, "right", chart.ago(months=42), chart.ago(months=41))
    treatment.order(chart, "tamoxifen", chart.ago(months=40), end=chart.ago(months=11), status="stopped")
    tumor.germline(chart, "BRCA2", "pathogenic", chart.ago(months=43))
    tumor.menopause(chart, "premenopausal", chart.ago(months=11))
    chart.condition("pregnant", icd10("Z33.1", "Pregnant state, incidental"), onset=chart.ago(months=3))
    chart.observation(
        "pregnancy", loinc("82810-3", "Pregnancy status"), LA_POSITIVE, chart.ago(months=3), category="survey"
    )
    tumor.mammogram(chart, chart.ago(months=10), "1")
    tumor.breast_mri(chart, chart.ago(months=15))
    everyday.everyday(chart)
    chart.visit(chart.ago(months=3))


def _lemaistrelle_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "right"),),
        facts={
            "er": {"value": "positive", "percent": 65},
            "germline": [{"gene": "BRCA2", "result": "pathogenic"}],
            "menopausal_status": "premenopausal",
        },
        surgery=(("breast-conserving", "right"),),
        axilla=(("sentinel-node-biopsy", "right"),),
        radiation=("right",),
        systemic={"tamoxifen": "stopped"},
        imaging={"mammogram": chart.ago(months=10), "breast_mri": chart.ago(months=15)},
        fires=(Fires("X-03", ""), Fires("R-07", "genetic-counseling")),
        silent=("I-11", "I-10", "E-11", "E-06"),
    )


def _vandersmessen(chart: Chart) -> None:
    """Eighty-six, in hospice care for heart failure: no screening."""
    dx, surgery = chart.ago(years=9), chart.ago(years=8, months=11)
    chart.patient("Godelieve", "Vandersmessen", born=chart.ago(years=86, months=2))
    tumor.invasive(chart, "right", dx)
    tumor.receptor(chart, "er", surgery, positive=True, style="la")
    tumor.her2_ihc(chart, "0", surgery)
    tumor.stage(chart, "IA", surgery, tnm=("T1b", "N0"))
    treatment.lumpectomy(chart, "right", surgery)
    treatment.radiation(chart, "right", chart.ago(years=8, months=9), chart.ago(years=8, months=8))
    treatment.order(chart, "anastrozole", chart.ago(years=8, months=7), end=chart.ago(years=3), status="completed")
    chart.condition("heart-failure", icd10("I50.9", "Heart failure, unspecified"), onset=chart.ago(years=3))
    chart.condition("hospice", icd10("Z51.5", "Encounter for palliative care"), onset=chart.ago(months=2))
    tumor.mammogram(chart, chart.ago(years=3), "1", style="text")
    everyday.everyday(chart)
    chart.visit(chart.ago(years=2))


def _vandersmessen_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "right"),),
        facts={"er": "positive", "her2": "negative"},
        surgery=(("breast-conserving", "right"),),
        radiation=("right",),
        systemic={"anastrozole": "stopped"},
        imaging={"mammogram": chart.ago(years=3)},
        silent=("E-01", "E-13"),
    )


PATIENTS = (
    Story(
        "bjarkadottir",
        "Sigrun Bjarkadottir",
        "Node-negative, near the end of five years of letrozole: go on or stop?",
        _bjarkadottir,
        _bjarkadottir_expected,
    ),
    Story(
        "lemaistrelle",
        "Oriane Lemaistrelle",
        "BRCA2 carrier who paused tamoxifen and is pregnant.",
        _lemaistrelle,
        _lemaistrelle_expected,
    ),
    Story(
        "vandersmessen",
        "Godelieve Vandersmessen",
        "Eighty-six, nine years after lumpectomy, now in hospice care: screening no longer helps.",
        _vandersmessen,
        _vandersmessen_expected,
    ),
)
