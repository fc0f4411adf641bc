"""The content check of the rules: every fault is found, with its file and line."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from smart_app.errors import StartupError
from smart_app.knowledge import default_paths
from smart_app.knowledge.lined_yaml import LinedYamlError, load_lined
from smart_app.knowledge.problems import ContentProblem
from smart_app.knowledge.rules import KEYS, check_rules, due_for_review, load_rules, rules_version

RULES = default_paths().mappings / "rules"
AS_OF = date(2026, 11, 25)
GOOD = (RULES / "mammogram-annual.yaml").read_text(encoding="utf-8")


def check(tmp_path: Path, text: str, name: str = "mammogram-annual.yaml", as_of: date = AS_OF) -> list[ContentProblem]:
    (tmp_path / name).write_text(text, encoding="utf-8")
    for other in ("suspected-recurrence", "limited-life-expectancy", "hospice-holds-screening"):
        (tmp_path / f"{other}.yaml").write_bytes((RULES / f"{other}.yaml").read_bytes())
    return list(check_rules(tmp_path, as_of))


def line_of(text: str, words: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if words in line)


def test_the_rules_of_the_house_have_no_problem() -> None:
    assert [problem for problem in check_rules(RULES, AS_OF) if not problem.notice] == []


def test_the_untouched_copy_has_no_problem(tmp_path: Path) -> None:
    assert check(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "at", "message"),
    [
        ("owner: oncology\n", "", "", "owner is missing"),
        ("owner: oncology", "owner: nobody", "owner:", "owner is not one of the words"),
        ("topic: mammogram", "topic: mammography", "topic:", "topic is not one of the words"),
        ("kind: surveillance", "kind: order", "kind:", "kind is not one of the words"),
        ("mark: V", "mark: X", "mark:", "mark is not one of the words"),
        ("row: I-03", "row: I3", "row:", "row must be a row"),
        ("id: mammogram-annual", "id: mammogram-yearly", "id:", "id must be the file name"),
        ("written_on: 2026-11-25\n", "", "", "written_on is missing"),
        ("expires_on: 2028-11-25", "expires_on: soon", "expires_on:", "must be a day"),
        ("expires_on: 2028-11-25", "expires_on: 2025-11-25", "expires_on:", "expires before it was written"),
        ("reviewed_by:\n", "reviewed_by: Dr. A\n", "reviewed_by:", "given together"),
        ("reviewed_by:\nreviewed_on:", "reviewed_by: A\nreviewed_on: 2020-01-01", "reviewed_on:", "reviewed before"),
        ("fact: bcs.any", "fact: bcs.all", "fact: bcs.all", "unknown fact: bcs.all"),
        ("{fact: surgery.any, is: none}", "{fact: surgery.any, is: removed}", "is: removed", "is never removed"),
        ("{fact: bcs.any}", "{fact: bcs.any, eval: x}", "eval: x", "unknown key in a condition"),
        ("interval_months: [12, 12]", "interval_months: [12, 6]", "schedule:", "upside down"),
        ("interval_months: [12, 12]", "every: 12", "schedule:", "unknown key every"),
        ("{of: diagnosis, months: 12}", "{of: diagnosis, days: 40}", "days: 40", "under four weeks"),
        ("{of: diagnosis, months: 12}", "{of: diagnosis, days: 14, months: 1}", "days: 14", "in place of months"),
        ("{of: diagnosis, months: 12}", "{of: birthday, days: 14}", "days: 14", "unknown date: birthday"),
        ("of: diagnosis", "of: birthday", "of: birthday", "unknown date: birthday"),
        ("year: 2016", "year: recently", "citation:", "a guideline and a year"),
        ("yields_to: [suspected-recurrence", "yields_to: [no-such-rule", "yields_to:", "no such rule no-such-rule"),
        ("limits:", "colour: red\nlimits:", "colour:", "unknown key: colour"),
        ("kind: cannot-tell", "kind: maybe", "kind: maybe", "an example is one of"),
        ("title:", "id: twice\ntitle:", "id: twice", "key given twice: id"),
        ("per: breast", "per: [breast", "", "expected"),
    ],
)  # fmt: skip
def test_a_fault_is_reported_where_it_stands(tmp_path: Path, old: str, new: str, at: str, message: str) -> None:
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    found = check(tmp_path, text)
    assert found, "nothing was found"
    problem = next(each for each in found if message in each.message)
    assert problem.file == "fhir_mappings/rules/mammogram-annual.yaml"
    assert problem.notice is False
    if at:
        start = line_of(text, at)
        assert start <= problem.line <= start + 1
    with pytest.raises(StartupError, match=r"mammogram-annual\.yaml:"):
        load_rules(tmp_path)


def test_a_rule_without_its_three_examples_is_refused(tmp_path: Path) -> None:
    for kind in ("fires", "silent", "cannot-tell"):
        text = GOOD.replace(f"kind: {kind}", "kind: fires" if kind != "fires" else "kind: silent")
        text = text.replace("given: {cancers", "given: {cancers")
        assert any(f"an example is missing: {kind}" in each.message for each in check(tmp_path, text))


def test_a_rule_of_general_knowledge_says_so_in_its_citation(tmp_path: Path) -> None:
    text = GOOD.replace("mark: V", "mark: K").replace("reference: doi 10.1200/JCO.2015.64.3809", "recommendation: none")
    found = check(tmp_path, text)
    assert ["general knowledge, no text read" in each.message for each in found] == [True]


def test_what_has_expired_or_soon_will_is_a_notice_and_no_problem(tmp_path: Path) -> None:
    expired = check(tmp_path, GOOD, as_of=date(2029, 1, 1))
    assert all(each.notice for each in expired)
    assert any("expired on 2028-11-25" in each.message and each.line == line_of(GOOD, "expires_on") for each in expired)
    soon = check(tmp_path, GOOD, as_of=date(2028, 10, 1))
    assert any("expires on 2028-11-25" in each.message for each in soon)
    assert load_rules(tmp_path)


def test_a_review_is_a_change_of_two_lines(tmp_path: Path) -> None:
    text = GOOD.replace("reviewed_by:\nreviewed_on:\n", "reviewed_by: Dr. A. Name\nreviewed_on: 2026-12-01\n")
    assert check(tmp_path, text, as_of=date(2026, 12, 2)) == []
    rules = load_rules(tmp_path)
    signed = next(rule for rule in rules if rule.id == "mammogram-annual")
    assert (signed.reviewed, signed.reviewed_by) == (True, "Dr. A. Name")
    assert due_for_review(rules)[-1].id == "mammogram-annual"


def test_any_change_of_a_file_changes_the_version_of_the_rule_set(tmp_path: Path) -> None:
    check(tmp_path, GOOD)
    before = rules_version(load_rules(tmp_path))
    check(tmp_path, GOOD.replace("[12, 12]", "[11, 12]"))
    assert rules_version(load_rules(tmp_path)) != before


def test_an_empty_folder_is_a_problem(tmp_path: Path) -> None:
    assert [problem.message for problem in check_rules(tmp_path, AS_OF)] == ["holds no rule"]


def test_the_schema_for_editors_knows_the_same_keys() -> None:
    schema = json.loads((RULES.parent / "schema" / "rule.schema.json").read_text(encoding="utf-8"))
    assert set(schema["properties"]) == set(KEYS)


@pytest.mark.parametrize(("text", "line"), [("a: 1\nb: [", 2), ("a: !!python/name:os.system x", 1), ("a: 1\na: 2", 2)])
def test_only_plain_data_is_read_and_a_fault_has_its_line(text: str, line: int) -> None:
    with pytest.raises(LinedYamlError) as caught:
        load_lined(text)
    assert caught.value.line in (line, line + 1)


def test_values_keep_their_kind_and_keys_their_line() -> None:
    data = load_lined("a: 1\nb: 2026-11-25\nc: [true, null, '1', 1.5]\nd:\n  on: x\n")
    assert data == {"a": 1, "b": date(2026, 11, 25), "c": [True, None, "1", 1.5], "d": {"on": "x"}}
    assert (data.key_lines["d"], data["d"].key_lines["on"]) == (4, 5)
