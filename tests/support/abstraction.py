"""What a careful abstractor would put down of a chart, compared with what is read: nothing more, nothing less."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from smart_app.clinical.facts_json import facts_json
from smart_app.knowledge import default_paths, load_knowledge
from tests.support.charts import ICD10, Resource, coding, concept, condition, patient, report
from tests.support.checked_extract import extract_record

AS_OF = date(2026, 11, 22)
GRADED = (
    "er",
    "pr",
    "her2",
    "grade",
    "stage_group",
    "t",
    "n",
    "m",
    "nodes_positive",
    "nodes_examined",
    "tumor_size_mm",
    "ki67_percent",
    "oncotype_rs",
    "menopausal_status",
    "germline",
    "metastasis",
    "birads",
)
_ROWS = {
    "surgery": ("kind", "side", "on"),
    "axillary_surgery": ("kind", "side", "on"),
    "radiation": ("side", "started_on", "ended_on"),
    "systemic": ("agent", "status", "started_on", "ended_on"),
}


@lru_cache(maxsize=1)
def all_codes() -> Any:
    """The code maps of the product."""
    paths = default_paths()
    return load_knowledge(paths.mappings, paths.education).codes


def read_facts(*resources: Resource) -> dict[str, Any]:
    """The facts JSON of a chart."""
    return facts_json(extract_record(list(resources), all_codes(), AS_OF))


def left_breast_cancer(**more: Any) -> Resource:
    """The diagnosis that most charts here begin with."""
    return condition("dx", concept(coding(ICD10, "C50.412")), "2022-05-12", **more)


def pathology(text: str, on: str = "2022-06-21", id_: str = "path", **more: Any) -> Resource:
    """A surgical pathology report as a text attachment."""
    return report(id_, concept(text="Surgical pathology report"), on, text, **more)


def panel(text: str) -> Resource:
    """A laboratory's report of a hereditary panel as a text attachment."""
    return report("g", concept(text="Genetic testing report (Invitae hereditary cancer panel)"), "2022-08-01", text)


def assert_facts(facts: Mapping[str, Any], **expected: Any) -> None:
    """
    Every graded fact is as expected, and those that are not named here were not found.

    `her2` may be a dict of the value and its extra keys; a set of values is a conflict of exactly these.
    """
    for name in GRADED:
        fact, wanted = facts["facts"][name], expected.get(name)
        if isinstance(wanted, set):
            assert fact["state"] == "conflicting", (name, fact)
            assert {other["value"] for other in fact["others"]} == wanted, name
        elif isinstance(wanted, dict):
            assert {key: fact.get(key) for key in wanted} == wanted, name
        else:
            assert (fact["value"], fact["state"]) == (wanted, "not-found" if wanted is None else "documented"), name


def rows_of(facts: Mapping[str, Any], name: str) -> list[tuple[Any, ...]]:
    """Treatments or cancers as plain rows."""
    if name == "cancers":
        return [(row["kind"], row["laterality"], row["diagnosed_on"]) for row in facts["cancers"]]
    return [tuple(row[key] for key in _ROWS[name]) for row in facts["treatments"][name]]


def study_of(facts: Mapping[str, Any], name: str) -> tuple[Any, ...] | None:
    """Date, side and category of the newest study of a kind."""
    study = facts["imaging"][name]
    return (study["on"], study["side"], study["birads"]) if study else None


def assert_studies(chart: list[Resource], expected: dict[str, Any], rows: dict[str, Any]) -> None:
    """A left breast cancer with these resources gives these facts and these rows of imaging."""
    facts = read_facts(patient(), left_breast_cancer(), *chart)
    assert_facts(facts, **expected)
    for name, wanted in rows.items():
        assert study_of(facts, name) == wanted, name


def assert_chart(chart: list[Resource], expected: dict[str, Any], rows: dict[str, Any]) -> None:
    """These resources give these facts, and of treatments and cancers exactly these rows."""
    facts = read_facts(*chart)
    assert_facts(facts, **expected)
    for name, wanted in rows.items():
        assert rows_of(facts, name) == wanted, name
