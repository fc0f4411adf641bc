"""The value of an Observation or component in every shape that records use."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from smart_app.clinical.codes import CodeMap, CodeRow
from smart_app.fhir.resources import Quantity, Resource, as_list, codings, number, objects, quantity, text, words

_QUANTITY_TEXT = re.compile(
    r"(?P<bound>[<>]=?|≤|≥|less than|greater than)?\s*(?P<number>\d{1,4}(?:\.\d{1,4})?)\s*(?P<unit>%|mm|cm"
    r"|[A-Za-z%/]{0,12})\s*\.?",
    re.IGNORECASE,
)
_BOUNDS = {"less than": "<", "greater than": ">", "≤": "<=", "≥": ">="}


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What a result says. Several may be filled: records send two `value[x]` at once.

    `rows` are the known codes of value and interpretation, `words` the texts and displays (value first), `recorded` is
    the result as worded. `ratio` is a valueRatio as a number, `absent` a dataAbsentReason. `in_words`: the quantity is
    only what the words say.
    """

    rows: tuple[CodeRow, ...] = ()
    words: tuple[str, ...] = ()
    quantity: Quantity | None = None
    boolean: bool | None = None
    integer: int | None = None
    ratio: float | None = None
    absent: bool = False
    coded: bool = False
    in_words: bool = False

    @property
    def empty(self) -> bool:
        """Whether nothing was said."""
        return not (
            self.words
            or self.rows
            or self.quantity
            or self.ratio is not None
            or self.boolean is not None
            or self.integer is not None
        )

    @property
    def recorded(self) -> str:
        """The result as the record words it."""
        parts = list(self.words)
        if self.quantity is not None and not self.in_words:
            unit = self.quantity.unit or self.quantity.code or ""
            parts.append(f"{self.quantity.comparator or ''}{self.quantity.value:g} {unit}".strip())
        if self.integer is not None:
            parts.append(str(self.integer))
        if self.boolean is not None:
            parts.append("true" if self.boolean else "false")
        if self.ratio is not None:
            parts.append(f"{self.ratio:g}")
        parts.extend(row.display for row in self.rows if not self.words)
        return " · ".join(parts)

    def value_of(self, *concepts: str) -> str | None:
        """Value of the first code of these concepts."""
        return next((row.value for row in self.rows if row.concept in concepts and row.value is not None), None)


def read_answer(codes: CodeMap, element: Resource) -> Answer:
    """The answer of an Observation or of one of its components."""
    concepts = [element[name] for name in ("valueCodeableConcept", "valueCoding") if element.get(name) is not None]
    rows = _rows(codes, concepts)
    said = [word for concept in concepts for word in words(concept)]
    said += [found for found in [text(element.get("valueString")), _range_words(element.get("valueRange"))] if found]
    amount = quantity(element.get("valueQuantity"))
    if not rows and not said and amount is None:
        said += words(element.get("interpretation"))
    if not rows:
        rows = [
            row for row in _rows(codes, as_list(element.get("interpretation"))) if row.concept.startswith("answer-")
        ]
    codes_alone = [
        coding.code for concept in concepts for coding in codings(concept) if coding.code and not coding.display
    ]
    if not said and codes_alone:
        said += codes_alone
    boolean = element.get("valueBoolean")
    integer = element.get("valueInteger")
    return Answer(
        rows=tuple(rows),
        words=tuple(dict.fromkeys(said)),
        quantity=amount or _quantity_of_words(said),
        boolean=boolean if isinstance(boolean, bool) else None,
        integer=integer if isinstance(integer, int) and not isinstance(integer, bool) else None,
        ratio=_ratio(element.get("valueRatio")),
        absent=element.get("dataAbsentReason") is not None,
        coded=bool(concepts),
        in_words=amount is None,
    )


def _rows(codes: CodeMap, concepts: list[Any]) -> list[CodeRow]:
    found = []
    for concept in concepts:
        for coding in codings(concept):
            row = codes.find(coding.system, coding.code)
            if row is not None:
                found.append(row)
    return found


def _quantity_of_words(said: list[str]) -> Quantity | None:
    """A valueString that is nothing but a number with a unit ("95 %", "<1%", "2.5 cm")."""
    for words_ in said:
        match = _QUANTITY_TEXT.fullmatch(words_)
        if match:
            bound = match["bound"]
            return Quantity(
                float(match["number"]),
                match["unit"] or None,
                None,
                _BOUNDS.get(bound.lower(), bound) if bound else None,
            )
    return None


def _range_words(value: Any) -> str | None:
    """A Range in words ("90-100 %"), so that it is read as a range or shown; None where it has no two ends."""
    if not isinstance(value, dict):
        return None
    low, high = quantity(value.get("low")), quantity(value.get("high"))
    if low is None or high is None:
        one = low or high
        return f"{'from' if low else 'up to'} {one.value:g} {one.unit or one.code or ''}".strip() if one else None
    unit = high.unit or high.code or low.unit or low.code or ""
    return f"{low.value:g}-{high.value:g} {unit}".strip()


def _ratio(value: Any) -> float | None:
    """A Ratio as a number; None with comparators, which leave it open."""
    if not isinstance(value, dict):
        return None
    above, below = quantity(value.get("numerator")), quantity(value.get("denominator"))
    if above is None or (below is not None and (below.comparator or below.value == 0)) or above.comparator:
        return None
    return round(above.value / (below.value if below else 1), 6)


def components(observation: Resource) -> list[Resource]:
    """The components of an Observation."""
    return objects(observation.get("component"))


def plain_number(answer: Answer) -> float | None:
    """A number without regard to units: for scores and counts given as text or integer."""
    if answer.integer is not None:
        return float(answer.integer)
    for said in answer.words:
        value = number(said)
        if value is not None:
            return value
    return None
