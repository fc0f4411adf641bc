"""Observations to findings: which test it is, by code or else by its name, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from smart_app.clinical.codes import CodeRow
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import IssueKind, Source
from smart_app.fhir.extract.chart import Chart, taken_on
from smart_app.fhir.extract.evidence import CODED, Finding
from smart_app.fhir.extract.names import looks_like_tumor_fact, name_of_test, names_another_test
from smart_app.fhir.extract.text.genes import names_gene_test
from smart_app.fhir.extract.values import Answer, read_answer
from smart_app.fhir.resources import Resource, codings, notes, text, words

TUMOR_TESTS = (
    "estrogen-receptor-test",
    "progesterone-receptor-test",
    "hormone-receptor-test",
    "her2-ihc-test",
    "her2-ish-test",
    "her2-ratio-test",
    "her2-copies-test",
    "her2-test",
    "receptor-profile",
    "ki67-test",
    "oncotype-test",
    "rcb-test",
    "tumor-grade",
    "nottingham-score",
    "tumor-size",
    "nodes-positive",
    "nodes-examined",
    "stage-group-test",
    "t-test",
    "n-test",
    "m-test",
    "menopausal-status-test",
    "birads-test",
    "breast-density-test",
    "lvef",
    "pregnancy-test",
    "smoking-status",
    "bmi",
)
"""Tests that become facts."""


@dataclass(frozen=True, slots=True)
class Result:
    """One result: an Observation or a component of one, with what its reader needs to know."""

    chart: Chart
    key: str
    observation: Resource
    concept: str
    row: CodeRow | None
    basis: str | None
    answer: Answer
    source: Source
    on: PartialDate | None
    side: str
    specimen: str | None
    specimen_ref: str | None
    focus: tuple[str, ...]
    title: str

    def finding(
        self,
        name: str,
        value: object,
        *,
        part: str = "",
        basis: str | None = None,
        more: Mapping[str, object] | None = None,
        **extra: object,
    ) -> Finding:
        """A finding of this result."""
        return Finding(
            name=name,
            value=value,
            on=self.on,
            source=self.source,
            rank=CODED,
            side=self.side,
            basis=basis,
            specimen=self.specimen,
            specimen_ref=self.specimen_ref,
            focus=self.focus,
            amended=text(self.observation.get("status")) in ("amended", "corrected"),
            part=part,
            extra={key: found for key, found in {**extra, **(more or {})}.items() if found is not None},
        )

    def not_placed(self, why: str) -> None:
        """List this result as not understood, with the note on it: some records say all in the note."""
        noted = notes(self.observation)
        if not self.answer.empty or noted:
            said = " · ".join([part for part in (self.answer.recorded, *noted) if part])
            self.chart.unplaced(self.source, self.title, said or "no value")
            self.chart.issue(IssueKind.UNREADABLE, self.key, f"{self.title[:80]}: {why}")


Reader = Callable[[Result], Iterator[Finding]]


def results_of(chart: Chart, key: str, observation: Resource) -> Iterator[Result]:
    """The result of an Observation and of each of its components that is a test of ours."""
    on = taken_on(observation)
    specimen, specimen_ref, specimen_side = chart.specimen(observation)
    for report in chart.reports_of(key):
        if specimen is None:
            specimen, _, side = chart.specimen(report)
            specimen_side = specimen_side if specimen_side != "unknown" else side
        on = on or taken_on(report)
    focus = tuple(chart.resolve(observation.get("focus")))
    parent_names = words(observation.get("code"))
    for element in (observation, *chart.components(key, observation)):
        found = _test(chart, element)
        if found is None:
            if element is observation:
                _list_if_tumor_fact(chart, key, observation)
            continue
        concept, row, basis = found
        names = words(element.get("code"))
        answer = read_answer(chart.codes, element)
        if row is not None and names_another_test(concept, names):
            _list_unplaced(chart, key, observation, names[0], answer)
            continue
        side = chart.side(observation, *names, *parent_names, *notes(observation))
        source = chart.source(
            key,
            observation,
            on=on,
            code=str(row) if row else (names[0] if names else None),
            recorded=answer.recorded,
            specimen=specimen,
        )
        yield Result(
            chart,
            key,
            observation,
            concept,
            row,
            basis,
            answer,
            source,
            on,
            side if side != "unknown" else specimen_side,
            specimen,
            specimen_ref,
            focus,
            names[0] if names else concept,
        )


def _test(chart: Chart, element: Resource) -> tuple[str, CodeRow | None, str | None] | None:
    rows = chart.rows(element.get("code"))
    # A test by one method is also coded as the overall interpretation: the method says more.
    for row in sorted(rows, key=lambda row: row.concept in ("her2-test", "hormone-receptor-test")):
        if row.concept in TUMOR_TESTS:
            return row.concept, row, row.basis
        near = row.extra.get("about")
        if near:
            return str(near), row, None
    if any(chart.concept(row).kind == "near-miss" for row in rows):
        return None
    named = name_of_test(words(element.get("code")))
    if named is None:
        return None
    return named[0], None, named[1]


def _list_if_tumor_fact(chart: Chart, key: str, observation: Resource) -> None:
    """A result that looks like a tumor fact and has neither a known code nor a known name is listed, not dropped."""
    if chart.rows(observation.get("code")):
        return
    names = words(observation.get("code"))
    title = names[0] if names else ""
    if any(map(names_gene_test, names)):
        return
    if looks_like_tumor_fact(title):
        _list_unplaced(chart, key, observation, title, read_answer(chart.codes, observation))


def _list_unplaced(chart: Chart, key: str, observation: Resource, title: str, answer: Answer) -> None:
    if answer.empty:
        return
    code = next((coding.code for coding in codings(observation.get("code")) if coding.code), None)
    source = chart.source(key, observation, on=taken_on(observation), recorded=answer.recorded, code=code)
    chart.unplaced(source, title, answer.recorded)
    chart.issue(IssueKind.UNMAPPED_CODE, key, f"{title[:80]}: this result has no place here.")
