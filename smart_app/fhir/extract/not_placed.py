"""
What is told though it decides nothing: treatment without a drug's name, spread in a report's words, suspicions.

The page would read "none recorded" beside them; so they are listed, verbatim, one click from their resource.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from smart_app.clinical.facts import Medication
from smart_app.fhir.extract.chart import Chart
from smart_app.fhir.extract.reports import Report
from smart_app.fhir.extract.text.diagnosis import named_cancer
from smart_app.fhir.extract.text.sentences import sentences
from smart_app.fhir.extract.text.suspicions import may_name_spread, suspects_cancer
from smart_app.fhir.resources import code_status, when, words

_CHEMOTHERAPY = re.compile(r"\bchemotherapy\b", re.IGNORECASE)
_NOT_GIVEN = re.compile(
    r"\b(?:education|counsel\w*|consult\w*|teaching|plan\w*|declin\w*|refus\w*|no|not|without|history|port|catheter)\b",
    re.IGNORECASE,
)
_SAYS_NOTHING = frozenset({"family", "plan", "method", "references", "history", "review"})


def list_unnamed_chemotherapy(chart: Chart, systemic: Iterable[Medication]) -> None:
    """Procedures that say chemotherapy and name no drug: no row (POLICY.md rule 14), and where no drug stands, told."""
    if any("chemotherapy" in drug.classes for drug in systemic):
        return
    for key, procedure in chart.of_type("Procedure"):
        said = words(procedure.get("code"))
        coded = any(row.concept == "chemotherapy-procedure" for row in chart.rows(procedure.get("code")))
        named = any(_CHEMOTHERAPY.search(word) and not _NOT_GIVEN.search(word) for word in said)
        if not (coded or named) or any(map(chart.codes.find_drugs, said)) or not chart.counts(key, procedure):
            continue
        start, end = when(procedure, "performed")
        recorded = said[0] if said else "Chemotherapy"
        source = chart.source(key, procedure, on=start or end, recorded=recorded)
        chart.unplaced(source, "Chemotherapy without the name of a drug", recorded)


def list_distant_disease_in_reports(chart: Chart, reports: Iterable[Report]) -> None:
    """Sentences of reports that say or suspect spread or recurrence, where no diagnosis and no stage does."""
    for report in reports:
        for sentence in sentences(report.whole):
            said = sentence.text
            if sentence.section in _SAYS_NOTHING:
                continue
            if named_cancer(said).metastasis == "distant":
                why = "distant disease in its words, not read"
            elif may_name_spread(said, imaging=report.imaging):
                why = "may name spread or recurrence, not read"
            else:
                continue
            source = chart.source(report.key, report.resource, on=report.on, recorded=said, sentence=said)
            chart.unplaced(source, f"{report.title[:60]}: {why}", said)


def list_suspected_diagnoses(chart: Chart) -> None:
    """Problem-list entries that only suspect a cancer or its spread: no diagnosis, and never silent."""
    for key, condition in chart.of_type("Condition"):
        title = next(filter(suspects_cancer, words(condition.get("code"))), None)
        if title is not None and code_status(condition.get("verificationStatus")) in (None, "confirmed"):
            chart.unplaced(
                chart.source(key, condition, recorded=title), "A suspected diagnosis, not read as one", title
            )
