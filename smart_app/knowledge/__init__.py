"""
What clinicians and informaticians edit: code maps, rules and education texts, read and checked as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from smart_app.knowledge.problems import ContentProblem

if TYPE_CHECKING:
    from smart_app.clinical.codes import CodeMap
    from smart_app.clinical.education import Paragraph
    from smart_app.clinical.rules import FollowUpRule

__all__ = ["ContentPaths", "ContentProblem", "KnowledgeBase", "check_content", "default_paths", "load_knowledge"]


@dataclass(frozen=True, slots=True)
class ContentPaths:
    """Where the content stands: in a checkout beside the package, in a wheel inside it."""

    mappings: Path
    education: Path
    templates: Path
    static: Path


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """Everything the product knows apart from patients. `version` changes with any change of a rule file."""

    codes: CodeMap
    rules: tuple[FollowUpRule, ...]
    education: tuple[Paragraph, ...]
    version: str


def default_paths() -> ContentPaths:
    """The content that belongs to this installation."""
    package = Path(__file__).resolve().parent.parent
    root = package.parent
    if not (root / "fhir_mappings").is_dir():
        root = package / "_data"
    templates = root / "templates"
    return ContentPaths(root / "fhir_mappings", templates / "education", templates, root / "static")


def load_knowledge(mappings: Path, education: Path) -> KnowledgeBase:
    """
    Read all content.

    Raises:
        StartupError: a file cannot be read or is not valid; names file and line.
    """
    from smart_app.knowledge.codes import load_codes
    from smart_app.knowledge.education import load_education
    from smart_app.knowledge.rules import load_rules, rules_version

    rules = load_rules(mappings / "rules")
    return KnowledgeBase(load_codes(mappings / "codes"), rules, load_education(education), rules_version(rules))


def check_content(
    mappings: Path, education: Path, as_of: date, code_tables: Path | None = None
) -> tuple[ContentProblem, ...]:
    """
    Every problem of the content, with file and line; what has expired or soon will is a notice.

    Args:
        code_tables: a folder of published code lists to compare the code maps with, where an operator has one.
    """
    from smart_app.knowledge.codes_check import check_codes
    from smart_app.knowledge.education import check_education
    from smart_app.knowledge.rules import check_rules

    return (
        *check_codes(mappings / "codes", code_tables),
        *check_rules(mappings / "rules", as_of),
        *check_education(education, as_of),
    )
