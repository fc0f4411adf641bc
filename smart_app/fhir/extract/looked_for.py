"""What was looked for, in one sentence a fact, so that an absence can be judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from smart_app.clinical.codes import CodeMap, CodeRow

_CONCEPTS: Mapping[str, tuple[str, ...]] = {
    "er": ("estrogen-receptor-test",),
    "pr": ("progesterone-receptor-test",),
    "her2": ("her2-ihc-test", "her2-ish-test", "her2-test", "her2-ratio-test", "her2-copies-test"),
    "grade": ("tumor-grade",),
    "stage_group": ("stage-group-test",),
    "t": ("t-test",),
    "n": ("n-test",),
    "m": ("m-test",),
    "nodes_positive": ("nodes-positive",),
    "nodes_examined": ("nodes-examined",),
    "tumor_size_mm": ("tumor-size",),
    "ki67_percent": ("ki67-test",),
    "oncotype_rs": ("oncotype-test",),
    "rcb_class": ("rcb-test",),
    "menopausal_status": ("menopausal-status-test", "menopausal-status"),
    "uterus": ("uterus-absent", "hysterectomy"),
    "ovaries": ("ovaries-absent", "oophorectomy-bilateral"),
    "pregnancy": ("pregnancy", "pregnancy-test"),
    "breast_density": ("breast-density-value",),
    "lvef_percent": ("lvef",),
    "bmi": ("bmi",),
    "smoking": ("smoking-status",),
}
_ELSEWHERE: Mapping[str, str] = {
    "recurrence": "Conditions of breast cancer with the status recurrence or relapse, or such words, of any date.",
    "metastasis": "Conditions of secondary cancer at a distant site, M categories and stage IV, of any date.",
    "germline": "Genetic results and reports that say germline, BRCA1, BRCA2, PALB2 and other genes, of any date.",
    "birads": "The last mammogram, breast ultrasound or breast MRI, coded or in words.",
    "family_history": "FamilyMemberHistory, and diagnoses of family history by code or in words, of any date.",
    "cumulative_doxorubicin_mg_m2": "Doxorubicin given, with a dose in mg/m2, of any date.",
}


def looked_for(codes: CodeMap | None, name: str) -> str:
    """One sentence: codes (how many and which first), words, and that no date was left out."""
    if name == "birads" and codes is not None:
        kinds = ("mammogram", "breast-ultrasound", "breast-mri")
        rows = [row for concept in kinds for row in codes.of_concept(concept)]
        return f"{_ELSEWHERE[name]} {len(rows)} codes ({_first(rows)}); of any date."
    if name in _ELSEWHERE:
        return _ELSEWHERE[name]
    concepts = _CONCEPTS.get(name, ())
    if codes is None:
        return f"Results of {', '.join(concepts).replace('-', ' ')}: by code, by name and in report text, of any date."
    rows = [row for concept in concepts for row in codes.of_concept(concept)]
    return f"Results with one of {len(rows)} codes ({_first(rows)}), by name, and in report text; of any date."


_ROW_KINDS: Mapping[str, tuple[str, str]] = {
    "surgery": ("surgery", "Procedures, and diagnoses that name a past operation,"),
    "axillary_surgery": ("axilla", "Procedures"),
    "radiation": ("radiation", "Procedures, and diagnoses of past irradiation,"),
}
_DRUGS = "Orders, statements and administrations of drugs, and infusions among procedures,"


def looked_for_rows(codes: CodeMap, name: str, drug_class: str = "") -> str:
    """The same sentence for operations, radiation and drugs (`systemic`, by class); empty for what is no such group."""
    if name == "systemic":
        drugs = [
            concept
            for concept in codes.concepts.values()
            if concept.kind == "drug" and drug_class in concept.attributes.get("classes", ())
        ]
        shown = ", ".join(str(concept.attributes.get("agent", concept.title)) for concept in drugs[:4])
        more = " …" if len(drugs) > 4 else ""
        return (
            f"{_DRUGS} of {len(drugs)} ingredients ({shown}{more}), by code or by name; of any date." if drugs else ""
        )
    if name not in _ROW_KINDS:
        return ""
    kind, where = _ROW_KINDS[name]
    rows = [row for concept in codes.concepts.values() if concept.kind == kind for row in codes.of_concept(concept.id)]
    return f"{where} with one of {len(rows)} codes ({_first(rows)}), or by name; of any date."


def _first(rows: Sequence[CodeRow]) -> str:
    return ", ".join(f"{row.system} {row.code}" for row in rows[:4]) + (" …" if len(rows) > 4 else "")
