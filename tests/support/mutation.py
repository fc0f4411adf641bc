"""
Breaks resources as real servers do: wrong types, nulls, arrays for objects, odd numbers, lost and doubled parts.
"""

from __future__ import annotations

import copy
import random
from typing import Any

_STRANGE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    float("nan"),
    10**40,
    "",
    " ",
    "\ud800",
    "NaN",
    "9999-99-99",
    "2019-02-30T25:61:00Z",
    "ER: positive negative (5 - 500 %)" * 3,
    [],
    [None],
    [[]],
    {},
    {"coding": None},
    {"coding": {"code": 5}},
    {"coding": [{"system": [], "code": {}, "display": 7}]},
    {"reference": 12},
    {"reference": "Patient/"},
    {"value": "x"},
    {"value": True, "unit": 5},
    ["a", 1, {"resourceType": "Observation"}],
)


def mutated(resources: list[Any], seed: int, changes: int = 6) -> list[Any]:
    """A copy with some places changed, removed, doubled or moved; the same seed gives the same copy."""
    chance = random.Random(seed)
    made = copy.deepcopy(resources)
    for _ in range(chance.randint(1, changes)):
        place = _place(made, chance)
        if place is None:
            continue
        parent, key = place
        kind = chance.random()
        if kind < 0.6:
            parent[key] = copy.deepcopy(chance.choice(_STRANGE))
        elif kind < 0.75:
            del parent[key]
        elif kind < 0.85:
            parent[key] = [parent[key], copy.deepcopy(parent[key])]
        else:
            other = _place(made, chance)
            if other is not None:
                parent[key] = copy.deepcopy(other[0][other[1]])
    return made


def _place(value: Any, chance: random.Random) -> tuple[Any, Any] | None:
    """A random place in a JSON value: its container and the key or index."""
    parent, key = value, None
    for _ in range(chance.randint(1, 9)):
        below = parent if key is None else parent[key]
        if isinstance(below, dict) and below:
            parent, key = below, chance.choice(sorted(below, key=str))
        elif isinstance(below, list) and below:
            parent, key = below, chance.randrange(len(below))
        else:
            break
    return None if key is None else (parent, key)
