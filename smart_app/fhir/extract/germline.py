"""Germline tests: by code of the gene, by variant with its source class, by words that say germline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from smart_app.clinical.facts import IssueKind, Source
from smart_app.fhir.extract.chart import Chart, taken_on
from smart_app.fhir.extract.evidence import Finding
from smart_app.fhir.extract.reports import Report
from smart_app.fhir.extract.text.genes import (
    GERMLINE,
    GERMLINE_SAMPLE,
    SOMATIC,
    UNSURE,
    genes_of,
    names_gene_test,
    result_of_words,
    results_by_gene,
    says_result,
)
from smart_app.fhir.extract.text.sentences import sentences
from smart_app.fhir.extract.values import Answer, read_answer
from smart_app.fhir.resources import Resource, notes, words


def read_germline(chart: Chart, reports: list[Report]) -> list[Finding]:
    """Findings named `germline`, each with a gene and a result."""
    found: list[Finding] = []
    for key, observation in chart.of_type("Observation"):
        rows = chart.rows(observation.get("code"))
        concepts = {row.concept for row in rows}
        if "genetic-variant" in concepts:
            found.extend(_variant(chart, key, observation))
        elif "germline-gene-result" in concepts or _named_germline(observation, bool(rows)):
            found.extend(_gene_result(chart, key, observation))
    for key, condition in chart.of_type("Condition"):
        found.extend(_condition(chart, key, condition))
    for report in reports:
        found.extend(_text(chart, report))
    return found


def merge_germline(findings: list[Finding]) -> list[dict[str, str]] | None:
    """Results by gene; None if one gene has results that disagree."""
    by_gene: dict[str, set[str]] = {}
    for finding in findings:
        by_gene.setdefault(str(finding.extra["gene"]), set()).add(str(finding.value))
    if any(len(results) > 1 for results in by_gene.values()):
        return None
    return [{"gene": gene, "result": by_gene[gene].copy().pop()} for gene in sorted(by_gene)]


def _finding(gene: str, result: str, source: Source, chart: Chart, resource: Resource) -> Finding:
    return Finding("germline", result, taken_on(resource) or source.on, source, extra={"gene": gene})


def _named_germline(observation: Resource, coded: bool) -> bool:
    return not coded and any(map(names_gene_test, words(observation.get("code"))))


def _gene_result(chart: Chart, key: str, observation: Resource) -> Iterator[Finding]:
    """A test of genes by code or name. One that nothing says to be germline, or that is not understood, is listed."""
    if not chart.counts(key, observation):
        return
    said = " ".join(words(observation.get("code")))
    rows = [row for row in chart.rows(observation.get("code")) if row.concept == "germline-gene-result"]
    answer = read_answer(chart.codes, observation)
    source = chart.source(
        key, observation, on=taken_on(observation), code=str(rows[0]) if rows else said, recorded=answer.recorded
    )
    for row in (*rows, *answer.rows):
        if row.concept == "germline-gene-result" and row.value:
            yield _finding(str(row.extra["gene"]), row.value, source, chart, observation)
            return
    genes = sorted({str(row.extra["gene"]) for row in rows if "gene" in row.extra} | set(genes_of(said)))
    results = _results(chart, answer, genes) if _is_germline(chart, observation, bool(rows), answer) else None
    if results is None:
        if not answer.empty:
            chart.unplaced(source, said or "Genetic test", answer.recorded)
            chart.issue(IssueKind.UNMAPPED_CODE, key, f"{said[:80]}: no germline result of a gene that is understood.")
        return
    for gene in sorted(results):
        yield _finding(gene, results[gene], source, chart, observation)


def _is_germline(chart: Chart, observation: Resource, coded: bool, answer: Answer) -> bool:
    """By the code of the test, or by words of germline or of a sample of blood; never beside words of tumor tissue."""
    names = words(observation.get("code"))
    said = " ".join([*names, *answer.words, *words(observation.get("method")), *notes(observation)])
    reported = [word for report in chart.reports_of_resource(observation) for word in words(report.get("code"))]
    if GERMLINE.search(" ".join([said, *reported])):
        return True
    sample = " ".join(chart.specimen_words(observation))
    if SOMATIC.search(said) or SOMATIC.search(sample):
        return False
    return (
        coded
        or bool(GERMLINE_SAMPLE.search(sample))
        or any(GERMLINE_SAMPLE.search(name) and "tissue" not in name.lower() for name in names)
    )


def _results(chart: Chart, answer: Answer, genes: list[str]) -> dict[str, str] | None:
    """The result of each gene: by coded answer, else by words."""
    coded = next(
        (
            chart.concept(r).attributes.get("value") or r.value
            for r in answer.rows
            if r.concept.startswith(("answer-", "significance"))
        ),
        None,
    )
    result = {
        "positive": "pathogenic",
        "negative": "negative",
        "absent": "negative",
        "pathogenic": "pathogenic",
        "vus": "vus",
        "present": "pathogenic",
    }.get(str(coded))
    joined = " ".join(answer.words)
    if result is None:
        return results_by_gene(joined, genes)
    named = genes_of(joined) or genes
    return dict.fromkeys(named, result) if named and (result == "negative" or len(named) == 1) else None


def _variant(chart: Chart, key: str, observation: Resource) -> Iterator[Finding]:
    """A variant counts only with genomic source class germline and a clinical significance."""
    if not chart.counts(key, observation):
        return
    parts: dict[str, Any] = {}
    for component in chart.components(key, observation):
        for row in chart.rows(component.get("code")):
            parts[row.concept] = component
    source_class = _component_concepts(chart, parts.get("genomic-source-class"))
    gene_words = " ".join(words((parts.get("gene-studied") or {}).get("valueCodeableConcept")))
    genes = genes_of(gene_words)
    if "source-germline" not in source_class:
        if genes and "source-somatic" not in source_class:
            answer = read_answer(chart.codes, observation)
            source = chart.source(key, observation, on=taken_on(observation), recorded=answer.recorded)
            chart.unplaced(
                source, "Gene variant: germline or tumor is not said", f"{gene_words} {answer.recorded}".strip()
            )
        return
    significance = next(
        (
            row.value
            for row in read_answer(chart.codes, parts.get("clinical-significance") or {}).rows
            if row.concept == "significance-value"
        ),
        None,
    )
    significance = significance or result_of_words(
        " ".join(words((parts.get("clinical-significance") or {}).get("valueCodeableConcept")))
    )
    answer = read_answer(chart.codes, observation)
    if any(row.concept in ("answer-absent", "answer-negative") for row in answer.rows):
        significance = "negative"
    source = chart.source(
        key, observation, on=taken_on(observation), recorded=f"{gene_words} {answer.recorded}".strip()
    )
    if significance is None:
        chart.unplaced(source, "Germline variant without clinical significance", source.recorded or key)
        return
    for gene in genes:
        yield _finding(gene, significance, source, chart, observation)


def _component_concepts(chart: Chart, component: Resource | None) -> set[str]:
    if component is None:
        return set()
    found = {row.concept for row in read_answer(chart.codes, component).rows}
    said = " ".join(words(component.get("valueCodeableConcept"))).lower()
    if "germline" in said:
        found.add("source-germline")
    if "somatic" in said:
        found.add("source-somatic")
    return found


def _condition(chart: Chart, key: str, condition: Resource) -> Iterator[Finding]:
    """ "BRCA1 gene mutation positive" on the problem list, by code or by words."""
    rows = [row for row in chart.rows(condition.get("code")) if row.concept == "germline-gene-result" and row.value]
    said = words(condition.get("code"))
    source = chart.source(key, condition, code=str(rows[0]) if rows else None, recorded=said[0] if said else None)
    for row in rows:
        yield _finding(str(row.extra["gene"]), str(row.value), source, chart, condition)
    if rows:
        return
    for word in said:
        genes = genes_of(word)
        if not genes or SOMATIC.search(word) or UNSURE.search(word):
            continue
        results = results_by_gene(word)
        if results is None and len(genes) == 1 and re.search(r"\bmutation\b|\bcarrier\b", word, re.IGNORECASE):
            results = {genes[0]: "pathogenic"} if not says_result(word) else None
        if results is None:
            chart.unplaced(source, "Genetic diagnosis: not understood", word)
            return
        for gene in sorted(results):
            yield _finding(gene, results[gene], source, chart, condition)
        return


def _text(chart: Chart, report: Report) -> Iterator[Finding]:
    """Sentences that name a gene and say germline (or stand in a report that does); unclear results are listed."""
    whole = report.whole
    genetic = (
        bool(GERMLINE.search(report.title))
        or bool(re.search(r"\bgenetic", report.title, re.IGNORECASE))
        or bool(GERMLINE.search(whole[:400]))
    )
    if not genes_of(whole) or (SOMATIC.search(report.title) and not GERMLINE.search(report.title)):
        return
    for sentence in sentences(whole):
        genes = genes_of(sentence.text)
        if not genes or sentence.section in ("family", "plan", "history", "method") or UNSURE.search(sentence.text):
            continue
        if SOMATIC.search(sentence.text) or not says_result(sentence.text):
            continue
        source = chart.source(report.key, report.resource, on=report.on, recorded=sentence.text, sentence=sentence.text)
        results = results_by_gene(sentence.text) if genetic or GERMLINE.search(sentence.text) else None
        if results is None:
            chart.unplaced(source, f"{report.title[:60]}: gene result not understood", sentence.text)
            continue
        for gene in sorted(results):
            yield Finding("germline", results[gene], report.on, source, report.rank, extra={"gene": gene})
