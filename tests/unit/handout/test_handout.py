"""What a patient's handout says, and what it never says."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from smart_app.clinical.clinic import ClinicContacts
from smart_app.clinical.dates import PartialDate
from smart_app.clinical.education import apply_choices
from smart_app.clinical.facts import ImagingStudy, Patient, Scope, Surgery
from smart_app.clinical.patient_language import forbidden_statements
from smart_app.clinical.plan import Decision, EducationChoice, PlanRow
from smart_app.clinical.recommendations import DueStatus
from smart_app.errors import DocumentError, OutOfScopeError
from smart_app.handout.blocks import Person
from smart_app.handout.messages import load_words
from tests.unit.handout.handout_values import (
    CLINIC,
    EDUCATION,
    TEMPLATES,
    TODAY,
    all_text,
    cancer,
    chosen,
    conflict,
    draft,
    drug,
    fact,
    handout,
    missing,
    recommendation,
    recommendations,
    record,
)


def months(of) -> dict[str, list[str]]:
    return {month.iso: [entry.what for entry in month.entries] for month in of.next.months if month.entries}


def had(of) -> dict[str, tuple[str, ...]]:
    return dict(of.had.rows)


def test_cancer_and_treatment_stand_in_plain_words() -> None:
    rows = had(handout())
    assert rows["Cancer"] == (
        "Breast cancer in your left breast, found in May 2022. It grew with the help of hormones.",
    )
    assert rows["Surgery"] == (
        "The lump was taken out of your left breast, June 2022.",
        "Some lymph nodes were taken out of the left armpit, June 2022.",
    )
    assert rows["Chemotherapy"] == ("Docetaxel and cyclophosphamide, July to September 2022.",)
    assert rows["Radiation"] == ("Left side, November to December 2022.",)
    assert rows["Hormone medicine"] == ("Anastrozole, January 2023 to March 2024.", "Tamoxifen since April 2024.")


def test_a_range_says_a_shared_year_once_and_two_years_both() -> None:
    spans = {
        (PartialDate(2022, 7), PartialDate(2022, 9)): ("July to September 2022", "de julio a septiembre de 2022"),
        (PartialDate(2022, 12, 3), PartialDate(2023, 1, 9)): (
            "December 2022 to January 2023",
            "de diciembre de 2022 a enero de 2023",
        ),
        (PartialDate(2022), PartialDate(2022, 9)): ("2022 to September 2022", "de 2022 a septiembre de 2022"),
    }
    for (start, end), said in spans.items():
        assert tuple(load_words(TEMPLATES, language).span(start, end) for language in ("en", "es")) == said


def test_the_heading_names_every_medicine_against_the_cancer_in_use() -> None:
    letrozole = drug("letrozole", "aromatase-inhibitor", start=(2024, 1))
    ribociclib = drug("ribociclib", "cdk4/6-inhibitor", start=(2024, 2))
    over = drug("ribociclib", "cdk4/6-inhibitor", start=(2024, 2), end=(2025, 2))
    titles = [handout(record(systemic=(letrozole, other))).medicine_title for other in (ribociclib, over)]
    assert titles == ["My medicine: letrozole and ribociclib", "My medicine: letrozole"]


def test_dates_stay_as_precise_as_the_record() -> None:
    of = record(
        cancers=(replace(cancer(), diagnosed_on=PartialDate(2019)),),
        surgery=(Surgery("mastectomy", "left", None, ()),),
    )
    rows = had(handout(of))
    assert "found in 2019." in rows["Cancer"][0]
    assert rows["Surgery"][0] == "Your left breast was removed."


def test_both_breasts_removed_on_one_day_are_one_sentence() -> None:
    both = tuple(Surgery("mastectomy", side, PartialDate(2021, 3, 2), ()) for side in ("left", "right"))
    assert had(handout(record(surgery=both)))["Surgery"][0] == "Both breasts were removed, March 2021."


def test_conflicting_results_never_stand_on_the_handout() -> None:
    of = record(
        cancers=(
            cancer(
                er=conflict("er", "positive", "negative"),
                pr=missing("pr"),
                her2=conflict("her2", "positive", "negative"),
            ),
        )
    )
    row = had(handout(of))["Cancer"][0]
    assert row == "Breast cancer in your left breast, found in May 2022."
    assert "CONFLICT" not in all_text(handout(of)).upper()


def test_prognosis_birads_genes_and_stage_never_stand_on_the_handout() -> None:
    of = record(
        cancers=(
            cancer(
                stage_group=fact("stage_group", "IIIC"), grade=fact("grade", 3), oncotype_rs=fact("oncotype_rs", 44)
            ),
        ),
        facts={
            "germline": fact("germline", [{"gene": "BRCA1", "result": "pathogenic"}]),
            "birads": fact("birads", "5"),
        },
        imaging={"mammogram": ImagingStudy("mammogram", PartialDate(2026, 8), "left", "5", ())},
    )
    text = all_text(handout(of))
    assert "IIIC" not in text and "44" not in text and "BI-RADS" not in text.upper()
    assert "Your gene test found" not in text


def test_the_calendar_holds_24_months_from_this_one() -> None:
    of = handout()
    assert len(of.next.months) == 24
    assert of.next.months[0].iso == "2026-11" and of.next.months[0].name == "November 2026"
    assert of.next.months[-1].iso == "2028-10"


def test_what_is_late_stands_in_this_month_and_is_named() -> None:
    of = handout()
    assert months(of)["2026-11"] == ["Mammogram, both breasts"]
    assert of.next.late == ("Still to do: mammogram, both breasts. It was due in August 2026.",)
    assert of.next.ask == "Please call us to book."
    assert of.next.months[0].entries[0].who == "Cancer clinic. Book now."


def test_later_occurrences_come_from_the_rules() -> None:
    first = replace(recommendations()[1], horizon=(PartialDate(2027, 6), PartialDate(2028, 6), PartialDate(2031, 6)))
    of = handout(recommendations=(first,))
    assert sorted(months(of)) == ["2026-12", "2027-06", "2028-06"]


def test_a_test_that_does_not_repeat_stands_once() -> None:
    once = recommendation(
        "echo", "echocardiogram", status=DueStatus.OVERDUE, due=PartialDate(2025, 7), interval_months=(6, 12)
    )
    assert list(months(handout(recommendations=(once,)))) == ["2026-11"]


def test_the_clinician_accepted_and_moved_rows_stand_and_declined_ones_do_not() -> None:
    rows = (
        PlanRow("visit", "Visit", "clinic-visit", Decision.ACCEPT, "oncology", "visit", due=PartialDate(2027, 3)),
        PlanRow(
            "mammogram-annual",
            "Mammogram",
            "mammogram",
            Decision.DECLINE,
            "oncology",
            "mammogram-annual",
            "both",
            due=PartialDate(2026, 8),
        ),
        PlanRow(
            "gynecology",
            "Gyn",
            "gynecology-review",
            Decision.UNDECIDED,
            "gynecology",
            "gynecology",
            due=PartialDate(2027, 1),
        ),
        PlanRow("own-12345678", "Yoga class", "other", Decision.ACCEPT, "Ms. Fit", due=PartialDate(2027, 2)),
    )
    of = handout(draft=draft(*rows))
    assert months(of) == {"2027-02": ["Yoga class"], "2027-03": ["Clinic visit"]}
    assert of.next.months[3].entries[0].who == "Ms. Fit"
    assert of.next.late == ()


def test_a_date_known_only_to_the_year_is_said_and_not_placed() -> None:
    of = handout(recommendations=(recommendation("dxa", "dxa", due=PartialDate(2027)),))
    assert months(of) == {}
    assert "In 2027: Bone density test." in of.next.after


def test_no_dates_at_all_is_said() -> None:
    of = handout(recommendations=())
    assert of.next.lead == "No dates are set yet. Ask us when your next visit is."


def test_urgent_signs_stand_apart_with_numbers_from_the_clinic() -> None:
    of = handout()
    assert [box.urgent for box in of.signs] == [True, False, False]
    assert of.signs[0].title == "Call 911 now"
    assert of.signs[1].title == "Call us the same day: 555-555-0142"
    assert handout(clinic=replace(CLINIC, urgent_number="112")).signs[0].title == "Call 112 now"


def test_without_telephone_numbers_there_are_lines_to_write_on() -> None:
    of = handout(clinic=ClinicContacts())
    assert of.signs[1].title == "Call us the same day"
    assert {number for number, _ in of.phones} == {"______________"}
    assert "call us." in all_text(of) and "[[" not in all_text(of)


def test_without_a_name_there_is_a_line_to_write_it_on() -> None:
    of = handout(person=Person())
    assert of.name == "" and of.name_line.startswith("Name: ____")


def test_the_last_line_says_who_checked_it_with_date_and_version() -> None:
    assert handout().closing[-1].startswith("Checked for you by Dr. Ada Clinician on November 25, 2026, text ")
    assert handout(checked_by=None).closing[-1].startswith("Not yet checked by a clinician. Text ")


def test_the_title_never_holds_the_name() -> None:
    assert "Mary" not in handout().title


def test_general_knowledge_is_left_off_and_named_for_the_clinician() -> None:
    of = handout(more=True)
    left = {entry.text for entry in of.left_off if entry.why == "general"}
    assert "Food with soy is fine for most people." in left
    text = all_text(of)
    assert not any(sentence in text for sentence in left)
    assert "deodorant" not in text


def test_a_setting_forbids_what_was_not_reviewed() -> None:
    of = handout(clinic=replace(CLINIC, review_required=True))
    assert of.medicine == () and of.more == () and of.can_do is None
    assert {entry.why for entry in of.left_off} == {"not-reviewed"}
    reviewed = tuple(
        replace(entry, paragraph=replace(entry.paragraph, reviewed_by="Dr. R", reviewed_on=TODAY))
        for entry in chosen(record())
    )
    assert handout(clinic=replace(CLINIC, review_required=True), chosen=reviewed).medicine


def test_unreviewed_paragraphs_are_named_for_the_clinician_and_not_marked_on_paper() -> None:
    of = handout()
    assert "medicine-tamoxifen" in of.not_reviewed
    assert "reviewed" not in all_text(of)


def test_an_expired_drug_text_needs_the_clinicians_word_and_shows_its_date() -> None:
    late = replace(record(), as_of=date(2027, 9, 1))
    of = handout(late, recommendations=())
    assert "expired" in {entry.why for entry in of.left_off if entry.paragraph == "medicine-tamoxifen"}
    assert not any(section.title == "Tamoxifen" for section in of.medicine)
    confirmed = handout(late, recommendations=(), confirmed={"medicine-tamoxifen"})
    tamoxifen = next(section for section in confirmed.medicine if section.title == "Tamoxifen")
    assert tamoxifen.paragraphs == ("Text of November 25, 2026.",)


def test_signs_are_printed_even_when_their_text_has_expired() -> None:
    of = handout(replace(record(), as_of=date(2030, 1, 1)), recommendations=())
    assert of.signs[0].urgent and "Chest pain" in of.signs[0].items


def test_news_never_stands_on_the_handout() -> None:
    every = apply_choices(chosen(record(), include_hidden=True), (EducationChoice("news-lidera", True, 0),))
    assert "giredestrant" not in all_text(handout(chosen=every))


def test_details_that_the_clinician_added_are_printed() -> None:
    every = apply_choices(chosen(record(), include_hidden=True), (EducationChoice("returns-hormone", True, 500),))
    assert [section.title for section in handout(chosen=every).more] == ["If it grows with hormones"]


@pytest.mark.parametrize("language", ["en", "es"])
def test_more_to_know_is_off_until_the_clinician_switches_it_on(language: str) -> None:
    assert handout(language=language).more == ()
    assert len(handout(language=language, draft=draft(more_to_know=True)).more) > 10
    assert handout(language=language, draft=draft(more_to_know=True), more=False).more == ()


def test_a_short_handout_still_holds_everything_that_a_patient_needs() -> None:
    of = handout()
    assert of.had.rows and of.medicine and of.questions.items and of.can_do and of.support and of.words
    assert [section.title for section in of.short] == ["Why no scans or blood tests?", "What if it comes back?"]
    assert "there are treatments for it" in " ".join(of.short[1].paragraphs)
    assert of.signs[0].urgent and "555-555-0142" in of.signs[1].title


def test_the_clinicians_note_is_printed_as_written() -> None:
    of = handout(draft=draft(education_note="Call Sam <b>first</b>.\n\x07Then rest."))
    assert of.note is not None and of.note.paragraphs == ("Call Sam <b>first</b>.", "Then rest.")


def test_the_word_list_holds_only_words_that_are_used() -> None:
    of = handout()
    assert of.words is not None
    terms = [term for term, _ in of.words.rows]
    assert "mammogram" in terms and "aromatase inhibitor" not in terms
    assert terms == sorted(terms, key=str.lower)


def test_a_question_is_not_asked_when_the_plan_already_answers_it() -> None:
    on_letrozole = record(systemic=(drug("letrozole", "aromatase-inhibitor", "endocrine", start=(2025, 1)),))
    assert "Should I have a bone density test?" in handout(on_letrozole, recommendations=()).questions.items
    planned = (recommendation("dxa", "dxa", due=PartialDate(2027, 1)),)
    assert "Should I have a bone density test?" not in handout(on_letrozole, recommendations=planned).questions.items


def test_outside_the_scope_there_is_no_handout() -> None:
    with pytest.raises(OutOfScopeError):
        handout(record(scope=Scope(False, ("metastatic-disease",))))


def test_a_language_without_texts_is_refused_with_its_name() -> None:
    with pytest.raises(DocumentError, match="'tlh'"):
        handout(language="tlh")
    with pytest.raises(DocumentError):
        handout(language="../en")


def test_the_spanish_handout_is_spanish_throughout() -> None:
    of = handout(language="es")
    assert of.next.months[0].name == "noviembre de 2026"
    assert had(of)["Quimioterapia"] == ("Docetaxel y ciclofosfamida, de julio a septiembre de 2022.",)
    text = all_text(of).replace(CLINIC.name, "").replace("Dr. Ada Clinician", "").replace("Dr. Pat Primary", "")
    words = set(text.lower().split())
    assert not words & {"the", "and", "your", "with", "call", "weekdays", "breast", "visit", "medicine"}
    titles = {code: {entry.title for entry in EDUCATION if entry.language == code} for code in ("en", "es")}
    english = titles["en"] - titles["es"]
    assert not english & set(text.split("\n"))


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize(
    "of",
    [
        record(),
        record(patient=Patient(PartialDate(1955), "male"), facts={}),
        record(cancers=(cancer("dcis"),)),
        record(surgery=tuple(Surgery("mastectomy", side, None, ()) for side in ("left", "right"))),
    ],
    ids=["usual", "man", "dcis", "both-removed"],
)
def test_nothing_forbidden_stands_on_a_whole_handout(of, language: str) -> None:
    assert forbidden_statements(all_text(handout(of, language)), language) == ()


def test_forbidden_statements_are_found_when_they_are_there() -> None:
    for text in (
        "Your survival is 90 %.",
        "You are cured.",
        "Your cancer is back.",
        "Stop taking tamoxifen.",
        "A new FDA drug.",
    ):
        assert forbidden_statements(text, "en"), text
    for text in ("Su supervivencia es del 90 %.", "Usted está curada.", "Es un cáncer agresivo.", "Gane la batalla."):
        assert forbidden_statements(text, "es"), text


def test_a_man_and_a_woman_without_a_uterus_read_nothing_of_the_womb() -> None:
    man = handout(record(patient=Patient(PartialDate(1955), "male"), facts={}))
    text = all_text(man).lower()
    for word in ("vagina", "women’s health visit once", "pregnan", "menopause", "periods"):
        assert word not in text, word
    without = handout(record(facts={"uterus": fact("uterus", "absent")}))
    assert "vagina" not in all_text(without).lower()
