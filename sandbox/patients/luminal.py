"""Hormone-receptor positive, HER2 negative: the overdue mammogram, paroxetine on tamoxifen, no ovarian suppression."""

from __future__ import annotations

from sandbox.patients import everyday, treatment, tumor
from sandbox.patients.chart import Chart, Story
from sandbox.patients.elements import icd10
from sandbox.patients.sample import ANY, NOT_FOUND, Expected, Fires


def _varkonyi(chart: Chart) -> None:
    """On letrozole after lumpectomy and radiation; nobody ordered this year's mammogram."""
    dx, surgery = chart.ago(months=34), chart.ago(months=33)
    chart.patient("Ilka", "Varkonyi", born=chart.ago(years=61, months=4))
    cancer = tumor.invasive(chart, "right", dx)
    tumor.mammogram(chart, dx, "5", side="right", diagnostic=True)
    results = [
        tumor.receptor(chart, "er", surgery, positive=True, percentage=95, style="component"),
        tumor.receptor(chart, "pr", surgery, positive=True, percentage=40, style="percent"),
        tumor.her2_ihc(chart, "1+", surgery),
        tumor.grade(chart, 2, surgery),
        tumor.size(chart, 1.8, surgery, "cm"),
        tumor.ki67(chart, 12, surgery),
    ]
    tumor.oncotype(chart, 14, chart.ago(months=32))
    tumor.nodes(chart, 0, 2, surgery)
    tumor.stage(chart, "IA", surgery, tnm=("T1c", "N0", "M0"), focus=cancer)
    tumor.pathology(
        chart,
        surgery,
        "RIGHT BREAST, LUMPECTOMY: invasive ductal carcinoma, Nottingham grade 2, 1.8 cm. Margins clear.\n"
        "ER positive (95 %), PR positive (40 %), HER2 1+ by IHC (negative).\n"
        "SENTINEL LYMPH NODES: 2 examined, 0 with metastasis. pT1c pN0(sn).",
        results,
    )
    treatment.lumpectomy(chart, "right", surgery, reason=cancer)
    treatment.sentinel_biopsy(chart, "right", surgery)
    treatment.radiation(chart, "right", chart.ago(months=31, days=-5), chart.ago(months=30))
    treatment.order(
        chart, "letrozole", chart.ago(months=29), dose="letrozole 2.5 mg by mouth once a day", reason=cancer
    )
    tumor.menopause(chart, "postmenopausal", dx)
    tumor.mammogram(chart, chart.ago(months=17), "2", density="heterogeneously dense")
    tumor.dxa(chart, chart.ago(months=25), -1.4)
    everyday.everyday(chart, bmi=31.2)
    everyday.lipids(chart, months_ago=20)
    for months in (14, 8, 2):
        chart.visit(chart.ago(months=months))


def _varkonyi_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "right"),),
        facts={
            "er": {"value": "positive", "percent": 95},
            "pr": {"value": "positive", "percent": 40},
            "her2": {"value": "negative", "ihc": "1+", "low": True},
            "grade": 2,
            "stage_group": {"value": "IA", "basis": "pathologic"},
            "t": "T1c",
            "n": "N0",
            "m": "M0",
            "tumor_size_mm": 18,
            "nodes_positive": 0,
            "nodes_examined": 2,
            "ki67_percent": 12,
            "oncotype_rs": 14,
            "menopausal_status": "postmenopausal",
        },
        surgery=(("breast-conserving", "right"),),
        axilla=(("sentinel-node-biopsy", "right"),),
        radiation=("right",),
        systemic={"letrozole": "active"},
        imaging={"mammogram": chart.ago(months=17), "dxa": chart.ago(months=25), "echocardiogram": None},
        fires=(
            Fires("V-01", "clinic-visit", "up-to-date"),
            Fires("V-04", "symptom-education"),
            Fires("I-03", "mammogram", "overdue"),
            Fires("I-11", "breast-mri"),
            Fires("N-01", "routine-tumor-markers", "not-indicated"),
            Fires("N-02", "routine-blood-tests", "not-indicated"),
            Fires("N-03", "routine-systemic-imaging", "not-indicated"),
            Fires("E-01", "endocrine-adherence"),
            Fires("E-13", "dxa", "due"),
            Fires("E-15", "pain"),
            Fires("E-16", "lipids"),
            Fires("R-01", "genetic-counseling", "cannot-tell"),
            Fires("L-01", "lymphedema"),
            Fires("H-02", "weight"),
        ),
        silent=("G-01", "G-02", "V-02", "I-04", "I-05", "E-06", "E-09", "E-11", "C-04", "G-07", "I-10"),
    )


