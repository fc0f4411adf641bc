"""
The `aftercare` command: the same facts, rules and plan as on the web, from a file, without a server.

Exit codes: 0 done; 1 problems found (the two checks); 2 the input cannot be used; 3 done, but outside the scope.
Every command imports only what it needs, so that the file commands never load Flask.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from smart_app import __version__
from smart_app.errors import AftercareError, DocumentError, InputError, OutOfScopeError, StartupError

if TYPE_CHECKING:
    from smart_app.clinical.facts import PatientRecord
    from smart_app.clinical.recommendations import Recommendation
    from smart_app.clinical.schedule import ClinicDefaults
    from smart_app.handout.blocks import Person
    from smart_app.knowledge import KnowledgeBase
    from smart_app.settings.clinic import ClinicSettings

OK, PROBLEMS, UNUSABLE, OUT_OF_SCOPE = 0, 1, 2, 3

OUT_OF_SCOPE_WORDS = {
    "no-breast-cancer": "no breast cancer is recorded",
    "metastatic-disease": "metastatic disease is recorded",
    "deceased": "the patient has died",
    "lcis-only": "only lobular carcinoma in situ is recorded; it follows the LCIS pathway",
}


def main(argv: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    arguments = _parser().parse_args(argv)
    command: Callable[[argparse.Namespace], int] = arguments.run
    try:
        code = command(arguments)
        sys.stdout.flush()
        return code
    except OutOfScopeError as error:
        words = "; ".join(_scope_words(reason, error.diagnoses_read) for reason in error.reasons)
        return _complain(f"outside the scope of survivorship care: {words}", OUT_OF_SCOPE)
    except (InputError, StartupError, DocumentError) as error:
        return _complain(str(error), UNUSABLE)
    except AftercareError as error:
        return _complain(f"{type(error).__name__}: {error}", UNUSABLE)
    except BrokenPipeError:
        # The reader (`head`) has gone: leave quietly, as other filters do.
        _discard_output()
        return OK
    except OSError as error:
        _discard_output()
        return _complain(f"the output could not be written: {error.strerror}", UNUSABLE)


def _scope_words(reason: str, diagnoses_read: bool) -> str:
    if reason == "no-breast-cancer" and not diagnoses_read:
        return "no breast cancer was found, but a part of the record could not be read"
    return OUT_OF_SCOPE_WORDS.get(reason, reason)


def _discard_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _OneLineParser(argparse.ArgumentParser):
    """A wrong call is answered in one line, as a wrong file is; `--help` has the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(UNUSABLE, f"{self.prog}: {' '.join(message.split())}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(prog="aftercare", description="Survivorship care plans for breast cancer.")
    parser.add_argument("--version", action="version", version=f"aftercare {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, help_text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=help_text, description=help_text)
        command.set_defaults(run=run)
        return command

    def add_bundle(command: argparse.ArgumentParser) -> None:
        command.add_argument(
            "bundle", metavar="BUNDLE", help="FHIR R4 Bundle, JSON array or ndjson; - is standard input"
        )
        command.add_argument("--as-of", type=_day, default=None, metavar="YYYY-MM-DD", help='what "today" is')

    add_bundle(add("facts", "what the record holds, with sources, as JSON", _facts))
    recommendations = add("recommendations", "what is due, when and why, as JSON", _recommendations)
    add_bundle(recommendations)
    recommendations.add_argument("--all", action="store_true", help="also the rules that do not fire, with the reason")
    plan = add("plan", "the draft CarePlan", _plan)
    add_bundle(plan)
    plan.add_argument("--format", choices=("fhir", "table"), default="fhir", help="R4 JSON (default) or a table")
    handout = add("handout", "the patient handout as PDF or HTML", _handout)
    add_bundle(handout)
    handout.add_argument("--out", required=True, type=Path, metavar="FILE", help="FILE.pdf or FILE.html")
    handout.add_argument("--lang", default="en", metavar="LANG", help="language of the handout: en (default) or es")
    handout.add_argument("--large-print", action="store_true", help="18 points")
    handout.add_argument("--more-to-know", action="store_true", help="with the optional part, about twice as long")
    add("export-plandefinition", "the rule set as a FHIR PlanDefinition", _export_plandefinition)
    add("serve", "the app under gunicorn, with the settings of the environment", _serve)
    add("check-content", "problems in fhir_mappings and the education texts", _check_content)
    add("check-config", "problems in the settings and the issuer registry", _check_config)
    audit = add("audit", "the append-only record of who saw and wrote what, for an administrator", _audit)
    audit.add_argument("--verify", action="store_true", help="only check that no entry was changed or removed")
    end = add("end-sessions", "end every open session of an EHR, or of one of its users, at once", _end_sessions)
    end.add_argument("issuer", metavar="SLUG", help="the EHR's slug in the registry")
    end.add_argument("--user", default="", metavar="REFERENCE", help="only of this user, such as Practitioner/17")
    return parser


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise argparse.ArgumentTypeError("expected a day as YYYY-MM-DD")
    return day


def _complain(message: str, code: int) -> int:
    print(f"aftercare: {' '.join(message.split())}", file=sys.stderr)
    return code


def _knowledge() -> KnowledgeBase:
    from smart_app.knowledge import default_paths, load_knowledge

    paths = default_paths()
    return load_knowledge(paths.mappings, paths.education)


def _read(arguments: argparse.Namespace, knowledge: KnowledgeBase) -> PatientRecord:
    from smart_app.fhir.bundle import read_file
    from smart_app.fhir.extract import extract_file

    try:
        data = sys.stdin.buffer.read() if arguments.bundle == "-" else Path(arguments.bundle).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror}") from error
    content = read_file(data)
    arguments.patients = [each for each in content.resources if each.get("resourceType") == "Patient"]
    return extract_file(content, knowledge.codes, arguments.as_of or date.today())


def _recommend(
    record: PatientRecord, knowledge: KnowledgeBase, include_silent: bool = False
) -> tuple[Recommendation, ...]:
    from smart_app.clinical.rules import evaluate_rules

    return evaluate_rules(knowledge.rules, record, _clinic_defaults(), include_silent=include_silent)


def _clinic_defaults() -> ClinicDefaults:
    """The clinic's jurisdiction and intervals (`AFTERCARE_CLINIC`), as on the web; the US without a file."""
    from smart_app.clinical.schedule import ClinicDefaults

    clinic = _clinic()
    if clinic is None:
        return ClinicDefaults()
    return ClinicDefaults(jurisdiction=clinic.jurisdiction, intervals=clinic.intervals)


def _print_json(value: object) -> None:
    json.dump(value, sys.stdout, indent=1, ensure_ascii=False, allow_nan=False)
    sys.stdout.write("\n")


def _scope_code(record: PatientRecord) -> int:
    return OK if record.scope.applies else OUT_OF_SCOPE


def _require_scope(record: PatientRecord) -> None:
    if not record.scope.applies:
        raise OutOfScopeError(record.scope.reasons, record.diagnoses_read)


def _facts(arguments: argparse.Namespace) -> int:
    from smart_app.clinical.facts_json import facts_json

    record = _read(arguments, _knowledge())
    _print_json(facts_json(record))
    return _scope_code(record)


def _recommendations(arguments: argparse.Namespace) -> int:
    from smart_app.clinical.recommendations_json import recommendations_json

    knowledge = _knowledge()
    record = _read(arguments, knowledge)
    _print_json(recommendations_json(record, _recommend(record, knowledge, arguments.all)))
    return _scope_code(record)


def _plan(arguments: argparse.Namespace) -> int:
    from smart_app.workflow.plan_command import plan_resource, plan_table

    knowledge = _knowledge()
    record = _read(arguments, knowledge)
    _require_scope(record)
    recommendations = _recommend(record, knowledge)
    if arguments.format == "table":
        from smart_app.web.presenters_words import fact_label

        sys.stdout.write(plan_table(record, recommendations, fact_label))
    else:
        _print_json(plan_resource(record, recommendations))
    return OK


def _handout(arguments: argparse.Namespace) -> int:
    from smart_app.handout.command import write_handout
    from smart_app.knowledge import default_paths

    if arguments.out.suffix not in (".pdf", ".html"):
        raise InputError("--out must end in .pdf or .html")
    knowledge = _knowledge()
    record = _read(arguments, knowledge)
    _require_scope(record)
    clinic = _clinic()
    write_handout(
        record,
        _recommend(record, knowledge),
        knowledge.education,
        arguments.out,
        templates=default_paths().templates,
        language=arguments.lang,
        large_print=arguments.large_print,
        more=arguments.more_to_know,
        clinic=clinic.contacts if clinic is not None else None,
        person=_person(arguments, record),
        font_dirs=tuple(Path(folder) for folder in os.environ.get("AFTERCARE_FONT_DIRS", "").split(":") if folder),
    )
    return OK


def _person(arguments: argparse.Namespace, record: PatientRecord) -> Person:
    from smart_app.handout.blocks import Person
    from smart_app.web.presenters_identity import patient_name

    name = patient_name(arguments.patients[0]) if len(arguments.patients) == 1 else ""
    return Person(name, record.patient.birth_date)


def _clinic() -> ClinicSettings | None:
    from smart_app.settings.clinic import read_clinic

    if "AFTERCARE_CLINIC" not in os.environ:
        return None
    problems: list[str] = []
    clinic = read_clinic(Path(os.environ["AFTERCARE_CLINIC"]), problems)
    if problems:
        raise StartupError("; ".join(problems))
    return clinic


def _export_plandefinition(_: argparse.Namespace) -> int:
    from smart_app.fhir.plandefinition import plan_definition

    knowledge = _knowledge()
    _print_json(plan_definition(knowledge.rules, knowledge.version))
    return OK


def _serve(_: argparse.Namespace) -> int:
    from smart_app.app import serve

    return serve()


def _check_content(_: argparse.Namespace) -> int:
    from smart_app.knowledge import check_content, default_paths

    paths = default_paths()
    tables = os.environ.get("AFTERCARE_CODES")
    problems = check_content(paths.mappings, paths.education, date.today(), Path(tables) if tables else None)
    for problem in problems:
        print(f"{problem.file}:{problem.line}: {'notice: ' if problem.notice else ''}{problem.message}")
    found = sum(not problem.notice for problem in problems)
    print(f"{found} problem(s), {len(problems) - found} notice(s)")
    return PROBLEMS if found else OK


def _check_config(_: argparse.Namespace) -> int:
    from smart_app.app import print_config

    return print_config(datetime.now().astimezone())


def _audit(arguments: argparse.Namespace) -> int:
    from smart_app.app import print_audit

    return print_audit(verify_only=arguments.verify, now=datetime.now().astimezone())


def _end_sessions(arguments: argparse.Namespace) -> int:
    from smart_app.app import end_sessions

    return end_sessions(arguments.issuer, arguments.user, datetime.now().astimezone())
