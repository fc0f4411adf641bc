"""The timeline: labels never meet, however full the record."""

from __future__ import annotations

import itertools
import random
from datetime import date

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import RadiotherapyCourse
from smart_app.web.presenters_timeline import NEXT, next_lane
from smart_app.web.presenters_treatment import field_words
from smart_app.web.presenters_words import fact_label, months_words, value_words
from smart_app.web.timeline import LEFT, RIGHT, Element, Mark, draw_timeline, label_width, timeline_table

AS_OF = date(2026, 11, 23)


def crowded(seed: int, count: int) -> list[Mark]:
    chance = random.Random(seed)
    marks = []
    for number in range(count):
        start = PartialDate(chance.randint(1996, 2027), chance.choice([None, 3, 12]))
        shape = chance.choice(["ring", "square", "dot", "course", "bar", "box", "window"])
        end = start.add_months(chance.randint(1, 40)) if shape in ("bar", "box", "course", "window") else None
        lane = f"Lane {chance.randint(1, 4)}"
        label = "" if shape == "dot" and chance.random() < 0.5 else f"What was done {number}, in words"
        state = chance.choice(["done", "stopped", "active", "overdue", "due", "later"])
        marks.append(Mark(lane, shape, start, end, label, state, f"What {number}"))
    return marks


def extents(element: Element) -> tuple[float, float]:
    width = label_width(element.text)
    return (element.x - width, element.x) if " end" in element.css else (element.x, element.x + width)


def test_no_two_labels_of_a_crowded_record_overlap() -> None:
    for seed in range(40):
        drawing = draw_timeline(crowded(seed, 30), AS_OF)
        assert drawing is not None
        by_line: dict[float, list[tuple[float, float]]] = {}
        for element in drawing.elements:
            if element.tag == "text":
                by_line.setdefault(element.y, []).append(extents(element))
        for spans in by_line.values():
            ordered = sorted(spans)
            for (_, end), (start, _) in itertools.pairwise(ordered):
                assert end <= start + 1, f"labels meet in seed {seed}"


def test_a_long_history_thins_out_its_years() -> None:
    marks = [Mark("Diagnosis", "ring", PartialDate(1979), None, "Diagnosis, 1979")]
    drawing = draw_timeline(marks, AS_OF)
    assert drawing is not None
    years = [element for element in drawing.elements if element.tag == "text" and element.y == 17]
    assert 3 < len(years) < 24


def test_marks_stay_inside_the_drawing() -> None:
    drawing = draw_timeline(crowded(3, 40), AS_OF)
    assert drawing is not None
    for element in drawing.elements:
        if element.tag in ("rect", "circle"):
            assert LEFT - 8 <= element.x <= RIGHT + 8


def test_nothing_dated_gives_no_drawing() -> None:
    assert draw_timeline([], AS_OF) is None


def test_the_table_says_the_same_in_order_of_date() -> None:
    marks = crowded(5, 12)
    rows = timeline_table(marks)
    assert len(rows) == len(marks)
    assert {row.what for row in rows} == {mark.what for mark in marks}


def test_a_field_that_the_record_names_twice_is_named_once() -> None:
    def words(*field: str, side: str = "left") -> str:
        return field_words(RadiotherapyCourse(side, None, None, (), field=field))

    assert words("Chest wall structure", "Chest wall, left") == "Chest wall, left"
    assert words("Breast", "axilla") == "Breast, axilla, left"
    assert words() == "Left"


def test_lanes_of_what_lies_ahead_have_names_that_are_not_cut() -> None:
    assert next_lane("mammogram", "Yearly mammogram of the remaining breast", ", right") == "Mammogram, right"
    assert next_lane("mammogram", "Yearly mammogram of both breasts", "") == "Next mammogram"
    assert [name for name in NEXT if "…" in next_lane(name, "", "")] == []


def test_the_label_of_a_short_course_stands_after_its_dashed_part() -> None:
    marks = [
        Mark("Endocrine", "bar", PartialDate(2026, 8, 1), PartialDate.from_date(AS_OF), "Goserelin, active", "active"),
        Mark("Diagnosis", "ring", PartialDate(2022, 8, 1), None, ""),
        Mark("Next mammogram", "window", PartialDate(2028, 8, 1), PartialDate(2028, 8, 1), "", "later"),
    ]
    drawing = draw_timeline(marks, AS_OF)
    assert drawing is not None
    label = next(element for element in drawing.elements if element.text == "Goserelin, active")
    dashes = next(element.d for element in drawing.elements if element.css == "tl-plan")
    assert label.x > float(dashes.split("H")[1].split("V")[0])


def test_a_label_does_not_run_through_today_where_there_is_room_before_its_mark() -> None:
    first = Mark("Diagnosis", "ring", PartialDate.parse("2019-03-01"), None, "Diagnosis, left, Mar 1, 2019")
    late = Mark("Operation", "square", PartialDate.parse("2026-09-01"), None, "Lumpectomy, left, Sep 1, 2026")
    dots = [Mark("Mammogram", "dot", PartialDate.parse(f"{year}-10-01"), None, "") for year in range(2020, 2026)]
    newest = Mark("Mammogram", "dot", PartialDate.parse("2026-10-01"), None, "Oct 1, 2026, BI-RADS 2")
    ahead = Mark("Next visit", "window", PartialDate.parse("2029-05-01"), None, "May 2029", "later")
    drawing = draw_timeline([first, late, *dots, newest, ahead], AS_OF)
    assert drawing is not None
    labels = {element.text: element.css for element in drawing.elements if element.tag == "text"}
    assert "end" in labels[late.label].split()
    assert "end" not in labels[first.label].split()
    assert "end" not in labels[newest.label].split()


def test_relatives_and_intervals_are_told_in_words() -> None:
    relatives = [{"relation": "sister", "cancer": "breast", "age": 38.0}, {"relation": "mother", "cancer": "ovarian"}]
    assert value_words("family_history", relatives) == "Sister: breast cancer at 38; Mother: ovarian cancer"
    assert [months_words(pair) for pair in ((1, 1), (3, 6), (24, 24))] == [
        "every month",
        "every 3 to 6 months",
        "every 2 years",
    ]


def test_dates_and_studies_are_words_wherever_a_fact_is_named() -> None:
    assert value_words("radiation", "ended 2024-09-25") == "Ended Sep 25, 2024"
    assert value_words("surgery", "breast-conserving (left)") == "Breast conserving (left)"
    assert [fact_label(name) for name in ("breast-mri", "breast_mri", "dxa")] == ["Breast MRI", "Breast MRI", "DXA"]
