"""SMART scopes, version 1 and 2: parsed, granted, enforced."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from sandbox.behaviours import Behaviour
from sandbox.fhir.index import tokens_of, values_at
from sandbox.fhir.parameters import parameters_of

_RESOURCE_SCOPE = re.compile(r"^(patient|user)/(\*|[A-Z][A-Za-z]+)\.(read|write|\*|c?r?u?d?s?)(?:\?(.+))?$")
_V1 = {"read": "rs", "write": "cud", "*": "cruds"}
_LETTERS = {
    "create": "c",
    "read": "r",
    "vread": "r",
    "history-instance": "r",
    "update": "u",
    "delete": "d",
    "search-type": "s",
}
LAUNCH_SCOPES = frozenset(
    {"openid", "fhirUser", "profile", "launch", "launch/patient", "launch/encounter", "offline_access", "online_access"}
)


@dataclass(frozen=True)
class ResourceScope:
    """One scope on resources: `patient/Observation.rs?category=laboratory`."""

    compartment: str
    resource_type: str
    letters: str
    style: str
    condition: str = ""

    def covers(self, resource_type: str, interaction: str) -> bool:
        """Whether it allows the interaction, its condition apart."""
        return self.resource_type in ("*", resource_type) and _LETTERS[interaction] in self.letters

    def meets(self, resource: dict[str, Any]) -> bool:
        """Whether a resource fits the condition of a granular scope."""
        known = parameters_of(str(resource.get("resourceType")))
        for name, wanted in parse_qsl(self.condition):
            if name not in known:
                return False
            system, bar, code = wanted.rpartition("|")
            found = [t for path in known[name].path.split("|") for v in values_at(resource, path) for t in tokens_of(v)]
            if not any(value == code and (not bar or has == system) for has, value in found):
                return False
        return True


def find_resource_scope(text: str) -> ResourceScope | None:
    """The scope, or None where it is not one on resources."""
    match = _RESOURCE_SCOPE.match(text)
    if match is None or not match.group(3):
        return None
    compartment, resource_type, letters, condition = match.groups()
    style = "v1" if letters in _V1 else "v2"
    if style == "v1" and condition:
        return None
    return ResourceScope(compartment, resource_type, _V1.get(letters, letters), style, condition or "")


def grant_scopes(behaviour: Behaviour, requested: Iterable[str], registered: Iterable[str] = ()) -> tuple[str, ...]:
    """
    What an EHR grants of what is asked: less where it offers less, nothing for what it does not know.

    Args:
        registered: scopes of the client's registration; empty: whatever the EHR offers.
    """
    allowed = set(registered)
    asked = list(requested)
    if behaviour.scopes_by_registration and allowed:
        asked = [text for text in asked if text in LAUNCH_SCOPES] + sorted(allowed - LAUNCH_SCOPES)
    granted: list[str] = []
    for text in asked:
        if allowed and text not in allowed:
            continue
        if text in LAUNCH_SCOPES:
            granted.append(text)
            continue
        scope = find_resource_scope(text)
        if scope is None or scope.style not in behaviour.scope_versions:
            continue
        granted.extend(_offered(behaviour, text, scope))
    return tuple(dict.fromkeys(granted))


def _offered(behaviour: Behaviour, text: str, scope: ResourceScope) -> list[str]:
    if scope.resource_type == "*":
        return [text]
    offered = behaviour.interactions.get(scope.resource_type)
    if offered is None:
        return []
    letters = "".join(letter for letter in scope.letters if letter in {_LETTERS[name] for name in offered})
    if not letters:
        return []
    if letters == scope.letters or scope.style == "v1":
        return [text]
    suffix = f"?{scope.condition}" if scope.condition else ""
    return [f"{scope.compartment}/{scope.resource_type}.{letters}{suffix}"]


@dataclass(frozen=True)
class Access:
    """
    What an access token allows. `patient` is the patient of the launch, None where there is none.

    `everything` is the EHR itself (its own chart page), which no scope binds.
    """

    scopes: tuple[str, ...]
    patient: str | None
    key: str
    everything: bool = False
    client_id: str = ""
    user: str = ""

    def _matching(self, resource_type: str, interaction: str) -> list[ResourceScope]:
        found = (find_resource_scope(text) for text in self.scopes)
        return [
            scope
            for scope in found
            if scope and scope.covers(resource_type, interaction) and (scope.compartment == "user" or self.patient)
        ]

    def allows(self, resource_type: str, interaction: str) -> bool:
        """Whether any scope covers the interaction."""
        return self.everything or bool(self._matching(resource_type, interaction))

    def only_patient(self, resource_type: str, interaction: str) -> str | None:
        """The patient to whom the interaction is confined; None where a user scope opens all patients."""
        if self.everything or any(s.compartment == "user" for s in self._matching(resource_type, interaction)):
            return None
        return self.patient

    def admits(self, interaction: str, resource: dict[str, Any], compartment: str | None, shared: bool) -> bool:
        """Whether this resource may be handled: patient and granular conditions. `shared`: it belongs to no patient."""
        if self.everything:
            return True
        return any(
            (shared or scope.compartment == "user" or compartment == self.patient) and scope.meets(resource)
            for scope in self._matching(str(resource.get("resourceType")), interaction)
        )

    def has_conditions(self, resource_type: str, interaction: str) -> bool:
        """Whether every scope that covers the interaction carries a condition, so that answers must be sifted."""
        matching = [] if self.everything else self._matching(resource_type, interaction)
        return bool(matching) and all(scope.condition for scope in matching)


EHR_ITSELF = Access((), None, "ehr", everything=True)
