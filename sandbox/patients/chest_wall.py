"""After mastectomy of both breasts, and a TP53 carrier with one breast left."""

from __future__ import annotations

from sandbox.patients import everyday, treatment, tumor
from sandbox.patients.chart import Chart, Story
from sandbox.patients.elements import icd10
from sandbox.patients.sample import ANY, Expected, Fires


def _dragomirescu(chart: Chart) -> None:
    """Both breasts removed: no breast imaging of any kind is called for; the arm is swollen."""
    dx, surgery = chart.ago(months=68), chart.ago(months=67)
    chart.patient("Smaranda", "Dragomirescu", born=chart.ago(years=57, months=3))
    cancer = tumor.invasive(chart, "left", dx, clinical="remission")
    tumor.receptor(chart, "er", surgery, positive=True, percentage=100, style="percent")
    tumor.receptor(chart, "pr", surgery, positive=True, percentage=90, style="la")
    tumor.her2_ihc(chart, "0", surgery)
    tumor.grade(chart, 2, surgery)
    tumor.nodes(chart, 5, 16, surgery, sentinel=False)
    tumor.stage(chart, "IIIA", surgery, tnm=("T3", "N2a", "M0"), focus=cancer)
    treatment.mastectomy(chart, "bilateral", surgery)
    treatment.axillary_dissection(chart, "left", surgery)
    treatment.reconstruction(chart, "bilateral", chart.ago(months=50), implant=False)
    treatment.order(chart, "epirubicin", chart.ago(months=66), end=chart.ago(months=64), status="completed")
    treatment.order(chart, "cyclophosphamide", chart.ago(months=66), end=chart.ago(months=64), status="completed")
    treatment.radiation(chart, "left", chart.ago(months=62), chart.ago(months=61), field="chest wall", gray=50)
    treatment.order(chart, "letrozole", chart.ago(months=60), shape="reference")
    tumor.menopause(chart, "postmenopausal", dx)
    tumor.dxa(chart, chart.ago(months=10), -2.1)
    chart.condition("lymphedema", icd10("I97.2", "Postmastectomy lymphedema syndrome"), onset=chart.ago(months=40))
    everyday.everyday(chart, bmi=28.3)
    everyday.lipids(chart, months_ago=9)
    chart.visit(chart.ago(months=7))


def _dragomirescu_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={
            "er": {"value": "positive", "percent": 100},
            "pr": "positive",
            "her2": "negative",
            "grade": 2,
            "stage_group": "IIIA",
            "m": "M0",
            "nodes_positive": 5,
            "nodes_examined": 16,
            "menopausal_status": "postmenopausal",
        },
        surgery=(("mastectomy", "bilateral"), ("reconstruction", "bilateral")),
        axilla=(("axillary-dissection", "left"),),
        radiation=("left",),
        systemic={"letrozole": "active", "epirubicin": "stopped", "cyclophosphamide": "stopped"},
        imaging={"mammogram": None, "dxa": chart.ago(months=10)},
        fires=(
            Fires("V-01", "clinic-visit", "up-to-date"),
            Fires("I-05", "mammogram", "not-indicated"),
            Fires("I-06", "mammogram", "not-indicated"),
            Fires("E-01", "endocrine-adherence"),
            Fires("E-03", "endocrine-duration-review"),
            Fires("E-13", "dxa", "up-to-date"),
            Fires("L-01", "lymphedema"),
        ),
        silent=("I-03", "I-04", "I-11", "E-02", "E-06"),
    )


def _cavaleiru(chart: Chart) -> None:
    """A TP53 carrier: magnetic resonance instead of X-rays wherever that is possible."""
    dx, surgery = chart.ago(months=34), chart.ago(months=33)
    chart.patient("Iolanda", "Cavaleiru", born=chart.ago(years=34, months=6))
    tumor.invasive(chart, "right", dx)
    tumor.receptor(chart, "er", surgery, positive=False, style="la")
    tumor.receptor(chart, "pr", surgery, positive=False, style="la")
    tumor.her2_ihc(chart, "3+", surgery)
    tumor.nodes(chart, 0, 3, surgery)
    tumor.stage(chart, "IA", surgery, tnm=("T1b", "N0"))
    treatment.mastectomy(chart, "right", surgery)
    treatment.sentinel_biopsy(chart, "right", surgery)
    treatment.infusions(chart, "paclitaxel", treatment.cycles(chart.ago(months=32), 12, every_days=7), dose=80)
    treatment.order(chart, "trastuzumab", chart.ago(months=32), end=chart.ago(months=20), status="completed")
    tumor.germline(chart, "TP53", "pathogenic", chart.ago(months=33))
    tumor.breast_mri(chart, chart.ago(months=13))
    tumor.echocardiogram(chart, chart.ago(months=5), 63)
    tumor.menopause(chart, "premenopausal", dx)
    everyday.everyday(chart)
    chart.visit(chart.ago(months=4))


def _cavaleiru_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "right"),),
        facts={"her2": "positive", "er": "negative", "germline": [{"gene": "TP53", "result": "pathogenic"}]},
        surgery=(("mastectomy", "right"),),
        axilla=(("sentinel-node-biopsy", "right"),),
        systemic={"trastuzumab": "stopped", "paclitaxel": ANY},
        imaging={"breast_mri": chart.ago(months=13), "mammogram": None, "echocardiogram": chart.ago(months=5)},
        fires=(Fires("I-12", "breast-mri"), Fires("C-04", "echocardiogram", "up-to-date")),
        silent=("I-03", "I-05", "I-10", "E-01"),
    )


PATIENTS = (
    Story(
        "dragomirescu",
        "Smaranda Dragomirescu",
        "Both breasts removed, five positive nodes, sixth year on letrozole, swelling of the arm; no imaging is due.",
        _dragomirescu,
        _dragomirescu_expected,
    ),
    Story(
        "cavaleiru",
        "Iolanda Cavaleiru",
        "TP53 carrier after mastectomy of the right breast: yearly MRI, as little ionizing radiation as possible.",
        _cavaleiru,
        _cavaleiru_expected,
    ),
)
