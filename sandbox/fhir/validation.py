"""What is written must be valid FHIR R4: fhirclient's models, which are exactly 4.0.1, decide."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from typing import Any

from fhirclient.models.fhirabstractbase import FHIRValidationError

from sandbox.fhir.answers import RefusalError, issue


def check_resource(resource: dict[str, Any]) -> None:
    """
    Refuse an invalid resource with 422, each problem with its FHIR path.

    Raises:
        RefusalError: 422 with one issue a problem.
    """
    resource_type = str(resource.get("resourceType"))
    model = _find_model(resource_type)
    if model is None:
        raise RefusalError(404, "not-supported", f"This server does not know the type {resource_type!r}.")
    issues = [
        issue("error", "structure", words, expression=path) for path, words in _empty_parts(resource_type, resource)
    ]
    try:
        # A copy: the model keeps references to parts of what it is given. json: the same types as on the wire.
        model(json.loads(json.dumps(resource)))
    except FHIRValidationError as error:
        issues += [
            issue("error", "structure", words, expression=path) for path, words in _problems(error, resource_type)
        ]
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        issues.append(issue("error", "structure", _readable(str(error)), expression=resource_type))
    if issues:
        raise RefusalError(422, "structure", "The resource is not valid FHIR R4.", issues=issues)


def _find_model(resource_type: str) -> Any:
    if not resource_type.isalpha():
        return None
    try:
        module = importlib.import_module(f"fhirclient.models.{resource_type.lower()}")
    except ModuleNotFoundError:
        return None
    return getattr(module, resource_type, None)


def _problems(error: FHIRValidationError, path: str) -> Iterator[tuple[str, str]]:
    for inner in error.errors:
        if isinstance(inner, FHIRValidationError):
            yield from _problems(inner, f"{path}.{inner.path}" if inner.path else path)
        else:
            yield re.sub(r"\.(\d+)(?=\.|$)", r"[\1]", path), _readable(str(inner))


def _readable(words: str) -> str:
    """The same without Python's own names."""
    words = re.sub(r"<fhirclient\.models\.\w+\.(\w+) object at 0x[0-9a-f]+>", r"\1", words)
    return re.sub(r"<class '(?:[\w.]+\.)?(\w+)'>", r"\1", words).strip("'")


def _empty_parts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Empty strings, arrays and objects, which FHIR forbids and fhirclient lets pass."""
    if isinstance(value, dict):
        if not value:
            yield path, "an object must not be empty"
        for name, part in value.items():
            yield from _empty_parts(f"{path}.{name}", part)
    elif isinstance(value, list):
        if not value:
            yield path, "an array must not be empty"
        for number, part in enumerate(value):
            yield from _empty_parts(f"{path}[{number}]", part)
    elif value == "":
        yield path, "a string must not be empty"
