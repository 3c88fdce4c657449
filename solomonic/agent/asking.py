"""What kind of thing a question asks for, told from its own words: a closed class of English question words, no list of topics."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from ..memory.stems import STOP, stem, words

Kind = Literal["who", "when", "duration", "number", "where", "which", "what", "why", "how", "yes-no"]
KINDS: Final[tuple[Kind, ...]] = ("who", "when", "duration", "number", "where", "which", "what", "why", "how", "yes-no")

MOST: Final = 2_048
"""Characters of a question that are read for what it asks; recall reads all of it."""

_YES_NO: Final = frozenset(
    [
        "is",
        "are",
        "was",
        "were",
        "am",
        "do",
        "does",
        "did",
        "has",
        "have",
        "had",
        "can",
        "could",
        "will",
        "would",
        "should",
        "may",
        "might",
        "must",
        "isn't",
        "aren't",
        "wasn't",
        "weren't",
        "don't",
        "doesn't",
        "didn't",
    ]
)
_WHO: Final = frozenset(("who", "whom", "whose"))
_CALENDAR: Final = frozenset(
    [
        "year",
        "month",
        "week",
        "day",
        "date",
        "decade",
        "century",
        "season",
        "weekday",
        "years",
        "months",
        "weeks",
        "days",
        "dates",
        "decades",
    ]
)
_SPANS: Final = frozenset(["second", "minute", "hour", "day", "week", "weekend", "month", "year", "decade", "century"])
_MEASURES: Final = frozenset(
    ["many", "much", "often", "old", "big", "tall", "large", "high", "fast", "heavy", "deep", "wide", "small", "low", "far"]
)
_PLACES: Final = frozenset(["city", "country", "state", "town", "village", "place", "street", "continent", "island", "region", "county"])
_tokens: Final = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*").findall


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as the agent reads it.

    weights: stem of each telling word -> how rare it is in the memory. focus: the stems that say what sort of thing is asked for ("which *company*").
    names: the capitalised words in it, in lower case.
    """

    text: str
    kind: Kind
    weights: dict[str, float]
    focus: frozenset[str]
    names: frozenset[str]

    @property
    def total(self) -> float:
        """The weight of all telling words; above 0."""
        return sum(self.weights.values()) or 1.0


def read(text: str, weights: dict[str, float]) -> Asked:
    """Return a question as the agent reads it; weights: see `LexicalIndex.rarity`."""
    kept: list[str] = _tokens(text[:MOST])
    lowered = [token.lower() for token in kept]
    kind, after = _kind(lowered)
    focus = []
    for token in lowered[after : after + 4]:
        if token in STOP or token in _YES_NO:
            break
        focus.append(stemmed(token))
    names = frozenset(token.lower() for token in kept[1:] if token[0].isupper() and token.lower() not in STOP)
    return Asked(text, kind, weights, frozenset(focus[:3]) if kind in ("which", "number", "where", "when") else frozenset(), names)


def _kind(tokens: list[str]) -> tuple[Kind, int]:
    """Return the kind and where the words begin that say what sort of thing is asked for."""
    if tokens and tokens[0] in _YES_NO:
        return "yes-no", 1
    for i, token in enumerate(tokens):
        following = tokens[i + 1 : i + 3]
        first = following[0] if following else ""
        if token in _WHO:
            return "who", i + 1
        if token == "when":
            return "when", i + 1
        if token == "where":
            return "where", i + 1
        if token == "why":
            return "why", i + 1
        if token == "how":
            if first == "long" or (first == "many" and len(following) > 1 and following[1].rstrip("s") in _SPANS):
                return "duration", i + 2
            return ("number", i + 2) if first in _MEASURES else ("how", i + 1)
        if token in ("what", "which"):
            if any(word in _CALENDAR for word in following) and first not in _YES_NO:
                return "when", i + 1
            if first in _PLACES:
                return "where", i + 1
            if token == "which" or (first and first not in STOP and first not in _YES_NO):
                return "which", i + 1
            return "what", i + 1
    return "what", len(tokens)


@lru_cache(maxsize=1 << 16)
def stemmed(token: str) -> str:
    """Return the stem of a word as it is written ("Solomonoff's" -> "solomonoff"), or "" where it is no telling word."""
    for word in words(token):
        if word not in STOP:
            return stem(word)
    return ""
