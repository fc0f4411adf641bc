"""A FHIR search as SQL: parameters in, row numbers out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sandbox.behaviours import Behaviour
from sandbox.fhir.answers import RefusalError
from sandbox.fhir.dates import find_span_ms, to_ms
from sandbox.fhir.index import reference_target
from sandbox.fhir.parameters import CONTROL_PARAMETERS, NOT_ABOUT_A_PATIENT, Parameter, parameters_of
from sandbox.store import Store

_PREFIX = re.compile(r"^(eq|ne|gt|lt|ge|le|sa|eb|ap)?(.+)$", re.DOTALL)
_APPROXIMATELY = 0.1


@dataclass
class Condition:
    """SQL conditions that are all to hold, with their values."""

    clauses: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def add(self, clause: str, *values: Any) -> None:
        """One more condition."""
        self.clauses.append(clause)
        self.values.extend(values)


def split_values(text: str) -> list[str]:
    """The alternatives of a parameter; an escaped comma belongs to its value."""
    parts = re.split(r"(?<!\\),", text)
    return [re.sub(r"\\([,|$\\])", r"\1", part) for part in parts if part]


def find_rows(
    store: Store,
    behaviour: Behaviour,
    resource_type: str,
    parameters: Sequence[tuple[str, str]],
    *,
    only_patient: str | None,
    now: Callable[[], datetime],
    lenient: bool = False,
) -> list[int]:
    """
    Row numbers of all matches, sorted as asked.

    Args:
        only_patient: what the token allows: nothing of another patient is found. None: every patient.
        lenient: unknown parameters are ignored; else they are refused with 400.
    """
    where = Condition()
    where.add("r.issuer = ?", behaviour.slug)
    where.add("r.type = ?", resource_type)
    where.add("r.deleted = 0")
    if only_patient is not None and resource_type not in NOT_ABOUT_A_PATIENT:
        where.add("r.compartment = ?", only_patient)
    known = _known(behaviour, resource_type)
    for name, value in parameters:
        _add_parameter(where, store, behaviour, resource_type, name, value, lenient, now)
    order, order_values = _order(behaviour, known, dict(parameters).get("_sort", ""))
    sql = f"SELECT r.row FROM resource r WHERE {' AND '.join(where.clauses)} ORDER BY {order}"  # noqa: S608 - built from constants
    with store.read() as connection:
        return [row for (row,) in connection.execute(sql, (*where.values, *order_values))]


def _known(behaviour: Behaviour, resource_type: str) -> dict[str, Parameter]:
    known = parameters_of(resource_type)
    if behaviour.search_parameters is None:
        return known
    offered = behaviour.search_parameters.get(resource_type, ())
    return {name: parameter for name, parameter in known.items() if name in offered}


def is_offered(behaviour: Behaviour, resource_type: str, name: str) -> bool:
    """Whether the EHR lists the parameter in its CapabilityStatement."""
    if behaviour.search_parameters is None:
        return True
    return name in behaviour.search_parameters.get(resource_type, ())


def _add_parameter(
    where: Condition,
    store: Store,
    behaviour: Behaviour,
    resource_type: str,
    name: str,
    value: str,
    lenient: bool,
    now: Callable[[], datetime],
) -> None:
    base, _, modifier = name.partition(":")
    known = _known(behaviour, resource_type)
    if base in CONTROL_PARAMETERS or not value:
        return
    if not is_offered(behaviour, resource_type, base) and base not in ("patient.identifier", "subject.identifier"):
        if not lenient:
            raise RefusalError(400, "not-supported", f"This server does not know {base!r} as a search parameter here.")
        return
    if base in ("patient", "subject", "patient.identifier", "subject.identifier"):
        _add_patient(where, store, behaviour, base, value)
    elif base == "_id":
        _add_in(where, "r.id", split_values(value))
    elif base == "_lastUpdated":
        _add_span(where, "r.updated_ms", "r.updated_ms + 1", split_values(value), now, name)
    elif base in known:
        _add_indexed(where, known[base].kind, base, modifier, split_values(value), now)
    elif not lenient:
        raise RefusalError(
            400, "not-supported", f"This server does not know the search parameter {base!r} for this type."
        )


def _add_in(where: Condition, column: str, values: Sequence[str]) -> None:
    where.add(f"{column} IN ({','.join('?' * len(values))})", *values)


def _add_patient(where: Condition, store: Store, behaviour: Behaviour, name: str, value: str) -> None:
    if name.endswith(".identifier"):
        clause, values = _token_clause("identifier", split_values(value))
        own = "p.issuer = ? AND p.type = 'Patient' AND p.deleted = 0"
        named = f"SELECT p.id FROM resource p WHERE {own} AND p.row IN ({clause})"  # noqa: S608 - built from constants
        where.add(f"r.compartment IN ({named})", behaviour.slug, *values)
        return
    ids = []
    for text in split_values(value):
        target = reference_target(text) or ""
        type_, _, id_ = target.rpartition("/")
        if type_ not in ("", "Patient"):
            raise RefusalError(400, "value", f"{name!r} must name a Patient.")
        ids.append(id_)
    _add_in(where, "r.compartment", ids)


def _token_clause(param: str, values: Iterable[str]) -> tuple[str, list[str]]:
    found: list[str] = []
    arguments: list[str] = [param]
    for text in values:
        system, bar, code = text.rpartition("|")
        if not bar:
            found.append("value = ?")
            arguments.append(code)
        elif not code:
            found.append("system = ?")
            arguments.append(system)
        else:
            found.append("(value = ? AND system = ?)")
            arguments.extend((code, system))
    return f"SELECT row FROM token_index WHERE param = ? AND ({' OR '.join(found)})", arguments  # noqa: S608 - constants


def _add_indexed(
    where: Condition, kind: str, param: str, modifier: str, values: list[str], now: Callable[[], datetime]
) -> None:
    if modifier == "missing":
        table = f"{kind}_index"
        negation = "NOT " if values == ["true"] else ""
        where.add(f"{negation}EXISTS (SELECT 1 FROM {table} i WHERE i.row = r.row AND i.param = ?)", param)  # noqa: S608 - constants
    elif kind == "token" and modifier in ("", "not"):
        clause, arguments = _token_clause(param, values)
        where.add(f"r.row {'NOT ' if modifier else ''}IN ({clause})", *arguments)
    elif kind == "date" and not modifier:
        span = Condition()
        _add_span(span, "i.low", "i.high", values, now, param)
        exists = f"EXISTS (SELECT 1 FROM date_index i WHERE i.row = r.row AND i.param = ? AND {span.clauses[0]})"  # noqa: S608 - constants
        where.add(exists, param, *span.values)
    elif kind == "reference" and modifier in ("", *_REFERENCE_TYPES):
        _add_reference(where, param, modifier, values)
    elif kind == "string" and modifier in ("", "exact", "contains"):
        _add_string(where, param, modifier, values)
    else:
        raise RefusalError(400, "not-supported", f"The modifier ':{modifier}' is not supported for {param!r}.")


_REFERENCE_TYPES = ("Patient", "Practitioner", "Organization", "Observation", "Condition", "Encounter")


def _add_reference(where: Condition, param: str, modifier: str, values: list[str]) -> None:
    found, arguments = [], [param]
    for text in values:
        target = reference_target(text) or ""
        if "/" in target or target.startswith(("urn:", "#")):
            found.append("target = ?")
            arguments.append(target)
        elif modifier:
            found.append("target = ?")
            arguments.append(f"{modifier}/{target}")
        else:
            found.append("target LIKE '%/' || ?")
            arguments.append(target)
    clause = f"SELECT row FROM reference_index WHERE param = ? AND ({' OR '.join(found)})"  # noqa: S608 - constants
    where.add(f"r.row IN ({clause})", *arguments)


def _add_string(where: Condition, param: str, modifier: str, values: list[str]) -> None:
    test = {"": "substr(value, 1, length(?2)) = ?2", "exact": "value = ?2", "contains": "instr(value, ?2) > 0"}[
        modifier
    ]
    test = test.replace("?2", "?")
    found, arguments = [], [param]
    for text in values:
        found.append(test)
        arguments.extend([text.casefold()] * test.count("?"))
    clause = f"SELECT row FROM string_index WHERE param = ? AND ({' OR '.join(found)})"  # noqa: S608 - constants
    where.add(f"r.row IN ({clause})", *arguments)


def _add_span(where: Condition, low: str, high: str, values: list[str], now: Callable[[], datetime], name: str) -> None:
    found: list[str] = []
    arguments: list[int] = []
    for text in values:
        match = _PREFIX.match(text)
        prefix, moment = (match.group(1) or "eq", match.group(2)) if match else ("eq", text)
        span = find_span_ms(moment.replace(" ", "+"))
        if span is None:
            raise RefusalError(400, "value", f"{name!r}: {text!r} is not a date.")
        clause, used = _span_test(prefix, low, high, span, to_ms(now().astimezone(UTC)))
        found.append(clause)
        arguments.extend(used)
    where.add(f"({' OR '.join(found)})", *arguments)


def _span_test(prefix: str, low: str, high: str, span: tuple[int, int], now_ms: int) -> tuple[str, tuple[int, ...]]:
    start, end = span
    if prefix == "ap":
        slack = int(abs(now_ms - start) * _APPROXIMATELY)
        return f"({high} > ? AND {low} < ?)", (start - slack, end + slack)
    tests: dict[str, tuple[str, tuple[int, ...]]] = {
        "eq": (f"({low} >= ? AND {high} <= ?)", (start, end)),
        "ne": (f"NOT ({low} >= ? AND {high} <= ?)", (start, end)),
        "gt": (f"{high} > ?", (end,)),
        "ge": (f"{high} > ?", (start,)),
        "lt": (f"{low} < ?", (start,)),
        "le": (f"{low} < ?", (end,)),
        "sa": (f"{low} >= ?", (end,)),
        "eb": (f"{high} <= ?", (start,)),
    }
    return tests[prefix]


def _order(behaviour: Behaviour, known: dict[str, Parameter], sort: str) -> tuple[str, list[str]]:
    terms: list[str] = []
    values: list[str] = []
    for text in split_values(sort):
        name, direction = text.lstrip("-"), "DESC" if text.startswith("-") else "ASC"
        if name in ("_lastUpdated", "_id"):
            terms.append(f"r.{'updated_ms' if name == '_lastUpdated' else 'id'} {direction}")
        elif name in known:
            kind = known[name].kind
            column = {"date": "low", "token": "value", "reference": "target", "string": "value"}[kind]
            pick = "MIN" if direction == "ASC" else "MAX"
            # What has no value comes last in both directions, as FHIR leaves open and HAPI does.
            inner = f"(SELECT {pick}(i.{column}) FROM {kind}_index i WHERE i.row = r.row AND i.param = ?)"  # noqa: S608 - constants
            terms.append(f"{inner} {direction} NULLS LAST")
            values.append(name)
        else:
            raise RefusalError(400, "not-supported", f"This server cannot sort by {name!r}.")
    return ", ".join([*terms, "r.row ASC"]), values
