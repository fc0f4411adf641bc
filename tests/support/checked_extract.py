"""
The extraction as the tests of charts call it: every chart also proves that absences are honest.

What a resource type can give, its search must name in `supplies`; else a search that failed would read "none recorded".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from smart_app.clinical.codes import CodeMap
from smart_app.clinical.completed import IMAGING_KEYS
from smart_app.clinical.facts import PatientRecord, Source
from smart_app.fhir import extract
from smart_app.fhir.queries import QUERIES, REPORTED_CANCER, supplied_by


def extract_record(resources: Iterable[dict[str, Any]], codes: CodeMap, as_of: date, **more: Any) -> PatientRecord:
    """The record, after the check."""
    record = extract.extract_record(resources, codes, as_of, **more)
    unnamed = sorted(set(names_without_a_search(record, codes)))
    assert not unnamed, f"these came from a type whose search (fhir/queries.py) does not name them: {unnamed}"
    return record


def names_without_a_search(record: PatientRecord, codes: CodeMap) -> Iterator[tuple[str, str]]:
    """Names of facts, rows and events, each with a resource type that gave it though no search of it says so."""
    supplies = _supplies(codes)
    for names, sources in _told(record):
        for kind in {source.reference.lstrip("#").partition("/")[0] for source in sources} & set(supplies):
            if not supplies[kind].intersection(names):
                yield names[0], kind


def _supplies(codes: CodeMap) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for query in QUERIES:
        found.setdefault(query.resource_type, set()).update(supplied_by(query, codes))
    return found


def _told(record: PatientRecord) -> Iterator[tuple[tuple[str, ...], tuple[Source, ...]]]:
    tumors = [fact for cancer in record.cancers for fact in cancer.facts.values()]
    for fact in (*record.facts.values(), *tumors):
        # What was derived (metastasis from M) rests on the same searches under its own name.
        for value in (fact, *fact.others):
            yield (fact.name,), value.sources
    for name in ("surgery", "axillary_surgery", "radiation", "systemic", "other_medications"):
        for row in getattr(record, name):
            yield (name,), row.sources
    for cancer in record.cancers:
        yield ("cancer_kind", REPORTED_CANCER), cancer.sources
    for concept, events in record.events.items():
        for event in events:
            yield (concept,), event.sources
    for concept, key in IMAGING_KEYS.items():
        study = record.imaging.get(key)
        if study is not None:
            yield (concept,), study.sources
