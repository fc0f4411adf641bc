"""Operations on breast and axilla from Procedures, claims' codes, and histories in Conditions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from smart_app.clinical.codes import CodeRow
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import IssueKind, Source, Surgery
from smart_app.fhir.extract.chart import Chart
from smart_app.fhir.extract.evidence import DIAGNOSIS_CODE, Finding, date_key
from smart_app.fhir.extract.text.sentences import side_of, side_of_title
from smart_app.fhir.resources import Resource, codings, extensions, notes, objects, partial_date, when, words

_CONSERVING = re.compile(
    r"\b(?:lumpectomy|partial mastectomy|segmental mastectomy|breast[- ]conserv\w+|wide local excision|quadrantectomy|"
    r"segmentectomy of breast|excision of (?:lesion|part) of breast|mastectomy,? partial|re-?excision|WLE)\b",
    re.IGNORECASE,
)
_MASTECTOMY = re.compile(r"\bmastectom(?:y|ies)\b|\bMRM\b", re.IGNORECASE)
_RADICAL = re.compile(
    r"\b(?:modified[- ])?radical mastectomy\b|\bmastectomy,? modified radical\b|\bMRM\b", re.IGNORECASE
)
_TARGETED = re.compile(r"\btargeted axillary (?:lymph )?(?:node )?dissection\b|\bTAD\b", re.IGNORECASE)
_RECONSTRUCTION = re.compile(
    r"\b(?:breast reconstruction|reconstruction of breast|TRAM flap|DIEP flap|latissimus dorsi flap"
    r"|tissue expander (?:placement|insertion)|(?:placement|insertion) of (?:permanent |breast )?implants?|"
    r"insertion of (?:breast )?(?:tissue expander|implant)|breast implant (?:placement|insertion))\b",
    re.IGNORECASE,
)
_RECONSTRUCTED = re.compile(r"\breconstruct(?:ion|ed|ive)\b", re.IGNORECASE)
_NOT_RECONSTRUCTED = re.compile(
    r"\b(?:with or without|without|w/o|no|possible|future|planned|later)\s+(?:[\w-]+\s+){0,4}?reconstruct\w*"
    r"|\b(?:delayed\s+)?reconstruct\w*\s+(?:is |was )?(?:planned|declined|later|deferred|at a later)\b",
    re.IGNORECASE,
)
_ANOTHER_KIND = re.compile(r"\b(?:oncoplastic|delayed)\s+(?:[\w-]+\s+){0,2}?reconstruct\w*", re.IGNORECASE)
"""Of a mastectomy's title: not a reconstruction of the breast, or not in this operation."""
_EARLIER_MASTECTOMY = re.compile(
    r"\b(?:following|after|post|status post|s/p|history of|h/o|hx of|due to|secondary to|prior|previous|since)[- ]+"
    r"(?:[\w/-]+\s+){0,3}?(?:mastectom\w+|lumpectom\w+)|\bmastectomy (?:scar|flaps?|site|wound|incision|bed)\b",
    re.IGNORECASE,
)
"""In the title of a later operation: what was done before, or where."""
_OPERATED_SIDE = re.compile(
    r"\b(?:left|right|bilateral|double|b/l)[ -](?:(?!and\b)\w+[ -]){0,3}?(?:mastectom\w+|lumpectom\w+)", re.IGNORECASE
)
"""An operation of a problem list with its own side ("left breast cancer s/p bilateral mastectomy")."""
_SENTINEL = re.compile(r"\bsentinel\b|\bSLNB\b|\bSLN biopsy\b", re.IGNORECASE)
_MAPPING = re.compile(
    r"^(?!.*\b(?:biops\w*|excision|dissection|removal|SLNB|SNB)\b).*\b(?:mapping|lymphoscintigra\w*|injection|scan|imaging"
    r"|localization)\b",
    re.IGNORECASE,
)
"""Finding the sentinel node is not removing it."""
_DISSECTION = re.compile(
    r"\baxillary (?:lymph )?(?:node )?(?:dissection|clearance)\b|\baxillary lymphadenectomy\b|\bALND\b"
    r"|\bcomplete axillary",
    re.IGNORECASE,
)
_NOT_DONE = re.compile(
    r"\b(?:biopsy of breast|breast biopsy|prosthesis|bra\b|garment|referral|consult\w*|discussion|education"
    r"|declin\w*|planned|"
    r"candidate|gender|gynecomastia|family|aspiration|drain\w*|seroma|dressing|care of|management|evaluat\w*"
    r"|an[a]?esthe\w*"
    r"|cancel\w*|abort\w*|pre-?op\w*|post-?op\w*|follow-?up|visit|teaching|clearance for|wound)\b"
    r"|^(?!.*\blumpectom).*\breduction\b",
    re.IGNORECASE,
)
_REDUCTION = re.compile(r"\bbilateral (?:breast )?reduction\b|\bcontralateral \w+\b", re.IGNORECASE)
"""Done beside an oncoplastic operation for the shape of both: not its side."""
_AXILLA_TOO = re.compile(r"\bwith (?:axillary|ALND)\b|\band axillary (?:lymph )?node dissection\b", re.IGNORECASE)
_TOLD_DATE = re.compile(
    r"(?:[\s,(/+&]|\b(?:left|right|bilateral|breast|with|w|and|slnb|sentinel|axillary|lymph|node|dissection|biopsy|alnd|in|on"
    r"|simple|total)\b){0,12}(?:(?P<month>\d{1,2})[/-](?:\d{1,2}[/-])?)?(?P<year>(?:19|20)\d\d)(?![\d/-])",
    re.IGNORECASE,
)
_MODIFIERS = {"LT": "left", "RT": "right", "50": "bilateral"}


