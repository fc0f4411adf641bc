"""
Reading back: is what the record holds what was approved? Pure.

Equal means equal after what servers may do: id, meta, the wrapper of the narrative, absolute references, the version
stripped from a reference, an attachment moved to a Binary. Each such change is listed too, because it belongs on the
receipt; every other difference is one that a person must see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

# Parts whose change makes it another plan than the approved one.
_IDENTITY = ("resourceType", "subject", "patient", "status", "intent")
_REFERENCE = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_ZULU = re.compile(r"(?:\.0+)?(?:Z|\+00:00)$")


@dataclass(frozen=True, slots=True)
class Change:
    """
    One difference between what was sent and what is in the record.

    `kind`: dropped, altered, added, or normalised (what servers may do: `harmless`). `path` is a FHIR path
    (`CarePlan.activity[2].detail.performer[0]`). `serious`: it is no longer the plan that was approved.
    """

    path: str
    kind: str
    sent: str
    stored: str
    words: str
    harmless: bool = False
    serious: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """All differences found."""

    changes: tuple[Change, ...]

    @property
    def equal(self) -> bool:
        """Whether the record holds what was sent, after what servers may do."""
        return all(change.harmless for change in self.changes)

    @property
    def same_plan(self) -> bool:
        """Whether it is still the plan that was approved, even if parts were changed."""
        return not any(change.serious for change in self.changes)


def compare_resources(sent: Mapping[str, Any], stored: Mapping[str, Any]) -> Comparison:
    """Every difference between a resource that was sent and the one that was read back."""
    name = str(sent.get("resourceType", ""))
    changes = list(_compare_object(sent, stored, name, top=True))
    return Comparison(tuple(_merge_repeats(changes)))


def _compare_object(
    sent: Mapping[str, Any], stored: Mapping[str, Any], path: str, top: bool = False
) -> Iterator[Change]:
    for key, value in sent.items():
        at = f"{path}.{key}"
        if top and key in ("id", "meta"):
            continue
        if key in stored:
            yield from _compare_value(value, stored[key], at, key, sent)
        elif key == "id" and not top:
            yield _change(at, "normalised", value, None, "ids of parts not kept", harmless=True)
        elif key == "data" and isinstance(stored.get("url"), str):
            yield _change(at, "normalised", None, stored["url"], "file moved to a Binary", harmless=True)
        else:
            yield _change(at, "dropped", value, None, f"{_words(at)} not kept")
    for key, value in stored.items():
        if key in sent or (top and key in ("id", "meta")):
            continue
        yield from _added(key, value, f"{path}.{key}", sent, top)


def _added(key: str, value: Any, at: str, sent: Mapping[str, Any], top: bool) -> Iterator[Change]:
    if key == "id" or value in (None, [], {}):
        return
    if key == "url" and "data" in sent:
        return
    if key in ("size", "hash", "creation") and "contentType" in sent:
        yield _change(at, "normalised", None, value, "size or checksum of the file added", harmless=True)
    elif top and key == "text":
        yield _change(at, "normalised", None, None, "narrative added", harmless=True)
    elif key in ("display", "type", "reference") and ("reference" in sent or "display" in sent):
        yield _change(at, "normalised", None, value, "references completed", harmless=True)
    elif key in ("display", "userSelected") and "code" in sent:
        yield _change(at, "normalised", None, value, "names of codes added", harmless=True)
    else:
        yield _change(at, "added", None, value, f"{_words(at)} added")


def _compare_value(sent: Any, stored: Any, path: str, key: str, parent: Mapping[str, Any]) -> Iterator[Change]:
    if key == "div" and isinstance(sent, str) and isinstance(stored, str):
        yield from _compare_narrative(sent, stored, path)
    elif key == "reference" and isinstance(sent, str) and isinstance(stored, str):
        yield from _compare_reference(sent, stored, path)
    elif isinstance(sent, Mapping) and isinstance(stored, Mapping):
        yield from _compare_object(sent, stored, path)
    elif _is_list(sent) and _is_list(stored):
        yield from _compare_list(sent, stored, path, key)
    elif key == "text" and path.count(".") == 1:
        yield _change(path, "altered", None, None, "narrative changed")
    elif not _same_scalar(sent, stored):
        yield _change(path, "altered", sent, stored, f"{_words(path)} changed")
    elif sent != stored:
        yield _change(path, "normalised", sent, stored, "written in another form", harmless=True)


def _compare_list(sent: Sequence[Any], stored: Sequence[Any], path: str, key: str) -> Iterator[Change]:
    pairs = _pair(sent, stored)
    matched = {right for _, right in pairs if right is not None}
    for left, right in pairs:
        at = f"{path}[{left}]"
        if right is None:
            yield _change(at, "dropped", sent[left], None, f"{_words(at)} not kept")
        else:
            yield from _compare_value(sent[left], stored[right], at, key, {})
    for index, value in enumerate(stored):
        if index not in matched:
            yield _change(f"{path}[{index}]", "added", None, value, f"{_words(path)} added")


def _pair(sent: Sequence[Any], stored: Sequence[Any]) -> list[tuple[int, int | None]]:
    """Partners by equality first, then by position, so that one dropped row is one difference."""
    free = list(range(len(stored)))
    pairs: dict[int, int | None] = {}
    for left, value in enumerate(sent):
        found = next((i for i in free if _signature(stored[i]) == _signature(value)), None)
        if found is not None:
            free.remove(found)
            pairs[left] = found
    open_left = [left for left in range(len(sent)) if left not in pairs]
    if len(open_left) == len(free):
        pairs.update(zip(open_left, free, strict=True))
    else:
        pairs.update({left: left if left in free else None for left in open_left})
    return [(left, pairs[left]) for left in range(len(sent))]


def _signature(value: Any) -> str:
    """What makes two list members the same one: a row's own item code, a reference, a code, an identifier, a text."""
    if not isinstance(value, Mapping):
        return repr(value)
    detail = value.get("detail")
    inner = detail.get("code") if isinstance(detail, Mapping) else None
    for candidate in (inner, value):
        if not isinstance(candidate, Mapping):
            continue
        codings = candidate.get("coding")
        if isinstance(codings, list):
            return "coding:" + "|".join(sorted(str(c.get("code")) for c in codings if isinstance(c, Mapping)))
        reference = candidate.get("reference")
        if isinstance(reference, str):
            return f"reference:{relative_reference(reference)}"
        if isinstance(candidate.get("text"), str):
            return f"text:{candidate['text']}"
    return f"other:{value.get('system')}|{value.get('value')}|{value.get('code')}|{value.get('display')}"


