"""What a text mentions, found without a language model: names, quoted titles, numbers with units, dates, durations, the speaker.

Everything is rules over closed classes of English (`names.py`, `dates.py`, the units below); precision before recall. A mention carries the
bytes it stands on, so whatever rests on it can be shown; its `norm` is the same for the same thing, however it is written.

The work is linear in the text, whatever the text is, and bounded: LONGEST characters are read, in pieces of 65,536, and no more than MOST mentions are
kept, the first ones.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from .dates import Duration, Period, dates
from .datewords import NUMBER_WORDS, number_of, places_of, words_of
from .names import FUNCTION_WORDS, MOST_WORDS, Casing, Name, decide, names, normal

Kind = Literal["name", "quoted", "number", "date", "duration", "speaker"]

MOST: Final = 10_000
LONGEST: Final = 1_000_000
"""Characters of a text that are read; whoever writes more has written a file, and MOST mentions are rarely past this."""
PIECE: Final = 65_536

_UNITS: Final = {
    **dict.fromkeys(("%", "percent", "per cent"), "%"),
    **dict.fromkeys(("$", "dollar", "dollars", "usd", "bucks"), "$"),
    **dict.fromkeys(("€", "euro", "euros", "eur"), "€"),
    **dict.fromkeys(("£", "gbp"), "£"),
    **dict.fromkeys(("°c", "degrees celsius"), "°C"),
    **dict.fromkeys(("°f", "degrees fahrenheit"), "°F"),
    **{
        unit: unit
        for unit in ("mm", "cm", "m", "km", "kg", "g", "mg", "lb", "oz", "ml", "l", "kb", "mb", "gb", "tb", "hz", "khz", "mhz", "ghz")
    },
    **dict.fromkeys(("ms", "milliseconds", "millisecond"), "ms"),
    **dict.fromkeys(("metre", "metres", "meter", "meters"), "m"),
    **dict.fromkeys(("kilometre", "kilometres", "kilometer", "kilometers"), "km"),
    **dict.fromkeys(("gram", "grams"), "g") | dict.fromkeys(("kilogram", "kilograms", "kilo", "kilos", "kgs"), "kg"),
    **dict.fromkeys(("litre", "litres", "liter", "liters"), "l"),
    **dict.fromkeys(("mile", "miles", "mi"), "mi") | dict.fromkeys(("foot", "feet", "ft"), "ft") | dict.fromkeys(("inch", "inches"), "in"),
    **dict.fromkeys(("pound", "pounds", "lbs"), "lb") | dict.fromkeys(("ounce", "ounces"), "oz") | dict.fromkeys(("yard", "yards"), "yd"),
    **dict.fromkeys(("bit", "bits"), "bit") | dict.fromkeys(("byte", "bytes"), "byte"),
}
_SCALES: Final = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "k": 1e3, "bn": 1e9}
_COUNTING: Final = frozenset(
    form for word in NUMBER_WORDS if word not in ("a", "an", "half", "zero", "one") for form in (word, word.capitalize())
)
_digits: Final = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?").finditer
_spelled: Final = re.compile(r"[A-Za-z]{2,9}(?:[ -][a-z]{2,9}){0,3}").match
_after: Final = re.compile(r"([ \xa0-]?)(%|°[CF]|[€£]|[A-Za-z]{1,20})(?![A-Za-z])(?:[ -]([a-z]{1,20})(?![A-Za-z]))?").match
_quotes: Final = re.compile(r"\"([^\"\n]{2,80})\"|“([^“”\n]{2,80})”|«([^«»\n]{2,80})»").finditer


class Quantity(NamedTuple):
    """A number with its unit, or with what was counted ("miles", "dogs"), or alone."""

    number: float
    unit: str | None


class Mention(NamedTuple):
    """One mention: bytes [start, end) of the text in UTF-8 are `surface`; equal `norm` and kind mean the same thing.

    value: a Period for a date that could be resolved, a Duration, a Quantity for a number, else None.
    A speaker is mentioned by the record and not by its text: start and end are 0.
    """

    kind: Kind
    surface: str
    norm: str
    start: int
    end: int
    value: Period | Duration | Quantity | None = None


_Hit = tuple[int, int, Kind, str, Period | Duration | Quantity | None]


class Guarded(NamedTuple):
    """A mention that the casing of the store settles: the whole, what is left without its first word, and that word (None: it is sure)."""

    whole: Mention
    rest: Mention | None
    guard: str | None


@dataclass(frozen=True, slots=True)
class Scan:
    """What one text holds: sure mentions, guarded ones, and what it adds to the casing (words as written, those that begin sentences)."""

    sure: list[Mention]
    guarded: list[Guarded]
    words: list[str]
    starts: list[str]

    def settled(self, casing: Casing) -> list[Mention]:
        """Return all mentions, in the order of the text, as the casing settles them."""
        found = list(self.sure)
        for whole, rest, guard in self.guarded:
            norm = decide(whole.norm, guard or "", rest.norm if rest else None, casing)
            if norm == whole.norm:
                found.append(whole)
            elif rest is not None and norm == rest.norm:
                found.append(rest)
        found.sort(key=lambda mention: (mention.kind != "speaker", mention.start))
        return found


def mentions(text: str | bytes, *, at: float | None = None, speaker: str | None = None, casing: Casing | None = None) -> list[Mention]:
    """Return what a text mentions, in order.

    text: bytes that are not UTF-8 keep their offsets. at: when it was said (POSIX seconds); dates are resolved against it.
    casing: how the store at large writes its words; without it, the text alone decides.
    """
    scanned = scan(text, at=at, speaker=speaker)
    return scanned.settled(casing or Casing.of(scanned.words, scanned.starts))


def scan(text: str | bytes, *, at: float | None = None, speaker: str | None = None) -> Scan:
    """Return what a text mentions and what it says of the casing, with nothing settled yet."""
    text, errors = (text, "surrogatepass") if isinstance(text, str) else (text.decode("utf-8", "surrogateescape"), "surrogateescape")
    result = Scan([], [], [], [])
    if speaker and (norm := normal(speaker)):
        result.sure.append(Mention("speaker", speaker, norm, 0, 0))
    offset = 0
    for piece in _pieces(text[:LONGEST]):
        _scan_piece(piece, offset, at, errors, result)
        offset += len(piece) if piece.isascii() else len(piece.encode("utf-8", errors))
        if len(result.sure) + len(result.guarded) >= MOST:
            last = sorted([*(mention.start for mention in result.sure), *(found.whole.start for found in result.guarded)])[MOST - 1]
            result.sure[:] = [mention for mention in result.sure if mention.start <= last]
            result.guarded[:] = [found for found in result.guarded if found.whole.start <= last]
            break
    return result


def _pieces(text: str) -> Iterator[str]:
    """Yield the text in pieces that end at a line or a space where there is one."""
    if len(text) <= PIECE:
        yield text
        return
    start = 0
    while start < len(text):
        end = min(start + PIECE, len(text))
        if end < len(text):
            cut = max(text.rfind("\n", start, end), text.rfind(" ", start, end))
            end = cut + 1 if cut > start else end
        yield text[start:end]
        start = end


def _scan_piece(text: str, offset: int, at: float | None, errors: str, result: Scan) -> None:
    """Add what a piece holds to the result; `offset`: bytes before it."""
    words = words_of(text)
    result.words.extend(words)
    # (start, end) in characters, and what stands there; the earlier kinds take precedence where two overlap.
    found: list[_Hit] = []
    for time in dates(text, at=at, words=words):
        found.append((time.start, time.end, "duration" if isinstance(time.value, Duration) else "date", time.key, time.value))
    if '"' in text or "“" in text or "«" in text:
        found = _without_overlaps(found, _quoted(text))
    numbers = [*_written_numbers(text), *(_spelled_numbers(text, spoken) if (spoken := _COUNTING.intersection(words)) else ())]
    if numbers:
        found = _without_overlaps(found, numbers)
    taken = [(hit[0], hit[1]) for hit in found]
    to_byte = _ByteOffsets(text, offset, errors)
    guarded: list[Name] = []
    for name in names(text):
        if name.begins and name.guard:
            result.starts.append(name.guard)
        if taken and _overlaps(taken, name.start, name.end):
            continue
        if name.guard is None:
            found.append((name.start, name.end, "name", name.norm, None))
        else:
            guarded.append(name)
    found.sort(key=lambda hit: hit[0])
    for start, end, kind, norm, value in found:
        result.sure.append(Mention(kind, text[start:end], norm, to_byte(start), to_byte(end), value))
    to_byte.rewind()
    for name in guarded:
        first, inner, last = to_byte(name.start), to_byte(name.rest[0]) if name.rest else 0, to_byte(name.end)
        whole = Mention("name", text[name.start : name.end], name.norm, first, last)
        rest = Mention("name", text[name.rest[0] : name.end], name.rest[1], inner, last) if name.rest else None
        result.guarded.append(Guarded(whole, rest, name.guard or ""))


class _ByteOffsets:
    """Character to byte offsets, asked in rising order: each stretch of text is encoded once."""

    def __init__(self, text: str, offset: int, errors: str) -> None:
        self._text, self._errors, self._first = text, errors, offset
        self._ascii = text.isascii()
        self.rewind()

    def rewind(self) -> None:
        """Begin again at the start of the text."""
        self._char, self._byte = 0, self._first

    def __call__(self, char: int) -> int:
        if self._ascii:
            return self._first + char
        if char < self._char:
            self.rewind()
        self._byte += len(self._text[self._char : char].encode("utf-8", self._errors))
        self._char = char
        return self._byte


def _overlaps(taken: list[tuple[int, int]], start: int, end: int) -> bool:
    """Does [start, end) overlap one of the disjoint, sorted stretches?"""
    i = bisect_left(taken, (end, end))
    return i > 0 and taken[i - 1][1] > start


def _without_overlaps(found: list[_Hit], more: Iterable[_Hit]) -> list[_Hit]:
    """Return the finds, sorted and disjoint, with those of `more` that overlap none of them."""
    taken = [(hit[0], hit[1]) for hit in found]
    added = [hit for hit in more if not (taken and _overlaps(taken, hit[0], hit[1]))]
    return sorted([*found, *added], key=lambda hit: hit[0]) if added else found


def _quoted(text: str) -> Iterator[_Hit]:
    """Yield what stands in quotation marks and is a title rather than a speech: at most eight words and no end of a sentence."""
    for match in _quotes(text):
        group = match.lastindex or 1
        start, end = match.span(group)
        while end > start and text[end - 1] in " ,.;":
            end -= 1
        inside = text[start:end]
        norm = normal(inside)
        if norm and inside.count(" ") < MOST_WORDS and not any(mark in inside for mark in (". ", "? ", "! ", ", ")):
            yield start, end, "quoted", norm, None


def _written_numbers(text: str) -> Iterator[_Hit]:
    """Yield the numbers in digits; parts of words, of clock times, of versions and of long identifiers are none."""
    for match in _digits(text):
        start, end = match.span()
        before, after = text[max(0, start - 1) : start], text[end : end + 2]
        if (
            before.isalnum()
            or (before and before in "_.,:/'’")
            or end - start > 30
            or (after[:1] in (":", ".", "/") and after[1:].isdigit())
        ):
            continue
        number = number_of(match[0])
        if number is None:
            continue
        if before == "-":
            if start > 1 and not text[start - 2].isspace():
                continue
            start, number = start - 1, -number
            before = text[max(0, start - 1) : start]
        unit: str | None = None
        if before and before in "$€£":
            start, unit = start - 1, before
        last, number, named = _unit_after(text, end, number)
        if last == end and after[:1].isalpha():
            continue
        yield _quantity(start, last, number, unit or named)


def _spelled_numbers(text: str, words: Iterable[str]) -> Iterator[_Hit]:
    """Yield the numbers in words that count or measure something: "two dogs", "twenty-one miles"."""
    reached = 0
    for start in sorted(place for word in words for place in places_of(text, word)):
        if start < reached:
            continue
        match = _spelled(text, start)
        if match is None:
            continue
        end = match.end()
        while (number := number_of(text[start:end])) is None and end > start:
            end = max(text.rfind(" ", start, end), text.rfind("-", start, end), start)
        if number is None:
            continue
        last, number, unit = _unit_after(text, end, number)
        if unit is not None:
            reached = last
            yield _quantity(start, last, number, unit)


def _unit_after(text: str, end: int, number: float) -> tuple[int, float, str | None]:
    """Return (end, number, unit) with the scale, unit or counted plural noun that follows a number, if one does."""
    match = _after(text, end)
    if match is None:
        return end, number, None
    gap, word, second = match[1], match[2].lower(), match[3]
    if word in _SCALES and (gap or word in ("k", "bn")):
        number *= _SCALES[word]
        if second is None:
            return match.end(2), number, None
        unit = _UNITS.get(second) or _counted(second)
        return (match.end(3) if unit else match.end(2)), number, unit
    if second and f"{word} {second}" in _UNITS:
        return match.end(3), number, _UNITS[f"{word} {second}"]
    unit = _UNITS.get(word) or (_counted(match[2]) if gap else None)
    return (match.end(2) if unit else end), number, unit


def _counted(word: str) -> str | None:
    """Return a plural noun as what a number counts, or None where the word can hardly be one."""
    return word if len(word) > 3 and word[-1] == "s" and word.islower() and word[-2] not in "su'" and word not in FUNCTION_WORDS else None


def _quantity(start: int, end: int, number: float, unit: str | None) -> _Hit:
    norm = f"{number:.15g}" if unit is None else f"{number:.15g} {unit}"
    return start, end, "number", norm, Quantity(number, unit)
