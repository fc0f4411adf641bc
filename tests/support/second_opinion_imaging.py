"""
The imaging rows of the second opinion, and what all rows share.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from tests.support.second_opinion_patient import (
    GRACE,
    SIDES,
    UNKNOWN,
    Day,
    Patient,
    Rows,
    all_of,
    any_of,
    day_of,
    join,
    latest,
    not_of,
    status,
)


class SharedRows:
    """A patient, the end of primary treatment, and the answer of a row that has a date."""

    def __init__(self, given: dict[str, Any], today: date) -> None:
        self.p = Patient(given, today)
        self.today = today
        self.end, self.unfinished = self.p.primary_end()

    def dated(
        self, applies: bool | None, last: Day | None, first: Day | None, months: int, grace: int,
        side: str | None = None, unread: bool = False, bound: Day | None = None, missing: bool = False,
    ) -> Rows:  # fmt: skip
        """The answer of a row that has a date."""
        if applies is False:
            return []
        due = last.plus(months) if last is not None else None if unread else first
        if due is not None and bound is not None:
            due = latest([due, bound])
        if self.unfinished:
            return [(side, UNKNOWN, None)]
        text = due.text if due is not None else None
        if applies is None or due is None or missing:
            return [(side, UNKNOWN, text)]
        return [(side, status(due, self.today, grace), text)]

    def woman(self) -> bool:
        """Rows for the breast act unless the sex is documented as male."""
        return self.p.sex != "male"

    def imaging_held(self, by_gene: bool = True) -> bool:
        """No mammogram is given silently to a carrier of TP53."""
        return self.p.suspected() or self.p.held_by_age() or (by_gene and "TP53" in (self.p.genes() or []))


class ImagingRows(SharedRows):
    """Rows I-01 to I-12 and X-01."""

    def followed(self, side: str) -> bool | None:
        edge = self.p.breast_end() or self.p.diagnosed()
        if any(day.last > edge.first for day in self.p.done("mammogram", side)):
            return True
        return None if "mammogram" in self.p.unread else False

    def diagnostic(self, side: str) -> Day:
        edge = self.p.breast_end()
        before = [day for day in self.p.done("mammogram", side) if edge is None or day.last <= edge.first]
        return max(before, key=lambda day: day.last) if before else self.p.diagnosed()

    def radiation_bound(self, side: str) -> tuple[Day | None, bool]:
        """Six months after radiation, and whether its end would have to be known."""
        rows = self.p.courses(side)
        ends = [day_of(row[2]) for row in rows if len(row) > 2]
        last = latest(ends)
        if last is not None:
            return last.plus(6), False
        starts = [day_of(row[1]) for row in rows]
        newest = latest(starts)
        return None, newest is not None and newest.plus(12).last > self.today

    def first_mammogram(self, side: str, radiated: bool | None) -> Rows:
        kept, followed = self.p.kept(), self.followed(side)
        tissue = {"present": True, "absent": False, "unknown": None}[self.p.tissue(side)]
        applies = all_of(tissue, kept, radiated, None if followed is None else not followed)
        bound, missing = self.radiation_bound(side)
        first = latest([day for day in (self.diagnostic(side).plus(12), bound) if day is not None])
        return self.dated(applies, None, first, 12, GRACE["imaging"], side, missing=missing)

    def i01(self) -> Rows:
        if not self.woman() or self.imaging_held():
            return []
        rows = [row for side in SIDES for row in self.first_mammogram(side, self.p.kept_and_radiated())]
        return join(rows)

    def i02(self) -> Rows:
        if not self.woman() or self.imaging_held() or self.p.kind() == "dcis":
            return []
        radiated = self.p.kept_and_radiated()
        rows = []
        for side in SIDES:
            kept, followed = self.p.kept(), self.followed(side)
            tissue = {"present": True, "absent": False, "unknown": None}[self.p.tissue(side)]
            none = None if radiated is None else not radiated
            applies = all_of(tissue, kept, none, None if followed is None else not followed)
            rows += self.dated(applies, None, self.diagnostic(side).plus(12), 12, GRACE["imaging"], side)
        return join(rows)

    def no_operation(self) -> bool | None:
        kinds = [row[0] for row in self.p.surgery if row[0] != "reconstruction"]
        return False if kinds else None if "surgery" in self.p.unread else True

    def i03(self) -> Rows:
        if not self.woman() or self.imaging_held():
            return []
        rows = []
        for side in SIDES:
            tissue = {"present": True, "absent": False, "unknown": None}[self.p.tissue(side)]
            applies = all_of(tissue, any_of(all_of(self.p.kept(), self.followed(side)), self.no_operation()))
            last = self.p.last("mammogram", side)
            bound, missing = self.radiation_bound(side)
            rows += self.dated(
                applies, last, self.p.diagnosed().plus(12), 12, GRACE["imaging"], side,
                "mammogram" in self.p.unread, bound, missing and last is None,
            )  # fmt: skip
        return join(rows)

    def i04(self) -> Rows:
        if not self.woman() or self.imaging_held():
            return []
        kinds = [row[0] for row in self.p.surgery]
        removed = True if "mastectomy" in kinds else self.no_operation() is None and None
        kept = self.p.kept()
        rows = []
        for side in SIDES:
            tissue = {"present": True, "absent": False, "unknown": None}[self.p.tissue(side)]
            applies = all_of(tissue, removed, None if kept is None else not kept)
            rows += self.dated(
                applies, self.p.last("mammogram", side), self.p.diagnosed().plus(12), 12, GRACE["imaging"], side,
                "mammogram" in self.p.unread,
            )  # fmt: skip
        return join(rows)

    def i05(self) -> Rows:
        both = [self.p.tissue(side) for side in SIDES]
        if self.p.suspected() or "present" in both:
            return []
        return [("both", "not-indicated" if "unknown" not in both else UNKNOWN, None)]

    def i06(self) -> Rows:
        if self.p.suspected():
            return []
        rows: Rows = []
        for side in SIDES:
            built: bool | None = any(r[0] == "reconstruction" and side in self.p.on_side(r[1]) for r in self.p.surgery)
            if not built and "surgery" in self.p.unread:
                built = None
            removed = {"mastectomy": True, "unknown": None}.get(self.p.operation(side), False)
            applies = all_of(removed, built)
            if applies is not False:
                rows.append((side, "not-indicated" if applies else UNKNOWN, None))
        return join(rows)

    def high_risk(self) -> bool | None:
        genes = self.p.genes()
        high = ("BRCA1", "BRCA2", "PALB2", "PTEN", "CDH1", "STK11")
        return None if genes is None else any(gene in high for gene in genes)

    def has_tp53(self) -> bool | None:
        genes = self.p.genes()
        return None if genes is None else "TP53" in genes

    def discussion_held(self) -> bool:
        """TP53 has its own MRI row, up to 75 years."""
        own_row = self.has_tp53() is True and self.up_to_75() is True
        return self.imaging_held(by_gene=False) or own_row or self.high_risk_fires()

    def up_to_75(self) -> bool | None:
        """Breast MRI is decided one by one after 75 (updates.md on I-11 and I-12)."""
        low, high = self.p.age_on(day_of(self.today.isoformat()))
        return True if high <= 75 else False if low > 75 else None

    def mri_held(self) -> bool:
        return self.p.sex == "male" or bool(self.p.facts.get("pregnancy"))

    def discussed(self) -> bool | None:
        low, high = self.p.age_on(self.p.first_diagnosis())
        young = True if high < 50 else False if low >= 50 else None
        density = self.p.facts.get("breast_density")
        genes = self.p.genes()
        tissue = {"present": True, "absent": False, "unknown": None}[self.p.any_tissue()]
        return all_of(
            tissue,
            any_of(
                young,
                None if density is None else density in "cd",
                None if genes is None else any(g in ("ATM", "CHEK2", "BARD1") for g in genes),
                all_of(not_of(self.up_to_75()), any_of(self.high_risk(), self.has_tp53())),
            ),
        )

    def high_risk_fires(self) -> bool:
        tissue = "present" in [self.p.tissue(side) for side in SIDES]
        high = all_of(self.high_risk(), self.up_to_75()) is True
        return tissue and high and not self.mri_held() and not self.imaging_held()

    def discuss_fires(self) -> bool:
        return self.discussed() is True and not self.mri_held() and not self.discussion_held()

    def i10(self) -> Rows:
        tissue = self.p.any_tissue()
        gone = self.high_risk_fires() or "TP53" in (self.p.genes() or []) or self.discuss_fires()
        waits = bool(self.p.facts.get("pregnancy")) and self.high_risk() is True
        if tissue == "absent" or self.p.suspected() or waits or gone:
            return []
        return [(None, "not-indicated" if tissue == "present" else UNKNOWN, None)]

    def i11(self) -> Rows:
        rows = []
        for side in SIDES:
            if self.mri_held() or self.imaging_held():
                continue
            tissue = {"present": True, "absent": False, "unknown": None}[self.p.tissue(side)]
            last = self.p.last("breast-mri", side)
            bound, missing = self.radiation_bound(side)
            rows += self.dated(
                all_of(tissue, self.high_risk(), self.up_to_75()), last, self.p.diagnosed().plus(12), 12,
                GRACE["imaging"], side,
                "breast-mri" in self.p.unread, bound, missing and last is None,
            )  # fmt: skip
        return join(rows)

    def i11b(self) -> Rows:
        if self.mri_held() or self.discussion_held() or self.discussed() is False:
            return []
        return [(None, "due" if self.discussed() else UNKNOWN, None)]

    def i12(self) -> Rows:
        if self.imaging_held(by_gene=False) or self.p.facts.get("pregnancy"):
            return []
        genes = self.p.genes()
        rows = []
        for side in SIDES:
            tissue = {"present": True, "absent": False, "unknown": None}[self.p.tissue(side)]
            rows += self.dated(
                all_of(tissue, None if genes is None else "TP53" in genes, self.up_to_75()),
                self.p.last("breast-mri", side),
                self.p.diagnosed().plus(12), 12, GRACE["imaging"], side, "breast-mri" in self.p.unread,
            )  # fmt: skip
        return join(rows)

    def x01(self) -> Rows:
        man = {"male": True, "female": False, "unknown": None}[self.p.sex]
        if self.imaging_held():
            return []
        rows = []
        for side in SIDES:
            done = self.p.operation(side)
            applies = all_of(man, None if done == "unknown" else done == "bcs")
            last = self.p.last("mammogram", side)
            bound, missing = self.radiation_bound(side)
            first = latest([day for day in (self.diagnostic(side).plus(12), bound) if day is not None])
            rows += self.dated(
                applies, last, first, 12, GRACE["imaging"], side, "mammogram" in self.p.unread, bound,
                missing and last is None,
            )  # fmt: skip
        return join(rows)
