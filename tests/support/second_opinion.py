"""
A second opinion on the schedule: the rule table in plain Python, written from its words, not from the rule files.

It reads the small language of the examples directly and shares nothing with the engine, not even its dates.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from tests.support.second_opinion_imaging import ImagingRows
from tests.support.second_opinion_patient import GRACE, UNKNOWN, Rows, all_of, any_of, day_of

Answer = dict[str, Rows]


class Opinion(ImagingRows):
    """The rows of the table, one method each."""

    def answer(self) -> Answer:
        rows: dict[str, Callable[[], Rows]] = {
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
            "dxa-tamoxifen-discuss": self.e13c,
            "lvef-after-trastuzumab": self.c04,
            "germline-testing-offer": self.r01,
            "male-mammogram-same-side": self.x01,
        }
        return {name: row() for name, row in rows.items()}

    def g04(self) -> Rows:
        unread = bool(self.p.unread & {"surgery", "radiation", "systemic"})
        if self.unfinished:
            return [(None, "due", None)]
        recent = self.p.facts.get("recurrence")
        base = day_of(recent.split()[1]) if recent else self.p.diagnosed()
        young = base.plus(18).last > self.today if len(base.text) == 10 else base.last > self.p.back(18)
        return [(None, UNKNOWN, None)] if self.end is None and young and unread else []

    def visits(self, phases: list[tuple[int, int]], last_months: int) -> Rows:
        if self.unfinished or self.end is None:
            return [(None, UNKNOWN, None)]
        months = last_months
        for until, step in phases:
            if self.today < self.end.plus(until).first:
                months = step
                break
        # Without a visit the first one was due by the interval of the time right after treatment.
        first = self.end.plus(phases[0][1])
        return self.dated(True, self.p.last("clinic-visit"), first, months, GRACE["visit"])

    def v01(self) -> Rows:
        if self.p.suspected() or self.p.kind() == "dcis":
            return []
        if self.p.kind() == "unknown":
            rows = self.visits([(36, 6), (60, 12)], 12)
            return [(None, UNKNOWN, row[2]) for row in rows]
        return self.visits([(36, 6), (60, 12)], 12)

    def v02(self) -> Rows:
        if self.p.suspected() or self.p.kind() == "invasive":
            return []
        rows = self.visits([(60, 12)], 12)
        return [(None, UNKNOWN, row[2]) for row in rows] if self.p.kind() == "unknown" else rows

    def n01(self) -> Rows:
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

    def year_five(self, nodes: bool) -> Rows:
        if self.p.sex == "male" or self.p.facts.get("pregnancy") or self.p.suspected():
            return []
        start = self.p.endocrine_start()
        kind = {"invasive": True, "dcis": False, "unknown": None}[self.p.kind()]
        rows = [row for row in self.p.drugs if row[0] in ("tamoxifen", "letrozole")]
        unread = bool(self.p.unread & {"systemic", "other_medications"})
        ever: bool | None = True if rows else None if unread else False
        window: bool | None = None
        if start is not None:
            opens, closes = start.plus(54), start.plus(66)
            if closes.last < self.today:
                return []
            ended = [day_of(row[3]) for row in rows if row[1] == "stopped"]
            edge = ended[0] if ended else day_of(self.today.isoformat())
            surely = opens.last <= edge.first and edge.last <= closes.first
            never = edge.last < opens.first or edge.first > closes.last
            window = True if surely else False if never else None
        found = self.node_positive()
        applies = all_of(kind, self.hr(), ever, window, None if found is None else found is nodes)
        return self.dated(applies, None, start.plus(54) if start else None, 12, 400)

    def e02(self) -> Rows:
        return self.year_five(False)

    def e03(self) -> Rows:
        return self.year_five(True)

    def e06(self) -> Rows:
        status_ = self.p.facts.get("menopausal_status")
        before = None if status_ is None else status_ in ("premenopausal", "perimenopausal")
        suppressed = self.p.suppressed()
        applies = all_of(self.p.taking("letrozole"), before, None if suppressed is None else not suppressed)
        if self.p.sex == "male" or applies is False:
            return []
        return [(None, "due" if applies else UNKNOWN, None)]

    def e09(self) -> Rows:
        if self.p.sex == "male" or self.p.suspected():
            return []
        status_, uterus = self.p.facts.get("menopausal_status"), self.p.facts.get("uterus")
        past = None if status_ is None else status_ != "premenopausal"
        applies = all_of(self.p.taking("tamoxifen"), None if uterus is None else uterus == "intact", past)
        starts = [day_of(row[2]) for row in self.p.drugs if row[0] == "tamoxifen"]
        first = starts[0].plus(12) if starts else None
        return self.dated(applies, self.p.last("gynecologic-exam"), first, 12, 30)

    def e11(self) -> Rows:
        both = all_of(self.p.taking("tamoxifen"), self.p.taking("paroxetine"))
        stopped = any(row[0] == "paroxetine" and row[1] == "stopped" for row in self.p.drugs)
        if both is None and stopped:
            return []
        return [] if both is False else [(None, "due" if both else UNKNOWN, None)]

    def bone_risk(self) -> bool | None:
        return any_of(self.p.taking("letrozole"), self.p.suppressed())

    def e13(self) -> Rows:
        status_ = self.p.facts.get("menopausal_status")
        risk = self.bone_risk()
        # A man has no menopause to ask for, unless the record speaks of a uterus or ovaries.
        organs = any(name in self.p.facts for name in ("uterus", "ovaries", "pregnancy"))
        if risk is False and status_ is None and (self.p.sex != "male" or organs):
            risk = None
        rows = [row for row in self.p.drugs if row[0] == "letrozole"] or [
            r for r in self.p.drugs if r[0] == "goserelin"
        ]
        first = day_of(rows[0][2]) if rows else None
        return self.dated(risk, self.p.last("dxa"), first, 24, GRACE["dxa"])

    def e13b(self) -> Rows:
        status_ = self.p.facts.get("menopausal_status")
        applies = None if status_ is None else status_ == "postmenopausal"
        if self.p.sex == "male" or applies is False or self.bone_risk() is True:
            return []
        if self.unfinished:
            return [(None, UNKNOWN, None)]
        if self.p.last("dxa") is not None:
            return [(None, "up-to-date" if applies else UNKNOWN, None)]
        return self.dated(applies, None, self.end, 24, GRACE["dxa"])

    def e13c(self) -> Rows:
        """Tamoxifen before menopause without suppression: says and applies-when of the row differ, so it is a talk."""
        status_ = self.p.facts.get("menopausal_status")
        before = None if status_ is None else status_ in ("premenopausal", "perimenopausal")
        applies = all_of(self.p.taking("tamoxifen"), before)
        if self.p.sex == "male" or applies is False or self.bone_risk() is True:
            return []
        return [(None, "due" if applies else UNKNOWN, None)]

    def c04(self) -> Rows:
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

    def r01(self) -> Rows:
        low, high = self.p.age_on(self.p.first_diagnosis())
        young = True if high <= 65 else False if low > 65 else None
        kind = {"invasive": True, "dcis": False, "unknown": None}[self.p.kind()]
        rows = self.p.facts.get("germline")
        applies = all_of(kind, young, None if rows is None else not rows)
        return [] if applies is False else [(None, "due" if applies else UNKNOWN, None)]


def second_opinion(given: dict[str, Any], today: date) -> Answer:
    """What the table says of a made-up patient, by rule id: side, status and due date of each row."""
    return Opinion(given, today).answer()
