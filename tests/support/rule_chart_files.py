"""
The charts of `tests/spec/rule_charts/*.txt`: what each rule must say of invented patients, one file a section.

    I-03: the last day of grace                                        a title, at the margin
        invasive left 2023-02-10 · lumpectomy left 2023-03-15          the chart (words of `rule_charts.py`)
        @ uk                                                           the jurisdiction, where it is not the US
        + life_expectancy: under-5                                     a fact that the clinician enters
        > mammogram-annual: due side=both due=2026-09-26               what these rules say; two rows are parted by |
        > silent: mammogram-older-age, tp53-imaging                    rules that say nothing
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "spec" / "rule_charts"


@dataclass(slots=True)
class ChartCase:
    """One invented patient and what must be said."""

    section: str
    title: str
    chart: str = ""
    jurisdiction: str = "us"
    entered: dict[str, str] = field(default_factory=dict)
    claims: dict[str, tuple[str, ...]] = field(default_factory=dict)


def load_cases() -> list[ChartCase]:
    """All cases, file by file."""
    return [case for path in sorted(FOLDER.glob("*.txt")) for case in _cases(path)]


def _cases(path: Path) -> Iterator[ChartCase]:
    for block in path.read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in block.splitlines() if line and not line.startswith("#")]
        if not lines:
            continue
        case = ChartCase(path.stem, lines[0])
        for part in _parts(lines[1:]):
            _add(case, part)
        if not case.chart or not case.claims:
            raise ValueError(f"{path.name}: {case.title}: a case needs a chart and a claim")
        yield case


def _parts(lines: list[str]) -> Iterator[str]:
    """Lines that go on with a deeper indent are one; lines of the chart are one."""
    part = ""
    for line in lines:
        begins = line.lstrip()[0] in "@+>" and not line.startswith("     ")
        if begins and part:
            yield part
        part = line.strip() if begins or not part else f"{part} {line.strip()}"
    yield part


def _add(case: ChartCase, part: str) -> None:
    mark, rest = part[0], part[1:].strip()
    if mark == "@":
        case.jurisdiction = rest
    elif mark == "+":
        name, _, value = rest.partition(": ")
        case.entered[name] = value
    elif mark == ">":
        case.claims.update(_claims(rest))
    else:
        case.chart = part


def _claims(text: str) -> Mapping[str, tuple[str, ...]]:
    left, _, right = text.partition(": ")
    if left == "silent":
        return {name.strip(): () for name in right.split(",")}
    rows = tuple(row.strip() for row in right.split("|"))
    return {name.strip(): rows for name in left.split(",")}
