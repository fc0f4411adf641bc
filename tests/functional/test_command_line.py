"""The `aftercare` command as a person at a terminal uses it: output, exit codes, one line when something is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sandbox.patients import sample_patients
from smart_app.cli import main
from tests.support.charts import ICD10, LOINC, bundle, coding, concept, condition, observation, patient
from tests.support.rule_charts import chart

DAY = "2026-11-22"


def survivor() -> dict[str, Any]:
    return bundle(
        patient("1962-03-09"),
        condition("dx", concept(coding(ICD10, "C50.412")), "2022-05-12"),
        observation(
            "er", concept(coding(LOINC, "16112-5")), "2022-05-20", valueCodeableConcept=concept(text="Positive")
        ),
    )


@pytest.fixture
def record(tmp_path: Path) -> Path:
    path = tmp_path / "record.json"
    path.write_text(json.dumps(survivor()), encoding="utf-8")
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_bundle_array_and_ndjson_give_the_same_facts(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, record: Path
) -> None:
    resources = [entry["resource"] for entry in survivor()["entry"]]
    array, lines = tmp_path / "array.json", tmp_path / "lines.ndjson"
    array.write_text(json.dumps(resources), encoding="utf-8")
    lines.write_text("\n".join(json.dumps(resource) for resource in resources), encoding="utf-8")
    outputs = {run(capsys, "facts", path, "--as-of", DAY)[1] for path in (record, array, lines)}
    assert len(outputs) == 1
    facts = json.loads(outputs.pop())
    assert facts["schema"] == 1
    assert facts["as_of"] == DAY
    assert facts["facts"]["er"]["value"] == "positive"


def test_recommendations_name_rule_source_and_facts(capsys: pytest.CaptureFixture[str], record: Path) -> None:
    code, out, _ = run(capsys, "recommendations", record, "--as-of", DAY)
    rows = json.loads(out)["recommendations"]
    assert code == 0
    assert rows
    assert all(row["source"]["guideline"] and row["source"]["year"] for row in rows)
    assert all(row["missing"] for row in rows if row["status"] == "cannot-tell")
    silent = json.loads(run(capsys, "recommendations", record, "--as-of", DAY, "--all")[1])["recommendations"]
    assert len(silent) > len(rows)


def test_the_plan_is_a_draft_and_the_same_bytes_each_time(capsys: pytest.CaptureFixture[str], record: Path) -> None:
    first = run(capsys, "plan", record, "--as-of", DAY)
    assert first == run(capsys, "plan", record, "--as-of", DAY)
    plan = json.loads(first[1])
    assert (plan["resourceType"], plan["status"], plan["intent"]) == ("CarePlan", "draft", "plan")
    code, table, _ = run(capsys, "plan", record, "--as-of", DAY, "--format", "table")
    assert code == 0
    assert "Options, not orders" in table


def test_the_table_begins_with_alerts_and_gives_no_interval_where_it_cannot_tell(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    chart_file = tmp_path / "chart.json"
    chart_file.write_text(
        json.dumps(
            chart(
                "invasive left 2025-02-10 · mastectomy left 2025-03-15 · letrozole 2025-07-01",
                "mammogram 2026-03-15 right 2 · menopause premenopausal · er positive",
            )
        ),
        encoding="utf-8",
    )
    _, table, _ = run(capsys, "plan", chart_file, "--as-of", DAY, "--format", "table")
    lines = table.splitlines()[4:]
    assert lines[0].startswith("Safety alert") and "Aromatase inhibitor without ovarian suppression" in lines[0]
    order = ["Safety alert", "Overdue", "Due", "Cannot tell", "Up to date", "Not advised"]
    first = [next(n for n, line in enumerate(lines) if line.startswith(word)) for word in order]
    assert first == sorted(first)
    assert not [line for line in lines if line.startswith("Cannot tell") and "every" in line.split("  |  ")[0][:140]]
    assert [line for line in lines if "every 3 to 6 months (6 used)" in line]
    assert [line for line in lines if "Yearly mammogram of the remaining breast (right)" in line]
    assert "missing: Germline genes" in table


@pytest.mark.parametrize("name", ["h.pdf", "h.html"])
def test_the_handout_is_written_as_asked(
    capsys: pytest.CaptureFixture[str], record: Path, tmp_path: Path, name: str
) -> None:
    out = tmp_path / name
    for options in ((), ("--lang", "es"), ("--large-print",)):
        code, _, err = run(capsys, "handout", record, "--as-of", DAY, "--out", out, *options)
        assert (code, err) == (0, "")
        assert out.read_bytes().startswith(b"%PDF-" if name.endswith("pdf") else b"<!doctype html>")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"{", "JSON"),
        (b"[]", "no FHIR"),
        (b'{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "MedicationOrder"}}]}', "R4"),
        (b"<Bundle/>", "JSON"),
        (b"\xff\xfe\x00", ""),
    ],
)
def test_a_file_that_cannot_be_used_gets_one_line_and_exit_two(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(content)
    for command in ("facts", "recommendations", "plan"):
        code, out, err = run(capsys, command, path, "--as-of", DAY)
        assert (code, out) == (2, "")
        assert err.startswith("aftercare: ")
        assert err.count("\n") == 1
        assert words.lower() in err.lower()


def test_the_handout_names_the_person_of_the_record_and_the_clinic_of_the_settings(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart, clinic, out = tmp_path / "x.json", tmp_path / "clinic.toml", tmp_path / "h.html"
    chart.write_text(json.dumps(named_survivor()), encoding="utf-8")
    clinic.write_text('phone = "555-0100 200"\n', encoding="utf-8")
    monkeypatch.setenv("AFTERCARE_CLINIC", str(clinic))
    assert run(capsys, "handout", chart, "--as-of", DAY, "--out", out)[0] == 0
    page = out.read_text(encoding="utf-8")
    assert "Nguyễn Thị Ánh" in page
    assert "555-0100 200" in page
    clinic.write_text("phone = [", encoding="utf-8")
    code, _, err = run(capsys, "handout", chart, "--as-of", DAY, "--out", out)
    assert code == 2
    assert "AFTERCARE_CLINIC" in err


def named_survivor() -> dict[str, Any]:
    chart = survivor()
    chart["entry"][0]["resource"]["name"] = [{"use": "official", "family": "Ánh", "given": ["Nguyễn", "Thị"]}]
    return chart


def test_outside_the_scope_nothing_is_written_and_the_reason_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path, out = tmp_path / "x.json", tmp_path / "h.pdf"
    chart = survivor()
    chart["entry"].append({"resource": condition("m", concept(coding(ICD10, "C79.51")), "2025-01-01")})
    path.write_text(json.dumps(chart), encoding="utf-8")
    assert run(capsys, "facts", path, "--as-of", DAY)[0] == 3
    code, text, _ = run(capsys, "recommendations", path, "--as-of", DAY)
    assert code == 3
    assert json.loads(text)["recommendations"] == []
    for command in (("plan", path), ("handout", path, "--out", out)):
        code, text, err = run(capsys, *command, "--as-of", DAY)
        assert (code, text) == (3, "")
        assert "metastatic" in err
    assert not out.exists()


def test_standard_input_is_read_and_a_closed_pipe_is_no_traceback() -> None:
    data = json.dumps(survivor()).encode()
    result = subprocess.run(
        f"{sys.executable} -m smart_app facts - --as-of {DAY} | head -c 20",
        input=data,
        shell=True,
        capture_output=True,
        check=False,
    )
    assert result.stdout.startswith(b"{")
    assert result.stderr == b""


def test_the_clinics_own_intervals_and_jurisdiction_count_here_too(
    capsys: pytest.CaptureFixture[str], record: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic = tmp_path / "clinic.toml"
    clinic.write_text('jurisdiction = "uk"\n', encoding="utf-8")
    monkeypatch.setenv("AFTERCARE_CLINIC", str(clinic))
    rules = {
        row["rule"] for row in json.loads(run(capsys, "recommendations", record, "--as-of", DAY)[1])["recommendations"]
    }
    assert "mammogram-uk" in rules and "mammogram-annual" not in rules
    clinic.write_text('jurisdiction = "mars"\n', encoding="utf-8")
    assert run(capsys, "recommendations", record, "--as-of", DAY)[0] == 2


def test_the_rule_set_is_a_plan_definition(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "export-plandefinition")
    assert code == 0
    assert json.loads(out)["resourceType"] == "PlanDefinition"


def test_content_has_no_problem_and_an_empty_configuration_has(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(capsys, "check-content")[0] == 0
    for name in ("AFTERCARE_MODE", "AFTERCARE_REGISTRY", "AFTERCARE_PUBLIC_URL", "AFTERCARE_SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    code, out, _ = run(capsys, "check-config")
    assert code == 1
    assert "AFTERCARE_REGISTRY" in out


@pytest.mark.corpus
def test_no_file_of_the_corpus_ends_in_a_traceback(capsys: pytest.CaptureFixture[str], corpus: Path) -> None:
    files = [path for path in corpus.rglob("*") if path.suffix in (".json", ".ndjson") and "gold" not in path.parts]
    assert len(files) >= 40
    for path in files:
        for command in ("facts", "plan"):
            code, out, err = run(capsys, command, path, "--as-of", DAY)
            assert code in (0, 2, 3), path.name
            assert (code == 2) == (out == "" and err != "" and "outside" not in err), path.name
            assert "Traceback" not in err


def resources_of_survivor() -> list[dict[str, Any]]:
    return [entry["resource"] for entry in survivor()["entry"]]


def lost_line() -> bytes:
    return b"\n".join([*(json.dumps(each).encode() for each in resources_of_survivor()), b'{"resourceType": "Obs'])


def refused_part() -> bytes:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "diagnostics": "page 2 was lost"}]}
    return json.dumps(bundle(*resources_of_survivor(), outcome)).encode()


def page_without_the_next() -> bytes:
    links = [{"relation": "next", "url": "https://ehr.example/?page=2"}]
    return json.dumps({**survivor(), "type": "searchset", "link": links}).encode()


def entry_that_is_no_resource() -> bytes:
    return json.dumps([*resources_of_survivor(), "lost"]).encode()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lost_line(), "Line 4"),
        (refused_part(), "page 2 was lost"),
        (page_without_the_next(), "further page"),
        (entry_that_is_no_resource(), "Item 3"),
    ],
)
def test_a_file_with_a_part_that_cannot_be_read_is_not_a_whole_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(content)
    code, out, _ = run(capsys, "facts", path, "--as-of", DAY)
    facts = json.loads(out)
    assert code == 0
    assert [issue["kind"] for issue in facts["issues"]] == ["unreadable"]
    assert said in facts["issues"][0]["detail"]
    assert facts["facts"]["er"]["state"] == "documented"
    # PR may have stood in what was lost: it was not read, which is not the same as not recorded.
    assert facts["facts"]["pr"]["state"] == "not-read"


def test_a_whole_file_is_never_called_not_read(capsys: pytest.CaptureFixture[str], record: Path) -> None:
    warning = {"resourceType": "OperationOutcome", "issue": [{"severity": "warning", "diagnostics": "slow today"}]}
    record.write_text(json.dumps(bundle(*resources_of_survivor(), warning)), encoding="utf-8")
    facts = json.loads(run(capsys, "facts", record, "--as-of", DAY)[1])
    assert facts["issues"] == []
    assert facts["facts"]["pr"]["state"] == "not-found"


def test_an_answer_that_holds_only_an_error_is_no_record_without_breast_cancer(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "error.json"
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "forbidden"}]}
    path.write_text(json.dumps(outcome), encoding="utf-8")
    code, out, err = run(capsys, "facts", path)
    assert (code, out) == (2, "")
    assert "forbidden" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["facts"],
        ["bogus"],
        ["facts", "RECORD", "--as-of", "2026-13-01"],
        ["facts", "RECORD", "--as-of", "20260101"],
        ["plan", "RECORD", "--format", "xml"],
        ["handout", "RECORD"],
    ],
)
def test_a_wrong_call_gets_one_line_and_exit_two(
    capsys: pytest.CaptureFixture[str], record: Path, arguments: list[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(record) if each == "RECORD" else each for each in arguments])
    captured = capsys.readouterr()
    assert (stopped.value.code, captured.out) == (2, "")
    assert captured.err.startswith("aftercare")
    assert captured.err.count("\n") == 1


def test_output_that_cannot_be_written_is_one_line_and_no_traceback(record: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "smart_app", "facts", str(record)], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith(b"aftercare: the output could not be written")
    assert done.stderr.count(b"\n") == 1


def test_a_name_without_glyphs_names_the_way_on_and_not_the_name(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    chart = tmp_path / "chart.json"
    patient = next(each for each in sample_patients(date(2026, 11, 25)) if each.id == "zaldivarra")
    resources = [dict(each) for each in patient.resources]
    for each in resources:
        if each["resourceType"] == "Patient":
            each["name"] = [{"family": "田中", "given": ["花子"]}]
    chart.write_text(json.dumps(resources), encoding="utf-8")
    code, _, err = run(capsys, "handout", chart, "--as-of", DAY, "--out", tmp_path / "paper.pdf")
    assert code == 2 and "write FILE.html instead" in err and "田" not in err
    code, _, _ = run(capsys, "handout", chart, "--as-of", DAY, "--out", tmp_path / "paper.html")
    assert code == 0 and "花子 田中" in (tmp_path / "paper.html").read_text(encoding="utf-8")
