"""HER2 positive: after trastuzumab, without a heart study, with antibody-drug conjugates, on neratinib."""

from __future__ import annotations

from sandbox.patients import everyday, treatment, tumor
from sandbox.patients.chart import Chart, Story
from sandbox.patients.elements import icd10, loinc, quantity
from sandbox.patients.sample import ANY, Expected, Fires


def _osthoff(chart: Chart) -> None:
    """HER2+ and hormone-receptor negative: mastectomy with implant, a year of trastuzumab."""
    dx, surgery = chart.ago(months=26), chart.ago(months=25)
    chart.patient("Gesine", "Osthoff", born=chart.ago(years=56, months=1))
    cancer = tumor.invasive(chart, "left", dx)
    tumor.receptor(chart, "er", dx, positive=False, percentage=0, style="percent")
    tumor.receptor(chart, "pr", dx, positive=False, style="la")
    tumor.her2_ihc(chart, "3+", dx, style="text")
    tumor.grade(chart, 3, surgery)
    tumor.size(chart, 2.4, surgery, "cm")
    tumor.nodes(chart, 0, 2, surgery)
    tumor.stage(chart, "IIA", surgery, tnm=("T2", "N0"), focus=cancer)
    treatment.mastectomy(chart, "left", surgery)
    treatment.sentinel_biopsy(chart, "left", surgery)
    treatment.reconstruction(chart, "left", chart.ago(months=12), implant=True)
    days = treatment.cycles(chart.ago(months=24), 6)
    treatment.infusions(chart, "docetaxel", days, dose=75)
    treatment.infusions(chart, "carboplatin", days)
    treatment.order(
        chart,
        "trastuzumab",
        chart.ago(months=24),
        end=chart.ago(months=11),
        status="completed",
        shape="reference",
        product="trastuzumab-dkst 420 mg vial",
    )
    tumor.menopause(chart, "postmenopausal", dx)
    tumor.echocardiogram(chart, chart.ago(months=15), 60)
    tumor.echocardiogram(chart, chart.ago(months=6, days=10), 58)
    tumor.mammogram(chart, chart.ago(months=5), "2", side="right")
    chart.condition("neuropathy", icd10("G62.0", "Drug-induced polyneuropathy"), onset=chart.ago(months=20))
    everyday.everyday(chart)
    chart.visit(chart.ago(days=35))


def _osthoff_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={
            "er": "negative",
            "pr": "negative",
            "her2": {"value": "positive", "ihc": "3+", "low": False},
            "grade": 3,
            "stage_group": {"value": "IIA", "basis": "pathologic"},
            "tumor_size_mm": 24,
            "nodes_positive": 0,
            "nodes_examined": 2,
            "menopausal_status": "postmenopausal",
        },
        surgery=(("mastectomy", "left"), ("reconstruction", "left")),
        axilla=(("sentinel-node-biopsy", "left"),),
        systemic={"trastuzumab": "stopped", "docetaxel": ANY, "carboplatin": ANY},
        imaging={"mammogram": chart.ago(months=5), "echocardiogram": chart.ago(months=6, days=10)},
        fires=(
            Fires("V-01", "clinic-visit", "up-to-date"),
            Fires("I-04", "mammogram", "up-to-date", "right"),
            Fires("I-06", "mammogram", "not-indicated"),
            Fires("I-06b", "other"),
            Fires("C-04", "echocardiogram", "due"),
            Fires("T-12", "neuropathy"),
            Fires("L-01", "lymphedema"),
        ),
        silent=("I-03", "I-05", "E-01", "E-11", "E-06", "T-04"),
    )


