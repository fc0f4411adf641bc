"""Every code list as it ships: one meaning a code, every concept used is defined, near misses mean nothing."""

from __future__ import annotations

import os
import re
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
