"""Drugs by ingredient: orders, statements, administrations and claims' codes to one row an agent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from smart_app.clinical.codes import Concept
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import IssueKind, Medication, Source
from smart_app.fhir.extract.chart import Chart
from smart_app.fhir.extract.evidence import date_key
from smart_app.fhir.resources import Resource, codings, objects, partial_date, period, text, when, words

_PLANNED = frozenset({"proposal", "plan", "option"})
_INFUSED = frozenset({"chemotherapy"})
_STALE = timedelta(days=365)
_BREAST_REASON = re.compile(r"\b(?:breast|mammary)\b", re.IGNORECASE)
_CANCER_REASON = re.compile(
    r"\b(?:cancer|carcinoma|neoplasm|malignan\w*|lymphoma|leukemia|tumou?r|sarcoma|melanoma)\b", re.IGNORECASE
)
_OTHER_ORGAN = re.compile(
    r"\b(?:colon|colorectal|rect\w+|lung|prostat\w+|ovar\w+|lymphoma|leukemia|myeloma|pancrea\w+|gastric|stomach"
    r"|bladder|kidney|"
    r"renal|endometri\w+|uterine|cervi\w+|thyroid|melanoma|sarcoma|head and neck|esophag\w+|liver|hepatocellular)\b",
    re.IGNORECASE,
)
_GIVES = re.compile(r"\b(?:infusions?|injections?|administration|chemotherapy)\b", re.IGNORECASE)
_NOT_GIVEN = re.compile(
    r"\b(?:teaching|education|consult\w*|consent|planned|order\w*|cancel\w*|level|allerg\w*)\b", re.IGNORECASE
)
_PLACEBO = re.compile(r"\bplacebo\b", re.IGNORECASE)
_REGIMEN = re.compile(
    r"\s*(?:(?:ddAC|dd-?AC|AC)-?TH?P?|dd-?AC|TCHP?|TC|CMF|FEC(?:-?[DT])?|EC-?[DT]H?P?|KEYNOTE-?522)"
    r"(?:\s+(?:chemo\w*|regimen|protocol|x\s?\d+.{0,20}))?\s*",
    re.IGNORECASE,
)
"""The letters of a regimen in the place of a drug."""
_TREATS_CANCER_ALONE = frozenset({"chemotherapy", "aromatase-inhibitor", "ovarian-suppression", "immunotherapy"})
_CANCER_CHAPTERS = re.compile(r"C|D[0-4]|Z", re.IGNORECASE)
_DISEASES = re.compile(r"[E-N]", re.IGNORECASE)
_OTHER_DISEASE = re.compile(
    r"\b(?:lupus|arthritis|vasculitis|nephr\w+|crohn\w*|colitis|psoria\w+|transplant\w*|multiple sclerosis|myasthenia"
    r"|uveitis|scleroderma|endometriosis|fibroids?|leiomyoma\w*|infertility|ovulation|ivf|precocious puberty)\b",
    re.IGNORECASE,
)
_SECONDARY = re.compile(r"\b(?:secondary|metasta\w+|bone)\b", re.IGNORECASE)
_NOT_TAKEN = re.compile(
    r"\b(?:allerg\w*|intoleran\w*|declin\w*|refus\w*|never (?:started|taken|filled)|not tak(?:en|ing)|not started)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Use:
    """One record of a drug. `state`: active, stopped, on-hold, given (an administration), unknown."""

    kind: str
    state: str
    start: PartialDate | None
    end: PartialDate | None
    source: Source
    asserted: PartialDate | None = None


def read_drugs(chart: Chart, others: frozenset[str]) -> tuple[tuple[Medication, ...], tuple[Medication, ...]]:
    """Cancer drugs, and the other drugs that a rule asks about; each by agent."""
    uses: dict[str, list[_Use]] = {}
    taken = chart.of_type("MedicationRequest", "MedicationStatement", "MedicationAdministration", "MedicationDispense")
    for key, resource in (*taken, *chart.procedures()):
        for target, use in _uses(chart, key, resource, others):
            uses.setdefault(target, []).append(use)
    systemic: list[Medication] = []
    beside: list[Medication] = []
    for concept_id in sorted(uses):
        concept = chart.codes.concepts[concept_id]
        row = _medication(chart, concept, uses[concept_id])
        (beside if concept.attributes.get("cancer") == "no" else systemic).append(row)
    return _by_agent(systemic), _by_agent(beside)


def _by_agent(rows: list[Medication]) -> tuple[Medication, ...]:
    return tuple(sorted(rows, key=lambda m: (date_key(m.started_on), m.agent)))


def _uses(chart: Chart, key: str, resource: Resource, others: frozenset[str]) -> Iterator[tuple[str, _Use]]:
    kind = str(resource.get("resourceType"))
    concepts = _drugs_of(chart, resource, kind)
    if not concepts:
        _tell_unread(chart, key, resource)
        return
    if not chart.counts(key, resource) or not _was_taken(chart, key, resource):
        return
    if _of_another_cancer(chart, resource, others):
        return
    for concept in concepts:
        if concept.attributes.get("reason_needed") and not _for_breast_cancer(chart, resource):
            continue
        if _TREATS_CANCER_ALONE & set(concept.attributes.get("classes", ())) and _for_another_disease(chart, resource):
            why = "Its reason is another disease than cancer; it is no cancer treatment."
            chart.issue(IssueKind.OUTSIDE_SCOPE, key, why)
            continue
        use = _use(chart, key, resource, kind, concept)
        if use is not None:
            for target in _expanded(chart, concept):
                yield target, use


def _tell_unread(chart: Chart, key: str, resource: Resource) -> None:
    """Entries that name no drug of ours, and may mean one: a reference that leads nowhere, a regimen by its letters."""
    unnamed = _is_unnamed(chart, resource)
    said = words(resource.get("medicationCodeableConcept"))
    regimen = next((word for word in said if _REGIMEN.fullmatch(word)), None)
    if not (unnamed or regimen) or not chart.counts(key, resource):
        return
    if unnamed:
        why = "Which drug this is could not be read: it is named only by a reference to what is not here."
        chart.issue(IssueKind.UNREADABLE, key, why)
    if regimen:
        why = f"{regimen[:60]}: a regimen; which of its drugs were given is not said."
        chart.issue(IssueKind.UNMAPPED_CODE, key, why)


def _was_taken(chart: Chart, key: str, resource: Resource) -> bool:
    """Whether an entry tells of a drug in use: not planned, not refused, no placebo; an issue says why not."""
    said = words(resource.get("medicationCodeableConcept"))
    if resource.get("doNotPerform") is True or text(resource.get("intent")) in _PLANNED:
        why = "A drug that is planned or not to be given; it does not count as taken."
        chart.issue(IssueKind.IGNORED_STATUS, key, why)
        return False
    if any(map(_NOT_TAKEN.search, said)):
        chart.issue(IssueKind.IGNORED_STATUS, key, "The words beside the drug say that it was not taken.")
        return False
    if any(map(_PLACEBO.search, said)):
        chart.issue(IssueKind.UNREADABLE, key, "A placebo or a blinded trial drug: whether it was given is not known.")
        return False
    return True


def _expanded(chart: Chart, concept: Concept) -> list[str]:
    """A fixed combination is its ingredients."""
    agents = concept.attributes.get("agents")
    if not agents:
        return [concept.id]
    return [
        c.id
        for c in chart.codes.concepts.values()
        if c.kind == "drug" and c.attributes.get("agent") in agents and "agents" not in c.attributes
    ]


def _drugs_of(chart: Chart, resource: Resource, kind: str) -> list[Concept]:
    """Drugs by code, else by name; a name counts beside a code that means no drug of ours."""
    if kind == "Procedure":
        return _given_by_procedure(chart, resource.get("code"))
    carriers: list[Any] = [resource.get("medicationCodeableConcept")]
    medication = chart.contained(resource, resource.get("medicationReference"))
    if medication is not None:
        carriers.append(medication.get("code"))
        carriers.extend(item.get("itemCodeableConcept") for item in objects(medication.get("ingredient")))
    reference = resource.get("medicationReference")
    shown = text(reference.get("display")) if isinstance(reference, dict) else None
    coded: dict[str, Concept] = {}
    named: dict[str, Concept] = {}
    for carrier in carriers:
        for row in chart.rows(carrier):
            if chart.concept(row).kind == "drug":
                coded[row.concept] = chart.concept(row)
        for word in words(carrier):
            for found in chart.codes.find_drugs(word):
                named[found] = chart.codes.concepts[found]
    if shown and not coded and not named:
        named.update({found: chart.codes.concepts[found] for found in chart.codes.find_drugs(shown)})
    if coded and not named:
        return list(coded.values())
    if coded and named and not set(coded) & set(named):
        # A wrong CUI with the right words is a known fault of public data: where they differ, the words are read.
        return list(named.values())
    return list({**coded, **named}.values())


def _given_by_procedure(chart: Chart, code: Any) -> list[Concept]:
    """Drugs of a procedure: by code, or by a title that says that a drug is given ("trastuzumab infusion")."""
    rows = chart.rows(code)
    coded = [chart.concept(row) for row in rows if chart.concept(row).kind == "drug"]
    if rows:
        return coded
    given = [word for word in words(code) if _GIVES.search(word) and not _NOT_GIVEN.search(word)]
    return [
        chart.codes.concepts[name] for name in dict.fromkeys(n for word in given for n in chart.codes.find_drugs(word))
    ]


def _is_unnamed(chart: Chart, resource: Resource) -> bool:
    """Whether an entry names its drug only by a reference that leads nowhere: any drug may stand there."""
    return names_drug_by_reference_only(resource) and chart.contained(resource, resource["medicationReference"]) is None


def names_drug_by_reference_only(resource: Resource) -> bool:
    """Whether an entry says no word on its drug beside a reference."""
    named = resource.get("medicationReference")
    return isinstance(named, dict) and not text(named.get("display")) and not resource.get("medicationCodeableConcept")


def _of_another_cancer(chart: Chart, resource: Resource, others: frozenset[str]) -> bool:
    targets = set(chart.resolve(resource.get("reasonReference")))
    if targets and targets <= others:
        return True
    rows, said = chart.rows(resource.get("reasonCode")), " ".join(words(resource.get("reasonCode")))
    if any(row.concept == "other-cancer" for row in rows):
        return True
    other = _CANCER_REASON.search(said) and _OTHER_ORGAN.search(said) and not _BREAST_REASON.search(said)
    return bool(other) and not _SECONDARY.search(said)


def _for_another_disease(chart: Chart, resource: Resource) -> bool:
    """Whether the reasons given are diseases that are no cancer (lupus, infertility), by code or name."""
    reasons = [resource.get("reasonCode")]
    for target in chart.resolve(resource.get("reasonReference")):
        reasons.append((chart.get(target) or {}).get("code"))
    said = [word for reason in reasons for word in words(reason)]
    coded = [c.code for reason in reasons for c in codings(reason) if chart.codes.system_name(c.system) == "ICD10CM"]
    if any(_CANCER_REASON.search(word) or _BREAST_REASON.search(word) for word in said):
        return False
    if any(code and _CANCER_CHAPTERS.match(code) for code in coded):
        return False
    return any(code and _DISEASES.match(code) for code in coded) or any(_OTHER_DISEASE.search(word) for word in said)


def _for_breast_cancer(chart: Chart, resource: Resource) -> bool:
    said = " ".join(words(resource.get("reasonCode")))
    if _BREAST_REASON.search(said) or any(
        row.concept == "invasive-breast-cancer" for row in chart.rows(resource.get("reasonCode"))
    ):
        return True
    for target in chart.resolve(resource.get("reasonReference")):
        condition = chart.get(target)
        if condition is not None and (
            any(row.concept == "invasive-breast-cancer" for row in chart.rows(condition.get("code")))
            or any(_BREAST_REASON.search(word) for word in words(condition.get("code")))
        ):
            return True
    return False


def _use(chart: Chart, key: str, resource: Resource, kind: str, concept: Concept) -> _Use | None:
    status = text(resource.get("status")) or ""
    said = words(resource.get("medicationCodeableConcept"))
    if kind == "MedicationRequest":
        start, end = _ordered(resource)
        asserted = partial_date(resource.get("authoredOn"))
        state = {"active": "active", "completed": "stopped", "stopped": "stopped"}.get(status, "unknown")
    elif kind == "MedicationStatement":
        start, end = when(resource, "effective")
        if partial_date(resource.get("effectiveDateTime")) is not None:
            end = None
        asserted = partial_date(resource.get("dateAsserted")) or start
        state = {"active": "active", "completed": "stopped", "stopped": "stopped"}.get(status, "unknown")
    elif kind == "MedicationDispense":
        start = partial_date(resource.get("whenHandedOver")) or partial_date(resource.get("whenPrepared"))
        end, asserted, state = None, start, "given"
    else:
        start, end = when(resource, "performed" if kind == "Procedure" else "effective")
        asserted, state = start, "given"
        end = None
    if start is not None and start.earliest > chart.as_of:
        chart.issue(IssueKind.DATE, key, f"The drug begins in the future ({start}); it does not count as taken.")
        return None
    if end is not None and end.earliest > chart.as_of:
        end = None
    elif end is not None and state == "active" and end.latest < chart.as_of:
        state = "stopped" if kind == "MedicationStatement" else "unknown"
    source = chart.source(key, resource, on=start, code=concept.id, recorded=said[0] if said else None)
    return _Use(kind, state, start, end, source, asserted)


def _ordered(resource: Resource) -> tuple[PartialDate | None, PartialDate | None]:
    """Start and end of an order: the earlier of dosage start and authoring, and the dosage's end."""
    starts, ends = [partial_date(resource.get("authoredOn"))], []
    for dosage in objects(resource.get("dosageInstruction")):
        timing = dosage.get("timing")
        repeat = timing.get("repeat") if isinstance(timing, dict) else None
        if isinstance(repeat, dict):
            start, end = period(repeat.get("boundsPeriod"))
            starts.append(start)
            ends.append(end)
    known = [d for d in starts if d is not None]
    last = [d for d in ends if d is not None]
    return (min(known, key=lambda d: (d.earliest, str(d))) if known else None), (max(last, key=str) if last else None)