def _ravelojaona(chart: Chart) -> None:
    """An anthracycline and trastuzumab, and no ejection fraction anywhere in the chart."""
    dx, surgery = chart.ago(months=25), chart.ago(months=18)
    chart.patient("Hanta", "Ravelojaona", born=chart.ago(years=62, months=9))
    tumor.invasive(chart, "left", dx)
    tumor.receptor(chart, "er", dx, positive=False, style="snomed")
    tumor.receptor(chart, "pr", dx, positive=False, style="snomed")
    tumor.her2_ihc(chart, "2+", dx)
    tumor.her2_fish(chart, True, dx, ratio=4.1)
    tumor.grade(chart, 3, dx)
    tumor.nodes(chart, 2, 14, surgery, sentinel=False)
    tumor.stage(chart, "IIIA", dx, tnm=("T3", "N1"), basis="c")
    days = treatment.cycles(chart.ago(months=24), 4)
    treatment.infusions(chart, "doxorubicin", days, dose=60)
    treatment.infusions(chart, "cyclophosphamide", days, dose=600)
    treatment.order(
        chart,
        "paclitaxel",
        chart.ago(months=21),
        end=chart.ago(months=19),
        status="completed",
        dose="paclitaxel weekly",
    )
    treatment.statement(chart, "trastuzumab", chart.ago(months=21), end=chart.ago(months=8), status="completed")
    treatment.mastectomy(chart, "left", surgery)
    treatment.axillary_dissection(chart, "left", surgery)
    treatment.radiation(chart, "left", chart.ago(months=16), chart.ago(months=15), field="chest wall", gray=50)
    tumor.menopause(chart, "postmenopausal", dx)
    chart.condition("hypertension", icd10("I10", "Essential (primary) hypertension"), onset="2012")
    chart.condition("diabetes", icd10("E11.9", "Type 2 diabetes mellitus without complications"), onset="2015-06")
    tumor.mammogram(chart, chart.ago(months=13), "1", side="right")
    everyday.everyday(chart, bmi=33.5, smoking="former")
    chart.visit(chart.ago(months=3), "Oncology follow-up")


def _ravelojaona_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={
            "er": "negative",
            "pr": "negative",
            "her2": {"value": "positive", "ihc": "2+", "ish": "amplified"},
            "grade": 3,
            "stage_group": {"value": "IIIA", "basis": "clinical"},
            "nodes_positive": 2,
            "nodes_examined": 14,
        },
        surgery=(("mastectomy", "left"),),
        axilla=(("axillary-dissection", "left"),),
        radiation=("left",),
        systemic={"doxorubicin": ANY, "cyclophosphamide": ANY, "paclitaxel": "stopped", "trastuzumab": "stopped"},
        imaging={"mammogram": chart.ago(months=13), "echocardiogram": None},
        fires=(
            Fires("C-04", "echocardiogram", "overdue"),
            Fires("C-01", "echocardiogram"),
            Fires("C-02", "cardiac-risk"),
            Fires("C-03", "cardiac-risk"),
            Fires("I-04", "mammogram", "due", "right"),
            Fires("L-01", "lymphedema"),
            Fires("T-13", "routine-blood-tests"),
            Fires("R-01", "genetic-counseling", "cannot-tell"),
        ),
        silent=("I-03", "I-05", "E-01", "I-06"),
    )


def _poplawiec(chart: Chart) -> None:
    """Residual HER2+ cancer: T-DM1 was stopped for platelets, deruxtecan followed."""
    dx, surgery = chart.ago(months=15), chart.ago(months=9)
    chart.patient("Danuta", "Poplawiec", born=chart.ago(years=50, months=6))
    tumor.invasive(chart, "right", dx)
    tumor.receptor(chart, "er", dx, positive=False, style="la")
    tumor.receptor(chart, "pr", dx, positive=False, style="la")
    tumor.her2_ihc(chart, "3+", dx)
    tumor.grade(chart, 3, dx)
    tumor.nodes(chart, 3, 9, surgery, sentinel=False)
    tumor.stage(chart, "IIB", dx, tnm=("T2", "N1"), basis="c", style="loinc")
    days = treatment.cycles(chart.ago(months=14), 6)
    for name in ("docetaxel", "carboplatin", "pertuzumab"):
        treatment.infusions(chart, name, days)
    treatment.order(chart, "trastuzumab", days[0], end=days[-1], status="completed")
    treatment.lumpectomy(chart, "right", surgery)
    treatment.axillary_dissection(chart, "right", surgery)
    treatment.radiation(chart, "right", chart.ago(months=7), chart.ago(months=6), field="nodal", gray=50)
    treatment.order(
        chart,
        "ado-trastuzumab emtansine",
        chart.ago(months=8),
        end=chart.ago(months=6),
        status="stopped",
        shape="local",
    )
    treatment.order(chart, "fam-trastuzumab deruxtecan", chart.ago(months=3), dose="5.4 mg/kg every 3 weeks")
    tumor.echocardiogram(chart, chart.ago(months=4), 57)
    everyday.blood_count(chart, days=19)
    everyday.liver_panel(chart, days=19)
    everyday.everyday(chart)
    chart.visit(chart.ago(days=19))


