"""Runs in an environment of its own: an order (JSON) from standard input, the errors of each file as JSON out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pyrofile_validator import Validator  # type: ignore[import-not-found] # another environment
from pyrofile_validator.config import ValidatorConfig  # type: ignore[import-not-found] # another environment

_NOT_JUDGED = ".unsupported."
"""Codes of this kind say that an invariant cannot be evaluated, not that it is broken (narrative checks)."""


def main() -> None:
    """Check every file of the order."""
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
    outcome = validator.validate_resource(resource)
    return [str(error) for error in outcome.errors if _NOT_JUDGED not in str(error)]


if __name__ == "__main__":
    main()
