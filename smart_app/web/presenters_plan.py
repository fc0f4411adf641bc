"""
The plan workbench: what is decided, what is needed, what will be written and how, from `Workbench` to one `page`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from smart_app.clinical.education import ChosenParagraph
from smart_app.clinical.entries import entry_key
from smart_app.clinical.plan import CarePlanDraft
from smart_app.fhir.capability import RungState, WriteLadder
from smart_app.web.presenters_facts import other_notes, source_chip
from smart_app.web.presenters_notices import Notice, present_notices, unread_notice
from smart_app.web.presenters_page import Chip, Frame, Link, Pair
from smart_app.web.presenters_receipt import Comparing, present_comparing
from smart_app.web.presenters_row_entry import entry_title
from smart_app.web.presenters_rows import Option, RowGroup, Typed, options, owner_options, present_plan_rows
from smart_app.web.presenters_saving import SavingView, present_saving, status_line
from smart_app.web.presenters_words import (
    FACT_LABELS,
    DateText,
    date_words,
    fact_label,
    join_words,
    moment_text,
    value_words,
)
from smart_app.workflow.planning_needs import ENTERED
from smart_app.workflow.planning_ports import FormData
from smart_app.workflow.planning_types import (
    ConflictToSettle,
    ExistingPlan,
    Preview,
    Workbench,
)

CONCERNS = (
    "Feelings, mood",
    "Tiredness",
    "Sleep",
    "Pain",
    "Memory, focus",
    "Hot flashes",
    "Sexual health",
    "Arm swelling",
    "Work, money",
    "Family",
    "Weight",
    "Alcohol, tobacco",
)


@dataclass(frozen=True, slots=True)
class NeededLine:
    """A decision that is missing, with the place to make it: what it is about, and what to do or what follows."""

    title: str
    words: str
    href: str
    blocks: bool


@dataclass(frozen=True, slots=True)
class ConflictView:
    """One conflict as a group of choices."""

    id: str
    name: str
    fact: str
    title: str
    about: str
    values: tuple[tuple[Option, Chip | None], ...]
    left_open: bool
    reason: str
    error: str


@dataclass(frozen=True, slots=True)
class EducationView:
    """One paragraph in the clinician's choice for the patient's paper."""

    name: str
    id: str
    section: str
    title: str
    because: str
    shown: bool
    order: int
    proposed: str
    marks: tuple[str, ...]
    is_first: bool
    is_last: bool


@dataclass(frozen=True, slots=True)
class EntryView:
    """A fact that the clinician entered or chose."""

    key: str
    label: str
    value: str
    by: str
    reason: str
    href: str


@dataclass(frozen=True, slots=True)
class DiffView:
    """A line of the comparison: a sign and a word, so that grey works."""

    sign: str
    word: str
    title: str
    now: str
    new: str
    change: str


@dataclass(frozen=True, slots=True)
class RungView:
    """A step of the write ladder."""

    step: int
    title: str
    words: str
    state: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class PlanPage:
    """Everything that `plan.html` shows."""

    frame: Frame
    status: str
    kept_at: DateText | None
    can_undo: bool
    problems: tuple[tuple[str, str, str], ...]
    needed: tuple[NeededLine, ...]
    notices: tuple[Notice, ...]
    conflicts: tuple[ConflictView, ...]
    groups: tuple[RowGroup, ...]
    own: Mapping[str, str]
    own_owners: tuple[Option, ...]
    goals: str
    concerns: tuple[Option, ...]
    note: str
    education: tuple[EducationView, ...]
    education_note: str
    entries: tuple[EntryView, ...]
    diff: tuple[DiffView, ...]
    same: int
    resources: tuple[tuple[str, str], ...]
    compared_with: str
    kept: str
    preview_problems: tuple[str, ...]
    ladder: tuple[RungView, ...]
    chosen_rung: str
    draft_version: int
    form_key: str
    signer: str
    saveable: bool
    not_saveable_because: str
    other_plans: tuple[Pair, ...]
    language: tuple[Option, ...]
    large_print: bool
    more_to_know: bool
    in_a_frame_of: str
    saving: SavingView
    compare: Comparing | None


def present_plan(
    bench: Workbench,
    preview: Preview,
    sections: Sequence[ChosenParagraph],
    frame: Frame,
    zone: tzinfo,
    typed: FormData | None = None,
    problems: Mapping[str, str] | None = None,
    languages: Sequence[tuple[str, str]] = (("en", "English"),),
    preferred: str = "en",
    unread: tuple[str, ...] = (),
) -> PlanPage:
    """
    The workbench page.

    Args:
        typed: What was posted, where the page comes back because of an error: nothing typed is lost.
        problems: Form field to words.
        preferred: Language that the paper has unless the clinician chooses another.
        zone: Zone of the issuer, for the time at which the draft was kept.
        unread: What of the record was not read, in sentences.
    """
    form, errors = Typed(typed), problems or {}
    draft = bench.draft
    groups = present_plan_rows(draft.rows, bench.recommendations, form, errors, bench.new_rows)
    changed = [row for row in preview.rows if row.change != "same"]
    return PlanPage(
        frame=frame,
        status=status_line(bench),
        kept_at=_local(bench.kept_at, zone),
        can_undo=bench.can_undo,
        problems=tuple((field_id(name), words, _field_title(name, bench)) for name, words in errors.items()),
        needed=_needed_lines(bench, frame.base),
        notices=(*unread_notice(unread, frame.base), *present_notices(bench, frame, zone)),
        conflicts=tuple(_conflict(conflict, form, errors, bench) for conflict in bench.conflicts),
        groups=groups,
        own={part: form.value(f"own.{part}", "") for part in ("what", "when", "note")},
        own_owners=owner_options(form.value("own.owner", "oncology")),
        goals="\n".join(form.values("goal", draft.goals)),
        concerns=_concerns(form.values("concern", draft.concerns)),
        note=form.value("note", draft.note),
        education=present_choices(draft, sections, form),
        education_note=form.value("education_note", draft.education_note),
        entries=tuple(_entries(draft, frame.base)),
        diff=tuple(_diff(row.change, row.title, row.now, row.new) for row in changed),
        same=len(preview.rows) - len(changed),
        resources=preview.resources,
        compared_with=_compared(preview.compared_with),
        kept=join_words(preview.kept),
        preview_problems=preview.problems,
        ladder=_ladder(bench.ladder),
        chosen_rung=bench.ladder.chosen.value,
        draft_version=draft.version,
        form_key=bench.form_key,
        signer=bench.signer,
        saveable=bench.saveable,
        not_saveable_because=bench.not_saveable_because,
        other_plans=tuple(other_plan_pair(plan, frame.base) for plan in bench.other_plans),
        language=options(_languages(languages, preferred), form.value("language", draft.language)),
        large_print=form.checked("large_print", "large_print.present", draft.large_print),
        more_to_know=form.checked("more_to_know", "large_print.present", draft.more_to_know),
        in_a_frame_of=frame.banner.ehr if frame.banner else "",
        saving=present_saving(bench, form, errors),
        compare=present_comparing(bench.three_way, form.starting_with("merge.")),
    )


def _languages(spoken: Sequence[tuple[str, str]], preferred: str) -> list[tuple[str, str]]:
    return [("", f"The patient’s own: {dict(spoken).get(preferred, preferred)}"), *spoken]


def field_id(name: str) -> str:
    """The HTML id of a form field: its name without dots."""
    return "f-" + name.replace(".", "-")


def _local(at: datetime | None, zone: tzinfo) -> DateText | None:
    return moment_text(at.astimezone(zone)) if at is not None else None


def _needed_lines(bench: Workbench, base: str) -> tuple[NeededLine, ...]:
    return tuple(
        NeededLine(FACT_LABELS.get(n.title, n.title), n.words, _needed_href(n.field, n.row, base), n.blocks)
        for n in bench.needed
    )


def _needed_href(name: str, row: str | None, base: str) -> str:
    """Where a missing decision is made: on this page, or on the page for entering a fact."""
    if name.startswith("entry."):
        return f"{base}/facts?fact={name.removeprefix('entry.').rsplit('.', 1)[0]}"
    if name.startswith("conflict."):
        return "#decide-" + name.removeprefix("conflict.").rsplit(".", 1)[0].replace(".", "-")
    return f"#{row or field_id(name)}"


def _field_title(name: str, bench: Workbench) -> str:
    """Whose field it is, for the list of errors at the top."""
    for row in bench.draft.rows:
        if name.startswith(f"row.{row.id}."):
            return f"{row.title}, {name.rpartition('.')[2]}"
    for part in bench.three_way.both if bench.three_way is not None else ():
        if name == f"merge.{part.key}":
            return part.title
    return {"own": "Your own item"}.get(name.partition(".")[0], name.rpartition(".")[2].replace("_", " ").capitalize())


def _conflict(conflict: ConflictToSettle, form: Typed, errors: Mapping[str, str], bench: Workbench) -> ConflictView:
    name = f"conflict.{conflict.key}"
    choice = form.value(f"{name}.choice", conflict.choice or "")
    values = []
    for value in conflict.values:
        reference = value.sources[0].reference if value.sources else ""
        notes = other_notes(value)
        words = value_words(conflict.fact, value.value, value.extra) + (f", {notes}" if notes else "")
        values.append((Option(reference, words, choice == reference and bool(reference)), source_chip(value.sources)))
    if conflict.choice == ENTERED:
        values.append((Option(ENTERED, "The value that was entered by hand", choice == ENTERED), None))
    rests = (
        f"Rests on it: {join_words(conflict.rests_on_it)}." if conflict.rests_on_it else "Nothing accepted rests on it."
    )
    needed = next((n.words for n in bench.needed if n.field.startswith(name + ".") and n.blocks), "")
    error = errors.get(f"{name}.choice") or errors.get(f"{name}.reason") or ""
    tumor = f", tumor {conflict.cancer + 1}" if conflict.cancer else ""
    return ConflictView(
        id="decide-" + conflict.key.replace(".", "-"),
        name=name,
        fact=conflict.fact,
        title=fact_label(conflict.fact) + tumor,
        about=f"Final results disagree and neither replaces the other. {rests}",
        values=tuple(values),
        left_open=choice == "open",
        reason=form.value(f"{name}.reason", conflict.reason),
        error=error or needed[:1].upper() + needed[1:],
    )


def _concerns(chosen: Sequence[str]) -> tuple[Option, ...]:
    own = [text for text in chosen if text not in CONCERNS]
    return tuple(Option(text, text, text in chosen) for text in (*CONCERNS, *own))


def present_choices(
    draft: CarePlanDraft, sections: Sequence[ChosenParagraph], form: Typed
) -> tuple[EducationView, ...]:
    """All paragraphs for the patient in the clinician's order; those the rules hide can be added."""
    kept = {choice.paragraph: choice for choice in draft.education}
    rows = []
    for place, entry in enumerate(sections):
        paragraph = entry.paragraph
        if paragraph.audience != "patient":
            continue
        choice = kept.get(paragraph.id)
        name = f"education.{paragraph.id}"
        kept_shown = entry.shown if choice is None or choice.shown is None else choice.shown
        shown = form.checked(f"{name}.shown", f"{name}.order", kept_shown)
        marks = [] if paragraph.reviewed else ["not yet clinically reviewed"]
        marks += ["expired"] if entry.expired else []
        marks += ["part of “More to know”"] if paragraph.place == "more" else []
        rows.append(
            EducationView(
                name=name,
                id=paragraph.id,
                section=paragraph.section_title,
                title=paragraph.title,
                because=entry.because,
                shown=shown,
                order=place if choice is None or choice.order is None else choice.order,
                proposed="shown" if entry.shown else "hidden",
                marks=tuple(marks),
                is_first=False,
                is_last=False,
            )
        )
    rows.sort(key=lambda row: row.order)
    last = len(rows) - 1
    return tuple(replace(row, order=n, is_first=n == 0, is_last=n == last) for n, row in enumerate(rows))


