"""
What the rule table asks of a patient, read from a made-up one: the second opinion's own dates and anatomy.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

Rows = list[tuple[str | None, str, str | None]]
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
        nothing_to_stop = self.any_tissue() != "present" or (
            self.sex == "male" and "bcs" not in map(self.operation, SIDES)
        )
        return self.facts.get("life_expectancy") == "under-5" and self.age_on(today)[0] >= 75 and not nothing_to_stop


def years(start: date, end: date) -> int:
    return end.year - start.year - ((end.month, end.day) < (start.month, start.day))


def status(due: Day, today: date, grace: int) -> str:
    if today < due.first:
        return "up-to-date"
    return "due" if today <= due.last + timedelta(days=grace) else "overdue"


def all_of(*parts: bool | None) -> bool | None:
    return False if False in parts else None if None in parts else True


def not_of(part: bool | None) -> bool | None:
    return None if part is None else not part


def any_of(*parts: bool | None) -> bool | None:
    return True if True in parts else None if None in parts else False


def join(rows: Rows) -> Rows:
    """Two sides with one answer are one row."""
    if len(rows) == 2 and rows[0][1:] == rows[1][1:]:
        return [("both", *rows[0][1:])]
    return rows
