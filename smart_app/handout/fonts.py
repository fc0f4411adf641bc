"""
Which font holds which characters: one font for each run of text, found before the PDF is made.

A font that is swapped inside a word tears combining letters apart, so each word, and where possible each whole text,
is given to one font. Fonts come as pinned packages (`fontpkg-*`) and from `AFTERCARE_FONT_DIRS`; system fonts never.
"""

from __future__ import annotations

import re
import struct
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import fontpkg
import typst

from smart_app.errors import DocumentError, MissingGlyphError

FIRST_FAMILIES = ("Atkinson Hyperlegible", "Noto Sans")
_IGNORABLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]")
_WORD = re.compile(r"\S+|\s+")


@dataclass(frozen=True)
class FontSet:
    """Font files for Typst, and what each family holds, in order of preference."""

    typst_fonts: typst.Fonts
    families: tuple[tuple[str, frozenset[int]], ...]

    @property
    def base(self) -> str:
        """Family of ordinary text."""
        return self.families[0][0]

    def runs(self, text: str, field: str) -> tuple[tuple[str, str], ...]:
        """
        The text in NFC, cut into (family, piece): one family for all of it where one holds it, else for each word.

        The base font holds ASCII. Bidi controls and other signs without a glyph are left out.

        Raises:
            MissingGlyphError: names every character of the text that no font holds.
        """
        if text.isascii() and text.isprintable():
            return ((self.base, text),)
        text = _IGNORABLE.sub("", unicodedata.normalize("NFC", text))
        text = "".join(sign for sign in text if sign == "\n" or unicodedata.category(sign) != "Cc")
        if family := self._holding(text):
            return ((family, text),)
        missing = [sign for sign in dict.fromkeys(text) if not sign.isspace() and self._holding(sign) is None]
        if missing:
            raise MissingGlyphError("".join(missing), field)
        return tuple(_joined(self._word_runs(text)))

    def _word_runs(self, text: str) -> Iterator[tuple[str, str]]:
        for word in _WORD.findall(text):
            if family := self._holding(word):
                yield family, word
                continue
            for cluster in _clusters(word):
                yield self._holding(cluster) or self.base, cluster

    def _holding(self, text: str) -> str | None:
        needed = {ord(sign) for sign in text if not sign.isspace()}
        return next((family for family, held in self.families if needed <= held), None)


def _clusters(word: str) -> Iterator[str]:
    """Letters with the marks that stand on them."""
    start = 0
    for position in range(1, len(word) + 1):
        if position == len(word) or not unicodedata.category(word[position]).startswith("M"):
            yield word[start:position]
            start = position


def _joined(runs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Neighbors of one family as one run; white space goes with what stands before it."""
    last: list[str] = []
    for family, piece in runs:
        if last and (last[0] == family or piece.isspace()):
            last[1] += piece
            continue
        if last:
            yield last[0], last[1]
        last = [family, piece]
    if last:
        yield last[0], last[1]


@lru_cache(maxsize=4)
def load_fonts(extra: tuple[Path, ...] = ()) -> FontSet:
    """
    The installed font packages and the folders of `AFTERCARE_FONT_DIRS`.

    Raises:
        DocumentError: no font was found at all.
    """
    folders = [str(folder) for folder in (*_package_folders(), *extra)]
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=folders)
    held: dict[str, frozenset[int]] = {}
    for font in fonts.fonts():
        if font.path is None or (font.family in held and font.weight != 400):
            continue
        try:
            held[font.family] = _coverage(Path(font.path).read_bytes(), font.index)
        except (OSError, struct.error, IndexError):
            continue  # a damaged font file holds nothing; the others still do
    order = sorted(held, key=lambda family: (FIRST_FAMILIES.index(family) if family in FIRST_FAMILIES else 9, family))
    if not order:
        raise DocumentError("no fonts are installed")
    return FontSet(fonts, tuple((family, held[family]) for family in order))


def _package_folders() -> Iterator[Path]:
    for slug in sorted(fontpkg.families()):
        yield Path(fontpkg.path(slug)).parent


def _coverage(data: bytes, index: int) -> frozenset[int]:
    """Code points that the font's character map sends to a glyph (OpenType `cmap`, formats 4 and 12)."""
    start = 0
    if data[:4] == b"ttcf":
        start = struct.unpack_from(">I", data, 12 + 4 * index)[0]
    count = struct.unpack_from(">H", data, start + 4)[0]
    tables: dict[bytes, int] = {}
    for position in range(count):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, start + 12 + 16 * position)
        tables[tag] = offset
    cmap = tables.get(b"cmap")
    if cmap is None:
        return frozenset()
    held: set[int] = set()
    for position in range(struct.unpack_from(">H", data, cmap + 2)[0]):
        platform, encoding, offset = struct.unpack_from(">HHI", data, cmap + 4 + 8 * position)
        if platform == 0 or (platform == 3 and encoding in (1, 10)):
            table = cmap + offset
            form = struct.unpack_from(">H", data, table)[0]
            if form == 4:
                held.update(_format_4(data, table))
            elif form == 12:
                held.update(_format_12(data, table))
    return frozenset(held)


def _format_4(data: bytes, table: int) -> Iterator[int]:
    segments = struct.unpack_from(">H", data, table + 6)[0] // 2
    ends, starts, deltas, offsets = (
        table + 14 + skip for skip in (0, 2 + 2 * segments, 2 + 4 * segments, 2 + 6 * segments)
    )
    for segment in range(segments):
        end, first = (struct.unpack_from(">H", data, base + 2 * segment)[0] for base in (ends, starts))
        delta, offset = (struct.unpack_from(">H", data, base + 2 * segment)[0] for base in (deltas, offsets))
        for code in range(first, min(end, 0xFFFE) + 1):
            glyph = code
            if offset:
                glyph = struct.unpack_from(">H", data, offsets + 2 * segment + offset + 2 * (code - first))[0]
                if not glyph:
                    continue
            if (glyph + delta) & 0xFFFF:
                yield code


def _format_12(data: bytes, table: int) -> Iterator[int]:
    for group in range(struct.unpack_from(">I", data, table + 12)[0]):
        first, end, glyph = struct.unpack_from(">III", data, table + 16 + 12 * group)
        yield from range(first if glyph else first + 1, end + 1)
