"""Colours: every pair that the components use is readable, in light and in dark."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).resolve().parents[3] / "static" / "tokens.css").read_text(encoding="utf-8")
COMPONENTS = (Path(__file__).resolve().parents[3] / "static" / "aftercare.css").read_text(encoding="utf-8")

GROUNDS = ("bg", "panel", "panel-2", "red-bg", "amber-bg", "green-bg")
TEXT = [
    *[(front, back) for front in ("ink", "ink-2") for back in GROUNDS],
    *[("action", back) for back in ("bg", "panel", "red-bg", "amber-bg")],
    *[("action-2", back) for back in ("bg", "panel")],
    ("on-action", "action"),
    ("on-action", "action-2"),
    ("on-brand", "brand"),
    ("on-brand-2", "brand"),
    ("mark", "brand"),
    ("on-solid", "red"),
    ("red", "bg"),
    ("red", "red-bg"),
    ("amber", "bg"),
    ("amber", "amber-bg"),
    ("green", "bg"),
    ("green", "panel"),
]
SHAPES = [
    *[("edge", back) for back in ("bg", "panel")],
    *[("focus", back) for back in GROUNDS],
    ("red", "red-bg"),
    ("amber", "amber-bg"),
    ("green", "green-bg"),
    ("action", "panel-2"),
]


def relative_luminance(color: str) -> float:
    """WCAG 2.2: linear light, weighted for the eye."""

    def linear(byte: int) -> float:
        share = byte / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    red, green, blue = (linear(int(color[start : start + 2], 16)) for start in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """WCAG contrast ratio of two colours."""
    dark, light = sorted((relative_luminance(first), relative_luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def themes() -> dict[str, dict[str, str]]:
    """Colour tokens of both themes; the dark one changes some of the light one's."""
    blocks = re.split(r"@media \(prefers-color-scheme: dark\)", CSS)
    read = [dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6})\b", block.split("@media")[0])) for block in blocks]
    return {"light": read[0], "dark": {**read[0], **read[1]}}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), TEXT)
def test_text_can_be_read_on_its_ground(theme: str, front: str, back: str) -> None:
    colors = themes()[theme]
    assert contrast(colors[front], colors[back]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back"), SHAPES)
def test_shapes_and_borders_can_be_seen_on_their_ground(theme: str, front: str, back: str) -> None:
    colors = themes()[theme]
    assert contrast(colors[front], colors[back]) >= 3.0


def test_the_measure_itself_knows_black_on_white_and_grey_on_grey() -> None:
    assert round(contrast("#000000", "#ffffff"), 1) == 21.0
    assert contrast("#777777", "#ffffff") < 4.5


def test_components_choose_no_colour_of_their_own() -> None:
    without_comments = re.sub(r"/\*.*?\*/", "", COMPONENTS, flags=re.S)
    found = [color for color in re.findall(r"#[0-9a-fA-F]{3,8}\b", without_comments) if color not in ("#000",)]
    assert [color for color in found if not color.startswith("#hatch")] == []
