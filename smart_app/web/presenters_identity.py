"""
Who the record is about, as its Patient resource words it: for the banner and for the line beside each button that acts.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from smart_app.clinical.dates import PartialDate, whole_years_between
from smart_app.fhir.patient_status import is_deceased, record_status
from smart_app.web.presenters_page import PatientIdentity

_NAME_ORDER = ("official", "usual", "")
_SEX = {"female": "Female", "male": "Male", "other": "Other", "unknown": "Unknown"}


def identity_of(patient: Mapping[str, Any], birth_date: PartialDate | None, as_of: date) -> PatientIdentity:
    """The banner's patient; nothing is made up where the record is silent."""
    return PatientIdentity(
        name=patient_name(patient) or "Name not recorded",
        birth_date=birth_date,
        age=age_words(birth_date, as_of, patient),
        sex=_SEX.get(str(patient.get("gender")), "not recorded"),
        record_number=record_number(patient),
        status=", ".join(record_status(patient)),
    )


def patient_name(patient: Mapping[str, Any]) -> str:
    """The official name, else the usual one, else the first; old and maiden names never."""
    names = [name for name in _dicts(patient.get("name")) if name.get("use") not in ("old", "maiden", "nickname")]
    names.sort(key=lambda name: _NAME_ORDER.index(use) if (use := str(name.get("use") or "")) in _NAME_ORDER else 9)
    for name in names:
        parts = [*_texts(name.get("given")), name.get("family"), *_texts(name.get("suffix"))]
        words = " ".join(str(part).strip() for part in parts if isinstance(part, str) and part.strip())
        text = name.get("text")
        if words or (isinstance(text, str) and text.strip()):
            return (words or str(text).strip())[:200]
    return ""


def latin_name(patient: Mapping[str, Any]) -> str:
    """The first name in Latin letters, for where the usual one cannot be printed; old and maiden names never."""
    for name in _dicts(patient.get("name")):
        words = patient_name({"name": [name]})
        if any(sign.isalpha() for sign in words) and all(
            unicodedata.name(sign, "").startswith("LATIN") for sign in words if sign.isalpha()
        ):
            return words
    return ""


def patient_languages(patient: Mapping[str, Any]) -> tuple[str, ...]:
    """Languages of communication, the preferred one first, as their first subtag (`es`)."""
    rows = _dicts(patient.get("communication"))
    rows.sort(key=lambda row: not row.get("preferred"))
    found = []
    for row in rows:
        language = row.get("language")
        for coding in _dicts(language.get("coding")) if isinstance(language, Mapping) else []:
            code = coding.get("code")
            if isinstance(code, str) and code:
                found.append(code.split("-")[0].lower())
    return tuple(dict.fromkeys(found))


def record_number(patient: Mapping[str, Any]) -> str:
    """The medical record number; without one so marked, the first identifier that is no national number."""
    rows = [row for row in _dicts(patient.get("identifier")) if isinstance(row.get("value"), str)]
    for row in rows:
        if "MR" in _codes(row.get("type")):
            return str(row["value"])[:60]
    others = [row for row in rows if not _codes(row.get("type")) & {"SS", "NI", "DL", "PPN"}]
    untyped = [row for row in others if "us-ssn" not in str(row.get("system"))]
    return str(untyped[0]["value"])[:60] if untyped else ""


def age_words(birth_date: PartialDate | None, as_of: date, patient: Mapping[str, Any]) -> str:
    """`52`; `51 or 52` where the birth date is not known to the day; nothing for a person who has died."""
    if birth_date is None or is_deceased(patient):
        return ""
    low, high = (whole_years_between(day, as_of) for day in (birth_date.latest, birth_date.earliest))
    return str(low) if low == high else f"{low} or {high}"


def _codes(concept: object) -> set[str]:
    return {str(row.get("code")) for row in _dicts(concept.get("coding"))} if isinstance(concept, Mapping) else set()


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _texts(value: object) -> Iterable[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
