"""Truth tables: every combination of surgery, side, radiation, reconstruction and sex, and every gate."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from smart_app.clinical.recommendations import DueStatus, Recommendation, RecommendationKind
from smart_app.clinical.rules import evaluate_rules
from smart_app.knowledge import default_paths
from smart_app.knowledge.rules import load_rules
from tests.support.rule_examples import record_of

RULES = load_rules(default_paths().mappings / "rules")
OPERATIONS = ("none", "breast-conserving", "mastectomy")
SEXES = ("female", "male", "other", "unknown")
TABLE = list(product(OPERATIONS, OPERATIONS, ("none", "left", "right", "bilateral"), ("none", "left", "right"), SEXES))
IMAGING_ROWS = {"I-01", "I-02", "I-03", "I-04", "I-05", "I-06", "X-01"}
SIDE_WORDS = {(): None, ("left",): "left", ("right",): "right", ("left", "right"): "both"}


def patient(left: str, right: str, radiation: str, recon: str, sex: str, imaging: list[str]) -> dict[str, Any]:
    surgery = [f"{kind} {side} 2023-03-15" for side, kind in (("left", left), ("right", right)) if kind != "none"]
    if recon != "none":
        surgery.append(f"reconstruction {recon} 2023-09-10 DIEP flap")
    return {
        "sex": sex,
        "surgery": surgery,
        "radiation": [] if radiation == "none" else [f"{radiation} 2023-05-02 2023-06-10"],
        "imaging": imaging,
        "facts": {"germline": ["BRCA1 negative"]},
    }


def rows_of(given: dict[str, Any]) -> dict[str, tuple[str | None, str]]:
    """Imaging rows: row of the table, side and status. The other row of X-01 is not asked here."""
    found = [item for item in evaluate_rules(RULES, record_of(given)) if item.row in IMAGING_ROWS]
    kept = [item for item in found if item.rule != "male-mammogram-other-side"]
    return {item.row: (item.side, item.status.value) for item in kept}


def expected(left: str, right: str, radiation: str, recon: str, sex: str, followed: bool) -> dict[str, Any]:
    """What rows I-01 to I-06 and X-01 say, in the words of the table."""
    kinds = {"left": left, "right": right}
    remaining = tuple(side for side, kind in kinds.items() if kind != "mastectomy")
    kept = tuple(side for side, kind in kinds.items() if kind == "breast-conserving")
    removed = tuple(side for side, kind in kinds.items() if kind == "mastectomy")
    radiated = any(radiation in (side, "bilateral") for side in kept)
    status = "up-to-date" if followed else "overdue"
    answer: dict[str, Any] = {}
    if not remaining:
        answer["I-05"] = ("both", "not-indicated")
    built = tuple(side for side in removed if recon == side)
    if built:
        answer["I-06"] = (SIDE_WORDS[built], "not-indicated")
    if sex in ("male", "unknown") and kept:
        answer["X-01"] = (SIDE_WORDS[kept], status if sex == "male" else "cannot-tell")
    if sex == "male" or not remaining:
        return answer
    if kept and not followed:
        answer["I-01" if radiated else "I-02"] = (SIDE_WORDS[remaining], status)
    elif kept or not removed:
        answer["I-03"] = (SIDE_WORDS[remaining], status)
    else:
        answer["I-04"] = (SIDE_WORDS[remaining], status)
    return answer


@pytest.mark.parametrize(("left", "right", "radiation", "recon", "sex"), TABLE)
def test_imaging_of_each_breast_with_a_mammogram_this_year(
    left: str, right: str, radiation: str, recon: str, sex: str
) -> None:
    given = patient(left, right, radiation, recon, sex, ["mammogram 2026-03-10 both 2"])
    assert rows_of(given) == expected(left, right, radiation, recon, sex, followed=True)


@pytest.mark.parametrize(("left", "right", "radiation", "recon", "sex"), TABLE[:: len(SEXES)])
def test_imaging_of_each_breast_without_any_mammogram(
    left: str, right: str, radiation: str, recon: str, sex: str
) -> None:
    given = patient(left, right, radiation, recon, sex, [])
    assert rows_of(given) == expected(left, right, radiation, recon, sex, followed=False)


GATES: dict[str, dict[str, Any]] = {
    "symptom": {"facts": {"new_symptoms": True}},
    "suspected spread": {"facts": {"metastasis": "suspected"}},
    "birads 4": {"imaging": ["mammogram 2026-10-14 left 4"], "facts": {"birads": "4 2026-10-14"}},
    "birads 5": {"imaging": ["mammogram 2026-10-14 left 5"], "facts": {"birads": "5 2026-10-14"}},
}


def fired(given: dict[str, Any]) -> list[Recommendation]:
    return [item for item in evaluate_rules(RULES, record_of(given)) if item.status is not DueStatus.CANNOT_TELL]


@pytest.mark.parametrize("gate", GATES)
def test_a_warning_sign_asks_for_evaluation_and_no_schedule_reassures(gate: str) -> None:
    found = fired(GATES[gate])
    rows = {item.row for item in found}
    assert "G-02" in rows
    assert not rows & {"V-01", "V-02", "I-01", "I-02", "I-03", "I-04", "I-10", "I-11", "N-01", "N-02", "N-03", "N-04"}
    first = next(item for item in found if item.row == "G-02")
    assert (first.kind, first.status) == (RecommendationKind.SAFETY_ALERT, DueStatus.DUE)


@pytest.mark.parametrize("category", ["1", "2"])
def test_a_harmless_category_opens_no_gate(category: str) -> None:
    given = {"imaging": [f"mammogram 2026-10-14 both {category}"], "facts": {"birads": f"{category} 2026-10-14"}}
    assert not {"G-02", "I-15"} & {item.row for item in fired(given)}


UNFINISHED: dict[str, dict[str, Any]] = {
    "radiation under way": {"radiation": ["left 2026-11-02"]},
    "chemotherapy under way": {"radiation": [], "drugs": ["paclitaxel active 2026-10-01"]},
    "nothing recorded, diagnosed nine months ago": {
        "cancers": [{"kind": "invasive", "side": "left", "dated": "2026-02-20"}],
        "surgery": [],
        "radiation": [],
    },
}


@pytest.mark.parametrize("story", UNFINISHED)
def test_before_the_end_of_primary_treatment_no_date_is_made(story: str) -> None:
    found = evaluate_rules(RULES, record_of(UNFINISHED[story]))
    assert any(item.row == "G-04" and item.status is DueStatus.DUE for item in found)
    visit = next(item for item in found if item.row == "V-01")
    assert visit.status is DueStatus.CANNOT_TELL
    assert "primary_treatment_ended" in visit.missing
    surveillance = [item for item in found if item.topic in ("clinic-visit", "mammogram", "dxa", "breast-mri")]
    assert all(item.due is None for item in surveillance)


@pytest.mark.parametrize(("months", "unfinished"), [(9, True), (17, True), (18, False), (30, False)])
def test_eighteen_months_without_an_end_means_treated_elsewhere(months: int, unfinished: bool) -> None:
    year, month = divmod(2026 * 12 + 10 - months, 12)
    given = {
        "cancers": [{"kind": "invasive", "side": "left", "dated": f"{year}-{month + 1:02d}-25"}],
        "surgery": [],
        "radiation": [],
        "imaging": ["mammogram 2026-05-10 both 2"],
    }
    found = {item.rule: item for item in evaluate_rules(RULES, record_of(given))}
    assert ("primary-treatment-not-finished" in found) is unfinished
    assert found["clinic-visit-invasive"].status is DueStatus.CANNOT_TELL
    assert "primary_treatment_ended" in found["clinic-visit-invasive"].missing
    mammogram = found["mammogram-annual"]
    assert str(mammogram.due) == ("None" if unfinished else "2027-05-10")


@pytest.mark.parametrize(
    "given",
    [
        {"facts": {"metastasis": "present"}},
        {"tumor": {"m": "M1"}},
        {"tumor": {"stage_group": "IV"}},
        {"cancers": [{"kind": "lcis", "side": "left", "dated": "2023-02-10"}]},
        {"cancers": []},
    ],
)
def test_out_of_scope_nothing_is_recommended(given: dict[str, Any]) -> None:
    record = record_of(given)
    assert not record.scope.applies
    assert evaluate_rules(RULES, record, include_silent=True) == ()


@pytest.mark.parametrize(
    "given", [{"tumor": {"m": "M0"}}, {"facts": {"metastasis": "none"}}, {"tumor": {"stage_group": "IIIC"}}]
)
def test_no_distant_disease_keeps_the_scope(given: dict[str, Any]) -> None:
    assert record_of(given).scope.applies


def test_a_treated_recurrence_starts_the_clock_anew() -> None:
    given = {
        "cancers": [{"kind": "invasive", "side": "left", "dated": "2015-02-10"}],
        "surgery": ["breast-conserving left 2015-03-15", "mastectomy left 2025-10-01"],
        "radiation": ["left 2015-05-02 2015-06-10"],
        "facts": {"recurrence": "local 2025-09-01"},
        "events": ["clinic-visit 2026-08-20"],
    }
    visit = next(item for item in evaluate_rules(RULES, record_of(given)) if item.row == "V-01")
    assert visit.interval_months == (3, 6)
    assert str(visit.due) == "2027-02-20"


def test_of_two_primaries_the_later_one_sets_the_clock_and_each_breast_has_its_row() -> None:
    given = {
        "cancers": [
            {"kind": "invasive", "side": "left", "dated": "2015-02-10"},
            {"kind": "invasive", "side": "right", "dated": "2025-06-10"},
        ],
        "surgery": ["mastectomy left 2015-03-15", "breast-conserving right 2025-07-15"],
        "radiation": ["right 2025-09-02 2025-10-10"],
        "imaging": ["mammogram 2026-07-01 right 2"],
    }
    found = {item.row: item for item in evaluate_rules(RULES, record_of(given))}
    assert found["V-01"].interval_months == (3, 6)
    assert (found["I-03"].side, str(found["I-03"].due)) == ("right", "2027-07-01")
    assert "G-06" in found
