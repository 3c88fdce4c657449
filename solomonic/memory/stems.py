"""Words and their stems: what the lexical channel compares.

A word is a run of letters and digits, in lower case and without accents, as SQLite's `unicode61` splits text; its stem is Porter's (1980, "An algorithm for
suffix stripping", Program 14), as the full-text index in the log has it. Languages that write no spaces are not split into words.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST: Final = 64
"""Characters of a word that count; longer runs are not words."""

_STOP: Final = """
a about after again all also am an and any are as at be because been before being both but by can could did do does doing done down during each
few for from further get got had has have having he her here hers herself him himself his how i if in into is it its itself just let ll may me
might more most much my myself no nor not now of off on once only or other our ours ourselves out over own re same shall she should so some such
t than that the their theirs them themselves then there these they this those through to too under until up us ve very was we were what when
where which while who whom whose why will with would you your yours yourself yourselves s d m
"""
STOP: Final = frozenset(_STOP.split())
"""Words that nearly every text holds; a question is searched without them unless it consists of nothing else."""

_words: Final = re.compile(r"[^\W_]+").findall

_STEP_2: Final = (
    ("ational", "ate"), ("tional", "tion"), ("enci", "ence"), ("anci", "ance"), ("izer", "ize"), ("logi", "log"), ("bli", "ble"), ("alli", "al"),
    ("entli", "ent"), ("eli", "e"), ("ousli", "ous"), ("ization", "ize"), ("ation", "ate"), ("ator", "ate"), ("alism", "al"), ("iveness", "ive"),
    ("fulness", "ful"), ("ousness", "ous"), ("aliti", "al"), ("iviti", "ive"), ("biliti", "ble"),
)  # fmt: skip
_STEP_3: Final = (("icate", "ic"), ("ative", ""), ("alize", "al"), ("iciti", "ic"), ("ical", "ic"), ("ful", ""), ("ness", ""))
_STEP_4: Final = (
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism", "ate", "iti", "ous", "ive", "ize", "ion", "al", "er", "ic", "ou",
)  # fmt: skip


def words(text: str) -> list[str]:
    """Return the words of a text in order, in lower case and without accents."""
    if not text.isascii():
        text = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return [word[:LONGEST] for word in _words(text.lower())]


def stem(word: str) -> str:
    """Return the stem of a word in lower case; a digit counts as a consonant, and a word of one or two letters is its own stem."""
    if len(word) <= 2:
        return word
    word = _step_1c(_step_1b(_step_1a(word)))
    word = _replaced(_replaced(word, _STEP_2), _STEP_3)
    return _step_5(_step_4(word))


def _shape(word: str) -> str:
    """Return the word as consonants (c) and vowels (v); y is a vowel behind a consonant."""
    shape: list[str] = []
    for letter in word:
        vowel = letter in "aeiou" or (letter == "y" and bool(shape) and shape[-1] == "c")
        shape.append("v" if vowel else "c")
    return "".join(shape)


def _measure(word: str) -> int:
    """Return how many times consonants follow vowels in a word."""
    return _shape(word).count("vc")


def _short(word: str) -> bool:
    """Return whether a word ends consonant, vowel, consonant, the last none of w, x, y."""
    return _shape(word)[-3:] == "cvc" and word[-1] not in "wxy"


def _step_1a(word: str) -> str:
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word


def _step_1b(word: str) -> str:
    if word.endswith("eed"):
        return word[:-1] if _measure(word[:-3]) > 0 else word
    for suffix in ("ed", "ing"):
        if word.endswith(suffix):
            base = word[: -len(suffix)]
            if "v" not in _shape(base):
                return word
            if base.endswith(("at", "bl", "iz")):
                return base + "e"
            if len(base) > 1 and base[-1] == base[-2] and base[-1] not in "aeioulsz" and _shape(base)[-1] == "c":
                return base[:-1]
            return base + "e" if _measure(base) == 1 and _short(base) else base
    return word


def _step_1c(word: str) -> str:
    return word[:-1] + "i" if word.endswith("y") and "v" in _shape(word[:-1]) else word


def _replaced(word: str, rules: tuple[tuple[str, str], ...]) -> str:
    for suffix, new in rules:
        if word.endswith(suffix):
            base = word[: -len(suffix)]
            return base + new if _measure(base) > 0 else word
    return word


def _step_4(word: str) -> str:
    for suffix in _STEP_4:
        if word.endswith(suffix):
            base = word[: -len(suffix)]
            if suffix == "ion" and not base.endswith(("s", "t")):
                return word
            return base if _measure(base) > 1 else word
    return word


def _step_5(word: str) -> str:
    if word.endswith("e"):
        base = word[:-1]
        measure = _measure(base)
        if measure > 1 or (measure == 1 and not _short(base)):
            word = base
    return word[:-1] if word.endswith("ll") and _measure(word) > 1 else word