def _medication(chart: Chart, concept: Concept, uses: list[_Use]) -> Medication:
    unique = {use.source.reference: use for use in sorted(uses, key=lambda u: (u.source.reference, date_key(u.start)))}
    ordered = [unique[key] for key in sorted(unique)]
    status = _status(chart, concept, ordered)
    starts = [use.start for use in ordered if use.start is not None]
    classes = tuple(str(c) for c in concept.attributes.get("classes", ()))
    return Medication(
        agent=str(concept.attributes["agent"]),
        classes=classes,
        status=status,
        started_on=min(starts, key=lambda d: (d.earliest, str(d))) if starts else None,
        ended_on=None if status == "active" else _ended(ordered),
        sources=tuple(use.source for use in ordered),
    )


def _status(chart: Chart, concept: Concept, uses: list[_Use]) -> str:
    """
    Active, stopped or unknown.

    Administrations alone say neither. An order of chemotherapy left active for more than a year says neither. Of an
    active and a stopped record the later statement decides; a later order alone leaves it open.
    """
    told = [use for use in uses if use.state != "given"]
    if not told:
        return "unknown"
    active = [use for use in told if use.state == "active"]
    stopped = [use for use in told if use.state == "stopped"]
    if active and _INFUSED & set(concept.attributes.get("classes", ())) and all(_stale(chart, use) for use in active):
        return "unknown"
    if active and not stopped:
        return (
            "active"
            if not any(use.state == "unknown" and _asserted(use) > _last(active) for use in told)
            else "unknown"
        )
    if stopped and not active:
        return (
            "stopped"
            if not any(use.state == "unknown" and _asserted(use) > _last(stopped) for use in told)
            else "unknown"
        )
    if not stopped:
        return "unknown"
    if _last(active) > _last(stopped):
        return "active"
    later = [use for use in stopped if _asserted(use) > _last(active)]
    return "stopped" if any(use.kind == "MedicationStatement" or use.end is not None for use in later) else "unknown"


def _asserted(use: _Use) -> str:
    return max(date_key(use.asserted), date_key(use.start), date_key(use.end) if use.state == "stopped" else "")


def _last(uses: list[_Use]) -> str:
    return max((_asserted(use) for use in uses), default="")


def _stale(chart: Chart, use: _Use) -> bool:
    return use.start is None or use.start.latest + _STALE < chart.as_of


def _ended(uses: list[_Use]) -> PartialDate | None:
    """The end that a period states; else the last of two or more statements or administrations."""
    ends = [use.end for use in uses if use.end is not None]
    if ends:
        return max(ends, key=str)
    counted = [use.start for use in uses if use.kind != "MedicationRequest" and use.start is not None]
    return max(counted, key=str) if len(counted) >= 2 else None
