"""Records: what goes in, what is refused at the door, and how times are read."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solomonic.errors import InputError
from solomonic.memory.record import Fact, Ids, Record, interval, seal, seconds


@given(st.text() | st.binary() | st.text(st.characters(categories=["Cs", "Lu"])))
def test_the_bytes_of_any_text_lead_back_to_it(text: str | bytes) -> None:
    data = Record(text).data
    assert (data if isinstance(text, bytes) else data.decode("utf-8", "surrogatepass")) == text


def test_times_are_read_from_datetimes_iso_text_and_numbers_alike() -> None:
    moment = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)
    forms = [
        moment,
        moment.astimezone(timezone(timedelta(hours=5))),
        "2023-05-08T13:56:00Z",
        "2023-05-08 13:56",
        "2023-05-08T15:56:00+02:00",
        1683554160,
    ]
    assert {seconds(form) for form in forms} == {1683554160.0}


@pytest.mark.parametrize("value", [datetime(2023, 5, 8), "yesterday", "", math.nan, math.inf, True, 10**400, object()])
def test_what_is_no_time_is_refused(value: object) -> None:
    with pytest.raises(InputError, match=r"time|finite|datetime"):
        seconds(value)  # type: ignore[arg-type]


def test_a_negative_zero_is_zero_as_in_the_file() -> None:
    assert math.copysign(1.0, seconds(-0.0)) == 1.0


def test_an_interval_may_be_open_on_either_side() -> None:
    assert interval(None) == (None, None)
    assert interval("1970-01-01") == (0.0, None)
    assert interval((None, 5)) == (None, 5.0)
    assert Record("x", valid=(1, 2)).valid_s == (1.0, 2.0)


@pytest.mark.parametrize("value", [(2, 1), (1, 2, 3), ("x", None)])
def test_an_interval_that_cannot_be_is_refused(value: object) -> None:
    with pytest.raises(InputError, match="valid"):
        interval(value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"text": 3}, "str or bytes"),
        ({"text": None}, "str or bytes"),
        ({"text": "x", "source": 3}, "source"),
        ({"text": "x", "session": b"s"}, "session"),
        ({"text": "x", "speaker": "\ud800"}, "surrogate"),
        ({"text": "x", "meta": [1]}, "meta"),
        ({"text": "x", "meta": {1: 2}}, "not str"),
        ({"text": "x", "meta": {"a": math.nan}}, "JSON"),
        ({"text": "x", "meta": {"a": object()}}, "JSON"),
        ({"text": "x", "at": "soon"}, "at="),
    ],
)
def test_a_field_that_cannot_be_kept_is_refused_by_name(fields: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Record(**fields)  # type: ignore[arg-type]


@given(st.lists(st.integers(1, 50), min_size=1, max_size=5))
def test_ids_rise_and_never_come_twice(sizes: list[int]) -> None:
    ids = Ids()
    taken = [id for n in sizes for id in ids.take("r", n)]
    assert taken == sorted(set(taken))
    assert all(len(id) == 17 and id[0] == "r" and id.isalnum() for id in taken)


@given(st.lists(st.none() | st.text() | st.floats(allow_nan=False) | st.integers(), min_size=1, max_size=4), st.data())
def test_a_changed_column_breaks_the_seal(columns: list[object], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(columns) - 1))
    changed = [*columns[:place], f"{columns[place]}!", *columns[place + 1 :]]
    assert seal(*columns) != seal(*changed)


def test_a_fact_holds_by_both_its_times() -> None:
    fact = Fact(1, "f", "s", "r", "o", "r1", 1, (0, 1), (10.0, 20.0), recorded=100.0, closed=200.0, source="user")
    assert not fact.holds()
    assert fact.holds(known_at=150)
    assert not fact.holds(known_at=99)
    assert not fact.holds(known_at=200)
    assert fact.holds(at=10, known_at=150)
    assert not fact.holds(at=20, known_at=150)
