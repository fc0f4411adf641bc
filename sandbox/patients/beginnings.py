"""Around the end of primary treatment: still on chemotherapy, just finished, an open finding, no radiation at 78."""

from __future__ import annotations

from sandbox.patients import everyday, treatment, tumor
from sandbox.patients.chart import Chart, Story
from sandbox.patients.elements import concept, icd10, loinc, reference
from sandbox.patients.sample import Expected, Fires


def _mihaljek(chart: Chart) -> None:
    """In the middle of chemotherapy before surgery: a plan may be prepared, dates may not."""
    dx = chart.ago(months=4)
    chart.patient("Zdenka", "Mihaljek", born=chart.ago(years=48, months=3))
    tumor.invasive(chart, "right", dx)
    tumor.mammogram(chart, dx, "5", side="right", diagnostic=True)
    tumor.receptor(chart, "er", dx, positive=True, percentage=30, style="percent")
    tumor.receptor(chart, "pr", dx, positive=False, style="la")
    tumor.her2_ihc(chart, "3+", dx)
    tumor.stage(chart, "IIB", dx, tnm=("T2", "N1"), basis="c")
    treatment.order(chart, "paclitaxel", chart.ago(months=3), dose="paclitaxel 80 mg/m2 weekly")
    treatment.infusions(chart, "paclitaxel", treatment.cycles(chart.ago(months=3), 12, every_days=7), dose=80)
    treatment.order(chart, "trastuzumab", chart.ago(months=3))
    treatment.order(chart, "pertuzumab", chart.ago(months=3))
    tumor.echocardiogram(chart, chart.ago(months=3, days=6), 62)
    everyday.blood_count(chart, days=6)
    everyday.everyday(chart, months_ago=1)
    chart.visit(chart.ago(days=6))


def _mihaljek_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "right"),),
        facts={"er": {"value": "positive", "percent": 30}, "her2": "positive"},
        systemic={"paclitaxel": "active", "trastuzumab": "active", "pertuzumab": "active"},
        imaging={"mammogram": chart.ago(months=4), "echocardiogram": chart.ago(months=3, days=6)},
        fires=(Fires("G-04", "care-coordination"),),
        silent=("I-03", "I-04", "G-01", "E-01"),
    )


def _nakashiro(chart: Chart) -> None:
    """Radiation ended three months ago: first mammogram later this year, bone drug to be talked about now."""
    dx, surgery = chart.ago(months=7), chart.ago(months=6)
    chart.patient("Setsuko", "Nakashiro", born=chart.ago(years=61, months=7))
    cancer = tumor.invasive(chart, "left", dx)
    tumor.mammogram(chart, dx, "5", side="bilateral", diagnostic=True)
    results = [
        tumor.receptor(chart, "er", surgery, positive=True, percentage=90, style="percent"),
        tumor.receptor(chart, "pr", surgery, positive=True, percentage=55, style="percent"),
        tumor.her2_ihc(chart, "1+", surgery),
    ]
    tumor.grade(chart, 2, surgery)
    tumor.nodes(chart, 0, 2, surgery)
    tumor.stage(chart, "IIA", surgery, tnm=("T2", "N0"), focus=cancer)
    words = "LEFT BREAST, LUMPECTOMY: invasive ductal carcinoma, 2.2 cm, Nottingham grade 2. ER 90 %, PR 55 %, HER2 1+."
    attachment = chart.binary("pathology-text", words)
    chart.report(
        "pathology",
        loinc("11526-1", "Pathology study"),
        surgery,
        category="SP",
        results=results,
        presentedForm=[{"contentType": "text/plain", "url": attachment, "title": "Surgical pathology"}],
    )
    treatment.lumpectomy(chart, "left", surgery, reason=cancer)
    treatment.sentinel_biopsy(chart, "left", surgery)
    treatment.radiation(chart, "left", chart.ago(months=4), chart.ago(months=3))
    treatment.order(chart, "letrozole", chart.ago(months=3))
    tumor.menopause(chart, "postmenopausal", dx)
    chart.relative("sister", ("SIS", "sister"), icd10("C50.912", "Malignant neoplasm of left breast"), age=44)
    everyday.everyday(chart, months_ago=1)
    chart.visit(chart.ago(months=1))


def _nakashiro_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={
            "er": {"value": "positive", "percent": 90},
            "her2": {"value": "negative", "low": True},
            "nodes_positive": 0,
        },
        surgery=(("breast-conserving", "left"),),
        axilla=(("sentinel-node-biopsy", "left"),),
        radiation=("left",),
        systemic={"letrozole": "active"},
        imaging={"mammogram": chart.ago(months=7), "dxa": None},
        fires=(
            Fires("V-01", "clinic-visit", "up-to-date"),
            Fires("I-01", "mammogram", "up-to-date"),
            Fires("T-01", "adjuvant-bisphosphonate"),
            Fires("E-13", "dxa"),
            Fires("V-07", "care-coordination"),
            Fires("R-05", "genetic-counseling"),
        ),
        silent=("I-02", "I-05", "G-01"),
    )


