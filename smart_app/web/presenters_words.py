"""
Words on screen: dates at the precision of the record, facts, sides, owners and states as a clinician reads them.

Every sentence of the clinician's pages that is not in a template is made from these tables; nothing here decides.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from smart_app.clinical.date_facts import DATE_FACTS
from smart_app.clinical.dates import PartialDate

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

FACT_LABELS: Mapping[str, str] = {
    "er": "ER",
    "pr": "PR",
    "her2": "HER2",
    "her2.category": "HER2 category",
    "grade": "Grade",
    "stage_group": "Stage",
    "t": "T category",
    "n": "N category",
    "m": "M category",
    "nodes_positive": "Lymph nodes, positive",
    "nodes_examined": "Lymph nodes, examined",
    "tumor_size_mm": "Tumor size",
    "ki67_percent": "Ki-67",
    "oncotype_rs": "Oncotype DX score",
    "menopausal_status": "Menopausal status",
    "germline": "Germline genes",
    "metastasis": "Distant disease",
    "birads": "BI-RADS, last imaging",
    "uterus": "Uterus",
    "ovaries": "Ovaries",
    "pregnancy": "Pregnancy",
    "recurrence": "Recurrence",
    "breast_density": "Breast density",
    "lvef_percent": "Ejection fraction",
    "rcb_class": "Residual cancer burden",
    "bmi": "Body mass index",
    "smoking": "Smoking",
    "cumulative_doxorubicin_mg_m2": "Doxorubicin, in all",
    "hospice": "Hospice or severe frailty",
    "family_history": "Family history",
    "lifetime_risk": "Lifetime risk",
    "chest_radiation_before_30": "Chest radiation before age 30",
    "ovarian_suppression": "Ovarian suppression",
    "heart_in_radiation_field": "Heart in the radiation field",
    "trastuzumab_ended": "End of HER2 antibody",
    "endocrine_started_on": "Start of endocrine therapy",
    "endocrine_ended_on": "End of endocrine therapy",
    "surgery_on": "Date of breast surgery",
    "radiation_ended_on": "End of radiation",
    "dose_gray": "Radiation dose",
    "cancer_kind": "Type of cancer",
    "laterality": "Side",
    "diagnosed_on": "Date of diagnosis",
    "birth_date": "Birth date",
    "systemic": "Cancer drugs",
    "surgery": "Operations",
    "axillary_surgery": "Operation on the axilla",
    "radiation": "Radiation",
    "primary_treatment_ended": "End of primary treatment",
    "new_symptoms": "New symptoms",
    "age_at_diagnosis": "Age at diagnosis",
    "life_expectancy": "Life expectancy",
    "done": "Studies, tests and visits",
    "other_medications": "Other medicines",
    "conditions": "Conditions",
}

OWNERS: Mapping[str, str] = {
    "oncology": "Oncology",
    "primary-care": "Primary care",
    "surgery": "Surgery",
    "gynecology": "Gynecology",
    "patient": "Patient",
}

AGENT_KINDS: Mapping[str, str] = {
    "endocrine": "Endocrine",
    "chemotherapy": "Chemotherapy",
    "her2": "HER2-directed",
    "cdk4-6": "CDK4/6 inhibitor",
    "parp": "PARP inhibitor",
    "immunotherapy": "Immunotherapy",
    "bone": "Bone-directed",
    "other": "Other drug",
}

SURGERY_KINDS: Mapping[str, str] = {
    "breast-conserving": "Lumpectomy",
    "mastectomy": "Mastectomy",
    "reconstruction": "Reconstruction",
    "other": "Other breast operation",
    "sentinel-node-biopsy": "Sentinel node biopsy",
    "axillary-dissection": "Axillary dissection",
}

IMAGING: Mapping[str, str] = {
    "mammogram": "Mammogram",
    "breast_mri": "Breast MRI",
    "breast_ultrasound": "Breast ultrasound",
    "dxa": "DXA",
    "echocardiogram": "Echocardiogram",
    "last_breast_imaging": "Breast imaging",
}

MODALITIES: Mapping[str, str] = {
    "MG": "mammogram",
    "MR": "breast_mri",
    "MRI": "breast_mri",
    "US": "breast_ultrasound",
    "BMD": "dxa",
    "DXA": "dxa",
}

CANCER_KINDS: Mapping[str, str] = {
    "invasive": "Invasive breast cancer",
    "dcis": "DCIS",
    "lcis": "LCIS",
    "unknown": "Breast cancer, type not recorded",
}

SCOPE_REASONS: Mapping[str, str] = {
    "no-breast-cancer": "No breast cancer is recorded.",
    "metastatic-disease": "Metastatic disease is recorded.",
    "deceased": "The patient is recorded as deceased.",
    "lcis-only": "Only lobular carcinoma in situ (LCIS) is recorded.",
}
DIAGNOSES_NOT_READ = (
    "The diagnoses could not be read in full, so nobody can tell here whether a breast cancer is recorded."
)


def scope_reason(reason: str, diagnoses_read: bool) -> str:
    """Why the plan does not apply; a failed search is never told as "no breast cancer is recorded" (H10)."""
    if reason == "no-breast-cancer" and not diagnoses_read:
        return DIAGNOSES_NOT_READ
    return SCOPE_REASONS.get(reason, reason)


@dataclass(frozen=True, slots=True)
class DateText:
    """A date as a person reads it, and as a machine does; both at the precision of the record."""

    text: str
    iso: str


def date_words(day: PartialDate | date) -> str:
    """`May 12, 2022`, `May 2022` or `2022`: never finer than the record."""
    partial = day if isinstance(day, PartialDate) else PartialDate.from_date(day)
    if partial.month is None:
        return str(partial.year)
    month = MONTHS[partial.month - 1]
    return f"{month} {partial.year}" if partial.day is None else f"{month} {partial.day}, {partial.year}"


def date_or_text(text: str) -> str:
    """A typed date as a person reads it; other text as it is."""
    try:
        return date_words(PartialDate.parse(text))
    except ValueError:
        return text


def date_text(day: PartialDate | date | None) -> DateText | None:
    """The date for a `time` element; None stays None."""
    if day is None:
        return None
    return DateText(date_words(day), str(day) if isinstance(day, PartialDate) else day.isoformat())


def moment_text(at: datetime) -> DateText:
    """`09:42 EST, Nov 23, 2026`, in the zone that the instant already carries."""
    zone = at.tzname() or ""
    return DateText(f"{at:%H:%M} {zone}, {date_words(at.date())}".replace(" ,", ","), at.isoformat(timespec="minutes"))


def join_words(words: Iterable[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    items = list(words)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def count_words(number: int, one: str, many: str | None = None) -> str:
    """`1 result`, `3 results`."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def sentence_case(text: str) -> str:
    """First letter upper; the rest as it is."""
    return text[:1].upper() + text[1:]


