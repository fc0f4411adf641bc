"""
Made-up patients for the second opinion: random but reproducible, in the small language of the rule examples.
"""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

AS_OF = date(2026, 11, 25)
OTHER = {"left": "right", "right": "left"}


def _day(rng: Random, oldest: int, newest: int, month_share: float = 0.2) -> str:
    """A date so many days ago, sometimes known to the month only."""
    day = AS_OF - timedelta(days=rng.randint(newest, oldest))
    return f"{day:%Y-%m}" if rng.random() < month_share else day.isoformat()


def _after(rng: Random, text: str, least: int, most: int) -> str:
    base = date.fromisoformat(text if len(text) == 10 else f"{text}-28")
    return (base + timedelta(days=rng.randint(least, most))).isoformat()


def _past(text: str) -> bool:
    return text[:10] <= AS_OF.isoformat()


def made_patient(seed: int) -> dict[str, Any]:
    """One patient; the same seed gives the same one."""
    rng = Random(seed)
    given: dict[str, Any] = {
        "sex": rng.choices(["female", "male", "unknown"], [86, 12, 2])[0],
        "born": _day(rng, 86 * 365, 28 * 365, 0.1),
    }
    cancers = [_cancer(rng)]
    if rng.random() < 0.1:
        second = _cancer(rng)
        second["side"] = OTHER.get(cancers[0]["side"], "left")
        cancers.append(second)
    given["cancers"] = cancers
    given["tumor"] = _tumor(rng)
    _treat(rng, given, cancers)
    given["facts"] = _facts(rng)
    given["imaging"], given["events"] = _done(rng)
    _birads(rng, given)
    if rng.random() < 0.06:
        given["unread"] = [rng.choice(["surgery", "radiation", "systemic", "mammogram", "new_symptoms", "breast-mri"])]
    return given


def _cancer(rng: Random) -> dict[str, Any]:
    kind = rng.choices(["invasive", "dcis", "unknown"], [80, 16, 4])[0]
    side = rng.choices(["left", "right", "unknown"], [47, 47, 6])[0]
    return {"kind": kind, "side": side, "dated": _day(rng, 15 * 365, 30)}


def _tumor(rng: Random) -> dict[str, Any]:
    pick = rng.choice
    return {
        "er": pick(["positive", "positive", "positive", "negative", None]),
        "pr": pick(["positive", "negative", None]),
        "her2": pick(["positive", "negative", "negative", None]),
        "n": pick(["N0", "N1", None]),
        "nodes_positive": pick([0, 0, 2, None, None]),
    }


def _treat(rng: Random, given: dict[str, Any], cancers: list[dict[str, Any]]) -> None:
    surgery: list[str] = []
    radiation: list[str] = []
    for cancer in cancers:
        on = _after(rng, cancer["dated"], 10, 90)
        choice = rng.choices(["breast-conserving", "mastectomy", "both-mastectomies", "none"], [52, 28, 8, 12])[0]
        if choice == "none" or not _past(on):
            continue
        if choice == "both-mastectomies":
            surgery.append(f"mastectomy bilateral {on}")
            continue
        surgery.append(f"{choice} {cancer['side']} {on}")
        if choice == "mastectomy" and rng.random() < 0.3:
            surgery.append(f"reconstruction {cancer['side']} {_after(rng, on, 0, 200)} DIEP flap")
        if rng.random() < (0.7 if choice == "breast-conserving" else 0.15):
            start = _after(rng, on, 30, 120)
            end = _after(rng, start, 20, 45)
            if _past(start):
                radiation.append(f"{cancer['side']} {start}" + (f" {end}" if rng.random() < 0.9 else ""))
    given["surgery"], given["radiation"] = surgery, radiation
    given["drugs"] = _drugs(rng, max(cancer["dated"] for cancer in cancers))


