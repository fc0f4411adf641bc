"""
The elements that a treatment summary and survivorship care plan must hold: IOM 2006, ASCO 2014 and NAPBC, all of them.

Each names the place where it is entered. What the record cannot hold is missing until the clinician writes it into the
plan: nothing counts as filled because it was not looked for.

Source:
    IOM 2006 box 3-16 (R1 to R7, F1 to F11), ASCO 2014 template with the rows of its breast version, NAPBC standard 2.20
    (at least ASCO's elements; which surveillance, how often, by whom, when).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from smart_app.clinical.clinic import ClinicContacts
from smart_app.clinical.facts import PatientRecord
from smart_app.clinical.recommendations import DueStatus, Recommendation
from smart_app.clinical.treatment_dates import primary_treatment


class Place(StrEnum):
    """Where an element is entered."""

    FACT = "facts"
    CHART = "chart"
    PLAN = "plan"
    CLINIC = "clinic"
    SAVING = "saving"


@dataclass(frozen=True, slots=True)
class Element:
    """One element of the standards. `facts` are the names to enter where it is missing and `place` is FACT."""

    id: str
    title: str
    standards: tuple[str, ...]
    filled: bool
    place: Place
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Given:
    """What the elements are looked for in. `saved`: a plan of Aftercare stands in the record."""

    record: PatientRecord
    recommendations: tuple[Recommendation, ...]
    contacts: ClinicContacts | None = None
    saved: bool = False


_Check = Callable[[Given], bool]
_SUBTYPE = re.compile(
    r"ductal|lobular|mucinous|tubular|papillary|cribriform|metaplastic|medullary|inflammatory|paget"
    r"|no special type|\bnst\b",
    re.IGNORECASE,
)
_SIDE_EFFECTS = ("lymphedema", "vasomotor-symptoms", "fatigue", "heart-failure")


def elements_of(given: Given) -> Iterator[Element]:
    """Every element, in the order of the standards; menopause is no element of a man's plan."""
    for id_, title, standards, check, place, facts in _ELEMENTS:
        if id_ == "menopause" and given.record.patient.sex == "male":
            continue
        yield Element(id_, title, standards, check(given), place, facts)


def known(record: PatientRecord, name: str) -> bool:
    """Whether a fact stands: of the patient, or of every tumor."""
    fact = record.facts.get(name)
    rows = [cancer.facts.get(name) for cancer in record.cancers]
    return (fact is not None and fact.known) or (bool(rows) and all(row is not None and row.known for row in rows))


def _knows(*names: str) -> _Check:
    return lambda given: any(known(given.record, name) for name in names)


def _topic(*topics: str, dated: bool = False) -> _Check:
    return lambda given: any(
        item.topic in topics and (item.due is not None or not dated) for item in given.recommendations
    )


def _rule(rule_id: str) -> _Check:
    return lambda given: any(item.rule == rule_id for item in given.recommendations)


def _contact(*names: str) -> _Check:
    return lambda given: given.contacts is not None and all(getattr(given.contacts, name) for name in names)


def _never(given: Given) -> bool:
    """Not read from any record: the clinician writes it."""
    return False


def _saved(given: Given) -> bool:
    return given.saved


def _has_birth_date(given: Given) -> bool:
    return given.record.patient.birth_date is not None


def _has_side(given: Given) -> bool:
    return all(cancer.laterality != "unknown" for cancer in given.record.cancers)


def _has_kind(given: Given) -> bool:
    return all(cancer.kind != "unknown" for cancer in given.record.cancers)


def _has_subtype(given: Given) -> bool:
    """DCIS and LCIS are their own subtype; of an invasive cancer the words of its diagnosis must name one."""
    rows = given.record.cancers
    words = (" ".join(f"{source.code} {source.recorded}" for source in cancer.sources) for cancer in rows)
    return bool(rows) and all(
        cancer.kind in ("dcis", "lcis") or _SUBTYPE.search(text) for cancer, text in zip(rows, words, strict=True)
    )


def _has_date(given: Given) -> bool:
    return all(cancer.diagnosed_on is not None for cancer in given.record.cancers)


def _has_drugs(given: Given) -> bool:
    drugs = given.record.systemic
    return _listed(given, "systemic") and all(drug.started_on is not None for drug in drugs)


