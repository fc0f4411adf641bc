"""Runs in an environment of its own: an order (JSON) from standard input, the errors of each file as JSON out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pyrofile_validator import Validator  # type: ignore[import-not-found] # another environment
from pyrofile_validator.config import ValidatorConfig  # type: ignore[import-not-found] # another environment
from pyrofile_validator.core import fhirpath  # type: ignore[import-not-found] # another environment

_NOT_JUDGED = ".unsupported."
"""Codes of this kind say that an invariant cannot be evaluated, not that it is broken (narrative checks)."""


_ORIGINAL = fhirpath._augment_choice_types
_SEEN: dict[int, tuple[Any, Any]] = {}


def _augment_once(data: Any) -> Any:
    """
    The checker's own preparation of an element, made once an element and not once an invariant.

    Without this a plan of forty activities takes ten seconds. The element is kept beside its answer, so that its
    identity cannot be given to another.
    """
    if not isinstance(data, dict | list):
        return data
    found = _SEEN.get(id(data))
    if found is None:
        found = _SEEN[id(data)] = (data, _ORIGINAL(data))
    return found[1]


def main() -> None:
    """Check every file of the order."""
    fhirpath._augment_choice_types = _augment_once
    order: dict[str, Any] = json.load(sys.stdin)
    config = {
        "fhirVersion": "4.0.1",
        "terminology": {"mode": "local"},
        "localPackagePaths": order["packages"],
    }
    validator = Validator(ValidatorConfig.load_dict(config))
    print(json.dumps({file: _errors(validator, Path(file), order["profiles"]) for file in order["files"]}))


def _errors(validator: Any, file: Path, profiles: dict[str, str]) -> list[str]:
    try:
        resource = json.loads(file.read_bytes())
    except ValueError as problem:
        return [f"not JSON: {problem}"]
    profile = profiles.get(resource.get("resourceType", ""))
    if profile:
        resource["meta"] = {**resource.get("meta", {}), "profile": [profile]}
    _SEEN.clear()
    outcome = validator.validate_resource(resource)
    return [f"{error.path}: {error.message} ({error.code})" for error in outcome.errors if not _is_false_alarm(error)]


def _is_false_alarm(error: Any) -> bool:
    # It adds up the single `kind` and `expression` of all conditions of an action and finds them too many.
    too_many = error.code == "profile.element.cardinality.max"
    return _NOT_JUDGED in error.code or (too_many and error.path.startswith("PlanDefinition.action.condition."))


if __name__ == "__main__":
    main()
