"""
Features of each breast: operation, tissue, reconstruction, radiation, axilla.

An operation or course without a side belongs to the side of the cancer where there is only one; else its side is
unknown, and so is the tissue of both breasts after a mastectomy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import PatientRecord, RadiotherapyCourse, Source, Surgery
from smart_app.clinical.features import SIDES, Feature, none_words, unknown
from smart_app.clinical.recommendations import Because
from smart_app.clinical.treatment_dates import entered_day, latest_of, months_between

NODE_FIELDS = ("nod", "axilla", "supraclav", "infraclav", "internal mammary", "imn", "regional")
_HEART_FIELDS = ("internal mammary", "imn")
_KINDS = {"mastectomy": "mastectomy", "breast-conserving": "bcs"}


def anatomy_features(record: PatientRecord) -> Iterator[Feature]:
    """Everything that has a side."""
    per_side = [_operated(record, side) for side in SIDES]
    yield from per_side
    tissue = [_tissue(record, side, feature) for side, feature in zip(SIDES, per_side, strict=True)]
    yield from tissue
    yield _any_operation(record)
    yield from _kept_breast(record, per_side)
    yield _years_since_surgery(record)
    yield _any_tissue(tissue)
    yield _mastectomy_sides(record)
    yield from _reconstruction(record)
    for side in SIDES:
        yield _radiated(record, side)
    yield from _radiation(record)
    yield _axilla(record)


def sides_of(record: PatientRecord, side: str) -> tuple[str, ...]:
    """The breasts that a treatment with this recorded side is about; empty where that cannot be told."""
    if side == "bilateral":
        return SIDES
    if side in SIDES:
        return (side,)
    cancers = {cancer.laterality for cancer in record.cancers if cancer.kind != "lcis"}
    if len(cancers) == 1:
        only = next(iter(cancers))
        return (only,) if only in SIDES else ()
    return ()


def operations(record: PatientRecord, side: str) -> list[Surgery]:
    """Lumpectomies and mastectomies of one breast."""
    return [row for row in record.surgery if row.kind in _KINDS and side in sides_of(record, row.side)]


def courses(record: PatientRecord, side: str) -> list[RadiotherapyCourse]:
    """Radiation courses of one side; one without any known side counts for both."""
    return [row for row in record.radiation if side in (sides_of(record, row.side) or SIDES)]


def breast_treatment_end(record: PatientRecord) -> PartialDate | None:
    """The end of operation and radiation of the breasts; None where no date is known. What comes after is follow-up."""
    operated, irradiated = entered_day(record, "surgery_on"), entered_day(record, "radiation_ended_on")
    ends = [row.on for row in record.surgery if row.kind in _KINDS and (operated is None or row.entry is not None)]
    ends += [row.ended_on for row in record.radiation if irradiated is None or row.entry is not None]
    return latest_of([end for end in (operated, irradiated, *ends) if end is not None])


def _sources(rows: Iterable[Surgery | RadiotherapyCourse]) -> tuple[Source, ...]:
    return tuple(source for row in rows for source in row.sources)


def _sideless(record: PatientRecord, kind: str) -> list[Surgery]:
    return [row for row in record.surgery if row.kind == kind and not sides_of(record, row.side)]


def _operated(record: PatientRecord, side: str) -> Feature:
    name = f"surgery.{side}"
    rows = operations(record, side)
    for kind, word in _KINDS.items():
        done = [row for row in rows if row.kind == kind]
        if done:
            return Feature(name, word, (Because("surgery", f"{kind} ({side})", _sources(done)),), ("surgery",))
    if not record.was_read("surgery"):
        return unknown(name)
    if _sideless(record, "mastectomy") or _sideless(record, "breast-conserving"):
        return unknown(name, "laterality")
    return Feature(name, "none", (Because(f"surgery.{side}", none_words(record, "surgery")),), ("surgery",))


def _tissue(record: PatientRecord, side: str, operated: Feature) -> Feature:
    name = f"breast_tissue.{side}"
    if operated.known:
        return Feature(name, "absent" if operated.value == "mastectomy" else "present", operated.because)
    if record.was_read("surgery") and not _sideless(record, "mastectomy"):
        return Feature(name, "present", (Because("surgery", "breast-conserving, side unknown"),))
    return unknown(name, *operated.missing)


def _any_operation(record: PatientRecord) -> Feature:
    kinds = frozenset(_KINDS[row.kind] for row in record.surgery if row.kind in _KINDS)
    if kinds:
        rows = [row for row in record.surgery if row.kind in _KINDS]
        words = ", ".join(dict.fromkeys(f"{row.kind} ({row.side})" for row in rows))
        return Feature("surgery.any", kinds, (Because("surgery", words, _sources(rows)),), ("surgery",))
    if not record.was_read("surgery"):
        return unknown("surgery.any")
    return Feature("surgery.any", frozenset({"none"}), (Because("surgery", none_words(record, "surgery")),))


def _kept_breast(record: PatientRecord, per_side: list[Feature]) -> Iterator[Feature]:
    """Whether a breast was kept after lumpectomy, and whether that side had radiation."""
    kept = [side for side, feature in zip(SIDES, per_side, strict=True) if feature.value == "bcs"]
    reasons = tuple(feature.because[0] for feature in per_side if feature.value == "bcs")
    sideless = _sideless(record, "breast-conserving")
    removed = [feature for feature in per_side if feature.value == "mastectomy"]
    if sideless and not removed and not _sideless(record, "mastectomy"):
        reasons = (*reasons, Because("surgery", "breast-conserving (side unknown)", _sources(sideless)))
    elif not kept:
        open_sides = [feature for feature in per_side if not feature.known]
        for name in ("bcs.any", "bcs.radiated"):
            yield (
                unknown(name, *open_sides[0].missing)
                if open_sides
                else Feature(name, False, tuple(reason for feature in per_side for reason in feature.because))
            )
        return
    yield Feature("bcs.any", True, reasons)
    rows = [row for side in kept for row in courses(record, side)] if kept else list(record.radiation)
    if rows:
        yield Feature("bcs.radiated", True, (*reasons, _course_reason(rows)))
    elif record.was_read("radiation") and not record.events.get("history-of-irradiation"):
        yield Feature("bcs.radiated", False, (*reasons, Because("radiation", none_words(record, "radiation"))))
    else:
        yield unknown("bcs.radiated")


def _years_since_surgery(record: PatientRecord) -> Feature:
    days = [row.on for row in record.surgery if row.kind in _KINDS and row.on is not None]
    if not days:
        return unknown("surgery.years")
    last = max(days, key=lambda day: day.latest)
    low, high = months_between(last, record.as_of)
    return Feature("surgery.years", low / 12, (Because("surgery", str(last)),), ("surgery",), high=high / 12)


def _any_tissue(tissue: list[Feature]) -> Feature:
    present = [feature for feature in tissue if feature.value == "present"]
    if present:
        return Feature("breast_tissue.any", "present", tuple(dict.fromkeys(f.because[0] for f in present)))
    if all(feature.known for feature in tissue):
        return Feature("breast_tissue.any", "absent", tuple(reason for f in tissue for reason in f.because))
    return unknown("breast_tissue.any", *next(feature.missing for feature in tissue if not feature.known))


def _mastectomy_sides(record: PatientRecord) -> Feature:
    rows = _sideless(record, "mastectomy")
    if rows:
        return unknown("surgery.side_known")
    return Feature("surgery.side_known", True, ())


def _reconstruction_kind(row: Surgery) -> str:
    words = (row.detail or "").lower()
    if any(word in words for word in ("implant", "expander", "prosthe", "silicone")):
        return "implant"
    if any(word in words for word in ("flap", "autolog", "diep", "tram", "latissimus")):
        return "autologous"
    return "other"


def _reconstruction_kinds(rows: list[Surgery]) -> frozenset[str]:
    """The kinds of these operations; `saline` beside `implant` where the words of every implant say so."""
    kinds = frozenset(map(_reconstruction_kind, rows))
    fillings = [(row.detail or "").lower() for row in rows if _reconstruction_kind(row) == "implant"]
    saline = bool(fillings) and all("saline" in words and "silicone" not in words for words in fillings)
    return kinds | {"saline"} if saline else kinds


def _reconstruction(record: PatientRecord) -> Iterator[Feature]:
    every = [row for row in record.surgery if row.kind == "reconstruction"]
    kinds: dict[str, frozenset[str]] = {}
    for side in SIDES:
        rows = [row for row in every if side in sides_of(record, row.side)]
        name = f"recon.{side}"
        if rows:
            kinds[side] = _reconstruction_kinds(rows)
            reason = Because("surgery", f"reconstruction ({side})", _sources(rows))
            yield Feature(name, kinds[side], (reason,), ("surgery",))
        elif record.was_read("surgery"):
            yield Feature(name, frozenset({"none"}), (Because("reconstruction", none_words(record, "surgery")),))
        else:
            yield Feature(name, None, (), ("surgery",))
    if every:
        values = _reconstruction_kinds(every)
        yield Feature("recon.any", values, (Because("surgery", "reconstruction", _sources(every)),))
    elif record.was_read("surgery"):
        yield Feature("recon.any", frozenset({"none"}), (Because("reconstruction", none_words(record, "surgery")),))
    else:
        yield unknown("recon.any")


def _radiated(record: PatientRecord, side: str) -> Feature:
    rows = courses(record, side)
    if rows:
        return Feature(f"rt.{side}", True, (_course_reason(rows),), ("radiation",))
    if not record.was_read("radiation"):
        return Feature(f"rt.{side}", None, (), ("radiation",))
    return Feature(f"rt.{side}", False, (Because("radiation", none_words(record, "radiation")),), ("radiation",))


def _course_reason(rows: list[RadiotherapyCourse]) -> Because:
    ends = [str(row.ended_on) for row in rows if row.ended_on is not None]
    words = f"{rows[0].side}, ended {ends[-1]}" if ends else rows[0].side
    return Because("radiation", words, _sources(rows))


def _radiation(record: PatientRecord) -> Iterator[Feature]:
    rows = list(record.radiation)
    history = record.events.get("history-of-irradiation", ())
    if not rows and not history:
        for name in ("rt.any", "nodal_rt", "rt.heart"):
            if record.was_read("radiation"):
                yield Feature(name, False, (Because("radiation", none_words(record, "radiation")),))
            else:
                yield unknown(name)
        yield unknown("rt.dose_gray")
        return
    because = (_course_reason(rows),) if rows else (Because("radiation", "history", history[0].sources),)
    yield Feature("rt.any", True, because)
    yield _nodal(rows, because)
    yield _heart(record, rows, because)
    doses = [row.dose_gray for row in rows if row.dose_gray is not None]
    yield Feature("rt.dose_gray", max(doses), because, ("dose_gray",)) if doses else unknown("rt.dose_gray")


def _has_field(row: RadiotherapyCourse, words: tuple[str, ...]) -> bool:
    return any(word in field.lower() for field in row.field for word in words)


def _nodal(rows: list[RadiotherapyCourse], because: tuple[Because, ...]) -> Feature:
    if any(_has_field(row, NODE_FIELDS) for row in rows):
        return Feature("nodal_rt", True, because)
    if rows and all(row.field for row in rows):
        return Feature("nodal_rt", False, because)
    return unknown("nodal_rt", "radiation.field")


def _heart(record: PatientRecord, rows: list[RadiotherapyCourse], because: tuple[Because, ...]) -> Feature:
    if any("left" in sides_of(record, row.side) or _has_field(row, _HEART_FIELDS) for row in rows):
        return Feature("rt.heart", True, because)
    if rows and all(sides_of(record, row.side) == ("right",) for row in rows):
        return Feature("rt.heart", False, because)
    return unknown("rt.heart", "laterality")


def _axilla(record: PatientRecord) -> Feature:
    words = {"sentinel-node-biopsy": "slnb", "axillary-dissection": "alnd"}
    rows = [row for row in record.axillary_surgery if row.kind in words]
    if rows:
        reasons = tuple(Because("axillary_surgery", f"{row.kind} ({row.side})", row.sources) for row in rows)
        return Feature("axilla", frozenset(words[row.kind] for row in rows), reasons)
    if not record.was_read("axillary_surgery"):
        return unknown("axilla")
    return Feature(
        "axilla", frozenset({"none"}), (Because("axillary_surgery", none_words(record, "axillary_surgery")),)
    )
