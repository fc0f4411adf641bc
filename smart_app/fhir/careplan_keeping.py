"""
What others wrote into our plan stays in it: parts that this product has no field for are carried over, never rebuilt
away. Pure.

Ours are the parts that we would write now or wrote last time; everything else in the record is somebody else's.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from smart_app.clinical.plan_facts import parse_display
from smart_app.fhir import resources
from smart_app.fhir.careplan_reading import is_link, is_own, item_id, read_row
from smart_app.fhir.comparison import narrative_text, relative_reference
from smart_app.fhir.narrative import TITLE

_DECLINED = ("cancelled", "stopped")
_SCHEDULES = ("scheduledTiming", "scheduledPeriod", "scheduledString")
_WORDS_OF_ITEM = {"description": "description", "reasonCode": "reason"}
_SHORT, _LONG, _WORDS_COMPARED = 300, 600, 2000
_LIST_WORDS = {
    "instantiatesCanonical": "protocol",
    "replaces": "replaced plan",
    "category": "category",
    "addresses": "condition",
    "supportingInfo": "reference to the record",
    "careTeam": "care team",
    "goal": "goal",
}


@dataclass(frozen=True, slots=True)
class Rewritten:
    """Words in the record that saving replaces although another hand may have written them."""

    title: str
    stands: str
    new: str


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """
    The plan to write, and in words what of it others wrote (`title`, `2 conditions`, `item "Wig fitting"`).

    `rewritten` are words of the record that are not known to be ours and do not stay.
    """

    plan: dict[str, Any]
    kept: tuple[str, ...] = ()
    rewritten: tuple[Rewritten, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """The sentences for the receipt; none where nobody else wrote anything."""
        kept = (f"Kept as others wrote it in the record: {', '.join(self.kept)}.",) if self.kept else ()
        parts = ", ".join(part.title for part in self.rewritten)
        words = f"Written anew over what was perhaps another hand's: {parts}. The earlier version is in the chart."
        return (*kept, words) if self.rewritten else kept


def keep_others(
    plan: Mapping[str, Any],
    stored: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
    *,
    words: Mapping[str, str] | None = None,
    taken_out: Iterable[str] = (),
) -> KeptPlan:
    """
    Our plan, with what others wrote into the one that stands in the record.

    Args:
        plan: as this product would write it now.
        stored: as it stands in the record.
        before: as this product wrote it last, without what others had written; None where that is not known.
        words: digests of the words that this product wrote last (`word_digests`); None where that is not known.
        taken_out: references of goals that the clinician took out.
    """
    result, kept = dict(plan), []
    earlier = before or {}
    for name, called in _LIST_WORDS.items():
        out = set(taken_out) if name == "goal" else set()
        theirs = _theirs(name, plan, stored, earlier, out)
        if theirs:
            result[name] = [*resources.as_list(plan.get(name)), *theirs]
            kept.append(f"{len(theirs)} {called}{'' if len(theirs) == 1 else 's'}")
    title = resources.text(stored.get("title"))
    if title and title not in (TITLE, earlier.get("title")):
        result["title"] = title
        kept.append(f"title “{title}”")
    notes = _notes(resources.objects(plan.get("note")), resources.objects(stored.get("note")))
    if notes:
        result["note"] = notes
        kept += _notes_of_others(notes, resources.objects(plan.get("note")), resources.objects(earlier.get("note")))
    activities, items = _activities(plan, stored, earlier, words or {})
    if activities:
        result["activity"] = activities
    marks = kept_meta(stored)
    if marks:
        result["meta"] = marks
    contained = _still_named(resources.objects(stored.get("contained")), result)
    if contained:
        result["contained"] = contained
    return KeptPlan(result, (*kept, *items), tuple(_rewritten(result, stored, words)))


def word_digests(plan: Mapping[str, Any]) -> dict[str, str]:
    """Digests of the words of a plan that another hand may change in place: its text, and each item's own."""
    return {
        name: hashlib.sha256(text.encode("utf-8", "replace")).hexdigest() for name, (_, text) in _said(plan).items()
    }


