"""What every page must be, whatever it shows: checked on each page that a test fetches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any
from xml.etree.ElementTree import Element

import html5lib

H = "{http://www.w3.org/1999/xhtml}"
_NEVER = (re.compile(r"eyJ[A-Za-z0-9_-]{8,}"), re.compile(r"access_token|refresh_token|id_token|code_verifier"))


def parse_page(html: str) -> Element:
    """The document; raises for HTML that is not valid."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), strict=True)
    document: Element = parser.parse(html)
    return document


def check_page(html: str, headers: Mapping[str, str] | None = None, secrets: tuple[str, ...] = ()) -> Element:
    """
    The house rules of a page; raises AssertionError with the reason.

    Args:
        headers: Of the response; None for a page rendered without the app.
        secrets: Texts that must not stand on it, such as tokens of the test.
    """
    document = parse_page(html)
    _check_head(document)
    _check_ids(document)
    _check_labels(document)
    _check_names(document)
    assert not re.search(r"\sstyle=", html), "a style attribute: the CSP refuses it"
    assert not re.search(r"\son[a-z]+=", html), "an inline handler: the CSP refuses it"
    for pattern in _NEVER:
        assert not pattern.search(html), f"the page holds something like a token: {pattern.pattern}"
    for secret in secrets:
        assert secret not in html, "the page holds a secret"
    for script in document.iter(f"{H}script"):
        assert script.get("nonce"), "a script without nonce"
        assert not (script.text or "").strip(), "an inline script"
    if headers is not None:
        _check_headers(document, headers)
    return document


def _check_head(document: Element) -> None:
    html = next(document.iter(f"{H}html"), document)
    assert html.get("lang"), "no language"
    titles = [text_of(title) for title in document.iter(f"{H}title")]
    assert titles, "no title"
    assert titles[0].strip(), "an empty title"
    headings = list(document.iter(f"{H}h1"))
    assert len(headings) == 1, f"{len(headings)} h1"
    assert text_of(headings[0]).strip(), "an empty h1"
    assert len(list(document.iter(f"{H}main"))) == 1, "not exactly one main"


def _check_ids(document: Element) -> None:
    ids = Counter(
        element.get("id") for element in document.iter() if isinstance(element.tag, str) and element.get("id")
    )
    twice = [name for name, count in ids.items() if count > 1]
    assert not twice, f"ids that are not unique: {twice}"
    for element in document.iter():
        for attribute in ("aria-labelledby", "aria-describedby"):
            for name in (element.get(attribute) or "").split():
                assert name in ids, f"{attribute} points to nothing: {name}"
        href = element.get("href") or ""
        if href.startswith("#") and len(href) > 1 and element.tag == f"{H}a":
            assert href[1:] in ids, f"a link to nothing: {href}"


def _check_labels(document: Element) -> None:
    labelled = {label.get("for") for label in document.iter(f"{H}label")}
    inside = {id(control) for label in document.iter(f"{H}label") for control in label.iter()}
    for name in ("input", "select", "textarea"):
        for control in document.iter(f"{H}{name}"):
            if control.get("type") in ("hidden", "submit"):
                continue
            named = control.get("aria-label") or control.get("aria-labelledby")
            assert control.get("id") in labelled or id(control) in inside or named, f"no label: {control.attrib}"


def _check_names(document: Element) -> None:
    for name in ("a", "button"):
        for element in document.iter(f"{H}{name}"):
            pictured = [image.get("alt") for image in element.iter(f"{H}img")]
            assert element.get("aria-label") or text_of(element).strip() or any(pictured), f"no name: {element.attrib}"


def _check_headers(document: Element, headers: Mapping[str, str]) -> None:
    policy = headers.get("Content-Security-Policy", "")
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce, "no nonce in the CSP"
    for script in document.iter(f"{H}script"):
        assert script.get("nonce") == nonce[1], "the nonce of a script is not the one of the CSP"
    assert "unsafe-inline" not in policy
    assert "frame-ancestors" in policy
    assert headers.get("Cache-Control") == "no-store", "the page may be cached"
    assert headers.get("X-Content-Type-Options") == "nosniff"


def text_of(element: Element) -> str:
    """All text inside."""
    return "".join(element.itertext())


def find_all(document: Element, attribute: str, value: str | None = None) -> list[Any]:
    """Elements that have the attribute (with this value)."""
    return [e for e in document.iter() if e.get(attribute) is not None and value in (None, e.get(attribute))]
