"""
A second opinion on the schedule: the rule table in plain Python, written from its words, not from the rule files.

It reads the small language of the examples directly and shares nothing with the engine, not even its dates.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

Answer = dict[str, list[tuple[str | None, str, str | None]]]
NOT, UNKNOWN = "silent", "cannot-tell"
SIDES = ("left", "right")
GRACE = {"visit": 30, "imaging": 60, "dxa": 90}


@dataclass(frozen=True)
class Day:
    """A date to the day, or a whole month."""

    first: date
    last: date
    text: str

    def plus(self, months: int) -> Day:
        index = self.first.year * 12 + self.first.month - 1 + months
        year, month = index // 12, index % 12 + 1
        if len(self.text) == 7:
            return day_of(f"{year:04d}-{month:02d}")
        return day_of(f"{year:04d}-{month:02d}-{min(self.first.day, calendar.monthrange(year, month)[1]):02d}")


def day_of(text: str) -> Day:
    if len(text) == 7:
        year, month = int(text[:4]), int(text[5:])
        return Day(date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1]), text)
    return Day(date.fromisoformat(text), date.fromisoformat(text), text)


def latest(days: list[Day]) -> Day | None:
    """The later one; where a month holds the other date, the month."""
    best: Day | None = None
    for day in days:
        coarser = best is not None and day.last >= best.first and len(day.text) < len(best.text)
        if best is None or day.first > best.last or coarser:
            best = day
    return best


class Patient:
    """What the table asks, read from a made-up patient."""

    def __init__(self, given: dict[str, Any], today: date) -> None:
        self.given, self.today = given, today
        self.sex = given["sex"]
        self.facts = given.get("facts", {})
        self.tumor = given["tumor"]
        self.cancers = given["cancers"]
        self.unread = set(given.get("unread", []))
        self.surgery = [row.split(" ", 3) for row in given["surgery"]]
        self.radiation = [row.split() for row in given["radiation"]]
        self.drugs = [row.split() for row in given["drugs"]]
        self.imaging = [row.split() for row in given["imaging"]]
        self.events = [row.split() for row in given["events"]]

    # anatomy
    def home_side(self) -> str | None:
        sides = {cancer["side"] for cancer in self.cancers}
        only = sides.pop() if len(sides) == 1 else "unknown"
        return only if only in SIDES else None

    def on_side(self, side: str) -> tuple[str, ...]:
        if side == "bilateral":
            return SIDES
        if side in SIDES:
            return (side,)
        home = self.home_side()
        return (home,) if home else ()

    def operation(self, side: str) -> str:
        """mastectomy, bcs, none or unknown."""
        kinds = [row[0] for row in self.surgery if side in self.on_side(row[1])]
        if "mastectomy" in kinds:
            return "mastectomy"
        if "breast-conserving" in kinds:
            return "bcs"
        if "surgery" in self.unread or self.sideless("mastectomy") or self.sideless("breast-conserving"):
            return "unknown"
        return "none"

    def sideless(self, kind: str) -> bool:
        return any(row[0] == kind and not self.on_side(row[1]) for row in self.surgery)

    def tissue(self, side: str) -> str:
        done = self.operation(side)
        if done == "unknown":
            known = "surgery" not in self.unread and not self.sideless("mastectomy")
            return "present" if known else "unknown"
        return "absent" if done == "mastectomy" else "present"

    def any_tissue(self) -> str:
        both = [self.tissue(side) for side in SIDES]
        return "present" if "present" in both else "unknown" if "unknown" in both else "absent"

    def kept(self) -> bool | None:
        """Whether a breast was kept after lumpectomy."""
        both = [self.operation(side) for side in SIDES]
        if self.sideless("breast-conserving") and not self.sideless("mastectomy") and "mastectomy" not in both:
            return True
        if "bcs" in both:
            return True
        return None if "unknown" in both else False

    def kept_and_radiated(self) -> bool | None:
        if not self.kept():
            return self.kept()
        sides = [side for side in SIDES if self.operation(side) == "bcs"]
        rows = [row for row in self.radiation if not sides or any(s in (self.on_side(row[0]) or SIDES) for s in sides)]
        if rows:
            return True
        return None if "radiation" in self.unread else False

    def courses(self, side: str | None) -> list[list[str]]:
        rows = [row for row in self.radiation if side is None or side in (self.on_side(row[0]) or SIDES)]
        return rows or self.radiation

    # dates
    def diagnosed(self) -> Day:
        found = latest([day_of(cancer["dated"]) for cancer in self.cancers])
        assert found is not None
        return found

    def breast_end(self) -> Day | None:
        days = [day_of(row[2]) for row in self.surgery if row[0] != "reconstruction"]
        return latest(days + [day_of(row[2]) for row in self.radiation if len(row) > 2])

    def primary_end(self) -> tuple[Day | None, bool]:
        """End of primary treatment, and whether treatment is unfinished (None: cannot be told)."""
        since: Day | None = None
        if len({cancer["dated"] for cancer in self.cancers}) > 1:
            since = self.diagnosed()
        if "recurrence" in self.facts:
            since = day_of(self.facts["recurrence"].split()[1])
        steps: list[tuple[Day | None, Day | None, bool]] = []
        for row in self.surgery:
            if row[0] != "reconstruction":
                steps.append((day_of(row[2]), day_of(row[2]), False))
        for row in self.radiation:
            end = day_of(row[2]) if len(row) > 2 else None
            steps.append((day_of(row[1]), end, end is None))
        for row in self.drugs:
            if row[0] == "doxorubicin":
                steps.append((day_of(row[2]), day_of(row[3]), False))
        if since is not None:
            edge = since.plus(-3)
            steps = [step for step in steps if (step[1] or step[0]).last >= edge.first]  # type: ignore[union-attr]
        ended = latest([end for _, end, _ in steps if end is not None])
        if ended is not None and any(
            end is None and start is not None and ended.last < start.first for start, end, _ in steps
        ):
            ended = None
        running = any(
            active and start is not None and day_of(start.text).plus(12).last > self.today for start, _, active in steps
        )
        future = ended is not None and ended.first > self.today
        if running or future:
            return None, True
        if ended is not None:
            return ended, False
        recent = since if "recurrence" in self.facts and since is not None else self.diagnosed()
        young = recent.plus(18).last > self.today if len(recent.text) == 10 else recent.last > self.back(18)
        unread = bool(self.unread & {"surgery", "radiation", "systemic"})
        return None, young and not unread

    def back(self, months: int) -> date:
        return day_of(self.today.isoformat()).plus(-months).first

    def done(self, name: str, side: str | None = None) -> list[Day]:
        rows = [row for row in self.imaging + self.events if row[0] == name]
        found = []
        for row in rows:
            where = row[2] if len(row) > 2 else "unknown"
            if side is None or where not in SIDES or where == side:
                found.append(day_of(row[1]))
        return [day for day in found if day.first <= self.today]

    def last(self, name: str, side: str | None = None) -> Day | None:
        return max(self.done(name, side), key=lambda day: (day.last, day.first), default=None)

    # drugs
    def taking(self, *agents: str) -> bool | None:
        if any(row[0] in agents and row[1] == "active" for row in self.drugs):
            return True
        return None if "systemic" in self.unread else False

    def suppressed(self) -> bool | None:
        return self.taking("goserelin")

    def endocrine_start(self) -> Day | None:
        starts = [day_of(row[2]) for row in self.drugs if row[0] in ("tamoxifen", "letrozole") and len(row) > 2]
        return min(starts, key=lambda day: day.first, default=None)

    # states
    def symptomatic(self) -> bool:
        return bool(self.facts.get("new_symptoms"))

    def open_category(self) -> str:
        text = self.facts.get("birads", "")
        if not text or text[0] not in "0345":
            return "none"
        study = day_of(text.split()[1])
        answers = [self.diagnosed()] + [day_of(row[2]) for row in self.surgery]
        return "none" if any(day.last >= study.first for day in answers) else str(text[0])

    def suspected(self) -> bool:
        return self.symptomatic() or self.open_category() in ("4", "5")

    def genes(self) -> list[str] | None:
        rows = self.facts.get("germline")
        return None if rows is None else [row.split()[0] for row in rows if row.split()[1] == "pathogenic"]

    def age_on(self, day: Day) -> tuple[int, int]:
        born = day_of(self.given["born"])
        return years(born.last, day.first), years(born.first, day.last)

    def first_diagnosis(self) -> Day:
        return min((day_of(cancer["dated"]) for cancer in self.cancers), key=lambda day: day.first)

    def kind(self) -> str:
        kinds = {cancer["kind"] for cancer in self.cancers}
        return "invasive" if "invasive" in kinds else kinds.pop() if len(kinds) == 1 else "unknown"

    def held_by_age(self) -> bool:
        today = day_of(self.today.isoformat())
        return self.facts.get("life_expectancy") == "under-5" and self.age_on(today)[0] >= 75


def years(start: date, end: date) -> int:
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def status(due: Day, today: date, grace: int) -> str:
    if today < due.first:
        return "up-to-date"
    return "due" if today <= due.last + timedelta(days=grace) else "overdue"


def all_of(*parts: bool | None) -> bool | None:
    return False if False in parts else None if None in parts else True


def any_of(*parts: bool | None) -> bool | None:
    return True if True in parts else None if None in parts else False


def join(rows: list[tuple[str | None, str, str | None]]) -> list[tuple[str | None, str, str | None]]:
    """Two sides with one answer are one row."""
    if len(rows) == 2 and rows[0][1:] == rows[1][1:]:
        return [("both", *rows[0][1:])]
    return rows


class Opinion:
    """The rows of the table, one method each."""

    def __init__(self, given: dict[str, Any], today: date) -> None:
        self.p = Patient(given, today)
        self.today = today
        self.end, self.unfinished = self.p.primary_end()

    def answer(self) -> Answer:
        rows: dict[str, Callable[[], list[tuple[str | None, str, str | None]]]] = {
            "primary-treatment-not-finished": self.g04,
            "clinic-visit-invasive": self.v01,
            "clinic-visit-dcis": self.v02,
            "mammogram-first-after-radiation": self.i01,
            "mammogram-first-without-radiation": self.i02,
            "mammogram-annual": self.i03,
            "mammogram-other-breast": self.i04,
            "no-mammogram-after-bilateral-mastectomy": self.i05,
            "no-imaging-of-reconstruction": self.i06,
            "breast-mri-not-routine": self.i10,
            "breast-mri-high-risk": self.i11,
            "breast-mri-discuss": self.i11b,
            "tp53-imaging": self.i12,
            "no-tumor-markers": self.n01,
            "endocrine-year-5-node-negative": self.e02,
            "endocrine-year-5-node-positive": self.e03,
            "ai-without-ovarian-suppression": self.e06,
            "tamoxifen-gynecology-yearly": self.e09,
            "tamoxifen-with-strong-cyp2d6-inhibitor": self.e11,
            "dxa-on-ai-or-induced-menopause": self.e13,
            "dxa-baseline-postmenopausal": self.e13b,
            "lvef-after-trastuzumab": self.c04,
            "germline-testing-offer": self.r01,
            "male-mammogram-same-side": self.x01,
        }
        return {name: row() for name, row in rows.items()}

    def dated(
        self, applies: bool | None, last: Day | None, first: Day | None, months: int, grace: int,
        side: str | None = None, unread: bool = False, bound: Day | None = None, missing: bool = False,
    ) -> list[tuple[str | None, str, str | None]]:  # fmt: skip
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

    def imaging_held(self) -> bool:
        """No mammogram is given silently to a carrier of TP53."""
        return self.p.suspected() or self.p.held_by_age() or "TP53" in (self.p.genes() or [])

    def g04(self) -> list[tuple[str | None, str, str | None]]:
        unread = bool(self.p.unread & {"surgery", "radiation", "systemic"})
        if self.unfinished:
            return [(None, "due", None)]
        recent = self.p.facts.get("recurrence")
        base = day_of(recent.split()[1]) if recent else self.p.diagnosed()
        young = base.plus(18).last > self.today if len(base.text) == 10 else base.last > self.p.back(18)
        return [(None, UNKNOWN, None)] if self.end is None and young and unread else []

    def visits(self, phases: list[tuple[int, int]], last_months: int) -> list[tuple[str | None, str, str | None]]:
        if self.unfinished or self.end is None:
            return [(None, UNKNOWN, None)]
        months = last_months
        for until, step in phases:
            if self.today < self.end.plus(until).first:
                months = step
                break
        return self.dated(True, self.p.last("clinic-visit"), self.end.plus(months), months, GRACE["visit"])

    def v01(self) -> list[tuple[str | None, str, str | None]]:
        if self.p.suspected() or self.p.kind() == "dcis":
            return []
        if self.p.kind() == "unknown":
            rows = self.visits([(36, 6), (60, 12)], 12)
            return [(None, UNKNOWN, row[2]) for row in rows]
        return self.visits([(36, 6), (60, 12)], 12)

    def v02(self) -> list[tuple[str | None, str, str | None]]:
        if self.p.suspected() or self.p.kind() == "invasive":
            return []
        rows = self.visits([(60, 12)], 12)
        return [(None, UNKNOWN, row[2]) for row in rows] if self.p.kind() == "unknown" else rows

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

    def first_mammogram(self, side: str, radiated: bool | None) -> list[tuple[str | None, str, str | None]]:
        kept, followed = self.p.kept(), self.followed(side)
        tissue = {"present": True, "absent": False, "unknown": None}[self.p.tissue(side)]
        applies = all_of(tissue, kept, radiated, None if followed is None else not followed)
        bound, missing = self.radiation_bound(side)
        first = latest([day for day in (self.diagnostic(side).plus(12), bound) if day is not None])
        return self.dated(applies, None, first, 12, GRACE["imaging"], side, missing=missing)

    def i01(self) -> list[tuple[str | None, str, str | None]]:
        if not self.woman() or self.imaging_held():
            return []
        rows = [row for side in SIDES for row in self.first_mammogram(side, self.p.kept_and_radiated())]
        return join(rows)

    def i02(self) -> list[tuple[str | None, str, str | None]]:
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

    def i03(self) -> list[tuple[str | None, str, str | None]]:
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

    def i04(self) -> list[tuple[str | None, str, str | None]]:
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

    def i05(self) -> list[tuple[str | None, str, str | None]]:
        both = [self.p.tissue(side) for side in SIDES]
        if self.p.suspected() or "present" in both:
            return []
        return [("both", "not-indicated" if "unknown" not in both else UNKNOWN, None)]

    def i06(self) -> list[tuple[str | None, str, str | None]]:
        if self.p.suspected():
            return []
        rows: list[tuple[str | None, str, str | None]] = []
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
            ),
        )

    def high_risk_fires(self) -> bool:
        tissue = "present" in [self.p.tissue(side) for side in SIDES]
        return tissue and self.high_risk() is True and not self.mri_held() and not self.imaging_held()

    def discuss_fires(self) -> bool:
        held = self.imaging_held() or self.high_risk_fires()
        return self.discussed() is True and not self.mri_held() and not held

    def i10(self) -> list[tuple[str | None, str, str | None]]:
        tissue = self.p.any_tissue()
        gone = self.high_risk_fires() or "TP53" in (self.p.genes() or []) or self.discuss_fires()
        if tissue == "absent" or self.p.suspected() or self.p.facts.get("pregnancy") or gone:
            return []
        return [(None, "not-indicated" if tissue == "present" else UNKNOWN, None)]

    def i11(self) -> list[tuple[str | None, str, str | None]]:
        rows = []
        for side in SIDES:
            if self.mri_held() or self.imaging_held():
                continue
            tissue = {"present": True, "absent": False, "unknown": None}[self.p.tissue(side)]
            last = self.p.last("breast-mri", side)
            bound, missing = self.radiation_bound(side)
            rows += self.dated(
                all_of(tissue, self.high_risk()), last, self.p.diagnosed().plus(12), 12, GRACE["imaging"], side,
                "breast_mri" in self.p.unread, bound, missing and last is None,
            )  # fmt: skip
        return join(rows)

    def i11b(self) -> list[tuple[str | None, str, str | None]]:
        held = self.imaging_held() or self.high_risk_fires()
        if self.mri_held() or held or self.discussed() is False:
            return []
        return [(None, "due" if self.discussed() else UNKNOWN, None)]

    def i12(self) -> list[tuple[str | None, str, str | None]]:
        if self.p.suspected() or self.p.facts.get("pregnancy"):
            return []
        genes = self.p.genes()
        rows = []
        for side in SIDES:
            tissue = {"present": True, "absent": False, "unknown": None}[self.p.tissue(side)]
            rows += self.dated(
                all_of(tissue, None if genes is None else "TP53" in genes), self.p.last("breast-mri", side),
                self.p.diagnosed().plus(12), 12, GRACE["imaging"], side, "breast_mri" in self.p.unread,
            )  # fmt: skip
        return join(rows)

    def n01(self) -> list[tuple[str | None, str, str | None]]:
        if self.p.suspected() or self.p.symptomatic():
            return []
        return [(None, UNKNOWN if "new_symptoms" in self.p.unread else "not-indicated", None)]

    def hr(self) -> bool | None:
        er, pr = self.p.tumor["er"], self.p.tumor["pr"]
        if "positive" in (er, pr):
            return True
        return None if None in (er, pr) else False

    def node_positive(self) -> bool | None:
        count, category = self.p.tumor["nodes_positive"], self.p.tumor["n"]
        if count is not None:
            return bool(count > 0)
        return None if category is None else bool(category != "N0")

    def year_five(self, nodes: bool) -> list[tuple[str | None, str, str | None]]:
        if self.p.sex == "male" or self.p.facts.get("pregnancy") or self.p.suspected():
            return []
        start = self.p.endocrine_start()
        kind = {"invasive": True, "dcis": False, "unknown": None}[self.p.kind()]
        on = self.p.taking("tamoxifen", "letrozole")
        window: bool | None = None
        if start is not None:
            opens, closes = start.plus(54), start.plus(66)
            surely = opens.last <= self.today <= closes.first
            never = self.today < opens.first or self.today > closes.last
            window = True if surely else False if never else None
            if closes.last < self.today:
                return []
        found = self.node_positive()
        applies = all_of(kind, self.hr(), on, window, None if found is None else found is nodes)
        return self.dated(applies, None, start.plus(54) if start else None, 12, 400)

    def e02(self) -> list[tuple[str | None, str, str | None]]:
        return self.year_five(False)

    def e03(self) -> list[tuple[str | None, str, str | None]]:
        return self.year_five(True)

    def e06(self) -> list[tuple[str | None, str, str | None]]:
        status_ = self.p.facts.get("menopausal_status")
        before = None if status_ is None else status_ in ("premenopausal", "perimenopausal")
        suppressed = self.p.suppressed()
        applies = all_of(self.p.taking("letrozole"), before, None if suppressed is None else not suppressed)
        if self.p.sex == "male" or applies is False:
            return []
        return [(None, "due" if applies else UNKNOWN, None)]

    def e09(self) -> list[tuple[str | None, str, str | None]]:
        if self.p.sex == "male" or self.p.suspected():
            return []
        status_, uterus = self.p.facts.get("menopausal_status"), self.p.facts.get("uterus")
        past = None if status_ is None else status_ != "premenopausal"
        applies = all_of(self.p.taking("tamoxifen"), None if uterus is None else uterus == "intact", past)
        starts = [day_of(row[2]) for row in self.p.drugs if row[0] == "tamoxifen"]
        first = starts[0].plus(12) if starts else None
        return self.dated(applies, self.p.last("gynecologic-exam"), first, 12, 30)

    def e11(self) -> list[tuple[str | None, str, str | None]]:
        both = all_of(self.p.taking("tamoxifen"), self.p.taking("paroxetine"))
        stopped = any(row[0] == "paroxetine" and row[1] == "stopped" for row in self.p.drugs)
        if both is None and stopped:
            return []
        return [] if both is False else [(None, "due" if both else UNKNOWN, None)]

    def bone_risk(self) -> bool | None:
        return any_of(self.p.taking("letrozole"), self.p.suppressed())

    def e13(self) -> list[tuple[str | None, str, str | None]]:
        status_ = self.p.facts.get("menopausal_status")
        risk = self.bone_risk()
        if risk is False and status_ is None:
            risk = None
        rows = [row for row in self.p.drugs if row[0] == "letrozole"] or [
            r for r in self.p.drugs if r[0] == "goserelin"
        ]
        first = day_of(rows[0][2]) if rows else None
        return self.dated(risk, self.p.last("dxa"), first, 24, GRACE["dxa"])

    def e13b(self) -> list[tuple[str | None, str, str | None]]:
        status_ = self.p.facts.get("menopausal_status")
        applies = None if status_ is None else status_ == "postmenopausal"
        if self.p.sex == "male" or applies is False or self.bone_risk() is True:
            return []
        if self.unfinished:
            return [(None, UNKNOWN, None)]
        if self.p.last("dxa") is not None:
            return [(None, "up-to-date" if applies else UNKNOWN, None)]
        return self.dated(applies, None, self.end, 24, GRACE["dxa"])

    def c04(self) -> list[tuple[str | None, str, str | None]]:
        rows = [row for row in self.p.drugs if row[0] == "trastuzumab" and row[1] == "stopped"]
        if self.p.suspected() or self.p.taking("trastuzumab") is True:
            return []
        if not rows:
            seen = self.p.last("echocardiogram")
            text = seen.plus(6).text if seen is not None and not self.unfinished else None
            return [(None, UNKNOWN, text)] if "systemic" in self.p.unread else []
        end = day_of(rows[0][3])
        stop = end.plus(24)
        if stop.last < self.today:
            return []
        first = self.p.last("echocardiogram")
        found = self.dated(True, first, end.plus(6), 6, GRACE["imaging"])
        due = first.plus(6) if first else end.plus(6)
        if found[0][1] != UNKNOWN and stop.last < due.first:
            return [(None, "up-to-date", None)]
        if "systemic" in self.p.unread:
            text = None if stop.last < due.first or self.unfinished else due.text
            return [(None, UNKNOWN, text)]
        return found

    def r01(self) -> list[tuple[str | None, str, str | None]]:
        low, high = self.p.age_on(self.p.first_diagnosis())
        young = True if high <= 65 else False if low > 65 else None
        kind = {"invasive": True, "dcis": False, "unknown": None}[self.p.kind()]
        rows = self.p.facts.get("germline")
        applies = all_of(kind, young, None if rows is None else not rows)
        return [] if applies is False else [(None, "due" if applies else UNKNOWN, None)]

    def x01(self) -> list[tuple[str | None, str, str | None]]:
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


def second_opinion(given: dict[str, Any], today: date) -> Answer:
    """What the table says of a made-up patient, by rule id: side, status and due date of each row."""
    return Opinion(given, today).answer()
