"""The house holds: floors, names, papers and the promises that no single room can keep alone."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from smart_app import errors

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = sorted((ROOT / "smart_app").rglob("*.py"))
TEXT_SUFFIXES = {
    ".py",
    ".md",
    ".toml",
    ".yaml",
    ".yml",
    ".txt",
    ".in",
    ".html",
    ".css",
    ".js",
    ".typ",
    ".json",
    ".java",
    "",
}


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def error_classes() -> list[type[errors.AftercareError]]:
    return [c for _, c in inspect.getmembers(errors, inspect.isclass) if issubclass(c, errors.AftercareError)]


@pytest.mark.parametrize("error", error_classes(), ids=lambda error: error.__name__)
def test_every_error_has_a_page_and_a_place_in_the_tree(error: type[errors.AftercareError]) -> None:
    from smart_app.web.problems import problem_of

    assert error.__name__ in (errors.__doc__ or "")
    row = problem_of(error)
    assert row.title
    assert row.next_step


def test_the_tree_names_no_machine_and_no_registry() -> None:
    forbidden = re.compile(
        r"(?<![\w/.])/(?:wor"
        + r"k|far"
        + r"m|roo"
        + r"t)/|pyp"
        + r"i\.org|registry\.npmj"
        + r"s|repo1\.mave"
        + r"n|files\.pythonhoste"
        + "d"
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked_files()
        if path.suffix in TEXT_SUFFIXES
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("path", PACKAGE, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_public_function_and_class_says_what_it_is(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), f"{path.name} has no module docstring"
    silent = [
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_every_dependency_has_a_line_in_the_readme() -> None:
    import tomllib

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    development = [
        line for line in (ROOT / "requirements/dev.in").read_text().splitlines() if line and line[0] not in "#-"
    ]
    names = {re.split(r"[<>=\[ ]", line)[0] for line in [*project, *development]}
    assert {name for name in names if f"`{name}`" not in readme} == set()


def test_every_setting_has_a_line_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    sources = "\n".join(path.read_text(encoding="utf-8") for path in [*PACKAGE, *(ROOT / "sandbox").rglob("*.py")])
    settings = set(re.findall(r"\b(?:AFTERCARE|SANDBOX)_[A-Z][A-Z_]+\b", sources))
    assert {setting for setting in settings if f"`{setting}`" not in readme} == set()


def test_lock_files_pin_every_package_by_hash_and_name_no_index() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text(encoding="utf-8")
        pinned = re.findall(r"^([a-z0-9._-]+)==", text, flags=re.MULTILINE)
        assert pinned
        assert "--index-url" not in text
        blocks = re.split(r"^(?=[a-z0-9._-]+==)", text, flags=re.MULTILINE)[1:]
        assert [block.split("=")[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_the_file_commands_never_load_flask() -> None:
    code = "\n".join(
        [
            "import sys",
            "from smart_app.cli import main",
            "main(['facts', '/nonexistent'])",
            "print('flask' in sys.modules)",
        ]
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert result.stdout.strip() == "False"


def test_templates_never_switch_escaping_off_and_hold_no_inline_style_or_script() -> None:
    bad = re.compile(r"\|\s*safe\b|\bMarkup\(|autoescape\s+false|\sstyle=\"|<style|\son[a-z]+=\"", re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in (ROOT / "templates").rglob("*.html")
        if path.name != "page.html"  # the command line's handout: one file, never served, carries its own style
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if bad.search(line)
    ]
    assert found == []


def test_every_query_has_a_scope_and_every_scope_is_asked_for_by_a_query_or_a_write() -> None:
    from smart_app.fhir.queries import QUERIES, read_scopes

    asked = set(read_scopes())
    for query in QUERIES:
        assert any(query.resource_type in scope for scope in asked), query.name
