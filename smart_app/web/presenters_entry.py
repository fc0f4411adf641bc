"""
Entering or correcting a fact: which facts, which values, and the record's own word beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from smart_app.clinical.date_facts import DATE_FACTS, TUMOR_ATTRIBUTES, date_fact, tumor_attribute
from smart_app.clinical.entries import typed_text
from smart_app.clinical.facts import CancerRecord, Fact, PatientRecord
from smart_app.web.presenters_facts import fact_key, record_says
from smart_app.web.presenters_grid import idle_in_men, missing_fact, tumor_name
from smart_app.web.presenters_page import STATE_TAGS, Frame, Tag
from smart_app.web.presenters_row_entry import FactChoice, row_choices
from smart_app.web.presenters_rows import Option, Typed
from smart_app.web.presenters_words import date_words, fact_label, fact_mention, value_words
from smart_app.workflow.planning_ports import FormData

_RECEPTOR = (("positive", "Positive"), ("negative", "Negative"), ("equivocal", "Equivocal"))
_YES_NO = (("true", "Yes"), ("false", "No"))
_DATE = "2022, 2022-12 or 2022-12-09"
_STAGES = tuple(
    (stage, stage) for stage in ("0", "I", "IA", "IB", "II", "IIA", "IIB", "III", "IIIA", "IIIB", "IIIC", "IV")
)


@dataclass(frozen=True, slots=True)
class Enterable:
    """How a fact is entered: by choice, or as text (`hint` says what). `per_tumor`: it belongs to one tumor."""

    name: str
    group: str
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    mode: str = "text"
    per_tumor: bool = False


ENTERABLE: tuple[Enterable, ...] = (
    Enterable(
        "menopausal_status",
        "Patient",
        tuple((v, v.capitalize()) for v in ("premenopausal", "perimenopausal", "postmenopausal")),
    ),
    Enterable("uterus", "Patient", (("intact", "Present"), ("absent", "Removed"))),
    Enterable("ovaries", "Patient", (("intact", "Present"), ("absent", "Both removed"))),
    Enterable("ovarian_suppression", "Patient", (("none", "None now"), ("gnrh", "Injections, running"))),
    Enterable("pregnancy", "Patient", (("pregnant", "Pregnant"), ("not-pregnant", "Not pregnant"))),
    Enterable(
        "germline", "Patient", hint="Gene and result, such as BRCA1 pathogenic; PALB2 vus; or: negative; or: not tested"
    ),
    Enterable("new_symptoms", "Today", _YES_NO),
    Enterable(
        "primary_treatment_ended",
        "Today",
        hint=f"Date of the last surgery, chemotherapy or radiation: {_DATE}",
        mode="numeric",
    ),
    Enterable("surgery_on", "Dates", hint=f"Last operation on a breast: {_DATE}", mode="numeric"),
    Enterable("radiation_ended_on", "Dates", hint=f"Last day of radiation: {_DATE}", mode="numeric"),
    Enterable("endocrine_started_on", "Dates", hint=f"First day of endocrine therapy: {_DATE}", mode="numeric"),
    Enterable("endocrine_ended_on", "Dates", hint=f"Last day, if no endocrine drug is active: {_DATE}", mode="numeric"),
    Enterable("trastuzumab_ended", "Dates", hint=f"Last dose of a HER2 antibody: {_DATE}", mode="numeric"),
    Enterable(
        "life_expectancy",
        "Today",
        (("under-5", "Under 5 years"), ("5-10", "5 to 10 years"), ("over-10", "Over 10 years")),
    ),
    Enterable(
        "recurrence",
        "Today",
        (("none", "None"), ("local", "In the breast or chest wall"), ("regional", "In nearby lymph nodes")),
    ),
    Enterable("hospice", "Today", _YES_NO),
    Enterable("metastasis", "Today", (("none", "None"), ("present", "Present"))),
    Enterable("family_history", "Patient", (("true", "Breast or ovarian cancer"), ("false", "None known"))),
    Enterable("birads", "Patient", tuple((v, f"BI-RADS {v}") for v in "0123456")),
    Enterable("breast_density", "Patient", tuple((v, f"Category {v}") for v in "abcd")),
    Enterable("bmi", "Patient", hint="kg/m²", mode="decimal"),
    Enterable("smoking", "Patient", tuple((v, v.capitalize()) for v in ("never", "former", "current"))),
    Enterable("lvef_percent", "Patient", hint="percent", mode="decimal"),
    Enterable("cumulative_doxorubicin_mg_m2", "Patient", hint="mg/m², doxorubicin or its equivalent", mode="decimal"),
    Enterable("heart_in_radiation_field", "Patient", _YES_NO),
    Enterable("chest_radiation_before_30", "Patient", _YES_NO),
    Enterable("lifetime_risk", "Patient", hint="percent, by a risk model", mode="decimal"),
    Enterable(
        "cancer_kind",
        "Tumor",
        (("invasive", "Invasive"), ("dcis", "DCIS, in situ"), ("lcis", "LCIS only")),
        per_tumor=True,
    ),
    Enterable("laterality", "Tumor", (("left", "Left"), ("right", "Right")), per_tumor=True),
    Enterable("diagnosed_on", "Tumor", hint=f"Date of diagnosis: {_DATE}", mode="numeric", per_tumor=True),
    Enterable(
        "er",
        "Tumor",
        (("positive", "Positive"), ("low-positive", "Low positive, 1 to 10 %"), *_RECEPTOR[1:]),
        per_tumor=True,
    ),
    Enterable("pr", "Tumor", _RECEPTOR, per_tumor=True),
    Enterable("her2", "Tumor", _RECEPTOR, per_tumor=True),
    Enterable("grade", "Tumor", tuple((v, v) for v in "123"), per_tumor=True),
    Enterable("stage_group", "Tumor", _STAGES, per_tumor=True),
    Enterable("t", "Tumor", hint="such as T2", per_tumor=True),
    Enterable("n", "Tumor", hint="such as N1mi", per_tumor=True),
    Enterable("m", "Tumor", (("M0", "M0"), ("M1", "M1")), per_tumor=True),
    Enterable("tumor_size_mm", "Tumor", hint="millimeters", mode="decimal", per_tumor=True),
    Enterable("nodes_positive", "Tumor", hint="number", mode="numeric", per_tumor=True),
    Enterable("nodes_examined", "Tumor", hint="number", mode="numeric", per_tumor=True),
    Enterable("ki67_percent", "Tumor", hint="percent", mode="decimal", per_tumor=True),
    Enterable("oncotype_rs", "Tumor", hint="score 0 to 100", mode="numeric", per_tumor=True),
    Enterable("rcb_class", "Tumor", tuple((v, v) for v in ("0", "I", "II", "III")), per_tumor=True),
)
_BY_NAME: Mapping[str, Enterable] = {item.name: item for item in ENTERABLE}


@dataclass(frozen=True, slots=True)
class EntryForm:
    """The form for one fact. `name` is the prefix of its fields."""

    key: str
    name: str
    fact: str
    label: str
    state: str
    tag: Tag
    record: str
    looked_for: str
    choices: tuple[Option, ...]
    value: str
    hint: str
    mode: str
    on: str
    seen_where: str
    reason: str
    errors: Mapping[str, str]
    entered: bool
    is_date: bool


@dataclass(frozen=True, slots=True)
class FactGroup:
    """Facts of one kind, or of one tumor."""

    id: str
    heading: str
    rows: tuple[FactChoice, ...]


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Everything that `facts_entry.html` shows: the form for one fact, and the list of all. `rows` are treatments."""

    frame: Frame
    form: EntryForm | None
    groups: tuple[FactGroup, ...]
    rows: tuple[FactChoice, ...]
    draft_version: int


