"""Conditions: breast cancers, their history and metastases, other cancers, and what else a diagnosis says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from smart_app.clinical.codes import CodeRow
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import IssueKind, Source
from smart_app.fhir.extract.chart import Chart
from smart_app.fhir.extract.claims import claimed_diagnoses
from smart_app.fhir.extract.condition_facts import BreastCondition, Diagnoses, read_codes, read_receptors
from smart_app.fhir.extract.evidence import CODED, DIAGNOSIS_CODE, Finding
from smart_app.fhir.extract.morphology import by_morphology, is_of_breast_site
from smart_app.fhir.extract.staging import stage_of_condition
from smart_app.fhir.extract.text.diagnosis import NamedCancer, apart_from_operations, named_cancer
from smart_app.fhir.resources import (
    Resource,
    code_status,
    codings,
    extensions,
    objects,
    partial_date,
    period,
    words,
)

_KINDS_BY_CONCEPT = {
    "invasive-breast-cancer": "invasive",
    "ductal-carcinoma-in-situ": "dcis",
    "lobular-carcinoma-in-situ": "lcis",
    "breast-carcinoma-in-situ": "unknown",
    "history-of-breast-cancer": "invasive",
    "history-of-breast-cancer-in-situ": "unknown",
}
_CLAIMED = frozenset({*_KINDS_BY_CONCEPT, "distant-metastasis", "estrogen-receptor-test", "receptor-profile"})
"""Diagnoses that a claim may give where no Condition names a breast cancer."""
_SETTLED = ("near-miss", "immunization")
_LOCAL = re.compile(
    r"\b(?:local\w*|ipsilateral|in-?breast|in (?:the )?(?:(?:left|right|same|treated) )?breast|chest wall)\b",
    re.IGNORECASE,
)
_ORIGIN = re.compile(
    r"\b(?:from|due to|arising (?:from|in)|secondary to)\s+(?:[\w-]+\s+){0,3}?(?:melanoma"
    r"|(?:lung|colon|colorectal|rectal|renal|kidney|thyroid|prostate|ovarian|pancreatic|gastric|endometrial|cervical|bladder)"
    r"(?=\s+(?:cancer|carcinoma|adenocarcinoma|primary|origin|malignancy)))\b"
    r"|\bmetastatic\s+(?:[\w-]+\s+){0,2}?(?:melanoma|sarcoma|(?:lung|colon|colorectal|rectal|renal|kidney|thyroid|prostate"
    r"|ovarian|pancreatic|gastric|endometrial|cervical|bladder)\s+(?:cell\s+)?(?:adeno)?(?:cancer|carcinoma))\b",
    re.IGNORECASE,
)
_REGIONAL = re.compile(r"\b(?:regional\w*|axilla\w*|nodal|lymph node)\b", re.IGNORECASE)
_SURGERY_HISTORY = re.compile(r"\bmastectomy\b|\blumpectomy\b|\bbreast[- ]conserving\b", re.IGNORECASE)


# Breast cancer as other languages name it: shown, never interpreted.
_OTHER_LANGUAGES = re.compile(
    r"\bmamma-?(?:karzinom|ca\b|carcinoom|tumou?r)|\bbrustkrebs|\bborstkanker|\bbröstcancer|\bbrystkræft|\bbrystkreft"
    r"|\b(?:c[áâ]ncer|cancer|carcinoma|tumor|neoplasia)\b.{0,40}\b(?:de|della|alla) (?:la |las )?mam(?:a|as|mella)\b"
    r"|\bcancer du sein|\bcarcinome\b.{0,40}\b(?:mammaire|du sein)|\bcarcinoma\b.{0,40}\bmammari[oa]\b"
    r"|\brintasyöpä|\brak piersi|\brakovina prsu",
    re.IGNORECASE,
)


def read_conditions(chart: Chart) -> Diagnoses:
    """Read every Condition that is the patient's and was not refuted."""
    found = Diagnoses()
    for key, condition in chart.of_type("Condition"):
        if _counts(chart, key, condition):
            _read(chart, key, condition, found)
    _read_claims(chart, found)
    found.findings.extend(_stages(chart, found))
    found.findings[:] = [_dated_recurrence(finding, found) for finding in found.findings]
    return found


