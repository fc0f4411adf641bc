"""All rules for one patient, and loading and checking all content at start: CPU time, slowest of the samples."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterable
from datetime import date

from bench.figure import Figure
from sandbox.patients import sample_patients
from smart_app.clinical.rules import evaluate_rules
from smart_app.clinical.schedule import ClinicDefaults
from smart_app.fhir.extract import extract_record
from smart_app.knowledge import check_content, default_paths, load_knowledge
from smart_app.knowledge.education import forget_education
from smart_app.knowledge.lined_yaml import load_lined_once
from smart_app.knowledge.rules import forget_rules

AS_OF = date(2026, 11, 25)
ONE_PATIENT_MS = 5.0
START_MS = 300.0


def _milliseconds(work: Callable[[], object], times: int) -> float:
    """Median CPU time of one call."""
    work()
    gc.collect()
    measured = []
    for _ in range(times):
        began = time.process_time()
        work()
        measured.append((time.process_time() - began) * 1000)
    return statistics.median(measured)


def measure() -> Iterable[Figure]:
    """The slowest sample patient, and the whole content."""
    paths = default_paths()
    knowledge = load_knowledge(paths.mappings, paths.education)
    records = [extract_record(p.resources, knowledge.codes, AS_OF, patient_id=p.id) for p in sample_patients(AS_OF)]
    in_scope = [record for record in records if record.scope.applies]
    clinic = ClinicDefaults()
    each = [_milliseconds(lambda r=record: evaluate_rules(knowledge.rules, r, clinic), 9) for record in in_scope]
    yield Figure("all rules for one patient, CPU (slowest sample)", max(each), ONE_PATIENT_MS, "ms")

    def start() -> None:
        forget_rules()
        forget_education()
        load_lined_once.cache_clear()
        load_knowledge(paths.mappings, paths.education)
        check_content(paths.mappings, paths.education, AS_OF)

    yield Figure("loading and checking all content, CPU", _milliseconds(start, 5), START_MS, "ms")