def fact_label(name: str) -> str:
    """The fact's name for a person."""
    study = IMAGING.get(name.replace("-", "_"))
    return FACT_LABELS.get(name) or study or sentence_case(name.replace("_", " ").replace("-", " ").replace(".", ", "))


def fact_mention(name: str) -> str:
    """The fact's name inside a sentence: `menopausal status`, but `HER2` and `Ki-67` as they are."""
    label = fact_label(name)
    keep = label[:2].isupper() or label.startswith(("Ki-67", "Oncotype", "T ", "N ", "M "))
    return label if keep else label[:1].lower() + label[1:]


def owner_label(owner: str) -> str:
    """Who does it; own words pass through."""
    return OWNERS.get(owner, sentence_case(owner.replace("-", " ")))


def imaging_name(modality: str) -> str:
    """The name of a study, from our own name of it or its DICOM code."""
    known = IMAGING.get(MODALITIES.get(modality, modality))
    return known or sentence_case(modality.replace("_", " ").replace("-", " "))


def side_words(side: str | None, of: str = "breast") -> str:
    """`left`, `both breasts`, or nothing where no side is known."""
    if side in ("left", "right"):
        return side
    return f"both {of}s" if side in ("both", "bilateral") else ""


def months_words(range_months: tuple[int, int] | None) -> str:
    """`every 12 months`, `every 3 to 6 months`, `every 2 years`."""
    if range_months is None:
        return ""
    low, high = range_months
    if low == high == 1:
        return "every month"
    if low == high and low % 12 == 0 and low > 12:
        return f"every {low // 12} years"
    return f"every {low} months" if low == high else f"every {low} to {high} months"


