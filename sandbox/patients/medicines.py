"""Other medicines and organs: what must not go with tamoxifen, hormones, drugs between treatment and follow-up."""

from __future__ import annotations

from sandbox.patients import everyday, treatment, tumor
from sandbox.patients.chart import Chart, Story
from sandbox.patients.elements import icd10
from sandbox.patients.sample import ANY, Expected, Fires


def _bartolozzi(chart: Chart) -> None:
    """On tamoxifen with an old clot, duloxetine, carbamazepine, a contraceptive pill, and blurred vision."""
    dx, surgery = chart.ago(months=29), chart.ago(months=28)
    chart.patient("Fiammetta", "Bartolozzi", born=chart.ago(years=46, months=3))
    tumor.invasive(chart, "right", dx)
    tumor.receptor(chart, "er", surgery, positive=True, percentage=75, style="percent")
    tumor.receptor(chart, "pr", surgery, positive=True, percentage=50, style="percent")
    tumor.her2_ihc(chart, "0", surgery)
    tumor.nodes(chart, 0, 2, surgery)
    tumor.stage(chart, "IA", surgery, tnm=("T1c", "N0"))
    treatment.lumpectomy(chart, "right", surgery)
    treatment.sentinel_biopsy(chart, "right", surgery)
    treatment.radiation(chart, "right", chart.ago(months=26), chart.ago(months=25))
    treatment.order(chart, "tamoxifen", chart.ago(months=24))
    treatment.order(chart, "duloxetine", chart.ago(months=6), shape="text", product="duloxetine 60 mg capsule")
    treatment.order(chart, "carbamazepine", chart.ago(months=30), shape="text", product="carbamazepine 200 mg tablet")
    treatment.order(
        chart, "contraceptive", chart.ago(months=7), shape="text", product="ethinyl estradiol / norethindrone tablet"
    )
    chart.condition("clot", icd10("Z86.718", "Personal history of other venous thrombosis and embolism"), onset="2016")
    chart.condition("vision", icd10("H53.8", "Other visual disturbances"), onset=chart.ago(months=1))
    tumor.menopause(chart, "premenopausal", chart.ago(months=4))
    tumor.mammogram(chart, chart.ago(months=6), "1")
    everyday.everyday(chart)
    chart.visit(chart.ago(months=4))


def _bartolozzi_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "right"),),
        facts={"er": {"value": "positive", "percent": 75}, "menopausal_status": "premenopausal", "nodes_positive": 0},
        surgery=(("breast-conserving", "right"),),
        axilla=(("sentinel-node-biopsy", "right"),),
        radiation=("right",),
        systemic={"tamoxifen": "active"},
        imaging={"mammogram": chart.ago(months=6)},
        fires=(
            Fires("E-10", ""),
            Fires("E-11", "cyp2d6-interaction"),
            Fires("E-12", ""),
            Fires("F-03", "fertility-contraception"),
        ),
        silent=("E-06", "E-09", "G-07"),
    )


def _szabolcskay(chart: Chart) -> None:
    """HER2+ with residual disease, in the middle of T-DM1."""
    dx, surgery = chart.ago(months=12), chart.ago(months=6)
    chart.patient("Emese", "Szabolcskay", born=chart.ago(years=53, months=5))
    tumor.invasive(chart, "left", dx)
    tumor.receptor(chart, "er", dx, positive=False, style="la")
    tumor.receptor(chart, "pr", dx, positive=False, style="la")
    tumor.her2_ihc(chart, "3+", dx)
    tumor.stage(chart, "IIA", dx, tnm=("T2", "N0"), basis="c")
    days = treatment.cycles(chart.ago(months=11), 6)
    treatment.infusions(chart, "docetaxel", days)
    treatment.order(chart, "trastuzumab", days[0], end=days[-1], status="completed")
    treatment.mastectomy(chart, "left", surgery)
    treatment.sentinel_biopsy(chart, "left", surgery)
    treatment.order(chart, "ado-trastuzumab emtansine", chart.ago(months=5), product="Kadcyla 100 mg vial")
    everyday.blood_count(chart, days=12)
    everyday.liver_panel(chart, days=12)
    tumor.echocardiogram(chart, chart.ago(months=2), 60)
    everyday.everyday(chart)
    chart.visit(chart.ago(days=12))


def _szabolcskay_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={"er": "negative", "her2": {"value": "positive", "ihc": "3+"}},
        surgery=(("mastectomy", "left"),),
        axilla=(("sentinel-node-biopsy", "left"),),
        systemic={"ado-trastuzumab emtansine": "active", "trastuzumab": "stopped", "docetaxel": ANY},
        imaging={"echocardiogram": chart.ago(months=2)},
        fires=(Fires("T-08", "cbc"), Fires("T-08", "echocardiogram")),
        silent=("E-01", "I-03", "I-05"),
    )


