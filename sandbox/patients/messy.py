"""
The messy chart: results that disagree, drafts of results, dates of a year only, somebody else's result in the answer.

Deliberately odd, as real records are. Every resource is a valid one by itself.
"""

from __future__ import annotations

from sandbox.patients import everyday, treatment, tumor
from sandbox.patients.chart import Chart, Story
from sandbox.patients.elements import LA_NEGATIVE, LA_POSITIVE, concept, loinc, narrative, reference
from sandbox.patients.sample import CONFLICTING, NOT_FOUND, Expected, Fires

STRANGER = "Patient/somebody-else"
"""Subject of the resource that does not belong to the chart; no such patient exists in the sandbox."""


def _wojtasik(chart: Chart) -> None:
    """HER2 of biopsy and excision disagree, the stage is there twice, an old tamoxifen order was never ended."""
    biopsy, surgery = chart.ago(months=31), chart.ago(months=30)
    year = str(chart.ago(months=31).year)
    chart.patient("Bronislava", "Wojtasik", born=str(chart.ago(years=58).year))
    tumor.invasive(chart, "left", year)
    tumor.invasive(chart, "left", chart.ago(months=3), slug="cancer-again")
    core = chart.add(
        "Specimen", "core", status="available", subject=chart.subject, type=concept(text="Core needle biopsy")
    )
    whole = chart.add(
        "Specimen", "excision", status="available", subject=chart.subject, type=concept(text="Excision, left breast")
    )
    er = loinc("85337-4", "Estrogen receptor Ag [Presence] in Breast cancer specimen by Immune stain")
    chart.observation("er-draft", er, LA_NEGATIVE, biopsy, status="preliminary", specimen=reference(core))
    chart.observation("er", er, LA_POSITIVE, chart.ago(months=31, days=-4), specimen=reference(core))
    tumor.receptor(chart, "pr", biopsy, positive=True, style="text", percentage=30)
    wrong = loinc("85339-0", "Progesterone receptor Ag [Presence] in Breast cancer specimen by Immune stain")
    chart.observation("pr-wrong", wrong, LA_NEGATIVE, surgery, status="entered-in-error")
    tumor.her2_ihc(chart, "1+", biopsy, slug="her2-biopsy", specimen=reference(core))
    tumor.her2_ihc(chart, "3+", surgery, slug="her2-excision", specimen=reference(whole))
    tumor.stage(chart, "IIA", surgery, tnm=("T2", "N0"))
    tumor.stage(chart, "IIIA", surgery, style="loinc", slug="stage-again")
    tumor.grade(chart, 2, surgery, style="text")
    chart.observation("nodes", concept(text="Sentinel nodes"), "see report", surgery)
    treatment.lumpectomy(chart, "left", surgery, style="cpt")
    treatment.lumpectomy(chart, "left", surgery)
    treatment.radiation(chart, "left", chart.ago(months=27), chart.ago(months=26), style="text")
    treatment.order(chart, "letrozole", year, shape="text", product="Femara 2.5 mg tablet")
    treatment.order(chart, "tamoxifen", chart.ago(months=25), shape="local", product="tamoxifen 20 mg oral tablet")
    tumor.mammogram(chart, chart.ago(months=3), "4B", style="text", status="entered-in-error")
    tumor.mammogram(chart, chart.ago(months=10), "2", style="text")
    _somebody_else(chart)
    chart.condition("metastasis-denied", concept(text="Bone metastasis"), verification="refuted", clinical=None)
    everyday.everyday(chart)
    chart.visit(chart.ago(months=4))


def _somebody_else(chart: Chart) -> None:
    """A result of another patient that the server returns with this chart's."""
    ki67 = loinc("85330-9", "Cells.Ki-67/100 cells in breast cancer specimen")
    chart.observation("not-hers", ki67, {"value": 88, "unit": "%"}, chart.ago(months=30))
    chart.resources[-1]["subject"] = reference(STRANGER)
    chart.resources[-1]["text"] = narrative("Ki-67 88 %")


def _wojtasik_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "left"),),
        facts={
            "er": "positive",
            "pr": "positive",
            "her2": CONFLICTING,
            "stage_group": CONFLICTING,
            "ki67_percent": NOT_FOUND,
            "grade": 2,
            "metastasis": NOT_FOUND,
        },
        surgery=(("breast-conserving", "left"),),
        radiation=("left",),
        systemic={"letrozole": "active", "tamoxifen": "active"},
        imaging={"mammogram": chart.ago(months=10)},
        issues=("other-patient", "ignored-status", "conflict"),
        fires=(
            Fires("G-07", "tamoxifen-with-ai", "due"),
            Fires("I-03", "mammogram", "up-to-date"),
            Fires("E-01", "endocrine-adherence"),
        ),
        silent=("G-01", "G-02"),
    )


PATIENTS = (
    Story(
        "wojtasik",
        "Bronislava Wojtasik",
        "A messy chart: HER2 and stage disagree, a draft result, dates of a year only, somebody else's result in it.",
        _wojtasik,
        _wojtasik_expected,
    ),
)
