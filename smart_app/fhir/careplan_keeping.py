"""
What others wrote into our plan stays in it: parts that this product has no field for are carried over, never rebuilt
away. Pure.

Ours are the parts that we would write now or wrote last time; everything else in the record is somebody else's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from smart_app.clinical.plan_facts import parse_display
from smart_app.fhir import resources
from smart_app.fhir.careplan_reading import is_link, is_own, item_id, read_row
from smart_app.fhir.comparison import relative_reference
from smart_app.fhir.narrative import TITLE

_DECLINED = ("cancelled", "stopped")
_SCHEDULES = ("scheduledTiming", "scheduledPeriod", "scheduledString")
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
class KeptPlan:
    """The plan to write, and in words what of it others wrote (`title`, `2 conditions`, `item "Wig fitting"`)."""

    plan: dict[str, Any]
    kept: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """The sentence for the receipt; none where nobody else wrote anything."""
        return (f"Kept as others wrote it in the record: {', '.join(self.kept)}.",) if self.kept else ()


def keep_others(
    plan: Mapping[str, Any],
    stored: Mapping[str, Any],
    before: Mapping[str, Any] | None = None,
    *,
    taken_out: Iterable[str] = (),
) -> KeptPlan:
    """
    Our plan, with what others wrote into the one that stands in the record.

    Args:
        plan: as this product would write it now.
        stored: as it stands in the record.
        before: as this product wrote it last, without what others had written; None where that is not known.
        taken_out: references of goals that the clinician took out.
    """
    result, kept = dict(plan), []
    earlier = before or {}
    for name, words in _LIST_WORDS.items():
        out = set(taken_out) if name == "goal" else set()
        theirs = _theirs(name, plan, stored, earlier, out)
        if theirs:
            result[name] = [*resources.as_list(plan.get(name)), *theirs]
            kept.append(f"{len(theirs)} {words}{'' if len(theirs) == 1 else 's'}")
    title = resources.text(stored.get("title"))
    if title and title not in (TITLE, earlier.get("title")):
        result["title"] = title
        kept.append(f"title “{title}”")
    notes = _notes(resources.objects(plan.get("note")), resources.objects(stored.get("note")))
    if notes:
        result["note"] = notes
        kept += _notes_of_others(notes, resources.objects(plan.get("note")), resources.objects(earlier.get("note")))
    activities, items = _activities(plan, stored, earlier)
    if activities:
        result["activity"] = activities
    marks = kept_meta(stored)
    if marks:
        result["meta"] = marks
    contained = _still_named(resources.objects(stored.get("contained")), result)
    if contained:
        result["contained"] = contained
    return KeptPlan(result, (*kept, *items))


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
    plan: Mapping[str, Any], stored: Mapping[str, Any], before: Mapping[str, Any]
) -> tuple[list[dict[str, Any]], list[str]]:
    standing = {item_id(activity): activity for activity in resources.objects(stored.get("activity"))}
    written = {item_id(activity): activity for activity in resources.objects(before.get("activity"))}
    found, kept = [], []
    for activity in resources.objects(plan.get("activity")):
        name = item_id(activity)
        theirs = standing.get(name)
        if theirs is None:
            found.append(activity)
            continue
        merged = _activity(activity, theirs, written.get(name, {}))
        found.append(merged)
        if merged != activity and _foreign(theirs, written.get(name)):
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


def _activity(ours: dict[str, Any], stored: dict[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    """One item: ours, with the parts that have no field here, and theirs wherever both say the same."""
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
    last = written.get("detail", {})
    for name in ("description", "reasonCode"):
        if name in last and name in then and then[name] != last[name]:
            now[name] = then[name]
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
