"""The parts of the interoperability run that need no server: browser, bad cases, loading, findings."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from interop import bad_cases, checkers, loading, stand_ins, tools
from interop.browser import Page
from interop.progress import Progress, StepFailedError

PLAN = """<!doctype html><html><body><h1>Edit and <b>save</b> plan</h1>
<form method="post" action="/c/one/plan">
<input type="hidden" name="draft_version" value="3"><input name="row.a.when" value="2027-05">
<fieldset><input type="radio" name="row.a.decision" value="accept">
<input type="radio" name="row.a.decision" value="decline">
</fieldset>
<input type="radio" name="row.b.decision" value="accept">
<input type="radio" name="row.b.decision" value="decline" checked>
<input type="checkbox" name="concern" value="fatigue"><input type="checkbox" name="concern" value="pain" checked>
<select name="row.a.owner"><option value="clinic">Clinic</option><option value="gp" selected>GP</option></select>
<select name="language"><option value="en">English</option><option value="es">Spanish</option></select>
<textarea name="note">Two
lines</textarea>
<button type="submit" name="action" value="keep">Keep changes</button>
<button type="submit" name="action" value="save">Save plan to record</button></form>
<form action="/other"><button name="action" value="no">Other</button></form>
<div data-resource="CarePlan/9" data-version="2"></div></body></html>"""


def test_a_form_is_sent_as_a_browser_would_send_it() -> None:
    page = Page("http://127.0.0.1/c/one/plan", PLAN)
    form, button = page.form_with_button("Save plan to record")
    assert form.action == "http://127.0.0.1/c/one/plan"
    assert button == ("action", "save")
    sent = form.filled(note="Mine")
    assert sorted(sent) == sorted(
        [
            ("draft_version", "3"),
            ("row.a.when", "2027-05"),
            ("row.a.decision", "accept"),
            ("row.b.decision", "decline"),
            ("concern", "pain"),
            ("row.a.owner", "gp"),
            ("language", "en"),
            ("note", "Mine"),
        ]
    )


def test_a_page_gives_its_heading_and_what_a_receipt_names() -> None:
    page = Page("http://127.0.0.1/", PLAN)
    assert page.heading == "Edit and save plan"
    assert (page.attribute("data-resource"), page.attribute("data-version")) == ("CarePlan/9", "2")
    assert page.attribute("data-rule") is None


def test_a_button_that_is_not_there_is_said() -> None:
    with pytest.raises(StepFailedError, match="Sign"):
        Page("http://127.0.0.1/c/one/plan", PLAN).form_with_button("Sign")


def test_each_bad_case_differs_from_the_good_one(tmp_path: Path) -> None:
    bad, good = bad_cases.write_fhir_cases(tmp_path)
    assert len(bad) >= 10
    bodies = {path.read_text() for path in [*bad, *good]}
    assert len(bodies) == len(bad) + len(good)


def test_spoiling_changes_exactly_one_character() -> None:
    before = json.dumps({"resourceType": "CarePlan", "status": "active"}).encode()
    after = bad_cases.spoil_one_character(before)
    assert len(after) == len(before)
    assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
    assert json.loads(after)["status"] != "active"


def test_loading_leaves_out_strangers_and_routine_results_and_puts_targets_first() -> None:
    resources = list(loading._once(loading.sample_patients(date(2026, 11, 25))))
    keys = [f"{item['resourceType']}/{item['id']}" for item in resources]
    assert len(keys) == len(set(keys))
    assert not any("-routine-" in key or "not-hers" in key for key in keys)
    order = {key: number for number, key in enumerate(keys)}
    for number, resource in enumerate(resources):
        subject = resource.get("subject", {}).get("reference")
        assert subject is None or order[subject] < number


def test_findings_are_the_errors_of_each_file_and_not_the_warnings() -> None:
    lines = [
        "VALID\t/a.json",
        "  warning\tCarePlan\tno narrative",
        "INVALID\t/b.json",
        "  error\tCarePlan.status\tunknown code",
    ]
    findings = checkers._parse(lines)
    assert findings == {"/a.json": [], "/b.json": ["CarePlan.status unknown code"]}
    assert checkers.summary(findings) == (2, 1)


def test_stand_ins_are_one_definition_a_file(tmp_path: Path) -> None:
    folder = stand_ins.write_stand_ins(tmp_path)
    urls = [json.loads(path.read_text())["url"] for path in folder.glob("*.json")]
    assert len(urls) == len(set(urls)) == 12


def test_a_run_with_a_problem_ends_red(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    with progress.step("A step"):
        progress.problem("Something is wrong.")
    assert progress.close() == 1
    assert Progress().close() == 0
    assert "Something is wrong." in capsys.readouterr().err


def test_a_registry_that_fails_twice_is_asked_a_third_time_after_longer_waits(tmp_path: Path) -> None:
    said: list[str] = []
    waits: list[float] = []
    third_time = "echo x >> tries; test $(wc -l < tries) -ge 3"
    tools.fetch(("sh", "-c", third_time), tmp_path, "npm", say=said.append, sleep=waits.append)
    assert waits == [5.0, 20.0]
    assert said == ["  npm: attempt 1 of 3 failed, again in 5 s", "  npm: attempt 2 of 3 failed, again in 20 s"]


def test_a_registry_that_stays_away_is_named_with_its_clients_words(tmp_path: Path) -> None:
    command = ("sh", "-c", "echo no route to host >&2; exit 7")
    with pytest.raises(StepFailedError, match=r"(?s)Maven Central: 3 attempts failed.*no route to host"):
        tools.fetch(command, tmp_path, "Maven Central", say=lambda _: None, sleep=lambda _: None)


@pytest.mark.parametrize(
    ("words", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ("v20.20.2", 20),
        ("Apache Maven 3.8.7", 3),
        ('java version "1.8.0_392"', 1),
        ("no number here", None),
    ],
)
def test_the_version_of_a_program_is_read_from_its_own_words(words: str, major: int | None) -> None:
    assert tools.find_major(words) == major
