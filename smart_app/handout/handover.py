"""
The clinician's one page: who does what and when, what to watch for, what not to order, treatment, contacts.

The order of importance is fixed. What does not fit the page is counted by the layout ("and 4 more in the plan").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, takewhile

from smart_app.clinical.clinic import ClinicContacts
from smart_app.clinical.coverage import unread_words
from smart_app.clinical.dates import PartialDate, whole_years_between
from smart_app.clinical.education import ChosenParagraph
from smart_app.clinical.facts import PatientRecord
from smart_app.clinical.plan import CarePlanDraft, Decision, PlanRow
from smart_app.clinical.recommendations import DueStatus, Recommendation, RecommendationKind
from smart_app.clinical.waiting import by_missing_fact
from smart_app.errors import OutOfScopeError
from smart_app.handout.blocks import Person
from smart_app.handout.handover_summary import GAP_FACTS, day_words, not_known, summarize
from smart_app.handout.occurrences import row_id
from smart_app.handout.selection import clean_text

TITLE = "Breast cancer survivorship: handover to primary care"
FOOTER = (
    "Decision support; options, not orders. Rules not yet clinically reviewed. Brief summary, not the whole record."
)
REVIEWED_FOOTER = "Decision support; options, not orders. Brief summary, not the whole record."
STATUS_WORDS = {
    DueStatus.OVERDUE: "Overdue",
    DueStatus.DUE: "Due",
    DueStatus.CANNOT_TELL: "Cannot tell",
    DueStatus.UP_TO_DATE: "Up to date",
}
_ORDER = tuple(STATUS_WORDS)
_CELL = 280
_LIST = 420
_ALERT = 700
_NEEDS = GAP_FACTS | {
    "systemic": "cancer drugs",
    "other_medications": "other medications",
    "surgery": "operations",
    "axillary_surgery": "operation on the axilla",
    "radiation": "radiation",
    "metastasis": "distant disease",
    "laterality": "side",
    "cancer_kind": "type of cancer",
    "cumulative_doxorubicin_mg_m2": "dose of doxorubicin",
    "lvef_percent": "ejection fraction",
}
OWNER_WORDS = {"oncology": "Oncology", "primary-care": "Primary care", "gynecology": "Gynecology"}


@dataclass(frozen=True, slots=True)
class HandoverRow:
    """One line of the plan; `status` as in the contract, `what` with its reason where the status needs one."""

    status: str
    status_words: str
    what: str
    when: str
    who: str
    source: str


@dataclass(frozen=True, slots=True)
class HandoverList:
    """A short list with a heading."""

    title: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Handover:
    """One page for the primary-care clinician, in English, each part in order of importance."""

    title: str
    patient: tuple[tuple[str, str], ...]
    read: str
    alerts: tuple[str, ...]
    not_known: tuple[tuple[str, str], ...]
    plan: tuple[HandoverRow, ...]
    summary: tuple[tuple[str, str, str], ...]
    columns: tuple[HandoverList, ...]
    contacts: tuple[tuple[str, str], ...]
    footer: str


def compose_handover(
    record: PatientRecord,
    recommendations: Iterable[Recommendation],
    draft: CarePlanDraft | None,
    chosen: Iterable[ChosenParagraph],
    clinic: ClinicContacts,
    today: date,
    *,
    person: Person | None = None,
    record_number: str = "",
    read: str = "",
    clinician: str = "",
) -> Handover:
    """
    Compose the page.

    Args:
        draft: with one, only rows that the clinician accepted, and undecided ones named as such.
        chosen: the patient's paragraphs in English; their signs say what to watch for.
        read: one line on when and from where the data were read, and on the saved plan.

    Raises:
        OutOfScopeError: no survivorship plan applies to this record.
    """
    if not record.scope.applies:
        raise OutOfScopeError(record.scope.reasons, record.diagnoses_read)
    rows = tuple(entry for entry in recommendations if entry.fired)
    return Handover(
        title=TITLE,
        patient=patient_rows(record, person or Person(birth_date=record.patient.birth_date), record_number),
        read=read_line(read, record, today),
        alerts=tuple(_short(f"{entry.title}: {entry.says}", _ALERT) for entry in rows if entry.stands_as_alert),
        not_known=not_known(record),
        plan=_plan(rows, draft),
        summary=tuple((name, _listed(name, value), source) for name, value, source in summarize(record)),
        columns=_columns(rows, draft, chosen),
        contacts=contact_rows(clinic, clinician),
        footer=footer_of(rows),
    )


def read_line(read: str, record: PatientRecord, today: date) -> str:
    """When and from where the data were read, and what of the record was not."""
    said = read or f"Made on {day_words(today)} from the record as it was read."
    return " ".join(filter(None, (_short(said), _short(unread_words(record)))))


def _short(text: str, longest: int = _CELL) -> str:
    """A text that fits a cell; what is longer says where the rest stands."""
    text = " ".join(clean_text(text).split())
    return text if len(text) <= longest else f"{text[:longest].rstrip()} … (whole text in the plan)"


def _listed(name: str, text: str) -> str:
    """A list that fits a cell: whole items, and how many more there are; none is cut in the middle."""
    mark = ", " if name == "Medicines now" else "; "
    items = clean_text(text).split(mark)
    ends = accumulate(len(item) + len(mark) for item in items)
    kept = sum(1 for end in ends if end <= _LIST)
    if kept == len(items) or not kept:
        return _short(text, _LIST)
    return f"{mark.join(items[:kept])}{mark}and {len(items) - kept} more in the plan"


def footer_of(rows: tuple[Recommendation, ...]) -> str:
    """What stands at the foot of a clinician's paper: whether the rules behind it were reviewed."""
    return REVIEWED_FOOTER if rows and all(entry.reviewed for entry in rows) else FOOTER


