"""Triple negative: a BRCA1 carrier on olaparib, and a survivor after pembrolizumab."""

from __future__ import annotations

from sandbox.patients import everyday, treatment, tumor
from sandbox.patients.chart import Chart, Story
from sandbox.patients.elements import ICD10CM, coding, concept, icd10, snomed
from sandbox.patients.sample import ANY, NOT_FOUND, Expected, Fires


def _iribarne(chart: Chart) -> None:
    """Triple negative with a BRCA1 variant, residual disease, now on olaparib."""
    dx, surgery = chart.ago(months=22), chart.ago(months=15)
    chart.patient("Maialen", "Iribarne", born=chart.ago(years=39, months=5))
    cancer = tumor.invasive(chart, "left", dx)
    tumor.mammogram(chart, dx, "5", side="left", diagnostic=True)
    tumor.receptor(chart, "er", dx, positive=False, percentage=0, style="component")
    tumor.receptor(chart, "pr", dx, positive=False, style="snomed")
    tumor.her2_ihc(chart, "0", dx)
    tumor.grade(chart, 3, dx, style="snomed")
    tumor.size(chart, 34, dx)
    tumor.ki67(chart, 70, dx)
    tumor.stage(chart, "IIB", dx, tnm=("T2", "N1", "M0"), basis="c", focus=cancer)
    days = treatment.cycles(chart.ago(months=21), 4, every_days=14)
    treatment.infusions(chart, "doxorubicin", days, dose=60)
    treatment.infusions(chart, "cyclophosphamide", days, dose=600)
    later = treatment.cycles(chart.ago(months=19), 4)
    treatment.infusions(chart, "paclitaxel", later, dose=80)
    treatment.infusions(chart, "carboplatin", later)
    treatment.lumpectomy(chart, "left", surgery, reason=cancer)
    treatment.axillary_dissection(chart, "left", surgery)
    tumor.nodes(chart, 1, 12, surgery, sentinel=False)
    chart.observation("rcb", snomed("444987009", "Residual cancer burden class"), concept(text="RCB-II"), surgery)
    treatment.radiation(chart, "left", chart.ago(months=13, days=8), chart.ago(months=12), field="nodal", gray=50)
    tumor.germline(chart, "BRCA1", "pathogenic", chart.ago(months=20))
    treatment.order(chart, "olaparib", chart.ago(months=11), dose="olaparib 300 mg by mouth twice a day")
    everyday.blood_count(chart, days=25)
    tumor.menopause(chart, "premenopausal", chart.ago(months=6))
    tumor.mammogram(chart, chart.ago(months=9), "2", density="extremely dense")
    chart.relative("mother", ("MTH", "mother"), icd10("C56.9", "Malignant neoplasm of unspecified ovary"), age=51)
    chart.relative("aunt", ("MAUNT", "maternal aunt"), icd10("C50.919", "Malignant neoplasm of breast"), age=44)
    everyday.everyday(chart, bmi=22.0)
    chart.visit(chart.ago(days=25))


def _iribarne_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={
            "er": {"value": "negative", "percent": 0},
            "pr": "negative",
            "her2": {"value": "negative", "ihc": "0"},
            "grade": 3,
            "stage_group": {"value": "IIB", "basis": "clinical"},
            "t": {"value": "T2", "basis": "clinical"},
            "ki67_percent": 70,
            "nodes_positive": 1,
            "nodes_examined": 12,
            "germline": [{"gene": "BRCA1", "result": "pathogenic"}],
            "menopausal_status": "premenopausal",
        },
        surgery=(("breast-conserving", "left"),),
        axilla=(("axillary-dissection", "left"),),
        radiation=("left",),
        systemic={
            "doxorubicin": ANY,
            "cyclophosphamide": ANY,
            "paclitaxel": ANY,
            "carboplatin": ANY,
            "olaparib": "active",
        },
        imaging={"mammogram": chart.ago(months=9), "breast_mri": None},
        fires=(
            Fires("I-03", "mammogram", "up-to-date"),
            Fires("I-11", "breast-mri"),
            Fires("R-07", "genetic-counseling"),
            Fires("T-06", "cbc", "up-to-date"),
            Fires("F-01", "fertility-contraception"),
            Fires("C-01", "echocardiogram"),
        ),
        silent=("I-10", "R-01", "E-01", "E-06", "I-05", "C-04"),
    )