@dataclass(frozen=True, slots=True)
class _Operation:
    kind: str
    axilla: bool
    side: str
    on: PartialDate | None
    source: Source
    detail: str | None
    history: bool = False


@dataclass(frozen=True, slots=True)
class Operations:
    """Operations on breast and axilla, and what operations on uterus and ovaries say."""

    breast: tuple[Surgery, ...]
    axilla: tuple[Surgery, ...]
    findings: tuple[Finding, ...]


def read_operations(
    chart: Chart, histories: Iterable[tuple[str, Resource, str, str]], others: frozenset[str]
) -> Operations:
    """All operations whose status counts, one row an operation."""
    found: list[_Operation] = []
    findings: list[Finding] = []
    for key, procedure in chart.procedures():
        if not _is_surgery(chart, procedure) or not chart.counts(key, procedure):
            continue
        if set(chart.resolve(procedure.get("reasonReference"))) & others or not _done(procedure):
            continue
        found.extend(_operations(chart, key, procedure))
        findings.extend(_gynecologic(chart, key, procedure))
    for key, condition, _, _ in histories:
        found.extend(_history(chart, key, condition))
    breast = _rows([o for o in found if not o.axilla])
    axilla = _rows([o for o in found if o.axilla])
    return Operations(breast, axilla, tuple(findings))


def _done(procedure: Resource) -> bool:
    return procedure.get("status") in ("completed", "stopped", "in-progress")


def _is_surgery(chart: Chart, procedure: Resource) -> bool:
    rows = chart.rows(procedure.get("code"))
    if any(
        chart.concept(row).kind in ("surgery", "axilla") or row.concept in ("hysterectomy", "oophorectomy-bilateral")
        for row in rows
    ):
        return True
    named = _by_words(_of_this_operation(words(procedure.get("code"))))
    return not rows and bool(named or _gynecologic_words(procedure))


def _operations(chart: Chart, key: str, procedure: Resource) -> Iterator[_Operation]:
    start, end = when(procedure, "performed")
    on = start or end
    said = words(procedure.get("code"))
    if on is not None and on.earliest > chart.as_of:
        chart.issue(IssueKind.DATE, key, f"The operation date {on} lies in the future; the operation is not used.")
        return
    rows = [row for row in chart.rows(procedure.get("code")) if chart.concept(row).kind in ("surgery", "axilla")]
    source = chart.source(
        key, procedure, on=on, code=str(rows[0]) if rows else None, recorded=said[0] if said else None
    )
    if any(chart.concept(row).attributes.get("site_needed") for row in rows) and not _names_axilla(procedure, said):
        chart.unplaced(source, "Excision of lymph nodes without its site", said[0] if said else str(rows[0]))
        return
    kinds = {_kind_of(chart, row, said) for row in rows} if rows else _by_words(_of_this_operation(said))
    if any(map(_reconstructs, [*said, *(row.display for row in rows)])):
        kinds.add(("reconstruction", False))
    side = _side(chart, procedure, rows, said)
    for kind, axilla in sorted(kinds, key=str):
        detail = next((row.value for row in rows if row.value and row.concept == "breast-reconstruction"), None)
        own = side if side != "unknown" else _side_in_title(said, kind)
        yield _Operation(kind, axilla, own, on, source, detail or (said[0] if said else None))
    with_axilla = next((str(row.extra["with_axilla"]) for row in rows if "with_axilla" in row.extra), None)
    if (
        with_axilla is None
        and not any(axilla for _, axilla in kinds)
        and any(_AXILLA_TOO.search(word) for word in said)
    ):
        with_axilla = "axillary-dissection"
    if with_axilla is not None:
        yield _Operation(with_axilla, True, side, on, source, said[0] if said else None)


def _names_axilla(procedure: Resource, said: list[str]) -> bool:
    sites = [word for site in objects(procedure.get("bodySite")) for word in words(site)]
    return any(re.search(r"\baxilla", word, re.IGNORECASE) for word in (*said, *sites))