def _read_claims(chart: Chart, found: Diagnoses) -> None:
    """
    Where no Condition names a breast cancer, the diagnoses of claims do (a payer's record holds no others).

    Beside Conditions they decide nothing; a distant metastasis that only a claim names is told.
    """
    alone = not found.breast
    for key, claim in chart.claims():
        for diagnosis in claimed_diagnoses(claim):
            concepts = {row.concept for row in chart.rows(diagnosis["code"])}
            if alone and concepts & _CLAIMED:
                _read(chart, key, diagnosis, found)
            elif "distant-metastasis" in concepts and not any(f.name == "metastasis" for f in found.findings):
                said = words(diagnosis["code"]) or [coding.code or "" for coding in codings(diagnosis["code"])]
                chart.unplaced(chart.source(key, claim, recorded=said[0]), "Secondary cancer on a claim", said[0])
                chart.issue(
                    IssueKind.UNMAPPED_CODE, key, "A secondary cancer that only a claim names; it decides nothing."
                )


def _dated_recurrence(finding: Finding, found: Diagnoses) -> Finding:
    """
    A recurrence with its date: the onset of its own entry, where another entry holds the earlier first diagnosis.

    A single entry that was turned into a recurrence keeps the onset of the first diagnosis: that is no date for it.
    """
    on = finding.source.on
    if finding.name != "recurrence" or on is None:
        return finding
    first = [row.onset for row in found.breast if not row.recurrent and row.onset is not None]
    return replace(finding, on=on) if any(onset.surely_before(on) for onset in first) else finding


def _counts(chart: Chart, key: str, condition: Resource) -> bool:
    if chart.is_modified(key, condition):
        return False
    status = code_status(condition.get("verificationStatus"))
    if status in (None, "confirmed"):
        return True
    chart.issue(IssueKind.IGNORED_STATUS, key, f"Verification “{status[:40]}”: it does not count as a diagnosis.")
    return False


def _read(chart: Chart, key: str, condition: Resource, found: Diagnoses) -> None:
    rows = chart.rows(condition.get("code"))
    said = words(condition.get("code"))
    onset = _onset(chart, key, condition)
    source = chart.source(
        key, condition, on=onset, code=str(rows[0]) if rows else None, recorded=said[0] if said else None
    )
    _read_breast(chart, key, condition, rows, said, onset, source, found)
    read_codes(chart, condition, rows, said, onset, source, found)
    read_receptors(chart, condition, rows, said, source, found)
    if any(row.concept == "history-of-mastectomy" for row in rows) or (
        all(row.concept in _KINDS_BY_CONCEPT for row in rows) and any(_SURGERY_HISTORY.search(word) for word in said)
    ):
        found.surgery.append((key, condition, source.recorded or "", "condition"))


def _onset(chart: Chart, key: str, condition: Resource) -> PartialDate | None:
    onset = partial_date(condition.get("onsetDateTime")) or period(condition.get("onsetPeriod"))[0]
    onset = onset or partial_date(condition.get("onsetString"))
    if onset is not None and onset.earliest > chart.as_of:
        chart.issue(IssueKind.DATE, key, f"The onset {onset} lies in the future; it is not used.")
        return None
    return onset


