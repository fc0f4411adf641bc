"""
Handout, handover and plan as PDF/UA-1 and as pictures, by Typst.

The person's data enter as JSON values (`sys.inputs`), never as markup; the compiler's root is the folder of the
layouts, no packages and no system fonts are read, and the time stamp is given, so that equal input gives equal bytes.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import typst
from pypdf import PdfReader

from smart_app.errors import DocumentError
from smart_app.handout.blocks import Handout
from smart_app.handout.fonts import FontSet, load_fonts
from smart_app.handout.handover import Handover
from smart_app.handout.plan_paper import PlanPaper

MAX_INPUT_BYTES = 2_000_000
_PLAIN = ("language", "direction", "key", "urgent", "lines", "iso", "status")
_NOT_PRINTED = ("not_reviewed", "left_off")


def render_pdf(
    handout: Handout,
    templates: Path,
    paper: str = "us-letter",
    large_print: bool = False,
    *,
    made_on: date,
    font_dirs: tuple[Path, ...] = (),
) -> bytes:
    """
    The handout as tagged PDF/UA-1; 18 points in large print, else 12.5.

    Raises:
        MissingGlyphError: no font holds a character; names it and its field.
        DocumentError: the document cannot be made.
    """
    fonts = load_fonts(font_dirs)
    data = handout_json(handout, fonts, paper, large_print)
    pdf = _compile("handout.typ", data, templates, fonts, made_on, "pdf")
    return pdf[0]


def render_png_pages(
    handout: Handout,
    templates: Path,
    paper: str = "us-letter",
    large_print: bool = False,
    *,
    made_on: date,
    font_dirs: tuple[Path, ...] = (),
    ppi: float = 96,
) -> tuple[bytes, ...]:
    """The same pages as pictures, for the preview."""
    fonts = load_fonts(font_dirs)
    data = handout_json(handout, fonts, paper, large_print)
    return tuple(_compile("handout.typ", data, templates, fonts, made_on, "png", ppi))


def page_count(pdf: bytes) -> int:
    """Pages of a document that this module made."""
    return len(PdfReader(io.BytesIO(pdf)).pages)


def handout_json(handout: Handout, fonts: FontSet, paper: str, large_print: bool) -> str:
    """What the layout reads: every shown text with its fonts."""
    data = {key: value for key, value in asdict(handout).items() if key not in _NOT_PRINTED}
    shown = with_fonts(data, fonts)
    return _dump({**shown, "paper": paper, "large_print": large_print, "base_font": fonts.base})


def _stages() -> list[dict[str, Any]]:
    """How many rows of each part the handover page keeps, tried in this order until it fits one page."""
    keep: dict[str, Any] = {"alerts": 99, "plan": 99, "summary": 99, "columns": [99, 99, 99]}
    stages = [keep]
    cuts = (
        (16, 16, 12, 10), (14, 14, 10, 8), (12, 14, 8, 6), (10, 13, 8, 5), (9, 12, 7, 5), (8, 11, 6, 4), (7, 10, 6, 4),
        (6, 9, 5, 3), (6, 8, 4, 3), (5, 7, 4, 2), (4, 6, 3, 2), (3, 5, 2, 1), (2, 4, 1, 1), (1, 2, 1, 1),
    )  # fmt: skip
    for plan, summary, avoid, care in cuts:
        alerts = 99 if plan > 8 else 4 if plan > 4 else 2 if plan > 1 else 1
        stages.append({"alerts": alerts, "plan": plan, "summary": summary, "columns": [3, avoid, care]})
    return stages


def render_handover_pdf(
    handover: Handover, templates: Path, paper: str = "us-letter", *, made_on: date, font_dirs: tuple[Path, ...] = ()
) -> bytes:
    """The handover as one page of tagged PDF/UA-1; errors as of `render_pdf`."""
    fonts = load_fonts(font_dirs)
    return _compile("handover.typ", handover_json(handover, fonts, paper), templates, fonts, made_on, "pdf")[0]


def render_handover_png(
    handover: Handover,
    templates: Path,
    paper: str = "us-letter",
    *,
    made_on: date,
    font_dirs: tuple[Path, ...] = (),
    ppi: float = 96,
) -> tuple[bytes, ...]:
    """The same page as a picture."""
    fonts = load_fonts(font_dirs)
    return tuple(_compile("handover.typ", handover_json(handover, fonts, paper), templates, fonts, made_on, "png", ppi))


def render_plan_pdf(
    paper_plan: PlanPaper, templates: Path, paper: str = "us-letter", *, made_on: date, font_dirs: tuple[Path, ...] = ()
) -> tuple[bytes, int]:
    """The whole plan as tagged PDF/UA-1, with its number of pages; errors as of `render_pdf`."""
    fonts = load_fonts(font_dirs)
    shown = with_fonts(asdict(paper_plan), fonts, "plan")
    data = _dump({**shown, "plain_title": paper_plan.title, "paper": paper, "base_font": fonts.base})
    pdf = _compile("plan.typ", data, templates, fonts, made_on, "pdf")[0]
    return pdf, len(_compile("plan.typ", data, templates, fonts, made_on, "png", 10))


def handover_json(handover: Handover, fonts: FontSet, paper: str) -> str:
    """What the handover's layout reads."""
    shown = with_fonts(asdict(handover), fonts)
    return _dump({**shown, "plain_title": handover.title, "paper": paper, "base_font": fonts.base, "stages": _stages()})


def with_fonts(value: Any, fonts: FontSet, field: str = "handout") -> Any:
    """The same value where each text that the base font does not hold whole is a list of runs."""
    if isinstance(value, str):
        runs = fonts.runs(value, field)
        return runs[0][1] if all(family == fonts.base for family, _ in runs) else {"runs": [list(run) for run in runs]}
    if isinstance(value, Mapping):
        return {
            key: part if key in _PLAIN else with_fonts(part, fonts, _field(field, key)) for key, part in value.items()
        }
    if isinstance(value, Sequence):
        return [with_fonts(part, fonts, field) for part in value]
    return value


def _field(field: str, key: str) -> str:
    return key if field == "handout" else field


def _dump(data: object) -> str:
    text = json.dumps(data, ensure_ascii=False, allow_nan=False)
    if len(text.encode()) > MAX_INPUT_BYTES:
        raise DocumentError("the document is too long to print")
    return text


def _compile(
    layout: str, data: str, templates: Path, fonts: FontSet, made_on: date, form: str, ppi: float | None = None
) -> list[bytes]:
    root = templates / "handout"
    compiler = typst.Compiler(
        str(root / layout), root=str(root), font_paths=fonts.typst_fonts, sys_inputs={"data": data}
    )
    stamp = datetime(made_on.year, made_on.month, made_on.day, tzinfo=UTC)
    try:
        if form == "pdf":
            made = compiler.compile(format="pdf", pdf_standards=["ua-1"], timestamp=stamp)
        else:
            made = compiler.compile(format="png", ppi=ppi, timestamp=stamp)
    except typst.TypstError as error:
        # The compiler's words can quote the patient's text: they stay out of the message.
        raise DocumentError(f"the layout {layout} could not be set") from error
    if made is None:
        raise DocumentError(f"the layout {layout} gave no pages")
    return list(made) if isinstance(made, list) else [made]
