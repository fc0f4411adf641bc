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
from smart_app.web.presenters_words import count_words

_WHY_LEFT: Mapping[str, str] = {
    "general": "rests on general knowledge alone: left off until a clinician reviews it",
    "not-reviewed": "not yet clinically reviewed, and this clinic prints reviewed texts only",
    "expired": "its date has passed: confirm it below to print it",
    "no-value": "needs a value that is not known here, such as a telephone number",
}


_FIELDS: Mapping[str, str] = {
    "name": "the patient’s name",
    "note": "your note for the patient",
    "next": "what comes next: an item or an owner that you wrote",
    "closing": "the name of the clinician or of the clinic",
    "phones": "the clinic’s telephone list",
}


@dataclass(frozen=True, slots=True)
class Unprintable:
    """
    Why the PDF cannot be made.

    `spelling` is a proposal for the name in other letters, None where the name is not what stands in the way; `where`
    leads to the place where the field can be written anew.
    """

    says: str
    spelling: str | None = None
    where: Link | None = None


def unprintable(characters: str, field: str, latin: str, base: str) -> Unprintable:
    """A character without a glyph: it and its field are named, and the way to another spelling is given."""
    what = _FIELDS.get(field, f"“{field}”")
    says = f"No font here holds {' '.join(characters)} in {what}. Text is never left out silently."
    if field == "name":
        return Unprintable(says, spelling=latin)
    if field in ("note", "next"):
        return Unprintable(says, where=Link("Write it in other letters in the plan", f"{base}/plan#h-texts"))
    return Unprintable(f"{says} The person who runs Aftercare can change it, or add a font.")


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
    with_more: bool
    images: tuple[str, ...]
    pdf: str
    languages: tuple[Link, ...]
    size: Link
    more: Link
    about: str
    checked_by: str
    signer: str
    confirm: bool
    expired: tuple[Option, ...]
    not_reviewed: tuple[str, ...]
    left_off: tuple[Pair, ...]
    problem: Unprintable | None
    printed_name: str
    readability: str
    language: str
    unread: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HandoutChoice:
    """How the paper is wanted: language, size, and who checked it."""

    language: str
    large_print: bool
    checked_by: str = ""
    confirmed: tuple[str, ...] = ()
    token: str = ""
    more: bool = False

    def query(self, **changes: str) -> str:
        """The choice as the query of an address, with changes; the confirmation goes along."""
        parts = {"lang": self.language, "size": "large" if self.large_print else "normal"}
        parts["more"] = "yes" if self.more else "no"
        if self.token:
            parts["checked"] = self.token
        return "?" + urlencode({**parts, **changes})


def _about(choice: HandoutChoice, languages: Sequence[tuple[str, str]], pages: int, paper: str) -> str:
    """`4 pages, English, 12.5 point, Letter`."""
    parts = [count_words(pages, "page")] if pages else []
    parts.append(dict(languages).get(choice.language, choice.language))
    parts.append(f"{'18' if choice.large_print else '12.5'} point")
    return ", ".join([*parts, {"us-letter": "Letter", "a4": "A4"}.get(paper, paper)])


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
    problem: Unprintable | None = None,
    readability: str = "",
    printed_name: str = "",
    unread: tuple[str, ...] = (),
) -> HandoutPage:
    """
    The page.

    Args:
        languages: Code and own name of each language that has texts.
        pages: How many pages the PDF has; 0 when it cannot be made.
        titles: Paragraph id to title, for what was left off.
        unread: What of the record was not read, in sentences.
    """
    base = frame.base
    size = "normal" if choice.large_print else "large"
    return HandoutPage(
        frame=frame,
        handout=handout,
        large_print=choice.large_print,
        with_more=choice.more,
        images=tuple(f"{base}/handout/page-{number}.png{choice.query()}" for number in range(1, pages + 1)),
        pdf=f"{base}/handout.pdf{choice.query()}",
        languages=tuple(
            Link(name, f"{base}/handout{choice.query(lang=code)}")
            for code, name in languages
            if code != choice.language
        ),
        size=Link("Normal print" if choice.large_print else "Large print", f"{base}/handout{choice.query(size=size)}"),
        more=Link(
            "Without “More to know”" if choice.more else "With “More to know”",
            f"{base}/handout{choice.query(more='no' if choice.more else 'yes')}",
        ),
        about=_about(choice, languages, pages, paper),
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
        printed_name=printed_name,
        readability=readability,
        language=choice.language,
        unread=unread,
    )