def _kind_of(chart: Chart, row: CodeRow, said: list[str]) -> tuple[str, bool]:
    attributes = chart.concept(row).attributes
    if "axilla" in attributes:
        kind = str(attributes["axilla"])
        if kind == "unknown" and any(_DISSECTION.search(word) for word in said):
            kind = "axillary-dissection"
        return kind, True
    kind = str(attributes["surgery"])
    if kind == "other" and any(_MASTECTOMY.search(word) and not _CONSERVING.search(word) for word in said):
        kind = "mastectomy"
    return kind, False


def _reconstructs(title: str) -> bool:
    """Whether a mastectomy's title names a reconstruction done with it."""
    rest = _ANOTHER_KIND.sub(" ", _NOT_RECONSTRUCTED.sub(" ", title))
    return bool(_MASTECTOMY.search(title) and _RECONSTRUCTED.search(rest)) and not _NOT_DONE.search(title)


def _of_this_operation(said: list[str]) -> list[str]:
    """Titles without what was done before ("reconstruction following mastectomy") and what was not done with it."""
    return [_NOT_RECONSTRUCTED.sub(" ", _EARLIER_MASTECTOMY.sub(" ", word)) for word in said]


def _by_words(said: list[str]) -> set[tuple[str, bool]]:
    """Operations that a text names; all of them for "lumpectomy with sentinel node biopsy"."""
    found: set[tuple[str, bool]] = set()
    for word in said:
        if _NOT_DONE.search(word):
            continue
        if _CONSERVING.search(word):
            found.add(("breast-conserving", False))
        elif _MASTECTOMY.search(word):
            found.add(("mastectomy", False))
            if _RADICAL.search(word):
                found.add(("axillary-dissection", True))
        if _RECONSTRUCTION.search(word):
            found.add(("reconstruction", False))
        if _DISSECTION.search(_TARGETED.sub(" ", word)):
            found.add(("axillary-dissection", True))
        if (_SENTINEL.search(word) and not _MAPPING.search(word)) or _TARGETED.search(word):
            found.add(("sentinel-node-biopsy", True))
    return found


def _side(chart: Chart, procedure: Resource, rows: list[CodeRow], said: list[str]) -> str:
    coded = next((row.side for row in rows if row.side), None)
    if coded:
        return coded
    said = [_REDUCTION.sub(" ", word) for word in said]
    side = chart.side(procedure, *said)
    if side != "unknown":
        return side
    modifiers = {
        _MODIFIERS[coding.code.upper()]
        for carrier in (procedure, *objects(procedure.get("code")))
        for extension in extensions(carrier, "odifier")
        for coding in codings(extension.get("valueCodeableConcept") or extension.get("valueCoding"))
        if coding.code and coding.code.upper() in _MODIFIERS
    } | {
        _MODIFIERS[coding.code.upper()]
        for coding in codings(procedure.get("code"))
        if coding.code and coding.code.upper() in ("LT", "RT")
    }
    if len(modifiers) == 1:
        return modifiers.pop()
    by_title = next((s for s in map(side_of_title, said) if s), None)
    return by_title or next((s for s in map(side_of, notes(procedure)) if s), None) or "unknown"


def _side_in_title(said: list[str], kind: str) -> str:
    """Of a title with operations on several sides: the side said in the part that names this operation."""
    for word in said:
        for part in re.split(r"\b(?:with|and|plus)\b|[,;+&]", word):
            if any(named == kind for named, _ in _by_words([part])):
                return side_of_title(part) or "unknown"
    return "unknown"


def _history(chart: Chart, key: str, condition: Resource) -> Iterator[_Operation]:
    """ "History of mastectomy" Conditions: an operation without a date; a mere mention of a plan is none."""
    rows = [row for row in chart.rows(condition.get("code")) if row.concept == "history-of-mastectomy"]
    said = words(condition.get("code"))
    source = chart.source(key, condition, code=str(rows[0]) if rows else None, recorded=said[0] if said else None)
    if rows:
        side = next((row.side for row in rows if row.side), None) or chart.side(condition, *said)
        yield _Operation("mastectomy", False, side, None, source, said[0] if said else None, history=True)
        return
    past = any(
        re.search(r"\b(?:s/p|status post|history|hx|h/o|absence|acquired|post)\b", word, re.IGNORECASE) for word in said
    )
    if past:
        operated = next((m for m in map(_OPERATED_SIDE.search, said) if m), None)
        side = (operated and side_of(operated[0].replace("double", "bilateral"))) or chart.side(condition, *said)
        for kind, axilla in sorted(_by_words(said), key=str):
            yield _Operation(kind, axilla, side, _told_on(chart, said, kind), source, said[0], history=True)


