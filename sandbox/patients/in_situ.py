"""In situ only: DCIS after lumpectomy on tamoxifen without a uterus, and LCIS, which is another pathway."""

from __future__ import annotations

from sandbox.patients import everyday, treatment, tumor
from sandbox.patients.chart import Chart, Story
from sandbox.patients.elements import icd10
from sandbox.patients.sample import NOT_FOUND, Expected, Fires


def _maroszek(chart: Chart) -> None:
    """DCIS after lumpectomy and radiation, in the fifth year of tamoxifen, after hysterectomy."""
    dx, surgery = chart.ago(months=57), chart.ago(months=56)
    chart.patient("Halina", "Maroszek", born=chart.ago(years=66, months=8))
    dcis = tumor.in_situ(chart, "dcis", "right", dx)
    tumor.receptor(chart, "er", surgery, positive=True, percentage=80, style="percent")
    tumor.receptor(chart, "pr", surgery, positive=True, percentage=60, style="snomed")
    tumor.size(chart, 11, surgery)
    tumor.stage(chart, "0", surgery, tnm=("Tis",))
    treatment.lumpectomy(chart, "right", surgery, reason=dcis)
    treatment.radiation(chart, "right", chart.ago(months=54, days=10), chart.ago(months=53, days=20))
    treatment.order(chart, "tamoxifen", chart.ago(months=52))
    chart.condition("no-uterus", icd10("Z90.710", "Acquired absence of both cervix and uterus"), onset="2011")
    tumor.menopause(chart, "postmenopausal", dx)
    tumor.mammogram(chart, chart.ago(months=6), "1")
    everyday.everyday(chart)
    chart.visit(chart.ago(months=3))


def _maroszek_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("dcis", "right"),),
        facts={
            "er": {"value": "positive", "percent": 80},
            "pr": "positive",
            "her2": NOT_FOUND,
            "stage_group": "0",
            "tumor_size_mm": 11,
            "uterus": "absent",
        },
        surgery=(("breast-conserving", "right"),),
        radiation=("right",),
        systemic={"tamoxifen": "active"},
        imaging={"mammogram": chart.ago(months=6)},
        fires=(
            Fires("V-02", "clinic-visit", "up-to-date"),
            Fires("I-03", "mammogram", "up-to-date"),
            Fires("E-01", "endocrine-adherence"),
            Fires("E-04", "endocrine-duration-review"),
            Fires("E-09b", "gynecology-review"),
            Fires("E-10", "symptom-education"),
        ),
        silent=("V-01", "E-09", "E-02", "E-03", "I-04"),
    )


def _ouedranne(chart: Chart) -> None:
    """LCIS on a core biopsy, nothing else."""
    on = chart.ago(months=14)
    chart.patient("Aminata", "Ouedranne", born=chart.ago(years=52, months=1))
    tumor.in_situ(chart, "lcis", "left", on)
    tumor.pathology(chart, on, "LEFT BREAST, CORE BIOPSY: lobular carcinoma in situ (LCIS), classic type. No invasion.")
    tumor.mammogram(chart, chart.ago(months=4), "2")
    treatment.order(chart, "raloxifene", chart.ago(months=12))
    everyday.everyday(chart)
    chart.visit(chart.ago(months=4), "High-risk clinic visit")


def _ouedranne_expected(chart: Chart) -> Expected:
    return Expected(
        reasons=("lcis-only",),
        cancers=(("lcis", "left"),),
        systemic={"raloxifene": "active"},
        imaging={"mammogram": chart.ago(months=4)},
    )


PATIENTS = (
    Story(
        "maroszek",
        "Halina Maroszek",
        "DCIS of the right breast after lumpectomy and radiation, fifth year of tamoxifen, uterus removed.",
        _maroszek,
        _maroszek_expected,
    ),
    Story(
        "ouedranne",
        "Aminata Ouedranne",
        "LCIS only: another pathway, a survivorship plan does not apply.",
        _ouedranne,
        _ouedranne_expected,
    ),
)
