"""Dates and lengths of time in English text, resolved against the time at which it was said.

"yesterday", "last Friday", "two weeks ago", "in May", "7 May 2023", "the 1940s", "2023-05-07T13:56Z", "for three years" become periods and
durations (`periods.py`). Rules and word lists of the calendar only, no learning. What needs a time of saying and has none, or is
ambiguous (05/07/2023), is found and left unresolved: its value is None.

Where the words leave the direction open ("on Friday", "in May"), the past is meant unless the sentence speaks of the future ("will",
"going to", "plan"). "Last week" and "last May" are the calendar unit before this one; "the past week" is the seven days that end today.
A search costs a scan for each kind of word that occurs and looks at most 120 characters around a find, so it is linear in the text.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from .dateforms import (
    DAY_RULES,
    DIGIT_RULES,
    MONTH_RULES,
    UNIT_RULES,
    WEEKDAY_RULES,
    Reader,
    Rule,
    Value,
    counted_units,
    whole_units,
)
from .datewords import (
    CLOCK,
    COUNT,
    DAY_OPENERS,
    DAY_WORDS,
    GAP,
    MONTH_OPENERS,
    MONTH_WORDS,
    TRIGGERS,
    UNIT,
    UNIT_OPENERS,
    UNIT_WORDS,
    WEEKDAY_OF,
    WEEKDAY_OPENERS,
    WEEKDAY_WORDS,
    any_of,
    places_of,
    tokens_of,
    words_of,
)
from .periods import (
    Duration,
    Period,
    date_of,
    days,
    format_duration,
    format_period,
    key_of,
    posix,
    unit_around,
    week,
    weekend,
)

__all__ = ["Duration", "Found", "Period", "dates", "format_duration", "format_period"]


class Found(NamedTuple):
    """An expression of time at characters [start, end); `key` is its normal form, equal for equal times."""

    start: int
    end: int
    value: Period | Duration | None
    key: str


_KINDS: Final = {
    **dict.fromkeys(MONTH_WORDS, (MONTH_RULES, MONTH_OPENERS, 4)),
    **dict.fromkeys(WEEKDAY_WORDS, (WEEKDAY_RULES, WEEKDAY_OPENERS, 2)),
    **dict.fromkeys(DAY_WORDS, (DAY_RULES, DAY_OPENERS, 3)),
    **dict.fromkeys(UNIT_WORDS, (UNIT_RULES, UNIT_OPENERS, 5)),
}
"""A word that may stand in a date -> the forms to try, the words that may open them, and at most how many words before this one."""
_digits: Final = re.compile(r"[0-9]\w*").finditer
_ANCHORED: Final = re.compile(
    rf"(?:\bthe{GAP})?\b(?:(?P<what>day|week|weekend|month|year|{any_of(WEEKDAY_OF)})|{COUNT}{UNIT}(?P<half>))"
    rf"{GAP}(?P<how>before|after|prior{GAP}to|following|of){GAP}(?:the{GAP})?$",
    re.I,
)
_CLOCK_BEFORE: Final = re.compile(rf"\b(?:at{GAP})?{CLOCK}{GAP}(?:on{GAP})?$", re.I)
_CLOCK_AFTER: Final = re.compile(rf"(?:,?{GAP}at|,)?{GAP}{CLOCK}", re.I)


def dates(text: str, *, at: float | None, words: Iterable[str] | None = None) -> list[Found]:
    """Return the expressions of time in a text, in order and without overlaps.

    at: POSIX seconds at which the text was said, or None. words: `words_of(text)` where it is known already.
    """
    spoken = TRIGGERS.intersection(words_of(text) if words is None else words)
    digits = digits_of(text)
    if not spoken and not digits:
        return []
    reader = Reader(text, at)
    found: list[tuple[int, int, Value]] = []
    for token in digits:
        found += _matches(reader, DIGIT_RULES, token)
    tried: set[tuple[int, int]] = set()
    for word in sorted(spoken):
        rules, openers, reach = _KINDS[word]
        for start in places_of(text, word):
            for opener in [*tokens_of(text, max(0, start - 40), start)][-reach:]:
                first = opener.start()
                if (opener[0] in openers or "0" <= opener[0][0] <= "9") and (id(rules), first) not in tried:
                    tried.add((id(rules), first))
                    found += _matches(reader, rules, first)
            found += _matches(reader, rules, start)
    return _kept(reader, found) if found else []


def digits_of(text: str) -> list[int]:
    """Return where each run of letters and digits begins that begins with a digit, in ASCII."""
    return [token.start() for token in _digits(text)]


def _kept(reader: Reader, found: list[tuple[int, int, Value]]) -> list[Found]:
    """Return the finds without overlaps, the earliest first and the longest of those that start together."""
    text = reader.text
    found.sort(key=lambda hit: (hit[0], -hit[1]))
    kept: list[Found] = []
    end = 0
    for hit in found:
        if hit[0] >= end:
            start, stop, value = hit
            if isinstance(value, Period):
                start, stop, value = _widened(reader, start, stop, value)
            while kept and kept[-1].end > start:
                kept.pop()
            kept.append(Found(start, stop, value, _key(text[start:stop], value)))
            end = stop
    return kept


def _matches(reader: Reader, rules: Iterable[Rule], start: int) -> Iterator[tuple[int, int, Value]]:
    """Yield what the forms make of the text that begins at a character: (start, end, value)."""
    for match_at, read in rules:
        match = match_at(reader.text, start)
        if match is not None:
            value = read(reader, match)
            if value is None or isinstance(value, (Period, Duration)):
                named = "span" if "span" in match.re.groupindex else 0
                yield match.start(named), match.end(named), value


def _key(surface: str, value: Value) -> str:
    if isinstance(value, Period):
        return key_of(value)
    return format_duration(value) if isinstance(value, Duration) else " ".join(surface.lower().split())


def _widened(reader: Reader, start: int, end: int, value: Period) -> tuple[int, int, Value]:
    """Return the expression with what stands around it: "the week before ...", "... at 5 pm"."""
    text = reader.text
    before = text[max(0, start - 40) : start]
    if value.grain == "day":
        clock = _CLOCK_AFTER.match(text, end)
        if clock and (at := _clock(value, clock)):
            return start, clock.end(), at
        clock = _CLOCK_BEFORE.search(before) if before[-4:].strip().lower() == "on" or before[-2:-1].isalnum() else None
        if clock and (at := _clock(value, clock)):
            return start - len(before) + clock.start(), end, at
    if before[-4:-1].lower() in ("ore", "ter", " to", "ing", " of", "the"):
        anchored = _ANCHORED.search(before)
        if anchored and (there := _anchored(value, anchored)):
            return start - len(before) + anchored.start(), end, there
    return start, end, value


def _clock(day: Period, match: re.Match[str]) -> Period | None:
    """Return the minute (or second) of the day that a clock time names."""
    if match[3]:
        hour, minute, second = int(match[1]) % 12 + (12 if match[3].lower() == "p" else 0), int(match[2] or 0), None
        if not 1 <= int(match[1]) <= 12 or minute > 59:
            return None
    else:
        hour, minute, second = int(match[4]), int(match[5]), match[6]
    start = day.start + hour * 3600 + minute * 60 + int(second or 0)
    return Period(start, start + 1, "second") if second else Period(start, start + 60, "minute")


def _anchored(anchor: Period, match: re.Match[str]) -> Period | None:
    """Return what "the week before", "two days after", "the weekend of" make of the period that follows."""
    first, last = date_of(anchor.start), date_of(anchor.end - 1)
    if first is None or last is None:
        return None
    how, what = match["how"].lower().split()[0], (match["what"] or "").lower()
    if how == "of":
        if anchor.grain != "day":
            return None
        return week(first) if what == "week" else weekend(first) if what == "weekend" else None
    sign = 1 if how in ("before", "prior") else -1
    edge = first if sign > 0 else last
    if what in WEEKDAY_OF:
        step = (edge.weekday() - WEEKDAY_OF[what] - 1) % 7 + 1 if sign > 0 else (WEEKDAY_OF[what] - edge.weekday() - 1) % 7 + 1
        return days(edge - datetime.timedelta(sign * step))
    if not what:
        counted = counted_units(match)
        if counted is None or counted[2] in ("second", "minute", "hour"):
            return None
        return whole_units(edge, posix(edge), counted[2] if counted[2] != "week" else "day", *_in_days(counted, sign))
    if what == "day":
        return days(edge - datetime.timedelta(sign))
    if what in ("week", "weekend"):
        stretch = days(first - datetime.timedelta(7) if sign > 0 else last + datetime.timedelta(1), 7, "week")
        return stretch if what == "week" else weekend(date_of(stretch.start) or edge)
    return unit_around(edge, what, sign)


def _in_days(counted: tuple[int, int, str], sign: int) -> tuple[int, int]:
    size = 7 if counted[2] == "week" else 1
    return counted[0] * size * sign, counted[1] * size * sign
