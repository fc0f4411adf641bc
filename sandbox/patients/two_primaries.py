"""More than one event: two primaries in two breasts, and a local recurrence that was treated."""

from __future__ import annotations

from sandbox.patients import everyday, treatment, tumor
from sandbox.patients.chart import Chart, Story
from sandbox.patients.elements import SIDES, concept, icd10, reference, snomed
from sandbox.patients.sample import ANY, CONFLICTING, Expected, Fires


def _monteferri(chart: Chart) -> None:
    """Left breast triple negative nine years ago, right breast hormone-receptor positive now."""
    first, second = chart.ago(months=110), chart.ago(months=28)
    chart.patient("Ornella", "Monteferri", born=chart.ago(years=59, months=7))
    left = tumor.invasive(chart, "left", first, slug="cancer-left")
    right = tumor.invasive(chart, "right", second, slug="cancer-right")
    _receptors(chart, "left", left, positive=False)
    _receptors(chart, "right", right, positive=True)
    for side, focus, her2 in (("left", left, "0"), ("right", right, "1+")):
        on = first if side == "left" else second
        tumor.her2_ihc(chart, her2, on, slug=f"her2-{side}", focus=[reference(focus)])
        tumor.stage(chart, "IA", on, tnm=("T1c", "N0"), focus=focus, slug=f"stage-{side}")
        treatment.lumpectomy(chart, side, on, reason=focus)
        treatment.sentinel_biopsy(chart, side, on)
    treatment.radiation(chart, "left", chart.ago(months=104), chart.ago(months=103))
    treatment.radiation(chart, "right", chart.ago(months=26), chart.ago(months=25))
    days = treatment.cycles(chart.ago(months=108), 4)
    treatment.infusions(chart, "docetaxel", days, dose=75)
    treatment.infusions(chart, "cyclophosphamide", days, dose=600)
    treatment.order(chart, "anastrozole", chart.ago(months=24), reason=right)
    tumor.menopause(chart, "postmenopausal", second)
    tumor.mammogram(chart, chart.ago(months=3), "2", style="text")
    tumor.dxa(chart, chart.ago(months=23), -0.8)
    everyday.everyday(chart)
    chart.visit(chart.ago(months=3))


def _receptors(chart: Chart, side: str, focus: str, *, positive: bool) -> None:
    on = chart.ago(months=28) if positive else chart.ago(months=110)
    for name in ("er", "pr"):
        tumor.receptor(chart, name, on, positive=positive, style="snomed", slug=f"{name}-{side}")
        chart.resources[-1]["focus"] = [reference(focus)]
        chart.resources[-1]["bodySite"] = SIDES[side]


def _monteferri_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"), ("invasive", "right")),
        facts={"er": CONFLICTING, "pr": CONFLICTING},
        tumor_facts={
            "left": {"er": "negative", "pr": "negative", "her2": "negative"},
            "right": {"er": "positive", "pr": "positive", "her2": {"value": "negative", "low": True}},
        },
        surgery=(("breast-conserving", "left"), ("breast-conserving", "right")),
        axilla=(("sentinel-node-biopsy", "left"), ("sentinel-node-biopsy", "right")),
        radiation=("left", "right"),
        systemic={"anastrozole": "active", "docetaxel": ANY, "cyclophosphamide": ANY},
        imaging={"mammogram": chart.ago(months=3), "dxa": chart.ago(months=23)},
        fires=(
            Fires("G-06", "care-coordination"),
            Fires("R-03", "genetic-counseling"),
            Fires("I-03", "mammogram", "up-to-date"),
            Fires("E-01", "endocrine-adherence"),
            Fires("E-13", "dxa", "up-to-date"),
        ),
        silent=("I-05", "I-04", "G-07"),
    )


def _stavrianou(chart: Chart) -> None:
    """A recurrence in the scar, removed and irradiated: the clock starts anew."""
    dx, again = chart.ago(months=90), chart.ago(months=18)
    chart.patient("Evanthia", "Stavrianou", born=chart.ago(years=60, months=10))
    cancer = tumor.invasive(chart, "left", dx)
    tumor.receptor(chart, "er", dx, positive=True, percentage=60, style="percent")
    tumor.receptor(chart, "pr", dx, positive=False, style="la")
    tumor.her2_ihc(chart, "1+", dx)
    tumor.stage(chart, "IIA", dx, tnm=("T2", "N0"), focus=cancer)
    treatment.mastectomy(chart, "left", chart.ago(months=89))
    treatment.sentinel_biopsy(chart, "left", chart.ago(months=89))
    treatment.order(chart, "tamoxifen", chart.ago(months=88), end=chart.ago(months=28), status="completed")
    chart.condition(
        "recurrence",
        snomed("314955001", "Local recurrence of malignant tumor of breast"),
        onset=again,
        clinical="recurrence",
        site=concept(text="Chest wall, left, in the scar"),
    )
    code = concept(text="Excision of local recurrence, chest wall, left")
    chart.procedure("recurrence-surgery", code, chart.ago(months=17))
    treatment.radiation(chart, "left", chart.ago(months=15), chart.ago(months=14), field="chest wall", gray=50)
    treatment.order(chart, "letrozole", chart.ago(months=13))
    tumor.menopause(chart, "postmenopausal", again)
    tumor.mammogram(chart, chart.ago(months=6), "1", side="right")
    tumor.dxa(chart, chart.ago(months=13), -1.0)
    everyday.everyday(chart)
    chart.visit(chart.ago(months=2))