def _said(plan: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """(title, words) by part: the narrative, descriptions and reasons of our items."""
    narrative = plan.get("text")
    div = resources.text(narrative.get("div")) if isinstance(narrative, Mapping) else None
    said = {"text": ("Text of the plan", narrative_text(div))} if div else {}
    for activity in resources.objects(plan.get("activity")):
        detail = activity.get("detail")
        if not isinstance(detail, dict) or not is_own(activity):
            continue
        title = (resources.words(detail.get("code")) or [item_id(activity)])[0]
        for name, called in _WORDS_OF_ITEM.items():
            words = (
                [detail.get(name)]
                if name == "description"
                else [word for reason in resources.as_list(detail.get(name)) for word in resources.words(reason)[:1]]
            )
            said[f"{item_id(activity)}.{name}"] = (f"{title}: {called}", "; ".join(w for w in words if w))
    return {key: value for key, value in said.items() if value[1]}


def _rewritten(
    plan: Mapping[str, Any], stored: Mapping[str, Any], words: Mapping[str, str] | None
) -> Iterator[Rewritten]:
    """What stands in other words, is not known to be ours, and goes."""
    digests, now = word_digests(stored), _said(plan)
    for name, (title, stands) in _said(stored).items():
        ours = words is not None and words.get(name) == digests[name]
        new = now[name][1] if name in now else ""
        if not ours and new != stands:
            yield Rewritten(title, *_apart(stands, new))


def changed_words(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Rewritten, ...]:
    """Words of a plan that changed in the record between two looks; `stands` as before, `new` as now."""
    was, is_now = _said(before), _said(now)
    names = dict.fromkeys((*was, *is_now))
    pairs = [(was.get(name, ("", "")), is_now.get(name, ("", ""))) for name in names]
    return tuple(Rewritten(old[0] or new[0], *_apart(old[1], new[1])) for old, new in pairs if old[1] != new[1])


def _apart(first: str, second: str) -> tuple[str, str]:
    """Two texts as they are, or of long ones the words in which they differ."""
    if max(len(first), len(second)) <= _SHORT:
        return first, second
    one, two = first.split()[:_WORDS_COMPARED], second.split()[:_WORDS_COMPARED]
    spans = [span for span in SequenceMatcher(None, one, two, autojunk=False).get_opcodes() if span[0] != "equal"]
    return (
        " … ".join(" ".join(one[a:b]) for _, a, b, _, _ in spans if b > a)[:_LONG],
        " … ".join(" ".join(two[c:d]) for _, _, _, c, d in spans if d > c)[:_LONG],
    )


def kept_meta(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Security labels and tags: some servers take an update without them as their removal."""
    meta = stored.get("meta")
    found = meta.items() if isinstance(meta, Mapping) else ()
    return {name: value for name, value in found if name in ("security", "tag") and value}


def _theirs(
    name: str, plan: Mapping[str, Any], stored: Mapping[str, Any], before: Mapping[str, Any], out: set[str]
) -> list[Any]:
    """Members of a list that are neither in what we write nor in what we wrote."""
    known = {_key(entry) for source in (plan, before) for entry in resources.as_list(source.get(name))} | out
    found = {_key(entry): entry for entry in resources.as_list(stored.get(name))}
    return [
        entry for key, entry in found.items() if key not in known and not (name == "supportingInfo" and _is_fact(entry))
    ]


def _key(entry: Any) -> str:
    """What makes two members the same one, whatever a server added to them."""
    if isinstance(entry, str):
        return resources.canonical(entry)
    reference = entry.get("reference") if isinstance(entry, Mapping) else None
    if isinstance(reference, str):
        return relative_reference(reference)
    codes = sorted(f"{coding.system}|{coding.code}" for coding in resources.codings(entry))
    return " ".join(codes) or json.dumps(entry, sort_keys=True, default=str)


def _is_fact(entry: Any) -> bool:
    """A fact that an earlier version of the plan rested on: it is in our words."""
    reference, display = resources.reference(entry), resources.text(entry.get("display"))
    return bool(reference and display and parse_display(reference, display))


def _notes(ours: list[dict[str, Any]], stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """
    Annotations: one that stands already keeps its author and time.

    The workbench shows notes of several people as one text; each part of it that nobody changed is theirs still.
    """
    found: list[dict[str, Any]] = []
    for note in ours:
        rest = resources.text(note.get("text")) or ""
        for earlier in stored:
            left = _without(rest, resources.text(earlier.get("text")) or "")
            if left is not None:
                found.append(earlier)
                rest = left
        if rest.strip():
            found.append({**note, "text": rest})
    return found


def _notes_of_others(
    notes: list[dict[str, Any]], ours: list[dict[str, Any]], before: list[dict[str, Any]]
) -> list[str]:
    """How many notes stand as somebody else wrote them: neither written now nor with the last save."""
    known = {resources.text(note.get("text")) for note in before} if before else None
    others = sum(note not in ours and known is not None and note.get("text") not in known for note in notes)
    return [f"{others} note{'' if others == 1 else 's'}"] if others else []


def _without(whole: str, part: str) -> str | None:
    """A text without whole lines of it; None where it does not hold them."""
    lines, wanted = whole.split("\n"), part.split("\n")
    if not part.strip():
        return None
    for start in range(len(lines) - len(wanted) + 1):
        if lines[start : start + len(wanted)] == wanted:
            return "\n".join(lines[:start] + lines[start + len(wanted) :])
    return None


def _activities(
    plan: Mapping[str, Any], stored: Mapping[str, Any], before: Mapping[str, Any], words: Mapping[str, str]
) -> tuple[list[dict[str, Any]], list[str]]:
    standing = {item_id(activity): activity for activity in resources.objects(stored.get("activity"))}
    written = {item_id(activity): activity for activity in resources.objects(before.get("activity"))}
    found, kept = [], []
    digests = word_digests(stored)
    for activity in resources.objects(plan.get("activity")):
        name = item_id(activity)
        others = {
            part for part in _WORDS_OF_ITEM if (key := f"{name}.{part}") in words and digests.get(key) != words[key]
        }
        theirs = standing.get(name)
        if theirs is None:
            found.append(activity)
            continue
        merged = _activity(activity, theirs, others)
        found.append(merged)
        if merged != activity and (others or _foreign(theirs, written.get(name))):
            kept.append(f"parts of “{activity['detail']['code'].get('text', name)}”")
    links = [activity for activity in resources.objects(stored.get("activity")) if is_link(activity)]
    kept += [f"item “{resources.first_display(entry['reference']) or _key(entry['reference'])}”" for entry in links]
    return [*found, *links], kept


def _foreign(stored: Mapping[str, Any], written: Mapping[str, Any] | None) -> bool:
    """Whether somebody else changed an item since we wrote it; where that is not known, nothing is claimed."""
    if written is None:
        return False
    then, now = written.get("detail", {}), stored.get("detail", {})
    return set(stored) - set(written) - {"id"} != set() or any(
        key not in then or (isinstance(value, str) and value != then[key]) for key, value in now.items()
    )


def _activity(ours: dict[str, Any], stored: dict[str, Any], others: set[str]) -> dict[str, Any]:
    """
    One item: ours, with the parts that have no field here, and theirs wherever both say the same.

    Args:
        others: words of the item that another hand changed since we wrote it.
    """
    if not is_own(stored):
        return _item_of_others(ours, stored)
    now, then = dict(ours["detail"]), stored.get("detail", {})
    row, was = read_row(ours), read_row(stored)
    same_dates = (
        row is not None and was is not None and (row.due, row.interval_months) == (was.due, was.interval_months)
    )
    if same_dates:
        now = {key: value for key, value in now.items() if key not in _SCHEDULES}
        now |= {key: then[key] for key in _SCHEDULES if key in then}
    if row is not None and was is not None and row.owner == was.owner and "performer" in then:
        now["performer"] = then["performer"]
    status = resources.text(then.get("status"))
    declined = now["status"] in _DECLINED
    if status and (status in _DECLINED) == declined and (declined or same_dates):
        # In progress, completed, booked: what the team did with the item is theirs to say.
        now["status"] = status
        if not declined and "statusReason" in then:
            now["statusReason"] = then["statusReason"]
    now |= {name: then[name] for name in others if name in then}
    own = {_key({"coding": [coding]}) for coding in now["code"]["coding"]}
    codings = resources.objects(then.get("code", {}).get("coding")) if isinstance(then.get("code"), dict) else []
    extra = [coding for coding in codings if _key({"coding": [coding]}) not in own]
    if extra:
        now["code"] = {**now["code"], "coding": [*now["code"]["coding"], *extra]}
    ours_alone = {"statusReason", "doNotPerform", "performer", "reasonReference", "reasonCode", "description"}
    now |= {key: value for key, value in then.items() if key not in now and key not in {*_SCHEDULES, *ours_alone}}
    result = {**{key: value for key, value in stored.items() if key not in ours and key != "progress"}, **ours}
    progress = _notes(resources.objects(ours.get("progress")), resources.objects(stored.get("progress")))
    if progress:
        result["progress"] = progress
    return {**result, "detail": now}


def _item_of_others(ours: dict[str, Any], stored: dict[str, Any]) -> dict[str, Any]:
    """An item that somebody else put into the plan: as it stands, but for what the clinician changed in its row."""
    row, was = read_row(ours), read_row(stored)
    if row is None or was is None:
        return stored
    now, then = ours["detail"], dict(stored["detail"])
    if (row.due, row.interval_months) != (was.due, was.interval_months):
        then = {key: value for key, value in then.items() if key not in _SCHEDULES}
        then |= {key: now[key] for key in _SCHEDULES if key in now}
    if row.title != was.title:
        then["code"] = {**then.get("code", {}), "text": row.title}
    if row.owner != was.owner:
        then["performer"] = now.get("performer", [])
    if (row.decision, row.reason) != (was.decision, was.reason):
        then |= {key: now[key] for key in ("status", "statusReason") if key in now}
    result = {**stored, "detail": {key: value for key, value in then.items() if value != []}}
    if row.note != was.note:
        result["progress"] = _notes(resources.objects(ours.get("progress")), resources.objects(stored.get("progress")))
    return {key: value for key, value in result.items() if value != []}


def _still_named(contained: list[dict[str, Any]], plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Contained resources that something in the plan still refers to: others have no place in a resource."""
    found: list[dict[str, Any]] = []
    text = json.dumps({key: value for key, value in plan.items() if key != "contained"}, default=str)
    waiting = list(contained)
    while named := [entry for entry in waiting if f'"#{entry.get("id")}"' in text]:
        found += named
        waiting = [entry for entry in waiting if entry not in named]
        text = json.dumps(named, default=str)
    return [entry for entry in contained if entry in found]
