"""Which education paragraphs are shown to whom, and with which reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from smart_app.clinical.education import apply_choices, choose_paragraphs
from smart_app.clinical.facts import Patient, Scope, Surgery
from smart_app.clinical.features import derive_features
from smart_app.clinical.plan import EducationChoice
from tests.unit.handout.handout_values import EDUCATION, TODAY, cancer, chosen, conflict, drug, fact, missing, record


def shown(of=None, **changes) -> dict:
    return {entry.paragraph.id: entry for entry in chosen(of or record(**changes))}


def test_a_woman_on_tamoxifen_reads_about_tamoxifen_and_not_about_letrozole() -> None:
    ids = shown()
    assert {"medicine-tamoxifen", "signs-leg", "found-mammogram-breast-kept"} <= ids.keys()
    assert not {"medicine-aromatase-inhibitor", "recurrence-dcis", "found-men", "found-no-mammogram"} & ids.keys()


def test_nobody_is_told_to_take_two_hormone_medicines_every_day() -> None:
    both = (
        drug("tamoxifen", "serm", "endocrine", start=(2024, 10)),
        drug("letrozole", "aromatase-inhibitor", "endocrine", start=(2024, 1)),
    )
    one, two = shown(systemic=both[:1]), shown(systemic=both)
    assert ("medicine-two-hormones" in two, "medicine-hormone" in two) == (True, False)
    assert ("medicine-two-hormones" in one, "medicine-hormone" in one) == (False, True)


def test_every_shown_paragraph_says_why() -> None:
    for entry in chosen(record()):
        assert entry.because.startswith("shown because ") and len(entry.because) > len("shown because ")
    assert "tamoxifen" in shown()["medicine-tamoxifen"].because


def test_dcis_replaces_what_is_said_about_invasive_cancer() -> None:
    ids = shown(cancers=(cancer("dcis", her2=missing("her2")),))
    assert {"recurrence-dcis", "returns-dcis", "found-visits-dcis"} <= ids.keys()
    assert not {"recurrence-meaning", "returns-short", "risk-her2", "found-visits", "recurrence-late"} & ids.keys()


def test_after_both_breasts_were_removed_nothing_speaks_of_mammograms() -> None:
    both = tuple(Surgery("mastectomy", side, None, ()) for side in ("left", "right"))
    ids = shown(surgery=both)
    assert {"found-no-mammogram", "recurrence-after-both-breasts-removed"} <= ids.keys()
    unwanted = {
        "recurrence-new-cancer",
        "medicine-hormone-other-breast",
        "signs-soon-shape",
        "found-mammogram-breast-kept",
    }
    assert not unwanted & ids.keys()


def test_with_a_cancer_of_each_breast_nothing_speaks_of_the_other_one() -> None:
    takes = {"systemic": (drug("letrozole", "aromatase-inhibitor", "endocrine", start=(2024, 1)),)}
    assert "medicine-hormone-other-breast" in shown(record(**takes))
    both = (cancer(), replace(cancer(), laterality="right"))
    assert "medicine-hormone-other-breast" not in shown(record(cancers=both, **takes))


def test_a_man_reads_nothing_about_vagina_uterus_or_pregnancy() -> None:
    man = record(patient=Patient(None, "male"), facts={})
    ids = shown(man)
    assert "found-men" in ids
    text = " ".join(
        entry.paragraph.text.lower()
        for entry in ids.values()
        if entry.paragraph.audience == "patient" and entry.paragraph.place != "words"
    )
    for word in ("vagina", "womb", "pregnan", "women", "menopause", "periods"):
        assert word not in text, word


def test_unknown_her2_is_shown_with_ask_your_team() -> None:
    unknown = shown(cancers=(cancer(her2=missing("her2")),))["risk-her2"]
    assert unknown.ask and unknown.because == "shown because not known: HER2"
    assert "risk-her2" not in shown()


def test_conflicting_receptors_choose_no_receptor_paragraph() -> None:
    ids = shown(cancers=(cancer(er=conflict("er", "positive", "negative"), pr=missing("pr")),))
    assert not {"risk-hormones", "recurrence-late", "risk-triple-negative"} & ids.keys()


def test_a_gene_result_is_never_shown_by_itself() -> None:
    carrier = record(facts={"germline": fact("germline", [{"gene": "BRCA1", "result": "pathogenic"}])})
    hidden = {entry.paragraph.id: entry for entry in chosen(carrier, include_hidden=True)}["risk-gene-found"]
    assert not hidden.shown and "only when the clinician adds it" in hidden.because


def test_details_of_recurrence_treatment_wait_until_they_are_wanted() -> None:
    ids = shown()
    assert "returns-short" in ids
    assert not {"returns-hormone", "returns-local-breast-kept", "returns-anyone"} & ids.keys()


def test_prevention_for_people_without_cancer_never_shows_by_itself() -> None:
    assert "medicine-prevention-others" not in shown()


def test_the_clinician_hides_adds_and_reorders() -> None:
    every = chosen(record(), include_hidden=True)
    choices = (
        EducationChoice("medicine-tamoxifen", False, 0),
        EducationChoice("returns-hormone", True, 1),
        EducationChoice("no-such-paragraph", True, 2),
    )
    result = apply_choices(every, choices)
    ids = [entry.paragraph.id for entry in result]
    assert "medicine-tamoxifen" not in ids
    assert ids.index("returns-hormone") <= 2
    added = next(entry for entry in result if entry.paragraph.id == "returns-hormone")
    assert added.by_clinician and added.because == "shown because the clinician added it"


def test_expired_news_is_hidden_and_says_so() -> None:
    late = date(2028, 1, 1)
    of = replace(record(), as_of=late)
    entries = choose_paragraphs(EDUCATION, derive_features(of), of, late, include_hidden=True)
    news = [entry for entry in entries if entry.paragraph.kind == "news"]
    assert news and all(not entry.shown and entry.expired for entry in news)
    assert "expired" in news[0].because


def test_outside_the_scope_only_the_text_for_that_scope_is_given() -> None:
    outside = record(scope=Scope(False, ("metastatic-disease",)))
    assert [entry.paragraph.id for entry in chosen(outside)] == ["recurrence-not-this-plan"]
    assert chosen(record(scope=Scope(False, ("deceased",)))) == ()


def test_nothing_known_still_gives_a_choice() -> None:
    empty = record(cancers=(cancer("unknown", "unknown", er=missing("er"), pr=missing("pr"), her2=missing("her2")),),
                   facts={}, surgery=(), axillary_surgery=(), radiation=(), systemic=())  # fmt: skip
    ids = shown(empty)
    assert {"found-by-you", "signs-urgent", "action-visits"} <= ids.keys()


def test_late_effects_follow_the_treatments() -> None:
    ids = shown(systemic=(drug("doxorubicin", "anthracycline", "chemotherapy", start=(2022, 7), end=(2022, 9)),))
    assert {"late-heart", "late-memory"} <= ids.keys()
    assert "late-nerves" not in ids
    assert "late-nerves" in shown()


def test_each_endocrine_and_her2_agent_has_its_own_text() -> None:
    agents = {
        "letrozole": (("aromatase-inhibitor", "endocrine"), "medicine-aromatase-inhibitor"),
        "tamoxifen": (("serm", "endocrine"), "medicine-tamoxifen"),
        "trastuzumab": (("her2",), "medicine-her2"),
        "abemaciclib": (("cdk4-6",), "medicine-abemaciclib"),
        "olaparib": (("parp",), "medicine-olaparib"),
        "pembrolizumab": (("immunotherapy",), "medicine-pembrolizumab"),
    }
    for agent, (classes, paragraph) in agents.items():
        assert paragraph in shown(systemic=(drug(agent, *classes, start=(2025, 1)),)), agent


def test_order_is_that_of_the_sections() -> None:
    orders = [(entry.paragraph.section_order, entry.paragraph.order) for entry in chosen(record())]
    assert orders == sorted(orders)
    assert record().as_of == TODAY


def test_what_documented_facts_contradict_cannot_be_added_nor_stay_from_an_older_draft() -> None:
    hidden = {entry.paragraph.id for entry in chosen(record(), include_hidden=True)}
    assert "returns-hormone" in hidden
    assert not {"recurrence-dcis", "found-men", "medicine-aromatase-inhibitor"} & hidden
    on_letrozole = record(systemic=(drug("letrozole", "aromatase-inhibitor", "endocrine", start=(2026, 10)),))
    stale = (EducationChoice("medicine-tamoxifen", True, 0),)
    now = apply_choices(chosen(on_letrozole, include_hidden=True), stale)
    assert "medicine-tamoxifen" not in {entry.paragraph.id for entry in now}


def test_in_hospice_nobody_is_told_to_train_to_lose_weight_or_to_be_screened() -> None:
    facts = {**record().facts, "hospice": fact("hospice", True)}
    screening = {"action-move", "action-weight", "action-other-checks"}
    assert screening <= shown().keys()
    assert not screening & shown(facts=facts).keys()
