"""Every element of a chart takes values of every other type: the reader never breaks and never says something new."""

from __future__ import annotations

import copy
import json
import os
import random
from collections.abc import Iterator
from datetime import date
from typing import Any

from smart_app.clinical.codes import CodeMap
from smart_app.clinical.facts_json import facts_json
from smart_app.fhir.extract import extract_record
from tests.unit.fhir_extract.test_order_and_damage import CHART

AS_OF = date(2026, 11, 22)
TRIALS = 4_000 if os.environ.get("AFTERCARE_SOAK") == "1" else 400
SWAPS: tuple[Any, ...] = (
    *(None, True, 7, -1e308, "", "x", "9" * 400, [], {}, [[]], [None], [1, "a", {}]),
    *({"a": {"b": [1]}}, {"coding": "x"}, {"coding": [{"code": 5, "system": [], "display": {}}]}, {"reference": ["x"]}),
    {"value": "x", "unit": 7, "code": []},
)
SAID = {
    "er": {"positive", "negative"},
    "pr": {"negative"},
    "her2": {"negative", "equivocal"},
    "stage_group": {"IIA", "IB"},
    "t": {"T1c"},
    "n": {"N1a"},
    "grade": {2},
    "tumor_size_mm": {18},
    "metastasis": set(),
    "germline": set(),
    "oncotype_rs": set(),
}
"""All that the chart says of each fact, in any of its resources."""

Path = tuple[str | int, ...]


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, below in steps:
        yield from paths(below, (*path, step))


def swapped(path: Path, value: Any) -> list[Any]:
    chart: list[Any] = copy.deepcopy(CHART)
    at: Any = chart
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = copy.deepcopy(value)
    return chart


def test_an_element_of_another_type_never_breaks_the_reader_nor_makes_a_new_fact(codes: CodeMap) -> None:
    dice = random.Random(0)
    everywhere = list(paths(CHART))
    for _ in range(TRIALS):
        path, value = dice.choice(everywhere), dice.choice(SWAPS)
        read = facts_json(extract_record(swapped(path, value), codes, AS_OF))
        json.dumps(read, allow_nan=False)
        for name, allowed in SAID.items():
            fact = read["facts"][name]
            if fact["state"] == "documented":
                assert fact["value"] in allowed, (path, value, name, fact["value"])
        for cancer in read["cancers"]:
            assert cancer["laterality"] in ("left", "right", "unknown"), (path, value)
