"""Proves each checker on known bad and good input before its word is taken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from interop import bad_cases, paths
from interop.checkers import Checker, Hl7Engine, NuHtmlChecker, PyrofileValidator, VeraPdf
from interop.progress import Progress

_PUBLIC_CASES = 37
_SECOND_CHECKER_FINDS = 31
"""Of the 37: what pyrofile-validator 0.3.0 finds; fewer means that it or its definitions broke."""


def prove_checkers(progress: Progress) -> None:
    """Run every checker over its cases; what it misses, or wrongly blames, is a problem."""
    cases = paths.STATE / "cases"
    version = "6.1" if paths.profiles() else None
    fhir: list[Checker] = [Hl7Engine(version, apply_profiles=False), PyrofileValidator(version, apply_profiles=False)]
    own_bad, own_good = bad_cases.write_fhir_cases(cases)
    folder = paths.checker_cases()
    for checker in fhir:
        least = len(own_bad) if isinstance(checker, Hl7Engine) else len(own_bad) - 2
        bad, good = own_bad, own_good
        if folder and version:
            bad = [*own_bad, *sorted((folder / "bad").glob("*.json"))]
            good = [*own_good, *sorted((folder / "good").glob("*.json")), *sorted((folder / "warn").glob("*.json"))]
            least += _PUBLIC_CASES if isinstance(checker, Hl7Engine) else _SECOND_CHECKER_FINDS
        _prove(progress, checker, bad, good, least)
    if not folder:
        progress.notice("no folder of public bad cases (INTEROP_CASES): the checkers were proven on our own cases only")
    pdf_bad, pdf_good = bad_cases.write_pdf_cases(cases)
    _prove(progress, VeraPdf(), pdf_bad, pdf_good, len(pdf_bad))
    html_bad, html_good = bad_cases.write_html_cases(cases)
    _prove(progress, NuHtmlChecker(), html_bad, html_good, len(html_bad))


def _prove(progress: Progress, checker: Checker, bad: Sequence[Path], good: Sequence[Path], least: int) -> None:
    with progress.step(f"{checker.name}: proving it on {len(bad)} bad and {len(good)} good files"):
        findings = checker.check([*bad, *good])
        missed = [path.stem for path in bad if not findings.get(str(path))]
        found = len(bad) - len(missed)
        progress.say(f"  found {found} of {len(bad)}" + (f"; not {', '.join(missed)}" if missed else ""))
        if found < least:
            progress.problem(f"{checker.name} finds {found} of {len(bad)} known bad files, {least} were expected")
        for path in good:
            if findings.get(str(path)):
                progress.problem(f"{checker.name} blames a good file, {path.name}: {findings[str(path)][0]}")
