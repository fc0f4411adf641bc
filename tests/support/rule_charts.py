"""
Charts as one line a resource, for the tables that hold the rules to rules.md: words in, recommendations out.

    woman 1966-03-01 · invasive left 2023-02-10 · lumpectomy left 2023-03-15 · radiation left 2023-05-01 2023-06-10
    mammogram 2026-01-12 both 2 · letrozole 2023-07-01 · goserelin given 2026-10-20 · er positive · DENSITY c
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from smart_app.clinical.entries import apply_entries, parse_entry_value
from smart_app.clinical.facts import Entry, PatientRecord
from smart_app.clinical.recommendations_json import recommendations_json
from smart_app.clinical.rules import evaluate_rules
from smart_app.clinical.schedule import ClinicDefaults
from smart_app.knowledge import KnowledgeBase, default_paths, load_knowledge
from tests.support.charts import (
    CPT,
    ICD10,
    LOINC,
    ME,
    SNOMED,
    Resource,
    coding,
    concept,
    condition,
    given,
    observation,
    order,
    patient,
    procedure,
)
from tests.support.checked_extract import extract_record

AS_OF = "2026-11-25"
_ICD_SIDES = {"left": "2", "right": "1", "unknown": "9"}
_DIAGNOSES = {"invasive": "C50.91{}", "dcis": "D05.1{}", "lcis": "D05.0{}"}
_OPERATIONS = {
    "lumpectomy": ("392021009", "Lumpectomy of breast (procedure)"),
    "mastectomy": ("172043006", "Simple mastectomy (procedure)"),
    "sentinel": ("396487001", "Sentinel lymph node biopsy (procedure)"),
    "axillary-dissection": ("79544006", "Complete axillary lymphadenectomy (procedure)"),
    "hysterectomy": ("236886002", "Hysterectomy (procedure)"),
    "oophorectomy": ("116028008", "Salpingo-oophorectomy, bilateral (procedure)"),
    "implant": ("302343007", "Insertion of prosthesis for breast (procedure)"),
    "flap": ("33496007", "Reconstruction of breast with flap (procedure)"),
    "biopsy": ("122548005", "Biopsy of breast (procedure)"),
}
_BODY_SITES = {
    "left": ("80248007", "Left breast structure (body structure)"),
    "right": ("73056007", "Right breast structure (body structure)"),
    "both": ("63762007", "Both breasts (body structure)"),
}
_STUDIES = {
    "mammogram": "Mammogram",
    "mri": "MRI of breast",
    "ultrasound": "Ultrasound of breast",
    "dxa": "DXA bone density",
    "echo": "Transthoracic echocardiography",
}
_LABS = {
    "cbc": ("58410-2", "CBC panel - Blood by Automated count"),
    "liver": ("1742-6", "Alanine aminotransferase [Enzymatic activity/volume] in Serum or Plasma"),
    "lipids": ("57698-3", "Lipid panel with direct LDL - Serum or Plasma"),
    "tsh": ("3016-3", "Thyrotropin [Units/volume] in Serum or Plasma"),
    "ecg": ("11524-6", "EKG study"),
    "lvef": ("10230-1", "Left ventricular Ejection fraction"),
    "phq2": ("55758-7", "Patient Health Questionnaire 2 item (PHQ-2) total score"),
    "estradiol": ("2243-4", "Estradiol (E2) [Mass/volume] in Serum or Plasma"),
}
_RECEPTORS = {
    "er": ("85337-4", "Estrogen receptor Ag [Presence] in Breast cancer specimen by Immune stain"),
    "pr": ("85339-0", "Progesterone receptor Ag [Presence] in Breast cancer specimen by Immune stain"),
    "her2": ("48676-1", "HER2 [Interpretation] in Tissue"),
}
_CONDITIONS = {
    "metastasis": ("C79.51", "Secondary malignant neoplasm of bone"),
    "osteoporosis": ("M81.0", "Age-related osteoporosis without current pathological fracture"),
    "clot": ("I82.409", "Acute embolism and thrombosis of unspecified deep veins"),
    "hypertension": ("I10", "Essential (primary) hypertension"),
    "diabetes": ("E11.9", "Type 2 diabetes mellitus without complications"),
    "heart-failure": ("I50.9", "Heart failure, unspecified"),
    "vision": ("H53.8", "Other visual disturbances"),
    "bleeding": ("N95.0", "Postmenopausal bleeding"),
    "abnormal-bleeding": ("N93.9", "Abnormal uterine and vaginal bleeding, unspecified"),
    "hot-flashes": ("R23.2", "Flushing"),
    "arthralgia": ("M25.50", "Pain in unspecified joint"),
    "lymphedema": ("I97.2", "Postmastectomy lymphedema syndrome"),
    "hospice": ("Z51.5", "Encounter for palliative care"),
    "family": ("Z80.3", "Family history of malignant neoplasm of breast"),
    "pregnant": ("Z33.1", "Pregnant state, incidental"),
    "tobacco-remission": ("F17.211", "Nicotine dependence, cigarettes, in remission"),
    "irradiated": ("Z92.3", "Personal history of irradiation"),
    "tobacco": ("F17.210", "Nicotine dependence, cigarettes, uncomplicated"),
    "postmenopausal": ("Z78.0", "Asymptomatic menopausal state"),
}
_NUMBERS = {
    "grade": ("44648-4", "Histologic grade [Score] in Breast cancer specimen", None),
    "size": ("21889-1", "Size Tumor", "mm"),
    "nodes": ("21893-3", "Regional lymph nodes positive [#] in Specimen", None),
    "bmi": ("39156-5", "Body mass index (BMI) [Ratio]", "kg/m2"),
    "ki67": ("85330-9", "Cells.Ki-67 nuclear Ag/100 cells in Breast cancer specimen by Immune stain", "%"),
}


@lru_cache(maxsize=1)
def knowledge() -> KnowledgeBase:
    """The shipped code maps and rules, read once."""
    paths = default_paths()
    return load_knowledge(paths.mappings, paths.education)


def chart(*lines: str) -> list[Resource]:
    """The resources of a chart; several lines may stand in one, parted by ` · `."""
    every = [line.strip() for text in lines for line in text.split("·") if line.strip()]
    resources = [_resource(f"r{number}", line.split()) for number, line in enumerate(every)]
    if not any(resource["resourceType"] == "Patient" for resource in resources):
        resources.insert(0, patient("1966-03-01"))
    return resources


def read_chart(lines: Iterable[str], as_of: str = AS_OF) -> PatientRecord:
    """The facts of a chart on a day."""
    return extract_record(chart(*lines), knowledge().codes, date.fromisoformat(as_of))


Claims = Mapping[str, tuple[str, ...]]


def assert_told(lines: str, claims: Claims, as_of: str = AS_OF, jurisdiction: str = "us", **entered: str) -> None:
    """
    What the rules say of a chart.

    A claim is a status with what else must hold, one a row of the rule: `overdue due=2026-03 earliest=2026-02 side=left
    missing=germline every=12-12`; `none` stands for null. A rule without rows is silent.

    Args:
        entered: facts as a clinician types them on the page.
    """
    record = apply_entries(read_chart([lines], as_of), tuple(_entry(*item) for item in entered.items()))
    clinic = ClinicDefaults(jurisdiction=jurisdiction)
    found = recommendations_json(record, evaluate_rules(knowledge().rules, record, clinic))["recommendations"]
    for rule, wanted in claims.items():
        rows = [_told_row(row) for row in found if row["rule"] == rule]
        assert len(rows) == len(wanted), f"{rule}: {rows or 'silent'}"
        for row, text in zip(rows, wanted, strict=True):
            status, *parts = text.split()
            told = {"status": status} | dict(part.split("=") for part in parts)
            assert {key: row[key] for key in told} == told, f"{rule}: {row}"


def _told_row(row: dict[str, Any]) -> dict[str, str]:
    interval = row["interval_months"]
    return {
        "status": row["status"],
        "kind": row["kind"],
        "topic": row["topic"],
        "side": row["side"] or "none",
        "due": row["due"] or "none",
        "earliest": row["earliest"] or "none",
        "missing": ",".join(row["missing"]) or "none",
        "every": f"{interval[0]}-{interval[1]}" if interval else "none",
        "then": ",".join(row.get("then", ())) or "none",
        "year": str(row["source"]["year"]),
    }


def _entry(name: str, typed: str) -> Entry:
    value = parse_entry_value(name, typed)
    return Entry(name=name, value=value, by="Dr. Ines Rossi", at=f"{AS_OF}T10:00:00Z", reason="seen on paper")


def _resource(id_: str, words: list[str]) -> Resource:
    kind, rest = words[0], words[1:]
    for table, build in _BUILDERS:
        if kind in table:
            return build(id_, kind, rest)
    return _drug(id_, kind, rest)


def _person(id_: str, kind: str, rest: list[str]) -> Resource:
    return patient(rest[0], {"man": "male", "woman": "female"}.get(kind, kind))


def _cancer(id_: str, kind: str, rest: list[str]) -> Resource:
    code = _DIAGNOSES[kind].format(_ICD_SIDES[rest[0]])
    return condition(id_, concept(coding(ICD10, code)), rest[1] if len(rest) > 1 else None)


def _operation(id_: str, kind: str, rest: list[str]) -> Resource:
    site = [word for word in rest if word in _BODY_SITES]
    on = next((word for word in rest if word[0].isdigit()), None)
    more = {"bodySite": [concept(coding(SNOMED, *_BODY_SITES[site[0]]))]} if site else {}
    return procedure(id_, concept(coding(SNOMED, *_OPERATIONS[kind])), on, **more)


def _radiation(id_: str, kind: str, rest: list[str]) -> Resource:
    days = [word for word in rest if word[0].isdigit()]
    site = [word for word in rest if word in _BODY_SITES]
    more: Resource = {"bodySite": [concept(coding(SNOMED, *_BODY_SITES[site[0]]))]} if site else {}
    if days:
        more["performedPeriod"] = {"start": days[0], **({"end": days[1]} if len(days) > 1 else {})}
    code = concept(coding(SNOMED, "1217123003", "Radiotherapy course of treatment"))
    status = "completed" if len(days) > 1 else "in-progress"
    fields = [word for word in rest if word.startswith("field:")]
    if fields:
        more["bodySite"] = [*more.get("bodySite", []), concept(text=fields[0].removeprefix("field:").replace("_", " "))]
    return procedure(id_, code, status=status, **more)


def _study(id_: str, kind: str, rest: list[str]) -> Resource:
    words = _STUDIES[kind]
    side = next((word for word in rest if word in ("left", "right", "both")), None)
    words += {"both": " bilateral", None: ""}.get(side, f" {side}")
    on = next((word for word in rest if word[0].isdigit() and len(word) > 3), None)
    category = next((word for word in rest if len(word) <= 2), None)
    more: Resource = {"conclusion": f"IMPRESSION: BI-RADS {category}."} if category else {}
    resource = {"resourceType": "DiagnosticReport", "id": id_, "status": "final", "subject": ME, **more}
    return resource | {"code": concept(text=words)} | ({"effectiveDateTime": on} if on else {})


def _lab(id_: str, kind: str, rest: list[str]) -> Resource:
    value = float(rest[1]) if len(rest) > 1 else 1.0
    quantity = {"value": value, "unit": "%", "code": "%"} if kind == "lvef" else {"value": value}
    return observation(id_, concept(coding(LOINC, *_LABS[kind])), rest[0], valueQuantity=quantity)


def _receptor(id_: str, kind: str, rest: list[str]) -> Resource:
    answers = {"positive": "10828004", "negative": "260385009", "equivocal": "42425007"}
    value = concept(coding(SNOMED, answers[rest[0]], rest[0].capitalize()))
    more: Resource = {"valueCodeableConcept": value}
    site = [word for word in rest if word in _BODY_SITES]
    if site:
        more["bodySite"] = concept(coding(SNOMED, *_BODY_SITES[site[0]]))
    on = next((word for word in rest if word[0].isdigit()), "2023-02-12")
    return observation(id_, concept(coding(LOINC, *_RECEPTORS[kind])), on, **more)


def _number(id_: str, kind: str, rest: list[str]) -> Resource:
    code, display, unit = _NUMBERS[kind]
    on = next((word for word in rest[1:] if word[0].isdigit()), "2023-03-15")
    if unit is None:
        value: Resource = {"valueInteger": int(rest[0])}
    else:
        value = {"valueQuantity": {"value": float(rest[0]), "unit": unit, "code": unit}}
    return observation(id_, concept(coding(LOINC, code, display)), on, **value)


def _condition(id_: str, kind: str, rest: list[str]) -> Resource:
    code = concept(coding(ICD10, *_CONDITIONS[kind]))
    return condition(id_, code, rest[0] if rest else None)


def _told(id_: str, kind: str, rest: list[str]) -> Resource:
    """A finding in the words of its own test."""
    names = {"menopause": "Menopausal status", "density": "Breast density"}
    on = next((word for word in rest if word[0].isdigit()), "2023-02-12")
    value = " ".join(word for word in rest if not word[0].isdigit())
    if kind == "menopause":
        code = concept(coding(SNOMED, "161712005", "Menopausal status"), text=names[kind])
        return observation(id_, code, on, valueString=value)
    return observation(id_, concept(text=names[kind]), on, valueString=value)


def _recurrence(id_: str, kind: str, rest: list[str]) -> Resource:
    """`recurrence local left 2025-12-01`: the problem list says that the cancer has come back."""
    extent, side = rest[0], rest[1]
    where = {"local": f"{side} breast", "regional": f"{side} axillary lymph nodes"}[extent]
    code = concept(
        coding(ICD10, _DIAGNOSES["invasive"].format(_ICD_SIDES[side])), text=f"Recurrence of cancer in {where}"
    )
    return condition(id_, code, rest[2] if len(rest) > 2 else None, clinical="recurrence")


def _germline(id_: str, kind: str, rest: list[str]) -> Resource:
    """`germline BRCA1 pathogenic 2012-01-01`: gene, significance and source as mCODE writes a variant."""
    gene, result = rest[0], rest[1]
    codes = {"pathogenic": ("LA6668-3", "Pathogenic"), "vus": ("LA26333-7", "Uncertain significance")}
    codes["negative"] = ("LA6675-8", "Benign")
    parts = (
        ("48018-6", "Gene studied [ID]", concept(text=gene)),
        ("48002-0", "Genomic source class [Type]", concept(coding(LOINC, "LA6683-2", "Germline"))),
        ("53037-8", "Genetic variation clinical significance [Imp]", concept(coding(LOINC, *codes[result]))),
    )
    rows = [{"code": concept(coding(LOINC, code, name)), "valueCodeableConcept": value} for code, name, value in parts]
    code = concept(coding(LOINC, "69548-6", "Genetic variant assessment"))
    present = concept(coding(LOINC, "LA9633-4", "Present"))
    return observation(
        id_, code, rest[2] if len(rest) > 2 else "2023-04-01", valueCodeableConcept=present, component=rows
    )


def _visit(id_: str, kind: str, rest: list[str]) -> Resource:
    return {
        "resourceType": "Encounter",
        "id": id_,
        "status": "finished",
        "class": coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "AMB"),
        "type": [concept(coding(CPT, "99213"), text="Oncology visit")],
        "subject": ME,
        "period": {"start": rest[0], "end": rest[0]},
    }


def _drug(id_: str, kind: str, rest: list[str]) -> Resource:
    """`letrozole 2023-07-01`, `doxorubicin given 2023-04-01`, `tamoxifen 2020-01-01 stopped 2025-01-01`."""
    drug = concept(text=kind.replace("_", " "))
    if rest[0] == "given":
        return given(id_, drug, rest[1])
    if "stopped" not in rest:
        return order(id_, drug, rest[0])
    return {
        "resourceType": "MedicationStatement",
        "id": id_,
        "status": "completed",
        "subject": ME,
        "medicationCodeableConcept": drug,
        "effectivePeriod": {"start": rest[0], "end": rest[2]},
    }


_BUILDERS: tuple[tuple[Any, Callable[[str, str, list[str]], Resource]], ...] = (
    (("woman", "man", "other"), _person),
    (_DIAGNOSES, _cancer),
    (_OPERATIONS, _operation),
    (("radiation",), _radiation),
    (_STUDIES, _study),
    (_LABS, _lab),
    (_RECEPTORS, _receptor),
    (_NUMBERS, _number),
    (_CONDITIONS, _condition),
    (("menopause", "density"), _told),
    (("recurrence",), _recurrence),
    (("germline",), _germline),
    (("visit",), _visit),
)