def split_key(key: str) -> tuple[str, int | None] | None:
    """Fact name and tumor of a key (`her2.1`); None for a name that cannot be entered."""
    name, _, tumor = key.partition(".")
    item = _BY_NAME.get(name)
    if item is None or (tumor and not tumor.isdecimal()):
        return None
    if not item.per_tumor:
        return (name, None) if not tumor else None
    return name, int(tumor) if tumor else 0


def find_fact(record: PatientRecord, name: str, cancer: int | None) -> Fact:
    """The fact as it stands, also when the extraction gave none."""
    if cancer is not None and cancer < len(record.cancers):
        own = record.cancers[cancer].facts.get(name)
        if own is not None:
            return own
    if name in TUMOR_ATTRIBUTES and cancer is not None and cancer < len(record.cancers):
        return tumor_attribute(name, record.cancers[cancer], record.was_read(name))
    if name in DATE_FACTS and (cancer is not None or name not in record.facts):
        return date_fact(name, record, cancer)
    return record.facts.get(name) or missing_fact(name, record)


def present_entry(
    record: PatientRecord,
    frame: Frame,
    draft_version: int,
    key: str = "",
    typed: FormData | None = None,
    problems: Mapping[str, str] | None = None,
) -> EntryPage:
    """The page; without a key, or with one that cannot be entered, only the list."""
    found = split_key(key) if key else None
    form = None
    if found is not None and (found[1] is None or found[1] < max(1, len(record.cancers))):
        form = _form(record, *found, Typed(typed), problems or {})
    return EntryPage(frame, form, tuple(_groups(record)), tuple(row_choices(record)), draft_version)


