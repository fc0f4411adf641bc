"""The independent checkers: each takes files and gives, for each file, the errors that it found."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from interop import paths, stand_ins, tools
from interop.progress import StepFailedError

Findings = dict[str, list[str]]
"""Errors by path of the file; a file without errors has an empty list. Warnings are not kept."""

_VERSIONS = {"6.1": "us-core-610", "8.0": "us-core-800"}
_PROFILED = ("CarePlan", "DocumentReference", "Goal", "Provenance")
US_CORE_VERSIONS = tuple(_VERSIONS)


def profile_of(type_: str) -> str:
    """Canonical address of US Core's profile of a type that we write."""
    return f"http://hl7.org/fhir/us/core/StructureDefinition/us-core-{type_.lower()}"


def _definitions(version: str | None) -> list[Path]:
    """Folders of definitions for a version of US Core; none where they are not at hand."""
    profiles = paths.profiles()
    if version is None or profiles is None:
        return []
    return [profiles / _VERSIONS[version], stand_ins.write_stand_ins(paths.STATE / "stand-ins")]


@dataclass(frozen=True)
class Hl7Engine:
    """The official FHIR validation engine; `version` of US Core, None for base R4 only."""

    version: str | None
    apply_profiles: bool = True

    @property
    def name(self) -> str:
        """As the run prints it."""
        return f"HL7 engine, {'US Core ' + self.version if self.version else 'base R4'}"

    def check(self, files: Sequence[Path]) -> Findings:
        """Check files in one run of the engine."""
        mime_types = stand_ins.write_mime_types(paths.STATE / "mime-types")
        arguments = [part for folder in [*_definitions(self.version), mime_types] for part in ("-d", str(folder))]
        if self.version and self.apply_profiles:
            arguments += [part for type_ in _PROFILED for part in ("-p", f"{type_}={profile_of(type_)}")]
        options = [f"-Duser.home={tools.fhir_packages()}", "-Xmx1500m", "-XX:TieredStopAtLevel=1"]
        return _run_java("hl7", "Hl7Check", options, [*arguments, *map(str, files)])


@dataclass(frozen=True)
class PyrofileValidator:
    """A second opinion of another code base; `version` of US Core, None for base R4 only."""

    version: str | None
    apply_profiles: bool = True

    @property
    def name(self) -> str:
        """As the run prints it."""
        return f"pyrofile-validator, {'US Core ' + self.version if self.version else 'base R4'}"

    def check(self, files: Sequence[Path]) -> Findings:
        """Check files in one process of the checker's own environment."""
        profiles = {type_: profile_of(type_) for type_ in _PROFILED} if self.version and self.apply_profiles else {}
        order = {
            "packages": [*map(str, _definitions(self.version)), str(tools.core_archive())],
            "profiles": profiles,
            "files": [str(file) for file in files],
        }
        ended = subprocess.run(
            [str(tools.second_checker()), str(paths.HERE / "pyrofile_check.py")],
            input=json.dumps(order),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        if ended.returncode:
            raise StepFailedError(f"pyrofile-validator did not run:\n{ended.stderr[-800:]}")
        answer: Findings = json.loads(ended.stdout.splitlines()[-1])
        return answer


@dataclass(frozen=True)
class VeraPdf:
    """PDF/UA-1 by veraPDF."""

    name: str = "veraPDF, PDF/UA-1"

    def check(self, files: Sequence[Path]) -> Findings:
        """Check files in one run."""
        return _run_java("pdf", "PdfCheck", ["-XX:TieredStopAtLevel=1"], [str(file) for file in files])


@dataclass(frozen=True)
class NuHtmlChecker:
    """HTML by the checker of the W3C's validator."""

    name: str = "Nu HTML checker"

    def check(self, files: Sequence[Path]) -> Findings:
        """Check files in one run; warnings are left out."""
        jar = tools.install_node_packages() / "vnu-jar" / "build" / "dist" / "vnu.jar"
        command = ["java", "-Xss2m", "-jar", str(jar), "--format", "json", "--errors-only", "--stdout"]
        ended = subprocess.run([*command, *map(str, files)], capture_output=True, text=True, timeout=300, check=False)
        findings: Findings = {str(file): [] for file in files}
        for message in json.loads(ended.stdout)["messages"]:
            path = str(message.get("url", "")).removeprefix("file:")
            line = f"line {message.get('lastLine', '?')}: {message['message']}"
            findings.setdefault(path, []).append(line)
        return findings


Checker = Hl7Engine | PyrofileValidator | VeraPdf | NuHtmlChecker


def _run_java(project: str, main: str, options: Sequence[str], arguments: Sequence[str]) -> Findings:
    target = paths.HERE / project / "target"
    classpath = os.pathsep.join([str(target / "classes"), (target / "classpath.txt").read_text().strip()])
    # Arguments by a file: a hundred paths may be longer than a command line.
    listed = paths.STATE / f"{project}-arguments.txt"
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_text("\n".join(_quoted(part) for part in ["-cp", classpath, main, *arguments]), encoding="utf-8")
    command = ["java", *options, f"@{listed}"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    findings = _parse(ended.stdout.splitlines())
    if ended.returncode not in (0, 1) or not findings:
        raise StepFailedError(f"{main} did not run:\n{(ended.stdout + ended.stderr)[-1200:]}")
    return findings


def _quoted(part: str) -> str:
    return '"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _parse(lines: Sequence[str]) -> Findings:
    findings: Findings = {}
    current: list[str] = []
    for line in lines:
        verdict, _, path = line.partition("\t")
        if verdict in ("VALID", "INVALID"):
            current = findings.setdefault(path, [])
        elif line.startswith(("  error", "  fatal")):
            current.append(" ".join(line.split("\t")[1:]))
    return findings


def summary(findings: Mapping[str, list[str]]) -> tuple[int, int]:
    """Files checked, files with errors."""
    return len(findings), sum(bool(errors) for errors in findings.values())
