"""Reading education files: what is refused, with file and line, and what is checked."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from smart_app.clinical.education import last_day
from smart_app.errors import StartupError
from smart_app.knowledge.education import check_education, languages, load_education, read_education
from tests.unit.handout.handout_values import TEMPLATES, TODAY

HEAD = """---
section: test
order: 1
title: Test
---
---
id: one
version: 1
title: One
sources: [asco-2013]
written_on: 2026-11-25
expires_on: 2027-11-25
---
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A content folder with the real catalogs and sources, and one English file to fill."""
    shutil.copytree(TEMPLATES / "locale", tmp_path / "locale")
    (tmp_path / "education" / "en").mkdir(parents=True)
    shutil.copy(TEMPLATES / "education" / "sources.yaml", tmp_path / "education" / "sources.yaml")
    return tmp_path / "education"


def write(folder: Path, text: str, language: str = "en") -> None:
    path = folder / language / "1-test.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def problems(folder: Path, as_of: date = TODAY) -> list[str]:
    return [f"{p.file}:{p.line} {p.message}" for p in check_education(folder, as_of) if not p.notice]


def notices(folder: Path, as_of: date = TODAY) -> list[str]:
    return [p.message for p in check_education(folder, as_of) if p.notice]


def test_a_good_file_has_no_problem(folder: Path) -> None:
    write(folder, HEAD + "Call us. {education/7 -}\n\n- A list item {rules/V-04 V; updates/E-09 P}\n")
    assert problems(folder) == []
    paragraph = load_education(folder)[0]
    assert [block.item for block in paragraph.blocks] == [False, True]
    assert paragraph.blocks[1].sentences[0].traces[1].page == "updates"


@pytest.mark.parametrize(
    ("change", "text", "said"),
    [
        (("", ""), "No trace here.\n", "14 the line names no source line"),
        (("", ""), "Bad trace. {rules V-01}\n", "not a source line"),
        (("id: one\n", ""), "Call us. {general}\n", "missing in the head: id"),
        (("title: One", "tilte: One"), "Call us. {general}\n", "missing in the head: title"),
        (("sources: [asco-2013]", "sources: [nobody]"), "Call us. {general}\n", "no such source: nobody"),
        (("sources:", "kind: rumor\nsources:"), "Call us. {general}\n", "kind must be one of"),
        (("sources:", "shown_when: {fact: er, maybe: 1}\nsources:"), "Call us. {general}\n", "shown_when"),
        (("sources:", "shown_when: {fact: moon, is: full}\nsources:"), "Call us. {general}\n", "unknown fact: moon"),
        (("expires_on: 2027-11-25", "expires_on: 2029-11-25"), "Call us. {general}\n", "2028-11-25 at the latest"),
        (("expires_on: 2027-11-25", "expires_on: soon"), "Call us. {general}\n", "expires_on must be a date"),
        (("sources:", "kind: drug\nsources:"), "Call us. {general}\n", "2027-05-25 at the latest"),
        (("sources:", "reviewed_by: Dr. A\nsources:"), "Call us. {general}\n", "go together"),
        (("", ""), "Call [[mother]]. {education/7 -}\n", "unknown value [[mother]]"),
        (("", ""), "You are cured. {education/7 -}\n", "never said to a patient: a promise: cured"),
        (
            ("", ""),
            "Adjuvant endocrine therapy diminishes ipsilateral recurrence. {education/4a -}\n",
            "Flesch-Kincaid",
        ),
        (("", ""), "\n", "has no text"),
    ],
)
def test_a_broken_file_is_named_with_its_line(folder: Path, change: tuple[str, str], text: str, said: str) -> None:
    write(folder, HEAD.replace(*change, 1) + text if change[0] else HEAD + text)
    found = problems(folder)
    assert any(said in problem for problem in found), found
    assert all(problem.startswith("education/") for problem in found)


def test_a_broken_file_stops_the_start(folder: Path) -> None:
    write(folder, HEAD + "No trace.\n")
    with pytest.raises(StartupError, match=r"1-test\.md:14"):
        load_education(folder)


def test_a_head_that_is_not_yaml_is_named(folder: Path) -> None:
    write(folder, HEAD.replace("title: One", "title: One: two") + "Call us. {general}\n")
    assert any("not YAML" in problem for problem in problems(folder))


def test_the_same_id_twice_is_a_problem(folder: Path) -> None:
    write(folder, HEAD + "Call us. {general}\n---" + HEAD.split("---\n---")[1] + "Call us. {general}\n")
    assert any("one stands twice" in problem for problem in problems(folder))


def test_general_knowledge_and_expiry_are_notices(folder: Path) -> None:
    write(folder, HEAD + "Call us. {education/7 -}\nThe sky is blue. {general}\n")
    assert any("general knowledge, left off paper" in notice for notice in notices(folder))
    assert any("expires on 2027-11-25" in notice for notice in notices(folder, date(2027, 10, 1)))
    assert any("expired on 2027-11-25" in notice for notice in notices(folder, date(2028, 10, 1)))
    assert problems(folder, date(2028, 10, 1)) == []


def test_a_review_counts_the_life_anew() -> None:
    assert last_day("drug", date(2026, 1, 1), None) == date(2026, 7, 1)
    assert last_day("drug", date(2026, 1, 1), date(2026, 6, 1)) == date(2026, 12, 1)
    assert last_day("news", date(2026, 1, 1), None) == date(2027, 1, 1)


SPANISH = "---\nsection: test\norder: 1\ntitle: Prueba\n---\n---\nid: one\nversion: 1\ntitle: Uno\n---\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SPANISH + "Llame.\n", ""),
        (SPANISH.replace("version: 1", "version: 2") + "Llame.\n", "translates version 2, not 1"),
        (SPANISH + "Llame.\nOtra línea.\n", "line"),
        (SPANISH + "Llame. {general}\n", "takes its traces from the English line"),
        (SPANISH.replace("id: one", "id: other") + "Llame.\n", "no English paragraph has this id"),
        ("---\nsection: test\norder: 1\ntitle: Prueba\n---\n", "no translation to es"),
        (SPANISH + "Usted está curado del cáncer.\n", "never said to a patient"),
    ],
)
def test_a_translation_follows_the_english_line_for_line(folder: Path, text: str, said: str) -> None:
    write(folder, HEAD + "Call us. {education/7 -}\n")
    write(folder, text, "es")
    found = problems(folder)
    assert any(said in problem for problem in found) if said else not found, found


def test_a_third_language_needs_no_code(folder: Path) -> None:
    write(folder, HEAD + "Call us. {education/7 -}\n")
    write(folder, SPANISH.replace("Prueba", "Test").replace("Uno", "Eins") + "Rufen Sie an.\n", "de")
    assert languages(folder) == ("en", "de")
    assert any("locale/de" in problem for problem in problems(folder))
    shutil.copytree(folder.parent / "locale" / "es", folder.parent / "locale" / "de")
    assert problems(folder) == []
    german = [p for p in read_education(folder)[0] if p.language == "de"]
    assert german[0].title == "Eins" and not german[0].reviewed


def test_a_message_missing_from_a_catalog_is_a_problem(folder: Path) -> None:
    write(folder, HEAD + "Call us. {education/7 -}\n")
    write(folder, SPANISH + "Llame.\n", "es")
    path = folder.parent / "locale" / "es" / "LC_MESSAGES" / "handout.po"
    path.write_text(path.read_text(encoding="utf-8").replace('"Qué sigue"', '""'), encoding="utf-8")
    assert any("next.title: no text" in problem for problem in problems(folder))


def test_a_catalog_field_that_was_lost_is_a_problem(folder: Path) -> None:
    write(folder, HEAD + "Call us. {education/7 -}\n")
    write(folder, SPANISH + "Llame.\n", "es")
    path = folder.parent / "locale" / "es" / "LC_MESSAGES" / "handout.po"
    path.write_text(
        path.read_text(encoding="utf-8").replace("Llame al {number} ahora", "Llame ahora"), encoding="utf-8"
    )
    assert any("signs.urgent: must hold the fields {number}" in problem for problem in problems(folder))