def _told_on(chart: Chart, said: list[str], kind: str) -> PartialDate | None:
    """The year or month that stands right after the operation in words of a history, if it is the only one."""
    pattern = {"breast-conserving": _CONSERVING, "mastectomy": _MASTECTOMY}.get(kind)
    found = set()
    for word in said:
        for match in pattern.finditer(word) if pattern else ():
            told = _TOLD_DATE.match(word, match.end())
            if told is not None:
                month = f"-{int(told['month']):02d}" if told["month"] and 1 <= int(told["month"]) <= 12 else ""
                found.add(told["year"] + month)
    on = partial_date(found.pop()) if len(found) == 1 else None
    return on if on is not None and on.earliest <= chart.as_of else None


def _gynecologic_words(procedure: Resource) -> bool:
    return any(
        re.search(r"\bhysterectomy\b|\boophorectomy\b|\bovariectomy\b|\bTAH\b|\bBSO\b", word, re.IGNORECASE)
        for word in words(procedure.get("code"))
    )


def _gynecologic(chart: Chart, key: str, procedure: Resource) -> Iterator[Finding]:
    start, end = when(procedure, "performed")
    on = start or end
    said = " ".join(words(procedure.get("code"))).lower()
    rows = chart.rows(procedure.get("code"))
    source = chart.source(key, procedure, on=on, code=str(rows[0]) if rows else None, recorded=said or None)
    if any(row.concept == "hysterectomy" for row in rows) or (not rows and re.search(r"hysterectomy|\btah\b", said)):
        yield Finding("uterus", "absent", on, source, DIAGNOSIS_CODE)
        chart.event("hysterectomy", on, source)
    both = any(row.concept == "oophorectomy-bilateral" and row.value != "unclear" for row in rows)
    if both or re.search(r"\bbso\b|\bbilateral (?:salpingo-?\s?)?(?:oophorectomy|ovariectomy)\b", said):
        yield Finding("ovaries", "absent", on, source, DIAGNOSIS_CODE)
        chart.event("oophorectomy-bilateral", on, source)


def _rows(operations: list[_Operation]) -> tuple[Surgery, ...]:
    """One row an operation: same kind, day and side together; what is known only from a history joins a dated one."""
    merged: list[_Merged] = []
    ordered = sorted(
        operations,
        key=lambda o: (
            o.history,
            o.on is None,
            o.side == "unknown",
            o.kind,
            date_key(o.on),
            o.side,
            o.source.reference,
        ),
    )
    for operation in ordered:
        home = next((row for row in merged if row.takes(operation)), None)
        if home is None:
            merged.append(_Merged(operation))
        else:
            home.add(operation)
    rows = [row.surgery() for row in _without_covered(merged)]
    return tuple(sorted(rows, key=lambda r: (date_key(r.on), r.kind, r.side, r.sources[0].reference)))


def _without_covered(merged: list[_Merged]) -> list[_Merged]:
    """A bilateral history that two dated one-sided rows already tell is no third operation."""
    kept = []
    for row in merged:
        if row.history and row.side == "bilateral":
            halves = [o for o in merged if o.kind == row.kind and o.side in ("left", "right")]
            if {o.side for o in halves} == {"left", "right"}:
                for half in halves:
                    half.sources.update(row.sources)
                continue
        kept.append(row)
    return kept


class _Merged:
    """A row in the making."""

    def __init__(self, operation: _Operation) -> None:
        self.kind, self.side, self.on = operation.kind, operation.side, operation.on
        self.history = operation.history
        self.detail = operation.detail
        self.sources = {operation.source.reference: operation.source}

    def takes(self, other: _Operation) -> bool:
        """Whether the other is the same operation."""
        if other.kind != self.kind and {other.kind, self.kind} != {"unknown", "sentinel-node-biopsy"}:
            return False
        if other.kind != self.kind and date_key(other.on) != date_key(self.on):
            return False
        sides = (
            other.side == self.side
            or "unknown" in (other.side, self.side)
            or ("bilateral" in (other.side, self.side) and (other.history or other.on == self.on))
        )
        if not sides:
            return False
        if other.history or self.on is None or other.on is None:
            return other.on is None or self.on is None or other.on == self.on
        return other.on == self.on or str(self.on).startswith(str(other.on)) or str(other.on).startswith(str(self.on))

    def add(self, other: _Operation) -> None:
        if self.side == "unknown" or (other.side == "bilateral" and not other.history):
            self.side = other.side
        if self.kind == "unknown":
            self.kind = other.kind
        if other.on is not None and (self.on is None or len(str(other.on)) > len(str(self.on))):
            self.on = other.on
        self.history = self.history and other.history
        self.sources.setdefault(other.source.reference, other.source)

    def surgery(self) -> Surgery:
        sources = tuple(replace(self.sources[key]) for key in sorted(self.sources))
        return Surgery(self.kind, self.side, self.on, sources, self.detail)
