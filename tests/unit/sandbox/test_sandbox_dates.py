"""FHIR dates as spans: precision and zones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sandbox.fhir.dates import find_span_ms, instant, instant_of_ms, to_ms

DAY_MS = 86_400_000


def at(*parts: int) -> int:
    return to_ms(datetime(*parts, tzinfo=UTC))  # type: ignore[misc, arg-type]  # year, month, day and so on


@pytest.mark.parametrize(
    ("text", "start", "width"),
    [
        ("2024", at(2024, 1, 1), 366 * DAY_MS),
        ("2023-02", at(2023, 2, 1), 28 * DAY_MS),
        ("2024-02-29", at(2024, 2, 29), DAY_MS),
        ("2024-02-29T10:11", at(2024, 2, 29, 10, 11), 60_000),
        ("2024-02-29T10:11:12Z", at(2024, 2, 29, 10, 11, 12), 1_000),
        ("2024-02-29T10:11:12.5+02:00", at(2024, 2, 29, 8, 11, 12) + 500, 1),
        ("2024-02-29T10:11:12-05:30", at(2024, 2, 29, 15, 41, 12), 1_000),
    ],
)
def test_a_date_spans_what_it_leaves_open(text: str, start: int, width: int) -> None:
    assert find_span_ms(text) == (start, start + width)


@pytest.mark.parametrize("text", ["2023-02-30", "yesterday", "2023-13", "", None, 2023, "2023-02-01T25:00Z", "0000"])
def test_what_is_no_date_has_no_span(text: object) -> None:
    assert find_span_ms(text) is None


def test_instants_have_milliseconds_and_a_zone() -> None:
    assert instant(datetime(2026, 11, 25, 3, tzinfo=UTC)) == "2026-11-25T03:00:00.000Z"
    assert instant_of_ms(at(2026, 11, 25) + 7) == "2026-11-25T00:00:00.007Z"
