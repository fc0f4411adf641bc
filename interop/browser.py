"""A browser without scripts: follows links and forms of the app as a person would, by what stands on the page."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import requests

from interop.progress import StepFailedError

_VOID = frozenset({"input", "br", "img", "meta", "link", "hr", "use", "path", "source", "wbr"})
_TIMEOUT_S = 90


@dataclass
class Form:
    """A form of a page: where it goes, its fields as they stand, its choices, its buttons."""

    action: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)

    def filled(self, **changes: str) -> list[tuple[str, str]]:
        """The fields as they would be sent; of a choice that nobody made, the first is taken, with a reason."""
        picked = {name: values[0] for name, values in self.choices.items()} | self.chosen
        asked = {f"{name.removesuffix('.choice')}.reason" for name in picked if name.endswith(".choice")}
        fields = [
            (name, changes.pop(name, value or ("The first of them" if name in asked else "")))
            for name, value in self.fields
        ]
        return [*fields, *picked.items(), *changes.items()]


class Page(HTMLParser):
    """What a person, or a script of the acceptance, looks for on a page."""

    def __init__(self, url: str, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.url = url
        self.html = html
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.headings: list[str] = []
        self.data: list[dict[str, str]] = []
        self._texts: list[tuple[str, dict[str, str], list[str]]] = []
        self._open_form: Form | None = None
        self._select = ""
        self.feed(html)

    @property
    def heading(self) -> str:
        """The h1."""
        return self.headings[0] if self.headings else ""

    def attribute(self, name: str) -> str | None:
        """The first value of an attribute anywhere on the page."""
        return next((attributes[name] for attributes in self.data if name in attributes), None)

    def form_with_button(self, words: str) -> tuple[Form, tuple[str, str]]:
        """
        The form that has a button with these words, and what the button sends.

        Raises:
            StepFailedError: there is none.
        """
        for form in self.forms:
            for text, name, value in form.buttons:
                if text == words:
                    return form, (name, value)
        raise StepFailedError(f"no button “{words}” on {urlsplit(self.url).path} ({self.heading})")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if any(name.startswith("data-") for name in attributes):
            self.data.append(attributes)
        if tag == "form":
            self._open_form = Form(urljoin(self.url, attributes.get("action", "")))
            self.forms.append(self._open_form)
        elif self._open_form is not None:
            self._field(tag, attributes)
        if tag in ("a", "h1", "button", "textarea"):
            self._texts.append((tag, attributes, []))

    def _field(self, tag: str, attributes: dict[str, str]) -> None:
        form, name, value = self._open_form, attributes.get("name", ""), attributes.get("value", "")
        if form is None:
            return
        kind = attributes.get("type", "text") if tag == "input" else tag
        if kind == "radio":
            form.choices.setdefault(name, []).append(value)
            if "checked" in attributes:
                form.chosen[name] = value
        elif kind == "checkbox":
            if "checked" in attributes:
                form.fields.append((name, value or "on"))
        elif tag == "input" and name:
            form.fields.append((name, value))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and (self._select not in form.chosen or "selected" in attributes):
            form.chosen[self._select] = value

    def handle_data(self, data: str) -> None:
        for _, _, words in self._texts:
            words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open_form = None
        elif tag == "select":
            self._select = ""
        if self._texts and self._texts[-1][0] == tag:
            name, attributes, words = self._texts.pop()
            self._text_ended(name, attributes, "".join(words))

    def _text_ended(self, tag: str, attributes: dict[str, str], words: str) -> None:
        text = " ".join(words.split())
        if tag == "h1":
            self.headings.append(text)
        elif tag == "a":
            self.links.setdefault(text, urljoin(self.url, attributes.get("href", "")))
        elif tag == "button" and self._open_form is not None:
            self._open_form.buttons.append((text, attributes.get("name", ""), attributes.get("value", "")))
        elif tag == "textarea" and self._open_form is not None:
            self._open_form.fields.append((attributes.get("name", ""), words.removeprefix("\n")))


class Browser:
    """One browser window: cookies, redirects, forms."""

    def __init__(self) -> None:
        self.session = requests.Session()

    def open(self, url: str) -> tuple[int, Page]:
        """Follow a link; gives the status and the page."""
        answer = self.session.get(url, timeout=_TIMEOUT_S)
        return answer.status_code, Page(answer.url, answer.text)

    def fetch(self, url: str) -> requests.Response:
        """The bare answer: a PDF, a status."""
        return self.session.get(url, timeout=_TIMEOUT_S)

    def press(self, page: Page, words: str, **changes: str) -> tuple[int, Page]:
        """Press a button of a form, with the fields as they stand but for the changes."""
        form, button = page.form_with_button(words)
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
        headers = {"Origin": origin, "Referer": page.url, "Sec-Fetch-Site": "same-origin"}
        answer = self.session.post(
            form.action, data=[*form.filled(**changes), button], headers=headers, timeout=_TIMEOUT_S
        )
        return answer.status_code, Page(answer.url, answer.text)
