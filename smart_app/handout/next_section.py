"""
"What comes next": the calendar of the next 24 months, in the patient's words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.plan import CarePlanDraft, Decision
from smart_app.clinical.recommendations import Recommendation, RecommendationKind
from smart_app.handout.blocks import CalendarEntry, CalendarMonth, NextSection
from smart_app.handout.messages import Words
from smart_app.handout.occurrences import Occurrence
from smart_app.handout.selection import clean_text, lower_first

MONTHS = 24
ASKED = (
    "fatigue", "pain", "distress-screening", "cognition", "neuropathy", "lymphedema", "menopausal-symptoms",
    "sexual-health", "fertility-contraception", "bone-health", "cardiac-risk", "weight", "tobacco",
)  # fmt: skip


def topic_words(entry: Occurrence, words: Words) -> str:
    """What a patient calls it: `Mammogram, both breasts`; the clinician's own title for an item of theirs."""
    if entry.title is not None:
        return clean_text(entry.title)
    own = f"rule.{entry.row.partition('--')[0]}"
    if words.has(own):
        what = words.say(own)
    elif entry.topic in ASKED:
        what = words.say("topic-talk", what=words.say(f"topic.{entry.topic}"))
    elif words.has(f"topic.{entry.topic}"):
        what = words.say(f"topic.{entry.topic}")
    else:
        # A matter between clinicians, such as a safety alert, to which the clinician gave a date: the patient comes in.
        what = words.say("topic.clinic-visit")
    if entry.side in ("left", "right", "both"):
        return words.say("topic-side", what=what, side=words.say(f"side.{entry.side}"))
    return what


def owner_words(owner: str, words: Words) -> str:
    """Who does it, in the words of the patient; as written where the clinician named somebody."""
    key = f"owner.{owner.strip().lower().replace(' ', '-')}"
    return words.say(key) if words.has(key) else owner


def next_section(
    recommendations: tuple[Recommendation, ...],
    draft: CarePlanDraft | None,
    occurrences: tuple[Occurrence, ...],
    today: date,
    words: Words,
) -> NextSection:
    """The section of what comes next: overdue items, the calendar of 24 months, what is asked at each visit."""
    late = sorted((entry for entry in occurrences if entry.late), key=lambda entry: entry.due.earliest)
    placed: dict[str, list[CalendarEntry]] = {}
    in_year: dict[int, list[str]] = {}
    for entry in occurrences:
        what = topic_words(entry, words)
        if entry.on.month is None:
            in_year.setdefault(entry.on.year, []).append(what)
            continue
        who = owner_words(entry.owner, words)
        who = ". ".join([who, *_more_words(entry, words)]) if entry.late or entry.every else who
        placed.setdefault(str(entry.on.to_month()), []).append(CalendarEntry(what, who))
    first = PartialDate(today.year, today.month)
    months = []
    for index in range(MONTHS):
        month = first.add_months(index)
        months.append(CalendarMonth(str(month), words.month(month), _counted(placed.get(str(month), ()), words)))
    after = [words.say("next.in-year", year=year, what=words.listed(whats)) for year, whats in sorted(in_year.items())]
    if any(entry.every for entry in occurrences):
        after.append(words.say("next.as-long"))
    if topics := _asked_at_visits(recommendations, draft, words):
        after.append(words.say("next.each-visit", topics=words.listed(topics)))
    if occurrences:
        after.append(words.say("next.after"))
    return NextSection(
        title=words.say("next.title"),
        late=tuple(
            words.say("next.late", what=lower_first(topic_words(entry, words)), month=words.month(entry.due))
            for entry in late
        ),
        ask=words.say("next.late-ask") if late else "",
        lead=words.say("next.lead") if occurrences else words.say("next.none"),
        months=tuple(months),
        after=tuple(after),
    )


def _counted(entries: Iterable[CalendarEntry], words: Words) -> tuple[CalendarEntry, ...]:
    """The same test twice in a month is one entry with its number."""
    counts = Counter(entries)
    return tuple(
        entry if number == 1 else replace(entry, what=words.say("next.times", what=entry.what, count=number))
        for entry, number in counts.items()
    )


def _more_words(entry: Occurrence, words: Words) -> list[str]:
    late = [words.say("next.book-now")] if entry.late else []
    return [*(text.rstrip(".") for text in late), words.count("next.then-every", entry.every)] if entry.every else late


def _asked_at_visits(
    recommendations: tuple[Recommendation, ...], draft: CarePlanDraft | None, words: Words
) -> tuple[str, ...]:
    """Topics without a date that are asked about at visits, in a fixed order."""
    if draft is not None:
        topics = {
            row.topic
            for row in draft.rows
            if row.decision is Decision.ACCEPT and row.due is None and not row.not_advised
        }
    else:
        topics = {
            entry.topic
            for entry in recommendations
            if entry.fired and entry.due is None and entry.kind is RecommendationKind.SUPPORTIVE
        }
    return tuple(words.say(f"topic.{topic}") for topic in ASKED if topic in topics)
