"""Reads the code maps of `fhir_mappings/codes`, and checks them against one another and against published tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from smart_app.clinical.codes import CodeMap, CodeRow, Concept, QuantityKind, UnitRow, build_code_map
from smart_app.errors import StartupError
from smart_app.knowledge.codes_check import check_codes
from smart_app.knowledge.lined_yaml import load_lined_once

__all__ = ["check_codes", "concept_files", "load_codes"]

_ROW_KEYS = {"system", "code", "display", "source", "verified", "value", "side", "basis", "prefix"}
_CONCEPT_KEYS = {"concept", "kind", "title", "names", "codes"}
_NOT_CONCEPT_FILES = ("systems.yaml", "units.yaml")


def load_codes(folder: Path) -> CodeMap:
    """
    Read every code map of a folder.

    Raises:
        StartupError: a file is missing, or is not the YAML that it should be.
    """
    try:
        systems = _load_systems(_yaml(folder / "systems.yaml"))
        quantities = _load_units(_yaml(folder / "units.yaml"))
        concepts: list[Concept] = []
        rows: list[CodeRow] = []
        for path in concept_files(folder):
            for data in _yaml(path):
                concepts.append(_concept(data, path))
                rows.extend(_row(row, data["concept"]) for row in data.get("codes", ()))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise StartupError(f"the code maps in {folder.name} cannot be read: {type(error).__name__}") from error
    return build_code_map(rows, concepts, systems, quantities)


def concept_files(folder: Path) -> list[Path]:
    """The files that hold concepts, in the order of their names."""
    return sorted(path for path in folder.glob("*.yaml") if path.name not in _NOT_CONCEPT_FILES)


def _yaml(path: Path) -> Any:
    return load_lined_once(path.read_text(encoding="utf-8"))


def _concept(data: dict[str, Any], path: Path) -> Concept:
    return Concept(
        id=data["concept"],
        kind=data["kind"],
        title=data["title"],
        names=tuple(data.get("names", ())),
        attributes={key: value for key, value in data.items() if key not in _CONCEPT_KEYS},
        file=path.name,
    )


def _row(data: dict[str, Any], concept: str) -> CodeRow:
    return CodeRow(
        system=data["system"],
        code=data["code"],
        display=data["display"],
        concept=concept,
        source=data["source"],
        verified=data["verified"],
        value=data.get("value"),
        side=data.get("side"),
        basis=data.get("basis"),
        prefix=bool(data.get("prefix")),
        extra={key: value for key, value in data.items() if key not in _ROW_KEYS},
    )


def _load_systems(data: dict[str, Any]) -> dict[str, str]:
    return {uri.rstrip("/").lower(): system["name"] for system in data["systems"] for uri in system["uris"]}


def _load_units(data: dict[str, Any]) -> list[QuantityKind]:
    return [
        QuantityKind(
            kind=kind["kind"],
            unit=kind["unit"],
            least=float(kind["least"]),
            most=float(kind["most"]),
            rows=tuple(UnitRow(row["code"], float(row["factor"]), tuple(row["words"])) for row in kind["rows"]),
            unit_may_be_absent=bool(kind.get("none")),
        )
        for kind in data["quantities"]
    ]
