"""What columns and targets are taken for."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from solomonic.errors import InputError
from solomonic.tasks.columns import MISSING, clean, kind_of, times
from solomonic.tasks.targets import read_target

N = 60


def kind(values: Any, name: str = "x") -> tuple[str, str | None]:
    return kind_of(clean(pd.Series(values), name))


def test_numbers_stay_numbers_and_strings_of_numbers_become_them() -> None:
    for values in (
        [Decimal("1.5"), None] * 29 + [Decimal(2), None],
        [1.5, 2.5] * 30,
        ["1.5", "-2e3"] * 30,
        [1, 2] * 30,
        [True, False] * 30,
        pd.array([1, 2] * 30, dtype="Int64"),
    ):
        assert kind(values) == ("number", None)
    assert clean(pd.Series(["1", " 2 ", "?"]), "x").values() == [1.0, 2.0, None]


def test_every_way_to_say_missing_is_counted() -> None:
    cells = clean(pd.Series([*sorted(MISSING), None, math.nan, "word"], dtype=object), "x")
    assert cells.missing == len(MISSING) + 2
    assert cells.values()[-1] == "word"
    assert set(cells.values()[:-1]) == {None}


def test_infinities_are_missing_and_counted() -> None:
    for values in ([1.0, math.inf, -math.inf, 2.0], ["1", "inf", "-Infinity", "2"]):
        cells = clean(pd.Series(values), "x")
        assert (cells.missing, cells.infinite) == (2, 2)
        assert cells.values() == [1.0, None, None, 2.0]


def test_codes_with_leading_zeros_are_names() -> None:
    assert kind(["007", "012", "100"] * 20) == ("category", None)
    assert clean(pd.Series(["0.5", "0", "-0.1"]), "x").numbers is not None


def test_few_words_are_categories_and_sentences_are_text() -> None:
    assert kind(["red", "green", "blue"] * 20) == ("category", None)
    assert kind(["a rather long label", "another such long label"] * 30) == ("category", None)
    assert kind([f"sentence number {i} of many" for i in range(N)]) == ("text", None)
    assert kind([f"name{i // 2} surname" for i in range(240)]) == ("category", None)
    assert kind([f"name{i} surname{i % 9}" for i in range(N)]) == ("text", None)


def test_what_cannot_help_is_dropped_with_its_reason() -> None:
    assert kind(["same"] * N)[1] == "constant"
    assert kind([3.0] * N)[1] == "constant"
    assert kind([None] * N)[1] == "empty"
    assert kind([math.nan] * N)[1] == "empty"
    assert kind([f"u{i}" for i in range(N)])[1] == "all different"
    assert kind(list(range(5, N + 5)))[1] == "all different, like row numbers"
    scattered = np.random.default_rng(0).permutation(10 * N)[:N]
    assert kind(scattered, "user_id")[1] == "all different, under the name of an id"
    assert kind(scattered, "weight")[1] is None
    assert kind(scattered / 2 + 0.1, "id")[1] is None


def test_few_rows_are_no_evidence_of_an_id() -> None:
    assert kind(list(range(12))) == ("number", None)
    assert kind([f"u{i}" for i in range(12)]) == ("category", None)


def test_numbers_with_a_few_words_among_them_are_refused() -> None:
    with pytest.raises(InputError, match="2 of 60 values are not, such as 'oops'"):
        clean(pd.Series([str(i * 1.5) for i in range(58)] + ["oops", "bad"]), "x")
    assert kind(["1", "2", "3+"] * 20) == ("category", None)


def test_dates_and_durations_are_seconds() -> None:
    assert clean(pd.Series(pd.to_datetime(["1970-01-02", None])), "x").values() == [86_400.0, None]
    assert clean(pd.Series(pd.to_timedelta(["2h", "1h"])), "x").values() == [7_200.0, 3_600.0]


def test_categories_of_numbers_stay_names() -> None:
    assert clean(pd.Series(pd.Categorical([1, 2, 1])), "x").values() == ["1", "2", "1"]


@pytest.mark.parametrize("values", [[[1], [2]], [{"a": 1}, {}], [b"x", b"y"], [1 + 2j, 0j]])
def test_cells_that_are_neither_number_nor_text_are_refused(values: list[Any]) -> None:
    with pytest.raises(InputError, match="column 'x'"):
        clean(pd.Series(values), "x")


@pytest.mark.parametrize(
    "values",
    [
        ["1970-01-01", "1970-01-02"],
        ["1/1/1970", "1/2/1970"],
        ["1970-01-01T00:00:00Z", "1970-01-02T02:00:00+02:00"],
        pd.to_datetime(["1970-01-01", "1970-01-02"]),
        pd.to_datetime(["1970-01-01", "1970-01-02"]).tz_localize("UTC"),
        [0, 86_400],
        ["0", "86400"],
    ],
)
def test_times_are_read_from_dates_and_numbers(values: Any) -> None:
    assert times(pd.Series(values), "when").tolist() == [0.0, 86_400.0]


def test_times_that_are_none_are_refused() -> None:
    with pytest.raises(InputError, match="'monday', neither a number nor a date"):
        times(pd.Series(["1970-01-01", "monday"]), "when")
    with pytest.raises(InputError, match="no value in 1 of 2 rows"):
        times(pd.Series(["1970-01-01", None]), "when")


@pytest.mark.parametrize(
    ("values", "choices"),
    [
        (["b", "a"] * 10, ("a", "b")),
        ([True, False] * 10, (False, True)),
        ([3, 1, 2] * 10, (1, 2, 3)),
        ([1.0, 0.0] * 10, (0, 1)),
        (["10", "9"] * 10, (9, 10)),
        (pd.Categorical([2, 1] * 10), (1, 2)),
        (pd.array([True, None, False] * 10, dtype="boolean"), (False, True)),
    ],
)
def test_labels_stay_what_they_are(values: Any, choices: tuple[Any, ...]) -> None:
    target = read_target(pd.Series(values), "y")
    assert target.kind == "class"
    assert target.choices == choices
    assert [type(choice) for choice in target.choices] == [type(choice) for choice in choices]
    assert set(target.values) - {None} == set(choices)


@pytest.mark.parametrize(
    "values", [np.linspace(0, 1, N), np.arange(N), [1.5, 2.5] * 30, [i % 21 for i in range(210)], [i % 10 for i in range(20)]]
)
def test_other_numbers_are_numbers(values: Any) -> None:
    target = read_target(pd.Series(values), "y")
    assert (target.kind, target.choices) == ("number", ())
    assert all(type(value) is float for value in target.values)


def test_the_guess_can_be_overruled() -> None:
    assert read_target(pd.Series([3, 1, 2] * 10), "y", "number").values[:2] == [3.0, 1.0]
    assert read_target(pd.Series([i % 25 for i in range(100)]), "y", "class").choices == tuple(range(25))
    assert read_target(pd.Series([True, False] * 10), "y", "number").values[:2] == [1.0, 0.0]
    with pytest.raises(InputError, match="was to be a number and has 'a'"):
        read_target(pd.Series(["a", "b"] * 10), "y", "number")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1] * 20, "is 1 in every row"),
        (["a"] * 20, "is 'a' in every row"),
        ([None] * 20, "no value in any row"),
        ([f"c{i % 10_000}" for i in range(20_000)], "10,000 classes and the most is 1,000"),
        ([f"c{i}" for i in range(40)], "hardly two rows of each"),
    ],
)
def test_targets_that_cannot_be_learned_are_refused(values: list[Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_target(pd.Series(values), "y")


@pytest.mark.parametrize("unit", [1e-200, 1e200])
def test_numbers_whose_squares_are_zero_or_infinite_are_no_target(unit: float) -> None:
    with pytest.raises(InputError, match="another unit"):
        read_target(pd.Series([unit * y for y in (1.5, 2.5, 4.0, 8.0)]), "y")


def test_strings_that_are_all_iso_dates_are_seconds_and_say_so() -> None:
    cells = clean(pd.Series(["1970-01-02", None, "1970-01-01T00:00:01Z"]), "when")
    assert cells.dates
    assert cells.values() == [86400.0, None, 1.0]
    assert clean(pd.Series(["1970-01-02", "soon"]), "when").numbers is None
    assert not clean(pd.Series(["1970", "1971"]), "year").dates
