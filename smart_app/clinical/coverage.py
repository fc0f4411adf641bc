"""
How much of the record was read, in words: what was not, why, and which advice that leaves open. Pure.

Said in the same words on every page and paper: a search that failed must never look like "none" (hazard H10).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from smart_app.clinical.facts import PatientRecord, Search, SearchState
from smart_app.clinical.recommendations import DueStatus, Recommendation

TITLES: Mapping[str, str] = {
    "document": "documents",
    "diagnostic-report": "diagnostic reports",
    "medication-request": "medication orders",
    "observation": "observations (results)",
    "condition": "diagnoses",
    "procedure": "procedures",
    "imaging-study": "imaging studies",
    "medication-statement": "medication statements",
    "medication-administration": "medication administrations",
    "family-history": "family history",
    "immunization": "immunizations",
    "care-plan": "care plans",
    "goal": "goals",
    "care-team": "care teams",
    "encounter": "encounters",
    "file": "the file",
}
STATES: Mapping[SearchState, str] = {
    SearchState.COMPLETE: "complete",
    SearchState.EMPTY: "complete, empty",
    SearchState.TRUNCATED: "read in part only",
    SearchState.FAILED: "failed",
    SearchState.NOT_PERMITTED: "not permitted",
    SearchState.NOT_OFFERED: "this EHR does not offer it",
}
_SHOWN = 5
# What the patient's own list of cancer and treatment rests on.
_PATIENTS_STORY = ("cancer_kind", "surgery", "axillary_surgery", "radiation", "systemic")


@dataclass(frozen=True, slots=True)
class Affected:
    """
    Titles of the advice that a broken search leaves open, in the order given.

    `open`: a fact that it needs may stand there. `outdated`: it counts from a date, and a later one may stand there.
    """

    open: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()


def search_title(search: Search) -> str:
    """A search in the words of a sentence: `medication orders`."""
    return TITLES.get(search.name, search.name.replace("-", " "))


def unread_searches(record: PatientRecord) -> tuple[Search, ...]:
    """
    The searches that left something unknown.

    A type that the EHR does not have, and whose facts other searches hold, leaves nothing unknown.
    """
    return tuple(
        search
        for search in record.searches
        if not search.whole and (search.supplies or search.state is not SearchState.NOT_OFFERED)
    )


def affected_by(searches: Sequence[Search], recommendations: Iterable[Recommendation]) -> Affected:
    """The advice that waits for these searches, or whose last date may be older than the record's."""
    names = {name for search in searches if not search.whole for name in search.supplies}
    left_open: dict[str, None] = {}
    outdated: dict[str, None] = {}
    for item in recommendations:
        if not item.fired:
            continue
        if item.status is DueStatus.CANNOT_TELL and names.intersection(item.missing):
            left_open[item.title] = None
        elif item.last_done is not None and item.due is not None:
            last = str(item.last_done)
            if any(reason.fact in names and str(reason.value) == last for reason in item.because):
                outdated[item.title] = None
    return Affected(tuple(left_open), tuple(outdated))


def unread_words(record: PatientRecord) -> str:
    """`Not read in full: diagnoses (not permitted), procedures (failed).`; empty where all was read."""
    told = [f"{search_title(search)} ({STATES[search.state]})" for search in unread_searches(record)]
    return f"Not read in full: {some_of(told)}." if told else ""


def some_of(texts: Sequence[str], most: int = _SHOWN) -> str:
    """The first of a list and how many more: a warning is read, a list of ninety is not."""
    more = len(texts) - most
    return "; ".join(texts if more <= 1 else [*texts[:most], f"and {more} more"])


def story_is_whole(record: PatientRecord) -> bool:
    """Whether everything was read that the patient's own list of cancer and treatment rests on."""
    return all(map(record.was_read, _PATIENTS_STORY))