def _compare_reference(sent: str, stored: str, path: str) -> Iterator[Change]:
    if sent == stored:
        return
    if relative_reference(sent) != relative_reference(stored):
        yield _change(path, "altered", sent, stored, f"{_words(path)} points elsewhere")
    elif "/_history/" in sent and "/_history/" not in stored:
        yield _change(path, "normalised", sent, stored, "versions stripped from references", harmless=True)
    else:
        yield _change(path, "normalised", sent, stored, "references made absolute", harmless=True)


def relative_reference(reference: str) -> str:
    """`Type/id` of a relative, absolute or versioned reference; anything else as it is."""
    match = _REFERENCE.fullmatch(reference)
    return match.group(1) if match else reference


def _compare_narrative(sent: str, stored: str, path: str) -> Iterator[Change]:
    if sent == stored:
        return
    if narrative_text(sent) == narrative_text(stored):
        yield _change(path, "normalised", None, None, "narrative wrapped anew, same text", harmless=True)
    else:
        yield _change(path, "altered", None, None, "narrative changed")


def narrative_text(div: str) -> str:
    """The words of an XHTML narrative, spaces folded; the raw text where it is not XML."""
    if "<!" in div:
        return div
    try:
        # No DTD can be in it (refused above), so no entity can grow; the text is at most one resource long.
        root = ElementTree.fromstring(div)  # noqa: S314 - see the line above
    except ElementTree.ParseError:
        return " ".join(div.split())
    return " ".join(" ".join(root.itertext()).split())


def _same_scalar(sent: Any, stored: Any) -> bool:
    if isinstance(sent, bool) or isinstance(stored, bool):
        return sent is stored
    if isinstance(sent, (int, float, Decimal)) and isinstance(stored, (int, float, Decimal)):
        return Decimal(str(sent)) == Decimal(str(stored))
    if isinstance(sent, str) and isinstance(stored, str):
        return sent == stored or _ZULU.sub("Z", sent) == _ZULU.sub("Z", stored)
    return bool(sent == stored)


def _change(path: str, kind: str, sent: Any, stored: Any, words: str, harmless: bool = False) -> Change:
    return Change(path, kind, _short(sent), _short(stored), words, harmless, not harmless and _serious(path, kind))


def _serious(path: str, kind: str) -> bool:
    parts = path.split(".")
    if len(parts) >= 2 and parts[1] in _IDENTITY and (len(parts) == 2 or parts[-1] == "reference"):
        return kind != "added"
    # A "do not" that became a "do", or a row that was declined and now looks open.
    return path.endswith((".detail.doNotPerform", ".detail.status"))


def _short(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, Mapping):
        inner = value.get("text") or value.get("display") or value.get("reference") or value.get("value")
        if inner is None and isinstance(value.get("detail"), Mapping):
            inner = _short(value["detail"].get("code"))
        return str(inner if inner is not None else "")[:200]
    if _is_list(value):
        return "; ".join(filter(None, (_short(entry) for entry in value)))[:200]
    return str(value)[:200]


def _words(path: str) -> str:
    parts = [re.sub(r"\[\d+\]", "", part) for part in path.split(".")[1:]]
    named = [_PART_WORDS.get(part, part) for part in parts if part not in ("detail", "reference", "coding")]
    return " ".join(named) or "the resource"


_PART_WORDS = {
    "activity": "item",
    "scheduledTiming": "date",
    "scheduledPeriod": "date",
    "performer": "owner",
    "supportingInfo": "list of facts used",
    "addresses": "condition",
    "statusReason": "reason",
    "doNotPerform": "“do not do”",
    "reasonReference": "source",
    "instantiatesCanonical": "rule set",
    "text": "text",
    "note": "note",
}


def _merge_repeats(changes: list[Change]) -> Iterator[Change]:
    """Harmless changes of the same sort are one line."""
    seen: set[str] = set()
    for change in changes:
        if change.harmless:
            if change.words in seen:
                continue
            seen.add(change.words)
        yield change


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
