"""
The rule set for a person: every rule with its source, what it says for this patient, what is not reviewed or expires.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from smart_app.clinical.conditions import Condition
from smart_app.clinical.education import Paragraph
from smart_app.clinical.recommendations import Recommendation, RecommendationKind
from smart_app.clinical.rule_words import schedule_words
from smart_app.clinical.rules import FollowUpRule, Variant
from smart_app.web.presenters_page import Frame, Pair, Tag, due_tag
from smart_app.web.presenters_schedule import TraceLine, citation_words, trace_lines
from smart_app.web.presenters_words import date_words, owner_label, sentence_case

NOTICE_DAYS = 60
NEXT_SHOWN = 12

_KINDS: Mapping[RecommendationKind, str] = {
    RecommendationKind.SAFETY_ALERT: "Safety alerts",
    RecommendationKind.SURVEILLANCE: "Tests and visits",
    RecommendationKind.REVIEW: "Reviews of treatment",
    RecommendationKind.SUPPORTIVE: "Late effects and support",
    RecommendationKind.NOT_ADVISED: "Not advised without symptoms",
}


@dataclass(frozen=True, slots=True)
class RuleForPatient:
    """What a rule says about this patient: its tag, the reason, how it was decided, and what would change it."""

    tag: Tag
    side: str
    reason: str
    trace: tuple[TraceLine, ...]
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule of the set."""

    id: str
    title: str
    says: str
    about: tuple[Pair, ...]
    source: str
    strength: str
    mark: str
    review: str
    patient: tuple[RuleForPatient, ...]


@dataclass(frozen=True, slots=True)
class RuleGroup:
    """Rules of one kind."""

    id: str
    heading: str
    rows: tuple[RuleRow, ...]


@dataclass(frozen=True, slots=True)
class RulesPage:
    """Everything that `rules.html` shows."""

    frame: Frame
    version: str
    count: int
    not_reviewed: int
    groups: tuple[RuleGroup, ...]


@dataclass(frozen=True, slots=True)
class DueReview:
    """Content that waits for a clinician, or whose date comes near."""

    title: str
    file: str
    written: str
    expires: str
    expired: bool


@dataclass(frozen=True, slots=True)
class ReviewPage:
    """Everything that `rules_review.html` shows."""

    frame: Frame
    rules: tuple[DueReview, ...]
    texts: tuple[DueReview, ...]
    expiring: tuple[DueReview, ...]
    attributes: tuple[Pair, ...]


def present_rules(
    rules: Sequence[FollowUpRule], for_patient: Iterable[Recommendation], version: str, frame: Frame
) -> RulesPage:
    """The whole set; `for_patient` are fired and silent answers, empty out of scope."""
    answers: dict[str, list[Recommendation]] = {}
    for item in for_patient:
        answers.setdefault(item.rule, []).append(item)
    titles = {rule.id: rule.title for rule in rules}
    groups = []
    for kind, heading in _KINDS.items():
        rows = tuple(
            _rule_row(rule, answers.get(rule.id, []), titles, frame.base) for rule in rules if rule.kind is kind
        )
        if rows:
            groups.append(RuleGroup(kind.value, heading, rows))
    not_reviewed = sum(1 for rule in rules if not rule.reviewed)
    return RulesPage(frame, version, len(rules), not_reviewed, tuple(groups))


def _rule_row(rule: FollowUpRule, answers: Sequence[Recommendation], titles: Mapping[str, str], base: str) -> RuleRow:
    marks = {"V": "text read", "K": "general knowledge", "V/K": "part read, part general knowledge"}
    review = (
        f"Reviewed by {rule.reviewed_by} on {date_words(rule.reviewed_on)}"
        if rule.reviewed_on is not None and rule.reviewed_by
        else "Not yet clinically reviewed"
    )
    return RuleRow(
        id=rule.id,
        title=rule.title,
        says=rule.says,
        about=tuple(_about(rule, titles)),
        source=citation_words(rule.citation),
        strength=", ".join(part for part in (rule.citation.strength, rule.level) if part),
        mark=marks.get(rule.mark, rule.mark),
        review=f"{review}. Expires {date_words(rule.expires_on)}",
        patient=tuple(_for_patient(item, base) for item in answers),
    )


def _about(rule: FollowUpRule, titles: Mapping[str, str]) -> Iterator[Pair]:
    """Everything that the rule's file says and the columns do not."""
    yield from (Pair("Row", rule.row), Pair("Why", rule.why), Pair("Owner", owner_label(rule.owner)))
    applies = condition_words(rule.applies_when) if rule.applies_when is not None else "everyone in the scope of a plan"
    yield Pair("Applies to", f"{'each breast: ' if rule.per_breast else ''}{applies}")
    if rule.unless is not None:
        yield Pair("Unless", condition_words(rule.unless))
    if rule.yields_to:
        yield Pair("Gives way to", "; ".join(titles.get(name, name) for name in rule.yields_to))
    if rule.schedule is not None:
        yield Pair("When", sentence_case(schedule_words(rule.schedule)))
    where = " ".join(text for text in (rule.citation.recommendation, rule.citation.reference) if text)
    yield Pair("Source", f"{citation_words(rule.citation)}{', ' + where if where else ''}")
    yield from (Pair("Other guidance", text) for text in rule.conflicts)
    if rule.jurisdictions:
        yield Pair("Only in", ", ".join(place.upper() for place in rule.jurisdictions))
    yield from (Pair(f"In {place.upper()}", _variant_words(each)) for place, each in sorted(rule.variants.items()))
    yield Pair("Limits", rule.limits or "None stated")
    yield Pair("Version", f"{rule.version}, written by {rule.written_by} on {date_words(rule.written_on)}")


