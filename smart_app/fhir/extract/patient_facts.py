"""Patient-level facts: metastasis, germline, BI-RADS, family, and what changes with time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from smart_app.clinical.facts import Fact, FactState, FactValue, ImagingStudy
from smart_app.fhir.extract.chart import Chart
from smart_app.fhir.extract.condition_facts import ANY_RELATIVE
from smart_app.fhir.extract.decide import conflicting, decide, decide_newest, documented, not_found
from smart_app.fhir.extract.evidence import Finding, finding_key, merged_sources, newest_date
from smart_app.fhir.extract.germline import merge_germline
from smart_app.fhir.extract.looked_for import looked_for
from smart_app.fhir.extract.tumor_facts import Judge, WasRead

PATIENT_FACTS: Mapping[str, Judge] = {
    "menopausal_status": decide_newest,
    "uterus": decide_newest,
    "ovaries": decide_newest,
    "pregnancy": decide_newest,
    "recurrence": decide_newest,
    "breast_density": decide_newest,
    "lvef_percent": decide_newest,
    "bmi": decide_newest,
    "smoking": decide_newest,
    "cumulative_doxorubicin_mg_m2": decide,
}


def patient_facts(
    chart: Chart, findings: list[Finding], metastases: list[Finding], facts: dict[str, Fact], read: WasRead
) -> dict[str, Fact]:
    """The facts of the patient that are not of one tumor, but for germline, BI-RADS and family."""
    made = {
        name: judge(name, [f for f in findings if f.name == name], looked_for(chart.codes, name), read(name))
        for name, judge in PATIENT_FACTS.items()
    }
    made["metastasis"] = _metastasis(chart, metastases, facts["m"], facts["stage_group"], read)
    return made


def _metastasis(chart: Chart, findings: list[Finding], m: Fact, stage: Fact, read: WasRead) -> Fact:
    """Present if a distant metastasis or stage IV is recorded; `none` only where the record says M0."""
    looked = looked_for(chart.codes, "metastasis")
    if findings:
        others = (FactValue("none", m.on, m.sources),) if m.known and str(m.value).startswith("M0") else ()
        return documented("metastasis", findings, "present", others, "A distant metastasis is recorded.", looked)
    if stage.known and stage.value == "IV":
        return replace(
            stage,
            name="metastasis",
            value="present",
            others=(),
            extra={"derived_from": "stage_group"},
            rule="Stage IV means distant disease.",
            looked_for=looked,
        )
    if m.state is FactState.CONFLICTING:
        values = tuple(
            FactValue("present" if str(v.value).startswith("M1") else "none", v.on, v.sources, note=v.note)
            for v in m.others
        )
        return Fact(
            "metastasis", FactState.CONFLICTING, others=values, rule="M categories disagree.", looked_for=looked
        )
    if m.known:
        value = "present" if str(m.value).startswith("M1") else "none"
        return Fact(
            "metastasis",
            FactState.DOCUMENTED,
            value,
            m.on,
            m.sources,
            extra={"derived_from": "m"},
            rule=f"The record says {m.value}.",
            looked_for=looked,
            from_text=m.from_text,
        )
    return not_found("metastasis", looked, read("metastasis"))


def germline_fact(chart: Chart, findings: list[Finding], read: WasRead) -> Fact:
    """Germline results by gene; results of one gene that differ are a conflict."""
    looked = looked_for(chart.codes, "germline")
    if not findings:
        return not_found("germline", looked, read("germline"))
    best = max(f.rank for f in findings)
    top = [f for f in findings if f.rank == best]
    merged = merge_germline(top)
    if merged is None:
        groups: dict[str, list[Finding]] = {}
        for finding in sorted(top, key=finding_key):
            groups.setdefault(f"{finding.extra['gene']}: {finding.value}", []).append(
                replace(finding, value=f"{finding.extra['gene']} {finding.value}")
            )
        return conflicting(
            "germline", [groups[key] for key in sorted(groups)], (), "Results of one gene disagree.", looked
        )
    rest = [f for f in findings if f.rank < best and str(f.extra["gene"]) not in {row["gene"] for row in merged}]
    more = merge_germline(rest)
    value = sorted([*merged, *(more or [])], key=lambda row: row["gene"])
    used = top + (rest if more else [])
    return Fact(
        "germline",
        FactState.DOCUMENTED,
        value,
        newest_date(used),
        merged_sources(used),
        rule="Germline results by gene.",
        looked_for=looked,
        from_text=all(f.source.sentence is not None for f in used),
    )


def birads_fact(chart: Chart, study: ImagingStudy | None, read: WasRead) -> Fact:
    """The category of the last breast imaging; none if that study has none."""
    looked = looked_for(chart.codes, "birads")
    if study is None or study.birads is None:
        return not_found("birads", looked, read("birads"))
    extra = {"sub": study.birads + study.sub} if study.sub else {}
    return Fact(
        "birads",
        FactState.DOCUMENTED,
        study.birads,
        study.on,
        study.sources,
        extra=extra,
        rule="Category of the last breast imaging.",
        looked_for=looked,
    )


def family_fact(chart: Chart, findings: list[Finding], read: WasRead) -> Fact:
    """Relatives with breast, ovarian, pancreatic or prostate cancer, as recorded."""
    looked = looked_for(chart.codes, "family_history")
    if not findings:
        return not_found("family_history", looked, read("family_history"))
    rows = {(str(f.extra["relation"]), str(f.value), f.extra.get("age")) for f in findings}
    named = {cancer for relation, cancer, _ in rows if relation != ANY_RELATIVE}
    rows = {row for row in rows if row[0] != ANY_RELATIVE or row[1] not in named}
    value = [
        {"relation": r, "cancer": c, "age": a}
        for r, c, a in sorted(rows, key=lambda row: (row[0], row[1], row[2] or 0.0))
    ]
    return Fact(
        "family_history",
        FactState.DOCUMENTED,
        value,
        newest_date(findings),
        merged_sources(findings),
        rule="Relatives as recorded.",
        looked_for=looked,
    )
