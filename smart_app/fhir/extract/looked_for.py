"""What was looked for, in one sentence a fact, so that an absence can be judged."""

from __future__ import annotations

from collections.abc import Mapping

from smart_app.clinical.codes import CodeMap

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
    "recurrence": "Conditions of breast cancer with the status recurrence or relapse, or words of recurrence.",
    "metastasis": "Conditions of secondary cancer at a distant site, and M categories, of any date.",
    "germline": "Genetic results and reports that say germline, BRCA1, BRCA2, PALB2 and other genes, of any date.",
    "birads": "The last mammogram, breast ultrasound or breast MRI, coded or in words.",
    "family_history": "FamilyMemberHistory, and diagnosis codes of family history.",
    "cumulative_doxorubicin_mg_m2": "Doxorubicin given, with a dose in mg/m2.",
}


def looked_for(codes: CodeMap | None, name: str) -> str:
    """One sentence: codes (how many and which first), words, and that no date was left out."""
    if name in _ELSEWHERE:
        return _ELSEWHERE[name]
    concepts = _CONCEPTS.get(name, ())
    if codes is None:
        return f"Results of {', '.join(concepts).replace('-', ' ')}: by code, by name and in report text, of any date."
    rows = [row for concept in concepts for row in codes.of_concept(concept)]
    shown = ", ".join(f"{row.system} {row.code}" for row in rows[:4])
    more = " …" if len(rows) > 4 else ""
    return f"Results with one of {len(rows)} codes ({shown}{more}), by name, and in report text; of any date."