def _read_breast(
    chart: Chart,
    key: str,
    condition: Resource,
    rows: list[CodeRow],
    said: list[str],
    onset: PartialDate | None,
    source: Source,
    found: Diagnoses,
) -> None:
    named = _named(chart, condition, rows, said)
    if not rows and named.kind is None and any(map(_OTHER_LANGUAGES.search, said)):
        chart.unplaced(source, "Diagnosis in another language", source.recorded or key)
        chart.issue(
            IssueKind.UNMAPPED_CODE, key, f"{said[0][:80]}: not read, and may name a breast cancer in another language."
        )
    if any(row.concept == "other-cancer" for row in rows) or (
        named.kind is None and named.metastasis is None and not rows and _other_cancer(said)
    ):
        found.others.add(key)
        found.other_cancers.add(key)
    elif any(row.concept == "other-neoplasm" for row in rows):
        found.others.add(key)
    history = named.history or any(chart.concept(row).attributes.get("history") for row in rows)
    active_cancer = any(row.concept == "invasive-breast-cancer" for row in rows)
    recurrent = named.recurrent or code_status(condition.get("clinicalStatus")) in ("recurrence", "relapse")
    if named.kind is not None:
        coded = next((row.side for row in rows if row.side), None)
        told = chart.side(condition, *map(apart_from_operations, said))
        side = coded or (told if told != "unknown" else named.side or told)
        if {coded, told} == {"left", "right"}:
            why = f"The code says {coded}, site or words say {told}; {coded} is used until somebody settles it."
            chart.issue(IssueKind.CONFLICT, key, why)
        found.breast.append(
            BreastCondition(
                key,
                named.kind,
                side,
                onset,
                source,
                history=history and not active_cancer,
                recurrent=recurrent,
                problem=not _is_encounter_diagnosis(condition),
                named_in_text=not any(row.concept in _KINDS_BY_CONCEPT for row in rows),
            )
        )
        if recurrent:
            found.findings.append(
                Finding("recurrence", _extent(said, named), None, source, DIAGNOSIS_CODE, side=side, focus=(key,))
            )
    if named.metastasis == "distant" and _metastasis_counts(chart, key, condition, found):
        found.findings.append(Finding("metastasis", "present", onset, source, CODED))
    elif named.metastasis in ("unclear", "to-breast"):
        chart.unplaced(source, "Secondary cancer", source.recorded or key)
        chart.issue(IssueKind.UNMAPPED_CODE, key, "A secondary cancer whose extent is not clear; it decides nothing.")


def _extent(said: list[str], named: NamedCancer) -> str:
    joined = " ".join(said)
    if named.metastasis == "distant":
        return "distant"
    if _REGIONAL.search(joined):
        return "regional"
    return "local" if _LOCAL.search(joined) else "unspecified"


def _named(chart: Chart, condition: Resource, rows: list[CodeRow], said: list[str]) -> NamedCancer:
    """By code where a code is known, else by text; text only refines what the code leaves open."""
    by_text = next(
        (n for n in map(named_cancer, said) if n.kind or n.metastasis or n.relative), NamedCancer(None, None)
    )
    concepts = {row.concept for row in rows}
    if concepts & {"distant-metastasis", "regional-node-metastasis", "node-metastasis-unclear", "metastasis-to-breast"}:
        metastasis = _metastasis_by_code(concepts, by_text)
        kind = next((_KINDS_BY_CONCEPT[c] for c in sorted(concepts) if c in _KINDS_BY_CONCEPT), None)
        return NamedCancer(kind, by_text.side, by_text.history, metastasis, by_text.recurrent)
    if "malignancy-any-site" in concepts:
        return _any_site(chart, condition, rows, by_text)
    if "receptor-profile" in concepts and any(row.system == "SNOMED" for row in rows):
        return NamedCancer("invasive", by_text.side, by_text.history, by_text.metastasis, by_text.recurrent)
    morphology = by_morphology(chart, condition, rows, by_text)
    if morphology is not None:
        return morphology
    kinds = {_KINDS_BY_CONCEPT[row.concept] for row in rows if row.concept in _KINDS_BY_CONCEPT}
    if kinds:
        return NamedCancer(
            _kind(chart, condition, kinds, by_text),
            by_text.side,
            by_text.history,
            by_text.metastasis,
            by_text.recurrent,
        )
    if any(
        chart.concept(row).kind in _SETTLED or row.concept in ("other-cancer", "history-of-mastectomy") for row in rows
    ):
        return NamedCancer(None, None)
    if any(chart.concept(row).attributes.get("relative") for row in rows):
        return NamedCancer(None, None, relative=True)
    return by_text


def _metastasis_by_code(concepts: set[str], by_text: NamedCancer) -> str:
    if "distant-metastasis" in concepts:
        return "distant"
    if "regional-node-metastasis" in concepts:
        return "regional"
    return "to-breast" if "metastasis-to-breast" in concepts else by_text.metastasis or "unclear"


def _any_site(chart: Chart, condition: Resource, rows: list[CodeRow], by_text: NamedCancer) -> NamedCancer:
    """Generic "malignant neoplasm": a breast cancer only if the body site says breast."""
    site_rows = chart.rows(condition.get("bodySite"))
    site_words = " ".join(words(condition.get("bodySite")))
    breast = is_of_breast_site(chart, condition)
    if any(row.value == "secondary" for row in rows):
        related = [
            target
            for e in extensions(condition, "related-primary-cancer-condition")
            for target in chart.resolve(e.get("valueReference"))
        ]
        return NamedCancer(
            None,
            None,
            metastasis="to-breast"
            if breast
            else "distant"
            if related or site_rows or site_words or not by_text.metastasis
            else by_text.metastasis,
        )
    return NamedCancer("invasive", None, by_text.history, by_text.metastasis, by_text.recurrent) if breast else by_text


