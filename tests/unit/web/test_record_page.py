"""The clinician's page over hand-built values: what stands on it, in which words, and what never does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from smart_app.clinical.dates import PartialDate
from smart_app.clinical.facts import Fact, FactState, FactValue, PatientRecord, Scope, Search, SearchState
from smart_app.clinical.recommendations import Because, DueStatus, Recommendation
from smart_app.web.presenters_record import Extras, present_record
from tests.support.house_checks import check_page, find_all, text_of
from tests.support.page_values import (
    documented,
    recommendation,
    render,
    sample_frame,
    sample_recommendations,
    sample_record,
    source,
    with_facts,
)


def page_of(record: PatientRecord, items: tuple[Recommendation, ...] | None = None) -> str:
    given = sample_recommendations() if items is None else items
    return render("record.html", present_record(record, given, sample_frame(), Extras()))


def test_the_page_keeps_the_house_rules() -> None:
    check_page(page_of(sample_record()))


@pytest.mark.parametrize(
    "name",
    [
        "er",
        "pr",
        "her2",
        "grade",
        "stage_group",
        "t",
        "n",
        "m",
        "nodes_positive",
        "nodes_examined",
        "tumor_size_mm",
        "ki67_percent",
        "menopausal_status",
        "germline",
        "metastasis",
        "birads",
    ],
)
def test_every_graded_fact_stands_on_the_page_with_its_state(name: str) -> None:
    record = sample_record()
    found = find_all(check_page(page_of(record)), "data-fact", name)
    assert found
    assert {element.get("data-state") for element in found} == {record.facts[name].state.value}


def test_a_missing_fact_says_none_recorded_only_when_everything_was_read() -> None:
    unread = with_facts(sample_record(), Fact("menopausal_status", FactState.NOT_READ, rule="timed out"))
    row = text_of(find_all(check_page(page_of(unread)), "data-fact", "menopausal_status")[0])
    assert "None recorded" not in row
    assert "Timed out" in row
    assert "Not read" in row


def test_a_search_that_failed_is_said_with_the_advice_it_affects() -> None:
    waits = recommendation("implant-check", DueStatus.CANNOT_TELL, title="Check of the implant", missing=("surgery",))
    counts = recommendation(
        "visit",
        DueStatus.UP_TO_DATE,
        title="Clinic visit",
        because=(Because("clinic-visit", "2026-01-05"),),
        last_done=PartialDate.parse("2026-01-05"),
        due=PartialDate.parse("2027-01"),
    )
    searches = (
        Search("procedure", "Procedure", SearchState.FAILED, why="the EHR answered 500", supplies=("surgery",)),
        Search("encounter", "Encounter", SearchState.NOT_PERMITTED, supplies=("clinic-visit",)),
        Search("imaging-study", "ImagingStudy", SearchState.NOT_OFFERED, why="this EHR does not offer it"),
    )
    record = replace(sample_record(), surgery=(), searches=searches)
    page = check_page(page_of(record, (waits, counts)))
    text = " ".join(text_of(page).split())
    assert "Not read in full: Procedures (failed: the EHR answered 500); encounters (not permitted)." in text
    assert f"1 recommendation says “Cannot tell” because of it: {waits.title}." in text
    assert "A later date may stand there for: Clinic visit." in text
    assert "Imaging studies: this EHR does not offer it" in text, "told, and no warning: nothing rests on it alone"
    assert f"the EHR answered 500. Cannot tell because of it: {waits.title}." in text, "in the list of searches too"


def test_both_values_of_a_conflict_are_shown_and_neither_is_chosen() -> None:
    row = text_of(find_all(check_page(page_of(sample_record())), "data-fact", "her2")[0])
    assert "Negative" in row
    assert "Positive" in row
    assert "biopsy" in row
    assert "excision" in row
    assert "Choose which HER2 result stands" in row


def test_a_mans_page_does_not_ask_for_menopause_or_uterus_in_the_first_place() -> None:
    record = sample_record()
    missing = {name: Fact(name, FactState.NOT_FOUND) for name in ("menopausal_status", "uterus")}
    man = replace(record, patient=replace(record.patient, sex="male"), facts={**record.facts, **missing})
    document = check_page(page_of(man))
    fold = find_all(document, "class", "more further")[0]
    assert find_all(fold, "data-fact", "menopausal_status"), "what was looked for is still told, last"
    assert len(find_all(document, "data-fact", "menopausal_status")) == 1
    heading = text_of(next(element for element in fold.iter() if str(element.tag).endswith("summary")))
    assert "Uterus" not in heading and "Menopausal" not in heading
    woman = check_page(page_of(replace(man, patient=record.patient)))
    assert not find_all(find_all(woman, "class", "more further")[0], "data-fact", "menopausal_status")


def test_recommendations_stand_with_rule_and_status() -> None:
    document = check_page(page_of(sample_record()))
    shown = {(e.get("data-rule"), e.get("data-status")) for e in find_all(document, "data-rule")}
    assert shown == {(item.rule, item.status.value) for item in sample_recommendations()}


def test_outside_the_scope_nothing_on_the_page_can_be_taken_for_advice() -> None:
    record = replace(sample_record(), scope=Scope(False, ("metastatic-disease",)))
    document = check_page(page_of(record))
    assert find_all(document, "data-rule") == []
    text = text_of(document)
    assert "Plan does not apply." in text
    assert "Edit and save plan" not in text
    assert find_all(document, "data-fact", "er"), "the facts are shown all the same"


def test_metastatic_disease_is_named_with_the_entry_that_says_so() -> None:
    spread = documented("metastasis", "present", "2026-03-25")
    record = with_facts(replace(sample_record(), scope=Scope(False, ("metastatic-disease",))), spread)
    strip = present_record(record, (), sample_frame(), Extras()).strip
    assert strip[-1].text == "Metastatic disease is recorded. Source: Observation, Mar 25, 2026."


def test_a_date_is_never_sharper_than_the_record() -> None:
    record = with_facts(sample_record(), documented("grade", 3, "2019"))
    row = text_of(find_all(check_page(page_of(record)), "data-fact", "grade")[0])
    assert "2019" in row
    assert "Jan 2019" not in row


def test_an_entered_fact_stands_beside_what_the_record_says() -> None:
    from smart_app.clinical.facts import Entry

    own = Fact("menopausal_status", FactState.NOT_FOUND)
    entry = Entry("menopausal_status", "postmenopausal", "Dr. Ada Clinician", "2026-11-23T14:50:00Z", "Told me")
    fact = Fact("menopausal_status", FactState.ENTERED, "postmenopausal", entry=entry, record=own)
    element = find_all(check_page(page_of(with_facts(sample_record(), fact))), "data-fact", "menopausal_status")[0]
    assert element.get("data-state") == "entered"
    assert "record: none recorded" in text_of(element)
    assert "Told me" in text_of(element)


def test_markup_in_the_record_arrives_as_text() -> None:
    hostile = "<script>alert(1)</script>"
    evil = documented("grade", 2)
    evil = replace(evil, sources=(source("Observation/g-1", recorded=hostile, performer='"><img src=x onerror=1>'),))
    html = page_of(with_facts(sample_record(), evil))
    assert hostile not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


def test_two_primaries_stand_side_by_side_and_are_told_apart() -> None:
    first = sample_record().cancers[0]
    second = replace(first, laterality="right", kind="dcis", diagnosed_on=PartialDate(2014))
    document = check_page(page_of(replace(sample_record(), cancers=(first, second))))
    headings = [text_of(h) for h in document.iter() if str(h.tag).endswith("}h3")]
    assert "Tumor 1: left, 2022" in headings
    assert "Tumor 2: right, 2014" in headings
    assert {e.get("data-cancer") for e in find_all(document, "data-fact", "er")} == {"1", "2"}


def test_with_nothing_in_the_record_every_place_says_so() -> None:
    empty = PatientRecord(
        sample_record().as_of, sample_record().patient, Scope(False, ("no-breast-cancer",)), (), {}, imaging={}
    )
    document = check_page(page_of(empty, ()))
    assert "No breast cancer is recorded." in text_of(document)
    assert find_all(document, "data-state", "not-found")


def test_the_title_names_no_patient() -> None:
    document = check_page(page_of(sample_record()))
    title = next(e for e in document.iter() if str(e.tag).endswith("}title"))
    assert "Samplewright" not in text_of(title)


def test_at_most_three_lines_say_what_matters_today() -> None:
    page = present_record(sample_record(), sample_recommendations(), sample_frame(), Extras())
    assert [line.tag.css for line in page.matters] == ["overdue", "conflicting", "cannot-tell"]


def test_each_conflict_is_named_with_the_values_that_disagree() -> None:
    record = sample_record()
    stage = replace(record.facts["stage_group"], state=FactState.CONFLICTING, others=stage_values("IIA", "IIIA"))
    both = replace(
        record, cancers=(replace(record.cancers[0], facts={**record.cancers[0].facts, "stage_group": stage}),)
    )
    one, two = (
        next(line for line in present_record(it, (), sample_frame(), Extras()).matters if line.tag.css == "conflicting")
        for it in (record, both)
    )
    assert [link.text for link in one.links] == ["HER2"]
    assert one.text == ": negative (biopsy) and positive (excision). Choose which result stands."
    assert [link.text for link in two.links] == ["Stage IIA or IIIA", "HER2 negative or positive"]


def stage_values(*values: str) -> tuple[FactValue, ...]:
    return tuple(FactValue(value, None, ()) for value in values)
