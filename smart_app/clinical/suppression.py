"""
Ovarian suppression as a fact, from the drugs of the record: beside the injection it never reads "not found". Pure.

Rules read the drugs themselves; this is for the pages, where the fact can be entered.
"""

from __future__ import annotations

from smart_app.clinical.facts import Fact, FactState, PatientRecord

NAME = "ovarian_suppression"
NOT_STATED = "recorded, not known whether running"
_LOOKED_FOR = "Goserelin, leuprolide and triptorelin among the drugs of the record, by code or by name; of any date."


def suppression_fact(record: PatientRecord) -> Fact:
    """
    What the record's drugs say of injections that suppress the ovaries.

    `gnrh`: one is active. `none`: all that are recorded are stopped. `NOT_STATED`: recorded without a status. Not found
    where none is recorded, not read where the lists of drugs were not read in full.
    """
    drugs = [drug for drug in record.systemic if "ovarian-suppression" in drug.classes]
    told = [drug for drug in drugs if drug.status == "active"] or [drug for drug in drugs if drug.status == "unknown"]
    shown = told or drugs
    whole = record.was_read("systemic")
    if not shown or (not told and not whole):
        state = FactState.NOT_FOUND if whole else FactState.NOT_READ
        return Fact(NAME, state, looked_for=_LOOKED_FOR)
    value = "gnrh" if shown[0].status == "active" else NOT_STATED if told else "none"
    return Fact(
        NAME,
        FactState.DOCUMENTED,
        value,
        sources=tuple(source for drug in shown for source in drug.sources),
        rule=f"By the drugs of the record: {', '.join(drug.told for drug in shown)}.",
        looked_for=_LOOKED_FOR,
    )