def _poplawiec_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "right"),),
        facts={"er": "negative", "pr": "negative", "her2": {"value": "positive", "ihc": "3+"}, "nodes_positive": 3},
        surgery=(("breast-conserving", "right"),),
        axilla=(("axillary-dissection", "right"),),
        radiation=("right",),
        systemic={
            "ado-trastuzumab emtansine": "stopped",
            "fam-trastuzumab deruxtecan": "active",
            "trastuzumab": "stopped",
            "pertuzumab": ANY,
            "docetaxel": ANY,
            "carboplatin": ANY,
        },
        imaging={"mammogram": None, "echocardiogram": chart.ago(months=4)},
        fires=(Fires("T-09", "echocardiogram"), Fires("L-01", "lymphedema"), Fires("I-01", "mammogram")),
        silent=("E-01", "V-02", "I-05"),
    )


def _beauvallon(chart: Chart) -> None:
    """HER2+ and ER+: trastuzumab is over, neratinib and anastrozole go on; menopause by age and words only."""
    dx, surgery = chart.ago(months=22), chart.ago(months=21)
    chart.patient("Odile", "Beauvallon", born=chart.ago(years=66, months=2))
    tumor.invasive(chart, "left", dx)
    tumor.receptor(chart, "er", dx, positive=True, percentage=5, style="percent")
    tumor.receptor(chart, "pr", dx, positive=False, style="text")
    tumor.her2_ihc(chart, "3+", dx)
    tumor.nodes(chart, 4, 11, surgery, sentinel=False)
    tumor.stage(chart, "IIIA", surgery, tnm=("T2", "N2a"))
    tumor.size(chart, 31, surgery)
    treatment.mastectomy(chart, "left", surgery)
    treatment.axillary_dissection(chart, "left", surgery)
    days = treatment.cycles(chart.ago(months=20), 12, every_days=7)
    treatment.infusions(chart, "paclitaxel", days, dose=80)
    treatment.order(chart, "trastuzumab", days[0], end=chart.ago(months=7), status="completed")
    treatment.radiation(chart, "left", chart.ago(months=16), chart.ago(months=15), field="chest wall", gray=50)
    treatment.order(chart, "anastrozole", chart.ago(months=14), shape="contained", product="anastrozole 1 mg tablet")
    chart.condition("bleeding", icd10("N95.0", "Postmenopausal bleeding"), onset=chart.ago(days=20))
    treatment.order(chart, "neratinib", chart.ago(months=5), dose="neratinib 240 mg by mouth once a day")
    everyday.liver_panel(chart, months=1)
    tumor.menopause(chart, "postmenopausal", dx)
    tumor.mammogram(chart, chart.ago(months=10), "1", side="right", style="text")
    tumor.echocardiogram(chart, chart.ago(months=2), 61)
    pain = loinc("72514-3", "Pain severity - 0-10 verbal numeric rating")
    chart.observation("pain", pain, quantity(3, "{score}"), chart.ago(months=1), category="survey")
    everyday.everyday(chart)
    chart.visit(chart.ago(months=1))


def _beauvallon_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={
            "er": {"value": "low-positive", "percent": 5},
            "pr": "negative",
            "her2": "positive",
            "nodes_positive": 4,
            "nodes_examined": 11,
            "n": "N2a",
        },
        surgery=(("mastectomy", "left"),),
        axilla=(("axillary-dissection", "left"),),
        radiation=("left",),
        systemic={"anastrozole": "active", "neratinib": "active", "trastuzumab": "stopped", "paclitaxel": ANY},
        imaging={"mammogram": chart.ago(months=10), "echocardiogram": chart.ago(months=2), "dxa": None},
        fires=(
            Fires("T-10", "other"),
            Fires("H-08", "gynecology-review"),
            Fires("C-04", "echocardiogram", "up-to-date"),
            Fires("E-01", "endocrine-adherence"),
            Fires("E-13", "dxa"),
            Fires("I-04", "mammogram", "up-to-date", "right"),
        ),
        silent=("I-03", "E-06", "E-11"),
    )


PATIENTS = (
    Story(
        "osthoff",
        "Gesine Osthoff",
        "HER2+ cancer of the left breast, mastectomy with implant, a year of trastuzumab; the next heart study is due.",
        _osthoff,
        _osthoff_expected,
    ),
    Story(
        "ravelojaona",
        "Hanta Ravelojaona",
        "Doxorubicin and trastuzumab after each other, and no ejection fraction in the chart.",
        _ravelojaona,
        _ravelojaona_expected,
    ),
    Story(
        "poplawiec",
        "Danuta Poplawiec",
        "HER2+ with residual disease: T-DM1 stopped early for low platelets, now on trastuzumab deruxtecan.",
        _poplawiec,
        _poplawiec_expected,
    ),
    Story(
        "beauvallon",
        "Odile Beauvallon",
        "HER2+ and low-positive ER, on anastrozole and neratinib after a year of trastuzumab.",
        _beauvallon,
        _beauvallon_expected,
    ),
)
