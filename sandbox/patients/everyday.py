"""What stands in most charts beside the cancer: weight, smoking, blood pressure, vaccines, laboratory routine."""

from __future__ import annotations

from sandbox.patients.chart import Chart
from sandbox.patients.elements import loinc, snomed

_SMOKING = {
    "never": ("266919005", "Never smoked tobacco"),
    "former": ("8517006", "Ex-smoker"),
    "current": ("77176002", "Smoker"),
}


def everyday(chart: Chart, *, bmi: float = 24.1, smoking: str = "never", months_ago: int = 2) -> None:
    """Vital signs and smoking status at a recent visit, and last year's influenza vaccine."""
    on = chart.ago(months=months_ago)
    chart.vital("bmi", "39156-5", "Body mass index (BMI) [Ratio]", bmi, "kg/m2", on)
    code, words = _SMOKING[smoking]
    chart.observation(
        "smoking", loinc("72166-2", "Tobacco smoking status"), snomed(code, words), on, category="social-history"
    )
    chart.immunization(chart.ago(months=13), "150", "Influenza, injectable, quadrivalent, preservative free")


def lipids(chart: Chart, months_ago: int, ldl: float = 118.0) -> None:
    """LDL cholesterol."""
    chart.laboratory("ldl", "13457-7", "LDL cholesterol, calculated", ldl, "mg/dL", chart.ago(months=months_ago))


def blood_count(chart: Chart, *, months: int = 0, days: int = 0) -> None:
    """A complete blood count, as its panel and three results."""
    on = chart.ago(months=months, days=days)
    members = [
        chart.laboratory("hemoglobin", "718-7", "Hemoglobin", 12.9, "g/dL", on),
        chart.laboratory("platelets", "777-3", "Platelets", 212, "10*3/uL", on),
        chart.laboratory("neutrophils", "751-8", "Neutrophils", 3.1, "10*3/uL", on),
    ]
    chart.report("cbc", loinc("58410-2", "CBC panel - Blood by Automated count"), on, category="HM", results=members)


def liver_panel(chart: Chart, *, months: int = 0, days: int = 0) -> None:
    """ALT, AST and bilirubin."""
    on = chart.ago(months=months, days=days)
    chart.laboratory("alt", "1742-6", "Alanine aminotransferase", 24, "U/L", on)
    chart.laboratory("ast", "1920-8", "Aspartate aminotransferase", 22, "U/L", on)
    chart.laboratory("bilirubin", "1975-2", "Bilirubin.total", 0.6, "mg/dL", on)
