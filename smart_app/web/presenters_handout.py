"""
The patient's paper as the clinician checks it: the pages, what was left off, what is not reviewed, language and size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from smart_app.handout.blocks import Handout
from smart_app.web.presenters_page import Frame, Link, Pair
from smart_app.web.presenters_rows import Option

_WHY_LEFT: Mapping[str, str] = {
    "general": "rests on general knowledge alone: left off until a clinician reviews it",
    "not-reviewed": "not yet clinically reviewed, and this clinic prints reviewed texts only",
    "expired": "its date has passed: confirm it below to print it",
    "no-value": "needs a value that is not known here, such as a telephone number",
}


@dataclass(frozen=True, slots=True)
class HandoutPage:
    """
    Everything that `handout.html` shows.

    `handout` is the paper itself, drawn by `handout/_body.html`. `images` are paths of the real pages as pictures.
    `problem` says why the PDF cannot be made; the page itself can then still be printed.
    """

    frame: Frame
    handout: Handout
    large_print: bool
    images: tuple[str, ...]
    pdf: str
    languages: tuple[Link, ...]
    size: Link
    about: str
    checked_by: str
    signer: str
    confirm: bool
    expired: tuple[Option, ...]
    not_reviewed: tuple[str, ...]
    left_off: tuple[Pair, ...]
    problem: str
    readability: str
    language: str


@dataclass(frozen=True, slots=True)
class HandoutChoice:
    """How the paper is wanted: language, size, and who checked it."""

    language: str
    large_print: bool
    checked_by: str = ""
    confirmed: tuple[str, ...] = ()
    token: str = ""

    def query(self, **changes: str) -> str:
        """The choice as the query of an address, with changes; the confirmation goes along."""
        parts = {"lang": self.language, "size": "large" if self.large_print else "normal"}
        if self.token:
            parts["checked"] = self.token
        return "?" + urlencode({**parts, **changes})


def present_handout(
    handout: Handout,
    frame: Frame,
    choice: HandoutChoice,
    *,
    languages: Sequence[tuple[str, str]],
    pages: int,
    paper: str,
    signer: str,
    titles: Mapping[str, str],
    problem: str = "",
    readability: str = "",
) -> HandoutPage:
    """
    The page.

    Args:
        languages: Code and own name of each language that has texts.
        pages: How many pages the PDF has; 0 when it cannot be made.
        titles: Paragraph id to title, for what was left off.
    """
    base = frame.base
    size = "normal" if choice.large_print else "large"
    points = "18" if choice.large_print else "12.5"
    names = {"us-letter": "Letter", "a4": "A4"}
    return HandoutPage(
        frame=frame,
        handout=handout,
        large_print=choice.large_print,
        images=tuple(f"{base}/handout/page-{number}.png{choice.query()}" for number in range(1, pages + 1)),
        pdf=f"{base}/handout.pdf{choice.query()}",
        languages=tuple(
            Link(name, f"{base}/handout{choice.query(lang=code)}")
            for code, name in languages
            if code != choice.language
        ),
        size=Link("Normal print" if choice.large_print else "Large print", f"{base}/handout{choice.query(size=size)}"),
        about=f"{dict(languages).get(choice.language, choice.language)}, {points} point, {names.get(paper, paper)}",
        checked_by=choice.checked_by,
        signer=signer,
        confirm=bool(choice.checked_by),
        expired=tuple(
            Option(row.paragraph, titles.get(row.paragraph, row.paragraph))
            for row in handout.left_off
            if row.why == "expired"
        ),
        not_reviewed=tuple(dict.fromkeys(titles.get(name, name) for name in handout.not_reviewed)),
        left_off=tuple(
            Pair(titles.get(row.paragraph, row.paragraph), f"“{row.text}”: {_WHY_LEFT.get(row.why, row.why)}")
            for row in handout.left_off
        ),
        problem=problem,
        readability=readability,
        language=choice.language,
    )