def number_words(value: float | int) -> str:
    """A number without a needless `.0`."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _receptor(value: Any, extra: Mapping[str, Any]) -> str:
    words = sentence_case(str(value).replace("-", " "))
    percent = extra.get("percent")
    if percent is None:
        return words
    return f"{words}, {percent if isinstance(percent, str) else number_words(percent)} %"


def _her2_detail(extra: Mapping[str, Any]) -> str:
    parts = []
    if extra.get("ihc") is not None:
        parts.append(f"IHC {extra['ihc']}")
    if extra.get("ish") is not None:
        parts.append(f"ISH {str(extra['ish']).replace('-', ' ')}")
    return ", ".join(parts)


def _her2(value: Any, extra: Mapping[str, Any]) -> str:
    words = sentence_case(str(value).replace("-", " "))
    if extra.get("low"):
        words += " (HER2-low)"
    detail = _her2_detail(extra)
    return f"{words}, {detail}" if detail else words


def _germline(value: Any) -> str:
    """`BRCA1: pathogenic variant; BRCA2, PALB2: no variant found`: what matters most stands first."""
    words = {"pathogenic": "pathogenic variant", "vus": "uncertain variant", "negative": "no variant found"}
    rows = [row for row in value if isinstance(row, Mapping)] if isinstance(value, (list, tuple)) else []
    if not rows:
        return "Not tested" if isinstance(value, (list, tuple)) else loose_words(value)
    genes: dict[str, list[str]] = {result: [] for result in words}
    for row in rows:
        genes.setdefault(str(row.get("result")), []).append(str(row.get("gene")))
    return "; ".join(f"{', '.join(names)}: {words.get(result, result)}" for result, names in genes.items() if names)


def _relative(row: Any) -> str:
    """`Sister: breast cancer at 38`."""
    if not isinstance(row, Mapping):
        return loose_words(row)
    age = f" at {number_words(row['age'])}" if row.get("age") is not None else ""
    return f"{sentence_case(str(row.get('relation') or 'relative'))}: {row.get('cancer')} cancer{age}"


_UNITS = {
    "tumor_size_mm": "{} mm",
    "ki67_percent": "{} %",
    "lvef_percent": "{} %",
    "cumulative_doxorubicin_mg_m2": "{} mg/m²",
    "bmi": "{} kg/m²",
    "lifetime_risk": "{} %",
}


_SUPPRESSION = {"gnrh": "Injections, running", "none": "None now"}


def value_words(name: str, value: Any, extra: Mapping[str, Any] | None = None) -> str:
    """A fact's value as a person reads it; the empty text for None."""
    extra = extra or {}
    if value is None:
        return ""
    if name in ("er", "pr"):
        return _receptor(value, extra)
    if name == "her2":
        return _her2(value, extra)
    if name == "germline":
        return _germline(value)
    if name == "family_history" and isinstance(value, (list, tuple)):
        return "; ".join(_relative(row) for row in value)
    if name == "birads":
        return f"BI-RADS {extra.get('sub') or value}"
    if name in DATE_FACTS:
        return date_or_text(str(value))
    if name == "ovarian_suppression" and value in _SUPPRESSION:
        return _SUPPRESSION[value]
    if isinstance(value, bool) or value in ("true", "false"):
        return "Yes" if value in (True, "true") else "No"
    if isinstance(value, (int, float)):
        return _UNITS.get(name, "{}").format(number_words(value))
    return loose_words(value)


_ISO_DATE = re.compile(r"\b\d{4}-\d\d(?:-\d\d)?\b")
_HYPHEN = re.compile(r"(?<=[a-z])-(?=[a-z])")


def loose_words(value: Any) -> str:
    """Words for a value of unknown shape, such as what a recommendation rests on."""
    if isinstance(value, Mapping):
        return ", ".join(f"{str(key).replace('_', ' ')} {loose_words(item)}" for key, item in value.items() if item)
    if isinstance(value, (list, tuple)):
        return "; ".join(loose_words(item) for item in value)
    text = str(value)
    known = text[:1].isupper() or any(character.isdigit() for character in text[:2])
    if known:
        return text
    dated = _ISO_DATE.sub(lambda match: date_or_text(match[0]), text)
    return sentence_case(_HYPHEN.sub(" ", dated))
