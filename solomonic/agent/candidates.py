"""The stretches of a sentence that may be an answer: mentions, phrases, clauses, and the sentence itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from ..memory.dates import Duration, Period
from ..memory.mentions import Quantity, mentions
from ..memory.names import FUNCTION_WORDS
from .sentences import Sentence, Word, encoded, words

LONGEST_PHRASE: Final = 6
"""Words of a phrase; what is longer is a clause."""

_breaks: Final = re.compile(r"[,;:()\"“”\[\]]|\s[-–—]+\s").search
_DETERMINERS: Final = frozenset(["a", "an", "the", "my", "your", "his", "her", "its", "our", "their", "this", "these", "that", "those"])
_JOINTS: Final = frozenset(
    [
        "and",
        "but",
        "or",
        "because",
        "so",
        "that",
        "which",
        "who",
        "when",
        "where",
        "while",
        "if",
        "than",
        "as",
        "for",
        "to",
        "with",
        "by",
        "from",
        "in",
        "on",
        "at",
        "of",
        "into",
        "about",
        "after",
        "before",
        "is",
        "are",
        "was",
        "were",
        "called",
        "be",
        "been",
    ]
)


class Span(NamedTuple):
    """Characters [start, end) of a record. kind: name, quoted, number, date, duration, phrase, clause, sentence or told (the time of the record).

    first, last: which words of the sentence it holds, [first, last).
    """

    start: int
    end: int
    kind: str
    first: int
    last: int
    value: Period | Duration | Quantity | None = None


class Line(NamedTuple):
    """A sentence with its words, and where a break (a comma, a bracket) stands: before which words."""

    text: str
    sentence: Sentence
    words: list[Word]
    breaks: list[bool]


def line(text: str, sentence: Sentence) -> Line:
    """Return a sentence with its words and breaks."""
    said = words(text, sentence.start, sentence.end)
    breaks = [i > 0 and _breaks(text, said[i - 1].end, word.start) is not None for i, word in enumerate(said)]
    return Line(text, sentence, said, breaks)


def spans(read: Line, at: float | None) -> list[Span]:
    """Return the candidates of a sentence, each stretch once; at: when the record was said (POSIX seconds)."""
    found: dict[tuple[int, int], Span] = {}
    for span in (*_mentioned(read, at), *_phrases(read), *_clauses(read)):
        found.setdefault((span.start, span.end), span)
    whole = Span(read.sentence.start, read.sentence.end, "sentence", 0, len(read.words))
    found.setdefault((whole.start, whole.end), whole)
    return list(found.values())


def _mentioned(read: Line, at: float | None) -> Iterator[Span]:
    """Yield names, quotations, numbers, dates and durations; the first word of a sentence may be a name too."""
    piece = read.text[read.sentence.start : read.sentence.end]
    data = encoded(piece)
    for mention in mentions(data, at=at):
        if mention.kind != "speaker":
            start = read.sentence.start + len(data[: mention.start].decode("utf-8", "surrogateescape"))
            end = start + len(data[mention.start : mention.end].decode("utf-8", "surrogateescape"))
            first, last = _held(read.words, start, end)
            yield Span(start, end, mention.kind, first, last, mention.value)
    if read.words and piece[:1].isupper() and read.words[0].stem and read.words[0].lower not in FUNCTION_WORDS:
        # A single capital at the start proves nothing: a name is followed by what a subject is followed by, and `features` sees how it is written elsewhere.
        last = 1
        while last < len(read.words) and not read.breaks[last] and read.text[read.words[last].start].isupper():
            last += 1
        yield Span(read.words[0].start, read.words[last - 1].end, "opening", 0, last)


def _held(said: list[Word], start: int, end: int) -> tuple[int, int]:
    inside = [i for i, word in enumerate(said) if word.start < end and word.end > start]
    return (inside[0], inside[-1] + 1) if inside else (0, 0)


def _phrases(read: Line) -> Iterator[Span]:
    """Yield runs of a few words that cross no break, begin with a determiner or a telling word, and end with a telling one."""
    said = read.words
    for first, word in enumerate(said):
        if not word.stem and word.lower not in _DETERMINERS:
            continue
        for last in range(first + 1, min(first + LONGEST_PHRASE, len(said)) + 1):
            if last - 1 > first and read.breaks[last - 1]:
                break
            if said[last - 1].stem:
                yield Span(word.start, said[last - 1].end, "phrase", first, last)


def _clauses(read: Line) -> Iterator[Span]:
    """Yield what stands between the joints of a sentence: breaks, conjunctions, prepositions, forms of "to be"."""
    said, n = read.words, len(read.words)
    starts = [i for i in range(n) if i == 0 or read.breaks[i] or said[i - 1].lower in _JOINTS or said[i].lower in _JOINTS]
    ends = [i for i in range(1, n + 1) if i == n or read.breaks[i]]
    joints = [i for i in range(1, n) if said[i].lower in _JOINTS]
    for first in starts:
        reach = [end for end in ends if end > first][:3] + ends[-1:]
        near = [end for end in joints if end > first][:2]
        for last in dict.fromkeys(near + reach):
            if last - first > 2:
                yield Span(said[first].start, said[last - 1].end, "clause", first, last)