def _form(record: PatientRecord, name: str, cancer: int | None, typed: Typed, problems: Mapping[str, str]) -> EntryForm:
    item, fact = _BY_NAME[name], find_fact(record, name, cancer)
    key = fact_key(name, cancer)
    prefix = f"entry.{key}"
    entry = fact.entry
    known = typed_text(name, fact.value)
    value = typed.value(f"{prefix}.value", known if entry is not None and fact.known else "")
    own = fact.record or (fact if entry is None else missing_fact(name, record))
    tumor = f", {tumor_name(record.cancers[cancer], cancer)}" if cancer is not None and len(record.cancers) > 1 else ""
    return EntryForm(
        key=key,
        name=prefix,
        fact=name,
        label=fact_mention(name) + tumor,
        state=own.state.value,
        tag=STATE_TAGS[own.state],
        record=record_says(own),
        looked_for=own.looked_for,
        choices=tuple(Option(option, text, option == value) for option, text in item.choices),
        value=value,
        hint=item.hint,
        mode=item.mode,
        on=typed.value(f"{prefix}.on", str(entry.on) if entry and entry.on else ""),
        seen_where=typed.value(f"{prefix}.seen_where", entry.seen_where or "" if entry else ""),
        reason=typed.value(f"{prefix}.reason", entry.reason if entry else ""),
        errors={field.rpartition(".")[2]: words for field, words in problems.items()},
        entered=entry is not None,
        is_date=name in DATE_FACTS,
    )


def _groups(record: PatientRecord) -> list[FactGroup]:
    offered = [item for item in ENTERABLE if not idle_in_men(item.name, record)]
    groups = [
        FactGroup(name.lower(), heading, tuple(_choice(record, item, None) for item in offered if item.group == name))
        for name, heading in (("Today", "Seen today"), ("Dates", "Dates of treatment"), ("Patient", "Patient"))
    ]
    tumors: tuple[CancerRecord, ...] = record.cancers
    for index, cancer in enumerate(tumors):
        heading = tumor_name(cancer, index) if len(tumors) > 1 else "Tumor"
        rows = tuple(_choice(record, item, index) for item in ENTERABLE if item.per_tumor)
        groups.append(FactGroup(f"tumor-{index + 1}", heading, rows))
    return groups


def _choice(record: PatientRecord, item: Enterable, cancer: int | None) -> FactChoice:
    fact = find_fact(record, item.name, cancer)
    on = f", {date_words(fact.on)}" if fact.on else ""
    now = f"{value_words(item.name, fact.value, fact.extra)}{on}" if fact.known else ""
    return FactChoice(fact_key(item.name, cancer), fact_label(item.name), now, STATE_TAGS[fact.state])