def patient_rows(record: PatientRecord, person: Person, record_number: str) -> tuple[tuple[str, str], ...]:
    """Who the paper is about; a line to write on where the name is not known."""
    rows = [("Patient", _short(person.name) or "______________________")]
    if person.birth_date is not None:
        rows.append(("Born", f"{day_words(person.birth_date)}{_age(person.birth_date, record.as_of)}"))
    if record.patient.sex != "unknown":
        rows.append(("Sex", record.patient.sex.capitalize()))
    if record_number:
        rows.append(("Record no.", _short(record_number)))
    return tuple(rows)


def _age(born: PartialDate, today: date) -> str:
    low, high = (whole_years_between(day, today) for day in (born.latest, born.earliest))
    return f" ({low} y)" if low == high else f" ({low} or {high} y)"


def _plan(rows: tuple[Recommendation, ...], draft: CarePlanDraft | None) -> tuple[HandoverRow, ...]:
    by_row = {row_id(entry): entry for entry in rows}
    pairs: list[tuple[Recommendation | None, PlanRow | None]]
    if draft is None:
        pairs = [(entry, None) for entry in rows]
    else:
        pairs = [(by_row.get(row.id), row) for row in draft.rows if row.decision is not Decision.DECLINE]
    kept = [(entry, row) for entry, row in pairs if _is_planned(entry, row)]
    waiting = [entry for entry, row in kept if entry is not None and _is_waiting(entry, row)]
    found = [_recommended(entry, row) if entry is not None else _own(row) for entry, row in kept
             if entry is None or not _is_waiting(entry, row)]  # fmt: skip
    found += [_waiting(facts, items) for facts, items in by_missing_fact(waiting)]
    found.sort(key=lambda pair: pair[0])
    return tuple(row for _, row in found)


def _is_planned(entry: Recommendation | None, row: PlanRow | None) -> bool:
    if entry is None:
        return row is not None and not row.not_advised
    if row is not None and row.not_advised:
        return False
    if entry.status not in STATUS_WORDS or entry.kind is RecommendationKind.NOT_ADVISED or entry.stands_as_alert:
        return False
    return entry.due is not None or entry.kind is not RecommendationKind.SUPPORTIVE


Sorted = tuple[tuple[int, str], HandoverRow]


def _is_waiting(entry: Recommendation, row: PlanRow | None) -> bool:
    """Cannot be told, and the clinician has not decided it all the same."""
    undecided = row is None or row.decision is Decision.UNDECIDED
    return entry.status is DueStatus.CANNOT_TELL and undecided


def _waiting(facts: tuple[str, ...], items: list[Recommendation]) -> Sorted:
    """All that waits for one fact in one line: the reader can fill one gap, not ten."""
    titles = list(dict.fromkeys(entry.title for entry in items))
    told = "; ".join(titles[:3]) + (f"; and {len(titles) - 3} more" if len(titles) > 3 else "")
    needs = ", ".join(_NEEDS.get(name, name.replace("_", " ").replace("-", " ")) for name in facts)
    who = " or ".join(dict.fromkeys(_owner(entry.owner) for entry in items))
    sources = list(dict.fromkeys(_source(entry) for entry in items))
    made = HandoverRow(
        DueStatus.CANNOT_TELL,
        STATUS_WORDS[DueStatus.CANNOT_TELL],
        _short(f"Needs {needs}: {told}" if needs else told),
        "—",
        _short(who),
        ", ".join(sources[:2]) + (" and others" if len(sources) > 2 else ""),
    )
    return (_ORDER.index(DueStatus.CANNOT_TELL), f"{99 - len(items):02}"), made


def _source(entry: Recommendation) -> str:
    """The body and the year: `ACS/ASCO 2016`; the whole citation stands in the plan."""
    words = re.split(r", | \(| and | of | as | quoting |: ", entry.citation.guideline)[0].split()
    bodies = list(takewhile(lambda word: sum(sign.isupper() for sign in word) > 1, words))
    short = " ".join(bodies or words[:4])
    return short if entry.citation.guideline.startswith("general knowledge") else f"{short} {entry.citation.year}"