def _variant_words(variant: Variant) -> str:
    if variant.off:
        return "not used"
    when = schedule_words(variant.schedule) if variant.schedule is not None else "no date" if variant.undated else ""
    source = citation_words(variant.citation) if variant.citation is not None else ""
    return ". ".join(sentence_case(part.rstrip(".")) for part in (variant.says, when, source) if part)


def condition_words(condition: Condition) -> str:
    """A condition in one line, its own words where its file gives some."""
    joints = {"all": "; and ", "any": "; or ", "at-least": "; "}
    generic = condition.says in ("all of these", "any of these") or condition.says.startswith("at least ")
    if not condition.parts or condition.kind == "not" or not generic:
        return condition.says
    words = joints.get(condition.kind, "; ").join(condition_words(part) for part in condition.parts)
    lead = f"{condition.says}: " if condition.kind == "at-least" else ""
    return f"{lead}({words})" if len(condition.parts) > 1 else words


def _for_patient(item: Recommendation, base: str) -> RuleForPatient:
    tag = due_tag(item.status, item.kind) if item.fired else Tag("not-advised", "Does not apply")
    side = {"left": "left", "right": "right", "both": "both sides"}.get(item.side or "", "")
    reason = sentence_case(item.reason.removeprefix("does not apply: "))
    return RuleForPatient(tag, side, reason, tuple(trace_lines(item.trace, base)), item.would_change)


def present_review(
    rules: Sequence[FollowUpRule], texts: Sequence[Paragraph], today: date, version: str, frame: Frame
) -> ReviewPage:
    """What waits for a clinician's review, what has expired or soon will, and where the decision support comes from."""
    waiting = tuple(_due_rule(rule, today) for rule in rules if not rule.reviewed)
    unread = tuple(_due_text(text, today) for text in texts if not text.reviewed)
    horizon = today + timedelta(days=NOTICE_DAYS)
    dated = [(rule.expires_on, _due_rule(rule, today)) for rule in rules]
    dated.extend((text.expires_on, _due_text(text, today)) for text in texts)
    dated.sort(key=lambda pair: (pair[0], pair[1].file))
    near = sum(1 for day, _ in dated if day <= horizon)
    rows = tuple(row for _, row in dated[: max(near, NEXT_SHOWN)])
    return ReviewPage(frame, waiting, unread, rows, source_attributes(rules, texts, version))


def _due_rule(rule: FollowUpRule, today: date) -> DueReview:
    return DueReview(
        rule.title, f"rule {rule.id}", date_words(rule.written_on), date_words(rule.expires_on), rule.expires_on < today
    )


def _due_text(text: Paragraph, today: date) -> DueReview:
    name = f"text {text.id} ({text.language})"
    return DueReview(text.title, name, date_words(text.written_on), date_words(text.expires_on), text.expired(today))


def source_attributes(rules: Sequence[FollowUpRule], texts: Sequence[Paragraph], version: str) -> tuple[Pair, ...]:
    """The source attributes that ONC HTI-1 asks of evidence-based decision support, 45 CFR 170.315(b)(11)."""
    guidelines = sorted({citation_words(rule.citation) for rule in rules})
    reviewed = sum(1 for rule in rules if rule.reviewed)
    newest = max((rule.written_on for rule in rules), default=None)
    return (
        Pair("Name and developer", f"Aftercare, rule set {version}, by the Aftercare project"),
        Pair("Funding", "None from makers of drugs, tests or devices; no rule or text was paid for"),
        Pair(
            "Output",
            "Options for follow-up with dates and reasons, texts for the patient, a draft plan. Never an order",
        ),
        Pair("Intended use", "To prepare a survivorship care plan that a clinician checks and signs"),
        Pair("Intended users", "Clinicians who care for people after breast cancer treatment"),
        Pair("Intended patients", "Adults after curative treatment of breast cancer, stage 0 to III, women and men"),
        Pair("Not for", "Metastatic disease, LCIS alone, choice of cancer treatment, emergencies, people under 18"),
        Pair(
            "Evidence",
            f"{len(rules)} rules from {len(guidelines)} guidelines and labels: {'; '.join(guidelines)}",
        ),
        Pair(
            "Process", "Conditions over documented facts, three-valued; each rule has worked examples that are tested"
        ),
        Pair("Use of race, ethnicity, language, orientation, gender identity, social needs", "None in any rule"),
        Pair("Use of sex and age", "Administrative sex, birth date: where a guideline names them"),
        Pair("Validation", "Tests only: worked examples, a second implementation, made-up charts. None in care yet"),
        Pair("Clinical review", f"{reviewed} of {len(rules)} rules reviewed by a named clinician"),
        Pair("Last change", date_words(newest) if newest else "not known"),
        Pair("Updates", "Each rule and text has a date on which it expires; drug texts 6 months, news 12 months"),
        Pair(
            "Known limits", "Does not see care given elsewhere; depends on what the record holds and what could be read"
        ),
        Pair("Texts", f"{len(texts)} paragraphs, each with version, sources, date and state of review"),
    )
