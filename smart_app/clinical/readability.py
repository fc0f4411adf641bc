"""
How hard a text is to read: Flesch-Kincaid grade, SMOG grade, Fernández-Huerta ease.

Syllables are counted by rule, not by dictionary, and so are estimates: within one syllable for nearly all words.

Source:
    Kincaid 1975 (grade = 0.39 words/sentence + 11.8 syllables/word - 15.59); McLaughlin 1969 (SMOG = 1.043 *
    sqrt(polysyllables * 30 / sentences) + 3.1291); Fernández Huerta 1959 (206.84 - 60 syllables/word - 1.02
    words/sentence).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+(?:[.,:]\d+)*")
_SENTENCE_END = re.compile(r"[.!?]+(?=\s|$|[\"”’)])|[:;](?=\s*$)|\n+")
_ENGLISH_GROUP = re.compile(r"[aeiouy]+")
_SPLIT_VOWELS = re.compile(r"ia(?!l$)|io(?!n|us)|iu|(?<!p)eo|ua(?!r)|uo|ying|eing|oing|ea$|ie(?=t$|nc)|crea(?=t)")
_SILENT_E = re.compile(
    r"[^aeiouyl]e$|[aeiouy]le$|[^aeiouydt]ed$|[^aeiouysxzgc](?<!sh)(?<!ch)es$|[a-z]e(?:ly|ful|less|ment)$"
)
_SPANISH_STRONG = "aeoáéíóú"
_SPANISH_VOWEL = "aeiouáéíóúü"

MAX_ENGLISH_GRADE = 6.0
MAX_SMOG = 8.0
MIN_SPANISH_EASE = 70.0


@dataclass(frozen=True, slots=True)
class TextCounts:
    """Sentences, words, syllables, and words of three or more syllables."""

    sentences: int
    words: int
    syllables: int
    polysyllables: int


def english_syllables(word: str) -> int:
    """Syllables of an English word, at least 1; a number counts as its spoken one or two syllables (1)."""
    word = re.sub(r"['’]s?$", "", word.lower())
    word = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    if word[:1].isdigit() or len(word) <= 2:
        return 1
    count = len(_ENGLISH_GROUP.findall(word)) + len(_SPLIT_VOWELS.findall(word))
    if _SILENT_E.search(word):
        count -= 1
    return max(count, 1)


def spanish_syllables(word: str) -> int:
    """Syllables of a Spanish word: one for each nucleus; i and u beside a strong vowel make a diphthong."""
    word = unicodedata.normalize("NFC", word.lower())
    if word[:1].isdigit():
        return 1
    word = re.sub(r"qu(?=[eéií])|gu(?=[eéií])", "k", word)
    if word.endswith("y"):
        word = word[:-1] + "i"
    count, before = 0, ""
    for letter in word:
        if letter in _SPANISH_VOWEL and (
            not before or before not in _SPANISH_VOWEL or (before in _SPANISH_STRONG and letter in _SPANISH_STRONG)
        ):
            count += 1
        before = letter
    return max(count, 1)


def count_text(text: str, syllables: Callable[[str], int], explained: Collection[str] = ()) -> TextCounts:
    """
    Counts of a text; each line ends a sentence.

    Args:
        explained: words in lower case that the reader's word list explains, and drug names: they count as two
            syllables. A phrase counts word by word.
    """
    easy = {part for phrase in explained for part in _WORD.findall(phrase.lower())}
    sentences = words = total = many = 0
    for piece in _SENTENCE_END.split(text):
        found = _WORD.findall(piece)
        if not found:
            continue
        sentences += 1
        for word in found:
            count = min(syllables(word), 2) if word.lower() in easy else syllables(word)
            words, total, many = words + 1, total + count, many + (count >= 3)
    return TextCounts(sentences, words, total, many)


def flesch_kincaid_grade(text: str, explained: Collection[str] = ()) -> float:
    """US school grade of an English text; 0 for an empty one."""
    counts = count_text(text, english_syllables, explained)
    if not counts.words:
        return 0.0
    return 0.39 * counts.words / counts.sentences + 11.8 * counts.syllables / counts.words - 15.59


def smog_grade(text: str, explained: Collection[str] = ()) -> float:
    """US school grade of an English text of 30 sentences or more; 0 for an empty one."""
    counts = count_text(text, english_syllables, explained)
    if not counts.sentences:
        return 0.0
    return float(1.043 * (counts.polysyllables * 30 / counts.sentences) ** 0.5 + 3.1291)


def fernandez_huerta_ease(text: str, explained: Collection[str] = ()) -> float:
    """Reading ease of a Spanish text, higher is easier; 206.84 for an empty one."""
    counts = count_text(text, spanish_syllables, explained)
    if not counts.words:
        return 206.84
    return 206.84 - 60 * counts.syllables / counts.words - 1.02 * counts.words / counts.sentences


def hard_words(texts: Iterable[str], explained: Collection[str] = ()) -> tuple[str, ...]:
    """English words of three or more syllables, most frequent first: what a writer looks at."""
    easy = {part for phrase in explained for part in _WORD.findall(phrase.lower())}
    seen: dict[str, int] = {}
    for text in texts:
        for word in _WORD.findall(text.lower()):
            if word not in easy and english_syllables(word) >= 3:
                seen[word] = seen.get(word, 0) + 1
    return tuple(sorted(seen, key=lambda word: (-seen[word], word)))
