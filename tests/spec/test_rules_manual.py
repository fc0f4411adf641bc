"""The printed manual is what the rule files say today, and every row of the table is a rule or accounted for."""

from __future__ import annotations

import re
from pathlib import Path

from docs.tools.rules_manual import MANUAL, manual
from smart_app.knowledge import default_paths
from smart_app.knowledge.rules import load_rules

RULES = load_rules(default_paths().mappings / "rules")
README = (default_paths().mappings / "README.md").read_text(encoding="utf-8")
# The rows of the table, sections 1 to 11, with the new rows of its updates.
ROWS = [
    *(f"G-0{n}" for n in range(1, 8)),
    *(f"V-0{n}" for n in range(1, 9)),
    *(f"I-{n:02d}" for n in range(1, 16)),
    "I-06b",
    *(f"N-0{n}" for n in range(1, 7)),
    *(f"E-{n:02d}" for n in (*range(1, 17), 18, 19)),
    "E-09b",
    "E-09c",
    *(f"T-{n:02d}" for n in range(1, 14)),
    *(f"C-0{n}" for n in range(1, 7)),
    *(f"R-0{n}" for n in range(1, 10)),
    *(f"L-0{n}" for n in range(1, 9)),
    *(f"M-0{n}" for n in range(1, 5)),
    *(f"F-0{n}" for n in range(1, 4)),
    *(f"H-0{n}" for n in range(1, 9)),
    *(f"X-0{n}" for n in range(1, 6)),
]


def test_the_manual_is_up_to_date() -> None:
    assert MANUAL.read_text(encoding="utf-8") == manual(), "docs/rules.md is out of date: make docs"


def test_every_row_of_the_table_is_a_rule_or_stands_in_the_readme_with_its_reason() -> None:
    carried = {rule.row for rule in RULES}
    accounted = set(re.findall(r"^\| ([A-Z]-[0-9]{2}[a-z]?) \| \S", README, flags=re.MULTILINE))
    assert set(ROWS) - carried - accounted == set()
    assert not carried & accounted
    assert carried <= set(ROWS)


def test_the_manual_says_for_each_rule_who_would_lose_what() -> None:
    text = MANUAL.read_text(encoding="utf-8")
    assert text.count("* If withdrawn, lost by:") == len(RULES)
    assert "no sample patient" not in text or text.count("lost by: no sample patient") < len(RULES) / 4


def test_every_name_that_a_rule_or_text_may_use_stands_in_the_readme() -> None:
    from smart_app.clinical.completeness import TRIED

    assert [name for name in TRIED if f"`{name}`" not in README] == []


def test_the_tool_stands_outside_the_product() -> None:
    assert Path(MANUAL).parent.name == "docs"