def _recommended(entry: Recommendation, row: PlanRow | None) -> Sorted:
    due = row.due if row is not None else entry.due
    told = entry.side is None or entry.side in entry.title
    what = entry.title if told else f"{entry.title}, {entry.side}"
    if row is not None and row.decision is Decision.UNDECIDED:
        what += " (not yet decided)"
    status, words = entry.status, STATUS_WORDS[entry.status]
    if status is DueStatus.CANNOT_TELL:
        status, words = DueStatus.DUE, "Planned"
    # Once, and it was done: there is nothing to come back for.
    dateless = "Done" if status is DueStatus.UP_TO_DATE else "Next visit"
    if row is not None and (entry.due is not None or entry.status is DueStatus.CANNOT_TELL):
        dateless = "No date set"
    when = day_words(due) if due else dateless
    made = HandoverRow(status, words, _short(what), when, _owner(row.owner if row else entry.owner), _source(entry))
    return (_ORDER.index(status), str(due or "9999")), made


def _own(row: PlanRow | None) -> Sorted:
    assert row is not None, "an item of no rule is one of the draft"
    due = row.due
    made = HandoverRow(
        "due", "Planned", _short(row.title), day_words(due) if due else "—", _owner(row.owner), "Clinician"
    )
    return (_ORDER.index(DueStatus.DUE), str(due or "9999")), made


def _owner(owner: str) -> str:
    return OWNER_WORDS.get(owner, _short(owner.replace("-", " ")).capitalize())


def _columns(
    rows: tuple[Recommendation, ...], draft: CarePlanDraft | None, chosen: Iterable[ChosenParagraph]
) -> tuple[HandoverList, ...]:
    signs: dict[str, list[str]] = {}
    for entry in chosen:
        if entry.shown and entry.paragraph.place.startswith("signs-"):
            texts = [block.text for block in entry.paragraph.for_paper()]
            signs.setdefault(entry.paragraph.place, []).extend(texts)
    watch = tuple(
        f"{words}: {_sentence(signs[place])}"
        for place, words in (("signs-urgent", "Emergency"), ("signs-same-day", "Same day"), ("signs-soon", "Soon"))
        if signs.get(place)
    )
    declined = {row.id for row in draft.rows if row.decision is Decision.DECLINE} if draft is not None else set()
    kept = [entry for entry in rows if row_id(entry) not in declined]
    avoid = tuple(_short(entry.title) for entry in kept if entry.kind is RecommendationKind.NOT_ADVISED)
    care = tuple(
        _short(entry.title)
        for entry in kept
        if entry.kind is RecommendationKind.SUPPORTIVE
        and entry.owner == "primary-care"
        and entry.due is None
        and entry.status is not DueStatus.CANNOT_TELL
    )
    lists = (
        HandoverList("Watch for, and refer", watch),
        HandoverList("Not advised without symptoms", avoid),
        HandoverList("Please take care of", care),
    )
    return tuple(one for one in lists if one.items)


def _sentence(texts: Iterable[str]) -> str:
    parts = [text[:1].lower() + text[1:] for text in dict.fromkeys(texts)]
    return _short("; ".join(parts))


def contact_rows(clinic: ClinicContacts, clinician: str) -> tuple[tuple[str, str], ...]:
    """Whom to call; a line to write on where the clinic states no number."""
    blank = "______________"
    oncology = f"Oncology, {clinician}" if clinician else f"Oncology, {clinic.name}" if clinic.name else "Oncology"
    rows = [(_short(oncology), clinic.phone or blank), ("Nights and weekends", clinic.after_hours_phone or blank)]
    if clinic.quick_return_phone:
        rows.append(("Quick return to oncology", clinic.quick_return_phone))
    return tuple(rows)


def handover_text(handover: Handover) -> str:
    """The same page as plain text, for a note; nothing is left out."""
    lines = [handover.title, "; ".join(f"{name}: {value}" for name, value in handover.patient), handover.read, ""]
    lines += [f"SAFETY: {alert}" for alert in handover.alerts]
    lines += [f"{name.upper()}: {text}" for name, text in handover.not_known]
    lines += ["", "WHO DOES WHAT, AND WHEN"]
    lines += [f"- {row.status_words}: {row.what}; {row.when}; {row.who} ({row.source})" for row in handover.plan]
    lines += ["", "CANCER AND TREATMENT"]
    lines += [f"- {name}: {value}{f' [{source}]' if source else ''}" for name, value, source in handover.summary]
    for one in handover.columns:
        lines += ["", one.title.upper(), *(f"- {item}" for item in one.items)]
    lines += ["", "CONTACTS", *(f"- {name}: {phone}" for name, phone in handover.contacts), "", handover.footer]
    return "\n".join(lines) + "\n"
