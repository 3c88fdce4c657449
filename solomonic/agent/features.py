"""What speaks for a stretch of text as the answer to a question, as named numbers that `scoring` weighs.

All of them are about form: which kind of question meets which kind of stretch, how many words, where it begins and ends, how near the question's
own words are. No word of any data set is among them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from ..memory.dates import Duration, Period
from ..memory.mentions import Quantity
from .asking import Asked, stemmed
from .candidates import Line, Span

Features = dict[str, float]

CALENDAR: Final = frozenset(["decad", "year", "month", "week", "weekend", "dai", "centuri", "season"])
"""Stems of the units of the calendar."""

_LENGTHS: Final = (1, 2, 3, 5, 8, 13, 21)
_PREPOSITIONS: Final = frozenset(
    [
        "in",
        "on",
        "at",
        "by",
        "to",
        "from",
        "with",
        "for",
        "of",
        "about",
        "into",
        "after",
        "before",
        "between",
        "during",
        "through",
        "as",
        "than",
    ]
)
_PLACING: Final = frozenset(["in", "at", "to", "from", "near"])
_LINKS: Final = frozenset(["is", "are", "was", "were", "be", "been", "being", "means", "called", "named"])
_PRONOUNS: Final = frozenset(["i", "you", "he", "she", "it", "we", "they", "this", "that", "there", "who", "which"])
_DETERMINERS: Final = frozenset(["a", "an", "the", "my", "your", "his", "her", "its", "our", "their", "these", "those", "some"])
_JOINS: Final = frozenset(["and", "but", "or", "so", "because", "if", "when", "while", "where"])


@dataclass(frozen=True, slots=True)
class Place:
    """A sentence as it stands to the question. cover: share of the question's weight that it says; record: that its whole record says; near: that it
    and the sentences beside it say, the record's session, source and speaker among them. score: of the record, below the best one's (at most 0); rank: of the record. dense: likeness of the record's vector
    to the question's; best: the greatest of these. mode: spoken where the record has a speaker, else
    alone where the sentence is all of it, else part.
    """

    cover: float
    record: float
    near: float
    score: float
    rank: int
    dense: float
    best: float
    mode: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the records that recall found have in common. small: words that they write with a small first letter. capital: those that they write with a
    capital one inside a sentence, in lower case. speakers: the words of their speakers' names, in lower case.
    """

    small: frozenset[str]
    capital: frozenset[str]
    speakers: frozenset[str]


def of_place(place: Place, read: Line) -> Features:
    """Return what speaks for a sentence, whatever is taken from it."""
    mode = place.mode
    return {
        "cover": place.cover,
        "record": place.record,
        "near": place.near,
        "score": place.score,
        "rank": 1.0 / (1 + place.rank),
        "dense": place.dense,
        f"dense {mode}": place.dense,
        f"dense below {mode}": place.dense - place.best,
        f"score {mode}": place.score,
        f"rank {mode}": 1.0 / (1 + place.rank),
        f"cover {mode}": place.cover,
        f"first {mode}": float(place.rank == 0),
        f"near {mode}": place.near,
        f"record {mode}": place.record,
        "asks": float(read.text[read.sentence.end - 1] == "?"),
    }


