"""Three-valued conditions: the grammar, the logic, and what is said of missing facts."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from smart_app.clinical.conditions import ConditionError, evaluate, parse_condition
from smart_app.clinical.features import derive_features
from smart_app.clinical.recommendations import Truth
from tests.support.rule_examples import record_of

T, F, U = Truth.TRUE, Truth.FALSE, Truth.UNKNOWN
# Three leaves of known truth in the default patient: ER is positive; HER2 is not positive; grade is not known.
LEAVES = {
    T: {"fact": "er", "is": "positive"},
    F: {"fact": "her2", "is": "positive"},
    U: {"fact": "grade", "in": [1, 2]},
}


def truth(condition: object, given: dict[str, Any] | None = None) -> Truth:
    return evaluate(parse_condition(condition), derive_features(record_of(given or {}))).truth


def leaf(value: Truth) -> dict[str, Any]:
    return dict(LEAVES[value])


@pytest.mark.parametrize("value", [T, F, U])
def test_a_leaf_has_the_truth_of_its_fact(value: Truth) -> None:
    assert truth(leaf(value)) is value


@pytest.mark.parametrize(("first", "second"), list(product([T, F, U], repeat=2)))
def test_all_any_and_not_follow_kleene(first: Truth, second: Truth) -> None:
    order = {F: 0, U: 1, T: 2}
    by_order = {number: value for value, number in order.items()}
    both = {"all": [leaf(first), leaf(second)]}
    either = {"any": [leaf(first), leaf(second)]}
    assert truth(both) is by_order[min(order[first], order[second])]
    assert truth(either) is by_order[max(order[first], order[second])]
    assert truth({"not": leaf(first)}) is by_order[2 - order[first]]


@pytest.mark.parametrize(
    ("needed", "parts", "expected"),
    [
        (2, (T, T, F), T), (2, (T, U, F), U), (2, (T, F, F), F), (2, (U, U, F), U), (2, (U, F, F), F),
        (3, (T, T, U), U), (1, (F, F, U), U), (1, (F, F, F), F),
    ],
)  # fmt: skip
def test_at_least_counts_and_waits_for_what_is_unknown(needed: int, parts: tuple[Truth, ...], expected: Truth) -> None:
    assert truth({"at_least": needed, "of": [leaf(part) for part in parts]}) is expected


def test_an_unknown_part_names_what_is_missing_and_only_that() -> None:
    condition = parse_condition({"all": [leaf(T), leaf(U), {"fact": "density", "is": "c"}]})
    trace = evaluate(condition, derive_features(record_of({})))
    assert trace.truth is U
    assert trace.missing == ("grade", "breast_density")


def test_a_decided_condition_names_no_missing_fact_and_gives_its_reason() -> None:
    trace = evaluate(parse_condition({"any": [leaf(T), leaf(U)]}), derive_features(record_of({})))
    assert trace.truth is T
    assert trace.missing == ()
    assert [reason.fact for reason in trace.because] == ["er"]


@pytest.mark.parametrize(
    ("born", "limit", "expected"),
    [("1961-02-09", 62, T), ("1960-02-10", 62, F), ("1961", 62, T), ("1960", 62, U), ("1959", 62, F)],
)
def test_a_birth_year_leaves_the_age_open_only_where_it_matters(born: str, limit: int, expected: Truth) -> None:
    assert truth({"fact": "dx.age_at_dx", "max": limit}, {"born": born}) is expected


@pytest.mark.parametrize(
    ("test", "expected"), [("min", T), ("max", T), ("above", F), ("below", F)]
)  # fmt: skip
def test_min_and_max_include_the_limit(test: str, expected: Truth) -> None:
    assert truth({"fact": "nodes.pos", test: 3}, {"tumor": {"nodes_positive": 3}}) is expected


def test_one_of_two_tumors_is_enough_for_is_and_an_unread_one_keeps_it_open() -> None:
    two = [
        {"kind": "invasive", "side": "left", "dated": "2020-01-01", "er": "positive"},
        {"kind": "invasive", "side": "right", "dated": "2023-01-01", "er": "negative"},
    ]
    assert truth({"fact": "er", "is": "negative"}, {"cancers": two}) is T
    half = [two[0], {**two[1], "er": None}]
    assert truth({"fact": "er", "is": "negative"}, {"cancers": half}) is U
    assert truth({"fact": "er", "is": "positive"}, {"cancers": half}) is T


def test_known_is_never_unknown_itself() -> None:
    assert truth({"fact": "grade", "known": True}) is F
    assert truth({"fact": "grade", "known": False}) is T
    assert truth({"fact": "er", "known": True}) is T


def test_the_numeric_form_of_at_least_is_min() -> None:
    assert truth({"at_least": {"fact": "years", "value": 3}}) is T
    assert truth({"at_least": {"fact": "years", "value": 4}}) is F


def test_a_conflict_is_unknown_and_not_one_of_its_values() -> None:
    given = {"tumor": {"er": "conflict positive negative"}}
    assert truth({"fact": "er", "is": "positive"}, given) is U
    assert truth({"fact": "er", "is": "negative"}, given) is U
    assert truth({"fact": "facts.conflict"}, given) is T


@pytest.mark.parametrize(
    "data",
    [
        None, "er", [], {}, {"all": []}, {"all": {}}, {"all": [leaf(T)], "any": [leaf(T)]}, {"fact": ""},
        {"fact": "er", "eval": "1"}, {"fact": "er", "in": []}, {"fact": "er", "in": "x"}, {"fact": "years", "min": "3"},
        {"at_least": 3, "of": [leaf(T)]}, {"at_least": 0, "of": [leaf(T)]}, {"at_least": True, "of": [leaf(T)]},
        {"not": [leaf(T)]}, {"says": "x"}, {"fact": "er", "known": "yes"},
    ],
)  # fmt: skip
def test_what_is_no_condition_is_refused(data: object) -> None:
    with pytest.raises(ConditionError):
        parse_condition(data)


def test_an_unknown_name_is_an_error_and_never_silently_false() -> None:
    with pytest.raises(KeyError):
        truth({"fact": "no.such.fact"})