def _tourvannec(chart: Chart) -> None:
    """Sex recorded as other: organs decide. Ribociclib with elinzanetant, and an estradiol patch from elsewhere."""
    dx, surgery = chart.ago(months=14), chart.ago(months=13)
    chart.patient("Remi", "Tourvannec", born=chart.ago(years=56, months=10), sex="other")
    tumor.invasive(chart, "left", dx)
    tumor.receptor(chart, "er", surgery, positive=True, percentage=90, style="percent")
    tumor.receptor(chart, "pr", surgery, positive=True, percentage=90, style="percent")
    tumor.her2_ihc(chart, "1+", surgery)
    tumor.nodes(chart, 2, 12, surgery, sentinel=False)
    tumor.stage(chart, "IIB", surgery, tnm=("T2", "N1a"))
    treatment.mastectomy(chart, "bilateral", surgery)
    treatment.axillary_dissection(chart, "left", surgery)
    treatment.radiation(chart, "left", chart.ago(months=11), chart.ago(months=10), field="chest wall", gray=50)
    treatment.order(chart, "letrozole", chart.ago(months=9))
    treatment.order(chart, "ribociclib", chart.ago(months=8))
    treatment.order(chart, "elinzanetant", chart.ago(months=1), shape="text", product="elinzanetant 120 mg (Lynkuet)")
    treatment.order(chart, "estradiol", chart.ago(months=1), shape="text", product="estradiol 0.05 mg/day patch")
    tumor.menopause(chart, "postmenopausal", dx)
    everyday.blood_count(chart, months=2)
    everyday.everyday(chart)
    chart.visit(chart.ago(months=2))


def _tourvannec_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={"er": {"value": "positive", "percent": 90}, "her2": {"value": "negative", "low": True}},
        surgery=(("mastectomy", "bilateral"),),
        axilla=(("axillary-dissection", "left"),),
        radiation=("left",),
        systemic={"letrozole": "active", "ribociclib": "active"},
        imaging={"mammogram": None},
        fires=(Fires("X-02", ""), Fires("I-05", "mammogram", "not-indicated"), Fires("M-03", "menopausal-symptoms")),
        silent=("I-03", "I-04", "E-06", "X-01"),
    )


def _ilvonen(chart: Chart) -> None:
    """DCIS after lumpectomy without radiation, seven months ago."""
    dx, surgery = chart.ago(months=8), chart.ago(months=7)
    chart.patient("Inkeri", "Ilvonen", born=chart.ago(years=59, months=6))
    tumor.in_situ(chart, "dcis", "left", dx)
    tumor.receptor(chart, "er", surgery, positive=False, style="la")
    tumor.size(chart, 6, surgery)
    treatment.lumpectomy(chart, "left", surgery)
    tumor.menopause(chart, "postmenopausal", dx)
    everyday.everyday(chart, smoking="former")
    chart.visit(chart.ago(months=5))


def _ilvonen_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("dcis", "left"),),
        facts={"er": "negative", "tumor_size_mm": 6},
        surgery=(("breast-conserving", "left"),),
        imaging={"mammogram": None},
        fires=(Fires("V-02", "clinic-visit", "up-to-date"), Fires("I-02", "mammogram")),
        silent=("V-01", "E-01", "E-04", "I-01"),
    )


def _chirwandu(chart: Chart) -> None:
    """Triple negative with residual disease, in the third month of capecitabine."""
    dx, surgery = chart.ago(months=13), chart.ago(months=6)
    chart.patient("Thandiwe", "Chirwandu", born=chart.ago(years=47, months=2))
    tumor.invasive(chart, "left", dx)
    tumor.receptor(chart, "er", dx, positive=False, style="snomed")
    tumor.receptor(chart, "pr", dx, positive=False, style="snomed")
    tumor.her2_ihc(chart, "0", dx)
    tumor.stage(chart, "IIB", dx, tnm=("T2", "N1"), basis="c")
    days = treatment.cycles(chart.ago(months=12), 6)
    treatment.infusions(chart, "docetaxel", days)
    treatment.infusions(chart, "cyclophosphamide", days)
    treatment.lumpectomy(chart, "left", surgery)
    treatment.axillary_dissection(chart, "left", surgery)
    tumor.nodes(chart, 2, 15, surgery, sentinel=False)
    treatment.radiation(chart, "left", chart.ago(months=5), chart.ago(months=4), field="nodal", gray=50)
    treatment.order(
        chart, "capecitabine", chart.ago(months=3), dose="capecitabine 1000 mg/m2 twice a day, 14 of 21 days"
    )
    tumor.germline(chart, "BRCA1", "negative", chart.ago(months=11))
    everyday.everyday(chart)
    chart.visit(chart.ago(days=15))


def _chirwandu_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={"er": "negative", "pr": "negative", "her2": "negative", "nodes_positive": 2},
        surgery=(("breast-conserving", "left"),),
        axilla=(("axillary-dissection", "left"),),
        radiation=("left",),
        systemic={"capecitabine": "active", "docetaxel": ANY, "cyclophosphamide": ANY},
        fires=(Fires("T-11", ""), Fires("L-01", "lymphedema")),
        silent=("E-01", "R-01"),
    )


PATIENTS = (
    Story(
        "bartolozzi",
        "Fiammetta Bartolozzi",
        "On tamoxifen with an old clot, duloxetine, carbamazepine, a contraceptive pill and blurred vision.",
        _bartolozzi,
        _bartolozzi_expected,
    ),
    Story(
        "szabolcskay",
        "Emese Szabolcskay",
        "HER2+ with residual disease, in the middle of T-DM1.",
        _szabolcskay,
        _szabolcskay_expected,
    ),
    Story(
        "tourvannec",
        "Remi Tourvannec",
        "Sex recorded as other, both breasts removed, on letrozole and ribociclib, with elinzanetant and estradiol.",
        _tourvannec,
        _tourvannec_expected,
    ),
    Story(
        "ilvonen",
        "Inkeri Ilvonen",
        "DCIS after lumpectomy without radiation, seven months ago.",
        _ilvonen,
        _ilvonen_expected,
    ),
    Story(
        "chirwandu",
        "Thandiwe Chirwandu",
        "Triple-negative with residual disease, in the third month of capecitabine.",
        _chirwandu,
        _chirwandu_expected,
    ),
)