def of_span(asked: Asked, read: Line, span: Span, around: Surroundings) -> Features:
    """Return what speaks for a stretch within its sentence."""
    kind, said = asked.kind, read.words
    inside = said[span.first : span.last]
    count = max(span.last - span.first, 1)
    bucket = next((str(length) for length in _LENGTHS if count <= length), "more")
    repeated = sum(asked.weights.get(stem, 0.0) for stem in {word.stem for word in inside})
    known = sum(word.stem in asked.weights for word in inside)
    telling = sum(bool(word.stem) for word in inside)
    found: Features = {
        f"kind {kind} {span.kind}": 1.0,
        f"length {kind} {bucket}": 1.0,
        f"length {bucket}": 1.0,
        f"repeats {'long' if count > 8 else 'short'}": repeated / asked.total,
        "known": known / count,
        "telling": telling / count,
        "bare": float(telling == 0),
        "all known": float(known == telling),
    }
    found.update(_edges(kind, read, span))
    found.update(_nearness(asked, read, span))
    if asked.focus & {word.stem for word in inside}:
        found[f"holds focus {kind}"] = 1.0
    if asked.focus & {word.stem for word in said[max(0, span.first - 2) : span.first]}:
        found[f"behind focus {kind}"] = 1.0
    if asked.focus & {word.stem for word in said[span.last : span.last + 2]}:
        found[f"before focus {kind}"] = 1.0
    if isinstance(span.value, Quantity) and span.value.unit is not None:
        found[f"unit {kind}"] = 1.0
    if span.kind in ("name", "opening"):
        whole = [word.lower.removesuffix("'s") for word in inside]
        if all(word in around.speakers for word in whole):
            found["speaker"] = found[f"speaker {kind}"] = 1.0
        if span.kind == "opening" and count == 1:
            written = "small" if whole[0] in around.small else "capital" if whole[0] in around.capital else "once"
            found[f"opening {written}"] = 1.0
            found[f"opening {written} {'named' if kind in ('who', 'which', 'where') else 'other'}"] = 1.0
        elif span.kind == "opening":
            found["opening long"] = 1.0
    if span.kind == "date":
        grain = span.value.grain if isinstance(span.value, Period) else ""
        if grain and asked.focus & CALENDAR:
            found["right grain" if stemmed(grain) in asked.focus else "other grain"] = 1.0
        found["resolved"] = float(isinstance(span.value, Period))
        found["fine"] = float(isinstance(span.value, Period) and span.value.end - span.value.start <= 8 * 86_400)
    if isinstance(span.value, Duration):
        found["length of time"] = 1.0
    return found


def _edges(kind: str, read: Line, span: Span) -> Features:
    """Return what stands at and around the ends."""
    said = read.words
    before = said[span.first - 1].lower if 0 < span.first <= len(said) else ""
    after = said[span.last].lower if span.last < len(said) else ""
    first = said[span.first].lower if span.first < len(said) else ""
    last = said[span.last - 1].lower if 0 < span.last <= len(said) else ""
    left = "start" if not before else "break" if read.breaks[span.first] else _class(before)
    right = "end" if not after else "break" if read.breaks[span.last] else _class(after)
    found = {f"left {left}": 1.0, f"right {right}": 1.0, f"first {_class(first)}": 1.0, f"last {_class(last)}": 1.0}
    if before in _PLACING:
        found[f"placed {kind}"] = 1.0
    if before == "by":
        found[f"by {kind}"] = 1.0
    if before in ("because", "since") or first in ("because", "since"):
        found[f"because {kind}"] = 1.0
    if first in ("to", "by"):
        found[f"first {first} {kind}"] = 1.0
    if span.start < len(read.text) and read.text[span.start].isupper():
        found[f"capital {kind}"] = 1.0
    return found


def _class(word: str) -> str:
    for name, held in (
        ("determiner", _DETERMINERS), ("preposition", _PREPOSITIONS), ("link", _LINKS), ("pronoun", _PRONOUNS), ("join", _JOINS),
    ):  # fmt: skip
        if word in held:
            return name
    return "not" if word in ("not", "no", "never") or word.endswith("n't") else "other"


def _nearness(asked: Asked, read: Line, span: Span) -> Features:
    """Return how near the question's words are, on either side, each by its weight."""
    left = right = 0.0
    nearest = 12
    for i, word in enumerate(read.words):
        weight = asked.weights.get(word.stem, 0.0) if word.stem else 0.0
        if weight and not span.first <= i < span.last:
            away = span.first - i if i < span.first else i - span.last + 1
            nearest = min(nearest, away)
            if i < span.first:
                left += weight / (1.0 + away)
            else:
                right += weight / (1.0 + away)
    return {
        "left near": left / asked.total,
        "right near": right / asked.total,
        "nearest": math.log(nearest),
        f"nearest {asked.kind}": math.log(nearest),
    }
