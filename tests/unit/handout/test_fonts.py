"""One font for each run of text; what no font holds is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from smart_app.errors import MissingGlyphError
from smart_app.handout.fonts import _coverage, load_fonts

FONTS = load_fonts()
HELD = dict(FONTS.families)


def test_ordinary_text_is_in_the_font_made_for_low_vision() -> None:
    assert FONTS.base == "Atkinson Hyperlegible"
    assert FONTS.runs("Zoë Müller-O’Brien", "name") == (("Atkinson Hyperlegible", "Zoë Müller-O’Brien"),)


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("Nguyễn Thị Ánh", "Noto Sans"),
        ("Иванова Мария", "Noto Sans"),
        ("Παπαδοπούλου", "Noto Sans"),
        ("लक्ष्मी विश्वेश्वरैया", "Noto Sans"),
        ("שרה כהן", "Heebo"),
        ("Sarah שרה", "Heebo"),
    ],
)
def test_a_name_is_in_one_font_that_holds_all_of_it(text: str, family: str) -> None:
    assert FONTS.runs(text, "name") == ((family, text),)


def test_a_text_of_two_scripts_is_cut_between_words_and_nothing_is_lost() -> None:
    text = "Мария (שרה) Иванова"
    runs = FONTS.runs(text, "name")
    assert "".join(piece for _, piece in runs) == text
    assert {family for family, _ in runs} == {"Noto Sans", "Heebo"}
    for family, piece in runs:
        assert {ord(sign) for sign in piece if not sign.isspace()} <= HELD[family]


def test_combining_marks_stay_with_their_letter() -> None:
    decomposed = "Nguye\u0302\u0303n"
    assert FONTS.runs(decomposed, "name") == (("Noto Sans", "Nguyễn"),)
    runs = FONTS.runs("x\u0328\u0301", "name")
    assert len(runs) == 1


def test_a_character_that_no_font_holds_is_named_with_its_field() -> None:
    with pytest.raises(MissingGlyphError) as caught:
        FONTS.runs("Tanaka 田中 Yuki", "name")
    assert caught.value.characters == "田中" and caught.value.field == "name"
    assert "田" not in str(caught.value)


def test_bidi_marks_and_control_characters_are_left_out() -> None:
    assert FONTS.runs("Ann\u202e\u2066 B\u200f\x07é", "name") == (("Atkinson Hyperlegible", "Ann Bé"),)


def test_another_folder_adds_its_fonts(tmp_path: Path) -> None:
    assert load_fonts((tmp_path,)).families == FONTS.families
    (tmp_path / "broken.ttf").write_bytes(b"\x00\x01\x00\x00 not a font")
    assert load_fonts((tmp_path, tmp_path)).families == FONTS.families


def test_coverage_is_what_the_font_says() -> None:
    assert {ord("A"), ord("é")} <= HELD["Atkinson Hyperlegible"]
    assert ord("ễ") not in HELD["Atkinson Hyperlegible"]
    assert ord("א") in HELD["Heebo"] and ord("א") not in HELD["Noto Sans"]
    assert all(code < 0x110000 for held in HELD.values() for code in held)


def test_a_font_file_without_a_character_map_holds_nothing() -> None:
    assert _coverage(b"\x00\x01\x00\x00\x00\x00" + b"\x00" * 6, 0) == frozenset()
