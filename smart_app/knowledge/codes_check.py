"""Checks the code maps: each code one meaning, every concept defined, near misses explained, displays as published."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from smart_app.knowledge.lined_yaml import LinedDict, LinedYamlError, load_lined_once
from smart_app.knowledge.problems import ContentProblem

KINDS = frozenset(
    {
        "answer",
        "axilla",
        "condition",
        "drug",
        "imaging",
        "immunization",
        "near-miss",
        "observation",
        "procedure",
        "radiation",
        "report",
        "surgery",
    }
)
SIDES = frozenset({"left", "right", "bilateral"})
_NOT_CONCEPT_FILES = ("systems.yaml", "units.yaml")
_CONCEPT_ID = re.compile(r"[a-z0-9]+([-.'][a-z0-9'.]*)*")
_CODE_SHAPES = {
    "LOINC": re.compile(r"(\d{1,7}-\d|LA\d{1,7}-\d|417181009)"),
    "SNOMED": re.compile(r"[1-9]\d{5,17}"),
    "ICD10CM": re.compile(r"[A-Z]\d[0-9A-Z](\.[0-9A-Z]{1,4})?"),
    "ICD9CM": re.compile(r"(\d{3}|V\d\d)(\.\d{1,2})?|\d\d\.\d{1,2}"),  # the latter: volume 3, operations
    "ICD10PCS": re.compile(r"[0-9A-HJ-NP-Z]{7}"),
    "CPT": re.compile(r"\d{5}"),
    "HCPCS": re.compile(r"[A-Z]\d{4}"),
    "RXNORM": re.compile(r"\d{2,7}"),
    "ATC": re.compile(r"[A-Z]\d\d[A-Z]{2}\d\d"),
    "CVX": re.compile(r"\d{2,3}"),
}
_RULE_CONCEPTS = re.compile(r"\bconcepts: \[([^\]]*)\]|\b(?:event|active)\.([a-z0-9-]+)")
_TABLE_SYSTEMS = {
    "http://snomed.info/sct": "SNOMED",
    "snomed-ct": "SNOMED",
    "http://loinc.org": "LOINC",
    "loinc": "LOINC",
    "http://hl7.org/fhir/sid/icd-10-cm": "ICD10CM",
    "rxnorm": "RXNORM",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RXNORM",
}


def check_codes(folder: Path, tables: Path | None = None) -> tuple[ContentProblem, ...]:
    """
    Every problem of the code maps, with file and line.

    Args:
        tables: a folder of published CSV tables (`AFTERCARE_CODES`); a display of ours that is in none of them for its
            code is a problem, a code that no table has is not.
    """
    problems: list[ContentProblem] = []
    seen: dict[tuple[str, str], str] = {}
    concepts: dict[str, str] = {}
    published = _published(tables) if tables is not None else {}
    systems = _systems(folder, problems)
    for path in sorted(folder.glob("*.yaml")):
        if path.name in _NOT_CONCEPT_FILES:
            continue
        for data in _concepts(path, problems):
            problems.extend(_check_concept(data, path, concepts))
            for row in data.get("codes") or ():
                problems.extend(_check_row(row, data, path, seen, systems, published))
    problems.extend(_check_rules(folder.parent / "rules", concepts))
    return tuple(sorted(problems))


def _systems(folder: Path, problems: list[ContentProblem]) -> frozenset[str]:
    try:
        data = yaml.load((folder / "systems.yaml").read_bytes(), Loader=yaml.CSafeLoader)
        return frozenset(system["name"] for system in data["systems"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        problems.append(ContentProblem("codes/systems.yaml", 1, "cannot be read"))
        return frozenset()


def _concepts(path: Path, problems: list[ContentProblem]) -> list[dict[str, Any]]:
    try:
        data = load_lined_once(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, LinedYamlError) as error:
        line = error.line if isinstance(error, LinedYamlError) else 1
        problems.append(ContentProblem(f"codes/{path.name}", line, "is not YAML"))
        return []
    if not isinstance(data, list) or not all(isinstance(item, dict) for item in data):
        problems.append(ContentProblem(f"codes/{path.name}", 1, "must be a list of concepts"))
        return []
    return data


def _check_concept(data: dict[str, Any], path: Path, concepts: dict[str, str]) -> Iterator[ContentProblem]:
    name = str(data.get("concept", ""))
    where = f"- concept: {name}"
    if not _CONCEPT_ID.fullmatch(name):
        yield _problem(path, where, f"concept id “{name}” is not kebab-case")
    if name in concepts:
        yield _problem(path, where, f"concept {name} is defined twice (also in {concepts[name]})")
    concepts[name] = path.name
    if data.get("kind") not in KINDS:
        yield _problem(path, where, f"concept {name} has no known kind")
    if not data.get("title"):
        yield _problem(path, where, f"concept {name} has no title")
    if data.get("kind") == "near-miss" and not data.get("why"):
        yield _problem(path, where, f"near miss {name} does not say why")
    if data.get("kind") == "drug" and not (data.get("agent") and data.get("classes")):
        yield _problem(path, where, f"drug {name} has no agent or no class")


def _check_row(
    row: Any, data: dict[str, Any], path: Path, seen: dict[tuple[str, str], str], systems: frozenset[str],
    published: dict[tuple[str, str], set[str]],
) -> Iterator[ContentProblem]:  # fmt: skip
    if not isinstance(row, dict):
        yield _problem(path, f"- concept: {data.get('concept')}", "a code row is not a mapping")
        return
    system, code = str(row.get("system", "")), str(row.get("code", ""))
    line = row.line if isinstance(row, LinedDict) else 1
    meaning = f"{data.get('concept')} {row.get('value') or ''} {row.get('side') or ''}".strip()
    if system not in systems:
        yield ContentProblem(f"codes/{path.name}", line, f"{system} is no system of systems.yaml")
    shape = _CODE_SHAPES.get(system)
    if shape is not None and not shape.fullmatch(code):
        yield ContentProblem(f"codes/{path.name}", line, f"{code} is no {system} code")
    if (system, code) in seen:
        yield ContentProblem(
            f"codes/{path.name}", line, f"{system} {code} has two meanings: {seen[system, code]} and {meaning}"
        )
    seen.setdefault((system, code), meaning)
    for key in ("display", "source"):
        if not row.get(key):
            yield ContentProblem(f"codes/{path.name}", line, f"{system} {code} has no {key}")
    if not isinstance(row.get("verified"), bool):
        yield ContentProblem(f"codes/{path.name}", line, f"{system} {code} does not say whether it was verified")
    if row.get("side") not in (None, *SIDES):
        yield ContentProblem(f"codes/{path.name}", line, f"{system} {code} has an unknown side")
    displays = published.get((system, code))
    if displays and str(row.get("display")) not in displays:
        yield ContentProblem(f"codes/{path.name}", line, f"{system} {code}: published as “{sorted(displays)[0]}”")


def _check_rules(folder: Path, concepts: dict[str, str]) -> Iterator[ContentProblem]:
    """Every concept that a rule asks for is defined here."""
    for path in sorted(folder.glob("*.yaml")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            for match in _RULE_CONCEPTS.finditer(line):
                names = [match[2]] if match[2] else [name.strip() for name in match[1].split(",")]
                for name in names:
                    if name and name not in concepts:
                        yield ContentProblem(f"rules/{path.name}", number, f"concept {name} is not defined in codes/")


def _published(tables: Path) -> dict[tuple[str, str], set[str]]:
    """Displays by system and code of the CSV tables of a folder."""
    found: dict[tuple[str, str], set[str]] = {}
    for path in sorted(tables.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                system = _TABLE_SYSTEMS.get((row.get("system") or "").lower())
                code, display = row.get("code"), row.get("display")
                if system and code and display and row.get("kind") != "filter":
                    found.setdefault((system, code), set()).add(display)
                value = row.get("value") or ""
                if value.startswith("valueCode "):
                    number, _, name = value[10:].partition(" ")
                    found.setdefault(("SNOMED", number), set()).add(name)
    return found


def _problem(path: Path, needle: str, message: str) -> ContentProblem:
    """A problem at the line of the first occurrence of the needle."""
    lines = path.read_text(encoding="utf-8").splitlines()
    line = next((number for number, words in enumerate(lines, start=1) if needle in words), 1)
    return ContentProblem(f"codes/{path.name}", line, message)
