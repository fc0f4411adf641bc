"""
What completes the ledger of a row: what its code means, the rule that decided, and what was looked for where none is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from smart_app.clinical.codes import CodeMap
from smart_app.fhir.extract.looked_for import looked_for_rows
from smart_app.web.presenters_facts import FactColumn, FactRow
from smart_app.web.presenters_page import Pair

# In the words of `fhir_mappings/README.md`, "How facts are judged".
RULES: Mapping[str, str] = {
    "diagnosis": (
        "Diagnoses of one side and episode are one cancer; in situ and invasive of one episode are one invasive "
        "cancer. The onset alone dates it."
    ),
    "surgery": "Operations of one kind, day and side are one. A history joins a dated operation. Biopsies are none.",
    "axillary_surgery": "Operations of one kind, day and side are one.",
    "radiation": "Fractions with less than 60 days between them are one course. Planning is none.",
    "systemic": (
        "One row an ingredient. A status is stated by orders and statements; doses given, dispensed or claimed alone "
        "leave it unknown. Of active and stopped the later statement decides."
    ),
    "imaging": "The newest completed study; what is of one kind and day is one study. BI-RADS is that study’s own.",
}


def explained(columns: Iterable[FactColumn], codes: CodeMap | None) -> tuple[FactColumn, ...]:
    """The columns with every ledger complete."""
    return tuple(replace(column, rows=explained_rows(column.rows, codes)) for column in columns)


def explained_rows(rows: Iterable[FactRow], codes: CodeMap | None) -> tuple[FactRow, ...]:
    """The rows with every ledger complete; without code maps the codes stand without their meaning."""
    return tuple(replace(row, ledger=_completed(row, codes)) for row in rows)


def _completed(row: FactRow, codes: CodeMap | None) -> tuple[Pair, ...]:
    pairs = [_with_meaning(pair, codes) for pair in row.ledger]
    kind = row.treatment or ("diagnosis" if row.anchor.startswith("cancer-") else "")
    terms = {pair.term for pair in pairs}
    if row.state == "documented" and kind in RULES and "Rule" not in terms:
        at = next((place for place, pair in enumerate(pairs) if pair.term in ("Fill", "Correct", "Decide")), len(pairs))
        pairs.insert(at, Pair("Rule", RULES[kind]))
    if row.gap and kind and codes is not None and "Looked for" not in terms:
        words = looked_for_rows(codes, kind, row.label.partition(",")[0].lower())
        pairs[:0] = [Pair("Looked for", words)] if words else []
    return tuple(pairs)


def _with_meaning(pair: Pair, codes: CodeMap | None) -> Pair:
    """`LOINC 85337-4 …` also says as what it was read, and by which row of the maps."""
    if pair.term != "Code" or codes is None:
        return pair
    system, _, rest = pair.text.partition(" ")
    row = codes.rows.get((system, rest.partition(" ")[0]))
    if row is None:
        return pair
    concept = codes.concept_of(row)
    verified = "" if row.verified else ", number not verified"
    return replace(pair, text=f"{pair.text}; read as “{concept.title}” ({concept.file}: {concept.id}{verified})")
