"""On CDK4/6 inhibitors: ribociclib with a QT-prolonging drug, abemaciclib with ovarian suppression."""

from __future__ import annotations

from sandbox.patients import everyday, treatment, tumor
from sandbox.patients.chart import Chart, Story
from sandbox.patients.elements import icd10, loinc, quantity
from sandbox.patients.sample import ANY, Expected, Fires


def _nascimbeni(chart: Chart) -> None:
    """Letrozole and ribociclib for seven weeks; the psychiatrist ordered citalopram."""
    dx, surgery = chart.ago(months=11), chart.ago(months=10)
    chart.patient("Fiorenza", "Nascimbeni", born=chart.ago(years=63, months=6))
    tumor.invasive(chart, "right", dx)
    tumor.receptor(chart, "er", surgery, positive=True, percentage=85, style="percent")
    tumor.receptor(chart, "pr", surgery, positive=True, percentage=20, style="percent")
    tumor.her2_ihc(chart, "1+", surgery)
    tumor.grade(chart, 3, surgery)
    tumor.size(chart, 5.2, surgery, "cm")
    tumor.nodes(chart, 6, 18, surgery, sentinel=False)
    tumor.stage(chart, "IIIA", surgery, tnm=("T3", "N2a", "M0"))
    treatment.mastectomy(chart, "right", surgery)
    treatment.axillary_dissection(chart, "right", surgery)
    days = treatment.cycles(chart.ago(months=9), 4)
    treatment.infusions(chart, "docetaxel", days, dose=75)
    treatment.infusions(chart, "cyclophosphamide", days, dose=600)
    treatment.radiation(chart, "right", chart.ago(months=5), chart.ago(months=4), field="chest wall", gray=50)
    treatment.order(chart, "letrozole", chart.ago(months=4))
    treatment.order(chart, "ribociclib", chart.ago(days=49), dose="ribociclib 400 mg by mouth, 3 weeks on, 1 week off")
    treatment.order(chart, "citalopram", chart.ago(days=20), shape="text", product="citalopram 40 mg tablet")
    qtc = loinc("8636-3", "QT interval corrected based on Bazett formula")
    chart.observation("qtc", qtc, quantity(438, "ms"), chart.ago(days=50), category="procedure")
    everyday.blood_count(chart, days=21)
    everyday.liver_panel(chart, days=21)
    tumor.menopause(chart, "postmenopausal", dx)
    everyday.everyday(chart, months_ago=1)
    chart.visit(chart.ago(days=21))


def _nascimbeni_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "right"),),
        facts={
            "er": {"value": "positive", "percent": 85},
            "her2": {"value": "negative", "ihc": "1+", "low": True},
            "stage_group": "IIIA",
            "tumor_size_mm": 52,
            "nodes_positive": 6,
            "nodes_examined": 18,
        },
        surgery=(("mastectomy", "right"),),
        axilla=(("axillary-dissection", "right"),),
        radiation=("right",),
        systemic={"letrozole": "active", "ribociclib": "active", "docetaxel": ANY, "cyclophosphamide": ANY},
        imaging={"mammogram": None, "dxa": None},
        fires=(
            Fires("T-05", "qt-monitoring"),
            Fires("T-05", "cbc"),
            Fires("E-13", "dxa"),
            Fires("E-01", "endocrine-adherence"),
            Fires("T-01", "adjuvant-bisphosphonate"),
            Fires("I-04", "mammogram", None, "left"),
        ),
        silent=("T-04", "E-11", "E-06", "I-03"),
    )


def _jankauskyte(chart: Chart) -> None:
    """Premenopausal, goserelin with letrozole, abemaciclib for high risk."""
    dx, surgery = chart.ago(months=16), chart.ago(months=15)
    chart.patient("Rasa", "Jankauskyte", born=chart.ago(years=42, months=1))
    tumor.invasive(chart, "left", dx)
    tumor.receptor(chart, "er", surgery, positive=True, percentage=95, style="percent")
    tumor.receptor(chart, "pr", surgery, positive=True, percentage=95, style="percent")
    tumor.her2_ihc(chart, "0", surgery)
    tumor.grade(chart, 3, surgery)
    tumor.ki67(chart, 28, surgery)
    tumor.nodes(chart, 4, 17, surgery, sentinel=False)
    tumor.stage(chart, "IIIA", surgery, tnm=("T2", "N2a"))
    treatment.lumpectomy(chart, "left", surgery)
    treatment.axillary_dissection(chart, "left", surgery)
    days = treatment.cycles(chart.ago(months=14), 4, every_days=14)
    treatment.infusions(chart, "doxorubicin", days, dose=60)
    treatment.infusions(chart, "cyclophosphamide", days, dose=600)
    treatment.infusions(chart, "paclitaxel", treatment.cycles(chart.ago(months=12), 12, every_days=7), dose=80)
    treatment.radiation(chart, "left", chart.ago(months=8), chart.ago(months=7), field="nodal", gray=50)
    treatment.order(chart, "letrozole", chart.ago(months=7))
    treatment.order(chart, "goserelin", chart.ago(months=7), dose="goserelin 3.6 mg under the skin every 28 days")
    treatment.order(chart, "abemaciclib", chart.ago(months=3), dose="abemaciclib 150 mg by mouth twice a day")
    everyday.blood_count(chart, days=24)
    everyday.liver_panel(chart, days=24)
    chart.laboratory("creatinine", "2160-0", "Creatinine", 1.3, "mg/dL", chart.ago(days=24))
    tumor.menopause(chart, "premenopausal", dx)
    tumor.germline(chart, "CHEK2", "vus", chart.ago(months=14))
    chart.relative("sister", ("SIS", "sister"), icd10("C50.911", "Malignant neoplasm of right breast"), age=38)
    tumor.mammogram(chart, chart.ago(months=5), "0")
    tumor.dxa(chart, chart.ago(months=6), -0.5)
    everyday.everyday(chart)
    chart.visit(chart.ago(days=24))


def _jankauskyte_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={
            "er": {"value": "positive", "percent": 95},
            "ki67_percent": 28,
            "nodes_positive": 4,
            "menopausal_status": "premenopausal",
            "germline": [{"gene": "CHEK2", "result": "vus"}],
            "birads": "0",
        },
        surgery=(("breast-conserving", "left"),),
        axilla=(("axillary-dissection", "left"),),
        radiation=("left",),
        systemic={
            "letrozole": "active",
            "goserelin": "active",
            "abemaciclib": "active",
            "doxorubicin": ANY,
            "cyclophosphamide": ANY,
            "paclitaxel": ANY,
        },
        imaging={"mammogram": chart.ago(months=5), "dxa": chart.ago(months=6)},
        fires=(
            Fires("T-04", "cbc"),
            Fires("E-07", "other"),
            Fires("E-13", "dxa", "up-to-date"),
            Fires("R-06", "genetic-counseling"),
            Fires("I-15", "mammogram"),
            Fires("I-11", "breast-mri"),
            Fires("E-10", "symptom-education"),
        ),
        silent=("E-06", "T-05", "E-11", "E-09"),
    )


PATIENTS = (
    Story(
        "nascimbeni",
        "Fiorenza Nascimbeni",
        "Stage III, on letrozole and ribociclib, and citalopram was added: both lengthen QT.",
        _nascimbeni,
        _nascimbeni_expected,
    ),
    Story(
        "jankauskyte",
        "Rasa Jankauskyte",
        "Premenopausal, letrozole with goserelin and abemaciclib; an unclear CHEK2 variant, a mammogram to complete.",
        _jankauskyte,
        _jankauskyte_expected,
    ),
)
