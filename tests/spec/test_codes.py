"""Every code list as it ships: one meaning a code, every concept used is defined, near misses mean nothing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smart_app.clinical.codes import CodeMap
from smart_app.knowledge import default_paths
from smart_app.knowledge.codes import check_codes, load_codes

FOLDER = default_paths().mappings / "codes"
EXTRACT = Path(__file__).resolve().parents[2] / "smart_app" / "fhir" / "extract"
LOINC, SNOMED, ICD10 = "http://loinc.org", "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm"


@pytest.fixture(scope="module")
def codes() -> CodeMap:
    return load_codes(FOLDER)


def test_the_code_maps_have_no_problem() -> None:
    tables = os.environ.get("AFTERCARE_CODES")
    assert check_codes(FOLDER, Path(tables) if tables else None) == ()


def test_every_concept_that_extraction_names_is_defined(codes: CodeMap) -> None:
    quoted = re.compile(r"\"([a-z0-9]+(?:-[a-z0-9]+)+)\"")
    suffixes = ("-test", "-value", "-cancer", "-surgery", "-mastectomy", "-report", "-answer", "-metastasis")
    named = {m for path in EXTRACT.rglob("*.py") for m in quoted.findall(path.read_text()) if m.endswith(suffixes)}
    defined_elsewhere = {"family-history-of-cancer", "history-of-mastectomy"}
    assert named - set(codes.concepts) - defined_elsewhere == set()


@pytest.mark.parametrize(
    ("system", "code", "concept"),
    [
        (LOINC, "85337-4", "estrogen-receptor-test"),
        ("urn:oid:2.16.840.1.113883.6.1", "16112-5", "estrogen-receptor-test"),
        (SNOMED, "254837009", "invasive-breast-cancer"),
        (ICD10, "C50.412", "invasive-breast-cancer"),
        (ICD10, "C50.9", "invasive-breast-cancer"),
        (None, "C50912", "invasive-breast-cancer"),
        (ICD10, "D05.12", "ductal-carcinoma-in-situ"),
        (ICD10, "C77.3", "regional-node-metastasis"),
        (ICD10, "C78.02", "distant-metastasis"),
        (ICD10, "C79.81", "metastasis-to-breast"),
        (ICD10, "C79.89", "distant-metastasis"),
        ("ICD10", "0HTU0ZZ", "mastectomy"),
        (LOINC, "32996-1", "serum-her2"),
        (SNOMED, "870629001", "mastectomy-not-for-cancer"),
    ],
)
def test_codes_mean_what_they_should(codes: CodeMap, system: str | None, code: str, concept: str) -> None:
    row = codes.find(system, code)
    assert row is not None
    assert row.concept == concept


@pytest.mark.parametrize(
    ("system", "code"),
    [(None, "254837009"), ("http://example.org/local", "85337-4"), (LOINC, "99999-9"), (SNOMED, ""), (None, "85337-4")],
)
def test_unknown_codes_and_systems_mean_nothing(codes: CodeMap, system: str | None, code: str) -> None:
    assert codes.find(system, code) is None


def test_sides_follow_the_sixth_character_of_icd_10_cm(codes: CodeMap) -> None:
    for row in codes.of_concept("invasive-breast-cancer"):
        if row.system == "ICD10CM" and len(row.code) == 7:
            assert row.side == {"1": "right", "2": "left", "9": None}[row.code[-1]]


def test_a_code_with_two_meanings_and_a_near_miss_without_reason_are_found(tmp_path: Path) -> None:
    folder = tmp_path / "codes"
    folder.mkdir()
    for name in ("systems.yaml", "units.yaml"):
        (folder / name).write_bytes((FOLDER / name).read_bytes())
    row = '  - {system: LOINC, code: "85337-4", display: x, source: y, verified: false}\n'
    (folder / "bad.yaml").write_text(
        f"- concept: one\n  kind: observation\n  title: One\n  codes:\n{row}"
        f"- concept: two\n  kind: near-miss\n  title: Two\n  codes:\n{row}"
    )
    messages = [problem.message for problem in check_codes(folder)]
    assert any("two meanings" in message for message in messages)
    assert any("does not say why" in message for message in messages)
    assert all(problem.line >= 1 for problem in check_codes(folder))


BREAKS = {
    "one code in two concepts": (
        "codes/tumor-markers.yaml",
        '  - {system: LOINC, code: "16113-3", ',
        '  - {system: LOINC, code: "85337-4", ',
        "LOINC 85337-4 has two meanings: estrogen-receptor-test and progesterone-receptor-test",
    ),
    "one code with two sides": (
        "codes/surgery.yaml",
        'code: "429400009"',
        'code: "428571003"',
        "SNOMED 428571003 has two meanings: mastectomy",
    ),
    "a display that no table has": (
        "codes/tumor-markers.yaml",
        "Estrogen receptor [Interpretation] in Tissue",
        "Progesterone receptor [Interpretation] in Tissue",
        "LOINC 16112-5: published as “Estrogen receptor [Interpretation] in Tissue”",
    ),
    "a near miss without its reason": (
        "codes/tumor-markers.yaml",
        '  why: "serum HER2 is not the HER2 status of the tumor"\n',
        "",
        "near miss serum-her2 does not say why",
    ),
    "a rule that asks for what is not defined": (
        "rules/smoking-cessation.yaml",
        "active.tobacco-use",
        "active.tobacco-usage",
        "concept tobacco-usage is not defined in codes/",
    ),
    "a row that does not say whether it was verified": (
        "codes/laboratory.yaml",
        'display: "Tobacco smoking status", source: mCODE 4.0.0, verified: true',
        'display: "Tobacco smoking status", source: mCODE 4.0.0',
        "LOINC 72166-2 does not say whether it was verified",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_each_thing_that_the_content_check_proves_is_told_with_file_and_line_when_it_breaks(
    tmp_path: Path, name: str
) -> None:
    shutil.copytree(FOLDER.parent, tmp_path / "fhir_mappings")
    tables = tmp_path / "tables"
    tables.mkdir()
    (tables / "published.csv").write_text(
        "system,code,display\nhttp://loinc.org,16112-5,Estrogen receptor [Interpretation] in Tissue\n", encoding="utf-8"
    )
    folder = tmp_path / "fhir_mappings" / "codes"
    assert check_codes(folder, tables) == ()
    file, old, new, message = BREAKS[name]
    path = folder.parent / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    (found,) = [problem for problem in check_codes(folder, tables) if problem.message.startswith(message)]
    line = text[: text.index(old)].count("\n") + 1
    assert found.file == file
    assert abs(found.line - line) <= (3 if not new else 0), "the line of the broken row, not of its twin"


def test_the_longest_drug_name_wins(codes: CodeMap) -> None:
    assert codes.find_drugs("ado-trastuzumab emtansine 100 mg") == ("drug-ado-trastuzumab-emtansine",)
    assert codes.find_drugs("paclitaxel protein-bound") == ("drug-paclitaxel",)
    assert codes.find_drugs("aspirin") == ()


@pytest.mark.corpus
def test_public_patients_are_read_without_a_wrong_fact(corpus: Path) -> None:
    score = corpus.parents[1] / "tools" / "score.py"
    if not score.is_file():
        pytest.fail("the scorer that belongs to the corpus is missing")
    command = [sys.executable, str(score), str(corpus / "gold"), str(corpus), "--", sys.executable, "-m", "smart_app"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    counts = dict(part.split("=") for part in done.stdout.strip().splitlines()[-1].split())
    assert (counts["wrong"], counts["crash"], counts["state"]) == ("0", "0", "0")
    assert int(counts["missed"]) <= 0.02 * int(counts["right"])
