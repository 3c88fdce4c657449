"""Stretches of time: half-open periods with a granularity, lengths of time, and how both are written in English.

A period is [start, end) in POSIX seconds; its grain says how exactly the text spoke ("May 2023" is a month, "7 May 2023" a day).
Days are days of UTC in the proleptic Gregorian calendar, weeks run from Monday to Sunday, and seasons are the meteorological ones of the
northern hemisphere, a winter being named by the year of its December. What lies outside the years 1 to 9999 is no period.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final, Literal

Grain = Literal["second", "minute", "hour", "day", "weekend", "week", "month", "season", "year", "decade", "century"]

DAY_S: Final = 86_400
EPOCH: Final = datetime.date(1970, 1, 1).toordinal()
MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SEASONS: Final = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}
"""Season -> its first month."""

UNIT_S: Final[dict[str, float]] = {
    "second": 1.0,
    "minute": 60.0,
    "hour": 3_600.0,
    "day": DAY_S,
    "week": 7.0 * DAY_S,
    "month": 30.436875 * DAY_S,
    "year": 365.2425 * DAY_S,
    "decade": 3_652.425 * DAY_S,
    "century": 36_524.25 * DAY_S,
}
"""Unit -> seconds; months and longer are the means of the Gregorian calendar."""


@dataclass(frozen=True, slots=True)
class Period:
    """A stretch of time [start, end) in POSIX seconds, spoken of as exactly as `grain` says."""

    start: float
    end: float
    grain: Grain

    def __contains__(self, at: float) -> bool:
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time: `number` of `unit` (a key of UNIT_S)."""

    number: float
    unit: str

    @property
    def seconds(self) -> float:
        """The length in seconds, months and longer at their mean."""
        return self.number * UNIT_S[self.unit]