def _delacrozia(chart: Chart) -> None:
    """A suspicious mammogram three weeks ago and no biopsy yet."""
    dx, surgery = chart.ago(months=50), chart.ago(months=49)
    chart.patient("Philippa", "Delacrozia", born=chart.ago(years=58, months=4))
    tumor.invasive(chart, "right", dx)
    tumor.receptor(chart, "er", surgery, positive=True, percentage=70, style="percent")
    tumor.receptor(chart, "pr", surgery, positive=True, percentage=10, style="percent")
    tumor.her2_ihc(chart, "0", surgery)
    tumor.stage(chart, "IA", surgery, tnm=("T1c", "N0"))
    treatment.lumpectomy(chart, "right", surgery)
    treatment.sentinel_biopsy(chart, "right", surgery)
    treatment.radiation(chart, "right", chart.ago(months=47), chart.ago(months=46))
    treatment.order(chart, "exemestane", chart.ago(months=45))
    tumor.menopause(chart, "postmenopausal", dx)
    tumor.mammogram(chart, chart.ago(days=21), "4B", style="text")
    study = tumor.imaging_study(
        chart,
        chart.ago(days=20),
        "US",
        "Ultrasound of the right breast",
        code=concept(text="Ultrasound of right breast"),
        side="right",
    )
    chart.report(
        "ultrasound",
        concept(text="Ultrasound of right breast, limited"),
        chart.ago(days=20),
        category="RAD",
        conclusion="Irregular mass at 10 o'clock. BI-RADS 4. Biopsy is advised.",
        imagingStudy=[reference(study)],
    )
    everyday.everyday(chart)
    chart.visit(chart.ago(days=18))


def _delacrozia_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "right"),),
        facts={
            "er": {"value": "positive", "percent": 70},
            "pr": {"value": "positive", "percent": 10},
            "birads": {"value": "4"},
        },
        surgery=(("breast-conserving", "right"),),
        axilla=(("sentinel-node-biopsy", "right"),),
        radiation=("right",),
        systemic={"exemestane": "active"},
        imaging={"mammogram": chart.ago(days=21), "breast_ultrasound": chart.ago(days=20)},
        fires=(Fires("G-02", "urgent-evaluation", "due"), Fires("I-15", "urgent-evaluation")),
        silent=("G-01",),
    )


def _ruohonela(chart: Chart) -> None:
    """Seventy-eight, lumpectomy without radiation eleven months ago, declined tablets."""
    dx, surgery = chart.ago(months=12, days=10), chart.ago(months=11)
    chart.patient("Kyllikki", "Ruohonela", born=chart.ago(years=78, months=5))
    tumor.invasive(chart, "left", dx)
    tumor.mammogram(chart, dx, "5", diagnostic=True)
    tumor.receptor(chart, "er", surgery, positive=True, style="la")
    tumor.receptor(chart, "pr", surgery, positive=True, style="la")
    tumor.her2_ihc(chart, "0", surgery)
    tumor.grade(chart, 1, surgery)
    tumor.size(chart, 9, surgery)
    tumor.stage(chart, "IA", surgery, tnm=("T1b", "N0"))
    treatment.lumpectomy(chart, "left", surgery)
    tumor.menopause(chart, "postmenopausal", dx)
    everyday.everyday(chart)
    chart.visit(chart.ago(months=8))


def _ruohonela_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={"er": "positive", "pr": "positive", "her2": "negative", "grade": 1, "tumor_size_mm": 9},
        surgery=(("breast-conserving", "left"),),
        imaging={"mammogram": chart.ago(months=12, days=10)},
        fires=(
            Fires("I-02", "mammogram", "due"),
            Fires("I-09", "mammogram"),
            Fires("V-01", "clinic-visit", "overdue"),
        ),
        silent=("I-01", "E-01", "L-01"),
    )


PATIENTS = (
    Story(
        "mihaljek",
        "Zdenka Mihaljek",
        "Four months after diagnosis, chemotherapy is going on: no dates yet.",
        _mihaljek,
        _mihaljek_expected,
    ),
    Story(
        "nakashiro",
        "Setsuko Nakashiro",
        "Radiation ended three months ago; the first mammogram after treatment is still to come.",
        _nakashiro,
        _nakashiro_expected,
    ),
    Story(
        "delacrozia",
        "Philippa Delacrozia",
        "A suspicious mammogram (BI-RADS 4B) three weeks ago and no biopsy yet.",
        _delacrozia,
        _delacrozia_expected,
    ),
    Story(
        "ruohonela",
        "Kyllikki Ruohonela",
        "Seventy-eight, lumpectomy without radiation a year ago, takes no tablets; the first mammogram is due.",
        _ruohonela,
        _ruohonela_expected,
    ),
)
