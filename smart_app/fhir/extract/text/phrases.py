"""What the text grammar gives back, and the pieces of text that it works on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Sentence:
    """
    One sentence or line of a report.

    `section` is the known heading above it (empty at the top), `side` and `specimen` what heading or sentence say
    (`left`, `right`, None; `biopsy`, `excision`, `lymph-node`, None).
    """

    text: str
    section: str = ""
    side: str | None = None
    specimen: str | None = None


@dataclass(frozen=True, slots=True)
class Phrase:
    """
    One value that a sentence states for one fact. A `value` of None with a `name` is a result that was not understood.
    """

    name: str
    value: Any
    sentence: Sentence
    basis: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
