"""`make interop`: prepare, prove the checkers, drive the product against real software, check everything it made."""

from __future__ import annotations

import argparse
import contextlib
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import requests

from interop import bad_cases, checkers, clients, foreign, loading, paths, proof, servers, tools
from interop.browser import Browser
from interop.journey import Harvest, Journey, Server
from interop.progress import Progress, StepFailedError
from sandbox.patients import SamplePatient

_FIRST_PATIENT = "varkonyi"


def main() -> int:
    """Run all; gives the exit code: 0 only when everything was as it should be."""
    parser = argparse.ArgumentParser(prog="python -m interop", description=__doc__)
    parser.add_argument("--only", default="", help="ids of sample patients, by comma (default: all)")
    parser.add_argument("--as-of", type=date.fromisoformat, default=date.today(), help="the day of the stories")
    choices = parser.parse_args()
    progress = Progress()
    try:
        prepare(progress)
        proof.prove_checkers(progress)
        drive(progress, choices.as_of, tuple(filter(None, choices.only.split(","))))
    except StepFailedError as problem:
        progress.problem(str(problem))
    except (requests.RequestException, subprocess.TimeoutExpired, OSError, ValueError) as problem:
        progress.problem(f"the run broke off: {type(problem).__name__}: {problem}")
    return progress.close()


def prepare(progress: Progress) -> None:
    """Fetch and build what the run needs."""
    tools.check_programs()
    with progress.step("Java: HAPI FHIR, the HL7 engine, veraPDF (Maven)"):
        tools.build_java()
    with progress.step("JavaScript: the Nu HTML checker, fhirclient, oidc-provider (npm)"):
        tools.install_node_packages()
    with progress.step("FHIR packages for the HL7 engine (PyPI, npm)"):
        tools.fhir_packages()
    with progress.step("pyrofile-validator in an environment of its own (PyPI)"):
        tools.second_checker()
    if paths.profiles() is None:
        progress.notice(
            "no definitions of US Core (AFTERCARE_PROFILES): what is written is checked against base R4 ONLY"
        )


def drive(progress: Progress, as_of: date, only: tuple[str, ...]) -> None:
    """The product against HAPI, first without its validation, then with it."""
    shutil.rmtree(paths.WRITTEN, ignore_errors=True)
    harvest = Harvest(paths.WRITTEN)
    for validate in (False, True):
        addresses = servers.new_addresses()
        mode = "on" if validate else "off"
        with contextlib.ExitStack() as running:
            with progress.step(f"HAPI FHIR with its validation {mode}"):
                running.enter_context(servers.hapi(addresses, validate=validate))
            with progress.step("Sample patients into HAPI, in dependency order"):
                patients, number = loading.load(addresses.hapi, as_of)
                progress.say(f"  {len(patients)} patients, {number} resources")
            with progress.step("Sandbox as guard in front of HAPI"):
                running.enter_context(servers.sandbox(addresses, as_of))
            if not validate:
                clients.launch_with_python_client(progress, addresses, _FIRST_PATIENT)
                clients.launch_with_node_client(progress, addresses, _FIRST_PATIENT)
                every_client_type(progress, addresses, as_of, patients)
                first = next(patient for patient in patients if patient.id == _FIRST_PATIENT)
                foreign.launch_by_foreign_authority(progress, addresses, as_of, first)
            with servers.app(addresses, as_of, clients.APP_CLIENTS["none"]):
                chosen = [patient for patient in patients if not only or patient.id in only]
                with progress.step(f"{len(chosen)} patients: launch, read, save, read back, update, conflict, delete"):
                    for patient in chosen:
                        journey = Journey(progress, addresses, Server(addresses.hapi), patient)
                        journey.harvest = None if validate else harvest
                        journey.run(to_the_end=True)
                if not validate:
                    keep_plan_definition(progress, addresses, harvest)
                    keep_pages_without_a_patient(progress, addresses, harvest)
    check(progress, harvest)