def _entries(draft: CarePlanDraft, base: str) -> list[EntryView]:
    rows = []
    for entry in draft.entries:
        key = entry_key(entry)
        on = f", {date_words(entry.on)}" if entry.on else ""
        chosen = "chosen among conflicting results: " if entry.chosen_source else ""
        value = entry_title(entry) if entry.row else value_words(entry.name, entry.value, entry.extra)
        words = f"{chosen}{value}{on}"
        by = f"{entry.by}, {entry.at[:10]}{', from the saved plan' if entry.from_plan else ''}"
        rows.append(EntryView(key, fact_label(entry.name), words, by, entry.reason, f"{base}/facts?fact={key}"))
    return rows


def _diff(change: str, title: str, now: str | None, new: str | None) -> DiffView:
    signs = {"changed": ("~", "Changed"), "added": ("+", "Added"), "removed": ("−", "Removed"), "same": ("=", "Same")}
    sign, word = signs[change]
    return DiffView(sign, word, title, _with_owners(now or ""), _with_owners(new or ""), change)


def _with_owners(words: str) -> str:
    """Owners as a person reads them: `Dec 2026, primary care`."""
    return words.replace("primary-care", "primary care")


def _compared(plan: ExistingPlan | None) -> str:
    if plan is None:
        return "No plan of Aftercare is in the record: everything is new"
    version = f", version {plan.version_id}" if plan.version_id else ""
    on = f", {date_words(plan.created_on)}" if plan.created_on else ""
    return f"Compared with {plan.resource}{version}{on}"


def _ladder(ladder: WriteLadder) -> tuple[RungView, ...]:
    return tuple(
        RungView(rung.step, rung.title, rung.words, rung.state_words, rung.state is RungState.CHOSEN)
        for rung in ladder.rungs
    )


def other_plan_pair(plan: ExistingPlan, base: str) -> Pair:
    """A plan of another maker: shown, never touched."""
    maker = f" by {plan.maker}" if plan.maker else ""
    on = f", {date_words(plan.created_on)}" if plan.created_on else ""
    link = Link(f"{plan.resource} as read", f"{base}/resource/{plan.resource}") if not plan.is_document else None
    return Pair(plan.title or plan.resource, f"{plan.status}{maker}{on}", link)
