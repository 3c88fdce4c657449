"""Dates and durations: what is read, against which day it is resolved, and that what is written can be read again."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.memory.dates import Duration, Period, dates, format_duration, format_period
from solomonic.memory.datewords import number_of
from solomonic.memory.periods import DAY_S, days, key_of, months, posix, season, unit_around, week, weekend, years

MONDAY = datetime.datetime(2023, 5, 8, 13, 56, tzinfo=datetime.UTC).timestamp()
"""Monday, 8 May 2023, 13:56."""


def read(text: str, at: float | None = MONDAY) -> list[str]:
    """The expressions found, as they are written for people; "?" where one is left unresolved."""
    found = []
    for start, end, value, _ in dates(text, at=at):
        assert 0 <= start < end <= len(text)
        found.append("?" if value is None else format_period(value) if isinstance(value, Period) else format_duration(value))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I went there yesterday.", "7 May 2023"),
        ("the day before yesterday", "6 May 2023"),
        ("We met last Friday", "5 May 2023"),
        ("on Friday it rained", "5 May 2023"),
        ("I will go on Friday", "12 May 2023"),
        ("next Friday", "12 May 2023"),
        ("last night", "7 May 2023"),
        ("this morning", "8 May 2023"),
        ("two weeks ago", "the week of 24 April 2023"),
        ("a couple of weeks ago", "the week of 24 April 2023"),
        ("a fortnight ago", "the week of 24 April 2023"),
        ("3 days ago", "5 May 2023"),
        ("half an hour ago", "8 May 2023 at 13:26"),
        ("a year and a half ago", "November 2021"),
        ("a few years ago", "1 January 2018 to 31 December 2021"),
        ("last week", "the week of 1 May 2023"),
        ("next week", "the week of 15 May 2023"),
        ("last weekend", "the weekend of 6 May 2023"),
        ("last month", "April 2023"),
        ("last year", "2022"),
        ("in May", "May 2023"),
        ("in June we sold it", "June 2022"),
        ("in June we'll sell it", "June 2023"),
        ("since March", "March 2023"),
        ("last May", "May 2022"),
        ("last summer", "summer 2022"),
        ("the summer of 1969", "summer 1969"),
        ("the past week", "the week of 1 May 2023"),
        ("over the last three months", "8 February 2023 to 7 May 2023"),
        ("I'm going to leave in two weeks", "the week of 22 May 2023"),
        ("7 May 2023", "7 May 2023"),
        ("May 7th, 2023", "7 May 2023"),
        ("the 7th of May", "7 May 2023"),
        ("2023-05-07", "7 May 2023"),
        ("2023-05-07T13:56Z", "7 May 2023 at 13:56"),
        ("2023-05-07T13:56+02:00", "7 May 2023 at 11:56"),
        ("25/12/2022", "25 December 2022"),
        ("1:56 pm on 8 May, 2023", "8 May 2023 at 13:56"),
        ("yesterday at 5 pm", "7 May 2023 at 17:00"),
        ("May 7-9, 2023", "7 May 2023 to 9 May 2023"),
        ("Solomonoff (1964) wrote", "1964"),
        ("the 2010 census", "2010"),
        ("1939-1945", "1 January 1939 to 31 December 1945"),
        ("the 1940s", "the 1940s"),
        ("in the '90s", "the 1990s"),
        ("the nineteenth century", "the 19th century"),
        ("February 29", "29 February 2020"),
        ("The sunday before 25 May 2023", "21 May 2023"),
        ("the week before 9 June 2023", "2 June 2023 to 8 June 2023"),
        ("two days after 7 May 2022", "9 May 2022"),
        ("for three years", "3 years"),
        ("twenty-one days", "21 days"),
        ("it took an hour", "1 hour"),
        ("10 years old", "10 years"),
    ],
)
def test_an_expression_is_read_against_the_day_it_was_said(text: str, expected: str) -> None:
    assert read(text) == [expected]


@pytest.mark.parametrize(
    "text",
    ["May I ask", "in may", "every Friday", "Friday Night Lights", "a week", "2000 people", "99 Maybe", "February 30", "marches", "1,200"],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize("text", ["yesterday", "last Friday", "two weeks ago", "in May", "05/07/2023", "last year"])
def test_what_needs_a_day_and_has_none_is_found_and_left_open(text: str) -> None:
    assert read(text, None) == ["?"]


def test_the_ambiguous_order_of_day_and_month_is_left_open() -> None:
    assert read("05/07/2023") == ["?"]


@pytest.mark.parametrize("at", [float("inf"), float("-inf"), 1e300, -1e300, 1e15])
def test_a_time_outside_the_calendar_resolves_nothing_and_breaks_nothing(at: float) -> None:
    assert read("yesterday, last year, in 3 days, two weeks ago, last summer and in May", at).count("?") >= 4


CALENDAR = st.dates(datetime.date(1601, 1, 1), datetime.date(2199, 12, 31))
WHOLE = st.one_of(
    CALENDAR.map(days),
    CALENDAR.map(week),
    CALENDAR.map(weekend),
    CALENDAR.map(lambda day: months(day.year, day.month)),
    CALENDAR.map(lambda day: years(day.year)),
    CALENDAR.map(lambda day: years(day.year // 10 * 10, 10)),
    CALENDAR.map(lambda day: unit_around(day, "century", 0)),
    st.tuples(CALENDAR, st.sampled_from(["spring", "summer", "autumn", "winter"])).map(lambda pair: season(pair[0].year, pair[1])),
)


@given(WHOLE, st.none() | CALENDAR.map(posix))
@settings(deadline=None)
def test_a_period_that_is_written_is_read_again_as_itself(period: Period, at: float | None) -> None:
    text = format_period(period)
    found = dates(f"It was {text}.", at=at)
    assert [hit.value for hit in found] == [period]
    assert found[0].key == key_of(period)


@given(st.integers(1, 9_999), st.sampled_from(["second", "minute", "hour", "day", "week", "month", "year", "decade", "century"]))
def test_a_duration_that_is_written_is_read_again_as_itself(number: int, unit: str) -> None:
    duration = Duration(float(number), unit)
    assert [hit.value for hit in dates(f"for {format_duration(duration)}", at=None)] == [duration]


@given(CALENDAR, st.integers(0, 400))
def test_days_ago_are_counted_back(day: datetime.date, count: int) -> None:
    found = dates(f"{count} days ago", at=posix(day) + 1234.0)
    assert [hit.value for hit in found] == [days(day - datetime.timedelta(count))]


@given(WHOLE, WHOLE)
def test_equal_keys_are_equal_periods(one: Period, other: Period) -> None:
    assert (key_of(one) == key_of(other)) == (one == other)


@given(CALENDAR, st.sampled_from(["day", "week", "weekend", "month", "year", "decade", "century"]))
def test_units_follow_each_other_without_a_gap(day: datetime.date, unit: str) -> None:
    here, before = unit_around(day, unit, 0), unit_around(day, unit, 1)
    assert here is not None
    assert before is not None
    assert before.end == here.start if unit != "weekend" else before.end + 5 * DAY_S == here.start
    assert unit == "weekend" or posix(day) in here


@given(st.text(alphabet="0123456789-/.: aApPmMtThHfFyY'\nx", max_size=80), st.none() | st.floats(-1e12, 1e12))
def test_no_text_breaks_the_reader_and_finds_never_overlap(text: str, at: float | None) -> None:
    end = 0
    for hit in dates(text, at=at):
        assert end <= hit.start < hit.end <= len(text)
        end = hit.end


WORDS = [
    "two",
    "weeks",
    "ago",
    "last",
    "May",
    "7",
    "2023",
    "the",
    "before",
    "of",
    "Friday",
    "in",
    "at",
    "5",
    "pm",
    "a",
    "few",
    "years",
    "and",
    "half",
]


@given(st.lists(st.sampled_from(WORDS), max_size=12), st.none() | st.floats(-6e10, 2e11))
@settings(deadline=None)
def test_no_order_of_the_words_of_time_breaks_the_reader(words: list[str], at: float | None) -> None:
    end = 0
    for hit in dates(" ".join(words), at=at):
        assert end <= hit.start < hit.end
        end = hit.end


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,200", 1200),
        ("3.5", 3.5),
        ("twenty-one", 21),
        ("a couple of", 2),
        ("a dozen", 12),
        ("half a", 0.5),
        ("three thousand two hundred", 3200),
    ],
)
def test_numbers_in_words_and_digits_are_read(text: str, number: float) -> None:
    assert number_of(text) == number


def test_what_is_no_number_is_none() -> None:
    assert number_of("several") is None
    assert number_of("") is None
    assert number_of("²") is None


@pytest.mark.slow
@pytest.mark.parametrize("piece", ["may", "2 May ", "1", "last ", "week", "two weeks ", "12:", "the week before ", "a"])
def test_a_megabyte_of_hostile_text_is_read_to_its_end(piece: str) -> None:
    """Work that grew with the square of the length would not end here."""
    text = piece * (1_000_000 // len(piece))
    assert all(hit.end <= len(text) for hit in dates(text, at=MONDAY))
