"""
The timeline, laid out by rule: labels never meet, however full the record.

Every lane has tracks. A mark takes the first track in which its own width and its label's width are free; a new track
is added when none is. Widths are counted in characters, generously, because the server does not know the reader's font.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from smart_app.clinical.dates import PartialDate
from smart_app.web.presenters_words import date_words

WIDTH = 952
LEFT = 132
RIGHT = 948
TOP = 24
TRACK = 24
CHARACTER = 6.7
GAP = 10


@dataclass(frozen=True, slots=True)
class Mark:
    """
    One thing on the timeline.

    `shape`: ring (diagnosis), square (operation), dot (study), course (chemotherapy), bar (other drugs),
    box (radiation), window (ahead).
    `state`: done, stopped, active, overdue, due, later. `end` is None for a moment; `label` may be empty.
    """

    lane: str
    shape: str
    start: PartialDate
    end: PartialDate | None
    label: str
    state: str = "done"
    what: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Element:
    """One SVG element: geometry only; looks come from the class."""

    tag: str
    css: str
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0
    d: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """The same data as a row of the table."""

    when: str
    what: str
    kind: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """A drawn timeline. `about` is its text alternative."""

    height: int
    elements: tuple[Element, ...]
    title: str
    about: str


@dataclass(frozen=True, slots=True)
class _Scale:
    first: date
    last: date

    def x(self, day: date) -> float:
        """Position of a day; outside the drawn years it is held at the edge."""
        whole = (self.last - self.first).days or 1
        share = min(max((day - self.first).days / whole, 0), 1)
        return round(LEFT + (RIGHT - LEFT) * share, 1)


@dataclass(frozen=True, slots=True)
class _Placed:
    mark: Mark
    x1: float
    x2: float
    label_x: float
    anchor: str
    taken: tuple[float, float]
    inside: bool = False


def label_width(text: str) -> float:
    """Generous width of a label in drawing units (12 px type)."""
    return len(text) * CHARACTER


def draw_timeline(marks: Sequence[Mark], as_of: date) -> Drawing | None:
    """
    Lay the marks out.

    Args:
        marks: In any order; lanes appear in the order of their first mark.
        as_of: Where the line "Today" stands.

    Returns:
        The drawing; None when there is nothing to draw.
    """
    if not marks:
        return None
    scale = _scale(marks, as_of)
    elements: list[Element] = []
    y = TOP + 8
    lanes = list(dict.fromkeys(mark.lane for mark in marks))
    for lane in lanes:
        of_lane = [_place(mark, scale) for mark in marks if mark.lane == lane]
        tracks = _tracks(_clear_of_today(of_lane, scale.x(as_of)))
        elements.append(Element("text", "tl-text soft", 0, y + 14, text=lane))
        for track in tracks:
            for placed in track:
                elements.extend(_draw(placed, y, scale, as_of))
            y += TRACK
        y += 4
        elements.insert(0, Element("path", "tl-lane", d=f"M0 {y}H{RIGHT}"))
        y += 2
    grid = _grid(scale, as_of, y)
    years = f"{scale.first.year} to {scale.last.year - 1}"
    about = "; ".join(f"{row.what}, {row.when}" for row in timeline_table(marks)[:12])
    return Drawing(y + 6, (*grid, *elements), f"Timeline {years}", about + ". The same data stand in the table below.")


def _scale(marks: Sequence[Mark], as_of: date) -> _Scale:
    starts = [mark.start.earliest for mark in marks] + [as_of]
    ends = [(mark.end or mark.start).latest for mark in marks] + [as_of]
    last = min(max(ends), date(as_of.year + 3, 12, 31))
    return _Scale(date(min(starts).year, 1, 1), date(max(last.year, as_of.year + 1) + 1, 1, 1))


def _place(mark: Mark, scale: _Scale) -> _Placed:
    """Geometry of one mark: where it is, where its label goes, and which stretch both take."""
    point = mark.shape in ("ring", "square", "dot")
    if point:
        middle = (scale.x(mark.start.earliest) + scale.x(mark.start.latest)) / 2
        x1, x2 = middle - 6, middle + 6
    else:
        x1 = scale.x(mark.start.earliest)
        x2 = max(scale.x((mark.end or mark.start).latest), x1 + 8)
    width = label_width(mark.label)
    reach = 10 if mark.state in ("overdue", "due") else 0
    if mark.shape == "bar" and width + 12 <= x2 - x1:
        return _Placed(mark, x1, x2, x1 + 6, "start", (x1, x2), inside=True)
    before = _labelled_before(mark, x1, x2)
    after = x2 + 6 + (_goes_on(x2) - x2 if mark.shape == "bar" and mark.state == "active" else 0)
    if after + width <= RIGHT or before.taken[0] < LEFT:
        after = after if after + width <= RIGHT else x2 + 6
        return _Placed(mark, x1, x2, after, "start", (x1 - reach, after + width))
    return before


def _labelled_before(mark: Mark, x1: float, x2: float) -> _Placed:
    start = x1 - 6 - (10 if mark.state in ("overdue", "due") else 0)
    return _Placed(mark, x1, x2, start, "end", (start - label_width(mark.label), x2))


def _clear_of_today(placed: list[_Placed], today: float) -> list[_Placed]:
    """A label that would run through the line "Today" stands before its mark, where nothing of the lane is."""
    moved = list(placed)
    for index, item in enumerate(placed):
        before = _labelled_before(item.mark, item.x1, item.x2)
        others = moved[:index] + moved[index + 1 :]
        free = all(one.taken[1] + GAP <= before.taken[0] or one.taken[0] >= item.x2 + GAP for one in others)
        if item.x2 < today < item.taken[1] and before.taken[0] >= LEFT and free:
            moved[index] = before
    return moved


def _goes_on(x2: float) -> float:
    """Where the dashed part of what is taken now ends."""
    return min(x2 + 60, RIGHT)


def _tracks(placed: Iterable[_Placed]) -> list[list[_Placed]]:
    """First fit: a mark goes into the first track whose last one ends before it begins."""
    tracks: list[list[_Placed]] = []
    for item in sorted(placed, key=lambda one: (one.taken[0], one.taken[1])):
        for track in tracks:
            if track[-1].taken[1] + GAP <= item.taken[0] or _may_touch(track[-1], item):
                track.append(item)
                break
        else:
            tracks.append([item])
    return tracks


def _may_touch(before: _Placed, after: _Placed) -> bool:
    """Bars with their labels inside, and unlabelled dots, may stand edge to edge."""
    bars = before.inside and after.inside and before.x2 <= after.x1 + 2
    dots = not before.mark.label and before.mark.shape == "dot" and before.taken[1] <= after.taken[0]
    return bars or dots


def _draw(placed: _Placed, y: int, scale: _Scale, as_of: date) -> Iterable[Element]:
    mark, x1, x2 = placed.mark, placed.x1, placed.x2
    if mark.shape == "window":
        yield from _draw_window(mark, x1, x2, y)
    else:
        yield _draw_shape(mark, x1, x2, y)
    if mark.shape == "bar" and mark.state == "active" and scale.x(as_of) >= x2 - 1:
        yield Element("path", "tl-plan", d=f"M{x2} {y + 2}H{_goes_on(x2)}V{y + 19}H{x2}")
    if mark.label:
        css = "tl-text"
        if placed.inside and mark.state != "stopped":
            css += " inv"
        elif mark.state == "overdue":
            css += " strong"
        yield Element("text", css + (" end" if placed.anchor == "end" else ""), placed.label_x, y + 14, text=mark.label)


def _draw_shape(mark: Mark, x1: float, x2: float, y: int) -> Element:
    """What was done: a shape a kind, so that grey works."""
    middle = (x1 + x2) / 2
    if mark.shape == "ring":
        return Element("circle", "tl-ring", middle, y + 10, 5)
    if mark.shape == "dot":
        return Element("circle", "tl-solid", middle, y + 10, 5)
    if mark.shape == "square":
        return Element("rect", "tl-solid", middle - 5, y + 5, 10, 10)
    if mark.shape == "bar":
        return Element("rect", "tl-bar past" if mark.state == "stopped" else "tl-bar", x1, y + 2, x2 - x1, 17)
    return Element("rect", "tl-box" if mark.shape == "box" else "tl-solid", x1, y + 4, x2 - x1, 12)


def _draw_window(mark: Mark, x1: float, x2: float, y: int) -> Iterable[Element]:
    """What lies ahead: an outlined window with the shape of its status."""
    late = mark.state == "overdue"
    yield Element("rect", "tl-win late" if late else "tl-win", x1, y + 4, x2 - x1, 13)
    if late:
        yield Element("path", "tl-late", d=f"M{x1} {y + 3}l8 14h-16z")
    elif mark.state == "due":
        yield Element("path", "tl-due", d=f"M{x1} {y + 2}l8 8-8 8-8-8z")


def _grid(scale: _Scale, as_of: date, bottom: int) -> Iterable[Element]:
    """Year lines, thinned out so that their labels stay apart, and the line of today, which wins its place."""
    years = range(scale.first.year, scale.last.year)
    step = next(step for step in (1, 2, 5, 10, 20, 50) if len(years) / step * 46 <= RIGHT - LEFT or step == 50)
    today = scale.x(as_of)
    for year in years:
        if (year - scale.first.year) % step:
            continue
        x = scale.x(date(year, 1, 1))
        yield Element("path", "tl-grid", d=f"M{x} {TOP}V{bottom}")
        if not (today - 44 < x + 34 and x < today + 6):
            yield Element("text", "tl-text soft", x + 5, 17, text=str(year))
    yield Element("path", "tl-now", d=f"M{today} {TOP}V{bottom}")
    yield Element("text", "tl-text strong end", today - 5, 17, text="Today")


def timeline_table(marks: Iterable[Mark]) -> tuple[TimelineRow, ...]:
    """The marks by date, in words: the drawing's equal."""
    rows = []
    for mark in sorted(marks, key=lambda one: (one.start.earliest, one.lane)):
        when = date_words(mark.start)
        if mark.end is not None and mark.end != mark.start and mark.state != "active":
            when += f" to {date_words(mark.end)}"
        elif mark.state == "active":
            when = f"since {when}"
        rows.append(TimelineRow(when, mark.what or mark.label, mark.kind or mark.lane))
    return tuple(rows)
