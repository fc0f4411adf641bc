"""What every test of extraction shares: the real code maps, and a reader of charts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from smart_app.clinical.codes import CodeMap
from smart_app.clinical.facts import PatientRecord
from smart_app.clinical.facts_json import facts_json
from smart_app.knowledge import default_paths
from smart_app.knowledge.codes import load_codes
from tests.support.checked_extract import extract_record

AS_OF = date(2026, 11, 22)


@pytest.fixture(scope="session")
def codes() -> CodeMap:
    """The code maps as they ship."""
    return load_codes(default_paths().mappings / "codes")


@pytest.fixture
def record_of(codes: CodeMap) -> Callable[..., PatientRecord]:
    """Reads resources as a whole file."""

    def read(*resources: dict[str, Any], as_of: date = AS_OF, **more: Any) -> PatientRecord:
        return extract_record(resources, codes, as_of, **more)

    return read


@pytest.fixture
def facts_of(record_of: Callable[..., PatientRecord]) -> Callable[..., dict[str, Any]]:
    """The facts JSON of resources."""

    def read(*resources: dict[str, Any], **more: Any) -> dict[str, Any]:
        return facts_json(record_of(*resources, **more))

    return read
