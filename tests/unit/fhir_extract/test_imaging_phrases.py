"""BI-RADS, density and ejection fraction in words."""

from __future__ import annotations

import pytest

from smart_app.fhir.extract.text.imaging import birads_phrases, density_phrases, ejection_fraction_phrases
from smart_app.fhir.extract.text.phrases import Sentence


@pytest.mark.parametrize(
    ("words", "category", "sub"),
    [
        ("BI-RADS CATEGORY 2: Benign", "2", None),
        ("BIRADS: 4B", "4", "B"),
        ("ASSESSMENT: BI-RADS 1 - Negative", "1", None),
        ("BI-RADS 0: Incomplete", "0", None),
        ("ACR BI-RADS® Category 3", "3", None),
        ("Final Assessment: Category 6", "6", None),
        ("Right: BI-RADS 1. Left: BI-RADS 4", "4", None),
    ],
)
def test_category_is_read_and_of_two_breasts_the_one_that_asks_for_more(words: str, category: str, sub: str) -> None:
    phrase = next(birads_phrases(Sentence(words)))
    assert (phrase.value, phrase.extra.get("sub")) == (category, sub)


@pytest.mark.parametrize(
    "words", ["Prior BI-RADS 4", "BI-RADS density C", "Compared with 2020, BI-RADS 3", "BI-RADS 4.5"]
)
def test_earlier_categories_and_densities_are_none(words: str) -> None:
    assert list(birads_phrases(Sentence(words))) == []


@pytest.mark.parametrize(
    ("words", "density"),
    [
        ("The breasts are heterogeneously dense", "c"),
        ("Breast density: B", "b"),
        ("almost entirely fatty", "a"),
        ("extremely dense, which lowers sensitivity", "d"),
        ("There are scattered areas of fibroglandular density", "b"),
    ],
)
def test_density_is_read(words: str, density: str) -> None:
    assert [phrase.value for phrase in density_phrases(Sentence(words))] == [density]


def test_ejection_fraction_of_a_range_is_its_lower_end_with_both_ends_shown() -> None:
    phrase = next(ejection_fraction_phrases(Sentence("LVEF is 55-60%.")))
    assert phrase.value == 55
    assert phrase.extra == {"range": [55, 60]}
    assert list(ejection_fraction_phrases(Sentence("Previously EF 40%"))) == []
