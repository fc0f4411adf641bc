"""Twelve years in one hospital: 20,000 Observations, of which a dozen matter."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

from sandbox.patients import everyday, treatment, tumor
from sandbox.patients.chart import Chart, Story
from sandbox.patients.elements import HL7, coding, concept, icd10, loinc, moment, quantity
from sandbox.patients.sample import Expected, Fires, Resource, SamplePatient

TOTAL_OBSERVATIONS = 20_000
PATIENT_ID = "grzelczak"
_HOME_SERIES = (
    ("2339-0", "Glucose [Mass/volume] in Blood", "mg/dL", 96, 45),
    ("8867-4", "Heart rate", "/min", 68, 22),
    ("8480-6", "Systolic blood pressure", "mm[Hg]", 124, 28),
    ("8462-4", "Diastolic blood pressure", "mm[Hg]", 74, 14),
    ("2951-2", "Sodium [Moles/volume] in Serum", "mmol/L", 138, 6),
    ("2823-3", "Potassium [Moles/volume] in Serum", "mmol/L", 4, 1),
    ("718-7", "Hemoglobin [Mass/volume] in Blood", "g/dL", 13, 2),
)


def _grzelczak(chart: Chart) -> None:
    """Right mastectomy twelve years ago, tamoxifen then letrozole, both finished; diabetes with much measuring."""
    dx, surgery = chart.ago(years=12, months=3), chart.ago(years=12, months=2)
    chart.patient("Wieslawa", "Grzelczak", born=chart.ago(years=72, months=5))
    tumor.invasive(chart, "right", dx)
    chart.condition(
        "history", icd10("Z85.3", "Personal history of malignant neoplasm of breast"), recorded=chart.ago(years=6)
    )
    chart.condition("diabetes", icd10("E11.9", "Type 2 diabetes mellitus without complications"), onset="2009")
    tumor.receptor(chart, "er", surgery, positive=True, percentage=85, style="percent")
    tumor.receptor(chart, "pr", surgery, positive=False, style="snomed")
    tumor.her2_ihc(chart, "0", surgery)
    tumor.grade(chart, 1, surgery)
    tumor.size(chart, 9, surgery)
    tumor.nodes(chart, 0, 1, surgery)
    tumor.stage(chart, "IA", surgery, tnm=("T1b", "N0"), style="loinc")
    treatment.mastectomy(chart, "right", surgery)
    treatment.sentinel_biopsy(chart, "right", surgery)
    treatment.order(chart, "tamoxifen", chart.ago(years=12), end=chart.ago(years=9), status="completed")
    treatment.order(chart, "letrozole", chart.ago(years=9), end=chart.ago(years=6, months=6), status="completed")
    tumor.menopause(chart, "postmenopausal", chart.ago(years=10))
    tumor.germline(chart, "BRCA1", "negative", date(2013, 4, 9) if chart.as_of.year < 2030 else chart.ago(years=17))
    tumor.mammogram(chart, chart.ago(months=12, days=20), "1", side="left", style="text")
    tumor.dxa(chart, chart.ago(months=40), -1.9)
    everyday.everyday(chart, bmi=32.0, smoking="former")
    everyday.lipids(chart, months_ago=5)
    for years in range(11, 0, -1):
        chart.visit(chart.ago(years=years))
    cancer_results = sum(resource["resourceType"] == "Observation" for resource in chart.resources)
    chart.resources.extend(_home_measurements(chart, TOTAL_OBSERVATIONS - cancer_results))


def _home_measurements(chart: Chart, number: int) -> Iterable[Resource]:
    """Routine results, four a day going back; the numbers wander by arithmetic, so that every run gives the same."""
    codes = [loinc(code, words) for code, words, *_ in _HOME_SERIES]
    laboratory = [concept(coding(f"{HL7}/observation-category", "laboratory"))]
    for index in range(number):
        which = index % len(_HOME_SERIES)
        _, _, unit, base, spread = _HOME_SERIES[which]
        yield {
            "resourceType": "Observation",
            "id": f"{chart.patient_id}-routine-{index:05d}",
            "status": "final",
            "category": laboratory,
            "code": codes[which],
            "subject": chart.subject,
            "effectiveDateTime": moment(
                chart.as_of - timedelta(days=1 + index // 5), f"{6 + 3 * (index % 5):02d}:15:00"
            ),
            "valueQuantity": quantity(base + (index * 7919) % (spread + 1), unit),
        }


def _grzelczak_expected(chart: Chart) -> Expected:
    return Expected(
        cancers=(("invasive", "right"),),
        facts={
            "er": {"value": "positive", "percent": 85},
            "pr": "negative",
            "her2": {"value": "negative", "ihc": "0"},
            "grade": 1,
            "stage_group": "IA",
            "tumor_size_mm": 9,
            "nodes_positive": 0,
            "nodes_examined": 1,
        },
        surgery=(("mastectomy", "right"),),
        axilla=(("sentinel-node-biopsy", "right"),),
        systemic={"tamoxifen": "stopped", "letrozole": "stopped"},
        imaging={"mammogram": chart.ago(months=12, days=20), "dxa": chart.ago(months=40)},
        fires=(
            Fires("V-01", "clinic-visit", "due"),
            Fires("I-04", "mammogram", "due", "left"),
            Fires("R-08", "genetic-counseling"),
        ),
        silent=("E-01", "E-11", "I-03", "C-04"),
    )


def without_routine(patient: SamplePatient) -> Iterable[Resource]:
    """The chart without its routine measurements, where 20,000 rows would only cost time."""
    return (resource for resource in patient.iter_resources() if "-routine-" not in resource["id"])


PATIENTS = (
    Story(
        PATIENT_ID,
        "Wieslawa Grzelczak",
        "Twelve years after mastectomy of the right breast; a chart of 20,000 results.",
        _grzelczak,
        _grzelczak_expected,
    ),
)
