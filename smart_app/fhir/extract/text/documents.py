"""Attachments and narratives to plain text: text, HTML, RTF and the text layer of PDF. Nothing here raises."""

from __future__ import annotations

import base64
import binascii
import html
import io
import logging
import re
from collections.abc import Callable, Iterator

MAX_BYTES = 10 * 1024 * 1024
MAX_PAGES = 60
MAX_TEXT = 200_000

_BLOCKS = frozenset(
    {
        "p",
        "div",
        "br",
        "tr",
        "li",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "table",
        "ul",
        "ol",
        "pre",
        "section",
        "hr",
        "article",
        "header",
        "footer",
        "dt",
        "dd",
        "dl",
        "tbody",
        "thead",
    }
)
_CELLS = frozenset({"td", "th"})
_SILENT = frozenset({"script", "style", "head", "title"})


_TAG = re.compile(r"<!--|<(?P<close>/?)(?P<name>[A-Za-z][A-Za-z0-9]{0,30})[^<>]*>|<[!?/][^<>]*>")


def _pieces(markup: str) -> Iterator[str]:
    """Text of markup, a new line at each block and a tab at each cell, in one pass; a bare `<` is text."""
    position = 0
    while (match := _TAG.search(markup, position)) is not None:
        yield _plain(markup[position : match.start()])
        position = match.end()
        name = (match["name"] or "").lower()
        if match[0] == "<!--":
            position = _after(markup, "-->", position)
        elif name in _SILENT and not match["close"]:
            position = _after(markup, f"</{name}", position)
            position = _after(markup, ">", position)
        elif name in _BLOCKS:
            yield "\n"
        elif name in _CELLS and not match["close"]:
            yield "\t"
    yield _plain(markup[position:])


def _after(markup: str, mark: str, start: int) -> int:
    found = re.compile(re.escape(mark), re.IGNORECASE).search(markup, start)
    return found.end() if found is not None else len(markup)


def _plain(words: str) -> str:
    return re.sub(r"[ \r\n\t]+", " ", html.unescape(words)) if words else ""


def text_of_html(markup: str) -> str:
    """Readable text of HTML or of a narrative's `div`; a row of a table becomes "Name: value"."""
    lines = []
    for line in "".join(_pieces(markup[: MAX_TEXT * 4])).split("\n"):
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