def _tuiasosopo(chart: Chart) -> None:
    """Triple negative, complete response after pembrolizumab; thyroid tests go on."""
    dx, surgery = chart.ago(months=19), chart.ago(months=13)
    chart.patient("Lagi", "Tuiasosopo", born=chart.ago(years=68, months=3))
    code = concept(
        coding(ICD10CM, "C50.411", "Malignant neoplasm of upper-outer quadrant of right female breast"),
        coding(ICD10CM, "Z17.421", "Hormone receptor negative with HER2 negative status"),
    )
    chart.condition("cancer", code, onset=dx, recorded=dx)
    tumor.receptor(chart, "er", dx, positive=False, style="la")
    tumor.receptor(chart, "pr", dx, positive=False, style="la")
    tumor.her2_ihc(chart, "1+", dx)
    tumor.grade(chart, 3, dx, style="text")
    tumor.stage(chart, "IIA", dx, tnm=("T2", "N0"), basis="c", style="loinc")
    treatment.order(chart, "pembrolizumab", chart.ago(months=18), end=chart.ago(months=5), status="completed")
    days = treatment.cycles(chart.ago(months=18), 4)
    treatment.infusions(chart, "carboplatin", days)
    treatment.infusions(chart, "paclitaxel", days)
    treatment.order(chart, "capecitabine", chart.ago(months=9), end=chart.ago(months=5), status="completed")
    treatment.lumpectomy(chart, "right", surgery)
    treatment.sentinel_biopsy(chart, "right", surgery)
    tumor.nodes(chart, 0, 4, surgery)
    treatment.radiation(chart, "right", chart.ago(months=11, days=8), chart.ago(months=10, days=14), style="fractions")
    chart.laboratory("tsh", "3016-3", "Thyrotropin [Units/volume] in Serum", 2.1, "m[IU]/L", chart.ago(months=4))
    chart.laboratory("ft4", "3024-7", "Thyroxine (T4) free", 1.1, "ng/dL", chart.ago(months=4))
    tumor.menopause(chart, "postmenopausal", dx)
    tumor.mammogram(chart, chart.ago(months=2), "3", side="right")
    everyday.everyday(chart, bmi=29.8)
    chart.visit(chart.ago(months=2))


def _tuiasosopo_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "right"),),
        facts={
            "er": "negative",
            "pr": "negative",
            "her2": {"value": "negative", "ihc": "1+", "low": True},
            "grade": 3,
            "nodes_positive": 0,
            "germline": NOT_FOUND,
            "birads": "3",
        },
        surgery=(("breast-conserving", "right"),),
        axilla=(("sentinel-node-biopsy", "right"),),
        radiation=("right",),
        systemic={"pembrolizumab": "stopped", "capecitabine": "stopped", "carboplatin": ANY, "paclitaxel": ANY},
        imaging={"mammogram": chart.ago(months=2)},
        fires=(
            Fires("T-07", "thyroid"),
            Fires("I-15", "mammogram"),
            Fires("T-12", "neuropathy"),
            Fires("R-02", "genetic-counseling"),
        ),
        silent=("E-01", "C-04", "I-05"),
    )


PATIENTS = (
    Story(
        "iribarne",
        "Maialen Iribarne",
        "Triple-negative cancer with a BRCA1 variant, residual disease after chemotherapy, now on olaparib.",
        _iribarne,
        _iribarne_expected,
    ),
    Story(
        "tuiasosopo",
        "Lagi Tuiasosopo",
        "Triple-negative, a year of pembrolizumab is over; the last mammogram asks for a second look soon (BI-RADS 3).",
        _tuiasosopo,
        _tuiasosopo_expected,
    ),
)