def _listed(given: Given, name: str) -> bool:
    """Whether treatments of this name are known: some, or the clinician's word that there was none."""
    return bool(getattr(given.record, name)) or name in given.record.all_given


def _knows_ongoing(given: Given) -> bool:
    """Whether it can be said what is still taken: the drugs were read, and each is active or stopped."""
    drugs = given.record.systemic
    return (
        given.record.was_read("systemic")
        and _listed(given, "systemic")
        and all(drug.status != "unknown" for drug in drugs)
    )


def _has_radiation(given: Given) -> bool:
    courses = given.record.radiation
    ended = all(course.ended_on is not None for course in courses) or known(given.record, "radiation_ended_on")
    return _listed(given, "radiation") and ended


def _has_breast_surgery(given: Given) -> bool:
    operations = [row for row in given.record.surgery if row.kind in ("mastectomy", "breast-conserving")]
    if not operations:
        return "surgery" in given.record.all_given
    return any(row.on is not None for row in operations)


def _knows_reconstruction(given: Given) -> bool:
    """A reconstruction, or no mastectomy that one could follow; after a mastectomy a gap is not "none"."""
    kinds = {row.kind for row in given.record.surgery}
    return (
        "reconstruction" in kinds
        or "surgery" in given.record.all_given
        or ("mastectomy" not in kinds and "breast-conserving" in kinds)
    )


def _has_end(given: Given) -> bool:
    return primary_treatment(given.record).ended_on is not None


def _has_dose(given: Given) -> bool:
    had = any("anthracycline" in drug.classes for drug in given.record.systemic)
    return not had or known(given.record, "cumulative_doxorubicin_mg_m2")


def _has_imaging(given: Given) -> bool:
    studies = given.record.imaging
    return studies.get("last_breast_imaging") is not None or studies.get("mammogram") is not None


def _has_side_effects(given: Given) -> bool:
    return any(given.record.events.get(name) for name in _SIDE_EFFECTS)


def _has_surveillance(given: Given) -> bool:
    return any(
        item.topic in ("mammogram", "breast-mri") and (item.due is not None or item.status is DueStatus.NOT_INDICATED)
        for item in given.recommendations
    )


_Row = tuple[str, str, tuple[str, ...], _Check, Place, tuple[str, ...]]


def _of_fact(id_: str, title: str, standards: tuple[str, ...], *facts: str, also: tuple[str, ...] = ()) -> _Row:
    return (id_, title, standards, _knows(*facts, *also), Place.FACT, facts)


def _of(id_: str, title: str, standards: tuple[str, ...], check: _Check, place: Place, *facts: str) -> _Row:
    return (id_, title, standards, check, place, facts)


