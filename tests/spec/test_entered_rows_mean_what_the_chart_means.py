"""
A treatment or study that the clinician enters changes the advice as the same entry of the chart would.

Each case is a chart, one line of it that the record lacks, and what the clinician types instead. Rules, sides, dates
and statuses must be those of the whole chart; only the sources differ.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from smart_app.clinical.entries import apply_entries
from smart_app.clinical.facts import Entry, PatientRecord, Search, SearchState
from smart_app.clinical.features import NONE_ENTERED
from smart_app.clinical.recommendations_json import recommendations_json
from smart_app.clinical.rules import evaluate_rules
from smart_app.clinical.typed_rows import ALL_GIVEN, OTHERS, own_id, parse_row
from tests.support.rule_charts import AS_OF, knowledge, read_chart

BASE = (
    "woman 1966-03-01 · invasive left 2023-02-10 · er positive · pr positive · her2 negative · menopause postmenopausal"
)
LUMPECTOMY = "lumpectomy left 2023-03-15"
RADIATION = "radiation left 2023-05-01 2023-06-10"
LETROZOLE = "letrozole 2023-07-01"

CASES = (
    (f"{BASE} · {RADIATION} · {LETROZOLE}", LUMPECTOMY, "surgery", "kind breast-conserving; side left; on 2023-03-15"),
    (f"{BASE} · {LETROZOLE}", "mastectomy left 2023-03-15", "surgery", "kind mastectomy; side left; on 2023-03-15"),
    (
        f"{BASE} · {LETROZOLE}",
        "mastectomy both 2023-03-15",
        "surgery",
        "kind mastectomy; side bilateral; on 2023-03-15",
    ),
    (
        f"{BASE} · mastectomy left 2023-03-15 · {LETROZOLE}",
        "implant left 2023-03-15",
        "surgery",
        "kind reconstruction; detail implant; side left; on 2023-03-15",
    ),
    (
        f"{BASE} · mastectomy left 2023-03-15 · {LETROZOLE}",
        "flap left 2023-03-15",
        "surgery",
        "kind reconstruction; detail flap; side left; on 2023-03-15",
    ),
    (
        f"{BASE} · {LUMPECTOMY} · {LETROZOLE}",
        "sentinel left 2023-03-15",
        "axillary_surgery",
        "kind sentinel-node-biopsy; side left; on 2023-03-15",
    ),
    (
        f"{BASE} · {LUMPECTOMY} · {LETROZOLE}",
        "axillary-dissection left 2023-03-15",
        "axillary_surgery",
        "kind axillary-dissection; side left; on 2023-03-15",
    ),
    (
        f"{BASE} · {LUMPECTOMY} · {LETROZOLE}",
        RADIATION,
        "radiation",
        "side left; field whole breast; from 2023-05-01; to 2023-06-10",
    ),
    (
        f"{BASE} · {LUMPECTOMY} · {RADIATION}",
        LETROZOLE,
        "systemic",
        "agent letrozole; class aromatase-inhibitor, endocrine; status active; from 2023-07-01",
    ),
    (
        f"{BASE} · {LUMPECTOMY} · {RADIATION}",
        "tamoxifen 2023-07-01 stopped 2025-08-01",
        "systemic",
        "agent tamoxifen; class serm, endocrine; status stopped; from 2023-07-01; to 2025-08-01",
    ),
    (
        f"{BASE} · {LUMPECTOMY} · {RADIATION} · {LETROZOLE}",
        "doxorubicin 2023-04-01 stopped 2023-04-30",
        "systemic",
        "agent doxorubicin; class anthracycline, chemotherapy; status stopped; from 2023-04-01; to 2023-04-30",
    ),
    (
        f"{BASE} · {LUMPECTOMY} · {LETROZOLE}",
        "ribociclib 2023-09-01",
        "systemic",
        "agent ribociclib; class cdk4-6; status active; from 2023-09-01",
    ),
    (
        f"{BASE} · {LUMPECTOMY} · tamoxifen 2023-07-01",
        "paroxetine 2025-01-01",
        "other_medications",
        "agent paroxetine; class cyp2d6-strong-inhibitor; status active; from 2025-01-01",
    ),
    (
        f"{BASE} · {LUMPECTOMY} · {RADIATION} · {LETROZOLE}",
        "mammogram 2026-03-12 both 2",
        "done",
        "what mammogram; side bilateral; on 2026-03-12; birads 2",
    ),
    (
        f"{BASE} · {LUMPECTOMY} · {RADIATION} · {LETROZOLE} · mammogram 2025-03-12 both 2",
        "mammogram 2026-08-12 left 4",
        "done",
        "what mammogram; side left; on 2026-08-12; birads 4",
    ),
    (f"{BASE} · {LUMPECTOMY} · {RADIATION} · {LETROZOLE}", "dxa 2025-10-01", "done", "what dxa; on 2025-10-01"),
    (
        f"{BASE} · {LUMPECTOMY} · {RADIATION} · {LETROZOLE}",
        "visit 2026-09-02",
        "done",
        "what clinic-visit; on 2026-09-02",
    ),
    (
        f"{BASE} · {LUMPECTOMY} · {RADIATION} · {LETROZOLE}",
        "lipids 2026-06-02",
        "done",
        "what lipid-panel; on 2026-06-02",
    ),
    (
        f"{BASE} · {LUMPECTOMY} · {RADIATION} · tamoxifen 2023-07-01",
        "clot 2020-05-01",
        "conditions",
        "what venous-thromboembolism; status active; on 2020-05-01",
    ),
    (
        f"{BASE} · {LUMPECTOMY} · {RADIATION} · tamoxifen 2023-07-01",
        "bleeding 2026-10-01",
        "conditions",
        "what vaginal-bleeding; status active; on 2026-10-01",
    ),
    (
        f"{BASE} · {LUMPECTOMY} · {RADIATION} · tamoxifen 2023-07-01",
        "vision 2026-08-01",
        "conditions",
        "what visual-symptoms; status active; on 2026-08-01",
    ),
)


def said(record: PatientRecord) -> dict[str, dict[str, object]]:
    """What the rules say, without where it stands."""
    found = recommendations_json(record, evaluate_rules(knowledge().rules, record))["recommendations"]
    kept = ("side", "status", "due", "earliest", "interval_months", "missing")
    return {f"{row['rule']} {row['side']}": {key: row[key] for key in kept} for row in found}


def entered(record: PatientRecord, name: str, typed: str) -> PatientRecord:
    value = parse_row(name, typed)
    assert isinstance(value, dict)
    entry = Entry(name, value, "Dr. Ines Rossi", f"{AS_OF}T10:00:00Z", "seen on paper", row=own_id(name, value))
    return apply_entries(record, (entry,))


@pytest.mark.parametrize(("chart", "line", "name", "typed"), CASES, ids=[case[1] for case in CASES])
def test_an_entered_row_gives_the_advice_of_the_whole_chart(chart: str, line: str, name: str, typed: str) -> None:
    without, whole = read_chart([chart]), read_chart([f"{chart} · {line}"])
    by_hand = entered(without, name, typed)
    assert said(by_hand) == said(whole)


def test_most_of_these_rows_change_the_advice() -> None:
    changed = [
        line for chart, line, *_ in CASES if said(read_chart([chart])) != said(read_chart([f"{chart} · {line}"]))
    ]
    assert len(changed) >= len(CASES) - 2


@pytest.mark.parametrize(("chart", "line", "name", "typed"), CASES, ids=[case[1] for case in CASES])
def test_reasons_without_a_source_say_that_the_clinician_entered_them(
    chart: str, line: str, name: str, typed: str
) -> None:
    items = evaluate_rules(knowledge().rules, entered(read_chart([chart]), name, typed))
    marked = [reason for item in items for reason in item.because if reason.entered]
    assert marked
    assert all(not reason.sources for reason in marked)


@pytest.mark.parametrize("missing", ["surgery", "radiation", "systemic", "axillary_surgery"])
def test_a_word_that_there_was_none_is_told_as_the_clinicians(missing: str) -> None:
    chart = f"{BASE} · {LUMPECTOMY} · sentinel left 2023-03-15 · {RADIATION} · {LETROZOLE}"
    words = {"surgery": "lumpectomy", "axillary_surgery": "sentinel", "systemic": "letrozole"}
    lines = [line for line in chart.split(" · ") if not line.startswith(words.get(missing, missing))]
    record = replace(read_chart([" · ".join(lines)]), searches=(_failed(missing),))
    entry = Entry(missing, ALL_GIVEN, "Dr. Ines Rossi", f"{AS_OF}T10:00:00Z", "asked her", row=OTHERS)
    assert not record.was_read(missing)
    told = apply_entries(record, (entry,))
    assert told.was_read(missing)
    before = {item.rule for item in evaluate_rules(knowledge().rules, record) if missing in item.missing}
    rows = evaluate_rules(knowledge().rules, told, include_silent=True)
    assert not [item.rule for item in rows if missing in item.missing]
    assert before or missing == "axillary_surgery"
    reasons = [reason for item in rows for reason in item.because if reason.value == NONE_ENTERED]
    assert all(reason.entered for reason in reasons)


def _failed(name: str) -> Search:
    return Search("procedure", "Procedure", SearchState.FAILED, supplies=(name,))
