"""
Whether a survivorship plan applies to this record at all (contract section 3, rules G-01 and G-05).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from smart_app.clinical.facts import CancerRecord, Fact, Medication, Patient, Scope

NO_BREAST_CANCER = "no-breast-cancer"
METASTATIC = "metastatic-disease"
DECEASED = "deceased"
LCIS_ONLY = "lcis-only"


def decide_scope(
    patient: Patient,
    cancers: Iterable[CancerRecord],
    facts: Mapping[str, Fact],
    systemic: Iterable[Medication] = (),
) -> Scope:
    """
    Whether survivorship follow-up applies, with every reason why not.

    Only documented facts end the scope: a missing M category or stage never does. A breast cancer of unknown kind
    stays in scope. Drugs alone decide nothing, because several are given in early and in metastatic disease.

    Source:
        ASCO 2013 target population (primary therapy with curative intent completed); rules G-01, G-05.
    """
    rows = tuple(cancers)
    reasons = []
    if not rows:
        reasons.append(NO_BREAST_CANCER)
    elif all(row.kind == "lcis" for row in rows):
        reasons.append(LCIS_ONLY)
    if _is_metastatic(facts) or any(_is_metastatic(row.facts) for row in rows):
        reasons.append(METASTATIC)
    if patient.deceased:
        reasons.append(DECEASED)
    return Scope(not reasons, tuple(reasons))


def _is_metastatic(facts: Mapping[str, Fact]) -> bool:
    """A distant secondary, M1, stage IV, or a recurrence recorded as distant; documented, not suspected."""
    return (
        _known(facts, "metastasis") == "present"
        or _known(facts, "m").startswith("M1")
        or _known(facts, "stage_group").startswith("IV")
        or _known(facts, "recurrence") == "distant"
    )


def _known(facts: Mapping[str, Fact], name: str) -> str:
    fact = facts.get(name)
    return str(fact.value) if fact is not None and fact.known else ""