def date_of(at: float | None) -> datetime.date | None:
    """Return the UTC day of a POSIX time, or None where there is none between the years 2 and 9998 (a day's arithmetic needs room)."""
    if at is None or not -62_104_060_800 <= at < 253_370_764_800:
        return None
    return datetime.date.fromordinal(EPOCH + int(at // DAY_S))


def posix(day: datetime.date) -> float:
    """Return the POSIX seconds at which a UTC day begins."""
    return float((day.toordinal() - EPOCH) * DAY_S)


def days(first: datetime.date, count: int = 1, grain: Grain = "day") -> Period:
    """Return the period of `count` days from `first` on."""
    start = posix(first)
    return Period(start, start + count * DAY_S, grain)


def week(day: datetime.date) -> Period:
    """Return the week, Monday to Sunday, in which the day lies."""
    return days(day - datetime.timedelta(day.weekday()), 7, "week")


def weekend(day: datetime.date) -> Period:
    """Return the Saturday and Sunday of the week in which the day lies."""
    return days(day + datetime.timedelta(5 - day.weekday()), 2, "weekend")


def months(year: int, month: int, count: int = 1, grain: Grain = "month") -> Period | None:
    """Return the period of `count` months from (year, month) on; month may lie outside 1 to 12. None outside the years 1 to 9998."""
    first, last = year * 12 + month - 1, year * 12 + month - 1 + count
    if first < 12 or last >= 9999 * 12:
        return None
    return Period(posix(datetime.date(first // 12, first % 12 + 1, 1)), posix(datetime.date(last // 12, last % 12 + 1, 1)), grain)


def years(first: int, count: int = 1) -> Period | None:
    """Return the period of 1, 10 or 100 years from `first` on, with the grain year, decade or century."""
    grain: Grain = "century" if count == 100 else "decade" if count == 10 else "year"
    return months(first, 1, 12 * count, grain)


def season(year: int, name: str) -> Period | None:
    """Return the three months of a season; a winter begins in the December of its year."""
    return months(year, SEASONS[name], 3, "season")


def unit_around(day: datetime.date, unit: str, back: int) -> Period | None:
    """Return the whole unit (day, weekend, week, month, year, decade, century) that lies `back` units before the one of the day."""
    if unit in ("day", "week", "weekend"):
        ordinal = day.toordinal() - back * (1 if unit == "day" else 7)
        if not 366 <= ordinal <= 3_652_000:
            return None
        there = datetime.date.fromordinal(ordinal)
        return days(there) if unit == "day" else week(there) if unit == "week" else weekend(there)
    if unit == "month":
        return months(day.year, day.month - back)
    span = {"year": 1, "decade": 10, "century": 100}[unit]
    first = day.year - (day.year - 1) % 100 if span == 100 else day.year - day.year % span
    return years(first - back * span, span) if first - back * span >= 1 else None


def key_of(period: Period) -> str:
    """Return the normal form of a period, after ISO 8601: "2023-05-07", "2023-W18", "2023-05", "2023", "194X"; equal periods, equal keys."""
    first = date_of(period.start)
    if first is None:
        return f"{period.start:.0f}/{period.end:.0f}"
    length = round((period.end - period.start) / DAY_S)
    match period.grain:
        case "second" | "minute" | "hour":
            clock = datetime.timedelta(seconds=period.start - posix(first))
            return f"{first.isoformat()}T{str(clock).zfill(8)[: 8 if period.grain == 'second' else 5]}"
        case "day":
            return first.isoformat() if length <= 1 else f"{first.isoformat()}/P{length}D"
        case "week" | "weekend":
            calendar = first.isocalendar()
            if not _whole(period):
                return f"{first.isoformat()}/P{length}D"
            return f"{calendar.year}-W{calendar.week:02}" + ("-6" if period.grain == "weekend" else "")
        case "month":
            return f"{first.year:04}-{first.month:02}" + ("" if length <= 31 else f"/P{length}D")
        case "season":
            return f"{first.year:04}-{_season_of(first)}"
        case "year":
            return f"{first.year:04}" + ("" if length <= 366 else f"/P{length}D")
        case "decade":
            return f"{first.year // 10:03}X"
        case "century":
            return f"{first.year // 100:02}XX"


def _whole(period: Period) -> bool:
    """Is a week or weekend one of the calendar, or just so many days?"""
    first = date_of(period.start)
    week = period.grain == "week"
    return first is not None and first.weekday() == (0 if week else 5) and period.end - period.start == (7 if week else 2) * DAY_S


def _season_of(first: datetime.date) -> str:
    return next(name for name, month in SEASONS.items() if month == first.month)


def ordinal(number: int) -> str:
    """Return 1st, 2nd, 3rd, 11th and so on."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def written(day: datetime.date) -> str:
    """Return a day as it is written here: "7 May 2023"."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year:04}"


def format_period(period: Period) -> str:
    """Return the period in English, as exactly as its grain: "7 May 2023", "the week of 1 May 2023", "May 2023", "summer 2022", "the 1940s".

    Reading the phrase again (`dates.dates`) gives the period back where it is one whole unit of the calendar; any other stretch is written
    by its first and last day.
    """
    first = date_of(period.start)
    last = date_of(period.end - 1)
    if first is None or last is None:
        return f"from {period.start:.0f} to {period.end:.0f} seconds after 1 January 1970"
    length = round((period.end - period.start) / DAY_S)
    match period.grain:
        case "second" | "minute" | "hour":
            clock = datetime.timedelta(seconds=period.start - posix(first))
            return f"{written(first)} at {str(clock).zfill(8)[: 8 if period.grain == 'second' else 5]}"
        case "week" if _whole(period):
            return f"the week of {written(first)}"
        case "weekend" if _whole(period):
            return f"the weekend of {written(first)}"
        case "month" if first.day == 1 and length <= 31:
            return f"{MONTHS[first.month - 1]} {first.year:04}"
        case "season":
            return f"{_season_of(first)} {first.year:04}"
        case "year" if (first.month, first.day) == (1, 1) and length <= 366:
            return f"{first.year:04}"
        case "decade":
            return f"the {first.year:04}s"
        case "century":
            return f"the {ordinal(first.year // 100 + 1)} century"
    return written(first) if length <= 1 else f"{written(first)} to {written(last)}"


def format_duration(duration: Duration) -> str:
    """Return a length of time in English: "4 years", "1 hour", "2.5 weeks"."""
    plural = "centuries" if duration.unit == "century" else duration.unit + "s"
    return f"{duration.number:g} {duration.unit if duration.number == 1 else plural}"
