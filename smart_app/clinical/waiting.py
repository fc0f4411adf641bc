"""
What waits for a missing fact: recommendations that cannot be told, by the fact that would decide most of them. Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from smart_app.clinical.recommendations import Recommendation


def by_missing_fact(items: Sequence[Recommendation]) -> list[tuple[tuple[str, ...], list[Recommendation]]]:
    """
    What waits for the same fact stands together, the fact that decides most first.

    A row that needs several stands with the one that most rows need; where filling it would not be enough, its own
    reason says so. The key is empty where a row names no fact.
    """
    counts = Counter(name for item in items for name in dict.fromkeys(item.missing))
    found: dict[tuple[str, ...], list[Recommendation]] = {}
    for item in items:
        first = sorted(item.missing, key=lambda name: -counts[name])[:1]
        found.setdefault(tuple(first), []).append(item)
    return sorted(found.items(), key=lambda pair: -len(pair[1]))