def _kind(chart: Chart, condition: Resource, kinds: set[str], by_text: NamedCancer) -> str:
    """Kind by code; an in-situ word or histology against an invasive code leaves it open."""
    kind = "invasive" if "invasive" in kinds else next(iter(sorted(kinds)))
    if kind == "unknown" and by_text.kind in ("dcis", "lcis"):
        return by_text.kind
    if len(kinds) > 1 and by_text.kind in kinds:
        return by_text.kind
    in_situ = [
        row.value
        for extension in extensions(condition, "histology-morphology-behavior")
        for row in chart.rows(extension.get("valueCodeableConcept"))
        if row.concept == "histology-in-situ"
    ]
    if in_situ:
        return (
            in_situ[0] or "unknown"
            if kind == "unknown"
            else kind
            if kind != "invasive"
            else _kind_by_stage(chart, condition, in_situ[0])
        )
    return kind


def _kind_by_stage(chart: Chart, condition: Resource, in_situ: str | None) -> str:
    """Invasive by code, in situ by histology: stage 0 settles it, anything else leaves it open."""
    values = {str(value) for name, value, *_ in stage_of_condition(chart, "", condition) if name == "stage_group"}
    return in_situ or "unknown" if values == {"0"} else "unknown"


def _is_encounter_diagnosis(condition: Resource) -> bool:
    return any(
        coding == "encounter-diagnosis" for item in objects(condition.get("category")) for coding in _codes_of(item)
    )


def _codes_of(concept: Resource) -> list[str]:
    return [str(coding.get("code")) for coding in objects(concept.get("coding"))]


def _other_cancer(said: list[str]) -> bool:
    return any(
        re.search(
            r"\b(?:cancer|carcinoma|malignant (?:neoplasm|tumou?r)|lymphoma|leukemia|melanoma|sarcoma)\b", word, re.I
        )
        and not re.search(r"\b(?:screening|family|risk|breast|no |negative|benign|suspected)\b", word, re.I)
        for word in said
    )


def _from_another_organ(said: str) -> bool:
    """ "Brain metastasis from lung cancer": the words name where it comes from, and that is not the breast."""
    origin = _ORIGIN.search(said)
    return origin is not None and not re.search(r"\bbreast\b|\bmammary\b", said, re.IGNORECASE)


def _metastasis_counts(chart: Chart, key: str, condition: Resource, found: Diagnoses) -> bool:
    """A distant metastasis that is not closed and not of another cancer."""
    status = code_status(condition.get("clinicalStatus"))
    if status == "resolved":
        chart.issue(IssueKind.IGNORED_STATUS, key, "A distant metastasis recorded as resolved; it decides nothing.")
        return False
    if any(map(_from_another_organ, words(condition.get("code")))):
        chart.issue(IssueKind.UNMAPPED_CODE, key, "A metastasis whose words name another primary; it decides nothing.")
        return False
    related = [
        target
        for extension in extensions(condition, "related-primary-cancer-condition")
        for target in chart.resolve(extension.get("valueReference"))
    ]
    others = {
        other
        for other, resource in chart.of_type("Condition")
        if any(r.concept == "other-cancer" for r in chart.rows(resource.get("code")))
    }
    return not (related and all(target in others for target in related))


def _stages(chart: Chart, found: Diagnoses) -> Iterator[Finding]:
    """`Condition.stage` of the breast cancers."""
    for breast in found.breast:
        condition = chart.get(breast.key)
        if condition is None:
            continue
        for name, value, basis, extra, said, sentence in stage_of_condition(chart, breast.key, condition):
            if value is None:
                continue
            source = chart.source(breast.key, condition, recorded=said, sentence=sentence.text if sentence else None)
            yield Finding(
                name,
                value,
                None,
                source,
                CODED if name in ("stage_group", "t", "n", "m") else DIAGNOSIS_CODE,
                side=breast.side,
                basis=basis,
                focus=(breast.key,),
                extra=extra,
                part="overall" if name == "her2" else "",
            )
