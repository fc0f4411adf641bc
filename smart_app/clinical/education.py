"""
Education paragraphs: what may be said to a patient, and which of it fits this patient, with the reason.

Facts only choose and fill; every sentence stands in a file with its source and its state of review.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

from smart_app.clinical.conditions import Condition, evaluate
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.feature_vocabulary import label_of, word_of
from smart_app.clinical.plan import EducationChoice
from smart_app.clinical.recommendations import ConditionTrace, Truth

if TYPE_CHECKING:
    from smart_app.clinical.facts import PatientRecord
    from smart_app.clinical.features import Features

LIFE_MONTHS = {"news": 12, "drug": 6, "text": 24}
GENERAL = "general"
_FACTS = {
    "systemic": "cancer drug",
    "cancer_kind": "type of cancer",
    "nodes_positive": "positive lymph nodes",
    "laterality": "side of the cancer",
    "t": "T category",
    "n": "N category",
    "m": "M category",
    "axillary_surgery": "operation on the armpit",
    "surgery": "operation",
}


@dataclass(frozen=True, slots=True)
class Trace:
    """
    The line that a sentence rests on.

    `page` is education, rules, updates, or `general` for general knowledge; `row` a section or a row id.
    `mark`: V verified in a published text, K from knowledge, `-` unmarked.
    """

    page: str
    row: str
    mark: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence (or a few that belong together) with its traces."""

    text: str
    traces: tuple[Trace, ...]
    line: int = 0

    @property
    def general(self) -> bool:
        """Whether it rests on general knowledge alone, and so stays off paper until it is reviewed."""
        return all(trace.page == GENERAL for trace in self.traces)


@dataclass(frozen=True, slots=True)
class Block:
    """A plain paragraph, or one item of a list."""

    item: bool
    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        """All sentences as one line."""
        return " ".join(sentence.text for sentence in self.sentences)


@dataclass(frozen=True, slots=True)
class EducationSource:
    """A guideline, label or paper with its year; `read_on` says when it was read for this text, `mark` V or K."""

    title: str
    year: int
    mark: str
    reference: str = ""
    read_on: date | None = None


@dataclass(frozen=True, slots=True)
class Paragraph:
    """
    One paragraph of an education section, in one language.

    `shown_when` None means everyone. `when_unknown`: show, hide or ask (show with "ask your team"). `place` is where
    the handout prints it: more (the optional part), short, medicine, signs-urgent, signs-same-day, signs-soon, can-do,
    support, questions, words, or none for the clinician's page alone. `opt_in`: off until the clinician turns it on.
    `scope`: only for a record outside the scope with this reason. `unless_planned`: not on paper where the plan has a
    date for this rule topic. `translation_reviewed` is True for English.
    """

    id: str
    version: str
    language: str
    section: str
    section_title: str
    section_order: int
    order: int
    title: str
    blocks: tuple[Block, ...]
    shown_when: Condition | None
    sources: tuple[EducationSource, ...]
    written_on: date
    reviewed_by: str | None
    reviewed_on: date | None
    expires_on: date
    kind: str = "text"
    audience: str = "patient"
    place: str = "more"
    when_unknown: str = "hide"
    opt_in: bool = False
    scope: str | None = None
    unless_planned: str | None = None
    translation_reviewed: bool = True
    file: str = ""
    line: int = 0

    @property
    def reviewed(self) -> bool:
        """Whether a clinician has reviewed this text, and its translation if it is one."""
        return self.reviewed_on is not None and self.translation_reviewed

    @property
    def text(self) -> str:
        """The whole text, one block a line."""
        return "\n".join(block.text for block in self.blocks)

    def expired(self, as_of: date) -> bool:
        """Whether its date has passed."""
        return self.expires_on < as_of

    def for_paper(self) -> tuple[Block, ...]:
        """
        The blocks that may be printed: sentences of general knowledge are left off until reviewed.

        A paragraph that begins with one is left off whole, because the rest would not answer its heading.
        """
        if self.reviewed_on is not None:
            return self.blocks
        if self.blocks[0].sentences[0].general:
            return ()
        kept = (replace(block, sentences=tuple(s for s in block.sentences if not s.general)) for block in self.blocks)
        return tuple(block for block in kept if block.sentences)


def last_day(kind: str, written_on: date, reviewed_on: date | None) -> date:
    """The latest date on which a paragraph of this kind may expire: counted from the review, else from writing."""
    return PartialDate.from_date(reviewed_on or written_on).add_months(LIFE_MONTHS[kind]).latest


@dataclass(frozen=True, slots=True)
class ChosenParagraph:
    """
    A paragraph with the answer whether it is shown to this patient, and why.

    `reason` is a clause after "shown because" or "not shown because". `ask`: a fact is missing, so it is shown with
    "ask your team". `by_clinician`: the answer is the clinician's, not the rule's. `addable` is False where documented
    facts contradict it: a choice made before they changed then has no effect.
    """

    paragraph: Paragraph
    shown: bool
    reason: str
    ask: bool = False
    expired: bool = False
    by_clinician: bool = False
    trace: ConditionTrace | None = None
    addable: bool = True

    @property
    def because(self) -> str:
        """The whole phrase, as the clinician's page prints it."""
        return f"{'shown' if self.shown else 'not shown'} because {self.reason}"


