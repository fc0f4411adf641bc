"""
Features of drug treatment: what is taken now, what was ever given, for how long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Medication, PatientRecord
from smart_app.clinical.features import Feature, none_words, unknown
from smart_app.clinical.features_tumor import ovaries_removed
from smart_app.clinical.recommendations import Because
from smart_app.clinical.treatment_dates import entered_day, months_between, primary_treatment

PLATINUM = ("carboplatin", "cisplatin")
# Where a code map gives a drug without its class, its name still counts.
NAMED_CLASSES = {
    "cyp2d6-strong-inhibitor": ("paroxetine", "fluoxetine", "bupropion", "quinidine", "terbinafine", "cinacalcet"),
    "cyp2d6-moderate-inhibitor": ("duloxetine",),
    "bisphosphonate": (
        "zoledronic acid", "zoledronate", "ibandronate", "clodronate", "pamidronate", "alendronate", "risedronate",
    ),
    "platinum": PLATINUM,
    "zoledronate": ("zoledronic acid", "zoledronate"),
    "t-dm1": ("ado-trastuzumab emtansine", "trastuzumab emtansine"),
    "t-dxd": ("fam-trastuzumab deruxtecan", "fam-trastuzumab deruxtecan-nxki", "trastuzumab deruxtecan"),
}  # fmt: skip
_HER2_WORDS = {
    "ado-trastuzumab emtansine": "t_dm1",
    "trastuzumab emtansine": "t_dm1",
    "fam-trastuzumab deruxtecan": "t_dxd",
    "trastuzumab deruxtecan": "t_dxd",
}
_ENDOCRINE_WORDS = {"tamoxifen": "tamoxifen", "raloxifene": "raloxifene", "toremifene": "toremifene"}
# So long after a dose given by staff the treatment is taken to be running: the usual time to the next, and a week.
DOSE_LASTS_DAYS = {"ovarian-suppression": 35, "her2": 28, "bone": 190}
LONGEST_PAUSE_DAYS = {"bone": 275, "her2": 91, "other": 183}
_GIVEN_BY_STAFF = frozenset({"her2", "chemotherapy", "immunotherapy", "ovarian-suppression", "bone"})
_TABLETS = ("neratinib", "tucatinib", "lapatinib", "capecitabine", "alendronate", "risedronate", "ibandronate")
_ANTIBODIES = ("trastuzumab", "pertuzumab", "t_dm1", "t_dxd", "margetuximab")


def treatment_features(record: PatientRecord) -> Iterator[Feature]:
    """Everything about drugs and the dates of treatment."""
    yield _ever(record, "chemo.any", _of_class("chemotherapy"))
    yield _ever(record, "chemo.anthracycline", _of_class("anthracycline"))
    yield _ever(record, "chemo.taxane", _of_class("taxane"))
    yield _ever(record, "chemo.platinum", _of_class("platinum"))
    yield _ever(record, "tamoxifen.ever", _of_class("tamoxifen"))
    yield _ever(record, "pembrolizumab", _of_class("pembrolizumab"))
    yield _ever(record, "bisphosphonate", _of_class("bisphosphonate"))
    yield _now(record, "olaparib", _of_class("olaparib"))
    yield _now(record, "capecitabine", _of_class("capecitabine"))
    yield _words_now(record, "et.agent", _is_endocrine, _endocrine_word)
    yield _words_now(record, "cdk", _of_class("cdk4-6"), lambda drug: drug.agent)
    yield _her2(record)
    yield _since_her2(record)
    yield _suppression(record)
    yield _endocrine_years(record)
    yield _neoadjuvant(record)
    yield from _ends(record)


def _is_given_by_staff(drug: Medication) -> bool:
    return drug.agent not in _TABLETS and not _GIVEN_BY_STAFF.isdisjoint(drug.classes)


def settled(drug: Medication, as_of: date) -> Medication:
    """
    The drug with its status as rules take it: infusions and injections end by not being given.

    Administrations alone have no status. Until the next dose would be due, treatment counts as running; when the last
    one is further back than any interval of these drugs, as stopped on that day; between the two it stays open.
    Tablets stay open: they are taken at home. The fact that is shown stays as read.

    Source:
        Intervals in use: goserelin every 4 or 12 weeks, HER2 antibodies every 3 weeks, zoledronic acid every 6 months
        (rules E-07, C-04, T-01).
    """
    last = drug.ended_on or drug.started_on
    by_doses = bool(drug.sources) and all(source.resource_type == "MedicationAdministration" for source in drug.sources)
    if drug.status != "unknown" or last is None or not by_doses or not _is_given_by_staff(drug):
        return drug
    since = (as_of - last.latest).days
    if any(since <= days for name, days in DOSE_LASTS_DAYS.items() if name in drug.classes):
        return replace(drug, status="active", ended_on=None, last_given_on=last)
    kind = next((name for name in LONGEST_PAUSE_DAYS if name in drug.classes), "other")
    if since <= LONGEST_PAUSE_DAYS[kind]:
        return drug
    return replace(drug, status="stopped", ended_on=last, last_given_on=last)


def _of_class(key: str) -> Callable[[Medication], bool]:
    named = NAMED_CLASSES.get(key, ())
    return lambda drug: drug.agent == key or key in drug.classes or drug.agent in named


def matching(record: PatientRecord, key: str) -> list[Medication]:
    """Drugs of this agent or class, of the cancer and of other care."""
    fits = _of_class(key)
    return [drug for drug in (*record.systemic, *record.other_medications) if fits(drug)]


def is_her2_word(drug: Medication) -> str:
    """The word of section 0 for a HER2 drug."""
    return _HER2_WORDS.get(drug.agent, drug.agent.replace("-", "_"))


def _is_endocrine(drug: Medication) -> bool:
    return "endocrine" in drug.classes and "ovarian-suppression" not in drug.classes


def _endocrine_word(drug: Medication) -> str:
    return "ai" if "aromatase-inhibitor" in drug.classes else _ENDOCRINE_WORDS.get(drug.agent, "other")


def _because(drugs: list[Medication]) -> tuple[Because, ...]:
    return tuple(Because("systemic", drug.told, drug.sources) for drug in drugs)


def _none(record: PatientRecord, name: str, drugs: str = "systemic") -> Feature:
    if not record.was_read(drugs):
        return unknown(name, drugs) if name in ("et.agent", "cdk") else Feature(name, None, (), (drugs,))
    return Feature(name, False, (Because(name, none_words(record, drugs)),), (drugs,))


def _ever(record: PatientRecord, name: str, fits: Callable[[Medication], bool]) -> Feature:
    drugs = [drug for drug in record.systemic if fits(drug)]
    return Feature(name, True, _because(drugs)) if drugs else _none(record, name)


def _now(record: PatientRecord, name: str, fits: Callable[[Medication], bool]) -> Feature:
    return taken_now(record, name, [drug for drug in record.systemic if fits(drug)], "systemic")


def taken_now(record: PatientRecord, name: str, drugs: list[Medication], where: str) -> Feature:
    """Whether one of these drugs is taken today; a drug of unknown status leaves it open."""
    active = [drug for drug in drugs if drug.status == "active"]
    if active:
        return Feature(name, True, _because(active))
    if any(drug.status == "unknown" for drug in drugs):
        return Feature(name, None, (), ("systemic_status",))
    if drugs and record.was_read(where):
        return Feature(name, False, _because(drugs))
    return _none(record, name, where)


def _words_now(
    record: PatientRecord, name: str, fits: Callable[[Medication], bool], word: Callable[[Medication], str]
) -> Feature:
    drugs = [drug for drug in record.systemic if fits(drug)]
    active = [drug for drug in drugs if drug.status == "active"]
    open_ended = any(drug.status == "unknown" for drug in drugs)
    complete = record.was_read("systemic") and not open_ended
    if active:
        missing = ("systemic_status",) if open_ended else ("systemic",)
        return Feature(name, frozenset(map(word, active)), _because(active), missing, complete=complete)
    if open_ended:
        return unknown(name, "systemic_status")
    if not record.was_read("systemic"):
        return unknown(name)
    because = _because(drugs) or (Because(name, none_words(record, "systemic")),)
    return Feature(name, frozenset({"none"}), because)


def _her2(record: PatientRecord) -> Feature:
    drugs = [drug for drug in record.systemic if "her2" in drug.classes]
    if drugs:
        complete = record.was_read("systemic")
        return Feature("her2tx", frozenset(map(is_her2_word, drugs)), _because(drugs), ("systemic",), complete=complete)
    if not record.was_read("systemic"):
        return unknown("her2tx")
    return Feature("her2tx", frozenset({"none"}), (Because("her2_therapy", none_words(record, "systemic")),))


def antibody_end(record: PatientRecord) -> PartialDate | None:
    """The last dose of HER2 antibodies, as entered or recorded; None while one is active, or where no end is known."""
    drugs = [drug for drug in record.systemic if "her2" in drug.classes and is_her2_word(drug) in _ANTIBODIES]
    entered = entered_day(record, "trastuzumab_ended")
    if entered is not None:
        drugs = [drug for drug in drugs if drug.entry is not None]
    if any(drug.status == "active" for drug in drugs):
        return None
    ends = [*filter(None, (entered,)), *(drug.ended_on for drug in drugs if drug.ended_on is not None)]
    return max(ends, key=lambda day: day.latest, default=None)


def _since_her2(record: PatientRecord) -> Feature:
    end = antibody_end(record)
    if end is None:
        return unknown("her2tx.months_since")
    low, high = months_between(end, record.as_of)
    drugs = [drug for drug in record.systemic if "her2" in drug.classes and drug.ended_on == end]
    return Feature("her2tx.months_since", low, _because(drugs), ("trastuzumab_ended",), high=high)


def _suppression(record: PatientRecord) -> Feature:
    removed = ovaries_removed(record)
    entered = record.facts.get("ovarian_suppression")
    drugs = [drug for drug in record.systemic if "ovarian-suppression" in drug.classes]
    active = [drug for drug in drugs if drug.status == "active"]
    if entered is not None and entered.known and removed is None:
        by_hand = {"gnrh" if drug.status == "active" else "none" for drug in drugs if drug.entry is not None}
        if by_hand and str(entered.value) not in by_hand:
            return unknown("ofs", "ovarian_suppression")  # two entries that contradict one another settle nothing
        reason = Because(entered.name, entered.value, entered.sources)
        return Feature("ofs", frozenset({str(entered.value)}), (reason,))
    values = {"gnrh"} if active else set()
    reasons = _because(active)
    if removed is not None:
        values.add("oophorectomy")
        reasons = (*reasons, removed)
    if values:
        return Feature("ofs", frozenset(values), reasons)
    if any(drug.status == "unknown" for drug in drugs):
        return unknown("ofs", "ovarian_suppression")
    if not (record.was_read("systemic") and record.was_read("ovaries")):
        return unknown("ofs", "ovarian_suppression")
    return Feature("ofs", frozenset({"none"}), (Because("ovarian_suppression", none_words(record, "systemic")),))


def endocrine_drugs(record: PatientRecord) -> list[Medication]:
    """All endocrine drugs that were ever recorded, without ovarian suppression."""
    return [drug for drug in record.systemic if _is_endocrine(drug)]


def endocrine_start(record: PatientRecord) -> PartialDate | None:
    """The first day of endocrine therapy, whatever drugs followed one another, entered or recorded; None: unknown."""
    entered = entered_day(record, "endocrine_started_on")
    drugs = [drug for drug in endocrine_drugs(record) if entered is None or drug.entry is not None]
    starts = [*filter(None, (entered,)), *(drug.started_on for drug in drugs if drug.started_on is not None)]
    return min(starts, key=lambda day: day.earliest, default=None)


def _endocrine_years(record: PatientRecord) -> Feature:
    drugs = endocrine_drugs(record)
    start = endocrine_start(record)
    if start is None:
        return unknown("et.years")
    end = PartialDate.from_date(record.as_of)
    if not any(drug.status == "active" for drug in drugs):
        entered = entered_day(record, "endocrine_ended_on")
        told = [drug for drug in drugs if entered is None or drug.entry is not None]
        ends = [*filter(None, (entered,)), *(drug.ended_on for drug in told if drug.ended_on is not None)]
        if not ends:
            return unknown("et.years", "endocrine_ended_on")
        end = max(ends, key=lambda day: day.latest)
    low = months_between(start, end.earliest)[0] / 12
    high = months_between(start, end.latest)[1] / 12
    first = [drug for drug in drugs if drug.started_on == start]
    because = (Because("endocrine_started_on", str(start), tuple(s for drug in first for s in drug.sources)),)
    return Feature("et.years", low, because, ("endocrine_started_on",), high=high if high != low else None)


def _neoadjuvant(record: PatientRecord) -> Feature:
    operations = [row for row in record.surgery if row.kind in ("mastectomy", "breast-conserving")]
    first = min((row.on for row in operations if row.on is not None), key=lambda day: day.latest, default=None)
    drugs = [drug for drug in record.systemic if "chemotherapy" in drug.classes or "her2" in drug.classes]
    if not drugs:
        return _none(record, "neoadjuvant")
    before = [drug for drug in drugs if first and drug.started_on and drug.started_on.surely_before(first)]
    if before:
        return Feature("neoadjuvant", True, _because(before))
    if first is None or any(drug.started_on is None for drug in drugs):
        return unknown("neoadjuvant")
    if all(first.surely_before(drug.started_on) for drug in drugs if drug.started_on is not None):
        return Feature("neoadjuvant", False, _because(drugs))
    return unknown("neoadjuvant")


def _ends(record: PatientRecord) -> Iterator[Feature]:
    course = primary_treatment(record)
    if course.ended_on is None:
        yield Feature("primary_tx_end", False, course.because, course.missing)
        yield unknown("years")
    else:
        low, high = months_between(course.ended_on, record.as_of)
        yield Feature("primary_tx_end", True, course.because)
        yield Feature("years", low / 12, course.because, ("primary_treatment_ended",), high=high / 12)
    yield Feature("primary_tx_ongoing", course.ongoing, course.because, course.missing)
    if course.diagnosed_on is None:
        yield unknown("dx.months")
    else:
        low, high = months_between(course.diagnosed_on, record.as_of)
        because = (Because("diagnosed_on", str(course.diagnosed_on)),)
        yield Feature("dx.months", low, because, ("diagnosed_on",), high=high)
