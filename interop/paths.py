"""Where things are: the parts of this folder, what is kept between runs, and what an operator may point to."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
STATE = ROOT / "var" / "interop"
"""Unpacked definitions, the environment of the second checker, what the run wrote. May be deleted at any time."""
FHIR_HOME = STATE / "fhir-home"
WRITTEN = STATE / "written"


def profiles() -> Path | None:
    """Folder of US Core's definitions (AFTERCARE_PROFILES), None where it is not at hand."""
    return _folder("AFTERCARE_PROFILES", ROOT.parent / "shared" / "data" / "profiles")


def checker_cases() -> Path | None:
    """Folder of known bad and good resources (INTEROP_CASES), None where it is not at hand."""
    return _folder("INTEROP_CASES", ROOT.parent / "shared" / "tools" / "validators" / "cases")


def _folder(variable: str, default: Path) -> Path | None:
    path = Path(os.environ.get(variable) or default)
    return path.resolve() if path.is_dir() else None
