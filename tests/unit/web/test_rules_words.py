"""The rule set as a page: what is said of this patient, in words, and how well each rule is founded."""

from __future__ import annotations

from datetime import date, timedelta

from smart_app.clinical.rules import evaluate_rules
from smart_app.web.presenters_rules import RuleRow, present_review, present_rules
from tests.support.page_values import render, sample_frame
from tests.support.rule_charts import knowledge, read_chart

CHART = "invasive left 2023-02-10 · mastectomy left 2023-03-15 · er positive · letrozole 2023-07-01"


def rows() -> dict[str, RuleRow]:
    rules = knowledge().rules
    answers = evaluate_rules(rules, read_chart([CHART]), include_silent=True)
    page = present_rules(rules, answers, "1", sample_frame("rules"))
    return {row.id: row for group in page.groups for row in group.rows}


def test_a_silent_rule_says_why_without_saying_twice_that_it_does_not_apply() -> None:
    patient = rows()["tamoxifen-liver-tests"].patient[0]
    assert (patient.tag.word, patient.reason) == ("Does not apply", "Endocrine therapy now: not tamoxifen")


def test_every_rule_says_in_words_how_it_is_founded() -> None:
    found = {row.mark for row in rows().values()}
    assert found == {"text read", "general knowledge", "part read, part general knowledge"}


def test_every_rule_shows_its_review_its_expiry_and_when_it_is_due() -> None:
    found = rows()
    assert all("Not yet clinically reviewed. Expires " in row.review for row in found.values())
    about = {pair.term: pair.text for pair in found["clinic-visit-invasive"].about}
    assert about["When"].startswith(
        "First one interval after the end of primary treatment; then every 3 to 6 months to month"
    )
    assert about["In UK"].startswith("No fixed clinic visits") and "to month 24" in about["In AU"]
    assert about["Gives way to"] == "Evaluate now: possible recurrence"
    assert found["clinic-visit-invasive"].strength == "moderate, ACS/ASCO LOE 2A"


def test_the_tree_of_a_silent_rule_names_each_fact_with_its_value_and_source_and_what_would_change() -> None:
    found = rows()["tamoxifen-liver-tests"].patient[0]
    leaf = found.trace[-1]
    assert (leaf.says, leaf.truth) == ("endocrine therapy now: tamoxifen", "no")
    assert leaf.fact == "Cancer drugs: Letrozole (active) (Jul 1, 2023)"
    assert leaf.link is not None and "/resource/MedicationRequest/" in leaf.link.href
    assert found.changes == ("It could apply if this changed: endocrine therapy now: not tamoxifen.",)


def test_an_open_fact_is_named_as_missing_in_the_tree() -> None:
    lines = [line for line in rows()["germline-testing-offer"].patient[0].trace if line.truth == "not known"]
    assert any(line.fact.startswith("missing: germline") for line in lines)


def test_what_expires_next_is_listed_also_where_nothing_expires_soon() -> None:
    page = present_review(knowledge().rules, knowledge().education, date(2026, 11, 25), "1", sample_frame("rules"))
    assert len(page.expiring) == 12
    assert not any(row.expired for row in page.expiring)


def test_every_named_date_of_a_schedule_has_words() -> None:
    when = [pair.text for row in rows().values() for pair in row.about if pair.term == "When"]
    assert not [text for text in when if any(word in text for word in (" cbc", " ecg", "every 1 ", "-end", "-start"))]
    assert "First at the start of olaparib; then every month; counted from the last blood count; dates up to" in (
        next(text for text in when if "olaparib" in text)
    )


def test_what_has_expired_says_so_on_the_page() -> None:
    """Hazard H16: a rule or text whose date has passed is not to be read as current."""
    later = max(rule.expires_on for rule in knowledge().rules) + timedelta(days=1)
    page = present_review(knowledge().rules, knowledge().education, later, "1", sample_frame("rules"))
    expired = [row for row in page.expiring if row.expired]
    assert len([row for row in expired if row.file.startswith("rule ")]) == len(knowledge().rules)
    html = render("rules_review.html", page)
    assert html.count("<b>expired</b>") >= len(expired)