def every_client_type(
    progress: Progress, addresses: servers.Addresses, as_of: date, patients: tuple[SamplePatient, ...]
) -> None:
    """The app, registered in each way that SMART knows, launches and saves for one patient."""
    patient = next(patient for patient in patients if patient.id == _FIRST_PATIENT)
    for words, client in clients.APP_CLIENTS.items():
        if words != "none":
            with progress.step(f"The app as a {words} client"), servers.app(addresses, as_of, client):
                journey = Journey(progress, addresses, Server(addresses.hapi), patient)
                journey.run(to_the_end=False)
                for plan in journey.server.search(f"CarePlan?patient={patient.id}"):
                    journey.server.delete(f"CarePlan/{plan['id']}")


def keep_plan_definition(progress: Progress, addresses: servers.Addresses, harvest: Harvest) -> None:
    """The rule set as the app publishes it."""
    answer = requests.get(f"{addresses.app}/fhir/PlanDefinition/aftercare", timeout=60)
    if answer.status_code != 200:
        progress.problem(f"/fhir/PlanDefinition/aftercare answers {answer.status_code}")
        return
    harvest.keep_resource("PlanDefinition-aftercare", answer.json())


def keep_pages_without_a_patient(progress: Progress, addresses: servers.Addresses, harvest: Harvest) -> None:
    """What a person sees where no launch stands: the front door, refusals; and the sandbox's own pages."""
    for name, status, url in (
        ("front-door", 200, f"{addresses.app}/"),
        ("signed-out", 200, f"{addresses.app}/signed-out"),
        ("unknown-issuer", 400, f"{addresses.app}/launch?iss=https%3A%2F%2Fehr.example%2Ffhir&launch=x"),
        ("no-such-page", 404, f"{addresses.app}/nothing-here"),
        ("sandbox", 200, f"{addresses.sandbox}/"),
    ):
        found, page = Browser().open(url)
        harvest.keep_page(name, page)
        if found != status:
            progress.problem(f"the page {name} answers {found}, {status} was expected")


def check(progress: Progress, harvest: Harvest) -> None:
    """Everything that was written, printed and shown, by the independent checkers."""
    versions: tuple[str | None, ...] = checkers.US_CORE_VERSIONS if paths.profiles() else (None,)
    for version in versions:
        for checker in (checkers.Hl7Engine(version), checkers.PyrofileValidator(version)):
            judge(progress, checker, harvest.resources)
    prove_on_what_was_written(progress, harvest, versions[0])
    judge(progress, checkers.VeraPdf(), harvest.pdfs)
    judge(progress, checkers.NuHtmlChecker(), harvest.pages)


def judge(progress: Progress, checker: checkers.Checker, files: list[Path]) -> None:
    """Every error that a checker finds is a problem."""
    if not files:
        progress.problem(f"{checker.name}: there is nothing to check")
        return
    with progress.step(f"{checker.name}: {len(files)} files"):
        findings = checker.check(files)
        for path, errors in findings.items():
            for error in errors[:3]:
                progress.problem(f"{checker.name}: {Path(path).name}: {error}")
        bad = sum(bool(errors) for errors in findings.values())
        progress.say(f"  {len(findings)} checked, {bad} with errors")


def prove_on_what_was_written(progress: Progress, harvest: Harvest, version: str | None) -> None:
    """One character of a written plan is spoiled: the checker must turn red."""
    plans = [path for path in harvest.resources if "-CarePlan-" in path.name]
    if not plans:
        return
    spoiled = paths.STATE / "cases" / "spoiled.json"
    spoiled.write_bytes(bad_cases.spoil_one_character(plans[0].read_bytes()))
    with progress.step("HL7 engine: a written plan with one character spoiled"):
        if not checkers.Hl7Engine(version).check([spoiled])[str(spoiled)]:
            progress.problem("a spoiled plan was called valid: the check of what is written proves nothing")


if __name__ == "__main__":
    sys.exit(main())
