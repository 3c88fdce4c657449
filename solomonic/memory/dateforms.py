"""The forms in which English speaks of time: a regular expression for each, and a reader that says what a match means.

A reader returns a period or a duration; None where the words are a date that cannot be resolved (no time of saying, an ambiguous order of
day and month); NO_DATE where they are no date at all.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from typing import Final, cast

from .datewords import (
    COUNT,
    GAP,
    MONTH,
    MONTH_OF,
    ORDINALS,
    PARTS,
    SEASON_OF,
    TH,
    UNIT,
    UNITS,
    VAGUE,
    WEEKDAY_OF,
    any_of,
    number_of,
)
from .periods import (
    DAY_S,
    UNIT_S,
    Duration,
    Grain,
    Period,
    date_of,
    days,
    months,
    posix,
    season,
    unit_around,
    years,
)


class Reader:
    """One text with the day on which it was said; what the readers below ask of it."""

    def __init__(self, text: str, at: float | None) -> None:
        self.text = text
        self.at = at
        self.today = date_of(at)

    def future(self, match: re.Match[str]) -> bool:
        """Does the sentence around the match speak of what is to come?"""
        before = self.text[max(0, match.start() - 80) : match.start()]
        after = self.text[match.end() : match.end() + 40]
        return bool(_FUTURE.search(_SENTENCE_END.split(before)[-1]) or _FUTURE.search(_SENTENCE_END.split(after)[0]))

    def day_in(self, year: int | None, month: int, day: int, match: re.Match[str]) -> datetime.date | None:
        """Return the day named; without a year the nearest one in the direction of which the sentence speaks."""
        if year is not None:
            return _date(year, month, day)
        if self.today is None:
            return None
        step = 1 if self.future(match) else -1
        for distance in range(9):
            there = _date(self.today.year + step * distance, month, day)
            if there is not None and (there >= self.today if step > 0 else there <= self.today):
                return there
        return None

    def shift(self, unit: str, count: int) -> datetime.date | None:
        """Return the day `count` units after today, in a shorter month its last day at most."""
        if self.today is None:
            return None
        if unit in ("month", "year", "decade", "century"):
            step = count * {"month": 1, "year": 12, "decade": 120, "century": 1200}[unit]
            there = months(self.today.year, self.today.month + step)
            first = date_of(there.start) if there else None
            last = date_of(there.end - DAY_S) if there else None
            return first.replace(day=min(self.today.day, last.day)) if first and last else None
        return date_of(posix(self.today) + count * DAY_S * (7 if unit in ("week", "weekend") else 1))


_FUTURE: Final = re.compile(
    r"\b(?:will|shall|going to|gonna|plan(?:s|ning)?|upcoming|soon|looking forward|can't wait)\b|['’]ll\b|^[ ]?from now\b", re.I
)
_SENTENCE_END: Final = re.compile(r"[.!?\n]")
Value = Period | Duration | None
NO_DATE: Final = object()
"""What a reader returns for words that are no date at all."""


def _date(year: int, month: int, day: int) -> datetime.date | None:
    try:
        found = datetime.date(year, month, day)
    except ValueError:
        return None
    return found if 1 < year < 9998 else None


def _month_of(match: re.Match[str]) -> int:
    return MONTH_OF[match["month"].lower()]


def _read_iso(reader: Reader, match: re.Match[str]) -> object:
    year, month = int(match[1]), int(match[2])
    if match[3] is None:
        return months(year, month) if 1 <= month <= 12 else NO_DATE
    day = _date(year, month, int(match[3]))
    if day is None:
        return NO_DATE
    if match[4] is None:
        return days(day)
    if int(match[4]) > 23 or int(match[5]) > 59 or int(match[6] or 0) > 59:
        return NO_DATE
    zone = match[7] or "Z"
    offset = 0 if zone == "Z" else (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60) * (1 if zone[0] == "+" else -1)
    start = posix(day) + int(match[4]) * 3600 + int(match[5]) * 60 + int(match[6] or 0) - offset
    return Period(start, start + 1, "second") if match[6] else Period(start, start + 60, "minute")


def _read_slashes(reader: Reader, match: re.Match[str]) -> object:
    first, second, year = int(match[1]), int(match[2]), int(match[3])
    if first > 12 or first == second:
        day = _date(year, second, first)
    elif second > 12:
        day = _date(year, first, second)
    else:
        return None
    return days(day) if day else NO_DATE


def _read_day(reader: Reader, match: re.Match[str]) -> object:
    first, last = int(match["day"]), int(match["last"] or match["day"])
    if not 1 <= first <= last <= 31:
        return NO_DATE
    named = int(match["year"]) if match["year"] else None
    if named is None and match["month"].islower() and match["month"] in ("may", "mar", "sun", "march"):
        return NO_DATE
    month = _month_of(match)
    if _date(named or 2000, month, first) is None:
        return NO_DATE
    day = reader.day_in(named, month, first, match)
    return days(day, last - first + 1) if day else None


def _read_month(reader: Reader, match: re.Match[str]) -> object:
    return months(int(match["year"]), _month_of(match))


def _read_bare_month(reader: Reader, match: re.Match[str]) -> object:
    month, how = _month_of(match), (match["how"] or "").lower().rpartition(" ")[2]
    if (len(match["month"]) <= 4 and match["month"].lower() not in ("may", "june", "july")) or (
        match["month"].islower() and month in (3, 5, 8)
    ):
        return NO_DATE
    if match["month"][0].isupper() and _NAME_NEXT.match(reader.text, match.end()):
        return NO_DATE
    today = reader.today
    if today is None:
        return None
    back = (today.month - month) % 12
    if how in ("next", "coming") or (not how and reader.future(match)):
        return months(today.year, today.month + ((month - today.month) % 12 or (12 if how == "next" else 0)))
    if how == "this":
        return months(today.year, month)
    return months(today.year, today.month - (back or (12 if how == "last" else 0)))


def _read_weekday(reader: Reader, match: re.Match[str]) -> object:
    how = (match["how"] or "").lower().split()
    if (
        "every" in how
        or "each" in how
        or _EVERY.search(reader.text[max(0, match.start() - 8) : match.start()])
        or (match["day"][0].isupper() and _NAME_NEXT.match(reader.text, match.end("day")))
    ):
        return NO_DATE
    today = reader.today
    if today is None:
        return None
    weekday = WEEKDAY_OF[match["day"].lower()]
    ahead = datetime.timedelta((weekday - today.weekday() - 1) % 7 + 1)
    behind = datetime.timedelta((today.weekday() - weekday - 1) % 7 + 1)
    if "past" in how or "last" in how or "previous" in how:
        return days(today - behind)
    if "next" in how or "coming" in how:
        return days(today + ahead)
    if how == ["this"]:
        return days(today + datetime.timedelta(weekday - today.weekday()))
    return days(today + ahead if reader.future(match) else today - behind)


def _read_day_word(reader: Reader, match: re.Match[str]) -> object:
    if reader.today is None:
        return None
    phrase = match[0].lower()
    step = -1 if "yesterday" in phrase else 1 if "tomorrow" in phrase else 0
    if "before" in phrase or "after" in phrase:
        step *= 2
    return days(reader.today + datetime.timedelta(step))


def _read_relative_unit(reader: Reader, match: re.Match[str]) -> object:
    how, unit = match["how"].lower().split()[-1], match["what"].lower()
    if unit in PARTS:
        back = {"last": 1, "this": 0}.get(how)
        if back is None or (how == "last" and unit != "night"):
            return NO_DATE
        return days(reader.today - datetime.timedelta(back)) if reader.today else None
    today = reader.today
    if today is None:
        return None
    step = {"last": 1, "previous": 1, "past": 1, "this": 0, "current": 0}.get(how, -1)
    if unit in SEASON_OF:
        return _relative_season(today, SEASON_OF[unit], step)
    if how == "past" and unit != "weekend":
        first = reader.shift(unit, -1)
        return Period(posix(first), posix(today), _grain(unit)) if first else None
    return unit_around(today, unit, step)


def _relative_season(today: datetime.date, name: str, step: int) -> Period | None:
    """Return the last season of that name that is over (1), the one of this year (0), the next to begin (-1)."""
    now = posix(today)
    near = [found for year in range(today.year - 2, today.year + 3) if (found := season(year, name))]
    if step > 0:
        return max((s for s in near if s.end <= now), key=lambda s: s.start, default=None)
    if step < 0:
        return min((s for s in near if s.start > now), key=lambda s: s.start, default=None)
    return next((s for s in near if now in s), None) or season(today.year, name)


def _grain(unit: str) -> Grain:
    """Return the grain of the same name as a unit."""
    return cast(Grain, unit)


def counted_units(match: re.Match[str]) -> tuple[int, int, str] | None:
    """Return (least, most, unit) of "two weeks", "a few months", "half a year"; None where it is no whole number of any unit."""
    unit, phrase = UNITS[match["unit"].lower()], match["n"].lower()
    vague = next((VAGUE[word] for word in phrase.split() if word in VAGUE), None)
    if vague:
        return *vague, unit
    number = number_of(phrase)
    if number is None:
        return None
    if match["unit"].lower().startswith("fortnight"):
        number *= 2
    if match["half"]:
        number += 0.5
    finer = {"century": (100, "year"), "decade": (10, "year"), "year": (12, "month"), "month": (30, "day"), "week": (7, "day")}
    finer |= {"day": (24, "hour"), "hour": (60, "minute"), "minute": (60, "second")}
    if number != int(number) and unit in finer:
        number, unit = number * finer[unit][0], finer[unit][1]
    return (round(number), round(number), unit)


def _read_ago(reader: Reader, match: re.Match[str]) -> object:
    counted = counted_units(match)
    if counted is None or reader.today is None or reader.at is None:
        return None
    least, most, unit = counted
    sign = 1 if match["ago"].lower() in ("ago", "back") else -1
    return whole_units(reader.today, reader.at, unit, least * sign, most * sign)


def whole_units(today: datetime.date, at: float, unit: str, near: int, far: int) -> Period | None:
    """Return the whole units from `far` to `near` units back from now (ahead where negative)."""
    if unit in ("second", "minute", "hour"):
        size = UNIT_S[unit]
        low, high = sorted((at - near * size, at - far * size))
        start = low // size * size
        return Period(start, start + size + round((high - low) / size) * size, _grain(unit)) if date_of(start) else None
    one, other = unit_around(today, unit, near), unit_around(today, unit, far)
    if one is None or other is None:
        return None
    return Period(min(one.start, other.start), max(one.end, other.end), one.grain)


def _read_in(reader: Reader, match: re.Match[str]) -> object:
    counted = counted_units(match)
    if counted is None or not reader.future(match):
        return NO_DATE
    if reader.today is None or reader.at is None:
        return None
    return whole_units(reader.today, reader.at, counted[2], -counted[0], -counted[1])


def _read_past_units(reader: Reader, match: re.Match[str]) -> object:
    counted = counted_units(match)
    if counted is None or reader.today is None or reader.at is None:
        return None
    _, most, unit = counted
    back = match["how"].lower() in ("last", "past", "previous")
    if unit in ("second", "minute", "hour"):
        span = most * UNIT_S[unit]
        return Period(reader.at - span, reader.at, _grain(unit)) if back else Period(reader.at, reader.at + span, _grain(unit))
    other = reader.shift(unit, -most if back else most)
    if other is None:
        return None
    low, high = sorted((posix(other), posix(reader.today)))
    return Period(low, high, _grain(unit)) if low < high else None


def _read_duration(reader: Reader, match: re.Match[str]) -> object:
    unit, phrase = UNITS[match["unit"].lower()], match["n"].lower()
    if unit == "weekend" or (phrase in ("a", "an") and not _LASTING.search(reader.text[max(0, match.start() - 12) : match.start()])):
        return NO_DATE
    number = number_of(phrase)
    if number is None:
        return NO_DATE
    if match["unit"].lower().startswith("fortnight"):
        number *= 2
    return Duration(number + (0.5 if match["half"] else 0.0), unit)


def _read_season(reader: Reader, match: re.Match[str]) -> object:
    return season(int(match["year"]), SEASON_OF[match["what"].lower()])


def _read_decade(reader: Reader, match: re.Match[str]) -> object:
    if match[1]:
        return years(int(match[1]), 10)
    return years(int(match[2]) + (1900 if int(match[2]) >= 20 else 2000), 10)


def _read_century(reader: Reader, match: re.Match[str]) -> object:
    number = int(match[1]) if match[1] else ORDINALS.index(match[2].lower()) + 1
    return years((number - 1) * 100 + 1, 100) if 1 <= number <= 99 else NO_DATE


def _read_years(reader: Reader, match: re.Match[str]) -> object:
    first, last = int(match[1]), int(match[2])
    low, high = years(first), years(last)
    return Period(low.start, high.end, "year") if low and high and first < last else NO_DATE


def _read_year(reader: Reader, match: re.Match[str]) -> object:
    text, start, end = reader.text, match.start(), match.end()
    if not _BEFORE_YEAR.search(text[max(0, start - 12) : start]):
        counted = _COUNTED.match(text, end)
        if counted or not 1500 <= int(match[0]) < 2200 or (int(match[0]) < 1800 and _SMALL_NEXT.match(text, end)):
            return NO_DATE
    return years(int(match[0]))


_NAME_NEXT: Final = re.compile(r" [A-Z][a-z]")
_LASTING: Final = re.compile(r"\b(?:for|takes?|took|lasts?|lasted|spent|within|after|about|almost|nearly|over) $", re.I)
_EVERY: Final = re.compile(r"\b(?:every|each)\s+$", re.I)
_SMALL_NEXT: Final = re.compile(r"[ ][a-z]")
_COUNTED: Final = re.compile(
    r"[ -](?:[a-z]+[a-hj-rtv-z]s|people|men|women|children|feet|km|kg|cm|mm|m|g|l|ft|lb|percent|per|and|or|x)\b(?<!was)(?<!has)"
)
_BEFORE_YEAR: Final = re.compile(
    r"(?:\b(?:in|since|by|until|till|from|during|before|after|circa|year|early|late|mid|between)[ -]|\()$", re.I
)
_HOW: Final = "(?:this |the )?(?:last|past|previous|coming)|this|next|the current"
Read = Callable[[Reader, re.Match[str]], object]
Match = Callable[[str, int], re.Match[str] | None]
Rule = tuple[Match, Read]
"""A form: `match(text, start)`, and the reader of what it matched."""


def _rules(*rules: tuple[str, Read]) -> tuple[Rule, ...]:
    return tuple((re.compile(pattern, re.I).match, read) for pattern, read in rules)


_TO: Final = rf"(?:(?:{GAP})?(?:[-–]|to)(?:{GAP})?(?P<last>\d{{1,2}}){TH})?"
DIGIT_RULES: Final = _rules(
    (r"(?<![\w/.-])(\d{4})-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?)?)?(?![\w-])", _read_iso),
    (r"(?<![\w/.-])(\d{1,2})[/.](\d{1,2})[/.](\d{4})(?![\w/-])", _read_slashes),
    (r"(?<![\w/.$€£,-])([12]\d{3})[ ]?[-–][ ]?([12]\d{3})(?![\w-])", _read_years),
    (r"(?<![\w/.$€£,-])[12]\d{3}(?![\w%/]|[.,:-]\d)", _read_year),
    (r"(?<!\w)(?:([12]\d\d0)|(?<=['’])(\d0))['’]?s\b", _read_decade),
)
MONTH_RULES: Final = _rules(
    (rf"(?<![\w/.-])(?P<day>\d{{1,2}}){TH}{_TO}{GAP}(?:of{GAP})?{MONTH}(?:,?{GAP}(?P<year>\d{{4}})\b)?", _read_day),
    (rf"\b{MONTH}{GAP}(?P<day>\d{{1,2}}){TH}{_TO}(?![\w:])(?:,?{GAP}(?P<year>\d{{4}})\b)?", _read_day),
    (rf"\b{MONTH},?{GAP}(?:of{GAP})?(?P<year>[12]\d{{3}})\b", _read_month),
    (rf"\b(?P<how>{_HOW}){GAP}{MONTH}", _read_bare_month),
    (rf"\b(?:in|by|since|until|till|during|early|late|mid)[ -](?P<span>(?P<how>){MONTH})", _read_bare_month),
)
WEEKDAY_RULES: Final = _rules(
    (rf"\b(?:(?P<how>{_HOW}|every|each){GAP})?(?P<day>{any_of(WEEKDAY_OF)})\b(?:{GAP}{any_of(PARTS)}\b)?", _read_weekday),
)
DAY_RULES: Final = _rules(
    (
        rf"\b(?:the{GAP}day{GAP}(?:before{GAP}yesterday|after{GAP}tomorrow)|yesterday|today|tonight|tomorrow)\b(?:{GAP}{any_of(PARTS)}\b)?",
        _read_day_word,
    ),
)
_HALF: Final = rf"(?P<half>{GAP}and{GAP}a{GAP}half)?"
UNIT_RULES: Final = _rules(
    (rf"\b{COUNT}{UNIT}{_HALF}{GAP}(?P<ago>ago|back|from{GAP}(?:now|today))\b", _read_ago),
    (rf"\bin{GAP}{COUNT}{UNIT}{_HALF}(?!['’\w])", _read_in),
    (rf"\b(?:the{GAP}|these{GAP})?(?P<how>last|past|previous|next|coming){GAP}{COUNT}{UNIT}(?P<half>)", _read_past_units),
    (rf"(?<![\w.,/$€£-]){COUNT}{UNIT}{_HALF}", _read_duration),
    (rf"\b(?P<how>{_HOW}){GAP}(?P<what>day|week|weekend|month|year|decade|century|{any_of((*SEASON_OF, *PARTS))})\b", _read_relative_unit),
    (rf"\b(?:the{GAP})?(?P<what>{any_of(SEASON_OF)})(?:{GAP}of)?,?{GAP}(?P<year>[12]\d{{3}})\b", _read_season),
    (rf"\b(?:the{GAP})?(?:(\d{{1,2}})(?:st|nd|rd|th)|({any_of(ORDINALS)}))[ -]century\b", _read_century),
)
