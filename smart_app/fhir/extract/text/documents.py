"""Attachments and narratives to plain text: text, HTML, RTF and the text layer of PDF. Nothing here raises."""

from __future__ import annotations

import base64
import binascii
import html
import io
import logging
import re
from collections.abc import Callable
from html.parser import HTMLParser

MAX_BYTES = 10 * 1024 * 1024
MAX_PAGES = 60
MAX_TEXT = 200_000

_BLOCKS = frozenset(
    {"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre", "section", "hr"}
)
_CELLS = frozenset({"td", "th"})
_SILENT = frozenset({"script", "style", "head", "title"})


class _Text(HTMLParser):
    """Text of HTML: one line a block, cells of a row apart by a tab."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self.silent += 1
        elif tag in _BLOCKS:
            self.parts.append("\n")
        elif tag in _CELLS:
            self.parts.append("\t")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self.silent = max(0, self.silent - 1)
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(re.sub(r"[ \r\n\t]+", " ", data))


def text_of_html(markup: str) -> str:
    """Readable text of HTML or of a narrative's `div`; a row of a table becomes "Name: value"."""
    parser = _Text()
    try:
        parser.feed(markup[: MAX_TEXT * 4])
        parser.close()
    except (ValueError, AssertionError):
        return html.unescape(re.sub(r"<[^>]{0,2000}>", " ", markup[:MAX_TEXT]))
    lines = []
    for line in "".join(parser.parts).split("\n"):
        cells = [cell.strip() for cell in line.split("\t") if cell.strip()]
        if len(cells) == 2 and not cells[0].endswith(":"):
            lines.append(f"{cells[0]}: {cells[1]}")
        else:
            lines.append(" ".join(cells))
    return "\n".join(line for line in lines if line)[:MAX_TEXT]


def text_of_attachment(content_type: str | None, data: bytes) -> str | None:
    """
    Text of an attachment, None if its kind is not read (XML, images) or it cannot be read.

    The content decides before the declared type: PDF and RTF begin with marks of their own.
    """
    if len(data) > MAX_BYTES:
        return None
    kind = (content_type or "").partition(";")[0].strip().lower()
    if data[:5] == b"%PDF-":
        return _text_of_pdf(data)
    if data[:5] == b"{\\rtf":
        return _text_of_rtf(data)
    words = _decoded(data)
    if words is None:
        return None
    if kind in ("text/html", "application/xhtml+xml") or re.match(
        r"\s*<(?:!doctype html|html|div|p|table)\b", words, re.IGNORECASE
    ):
        return text_of_html(words)
    if kind in ("text/plain", "", "text/markdown", "application/octet-stream") and not words.lstrip().startswith(
        "<?xml"
    ):
        return words[:MAX_TEXT]
    return None


def decode_base64(data: str) -> bytes | None:
    """Bytes of an attachment's `data`, None if it is not base64."""
    if len(data) > MAX_BYTES * 2:
        return None
    try:
        return base64.b64decode(re.sub(r"\s+", "", data), validate=True)
    except (binascii.Error, ValueError):
        return None


def _decoded(data: bytes) -> str | None:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            words = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if "\x00" in words else words
    return None


def _text_of_rtf(data: bytes) -> str | None:
    from striprtf.striprtf import rtf_to_text

    try:
        read: Callable[..., str] = rtf_to_text
        return str(read(data.decode("latin-1"), errors="ignore"))[:MAX_TEXT]
    except Exception:
        return None


def _text_of_pdf(data: bytes) -> str | None:
    from pypdf import PdfReader

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        pages = [page.extract_text() for page in reader.pages[:MAX_PAGES]]
    except Exception:
        return None
    found = "\n".join(pages).strip()
    return found[:MAX_TEXT] or None
