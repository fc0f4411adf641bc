"""Rows that a clinician enters, corrects or strikes: beside the record's own, for the record as it was then."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest

from smart_app.clinical.entered_rows import find_own_row, list_words, own_rows
from smart_app.clinical.entries import apply_entries
from smart_app.clinical.entries_kept import entries_are_applied, entries_that_stand
from smart_app.clinical.facts import Entry, Fact, FactState, PatientRecord, Search, SearchState
from smart_app.clinical.facts_json import facts_json
from smart_app.clinical.features import derive_features
from smart_app.clinical.features_treatment import antibody_end, endocrine_start
from smart_app.clinical.plan_facts import entry_words
from smart_app.clinical.treatment_dates import primary_treatment
from smart_app.clinical.typed_rows import ALL_GIVEN, NOT_DONE, OTHERS, own_id, parse_row, row_id, typed_row
from smart_app.fhir.entered_facts import as_read_back
from tests.support.rule_charts import AS_OF, read_chart

CHART = (
    "woman 1966-03-01 · invasive left 2023-02-10 · lumpectomy left 2023-03-15 · letrozole 2023-07-01 · "
    "mammogram 2025-03-12 both 2"
)


def added(name: str, text: str, at: str = f"{AS_OF}T10:00:00Z") -> Entry:
    value = parse_row(name, text)
    assert isinstance(value, dict)
    return Entry(name, value, "Dr. Ines Rossi", at, "seen on paper", seen_where="Letter", row=own_id(name, value))


def about(record: PatientRecord, name: str, text: str, place: int = 0) -> Entry:
    """An entry about a row of the record."""
    own = typed_row(own_rows(record, name)[place][0])
    value: Any = parse_row(name, text)
    row = row_id(name, own)
    return Entry(name, value, "Dr. Ines Rossi", f"{AS_OF}T10:00:00Z", "seen on paper", row=row, instead_of=own)


def test_an_added_row_stands_beside_those_of_the_record_and_is_marked() -> None:
    entry = added("surgery", "kind mastectomy; side right; on 2024-01")
    record = apply_entries(read_chart([CHART]), (entry,))
    kinds = [(row.kind, row.side, row.entry is not None, bool(row.sources)) for row in record.surgery]
    assert kinds == [("breast-conserving", "left", False, True), ("mastectomy", "right", True, False)]
    shown = facts_json(record)["treatments"]["surgery"]
    assert shown[1]["entered"]["by"] == "Dr. Ines Rossi"
    assert "entered" not in shown[0]


def test_a_corrected_row_keeps_the_records_own_beside_it() -> None:
    record = read_chart([CHART])
    corrected = apply_entries(record, (about(record, "surgery", "kind mastectomy; side left; on 2023-03-15"),))
    (row,) = corrected.surgery
    assert (row.kind, row.sources) == ("mastectomy", ())
    assert row.record == record.surgery[0]


def test_a_row_that_did_not_take_place_is_set_aside_and_not_lost() -> None:
    record = read_chart([CHART])
    struck = apply_entries(record, (about(record, "systemic", NOT_DONE),))
    assert struck.systemic == ()
    (aside,) = struck.set_aside
    assert aside.sources == record.systemic[0].sources
    assert aside.why == ""


def test_the_end_of_a_drug_is_entered_by_correcting_its_row() -> None:
    record = read_chart([CHART])
    text = "agent letrozole; status stopped; from 2023-07-01; to 2026-02"
    (drug,) = apply_entries(record, (about(record, "systemic", text),)).systemic
    assert (drug.status, str(drug.ended_on)) == ("stopped", "2026-02")
    assert drug.classes == record.systemic[0].classes, "what the drug is does not depend on what was typed"


def test_an_entry_holds_only_for_the_record_that_it_was_made_of() -> None:
    record = read_chart([CHART])
    entry = about(record, "surgery", NOT_DONE)
    later = read_chart([CHART.replace("lumpectomy left 2023-03-15", "lumpectomy right 2023-03-15")])
    shown = apply_entries(later, (entry,))
    assert [row.side for row in shown.surgery] == ["right"], "another operation is never struck with it"
    assert [aside.why for aside in shown.set_aside] == ["the record no longer says what was corrected"]
    (left,) = entries_that_stand([as_read_back(entry, record)], later).left_out
    assert left.why == "the record no longer says what was corrected"


def test_a_row_that_the_record_holds_by_now_is_not_counted_twice() -> None:
    entry = added("systemic", "agent tamoxifen; class serm, endocrine; status active; from 2023-07")
    later = read_chart([f"{CHART} · tamoxifen 2023-07-01"])
    shown = apply_entries(later, (entry,))
    assert sum(drug.agent == "tamoxifen" for drug in shown.systemic) == 1
    assert [aside.why for aside in shown.set_aside] == ["the record holds it itself"]


@pytest.mark.parametrize("name", ["surgery", "axillary_surgery", "radiation", "systemic"])
def test_no_others_holds_until_the_record_lists_something_else(name: str) -> None:
    record = read_chart([CHART])
    entry = Entry(name, ALL_GIVEN, "Dr. Rossi", f"{AS_OF}T10:00:00Z", "asked", row=OTHERS)
    entry = as_read_back(Entry(**{**_fields(entry), "instead_of": list_words(record, name)}), record)
    assert apply_entries(record, (entry,)).all_given == {name: entry}
    more = {
        "surgery": "mastectomy right 2024-01-01",
        "axillary_surgery": "sentinel left 2023-03-15",
        "radiation": "radiation left 2023-05-01 2023-06-01",
        "systemic": "docetaxel 2023-04-01 stopped 2023-06-01",
    }
    later = apply_entries(read_chart([f"{CHART} · {more[name]}"]), (entry,))
    assert later.all_given == {}
    assert [aside.why for aside in later.set_aside] == ["the record now holds other entries of this kind"]


def _fields(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in Entry.__dataclass_fields__}


def test_entries_are_read_back_from_a_plan_as_they_were_entered() -> None:
    record = read_chart([CHART])
    entries = [
        added("radiation", "side left; field whole breast, regional nodes; from 2023-05; to 2023-06; dose 40.05"),
        about(record, "surgery", "kind mastectomy; side left; on 2023-03-15"),
        about(record, "systemic", NOT_DONE),
    ]
    kept = entries_that_stand([as_read_back(entry, record) for entry in entries], record)
    assert kept.left_out == ()
    assert [(e.value, e.row, e.instead_of) for e in kept.stand] == [(e.value, e.row, e.instead_of) for e in entries]
    again = apply_entries(record, kept.stand)
    first = apply_entries(record, tuple(entries))
    assert facts_json(again) == facts_json(first)
    assert entries_are_applied(kept.stand, again)
    assert not entries_are_applied(kept.stand, record)


def test_the_order_of_entries_does_not_matter() -> None:
    record = read_chart([CHART])
    entries = (
        added("surgery", "kind mastectomy; side right; on 2024-01"),
        added("radiation", "side left; from 2023-05; to 2023-06"),
        about(record, "systemic", "agent letrozole; status stopped; from 2023-07-01; to 2026-02"),
        Entry("menopausal_status", "postmenopausal", "Dr. Rossi", f"{AS_OF}T10:00:00Z", "asked"),
    )
    made = [facts_json(apply_entries(record, order)) for order in permutations(entries)]
    assert all(each == made[0] for each in made)


def test_a_newer_study_leads_and_brings_its_category() -> None:
    record = read_chart([CHART])
    shown = apply_entries(record, (added("done", "what mammogram; side left; on 2026-09; birads 4B"),))
    last = shown.imaging["last_breast_imaging"]
    assert last is not None
    assert (str(last.on), last.birads, last.sub) == ("2026-09", "4", "B")
    birads = shown.facts["birads"]
    assert (birads.state, birads.value) == (FactState.ENTERED, "4")
    assert birads.record == record.facts["birads"]
    assert [str(event.on) for event in shown.events["mammogram"]] == ["2025-03-12"]


def test_an_older_study_and_one_without_a_category_leave_the_last_category_alone() -> None:
    suspicious = read_chart([CHART.replace("both 2", "both 4")])
    for text in ("what mammogram; side left; on 2024-09; birads 2", "what mammogram; side left; on 2026-09"):
        shown = apply_entries(suspicious, (added("done", text),))
        assert shown.facts["birads"] == suspicious.facts["birads"], text


def test_a_struck_study_does_not_count_as_done() -> None:
    record = read_chart([f"{CHART} · mammogram 2024-03-10 both 1"])
    newest = next(i for i, (parts, _) in enumerate(own_rows(record, "done")) if parts["what"] == "mammogram")
    shown = apply_entries(record, (about(record, "done", NOT_DONE, newest),))
    study = shown.imaging["mammogram"]
    assert study is not None
    assert str(study.on) == "2024-03-10", "the one before it is the newest now"
    assert all(str(event.on) != "2025-03-12" for event in shown.events["mammogram"])


def test_the_words_of_a_plan_name_what_the_record_says() -> None:
    record = read_chart([CHART])
    entry = about(record, "surgery", "kind mastectomy; side left; on 2023-03-15")
    words = entry_words(entry)
    assert words.startswith("operation: mastectomy, left, 2023-03-15 (the record says: breast conserving")
    assert "by Dr. Ines Rossi on 2026-11-25" in words
    struck = entry_words(about(record, "systemic", NOT_DONE))
    assert struck.startswith("cancer drug: letrozole, active, from 2023-07-01: did not take place")
    assert find_own_row(record, "surgery", entry.row) is not None


def test_a_condition_is_struck_or_said_to_be_absent_and_never_taken_for_unread() -> None:
    record = read_chart([f"{CHART} · clot 2020-05-01"])
    struck = apply_entries(record, (about(record, "conditions", NOT_DONE),))
    assert struck.events["venous-thromboembolism"] == ()
    assert len(struck.set_aside) == 1
    absent = apply_entries(record, (added("conditions", "what stroke; status absent"),))
    assert set(absent.all_given) == {"stroke"}
    assert "stroke" not in absent.events
    assert absent.events["venous-thromboembolism"] == record.events["venous-thromboembolism"]


def test_a_condition_and_a_study_can_be_entered_together() -> None:
    entries = (added("conditions", "what stroke; status active"), added("done", "what clinic-visit; on 2026-09-01"))
    shown = apply_entries(read_chart([CHART]), entries)
    assert shown.events["stroke"][0].entry == entries[0]
    assert shown.events["clinic-visit"][0].entry == entries[1]
    assert entries_are_applied(entries, shown)


def test_the_category_of_a_struck_study_goes_with_it_and_the_one_before_it_leads() -> None:
    suspicious = CHART.replace("both 2", "both 4")
    alone = read_chart([suspicious])
    gone = apply_entries(alone, (about(alone, "done", NOT_DONE),))
    assert gone.imaging["last_breast_imaging"] is None
    assert (gone.facts["birads"].state, gone.facts["birads"].value) == (FactState.NOT_FOUND, None)
    record = read_chart([f"{suspicious} · mammogram 2024-03-10 both 1 · mammogram 2023-12-01 both 3"])
    shown = apply_entries(record, (about(record, "done", NOT_DONE),))
    birads = shown.facts["birads"]
    assert (birads.state, birads.value, str(birads.on)) == (FactState.DOCUMENTED, "1", "2024-03-10")
    assert [str(event.on) for event in shown.events["mammogram"]] == ["2024-03-10", "2023-12-01"], "each once"


def test_a_struck_study_that_was_never_read_in_full_leaves_its_category_unread() -> None:
    record = replace(
        read_chart([CHART.replace("both 2", "both 4")]),
        searches=(Search("report", "DiagnosticReport", SearchState.FAILED, supplies=("birads", "mammogram")),),
    )
    struck = apply_entries(record, (about(record, "done", NOT_DONE),))
    assert struck.facts["birads"].state is FactState.NOT_READ


def test_a_study_of_a_year_never_hides_the_category_of_a_dated_one() -> None:
    record = read_chart([CHART.replace("both 2", "left 4")])
    shown = apply_entries(record, (added("done", "what mammogram; side right; on 2025; birads 1"),))
    assert shown.facts["birads"].value == "4"
    corrected = apply_entries(record, (about(record, "done", "what mammogram; side left; on 2025-03-12; birads 4B"),))
    assert corrected.facts["birads"].extra == {"sub": "4B"}, "as the record's own is written"


def test_what_was_read_from_a_struck_study_alone_is_open_again() -> None:
    record = read_chart([f"{CHART} · echo 2025-01-10"])
    echo = next(i for i, (parts, _) in enumerate(own_rows(record, "done")) if parts["what"] == "echocardiogram")
    sources = own_rows(record, "done")[echo][1].sources
    of_echo = Fact("lvef_percent", FactState.DOCUMENTED, 41, sources=sources)
    record = replace(record, facts={**record.facts, "lvef_percent": of_echo})
    struck = apply_entries(record, (about(record, "done", NOT_DONE, echo),))
    assert (struck.facts["lvef_percent"].state, struck.facts["lvef_percent"].value) == (FactState.NOT_FOUND, None)
    other = apply_entries(record, (about(record, "surgery", NOT_DONE),))
    assert other.facts["lvef_percent"] == of_echo


@pytest.mark.parametrize(
    ("name", "row", "value"),
    [
        ("surgery", "own-0123456789", NOT_DONE),
        ("surgery", "own-0123456789", ALL_GIVEN),
        ("surgery", OTHERS, NOT_DONE),
        ("surgery", OTHERS, {"kind": "mastectomy", "side": "left"}),
        ("surgery", "own-<b>/../x", {"kind": "mastectomy", "side": "right"}),
        ("other_medications", OTHERS, ALL_GIVEN),
        ("conditions", OTHERS, ALL_GIVEN),
    ],
)
def test_what_cannot_be_said_of_a_row_is_set_aside_with_words(name: str, row: str, value: Any) -> None:
    record = read_chart([CHART])
    entry = Entry(name, value, "Dr. Rossi", f"{AS_OF}T10:00:00Z", "sent by hand", row=row)
    entry = replace(entry, instead_of=list_words(record, name) if row == OTHERS else "")
    shown = apply_entries(record, (entry,))
    assert [aside.why for aside in shown.set_aside] == ["this cannot be said of such an entry"]
    assert shown.all_given == {}
    assert shown.surgery == record.surgery
    assert entries_are_applied([entry], shown)


def test_that_there_are_no_others_cannot_be_said_of_one_row_of_the_record() -> None:
    record = read_chart([CHART])
    shown = apply_entries(record, (about(record, "surgery", ALL_GIVEN),))
    assert shown.surgery == record.surgery
    assert len(shown.set_aside) == 1


def test_an_entered_date_stands_before_the_record_but_never_hides_what_was_entered_as_well() -> None:
    record = read_chart([CHART])
    at = f"{AS_OF}T09:00:00Z"
    dates = {"surgery_on": "2023-04", "endocrine_started_on": "2023-08", "trastuzumab_ended": "2024-02"}
    told = tuple(Entry(name, day, "Dr. Rossi", at, "letter") for name, day in dates.items())
    alone = apply_entries(record, told)
    assert str(primary_treatment(alone).ended_on) == "2023-04"
    assert str(endocrine_start(alone)) == "2023-08"
    more = (
        added("surgery", "kind mastectomy; side left; on 2026-09-01"),
        added("systemic", "agent tamoxifen; class serm, endocrine; status stopped; from 2015; to 2016"),
        added("systemic", "agent trastuzumab; class her2; status active; from 2026-10"),
    )
    both = apply_entries(record, (*told, *more))
    assert str(primary_treatment(both).ended_on) == "2026-09-01"
    assert str(endocrine_start(both)) == "2015"
    assert (str(antibody_end(alone)), antibody_end(both)) == ("2024-02", None)


def test_two_entries_on_ovarian_suppression_that_contradict_one_another_settle_nothing() -> None:
    record = read_chart([CHART])
    none = Entry("ovarian_suppression", "none", "Dr. Rossi", f"{AS_OF}T09:00:00Z", "asked")
    running = added("systemic", "agent goserelin; class ovarian-suppression, endocrine; status active; from 2026-01")
    assert derive_features(apply_entries(record, (none,))).get("ofs").value == frozenset({"none"})
    both = derive_features(apply_entries(record, (none, running))).get("ofs")
    assert (both.value, both.missing) == (None, ("ovarian_suppression",))


def test_the_order_of_many_entries_about_the_same_rows_never_matters() -> None:
    record = read_chart([f"{CHART} · clot 2020-05-01 · mammogram 2024-03-10 both 1"])
    late = f"{AS_OF}T11:00:00Z"
    every = [
        added("surgery", "kind mastectomy; side right; on 2024-01"),
        added("systemic", "agent doxorubicin; status stopped; from 2023-04"),
        added("systemic", "agent doxorubicin; status unknown", at=late),
        added("done", "what mammogram; side left; on 2026-09; birads 4B"),
        added("done", "what clinic-visit; on 2026-09-01"),
        added("conditions", "what stroke; status absent"),
        added("conditions", "what stroke; status resolved; on 2020", at=late),
        about(record, "done", NOT_DONE),
        about(record, "systemic", NOT_DONE),
        replace(about(record, "systemic", "agent letrozole; status unknown; from 2023-07-01"), at=late),
        about(record, "surgery", "kind mastectomy; side left; on 2023-03-15"),
        about(record, "conditions", NOT_DONE),
        Entry("radiation", ALL_GIVEN, "Dr. Rossi", late, "asked", row=OTHERS),
        Entry("surgery_on", "2023-04", "Dr. Rossi", late, "letter"),
    ]
    chance = random.Random(4)
    for _ in range(60):
        some = chance.sample(every, chance.randrange(2, len(every)))
        one = json.dumps(facts_json(apply_entries(record, tuple(some))))
        for _ in range(3):
            chance.shuffle(some)
            assert json.dumps(facts_json(apply_entries(record, tuple(some)))) == one
