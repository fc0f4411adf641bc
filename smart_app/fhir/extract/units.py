"""The only place where a quantity is converted: by a row of `units.yaml`, or not at all (hazard H06)."""

from __future__ import annotations

from dataclasses import dataclass

from smart_app.clinical.codes import CodeMap, QuantityKind, UnitRow
from smart_app.fhir.resources import Quantity


@dataclass(frozen=True, slots=True)
class Converted:
    """A number in the unit of its kind, or the reason (`why`) that there is none."""

    value: float | None
    why: str = ""


def convert(codes: CodeMap, kind: str, quantity: Quantity) -> Converted:
    """
    A quantity in the unit of its kind (`length` in mm, `percent` in %).

    Refused: a unit without a row, no unit where the kind needs one, unit text and UCUM code that disagree, and a
    result outside the plausible range.
    """
    table = codes.quantities[kind]
    by_code = _by_code(table, quantity.code)
    by_words = _by_words(table, quantity.unit)
    if by_code is not None and by_words is not None and by_code.factor != by_words.factor:
        return Converted(None, f"unit “{quantity.unit}” and code “{quantity.code}” disagree")
    row = by_code or (by_words if quantity.code is None else None)
    if row is None:
        if not (table.unit_may_be_absent and quantity.code is None and quantity.unit is None):
            return Converted(None, f"no accepted unit (“{quantity.code or quantity.unit or 'none'}”)")
        factor = 1.0
    else:
        factor = row.factor
    value = round(quantity.value * factor, 6)
    if not table.least <= value <= table.most:
        return Converted(None, f"{value:g} {table.unit} is not plausible")
    return Converted(value)


def _by_code(table: QuantityKind, code: str | None) -> UnitRow | None:
    return next((row for row in table.rows if row.code == code), None) if code else None


def _by_words(table: QuantityKind, unit: str | None) -> UnitRow | None:
    if not unit:
        return None
    for row in table.rows:
        if unit == row.code or unit.strip().lower() in row.words:
            return row
    return None
