"""Runs every benchmark, each in a process of its own, and prints one table: what, measured, limit, met or not."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from dataclasses import asdict

from bench.figure import Figure

PARTS = ("rules", "observations", "launch", "pages", "handout")


def main(names: list[str]) -> int:
    """Measure the named parts (all, if none is named); 1 if a figure misses its limit."""
    if names[:1] == ["--one"]:
        figures = importlib.import_module(f"bench.{names[1]}").measure()
        print(json.dumps([asdict(figure) for figure in figures]))
        return 0
    figures = [figure for name in names or PARTS for figure in _measured_apart(name)]
    width = max(len(figure.name) for figure in figures)
    for figure in figures:
        print(f"{figure.name:<{width}}  {figure.shown:>12}  limit {figure.limit:g} {figure.unit:<6}  {figure.verdict}")
    return 0 if all(figure.met for figure in figures) else 1


def _measured_apart(name: str) -> list[Figure]:
    # Peak memory of a process counts what its parent held at the fork: this one stays small.
    print(f"measuring {name} ...", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "bench", "--one", name]
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return [Figure(**row) for row in json.loads(result.stdout.splitlines()[-1])]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
