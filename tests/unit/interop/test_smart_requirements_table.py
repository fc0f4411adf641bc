"""The table of SMART requirements has no empty cell, and every test that it names is there."""

from __future__ import annotations

import re
from pathlib import Path

TABLE = "docs/smart-requirements.md"
TESTS = ("tests/functional/test_smart_requirements.py", "tests/functional/test_authorize_by_post.py")
COLUMNS = 5


def rows(repository: Path) -> list[list[str]]:
    """The rows of all tables, without heads and rules."""
    lines = (repository / TABLE).read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return [row for row in cells if row[0] != "no." and not set(row[0]) <= {"-"}]


def names_in(repository: Path, *files: str) -> set[str]:
    """The tests that files hold."""
    texts = [(repository / file).read_text(encoding="utf-8") for file in files]
    return {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.MULTILINE)}


def test_no_cell_is_empty(repository: Path) -> None:
    table = rows(repository)
    assert len(table) > 50
    for row in table:
        assert len(row) == COLUMNS and all(row), row


def test_every_row_names_a_test_that_exists(repository: Path) -> None:
    existing = names_in(repository, *TESTS)
    for row in rows(repository):
        named = set(re.findall(r"`(test_\w+)`", row[-1]))
        assert named and named <= existing, (row[0], named - existing)


def test_every_such_test_proves_something_in_the_table(repository: Path) -> None:
    existing = names_in(repository, TESTS[0])
    named = {name for row in rows(repository) for name in re.findall(r"`(test_\w+)`", row[-1])}
    assert existing <= named


def test_no_requirement_number_stands_twice(repository: Path) -> None:
    numbers = [number for row in rows(repository) for number in re.findall(r"\d+", row[0])]
    assert len(numbers) == len(set(numbers))