_ALL = ("IOM R2", "ASCO", "NAPBC")
_ELEMENTS: tuple[_Row, ...] = (
    _of("identity", "Name and date of birth", ("ASCO", "NAPBC"), _has_birth_date, Place.CHART),
    _of("contacts", "Treating clinic with telephone", ("IOM R6", "ASCO"), _contact("name", "phone"), Place.CLINIC),
    _of("clinicians", "Treating clinicians by name", ("IOM R6", "ASCO"), _never, Place.PLAN),
    _of("primary-care", "Primary-care clinician", ("IOM R6", "ASCO"), _contact("primary_care_name"), Place.CLINIC),
    _of("coordinator", "Point of contact after treatment", ("IOM R7",), _contact("quick_return_phone"), Place.CLINIC),
    _of("diagnosis", "Diagnosis: invasive or in situ", _ALL, _has_kind, Place.FACT, "cancer_kind"),
    _of("subtype", "Histologic subtype", ("IOM R2", "ASCO"), _has_subtype, Place.CHART),
    _of("side", "Side of the tumor", ("IOM R2", "ASCO"), _has_side, Place.FACT, "laterality"),
    _of("diagnosed-on", "Date of diagnosis", ("ASCO", "NAPBC"), _has_date, Place.FACT, "diagnosed_on"),
    _of_fact("stage", "Stage", _ALL, "stage_group", also=("t",)),
    _of_fact("grade", "Grade", ("IOM R2", "ASCO"), "grade"),
    _of_fact("er", "Estrogen receptor", _ALL, "er"),
    _of_fact("pr", "Progesterone receptor", _ALL, "pr"),
    _of_fact("her2", "HER2", _ALL, "her2"),
    _of_fact("size", "Tumor size", ("IOM R2",), "tumor_size_mm", also=("t",)),
    _of_fact("nodes", "Lymph nodes with cancer", ("IOM R2", "ASCO"), "nodes_positive", "n"),
    _of("nodes-removed", "Number of lymph nodes removed", ("ASCO",), _knows("nodes_examined"), Place.FACT,
        "nodes_examined"),
    _of("imaging", "Last imaging and its result", ("IOM R1",), _has_imaging, Place.FACT, "done.mammogram"),
    _of("surgery", "Breast surgery with date", ("IOM R4", "ASCO", "NAPBC"), _has_breast_surgery, Place.FACT, "surgery"),
    _of("reconstruction", "Reconstruction, or none", ("ASCO",), _knows_reconstruction, Place.FACT, "surgery"),
    _of("axilla", "Axillary surgery", ("ASCO",), lambda given: _listed(given, "axillary_surgery"),
        Place.FACT, "axillary_surgery"),
    _of("radiation", "Radiation with end date", ("IOM R4", "ASCO", "NAPBC"), _has_radiation, Place.FACT, "radiation"),
    _of("drugs", "Cancer drugs with dates", ("IOM R3", "IOM R4", "ASCO", "NAPBC"), _has_drugs, Place.FACT, "systemic"),
    _of("dose", "Anthracycline dose", ("IOM R4", "ASCO"), _has_dose, Place.FACT, "cumulative_doxorubicin_mg_m2"),
    _of("treatment-end", "End of primary treatment", ("IOM R3", "ASCO"), _has_end, Place.FACT,
        "primary_treatment_ended"),
    _of("trial", "Clinical trial, if any", ("IOM R4",), _never, Place.PLAN),
    _of("side-effects", "Side effects that have stayed", ("IOM R4", "ASCO"), _has_side_effects, Place.PLAN),
    _of("support", "Supportive services that were given", ("IOM R5",), _never, Place.PLAN),
    _of_fact("germline", "Genetic risk and test result", ("IOM F8", "ASCO"), "germline"),
    _of("ongoing", "Treatment that goes on", ("IOM F1", "IOM F9", "ASCO"), _knows_ongoing, Place.FACT, "systemic"),
    _of_fact("menopause", "Menopausal status", ("IOM F1",), "menopausal_status"),
    _of_fact("smoking", "Smoking", ("IOM F7", "ASCO"), "smoking"),
    _of_fact("weight", "Body mass index", ("IOM F7", "ASCO"), "bmi"),
    _of("visits", "Visits: who and when", ("IOM F2", "ASCO", "NAPBC"), _topic("clinic-visit", dated=True), Place.FACT,
        "primary_treatment_ended"),
    _of("surveillance", "Imaging: which, when, who", ("IOM F2", "ASCO", "NAPBC"), _has_surveillance, Place.CHART),
    _of("other-cancers", "Screening for other cancers", ("IOM F2", "ASCO"), _topic("other-cancer-screening"),
        Place.PLAN),
    _of("late-effects", "Late effects to watch", ("IOM F1", "IOM F3", "ASCO"), _topic("fatigue"), Place.PLAN),
    _of("recurrence-signs", "Signs of recurrence", ("IOM F4", "ASCO"), _topic("symptom-education"), Place.PLAN),
    _of("emotional", "Emotional health", ("IOM F5", "ASCO"), _topic("distress-screening"), Place.PLAN),
    _of("sexual", "Relationship and sexual health", ("IOM F5", "ASCO"), _topic("sexual-health"), Place.PLAN),
    _of("work-money", "Work, insurance and money", ("IOM F6", "ASCO"), _rule("body-image-work-money"), Place.PLAN),
    _of("living", "Activity, diet, alcohol, vaccines", ("IOM F7", "ASCO"), _topic("diet", "vaccination"), Place.PLAN),
    _of("referrals", "Referrals that were made", ("IOM F10",), _never, Place.PLAN),
    _of("resources", "Resources for this patient", ("IOM F11", "ASCO"), _never, Place.PLAN),
    _of("prepared", "Prepared by, delivered on", ("ASCO",), _saved, Place.SAVING),
)  # fmt: skip