def _oyelaran(chart: Chart) -> None:
    """Premenopausal, on tamoxifen, and paroxetine was started for hot flashes elsewhere."""
    dx, surgery = chart.ago(months=27), chart.ago(months=26)
    chart.patient("Folake", "Oyelaran", born=chart.ago(years=40, months=7))
    cancer = tumor.invasive(chart, "left", dx, clinical="active")
    tumor.receptor(chart, "er", dx, positive=True, percentage=90, style="snomed")
    tumor.receptor(chart, "pr", dx, positive=True, percentage=80, style="percent")
    tumor.her2_ihc(chart, "0", dx, style="text")
    tumor.grade(chart, 2, surgery, style="snomed")
    tumor.size(chart, 14, surgery)
    tumor.nodes(chart, 0, 3, surgery)
    tumor.stage(chart, "IA", surgery, tnm=("T1c", "N0"), style="loinc")
    tumor.menopause(chart, "premenopausal", chart.ago(months=3))
    tumor.germline(chart, "BRCA1", "negative", chart.ago(months=25))
    tumor.germline(chart, "BRCA2", "negative", chart.ago(months=25))
    treatment.lumpectomy(chart, "left", surgery, style="cpt", reason=cancer)
    treatment.sentinel_biopsy(chart, "left", surgery)
    treatment.radiation(chart, "left", chart.ago(months=25, days=5), chart.ago(months=24, days=14), style="fractions")
    treatment.order(chart, "tamoxifen", chart.ago(months=23), shape="reference", product="tamoxifen 20 mg oral tablet")
    treatment.order(
        chart, "paroxetine", chart.ago(months=4), shape="concept", dose="paroxetine 10 mg by mouth at night"
    )
    chart.condition("hot-flashes", icd10("R23.2", "Flushing"), onset=chart.ago(months=18))
    tumor.mammogram(chart, chart.ago(months=8), "2", style="text")
    everyday.everyday(chart, smoking="current")
    chart.visit(chart.ago(months=5))


def _oyelaran_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={
            "er": "positive",
            "pr": {"value": "positive", "percent": 80},
            "her2": {"value": "negative", "ihc": "0"},
            "grade": 2,
            "stage_group": {"value": "IA", "basis": "pathologic"},
            "t": "T1c",
            "n": "N0",
            "m": NOT_FOUND,
            "tumor_size_mm": 14,
            "nodes_positive": 0,
            "nodes_examined": 3,
            "menopausal_status": "premenopausal",
            "germline": [{"gene": "BRCA1", "result": "negative"}, {"gene": "BRCA2", "result": "negative"}],
            "birads": "2",
        },
        surgery=(("breast-conserving", "left"),),
        axilla=(("sentinel-node-biopsy", "left"),),
        radiation=("left",),
        systemic={"tamoxifen": "active"},
        imaging={"mammogram": chart.ago(months=8), "dxa": None},
        fires=(
            Fires("V-01", "clinic-visit"),
            Fires("I-03", "mammogram", "up-to-date"),
            Fires("I-11", "breast-mri"),
            Fires("E-01", "endocrine-adherence"),
            Fires("E-10", "symptom-education"),
            Fires("E-11", "cyp2d6-interaction", "due"),
            Fires("E-13", "dxa", "due"),
            Fires("F-03", "fertility-contraception"),
            Fires("H-05", "tobacco"),
        ),
        silent=("G-01", "R-01", "E-06", "I-05", "V-02"),
    )