def _drugs(rng: Random, diagnosed: str) -> list[str]:
    drugs: list[str] = []
    start = _after(rng, diagnosed, 30, 400)
    if rng.random() < 0.3:
        end = _after(rng, diagnosed, 120, 200)
        drugs.append(f"doxorubicin stopped {_after(rng, diagnosed, 40, 60)} {end}")
        if rng.random() < 0.4:
            stop = _after(rng, end, 200, 380)
            active = not _past(stop)
            drugs.append(f"trastuzumab {'active' if active else 'stopped'} {end}" + ("" if active else f" {stop}"))
    drugs = [drug for drug in drugs if all(_past(word) for word in drug.split()[2:])]
    if not _past(start):
        return drugs
    kind = rng.choices(["tamoxifen", "letrozole", "both", "none"], [30, 40, 4, 26])[0]
    if kind in ("tamoxifen", "letrozole") and rng.random() < 0.12:
        # Some have ended: early, or after about five years.
        stop = _after(rng, start, *rng.choice([(200, 1500), (1640, 2010)]))
        if _past(stop):
            return [*drugs, f"{kind} stopped {start} {stop}"]
    if kind in ("tamoxifen", "both"):
        drugs.append(f"tamoxifen active {start}")
        if rng.random() < 0.15:
            drugs.append(f"paroxetine {rng.choice(['active', 'stopped'])} {start}")
    if kind in ("letrozole", "both"):
        drugs.append(f"letrozole active {start}")
        if rng.random() < 0.25:
            drugs.append(f"goserelin active {start}")
    return drugs


def _facts(rng: Random) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    pick = rng.choice
    facts["menopausal_status"] = pick(["premenopausal", "perimenopausal", "postmenopausal", "postmenopausal", None])
    facts["uterus"] = pick(["intact", "absent", None])
    facts["breast_density"] = pick(["a", "b", "c", "d", None])
    facts["germline"] = pick(
        [None, None, None, [], ["BRCA1 negative"], ["BRCA2 pathogenic"], ["TP53 pathogenic"], ["CHEK2 pathogenic"]]
    )
    if rng.random() < 0.05:
        facts["new_symptoms"] = True
    if rng.random() < 0.04:
        facts["pregnancy"] = True
    if rng.random() < 0.04:
        facts["recurrence"] = f"local {_day(rng, 1500, 60)}"
    if rng.random() < 0.1:
        facts["life_expectancy"] = pick(["under-5", "5-10", "over-10"])
    return {name: value for name, value in facts.items() if value is not None}


def _done(rng: Random) -> tuple[list[str], list[str]]:
    imaging: list[str] = []
    events: list[str] = []
    if rng.random() < 0.75:
        imaging.append(f"mammogram {_day(rng, 2000, 1)} {rng.choice(['both', 'both', 'left', 'right', 'unknown'])}")
        if rng.random() < 0.4:
            events.append(f"mammogram {_day(rng, 4000, 300)} {rng.choice(['bilateral', 'left', 'right'])}")
    if rng.random() < 0.15:
        imaging.append(f"breast-mri {_day(rng, 900, 1)} both")
    if rng.random() < 0.4:
        imaging.append(f"dxa {_day(rng, 1500, 1)}")
    if rng.random() < 0.4:
        imaging.append(f"echocardiogram {_day(rng, 900, 1)}")
    if rng.random() < 0.6:
        events.append(f"clinic-visit {_day(rng, 600, 1)}")
    if rng.random() < 0.2:
        events.append(f"gynecologic-exam {_day(rng, 800, 1)}")
    return imaging, events


def _birads(rng: Random, given: dict[str, Any]) -> None:
    """A category of the newest breast imaging, mostly harmless."""
    rows = [row for row in given["imaging"] if row.startswith(("mammogram", "breast-mri"))]
    if not rows or rng.random() < 0.3:
        return
    newest = max(rows, key=lambda row: row.split()[1])
    category = rng.choices(["1", "2", "0", "3", "4", "5"], [40, 44, 4, 4, 4, 4])[0]
    given["facts"]["birads"] = f"{category} {newest.split()[1]}"
