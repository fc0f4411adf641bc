"""A row as a clinician types it: read back as written, and refused with words where it cannot be meant."""

from __future__ import annotations

from datetime import date

import pytest

from smart_app.clinical.typed_rows import (
    ALL_GIVEN,
    NOT_DONE,
    is_same,
    lies_ahead,
    own_id,
    parse_row,
    row_id,
    row_problems,
    row_words,
    typed_row,
)

ROWS = [
    ("surgery", "kind mastectomy; side left; on 2022-03-04"),
    ("surgery", "kind reconstruction; detail saline implant; side bilateral; on 2022"),
    ("axillary_surgery", "kind sentinel-node-biopsy; side unknown"),
    ("radiation", "side left; field whole breast, regional nodes; from 2022-05; to 2022-06-10; dose 40.05"),
    ("systemic", "agent ado-trastuzumab emtansine; class her2; status stopped; from 2022-05; to 2023"),
    ("other_medications", "agent st. john's wort; class enzyme-inducer; status active"),
    ("conditions", "what stroke; status resolved; on 2020"),
    ("done", "what mammogram; side bilateral; on 2026-03-12; birads 4A"),
]


@pytest.mark.parametrize(("name", "text"), ROWS)
def test_a_typed_row_is_read_back_as_it_was_written(name: str, text: str) -> None:
    parts = parse_row(name, text)
    assert isinstance(parts, dict)
    assert typed_row(parts) == text
    assert row_problems(name, parts) == {}


@pytest.mark.parametrize("word", [NOT_DONE, ALL_GIVEN])
def test_what_is_said_of_a_whole_row_is_read_back(word: str) -> None:
    assert parse_row("surgery", word) == word


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("surgery", "side left; on 2022", "kind"),
        ("surgery", "kind lobotomy; side left", "kind"),
        ("surgery", "kind mastectomy; side middle", "side"),
        ("surgery", "kind mastectomy; side left; on 2022-02-30", "on"),
        ("surgery", "kind mastectomy; detail implant; side left", "detail"),
        ("radiation", "side left; from 2022-06; to 2022-05", "to"),
        ("radiation", "side left; dose 4500", "dose"),
        ("systemic", "agent tamoxifen; from 2022", "status"),
        ("systemic", "agent tamoxifen; status active; from 2022; to 2023", "to"),
        ("conditions", "what stroke; status absent; on 2020", "on"),
        ("done", "what mammogram; side left", "on"),
        ("done", "what dxa; on 2025; birads 2", "birads"),
        ("done", "what mammogram; on 2025; birads 7", "birads"),
        ("surgery", "kind mastectomy; side left; cost 100", "cost"),
    ],
)
def test_a_row_that_cannot_be_meant_is_refused_at_its_part(name: str, text: str, part: str) -> None:
    with pytest.raises(ValueError, match=f"^{part}: "):
        parse_row(name, text)


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("surgery", "kind mastectomy; side left; on 2026-12", "on"),
        ("surgery", "kind mastectomy; side left; on 2026", ""),
        ("radiation", "side left; from 2026-11-01; to 2026-12-20", ""),
        ("radiation", "side left; from 2026-12-01", "from"),
        ("systemic", "agent tamoxifen; status stopped; to 2027", "to"),
    ],
)
def test_only_a_course_of_radiation_may_end_after_today(name: str, text: str, part: str) -> None:
    parts = parse_row(name, text)
    assert isinstance(parts, dict)
    assert lies_ahead(name, parts, date(2026, 11, 25)) == part


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("kind mastectomy; side left; on 2022-03", "kind mastectomy; side left; on 2022-03-04", True),
        ("kind mastectomy; side left; on 2022-03", "kind mastectomy; side unknown", True),
        ("kind mastectomy; side left; on 2022-03", "kind mastectomy; side right; on 2022-03", False),
        ("kind mastectomy; side left; on 2022-03", "kind mastectomy; side left; on 2023-03", False),
        ("kind mastectomy; side left; on 2022-03", "kind breast-conserving; side left; on 2022-03", False),
    ],
)
def test_two_rows_may_be_one_where_nothing_tells_them_apart(one: str, other: str, same: bool) -> None:
    parts = [parse_row("surgery", text) for text in (one, other)]
    assert isinstance(parts[0], dict)
    assert isinstance(parts[1], dict)
    assert is_same(*parts) is same
    assert is_same(*reversed(parts)) is same


def test_a_drug_is_one_row_whatever_its_dates() -> None:
    assert is_same({"agent": "tamoxifen", "from": "2015"}, {"agent": "tamoxifen", "from": "2022"})


def test_the_name_of_a_row_in_a_link_tells_nothing_of_it() -> None:
    parts = {"kind": "mastectomy", "side": "left", "on": "2022-03-04"}
    for name in (own_id("surgery", parts), row_id("surgery", typed_row(parts))):
        assert not any(value in name for value in parts.values())
    assert own_id("systemic", {"agent": "tamoxifen", "from": "2022"}) == own_id("systemic", {"agent": "tamoxifen"})


def test_a_row_in_words_of_a_plan() -> None:
    assert row_words(parse_row("surgery", ROWS[0][1])) == "mastectomy, left, 2022-03-04"
    radiation = "left, whole breast, regional nodes, 2022-05 to 2022-06-10, 40.05 Gy"
    assert row_words(parse_row("radiation", ROWS[3][1])) == radiation
    assert row_words(parse_row("systemic", ROWS[4][1])) == "ado-trastuzumab emtansine, stopped, 2022-05 to 2023"
    assert row_words(NOT_DONE) == "did not take place"
