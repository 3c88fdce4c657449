"""Sentences and words of a record with their places, so that whatever is quoted can be sliced out of the bytes again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from ..memory.stems import STOP
from .asking import stemmed

LONGEST: Final = 200_000
"""Characters of a record that are read; what stands behind them is remembered, but not quoted in answers."""

LONG: Final = 600
"""Characters of a sentence; a longer one is cut at a space."""

_ends: Final = re.compile(r"(?:[.!?…]+[\"'”’)\]]*(?=\s)|\n\s*\n|(?<=\S)\n(?=\s*(?:[-*#]|\d+\.) ))").finditer
_abbreviation: Final = re.compile(r"\b(?:[A-Z]|No|(?i:dr|mr|mrs|ms|prof|st|vs|e\.g|i\.e|etc|fig|cf|vol))\.$").search
_word: Final = re.compile(r"[$€£]?[^\W_]+(?:[-'’.,/:][^\W_]+)*%?").finditer


class Word(NamedTuple):
    """A word at characters [start, end) of its record; `stem` is "" where the word is a stop word."""

    start: int
    end: int
    lower: str
    stem: str


class Sentence(NamedTuple):
    """Characters [start, end) of a record, without the blanks around them."""

    start: int
    end: int


def sentences(text: str) -> Iterator[Sentence]:
    """Yield the sentences of a text, in order; every letter of its first LONGEST characters is in one."""
    limit = min(len(text), LONGEST)
    start = 0
    for match in _ends(text, 0, limit):
        end = match.end()
        if match[0][0] == "." and len(match[0]) == 1 and _short(text, end):
            continue
        yield from _pieces(text, start, end)
        start = end
    yield from _pieces(text, start, limit)


def _short(text: str, end: int) -> bool:
    """Is the full stop before `end` that of an abbreviation, or is the next letter a small one?"""
    following = text[end : end + 3].lstrip()[:1]
    return following.islower() or bool(_abbreviation(text[max(0, end - 8) : end]) and following.isupper())


def _pieces(text: str, start: int, end: int) -> Iterator[Sentence]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    while end - start > LONG:
        cut = text.rfind(" ", start + 1, start + LONG)
        cut = cut if cut > start else start + LONG
        yield Sentence(start, cut)
        start = cut
        while start < end and text[start].isspace():
            start += 1
    if end > start:
        yield Sentence(start, end)


def words(text: str, start: int, end: int) -> list[Word]:
    """Return the words of a stretch of text."""
    found = []
    for match in _word(text, start, end):
        lower = match[0].lower().replace("’", "'")
        found.append(Word(match.start(), match.end(), lower, "" if lower in STOP else stemmed(lower)))
    return found


def decoded(data: bytes) -> str:
    """Return any bytes as text from which `encoded` makes the same bytes again."""
    return data.decode("utf-8", "surrogateescape")


def encoded(text: str) -> bytes:
    """Return the bytes of what `decoded` returned, or of a part of it."""
    return text.encode("utf-8", "surrogateescape")
