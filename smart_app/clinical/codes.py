"""
The code map: what a code of a record means, and by which words a result is known when its code is not.

Pure values; `knowledge/codes.py` reads them from `fhir_mappings/codes/*.yaml`. A code that is not here means nothing:
it is never guessed from its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_SPACES = re.compile(r"[\s_]+")
_ICD10 = re.compile(r"[A-TV-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?", re.IGNORECASE)
_ICD10_UNDOTTED = re.compile(r"(C50|D05|C7[789]|Z17|Z85|Z80|Z90)([0-9]{1,4})", re.IGNORECASE)
_OID = re.compile(r"[0-2](?:\.\d+){3,}")
_ICD10_SYSTEM = re.compile(r"(?<![a-z])(?:icd|cim|cie|cid)[-_]?10(?!\d)(?!.*(?:pcs|proc))|\bicd/release/10\b")
_PCS = re.compile(r"[0-9B-DF-HX][0-9A-HJ-NP-Z]{6}", re.IGNORECASE)


def plain_words(text: str) -> str:
    """Lower case, single spaces, no underscores: how names are compared."""
    return _SPACES.sub(" ", text).strip().lower()


@dataclass(frozen=True, slots=True)
class CodeRow:
    """
    One code and what it means.

    `concept` is the id of its concept. `value`, `side`, `basis` and `extra` hold what the code says beside it (a stage,
    a side, clinical or pathologic). `verified` is False where no published text was read for it.
    """

    system: str
    code: str
    display: str
    concept: str
    source: str
    verified: bool
    value: str | None = None
    side: str | None = None
    basis: str | None = None
    prefix: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.system}|{self.code} {self.display}"


@dataclass(frozen=True, slots=True)
class Concept:
    """
    One meaning: a test, an answer, a condition, an operation, a study, a drug, or a near miss.

    `names` are words by which it is known in text. `attributes` are the further keys of its file (`agent`, `classes`,
    `imaging`, `surgery`, `why` of a near miss).
    """

    id: str
    kind: str
    title: str
    names: tuple[str, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    line: int = 0

    @property
    def is_event(self) -> bool:
        """Whether a rule may ask when it was last done or found."""
        return bool(self.attributes.get("event"))


@dataclass(frozen=True, slots=True)
class UnitRow:
    """An accepted unit: UCUM `code`, unit texts, and the factor to the unit of its kind."""

    code: str
    factor: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QuantityKind:
    """A kind of quantity (`length`, `percent`) with its unit, plausible range and accepted units."""

    kind: str
    unit: str
    least: float
    most: float
    rows: tuple[UnitRow, ...]
    unit_may_be_absent: bool = False


@dataclass(frozen=True, slots=True)
class CodeMap:
    """All codes, concepts and units. Made once, never changed."""

    rows: Mapping[tuple[str, str], CodeRow]
    concepts: Mapping[str, Concept]
    systems: Mapping[str, str]
    quantities: Mapping[str, QuantityKind]
    drug_pattern: re.Pattern[str]
    drug_names: Mapping[str, str]
    by_concept: Mapping[str, tuple[CodeRow, ...]]
    events: frozenset[str] = frozenset()

    def system_name(self, uri: str | None) -> str | None:
        """
        Short name of a code system (`LOINC`), None if it is not one of ours.

        National names of ICD-10 (CIM-10, CIE-10, CID-10), editions of SNOMED CT, bare OIDs and https in place of http
        are other spellings of a name that we know.
        """
        if not uri:
            return None
        plain = uri.partition("|")[0].strip().rstrip("/").lower()
        found = self.systems.get(plain)
        if found is not None:
            return found
        if _OID.fullmatch(plain):
            return self.systems.get(f"urn:oid:{plain}")
        if _ICD10_SYSTEM.search(plain):
            return "ICD10CM"
        if plain.startswith("https://"):
            return self.system_name("http://" + plain.removeprefix("https://"))
        return "SNOMED" if plain.startswith("http://snomed.info/sct/") else None

    def find(self, system: str | None, code: str | None) -> CodeRow | None:
        """
        The row of a code, None if it means nothing here.

        A code without a system is taken as ICD-10 or ICD-10-PCS where its form is unmistakable. ICD-10, ICD-O and the
        German procedure codes (OPS) fall back to a shorter code marked `prefix`.
        """
        if not code:
            return None
        code = code.strip()
        name = self.system_name(system)
        if name is None:
            if system:
                return None
            return self._find_without_system(code)
        row = self.rows.get((name, code))
        if row is None and name in ("ICD10CM", "ICD10PCS"):
            row = self._find_icd(code)
        if row is None and name in ("OPS", "ICDO3"):
            row = self._find_shorter(name, code)
        if row is None and name in ("ICD10CM", "ICD9CM") and "." not in code and len(code) > 3:
            dotted = f"{code[:3]}.{code[3:]}".upper()
            row = self.rows.get((name, dotted)) or (self._find_icd(dotted) if name == "ICD10CM" else None)
        return row

    def _find_without_system(self, code: str) -> CodeRow | None:
        if _ICD10.fullmatch(code) or _ICD10_UNDOTTED.fullmatch(code) or _PCS.fullmatch(code):
            return self._find_icd(code)
        return None

    def _find_icd(self, code: str) -> CodeRow | None:
        code = code.upper()
        undotted = _ICD10_UNDOTTED.fullmatch(code)
        if undotted is not None:
            code = f"{undotted[1]}.{undotted[2]}"
        row = self.rows.get(("ICD10PCS", code)) or self.rows.get(("ICD10CM", code))
        return row or self._find_shorter("ICD10CM", code)

    def _find_shorter(self, system: str, code: str) -> CodeRow | None:
        """The longest code marked `prefix` that the code begins with."""
        shorter = code
        while len(shorter) > 3:
            shorter = shorter[:-1].rstrip(".")
            found = self.rows.get((system, shorter))
            if found is not None and found.prefix:
                return found
        return None

    def concept_of(self, row: CodeRow) -> Concept:
        """The concept of a row."""
        return self.concepts[row.concept]

    def of_concept(self, concept: str) -> tuple[CodeRow, ...]:
        """All rows of a concept, in the order of the file."""
        return self.by_concept.get(concept, ())

    def find_drugs(self, text: str) -> tuple[str, ...]:
        """Concept ids of the drugs that a text names, in the order of the text; the longest name wins."""
        found: list[str] = []
        for match in self.drug_pattern.finditer(text):
            concept = self.drug_names[plain_words(match[0])]
            if concept not in found:
                found.append(concept)
        return tuple(found)


def build_code_map(
    rows: Iterable[CodeRow],
    concepts: Iterable[Concept],
    systems: Mapping[str, str],
    quantities: Iterable[QuantityKind],
) -> CodeMap:
    """Index rows and concepts; of a code given twice, the first row stays (the content check names the second)."""
    by_code: dict[tuple[str, str], CodeRow] = {}
    for row in rows:
        by_code.setdefault((row.system, row.code), row)
    by_id = {concept.id: concept for concept in concepts}
    by_concept: dict[str, list[CodeRow]] = {}
    for row in by_code.values():
        by_concept.setdefault(row.concept, []).append(row)
    drug_names = {
        plain_words(name): concept.id for concept in by_id.values() if concept.kind == "drug" for name in concept.names
    }
    longest_first = sorted(drug_names, key=lambda name: (-len(name), name))
    alternatives = "|".join(re.escape(name).replace(r"\ ", r"\s+") for name in longest_first) or r"(?!)"
    return CodeMap(
        rows=by_code,
        concepts=by_id,
        systems=systems,
        quantities={kind.kind: kind for kind in quantities},
        drug_pattern=re.compile(rf"(?<![a-z0-9])(?:{alternatives})(?![a-z])", re.IGNORECASE),
        drug_names=drug_names,
        by_concept={concept: tuple(found) for concept, found in by_concept.items()},
        events=frozenset(concept.id for concept in by_id.values() if concept.is_event or concept.kind == "imaging"),
    )
