"""Education on the clinician's page: grades of patients' texts only, what is on paper, news that has expired."""

from __future__ import annotations

from datetime import date

from smart_app.clinical.education import apply_choices
from smart_app.clinical.plan import EducationChoice
from smart_app.handout.messages import load_words
from smart_app.web.presenters_record import group_education
from smart_app.web.wordings import education_rows, languages
from tests.unit.handout.handout_values import TEMPLATES, chosen, draft, record

DRUGS = load_words(TEMPLATES, "en").drug_names


def rows(as_of: date | None = None, **changes):
    of = record(as_of=as_of) if as_of else record()
    every = chosen(of, include_hidden=True)
    return {row.title: row for row in education_rows(every, draft(**changes), DRUGS)}


def test_texts_for_clinicians_have_no_reading_grade_and_those_for_patients_are_at_grade_6() -> None:
    found = rows()
    assert found["Options on recurrence: HR-positive, HER2-negative"].grade == ""
    assert all(float(row.grade) <= 6.0 for row in found.values() if row.grade)
    sections = {section.id: section for section in group_education(tuple(found.values()))}
    assert sections["research-news"].grade == "for you only"
    assert sections["treatment-if-it-returns"].grade != "for you only"


def test_the_page_tells_which_texts_are_on_paper() -> None:
    found = rows()
    assert found["Where can it come back?"].in_handout == "No, in “More to know” only"
    assert found["What if it comes back?"].in_handout == "Yes"
    assert rows(more_to_know=True)["Where can it come back?"].in_handout == "Yes"


def test_a_text_that_the_clinician_added_is_on_paper_without_the_optional_part() -> None:
    every = chosen(record(), include_hidden=True)
    choice = EducationChoice("returns-hormone", True, None)
    added = {row.title: row for row in education_rows(every, draft(education=(choice,)), DRUGS)}
    assert added["If it grows with hormones"].in_handout == "Yes"
    assert any(entry.by_clinician for entry in apply_choices(every, (choice,)))


def test_expired_news_reads_no_current_news() -> None:
    later = rows(date(2029, 1, 1))
    assert later["No current news"].text == ("There is no current news.",)
    assert not [title for title in later if "giredestrant" in title]
    assert "No current news" not in rows()


def test_a_language_stands_under_its_own_name_without_code_for_it() -> None:
    assert languages(["es", "en"]) == (("en", "English"), ("es", "Español"))
    assert languages(["fr", "vi", "zz"]) == (("fr", "Français"), ("vi", "Tiếng Việt"), ("zz", "zz"))