def _sarkissova(chart: Chart) -> None:
    """Chemotherapy stopped the periods; an aromatase inhibitor was started without ovarian suppression."""
    dx, surgery = chart.ago(months=20), chart.ago(months=19)
    chart.patient("Naira", "Sarkissova", born=chart.ago(years=45, months=2))
    cancer = tumor.invasive(chart, "right", dx, site=False)
    tumor.receptor(chart, "er", dx, positive=True, percentage=70, style="text")
    tumor.receptor(chart, "pr", dx, positive=False, style="la")
    tumor.her2_ihc(chart, "2+", dx)
    tumor.her2_fish(chart, False, dx)
    tumor.grade(chart, 3, surgery)
    tumor.size(chart, 26, surgery)
    tumor.nodes(chart, 1, 4, surgery)
    tumor.stage(chart, "IIB", surgery, tnm=("T2", "N1a"))
    treatment.lumpectomy(chart, "right", surgery, reason=cancer)
    treatment.sentinel_biopsy(chart, "right", surgery)
    days = treatment.cycles(chart.ago(months=18), 4)
    treatment.infusions(chart, "docetaxel", days, dose=75)
    treatment.infusions(chart, "cyclophosphamide", days, dose=600)
    treatment.radiation(chart, "right", chart.ago(months=15, days=10), chart.ago(months=14), field="nodal", gray=50)
    treatment.order(chart, "exemestane", chart.ago(months=13), shape="local", product="exemestane 25 mg oral tablet")
    treatment.order(chart, "fezolinetant", chart.ago(months=2), shape="text", product="fezolinetant 45 mg tablet")
    tumor.menopause(chart, "premenopausal", dx)
    tumor.mammogram(chart, chart.ago(months=7), "1")
    everyday.everyday(chart, bmi=27.4)
    chart.visit(chart.ago(months=4))


def _sarkissova_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "right"),),
        facts={
            "er": {"value": "positive", "percent": 70},
            "pr": "negative",
            "her2": {"value": "negative", "ihc": "2+", "ish": "not-amplified", "low": True},
            "grade": 3,
            "stage_group": "IIB",
            "n": "N1a",
            "nodes_positive": 1,
            "nodes_examined": 4,
            "menopausal_status": "premenopausal",
        },
        surgery=(("breast-conserving", "right"),),
        axilla=(("sentinel-node-biopsy", "right"),),
        radiation=("right",),
        systemic={"exemestane": "active", "docetaxel": ANY, "cyclophosphamide": ANY},
        imaging={"mammogram": chart.ago(months=7), "dxa": None},
        fires=(
            Fires("E-06", "ai-without-ovarian-suppression", "due"),
            Fires("E-01", "endocrine-adherence"),
            Fires("E-13", "dxa"),
            Fires("M-04", ""),
            Fires("T-12", "neuropathy"),
            Fires("I-03", "mammogram", "up-to-date"),
            Fires("R-01", "genetic-counseling", "cannot-tell"),
        ),
        silent=("E-09", "E-11", "E-07", "C-04"),
    )


PATIENTS = (
    Story(
        "varkonyi",
        "Ilka Varkonyi",
        "ER+ HER2- cancer of the right breast, lumpectomy and radiation, on letrozole; the mammogram is overdue.",
        _varkonyi,
        _varkonyi_expected,
    ),
    Story(
        "oyelaran",
        "Folake Oyelaran",
        "Premenopausal, ER+ HER2- cancer of the left breast, on tamoxifen, takes paroxetine for hot flashes.",
        _oyelaran,
        _oyelaran_expected,
    ),
    Story(
        "sarkissova",
        "Naira Sarkissova",
        "Premenopausal, on exemestane after chemotherapy, and nothing suppresses the ovaries: a safety alert.",
        _sarkissova,
        _sarkissova_expected,
    ),
)