def choose_paragraphs(
    paragraphs: Iterable[Paragraph],
    features: Features,
    record: PatientRecord,
    as_of: date,
    *,
    language: str = "en",
    include_hidden: bool = False,
) -> tuple[ChosenParagraph, ...]:
    """
    Which paragraphs of one language fit this patient, in the order of the sections, each with the reason.

    Works with unknown facts: a paragraph says for itself whether it is then shown, hidden, or shown with "ask your
    team". Outside the scope only the paragraphs written for that reason are given. News that has expired is hidden.

    Args:
        include_hidden: also those not shown that the clinician may add: wanted only on request, or not contradicted by
            what is known.
    """
    ordered = sorted(
        (paragraph for paragraph in paragraphs if paragraph.language == language),
        key=lambda paragraph: (paragraph.section_order, paragraph.order),
    )
    chosen = (_choose(paragraph, features, record, as_of) for paragraph in ordered)
    return tuple(entry for entry in chosen if entry.shown or (include_hidden and entry.addable))


def _choose(paragraph: Paragraph, features: Features, record: PatientRecord, as_of: date) -> ChosenParagraph:
    expired = paragraph.expired(as_of)
    if not record.scope.applies or paragraph.scope is not None:
        fits = not record.scope.applies and paragraph.scope in record.scope.reasons
        reason = "of what the record says about the scope of this plan"
        return ChosenParagraph(paragraph, fits, reason, expired=expired, addable=fits)
    if paragraph.kind == "news" and expired:
        return ChosenParagraph(paragraph, False, f"the news expired on {paragraph.expires_on}", expired=True)
    trace = evaluate(paragraph.shown_when, features) if paragraph.shown_when is not None else None
    if trace is None:
        shown, ask, reason = True, False, "it is for everyone"
    elif trace.truth is Truth.UNKNOWN:
        shown, ask = paragraph.when_unknown != "hide", paragraph.when_unknown == "ask"
        reason = f"not known: {', '.join(label_of(name) for name in trace.missing)}" if trace.missing else trace.says
    else:
        shown, ask, reason = trace.truth is Truth.TRUE, False, reason_words(trace)
    if paragraph.opt_in and shown:
        shown, reason = False, f"it is shown only when the clinician adds it (it fits: {reason})"
    addable = trace is None or trace.truth is not Truth.FALSE
    return ChosenParagraph(paragraph, shown, reason, ask=ask, expired=expired, trace=trace, addable=addable)


def reason_words(trace: ConditionTrace) -> str:
    """The facts that decided, as a short clause; the condition's own words where no fact is named."""
    told: dict[str, str] = {}
    for because in trace.because:
        value = because.value
        if isinstance(value, bool):
            value = "yes" if value else "no"
        elif isinstance(value, (list, tuple)):
            value = ", ".join(str(part) for part in value)
        told.setdefault(_FACTS.get(because.fact) or label_of(because.fact), word_of(value))
    return "; ".join(f"{fact}: {value}" for fact, value in told.items()) or trace.says


def apply_choices(
    chosen: Iterable[ChosenParagraph], choices: Iterable[EducationChoice], *, include_hidden: bool = False
) -> tuple[ChosenParagraph, ...]:
    """
    The clinician's choices over those of the rules: hide, add, reorder.

    Args:
        chosen: with hidden ones, else a paragraph that the clinician added cannot be found.
        choices: of any paragraphs; one that no longer exists, or that documented facts contradict, is passed over.
    """
    wanted = {choice.paragraph: choice for choice in choices}
    placed = []
    for position, entry in enumerate(chosen):
        choice = wanted.get(entry.paragraph.id)
        order = position
        if choice is not None:
            order = position if choice.order is None else choice.order
            if choice.shown not in (None, entry.shown) and (entry.addable or not choice.shown):
                reason = "the clinician added it" if choice.shown else "the clinician left it out"
                entry = replace(entry, shown=bool(choice.shown), reason=reason, by_clinician=True)
        placed.append((order, position, entry))
    placed.sort(key=lambda row: row[:2])
    return tuple(entry for _, _, entry in placed if entry.shown or include_hidden)


def shown_titles(
    shown: Iterable[ChosenParagraph], hidden: Iterable[ChosenParagraph], choices: Iterable[EducationChoice]
) -> tuple[str, ...]:
    """Titles of the patient's paragraphs in the order in which they are printed, after the clinician's choices."""
    every = sorted((*shown, *hidden), key=lambda entry: (entry.paragraph.section_order, entry.paragraph.order))
    chosen = apply_choices(every, choices)
    return tuple(entry.paragraph.title for entry in chosen if entry.paragraph.audience == "patient")