def _stavrianou_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={"er": {"value": "positive", "percent": 60}, "her2": {"value": "negative", "low": True}},
        surgery=(("mastectomy", "left"),),
        axilla=(("sentinel-node-biopsy", "left"),),
        radiation=("left",),
        systemic={"tamoxifen": "stopped", "letrozole": "active"},
        imaging={"mammogram": chart.ago(months=6), "dxa": chart.ago(months=13)},
        fires=(
            Fires("G-03", "care-coordination"),
            Fires("R-04", "genetic-counseling"),
            Fires("I-04", "mammogram", "up-to-date", "right"),
            Fires("E-01", "endocrine-adherence"),
        ),
        silent=("G-01", "I-03", "I-05"),
    )


def _haverkampf(chart: Chart) -> None:
    """Postmenopausal with a uterus, on tamoxifen since an aromatase inhibitor cost too much bone; zoledronate."""
    dx, surgery = chart.ago(months=44), chart.ago(months=43)
    chart.patient("Mechthild", "Haverkampf", born=chart.ago(years=70, months=2))
    tumor.invasive(chart, "left", dx)
    tumor.receptor(chart, "er", surgery, positive=True, percentage=95, style="percent")
    tumor.receptor(chart, "pr", surgery, positive=True, percentage=70, style="percent")
    tumor.her2_ihc(chart, "0", surgery)
    tumor.grade(chart, 1, surgery)
    tumor.nodes(chart, 0, 2, surgery)
    tumor.stage(chart, "IA", surgery, tnm=("T1b", "N0"))
    treatment.lumpectomy(chart, "left", surgery)
    treatment.sentinel_biopsy(chart, "left", surgery)
    treatment.radiation(chart, "left", chart.ago(months=41), chart.ago(months=40))
    treatment.order(chart, "anastrozole", chart.ago(months=39), end=chart.ago(months=20), status="stopped")
    treatment.order(chart, "tamoxifen", chart.ago(months=20), dose="tamoxifen 20 mg by mouth once a day")
    treatment.order(chart, "zoledronic acid", chart.ago(months=38), dose="4 mg intravenous every 6 months")
    uterus = snomed("35039007", "Uterine structure")
    chart.observation(
        "uterus", uterus, "Uterus in place, normal size at examination", chart.ago(months=14), category="exam"
    )
    chart.procedure("gynecology", concept(text="Gynecologic examination"), chart.ago(months=14))
    chart.condition("osteoporosis", icd10("M81.0", "Age-related osteoporosis without current pathological fracture"))
    tumor.menopause(chart, "postmenopausal", dx)
    tumor.mammogram(chart, chart.ago(months=4), "2")
    tumor.dxa(chart, chart.ago(months=11), -2.6)
    everyday.everyday(chart)
    chart.visit(chart.ago(months=4))


def _haverkampf_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={
            "er": {"value": "positive", "percent": 95},
            "her2": "negative",
            "grade": 1,
            "menopausal_status": "postmenopausal",
        },
        surgery=(("breast-conserving", "left"),),
        axilla=(("sentinel-node-biopsy", "left"),),
        radiation=("left",),
        systemic={"tamoxifen": "active", "anastrozole": "stopped", "zoledronic acid": "active"},
        imaging={"mammogram": chart.ago(months=4), "dxa": chart.ago(months=11)},
        fires=(
            Fires("E-09", "gynecology-review"),
            Fires("N-06", "gynecology-review", "not-indicated"),
            Fires("E-10", "symptom-education"),
            Fires("T-03", "bone-health"),
            Fires("I-03", "mammogram", "up-to-date"),
            Fires("E-13", "dxa", "up-to-date"),
        ),
        silent=("E-06", "E-11", "G-07", "E-09b"),
    )


PATIENTS = (
    Story(
        "monteferri",
        "Ornella Monteferri",
        "Two primaries: triple-negative on the left nine years ago, ER+ on the right two years ago, on anastrozole.",
        _monteferri,
        _monteferri_expected,
    ),
    Story(
        "stavrianou",
        "Evanthia Stavrianou",
        "Local recurrence in the mastectomy scar, treated with curative intent a year ago, on letrozole.",
        _stavrianou,
        _stavrianou_expected,
    ),
    Story(
        "haverkampf",
        "Mechthild Haverkampf",
        "Postmenopausal with a uterus, changed from anastrozole to tamoxifen for bone loss, on zoledronate.",
        _haverkampf,
        _haverkampf_expected,
    ),
)
