"""To whom the plan does not apply (metastatic, no cancer, deceased), and a man."""

from __future__ import annotations

from sandbox.patients import everyday, treatment, tumor
from sandbox.patients.chart import Chart, Story
from sandbox.patients.elements import ICD10CM, SIDES, SNOMED, coding, concept, icd10, moment, snomed
from sandbox.patients.sample import Expected, Fires


def _hallingstad(chart: Chart) -> None:
    """Bone metastases six years after the first treatment."""
    dx, surgery = chart.ago(months=80), chart.ago(months=79)
    chart.patient("Ragnhild", "Hallingstad", born=chart.ago(years=63, months=2))
    tumor.invasive(chart, "left", dx)
    tumor.receptor(chart, "er", surgery, positive=True, percentage=90, style="percent")
    tumor.receptor(chart, "pr", surgery, positive=True, style="la")
    tumor.her2_ihc(chart, "1+", surgery)
    tumor.stage(chart, "IIB", surgery, tnm=("T2", "N1"))
    treatment.lumpectomy(chart, "left", surgery)
    treatment.radiation(chart, "left", chart.ago(months=74), chart.ago(months=73))
    code = concept(
        coding(ICD10CM, "C79.51", "Secondary malignant neoplasm of bone"),
        coding(SNOMED, "94222008", "Secondary malignant neoplasm of bone"),
    )
    chart.condition("bone-metastasis", code, onset=chart.ago(months=8), recorded=chart.ago(months=8))
    treatment.order(chart, "palbociclib", chart.ago(months=7))
    treatment.order(chart, "fulvestrant", chart.ago(months=7))
    treatment.order(chart, "denosumab", chart.ago(months=7))
    everyday.everyday(chart)
    chart.visit(chart.ago(months=1))


def _hallingstad_expected(chart: Chart) -> Expected:
    return Expected(
        reasons=("metastatic-disease",),
        cancers=(("invasive", "left"),),
        facts={"metastasis": "present", "er": {"value": "positive", "percent": 90}},
        surgery=(("breast-conserving", "left"),),
        radiation=("left",),
        systemic={"palbociclib": "active", "fulvestrant": "active", "denosumab": "active"},
    )


def _tamarelle(chart: Chart) -> None:
    """Never had breast cancer: a benign lump, a mother with breast cancer, yearly screening."""
    chart.patient("Perrine", "Tamarelle", born=chart.ago(years=49, months=9))
    chart.condition("fibroadenoma", icd10("D24.1", "Benign neoplasm of right breast"), onset="2018")
    chart.condition("family-history", icd10("Z80.3", "Family history of malignant neoplasm of breast"))
    chart.condition("hypertension", icd10("I10", "Essential (primary) hypertension"), onset="2019-03")
    chart.relative("mother", ("MTH", "mother"), snomed("254837009", "Malignant neoplasm of breast"), age=58)
    tumor.mammogram(chart, chart.ago(months=5), "1")
    treatment.order(chart, "lisinopril", chart.ago(years=4), shape="text", product="lisinopril 10 mg tablet")
    everyday.everyday(chart)
    chart.visit(chart.ago(months=5), "Annual physical examination")


def _tamarelle_expected(chart: Chart) -> Expected:
    return Expected(reasons=("no-breast-cancer",), imaging={"mammogram": chart.ago(months=5)})


def _kivelahti(chart: Chart) -> None:
    """Died two years ago."""
    dx, surgery = chart.ago(years=6), chart.ago(years=5, months=11)
    chart.patient(
        "Aino",
        "Kivelahti",
        born=chart.ago(years=83),
        deceasedDateTime=moment(chart.ago(years=2), "04:10:00"),
    )
    tumor.invasive(chart, "right", dx, clinical="resolved")
    tumor.receptor(chart, "er", surgery, positive=True, style="snomed")
    tumor.her2_ihc(chart, "0", surgery)
    treatment.mastectomy(chart, "right", surgery)
    treatment.order(chart, "anastrozole", chart.ago(years=5, months=9), end=chart.ago(years=2), status="stopped")
    chart.visit(chart.ago(years=2, months=4))


def _kivelahti_expected(chart: Chart) -> Expected:
    return Expected(
        reasons=("deceased",),
        cancers=(("invasive", "right"),),
        facts={"er": "positive"},
        surgery=(("mastectomy", "right"),),
        systemic={"anastrozole": "stopped"},
    )


def _brancovan(chart: Chart) -> None:
    """A man after lumpectomy, near the end of five years of tamoxifen."""
    dx, surgery = chart.ago(months=61), chart.ago(months=60)
    chart.patient("Matei", "Brancovan", born=chart.ago(years=71, months=9), sex="male")
    code = concept(coding(ICD10CM, "C50.922", "Malignant neoplasm of unspecified site of left male breast"))
    cancer = chart.condition("cancer", code, onset=dx, recorded=dx, site=SIDES["left"])
    tumor.receptor(chart, "er", dx, positive=True, percentage=99, style="percent")
    tumor.receptor(chart, "pr", dx, positive=True, percentage=90, style="percent")
    tumor.her2_ihc(chart, "0", dx)
    tumor.nodes(chart, 1, 3, surgery)
    tumor.stage(chart, "IIA", surgery, tnm=("T1c", "N1a"))
    treatment.lumpectomy(chart, "left", surgery, reason=cancer)
    treatment.sentinel_biopsy(chart, "left", surgery)
    treatment.radiation(chart, "left", chart.ago(months=58), chart.ago(months=57))
    treatment.order(chart, "tamoxifen", chart.ago(months=57))
    tumor.mammogram(chart, chart.ago(months=14, days=20), "2", side="left")
    everyday.everyday(chart, bmi=30.1)
    chart.visit(chart.ago(months=11))


def _brancovan_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={
            "er": {"value": "positive", "percent": 99},
            "her2": "negative",
            "nodes_positive": 1,
            "nodes_examined": 3,
            "stage_group": "IIA",
        },
        surgery=(("breast-conserving", "left"),),
        axilla=(("sentinel-node-biopsy", "left"),),
        radiation=("left",),
        systemic={"tamoxifen": "active"},
        imaging={"mammogram": chart.ago(months=14, days=20)},
        fires=(
            Fires("V-01", "clinic-visit"),
            Fires("X-01", "mammogram"),
            Fires("E-01", "endocrine-adherence"),
            Fires("E-05", "endocrine-duration-review"),
            Fires("R-02", "genetic-counseling"),
            Fires("E-10", "symptom-education"),
        ),
        silent=("E-09", "E-02", "E-03", "I-05", "F-03", "E-06"),
    )


PATIENTS = (
    Story(
        "brancovan",
        "Matei Brancovan",
        "A man, lumpectomy and radiation of the left breast, near the end of five years of tamoxifen.",
        _brancovan,
        _brancovan_expected,
    ),
    Story(
        "hallingstad",
        "Ragnhild Hallingstad",
        "Bone metastases: a survivorship plan does not apply.",
        _hallingstad,
        _hallingstad_expected,
    ),
    Story(
        "tamarelle",
        "Perrine Tamarelle",
        "No breast cancer: a benign lump and yearly screening.",
        _tamarelle,
        _tamarelle_expected,
    ),
    Story("kivelahti", "Aino Kivelahti", "Died two years ago.", _kivelahti, _kivelahti_expected),
)
