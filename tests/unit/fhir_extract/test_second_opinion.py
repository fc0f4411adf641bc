"""
Units, dates and statuses a second time, written from the tables of the hazard log and not from the code.

Random cases must get the same answer from both.
"""

from __future__ import annotations

import calendar
import os
import random
from typing import Any

from smart_app.clinical.codes import CodeMap
from smart_app.fhir.extract.evidence import FINAL_STATUSES
from smart_app.fhir.extract.units import convert
from smart_app.fhir.resources import Quantity, partial_date

CASES = 5_000 if os.environ.get("AFTERCARE_SOAK") == "1" else 500

# kind -> (least, most, a number without a unit counts, {code: factor}, {unit text: factor})
SECOND: dict[str, tuple[float, float, bool, dict[str, float], dict[str, float]]] = {
    "length": (0.01, 400, False, {"mm": 1, "cm": 10}, {"mm": 1, "millimeters": 1, "cm": 10, "centimeters": 10}),
    "percent": (0, 100, False, {"%": 1, "1": 100, "{fraction}": 100}, {"%": 1, "percent": 1, "fraction": 100}),
    "count": (0, 99, True, {"1": 1, "{#}": 1, "{count}": 1, "{nodes}": 1}, {"1": 1, "nodes": 1, "count": 1}),
    "dose-gray": (0.1, 120, False, {"Gy": 1, "cGy": 0.01}, {"gy": 1, "gray": 1, "cgy": 0.01, "centigray": 0.01}),
    "bmi": (8, 100, False, {"kg/m2": 1, "kg/m^2": 1}, {"kg/m2": 1}),
}
CODES = ["mm", "cm", "m", "[in_i]", "%", "1", "{fraction}", "{#}", "Gy", "cGy", "kg/m2", "mg", "", None]
WORDS = [
    "mm",
    "cm",
    "centimeters",
    "inches",
    "%",
    "percent",
    "fraction",
    "1",
    "nodes",
    "Gy",
    "cGy",
    "gray",
    "kg/m2",
    "",
    None,
]


def second_unit(kind: str, value: float, code: str | None, unit: str | None) -> float | None:
    least, most, bare, by_code, by_words = SECOND[kind]
    from_code = by_code.get(code) if code else None
    from_words = (by_words.get(unit.lower()) or by_code.get(unit)) if unit else None
    if from_code and from_words and from_code != from_words:
        return None
    factor = from_code or (None if code else from_words)
    if factor is None:
        if not bare or code or unit:
            return None
        factor = 1
    number = value * factor
    return number if least <= round(number, 6) <= most else None


def test_units_agree_with_the_second_table(codes: CodeMap) -> None:
    chance = random.Random(1)
    for _ in range(CASES):
        kind = chance.choice(sorted(SECOND))
        value = chance.choice([0, 0.5, 0.55, 1, 2.5, 18, 55, 99, 100, 101, 250, 5000, -1])
        code, unit = chance.choice(CODES) or None, chance.choice(WORDS) or None
        got = convert(codes, kind, Quantity(value, unit, code, None)).value
        expected = second_unit(kind, value, code, unit)
        assert (got is None) == (expected is None), (kind, value, code, unit)
        assert got is None or expected is None or abs(got - expected) < 1e-6


def second_date(text: str) -> str | None:
    """The calendar date as written: the first ten characters at most, if they are a day that exists."""
    head, mark, _ = text.partition("T")
    parts = head.split("-")
    if not 1 <= len(parts) <= 3 or (mark and len(parts) != 3):
        return None
    if [len(part) for part in parts] != [4, 2, 2][: len(parts)] or not all(part.isdigit() for part in parts):
        return None
    numbers = [int(part) for part in parts]
    if numbers[0] < 1 or (len(numbers) > 1 and not 1 <= numbers[1] <= 12):
        return None
    if len(numbers) > 2 and not 1 <= numbers[2] <= calendar.monthrange(numbers[0], numbers[1])[1]:
        return None
    return head


def test_dates_keep_their_precision_and_never_move_to_another_zone() -> None:
    chance = random.Random(2)
    zones = [
        "Z",
        "+00:00",
        *[f"{sign}{hour:02d}:{minute}" for sign in "+-" for hour in range(14) for minute in ("00", "30")],
    ]
    for _ in range(CASES):
        text = f"{chance.randint(1990, 2030):04d}"
        if chance.random() < 0.8:
            text += f"-{chance.randint(0, 13):02d}"
            if chance.random() < 0.8:
                text += f"-{chance.randint(0, 32):02d}"
                if chance.random() < 0.6:
                    text += f"T{chance.randint(0, 23):02d}:{chance.randint(0, 59):02d}:00{chance.choice(zones)}"
        if chance.random() < 0.05:
            text = text.replace("-", "/")
        got = partial_date(text)
        assert (str(got) if got is not None else None) == second_date(text), text


COUNT = {
    "Observation": "final amended corrected",
    "DiagnosticReport": "final amended corrected appended",
    "Procedure": "completed in-progress stopped",
    "MedicationRequest": "active completed stopped on-hold",
    "MedicationAdministration": "completed in-progress stopped on-hold",
    "DocumentReference": "current",
    "ImagingStudy": "available",
}
ALL = [
    *[
        "registered",
        "preliminary",
        "final",
        "amended",
        "corrected",
        "cancelled",
        "entered-in-error",
        "unknown",
        "partial",
    ],
    *["appended", "preparation", "in-progress", "not-done", "on-hold", "stopped", "completed", "active", "draft"],
    *["current", "superseded", "available", "inactive"],
]


def test_statuses_agree_with_the_second_list() -> None:
    for kind, allowed in COUNT.items():
        for status in ALL:
            assert (status in FINAL_STATUSES[kind]) == (status in allowed.split()), (kind, status)


def test_no_shape_of_a_number_is_taken_for_another() -> None:
    from smart_app.fhir.resources import number

    strange: list[Any] = [True, False, None, "", " ", "1e5", "0x10", "١", [], {}, float("nan"), float("inf"), "1,5"]
    assert [number(value) for value in strange] == [None] * len(strange)
    assert [number(value) for value in (1, 1.5, "2.5", " 3 ")] == [1, 1.5, 2.5, 3]
