"""Germline tests: by code of the gene, by variant with its source class, by words that say germline."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from smart_app.clinical.facts import Source
from smart_app.fhir.extract.chart import Chart, taken_on
from smart_app.fhir.extract.evidence import Finding
from smart_app.fhir.extract.reports import Report
from smart_app.fhir.extract.text.sentences import sentences
from smart_app.fhir.extract.values import components, read_answer
from smart_app.fhir.resources import Resource, words

GENES = (
    "BRCA1",
    "BRCA2",
    "PALB2",
    "TP53",
    "CHEK2",
    "ATM",
    "PTEN",
    "CDH1",
    "STK11",
    "RAD51C",
    "RAD51D",
    "BARD1",
    "NF1",
    "BRIP1",
)
_GENE = re.compile(r"\b(" + "|".join(GENES) + r")\b")
_GERMLINE = re.compile(
    r"\bgerm-?\s?line\b|\bhereditary\b|\binherited\b|\bBRACAnalysis\b|\bmyRisk\b|\bInvitae\b|\bgenetic (?:testing"
    r"|test|panel)\b",
    re.IGNORECASE,
)
_SOMATIC = re.compile(
    r"\bsomatic\b|\btumou?r (?:sequencing|profiling|testing|tissue)\b|\bFoundationOne\b|\bliquid biopsy\b"
    r"|\bctDNA\b|\btissue\b|\bamplif",
    re.IGNORECASE,
)
_PATHOGENIC = re.compile(
    r"\b(?:likely )?pathogenic\b|\bdeleterious\b|\bmutation (?:detected|identified|positive|carrier)\b"
    r"|\b(?:positive|carrier|mutated)\b",
    re.IGNORECASE,
)
_VUS = re.compile(r"\bVUS\b|\buncertain significance\b|\bunknown significance\b", re.IGNORECASE)
_NEGATIVE = re.compile(
    r"\bnegative\b|\bno (?:\w+\s+){0,3}?(?:pathogenic|deleterious|mutations?|variants?|clinically significant)\b"
    r"|\bnot detected\b|\bwild[- ]type\b|\bbenign\b|\bnormal\b",
    re.IGNORECASE,
)
_UNSURE = re.compile(
    r"\b(?:mother|father|sister|brother|aunt|uncle|cousin|daughter|son|family|relative|maternal|paternal|pending"
    r"|if|recommend\w*|"
    r"consider|refer\w*|would|discuss\w*|declin\w*|offer\w*|await\w*|ordered|eligib\w*|candidate|risk of)\b",
    re.IGNORECASE,
)


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
    said = " ".join(words(observation.get("code")))
    return not coded and bool(_GENE.search(said)) and not _SOMATIC.search(said)


def _gene_result(chart: Chart, key: str, observation: Resource) -> Iterator[Finding]:
    if not chart.counts(key, observation):
        return
    said = " ".join(words(observation.get("code")))
    rows = [row for row in chart.rows(observation.get("code")) if row.concept == "germline-gene-result"]
    genes = sorted({str(row.extra["gene"]) for row in rows if "gene" in row.extra} | set(_GENE.findall(said)))
    answer = read_answer(chart.codes, observation)
    joined = " ".join(answer.words)
    if _SOMATIC.search(f"{said} {joined}") and not _GERMLINE.search(f"{said} {joined}"):
        return
    source = chart.source(
        key, observation, on=taken_on(observation), code=str(rows[0]) if rows else said, recorded=answer.recorded
    )
    for row in (*rows, *answer.rows):
        if row.concept == "germline-gene-result" and row.value:
            yield _finding(str(row.extra["gene"]), row.value, source, chart, observation)
            return
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
    result = result or result_of_words(joined)
    if result is None or not genes:
        if joined:
            chart.unplaced(source, said or "Genetic test", answer.recorded)
        return
    for gene in genes:
        yield _finding(gene, result, source, chart, observation)


def result_of_words(said: str) -> str | None:
    """`pathogenic`, `vus` or `negative`; None if the words say none of them or hedge."""
    if not said or _UNSURE.search(said):
        return None
    if _VUS.search(said):
        return "vus" if not re.search(r"\b(?<!un)(?<!no )pathogenic variant\b", said, re.IGNORECASE) else None
    if _NEGATIVE.search(said):
        return "negative"
    return "pathogenic" if _PATHOGENIC.search(said) else None


def _variant(chart: Chart, key: str, observation: Resource) -> Iterator[Finding]:
    """A variant counts only with genomic source class germline and a clinical significance."""
    if not chart.counts(key, observation):
        return
    parts: dict[str, Any] = {}
    for component in components(observation):
        for row in chart.rows(component.get("code")):
            parts[row.concept] = component
    source_class = _component_concepts(chart, parts.get("genomic-source-class"))
    if "source-germline" not in source_class:
        return
    gene_words = " ".join(words((parts.get("gene-studied") or {}).get("valueCodeableConcept")))
    genes = _GENE.findall(gene_words)
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
    for gene in sorted(set(genes)):
        yield _finding(gene, significance, source, chart, observation)


def _component_concepts(chart: Chart, component: Resource | None) -> set[str]:
    if component is None:
        return set()
    found = {row.concept for row in read_answer(chart.codes, component).rows}
    said = " ".join(words(component.get("valueCodeableConcept"))).lower()
    if "germline" in said:
        found.add("source-germline")
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
        genes = sorted(set(_GENE.findall(word)))
        if not genes or _SOMATIC.search(word) or _UNSURE.search(word):
            continue
        result = result_of_words(word) or (
            "pathogenic" if re.search(r"\bmutation\b|\bcarrier\b", word, re.IGNORECASE) else None
        )
        if result is not None:
            for gene in genes:
                yield _finding(gene, result, source, chart, condition)
            return


def _text(chart: Chart, report: Report) -> Iterator[Finding]:
    """Sentences that name a gene and say germline (or stand in a report that does)."""
    whole = report.whole
    genetic = (
        bool(_GERMLINE.search(report.title))
        or bool(re.search(r"\bgenetic", report.title, re.IGNORECASE))
        or bool(_GERMLINE.search(whole[:400]))
    )
    if not _GENE.search(whole) or (_SOMATIC.search(report.title) and not _GERMLINE.search(report.title)):
        return
    for sentence in sentences(whole):
        genes = sorted(set(_GENE.findall(sentence.text)))
        if not genes or sentence.section in ("family", "plan", "history", "method") or _UNSURE.search(sentence.text):
            continue
        if not (_GERMLINE.search(sentence.text) or genetic) or _SOMATIC.search(sentence.text):
            continue
        result = result_of_words(sentence.text)
        if result is None:
            continue
        source = chart.source(report.key, report.resource, on=report.on, recorded=sentence.text, sentence=sentence.text)
        for gene in genes:
            yield Finding("germline", result, report.on, source, report.rank, extra={"gene": gene})
