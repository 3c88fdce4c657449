"""The words of the calendar and of numbers, and the pieces of regular expressions made from them.

Closed classes of English only: months, weekdays, seasons, units of time, number words. Nothing here was collected from a data set.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from .periods import MONTHS, UNIT_S, WEEKDAYS

SMALL: Final = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
NUMBER_WORDS: Final[dict[str, float]] = {
    **{word: float(i) for i, word in enumerate(SMALL)},
    **{word: 10.0 * (i + 2) for i, word in enumerate(TENS)},
    **{"hundred": 100.0, "thousand": 1e3, "million": 1e6, "billion": 1e9, "dozen": 12.0, "a": 1.0, "an": 1.0, "half": 0.5, "couple": 2.0},
}
VAGUE: Final = {"few": (2, 5), "several": (3, 9)}
"""Words for a number that is not one -> the least and the most of what they are taken to mean."""
ORDINALS: Final = (
    *("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth"),
    *("fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth", "twenty-first"),
)
UNITS: Final = {
    **{name: name for name in UNIT_S},
    **{name + "s": name for name in UNIT_S},
    **{"sec": "second", "secs": "second", "min": "minute", "mins": "minute", "hr": "hour", "hrs": "hour", "yr": "year", "yrs": "year"},
    **{"night": "day", "nights": "day", "fortnight": "week", "fortnights": "week", "centuries": "century", "weekend": "weekend"},
    "weekends": "weekend",
}
MONTH_OF: Final = {form: i + 1 for i, name in enumerate(MONTHS) for form in (name.lower(), name[:3].lower())} | {"sept": 9}
WEEKDAY_OF: Final = {name.lower(): i for i, name in enumerate(WEEKDAYS)}
SEASON_OF: Final = {"spring": "spring", "summer": "summer", "autumn": "autumn", "fall": "autumn", "winter": "winter"}
PARTS: Final = ("morning", "afternoon", "evening", "night")


def any_of(words: Iterable[str]) -> str:
    """Return a regular expression for any of the words, the longest first."""
    return "(?:" + "|".join(sorted(words, key=len, reverse=True)) + ")"


def closed_class(words: str) -> frozenset[str]:
    """Return the words of a list that is written as one text."""
    return frozenset(words.split())


GAP: Final = r"[ \t\n\xa0]{1,2}"
MONTH: Final = rf"(?P<month>{any_of(MONTH_OF)})\b\.?"
COUNT: Final = (
    rf"(?:(?P<n>\d{{1,4}}(?:\.\d{{1,3}})?|{any_of(TENS)}(?:[- ]{any_of(SMALL[1:10])})?|{any_of(SMALL[1:])}|half{GAP}an?|an?{GAP}couple(?:{GAP}of)?"
    rf"|couple(?:{GAP}of)?|a{GAP}few|few|several|a{GAP}dozen|a{GAP}hundred|an?)(?:{GAP}|-))"
)
UNIT: Final = rf"(?P<unit>{any_of(UNITS)})\b"
TH: Final = r"(?:st|nd|rd|th)?"
CLOCK: Final = r"(?:(\d{1,2})(?::(\d\d))?[ \xa0]?([ap])\.?m\b\.?|([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?![\w:]))"


def _words(*groups: Iterable[str]) -> frozenset[str]:
    """Return the words as they may be written: small, capitalised, all capitals."""
    plain = [word for group in groups for word in group]
    return frozenset(form for word in plain for form in (word, word.capitalize(), word.upper()))


_HOWS: Final = ("last", "this", "next", "past", "previous", "coming", "the", "current")
_COUNTS: Final = (*NUMBER_WORDS, *VAGUE)
MONTH_WORDS: Final = _words(MONTH_OF)
WEEKDAY_WORDS: Final = _words(WEEKDAY_OF)
UNIT_WORDS: Final = _words(UNITS, SEASON_OF, PARTS)
DAY_WORDS: Final = _words(("today", "tonight", "yesterday", "tomorrow"))
TRIGGERS: Final = MONTH_WORDS | WEEKDAY_WORDS | UNIT_WORDS | DAY_WORDS
MONTH_OPENERS: Final = _words(_HOWS, ("in", "by", "since", "until", "till", "during", "early", "late", "mid"))
WEEKDAY_OPENERS: Final = _words(_HOWS, ("every", "each"))
UNIT_OPENERS: Final = _words(_HOWS, _COUNTS, ORDINALS, ("these", "in", "twenty"))
DAY_OPENERS: Final = _words(("the",))
"""Words with which an expression around a word of each kind may begin."""

tokens_of: Final = re.compile(r"\w+").finditer
words_of: Final = re.compile(r"\w+").findall
"""Return the words of a text as they are written: runs of letters, digits and underscores."""


def places_of(text: str, word: str) -> Iterator[int]:
    """Yield where a whole word stands in the text."""
    start = text.find(word)
    while start >= 0:
        end = start + len(word)
        if not text[max(0, start - 1) : start].isalnum() and not text[end : end + 1].isalnum():
            yield start
        start = text.find(word, end)


def number_of(text: str) -> float | None:
    """Return the number that a phrase of digits or number words names ("1,200", "twenty-one", "a couple of"), or None."""
    plain = text.replace(",", "")
    if plain[:1].isdigit():
        try:
            return float(plain)
        except ValueError:
            return None
    total, current, seen = 0.0, 0.0, False
    for word in plain.lower().replace("-", " ").split():
        if word in ("of", "and") or (seen and word in ("a", "an")):
            continue
        value = NUMBER_WORDS.get(word)
        if value is None:
            return None
        if value >= 1_000:
            total, current = total + (current or 1.0) * value, 0.0
        elif seen and (value == 100.0 or word in ("dozen", "couple")):
            current *= value
        else:
            current += value
        seen = True
    return total + current if seen else None
