"""
What this server and these scopes allow: the write ladder, decided anew for each plan and explained in words.

Never decided from a vendor's name: from the CapabilityStatement and the granted scopes; what the server then does has
the last word.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_V1_ACTIONS = {"c": ("write", "*"), "u": ("write", "*"), "r": ("read", "*"), "s": ("read", "*")}


class RungName(StrEnum):
    """The three ways to save a plan, best first."""

    CARE_PLAN = "care-plan"
    DOCUMENT = "document"
    DOWNLOAD = "download"


class RungState(StrEnum):
    """`chosen` is the rung in use; `allowed` could be used; the others say why not."""

    CHOSEN = "chosen"
    ALLOWED = "allowed"
    NOT_OFFERED = "not-offered"
    NOT_PERMITTED = "not-permitted"


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder, in words for the page."""

    name: RungName
    step: int
    title: str
    words: str
    state: RungState

    @property
    def state_words(self) -> str:
        """The word at the end of the line."""
        return _STATE_WORDS[self.state] if self.name is not RungName.DOWNLOAD else _DOWNLOAD_WORDS[self.state]


_STATE_WORDS = {
    RungState.CHOSEN: "Will be used",
    RungState.ALLOWED: "Allowed",
    RungState.NOT_OFFERED: "Not offered by this EHR",
    RungState.NOT_PERMITTED: "Not permitted for this user",
}
_DOWNLOAD_WORDS = {**_STATE_WORDS, RungState.ALLOWED: "Always possible", RungState.CHOSEN: "The only way here"}


@dataclass(frozen=True, slots=True)
class Ability:
    """What may be done with one resource type: offered by the server and granted by the scopes."""

    resource_type: str
    create_offered: bool
    create_granted: bool
    update_offered: bool
    update_granted: bool
    search: bool
    identifier_search: bool
    conditional_create: bool

    @property
    def can_create(self) -> bool:
        """Offered and granted."""
        return self.create_offered and self.create_granted

    @property
    def can_update(self) -> bool:
        """Offered and granted."""
        return self.update_offered and self.update_granted


@dataclass(frozen=True, slots=True)
class WriteLadder:
    """The rungs with the one that will be used, and what may be written beside the plan."""

    rungs: tuple[Rung, ...]
    care_plan: Ability
    document: Ability
    goal: Ability
    provenance: Ability

    @property
    def chosen(self) -> RungName:
        """The rung that will be used."""
        return next(rung.name for rung in self.rungs if rung.state is RungState.CHOSEN)

    def rung(self, name: RungName) -> Rung:
        """One rung."""
        return next(rung for rung in self.rungs if rung.name is name)


def decide_ladder(
    capability: Mapping[str, Any], scopes: Iterable[str], existing: str | None = None, version_id: str | None = None
) -> WriteLadder:
    """
    The ladder for this server and these scopes.

    Args:
        capability: the CapabilityStatement; where it could not be read (empty) the scopes alone decide, and the
            server's answer to the write has the last word.
        existing: our plan that is in the record already (`CarePlan/4711`), which would be updated.
    """
    granted = tuple(scopes)
    abilities = {name: ability(capability, granted, name) for name in _WRITTEN}
    care_plan, document = abilities["CarePlan"], abilities["DocumentReference"]
    plan_update = existing is not None and existing.startswith("CarePlan/")
    plan_state = _state(care_plan, plan_update)
    document_state = _state(document, False)
    if plan_state is RungState.ALLOWED:
        plan_state = RungState.CHOSEN
    elif document_state is RungState.ALLOWED:
        document_state = RungState.CHOSEN
    nothing = RungState.CHOSEN not in (plan_state, document_state)
    rungs = (
        Rung(
            RungName.CARE_PLAN,
            1,
            "Care plan in the record",
            _plan_words(plan_state, abilities, existing if plan_update else None, version_id),
            plan_state,
        ),
        Rung(RungName.DOCUMENT, 2, "Document in the record", _document_words(document_state), document_state),
        Rung(
            RungName.DOWNLOAD,
            3,
            "Download and print",
            "Nothing is written to the chart; the page says so plainly.",
            RungState.CHOSEN if nothing else RungState.ALLOWED,
        ),
    )
    return WriteLadder(rungs, care_plan, document, abilities["Goal"], abilities["Provenance"])


_WRITTEN = ("CarePlan", "DocumentReference", "Goal", "Provenance")


