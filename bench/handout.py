"""The handout PDF of a new patient, warm, beside a one-line Typst document with the same fonts."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import typst

from bench.figure import Figure
from smart_app.clinical.clinic import ClinicContacts
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.education import ChosenParagraph
from smart_app.clinical.facts import CancerRecord, Medication, Patient, PatientRecord, Scope, Surgery
from smart_app.handout.blocks import Person
from smart_app.handout.fonts import load_fonts
from smart_app.handout.handout import compose_handout
from smart_app.handout.pdf import render_pdf
from smart_app.knowledge.education import load_education

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
TODAY = date(2026, 11, 25)
EDUCATION = load_education(TEMPLATES / "education")  # read once at start, as the product does
ROUNDS = 15
LIMIT = 20.0


def measure() -> Iterator[Figure]:
    """Compose and set the whole handout; each round is another patient, so that nothing is remembered."""
    one_line = _median(_one_line)
    whole = _median(_handout)
    yield Figure("handout PDF, new patient, against a one-line document", whole / one_line, LIMIT)


def _median(run: Callable[[int], object]) -> float:
    for number in range(3):
        run(-1 - number)
    times = []
    for number in range(ROUNDS):
        start = time.perf_counter()
        run(number)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _one_line(number: int) -> bytes | list[bytes] | None:
    source = f'#set document(title: "One line")\n#set text(font: "Atkinson Hyperlegible")\nLine {number}.'.encode()
    return typst.Compiler(source, font_paths=load_fonts().typst_fonts).compile(format="pdf", pdf_standards=["ua-1"])


def _handout(number: int) -> bytes:
    day = PartialDate(2020, 1 + number % 12)
    record = PatientRecord(
        as_of=TODAY,
        patient=Patient(PartialDate(1960 + number % 20, 3, 1), "female"),
        scope=Scope(),
        cancers=(CancerRecord("invasive", "left", day, (), {}),),
        facts={},
        surgery=(Surgery("breast-conserving", "left", day, ()),),
        systemic=(Medication("letrozole", ("aromatase-inhibitor",), "active", day, None, ()),),
    )
    shown = tuple(
        ChosenParagraph(replace(paragraph, version=f"{number}"), True, "it is for everyone")
        for paragraph in EDUCATION
        if paragraph.language == "en" and paragraph.shown_when is None
    )
    handout = compose_handout(
        record,
        (),
        None,
        shown,
        ClinicContacts(),
        "en",
        TODAY,
        templates=TEMPLATES,
        person=Person(f"Patient Number{number}"),
    )
    return render_pdf(handout, TEMPLATES, made_on=TODAY)
