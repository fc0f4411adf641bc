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
from smart_app.clinical.recommendations import Citation, DueStatus, Recommendation, RecommendationKind
from smart_app.handout.blocks import Person
from smart_app.handout.fonts import load_fonts
from smart_app.handout.handout import compose_handout
from smart_app.handout.pdf import render_pdf
from smart_app.knowledge.education import load_education

TEMPLATES = Path(__file__).resolve().parent.parent / "templates"
TODAY = date(2026, 11, 25)
EDUCATION = load_education(TEMPLATES / "education")  # read once at start, as the product does
WARM_UP = 5
ROUNDS = 40
LIMIT = 20.0


def measure() -> Iterator[Figure]:
    """Compose and set the whole handout beside the one line, in turns, so that both meet the same load."""
    one_line, whole = [], []
    for number in range(WARM_UP + ROUNDS):
        one_line.append(_timed(_one_line, number))
        whole.append(_timed(_handout, number))
    ratio = statistics.median(whole[WARM_UP:]) / statistics.median(one_line[WARM_UP:])
    yield Figure("handout PDF, new patient, against a one-line document", ratio, LIMIT)


def _timed(run: Callable[[int], object], number: int) -> float:
    start = time.perf_counter()
    run(number)
    return time.perf_counter() - start


def _one_line(number: int) -> bytes | list[bytes] | None:
    source = f'#set document(title: "One line")\n#set text(font: "Atkinson Hyperlegible")\nLine {number}.'.encode()
    return typst.Compiler(source, font_paths=load_fonts().typst_fonts).compile(format="pdf", pdf_standards=["ua-1"])


def _schedule(number: int) -> tuple[Recommendation, ...]:
    """A visit, a mammogram and a bone density test, each with its later dates."""
    first = PartialDate(2026, 12).add_months(number % 6)
    return tuple(
        Recommendation(
            rule=topic,
            row="V-01",
            topic=topic,
            kind=RecommendationKind.SURVEILLANCE,
            title=topic,
            says="",
            why="",
            status=DueStatus.UP_TO_DATE,
            owner="oncology",
            citation=Citation("ACS/ASCO", 2016, "2A"),
            due=first,
            horizon=(first.add_months(months), first.add_months(2 * months)),
        )
        for topic, months in (("clinic-visit", 6), ("mammogram", 12), ("dxa", 24))
    )


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
        _schedule(number),
        None,
        shown,
        ClinicContacts(),
        "en",
        TODAY,
        templates=TEMPLATES,
        person=Person(f"Patient Number{number}"),
    )
    return render_pdf(handout, TEMPLATES, made_on=TODAY)