def _state(ability: Ability, update: bool) -> RungState:
    offered = ability.update_offered if update else ability.create_offered
    granted = ability.update_granted if update else ability.create_granted
    if offered and granted:
        return RungState.ALLOWED
    if update and ability.can_create:
        # A plan that cannot be changed can still be replaced by a new one.
        return RungState.ALLOWED
    return RungState.NOT_PERMITTED if offered else RungState.NOT_OFFERED


def _plan_words(
    state: RungState, abilities: Mapping[str, Ability], existing: str | None, version_id: str | None
) -> str:
    if state is RungState.NOT_OFFERED:
        return "This EHR lets no app write a care plan."
    if state is RungState.NOT_PERMITTED:
        return "This EHR can take care plans, but writing one was not granted to you at this launch."
    if existing is None:
        words = "Creates a new care plan."
    elif not abilities["CarePlan"].can_update:
        words = f"Creates a new care plan that replaces {existing}, because this EHR lets no app change one."
    elif version_id:
        words = f"Updates {existing}, only if version {version_id} is still the current one."
    else:
        words = (
            f"Updates {existing}. This EHR states no version: it is read again just before, and a small gap remains."
        )
    beside = [name for name in ("Goal", "Provenance") if abilities[name].can_create]
    left_out = [name for name in ("Goal", "Provenance") if not abilities[name].can_create]
    if beside:
        words += f" With {' and '.join(beside)}."
    if left_out:
        words += f" {' and '.join(left_out)} cannot be written here; the plan carries the same in words."
    return words


def _document_words(state: RungState) -> str:
    if state is RungState.NOT_OFFERED:
        return "This EHR lets no app write a document."
    if state is RungState.NOT_PERMITTED:
        return "This EHR can take documents, but writing one was not granted to you at this launch."
    return "The plan as a PDF document. Used where the EHR lets no app write a care plan."


def ability(capability: Mapping[str, Any], scopes: Iterable[str], resource_type: str) -> Ability:
    """What the server offers and the scopes grant for one resource type."""
    granted = tuple(scopes)
    row = _resource_row(capability, resource_type)
    unknown = not _rest(capability)
    interactions = {str(entry.get("code")) for entry in _dicts(row.get("interaction") if row is not None else None)}
    names = {str(entry.get("name")) for entry in _dicts(row.get("searchParam") if row is not None else None)}
    return Ability(
        resource_type,
        create_offered=unknown or "create" in interactions,
        create_granted=allows(granted, resource_type, "c"),
        update_offered=unknown or "update" in interactions,
        update_granted=allows(granted, resource_type, "u"),
        search=(unknown or "search-type" in interactions) and allows(granted, resource_type, "s"),
        # A server that lists no parameters at all says nothing about them.
        identifier_search=unknown or not names or "identifier" in names,
        conditional_create=row is not None and row.get("conditionalCreate") is True,
    )


def allows(scopes: Iterable[str], resource_type: str, action: str) -> bool:
    """
    Whether a SMART scope grants an action: `c`, `r`, `u` or `s`, in the words of version 1 and 2.

    A scope with a search restriction (`patient/Observation.rs?category=...`) counts: the server narrows by itself.
    """
    return any(_allows(scope, resource_type, action) for scope in scopes)


def _allows(scope: str, resource_type: str, action: str) -> bool:
    level, slash, rest = scope.partition("/")
    if not slash or level not in ("patient", "user", "system"):
        return False
    name, _, actions = rest.partition("?")[0].partition(".")
    if name not in (resource_type, "*"):
        return False
    return actions in _V1_ACTIONS[action] or (bool(actions) and set(actions) <= set("cruds") and action in actions)


def _rest(capability: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [entry for entry in _dicts(capability.get("rest")) if entry.get("mode", "server") == "server"]


def _resource_row(capability: Mapping[str, Any], resource_type: str) -> Mapping[str, Any] | None:
    for rest in _rest(capability):
        for row in _dicts(rest.get("resource")):
            if row.get("type") == resource_type:
                return row
    return None


def offered_types(capability: Mapping[str, Any]) -> frozenset[str]:
    """The resource types that can be searched, as the CapabilityStatement says; empty when it says nothing."""
    found = set()
    for rest in _rest(capability):
        for row in _dicts(rest.get("resource")):
            interactions = {each.get("code") for each in _dicts(row.get("interaction"))}
            if not interactions or "search-type" in interactions:
                found.add(str(row.get("type")))
    return frozenset(found)


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
