"""Runs every benchmark and prints one table: what, measured, limit, met or not."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable

from bench.figure import Figure

PARTS = ("rules", "observations", "launch", "handout")


def main(names: Iterable[str]) -> int:
    """Measure the named parts (all, if none is named); 1 if a figure misses its limit."""
    figures: list[Figure] = []
    for name in tuple(names) or PARTS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        figures.extend(importlib.import_module(f"bench.{name}").measure())
    width = max(len(figure.name) for figure in figures)
    for figure in figures:
        print(f"{figure.name:<{width}}  {figure.shown:>12}  limit {figure.limit:g} {figure.unit:<6}  {figure.verdict}")
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
